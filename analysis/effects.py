"""The effect of a policy over a posterior: what is not known of it, apart from the luck of runs.

At each parameter point (a draw of the posterior) a policy has an effect: the mean difference from the
base over all luck. A few pairs of runs at a point show it with an error. So the means of points vary
more than the effects do, by what luck there is in them, and an interval over the posterior must be one
of the effects: the means are drawn towards their mean until their variance is that of the effects
(constrained empirical Bayes: Louis 1984, "Estimating a population of parameter values using Bayes and
empirical Bayes methods", JASA 79; Ghosh 1992, "Constrained Bayes estimation with applications", JASA 87),
which the analysis of variance tells (:mod:`analysis.variance`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from analysis.statistics import LEVEL, t_quantile
from analysis.tables import Floats
from analysis.variance import Squares, parts, squares, usable

if TYPE_CHECKING:
    import pandas as pd


#: draws of what is not known of mean and variances, and their seed
DRAWS, SEED = 500, 20160320

_UNKNOWN = (np.nan, np.nan, np.nan, np.nan, np.nan)


class Effect(NamedTuple):
    """The effect of a policy on a measure, in a city that the posterior describes.

    Attributes:
        measure: its name.
        effect: mean over the posterior of the difference from the base.
        low: lower end of the interval over the posterior: in so many of the cities the effect lies
            in it, the error of the mean included; ``high`` is the upper end.
        chance_low: lower end of the interval of the mean that holds the luck of the runs alone, as if
            the parameters were known; ``chance_high`` is the upper end.
        positive: probability over the posterior that the effect is above 0.
        parameters: variance of the effect over the posterior.
        luck: variance of the difference of a pair of runs at one point.
        share: of ``parameters`` in the sum of both, from ``share_low`` to ``share_high``.
        points: parameter points.
        runs: pairs of runs.
    """

    measure: str
    effect: float
    low: float
    high: float
    chance_low: float
    chance_high: float
    positive: float
    parameters: float
    luck: float
    share: float
    share_low: float
    share_high: float
    points: int
    runs: int


def effect(
    measure: str, point: ArrayLike, seed: ArrayLike, difference: ArrayLike, level: float = LEVEL
) -> Effect:
    """The effect of a policy from paired differences at parameter points.

    What is not known of the variances and of the mean is drawn from their fiducial distribution (mean
    squares over chi-squared draws: Weerahandi 1993, "Generalized confidence intervals", JASA 88), so
    that with few points, or much luck, the interval is wide. With fewer than two points, or no point
    with two pairs, what cannot be told is NaN.

    Args:
        measure: its name.
        point: the parameter point of each pair.
        seed: of each pair; points may have seeds of their own, or all of them the same.
        difference: of each pair, NaN where it is not defined.
        level: level of the intervals.
    """
    import pandas as pd

    table = pd.DataFrame({"point": point, "seed": seed, "value": np.asarray(difference, dtype=float)})
    table = usable(table)
    found = parts(measure, table["point"], table["seed"], table["value"], level)
    means, made = table.groupby("point")["value"].mean().to_numpy(dtype=float), squares(table)
    over = _UNKNOWN if made is None else _over(means, made, level)
    return Effect(
        measure,
        float(means.mean()) if len(means) else np.nan,
        *over,
        parameters=found.parameters,
        luck=found.luck,
        share=found.share,
        share_low=found.low,
        share_high=found.high,
        points=found.points,
        runs=found.runs,
    )


def _over(means: Floats, made: Squares, level: float) -> tuple[float, float, float, float, float]:
    """The ends of the interval over the posterior and of that of luck alone, and the share above 0."""
    middle, tails = float(means.mean()), ((1 - level) / 2, (1 + level) / 2)
    effects = middle + _deviations(means, made)
    low, high = (float(value) for value in np.quantile(effects, tails))
    half = _chance(len(means), made, level)
    positive = float((np.sign(effects) + 1).mean() / 2)
    return low, high, middle - half, middle + half, positive


def _deviations(means: Floats, made: Squares) -> Floats:
    """What effects may deviate from their mean, and the mean from itself; shape (draws, points)."""
    rng, runs = np.random.default_rng(SEED), len(means) * made.size
    between, within = (
        square * free / rng.chisquare(free, DRAWS)
        for square, free in zip((made.between, made.within), made.free, strict=True)
    )
    spread = np.sqrt(np.maximum(0.0, between - within) / made.size)
    error = np.maximum(between, within) / runs  # the variance between points holds that within
    if made.seeds[1]:  # luck that all points share is in none of their differences, but in their mean
        shared = made.seeds[0] * made.seeds[1] / rng.chisquare(made.seeds[1], DRAWS)
        error = error + np.maximum(0.0, shared - within) / runs
    seen = float(means.std(ddof=1))
    shape = (means - means.mean()) / seen if seen > 0 else np.zeros(len(means))
    drift = np.sqrt(error) * rng.standard_normal(DRAWS)
    return np.asarray(drift[:, None] + spread[:, None] * shape)


def _chance(points: int, made: Squares, level: float) -> float:
    """Half the width of the interval of the mean were the parameters known."""
    square, free = made.seeds if made.seeds[1] else (made.within, made.free[1])
    return float(t_quantile(free, level)) * float(np.sqrt(square / (points * made.size)))


# --- of tables of outcomes ----------------------------------------------------------------------


def effects(
    base: pd.DataFrame,
    other: pd.DataFrame,
    point: pd.Series[Any] | str,
    wholes: tuple[pd.DataFrame, pd.DataFrame] | None = None,
    level: float = LEVEL,
) -> pd.DataFrame:
    """The effects of a policy on all measures of two tables of outcomes.

    A share is one of all cases at a point, as one city has one set of parameters; a pair's own part in
    it is that of the delta method (see :mod:`analysis.pairs`).

    Args:
        base: outcomes of the base, one row a run.
        other: outcomes of the policy at the same points and seeds.
        point: the point of each seed (the index), or the column of both tables that names it.
        wholes: of base and other, for measures that are shares: what they are shares of.
        level: level of the intervals.

    Returns:
        One row a measure, with the columns of :class:`Effect`.
    """
    import pandas as pd

    one, two = (_keyed(table, point) for table in (base, other))
    keys = one.index.intersection(two.index)
    parts_ = None if wholes is None else [_keyed(table, point).loc[keys] for table in wholes]
    one, two = one.loc[keys], two.loc[keys]
    names = [str(name) for name in one.select_dtypes("number") if name in two]
    points, seeds = (keys.get_level_values(place).to_numpy() for place in (0, 1))
    found = []
    for name in names:
        of = [None, None] if parts_ is None or name not in parts_[0] else [table[name] for table in parts_]
        values = [_at_points(table[name], points, of[at]) for at, table in enumerate((one, two))]
        found.append(effect(name, points, seeds, values[1] - values[0], level))
    return pd.DataFrame(found, columns=Effect._fields)


def _keyed(table: pd.DataFrame, point: pd.Series[Any] | str) -> pd.DataFrame:
    if isinstance(point, str):
        return table.set_index([point, "seed"])
    return table.assign(point=point.reindex(table["seed"]).to_numpy()).set_index(["point", "seed"])


def _at_points(values: pd.Series[Any], points: Any, wholes: pd.Series[Any] | None) -> Floats:
    """One number a run, whose mean at a point is the point's value: NaN where there is none."""
    import pandas as pd

    if wholes is None:
        return values.to_numpy(dtype=float)
    whole = wholes.to_numpy(dtype=float)
    part = np.where(whole > 0, values.to_numpy(dtype=float) * whole, 0.0)
    table = pd.DataFrame({"part": part, "whole": whole}).groupby(points).transform("mean")
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio, mean = table["part"] / table["whole"], table["whole"]
        return np.asarray((ratio + (part - ratio * whole) / mean).to_numpy(dtype=float))

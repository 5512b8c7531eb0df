"""Means, shares and parts of variance, with their uncertainty.

Runs are independent of each other, so an interval over runs is Student's t interval of the mean.
Policies run at the same seeds share their luck; :mod:`analysis.pairs` compares them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from analysis.tables import RUN, Floats

if TYPE_CHECKING:
    import pandas as pd

#: the confidence level of every interval unless another is asked for
LEVEL = 0.95


class Interval(NamedTuple):
    """An estimate with its confidence interval, from ``n`` values."""

    estimate: float
    low: float
    high: float
    n: int


def mean(values: ArrayLike, level: float = LEVEL) -> Interval:
    """The mean with its t interval. NaN values are left out; with fewer than two the ends are NaN."""
    known = np.asarray(values, dtype=float)
    known = known[~np.isnan(known)]
    if len(known) == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    half = half_width(known.std(ddof=1) if len(known) > 1 else np.nan, len(known), level)
    return Interval(float(known.mean()), float(known.mean() - half), float(known.mean() + half), len(known))


def half_width(deviation: ArrayLike, n: ArrayLike, level: float = LEVEL) -> Floats:
    """Half the width of the t interval of a mean of ``n`` values with this standard deviation.

    Works element by element; NaN where ``n`` is below 2.
    """
    deviation, n = np.asarray(deviation, dtype=float), np.asarray(n, dtype=float)
    enough = n > 1
    quantile = t_quantile(np.where(enough, n - 1, 1), level)
    return np.where(enough, quantile * deviation / np.sqrt(np.where(enough, n, 1)), np.nan)


def t_quantile(free: ArrayLike, level: float = LEVEL) -> Floats:
    """What |t| with so many degrees of freedom stays below with probability ``level``."""
    from scipy.special import stdtrit

    return np.asarray(stdtrit(free, (1 + level) / 2))


def share(part: int, whole: int, level: float = LEVEL) -> Interval:
    """A share with its Wilson score interval.

    Raises:
        ValueError: ``part`` does not lie between 0 and ``whole``.
    """
    from scipy.special import ndtri

    if not 0 <= part <= whole:
        raise ValueError(f"{part} is no part of {whole}")
    if whole == 0:
        return Interval(np.nan, 0.0, 1.0, 0)
    z = float(ndtri((1 + level) / 2))
    estimate, weight = part / whole, 1 + z**2 / whole
    centre = (estimate + z**2 / (2 * whole)) / weight
    half = z * np.sqrt(estimate * (1 - estimate) / whole + z**2 / (4 * whole**2)) / weight
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return Interval(estimate, low if part else 0.0, high if part < whole else 1.0, whole)


def summary(outcomes: pd.DataFrame, level: float = LEVEL) -> pd.DataFrame:
    """Mean, interval and range of each measure (column of numbers) over the runs of a table of outcomes.

    Returns:
        One row a measure: measure, mean, low, high (t interval of the mean), lower, upper (2.5th
        and 97.5th percentile of the runs), runs (in which it is defined).
    """
    values = outcomes.drop(columns=RUN).select_dtypes("number")
    return described(values.melt(var_name="measure"), ["measure"], level)


def described(values: pd.DataFrame, by: list[str], level: float = LEVEL) -> pd.DataFrame:
    """As :func:`summary`, of the column ``value`` in each group, in the order of appearance."""
    groups = values.groupby(by, sort=False, observed=True)["value"]
    table = groups.agg(["mean", "std", "count"])
    half = half_width(table["std"], table["count"], level)
    table = table.assign(low=table["mean"] - half, high=table["mean"] + half)
    table = table.assign(lower=groups.quantile(0.025), upper=groups.quantile(0.975), runs=table["count"])
    return table[["mean", "low", "high", "lower", "upper", "runs"]].reset_index()


# --- parts of variance --------------------------------------------------------------------------


class Parts(NamedTuple):
    """How much of a measure's variance comes from the parameters, and how much from the luck of runs.

    By the law of total variance the two add up to the variance of a run at a random point.

    Attributes:
        measure: its name.
        parameters: variance between points (settings of the parameters) of the mean at a point.
        luck: variance of runs at one point.
        share: of the parameters in the sum of both, with ``low`` and ``high`` the ends of its interval.
        points: number of points.
        runs: number of runs.
    """

    measure: str
    parameters: float
    luck: float
    share: float
    low: float
    high: float
    points: int
    runs: int


def variance_parts(outcomes: pd.DataFrame, by: str = "point", level: float = LEVEL) -> pd.DataFrame:
    """The parts of variance of each measure of a table of outcomes of one scenario.

    Args:
        outcomes: one row a run: a column that names the point, ``seed``, and measures. A table of
            paired differences does as well: the parts are then those of the effect of a policy.
        by: the column that names the point.
        level: confidence level of the intervals.

    Returns:
        One row a measure (column of numbers but for the point and the seed), with the columns of
        :class:`Parts`.
    """
    import pandas as pd

    names = [str(name) for name in outcomes.select_dtypes("number") if name not in {by, "seed"}]
    found = (parts(name, outcomes[by], outcomes["seed"], outcomes[name], level) for name in names)
    return pd.DataFrame(found, columns=Parts._fields)


def parts(
    measure: str, point: ArrayLike, seed: ArrayLike, value: ArrayLike, level: float = LEVEL
) -> Parts:
    """The parts of variance of one measure, by analysis of variance with random effects.

    Where every point has the same seeds, these are an effect of their own (luck that all points
    share), which must not be taken for a lack of difference between the points; otherwise points
    alone are told apart. Intervals are those of the F distribution (Searle, Casella and McCulloch
    1992, *Variance Components*, chapters 3 and 4): exact for normal effects and equal numbers of
    runs with seeds of their own at all points, else nearly so. NaN values are left out; with fewer
    than two points, or no point with two runs, the parts are NaN.
    """
    import pandas as pd

    table = pd.DataFrame({"point": point, "seed": seed, "value": np.asarray(value, dtype=float)}).dropna()
    grid = table.pivot_table(index="point", columns="seed", values="value")
    points, runs = len(grid), len(table)
    if points < 2 or runs <= points:
        return Parts(measure, np.nan, np.nan, np.nan, np.nan, np.nan, points, runs)
    crossed = grid.size == runs and bool(grid.notna().to_numpy().all())
    found = _crossed(grid.to_numpy()) if crossed else _nested(table)
    total = found.spread + found.luck
    share = found.spread / total if total > 0 else np.nan
    return Parts(measure, found.spread, found.luck, share, *_ends(found, level), points, runs)


class _Squares(NamedTuple):
    """Mean squares between points and within them, with what follows from them."""

    between: float
    within: float
    free: tuple[int, int]  # degrees of freedom of the two
    size: float  # runs a point
    luck: float
    doubt: float  # degrees of freedom of what luck has beyond ``within``; infinite where that is all

    @property
    def spread(self) -> float:
        return max(0.0, (self.between - self.within) / self.size)


def _crossed(grid: Floats) -> _Squares:
    """Of values with a row a point and a column a seed."""
    points, seeds = grid.shape
    rows, columns = grid.mean(axis=1), grid.mean(axis=0)
    rest, free = grid - rows[:, None] - columns[None, :] + grid.mean(), (points - 1, (points - 1) * (seeds - 1))
    within, common = float((rest**2).sum() / free[1]), float(columns.var(ddof=1))
    luck = within + max(0.0, common - within / points)
    # luck is the mean square of seeds and that of the rest, weighted (Satterthwaite 1946)
    doubt = common**2 / (seeds - 1) + ((1 - 1 / points) * within) ** 2 / free[1]
    between = seeds * float(rows.var(ddof=1))
    return _Squares(between, within, free, float(seeds), luck, luck**2 / doubt if doubt > 0 else np.inf)


def _nested(table: pd.DataFrame) -> _Squares:
    """Of rows of point and value, where seeds have nothing in common."""
    groups = table.groupby("point")["value"]
    sizes, means = groups.count().to_numpy(dtype=float), groups.mean().to_numpy()
    runs, free = len(table), (len(sizes) - 1, len(table) - len(sizes))
    between = float((sizes * (means - table["value"].mean()) ** 2).sum() / free[0])
    within = float(((table["value"] - groups.transform("mean")) ** 2).sum() / free[1])
    return _Squares(between, within, free, float((runs - (sizes**2).sum() / runs) / free[0]), within, np.inf)


def _ends(found: _Squares, level: float) -> tuple[float, float]:
    """The ends of the interval of the parameters' share, from those of its two parts (Zou 2008)."""
    from scipy.special import chdtri, fdtri

    if not found.spread + found.luck > 0:
        return np.nan, np.nan
    upper, lower = fdtri(*found.free, (1 + level) / 2), fdtri(*found.free, (1 - level) / 2)
    least, most = (max(0.0, (found.between / end - found.within) / found.size) for end in (upper, lower))
    less, more = 1.0, 1.0
    if np.isfinite(found.doubt):
        less, more = (found.doubt / chdtri(found.doubt, tail) for tail in ((1 - level) / 2, (1 + level) / 2))
    return _part(found, least, more), _part(found, most, less)


def _part(found: _Squares, spread: float, luck: float) -> float:
    """The share with one end of the parameters' variance and one of the factor of that of luck."""
    if not (spread and found.spread and found.luck):
        return spread / (spread + found.luck) if spread + found.luck > 0 else np.nan
    far = np.hypot(np.log(spread / found.spread), np.log(luck))
    odds = found.spread / found.luck * np.exp(np.copysign(far, spread - found.spread))
    return float(odds / (1 + odds))

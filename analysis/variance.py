"""How much of a measure's variance comes from the parameters, and how much from the luck of runs.

By the law of total variance the two add up to the variance of one run at a random point (setting
of the parameters): Var(Y) = Var(E(Y | point)) + E(Var(Y | point)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from analysis.statistics import LEVEL

if TYPE_CHECKING:
    import pandas as pd


class Parts(NamedTuple):
    """The two parts of one measure's variance.

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


def of_outcomes(outcomes: pd.DataFrame, by: str = "point", level: float = LEVEL) -> pd.DataFrame:
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


def parts(measure: str, point: ArrayLike, seed: ArrayLike, value: ArrayLike, level: float = LEVEL) -> Parts:
    """The parts of variance of one measure, by analysis of variance with random effects.

    Where every point has the same seeds, these are an effect of their own (luck that all points
    share), which must not be taken for a lack of difference between the points; otherwise points
    alone are told apart. Intervals are those of the F distribution (Searle, Casella and McCulloch
    1992, *Variance Components*, chapters 3 and 4): exact for normal effects and equal numbers of
    runs with seeds of their own at all points, else nearly so. NaN values are left out; with fewer
    than two points, or no point with two runs, the parts are NaN.
    """
    import pandas as pd

    table = pd.DataFrame({"point": point, "seed": seed, "value": np.asarray(value, dtype=float)})
    table = usable(table)
    points, runs, found = table["point"].nunique(), len(table), squares(table)
    if found is None:
        return Parts(measure, np.nan, np.nan, np.nan, np.nan, np.nan, points, runs)
    total = found.spread + found.luck
    share = found.spread / total if total > 0 else np.nan
    return Parts(measure, found.spread, found.luck, share, *_ends(found, level), points, runs)


def usable(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of point, seed and value that can be told apart by point and seed: none with NaN."""
    return _shared(table.dropna())


def squares(table: pd.DataFrame) -> Squares | None:
    """The mean squares of usable rows; ``None`` with fewer than two points, or no point with two runs."""
    points, runs = table["point"].nunique(), len(table)
    if points < 2 or runs <= points:
        return None
    if runs == points * table["seed"].nunique():
        return _crossed(table.pivot(index="point", columns="seed", values="value"))
    return _nested(table)


def _shared(table: pd.DataFrame) -> pd.DataFrame:
    """Where most seeds were run at all points, those alone: a few runs may have failed."""
    points = table.groupby("seed")["point"].nunique()
    complete = points.index[points == table["point"].nunique()]
    return table[table["seed"].isin(complete)] if 2 <= len(complete) >= len(points) / 2 else table


class Squares(NamedTuple):
    """Mean squares between points and within them, with what follows from them.

    Attributes:
        between: mean square between points.
        within: mean square of runs at a point, without the luck that all points share.
        free: degrees of freedom of the two.
        size: runs a point.
        luck: variance of runs at a point.
        doubt: degrees of freedom of what luck has beyond ``within``; infinite where that is all.
        seeds: mean square of the seeds that all points share, and its degrees of freedom; 0 where they
            share none.
    """

    between: float
    within: float
    free: tuple[int, int]
    size: float
    luck: float
    doubt: float
    seeds: tuple[float, int] = (0.0, 0)

    @property
    def spread(self) -> float:
        """Variance between points of the mean at a point."""
        return max(0.0, (self.between - self.within) / self.size)


def _crossed(table: pd.DataFrame) -> Squares:
    """Of values with a row a point and a column a seed."""
    grid = table.to_numpy()
    points, seeds = grid.shape
    rows, columns = grid.mean(axis=1), grid.mean(axis=0)
    free = (points - 1, (points - 1) * (seeds - 1))
    rest = grid - rows[:, None] - columns[None, :] + grid.mean()
    within, common = float((rest**2).sum() / free[1]), float(columns.var(ddof=1))
    luck = within + max(0.0, common - within / points)
    # luck is the mean square of seeds and that of the rest, weighted (Satterthwaite 1946)
    doubt = common**2 / (seeds - 1) + ((1 - 1 / points) * within) ** 2 / free[1]
    between = seeds * float(rows.var(ddof=1))
    doubts = luck**2 / doubt if doubt > 0 else np.inf
    return Squares(between, within, free, float(seeds), luck, doubts, (points * common, seeds - 1))


def _nested(table: pd.DataFrame) -> Squares:
    """Of rows of point and value, where seeds have nothing in common."""
    groups = table.groupby("point")["value"]
    sizes, means = groups.count().to_numpy(dtype=float), groups.mean().to_numpy()
    runs, free = len(table), (len(sizes) - 1, len(table) - len(sizes))
    between = float((sizes * (means - table["value"].mean()) ** 2).sum() / free[0])
    within = float(((table["value"] - groups.transform("mean")) ** 2).sum() / free[1])
    return Squares(between, within, free, float((runs - (sizes**2).sum() / runs) / free[0]), within, np.inf)


def _ends(found: Squares, level: float) -> tuple[float, float]:
    """The ends of the interval of the parameters' share, from those of its two parts.

    Method of variance estimates recovery (Zou and Donner 2008, Statistics in Medicine 27).
    """
    from scipy.special import chdtri, fdtri

    if not found.spread + found.luck > 0:
        return np.nan, np.nan
    tails = ((1 - level) / 2, (1 + level) / 2)
    most, least = (_spread(found, float(fdtri(*found.free, tail))) for tail in tails)
    if not np.isfinite(found.doubt):
        return _part(found, least, 1.0), _part(found, most, 1.0)
    less, more = (found.doubt / float(chdtri(found.doubt, tail)) for tail in tails)
    return _part(found, least, more), _part(found, most, less)


def _spread(found: Squares, quantile: float) -> float:
    return max(0.0, (found.between / quantile - found.within) / found.size)


def _part(found: Squares, spread: float, luck: float) -> float:
    """The share with one end of the parameters' variance and one of the factor of that of luck."""
    if not (spread and found.spread and found.luck):
        return spread / (spread + found.luck) if spread + found.luck > 0 else np.nan
    far = np.hypot(np.log(spread / found.spread), np.log(luck))
    odds = found.spread / found.luck * np.exp(np.copysign(far, spread - found.spread))
    return float(odds / (1 + odds))

"""Means, differences and shares with their uncertainty.

Runs are independent of each other, so an interval over runs is Student's t interval of the mean.
Two policies run at the same seeds share their luck, so they are compared in pairs.
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
    from scipy.special import stdtrit

    deviation, n = np.asarray(deviation, dtype=float), np.asarray(n, dtype=float)
    enough = n > 1
    quantile = stdtrit(np.where(enough, n - 1, 1), (1 + level) / 2)
    return np.where(enough, quantile * deviation / np.sqrt(np.where(enough, n, 1)), np.nan)


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


class Difference(NamedTuple):
    """How a measure differs between two scenarios run at the same seeds.

    Attributes:
        measure: its name.
        base: mean of the base over the pairs.
        other: mean of the other over the pairs.
        difference: mean of other less base, with ``low`` and ``high`` the ends of its interval.
        pairs: pairs in which the measure is defined in both runs; ``dropped`` are the rest.
        gain: variance that the difference would have with independent seeds, by the variance it
            has in pairs; above 1 the pairing helped.
        enough: pairs that would have been enough for the interval to exclude zero, had they shown
            this mean and deviation; infinite where the difference is 0.
    """

    measure: str
    base: float
    other: float
    difference: float
    low: float
    high: float
    pairs: int
    dropped: int
    gain: float
    enough: float


def paired(base: pd.DataFrame, other: pd.DataFrame, level: float = LEVEL) -> pd.DataFrame:
    """Differences between two tables of outcomes, joined on the seed.

    Args:
        base: outcomes of one scenario, one row a seed.
        other: outcomes of another scenario; seeds that only one table has are left out.
        level: confidence level of the intervals.

    Returns:
        One row a measure, with the columns of :class:`Difference`.

    Raises:
        ValueError: the two have no seed in common, or one of them has a seed twice.
    """
    import pandas as pd

    one, two = base.set_index("seed"), other.set_index("seed")
    if not (one.index.is_unique and two.index.is_unique):
        raise ValueError("a seed is given twice; compare two scenarios, one row a seed")
    seeds = one.index.intersection(two.index)
    if not len(seeds):
        raise ValueError("the two have no seed in common")
    names = [str(name) for name in one.select_dtypes("number").columns if name in two.columns]
    columns = ((name, one.loc[seeds, name], two.loc[seeds, name]) for name in names)
    return pd.DataFrame([difference(name, a, b, level) for name, a, b in columns], columns=Difference._fields)


def difference(measure: str, base: ArrayLike, other: ArrayLike, level: float = LEVEL) -> Difference:
    """The paired difference of one measure; the two arrays hold the same seeds in the same order."""
    a, b = np.asarray(base, dtype=float), np.asarray(other, dtype=float)
    known = ~(np.isnan(a) | np.isnan(b))
    a, b = a[known], b[known]
    found = mean(b - a, level)
    means = (float(a.mean()), float(b.mean())) if found.n else (np.nan, np.nan)
    return Difference(
        measure, *means, *found[:3], found.n, len(known) - found.n, _gain(a, b), enough(b - a, level)
    )  # fmt: skip


def enough(differences: ArrayLike, level: float = LEVEL) -> float:
    """The smallest number of pairs whose interval would exclude zero at this mean and deviation."""
    values = np.asarray(differences, dtype=float)
    if len(values) < 2 or np.isnan(values).any():
        return np.nan
    effect, deviation = abs(float(values.mean())), float(values.std(ddof=1))
    if effect == 0.0:
        return np.inf
    low, high = 1, 2
    while half_width(deviation, high, level) >= effect:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if half_width(deviation, middle, level) >= effect else (low, middle)
    return float(high)


def _gain(a: Floats, b: Floats) -> float:
    if len(a) < 2:
        return np.nan
    together, apart = (b - a).var(ddof=1), a.var(ddof=1) + b.var(ddof=1)
    if apart == 0.0:
        return 1.0
    return float(apart / together) if together > 0.0 else np.inf

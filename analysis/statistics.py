"""Means and shares with their uncertainty.

Runs are independent of each other, so an interval over runs is Student's t interval of the mean.
Where they are not, as runs at one draw of a posterior, the interval is that over units (the draws).
Policies run at the same seeds share their luck: :mod:`analysis.pairs` compares them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

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

    return np.asarray(stdtrit(np.asarray(free, dtype=float), (1 + level) / 2), dtype=float)


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


def summary(
    outcomes: pd.DataFrame, level: float = LEVEL, units: pd.Series[Any] | None = None
) -> pd.DataFrame:
    """Mean, interval and range of each measure (column of numbers) over the runs of a table of outcomes.

    Args:
        outcomes: one row a run: scenario, seed, measures.
        level: confidence level of the intervals.
        units: the unit of each seed (the index); every seed is one of its own unless given.

    Returns:
        One row a measure: measure, mean, low, high (t interval of the mean), lower, upper (2.5th
        and 97.5th percentile of the runs), runs (in which it is defined).
    """
    values = outcomes.drop(columns=RUN).select_dtypes("number")
    if units is None:
        return described(values.melt(var_name="measure"), ["measure"], level)
    unit = units.loc[outcomes["seed"]].to_numpy()
    return described(values.assign(unit=unit).melt("unit", var_name="measure"), ["measure"], level)


def described(values: pd.DataFrame, by: list[str], level: float = LEVEL) -> pd.DataFrame:
    """As :func:`summary`, of the column ``value`` in each group, in the order of appearance.

    Where there is a column ``unit``, intervals are over the means of units: the standard error is that
    of a ratio estimate of the mean (Cochran 1977, *Sampling Techniques*, section 9.4), for units with
    the same number of runs that of the mean of their means.
    """
    groups = values.groupby(by, sort=False, observed=True)["value"]
    table = groups.agg(["mean", "std", "count"])
    half = (
        _half_over_units(values, by, level).reindex(table.index).to_numpy()
        if "unit" in values
        else half_width(table["std"], table["count"], level)
    )
    table = table.assign(low=table["mean"] - half, high=table["mean"] + half)
    table = table.assign(lower=groups.quantile(0.025), upper=groups.quantile(0.975), runs=table["count"])
    return table[["mean", "low", "high", "lower", "upper", "runs"]].reset_index()


def _half_over_units(values: pd.DataFrame, by: list[str], level: float) -> pd.Series[float]:
    import pandas as pd

    values = values.dropna(subset="value")
    means = values.groupby(by, sort=False, observed=True)["value"].transform("mean")
    apart = values.assign(value=values["value"] - means)
    sums = apart.groupby([*by, "unit"], sort=False, observed=True)["value"].agg(["sum", "count"])
    units = sums.groupby(level=by, sort=False, observed=True)
    size = units["count"].mean()
    deviation = np.sqrt((sums["sum"] ** 2).groupby(level=by, sort=False, observed=True).sum())
    number = units["count"].count()
    with np.errstate(invalid="ignore", divide="ignore"):
        found = half_width(deviation / np.sqrt(number - 1) / size, number, level)
    return pd.Series(found, index=number.index)

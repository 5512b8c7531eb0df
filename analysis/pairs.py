"""Policies against each other at the same seeds: differences in pairs of runs.

Two policies at one seed share their luck (common random numbers), so the difference of a pair
varies less than either run. Every estimate is the mean of one number a run, its *contribution*:

- a mean is the mean of the runs' values;
- a share is taken of all runs together, the sum of the parts by the sum of the wholes. It answers
  how often a proposal reaches a POC, has no gaps (a run without proposals adds nothing instead of
  being left out), and is not swayed by runs with few cases as the mean of the runs' own shares is.
  Its contributions are those of the delta method (Cochran 1977, *Sampling Techniques*, chapter 6).

The interval of a difference is Student's t interval over pairs of contributions. A median over cases
has no such contributions; its standard error comes from a bootstrap over pairs.

Runs at one draw of a posterior are not independent of one another: there the *unit* is the draw, with
the mean of the contributions of its runs, and intervals are those over units.

Several policies against one base are one family: their intervals hold all at once, for each
measure, with the quantile of the largest of correlated t variables (Dunnett 1955; Hothorn, Bretz and
Westfall 2008, "Simultaneous inference in general parametric models", Biometrical Journal 50).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, isnan, log, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from analysis.statistics import LEVEL, half_width, t_quantile
from analysis.tables import Floats, Rows

if TYPE_CHECKING:
    import pandas as pd

MEAN, SHARE, MEDIAN = "mean of runs", "of all cases", "median of all cases"

#: draws for the quantile of the largest t, resamples for a standard error, and the seed of both
DRAWS, RESAMPLES, SEED = 40_000, 1_000, 20160320

#: most numbers that resamples take up at a time
_BLOCK = 4_000_000


class Difference(NamedTuple):
    """How a measure differs between two scenarios run at the same seeds.

    Attributes:
        measure: its name.
        statistic: ``mean of runs``, ``of all cases`` (a share, or a mean over cases) or ``median of
            all cases``.
        base: value of the base over the pairs.
        other: value of the other over the pairs.
        difference: other less base, with ``low`` and ``high`` the ends of its interval.
        pairs: pairs in which the measure is defined in both runs; ``dropped`` are the rest. Where
            units are given, these are counted in place of pairs, here and in what follows.
        deviation: standard deviation of the difference of a pair.
        gain: variance that the difference would have with independent seeds, by the variance it
            has in pairs; above 1 the pairing helped.
        enough: pairs that would have been enough for the interval to exclude zero, had they shown
            this difference and deviation; infinite where the difference is 0.
    """

    measure: str
    statistic: str
    base: float
    other: float
    difference: float
    low: float
    high: float
    pairs: int
    dropped: int
    deviation: float
    gain: float
    enough: float

    @property
    def half(self) -> float:
        """Half the width of the interval."""
        return (self.high - self.low) / 2

    @property
    def clear(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Contrast:
    """Everything that a chart of a comparison may draw.

    Attributes:
        names: the scenarios; the first is the base.
        differences: one row a measure and other scenario: ``base`` and ``other`` (names),
            ``value_base``, ``value_other`` and the other fields of :class:`Difference`.
        outcomes: one row a run: scenario, seed, measures.
        series: one row a run and month, as :func:`analysis.figures.fan.series`.
        effects: one row a measure and other scenario: ``base`` and ``other`` (names) and the fields of
            :class:`analysis.effects.Effect`; none without a posterior.
    """

    names: tuple[str, ...]
    differences: pd.DataFrame
    outcomes: pd.DataFrame
    series: pd.DataFrame
    effects: pd.DataFrame | None = None

    def standardised(self) -> pd.DataFrame:
        """Differences by their deviation in a pair, a row a measure and a column an other scenario."""
        table = self.differences
        sizes = table["difference"] / table["deviation"].where(table["deviation"] > 0)
        wide = table.assign(size=sizes).pivot(index="measure", columns="other", values="size")
        return wide.loc[list(dict.fromkeys(table["measure"])), list(self.names[1:])]

    def largest(self, number: int) -> list[str]:
        """The measures with the largest standardised differences, in the order of the table."""
        sizes = self.standardised().abs().max(axis=1).dropna()
        chosen = set(sizes.nlargest(number).index)
        return [str(name) for name in sizes.index if name in chosen]

    @property
    def draws(self) -> int:
        """The number of draws of a posterior that the runs were made at; 0 without one."""
        return 0 if self.effects is None or not len(self.effects) else int(self.effects["points"].max())

    @property
    def pairs(self) -> int:
        """The number of seeds that all scenarios have."""
        seeds = (self.of(name)["seed"] for name in self.names)
        return len(set.intersection(*map(set, seeds)))

    def of(self, name: str) -> pd.DataFrame:
        """The outcomes of one scenario."""
        return self.outcomes[(self.outcomes["scenario"].astype(str) == name).to_numpy()]


# --- estimates as means over runs ---------------------------------------------------------------


def contributions(values: ArrayLike, wholes: ArrayLike | None = None) -> Floats:
    """One number a run, whose mean is the estimate and whose deviation is that of the estimate.

    Args:
        values: the measure of each run, NaN where it is not defined.
        wholes: of what each value is the share (or mean): the number of cases. Without them the
            estimate is the mean of the values.
    """
    values = np.asarray(values, dtype=float)
    if wholes is None:
        return values
    wholes = np.asarray(wholes, dtype=float)
    parts, mean = np.where(wholes > 0, values * wholes, 0.0), wholes.mean() if len(wholes) else 0.0
    if not mean > 0:
        return np.full(len(values), np.nan)
    ratio = parts.mean() / mean
    return np.asarray(ratio + (parts - ratio * wholes) / mean)


def difference(
    measure: str,
    base: ArrayLike,
    other: ArrayLike,
    level: float = LEVEL,
    *,
    statistic: str = MEAN,
    stretch: float = 1.0,
    units: ArrayLike | None = None,
) -> Difference:
    """The paired difference of one measure.

    Args:
        measure: its name.
        base: contributions of the base's runs.
        other: contributions of the other's runs, the same seeds in the same order.
        level: confidence level of the interval.
        statistic: what is estimated, in words.
        stretch: factor of the interval's width, from :func:`stretch`.
        units: the unit of each pair, a whole number from 0 on; every pair is one of its own unless given.
    """
    both = np.column_stack([np.asarray(base, dtype=float), np.asarray(other, dtype=float)])
    every = len(both) if units is None else len(np.unique(np.asarray(units)))
    a, b = _by_unit(both, units).T
    n = len(a)
    means = (float(a.mean()), float(b.mean())) if n else (np.nan, np.nan)
    deviation = float((b - a).std(ddof=1)) if n > 1 else np.nan
    gain = _gain(a, b) if n > 1 else np.nan
    return _difference(measure, statistic, means, (n, every - n), deviation, gain, stretch, level)


def _by_unit(values: Floats, units: ArrayLike | None) -> Floats:
    """Of the rows without NaN, the means of those of each unit; the rows themselves without units."""
    known = ~np.isnan(values).any(axis=1)
    if units is None:
        return values[known]
    _, place = np.unique(np.asarray(units)[known], return_inverse=True)
    sums = np.zeros((int(place.max(initial=-1)) + 1, values.shape[1]))
    np.add.at(sums, place, values[known])
    return np.asarray(sums / np.bincount(place)[:, None])


def _difference(
    measure: str,
    statistic: str,
    values: tuple[float, float],
    pairs: tuple[int, int],
    deviation: float,
    gain: float,
    stretch: float,
    level: float,
) -> Difference:
    found, half = values[1] - values[0], float(stretch * half_width(deviation, pairs[0], level))
    wanted = enough(found, deviation * stretch, level)
    return Difference(
        measure, statistic, *values, found, found - half, found + half, *pairs, deviation, gain, wanted
    )


def stretch(differences: Floats, level: float = LEVEL, pairs: int | None = None) -> float:
    """How much wider intervals must be to hold all at once: the largest |t| by a single one.

    Args:
        differences: array of shape (pairs or resamples, policies), without NaN.
        level: confidence level of all intervals together.
        pairs: number of pairs, where ``differences`` holds resamples.
    """
    from scipy.stats import multivariate_t

    varying = differences[:, differences.std(axis=0) > 0] if len(differences) > 1 else differences[:, :0]
    if varying.shape[1] < 2:
        return 1.0
    shape, free = np.corrcoef(varying, rowvar=False), (pairs or len(varying)) - 1
    drawn = multivariate_t(shape=shape, df=free, allow_singular=True, seed=np.random.default_rng(SEED))
    largest = np.quantile(np.abs(drawn.rvs(DRAWS)).max(axis=1), level)
    return max(1.0, float(largest / t_quantile(free, level)))


def family(
    measure: str,
    base: ArrayLike,
    others: Sequence[ArrayLike],
    level: float = LEVEL,
    wholes: tuple[ArrayLike, Sequence[ArrayLike]] | None = None,
    units: ArrayLike | None = None,
) -> list[Difference]:
    """One measure of several policies against a base; the intervals hold all at once.

    Args:
        measure: its name.
        base: the measure in the base's runs.
        others: the measure in the runs of each other policy, the same seeds in the same order.
        level: confidence level of the intervals together.
        wholes: of what the values are shares, for the base and the others; see :func:`contributions`.
        units: the unit of each pair; see :func:`difference`.
    """
    if wholes is None:
        statistic, a, rest = MEAN, contributions(base), [contributions(each) for each in others]
    else:
        statistic, a = SHARE, contributions(base, wholes[0])
        rest = [contributions(each, whole) for each, whole in zip(others, wholes[1], strict=True)]
    wider = stretch(_complete(np.column_stack([b - a for b in rest]), units), level)
    return [difference(measure, a, b, level, statistic=statistic, stretch=wider, units=units) for b in rest]


def _complete(differences: Floats, units: ArrayLike | None = None) -> Floats:
    """The policies that are defined at all, in the rows (or units) in which all of these are."""
    return _by_unit(differences[:, ~np.isnan(differences).all(axis=0)], units)


def paired(
    base: pd.DataFrame,
    others: Sequence[pd.DataFrame],
    wholes: pd.DataFrame | None = None,
    level: float = LEVEL,
    units: pd.Series[Any] | None = None,
) -> list[pd.DataFrame]:
    """Differences of tables of outcomes from a base, joined on the seed.

    Args:
        base: outcomes of one scenario, one row a seed.
        others: outcomes of each other scenario; seeds that not all have are left out.
        wholes: scenario, seed, and for measures that are shares the number of cases that they are
            shares of. Measures without a column here are means over runs.
        level: confidence level of the intervals of a measure together.
        units: the unit of each seed (the index), such as the draw of a posterior; every seed is one
            of its own unless given.

    Returns:
        For each other a table of one row a measure, with the columns of :class:`Difference`.

    Raises:
        ValueError: the tables have no seed in common, or one of them has a seed twice.
    """
    import pandas as pd

    tables = [table.set_index("seed") for table in (base, *others)]
    seeds = _common([table.index for table in tables])
    tables = [table.loc[seeds] for table in tables]
    parts = [_wholes(table, wholes) for table in tables]
    names = [str(name) for name in tables[0].select_dtypes("number") if all(name in t for t in tables)]
    places = None if units is None else units.loc[seeds].to_numpy()
    found = []
    for name in names:
        of = [part[name].to_numpy() for part in parts if part is not None and name in part]
        values = [table[name].to_numpy(dtype=float) for table in tables]
        found.append(family(name, values[0], values[1:], level, (of[0], of[1:]) if of else None, places))
    return [pd.DataFrame(rows, columns=Difference._fields) for rows in zip(*found, strict=True)]


def _common(indices: Sequence[pd.Index[Any]]) -> pd.Index[Any]:
    if not all(index.is_unique for index in indices):
        raise ValueError("a seed is given twice; compare scenarios, one row a seed")
    seeds = indices[0]
    for index in indices[1:]:
        seeds = seeds.intersection(index)
    if not len(seeds):
        raise ValueError("the scenarios have no seed in common")
    return seeds


def _wholes(table: pd.DataFrame, wholes: pd.DataFrame | None) -> pd.DataFrame | None:
    if wholes is None:
        return None
    own = wholes[(wholes["scenario"].astype(str) == str(table["scenario"].iloc[0])).to_numpy()]
    return own.set_index("seed").loc[table.index]


def _gain(a: Floats, b: Floats) -> float:
    apart, together = a.var(ddof=1) + b.var(ddof=1), (b - a).var(ddof=1)
    if apart == 0.0:
        return 1.0
    return float(apart / together) if together > 0.0 else np.inf


# --- how many pairs -----------------------------------------------------------------------------


def needed(deviation: float, half: float, level: float = LEVEL) -> float:
    """Pairs after which an interval is no wider than ``half`` on either side.

    Args:
        deviation: standard deviation of the difference of a pair.
        half: half the width that is wanted, in the unit of the measure.
        level: confidence level.

    Returns:
        A whole number, at least 2; infinite where ``half`` is 0, NaN where the deviation is not known.
    """
    if isnan(deviation) or isnan(half):
        return np.nan
    if half <= 0.0:
        return np.inf
    low, high = 1, 2
    while half_width(deviation, high, level) > half:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if half_width(deviation, middle, level) > half else (low, middle)
    return float(high)


def enough(difference: float, deviation: float, level: float = LEVEL) -> float:
    """Pairs whose interval would exclude zero at this difference and deviation."""
    return needed(deviation, float(np.nextafter(abs(difference), 0.0)), level)


# --- pairs added until the interval is narrow enough --------------------------------------------

#: pairs before the first look, and what the variance is raised by at n pairs: a part of CAUTION / n
PILOT, CAUTION = 30, 4.0

#: pairs at which the always-valid interval is at its best
AIM = 100.0


def caution(pairs: int) -> float:
    """Factor of an interval's width for having looked before.

    Who stops when the interval is narrow enough stops more often where the deviation came out too
    small. That loses coverage at small numbers of pairs (Chow and Robbins 1965, "On the asymptotic
    theory of fixed-width sequential confidence intervals", Annals of Mathematical Statistics 36, is
    asymptotic). A pilot, looks that are few, and a variance raised by CAUTION / n repair it.
    """
    return sqrt(1 + CAUTION / pairs)


def next_look(found: Sequence[Difference], half: float, most: int) -> int:
    """After how many pairs to look again, or 0 where all intervals are narrow enough.

    The number that seems to be needed, but a tenth more than now at least, twice as many at most,
    and never more than ``most``. Differences that are not defined need no more pairs.
    """
    wide = [each for each in found if each.pairs and each.half * caution(each.pairs) > half]
    if not wide:
        return 0
    pairs = max(each.pairs + each.dropped for each in wide)
    wanted = max(_wanted(each, half) for each in wide)
    return min(most, max(min(wanted, 2 * pairs), pairs + max(1, pairs // 10)))


def _wanted(found: Difference, half: float) -> int:
    """Pairs that it takes, those in which the measure is not defined included."""
    wider = found.half / float(half_width(found.deviation, found.pairs)) * caution(found.pairs)
    return ceil(needed(found.deviation * wider, half) * (1 + found.dropped / found.pairs))


def cautious(found: Difference) -> Difference:
    """The difference with the interval that holds when pairs were added until it was narrow enough."""
    if not found.pairs:
        return found
    half, wider = found.half * caution(found.pairs), found.deviation * caution(found.pairs)
    return found._replace(
        low=found.difference - half, high=found.difference + half, enough=enough(found.difference, wider)
    )


def always(found: Difference, level: float = LEVEL) -> tuple[float, float]:
    """The ends of an interval that holds after every number of pairs at once, whatever makes one stop.

    An asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024,
    "Time-uniform central limit theory and asymptotic confidence sequences", Annals of Statistics 52);
    half again as wide as an interval for one number of pairs where that is near ``AIM``.
    """
    alpha, n = 1 - level, found.pairs
    tuning = (-2 * log(alpha) + log(1 - 2 * log(alpha))) / AIM
    width = 2 * (n * tuning + 1) / (n * tuning) * log(sqrt(n * tuning + 1) / alpha) if n else np.nan
    half = found.deviation * sqrt(width / n) if n else np.nan
    return found.difference - half, found.difference + half


# --- medians ------------------------------------------------------------------------------------


def medians(
    measure: str,
    base: tuple[ArrayLike, ArrayLike],
    others: Sequence[tuple[ArrayLike, ArrayLike]],
    runs: int,
    level: float = LEVEL,
) -> list[Difference]:
    """Differences in the median over all cases of all runs.

    The median is that of Harrell and Davis (1982, "A new distribution-free quantile estimator",
    Biometrika 69), a mean of the values weighted by how near they are to the middle, with the normal
    limit of its weights: a bootstrap tells its standard error, which it overstates for a single
    middle value. The interval is that of t with this error.

    Args:
        measure: its name.
        base: run (0 to ``runs`` - 1) and value of each case of the base. Where runs are not
            independent, the number of the unit in place of that of the run.
        others: the same of each other policy, where equal numbers are runs at the same seed.
        runs: number of pairs, or of units.
        level: confidence level of the intervals of all others together.
    """
    worlds = [_ordered(*each) for each in (base, *others)]
    drawn = np.concatenate([_of_all(worlds, weights) for weights in _resamples(runs, worlds)])
    values, pairs = _of_all(worlds, np.ones((1, runs)))[0], drawn[:, 1:] - drawn[:, :1]
    wider = stretch(_complete(pairs), level, runs)
    return [
        _of_medians(measure, values[[0, place]], drawn[:, [0, place]], runs, wider, level)
        for place in range(1, len(worlds))
    ]


def _ordered(run: ArrayLike, value: ArrayLike) -> tuple[Rows, Floats]:
    value = np.asarray(value, dtype=float)
    order = np.argsort(value, kind="stable")
    return np.asarray(run, dtype=np.intp)[order], value[order]


def _resamples(runs: int, worlds: Sequence[tuple[Rows, Floats]]) -> Iterator[Floats]:
    """How often each run is drawn, in blocks of resamples of shape (resamples, runs)."""
    rng, block = np.random.default_rng(SEED), max(1, _BLOCK // max(runs, *(len(run) for run, _ in worlds)))
    for first in range(0, RESAMPLES, block):
        size = min(block, RESAMPLES - first)
        yield rng.multinomial(runs, np.full(runs, 1 / runs), size).astype(float)


def _of_all(worlds: Sequence[tuple[Rows, Floats]], weights: Floats) -> Floats:
    """The median of each world (column) in each resample (row)."""
    return np.column_stack([_median(value, weights[:, run]) for run, value in worlds])


def _median(value: Floats, weights: Floats) -> Floats:
    """Medians of sorted values, for weights in rows; NaN where all weights are 0."""
    from scipy.special import ndtr

    sums = np.cumsum(weights, axis=1)
    number = sums[:, -1:] if len(value) else np.zeros((len(weights), 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        # the middle order statistic of n values lies at a share of 1/2, give or take 1 / (2 √(n + 2))
        near = ndtr((sums / number - 0.5) * 2 * np.sqrt(number + 2))
        edges = np.hstack([ndtr(-np.sqrt(number + 2)), near])
        parts = np.diff(edges, axis=1)
        return np.asarray((parts * value).sum(axis=1) / parts.sum(axis=1))


def _of_medians(
    measure: str, values: Floats, drawn: Floats, runs: int, wider: float, level: float
) -> Difference:
    known = drawn[~np.isnan(drawn).any(axis=1)]
    several = runs > 1 and len(known) > 1 and not np.isnan(values).any()
    deviation = float(np.diff(known).std(ddof=1) * sqrt(runs)) if several else np.nan
    gain = _gain(known[:, 0], known[:, 1]) if several else np.nan
    ends = (float(values[0]), float(values[1]))
    return _difference(measure, MEDIAN, ends, (runs, 0), deviation, gain, wider, level)

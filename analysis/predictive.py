"""What a model foresees of an observed figure, and whether the figure agrees with it.

The distribution is that *of the figure*, not that of the model's mean: one more history of the model, and
in it the figure counted on as many cases as it was in the source. So it holds what parameters, the
luck of runs, and the few cases of a source leave open.

- A share of ``n`` cases: each run has a chance of its own; given that, the count is binomial. The
  chance of a run is known only through the share of its own ``m`` cases, and that luck must not be
  counted twice. The shares are therefore drawn towards their mean until they vary as the chances do
  (variance by moments, Kleinman 1973, "Proportions with extraneous variance", JASA 68; shrinking
  that keeps it, Louis 1984, "Estimating a population of parameter values using Bayes and empirical
  Bayes methods", JASA 79). Binomials with these chances are mixed exactly, without random numbers.
- Any other figure: the values of the runs. One more value is equally likely to have any rank among
  them, which gives tails and interval without a form for the distribution.

Tails of discrete values are counted half at the value itself (mid-p, Lancaster 1961).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike

from analysis.statistics import LEVEL
from analysis.tables import Floats

if TYPE_CHECKING:
    from sim.observed import Target

Relation = Literal["about", "more_than", "less_than", "share", "range"]

AGREES, MISSES, UNCLEAR = "agrees", "misses", "cannot tell"

#: fewest runs that foresee anything
FEWEST = 10
#: an interval that holds the figure tests nothing if it is wider than this (a share) ...
WIDE = 0.5
#: ... or if its ends are further apart than this factor (a number)
FACTOR = 4.0
#: a bound that the model meets less often than the first is missed, at least as often as the second met
SELDOM, MOSTLY = 0.05, 0.5


class Figure(NamedTuple):
    """What an observed figure is.

    Attributes:
        relation: how the source puts it.
        value: the number, in the unit of the measure.
        of: number of cases that a share was counted on; None for other figures, or if unknown.
        low: lower end of the values that would have been told as this figure.
        high: upper end. Of a bound, ``low`` and ``high`` are the bound itself and the number from
            which on another bound would have been told, or infinity.
    """

    relation: Relation
    value: float
    of: int | None
    low: float
    high: float

    @property
    def bound(self) -> bool:
        """Whether the source gives but one side."""
        return self.relation in ("more_than", "less_than")


def figure_of(target: Target) -> Figure:
    """What a figure of a target file is; a bound that says up to where it holds is a range."""
    value = target.value if not target.denominator else (target.numerator or 0) / target.denominator
    relation: Relation = "range" if target.up_to is not None else target.relation
    return Figure(relation, value, target.denominator, *target.told)


class Foreseen(NamedTuple):
    """A figure beside what the model foresees of it.

    Attributes:
        low: lower end of the predictive interval of the figure.
        median: middle of the predictive distribution.
        high: upper end.
        chance: two-sided tail probability of the observed value; of a bound the probability
            that the model meets it.
        verdict: ``agrees``, ``misses`` or ``cannot tell``.
        runs: runs in which the figure is defined.
    """

    low: float
    median: float
    high: float
    chance: float
    verdict: str
    runs: int


class _Distribution(Protocol):
    def middle(self, value: float) -> float:
        """Probability of less, and half of that of the value itself."""

    def ends(self, level: float) -> tuple[float, float, float]:
        """Lower end of the interval whose tails are outside the level, median, upper end."""

    def within(self, low: float, high: float) -> float:
        """Probability of lying between the ends, these left out."""


def foreseen(
    figure: Figure,
    values: ArrayLike,
    wholes: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    level: float = LEVEL,
) -> Foreseen:
    """The predictive distribution of an observed figure, and the verdict on the figure.

    A point (about, share, range) agrees if the value nearest to the median that would have been told as
    this figure lies in the predictive interval, and misses if it lies outside; agreement with
    an interval that tests nothing (``WIDE``, ``FACTOR``) cannot tell. A bound agrees if the model
    meets it in half of the histories, misses if in fewer than one of twenty, else cannot tell.
    So can fewer than ``FEWEST`` runs.

    Args:
        figure: what was observed.
        values: the measure in each run, NaN where it is not defined.
        wholes: of how many cases each value is the share; without them the values of a share count
            as chances known exactly.
        weights: of the runs, at least 0; equal unless given.
        level: confidence level of the interval.

    Raises:
        ValueError: the arrays differ in length.
    """
    runs = _known(values, wholes, weights)
    if not len(runs.values):
        return Foreseen(np.nan, np.nan, np.nan, np.nan, UNCLEAR, 0)
    spread: _Distribution = _Runs(runs) if figure.of is None else _Draws(figure.of, runs)
    low, median, high = spread.ends(level)
    if figure.bound:
        chance = spread.within(figure.low, figure.high)
        verdict = AGREES if chance >= MOSTLY else MISSES if chance < SELDOM else UNCLEAR
    else:
        tail = spread.middle(min(max(median, figure.low), figure.high))
        chance = min(1.0, 2 * min(tail, 1 - tail))
        verdict = _verdict(chance >= 1 - level, _idle(figure, low, high))
    if len(runs.values) < FEWEST:
        verdict = UNCLEAR
    return Foreseen(low, median, high, chance, verdict, len(runs.values))


def _verdict(inside: bool, idle: bool) -> str:
    if not inside:
        return MISSES
    return UNCLEAR if idle else AGREES


def _idle(figure: Figure, low: float, high: float) -> bool:
    """Whether an interval that holds the figure says nothing."""
    if figure.of is not None or figure.relation == "share":
        return high - low > WIDE
    return high > FACTOR * low


class _Known(NamedTuple):
    """Runs in which a figure is defined; their weights add up to 1."""

    values: Floats
    wholes: Floats | None
    weights: Floats


def _known(values: ArrayLike, wholes: ArrayLike | None, weights: ArrayLike | None) -> _Known:
    found = np.atleast_1d(np.asarray(values, dtype=float))
    whole = np.full(found.shape, np.inf) if wholes is None else np.asarray(wholes, dtype=float)
    weight = np.ones(found.shape) if weights is None else np.asarray(weights, dtype=float)
    if not found.shape == whole.shape == weight.shape:
        raise ValueError("values, wholes and weights must be of one length")
    kept = ~np.isnan(found) & (whole > 0) & (weight > 0)
    share = weight[kept] / weight[kept].sum() if kept.any() else weight[kept]
    return _Known(found[kept], None if wholes is None else whole[kept], share)


# --- a number -----------------------------------------------------------------------------------


class _Runs:
    """One more value, equally likely to have any rank among those of the runs."""

    def __init__(self, runs: _Known) -> None:
        self._values, place = np.unique(runs.values, return_inverse=True)
        self._weights = np.bincount(place, runs.weights)
        self._size = 1 / float((runs.weights**2).sum())  # equally weighted runs that say as much (Kish 1965)
        half = (np.cumsum(self._weights) - self._weights / 2) * self._size
        self._middles = (half + 0.5) / (self._size + 1)

    def middle(self, value: float) -> float:
        beyond = 0.5 / (self._size + 1)
        return float(np.interp(value, self._values, self._middles, left=beyond, right=1 - beyond))

    def ends(self, level: float) -> tuple[float, float, float]:
        low, median, high = np.interp([(1 - level) / 2, 0.5, (1 + level) / 2], self._middles, self._values)
        return float(low), float(median), float(high)

    def within(self, low: float, high: float) -> float:
        return float(self._weights[(self._values > low) & (self._values < high)].sum())


# --- a share of some cases ----------------------------------------------------------------------


class _Draws:
    """The share of ``of`` cases: a mixture of binomials."""

    def __init__(self, of: int, runs: _Known) -> None:
        self._of, self._weights = of, runs.weights
        self._chances = chances(runs.values, runs.wholes, runs.weights)

    def _up_to(self, count: int) -> float:
        """Probability of at most so many."""
        from scipy.special import bdtr

        if count < 0:
            return 0.0
        return float((self._weights * bdtr(float(min(count, self._of)), self._of, self._chances)).sum())

    def _middle(self, count: int) -> float:
        return (self._up_to(count - 1) + self._up_to(count)) / 2

    def middle(self, value: float) -> float:
        return self._middle(round(value * self._of))

    def ends(self, level: float) -> tuple[float, float, float]:
        low = self._first(lambda count: self._middle(count) >= (1 - level) / 2)
        median = self._first(lambda count: self._up_to(count) >= 0.5)
        beyond = self._first(lambda count: self._middle(count) > (1 + level) / 2)
        return low / self._of, median / self._of, (beyond - 1) / self._of

    def _first(self, reached: Callable[[int], bool]) -> int:
        """The first count at which something holds that then goes on to hold; beyond all if none."""
        low, high = -1, self._of + 1
        while high - low > 1:
            count = (low + high) // 2
            low, high = (low, count) if reached(count) else (count, high)
        return high

    def within(self, low: float, high: float) -> float:
        first = 0 if low < 0 else int(np.floor(low * self._of + _SLACK)) + 1
        last = self._of if high > 1 else int(np.ceil(high * self._of - _SLACK)) - 1
        return max(0.0, self._up_to(last) - self._up_to(first - 1))


#: parts of a case that are taken for errors of rounding
_SLACK = 1e-9


def chances(shares: ArrayLike, cases: ArrayLike | None = None, weights: ArrayLike | None = None) -> Floats:
    """The chances of runs whose shares of so many cases are known; they vary as the chances do.

    Args:
        shares: of each run, without NaN.
        cases: of how many cases each is the share; without them the shares are the chances.
        weights: of the runs, adding up to 1.

    Returns:
        An array as long: shares drawn towards their mean by the root of the part of their variance
        that is not the luck of their own draws. Moments: with h the mean of 1 / cases, the shares
        vary by t + (mean (1 - mean) - t) h where the chances vary by t.
    """
    found = np.asarray(shares, dtype=float)
    if cases is None or len(found) < 2:
        return found
    of, weight = np.asarray(cases, dtype=float), np.full(len(found), 1 / len(found))
    if weights is not None:
        weight = np.asarray(weights, dtype=float)
    middle, luck = float((weight * found).sum()), float((weight / of).sum())
    varying = float((weight * (found - middle) ** 2).sum() / max(1 - (weight**2).sum(), 1e-12))
    most = middle * (1 - middle)
    between = min(most, max(0.0, (varying - most * luck) / (1 - luck))) if luck < 1 else 0.0
    if between == 0:
        return np.full(len(found), middle)
    return np.asarray(middle + np.sqrt(between / (between + (most - between) / of)) * (found - middle))

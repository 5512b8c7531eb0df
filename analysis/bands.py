"""Bands that several counts keep within at once: bins of a histogram, or a distribution function.

Draws fall into classes with known probabilities. Each count has a binomial distribution and a band from
its quantiles; the tail that all of them share is widened until the probability that every count keeps
within its band, computed exactly, is just above what is asked for (Säilynoja, Bürkner and Vehtari 2022).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from analysis.statistics import LEVEL
from analysis.tables import Floats

#: halvings of the interval in which the common tail lies
HALVINGS = 25


class CountBand(NamedTuple):
    """What counts keep within, all at once.

    Attributes:
        expected: expected counts.
        low: least counts, in whole numbers.
        high: largest counts.
    """

    expected: Floats
    low: Floats
    high: Floats

    def holds(self, counts: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Which of these counts lie within the band."""
        return (self.low <= counts) & (counts <= self.high)


def histogram_band(number: int, chances: Floats, level: float = LEVEL) -> CountBand:
    """The band of the counts in classes of these probabilities, among ``number`` draws.

    Raises:
        ValueError: the probabilities do not add up to 1.
    """
    return _band(number, _whole(chances), level, False)


def cumulative_band(number: int, chances: Floats, level: float = LEVEL) -> CountBand:
    """The band of the counts in each class and all before it: of ``number`` times a distribution function.

    Raises:
        ValueError: the probabilities do not add up to 1.
    """
    return _band(number, _whole(chances), level, True)


def _whole(chances: Floats) -> tuple[float, ...]:
    if abs(float(np.sum(chances)) - 1) > 1e-9 or np.min(chances) < 0:
        raise ValueError("probabilities must be 0 or more and add up to 1")
    return tuple(map(float, chances))


@lru_cache(maxsize=64)
def _band(number: int, chances: tuple[float, ...], level: float, cumulative: bool) -> CountBand:
    """The narrowest band of its kind; Bonferroni's, with which the search begins, always holds."""
    of = np.minimum(1.0, np.cumsum(chances)) if cumulative else np.array(chances)
    best = _with_tail(number, of, (1 - level) / len(chances))
    low, high = (1 - level) / len(chances), 1 - level
    for _ in range(HALVINGS):
        tail = (low + high) / 2
        band = _with_tail(number, of, tail)
        if probability(number, chances, band, cumulative=cumulative) >= level:
            low, best = tail, band
        else:
            high = tail
    return best


def _with_tail(number: int, chances: Floats, tail: float) -> CountBand:
    """Each count's band, which it leaves with the probability ``tail`` at most."""
    from scipy.stats import binom

    low, high = (np.asarray(binom.ppf(q, number, chances), dtype=float) for q in (tail / 2, 1 - tail / 2))
    return CountBand(number * chances, low, high)


def probability(number: int, chances: tuple[float, ...], band: CountBand, *, cumulative: bool) -> float:
    """The probability that all counts keep within a band.

    Counts in classes are independent Poisson counts, given that they add up to ``number``: so their
    distribution is carried on from class to class, and what has left the band is dropped.
    """
    from scipy.stats import poisson

    counts = np.arange(number + 1)
    state = (counts == 0).astype(float)
    for chance, low, high in zip(chances, band.low, band.high, strict=True):
        allowed = (low <= counts) & (counts <= high)
        step = poisson.pmf(counts, number * chance)
        if cumulative:
            state = np.convolve(state, step)[: number + 1] * allowed
        else:
            state = np.convolve(state, step * allowed)[: number + 1]
    return float(state[number] / poisson.pmf(number, number))

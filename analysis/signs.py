"""Whether an effect has the sign that is expected of it, over a posterior of the parameters.

The effect of a policy is a difference at the same seed. It differs from seed to seed by luck, and from one
draw of the posterior (point) to another because the parameters differ. What a sign test over the
posterior asks is two things: is the mean effect of that sign, and at how many points is it? Points
are few runs each, so that at many of them luck alone would turn the sign; that luck is taken out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from analysis.predictive import AGREES, MISSES, UNCLEAR
from analysis.statistics import LEVEL, mean
from analysis.tables import Floats
from analysis.variance import parts

#: least share of the points at which a sign must be right, for a source to be agreed with
MOST = 0.9


class Sign(NamedTuple):
    """An effect, and how sure its sign is.

    Attributes:
        effect: mean over the points, each the mean of its runs.
        low: lower end of the interval of that mean, points as units.
        high: upper end.
        right: share of the points whose effect has the expected sign, their luck taken out; NaN where
            there is one point, or no point has two runs.
        points: number of points in which the effect is defined; of runs where there is one point.
        runs: number of pairs of runs.
        verdict: ``agrees``, ``misses`` or ``cannot tell``.
    """

    effect: float
    low: float
    high: float
    right: float
    points: int
    runs: int
    verdict: str


def sign(effects: ArrayLike, points: ArrayLike, wanted: int, level: float = LEVEL) -> Sign:
    """How sure the sign of an effect is.

    The sign agrees if the interval of the mean effect lies on its side and it is right at ``MOST`` of
    the points, and misses if the interval lies on the other side. Otherwise the runs cannot tell.

    Args:
        effects: difference of each pair of runs, NaN where it is not defined.
        points: the point of each pair; where all have the same one, pairs are the units.
        wanted: 1 if more is expected, -1 if less.
        level: confidence level of the interval.
    """
    found, place = np.asarray(effects, dtype=float), np.asarray(points)
    known = ~np.isnan(found)
    found, place = found[known], place[known]
    single = len(np.unique(place)) < 2
    means, sizes = (found, np.ones(len(found))) if single else _means(found, place)
    middle = mean(means, level)
    right = np.nan if single else _right(found, place, means, sizes, wanted)
    verdict = _verdict(middle.low * wanted, middle.high * wanted, right)
    return Sign(middle.estimate, middle.low, middle.high, right, len(means), len(found), verdict)


def _verdict(one: float, other: float, right: float) -> str:
    if max(one, other) < 0:
        return MISSES
    sure = np.isnan(right) or right >= MOST
    return AGREES if min(one, other) > 0 and sure else UNCLEAR


def _means(found: Floats, place: ArrayLike) -> tuple[Floats, Floats]:
    """Mean and number of the pairs at each point, in the order of the points."""
    _, index = np.unique(np.asarray(place), return_inverse=True)
    sizes = np.bincount(index).astype(float)
    return np.bincount(index, found) / sizes, sizes


def _right(found: Floats, place: ArrayLike, means: Floats, sizes: Floats, wanted: int) -> float:
    """Share of right signs among effects at the points that vary as the effects do, not as their means."""
    split = parts("effect", place, np.arange(len(found)), found)
    if np.isnan(split.parameters):
        return np.nan
    middle = float(means.mean())
    if split.parameters == 0:
        return float(middle * wanted > 0)
    true = split.parameters / (split.parameters + split.luck / sizes)
    return float(((middle + np.sqrt(true) * (means - middle)) * wanted > 0).mean())

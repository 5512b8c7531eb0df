"""How far runs are from observed figures, in standard errors.

A distance is the root of a deviance: twice the log of the ratio of two likelihoods, that of a value of its
own for the run and for the figure, and that of the same value for both. Where the same value lies behind
both it is about as large as a standard normal deviate is without its sign (Wilks 1938, Ann. Math. Stat. 9,
60-62), so that shares, counts and means can be taken together. A figure is often told as a bound or in round
numbers; a run is then held against the nearest value that would have been told as the figure.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import rel_entr

from analysis.measures import MEASURES
from analysis.tables import Floats
from analysis.targets import measured
from sim.errors import InputError, ModelError

if TYPE_CHECKING:
    from sim.observed import Target

#: units of measures that are amounts; those of all others without a whole are counted
AMOUNTS = ("NT$ m", "days", "share")

Kind = Literal["share", "part", "count", "error"]


def kind(target: Target) -> Kind:
    """How the distance to a figure is measured.

    Returns:
        ``share`` of so many cases; ``part``, a share that is told without them; ``count``; ``error``
        where the figure has a standard error of its own.

    Raises:
        InputError: there is no measure for the figure, or it is none of these.
    """
    measure = measured(target)
    if measure is None:
        wrong = target.of if target.of is not None and target.of not in MEASURES else target.measure
        raise InputError(f"figure {target.id}: there is no measure '{wrong}' to hold it against")
    if target.relation == "share":
        return "share"
    if target.error is not None:
        return "error"
    if target.of is not None or measure.unit == "share":
        return "part"
    if measure.whole is None and measure.unit not in AMOUNTS:
        return "count"
    problem = f"{target.measure} is neither a count nor a share, so it needs its standard error: key 'error'"
    raise InputError(f"figure {target.id}: {problem}")


def distance(target: Target, values: Floats, wholes: Floats | None = None) -> Floats:
    """How far each run is from a figure, in standard errors; 0 where its value would be told as the figure.

    A share is held against a share as two binomials are, a count against a count as two Poisson
    variables are; all else is the gap over the figure's standard error.

    Args:
        target: the figure.
        values: what each run shows of it, NaN where that is not defined.
        wholes: of how many cases that is a share; without them it counts as known without error.

    Returns:
        One distance a run; infinite where the run's value is not defined, or is impossible under
        the figure.

    Raises:
        InputError: as :func:`kind`.
    """
    found, here = kind(target), np.asarray(values, dtype=float)
    near = np.clip(here, *_span(target, found))
    if found == "error":
        apart = np.abs(here - near) / (target.error or math.nan)
    elif found == "count":
        apart = _counts(near, here)
    else:
        known = np.inf if target.denominator is None else float(target.denominator)
        apart = _shares(near, known, here, np.inf if wholes is None else np.asarray(wholes, dtype=float))
    apart = np.where(here == near, 0.0, apart)
    return np.where(np.isnan(apart), np.inf, apart)


def total(distances: Floats) -> Floats:
    """The root of the mean of squares over figures.

    Args:
        distances: one row a run, one column a figure.

    Raises:
        ModelError: there is no figure.
    """
    if distances.ndim != 2 or not distances.shape[1]:
        raise ModelError("there is no figure to be far from")
    return np.asarray(np.sqrt(np.mean(np.square(distances), axis=1)))


def _span(target: Target, found: Kind) -> tuple[float, float]:
    """What would be told as the figure; of counts the whole numbers within bounds, whose ends are open."""
    low, high = target.told
    if found != "count":
        return low, high
    if target.relation == "more_than":
        low = math.floor(low) + 1
    if target.relation in ("more_than", "less_than") and math.isfinite(high):
        high = math.ceil(high) - 1
    return max(low, 0), max(low, high, 0)


def _counts(one: Floats, other: Floats) -> Floats:
    """Root of the deviance of two Poisson counts with one mean, 2 sum of O ln(O / E)."""
    mean = (one + other) / 2
    return _root(rel_entr(one, mean) + rel_entr(other, mean))


def _shares(one: Floats, of_one: float | Floats, other: Floats, of_other: float | Floats) -> Floats:
    """Root of the deviance of two binomial shares with one chance; a share of infinitely many is known."""
    one, of_one, other, of_other = np.broadcast_arrays(one, of_one, np.clip(other, 0.0, 1.0), of_other)
    sure = np.isinf(of_one), np.isinf(of_other)
    cases = [np.where(known, 1.0, of) for known, of in zip(sure, (of_one, of_other), strict=True)]
    pooled = (cases[0] * one + cases[1] * other) / np.maximum(cases[0] + cases[1], 1.0)
    chance = np.where(sure[0], one, np.where(sure[1], other, pooled))
    parts = [_binomial(n, share, chance) for n, share in zip(cases, (one, other), strict=True)]
    half = np.where(sure[0], 0.0, parts[0]) + np.where(sure[1], 0.0, parts[1])
    return np.where(sure[0] & sure[1] & (one != other), np.inf, _root(half))


def _binomial(cases: Floats, share: Floats, chance: Floats) -> Floats:
    """Log of the ratio of the likelihoods of a share's own value and of a chance."""
    return np.asarray(cases * (rel_entr(share, chance) + rel_entr(1 - share, 1 - chance)))


def _root(half: Floats) -> Floats:
    """A deviance is never negative but for rounding."""
    return np.asarray(np.sqrt(2 * np.maximum(half, 0.0)))

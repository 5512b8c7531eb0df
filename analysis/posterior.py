"""What a sample from a posterior tells: which parameters the data move, and whether it can be trusted.

Draws are handed over as *shares*: the part of the prior that lies below the drawn value. Whatever the
prior, it is uniform in them, so one rule serves all parameters. Weights need not add up to 1. The
tables of synthetic cities, whose true parameters are known, have one row a city (``truths``) and one
table of equally weighted draws a city (``draws``), both in shares, with the same columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.bands import CountBand, cumulative_band, histogram_band
from analysis.statistics import LEVEL, share
from analysis.tables import Floats

if TYPE_CHECKING:
    import pandas as pd

#: variance of the uniform distribution on (0, 1): that of a share under the prior
PRIOR_VARIANCE = 1 / 12

#: a parameter is called identified, or narrowed, from this contraction on
IDENTIFIED, NARROWED = 0.8, 0.3

#: the fewest synthetic cities expected in a bin of a histogram of ranks, and the most bins
PER_BIN, MOST_BINS = 5, 20

#: most places at which a distribution of ranks is held against its band
PLACES = 50

#: neighbours by which the density around a point is judged
NEIGHBOURS = 10


# --- weighted samples --------------------------------------------------------------------------


def normalised(weights: ArrayLike) -> Floats:
    """The same weights, adding up to 1.

    Raises:
        ValueError: there are none, one is negative or not finite, or all are 0.
    """
    found = np.asarray(weights, dtype=float)
    if not len(found) or not np.isfinite(found).all() or (found < 0).any() or not found.sum() > 0:
        raise ValueError("weights must be finite, not negative, and not all 0")
    return np.asarray(found / found.sum(), dtype=float)


def effective(weights: ArrayLike) -> float:
    """As many equally weighted draws would tell as much: 1 / sum of squared weights (Kish 1965)."""
    return float(1 / np.square(normalised(weights)).sum())


def weighted_quantile(values: ArrayLike, weights: ArrayLike, q: ArrayLike) -> Floats:
    """The smallest value at which the weight of all values up to it reaches the share ``q`` (0 to 1).

    The inverse of the weighted distribution function: it gives values that occur, and for whole weights
    the same as quantiles of values repeated so many times.
    """
    values, weights = np.asarray(values, dtype=float), normalised(weights)
    order = np.argsort(values, kind="stable")
    order = order[weights[order] > 0]
    reached = np.cumsum(weights[order])
    wanted = np.asarray(q, dtype=float) - 1e-12  # sums of weights that ought to be q may fall short of it
    places = np.searchsorted(reached, wanted, side="left")
    return np.asarray(values[order][np.minimum(places, len(order) - 1)], dtype=float)


def resampled(weights: ArrayLike, number: int) -> NDArray[np.int64]:
    """Places of ``number`` equally weighted draws, each as often as its weight asks for, in order.

    Systematic resampling (Kitagawa 1996) with the offset fixed at 1/2, so without random numbers: each
    draw is taken ``number`` times its weight, rounded up or down.
    """
    points = (np.arange(number) + 0.5) / number
    reached = np.cumsum(normalised(weights))
    last = int(np.flatnonzero(np.asarray(weights, dtype=float))[-1])
    return np.minimum(np.searchsorted(reached, points, side="right"), last).astype(np.int64)


def distinct(shares: pd.DataFrame, weights: ArrayLike) -> tuple[pd.DataFrame, Floats]:
    """Every different draw once, with the sum of its weights: copies tell nothing new."""
    table = shares.assign(**{"": normalised(weights)})
    found = table.groupby(list(shares), sort=False)[""].sum()
    return found.index.to_frame(index=False), found.to_numpy(dtype=float)


# --- what the data tell of the parameters ------------------------------------------------------


def identifiability(
    shares: pd.DataFrame,
    values: pd.DataFrame,
    weights: ArrayLike,
    priors: Mapping[str, tuple[float, float, float]],
    level: float = LEVEL,
) -> pd.DataFrame:
    """Which parameters the data move, and how far from the prior.

    A parameter is

    ``identified``
        if it moved and its contraction is at least ``IDENTIFIED``;
    ``narrowed``
        if it moved and its contraction is at least ``NARROWED``;
    ``shifted``
        if it moved, without becoming much surer;
    ``stays at the prior``
        otherwise: the data tell nothing of it alone, though perhaps together with others
        (:func:`correlations`).

    It moved if the Kolmogorov distance between posterior and prior is above what as many draws of the
    prior itself stay below with probability ``level``: 1.36 / sqrt(effective) at 95% (Smirnov 1948,
    asymptotic). So of 20 parameters that nothing is known of, one is expected to be called moved. Copies
    of a draw count as one. Contraction is the share of the prior's variance that is gone (Schad,
    Betancourt and Vehtari 2021); it is negative where the posterior lies at both ends.

    Args:
        shares: one row a draw, one column a parameter: the part of the prior below the value.
        values: the values themselves, in the parameters' units, in the same shape.
        weights: of the draws.
        priors: parameter -> its value at the prior's lower end (that ``level``), median and upper end.
        level: of the intervals and of the test.

    Returns:
        One row a parameter: path, prior_low, prior_median, prior_high, low, median, high (central
        interval), mean, contraction, moved (Kolmogorov distance, 0 to 1), threshold, verdict.
    """
    import pandas as pd

    once, weight = distinct(shares, weights)
    threshold = kolmogorov_point(level) / np.sqrt(effective(weight))
    rows = [
        {
            "path": path,
            **dict(zip(("prior_low", "prior_median", "prior_high"), priors[path], strict=True)),
            **_described(values[path], weights, level),
            **_learned(once[path].to_numpy(dtype=float), weight, threshold),
        }
        for path in map(str, shares)
    ]
    return pd.DataFrame(rows)


def kolmogorov_point(level: float = LEVEL) -> float:
    """What sqrt(n) times the Kolmogorov distance of n uniform draws stays below with this probability."""
    from scipy.special import kolmogi

    return float(kolmogi(1 - level))


def _described(values: pd.Series[Any], weights: ArrayLike, level: float) -> dict[str, float]:
    numbers = values.to_numpy(dtype=float)
    ends = weighted_quantile(numbers, weights, [(1 - level) / 2, 0.5, (1 + level) / 2])
    found = dict(zip(("low", "median", "high"), map(float, ends), strict=True))
    return {**found, "mean": float(np.average(numbers, weights=normalised(weights)))}


def _learned(shares: Floats, weights: Floats, threshold: float) -> dict[str, object]:
    shrunk, moved = contraction(shares, weights), distance_from_prior(shares, weights)
    found = {"contraction": shrunk, "moved": moved, "threshold": threshold}
    return {**found, "verdict": verdict(shrunk, moved, threshold)}


def contraction(shares: ArrayLike, weights: ArrayLike) -> float:
    """The share of the prior's variance that the data took away."""
    shares, weights = np.asarray(shares, dtype=float), normalised(weights)
    middle = np.average(shares, weights=weights)
    return float(1 - np.average(np.square(shares - middle), weights=weights) / PRIOR_VARIANCE)


def distance_from_prior(shares: ArrayLike, weights: ArrayLike) -> float:
    """The Kolmogorov distance of the weighted distribution of shares from the uniform one."""
    shares, weights = np.asarray(shares, dtype=float), normalised(weights)
    order = np.argsort(shares, kind="stable")
    places, after = shares[order], np.cumsum(weights[order])
    return float(max(np.max(after - places), np.max(places - (after - weights[order]))))


def verdict(contraction: float, moved: float, threshold: float) -> str:
    """What :func:`identifiability` calls such a parameter."""
    if moved <= threshold:
        return "stays at the prior"
    if contraction >= IDENTIFIED:
        return "identified"
    return "narrowed" if contraction >= NARROWED else "shifted"


def correlations(shares: pd.DataFrame, weights: ArrayLike) -> pd.DataFrame:
    """Weighted rank correlations (Spearman's) of each parameter with each, NaN where one does not vary."""
    import pandas as pd

    weights = normalised(weights)
    ranks = np.array([_ranked(shares[path].to_numpy(dtype=float), weights) for path in shares])
    ranks = ranks.reshape(len(shares.columns), len(weights))
    centred = ranks - ranks @ weights[:, None]
    covariance = (centred * np.sqrt(weights)) @ (centred * np.sqrt(weights)).T
    covariance = (covariance + covariance.T) / 2
    deviation = np.sqrt(np.diag(covariance))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = covariance / np.outer(deviation, deviation)
    return pd.DataFrame(np.clip(found, -1, 1), index=shares.columns, columns=shares.columns)


def _ranked(values: Floats, weights: Floats) -> Floats:
    """The weight below each value, and half of that at it: ties share their rank."""
    _, place = np.unique(values, return_inverse=True)
    at = np.bincount(place, weights)
    return np.asarray((np.cumsum(at) - at / 2)[place], dtype=float)


def tied(correlations: pd.DataFrame, bar: float = 0.5) -> list[tuple[str, str, float]]:
    """Pairs of parameters whose correlation is at least ``bar`` in size, strongest first."""
    pairs = [(a, b, float(correlations.loc[a, b])) for a, b in combinations(correlations.columns, 2)]  # type: ignore[arg-type]
    return sorted((pair for pair in pairs if abs(pair[2]) >= bar), key=lambda pair: -abs(pair[2]))


def centre(shares: pd.DataFrame, weights: ArrayLike) -> pd.Series[float]:
    """The weighted median of each parameter. Where parameters are tied, it may be unlike every draw."""
    import pandas as pd

    found = {path: float(weighted_quantile(shares[path], weights, 0.5)) for path in shares}
    return pd.Series(found, dtype=float)


class Closeness(NamedTuple):
    """Whether a point is like the draws of a sample.

    Attributes:
        distance: Mahalanobis distance from the mean of the draws.
        nearer: the share of the draws that lie nearer to the mean, by weight.
        denser: the share of the draws with more draws around them (by the distance to the tenth
            nearest), by weight; near 1 the point lies in a hole or outside.
        draw: the place of the draw nearest to the point.
    """

    distance: float
    nearer: float
    denser: float
    draw: int


def closeness(point: Mapping[str, float], shares: pd.DataFrame, weights: ArrayLike) -> Closeness:
    """How far a point (a mapping or Series), such as the :func:`centre`, is from the sample.

    Distances are Mahalanobis': in standard deviations, whatever the correlations.
    """
    weights, draws = normalised(weights), shares.to_numpy(dtype=float)
    mean = weights @ draws
    scale = _whitening(draws - mean, weights)
    at = (np.array([point[path] for path in map(str, shares)], dtype=float) - mean) @ scale
    places = np.asarray((draws - mean) @ scale, dtype=float)
    far, own = np.linalg.norm(places, axis=1), float(np.linalg.norm(at))
    dense = _tenth(places, places, itself=True) < _tenth(places, at[None, :], itself=False)
    nearest = int(np.argmin(np.linalg.norm(places - at, axis=1)))
    return Closeness(own, min(1.0, weights[far < own].sum()), min(1.0, weights[dense].sum()), nearest)


def _whitening(centred: Floats, weights: Floats) -> Floats:
    """A matrix that makes the covariance of these draws the identity, where they vary at all."""
    size, vectors = np.linalg.eigh((centred * weights[:, None]).T @ centred)
    varies = size > 1e-12 * max(float(size.max()), 1e-300)
    return np.asarray(vectors[:, varies] / np.sqrt(size[varies]), dtype=float)


def _tenth(places: Floats, points: Floats, *, itself: bool) -> Floats:
    """The distance of each point to its tenth nearest place; a place is no neighbour of itself."""
    from scipy.spatial.distance import cdist

    wanted = min(NEIGHBOURS - 1 + itself, len(places) - 1)
    return np.asarray(np.partition(cdist(points, places), wanted, axis=1)[:, wanted], dtype=float)


# --- synthetic cities --------------------------------------------------------------------------


def ranks(truths: pd.DataFrame, draws: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """How many of a city's draws lie below its true value: one row a city, one column a parameter.

    If posteriors are right, each rank from 0 to the number of draws is as likely as any other (Talts,
    Betancourt, Simpson, Vehtari and Gelman 2018). Draws that depend on each other, such as copies, make
    ends more likely.

    Raises:
        ValueError: not one table of draws a city, or they differ in length.
    """
    import pandas as pd

    if len(truths) != len(draws) or len({len(each) for each in draws}) > 1:
        raise ValueError("each city needs a table of draws, all of the same length")
    names = list(truths.columns)
    found = [
        (each[names].to_numpy(dtype=float) < truth).sum(axis=0)
        for each, truth in zip(draws, truths.to_numpy(dtype=float), strict=True)
    ]
    return pd.DataFrame(np.reshape(found, (len(truths), len(names))), index=truths.index, columns=names)


def bins_of(cities: int, draws: int | None = None) -> int:
    """How many bins a histogram of the ranks of so many cities has: if possible, with as many ranks each."""
    most = max(2, min(MOST_BINS, cities // PER_BIN))
    even = [bins for bins in range((most + 1) // 2, most + 1) if draws is None or (draws + 1) % bins == 0]
    return max([bins for bins in even if bins > 1], default=most)


def rank_band(cities: int, bins: int, level: float = LEVEL, draws: int | None = None) -> CountBand:
    """What the bins of a histogram of uniform ranks all keep within with probability ``level``.

    Exact (:mod:`analysis.bands`). With the number of ``draws`` of each city given, a bin that holds one
    possible rank more than another counts for more.
    """
    return histogram_band(cities, np.diff(_below(_edges(bins), draws), prepend=0.0), level)


def ecdf_band(cities: int, level: float = LEVEL, draws: int | None = None) -> CountBand:
    """What the number of ranks up to each of some places keeps within, everywhere at once.

    The places are at equal distances, one a city and at most ``PLACES``. With few cities it sees a
    bias that no single bin shows (Säilynoja, Bürkner and Vehtari 2022).
    """
    places = _edges(min(cities, PLACES))
    return cumulative_band(cities, np.diff(_below(places, draws), prepend=0.0), level)


def _edges(bins: int) -> Floats:
    return np.arange(1, bins + 1) / bins


def _below(edges: Floats, draws: int | None) -> Floats:
    """The share of all possible ranks, 0 to ``draws``, that belongs to the bins up to each edge."""
    if draws is None:
        return edges
    return np.floor(edges * (draws + 1) + 0.5 + 1e-9) / (draws + 1)


def counted(ranks: ArrayLike, draws: int, bins: int) -> Floats:
    """How many of the ranks (0 to ``draws``) lie in each of ``bins`` bins."""
    ends = np.round(_below(_edges(bins), draws) * (draws + 1))
    places = np.searchsorted(ends, np.asarray(ranks, dtype=float), side="right")
    return np.bincount(places, minlength=bins).astype(float)


def uniform(ranks: pd.DataFrame, draws: int, level: float = LEVEL, bins: int | None = None) -> pd.DataFrame:
    """Whether the ranks of each parameter are those of a right posterior.

    They are if the histogram and the distribution function keep within their bands, each with half of
    ``1 - level`` to leave it by chance. Otherwise the verdict names what is most out of the way: the
    posterior is ``too low`` or ``too high`` (mean of the ranks), ``too narrow`` or ``too wide`` (their
    spread around the middle). Of many parameters that are all right, the share ``1 - level`` at most is
    called something else by chance.

    Args:
        ranks: as :func:`ranks` gives them.
        draws: how many draws each city has.
        level: with which a right posterior is called so.
        bins: of the histogram; unless given, :func:`bins_of` the cities.

    Returns:
        One row a parameter: parameter, cities, bins, outside (bins outside of the band), furthest
        (largest distance of the distribution function from its expectation, as a share), follows
        (whether it keeps within its band), verdict.
    """
    import pandas as pd

    cities, each = len(ranks), half_level(level)
    bins = bins or bins_of(cities, draws)
    band, along = rank_band(cities, bins, each, draws), ecdf_band(cities, each, draws)
    rows = []
    for name in ranks:
        mine = ranks[name].to_numpy(dtype=float)
        path = np.cumsum(counted(mine, draws, len(along.low)))
        outside, follows = int((~band.holds(counted(mine, draws, bins))).sum()), bool(along.holds(path).all())
        furthest = float(np.max(np.abs(path - along.expected)) / cities)
        said = "uniform" if follows and not outside else _fault((mine + 0.5) / (draws + 1))
        rows.append((name, cities, bins, outside, furthest, follows, said))
    names = ["parameter", "cities", "bins", "outside", "furthest", "follows", "verdict"]
    return pd.DataFrame(rows, columns=names)


def half_level(level: float) -> float:
    """The level of each of two bands that hold together with probability ``level`` or more."""
    return (1 + level) / 2


def _fault(places: Floats) -> str:
    """What is most unlike uniform places in (0, 1): their mean, or their spread around the middle."""
    number, away = len(places), places - 0.5
    shift = away.mean() / np.sqrt(PRIOR_VARIANCE / number)
    spread = (np.square(away).mean() - PRIOR_VARIANCE) / np.sqrt(1 / 180 / number)
    if abs(shift) >= abs(spread):
        return "too low" if shift > 0 else "too high"
    return "too narrow" if spread > 0 else "too wide"


def coverage(
    truths: pd.DataFrame, draws: Sequence[pd.DataFrame], levels: Sequence[float] = (0.5, 0.8, LEVEL)
) -> pd.DataFrame:
    """How often central posterior intervals hold the true value.

    A true value lies in the interval if its rank is not among the outer ``1 - level`` of all ranks.

    Returns:
        One row a parameter and level: parameter, level, cities, covered (a share), low, high (Wilson's
        95% interval of it).
    """
    import pandas as pd

    places = (ranks(truths, draws) + 0.5) / (len(draws[0]) + 1 if len(draws) else 1)
    rows = []
    for name in truths:
        away = np.abs(places[name].to_numpy(dtype=float) - 0.5)
        for level in levels:
            told = share(int((away <= level / 2).sum()), len(away))
            rows.append((name, level, told.n, told.estimate, told.low, told.high))
    return pd.DataFrame(rows, columns=["parameter", "level", "cities", "covered", "low", "high"])


def recovery(truths: pd.DataFrame, draws: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """How near posterior medians come to the true values, and how near the prior's median comes.

    Returns:
        One row a parameter: parameter, cities, correlation (Pearson's, of medians with true values; NaN
        where one does not vary), error (root mean square error of the medians, in shares of the
        prior), prior_error (that of the prior's median, 0.289 on average), gain (1 - error / prior_error).
    """
    import pandas as pd

    rows = []
    for name in truths:
        true = truths[name].to_numpy(dtype=float)
        told = np.array([np.median(each[name].to_numpy(dtype=float)) for each in draws])
        error, prior = (
            float(np.sqrt(np.mean(np.square(each - true)))) for each in (told, np.full_like(true, 0.5))
        )
        gain = 1 - error / prior if prior else np.nan
        rows.append((name, len(true), _correlation(told, true), error, prior, gain))
    names = ["parameter", "cities", "correlation", "error", "prior_error", "gain"]
    return pd.DataFrame(rows, columns=names)


def _correlation(a: Floats, b: Floats) -> float:
    if len(a) < 2 or not a.std() or not b.std():
        return np.nan
    return float(np.corrcoef(a, b)[0, 1])


# --- what charts draw --------------------------------------------------------------------------


@dataclass(frozen=True)
class Calibrated:
    """What charts of a calibration draw.

    Attributes:
        question: what the calibration asks.
        name: of the posterior.
        shares: one row a draw, one column a parameter: the part of the prior below the value.
        values: the values, in the same shape.
        weights: of the draws.
        priors: parameter -> value at the lower end, median and upper end of the prior's 95% interval.
        checks: one row a target: id, measure, unit, relation, observed, told_low, told_high (the values
            that would be told as the observed one; infinite for an open bound), use, low, median, high
            (95% posterior predictive interval), prior_low, prior_median, prior_high (prior predictive),
            distance (of the median run, in standard errors), and perhaps ``of``, a measure that the
            first is a share of.
        generations: one row a generation: generation, epsilon, acceptance (a share), runs, effective
            (sample size).
        runs: of the model, in all.
    """

    question: str
    name: str
    shares: pd.DataFrame
    values: pd.DataFrame
    weights: Floats
    priors: Mapping[str, tuple[float, float, float]]
    checks: pd.DataFrame
    generations: pd.DataFrame
    runs: int


@dataclass(frozen=True)
class Diagnosed:
    """What charts of synthetic cities draw, whose true parameters are known.

    Attributes:
        question: what the calibration asks.
        name: of the posterior.
        truths: one row a city, one column a parameter: the part of the prior below the true value.
        draws: a table of equally weighted draws a city, in the same columns, all of the same length.
        runs: of the model, in all.
        level: with which a right posterior passes.
    """

    question: str
    name: str
    truths: pd.DataFrame
    draws: Sequence[pd.DataFrame]
    runs: int
    level: float = LEVEL

"""Which uncertain parameters an outcome depends on, and how much of it is luck.

The design of a study decides what can be told:

``morris``
    elementary effects along trajectories (Morris 1991; Campolongo, Cariboni and Saltelli 2007);
``saltelli``
    Sobol's indices: shares of variance, of first order and in total (Saltelli and others 2010);
any other random sample
    PAWN: how far the distribution of the outcome moves when one parameter is held in a slice of its
    range (Pianosi and Wagener 2018), which suits skewed outcomes.

Estimators are those of SALib, without its traps: a NaN is refused, seeds are never 0 (SALib takes that for
none), outcomes are scaled before variances are held against the smallest float, and PAWN is computed
here, because SALib's slices leave out the largest value, which of a switch is half of all.

Runs at one point differ by luck. With K independent estimates at each point, a quadratic form such as
a variance is E(q(estimate)) = q(truth) + E(q(error)), and of their mean q(truth) + E(q(error)) / K; so
(K q(mean) - mean q) / (K - 1) is free of luck, whether or not points share seeds. Where levers were
crossed with the points, the lever is a factor like the others.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis import variance
from analysis.statistics import LEVEL, mean, t_quantile
from analysis.tables import Floats, Mask

if TYPE_CHECKING:
    import pandas as pd

Method = Literal["morris", "sobol", "pawn"]
Target = Literal["mean", "noise"]
Labels = NDArray[np.int64]

#: the index by which each method ranks, and the others that it gives
RANKS_BY: dict[Method, str] = {"morris": "mu_star", "sobol": "total", "pawn": "median"}
#: the name of the lever among the factors
LEVER = "lever"
#: least base points, trajectories or points that indices are computed from
LEAST: dict[Method, int] = {"morris": 4, "sobol": 8, "pawn": 30}

RESAMPLES, SHUFFLES, SEED = 200, 100, 20_180_719
#: most slices of a parameter's range in PAWN, and points that a slice ought to have
SLICES, IN_SLICE = 10, 15
#: share of the points at each end of a parameter that a tornado chart compares
END = 0.2


class Factor(NamedTuple):
    """What was varied.

    Attributes:
        name: path of the parameter.
        choices: names of its values by code, from 0; none for a number.
    """

    name: str
    choices: tuple[str, ...] = ()


class Index(NamedTuple):
    """An index with its 95% interval.

    Attributes:
        factor: name of the factor.
        statistic: ``first`` and ``total`` (shares of variance), ``mu_star``, ``mu`` and ``sigma`` (in
            units of the outcome), ``median`` and ``maximum`` (distances from 0 to 1).
        value: the estimate.
        low: lower end of the interval.
        high: upper end.
        luck: what a factor without effect would show, or stay below with 95%; NaN where unknown.
    """

    factor: str
    statistic: str
    value: float
    low: float
    high: float
    luck: float = np.nan


@dataclass(frozen=True)
class Plan:
    """What was varied, and where.

    Attributes:
        method: what the design allows.
        factors: the parameters.
        values: array of shape (points, factors): value of each number, code of each choice.
        levers: names of the alternatives that were run at all points.
        units: for ``morris``: the same shape, places from 0 to 1 on the grid of the trajectories.
        levels: for ``morris``: values of each parameter on that grid.
    """

    method: Method
    factors: tuple[Factor, ...]
    values: Floats
    levers: tuple[str, ...] = ("",)
    units: Floats | None = None
    levels: int = 4

    @property
    def step(self) -> int:
        """Points that belong together: of a trajectory, of a base point."""
        return {"morris": len(self.factors) + 1, "sobol": len(self.factors) + 2, "pawn": 1}[self.method]

    @property
    def bases(self) -> int:
        """Number of trajectories, base points or points."""
        return len(self.values) // self.step

    @property
    def names(self) -> tuple[str, ...]:
        """Of the factors, the lever last if there are several."""
        return (*(each.name for each in self.factors), *([LEVER] if len(self.levers) > 1 else []))

    @cached_property
    def free(self) -> Labels:
        """Points that lie independently of each other, or nearly so."""
        points = np.arange(len(self.values))
        ends = (0, self.step - 1) if self.method == "sobol" else range(self.step)
        return np.asarray(points[np.isin(points % self.step, ends)])

    def first(self, bases: int) -> Plan:
        """The plan as it would have been with fewer trajectories, base points or points."""
        end = bases * self.step
        units = None if self.units is None else self.units[:end]
        return Plan(self.method, self.factors, self.values[:end], self.levers, units, self.levels)


class Filled(NamedTuple):
    """Runs without gaps, the number that were missing, and of those the ones whose whole point was."""

    runs: Floats
    missing: int
    points: int


class Luck(NamedTuple):
    """Share of luck in the variance of a run at a random point, with its 95% interval."""

    share: float
    low: float
    high: float
    replications: int


@dataclass(frozen=True)
class Found:
    """What an outcome depends on.

    Attributes:
        outcome: its name.
        method: how the indices were made.
        indices: columns ``of`` (``mean`` of the replications, or ``noise``: their standard deviation), then
            those of :class:`Index`.
        convergence: columns ``of``, ``bases`` (so many of the first), ``points``, then those of
            :class:`Index`, of the index that ranks.
        tornado: columns ``factor``, ``setting``, ``end`` (0 to 1), ``points``, ``value``, ``low``, ``high``:
            the outcome's mean where the factor is at this end of its range, or has this value.
        luck: share of the variance.
        middle: mean of the outcome over all points.
    """

    outcome: str
    method: Method
    indices: pd.DataFrame
    convergence: pd.DataFrame
    tornado: pd.DataFrame
    luck: Luck
    middle: float

    @property
    def ranked(self) -> pd.DataFrame:
        """The factors by the index of the mean that ranks, largest first; NaN last."""
        table = self.indices[
            (self.indices["of"] == "mean") & (self.indices["statistic"] == RANKS_BY[self.method])
        ]
        return table.sort_values("value", ascending=False, ignore_index=True)

    @property
    def clear(self) -> pd.DataFrame:
        """Those of ``ranked`` whose interval lies above what luck would show."""
        table = self.ranked
        return table[table["low"] > table["luck"].fillna(0.0)]


# --- from runs to results -----------------------------------------------------------------------


def filled(runs: Floats) -> Filled:
    """Put means in the place of missing values.

    A run is given the mean of the others of its lever and point; where a point has none, the mean of
    its lever. This makes luck look smaller, and a parameter weaker where it decides what is missing.

    Args:
        runs: array of shape (levers, points, replications); NaN or infinite where missing.

    Raises:
        ValueError: a lever has no value at all.
    """
    known = np.where(np.isfinite(runs), runs, np.nan)
    gaps: Mask = np.isnan(known)
    if gaps.all(axis=(1, 2)).any():
        raise ValueError("a lever has no value at all")
    lost: Mask = np.asarray(gaps.all(axis=2))
    whole = np.nanmean(known, axis=(1, 2), keepdims=True)
    at_point = np.nanmean(np.where(lost[..., None], whole, known), axis=2, keepdims=True)
    return Filled(np.where(gaps, at_point, known), int(gaps.sum()), int(lost.sum()) * runs.shape[2])


def analysed(plan: Plan, runs: Floats, outcome: str = "outcome") -> Found:
    """What an outcome depends on.

    Args:
        plan: what was varied.
        runs: array of shape (levers, points, replications).
        outcome: its name.

    Raises:
        ValueError: a value is missing (see :func:`filled`), shapes do not agree, or there are fewer points
            than ``LEAST``.
        ImportError: SALib is not installed.
    """
    import pandas as pd

    _check(plan, runs)
    targets: dict[Target, Floats] = {"mean": runs, "noise": noise(runs)}
    indices, steps = list[tuple[object, ...]](), list[tuple[object, ...]]()
    for of, values in targets.items():
        if values.shape[2]:
            indices += [(of, *each) for each in _indices(plan, values)]
            steps += [(of, *each) for each in _converging(plan, values)]
    return Found(
        outcome,
        plan.method,
        pd.DataFrame(indices, columns=["of", *Index._fields]),
        pd.DataFrame(steps, columns=["of", "bases", "points", *Index._fields]),
        tornado(plan, runs),
        luck(plan, runs),
        float(runs[:, plan.free].mean()),
    )


def _check(plan: Plan, runs: Floats) -> None:
    if runs.shape[:2] != (len(plan.levers), len(plan.values)) or not runs.size:
        raise ValueError(
            f"runs of shape {runs.shape} are none of {len(plan.levers)} × {len(plan.values)} points"
        )
    missing = int((~np.isfinite(runs)).sum())
    if missing:
        raise ValueError(f"{missing} of {runs.size} values are missing")
    if plan.bases < LEAST[plan.method]:
        raise ValueError(f"{plan.bases} are too few; {LEAST[plan.method]} are needed at least")


def noise(runs: Floats) -> Floats:
    """Independent estimates of the standard deviation of luck at each point.

    Returns:
        Array of shape (levers, points, estimates): none from one replication, one from two or three, else
        one from each half of the replications.
    """
    number = runs.shape[2]
    parts = [runs] if number < 4 else [runs[..., : number // 2], runs[..., number // 2 :]]
    known = [part.std(axis=2, ddof=1) for part in parts if part.shape[2] > 1]
    return np.stack(known, axis=2) if known else np.empty((*runs.shape[:2], 0))


def luck(plan: Plan, runs: Floats) -> Luck:
    """How much of the variance of a run at a random point of the plan is luck; NaN from one replication."""
    values = runs[:, plan.free]
    levers, points, replications = values.shape
    point, replication = (
        np.repeat(np.arange(levers * points), replications),
        np.tile(np.arange(replications), levers * points),
    )
    found = variance.parts("", point, replication, values.ravel())
    return Luck(1 - found.share, 1 - found.high, 1 - found.low, replications)


def _indices(plan: Plan, estimates: Floats) -> list[Index]:
    """All indices of the mean of some estimates a point: array of shape (levers, points, estimates)."""
    if np.ptp(estimates.mean(axis=2)) <= 0:
        statistic = RANKS_BY[plan.method]
        return [Index(name, statistic, np.nan, np.nan, np.nan) for name in plan.names]
    methods: dict[Method, Callable[[Plan, Floats], list[Index]]]
    methods = {"morris": _morris, "sobol": _sobol, "pawn": _pawn}
    return methods[plan.method](plan, estimates)


def _converging(plan: Plan, estimates: Floats) -> Iterator[tuple[object, ...]]:
    """The index that ranks, of more and more of the sample."""
    order = _mixed(plan)
    for bases in sizes(plan.bases, LEAST[plan.method]):
        part, values = plan, estimates
        if bases < plan.bases:
            part = Plan(plan.method, plan.factors, plan.values[order], plan.levers, plan.units, plan.levels)
            part, values = part.first(bases), estimates[:, order][:, : bases * plan.step]
        for each in _indices(part, values):
            if each.statistic == RANKS_BY[plan.method]:
                yield (bases, bases * plan.step, *each)


def _mixed(plan: Plan) -> Labels:
    """An order of the points in which the first of them are a sample of all."""
    points = np.arange(len(plan.values))
    return np.random.default_rng(SEED).permutation(points) if plan.method == "pawn" else points


def sizes(bases: int, least: int) -> list[int]:
    """All, half of them, a quarter and so on, at least ``least`` and up to six, smallest first."""
    found = [bases >> halved for halved in range(6)]
    return sorted({bases, *(size for size in found if size >= least)})


# --- elementary effects -------------------------------------------------------------------------


def _morris(plan: Plan, estimates: Floats) -> list[Index]:
    """Elementary effects across the range; of a choice, of going from one value to another."""
    from SALib.analyze import morris

    assert plan.units is not None
    names = [each.name for each in plan.factors]
    jump = plan.levels / (2 * (plan.levels - 1))
    found = morris.analyze(
        {"num_vars": len(names), "names": names, "groups": None, "bounds": [[0.0, 1.0]] * len(names)},
        np.tile(plan.units, (len(plan.levers), 1)),
        estimates.mean(axis=2).ravel(),
        num_resamples=1000,
        num_levels=plan.levels,
        seed=SEED,
    )
    floor, rows = _effect_of_luck(plan, estimates), list[Index]()
    for place, factor in enumerate(plan.factors):
        scale = jump if factor.choices else 1.0
        size, half, middle, spread = (
            scale * float(found[key][place]) for key in ("mu_star", "mu_star_conf", "mu", "sigma")
        )
        least = scale * floor[place] / jump
        rows += [
            Index(factor.name, "mu_star", size, max(0.0, size - half), size + half, least),
            Index(factor.name, "mu", middle, np.nan, np.nan),
            Index(factor.name, "sigma", spread, np.nan, np.nan),
        ]
    return [*rows, *_lever_effect(plan, estimates)]


def steps(plan: Plan, values: Floats) -> Floats:
    """Changes of a value along the trajectories, by the factor that was moved.

    Args:
        plan: of trajectories.
        values: array of shape (levers, points, estimates).

    Returns:
        Array of shape (levers, trajectories, factors, estimates), each for a step up.
    """
    assert plan.units is not None
    moved = np.diff(plan.units.reshape(plan.bases, plan.step, -1), axis=1)
    change = np.diff(values.reshape(values.shape[0], plan.bases, plan.step, -1), axis=2)
    return np.asarray(np.einsum("ltsk,tsf->ltfk", change, np.sign(moved)))


def _effect_of_luck(plan: Plan, estimates: Floats) -> Floats:
    """The mean size of a step, did only luck make it: normal errors of the mean of the estimates."""
    number = estimates.shape[2]
    if number < 2:
        return np.full(len(plan.factors), np.nan)
    error = steps(plan, estimates).std(axis=3, ddof=1) / np.sqrt(number)
    return np.asarray(error.mean(axis=(0, 1)) * np.sqrt(2 / np.pi))


def _lever_effect(plan: Plan, estimates: Floats) -> Iterator[Index]:
    """Differences between each two levers at all points; by trajectory, for the interval."""
    if len(plan.levers) < 2:
        return
    one, other = np.triu_indices(len(plan.levers), 1)
    apart = estimates[other] - estimates[one]
    gaps = apart.mean(axis=2)
    found = mean(np.abs(gaps).reshape(len(gaps), plan.bases, plan.step).mean(axis=(0, 2)))
    number = estimates.shape[2]
    floor = np.nan
    if number > 1:
        floor = float((apart.std(axis=2, ddof=1) / np.sqrt(number)).mean() * np.sqrt(2 / np.pi))
    yield Index(LEVER, "mu_star", found.estimate, max(0.0, found.low), found.high, floor)
    yield Index(LEVER, "mu", float(gaps.mean()) if len(gaps) == 1 else np.nan, np.nan, np.nan)
    yield Index(LEVER, "sigma", float(gaps.std(ddof=1)), np.nan, np.nan)


# --- Sobol's indices ----------------------------------------------------------------------------


def _sobol(plan: Plan, estimates: Floats) -> list[Index]:
    """First-order and total indices, free of luck where there are two estimates or more."""
    levers, _, number = estimates.shape
    estimates = estimates.reshape(levers, plan.bases, plan.step, number)
    middle = estimates[:, :, [0, -1]].mean(axis=(0, 1, 2))
    estimates = (estimates - middle) / estimates.mean(axis=3).std()
    draws = np.random.default_rng(SEED).integers(plan.bases, size=(RESAMPLES, plan.bases))
    found = _parts(estimates)
    again = np.stack([_parts(estimates[:, draw]) for draw in draws])
    without = [_parts(np.delete(estimates, each, axis=3)) for each in range(number if number > 2 else 0)]
    return _shares(plan, found, again, np.array(without).reshape(-1, len(found)), certain=number == 1)


def _parts(estimates: Floats) -> Floats:
    """The variance, then the numerators of first-order and total indices, of the lever last; free of luck.

    Args:
        estimates: array of shape (levers, bases, 2 + factors, estimates).
    """
    from SALib.analyze import sobol

    number = estimates.shape[3]
    values = np.concatenate([estimates.mean(axis=3, keepdims=True), estimates], axis=3)
    ends = values[:, :, [0, -1]]
    together = values.mean(axis=0)
    apart = np.moveaxis(values, 0, 2)  # (bases, 2 + factors, levers, estimates)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # what does not vary has a variance of 0, as it should
        first = _numerator(sobol.first_order, together)
        total = _numerator(sobol.total_order, apart).mean(axis=1)
    forms = [ends.var(axis=(0, 1, 2))[None], first, ends.mean(axis=(1, 2)).var(axis=0)[None]]
    forms += [total, ends.var(axis=0).mean(axis=(0, 1))[None]]
    stacked = np.concatenate(forms)
    if number == 1:
        return np.asarray(stacked[:, 0])
    return np.asarray((number * stacked[:, 0] - stacked[:, 1:].mean(axis=1)) / (number - 1))


def _numerator(estimator: Callable[..., Any], values: Floats) -> Floats:
    """A variance: the index that SALib's estimator gives, times the variance by which it divides."""
    crossed = values[:, 1:-1]
    one, other = (np.broadcast_to(values[:, [end]], crossed.shape) for end in (0, -1))
    return np.asarray(estimator(one, crossed, other) * np.r_[one, other].var(axis=0))


def _shares(plan: Plan, found: Floats, again: Floats, without: Floats, *, certain: bool) -> list[Index]:
    """Indices with intervals; NaN where the variance that parameters make is not clear of nothing.

    Args:
        plan: what was varied.
        found: what :func:`_parts` gives.
        again: the same of base points drawn anew, one row each.
        without: the same without one estimate after the other (points may share the luck of a seed).
        certain: there is no luck in the estimates.
    """
    clear = found[0] > (0.0 if certain else float(_half(again[:, [0]], without[:0, [0]])[0]))
    values = found[1:] / found[0] if clear else np.full(len(found) - 1, np.nan)
    drawn, left = ((each[:, 1:] - values * each[:, [0]]) / found[0] for each in (again, without))
    wide = _half(drawn, left)
    names, half = [each.name for each in plan.factors] + [LEVER], len(plan.factors) + 1
    return [
        Index(name, statistic, float(values[at]), float(values[at] - wide[at]), float(values[at] + wide[at]))
        for place, name in enumerate(names)
        if name in plan.names
        for statistic, at in (("first", place), ("total", half + place))
    ]


def _half(again: Floats, without: Floats) -> Floats:
    """Half the width of an interval: bootstrap over base points, and jackknife over replications."""
    error, number = again.var(axis=0, ddof=1), len(without)
    if number:
        error = error + (number - 1) / number * ((without - without.mean(axis=0)) ** 2).sum(axis=0)
    return np.asarray(t_quantile(np.inf, LEVEL) * np.sqrt(error))


# --- PAWN ---------------------------------------------------------------------------------------


def _pawn(plan: Plan, estimates: Floats) -> list[Index]:
    """Kolmogorov and Smirnov's distance between outcomes in a slice of a factor and all outcomes."""
    outcomes = estimates.mean(axis=2)
    levers, points = outcomes.shape
    rng, z = np.random.default_rng(SEED), float(t_quantile(np.inf, LEVEL))
    draws = rng.integers(points, size=(RESAMPLES, points))
    orders = [rng.permutation(levers * points) for _ in range(SHUFFLES)]
    rows = list[Index]()
    for name, labels in _slices(plan):
        marks = np.broadcast_to(labels, outcomes.shape)
        value = _distances(marks.ravel(), outcomes.ravel())
        again = [_distances(marks[:, draw].ravel(), outcomes[:, draw].ravel()) for draw in draws]
        null = [_distances(marks.ravel()[order], outcomes.ravel()) for order in orders]
        half, floor = z * np.std(again, axis=0, ddof=1), np.quantile(null, LEVEL, axis=0)
        for place, statistic in enumerate(("median", "maximum")):
            size, wide = float(value[place]), float(half[place])
            low, high = max(0.0, size - wide), min(1.0, size + wide)
            rows.append(Index(name, statistic, size, low, high, float(floor[place])))
    return rows


def _slices(plan: Plan) -> Iterator[tuple[str, Labels]]:
    """Every factor with the number of the slice of each point, or (the lever) of each lever."""
    number = int(np.clip(len(plan.values) // IN_SLICE, 2, SLICES))
    for factor, values in zip(plan.factors, plan.values.T, strict=True):
        yield factor.name, sliced(values, len(factor.choices) or number)
    if len(plan.levers) > 1:
        yield LEVER, np.arange(len(plan.levers))[:, None]


def sliced(values: Floats, slices: int) -> Labels:
    """The number of each value's slice, from 0: slices hold about as many points each.

    Equal values share a slice; where there are no more than ``slices`` different ones, each has its own.
    """
    different, code = np.unique(values, return_inverse=True)
    if len(different) <= slices:
        return np.asarray(code)
    edges = np.unique(np.quantile(values, np.arange(1, slices) / slices))
    return np.asarray(np.searchsorted(edges, values, side="right"))


def _distances(labels: Labels, outcomes: Floats) -> tuple[float, float]:
    """Median and maximum over the slices of the distance from the outcomes of all."""
    apart = distances(labels, outcomes)
    return float(np.median(apart)), float(apart.max())


def distances(labels: Labels, outcomes: Floats) -> Floats:
    """Of each slice that is not empty: how far its distribution function is from that of all, at most."""
    order = np.argsort(outcomes, kind="stable")
    ranked, marks = outcomes[order], labels[order]
    inside = marks[None, :] == np.unique(marks)[:, None]
    share = np.cumsum(inside, axis=1) / inside.sum(axis=1, keepdims=True)
    apart = np.abs(share - np.arange(1, len(ranked) + 1) / len(ranked))
    last = np.append(ranked[1:] > ranked[:-1], True)  # equal outcomes are one step of both functions
    return np.asarray(apart[:, last].max(axis=1))


# --- tornado ------------------------------------------------------------------------------------


def tornado(plan: Plan, runs: Floats) -> pd.DataFrame:
    """The mean of the outcome at either end of each factor, whatever the others are.

    Ends of a number are the lowest and the highest fifth of its values; of a choice, and of the lever,
    every value is one. Intervals are t intervals over points. Trajectories are too few for that: of
    ``morris`` the ends lie half of the mean effect below and above the mean, with t intervals over
    trajectories, and a choice of more than two values has none.

    Returns:
        The columns of :attr:`Found.tornado`.
    """
    import pandas as pd

    means = runs.mean(axis=2)
    cluster = np.arange(len(plan.values)) // (plan.step if plan.method == "morris" else 1)
    rows = list(_half_effects(plan, runs)) if plan.method == "morris" else []
    for factor, values in zip(plan.factors, plan.values.T, strict=True):
        for setting, end, there in _ends(factor, values) if plan.method != "morris" else ():
            at = plan.free[there[plan.free]]
            rows.append((factor.name, setting, end, *_level(means[:, at].mean(axis=0), cluster[at])))
    for place, lever in enumerate(plan.levers if len(plan.levers) > 1 else ()):
        end = place / (len(plan.levers) - 1)
        rows.append((LEVER, lever, end, *_level(means[place, plan.free], cluster[plan.free])))
    return pd.DataFrame(rows, columns=["factor", "setting", "end", "points", "value", "low", "high"])


def _half_effects(plan: Plan, runs: Floats) -> Iterator[tuple[object, ...]]:
    """For each number or switch the mean of all runs, less and plus half of its mean effect."""
    jump, middle = plan.levels / (2 * (plan.levels - 1)), float(runs.mean())
    effects = steps(plan, runs).mean(axis=(0, 3))  # (trajectories, factors)
    for place, (factor, values) in enumerate(zip(plan.factors, plan.values.T, strict=True)):
        if len(factor.choices) > 2:
            continue
        found = mean(effects[:, place] / (1.0 if factor.choices else jump))
        names = factor.choices or (f"{values.min():.3g}", f"{values.max():.3g}")
        low, high = middle - found.high / 2, middle - found.low / 2
        yield factor.name, names[0], 0.0, found.n, middle - found.estimate / 2, low, high
        low, high = middle + found.low / 2, middle + found.high / 2
        yield factor.name, names[-1], 1.0, found.n, middle + found.estimate / 2, low, high


def _ends(factor: Factor, values: Floats) -> Iterator[tuple[str, float, NDArray[np.bool_]]]:
    """Name, place from 0 to 1, and points of each setting of a factor."""
    if factor.choices:
        for code, name in enumerate(factor.choices):
            yield name, code / max(len(factor.choices) - 1, 1), values == code
        return
    low, high = np.quantile(values, [END, 1 - END])
    yield f"{values.min():.3g} to {low:.3g}" if low > values.min() else f"{low:.3g}", 0.0, values <= low
    yield f"{high:.3g} to {values.max():.3g}" if high < values.max() else f"{high:.3g}", 1.0, values >= high


def _level(values: Floats, cluster: Labels) -> tuple[int, float, float, float]:
    import pandas as pd

    found = mean(pd.Series(values).groupby(cluster).mean())
    return len(values), float(values.mean()) if len(values) else np.nan, found.low, found.high


def grid(rows: pd.DataFrame, measure: str, levers: Sequence[str], points: int, replications: int) -> Floats:
    """A measure of a table of outcomes as an array of shape (levers, points, replications).

    Missing runs are NaN.

    Args:
        rows: one row a run: scenario, point, replication (both from 1), measures.
        measure: name of a column.
        levers: the scenarios, in order.
        points: number of points.
        replications: runs of every lever at every point.
    """
    found = np.full((len(levers), points, replications), np.nan)
    lever = {name: place for place, name in enumerate(levers)}
    place = rows["scenario"].astype(str).map(lever).to_numpy(dtype=int)
    found[place, rows["point"].to_numpy(dtype=int) - 1, rows["replication"].to_numpy(dtype=int) - 1] = rows[
        measure
    ].to_numpy(dtype=float)
    return found

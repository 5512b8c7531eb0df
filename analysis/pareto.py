"""Policies that no other one beats in every objective, and how they fare in the worlds nobody can rule out.

Everything here is about arrays of outcomes at the same worlds and seeds. The mean over worlds is what
an objective is; replications share their seed over the worlds, so the mean of each replication over
the worlds is one observation, and intervals hold the luck of the runs, not what is unknown about the
worlds: that is told world by world.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.statistics import half_width
from analysis.tables import Floats, Mask

#: draws of a bootstrap
RESAMPLES = 1000


def mean(values: Floats, axis: int | tuple[int, ...]) -> Floats:
    """The mean of what is defined along an axis; NaN where nothing is."""
    known = ~np.isnan(values)
    number = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.asarray(np.divide(total, number, out=np.full(np.shape(total), np.nan), where=number > 0))


def dominated(costs: Floats) -> Mask:
    """Which rows another row beats: nowhere worse and somewhere better.

    Args:
        costs: rows × objectives, smaller is better; a row that is not finite is always beaten.
    """
    beaten: Mask = np.asarray(~np.isfinite(costs).all(axis=1))
    good = costs[~beaten]
    for place, row in zip(np.flatnonzero(~beaten), good, strict=True):
        beaten[place] = bool(((good <= row).all(axis=1) & (good < row).any(axis=1)).any())
    return beaten


class Estimate(NamedTuple):
    """Means with half the width of their 95% t intervals over replications; arrays of one shape."""

    mean: Floats
    half: Floats


@dataclass(frozen=True)
class Front:
    """Policies that were found, with every outcome of theirs.

    Attributes:
        names: of the policies.
        objectives: the measures.
        more: for each objective, whether more of it is wanted (otherwise less).
        values: policies × replications × worlds × objectives; NaN where a measure is not defined.
        base: the same of the scenario that the search began with, without the first axis.
        others: the same of further policies with as many replications, which were beaten; they count
            where the best of a world is looked for.
    """

    names: tuple[str, ...]
    objectives: tuple[str, ...]
    more: tuple[bool, ...]
    values: Floats
    base: Floats
    others: Floats

    @cached_property
    def signs(self) -> Floats:
        """Per objective -1 where more is wanted and 1 where less is: outcome times sign is a cost."""
        return np.where(self.more, -1.0, 1.0)

    @cached_property
    def levels(self) -> Estimate:
        """Each policy's objectives: policies × objectives."""
        return _estimate(mean(self.values, axis=2))

    @cached_property
    def gains(self) -> Estimate:
        """Differences from the base at the same worlds and seeds: policies × objectives."""
        return _estimate(mean(self.values - self.base, axis=2))

    @cached_property
    def beats_base(self) -> Mask:
        """Which policies are nowhere worse than the base, and somewhere better."""
        base = mean(self.base, axis=(0, 1)) * self.signs
        costs = self.levels.mean * self.signs
        return np.asarray((costs <= base).all(axis=1) & (costs < base).any(axis=1))

    @cached_property
    def by_world(self) -> Floats:
        """Means over replications: policies × worlds × objectives."""
        return mean(self.values, axis=1)

    @cached_property
    def known(self) -> Floats:
        """The values of all policies that were sampled as long, the base last, as in ``values``."""
        return np.concatenate([self.values, self.others, self.base[None]])

    @cached_property
    def regrets(self) -> Floats:
        """How much worse each policy is than the best known one of each world, in units of the measure.

        The best is looked for among all policies that were sampled as long, the base included (Savage 1951).

        Returns:
            Policies × worlds × objectives, none below 0.
        """
        best, _ = self._ends
        return np.asarray(np.maximum(self.by_world * self.signs - best, 0.0))

    @cached_property
    def _ends(self) -> tuple[Floats, Floats]:
        """The best and the worst cost of any known policy: worlds × objectives."""
        costs = mean(self.known, axis=1) * self.signs
        undefined = np.isnan(costs)
        return np.where(undefined, np.inf, costs).min(axis=0), np.where(undefined, -np.inf, costs).max(axis=0)

    @cached_property
    def worst(self) -> Floats:
        """Per policy the largest regret in any world and objective, as a share of the widest gap.

        The gap is that between the best and the worst known policy in the world where they lie
        furthest apart. An outcome that is not defined counts as the worst.
        """
        best, worst = self._ends
        gaps = np.where(np.isfinite(worst - best), worst - best, 0.0).max(axis=0)
        shares = self.regrets / np.where(gaps > 0, gaps, 1.0)
        return np.asarray(np.where(np.isfinite(shares), shares, 1.0).max(axis=(1, 2)))

    def satisficing(self, thresholds: Sequence[float | None]) -> Mask:
        """In which worlds a policy meets all thresholds (Starr 1963).

        Args:
            thresholds: per objective what is at least (more) or at most (less) wanted, or nothing.

        Returns:
            Policies × worlds. An outcome that is not defined meets no threshold.
        """
        asked = [place for place, threshold in enumerate(thresholds) if threshold is not None]
        limits = np.array([thresholds[place] for place in asked], dtype=float)
        costs = self.by_world[:, :, asked] * self.signs[asked]
        return np.asarray((costs <= limits * self.signs[asked]).all(axis=2))

    def staying(self, seed: int, resamples: int = RESAMPLES) -> Floats:
        """How sure it is that a policy is beaten by none: the share of resamples in which it is not.

        Replications are drawn with replacement, the same ones for every policy (a paired bootstrap).
        """
        costs = mean(self.known, axis=2) * self.signs
        draws = np.random.default_rng(seed).integers(0, costs.shape[1], (resamples, costs.shape[1]))
        stays = np.zeros(len(self.names))
        for draw in draws:
            stays += ~dominated(mean(costs[:, draw], axis=1))[: len(self.names)]
        return np.asarray(stays / resamples)


def _estimate(replications: Floats) -> Estimate:
    """From policies × replications × objectives."""
    known: NDArray[np.intp] = (~np.isnan(replications)).sum(axis=1)
    average = mean(replications, axis=1)
    squares = mean((replications - average[:, None]) ** 2, axis=1) * known
    deviation = np.sqrt(squares / np.maximum(known - 1, 1))
    return Estimate(average, half_width(deviation, known))

"""How long it takes to reach a stage, with open cases treated as censored.

A case can reach a stage, end before it (a competing event), or still be open when the record
stops (censored: it may reach the stage later). The Aalen-Johansen estimator gives the share that
has reached the stage by each time since submission without taking open cases for lost ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.statistics import LEVEL, t_quantile
from analysis.tables import Floats, Rows, Tables
from sim.stages import ENDS

Ints = NDArray[np.int64]

#: status of a case: still open, reached the stage, or ended before it
OPEN, REACHED, ENDED = 0, 1, 2


class Times(NamedTuple):
    """Time from submission (days) of each case, its status, and the run that it belongs to."""

    time: Floats
    status: Ints
    run: Rows


class Incidence(NamedTuple):
    """Share that has reached a stage by each time (days since submission), and its standard error.

    ``free`` are the degrees of freedom of the error: groups less one.
    """

    time: Floats
    share: Floats
    error: Floats
    free: float = np.inf

    def band(self, level: float = LEVEL) -> tuple[Floats, Floats]:
        """The ends of the pointwise interval, on the log(-log) scale, so that they stay within 0 and 1."""
        inner = (self.share > 0) & (self.share < 1)
        part, slope = np.where(inner, self.share, 0.5), t_quantile(max(1.0, self.free), level)
        spread = np.exp(slope * self.error / (-np.log(part) * part))
        low, high = (np.where(inner, part**power, self.share) for power in (spread, 1 / spread))
        return low, high


def times(tables: Tables, stage: str) -> Times:
    """When each submitted case reached a stage, ended before it, or was last seen open.

    Cases that passed the stage by (bought without a tender, say) count as ended when they end.
    """
    seen = tables.runs["days"].to_numpy()[tables.run_of_case]
    begin, there = tables.reached["submitted"].to_numpy(), tables.reached[stage].to_numpy()
    end = np.fmin.reduce([tables.reached[name].to_numpy() for name in ENDS])
    status = np.select([~np.isnan(there), ~np.isnan(end)], [REACHED, ENDED], OPEN)
    time = np.select([status == REACHED, status == ENDED], [there, end], seen) - begin
    submitted = ~np.isnan(begin)
    return Times(time[submitted], status[submitted], tables.run_of_case[submitted])


def incidence(tables: Tables, stage: str, grid: ArrayLike) -> Incidence:
    """The share of proposals that has reached a stage by each time of the grid (days), runs pooled.

    The standard error is over runs (of one run alone, over its cases).
    """
    found = times(tables, stage)
    groups = found.run if len(np.unique(found.run)) > 1 else np.arange(len(found.run))
    return aalen_johansen(found.time, found.status, grid, groups)


def aalen_johansen(
    time: ArrayLike, status: ArrayLike, grid: ArrayLike, groups: ArrayLike | None = None
) -> Incidence:
    """Cumulative incidence of status 1 in the presence of status 2, 0 being censored.

    Args:
        time: time of each case's event or censoring; censorings come after events at the same time.
        status: 0 censored, 1 the event, 2 the competing event.
        grid: times at which the estimate is wanted; beyond the last time seen it stays as it was.
        groups: which cases belong together (those of one run); by default each stands alone. The
            standard error is the delete-one-group jackknife.
    """
    time, status, grid = np.asarray(time, dtype=float), np.asarray(status), np.asarray(grid, dtype=float)
    order = np.argsort(time, kind="stable")
    time, status = time[order], status[order]
    labels = np.arange(len(time)) if groups is None else np.unique(groups, return_inverse=True)[1][order]
    estimate = _estimator(time, status, grid)
    share = estimate(np.ones(len(time), dtype=bool))
    return Incidence(grid, share, _jackknife(estimate, labels, share), float(labels.max(initial=0)))


def _estimator(time: Floats, status: Ints, grid: Floats) -> Callable[[NDArray[np.bool_]], Floats]:
    """The estimate as a function of which cases are kept; times are sorted."""
    distinct, place = np.unique(time, return_inverse=True)
    until = np.searchsorted(distinct, grid, side="right")

    def estimate(kept: NDArray[np.bool_]) -> Floats:
        leaving, events, competing = (
            np.bincount(place[chosen], minlength=len(distinct))
            for chosen in (kept, kept & (status == REACHED), kept & (status == ENDED))
        )
        at_risk = np.maximum(np.cumsum(leaving[::-1])[::-1], 1)
        free = np.cumprod(1 - (events + competing) / at_risk)
        before = np.concatenate(([1.0], free[:-1]))
        reached = np.concatenate(([0.0], np.cumsum(before * events / at_risk)))
        return reached[until]

    return estimate


def _jackknife(estimate: Callable[[NDArray[np.bool_]], Floats], labels: Rows, share: Floats) -> Floats:
    groups = int(labels.max(initial=-1)) + 1
    if groups < 2:
        return np.full(len(share), np.nan)
    without = np.array([estimate(labels != group) for group in range(groups)])
    return np.asarray(np.sqrt((groups - 1) * without.var(axis=0)))

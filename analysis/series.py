"""What runs show over time: arrays with one row a run (or other entity) and one column a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from analysis.tables import Floats, Rows


def cumulative(entity: Rows, time: Floats, amount: ArrayLike, entities: int, grid: Floats) -> Floats:
    """The sum, for each entity, of what happened up to and at each time of the grid.

    Args:
        entity: row of each event's entity, below ``entities``.
        time: its time (days).
        amount: what it adds; 1 for counting.
        entities: number of rows of the result.
        grid: increasing times (days).

    Returns:
        Array of shape (entities, len(grid)).
    """
    sums = np.zeros((entities, len(grid) + 1))
    np.add.at(sums, (entity, np.searchsorted(grid, time)), np.broadcast_to(amount, time.shape))
    return np.cumsum(sums[:, :-1], axis=1)


def latest(entity: Rows, time: Floats, value: Floats, entities: int, grid: Floats) -> Floats:
    """The last value that each entity took up to and at each time of the grid, NaN before the first.

    Arguments and result as in :func:`cumulative`.
    """
    order = np.lexsort((time, entity))
    before = cumulative(entity, time, 1.0, entities, grid).astype(np.intp)
    first = np.searchsorted(entity[order], np.arange(entities))
    known = np.append(value[order], np.nan)
    return np.where(before > 0, known[first[:, None] + before - 1], np.nan)


class Band(NamedTuple):
    """Over the runs, at each time: mean, median, and the ends of the middle 50% and 95%."""

    mean: Floats
    median: Floats
    low50: Floats
    high50: Floats
    low95: Floats
    high95: Floats


def band(values: Floats) -> Band:
    """The band of an array of one row a run; runs that are NaN at a time are left out there."""
    known = ~np.isnan(values).all(axis=0)
    found = np.full((len(Band._fields), values.shape[1]), np.nan)
    if known.any():
        found[0, known] = np.nanmean(values[:, known], axis=0)
        found[1:, known] = np.nanpercentile(values[:, known], (50, 25, 75, 2.5, 97.5), axis=0)
    return Band(*found)


def unseen(values: Floats, days: Floats, grid: Floats) -> Floats:
    """The same values with NaN after the end of each run's record (``days``, one a run)."""
    return np.where(grid[None, :] <= days[:, None] + 1e-9, values, np.nan)

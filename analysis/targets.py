"""Observed figures beside what the runs give on the same day, in the same channel."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from analysis.measures import MEASURES, share
from analysis.statistics import LEVEL, described
from analysis.tables import Floats, Tables, of_channel, until

if TYPE_CHECKING:
    import pandas as pd

    from sim.observed import Target

#: series in time -> the measure that is their value on a day
SERIES = {"poc_starts": "poc_started"}


def simulated(tables: Tables, target: Target) -> Floats | None:
    """The value in each run of what an observed figure tells, as seen on the figure's day.

    Returns:
        An array of one value a run. None where there is nothing to compare: no measure is known
        for the figure, its channel does not occur, or it is a count on a day on which no run is
        seen. Shares dated after the end are compared with those at the end.
    """
    name = SERIES.get(target.measure, target.measure)
    if name not in MEASURES or not (target.of is None or target.of in MEASURES):
        return None
    if target.relation != "share" and not covers(tables, target.date):
        return None
    seen = until(tables if target.channel is None else of_channel(tables, target.channel), target.date)
    if target.channel is not None and not len(seen.cases):
        return None
    value = MEASURES[name].function(seen)
    return value if target.of is None else share(value, MEASURES[target.of].function(seen))


def covers(tables: Tables, day: date) -> bool:
    """Whether a day lies within the period of the longest run."""
    passed = (np.datetime64(day, "D") - tables.runs["start"].to_numpy().astype("datetime64[D]")).astype(float)
    return bool(np.any((passed >= 0) & (passed <= tables.runs["days"].to_numpy())))


def beside(tables: Tables, targets: Iterable[Target], level: float = LEVEL) -> pd.DataFrame:
    """Each observed figure for which a measure is known, beside the runs.

    Returns:
        One row for each figure and scenario: id, reading, use, measure, of, channel, date,
        relation, observed, scenario, then mean, low, high, lower, upper, runs as in
        :func:`analysis.statistics.summary`.
    """
    import pandas as pd

    rows = []
    for target in targets:
        values = simulated(tables, target)
        if values is not None:
            table = described(tables.runs[["scenario"]].assign(value=values), ["scenario"], level)
            rows.append(pd.DataFrame([_told(target)] * len(table)).join(table))
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()


def _told(target: Target) -> dict[str, object]:
    names = ("id", "reading", "use", "measure", "of", "channel", "date", "relation")
    return {**{name: getattr(target, name) for name in names}, "observed": target.value}

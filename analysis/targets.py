"""Observed figures beside what the runs give on the same day, in the same channel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, cast

import numpy as np

from analysis.measures import CALLED, MEASURES, Measure, count, count_events, reached, share
from analysis.statistics import LEVEL, described
from analysis.tables import RUN, Floats, Mask, Tables, is_, of_channel, until

if TYPE_CHECKING:
    import pandas as pd

    from sim.observed import Target

#: series in time -> the measure that is their value on a day
SERIES = {"poc_starts": "poc_started"}


def _first_call_matches(tables: Tables) -> Floats:
    """The answers to one call come in at one moment, so those to the first call have the earliest."""
    begun = np.where(is_(tables.channel, *CALLED), tables.reached["submitted"].to_numpy(), np.nan)
    first = np.full(len(tables.runs), np.inf)
    np.fmin.at(first, tables.run_of_case, begun)
    return count(tables, (begun == first[tables.run_of_case]) & reached(tables, "matched"))


def _tender_awards(tables: Tables) -> Floats:
    about, tendered = tables.case_of_event, reached(tables, "tender")
    return count_events(tables, is_(tables.events["kind"], "award") & (about >= 0) & tendered[about])


#: measures that an observed figure tells, and that are too narrow to be told of every run
NARROW: Mapping[str, Measure] = {
    "first_call_matches": Measure(
        "first_call_matches",
        "answers to the first call that a department agreed to host",
        "POCs",
        _first_call_matches,
    ),
    "tender_awards": Measure(
        "tender_awards", "calls for tenders that led to an award", "tenders", _tender_awards
    ),
}


def measured(target: Target) -> Measure | None:
    """The measure of a figure; None where there is none of that name, or none that it is a share of."""
    if target.of is not None and target.of not in MEASURES:
        return None
    name = SERIES.get(target.measure, target.measure)
    return NARROW.get(name) or MEASURES.get(name)


def unit(target: Target) -> str:
    """The unit of a figure: of what is divided by something a share; empty where no measure is known."""
    measure = measured(target)
    if target.of is not None:
        return "share"
    return "" if measure is None else measure.unit


def simulated(tables: Tables, target: Target) -> Floats | None:
    """The value in each run of what an observed figure tells, as seen on the figure's day.

    Returns:
        An array of one value a run. None where there is nothing to compare: no measure is known
        for the figure, its channel does not occur, or it is a count on a day on which no run is
        seen. Shares dated after the end are compared with those at the end.
    """
    measure = measured(target)
    if measure is None or (target.relation != "share" and not covers(tables, target.date)):
        return None
    seen = until(tables if target.channel is None else of_channel(tables, target.channel), target.date)
    if target.channel is not None and not len(seen.cases):
        return None
    return _values(seen, target, measure)[0]


def seen(tables: Tables, targets: Sequence[Target]) -> pd.DataFrame:
    """What each run shows of each observed figure on the figure's day, in its channel, open cases included.

    Returns:
        One row a run: scenario, seed, then for each figure a column ``<id>`` with the value and a
        column ``<id>.of`` with the number of cases that it is a share of, or a mean over. A value is
        missing where it is not defined: there is no such measure, nothing to take a share of, or it
        is a count and the run does not cover the day. Shares and means dated after the end of a run
        are those at its end, and so are those dated before its start, which stand for what is usual.
        A number of cases is missing for counts.
    """
    channel = cache(lambda name: tables if name is None else of_channel(tables, name))
    then = cache(lambda name, day: _then(channel(name), day))
    columns = dict[str, Floats]()
    for target in targets:
        columns[target.id], columns[f"{target.id}.of"] = _shown(tables, target, then)
    return tables.runs[RUN].assign(**columns)


def _shown(
    tables: Tables, target: Target, then: Callable[[str | None, date], Tables]
) -> tuple[Floats, Floats]:
    measure, none = measured(target), np.full(len(tables.runs), np.nan)
    if measure is None:
        return none, none
    value, whole = _values(then(target.channel, target.date), target, measure)
    if whole is None:
        return np.where(_covered(tables, target.date), value, np.nan), none
    return value, whole


def _then(tables: Tables, day: date) -> Tables:
    """As seen on a day; runs that begin later, as at their end."""
    passed = _passed(tables, day)
    when = np.where(passed < 0, np.inf, passed)
    if np.all(when >= tables.runs["days"].to_numpy()):
        return tables
    return until(tables, cast(float, when))  # a number of days for each run


def _values(tables: Tables, target: Target, measure: Measure) -> tuple[Floats, Floats | None]:
    """What a figure tells, and the number of cases that it is a share of."""
    value = measure.function(tables)
    if target.of is not None:
        whole = MEASURES[target.of].function(tables)
        return share(value, whole), whole
    return value, None if measure.whole is None else measure.whole(tables)


def covers(tables: Tables, day: date) -> bool:
    """Whether a day lies within the period of the longest run."""
    return bool(np.any(_covered(tables, day)))


def _covered(tables: Tables, day: date) -> Mask:
    passed = _passed(tables, day)
    return np.asarray((passed >= 0) & (passed <= tables.runs["days"].to_numpy()))


def _passed(tables: Tables, day: date) -> Floats:
    """Days from the start of each run to a day."""
    start = tables.runs["start"].to_numpy().astype("datetime64[D]")
    return np.asarray((np.datetime64(day, "D") - start).astype(float))


def beside(
    tables: Tables,
    targets: Iterable[Target],
    level: float = LEVEL,
    units: pd.Series[int] | None = None,
) -> pd.DataFrame:
    """Each observed figure for which a measure is known, beside the runs.

    With ``units``, those of each seed (the index), intervals are over units.

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
            runs = tables.runs[["scenario"]].assign(value=values)
            if units is not None:
                runs["unit"] = units.loc[tables.runs["seed"]].to_numpy()
            table = described(runs, ["scenario"], level)
            rows.append(pd.DataFrame([_told(target)] * len(table)).join(table))
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()


def _told(target: Target) -> dict[str, object]:
    names = ("id", "reading", "use", "measure", "of", "channel", "date", "relation")
    return {**{name: getattr(target, name) for name in names}, "observed": target.value}

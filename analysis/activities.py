"""The event log as process mining knows it: each event has an activity, a resource and a timestamp.

The names follow IEEE 1849-2016 (XES): the activity is the event's ``concept:name``, the resource its
``org:resource``, and a task that is begun and done is one activity with two lifecycle transitions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.events import Kind

if TYPE_CHECKING:
    from typing import Any

    import pandas as pd

#: what the activity of a kind of event is called, by the event's other columns; elsewhere the kind itself
NAMES: dict[str, str] = {
    Kind.MOVE: "{target}",
    Kind.BEGUN: "{origin}",
    Kind.DONE: "{origin}",
    Kind.PAYMENT: "payment: {reason}",
    Kind.REVIEW: "{origin} review: {target}",
    Kind.ROUND: "{origin} round: {target}",
    **{
        kind: f"{kind}: {{target}}"
        for kind in (
            Kind.HEARING,
            Kind.DECISION,
            Kind.CALL,
            Kind.ELECTION,
            Kind.FIELD,
            Kind.ORDINANCE,
            Kind.MEMBER,
            Kind.VALIDATED,
            Kind.INTEREST,
        )
    },
}

#: columns that say what an event is about
_WORDS = ["kind", "origin", "target", "reason"]

#: columns of cases that stand beside each event of a flat log
_OF_CASE = ["channel", "vendor", "vendor_kind", "department", "domain", "need"]


def activity(kind: str, origin: str, target: str, reason: str) -> str:
    """The name of the activity that an event tells of; words that it does not have are empty."""
    found = NAMES.get(kind, kind).format(origin=origin, target=target, reason=reason)
    return found.replace("_", " ").strip(": ")


def activities(events: pd.DataFrame) -> pd.Series[Any]:
    """The activity of each event, as a column of categories."""
    words = events[_WORDS].astype("str").fillna("")
    alike = words.groupby(_WORDS, sort=False).ngroup()
    names = [activity(*row) for row in words[~alike.duplicated()].itertuples(index=False)]
    return alike.map(dict(enumerate(names))).astype("category")


def lifecycle(events: pd.DataFrame) -> pd.Series[Any]:
    """The lifecycle transition of each event: ``start`` of a task, else ``complete``."""
    return (events["kind"] == Kind.BEGUN).map({True: "start", False: "complete"}).astype("category")


def about_cases(events: pd.DataFrame, *, moves: bool = False) -> pd.DataFrame:
    """The events about a case, or the moves between stages alone, case by case in order of time."""
    chosen = events["case"].notna()
    if moves:
        chosen &= events["kind"] == Kind.MOVE
    return events[chosen].sort_values("case", kind="stable")


def flat(cases: pd.DataFrame, events: pd.DataFrame, *, moves: bool = False) -> pd.DataFrame:
    """The log of one run in one table: a row an event about a case.

    Args:
        cases: of one run, as in :class:`analysis.tables.Tables`.
        events: of the same run.
        moves: keep the moves between stages alone.

    Returns:
        case (number), activity, date, lifecycle, resource, then kind, origin, target, reason and amount
        (as :class:`sim.events.Kind` says), then city and what is known of the case.
    """
    mine = about_cases(events, moves=moves)
    found = mine[["case", "date", "actor", *_WORDS, "amount", "city"]].rename(columns={"actor": "resource"})
    found.insert(1, "activity", activities(mine))
    found.insert(3, "lifecycle", lifecycle(mine))
    known = cases.set_index("case")[_OF_CASE]
    return found.join(known, on="case").reset_index(drop=True)

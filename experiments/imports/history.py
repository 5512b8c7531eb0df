"""Checked cases as an event log with the same columns as that of a simulated run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from analysis.tables import Tables, tables
from experiments.imports.columns import DATES, DONE, LOST, UNKNOWN
from experiments.imports.records import Checked, Record
from sim.events import CaseRecord, Event, EventLog, Kind
from sim.stages import Stage

#: the seed of a history that nobody simulated
OBSERVED = -1

_UNKNOWN_NUMBER = float("nan")


class _Dated(NamedTuple):
    """An event and its place among those of its day."""

    time: float
    case: int
    rank: int
    event: Event


def observed(checked: Checked, name: str) -> Tables:
    """The tables of an observed history, a run of its own with seed :data:`OBSERVED`.

    Args:
        checked: cases, with days.
        name: of the city; the scenario column holds it too.

    A case's number is its place in ``checked.records``, from 1. Times are whole days from the first day that
    any case names. ``fit``, ``novelty``, ``barrier``, ``poc_cost`` and amounts, which nobody observes, are
    NaN.
    """
    return tables([log(checked, name)])


def log(checked: Checked, name: str) -> EventLog:
    """The same as a log."""
    start = min(day for record in checked.records for day in record.dates.values())
    found = EventLog(name, OBSERVED, start, float((checked.until - start).days))
    numbers = {record.case: number for number, record in enumerate(checked.records, 1)}
    dated = list[_Dated]()
    for number, record in enumerate(checked.records, 1):
        found.cases.append(_case(record, number, name, numbers))
        times = {each: float((day - start).days) for each, day in record.dates.items()}
        dated += _events(record, number, name, times)
    dated.sort(key=lambda each: each[:3])
    found.events.extend(each.event for each in dated)
    return found


def _case(record: Record, number: int, city: str, numbers: dict[str, int]) -> CaseRecord:
    words = record.words
    return CaseRecord(
        case=number,
        city=city,
        channel=words.get("channel", UNKNOWN),
        vendor=words.get("vendor", UNKNOWN),
        vendor_kind=words.get("vendor_kind", UNKNOWN),
        motive=UNKNOWN,
        department=words.get("department"),
        domain=UNKNOWN,
        need=None,
        fit=None,
        novelty=_UNKNOWN_NUMBER,
        barrier=_UNKNOWN_NUMBER,
        poc_cost=_UNKNOWN_NUMBER,
        parent=numbers.get(words.get("follows", "")),
    )


def _events(record: Record, number: int, city: str, times: dict[str, float]) -> Iterator[_Dated]:
    """Moves between the stages that are known, the final review, and the rounds of the tender."""
    actor, stage, rank = record.words.get("department"), None, 0
    for name in DATES:
        if name not in times:
            continue
        for kind, origin, target, reason in _told(record, name, stage):
            event = Event(times[name], city, number, kind, actor, origin, target, reason, None)
            yield _Dated(times[name], number, rank, event)
            rank += 1
            stage = target if kind is Kind.MOVE else stage


def _told(record: Record, name: str, stage: str | None) -> Iterator[tuple[Kind, str | None, str, str | None]]:
    """Kind, origin, target and reason of what a date tells."""
    if name == "poc_completed":
        yield Kind.REVIEW, "final", _verdict(record), None
    elif name == "ended":
        reason = record.words.get("reason")
        yield Kind.MOVE, stage, record.words["outcome"], reason
    else:
        yield Kind.MOVE, stage, Stage(name), None
    if name == "tender":
        yield Kind.ROUND, "first", "opened", None
    elif name == "retender" and "tender" in record.dates:
        yield Kind.ROUND, "first", "failed", None
        yield Kind.ROUND, "second", "opened", None


def _verdict(record: Record) -> str:
    """The verdict of a final review that found a POC feasible, by what came of it."""
    if "second_poc" in record.dates:
        return "small_purchase"
    if "launched" in record.dates:
        return "launch"
    onward: Sequence[str] = DATES[DATES.index("preparation") : -1]
    lost = record.words.get("outcome") in (LOST, *DONE)
    return "no_follow_up" if lost and not set(onward) & set(record.dates) else "tender"

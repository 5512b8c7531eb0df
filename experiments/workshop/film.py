"""One run as a film: where every case stood on every day, and what happened in the city meanwhile.

A film holds no words of any language: stages, reasons, kinds of events and names stand as in the event
log, and the page finds the words for them. All of it is counted from the event log.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, Any

from sim.events import CaseRecord, Event, EventLog, Kind
from sim.stages import IN_SERVICE, Reason, Stage

if TYPE_CHECKING:
    from sim.scenario import Scenario

#: stages and reasons in the order of the numbers that stand for them
STAGES = tuple(stage.value for stage in Stage)
REASONS = tuple(reason.value for reason in Reason)

#: a task of the office and the stage in which a case waits for it
_AWAITED = {"screen": Stage.SUBMITTED, "match": Stage.SCREENED}

#: kinds of events that are told one by one: actor, what became of it, case, amount
_TOLD = (Kind.ELECTION, Kind.CALL, Kind.ROUND, Kind.AWARD, Kind.ORDINANCE, Kind.CONTEST)


#: runs that a worker remembers: whoever watches a city asks for the lives of many of its cases
RUNS = 4


def film(scenario: Scenario, seed: int) -> dict[str, Any]:
    """Run one city and return its film, as :func:`of` makes it."""
    return of(played(scenario, seed))


def played(scenario: Scenario, seed: int) -> EventLog:
    """One run, made or remembered; not to be changed."""
    from experiments.workshop.crew import fingerprint

    return _played(_City(scenario.name, fingerprint(scenario), seed, scenario))


@dataclass(frozen=True, slots=True)
class _City:
    """What decides a run, and the scenario that it is of."""

    name: str
    digest: str
    seed: int
    scenario: Scenario = field(compare=False)


@lru_cache(maxsize=RUNS)
def _played(city: _City) -> EventLog:
    from sim.model import run

    return run(city.scenario, city.seed)


def of(log: EventLog) -> dict[str, Any]:
    """The film of a run, ready for JSON.

    Returns:
        ``scenario``, ``seed``, ``start`` (ISO date), ``days``, ``cities``; ``stages`` and ``reasons``, to
        which numbers in ``cases`` refer; ``office``: whether there was one; ``cases`` (see :func:`_case`);
        ``happenings`` in order of time (see :func:`_happenings`); ``months``: days from the start at which
        each calendar month, and the run, ends; ``series``: values at those days (see :func:`_series`).
    """
    waits = _waits(log)
    about: dict[int, list[tuple[float, float]]] = {}
    for begin, end, case in waits:
        if case is not None:
            about.setdefault(case, []).append((begin, end))
    months = _months(log)
    return {
        "scenario": log.scenario,
        "seed": log.seed,
        "start": log.start.isoformat(),
        "days": log.days,
        "cities": sorted({record.city for record in log.cases} | {e.city for e in log.events if e.city}),
        "stages": STAGES,
        "reasons": REASONS,
        "office": any(event.kind == Kind.BEGUN for event in log.events),
        "cases": [_case(record, moves, about.get(record.case, ())) for record, moves in _moved(log)],
        "happenings": sorted(_happenings(log.events), key=lambda told: told[0]),
        "months": months,
        "series": _series(log, waits, months),
    }


# --- cases --------------------------------------------------------------------------------------


def _moved(log: EventLog) -> Iterator[tuple[CaseRecord, list[Event]]]:
    moves: dict[int, list[Event]] = {record.case: [] for record in log.cases}
    for event in log.events:
        if event.kind == Kind.MOVE and event.case is not None:
            moves[event.case].append(event)
    return ((record, moves[record.case]) for record in log.cases)


def _case(record: CaseRecord, moves: Iterable[Event], waits: Iterable[tuple[float, float]]) -> dict[str, Any]:
    """One case.

    ``moves`` holds day, number of the stage entered, and number of the reason or -1; ``waits`` the days
    from and to which a task about the case lay at the office without being begun.
    """
    return {
        "case": record.case,
        "city": record.city,
        "channel": record.channel,
        "vendor": record.vendor,
        "kind": record.vendor_kind,
        "department": record.department,
        "domain": record.domain,
        "parent": record.parent,
        "moves": [
            [_day(event.time), STAGES.index(str(event.target)), _reason(event.reason)] for event in moves
        ],
        "waits": [[_day(begin), _day(end)] for begin, end in waits],
    }


def _day(time: float) -> float:
    # tenths, rounded down: a move is never told before, or a month after, it happens
    return int(time * 10) / 10


def _reason(reason: str | None) -> int:
    return REASONS.index(str(reason)) if reason else -1


def _waits(log: EventLog) -> list[tuple[float, float, int | None]]:
    """From when to when tasks waited for an officer, and the case that each was about.

    The log tells how long a task has waited when it is begun. Of those that nobody has begun by the end
    of the run it shows the ones for which a case stands where it is looked at next.
    """
    begun = [event for event in log.events if event.kind == Kind.BEGUN]
    waits = [(event.time - (event.amount or 0.0), event.time, event.case) for event in begun]
    channels = {record.case: record.channel for record in log.cases}
    for task, stage in _AWAITED.items():
        seen = {event.case for event in begun if event.origin == task}
        ways = {channels[case] for case in seen if case is not None}
        waits += [
            (event.time, log.days, event.case)
            for event in log.events
            if event.kind == Kind.MOVE and event.target == stage and event.case is not None
            if event.case not in seen and channels[event.case] in ways
        ]
    return sorted(waits, key=lambda wait: wait[:2])


# --- happenings ---------------------------------------------------------------------------------


def _happenings(events: Sequence[Event]) -> Iterator[list[Any]]:
    """What the whole city notices, each a list that begins with day and kind.

    After these an election, call, round, award, ordinance or contest has: who, what became of it, case,
    amount, city. A meeting has: cases on the docket, granted, deferred, refused, city. A policy has: the
    conditions that changed on that day, each with its new value.
    """
    for event in events:
        if event.kind in _TOLD:
            word = event.reason if event.kind == Kind.AWARD else event.target
            yield [
                _day(event.time),
                event.kind,
                event.actor,
                word,
                event.case,
                _cut(event.amount),
                event.city,
            ]
    yield from _meetings(events)
    changes = [event for event in events if event.kind == Kind.POLICY and event.time > 0]
    for time, told in groupby(changes, key=lambda event: event.time):
        yield [_day(time), Kind.POLICY, [[event.target, event.reason] for event in told]]


def _cut(amount: float | None) -> float | None:
    return None if amount is None else round(amount, 3)


def _meetings(events: Sequence[Event]) -> Iterator[list[Any]]:
    heard: dict[tuple[float, str | None], dict[str, int]] = {}
    for event in events:
        if event.kind == Kind.HEARING:
            results = heard.setdefault((event.time, event.city), {})
            results[str(event.target)] = results.get(str(event.target), 0) + 1
    for event in events:
        if event.kind == Kind.MEETING:
            results = heard.get((event.time, event.city), {})
            decided = [results.get(word, 0) for word in ("granted", "deferred", "refused")]
            yield [_day(event.time), event.kind, round(event.amount or 0), *decided, event.city]


# --- months -------------------------------------------------------------------------------------


def _months(log: EventLog) -> list[float]:
    """Days from the start at which a calendar month begins, and the last day."""
    year, month = log.start.year, log.start.month
    days = list[float]()
    while not days or days[-1] < log.days:
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        days.append(float((date(year, month, 1) - log.start) // timedelta(days=1)))
    return [*days[:-1], float(log.days)]


def _series(
    log: EventLog, waits: Sequence[tuple[float, float, int | None]], months: Sequence[float]
) -> dict[str, list[Any]]:
    """Values at the end of each month.

    ``waiting``: tasks that lie at the office; ``support``: of the mayor, 0 to 1, of the first city;
    ``services``: in use; ``spent``: by the city so far, less what came back, NT$ m.
    """
    begins, ends = sorted(wait[0] for wait in waits), sorted(wait[1] for wait in waits)
    return {
        # a task that nobody has begun by the last day lies there still
        "waiting": [bisect_right(begins, day) - bisect_left(ends, min(day, log.days)) for day in months],
        "support": _last(log.events, months),
        "services": _services(log, months),
        "spent": _spent(log.events, months),
    }


def _last(events: Iterable[Event], months: Sequence[float]) -> list[float | None]:
    told = [event for event in events if event.kind in (Kind.SUPPORT, Kind.ELECTION)]
    told = [event for event in told if event.city == told[0].city]
    times = [event.time for event in told]
    places = (bisect_right(times, day) - 1 for day in months)
    return [round(told[place].amount or 0.0, 3) if place >= 0 else None for place in places]


def _services(log: EventLog, months: Sequence[float]) -> list[int]:
    begins = [e.time for e in log.events if e.kind == Kind.MOVE and e.target in IN_SERVICE]
    left = [e.time for e in log.events if e.kind == Kind.MOVE and e.target == Stage.ABANDONED]
    return [bisect_right(begins, day) - bisect_right(left, day) for day in months]


def _spent(events: Iterable[Event], months: Sequence[float]) -> list[float]:
    from analysis.measures import CITY_MONEY, REFUND  # late: it brings numpy along

    signs = {**dict.fromkeys(CITY_MONEY, 1.0), REFUND: -1.0}
    paid = [event for event in events if event.kind == Kind.PAYMENT and event.reason in signs]
    times = [event.time for event in paid]
    sums = [0.0, *accumulate(signs[str(event.reason)] * (event.amount or 0.0) for event in paid)]
    return [round(sums[bisect_right(times, day)], 3) for day in months]

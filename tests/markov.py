"""A funnel with known chances, for tests of the analysis: each step is passed or ends the case.

Arrivals are a Poisson process; the wait at each stage is exponential with rate ``RATE``; a step is
passed with the chance in ``PASS``, whatever happened before.
"""

from __future__ import annotations

from datetime import date
from random import Random

from sim.events import CaseRecord, Event, EventLog
from sim.stages import Reason, Stage

START = date(2016, 3, 20)
PATH = (Stage.SUBMITTED, Stage.SCREENED, Stage.MATCHED, Stage.CLEARED, Stage.POC, Stage.PREPARATION,
        Stage.TENDER, Stage.CONTRACT, Stage.DEPLOYED)  # fmt: skip
PASS = (0.9, 0.8, 0.7, 0.9, 0.6, 0.8, 0.7, 0.9)
RATE = 1 / 40  # a day
CHANNELS = {"bottom_up": 0.6, "top_down": 0.25, "problem_led": 0.15}
#: share of tenders not won that a rival wins
RIVAL = 0.5
PRICE, SMALL, POC_COST, VALUE, USABLE = 5.0, 0.8, 1.0, 2.0, 0.7
ABANDON = 1 / 900  # a day


def run(seed: int, days: float = 1900.0, a_year: float = 60.0, scenario: str = "markov") -> EventLog:
    """One run: a log in order of time."""
    luck = Random(seed)
    log = EventLog(scenario, seed, START, days)
    time = luck.expovariate(a_year / 365.25)
    while time < days:
        _case(log, luck, time)
        time += luck.expovariate(a_year / 365.25)
    _city(log, luck, days)
    log.events.sort(key=lambda event: event.time)
    return log


def runs(number: int, first: int = 0, **details: float) -> list[EventLog]:
    """Runs with seeds ``first`` and up."""
    return [run(seed, **details) for seed in range(first, first + number)]  # type: ignore[arg-type]


def _case(log: EventLog, luck: Random, time: float) -> None:
    channel = luck.choices(list(CHANNELS), list(CHANNELS.values()))[0]
    case = _record(log, luck, channel, None)
    _move(log, time, case, None, Stage.SUBMITTED)
    for origin, target, chance in zip(PATH, PATH[1:], PASS, strict=False):
        time += luck.expovariate(RATE)
        passed = luck.random() < chance
        _told(log, luck, time, case, origin, passed)
        if not passed:
            return
        _move(log, time, case, origin, target)
        _paid(log, time, case, target)
    _service(log, luck, time, case)


def _told(log: EventLog, luck: Random, time: float, case: CaseRecord, origin: Stage, passed: bool) -> None:
    if origin is Stage.POC:
        verdict = "tender" if passed else "close"
        _event(log, time, case, "review", "panel", "final", verdict, None, luck.random())
    if origin is Stage.TENDER:
        _event(log, time, case, "round", case.department, "first", "opened", None, 0.0)
        if not passed:
            _event(log, time, case, "round", case.department, "first", "failed", None, 2.0)
    if not passed:
        _move(log, time, case, origin, Stage.CLOSED, luck.choice(list(Reason)))
    if origin is Stage.TENDER and not passed and luck.random() < RIVAL:
        _rival(log, luck, time, case)


def _rival(log: EventLog, luck: Random, time: float, parent: CaseRecord) -> None:
    if time > log.days:
        return
    case = _record(log, luck, "tender", parent.case)
    _move(log, time, case, None, Stage.CONTRACT)
    _paid(log, time, case, Stage.CONTRACT)
    time += luck.expovariate(RATE)
    _move(log, time, case, Stage.CONTRACT, Stage.DEPLOYED)
    _service(log, luck, time, case)


def _service(log: EventLog, luck: Random, time: float, case: CaseRecord) -> None:
    kind = "solved" if luck.random() < USABLE else "unsolved"
    _event(log, time, case, kind, case.department, case.need, case.channel, None, VALUE)
    end = time + luck.expovariate(ABANDON)
    if kind == "solved" and end > time + 700:
        _move(log, time + 700, case, Stage.DEPLOYED, Stage.SUSTAINED)
    else:
        _move(log, end, case, Stage.DEPLOYED, Stage.ABANDONED, Reason.MISFIT)


def _paid(log: EventLog, time: float, case: CaseRecord, target: Stage) -> None:
    if target is Stage.POC:
        _event(log, time, case, "payment", case.vendor, case.vendor, "world", "poc cost", POC_COST)
    if target is Stage.CONTRACT:
        _event(log, time, case, "payment", case.department, case.department, case.vendor, "contract", PRICE)


def _city(log: EventLog, luck: Random, days: float) -> None:
    support = 0.7
    for month in range(int(days / 30)):
        support = min(1.0, max(0.0, support + luck.gauss(0.7 - support, 0.1) * 0.3))
        _event(log, 30.0 * month, None, "support", "city", None, None, None, support)
        for number in range(3):
            culture = 0.4 + 0.003 * month + luck.gauss(0, 0.02)
            _event(log, 30.0 * month, None, "culture", f"Transport {number}", None, None, None, culture)
    for day in (980.0, 2400.0):
        _event(log, day, None, "election", "city", None, "kept", None, support)
    _event(log, 1400.0, None, "policy", "city", "bottom_up.open", "False", None, None)


def _record(log: EventLog, luck: Random, channel: str, parent: int | None) -> CaseRecord:
    number = len(log.cases) + 1
    kind = luck.choice(("startup", "sme", "large"))
    case = CaseRecord(number, "Taipei", channel, f"V{number}", kind, "solver", "Transport 1", "transport",
                      f"N1.{number}", luck.random(), 0.5, 0.1, POC_COST, parent)  # fmt: skip
    log.cases.append(case)
    return case


def _move(
    log: EventLog,
    time: float,
    case: CaseRecord,
    origin: Stage | None,
    target: Stage,
    why: Reason | None = None,
) -> None:
    _event(log, time, case, "move", "PMO", origin, target, why, None)


def _event(
    log: EventLog, time: float, case: CaseRecord | None, kind: str, actor: str | None, origin: str | None,
    target: str | None, reason: str | None, amount: float | None,
) -> None:  # fmt: skip
    if time <= log.days:
        number = case.case if case else None
        log.events.append(Event(time, "Taipei", number, kind, actor, origin, target, reason, amount))

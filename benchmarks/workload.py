"""What one run does: how many events, draws and records, counted from outside while it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

import sim
from sim.calendar import Calendar
from sim.events import EventLog, Kind
from sim.luck import Luck

#: what the benchmarks run
SCENARIO = "taipei_stage1"


class Draws(NamedTuple):
    """Random numbers by the method that made them."""

    uniform: int
    normal: int
    wait: int


class Workload(NamedTuple):
    """The work of one run."""

    events: int  # calls that the calendar made
    draws: Draws
    records: int  # rows of the log
    moves: tuple[int, ...]  # moves of each case
    vendors: int  # that came into the market


def measured(scenario: sim.Scenario, seed: int) -> Workload:
    """The work that a run of ``scenario`` at ``seed`` does."""
    with _counting() as calls:
        log = sim.run(scenario, seed)
    inside = calls["normal"] + calls["wait"]
    draws = Draws(calls["uniform"] - inside, calls["normal"], calls["wait"])
    vendors = sum(event.kind == Kind.ENTER for event in log.events)
    return Workload(calls["made"], draws, len(log.events), _moves(log), vendors)


def _moves(log: EventLog) -> tuple[int, ...]:
    found = Counter(event.case for event in log.events if event.kind == Kind.MOVE)
    return tuple(found[case.case] for case in log.cases)


@contextmanager
def _counting() -> Iterator[Counter[str]]:
    """Count calls by replacing methods of the classes for a while; nothing in ``sim`` knows of it."""
    calls: Counter[str] = Counter()
    after = Calendar.after

    def counted_after(calendar: Calendar, delay: float, call: Callable[..., None], *details: Any) -> None:
        def made(*details: Any) -> None:
            calls["made"] += 1
            call(*details)

        after(calendar, delay, made, *details)

    with ExitStack() as replaced:
        replaced.enter_context(patch.object(Calendar, "after", counted_after))
        for name in Draws._fields:
            replaced.enter_context(patch.object(Luck, name, _counted(name, calls)))
        yield calls


def _counted(name: str, calls: Counter[str]) -> Callable[..., float]:
    """The method ``name`` of :class:`Luck`; a normal deviate or a wait counts as one uniform number too."""
    method: Callable[..., float] = getattr(Luck, name)

    def draw(luck: Luck, *address: Any) -> float:
        before = calls["uniform"]
        value = method(luck, *address)
        calls[name] += 1
        calls["uniform"] = max(calls["uniform"], before + 1)
        return value

    return draw

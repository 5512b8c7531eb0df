"""The benchmarks compare like with like: the bare program does exactly the work of the model's run."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from itertools import chain

import pytest
import simpy

import sim
from benchmarks import __main__ as command
from benchmarks import (
    coverage,
    efficiency,
    growth,
    memory,
    overhead,
    peers,
    profiles,
    skeleton,
    speed,
    startup,
    workshop,
)
from benchmarks.workload import SCENARIO, Draws, Workload, measured
from sim.calendar import Calendar
from sim.luck import Luck


class CountingWorld(simpy.Environment):
    def __init__(self) -> None:
        super().__init__()
        self.handled = 0

    def step(self) -> None:
        super().step()
        self.handled += 1


class CountingGenerators:
    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    def uniform(self) -> float:
        self.calls["uniform"] += 1
        return 0.5

    def normal(self) -> float:
        self.calls["normal"] += 1
        return 0.0

    def wait(self) -> float:
        self.calls["wait"] += 1
        return 1.0


@pytest.fixture(scope="module")
def work() -> Workload:
    return measured(sim.load(SCENARIO), 1)


def test_the_skeleton_handles_as_many_events_draws_and_records(work: Workload) -> None:
    world, generators = CountingWorld(), CountingGenerators()
    log = skeleton.run(skeleton.planned(work), lambda _: generators, world)
    assert world.handled == work.events
    assert generators.calls == Counter(work.draws._asdict())
    assert len(log) == work.records


@pytest.mark.parametrize("generators", [skeleton.stream(1), skeleton.addressed(1)])
def test_the_skeleton_runs_on_either_generator(work: Workload, generators: skeleton.Maker) -> None:
    log = skeleton.run(skeleton.planned(work), generators)
    assert [event.time for event in log] == sorted(event.time for event in log)
    assert len({event.time for event in log}) > work.events // 2


def test_counting_leaves_the_run_and_the_classes_as_they_were(work: Workload) -> None:
    before = Calendar.after, Luck.uniform, Luck.normal, Luck.wait
    log = sim.run(SCENARIO, 1)
    assert measured(sim.load(SCENARIO), 1) == work
    assert (Calendar.after, Luck.uniform, Luck.normal, Luck.wait) == before
    assert work.records == len(log.events)
    assert sum(work.moves) == sum(event.kind == "move" for event in log.events)
    assert work.vendors == sum(event.kind == "enter" for event in log.events)


def test_the_counts_are_those_of_the_calls() -> None:
    world = sim.Ecosystem(sim.load(SCENARIO), 1)
    world.finish()
    waiting = len(world.calendar._due)
    assert measured(sim.load(SCENARIO), 1).events == world.calendar._entries - waiting


def test_steps_share_the_work_out_evenly(work: Workload) -> None:
    steps = list(chain.from_iterable(skeleton.planned(work)))
    for counts in zip(*(step.draws for step in steps), strict=True):
        assert max(counts) - min(counts) <= 1
    records = [step.records for step in steps]
    assert max(records) - min(records) <= 1


def test_a_plan_needs_enough_events() -> None:
    with pytest.raises(ValueError, match="fewer events"):
        skeleton.planned(Workload(3, Draws(1, 1, 1), 1, (2,), 1))


# --- the parts -----------------------------------------------------------------------------------

SWEEP = peers.FIRST

#: part -> a small report of it, and how lines of it begin
SMALL: dict[str, tuple[Callable[[], str], tuple[str, ...]]] = {
    "speed": (lambda: speed.report(1), (speed.MODEL, speed.STREAM, speed.ADDRESSED)),
    "memory": (memory.report, (memory.MODEL, memory.SKELETON)),
    "profiles": (lambda: profiles.report(1), ("sim/model.py",)),
    "startup": (lambda: startup.report(1), tuple(startup.PROGRAMS)),
    "overhead": (
        lambda: overhead.report(1, 2),
        (overhead.BARE, overhead.FROZEN, overhead.MEASURED, overhead.SWEPT, overhead.KEPT),
    ),
    "efficiency": (lambda: efficiency.report(1, 4), ("seconds, start-up", "seconds, steady")),
    "growth": (lambda: growth.report(2, 4, 2), (growth.PARENT, growth.WORKER)),
    "peers": (lambda: peers.report(1, 3), (SWEEP,)),
    "workshop": (
        lambda: workshop.report(1, 20),
        ("command to", "lever to first", "first, 3 browsers", "settled"),
    ),
    "coverage": (lambda: coverage.report(2), tuple(coverage.STUDIES)),
}


def test_every_part_is_known_here() -> None:
    assert list(SMALL) == list(command.PARTS)
    assert all(callable(import_module(f"benchmarks.{name}").report) for name in command.PARTS)


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_every_part_has_its_lines(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "PROGRAMS", {SWEEP: peers.PROGRAMS[SWEEP]})  # others wait for lost runs
    monkeypatch.setattr(workshop, "CLIENTS", 3)
    monkeypatch.setattr(workshop, "SESSIONS", 2)
    report, words = SMALL[name]
    told = report()
    for word in words:
        line = next(line for line in told.splitlines() if line.startswith(word))
        assert any(letter.isdigit() for letter in line)
    if name == "peers":
        assert line.endswith("nothing")
        assert " that run " in line


@pytest.mark.slow
def test_a_peer_that_does_not_end_is_ended() -> None:
    assert peers.made(SWEEP, peers.CALM, 3, 0.1) == (0, 0.1, "hangs, ended after 0 s")


def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    monkeypatch.setattr(sys, "argv", ["benchmarks", *words])
    command.main()
    return capsys.readouterr().out


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every part tells nothing but what it was given."""
    for name in command.PARTS:
        monkeypatch.setattr(import_module(f"benchmarks.{name}"), "report", lambda *given: f"given {given}")


@pytest.mark.usefixtures("reports")
def test_quick_parts_are_printed_unless_parts_are_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    titles = {part.title for part in command.PARTS.values()}

    def shown(*words: str) -> set[str]:
        return titles & set(printed(capsys, monkeypatch, *words).splitlines())

    assert shown() == {part.title for part in command.PARTS.values() if part.quick} < titles
    assert shown("--all") == titles
    assert shown("coverage", "speed") == {command.PARTS["coverage"].title, command.PARTS["speed"].title}


@pytest.mark.usefixtures("reports")
def test_sizes_come_from_the_command_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "given (2, 50)" in printed(capsys, monkeypatch, "efficiency", "--rounds", "2", "--runs", "10")
    assert "given (1000, 5000, 50)" in printed(capsys, monkeypatch, "growth", "--many", "5000")


@pytest.mark.parametrize(("word", "told"), [("sped", "there are speed, memory, "), ("--runs=0", "invalid")])
def test_wrong_words_are_told(
    word: str, told: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit) as ended:
        printed(capsys, monkeypatch, word)
    assert ended.value.code == 2
    assert told in " ".join(capsys.readouterr().err.split())

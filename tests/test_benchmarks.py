"""The benchmarks compare like with like: the bare program does exactly the work of the model's run."""

from __future__ import annotations

from collections import Counter
from itertools import chain

import pytest
import simpy

import sim
from benchmarks import skeleton
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

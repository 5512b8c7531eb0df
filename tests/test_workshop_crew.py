"""The crew: what is ordered comes home once, in turn, whatever dies or hangs, and nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Coroutine
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from experiments.runner import Job
from experiments.workshop import crew as crews
from experiments.workshop.crew import Crew, Harvest, Order, fingerprint, made
from experiments.workshop.limits import LimitError, Limits
from sim.events import EventLog
from sim.parameters import Value
from sim.scenario import Scenario, load
from tests import tiny

SCENARIO = load("taipei_stage1")
OTHER = SCENARIO.with_("pmo.staff", 7)
#: for what cannot end: longer than any machine takes for the rest
AGES = 600.0


def noted(scenario: Scenario, seed: int, folder: str, pause: float = 0.0) -> EventLog:
    """A tiny run that leaves a mark behind, so that one can see how often it was made."""
    with (Path(folder) / f"{scenario.parameters.pmo.staff}-{seed}").open("a") as file:
        file.write("x")
    return tiny.run(scenario, seed, pause)


def hanging(scenario: Scenario, seed: int, folder: str) -> EventLog:
    """Seed 3 of a city with 7 people never ends."""
    if seed == 3 and scenario.parameters.pmo.staff == 7:
        time.sleep(AGES)
    return noted(scenario, seed, folder)


def killing(scenario: Scenario, seed: int, folder: str) -> EventLog:
    """Seed 2 takes its worker down every time, seed 5 the first time."""
    first = not (Path(folder) / f"{scenario.parameters.pmo.staff}-{seed}").exists()
    log = noted(scenario, seed, folder)
    if seed == 2 or (seed == 5 and first):
        os.kill(os.getpid(), signal.SIGKILL)
    return log


def wrong(scenario: Scenario, seed: int) -> EventLog:
    raise ValueError("nothing works")


def doubled(number: int) -> int:
    if number < 0:
        raise LimitError("too small", "limit.runs", most=0)
    return 2 * number


def slept() -> None:
    time.sleep(AGES)


def ended(mark: str) -> int:
    """The first time it takes its worker down."""
    if not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


async def finished(*orders: Order) -> None:
    for order in orders:
        while order.state == "running":
            await order.changed()


def played(scene: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scene, 120))


def marks(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_size for file in folder.iterdir()}


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def tables(harvest: Harvest) -> list[Any]:
    """All tables; without groups in which a run has nothing, told for the sake of its neighbours."""
    *others, groups = harvest.evidence
    assert groups is not None
    groups = groups.sort_values(["seed", "by", "group"])
    there = groups[["proposals", "pocs", "contracts", "services", "solved", "paid"]].any(axis=1)
    return [*others, groups[there].reset_index(drop=True), harvest.funnel]


def test_runs_of_the_crew_are_those_that_are_made_here() -> None:
    async def scene() -> None:
        import pandas as pd

        async with Crew(2) as crew:
            order = crew.order(SCENARIO, (3, 1, 2), owner="a")
            assert (order.wanted, order.done, order.harvest()) == (3, 0, None)
            await finished(order)
            assert (order.state, order.done, order.failures, order.message) == ("done", 3, (), None)
            there = order.harvest()
        here, _ = made([Job(SCENARIO, seed) for seed in (1, 2, 3)])
        assert there is not None
        assert here is not None
        for one, other in zip(tables(there), tables(here), strict=True):
            pd.testing.assert_frame_equal(one, other)

    played(scene())


def test_no_run_is_made_twice_and_names_are_those_of_the_orders(tmp_path: Path) -> None:
    async def scene() -> None:
        async with Crew(2, simulate=partial(noted, folder=str(tmp_path))) as crew:
            one = crew.order(SCENARIO, range(1, 13), owner="a")
            two = crew.order(replace(SCENARIO, name="two", question="?"), range(7, 19), owner="b")
            await finished(one, two)
            late = crew.order(SCENARIO, range(18, 0, -1), owner="c")
            assert (late.state, late.done) == ("done", 18)
            found = two.harvest()
            assert found is not None
            assert list(found.funnel["seed"]) == list(range(7, 19))
            for table in (*found.evidence[:2], found.funnel):
                assert set(table["scenario"]) == {"two"}

    played(scene())
    assert marks(tmp_path) == {f"20-{seed}": 1 for seed in range(1, 19)}


def test_the_first_seeds_come_home_first(tmp_path: Path) -> None:
    async def scene() -> None:
        async with Crew(1, simulate=partial(noted, folder=str(tmp_path))) as crew:
            order = crew.order(SCENARIO, range(1, 31), owner="a")
            seen: list[int] = []
            while order.state == "running":
                await order.changed()
                found = order.harvest()
                now = [] if found is None else list(found.evidence.outcomes["seed"])
                assert now == list(range(1, len(now) + 1))
                seen.append(len(now))
            assert seen[0] <= 2
            assert len(seen) > 5

    played(scene())


def test_owners_and_their_orders_are_served_in_turn(tmp_path: Path) -> None:
    """When the small orders are done, the large one that came first is not."""

    async def scene() -> None:
        async with Crew(1, simulate=partial(noted, folder=str(tmp_path))) as crew:
            large = crew.order(SCENARIO, range(1, 101), owner="a")
            mine = crew.order(OTHER, range(1, 5), owner="a")
            small = crew.order(SCENARIO.with_("pmo.staff", 8), range(1, 5), owner="b")
            await finished(small)
            assert large.done <= 8
            await finished(mine)
            assert large.done <= 16
            large.cancel()

    played(scene())


def test_a_cancelled_order_takes_no_more_and_what_came_home_is_kept(tmp_path: Path) -> None:
    async def scene() -> None:
        async with Crew(1, simulate=partial(noted, folder=str(tmp_path))) as crew:
            order = crew.order(SCENARIO, range(1, 101), owner="a")
            await order.changed()
            order.cancel()
            await order.changed()  # at once
            assert order.state == "cancelled"
            await finished(crew.order(OTHER, (1, 2), owner="a"))
            assert len([name for name in marks(tmp_path) if name.startswith("20-")]) <= 6
            assert order.done >= 2
            await finished(crew.order(SCENARIO, (1, 2), owner="a"))

    played(scene())
    assert set(marks(tmp_path).values()) == {1}


def test_a_worker_that_dies_is_replaced_and_its_runs_are_made_again(tmp_path: Path) -> None:
    async def scene() -> None:
        async with Crew(2, simulate=partial(noted, folder=str(tmp_path), pause=0.02)) as crew:
            order = crew.order(SCENARIO, range(1, 41), owner="a")
            await order.changed()
            before = crew.processes
            os.kill(before[0], signal.SIGKILL)
            await finished(order)
            assert (order.state, order.done, order.failures) == ("done", 40, ())
            assert before[0] not in crew.processes

    played(scene())


def test_a_run_that_kills_its_worker_is_given_up_and_the_others_are_made(tmp_path: Path) -> None:
    async def scene() -> None:
        async with Crew(1, simulate=partial(killing, folder=str(tmp_path))) as crew:
            order = crew.order(SCENARIO, range(1, 7), owner="a")
            await finished(order)
            assert (order.state, order.done) == ("done", 6)
            assert [(failure.scenario, failure.seed) for failure in order.failures] == [("taipei_stage1", 2)]
            assert "died 3 times" in order.failures[0].error

    played(scene())
    assert marks(tmp_path)["20-2"] == 3


def test_a_run_without_end_fails_its_order_alone(tmp_path: Path) -> None:
    async def scene() -> None:
        limits = Limits(seconds=1.0)
        async with Crew(2, limits, simulate=partial(hanging, folder=str(tmp_path))) as crew:
            bad = crew.order(OTHER, range(1, 7), owner="a")
            good = crew.order(SCENARIO, range(1, 31), owner="a")
            await finished(bad, good)
            assert (bad.state, bad.message, bad.values) == ("failed", "limit.slow", {"seconds": 1.0})
            assert (good.state, good.done) == ("done", 30)
            assert bad.harvest() is not None

    played(scene())


def test_an_order_of_which_no_run_succeeds_has_failed() -> None:
    async def scene() -> None:
        async with Crew(1, simulate=wrong) as crew:
            order = crew.order(SCENARIO, (1, 2), owner="a")
            await finished(order)
            assert (order.state, order.message) == ("failed", "limit.failed")
            assert [failure.error for failure in order.failures] == ["ValueError: nothing works"] * 2

    played(scene())


def test_too_much_is_refused_in_words() -> None:
    async def scene() -> None:
        async with Crew(1, Limits(runs=50, owner=2, all=3), simulate=tiny.run) as crew:
            with pytest.raises(LimitError, match="50 runs"):
                crew.order(SCENARIO, range(51), owner="a")
            orders = [crew.order(SCENARIO.with_("pmo.staff", n), range(50), owner="a") for n in (1, 2)]
            with pytest.raises(LimitError) as refused:
                crew.order(OTHER, (1,), owner="a")
            assert (refused.value.text, refused.value.values) == ("limit.owner", {"n": 2})
            orders.append(crew.order(OTHER, (1, 2, 3), owner="b"))
            with pytest.raises(LimitError) as refused:
                await crew.call(doubled, 2, seconds=AGES, owner="c")
            assert refused.value.text == "limit.full"
            orders[0].cancel()
            assert await crew.call(doubled, 2, seconds=AGES, owner="c") == 4
        assert [order.state for order in orders[:2]] == ["cancelled", "cancelled"]
        with pytest.raises(LimitError) as refused:
            crew.order(SCENARIO, (1,), owner="a")
        assert refused.value.text == "limit.closed"

    played(scene())


def test_other_work_is_done_too_and_its_errors_are_raised(tmp_path: Path) -> None:
    async def scene() -> None:
        async with Crew(1, simulate=tiny.run) as crew:
            order = crew.order(SCENARIO, range(1, 31), owner="a")
            assert await crew.call(doubled, 4, seconds=AGES, owner="a") == 8
            with pytest.raises(LimitError, match="too small"):
                await crew.call(doubled, -1, seconds=AGES, owner="a")
            with pytest.raises(LimitError) as late:
                await crew.call(slept, seconds=0.2, owner="b")
            assert late.value.text == "limit.call"
            assert await crew.call(ended, str(tmp_path / "mark"), seconds=AGES, owner="b") in crew.processes
            await finished(order)
            assert order.done == 30

    played(scene())


def test_nothing_is_left_behind_whatever_is_under_way() -> None:
    async def scene(crew: Crew, seen: list[int], ready: asyncio.Event) -> None:
        async with crew:
            await crew.call(doubled, 1, seconds=AGES, owner="a")
            crew.order(SCENARIO, range(1, 101), owner="a")
            call = asyncio.ensure_future(crew.call(slept, seconds=AGES, owner="b"))
            while len(crew.processes) < 2:
                await asyncio.sleep(0.01)
            seen += crew.processes
            ready.set()
            await call

    async def cancelled() -> None:
        seen, ready = list[int](), asyncio.Event()
        task = asyncio.create_task(scene(Crew(2, simulate=tiny.run), seen, ready))
        await ready.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(seen) == 2
        assert not any(map(alive, seen))

    played(cancelled())


def test_a_crew_that_is_left_at_once_leaves_nothing() -> None:
    async def scene() -> None:
        async with Crew(2) as crew:
            await asyncio.sleep(0)
            seen = crew.processes
        assert not any(map(alive, [*seen, *crew.processes]))

    played(scene())


def test_what_was_asked_for_longest_ago_is_forgotten_first(tmp_path: Path) -> None:
    async def scene() -> None:
        async with Crew(1, Limits(kept=25), simulate=partial(noted, folder=str(tmp_path))) as crew:
            for scenario in (SCENARIO, OTHER, SCENARIO, OTHER.with_("pmo.staff", 9), SCENARIO, OTHER):
                await finished(crew.order(scenario, range(1, 11), owner="a"))

    played(scene())
    assert marks(tmp_path) == {
        f"{staff}-{seed}": 2 if staff == 7 else 1 for staff in (20, 7, 9) for seed in range(1, 11)
    }


def test_a_fingerprint_is_of_what_decides_a_run_alone() -> None:
    same = replace(SCENARIO, name="x", question="y", notes={}, observed=None)
    assert fingerprint(same) == fingerprint(SCENARIO)
    cities: dict[str, dict[str, Value]] = {"A": {}, "B": {}}
    others = [
        OTHER,
        replace(SCENARIO, elections=()),
        replace(SCENARIO, policies=("hub",)),
        replace(SCENARIO, cities=cities),
        replace(SCENARIO, cities=dict(reversed(cities.items()))),
        replace(SCENARIO, end=SCENARIO.end.replace(day=30)),
    ]
    assert len({fingerprint(each) for each in [SCENARIO, *others]}) == 7


@pytest.mark.parametrize("bound", ["runs", "seconds", "owner", "all", "kept", "deaths"])
def test_a_bound_must_be_above_0(bound: str) -> None:
    with pytest.raises(ValueError, match=bound):
        Limits(**{bound: 0})


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_nobody_wants_any_more_frees_its_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr(crews, "UNWANTED", 0.2)

    async def scene() -> None:
        async with Crew(
            workers, Limits(seconds=AGES), simulate=partial(hanging, folder=str(tmp_path))
        ) as crew:
            stuck = crew.order(OTHER, [3, 4], owner="a")
            while not any(slot.owner for slot in crew._slots):
                await asyncio.sleep(0.01)
            stuck.cancel()
            await finished(good := crew.order(SCENARIO, range(1, 31), owner="b"))
            assert (good.state, good.done) == ("done", 30)
            await finished(again := crew.order(OTHER, [1, 2], owner="a"))
            assert again.state == "done"

    played(scene())


def test_long_runs_of_one_owner_leave_a_worker_to_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crews, "UNWANTED", 0.2)

    async def scene() -> None:
        async with Crew(
            2, Limits(seconds=AGES), simulate=partial(noted, folder=str(tmp_path), pause=AGES)
        ) as crew:
            crew.order(SCENARIO, range(1, 31), owner="a")
            while [slot.owner for slot in crew._slots] != ["a", "a"]:
                await asyncio.sleep(0.01)
            assert await crew.call(doubled, 3, seconds=60.0, owner="b") == 6
            assert [slot.owner for slot in crew._slots].count("a") >= 1

    played(scene())

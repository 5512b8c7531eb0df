from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

import sim
from experiments import runner
from experiments.runner import Batch, Job
from sim.events import EventLog
from sim.scenario import Scenario
from tests import markov

WORLD = sim.load("taipei_stage1")


def quick(scenario: Scenario, seed: int) -> EventLog:
    return markov.run(seed, days=400.0, scenario=scenario.name)


def moody(scenario: Scenario, seed: int) -> EventLog:
    if seed == 3:
        raise ValueError("three is\nunlucky")
    return quick(scenario, seed)


def hopeless(scenario: Scenario, seed: int) -> EventLog:
    raise RuntimeError("never")


def deadly(scenario: Scenario, seed: int, mark: Path | None = None) -> EventLog:
    """Takes its process down at seed 3; with ``mark`` only as long as there is no such file."""
    assert multiprocessing.parent_process() is not None
    if seed == 3 and (mark is None or not mark.exists()):
        if mark is not None:
            mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return quick(scenario, seed)


def jobs(number: int, world: Scenario = WORLD) -> list[Job]:
    return [Job(world, seed) for seed in range(number)]


def made(number: int, **how: Any) -> Batch:
    return runner.joined(runner.batches(jobs(number), **{"simulate": quick, **how}))


def same(one: Batch, two: Batch) -> None:
    assert one.outcomes is not None
    assert two.outcomes is not None
    assert_frame_equal(one.outcomes.astype({"scenario": str}), two.outcomes.astype({"scenario": str}))
    for name in ("runs", "cases", "events"):
        frames = [getattr(batch.tables, name) for batch in (one, two)]
        words = frames[0].select_dtypes("category").columns
        assert_frame_equal(*(frame.astype(dict.fromkeys(words, "string")) for frame in frames))


@pytest.mark.parametrize("chunk", [1, 3, 7, 50, None])
def test_results_do_not_depend_on_the_size_of_chunks(chunk: int | None) -> None:
    same(made(7, chunk=chunk), made(7, chunk=2))


def test_results_do_not_depend_on_the_number_of_processes() -> None:
    same(made(7, workers=2, chunk=2), made(7))


def test_the_model_itself_gives_the_same_in_another_process() -> None:
    same(made(2, workers=2, simulate=None), made(2, simulate=None))


def test_any_executor_will_do() -> None:
    same(made(7, pool=partial(ThreadPoolExecutor, 3), chunk=1), made(7))


def test_runs_come_in_the_order_of_the_jobs() -> None:
    worlds = [WORLD, sim.load("taipei_stage1_bottom_up")]
    todo = [Job(world, seed) for world in worlds for seed in (5, 2, 9)]
    batch = runner.joined(runner.batches(todo, simulate=quick, chunk=2))
    assert batch.outcomes is not None
    found = list(zip(batch.outcomes["scenario"], batch.outcomes["seed"], strict=True))
    assert found == [(job.scenario.name, job.seed) for job in todo]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_fails_is_written_down_and_the_rest_goes_on(workers: int) -> None:
    batch = made(6, workers=workers, chunk=2, simulate=moody)
    assert batch.done == 6
    assert [(failure.scenario, failure.seed) for failure in batch.failures] == [("taipei_stage1", 3)]
    assert batch.failures[0].error == "ValueError: three is unlucky"
    assert "in moody" in batch.failures[0].trace
    assert batch.outcomes is not None
    assert list(batch.outcomes["seed"]) == [0, 1, 2, 4, 5]


def test_when_every_run_fails_there_are_no_tables() -> None:
    batch = made(3, simulate=hopeless)
    assert (batch.done, batch.tables, batch.outcomes, len(batch.failures)) == (3, None, None, 3)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "DEATHS", 3)


@pytest.mark.usefixtures("impatient")
def test_a_run_that_kills_its_worker_takes_no_other_chunk_with_it() -> None:
    batch = made(8, workers=2, chunk=1, simulate=deadly)
    assert batch.done == 8
    assert [failure.seed for failure in batch.failures] == [3]
    assert "died" in batch.failures[0].error
    assert batch.outcomes is not None
    assert list(batch.outcomes["seed"]) == [0, 1, 2, 4, 5, 6, 7]


def test_work_that_a_killed_worker_held_is_done_again(tmp_path: Path) -> None:
    batch = made(8, workers=2, chunk=2, simulate=partial(deadly, mark=tmp_path / "killed"))
    assert not batch.failures
    assert batch.outcomes is not None
    assert list(batch.outcomes["seed"]) == list(range(8))


def test_outcomes_alone_can_be_kept() -> None:
    batch = made(4, keep="outcomes")
    assert batch.tables is None
    assert batch.outcomes is not None
    assert_frame_equal(batch.outcomes, made(4).outcomes)


def test_whoever_stops_listening_leaves_no_process_behind() -> None:
    parts = runner.batches(jobs(40), workers=2, chunk=1, simulate=quick)
    next(parts)
    assert multiprocessing.active_children()
    parts.close()  # type: ignore[attr-defined]
    assert not multiprocessing.active_children()


class _Counting(ThreadPoolExecutor):
    """Notes how many chunks were handed over that nobody had asked for yet."""

    most = 0

    def submit(self, call: Callable[..., Any], /, *details: Any, **more: Any) -> Future[Any]:
        type(self).most = max(type(self).most, len(self.open) + 1)
        future = super().submit(call, *details, **more)
        self.open.append(future)
        result = future.result

        def taken(timeout: float | None = None) -> Any:
            found = result(timeout)
            self.open.remove(future)
            return found

        future.result = taken  # type: ignore[method-assign]
        return future

    def __init__(self) -> None:
        super().__init__(1)
        self.open: list[Future[Any]] = []


def test_only_a_few_chunks_are_under_way_at_a_time() -> None:
    _Counting.most = 0
    pool: Callable[[], Executor] = _Counting
    made(30, chunk=1, pool=pool)
    assert 1 < _Counting.most <= runner.AHEAD


@given(st.integers(1, 3000), st.integers(1, 8), st.floats(0.001, 10))
def test_chunks_take_about_the_time_aimed_at_and_get_small_towards_the_end(
    number: int, workers: int, seconds: float
) -> None:
    pace = runner._Pace(iter(jobs(number)), None, number, lambda: workers)
    sizes = []
    for chunk in pace:
        assert chunk.place == sum(sizes)
        sizes.append(len(chunk.jobs))
        pace.seen(Batch(len(chunk.jobs), None, None, (), seconds=seconds * len(chunk.jobs)))
    assert sum(sizes) == number
    assert max(sizes) <= max(1, min(runner.LARGEST, runner.SECONDS / seconds))
    assert sizes[-1] == 1


@pytest.mark.usefixtures("impatient")
def test_a_run_that_kills_its_worker_is_told_from_those_beside_it() -> None:
    """Of a chunk of many only the run that is to blame is given up."""
    batch = made(8, workers=2, chunk=4, simulate=deadly)
    assert batch.done == 8
    assert [failure.seed for failure in batch.failures] == [3]
    assert batch.outcomes is not None
    assert list(batch.outcomes["seed"]) == [0, 1, 2, 4, 5, 6, 7]


def test_workers_that_die_before_anything_comes_back_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "STARTS", 3)
    with pytest.raises(runner.WorkersError, match="die as soon as they begin"):
        list(runner.batches(jobs(6), workers=1, pool=_Broken))


class _Broken(ThreadPoolExecutor):
    """Takes nothing."""

    def submit(self, *_: Any) -> Future[Any]:  # type: ignore[override]
        raise BrokenExecutor("no such luck")


def unmeasurable(scenario: Scenario, seed: int) -> EventLog:
    log = quick(scenario, seed)
    if seed == 1:
        log.events.append(None)  # type: ignore[arg-type]
    return log


def test_a_log_that_cannot_be_measured_fails_alone() -> None:
    batch = made(4, chunk=4, simulate=unmeasurable)
    assert [failure.seed for failure in batch.failures] == [1]
    assert batch.outcomes is not None
    assert list(batch.outcomes["seed"]) == [0, 2, 3]


def leaving(scenario: Scenario, seed: int) -> EventLog:
    if seed == 1:
        raise SystemExit(3)
    return quick(scenario, seed)


def test_a_run_that_wants_to_leave_python_is_a_failure() -> None:
    batch = made(3, simulate=leaving, workers=2)
    assert [failure.error for failure in batch.failures] == ["SystemExit: 3"]
    with pytest.raises(SystemExit):  # in this process it is this process that is to end
        made(3, simulate=leaving)


def test_settings_of_a_job_reach_its_run() -> None:
    def staff(scenario: Scenario, seed: int) -> EventLog:
        assert (scenario.name, scenario.parameters.pmo.staff) == ("small", 7)
        return quick(scenario, seed)

    job = Job(WORLD, 1, {"pmo.staff": 7}, "small")
    batch = runner.joined(runner.batches([job], simulate=staff))
    assert not batch.failures
    assert batch.outcomes is not None
    assert list(batch.outcomes["scenario"]) == ["small"]


def test_a_setting_that_cannot_be_made_fails_its_run_alone() -> None:
    todo = [Job(WORLD, 1, {"pmo.staff": -1}, "a"), Job(WORLD, 1, {"pmo.staff": 7}, "b")]
    batch = runner.joined(runner.batches(todo, simulate=quick, chunk=2))
    assert [failure.scenario for failure in batch.failures] == ["a"]

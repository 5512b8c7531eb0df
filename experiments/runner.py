"""Many runs, on as many cores or machines as wanted; what comes out does not depend on how many.

Runs are made in chunks. A chunk turns its event logs into tables where it is computed. A run that
fails is written down and the rest goes on; so does the batch when worker processes die: what they
held is done again, and a run is given up only when it takes down its worker every time it is alone.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING, Literal, cast

from sim.errors import CityfunnelError

if TYPE_CHECKING:
    import pandas as pd

    from analysis.tables import Tables
    from sim.events import EventLog
    from sim.parameters import Value
    from sim.scenario import Scenario

#: most runs in a chunk, and the seconds that one is to take: so little is lost with a worker
LARGEST, SECONDS = 100, 1.5
#: chunks under way at a time, for each worker
AHEAD = 3
#: workers that may die over a chunk before it is tried by itself, and over a single run in all
SUSPECT, DEATHS = 2, 5
#: pools that may break before any chunk has come back
STARTS = 10

Keep = Literal["everything", "outcomes"]


class WorkersError(CityfunnelError):
    """The workers do not work: none of them brought anything home."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run to make.

    Attributes:
        scenario: what is run.
        seed: of the run.
        settings: numbers that differ from the scenario's, by path.
        name: under which the run stands in tables; the scenario's unless given.
    """

    scenario: Scenario
    seed: int
    settings: Mapping[str, Value] = field(default_factory=dict)
    name: str = ""

    @property
    def label(self) -> str:
        """The name under which the run stands in tables."""
        return self.name or self.scenario.name

    def world(self) -> Scenario:
        """The scenario as it is run.

        Raises:
            ParameterError: a setting cannot be made.
        """
        world = self.scenario
        for path, value in self.settings.items():
            world = world.with_(path, value)
        return replace(world, name=self.label)


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that came to nothing: ``error`` in one line, ``trace`` in full."""

    scenario: str
    seed: int
    error: str
    trace: str = ""


@dataclass(frozen=True)
class Batch:
    """What some jobs gave, in their order.

    Attributes:
        done: number of jobs, those that failed included.
        tables: the runs that succeeded; ``None`` where only outcomes were wanted, or none succeeded.
        outcomes: one row a run that succeeded: scenario, seed, measures; ``None`` when none did.
        failures: the runs that failed.
        place: of the first of the jobs among all that were given.
        seconds: that the runs took.
        code: digest of the code that made them.
    """

    done: int
    tables: Tables | None
    outcomes: pd.DataFrame | None
    failures: tuple[Failure, ...]
    place: int = 0
    seconds: float = 0.0
    code: str = ""


Simulate = Callable[["Scenario", int], "EventLog"]
Measured = Callable[["Tables"], "pd.DataFrame"]
Workers = Callable[[], int]
Work = Callable[[Sequence[Job], int], Batch]


def cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def batches(
    jobs: Iterable[Job],
    *,
    total: int | None = None,
    workers: int | Workers = 1,
    chunk: int | None = None,
    keep: Keep = "everything",
    simulate: Simulate | None = None,
    measure: Measured | None = None,
    pool: Callable[[], Executor] | None = None,
    deaths: tuple[type[BaseException], ...] = (BrokenExecutor,),
) -> Iterator[Batch]:
    """Run the jobs; yield what they gave, chunk by chunk, as it comes in.

    The jobs are asked for as they are needed, so there may be any number of them.

    Args:
        jobs: the runs; no (name, seed) twice.
        total: their number, where ``jobs`` does not tell it.
        workers: processes; with 1 everything happens in this one. A function is asked again and
            again, where an executor of one's own has workers that come and go.
        chunk: runs in a chunk; follows from the time that runs take, and how many are left, unless given.
        keep: ``outcomes`` drops the tables of cases and events as soon as they are measured.
        simulate: makes one run; the model itself unless given. Other processes must be able to
            import it.
        measure: makes the table of outcomes, one row a run: scenario, seed, numbers; all measures
            unless given. Other processes must be able to import it.
        pool: makes the executor that takes the chunks; processes on this machine unless given.
        deaths: what a future of that executor raises when a worker died over it.

    Raises:
        WorkersError: workers die before they bring home a single chunk.
    """
    work = partial(batch, keep=keep, simulate=simulate, measure=measure)
    number = len(jobs) if isinstance(jobs, Sized) else total
    crew = workers if callable(workers) else partial(int, workers)
    pace = _Pace(iter(jobs), chunk, number, crew)
    if pool is None and crew() == 1:
        return _here(work, pace, simulate)
    pool = pool or partial(processes, crew(), simulate)
    return _Crew(work, pace, pool, crew, deaths).batches()


def joined(parts: Iterable[Batch]) -> Batch:
    """Several batches as one, in the order of the jobs."""
    import pandas as pd

    from analysis.tables import concat

    parts = sorted(parts, key=lambda part: part.place)
    tables = [part.tables for part in parts if part.tables is not None]
    outcomes = [part.outcomes for part in parts if part.outcomes is not None]
    return Batch(
        done=sum(part.done for part in parts),
        tables=concat(tables) if tables else None,
        outcomes=pd.concat(outcomes, ignore_index=True) if outcomes else None,
        failures=tuple(failure for part in parts for failure in part.failures),
        place=min((part.place for part in parts), default=0),
        seconds=sum(part.seconds for part in parts),
    )


# --- one chunk, wherever it is computed ---------------------------------------------------------


def batch(
    jobs: Sequence[Job],
    place: int,
    keep: Keep,
    simulate: Simulate | None = None,
    measure: Measured | None = None,
) -> Batch:
    """Make some runs here and now; those that fail are told in the result.

    Args:
        jobs: the runs.
        place: of the first of them among all.
        keep: as for :func:`batches`, as are the others.
        simulate: makes one run.
        measure: makes the table of outcomes.
    """
    from experiments import provenance

    began, failures = time.perf_counter(), list[Failure]()
    try:
        tables, outcomes = _measured(_logs(jobs, simulate or _model(), failures), measure)
    except Exception as error:  # noqa: BLE001  # one log must not take the others with it
        if len(jobs) > 1:
            alone = (batch([job], place + index, keep, simulate, measure) for index, job in enumerate(jobs))
            return joined(alone)
        tables, outcomes, failures = None, None, [_failure(jobs[0], error)]
    kept = tables if keep == "everything" else None
    seconds = time.perf_counter() - began
    return Batch(len(jobs), kept, outcomes, tuple(failures), place, seconds, provenance.code_of_outcomes())


def _logs(jobs: Sequence[Job], simulate: Simulate, failures: list[Failure]) -> Iterator[EventLog]:
    """The logs of runs that succeed, one after the other; those that fail are added to ``failures``."""
    for job in jobs:
        made = _made(job, simulate)
        if isinstance(made, Failure):
            failures.append(made)
        else:
            yield made


def _made(job: Job, simulate: Simulate) -> EventLog | Failure:
    try:
        return simulate(job.world(), job.seed)
    except (Exception, SystemExit) as error:  # one run must not take the others with it
        if isinstance(error, SystemExit) and parent_process() is None:
            raise  # this process itself is asked to end
        return _failure(job, error)


def _failure(job: Job, error: BaseException) -> Failure:
    told = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return Failure(job.label, job.seed, told, "".join(traceback.format_exception(error)))


def _measured(
    logs: Iterable[EventLog], measure: Measured | None
) -> tuple[Tables, pd.DataFrame] | tuple[None, None]:
    from analysis.measures import outcomes
    from analysis.tables import tables

    made = tables(logs)
    return (made, (measure or outcomes)(made)) if len(made.runs) else (None, None)


def _model() -> Simulate:
    import sim

    return cast(Simulate, sim.run)


# --- chunks in this process ---------------------------------------------------------------------


def _here(work: Work, pace: _Pace, simulate: Simulate | None) -> Iterator[Batch]:
    _import(simulate)
    gc.freeze()  # as load() does, until the last run
    try:
        for todo in pace:
            yield pace.seen(work(todo.jobs, todo.place))
    finally:
        gc.unfreeze()


# --- chunks over an executor --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some jobs; ``place`` is that of the first one; ``deaths`` are workers that died over them."""

    jobs: tuple[Job, ...]
    place: int
    deaths: int = 0

    @property
    def suspect(self) -> bool:
        return self.deaths >= SUSPECT

    def after_death(self) -> tuple[_Chunk, ...]:
        """What is to be tried after one more worker died: the same, or each of its jobs by itself."""
        if self.suspect and len(self.jobs) > 1:
            return tuple(_Chunk((job,), self.place + index, SUSPECT) for index, job in enumerate(self.jobs))
        return (replace(self, deaths=self.deaths + 1),)

    def given_up(self) -> Batch:
        told = f"the worker process died {self.deaths} times (killed, or out of memory)"
        failures = tuple(Failure(job.label, job.seed, told) for job in self.jobs)
        return Batch(len(self.jobs), None, None, failures, self.place)


class _Pace:
    """Cuts jobs into chunks that take about ``SECONDS``, smaller ones towards the end."""

    def __init__(self, jobs: Iterator[Job], size: int | None, total: int | None, workers: Workers) -> None:
        self._jobs, self._fixed, self._size = jobs, size is not None, size or 1
        self._total, self._workers, self._place = total, workers, 0

    def __iter__(self) -> Iterator[_Chunk]:
        while jobs := tuple(islice(self._jobs, self._next())):
            yield _Chunk(jobs, self._place)
            self._place += len(jobs)

    def _next(self) -> int:
        if self._fixed or self._total is None:
            return self._size
        return max(1, min(self._size, (self._total - self._place) // (2 * self._workers())))

    def seen(self, batch: Batch) -> Batch:
        """Note how long a batch took, and hand it on."""
        if not self._fixed and batch.seconds > 0:
            fitting = int(SECONDS * batch.done / batch.seconds)
            self._size = max(1, min(LARGEST, 2 * self._size, fitting))
        return batch


class _Crew:
    """Gives chunks to an executor, a bounded number at a time; a broken executor is replaced."""

    def __init__(
        self,
        work: Work,
        pace: _Pace,
        pool: Callable[[], Executor],
        workers: Workers,
        deaths: tuple[type[BaseException], ...],
    ) -> None:
        self._work, self._pace, self._pool, self._deaths = work, pace, pool, deaths
        self._workers = workers
        self._fresh = iter(pace)
        self._again: deque[_Chunk] = deque()
        self._under_way: dict[Future[Batch], _Chunk] = {}
        self._breaks, self._home = 0, 0

    def batches(self) -> Iterator[Batch]:
        while self._fill_and_work_left():
            yield from self._until_broken()
            yield from self._salvaged()

    def _fill_and_work_left(self) -> bool:
        """Whether anything is left to do; the next chunk is looked up only then."""
        if not self._again:
            self._again.extend(islice(self._fresh, 1))
        return bool(self._again)

    def _until_broken(self) -> Iterator[Batch]:
        executor = self._pool()
        try:
            while self._submitted(executor):
                done, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
                for future in done:
                    batch = future.result()
                    del self._under_way[future]
                    self._home += 1
                    yield self._pace.seen(batch)
        except self._deaths as error:
            self._breaks += 1
            if not self._home and self._breaks >= STARTS:
                raise WorkersError(f"worker processes die as soon as they begin ({error})") from error
        except BaseException:
            abandon(executor, self._under_way)
            raise
        finally:
            executor.shutdown(wait=True)

    def _submitted(self, executor: Executor) -> bool:
        """Fill up what is under way; a suspect chunk is alone, so that it can take down no other."""
        ahead = AHEAD * self._workers()
        while len(self._under_way) < ahead and not any(c.suspect for c in self._under_way.values()):
            if not self._again:
                self._again.extend(islice(self._fresh, 1))
            if not self._again or (self._again[0].suspect and self._under_way):
                break
            chunk = self._again[0]
            with deaf():
                future = executor.submit(self._work, chunk.jobs, chunk.place)
            self._under_way[future] = self._again.popleft()
        return bool(self._under_way)

    def _salvaged(self) -> Iterator[Batch]:
        """After a death: what came home all the same; the rest is tried again, or given up."""
        under_way, self._under_way = self._under_way, {}
        lost: list[_Chunk] = []
        for future, chunk in under_way.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                self._home += 1
                yield self._pace.seen(future.result())
            else:
                lost.extend(chunk.after_death())
        for chunk in (chunk for chunk in lost if chunk.deaths >= DEATHS):
            yield chunk.given_up()
        kept = [*self._again, *(chunk for chunk in lost if chunk.deaths < DEATHS)]
        self._again = deque(sorted(kept, key=lambda chunk: chunk.suspect))


def abandon(executor: Executor, futures: Iterable[Future[Batch]] = ()) -> None:
    """Let nobody wait for chunks that are no longer wanted."""
    if isinstance(executor, ProcessPoolExecutor):
        for process in list((executor._processes or {}).values()):  # terminate_workers() from Python 3.14 on
            process.terminate()
    else:
        for future in futures:
            future.cancel()


def processes(workers: int, simulate: Simulate | None) -> Executor:
    """Fresh interpreters: the same on every platform, and no threads of a library are copied."""
    begin = partial(_begin_work, simulate)
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=begin)


def _begin_work(simulate: Simulate | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    load(simulate)


def load(simulate: Simulate | None = None) -> None:
    """Import what runs need, and let the garbage collector pass over it from now on: that saves a tenth."""
    _import(simulate)
    gc.collect()
    gc.freeze()


def _import(simulate: Simulate | None) -> None:
    import pandas  # noqa: F401  # the analysis imports it late
    import pyarrow  # noqa: F401

    import analysis.measures  # noqa: F401

    simulate or _model()


def _end_with_parent() -> None:
    """A worker whose parent was killed would otherwise wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def deaf() -> AbstractContextManager[None]:
    """Ignore interrupts while workers are started: they inherit that, so Ctrl-C is the parent's alone."""
    return _ignoring() if threading.current_thread() is threading.main_thread() else nullcontext()


@contextmanager
def _ignoring() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

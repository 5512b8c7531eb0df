"""Many runs, on as many cores as wanted; what comes out does not depend on how many.

Runs are made in chunks. A chunk turns its event logs into tables where it is computed, and chunks
come back in the order of the jobs. A run that fails is written down and the rest goes on; so does
the batch when a worker process dies.
"""

from __future__ import annotations

import os
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    import pandas as pd

    from analysis.tables import Tables
    from sim.events import EventLog
    from sim.scenario import Scenario

#: most runs in a chunk: enough that passing it on costs nothing, few enough that progress shows
CHUNK = 10
#: chunks under way at a time, for each worker
AHEAD = 3
#: workers that a chunk may take down before it is given up
DEATHS = 2

Keep = Literal["everything", "outcomes"]


@dataclass(frozen=True, slots=True)
class Job:
    """One run to make."""

    scenario: Scenario
    seed: int


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
    """

    done: int
    tables: Tables | None
    outcomes: pd.DataFrame | None
    failures: tuple[Failure, ...]


Simulate = Callable[["Scenario", int], "EventLog"]


def cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def batches(
    jobs: Sequence[Job],
    *,
    workers: int = 1,
    chunk: int | None = None,
    keep: Keep = "everything",
    simulate: Simulate | None = None,
    pool: Callable[[], Executor] | None = None,
) -> Iterator[Batch]:
    """Run the jobs; yield what they gave, chunk by chunk, in the order of the jobs.

    Args:
        jobs: the runs; no (scenario, seed) twice.
        workers: processes; with 1 everything happens in this one.
        chunk: runs in a chunk; chosen from the number of jobs and workers unless given.
        keep: ``outcomes`` drops the tables of cases and events as soon as they are measured.
        simulate: makes one run; the model itself unless given. Other processes must be able to
            import it.
        pool: makes the executor that takes the chunks; processes on this machine unless given.
    """
    size = chunk or chunk_size(len(jobs), workers)
    work = partial(_batch, keep=keep, simulate=simulate)
    chunks = [tuple(jobs[first : first + size]) for first in range(0, len(jobs), size)]
    if pool is None and workers == 1:
        return map(work, chunks)
    return _spread(work, chunks, pool or partial(_processes, workers), AHEAD * workers)


def chunk_size(jobs: int, workers: int) -> int:
    """Runs in a chunk: every worker gets several, and none more than ``CHUNK``."""
    return max(1, min(CHUNK, jobs // (4 * workers)))


def joined(parts: Iterable[Batch]) -> Batch:
    """Several batches as one."""
    import pandas as pd

    from analysis.tables import concat

    parts = list(parts)
    tables = [part.tables for part in parts if part.tables is not None]
    outcomes = [part.outcomes for part in parts if part.outcomes is not None]
    return Batch(
        done=sum(part.done for part in parts),
        tables=concat(tables) if tables else None,
        outcomes=pd.concat(outcomes, ignore_index=True) if outcomes else None,
        failures=tuple(failure for part in parts for failure in part.failures),
    )


# --- one chunk, wherever it is computed ---------------------------------------------------------


def _batch(jobs: Sequence[Job], keep: Keep, simulate: Simulate | None) -> Batch:
    made = [_made(job, simulate or _model()) for job in jobs]
    failures = tuple(run for run in made if isinstance(run, Failure))
    logs = [run for run in made if not isinstance(run, Failure)]
    if not logs:
        return Batch(len(jobs), None, None, failures)
    tables, outcomes = _measured(logs)
    return Batch(len(jobs), tables if keep == "everything" else None, outcomes, failures)


def _made(job: Job, simulate: Simulate) -> EventLog | Failure:
    try:
        return simulate(job.scenario, job.seed)
    except Exception as error:  # noqa: BLE001  # one run must not take the others with it
        told = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return Failure(job.scenario.name, job.seed, told, traceback.format_exc())


def _measured(logs: Sequence[EventLog]) -> tuple[Tables, pd.DataFrame]:
    from analysis.measures import outcomes
    from analysis.tables import tables

    made = tables(logs)
    return made, outcomes(made)


def _model() -> Simulate:
    import sim

    return cast(Simulate, sim.run)


# --- chunks over an executor --------------------------------------------------------------------

Work = Callable[[Sequence[Job]], Batch]
Pool = Callable[[], Executor]


def _spread(work: Work, chunks: Iterable[Sequence[Job]], pool: Pool, ahead: int) -> Iterator[Batch]:
    """A bounded number of chunks under way at a time; a broken executor is replaced."""
    waiting = deque(chunks)
    while waiting:
        under_way: deque[tuple[Sequence[Job], Future[Batch]]] = deque()
        executor = pool()
        try:
            while waiting or under_way:
                while waiting and len(under_way) < ahead:
                    under_way.append((waiting[0], _submitted(executor, work, waiting[0])))
                    waiting.popleft()
                yield under_way[0][1].result()
                under_way.popleft()
        except BrokenExecutor:
            pass
        except BaseException:
            _abandon(executor, [future for _, future in under_way])
            raise
        finally:
            executor.shutdown(wait=True)
        for jobs, future in under_way:
            yield _saved(future) or _alone(work, jobs, pool)


def _saved(future: Future[Batch]) -> Batch | None:
    """What a future brought home before its executor broke."""
    lost = not future.done() or future.cancelled() or future.exception() is not None
    return None if lost else future.result()


def _alone(work: Work, jobs: Sequence[Job], pool: Pool) -> Batch:
    """A chunk that may have taken a worker down, by itself, so that it can take down no other."""
    for _ in range(DEATHS):
        executor = pool()
        future = _submitted(executor, work, jobs)
        try:
            return future.result()
        except BrokenExecutor:
            continue
        except BaseException:
            _abandon(executor, [future])
            raise
        finally:
            executor.shutdown(wait=True)
    told = "the worker process died (killed, or out of memory)"
    return Batch(len(jobs), None, None, tuple(Failure(job.scenario.name, job.seed, told) for job in jobs))


def _submitted(executor: Executor, work: Work, jobs: Sequence[Job]) -> Future[Batch]:
    with _deaf():
        return executor.submit(work, jobs)


def _abandon(executor: Executor, futures: Iterable[Future[Batch]]) -> None:
    """Let nobody wait for chunks that are no longer wanted."""
    if isinstance(executor, ProcessPoolExecutor):
        for process in list((executor._processes or {}).values()):  # terminate_workers() from Python 3.14 on
            process.terminate()
    else:
        for future in futures:
            future.cancel()


def _processes(workers: int) -> Executor:
    """Fresh interpreters: the same on every platform, and no threads of a library are copied."""
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin_work)


def _begin_work() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker whose parent was killed would otherwise wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _deaf() -> AbstractContextManager[None]:
    """Ignore interrupts while workers are started: they inherit that, so Ctrl-C is the parent's alone."""
    return _ignoring() if threading.current_thread() is threading.main_thread() else nullcontext()


@contextmanager
def _ignoring() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

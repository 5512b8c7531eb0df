"""Worker processes that outlive one batch of runs, where many small batches follow one another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from experiments import runner

if TYPE_CHECKING:
    from experiments.runner import Simulate


@dataclass(frozen=True)
class Engine:
    """What computes the runs of a search or a calibration.

    Attributes:
        workers: processes; with 1 everything happens in this one.
        chunk: runs in a chunk; by time unless given.
        simulate: makes one run; the model itself unless given.
    """

    workers: int = 1
    chunk: int | None = None
    simulate: Simulate | None = None


class Standing(Executor):
    """Worker processes that stay between two batches; the end of a batch lets them be."""

    def __init__(self, make: Callable[[], Executor]) -> None:
        self._make, self._now = make, make()
        self._used = False

    def __call__(self) -> Executor:
        """The executor for a batch, new where a worker died in the last one."""
        if self._used:
            try:
                self._now.submit(int).result()
            except BrokenExecutor:
                self._now.shutdown()
                self._now = self._make()
        self._used = True
        return self

    def submit(self, /, *arguments: Any, **options: Any) -> Future[Any]:
        """Have a function called in one of the processes."""
        return self._now.submit(*arguments, **options)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing: the next batch comes."""

    def abandon(self) -> None:
        """Let nobody wait for what is under way."""
        runner.abandon(self._now)

    def end(self) -> None:
        """Let the processes go."""
        self._now.shutdown(cancel_futures=True)


@contextmanager
def standing(engine: Engine) -> Iterator[Standing | None]:
    """An executor for all batches inside; none for a single worker."""
    if engine.workers == 1:
        yield None
        return
    crew = Standing(partial(runner.processes, engine.workers, engine.simulate))
    try:
        yield crew
    except BaseException:
        crew.abandon()
        raise
    finally:
        crew.end()

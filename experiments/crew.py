"""Worker processes that outlive one batch of runs, where many small batches follow one another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from experiments import runner

if TYPE_CHECKING:
    from experiments.runner import Simulate


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
def standing(workers: int, simulate: Simulate | None = None) -> Iterator[Standing | None]:
    """An executor of so many processes for all batches inside; none for a single worker.

    Args:
        workers: processes; with 1 everything is to happen in this one.
        simulate: makes one run; the model itself unless given.
    """
    if workers == 1:
        yield None
        return
    crew = Standing(partial(runner.processes, workers, simulate))
    try:
        yield crew
    except BaseException:
        crew.abandon()
        raise
    finally:
        crew.end()

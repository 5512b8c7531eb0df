"""A progress bar for what takes long."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from experiments import show


@contextmanager
def bar() -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, that is told how many runs are done of how many; nothing in a pipe."""
    speed, left = TextColumn("{task.fields[rate]}"), TextColumn("left")
    columns = (TextColumn("Running"), BarColumn(), MofNCompleteColumn(), speed, TimeRemainingColumn(), left)
    with _line(*columns) as progress:
        task = progress.add_task("", total=None, rate="")

        def update(done: int, total: int) -> None:
            if progress.tasks[0].total is None:  # what was done before is no part of the speed
                progress.reset(task, total=total, completed=done)
            progress.update(task, completed=done, rate=f"{progress.tasks[0].speed or 0:.0f} runs/s")

        yield update


@contextmanager
def steps() -> Iterator[Callable[[str, int, int], None]]:
    """A line on a terminal for work in steps: what is being done, how much of it of how much."""
    columns = (TextColumn("{task.fields[what]}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with _line(*columns) as progress:
        task = progress.add_task("", total=None, what="Running")

        def update(what: str, done: int, total: int) -> None:
            progress.update(task, what=what, completed=done, total=total)

        yield update


def _line(*columns: ProgressColumn) -> Progress:
    """A line of these columns on a terminal; hidden in a pipe."""
    console = show.console(stderr=True)
    hidden = not (console.is_terminal and sys.stdout.isatty())
    return Progress(*columns, console=console, disable=hidden, transient=True)

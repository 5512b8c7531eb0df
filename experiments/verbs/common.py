"""What several verbs do: make runs with a progress bar, choose a folder, tell what went wrong."""

from __future__ import annotations

import shlex
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from sim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from experiments.runner import Batch, Failure, Job
    from experiments.store import Target
    from experiments.systems import Gathered
    from sim.scenario import Scenario

#: exit codes where runs failed, and where the user or the system ended the program
FAILED, INTERRUPTED, TERMINATED = 1, 130, 143

#: runs that are timed for an estimate
SAMPLE = 6

#: seeds are kept as 64-bit integers
LAST_SEED = 2**63 - 1


def leave(message: str, code: int) -> NoReturn:
    """End with a line on what is wrong."""
    sys.stderr.write(f"cityfunnel: {' '.join(message.split())}\n")
    raise typer.Exit(code)


@contextmanager
def interruptible(kept: Callable[[], str]) -> Iterator[None]:
    """Tell what is kept when the user or the system ends what goes on inside, and end."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as error:
        stopped = isinstance(error, KeyboardInterrupt)
        how, code = ("interrupted", INTERRUPTED) if stopped else ("terminated", TERMINATED)
        leave(f"{how}{kept()}; the same command goes on", code)


def seconds_of(todo: Sequence[Job]) -> float:
    """Seconds that one of these runs takes, in this process."""
    from experiments import runner

    list(runner.batches(todo[:1]))  # the first one takes longer
    return runner.joined(runner.batches(todo, chunk=len(todo), keep="outcomes")).seconds / len(todo)


def seeds(first: int, number: int) -> range:
    """So many seeds from the first on.

    Raises:
        InputError: they do not fit into 64 bits.
    """
    if first + number - 1 > LAST_SEED:
        raise InputError(f"seeds end at {LAST_SEED}", key="--seed")
    return range(first, first + number)


def target(out: Path | None, name: str, overwrite: bool) -> Target:
    """Where a store is to lie: the folder that was asked for, or a free one of that name in ``results``."""
    from experiments.store import Target

    if out is not None:
        return Target(out, overwrite=overwrite)
    place = Path("results") / name
    return Target(place, overwrite=overwrite, numbered=not overwrite)


def made(
    jobs: list[tuple[Scenario, int]], workers: int | None, take: Callable[[Batch], Batch] | None = None
) -> Batch:
    """Run with a progress bar, and ``take`` what comes in; when no run succeeds that is the end."""
    from experiments import runner

    todo = [runner.Job(scenario, seed) for scenario, seed in jobs]
    batch = _watched(todo, workers or min(runner.cores(), len(todo)), take or (lambda part: part))
    if batch.outcomes is None:
        leave(f"none of {len(todo)} runs succeeded; the first: {told(batch.failures[0])}", FAILED)
    return batch


def _watched(jobs: list[Job], workers: int, take: Callable[[Batch], Batch]) -> Batch:
    from experiments import progress, runner

    parts: list[Batch] = []
    with progress.bar() as show:
        for part in runner.batches(jobs, workers=workers):
            parts.append(take(part))
            show(sum(part.done for part in parts), len(jobs))
    return runner.joined(parts)


def gathered(worlds: list[Scenario], seeds: range, jobs: int | None) -> tuple[Gathered, tuple[Failure, ...]]:
    """The measures of all scenarios at all seeds, and the runs that failed."""
    from experiments.systems import Gathering

    gathering = Gathering()
    todo = [(world, seed) for seed in seeds for world in worlds]
    failures = made(todo, jobs, take=gathering.take).failures
    return gathering.gathered(), failures


def tell_failures(failures: Sequence[Failure], runs: int) -> None:
    """If any of the runs failed, tell of the first ones and end."""
    if not failures:
        return
    shown = "".join(f"\n  {told(failure)}" for failure in failures[:5])
    more = f"\n  and {len(failures) - 5} more" if len(failures) > 5 else ""
    sys.stderr.write(f"cityfunnel: {len(failures)} of {runs} runs failed and are left out:{shown}{more}\n")
    raise typer.Exit(FAILED)


def told(failure: Failure) -> str:
    """A failure in a line."""
    return f"{failure.scenario}, seed {failure.seed}: {failure.error}"


def note(text: str) -> None:
    """Tell what the user may not have meant."""
    sys.stderr.write(f"cityfunnel: note: {text}\n")


def near(path: Path) -> str:
    """A path as short as it can be told from here."""
    here = Path.cwd()
    return f"{path.relative_to(here) if path.is_relative_to(here) else path}/"


def command() -> str:
    """The command that was given."""
    return f"cityfunnel {shlex.join(sys.argv[1:])}"

"""``cityfunnel search``: which policies no other one beats, over worlds that nobody can rule out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.options import Jobs, NoFigures, Out
from experiments.verbs import common

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from experiments.search.found import Found
    from experiments.search.loop import Outcome
    from experiments.search.task import Search

EPILOG = "Example: cityfunnel search taipei_policies --dry-run"


def search(
    study: Annotated[
        str, typer.Argument(metavar="STUDY", help="A search file, or a name.", show_default=False)
    ],
    out: Out = None,
    jobs: Jobs = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how many runs, and how long they will take.")
    ] = False,
    no_figures: NoFigures = False,
) -> None:
    """Search for policies that no other one beats, over uncertain worlds. The same command resumes it."""
    from experiments import memo, runner, show
    from experiments.search import found, loop, task

    asked = task.load(study)
    folder, workers, console = out or Path("results") / asked.name, jobs or runner.cores(), show.console()
    for line in _about(asked):
        console.print(line)
    for note in task.notes(asked):
        sys.stderr.write(f"cityfunnel: note: {note}\n")
    if dry_run:
        for text in _foreseen(asked, workers):
            console.print(text, markup=False)
        return
    memo.refuse(folder, loop.MEMO, loop.WHAT)
    outcome = _searched(asked, folder, workers)
    gathered = found.Found.of(asked, outcome)
    with console.status("Writing tables, scenario files and charts ..."):
        path = found.write(folder.expanduser().resolve(), gathered, common.command(), figures=not no_figures)
    for part in _told(gathered):
        console.print(part)
    console.print(f"Results: {common.near(path)}", markup=False, soft_wrap=True)
    first = f"{common.near(path)}{found.SCENARIOS}/{asked.name}_{gathered.front.names[0]}.yaml"
    console.print(f"Try one: cityfunnel run {first}", markup=False, soft_wrap=True)
    _tell_failures(outcome)


def _about(asked: Search) -> Iterator[RenderableType]:
    from rich.text import Text

    from experiments import show
    from experiments.words import plural

    wanted = ", ".join(f"{'more' if more else 'less'} {name}" for name, more in asked.objectives.items())
    numbers = (
        f"{plural(len(asked.levers), 'lever')} · {plural(len(asked.worlds), 'world')} · up to "
        f"{plural(asked.generations * asked.population, 'candidate')}"
    )
    yield show.heading(f"{asked.name} · {numbers}")
    yield Text(asked.question)
    yield Text(f"Wanted: {wanted}")


def _foreseen(asked: Search, workers: int) -> Iterator[str]:
    from experiments.words import duration, plural

    seconds = _seconds(asked)
    least, most = asked.least, asked.least + asked.resampling
    yield f"Runs: {least:,}, and up to {plural(asked.resampling, 'more run')} to sample the best longer"
    span = [duration(runs * seconds / workers) for runs in (least, most)]
    yield f"Time: {span[0]} to {span[1]}, with {workers} at a time and {seconds:.2f} s each"


def _seconds(asked: Search) -> float:
    """Seconds that a run takes, of candidates from all over the levers."""
    from experiments import runner

    todo = []
    for place in range(common.SAMPLE):
        share = (place + 0.5) / common.SAMPLE
        settings = {lever.name: lever.value(lever.gene(share)) for lever in asked.levers}
        world = asked.worlds[place % len(asked.worlds)]
        todo.append(runner.Job(asked.scenario(settings, "sample"), asked.seed + place, world))
    return common.seconds_of(todo)


def _searched(asked: Search, folder: Path, workers: int) -> Outcome:
    from experiments import progress
    from experiments.crew import Engine
    from experiments.search import loop

    seen = [0]
    with common.interruptible(lambda: f"; {seen[0]:,} runs are kept"), progress.bar() as bar:

        def watch(done: int, total: int) -> None:
            seen[0] = done
            bar(min(done, total), total)

        return loop.search(asked, folder, Engine(workers), watch)


def _told(gathered: Found) -> Iterator[RenderableType]:
    from rich.text import Text

    yield _levers(gathered)
    yield _outcomes(gathered)
    yield from (Text(f"- {sentence}") for sentence in gathered.sentences())
    yield Text(
        "± is half of a 95% interval over replications: the luck of the runs, not what is unknown about "
        "the numbers."
    )


def _levers(gathered: Found) -> RenderableType:
    from experiments.search.found import told

    levers = [lever.name for lever in gathered.task.levers]
    # a path is broken after its group, so that many levers have room beside each other
    table = _grid(*(name.removeprefix("policy.").replace(".", ".\n") for name in levers))
    for name, settings in zip(gathered.front.names, gathered.policies, strict=True):
        table.add_row(name, *told(settings, levers))
    return table


def _outcomes(gathered: Found) -> RenderableType:
    from experiments.search.found import said
    from experiments.words import number

    front, asked = gathered.front, bool(gathered.task.thresholds)
    meets = front.satisficing(gathered.thresholds).mean(axis=1)
    table = _grid(*map(said, front.objectives), "worst regret", *(["thresholds met"] if asked else []))
    for place, name in enumerate(front.names):
        means, halves = front.levels.mean[place], front.levels.half[place]
        cells = [f"{number(mean)} ± {number(half)}" for mean, half in zip(means, halves, strict=True)]
        table.add_row(name, *cells, f"{front.worst[place]:.0%}", *([f"{meets[place]:.0%}"] if asked else []))
    return table


def _grid(*names: str) -> Table:
    from rich import box
    from rich.table import Column, Table

    columns = (Column(name, justify="right", overflow="fold") for name in names)
    return Table(
        Column("policy", no_wrap=True), *columns, box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )


def _tell_failures(outcome: Outcome) -> None:
    failures = outcome.failures
    if not failures:
        return
    first = f"seed {failures[0].seed}: {failures[0].error}"
    common.leave(
        f"{len(failures)} runs failed; their candidates are left out; the first, at {first}", common.FAILED
    )

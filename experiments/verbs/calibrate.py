"""``cityfunnel calibrate``: which numbers bring out what was observed, and how sure that is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.options import Jobs, NoFigures, Out
from experiments.verbs import common

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from experiments.calibration.diagnosis import Diagnosis
    from experiments.calibration.found import Found
    from experiments.calibration.loop import Outcome
    from experiments.calibration.smc import Progress
    from experiments.calibration.task import Calibration

EPILOG = "Example: cityfunnel calibrate taipei_m1 --dry-run"


def calibrate(
    study: Annotated[
        str, typer.Argument(metavar="STUDY", help="A calibration file, or a name.", show_default=False)
    ],
    out: Out = None,
    jobs: Jobs = None,
    particles: Annotated[
        int | None,
        typer.Option("--particles", metavar="N", help="Particles of a generation.", show_default=False),
    ] = None,
    generations: Annotated[
        int | None,
        typer.Option("--generations", metavar="N", help="Generations at most.", show_default=False),
    ] = None,
    cities: Annotated[
        int | None,
        typer.Option(
            "--cities",
            metavar="N",
            min=2,
            max=10_000,
            help="Try the calibration itself on N synthetic cities whose numbers are known.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how many runs at least, and how long they will take.")
    ] = False,
    no_figures: NoFigures = False,
) -> None:
    """Find the numbers that bring out observed figures: a sample from the posterior.

    The same command resumes it.
    """
    from experiments import memo, runner, show
    from experiments.calibration import cities as runs
    from experiments.calibration import task

    changes = {"particles": particles, "generations": generations}
    asked = task.load(study, {key: value for key, value in changes.items() if value is not None})
    folder, workers, console = out or Path("results") / asked.name, jobs or runner.cores(), show.console()
    for line in _about(asked):
        console.print(line)
    for note in task.notes(asked):
        sys.stderr.write(f"cityfunnel: note: {note}\n")
    memo.refuse(folder, runs.MEMO, runs.WHAT)
    if dry_run:
        for text in _foreseen(asked, workers, cities):
            console.print(text, markup=False)
    elif cities is None:
        _calibrate(console, asked, folder, workers, figures=not no_figures)
    else:
        _diagnose(console, asked, folder, workers, cities, figures=not no_figures)


def _about(asked: Calibration) -> Iterator[RenderableType]:
    from rich.text import Text

    from experiments import show
    from experiments.words import plural

    budget = asked.budget
    numbers = (
        f"{plural(len(asked.paths), 'number')} · {plural(len(asked.fitted), 'figure')} · "
        f"{plural(budget.particles, 'particle')} · up to {plural(budget.generations, 'generation')}"
    )
    yield show.heading(f"{asked.name} · {numbers}")
    yield Text(asked.question)
    fitted = ", ".join(target.id for target in asked.fitted)
    yield Text(f"Fitted: {fitted} ({asked.observed}, reading {asked.reading}) in {asked.base.name}")


def _foreseen(asked: Calibration, workers: int, cities: int | None) -> Iterator[str]:
    from experiments.words import duration

    seconds, budget = _seconds(asked), asked.budget
    least = budget.particles * (1 + budget.generations) * (cities or 1)
    most = int(least / budget.acceptance)
    yield f"Runs: {least:,} or more; how many depends on how many are accepted (each costs {seconds:.2f} s)"
    likely = 4 * least  # one in four accepted is what most calibrations come to
    span = [duration(runs * seconds / workers) for runs in (least, likely)]
    yield f"Time: {span[0]} if all are accepted, {span[1]} if one in four is, with {workers} at a time"
    yield f"It ends early where fewer than {budget.acceptance:.0%} are accepted: at most {most:,} runs"


def _seconds(asked: Calibration) -> float:
    """Seconds that a run takes, over the whole of the priors."""
    from experiments import runner
    from experiments.design import lhs

    cube = lhs(common.SAMPLE, len(asked.paths), asked.budget.seed)
    todo = [
        runner.Job(asked.base, asked.budget.seed + place, asked.settings(tuple(row)))
        for place, row in enumerate(cube.tolist())
    ]
    return common.seconds_of(todo)


# --- on what was observed -------------------------------------------------------------------------


def _calibrate(console: Console, asked: Calibration, folder: Path, workers: int, *, figures: bool) -> None:
    from experiments.calibration import found

    outcome = _made(asked, folder, workers)
    gathered = found.Found(outcome)
    with console.status("Writing tables and drawing charts ..."):
        path = found.write(folder.expanduser().resolve(), gathered, common.command(), figures=figures)
    for part in _told(gathered):
        console.print(part)
    console.print(f"Results: {common.near(path)}", markup=False, soft_wrap=True)
    sample = f"{common.near(path)}{found.SAMPLE}"
    console.print(
        f"Use it: cityfunnel run {asked.base.name} --posterior {sample}", markup=False, soft_wrap=True
    )
    _tell_failures(outcome)


def _made(asked: Calibration, folder: Path, workers: int) -> Outcome:
    from experiments.calibration import loop
    from experiments.crew import Engine

    with common.interruptible(_kept), _bar() as show:
        return loop.calibrate(asked, folder, Engine(workers), lambda now: show(_place(now), now))


def _told(gathered: Found) -> Iterator[RenderableType]:
    from rich.text import Text

    yield _numbers(gathered)
    yield _checks(gathered)
    yield from (Text(f"- {sentence}") for sentence in gathered.sentences())


def _numbers(gathered: Found) -> RenderableType:
    from experiments.words import number

    table = _grid(
        "prior 95%", "posterior median", "posterior 95%", "variance gone", "verdict", first="number"
    )
    for row in gathered.numbers.to_dict("records"):
        prior, after = (f"{number(row[a])} to {number(row[b])}" for a, b in _ENDS)
        gone = f"{max(0.0, row['contraction']):.0%}"
        table.add_row(row["path"], prior, number(row["median"]), after, gone, row["verdict"])
    return table


_ENDS = (("prior_low", "prior_high"), ("low", "high"))


def _checks(gathered: Found) -> RenderableType:
    from experiments.words import amount, interval

    table = _grid("observed", "model median", "predicted 95%", "chance", "verdict", first="figure")
    for row in gathered.checks.to_dict("records"):
        sign = {"more_than": "> ", "less_than": "< ", "about": "about "}.get(row["relation"], "")
        name = f"{row['id']} {row['measure']}" + ("" if row["use"] == "calibrate" else f" ({row['use']})")
        observed, median = (amount(row[key], row["unit"]) for key in ("observed", "median"))
        span, chance = interval(row["low"], row["high"], row["unit"]), f"{row['chance']:.2f}"
        table.add_row(name, sign + observed, median, span, chance, row["verdict"])
    return table


# --- on synthetic cities ---------------------------------------------------------------------------


def _diagnose(
    console: Console, asked: Calibration, folder: Path, workers: int, cities: int, *, figures: bool
) -> None:
    from experiments.calibration import found
    from experiments.calibration.diagnosis import diagnose
    from experiments.crew import Engine

    with common.interruptible(_kept), _bar() as show:

        def watch(place: int, number: int, now: Progress) -> None:
            show(f"city {place + 1} of {number}, {_place(now)}", now)

        diagnosis = diagnose(asked, folder, cities, Engine(workers), watch)
    with console.status("Writing tables and drawing charts ..."):
        path = found.write_diagnosis(
            folder.expanduser().resolve(), diagnosis, common.command(), figures=figures
        )
    console.print(_trust(diagnosis))
    console.print(f"{cities} synthetic cities, {diagnosis.runs:,} runs.", markup=False)
    console.print(f"Results: {common.near(path)}", markup=False, soft_wrap=True)


def _trust(diagnosis: Diagnosis) -> RenderableType:
    from experiments.calibration.found import judged

    tables = judged(diagnosis)
    coverage = tables["coverage"].pivot(index="parameter", columns="level", values="covered")
    levels = [f"in the {level:.0%} interval" for level in coverage]
    table = _grid("ranks", *levels, "correlation", "error against prior's", first="number")
    recovery = tables["recovery"].set_index("parameter")
    for row in tables["ranks"].to_dict("records"):
        name, back = row["parameter"], recovery.loc[row["parameter"]]
        held = [f"{share:.0%}" for share in coverage.loc[name]]
        error = f"{back['error'] / back['prior_error']:.2f}"
        table.add_row(name, row["verdict"], *held, f"{back['correlation']:.2f}", error)
    return table


# --- parts ----------------------------------------------------------------------------------------


def _kept() -> str:
    return "; all runs are kept"


def _place(now: Progress) -> str:
    from math import isfinite

    if now.generation < 0:
        return "first draws"
    near = f", epsilon {now.epsilon:.2f}" if isfinite(now.epsilon) else ""
    accepted = f", {now.accepted / now.tried:.0%} accepted" if now.tried else ""
    return f"generation {now.generation + 1}{near}{accepted}"


@contextmanager
def _bar() -> Iterator[Callable[[str, Progress], None]]:
    from experiments import progress

    with progress.steps() as show:
        yield lambda what, now: show(what, now.accepted, now.wanted)


def _grid(*names: str, first: str) -> Table:
    from rich import box
    from rich.table import Column, Table

    columns = (Column(name, justify="left" if name == "verdict" else "right") for name in names)
    return Table(Column(first), *columns, box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))


def _tell_failures(outcome: Outcome) -> None:
    if outcome.failures:
        first = f"seed {outcome.failures[0].seed}: {outcome.failures[0].error}"
        number = len(outcome.failures)
        common.leave(
            f"{number} runs failed and count as far from the figures; the first, at {first}", common.FAILED
        )

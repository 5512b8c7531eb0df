"""``cityfunnel validate``: the model against figures and signs that it was not fitted to."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import typer

from experiments.options import Jobs, Out, Overwrite, Seed
from experiments.verbs import common
from sim.errors import InputError

EPILOG = "Example: cityfunnel validate -n 200 --out results/validation"

#: runs of each scenario unless asked for: held-out figures and signs, and claims on systems
RUNS, SYSTEM_RUNS = 200, 60


def validate(
    systems: Annotated[
        bool, typer.Option("--systems", help="What the sources say of every system, against the model.")
    ] = False,
    only: Annotated[
        Literal["figures", "signs"] | None,
        typer.Option(
            "--only", help="Held-out figures alone, or signs of patterns alone.", show_default=False
        ),
    ] = None,
    posterior: Annotated[
        str | None,
        typer.Option(
            "--posterior",
            metavar="NAME",
            help="A sample of parameters, or 'none' for the default numbers; unless given that of Taipei.",
            show_default=False,
        ),
    ] = None,
    runs: Annotated[
        int | None,
        typer.Option(
            "--runs",
            "-n",
            min=2,
            max=1_000_000,
            show_default=False,
            help=f"Number of runs of each scenario; {RUNS} unless given, {SYSTEM_RUNS} with --systems.",
        ),
    ] = None,
    seed: Seed = 1,
    jobs: Jobs = None,
    out: Out = None,
    markdown: Annotated[
        bool,
        typer.Option(
            "--markdown",
            help="Write validation.md (with --systems systems.md) in DIR (docs unless given).",
        ),
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Hold the model against figures and signs that it was not fitted to; misses are shown as misses."""
    if systems:
        for key, given in (("--only", only), ("--posterior", posterior)):
            if given is not None:
                raise InputError("cannot go with --systems", key=key)
        _systems(common.seeds(seed, runs or SYSTEM_RUNS), jobs, out, markdown, overwrite)
        return
    wanted = Wanted(only != "signs", only != "figures", posterior, common.seeds(seed, runs or RUNS))
    _held_out(wanted, jobs, out, markdown, overwrite)


class Wanted(NamedTuple):
    """What is to be validated, under which posterior, at which seeds."""

    figures: bool
    signs: bool
    posterior: str | None
    seeds: range


def _held_out(wanted: Wanted, jobs: int | None, out: Path | None, markdown: bool, overwrite: bool) -> None:
    from experiments import posterior as posteriors
    from experiments import results, show, show_validation, store, validation
    from experiments.claims import claims

    drawn, known, seeds = validation.chosen(wanted.posterior), claims(), wanted.seeds
    figures = validation.held(known) if wanted.figures else ()
    asked = validation.signs(known) if wanted.signs else ()
    worlds = validation.worlds(known, figures, asked, drawn)
    target = None if markdown or out is None else common.target(out, "validation", overwrite).checked()
    for note in (line for world in worlds for line in posteriors.unreached(world)):
        common.note(note)
    watching, console = validation.Watching(figures), show.console()
    todo = [(world, each) for each in seeds for world in worlds]
    failures = common.made(todo, jobs, take=watching.take).failures
    judged = validation.judged(watching.seen(), figures, asked, drawn, seeds)
    for part in show_validation.told(judged):
        console.print(part, markup=False)
    if markdown:
        path = show_validation.write(out or Path("docs"), judged)
        console.print(f"Page: {path}", markup=False, soft_wrap=True)
    elif target is not None:
        about = results.about(worlds, seeds, failures, common.command())
        fill = partial(validation.fill, judged=judged, about=about)
        console.print(f"Results: {common.near(store.write(target, fill))}", markup=False, soft_wrap=True)
    common.tell_failures(failures, len(todo))


def _systems(seeds: range, jobs: int | None, out: Path | None, markdown: bool, overwrite: bool) -> None:
    from experiments import pages, results, show, store
    from experiments import systems as judged
    from experiments.claims import claims

    known = claims()
    target = None if markdown or out is None else common.target(out, "systems", overwrite).checked()
    found, failures = common.gathered(list(known.worlds.values()), seeds, jobs)
    rows, console = judged.judge(known, found), show.console()
    console.print(show.systems(rows))
    for line in judged.summary(rows):
        console.print(line, markup=False)
    if markdown:
        page = (out or Path("docs")) / "systems.md"
        console.print(f"Page: {pages.write(page, judged.page(known, rows, seeds), judged.NEW_PAGE)}")
    elif target is not None:
        about = results.about(list(known.worlds.values()), seeds, failures, common.command())
        path = store.write(target, partial(judged.fill, found=found, rows=rows, about=about))
        console.print(f"Results: {common.near(path)}", markup=False, soft_wrap=True)
    common.tell_failures(failures, len(known.worlds) * len(seeds))

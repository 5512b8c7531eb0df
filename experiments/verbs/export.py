"""``cityfunnel export``: event logs and networks for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.errors import InputError

EPILOG = "Example: cityfunnel export results/taipei_2016_2021 --format xes --seed 1 --out taipei.xes"


def export(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A run store with cases and events.", show_default=False)
    ],
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            metavar="NAME",
            help="csv, parquet, xes, ocel (JSON), ocel-sqlite, process-map (PNG, SVG), or graphml.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="File or folder.  [default: DIR/export]", show_default=False
        ),
    ] = None,
    run: Annotated[
        int | None,
        typer.Option("--run", metavar="N", help="The N-th run of the store alone.", show_default=False),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Runs with this seed alone.", show_default=False)
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option("--scenario", metavar="NAME", help="Runs of this scenario alone.", show_default=False),
    ] = None,
    moves: Annotated[bool, typer.Option("--moves", help="Moves between stages alone.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file that is there.")] = False,
    bundle: Annotated[
        bool,
        typer.Option("--bundle", help="All of it in one zip file (RO-Crate), to make it again from."),
    ] = False,
) -> None:
    """Write the event log of a run store for tools of process mining, or a run's network, or all of it."""
    from experiments import export as exports
    from experiments import history, show, store
    from experiments.words import plural

    if bundle == (format_ is not None):
        raise InputError("give one of --format and --bundle", key="--format")
    if format_ is None:
        _bundle(folder, out, overwrite)
        return
    chosen = exports.format_(format_)
    found = store.read(folder)
    wanted = history.chosen(history.runs(found), run, seed, scenario)
    file, console = exports.place(found, chosen, out), show.console()
    with console.status("Writing ..."):
        counts = exports.export(found, wanted, chosen, file, moves=moves, overwrite=overwrite)
    things = "node" if chosen.single else "object"
    objects = f", {plural(counts.objects, things)}" if counts.objects else ""
    told = f"{plural(counts.cases, 'case')}, {plural(counts.events, 'event')}{objects}"
    console.print(
        f"{file}: {chosen.meaning}; {plural(counts.runs, 'run')}, {told}", markup=False, soft_wrap=True
    )


def _bundle(folder: Path, out: Path | None, overwrite: bool) -> None:
    from experiments import bundle, show, store

    found = store.read(folder)
    file = out or found.path.with_name(f"{found.path.resolve().name}-bundle.zip")
    console = show.console()
    with console.status("Writing ..."):
        bundle.bundle(found, file, overwrite=overwrite)
    console.print(f"{file}: unpack it, and: cityfunnel verify . --all", markup=False, soft_wrap=True)

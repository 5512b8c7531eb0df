"""``cityfunnel funnel``: the statistics of the funnel of a run store."""

from __future__ import annotations

import shlex
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

EPILOG = "Example: cityfunnel funnel results/taipei_2016_2021 --at 2019-12-31"


def funnel(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A run store with cases and events.", show_default=False)
    ],
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="DATE", help="As seen on a day.  [default: at the end]", show_default=False
        ),
    ] = None,
    observed: Annotated[
        Path | None,
        typer.Option(
            "--observed",
            metavar="DIR",
            help="A store with an observed history, to be drawn beside.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Folder for tables and charts.  [default: DIR/funnel]",
            show_default=False,
        ),
    ] = None,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw no charts.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the results that are in the folder.")
    ] = False,
) -> None:
    """Tell what becomes of proposals: when, where and why they are lost, whose they are, how sure that is."""
    from analysis.tables import until
    from experiments import funnel as funnels
    from experiments import history, show, show_funnel, store

    found = store.read(folder)
    log = None if observed is None else history.tables(store.read(observed))
    tables = history.tables(found)
    day = funnels.day(at, tables)
    target = store.Target(out or found.path / funnels.FOLDER, overwrite=overwrite).checked()
    worlds = funnels.worlds(tables if day is None else until(tables, day))
    console = show.console()
    with console.status("Computing ..."):
        told = funnels.statistics(worlds, found.outcomes if "outcomes" in found.manifest["tables"] else None)
    for table in show_funnel.tables(told, "the last day" if day is None else str(day)):
        console.print(table)
    drawn = {} if no_figures else funnels.sheets(worlds, funnels.targets(found), log)
    about = {"command": f"cityfunnel {shlex.join(sys.argv[1:])}", "of": str(found.path.resolve())}
    with console.status("Writing tables and drawing charts ..."):
        path = store.write(target, partial(funnels.fill, found=told, sheets=drawn, about=about))
    console.print(f"Results: {path}", markup=False, soft_wrap=True)

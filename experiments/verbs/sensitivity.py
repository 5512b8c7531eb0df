"""``cityfunnel sensitivity``: what the outcomes of a finished sweep depend on."""

from __future__ import annotations

import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.options import NoFigures, RefuseOrMean
from experiments.verbs import common

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from analysis.sensitivity import Found

EPILOG = "Example: cityfunnel sensitivity results/screening --outcome needs_solved"


def sensitivity(
    sweep: Annotated[
        str,
        typer.Argument(
            metavar="DIR_OR_STUDY", help="Folder of a finished sweep, or its study.", show_default=False
        ),
    ],
    outcome: Annotated[
        list[str] | None,
        typer.Option(
            "--outcome",
            metavar="NAME",
            help="An outcome; may be repeated. Those of the study unless given.",
            show_default=False,
        ),
    ] = None,
    lever: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="One lever alone; otherwise the lever is a factor like the others.",
            show_default=False,
        ),
    ] = None,
    missing: Annotated[
        RefuseOrMean,
        typer.Option(
            help="Runs without a value: refuse them, or put the mean of their point in their place."
        ),
    ] = "refuse",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="DIR", help="Folder; sensitivity in that of the sweep unless given."
        ),
    ] = None,
    no_figures: NoFigures = False,
) -> None:
    """Rank what the outcomes of a sweep depend on: Morris, Sobol's indices or PAWN, as its design allows."""
    from experiments import finished, show, store
    from experiments import sensitivity as asked

    done = finished.read(sweep)
    names, target = done.measured(outcome), store.Target(out or done.folder / asked.FOLDER, overwrite=True)
    target.checked()
    console = show.console()
    with console.status("Computing indices ..."):
        found, notes = asked.analysed(done, names, lever, missing)
    for each in notes:
        sys.stderr.write(f"cityfunnel: note: {each}\n")
    note = asked.caption(done, lever)
    console.print(show.heading(note))
    for part in (part for outcome_ in found for part in _told(outcome_)):
        console.print(part)
    about = {"command": f"cityfunnel {shlex.join(sys.argv[1:])}", "missing": missing, "notes": notes}
    fill = partial(asked.fill, sweep=done, found=found, about=about, note=note, figures=not no_figures)
    with console.status("Drawing charts ..."):
        path = store.write(target, fill)
    console.print(f"Results: {common.near(path)}", markup=False, soft_wrap=True)


def _told(found: Found) -> Iterator[RenderableType]:
    from rich.text import Text

    from experiments.sensitivity import sentences
    from experiments.show import heading

    parts = {"mean": "mean over replications", "noise": "luck: deviation between replications"}
    for of, what in parts.items():
        if (found.indices["of"] == of).any():
            yield heading(f"\n{found.outcome}, {what}")
            yield _table(found, of)
    yield from map(Text, sentences(found))


def _table(found: Found, of: str) -> RenderableType:
    from rich import box
    from rich.table import Column, Table

    from experiments.sensitivity import decimals
    from experiments.words import number

    rows = found.indices[found.indices["of"] == of]
    statistics = list(dict.fromkeys(rows["statistic"]))
    columns = [
        Column(name, justify="right", no_wrap=True) for each in statistics for name in (each, "95% CI")
    ]
    floored = rows["luck"].notna().any()
    if floored:
        columns.append(Column("without effect", justify="right"))
    table = Table(
        Column("factor", no_wrap=True), *columns, box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0),
    )  # fmt: skip
    places = decimals(rows["value"], found.method)
    for name in _order(found, of):
        mine = rows[rows["factor"] == name].set_index("statistic")
        cells = []
        for each in statistics:
            value, low, high = (float(mine.loc[each, key]) for key in ("value", "low", "high"))
            cells += [
                number(value, places),
                "" if low != low else f"{number(low, places)} to {number(high, places)}",
            ]
        floor = [number(float(mine["luck"].iloc[0]), places)] if floored else []
        table.add_row(name, *cells, *floor)
    return table


def _order(found: Found, of: str) -> list[str]:
    from analysis.sensitivity import RANKS_BY

    table = found.indices
    mine = table[(table["of"] == of) & (table["statistic"] == RANKS_BY[found.method])]
    return list(mine.sort_values("value", ascending=False)["factor"])

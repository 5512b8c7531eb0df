"""``cityfunnel discover``: when a policy wins, or an outcome is reached."""

from __future__ import annotations

import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.options import NoFigures, RefuseOrDrop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from analysis.discovery import Box

EPILOG = (
    'Example: cityfunnel discover results/staff --success "problem_led.needs_solved > no_poc.needs_solved"'
)


def discover(
    sweep: Annotated[
        str,
        typer.Argument(
            metavar="DIR_OR_STUDY", help="Folder of a finished sweep, or its study.", show_default=False
        ),
    ],
    success: Annotated[
        str,
        typer.Option(
            metavar="EXPRESSION",
            help="What counts as a success: 'value_delivered > 100' of every lever, or"
            " 'problem_led.needs_solved > no_poc.needs_solved' at the same point and seed.",
            show_default=False,
        ),
    ],
    lever: Annotated[
        str | None, typer.Option(metavar="NAME", help="Ask it of one lever alone.", show_default=False)
    ] = None,
    density: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Take the box with most wins that is at least so pure; without it, most beyond chance.",
            show_default=False,
        ),
    ] = None,
    boxes: Annotated[int, typer.Option(min=1, max=10, help="At most so many boxes.")] = 3,
    alpha: Annotated[
        float, typer.Option(min=0.005, max=0.5, help="Share of a box that a peel takes.")
    ] = 0.05,
    mass: Annotated[
        float, typer.Option(min=0.005, max=0.5, help="Least share of the cases in a box.")
    ] = 0.05,
    missing: Annotated[
        RefuseOrDrop, typer.Option(help="Runs without a value: refuse them, or leave them out.")
    ] = "refuse",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="DIR", help="Folder; discovery in that of the sweep unless given."
        ),
    ] = None,
    no_figures: NoFigures = False,
) -> None:
    """Find where in the uncertain parameters something succeeds: boxes (PRIM) and a tree (CART)."""
    from analysis.discovery import Search
    from experiments import discovery, finished, show, store

    done = finished.read(sweep)
    target = store.Target(out or done.folder / discovery.FOLDER, overwrite=True).checked()
    what = discovery.asked(done, success, lever, missing)
    console = show.console()
    with console.status("Looking for boxes ..."):
        result = discovery.found(what, Search(alpha, mass, density, boxes))
    notes = list(what.notes)
    if result.cart is None:
        notes.append("CART is left out: pip install 'cityfunnel[insight]' installs scikit-learn")
    for each in notes:
        sys.stderr.write(f"cityfunnel: note: {each}\n")
    note = discovery.caption(done, what)
    console.print(show.heading(note))
    for method, found in (("PRIM", result.prim.boxes), ("CART", [box for box, _ in result.cart or ()])):
        if found:
            console.print(show.heading(f"\nBoxes by {method}"), _table(found))
    console.print()
    for line in show.bullets(list(discovery.sentences(what, result))):
        console.print(line)
    about = {"command": f"cityfunnel {shlex.join(sys.argv[1:])}", "missing": missing, "notes": notes}
    fill = partial(discovery.fill, what=what, result=result, about=about, note=note, figures=not no_figures)
    with console.status("Drawing charts ..."):
        path = store.write(target, fill)
    here = Path.cwd()
    near = path.relative_to(here) if path.is_relative_to(here) else path
    console.print(f"Results: {near}/", markup=False, soft_wrap=True)


def _table(boxes: Sequence[Box]) -> RenderableType:
    """A row a side, under the quality of its box."""
    from rich import box as frames
    from rich.table import Column, Table

    from experiments.discovery import conditions, told
    from experiments.words import number

    right = [
        Column(name, justify="right", no_wrap=True)
        for name in ("coverage", "purity", "of all", "cases", "p", "quasi-p", "recurs")
    ]
    table = Table("where", *right, box=frames.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for box in boxes:
        quality = told(box)
        for side in box.restrictions:
            recurs = "" if side.recurs != side.recurs else f"{side.recurs:.0%}"
            quasi = number(side.quasi_p, 3) if side.quasi_p >= 0.001 else "< 0.001"
            table.add_row(conditions([side]), *quality, quasi, recurs)
            quality = [""] * len(quality)
        table.add_section()
    return table

"""Options that several verbs of the command line take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

ScenarioName = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="A scenario's name, or a file.", show_default=False)
]
Runs = Annotated[
    int,
    typer.Option(
        "--runs", "-n", min=1, max=10_000, help="Number of runs; for more of them there are sweeps."
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of the first run; the next ones follow.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Set a number, as in pmo.staff=30; may be repeated.",
        show_default=False,
    ),
]
PosteriorName = Annotated[
    str | None,
    typer.Option(
        "--posterior",
        metavar="NAME",
        help="Draw what a scenario does not set from this posterior (a name, or a CSV file).",
        show_default=False,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        min=1,
        max=1024,
        help="Runs at a time; as many as there are cores by default.",
        show_default=False,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="DIR", help="Folder for the results.", show_default=False),
]
NoFigures = Annotated[bool, typer.Option("--no-figures", help="Draw no charts.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the results that are in the folder.")]

#: what becomes of runs that give no value: an error, a mean in their place, or nothing is made of them
RefuseOrMean = Literal["refuse", "mean"]
RefuseOrDrop = Literal["refuse", "drop"]

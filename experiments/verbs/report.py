"""``cityfunnel report``: one page that holds a study's results and opens offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EPILOG = "Example: cityfunnel report results/taipei_2016_2021 --out taipei.html"


def report(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="What run, compare --out or sweep has written.", show_default=False
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE.html",
            help="The file.  [default: DIR/report.html]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write a report: one HTML file with charts, tables and sources that opens offline and prints well."""
    from experiments import report as reports
    from experiments import show

    reports.place(folder, out)
    console = show.console()
    with console.status("Writing the report ..."):
        file = reports.write(folder, out)
    size = file.stat().st_size / 1e6
    console.print(
        f"Report: {file} ({size:.1f} MB, opens offline in any browser)", markup=False, soft_wrap=True
    )

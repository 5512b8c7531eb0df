"""``cityfunnel workshop``: a page on which a room tries policies, on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from experiments.options import Jobs
from sim.errors import InputError

EPILOG = "Example: cityfunnel workshop results/workshop --port 8800"

MISSING = "the page needs more: pip install 'cityfunnel[workshop]'"


def workshop(
    folder: Annotated[
        Path,
        typer.Argument(metavar="[DIR]", help="Holds the sessions; or a folder that a room took home."),
    ] = Path("results/workshop"),
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            metavar="P",
            min=1,
            max=65535,
            help="Port of the page.  [default: 8765, or the next free one]",
            show_default=False,
        ),
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
    to_network: Annotated[
        bool, typer.Option("--open", help="Let participants in from the local network, with a code.")
    ] = False,
    jobs: Jobs = None,
) -> None:
    """Open a page for a workshop: choose, see at once, watch, compare, guess, take away.

    The page is on this machine alone, unless --open. What a room does is kept in DIR as it goes on.
    """
    try:
        from experiments.workshop.serve import Wish, serve
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("starlette", "uvicorn", "anyio", "h11"):
            raise
        raise InputError(MISSING) from None
    from experiments import show

    console = show.console()
    serve(
        Wish(folder, port, not no_browser, to_network, jobs),
        lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True),
    )

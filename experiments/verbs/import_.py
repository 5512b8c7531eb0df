"""``cityfunnel import``: a city's own data, checked, as an observed history and as targets."""

from __future__ import annotations

import shlex
import sys
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.options import NoFigures, Out, Overwrite
from sim.errors import InputError, OutputError, nearest

if TYPE_CHECKING:
    from rich.console import Console

    from experiments.imports.results import Imported

EPILOG = "Example: cityfunnel import cases.csv --until 2024-12-31 --out results/mycity"

#: exit code of what the user gave wrong
WRONG = 2

#: errors that are told in words; all of them stand in quality.csv
SHOWN = 10


def import_(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE]",
            help="A CSV of cases, an OCDS package (JSON), or the name of a shipped example.",
            show_default=False,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until",
            metavar="DATE",
            help="Day of observation, on which cases are open or not (unless given, the last in FILE).",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            metavar="NAME",
            help="Name of the city (unless given, that of FILE).",
            show_default=False,
        ),
    ] = None,
    dates: Annotated[
        str,
        typer.Option(
            "--dates", metavar="ORDER", help="How days are written: ymd, dmy, mdy, or roc (Taiwan's years)."
        ),
    ] = "ymd",
    strict: Annotated[
        bool, typer.Option("--strict", help="Write nothing and exit with 2 if anything could not be used.")
    ] = False,
    template: Annotated[
        Path | None,
        typer.Option(
            "--template", metavar="FILE", help="Write an empty file of cases, and stop.", show_default=False
        ),
    ] = None,
    out: Out = None,
    no_figures: NoFigures = False,
    overwrite: Overwrite = False,
) -> None:
    """Bring in what a city observed: a report on its quality, an event log, its funnel, and targets.

    No personal data are asked for: columns that the template does not name are not read.
    """
    from experiments import show, show_import, store
    from experiments.imports import quality, results

    if (file is None) == (template is None):
        raise InputError("give one of FILE and --template", key="FILE")
    if file is None:
        assert template is not None
        _template(template, overwrite=overwrite)
        return
    source = _source(file)
    city = _name(name, source)
    target = store.Target(
        out or Path("results") / city, overwrite, numbered=out is None and not overwrite
    ).checked()
    console = show.console()
    found = results.imported(source, city, date.today(), _day(until), _order(dates))
    wrong = quality.errors(found.checked.problems)
    console.print(show.heading(f"{city}: {source.name}"))
    console.print(results.summary(found), markup=False)
    if any(each.kind is not quality.Kind.ABSENT for each in found.checked.problems):
        console.print(show_import.quality(found.checked.problems))
    for line in show_import.lines(wrong, SHOWN):
        console.print(line, markup=False, soft_wrap=True)
    if absent := show_import.absent(found.checked.problems):
        console.print(absent, markup=False)
    if strict and wrong:
        sys.stderr.write(f"cityfunnel: {source}: {len(wrong)} errors; nothing is written (--strict)\n")
        raise typer.Exit(WRONG)
    with console.status("Writing tables and drawing charts ..."):
        command = f"cityfunnel {shlex.join(sys.argv[1:])}"
        path = store.write(target, partial(results.fill, found=found, command=command, draws=not no_figures))
    _tell(console, found, path)


def _tell(console: Console, found: Imported, path: Path) -> None:
    from experiments import show_import
    from experiments.imports import results

    console.print(show_import.funnel(results.funnel(found)))
    here = Path.cwd()
    near = path.relative_to(here) if path.is_relative_to(here) else path
    if found.figures:
        told = (
            f"Targets: {near / results.TARGETS} ({len(found.figures)} figures; for 'observed:' in a scenario)"
        )
    else:
        told = "Targets: none; the columns of the file give no figure that the model has"
    console.print(told, markup=False, soft_wrap=True)
    console.print(f"Results: {near}/", markup=False, soft_wrap=True)


def _template(file: Path, *, overwrite: bool) -> None:
    from experiments import show
    from experiments.imports.columns import template

    if file.is_dir() or (file.exists() and not overwrite):
        problem = "is a folder" if file.is_dir() else "is there already; give another name, or --overwrite"
        raise OutputError(problem, file=str(file))
    file.write_text(template(), encoding="utf-8", newline="\n")
    show.console().print(
        f"{file}: an empty file of cases, with what its columns mean", markup=False, soft_wrap=True
    )


def _source(name: str) -> Path:
    """The file at that path, or the shipped example with that name.

    Raises:
        ImportFileError: there is neither.
    """
    from importlib.resources import files

    from experiments.imports.sheet import ImportFileError

    path = Path(name).expanduser()
    if path.is_file():
        return path
    if path.exists():
        raise ImportFileError("is no file of cases", file=name)
    shipped = Path(str(files("scenarios").joinpath("observed")))
    known = {each.stem: each for each in sorted(shipped.iterdir()) if each.suffix in (".csv", ".json")}
    if name in known:
        return known[name]
    beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
    raise ImportFileError(f"no such file{nearest(path.name, [*beside, *known])}", file=name)


def _name(name: str | None, source: Path) -> str:
    found = source.stem if name is None else name.strip()
    if not found or found != Path(found).name or found.startswith("."):
        raise InputError(f"'{found}' is no name for a city", key="--name")
    return found


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"'{text}' is no date such as 2024-12-31", key="--until") from None


def _order(text: str) -> str:
    from experiments.imports.days import ORDERS

    if text not in ORDERS:
        examples = ", ".join(f"{name} ({example})" for name, example in ORDERS.items())
        raise InputError(f"unknown order '{text}'; known are {examples}", key="--dates")
    return text

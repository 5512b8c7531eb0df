"""A report: one page of HTML that holds everything and opens offline, from a store that was made.

The page loads nothing: charts, styles and numbers are in it, and a content security policy refuses
everything else. Names in a store are other people's words; they reach the page as text alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from experiments import parts, store
from sim.errors import OutputError

if TYPE_CHECKING:
    from experiments.report.elements import Report

#: how a page begins that was made here
MARK = "<!DOCTYPE html>\n<!-- cityfunnel report -->\n"
NAME = "report.html"


def report(folder: Path) -> Report:
    """What is to be told of the store in a folder: of runs, of a comparison, or of a sweep.

    Raises:
        StoreError: there is none, it is damaged, or it holds none of the three.
        InputError: it is a sweep that is not finished, or of which no run succeeded.
    """
    found = store.read(folder)
    tables = found.manifest.get("tables") or {}
    if "observed" in found.manifest:
        problem = "holds what a city observed; a report is about runs, a comparison or a sweep"
        raise store.StoreError(problem, file=str(folder))
    if isinstance(found.manifest.get("study"), dict):
        from experiments.report import sweeps

        return sweeps.report(folder)
    if {"runs", "cases", "events", "outcomes"} <= set(tables):
        from experiments.report import runs

        return runs.report(found)
    if {"outcomes", "series"} <= set(tables):
        from experiments.report import comparisons

        return comparisons.report(found)
    problem = "holds nothing to report: make one with cityfunnel run, compare --out or sweep"
    raise store.StoreError(problem, file=str(folder))


def place(folder: Path, out: Path | None) -> Path:
    """The file to write: ``report.html`` in the store unless another is asked for.

    Raises:
        OutputError: something is there that is no report.
    """
    file = (out or folder / NAME).expanduser()
    if file.is_dir():
        raise OutputError("is a folder; give a file, as in --out report.html", file=str(file))
    if file.exists() and not _ours(file):
        raise OutputError("is there and is no report of cityfunnel; choose another --out", file=str(file))
    return file


def _ours(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(len(MARK)) == MARK.encode()


def write(folder: Path, out: Path | None = None) -> Path:
    """Make the report of a store; return its file. A report that was there gives way.

    Raises:
        StoreError, InputError: as :func:`report`.
        OutputError: the file cannot be written, or is something else.
    """
    from experiments.report import page

    made = page.html(report(folder))
    file = place(folder, out)
    with parts.writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
    parts.put(file, made)
    return file

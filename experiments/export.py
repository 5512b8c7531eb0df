"""What leaves a run store for other tools: event logs, object-centric event logs, networks."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.formats import Counts, Format, flat, graphml, ocel, picture, xes
from experiments.history import histories
from sim.errors import InputError, OutputError, nearest

if TYPE_CHECKING:
    from experiments.history import Run
    from experiments.store import Store

#: name -> format
FORMATS: dict[str, Format] = {
    "csv": Format("a row an event", "events.csv", False, flat.csv),
    "parquet": Format("a row an event", "events.parquet", False, flat.parquet),
    "xes": Format("event log of cases, IEEE 1849-2016", "events.xes", False, xes.write),
    "ocel": Format("object-centric event log 2.0, as JSON", "events.ocel.json", False, ocel.write),
    "ocel-sqlite": Format(
        "object-centric event log 2.0, as SQLite", "events.ocel.sqlite", False, ocel.sqlite
    ),
    "process-map": Format(
        "chart of the ways of cases", "process_map.png", False, picture.writer("process_map")
    ),
    "graphml": Format("network of departments and vendors", "network.graphml", True, graphml.write),
}

#: the folder of a store in which files lie unless another place is given
FOLDER = "export"


def format_(name: str) -> Format:
    """The format of that name.

    Raises:
        InputError: there is none.
    """
    if name not in FORMATS:
        hint = nearest(name, FORMATS) or f"; there are {', '.join(FORMATS)}"
        raise InputError(f"unknown format '{name}'{hint}", key="--format")
    return FORMATS[name]


def place(store: Store, chosen: Format, out: Path | None) -> Path:
    """The file that is to be written: ``out`` itself, or a file in the folder that it names.

    What has no suffix, or is a folder, is taken for a folder.
    """
    out = store.path / FOLDER if out is None else out.expanduser()
    return out / chosen.name if out.is_dir() or not out.suffix else out


def export(
    store: Store,
    wanted: Sequence[Run],
    chosen: Format,
    file: Path,
    *,
    moves: bool = False,
    overwrite: bool = False,
) -> Counts:
    """Write some runs of a store into a file, which is there as a whole or not at all.

    Args:
        store: a run store with cases and events.
        wanted: runs of it.
        chosen: one of ``FORMATS``.
        file: where to; folders are made.
        moves: only moves between stages, of event logs.
        overwrite: whether a file that is there gives way.

    Returns:
        What the file holds.

    Raises:
        InputError: the format takes one run, and more are wanted.
        OutputError: a file is in the way, or the place cannot be written to.
        StoreError: the store is damaged.
    """
    if chosen.single and len(wanted) > 1:
        problem = f"holds one run, and the store has {len(wanted)}: choose one by --run or --seed"
        raise InputError(problem, key=chosen.name)
    if os.path.lexists(file) and not (overwrite and file.is_file()):
        hint = "give --overwrite, or another --out" if file.is_file() else "choose another --out"
        raise OutputError(f"is there already; {hint}", file=str(file))
    try:
        return _written(store, wanted, chosen, file, moves)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", file=str(file)) from error


def _written(store: Store, wanted: Sequence[Run], chosen: Format, file: Path, moves: bool) -> Counts:
    missing = [parent for parent in file.parents if not parent.exists()]
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=f".{file.name}-", suffix=".partial", dir=file.parent
        ) as folder:
            unfinished = Path(folder) / file.name
            counts = chosen.write(unfinished, lambda: histories(store, wanted), moves)
            unfinished.replace(file)
        return counts
    finally:
        for parent in missing:  # those that were made go again where nothing came to lie in them
            with suppress(OSError):
                parent.rmdir()

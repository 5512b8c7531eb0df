"""Parts: what a few runs gave, in a folder of its own that is complete or not there.

A part holds one Parquet file a table, each row with the id of its job, and ``part.json`` with the
digests of these files. It is written under another name, brought to the disk and then renamed.
The tables of a study are made from its parts in the order of the jobs, so they are the same bytes
however the jobs were divided into parts.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from experiments.store import COMPRESSION, digest, stable
from sim.errors import CityfunnelError, OutputError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from analysis.tables import Rows
    from experiments.ledger import Known

FOLDER = "parts"
CONTENT = "part.json"
#: the column with the id of a row's job
JOB = "job"
#: runs in a row group of a finished table
GROUP = {"outcomes": 1_000, "runs": 1_000, "cases": 1_000, "events": 100}
#: parts of one table in memory at a time
CACHED = 4

_UNFINISHED = ".unfinished-"


class DamagedError(CityfunnelError):
    """A part is missing, or not as it was written."""

    def __init__(self, number: int, problem: str) -> None:
        self.number = number
        super().__init__(problem)


# --- to the disk --------------------------------------------------------------------------------


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Tell what goes wrong with the disk meanwhile in one line: it is the user's to mend."""
    try:
        yield
    except OSError as error:
        problem = f"cannot be written: {error.strerror or error}"
        raise OutputError(problem, file=str(error.filename or path)) from error


def put(file: Path, content: bytes) -> None:
    """Write a small file so that it is there as a whole, old or new, whatever happens.

    Raises:
        OutputError: the disk is full, or not to be written to.
    """
    beside = file.with_name(f"{_UNFINISHED}{file.name}")
    with writing(file):
        with beside.open("wb") as stream:
            stream.write(content)
            _sync_stream(stream)
        beside.replace(file)
        _sync_folder(file.parent)


def _sync_stream(stream: Any) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    """Names are on the disk only when their folder is; Windows does that by itself."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write(folder: Path, frames: Mapping[str, pd.DataFrame], code: str) -> tuple[tuple[str, str], list[str]]:
    """Write a part below ``folder``.

    Args:
        folder: of the study or shard.
        frames: its tables; each has the column ``job``.
        code: digest of the code that made them.

    Returns:
        The part (its name and digest), and the jobs in it.

    Raises:
        OutputError: the disk is full, or not to be written to; no part is left behind then.
    """
    with writing(folder):
        parts = folder / FOLDER
        parts.mkdir(exist_ok=True)
        number = 1 + max((int(name) for name in _names(parts)), default=0)
        unfinished = parts / f"{_UNFINISHED}{number:06d}"
        try:
            sha256 = _fill(unfinished, frames, code)
            unfinished.rename(parts / f"{number:06d}")
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        _sync_folder(parts)
    return (f"{FOLDER}/{number:06d}", sha256), frames["outcomes"][JOB].astype(str).tolist()


def _fill(part: Path, frames: Mapping[str, pd.DataFrame], code: str) -> str:
    import pyarrow.parquet as pq

    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    for name, frame in frames.items():
        with (part / f"{name}.parquet").open("wb") as stream:
            pq.write_table(stable(frame), stream, compression=COMPRESSION)
            _sync_stream(stream)
    files = {name: digest(part / f"{name}.parquet") for name in frames}
    content = json.dumps({"code": code, "files": files}).encode()
    with (part / CONTENT).open("wb") as stream:
        stream.write(content)
        _sync_stream(stream)
    _sync_folder(part)
    return hashlib.sha256(content).hexdigest()


def _names(parts: Path) -> list[str]:
    found = parts.iterdir() if parts.is_dir() else ()
    return sorted(path.name for path in found if re.fullmatch(r"\d{6,}", path.name))


# --- from the disk ------------------------------------------------------------------------------


class Found(NamedTuple):
    """A part as it lies on the disk: its digest, the code that made it, its tables and jobs."""

    sha256: str
    code: str
    tables: tuple[str, ...]
    jobs: list[str]


def found(folder: Path) -> list[str]:
    """The parts that lie below ``folder``; what a process that was stopped left half done is removed."""
    parts = folder / FOLDER
    for path in parts.glob(f"{_UNFINISHED}*") if parts.is_dir() else ():
        shutil.rmtree(path, ignore_errors=True)
    return [f"{FOLDER}/{name}" for name in _names(parts)]


def look(part: Path) -> Found:
    """What a part is, after its files were checked against their digests.

    Raises:
        DamagedError: it is not as it was written.
    """
    content = _content(part, 0, None)
    files = content["files"]
    jobs = _table(part, 0, "outcomes", content)[JOB].to_pylist()
    for name in files:
        _bytes(part, 0, name, content)
    return Found(digest(part / CONTENT), content["code"], tuple(files), jobs)


def _content(part: Path, number: int, sha256: str | None) -> dict[str, Any]:
    try:
        text = (part / CONTENT).read_bytes()
    except OSError as error:
        raise DamagedError(number, f"{part}: {error.strerror}") from None
    if sha256 is not None and hashlib.sha256(text).hexdigest() != sha256:
        raise DamagedError(number, f"{part}: is not as it was written")
    try:
        content = json.loads(text)
        return {"code": str(content["code"]), "files": dict(content["files"])}
    except (ValueError, KeyError, TypeError):
        raise DamagedError(number, f"{part}: is not as it was written") from None


def _bytes(part: Path, number: int, name: str, content: Mapping[str, Any]) -> bytes:
    file = part / f"{name}.parquet"
    try:
        data = file.read_bytes()
    except OSError as error:
        raise DamagedError(number, f"{file}: {error.strerror}") from None
    if hashlib.sha256(data).hexdigest() != content["files"].get(name):
        raise DamagedError(number, f"{file}: is not as it was written")
    return data


def _table(part: Path, number: int, name: str, content: Mapping[str, Any]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(pa.BufferReader(_bytes(part, number, name, content)))
    for index, column in enumerate(table.schema):
        if pa.types.is_dictionary(column.type):
            words = table.column(index).cast(pa.string())
            table = table.set_column(index, column.name, words)
    return table


# --- from parts to tables -------------------------------------------------------------------------


class Row(Protocol):
    """A job that is done."""

    @property
    def known(self) -> Known:
        """The job, and the part that holds what it gave."""


#: makes the first columns of a table: one row for each of some jobs
Head = Callable[[str, Sequence[Any]], "pa.Table"]


def joined(
    folder: Path, name: str, parts: Mapping[int, tuple[str, str]], rows: Iterable[Row], head: Head
) -> dict[str, Any] | None:
    """Make one table of a study from its parts.

    Args:
        folder: of the study; the table becomes ``name.parquet`` in it.
        name: of the table.
        parts: folder and digest of every part, by number.
        rows: the jobs that are done, in the order of the table.
        head: makes the first columns: one row for each of some jobs.

    Returns:
        What the manifest says of it: rows and digest; ``None`` where no job is done.

    Raises:
        DamagedError: a part is not as it was written.
        OutputError: the disk is full, or not to be written to.
    """
    import pyarrow.parquet as pq

    def load(number: int) -> pa.Table:
        place, sha256 = parts[number]
        return _table(folder / place, number, name, _content(folder / place, number, sha256))

    unfinished, length, writer = folder / f"{_UNFINISHED}{name}.parquet", 0, None
    with writing(folder):
        with unfinished.open("wb") as stream:
            for table in _groups(name, rows, head, lru_cache(CACHED)(load)):
                writer = writer or pq.ParquetWriter(stream, table.schema, compression=COMPRESSION)
                writer.write_table(_like(table, writer.schema), row_group_size=max(1, table.num_rows))
                length += table.num_rows
            if writer is not None:
                writer.close()
            _sync_stream(stream)
        if writer is None:
            unfinished.unlink()
            return None
        unfinished.replace(folder / f"{name}.parquet")
        _sync_folder(folder)
    return {"rows": length, "sha256": digest(folder / f"{name}.parquet")}


def _groups(
    name: str, rows: Iterable[Row], head: Head, load: Callable[[int], pa.Table]
) -> Iterator[pa.Table]:
    rest = iter(rows)
    while group := list(islice(rest, GROUP[name])):
        tables, places = zip(*_pieces(group, load), strict=True)
        yield _ordered(tables, np.concatenate(places), head(name, group))


def _pieces(group: Sequence[Row], load: Callable[[int], pa.Table]) -> Iterator[tuple[pa.Table, Rows]]:
    """From each part the rows of the group's jobs that it is to give, and where in the group they belong."""
    import pyarrow as pa
    import pyarrow.compute as pc

    part = np.array([row.known.part for row in group])
    for number in np.unique(part):
        mine = np.flatnonzero(part == number)
        table = load(int(number))
        ids = pa.array([group[index].known.job for index in mine.tolist()])
        index = pc.index_in(table[JOB], ids).to_numpy()
        wanted = np.flatnonzero(~np.isnan(index))
        yield table.take(wanted).drop_columns([JOB]), mine[index[wanted].astype(np.intp)]


def _ordered(tables: Sequence[pa.Table], places: Rows, head: pa.Table) -> pa.Table:
    import pyarrow as pa

    order = np.argsort(places, kind="stable")
    body = pa.concat_tables(tables, promote_options="default").take(order)
    table = head.take(places[order])
    for column in body.column_names:
        table = table.append_column(column, body[column])
    return _encoded(table)


def _encoded(table: pa.Table) -> pa.Table:
    """Each word once a row group, in the order of appearance."""
    import pyarrow as pa

    for index, column in enumerate(table.schema):
        values = table.column(index).combine_chunks()
        words = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        table = table.set_column(
            index, column.name, values.cast(pa.string()).dictionary_encode() if words else values
        )
    return table


def _like(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The columns of the table's first rows: other code may have made some parts."""
    import pyarrow as pa

    columns = [
        table[field.name] if field.name in table.column_names else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)

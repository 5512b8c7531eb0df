"""A run store: a folder that holds what some runs gave, and everything needed to make them again.

::

    manifest.json     what was run, by what, when; with the fingerprint
    runs.parquet      one row a run
    outcomes.parquet  one row a run: the measures
    cases.parquet     one row a case
    events.parquet    one row an event
    funnel.csv        the funnel by channel, summed up over the runs
    figures/          the charts

A store is complete or it is not there: it is written into a temporary folder beside its place and
renamed at the end. The Parquet files can be read by pandas, DuckDB, R and others.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sim.errors import InputError, OutputError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from analysis.tables import Tables

MANIFEST = "manifest.json"
KIND = "cityfunnel run store"
FORMAT = 1
#: of the Parquet files
COMPRESSION = "zstd"


class StoreError(InputError):
    """A run store is missing, damaged, or of another format."""


# --- reading ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Store:
    """A run store that is complete.

    Attributes:
        path: the folder.
        manifest: what ``manifest.json`` says.
    """

    path: Path
    manifest: Mapping[str, Any]

    @property
    def tables(self) -> Tables:
        """The tables of runs, cases and events.

        Raises:
            StoreError: the store holds outcomes only, or a table is damaged.
        """
        from analysis.tables import Tables

        return Tables(self.table("runs"), self.table("cases"), self.table("events"))

    @property
    def outcomes(self) -> pd.DataFrame:
        """One row a run: scenario, seed, measures.

        Raises:
            StoreError: the table is missing or damaged.
        """
        return self.table("outcomes")

    def table(self, name: str) -> pd.DataFrame:
        """One of the store's tables.

        Raises:
            StoreError: the table is missing or damaged.
        """
        if name not in self.manifest["tables"]:
            raise StoreError(f"this run store has no table '{name}'", file=str(self.path))
        return loaded(self.path / f"{name}.parquet")


def read(path: str | Path) -> Store:
    """The run store in the folder ``path``.

    Raises:
        StoreError: there is none, it is damaged, or it was written in another format.
    """
    path = Path(path)
    manifest = _manifest(path)
    if manifest is None:
        problem = (
            "is not a run store (it has no manifest.json of cityfunnel)"
            if path.is_dir()
            else "no such folder"
        )
        raise StoreError(problem, file=str(path))
    if manifest.get("format") != FORMAT:
        problem = f"is a run store of format {manifest.get('format')}; this version reads format {FORMAT}"
        raise StoreError(problem, file=str(path))
    return Store(path, manifest)


def _manifest(path: Path) -> dict[str, Any] | None:
    """The manifest in a folder, or ``None`` where there is none of ours."""
    try:
        content = json.loads((path / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and content.get("kind") == KIND else None


def loaded(file: Path, where: Sequence[tuple[str, str, Any]] | None = None) -> pd.DataFrame:
    """A table from its file; with ``where``, as pyarrow's filters, the rows that meet all of it.

    Raises:
        StoreError: the file is missing or damaged.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    with reading(file):
        table = pq.read_table(file, filters=list(where) if where else None)
    return cast("pd.DataFrame", table.to_pandas(types_mapper={pa.int32(): pd.Int32Dtype()}.get))


@contextlib.contextmanager
def reading(file: Path) -> Iterator[None]:
    """Tell what is wrong with the file of a table in one line."""
    import pyarrow as pa

    try:
        yield
    except FileNotFoundError:
        raise StoreError("is missing from the run store", file=str(file)) from None
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"is damaged: {str(error).splitlines()[0]}", file=str(file)) from None


# --- where to write -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Target:
    """Where a store is to lie.

    Attributes:
        path: the folder.
        overwrite: a store that lies there gives way; nothing else does.
        numbered: when the folder is taken use the next free one: ``path``-2, ``path``-3 ...
    """

    path: Path
    overwrite: bool = False
    numbered: bool = False

    def checked(self) -> Target:
        """The same target, after everything that can be known before the runs was looked at.

        Raises:
            OutputError: a file or somebody's folder is in the way, or the place cannot be written to.
        """
        path = self.resolved()
        _refuse_what_is_not_ours(path, self.overwrite)
        with _told_as_output_errors(path), temporary(path):
            pass
        return self

    def resolved(self) -> Path:
        """The folder itself: absolute, links followed, free if ``numbered``."""
        path = self.path.expanduser().resolve()
        return next(_free(path)) if self.numbered else path


def _free(path: Path) -> Iterator[Path]:
    names = itertools.chain([path], (path.with_name(f"{path.name}-{n}") for n in itertools.count(2)))
    return (name for name in names if not os.path.lexists(name))


def _refuse_what_is_not_ours(path: Path, overwrite: bool) -> None:
    if not os.path.lexists(path):
        return
    if not path.is_dir():
        raise OutputError("is a file, not a folder; choose another --out", file=str(path))
    if not any(path.iterdir()):
        return
    ours = _manifest(path) is not None
    if not ours:
        raise OutputError("is not empty and holds no run store; choose another --out", file=str(path))
    if not overwrite:
        raise OutputError("holds results already; choose another --out, or give --overwrite", file=str(path))


@contextlib.contextmanager
def _told_as_output_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", file=str(path)) from error


@contextlib.contextmanager
def temporary(path: Path) -> Iterator[Path]:
    """A fresh folder on the same disk as ``path``; it, and parents made for it, go if left unused."""
    missing = [parent for parent in path.parents if not parent.exists()]
    beside = path if path.is_dir() and not any(path.iterdir()) else path.parent
    try:
        beside.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}-", suffix=".partial", dir=beside))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        for parent in missing:
            with contextlib.suppress(OSError):
                parent.rmdir()


# --- writing ------------------------------------------------------------------------------------


def write(target: Target, fill: Callable[[Path], Mapping[str, Any]]) -> Path:
    """Make a store at ``target`` and return its folder.

    Args:
        target: where; what is found in the way is treated as the target says.
        fill: writes everything into the folder that it is given and returns what the manifest is
            to say beside kind and format.

    Raises:
        OutputError: something is in the way, or the disk is full or not to be written to. Nothing
            is left behind then, and an older store is untouched.
    """
    path = target.resolved()
    with _told_as_output_errors(path):
        _refuse_what_is_not_ours(path, target.overwrite)
        with temporary(path) as folder:
            (folder / MANIFEST).write_bytes(manifest(fill(folder)))
            folder.chmod(0o777 & ~_umask())
            return _moved(folder, path, target)


def manifest(content: Mapping[str, Any]) -> bytes:
    """The text of a manifest that says ``content`` beside kind and format."""
    text = json.dumps({"kind": KIND, "format": FORMAT, **content}, indent=1, ensure_ascii=False)
    return f"{text}\n".encode()


def _moved(folder: Path, path: Path, target: Target) -> Path:
    """Give a finished folder its place."""
    if folder.parent == path:  # an empty folder that was there, perhaps a mount point
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name == MANIFEST):
            entry.rename(path / entry.name)
        return path
    if target.numbered:
        return _first_free(folder, target.path.expanduser().resolve())
    if not path.exists():
        return folder.rename(path)
    old = folder.with_name(f"{folder.name}.old")
    path.rename(old)
    try:
        folder.rename(path)
    except OSError:
        old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)
    return path


def _first_free(folder: Path, path: Path) -> Path:
    """Somebody else may have taken the name since it was seen to be free."""
    for free in _free(path):
        try:
            return folder.rename(free)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
    raise AssertionError("names do not run out")


def _umask() -> int:
    """The mask of new files; the system tells it only while it is changed."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def save(folder: Path, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Write tables as Parquet; the same content gives the same bytes.

    Args:
        folder: where to; the table ``name`` becomes ``name.parquet``.
        tables: names and tables.

    Returns:
        What the manifest says of them: rows and SHA-256 digest of each.
    """
    return {name: _saved(frame, folder / f"{name}.parquet") for name, frame in tables.items()}


def _saved(frame: pd.DataFrame, file: Path) -> dict[str, Any]:
    import pyarrow.parquet as pq

    table = stable(frame)
    pq.write_table(table, file, compression=COMPRESSION)
    return {"rows": table.num_rows, "sha256": digest(file)}


def digest(file: Path) -> str:
    """The SHA-256 digest of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def stable(frame: pd.DataFrame) -> pa.Table:
    """Without what pandas says of itself, and with words numbered in the order of appearance."""
    import pyarrow as pa

    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    for index, column in enumerate(table.schema):
        if pa.types.is_dictionary(column.type):
            words = table.column(index).cast(pa.string()).combine_chunks().dictionary_encode()
            table = table.set_column(index, column.name, words)
    return table

"""What every run of a search or a calibration gave, kept on the disk as soon as it is known.

One SQLite file. A run goes by a digest of all that decides it, so what is started again, with more
generations or otherwise changed, finds what it knows already, in whatever order it asks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analysis.tables import Floats
from experiments import lock, parts, provenance, runner
from experiments.crew import Engine, Standing, standing
from experiments.database import opened
from sim.errors import InputError, OutputError

if TYPE_CHECKING:
    from experiments.runner import Batch, Job, Measured

_TABLES = """
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (run TEXT PRIMARY KEY, outcomes BLOB NOT NULL) WITHOUT ROWID;
"""


class Memo:
    """An open memory; :meth:`open` gives one."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection, self._path = connection, path

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Memo]:
        """The memory in the file ``path``, made if there is none.

        Raises:
            StoreError: the file is damaged.
            OutputError: it cannot be written.
            InputError: its runs were made by other code of the model or its measures.
        """
        with opened(path, _TABLES, "its runs are then made again") as connection:
            memo = cls(connection, path)
            memo._check_code()
            yield memo

    def _check_code(self) -> None:
        code = provenance.code_of_outcomes()
        insert = "INSERT OR IGNORE INTO about VALUES ('code', ?)"
        self._connection.execute(insert, (code,))
        (before,) = self._connection.execute("SELECT value FROM about WHERE key = 'code'").fetchone()
        if before != code:
            problem = "was made by other code of the model or its measures: choose another --out"
            raise InputError(problem, file=str(self._path.parent))

    def __len__(self) -> int:
        (number,) = self._connection.execute("SELECT count(*) FROM runs").fetchone()
        return int(number)

    def known(self, runs: Iterable[str]) -> dict[str, Floats]:
        """The numbers that were kept of those of the runs that are known."""
        ask = "SELECT outcomes FROM runs WHERE run = ?"
        found = ((run, self._connection.execute(ask, (run,)).fetchone()) for run in runs)
        return {run: np.frombuffer(row[0], dtype="<f8") for run, row in found if row is not None}

    def add(self, made: Mapping[str, Floats]) -> None:
        """Keep what runs gave; it is on the disk when the call returns."""
        rows = [(run, np.asarray(values, dtype="<f8").tobytes()) for run, values in made.items()]
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?)", rows)
        self._connection.execute("COMMIT")


def computed(
    memo: Memo, jobs: Sequence[Job], engine: Engine, pool: Standing | None, measure: Measured | None = None
) -> Iterator[tuple[dict[str, Floats], Batch]]:
    """Make runs; yield what each batch gave, by the names of the jobs, once it is kept.

    Args:
        memo: where it is kept.
        jobs: the runs, each under the digest of all that decides it.
        engine: what computes them.
        pool: of its workers.
        measure: makes the table of what is kept, as :func:`experiments.runner.batches` takes it.

    Raises:
        InputError: the code of the model changed on the way.
    """
    batches = runner.batches(
        jobs,
        workers=engine.workers,
        chunk=engine.chunk,
        keep="outcomes",
        simulate=engine.simulate,
        measure=measure,
        pool=pool,
    )
    with closing(batches):  # type: ignore[type-var]
        for batch in batches:
            yield _kept(memo, batch), batch


def _kept(memo: Memo, batch: Batch) -> dict[str, Floats]:
    if batch.code not in ("", provenance.code_of_outcomes()):
        raise InputError("the code of the model changed on the way; start again with another --out")
    if batch.outcomes is None:
        return {}
    values = batch.outcomes.drop(columns=["scenario", "seed"]).to_numpy(dtype=float)
    made = dict(zip(batch.outcomes["scenario"].astype(str), values, strict=True))
    memo.add(made)
    return made


# --- the folder that it lies in -------------------------------------------------------------------


@contextmanager
def kept(folder: Path, name: str, what: str, engine: Engine) -> Iterator[tuple[Memo, Standing | None]]:
    """The memory of that name in a folder that is made and locked, and workers for what it lacks.

    Args:
        folder: where it lies.
        name: of the file.
        what: such a folder holds, in a word.
        engine: what computes the runs.

    Raises:
        OutputError: the folder holds something else or is in use, or the disk is full. What was computed is
            kept.
        StoreError: the file is damaged.
        InputError: its runs were made by other code.
    """
    folder = folder.expanduser().resolve()
    refuse(folder, name, what)
    with parts.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with lock.locked(folder), Memo.open(folder / name) as memo, standing(engine) as pool:
            yield memo, pool


def refuse(folder: Path, name: str, what: str) -> None:
    """Refuse a folder that holds something else than a memory of that name.

    Raises:
        OutputError: it does.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError("is a file, not a folder; choose another --out", file=str(folder))
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if names - {lock.NAME} and name not in names:
        raise OutputError(f"is not empty and holds no {what}; choose another --out", file=str(folder))

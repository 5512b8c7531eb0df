"""What every run of a search or a calibration gave, kept on the disk as soon as it is known.

One SQLite file. A run goes by a digest of all that decides it, so what is started again, with more
generations or otherwise changed, finds what it knows already, in whatever order it asks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from analysis.tables import Floats
from experiments import provenance
from experiments.database import opened
from sim.errors import InputError

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

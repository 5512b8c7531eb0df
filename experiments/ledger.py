"""The ledger of a study: what became of each job, and which part holds what it gave.

One SQLite file. Every change is one transaction that is on the disk when the call returns, so the
ledger is right whenever its process ends. Only one process writes it (:mod:`experiments.lock`);
any number may read it meanwhile, with ``sqlite3`` or anything else.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from experiments.database import opened, told
from experiments.study import Job
from sim.errors import InputError

NAME = "ledger.sqlite"

#: what follows when a damaged ledger is put right
_REMEDY = "the same command then finds again what the parts hold"

#: rows of jobs fetched at a time
PAGE = 1000

_TABLES = """
CREATE TABLE IF NOT EXISTS about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS parts (
    part INTEGER PRIMARY KEY, folder TEXT NOT NULL UNIQUE, sha256 TEXT NOT NULL, runs INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS jobs (
    job TEXT PRIMARY KEY,
    scenario TEXT NOT NULL,
    lever INTEGER NOT NULL,
    point INTEGER NOT NULL,
    replication INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'failed')),
    part INTEGER,
    error TEXT,
    trace TEXT,
    command TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS place ON jobs (lever, point, replication);
CREATE INDEX IF NOT EXISTS states ON jobs (state);
"""

#: the jobs of the study as it is now, beside those that the ledger has
_WANTED = """
CREATE TEMP TABLE wanted (
    job TEXT PRIMARY KEY, scenario TEXT, lever INTEGER, point INTEGER, replication INTEGER, seed INTEGER
) WITHOUT ROWID
"""

#: the jobs of one shard: every shard gets its part of each lever, point and replication
_SHARD = "(lever + point + replication) % :shards = :shard"


class Shard(NamedTuple):
    """The ``number``-th (from 1) of ``shards`` parts into which a study's jobs fall."""

    number: int
    shards: int


WHOLE = Shard(1, 1)

#: what a Slurm job array tells its tasks
_ARRAY = tuple(f"SLURM_ARRAY_TASK_{name}" for name in ("ID", "MIN", "STEP", "COUNT"))


def shard(text: str | None) -> Shard:
    """The shard that ``"3/8"`` names, or ``"array"``: the one of this task of a Slurm job array.

    Raises:
        InputError: it names none.
    """
    if text is None:
        return WHOLE
    if text == "array":
        return _of_array()
    number, slash, shards = text.partition("/")
    if not (slash and number.isdecimal() and shards.isdecimal() and 1 <= int(number) <= int(shards)):
        raise InputError(
            f"must be K/N with K from 1 to N, such as 3/8, or 'array', not '{text}'", key="--shard"
        )
    return Shard(int(number), int(shards))


def _of_array() -> Shard:
    try:
        task, first, step, count = (int(os.environ[name]) for name in _ARRAY)
    except (KeyError, ValueError):
        problem = (
            "'array' needs a Slurm job array (sbatch --array=1-N), which sets SLURM_ARRAY_TASK_ID and others"
        )
        raise InputError(problem, key="--shard") from None
    return Shard((task - first) // step + 1, count)


class Known(NamedTuple):
    """A job that is done, and the number of the part that holds what it gave."""

    job: str
    scenario: str
    lever: int
    point: int
    replication: int
    seed: int
    part: int


class Counts(NamedTuple):
    """How many jobs are in each state."""

    pending: int
    done: int
    failed: int

    @property
    def all(self) -> int:
        """The number of jobs."""
        return sum(self)


class Failed(NamedTuple):
    """A job that failed."""

    job: str
    scenario: str
    point: int
    seed: int
    error: str
    command: str


class Ledger:
    """An open ledger; :meth:`open` gives one."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection, self._path = connection, path

    @classmethod
    @contextmanager
    def open(cls, folder: Path) -> Iterator[Ledger]:
        """The ledger in ``folder``, made if there is none.

        Raises:
            StoreError: the file is damaged.
            OutputError: it cannot be written.
        """
        path = folder / NAME
        with opened(path, _TABLES, _REMEDY) as connection:
            yield cls(connection, path)

    # --- what the study is -----------------------------------------------------------------------

    def about(self) -> dict[str, str]:
        """What is written down about the study and its code."""
        return dict(self._connection.execute("SELECT key, value FROM about"))

    def sync(
        self, jobs: Iterable[Job], scenarios: Sequence[str], shard: Shard, about: Mapping[str, str]
    ) -> tuple[int, int]:
        """Take in a study: the same as before, or an extended one.

        Args:
            jobs: all of the study's.
            scenarios: the names of its levers.
            shard: the part of the jobs that is made here.
            about: what to write down about it.

        Returns:
            How many jobs of the ledger the study does not have, and how many the ledger has. If
            the first is not 0 nothing was changed.
        """
        rows = ((job.id, scenarios[job.lever], *job[1:]) for job in jobs)
        with self._transaction():
            self._connection.execute("DROP TABLE IF EXISTS temp.wanted")
            self._connection.execute(_WANTED)
            self._connection.executemany("INSERT INTO wanted VALUES (?, ?, ?, ?, ?, ?)", rows)
            lost = self._one("SELECT count(*) FROM jobs WHERE job NOT IN (SELECT job FROM wanted)")
            known = self._one("SELECT count(*) FROM jobs")
            if not lost:
                self._take_in(shard)
                self._connection.executemany("REPLACE INTO about VALUES (?, ?)", about.items())
            self._connection.execute("DROP TABLE temp.wanted")
        return lost, known

    def _take_in(self, shard: Shard) -> None:
        columns = "job, scenario, lever, point, replication, seed"
        self._connection.execute(
            f"INSERT INTO jobs ({columns}) SELECT {columns} FROM wanted WHERE {_SHARD}"
            " OR job IN (SELECT job FROM jobs)"
            " ON CONFLICT (job) DO UPDATE SET"
            " lever = excluded.lever, point = excluded.point, replication = excluded.replication",
            _share(shard),
        )

    # --- what is to be done ------------------------------------------------------------------------

    def counts(self, shard: Shard = WHOLE) -> Counts:
        """How many jobs of a shard are in each state."""
        found = dict(
            self._connection.execute(
                f"SELECT state, count(*) FROM jobs WHERE {_SHARD} GROUP BY state", _share(shard)
            )
        )
        return Counts(*(found.get(state, 0) for state in Counts._fields))

    def pending(self, shard: Shard = WHOLE) -> Iterator[Job]:
        """The jobs of a shard that are to be done, in the study's order; page by page."""
        query = (
            "SELECT job, lever, point, replication, seed FROM jobs"
            " WHERE (lever, point, replication) > (:lever, :point, :replication)"
            f" AND state = 'pending' AND {_SHARD} ORDER BY lever, point, replication LIMIT {PAGE}"
        )
        last = {"lever": -1, "point": -1, "replication": -1}
        while page := [Job(*row) for row in self._connection.execute(query, {**last, **_share(shard)})]:
            yield from page
            last = {key: getattr(page[-1], key) for key in last}

    def known(self) -> Iterator[Known]:
        """The jobs that are done, in the study's order; page by page."""
        query = (
            "SELECT job, scenario, lever, point, replication, seed, part FROM jobs"
            " WHERE (lever, point, replication) > (:lever, :point, :replication)"
            f" AND state = 'done' ORDER BY lever, point, replication LIMIT {PAGE}"
        )
        last = {"lever": -1, "point": -1, "replication": -1}
        while page := [Known(*row) for row in self._connection.execute(query, last)]:
            yield from page
            last = {key: getattr(page[-1], key) for key in last}

    def failed(self, most: int) -> list[Failed]:
        """The first jobs that failed."""
        rows = self._connection.execute(
            "SELECT job, scenario, point, seed, error, command FROM jobs WHERE state = 'failed'"
            " ORDER BY lever, point, replication LIMIT ?",
            (most,),
        )
        return [Failed(*row) for row in rows]

    def retry(self) -> None:
        """Let jobs that failed be tried again."""
        with self._transaction():
            self._connection.execute(
                "UPDATE jobs SET state = 'pending', error = NULL, trace = NULL, command = NULL"
                " WHERE state = 'failed'"
            )

    # --- what came of it ----------------------------------------------------------------------------

    def record(
        self,
        part: tuple[str, str] | None,
        done: Sequence[str],
        failed: Iterable[tuple[str, str, str, str]] = (),
    ) -> None:
        """Write down what some jobs gave, all of it or nothing.

        Args:
            part: folder, relative to the study's, and digest; ``None`` where no job succeeded.
            done: the jobs in the part; those that are done already stay where they are.
            failed: jobs that failed, each with error, trace and the command that repeats it.
        """
        with self._transaction():
            if part is not None:
                self._record_part(*part, done)
            self._connection.executemany(
                "UPDATE jobs SET state = 'failed', error = ?2, trace = ?3, command = ?4"
                " WHERE job = ?1 AND state = 'pending'",
                failed,
            )

    def _record_part(self, folder: str, digest: str, done: Sequence[str]) -> None:
        insert = "INSERT INTO parts (folder, sha256, runs) VALUES (?, ?, ?)"
        part = self._connection.execute(insert, (folder, digest, len(done))).lastrowid
        self._connection.executemany(
            "UPDATE jobs SET state = 'done', part = ?, error = NULL, trace = NULL, command = NULL"
            " WHERE job = ? AND state <> 'done'",
            ((part, job) for job in done),
        )

    def parts(self) -> dict[int, tuple[str, str]]:
        """Folder and digest of every part, by number."""
        rows = self._connection.execute("SELECT part, folder, sha256 FROM parts ORDER BY part")
        return {part: (folder, digest) for part, folder, digest in rows}

    def forget(self, part: int) -> int:
        """Drop a part, so that its jobs are to be done again; return how many these are."""
        with self._transaction():
            again = self._connection.execute(
                "UPDATE jobs SET state = 'pending', part = NULL WHERE part = ?", (part,)
            ).rowcount
            self._connection.execute("DELETE FROM parts WHERE part = ?", (part,))
        return again

    def failures(self) -> list[tuple[str, str, str, str]]:
        """Every job that failed, as :meth:`record` takes it."""
        return self._connection.execute(
            "SELECT job, error, trace, command FROM jobs WHERE state = 'failed'"
        ).fetchall()

    # --- parts of these -----------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with told(self._path, _REMEDY):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _one(self, query: str) -> int:
        (found,) = self._connection.execute(query).fetchone()
        return int(found)


def _share(shard: Shard) -> dict[str, int]:
    return {"shard": shard.number - 1, "shards": shard.shards}

"""SQLite files that survive a kill and a power cut at any moment."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from experiments.store import StoreError
from sim.errors import OutputError


@contextmanager
def opened(path: Path, tables: str, remedy: str) -> Iterator[sqlite3.Connection]:
    """A connection to the file, made if there is none; ``tables`` are statements that make what is missing.

    Raises as :func:`told` does, also for what goes wrong later on the connection.
    """
    with told(path, remedy), closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # not a write-ahead log: that would not work on network disks
        connection.execute("PRAGMA synchronous = EXTRA")
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        connection.executescript(tables)
        yield connection


@contextmanager
def told(path: Path, remedy: str) -> Iterator[None]:
    """Tell in one line what is wrong with the file; ``remedy`` is what follows when it is put right.

    Raises:
        StoreError: the file is damaged.
        OutputError: it cannot be written.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OutputError(f"cannot be written: {error}", file=str(path)) from error
    except sqlite3.DatabaseError as error:
        problem = f"is damaged ({error}): put a copy of it back, or delete it; {remedy}"
        raise StoreError(problem, file=str(path)) from error

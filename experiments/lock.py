"""One process at a time in a folder; the system lets go of the lock whenever that process ends."""

from __future__ import annotations

import errno
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sim.errors import OutputError

NAME = "lock"
#: times that a lock is asked for, and seconds between: a program that a killed process was just about to
#: start holds its lock for a moment longer
TRIES, PAUSE = 20, 0.05


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of ``folder``.

    Raises:
        OutputError: another process holds it (the message says which), or the file system has no locks.
    """
    descriptor = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _take(descriptor, folder)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} on {platform.node()}".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, folder: Path) -> None:
    for _ in range(TRIES):
        if _taken(descriptor, folder):
            return
        time.sleep(PAUSE)
    holder = os.pread(descriptor, 200, 0).decode(errors="replace") or "another process"
    raise OutputError(f"is in use by {holder}; let it end, or stop it", file=str(folder))


def _taken(descriptor: int, folder: Path) -> bool:
    try:
        _lock(descriptor)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK):
            return False
        problem = f"lies on a file system without locks ({error.strerror}); choose another --out"
        raise OutputError(problem, file=str(folder)) from None
    return True


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)  # far from the text, which others may read
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

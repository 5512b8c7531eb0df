"""A folder of sessions: one folder each, named by its id, with ``session.json`` in it.

A session is written as a whole under another name, brought to the disk and renamed: whenever a process dies,
the old state or the new one is there. A file that cannot be read is told and left where it is.
"""

from __future__ import annotations

import os
import secrets
import stat
import string
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from experiments.lock import locked
from experiments.workshop import record
from experiments.workshop.checks import Refused, told
from experiments.workshop.session import ID, Session
from sim.errors import InputError, OutputError

NAME = "session.json"
#: sessions in one folder
MOST = 1000

_SIGNS = string.ascii_lowercase + string.digits
#: a file that is a link is not opened, where the system can tell
_PLAIN = (
    os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
)


class Entry(NamedTuple):
    """A session in a list.

    Attributes:
        id: of the session.
        name: of the session; empty where it has none.
        base: the scenario that it starts from; empty where the file is damaged.
        version: of the session; 0 where the file is damaged.
        saved: when it was written, ISO 8601 in UTC.
        problem: why it cannot be opened, if so.
    """

    id: str
    name: str
    base: str
    version: int
    saved: str
    problem: InputError | None = None

    def public(self, language: str) -> dict[str, object]:
        """What the page sees, as plain data."""
        problem = None if self.problem is None else told(self.problem, language)
        return {**self._asdict(), "problem": problem}


@dataclass(frozen=True, slots=True)
class Archive:
    """The sessions in a folder; one process at a time works in it, by :func:`opened`.

    Attributes:
        root: the folder, absolute, links followed.
        most: sessions that it may hold.
    """

    root: Path
    most: int = MOST

    def create(self, base: str, language: str = "en") -> Session:
        """A new session that begins with a scenario, on the disk.

        Raises:
            Refused: there is no such scenario or language, or there are too many sessions.
            OutputError: the disk is full, or not to be written to.
        """
        return self.adopt(Session.new("0" * 12, base, language))

    def adopt(self, session: Session) -> Session:
        """A session from elsewhere, under an id of its own, on the disk.

        Raises:
            Refused: there are too many sessions.
            OutputError: the disk is full, or not to be written to.
        """
        from experiments.parts import writing

        if len(self._ids()) >= self.most:
            raise Refused("sessions_full", most=self.most)
        with writing(self.root):
            mine = replace(session, id=self._fresh())
        try:
            self.write(mine)
        except InputError:
            with suppress(OSError):
                (self.root / mine.id).rmdir()
            raise
        return mine

    def _fresh(self) -> str:
        """An id that was free, and whose folder is now there."""
        while True:
            id_ = "".join(secrets.choice(_SIGNS) for _ in range(12))
            try:
                (self.root / id_).mkdir()
            except FileExistsError:
                continue
            return id_

    def read(self, id_: object) -> Session:
        """The session with that id.

        Raises:
            Refused: there is none, or its file is damaged; the file is left as it is.
            ScenarioError: an uploaded file in it is not valid.
        """
        found = record.read(content(self.folder(id_) / NAME))
        if found.id != id_:
            raise Refused("file_forged")
        return found

    def write(self, session: Session) -> None:
        """Put a session's state in the place of its last one; one that is damaged is kept beside it.

        Raises:
            Refused: there is no such session.
            OutputError: the disk is full, or not to be written to.
        """
        from experiments.parts import put

        content = record.written(session)
        if len(content) > record.LARGEST:
            raise Refused("file_large", most=f"{record.LARGEST / 1e6:g}")
        file = self.folder(session.id) / NAME
        _keep_damaged(file)
        put(file, content)

    def folder(self, id_: object) -> Path:
        """The folder of a session.

        Raises:
            Refused: the id is none, or no folder of this archive has it.
        """
        if not isinstance(id_, str) or not ID.fullmatch(id_):
            raise Refused("id")
        path = self.root / id_
        try:
            mode = path.lstat().st_mode
        except OSError:
            raise Refused("no_session") from None
        if not stat.S_ISDIR(mode):
            raise Refused("no_session")
        return path

    def sessions(self, only: Container[str | None] | None = None) -> list[Entry]:
        """All sessions, or those of some ids, the latest first; damaged ones with what is wrong with them."""
        found = [self._entry(id_) for id_ in self._ids() if only is None or id_ in only]
        return sorted(found, key=lambda entry: (entry.saved, entry.id), reverse=True)

    def _ids(self) -> list[str]:
        return [
            entry.name
            for entry in os.scandir(self.root)
            if ID.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
            if os.path.lexists(os.path.join(entry.path, NAME))  # noqa: PTH118
        ]

    def _entry(self, id_: str) -> Entry:
        try:
            moment = datetime.fromtimestamp((self.root / id_ / NAME).lstat().st_mtime, UTC)
            saved = moment.isoformat(timespec="seconds")
        except OSError:
            saved = ""
        try:
            name, base, version = record.brief(content(self.root / id_ / NAME))
        except Refused as error:
            return Entry(id_, "", "", 0, saved, error)
        return Entry(id_, name, base, version, saved)


def _keep_damaged(file: Path) -> None:
    """Give another name to a file that is no session, so that what can be saved of it still can."""
    if not os.path.lexists(file):
        return
    with suppress(Refused):
        if record.ours(content(file)):
            return
    copies = (file.with_name(f"session.damaged-{n}.json") for n in range(1, 1_000_000))
    file.rename(next(copy for copy in copies if not os.path.lexists(copy)))


@contextmanager
def opened(folder: Path, most: int = MOST) -> Iterator[Archive]:
    """The archive in a folder, which is made where it is missing; no other process works in it meanwhile.

    Raises:
        OutputError: another process does, or the folder cannot be made or written to.
    """
    from experiments.parts import writing

    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        root = folder.resolve()
    if not os.access(root, os.W_OK):
        raise OutputError("cannot be written", file=str(folder))
    with locked(root):
        yield Archive(root, most)


def content(file: Path, most: int = record.LARGEST) -> bytes:
    """The bytes of a plain file, of a file that is too large the first ``most`` and one.

    Raises:
        Refused: there is none, it is a link or no plain file, or it cannot be read.
    """
    try:
        descriptor = os.open(file, _PLAIN)
    except FileNotFoundError:
        raise Refused("no_session") from None
    except OSError:
        raise Refused("file_unreadable") from None
    try:
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Refused("file_unreadable")
            return stream.read(most + 1)
    except OSError:
        raise Refused("file_unreadable") from None
    finally:
        os.close(descriptor)

"""How long the workshop page takes: to start, to a first and to a settled picture, alone and in company."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.timing import spread, table

ROOT = Path(__file__).resolve().parent.parent
#: the base of every session, and the lever that is moved
BASE, LEVER = "taipei_2016_2021", "pmo.staff"
#: browsers, the sessions that they share unevenly, and seconds after which one gives up
CLIENTS, SESSIONS, PATIENCE = 20, 5, 300.0
#: simulated cities in a picture that has settled, as sessions begin
RUNS = 60

_START = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from experiments.cli import main; main()"


Pictures = Generator[dict[str, Any], None, None]


class Seen(NamedTuple):
    """When a browser saw pictures of a new policy, in seconds after it was asked for."""

    first: float
    settled: float


class Page:
    """A server of the page on this machine.

    Attributes:
        line: seconds from the command to the line with the address.
        ready: to all that the page begins with.
    """

    def __init__(self, folder: str) -> None:
        began = time.perf_counter()
        self.port = _free_port()
        words = ["workshop", folder, "--no-browser", "--port", str(self.port)]
        self._process = subprocess.Popen([sys.executable, "-c", _START, *words], stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self._process.stdout.readline()
        self.line = time.perf_counter() - began
        self.get("/")
        self.get("/api/start?lang=en")
        self.ready = time.perf_counter() - began

    def get(self, path: str) -> bytes:
        """What an address answers."""
        return self._asked("GET", path, None)

    def post(self, path: str, **content: Any) -> dict[str, Any]:
        """What an address answers to some content."""
        return dict(json.loads(self._asked("POST", path, json.dumps(content))))

    def _asked(self, method: str, path: str, content: str | None) -> bytes:
        line = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        line.request(method, path, content, {"Content-Type": "application/json"} if content else {})
        answer = line.getresponse()
        found = answer.read()
        line.close()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {found[:200]!r}")
        return found

    def effects(self, session: str) -> Pictures:
        """The pictures of a session, as a browser gets them."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as line:
            line.request("GET", f"/api/sessions/{session}/stream?lang=en&want=effect")
            with closing(line.getresponse()) as answer:
                yield from _effects(answer)

    def end(self) -> None:
        """End the server."""
        self._process.terminate()
        self._process.wait(PATIENCE)
        if self._process.stdout is not None:
            self._process.stdout.close()


def _effects(lines: Iterable[bytes]) -> Pictures:
    kind = ""
    for text in lines:
        name, _, rest = text.decode().partition(":")
        kind = rest.strip() if name == "event" else kind
        if name == "data" and kind == "effect":
            yield json.loads(rest)


def report(rounds: int, runs: int = RUNS) -> str:
    """The table.

    Args:
        rounds: starts of the server, and moves of the lever by a browser that is alone.
        runs: simulated cities in a picture that has settled.
    """
    with _page() as page:
        began = [(page.line, page.ready)]
        alone = _alone(page, rounds, runs)
        company = _company(page, runs)
    for _ in range(rounds - 1):
        with _page() as page:
            began.append((page.line, page.ready))
    settled = median(seen.settled for seen in alone)
    rows = {
        "command to address": [spread([line for line, _ in began], ".2f"), ""],
        "command to what the page begins with": [spread([ready for _, ready in began], ".2f"), ""],
        "lever to first picture": _row([seen.first for seen in alone], settled),
        "lever to settled picture": _row([seen.settled for seen in alone], settled),
        f"first, {CLIENTS} browsers in {SESSIONS} sessions": _row([seen.first for seen in company], settled),
        "settled, all of them": _row([seen.settled for seen in company], settled),
    }
    return table(rows, "", "seconds", "to settling alone")


def _row(times: list[float], settled: float) -> list[str]:
    return [spread(times, ".2f"), spread([each / settled for each in times], ".2f")]


def _session(page: Page, runs: int) -> str:
    session = str(page.post("/api/sessions", base=BASE, language="en")["id"])
    page.post(f"/api/sessions/{session}/actions", kind="runs", runs=runs)
    return session


def _alone(page: Page, rounds: int, runs: int) -> list[Seen]:
    """One browser moves a lever, again and again, once its start is known."""
    session, found = _session(page, runs), list[Seen]()
    pictures = page.effects(session)
    next(each for each in pictures if each["state"] == "done")
    for number in range(rounds):
        began = time.perf_counter()
        version = _moved(page, session, 30 + number)
        found.append(_seen(pictures, version, began))
    pictures.close()
    return found


def _company(page: Page, runs: int) -> list[Seen]:
    """Many browsers at once; in every session one of them moves the lever to a place of its own."""
    sessions = [_session(page, runs) for _ in range(SESSIONS)]
    streams = [(session, page.effects(session)) for session in _shared(sessions)]
    for _, pictures in streams:
        next(pictures)
    began = time.perf_counter()
    versions = {session: _moved(page, session, 1 + place) for place, session in enumerate(sessions)}
    found = list[Seen]()

    def watch(session: str, pictures: Pictures) -> None:
        found.append(_seen(pictures, versions[session], began))
        pictures.close()

    threads = [threading.Thread(target=watch, args=stream) for stream in streams]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(found) < CLIENTS:
        raise RuntimeError(f"only {len(found)} of {CLIENTS} browsers saw the end")
    return found


def _shared(sessions: Sequence[str]) -> Iterator[str]:
    """A session for each browser: one each, and the first for the rest, as in a room."""
    yield from sessions
    yield from [sessions[0]] * (CLIENTS - len(sessions))


def _moved(page: Page, session: str, value: int) -> int:
    return int(page.post(f"/api/sessions/{session}/actions", kind="set", lever=LEVER, value=value)["version"])


def _seen(pictures: Pictures, version: int, began: float) -> Seen:
    first = None
    for each in pictures:
        if each["version"] >= version and each["effect"] is not None and each["done"] > 0:
            first = first or time.perf_counter() - began
            if each["state"] == "done":
                return Seen(first, time.perf_counter() - began)
    raise RuntimeError("the stream ended before the picture had settled")


@contextmanager
def _page() -> Iterator[Page]:
    with tempfile.TemporaryDirectory() as folder:
        page = Page(str(Path(folder) / "room"))
        try:
            yield page
        finally:
            page.end()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])

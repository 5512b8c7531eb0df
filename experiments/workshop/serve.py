"""The server of the workshop page: it listens, opens the browser, and ends without leaving anything behind.

The page is there before the libraries that runs need: workers load them in processes of their own, and this
process in a thread, once somebody can already look at the page.
"""

from __future__ import annotations

import asyncio
import logging.handlers
import os
import signal
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from experiments.runner import cores
from experiments.workshop import archive, cards, levers, take
from experiments.workshop.app import House, application
from experiments.workshop.crew import Crew
from experiments.workshop.film import film
from experiments.workshop.guard import OPENED, Gate, Limiter, loopback, new_code
from experiments.workshop.guesses import GUESSED
from experiments.workshop.limits import Limits
from experiments.workshop.room import Means
from experiments.workshop.rooms import Rooms
from experiments.workshop.session import FEWEST, LETTERS, MOST, POLICIES, RUNS
from experiments.workshop.tale import tale
from experiments.workshop.words import FIRST, LANGUAGES, say
from sim.errors import InputError

if TYPE_CHECKING:
    from experiments.workshop.crew import Harvest

#: where the page is unless somebody says otherwise, and how many ports are tried from there on
PORT, TRIES = 8765, 50
#: seconds in which answers under way may end
LAST_WORDS = 2
#: connections at a time: from one address in the network, from all of it, and with those of this machine
CROWD, NETWORK, CONNECTIONS = 120, 300, 400
#: seconds until a connection ends on which no request comes, and one on which nobody takes what is sent
LATE, STUCK = 20.0, 45.0
#: workers die over a run, orders of one owner: a session has up to five policies, films and folders
LIMITS = Limits(owner=16)

LOG = "workshop.log"
#: bytes of the log; one older file of that size is kept
LOGGED = 1_000_000


@dataclass(frozen=True)
class Wish:
    """What was asked for on the command line.

    Attributes:
        folder: that holds sessions; or what a room took home, as a folder or a file.
        port: to listen at; the first free one unless given.
        browser: open one.
        to_network: let others in, with a code.
        jobs: worker processes; one a core unless given.
    """

    folder: Path
    port: int | None = None
    browser: bool = True
    to_network: bool = False
    jobs: int | None = None


# --- the address ----------------------------------------------------------------------------------


def listening(port: int | None, to_network: bool) -> socket.socket:
    """A socket that listens on loopback, or on all addresses of this machine.

    Raises:
        InputError: the port that was asked for is taken, or none is free.
    """
    for number in (port,) if port is not None else range(PORT, PORT + TRIES):
        with suppress(OSError):
            return _bound("0.0.0.0" if to_network else "127.0.0.1", number)
    if port is None:
        raise InputError(f"no port from {PORT} to {PORT + TRIES - 1} is free; choose one", key="--port")
    raise InputError(f"{port} is taken or may not be used; choose another, or none", key="--port")


def _bound(address: str, port: int) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((address, port))
        found.listen(256)
    except OSError:
        found.close()
        raise
    found.set_inheritable(False)
    return found


def network_address() -> str | None:
    """This machine's address in the network, if it has one; nothing is sent to find out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect(("192.0.2.1", 9))
        found = str(probe.getsockname()[0])
        if not found.startswith(("127.", "0.")):
            return found
    return None


# --- what is drawn ----------------------------------------------------------------------------------


class Pictures:
    """Draws with the real modules; they load what they need when they are first asked."""

    def effect(self, base: Harvest, now: Harvest | None, language: str) -> dict[str, Any]:
        """The policy at hand beside its start; that alone, where nothing is changed."""
        from experiments.workshop.effect import effect

        names = (say(language, "server.base"), say(language, "server.now"))
        return dict(effect(base, now, language, names=names))

    def comparison(self, harvests: Sequence[Harvest], names: Sequence[str], language: str) -> dict[str, Any]:
        """Several policies, the start first."""
        from experiments.workshop.comparison import comparison

        return dict(comparison(harvests, names, language))

    def judged(
        self, harvest: Harvest, measure: str, guesses: Mapping[str, float], language: str
    ) -> dict[str, Any]:
        """What the room guessed, beside what came."""
        from experiments.workshop.guesses import judged

        return dict(judged(harvest, measure, guesses, language))

    def ready(self, base: str, language: str) -> dict[str, Any] | None:
        """The picture of a start before any run is made, where there is one."""
        found = cards.ready(base)
        return None if found is None else self.effect(found, found, language)


def start(language: str) -> dict[str, Any]:
    """What the page begins with, in a language."""
    guessable = [
        {
            "measure": name,
            "name": each.name(language),
            "unit": each.unit(language),
            "low": each.low,
            "high": each.high,
            "step": each.step,
        }
        for name, each in GUESSED.items()
    ]
    return {
        "families": levers.described(language),
        "cards": cards.described(language),
        "guessable": guessable,
        "limits": {
            "policies": POLICIES,
            "runs": {"low": FEWEST, "high": MOST, "usual": RUNS},
            "upload": LETTERS,
            "open": OPENED,
        },
    }


class Remembered:
    """Makes what the page begins with once a language."""

    def __init__(self, make: Callable[[str], dict[str, Any]]) -> None:
        self._make, self._made = make, dict[str, dict[str, Any]]()
        self._lock = threading.Lock()

    def __call__(self, language: str) -> dict[str, Any]:
        """What was made."""
        with self._lock:
            if language not in self._made:
                self._made[language] = self._make(language)
            return self._made[language]


# --- what nobody expected ---------------------------------------------------------------------------


class _Quiet(logging.handlers.RotatingFileHandler):
    """A file of notes; where the disk takes none, the work goes on without."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # as logging calls it
        """Do nothing about it."""


class Log:
    """Errors that nobody expected, with numbers, in a file that does not grow without end."""

    def __init__(self, file: Path) -> None:
        self._number = 0
        self._file = _Quiet(file, maxBytes=LOGGED, backupCount=1, encoding="utf-8", delay=True)
        self._file.setLevel(logging.WARNING)

    def __call__(self, error: BaseException) -> int:
        """Write an error down.

        Returns:
            Its number.
        """
        self._number += 1
        moment = time.strftime("%Y-%m-%d %H:%M:%S")
        told = "".join(traceback.format_exception(error)).encode("utf-8", "replace").decode().rstrip()
        text = f"--- {self._number}, {moment}\n{told}"
        self._file.handle(logging.makeLogRecord({"msg": text, "levelno": logging.ERROR}))
        return self._number

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take in what libraries would tell the terminal."""
        loggers = [logging.getLogger(name) for name in ("uvicorn", "asyncio", "concurrent.futures")]
        before = [logger.propagate for logger in loggers]
        for logger in loggers:
            logger.addHandler(self._file)
            logger.propagate = False
        try:
            yield
        finally:
            for logger, propagate in zip(loggers, before, strict=True):
                logger.removeHandler(self._file)
                logger.propagate = propagate
            self._file.close()


# --- the server -------------------------------------------------------------------------------------


class _Line(H11Protocol):
    """A connection: it ends where no request comes, and where nobody takes what is sent.

    Connections from the network are bounded, so that whoever sits at this machine is never shut out.
    """

    _watch: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        mine, *_ = self.client or ("",)
        lines = [line.client for line in self.connections if isinstance(line, _Line) and line.client]
        others = [address for address, _ in lines if not loopback(address)]
        if not loopback(mine) and (others.count(mine) > CROWD or len(others) > NETWORK):
            transport.abort()
        else:
            self._look(None)

    def _look(self, before: object) -> None:
        """End the connection if nothing was asked since the last look, and nothing is being answered."""
        asked: RequestResponseCycle | None = getattr(self, "cycle", None)
        waits = asked is None or asked.response_complete
        if waits and before is (asked or self):
            self.transport.abort()
        else:
            self._watch = self.loop.call_later(LATE, self._look, (asked or self) if waits else None)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stuck = self._stuck or self.loop.call_later(STUCK, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stuck is not None:
            self._stuck.cancel()
        self._stuck = None

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for timer in (self._watch, self._stuck):
            if timer is not None:
                timer.cancel()


class _Server(uvicorn.Server):
    """Tells when it listens, and leaves signals to others."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


def _config(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        http=_Line,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=LAST_WORDS,
    )


def serve(wish: Wish, tell: Callable[[str], None]) -> None:
    """Serve the page until somebody ends it by Ctrl-C or SIGTERM.

    Args:
        wish: what was asked for.
        tell: shows a line to whoever started the server.

    Raises:
        InputError: the port is taken, or the folder cannot be used.
    """
    there = wish.folder.is_file() or os.path.lexists(wish.folder / archive.NAME)
    taken = take.reopened(wish.folder) if there else None
    home = wish.folder if taken is None else Path("results") / "workshop"
    with archive.opened(home) as sessions, listening(wish.port, wish.to_network) as heard:
        again = None if taken is None else sessions.adopt(taken).id
        log = Log(sessions.root / LOG)
        with log.listening():
            asyncio.run(_served(wish, sessions, heard, again, log, tell))


async def _served(
    wish: Wish,
    sessions: archive.Archive,
    heard: socket.socket,
    again: str | None,
    log: Log,
    tell: Callable[[str], None],
) -> None:
    port = int(heard.getsockname()[1])
    gate = Gate(port, new_code() if wish.to_network else None)
    network = network_address() if wish.to_network else None
    join = None if network is None else f"http://{network}:{port}/join"
    async with Crew(wish.jobs or cores(), LIMITS) as crew:
        rooms = Rooms(sessions, Means(crew, Pictures(), sessions.write, log))
        limiter, begin = Limiter(time.monotonic), Remembered(start)
        house = House(rooms, gate, limiter, crew.call, film, tale, begin, log, join)
        page = f"http://127.0.0.1:{port}/" + (f"?s={again}" if again else "")
        ready = partial(_ready, wish, page, join, gate.code, begin, tell)
        server = _Server(_config(application(house)), ready)
        await _until_ended(server, heard, rooms)


def _ready(
    wish: Wish,
    page: str,
    join: str | None,
    code: str | None,
    begin: Callable[[str], object],
    tell: Callable[[str], None],
) -> None:
    tell(f"Workshop: {page} (Ctrl-C ends it)")
    if code is not None:
        where = join or "no network was found; connect this machine to one and start again"
        tell(f"Participants: {where}  Code: {code}")
    if wish.browser:
        threading.Thread(target=_open, args=(page,), daemon=True).start()
    threading.Thread(target=_warm, args=(begin,), daemon=True).start()


def _open(page: str) -> None:
    import webbrowser

    with suppress(webbrowser.Error, OSError):
        webbrowser.open(page)


def _warm(begin: Callable[[str], object]) -> None:
    """Make what the page begins with, then draw its first picture, before they are asked for."""
    begin(FIRST)
    import experiments.workshop.comparison  # noqa: F401

    for language in LANGUAGES:
        Pictures().ready(cards.EXAMPLE, language)


async def _until_ended(server: uvicorn.Server, heard: socket.socket, rooms: Rooms) -> None:
    loop, ending = asyncio.get_running_loop(), asyncio.Event()
    with _signals(lambda: loop.call_soon_threadsafe(ending.set)):
        tasks = [asyncio.create_task(rooms.sweep()), asyncio.create_task(server.serve([heard]))]
        waiting = asyncio.create_task(ending.wait())
        await asyncio.wait([*tasks, waiting], return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await rooms.close()
        await tasks[1]
        for task in (tasks[0], waiting):
            task.cancel()


@contextmanager
def _signals(end: Callable[[], object]) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the server; a second one changes nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: end()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)

"""The addresses of the workshop page, and what each of them answers.

Files come from a fixed list, sessions from the archive by an id that is checked; no path that a browser sends
is ever joined to one on the disk.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from experiments.workshop import take
from experiments.workshop.crew import fingerprint
from experiments.workshop.guard import (
    COOKIE,
    DeniedError,
    Gate,
    Guard,
    Limiter,
    body,
    client,
    mapping,
    refusal,
)
from experiments.workshop.room import KINDS, message
from experiments.workshop.stream import Stream, encoded
from experiments.workshop.words import LANGUAGES, texts
from sim.errors import InputError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from experiments.workshop.crew import Harvest
    from experiments.workshop.guard import Client
    from experiments.workshop.room import Room, Watcher
    from experiments.workshop.rooms import Rooms
    from experiments.workshop.session import Session
    from sim.scenario import Scenario

#: seconds that a film, a tale, a folder to take home may take
FILM, TAKE = 60.0, 180.0
#: the last of the cities that can be watched, and of the proposals in it
LAST, LAST_CASE = 2**31 - 1, 10**7
#: films that are remembered, and answers of workers that one guest may wait for at a time
FILMS, WAITING = 12, 2

_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}
_POLICY_FILE = re.compile(r"[\w-]{1,80}\.yaml")

Answer = Callable[[Request], Awaitable[Response]]


class Caller(Protocol):
    """Calls a function in another process, as :meth:`experiments.workshop.crew.Crew.call` does."""

    async def __call__(
        self, function: Callable[..., Any], *arguments: Any, seconds: float, owner: str
    ) -> Any:
        """What the function returns."""


@dataclass(frozen=True)
class House:
    """All that the addresses need.

    Attributes:
        rooms: the live sessions.
        gate: who comes in.
        limiter: how often.
        call: does longer work in a worker process.
        film: one run, month by month: (scenario, seed).
        tale: the life of one case: (scenario, seed, case, language).
        start: what the page begins with, for a language: families, cards, guessable, limits.
        note: writes down an error that nobody expected, and gives its number.
        address: where guests come in, if the page is open to the network.
    """

    rooms: Rooms
    gate: Gate
    limiter: Limiter
    call: Caller
    film: Callable[[Scenario, int], dict[str, Any]]
    tale: Callable[[Scenario, int, int, str], dict[str, Any]]
    start: Callable[[str], dict[str, Any]]
    note: Callable[[BaseException], int]
    address: str | None = None


# --- files ----------------------------------------------------------------------------------------


class File(NamedTuple):
    """A file of the page."""

    content: bytes
    kind: str
    tag: str


class Files:
    """The files of the page by name; read when they are first asked for."""

    def __init__(self) -> None:
        here = (resources.files("experiments.workshop") / "page").iterdir()
        found = {each.name: each for each in here if each.is_file() and _suffix(each.name) in _TYPES}
        shared = resources.files("experiments.report") / "charts.js"
        self._places: dict[str, Traversable] = {"charts.js": shared, **found}
        vendored = resources.files("experiments.vendored") / "echarts"
        self._places["echarts.min.js"] = vendored / "echarts.min.js"
        self._read: dict[str, File] = {}

    def __getitem__(self, name: str) -> File:
        if name not in self._places:
            raise DeniedError(404, "missing")
        if name not in self._read:
            content = self._places[name].read_bytes()
            kind = f"{_TYPES[_suffix(name)]}; charset=utf-8"
            self._read[name] = File(content, kind, f'"{hashlib.sha256(content).hexdigest()[:20]}"')
        return self._read[name]

    def answer(self, name: str, request: Request) -> Response:
        """The file, or word that it has not changed."""
        file = self[name]
        headers = {"etag": file.tag, "cache-control": "no-cache"}
        if file.tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(file.content, headers={**headers, "content-type": file.kind})


def _suffix(name: str) -> str:
    return name[name.rfind(".") :]


class Films:
    """The last films, as they are sent; one that many ask for at once is made once."""

    def __init__(self) -> None:
        self._made: OrderedDict[str, asyncio.Task[str]] = OrderedDict()

    async def get(self, key: str, make: Callable[[], Awaitable[Any]]) -> str:
        """The film of that key; ``make`` is asked for it where it is not there."""
        if key not in self._made:
            self._made[key] = asyncio.create_task(self._encoded(key, make))
            while len(self._made) > FILMS:
                self._made.popitem(last=False)
        return await asyncio.shield(self._made[key])

    async def _encoded(self, key: str, make: Callable[[], Awaitable[Any]]) -> str:
        try:
            return encoded(await make())
        except BaseException:
            self._made.pop(key, None)  # it may do better when somebody asks again
            raise


# --- the application --------------------------------------------------------------------------------


def application(house: House) -> Guard:
    """The guarded application."""
    pages, api = _Pages(), _Api(house)
    routes = [
        Route("/", pages.index),
        Route("/join", pages.join),
        Route("/static/{name}", pages.static),
        Route("/api/start", api.start),
        Route("/api/enter", api.enter, methods=["POST"]),
        Route("/api/open", api.open, methods=["POST"]),
        Route("/api/sessions", api.sessions, methods=["GET"]),
        Route("/api/sessions", api.begin, methods=["POST"]),
        Route("/api/sessions/{id}", api.session),
        Route("/api/sessions/{id}/actions", api.act, methods=["POST"]),
        Route("/api/sessions/{id}/stream", api.stream),
        Route("/api/sessions/{id}/cancel", api.cancel, methods=["POST"]),
        Route("/api/sessions/{id}/resume", api.resume, methods=["POST"]),
        Route("/api/sessions/{id}/film", api.film),
        Route("/api/sessions/{id}/tale", api.tale),
        Route("/api/sessions/{id}/save", api.save, methods=["POST"]),
        Route("/api/sessions/{id}/take/policies/{name}", api.policy),
        Route("/api/sessions/{id}/take/{name}", api.taken),
    ]
    handlers: Mapping[Any, Any] = {
        DeniedError: _denied,
        InputError: _wrong,
        HTTPException: _http,
        Exception: partial(_unexpected, house.note),
    }
    return Guard(Starlette(routes=routes, exception_handlers=handlers), house.gate, house.note)


async def _denied(request: Request, error: DeniedError) -> Response:
    return refusal(error, client(request).language)


async def _wrong(request: Request, error: InputError) -> Response:
    return JSONResponse({"error": message(error, client(request).language)}, status_code=_status(error))


def _status(error: InputError) -> int:
    from experiments.workshop.limits import LimitError
    from sim.errors import OutputError

    if isinstance(error, LimitError):
        return 429
    if isinstance(error, OutputError):
        return 507
    return 404 if getattr(error, "key", None) in ("refused.no_session", "refused.id") else 400


async def _http(request: Request, error: HTTPException) -> Response:
    return refusal(
        DeniedError(error.status_code, "method" if error.status_code == 405 else "missing"),
        client(request).language,
    )


async def _unexpected(note: Callable[[BaseException], int], request: Request, error: Exception) -> Response:
    request.scope["state"]["noted"] = True  # it is raised once more, and the guard sees it too
    return refusal(DeniedError(500, "unexpected", number=note(error)), client(request).language)


class _Pages:
    def __init__(self) -> None:
        self._files = Files()

    async def index(self, request: Request) -> Response:
        stranger = client(request).role == "stranger"
        return self._files.answer("join.html" if stranger else "index.html", request)

    async def join(self, request: Request) -> Response:
        return self._files.answer("join.html", request)

    async def static(self, request: Request) -> Response:
        return self._files.answer(request.path_params["name"], request)


class _Api:
    """What the page asks for; every function answers one address."""

    def __init__(self, house: House) -> None:
        self._house, self._rooms, self._films = house, house.rooms, Films()
        self._waiting: Counter[str] = Counter()
        self._saving = asyncio.Lock()

    # --- beginning ------------------------------------------------------------------------------

    async def start(self, request: Request) -> Response:
        who, house = self._who(request, "read"), self._house
        host = who.role == "host"
        return _json(
            {
                "version": _version(),
                "languages": LANGUAGES,
                "language": who.language,
                "texts": texts(who.language),
                **await asyncio.to_thread(house.start, who.language),
                "role": who.role,
                "open": house.gate.code is not None,
                "address": house.address,
                "code": house.gate.code if host else None,
                "shared": None if who.role == "stranger" else self._rooms.shared,
            }
        )

    async def enter(self, request: Request) -> Response:
        who = client(request)
        self._house.limiter.attempt(who.address)
        token = self._house.gate.enter(who, (await mapping(request)).get("code"))
        answer = _json({"shared": self._rooms.shared})
        answer.set_cookie(COOKIE, token, httponly=True, samesite="strict", path="/", max_age=86_400)
        return answer

    async def open(self, request: Request) -> Response:
        who = self._who(request, "open")
        who.host()
        session = await asyncio.to_thread(take.reopened, await body(request))
        return _json({"id": await self._rooms.begin(lambda: self._rooms.archive.adopt(session), who)})

    # --- sessions -------------------------------------------------------------------------------

    async def sessions(self, request: Request) -> Response:
        return _json(await self._rooms.listed(self._who(request, "read")))

    async def begin(self, request: Request) -> Response:
        who, asked = self._who(request, "session"), await mapping(request)
        base, language = asked.get("base"), asked.get("language", who.language)
        if not isinstance(base, str) or not isinstance(language, str):
            raise DeniedError(400, "field", field="base" if not isinstance(base, str) else "language")
        create = partial(self._rooms.archive.create, base, language)
        return _json({"id": await self._rooms.begin(create, who)})

    async def session(self, request: Request) -> Response:
        return _json((await self._room(request, "read")).public())

    async def act(self, request: Request) -> Response:
        who, action = client(request), await mapping(request)
        # the host may enter the guesses of a whole room
        guessing = action.get("kind") in ("guess", "unguess") and who.role != "host"
        self._house.limiter.take("guess" if guessing else "action", who)
        return _json(await self._rooms.act(request.path_params["id"], action, who))

    async def cancel(self, request: Request) -> Response:
        room = await self._rooms.mine(request.path_params["id"], self._who(request, "action"))
        room.cancel()
        return _json({})

    async def resume(self, request: Request) -> Response:
        room = await self._rooms.mine(request.path_params["id"], self._who(request, "action"))
        room.resume()
        return _json({})

    async def stream(self, request: Request) -> Response:
        who = self._who(request, "stream")
        asked = set(request.query_params.get("want", "effect,comparison").split(",")) & set(KINDS)
        room, watcher = await self._rooms.watch(request.path_params["id"], who, frozenset(asked))
        return _Watching(self._rooms, room, watcher, who)

    # --- one city ---------------------------------------------------------------------------------

    async def film(self, request: Request) -> Response:
        room, scenario, seed = await self._city(request)
        key = encoded([scenario.name, fingerprint(scenario), seed])
        made = partial(self._worked, request, room, self._house.film, scenario, seed)
        return Response(await self._films.get(key, made), media_type="application/json")

    async def tale(self, request: Request) -> Response:
        room, scenario, seed = await self._city(request)
        case, language = _whole(request, "case", LAST_CASE), client(request).language
        return _json(await self._worked(request, room, self._house.tale, scenario, seed, case, language))

    async def _worked(
        self, request: Request, room: Room, function: Callable[..., Any], *arguments: Any
    ) -> Any:
        """What a worker makes; a guest waits for a few such things only, and in a queue of his own."""
        who = client(request)
        if who.role != "host" and self._waiting[who.key] >= WAITING:
            raise DeniedError(429, "busy")
        self._waiting[who.key] += 1
        owner = room.session.id if who.role == "host" else who.key
        try:
            return await self._house.call(function, *arguments, seconds=FILM, owner=owner)
        finally:
            self._waiting[who.key] -= 1

    async def _city(self, request: Request) -> tuple[Room, Scenario, int]:
        room, who = await self._room(request, "film"), client(request)
        asked = room.session.round
        if asked is not None and asked.state == "open" and not self._rooms.owns(room.session.id, who):
            raise DeniedError(403, "not_yet")
        policy = room.session.policy(request.query_params.get("policy", "now"))
        seed = _whole(request, "seed", LAST)
        return room, await asyncio.to_thread(policy.scenario, room.session.shelf), seed

    # --- taking home ------------------------------------------------------------------------------

    async def save(self, request: Request) -> Response:
        who = self._who(request, "save")
        who.host()
        room = await self._rooms.room(request.path_params["id"], who)
        async with self._saving:  # it takes long, and others want the workers too
            session, folder = room.session, self._taken_to(request)
            parts = {part.id: part.policy for part in take.parts(session)}
            results = await room.results(parts) if len(parts) > 1 else {}
            call, owner = self._house.call, session.id
            place = await call(saved, session, results, folder, seconds=TAKE, owner=owner)
        files = await asyncio.to_thread(_listed, place)
        return _json({"folder": str(place), "files": files})

    async def taken(self, request: Request) -> Response:
        name, folder = request.path_params["name"], self._own(request)
        if name == "session.zip":
            return _download(await asyncio.to_thread(_packed, folder), name, "application/zip")
        if name == "report.html":
            return await _file(folder, (name,), "text/html; charset=utf-8")
        raise DeniedError(404, "missing")

    async def policy(self, request: Request) -> Response:
        name, folder = request.path_params["name"], self._own(request)
        if not _POLICY_FILE.fullmatch(name):
            raise DeniedError(404, "missing")
        return await _file(folder, ("policies", name), "application/yaml; charset=utf-8")

    def _own(self, request: Request) -> Path:
        self._who(request, "read").host()
        return self._taken_to(request)

    def _taken_to(self, request: Request) -> Path:
        return self._rooms.archive.folder(request.path_params["id"]) / "take-away"

    # --- who asks ---------------------------------------------------------------------------------

    def _who(self, request: Request, what: str) -> Client:
        who = client(request)
        self._house.limiter.take(what, who)
        return who

    async def _room(self, request: Request, what: str) -> Room:
        return await self._rooms.room(request.path_params["id"], self._who(request, what))


class _Watching(Response):
    """A stream, and its end."""

    def __init__(self, rooms: Rooms, room: Room, watcher: Watcher, who: Client) -> None:
        super().__init__()
        self._leave = partial(rooms.leave, room, watcher, who)
        self._stream = Stream(watcher.mailbox)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._stream(scope, receive, send)
        finally:
            self._leave()


def _version() -> str:
    from experiments import __version__

    return __version__


def _json(data: Any) -> Response:
    return Response(encoded(data), media_type="application/json")


def _whole(request: Request, field: str, most: int) -> int:
    given = request.query_params.get(field, "1")
    if not re.fullmatch(r"[0-9]{1,10}", given, re.ASCII) or int(given) > most:
        raise DeniedError(400, "seed" if field == "seed" else "case", most=most)
    return int(given)


# --- files to take home -----------------------------------------------------------------------------


def saved(session: Session, results: Mapping[str, Harvest], folder: Path) -> Path:
    """The folder that a room takes home, written; called in a worker process, one at a time."""
    for left in folder.parent.glob(f".{folder.name}-*.partial"):  # of a process that was killed over it
        shutil.rmtree(left, ignore_errors=True)
    return take.save(session, results, folder)


def _listed(folder: Path) -> list[str]:
    return sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file())


def _packed(folder: Path) -> bytes:
    if not folder.is_dir():
        raise DeniedError(404, "nothing_saved")
    return take.packed(folder)


async def _file(folder: Path, steps: tuple[str, ...], kind: str) -> Response:
    """A file that was saved; one that is a link leads nowhere."""
    file = folder.joinpath(*steps)
    if file.is_symlink() or folder.is_symlink() or not file.is_file():
        raise DeniedError(404, "nothing_saved")
    return _download(await asyncio.to_thread(file.read_bytes), steps[-1], kind)


def _download(content: bytes, name: str, kind: str) -> Response:
    from urllib.parse import quote

    told = f"attachment; filename*=utf-8''{quote(name)}"
    return Response(content, headers={"content-type": kind, "content-disposition": told})

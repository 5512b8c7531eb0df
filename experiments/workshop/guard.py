"""Who may ask for what: addresses, origins, sizes, codes and rates, and the headers of every answer.

On loopback whoever sits at the machine is the host. A page of another site cannot use that: a request must
name the address that the server listens at (a name that was bent to it is refused), and what changes anything
must come from the page itself. Opened to the network, everybody else is a guest, after a code that the host
shows; a guest has a random cookie. A proxy in front of the server is not provided for: it would make guests
look as if they sat at the machine.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import json
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse

from experiments.workshop.words import LANGUAGES, say
from sim.errors import CityfunnelError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "workshop"

#: no letter or digit that can be taken for another
ALPHABET, CODE = "ABCDEFGHJKMNPQRSTUVWXYZ23456789", 6

#: guests of one evening
GUESTS = 300

#: bytes of a body: a scenario file in JSON, a session that is opened again, anything else
UPLOAD, OPENED, SMALL = 1_000_000, 20_000_000, 64_000
#: seconds that a body may take to arrive
PATIENCE = 30.0
#: how deep JSON may be nested
DEPTH = 12

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "style-src-attr 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; font-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}

#: what browsers heed, and do not complain about, where the page is trusted: on this machine
OPENER = {"cross-origin-opener-policy": "same-origin"}

Role = Literal["host", "guest", "stranger"]


class DeniedError(CityfunnelError):
    """A request that is not answered.

    Attributes:
        status: of the answer.
        key: of the text that says why, in section ``error``.
        values: what the text names.
    """

    def __init__(self, status: int, key: str, /, **values: object) -> None:
        super().__init__(say("en", f"error.{key}", **values))
        self.status, self.key, self.values = status, key, values

    def told(self, language: str) -> str:
        """Why, in a language of the page."""
        return say(language, f"error.{self.key}", **self.values)


class Client(NamedTuple):
    """Who asks.

    Attributes:
        role: ``stranger`` has not given the code yet.
        key: tells one client from another.
        address: it asks from.
        language: of what it reads.
    """

    role: Role
    key: str
    address: str
    language: str

    def host(self) -> None:
        """Go on only for the host.

        Raises:
            DeniedError: it is somebody else.
        """
        if self.role != "host":
            raise DeniedError(403, "host_only")


# --- how often ------------------------------------------------------------------------------------


class Rate(NamedTuple):
    """So many at once, and so many a second in the long run."""

    burst: float
    second: float


#: what is counted, for one client; an address may have :data:`CROWD` times as much
RATES: Mapping[str, Rate] = {
    "action": Rate(60, 20),
    "guess": Rate(10, 0.5),
    "film": Rate(12, 1),
    "session": Rate(12, 0.2),
    "save": Rate(5, 0.2),
    "open": Rate(5, 0.2),
    "read": Rate(240, 40),
    "stream": Rate(30, 2),
}
CROWD = 20
#: attempts with a code: of an address, and of everybody together
CODES, CODES_IN_ALL = Rate(5, 5 / 60), Rate(60, 1)
#: clients that are remembered
REMEMBERED = 5_000


class Limiter:
    """Buckets of tokens that fill up with time.

    Args:
        clock: seconds, from any start.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def take(self, what: str, client: Client) -> None:
        """One more of ``what`` for a client.

        Raises:
            DeniedError: that is too fast.
        """
        rate = RATES[what]
        crowd = Rate(CROWD * rate.burst, CROWD * rate.second)
        if not (self._taken(what, client.key, rate) and self._taken(what, f"all of {client.address}", crowd)):
            raise DeniedError(429, "busy")

    def attempt(self, address: str) -> None:
        """One more attempt with a code.

        Raises:
            DeniedError: of this address, or of all, there were too many.
        """
        if not (self._taken("code", address, CODES) and self._taken("code", "", CODES_IN_ALL)):
            raise DeniedError(429, "code_busy")

    def _taken(self, what: str, key: str, rate: Rate) -> bool:
        now = self._clock()
        tokens, then = self._buckets.pop((what, key), (rate.burst, now))
        tokens = min(rate.burst, tokens + (now - then) * rate.second)
        enough = tokens >= 1
        self._buckets[what, key] = (tokens - enough, now)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return enough


# --- who ------------------------------------------------------------------------------------------


@dataclass
class Gate:
    """Tells hosts, guests and strangers apart.

    Attributes:
        port: that the server listens at.
        code: that lets guests in; ``None`` where the page is not open to the network.
    """

    port: int
    code: str | None = None
    _guests: set[str] = field(default_factory=set)

    def client(self, scope: Scope) -> Client:
        """Who asks.

        Raises:
            DeniedError: the address that was asked for is not this server's.
        """
        headers = _headers(scope)
        address = str((scope.get("client") or ("",))[0])
        host, language = headers.get("host", ""), _language(scope, headers)
        named = host in self._own()
        if not named and not (self.code and self._here(scope, host)):
            raise DeniedError(421, "host")
        if named and loopback(address):
            return Client("host", "host", address, language)
        token = _cookie(headers)
        if token in self._guests:
            return Client("guest", token, address, language)
        return Client("stranger", f"@{address}", address, language)

    def _own(self) -> set[str]:
        bare = set(LOOPBACK) if self.port == 80 else set[str]()
        return {f"{name}:{self.port}" for name in LOOPBACK} | bare

    def _here(self, scope: Scope, host: str) -> bool:
        """Whether an address in numbers is the one that this very connection came to."""
        name, _, port = host.rpartition(":")
        try:
            asked = ipaddress.ip_address(name.strip("[]"))
            came = ipaddress.ip_address(str((scope.get("server") or ("",))[0]))
        except ValueError:
            return False
        return asked == came and not asked.is_loopback and port == str(self.port)

    def enter(self, client: Client, code: object) -> str:
        """Let somebody in who knows the code; the same cookie again for one who is in.

        Raises:
            DeniedError: the code is wrong, the page is closed, or the room is full.
        """
        if self.code is None:
            raise DeniedError(403, "closed")
        if not isinstance(code, str) or not _same(code, self.code):
            raise DeniedError(403, "code")
        if client.role == "guest":
            return client.key
        if len(self._guests) >= GUESTS:
            raise DeniedError(429, "guests_full", most=GUESTS)
        token = secrets.token_urlsafe(24)
        self._guests.add(token)
        return token


def new_code() -> str:
    """A code that nobody can guess in the attempts that there are."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE))


def _same(given: str, code: str) -> bool:
    said = "".join(given.upper().split())[: 4 * CODE]
    return hmac.compare_digest(said.encode("utf-8", "replace"), code.encode())


def loopback(address: str) -> bool:
    """Whether an address in numbers is this machine's own, of which no other knows."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)


def _headers(scope: Scope) -> dict[str, str]:
    """Headers by name; one that is given twice is as good as none."""
    found: dict[str, str] = {}
    for key, value in scope["headers"]:
        name = key.decode("latin-1").lower()
        found[name] = "" if name in found and name != "cookie" else value.decode("latin-1")
    return found


def _cookie(headers: Mapping[str, str]) -> str:
    pairs = (part.strip().partition("=") for part in headers.get("cookie", "").split(";"))
    return next((value for name, _, value in pairs if name == COOKIE), "")


def _language(scope: Scope, headers: Mapping[str, str]) -> str:
    """The language that is asked for by the address, else by the browser, else English."""
    asked = Request(scope).query_params.get("lang", "")
    if asked in LANGUAGES:
        return asked
    first = headers.get("accept-language", "").lower()[:2]
    return next((code for code in LANGUAGES if code[:2].lower() == first), "en")


# --- what -----------------------------------------------------------------------------------------


def same_origin(scope: Scope) -> None:
    """Go on only with what the page itself asks for.

    Raises:
        DeniedError: another site asks, or in a form that other sites can send.
    """
    headers, path = _headers(scope), scope["path"]
    if scope["method"] in ("GET", "HEAD"):
        if path.startswith("/api/") and headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            raise DeniedError(403, "origin")
        return
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise DeniedError(403, "origin")
    if "origin" in headers and headers["origin"] != f"{scope['scheme']}://{headers.get('host', '')}":
        raise DeniedError(403, "origin")
    given = headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != ("application/octet-stream" if path == "/api/open" else "application/json"):
        raise DeniedError(415, "type")


def most(scope: Scope, client: Client) -> int:
    """Bytes that a body may have."""
    if client.role != "host":
        return SMALL
    if scope["path"] == "/api/open":
        return OPENED
    return UPLOAD if scope["path"].endswith("/actions") else SMALL


def bounded(receive: Receive, limit: int) -> Receive:
    """Hand on a body as it arrives, up to a limit.

    Raises:
        DeniedError: when asked for the part that goes beyond it, or when nothing arrives.
    """
    seen = 0

    async def next_part() -> Message:
        nonlocal seen
        part = await receive()
        seen += len(part.get("body", b""))
        if seen > limit:
            raise DeniedError(413, "large", most=_size(limit))
        return part

    return next_part


def _size(limit: int) -> str:
    return f"{limit / 1e6:.0f} MB" if limit >= 1_000_000 else f"{limit / 1e3:.0f} kB"


async def body(request: Request) -> bytes:
    """The body of a request.

    Raises:
        DeniedError: it is too large, or does not arrive.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            return await request.body()
    except TimeoutError:
        raise DeniedError(408, "slow") from None


async def mapping(request: Request) -> dict[str, Any]:
    """The JSON object that a request brings.

    Raises:
        DeniedError: it brings none, or one that is nested too deeply.
    """
    data = await body(request)
    try:
        found = json.loads(data, parse_constant=_refuse)
    except RecursionError:
        raise DeniedError(400, "deep") from None
    except ValueError:
        raise DeniedError(400, "json") from None
    if not isinstance(found, dict):
        raise DeniedError(400, "json")
    _shallow(found)
    if len(data) > SMALL and found.get("kind") != "upload":
        raise DeniedError(413, "large", most=_size(SMALL))
    return found


def _refuse(word: str) -> None:
    raise ValueError(word)


def _shallow(found: object) -> None:
    """Refuse what is nested deeply, and texts that are no texts."""
    level: list[object] = [found]
    for _ in range(DEPTH):
        level = [part for each in level for part in _parts(each)]
    if level:
        raise DeniedError(400, "deep")


def _parts(value: object) -> list[object]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise DeniedError(400, "json") from None
    return value if isinstance(value, list) else []


# --- the guard --------------------------------------------------------------------------------------


class Guard:
    """Stands before the application.

    Args:
        app: what answers.
        gate: knows who asks.
        note: writes down an error that nobody expected, and gives its number.
    """

    def __init__(self, app: ASGIApp, gate: Gate, note: Callable[[BaseException], int]) -> None:
        self._app, self._gate, self._note = app, gate, note

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        reply, language = _Reply(scope, send), _language(scope, _headers(scope))
        try:
            client = self._gate.client(scope)
            same_origin(scope)
            scope["state"] = {"client": client}
            await self._app(scope, bounded(receive, most(scope, client)), reply)
        except DeniedError as error:
            await reply.error(receive, error, language)
        except ClientDisconnect:
            return
        except asyncio.CancelledError:  # the server ends: whoever still waits is told
            await reply.error(receive, DeniedError(503, "closing"), language)
        except Exception as error:  # noqa: BLE001  # whatever it was, the others in the room go on
            if scope.get("state", {}).get("noted"):
                return
            unexpected = DeniedError(500, "unexpected", number=self._note(error))
            await reply.error(receive, unexpected, language)


class _Reply:
    """An answer under way: with the headers that every answer has."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send, self._begun = scope, send, False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._begun = True
            message = {**message, "headers": [*message["headers"], *self._missing(message["headers"])]}
        await self._send(message)

    def _missing(self, given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        there = {name.lower() for name, _ in given}
        here = _headers(self._scope).get("host", "").rpartition(":")[0] in LOOPBACK
        wanted = {**HEADERS, **(OPENER if here else {}), "cache-control": "no-store"}
        pairs = ((name.encode(), value.encode()) for name, value in wanted.items())
        return [(name, value) for name, value in pairs if name not in there]

    async def error(self, receive: Receive, error: DeniedError, language: str) -> None:
        if not self._begun:
            await refusal(error, language)(self._scope, receive, self)


def refusal(error: DeniedError, language: str) -> JSONResponse:
    """The answer to a request that is not answered."""
    return JSONResponse({"error": error.told(language)}, status_code=error.status)


def client(request: Request) -> Client:
    """Who asks, as the guard found."""
    found = request.scope["state"]["client"]
    assert isinstance(found, Client)
    return found

"""All live sessions, who owns which, and which one the host shares with the room.

A session that nobody looks at leaves the memory after some minutes; it stays on the disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from experiments.workshop import checks
from experiments.workshop.guard import Client, DeniedError
from experiments.workshop.room import Means, Room
from experiments.workshop.session import Session

if TYPE_CHECKING:
    from experiments.workshop.archive import Archive
    from experiments.workshop.room import Watcher

#: seconds that a session is kept in memory without use, and between two looks
IDLE, SWEEP = 300.0, 30.0
#: live sessions in all, and sessions that one guest and all guests may begin
LIVE, OWN, OWN_IN_ALL = 64, 3, 120
#: live sessions that guests leave to the host
RESERVED = 8
#: streams of one guest, of the host, of all guests
STREAMS, STREAMS_HOST, STREAMS_IN_ALL = 6, 80, 150
#: names under which one guest may guess in a round: a telephone may go from hand to hand
NAMES = 5

#: what a guest may do in the shared session
GUEST_ACTIONS = frozenset({"guess", "unguess"})
#: what a guest may not do even in a session of his own
HOST_ACTIONS = frozenset({"upload", "runs"})


class Rooms:
    """The rooms of one server.

    Args:
        archive: where sessions are kept.
        means: what rooms work with.
    """

    def __init__(self, archive: Archive, means: Means) -> None:
        self.archive, self._means = archive, means
        self._live: dict[str, Room] = {}
        self._opening, self._beginning = asyncio.Lock(), asyncio.Lock()
        self._owned: dict[str, set[str]] = {}
        self._guessed: dict[tuple[str, int], dict[str, str]] = {}
        self._streams: dict[str, int] = {}
        self.shared: str | None = None

    # --- finding --------------------------------------------------------------------------------

    async def room(self, id_: str, client: Client) -> Room:
        """A session that somebody may look at.

        Raises:
            DeniedError: there is none, or the client may not.
            InputError: its file is damaged.
        """
        self._allowed(id_, client)
        async with self._opening:
            if id_ not in self._live:
                most = LIVE if client.role == "host" else LIVE - RESERVED
                if len(self._live) >= most and not await self._swept(0.0):
                    raise DeniedError(503, "rooms_full", most=most)
                session = await asyncio.to_thread(self.archive.read, id_)
                self._live[id_] = Room(session, self._means)
        return self._live[id_]

    def _allowed(self, id_: str, client: Client) -> None:
        if client.role == "stranger":
            raise DeniedError(401, "enter")
        if client.role == "guest" and id_ != self.shared and not self.owns(id_, client):
            raise DeniedError(403, "not_shared")

    def owns(self, id_: str, client: Client) -> bool:
        """Whether the session is the client's own; everything is the host's."""
        return client.role == "host" or id_ in self._owned.get(client.key, ())

    async def mine(self, id_: str, client: Client) -> Room:
        """A session in which somebody may do everything that changes it.

        Raises:
            DeniedError: there is none, or it is another's.
        """
        room = await self.room(id_, client)
        if not self.owns(id_, client):
            raise DeniedError(403, "host_only")
        return room

    async def listed(self, client: Client) -> list[dict[str, Any]]:
        """The sessions that somebody may look at, the latest first.

        Raises:
            DeniedError: to a stranger.
        """
        if client.role == "stranger":
            raise DeniedError(401, "enter")
        own = {self.shared, *self._owned.get(client.key, ())}
        found = await asyncio.to_thread(self.archive.sessions, None if client.role == "host" else own)
        return [{**entry.public(client.language), "shared": entry.id == self.shared} for entry in found]

    # --- beginning ------------------------------------------------------------------------------

    async def begin(self, make: Callable[[], Session], client: Client) -> str:
        """A new session; ``make`` writes it to the disk.

        Returns:
            Its id.

        Raises:
            DeniedError: the client has enough.
            InputError: it cannot be made.
        """
        if client.role == "stranger":
            raise DeniedError(401, "enter")
        async with self._beginning:
            own = self._owned.setdefault(client.key, set()) if client.role == "guest" else set[str]()
            if len(own) >= OWN:
                raise DeniedError(429, "sessions_full", most=OWN)
            if client.role == "guest" and sum(map(len, self._owned.values())) >= OWN_IN_ALL:
                raise DeniedError(429, "sessions_full", most=OWN_IN_ALL)
            id_ = (await asyncio.to_thread(make)).id
            own.add(id_)
        return id_

    # --- doing ----------------------------------------------------------------------------------

    async def act(self, id_: str, action: dict[str, Any], client: Client) -> dict[str, Any]:
        """Do something in a session.

        Raises:
            DeniedError: the client may not.
            InputError: it cannot be done.
        """
        room, kind = await self.room(id_, client), action.get("kind")
        if client.role == "host":
            return await room.act(action)
        if self.owns(id_, client):
            if kind in HOST_ACTIONS:
                raise DeniedError(403, "host_only")
            return await room.act(action)
        if kind not in GUEST_ACTIONS:
            raise DeniedError(403, "host_only")
        public = await room.act(action, check=lambda session: self._may_guess(session, action, client))
        self._note_guess(room.session, action, client)
        return public

    def _may_guess(self, session: Session, action: dict[str, Any], client: Client) -> None:
        """Refuse a name under which somebody else guessed, and many names of one guest."""
        if session.round is None:
            return
        who = checks.name(action.get("who"))
        owners = self._guessed.get((session.id, session.round.id), {})
        if who in session.round.guesses and owners.get(who) != client.key:
            raise DeniedError(403, "who")
        mine = {name for name, key in owners.items() if key == client.key}
        if action.get("kind") == "guess" and who not in mine and len(mine) >= NAMES:
            raise DeniedError(403, "names", most=NAMES)

    def _note_guess(self, session: Session, action: dict[str, Any], client: Client) -> None:
        if session.round is None:
            return
        place = (session.id, session.round.id)
        owners = self._guessed.setdefault(place, {})
        who = checks.name(action.get("who"))
        if action.get("kind") == "guess":
            owners[who] = client.key
        else:
            owners.pop(who, None)

    # --- looking --------------------------------------------------------------------------------

    async def watch(self, id_: str, client: Client, wants: frozenset[str]) -> tuple[Room, Watcher]:
        """Let somebody look; the session that the host looks at last is the shared one.

        Raises:
            DeniedError: the client may not, or there are too many who look.
        """
        room = await self.room(id_, client)
        most = STREAMS_HOST if client.role == "host" else STREAMS
        guests = sum(number for key, number in self._streams.items() if key != "host")
        many = client.role != "host" and guests >= STREAMS_IN_ALL
        if many or self._streams.get(client.key, 0) >= most:
            raise DeniedError(429, "streams_full")
        self._streams[client.key] = self._streams.get(client.key, 0) + 1
        if client.role == "host":
            self.shared = id_
        return room, room.watch(client.language, wants)

    def leave(self, room: Room, watcher: Watcher, client: Client) -> None:
        """Somebody looks no more."""
        room.leave(watcher)
        self._streams[client.key] -= 1
        if not self._streams[client.key]:
            del self._streams[client.key]

    # --- ending ---------------------------------------------------------------------------------

    async def _swept(self, idle: float) -> int:
        """Drop rooms that nobody has used for so long; how many that were."""
        old = [(id_, room) for id_, room in self._live.items() if room.idle > idle]
        for id_, room in old:
            del self._live[id_]
            await room.close()
        return len(old)

    async def sweep(self) -> None:
        """Go on dropping rooms that nobody uses."""
        while True:
            await asyncio.sleep(SWEEP)
            async with self._opening:
                await self._swept(IDLE)

    async def close(self) -> None:
        """End everything that is under way, and all streams."""
        rooms, self._live = list(self._live.values()), {}
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*(room.close() for room in rooms))

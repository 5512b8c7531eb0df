"""What a browser hears without asking: server-sent events, the latest of each kind.

A slow listener misses what was overtaken, and what waits for him is never more than one event of each kind.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from experiments.workshop.room import Mailbox

#: seconds between signs of life, and until a listener who takes nothing is given up
PING, STUCK = 15.0, 30.0

_HEADERS = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no")]


def encoded(data: Any) -> str:
    """Plain data as one line of JSON."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def event(kind: str, line: str) -> bytes:
    """An event as it is sent; ``line`` holds no end of line."""
    return f"event: {kind}\ndata: {line}\n\n".encode()


class Stream:
    """An answer that goes on until the browser leaves or the mailbox is closed.

    Args:
        mailbox: what is sent.
        ping: seconds of silence after which a sign of life is sent.
    """

    def __init__(self, mailbox: Mailbox, ping: float = PING) -> None:
        self._mailbox, self._ping = mailbox, ping

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send what comes, until somebody ends it."""
        await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
        gone = asyncio.create_task(_gone(receive))
        talk = asyncio.create_task(self._talk(send))
        try:
            await asyncio.wait((gone, talk), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (gone, talk):
                task.cancel()
            with suppress(asyncio.CancelledError, OSError, TimeoutError):
                await talk

    async def _talk(self, send: Send) -> None:
        await _sent(send, b"retry: 1000\n\n")
        while True:
            waiting = await self._mailbox.take(self._ping)
            if waiting is None:
                break
            parts = [event(kind, line) for kind, line in waiting] or [event("ping", "{}")]
            await _sent(send, b"".join(parts))
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _sent(send: Send, part: bytes) -> None:
    async with asyncio.timeout(STUCK):
        await send({"type": "http.response.body", "body": part, "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

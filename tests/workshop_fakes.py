"""A workshop without worker processes: runs come home when a test says so, pictures are plain data."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import httpx

from experiments.workshop.app import House, application
from experiments.workshop.archive import Archive
from experiments.workshop.crew import Harvest
from experiments.workshop.guard import Gate, Guard, Limiter
from experiments.workshop.limits import LimitError
from experiments.workshop.room import Means
from experiments.workshop.rooms import Rooms
from sim.errors import InputError
from sim.scenario import Scenario

PORT = 8765
HERE, NETWORK = f"http://127.0.0.1:{PORT}", f"http://192.168.1.5:{PORT}"
BASE = "taipei_2016_2021"
CODE = "ABCDEF"


class Work:
    """An order whose runs a test brings home."""

    def __init__(self, scenario: Scenario, seeds: Sequence[int], owner: str, at_once: bool) -> None:
        self.scenario, self.owner, self.wanted = scenario, owner, len(seeds)
        self.done, self.state = 0, "running"
        self.message: str | None = None
        self.values: dict[str, int | float] = {}
        self.failures = ()
        self._news = asyncio.Event()
        if at_once:
            self.bring(self.wanted)

    def bring(self, runs: int) -> None:
        self.done = min(self.wanted, self.done + runs)
        if self.done == self.wanted:
            self.state = "done"
        self._news.set()

    def fail(self, message: str) -> None:
        self.state, self.message = "failed", message
        self._news.set()

    def harvest(self) -> Harvest | None:
        staff = self.scenario.parameters.at("pmo.staff")
        return cast(Harvest, {"runs": self.done, "staff": staff}) if self.done else None

    async def changed(self) -> None:
        if self.state == "running":
            await self._news.wait()
        self._news.clear()

    def cancel(self) -> None:
        if self.state == "running":
            self.state = "cancelled"
        self._news.set()


class Orders:
    """Takes orders, and remembers them."""

    def __init__(self, at_once: bool = True) -> None:
        self.at_once, self.works = at_once, list[Work]()
        self.full, self.failing = False, False

    def order(self, scenario: Scenario, seeds: Sequence[int], *, owner: str) -> Work:
        if self.full:
            raise LimitError("many people are using this page now")
        self.works.append(Work(scenario, seeds, owner, self.at_once))
        if self.failing:
            self.works[-1].fail("limit.failed")
        return self.works[-1]

    def running(self) -> list[Work]:
        return [work for work in self.works if work.state == "running"]


class Painter:
    """Draws plain data, and counts how often."""

    def __init__(self) -> None:
        self.drawn: list[tuple[str, str]] = []
        self.broken = False

    def _draw(self, kind: str, language: str, **data: Any) -> dict[str, Any]:
        self.drawn.append((kind, language))
        if self.broken:
            raise RuntimeError("no ink")
        return {"language": language, **data}

    def effect(self, base: Any, now: Any, language: str) -> dict[str, Any]:
        return self._draw("effect", language, base=base, now=now)

    def comparison(self, harvests: Sequence[Any], names: Sequence[str], language: str) -> dict[str, Any]:
        return self._draw("comparison", language, names=list(names), all=list(harvests))

    def judged(
        self, _harvest: Any, measure: str, guesses: Mapping[str, float], language: str
    ) -> dict[str, Any]:
        return self._draw("judged", language, measure=measure, guesses=dict(guesses))

    def ready(self, base: str, language: str) -> dict[str, Any] | None:
        return self._draw("ready", language, ready=base) if base == BASE else None


class Clock:
    """A time that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def film(scenario: Scenario, seed: int) -> dict[str, Any]:
    return {"seed": seed, "staff": scenario.parameters.at("pmo.staff")}


def tale(scenario: Scenario, seed: int, case: int, language: str) -> dict[str, Any]:
    if case == 404:
        raise InputError("the run has no case of that number")
    if case == 500:
        raise RuntimeError("secret of the inside")
    return {"title": f"{seed}/{case}/{language}", "facts": [], "steps": [], "end": ""}


class Workshop:
    """A whole workshop in one process."""

    def __init__(self, folder: Path, *, code: str | None = None, at_once: bool = True) -> None:
        self.errors: list[BaseException] = []
        self.orders, self.painter, self.clock = Orders(at_once), Painter(), Clock()
        self.archive = Archive(folder)
        means = Means(self.orders, self.painter, self.archive.write, self.note, pause=0.01, grace=0.05)
        self.rooms, self.gate = Rooms(self.archive, means), Gate(PORT, code)
        address = f"{NETWORK}/join" if code else None
        self.house = House(
            self.rooms, self.gate, Limiter(self.clock), self.call, film, tale, self.start, self.note, address
        )
        self.app: Guard = application(self.house)

    def note(self, error: BaseException) -> int:
        self.errors.append(error)
        return len(self.errors)

    def start(self, _language: str) -> dict[str, Any]:
        return {"families": [], "cards": [], "guessable": [], "limits": {}}

    async def call(self, function: Callable[..., Any], *arguments: Any, **_limits: Any) -> Any:
        return await asyncio.to_thread(function, *arguments)

    def host(self, **how: Any) -> httpx.AsyncClient:
        """A browser on the machine itself."""
        return self.browser("127.0.0.1", HERE, **how)

    def guest(self, address: str = "192.168.1.77", **how: Any) -> httpx.AsyncClient:
        """A telephone in the room."""
        return self.browser(address, NETWORK, **how)

    def browser(self, address: str, url: str, **how: Any) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=(address, 40_000))
        return httpx.AsyncClient(transport=transport, base_url=url, **how)


def played(script: Callable[[], Any]) -> Any:
    """Run an asynchronous test to its end; one that hangs fails."""

    async def within() -> Any:
        async with asyncio.timeout(30):
            return await script()

    return asyncio.run(within())


async def begun(browser: httpx.AsyncClient, base: str = BASE) -> str:
    """The id of a new session."""
    answer = await browser.post("/api/sessions", json={"base": base, "language": "en"})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def heard(mailbox: Any, kind: str, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first event of a kind that is as wanted."""
    import json

    while True:
        for found, line in await mailbox.take(5.0) or []:
            if found == kind and until(data := json.loads(line)):
                return cast("dict[str, Any]", data)


async def settled(condition: Callable[[], bool]) -> None:
    """Wait until something has become true."""
    while not condition():
        await asyncio.sleep(0.005)

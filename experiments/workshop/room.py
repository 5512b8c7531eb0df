"""A live session: what was done in it, who looks, and the runs that are being made for them.

An action is checked, kept on the disk and told to everybody who looks, one after the other. Runs are made
only while somebody looks, and only for what can be seen; what is no longer wanted is cancelled. A picture is
drawn once for all who look in the same language, in a thread, at most about three times a second.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from experiments.workshop.checks import told
from experiments.workshop.policy import Policy
from experiments.workshop.stream import encoded
from experiments.workshop.words import say
from sim.errors import InputError

if TYPE_CHECKING:
    from experiments.runner import Failure
    from experiments.workshop.crew import Harvest
    from experiments.workshop.rounds import Round
    from experiments.workshop.session import Session
    from sim.scenario import Scenario

Kind = Literal["effect", "comparison", "guesses"]
KINDS: tuple[Kind, ...] = ("effect", "comparison", "guesses")

#: seconds between two pictures; until runs that nobody looks at are cancelled (a page that is loaded again)
PAUSE, GRACE = 0.33, 5.0
#: cities in each policy before there is a first picture
HANDFUL = 4
#: the first of the cities, the same for every policy
SEED = 1
#: pictures that are remembered, of each kind
PICTURES = 16


class Running(Protocol):
    """The runs of one policy, as :class:`experiments.workshop.crew.Order` has them."""

    @property
    def wanted(self) -> int:
        """Runs that were ordered."""

    @property
    def done(self) -> int:
        """Runs that were made."""

    @property
    def state(self) -> str:
        """``running``, ``done``, ``cancelled`` or ``failed``."""

    @property
    def message(self) -> str | None:
        """The key of a text that says what is wrong."""

    @property
    def values(self) -> Mapping[str, int | float]:
        """What that text names."""

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Runs that came to nothing."""

    def harvest(self) -> Harvest | None:
        """What is known so far."""

    async def changed(self) -> None:
        """Return when something came in."""

    def cancel(self) -> None:
        """Make no more runs."""


class Orders(Protocol):
    """Takes orders for runs."""

    def order(self, scenario: Scenario, seeds: Sequence[int], *, owner: str) -> Running:
        """Begin to make runs."""


class Painter(Protocol):
    """Draws what runs show; every function may take a while, and is called in a thread."""

    def effect(self, base: Harvest, now: Harvest | None, language: str) -> dict[str, Any]:
        """The policy at hand beside its start; that alone, where nothing is changed."""

    def comparison(self, harvests: Sequence[Harvest], names: Sequence[str], language: str) -> dict[str, Any]:
        """Several policies, the start first."""

    def judged(
        self, harvest: Harvest, measure: str, guesses: Mapping[str, float], language: str
    ) -> dict[str, Any]:
        """What the room guessed, beside what came."""

    def ready(self, base: str, language: str) -> dict[str, Any] | None:
        """The picture of a start before any run is made, where there is one."""


@dataclass(frozen=True)
class Means:
    """What a room works with.

    Attributes:
        orders: takes orders for runs.
        painter: draws.
        keep: writes a session to the disk.
        note: writes down an error that nobody expected, and gives its number.
        pens: how many pictures may be drawn at a time, in all rooms.
        pause: seconds between two pictures.
        grace: seconds until runs that nobody looks at are cancelled.
    """

    orders: Orders
    painter: Painter
    keep: Callable[[Session], None]
    note: Callable[[BaseException], int]
    pens: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    pause: float = PAUSE
    grace: float = GRACE


class Mailbox:
    """What waits for one listener: the latest event of each kind, in the order of their coming."""

    def __init__(self) -> None:
        self._waiting: dict[str, str] = {}
        self._news, self._closed = asyncio.Event(), False

    def put(self, kind: str, line: str) -> None:
        """Leave an event; one of the same kind that was not taken is overtaken."""
        self._waiting[kind] = line
        self._news.set()

    def close(self) -> None:
        """Send no more."""
        self._closed = True
        self._news.set()

    async def take(self, seconds: float) -> list[tuple[str, str]] | None:
        """What waits, after at most so many seconds; ``None`` at the end of all."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        self._news.clear()
        waiting, self._waiting = list(self._waiting.items()), {}
        if self._closed and not waiting:
            return None
        if self._closed:
            self._news.set()
        return waiting


@dataclass(eq=False, frozen=True)
class Watcher:
    """Somebody who looks.

    Attributes:
        language: in which.
        wants: the pictures that are to be seen.
        mailbox: where events go.
    """

    language: str
    wants: frozenset[str]
    mailbox: Mailbox = field(default_factory=Mailbox)


class Plan(NamedTuple):
    """What one picture is of.

    Attributes:
        policies: by name (``base``, ``now``, or what somebody called it), the start first.
        hidden: nobody is to see it yet.
    """

    policies: tuple[tuple[str, Policy], ...] = ()
    hidden: bool = False


class Progress(NamedTuple):
    """How far the runs of a picture have come: those that all its policies have."""

    done: int
    wanted: int
    state: str
    problem: InputError | _Said | None = None


class _Said(NamedTuple):
    """A text by its key."""

    key: str
    values: Mapping[str, int | float]


class Room:
    """One session, live.

    Args:
        session: as it is on the disk.
        means: what the room works with.
    """

    def __init__(self, session: Session, means: Means) -> None:
        self.session, self._means = session, means
        self._lock = asyncio.Lock()
        self._watchers: set[Watcher] = set()
        self._works: dict[str, Running] = {}
        self._problems: dict[str, InputError] = {}
        self._followers: dict[str, asyncio.Task[None]] = {}
        self._paused, self._over = False, False
        self._boards = {kind: _Board(self, kind, means) for kind in KINDS}
        self._touched = time.monotonic()

    # --- what is done ---------------------------------------------------------------------------

    def public(self) -> dict[str, Any]:
        """What the page sees."""
        self._touched = time.monotonic()
        return self.session.public()

    async def act(self, action: object, check: Callable[[Session], None] | None = None) -> dict[str, Any]:
        """Do something, keep it on the disk and tell everybody.

        Args:
            action: as :meth:`experiments.workshop.session.Session.apply` takes it.
            check: looks at the state just before; raises where the action may not be.

        Returns:
            The new public state.

        Raises:
            InputError: the action cannot be done, or cannot be kept; nothing has changed.
        """
        async with self._lock:
            if check is not None:
                check(self.session)
            after, public = await asyncio.to_thread(self._kept, action)
            moved = (after.now, after.runs) != (self.session.now, self.session.runs)
            self.session = after
            self._tell("state", encoded(public))
            if moved and self._paused:
                self.resume()
            else:
                self._settle()
        self._touched = time.monotonic()
        return public

    def _kept(self, action: object) -> tuple[Session, dict[str, Any]]:
        """The session after an action, on the disk, and what the page sees; an uploaded file takes long."""
        after = self.session.apply(action)
        public = after.public()
        self._means.keep(after)
        return after, public

    def cancel(self) -> None:
        """Make no more runs until somebody changes the policy or resumes; what is known stays."""
        self._paused = True
        for work in self._works.values():
            if work.state == "running":
                work.cancel()
        self._poke()

    def resume(self) -> None:
        """Make the runs that are missing."""
        self._paused = False
        for key in [key for key, work in self._works.items() if work.state in ("cancelled", "failed")]:
            self._forget(key)
        self._settle()

    # --- who looks ------------------------------------------------------------------------------

    def watch(self, language: str, wants: frozenset[str]) -> Watcher:
        """Let somebody look; the last state, and pictures that are there, are sent at once."""
        watcher = Watcher(language, wants | {"guesses"})
        self._watchers.add(watcher)
        watcher.mailbox.put("state", encoded(self.public()))
        self._settle()
        for kind in KINDS:
            self._boards[kind].welcome(watcher)
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Somebody looks no more."""
        self._watchers.discard(watcher)
        self._touched = time.monotonic()
        if not self._over:
            asyncio.get_running_loop().call_later(self._means.grace, self._settle)

    def watchers(self, kind: str) -> list[Watcher]:
        """Those who look at a picture."""
        return [each for each in self._watchers if kind in each.wants]

    @property
    def idle(self) -> float:
        """Seconds since anybody looked or did something."""
        return 0.0 if self._watchers or self._lock.locked() else time.monotonic() - self._touched

    def _tell(self, kind: str, line: str) -> None:
        for watcher in self._watchers:
            watcher.mailbox.put(kind, line)

    async def close(self) -> None:
        """End what is under way, and the streams of those who look."""
        self._over = True
        for watcher in self._watchers:
            watcher.mailbox.close()
        for key in list(self._works):
            self._forget(key)
        await asyncio.gather(*(board.close() for board in self._boards.values()))

    # --- runs -----------------------------------------------------------------------------------

    def plan(self, kind: Kind) -> Plan:
        """What a picture is of just now."""
        session, asked = self.session, self.session.round
        guessing = asked is not None and asked.state == "open"
        if kind == "guesses":
            return Plan() if asked is None else Plan((("now", asked.policy),), guessing)
        if kind == "effect":
            return Plan((("base", Policy(session.now.base, {})), ("now", session.now)), guessing)
        if not session.policies:
            return Plan((), guessing)
        start = Policy(session.policies[0].policy.base, {})
        own = [(each.name, each.policy) for each in session.policies if each.policy != start]
        return Plan((("base", start), *own), guessing)

    def harvests(self, plan: Plan) -> list[Harvest] | None:
        """What the runs of all policies of a plan gave; ``None`` where one of them has nothing yet."""
        works = [self._works.get(self._key(policy)) for _, policy in plan.policies]
        found = [work.harvest() for work in works if work is not None]
        there = [each for each in found if each is not None]
        return there if len(there) == len(plan.policies) else None

    async def results(self, policies: Mapping[str, Policy]) -> dict[str, Harvest]:
        """What the runs of some policies give, by name; those that nobody has looked at yet are made now.

        Of a policy whose runs cannot be made there is nothing.

        Raises:
            InputError: more is asked for than may be.
        """
        works = dict[str, Running]()
        try:
            for name, policy in policies.items():
                works[name] = self._ordered(policy)
            for work in works.values():
                while work.state == "running":
                    await work.changed()
        finally:
            for work in works.values():
                work.cancel()
        found = {name: work.harvest() for name, work in works.items() if work.state == "done"}
        return {name: harvest for name, harvest in found.items() if harvest is not None}

    def progress(self, plan: Plan) -> Progress:
        """How far the runs of a plan have come."""
        keys = [self._key(policy) for _, policy in plan.policies]
        works = [self._works[key] for key in keys if key in self._works]
        said = [_Said(work.message, work.values) for work in works if work.message]
        problem = next((self._problems[k] for k in keys if k in self._problems), said[0] if said else None)
        done = min((work.done for work in works), default=0) if len(works) == len(keys) else 0
        wanted = self.session.runs
        return Progress(min(done, wanted), wanted, self._state(works, len(keys), problem), problem)

    def _state(self, works: Sequence[Running], wanted: int, problem: object) -> str:
        states = {work.state for work in works}
        if "failed" in states or (problem is not None and len(works) < wanted):
            return "failed"
        if len(works) == wanted and states <= {"done"}:
            return "done"
        return "cancelled" if self._paused or "cancelled" in states else "running"

    def _key(self, policy: Policy) -> str:
        return encoded([policy.base, sorted(policy.settings.items()), self.session.runs])

    def _settle(self) -> None:
        """Order the runs that are wanted and are not there; cancel those that are not.

        What is only compared waits until the policy at hand is done: somebody moves its levers.
        """
        if self._over:
            return
        first, later = self._wanted(("guesses", "effect")), self._wanted(("comparison",))
        wanted = {**first, **later}
        for key in [key for key in self._works if key not in wanted]:
            self._forget(key)
        self._problems = {key: each for key, each in self._problems.items() if key in wanted}
        self._order_missing(first)
        if any(key in self._works and self._works[key].state == "running" for key in first):
            for key in [key for key in later if key not in first and key in self._works]:
                if self._works[key].state == "running":
                    self._forget(key)
        else:
            self._order_missing(later)
        self._poke()

    def _wanted(self, kinds: Sequence[Kind]) -> dict[str, Policy]:
        """The policies of the pictures that somebody looks at."""
        shown = [kind for kind in kinds if self.watchers(kind)]
        return {self._key(policy): policy for kind in shown for _, policy in self.plan(kind).policies}

    def _order_missing(self, wanted: Mapping[str, Policy]) -> None:
        for key, policy in wanted.items():
            if key not in self._works and not self._paused:
                self._order(key, policy)

    def _order(self, key: str, policy: Policy) -> None:
        self._problems.pop(key, None)
        try:
            work = self._ordered(policy)
        except InputError as error:
            self._problems[key] = error
            return
        self._works[key] = work
        self._followers[key] = asyncio.create_task(self._follow(work))

    def _ordered(self, policy: Policy) -> Running:
        seeds = range(SEED, SEED + self.session.runs)
        return self._means.orders.order(policy.scenario(self.session.shelf), seeds, owner=self.session.id)

    def _forget(self, key: str) -> None:
        work, follower = self._works.pop(key), self._followers.pop(key)
        follower.cancel()
        if work.state == "running":
            work.cancel()

    async def _follow(self, work: Running) -> None:
        while work.state == "running":
            await work.changed()
            self._poke()
        self._settle()

    def _poke(self) -> None:
        for board in self._boards.values():
            board.poke()


class _Board:
    """One picture, for every language in which somebody looks."""

    def __init__(self, room: Room, kind: Kind, means: Means) -> None:
        self._room, self._kind, self._means = room, kind, means
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._drawn: OrderedDict[str, dict[str, Any] | None] = OrderedDict()
        self._last: dict[str, str] = {}

    def poke(self) -> None:
        """Something may be new."""
        self._wake.set()
        if self._room.watchers(self._kind) and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._work())

    def welcome(self, watcher: Watcher) -> None:
        """Send the last picture to somebody who has just come."""
        if self._kind in watcher.wants and watcher.language in self._last:
            watcher.mailbox.put(self._kind, self._last[watcher.language])

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _work(self) -> None:
        while self._room.watchers(self._kind):
            with suppress(TimeoutError):
                async with asyncio.timeout(self._means.grace):
                    await self._wake.wait()
            if not self._wake.is_set():
                continue
            self._wake.clear()
            for language in sorted({each.language for each in self._room.watchers(self._kind)}):
                await self._show(language)
            await asyncio.sleep(self._means.pause)
        self._last.clear()

    async def _show(self, language: str) -> None:
        """Tell those who look in a language what is new, if anything is."""
        plan, session = self._room.plan(self._kind), self._room.session
        progress = self._room.progress(plan)
        try:
            picture = None if plan.hidden else await self._picture(plan, session, progress, language)
            line = encoded(self._event(plan, session, progress, language, picture))
        except Exception as error:  # noqa: BLE001  # one picture must not take the others with it
            line = encoded(self._broken(session, progress, language, self._means.note(error)))
        if self._room.plan(self._kind) != plan:
            self._wake.set()  # it is the picture of what nobody asks for any more
        elif self._last.get(language) != line:
            self._last[language] = line
            for watcher in self._room.watchers(self._kind):
                if watcher.language == language:
                    watcher.mailbox.put(self._kind, line)

    async def _picture(
        self, plan: Plan, session: Session, progress: Progress, language: str
    ) -> dict[str, Any] | None:
        """The picture, drawn now or remembered; ``None`` where there is nothing to draw yet."""
        if not plan.policies:
            return None
        if self._kind == "effect" and not session.now.settings and progress.done < progress.wanted:
            ready = partial(self._means.painter.ready, session.now.base, language)
            found = await self._once(encoded([language, session.now.base]), ready)
            if found is not None:
                return found
        if progress.done < min(HANDFUL, progress.wanted):
            return None
        policies = [(name, policy.base, sorted(policy.settings.items())) for name, policy in plan.policies]
        asked = session.round.public() if session.round is not None and self._kind == "guesses" else None
        done = _rung(progress) if self._kind == "comparison" else progress.done
        key = encoded([language, done, session.runs, policies, asked])
        return await self._once(key, partial(self._made, plan, session.round, language))

    async def _once(self, key: str, draw: Callable[[], dict[str, Any] | None]) -> dict[str, Any] | None:
        if key not in self._drawn:
            async with self._means.pens:
                self._drawn[key] = await asyncio.to_thread(draw)
            while len(self._drawn) > PICTURES:
                self._drawn.popitem(last=False)
        return self._drawn[key]

    def _made(self, plan: Plan, asked: Round | None, language: str) -> dict[str, Any] | None:
        """The picture of what the runs gave so far; in a thread."""
        found, painter = self._room.harvests(plan), self._means.painter
        if found is None:
            return None
        if self._kind == "effect":
            changed = plan.policies[0][1] != plan.policies[-1][1]
            return painter.effect(found[0], found[-1] if changed else None, language)
        if self._kind == "comparison":
            names = [say(language, "server.base"), *(name for name, _ in plan.policies[1:])]
            return painter.comparison(found, names, language) if len(found) > 1 else None
        if asked is None:
            return None
        return painter.judged(found[0], asked.measure, dict(asked.guesses), language)

    def _event(
        self, plan: Plan, session: Session, progress: Progress, language: str, picture: dict[str, Any] | None
    ) -> dict[str, Any]:
        if self._kind == "guesses":
            asked = session.round
            public = None if asked is None else asked.public()
            count = 0 if asked is None else len(asked.guesses)
            return {"version": session.version, "round": public, "count": count, "judged": picture}
        return {
            "version": session.version,
            "done": progress.done,
            "wanted": progress.wanted,
            "state": "hidden" if plan.hidden else progress.state if plan.policies else "done",
            "message": None if progress.problem is None else message(progress.problem, language),
            self._kind: picture,
        }

    def _broken(self, session: Session, progress: Progress, language: str, number: int) -> dict[str, Any]:
        sentence = say(language, "error.unexpected", number=number)
        told = {"version": session.version, "message": sentence}
        if self._kind == "guesses":
            return {**told, "round": None, "count": 0, "judged": None}
        rest = {"done": progress.done, "wanted": progress.wanted, "state": "failed", self._kind: None}
        return {**told, **rest}


def _rung(progress: Progress) -> int:
    """The last of the numbers of cities at which a picture that takes long is drawn again."""
    rung = HANDFUL
    while 2 * rung <= progress.done:
        rung *= 2
    return progress.done if progress.done >= progress.wanted or progress.state != "running" else rung


def message(problem: InputError | _Said, language: str) -> str:
    """What is wrong, in a language where it is known in it."""
    if isinstance(problem, InputError):
        return told(problem, language)
    return say(language, problem.key, **problem.values)

"""Worker processes of the page: runs come home a few at a time, shared fairly, and are remembered.

Every worker is a process of its own that can be replaced alone, when it dies or when a run takes too long.
Orders are served in turn, first by owner and then by order, a few runs at a time; so a new one begins
as soon as a worker has brought home what it holds. Runs go by a digest of all that decides them: what one
order made, or has under way, no other order makes again.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from experiments import runner
from experiments.provenance import bare, specification
from experiments.runner import Failure, Job
from experiments.workshop.limits import LimitError, Limits

if TYPE_CHECKING:
    import pandas as pd

    from experiments.compare import Evidence
    from experiments.runner import Batch, Simulate
    from sim.scenario import Scenario

State = Literal["running", "done", "cancelled", "failed"]
_T = TypeVar("_T")

#: how far workers stand back where cores are short: pages and pictures come first
NICE = 5
#: runs that a worker takes at a time, of an order that has few yet and of one that has more
FEW, MORE, EARLY = 2, 4, 8
#: seconds for which runs go on that nobody wants, or that hold up others; from which on a run is made alone
UNWANTED, SLOW = 4.0, 1.0
#: whose success the funnel counts: the city's, so the winner of a tender counts for the case it came from
VIEW = "need"

_DIES = "the worker process died {} times (killed, or out of memory)"


class Harvest(NamedTuple):
    """What runs left behind.

    Attributes:
        evidence: as :class:`experiments.compare.Gathered` sums it up.
        funnel: one row a run: scenario, seed, and the number of cases that ever reached each step.
    """

    evidence: Evidence
    funnel: pd.DataFrame


class Order:
    """Runs of one scenario that somebody waits for; :meth:`Crew.order` makes one."""

    def __init__(self, crew: Crew, name: str, owner: str, seeds: Sequence[int], known: _Known) -> None:
        self._crew, self._name, self._known = crew, name, known
        self.owner, self.seeds = owner, tuple(dict.fromkeys(seeds))
        self.state: State = "running"
        self.message: str | None = None
        self.values: dict[str, int | float] = {}
        self._news = asyncio.Event()

    @property
    def wanted(self) -> int:
        """Number of runs that were ordered."""
        return len(self.seeds)

    @property
    def done(self) -> int:
        """Number of runs that are made or have failed."""
        return sum(seed in self._known.made or seed in self._known.failed for seed in self.seeds)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """The runs that failed, under the order's name."""
        found = (self._known.failed[seed] for seed in self.seeds if seed in self._known.failed)
        return tuple(replace(failure, scenario=self._name) for failure in found)

    def harvest(self) -> Harvest | None:
        """What is known so far, seeds sorted; ``None`` before the first run is home."""
        return _joined(self._known.parts(self.seeds), self._name, frozenset(self.seeds))

    async def changed(self) -> None:
        """Return when something came in or the state changed, since the last time that this returned.

        Once the order runs no more it returns at once. One task at a time may wait.
        """
        if self.state == "running":
            await self._news.wait()
        self._news.clear()

    def cancel(self) -> None:
        """Ask for no more runs; those under way are remembered when they come home."""
        self._end("cancelled")

    def _end(self, state: State, message: str | None = None, **values: int | float) -> None:
        if self.state == "running":
            self.state, self.message, self.values = state, message, values
            self._crew._forget(self)
        self._news.set()

    def _look(self) -> None:
        """See whether all is home."""
        if self.done == self.wanted:
            some = not self.seeds or any(seed in self._known.made for seed in self.seeds)
            self._end("done") if some else self._end("failed", "limit.failed")
        self._news.set()


# --- what is known of one scenario --------------------------------------------------------------


@dataclass(eq=False)
class _Known:
    """The runs of one scenario: made, failed, under way; and how often a worker died over each."""

    scenario: Scenario
    made: dict[int, Harvest] = field(default_factory=dict)
    failed: dict[int, Failure] = field(default_factory=dict)
    under_way: set[int] = field(default_factory=set)
    deaths: dict[int, int] = field(default_factory=dict)
    seconds: float = 0.0

    def open(self, seeds: Iterable[int]) -> list[int]:
        """Those that nobody makes and nobody made."""
        return [s for s in seeds if s not in self.made and s not in self.failed and s not in self.under_way]

    def parts(self, seeds: Iterable[int]) -> list[Harvest]:
        """The parts that hold these runs; one part may hold several."""
        return list({id(self.made[seed]): self.made[seed] for seed in seeds if seed in self.made}.values())


@dataclass(eq=False)
class _Piece:
    """A few runs of one scenario for a worker."""

    owner: str
    known: _Known
    seeds: tuple[int, ...]


@dataclass(eq=False)
class _Call:
    """Other work for a worker."""

    owner: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    seconds: float
    result: asyncio.Future[Any]
    deaths: int = 0


class Crew:
    """Workers, and what is to be done by them; to be entered with ``async with``.

    Args:
        workers: processes.
        limits: of the work.
        simulate: makes one run; the model itself unless given. Workers must be able to import it.
    """

    def __init__(
        self, workers: int, limits: Limits | None = None, *, simulate: Simulate | None = None
    ) -> None:
        self.limits = limits or Limits()
        self._simulate = simulate
        self._slots = [_Slot(self, simulate) for _ in range(max(1, workers))]
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._turns: OrderedDict[str, list[Order | _Call]] = OrderedDict()
        self._busy: set[_Call] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._open = False

    async def __aenter__(self) -> Crew:
        """Start the workers; orders wait until they are ready."""
        self._open = True
        self._tasks = [asyncio.create_task(slot.serve()) for slot in self._slots]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Cancel what is left and let the workers go; none is there afterwards."""
        self._open = False
        for item in [item for items in self._turns.values() for item in items]:
            item.cancel() if isinstance(item, Order) else item.result.cancel()
        for call in list(self._busy):
            call.result.cancel()
        for task in self._tasks:
            task.cancel()
        for slot in self._slots:
            slot.drop()  # at once: whoever cancels this must find no process either
        ends = asyncio.gather(*self._tasks, *(slot.gone() for slot in self._slots), return_exceptions=True)
        await asyncio.shield(ends)

    @property
    def processes(self) -> list[int]:
        """The ids of the worker processes."""
        return [number for slot in self._slots for number in slot.processes]

    def order(self, scenario: Scenario, seeds: Sequence[int], *, owner: str) -> Order:
        """Ask for runs; what is known of them is there at once.

        Args:
            scenario: what is run; its name is that of the runs in tables.
            seeds: of the runs; they come home in about this order.
            owner: for whom; owners are served in turn.

        Raises:
            LimitError: too much is asked for.
        """
        if len(seeds) > self.limits.runs:
            most = self.limits.runs
            raise LimitError(f"at most {most} runs at a time", "limit.runs", most=most)
        known = self._remembered(scenario)
        order = Order(self, scenario.name, owner, seeds, known)
        if order.done < order.wanted:
            self._enter(owner, order)
        else:
            order._look()
        return order

    async def call(self, function: Callable[..., _T], *arguments: Any, seconds: float, owner: str) -> _T:
        """What a function returns that is called in a worker; its errors are raised here.

        Args:
            function: that the workers can import.
            arguments: of it, which can be pickled as its result can.
            seconds: that it may take once it has begun.
            owner: for whom.

        Raises:
            LimitError: too much is under way, or it took too long, or its worker died more than once.
        """
        work = _Call(owner, function, arguments, seconds, asyncio.get_running_loop().create_future())
        self._enter(owner, work, first=True)
        try:
            result: _T = await work.result
            return result
        finally:
            self._forget(work)

    # what is waiting

    def _enter(self, owner: str, item: Order | _Call, first: bool = False) -> None:
        if not self._open:
            raise LimitError("the page is closing", "limit.closed")
        mine = len(self._turns.get(owner, ())) + sum(call.owner == owner for call in self._busy)
        if mine >= self.limits.owner:
            raise LimitError(f"{mine} calculations are under way already", "limit.owner", n=mine)
        if sum(map(len, self._turns.values())) + len(self._busy) >= self.limits.all:
            raise LimitError("many people are using this page now")
        items = self._turns.setdefault(owner, [])
        items.insert(0 if first else len(items), item)
        self._wake()

    def _forget(self, item: Order | _Call) -> None:
        items = self._turns.get(item.owner, [])
        if item in items:
            items.remove(item)
        if not items:
            self._turns.pop(item.owner, None)

    def _wake(self) -> None:
        for slot in self._slots:
            slot.wake.set()

    def _next(self) -> _Piece | _Call | None:
        """The next work; its owner, and its order among those of the owner, go to the end of the line.

        Who has fewer workers than others goes first.
        """
        held = Counter(slot.owner for slot in self._slots)
        for owner in sorted(self._turns, key=lambda each: held[each]):
            for item in list(self._turns.get(owner, ())):
                work = self._begun(item)
                if work is not None:
                    self._turns[owner].append(self._turns[owner].pop(self._turns[owner].index(item)))
                    self._turns.move_to_end(owner)
                    if isinstance(work, _Call):
                        self._busy.add(work)
                        self._forget(work)
                    return work
        return None

    def _begun(self, item: Order | _Call) -> _Piece | _Call | None:
        if isinstance(item, _Call):
            return item
        known = item._known
        seeds = known.open(item.seeds)
        if not seeds:
            return None
        taken = item.wanted - len(seeds)
        chosen = tuple(seeds[: FEW if taken < EARLY else MORE])
        if known.seconds > SLOW or any(known.deaths.get(seed) for seed in chosen):
            chosen = chosen[:1]  # alone, so that others get their turn, and that it can take down no other
        known.under_way.update(chosen)
        return _Piece(item.owner, known, chosen)

    # what came of it

    def _home(self, piece: _Piece, harvest: Harvest | None, failures: Iterable[Failure]) -> None:
        known = piece.known
        known.under_way.difference_update(piece.seeds)
        known.failed |= {failure.seed: failure for failure in failures}
        if harvest is not None:
            known.made |= dict.fromkeys((s for s in piece.seeds if s not in known.failed), harvest)
        self._shed()
        for order in self._orders(known):
            order._look()

    def _died(self, piece: _Piece) -> None:
        """A worker died over these runs: they are tried again, or given up."""
        known = piece.known
        for seed in piece.seeds:
            known.deaths[seed] = known.deaths.get(seed, 0) + 1
        given_up = [seed for seed in piece.seeds if known.deaths[seed] >= self.limits.deaths]
        told = _DIES.format(self.limits.deaths)
        self._home(piece, None, [Failure(known.scenario.name, seed, told) for seed in given_up])
        self._wake()

    def _waits(self, piece: _Piece) -> bool:
        """Whether anybody waits for these runs."""
        return any(set(piece.seeds).intersection(order.seeds) for order in self._orders(piece.known))

    def _yields(self, piece: _Piece) -> bool:
        """Whether these runs keep others waiting: their owner has another worker, somebody else has none."""
        held = [slot.owner for slot in self._slots]
        waiting = (owner for owner in self._turns if owner not in held)
        return held.count(piece.owner) > 1 and any(map(self._has_work, waiting))

    def _has_work(self, owner: str) -> bool:
        items = self._turns[owner]
        return any(isinstance(item, _Call) or item._known.open(item.seeds) for item in items)

    def _slow(self, piece: _Piece) -> None:
        """These runs took too long: those who want them are told so."""
        piece.known.under_way.difference_update(piece.seeds)
        for order in self._orders(piece.known):
            if set(piece.seeds).intersection(order.seeds):
                order._end("failed", "limit.slow", seconds=self.limits.seconds)
            else:
                order._look()

    def _broken(self) -> None:
        """No worker can be started."""
        for items in list(self._turns.values()):
            for item in list(items):
                if isinstance(item, Order):
                    item._end("failed", "limit.broken")
                elif not item.result.done():
                    item.result.set_exception(LimitError("workers die as they start", "limit.broken"))

    def _orders(self, known: _Known) -> list[Order]:
        found = [item for items in self._turns.values() for item in items if isinstance(item, Order)]
        return [order for order in found if order._known is known]

    # what is remembered

    def _remembered(self, scenario: Scenario) -> _Known:
        digest = fingerprint(scenario)
        known = self._known.setdefault(digest, _Known(replace(scenario, name=digest)))
        self._known.move_to_end(digest)
        if not self._orders(known):  # what failed may do better now
            known.failed.clear()
            known.deaths.clear()
        return known

    def _shed(self) -> None:
        """Forget what was asked for longest ago, but nothing that somebody waits for."""
        number = sum(len(known.made) for known in self._known.values())
        for digest, known in list(self._known.items())[:-1]:
            if number <= self.limits.kept:
                return
            if not known.under_way and not self._orders(known):
                number -= len(self._known.pop(digest).made)


# --- one worker ---------------------------------------------------------------------------------


class _Slot:
    """One worker process, replaced when it must be."""

    def __init__(self, crew: Crew, simulate: Simulate | None) -> None:
        self._crew, self._simulate = crew, simulate
        self._executor: Executor | None = None
        self._left: list[Executor] = []
        self._mine: dict[int, Any] = {}
        self.wake = asyncio.Event()
        self.owner: str | None = None

    @property
    def processes(self) -> list[int]:
        return list(self._mine)

    async def serve(self) -> None:
        """Work until cancelled."""
        while await self._ready():
            self.owner = None
            work = self._crew._next()
            self.owner = None if work is None else work.owner
            if work is None:
                self.wake.clear()
                await self.wake.wait()
            elif isinstance(work, _Piece):
                await self._make(work)
            else:
                await self._call(work)

    async def _ready(self) -> bool:
        """See that there is a worker that answers; ``False`` where none can be started."""
        for _ in range(runner.STARTS):
            if not self._crew._open:
                return False
            await self.gone()
            with suppress(BrokenExecutor):
                if self._executor is None:
                    self._executor = runner.processes(1, self._simulate)
                    await self._submitted(None, _yielding)
                return True
            self.drop()
        self._crew._broken()
        return False

    async def _submitted(self, seconds: float | None, function: Callable[..., _T], *arguments: Any) -> _T:
        assert self._executor is not None
        with runner.deaf():
            future = self._executor.submit(function, *arguments)
        if isinstance(self._executor, ProcessPoolExecutor):
            self._mine = dict(self._executor._processes or {})
        return await asyncio.wait_for(asyncio.wrap_future(future), seconds)

    async def _wanted(self, piece: _Piece, work: Coroutine[Any, Any, _T]) -> _T | None:
        """What comes of work; ``None`` where nobody waits for it any more, or others must have the worker."""
        task = asyncio.create_task(work)
        try:
            while not (await asyncio.wait((task,), timeout=UNWANTED))[0]:
                if not self._crew._waits(piece) or self._crew._yields(piece):
                    return None
            return task.result()
        finally:
            task.cancel()

    async def _make(self, piece: _Piece) -> None:
        begun = time.monotonic()
        jobs = [Job(piece.known.scenario, seed) for seed in piece.seeds]
        try:
            allowed = self._crew.limits.seconds * len(jobs)
            found = await self._wanted(piece, self._submitted(allowed, made, jobs, self._simulate))
        except BrokenExecutor:
            self.drop()
            self._crew._died(piece)
        except TimeoutError:
            self.drop()
            self._crew._slow(piece)
        except Exception as error:  # noqa: BLE001  # what went wrong with these runs must not end the worker
            told = [Failure(job.label, job.seed, f"{type(error).__name__}: {error}") for job in jobs]
            self._crew._home(piece, None, told)
        else:
            piece.known.seconds = (time.monotonic() - begun) / len(jobs)
            if found is None:
                self.drop()
            self._crew._home(piece, *(found or (None, ())))

    async def _call(self, call: _Call) -> None:
        try:
            result = await self._submitted(call.seconds, call.function, *call.arguments)
        except BrokenExecutor:
            self.drop()
            call.deaths += 1
            await self._again(call)
        except TimeoutError:
            self.drop()
            _fail(call, LimitError("it took too long", "limit.call", seconds=call.seconds))
        except Exception as error:  # noqa: BLE001  # it is raised where the call was made
            _fail(call, error)
        else:
            if not call.result.done():
                call.result.set_result(result)
        finally:
            self._crew._busy.discard(call)

    async def _again(self, call: _Call) -> None:
        if call.deaths >= self._crew.limits.deaths:
            _fail(call, LimitError("its worker died", "limit.failed"))
        elif not call.result.done() and await self._ready():
            await self._call(call)

    def drop(self) -> None:
        """End the worker now, whatever it does."""
        executor, self._executor = self._executor, None
        if executor is None:
            return
        for process in self._mine.values():
            process.kill()
        self._mine = {}
        self._left.append(executor)

    async def gone(self) -> None:
        """Return when no process of this slot is left."""
        left, self._left = self._left, []
        for executor in left:
            await asyncio.to_thread(executor.shutdown, wait=True)


def _fail(call: _Call, error: BaseException) -> None:
    if not call.result.done():
        call.result.set_exception(error)


# --- in a worker --------------------------------------------------------------------------------


def _yielding() -> None:
    """Let the server go first, where the system knows such a thing; called in a new worker."""
    if hasattr(os, "nice"):
        os.nice(NICE)


def made(jobs: Sequence[Job], simulate: Simulate | None = None) -> tuple[Harvest | None, tuple[Failure, ...]]:
    """Make some runs here and now: what they left behind, and which of them failed."""
    batch = runner.batch(jobs, 0, "everything", simulate)
    return gathered(batch), batch.failures


def gathered(batch: Batch) -> Harvest | None:
    """What a batch with tables left behind; ``None`` where no run of it succeeded."""
    from analysis.funnel import ALL, counts
    from experiments.compare import Gathered

    if batch.tables is None or batch.outcomes is None:
        return None
    found = counts(batch.tables)
    funnel = found[(found["channel"] == ALL) & (found["view"] == VIEW)].drop(columns=["channel", "view"])
    everything = Gathered()
    everything.take(batch)
    return Harvest(everything.evidence(), funnel.astype({"scenario": str}).reset_index(drop=True))


# --- what is known, put together ----------------------------------------------------------------


def fingerprint(scenario: Scenario) -> str:
    """A digest of all that decides what the runs of a scenario are."""
    said = {key: value for key, value in bare(specification(scenario)).items() if key != "name"}
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:24]


def _joined(parts: Sequence[Harvest], name: str, seeds: frozenset[int]) -> Harvest | None:
    if not parts:
        return None
    import pandas as pd

    from experiments.compare import joined, named

    evidence = named(joined([part.evidence for part in parts]), name, seeds)
    funnel = pd.concat([part.funnel for part in parts])
    funnel = funnel[funnel["seed"].isin(seeds)].assign(scenario=name)
    return Harvest(evidence, funnel.sort_values("seed", kind="stable", ignore_index=True))

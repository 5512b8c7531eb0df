"""The same funnel as a bare SimPy program: as many events, draws and records, and no decisions.

Each case is a process that moves through as many stages as in the model's run, each vendor one
that waits for its occasions. What the run did besides (draws, records) is shared out evenly over
the waits. SimPy handles one event for the beginning and one for the end of every process; they are
part of the count, so that both programs handle the same number of events.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Iterator
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import simpy

from benchmarks.workload import Draws, Workload
from sim.events import Event, Kind
from sim.luck import Concern, Luck


class Step(NamedTuple):
    """What happens at one event: numbers of draws of each kind, and records."""

    draws: Draws
    records: int


#: the steps of each process
Plan = list[list[Step]]


def planned(work: Workload) -> Plan:
    """The processes that do the work of a run, cases first.

    Raises:
        ValueError: there are fewer events than the processes need.
    """
    processes = len(work.moves) + work.vendors
    occasions = work.events - 2 * processes - sum(work.moves)
    if occasions < 0:
        raise ValueError("the run has fewer events than a process for each case and vendor needs")
    lengths = [*work.moves, *_shared(occasions, work.vendors)]
    steps = _steps(work, sum(lengths))
    return [[next(steps) for _ in range(length)] for length in lengths]


def _shared(total: int, parts: int) -> list[int]:
    """``total`` things over ``parts``, as evenly as whole numbers allow."""
    marks = [total * part // parts for part in range(parts + 1)]
    return [after - before for before, after in pairwise(marks)]


def _steps(work: Workload, number: int) -> Iterator[Step]:
    shares = [_shared(total, number) for total in (*work.draws, work.records)]
    for uniform, normal, wait, records in zip(*shares, strict=True):
        yield Step(Draws(uniform, normal, wait), records)


class Generators(Protocol):
    """Where the random numbers of one process come from."""

    def uniform(self) -> float:
        """A number from 0 to 1."""
        ...

    def normal(self) -> float:
        """A standard normal deviate."""
        ...

    def wait(self) -> float:
        """An exponential time with mean 1."""
        ...


#: from the number of a process to its random numbers
Maker = Callable[[int], Generators]


class Stream:
    """One shared stream of :class:`random.Random`, the usual way."""

    def __init__(self, generator: random.Random) -> None:
        self.uniform = generator.random
        self._gauss, self._expovariate = generator.gauss, generator.expovariate

    def normal(self) -> float:
        """A standard normal deviate."""
        return self._gauss(0.0, 1.0)

    def wait(self) -> float:
        """An exponential time with mean 1."""
        return self._expovariate(1.0)


class Addressed:
    """The model's own generator, which looks each number up by address."""

    def __init__(self, luck: Luck, entity: int) -> None:
        self._luck, self._entity, self._occasion = luck, entity, 0

    def uniform(self) -> float:
        """A number from 0 to 1."""
        self._occasion += 1
        return self._luck.uniform(Concern.OFFER, self._entity, self._occasion)

    def normal(self) -> float:
        """A standard normal deviate."""
        self._occasion += 1
        return self._luck.normal(Concern.OFFER, self._entity, self._occasion)

    def wait(self) -> float:
        """An exponential time with mean 1."""
        self._occasion += 1
        return self._luck.wait(1.0, Concern.OFFER, self._entity, self._occasion)


def stream(seed: int) -> Maker:
    """For every process the same stream."""
    shared = Stream(random.Random(seed))
    return lambda _: shared


def addressed(seed: int) -> Maker:
    """For every process its own addresses."""
    luck = Luck(seed)
    return lambda entity: Addressed(luck, entity)


def run(plan: Plan, generators: Maker, world: simpy.Environment | None = None) -> list[Event]:
    """Run the processes to their ends; the log is what the model's would be in size."""
    world, log = world or simpy.Environment(), list[Event]()
    for number, steps in enumerate(plan):
        world.process(_process(world, number, steps, generators(number), log))
    world.run()
    return log


def _process(
    world: simpy.Environment, number: int, steps: list[Step], luck: Generators, log: list[Event]
) -> Generator[Any, Any, None]:
    name, write = f"V{number}", log.append
    for (uniforms, normals, waits), records in steps:
        for _ in range(uniforms):
            luck.uniform()
        for _ in range(normals):
            luck.normal()
        delay = 1.0
        for _ in range(waits):
            delay = luck.wait()
        yield world.timeout(delay)
        for _ in range(records):
            write(Event(world.now, "Taipei", number, Kind.MOVE, name, None, "poc", None, 0.0))

"""Runs of a calibration: made on all workers, kept on the disk, looked at on the days of the figures."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis.distances import distance
from analysis.tables import Floats
from analysis.targets import seen
from experiments import provenance, runner
from experiments.calibration.task import Calibration
from experiments.crew import Standing, standing
from experiments.memo import Memo
from sim.errors import InputError
from sim.luck import address

if TYPE_CHECKING:
    from experiments.runner import Batch, Failure, Simulate
    from sim.observed import Target

#: the memory in the folder of a calibration
MEMO = "calibration.sqlite"
#: of the columns of a run: what it shows of a figure, and of how many cases that is a share
OF = ".of"


@dataclass(frozen=True)
class Engine:
    """What computes the runs.

    Attributes:
        workers: processes; with 1 everything happens in this one.
        chunk: runs in a chunk; by time unless given.
        simulate: makes one run; the model itself unless given.
    """

    workers: int = 1
    chunk: int | None = None
    simulate: Simulate | None = None


class City(NamedTuple):
    """A run that is wanted: at which shares of the priors, with which luck."""

    shares: tuple[float, ...]
    seed: int


@dataclass
class Cities:
    """Runs of a calibration's base; :func:`cities` gives an open one.

    Attributes:
        task: the calibration.
        memo: where runs are kept.
        engine: what computes them.
        pool: of its workers.
        made: runs that were computed, not remembered.
        failures: runs that failed; they show nothing.
    """

    task: Calibration
    memo: Memo
    engine: Engine
    pool: Standing | None
    made: int = 0
    failures: list[Failure] = field(default_factory=list)
    _prior: dict[int, City] = field(default_factory=dict)

    @cached_property
    def columns(self) -> list[str]:
        """What is known of a run: two columns a figure."""
        return [name for target in self.task.targets for name in (target.id, f"{target.id}{OF}")]

    def shown(self, wanted: Sequence[City]) -> Floats:
        """What the runs show of the figures: runs × figures × (value, number of cases); NaN where nothing."""
        ids = [self._id(each) for each in wanted]
        known = self.memo.known(ids)
        missing = {run: each for run, each in zip(ids, wanted, strict=True) if run not in known}
        known |= self._make(missing)
        nothing = np.full(len(self.columns), np.nan)
        rows = [known.get(run, nothing) for run in ids]
        return np.array(rows, dtype=float).reshape(len(wanted), len(self.task.targets), 2)

    def remember(self, first: int, drawn: Sequence[City]) -> None:
        """Keep in mind draws from the prior, the first of which has that number."""
        self._prior |= dict(enumerate(drawn, first))

    def first(self, number: int) -> list[City]:
        """The first draws from the prior, so many at most."""
        return [self._prior[place] for place in sorted(self._prior)[:number]]

    def _id(self, city: City) -> str:
        settings = sorted(self.task.settings(city.shares).items())
        told = f"{self._digest} {settings} {city.seed}"
        return hashlib.blake2b(told.encode(), digest_size=12).hexdigest()

    @cached_property
    def _digest(self) -> str:
        """Of all that decides what is kept of a run, but for its numbers and its seed."""
        looked = [
            (target.id, target.measure, target.of, target.date.isoformat(), target.channel)
            for target in self.task.targets
        ]
        return provenance.digest([provenance.bare(provenance.specification(self.task.base)), looked])

    def _make(self, missing: dict[str, City]) -> dict[str, Floats]:
        made: dict[str, Floats] = {}
        if not missing:
            return made
        batches = runner.batches(
            [self._job(name, city) for name, city in missing.items()],
            workers=self.engine.workers,
            chunk=self.engine.chunk,
            keep="outcomes",
            simulate=self.engine.simulate,
            measure=partial(seen, targets=self.task.targets),
            pool=self.pool,
        )
        with closing(batches):  # type: ignore[type-var]
            for batch in batches:
                made |= self._kept(batch)
                self.made += batch.done
        return made

    def _job(self, name: str, city: City) -> runner.Job:
        return runner.Job(self.task.base, city.seed, self.task.settings(city.shares), name)

    def _kept(self, batch: Batch) -> dict[str, Floats]:
        if batch.code not in ("", provenance.code_of_outcomes()):
            raise InputError("the code of the model changed on the way; start again with another --out")
        self.failures += batch.failures
        if batch.outcomes is None:
            return {}
        values = batch.outcomes[self.columns].to_numpy(dtype=float)
        made = dict(zip(batch.outcomes["scenario"].astype(str), values, strict=True))
        self.memo.add(made)
        return made


@contextmanager
def cities(task: Calibration, folder: Path, engine: Engine) -> Iterator[Cities]:
    """The runs of a calibration whose memory lies in ``folder``.

    Raises:
        StoreError, OutputError, InputError: as :meth:`experiments.memo.Memo.open`.
    """
    with Memo.open(folder / MEMO) as memo, standing(engine.workers, engine.simulate) as pool:
        yield Cities(task, memo, engine, pool)


def luck(seed: int, generation: int, number: int) -> int:
    """The seed of the run of a particle: every particle has luck of its own."""
    return address(address(address(seed, 1), generation), number) >> 2


def distances(shown: Floats, fitted: Sequence[Target], targets: Sequence[Target]) -> Floats:
    """How far runs lie from the fitted figures: runs × fitted, in standard errors.

    Args:
        shown: as :meth:`Cities.shown`, of all ``targets``.
        fitted: the figures that count, perhaps with other values than in ``targets``.
        targets: the figures in the order of ``shown``.
    """
    places = {target.id: place for place, target in enumerate(targets)}
    columns = [
        distance(target, shown[:, places[target.id], 0], shown[:, places[target.id], 1]) for target in fitted
    ]
    return np.column_stack(columns)

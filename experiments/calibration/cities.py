"""Runs of a calibration: made on all workers, kept on the disk, looked at on the days of the figures."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
from experiments.crew import Engine, Standing
from experiments.memo import Memo, computed, kept
from sim.luck import address

if TYPE_CHECKING:
    from experiments.runner import Failure
    from sim.observed import Target

#: the memory in the folder of a calibration, and what such a folder holds, in a word
MEMO, WHAT = "calibration.sqlite", "calibration"
#: of the columns of a run: what it shows of a figure, and of how many cases that is a share
OF = ".of"


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

    def shown(self, wanted: Sequence[City]) -> Floats:
        """What the runs show of the figures: runs × figures × (value, number of cases); NaN where nothing."""
        ids = [self._id(each) for each in wanted]
        known = self.memo.known(ids)
        missing = {run: each for run, each in zip(ids, wanted, strict=True) if run not in known}
        known |= self._make(missing)
        shape = (len(self.task.targets), 2)  # what seen() gives: two columns a figure
        nothing = np.full(shape, np.nan)
        rows = [known[run].reshape(shape) if run in known else nothing for run in ids]
        return np.array(rows, dtype=float).reshape(len(wanted), *shape)

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
        found: dict[str, Floats] = {}
        if not missing:
            return found
        jobs = [self._job(name, city) for name, city in missing.items()]
        measure = partial(seen, targets=self.task.targets)
        for made, batch in computed(self.memo, jobs, self.engine, self.pool, measure):
            found |= made
            self.failures += batch.failures
            self.made += batch.done
        return found

    def _job(self, name: str, city: City) -> runner.Job:
        return runner.Job(self.task.base, city.seed, self.task.settings(city.shares), name)


@contextmanager
def cities(task: Calibration, folder: Path, engine: Engine) -> Iterator[Cities]:
    """The runs of a calibration whose memory lies in ``folder``.

    Raises:
        StoreError, OutputError, InputError: as :func:`experiments.memo.kept`.
    """
    with kept(folder, MEMO, WHAT, engine) as (memo, pool):
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

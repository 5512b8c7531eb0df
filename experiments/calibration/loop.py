"""The calibration itself: particles from pyabc, runs from all workers, until they come near to the figures.

Nothing of the algorithm is kept on the disk. Its draws follow from its seed and every run is remembered
(:mod:`experiments.memo`), so a calibration that was interrupted takes the same way again, without the
runs, and then goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analysis.tables import Floats
from experiments.calibration import smc
from experiments.calibration.cities import Cities, City, cities, distances, luck
from experiments.calibration.smc import Generation, Progress, Proposal
from experiments.calibration.task import Calibration
from experiments.crew import Engine
from sim.errors import InputError

if TYPE_CHECKING:
    from experiments.runner import Failure
    from sim.observed import Target

Watch = Callable[[Progress], None]

#: stands for a generation in the addresses of new runs of the last one, which particles never have
_AGAIN = 2_000_000


@dataclass(frozen=True)
class Outcome:
    """What a calibration came to.

    Attributes:
        task: what was asked.
        generations: one after the other; the last one is the sample from the posterior.
        shown: what the runs of the last generation show of the figures: particles × figures × (value,
            number of cases). Runs that were far from the fitted ones are not among them.
        again: the same of new runs of the same particles with other luck: what the posterior predicts.
        prior: the same of as many draws from the prior.
        runs: that the outcome rests on.
        made: runs that this call computed.
        failures: runs that failed.
    """

    task: Calibration
    generations: tuple[Generation, ...]
    shown: Floats
    again: Floats
    prior: Floats
    runs: int
    made: int
    failures: tuple[Failure, ...]

    @property
    def last(self) -> Generation:
        """The sample from the posterior."""
        return self.generations[-1]

    @property
    def reached(self) -> bool:
        """Whether epsilon came down to what was asked."""
        return self.last.epsilon <= self.task.budget.epsilon


def calibrate(task: Calibration, folder: Path, engine: Engine, watch: Watch = lambda _: None) -> Outcome:
    """Find the numbers that bring out the observed figures.

    Args:
        task: what is to be found.
        folder: where runs are kept; what is there already is not made again.
        engine: what computes the runs.
        watch: is told how far a generation has come.

    Raises:
        OutputError: the folder is in use or not ours, or the disk is full. What was computed is kept, and
            the same call goes on.
        InputError: pyabc is not installed, the runs in the folder were made by other code, no run shows
            one of the figures, or too few come near.
    """
    with cities(task, folder, engine) as found:
        return _calibrated(task, found, watch)


def _calibrated(task: Calibration, found: Cities, watch: Watch) -> Outcome:
    generations, drawn = fitted(found, task.fitted, watch)
    last = _cities(task, generations[-1], len(generations) - 1)
    again = [City(each.shares, luck(task.budget.seed, _AGAIN, place)) for place, each in enumerate(last)]
    return Outcome(
        task=task,
        generations=generations,
        shown=found.shown(last),
        again=found.shown(again),
        prior=found.shown(drawn[: task.budget.particles]),
        runs=sum(each.tried for each in generations) + len(again),
        made=found.made,
        failures=tuple(found.failures),
    )


def fitted(
    found: Cities, targets: Sequence[Target], watch: Watch = lambda _: None
) -> tuple[tuple[Generation, ...], list[City]]:
    """The generations that come nearer and nearer to some figures, and the draws from the priors.

    Raises:
        InputError: no run of the first particles shows one of them, or too few come near.
    """
    task, drawn = found.task, list[City]()

    def ask(proposals: Sequence[Proposal]) -> Floats:
        wanted = [_city(task, each) for each in proposals]
        shown = found.shown(wanted)
        if proposals[0].generation == 0:
            drawn[proposals[0].number :] = wanted
            if proposals[0].number == 0:
                _check_shown(task, targets, shown)
        return distances(shown, targets, task.targets)

    generations = smc.smc(task.paths, ask, task.budget, watch)
    if not generations:
        needed = f"one in {1 / task.budget.acceptance:,.0f}"
        problem = (
            f"fewer than {needed} draws from the priors come near to the figures; are the priors wide enough?"
        )
        raise InputError(problem, key="acceptance")
    return tuple(generations), drawn


def _city(task: Calibration, proposal: Proposal) -> City:
    return City(proposal.shares, luck(task.budget.seed, proposal.generation, proposal.number))


def _cities(task: Calibration, generation: Generation, place: int) -> list[City]:
    rows = zip(generation.numbers, generation.shares.tolist(), strict=True)
    return [_city(task, Proposal(place, number, tuple(shares))) for number, shares in rows]


def _check_shown(task: Calibration, targets: Sequence[Target], shown: Floats) -> None:
    places = {target.id: place for place, target in enumerate(task.targets)}
    for target in targets:
        if np.isnan(shown[:, places[target.id], 0]).all():
            problem = f"none of {len(shown)} runs from the priors shows figure {target.id} ({target.measure})"
            raise InputError(f"{problem}: {target.channel or 'no channel'}, {target.date}", key="observed")

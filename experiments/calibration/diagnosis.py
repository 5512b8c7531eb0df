"""Whether a calibration can be trusted: tried on cities whose true numbers are known.

The true numbers of a synthetic city are drawn from the priors; one run at them is what is observed there.
If the algorithm is right, the rank of a true number among draws from the posterior of its city is any rank
with the same chance: simulation-based calibration (Talts, Betancourt, Simpson, Vehtari and Gelman 2018).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis.posterior import Diagnosed, effective, resampled
from analysis.targets import unit
from experiments.calibration.cities import City, cities, luck
from experiments.calibration.loop import fitted
from sim.luck import address
from sim.observed import Target

if TYPE_CHECKING:
    import pandas as pd

    from analysis.tables import Floats
    from experiments.calibration.cities import Cities
    from experiments.calibration.smc import Generation, Progress
    from experiments.calibration.task import Calibration
    from experiments.crew import Engine

#: how many draws of each city a true number may be ranked among: bins of equal numbers of ranks
DRAWS = (9, 19, 39, 49, 59, 99)
#: stands for a generation in the addresses of synthetic cities, which particles never have
_TRUTH = 1_000_000

#: is told which city it is, of how many, and how far its generation has come
Watch = Callable[[int, int, "Progress"], None]


class Tried(NamedTuple):
    """A synthetic city.

    Attributes:
        shares: the true numbers, as shares of their priors.
        last: the sample from its posterior.
        figures: how many it could be held against.
    """

    shares: tuple[float, ...]
    last: Generation
    figures: int


@dataclass(frozen=True)
class Diagnosis:
    """What the synthetic cities gave.

    Attributes:
        task: the calibration.
        tried: the cities.
        runs: that this rests on.
        made: runs that this call computed.
    """

    task: Calibration
    tried: tuple[Tried, ...]
    runs: int
    made: int

    @property
    def draws(self) -> int:
        """Of each city: no more than the poorest sample is worth, so that copies are few."""
        worth = min(effective(each.last.weights) for each in self.tried)
        return max((number for number in DRAWS if number <= worth), default=DRAWS[0])

    @property
    def diagnosed(self) -> Diagnosed:
        """For the statistics and charts of :mod:`analysis.posterior`."""
        return Diagnosed(
            question=self.task.question,
            name=self.task.name,
            truths=self._frame(np.array([each.shares for each in self.tried])),
            draws=[self._frame(_drawn(each.last, self.draws)) for each in self.tried],
            runs=self.runs,
        )

    def _frame(self, shares: Floats) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame(shares, columns=list(self.task.paths))


def _drawn(generation: Generation, number: int) -> Floats:
    """Equally weighted draws."""
    return np.asarray(generation.shares[resampled(generation.weights, number)])


def diagnose(
    task: Calibration, folder: Path, number: int, engine: Engine, watch: Watch = lambda *_: None
) -> Diagnosis:
    """Calibrate on synthetic cities by the same algorithm, with the same budget.

    Args:
        task: the calibration.
        folder: where runs are kept.
        number: of cities.
        engine: what computes the runs.
        watch: is told how far it has come.

    Raises:
        OutputError, InputError: as :func:`experiments.calibration.loop.calibrate`.
    """
    with cities(task, folder, engine) as found:
        tried = [_tried(found, place, partial(watch, place, number)) for place in range(number)]
        runs = number + sum(each for _, each in tried)
        return Diagnosis(task, tuple(each for each, _ in tried), runs, found.made)


def _tried(found: Cities, place: int, watch: Callable[[Progress], None]) -> tuple[Tried, int]:
    task = found.task
    shares = truth(task, place)
    shown = found.shown([City(shares, luck(task.budget.seed, _TRUTH, place))])[0]
    figures = synthetic(task.fitted, task.targets, shown)
    generations, _ = fitted(found, figures, watch)
    return Tried(shares, generations[-1], len(figures)), sum(each.tried for each in generations)


def truth(task: Calibration, place: int) -> tuple[float, ...]:
    """The true numbers of a city, drawn from the priors; the same however many cities there are."""
    city = address(address(task.budget.seed, _TRUTH), place)
    return tuple((address(city, number) + 0.5) / 2**64 for number in range(len(task.paths)))


def synthetic(fitted: Sequence[Target], targets: Sequence[Target], shown: Floats) -> tuple[Target, ...]:
    """The figures as they are observed in a city that shows these values, told exactly.

    Args:
        fitted: the figures that are to be observed.
        targets: all figures, in the order of ``shown``.
        shown: figures × (value, number of cases). What is not defined there is not observed.
    """
    places = {target.id: place for place, target in enumerate(targets)}
    known = [(target, shown[places[target.id]]) for target in fitted]
    return tuple(
        _observed(target, float(value), float(of)) for target, (value, of) in known if not np.isnan(value)
    )


def _observed(target: Target, value: float, of: float) -> Target:
    exact = {"value": value, "relation": "about", "up_to": None, "rounding": None}
    if not np.isnan(of) and unit(target) == "share":
        cases = max(1, round(of))
        share = {"relation": "share", "numerator": round(value * cases), "denominator": cases}
        return target.model_copy(update=exact | share)
    return target.model_copy(update=exact | {"numerator": None, "denominator": None})

"""Charts of a calibration. Each is a function that gives a matplotlib ``Figure`` of 1280 by 720 pixels.

Those of a posterior take what was found and stand in ``POSTERIOR``; those of synthetic cities, whose true
parameters are known, stand in ``DIAGNOSES``. To add a chart, write a module with such a function and add
a line there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.posterior import Calibrated, Diagnosed
from analysis.posterior_figures import convergence, marginals, predictive, ranks, recovery, ties

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Sheet


@dataclass(frozen=True)
class PosteriorFigure:
    """A chart of a posterior.

    Attributes:
        title: what it shows, in one line.
        function: from what was found to a matplotlib figure.
    """

    title: str
    function: Callable[[Calibrated], Sheet]


@dataclass(frozen=True)
class DiagnosisFigure:
    """A chart of a calibration tried on synthetic cities.

    Attributes:
        title: what it shows, in one line.
        function: from true values and draws to a matplotlib figure.
    """

    title: str
    function: Callable[[Diagnosed], Sheet]


#: name (of the file without suffix) -> chart of a posterior
POSTERIOR: dict[str, PosteriorFigure] = {
    "marginals": PosteriorFigure("What the data tell of each parameter, beside the prior", marginals.draw),
    "ties": PosteriorFigure("Which parameters the data tie to each other", ties.draw),
    "predictive": PosteriorFigure("Observed figures beside what the posterior predicts", predictive.draw),
    "convergence": PosteriorFigure("Tolerance, acceptance and sample size by generation", convergence.draw),
}

#: name (of the file without suffix) -> chart of synthetic cities
DIAGNOSES: dict[str, DiagnosisFigure] = {
    "ranks": DiagnosisFigure("Ranks of true values among the draws, in their band", ranks.draw),
    "recovery": DiagnosisFigure("True values and posterior medians of synthetic cities", recovery.draw),
}

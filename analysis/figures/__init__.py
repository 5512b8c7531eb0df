"""Charts. Each is a function that gives a matplotlib ``Figure``.

Those of one scenario take tables and observed figures and stand in ``FIGURES``; those of a comparison
take a contrast and stand in ``COMPARISONS``. To add a chart, write a module with such a function and
add a line there. Outside packages add charts by the entry points ``cityfunnel.figures`` and
``cityfunnel.comparisons``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.figures import (
    climate,
    fan,
    forest,
    funnel,
    heatmap,
    losses,
    money,
    poc_starts,
    tradeoff,
    waiting,
)
from analysis.pairs import Contrast
from analysis.tables import Tables
from sim.plugins import outside

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Sheet

    from sim.observed import Target


@dataclass(frozen=True)
class Figure:
    """A chart.

    Attributes:
        title: what it shows, in one line.
        function: from the tables of one scenario's runs and observed figures (which may be none)
            to a matplotlib figure of 1280 by 720 pixels.
    """

    title: str
    function: Callable[[Tables, Sequence[Target]], Sheet]


#: name (of the file without suffix) -> chart
FIGURES: dict[str, Figure] = {
    "funnel": Figure("How many proposals reach each step, by channel", funnel.draw),
    "poc_starts": Figure("POCs started over time, beside what was observed", poc_starts.draw),
    "losses": Figure("Why cases are lost, by step and channel", losses.draw),
    "waiting": Figure("Time from submission to each stage", waiting.draw),
    "money": Figure("Money and value over time", money.draw),
    "climate": Figure("Political support and innovation culture over time", climate.draw),
}
FIGURES |= outside("cityfunnel.figures", FIGURES)


@dataclass(frozen=True)
class ComparisonFigure:
    """A chart of a comparison.

    Attributes:
        title: what it shows, in one line.
        function: from the comparison to a matplotlib figure of 1280 by 720 pixels.
    """

    title: str
    function: Callable[[Contrast], Sheet]


#: name (of the file without suffix) -> chart of a comparison
COMPARISONS: dict[str, ComparisonFigure] = {
    "forest": ComparisonFigure("Paired differences with intervals", forest.draw),
    "heatmap": ComparisonFigure("Standardised differences, policy by outcome", heatmap.draw),
    "fan": ComparisonFigure("POCs, projects, money and value over time under each policy", fan.draw),
    "tradeoff": ComparisonFigure("Money spent against value delivered, run by run", tradeoff.draw),
}
COMPARISONS |= outside("cityfunnel.comparisons", COMPARISONS)

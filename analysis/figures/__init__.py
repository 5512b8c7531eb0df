"""Charts. Each is a function of tables and observed figures that gives a matplotlib ``Figure``.

To add a chart, write a module with such a function and add a line to ``FIGURES``.
Outside packages add charts by the entry point ``cityfunnel.figures``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.figures import climate, funnel, losses, money, poc_starts, waiting
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

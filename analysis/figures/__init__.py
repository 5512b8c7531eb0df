"""Charts. Each is a function that gives a matplotlib ``Figure``.

Those of one scenario take tables and observed figures and stand in ``FIGURES``, or in ``PROPOSALS`` where
the verb ``funnel`` draws them; those of a comparison take a contrast and stand in ``COMPARISONS``. To add
a chart, write a module with such a function and add a line there. Outside packages add charts by the
entry points ``cityfunnel.figures`` and ``cityfunnel.comparisons``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.figures import (
    access,
    climate,
    concentration,
    curves,
    effects,
    fan,
    foreseen,
    forest,
    funnel,
    heatmap,
    incidence,
    losses,
    money,
    network,
    outcomes,
    parallel,
    poc_starts,
    process_map,
    recorded,
    tradeoff,
    waiting,
)
from analysis.pairs import Contrast
from analysis.pareto import Front
from analysis.tables import Tables
from sim.plugins import outside

if TYPE_CHECKING:
    import pandas as pd
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
    "process_map": Figure("Which way cases go from stage to stage, and how long it takes", process_map.draw),
    "network": Figure("Trust between departments and vendors, before and after", network.draw),
}
FIGURES |= outside("cityfunnel.figures", FIGURES)

#: name -> chart of what becomes of proposals, drawn by the verb ``funnel``
PROPOSALS: dict[str, Figure] = {
    "incidence": Figure("By when proposals get to a POC and to service, by group", incidence.draw),
    "outcomes": Figure("What has become of proposals before the POC, by channel", outcomes.draw),
    "access": Figure("Shares and success of start-ups, SMEs and large firms", access.draw),
    "concentration": Figure("How concentrated awards are among vendors", concentration.draw),
}


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

#: name -> chart of a comparison that is made over a posterior
OVER_POSTERIOR: dict[str, ComparisonFigure] = {
    "effects": ComparisonFigure("Effects over the posterior, beside chance alone", effects.draw),
}


@dataclass(frozen=True)
class SearchFigure:
    """A chart of what a search found.

    Attributes:
        title: what it shows, in one line.
        function: from the policies that were found, and a caption, to a matplotlib figure of 1280 by
            720 pixels.
    """

    title: str
    function: Callable[[Front, str], Sheet]


#: name (of the file without suffix) -> chart of a search
SEARCHES: dict[str, SearchFigure] = {
    "parallel": SearchFigure("Policies that none other beats, objective by objective", parallel.draw),
}


@dataclass(frozen=True)
class RecordFigure:
    """A chart of an observed history.

    Attributes:
        title: what it shows, in one line.
        function: from the tables of one history, and what is on record (see :mod:`analysis.recorded`), to a
            matplotlib figure of 1280 by 720 pixels.
    """

    title: str
    function: Callable[[Tables, Collection[str]], Sheet]


#: name (of the file without suffix) -> chart of an observed history
RECORDS: dict[str, RecordFigure] = {
    "recorded": RecordFigure("The funnel on record, by channel", recorded.draw),
    "curves": RecordFigure("Time from submission to each stage on record", curves.draw),
}


@dataclass(frozen=True)
class ValidationFigure:
    """A chart of observed figures beside what the model foresees of them.

    Attributes:
        title: what it shows, in one line.
        function: from a table of one row a figure, and a note on the runs, to a matplotlib figure of 1280
            by 720 pixels.
    """

    title: str
    function: Callable[[pd.DataFrame, str], Sheet]


#: name (of the file without suffix) -> chart of figures that were held out
VALIDATIONS: dict[str, ValidationFigure] = {
    "foreseen": ValidationFigure("Observed figures on the intervals that the model foresees", foreseen.draw),
}

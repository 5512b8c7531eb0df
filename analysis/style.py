"""How figures look: sizes for a projector, colours that colour-blind people can tell apart.

Figures are made with matplotlib's objects alone, so nothing is kept between two of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from textwrap import fill
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from analysis.tables import Floats, Tables

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analysis.pairs import Contrast
    from analysis.series import Band
    from sim.observed import Target

#: Okabe and Ito's palette
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
GREY = "#595959"
LIGHT = "#D9D9D9"

#: inches and dots an inch: 1280 x 720 pixels
SIZE, DPI = (12.8, 7.2), 100
SMALL, TEXT, TITLE = 13, 14, 19

CHANNEL_NAMES = {
    "bottom_up": "bottom-up",
    "top_down": "top-down",
    "problem_led": "problem-led",
    "challenge": "challenge programme",
    "pitch": "pitches",
    "exchange": "other cities",
    "tender": "rivals alone",
    "market": "imitators",
    "all": "all channels",
}
CHANNEL_COLOURS = {
    "bottom_up": BLUE,
    "pitch": BLUE,
    "top_down": ORANGE,
    "problem_led": GREEN,
    "challenge": SKY,
    "exchange": VERMILION,
    "tender": PURPLE,
    "all": GREY,
}


#: looks of scenarios that are compared with a base, which is black; lines that cover each other show
SCENARIO_COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
LINES = ("--", "-.", ":", (0, (6, 2, 1, 2, 1, 2)), (0, (3, 1)))
MARKERS = "osD^vPX"


#: most measures in a chart of a comparison
ROWS = 20


class Look(NamedTuple):
    """Marker, colour and name of a kind of observed figure."""

    marker: str
    colour: str
    name: str


#: how the two readings of the sources are drawn; what holds under both is drawn as the third
READINGS = {
    "M1": Look("D", VERMILION, "observed, reading M1"),
    "M2": Look("o", BLACK, "observed, reading M2"),
    "both": Look("s", PURPLE, "observed, both readings"),
}


def sheet(
    title: str, caption: str, rows: int = 1, columns: int = 1, keys: int = 0, **grid: Any
) -> tuple[Figure, list[Axes]]:
    """An empty figure with title and caption, and its axes row by row.

    ``keys`` lines are kept free under the title for :func:`key_above`; ``grid`` goes to ``subplots``.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = Figure(figsize=SIZE, dpi=DPI, facecolor="white")
    above, below = fill(title, 80), fill(caption, 130)
    top = 0.925 - 0.045 * above.count("\n") - 0.038 * keys
    bottom = 0.045 + 0.032 * below.count("\n")
    figure.set_layout_engine(ConstrainedLayoutEngine(rect=(0.005, bottom, 0.99, top - bottom), w_pad=0.08))
    figure.text(
        0.012, 0.975, above, fontsize=TITLE, va="top", weight="bold", linespacing=1.15, parse_math=False
    )
    figure.text(
        0.012, 0.012, below, fontsize=SMALL, color=GREY, va="bottom", linespacing=1.2, parse_math=False
    )
    axes = figure.subplots(rows, columns, squeeze=False, **grid)
    for one in axes.flat:
        plain(one)
    return figure, list(axes.flat)


def plain(axes: Axes) -> None:
    """Readable ticks, a light grid, no box."""
    axes.tick_params(labelsize=SMALL, length=4)
    axes.grid(color=LIGHT, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def named(axes: Axes, x: str = "", y: str = "", title: str = "") -> None:
    """Names with units of the axes, and a title on the left."""
    axes.set_xlabel(x, fontsize=TEXT)
    axes.set_ylabel(y, fontsize=TEXT)
    axes.set_title(title, fontsize=TEXT, loc="left", weight="bold")


def key(axes: Axes, **details: Any) -> None:
    """The legend, in readable type."""
    axes.legend(fontsize=SMALL, **{"frameon": True, "framealpha": 0.9, "edgecolor": LIGHT, **details})


def key_above(figure: Figure, handles: Sequence[Any], labels: Sequence[str], columns: int) -> None:
    """The legend of the whole figure, in the room that was kept under the title."""
    engine = figure.get_layout_engine()
    _, bottom, _, height = engine.get()["rect"] if engine else (0.0, 0.0, 1.0, 1.0)
    legend = figure.legend(
        handles, labels, loc="lower left", bbox_to_anchor=(0.005, bottom + height), ncols=columns,
        fontsize=SMALL, frameon=False, columnspacing=1.2, handlelength=1.5, borderaxespad=0,
    )  # fmt: skip
    legend.set_in_layout(False)


def caption(tables: Tables, note: str = "") -> str:
    """Scenario, number of runs and seeds, then a note on what is drawn."""
    runs = tables.runs
    scenarios, seeds = ", ".join(runs["scenario"].astype(str).unique()), np.sort(runs["seed"].unique())
    if len(seeds) and seeds[-1] < 0:  # an observed history, which has no seed
        return f"Observed in {scenarios}, open cases included. {note}".strip()
    told = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"
    if len(seeds) <= seeds[-1] - seeds[0]:
        told = f"{len(seeds)} seeds from {seeds[0]} to {seeds[-1]}"
    plural = "run" if len(runs) == 1 else "runs"
    return f"Scenario {scenarios} · {len(runs)} {plural}, {told}. {note}".strip()


def scenario_look(place: int) -> tuple[str, Any, str]:
    """Colour, line and marker of the base (place 0) and the other scenarios of a comparison."""
    marker = MARKERS[place % len(MARKERS)]
    if place == 0:
        return BLACK, "-", marker
    return SCENARIO_COLOURS[(place - 1) % len(SCENARIO_COLOURS)], LINES[(place - 1) % len(LINES)], marker


def key_columns(names: Sequence[str]) -> int:
    """How many of these names stand beside each other in a legend."""
    return max(1, min(len(names), int(125 / (8 + max(map(len, names))))))


def key_rows(names: Sequence[str]) -> int:
    """How many lines a legend of these names takes."""
    return -(-len(names) // key_columns(names))


def comparison_caption(contrast: Contrast, note: str) -> str:
    """Number of runs, pairs and seeds of a comparison, then a note on what is drawn."""
    seeds = np.sort(contrast.outcomes["seed"].unique())
    told = f"seeds {seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f"seed {seeds[0]}"
    draws = f"{contrast.draws} draw{'s' if contrast.draws > 1 else ''}"
    drawn = f", at {draws} of a posterior" if contrast.draws else ""
    return (
        f"{len(contrast.outcomes)} runs in {contrast.pairs} pairs at the same seeds ({told}){drawn}. {note}"
    )


def chosen(contrast: Contrast) -> str:
    """What is said of measures that are not drawn for want of room."""
    known = len(contrast.largest(len(contrast.differences)))
    text = f"Of {known} measures, the {ROWS} whose differences are largest beside their spread."
    return text if known > ROWS else ""


def amounts(values: Sequence[float], unit: str, sign: str = "") -> tuple[list[str], str]:
    """Numbers with decimals that suit the largest, and their unit; shares in points."""
    scaled = [100 * value if unit == "share" else value for value in values]
    largest = max(map(abs, scaled))
    digits = 0 if largest >= 100 else 1 if largest >= 1 else 2
    name = {"share": "points"}.get(unit, unit.partition(",")[0])
    return [f"{value:{sign},.{digits}f}" for value in scaled], name


def said(measure: str) -> str:
    """The name of a measure as one says it."""
    return measure.replace("_", " ").replace("poc", "POC")


def months(tables: Tables) -> tuple[Floats, Floats]:
    """A grid of times about a month apart over the longest run: days from the start, and day numbers."""
    days = float(tables.runs["days"].max())
    grid = np.linspace(0.0, days, max(2, round(days / 30.44) + 1))
    return grid, grid + day_number(tables.runs["start"].min())


def day_number(day: date) -> float:
    """The day as matplotlib counts on its date axes: days since 1970-01-01."""
    return float(np.datetime64(day, "D").astype(np.int64))


def draw_band(axes: Axes, x: Floats, band: Band, colour: str, label: str, line: str = "-") -> None:
    """The mean as a line, with the middle 50% and 95% of the runs as shades."""
    axes.fill_between(x, band.low95, band.high95, color=colour, alpha=0.15, linewidth=0)
    axes.fill_between(x, band.low50, band.high50, color=colour, alpha=0.25, linewidth=0)
    axes.plot(x, band.mean, color=colour, linestyle=line, linewidth=2.4, label=label)


def calendar_axis(axes: Axes, days: Floats) -> None:
    """A date axis over these day numbers."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=4, maxticks=9)  # type: ignore[no-untyped-call]
    formatter = ConciseDateFormatter(locator, show_offset=False)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(formatter)
    axes.set_xlim(days[0], days[-1])


def spread(places: Sequence[float], gap: float) -> list[float]:
    """The same places in the same order, moved upwards until they lie at least ``gap`` apart."""
    moved = list(places)
    order = sorted(range(len(moved)), key=lambda index: moved[index])
    for below, above in pairwise(order):
        moved[above] = max(moved[above], moved[below] + gap)
    return moved


def figure_of(target: Target, value: float) -> str:
    """An observed figure in a few signs: ``S01 >100``."""
    sign = {"more_than": ">", "less_than": "<", "about": "≈"}.get(target.relation, "")
    return f"{target.id} {sign}{value:g}"

"""The funnel by channel, with observed figures as marks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis import style
from analysis.funnel import ALL, channels, counts, steps, summary
from analysis.measures import MEASURES
from analysis.tables import Tables, of_channel, until
from analysis.targets import covers

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.observed import Target

NAMES = {
    "submitted": "submitted",
    "screened": "screened",
    "matched": "matched",
    "cleared": "cleared",
    "poc": "POC started",
    "poc_completed": "POC feasible",
    "tender": "tender",
    "contract": "contract",
    "deployed": "in service",
    "launched": "on the market",
    "sustained": "sustained",
}

#: how far bars stand above the middle of their row, to make room for marks
LIFT = 0.28

#: width of the text at a mark, as a share of the width of all panels
TEXT_WIDTH = 0.175

#: measure of an observed count (or of the counted part of a share) -> step and the measure it is
PLACES = {
    "proposals_received": ("submitted", "proposals_received"),
    "poc_starts": ("poc", "poc_started"),
    "poc_started": ("poc", "poc_started"),
    "proposal_to_poc": ("poc", "poc_started"),
    "poc_completed": ("poc_completed", "poc_completed"),
    "projects": ("deployed", "projects"),
    "topdown_completed": ("deployed", "topdown_completed"),
}


class Mark(NamedTuple):
    """An observed count at a step, and the model's mean on the same day."""

    target: Target
    step: str
    value: float
    model: float


def draw(tables: Tables, observed: Sequence[Target]) -> Figure:
    """One panel a channel; a bar a step, in the case's own view and in the need's."""
    table = summary(counts(tables))
    names, rows = channels(tables), steps(table)
    panels = [*names, ALL] if len(names) > 1 else names or [ALL]
    note = (
        "Bars: mean of the runs, in brackets with what a rival won; thin lines: middle 95% of runs; thick: "
        "95% interval of the mean. Filled marks: observed up to the day named; hollow: the model's mean then."
    )
    figure, axes = style.sheet(
        _title(table), style.caption(tables, note), 1, len(panels), keys=1, sharex=True, sharey=True
    )
    marks = [list(observed_marks(tables, observed, channel, len(panels) == 1)) for channel in panels]
    for one, channel, here in zip(axes, panels, marks, strict=True):
        chosen = table[table["channel"] == channel]
        _panel(one, chosen, rows, style.CHANNEL_COLOURS.get(channel, style.PURPLE))
        _observed(one, here, rows)
        style.named(one, "cases in a run", "", style.CHANNEL_NAMES.get(channel, channel))
    _frame(axes, rows, [max(mark.value, mark.model) for here in marks for mark in here])
    style.key_above(figure, *_keys({mark.target.reading for here in marks for mark in here}), columns=5)
    return figure


def _title(table: pd.DataFrame) -> str:
    every = table[table["channel"] == ALL].groupby(["view", "step"])["mean"].mean()
    return (
        f"Of {every['own', 'submitted']:.0f} proposals {every['own', 'poc']:.0f} reach a POC; "
        f"{every['own', 'deployed']:.0f} go into service, "
        f"{every['need', 'deployed']:.0f} with what rivals build"
    )


def _panel(axes: Axes, table: pd.DataFrame, rows: list[str], colour: str) -> None:
    own, need = (table[table["view"] == view].set_index("step").loc[rows] for view in ("own", "need"))
    y, height = np.arange(len(rows)) - LIFT, 0.4
    axes.barh(y, need["mean"], height, facecolor="white", edgecolor=colour, hatch="////", linewidth=1.2)
    axes.barh(y, own["mean"], height, color=colour, edgecolor=colour, linewidth=1.2)
    axes.hlines(y, own["lower"], own["upper"], color=style.BLACK, linewidth=1.2)
    axes.hlines(y, own["low"], own["high"], color=style.BLACK, linewidth=5)
    ends = np.fmax(own["upper"], need["mean"])
    for place, mean, given, end in zip(y, own["mean"], need["mean"], ends, strict=True):
        text = _number(mean) + (f" ({_number(given)})" if given > mean else "")
        axes.annotate(
            text, (end, place), (5, 0), textcoords="offset points", va="center", fontsize=style.SMALL
        ).set_in_layout(False)


def _number(value: float) -> str:
    return f"{value:.{0 if value >= 10 else 1}f}"


def observed_marks(tables: Tables, observed: Sequence[Target], channel: str, alone: bool) -> Iterator[Mark]:
    """The latest figure for each step and reading that belongs to a channel."""
    latest: dict[tuple[str, str], Target] = {}
    for target in sorted(observed, key=lambda target: target.date):
        mine = target.channel == channel or (target.channel is None and (channel == ALL or alone))
        if target.measure in PLACES and mine and covers(tables, target.date):
            latest[PLACES[target.measure][0], target.reading] = target
    return (_mark(tables, latest[key]) for key in sorted(latest))


def _mark(tables: Tables, target: Target) -> Mark:
    step, measure = PLACES[target.measure]
    seen = until(tables if target.channel is None else of_channel(tables, target.channel), target.date)
    value = target.value if target.numerator is None else float(target.numerator)
    return Mark(target, step, value, float(MEASURES[measure].function(seen).mean()))


def _observed(axes: Axes, marks: list[Mark], rows: list[str]) -> None:
    """Marks under the bars; two figures for one step stand below each other."""
    for place, step in enumerate(rows):
        here = [mark for mark in marks if mark.step == step]
        for mark, below in zip(here, (0.14,) if len(here) == 1 else (0.04, 0.38, 0.72), strict=False):
            _draw_mark(axes, mark, place + below)


def _draw_mark(axes: Axes, mark: Mark, y: float) -> None:
    look = style.READINGS[mark.target.reading]
    axes.plot([mark.model, mark.value], [y, y], color=look.colour, linewidth=1, linestyle=":")
    axes.plot(mark.model, y, look.marker, color=look.colour, markerfacecolor="white", markersize=7)
    axes.plot(mark.value, y, look.marker, color=look.colour, markersize=8)
    text = f"{style.figure_of(mark.target, mark.value)}, {mark.target.date:%b %Y}"
    axes.annotate(
        text, (max(mark.value, mark.model), y), (7, 0), textcoords="offset points", va="center",
        fontsize=style.SMALL, color=look.colour,
    ).set_in_layout(False)  # fmt: skip


def _keys(readings: set[str]) -> tuple[list[Artist], list[str]]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    keys: dict[str, Artist] = {
        "the vendor's own": Patch(color=style.GREY),
        "won by a rival": Patch(facecolor="white", edgecolor=style.GREY, hatch="////"),
    }
    for look in (look for reading, look in style.READINGS.items() if reading in readings):
        keys[look.name] = Line2D([], [], linestyle="", marker=look.marker, color=look.colour, markersize=8)
    return list(keys.values()), list(keys)


def _frame(axes: Sequence[Axes], rows: list[str], marks: Sequence[float]) -> None:
    axes[0].set_yticks(np.arange(len(rows)) - LIFT, [NAMES[step] for step in rows], fontsize=style.TEXT)
    axes[0].set_ylim(len(rows) - 0.5, -0.6)
    free = 1 - min(0.7, TEXT_WIDTH * len(axes))
    axes[0].set_xlim(0, max(1.0, 1.14 * axes[0].get_xlim()[1], *(mark / free for mark in marks)))
    for one in axes:
        one.grid(visible=False, axis="y")

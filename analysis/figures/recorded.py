"""The funnel that a city has on record, by channel."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from analysis import recorded, style
from analysis.figures.funnel import NAMES
from analysis.funnel import ALL, channels, counts
from analysis.tables import Floats, Tables

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT = 0.62


def draw(tables: Tables, known: Collection[str]) -> Figure:
    """One panel a channel, one bar a step, of the steps that are on record."""
    steps = recorded.steps(known)
    bars, names = _bars(tables, steps), channels(tables)
    panels = [*names, ALL] if len(names) > 1 else [ALL]
    note = "Bars: cases that ever reached the step, of the steps on record."
    if np.any(bars[ALL, "own"] != bars[ALL, "need"]):
        note += " Hatched, and in brackets: with what a rival won in the case's tender."
    title = _title(tables, dict(zip(steps, bars[ALL, "own"], strict=True)))
    figure, axes = style.sheet(title, style.caption(tables, note), 1, len(panels), sharex=True, sharey=True)
    for one, channel in zip(axes, panels, strict=True):
        colour = style.CHANNEL_COLOURS.get(channel, style.PURPLE)
        _panel(one, bars[channel, "own"], bars[channel, "need"], colour)
        style.named(one, "cases", "", style.CHANNEL_NAMES.get(channel, channel))
    axes[0].set_yticks(range(len(steps)), [NAMES[step] for step in steps], fontsize=style.TEXT)
    axes[0].set_ylim(len(steps) - 0.5, -0.5)
    axes[0].set_xlim(0, max(1.0, 1.45 * float(bars[ALL, "need"].max(initial=0))))
    return figure


def _bars(tables: Tables, steps: Sequence[str]) -> dict[tuple[str, str], Floats]:
    """Cases that reached each step, by channel and view."""
    table = counts(tables)
    keys = zip(table["channel"].astype(str), table["view"].astype(str), strict=True)
    return dict(zip(keys, table[list(steps)].to_numpy(dtype=float), strict=True))


def _title(tables: Tables, reached: Mapping[str, float]) -> str:
    cases = int((np.asarray(tables.head) == np.arange(len(tables.cases))).sum())
    told = ", ".join(f"{reached[step]:.0f} {words}" for step, words in _REACHED.items() if step in reached)
    return f"Of {cases} cases {told}" if told else f"{cases} cases"


_REACHED = {
    "poc": "reached a POC",
    "contract": "won their contract",
    "deployed": "went into service",
}


def _panel(axes: Axes, own: Floats, need: Floats, colour: str) -> None:
    places = np.arange(len(own))
    axes.barh(places, need, HEIGHT, facecolor="white", edgecolor=colour, hatch="////", linewidth=1.2)
    axes.barh(places, own, HEIGHT, color=colour, edgecolor=colour, linewidth=1.2)
    for place, mine, every in zip(places, own, need, strict=True):
        text = f"{mine:,.0f}" + (f" ({every:,.0f})" if every > mine else "")
        axes.annotate(
            text, (max(mine, every), place), (5, 0), textcoords="offset points", va="center",
            fontsize=style.SMALL,
        ).set_in_layout(False)  # fmt: skip
    axes.grid(visible=False, axis="y")

"""Equality of access: what share kinds of vendors have in each step, and how often they succeed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis import style
from analysis.access import REFERENCE, access
from analysis.figures.incidence import KIND_COLOURS, KIND_NAMES
from analysis.tables import Tables

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.observed import Target

#: markers, so that kinds differ by more than their colours
_MARKERS = {"startup": "o", "sme": "s", "large": "D"}

#: below this ratio the four-fifths rule speaks of adverse impact
FOUR_FIFTHS = 0.8

#: the largest ratio that is drawn
FARTHEST = 3.0

_LINES = {
    "proposals": "proposals",
    "POCs": "POCs",
    "contracts of their own proposals": "contracts of\nown proposals",
    "contracts, rivals' included": "all contracts",
}


def draw(tables: Tables, observed: Sequence[Target]) -> Figure:  # noqa: ARG001 (all charts take the same)
    """Shares of kinds of vendors in each step, and their success beside that of large firms."""
    found = access(tables)
    note = (
        "Marks: all runs; lines: 95% intervals over runs. Success: share of a kind's proposals that got "
        "there so far. Dotted: four fifths, a rule of thumb for adverse impact."
    )
    figure, axes = style.sheet(_title(found), style.caption(tables, note), columns=2, keys=1)
    steps = list(_LINES)
    _dots(axes[0], found[(found["figure"] == "share").to_numpy()], steps, 100.0)
    style.named(axes[0], "share of all (%)", title="Share of each step")
    _dots(axes[1], found[(found["figure"] == "ratio").to_numpy()], steps[1:3], 1.0)
    axes[1].axvline(1, color=KIND_COLOURS[REFERENCE], linewidth=2)
    axes[1].axvline(FOUR_FIFTHS, color=style.BLACK, linewidth=1.4, linestyle=":")
    style.named(axes[1], "success rate by that of large firms", title="Success, large firms = 1")
    for one in axes:
        one.set_xlim(left=0)
    axes[1].set_xlim(right=min(FARTHEST, max(1.15, axes[1].get_xlim()[1])))
    if handles := axes[0].get_legend_handles_labels()[0]:
        style.key_above(figure, handles, axes[0].get_legend_handles_labels()[1], columns=3)
    return figure


def _title(found: pd.DataFrame) -> str:
    chosen = (found["figure"] == "ratio") & (found["kind"] == "startup") & (found["step"] == "POCs")
    rows = found[chosen.to_numpy()].to_dict("records")
    if not rows or not np.isfinite(rows[0]["value"]):
        return "Who gets in, by kind of vendor"
    row = rows[0]
    ends = f" (95% interval {row['low']:.2f} to {row['high']:.2f})" if np.isfinite(row["low"]) else ""
    return f"Start-ups get to a POC {row['value']:.2f} times as often as large firms{ends}"


def _dots(axes: Axes, rows: pd.DataFrame, steps: Sequence[str], factor: float) -> None:
    places = {step: place for place, step in enumerate(steps)}
    kinds = [kind for kind in KIND_NAMES if kind in set(rows["kind"])]
    for row in rows.to_dict("records"):
        if row["step"] not in places or not np.isfinite(row["value"]):
            continue
        at = places[row["step"]] + 0.2 * (kinds.index(row["kind"]) - (len(kinds) - 1) / 2)
        _dot(axes, row, at, factor)
    for kind in kinds:
        axes.plot([], [], marker=_MARKERS[kind], markersize=10, color=KIND_COLOURS[kind], linestyle="",
                  label=KIND_NAMES[kind])  # fmt: skip
    axes.set_yticks(range(len(steps)), [_LINES[step] for step in steps])
    axes.set_ylim(len(steps) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")


def _dot(axes: Axes, row: dict[Any, Any], at: float, factor: float) -> None:
    colour, value = KIND_COLOURS.get(row["kind"], style.GREY), factor * row["value"]
    if np.isfinite(row["low"]):
        axes.hlines(at, factor * row["low"], factor * row["high"], color=colour, linewidth=2.6)
    axes.plot([value], [at], marker=_MARKERS.get(row["kind"], "o"), markersize=10, color=colour, linestyle="")

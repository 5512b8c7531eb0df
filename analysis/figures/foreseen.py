"""Observed figures on the intervals in which the model foresees them: shares, and numbers on a log axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from analysis import style
from analysis.predictive import AGREES, MISSES, UNCLEAR
from analysis.tables import Floats

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Look(NamedTuple):
    """Marker, its filling, colour and name of a verdict."""

    marker: str
    fill: str
    colour: str
    name: str


LOOKS = {
    AGREES: Look("o", style.BLUE, style.BLUE, "observed: agrees"),
    MISSES: Look("X", style.VERMILION, style.VERMILION, "observed: the model misses it"),
    UNCLEAR: Look("s", "white", style.BLACK, "observed: cannot tell"),
}

#: how far beyond all numbers the log axis reaches, as factors; ticks on it
ROOM = (0.75, 1.8)
TICKS = (1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000, 2000, 5000)

#: length of the arrow of a bound, in points
ARROW = 30


def draw(table: pd.DataFrame, note: str) -> Figure:
    """A row a figure: the predictive interval as a bar with its median, the observed figure as a mark on it.

    Args:
        table: one row a figure: label (one or two lines), unit (``share``, or another), relation, observed,
            told_low, told_high, low, median, high, verdict.
        note: what runs were made, under the figure.
    """
    about = (
        f"{note} Bars: middle 95% of what the model foresees of the figure, line: median. Arrow: told as "
        "more (or less) than this; line through a mark: all that would have been told so."
    )
    figure, axes = style.sheet(_title(table), about, columns=2, keys=1)
    share = (table["unit"] == "share").to_numpy()
    _panel(axes[0], table[share], 100.0)
    _panel(axes[1], table[~share], 1.0)
    style.named(axes[0], x="share (%)", title="Shares")
    style.named(axes[1], x="number (log axis)", title="Numbers")
    axes[0].set_xlim(-2, 102)
    _log(axes[1], table[~share])
    handles = [_handle(axes[0], LOOKS[each]) for each in LOOKS if (table["verdict"] == each).any()]
    style.key_above(figure, handles, [handle.get_label() for handle in handles], columns=3)
    return figure


def _title(table: pd.DataFrame) -> str:
    count = table["verdict"].value_counts()
    agreed, missed, unclear = (int(count.get(verdict, 0)) for verdict in (AGREES, MISSES, UNCLEAR))
    cannot = f"; of {unclear} it cannot tell" if unclear else ""
    return f"Of {len(table)} figures the model agrees with {agreed} and misses {missed}{cannot}"


def _panel(axes: Axes, rows: pd.DataFrame, scale: float) -> None:
    heights = np.arange(len(rows), dtype=float)
    for odd in range(1, len(rows), 2):
        axes.axhspan(odd - 0.5, odd + 0.5, color=style.LIGHT, alpha=0.35, linewidth=0, zorder=0)
    for height, row in zip(heights, rows.to_dict("records"), strict=True):
        ends = [scale * float(row[name]) for name in ("low", "median", "high")]
        axes.hlines(height, ends[0], ends[2], color=style.GREY, alpha=0.55, linewidth=9, zorder=2)
        axes.plot([ends[0], ends[2]], [height] * 2, "|", color=style.GREY, markersize=11, zorder=2)
        axes.plot(ends[1], height, "|", color=style.BLACK, markersize=13, markeredgewidth=2.2, zorder=3)
        _observed(axes, row, height, scale)
    axes.grid(visible=False, axis="y")
    axes.set_yticks(heights, [str(label) for label in rows["label"]])
    axes.set_ylim(max(1, len(rows)) - 0.4, -0.6)


def _observed(axes: Axes, row: dict[Any, Any], height: float, scale: float) -> None:
    look, value = LOOKS[str(row["verdict"])], scale * float(row["observed"])
    side = {"more_than": 1, "less_than": -1}.get(str(row["relation"]), 0)
    if side:
        arrow = {"arrowstyle": "<|-", "color": look.colour, "linewidth": 2, "shrinkA": 0, "shrinkB": 0}
        axes.annotate(
            "", (value, height), (side * ARROW, 0), textcoords="offset points", arrowprops=arrow, zorder=5
        )
    else:
        low, high = (scale * float(row[name]) for name in ("told_low", "told_high"))
        axes.hlines(height, low, high, color=look.colour, linewidth=2.5, zorder=4)
    axes.plot(value, height, zorder=6, **_mark(look))


def _mark(look: Look) -> dict[str, Any]:
    edge = {"markeredgewidth": 2.0 if look.fill == "white" else 0.8}
    return {
        "marker": look.marker,
        "color": look.colour,
        "markerfacecolor": look.fill,
        "markersize": 11,
        **edge,
    }


def _handle(axes: Axes, look: Look) -> Any:
    return axes.plot([], [], linestyle="", label=look.name, **_mark(look))[0]


def _log(axes: Axes, rows: pd.DataFrame) -> None:
    """A log axis with plain numbers; zeros lie at its edge."""
    from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

    numbers: Floats = rows[["low", "high", "observed", "told_low", "told_high"]].to_numpy(dtype=float)
    known = numbers[np.isfinite(numbers) & (numbers > 0)]
    least, most = (known.min(), known.max()) if len(known) else (1.0, 10.0)
    axes.set_xlim(ROOM[0] * least, ROOM[1] * most)
    axes.set_xscale("log", nonpositive="clip")
    wide = most / least > 30
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in TICKS if not wide or str(tick)[0] in "13"]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))

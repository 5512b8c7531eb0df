"""Paired differences with their intervals, measure by measure, as parts of the base."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis import contrasts, style
from analysis.measures import unit
from analysis.pairs import Contrast
from analysis.tables import Floats

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: differences beyond so many % of the base are drawn at the edge
EDGE = 150.0


def draw(contrast: Contrast) -> Figure:
    """A row a measure and a mark an other scenario; filled where the interval excludes zero."""
    base, *others = contrast.names
    note = (
        f"Marks: difference from {base} in pairs; lines: 95% intervals{_together(others)}; hollow: zero is "
        f"not excluded. {style.chosen(contrast)}"
    )
    figure, (axes,) = style.sheet(
        _title(contrast),
        style.comparison_caption(contrast, note),
        keys=style.key_rows(others) if others[1:] else 0,
    )
    names = contrast.largest(style.ROWS)
    for place, other in enumerate(others):
        mine = contrast.differences[(contrast.differences["other"] == other).to_numpy()]
        rows = mine.set_index("measure").loc[names].reset_index()
        heights = contrasts.heights(len(names), place, len(others))
        _marks(axes, rows, heights, place, other)
        if not others[1:]:
            _numbers(axes, rows)
    contrasts.about_zero(figure, axes, names, others, f"difference in % of {base}")
    return figure


def _together(others: list[str]) -> str:
    return f", of each measure holding for all {len(others)} at once" if others[1:] else ""


def _parts(rows: pd.DataFrame) -> Floats:
    """Difference, low and high in % of the base, NaN where that is 0; array of shape (3, measures)."""
    base = np.abs(rows["value_base"].to_numpy(dtype=float))
    ends = rows[["difference", "low", "high"]].to_numpy(dtype=float).T
    return np.asarray(100 * np.divide(ends, base, out=np.full(ends.shape, np.nan), where=base > 0))


def _marks(axes: Axes, rows: pd.DataFrame, heights: Floats, place: int, name: str) -> None:
    colour, _, look = style.scenario_look(place + 1)
    middle, low, high = _parts(rows)
    clear = (low > 0) | (high < 0)
    within = np.clip(middle, -EDGE, EDGE)
    axes.hlines(heights, np.clip(low, -EDGE, EDGE), np.clip(high, -EDGE, EDGE), color=colour, linewidth=2.2)
    dots: dict[str, Any] = {"color": colour, "linestyle": "", "markersize": 7, "zorder": 4}
    axes.plot(within[clear], heights[clear], marker=look, **dots)
    axes.plot(within[~clear], heights[~clear], marker=look, markerfacecolor="white", **dots)
    axes.plot([], [], marker=look, label=name, **dots)
    contrasts.beyond(axes, middle, heights, EDGE, "{:+,.0f}%", colour)


def _numbers(axes: Axes, rows: pd.DataFrame) -> None:
    """Difference and interval in the measure's own unit, on the right."""
    place = axes.get_yaxis_transform()
    for height, row in enumerate(rows.to_dict("records")):
        axes.text(1.01, height, _told(row), transform=place, fontsize=style.SMALL, va="center")


def _told(row: dict[Any, Any]) -> str:
    values = [float(row[name]) for name in ("difference", "low", "high")]
    if not np.isfinite(values).all():
        return "not defined"
    (middle, low, high), kind = style.amounts(values, unit(str(row["measure"])))
    return f"{middle} ({low} to {high}) {kind}"


def _title(contrast: Contrast) -> str:
    table = contrast.differences
    clear = (table["low"] > 0) | (table["high"] < 0)
    base, *others = contrast.names
    if len(others) == 1:
        return f"{others[0]} differs from {base} in {clear.sum()} of {len(table)} measures"
    counts = clear.groupby(table["other"], sort=False).sum()
    most, of = str(counts.idxmax()), len(table) // len(others)
    return f"{most} differs most from {base}: in {counts.max()} of {of} measures"

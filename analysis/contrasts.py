"""Worlds against one of them, measure by measure: dots in rows, or curves over a number.

An interval is that of the paired difference from the base, drawn around the world's own value: where
it does not reach the line of the base, the difference is clear.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis import style
from analysis.pairs import Difference

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analysis.tables import Floats


class Panel(NamedTuple):
    """One measure: its title, the factor by which it is drawn, and the difference of each other world."""

    title: str
    factor: float
    base: float
    others: Sequence[Difference]


# --- differences in rows, a line at zero --------------------------------------------------------


def heights(rows: int, place: int, others: int) -> Floats:
    """Where the marks of one of so many others lie in rows that they share."""
    return np.arange(rows, dtype=float) + (place - (others - 1) / 2) * 0.8 / others


def about_zero(figure: Figure, axes: Axes, names: Sequence[str], others: Sequence[str], label: str) -> None:
    """A row a measure, stripes, a line at zero, and a key above where there are several others."""
    for row in range(1, len(names), 2):
        axes.axhspan(row - 0.5, row + 0.5, color=style.LIGHT, alpha=0.35, linewidth=0, zorder=0)
    axes.grid(visible=False, axis="y")
    axes.axvline(0, color=style.BLACK, linewidth=1.2)
    axes.set_yticks(range(len(names)), [style.said(name) for name in names])
    axes.set_ylim(max(1, len(names)) - 0.4, -0.6)
    style.named(axes, label)
    if others[1:]:
        style.key_above(figure, *axes.get_legend_handles_labels(), columns=style.key_columns(list(others)))


def beyond(axes: Axes, values: Floats, rows: Floats, edge: float, form: str, colour: str) -> None:
    """Write what lies beyond the edge beside the mark that is drawn there."""
    for value, row in zip(values, rows, strict=True):
        if abs(value) > edge:
            side = -1 if value > 0 else 1
            axes.annotate(
                form.format(value), (np.sign(value) * edge, row), (9 * side, 0), textcoords="offset points",
                fontsize=style.SMALL, color=colour, va="center", ha="right" if value > 0 else "left",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
            )  # fmt: skip


# --- worlds in rows ------------------------------------------------------------------------------


def dots(title: str, caption: str, names: Sequence[str], panels: Sequence[Panel]) -> Figure:
    """A row a world, the base first, and a panel a measure."""
    figure, axes = style.sheet(title, caption, columns=len(panels), sharey=True)
    for panel, one in zip(panels, axes, strict=True):
        _dots(one, panel)
        style.named(one, title=panel.title)
        one.set_ylim(len(names) - 0.5, -0.5)
    axes[0].set_yticks(range(len(names)), list(names))
    axes[0].get_yticklabels()[0].set_fontweight("bold")
    return figure


def _dots(axes: Axes, panel: Panel) -> None:
    base = panel.factor * panel.base
    axes.axvline(base, color=style.BLACK, linewidth=1.2)
    axes.plot([base], [0], marker="s", markersize=10, color=style.BLACK, linestyle="")
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.12)
    axes.locator_params(axis="x", nbins=4)
    for row, each in enumerate(panel.others, start=1):
        _mark(axes, panel.factor * each.other, row, panel.factor * each.half, each.clear)


def _mark(axes: Axes, value: float, row: int, half: float, clear: bool) -> None:
    if not np.isfinite(value):
        axes.annotate("none", (0.5, row), xycoords=("axes fraction", "data"), va="center", ha="center",
                      fontsize=style.SMALL, color=style.GREY)  # fmt: skip
        return
    colour = style.BLUE if clear else style.GREY
    half = half if np.isfinite(half) else 0.0
    axes.hlines(row, value - half, value + half, color=colour, linewidth=2.6)
    axes.plot([value], [row], marker="o", markersize=10, color=colour, linestyle="",
              markerfacecolor=colour if clear else "white")  # fmt: skip


def curves(
    title: str, caption: str, name: str, places: Sequence[float], base: float, panels: Sequence[Panel]
) -> Figure:
    """A panel a measure over a number called ``name``; ``places`` are its values in the other worlds."""
    figure, axes = style.sheet(title, caption, columns=len(panels))
    for panel, one in zip(panels, axes, strict=True):
        _curve(one, panel, np.asarray(places, dtype=float), base)
        style.named(one, name, title=panel.title)
    return figure


def _curve(axes: Axes, panel: Panel, places: np.ndarray, base: float) -> None:
    values = panel.factor * np.array([each.other for each in panel.others])
    halves = panel.factor * np.array([each.half for each in panel.others])
    x, y = np.append(places, base), np.append(values, panel.factor * panel.base)
    order = np.argsort(x)
    axes.axhline(y[-1], color=style.BLACK, linewidth=1.2)
    axes.plot(x[order], y[order], color=style.BLUE, linewidth=2)
    for at, value, half, each in zip(places, values, halves, panel.others, strict=True):
        colour = style.BLUE if each.clear else style.GREY
        axes.vlines(at, value - half, value + half, color=colour, linewidth=2.6)
        axes.plot([at], [value], marker="o", markersize=9, color=colour, linestyle="",
                  markerfacecolor=colour if each.clear else "white")  # fmt: skip
    axes.plot([base], [y[-1]], marker="s", markersize=10, color=style.BLACK, linestyle="")
    axes.set_ylim(bottom=min(0.0, float(axes.get_ylim()[0])))

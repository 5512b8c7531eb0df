"""Policy by outcome: how large each difference is beside what luck does to it."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis import style
from analysis.measures import unit
from analysis.pairs import Contrast

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

#: standardised differences beyond this have the full colour
FULL = 3.0

#: most scenarios whose cells also hold the difference in the measure's unit
ROOMY = 4


def draw(contrast: Contrast) -> Figure:
    """A row a measure and a column an other scenario, coloured by the standardised paired difference."""
    base, *others = contrast.names
    names = contrast.largest(style.ROWS)
    grid = contrast.standardised().loc[names].to_numpy(dtype=float)
    note = (
        f"Cells: difference from {base} by the standard deviation of the difference in a pair of runs"
        f"{_details(others)}. Bold: the 95% interval excludes zero. Orange: more, blue: less. "
        f"{style.chosen(contrast)}"
    )
    figure, (axes,) = style.sheet(_title(contrast, grid, names), style.comparison_caption(contrast, note))
    if names:
        axes.imshow(np.clip(grid, -FULL, FULL), cmap=_colours(), vmin=-FULL, vmax=FULL, aspect="auto")
    for row in contrast.differences.to_dict("records"):
        if row["measure"] in names:
            place = names.index(row["measure"]), others.index(row["other"])
            _write(axes, place, float(grid[place]), row, roomy=len(others) <= ROOMY)
    axes.set_xticks(
        range(len(others)),
        [_wrapped(name) for name in others],
        fontsize=style.TEXT,
    )
    axes.set_yticks(range(len(names)), [style.said(name) for name in names])
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    return figure


def _wrapped(name: str) -> str:
    """A scenario's name on lines short enough for a column, broken after an underscore."""
    return fill(name.replace("_", "_ "), 24).replace("_ ", "_")


def _details(others: list[str]) -> str:
    return ", and in brackets the difference itself" if len(others) <= ROOMY else ""


def _colours() -> Colormap:
    """From blue for less over white to orange for more: both ends are told apart by everybody."""
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("less and more", [style.BLUE, "white", style.ORANGE])
    return colours.with_extremes(bad=style.LIGHT)


def _write(axes: Axes, place: tuple[int, int], value: float, row: dict[Any, Any], *, roomy: bool) -> None:
    weight = "bold" if row["low"] > 0 or row["high"] < 0 else "normal"
    colour = "white" if value < -0.6 * FULL else style.BLACK
    axes.text(
        place[1], place[0], _told(value, row, roomy), ha="center", va="center", fontsize=style.SMALL,
        weight=weight, color=colour,
    )  # fmt: skip


def _told(value: float, row: dict[Any, Any], roomy: bool) -> str:
    if np.isnan(row["difference"]):
        return "not defined"
    if np.isnan(value):
        return "the same in all pairs"
    if not roomy:
        return f"{value:+.1f}"
    (size,), kind = style.amounts([float(row["difference"])], unit(str(row["measure"])), "+")
    return f"{value:+.1f}  ({size} {kind})"


def _title(contrast: Contrast, grid: np.ndarray[Any, Any], names: list[str]) -> str:
    if not names or np.isnan(grid).all():
        return f"Nothing differs from {contrast.names[0]}"
    row, column = np.unravel_index(np.nanargmax(np.abs(grid)), grid.shape)
    more = "more" if grid[row, column] > 0 else "less"
    return (
        f"The surest difference: {style.said(names[row])}, {more} under "
        f"{contrast.names[1 + int(column)]} than under {contrast.names[0]}"
    )

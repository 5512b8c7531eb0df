"""Which parameters the data tie to each other: rank correlations in the posterior."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis import style
from analysis.panels import MOST, called, caption_of, chosen, signed
from analysis.posterior import Calibrated, correlations, tied
from analysis.tables import Floats

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

#: from this size on a correlation is written in bold and called a tie
BAR = 0.5
#: columns of the grid that the name at the end of the diagonal takes
NAME = 3.6


def draw(calibrated: Calibrated) -> Figure:
    """The lower triangle of the matrix; along its diagonal the names of row and column."""
    table = correlations(calibrated.shares, calibrated.weights)
    names = _strongest(table)
    grid = table.loc[names, names].to_numpy(dtype=float)
    note = (
        "Weighted rank correlations (Spearman's) of draws; a name stands at the end of its row and on top of "
        f"its column; bold: {BAR} or more in size. Orange: high together; blue: one high, the other low."
        f"{chosen(len(table), 'with the strongest ties')}"
    )
    figure, (axes,) = style.sheet(_title(table), caption_of(calibrated, note))
    lower = np.where(np.tri(len(names), k=-1, dtype=bool), grid, np.nan)
    if len(names) > 1:
        axes.imshow(lower, cmap=_colours(), vmin=-1, vmax=1, aspect="auto")
        _write(axes, lower)
    for place, name in enumerate(names):
        axes.text(place - 0.4, place, called(name), fontsize=style.SMALL, va="center", parse_math=False)
    axes.set(xlim=(-0.5, len(names) - 0.5 + NAME * max(1.0, len(names) / 12)), ylim=(len(names) - 0.5, -0.5))
    axes.set(xticks=[], yticks=[])
    axes.set_axis_off()
    return figure


def _strongest(table: pd.DataFrame) -> list[str]:
    """The parameters to be drawn, in the order of the table."""
    sizes = np.abs(table.to_numpy(dtype=float))
    np.fill_diagonal(sizes, 0.0)
    most = np.nan_to_num(sizes).max(axis=1, initial=0.0)
    kept = sorted(np.argsort(-most, kind="stable")[:MOST])
    return [str(table.columns[place]) for place in kept]


def _colours() -> Colormap:
    """From blue for less over white to orange for more: both ends are told apart by everybody."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("tied", [style.BLUE, "white", style.ORANGE])


def _write(axes: Axes, grid: Floats) -> None:
    for (row, column), value in np.ndenumerate(grid):
        if row > column:
            text = "–" if np.isnan(value) else signed(float(value), ".2f").replace("0.", ".")
            axes.text(
                column, row, text, ha="center", va="center", fontsize=style.SMALL, **_looks(float(value))
            )


def _looks(value: float) -> dict[str, Any]:
    return {
        "weight": "bold" if abs(value) >= BAR else "normal",
        "color": "white" if value < -0.6 else style.BLACK,
    }


def _title(table: pd.DataFrame) -> str:
    pairs = tied(table, BAR)
    if not pairs:
        return f"No two parameters are tied: every correlation is below {BAR}"
    a, b, r = pairs[0]
    more = f"{len(pairs)} pairs are tied, most of all" if len(pairs) > 1 else "One pair is tied:"
    return f"{more} {a} and {b} ({signed(r, '.2f')})"

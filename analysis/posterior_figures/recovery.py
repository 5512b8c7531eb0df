"""Whether known parameters are found again: posterior medians and intervals over the true values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis import style
from analysis.panels import MOST, caption_of_cities, chosen, outer, panelled, signed
from analysis.posterior import Diagnosed, coverage, recovery
from analysis.statistics import LEVEL

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: how much nearer than the prior's median a parameter must be found to be told as recovered
RECOVERED = 0.25


def draw(diagnosed: Diagnosed) -> Figure:
    """A panel a parameter and a mark a city, those first that are recovered best."""
    table = recovery(diagnosed.truths, diagnosed.draws) if len(diagnosed.draws) else None
    rows = [] if table is None else _ordered(table, diagnosed)
    note = (
        "Values are shares of the prior below; marks and lines: posterior medians, 95% intervals. Above: "
        "correlation with the truth, root mean square error beside that of the prior's median, intervals "
        "that hold the truth."
        f"{chosen(len(rows), 'recovered best')}"
    )
    figure, axes = panelled(
        len(rows), _title(rows), caption_of_cities(diagnosed, note), sharex=True, sharey=True
    )
    for one, row in zip(axes, rows[:MOST], strict=False):
        _panel(one, diagnosed, row)
    outer(axes, "true value", "posterior")
    return figure


def _ordered(table: pd.DataFrame, diagnosed: Diagnosed) -> list[dict[Any, Any]]:
    held = coverage(diagnosed.truths, diagnosed.draws, (LEVEL,)).set_index("parameter")["covered"]
    table = table.assign(covered=table["parameter"].map(held))
    return table.sort_values("gain", ascending=False, kind="stable").to_dict("records")


def _panel(axes: Axes, diagnosed: Diagnosed, row: dict[Any, Any]) -> None:
    name = row["parameter"]
    true = diagnosed.truths[name].to_numpy(dtype=float)
    points = ((1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2)
    ends = np.array([np.quantile(each[name].to_numpy(dtype=float), points) for each in diagnosed.draws])
    colour = style.BLUE if row["gain"] >= RECOVERED else style.GREY
    axes.plot([0, 1], [0, 1], color=style.BLACK, linewidth=1.4, linestyle="--", zorder=4)
    axes.vlines(true, ends[:, 0], ends[:, 2], color=colour, linewidth=1.2, alpha=0.4, zorder=2)
    axes.plot(true, ends[:, 1], "o", color=colour, markersize=5, zorder=3)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.set_title(
        f"{name}\n{_told(row)}",
        fontsize=style.SMALL, loc="left", parse_math=False, linespacing=1.1, pad=3,
    )  # fmt: skip


def _told(row: dict[Any, Any]) -> str:
    error = signed(-row["gain"], ".0%") if np.isfinite(row["gain"]) else "–"
    r = f"{row['correlation']:z.2f}".replace("-", "−") if np.isfinite(row["correlation"]) else "–"
    return f"r {r}, error {error}, holds {row['covered']:.0%}"


def _title(rows: list[dict[Any, Any]]) -> str:
    if not rows:
        return "No synthetic city has been tried"
    good = sum(row["gain"] >= RECOVERED for row in rows)
    number = f"{len(rows)} parameter{'' if len(rows) == 1 else 's'}"
    return f"{good} of {number} found at least {RECOVERED:.0%} nearer to the truth than by the prior"

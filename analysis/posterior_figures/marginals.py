"""What the data tell of each parameter: the posterior's histogram over the flat prior."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis import style
from analysis.panels import caption_of, chosen, outer, panelled, told
from analysis.posterior import Calibrated, identifiability, normalised, weighted_quantile
from analysis.statistics import LEVEL
from analysis.tables import Floats
from sim.parameters import PATHS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: verdict -> colour of the histogram
COLOURS = {
    "identified": style.BLUE,
    "narrowed": style.SKY,
    "shifted": style.ORANGE,
    "stays at the prior": style.LIGHT,
}
BINS = 20
#: most panels
MOST = 12
#: where an axis has ticks, which are the ends of the prior's interval and its median
TICKS = ((1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2)
#: the least height of a panel, when the prior's is 1
HEIGHT = 2.4


def draw(calibrated: Calibrated) -> Figure:
    """A panel a parameter, those first that moved most; along the axis the prior is uniform."""
    weights = normalised(calibrated.weights)
    table = identifiability(calibrated.shares, calibrated.values, weights, calibrated.priors)
    rows = table.sort_values("moved", ascending=False, kind="stable").to_dict("records")
    note = (
        "Axes run along the prior's distribution function, so the prior is flat; ticks: its 2.5%, 50% and "
        "97.5% points. Above each panel: posterior median and 95% interval."
        f"{chosen(len(rows), 'that moved furthest', MOST)}"
    )
    figure, axes = panelled(
        len(rows[:MOST]), _title(table["verdict"].tolist()), caption_of(calibrated, note), 1
    )
    for one, row in zip(axes, rows[:MOST], strict=False):
        _panel(one, row, calibrated.shares[row["path"]].to_numpy(dtype=float), weights)
    outer(axes, None, "density")
    _key(figure)
    return figure


def _panel(axes: Axes, row: dict[Any, Any], shares: Floats, weights: Floats) -> None:
    heights, edges = np.histogram(shares, BINS, (0, 1), weights=weights * BINS)
    axes.stairs(heights, edges, fill=True, color=COLOURS[row["verdict"]], zorder=2)
    axes.stairs(heights, edges, color=style.GREY, linewidth=0.8, zorder=3)
    axes.axhline(1, color=style.BLACK, linestyle="--", linewidth=1.4, zorder=4)
    top = max(HEIGHT, 1.05 * float(heights.max()))
    low, middle, high = weighted_quantile(shares, weights, TICKS)
    axes.plot([low, high], [-0.1 * top] * 2, color=style.BLACK, linewidth=3.5, solid_capstyle="butt")
    axes.plot([middle], [-0.1 * top], "D", color=style.VERMILION, markersize=8, zorder=5)
    axes.set(xlim=(0, 1), ylim=(-0.2 * top, top), yticks=_heights(top))
    axes.set_xticks(TICKS, [told(row[f"prior_{key}"]) for key in ("low", "median", "high")])
    axes.grid(visible=False)
    axes.get_xticklabels()[0].set_horizontalalignment("left")
    axes.get_xticklabels()[-1].set_horizontalalignment("right")
    axes.set_xlabel(PATHS[row["path"]].unit if row["path"] in PATHS else "", fontsize=style.SMALL, labelpad=0)
    axes.set_title(
        f"{row['path']}\n{told(row['median'])} ({told(row['low'])} to {told(row['high'])})",
        fontsize=style.SMALL, loc="left", parse_math=False, linespacing=1.1, pad=3,
    )  # fmt: skip


def _heights(top: float) -> list[int]:
    """A tick at nothing, and one at the highest whole number of priors that is seen."""
    return [0, int(top)]


def _title(verdicts: list[str]) -> str:
    verbs = {"identified": "identify", "narrowed": "narrow", "shifted": "shift"}
    moved = [f"{verb} {verdicts.count(name)}" for name, verb in verbs.items() if name in verdicts]
    stay = verdicts.count("stays at the prior")
    number = f"{len(verdicts)} parameter{'' if len(verdicts) == 1 else 's'}"
    done = " and ".join([", ".join(moved[:-1]), moved[-1]] if moved[1:] else moved) or "move none"
    left = f"; {stay} stay{'s' if stay == 1 else ''} at the prior" if stay and moved else ""
    return f"Of {number} the data {done}{left}"


def _key(figure: Figure) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    marks = [Patch(facecolor=colour, edgecolor=style.GREY) for colour in COLOURS.values()]
    prior = Line2D([], [], color=style.BLACK, linestyle="--", linewidth=1.4)
    middle = Line2D(
        [],
        [],
        color=style.BLACK,
        linewidth=3.5,
        marker="D",
        markerfacecolor=style.VERMILION,
        markeredgecolor=style.VERMILION,
    )
    names = [*COLOURS, "prior", "95% interval; median, the centre"]
    style.key_above(figure, [*marks, prior, middle], names, columns=len(names))

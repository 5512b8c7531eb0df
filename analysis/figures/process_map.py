"""The funnel as a process map: how many cases go which way, and how long they stay before they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from analysis import style
from analysis.tables import Tables
from analysis.transitions import ARRIVAL, matrix

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.observed import Target


class Box(NamedTuple):
    """Where a stage stands, in columns from the left and rows from below, and its name."""

    x: float
    y: float
    name: str


#: the way of a proposal runs to the right in the upper row and back to the left in the middle one
BOXES = {
    "submitted": Box(0, 2, "submitted"),
    "screened": Box(1, 2, "screened"),
    "matched": Box(2, 2, "matched"),
    "cleared": Box(3, 2, "cleared"),
    "poc": Box(4, 2, "POC"),
    "extended": Box(5.3, 2, "POC\nextended"),
    "second_poc": Box(5.3, 1, "small\npurchase"),
    "preparation": Box(4, 1, "tender\nprepared"),
    "tender": Box(3, 1, "tender"),
    "retender": Box(2, 1, "second\nround"),
    "contract": Box(1, 1, "contract"),
    "deployed": Box(0, 1, "in service"),
    "sustained": Box(0, 0, "whole\ncontract"),
    "abandoned": Box(1, 0, "given up"),
    "launched": Box(4.65, 0, "on the\nmarket"),
}
#: half the width and height of a box
WIDE, HIGH = 0.29, 0.19
#: widest arrow in points, for as many cases as came
WIDEST = 12.0

#: how cases are lost that leave the funnel in a stage
LOSSES = {
    "submitted": "at screening",
    "screened": "for want of a host",
    "matched": "before they are cleared",
    "poc": "in the POC",
    "preparation": "while the tender is prepared",
    "tender": "in the tender",
    "retender": "in the tender",
}

#: ways that would run through boxes: how far the arrow bends
_BENDS = {
    ("tender", "contract"): 0.2,
    ("preparation", "contract"): 0.24,
    ("launched", "sustained"): 0.1,
}


def draw(tables: Tables, observed: Sequence[Target]) -> Figure:  # noqa: ARG001 (all charts take the same)
    """Stages as boxes; arrows with the mean number of cases a run and the median days spent before."""
    ways = matrix(tables)
    ways = ways[(ways["per_run"] >= 0.05).to_numpy()]
    note = (
        "At each arrow: cases a run (mean), and the median days in the stage that they leave. Red: cases "
        "that leave the funnel there. Blue: cases that arrive. Grey: cases that are still there at the end."
    )
    figure, (axes,) = style.sheet(_title(ways.to_dict("records")), style.caption(tables, note))
    axes.set_axis_off()
    axes.set(xlim=(-0.52, 5.82), ylim=(-0.5, 2.62))
    largest = float(ways["per_run"].max()) if len(ways) else 1.0
    seen = {"submitted"} | set(ways["origin"]) | set(ways["target"])
    for name in (name for name in BOXES if name in seen):
        _box(axes, BOXES[name], ways[(ways["origin"] == name).to_numpy()].to_dict("records"))
    for row in ways.to_dict("records"):
        if row["origin"] in BOXES and row["target"] in BOXES:
            _way(axes, row, largest)
        elif row["origin"] == ARRIVAL and row["target"] in BOXES:
            _arrival(axes, BOXES[row["target"]], float(row["per_run"]))
    return figure


def _title(ways: Sequence[Mapping[Any, Any]]) -> str:
    came = sum(row["per_run"] for row in ways if row["origin"] == ARRIVAL and row["target"] == "submitted")
    served = sum(row["per_run"] for row in ways if row["target"] in ("deployed", "launched"))
    if not came:
        return "The way of proposals through the funnel"
    lost = [row for row in ways if row["target"] == "closed"]
    most = max(lost, key=lambda row: float(row["per_run"]), default={})
    why = LOSSES.get(most.get("origin", ""), "")
    told = f"; most are lost {why} ({most['per_run']:.0f})" if why else ""
    return f"{came:.0f} proposals lead to {served:.0f} services, rivals' included{told}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 9.95 or value < 0.05 else f"{value:.1f}"


def _box(axes: Axes, box: Box, ways: Sequence[Mapping[Any, Any]]) -> None:
    from matplotlib.patches import FancyBboxPatch

    corner, size = (box.x - WIDE, box.y - HIGH), (2 * WIDE, 2 * HIGH)
    axes.add_patch(
        FancyBboxPatch(
            corner, *size, boxstyle="round,pad=0,rounding_size=0.06", zorder=3, facecolor="white",
            edgecolor=style.BLACK, linewidth=1.6,
        )
    )  # fmt: skip
    axes.text(box.x, box.y, box.name, ha="center", va="center", fontsize=style.SMALL, weight="bold", zorder=4,
              linespacing=1.05)  # fmt: skip
    leaving = {row["target"]: float(row["per_run"]) for row in ways}
    lost, still = leaving.get("closed", 0.0), leaving.get("open", 0.0)
    if lost:
        axes.annotate(
            "", (box.x - 0.2, box.y - HIGH - 0.17), (box.x - 0.2, box.y - HIGH), zorder=2,
            arrowprops={"arrowstyle": "-|>", "color": style.VERMILION, "linewidth": 2, "shrinkA": 0},
        )  # fmt: skip
        _said(axes, box.x - 0.2, box.y - HIGH - 0.24, f"{_number(lost)}", style.VERMILION)
    if still:
        _said(axes, box.x + WIDE - 0.02, box.y + HIGH + 0.07, f"{_number(still)}", style.GREY, "right")


def _said(axes: Axes, x: float, y: float, text: str, colour: str, side: str = "center") -> None:
    axes.text(
        x, y, text, ha=side, va="center", fontsize=style.SMALL, color=colour, zorder=5, linespacing=1.05,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
    )  # fmt: skip


def _way(axes: Axes, row: Mapping[Any, Any], largest: float) -> None:
    from matplotlib.patches import FancyArrowPatch

    way = (str(row["origin"]), str(row["target"]))
    bend = _BENDS.get(way, 0.0)
    begin, end = _ends(BOXES[way[0]], BOXES[way[1]], bend)
    width = max(1.2, WIDEST * float(row["per_run"]) / largest)
    colour = style.GREEN if way[1] in ("deployed", "launched", "sustained") else style.SKY
    axes.add_patch(
        FancyArrowPatch(
            begin, end, connectionstyle=f"arc3,rad={bend}", color=colour, linewidth=width, zorder=1,
            arrowstyle=f"-|>,head_length={4 + width / 2},head_width={2.5 + width / 2}", mutation_scale=1,
            shrinkA=0, shrinkB=0, capstyle="butt", joinstyle="miter",
        )
    )  # fmt: skip
    _told(axes, begin, end, bend, width, row)


def _told(
    axes: Axes,
    begin: tuple[float, float],
    end: tuple[float, float],
    bend: float,
    width: float,
    row: Mapping[Any, Any],
) -> None:
    """Number and time: above and below an arrow within a row, beside an upright one, on the others."""
    count, days = _number(row["per_run"]), f"{_number(row['median'])} d"
    x, y = _middle(begin, end, bend)
    if begin[1] == end[1] and not bend:
        gap = 0.075 + width / 400
        _said(axes, x, y + gap, count, style.BLACK)
        _said(axes, x, y - gap, days, style.BLACK)
    elif begin[0] == end[0]:
        gap, left = 0.03 + width / 350, x == BOXES["deployed"].x
        side = "right" if left else "left"
        _said(axes, x - gap if left else x + gap, y, f"{count}\n{days}", style.BLACK, side)
    elif bend:
        _said(axes, x, y, f"{count}, {days}", style.BLACK)
    else:  # off the middle, where two of them cross
        part = 0.66 if begin[1] - end[1] < 1 else 0.85
        x, y = (a + (b - a) * part for a, b in zip(begin, end, strict=True))
        _said(axes, x, y, f"{count}\n{days}", style.BLACK)


def _ends(origin: Box, target: Box, bend: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """From edge to edge: sideways within a row, from the top where the arrow bends, else up or down."""
    if origin.y == target.y and not bend:
        step = np.sign(target.x - origin.x)
        return (origin.x + step * WIDE, origin.y), (target.x - step * WIDE, target.y)
    if origin.y == target.y:
        return (origin.x, origin.y + HIGH), (target.x, target.y + HIGH)
    lean = 0.5 * WIDE * np.sign(target.x - origin.x)
    return (origin.x + lean, origin.y - HIGH), (target.x - lean, target.y + HIGH)


def _middle(begin: tuple[float, float], end: tuple[float, float], bend: float) -> tuple[float, float]:
    """The middle of an arc; matplotlib bends to the right of the way by ``bend`` of its length."""
    (x, y), (to_x, to_y) = begin, end
    return (x + to_x) / 2 + bend * (to_y - y) / 2, (y + to_y) / 2 - bend * (to_x - x) / 2


def _arrival(axes: Axes, box: Box, number: float) -> None:
    """New proposals and rivals come from above, imitators from the right."""
    kinds = {BOXES["submitted"]: "new", BOXES["contract"]: "rivals", BOXES["launched"]: "imitators"}
    said, aside = f"{_number(number)} {kinds.get(box, '')}".strip(), box == BOXES["launched"]
    end = (box.x + WIDE, box.y) if aside else (box.x - WIDE + 0.06, box.y + HIGH)
    begin = (end[0] + 0.2, end[1]) if aside else (end[0], end[1] + 0.2)
    axes.annotate(
        "", end, begin, zorder=2,
        arrowprops={"arrowstyle": "-|>", "color": style.BLUE, "linewidth": 2, "shrinkB": 0},
    )  # fmt: skip
    if aside:
        _said(axes, begin[0] + 0.02, begin[1], said, style.BLUE, "left")
    else:
        _said(axes, begin[0] - 0.05, begin[1] + 0.08, said, style.BLUE)

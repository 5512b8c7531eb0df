"""Where something succeeds: the trade between coverage and density, the boxes, and the cases in a plane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from analysis import style
from analysis.discovery import Cases, Found, Region
from sim.parameters import PATHS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: most dimensions in a chart of boxes
ROWS = 12
#: least distance between two numbers at a line
APART = 0.04


def draw_trajectory(found: Found, cases: Cases, success: str, caption: str) -> Figure:
    """A mark a step of the peeling: what share of the successes is left, and how pure the box is."""
    number = int(found.trajectory["box"].max())
    note = (
        f"{caption} Peeling goes from right to left; numbers: restricted parameters from here on; "
        "ringed: the box that was chosen, before restrictions were dropped that may be accidents."
    )
    keys = [f"search for box {box}" for box in range(1, number + 1)]
    figure, (axes,) = style.sheet(f"Coverage and purity where {success}", note, keys=style.key_rows(keys))
    for box, label in enumerate(keys, 1):
        table = found.trajectory[found.trajectory["box"] == box]
        colour, line, _ = style.scenario_look(box)
        axes.plot(
            table["coverage"], table["density"], marker="o", linestyle=line, color=colour, markersize=9,
            linewidth=1.6, label=label, zorder=3, markeredgecolor="white",
        )  # fmt: skip
        chosen = table[table["chosen"]]
        axes.plot(
            chosen["coverage"], chosen["density"], "o", markersize=19, markerfacecolor="none",
            markeredgecolor=style.BLACK, markeredgewidth=2.2, zorder=4,
        )  # fmt: skip
        _count(axes, table, colour)
    axes.axhline(cases.base, color=style.GREY, linestyle=":", linewidth=1.8)
    axes.annotate(
        f"all cases: {cases.base:.0%}", (0, cases.base), (8, 6), textcoords="offset points",
        fontsize=style.SMALL, color=style.GREY, zorder=6,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.85},
    )  # fmt: skip
    axes.set_xlim(-0.03, 1.05)
    axes.set_ylim(-0.03, 1.07)
    style.named(
        axes, "coverage: share of all successes that lie in the box", "density: share of successes in the box"
    )
    style.key_above(figure, *axes.get_legend_handles_labels(), columns=style.key_columns(keys))
    return figure


def _count(axes: Axes, table: pd.DataFrame, colour: str) -> None:
    """The number of restricted parameters, where there is room for it."""
    before, last = -1, (9.0, 9.0)
    for x, y, restricted in table[["coverage", "density", "restricted"]].itertuples(index=False):
        if restricted != before and np.hypot(x - last[0], y - last[1]) > APART:
            axes.annotate(
                str(restricted), (x, y), (0, 9), textcoords="offset points", ha="center", va="bottom",
                fontsize=style.SMALL, color=colour, weight="bold", zorder=5,
            )  # fmt: skip
            before, last = restricted, (x, y)


def draw_boxes(found: Found, cases: Cases, success: str, caption: str) -> Figure:
    """A row a parameter and a bar a box: which part of the range belongs to it."""
    names = [
        f"box {place}: {box.coverage:.0%} of the successes, {box.density:.0%} pure"
        for place, box in enumerate(found.boxes, 1)
    ]
    note = f"{caption} Grey: the range that was looked at; no bar: any value."
    figure, (axes,) = style.sheet(f"Where {success}", note, keys=style.key_rows(names))
    order = _restricted(found, cases)
    height = 0.7 / len(found.boxes)
    for row, place in enumerate(order):
        axes.barh(row, 1, height=0.8, color=style.LIGHT, alpha=0.5, zorder=1)
        for box, region in enumerate(found.regions):
            at = row + (box - (len(found.boxes) - 1) / 2) * height
            _bar(axes, cases, region, place, at, height * 0.9, box)
    for box, name in enumerate(names):
        axes.barh(0, 0, color=style.scenario_look(box + 1)[0], label=name)
    axes.set_yticks(range(len(order)), [_ranged(cases, place) for place in order])
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.set_xlim(-0.06, 1.06)
    axes.set_xticks([0, 0.5, 1], ["lowest", "middle", "highest"])
    axes.grid(visible=False, axis="y")
    style.named(axes, "part of the range that was looked at")
    style.key_above(figure, *axes.get_legend_handles_labels(), columns=style.key_columns(names))
    return figure


def _restricted(found: Found, cases: Cases) -> list[int]:
    """Places of the dimensions that some box restricts, by how often."""
    counts = {
        place: sum(any(each.dimension == dimension.name for each in box.restrictions) for box in found.boxes)
        for place, dimension in enumerate(cases.dimensions)
    }
    return sorted((place for place in counts if counts[place]), key=lambda place: -counts[place])[:ROWS]


def _bar(axes: Axes, cases: Cases, region: Region, place: int, at: float, height: float, box: int) -> None:
    colour, _, _ = style.scenario_look(box + 1)
    dimension, values = cases.dimensions[place], cases.values[:, place]
    if dimension.choices:
        kept, number = region.kept[place], len(dimension.choices)
        for code in sorted(kept) if len(kept) < number else ():
            axes.barh(at, 1 / number, left=code / number, height=height, color=colour, alpha=0.85, zorder=2)
            _write(axes, (code + 0.5) / number, at, dimension.choices[code], "center")
        return
    least, most = float(values.min()), float(values.max())
    low, high = max(region.low[place], least), min(region.high[place], most)
    if (low, high) == (least, most):
        return
    ends = [(end - least) / (most - least) for end in (low, high)]
    axes.barh(at, ends[1] - ends[0], left=ends[0], height=height, color=colour, alpha=0.85, zorder=2)
    if low > least:
        _write(axes, ends[0], at, f"{low:.3g}", "right" if ends[0] > 0.08 else "left")
    if high < most:
        _write(axes, ends[1], at, f"{high:.3g}", "left" if ends[1] < 0.92 else "right")


def _write(axes: Axes, x: float, y: float, text: str, align: str) -> None:
    away = {"left": 6, "right": -6, "center": 0}[align]
    axes.annotate(
        text, (x, y), (away, 0), textcoords="offset points", ha=align, va="center", fontsize=style.SMALL,
        weight="bold", zorder=4, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.2, "alpha": 0.85},
        parse_math=False,
    )  # fmt: skip


def draw_plane(found: Found, cases: Cases, success: str, caption: str) -> Figure:
    """The cases over the two numbers that the first box restricts first, with the frames of the boxes."""
    places = _numbers(found, cases)
    note = f"{caption} A mark a case; other restrictions of the boxes are not to be seen here."
    keys = ["succeeds in most runs", "in half or fewer", *_box_names(found)]
    figure, (axes,) = style.sheet(f"Cases where {success}", note, keys=style.key_rows(keys))
    x = cases.values[:, places[0]]
    y = cases.values[:, places[1]] if places[1:] else 100 * cases.wins
    for some, marker, colour, label in (
        (cases.wins > 0.5, "o", style.BLUE, keys[0]),
        (cases.wins <= 0.5, "x", style.ORANGE, keys[1]),
    ):
        axes.plot(x[some], y[some], marker, color=colour, alpha=0.65, markersize=6, label=label)
    for box, region in enumerate(found.regions):
        _frame(axes, region, places, box)
    labels = [_named(cases, place) for place in places] + ["successes (% of the runs of a case)"]
    style.named(axes, labels[0], labels[1])
    style.key_above(figure, *axes.get_legend_handles_labels(), columns=style.key_columns(keys))
    return figure


def _box_names(found: Found) -> list[str]:
    return [f"box {box}" for box in range(1, len(found.boxes) + 1)]


def _numbers(found: Found, cases: Cases) -> list[int]:
    names = [dimension.name for dimension in cases.dimensions]
    restricted = dict.fromkeys(each.dimension for each in found.boxes[0].restrictions)
    return [names.index(name) for name in restricted if not cases.dimensions[names.index(name)].choices][:2]


def _frame(axes: Axes, region: Region, places: Sequence[int], box: int) -> None:
    from matplotlib.patches import Rectangle

    ends = [axes.get_xlim(), axes.get_ylim()]
    for axis, place in enumerate(places):
        low, high = ends[axis]
        ends[axis] = (max(region.low[place], low), min(region.high[place], high))
    (left, right), (bottom, top) = ends
    _, line, _ = style.scenario_look(box)
    axes.add_patch(
        Rectangle(
            (left, bottom), right - left, top - bottom, fill=False, edgecolor=style.BLACK, linewidth=3,
            linestyle=line, zorder=5, label=f"box {box + 1}",
        )
    )  # fmt: skip


def _named(cases: Cases, place: int) -> str:
    """The name of a dimension with its unit."""
    dimension = cases.dimensions[place]
    unit = PATHS[dimension.name].unit if dimension.name in PATHS else ""
    return f"{dimension.name} ({unit})" if unit else dimension.name


def _ranged(cases: Cases, place: int) -> str:
    """The name of a dimension, and under it the range that was looked at."""
    values = cases.values[:, place]
    ends = "" if cases.dimensions[place].choices else f"\n{values.min():.3g} to {values.max():.3g}"
    return f"{_named(cases, place)}{ends}"


def charts(found: Found, cases: Cases, success: str, caption: str) -> dict[str, Callable[[], Figure]]:
    """Names of the charts that there is something for, and functions that draw them."""
    drawn: dict[str, Callable[..., Figure]] = {"trajectory": draw_trajectory}
    if found.boxes:
        drawn["boxes"] = draw_boxes
        drawn |= {"plane": draw_plane} if _numbers(found, cases) else {}
    return {name: partial(draw, found, cases, success, caption) for name, draw in drawn.items()}

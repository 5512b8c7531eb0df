"""Whether the model gives what was observed: observed figures on posterior predictive intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis import style
from analysis.panels import caption_of
from analysis.posterior import Calibrated

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = dict[Any, Any]

#: use of a target -> fill of its mark
FILLS = {"calibrate": style.VERMILION, "hold-out": "white", "shown": "white"}
#: below the row's middle: the prior predictive; above it: the posterior predictive
PRIOR, POSTERIOR = 0.24, -0.06


def draw(calibrated: Calibrated) -> Figure:
    """A row a target: shares on a scale of percent, all else on a logarithmic one."""
    rows: list[Row] = calibrated.checks.to_dict("records")
    shares = [row for row in rows if row["unit"] == "share"]
    others = [row for row in rows if row["unit"] != "share"]
    groups = [group for group in (shares, others) if group] or [[]]
    note = (
        "Lines: medians and 95% intervals of what is foreseen, luck of the runs included. Shade: values that "
        "would be told as the observed one. Distance: of the median run from them, in standard errors."
    )
    figure, axes = style.sheet(
        _title(rows), caption_of(calibrated, note), rows=len(groups), keys=1,
        gridspec_kw={"height_ratios": [len(group) + 0.8 for group in groups]},
    )  # fmt: skip
    for one, group in zip(axes, groups, strict=True):
        _group(one, group, 100 if group and group[0]["unit"] == "share" else 1)
    _key(figure)
    return figure


def _group(axes: Axes, rows: list[Row], scale: int) -> None:
    from matplotlib.ticker import StrMethodFormatter

    logarithmic = scale == 1
    if logarithmic:
        axes.set_xscale("symlog", linthresh=1, linscale=0.5)
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    for place, row in enumerate(rows):
        _line(axes, place + PRIOR, row, "prior_", scale)
        _line(axes, place + POSTERIOR, row, "", scale)
    _limits(axes, rows, scale)
    for place, row in enumerate(rows):
        _observed(axes, place, row, scale)
        _distance(axes, place, row)
    axes.set_yticks(range(len(rows)), [_named(row, logarithmic) for row in rows])
    axes.set_ylim(max(1, len(rows)) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.set_title("distance", fontsize=style.SMALL, loc="right")
    style.named(axes, "value (logarithmic scale, unit beside each figure)" if logarithmic else "share (%)")


def _line(axes: Axes, place: float, row: Row, prefix: str, scale: int) -> None:
    low, middle, high = (scale * row[f"{prefix}{key}"] for key in ("low", "median", "high"))
    colour, width, size = (style.GREY, 1.6, 6) if prefix else (style.BLUE, 6, 11)
    if np.isfinite(low) and np.isfinite(high):
        axes.hlines(place, low, high, color=colour, linewidth=width, zorder=3)
        axes.plot([middle], [place], "o", color=colour, markersize=size, markeredgecolor="white", zorder=4)
    elif not prefix:
        axes.annotate(
            "not defined in the runs", (0.01, place), xycoords=("axes fraction", "data"), va="center",
            fontsize=style.SMALL, color=style.GREY,
        )  # fmt: skip


def _limits(axes: Axes, rows: list[Row], scale: int) -> None:
    """Room for all that is finite."""
    keys = ("low", "high", "prior_low", "prior_high", "observed", "told_low", "told_high")
    found = np.array([scale * row[key] for row in rows for key in keys], dtype=float)
    found = found[np.isfinite(found)]
    if scale == 100 or not len(found):
        axes.set_xlim(-2, max(102.0, 1.05 * float(found.max(initial=0.0))))
        return
    least, most = float(found.min()), float(found.max())
    axes.set_xlim(least / 1.6 if least > 1 else min(0.0, least) - 0.1, 2.0 * max(1.0, most))


def _observed(axes: Axes, place: int, row: Row, scale: int) -> None:
    """What would be told as the figure: a bar, which is an arrow where it has no end."""
    from matplotlib.transforms import offset_copy

    ends = np.array([scale * row["told_low"], scale * row["told_high"]], dtype=float)
    least, most = axes.get_xlim()
    finite = np.nan_to_num(ends, nan=scale * row["observed"], posinf=most, neginf=least)
    low, high = np.clip(finite, least, most)
    axes.fill_betweenx(
        [place - 0.36, place + 0.36], low, high, color=style.ORANGE, alpha=0.35, linewidth=0, zorder=1
    )
    for end, toward, marker, away in ((ends[1], high, ">", -9), (ends[0], low, "<", 9)):
        if not np.isfinite(end):
            moved = offset_copy(axes.transData, axes.get_figure(root=True), away, 0, units="points")
            axes.plot(
                [toward], [place - 0.06], marker, color=style.ORANGE, markersize=13, transform=moved, zorder=2
            )
    axes.plot(
        [scale * row["observed"]], [place + POSTERIOR], "D", color=FILLS.get(row["use"], "white"),
        markersize=11, markeredgecolor=style.VERMILION, markeredgewidth=2.2, zorder=6,
    )  # fmt: skip


def _distance(axes: Axes, place: int, row: Row) -> None:
    missed = np.isfinite(row["low"]) and not inside(row)
    told = f"{row['distance']:.1f}" if np.isfinite(row["distance"]) else "out" if missed else "–"
    axes.annotate(
        told, (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=style.SMALL,
        color=style.VERMILION if missed else style.BLACK, weight="bold" if missed else "normal",
    )  # fmt: skip


def _named(row: Row, logarithmic: bool) -> str:
    sign = {"more_than": ">", "less_than": "<", "about": "≈"}.get(row["relation"], "")
    value = f"{100 * row['observed']:.3g}%" if not logarithmic else f"{row['observed']:,g}"
    unit = f" ({row['unit'].partition(',')[0]})" if logarithmic and row["unit"] else ""
    whole = f" of {style.said(row['of'])}" if isinstance(row.get("of"), str) else ""
    return f"{row['id']} {style.said(row['measure'])}{whole}{unit} {sign}{value}"


def inside(row: Row) -> bool:
    """Whether some value of the posterior predictive interval would be told as the observed one."""
    return bool(row["low"] <= row["told_high"] and row["high"] >= row["told_low"])


def _title(rows: list[Row]) -> str:
    if not rows:
        return "No figure was observed"
    fitted, others = ([row for row in rows if (row["use"] == "calibrate") == used] for used in (True, False))
    parts = [
        f"{sum(map(inside, some))} of {len(some)} {name}"
        for some, name in ((fitted, "fitted"), (others, "held-out"))
        if some
    ]
    return f"{' and '.join(parts)} figures lie in the 95% predictive interval"


def _key(figure: Figure) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    def mark(fill: str) -> Line2D:
        return Line2D(
            [], [], marker="D", color="none", markerfacecolor=fill, markeredgecolor=style.VERMILION,
            markersize=11, markeredgewidth=2.2,
        )  # fmt: skip

    lines = [
        Line2D([], [], color=colour, linewidth=width, marker="o", markersize=size, markeredgecolor="white")
        for colour, width, size in ((style.BLUE, 6, 11), (style.GREY, 1.6, 6))
    ]
    handles = [
        mark(style.VERMILION),
        mark("white"),
        Patch(color=style.ORANGE, alpha=0.35, linewidth=0),
        *lines,
    ]
    names = [
        "observed, fitted to",
        "observed, held out",
        "told the same",
        "posterior predictive",
        "prior predictive",
    ]
    style.key_above(figure, handles, names, columns=5)

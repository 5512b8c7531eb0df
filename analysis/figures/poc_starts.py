"""Cumulative POC starts over calendar time, beside the observed figures under both readings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis import style
from analysis.funnel import channels
from analysis.series import Band, band, cumulative, unseen
from analysis.tables import Floats, Mask, Tables, is_

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.observed import Target

SERIES = ("poc_starts", "poc_started")


class Mark(NamedTuple):
    """An observed number of POCs on a day."""

    target: Target
    day: float
    pocs: float


def draw(tables: Tables, observed: Sequence[Target]) -> Figure:
    """Mean and bands of the runs, all channels and bottom-up alone, and each observed figure on its day."""
    grid, days = style.months(tables)
    bands = {channel: _band(tables, channel, grid) for channel in _lines(tables)}
    told = [target for target in observed if target.channel in {None, *channels(tables)}]
    marks = [mark for mark in map(_mark, told) if mark and days[0] <= mark.day <= days[-1]]
    note = (
        "Lines: mean of the runs; shades: middle 50% and 95%. Marks: observed; an arrow means 'more than'. "
        "Reading M1 takes the policy page at its word, M2 the reported series of POC projects. They "
        "contradict each other and are no range."
    )
    figure, (axes,) = style.sheet(_title(bands, marks, days), style.caption(tables, note))
    for (channel, found), line in zip(bands.items(), ("-", "--"), strict=False):
        name = f"model, {style.CHANNEL_NAMES[channel]}"
        style.draw_band(axes, days, found, style.CHANNEL_COLOURS[channel], name, line)
    style.named(axes, "date", "POCs started since the beginning (cumulative)")
    style.calendar_axis(axes, days)
    tops = [float(np.nanmax(found.high95)) for found in bands.values()] + [mark.pocs for mark in marks]
    axes.set_ylim(0, 1.14 * max(1.0, *tops))
    for reading in style.READINGS:
        _draw_marks(axes, [mark for mark in marks if mark.target.reading == reading])
    style.key(axes, loc="upper left")
    return figure


def _lines(tables: Tables) -> list[str]:
    found = channels(tables)
    return ["all", "bottom_up"] if "bottom_up" in found and len(found) > 1 else ["all"]


def _band(tables: Tables, channel: str, grid: Floats) -> Band:
    started = tables.reached["poc"].to_numpy()
    chosen: Mask = ~np.isnan(started)
    if channel != "all":
        chosen &= is_(tables.cases["channel"], channel)
    run = tables.run_of_case[chosen]
    sums = cumulative(run, started[chosen], 1.0, len(tables.runs), grid)
    return band(unseen(sums, tables.runs["days"].to_numpy(), grid))


def _mark(target: Target) -> Mark | None:
    """What a figure tells of POCs: a count, or the counted part of the share that reached one."""
    if target.measure in SERIES:
        return Mark(target, style.day_number(target.date), target.value)
    if target.measure == "proposal_to_poc" and target.numerator is not None:
        return Mark(target, style.day_number(target.date), float(target.numerator))
    return None


def _draw_marks(axes: Axes, marks: Sequence[Mark]) -> None:
    if not marks:
        return
    look = style.READINGS[marks[0].target.reading]
    axes.plot(
        [mark.day for mark in marks], [mark.pocs for mark in marks], linestyle="", marker=look.marker,
        color=look.colour, label=look.name, markersize=9, markeredgecolor="white", zorder=5,
    )  # fmt: skip
    places: dict[tuple[float, float], list[Target]] = {}
    for mark in marks:
        places.setdefault((mark.day, mark.pocs), []).append(mark.target)
    for place, targets in places.items():
        _name(axes, place, targets, look.colour, _crowded(axes, place, list(places)))


def _crowded(axes: Axes, place: tuple[float, float], places: Sequence[tuple[float, float]]) -> bool:
    """Whether another mark, or the end of the axis, lies close on the right."""
    width, height = np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim())
    near = (0 < x - place[0] < 0.1 * width and abs(y - place[1]) < 0.1 * height for x, y in places)
    return any(near) or place[0] > axes.get_xlim()[1] - 0.08 * width


def _name(axes: Axes, place: tuple[float, float], targets: Sequence[Target], colour: str, left: bool) -> None:
    """Ids and value beside a mark; an arrow upwards for a lower bound."""
    text = "\n".join(style.figure_of(target, place[1]) for target in targets)
    axes.annotate(
        text, place, (-9 if left else 9, -3), textcoords="offset points", fontsize=style.SMALL,
        color=colour, va="top", ha="right" if left else "left", linespacing=1.1,
    )  # fmt: skip
    if any(target.relation == "more_than" for target in targets):
        arrow = {"arrowstyle": "<-", "color": colour, "linewidth": 1.6}
        axes.annotate("", place, (0, 26), textcoords="offset points", zorder=4, arrowprops=arrow)


def _title(bands: dict[str, Band], marks: Sequence[Mark], days: Floats) -> str:
    mean = bands["all"].mean
    end, said = f"{mean[~np.isnan(mean)][-1]:.0f} POCs start in the model", []
    for reading in ("M1", "M2"):
        agree = [
            _agrees(bands.get(mark.target.channel or "all", bands["all"]), mark, days)
            for mark in marks
            if mark.target.reading == reading
        ]
        if agree:
            said.append(f"{sum(agree)} of {len(agree)} figures of reading {reading}")
    return f"{end}; its 95% band agrees with {' and '.join(said)}" if said else end


def _agrees(found: Band, mark: Mark, days: Floats) -> bool:
    low, high = (float(np.interp(mark.day, days, edge)) for edge in (found.low95, found.high95))
    return high > mark.pocs if mark.target.relation == "more_than" else low <= mark.pocs <= high

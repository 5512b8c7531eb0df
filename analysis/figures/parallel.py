"""Policies that no other one beats, as lines over the objectives: a crossing is a trade-off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis import style
from analysis.measures import MEASURES
from analysis.pareto import Front
from analysis.tables import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: name of the base, room between an axis and the numbers at its ends, and how far bars go beyond it
BASE, ROOM, CUT = "base", 0.07, 0.05


def draw(front: Front, caption: str) -> Figure:
    """A vertical axis an objective, better upwards; in colour the best of each and the least regretted."""
    shown = highlighted(front)
    note = (
        "Each axis goes from the worst to the best mean of any policy, better upwards; bars: 95% intervals "
        "(luck of the runs), cut where the axis ends; black: the base; grey: the other policies."
    )
    names = [BASE, *(_label(front, place, why) for place, why in shown.items())]
    columns = style.key_columns(names)
    keys = -(-len(names) // columns)
    figure, (axes,) = style.sheet(_title(front), f"{caption} {note}", keys=keys)
    spans = ends(front)
    for place in range(len(front.names)):
        if place not in shown:
            axes.plot(_heights(front.levels.mean[place], spans), color=style.GREY, linewidth=1, alpha=0.5)
    base = np.array([_mean(front.base[:, :, column]) for column in range(len(front.objectives))])
    axes.plot(_heights(base, spans), color=style.BLACK, linestyle="--", linewidth=2.2, label=BASE)
    for rank, (place, why) in enumerate(shown.items(), 1):
        _line(axes, front, place, spans, rank, _label(front, place, why))
    _frame(axes, front, spans)
    style.key_above(figure, *axes.get_legend_handles_labels(), columns=columns)
    return figure


def highlighted(front: Front) -> dict[int, str]:
    """Places of the policies worth a colour, and why: best in an objective, or least regretted."""
    costs = np.where(np.isnan(front.levels.mean), np.inf, front.levels.mean * front.signs)
    shown = {int(np.argmin(front.worst)): "least regret"}
    for column, objective in enumerate(front.objectives):
        place = int(np.argmin(costs[:, column]))
        word = "most" if front.more[column] else "least"
        if place in shown:
            shown[place] += f", {word} {style.said(objective)}"
        elif len(shown) < len(style.SCENARIO_COLOURS):
            shown[place] = f"{word} {style.said(objective)}"
    return shown


def ends(front: Front) -> Floats:
    """Worst and best mean of each objective, the base's included: 2 × objectives."""
    base = [_mean(front.base[:, :, column]) for column in range(len(front.objectives))]
    costs = np.vstack([front.levels.mean, base]) * front.signs
    worst, best = np.nanmax(costs, axis=0) * front.signs, np.nanmin(costs, axis=0) * front.signs
    return np.array([worst, np.where(worst == best, best + 1e-9, best)])


def _mean(values: Floats) -> float:
    return float(np.nanmean(values)) if not np.isnan(values).all() else np.nan


def _heights(values: Floats, spans: Floats) -> Floats:
    return np.asarray((values - spans[0]) / (spans[1] - spans[0]))


def _line(axes: Axes, front: Front, place: int, spans: Floats, rank: int, label: str) -> None:
    colour, line, marker = style.scenario_look(rank)
    heights = _heights(front.levels.mean[place], spans)
    half = np.abs(np.nan_to_num(front.levels.half[place]) / (spans[1] - spans[0]))
    low, high = np.clip([heights - half, heights + half], -CUT, 1 + CUT)
    axes.errorbar(
        np.arange(len(heights)) + 0.016 * (rank - 3), heights, yerr=[np.maximum(heights - low, 0),
        np.maximum(high - heights, 0)], color=colour, linestyle=line,
        marker=marker, markersize=9, linewidth=2.4, elinewidth=1.8, capsize=4, label=label, zorder=4,
    )  # fmt: skip


def _frame(axes: Axes, front: Front, spans: Floats) -> None:
    axes.set_xlim(-0.35, len(front.objectives) - 0.65)
    axes.set_ylim(-ROOM - 0.1, 1 + ROOM + 0.1)
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(length=0)
    for column, objective in enumerate(front.objectives):
        axes.plot([column, column], [0, 1], color=style.LIGHT, linewidth=6, solid_capstyle="round", zorder=0)
        worst, best = _ends(objective, float(spans[0, column]), float(spans[1, column]))
        for height, text, side in ((-ROOM, worst, "top"), (1 + ROOM, best, "bottom")):
            axes.text(column, height, text, fontsize=style.TEXT, ha="center", va=side)
    words = [
        f"{style.said(objective)}\n({'more' if more else 'less'} is better)"
        for objective, more in zip(front.objectives, front.more, strict=True)
    ]
    axes.set_xticks(range(len(words)), words, fontsize=style.TEXT)
    style.named(axes, y="better →")


def _ends(objective: str, worst: float, best: float) -> tuple[str, str]:
    """The numbers at the ends of an axis, the upper one with its unit."""
    (low, high), kind = style.amounts([worst, best], MEASURES[objective].unit)
    return (f"{low}%", f"{high}%") if kind == "points" else (low, f"{high} {kind}")


def _label(front: Front, place: int, why: str) -> str:
    return f"{front.names[place]}: {why}"


def _title(front: Front) -> str:
    place = int(np.argmin(front.worst))
    if len(front.names) == 1:
        return f"{front.names[0]} beats every other policy that was tried"
    return f"{len(front.names)} policies that none other beats; {front.names[place]} is regretted least"

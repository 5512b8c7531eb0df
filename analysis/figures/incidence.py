"""How many proposals have got to a goal by each month, by group, simulated and observed on one chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from analysis import style
from analysis.competing import by_group, fates, final, of_fates
from analysis.survival import Incidence
from analysis.tables import Floats, Tables
from analysis.targets import covers, simulated
from sim.calendar import MONTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.observed import Target

#: goal -> title of its panel
PANELS = {"poc": "To a POC", "service": "To service, of their own"}

#: the longest time drawn, and the longest as a share of the run: later few cases are left at risk
HORIZON, PART = 48 * MONTH, 0.8

#: the highest share, in %, that the axis shows at least
LEAST = 1.0

KIND_COLOURS = {"startup": style.VERMILION, "sme": style.BLUE, "large": style.GREEN}
KIND_NAMES = {"startup": "start-ups", "sme": "SMEs", "large": "large firms"}


class Curve(NamedTuple):
    """A line of the chart: a group's name, its estimate and its colour."""

    name: str
    found: Incidence
    colour: str


def draw(
    tables: Tables, observed: Sequence[Target], by: str = "channel", log: Tables | None = None
) -> Figure:
    """Aalen-Johansen curves by channel or kind of vendor.

    Args:
        tables: runs of one scenario.
        observed: figures; those that are a share of proposals with a POC are marked, of the groups drawn.
        by: a key of :data:`analysis.competing.GROUPS`.
        log: an observed history, of which dashed lines are drawn.
    """
    grid = months(tables)
    panels = {goal: _curves(by_group(tables, goal, by, grid), by) for goal in PANELS}
    others = {goal: _curves(by_group(log, goal, by, grid), by) for goal in PANELS} if log is not None else {}
    figure, axes = _sheet(tables, _title(panels["poc"]), panels, others, grid)
    if by == "channel":
        _marks(axes[0], tables, observed, {curve.name: curve for curve in panels["poc"]}, grid)
    _all_names(axes, panels, grid)
    return figure


def of_scenarios(worlds: Mapping[str, Tables]) -> Figure:
    """The same with a line a scenario, of all its proposals."""
    from analysis.tables import concat

    every = concat(list(worlds.values()))
    grid = months(every)
    colours = dict(zip(worlds, cycle((style.BLACK, *style.SCENARIO_COLOURS)), strict=False))
    panels = {
        goal: [
            Curve(name, of_fates(fates(world, goal), grid)["reached"], colours[name])
            for name, world in worlds.items()
        ]
        for goal in PANELS
    }
    figure, axes = _sheet(every, _title(panels["poc"]), panels, {}, grid)
    _all_names(axes, panels, grid)
    return figure


def months(tables: Tables) -> Floats:
    """Days since submission that are drawn, five a month."""
    horizon = min(HORIZON, PART * float(tables.runs["days"].max()))
    return np.linspace(0.0, horizon, 241)


def _curves(found: Mapping[str, Mapping[str, Incidence]], by: str) -> list[Curve]:
    names = style.CHANNEL_NAMES if by == "channel" else KIND_NAMES
    colours = style.CHANNEL_COLOURS if by == "channel" else KIND_COLOURS
    return [
        Curve(names.get(name, name), curves["reached"], colours.get(name, style.GREY))
        for name, curves in found.items()
    ]


def _title(curves: Sequence[Curve]) -> str:
    told = ", ".join(f"{curve.name} {100 * final(curve.found):.0f}%" for curve in curves)
    return f"Proposals that reach a POC: {told}" if told else "No proposals were submitted"


def _sheet(
    tables: Tables,
    title: str,
    panels: Mapping[str, Sequence[Curve]],
    others: Mapping[str, Sequence[Curve]],
    grid: Floats,
) -> tuple[Figure, list[Axes]]:
    log = " Dashed: the observed history, by the same estimate." if others else ""
    note = (
        "Aalen-Johansen estimate: open cases are censored, losses compete. Shades: 95% interval, runs as "
        f"clusters.{log}"
    )
    figure, axes = style.sheet(title, style.caption(tables, note), columns=len(PANELS))
    for one, goal in zip(axes, PANELS, strict=True):
        for line, curves in (("-", panels[goal]), ("--", others.get(goal, ()))):
            for curve in curves:
                _curve(one, curve, line)
        one.set_ylim(0, max(LEAST, min(one.get_ylim()[1], _highest(panels[goal], others.get(goal, ())))))
        style.named(one, "months since submission", "share of proposals (%)", PANELS[goal])
        one.set_xlim(0, float(grid[-1]) / MONTH)
        one.set_xticks(np.arange(0, float(grid[-1]) / MONTH + 0.01, 12))
    return figure, axes


def _highest(*curves: Sequence[Curve]) -> float:
    """Twice the highest curve, in %: bands of few runs go on beyond the chart."""
    shares = [np.nan_to_num(curve.found.share).max() for part in curves for curve in part]
    return 200 * float(max(shares, default=0.0))


def _curve(axes: Axes, curve: Curve, line: str) -> None:
    low, high = curve.found.band()
    x = curve.found.time / MONTH
    if line == "-":
        axes.fill_between(x, 100 * low, 100 * high, step="post", color=curve.colour, alpha=0.16, linewidth=0)
    axes.plot(
        x, 100 * curve.found.share, drawstyle="steps-post", color=curve.colour, linestyle=line, linewidth=2.4
    )


def _all_names(axes: Sequence[Axes], panels: Mapping[str, Sequence[Curve]], grid: Floats) -> None:
    """Names of all curves, once it is settled how high the panels are."""
    for one, goal in zip(axes, PANELS, strict=True):
        _names(one, panels[goal], float(grid[-1]) / MONTH)


def _names(axes: Axes, curves: Sequence[Curve], end: float) -> None:
    """Names at the ends of the curves, apart from each other."""
    ends = [100 * final(curve.found) for curve in curves]
    gap = 0.052 * (axes.get_ylim()[1] - axes.get_ylim()[0])
    for curve, place, moved in zip(curves, ends, style.spread(ends, gap), strict=True):
        digits = 0 if place >= 9.95 else 1
        leader = {"arrowstyle": "-", "color": style.LIGHT, "shrinkA": 0, "shrinkB": 0}
        axes.annotate(
            f"{curve.name} {place:.{digits}f}%", (_last(curve), place), (end * 1.03, moved),
            fontsize=style.SMALL, va="center", color=curve.colour, annotation_clip=False, arrowprops=leader,
        )  # fmt: skip


def _last(curve: Curve) -> float:
    """The month at which a curve ends."""
    known = curve.found.time[~np.isnan(curve.found.share)]
    return float(known[-1]) / MONTH if len(known) else 0.0


def _marks(
    axes: Axes, tables: Tables, observed: Sequence[Target], curves: Mapping[str, Curve], grid: Floats
) -> None:
    """Observed shares at the age that the oldest proposals had on the day, the model's on it hollow."""
    start = style.day_number(tables.runs["start"].min())
    looks = set[str]()
    for target in observed:
        name = style.CHANNEL_NAMES.get(target.channel or "all", "")
        if target.measure != "proposal_to_poc" or target.relation != "share" or name not in curves:
            continue
        x = min((style.day_number(target.date) - start) / MONTH, float(grid[-1]) / MONTH * 0.97)
        look, colour = style.READINGS[target.reading], curves[name].colour
        style_: dict[str, Any] = {
            "marker": look.marker,
            "markersize": 11,
            "linestyle": "",
            "zorder": 6,
            "clip_on": False,
        }
        axes.plot([x], [100 * target.value], color=colour, markeredgecolor=style.BLACK, **style_)
        looks.add(f"{target.id} {name}, {look.name}")
        axes.annotate(
            target.id, (x, 100 * target.value), (0, 10), textcoords="offset points", fontsize=style.SMALL,
            ha="center", va="bottom",
        )  # fmt: skip
        if covers(tables, target.date) and (values := simulated(tables, target)) is not None:
            mean = float(np.nanmean(values))
            axes.plot([x], [100 * mean], color="white", markeredgecolor=colour, markeredgewidth=2, **style_)
    if looks:
        told = "\n".join(sorted(looks))
        highest = max(100 * target.value for target in observed if target.measure == "proposal_to_poc")
        axes.set_ylim(top=max(axes.get_ylim()[1], highest) * (1.1 + 0.05 * len(looks)))
        axes.text(
            0.02, 0.99, f"{told}\nhollow: the model on that day", transform=axes.transAxes, va="top",
            fontsize=style.SMALL, bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2},
        )  # fmt: skip

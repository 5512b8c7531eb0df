"""Time from submission to each stage, with open cases treated as censored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from analysis import style
from analysis.survival import Incidence, incidence
from analysis.tables import Tables
from sim.calendar import MONTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.observed import Target

#: stage -> name, colour, line
CURVES = {
    "screened": ("screened", style.GREY, ":"),
    "matched": ("matched", style.SKY, "-."),
    "cleared": ("cleared", style.ORANGE, "--"),
    "poc": ("POC", style.BLUE, "-"),
    "tender": ("tender", style.PURPLE, (0, (6, 2, 1, 2, 1, 2))),
    "contract": ("contract", style.VERMILION, "--"),
    "deployed": ("in service", style.GREEN, "-"),
    "launched": ("on the market", style.BLACK, ":"),
}

#: the longest time drawn, and the longest as a share of the run: later few cases are left at risk
HORIZON, PART = 48 * MONTH, 0.8


def draw(tables: Tables, observed: Sequence[Target]) -> Figure:  # noqa: ARG001 (all charts take the same)
    """Aalen-Johansen curves of the case's own stages, with pointwise 95% bands over runs."""
    horizon = min(HORIZON, PART * float(tables.runs["days"].max()))
    grid = np.linspace(0.0, horizon, 289)
    found = {stage: incidence(tables, stage, grid) for stage in CURVES}
    note = (
        "Aalen-Johansen estimate: open cases are censored, cases that end before the stage are a competing "
        "event. Shades: 95% interval, runs as clusters. The vendor's own contract; rivals' are left out."
    )
    figure, (axes,) = style.sheet(_title(found), style.caption(tables, note))
    drawn = {stage: curve for stage, curve in found.items() if curve.share[-1] > 0}
    for stage, curve in drawn.items():
        _curve(axes, curve, stage)
    names(axes, drawn, horizon / MONTH)
    style.named(axes, "months since submission", "share of proposals that reached the stage (%)")
    axes.set_xlim(0, horizon / MONTH)
    axes.set_xticks(np.arange(0, horizon / MONTH + 0.01, 6))
    axes.set_ylim(0, 100)
    return figure


def _title(found: dict[str, Incidence]) -> str:
    poc = found["poc"]
    final = poc.share[-1]
    if not final > 0:
        return f"{found['deployed'].share[-1]:.0%} of proposals are in service in the end; none has a POC"
    half = poc.time[np.searchsorted(poc.share, final / 2)] / MONTH
    return (
        f"{final:.0%} of proposals reach a POC, half of these within {half:.0f} months; "
        f"{found['deployed'].share[-1]:.0%} go into service"
    )


def _curve(axes: Axes, curve: Incidence, stage: str) -> None:
    name, colour, line = CURVES[stage]
    low, high = curve.band()
    x = curve.time / MONTH
    axes.fill_between(x, 100 * low, 100 * high, step="post", color=colour, alpha=0.18, linewidth=0)
    axes.plot(
        x, 100 * curve.share, drawstyle="steps-post", color=colour, linestyle=line, linewidth=2.4, label=name
    )


def names(axes: Axes, found: Mapping[str, Incidence], end: float) -> None:
    """Write names at the ends of the curves, which lie at ``end`` (months), apart from each other."""
    ends = [100 * float(curve.share[-1]) for curve in found.values()]
    for stage, place, moved in zip(found, ends, style.spread(ends, 4.6), strict=True):
        name, colour, _ = CURVES[stage]
        leader = {"arrowstyle": "-", "color": style.LIGHT, "shrinkA": 0, "shrinkB": 0}
        axes.annotate(
            f"{name} {place:.0f}%", (end, place), (end * 1.02, moved), fontsize=style.TEXT, va="center",
            color=colour, annotation_clip=False, arrowprops=leader,
        )  # fmt: skip

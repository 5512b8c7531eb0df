"""How long cases on record take from submission to each stage."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from analysis import recorded, style
from analysis.figures.waiting import CURVES, names
from analysis.survival import Incidence
from analysis.tables import Tables
from sim.calendar import MONTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: days between points, and the part of the record that is drawn: later few cases are left at risk
STEP, PART = 5.0, 0.8

#: stages that the title tells of
MAIN = ("poc", "contract", "deployed")


def draw(tables: Tables, known: Collection[str]) -> Figure:
    """The share of proposals that has reached each stage on record by each month since submission."""
    note = (
        "Aalen-Johansen estimate: open cases are censored, cases that end before the stage are a competing "
        "event. Shades: 95% interval over cases. The vendor's own contract; rivals' are left out."
    )
    found = recorded.curves(tables, known, STEP, PART)
    drawn = {stage: curve for stage, curve in found.items() if curve.share[-1] > 0}
    main = [stage for stage in MAIN if stage in drawn] or list(drawn)[-1:]
    told = ", ".join(f"{CURVES[stage][0]} {drawn[stage].share[-1]:.0%}" for stage in main)
    title = "No proposal is on record as having got any further"
    if drawn:
        title = f"Within {_end(drawn):.0f} months of submission: {told}"
    figure, (axes,) = style.sheet(title, style.caption(tables, note))
    for stage, curve in drawn.items():
        _curve(axes, curve, stage)
    style.named(axes, "months since submission", "share of proposals that reached the stage (%)")
    axes.set_ylim(0, 100)
    if drawn:
        end = _end(drawn)
        axes.set_xlim(0, end)
        axes.set_xticks(np.arange(0, end + 0.01, 12 if end > 60 else 6 if end > 12 else 1))
        names(axes, drawn, end)
    return figure


def _curve(axes: Axes, curve: Incidence, stage: str) -> None:
    _, colour, line = CURVES[stage]
    low, high = curve.band()
    x = curve.time / MONTH
    axes.fill_between(x, 100 * low, 100 * high, step="post", color=colour, alpha=0.16, linewidth=0)
    axes.plot(x, 100 * curve.share, drawstyle="steps-post", color=colour, linestyle=line, linewidth=2.4)


def _end(found: Mapping[str, Incidence]) -> float:
    """The last month that is drawn."""
    return max(float(curve.time[-1]) for curve in found.values()) / MONTH

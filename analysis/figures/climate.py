"""Political support and innovation culture over time, with elections and changes of policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis import style
from analysis.series import Band, band, latest, unseen
from analysis.tables import Floats, Rows, Tables, is_

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.observed import Target


class Mark(NamedTuple):
    """A day on which something happened in most runs."""

    day: float
    text: str
    line: str


def draw(tables: Tables, observed: Sequence[Target]) -> Figure:  # noqa: ARG001 (all charts take the same)
    """Two panels over calendar time, both on a scale from 0 to 1."""
    grid, days = style.months(tables)
    support, culture = band(supports(tables, grid)), band(cultures(tables, grid))
    marks = [*_elections(tables, days[0]), *_policies(tables, days[0])]
    note = (
        "Lines: mean of the runs; shades: middle 50% and 95%. Culture: mean over the departments of a run. "
        "A change of policy is marked where most runs have it."
    )
    figure, axes = style.sheet(_title(support, culture), style.caption(tables, note), 2, 1, sharex=True)
    style.draw_band(axes[0], days, support, style.BLUE, "support")
    style.draw_band(axes[1], days, culture, style.GREEN, "culture")
    style.named(axes[0], "", "share (0 to 1)", "Political support of the mayor")
    style.named(axes[1], "date", "share (0 to 1)", "Innovation culture of the departments")
    for one in axes:
        one.set_ylim(0, 1)
        _draw_marks(one, marks, one is axes[0])
    style.calendar_axis(axes[1], days)
    return figure


def supports(tables: Tables, grid: Floats) -> Floats:
    """Support over time, mean over the cities of a run; array of shape (runs, times)."""
    return _mean_of_latest(tables, ("support", "election"), "city", grid)


def cultures(tables: Tables, grid: Floats) -> Floats:
    """Culture over time, mean over the departments of a run, from when all have told theirs."""
    return _mean_of_latest(tables, ("culture",), "actor", grid)


def _mean_of_latest(tables: Tables, kinds: Sequence[str], owner: str, grid: Floats) -> Floats:
    told = is_(tables.events["kind"], *kinds)
    events, run = tables.events[told], tables.run_of_event[told]
    owners = _owners(run, events, owner)
    count = int(owners.max(initial=-1)) + 1
    run_of_owner = np.zeros(count, dtype=np.intp)
    run_of_owner[owners] = run
    values = latest(owners, events["time"].to_numpy(), events["amount"].to_numpy(), count, grid)
    sums, known = (np.zeros((len(tables.runs), len(grid))) for _ in range(2))
    np.add.at(sums, run_of_owner, np.nan_to_num(values))
    np.add.at(known, run_of_owner, ~np.isnan(values))
    # before the last owner has told its value, the mean would be that of the quickest ones
    complete = (known > 0) & (known == known.max(axis=1, keepdims=True))
    means = np.divide(sums, known, out=np.full(sums.shape, np.nan), where=complete)
    return unseen(means, tables.runs["days"].to_numpy(), grid)


def _owners(run: Rows, events: pd.DataFrame, owner: str) -> Rows:
    """A number for each owner of the value that an event tells: a city or a department, in one run."""
    keys = ["run", *dict.fromkeys(("city", owner))]
    groups = events.assign(run=run).groupby(keys, observed=True, dropna=False, sort=False)
    return np.asarray(groups.ngroup(), dtype=np.intp)


def _title(support: Band, culture: Band) -> str:
    said = [
        f"{name} goes from {known[0]:.2f} to {known[-1]:.2f}"
        for name, found in (("support", support), ("culture", culture))
        if len(known := found.mean[~np.isnan(found.mean)])
    ]
    text = " and ".join(said) or "no support or culture was recorded"
    return f"{text[0].upper()}{text[1:]} over the period"


def _elections(tables: Tables, start: float) -> list[Mark]:
    held = tables.events[is_(tables.events["kind"], "election")]
    times, changed = held["time"].to_numpy(dtype=float), is_(held["target"], "changed")
    return [
        Mark(start + time, f"election: new mayor\nin {changed[times == time].mean():.0%} of runs", "-")
        for time in np.unique(times)
    ]


def _policies(tables: Tables, start: float) -> list[Mark]:
    made = is_(tables.events["kind"], "policy") & (tables.events["time"].to_numpy() > 0)
    times = np.round(tables.events["time"].to_numpy()[made], 3)
    pairs = np.unique(np.column_stack((times, tables.run_of_event[made])), axis=0)
    days, runs = np.unique(pairs[:, 0], return_counts=True)
    common = days[runs * 2 > len(tables.runs)]
    return [Mark(start + float(day), "change\nof policy", "--") for day in common]


def _draw_marks(axes: Axes, marks: Sequence[Mark], named: bool) -> None:
    for mark in marks:
        axes.axvline(mark.day, color=style.BLACK, linestyle=mark.line, linewidth=1.4)
        if named:
            axes.annotate(
                mark.text,
                (mark.day, 0.03),
                (5, 0),
                textcoords="offset points",
                fontsize=style.SMALL,
                va="bottom",
            )

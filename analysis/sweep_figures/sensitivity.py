"""What an outcome depends on: indices with intervals, their convergence, and a tornado chart.

Each chart is a function of a result of :mod:`analysis.sensitivity` and a caption.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis import style
from analysis.measures import DURATIONS, MEASURES, unit
from analysis.sensitivity import LEVER, RANKS_BY, Found
from sim.parameters import PATHS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: most factors in a chart, and most lines
ROWS, LINES = 14, 6

#: names of the statistics
NAMES = {
    "total": "total index",
    "first": "first-order index",
    "mu_star": "mean size of the effect, μ*",
    "sigma": "deviation of the effect, σ",
    "median": "PAWN index, median slice",
    "maximum": "PAWN index, most different slice",
}
#: beside the statistic that ranks
SECOND = {"total": "first", "mu_star": "sigma", "median": "maximum"}
AXES = {
    "sobol": "share of the variance",
    "morris": "change across the range",
    "pawn": "distance of distributions (0 to 1)",
}
PANELS = {"mean": "Mean over replications", "noise": "Luck: deviation between replications"}
#: room for a sign in the text at the end of a bar of a tornado chart, as a share of the bars' range
SIGN = 0.02


def draw_indices(found: Found, caption: str) -> Figure:
    """A row a factor: the index that ranks (filled), the second one (hollow), and what luck would show."""
    second = NAMES[SECOND[RANKS_BY[found.method]]]
    note = (
        f"{caption} Filled: {_name(found)}; hollow: {second}; lines: 95% intervals"
        f"{'; grey strokes: what a factor without effect would show' if _floored(found) else ''}."
        f"{_rest(len(found.ranked), ROWS)}"
    )
    panels = [of for of in PANELS if (found.indices["of"] == of).any()]
    figure, axes = style.sheet(_title(found), note, columns=len(panels), sharey=True)
    order = list(found.ranked["factor"])[:ROWS]
    for one, of in zip(axes, panels, strict=True):
        _rows(one, found, of, order)
        title = PANELS[of] if len(panels) > 1 else ""
        style.named(one, _axis(found), title=title)
    axes[0].set_yticks(range(len(order)), [_factor(name) for name in order])
    axes[0].set_ylim(max(1, len(order)) - 0.4, -0.6)
    return figure


def _rows(axes: Axes, found: Found, of: str, order: list[str]) -> None:
    table = found.indices[found.indices["of"] == of]
    main = RANKS_BY[found.method]
    for row in range(1, len(order), 2):
        axes.axhspan(row - 0.5, row + 0.5, color=style.LIGHT, alpha=0.35, linewidth=0, zorder=0)
    axes.grid(visible=False, axis="y")
    axes.axvline(0, color=style.BLACK, linewidth=1.2)
    for statistic, shift, colour, face in (
        (main, -0.13, style.BLUE, style.BLUE),
        (SECOND[main], 0.17, style.VERMILION, "white"),
    ):
        mine = table[table["statistic"] == statistic].set_index("factor").reindex(order)
        height = np.arange(len(order)) + shift
        known = mine["low"].notna().to_numpy()
        axes.hlines(height[known], mine["low"][known], mine["high"][known], color=colour, linewidth=2.4)
        marker = "o" if statistic == main else "D"
        axes.plot(mine["value"], height, marker, color=colour, markerfacecolor=face, markersize=9, zorder=4)
        if statistic == main:
            axes.plot(
                mine["luck"], height, "|", color=style.GREY, markersize=20, markeredgewidth=2.5, zorder=3
            )
    if table["value"].isna().all():
        _nothing(axes)


def _nothing(axes: Axes) -> None:
    axes.text(
        0.5, 0.5, "No effect can be told from luck", transform=axes.transAxes, fontsize=style.TEXT,
        ha="center", va="center", bbox={"facecolor": "white", "edgecolor": style.LIGHT},
    )  # fmt: skip


def draw_convergence(found: Found, caption: str) -> Figure:
    """The index that ranks, as the sample grows, of the factors that rank highest."""
    names = list(found.ranked["factor"])[:LINES]
    labels = [_factor(name) for name in names]
    rest = _rest(len(found.ranked), LINES)
    note = f"{caption} Each from the first points of the design; shades: 95% intervals.{rest}"
    panels = [of for of in PANELS if (found.convergence["of"] == of).any()]
    title = f"{style.said(found.outcome)}: {_name(found)} as the sample grows"
    figure, axes = style.sheet(title, note, columns=len(panels), keys=style.key_rows(labels), sharex=True)
    for one, of in zip(axes, panels, strict=True):
        _lines(one, found.convergence[found.convergence["of"] == of], names)
        style.named(one, "points", _axis(found) if one is axes[0] else "", PANELS[of] if panels[1:] else "")
    style.key_above(figure, *axes[0].get_legend_handles_labels(), columns=style.key_columns(labels))
    return figure


def _lines(axes: Axes, table: pd.DataFrame, names: list[str]) -> None:
    from matplotlib.ticker import NullFormatter, ScalarFormatter

    for place, name in enumerate(names):
        mine = table[table["factor"] == name].sort_values("points")
        colour, line, marker = style.scenario_look(place + 1)
        axes.fill_between(mine["points"], mine["low"], mine["high"], color=colour, alpha=0.13, linewidth=0)
        axes.plot(
            mine["points"], mine["value"], color=colour, linestyle=line, marker=marker, markersize=7,
            linewidth=2.2, label=_factor(name),
        )  # fmt: skip
    axes.axhline(0, color=style.BLACK, linewidth=1.2)
    ticks = sorted(set(table["points"]))
    axes.set_xscale("log")
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.set_xlim(ticks[0] * 0.9, ticks[-1] * 1.1)
    if table["value"].isna().all():
        _nothing(axes)
    else:
        _within(axes, table[table["factor"].isin(names)])


def _within(axes: Axes, table: pd.DataFrame) -> None:
    """Intervals of the smallest samples may be so wide that they hide all else."""
    last = table[table["points"] == table["points"].max()]
    values = np.concatenate([table["value"], last["low"], last["high"], [0.0]])
    values = values[np.isfinite(values)]
    room = 0.35 * max(float(np.ptp(values)), 1e-12)
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, values.min() - room), min(high, values.max() + room))


def draw_tornado(found: Found, caption: str) -> Figure:
    """The mean of the outcome at the ends of each factor, widest first, with 95% intervals."""
    table = found.tornado.dropna(subset=["value"])
    width = table.groupby("factor", sort=False)["value"].agg(np.ptp).sort_values(ascending=False)
    order = list(width.index[:ROWS])
    ends = (
        "the mean of all runs, less and plus half of the mean effect of going from the lowest value (blue) "
        "to the highest (orange); the lever: its mean"
        if found.method == "morris"
        else "the mean outcome in the lowest (blue) and highest (orange) fifth of a number, or at each value "
        "of a choice, whatever the others are"
    )
    note = f"{caption} Ends: {ends}; lines: 95% intervals.{_rest(len(width), ROWS)}"
    title = f"{style.said(found.outcome)} moves most with {order[0]}"
    figure, (axes,) = style.sheet(title, note)
    axes.axvline(found.middle, color=style.BLACK, linewidth=1.4, zorder=3)
    for row, name in enumerate(order):
        _bars(axes, table[table["factor"] == name].sort_values("end"), row, found.middle)
    axes.grid(visible=False, axis="y")
    axes.set_yticks(range(len(order)), [_factor(name) for name in order])
    axes.set_ylim(len(order) - 0.4, -0.6)
    low, high = axes.get_xlim()
    room = (0.05 + SIGN * max(map(len, table["setting"]))) * (high - low)
    axes.set_xlim(low - room, high + room)
    style.named(axes, f"{style.said(found.outcome)}, mean{_unit(found.outcome)}")
    return figure


def _bars(axes: Axes, rows: pd.DataFrame, row: int, middle: float) -> None:
    for one in rows.to_dict("records"):
        colour = style.BLUE if one["end"] < 0.5 else style.ORANGE
        axes.barh(row, one["value"] - middle, left=middle, height=0.62, color=colour, alpha=0.75, zorder=2)
        axes.hlines(row, one["low"], one["high"], color=style.BLACK, linewidth=1.8, zorder=4)
    least, most = rows.nsmallest(1, "value"), rows.nlargest(1, "value")
    for ends, side, key, align in ((least, -1, "low", "right"), (most, 1, "high", "left")):
        places = np.array([*ends[key], *ends["value"], middle])
        place = np.nanmin(places) if side < 0 else np.nanmax(places)
        text, away = str(ends["setting"].iloc[0]), (7 * side, 0)
        axes.annotate(
            text, (place, row), away, textcoords="offset points", fontsize=style.SMALL, va="center",
            ha=align, parse_math=False,
        )  # fmt: skip


# --- words --------------------------------------------------------------------------------------


def _title(found: Found) -> str:
    clear = found.clear
    outcome = style.said(found.outcome)
    if clear.empty:
        return f"{outcome}: no factor stands out from luck"
    first = clear.iloc[0]
    (size,), _ = style.amounts([float(first["value"])], "")
    return f"{outcome} depends most on {first['factor']}: {_name(found)} {size}"


def _name(found: Found) -> str:
    return NAMES[RANKS_BY[found.method]]


def _axis(found: Found) -> str:
    measured = _unit(found.outcome) if found.method == "morris" else ""
    return f"{AXES[found.method]}{measured}"


def _unit(outcome: str) -> str:
    known = unit(outcome) if outcome in MEASURES or outcome in DURATIONS else ""
    return f" ({known})" if known else ""


def _factor(name: str) -> str:
    """The name of a factor with its unit."""
    of = PATHS[name].unit if name in PATHS else ""
    return f"{name} ({of})" if of and name != LEVER else name


def _floored(found: Found) -> Any:
    return found.indices["luck"].notna().any()


def _rest(number: int, most: int) -> str:
    return f" Of {number} factors the first {most}." if number > most else ""

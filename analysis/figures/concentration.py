"""How concentrated awards are among the vendors that competed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis import style
from analysis.access import concentration, holdings, lorenz
from analysis.tables import Tables

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.observed import Target

_WHAT = {"contracts": ("contracts", style.BLUE, "-"), "money": ("money of contracts", style.VERMILION, "--")}


def draw(tables: Tables, observed: Sequence[Target]) -> Figure:  # noqa: ARG001 (all charts take the same)
    """Lorenz curves of awards over the vendors that competed, with the indices beside."""
    grid = np.linspace(0, 1, 201)
    found = concentration(tables)
    note = "Vendors that proposed or bid, from the least to the most successful. Shades: 95% of the runs."
    figure, axes = style.sheet(_title(found), style.caption(tables, note), columns=2)
    lines, numbers = axes
    for what, (name, colour, line) in _WHAT.items():
        curves = [lorenz(each, grid) for each in holdings(tables, what) if each.sum() > 0]
        if curves:
            low, high = np.percentile(curves, (2.5, 97.5), axis=0)
            lines.fill_between(100 * grid, 100 * low, 100 * high, color=colour, alpha=0.18, linewidth=0)
            lines.plot(
                100 * grid, 100 * np.mean(curves, axis=0), color=colour, linestyle=line, linewidth=2.4,
                label=name,
            )  # fmt: skip
    lines.plot([0, 100], [0, 100], color=style.GREY, linewidth=1.2, linestyle=":", label="all alike")
    lines.set(xlim=(0, 100), ylim=(0, 100))
    style.named(lines, "vendors that competed (%)", "of all awards (%)", "Lorenz curve")
    style.key(lines, loc="upper left")
    _numbers(numbers, found)
    return figure


def _title(found: pd.DataFrame) -> str:
    rows = {(row["what"], row["index"]): row["mean"] for row in found.to_dict("records")}
    if not rows:
        return "No contracts were awarded"
    five, many = rows.get(("money", "top_5_share")), rows["contracts", "winners"]
    money = "" if five is None else f"; five of them have {five:.0%} of the money"
    return f"{many:.0f} vendors win contracts{money}"


#: index -> what it is called, and how its numbers are written
_NAMES = {
    "winners": ("vendors with a contract", "{:.0f}"),
    "effective_winners": ("winners of equal size\n(1 / Herfindahl)", "{:.1f}"),
    "herfindahl": ("Herfindahl-Hirschman\nindex", "{:.3f}"),
    "gini": ("Gini coefficient", "{:.2f}"),
    "top_5_share": ("share of the five\nlargest", "{:.2f}"),
}


def _numbers(axes: Axes, found: pd.DataFrame) -> None:
    """The indices as text, for contracts and for money, with their intervals."""
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(len(_NAMES) + 0.2, -0.8))
    style.named(axes, title="Indices: mean (95% interval)")
    for at, what in ((0.5, "contracts"), (0.83, "money")):
        axes.text(at, -0.4, what, fontsize=style.TEXT, ha="center", weight="bold", color=_WHAT[what][1])
    rows = {(row["what"], row["index"]): row for row in found.to_dict("records")}
    for place, (index, (name, form)) in enumerate(_NAMES.items()):
        axes.text(0.0, place + 0.4, name, fontsize=style.SMALL, va="center")
        for at, what in ((0.5, "contracts"), (0.83, "money")):
            row = rows.get((what, index))
            axes.text(at, place + 0.4, _said(row, form), fontsize=style.SMALL, va="center", ha="center")


def _said(row: dict[Any, Any] | None, form: str) -> str:
    if row is None:
        return "–"
    ends = f"\n({form.format(row['low'])} to {form.format(row['high'])})" if np.isfinite(row["low"]) else ""
    return f"{form.format(row['mean'])}{ends}"

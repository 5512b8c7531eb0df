"""Who trusts whom: the departments and vendors that deal most with each other, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis import style
from analysis.network import pairs
from analysis.tables import RUN, Tables, is_, until

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.observed import Target

#: most departments and vendors that are drawn
DEPARTMENTS, VENDORS = 10, 13

#: most signs of a name
LONGEST = 16

#: the part of the colours that is dark enough on white, from no trust to full trust
SHADES = (0.12, 1.0)


class View(NamedTuple):
    """The pairs that have dealt with each other by a day, with a title."""

    title: str
    pairs: pd.DataFrame


def draw(tables: Tables, observed: Sequence[Target]) -> Figure:  # noqa: ARG001 (all charts take the same)
    """Two panels of the first run: departments on the left, vendors on the right, trust between them."""
    one = first(tables)
    day, why = _turn(one)
    views = [View(f"{why}, {_date(one, day)}", _trusting(until(one, day))), View(_end(one), _trusting(one))]
    departments, vendors = _chosen(views[-1].pairs)
    note = (
        f"Drawn is the first run: {len(departments)} departments with many partners, {len(vendors)} of their "
        "vendors. A line is a pair that has dealt with each other, the darker and thicker the more trust."
    )
    figure, axes = style.sheet(_title(views), style.caption(tables, note), columns=2)
    kinds = dict(zip(one.cases["vendor"].astype(str), one.cases["vendor_kind"].astype(str), strict=True))
    for axis, view in zip(axes, views, strict=True):
        axis.set_axis_off()
        style.named(axis, title=view.title)
        _panel(axis, view.pairs, departments, {name: kinds.get(name, "") for name in vendors})
    _scale(figure, axes)
    return figure


def first(tables: Tables) -> Tables:
    """The first run alone."""
    scenario, seed = tables.runs[RUN].astype({"scenario": str}).iloc[0]
    parts = (
        part[(part["seed"] == seed).to_numpy() & is_(part["scenario"], scenario)].reset_index(drop=True)
        for part in (tables.runs, tables.cases, tables.events)
    )
    return Tables(*parts)


def _turn(one: Tables) -> tuple[float, str]:
    """The day of the first change of policy, or else the middle of the run."""
    told = is_(one.events["kind"], "policy") & (one.events["time"].to_numpy() > 0)
    if told.any():
        return float(one.events["time"].to_numpy()[told][0]), "Before the change of policy"
    return float(one.runs["days"].iloc[0]) / 2, "Half-way"


def _date(one: Tables, day: float) -> str:
    return str(np.datetime64(one.runs["start"].iloc[0], "D") + np.timedelta64(int(day), "D"))


def _end(one: Tables) -> str:
    return f"At the end, {_date(one, float(one.runs['days'].iloc[0]))}"


def _trusting(one: Tables) -> pd.DataFrame:
    found = pairs(one.cases, one.events)
    return found[found["trust"].notna().to_numpy()].astype({"department": str, "vendor": str})


def _title(views: Sequence[View]) -> str:
    before, after = (view.pairs["trust"] for view in views)
    if not len(after):
        return "No trust between departments and vendors is on record"
    means = f"mean trust goes from {before.mean():.2f} to {after.mean():.2f}" if len(before) else ""
    return f"Pairs that have dealt with each other grow from {len(before)} to {len(after)}; {means}".rstrip(
        "; "
    )


def _chosen(found: pd.DataFrame) -> tuple[list[str], list[str]]:
    """The departments with the most partners, and their vendors, so that lines cross little."""
    most = found["department"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    departments = sorted(most.index[:DEPARTMENTS])
    mine = found[found["department"].isin(departments).to_numpy()]
    counts = mine["vendor"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    vendors = list(counts.index[:VENDORS])
    shown = mine[mine["vendor"].isin(vendors).to_numpy()]
    for _ in range(4):  # the barycentre rule of Sugiyama, Tagawa and Toda 1981
        vendors = _by_partners(shown, "vendor", vendors, "department", departments)
        departments = _by_partners(shown, "department", departments, "vendor", vendors)
    return [name for name in departments if (shown["department"] == name).any()], vendors


def _by_partners(
    shown: pd.DataFrame, side: str, names: list[str], other: str, places: list[str]
) -> list[str]:
    rank = {name: place / max(1, len(places)) for place, name in enumerate(places)}
    middle = shown[other].map(rank).astype(float).groupby(shown[side]).mean()
    return sorted(names, key=lambda name: (middle.get(name, 1.0), name))


def _panel(axes: Axes, found: pd.DataFrame, departments: list[str], vendors: dict[str, str]) -> None:
    left, right = _heights(departments), _heights(list(vendors))
    axes.set(xlim=(-0.62, 1.62), ylim=(-0.04, 1.04))
    shown = found[(found["department"].isin(departments) & found["vendor"].isin(vendors)).to_numpy()]
    for row in shown.sort_values("trust").to_dict("records"):
        ends = [left[row["department"]], right[row["vendor"]]]
        axes.plot([0, 1], ends, color=_colour(row["trust"]), linewidth=1 + 6 * row["trust"],
                  solid_capstyle="round")  # fmt: skip
    for name, height in left.items():
        axes.text(-0.04, height, shorten(name), ha="right", va="center", fontsize=style.SMALL)
    for name, height in right.items():
        axes.text(1.04, height, shorten(f"{name} {vendors[name]}"), va="center", fontsize=style.SMALL)


def shorten(name: str) -> str:
    """A name that fits beside the lines."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _heights(names: list[str]) -> dict[str, float]:
    return dict(zip(names, np.linspace(1, 0, max(2, len(names))).tolist(), strict=False))


def _colour(trust: float) -> tuple[float, float, float, float]:
    from matplotlib import colormaps

    red, green, blue, alpha = colormaps["viridis_r"](SHADES[0] + (SHADES[1] - SHADES[0]) * trust)
    return red, green, blue, alpha


def _scale(figure: Figure, axes: Sequence[Axes]) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    shades = ListedColormap([_colour(trust) for trust in np.linspace(0, 1, 128)])
    scale = figure.colorbar(ScalarMappable(Normalize(0, 1), shades), ax=list(axes), shrink=0.6, aspect=28)
    scale.ax.tick_params(labelsize=style.SMALL)
    scale.set_label("trust of the department (0 to 1)", fontsize=style.TEXT)

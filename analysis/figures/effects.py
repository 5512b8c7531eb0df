"""Effects over a posterior, measure by measure, beside what chance alone leaves open of their mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis import contrasts, style
from analysis.pairs import Contrast

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analysis.tables import Floats

#: effects beyond so many deviations of a pair are drawn at the edge
EDGE = 10.0


def draw(contrast: Contrast) -> Figure:
    """A row a measure: wide the interval over the posterior, narrow that of the mean by chance alone."""
    base, *others = contrast.names
    tables = {other: _rows(contrast, other) for other in others}
    names, known = _chosen(list(tables.values()))
    note = (
        "Light bars: the effect in 95% of the cities that the posterior describes; dark bars: 95% interval of"
        " its mean were the parameters known."
        + ("" if others[1:] else " On the right: the parameters' part of the variance of a pair.")
        + (f" Of {known} measures, those with the largest effects." if known > len(names) else "")
    )
    figure, (axes,) = style.sheet(
        _title(contrast),
        style.comparison_caption(contrast, note),
        keys=style.key_rows(others) if others[1:] else 0,
    )
    for place, (other, table) in enumerate(tables.items()):
        rows = table.reindex(names)
        heights = contrasts.heights(len(names), place, len(others))
        _bars(axes, rows, heights, place, other, 9 / len(others) ** 0.5)
        if not others[1:]:
            _shares(axes, rows)
    label = f"difference from {base}, in standard deviations of the difference of a pair of runs"
    contrasts.about_zero(figure, axes, names, others, label)
    return figure


def _rows(contrast: Contrast, other: str) -> pd.DataFrame:
    """The effects of one scenario by measure, in deviations of a pair; NaN where nothing varies."""
    assert contrast.effects is not None
    mine = contrast.effects[(contrast.effects["other"].astype(str) == other).to_numpy()].set_index("measure")
    whole = mine["parameters"] + mine["luck"]
    ends = mine[["effect", "low", "high", "chance_low", "chance_high"]]
    return ends.div(np.sqrt(whole.where(whole > 0)), axis=0).assign(share=mine["share"])


def _chosen(tables: Sequence[pd.DataFrame]) -> tuple[list[str], int]:
    """The measures with the largest effects, in the order of the tables, and how many vary at all."""
    import pandas as pd

    sizes = pd.concat([table["effect"].abs() for table in tables], axis=1).max(axis=1).dropna()
    chosen = set(sizes.nlargest(style.ROWS).index)
    return [str(name) for name in sizes.index if name in chosen], len(sizes)


def _bars(axes: Axes, rows: pd.DataFrame, heights: Floats, place: int, name: str, width: float) -> None:
    colour, _, look = style.scenario_look(place + 1)
    within = rows[["effect", "low", "high", "chance_low", "chance_high"]].clip(-EDGE, EDGE)
    middle, *ends = (within[column].to_numpy(dtype=float) for column in within)
    axes.hlines(heights, ends[0], ends[1], color=colour, linewidth=width, alpha=0.35)
    axes.hlines(heights, ends[2], ends[3], color=colour, linewidth=0.4 * width)
    axes.plot(middle, heights, marker=look, color=colour, linestyle="", markersize=6, zorder=4)
    axes.plot([], [], marker=look, color=colour, linestyle="", markersize=7, label=name)
    contrasts.beyond(axes, rows["effect"].to_numpy(dtype=float), heights, EDGE, "{:+.1f}", colour)


def _shares(axes: Axes, rows: pd.DataFrame) -> None:
    """The parameters' part of the variance, on the right."""
    place = axes.get_yaxis_transform()
    for height, share in enumerate(rows["share"].to_numpy(dtype=float)):
        told = f"{share:.0%} parameters" if np.isfinite(share) else "no parts known"
        axes.text(1.01, height, told, transform=place, fontsize=style.SMALL, va="center")


def _title(contrast: Contrast) -> str:
    assert contrast.effects is not None
    base, *others = contrast.names
    table = contrast.effects[(contrast.effects["parameters"] + contrast.effects["luck"]).to_numpy() > 0]
    sure = (table["low"] > 0) | (table["high"] < 0)
    if len(others) == 1:
        return f"Over the posterior, {others[0]} differs from {base} in {sure.sum()} of {len(table)} measures"
    counts = sure.groupby(table["other"], sort=False).sum()
    return f"Over the posterior, {counts.idxmax()} differs most from {base}: in {counts.max()} measures"

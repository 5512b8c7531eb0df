"""Two outcomes against each other: every run of each policy, where most lie, and the mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis import style
from analysis.measures import MEASURES
from analysis.pairs import Contrast
from analysis.tables import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: share of the runs that an ellipse is to hold, were they normal
HELD = 0.8


def draw(contrast: Contrast, x: str = "money_spent", y: str = "value_delivered") -> Figure:
    """A scatter of the runs, an ellipse that holds about 80% of them, and the mean of each policy."""
    note = (
        f"Small marks: runs; ellipses: about {HELD:.0%} of the runs; large marks: means of the runs; "
        "grey lines: from the mean of the base to those of the others."
    )
    keys = style.key_rows(contrast.names)
    figure, (axes,) = style.sheet(_title(contrast, x, y), style.comparison_caption(contrast, note), keys=keys)
    means = []
    for place, name in enumerate(contrast.names):
        runs = contrast.of(name)[[x, y]].dropna().to_numpy(dtype=float)
        if len(runs):
            means.append(_cloud(axes, runs, place, name))
    for mean in means[1:]:
        axes.plot(*np.column_stack([means[0], mean]), color=style.GREY, linewidth=1.2, zorder=3)
    style.named(axes, _axis(x), _axis(y))
    style.key_above(figure, *axes.get_legend_handles_labels(), columns=style.key_columns(contrast.names))
    return figure


def _axis(name: str) -> str:
    return f"{style.said(name)} ({MEASURES[name].unit})"


def _cloud(axes: Axes, runs: Floats, place: int, name: str) -> Floats:
    colour, line, marker = style.scenario_look(place)
    mean = runs.mean(axis=0)
    axes.plot(*runs.T, marker=marker, linestyle="", color=colour, alpha=0.35, markersize=5, markeredgewidth=0)
    if len(runs) > 2:
        around = ellipse(runs)
        axes.fill(*around.T, color=colour, alpha=0.08, linewidth=0)
        axes.plot(*around.T, color=colour, linestyle=line, linewidth=2)
    axes.plot(
        *mean, marker=marker, linestyle="", color=colour, markersize=13, markeredgecolor="white",
        markeredgewidth=1.5, zorder=5, label=name,
    )  # fmt: skip
    return np.asarray(mean)


def ellipse(runs: Floats, held: float = HELD) -> Floats:
    """The ellipse that holds a share of normal points with the mean and covariance of these.

    Args:
        runs: array of shape (runs, 2).
        held: share of the points.

    Returns:
        A closed line, array of shape (points, 2).
    """
    angle = np.linspace(0, 2 * np.pi, 181)
    values, axes = np.linalg.eigh(np.cov(runs, rowvar=False))
    # two squared normal deviates exceed -2 ln(1 - held) in 1 - held of the cases
    radius = np.sqrt(-2 * np.log(1 - held) * np.maximum(values, 0.0))
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    return np.asarray(runs.mean(axis=0) + (circle * radius) @ axes.T)


def _title(contrast: Contrast, x: str, y: str) -> str:
    base, *others = contrast.names
    means = {name: contrast.of(name)[[x, y]].mean().to_numpy(dtype=float) for name in contrast.names}
    spread = contrast.outcomes[[x, y]].std().to_numpy(dtype=float)
    away = {name: means[name] - means[base] for name in others if not np.isnan(means[name]).any()}
    if not away or np.isnan(means[base]).any():
        return f"{style.said(x)} and {style.said(y)}"
    far = max(away, key=lambda name: float(np.sum((away[name] / np.where(spread > 0, spread, np.inf)) ** 2)))
    moved = " and ".join(
        f"{style.said(name)} {_signed(float(value), name)}"
        for name, value in zip((x, y), away[far], strict=True)
    )
    return f"{far} {'lies furthest from' if others[1:] else 'against'} {base}: {moved}"


def _signed(value: float, name: str) -> str:
    (size,), kind = style.amounts([value], MEASURES[name].unit, "+")
    return f"{size} {kind}"

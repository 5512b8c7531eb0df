"""How the calibration went: tolerance, acceptance and effective sample size, generation by generation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis import style
from analysis.panels import caption_of
from analysis.posterior import Calibrated
from analysis.tables import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw(calibrated: Calibrated) -> Figure:
    """Three panels over the model runs spent: the tolerance falls, acceptance falls, the sample holds."""
    table = calibrated.generations
    note = (
        "A mark a generation. Tolerance: the largest distance from the observed figures at which a draw is "
        "kept, as a root mean square in standard errors."
    )
    figure, axes = style.sheet(_title(calibrated), caption_of(calibrated, note), columns=3)
    generation = table["generation"].to_numpy(dtype=float)
    for one, column, scale, name, colour in zip(
        axes,
        ("epsilon", "acceptance", "effective"),
        (1, 100, 1),
        ("tolerance (standard errors)", "accepted (% of runs)", "effective sample size (draws)"),
        (style.BLUE, style.VERMILION, style.GREEN),
        strict=True,
    ):
        _line(one, generation, scale * table[column].to_numpy(dtype=float), colour)
        style.named(one, "generation", "", name)
    return figure


def _line(axes: Axes, generation: Floats, values: Floats, colour: str) -> None:
    from matplotlib.ticker import MaxNLocator

    shown = np.isfinite(values)
    axes.plot(generation[shown], values[shown], color=colour, marker="o", markersize=9, linewidth=2.4)
    axes.set_ylim(0, 1.12 * max(float(values[shown].max(initial=0.0)), 1e-9))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    for place in {0, int(shown.sum()) - 1} if shown.any() else set():
        x, y = generation[shown][place], values[shown][place]
        axes.annotate(
            f"{y:.3g}" if y < 100 else f"{y:,.0f}", (x, y), (0, 9), textcoords="offset points", ha="center",
            va="bottom", fontsize=style.SMALL, color=colour, weight="bold", zorder=5,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.85},
        )  # fmt: skip
    if shown.any():
        axes.set_xlim(generation.min() - 0.9, generation.max() + 0.9)


def _title(calibrated: Calibrated) -> str:
    known = calibrated.generations["epsilon"].to_numpy(dtype=float)
    known = known[np.isfinite(known)]
    if not len(known):
        return "No generation has been finished"
    number = len(calibrated.generations)
    plural = "generations" if number != 1 else "generation"
    return f"After {number} {plural} draws are kept within {known[-1]:.2f} standard errors"

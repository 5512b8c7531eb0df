"""Charts with a panel a parameter: how many fit, how they are laid out and what is said below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from analysis import style
from sim.parameters import PATHS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analysis.posterior import Calibrated, Diagnosed

#: most panels in a chart
MOST = 16

#: up to so many panels -> how many of them stand beside each other
COLUMNS = {1: 1, 4: 2, 9: 3, MOST: 4}


def panelled(number: int, title: str, caption: str, keys: int = 0, **grid: Any) -> tuple[Figure, list[Axes]]:
    """An empty figure with so many panels, at least one and at most ``MOST``."""
    number = max(1, min(number, MOST))
    columns = next(columns for most, columns in COLUMNS.items() if number <= most)
    figure, axes = style.sheet(title, caption, -(-number // columns), columns, keys, **grid)
    for one in axes[number:]:
        one.set_visible(False)
    return figure, axes[:number]


def outer(axes: Sequence[Axes], x: str | None, y: str) -> None:
    """Names of the axes, where they are seen: below the lowest panels and at the left."""
    columns = sum(_row(one) == 0 for one in axes)
    for place, one in enumerate(axes):
        if place % columns == 0:
            one.set_ylabel(y, fontsize=style.SMALL)
        if x is not None and place + columns >= len(axes):
            one.set_xlabel(x, fontsize=style.SMALL)
            one.tick_params(labelbottom=True)


def _row(axes: Axes) -> int:
    place = axes.get_subplotspec()
    return 0 if place is None else place.rowspan.start


def called(path: str) -> str:
    """A parameter's path, and its unit if it has one."""
    unit = PATHS[path].unit if path in PATHS else ""
    return f"{path} ({unit})" if unit else path


def told(value: float) -> str:
    """A parameter's value in a few signs."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def caption_of(calibrated: Calibrated, note: str) -> str:
    """The posterior's name, and of how many draws and runs, then a note on what is drawn."""
    number = len(calibrated.shares)
    return (
        f"Posterior {calibrated.name} · {number:,} draws from {calibrated.runs:,} runs of the model. {note}"
    )


def caption_of_cities(diagnosed: Diagnosed, note: str) -> str:
    """How many synthetic cities, draws and runs, then a note on what is drawn."""
    cities, draws = len(diagnosed.truths), len(diagnosed.draws[0]) if len(diagnosed.draws) else 0
    return (
        f"{diagnosed.name} · {cities:,} synthetic cities with known parameters, {draws:,} draws for each, "
        f"{diagnosed.runs:,} runs of the model. {note}"
    )


def chosen(number: int, how: str, most: int = MOST) -> str:
    """What is said of parameters that are not drawn for want of room."""
    return f" Of {number} parameters the {most} {how}." if number > most else ""


def signed(value: float, form: str) -> str:
    """A number with its sign, a true minus, and no minus before nothing."""
    return f"{value:+z{form}}".replace("-", "−")

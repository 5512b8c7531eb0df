"""What has become of proposals before the POC by each month: outcomes that compete, by channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis import style
from analysis.competing import OUTCOMES, Fates, by_group, fates, of_fates
from analysis.figures.incidence import months
from analysis.tables import Floats, Tables, is_
from sim.calendar import MONTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.observed import Target

#: outcome -> name, colour, hatch; from the bottom, with what is open between the goal and the losses
LOOKS = {
    "reached": ("POC", style.BLUE, ""),
    "open": ("still open", "#F2F2F2", ""),
    "withdrawn": ("withdrawn", style.LIGHT, ".."),
    "competition": ("another vendor chosen", style.GREEN, ""),
    "administrative": ("administration, law, politics", style.SKY, ""),
    "technical": ("not ready or not fitting", style.ORANGE, "//"),
    "financial": ("money", style.YELLOW, ""),
    "other": ("bought without a POC", style.PURPLE, "xx"),
}


def draw(tables: Tables, observed: Sequence[Target]) -> Figure:  # noqa: ARG001 (all charts take the same)
    """What has become of proposals by each month: a panel a channel, with areas that add up to 100%."""
    grid, found = months(tables), fates(tables, "poc")
    column = tables.cases["channel"].iloc[found.case]
    names = list(by_group(tables, "poc", "channel", grid[:1])) or ["all"]
    panels = {name: _of(found, is_(column, name) if name != "all" else None, grid) for name in names}
    whole = _of(found, None, grid)
    note = "Aalen-Johansen estimate of competing outcomes before the POC; open cases are censored."
    figure, axes = style.sheet(
        _title(whole), style.caption(tables, note), columns=len(panels), keys=2, sharey=True
    )
    for one, (name, shares) in zip(axes, panels.items(), strict=True):
        _areas(one, shares, grid / MONTH, {key for key, values in whole.items() if np.nanmax(values) > 0.2})
        style.named(one, "months since submission", "", style.CHANNEL_NAMES.get(name, name))
    axes[0].set_ylabel("share of proposals (%)", fontsize=style.TEXT)
    style.key_above(figure, *axes[0].get_legend_handles_labels(), columns=4)
    return figure


def _of(found: Fates, chosen: Any, grid: Floats) -> dict[str, Floats]:
    curves = of_fates(found if chosen is None else found.only(chosen), grid)
    shares = {name: 100 * curves[name].share for name in OUTCOMES}
    return {**shares, "open": np.maximum(0.0, 100 - sum(shares.values(), np.zeros(len(grid))))}


def _title(shares: Mapping[str, Floats]) -> str:
    losses = {name: np.nanmax(values) for name, values in shares.items() if name not in ("reached", "open")}
    most = max(losses, key=lambda name: losses[name])
    if not losses[most] > 0:
        return f"{np.nanmax(shares['reached']):.0f}% of proposals reach a POC"
    name = LOOKS[most][0]
    return (
        f"{np.nanmax(shares['reached']):.0f}% of proposals reach a POC; the main reason of loss before: "
        f"{name} ({losses[most]:.0f}%)"
    )


def _areas(axes: Axes, shares: Mapping[str, Floats], x: Floats, shown: set[str]) -> None:
    below = np.zeros(len(x))
    for key, (name, colour, hatch) in LOOKS.items():
        if key not in shown:
            continue
        axes.fill_between(
            x, below, below + shares[key], color=colour, hatch=hatch, edgecolor="white", linewidth=0.6,
            label=name,
        )  # fmt: skip
        below = below + shares[key]
    axes.set(xlim=(0, x[-1]), ylim=(0, 100), xticks=np.arange(0, x[-1] + 0.01, 12))
    axes.grid(visible=False)

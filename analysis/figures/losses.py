"""Why cases are lost, by the part of the funnel in which it happens, and by channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from analysis import style
from analysis.funnel import channels
from analysis.measures import reached
from analysis.tables import Floats, Tables, is_
from sim.stages import Reason

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.observed import Target

#: the part in which services are that citizens pay for
MARKET = "on the market"

#: part of the funnel -> the stages from which a case left it there
PARTS = {
    "before the POC": ("submitted", "screened", "matched", "cleared"),
    "in the POC": ("poc", "extended", "second_poc"),
    "in procurement": ("preparation", "tender", "retender"),
    "after the award": ("contract", "deployed"),
    MARKET: ("launched",),
}

#: colour and hatch of each reason
LOOKS = {
    Reason.MISFIT: (style.VERMILION, ""),
    Reason.FINANCIAL: (style.YELLOW, ""),
    Reason.TECHNICAL: (style.ORANGE, "//"),
    Reason.ADMINISTRATIVE: (style.SKY, ""),
    Reason.REGULATORY: (style.BLUE, ""),
    Reason.POLITICAL: (style.PURPLE, "xx"),
    Reason.COMPETITION: (style.GREEN, ""),
    Reason.WITHDRAWN: (style.LIGHT, ".."),
}
DARK = {style.BLUE, style.GREEN, style.VERMILION}


def draw(tables: Tables, observed: Sequence[Target]) -> Figure:  # noqa: ARG001 (all charts take the same)
    """One panel a channel, one bar a part of the funnel: shares of the reasons, and losses a run."""
    names = channels(tables) or ["bottom_up"]
    losses = {name: counted(tables, name) for name in names}
    parts = _shown(np.sum(list(losses.values()), axis=0))
    note = (
        "Shares over all runs pooled; on the right the mean number of losses in a run. After the award: "
        "closed before service, or given up in service. Who followed a POC counts in the channel of that POC."
    )
    title = _title(np.sum(list(losses.values()), axis=0), bool(reached(tables, "poc").any()))
    figure, axes = style.sheet(title, style.caption(tables, note), len(names), 1, keys=1, sharex=True)
    for one, (name, table) in zip(axes, losses.items(), strict=True):
        _panel(one, table[parts], [list(PARTS)[part] for part in parts], len(tables.runs))
        style.named(one, "", "", style.CHANNEL_NAMES.get(name, name))
    axes[-1].set_xlabel("share of the losses in that part of the funnel (%)", fontsize=style.TEXT)
    style.key_above(figure, *axes[0].get_legend_handles_labels(), columns=len(Reason))
    return figure


def counted(tables: Tables, channel: str) -> Floats:
    """Losses of a channel in all runs, array of shape (parts, reasons)."""
    mine = is_(tables.channel, channel) & is_(tables.last["target"], "closed", "abandoned")
    found = [
        [
            np.sum(mine & is_(tables.last["origin"], *stages) & is_(tables.last["reason"], why))
            for why in Reason
        ]
        for stages in PARTS.values()
    ]
    return np.array(found, dtype=float)


def _shown(losses: Floats) -> list[int]:
    """Places of the parts to draw: the market only where services were launched on it and given up."""
    return [place for place, part in enumerate(PARTS) if part != MARKET or losses[place].any()]


def _title(losses: Floats, pocs: bool) -> str:
    early = losses[0]
    if not early.sum():
        return "Why cases are lost"
    reason = list(Reason)[int(early.argmax())].value
    return (
        f"{early.sum() / losses.sum():.0%} of losses fall before the {'POC' if pocs else 'tender'}; "
        f"the first reason there is: {reason} ({early.max() / early.sum():.0%})"
    )


def _panel(axes: Axes, table: Floats, parts: Sequence[str], runs: int) -> None:
    whole, left = table.sum(axis=1), np.zeros(len(parts))
    for reason, share in zip(Reason, 100 * table.T / np.maximum(whole, 1), strict=True):
        colour, hatch = LOOKS[reason]
        axes.barh(
            range(len(parts)),
            share,
            0.72,
            left,
            color=colour,
            hatch=hatch,
            edgecolor="white",
            label=reason.value,
        )
        for place, part in enumerate(share):
            if part >= 6:
                _write(axes, left[place] + part / 2, place, f"{part:.0f}", colour)
        left += share
    for place, number in enumerate(whole / runs):
        told = f"{number:.{0 if number >= 10 else 1}f} a run" if number else "none"
        axes.text(101, place, told, va="center", fontsize=style.SMALL)
    axes.set_yticks(range(len(parts)), parts)
    axes.set(xlim=(0, 112), xticks=range(0, 101, 20))
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")


def _write(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    axes.text(
        x, y, text, ha="center", va="center", fontsize=style.SMALL,
        color="white" if colour in DARK else "black",
        bbox={"facecolor": colour, "edgecolor": "none", "pad": 1},
    )  # fmt: skip

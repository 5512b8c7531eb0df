"""Whether the posterior can be trusted: ranks of the true values of synthetic cities among their draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis import style
from analysis.bands import CountBand
from analysis.panels import MOST, caption_of_cities, chosen, outer, panelled
from analysis.posterior import Diagnosed, bins_of, counted, half_level, rank_band, ranks, uniform
from analysis.tables import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw(diagnosed: Diagnosed) -> Figure:
    """A histogram a parameter in the band that uniform ranks keep within, those first that do not."""
    found, number = ranks(diagnosed.truths, diagnosed.draws), _draws(diagnosed)
    bins = bins_of(len(found), number)
    table = uniform(found, number, diagnosed.level, bins) if len(found) else None
    verdicts = {} if table is None else dict(zip(table["parameter"], table["verdict"], strict=True))
    names = sorted(verdicts, key=lambda name: verdicts[name] == "uniform")
    figure, axes = panelled(
        len(names), _title(list(verdicts.values())), caption_of_cities(diagnosed, _note(diagnosed, names)), 1,
        sharex=True, sharey=True,
    )  # fmt: skip
    if names:
        band = rank_band(len(found), bins, half_level(diagnosed.level), number)
        for one, name in zip(axes, names[:MOST], strict=False):
            _panel(one, counted(found[name], number, bins), band, verdicts[name])
            _named(one, name, verdicts[name])
    outer(axes, "share of the draws below", "cities")
    _key(figure)
    return figure


def _key(figure: Figure) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [
        Line2D([], [], color=style.BLUE, linewidth=2.4),
        Line2D([], [], color=style.VERMILION, linewidth=2.4),
        Patch(color=style.LIGHT),
        Line2D([], [], color=style.GREY, linestyle="--", linewidth=1.4),
    ]
    names = ["cities, as a right posterior gives", "cities, unlike a right posterior", "band", "expected"]
    style.key_above(figure, handles, names, columns=len(names))


def _draws(diagnosed: Diagnosed) -> int:
    return len(diagnosed.draws[0]) if len(diagnosed.draws) else 0


def _note(diagnosed: Diagnosed, names: list[str]) -> str:
    by_chance = len(names) * (1 - diagnosed.level)
    return (
        "Right posteriors give flat histograms. Band: what all bins keep within at once; the distribution "
        "function must keep within another (Säilynoja and others 2022), and both hold with "
        f"{diagnosed.level:.0%}: up to {by_chance:.1f} parameters fail by chance."
        f"{chosen(len(names), 'least uniform')}"
    )


def _panel(axes: Axes, counts: Floats, band: CountBand, verdict: str) -> None:
    from matplotlib.ticker import MaxNLocator

    edges = np.linspace(0, 1, len(counts) + 1)
    good = verdict == "uniform"
    axes.stairs(band.high, edges, baseline=band.low, fill=True, color=style.LIGHT, zorder=1)
    axes.stairs(
        band.expected, edges, baseline=None, color=style.GREY, linestyle="--", linewidth=1.4, zorder=2
    )
    axes.stairs(counts, edges, color=style.BLUE if good else style.VERMILION, linewidth=2.4, zorder=3)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.grid(visible=False)


def _named(axes: Axes, name: str, verdict: str) -> None:
    good = verdict == "uniform"
    axes.set_title(
        f"{name}\n{verdict if good else 'posterior ' + verdict}", fontsize=style.SMALL, loc="left", pad=3,
        color=style.BLACK if good else style.VERMILION, parse_math=False, linespacing=1.1,
    )  # fmt: skip


def _title(verdicts: list[str]) -> str:
    good = verdicts.count("uniform")
    if not verdicts:
        return "No synthetic city has been tried"
    number = f"{len(verdicts)} parameter{'' if len(verdicts) == 1 else 's'}"
    return f"{good} of {number} pass: the ranks of true values are uniform"

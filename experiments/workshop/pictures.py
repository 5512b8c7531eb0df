"""Pictures for the page: the funnel side by side strips of dots, and texts for those who do not see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from experiments.workshop import measured, words
from experiments.workshop.words import say

if TYPE_CHECKING:
    import pandas as pd

    from analysis.echarts import Bar, Key, Panel
    from analysis.tables import Floats

#: the steps of the funnel that are drawn, as far as they occur
STEPS = (
    "submitted", "screened", "matched", "poc", "poc_completed", "contract", "deployed", "launched",
)  # fmt: skip

#: height of a strip's chart in pixels
STRIP = 150


class Look(NamedTuple):
    """How a policy is drawn: its name as other people wrote it, its colour and symbol."""

    name: str
    colour: str
    symbol: str


def looks(names: Sequence[str]) -> list[Look]:
    """The first policy is grey, the others have colours that colour-blind people can tell apart."""
    from analysis import style

    colours = (style.GREY, style.BLUE, style.VERMILION, style.GREEN, style.PURPLE)
    symbols = ("circle", "rect", "diamond", "triangle", "arrow")
    return [Look(name, *pair) for name, pair in zip(names, zip(colours, symbols, strict=True), strict=False)]


def key(look: Look) -> dict[str, Any]:
    """An entry of a legend."""
    return {"name": look.name, "colour": look.colour, "symbol": look.symbol, "hollow": False}


def keys(looks_: Sequence[Look]) -> list[Key]:
    """The looks as the charts of the analysis want them."""
    from analysis.echarts import Key

    return [Key(look.name, look.colour, look.symbol) for look in looks_]


def chart(
    id_: str, title: str, alt: str, panel: Panel, shown: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """A chart for the page."""
    return {
        "id": id_, "title": title, "alt": alt, "option": panel.option, "height": panel.height,
        "keys": [dict(each) for each in shown],
    }  # fmt: skip


# --- the funnel ---------------------------------------------------------------------------------


def steps(funnels: Sequence[pd.DataFrame]) -> list[str]:
    """The steps worth showing: a launch without a purchase only where there was one."""
    known = [step for step in STEPS if step in funnels[0]]
    return [step for step in known if step != "launched" or any(table[step].any() for table in funnels)]


def funnel(language: str, funnels: Sequence[pd.DataFrame], names: Sequence[str]) -> dict[str, Any]:
    """How many cases reach each step, a bar for each policy."""
    from analysis import echarts

    shown, drawn = steps(funnels), looks(names)
    found = [[bar(language, table[step].to_numpy(dtype=float)) for step in shown] for table in funnels]
    rows = [say(language, f"step.{step}") for step in shown]
    most = max((each.high for row in found for each in row), default=1.0)
    panel = echarts.grouped("", say(language, "effect.cases"), rows, keys(drawn), found, most)
    alt = say(language, "effect.funnel_alt", told=bars_told(language, rows, names, found))
    return chart("funnel", say(language, "effect.funnel"), alt, panel, [key(each) for each in drawn])


def bar(language: str, values: Floats, factor: float = 1.0) -> Bar:
    """The mean of runs with the range of 9 of 10 of them, in words too."""
    from analysis.echarts import Bar

    low, high = (factor * end for end in measured.nine(values))
    mean = factor * float(values.mean())
    told = (
        f"{say(language, 'effect.column_average')} {words.number(mean)}",
        say(language, "effect.nine", low=words.number(low), high=words.number(high)),
    )
    return Bar(mean, low, high, told)


def bars_told(
    language: str, rows: Sequence[str], names: Sequence[str], found: Sequence[Sequence[Bar]]
) -> str:
    """The means of all bars as sentences."""
    told = []
    for place, row in enumerate(rows):
        values = [
            say(language, "effect.named_value", name=name, mean=words.number(mine[place].value))
            for name, mine in zip(names, found, strict=True)
        ]
        told.append(
            say(language, "effect.step_told", step=row, values=say(language, "language.comma").join(values))
        )
    return say(language, "language.sentences").join(told)


# --- strips of dots -----------------------------------------------------------------------------


def swarm(
    language: str, measure: str, values: Sequence[Floats], seeds: Sequence[int], rows: Sequence[Look]
) -> dict[str, Any]:
    """A dot for each simulated city: a row for the start, and one for what is set now."""
    import numpy as np

    from analysis import echarts

    base = values[0][~np.isnan(values[0])]
    title, factor = measured.titled(language, measure, float(base.max()) if len(base) else 0.0)
    scaled = [factor * each for each in values]
    strips = [strip(language, look, each, seeds) for look, each in zip(rows, scaled, strict=True)]
    along = echarts.ends(scaled[0].tolist(), np.concatenate(scaled).tolist())
    told = say(language, "language.sentences").join(
        strip_told(language, look.name, each) for look, each in zip(rows, scaled, strict=True)
    )
    alt = say(language, "effect.swarm_alt", told=told)
    return chart(
        measure, title, alt, echarts.swarm("", "", strips, along, STRIP), [key(each) for each in rows]
    )


def strip(language: str, look: Look, values: Floats, seeds: Sequence[int]) -> Any:
    """A row of dots with the mean in its name, so that it can be read from afar."""
    from analysis.echarts import Strip

    mean = _mean(values)
    tips = [
        (
            look.name,
            say(language, "effect.city", seed=seed) + say(language, "language.colon") + words.number(value),
        )
        for seed, value in zip(seeds, values.tolist(), strict=True)
    ]
    told = say(language, "effect.mean_of", name=look.name, mean=words.number(mean))
    return Strip(f"{look.name} {words.number(mean)}", look.colour, values.tolist(), tips, mean, (told,))


def strip_told(language: str, name: str, values: Floats) -> str:
    """A row of dots as a sentence."""
    import numpy as np

    known = values[~np.isnan(values)]
    low, high = measured.nine(known) if len(known) else (np.nan, np.nan)
    ends = {"low": words.number(low), "high": words.number(high)}
    return say(language, "effect.strip_told", name=name, mean=words.number(_mean(known)), **ends)


def _mean(values: Floats) -> float:
    import numpy as np

    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")

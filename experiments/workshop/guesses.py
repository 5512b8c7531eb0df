"""What a room guesses before a run, and how the guesses stand beside what the simulated cities give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple
from unicodedata import east_asian_width

from experiments.workshop import measured, pictures, words
from experiments.workshop.effect import FEW
from experiments.workshop.words import say

if TYPE_CHECKING:
    from analysis.echarts import Ends, Option, Strip
    from analysis.tables import Floats
    from experiments.workshop.crew import Harvest

#: guesses that get their name in the picture, names in a sentence, and how far names are cut
LABELLED, NAMED, LONGEST = 24, 4, 14

#: of the picture: pixels that it is thought to be wide, and between two lines of names
WIDE, LANE = 760, 22


class Guessed(NamedTuple):
    """A measure that can be guessed: the least and most that may be guessed, in steps.

    Shares are guessed as so many of 100, money in millions of NT$.
    """

    measure: str
    low: float
    high: float
    step: float

    def name(self, language: str) -> str:
        """What is guessed."""
        return measured.name(language, self.measure)

    def unit(self, language: str) -> str:
        """The unit of a guess."""
        return measured.unit(language, self.measure)


#: what can be guessed, by measure
GUESSED: dict[str, Guessed] = {
    each.measure: each
    for each in (
        Guessed("proposals_received", 0, 1000, 5),
        Guessed("proposal_to_poc", 0, 100, 1),
        Guessed("projects", 0, 200, 1),
        Guessed("needs_solved", 0, 200, 1),
        Guessed("money_wasted", 0, 500, 1),
        Guessed("first_round_failures", 0, 200, 1),
    )
}


def judged(harvest: Harvest, measure: str, guesses: Mapping[str, float], language: str) -> dict[str, Any]:
    """The guesses of a room beside the simulated cities.

    Args:
        harvest: runs of the policy that was guessed about.
        measure: one of ``GUESSED``.
        guesses: by name, in the unit that ``GUESSED`` says.
        language: code of the language.

    Returns:
        ``sentences`` and ``charts`` as JSON has them.

    Raises:
        KeyError: this measure cannot be guessed.
    """
    import numpy as np

    asked = GUESSED[measure]
    outcomes = harvest.evidence.outcomes
    values = outcomes[measure].to_numpy(dtype=float) * measured.scale(measure)
    there = ~np.isnan(values)
    if not there.any():
        return {"sentences": [say(language, "guesses.unknown")], "charts": []}
    seeds = outcomes["seed"].to_numpy()[there].tolist()
    sentences = list(_sentences(language, asked, values[there], guesses))
    return {"sentences": sentences, "charts": [_chart(language, asked, values[there], seeds, guesses)]}


# --- sentences ----------------------------------------------------------------------------------


def _sentences(language: str, asked: Guessed, values: Floats, guesses: Mapping[str, float]) -> Iterator[str]:
    if len(values) < FEW:
        yield say(language, "effect.first", n=len(values))
    if not guesses:
        yield say(language, "guesses.none")
        return
    middle, (low, high) = median(values.tolist()), measured.nine(values)
    room = median(guesses.values())
    told = {"guess": _told(language, asked, room), "found": _told(language, asked, middle)}
    yield say(language, "guesses.middle", n=len(values), **told)
    inside = sum(low <= guess <= high for guess in guesses.values())
    ends = {"low": _told(language, asked, low), "high": _told(language, asked, high)}
    yield say(language, "guesses.within", inside=inside, guesses=len(guesses), **ends)
    yield from _leaning(language, guesses, middle)
    yield _nearest(language, asked, guesses, middle)


def _told(language: str, asked: Guessed, value: float) -> str:
    """A value in the unit of a guess."""
    return measured.level(language, asked.measure, value / measured.scale(asked.measure))


def _leaning(language: str, guesses: Mapping[str, float], middle: float) -> Iterator[str]:
    """Whether two thirds of the room or more lie on one side."""
    sides = {
        "low": sum(guess < middle for guess in guesses.values()),
        "high": sum(guess > middle for guess in guesses.values()),
    }
    for side, n in sides.items():
        if len(guesses) > 2 and 3 * n >= 2 * len(guesses):
            yield say(language, f"guesses.{side}", n=n, guesses=len(guesses))


def nearest(guesses: Mapping[str, float], middle: float) -> tuple[list[str], float]:
    """Who came nearest, all of them where several did, and how far away they are."""
    away = min(abs(guess - middle) for guess in guesses.values())
    return [who for who, guess in guesses.items() if abs(guess - middle) <= away + 1e-9], away


def _nearest(language: str, asked: Guessed, guesses: Mapping[str, float], middle: float) -> str:
    who, away = nearest(guesses, middle)
    named = _names(language, who)
    if away < 1e-9:
        return say(language, "guesses.exact", who=named)
    if len(who) > 1:
        return say(language, "guesses.tied", who=named, away=_away(language, asked, away))
    return say(language, "guesses.nearest", who=named, guess=_told(language, asked, guesses[who[0]]))


def _away(language: str, asked: Guessed, away: float) -> str:
    value = away / measured.scale(asked.measure)
    return measured.amount(language, measured.kind(asked.measure), value)


def _names(language: str, who: Sequence[str]) -> str:
    if len(who) <= NAMED:
        return words.joined(language, who)
    first = say(language, "language.comma").join(who[:NAMED])
    return say(language, "guesses.more", names=first, n=len(who) - NAMED)


# --- the picture --------------------------------------------------------------------------------


def _chart(
    language: str, asked: Guessed, values: Floats, seeds: Sequence[int], guesses: Mapping[str, float]
) -> dict[str, Any]:
    """A row of guesses with their names over a row of simulated cities."""
    from analysis import echarts, style

    title, factor = measured.titled(language, asked.measure, float(values.max()))
    factor /= measured.scale(asked.measure)
    look = pictures.Look(say(language, "guesses.row_cities"), style.BLUE, "circle")
    cities = pictures.strip(language, look, factor * values, seeds)
    guessed = [factor * guess for guess in guesses.values()]
    along = echarts.ends([*(factor * values).tolist(), *guessed])
    lanes = _lanes(list(guesses), guessed, along)
    height = 52 + 2 * max(90, LANE * (1 + max(lanes, default=0)))
    panel = echarts.swarm("", "", [_empty(language), cities], along, height)
    panel.option["series"].append(_guesses(language, guesses, guessed, lanes, along))
    told = say(language, "language.sentences").join(
        [*_guesses_told(language, asked, guesses), pictures.strip_told(language, look.name, factor * values)]
    )
    alt = say(language, "guesses.alt", told=told)
    keys = [
        {
            "name": say(language, "guesses.row_guesses"),
            "colour": style.VERMILION,
            "symbol": "diamond",
            "hollow": False,
        }
    ]
    return pictures.chart("guesses", title, alt, panel, [*keys, pictures.key(look)])


def _empty(language: str) -> Strip:
    from analysis import style
    from analysis.echarts import Strip

    return Strip(say(language, "guesses.row_guesses"), style.VERMILION, (), ())


def _guesses_told(language: str, asked: Guessed, guesses: Mapping[str, float]) -> Iterator[str]:
    for who, guess in list(guesses.items())[:LABELLED]:
        told = say(language, "guesses.guessed", who=who, guess=_told(language, asked, guess))
        yield say(language, "effect.sentence", text=told)


def _lanes(who: Sequence[str], guessed: Sequence[float], along: Ends) -> list[int]:
    """The line on which each guess stands, so that no name covers another."""
    spans = []
    for place, (name, value) in enumerate(zip(who, guessed, strict=True)):
        at = WIDE * (value - along.low) / (along.high - along.low)
        width = _width(_short(name)) if len(who) <= LABELLED else 12
        spans.append((at - width if _leftwards(value, along) else at, width + 14, place))
    free, lanes = list[float](), [0] * len(who)
    for begin, width, place in sorted(spans):
        lane = next((lane for lane, end in enumerate(free) if end <= begin), len(free))
        free[lane : lane + 1] = [begin + width]
        lanes[place] = lane
    return lanes


def _leftwards(value: float, along: Ends) -> bool:
    """Whether a name stands to the left of its mark, as there is no room on the right."""
    return value > along.low + 0.75 * (along.high - along.low)


def _width(name: str) -> float:
    """About how wide a name is, with the mark before it, in pixels."""
    return 26 + sum(17 if east_asian_width(sign) in "WF" else 9.5 for sign in name)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def plain(name: str) -> str:
    """A name in which no brace begins a placeholder of the charts."""
    return name.replace("{", "{\u2060")


def _guesses(
    language: str, guesses: Mapping[str, float], guessed: Sequence[float], lanes: Sequence[int], along: Ends
) -> Option:
    """The guesses as marks with names; where there are too many the names are in the tips alone."""
    from analysis import style
    from analysis.echarts import tidy

    top, apart = max(lanes, default=0) / 2, LANE if len(guesses) <= LABELLED else 9
    data = [
        {
            "value": [tidy(value), 0],
            "name": plain(_short(who)),
            "tip": [say(language, "guesses.guessed", who=who, guess=words.number(value))],
            "symbolOffset": [0, round((lane - top) * apart, 1)],
            "label": {"position": "left" if _leftwards(value, along) else "right"},
        }
        for who, value, lane in zip(guesses, guessed, lanes, strict=True)
    ]
    label = {"show": len(guesses) <= LABELLED, "position": "right", "formatter": "{b}", "color": "#1a1a1a"}
    return {
        "type": "scatter", "name": say(language, "guesses.row_guesses"), "symbol": "diamond",
        "symbolSize": 13,
        "itemStyle": {"color": style.VERMILION, "borderColor": "#ffffff"}, "label": label,
        "data": data, "z": 5,
    }  # fmt: skip

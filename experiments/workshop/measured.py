"""The measures of a run in words: their names, units, amounts, and which way is better."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from analysis.measures import MEASURES
from experiments.workshop import words
from experiments.workshop.words import say

if TYPE_CHECKING:
    from analysis.tables import Floats

Kind = Literal["count", "money", "share", "days"]

#: what the effect of a lever is shown by
MEASURES_SHOWN = (
    "proposals_received", "proposal_to_poc", "projects", "needs_solved", "money_wasted", "value_delivered",
)  # fmt: skip

#: what policies are compared by
MEASURES_COMPARED = (
    "proposals_received", "proposal_to_poc", "poc_started", "poc_to_project", "projects", "needs_solved",
    "value_delivered", "money_spent", "money_wasted", "first_round_failures", "pilots_stuck", "days_to_poc",
    "startup_share", "own_awards", "survival_2y", "vendor_cost",
)  # fmt: skip

#: measure -> 1 where more is better, -1 where less is; of the others nobody can say by the number alone
BETTER = {
    "projects": 1, "needs_solved": 1, "value_delivered": 1, "survival_2y": 1,
    "money_wasted": -1, "first_round_failures": -1, "pilots_stuck": -1, "days_to_poc": -1, "vendor_cost": -1,
}  # fmt: skip
#: the verdict on a difference of which nobody can say whether it is good
CHANGED = "changed"


def kind(measure: str) -> Kind:
    """What sort of number a measure is."""
    return of_unit(MEASURES[measure].unit)


def of_unit(unit: str) -> Kind:
    """What sort of number a unit is of."""
    kinds: dict[str, Kind] = {"NT$ m": "money", "share": "share", "days": "days"}
    return kinds.get(unit, "count")


def scale(measure: str) -> float:
    """What a value is multiplied with before it is told: shares are told as so many of 100."""
    return 100.0 if kind(measure) == "share" else 1.0


def name(language: str, measure: str) -> str:
    """What a measure is called."""
    return say(language, f"measure.{measure}")


def unit(language: str, measure: str) -> str:
    """The unit in which a measure is told, amounts of money in millions."""
    what = kind(measure)
    if what == "money":
        return say(language, "language.money_million")
    return say(language, f"measure.unit_{what if what in ('share', 'days') else MEASURES[measure].unit}")


def titled(language: str, measure: str, most: float) -> tuple[str, float]:
    """The title of a chart of a measure, and the factor of its numbers, where the largest is ``most``."""
    if kind(measure) != "money":
        return name(language, measure), scale(measure)
    told, factor = words.money_unit(language, most)
    return say(language, "language.bracketed", text=name(language, measure), more=told), factor


def amount(language: str, what: Kind, value: float) -> str:
    """An amount, given in units of the measure (a share 0 to 1, money in millions of NT$)."""
    if what == "money":
        return words.money(language, value)
    if what == "share":
        return say(language, "measure.share_plain", amount=words.number(100 * value))
    return say(language, f"measure.{what}", amount=words.number(value))


def level(language: str, measure: str, value: float) -> str:
    """The value of a measure, so that it can stand alone: ``35 of 100``."""
    if kind(measure) == "share":
        return say(language, "measure.share", amount=words.number(100 * value))
    return amount(language, kind(measure), value)


def size(language: str, what: Kind, difference: float) -> str:
    """How much more or less: ``4 more``, ``NT$ 12 million less``."""
    way = "up" if difference > 0 else "down"
    return say(language, f"measure.{what}_{way}", amount=amount(language, what, abs(difference)))


def ends(language: str, what: Kind, low: float, high: float) -> tuple[str, str]:
    """The ends of an interval without zero, the nearer to zero first, without a sign."""
    near, far = sorted((abs(low), abs(high)))
    return amount(language, what, near), amount(language, what, far)


def signed(language: str, what: Kind, low: float, high: float) -> str:
    """An interval of differences: ``2 fewer to 4 more``."""
    return say(language, "language.range", low=size(language, what, low), high=size(language, what, high))


def verdict(measure: str, difference: float) -> str:
    """Whether a difference is ``better``, ``worse``, or just ``changed``."""
    wish = BETTER.get(measure, 0)
    return CHANGED if not wish else "better" if (difference > 0) == (wish > 0) else "worse"


def nine(values: Floats | Sequence[float]) -> tuple[float, float]:
    """Between which values 9 of 10 runs lie."""
    import numpy as np

    low, high = np.nanquantile(values, (0.05, 0.95))
    return float(low), float(high)


def group(language: str, by: str, name_: str) -> str:
    """The name of a group: a channel, a kind of vendor, a department."""
    if by != "department":
        return say(language, f"group.{name_}") if words.known(language, f"group.{name_}") else name_
    domain, _, place = name_.rpartition(" ")
    key = f"group.department_{domain.lower()}"
    return say(language, key, number=place) if words.known(language, key) else name_

"""What a room may change: the levers of a city, in the families in which an official looks for them.

A lever is a number of :mod:`sim.parameters`, or a policy of :mod:`sim.policies` that is in force or not.
Unit, range, evidence and source come from there; names and explanations are texts of the page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from experiments.workshop.words import say, texts
from sim.errors import ParameterError
from sim.parameters import PATHS, Parameters, Row, Value
from sim.policies import POLICIES

Kind = Literal["slider", "switch", "choice"]

#: how the id of a switch of :data:`sim.policies.POLICIES` begins
POLICY = "policy:"

_SOURCES = {f"{POLICY}all_hands": "G7"}
_LABELS = re.compile("[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Lever:
    """One thing that a room may change.

    Attributes:
        id: path of a parameter, or ``policy:`` and the name of a policy.
        kind: of control.
        low: lowest setting of a slider; 0 for others.
        high: highest setting of a slider; 1 for others.
        step: between two settings of a slider; 1 for others.
        options: of a choice.
        narrowed: why a slider does not reach over the parameter's whole range, where it does not.
    """

    id: str
    kind: Kind
    low: float = 0
    high: float = 1
    step: float = 1
    options: tuple[str, ...] = ()
    narrowed: str = ""

    def __post_init__(self) -> None:
        """Check that the lever moves something that exists, within its range.

        Raises:
            ValueError: it does not.
        """
        known = self.policy in POLICIES if self.policy else self.id in PATHS
        if not known:
            raise ValueError(f"{self.id} is nothing that can be moved")
        if self.kind == "slider" and not (self.low < self.high and self.step > 0):
            raise ValueError(f"{self.id} has no way to slide")

    @property
    def policy(self) -> str:
        """The name of the policy that the lever switches; empty where it moves a number."""
        return self.id.removeprefix(POLICY) if self.id.startswith(POLICY) else ""

    @property
    def key(self) -> str:
        """The beginning of the keys of its texts."""
        return self.id.replace(".", "_").replace(":", "_")

    def checked(self, value: object) -> Value:
        """A setting of the lever, of the type that it has in the model.

        Raises:
            ParameterError: the lever cannot be set to that.
        """
        if self.policy:
            if not isinstance(value, bool):
                raise ParameterError("must be true or false", key=self.id)
            return value
        if not isinstance(value, bool | int | float | str):
            raise ParameterError("must be one value", key=self.id)
        exact = isinstance(Parameters().at(self.id), int) and isinstance(value, float) and value.is_integer()
        setting = Parameters().with_(self.id, int(value) if exact else value).at(self.id)
        if self.kind == "slider" and not self.low <= float(setting) <= self.high:
            raise ParameterError(f"must be from {self.low:g} to {self.high:g}, not {setting}", key=self.id)
        return setting

    def described(self, language: str) -> dict[str, Any]:
        """All that the page shows of the lever, JSON-ready, in one language."""
        row = PATHS.get(self.id)
        return {
            "id": self.id,
            "kind": self.kind,
            "name": say(language, f"lever.{self.key}_name"),
            "meaning": say(language, f"lever.{self.key}_meaning"),
            "unit": unit(row, language),
            "low": self.low,
            "high": self.high,
            "step": self.step,
            "options": [{"value": name, "name": _option(name, language)} for name in self.options],
            "evidence": say(language, f"lever.evidence_{row.evidence if row else 'policy'}"),
            "range": _range(row, language),
            "seen": say(language, f"lever.{self.key}_seen"),
            "source": row.source if row else _SOURCES.get(self.id, ""),
        }


def unit(row: Row | None, language: str) -> str:
    """The unit of a parameter in words; empty where it has none."""
    return say(language, f"unit.{unit_key(row.unit)}") if row and row.unit else ""


def unit_key(name: str) -> str:
    """The key of the text of a unit."""
    return _LABELS.sub("_", name.lower()).strip("_")


def _range(row: Row | None, language: str) -> str:
    if row is None or row.low is None or row.high is None:
        return ""
    return say(language, "lever.range", low=f"{row.low:g}", high=f"{row.high:g}", unit=unit(row, language))


def _option(name: str, language: str) -> str:
    """The name of an option; one that another package adds has no text here and goes by its own name."""
    key = f"rule_{name}"
    return say(language, f"lever.{key}") if key in texts(language).get("lever", {}) else name


def _slider(
    path: str, step: float, low: float | None = None, high: float | None = None, why: str = ""
) -> Lever:
    row = PATHS[path]
    ends = (row.low if low is None else low, row.high if high is None else high)
    return Lever(path, "slider", float(ends[0] or 0), float(ends[1] or 0), step, narrowed=why)


def _switch(name: str) -> Lever:
    return Lever(name, "switch")


def _choice(path: str) -> Lever:
    return Lever(path, "choice", options=PATHS[path].options)


_LONG = "longer than any city is known to take"
_MANY = "more than a city of this size could do"

#: family -> its levers, in the order in which they are shown
FAMILIES: dict[str, tuple[Lever, ...]] = {
    "intake": (
        _switch("bottom_up.open"),
        _switch("top_down.open"),
        _switch("problem_led.open"),
        _switch("challenge.open"),
        _switch("pitch.open"),
        _slider("problem_led.calls", 1, 1, 6, "whole calls, and no more than fit into a year"),
        _slider("problem_led.window", 1, 5, 120, _LONG),
        _slider("problem_led.reach", 0.05),
        _slider("problem_led.challenges", 1, 1, 60, _MANY),
        _switch("problem_led.validation"),
        _slider("working_groups.meetings", 1, 0, 12, "at most once a month"),
    ),
    "office": (
        _switch("pmo.exists"),
        _slider("pmo.staff", 1, 0, 60, "three times as many as were seen"),
        _slider("pmo.case_share", 0.05),
        _switch(f"{POLICY}all_hands"),
        _slider("pmo.autonomy", 0.05),
        _slider("pmo.strictness", 0.05),
        _slider("pmo.contacts", 0.05),
    ),
    "politics": (
        _slider("politics.support", 0.05),
        _slider("politics.volatility", 0.02, 0, 0.5, "beyond it support is nothing but noise"),
        _slider("politics.turnover", 0.05),
        _slider("politics.embedding", 0.05),
        _slider("steering.interval", 7, 7, 364, "at least one meeting a year"),
        _slider("steering.slots", 1, 0, 20, "more cases than a meeting can hear"),
    ),
    "poc": (
        _switch("poc.required"),
        _slider("poc.city_share", 0.05),
        _slider("poc.days", 1, 14, 365, _LONG),
        _switch("poc.midway"),
        _slider("poc.midway_bar", 0.02),
        _slider("poc.pass_bar", 0.02),
        _slider("poc.extensions", 1, 0, 3, _LONG),
        _switch("poc.second"),
    ),
    "procurement": (
        _choice("procurement.rule"),
        _switch("procurement.three_bidders"),
        _slider("procurement.small_limit", 0.1, 0, 5, "far above the limit in any law that was found"),
        _slider("procurement.open_limit", 0.5, 0, 20, "most contracts lie below it"),
        _slider("procurement.quality_weight", 0.05),
        _slider("procurement.privilege", 0.05, 0, 0.5, "beyond it no rival can win"),
        _slider("procurement.window", 1, 14, 90, _LONG),
        _slider("procurement.writing_days", 5, 0, 365, _LONG),
        _slider("procurement.result_share", 0.05),
        _slider("procurement.pain_share", 0.05),
    ),
    "regulation": (
        _slider("clearance.sandbox", 0.05),
        _switch("closed_field.wanted"),
        _slider("clearance.burden", 0.02),
    ),
    "capability": (
        _switch("training.offered"),
        _switch("champions.appointed"),
        _switch("monitoring.indicators"),
        _slider("learning.monitoring", 0.05),
        _switch("language.shared"),
    ),
    "ecosystem": (
        _switch("hub.exists"),
        _switch("platform.exists"),
        _switch("finance.brokered"),
        _switch("incubation.exists"),
        _switch("exchange.open"),
        _slider("competition.contests", 1, 0, 4, _MANY),
    ),
}

#: id -> lever
LEVERS: Mapping[str, Lever] = {lever.id: lever for family in FAMILIES.values() for lever in family}


def described(language: str) -> list[dict[str, Any]]:
    """The families with their levers as the page shows them.

    Args:
        language: code of the language of the texts.

    Returns:
        One JSON-ready mapping a family: ``id``, ``name`` and ``levers`` (see :meth:`Lever.described`).
    """
    return [
        {
            "id": family,
            "name": say(language, f"family.{family}"),
            "levers": [lever.described(language) for lever in levers],
        }
        for family, levers in FAMILIES.items()
    ]

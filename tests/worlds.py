"""Small worlds for tests: scenarios made of numbers alone, without a file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from math import sqrt

from sim.parameters import Parameters, Value
from sim.scenario import Change, Scenario

START = date(2016, 1, 1)

#: nothing happens by itself: no vendors, no needs, no intake, no politics, nothing is learnt
STILL: dict[str, Value] = {
    "city.departments": 1,
    "city.domains": 1,
    "vendors.initial": 0,
    "vendors.entry": 0,
    "needs.initial": 0,
    "needs.arrival": 0,
    "bottom_up.open": False,
    "top_down.open": False,
    "politics.volatility": 0,
    "politics.success_gain": 0,
    "politics.failure_loss": 0,
    **{
        f"learning.{name}": 0
        for name in (
            "poc",
            "specification",
            "trust_gain",
            "trust_loss",
            "culture_gain",
            "culture_loss",
            "reputation_gain",
            "reputation_loss",
            "nearby",
            "experience",
        )
    },
}

#: vendors are alike, never leave, know every need and can answer it fully
ABLE: dict[str, Value] = {
    "vendors.tester_share": 0,
    "vendors.knowledge": 1,
    "vendors.patience": 2000,
    "vendors.patience_spread": 0,
    "vendors.cash_spread": 0,
    "vendors.sme.share": 0,
    "vendors.large.share": 0,
    "vendors.startup.cash": 1000,
    "vendors.startup.margin": 0,
    "vendors.startup.margin_spread": 0,
    "vendors.startup.breadth": 0.5,
}


def world(
    *numbers: Mapping[str, Value],
    days: int = 1096,
    cities: Mapping[str, Mapping[str, Value]] | None = None,
    elections: tuple[date, ...] = (),
    policies: tuple[str, ...] = (),
    timeline: tuple[Change, ...] = (),
) -> Scenario:
    """A scenario of ``days`` days with the defaults and, one after the other, ``numbers``."""
    parameters = Parameters()
    for group in numbers:
        for path, value in group.items():
            parameters = parameters.with_(path, value)
    return Scenario(
        name="test",
        question="What does the test ask?",
        start=START,
        end=START + timedelta(days=days),
        elections=elections,
        cities=cities or {"Taipei": {}},
        parameters=parameters,
        policies=policies,
        timeline=timeline,
        notes={},
        observed=None,
    )


def z_score(found: float, expected: float, variance: float) -> float:
    """How many standard errors ``found`` lies from ``expected``."""
    return (found - expected) / sqrt(variance)

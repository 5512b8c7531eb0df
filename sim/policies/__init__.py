"""Policies, one lever a file. Outside packages add theirs by the entry point ``cityfunnel.policies``."""

from __future__ import annotations

from sim.conditions import Policy
from sim.plugins import outside
from sim.policies.all_hands import AllHands
from sim.policies.no_office import NoOffice
from sim.policies.no_poc import NoPoc
from sim.policies.problem_led import ProblemLedIntake

#: name in scenario files -> class
POLICIES: dict[str, type[Policy]] = {
    "all_hands": AllHands,
    "no_office": NoOffice,
    "no_poc": NoPoc,
    "problem_led": ProblemLedIntake,
}
POLICIES |= outside("cityfunnel.policies", POLICIES)

"""Policies, one lever a file. Outside packages add theirs by the entry point ``cityfunnel.policies``."""

from __future__ import annotations

from sim.conditions import Policy
from sim.plugins import outside
from sim.policies.all_hands import AllHands
from sim.policies.champions import Champions
from sim.policies.hub import Hub
from sim.policies.incubation import Incubation
from sim.policies.monitoring import Monitoring
from sim.policies.no_office import NoOffice
from sim.policies.no_poc import NoPoc
from sim.policies.platform import CityPlatform
from sim.policies.private_finance import PrivateFinance
from sim.policies.problem_led import ProblemLedIntake
from sim.policies.shared_language import SharedLanguage
from sim.policies.training import Training

#: name in scenario files -> class
POLICIES: dict[str, type[Policy]] = {
    "all_hands": AllHands,
    "no_office": NoOffice,
    "no_poc": NoPoc,
    "problem_led": ProblemLedIntake,
    "hub": Hub,
    "platform": CityPlatform,
    "private_finance": PrivateFinance,
    "incubation": Incubation,
    "training": Training,
    "champions": Champions,
    "monitoring": Monitoring,
    "shared_language": SharedLanguage,
}
POLICIES |= outside("cityfunnel.policies", POLICIES)

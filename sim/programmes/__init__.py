"""Programmes that a city runs beside the funnel, one a file, each with its own clock.

A programme reads the conditions at each turn of its clock, and does nothing while it is not wanted.
"""

from __future__ import annotations

from sim.programmes.champions import Champions
from sim.programmes.citizens import Citizens
from sim.programmes.closed_field import ClosedField
from sim.programmes.competition import Competition
from sim.programmes.hub import Hub
from sim.programmes.incubation import Incubation
from sim.programmes.platform import Platform
from sim.programmes.programme import Programme
from sim.programmes.training import Training
from sim.programmes.working_groups import WorkingGroups

__all__ = ["PROGRAMMES", "Programme"]

#: name -> class
PROGRAMMES: dict[str, type[Programme]] = {
    "closed_field": ClosedField,
    "hub": Hub,
    "platform": Platform,
    "incubation": Incubation,
    "training": Training,
    "champions": Champions,
    "working_groups": WorkingGroups,
    "competition": Competition,
    "citizens": Citizens,
}

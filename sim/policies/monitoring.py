"""Indicators for every POC and purchase."""

from __future__ import annotations

from sim.conditions import Conditions, Situation


class Monitoring:
    """Follow every POC and every purchase by indicators."""

    def __call__(self, conditions: Conditions, situation: Situation) -> Conditions:
        """The conditions with indicators."""
        return conditions.with_("monitoring.indicators", True)

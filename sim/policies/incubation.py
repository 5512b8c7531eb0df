"""A start-up programme."""

from __future__ import annotations

from sim.conditions import Conditions, Situation


class Incubation:
    """Give start-ups places, money and help to become ready."""

    def __call__(self, conditions: Conditions, situation: Situation) -> Conditions:
        """The conditions with a start-up programme."""
        return conditions.with_("incubation.exists", True)

"""A city without a Project Management Office."""

from __future__ import annotations

from sim.conditions import Conditions, Situation


class NoOffice:
    """Vendors and departments find each other alone."""

    def __call__(self, conditions: Conditions, situation: Situation) -> Conditions:
        """The conditions without an office."""
        return conditions.with_("pmo.exists", False)

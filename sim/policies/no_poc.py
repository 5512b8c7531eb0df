"""Purchases without a proof of concept."""

from __future__ import annotations

from sim.conditions import Conditions, Situation


class NoPoc:
    """Departments buy from the paper."""

    def __call__(self, conditions: Conditions, situation: Situation) -> Conditions:
        """The conditions in which no purchase needs a POC."""
        return conditions.with_("poc.required", False)

"""A physical innovation hub."""

from __future__ import annotations

from sim.conditions import Conditions, Situation


class Hub:
    """Bring firms, academia and the city under one roof."""

    def __call__(self, conditions: Conditions, situation: Situation) -> Conditions:
        """The conditions with a hub."""
        return conditions.with_("hub.exists", True)

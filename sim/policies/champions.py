"""Champions of innovation in departments."""

from __future__ import annotations

from sim.conditions import Conditions, Situation


class Champions:
    """Let officials who are keen on innovation speak for it among their peers."""

    def __call__(self, conditions: Conditions, situation: Situation) -> Conditions:
        """The conditions with champions."""
        return conditions.with_("champions.appointed", True)

"""An office that answers a backlog with all its people."""

from __future__ import annotations

from sim.conditions import Conditions, Situation


class AllHands:
    """While more tasks wait than the office has people, everybody works on cases."""

    def __call__(self, conditions: Conditions, situation: Situation) -> Conditions:
        """The conditions with the whole staff on cases while there is a backlog."""
        if situation.waiting <= conditions.pmo.staff:
            return conditions
        return conditions.with_("pmo.case_share", 1.0)

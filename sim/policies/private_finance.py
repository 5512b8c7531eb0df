"""Private money for what has begun."""

from __future__ import annotations

from sim.conditions import Conditions, Situation


class PrivateFinance:
    """Introduce firms that run a POC or a service to private investors."""

    def __call__(self, conditions: Conditions, situation: Situation) -> Conditions:
        """The conditions in which the city makes introductions."""
        return conditions.with_("finance.brokered", True)

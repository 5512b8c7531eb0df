"""A city platform with open interfaces."""

from __future__ import annotations

from sim.conditions import Conditions, Situation


class CityPlatform:
    """Put data and devices of the city on a platform that services are built on."""

    def __call__(self, conditions: Conditions, situation: Situation) -> Conditions:
        """The conditions with a platform."""
        return conditions.with_("platform.exists", True)

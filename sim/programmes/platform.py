"""A city platform of data and devices that services are built on (S56 S57)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.calendar import MONTH
from sim.luck import Concern

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.cases import Need
    from sim.parameters import Platform as Rules

#: months in a year, over which the cost is spread
_YEAR = 12


class Platform:
    """The platform of one city: each month it takes up the needs that it has come to cover."""

    def __init__(self, city: City) -> None:
        self._city, self._model = city, city.model
        self._runs = False
        city.attractions.append(self._draw)

    def begin(self) -> None:
        """Look at the platform every month."""
        self._model.calendar.after(MONTH, self._month)

    def _draw(self, domain: int, kind: str) -> float:
        """Chance that a candidate comes because interfaces open to all make a small firm's start cheap."""
        rules = self._city.conditions.platform
        small = kind != "large"
        return rules.draw * rules.coverage if rules.exists and rules.open and small else 0.0

    def _month(self) -> None:
        self._model.calendar.after(MONTH, self._month)
        rules = self._city.conditions.platform
        if not rules.exists and not self._runs:
            return
        self._runs = rules.exists
        if rules.exists:
            self._model.pay(self._city, "world", rules.cost * rules.coverage / _YEAR, "platform", self._city)
        for department in self._city.departments:
            for need in department.needs:
                self._take_up(need, rules)

    def _take_up(self, need: Need, rules: Rules) -> None:
        covered = self._model.luck.uniform(Concern.ON_PLATFORM, need.key) < rules.coverage
        need.integrated = rules.exists and covered
        need.insight = rules.insight if need.integrated and rules.open else 0.0

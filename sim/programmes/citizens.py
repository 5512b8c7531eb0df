"""Citizens and grass-roots groups bring their demands to departments (R34)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.calendar import MONTH, YEAR
from sim.luck import Concern

if TYPE_CHECKING:
    from sim.agents.city import City


class Citizens:
    """Demands come as a Poisson process; each makes a department see the worst of its latent needs."""

    def __init__(self, city: City) -> None:
        self._city, self._model = city, city.model
        self._demands = 0

    def begin(self) -> None:
        """Await the first demand."""
        self._await()

    def _await(self) -> None:
        rate = self._city.conditions.citizens.demands * len(self._city.departments)
        if rate <= 0:  # a dated change may raise it
            self._model.calendar.after(MONTH, self._await)
            return
        self._demands += 1
        gap = self._model.luck.wait(YEAR / rate, Concern.DEMAND_GAP, self._city.key, self._demands)
        self._model.calendar.after(gap, self._demand, self._demands)

    def _demand(self, number: int) -> None:
        self._await()
        city, rules = self._city, self._city.conditions.citizens
        if rules.demands <= 0:  # the way was closed before this demand came
            return
        at = self._model.luck.pick(len(city.departments), Concern.DEMAND, city.key, number)
        department = city.departments[at]
        need = department.worst(0.0, unstated=True)
        if need:
            department.state(need, rules.clarity, "citizens")

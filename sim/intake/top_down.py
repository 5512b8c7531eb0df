"""Top-down intake: departments review their roadmaps, and vendors are sought for their needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.calendar import MONTH, YEAR
from sim.luck import Concern

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.department import Department
    from sim.agents.vendor import Vendor


class TopDownRoadmap:
    """Each department reviews its roadmap at regular intervals, from a day of its own on."""

    def __init__(self, city: City) -> None:
        self._city, self._model = city, city.model

    def begin(self) -> None:
        """Spread the departments' first reviews over one interval."""
        for department in self._city.departments:
            phase = self._model.luck.uniform(Concern.DEPARTMENT_PHASE, department.key)
            self._await(department, 1, phase)

    def meet(self, vendor: Vendor) -> None:
        """Vendors are sought when a need is there, not before."""

    def _await(self, department: Department, turn: int, intervals: float) -> None:
        reviews = self._city.conditions.top_down.reviews
        if reviews <= 0:  # a dated change may raise it
            self._model.calendar.after(MONTH, self._await, department, turn, intervals)
            return
        self._model.calendar.after(intervals * YEAR / reviews, self._review, department, turn)

    def _review(self, department: Department, turn: int) -> None:
        self._await(department, turn + 1, 1.0)
        rules = self._city.conditions.top_down
        need = department.worst(rules.threshold)
        if not rules.open or need is None:
            return
        if need.stated is None:
            department.state(need, rules.clarity, "roadmap")
        need.funded = self._model.luck.uniform(Concern.FUNDED, need.key) < rules.funded
        self._city.pmo.search(need, turn)

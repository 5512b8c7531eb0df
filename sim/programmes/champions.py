"""Champions: officials who speak for innovation among their peers (R60)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.calendar import YEAR

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.department import Department


class Champions:
    """The network of champions of one city."""

    def __init__(self, city: City) -> None:
        self._city, self._model = city, city.model

    def begin(self) -> None:
        """Await the first meeting."""
        self._await()

    def _await(self) -> None:
        pause = YEAR / self._city.conditions.champions.meetings
        self._model.calendar.after(pause, self._meet)

    def _meet(self) -> None:
        self._await()
        rules = self._city.conditions.champions
        if rules.appointed:
            for department in self._reached():
                department.encourage(rules.example)

    def _reached(self) -> list[Department]:
        """Departments with a champion, and those that work with one of them."""
        departments, linked = self._city.departments, self._city.ties.linked
        with_one = [department for department in departments if department.champion]
        return [
            department
            for department in departments
            if department.champion or any(linked(department, other) for other in with_one)
        ]

"""Working groups: officials of a department and firms of its field meet regularly (R41)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.calendar import MONTH, YEAR
from sim.luck import Concern, address

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.department import Department
    from sim.agents.vendor import Vendor


class WorkingGroups:
    """One group for each department, all meeting in the same rhythm."""

    def __init__(self, city: City) -> None:
        self._city, self._model = city, city.model
        self._meetings = 0

    def begin(self) -> None:
        """Await the first meeting."""
        self._await()

    def _await(self) -> None:
        rate = self._city.conditions.working_groups.meetings
        if rate > 0:
            self._model.calendar.after(YEAR / rate, self._meet)
        else:  # a dated change may raise it
            self._model.calendar.after(MONTH, self._await)

    def _meet(self) -> None:
        self._await()
        self._meetings += 1
        rules = self._city.conditions.working_groups
        if rules.meetings <= 0:  # the groups were ended before this meeting
            return
        for department in self._city.departments:
            guests = self._guests(department)
            if guests:
                department.encourage(rules.culture)
            for vendor in guests:
                vendor.learn(department, rules.knowledge)
                department.get_to_know(vendor, rules.trust)

    def _guests(self, department: Department) -> list[Vendor]:
        """Firms of the field that come, as many as a meeting has members."""
        rules, luck = self._city.conditions.working_groups, self._model.luck
        known = self._model.market.vendors(department.domain)
        willing = [vendor for vendor in known if vendor.hears(rules.reach, self._city.key)]
        turn, guests = address(department.key, self._meetings), list["Vendor"]()
        for place in range(min(rules.members, len(willing))):
            guests.append(willing.pop(luck.pick(len(willing), Concern.GROUP_MEMBER, turn, place)))
        return guests

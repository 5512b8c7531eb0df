"""The Project Management Office: a queue of work on staff, screening, matching, searching.

The office has no say in procurement and no money to give (R17).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import mesa

from sim import circle
from sim.events import Kind
from sim.intake.pitch import sound
from sim.luck import Concern, address
from sim.stages import Reason, Stage

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.department import Department
    from sim.agents.vendor import Vendor
    from sim.cases import Case, Need
    from sim.model import Ecosystem

OFFICE = "PMO"

#: channels whose proposals the office takes from one department to the next
UNASKED = frozenset({"bottom_up", "pitch", "exchange"})


# decisions


def aligned(agreement: float, strictness: float) -> bool:
    """Whether a proposal agrees enough with the city's policy framework."""
    return agreement >= strictness


def officers(staff: int, case_share: float) -> int:
    """How many people work on cases."""
    return round(staff * case_share)


def best(candidates: list[tuple[float, Need]], bar: float) -> Need | None:
    """The need that a proposal seems to fit best, if it seems to fit it well enough."""
    fitting = [candidate for candidate in candidates if candidate[0] >= bar]
    return max(fitting, key=lambda candidate: candidate[0])[1] if fitting else None


# agent

Task = tuple[float, str, int, float, "int | None", Callable[..., None], tuple[object, ...]]


class Pmo(mesa.Agent):
    """The office of one city: officers who take tasks in order of arrival (an M/M/c queue)."""

    model: Ecosystem

    def __init__(self, model: Ecosystem, city: City) -> None:
        super().__init__(model)
        self.city = city
        self._tasks: deque[Task] = deque()
        self._busy = 0
        self._contacts: set[int] = set()

    # the queue

    @property
    def waiting(self) -> int:
        """Tasks that no officer has begun."""
        return len(self._tasks)

    def work(
        self, name: str, mean: float, key: int, case: int | None, then: Callable[..., None], *details: object
    ) -> None:
        """Do a task of ``mean`` days when an officer is free, then call ``then(*details)``.

        Where there is no office there is nothing to wait for.
        """
        if not self.city.conditions.pmo.exists:
            then(*details)
            return
        days = self.model.luck.wait(mean, Concern.TASK, key)
        self._tasks.append((self.model.now, name, key, days, case, then, details))
        self.dispatch()

    def dispatch(self) -> None:
        """Give waiting tasks to free officers."""
        office = self.city.conditions.pmo
        free = officers(office.staff, office.case_share) - self._busy
        while self._tasks and free > 0:
            free -= 1
            self._busy += 1
            since, name, _, days, case, then, details = self._tasks.popleft()
            self.model.tell(
                Kind.BEGUN, self.city, case, actor=OFFICE, origin=name, amount=self.model.now - since
            )
            self.model.calendar.after(days, self._done, name, days, case, then, details)

    def _done(
        self, name: str, days: float, case: int | None, then: Callable[..., None], details: tuple[object, ...]
    ) -> None:
        self._busy -= 1
        self.model.tell(Kind.DONE, self.city, case, actor=OFFICE, origin=name, amount=days)
        then(*details)
        self.dispatch()

    # proposals

    def receive(self, case: Case) -> None:
        """Screen a vendor's proposal against the policy framework."""
        days = self.city.conditions.pmo.screen_days
        self.work("screen", days, address(case.key, 1), case.number, self._screen, case)

    def _screen(self, case: Case) -> None:
        if case.over:
            return
        office, spread = self.city.conditions.pmo, self.city.parameters.vendors.spread
        agreement = self.model.luck.share(office.alignment, spread, Concern.ALIGNMENT, case.key)
        if office.exists and not aligned(agreement, office.strictness):
            self.model.close(case, Reason.MISFIT, OFFICE)
            return
        self.model.move(case, Stage.SCREENED, OFFICE if office.exists else case.vendor.name)
        self._seek(case)

    def _seek(self, case: Case) -> None:
        days = self.city.conditions.pmo.match_days
        key = address(case.key, 2 + len(case.tried))
        self.work("match", days, key, case.number, self._match, case)

    def _match(self, case: Case) -> None:
        if case.over:
            return
        office, departments = self.city.conditions.pmo, self.city.parameters.departments
        skill = office.skill if office.exists else 0.0
        known = office.skill if office.exists else departments.contacts
        candidates = [
            (need.department.perceive(case, need, skill, Concern.MATCH), need)
            for need in self.city.needs[case.domain]
            if not need.engaged and need.department.key not in case.tried and self._visible(case, need, known)
        ]
        need = best(candidates, office.match_bar)
        if need is None:
            actor = OFFICE if office.exists else case.vendor.name
            self.model.close(case, case.refusal or Reason.MISFIT, actor)
            return
        case.demanded = need.stated is not None
        if case.channel == "pitch":
            sound(case, need)
        else:
            need.department.consider(case, need)

    def _visible(self, case: Case, need: Need, chance: float) -> bool:
        if need.stated is not None and self.city.conditions.pmo.exists:
            return True
        return self.model.luck.uniform(Concern.VISIBLE, case.key, need.key) < chance

    def present(self, case: Case, need: Need) -> None:
        """Help a vendor to present a proposal to the department whose need it answers."""
        days = self.city.conditions.pmo.match_days
        case.demanded = True
        need.engaged += 1
        self.work("present", days, address(case.key, 1), case.number, self._presented, case, need)

    def _presented(self, case: Case, need: Need) -> None:
        need.engaged -= 1
        if case.over:
            return
        need.department.consider(case, need)

    def refused(self, case: Case, department: Department, reason: Reason) -> None:
        """A department declined: try another one, or give up."""
        office, case.refusal = self.city.conditions.pmo, reason
        another = case.channel in UNASKED and office.exists and len(case.tried) < office.tries
        if another:
            self._seek(case)
        else:
            self.model.close(case, reason, department.name)

    # vendors for the departments' own needs

    def search(self, need: Need, turn: int) -> None:
        """Look among the contacts for a vendor that could answer a need."""
        need.engaged += 1
        key = address(need.key, turn)
        self.work("search", self.city.conditions.pmo.search_days, key, None, self._found, need, key)

    def _found(self, need: Need, key: int) -> None:
        need.engaged -= 1
        if need.solved:
            return
        found = self._likeliest(need, key)
        if found is None:
            return
        vendor, position = found
        case = self.model.submit(self.city, "top_down", vendor, position, key)
        case.demanded = True
        self.model.move(
            case, Stage.SCREENED, OFFICE if self.city.conditions.pmo.exists else need.department.name
        )
        need.department.consider(case, need)

    def _likeliest(self, need: Need, key: int) -> tuple[Vendor, float] | None:
        fits, luck = self.city.parameters.fit, self.model.luck
        office = self.city.conditions.pmo
        error = fits.perception * (1 - office.skill if office.exists else 1.0) * (1 - self.city.understanding)
        found, highest = None, office.match_bar
        for vendor in self.model.market.vendors(need.domain):
            if not (self.knows(vendor, need.department) and vendor.free()):
                continue
            goal = vendor.guess(need, need.clarity, Concern.VENDOR_GUESS)
            position = vendor.offer_for(goal)
            true = circle.fit(circle.distance(position, need.position), fits.tolerance)
            perceived = true + error * luck.normal(Concern.MATCH, vendor.key, key)
            if perceived >= highest:
                found, highest = (vendor, position), perceived
        return found

    def knows(self, vendor: Vendor, department: Department) -> bool:
        """Whether the office (or, without one, the department) has contact with a vendor."""
        if self.city.conditions.pmo.exists:
            return vendor.key in self._contacts
        share = self.city.parameters.departments.contacts
        return self.city.ties.trust.has_edge(department, vendor) or vendor.hears(share, department.key)

    def greet(self, vendor: Vendor) -> None:
        """A vendor came into the market; some of them the office knows at once."""
        if vendor.hears(self.city.conditions.pmo.contacts, self.city.key):
            self.meet(vendor)

    def meet(self, vendor: Vendor) -> None:
        """Keep a vendor's address."""
        self._contacts.add(vendor.key)

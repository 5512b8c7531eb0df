"""Vendors: start-ups, SMEs and large firms that solve problems or test their products."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import mesa

from sim import circle
from sim.calendar import YEAR
from sim.events import Kind
from sim.luck import Concern
from sim.stages import Stage

if TYPE_CHECKING:
    from sim.agents.department import Department
    from sim.cases import Case, Need
    from sim.model import Ecosystem
    from sim.parameters import VendorKind

WORLD = "world"


# decisions


def offered(own: float, goal: float, breadth: float, tester: bool) -> float:
    """Where a vendor puts its offer: as near to ``goal`` as breadth allows; a tester stays put."""
    return own if tester else circle.towards(own, goal, breadth)


def can_pay(cash: float, cost: float, cushion: float) -> bool:
    """Whether ``cash`` (NT$ m) covers a cost with the cushion that prudence asks for."""
    return cash >= cost * cushion


def offering(reputation: float, pursued: int, limit: int) -> float:
    """Chance that a vendor uses an occasion to propose: the city's name, while it is not too busy."""
    return reputation if pursued < limit else 0.0


def answering(willingness: float, suits: float) -> float:
    """Chance that a vendor answers a call, given how well (0 to 1) it thinks that its offer suits."""
    return willingness * suits


# agent


class Vendor(mesa.Agent):
    """One firm of the market that all cities share. Cash in NT$ m."""

    model: Ecosystem

    def __init__(self, model: Ecosystem, key: int, name: str) -> None:
        super().__init__(model)
        numbers, luck = model.parameters.vendors, model.luck
        self.key = key
        self.name = name
        self.kind = _drawn_kind(model, key)
        traits: VendorKind = getattr(numbers, self.kind)
        self.traits = traits
        self.tester = luck.uniform(Concern.VENDOR_MOTIVE, key) < numbers.tester_share
        self.domain = luck.pick(model.parameters.city.domains, Concern.VENDOR_DOMAIN, key)
        self.position = luck.uniform(Concern.VENDOR_POSITION, key)
        self.quality = luck.share(traits.quality, numbers.spread, Concern.VENDOR_QUALITY, key)
        self.readiness = luck.share(traits.readiness, numbers.spread, Concern.VENDOR_READINESS, key)
        self.scaling = luck.share(traits.scaling, numbers.spread, Concern.VENDOR_SCALING, key)
        self.novelty = luck.share(traits.novelty, numbers.spread, Concern.VENDOR_NOVELTY, key)
        self.cash = 0.0
        self.experience = 0.0
        self.gone = False
        self.cases: list[Case] = []
        self._knowledge: dict[int, float] = {}
        self._hearing: dict[int, float] = {}
        self._closings = 0

    def enter(self) -> None:
        """Come into the market with the first capital, and close the books from then on."""
        model, numbers = self.model, self.model.parameters.vendors
        cash = model.luck.around(self.traits.cash, numbers.cash_spread, Concern.VENDOR_CASH, self.key)
        model.tell(Kind.ENTER, actor=self.name, reason=self.kind, amount=cash)
        model.pay(WORLD, self, cash, "entry capital")
        first = model.luck.uniform(Concern.VENDOR_PHASE, self.key) * numbers.closing
        model.calendar.after(first, self.close_books, first)

    def close_books(self, days: float) -> None:
        """Book the margin of ``days`` outside the city; when cash has run out raise money or leave."""
        if self.gone:
            return
        model, traits = self.model, self.traits
        self._closings += 1
        years = days / YEAR
        shock = model.luck.normal(Concern.VENDOR_INCOME, self.key, self._closings)
        income = traits.margin * years + traits.margin_spread * sqrt(years) * shock
        if income >= 0:
            model.pay(WORLD, self, income, "private income")
        else:
            model.pay(self, WORLD, -income, "private income")
        if self.cash < 0 and not self._refinanced():
            self.leave()
            return
        pause = model.parameters.vendors.closing
        model.calendar.after(pause, self.close_books, pause)

    def _refinanced(self) -> bool:
        model, numbers = self.model, self.model.parameters.vendors
        if model.luck.uniform(Concern.VENDOR_FINANCE, self.key, self._closings) >= self.traits.finance:
            return False
        raised = model.luck.around(
            self.traits.cash, numbers.cash_spread, Concern.VENDOR_CASH, self.key, self._closings
        )
        model.pay(WORLD, self, raised, "private finance")
        return self.cash >= 0

    def leave(self) -> None:
        """Leave the market; what was under way ends for want of money."""
        model = self.model
        self.gone = True
        model.tell(Kind.LEAVE, actor=self.name, reason="financial", amount=self.cash)
        if self.cash >= 0:
            model.pay(self, WORLD, self.cash, "exit")
        else:
            model.pay(WORLD, self, -self.cash, "exit")
        for case in list(self.cases):
            model.drop(case)
        model.market.remove(self)
        self.remove()

    # what the vendor knows and offers

    def knowledge(self, department: Department) -> float:
        """What the vendor knows of a department's needs, 0 to 1."""
        return self._knowledge.get(department.key, self.model.parameters.vendors.knowledge)

    def learn(self, department: Department, share: float) -> None:
        """Lose ``share`` of the ignorance of a department."""
        self._knowledge[department.key] = 1 - (1 - self.knowledge(department)) * (1 - share)

    def mature(self, share: float) -> None:
        """Lose ``share`` of the inexperience with public buyers."""
        self.experience += (1 - self.experience) * share

    def guess(self, need: Need, clarity: float, concern: Concern, position: float | None = None) -> float:
        """Where the vendor thinks that a need lies.

        The error is a normal deviate times ignorance; ``clarity`` is what a statement tells
        beyond what the vendor knows, ``position`` the place that the statement names.
        """
        blind = (1 - clarity) * (1 - self.knowledge(need.department))
        error = self.model.parameters.fit.ignorance * blind
        meant = need.position if position is None else position
        return (meant + error * self.model.luck.normal(concern, self.key, need.key)) % 1.0

    def offer_for(self, goal: float) -> float:
        """Position of the offer that the vendor makes when it thinks that the need lies at ``goal``."""
        return offered(self.position, goal, self.traits.breadth, self.tester)

    @property
    def pursued(self) -> int:
        """Cases that the vendor pursues: those not yet in service."""
        return sum(case.stage is not Stage.DEPLOYED for case in self.cases) if self.cases else 0

    def free(self) -> bool:
        """Whether the vendor can take up another case."""
        return not self.gone and self.pursued < self.model.parameters.vendors.open_cases

    def proposes(self, reputation: float, key: int) -> bool:
        """Whether the vendor uses the occasion at address ``key`` to propose something to a city."""
        chance = offering(reputation, self.pursued, self.model.parameters.vendors.open_cases)
        return self.model.luck.uniform(Concern.OFFER, key) < chance

    def answer(self, need: Need, willingness: float, key: int) -> float | None:
        """The position of the vendor's answer to a published need, or None where it gives none."""
        goal = self.guess(need, need.clarity, Concern.VENDOR_GUESS, need.stated)
        position = self.offer_for(goal)
        tolerance = need.department.city.parameters.fit.tolerance
        chance = answering(willingness, circle.fit(circle.distance(position, goal), tolerance))
        return position if self.model.luck.uniform(Concern.RESPONSE, key) < chance else None

    def hears(self, reach: float, place: int) -> bool:
        """Whether the vendor belongs to the ``reach`` (0 to 1) that hears of a place's programme."""
        mark = self._hearing.get(place)
        if mark is None:
            mark = self._hearing[place] = self.model.luck.uniform(Concern.VENDOR_HEARS, self.key, place)
        return mark < reach

    def finances(self, case: Case, cost: float, cushion: float) -> bool:
        """Whether the vendor has, or raises, the money for a POC that costs it ``cost``."""
        if can_pay(self.cash, cost, cushion):
            return True
        if self.model.luck.uniform(Concern.POC_FINANCE, case.key) >= self.traits.finance:
            return False
        self.model.pay(WORLD, self, cost * cushion - self.cash, "private finance")
        return True


def _drawn_kind(model: Ecosystem, key: int) -> str:
    numbers = model.parameters.vendors
    startups, smes = numbers.startup.share, numbers.sme.share
    mark = model.luck.uniform(Concern.VENDOR_KIND, key) * (startups + smes + numbers.large.share)
    return "startup" if mark < startups else "sme" if mark < startups + smes else "large"

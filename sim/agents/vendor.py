"""Vendors: start-ups, SMEs and large firms that solve problems or test their products."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import mesa

from sim import circle
from sim.calendar import YEAR
from sim.events import Kind
from sim.luck import Concern
from sim.stages import IN_SERVICE, Stage

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.department import Department
    from sim.cases import Case, Need
    from sim.model import Ecosystem
    from sim.parameters import VendorKind

WORLD = "world"

#: stages in which a city can show investors what a vendor does there
SHOWN = frozenset({Stage.POC, Stage.EXTENDED, Stage.SECOND_POC, *IN_SERVICE})


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


def raising(access: float, introductions: float) -> float:
    """Chance of raising private money: introductions turn that share of the refusals round."""
    return access + (1 - access) * introductions


def passed_on(own: float, other: float, share: float) -> float:
    """Knowledge after a talk with somebody who knows ``other``: that share of the lead comes over."""
    return own + share * max(0.0, other - own)


def answering(willingness: float, suits: float) -> float:
    """Chance that a vendor answers a call, given how well (0 to 1) it thinks that its offer suits."""
    return willingness * suits


# agent


class Vendor(mesa.Agent):
    """One firm of the market that all cities share. Cash in NT$ m.

    One that is founded on an ``idea`` (domain and position) is a start-up that wants to solve a need.
    """

    model: Ecosystem

    def __init__(self, model: Ecosystem, key: int, name: str, idea: tuple[int, float] | None = None) -> None:
        super().__init__(model)
        numbers, luck = model.parameters.vendors, model.luck
        self.key = key
        self.name = name
        self.kind = "startup" if idea else self.kind_of(model, key)
        traits: VendorKind = getattr(numbers, self.kind)
        self.traits = traits
        self.tester = not idea and luck.uniform(Concern.VENDOR_MOTIVE, key) < numbers.tester_share
        self.domain, self.position = idea or (
            self.field_of(model, key),
            luck.uniform(Concern.VENDOR_POSITION, key),
        )
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

    @staticmethod
    def field_of(model: Ecosystem, key: int) -> int:
        """The domain of the vendor with that address, whether it is in the market or not."""
        return model.luck.pick(model.parameters.city.domains, Concern.VENDOR_DOMAIN, key)

    @staticmethod
    def kind_of(model: Ecosystem, key: int) -> str:
        """The kind of the vendor with that address, whether it is in the market or not."""
        numbers = model.parameters.vendors
        startups, smes = numbers.startup.share, numbers.sme.share
        mark = model.luck.uniform(Concern.VENDOR_KIND, key) * (startups + smes + numbers.large.share)
        return "startup" if mark < startups else "sme" if mark < startups + smes else "large"

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

    @property
    def access(self) -> float:
        """Chance of raising private money: more where a city vouches for what the vendor does there."""
        introductions = 0.0
        for case in self.cases:
            rules = case.city.conditions.finance
            if rules.brokered and case.stage in SHOWN:
                introductions = max(introductions, rules.introductions)
        return raising(self.traits.finance, introductions)

    def _refinanced(self) -> bool:
        model, numbers = self.model, self.model.parameters.vendors
        if model.luck.uniform(Concern.VENDOR_FINANCE, self.key, self._closings) >= self.access:
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

    def listen(self, other: Vendor, share: float) -> None:
        """Learn from another vendor: ``share`` of its lead in what it knows of each department."""
        for key, level in other._knowledge.items():
            own = self._knowledge.get(key, self.model.parameters.vendors.knowledge)
            if level > own:
                self._knowledge[key] = passed_on(own, level, share)

    def grow(self, trait: str, share: float, where: str, city: City) -> None:
        """Lose ``share`` of the lack of a trait in a programme of a city, and put it on the record."""
        level = getattr(self, trait)
        setattr(self, trait, level + (1 - level) * share)
        self.model.tell(
            Kind.GROWN, city, actor=self.name, origin=where, target=trait, amount=getattr(self, trait)
        )

    def guess(self, need: Need, clarity: float, concern: Concern, position: float | None = None) -> float:
        """Where the vendor thinks that a need lies.

        The error is a normal deviate times ignorance; ``clarity`` is what a statement tells
        beyond what the vendor knows, ``position`` the place that the statement names. Open data about
        the need take away part of the error.
        """
        meant = need.position if position is None else position
        error = self.doubt(need, clarity)
        return (meant + error * self.model.luck.normal(concern, self.key, need.key)) % 1.0

    def doubt(self, need: Need, clarity: float) -> float:
        """Standard deviation of the error of a guess; the vendor knows how much it does not know."""
        blind = (1 - clarity) * (1 - self.knowledge(need.department)) * (1 - need.insight)
        return self.model.parameters.fit.ignorance * blind

    def offer_for(self, goal: float) -> float:
        """Position of the offer that the vendor makes when it thinks that the need lies at ``goal``."""
        return offered(self.position, goal, self.traits.breadth, self.tester)

    @property
    def pursued(self) -> int:
        """Cases that the vendor pursues: those not yet in service."""
        return sum(case.stage not in IN_SERVICE for case in self.cases) if self.cases else 0

    def free(self) -> bool:
        """Whether the vendor can take up another case."""
        return not self.gone and self.pursued < self.model.parameters.vendors.open_cases

    def proposes(self, reputation: float, key: int) -> bool:
        """Whether the vendor uses the occasion at address ``key`` to propose something to a city."""
        chance = offering(reputation, self.pursued, self.model.parameters.vendors.open_cases)
        return self.model.luck.uniform(Concern.OFFER, key) < chance

    def aim(self, need: Need) -> tuple[float, float]:
        """Position of the vendor's offer for a need as stated, and the fit that it believes in."""
        goal = self.guess(need, need.clarity, Concern.VENDOR_GUESS, need.stated)
        position = self.offer_for(goal)
        tolerance = need.department.city.parameters.fit.tolerance
        return position, circle.fit(circle.distance(position, goal), tolerance)

    def answer(self, need: Need, willingness: float, key: int) -> float | None:
        """The position of the vendor's answer to a published need, or None where it gives none."""
        position, suits = self.aim(need)
        chance = answering(willingness, suits)
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
        if self.model.luck.uniform(Concern.POC_FINANCE, case.key) >= self.access:
            return False
        self.model.pay(WORLD, self, cost * cushion - self.cash, "private finance")
        return True

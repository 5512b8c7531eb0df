"""Departments: owners of needs, hosts of proofs of concept, buyers."""

from __future__ import annotations

from collections import deque
from math import exp
from typing import TYPE_CHECKING

import mesa

from sim import circle
from sim.calendar import MONTH, YEAR
from sim.cases import Case, Need
from sim.events import Kind
from sim.luck import Concern, address
from sim.network import made_up
from sim.stages import Reason

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.vendor import Vendor
    from sim.model import Ecosystem
    from sim.parameters import Departments


# decisions


def logistic(z: float) -> float:
    """1 / (1 + exp(-z)), without overflow."""
    return 1 / (1 + exp(-z)) if z > -700 else 0.0


def willingness(
    numbers: Departments,
    *,
    trust: float,
    culture: float,
    risk_aversion: float,
    novelty: float,
    load: float,
    backing: float,
    demanded: bool,
) -> float:
    """Chance that a department hosts what seems to fit. All numbers run from 0 to 1.

    Culture, trust and backing count from their neutral value 0.5; fear of failure counts in
    proportion to novelty, workload in proportion to the share of capacity in use. ``demanded``
    tells that the department stated the need before the offer came.
    """
    return logistic(
        numbers.openness
        + numbers.trust_weight * (trust - 0.5)
        + numbers.culture_weight * (culture - 0.5)
        + numbers.pressure_weight * (backing - 0.5)
        - numbers.risk_weight * risk_aversion * novelty
        - numbers.load_weight * load
        + numbers.demand_weight * demanded
    )


def publishing(chance: float, culture: float, backing: float) -> float:
    """Chance that a department publishes a problem in a call: more with culture and backing."""
    return min(1.0, chance * (0.5 + culture) * (0.5 + backing))


def understood(clarity: float, understanding: float) -> float:
    """How much of a need its statement carries, where ``understanding`` is lost less than elsewhere."""
    return clarity + (1 - clarity) * understanding


def moved(level: float, gain: float, works: bool) -> float:
    """A level from 0 to 1 after an experience: part of what is missing is won, or part of it lost."""
    return level + gain * (1 - level) if works else level * (1 - gain)


def wish_to_scale(
    neutral: float, fit_weight: float, demand_weight: float, fit: float, demanded: bool
) -> float:
    """Chance that a department wants a tested service on a larger scale.

    ``fit`` is the fit as judged in the review, ``demanded`` whether the department had stated the
    need before the offer came.
    """
    return logistic(neutral + fit_weight * (fit - 0.5) + demand_weight * ((1.0 if demanded else 0.0) - 0.5))


# agent


class Department(mesa.Agent):
    """One department of one city. Money in NT$ m; ``cash`` less ``reserved`` is free."""

    model: Ecosystem

    def __init__(self, model: Ecosystem, city: City, number: int) -> None:
        super().__init__(model)
        numbers, luck = city.parameters.departments, model.luck
        self.city = city
        self.key = key = address(city.key, number)
        row, self.domain = divmod(number, model.parameters.city.domains)
        self.name = f"{city.domain_name(self.domain).capitalize()} {row + 1}"
        if len(model.world.cities) > 1:
            self.name = f"{city.name} {self.name}"
        self.yearly = luck.around(numbers.budget, numbers.budget_spread, Concern.DEPARTMENT_BUDGET, key)
        self.culture = luck.share(numbers.culture, numbers.spread, Concern.DEPARTMENT_CULTURE, key)
        self.skill = luck.share(numbers.skill, numbers.spread, Concern.DEPARTMENT_SKILL, key)
        self.risk_aversion = luck.share(numbers.risk_aversion, numbers.spread, Concern.DEPARTMENT_RISK, key)
        self.tender_skill = luck.share(numbers.tender_skill, numbers.spread, Concern.DEPARTMENT_TENDER, key)
        self.cash = 0.0
        self.reserved = 0.0
        self.hosting = 0
        self.needs: list[Need] = []
        self._arisen = 0
        self._queue: deque[Case] = deque()

    # needs

    def begin(self) -> None:
        """Tell of the culture, have the needs of the start, and await more."""
        self.model.tell(Kind.CULTURE, self.city, actor=self.name, amount=self.culture)
        numbers, luck = self.city.parameters.needs, self.model.luck
        for _ in range(luck.count(numbers.initial, Concern.NEEDS_AT_START, self.key)):
            self._have_need()
        self._await_need()

    def _await_need(self) -> None:
        rate = self.city.parameters.needs.arrival
        if rate <= 0:  # a dated change may raise it
            self.model.calendar.after(MONTH, self._await_need)
            return
        gap = self.model.luck.wait(YEAR / rate, Concern.NEED_GAP, self.key, self._arisen)
        self.model.calendar.after(gap, self._need_arises)

    def _need_arises(self) -> None:
        self._have_need()
        self._await_need()

    def _have_need(self) -> None:
        city, numbers, luck = self.city, self.city.parameters.needs, self.model.luck
        self._arisen += 1
        key = address(self.key, self._arisen)
        severity = luck.around(numbers.severity, numbers.severity_spread, Concern.NEED_SEVERITY, key)
        barred = luck.uniform(Concern.NEED_BARRIER, key) < numbers.barrier_share
        need = Need(
            key=key,
            name=f"{self.name} need {self._arisen}",
            department=self,
            domain=self.domain,
            position=luck.uniform(Concern.NEED_POSITION, key),
            severity=severity,
            difficulty=luck.uniform(Concern.NEED_DIFFICULTY, key) if barred else 0.0,
            crossings=self._crossed(key),
            estimate=luck.around(severity * numbers.scope, numbers.price_spread, Concern.NEED_PRICE, key),
        )
        self.needs.append(need)
        city.needs[self.domain].append(need)
        self.model.tell(
            Kind.NEED,
            city,
            actor=self.name,
            origin=need.name,
            target=city.domain_name(self.domain),
            amount=severity,
        )

    def _crossed(self, key: int) -> tuple[Department, ...]:
        luck, crossed = self.model.luck, list[Department]()
        wanted = luck.count(self.city.parameters.needs.crossing, Concern.NEED_CROSSINGS, key)
        if not wanted:
            return ()
        others = [department for department in self.city.departments if department is not self]
        for turn in range(min(wanted, len(others))):
            crossed.append(others.pop(luck.pick(len(others), Concern.NEED_CROSSED, key, turn)))
        return tuple(crossed)

    def worst(self, threshold: float, *, unstated: bool = False) -> Need | None:
        """The most severe need that nobody answers yet and that is worth at least ``threshold``."""
        waiting = [
            need
            for need in self.needs
            if not need.engaged and need.severity >= threshold and not (unstated and need.stated is not None)
        ]
        return max(waiting, key=lambda need: need.severity, default=None)

    def state(self, need: Need, clarity: float, occasion: str, position: float | None = None) -> None:
        """Put a need into words; ``position`` is where the words point, the need itself unless given."""
        need.stated = need.position if position is None else position
        need.clarity = max(need.clarity, understood(clarity, self.city.understanding))
        self.model.tell(
            Kind.STATED, self.city, actor=self.name, origin=need.name, reason=occasion, amount=need.clarity
        )

    def settle(self, need: Need, case: Case) -> None:
        """A case solves a need, which is one no longer."""
        need.solver = case
        self.needs.remove(need)
        self.city.needs[need.domain].remove(need)

    def reopen(self, need: Need) -> None:
        """The service that solved a need was given up: the need is back."""
        need.solver = None
        self.needs.append(need)
        self.city.needs[need.domain].append(need)

    # hosting

    def publishes(self, call: int) -> bool:
        """Whether the department publishes a problem in the city's ``call``-th call."""
        rules = self.city.conditions.problem_led
        chance = publishing(rules.publishing, self.culture, self.city.backing)
        return self.model.luck.uniform(Concern.PUBLISH, self.key, call) < chance

    def takes_part(self, chance: float, occasion: int) -> bool:
        """Whether the department takes part in a challenge programme, at the address of the occasion."""
        mark = self.model.luck.uniform(Concern.CHALLENGE_JOINED, self.key, occasion)
        return mark < publishing(chance, self.culture, self.city.backing)

    def perceive(self, case: Case, need: Need, sharpness: float, concern: Concern) -> float:
        """The fit of a case as officials judge it on paper; ``sharpness`` (0 to 1) removes error."""
        numbers = self.city.parameters.fit
        true = circle.fit(circle.distance(case.position, need.position), numbers.tolerance)
        error = numbers.perception * (1 - sharpness) * (1 - self.city.understanding)
        return true + error * self.model.luck.normal(concern, case.key, need.key)

    def consider(self, case: Case, need: Need, mean: float | None = None) -> None:
        """Take time (``mean`` days unless as usual) to decide whether to host a case for a need."""
        case.need = need
        need.engaged += 1
        mean = self.city.parameters.departments.decision_days if mean is None else mean
        days = self.model.luck.wait(mean, Concern.DECISION_TIME, case.key, self.key)
        self.model.calendar.after(days, self._decide, case)

    def _decide(self, case: Case) -> None:
        if case.over:
            return
        reason = self._refusal(case)
        self.model.tell(
            Kind.DECISION,
            self.city,
            case.number,
            actor=self.name,
            target="declines" if reason else "hosts",
            reason=reason,
        )
        if reason is None:
            self.city.clearance.begin(case)
            return
        case.answered.engaged -= 1
        case.need = None
        case.tried.add(self.key)
        self.city.pmo.refused(case, self, reason)

    def _refusal(self, case: Case) -> Reason | None:
        city, numbers, need = self.city, self.city.parameters.departments, case.answered
        office = city.conditions.pmo
        sharpness = office.skill if office.exists else 0.0
        if case.insight:
            sharpness = moved(sharpness, case.insight, works=True)
        if self.perceive(case, need, sharpness, Concern.DECISION_FIT) < numbers.fit_bar:
            return Reason.MISFIT
        chance = willingness(
            numbers,
            trust=city.ties.trusted(self, case.vendor, self._hearsay(case)),
            culture=self.culture,
            risk_aversion=self.risk_aversion,
            novelty=case.vendor.novelty,
            load=min(1.0, self.hosting / numbers.capacity),
            backing=city.backing,
            demanded=case.demanded,
        )
        if self.model.luck.uniform(Concern.DECISION, case.key, self.key) < chance:
            return None
        return Reason.ADMINISTRATIVE

    def _hearsay(self, case: Case) -> float:
        """Trust in a vendor never met: more of it where linked cities have seen the solution work."""
        stranger = self.city.parameters.departments.trust
        return made_up(stranger, self.city.conditions.exchange.trust, case.proof)

    def wants_scale(self, case: Case, judged_fit: float) -> bool:
        """Whether the department wants a service that passed its POC on a larger scale."""
        numbers = self.city.parameters.deployment
        chance = wish_to_scale(
            numbers.scale_wish, numbers.scale_fit, numbers.scale_demand, judged_fit, case.demanded
        )
        return self.model.luck.uniform(Concern.SCALE_WISH, case.key) < chance

    def admit(self, case: Case) -> None:
        """Host a cleared case when a place is free; until then it waits its turn."""
        self._queue.append(case)
        self._seat()

    def _seat(self) -> None:
        while self._queue and self.hosting < self.city.parameters.departments.capacity:
            case = self._queue.popleft()
            if not case.over:
                self.hosting += 1
                self.city.pilots.set_up(case)

    def release(self) -> None:
        """A place for POCs is free again."""
        self.hosting -= 1
        self._seat()

    # learning

    def experience(self, vendor: Vendor, works: bool) -> None:
        """Learn from what a vendor did: trust in it, and the department's culture."""
        city, learning = self.city, self.city.conditions.learning
        before = city.ties.trusted(self, vendor, city.parameters.departments.trust)
        harm = 1 - learning.monitoring
        if self.champion:
            harm *= 1 - city.conditions.champions.shield
        trust = moved(before, learning.trust_gain if works else learning.trust_loss * harm, works)
        city.ties.meet(self, vendor, trust)
        self.model.tell(Kind.TRUST, city, actor=self.name, target=vendor.name, amount=trust)
        self.culture = moved(
            self.culture, learning.culture_gain if works else learning.culture_loss * harm, works
        )
        self.model.tell(Kind.CULTURE, city, actor=self.name, amount=self.culture)

    def get_to_know(self, vendor: Vendor, share: float) -> None:
        """Meet a vendor: ``share`` of the distrust in it goes."""
        trust = self.city.ties.trusted(self, vendor, self.city.parameters.departments.trust)
        trust = moved(trust, share, works=True)
        self.city.ties.meet(self, vendor, trust)
        self.model.tell(Kind.TRUST, self.city, actor=self.name, target=vendor.name, amount=trust)

    @property
    def champion(self) -> bool:
        """Whether one of the department's people is a champion of innovation now."""
        rules = self.city.conditions.champions
        return rules.appointed and self.model.luck.uniform(Concern.CHAMPION, self.key) < rules.share

    def encourage(self, gain: float) -> None:
        """Learn from peers: ``gain`` of the resistance to innovation goes."""
        self.culture = moved(self.culture, gain, works=True)
        self.model.tell(Kind.CULTURE, self.city, actor=self.name, amount=self.culture)

    # money

    @property
    def free_budget(self) -> float:
        """Money that is not reserved for a tender, NT$ m."""
        return self.cash - self.reserved

    def renew_budget(self) -> None:
        """Give back what is free and receive the new year's budget."""
        if self.free_budget > 0:
            self.model.pay(self, "world", self.free_budget, "budget", self.city)
        self.model.pay("world", self, self.yearly, "budget", self.city)

    def reserve(self, need: Need, amount: float) -> bool:
        """Reserve money for a need and return True, or False where there is too little.

        A need with a budget line of its own brings its money along.
        """
        if need.funded:
            need.funded = False
            self.model.pay("world", self, amount, "budget", self.city)
        if self.free_budget < amount:
            return False
        self.reserved += amount
        return True

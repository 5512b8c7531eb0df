"""What becomes of a purchase: benefit by true fit, waste, survival."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

from sim import circle
from sim.calendar import YEAR
from sim.events import Kind
from sim.luck import Concern
from sim.stages import Reason, Stage

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.department import Department
    from sim.agents.vendor import Vendor
    from sim.cases import Case


# decisions


def benefit(severity: float, fit: float, novelty: float, novelty_gain: float) -> float:
    """Value of a service, NT$ m a year: the need's severity, as far as the service fits it, more if novel."""
    return severity * fit * (1 + novelty_gain * novelty)


def giving_up(rate: float, misfit_weight: float, fit: float, finance: float, skill: float) -> float:
    """Rate of giving up a service, 1/year.

    Lack of fit raises it (S53); the vendor's access to private finance (S54) and the department's
    skill lower it, and leave it as it is when the two add up to 1.
    """
    return rate * (1 + misfit_weight * (1 - fit)) * (2 - finance - skill)


def most_trusted(trust: list[float]) -> int | None:
    """Place of the firm that the department trusts most, the first of equals; None without a firm."""
    return max(range(len(trust)), key=lambda place: trust[place], default=None)


def worn(rate: float, ageing: float, years: float) -> float:
    """The risk of being given up that has added up after ``years``: the rate rises by ``ageing`` a year."""
    return rate * years + ageing * years * years / 2


def lasting(unit: float, rate: float, ageing: float) -> float:
    """The years after which the risk adds up to ``unit``: the inverse of :func:`worn`."""
    return 2 * unit / (rate + sqrt(rate * rate + 2 * ageing * unit))


def next_contract(contract: float, service: float, served: float) -> float:
    """Length of a service's next contract: that of all contracts, or what is left of its time."""
    return min(contract, max(contract, service) - served)


# process

#: years that are no time: what rounding leaves of a service's time
_MOMENT = 1e-6


class Course(NamedTuple):
    """How a service stands when one of its contracts begins."""

    reason: Reason  # for which it would be given up
    rate: float  # at which it is given up while nothing has aged, 1/year
    left: float  # risk that it outlasts yet
    served: float  # years so far


class Services:
    """The services in operation in one city."""

    def __init__(self, city: City) -> None:
        self._city, self._model = city, city.model

    def deploy(self, case: Case) -> None:
        """Take a service into operation; now everybody sees whether it fits."""
        if case.over:
            return
        numbers, need = self._city.parameters.deployment, case.answered
        self._city.purchasing.complete(case)
        fit = circle.fit(circle.distance(case.position, need.position), self._city.parameters.fit.tolerance)
        works = fit >= numbers.usable and not need.solved
        self._model.move(case, Stage.DEPLOYED, case.vendor.name, amount=case.price)
        self._learn(case, works)
        need.engaged -= 1
        gain = benefit(need.severity, fit, case.vendor.novelty, numbers.novelty_gain) if works else 0.0
        self._city.purchasing.settle(case, gain)
        if works:
            self._tell(case, Kind.SOLVED, case.channel, None, gain)
            need.department.settle(need, case)
            self._inspire(need.department)
        else:
            self._tell(case, Kind.UNSOLVED, None, Reason.MISFIT, need.severity)
        self._await_end(case, fit, works)

    def _tell(
        self, case: Case, kind: Kind, channel: str | None, reason: Reason | None, amount: float
    ) -> None:
        need = case.answered
        self._model.tell(
            kind,
            self._city,
            case.number,
            actor=need.department.name,
            origin=need.name,
            target=channel,
            reason=reason,
            amount=amount,
        )

    def _learn(self, case: Case, works: bool) -> None:
        learning = self._city.conditions.learning
        case.host.experience(case.vendor, works)
        case.vendor.mature(learning.experience)
        self._city.cheer(works)
        self._city.hear_of(learning.reputation_gain if works else -learning.reputation_loss)

    def _inspire(self, department: Department) -> None:
        """A success nearby makes linked departments put their worst problem into words."""
        city = self._city
        for other in list(city.ties.coordination.neighbors(department)):
            need = other.worst(0.0, unstated=True)
            if need is None:
                continue
            if self._model.luck.uniform(Concern.NEARBY, need.key) < city.conditions.learning.nearby:
                other.state(need, city.conditions.top_down.clarity, "success nearby")

    def _await_end(self, case: Case, fit: float, works: bool) -> None:
        numbers = self._city.parameters.deployment
        finance, skill = case.vendor.access, case.host.skill
        rate = giving_up(numbers.abandonment, numbers.misfit_weight, fit, finance, skill)
        unit = self._model.luck.wait(1.0, Concern.SURVIVAL, case.key)
        reason = Reason.ADMINISTRATIVE if finance >= skill else Reason.FINANCIAL
        self._serve(case, Course(reason if works else Reason.MISFIT, rate, unit, 0.0))

    def _serve(self, case: Case, course: Course) -> None:
        """A contract begins, with all that is new; it runs its course, or the service is given up before."""
        numbers, terms = self._city.parameters.deployment, case.terms or self._city.conditions.procurement
        ageing = numbers.ageing * (1 - terms.safeguards)
        years = next_contract(numbers.contract_years, numbers.service_years, course.served)
        risk = worn(course.rate, ageing, years)
        if course.left < risk:
            lasts = lasting(course.left, course.rate, ageing)
            outdated = course.reason is not Reason.MISFIT and ageing * lasts > course.rate
            reason = Reason.TECHNICAL if outdated else course.reason
            self._model.calendar.after(lasts * YEAR, self.abandon, case, reason)
        else:
            onward = course._replace(left=course.left - risk, served=course.served + years)
            self._model.calendar.after(years * YEAR, self._expire, case, onward)

    def lose(self, case: Case) -> None:
        """The firm that runs a service has left the market: another one takes over, or it ends."""
        if not self._taken_over(case):
            self.abandon(case, Reason.FINANCIAL)

    def _taken_over(self, case: Case) -> bool:
        """Whether the host finds, and can pay, a firm that open interfaces let take over the service."""
        rules, host, need = self._city.conditions.platform, case.host, case.answered
        price = rules.takeover * need.estimate
        if not (rules.exists and rules.open and need.integrated) or price > host.free_budget:
            return False
        free = [vendor for vendor in self._model.market.vendors(case.domain) if vendor.free()]
        trust = [self._city.ties.trusted(host, vendor, 0.0) for vendor in free]
        place = most_trusted(trust)
        if place is None:
            return False
        self._hand_over(case, free[place], price)
        return True

    def _hand_over(self, case: Case, vendor: Vendor, price: float) -> None:
        before, case.operator = case.firm, vendor
        before.cases.remove(case)
        vendor.cases.append(case)
        number, host = case.number, case.host
        self._model.tell(
            Kind.TAKEOVER, self._city, number, actor=vendor.name, origin=before.name, amount=price
        )
        self._model.pay(host, vendor, price, "takeover", self._city, number)

    def abandon(self, case: Case, reason: Reason) -> None:
        """Give a service up; the need that it met is back."""
        if case.over:
            return
        self._model.move(case, Stage.ABANDONED, case.host.name, reason)
        need = case.answered
        if need.solver is case:
            need.department.reopen(need)

    def _expire(self, case: Case, course: Course) -> None:
        """A contract has run its course: the service is there to stay, or must be renewed."""
        if case.over:
            return
        numbers = self._city.parameters.deployment
        if course.served >= numbers.service_years - _MOMENT:
            self._model.move(case, Stage.SUSTAINED, case.host.name)
        elif self._model.luck.uniform(Concern.RENEWAL, case.key, round(course.served * YEAR)) < numbers.lapse:
            self.abandon(case, Reason.ADMINISTRATIVE)
        else:
            self._serve(case, course)

"""From a willing department to a cleared case: consent, law, paperwork, readiness, money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.luck import Concern, address
from sim.stages import Reason, Stage

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.department import Department
    from sim.cases import Case


# decisions


def consenting(consent: float, silo: float, linked: bool, coordinated: float) -> float:
    """Chance that a department consents to another one's project.

    Where the two do not work together the share ``silo`` of the chance is lost; ``coordinated``
    (0 to 1) is how much of that loss the office makes good: nothing without an office, and with
    one as much as it has political backing.
    """
    return consent if linked else consent * (1 - silo * (1 - coordinated))


def paperwork(burden: float, aid: float, skill: float, experience: float) -> float:
    """Chance that paperwork stops a case.

    It is the burden, less what the office takes off (``aid``) and what the vendor's experience with
    public buyers averts; from none to double along the department's skill, whose middle is 0.5.
    """
    return min(1.0, burden * (1 - aid) * (1 - experience) * 2 * (1 - skill))


def ready(readiness: float, bar: float) -> bool:
    """Whether a solution, as audited, is ready for a field test."""
    return readiness >= bar


def way_through(barrier: float, national: bool, sandbox: float, field: bool) -> str:
    """How a case gets past the law: ``free``, ``field``, ``sandbox`` or ``hearing``, or ``stopped``.

    A closed test field lets everything of its domain pass. National law is out of the city's reach;
    of the city's own rules the sandbox lifts the easiest beforehand, the others need a hearing.
    """
    if barrier <= 0:
        return "free"
    if field:
        return "field"
    if national:
        return "stopped"
    return "sandbox" if barrier <= sandbox else "hearing"


def assessment(days: float, speed: float, sandboxed: bool) -> float:
    """Mean days of an administrative clearance, of which a sandbox spares the share ``speed``."""
    return days * (1 - speed) if sandboxed else days


# process


class Clearance:
    """The barriers of one city."""

    def __init__(self, city: City) -> None:
        self._city, self._model = city, city.model
        self._barred: list[Case] = []  # by national law, in a domain for which a test field is wanted

    def begin(self, case: Case) -> None:
        """A department agreed to host a case: take down the barriers one after the other."""
        self._model.move(case, Stage.MATCHED, case.host.name)
        self._city.pmo.meet(case.vendor)
        case.barrier = case.answered.difficulty
        if case.answered.integrated:
            case.poc_cost *= 1 - self._city.conditions.platform.saving
        self._next_consent(case, 0)

    def _next_consent(self, case: Case, turn: int) -> None:
        crossings = case.answered.crossings
        if case.over:
            return
        if turn == len(crossings):
            self._regulation(case)
        elif self._city.ties.linked(case.host, crossings[turn]):
            self._ask(case, turn)
        else:
            days, key = self._city.conditions.pmo.coordination_days, address(case.key, 100 + turn)
            self._city.pmo.work("coordinate", days, key, case.number, self._ask, case, turn)

    def _ask(self, case: Case, turn: int) -> None:
        if case.over:
            return
        city, other = self._city, case.answered.crossings[turn]
        chance = self.consent(case.host, other)
        if self._model.luck.uniform(Concern.CONSENT, case.key, other.key) < chance:
            self._consented(case, turn, other)
        else:
            city.steering.refer(
                case, 1 - chance, Reason.ADMINISTRATIVE, lambda case: self._consented(case, turn, other)
            )

    def consent(self, lead: Department, other: Department) -> float:
        """Chance that ``other`` consents, as things stand, to what ``lead`` has in hand."""
        city, rules = self._city, self._city.conditions.clearance
        linked = other is lead or city.ties.linked(lead, other)
        coordinated = city.backing if city.conditions.pmo.exists else 0.0
        return consenting(rules.consent, rules.silo, linked, coordinated)

    def _consented(self, case: Case, turn: int, other: Department) -> None:
        self._city.ties.link(case.host, other)
        self._next_consent(case, turn + 1)

    def _regulation(self, case: Case) -> None:
        city, rules = self._city, self._city.conditions.clearance
        # a field is for tests: where nothing is tested it helps nobody
        field = city.conditions.poc.required and case.domain in city.fields
        way = way_through(case.barrier, self._national(case), rules.sandbox, field)
        if way == "hearing":
            city.steering.refer(case, case.barrier, Reason.REGULATORY, self._await_papers)
        elif way == "stopped":
            self._stop(case)
        else:
            self._await_papers(case, sandboxed=way == "sandbox")

    def _national(self, case: Case) -> bool:
        share = self._city.conditions.clearance.national_share
        return share > 0 and self._model.luck.uniform(Concern.NATIONAL, case.answered.key) < share

    def _stop(self, case: Case) -> None:
        """The law of the country stands in the way: wait for a test field if one is wanted, or give up."""
        rules, tested = self._city.conditions.closed_field, self._city.conditions.poc.required
        if tested and rules.wanted and rules.domain == case.domain + 1:
            self._barred.append(case)
        else:
            self._model.close(case, Reason.REGULATORY, case.host.name)

    def stopped(self, domain: int) -> Case | None:
        """The first case of a domain that the law holds up now."""
        self._barred = [case for case in self._barred if not case.over]
        barred = (case for case in self._barred if case.domain == domain)
        return next(barred, None) or self._city.steering.blocked(domain, Reason.REGULATORY)

    def open_field(self, domain: int) -> None:
        """A test field opens: what the law holds up in its domain goes on."""
        self._city.fields.add(domain)
        freed = [case for case in self._barred if case.domain == domain and not case.over]
        freed += self._city.steering.release(domain, Reason.REGULATORY)
        self._barred = [case for case in self._barred if case not in freed]
        for case in freed:
            self._await_papers(case)

    def close_field(self, domain: int) -> None:
        """A test field is no longer wanted: what waits for it behind national law is given up."""
        self._city.fields.discard(domain)
        barred = [case for case in self._barred if case.domain == domain and not case.over]
        for case in barred:
            self._model.close(case, Reason.REGULATORY, case.host.name)

    def _await_papers(self, case: Case, *, sandboxed: bool = False) -> None:
        rules = self._city.conditions.clearance
        mean = assessment(rules.days, rules.sandbox_speed, sandboxed)
        days = self._model.luck.wait(mean, Concern.CLEARANCE_TIME, case.key)
        self._model.calendar.after(days, self._papers, case)

    def _papers(self, case: Case) -> None:
        if case.over:
            return
        rules, office = self._city.conditions.clearance, self._city.conditions.pmo
        aid = office.help if office.exists else 0.0
        chance = paperwork(rules.burden, aid, case.host.skill, case.vendor.experience)
        if self._model.luck.uniform(Concern.PAPERWORK, case.key) < chance:
            self._model.close(case, Reason.ADMINISTRATIVE, case.host.name)
        elif self._city.conditions.poc.required:
            self._audit(case, 0)
        else:
            self._cleared(case)

    def _audit(self, case: Case, rework: int) -> None:
        if case.over:
            return
        rules = self._city.conditions.clearance
        error = rules.audit_noise * self._model.luck.normal(Concern.AUDIT, case.key, rework)
        if ready(case.readiness + error, rules.readiness_bar):
            self._money(case)
        elif rework:
            self._model.close(case, Reason.TECHNICAL, case.host.name)
        else:
            case.readiness = min(1.0, case.readiness + rules.rework_gain)
            self._model.calendar.after(rules.rework_days, self._audit, case, 1)

    def _money(self, case: Case) -> None:
        cost = case.poc_cost * (1 - self._city.conditions.poc.city_share)
        if case.vendor.finances(case, cost, self._city.conditions.clearance.cushion):
            self._cleared(case)
        else:
            self._model.close(case, Reason.FINANCIAL, case.vendor.name)

    def _cleared(self, case: Case) -> None:
        self._model.move(case, Stage.CLEARED, case.host.name)
        if self._city.conditions.poc.required:
            case.host.admit(case)
        else:
            self._city.purchasing.prepare(case)

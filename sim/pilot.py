"""The proof of concept: field test, reviews, and what follows from them."""

from __future__ import annotations

from math import exp, fsum, sqrt
from typing import TYPE_CHECKING, NamedTuple

from sim import circle
from sim.events import Kind
from sim.luck import Concern, address
from sim.stages import Reason, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.agents.city import City
    from sim.cases import Case
    from sim.parameters import Poc

PANEL = "review panel"

#: tasks of the office have addresses by case; reviews take those from here on
_REVIEW_TASK = 200


# what a review scores


class Criteria(NamedTuple):
    """The four criteria of a review (R10), each from 0 to 1."""

    execution: float
    technical: float
    administrative: float
    financial: float


#: the reason that a case gets when the criterion at that place is what failed it
FAILED_BY = (Reason.TECHNICAL, Reason.MISFIT, Reason.ADMINISTRATIVE, Reason.FINANCIAL)


def panel_error(members: list[float]) -> float:
    """Standard deviation of the mean of independent scores, from those of the members' errors."""
    return sqrt(fsum(error * error for error in members)) / len(members)


def weighted(scores: Criteria, weights: Criteria) -> float:
    """The score of a review: criteria weighted, weights scaled to 1 (all equal where all are 0)."""
    total = fsum(weights)
    if total <= 0:
        return fsum(scores) / len(scores)
    return fsum(score * weight for score, weight in zip(scores, weights, strict=True)) / total


def weakest(scores: Criteria) -> int:
    """The place of the lowest criterion."""
    return min(range(len(scores)), key=scores.__getitem__)


# decisions


def stability(cash: float, runway: float) -> float:
    """Financial stability of a vendor, 0 to 1: 1 - exp(-cash / runway), 0 without cash."""
    return 1 - exp(-cash / runway) if cash > 0 else 0.0


def verdict(score: float, judged_fit: float, extensions_left: int, rules: Poc) -> str:
    """What the final review concludes: ``close``, ``extend`` or ``pass``."""
    if score < rules.close_bar or judged_fit < rules.fit_bar:
        return "close"
    if score >= rules.pass_bar:
        return "pass"
    return "extend" if extensions_left > 0 else "close"


# process


class Pilots:
    """The proofs of concept of one city."""

    def __init__(self, city: City) -> None:
        self._city, self._model = city, city.model

    def set_up(self, case: Case) -> None:
        """The host has a place: prepare the test field."""
        case.seated = True
        mean = self._city.conditions.poc.setup_days
        if case.answered.integrated:
            mean *= 1 - self._city.conditions.platform.speed
        self._model.calendar.after(
            self._model.luck.wait(mean, Concern.SETUP_TIME, case.key), self._start, case
        )

    def _start(self, case: Case) -> None:
        if case.over:
            return
        rules = self._city.conditions.poc
        grant = case.poc_cost * rules.city_share
        if grant > case.host.free_budget:
            self._model.close(case, Reason.FINANCIAL, case.host.name)
            return
        if not case.vendor.finances(case, case.poc_cost - grant, 1.0):
            self._model.close(case, Reason.FINANCIAL, case.vendor.name)
            return
        self._model.move(case, Stage.POC, case.host.name)
        self._pay(case, grant)
        self._city.hear_of(self._city.conditions.learning.reputation_gain)
        self._model.calendar.after(rules.days / 2, self._midway, case, rules)

    def _pay(self, case: Case, grant: float) -> None:
        if grant > 0:
            self._model.pay(case.host, case.vendor, grant, "poc grant", self._city, case.number)
        if case.poc_cost > 0:
            self._model.pay(case.vendor, "world", case.poc_cost, "poc cost", self._city, case.number)

    def _midway(self, case: Case, rules: Poc) -> None:
        if case.over:
            return
        self._adapt(case, rules)
        self._model.calendar.after(rules.days / 2, self._end, case)
        if rules.midway:
            self._review(case, "midway", 0, self._conclude_midway)

    def _adapt(self, case: Case, rules: Poc) -> None:
        """In the field the vendor sees the need, and moves its offer as far as it can and wants."""
        vendor, need = case.vendor, case.answered
        vendor.learn(need.department, self._city.conditions.learning.poc)
        goal = vendor.offer_for(need.position)
        way = circle.distance(case.position, goal) * rules.adaptation
        case.position = circle.towards(case.position, goal, way)

    def _review(self, case: Case, name: str, turn: int, conclude: Callable[[Case], None]) -> None:
        key = address(case.key, _REVIEW_TASK + turn)
        days = self._city.conditions.pmo.review_days
        self._city.pmo.work(f"{name} review", days, key, case.number, conclude, case)

    def truth(self, case: Case) -> Criteria:
        """The four criteria as they are, before anybody's error."""
        need = case.answered
        apart = circle.distance(case.position, need.position)
        return Criteria(
            execution=(case.vendor.quality + case.readiness) / 2,
            technical=circle.fit(apart, self._city.parameters.fit.tolerance),
            administrative=case.host.skill * (1 - case.barrier / 2),
            financial=stability(case.vendor.cash, self._city.conditions.poc.runway),
        )

    def _scores(self, case: Case, review: int) -> tuple[float, Criteria]:
        rules = self._city.conditions.poc
        weights = Criteria(
            rules.execution_weight,
            rules.technical_weight,
            rules.administrative_weight,
            rules.financial_weight,
        )
        scores = self._city.experts.score(case, self.truth(case), review)
        return weighted(scores, weights), scores

    def _tell(self, case: Case, name: str, concluded: str, score: float, scores: Criteria) -> None:
        weak = Criteria._fields[weakest(scores)]
        self._model.tell(
            Kind.REVIEW,
            self._city,
            case.number,
            actor=PANEL,
            origin=name,
            target=concluded,
            reason=weak,
            amount=score,
        )

    def _conclude_midway(self, case: Case) -> None:
        if case.over or case.stage is not Stage.POC:
            return
        score, scores = self._scores(case, 0)
        closed = score < self._city.conditions.poc.midway_bar
        self._tell(case, "midway", "close" if closed else "continue", score, scores)
        if closed:
            self._fail(case, scores)

    def _end(self, case: Case) -> None:
        if not case.over:
            self._review(case, "final", 1 + case.extensions, self._conclude)

    def _conclude(self, case: Case) -> None:
        if case.over:
            return
        rules = self._city.conditions.poc
        score, scores = self._scores(case, 1 + case.extensions)
        found = verdict(score, scores.technical, rules.extensions - case.extensions, rules)
        if found == "pass":
            self._passed(case, score, scores)
            return
        self._tell(case, "final", found, score, scores)
        if found == "close":
            self._fail(case, scores)
        else:
            self._extend(case, rules)

    def _extend(self, case: Case, rules: Poc) -> None:
        case.extensions += 1
        if case.stage is not Stage.EXTENDED:
            self._model.move(case, Stage.EXTENDED, case.host.name)
        self._adapt(case, rules)
        case.readiness = min(1.0, case.readiness + self._city.conditions.clearance.rework_gain)
        self._model.calendar.after(rules.extension_days, self._end, case)

    def _fail(self, case: Case, scores: Criteria) -> None:
        learning = self._city.conditions.learning
        case.host.experience(case.vendor, works=False)
        self._city.hear_of(-learning.reputation_loss)
        self._model.close(case, FAILED_BY[weakest(scores)], PANEL)

    def _passed(self, case: Case, score: float, scores: Criteria) -> None:
        learning, need = self._city.conditions.learning, case.answered
        case.vendor.mature(learning.experience)
        case.host.experience(case.vendor, works=True)
        self._model.network.prove(case)
        need.clarity = 1 - (1 - need.clarity) * (1 - learning.specification)
        launching = self._city.launches.worthwhile(case)
        follow_up = "launch" if launching else self._follow_up(case, scores)
        self._tell(case, "final", follow_up, score, scores)
        self._model.leave_field(case)
        if follow_up == "no_follow_up":
            self._model.close(case, Reason.ADMINISTRATIVE, case.host.name)
        elif follow_up == "small_purchase":
            self._buy_small(case)
        elif follow_up == "launch":
            self._city.launches.open(case)
        else:
            self._city.purchasing.prepare(case)

    def _follow_up(self, case: Case, scores: Criteria) -> str:
        rules = self._city.conditions.poc
        if not case.host.wants_scale(case, scores.technical):
            return "no_follow_up"
        seen = case.vendor.scaling + rules.noise * self._model.luck.normal(Concern.SCALING, case.key)
        doubted = seen < rules.scaling_bar
        affordable = case.host.free_budget >= rules.second_price
        return "small_purchase" if doubted and rules.second and affordable else "tender"

    def _buy_small(self, case: Case) -> None:
        rules = self._city.conditions.poc
        self._model.move(case, Stage.SECOND_POC, case.host.name, amount=rules.second_price)
        self._model.pay(case.host, case.vendor, rules.second_price, "small purchase", self._city, case.number)
        self._model.calendar.after(rules.second_days, self._judge_scaling, case, rules)

    def _judge_scaling(self, case: Case, rules: Poc) -> None:
        if case.over:
            return
        # the second POC lets the vendor grow into the task, and shows its true capacity
        grown = 1 - (1 - case.vendor.scaling) * (1 - case.vendor.experience)
        able = grown >= rules.scaling_bar
        self._model.tell(
            Kind.REVIEW,
            self._city,
            case.number,
            actor=case.host.name,
            origin="second",
            target="tender" if able else "close",
            reason="scaling",
            amount=grown,
        )
        if able:
            self._city.purchasing.prepare(case)
        else:
            case.host.experience(case.vendor, works=False)
            self._model.close(case, Reason.TECHNICAL, case.host.name)

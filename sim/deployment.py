"""What becomes of a purchase: benefit by true fit, waste, survival."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim import circle
from sim.calendar import YEAR
from sim.events import Kind
from sim.luck import Concern
from sim.stages import Reason, Stage

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.department import Department
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


# process


class Services:
    """The services in operation in one city."""

    def __init__(self, city: City) -> None:
        self._city, self._model = city, city.model

    def deploy(self, case: Case) -> None:
        """Take a service into operation; now everybody sees whether it fits."""
        if case.over:
            return
        numbers, need = self._city.parameters.deployment, case.answered
        fit = circle.fit(circle.distance(case.position, need.position), self._city.parameters.fit.tolerance)
        works = fit >= numbers.usable and not need.solved
        self._model.move(case, Stage.DEPLOYED, case.vendor.name, amount=case.price)
        self._learn(case, works)
        need.engaged -= 1
        if works:
            gain = benefit(need.severity, fit, case.vendor.novelty, numbers.novelty_gain)
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
        finance, skill = case.vendor.traits.finance, case.host.skill
        rate = giving_up(numbers.abandonment, numbers.misfit_weight, fit, finance, skill)
        unit = self._model.luck.wait(1.0, Concern.SURVIVAL, case.key)
        if unit < rate * numbers.contract_years:
            reason = Reason.ADMINISTRATIVE if finance >= skill else Reason.FINANCIAL
            self._model.calendar.after(
                unit / rate * YEAR, self.abandon, case, reason if works else Reason.MISFIT
            )
        else:
            self._model.calendar.after(numbers.contract_years * YEAR, self._sustain, case)

    def abandon(self, case: Case, reason: Reason) -> None:
        """Give a service up; the need that it met is back."""
        if case.over:
            return
        self._model.move(case, Stage.ABANDONED, case.host.name, reason)
        need = case.answered
        if need.solver is case:
            need.department.reopen(need)

    def _sustain(self, case: Case) -> None:
        if not case.over:
            self._model.move(case, Stage.SUSTAINED, case.host.name)

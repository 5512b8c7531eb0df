"""Problem-led calls: departments publish problems, vendors shape proposals towards them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from sim.calendar import YEAR
from sim.cases import Need
from sim.events import Kind
from sim.intake.statement import judged, put_into_words
from sim.luck import Concern, address
from sim.stages import Reason, Stage

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.vendor import Vendor
    from sim.cases import Case

OFFICE = "PMO"


# decisions


def choice(judged: list[float], bar: float, slots: int) -> list[int]:
    """Places of the proposals chosen for one challenge: the best judged, if good enough."""
    fitting = [place for place, fit in enumerate(judged) if fit >= bar]
    return sorted(fitting, key=lambda place: -judged[place])[:slots]


# channel


class ProblemLedCalls:
    """Calls at regular intervals through the year."""

    def __init__(self, city: City) -> None:
        self._city, self._model = city, city.model
        self._calls = 0

    def begin(self) -> None:
        """Await the day of the year on which the first call opens."""
        first = self._city.conditions.problem_led.first_day
        today = self._model.today
        opening = date(today.year, 1, 1) + timedelta(days=first - 1)
        wait = (opening - today).days
        self._model.calendar.after(wait if wait >= 0 else wait + YEAR, self._open)

    def meet(self, vendor: Vendor) -> None:
        """A vendor hears of calls when they are held."""

    def _open(self) -> None:
        rules = self._city.conditions.problem_led
        self._model.calendar.after(YEAR / rules.calls, self._open)
        if not rules.open:
            return
        self._calls += 1
        needs = self._published(self._calls)
        delay = rules.validation_days if rules.validation else 0.0
        self._model.calendar.after(delay, self._announce, self._calls, needs, rules.validation)

    def _published(self, call: int) -> list[Need]:
        """The most severe need of each department that is willing, the most severe of all first."""
        rules, needs = self._city.conditions.problem_led, list[Need]()
        for department in self._city.departments:
            need = department.worst(0.0)
            if need and department.publishes(call):
                needs.append(need)
        return sorted(needs, key=lambda need: -need.severity)[: rules.challenges]

    def _announce(self, call: int, needs: list[Need], validated: bool) -> None:
        rules = self._city.conditions.problem_led
        needs = [need for need in needs if not need.engaged and not need.solved]
        for need in needs:
            need.engaged += 1
            put_into_words(need, rules.clarity, "call", 0.0 if validated else rules.wrong_share)
        self._tell("opened", len(needs))
        self._model.calendar.after(rules.window, self._close, call, needs)

    def _tell(self, what: str, number: int) -> None:
        self._model.tell(Kind.CALL, self._city, actor=OFFICE, target=what, amount=number)

    def _close(self, call: int, needs: list[Need]) -> None:
        answers = [(need, self._answers(call, need)) for need in needs]
        self._tell("closed", sum(len(cases) for _, cases in answers))
        days = self._city.conditions.problem_led.review_days
        for need, cases in answers:
            self._model.calendar.after(days, self._choose, need, cases)

    def _answers(self, call: int, need: Need) -> list[Case]:
        rules, city = self._city.conditions.problem_led, self._city
        found = []
        for vendor in self._model.market.vendors(need.domain):
            heard = self._model.luck.uniform(Concern.CALL_HEARD, vendor.key, call) < rules.reach
            if not heard or not vendor.free():
                continue
            key = address(address(vendor.key, need.key), call)
            position = vendor.answer(need, rules.response, key)
            if position is not None:
                found.append(self._model.submit(city, "problem_led", vendor, position, key))
        return found

    def _choose(self, need: Need, cases: list[Case]) -> None:
        """The field's team and experts choose; the others leave the funnel."""
        need.engaged -= 1
        cases = [case for case in cases if not case.over]
        fits = [judged(case, need) for case in cases]
        rules, bar = self._city.conditions.problem_led, self._city.conditions.pmo.match_bar
        chosen = choice(fits, bar, rules.slots) if not need.solved else []
        for place, case in enumerate(cases):
            if place in chosen:
                self._model.move(case, Stage.SCREENED, OFFICE)
                self._city.pmo.present(case, need)
            else:
                reason = Reason.MISFIT if fits[place] < bar else Reason.COMPETITION
                self._model.close(case, reason, OFFICE)

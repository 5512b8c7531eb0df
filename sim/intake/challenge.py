"""Challenge programmes: workshops, validation, a search of the market, an event where both sides choose.

The programme is that of Tech4Muni (S30 to S35, R28 to R31). Departments work their problems out in
workshops and learn by it; those concerned check them; vendors hear of the challenges or are found; the
best applicants are accepted to an event, where vendors and departments that want to talk meet. Then each
side ranks those it met, and they are matched by deferred acceptance.

Cities that want to hold a programme together share the event and part of what they learn. The first of
them runs it, by its own rules; each of the others decides which and how many challenges it brings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from sim.calendar import MONTH, YEAR
from sim.cases import Case, Need
from sim.events import Kind
from sim.intake.problem_led import choice
from sim.intake.statement import judged, put_into_words
from sim.luck import Concern, address
from sim.stages import Reason, Stage

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.department import Department
    from sim.agents.vendor import Vendor
    from sim.parameters import Challenge

#: applications have addresses of their own, apart from those of other channels
_APPLICATION = 1 << 40


class Edition(NamedTuple):
    """One programme that is held."""

    key: int  # address of its luck
    cities: list[City]


#: places of a vendor and of a challenge at an event
Pair = tuple[int, int]


class View(NamedTuple):
    """What a vendor and a department think of each other."""

    position: float  # of the offer that the vendor would make
    suits: float  # fit that the vendor believes in
    seen: float  # fit that the department sees


# decisions


def learnt(gain: float, sharing: float, others: int) -> float:
    """What a department learns in workshops, and from what so many others report of theirs, 0 to 1."""
    return 1 - (1 - gain) * (1 - gain * sharing) ** others


def interest(suits: float, value: float) -> float:
    """How much a vendor wants a challenge: its value (NT$ m) times the fit that the vendor believes in."""
    return suits * value


def appeal(seen: float, trust: float) -> float:
    """How much a department wants a vendor: the fit that it sees, more with trust; as it is at trust 0.5."""
    return seen * (0.5 + trust)


def deferred_acceptance(
    wishes: Sequence[Sequence[int]], rankings: Sequence[Sequence[int]], places: int
) -> list[list[int]]:
    """Who is matched with whom, by mutual choice (Gale and Shapley 1962).

    Vendors propose to needs in the order of their wishes. A need holds the best of those that proposed
    so far, up to ``places``, and lets the others go on. What comes out is stable: no vendor and need
    would rather have each other than what they have.

    Args:
        wishes: for each vendor the needs that it wants, best first.
        rankings: for each need the vendors that it wants, best first.
        places: vendors that a need can hold.

    Returns:
        For each need the vendors that it is matched with, best first.
    """
    ranks = [{vendor: rank for rank, vendor in enumerate(ranking)} for ranking in rankings]
    held: list[list[int]] = [[] for _ in rankings]
    ahead = [iter(wish) for wish in wishes]
    free = list(range(len(wishes)))
    while free:
        vendor = free.pop()
        need = next((need for need in ahead[vendor] if vendor in ranks[need]), None)
        if need is None:
            continue
        held[need].append(vendor)
        held[need].sort(key=ranks[need].__getitem__)
        free += held[need][places:]
        del held[need][places:]
    return held


# channel


class ChallengeProgrammes:
    """Programmes at regular intervals; one that is held jointly is run by the first of its cities."""

    def __init__(self, city: City) -> None:
        self._city, self._model = city, city.model
        self._turns = 0

    def begin(self) -> None:
        """Begin the first programme after a month."""
        self._model.calendar.after(MONTH, self._turn)

    def meet(self, vendor: Vendor) -> None:
        """Vendors hear of a programme, or are found, when challenges are published."""

    @property
    def _rules(self) -> Challenge:
        return self._city.conditions.challenge

    def _turn(self) -> None:
        rules, city = self._rules, self._city
        self._model.calendar.after(YEAR / rules.programmes, self._turn)
        if not rules.open:
            return
        self._turns += 1
        cities = [other for other in self._model.cities if _joins(other)] if rules.joint else [city]
        if cities[0] is city:
            self._begin(Edition(address(city.key, self._turns), cities))

    def _begin(self, edition: Edition) -> None:
        needs = [need for city in edition.cities for need in _taken_up(city, edition)]
        for city in edition.cities:
            self._pay(city, city.conditions.challenge.cost, "programme")
        self._tell("begun", len(needs))
        self._model.calendar.after(self._rules.workshop_days, self._work_out, edition, needs)

    def _pay(self, city: City, amount: float, purpose: str) -> None:
        if amount > 0:
            self._model.pay(city, "world", amount, purpose, city)

    def _tell(self, what: str, number: int) -> None:
        self._model.tell(Kind.CALL, self._city, actor="challenge", target=what, amount=number)

    # problems

    def _work_out(self, edition: Edition, needs: list[Need]) -> None:
        """Workshops end: departments have learnt, and problems are put into words, some of them wrongly."""
        for need in needs:
            _teach(need, needs)
            city = need.department.city.conditions
            put_into_words(need, city.challenge.clarity, "workshop", city.problem_led.wrong_share)
        days = self._rules.validation_days if self._rules.validation else 0.0
        self._model.calendar.after(days, self._publish, edition, self._rules.validation, needs)

    def _validate(self, need: Need) -> None:
        """Those concerned are asked: a wrong statement is put right."""
        department, wrong = need.department, need.stated != need.position
        self._pay(department.city, self._rules.validation_cost, "validation")
        if wrong:
            department.state(need, self._rules.clarity, "validation")
        self._model.tell(
            Kind.VALIDATED,
            department.city,
            actor=department.name,
            origin=need.name,
            target="corrected" if wrong else "confirmed",
            amount=need.clarity,
        )

    def _publish(self, edition: Edition, validated: bool, needs: list[Need]) -> None:
        if validated:
            for need in needs:
                self._validate(need)
        self._tell("opened", len(needs))
        self._model.calendar.after(self._rules.window, self._close, edition, needs)

    # vendors

    def _close(self, edition: Edition, needs: list[Need]) -> None:
        cases = []
        for domain in dict.fromkeys(need.domain for need in needs):
            challenges = [need for need in needs if need.domain == domain]
            for vendor in self._model.market.vendors(domain):
                case = self._application(edition, vendor, challenges) if vendor.free() else None
                if case:
                    cases.append(case)
        self._tell("closed", len(cases))
        self._model.calendar.after(self._rules.review_days, self._accept, cases, needs)

    def _application(self, edition: Edition, vendor: Vendor, challenges: list[Need]) -> Case | None:
        """A vendor that knows of the programme applies with the challenge that it wants most, if any."""
        if not self._reached(edition, vendor):
            return None
        wanted = []
        for need in challenges:
            willingness = need.department.city.conditions.problem_led.response
            key = address(address(vendor.key, need.key), edition.key)
            if vendor.answer(need, willingness, key) is not None:
                position, suits = vendor.aim(need)
                wanted.append((interest(suits, need.estimate), position, need))
        if not wanted:
            return None
        _, position, need = max(wanted, key=lambda wish: wish[0])
        key = address(_APPLICATION + vendor.key, edition.key)
        return self._model.submit(need.department.city, "challenge", vendor, position, key)

    def _reached(self, edition: Edition, vendor: Vendor) -> bool:
        luck, rules = self._model.luck, self._rules
        if luck.uniform(Concern.CHALLENGE_HEARD, vendor.key, edition.key) < rules.reach:
            return True
        return luck.uniform(Concern.CHALLENGE_MAPPED, vendor.key, edition.key) < rules.mapping

    def _accept(self, cases: list[Case], needs: list[Need]) -> None:
        """The applicants that seem to fit some challenge best come to the event."""
        cases = [case for case in cases if not case.over]
        bar = self._city.conditions.pmo.match_bar
        fits = [max(judged(case, need) for need in needs if need.domain == case.domain) for case in cases]
        chosen = choice(fits, bar, self._rules.places)
        for place, case in enumerate(cases):
            if place in chosen:
                self._model.move(case, Stage.SCREENED, case.city.name)
            else:
                reason = Reason.MISFIT if fits[place] < bar else Reason.COMPETITION
                self._model.close(case, reason, case.city.name)
        accepted = [case for place, case in enumerate(cases) if place in chosen]
        self._tell("accepted", len(accepted))
        self._model.calendar.after(self._rules.event_days, self._hold, accepted, needs)

    # event

    def _hold(self, cases: list[Case], needs: list[Need]) -> None:
        """Vendors and departments meet; then both sides choose, and the others go home."""
        cases = [case for case in cases if not case.over]
        views = self._meetings(cases, needs)
        pairs = self._choices(cases, needs, views)
        for need in needs:
            need.engaged -= 1
        for at, of in pairs:
            self._match(cases[at], needs[of], views[at, of])
        for at, case in enumerate(cases):
            if all(at != matched for matched, _ in pairs):
                met = any(at == vendor for vendor, _ in views)
                self._model.close(case, Reason.COMPETITION if met else Reason.MISFIT, case.city.name)

    def _meetings(self, cases: list[Case], needs: list[Need]) -> dict[Pair, View]:
        """What both sides think after those meetings that both wanted."""
        met = [(at, of) for at, case in enumerate(cases) for of in self._wanted(case, needs)]
        for at, of in met:
            self._talk(cases[at], needs[of], needs)
        self._tell("met", len(met))
        return {(at, of): _view(cases[at], needs[of], self._rules.insight) for at, of in met}

    def _wanted(self, case: Case, needs: list[Need]) -> list[int]:
        """The places of the challenges with which there is a meeting: what the vendor wants most."""
        bar, wanted = self._city.conditions.pmo.match_bar, []
        for of, need in enumerate(needs):
            if need.domain == case.domain and not need.solved:
                view = _view(case, need, 0.0)
                if min(view.suits, view.seen) >= bar:
                    wanted.append((interest(view.suits, need.estimate), of))
        return [of for _, of in sorted(wanted, reverse=True)[: self._rules.meetings]]

    def _talk(self, case: Case, need: Need, needs: list[Need]) -> None:
        """A formal meeting: both sides learn, and what the vendor learns helps it with similar challenges."""
        department, rules = need.department, self._rules
        self._model.tell(
            Kind.TALK,
            department.city,
            case.number,
            actor=department.name,
            origin=need.name,
            target=case.vendor.name,
        )
        department.get_to_know(case.vendor, rules.trust)
        case.vendor.learn(department, rules.insight)
        for other in _elsewhere(need, needs):
            case.vendor.learn(other.department, rules.insight * rules.sharing)

    def _choices(self, cases: list[Case], needs: list[Need], views: dict[Pair, View]) -> list[Pair]:
        """The pairs that come out of mutual choice."""
        bar = self._city.conditions.pmo.match_bar
        wishes: list[dict[int, float]] = [{} for _ in cases]
        rankings: list[dict[int, float]] = [{} for _ in needs]
        for (at, of), view in views.items():
            if min(view.suits, view.seen) >= bar:
                wishes[at][of] = interest(view.suits, needs[of].estimate)
                rankings[of][at] = appeal(view.seen, _trust(needs[of].department, cases[at].vendor))
        best = deferred_acceptance(
            [sorted(wish, key=wish.__getitem__, reverse=True) for wish in wishes],
            [sorted(ranking, key=ranking.__getitem__, reverse=True) for ranking in rankings],
            self._rules.slots,
        )
        return [(at, of) for of, chosen in enumerate(best) for at in chosen]

    def _match(self, case: Case, need: Need, view: View) -> None:
        """Department and vendor agree on a pilot with milestones; the department confirms its choice."""
        city = need.department.city
        if case.city is not city:
            self._model.transfer(case, city)
        case.position, case.demanded = view.position, True
        case.insight, case.goals = self._rules.insight, city.conditions.challenge.goals
        need.department.consider(case, need, self._rules.decision_days)


def _joins(city: City) -> bool:
    rules = city.conditions.challenge
    return rules.open and rules.joint


def _taken_up(city: City, edition: Edition) -> list[Need]:
    """The worst need of each department that takes part, the most severe first; they are in hand now."""
    rules, found = city.conditions.challenge, list[Need]()
    for department in city.departments:
        need = department.worst(0.0)
        if need and department.takes_part(rules.attendance, edition.key):
            found.append(need)
    chosen = sorted(found, key=lambda need: -need.severity)[: rules.challenges]
    for need in chosen:
        need.engaged += 1
    return chosen


def _elsewhere(need: Need, needs: list[Need]) -> list[Need]:
    """The challenges of other cities in the same field."""
    city, domain = need.department.city, need.domain
    return [other for other in needs if other.domain == domain and other.department.city is not city]


def _teach(need: Need, needs: list[Need]) -> None:
    """The department that brought a challenge to the workshops has learnt there."""
    department, rules = need.department, need.department.city.conditions.challenge
    gain = learnt(rules.learning, rules.sharing, len(_elsewhere(need, needs)))
    department.encourage(gain)
    department.skill += gain * (1 - department.skill)
    department.model.tell(
        Kind.SKILL,
        department.city,
        actor=department.name,
        origin="workshop",
        target="skill",
        amount=department.skill,
    )


def _trust(department: Department, vendor: Vendor) -> float:
    city = department.city
    return city.ties.trusted(department, vendor, city.parameters.departments.trust)


def _view(case: Case, need: Need, insight: float) -> View:
    """What vendor and department think of each other; ``insight`` is the error that a meeting removed."""
    case.position, suits = case.vendor.aim(need)
    office = need.department.city.conditions.pmo
    blind = (1 - office.skill if office.exists else 1.0) * (1 - insight)
    seen = need.department.perceive(case, need, 1 - blind, Concern.DECISION_FIT)
    return View(case.position, suits, seen)

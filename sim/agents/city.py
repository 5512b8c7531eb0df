"""A city: its mayor's support, its name among vendors, and the bodies that decide in it."""

from __future__ import annotations

from datetime import date, timedelta
from math import sqrt
from typing import TYPE_CHECKING

import mesa

from sim.calendar import MONTH, YEAR
from sim.conditions import Conditions, Policy, Situation, under
from sim.events import Kind
from sim.luck import Concern, address
from sim.stages import Reason, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.agents.department import Department
    from sim.agents.pmo import Pmo
    from sim.agents.steering import Steering
    from sim.agents.vendor import Vendor
    from sim.cases import Case, Need
    from sim.clearance import Clearance
    from sim.deployment import Services
    from sim.intake import Channel
    from sim.launch import Launches
    from sim.model import Ecosystem
    from sim.parameters import Parameters
    from sim.pilot import Pilots
    from sim.procurement.purchasing import Purchasing
    from sim.programmes import Programme
    from sim.ties import Ties

#: the one core and seven fields of Taipei's framework (S13)
DOMAINS = (
    "governance",
    "buildings",
    "security",
    "healthcare",
    "environment",
    "transport",
    "economy",
    "education",
)

#: stages in which a project is under way and can be dropped by a new mayor
UNDER_WAY = frozenset(
    {
        Stage.CLEARED,
        Stage.POC,
        Stage.EXTENDED,
        Stage.SECOND_POC,
        Stage.PREPARATION,
        Stage.TENDER,
        Stage.RETENDER,
    }
)


# decisions and dynamics


def drifted(support: float, level: float, reversion: float, shock: float, years: float) -> float:
    """Support after a while: pulled back to its level, moved by a shock, kept within 0 and 1.

    An Ornstein-Uhlenbeck process in Euler steps; ``shock`` is already scaled to the step.
    """
    return min(1.0, max(0.0, support + reversion * (level - support) * years + shock))


def backing(support: float, level: float, autonomy: float) -> float:
    """The support that departments feel behind the office: autonomy shields it from the day's swings."""
    return autonomy * level + (1 - autonomy) * support


def dropping(loss: float, autonomy: float, embedding: float) -> float:
    """Chance that a new mayor drops an inherited project."""
    return loss * (1 - autonomy) * (1 - embedding)


# agent


class City(mesa.Agent):
    """One city. ``conditions`` is what policy offers at this moment; everybody in the city reads it."""

    model: Ecosystem

    departments: list[Department]
    pmo: Pmo
    steering: Steering
    channels: dict[str, Channel]
    programmes: list[Programme]
    ties: Ties
    clearance: Clearance
    pilots: Pilots
    purchasing: Purchasing
    services: Services
    launches: Launches

    def __init__(self, model: Ecosystem, key: int, name: str, parameters: Parameters) -> None:
        super().__init__(model)
        self.key = key
        self.name = name
        self.parameters = parameters
        self.conditions = Conditions.of(parameters)
        self.policies: tuple[Policy, ...] = ()
        self.support = self.conditions.politics.support
        self.reputation = 0.5
        self.needs: dict[int, list[Need]] = {domain: [] for domain in range(model.parameters.city.domains)}
        self.cases: list[Case] = []
        self.fields: set[int] = set()  # domains that have an open test field
        #: what draws firms here: chance, by field and kind, that a candidate comes who would have stayed away
        self.attractions: list[Callable[[int, str], float]] = []
        self._months = 0

    def domain_name(self, domain: int) -> str:
        """The name of a domain."""
        return DOMAINS[domain] if domain < len(DOMAINS) else f"domain {domain + 1}"

    def begin(self) -> None:
        """Tell where support, reputation and culture stand, and start all clocks of the city."""
        self._set_support(self.conditions.politics.support)
        self.model.tell(Kind.REPUTATION, self, actor=self.name, amount=self.reputation)
        for department in self.departments:
            department.begin()
        self.new_year()
        self.steering.begin()
        for channel in self.channels.values():
            channel.begin()
        for programme in self.programmes:
            programme.begin()
        self.model.calendar.after(MONTH, self.month)

    # policy

    def adopt(self, parameters: Parameters, policies: tuple[Policy, ...]) -> None:
        """Put numbers and policies in force, and write down which conditions that changes."""
        self.parameters, self.policies = parameters, policies
        self.reconsider()

    def reconsider(self) -> None:
        """Let the policies in force see the situation, and change the conditions as they want."""
        before = self.conditions
        self.conditions = under(self.policies, Conditions.of(self.parameters), self.situation())
        if self.conditions != before:
            self._tell_changes(before)
            self.pmo.dispatch()  # there may be more officers now

    def _tell_changes(self, before: Conditions) -> None:
        for group, old, new in zip(before._fields, before, self.conditions, strict=True):
            if old == new:
                continue
            for name, value in new:
                if getattr(old, name) != value:
                    self.model.tell(
                        Kind.POLICY, self, actor=self.name, target=f"{group}.{name}", reason=str(value)
                    )

    def situation(self) -> Situation:
        """What a policy can see of the city now."""
        pocs = sum(department.hosting for department in self.departments)
        return Situation(self.model.now, self.support, self.reputation, self.pmo.waiting, pocs)

    # politics

    @property
    def backing(self) -> float:
        """The political support that departments feel behind a case, 0 to 1."""
        politics, autonomy = self.conditions.politics, self.conditions.pmo.autonomy
        return backing(self.support, politics.support, autonomy if self.conditions.pmo.exists else 0.0)

    def month(self) -> None:
        """Another month has passed: support drifts, and policies look at the situation."""
        model, politics = self.model, self.conditions.politics
        self._months += 1
        years = MONTH / YEAR
        shock = politics.volatility * sqrt(years) * model.luck.normal(Concern.SUPPORT, self.key, self._months)
        self._set_support(drifted(self.support, politics.support, politics.reversion, shock, years))
        if self.policies:
            self.reconsider()
        model.calendar.after(MONTH, self.month)

    def _set_support(self, support: float) -> None:
        self.support = min(1.0, max(0.0, support))
        self.model.tell(Kind.SUPPORT, self, actor=self.name, amount=self.support)

    def vote(self, election: int) -> None:
        """Hold an election: a new mayor brings a new level of support and drops inherited projects."""
        luck, politics = self.model.luck, self.conditions.politics
        place = address(self.key, election)
        if luck.uniform(Concern.ELECTION, place) >= politics.turnover:
            self.model.tell(Kind.ELECTION, self, actor=self.name, target="kept", amount=self.support)
            return
        shift = politics.turnover_spread * luck.normal(Concern.NEW_SUPPORT, place)
        self._set_support(politics.support + shift)
        self.model.tell(Kind.ELECTION, self, actor=self.name, target="changed", amount=self.support)
        autonomy = self.conditions.pmo.autonomy if self.conditions.pmo.exists else 0.0
        chance = dropping(politics.loss, autonomy, politics.embedding)
        for case in self.cases:
            if case.stage in UNDER_WAY and luck.uniform(Concern.DROPPED, case.key, election) < chance:
                self.model.close(case, Reason.POLITICAL, "mayor")

    @property
    def understanding(self) -> float:
        """Share of the errors in judging and stating needs that a shared language removes."""
        language = self.conditions.language
        return language.understanding if language.shared else 0.0

    @property
    def unsolicited(self) -> str | None:
        """The channel that takes what vendors offer unasked, if one does."""
        if self.conditions.pitch.open:
            return "pitch"
        return "bottom_up" if self.conditions.bottom_up.open else None

    # names and news

    def greet(self, vendor: Vendor) -> None:
        """Let the office and every intake channel know a vendor that came into the market."""
        self.pmo.greet(vendor)
        for channel in self.channels.values():
            channel.meet(vendor)

    def hear_of(self, gain: float) -> None:
        """Good news (above 0) wins part of the reputation that is missing, bad news loses part of it."""
        room = 1 - self.reputation if gain > 0 else self.reputation
        self.reputation += gain * room
        self.model.tell(Kind.REPUTATION, self, actor=self.name, amount=self.reputation)

    def cheer(self, works: bool) -> None:
        """A project that everybody sees works, or fails: the mayor's support moves with it."""
        politics, learning = self.conditions.politics, self.conditions.learning
        loss = politics.failure_loss * (1 - learning.monitoring)
        self._set_support(self.support + (politics.success_gain if works else -loss))

    # the year

    def new_year(self) -> None:
        """A fiscal year begins: budgets are renewed and the office is paid."""
        model, office = self.model, self.conditions.pmo
        for department in self.departments:
            department.renew_budget()
        if office.exists:
            model.pay(self, "world", office.staff * office.cost, "office")
        model.calendar.after(_to_next_january(model.today), self.new_year)


def _to_next_january(today: date) -> float:
    return (date(today.year + 1, 1, 1) - today) / timedelta(days=1)

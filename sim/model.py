"""The run in one screen: the world, its clock, and the one place where a case moves."""

from __future__ import annotations

from datetime import date, timedelta
from math import fsum
from typing import TYPE_CHECKING

import mesa

from sim.agents.city import City
from sim.agents.department import Department
from sim.agents.experts import Experts
from sim.agents.pmo import Pmo
from sim.agents.steering import Steering
from sim.agents.vendor import Vendor
from sim.calendar import MONTH, Calendar
from sim.cases import Case
from sim.circle import distance, fit
from sim.clearance import Clearance
from sim.deployment import Services
from sim.events import Event, EventLog, Kind
from sim.intake import CHANNELS
from sim.launch import Launches
from sim.luck import Concern, Luck, address
from sim.market import Market
from sim.network import Network, made_up
from sim.pilot import Pilots
from sim.policies import POLICIES
from sim.procurement.purchasing import Purchasing
from sim.programmes import PROGRAMMES
from sim.scenario import Change, Scenario, load
from sim.stages import BEFORE_POC, ENDS, Reason, Stage, checked
from sim.ties import Ties

if TYPE_CHECKING:
    from sim.conditions import Policy
    from sim.parameters import Parameters

Payer = City | Department | Vendor | str

#: those whose cash the model keeps; a tuple, because a union is built anew at each test
_ACCOUNTS = (Vendor, Department)

#: stages in which the purchase goes on although the vendor of the POC is gone
_WITHOUT_VENDOR = frozenset({Stage.PREPARATION, Stage.TENDER, Stage.RETENDER})


class Ecosystem(mesa.Model):
    """One city or several, one vendor market, one run.

    ``step()`` advances a month, ``finish()`` runs to the end. ``log`` is the record of all that
    happened; every result is computed from it.
    """

    def __init__(self, world: Scenario, seed: int = 0) -> None:
        super().__init__(rng=int(seed))
        self.world = world = world.drawn(seed)
        self.parameters = world.parameters
        self.luck = Luck(seed)
        self.calendar = Calendar()
        self.log = EventLog(world.name, seed, world.start, world.days)
        self._record = self.log.events.append
        self.cases: list[Case] = []
        self.market, self.network = Market(self), Network(self)
        self.cities = [self._founded(place, name) for place, name in enumerate(world.cities)]
        self._plan()
        self._begin()

    # the world

    def _founded(self, place: int, name: str) -> City:
        city = City(self, place, name, self._numbers(name, self.parameters))
        city.departments = []
        for number in range(city.parameters.city.departments):
            city.departments.append(Department(self, city, number))
        city.ties = Ties(city.departments, city.parameters.departments.links, self.luck)
        city.pmo, city.steering, city.experts = Pmo(self, city), Steering(self, city), Experts(self, city)
        city.clearance, city.pilots = Clearance(city), Pilots(city)
        city.purchasing, city.services, city.launches = Purchasing(city), Services(city), Launches(city)
        city.channels = {name: channel(city) for name, channel in CHANNELS.items()}
        city.programmes = [programme(city) for programme in PROGRAMMES.values()]
        return city

    def _numbers(self, city: str, parameters: Parameters) -> Parameters:
        for path, value in self.world.cities[city].items():
            parameters = parameters.with_(path, value)
        return parameters

    def _plan(self) -> None:
        """Enter the scenario's dated changes and elections in the calendar."""
        for change in self.world.timeline:
            self.calendar.after(self._days_to(change.at), self._change, change)
        for number, day in enumerate(self.world.elections):
            if self._days_to(day) >= 0:
                for city in self.cities:
                    self.calendar.after(self._days_to(day), city.vote, number)

    def _begin(self) -> None:
        policies = _made(self.world.policies)
        for city in self.cities:
            city.adopt(city.parameters, policies)
            city.begin()
        self.market.open()

    def _change(self, change: Change) -> None:
        """Put a dated change of the scenario in force."""
        for city in self.cities:
            if change.city not in (None, city.name):
                continue
            parameters = city.parameters
            for path, value in change.set.items():
                parameters = parameters.with_(path, value)
            policies = city.policies if change.policies is None else _made(change.policies)
            city.adopt(parameters, policies)
        if change.city is None:
            for path, value in change.set.items():
                self.parameters = self.parameters.with_(path, value)

    # time

    @property
    def now(self) -> float:
        """Days since the start of the run."""
        return self.calendar.now

    @property
    def today(self) -> date:
        """The date."""
        return self.world.start + timedelta(days=int(self.calendar.now))

    def _days_to(self, day: date) -> float:
        return (day - self.today) / timedelta(days=1)

    def step(self) -> None:
        """Advance one month, or to the end of the run if that is nearer."""
        self.calendar.run(min(self.now + MONTH, self.world.days))

    def finish(self) -> EventLog:
        """Run to the end and hand over the record, with what is then true of each case."""
        self.calendar.run(self.world.days)
        self.log.cases[:] = [case.record(self._fit(case)) for case in self.cases]
        _forget(self)
        return self.log

    def _fit(self, case: Case) -> float | None:
        if case.need is None:
            return None
        return fit(distance(case.position, case.need.position), case.city.parameters.fit.tolerance)

    @property
    def reputation(self) -> float:
        """Mean reputation of the cities among vendors."""
        return fsum(city.reputation for city in self.cities) / len(self.cities)

    # record

    def tell(
        self,
        kind: Kind,
        city: City | None = None,
        case: int | None = None,
        *,
        actor: str | None = None,
        origin: str | None = None,
        target: str | None = None,
        reason: str | None = None,
        amount: float | None = None,
    ) -> None:
        """Write down what happened."""
        place = city.name if city else None
        self._record(Event(self.calendar.now, place, case, kind, actor, origin, target, reason, amount))

    def pay(
        self,
        payer: Payer,
        payee: Payer,
        amount: float,
        purpose: str,
        city: City | None = None,
        case: int | None = None,
    ) -> None:
        """Money (NT$ m) changes hands; what one loses the other gains."""
        # a party without an account (the world, the city's treasury) goes by its name alone
        giver = payer if isinstance(payer, str) else payer.name
        taker = payee if isinstance(payee, str) else payee.name
        if isinstance(payer, _ACCOUNTS):
            payer.cash -= amount
        if isinstance(payee, _ACCOUNTS):
            payee.cash += amount
        place = city.name if city else None
        self._record(
            Event(self.calendar.now, place, case, Kind.PAYMENT, giver, giver, taker, purpose, amount)
        )

    # cases

    def submit(self, city: City, channel: str, vendor: Vendor, position: float, key: int) -> Case:
        """A vendor's proposal enters the funnel; from now on its patience runs out."""
        numbers, rules = city.parameters.vendors, city.conditions.poc
        case = self._opened(city, channel, vendor, position, key)
        case.proof = self.network.proof(city, vendor, position)
        case.readiness = made_up(case.readiness, city.conditions.exchange.readiness, case.proof)
        case.poc_cost = self.luck.around(rules.cost, rules.cost_spread, Concern.POC_COST, key)
        self.move(case, Stage.SUBMITTED, vendor.name)
        patience = self.luck.around(numbers.patience, numbers.patience_spread, Concern.PATIENCE, key)
        self.calendar.after(patience, self._lose_patience, case)
        return case

    def succeed(self, case: Case, vendor: Vendor, position: float) -> Case:
        """The contract of a rival that won the tender of ``case``."""
        successor = self._opened(case.city, "tender", vendor, position, address(case.key, vendor.key))
        successor.need, successor.demanded = case.need, case.demanded
        successor.barrier, successor.parent = case.barrier, case.number
        case.answered.engaged += 1
        return successor

    def follow(self, case: Case, vendor: Vendor, position: float) -> Case:
        """The service of a vendor that follows ``case`` into the market that it has opened."""
        follower = self._opened(case.city, "market", vendor, position, address(case.key, vendor.key))
        follower.need, follower.demanded = case.need, case.demanded
        follower.barrier, follower.parent = case.barrier, case.number
        return follower

    def _opened(self, city: City, channel: str, vendor: Vendor, position: float, key: int) -> Case:
        number = len(self.cases) + 1
        case = Case(number, key, city, channel, vendor, vendor.domain, position, 0.0, vendor.readiness)
        for register in (self.cases, city.cases, vendor.cases):
            register.append(case)
        return case

    def move(
        self, case: Case, stage: Stage, actor: str, reason: Reason | None = None, amount: float | None = None
    ) -> None:
        """Take a case to another stage and write it down; nothing else changes a stage.

        Raises:
            TransitionError: the table of transitions has no such arrow.
        """
        origin, case.stage = case.stage, checked(case.stage, stage, reason)
        if stage in ENDS:
            case.firm.cases.remove(case)
        number, now = case.number, self.calendar.now
        self._record(Event(now, case.city.name, number, Kind.MOVE, actor, origin, stage, reason, amount))

    def close(self, case: Case, reason: Reason, actor: str) -> None:
        """A case leaves the funnel before service; what it held is free again."""
        self.move(case, Stage.CLOSED, actor, reason)
        if case.need is not None:
            case.need.engaged -= 1
            case.host.reserved -= case.reserved
            case.reserved = 0.0
        self.leave_field(case)

    def transfer(self, case: Case, city: City) -> None:
        """A case goes on in another city, where a department chose it."""
        case.city.cases.remove(case)
        case.city = city
        city.cases.append(case)

    def leave_field(self, case: Case) -> None:
        """Free the host's place for POCs, if the case holds one."""
        if case.seated:
            case.seated = False
            case.host.release()

    def drop(self, case: Case) -> None:
        """The vendor of a case has left the market."""
        if case.stage is Stage.DEPLOYED:
            case.city.services.lose(case)
        elif case.stage is Stage.LAUNCHED:
            case.city.launches.abandon(case, Reason.FINANCIAL)
        elif case.stage not in _WITHOUT_VENDOR:
            self.close(case, Reason.FINANCIAL, case.vendor.name)

    def _lose_patience(self, case: Case) -> None:
        if case.stage in BEFORE_POC:
            self.close(case, Reason.WITHDRAWN, case.vendor.name)


def _made(names: tuple[str, ...]) -> tuple[Policy, ...]:
    return tuple(POLICIES[name]() for name in names)


def _forget(model: Ecosystem) -> None:
    """Let go of a model: Mesa 3.3 numbers agents in a table of the class, which keeps all models for ever."""
    getattr(mesa.Agent, "_ids", {}).pop(model, None)


def run(scenario: str | Scenario, seed: int = 0) -> EventLog:
    """Run a scenario (a name, a path or a value) with the luck of ``seed``.

    Raises:
        ScenarioError: the scenario cannot be read.
    """
    return Ecosystem(load(scenario) if isinstance(scenario, str) else scenario, seed).finish()

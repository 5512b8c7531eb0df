"""Services that citizens pay for: launched without a purchase, imitated, and in the end regulated."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp
from typing import TYPE_CHECKING

from sim import circle
from sim.calendar import YEAR
from sim.deployment import benefit
from sim.events import Kind
from sim.luck import Concern, address
from sim.stages import Reason, Stage

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.vendor import Vendor
    from sim.cases import Case, Need

WORLD = "world"
TREASURY = "city"

#: operators close their books, vendors look for an opening and the department for trouble this often
QUARTER = YEAR / 4


# decisions


def custom(appeal: float, appeals: float, outside: float) -> float:
    """Share of the demand that goes to an operator: its appeal by that of all, doing without included."""
    return appeal / (appeals + outside)


def earning(share: float, cost: float) -> float:
    """What an operator keeps of each unit of income; below 0 where running costs more than comes in.

    ``share`` is the share of the demand that it has, ``cost`` the running cost as a share of the demand.
    """
    return 1 - cost / share if share > 0 else float("-inf")


def following(eagerness: float, earned: float, reputation: float, years: float) -> float:
    """Chance that a vendor follows within ``years`` where it could keep ``earned`` of its income.

    It falls with every operator that shares the demand, and rises with the city's name.
    """
    return 1 - exp(-eagerness * max(0.0, earned) * 2 * reputation * years)


def quitting(rate: float, earned: float, years: float) -> float:
    """Chance that an operator gives up within ``years``: none while it earns something."""
    return 1 - exp(-rate * years) if earned < 0 else 0.0


def let_in(operators: int, cap: int, regulated: bool) -> bool:
    """Whether another operator may enter."""
    return not regulated or operators < cap


def drafting(days: float, skill: float) -> float:
    """Mean days to draft an ordinance, at the pace of the department's skill."""
    return days / skill


# process


@dataclass(slots=True, eq=False)
class Trade:
    """The market for one need."""

    need: Need
    opener: Case  # the service that opened the market
    settled: float  # the day up to which the operators have been paid
    operators: list[Case] = field(default_factory=list)  # in order of entry
    seen: set[int] = field(default_factory=set)  # keys of the vendors that have been in it
    drafted: bool = False
    regulated: bool = False
    quarters: int = 0
    benefit: float = 0.0  # NT$ m a year, as last told
    nuisance: float = 0.0  # NT$ m a year, as last told


class Launches:
    """The markets of one city."""

    def __init__(self, city: City) -> None:
        self._city, self._model = city, city.model
        self.trades: dict[int, Trade] = {}  # by the key of the need

    # the first

    def worthwhile(self, case: Case) -> bool:
        """Whether the vendor of a case that passed its POC goes to the citizens instead of the department."""
        if not self._private(case.answered) or self._trading(case.answered):
            return False
        appeal = self._appeal(case)
        return self._earning(appeal, appeal) > 0 and self._affords(case.vendor, case.answered)

    def open(self, case: Case) -> None:
        """Start a service that no rival offers yet."""
        need, learning = case.answered, self._city.conditions.learning
        trade = self.trades.setdefault(need.key, Trade(need, case, self._model.now))
        trade.opener, trade.settled = case, self._model.now
        case.vendor.mature(learning.experience)
        self._city.hear_of(learning.reputation_gain)
        self._enter(trade, case, case.vendor.name)
        self._told(trade)
        self._model.calendar.after(QUARTER, self._quarter, trade, case)

    def _private(self, need: Need) -> bool:
        numbers = self._city.conditions.market
        if numbers.private_share <= 0 or numbers.domain not in (0, need.domain + 1) or need.solved:
            return False
        return self._model.luck.uniform(Concern.PRIVATE, need.key) < numbers.private_share

    def _trading(self, need: Need) -> bool:
        return need.key in self.trades and bool(self.trades[need.key].operators)

    def _enter(self, trade: Trade, case: Case, actor: str) -> None:
        self._model.move(case, Stage.LAUNCHED, actor)
        trade.operators.append(case)
        trade.seen.add(case.vendor.key)
        self._pay(case, WORLD, self._launching(trade.need), "launch cost")
        if trade.regulated:
            self._pay(case, TREASURY, self._city.conditions.market.fee, "registration")
        days = self._city.parameters.deployment.contract_years * YEAR
        self._model.calendar.after(days, self._establish, case)

    def _establish(self, case: Case) -> None:
        """As long in service as a contract runs: the service counts as lasting, and goes on."""
        if not case.over:
            self._model.move(case, Stage.SUSTAINED, case.vendor.name)

    # money

    def _pay(self, case: Case, payee: str, amount: float, purpose: str) -> None:
        """Pay, with private money where cash does not suffice."""
        if amount <= 0:
            return
        vendor = case.vendor
        if vendor.cash < amount:
            self._model.pay(WORLD, vendor, amount - vendor.cash, "private finance")
        self._model.pay(vendor, payee, amount, purpose, self._city, case.number)

    def _demand(self, need: Need) -> float:
        return need.severity * self._city.conditions.market.demand

    def _launching(self, need: Need) -> float:
        return self._demand(need) * self._city.conditions.market.entry_cost

    def _affords(self, vendor: Vendor, need: Need) -> bool:
        """Whether the vendor has, or can raise, the money for a launch."""
        trade = self.trades.get(need.key)
        fee = self._city.conditions.market.fee if trade and trade.regulated else 0.0
        if vendor.cash >= self._launching(need) + fee:
            return True
        key = address(need.key, vendor.key)
        return self._model.luck.uniform(Concern.LAUNCH_FINANCE, key) < vendor.traits.finance

    def _settle(self, trade: Trade) -> None:
        """Pay the operators for the time since they were last paid, and let them pay what running costs."""
        years, trade.settled = (self._model.now - trade.settled) / YEAR, self._model.now
        demand, cost = self._demand(trade.need) * years, self._city.conditions.market.cost
        for case, share in self._shares(trade):
            if case.vendor.gone or demand <= 0:
                continue
            vendor, place = case.vendor, (self._city, case.number)
            self._model.pay(WORLD, vendor, demand * share, "market income", *place)
            if cost > 0:
                self._model.pay(vendor, WORLD, demand * cost, "running cost", *place)

    # appeal and shares

    def _appeal(self, case: Case) -> float:
        """What the citizens find in a service: its fit to the need, more if novel."""
        fits, gain = self._city.parameters.fit, self._city.parameters.deployment.novelty_gain
        fit = circle.fit(circle.distance(case.position, case.answered.position), fits.tolerance)
        return benefit(1.0, fit, case.vendor.novelty, gain)

    def _shares(self, trade: Trade) -> list[tuple[Case, float]]:
        outside = self._city.conditions.market.outside
        appeals = [(case, self._appeal(case)) for case in trade.operators]
        total = sum(appeal for _, appeal in appeals)
        return [(case, custom(appeal, total, outside)) for case, appeal in appeals]

    def _earning(self, appeal: float, appeals: float) -> float:
        numbers = self._city.conditions.market
        return earning(custom(appeal, appeals, numbers.outside), numbers.cost)

    # the course of a market

    def _quarter(self, trade: Trade, opener: Case) -> None:
        if trade.opener is not opener or not trade.operators:
            return
        trade.quarters += 1
        self._settle(trade)
        self._thin(trade)
        if not trade.operators:
            return
        self._imitate(trade)
        self._told(trade)
        self._watch(trade)
        self._model.calendar.after(QUARTER, self._quarter, trade, opener)

    def _thin(self, trade: Trade) -> None:
        """Those who make a loss may give up; lasting services end with their vendors."""
        rate, costs = self._city.conditions.market.quitting, self._city.conditions.market.cost
        for case, share in self._shares(trade):
            earned = earning(share, costs)
            mark = self._model.luck.uniform(Concern.QUIT, case.key, trade.quarters)
            if case.over and case.vendor.gone:
                self._leave(trade, case)
            elif not case.over and mark < quitting(rate, earned, QUARTER / YEAR):
                appeal = self._appeal(case)
                alone = self._earning(appeal, appeal)
                self.abandon(case, Reason.COMPETITION if alone > 0 else Reason.FINANCIAL)

    def abandon(self, case: Case, reason: Reason) -> None:
        """An operator gives its service up."""
        if case.over:
            return
        trade = self.trades[case.answered.key]
        self._settle(trade)
        self._model.move(case, Stage.ABANDONED, case.vendor.name, reason)
        self._leave(trade, case)

    def _leave(self, trade: Trade, case: Case) -> None:
        trade.operators.remove(case)
        if not trade.operators:
            trade.need.engaged -= 1  # nobody answers the need any more
        self._told(trade)

    # imitators

    def _imitate(self, trade: Trade) -> None:
        """Vendors of the domain see what the operators earn, and may follow (R25)."""
        numbers, luck = self._city.conditions.market, self._model.luck
        for vendor in self._model.market.vendors(trade.need.domain):
            if vendor.tester or vendor.key in trade.seen or not vendor.free():
                continue
            position = self._copied(trade, vendor)
            chance = following(
                numbers.imitation,
                self._prospect(trade, position),
                self._city.reputation,
                QUARTER / YEAR,
            )
            key = address(trade.need.key, vendor.key)
            if luck.uniform(Concern.IMITATE, key, trade.quarters) < chance:
                self._follow(trade, vendor, position)

    def _copied(self, trade: Trade, vendor: Vendor) -> float:
        """What is seen in the street can be copied: an imitator comes near to the first service."""
        first = trade.opener.position
        way = circle.distance(vendor.position, first) * self._city.conditions.market.copying
        return circle.towards(vendor.position, first, way)

    def _prospect(self, trade: Trade, position: float) -> float:
        """What an imitator thinks it would keep of its income: the first service is the measure."""
        tolerance = self._city.parameters.fit.tolerance
        likeness = circle.fit(circle.distance(position, trade.opener.position), tolerance)
        appeal = self._appeal(trade.opener) * likeness
        return self._earning(appeal, appeal + sum(self._appeal(case) for case in trade.operators))

    def _follow(self, trade: Trade, vendor: Vendor, position: float) -> None:
        numbers = self._city.conditions.market
        admitted = let_in(len(trade.operators), numbers.cap, trade.regulated)
        if admitted and self._affords(vendor, trade.need):
            case = self._model.follow(trade.opener, vendor, position)
            self._enter(trade, case, vendor.name)

    # what the city has of it

    def _told(self, trade: Trade) -> None:
        """Tell the benefit and the nuisance of all operators together, where they have changed."""
        severity = trade.need.severity
        gain = severity * sum(self._appeal(case) * share for case, share in self._shares(trade))
        each = 0.0 if trade.regulated else self._city.conditions.market.nuisance
        harm = severity * each * len(trade.operators)
        if gain != trade.benefit:
            trade.benefit = gain
            self._tell(trade, Kind.BENEFIT, gain)
        if harm != trade.nuisance:
            trade.nuisance = harm
            self._tell(trade, Kind.NUISANCE, harm)

    def _tell(self, trade: Trade, kind: Kind, amount: float, target: str | None = None) -> None:
        need = trade.need
        self._model.tell(
            kind, self._city, actor=need.department.name, origin=need.name, target=target, amount=amount
        )

    def _watch(self, trade: Trade) -> None:
        """The department begins to draft an ordinance when there are enough operators (R24)."""
        numbers, need = self._city.conditions.market, trade.need
        if trade.drafted or len(trade.operators) < numbers.ordinance_operators:
            return
        trade.drafted = True
        self._tell(trade, Kind.ORDINANCE, len(trade.operators), "drafted")
        mean = drafting(numbers.drafting_days, need.department.skill)
        days = self._model.luck.wait(mean, Concern.DRAFTING, need.key)
        self._model.calendar.after(days, self._ordain, trade)

    def _ordain(self, trade: Trade) -> None:
        """The ordinance comes into force: the operators register, or give up."""
        if not trade.operators:  # there is nothing left to regulate
            trade.drafted = False
            return
        trade.regulated = True
        self._tell(trade, Kind.ORDINANCE, len(trade.operators), "in force")
        fee = self._city.conditions.market.fee
        for case in list(trade.operators):
            if case.vendor.gone:
                continue
            if case.over or case.vendor.cash >= fee:
                self._pay(case, TREASURY, fee, "registration")
            else:
                self.abandon(case, Reason.REGULATORY)
        self._told(trade)

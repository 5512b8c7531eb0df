"""How a department buys: budget, tender, bids, award. Nobody else has a part in it (R17 R18)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sim import circle
from sim.calendar import YEAR
from sim.events import Kind
from sim.luck import Concern, address
from sim.procurement import RULES
from sim.procurement.offers import Offer
from sim.stages import Reason, Stage

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.vendor import Vendor
    from sim.cases import Case, Need


class Bid(NamedTuple):
    """What a vendor hands in."""

    vendor: Vendor
    position: float  # of the offer
    price: float  # NT$ m


# decisions


def procedure(value: float, small_limit: float, open_limit: float, direct: bool) -> str:
    """How a purchase of ``value`` (NT$ m) must be made: ``direct``, ``quotes`` or ``open``."""
    if direct or value <= small_limit:
        return "direct"
    return "quotes" if value < open_limit else "open"


def writing_time(longest: float, clarity: float, skill: float) -> float:
    """Mean days to write a tender: what is vague must be worked out, at the pace of the writer's skill."""
    return longest * (1 - clarity) / skill


def enough(bids: int, first: bool, three_bidders: bool) -> bool:
    """Whether bids may be opened: three in a first open round under the rule, else one."""
    return bids >= (3 if first and three_bidders else 1)


# process


class Purchasing:
    """The purchases of one city's departments."""

    def __init__(self, city: City) -> None:
        self._city, self._model = city, city.model

    def prepare(self, case: Case) -> None:
        """Begin to write a tender."""
        need = case.answered
        self._model.move(case, Stage.PREPARATION, case.host.name, amount=need.estimate)
        terms = self._city.conditions.procurement
        mean = writing_time(terms.writing_days, self._clarity(need), case.host.tender_skill)
        days = self._model.luck.wait(mean, Concern.WRITING_TIME, case.key)
        self._model.calendar.after(days, self._fund, case, 0)

    def _fund(self, case: Case, budgets: int) -> None:
        if case.over:
            return
        need, terms = case.answered, self._city.conditions.procurement
        if need.solved:  # another case was quicker
            self._model.close(case, Reason.COMPETITION, case.host.name)
        elif case.host.reserve(need, need.estimate):
            case.reserved = need.estimate
            self._buy(case)
        elif budgets >= terms.budget_years:
            self._model.close(case, Reason.FINANCIAL, case.host.name)
        else:
            self._model.calendar.after(YEAR, self._fund, case, budgets + 1)

    def _buy(self, case: Case) -> None:
        terms, need = self._city.conditions.procurement, case.answered
        way = procedure(need.estimate, terms.small_limit, terms.open_limit, terms.direct)
        if way == "direct" and case.vendor.gone:
            self._model.close(case, Reason.FINANCIAL, case.host.name)
        elif way == "direct":
            price = self._price(case.vendor, need)
            self._award(case, Bid(case.vendor, case.position, min(price, need.estimate)), "direct")
        else:
            self._call(case, Stage.TENDER, terms.window, way == "open")

    # rounds

    def _call(self, case: Case, stage: Stage, window: float, open_: bool) -> None:
        self._model.move(case, stage, case.host.name, amount=case.answered.estimate)
        self._tell_round(case, stage, "opened")
        self._model.calendar.after(window, self._open_bids, case, open_)

    def _tell_round(self, case: Case, stage: Stage | None, what: str, bids: int | None = None) -> None:
        name = "first" if stage is Stage.TENDER else "second"
        self._model.tell(
            Kind.ROUND, self._city, case.number, actor=case.host.name, origin=name, target=what, amount=bids
        )

    def _open_bids(self, case: Case, open_: bool) -> None:
        if case.over:
            return
        terms, first = self._city.conditions.procurement, case.stage is Stage.TENDER
        bids = self.bids(case, invited=None if open_ else self._invited(case))
        if enough(len(bids), first and open_, terms.three_bidders):
            self._tell_round(case, case.stage, "valid", len(bids))
            days = self._model.luck.wait(terms.award_days, Concern.AWARD_TIME, case.key)
            self._model.calendar.after(days, self._evaluate, case, bids)
            return
        self._tell_round(case, case.stage, "failed", len(bids))
        if first:
            self._call(case, Stage.RETENDER, terms.rewindow, open_)
        else:
            self._model.close(case, Reason.COMPETITION, case.host.name)

    def _invited(self, case: Case) -> list[Vendor]:
        """Three vendors for quotes: those that the department has met, the most trusted first."""
        ties, host = self._city.ties, case.host
        known = [vendor for vendor in ties.met(host) if not vendor.gone and vendor.domain == case.domain]
        strangers = [vendor for vendor in self._model.market.vendors(case.domain) if vendor not in known]
        return (sorted(known, key=lambda vendor: -ties.trusted(host, vendor, 0.0)) + strangers)[:3]

    def bids(self, case: Case, invited: list[Vendor] | None = None) -> list[Bid]:
        """The bids that come in for a case, from the market or from those invited."""
        terms = self._city.conditions.procurement
        pool = self._model.market.vendors(case.domain) if invited is None else invited
        turn = address(case.key, 1 if case.stage is Stage.TENDER else 2)
        pilot = case.vendor if self._city.conditions.poc.required else None
        found = []
        for vendor in pool:
            likes = terms.bidding
            if vendor is pilot:
                likes = terms.tester_bids if vendor.tester else terms.incumbent_bids
            mark = self._model.luck.uniform(Concern.BID, vendor.key, turn)
            # nobody bids above its willingness, so most vendors need no offer worked out
            if mark < likes and vendor.cash >= terms.bid_cost:
                bid = self._bid(case, vendor, mark, likes, piloted=vendor is pilot)
                if bid is not None:
                    found.append(bid)
        return found

    def _bid(self, case: Case, vendor: Vendor, mark: float, likes: float, *, piloted: bool) -> Bid | None:
        need, terms = case.answered, self._city.conditions.procurement
        goal = vendor.guess(need, self._clarity(need), Concern.BID_GUESS)
        position = case.position if piloted and vendor.tester else vendor.offer_for(goal)
        suits = circle.fit(circle.distance(position, goal), self._city.parameters.fit.tolerance)
        if mark >= likes * (1.0 if piloted else suits):
            return None
        price = self._price(vendor, need)
        if price > need.estimate:
            return None
        if terms.bid_cost > 0:
            self._model.pay(vendor, "world", terms.bid_cost, "bid cost", self._city, case.number)
        name = "first" if case.stage is Stage.TENDER else "second"
        self._model.tell(Kind.BID, self._city, case.number, actor=vendor.name, origin=name, amount=price)
        return Bid(vendor, position, price)

    def _clarity(self, need: Need) -> float:
        """How much of the need the tender's text carries: all that was stated only after a POC."""
        conditions = self._city.conditions
        share = 1.0 if conditions.poc.required else conditions.procurement.no_poc_clarity
        return need.clarity * share

    def _price(self, vendor: Vendor, need: Need) -> float:
        terms = self._city.conditions.procurement
        target = need.estimate * (1 - terms.discount)
        return self._model.luck.around(target, terms.price_noise, Concern.PRICE, vendor.key, need.key)

    # award

    def _evaluate(self, case: Case, bids: list[Bid]) -> None:
        if case.over:
            return
        terms = self._city.conditions.procurement
        offers = [
            Offer(place, self._quality(case, bid), bid.price, bid.vendor is case.vendor)
            for place, bid in enumerate(bids)
            if not bid.vendor.gone
        ]
        winner = RULES[terms.rule](offers, terms)
        if not offers:  # all bidders are gone
            self._model.close(case, Reason.COMPETITION, case.host.name)
        elif winner is None:
            self._model.close(case, Reason.MISFIT, case.host.name)
        else:
            self._award(case, bids[winner.bidder], terms.rule)

    def _quality(self, case: Case, bid: Bid) -> float:
        """Quality as judged on paper: half how well the offer seems to fit, half the firm's quality."""
        fits, need = self._city.parameters.fit, case.answered
        true = circle.fit(circle.distance(bid.position, need.position), fits.tolerance)
        error = fits.perception * (1 - case.host.skill)
        judged = true + error * self._model.luck.normal(Concern.BID_FIT, bid.vendor.key, need.key)
        return (judged + bid.vendor.quality) / 2

    def _award(self, case: Case, bid: Bid, rule: str) -> None:
        own = bid.vendor is case.vendor
        self._model.tell(
            Kind.AWARD,
            self._city,
            case.number,
            actor=case.host.name,
            origin=rule,
            target=bid.vendor.name,
            reason="own" if own else "rival",
            amount=bid.price,
        )
        if own:
            case.position = bid.position
            self._contract(case, bid.price)
        else:
            self._contract(self._succeeded(case, bid), bid.price)

    def _succeeded(self, case: Case, bid: Bid) -> Case:
        """A rival won: its contract is a case of its own, and the proposal ends."""
        successor = self._model.succeed(case, bid.vendor, bid.position)
        successor.reserved, case.reserved = case.reserved, 0.0
        self._model.close(case, Reason.COMPETITION, case.host.name)
        return successor

    def _contract(self, case: Case, price: float) -> None:
        host, terms = case.host, self._city.conditions.procurement
        self._model.move(case, Stage.CONTRACT, host.name, amount=price)
        host.reserved -= case.reserved
        case.reserved, case.price = 0.0, price
        self._model.pay(host, case.vendor, price, "contract", self._city, case.number)
        cost = case.answered.estimate * terms.build_cost
        self._model.pay(case.vendor, "world", cost, "delivery cost", self._city, case.number)
        days = self._model.luck.wait(terms.build_days, Concern.BUILD_TIME, case.key)
        self._model.calendar.after(days, self._city.services.deploy, case)

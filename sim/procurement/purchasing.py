"""How a department buys: budget, tender, bids, award. Nobody else has a part in it (R17 R18)."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from sim import circle
from sim.calendar import YEAR
from sim.events import Kind
from sim.luck import Concern, address
from sim.procurement import FORMS, PLAIN, RULES
from sim.procurement.development import Development
from sim.procurement.offers import Bid, Form, Offer, shortlist
from sim.procurement.terms import advanced, encouraged, promised, refund, staked, withheld
from sim.stages import Reason, Stage

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.vendor import Vendor
    from sim.cases import Case, Need


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
        self._development = Development(city)

    @property
    def _form(self) -> Form:
        return FORMS.get(self._city.conditions.procurement.rule, PLAIN)

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
        elif case.host.reserve(need, wanted := self._wanted(need)):
            case.reserved = wanted
            self._buy(case)
        elif budgets >= terms.budget_years:
            self._model.close(case, Reason.FINANCIAL, case.host.name)
        else:
            self._model.calendar.after(YEAR, self._fund, case, budgets + 1)

    def _wanted(self, need: Need) -> float:
        """The money that a purchase may take: the estimate, and what developments cost before it."""
        trials = self._form.trials
        if not trials:
            return need.estimate
        return need.estimate + trials * self._city.conditions.procurement.development_price

    def _buy(self, case: Case) -> None:
        terms, need = self._city.conditions.procurement, case.answered
        way = procedure(need.estimate, terms.small_limit, terms.open_limit, terms.direct or case.sole)
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
        cost, most = self._cost, self._keenest(case.answered)
        found = []
        for vendor in pool:
            likes = terms.bidding
            if vendor is pilot:
                likes = terms.tester_bids if vendor.tester else terms.incumbent_bids
            if cost != terms.bid_cost:
                likes *= encouraged(terms.bid_cost, cost, vendor.cash, terms.cost_weight)
            mark = self._model.luck.uniform(Concern.BID, vendor.key, turn)
            # nobody bids above its willingness, so most vendors need no offer worked out
            if mark < likes * most and vendor.cash >= cost:
                bid = self._bid(case, vendor, mark, likes, piloted=vendor is pilot)
                if bid is not None:
                    found.append(bid)
        return found

    def _bid(self, case: Case, vendor: Vendor, mark: float, likes: float, *, piloted: bool) -> Bid | None:
        need, terms = case.answered, self._city.conditions.procurement
        goal = vendor.guess(need, self._clarity(need), Concern.BID_GUESS)
        position = case.position if piloted and vendor.tester else vendor.offer_for(goal)
        suits = circle.fit(circle.distance(position, goal), self._city.parameters.fit.tolerance)
        belief = self._belief(vendor, need, circle.distance(position, goal))
        if mark >= likes * (1.0 if piloted else suits) * self._stake(need, belief):
            return None
        price, cost = self._price(vendor, need), self._cost
        if price > need.estimate:
            return None
        if vendor.cash - cost < advanced(price, self._delivery(need), terms.result_share):
            return None
        if cost > 0:
            self._model.pay(vendor, "world", cost, "bid cost", self._city, case.number)
        name = "first" if case.stage is Stage.TENDER else "second"
        self._model.tell(Kind.BID, self._city, case.number, actor=vendor.name, origin=name, amount=price)
        return Bid(vendor, position, price, belief)

    def _clarity(self, need: Need) -> float:
        """How much of the need the tender's text carries: all that was stated only after a POC."""
        conditions = self._city.conditions
        share = 1.0 if conditions.poc.required else conditions.procurement.no_poc_clarity
        return need.clarity * share

    @property
    def _cost(self) -> float:
        """What taking part in a tender costs a vendor, NT$ m."""
        terms = self._city.conditions.procurement
        return terms.contest_cost if self._form.designs else terms.bid_cost

    def _delivery(self, need: Need) -> float:
        """What it costs to deliver a service, NT$ m."""
        return need.estimate * self._city.conditions.procurement.build_cost * (1 - self._saving(need))

    def _belief(self, vendor: Vendor, need: Need, apart: float) -> float:
        """The fit that a vendor expects of its offer, which it puts ``apart`` from where it sees the need."""
        doubt = vendor.doubt(need, self._clarity(need))
        return circle.expected(apart, doubt, self._city.parameters.fit.tolerance)

    def _stake(self, need: Need, belief: float) -> float:
        """How the terms of the contract change the willingness of a vendor that believes in such a fit."""
        terms = self._city.conditions.procurement
        gain = terms.gain_share * need.severity / need.estimate
        return staked(terms.risk_weight, terms.result_share + terms.pain_share, gain, belief)

    def _keenest(self, need: Need) -> float:
        """The largest ratio by which the terms can raise anybody's willingness."""
        return self._stake(need, 1.0) if self._city.conditions.procurement.gain_share else 1.0

    def _price(self, vendor: Vendor, need: Need) -> float:
        terms = self._city.conditions.procurement
        if not self._form.priced:
            return need.estimate * (1 - self._saving(need))
        target = need.estimate * (1 - terms.discount) * (1 - self._saving(need))
        return self._model.luck.around(target, terms.price_noise, Concern.PRICE, vendor.key, need.key)

    def _saving(self, need: Need) -> float:
        """Share of the cost of delivery, and so of prices, that the city's platform saves."""
        return self._city.conditions.platform.saving if need.integrated else 0.0

    # award

    def _evaluate(self, case: Case, bids: list[Bid]) -> None:
        if case.over:
            return
        offers = [self._offer(case, place, bid) for place, bid in enumerate(bids) if not bid.vendor.gone]
        if developers := self._developers(case, bids, offers):
            self._development.begin(case, developers, self._conclude)
        else:
            self._decide(case, bids, offers)

    def _offer(self, case: Case, place: int, bid: Bid) -> Offer:
        promise = promised(bid.belief, self._city.conditions.procurement.result_share)
        return Offer(place, self._quality(case, bid), bid.price, bid.vendor is case.vendor, promise)

    def _developers(self, case: Case, bids: list[Bid], offers: list[Offer]) -> list[Bid]:
        """Those that are to develop before the award, where the rule wants it and the money is there."""
        terms, trials = self._city.conditions.procurement, self._form.trials
        if not trials:
            return []
        chosen = shortlist(RULES[terms.rule], offers, terms, trials)
        # a tender may have got its money before the rule came into force
        if case.reserved < case.answered.estimate + len(chosen) * terms.development_price:
            return []
        return [bids[offer.bidder] for offer in chosen]

    def _conclude(self, case: Case, bids: list[Bid], offers: list[Offer]) -> None:
        """A development binds nobody to buy: the department asks itself, as after a POC, what it wants."""
        best = RULES[self._city.conditions.procurement.rule](offers, self._city.conditions.procurement)
        if best is not None and not case.host.wants_scale(case, best.quality):
            self._model.close(case, Reason.ADMINISTRATIVE, case.host.name)
        else:
            self._decide(case, bids, offers)

    def _decide(self, case: Case, bids: list[Bid], offers: list[Offer]) -> None:
        terms = self._city.conditions.procurement
        winner = RULES[terms.rule](offers, terms)
        if not offers:  # all bidders are gone
            self._model.close(case, Reason.COMPETITION, case.host.name)
        elif winner is None:
            self._model.close(case, Reason.MISFIT, case.host.name)
        else:
            self._award(case, bids[winner.bidder], terms.rule)

    def _quality(self, case: Case, bid: Bid) -> float:
        """Quality as judged on paper: half how well the offer seems to fit, half the firm's quality.

        Designs are anonymous, so that nothing but the fit counts, and a jury judges them.
        """
        if self._form.designs:
            return self._seen(case, bid, 1 + self._city.conditions.experts.panel)
        return (self._seen(case, bid, 1) + bid.vendor.quality) / 2

    def _seen(self, case: Case, bid: Bid, judges: int) -> float:
        """The fit of an offer as that many judges see it on paper."""
        fits, need = self._city.parameters.fit, case.answered
        true = circle.fit(circle.distance(bid.position, need.position), fits.tolerance)
        error = fits.perception * (1 - case.host.skill) / sqrt(judges)
        monitoring = self._city.conditions.monitoring
        if monitoring.indicators:
            error *= 1 - monitoring.sharpness
        return true + error * self._model.luck.normal(Concern.BID_FIT, bid.vendor.key, need.key)

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
        held = withheld(price, terms.result_share)
        host.reserved -= case.reserved - held
        case.reserved, case.price, case.terms = held, price, terms
        self._model.pay(host, case.vendor, price - held, "contract", self._city, case.number)
        need, speed = case.answered, self._city.conditions.platform.speed
        cost = self._delivery(need)
        self._model.pay(case.vendor, "world", cost, "delivery cost", self._city, case.number)
        mean = terms.build_days * (1 - speed if need.integrated else 1.0)
        days = self._model.luck.wait(mean, Concern.BUILD_TIME, case.key)
        self._model.calendar.after(days, self._city.services.deploy, case)

    # after the contract

    def complete(self, case: Case) -> None:
        """The service is built: who built it together with the department has come nearer to the need."""
        terms, need = case.terms, case.answered
        if terms is None or not terms.joint_development:
            return
        goal = case.vendor.offer_for(need.position)
        way = circle.distance(case.position, goal) * terms.joint_development
        case.position = circle.towards(case.position, goal, way)

    def settle(self, case: Case, value: float) -> None:
        """Pay what hangs on the result; ``value`` is NT$ m a year, 0 where the service does not work."""
        terms = case.terms
        if terms is None:
            return
        host, held, case.reserved = case.host, case.reserved, 0.0
        host.reserved -= held
        if value <= 0:
            self._give_back(case, case.price * terms.pain_share, case.price - held)
            return
        for amount, purpose in ((held, "result"), (terms.gain_share * value, "gain share")):
            if amount > 0:
                self._model.pay(host, case.vendor, amount, purpose, self._city, case.number)

    def _give_back(self, case: Case, claim: float, paid: float) -> None:
        amount = refund(claim, paid, case.vendor.cash)
        if amount > 0:
            self._model.pay(case.vendor, case.host, amount, "refund", self._city, case.number)

"""Development at the city's expense before the award: the two best work side by side, and are measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim import circle
from sim.events import Kind
from sim.procurement.offers import Bid, Offer
from sim.procurement.terms import promised

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.agents.city import City
    from sim.cases import Case, Need

    #: what is done with the bids as developed, and the offers as measured
    Then = Callable[[Case, list[Bid], list[Offer]], None]


class Development:
    """The pre-commercial developments of one city."""

    def __init__(self, city: City) -> None:
        self._city, self._model = city, city.model

    def begin(self, case: Case, bids: list[Bid], then: Then) -> None:
        """Pay the bidders for developing what they offered, out of what is reserved for the case."""
        rules = self._city.conditions.procurement
        price = rules.development_price
        for bid in bids:
            case.host.reserved -= price
            case.reserved -= price
            self._model.pay(case.host, bid.vendor, price, "development", self._city, case.number)
            self._model.pay(bid.vendor, "world", price, "development cost", self._city, case.number)
        self._model.calendar.after(rules.development_days, self._end, case, bids, then)

    def _end(self, case: Case, bids: list[Bid], then: Then) -> None:
        if case.over:
            return
        developed = [self._adapted(bid, case.answered) for bid in bids if not bid.vendor.gone]
        offers = [self._measured(case, place, bid) for place, bid in enumerate(developed)]
        then(case, developed, offers)

    def _adapted(self, bid: Bid, need: Need) -> Bid:
        """Beside the department the vendor sees the need, and moves its offer as in a POC."""
        conditions = self._city.conditions
        bid.vendor.learn(need.department, conditions.learning.poc)
        goal = bid.vendor.offer_for(need.position)
        way = circle.distance(bid.position, goal) * conditions.poc.adaptation
        return bid._replace(position=circle.towards(bid.position, goal, way))

    def _measured(self, case: Case, place: int, bid: Bid) -> Offer:
        need, terms = case.answered, self._city.conditions.procurement
        apart = circle.distance(bid.position, need.position)
        true = circle.fit(apart, self._city.parameters.fit.tolerance)
        found = self._city.experts.measure(true, bid.vendor.key, need.key)
        self._model.tell(
            Kind.MEASURED,
            self._city,
            case.number,
            actor=case.host.name,
            target=bid.vendor.name,
            amount=found,
        )
        promise = promised(bid.belief, terms.result_share)
        return Offer(place, found, bid.price, bid.vendor is case.vendor, promise)

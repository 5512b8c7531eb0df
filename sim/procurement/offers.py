"""What an award rule sees: sealed offers, judged for quality and priced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sim.parameters import Procurement

if TYPE_CHECKING:
    from sim.agents.vendor import Vendor


class Bid(NamedTuple):
    """What a vendor hands in."""

    vendor: Vendor
    position: float  # of the offer
    price: float  # NT$ m
    belief: float = 1.0  # the fit that the vendor believes in


class Offer(NamedTuple):
    """One admissible offer."""

    bidder: int  # place among the bids
    quality: float  # as judged, about 0 to 1
    price: float  # NT$ m
    piloted: bool  # the bidder ran the POC that came before
    promise: float = 1.0  # the performance that the vendor commits itself to, 0 to 1


class Form(NamedTuple):
    """What a rule asks of bidders and judges besides the choice of a winner."""

    priced: bool = True  # vendors name a price; else it is the estimate
    designs: bool = False  # anonymous designs before a jury with outside experts
    trials: int = 0  # vendors that develop at the city's expense before the award


class Rule(Protocol):
    """An award rule: a plain function of offers and conditions."""

    def __call__(self, offers: Sequence[Offer], terms: Procurement) -> Offer | None:
        """The winning offer, or None where no offer can be accepted."""
        ...


def acceptable(offers: Sequence[Offer], terms: Procurement) -> list[Offer]:
    """The offers whose judged quality reaches the bar."""
    return [offer for offer in offers if offer.quality >= terms.quality_bar]


def value(offer: Offer, quality: float, cheapest: float, terms: Procurement) -> float:
    """Quality and relative price (lowest price / price), weighed against each other.

    A privilege for the POC vendor, if the scenario sets one, is added.
    """
    weight, relative = terms.quality_weight, cheapest / offer.price if offer.price > 0 else 1.0
    return weight * quality + (1 - weight) * relative + terms.privilege * offer.piloted


def shortlist(rule: Rule, offers: Sequence[Offer], terms: Procurement, places: int) -> list[Offer]:
    """The winner by a rule, then the winner among the others, and so on: ``places`` offers at most."""
    found, left = list[Offer](), list(offers)
    while len(found) < places and (winner := rule(left, terms)) is not None:
        found.append(winner)
        left.remove(winner)
    return found

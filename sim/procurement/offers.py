"""What an award rule sees: sealed offers, judged for quality and priced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from sim.parameters import Procurement


class Offer(NamedTuple):
    """One admissible offer."""

    bidder: int  # place among the bids
    quality: float  # as judged, about 0 to 1
    price: float  # NT$ m
    piloted: bool  # the bidder ran the POC that came before


class Rule(Protocol):
    """An award rule: a plain function of offers and conditions."""

    def __call__(self, offers: Sequence[Offer], terms: Procurement) -> Offer | None:
        """The winning offer, or None where no offer can be accepted."""
        ...


def acceptable(offers: Sequence[Offer], terms: Procurement) -> list[Offer]:
    """The offers whose judged quality reaches the bar."""
    return [offer for offer in offers if offer.quality >= terms.quality_bar]

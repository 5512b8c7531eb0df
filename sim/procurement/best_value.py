"""Best value: quality and price weighed against each other."""

from __future__ import annotations

from collections.abc import Sequence

from sim.parameters import Procurement
from sim.procurement.offers import Offer, acceptable, value


def best_value(offers: Sequence[Offer], terms: Procurement) -> Offer | None:
    """The highest weighted sum of quality and relative price (lowest price / price)."""
    good = acceptable(offers, terms)
    cheapest = min((offer.price for offer in good), default=0.0)
    return max(good, key=lambda offer: value(offer, offer.quality, cheapest, terms), default=None)

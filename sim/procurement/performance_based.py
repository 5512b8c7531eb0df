"""Payment by results: what is promised counts, because part of the price hangs on it."""

from __future__ import annotations

from collections.abc import Sequence

from sim.parameters import Procurement
from sim.procurement.offers import Offer, acceptable, value


def performance_based(offers: Sequence[Offer], terms: Procurement) -> Offer | None:
    """Best value of what is good enough, by the performance that vendors commit themselves to."""
    good = acceptable(offers, terms)
    cheapest = min((offer.price for offer in good), default=0.0)
    return max(good, key=lambda offer: value(offer, offer.promise, cheapest, terms), default=None)

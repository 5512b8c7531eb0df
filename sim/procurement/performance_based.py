"""Payment by results: what is promised counts, because part of the price hangs on it."""

from __future__ import annotations

from collections.abc import Sequence

from sim.parameters import Procurement
from sim.procurement.best_value import best_value
from sim.procurement.offers import Offer


def performance_based(offers: Sequence[Offer], terms: Procurement) -> Offer | None:
    """Best value, where quality is the performance that vendors commit themselves to."""
    won = best_value([offer._replace(quality=offer.promise) for offer in offers], terms)
    return None if won is None else next(offer for offer in offers if offer.bidder == won.bidder)

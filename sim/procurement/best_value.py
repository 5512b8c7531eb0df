"""Best value: quality and price weighed against each other."""

from __future__ import annotations

from collections.abc import Sequence

from sim.parameters import Procurement
from sim.procurement.offers import Offer, acceptable


def best_value(offers: Sequence[Offer], terms: Procurement) -> Offer | None:
    """The highest weighted sum of quality and relative price (lowest price / price).

    A privilege for the POC vendor, if the scenario sets one, is added here and nowhere else.
    """
    good = acceptable(offers, terms)
    if not good:
        return None
    cheapest, weight = min(offer.price for offer in good), terms.quality_weight

    def score(offer: Offer) -> float:
        relative = cheapest / offer.price if offer.price > 0 else 1.0
        return weight * offer.quality + (1 - weight) * relative + terms.privilege * offer.piloted

    return max(good, key=score)

"""Lowest price among the offers that are good enough."""

from __future__ import annotations

from collections.abc import Sequence

from sim.parameters import Procurement
from sim.procurement.offers import Offer, acceptable


def lowest_price(offers: Sequence[Offer], terms: Procurement) -> Offer | None:
    """The cheapest acceptable offer; a privilege counts as a rebate of that share of the price."""
    return min(
        acceptable(offers, terms),
        key=lambda offer: offer.price * (1 - terms.privilege * offer.piloted),
        default=None,
    )

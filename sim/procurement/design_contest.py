"""Design contest: a jury ranks designs, and the price is the estimate."""

from __future__ import annotations

from collections.abc import Sequence

from sim.parameters import Procurement
from sim.procurement.offers import Offer, acceptable


def design_contest(offers: Sequence[Offer], terms: Procurement) -> Offer | None:
    """The design that the jury judges best; it does not know whose it is, so nobody has a privilege."""
    return max(acceptable(offers, terms), key=lambda offer: offer.quality, default=None)

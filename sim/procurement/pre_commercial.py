"""Pre-commercial procurement: the best and the second best develop, and the better solution wins."""

from __future__ import annotations

from collections.abc import Sequence

from sim.parameters import Procurement
from sim.procurement.offers import Offer, acceptable


def pre_commercial(offers: Sequence[Offer], terms: Procurement) -> Offer | None:
    """The offer of highest quality: as judged on paper at first, as measured after the development."""
    return max(acceptable(offers, terms), key=lambda offer: offer.quality, default=None)

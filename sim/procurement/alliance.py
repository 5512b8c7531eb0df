"""Alliance: a partner is chosen for what it can do, at an open price; risk and reward are shared."""

from __future__ import annotations

from collections.abc import Sequence

from sim.parameters import Procurement
from sim.procurement.offers import Offer, acceptable


def alliance(offers: Sequence[Offer], terms: Procurement) -> Offer | None:
    """The offer of highest judged quality; a privilege of the POC vendor counts, as in other rules."""
    return max(
        acceptable(offers, terms),
        key=lambda offer: offer.quality + terms.privilege * offer.piloted,
        default=None,
    )

"""What every intake channel has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.vendor import Vendor


class Channel(Protocol):
    """A way by which proposals come to one city."""

    def __init__(self, city: City) -> None: ...

    def begin(self) -> None:
        """Start the channel's clock, at the start of the run."""
        ...

    def meet(self, vendor: Vendor) -> None:
        """A vendor came into the market."""
        ...

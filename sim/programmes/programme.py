"""What every programme has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sim.agents.city import City


class Programme(Protocol):
    """Something that one city does again and again to change what its people know and can do."""

    def __init__(self, city: City) -> None: ...

    def begin(self) -> None:
        """Start the programme's clock, at the start of the run."""
        ...

"""Links between cities: what has been proven in one of them counts in the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from sim import circle
from sim.luck import Concern

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.vendor import Vendor
    from sim.cases import Case
    from sim.model import Ecosystem


class Proof(NamedTuple):
    """A solution that passed its POC."""

    city: City
    position: float


# decisions


def proven(apart: list[float], tolerance: float) -> float:
    """How far what is offered has been proven, 0 to 1: the fit with the nearest of what was proven.

    ``apart`` are the distances between what is offered and what was proven.
    """
    return circle.fit(min(apart), tolerance) if apart else 0.0


def made_up(level: float, share: float, proof: float) -> float:
    """A level from 0 to 1 after proof elsewhere, which makes up for at most ``share`` of what is missing."""
    return level + (1 - level) * share * proof


# process


class Network:
    """The network of all cities. Two cities are linked while both are members."""

    def __init__(self, model: Ecosystem) -> None:
        self._model = model
        self._proofs: dict[int, list[Proof]] = {}
        self._listeners: dict[City, Callable[[Case], None]] = {}

    def listen(self, city: City, hear: Callable[[Case], None]) -> None:
        """Call ``hear(case)`` when ``case`` has proven something in a city linked with ``city``."""
        self._listeners[city] = hear

    def partners(self, city: City) -> list[City]:
        """The cities with which a city is linked now."""
        if not city.conditions.exchange.open:
            return []
        return [other for other in self._model.cities if other is not city and other.conditions.exchange.open]

    def prove(self, case: Case) -> None:
        """A solution passed its POC: from now on linked cities know that it works."""
        if len(self._model.cities) == 1:
            return
        self._proofs.setdefault(case.vendor.key, []).append(Proof(case.city, case.position))
        for partner in self.partners(case.city):
            self._listeners[partner](case)

    def proof(self, city: City, vendor: Vendor, position: float) -> float:
        """How far a vendor's offer at ``position`` has been proven elsewhere, as a city can know it."""
        rules = city.conditions.exchange
        if not rules.open:
            return 0.0
        partners = self.partners(city)
        places = [proof.position for proof in self._proofs.get(vendor.key, ()) if proof.city in partners]
        if self._model.luck.uniform(Concern.PROVEN_ABROAD, vendor.key, city.key) < rules.abroad:
            places.append(vendor.position)
        apart = [circle.distance(position, place) for place in places]
        return proven(apart, city.parameters.fit.tolerance)

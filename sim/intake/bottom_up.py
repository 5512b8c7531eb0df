"""Bottom-up intake: at any time a vendor offers what it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim import circle
from sim.calendar import MONTH, YEAR
from sim.luck import Concern, address

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.vendor import Vendor


class BottomUpIntake:
    """Each vendor's occasions to propose come as a Poisson process of its own."""

    def __init__(self, city: City) -> None:
        self._city, self._model = city, city.model

    def begin(self) -> None:
        """Nothing to start: the clock is the vendors' own."""

    def meet(self, vendor: Vendor) -> None:
        """Await the vendor's first occasion."""
        self._await(vendor, 0)

    def _await(self, vendor: Vendor, occasion: int) -> None:
        if vendor.gone:
            return
        rules = self._city.conditions.bottom_up
        rate = rules.rate * (rules.tester_eagerness if vendor.tester else 1.0)
        if rate <= 0:  # a dated change may raise it
            self._model.calendar.after(MONTH, self._await, vendor, occasion)
            return
        key = address(vendor.key, self._city.key)
        gap = self._model.luck.wait(YEAR / rate, Concern.OFFER_GAP, key, occasion)
        self._model.calendar.after(gap, self._occasion, vendor, occasion)

    def _occasion(self, vendor: Vendor, occasion: int) -> None:
        if vendor.gone:
            return
        self._await(vendor, occasion + 1)
        city, channel = self._city, self._city.unsolicited
        if channel is None or not vendor.hears(city.conditions.bottom_up.reach, city.key):
            return
        key = address(address(vendor.key, city.key), occasion)
        if vendor.proposes(city.reputation, key):
            case = self._model.submit(city, channel, vendor, self._offer(vendor), key)
            city.pmo.receive(case)

    def _offer(self, vendor: Vendor) -> float:
        """A solver aims at the need it believes to be nearest; a tester shows what it has."""
        if vendor.tester:
            return vendor.position
        guesses = [vendor.guess(need, 0.0, Concern.VENDOR_GUESS) for need in self._city.needs[vendor.domain]]
        if not guesses:
            return vendor.position
        return vendor.offer_for(min(guesses, key=lambda goal: circle.distance(vendor.position, goal)))

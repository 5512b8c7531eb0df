"""The vendor market, shared by all cities: who is there, and how new firms come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.agents.vendor import Vendor
from sim.calendar import MONTH, YEAR
from sim.luck import Concern

if TYPE_CHECKING:
    from sim.model import Ecosystem

#: candidates have addresses of their own, so that the size of the first stock moves nobody's luck
CANDIDATES = 1 << 32


def entry_chance(pull: float, reputation: float) -> float:
    """Chance that a candidate enters, in parts of the largest rate: 1 + pull (2 reputation - 1)."""
    return max(0.0, 1 + pull * (2 * reputation - 1)) / (1 + pull)


def lured(chance: float, lures: list[float]) -> float:
    """Chance that a candidate enters, where each of the lures draws in part of those that would not."""
    for lure in lures:
        chance += (1 - chance) * lure
    return chance


class Market:
    """All vendors that are in business.

    New firms come as a Poisson process thinned by reputation (Lewis and Shedler 1979), so that the
    k-th candidate is the same firm whatever the policy; policy decides whether it comes.
    """

    def __init__(self, model: Ecosystem) -> None:
        self._model = model
        self._domains: dict[int, list[Vendor]] = {
            domain: [] for domain in range(model.parameters.city.domains)
        }
        self._candidates = 0
        self._founded = 0

    def open(self) -> None:
        """Fill the market and start the stream of candidates."""
        numbers = self._model.parameters.vendors
        for key in range(self._model.luck.count(numbers.initial, Concern.VENDORS_AT_START, 0)):
            self._admit(Vendor(self._model, key, f"V{key + 1}"))
        self._await_candidate()

    def vendors(self, domain: int) -> list[Vendor]:
        """The vendors of one domain, in order of entry."""
        return self._domains[domain]

    def found(self, key: int, domain: int, position: float) -> Vendor:
        """A start-up that builds on an idea comes into the market."""
        self._founded += 1
        firm = Vendor(self._model, key, f"S{self._founded}", (domain, position))
        self._admit(firm)
        return firm

    def remove(self, vendor: Vendor) -> None:
        """Take a vendor out of the market."""
        self._domains[vendor.domain].remove(vendor)

    def _admit(self, vendor: Vendor) -> None:
        self._domains[vendor.domain].append(vendor)
        vendor.enter()
        for city in self._model.cities:
            city.greet(vendor)

    def _await_candidate(self) -> None:
        numbers = self._model.parameters.vendors
        rate = numbers.entry * (1 + numbers.pull)
        if rate <= 0:  # a dated change may raise it
            self._model.calendar.after(MONTH, self._await_candidate)
            return
        gap = self._model.luck.wait(YEAR / rate, Concern.VENDOR_GAP, self._candidates)
        self._model.calendar.after(gap, self._candidate)

    def _candidate(self) -> None:
        chance = entry_chance(self._model.parameters.vendors.pull, self._model.reputation)
        self._candidates += 1
        key = CANDIDATES + self._candidates
        mark = self._model.luck.uniform(Concern.VENDOR_ENTRY, key)
        if mark < chance or mark < self._lured(chance, key):
            self._admit(Vendor(self._model, key, f"N{self._candidates}"))
        self._await_candidate()

    def _lured(self, chance: float, key: int) -> float:
        """The chance of a candidate that looks at what cities do for firms of its field and kind."""
        domain, kind = Vendor.field_of(self._model, key), Vendor.kind_of(self._model, key)
        lures = [lure(domain, kind) for city in self._model.cities for lure in city.attractions]
        return lured(chance, lures)

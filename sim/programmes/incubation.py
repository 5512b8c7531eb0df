"""A start-up programme: places, a fund, and help to become ready and to grow (R62)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.calendar import MONTH
from sim.events import Kind
from sim.luck import Concern, address

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.vendor import Vendor

INCUBATOR = "incubator"


# decisions


def admitted(judged: list[float], free: int) -> list[int]:
    """Places of the applicants that are taken in: the best judged, as many as there is room for."""
    return sorted(range(len(judged)), key=lambda place: -judged[place])[: max(0, free)]


# programme


class Incubation:
    """The start-up programme of one city. A start-up comes in once at most."""

    def __init__(self, city: City) -> None:
        self._city, self._model = city, city.model
        self._inside: list[Vendor] = []
        self._known: set[int] = set()

    def begin(self) -> None:
        """Look for start-ups every month."""
        self._model.calendar.after(MONTH, self._month)

    def _month(self) -> None:
        self._model.calendar.after(MONTH, self._month)
        rules = self._city.conditions.incubation
        if not rules.exists:
            return
        for vendor in [vendor for vendor in self._inside if vendor.gone]:
            self._release(vendor)
        applicants = self._applicants()
        judged = [self._judged(vendor) for vendor in applicants]
        for place in admitted(judged, rules.places - len(self._inside)):
            self._take_in(applicants[place])

    def _applicants(self) -> list[Vendor]:
        domains = range(self._model.parameters.city.domains)
        found = [vendor for domain in domains for vendor in self._model.market.vendors(domain)]
        return [vendor for vendor in found if vendor.kind == "startup" and vendor.key not in self._known]

    def _judged(self, vendor: Vendor) -> float:
        """The start-up's quality as one expert sees it."""
        key = address(vendor.key, self._city.key)
        error = self._city.conditions.experts.noise * self._model.luck.normal(Concern.INCUBATED, key)
        return vendor.quality + error

    def _take_in(self, vendor: Vendor) -> None:
        city, rules = self._city, self._city.conditions.incubation
        self._inside.append(vendor)
        self._known.add(vendor.key)
        self._tell(vendor, "joins")
        self._model.pay(city, vendor, rules.fund, "start-up fund", city)
        self._model.pay(city, "world", rules.cost, INCUBATOR, city)
        city.pmo.meet(vendor)
        self._model.calendar.after(rules.days, self._graduate, vendor)

    def _graduate(self, vendor: Vendor) -> None:
        if vendor.gone:
            return
        gain = self._city.conditions.incubation.gain
        vendor.grow("readiness", gain, INCUBATOR, self._city)
        vendor.grow("scaling", gain, INCUBATOR, self._city)
        vendor.mature(gain)
        self._release(vendor)

    def _release(self, vendor: Vendor) -> None:
        self._inside.remove(vendor)
        self._tell(vendor, "leaves")

    def _tell(self, vendor: Vendor, what: str) -> None:
        field, inside = self._city.domain_name(vendor.domain), self._inside
        self._model.tell(
            Kind.MEMBER,
            self._city,
            actor=vendor.name,
            origin=INCUBATOR,
            target=what,
            reason=field,
            amount=sum(other.domain == vendor.domain for other in inside),
        )

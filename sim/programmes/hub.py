"""A physical innovation hub: firms move in, get to know one another, and work with academia (S55)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import networkx as nx

from sim.calendar import MONTH
from sim.events import Kind
from sim.luck import Concern, address

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.vendor import Vendor
    from sim.parameters import Hub as Rules

HUB = "hub"

#: months between two turns of the work with academia
_YEAR = 12


# decisions


def moving_in(appeal: float, company: float, neighbours: int) -> float:
    """Chance that a firm moves in within a month: more with each member of its own field."""
    return min(1.0, appeal * (1 + company * neighbours))


def drawing(draw: float, members: int) -> float:
    """Chance that at least one of the members draws in a new firm of their field."""
    return 1 - (1 - draw) ** members


# programme


class Hub:
    """The hub of one city.

    ``network`` holds its members; an edge joins two that have got to know each other. Knowledge of
    departments goes along the edges.
    """

    def __init__(self, city: City) -> None:
        self._city, self._model = city, city.model
        self.network: nx.Graph[Vendor] = nx.Graph()
        self._fields: Counter[int] = Counter()
        self._months = 0
        city.attractions.append(self._draw)

    def begin(self) -> None:
        """Look at the hub every month."""
        self._model.calendar.after(MONTH, self._month)

    def _draw(self, domain: int, kind: str) -> float:
        """Chance that a candidate of a field and kind comes for the company that it would have here."""
        rules = self._city.conditions.hub
        return drawing(rules.draw, self._fields[domain]) if rules.exists else 0.0

    def _month(self) -> None:
        self._model.calendar.after(MONTH, self._month)
        self._months += 1
        rules = self._city.conditions.hub
        self._see_off(everybody=not rules.exists)
        if not rules.exists:
            return
        self._model.pay(self._city, "world", rules.cost / _YEAR, HUB, self._city)
        self._move_in(rules)
        self._meet(rules)
        self._exchange(rules)
        if self._months % _YEAR == 0:
            self._work_with_academia(rules)

    # who is there

    def _see_off(self, *, everybody: bool) -> None:
        for vendor in [vendor for vendor in self.network if everybody or vendor.gone]:
            self.network.remove_node(vendor)
            self._fields[vendor.domain] -= 1
            self._tell(vendor, "leaves")

    def _move_in(self, rules: Rules) -> None:
        """Of those who want to move in, the keenest take the free places."""
        keen = [(mark, vendor) for vendor in self._outside() if (mark := self._keenness(vendor, rules))]
        free = max(0, rules.places - len(self.network))
        for _, vendor in sorted(keen, key=lambda wish: wish[0])[:free]:
            self.network.add_node(vendor)
            self._fields[vendor.domain] += 1
            self._city.pmo.meet(vendor)
            self._tell(vendor, "joins")

    def _outside(self) -> list[Vendor]:
        domains = range(self._model.parameters.city.domains)
        found = [vendor for domain in domains for vendor in self._model.market.vendors(domain)]
        return [vendor for vendor in found if vendor not in self.network]

    def _keenness(self, vendor: Vendor, rules: Rules) -> float | None:
        """The vendor's mark if it wants to move in; the smaller, the keener it is."""
        mark = self._mark(Concern.HUB_JOINED, vendor)
        return mark if mark < moving_in(rules.appeal, rules.company, self._fields[vendor.domain]) else None

    def _mark(self, concern: Concern, vendor: Vendor) -> float:
        return self._model.luck.uniform(concern, address(vendor.key, self._city.key), self._months)

    def _tell(self, vendor: Vendor, what: str) -> None:
        self._model.tell(
            Kind.MEMBER,
            self._city,
            actor=vendor.name,
            origin=HUB,
            target=what,
            reason=self._city.domain_name(vendor.domain),
            amount=self._fields[vendor.domain],
        )

    # what happens there

    def _meet(self, rules: Rules) -> None:
        for vendor in list(self.network):
            if self._mark(Concern.HUB_MET, vendor) < rules.meetings:
                self._get_to_know(vendor)

    def _get_to_know(self, vendor: Vendor) -> None:
        known = self.network.adj[vendor]
        others = [
            other
            for other in self.network
            if other.domain == vendor.domain and other is not vendor and other not in known
        ]
        if others:
            key = address(vendor.key, self._city.key)
            other = others[self._model.luck.pick(len(others), Concern.HUB_PARTNER, key, self._months)]
            self.network.add_edge(vendor, other)
            self._model.tell(Kind.TIE, self._city, actor=vendor.name, target=other.name)

    def _exchange(self, rules: Rules) -> None:
        """Acquaintances tell each other what they know of the departments."""
        for one, other in self.network.edges:
            one.listen(other, rules.exchange)
            other.listen(one, rules.exchange)

    def _work_with_academia(self, rules: Rules) -> None:
        for vendor in self.network:
            vendor.grow("quality", rules.academia, HUB, self._city)
            vendor.grow("novelty", rules.academia, HUB, self._city)

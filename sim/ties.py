"""The networks: which departments work together, and how far departments trust vendors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx

from sim.luck import Concern, Luck

if TYPE_CHECKING:
    from sim.agents.department import Department
    from sim.agents.vendor import Vendor


class Ties:
    """The two networks of one city.

    ``coordination`` joins departments that work together; a silo is a missing link. ``trust``
    joins departments with vendors they have met; the edge's ``weight`` is the trust, 0 to 1.
    """

    def __init__(self, departments: list[Department], chance: float, luck: Luck) -> None:
        self.coordination: nx.Graph[Department] = nx.Graph()
        self.coordination.add_nodes_from(departments)
        self.trust: nx.Graph[Department | Vendor] = nx.Graph()
        self.trust.add_nodes_from(departments)
        for at, one in enumerate(departments):
            for at_other, other in enumerate(departments[:at]):
                if luck.uniform(Concern.LINK, one.key, at_other) < chance:
                    self.coordination.add_edge(one, other)

    def linked(self, one: Department, other: Department) -> bool:
        """Whether two departments work together."""
        return self.coordination.has_edge(one, other)

    def link(self, one: Department, other: Department) -> None:
        """Two departments have learnt to work together."""
        self.coordination.add_edge(one, other)

    def trusted(self, department: Department, vendor: Vendor, otherwise: float) -> float:
        """The department's trust in a vendor, ``otherwise`` where they never met."""
        edge = self.trust.get_edge_data(department, vendor)
        return float(edge["weight"]) if edge else otherwise

    def meet(self, department: Department, vendor: Vendor, trust: float) -> None:
        """Set the department's trust in a vendor."""
        self.trust.add_edge(department, vendor, weight=trust)

    def met(self, department: Department) -> list[Vendor]:
        """The vendors that a department has met, in order of meeting."""
        return list(self.trust.neighbors(department))

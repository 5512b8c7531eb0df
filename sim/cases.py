"""What passes between the actors: a need of a department, and a case that moves through the funnel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sim.events import CaseRecord
from sim.stages import ENDS, Reason, Stage

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.department import Department
    from sim.agents.vendor import Vendor
    from sim.parameters import Procurement


@dataclass(slots=True, eq=False)
class Need:
    """A problem of a department. Positions are points on the circle of its domain."""

    key: int
    name: str
    department: Department
    domain: int
    position: float
    severity: float  # NT$ m a year when solved
    difficulty: float  # of the regulatory barrier; 0 where there is none
    crossings: tuple[Department, ...]  # other departments that must consent
    estimate: float  # NT$ m, price of a full solution
    stated: float | None = None  # the position as stated; None while latent
    clarity: float = 0.0  # how much of the need its statement carries, 0 to 1
    engaged: int = 0  # cases that answer it now
    solver: Case | None = None  # the service that solves it now
    funded: bool = False  # has a budget line of its own
    integrated: bool = False  # the city's platform serves it
    insight: float = 0.0  # ignorance of it that open data take away, 0 to 1

    @property
    def solved(self) -> bool:
        """Whether a service solves the need now."""
        return self.solver is not None


@dataclass(slots=True, eq=False)
class Case:
    """A proposal, or a rival's contract, on its way through the funnel."""

    number: int
    key: int
    city: City
    channel: str
    vendor: Vendor
    domain: int
    position: float  # of the offer, as it stands now
    poc_cost: float  # NT$ m
    readiness: float  # technical readiness, 0 to 1
    barrier: float = 0.0
    need: Need | None = None
    demanded: bool = False  # the department had stated the need before the offer came
    stage: Stage | None = None
    tried: set[int] = field(default_factory=set)  # keys of departments that declined
    refusal: Reason | None = None  # why the last of them did
    extensions: int = 0
    hearings: int = 0
    seated: bool = False  # holds one of the host's places for POCs
    reserved: float = 0.0  # NT$ m of the host's budget held for it
    price: float = 0.0  # NT$ m of the contract
    insight: float = 0.0  # error in judging the offer that a meeting with the vendor removed, 0 to 1
    goals: float = 0.0  # error of reviews that agreed milestones and indicators remove, 0 to 1
    proof: float = 0.0  # how far the offer has been proven in other cities, 0 to 1
    sole: bool = False  # nobody else offers something similar, so it may be bought without a tender
    terms: Procurement | None = None  # under which it was signed
    parent: int | None = None
    operator: Vendor | None = None  # who has taken the service over, if anybody

    @property
    def over(self) -> bool:
        """Whether the case has ended."""
        return self.stage in ENDS

    @property
    def answered(self) -> Need:
        """The need that the case answers; there is one from the match on."""
        assert self.need is not None
        return self.need

    @property
    def firm(self) -> Vendor:
        """Who answers for the case now: its vendor, or the firm that has taken the service over."""
        return self.operator or self.vendor

    @property
    def host(self) -> Department:
        """The department that the case was matched with."""
        return self.answered.department

    def record(self, fit: float | None) -> CaseRecord:
        """The case as the log keeps it."""
        need = self.need
        return CaseRecord(
            case=self.number,
            city=self.city.name,
            channel=self.channel,
            vendor=self.vendor.name,
            vendor_kind=self.vendor.kind,
            motive="tester" if self.vendor.tester else "solver",
            department=need.department.name if need else None,
            domain=self.city.domain_name(self.domain),
            need=need.name if need else None,
            fit=fit,
            novelty=self.vendor.novelty,
            barrier=self.barrier,
            poc_cost=self.poc_cost,
            parent=self.parent,
            key=f"{self.key:016x}",
        )

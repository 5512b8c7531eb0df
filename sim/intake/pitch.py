"""Pitches: what a vendor offers unasked is answered by an expression of interest, which looks for rivals.

Pitches come when unsolicited offers come (:mod:`sim.intake.bottom_up`); what differs is the answer. When the
office has found a department for one, the city describes what is offered and asks whether others can offer
something similar. Only then does the department decide, on the offer that seems to suit it best (R45).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim import circle
from sim.events import Kind
from sim.luck import Concern, address
from sim.stages import Reason, Stage

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.vendor import Vendor
    from sim.cases import Case, Need

OFFICE = "PMO"


class PitchIntake:
    """The clock is that of unsolicited offers."""

    def __init__(self, city: City) -> None: ...

    def begin(self) -> None:
        """Nothing to start: the clock is the vendors' own."""

    def meet(self, vendor: Vendor) -> None:
        """A vendor hears of expressions of interest when they are issued."""


def sound(case: Case, need: Need) -> None:
    """Issue an expression of interest in what a case offers for a need, and wait for rivals."""
    need.engaged += 1
    _tell(case, need, "opened", 0)
    case.city.model.calendar.after(case.city.conditions.pitch.window, _compare, case, need)


def _tell(case: Case, need: Need, what: str, rivals: int) -> None:
    department = need.department
    case.city.model.tell(
        Kind.INTEREST,
        case.city,
        case.number,
        actor=department.name,
        origin=need.name,
        target=what,
        amount=rivals,
    )


def _compare(case: Case, need: Need) -> None:
    """The department takes up the offer that seems to fit best; the others leave the funnel."""
    need.engaged -= 1
    if case.over:
        return
    rivals = _rivals(case, need)
    _tell(case, need, "closed", len(rivals))
    if not rivals:
        case.sole = case.city.conditions.pitch.sole
        need.department.consider(case, need)
        return
    best = max([case, *rivals], key=lambda entry: _impression(entry, need))
    for entry in (case, *rivals):
        if entry is not best:
            case.city.model.close(entry, Reason.COMPETITION, need.department.name)
    if best is not case:
        case.city.model.move(best, Stage.SCREENED, need.department.name)
    need.department.consider(best, need)


def _impression(case: Case, need: Need) -> float:
    """As with bids: half how well the offer seems to fit, half the firm's quality."""
    office = case.city.conditions.pmo
    skill = office.skill if office.exists else 0.0
    fit = need.department.perceive(case, need, skill, Concern.DECISION_FIT)
    return (fit + case.vendor.quality) / 2


def _rivals(case: Case, need: Need) -> list[Case]:
    """What other vendors of the field offer that is similar to what the city describes."""
    model, city, rules = case.city.model, case.city, case.city.conditions.pitch
    willingness, found = city.conditions.problem_led.response, list["Case"]()
    for vendor in model.market.vendors(case.domain):
        key = address(address(vendor.key, case.key), need.key)
        heard = model.luck.uniform(Concern.INTEREST_HEARD, key) < rules.reach
        if not heard or vendor is case.vendor or not vendor.free():
            continue
        goal = vendor.guess(need, rules.clarity, Concern.VENDOR_GUESS, case.position)
        position = vendor.offer_for(goal)
        suits = circle.fit(circle.distance(position, goal), city.parameters.fit.tolerance)
        if model.luck.uniform(Concern.RIVAL, key) < willingness * suits:
            found.append(model.submit(city, "pitch", vendor, position, key))
    return found

"""The record: one flat event for everything that happens, and the log that holds them.

Every result of the project is computed from this log. The same columns hold an observed city's
history, so simulated and observed logs go through the same functions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What an event tells. The other columns mean, by kind:

    ============ ========== ============ ============== ================= ====================
    kind         actor      origin       target         reason            amount
    ============ ========== ============ ============== ================= ====================
    move         who did it stage left   stage entered  reason of the end
    payment      payer      payer        payee          purpose           NT$ m
    need         department need         domain                           NT$ m a year
    stated       department need                        occasion          clarity
    solved       department need         channel                          NT$ m a year
    unsolved     department need                        reason            NT$ m a year
    enter        vendor                                 kind              cash, NT$ m
    leave        vendor                                 reason            cash, NT$ m
    begun        office                  task                             days waited
    done         office                  task                             days worked
    review       panel      midway/final verdict        weakest criterion score
    referred     steering                               barrier           cases on the docket
    hearing      steering   motion       granted/...    reason            support
    decision     department              hosts/declines reason
    meeting      steering                                                 cases on the docket
    election     city                    kept/changed                     support afterwards
    support      city                                                     support
    culture      department                                               culture
    trust        department              vendor                           trust
    reputation   city                                                     reputation
    call         office                  opened/closed                    challenges/proposals
    round        department first/second opened/...                       bids (when closed)
    bid          vendor     first/second                                  price, NT$ m
    award        department rule         vendor         own/rival         price, NT$ m
    policy       city                    path           value
    measured     department              vendor                           fit as measured
    field        who did it domain       sought/open/...
    ordinance    department need         in force/...                     operators
    benefit      department need                                          NT$ m a year
    nuisance     department need                                          NT$ m a year
    member       vendor     programme    joins/leaves   field             members of the field
    tie          vendor                  vendor
    grown        vendor     programme    trait                            level, 0 to 1
    skill        department course       trait                            level, 0 to 1
    takeover     vendor     vendor                                        price, NT$ m
    validated    department need         confirmed/...                    clarity
    talk         department need         vendor
    interest     department need         opened/closed                    rivals
    contest      city                                                     ideas
    ============ ========== ============ ============== ================= ====================
    """

    MOVE = "move"
    PAYMENT = "payment"
    NEED = "need"
    STATED = "stated"
    SOLVED = "solved"
    UNSOLVED = "unsolved"
    ENTER = "enter"
    LEAVE = "leave"
    BEGUN = "begun"
    DONE = "done"
    REVIEW = "review"
    DECISION = "decision"
    REFERRED = "referred"
    HEARING = "hearing"
    MEETING = "meeting"
    ELECTION = "election"
    SUPPORT = "support"
    CULTURE = "culture"
    TRUST = "trust"
    REPUTATION = "reputation"
    CALL = "call"
    ROUND = "round"
    BID = "bid"
    AWARD = "award"
    POLICY = "policy"
    MEASURED = "measured"
    FIELD = "field"
    ORDINANCE = "ordinance"
    BENEFIT = "benefit"
    NUISANCE = "nuisance"
    MEMBER = "member"
    TIE = "tie"
    GROWN = "grown"
    SKILL = "skill"
    TAKEOVER = "takeover"
    VALIDATED = "validated"
    TALK = "talk"
    INTEREST = "interest"
    CONTEST = "contest"


class Event(NamedTuple):
    """One thing that happened. ``time`` is in days from the start of the run."""

    time: float
    city: str | None
    case: int | None
    kind: str
    actor: str | None
    origin: str | None
    target: str | None
    reason: str | None
    amount: float | None


class CaseRecord(NamedTuple):
    """What is true of one case, at the end of the run.

    ``key`` is the address of its luck, in hexadecimal: the same occasion of the same vendor, or the
    same search for the same need, has the same key under another policy at the same seed.
    """

    case: int
    city: str
    channel: str
    vendor: str
    vendor_kind: str
    motive: str
    department: str | None
    domain: str
    need: str | None
    fit: float | None
    novelty: float
    barrier: float
    poc_cost: float
    parent: int | None
    key: str = ""


@dataclass(slots=True)
class EventLog:
    """All that happened in one run, in order of time."""

    scenario: str
    seed: int
    start: date
    days: float
    events: list[Event] = field(default_factory=list)
    cases: list[CaseRecord] = field(default_factory=list)

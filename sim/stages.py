"""The stages of a case, the reasons for its end, and the arrows between stages."""

from __future__ import annotations

from enum import StrEnum

from sim.errors import TransitionError


class Stage(StrEnum):
    """Where a case stands. The order is the order of the funnel."""

    SUBMITTED = "submitted"  # received by the PMO, or by a department where there is no PMO
    SCREENED = "screened"  # agrees with the policy framework, or was chosen in a call
    MATCHED = "matched"  # a department agreed to host it
    CLEARED = "cleared"  # no financial, technical, administrative or regulatory barrier is left
    POC = "poc"  # proof of concept under way
    EXTENDED = "extended"  # the POC was extended for further field tests
    SECOND_POC = "second_poc"  # small-scale purchase, to see whether the vendor can scale up
    PREPARATION = "preparation"  # the department looks for budget and writes the tender
    TENDER = "tender"  # first round of the call for tenders
    RETENDER = "retender"  # second round, after a first round without enough bidders
    CONTRACT = "contract"  # awarded; the vendor builds
    DEPLOYED = "deployed"  # in service
    LAUNCHED = "launched"  # in service without a purchase: citizens pay for it
    SUSTAINED = "sustained"  # end: still in service after the whole contract
    ABANDONED = "abandoned"  # end: went into service and was given up
    CLOSED = "closed"  # end: left the funnel before service


class Reason(StrEnum):
    """Why a case ended."""

    MISFIT = "misfit"  # does not answer the city's need
    FINANCIAL = "financial"  # the vendor's or the department's money ran out
    TECHNICAL = "technical"  # not ready, or did not work
    ADMINISTRATIVE = "administrative"  # permits, workload, consent, no will to go on
    REGULATORY = "regulatory"  # the law stood in the way
    POLITICAL = "political"  # no backing, or a change of mayor
    COMPETITION = "competition"  # another vendor won, or nobody bid
    WITHDRAWN = "withdrawn"  # the vendor lost patience


#: the arrows of the funnel; ``None`` is the place from which cases come
TRANSITIONS: dict[Stage | None, frozenset[Stage]] = {
    # CONTRACT: a rival that won the tender; LAUNCHED: one that follows another into the market
    None: frozenset({Stage.SUBMITTED, Stage.CONTRACT, Stage.LAUNCHED}),
    Stage.SUBMITTED: frozenset({Stage.SCREENED, Stage.CLOSED}),
    Stage.SCREENED: frozenset({Stage.MATCHED, Stage.CLOSED}),
    Stage.MATCHED: frozenset({Stage.CLEARED, Stage.CLOSED}),
    Stage.CLEARED: frozenset({Stage.POC, Stage.PREPARATION, Stage.CLOSED}),
    Stage.POC: frozenset({Stage.EXTENDED, Stage.SECOND_POC, Stage.PREPARATION, Stage.LAUNCHED, Stage.CLOSED}),
    Stage.EXTENDED: frozenset({Stage.SECOND_POC, Stage.PREPARATION, Stage.LAUNCHED, Stage.CLOSED}),
    Stage.SECOND_POC: frozenset({Stage.PREPARATION, Stage.CLOSED}),
    Stage.PREPARATION: frozenset({Stage.TENDER, Stage.CONTRACT, Stage.CLOSED}),
    Stage.TENDER: frozenset({Stage.RETENDER, Stage.CONTRACT, Stage.CLOSED}),
    Stage.RETENDER: frozenset({Stage.CONTRACT, Stage.CLOSED}),
    Stage.CONTRACT: frozenset({Stage.DEPLOYED, Stage.CLOSED}),
    Stage.DEPLOYED: frozenset({Stage.SUSTAINED, Stage.ABANDONED}),
    Stage.LAUNCHED: frozenset({Stage.SUSTAINED, Stage.ABANDONED}),
    Stage.SUSTAINED: frozenset(),
    Stage.ABANDONED: frozenset(),
    Stage.CLOSED: frozenset(),
}

ENDS = frozenset(stage for stage, onward in TRANSITIONS.items() if stage is not None and not onward)

#: stages in which a solution serves the city
IN_SERVICE = frozenset({Stage.DEPLOYED, Stage.LAUNCHED})

#: stages before the proof of concept, in which a vendor can lose patience
BEFORE_POC = frozenset({Stage.SUBMITTED, Stage.SCREENED, Stage.MATCHED, Stage.CLEARED})


def checked(origin: Stage | None, target: Stage, reason: Reason | None) -> Stage:
    """Return ``target`` when a case may go there from ``origin``.

    Raises:
        TransitionError: there is no such arrow, or an end that needs a reason has none, or a
            stage that is no end (or is a good end) has one.
    """
    if target not in TRANSITIONS[origin]:
        raise TransitionError(f"no case goes from {origin} to {target}")
    if (reason is not None) != (target is Stage.CLOSED or target is Stage.ABANDONED):
        raise TransitionError(f"a case that goes to {target} with reason {reason}")
    return target

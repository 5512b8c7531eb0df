"""The funnel's arrows: no dead end, nothing out of reach, and nothing else is let through."""

from __future__ import annotations

from itertools import product

import pytest

from sim.errors import TransitionError
from sim.stages import BEFORE_POC, ENDS, IN_SERVICE, TRANSITIONS, Reason, Stage, checked

STARTS = TRANSITIONS[None]
NEED_REASON = frozenset({Stage.CLOSED, Stage.ABANDONED})
PLACES: tuple[Stage | None, ...] = (None, *Stage)


def reached(origin: Stage | None) -> set[Stage]:
    """All stages to which some way leads from ``origin``."""
    found, edge = set[Stage](), [origin]
    while edge:
        for stage in TRANSITIONS[edge.pop()] - found:
            found.add(stage)
            edge.append(stage)
    return found


def test_the_table_has_a_row_for_every_stage() -> None:
    assert set(TRANSITIONS) == set(PLACES)


def test_ends_are_the_stages_without_a_way_on() -> None:
    assert {Stage.SUSTAINED, Stage.ABANDONED, Stage.CLOSED} == ENDS
    assert all(not TRANSITIONS[stage] for stage in ENDS)


@pytest.mark.parametrize("stage", Stage)
def test_no_stage_is_a_dead_end(stage: Stage) -> None:
    assert stage in ENDS or reached(stage) & ENDS


@pytest.mark.parametrize("stage", Stage)
def test_every_stage_can_be_reached_from_a_submitted_proposal(stage: Stage) -> None:
    assert stage is Stage.SUBMITTED or stage in reached(Stage.SUBMITTED)


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage not in ENDS])
def test_a_case_not_yet_in_service_can_always_be_closed_and_one_in_service_abandoned(stage: Stage) -> None:
    last = Stage.ABANDONED if stage in IN_SERVICE else Stage.CLOSED
    assert last in TRANSITIONS[stage]


@pytest.mark.parametrize("stage", Stage)
def test_no_case_comes_back_to_a_stage(stage: Stage) -> None:
    assert stage not in reached(stage)


@pytest.mark.parametrize("origin", Stage)
def test_arrows_follow_the_order_of_the_funnel(origin: Stage) -> None:
    order = list(Stage)
    assert all(order.index(target) > order.index(origin) for target in TRANSITIONS[origin])


def test_cases_begin_as_a_proposal_a_rival_contract_or_a_follower_in_a_market() -> None:
    assert frozenset({Stage.SUBMITTED, Stage.CONTRACT, Stage.LAUNCHED}) == STARTS


def test_service_is_where_a_case_can_last() -> None:
    assert {stage for stage in Stage if Stage.SUSTAINED in TRANSITIONS[stage]} == IN_SERVICE


def test_before_the_poc_means_with_the_poc_ahead() -> None:
    assert {stage for stage in Stage if Stage.POC in reached(stage)} == BEFORE_POC


def test_what_the_table_does_not_name_is_refused_and_the_rest_is_let_through() -> None:
    passed = 0
    for origin, target, reason in product(PLACES, Stage, (None, *Reason)):
        arrow = target in TRANSITIONS[origin]
        if arrow and (reason is not None) == (target in NEED_REASON):
            assert checked(origin, target, reason) is target
            passed += 1
        else:
            with pytest.raises(TransitionError):
                checked(origin, target, reason)
    good_ends = sum(len(TRANSITIONS[place] - NEED_REASON) for place in PLACES)
    bad_ends = sum(len(TRANSITIONS[place] & NEED_REASON) for place in PLACES)
    assert passed == good_ends + bad_ends * len(Reason)


def test_a_refusal_names_both_stages() -> None:
    with pytest.raises(TransitionError, match="submitted to poc"):
        checked(Stage.SUBMITTED, Stage.POC, None)
    with pytest.raises(TransitionError, match=r"closed with reason None"):
        checked(Stage.SUBMITTED, Stage.CLOSED, None)

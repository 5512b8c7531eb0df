"""Decisions are plain functions: values by hand at neutral points, and the direction of each effect."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from math import exp, fsum, inf, isclose, sqrt
from typing import Any, cast

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sim import circle
from sim.agents.city import backing, drifted, dropping
from sim.agents.department import logistic, moved, publishing, willingness, wish_to_scale
from sim.agents.pmo import aligned, best, officers
from sim.agents.steering import agenda, power
from sim.agents.vendor import answering, can_pay, offered, offering
from sim.clearance import consenting, paperwork, ready
from sim.deployment import benefit, giving_up
from sim.intake.problem_led import choice
from sim.market import entry_chance
from sim.parameters import Departments, Poc, Procurement
from sim.pilot import (
    FAILED_BY,
    Criteria,
    panel_error,
    stability,
    verdict,
    weakest,
    weighted,
)
from sim.procurement import RULES
from sim.procurement.best_value import best_value
from sim.procurement.lowest_price import lowest_price
from sim.procurement.offers import Offer, acceptable
from sim.procurement.performance_based import performance_based
from sim.procurement.purchasing import enough, procedure, writing_time
from sim.stages import Reason

share = st.floats(0, 1)
inner = st.floats(0.02, 0.98)
amount = st.floats(0, 1e4)
point = st.floats(0, 1, exclude_max=True)

#: smallest difference that rounding may blur
DUST = 1e-12


def ordered(two: tuple[float, float]) -> tuple[float, float]:
    return (min(two), max(two))


pair = st.tuples(share, share).map(ordered)
any_pair = st.tuples(amount, amount).map(ordered)


# the circle of offers and needs


def test_distances_go_the_shorter_way_round() -> None:
    assert circle.distance(0.1, 0.3) == pytest.approx(0.2)
    assert circle.distance(0.9, 0.1) == pytest.approx(0.2)
    assert circle.distance(0.0, 0.5) == 0.5
    assert circle.distance(0.4, 0.4) == 0.0


@given(point, point, point)
def test_distance_is_a_metric_that_no_turn_changes(one: float, other: float, turn: float) -> None:
    apart = circle.distance(one, other)
    assert 0 <= apart <= 0.5
    assert apart == circle.distance(other, one)
    assert circle.distance((one + turn) % 1, (other + turn) % 1) == pytest.approx(apart, abs=DUST)
    assert apart <= circle.distance(one, turn) + circle.distance(turn, other) + DUST


@given(point, point, st.floats(0, 0.5))
def test_going_towards_a_goal_takes_as_much_of_the_way_as_the_limit_lets(
    start: float, goal: float, limit: float
) -> None:
    before, here = circle.distance(start, goal), circle.towards(start, goal, limit)
    assert 0 <= here <= 1
    assert circle.distance(start, here) == pytest.approx(min(before, limit), abs=1e-9)
    assert circle.distance(here, goal) == pytest.approx(max(0, before - limit), abs=1e-9)


@given(st.floats(0, 0.5), st.floats(0.02, 0.5))
def test_fit_is_1_on_the_spot_and_falls_with_distance(apart: float, tolerance: float) -> None:
    assert circle.fit(0.0, tolerance) == 1.0
    assert circle.fit(tolerance, tolerance) == pytest.approx(exp(-0.5))
    assert circle.fit(apart, tolerance) >= circle.fit(min(0.5, apart + 0.01), tolerance)


# vendors


def test_a_solver_moves_its_offer_and_a_tester_does_not() -> None:
    assert offered(0.2, 0.5, 0.1, tester=False) == pytest.approx(0.3)
    assert offered(0.2, 0.25, 0.1, tester=False) == pytest.approx(0.25)
    assert offered(0.2, 0.5, 0.1, tester=True) == 0.2


@given(point, point, pair)
def test_breadth_brings_an_offer_nearer(own: float, goal: float, breadths: tuple[float, float]) -> None:
    narrow, wide = (circle.distance(offered(own, goal, breadth / 2, False), goal) for breadth in breadths)
    assert wide <= narrow + DUST


def test_a_vendor_can_pay_what_the_cushion_leaves() -> None:
    assert can_pay(2.0, 1.0, 2.0)
    assert not can_pay(1.99, 1.0, 2.0)
    assert can_pay(0.0, 0.0, 2.0)


def test_a_vendor_proposes_by_the_name_of_the_city_while_it_is_free() -> None:
    assert offering(0.7, 1, 2) == 0.7
    assert offering(0.7, 2, 2) == 0.0


@given(share, share)
def test_a_vendor_answers_no_more_than_its_will_and_its_fit(will: float, suits: float) -> None:
    assert answering(will, suits) == will * suits <= min(will, suits)


@given(st.floats(0, 3), pair)
def test_reputation_draws_vendors(pull: float, names: tuple[float, float]) -> None:
    low, high = (entry_chance(pull, name) for name in names)
    assert 0 <= low <= high <= 1
    assert entry_chance(pull, 0.5) == pytest.approx(1 / (1 + pull))  # the neutral rate
    assert entry_chance(pull, 1.0) == pytest.approx(1)


# the office


def test_the_office_asks_for_agreement_from_the_bar_on() -> None:
    assert aligned(0.3, 0.3)
    assert not aligned(0.29, 0.3)


@given(st.integers(0, 500), pair)
def test_officers_are_a_share_of_the_staff(staff: int, shares: tuple[float, float]) -> None:
    few, many = (officers(staff, part) for part in shares)
    assert 0 <= few <= many <= staff
    assert officers(staff, 1.0) == staff
    assert officers(20, 0.35) == 7


@given(st.lists(st.tuples(st.floats(-1, 2), st.integers()), max_size=12), share)
def test_the_best_need_is_the_first_of_the_highest_above_the_bar(
    seen: list[tuple[float, int]], bar: float
) -> None:
    found = cast("int | None", best(cast(Any, seen), bar))
    fitting = [row for row in seen if row[0] >= bar]
    top = max((fit for fit, _ in fitting), default=None)
    assert found == next((need for fit, need in fitting if fit == top), None)


# departments


def host(**changed: float) -> float:
    """Willingness where all is neutral, but for what is ``changed``."""
    numbers = {
        "trust": 0.5,
        "culture": 0.5,
        "risk_aversion": 0.0,
        "novelty": 0.5,
        "load": 0.0,
        "backing": 0.5,
        "demanded": False,
    }
    return willingness(Departments(), **cast(Any, {**numbers, **changed}))


def test_the_logistic_curve() -> None:
    assert logistic(0.0) == 0.5
    assert logistic(2.0) == pytest.approx(0.8807970779778823)
    assert logistic(-1000.0) == 0.0
    assert logistic(1000.0) == 1.0


def test_a_neutral_department_is_as_willing_as_it_is_open() -> None:
    numbers = Departments()
    assert host() == pytest.approx(logistic(numbers.openness))
    assert host(demanded=True) == pytest.approx(logistic(numbers.openness + numbers.demand_weight))
    assert host(risk_aversion=0.4, novelty=0.5) == pytest.approx(
        logistic(numbers.openness - numbers.risk_weight * 0.2)
    )
    assert host(trust=1.0, load=1.0) == pytest.approx(
        logistic(numbers.openness + numbers.trust_weight / 2 - numbers.load_weight)
    )
    even = Departments(openness=0.0)
    neutral = willingness(
        even, trust=0.5, culture=0.5, risk_aversion=0.9, novelty=0.0, load=0.0, backing=0.5, demanded=False
    )
    assert neutral == 0.5


@given(st.sampled_from(["trust", "culture", "backing"]), pair)
def test_trust_culture_and_backing_make_willing(what: str, levels: tuple[float, float]) -> None:
    low, high = (host(**{what: level}) for level in levels)
    assert low < high or levels[1] - levels[0] < DUST


@given(st.sampled_from(["risk_aversion", "load", "novelty"]), pair)
def test_fear_of_the_new_and_workload_make_unwilling(what: str, levels: tuple[float, float]) -> None:
    low, high = (host(**{"risk_aversion": 0.5, what: level}) for level in levels)
    assert low > high or levels[1] - levels[0] < DUST


@given(share, share)
def test_fear_counts_only_as_far_as_something_is_new(fear: float, novelty: float) -> None:
    assert host(risk_aversion=fear, novelty=0.0) == host()
    assert host(risk_aversion=fear, novelty=novelty) == host(risk_aversion=novelty, novelty=fear)


def test_a_neutral_department_publishes_with_the_chance_itself() -> None:
    assert publishing(0.6, 0.5, 0.5) == 0.6
    assert publishing(0.6, 0.0, 0.0) == pytest.approx(0.15)
    assert publishing(0.6, 1.0, 1.0) == 1.0


@given(share, pair, share)
def test_culture_and_backing_make_departments_publish(
    chance: float, levels: tuple[float, float], other: float
) -> None:
    low, high = levels
    assert 0 <= publishing(chance, low, other) <= publishing(chance, high, other) <= 1
    assert publishing(chance, other, low) <= publishing(chance, other, high)


@given(share, share)
def test_experience_moves_a_level_within_its_bounds(level: float, gain: float) -> None:
    assert level - DUST <= moved(level, gain, works=True) <= 1
    assert 0 <= moved(level, gain, works=False) <= level
    assert moved(level, 0.0, works=True) == moved(level, 0.0, works=False) == level
    assert moved(level, 1.0, works=True) == pytest.approx(1)
    assert moved(level, 1.0, works=False) == 0
    # loss is gain seen from the other end
    assert 1 - moved(level, gain, works=True) == pytest.approx(moved(1 - level, gain, works=False), abs=DUST)


def test_the_wish_to_scale_by_hand() -> None:
    assert wish_to_scale(0.0, 3.0, 0.0, 0.5, False) == 0.5
    assert wish_to_scale(0.3, 3.0, 1.8, 1.0, True) == pytest.approx(logistic(0.3 + 1.5 + 0.9))
    assert wish_to_scale(0.3, 3.0, 1.8, 1.0, False) == pytest.approx(logistic(0.3 + 1.5 - 0.9))


@given(st.floats(-5, 5), st.floats(0.1, 10), st.floats(0.1, 10), pair)
def test_fit_and_demand_make_departments_want_more(
    neutral: float, fit_weight: float, demand_weight: float, fits: tuple[float, float]
) -> None:
    low, high = fits
    for demanded in (False, True):
        assert wish_to_scale(neutral, fit_weight, demand_weight, low, demanded) <= wish_to_scale(
            neutral, fit_weight, demand_weight, high, demanded
        )
    assert wish_to_scale(neutral, fit_weight, demand_weight, low, False) < wish_to_scale(
        neutral, fit_weight, demand_weight, low, True
    )


# clearance


def test_consent_is_lost_to_silos_as_far_as_nobody_coordinates() -> None:
    assert consenting(0.8, 0.5, linked=True, coordinated=0.0) == 0.8
    assert consenting(0.8, 0.5, linked=False, coordinated=0.0) == pytest.approx(0.4)
    assert consenting(0.8, 0.5, linked=False, coordinated=1.0) == pytest.approx(0.8)
    assert consenting(0.8, 0.5, linked=False, coordinated=0.5) == pytest.approx(0.6)


@given(share, share, pair)
def test_coordination_helps_and_links_help_more(
    consent: float, silo: float, levels: tuple[float, float]
) -> None:
    low, high = (consenting(consent, silo, False, level) for level in levels)
    assert 0 <= low <= high + DUST
    assert high <= consenting(consent, silo, True, 0.0) + DUST


def test_paperwork_by_hand() -> None:
    assert paperwork(0.2, 0.0, 0.5, 0.0) == pytest.approx(0.2)
    assert paperwork(0.2, 0.5, 0.5, 0.5) == pytest.approx(0.05)
    assert paperwork(0.2, 0.0, 0.0, 0.0) == pytest.approx(0.4)
    assert paperwork(0.2, 0.0, 1.0, 0.0) == 0.0
    assert paperwork(0.9, 0.0, 0.0, 0.0) == 1.0


@given(share, share, share, share, share)
def test_help_skill_and_experience_lighten_paperwork(
    burden: float, aid: float, skill: float, experience: float, more: float
) -> None:
    base = paperwork(burden, aid, skill, experience)
    assert 0 <= base <= 1
    assert base <= paperwork(max(burden, more), aid, skill, experience)
    assert base >= paperwork(burden, max(aid, more), skill, experience)
    assert base >= paperwork(burden, aid, max(skill, more), experience)
    assert base >= paperwork(burden, aid, skill, max(experience, more))


def test_a_solution_is_ready_from_the_bar_on() -> None:
    assert ready(0.52, 0.52)
    assert not ready(0.519, 0.52)


# the steering group


def test_the_most_severe_needs_are_heard_first_and_ties_by_number() -> None:
    docket = [(2.0, 7), (5.0, 9), (5.0, 3), (1.0, 1)]
    assert agenda(docket, 4) == [3, 9, 7, 1]
    assert agenda(docket, 2) == [3, 9]
    assert agenda(docket, 0) == []


@given(st.lists(st.tuples(amount, st.integers(1, 99)), unique_by=lambda row: row[1]), st.integers(0, 9))
def test_nobody_left_waiting_is_more_urgent_than_those_heard(
    docket: list[tuple[float, int]], slots: int
) -> None:
    heard = agenda(docket, slots)
    assert len(heard) == min(slots, len(docket))
    severity = {number: severity for severity, number in docket}
    least = min((severity[number] for number in heard), default=inf)
    assert all(severity[number] <= least for number in severity if number not in heard)


def test_the_power_of_the_group_by_hand() -> None:
    assert power(1.0, 0.3, 1.5) == pytest.approx(0.7)
    assert power(0.25, 0.0, 1.5) == pytest.approx(0.125)
    assert power(0.0, 0.0, 1.5) == 0.0
    assert power(0.5, 0.4, 0.0) == pytest.approx(0.6)


@given(pair, pair, st.floats(0, 5))
def test_power_rises_with_support_and_falls_with_difficulty(
    supports: tuple[float, float], difficulties: tuple[float, float], steepness: float
) -> None:
    low, high = supports
    easy, hard = difficulties
    assert 0 <= power(low, easy, steepness) <= power(high, easy, steepness) <= 1
    assert power(high, hard, steepness) <= power(high, easy, steepness)


# the city


@given(share, share, st.floats(0, 12), st.floats(-2, 2), st.floats(0, 1))
def test_support_stays_within_its_bounds(
    support: float, level: float, reversion: float, shock: float, years: float
) -> None:
    assert 0 <= drifted(support, level, reversion, shock, years) <= 1


@given(share, share, st.floats(0, 1))
def test_support_returns_to_its_level(support: float, level: float, pull: float) -> None:
    after = drifted(support, level, pull, 0.0, 1.0)
    assert abs(after - level) <= abs(support - level) + DUST
    assert drifted(level, level, pull, 0.0, 1.0) == level
    assert drifted(support, level, 0.0, 0.0, 1.0) == support
    assert drifted(0.4, 0.8, 1.0, 0.05, 1 / 12) == pytest.approx(0.4 + 0.4 / 12 + 0.05)


@given(share, share, share)
def test_autonomy_shields_from_the_day(support: float, level: float, autonomy: float) -> None:
    felt = backing(support, level, autonomy)
    assert min(support, level) - DUST <= felt <= max(support, level) + DUST
    assert backing(support, level, 0.0) == support
    assert backing(support, level, 1.0) == level
    assert abs(felt - level) == pytest.approx((1 - autonomy) * abs(support - level), abs=DUST)


@given(share, pair, share)
def test_autonomy_and_embedding_save_projects(loss: float, levels: tuple[float, float], other: float) -> None:
    low, high = levels
    assert 0 <= dropping(loss, high, other) <= dropping(loss, low, other) <= loss
    assert dropping(loss, other, high) <= dropping(loss, other, low)
    assert dropping(loss, 0.0, 0.0) == loss


# reviews

criteria = st.builds(Criteria, share, share, share, share)


def test_the_error_of_a_panel_by_hand() -> None:
    assert panel_error([0.1]) == pytest.approx(0.1)
    assert panel_error([0.1] * 4) == pytest.approx(0.05)
    assert panel_error([0.3, 0.4]) == pytest.approx(0.25)


@given(st.floats(0, 1), st.integers(1, 30))
def test_a_panel_of_equals_errs_by_the_root_of_its_number(error: float, members: int) -> None:
    assert panel_error([error] * members) == pytest.approx(error / sqrt(members))


@given(criteria, criteria)
def test_a_score_lies_between_the_criteria(scores: Criteria, weights: Criteria) -> None:
    assume(sum(weights) == 0 or sum(weights) > 1e-6)
    assert min(scores) - 1e-9 <= weighted(scores, weights) <= max(scores) + 1e-9


@given(criteria, criteria, st.floats(0.1, 10), st.integers(0, 3), share)
def test_only_the_ratio_of_weights_counts_and_no_criterion_counts_against(
    scores: Criteria, weights: Criteria, scale: float, place: int, more: float
) -> None:
    assume(sum(weights) > 1e-6)
    scaled = Criteria(*(weight * scale for weight in weights))
    assert weighted(scores, scaled) == pytest.approx(weighted(scores, weights))
    better = Criteria(*(max(s, more) if at == place else s for at, s in enumerate(scores)))
    assert weighted(better, weights) >= weighted(scores, weights) - DUST


@given(criteria, criteria)
def test_sums_are_rounded_once_on_every_python(scores: Criteria, weights: Criteria) -> None:
    # the built-in sum of floats is rounded otherwise from Python 3.12 on
    assume(fsum(weights) > 1e-6)
    products = [score * weight for score, weight in zip(scores, weights, strict=True)]
    assert weighted(scores, weights) == fsum(products) / fsum(weights)
    assert panel_error(list(scores)) == sqrt(fsum(score * score for score in scores)) / 4


def test_scores_by_hand() -> None:
    scores = Criteria(0.8, 0.4, 0.6, 0.2)
    assert weighted(scores, Criteria(1, 1, 1, 1)) == pytest.approx(0.5)
    assert weighted(scores, Criteria(0, 0, 0, 0)) == pytest.approx(0.5)
    assert weighted(scores, Criteria(0.25, 0.4, 0.2, 0.15)) == pytest.approx(0.2 + 0.16 + 0.12 + 0.03)
    assert weighted(scores, Criteria(0, 0, 1, 0)) == 0.6


@given(criteria)
def test_the_weakest_criterion_gives_the_reason(scores: Criteria) -> None:
    assert scores[weakest(scores)] == min(scores)
    assert len(FAILED_BY) == len(Criteria._fields)


def test_each_criterion_fails_for_its_own_reason() -> None:
    reasons = {
        name: FAILED_BY[weakest(Criteria(*(float(name != other) for other in Criteria._fields)))]
        for name in Criteria._fields
    }
    assert reasons == {
        "execution": Reason.TECHNICAL,
        "technical": Reason.MISFIT,
        "administrative": Reason.ADMINISTRATIVE,
        "financial": Reason.FINANCIAL,
    }


@given(st.floats(-1e3, 1e3), st.floats(0.1, 100), st.floats(0, 100))
def test_cash_makes_stable(cash: float, runway: float, more: float) -> None:
    assert 0 <= stability(cash, runway) <= stability(cash + more, runway) <= 1
    assert stability(0.0, runway) == 0.0
    assert stability(runway, runway) == pytest.approx(1 - exp(-1))


BARS = Poc(close_bar=0.4, pass_bar=0.6, fit_bar=0.3)


@pytest.mark.parametrize(
    ("score", "fit", "left", "expected"),
    [
        (0.39, 1.0, 1, "close"),
        (0.40, 1.0, 1, "extend"),
        (0.40, 1.0, 0, "close"),
        (0.59, 0.3, 1, "extend"),
        (0.60, 0.3, 0, "pass"),
        (0.60, 0.3, 1, "pass"),
        (0.99, 0.29, 1, "close"),
        (0.99, 0.29, 0, "close"),
    ],
)
def test_the_table_of_verdicts(score: float, fit: float, left: int, expected: str) -> None:
    assert verdict(score, fit, left, BARS) == expected


@given(st.floats(-0.5, 1.5), st.floats(-0.5, 1.5), st.integers(0, 5), st.floats(0, 1), st.floats(0, 1))
def test_a_better_review_never_has_a_worse_verdict(
    score: float, fit: float, left: int, more: float, fitter: float
) -> None:
    rank = ("close", "extend", "pass")
    here = verdict(score, fit, left, BARS)
    assert rank.index(verdict(score + more, fit + fitter, left, BARS)) >= rank.index(here)
    assert left > 0 or here != "extend"


# purchases


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.05, "direct"), (0.1, "direct"), (0.11, "quotes"), (0.99, "quotes"), (1.0, "open"), (50.0, "open")],
)
def test_thresholds_decide_on_the_procedure(value: float, expected: str) -> None:
    assert procedure(value, 0.1, 1.0, direct=False) == expected
    assert procedure(value, 0.1, 1.0, direct=True) == "direct"


@given(st.integers(0, 40))
def test_three_bidders_are_asked_for_in_a_first_open_round_alone(bids: int) -> None:
    assert enough(bids, first=True, three_bidders=True) == (bids >= 3)
    assert enough(bids, first=False, three_bidders=True) == (bids >= 1)
    assert enough(bids, first=True, three_bidders=False) == (bids >= 1)
    assert enough(bids, first=False, three_bidders=False) == (bids >= 1)


@given(st.floats(0, 1000), pair, st.tuples(inner, inner).map(ordered))
def test_clear_needs_and_skilled_writers_make_short_work(
    days: float, clarities: tuple[float, float], skills: tuple[float, float]
) -> None:
    vague, clear = clarities
    low, high = skills
    assert 0 <= writing_time(days, clear, low) <= writing_time(days, vague, low)
    assert writing_time(days, vague, high) <= writing_time(days, vague, low)
    assert writing_time(days, 1.0, low) == 0
    assert writing_time(120, 0.5, 0.5) == 120


@st.composite
def tenders(draw: st.DrawFn) -> list[Offer]:
    rows = draw(st.lists(st.tuples(share, st.floats(0.01, 100), st.booleans()), max_size=8))
    return [Offer(place, *row) for place, row in enumerate(rows)]


@dataclass(frozen=True)
class Case:
    offers: list[Offer]
    terms: Procurement
    best_value: int | None
    lowest_price: int | None


BY_HAND = [
    Case([], Procurement(), None, None),
    Case([Offer(0, 0.39, 1.0, False)], Procurement(quality_bar=0.4), None, None),
    Case([Offer(0, 0.40, 9.0, False)], Procurement(quality_bar=0.4), 0, 0),
    # 0.6 x 0.9 + 0.4 x 1/2 = 0.74 against 0.6 x 0.5 + 0.4 = 0.70
    Case([Offer(0, 0.9, 2.0, False), Offer(1, 0.5, 1.0, False)], Procurement(quality_weight=0.6), 0, 1),
    # 0.5 x 0.9 + 0.5 x 1/2 = 0.70 against 0.5 x 0.5 + 0.5 = 0.75
    Case([Offer(0, 0.9, 2.0, False), Offer(1, 0.5, 1.0, False)], Procurement(quality_weight=0.5), 1, 1),
    # a privilege of 0.06 turns 0.70 into 0.76, and the price 2.00 into 1.88
    Case(
        [Offer(0, 0.9, 2.0, True), Offer(1, 0.5, 1.0, False)],
        Procurement(quality_weight=0.5, privilege=0.06),
        0,
        1,
    ),
    Case([Offer(0, 0.5, 1.0, False), Offer(1, 0.5, 1.05, True)], Procurement(privilege=0.06), 1, 1),
    # too cheap to be good enough does not set the lowest price
    Case(
        [Offer(0, 0.1, 0.1, False), Offer(1, 0.9, 2.0, False), Offer(2, 0.5, 1.0, False)],
        Procurement(quality_weight=0.6, quality_bar=0.4),
        1,
        2,
    ),
]


@pytest.mark.parametrize("case", BY_HAND, ids=range(len(BY_HAND)))
def test_awards_by_hand(case: Case) -> None:
    for rule, expected in ((best_value, case.best_value), (lowest_price, case.lowest_price)):
        winner = rule(case.offers, case.terms)
        assert (winner.bidder if winner else None) == expected


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@given(offers=tenders(), bar=share)
def test_an_award_goes_to_an_acceptable_offer_if_there_is_one(
    rule: Any, offers: list[Offer], bar: float
) -> None:
    terms = Procurement(quality_bar=bar)
    winner, good = rule(offers, terms), acceptable(offers, terms)
    assert winner in good if good else winner is None
    assert good == [offer for offer in offers if offer.quality >= bar]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@given(offers=tenders(), weight=share)
def test_without_privilege_no_rule_sees_who_ran_the_poc(
    rule: Any, offers: list[Offer], weight: float
) -> None:
    terms = Procurement(quality_weight=weight, privilege=0)
    unknown = [offer._replace(piloted=False) for offer in offers]
    known = rule(offers, terms)
    blind = rule(unknown, terms)
    assert (known and known.bidder) == (blind and blind.bidder)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_with_nothing_learnt_the_poc_vendor_wins_exactly_as_often_as_an_equal_rival(rule: Any) -> None:
    # every way to give three bidders three different offers, one of the bidders having run the POC
    terms = Procurement(quality_bar=0, privilege=0)
    made = [(0.9, 3.0), (0.6, 1.0), (0.5, 1.5)]
    wins = {True: 0, False: 0}
    for order in permutations(made):
        offers = [Offer(place, *order[place], piloted=place == 0) for place in range(3)]
        winner = rule(offers, terms)
        wins[winner.piloted] += 1
    assert wins == {True: 2, False: 4}  # one win in three for each of the three


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@given(offers=tenders(), privilege=share)
def test_a_privilege_never_harms_the_poc_vendor(rule: Any, offers: list[Offer], privilege: float) -> None:
    offers = [offer._replace(piloted=place == 0) for place, offer in enumerate(offers)]
    fair = rule(offers, Procurement(privilege=0))
    favoured = rule(offers, Procurement(privilege=privilege))
    assert fair is None or not fair.piloted or favoured.piloted


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@given(offers=tenders(), turn=st.randoms(use_true_random=False))
def test_the_order_of_the_offers_decides_nothing_but_ties(rule: Any, offers: list[Offer], turn: Any) -> None:
    def worth(offer: Offer | None) -> float:
        if offer is None:
            return inf
        if rule is lowest_price:
            return offer.price
        if rule not in (best_value, performance_based):
            return offer.quality
        cheapest = min(one.price for one in acceptable(offers, terms))
        promised = offer.quality if rule is best_value else offer.promise
        return 0.6 * promised + 0.4 * cheapest / offer.price

    terms = Procurement(quality_weight=0.6)
    other = list(offers)
    turn.shuffle(other)
    assert worth(rule(offers, terms)) == worth(rule(other, terms))


@given(tenders())
def test_at_full_weight_only_quality_counts_and_at_none_only_price(offers: list[Offer]) -> None:
    good = acceptable(offers, Procurement())
    assume(good)
    first = best_value(offers, Procurement(quality_weight=1))
    assert first is not None
    assert first.quality == max(offer.quality for offer in good)
    last = best_value(offers, Procurement(quality_weight=0))
    assert last is not None
    assert isclose(last.price, min(offer.price for offer in good))


# calls


@given(st.lists(st.floats(-1, 2), max_size=12), share, st.integers(1, 10))
def test_a_challenge_takes_the_best_above_the_bar(judged: list[float], bar: float, slots: int) -> None:
    chosen = choice(judged, bar, slots)
    fitting = sorted((fit for fit in judged if fit >= bar), reverse=True)
    assert [judged[place] for place in chosen] == fitting[:slots]
    assert len(set(chosen)) == len(chosen)


def test_equal_proposals_are_taken_in_order() -> None:
    assert choice([0.5, 0.7, 0.5, 0.1], 0.2, 2) == [1, 0]
    assert choice([0.1], 0.2, 2) == []


# services


def test_benefit_and_rate_of_giving_up_by_hand() -> None:
    assert benefit(2.0, 1.0, 0.0, 0.3) == 2.0
    assert benefit(2.0, 0.5, 1.0, 0.3) == pytest.approx(1.3)
    assert giving_up(0.1, 6.0, 1.0, 0.5, 0.5) == pytest.approx(0.1)
    assert giving_up(0.1, 6.0, 0.5, 0.5, 0.5) == pytest.approx(0.4)
    assert giving_up(0.1, 6.0, 1.0, 0.0, 0.0) == pytest.approx(0.2)
    assert giving_up(0.1, 6.0, 1.0, 1.0, 1.0) == 0.0


@given(any_pair, pair, share, st.floats(0, 2))
def test_benefit_rises_with_severity_fit_and_novelty(
    severities: tuple[float, float], fits: tuple[float, float], novelty: float, gain: float
) -> None:
    mild, grave = severities
    poor, good = fits
    assert 0 <= benefit(mild, poor, novelty, gain) <= benefit(grave, good, novelty, gain)
    assert benefit(grave, good, 0.0, gain) <= benefit(grave, good, novelty, gain)
    assert benefit(grave, 0.0, novelty, gain) == 0


@given(st.floats(0, 3), st.floats(0, 30), pair, share, share)
def test_fit_finance_and_skill_keep_services_alive(
    rate: float, weight: float, levels: tuple[float, float], one: float, other: float
) -> None:
    low, high = levels
    assert 0 <= giving_up(rate, weight, high, one, other) <= giving_up(rate, weight, low, one, other)
    assert giving_up(rate, weight, one, high, other) <= giving_up(rate, weight, one, low, other)
    assert giving_up(rate, weight, one, other, high) <= giving_up(rate, weight, one, other, low)

"""Services that citizens pay for: launch, imitators, ordinance, and who gains what."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from math import inf, sqrt
from statistics import fmean, stdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sim
from analysis.funnel import counts, steps, summary
from analysis.measures import outcomes
from analysis.survival import REACHED, times
from analysis.tables import of_channel, tables
from experiments import story
from sim.calendar import YEAR
from sim.events import CaseRecord, Event, EventLog
from sim.launch import QUARTER, custom, drafting, earning, following, let_in, quitting
from sim.parameters import Value
from tests.test_mechanisms import reached, told
from tests.worlds import START, world

Numbers = Mapping[str, Value]

# --- decisions ---------------------------------------------------------------------------------

appeals = st.lists(st.floats(0.001, 1.5), min_size=1, max_size=8)


@given(appeals, st.floats(0.05, 5))
def test_operators_and_doing_without_share_the_demand(found: list[float], outside: float) -> None:
    shares = [custom(appeal, sum(found), outside) for appeal in found]
    assert sum(shares) + outside / (sum(found) + outside) == pytest.approx(1)
    assert all(share > 0 for share in shares)


@given(st.floats(0.01, 1.5), st.floats(0.01, 10), st.floats(0.01, 5), st.floats(0.05, 5))
def test_another_operator_takes_custom_away(
    appeal: float, others: float, another: float, outside: float
) -> None:
    total = appeal + others
    assert custom(appeal, total + another, outside) < custom(appeal, total, outside)


@pytest.mark.parametrize(
    ("share", "cost", "kept"), [(0.5, 0.1, 0.8), (0.1, 0.1, 0.0), (0.1, 0.2, -1.0), (0.3, 0.0, 1.0)]
)
def test_what_an_operator_keeps(share: float, cost: float, kept: float) -> None:
    assert earning(share, cost) == pytest.approx(kept)


def test_an_operator_whom_nobody_wants_keeps_nothing() -> None:
    assert earning(0.0, 0.1) == -inf
    assert quitting(1.0, -inf, 1.0) == pytest.approx(1 - np.exp(-1))


@given(st.floats(0, 5), st.floats(-5, 1), st.floats(0, 1), st.floats(0.01, 1))
def test_following_is_a_chance_that_asks_for_earnings_and_for_a_name(
    eagerness: float, earned: float, reputation: float, years: float
) -> None:
    chance = following(eagerness, earned, reputation, years)
    assert 0 <= chance < 1
    assert chance <= following(eagerness, 1.0, 1.0, years)
    if earned <= 0 or reputation == 0:
        assert chance == 0


@given(st.floats(0, 12), st.floats(-5, 1), st.floats(0.01, 1))
def test_only_those_who_lose_money_give_up(rate: float, earned: float, years: float) -> None:
    assert (quitting(rate, earned, years) > 0) == (earned < 0 and rate * years > 1e-16)


@pytest.mark.parametrize(
    ("operators", "cap", "regulated", "admitted"),
    [(3, 5, True, True), (5, 5, True, False), (9, 5, False, True), (9, 5, True, False)],
)
def test_an_ordinance_lets_in_up_to_its_cap(
    operators: int, cap: int, regulated: bool, admitted: bool
) -> None:
    assert let_in(operators, cap, regulated) is admitted


def test_skill_drafts_faster() -> None:
    assert drafting(180, 1.0) == 180
    assert drafting(180, 0.5) == 360


# --- worlds ------------------------------------------------------------------------------------

#: a town whose needs are all met on the market if a POC passes, and most do
TRADE: Numbers = {
    "city.departments": 9,
    "city.domains": 3,
    "vendors.initial": 60,
    "needs.initial": 3,
    "needs.arrival": 0,
    "needs.barrier_share": 0,
    "needs.crossing": 0,
    "top_down.open": False,
    "clearance.burden": 0,
    "clearance.readiness_bar": 0,
    "departments.openness": 4,
    "poc.midway": False,
    "poc.close_bar": 0.2,
    "poc.pass_bar": 0.3,
    "market.private_share": 1,
}
#: nobody follows
ALONE: Numbers = {"market.imitation": 0}
#: many follow soon, and the department is quick
CROWDED: Numbers = {"market.imitation": 0.5, "market.drafting_days": 30, "market.cost": 0.03}
SEEDS = range(1, 17)


@cache
def _log(numbers: tuple[tuple[str, Value], ...], seed: int) -> EventLog:
    return sim.run(world(TRADE, dict(numbers), days=1461), seed)


def log(numbers: Numbers, seed: int = 1) -> EventLog:
    return _log(tuple(numbers.items()), seed)


def operators(run: EventLog) -> float:
    return len(reached(run, "launched"))


def ordinances(run: EventLog) -> float:
    return len(told(run, "ordinance", target="in force"))


def purchases(run: EventLog) -> float:
    return len(reached(run, "contract"))


def nuisance(run: EventLog) -> float:
    """NT$ m that services on the market cost the city."""
    total, level, since = 0.0, defaultdict[str | None, float](float), defaultdict[str | None, float](float)
    for event in told(run, "nuisance"):
        total += level[event.origin] * (event.time - since[event.origin]) / YEAR
        level[event.origin], since[event.origin] = event.amount or 0.0, event.time
    return total + sum(level[need] * (run.days - since[need]) / YEAR for need in level)


def gain(outcome: Callable[[EventLog], float], before: Numbers, after: Numbers) -> tuple[float, float]:
    """The mean paired difference of an outcome, and its standard error."""
    found = [outcome(log(after, seed)) - outcome(log(before, seed)) for seed in SEEDS]
    return fmean(found), stdev(found) / sqrt(len(found))


def rises(outcome: Callable[[EventLog], float], before: Numbers, after: Numbers) -> bool:
    mean, error = gain(outcome, before, after)
    return mean > 3 * error > 0


def same(one: Numbers, other: Numbers) -> bool:
    return all(log(one, seed).events == log(other, seed).events for seed in SEEDS[:3])


# --- the launch (S20) --------------------------------------------------------------------------


def test_what_citizens_pay_for_is_launched_and_not_bought() -> None:
    run = log(ALONE)
    passed = [event.target for event in told(run, "review", origin="final")]
    assert passed.count("launch") == operators(run) > 5
    launched = reached(run, "launched").keys()
    assert not launched & (reached(run, "preparation").keys() | reached(run, "contract").keys())
    origins = {event.origin for event in told(run, "move", target="launched")}
    assert origins == {"poc", "extended"} or origins == {"poc"}


def test_launches_take_the_place_of_purchases_share_by_share() -> None:
    none, half, all_ = ({"market.private_share": share, **ALONE} for share in (0.0, 0.5, 1.0))
    assert all(operators(log(none, seed)) == 0 for seed in SEEDS)
    assert rises(operators, none, half)
    assert rises(operators, half, all_)
    assert rises(purchases, all_, half)


def test_a_domain_can_be_the_only_one_with_a_market() -> None:
    run = log({**ALONE, "market.domain": 2})
    domains = {case.domain for case in run.cases if case.case in reached(run, "launched")}
    assert domains == {"buildings"}


def test_nothing_is_launched_where_running_it_costs_more_than_all_would_pay() -> None:
    assert all(operators(log({"market.cost": 2.0}, seed)) == 0 for seed in SEEDS)


def test_a_launch_is_paid_by_the_vendor_and_by_private_money_alone() -> None:
    run = log(CROWDED)
    vendors = {case.case: case.vendor for case in run.cases}
    launched = reached(run, "launched")
    for purpose in ("launch cost", "running cost", "registration"):
        paid = told(run, "payment", reason=purpose)
        assert paid
        assert all(event.case and event.origin == vendors[event.case] for event in paid)
        assert {event.case for event in paid} <= launched.keys()
    once = [event.case for event in told(run, "payment", reason="launch cost")]
    assert Counter(once) == Counter(list(launched))
    city = {case.department for case in run.cases}
    assert not [event for event in told(run, "payment") if event.origin in city and event.case in launched]


def test_a_sole_operator_earns_its_share_of_the_demand_in_every_quarter() -> None:
    """Known answer: severity times demand times appeal / (appeal + outside), for each quarter."""
    run = log({**ALONE, "market.outside": 0.4, "market.cost": 0.1})
    severity = {event.origin: event.amount for event in told(run, "need")}
    gone = {event.actor for event in told(run, "leave")}
    checked = 0
    for case in run.cases:
        since = reached(run, "launched").get(case.case)
        if since is None or case.vendor in gone or case.fit is None:
            continue
        appeal = case.fit * (1 + 0.3 * case.novelty)
        demand = (severity[case.need] or 0.0) * 4.0 * QUARTER / YEAR
        paid = [event for event in told(run, "payment") if event.case == case.case]
        income = [event for event in paid if event.reason == "market income"]
        assert [event.time for event in income] == pytest.approx(
            [since + QUARTER * turn for turn in range(1, len(income) + 1)]
        )
        for event in income:
            assert event.amount == pytest.approx(demand * appeal / (appeal + 0.4))
        costs = [event.amount for event in paid if event.reason == "running cost"]
        assert costs == pytest.approx([demand * 0.1] * len(income))
        checked += len(income)
    assert checked > 30


def test_a_launched_service_lasts_or_is_given_up_and_nothing_else() -> None:
    ends, short = Counter[tuple[str | None, str | None]](), {**CROWDED, "deployment.contract_years": 1.0}
    for seed in SEEDS:
        for event in told(log(short, seed), "move", origin="launched"):
            ends[event.target, event.reason] += 1
    assert {target for target, _ in ends} == {"sustained", "abandoned"}
    assert {reason for _, reason in ends} >= {None, "financial"}


def test_a_need_that_the_market_serves_is_offered_to_nobody_else_until_nobody_serves_it() -> None:
    run = log(ALONE)
    need = {case.case: case.need for case in run.cases}
    spans = {need[case]: time for case, time in reached(run, "launched").items()}
    ends = {need[case]: time for case, time in reached(run, "abandoned").items()}
    hosted = [
        (need[event.case], event.time)
        for event in told(run, "decision", target="hosts")
        if event.case is not None
    ]
    late = [(name, time) for name, time in hosted if name in spans and time > spans[name]]
    assert all(name in ends and time > ends[name] for name, time in late)


def test_an_election_does_not_touch_what_the_city_did_not_buy() -> None:
    numbers = {**TRADE, **ALONE, "politics.turnover": 1, "politics.loss": 1, "pmo.autonomy": 0}
    polling = START + timedelta(days=1000)
    run = sim.run(world(numbers, {"politics.embedding": 0}, days=1461, elections=(polling,)), 1)
    assert told(run, "move", target="closed", reason="political")
    launched = {case for case, time in reached(run, "launched").items() if time < 1000}
    ended = [event for event in told(run, "move") if event.case in launched and event.time == 1000]
    assert launched
    assert not ended


# --- imitators (R25, P14) ----------------------------------------------------------------------


def test_success_brings_imitators_near_the_first() -> None:
    run = log(CROWDED)
    records = {case.case: case for case in run.cases}
    followers = [case for case in run.cases if case.channel == "market"]
    assert followers
    for case in followers:
        assert case.parent is not None
        first = records[case.parent]
        assert (case.need, case.domain, case.department) == (first.need, first.domain, first.department)
        assert reached(run, "launched")[case.case] > reached(run, "launched")[first.case]
        assert case.motive == "solver"
    assert len({(case.need, case.vendor) for case in followers}) == len(followers)


def test_near_means_in_reach_of_a_copy() -> None:
    """Who copies wholly is as good as the first; who copies nothing is anywhere."""

    def apart(run: EventLog) -> float:
        """Mean difference of fit between imitators and those that they follow."""
        fit = {case.case: case.fit or 0.0 for case in run.cases}
        parents = {case.case: case.parent for case in run.cases if case.channel == "market"}
        return fmean(abs(fit[case] - fit[parent]) for case, parent in parents.items() if parent)

    whole = [apart(log({**CROWDED, "market.copying": 1.0}, seed)) for seed in SEEDS]
    nothing = [apart(log({**CROWDED, "market.copying": 0.0}, seed)) for seed in SEEDS]
    assert max(whole) < 1e-9
    assert min(nothing) > 0.01


def test_imitation_brings_operators_and_operators_bring_ordinances() -> None:
    """P14: visible success, imitators, ordinance; without imitators there is none of it."""
    assert rises(operators, ALONE, {})
    assert rises(ordinances, ALONE, {})
    assert all(ordinances(log(ALONE, seed)) == 0 for seed in SEEDS)


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ({"market.cost": 0.4}, {"market.cost": 0.05}),  # what operators earn
        ({"market.outside": 4.0}, {"market.outside": 0.1}),  # what they could earn
        ({"market.copying": 0.0}, {"market.copying": 1.0}),  # how well it can be copied
    ],
)
def test_more_follow_where_more_is_to_be_earned(less: Numbers, more: Numbers) -> None:
    assert rises(operators, less, more)


def test_a_good_name_brings_more_imitators() -> None:
    """The city's name among vendors is held where it is, at the neutral level or at nothing."""
    still: Numbers = {"learning.reputation_gain": 0, "learning.reputation_loss": 0}
    bad: Numbers = {"learning.reputation_gain": 0, "learning.reputation_loss": 1}

    def followers(run: EventLog) -> float:
        """Imitators for each market that was opened."""
        first = sum(case.channel != "market" for case in run.cases if case.case in reached(run, "launched"))
        return (operators(run) - first) / first if first else 0.0

    mean, error = gain(followers, bad, still)
    assert mean > 3 * error > 0


def test_incomes_fall_with_the_number_of_operators() -> None:
    def income(run: EventLog) -> float:
        """Mean income of an operator in a quarter, in parts of the need's value."""
        severity = {event.origin: event.amount or 1.0 for event in told(run, "need")}
        need = {case.case: case.need for case in run.cases}
        return fmean(
            (event.amount or 0.0) / severity[need[event.case or 0]]
            for event in told(run, "payment", reason="market income")
        )

    assert rises(income, CROWDED, ALONE)


# --- the ordinance (R24) -----------------------------------------------------------------------


def test_an_ordinance_is_drafted_when_there_are_enough_operators_and_ends_the_nuisance() -> None:
    run = log(CROWDED)
    drafted = {event.origin: event for event in told(run, "ordinance", target="drafted")}
    in_force = {event.origin: event for event in told(run, "ordinance", target="in force")}
    assert in_force
    assert all((event.amount or 0) >= 3 for event in drafted.values())
    for need, event in in_force.items():
        assert event.time > drafted[need].time
        levels = [found for found in told(run, "nuisance") if found.origin == need]
        after = [found.amount for found in levels if found.time >= event.time]
        assert after == [0.0]
        assert all(found.amount for found in levels if found.time < event.time)


def test_nuisance_is_that_of_each_operator_until_then() -> None:
    run = log({**CROWDED, "market.ordinance_operators": 100, "market.nuisance": 0.25})
    severity = {event.origin: event.amount or 0.0 for event in told(run, "need")}
    need = {case.case: case.need for case in run.cases}
    serving = Counter[str | None]()
    for event in run.events:
        if event.kind == "move" and event.case:
            serving[need[event.case]] += (event.target == "launched") - (event.target == "abandoned")
        elif event.kind == "nuisance":
            expected = 0.25 * severity[event.origin] * serving[event.origin]
            assert event.amount == pytest.approx(expected)
    assert max(serving.values()) > 3


def test_an_ordinance_spares_the_city_nuisance_and_through_nothing_else() -> None:
    never: Numbers = {**CROWDED, "market.ordinance_operators": 100}
    assert rises(nuisance, CROWDED, never)
    quiet: Numbers = {"market.nuisance": 0.0}
    assert all(nuisance(log({**numbers, **quiet})) == 0 for numbers in (CROWDED, never))


def test_operators_register_once_or_give_up() -> None:
    gone = Counter[str | None]()
    for seed in SEEDS:
        run = log({**CROWDED, "market.fee": 8.0}, seed)
        in_force = {event.origin: event.time for event in told(run, "ordinance", target="in force")}
        need = {case.case: case.need for case in run.cases}
        fees = told(run, "payment", reason="registration")
        assert all(event.target == "city" and event.amount == 8.0 for event in fees)
        assert max(Counter(event.case for event in fees).values(), default=1) == 1
        assert all(event.time >= in_force[need[event.case or 0]] for event in fees)
        for event in told(run, "move", target="abandoned", reason="regulatory"):
            assert event.time == in_force[need[event.case or 0]]
            gone[event.reason] += 1
    assert gone["regulatory"] > 0


def test_a_cap_slows_the_rise_through_the_ordinance_alone() -> None:
    tight: Numbers = {**CROWDED, "market.cap": 3}
    loose: Numbers = {**CROWDED, "market.cap": 100}
    assert rises(operators, tight, loose)
    never: Numbers = {"market.ordinance_operators": 100}
    assert same({**tight, **never}, {**loose, **never})


def test_skilled_departments_regulate_sooner() -> None:
    def days(run: EventLog) -> float:
        drafted = {event.origin: event.time for event in told(run, "ordinance", target="drafted")}
        found = told(run, "ordinance", target="in force")
        return fmean(event.time - drafted[event.origin] for event in found)

    slow, quick = ({**CROWDED, "departments.skill": skill} for skill in (0.2, 0.8))
    assert rises(days, quick, slow)


def test_the_market_rises_and_is_then_regulated() -> None:
    """R24: most of the entries come before the ordinance, and none above its cap after it."""
    before, after = 0, 0
    for seed in SEEDS:
        run = log({**CROWDED, "market.cap": 4}, seed)
        in_force = {event.origin: event for event in told(run, "ordinance", target="in force")}
        need = {case.case: case.need for case in run.cases}
        for case, time in reached(run, "launched").items():
            rule = in_force.get(need[case])
            if rule is not None:
                before, after = before + (time < rule.time), after + (time > rule.time)
    assert before > 3 * after


# --- who gains what ----------------------------------------------------------------------------


def record(case: int, channel: str, vendor: str, parent: int | None = None) -> CaseRecord:
    return CaseRecord(case, "Taipei", channel, vendor, "startup", "solver", "Transport 1", "transport",
                      "N1", 0.9, 0.5, 0.0, 1.0, parent)  # fmt: skip


def by_hand() -> EventLog:
    """Two operators, one of whom gives up, and an ordinance; 1461 days."""

    def event(
        time: float,
        kind: str,
        origin: str | None,
        target: str | None = None,
        reason: str | None = None,
        amount: float | None = None,
        case: int | None = None,
    ) -> Event:
        return Event(time, "Taipei", case, kind, "Transport 1", origin, target, reason, amount)

    moves = [(0.0, 1, None, "submitted"), (1.0, 1, "submitted", "screened"), (2.0, 1, "screened", "matched"),
             (3.0, 1, "matched", "cleared"), (4.0, 1, "cleared", "poc"), (YEAR, 1, "poc", "launched"),
             (2 * YEAR, 2, None, "launched")]  # fmt: skip
    events = [event(time, "move", origin, target, case=case) for time, case, origin, target in moves]
    events += [
        event(3 * YEAR, "move", "launched", "abandoned", "competition", case=2),
        event(YEAR, "benefit", "N1", amount=2.0),
        event(2 * YEAR, "benefit", "N1", amount=3.0),
        event(3 * YEAR, "benefit", "N1", amount=2.0),
        event(YEAR, "nuisance", "N1", amount=0.5),
        event(2 * YEAR, "nuisance", "N1", amount=1.0),
        event(2.5 * YEAR, "nuisance", "N1", amount=0.0),
        event(2.5 * YEAR, "ordinance", "N1", "in force", amount=2.0),
        event(YEAR, "payment", "V1", "world", "launch cost", 3.0, 1),
        event(2 * YEAR, "payment", "world", "V1", "market income", 9.0, 1),
        event(2 * YEAR, "payment", "V1", "world", "running cost", 1.5, 1),
        event(2.5 * YEAR, "payment", "V1", "city", "registration", 0.25, 1),
    ]
    events.sort(key=lambda one: one.time)
    cases = [record(1, "bottom_up", "V1"), record(2, "market", "V2", 1)]
    return EventLog("by hand", 0, START, 4 * YEAR, events, cases)


def test_measures_counted_by_hand() -> None:
    row = outcomes(tables([by_hand()])).iloc[0]
    assert row["market_operators"] == 2
    assert row["ordinances"] == 1
    assert row["market_value"] == pytest.approx((2 + 3 + 2) - (0.5 + 0.5))
    assert row["market_income"] == pytest.approx(9 - 3 - 1.5 - 0.25)
    assert row["money_spent"] == row["value_delivered"] == row["needs_solved"] == row["projects"] == 0


def test_measures_add_up_over_needs_cities_and_runs() -> None:
    one, other = by_hand(), log(CROWDED)
    both = outcomes(tables([one, other]))
    alone = [outcomes(tables([run])).iloc[0] for run in (one, other)]
    for name in ("market_operators", "ordinances", "market_value", "market_income"):
        assert list(both[name]) == pytest.approx([row[name] for row in alone])
    assert alone[1]["market_value"] != 0


def test_a_market_gives_more_to_both_where_it_is_there() -> None:
    found = outcomes(tables([log(CROWDED, seed) for seed in SEEDS]))
    assert (found["market_value"] > 0).mean() > 0.9
    assert found["market_operators"].min() > 0
    none = outcomes(tables([log({"market.private_share": 0.0}, seed) for seed in SEEDS[:3]]))
    assert (none[["market_operators", "ordinances", "market_value", "market_income"]] == 0).all(axis=None)


def test_the_funnel_has_a_step_for_launches_and_imitators_count_with_the_first() -> None:
    found = counts(tables([by_hand()]))
    assert list(found["channel"].unique()) == ["bottom_up", "all"]
    assert (found["launched"] == 1).all()
    assert (found["deployed"] == 0).all()
    assert "launched" in steps(summary(found))
    followed = of_channel(tables([by_hand()]), "bottom_up")
    assert outcomes(followed)["market_operators"].item() == 2
    plain = counts(tables([log({"market.private_share": 0.0})]))
    assert "launched" not in steps(summary(plain))


def test_the_time_to_a_launch_is_that_of_the_first_alone() -> None:
    """Imitators hand in no proposal, so they have no waiting time."""
    found = times(tables([by_hand()]), "launched")
    assert list(found.time) == [YEAR]
    assert list(found.status) == [REACHED]


# --- the story ---------------------------------------------------------------------------------


def test_the_story_of_the_first_and_of_an_imitator() -> None:
    first, other = (story.tell(by_hand(), case) for case in (1, 2))
    text = " ".join(line.text for line in first.lines)
    assert "V1 launches the service, which citizens pay for" in text
    assert "Under an ordinance it registers with the city, for NT$ 250 thousand." in text
    assert "rival" not in text
    assert first.end.endswith("it is in service, and citizens pay for it.")
    assert any("received NT$ 9.0 million for what citizens bought" in party for party in first.money)
    assert other.title == "V2, a start-up, follows case 1 into the market that it opened"
    assert other.lines[0].text == "V2 copies the service and launches its own."
    assert other.end == "The service is given up: too many others offer the same."


def test_every_case_of_a_market_has_a_story() -> None:
    run = log(CROWDED)
    for case in reached(run, "launched"):
        found = story.tell(run, case)
        assert found.lines
        assert not any("{" in line.text for line in found.lines)


# --- the scenario ------------------------------------------------------------------------------


@pytest.mark.slow
def test_in_taipei_shared_scooters_end_in_an_ordinance_and_not_in_a_purchase() -> None:
    """P14 with S20: against the same city without citizens who pay."""

    def bought(run: EventLog) -> int:
        return len(reached(run, "contract").keys() & {c.case for c in run.cases if c.domain == "transport"})

    seeds = range(1, 16)
    with_, without = ([sim.run(name, seed) for seed in seeds] for name in ("wemo", "taipei_2016_2021"))
    assert fmean(map(operators, with_)) > 3
    assert fmean(map(ordinances, with_)) > 0.3
    fewer = [bought(one) - bought(other) for one, other in zip(with_, without, strict=True)]
    assert fmean(fewer) < -3 * stdev(fewer) / sqrt(len(fewer))

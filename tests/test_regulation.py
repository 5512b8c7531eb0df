"""The law in the way of a test: the sandbox, national law, and the closed field that needs a strong mayor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache
from math import sqrt
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sim
from sim.clearance import assessment, way_through
from sim.events import EventLog
from sim.parameters import Value
from sim.scenario import Change
from tests.test_mechanisms import reached, told
from tests.worlds import START, world

Numbers = Mapping[str, Value]
shares = st.floats(0, 1)

# --- decisions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("barrier", "national", "sandbox", "field", "way"),
    [
        (0.0, False, 0.0, False, "free"),
        (0.0, True, 0.0, False, "free"),  # national law that does not stand in the way
        (0.3, False, 0.0, False, "hearing"),
        (0.3, False, 0.3, False, "sandbox"),
        (0.3, False, 0.2, False, "hearing"),
        (0.3, True, 1.0, False, "stopped"),
        (0.3, True, 1.0, True, "field"),
        (0.9, False, 0.0, True, "field"),
    ],
)
def test_the_way_through_the_law(
    barrier: float, national: bool, sandbox: float, field: bool, way: str
) -> None:
    assert way_through(barrier, national, sandbox, field) == way


@given(shares, st.booleans(), shares, st.booleans())
def test_a_wider_sandbox_never_brings_a_hearing(
    barrier: float, national: bool, sandbox: float, field: bool
) -> None:
    order = ["stopped", "hearing", "sandbox", "field", "free"]
    narrow, wide = (way_through(barrier, national, share, field) for share in (sandbox, 1.0))
    assert order.index(wide) >= order.index(narrow)


@given(st.floats(0, 365), shares)
def test_a_sandbox_shortens_the_clearance_of_its_own_cases_alone(days: float, speed: float) -> None:
    assert 0 <= assessment(days, speed, sandboxed=True) <= days
    assert assessment(days, 0.0, sandboxed=True) == days
    assert assessment(days, speed, sandboxed=False) == days


# --- worlds ------------------------------------------------------------------------------------

#: a lively town in which every need is behind the law, and nothing else stops a case before its POC
TOWN: Numbers = {
    "city.departments": 12,
    "city.domains": 3,
    "vendors.initial": 60,
    "needs.initial": 4,
    "needs.barrier_share": 1,
    "needs.crossing": 0,
    "top_down.open": False,
    "clearance.burden": 0,
    "clearance.readiness_bar": 0,
    "clearance.cushion": 1,
    "vendors.startup.cash": 50,
    "departments.openness": 4,
}
#: national law, and a closed field for the first domain
FIELD: Numbers = {
    "clearance.national_share": 1,
    "closed_field.wanted": True,
    "closed_field.domain": 1,
    "closed_field.setup_days": 100,
}
SEEDS = range(1, 17)


@cache
def _log(numbers: tuple[tuple[str, Value], ...], seed: int) -> EventLog:
    return sim.run(world(TOWN, dict(numbers)), seed)


def log(numbers: Numbers, seed: int) -> EventLog:
    return _log(tuple(numbers.items()), seed)


def pocs(run: EventLog, domain: str | None = None) -> int:
    """POCs started, in one domain or in all."""
    wanted = {case.case for case in run.cases if domain in (None, case.domain)}
    return len(reached(run, "poc").keys() & wanted)


def clearance_days(run: EventLog) -> float:
    """Mean days from the match to the clearance."""
    begun, done = reached(run, "matched"), reached(run, "cleared")
    return fmean(done[case] - begun[case] for case in begun.keys() & done)


def gain(outcome: Callable[[EventLog], float], before: Numbers, after: Numbers) -> tuple[float, float]:
    """The mean paired difference of an outcome, and its standard error."""
    found = [outcome(log(after, seed)) - outcome(log(before, seed)) for seed in SEEDS]
    return fmean(found), stdev(found) / sqrt(len(found))


def same(one: Numbers, other: Numbers) -> bool:
    """Whether two worlds have the same history, but for what the numbers themselves are."""
    return all(log(one, seed).events == log(other, seed).events for seed in SEEDS[:3])


# --- the sandbox (R43) -------------------------------------------------------------------------

SANDBOX: Numbers = {"clearance.sandbox": 0.5}


def test_a_sandbox_lets_more_cases_reach_a_poc() -> None:
    mean, error = gain(pocs, {}, SANDBOX)
    assert mean > 3 * error > 0


def test_a_sandbox_shortens_the_way_to_a_poc() -> None:
    mean, error = gain(clearance_days, {}, SANDBOX)
    assert mean < -3 * error < 0


def test_a_sandbox_spares_its_cases_the_hearing_and_no_others() -> None:
    run = log(SANDBOX, 1)
    heard = {event.case for event in told(run, "hearing")}
    barriers = {case.case: case.barrier for case in run.cases}
    assert heard
    assert all(barriers[case] > 0.5 for case in heard if case)
    assert any(barriers[case] <= 0.5 for case in reached(run, "poc"))


def test_speed_shortens_the_clearance_further_and_works_through_the_sandbox_alone() -> None:
    quick: Numbers = {**SANDBOX, "clearance.sandbox_speed": 1.0}
    mean, error = gain(clearance_days, SANDBOX, quick)
    assert mean < -3 * error < 0
    assert same({}, {"clearance.sandbox_speed": 1.0})  # there is no sandbox


def test_a_sandbox_does_nothing_where_the_law_stops_nobody() -> None:
    free: Numbers = {"needs.barrier_share": 0}
    assert same(free, {**free, **SANDBOX, "clearance.sandbox_speed": 1.0})


# --- national law (S74) ------------------------------------------------------------------------

NATIONAL: Numbers = {"clearance.national_share": 1.0}


def test_no_sandbox_and_no_hearing_lifts_national_law() -> None:
    run = log({**NATIONAL, "clearance.sandbox": 1.0}, 1)
    assert reached(run, "matched")
    assert not reached(run, "poc")
    assert not told(run, "hearing")
    assert {event.reason for event in told(run, "move", target="closed", origin="matched")} == {"regulatory"}
    assert same(NATIONAL, {**NATIONAL, "clearance.sandbox": 1.0, "politics.success_gain": 0.0})


def test_the_share_of_national_law_is_what_it_says() -> None:
    """Of the needs that a case has met, a share is out of reach: binomial, 4 standard errors."""
    stopped, met = 0, 0
    for seed in SEEDS:
        run = log({"clearance.national_share": 0.4, "clearance.sandbox": 1.0}, seed)
        needs = {case.need for case in run.cases if case.case in reached(run, "matched")}
        closed = told(run, "move", target="closed", origin="matched", reason="regulatory")
        cases = {event.case for event in closed}
        stopped += len({case.need for case in run.cases if case.case in cases})
        met += len(needs)
    assert stopped / met == pytest.approx(0.4, abs=4 * sqrt(0.4 * 0.6 / met))


# --- the closed field (S19 R27) ----------------------------------------------------------------


def test_a_field_takes_three_departments_and_the_steering_group_and_then_time() -> None:
    run = log({**FIELD, "politics.support": 1.0}, 1)
    steps = told(run, "field")
    what = [event.target for event in steps if event.target != "refuses"]
    assert what == ["sought", "consents", "consents", "consents", "agreed", "open"]
    assert {event.origin for event in steps} == {"governance"}
    assert len({event.actor for event in steps if event.target == "consents"}) == 3
    when = {event.target: event.time for event in steps}
    granted = told(run, "hearing", origin="closed field", target="granted", reason="regulatory")
    assert [event.time for event in granted] == [when["agreed"]]
    assert when["open"] > when["agreed"]


def test_a_field_frees_the_pocs_of_its_domain_from_then_on() -> None:
    run = log({**FIELD, "politics.support": 1.0}, 1)
    (opened,) = (event.time for event in told(run, "field", target="open"))
    domain = {case.case: case.domain for case in run.cases}
    tested = reached(run, "poc")
    assert {domain[case] for case in tested} == {"governance"}
    assert min(tested.values()) > opened
    waiting = [case for case, time in reached(run, "matched").items() if time < opened]
    assert any(case in tested for case in waiting)  # those who waited for it are not forgotten


def test_a_field_opens_nothing_in_a_city_that_does_not_want_one() -> None:
    without = {path: value for path, value in FIELD.items() if path != "closed_field.wanted"}
    assert all(pocs(log(without, seed)) == 0 for seed in SEEDS)
    assert not told(log(without, 1), "field")


def test_nobody_seeks_a_field_where_the_law_stops_nobody() -> None:
    assert not told(log({**FIELD, "needs.barrier_share": 0}, 1), "field")
    assert told(log(FIELD, 1), "field")


def test_a_field_helps_nobody_in_a_city_that_tests_nothing() -> None:
    run = log({**FIELD, "poc.required": False}, 1)
    assert reached(run, "matched")
    assert not reached(run, "cleared")


HIGH: Numbers = {**FIELD, "politics.support": 0.9}
LOW: Numbers = {**FIELD, "politics.support": 0.1}


def opened(run: EventLog) -> float:
    return float(bool(told(run, "field", target="open")))


def test_without_high_level_support_the_deadlock_stays() -> None:
    """P11: the law forbids the test, and the test is needed; a strong mayor solves it (R20, R27)."""
    for outcome in (opened, pocs):
        mean, error = gain(outcome, LOW, HIGH)
        assert mean > max(0.0, 3 * error)


def test_support_solves_it_through_the_field_and_through_nothing_else() -> None:
    off: Numbers = {"closed_field.wanted": False}
    assert all(pocs(log({**level, **off}, seed)) == 0 for level in (HIGH, LOW) for seed in SEEDS)


def test_support_works_through_the_power_of_the_steering_group() -> None:
    """Where its power does not hang on support, a field is granted as often under either mayor."""
    level: Numbers = {"steering.power": 0, "closed_field.difficulty": 0.5}

    def granted(numbers: Numbers) -> tuple[int, int]:
        votes = [
            event
            for seed in SEEDS
            for event in told(
                log({**numbers, **level}, seed), "hearing", origin="closed field", reason="regulatory"
            )
        ]
        return sum(event.target == "granted" for event in votes), len(votes)

    for yes, votes in map(granted, (HIGH, LOW)):
        assert votes > 5
        assert yes / votes == pytest.approx(0.5, abs=4 * sqrt(0.25 / votes))


def test_a_field_that_is_no_longer_wanted_is_dropped() -> None:
    change = Change(START + timedelta(days=300), {"closed_field.wanted": False}, None, None)
    run = sim.run(world(TOWN, FIELD, timeline=(change,)), 1)
    (dropped,) = told(run, "field", target="dropped")
    assert dropped.time >= 300
    assert not [event for event in told(run, "field") if event.time > dropped.time]
    closed = told(run, "move", target="closed", reason="regulatory")
    assert any(event.time == dropped.time for event in closed)  # they waited for it
    late = [case for case, time in reached(run, "matched").items() if time > dropped.time]
    assert late
    assert not set(late) & set(reached(run, "poc"))


def test_a_motion_takes_a_slot_of_the_meeting() -> None:
    """One slot for motion and cases together: while the field is on the docket no case is heard."""
    numbers: Numbers = {
        **FIELD,
        "clearance.national_share": 0.0,
        "steering.slots": 1,
        "closed_field.setup_days": 1000.0,
        "politics.support": 0.4,
    }
    runs = [log(numbers, seed) for seed in SEEDS[:6]]
    votes = [{event.time for event in told(run, "hearing", origin="closed field")} for run in runs]
    cases = [{event.time for event in told(run, "hearing") if event.case} for run in runs]
    assert any(vote and case for vote, case in zip(votes, cases, strict=True))
    assert not any(vote & case for vote, case in zip(votes, cases, strict=True))


# --- scenarios ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_field_for_self_driving_cars_needs_a_strong_mayor() -> None:
    strong, weak = (
        [sim.run(name, seed) for seed in range(1, 16)]
        for name in ("self_driving_field", "self_driving_weak_mayor")
    )

    def barred(run: EventLog) -> int:
        behind = {case.case for case in run.cases if case.barrier > 0 and case.domain == "transport"}
        return len(reached(run, "poc").keys() & behind)

    found = [barred(one) - barred(other) for one, other in zip(strong, weak, strict=True)]
    assert fmean(found) > 3 * stdev(found) / sqrt(len(found))
    assert sum(map(opened, strong)) > 10
    assert sum(map(opened, weak)) < 5


@pytest.mark.slow
def test_the_sandbox_lets_more_barred_cases_be_tested_in_taipei() -> None:
    def barred(run: EventLog) -> int:
        return len(reached(run, "poc").keys() & {case.case for case in run.cases if case.barrier > 0})

    pairs = [(sim.run("sandbox", seed), sim.run("taipei_2016_2021", seed)) for seed in range(1, 16)]
    found = [barred(one) - barred(other) for one, other in pairs]
    assert fmean(found) > 3 * stdev(found) / sqrt(len(found))

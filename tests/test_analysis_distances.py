"""Distances of runs from observed figures, against closed forms, and what runs show of figures."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, power_divergence
from scipy.stats.contingency import chi2_contingency

import sim
from analysis.distances import distance, kind, total
from analysis.tables import Floats, Tables, tables
from analysis.targets import seen, simulated
from sim.errors import InputError, ModelError
from sim.events import EventLog
from sim.observed import Target, observed
from tests import markov

DAY = date(2019, 12, 31)


def target(measure: str, value: float, relation: str = "about", **more: Any) -> Target:
    cells = {"id": "X01", "date": DAY, "use": "calibrate", "source": "S01", "note": "a test", **more}
    return Target.model_validate({"measure": measure, "value": value, "relation": relation, **cells})


def count(value: float, relation: str = "about", **more: Any) -> Target:
    return target("proposals_received", value, relation, **more)


def share(numerator: int, denominator: int, **more: Any) -> Target:
    parts = {"numerator": numerator, "denominator": denominator}
    return target("proposal_to_poc", numerator / denominator, "share", **parts, **more)


def one(figure: Target, value: float, whole: float | None = None) -> float:
    (found,) = distance(figure, np.array([value]), None if whole is None else np.array([whole]))
    return float(found)


# --- closed forms ------------------------------------------------------------------------------

counts = st.integers(0, 400)


@given(counts, counts)
def test_counts_are_apart_as_two_poisson_counts(seen_: int, ran: int) -> None:
    expected = power_divergence([seen_, ran], lambda_="log-likelihood").statistic if seen_ + ran else 0.0
    assert one(count(seen_), ran) ** 2 == pytest.approx(float(expected), abs=1e-9)


def test_a_count_against_none_at_all() -> None:
    """The likelihoods of 10 and 0 at means 10 and 0 over those at 5 and 5: twice the log is 20 ln 2."""
    assert one(count(10), 0) == pytest.approx(math.sqrt(20 * math.log(2)))


@st.composite
def parts(draw: st.DrawFn) -> tuple[int, int]:
    whole = draw(st.integers(1, 300))
    return draw(st.integers(0, whole)), whole


@given(parts(), parts())
def test_shares_are_apart_as_two_binomials(first: tuple[int, int], other: tuple[int, int]) -> None:
    table = np.array([(part, whole - part) for part, whole in (first, other)])
    if (table.sum(axis=0) == 0).any():
        expected = 0.0
    else:
        expected = chi2_contingency(table, correction=False, lambda_="log-likelihood").statistic
    found = one(share(*first), other[0] / other[1], other[1])
    assert found**2 == pytest.approx(float(expected), abs=1e-9)


@given(parts(), st.floats(0.01, 0.99))
def test_a_share_without_cases_counts_as_known(ran: tuple[int, int], bound: float) -> None:
    """The limit of ever more cases: one binomial against a chance, here from the likelihoods themselves."""
    part, whole = ran
    gain = 2 * (binom.logpmf(part, whole, part / whole) - binom.logpmf(part, whole, bound))
    figure = target("proposal_to_poc", bound)
    assert one(figure, part / whole, whole) ** 2 == pytest.approx(float(gain), abs=1e-7)
    many = share(round(bound * 10**9), 10**9)
    assert one(many, part / whole, whole) ** 2 == pytest.approx(float(gain), rel=1e-3, abs=1e-3)


def test_a_share_of_runs_without_their_cases_is_held_against_the_cases_observed() -> None:
    expected = 2 * (30 * math.log(0.3 / 0.4) + 70 * math.log(0.7 / 0.6))
    assert one(share(30, 100), 0.4) ** 2 == pytest.approx(expected)
    assert one(target("proposal_to_poc", 0.3), 0.4) == math.inf
    assert one(target("proposal_to_poc", 0.3), 0.3) == 0


def test_all_else_is_apart_by_its_standard_errors() -> None:
    figure = target("days_to_poc", 150, error=10, rounding=20)
    ran = np.array([150, 140, 160, 170, 130, 120])
    np.testing.assert_allclose(distance(figure, ran), [0, 0, 0, 1, 1, 2])
    assert one(count(100, error=5), 110) == 2


def test_bounds_hold_a_run_against_the_nearest_number_within() -> None:
    """More than 100, and 150 would have been told otherwise: 101 to 149."""
    figure = count(100, "more_than", up_to=150)
    ran = np.array([100, 101, 149, 150])
    expected = [one(count(101), 100), 0, 0, one(count(149), 150)]
    np.testing.assert_allclose(distance(figure, ran), expected)
    assert one(count(100, "more_than"), 10_000) == 0
    assert one(count(100, "less_than"), 99) == 0
    assert one(count(100, "less_than"), 100) == one(count(99), 100) > 0


def test_bounds_of_amounts_and_shares_lie_where_they_are() -> None:
    money = target("money_spent", 30, "more_than", error=2)
    assert (one(money, 30.5), one(money, 28)) == (0, 1)
    part = target("proposal_to_poc", 0.5, "less_than")
    assert (one(part, 0.5, 40), one(part, 1.0, 1)) == (0, pytest.approx(math.sqrt(2 * math.log(2))))


def test_rounded_figures_hold_a_run_against_the_nearest_value() -> None:
    """A third of 100, told of anything from 0.298 to 0.368."""
    figure = target("proposal_to_poc", 0.333, "share", numerator=33, denominator=100, rounding=0.07)
    low, high = figure.told
    assert (low, high) == (pytest.approx(0.298), pytest.approx(0.368))
    assert one(figure, 0.3, 100) == one(figure, 0.36, 100) == 0
    table = [[29.8, 70.2], [20, 80]]
    expected = chi2_contingency(table, correction=False, lambda_="log-likelihood").statistic
    assert one(figure, 0.2, 100) ** 2 == pytest.approx(float(expected))
    assert one(count(150, rounding=10), 145) == 0
    assert one(count(150, rounding=10), 100) == pytest.approx(one(count(145), 100))


# --- properties --------------------------------------------------------------------------------


@given(parts(), parts())
def test_two_shares_are_as_far_from_each_other_either_way(
    first: tuple[int, int], other: tuple[int, int]
) -> None:
    there = one(share(*first), other[0] / other[1], other[1])
    back = one(share(*other), first[0] / first[1], first[1])
    assert there == pytest.approx(back, abs=1e-6)


@given(parts(), parts())
def test_it_makes_no_difference_which_half_of_a_share_is_told(
    first: tuple[int, int], other: tuple[int, int]
) -> None:
    lost = share(first[1] - first[0], first[1])
    told, untold = (
        one(share(*first), other[0] / other[1], other[1]),
        one(lost, (other[1] - other[0]) / other[1], other[1]),
    )
    assert told == pytest.approx(untold, abs=1e-6)


@given(parts(), parts())
def test_four_times_the_cases_are_twice_as_far(first: tuple[int, int], other: tuple[int, int]) -> None:
    few = one(share(*first), other[0] / other[1], other[1])
    many = one(share(4 * first[0], 4 * first[1]), other[0] / other[1], 4 * other[1])
    assert many == pytest.approx(2 * few, abs=1e-6)
    fewer, more = one(count(first[0]), other[0]), one(count(4 * first[0]), 4 * other[0])
    assert more == pytest.approx(2 * fewer, abs=1e-6)


@st.composite
def figures(draw: st.DrawFn) -> tuple[Target, Floats, float]:
    """A figure, values that a run may show of it, in order, and of how many cases each is a share."""
    value, width = draw(st.integers(0, 200)), draw(st.one_of(st.none(), st.floats(0.01, 60)))
    top = draw(st.one_of(st.none(), st.integers(value + 1, 400)))
    part, whole = draw(parts())
    found = draw(
        st.sampled_from(
            [
                count(value, rounding=width),
                count(value, "more_than", up_to=top),
                count(value, "less_than"),
                target("days_to_poc", value, rounding=width, error=7.0),
                share(part, whole, rounding=None if width is None else width / 60),
                target("proposal_to_poc", part / whole, "more_than"),
            ]
        )
    )
    of = draw(st.integers(1, 200))
    grid = np.arange(of + 1) / of if found.measure == "proposal_to_poc" else np.arange(401.0)
    return found, grid, float(of)


@given(figures())
def test_what_would_be_told_as_the_figure_is_no_way_off_and_all_else_ever_further(
    drawn: tuple[Target, Floats, float],
) -> None:
    figure, grid, of = drawn
    low, high = figure.told
    apart = distance(figure, grid, np.full(len(grid), of))
    strict = (grid > low) & (grid < high)
    within = strict if figure.relation in ("more_than", "less_than") else (grid >= low) & (grid <= high)
    assert (apart[within] == 0).all()
    outside = (grid < low - 1e-6) | (grid > high + 1e-6)
    assert (apart[outside] > 0).all()
    below, above = apart[grid <= low], apart[grid >= high]
    assert (below[1:] <= below[:-1] + 1e-9).all()
    assert (above[1:] >= above[:-1] - 1e-9).all()
    assert np.isfinite(apart).all() or figure.value in (0, 1)


@given(figures(), st.randoms(use_true_random=False))
def test_runs_do_not_depend_on_each_other(drawn: tuple[Target, Floats, float], luck: Any) -> None:
    figure, grid, of = drawn
    order = list(range(len(grid)))
    luck.shuffle(order)
    together = distance(figure, grid[order], np.full(len(grid), of))
    np.testing.assert_array_equal(together, distance(figure, grid, np.full(len(grid), of))[order])
    assert together[0] == one(figure, grid[order[0]], of)


@pytest.mark.parametrize(
    "figure", [count(10), share(3, 9), target("days_to_poc", 10, error=1), target("proposal_to_poc", 0.3)]
)
def test_a_run_that_shows_nothing_is_infinitely_far(figure: Target) -> None:
    found = distance(figure, np.array([np.nan, figure.value]), np.array([0.0, 9.0]))
    assert found[0] == math.inf
    assert found[1] == pytest.approx(0, abs=1e-9)


def test_distances_are_standard_normal_where_the_same_lies_behind_both() -> None:
    """Mean square 1 by Wilks's theorem; 4,000 pairs have a standard error of 0.022, few cases add 0.01."""
    luck = np.random.default_rng(5)
    pairs = luck.poisson(60, (4000, 2))
    apart = [one(count(int(first)), float(other)) for first, other in pairs]
    assert np.mean(np.square(apart)) == pytest.approx(1, abs=0.08)
    first, other = luck.binomial(100, 1 / 3, 4000), luck.binomial(150, 1 / 3, 4000)
    apart = [one(share(int(a), 100), b / 150, 150) for a, b in zip(first, other, strict=True)]
    assert np.mean(np.square(apart)) == pytest.approx(1, abs=0.08)


def test_total_is_the_root_of_the_mean_of_squares() -> None:
    np.testing.assert_allclose(
        total(np.array([[3.0, 4.0], [0.0, 0.0], [1.0, np.inf]])), [12.5**0.5, 0, np.inf]
    )
    with pytest.raises(ModelError, match="no figure"):
        total(np.empty((3, 0)))


@pytest.mark.parametrize(
    ("figure", "told"),
    [
        (target("cups_of_tea", 3), "figure X01: there is no measure 'cups_of_tea' to hold it against"),
        (target("tenders", 3, of="cups"), "there is no measure 'cups'"),
        (
            target("days_to_poc", 150),
            "days_to_poc is neither a count nor a share, so it needs its standard error",
        ),
        (target("money_spent", 3), "money_spent is neither a count nor a share"),
    ],
)
def test_what_no_distance_is_known_for_is_told(figure: Target, told: str) -> None:
    with pytest.raises(InputError, match=told):
        distance(figure, np.array([1.0]))


def test_every_figure_of_taipei_but_the_one_that_sets_a_number_has_a_distance() -> None:
    found = observed("taipei")
    kinds = {each.id: kind(each) for each in found if each.sets is None}
    assert set(kinds) == {each.id for each in found} - {"T13"}
    assert kinds["S01"] == kinds["T07"] == kinds["T02a"] == "count"
    assert kinds["S02"] == kinds["T02b"] == kinds["P03"] == "share"
    assert kinds["S03"] == "part"


# --- what runs show ----------------------------------------------------------------------------

CASES = (
    count(100, "more_than", id="C01", channel="bottom_up"),
    target("poc_starts", 40, id="C02", date=date(2017, 6, 1)),
    target("poc_completed", 0.5, "share", numerator=1, denominator=2, of="poc_started", id="C03"),
    target("days_to_poc", 100, id="C04", error=1, channel="top_down"),
    target("poc_to_project", 1, "less_than", id="C05", date=date(2035, 1, 1)),
    count(100, id="C06", date=date(2035, 1, 1)),
    count(100, id="C07", channel="pitch"),
    target("proposal_to_poc", 0.5, "share", numerator=1, denominator=2, channel="pitch", id="C08"),
    target("cups_of_tea", 1, id="C09"),
    target("first_round_failures", 0.5, "share", numerator=1, denominator=2, of="tenders", id="C10",
           date=date(2010, 1, 1)),
)  # fmt: skip


@pytest.fixture(scope="module")
def pooled() -> Tables:
    return tables([*markov.runs(4), markov.run(9, days=500.0)])


def test_what_runs_show_is_as_on_the_day_in_the_channel(pooled: Tables) -> None:
    found = seen(pooled, CASES)
    assert list(found) == ["scenario", "seed", *(f"{each.id}{end}" for each in CASES for end in ("", ".of"))]
    for each in (CASES[0], CASES[1], CASES[3]):
        expected, mine = simulated(pooled, each), found[each.id].to_numpy()
        assert expected is not None
        np.testing.assert_array_equal(mine[:4], expected[:4])
    assert found["C01"].iloc[:4].gt(0).all()
    assert found["C02"].iloc[:4].tolist() == [_pocs(log, date(2017, 6, 1)) for log in markov.runs(4)]
    assert found[["C01.of", "C02.of", "C06.of", "C07.of"]].isna().all(axis=None)


def _pocs(log: EventLog, day: date) -> int:
    """Counted from the log itself."""
    end = (day - log.start).days
    return len({event.case for event in log.events if event.target == "poc" and event.time <= end})


def test_a_count_needs_its_day_and_a_share_does_not(pooled: Tables) -> None:
    found, end = (
        seen(pooled, CASES),
        seen(pooled, [each.model_copy(update={"date": date(2035, 1, 1)}) for each in CASES]),
    )
    assert found["C01"].isna().tolist() == [False] * 4 + [True]
    assert found["C06"].isna().all()
    assert found["C03"].notna().all()
    assert found["C03"].iloc[4] == end["C03"].iloc[4]
    assert found["C10"].tolist() == end["C10"].tolist()
    assert found["C10"].notna().all()


def test_shares_come_with_their_number_of_cases(pooled: Tables) -> None:
    found = seen(pooled, CASES)
    started = seen(pooled, [target("poc_started", 1), target("poc_completed", 1, id="X02")])
    assert found["C03.of"].iloc[:4].tolist() == started["X01"].iloc[:4].tolist()
    assert (found["C03"] * found["C03.of"]).iloc[:4].tolist() == pytest.approx(
        started["X02"].iloc[:4].tolist()
    )
    assert found["C04.of"].iloc[:4].gt(0).all()


def test_a_channel_without_cases_has_none_and_no_share(pooled: Tables) -> None:
    found = seen(pooled, CASES)
    assert found["C07"].iloc[:4].tolist() == [0, 0, 0, 0]
    assert found["C08"].isna().all()
    assert found["C09"].isna().all()
    assert np.isinf(distance(CASES[7], found["C08"].to_numpy(), found["C08.of"].to_numpy())).all()


def test_a_run_shows_the_same_alone_and_among_others(pooled: Tables) -> None:
    together = seen(pooled, CASES)
    later = EventLog("later", 1, date(2019, 1, 1), 100.0)
    mixed = seen(tables([later, *markov.runs(4)]), CASES)
    for seed in range(4):
        alone = seen(tables([markov.run(seed)]), CASES).iloc[0, 2:].astype(float)
        for row in (together.iloc[seed], mixed.iloc[seed + 1]):
            np.testing.assert_array_equal(row.iloc[2:].astype(float), alone)


def test_no_runs_show_nothing() -> None:
    assert seen(tables([]), CASES).empty
    assert len(seen(tables([EventLog("empty", 0, markov.START, 2000.0)]), CASES)) == 1


@pytest.fixture(scope="module")
def taipei() -> EventLog:
    return sim.run("taipei_2016_2021", seed=1)


def test_first_call_matches_are_counted_as_in_the_log(taipei: EventLog) -> None:
    """By the moment in which the first call closes, which is when its answers come in."""
    closed = min(event.time for event in taipei.events if event.kind == "call" and event.target == "closed")
    answers = {event.case for event in taipei.events if event.target == "submitted" and event.time == closed}
    (figure,) = (each for each in observed("taipei") if each.id == "T07")
    end = (figure.date - taipei.start).days
    matched = {
        event.case for event in taipei.events if event.target == "matched" and event.time <= end
    } & answers
    found = seen(tables([taipei]), [figure])["T07"].tolist()
    assert found == [len(matched)]
    assert 0 < len(matched) < len(answers)


def test_tender_awards_are_counted_as_in_the_log(taipei: EventLog) -> None:
    (figure,) = (each for each in observed("taipei") if each.id == "P03")
    tendered = {event.case for event in taipei.events if event.target == "tender" and event.kind == "move"}
    awards = sum(event.kind == "award" and event.case in tendered for event in taipei.events)
    opened = sum(
        (event.kind, event.origin, event.target) == ("round", "first", "opened") for event in taipei.events
    )
    found = seen(tables([taipei]), [figure])
    assert found["P03.of"].tolist() == [opened]
    assert found["P03"].tolist() == [pytest.approx(awards / opened)]
    assert 0 < awards < opened


@settings(max_examples=40)
@given(st.integers(0, 1900), st.integers(0, 3))
def test_open_cases_are_included(day: int, seed: int) -> None:
    """What came in by the day counts in the whole, however young."""
    log = markov.run(seed)
    when = log.start + timedelta(days=day)
    figure = target("proposal_to_poc", 0.5, "share", numerator=1, denominator=2, date=when)
    came = sum(event.target == "submitted" and event.time <= day for event in log.events)
    if day:
        assert seen(tables([log]), [figure])["X01.of"].tolist() == [came]

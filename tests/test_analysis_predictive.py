"""What a model foresees of an observed figure: closed forms, coverage, verdicts."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.predictive import AGREES, MISSES, UNCLEAR, Figure, Foreseen, Relation, chances, foreseen
from analysis.tables import Floats


def share(value: float, of: int | None, low: float = nan, high: float = nan) -> Figure:
    return Figure("share", value, of, value if np.isnan(low) else low, value if np.isnan(high) else high)


def number(value: float, low: float = nan, high: float = nan, relation: Relation = "about") -> Figure:
    return Figure(relation, value, None, value if np.isnan(low) else low, value if np.isnan(high) else high)


def bound(value: float, until: float = inf, relation: Relation = "more_than") -> Figure:
    ends = (value, until) if relation == "more_than" else (-inf, value)
    return Figure(relation, value, None, *ends)


# --- shares -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("chance", "of"), [(0.3, 40), (0.02, 30), (0.97, 11), (0.5, 2000)])
@pytest.mark.parametrize("runs", [1, 25])
def test_equal_chances_give_the_binomial(chance: float, of: int, runs: int) -> None:
    law, counts = stats.binom(of, chance), np.arange(of + 1)
    middles = law.cdf(counts) - law.pmf(counts) / 2
    inside = counts[(middles >= 0.025) & (middles <= 0.975)] / of
    found = foreseen(share(0.0, of), [chance] * runs)
    assert (found.low, found.median, found.high) == (inside[0], law.ppf(0.5) / of, inside[-1])
    for count in (0, of // 3, of):
        tail = middles[count]
        assert foreseen(share(count / of, of), [chance] * runs).chance == pytest.approx(
            2 * min(tail, 1 - tail), abs=1e-12
        )


def test_equal_shares_of_few_cases_are_luck_alone() -> None:
    of_many = foreseen(share(0.2, 30), [0.3] * 20)
    assert foreseen(share(0.2, 30), [0.3] * 20, [10] * 20) == of_many


@pytest.mark.parametrize(("a", "b", "of"), [(2.0, 5.0, 20), (12.0, 28.0, 56), (0.7, 0.5, 9)])
def test_chances_with_a_beta_distribution_give_the_beta_binomial(a: float, b: float, of: int) -> None:
    points = stats.beta(a, b).ppf((np.arange(4000) + 0.5) / 4000)
    law, counts = stats.betabinom(of, a, b), np.arange(of + 1)
    middles = law.cdf(counts) - law.pmf(counts) / 2
    found = foreseen(share(0.5, of), points)
    inside = counts[(middles >= 0.025) & (middles <= 0.975)] / of
    assert (found.low, found.high) == (inside[0], inside[-1])
    tail = middles[round(0.5 * of)]
    assert found.chance == pytest.approx(2 * min(tail, 1 - tail), abs=2e-3)


def test_the_luck_of_the_runs_own_draws_is_not_counted_twice() -> None:
    """Beta-binomial shares of few cases foresee as the beta-binomial does (error of 20,000 runs: 1%)."""
    luck = np.random.default_rng(5)
    cases = luck.integers(5, 40, 20_000)
    shares = luck.binomial(cases, luck.beta(12, 28, 20_000)) / cases
    drawn = chances(shares, cases)
    assert drawn.mean() == pytest.approx(0.3, abs=0.002)
    assert drawn.std() == pytest.approx(stats.beta(12, 28).std(), rel=0.03)
    assert shares.std() > 1.5 * drawn.std()
    law = stats.betabinom(50, 12, 28)
    found = foreseen(share(0.14, 50), shares, cases)
    assert found.chance == pytest.approx(2 * law.cdf(7) - law.pmf(7), abs=0.01)
    assert (found.low, found.high) == pytest.approx((law.ppf(0.025) / 50, law.ppf(0.975) / 50), abs=0.021)


def test_intervals_of_shares_cover_what_they_say() -> None:
    """Programmes whose chances and sizes vary, 60 runs (1,500 trials: 95% with standard error 0.6%)."""
    luck, inside, tails = np.random.default_rng(3), 0, list[float]()
    for _ in range(1500):
        p = luck.beta(12, 28, 61)
        cases = luck.integers(20, 80, 60)
        found = foreseen(
            share(luck.binomial(50, p[60]) / 50, 50), luck.binomial(cases, p[:60]) / cases, cases
        )
        inside += found.verdict == AGREES
        tails.append(found.chance)
    assert 0.925 <= inside / 1500 <= 0.975
    assert stats.kstest(tails, "uniform").statistic < 0.05


def test_a_share_of_very_many_cases_is_quick_and_narrow() -> None:
    found = foreseen(share(0.667, 60_000), np.full(500, 0.65), np.full(500, 1e6))
    assert found.high - found.low == pytest.approx(2 * 1.96 * np.sqrt(0.65 * 0.35 / 60_000), rel=0.02)
    assert found.verdict == MISSES


def test_a_rounded_share_is_as_near_as_it_would_have_been_told() -> None:
    runs = [0.25] * 20
    exact, rounded = share(0.33, 200), share(0.33, 200, 0.295, 0.375)
    assert foreseen(exact, runs).verdict == MISSES
    assert foreseen(rounded, runs).verdict == AGREES
    assert foreseen(share(0.33, 200, 0.2, 0.4), runs).chance == pytest.approx(1, abs=0.06)


# --- numbers ------------------------------------------------------------------------------------


def test_a_number_has_any_rank_among_those_of_the_runs() -> None:
    luck = np.random.default_rng(1)
    runs = luck.normal(150, 20, 199)
    found = foreseen(number(150.0), runs)
    assert (found.low, found.median, found.high) == pytest.approx(
        tuple(np.quantile(runs, [0.025, 0.5, 0.975], method="weibull"))
    )
    assert foreseen(number(1e9), runs).chance == pytest.approx(1 / 200)
    assert foreseen(number(-1e9), runs) == found._replace(chance=pytest.approx(1 / 200), verdict=MISSES)


def test_intervals_of_numbers_cover_what_they_say() -> None:
    """One more of 99 values is inside 95 times of a hundred whatever their law (2,000 trials: 0.5%)."""
    luck = np.random.default_rng(2)
    found = [foreseen(number(row[0]), row[1:]).chance for row in luck.exponential(9, (2000, 100)) + 9]
    assert np.mean(np.array(found) >= 0.05) == pytest.approx(0.95, abs=0.015)
    assert stats.kstest(found, "uniform").statistic < 0.05


def test_ties_count_half() -> None:
    runs = [3.0] * 40 + [4.0] * 30 + [5.0] * 29
    assert foreseen(number(3.0), runs).chance == pytest.approx(2 * (20 + 0.5) / 100)
    assert foreseen(number(4.0), runs).chance == pytest.approx(1, abs=0.15)


def test_the_nearest_value_that_would_have_been_told_counts() -> None:
    runs = np.arange(100.0, 200.0)
    assert foreseen(number(210.0, 205, 215), runs).verdict == MISSES
    assert foreseen(number(210.0, 190, 230), runs).verdict == AGREES
    assert foreseen(number(120.0, 100, 160), runs).chance == pytest.approx(1)
    assert foreseen(number(nan, 100, 160, "range"), runs).verdict == AGREES
    assert foreseen(number(nan, 300, 400, "range"), runs).verdict == MISSES


# --- bounds -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("figure", "chance", "verdict"),
    [
        (bound(89.0), 0.1, UNCLEAR),
        (bound(90.0), 0.09, UNCLEAR),
        (bound(49.0), 0.5, AGREES),
        (bound(97.0), 0.02, MISSES),
        (bound(9.0, 60.0), 0.5, AGREES),
        (bound(10.0, relation="less_than"), 0.1, UNCLEAR),
        (bound(1.0, relation="less_than"), 0.01, MISSES),
        (bound(1000.0, relation="less_than"), 1.0, AGREES),
    ],
)
def test_a_bound_is_met_as_often_as_by_the_runs(figure: Figure, chance: float, verdict: str) -> None:
    found = foreseen(figure, np.arange(0.0, 100.0))
    assert (found.chance, found.verdict) == (pytest.approx(chance), verdict)


def test_a_bound_on_a_share_of_some_cases_is_strict() -> None:
    law = stats.binom(10, 0.4)
    more, less = Figure("more_than", 0.4, 10, 0.4, inf), Figure("less_than", 0.4, 10, -inf, 0.4)
    assert foreseen(more, [0.4] * 12).chance == pytest.approx(law.sf(4))
    assert foreseen(less, [0.4] * 12).chance == pytest.approx(law.cdf(3))
    assert foreseen(less._replace(value=1.0, high=1.0), [0.4] * 12).chance == pytest.approx(law.cdf(9))


# --- what cannot be told ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("figure", "runs", "verdict"),
    [
        (number(150.0), [100.0, 200.0] * 4, UNCLEAR),  # 8 runs
        (number(150.0), [100.0, 200.0] * 5, AGREES),
        (number(5.0), [1.0, 9.0] * 40, UNCLEAR),  # from 1 to 9
        (number(50.0), [1.0, 9.0] * 40, MISSES),  # an interval may be wide and yet not hold the figure
        (share(0.5, 4), [0.5] * 40, UNCLEAR),
        (share(1.0, 4), [0.01] * 40, MISSES),
        (share(0.4, None), [0.1, 0.9] * 20, UNCLEAR),
    ],
)
def test_too_few_runs_and_intervals_that_test_nothing_cannot_tell(
    figure: Figure, runs: list[float], verdict: str
) -> None:
    assert foreseen(figure, runs).verdict == verdict


@pytest.mark.parametrize("of", [None, 20])
def test_runs_in_which_the_figure_is_not_defined_are_left_out(of: int | None) -> None:
    known = foreseen(share(0.3, of), [0.2, 0.3, 0.4] * 5, [10.0] * 15)
    assert foreseen(share(0.3, of), [0.2, 0.3, 0.4] * 5 + [nan, 0.9], [10.0] * 16 + [0.0]) == known
    nothing = foreseen(share(0.3, of), [nan, nan], [1.0, 1.0])
    assert (nothing.verdict, nothing.runs) == (UNCLEAR, 0)
    assert np.isnan(nothing.low)


def test_arrays_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="of one length"):
        foreseen(share(0.3, 20), [0.2, 0.3], [10.0])


# --- weights ------------------------------------------------------------------------------------


@pytest.mark.parametrize("of", [None, 25])
def test_equal_weights_are_none_and_no_weight_is_no_run(of: int | None) -> None:
    runs = np.linspace(0.2, 0.45, 41)
    plain = foreseen(share(0.3, of), runs)
    assert foreseen(share(0.3, of), runs, weights=np.full(41, 7.0)) == pytest.approx(plain)
    more, weights = np.append(runs, [0.9, 0.95]), np.append(np.ones(41), [0.0, 0.0])
    assert foreseen(share(0.3, of), more, weights=weights) == plain


def test_weighted_runs_are_as_if_repeated() -> None:
    runs, times = np.array([0.1, 0.3, 0.5]), np.array([3, 5, 2])
    often = foreseen(share(0.35, 20), np.repeat(runs, times * 10))
    found = foreseen(share(0.35, 20), np.repeat(runs, 10), weights=np.repeat(times, 10))
    assert found[:4] == pytest.approx(often[:4])


# --- properties ---------------------------------------------------------------------------------

_shares = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@given(_shares, st.integers(1, 60), st.floats(0, 1), st.integers(1, 50))
def test_whatever_the_runs_intervals_are_ordered_and_verdicts_follow(
    runs: list[float], of: int, value: float, cases: int
) -> None:
    count = round(value * of) / of
    found = foreseen(share(count, of), runs, [cases] * len(runs))
    assert 0 <= found.low <= found.median <= found.high <= 1
    assert 0 <= found.chance <= 1
    if len(runs) >= 10:
        assert (found.verdict == MISSES) == (not found.low - 1e-9 <= count <= found.high + 1e-9)


@given(_shares, st.lists(st.integers(1, 50), min_size=30, max_size=30))
def test_chances_lie_between_the_shares_and_their_mean(shares: list[float], cases: list[int]) -> None:
    found: Floats = chances(shares, cases[: len(shares)])
    assert np.all((found >= min(shares) - 1e-12) & (found <= max(shares) + 1e-12))


@given(st.lists(st.integers(0, 300), min_size=20, max_size=60), st.integers(0, 400))
def test_chance_and_interval_of_a_number_say_the_same(runs: list[int], value: int) -> None:
    found: Foreseen = foreseen(number(float(value)), runs)
    assert (found.chance >= 0.05 - 1e-12) == (found.verdict != MISSES)
    if len(set(runs)) > 1 and found.chance < 0.05 - 1e-9:
        assert not found.low < value < found.high

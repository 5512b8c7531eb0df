from __future__ import annotations

from math import inf, nan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from analysis import pairs
from analysis.pairs import (
    MEAN,
    MEDIAN,
    PILOT,
    SHARE,
    Difference,
    always,
    cautious,
    contributions,
    difference,
    enough,
    family,
    medians,
    needed,
    next_look,
    paired,
    stretch,
)
from analysis.statistics import half_width, t_quantile
from benchmarks import coverage

Floats = NDArray[np.float64]


# --- intervals cover as often as they say -------------------------------------------------------


@pytest.mark.parametrize("name", coverage.STUDIES)
def test_intervals_hold_the_truth_in_93_to_97_of_100_studies(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairs, "RESAMPLES", 100)
    monkeypatch.setattr(pairs, "DRAWS", 8000)
    assert 0.93 <= coverage.coverage(coverage.STUDIES[name], 800) <= 0.97


def test_each_of_several_intervals_alone_holds_more_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs, "DRAWS", 8000)
    rng, hits = np.random.default_rng(15), 0
    for _ in range(200):
        found = family("x", rng.normal(0, 1, 25), rng.normal(0, 1, (4, 25)))
        hits += sum(coverage.holds(one, 0.0) for one in found)
    assert hits / 800 > 0.97


def test_pairing_helps_as_much_as_the_luck_that_is_shared() -> None:
    rng = np.random.default_rng(12)
    luck = rng.normal(0, 3, (400, 15))
    base, other = luck + rng.normal(0, 1, luck.shape), luck + rng.normal(0, 1, luck.shape)
    gains = [difference("x", a, b).gain for a, b in zip(base, other, strict=True)]
    # variances: apart 2 (9 + 1) = 20, in pairs 2; the median of the ratio is near 10
    assert np.median(gains) == pytest.approx(10, rel=0.1)


def test_pairs_are_added_until_the_interval_is_narrow_enough_and_not_much_longer() -> None:
    rng, half = np.random.default_rng(16), 1.96 / np.sqrt(150)
    found = [coverage.until(rng, half) for _ in range(200)]
    assert all(one.half <= half for one in found)
    assert 150 <= np.mean([one.pairs for one in found]) <= 180


def test_the_always_valid_interval_holds_at_all_looks_at_once() -> None:
    rng, looks = np.random.default_rng(17), np.unique(np.geomspace(PILOT, 2000, 20).astype(int))
    misses, naive = 0, 0
    for _ in range(300):
        values = rng.normal(0, 1, looks[-1])
        found = [difference("x", np.zeros(n), values[:n]) for n in looks]
        misses += any(not low <= 0 <= high for low, high in map(always, found))
        naive += any(one.clear for one in found)
    assert misses / 300 <= 0.05
    assert naive / 300 > 0.15  # what is lost by looking again and again at an interval made for one look


# --- estimates ----------------------------------------------------------------------------------


def test_a_share_is_that_of_all_cases_and_its_deviation_that_of_the_bootstrap() -> None:
    (values, wholes), _ = coverage.drawn_shares(np.random.default_rng(18), 300)
    found = contributions(values, wholes)
    parts = np.nan_to_num(values) * wholes
    assert found.mean() == pytest.approx(parts.sum() / wholes.sum())
    error = stats.bootstrap(
        (parts, wholes), lambda a, b, axis: a.sum(axis) / b.sum(axis), paired=True, method="percentile",
        n_resamples=4000, rng=np.random.default_rng(1),
    ).standard_error  # fmt: skip
    assert found.std(ddof=1) / np.sqrt(300) == pytest.approx(error, rel=0.05)


def test_a_run_without_cases_adds_nothing_to_a_share() -> None:
    found = family("x", [0.5, nan], [[nan, 0.25]], wholes=([10, 0], [[0, 8]]))[0]
    assert (found.statistic, found.base, found.other, found.pairs, found.dropped) == (SHARE, 0.5, 0.25, 2, 0)
    never = family("x", [nan, nan], [[0.5, 0.5]], wholes=([0, 0], [[2, 2]]))[0]
    assert (never.pairs, never.dropped) == (0, 2)
    assert np.isnan([never.difference, never.low, never.gain, never.enough]).all()


def test_medians_are_those_of_all_cases() -> None:
    rng = np.random.default_rng(19)
    run, base, other = coverage.drawn_times(rng, 30)
    (found,) = medians("x", (run, base), [(run, other)], 30)
    assert (found.statistic, found.pairs, found.dropped) == (MEDIAN, 30, 0)
    assert found.base == pytest.approx(np.median(base), rel=0.02)
    assert found.other == pytest.approx(np.median(other), rel=0.02)
    assert found.low < found.difference < found.high
    assert found.gain > 1


def test_the_median_is_that_of_harrell_and_davis_and_its_error_that_of_the_bootstrap() -> None:
    rng = np.random.default_rng(20)
    base = rng.lognormal(0, 1, 60)
    other = base * rng.lognormal(0.3, 0.2, 60)
    run = np.arange(60)
    (found,) = medians("x", (run, base), [(run, other)], 60)
    assert found.base == pytest.approx(float(stats.mstats.hdmedian(base)), rel=0.01)

    def middle(values: Floats) -> Floats:
        weights = np.diff(stats.beta.cdf(np.linspace(0, 1, 61), 30.5, 30.5))
        return np.asarray((np.sort(values) * weights).sum(axis=-1))

    theirs = stats.bootstrap(
        (base, other), lambda a, b: middle(b) - middle(a), paired=True, method="percentile", vectorized=False,
        n_resamples=2000, rng=np.random.default_rng(2),
    )  # fmt: skip
    assert found.deviation / np.sqrt(60) == pytest.approx(theirs.standard_error, rel=0.06)


def test_a_median_of_nothing_is_not_defined() -> None:
    nothing: tuple[list[int], list[float]] = ([], [])
    found = medians("x", ([0, 1], [3.0, 5.0]), [nothing, ([0], [4.0])], 2)
    assert found[0].base == pytest.approx(4.0)
    assert np.isnan([found[0].difference, found[0].low, found[0].enough]).all()
    assert found[1].difference == pytest.approx(0.0)
    alone = medians("x", ([0], [3.0]), [([0], [4.0])], 1)[0]
    assert alone.difference == pytest.approx(1.0)
    assert np.isnan(alone.low)


def test_several_medians_are_wider_than_one() -> None:
    run, base, other = coverage.drawn_times(np.random.default_rng(21), 30)
    one = medians("x", (run, base), [(run, other)], 30)[0]
    two = medians("x", (run, base), [(run, other), (run, base[::-1]), (run, base)], 30)
    assert two[0].half > 1.05 * one.half
    assert (two[2].low, two[2].high, two[2].enough) == (0, 0, inf)


values = st.lists(st.floats(-1e3, 1e3, allow_subnormal=False), min_size=2, max_size=20)


@given(values, st.randoms())
def test_turned_around_a_difference_has_the_other_sign(found: list[float], luck: object) -> None:
    base, other = np.array(found), np.array(found[::-1])
    there, back = difference("x", base, other), difference("x", other, base)
    assert back.difference == pytest.approx(-there.difference)
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low))
    assert (back.pairs, back.enough) == (there.pairs, there.enough)


@given(values, st.floats(0.01, 100), st.floats(-100, 100))
def test_units_do_not_matter(found: list[float], factor: float, shift: float) -> None:
    base, other = np.array(found), np.array(found[::-1]) + 1
    one = difference("x", base, other)
    same = difference("x", factor * base + shift, factor * other + shift)
    assert same.half == pytest.approx(factor * one.half, rel=1e-6, abs=1e-6)
    assert same.gain == pytest.approx(one.gain, rel=1e-3) or one.deviation < 1e-6


# --- several at once ----------------------------------------------------------------------------


def test_one_policy_or_many_that_are_the_same_need_no_wider_intervals() -> None:
    values = np.random.default_rng(22).normal(0, 1, (30, 1))
    assert stretch(values) == 1.0
    assert stretch(np.hstack([values] * 5)) == pytest.approx(1.0, abs=0.02)
    assert stretch(np.zeros((30, 3))) == 1.0
    assert stretch(values[:1]) == 1.0


def test_independent_policies_need_the_intervals_of_sidak() -> None:
    values = np.random.default_rng(23).normal(0, 1, (20_000, 4))
    sidak = stats.norm.ppf((1 + 0.95 ** (1 / 4)) / 2) / stats.norm.ppf(0.975)
    assert stretch(values) == pytest.approx(sidak, rel=0.01)


def test_against_one_base_they_are_those_of_dunnett() -> None:
    rng = np.random.default_rng(24)
    base = rng.normal(0, 1, 5000)
    differences = np.column_stack([rng.normal(0, 1, 5000) - base for _ in range(3)])
    # tables of Dunnett (1964): two-sided 5%, three treatments, correlation 0.5, many degrees of freedom
    assert stretch(differences) * float(t_quantile(4999)) == pytest.approx(2.35, abs=0.03)


# --- how many -----------------------------------------------------------------------------------


def test_enough_is_the_smallest_number_that_excludes_zero() -> None:
    for effect in (0.2, 0.5, 1.0, 3.0):
        n = enough(effect, 1.0)
        assert half_width(1.0, n) < effect
        assert n == 2 or half_width(1.0, n - 1) >= effect
    assert enough(0.0, 1.0) == inf
    assert enough(2.0, 0.0) == 2
    assert np.isnan(enough(1.0, nan))


@given(st.floats(0.01, 100), st.floats(0.01, 10))
def test_needed_is_the_smallest_number_that_is_narrow_enough(deviation: float, half: float) -> None:
    n = needed(deviation, half)
    assert half_width(deviation, n) <= half
    assert n == 2 or half_width(deviation, n - 1) > half


def test_the_next_look_is_neither_too_near_nor_too_far() -> None:
    wide, narrow = (difference("x", [0.0] * 40, np.tile([-size, size], 20)) for size in (5.0, 0.01))
    assert next_look([narrow], 0.1, 1000) == 0
    assert next_look([wide, narrow], 0.1, 1000) == 80
    assert next_look([wide], 0.1, 50) == 50
    nearly = cautious(wide).half * 0.99
    assert next_look([wide], nearly, 1000) == 44
    assert next_look([difference("x", [nan] * 9, [nan] * 9)], 0.1, 100) == 0


# --- tables -------------------------------------------------------------------------------------


def outcomes(seeds: list[int], name: str = "one", **measures: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"scenario": name, "rule": "best value", "seed": seeds, **measures})


def test_pairs_are_joined_on_the_seed_and_undefined_ones_counted() -> None:
    base = outcomes([1, 2, 3, 4, 9], pocs=[10, 20, 30, 40, 99], share=[0.1, nan, 0.3, 0.4, 0.9])
    other = outcomes([4, 3, 2, 1, 8], pocs=[43, 32, 22, 11, 77], share=[0.5, 0.4, 0.3, nan, 0.8])
    (table,) = paired(base, [other])
    assert list(table) == list(Difference._fields)
    found = {row.measure: row for row in map(Difference._make, table.itertuples(index=False, name=None))}
    pocs = found["pocs"]
    assert (pocs.statistic, pocs.base, pocs.other, pocs.difference) == (MEAN, 25, 27, 2)
    assert (pocs.pairs, pocs.dropped) == (4, 0)
    assert pocs.low < 2 < pocs.high
    assert (found["share"].pairs, found["share"].dropped) == (2, 2)
    assert found["share"].difference == pytest.approx(0.1)


def test_wholes_make_a_share_one_of_all_cases() -> None:
    base = outcomes([1, 2], "a", share=[0.5, 0.0])
    other = outcomes([2, 1], "b", share=[1.0, 0.5])
    wholes = pd.concat([outcomes([2, 1], "b", share=[1, 9]), outcomes([1, 2], "a", share=[1, 9])])
    found = paired(base, [other], wholes)[0].iloc[0]
    assert (found["statistic"], found["base"], found["other"]) == (
        SHARE,
        pytest.approx(0.05),
        pytest.approx(0.55),
    )


def test_several_others_are_compared_at_the_seeds_that_all_have() -> None:
    base = outcomes([1, 2, 3], pocs=[1.0, 2.0, 3.0])
    others = [outcomes([1, 2, 3], pocs=[2.0, 3.0, 5.0]), outcomes([3, 1, 7], pocs=[9.0, 4.0, 1.0])]
    found = paired(base, others)
    assert [table.loc[0, "pairs"] for table in found] == [2, 2]
    assert [table.loc[0, "difference"] for table in found] == [1.5, 4.5]


def test_pairs_that_cannot_be_made_are_refused() -> None:
    base = outcomes([1, 2], pocs=[1, 2])
    with pytest.raises(ValueError, match="no seed in common"):
        paired(base, [outcomes([3, 4], pocs=[1, 2])])
    with pytest.raises(ValueError, match="given twice"):
        paired(base, [outcomes([1, 1], pocs=[1, 2])])


def test_a_scenario_does_not_differ_from_itself() -> None:
    base = outcomes([1, 2, 3], pocs=[1, 2, 4], never=[nan] * 3)
    found = paired(base, [base])[0].set_index("measure")
    assert found.loc["pocs", ["difference", "low", "high", "gain", "enough"]].tolist() == [0, 0, 0, inf, inf]
    assert found.loc["never", ["pairs", "dropped"]].tolist() == [0, 3]
    assert found.loc["never", ["difference", "gain", "enough"]].isna().all()

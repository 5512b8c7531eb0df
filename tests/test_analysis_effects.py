"""Effects over a posterior: what is parameters, what is chance, and how far intervals can be trusted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from analysis.effects import Effect, effect, effects
from analysis.pairs import difference, medians, paired
from analysis.statistics import described, half_width, summary
from analysis.tables import Floats

POINTS = np.repeat(np.arange(60), 2)
SEEDS = np.arange(120)


def made(
    rng: np.random.Generator, points: int, runs: int, spread: float, luck: float
) -> tuple[Floats, Floats, Floats]:
    """Points, seeds and differences whose effects are normal around 1 with the deviation ``spread``."""
    point = np.repeat(np.arange(points), runs)
    value = 1 + spread * rng.standard_normal(points)[point] + luck * rng.standard_normal(len(point))
    return point.astype(float), np.arange(len(point), dtype=float), value


# --- known answers ------------------------------------------------------------------------------


def test_without_luck_the_effects_are_what_is_seen() -> None:
    effects_ = np.linspace(-1, 3, 60)
    found = effect("m", POINTS, SEEDS, effects_[POINTS])
    assert found.effect == pytest.approx(1.0)
    assert [found.luck, found.share] == pytest.approx([0, 1])
    assert found.parameters == pytest.approx(effects_.var(ddof=1))
    assert [found.chance_low, found.chance_high] == pytest.approx([1.0, 1.0])
    # of 60 effects from -1 to 3, 44 or 45 are positive, give or take the error of the mean
    assert found.positive == pytest.approx(0.75, abs=0.02)
    # 95% of a uniform distribution, and a bit for the error of mean and variance
    assert found.low == pytest.approx(-0.9, abs=0.35)
    assert found.high == pytest.approx(2.9, abs=0.35)
    assert found.low <= np.quantile(effects_, 0.025)


def test_luck_alone_is_known_as_such() -> None:
    rng = np.random.default_rng(1)
    found = effect("m", *made(rng, 400, 2, 0.0, 1.0))
    assert found.share < 0.1
    assert found.share_low == 0.0
    assert found.luck == pytest.approx(1.0, abs=4 * np.sqrt(2 / 400))
    half = half_width(1.0, 800)
    assert found.chance_high - found.chance_low == pytest.approx(2 * half, rel=0.15)
    # without luck taken out, 95% of the means of points would lie within ± 1.4
    assert found.high - found.low < 1.0


def test_both_parts_come_out_within_their_error() -> None:
    rng = np.random.default_rng(2)
    found = effect("m", *made(rng, 2000, 2, 0.5, 1.0))
    # mean squares have variances of 2 E² / degrees of freedom: 1.5² and 1 at 2000 of them
    assert found.luck == pytest.approx(1.0, abs=4 * np.sqrt(2 / 2000))
    assert found.parameters == pytest.approx(0.25, abs=4 * np.sqrt(2 * (1.5**2 + 1) / 2000) / 2)
    assert found.share == pytest.approx(0.2, abs=0.09)
    assert found.low == pytest.approx(1 - 1.96 * 0.5, abs=0.2)
    assert found.high == pytest.approx(1 + 1.96 * 0.5, abs=0.2)
    assert found.positive == pytest.approx(norm.cdf(2), abs=0.03)


def test_luck_that_all_points_share_is_an_error_of_the_mean() -> None:
    rng = np.random.default_rng(3)
    seed = np.tile(np.arange(5), 50)
    point = np.repeat(np.arange(50), 5)
    shared = rng.standard_normal(5)
    found = effect("m", point, seed, rng.standard_normal(50)[point] + shared[seed])
    assert found.parameters == pytest.approx(1.0, abs=4 * np.sqrt(2 / 49))
    assert found.chance_high - found.chance_low == pytest.approx(2 * half_width(shared.std(ddof=1), 5))
    assert found.high - found.low > found.chance_high - found.chance_low


def test_what_cannot_be_told_is_not_told() -> None:
    alone = effect("m", [0, 1, 2], [1, 2, 3], [1.0, 2.0, 3.0])
    assert (alone.effect, alone.points, alone.runs) == (2.0, 3, 3)
    assert np.isnan([alone.low, alone.high, alone.share, alone.positive, alone.chance_low]).all()
    none = effect("m", [0, 0], [1, 2], [np.nan, np.nan])
    assert np.isnan(none.effect)
    assert (none.points, none.runs) == (0, 0)
    same = effect("m", POINTS, SEEDS, np.full(120, 2.0))
    assert (same.effect, same.low, same.high, same.positive) == (2.0, 2.0, 2.0, 1.0)
    zero = effect("m", POINTS, SEEDS, np.zeros(120))
    assert (zero.low, zero.high, zero.positive) == (0.0, 0.0, 0.5)


# --- properties ---------------------------------------------------------------------------------


@settings(max_examples=20)
@given(shift=st.floats(-100, 100), scale=st.floats(0.01, 100), seed=st.integers(0, 1000))
def test_effects_move_and_stretch_with_the_values(shift: float, scale: float, seed: int) -> None:
    point, run, value = made(np.random.default_rng(seed), 10, 2, 1.0, 1.0)
    one, other = effect("m", point, run, value), effect("m", point, run, shift + scale * value)
    assert [other.low, other.high, other.chance_low] == pytest.approx(
        [shift + scale * end for end in (one.low, one.high, one.chance_low)], rel=1e-6, abs=1e-6
    )
    assert other.share == pytest.approx(one.share, abs=1e-6)


@settings(max_examples=20)
@given(seed=st.integers(0, 1000))
def test_the_order_of_runs_does_not_matter_and_the_mirror_image_is_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    point, run, value = made(rng, 8, 3, 1.0, 1.0)
    order = rng.permutation(len(value))
    one, same = effect("m", point, run, value), effect("m", point[order], run[order], value[order])
    assert list(same[1:]) == pytest.approx(list(one[1:]))
    assert effect("m", point, run, -value).effect == pytest.approx(-one.effect)


# --- how far to trust it ------------------------------------------------------------------------


@pytest.mark.parametrize(("points", "spread", "luck"), [(12, 1.0, 1.0), (50, 1.0, 1.0), (50, 0.5, 1.0)])
def test_most_cities_lie_in_the_interval(points: int, spread: float, luck: float) -> None:
    """On average over studies, 95% of the effects lie in the interval, or nearly so with few points."""
    rng, held = np.random.default_rng(4), []
    for _ in range(80):
        found = effect("m", *made(rng, points, 2, spread, luck))
        held.append(np.diff(norm.cdf([found.low, found.high], 1, spread))[0])
    assert 0.90 < np.mean(held) < 0.98


def test_intervals_of_the_mean_need_the_points_as_units() -> None:
    """Of 800 studies, 95% hold the mean when points are the units (error 0.8%), and far fewer else."""
    rng, held = np.random.default_rng(5), []
    for _ in range(800):
        point, _, value = made(rng, 20, 2, 1.0, 0.5)
        base = np.zeros(len(value))
        ends = [difference("m", base, value, units=units) for units in (point, None)]
        held.append([one.low <= 1.0 <= one.high for one in ends])
    with_units, without = np.mean(held, axis=0)
    assert abs(with_units - 0.95) < 0.023
    assert without < 0.88


# --- tables -------------------------------------------------------------------------------------


def outcomes(name: str, **measures: object) -> pd.DataFrame:
    return pd.DataFrame({"scenario": name, "seed": SEEDS + 1, **measures})


UNITS = pd.Series(POINTS, index=SEEDS + 1)


def test_effects_of_tables_join_on_the_seed_and_take_shares_at_points() -> None:
    whole = np.where(SEEDS % 2, 10, 30)
    part = np.where(SEEDS % 2, 0.5, 0.1)  # at every point 8 of 40
    base, other = outcomes("a", share=part, sum=SEEDS * 1.0), outcomes("b", share=part / 2, sum=SEEDS + 2.0)
    wholes = outcomes("a", share=whole)
    found = effects(base, other.iloc[::-1], UNITS, (wholes, wholes)).set_index("measure")
    assert found.loc["share", "effect"] == pytest.approx(4 / 40 - 8 / 40)
    assert found.loc["sum", "effect"] == 2.0
    assert list(found.reset_index().columns) == list(Effect._fields)


def test_points_without_cases_are_left_out() -> None:
    whole = np.where(POINTS == 0, 0, 10)
    base, other = outcomes("a", share=np.full(120, 0.5)), outcomes("b", share=np.full(120, 0.25))
    wholes = outcomes("a", share=whole)
    found = effects(base, other, UNITS, (wholes, wholes)).iloc[0]
    assert (found["effect"], found["points"], found["runs"]) == (-0.25, 59, 118)


def test_differences_over_units_are_those_of_the_means_of_units() -> None:
    rng = np.random.default_rng(6)
    one, other = rng.standard_normal((2, 120))
    (found,) = paired(outcomes("a", m=one), [outcomes("b", m=other)], units=UNITS)
    means = [each.reshape(60, 2).mean(axis=1) for each in (one, other)]
    by_hand = difference("m", *means)
    assert found.iloc[0].to_dict() == pytest.approx(dict(by_hand._asdict()))
    alone = pd.Series(SEEDS, index=SEEDS + 1)
    (as_pairs,) = paired(outcomes("a", m=one), [outcomes("b", m=other)], units=alone)
    (pairs,) = paired(outcomes("a", m=one), [outcomes("b", m=other)])
    assert as_pairs.equals(pairs)


def test_units_without_a_value_are_dropped_as_a_whole() -> None:
    value = np.where(POINTS == 0, np.nan, 1.0 * SEEDS)
    value[2] = np.nan  # the other run of that unit stays
    found = difference("m", np.zeros(120), value, units=POINTS)
    assert (found.pairs, found.dropped) == (59, 1)
    nothing = difference("m", np.zeros(120), np.full(120, np.nan), units=POINTS)
    assert (nothing.pairs, nothing.dropped) == (0, 60)


def test_medians_over_units_resample_units() -> None:
    rng = np.random.default_rng(7)
    unit = rng.standard_normal(60)
    value = unit[POINTS] + 0.01 * rng.standard_normal(120)
    (wide,), (narrow,) = (
        medians("m", (run, np.zeros(120)), [(run, value)], runs) for run, runs in ((POINTS, 60), (SEEDS, 120))
    )
    assert wide.difference == pytest.approx(narrow.difference)
    # two runs that are nearly the same tell no more than one
    assert wide.half / narrow.half == pytest.approx(np.sqrt(2), rel=0.15)


def test_means_over_units_have_the_interval_of_the_means_of_units() -> None:
    value = np.random.default_rng(8).standard_normal(120) + POINTS
    found = summary(outcomes("a", m=value), units=UNITS).iloc[0]
    means = value.reshape(60, 2).mean(axis=1)
    half = half_width(means.std(ddof=1), 60)
    assert (found["mean"], found["runs"]) == (pytest.approx(value.mean()), 120)
    assert (found["low"], found["high"]) == pytest.approx((value.mean() - half, value.mean() + half))
    assert found["upper"] == pytest.approx(np.quantile(value, 0.975))


def test_units_of_one_run_each_change_nothing_and_lone_units_tell_nothing() -> None:
    table = outcomes("a", m=np.random.default_rng(9).standard_normal(120))
    alone = summary(table, units=pd.Series(SEEDS, index=SEEDS + 1))
    pd.testing.assert_frame_equal(alone, summary(table))
    one = described(pd.DataFrame({"scenario": "a", "unit": 1, "value": [1.0, 2.0]}), ["scenario"]).iloc[0]
    assert one["mean"] == 1.5
    assert np.isnan([one["low"], one["high"]]).all()

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.design import Design, lhs, morris, saltelli, sobol
from experiments.uncertainties import (
    KINDS,
    Choice,
    Integers,
    LogUniform,
    Normal,
    Triangular,
    Uncertainty,
    Uniform,
)

SEEDS = st.integers(0, 2**63 - 1)
SIZES = st.integers(1, 60)
DIMENSIONS = st.integers(1, 6)

STAFF = Uncertainty("pmo.staff", Integers(kind="integers", low=5, high=30), int)
ARRIVAL = Uncertainty("needs.arrival", Uniform(low=0.0, high=4.0), float)
RULE = Uncertainty("procurement.rule", Choice(kind="choice", values=["best_value", "lowest_price"]), str)
ALL = (STAFF, ARRIVAL, RULE)


# --- Latin hypercube, Sobol, Morris -------------------------------------------------------------


@given(SIZES, DIMENSIONS, SEEDS)
def test_a_latin_hypercube_has_one_point_in_each_stratum(points: int, dimensions: int, seed: int) -> None:
    strata = np.floor(lhs(points, dimensions, seed) * points)
    for column in strata.T:
        assert sorted(column) == list(range(points))


@given(SIZES, DIMENSIONS, SEEDS, st.integers(1, 3))
def test_a_latin_hypercube_grows_by_doubling(points: int, dimensions: int, seed: int, times: int) -> None:
    larger = lhs(points * 2**times, dimensions, seed)
    assert (larger[:points] == lhs(points, dimensions, seed)).all()


@given(SIZES, DIMENSIONS, SEEDS, st.integers(0, 40))
def test_a_sobol_sequence_grows_by_any_number(points: int, dimensions: int, seed: int, more: int) -> None:
    assert (sobol(points + more, dimensions, seed)[:points] == sobol(points, dimensions, seed)).all()


@given(st.integers(0, 7), DIMENSIONS, SEEDS)
def test_a_power_of_two_of_sobol_points_is_a_latin_hypercube(power: int, dimensions: int, seed: int) -> None:
    points = 2**power
    for column in np.floor(sobol(points, dimensions, seed) * points).T:
        assert sorted(column) == list(range(points))


def test_sobol_points_integrate_better_than_chance() -> None:
    """The integral of a smooth function: known, and far nearer than independent points would come."""

    def error(cube: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
        return abs(float(np.prod(1 + (cube - 0.5) * 0.8, axis=1).mean()) - 1.0)

    found = [error(sobol(1024, 4, seed)) for seed in range(20)]
    chance = [error(np.random.default_rng(seed).random((1024, 4))) for seed in range(20)]
    assert np.mean(found) < np.mean(chance) / 5


@given(st.integers(1, 12), DIMENSIONS, st.sampled_from([2, 4, 6, 10]), SEEDS)
def test_a_morris_trajectory_goes_once_along_every_dimension(
    trajectories: int, dimensions: int, levels: int, seed: int
) -> None:
    points = list(morris(trajectories, dimensions, levels, seed))
    jump = levels / (2 * (levels - 1))
    for first in range(0, len(points), dimensions + 1):
        moved = []
        for one, two in pairwise(points[first : first + dimensions + 1]):
            (column,) = [i for i in range(dimensions) if one[i] != two[i]]
            assert abs(two[column] - one[column]) == pytest.approx(jump)
            moved.append(column)
        assert sorted(moved) == list(range(dimensions))
    grid = {round(value * (levels - 1), 9) for point in points for value in point}
    assert grid <= set(range(levels))
    assert points[: dimensions + 1] == list(morris(1, dimensions, levels, seed))


def test_elementary_effects_of_a_line_are_its_slopes() -> None:
    slopes = np.array([3.0, -1.0, 0.5])
    points = np.array(list(morris(5, 3, 4, 1)))
    for first in range(0, 20, 4):
        steps = np.diff(points[first : first + 4], axis=0)
        assert np.diff(points[first : first + 4] @ slopes) / steps.sum(axis=1) == pytest.approx(
            slopes[np.abs(steps).argmax(axis=1)]
        )


@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1])
def test_designs_are_spread_evenly_in_pairs_of_dimensions(seed: int) -> None:
    for cube in (lhs(4096, 5, seed), sobol(4096, 5, seed)):
        assert np.abs(np.corrcoef(cube.T) - np.eye(5)).max() < 0.06


def test_designs_are_the_same_for_ever() -> None:
    """Known values: whoever resumes a study years later, elsewhere, must find the same points."""
    assert lhs(4, 2, 1).tolist() == KNOWN["lhs"]
    assert sobol(3, 2, 1).tolist() == KNOWN["sobol"]
    assert [*morris(1, 2, 4, 1)] == KNOWN["morris"]


KNOWN = {
    "lhs": [
        [0.9669518636080221, 0.6993786097247234],
        [0.4698579062306217, 0.12111167651810446],
        [0.2186565517268194, 0.39409758332636413],
        [0.5747693820286718, 0.8159034125988969],
    ],
    "sobol": [
        [0.36818951601162553, 0.5267179957590997],
        [0.8681895160116255, 0.026717995759099722],
        [0.6181895160116255, 0.7767179957590997],
    ],
    "morris": [[0.6666666666666666, 1.0], [0.0, 1.0], [0.0, 0.3333333333333333]],
}


# --- points -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("design", "size"),
    [
        (Design("lhs", points=10), 10),
        (Design("sobol", points=10), 10),
        (Design("morris", points=5, levels=4), 20),
        (Design("saltelli", points=5), 25),
        (Design("full_factorial", levels=3), 3 * 3 * 2),
        (Design("full_factorial", levels=100), 26 * 100 * 2),
        (Design("oat", levels=3), 1 + 3 + 3 + 2),
        (Design("list", rows=({}, {"pmo.staff": 7})), 2),
    ],
)
def test_a_design_says_how_many_points_it_has(design: Design, size: int) -> None:
    points = list(design.over(ALL, 1))
    assert len(points) == design.size(ALL) == size


def test_a_full_factorial_is_every_combination_once() -> None:
    points = [tuple(point.values()) for point in Design("full_factorial", levels=2).over(ALL, 1)]
    assert len(set(points)) == len(points) == 8
    assert {point[0] for point in points} == {5, 30}
    assert {point[1] for point in points} == {0.0, 4.0}


def test_one_at_a_time_leaves_the_others_as_they_are() -> None:
    points = list(Design("oat", levels=2).over(ALL, 1))
    assert points[0] == {}
    assert all(len(point) == 1 for point in points[1:])
    assert Counter(path for point in points for path in point) == {each.path: 2 for each in ALL}


def test_levels_that_contain_the_old_ones_extend_a_factorial() -> None:
    small, large = (
        list(Design("full_factorial", levels=levels).over((ARRIVAL, RULE), 1)) for levels in (3, 5)
    )
    assert all(point in large for point in small)


# --- distributions ------------------------------------------------------------------------------

DISTRIBUTIONS = [
    Uniform(low=-1, high=3),
    LogUniform(kind="loguniform", low=0.1, high=100),
    Triangular(kind="triangular", low=0, mode=1, high=4),
    Normal(kind="normal", mean=2, sd=1),
    Normal(kind="normal", mean=2, sd=1, low=0, high=2.5),
]


@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=repr)
def test_quantiles_agree_with_scipy(distribution: Uniform | Normal) -> None:
    from scipy import stats

    if isinstance(distribution, Normal):
        ends = [(end - distribution.mean) / distribution.sd for end in (distribution.low, distribution.high)]
        same = stats.truncnorm(*ends, loc=distribution.mean, scale=distribution.sd)
    elif isinstance(distribution, LogUniform):
        same = stats.loguniform(distribution.low, distribution.high)
    elif isinstance(distribution, Triangular):
        same = stats.triang(0.25, loc=0, scale=4)
    else:
        same = stats.uniform(-1, 4)
    for u in np.linspace(0.001, 0.999, 37):
        assert distribution.quantile(u) == pytest.approx(same.ppf(u), rel=1e-9, abs=1e-9)


@given(st.sampled_from(DISTRIBUTIONS), st.floats(0, 1), st.floats(0, 1))
def test_quantiles_rise_and_stay_within(distribution: Uniform | Normal, u: float, v: float) -> None:
    low, high = sorted((u, v))
    one, two = distribution.quantile(low), distribution.quantile(high)
    assert isinstance(one, float)
    assert isinstance(two, float)
    assert one <= two + 1e-12
    assert distribution.low - 1e-12 <= one
    assert two <= distribution.high + 1e-12


def test_whole_numbers_and_choices_come_up_equally_often() -> None:
    grid = [(index + 0.5) / 2600 for index in range(2600)]
    assert set(Counter(STAFF.at(u) for u in grid).values()) == {100}
    assert set(Counter(RULE.at(u) for u in grid).values()) == {1300}
    assert STAFF.at(0.0) == 5
    assert STAFF.at(1.0) == 30
    assert RULE.at(1.0) == "lowest_price"


def test_values_have_the_type_of_their_parameter() -> None:
    fewer = Uncertainty("needs.arrival", Integers(kind="integers", low=0, high=4), float)
    assert {type(fewer.at(u)) for u in (0.0, 0.5, 1.0)} == {float}
    curve = Uncertainty("pmo.staff", Normal(kind="normal", mean=20, sd=5, low=0, high=500), int)
    assert {type(curve.at(u)) for u in (0.0, 0.5, 1.0)} == {int}


def test_every_kind_has_a_test() -> None:
    kinds = {type(distribution) for distribution in DISTRIBUTIONS} | {Integers, Choice}
    assert set(KINDS.values()) == kinds


# --- base points for Sobol's indices ------------------------------------------------------------


@given(SIZES, DIMENSIONS, SEEDS, st.integers(0, 20))
def test_base_points_grow_by_any_number(points: int, dimensions: int, seed: int, more: int) -> None:
    larger = saltelli(points + more, dimensions, seed)
    assert (larger[: points * (dimensions + 2)] == saltelli(points, dimensions, seed)).all()


@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_base_points_lie_in_the_order_that_salib_reads(dimensions: int) -> None:
    from SALib.sample import sobol as theirs

    problem = {
        "num_vars": dimensions,
        "names": [str(i) for i in range(dimensions)],
        "bounds": [[0, 1]] * dimensions,
    }
    found = theirs.sample(problem, 16, calc_second_order=False, scramble=False)
    ours = saltelli(16, dimensions, 1)
    step = dimensions + 2
    taken = np.vstack([np.zeros(dimensions), np.eye(dimensions), np.ones(dimensions)]) == 1
    for base in range(step, len(ours), step):  # the first point of theirs, which is not shifted, is 0
        assert ((ours[base : base + step] != ours[base]) == taken).all()
        assert (found[base : base + step] == np.where(taken, found[base + step - 1], found[base])).all()

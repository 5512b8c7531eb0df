from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from analysis import variance
from analysis.variance import Parts, parts


def of(grid: NDArray[np.float64], *, shared: bool) -> Parts:
    """The parts of values with a row a point; with the same seeds at all points, or others."""
    points, runs = grid.shape
    seeds = np.tile(np.arange(runs), points) if shared else np.arange(grid.size)
    return parts("x", np.repeat(np.arange(points), runs), seeds, grid.ravel())


def test_without_luck_all_is_of_the_parameters() -> None:
    found = of(np.array([[1.0, 1.0], [2.0, 2.0], [6.0, 6.0]]), shared=False)
    assert (found.parameters, found.luck, found.share) == (7.0, 0.0, 1.0)
    assert (found.low, found.high, found.points, found.runs) == (1.0, 1.0, 3, 6)


def test_without_parameters_all_is_luck() -> None:
    found = of(np.array([[1.0, 3.0], [3.0, 1.0], [1.5, 3.5]]), shared=False)
    assert (found.parameters, found.luck, found.share, found.low) == (0.0, 2.0, 0.0, 0.0)
    assert 0 < found.high < 1


def test_a_table_of_analysis_of_variance_by_hand() -> None:
    # mean squares: between 2 ((1-4)² + (4-4)² + (7-4)²) / 2 = 18, within (2 + 2 + 2) / 3 = 2
    found = of(np.array([[0.0, 2.0], [3.0, 5.0], [6.0, 8.0]]), shared=False)
    assert (found.parameters, found.luck, found.share) == (8.0, 2.0, 0.8)
    # the textbook's interval of the intraclass correlation: (F / Fq - 1) / (F / Fq + 1), F = 9
    from scipy.stats import f

    ends = [(9 / f.ppf(q, 2, 3) - 1) / (9 / f.ppf(q, 2, 3) + 1) for q in (0.975, 0.025)]
    assert (found.low, found.high) == pytest.approx((max(0.0, ends[0]), ends[1]))


def test_luck_that_all_points_share_is_luck() -> None:
    # points 0, 3, 6 and seeds -1, 1 add up exactly: nothing is left over
    grid = np.array([[-1.0, 1.0], [2.0, 4.0], [5.0, 7.0]])
    found = of(grid, shared=True)
    assert (found.parameters, found.luck) == (9.0, 2.0)
    apart = of(grid, shared=False)
    assert apart.parameters == 8.0  # mean squares 18 and 2: shared luck is taken for scatter of the means


def test_a_run_that_failed_costs_its_seed_alone() -> None:
    rng = np.random.default_rng(1)
    grid = rng.normal(0, 1, (6, 8)) + np.arange(6)[:, None] + rng.normal(0, 2, 8)
    table = pd.DataFrame(grid).stack().reset_index().set_axis(["point", "seed", "x"], axis=1)
    whole = parts("x", *(table[name] for name in ("point", "seed", "x")))
    kept = table[table["seed"] != 3]
    without = parts("x", *(kept[name] for name in ("point", "seed", "x")))
    gone = table.drop(index=3)
    assert parts("x", *(gone[name] for name in ("point", "seed", "x"))) == without
    assert whole != without


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize(("points", "runs"), [(12, 5), (40, 10)])
def test_the_share_is_covered(shared: bool, points: int, runs: int) -> None:
    rng, studies, hits = np.random.default_rng(2), 500, 0
    for _ in range(studies):
        grid = rng.normal(0, 1.0, (points, 1)) + rng.normal(0, 0.8, (points, runs))
        if shared:
            grid = grid + rng.normal(0, 0.6, (1, runs))
        found = of(grid, shared=shared)
        hits += found.low <= 1 / (1 + 0.64 + 0.36 * shared) <= found.high
    assert 0.93 <= hits / studies <= 0.985  # with shared seeds the interval errs on the wide side


def test_unequal_numbers_of_runs_are_weighed() -> None:
    rng, found = np.random.default_rng(3), []
    for _ in range(400):
        sizes = rng.integers(2, 12, 30)
        point = np.repeat(np.arange(30), sizes)
        value = rng.normal(0, 2, 30)[point] + rng.normal(0, 1, sizes.sum())
        found.append(parts("x", point, np.arange(len(point)), value))
    assert np.mean([one.parameters for one in found]) == pytest.approx(4, rel=0.05)
    assert np.mean([one.luck for one in found]) == pytest.approx(1, rel=0.03)


@given(st.integers(2, 8), st.integers(2, 6), st.integers(0, 10**6), st.booleans())
def test_the_parts_add_up_and_the_interval_lies_within_0_and_1(
    points: int, runs: int, seed: int, shared: bool
) -> None:
    grid = np.random.default_rng(seed).normal(0, 1, (points, runs))
    found = of(grid, shared=shared)
    assert found.parameters >= 0
    assert found.luck >= 0
    assert found.share == pytest.approx(found.parameters / (found.parameters + found.luck))
    assert 0 <= found.low <= found.share + 1e-12
    assert found.share - 1e-12 <= found.high <= 1


@pytest.mark.parametrize("table", [[[1.0, 2.0]], [[1.0], [2.0]], [[np.nan, np.nan], [1.0, 2.0]]])
def test_too_little_gives_no_parts(table: list[list[float]]) -> None:
    found = of(np.array(table), shared=False)
    assert np.isnan([found.parameters, found.luck, found.share, found.low, found.high]).all()


def test_runs_that_are_all_the_same_have_nothing_to_share_out() -> None:
    found = of(np.ones((3, 3)), shared=True)
    assert (found.parameters, found.luck) == (0.0, 0.0)
    assert np.isnan([found.share, found.low, found.high]).all()


def test_a_table_of_outcomes_has_a_row_for_each_measure() -> None:
    table = pd.DataFrame(
        {"scenario": "a", "point": [0, 0, 1, 1], "seed": [1, 2, 1, 2], "pocs": [1, 3, 5, 7], "share": 0.5}
    )
    found = variance.of_outcomes(table)
    assert list(found) == list(Parts._fields)
    assert list(found["measure"]) == ["pocs", "share"]
    assert found.loc[0, ["parameters", "luck"]].tolist() == [8.0, 2.0]

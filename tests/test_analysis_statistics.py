from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.statistics import half_width, mean, share, summary

SETS = 4000
#: 4 binomial standard errors of a coverage of 0.95 over that many data sets
TOLERANCE = 4 * np.sqrt(0.95 * 0.05 / SETS)


@pytest.mark.parametrize("n", [3, 20])
def test_interval_of_the_mean_covers_as_often_as_it_says(n: int) -> None:
    rng = np.random.default_rng(11)
    hits = sum(low <= 5.0 <= high for _, low, high, _ in (mean(row) for row in rng.normal(5, 2, (SETS, n))))
    assert hits / SETS == pytest.approx(0.95, abs=TOLERANCE)


@pytest.mark.parametrize(("n", "p"), [(30, 0.1), (100, 0.33), (200, 0.5)])
def test_share_interval_covers_about_as_often_as_it_says(n: int, p: float) -> None:
    """Exact coverage, summed over all outcomes; Wilson's is near the level, not at it."""
    covered = [low <= p <= high for _, low, high, _ in (share(k, n) for k in range(n + 1))]
    assert float(stats.binom.pmf(np.arange(n + 1), n, p)[covered].sum()) == pytest.approx(0.95, abs=0.025)


@given(st.integers(0, 300), st.integers(1, 300))
def test_share_agrees_with_scipy(part: int, whole: int) -> None:
    if part > whole:
        with pytest.raises(ValueError, match="is no part of"):
            share(part, whole)
        return
    theirs = stats.binomtest(part, whole).proportion_ci(method="wilson")
    found = share(part, whole)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert found.low <= found.estimate <= found.high


def test_few_values() -> None:
    assert mean([np.nan, 2.0, 4.0])[0::3] == (3.0, 2)
    assert np.isnan(mean([7.0]).low)
    assert mean([7.0]).estimate == 7.0
    assert np.isnan(mean([]).estimate)
    assert np.isnan(share(0, 0).estimate)
    assert np.isnan(half_width(1.0, 1))


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30), st.floats(0.5, 0.99))
def test_interval_agrees_with_scipy(values: list[float], level: float) -> None:
    found, n = mean(values, level), len(values)
    half = stats.t.ppf((1 + level) / 2, n - 1) * np.std(values, ddof=1) / np.sqrt(n)
    assert (found.low, found.high) == pytest.approx(
        (np.mean(values) - half, np.mean(values) + half), abs=1e-6
    )


def outcomes(seeds: list[int], **measures: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"scenario": "one", "rule": "best value", "seed": seeds, **measures})


def test_summary_of_outcomes_leaves_undefined_runs_out() -> None:
    found = summary(outcomes([1, 2, 3], pocs=[1, 2, 6], share=[0.5, np.nan, 0.7])).set_index("measure")
    assert list(found.index) == ["pocs", "share"]
    assert found.loc["pocs", ["mean", "runs"]].tolist() == [3, 3]
    assert found.loc["share", ["mean", "runs"]].tolist() == pytest.approx([0.6, 2])
    assert found.loc["share", "high"] - 0.6 == pytest.approx(stats.t.ppf(0.975, 1) * 0.1)

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analysis.survival import ENDED, OPEN, REACHED, aalen_johansen, incidence, times
from analysis.tables import tables, until
from tests import markov


def competing(n: int, a: float, b: float, c: float, seed: int) -> tuple[Any, Any]:
    """Exponential time to the event (rate a), the competing event (b) and censoring (c)."""
    rng = np.random.default_rng(seed)
    waits = rng.exponential([1 / a, 1 / b, 1 / c], (n, 3))
    first = waits.argmin(axis=1)
    return waits.min(axis=1), np.array([REACHED, ENDED, OPEN])[first]


def test_exponential_competing_risks_in_closed_form() -> None:
    """Share a / (a + b) (1 - exp(-(a + b) t)), within 4 standard errors, in spite of heavy censoring."""
    a, b, c = 0.5, 0.3, 0.4
    time, status = competing(20_000, a, b, c, seed=1)
    grid = np.array([0.2, 0.5, 1.0, 2.0, 3.0])
    found = aalen_johansen(time, status, grid, np.arange(len(time)) % 200)
    exact = a / (a + b) * (1 - np.exp(-(a + b) * grid))
    assert (np.abs(found.share - exact) < 4 * found.error).all()
    naive = np.array([np.mean((time <= t) & (status == REACHED)) for t in grid])
    assert (np.abs(naive - exact)[2:] > 4 * found.error[2:]).all()


@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(0, 2)), min_size=3, max_size=60).filter(
        lambda rows: {REACHED, ENDED} <= {row[1] for row in rows}
    )
)
def test_agrees_with_statsmodels_with_ties(rows: list[tuple[int, int]]) -> None:
    from statsmodels.duration.survfunc import CumIncidenceRight

    time, status = (np.array(column) for column in zip(*rows, strict=True))
    with np.errstate(all="ignore"):  # their standard errors divide by 0 where nobody is left
        theirs = CumIncidenceRight(time.astype(float), status)
    assert np.allclose(aalen_johansen(time, status, theirs.times).share, theirs.cinc[0])


def test_standard_error_agrees_with_statsmodels_where_cases_stand_alone() -> None:
    from statsmodels.duration.survfunc import CumIncidenceRight

    time, status = competing(1500, 0.5, 0.3, 0.4, seed=2)
    with np.errstate(all="ignore"):
        theirs = CumIncidenceRight(time, status)
    picked = np.array([200, 600, 1000, 1300])
    found = aalen_johansen(time, status, theirs.times[picked])
    assert np.allclose(found.error, theirs.cinc_se[0][picked], rtol=0.03)


def test_standard_error_is_that_of_repeated_samples() -> None:
    grid = np.array([0.5, 1.5])
    found = [aalen_johansen(*competing(400, 0.5, 0.3, 0.4, seed), grid) for seed in range(100, 220)]
    spread = np.std([one.share for one in found], axis=0, ddof=1)
    told = np.mean([one.error for one in found], axis=0)
    assert (np.abs(told / spread - 1) < 4 / np.sqrt(2 * 119)).all()


def test_band_stays_within_0_and_1_and_around_the_share() -> None:
    found = aalen_johansen([1, 2, 3, 4, 5, 6], [1, 2, 1, 0, 1, 2], [0.5, 1, 3, 6])
    low, high = found.band()
    assert low[0] == high[0] == found.share[0] == 0
    assert ((low >= 0) & (low <= found.share) & (found.share <= high) & (high <= 1)).all()
    assert (low[1:] < found.share[1:]).all()


def test_without_censoring_it_is_the_plain_share() -> None:
    time, status = competing(500, 0.5, 0.3, 1e-9, seed=3)
    found = aalen_johansen(time, status, [1.0, 4.0])
    assert np.allclose(found.share, [np.mean((time <= t) & (status == REACHED)) for t in (1.0, 4.0)])


def test_status_of_cases() -> None:
    pooled = tables(markov.runs(3))
    found = times(pooled, "poc")
    submitted = pooled.reached["submitted"].notna()
    there = pooled.reached.loc[submitted, "poc"].notna().to_numpy()
    closed = pooled.reached.loc[submitted, "closed"].notna().to_numpy()
    assert (found.status == np.select([there, closed], [REACHED, ENDED], OPEN)).all()
    assert len(found.time) == submitted.sum() < len(pooled.cases)
    assert (found.time >= 0).all()


def test_an_early_look_at_open_cases_is_not_biased() -> None:
    """After 400 days many cases are open; the curve is that of the full record, the naive share is not."""
    pooled = tables(markov.runs(80, a_year=100.0))
    grid = np.array([100.0, 200.0, 350.0])
    early, late = incidence(until(pooled, 400.0), "poc", grid), incidence(pooled, "poc", grid)
    assert (np.abs(early.share - late.share) < 4 * np.hypot(early.error, late.error)).all()
    seen = times(until(pooled, 400.0), "poc")
    assert np.mean(seen.status == REACHED) < late.share[-1] - 0.1

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import binom, multinomial, multivariate_normal, norm
from scipy.stats import kstest as kolmogorov_test

from analysis import bands
from analysis import posterior as found
from analysis.posterior import Closeness
from analysis.tables import Floats

whole_weights = st.lists(st.integers(0, 9), min_size=1, max_size=30).filter(any)
weights_of = st.lists(st.floats(0, 1e6), min_size=1, max_size=60).filter(lambda each: sum(each) > 1e-3)


def sample(columns: dict[str, Floats]) -> tuple[pd.DataFrame, Floats]:
    table = pd.DataFrame(columns)
    return table, np.ones(len(table))


def grid(number: int) -> Floats:
    """Evenly spread over (0, 1), as no random sample is."""
    return np.asarray((np.arange(number) + 0.5) / number, dtype=float)


# --- weighted samples --------------------------------------------------------------------------


@given(whole_weights, st.integers(0, 1000), st.sampled_from([0.0, 0.025, 0.25, 0.5, 0.8, 0.975, 1.0]))
def test_whole_weights_are_repetitions(weights: list[int], seed: int, q: float) -> None:
    values = np.random.default_rng(seed).integers(0, 12, len(weights)).astype(float)
    repeated = np.quantile(np.repeat(values, weights), q, method="inverted_cdf")
    assert found.weighted_quantile(values, weights, q) == repeated
    assert found.weighted_quantile(values, np.array(weights) / 7, q) == repeated


def test_quantiles_of_many_levels_come_in_their_shape() -> None:
    assert found.weighted_quantile([3, 1, 2], [1, 1, 2], [0, 0.25, 0.5, 0.75, 1]).tolist() == [1, 1, 2, 2, 3]


def test_the_effective_sample_size_of_known_weights() -> None:
    assert found.effective([1, 1, 1, 1]) == pytest.approx(4)
    assert found.effective([5, 0, 0]) == pytest.approx(1)
    assert found.effective([2, 1, 1]) == pytest.approx(16 / 6)


@given(weights_of)
def test_the_effective_sample_size_lies_between_one_and_the_number(weights: list[float]) -> None:
    assert 1 - 1e-9 <= found.effective(weights) <= len(weights) + 1e-9
    assert found.effective(weights) == pytest.approx(found.effective(np.array(weights) * 3))


@given(weights_of, st.integers(1, 300))
def test_resampling_keeps_every_weight_within_one_draw(weights: list[float], number: int) -> None:
    places = found.resampled(weights, number)
    times = np.bincount(places, minlength=len(weights))
    assert len(places) == number
    assert np.all(np.diff(places) >= 0)
    assert np.all(np.abs(times - number * np.array(weights) / sum(weights)) < 1 + 1e-6)
    assert np.all(times[np.array(weights) == 0] == 0)


def test_resampling_needs_no_random_numbers() -> None:
    assert found.resampled([1, 2, 1], 4).tolist() == [0, 1, 1, 2]
    assert found.resampled([0.5, 0.5], 5).tolist() == [0, 0, 1, 1, 1]
    assert found.resampled(np.ones(7), 7).tolist() == list(range(7))


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [1, np.nan], [1, np.inf]])
def test_what_are_no_weights_is_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights must be finite"):
        found.effective(weights)


def test_copies_of_a_draw_count_once() -> None:
    table, _ = sample({"a": np.array([0.1, 0.7, 0.1, 0.1]), "b": np.array([0.2, 0.2, 0.2, 0.3])})
    once, weights = found.distinct(table, [1, 1, 1, 1])
    assert once.to_dict("list") == {"a": [0.1, 0.7, 0.1], "b": [0.2, 0.2, 0.3]}
    assert weights.tolist() == [0.5, 0.25, 0.25]


# --- identifiability ---------------------------------------------------------------------------


def identified(**columns: Floats) -> pd.DataFrame:
    shares, weights = sample(columns)
    priors = dict.fromkeys(columns, (25.0, 500.0, 975.0))
    return found.identifiability(shares, shares * 1000, weights, priors).set_index("path")


def test_a_sample_of_the_prior_stays_there() -> None:
    row = identified(a=grid(400)).loc["a"]
    assert row["verdict"] == "stays at the prior"
    assert row["contraction"] == pytest.approx(0, abs=1e-4)
    assert row["moved"] == pytest.approx(0.5 / 400)  # half of the step of the distribution function
    assert row["threshold"] == pytest.approx(1.358 / np.sqrt(400), rel=1e-3)
    assert [row[key] for key in ("low", "median", "high")] == pytest.approx([25, 500, 975], abs=2.6)
    assert [row[f"prior_{key}"] for key in ("low", "median", "high")] == [25, 500, 975]
    assert row["mean"] == pytest.approx(500)


def test_the_contraction_of_a_normal_posterior() -> None:
    """Its variance beside that of the uniform prior, 1/12."""
    rows = identified(
        sure=norm(0.4, 0.05).ppf(grid(2000)), less=norm(0.5, 0.2).ppf(grid(2000)), none=grid(2000)
    )
    assert rows["contraction"].to_dict() == pytest.approx(
        {"sure": 1 - 12 * 0.05**2, "less": 1 - 12 * 0.2**2, "none": 0}, abs=0.01
    )
    assert rows["verdict"].tolist() == ["identified", "narrowed", "stays at the prior"]


def test_the_contraction_of_a_beta_posterior_and_how_far_it_moved() -> None:
    """Of 2 successes in 3 trials: Beta(3, 2), with variance 6/150 and the distribution 4x³ - 3x⁴."""
    from scipy.stats import beta

    row = identified(a=beta(3, 2).ppf(grid(4000))).loc["a"]
    at = np.linspace(0, 1, 100_001)
    assert row["contraction"] == pytest.approx(1 - 12 * 6 / 150, abs=0.001)
    assert row["moved"] == pytest.approx(np.max(np.abs(4 * at**3 - 3 * at**4 - at)), abs=0.001)
    assert row["verdict"] == "narrowed"


def test_a_posterior_may_move_without_becoming_surer() -> None:
    ends = np.concatenate([grid(200) * 0.2, 0.8 + grid(200) * 0.2])
    row = identified(a=ends).loc["a"]
    assert row["verdict"] == "shifted"
    assert row["contraction"] < 0


@given(arrays(float, st.integers(1, 40), elements=st.floats(0, 1)))
def test_the_distance_from_the_prior_is_kolmogorovs(shares: Floats) -> None:
    expected = kolmogorov_test(shares, "uniform").statistic
    assert found.distance_from_prior(shares, np.ones(len(shares))) == pytest.approx(expected, abs=1e-9)


def test_samples_of_the_prior_are_called_moved_as_often_as_the_level_says() -> None:
    """5% of 400 parameters; the asymptotic point is a little strict. Standard error 1.1 points."""
    shares, weights = sample(
        dict(zip(map(str, range(400)), np.random.default_rng(3).random((400, 200)), strict=True))
    )
    priors = dict.fromkeys(shares, (0.025, 0.5, 0.975))
    moved = found.identifiability(shares, shares, weights, priors)["verdict"] != "stays at the prior"
    assert moved.mean() == pytest.approx(0.045, abs=0.033)


def test_copies_make_nobody_surer() -> None:
    some = np.random.default_rng(2).uniform(0.1, 1, 60)
    once, often = identified(a=some), identified(a=np.repeat(some, 50))
    assert once.loc["a", "threshold"] == pytest.approx(often.loc["a", "threshold"])
    assert once.loc["a", "verdict"] == often.loc["a", "verdict"]


def test_few_draws_identify_nothing() -> None:
    row = identified(a=np.array([0.4, 0.45])).loc["a"]
    assert row["contraction"] > 0.9
    assert row["verdict"] == "stays at the prior"


def test_weights_count_as_repetitions_but_for_the_sample_size() -> None:
    some, times = np.random.default_rng(4).random(50), np.arange(50) % 4 + 1
    values = pd.DataFrame({"a": some})
    weighted = found.identifiability(values, values, times, {"a": (0, 0, 0)}).iloc[0]
    repeated = pd.DataFrame({"a": np.repeat(some, times)})
    plain = found.identifiability(repeated, repeated, np.ones(len(repeated)), {"a": (0, 0, 0)}).iloc[0]
    for name in ("low", "median", "high", "mean", "contraction", "moved", "threshold"):
        assert weighted[name] == pytest.approx(plain[name])


# --- correlations and the centre ---------------------------------------------------------------


def copula(r: float, number: int = 4000, seed: int = 5) -> tuple[pd.DataFrame, Floats]:
    draws = multivariate_normal([0, 0], [[1, r], [r, 1]], seed=seed).rvs(number)
    return sample(dict(zip("ab", norm.cdf(draws).T, strict=True)))


@pytest.mark.parametrize("r", [-0.9, -0.4, 0.0, 0.6, 0.95])
def test_rank_correlations_of_a_normal_copula(r: float) -> None:
    """Spearman's is 6/π arcsin(r/2); standard error of 4000 draws at most 0.016."""
    table = found.correlations(*copula(r))
    assert table.loc["a", "b"] == pytest.approx(6 / np.pi * np.arcsin(r / 2), abs=0.05)
    assert table.loc["a", "b"] == table.loc["b", "a"]
    assert np.diag(table).tolist() == pytest.approx([1, 1])


@given(st.integers(0, 10_000))
def test_weighted_rank_correlations_are_those_of_repetitions(seed: int) -> None:
    random = np.random.default_rng(seed)
    table = pd.DataFrame(random.integers(0, 8, (20, 2)) / 8, columns=["a", "b"])
    times = random.integers(0, 4, 20) + (np.arange(20) == 0)
    repeated = table.loc[np.repeat(table.index, times)].reset_index(drop=True)
    expected = repeated.corr(method="spearman").loc["a", "b"]
    assert found.correlations(table, times).loc["a", "b"] == pytest.approx(expected, nan_ok=True)


def test_what_does_not_vary_has_no_correlation() -> None:
    table, weights = sample({"a": grid(10), "b": np.full(10, 0.3)})
    assert np.isnan(found.correlations(table, weights).loc["a", "b"])
    assert found.tied(found.correlations(table, weights)) == []


def test_tied_parameters_come_strongest_first() -> None:
    table = pd.DataFrame(
        [[1.0, 0.5, -0.9], [0.5, 1.0, 0.49], [-0.9, 0.49, 1.0]], index=list("abc"), columns=list("abc")
    )
    assert found.tied(table) == [("a", "c", -0.9), ("a", "b", 0.5)]
    assert found.tied(table, 0.6) == [("a", "c", -0.9)]


def test_the_centre_of_a_round_cloud_lies_in_its_middle() -> None:
    shares, weights = copula(0.6, 500)
    middle = found.centre(shares, weights)
    near = found.closeness(middle, shares, weights)
    assert middle.to_dict() == pytest.approx({"a": 0.5, "b": 0.5}, abs=0.06)
    assert near.distance < 0.2
    assert near.nearer < 0.02
    assert near.denser < 0.5
    assert np.linalg.norm(shares.iloc[near.draw] - middle) < 0.05


def test_the_centre_of_a_ring_lies_in_a_hole() -> None:
    turns = 2 * np.pi * grid(400)
    shares, weights = sample({"a": 0.5 + 0.4 * np.cos(turns), "b": 0.5 + 0.4 * np.sin(turns)})
    near = found.closeness(found.centre(shares, weights), shares, weights)
    assert near.nearer == 0
    assert near.denser == pytest.approx(1)


def test_mahalanobis_distance_heeds_correlation() -> None:
    shares, weights = copula(0.95, 2000)
    along, across = (found.closeness({"a": 0.8, "b": b}, shares, weights) for b in (0.8, 0.2))
    assert across.distance > 4 * along.distance
    assert across.nearer == pytest.approx(1)
    assert across.denser == pytest.approx(1)


def test_a_single_draw_is_its_own_centre() -> None:
    shares, weights = sample({"a": np.array([0.4]), "b": np.array([0.2])})
    assert found.closeness(found.centre(shares, weights), shares, weights) == Closeness(0, 0, 0, 0)


# --- bands -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cities", "bins"), [(20, 4), (50, 10), (97, 7)])
def test_the_band_of_a_histogram_holds_as_often_as_it_says(cities: int, bins: int) -> None:
    """Against simulated histograms, and no narrower tail would do. Standard error 0.15 points."""
    band = found.rank_band(cities, bins)
    counts = np.random.default_rng(6).multinomial(cities, np.full(bins, 1 / bins), 20_000)
    inside = band.holds(counts.astype(float)).all(axis=1).mean()
    exact = bands.probability(cities, (1 / bins,) * bins, band, cumulative=False)
    assert exact >= 0.95
    assert inside == pytest.approx(exact, abs=0.006)


def test_the_band_of_two_bins_is_the_binomial_one() -> None:
    band = found.rank_band(30, 2)
    inside = binom.cdf(band.high[0], 30, 0.5) - binom.cdf(band.low[0] - 1, 30, 0.5)
    narrower = binom.cdf(band.high[0] - 1, 30, 0.5) - binom.cdf(band.low[0], 30, 0.5)
    assert band.low.tolist() == [30 - high for high in band.high]
    assert inside >= 0.95 > narrower


def test_the_probability_of_three_bins_is_the_multinomial_one() -> None:
    chances, band = (
        (0.2, 0.5, 0.3),
        bands.CountBand(np.zeros(3), np.array([1.0, 2, 0]), np.array([4.0, 7, 3])),
    )
    whole = sum(
        multinomial.pmf([a, b, 9 - a - b], 9, chances)
        for a in range(1, 5)
        for b in range(2, 8)
        if 0 <= 9 - a - b <= 3
    )
    assert bands.probability(9, chances, band, cumulative=False) == pytest.approx(whole)


@pytest.mark.parametrize("cities", [10, 60, 200])
def test_the_band_of_the_distribution_function_holds_as_often_as_it_says(cities: int) -> None:
    band = found.ecdf_band(cities)
    places = len(band.low)
    counts = np.random.default_rng(7).multinomial(cities, np.full(places, 1 / places), 20_000)
    inside = band.holds(np.cumsum(counts, axis=1).astype(float)).all(axis=1).mean()
    exact = bands.probability(cities, (1 / places,) * places, band, cumulative=True)
    assert exact == pytest.approx(0.95, abs=0.03)
    assert exact >= 0.95
    assert inside == pytest.approx(exact, abs=0.006)
    assert band.low[-1] == band.high[-1] == cities


def test_a_higher_level_widens_the_band() -> None:
    narrow, wide = (found.rank_band(100, 10, level) for level in (0.5, 0.99))
    assert np.all(wide.low <= narrow.low)
    assert np.all(wide.high >= narrow.high)
    assert np.any(wide.high > narrow.high)


def test_bins_that_hold_more_ranks_are_expected_to_be_higher() -> None:
    """Ten ranks in four bins: 3, 2, 3, 2."""
    assert found.counted(np.arange(10), 9, 4).tolist() == [3, 2, 3, 2]
    assert found.rank_band(100, 4, draws=9).expected.tolist() == pytest.approx([30, 20, 30, 20])


@given(st.integers(1, 60), st.integers(1, 20))
def test_every_rank_lies_in_one_bin(draws: int, bins: int) -> None:
    counts = found.counted(np.arange(draws + 1), draws, bins)
    assert counts.sum() == draws + 1
    assert counts.max() - counts.min() <= 1


def test_probabilities_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match="add up to 1"):
        bands.histogram_band(10, np.array([0.5, 0.4]))


# --- synthetic cities --------------------------------------------------------------------------

CITIES, DRAWS, TRIALS = 200, 99, 20


def conjugate(seed: int = 8) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Cities with known shares of success, and draws from Beta posteriors: one right, the others wrong."""
    random = np.random.default_rng(seed)
    right = random.random(CITIES)
    hits = random.binomial(TRIALS, right)
    good, bad = 1 + hits, 1 + TRIALS - hits

    def drawn(a: Floats, b: Floats) -> Floats:
        return random.beta(a[:, None], b[:, None], (CITIES, DRAWS))

    wrong = {
        "right": drawn(good, bad),
        "narrow": drawn(good * 4.0, bad * 4.0),
        "wide": drawn(good / 4, bad / 4),
        "high": drawn(good + 4, bad),
        "low": drawn(good, bad + 4),
        "prior": random.random((CITIES, DRAWS)),
    }
    tables = [pd.DataFrame({name: values[city] for name, values in wrong.items()}) for city in range(CITIES)]
    return pd.DataFrame(dict.fromkeys(wrong, right)), tables


@pytest.fixture(scope="module")
def cities() -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    return conjugate()


def test_ranks_count_the_draws_below_the_truth() -> None:
    truths = pd.DataFrame({"a": [0.5, 0.0], "b": [1.0, 0.25]})
    draws = [pd.DataFrame({"b": [0.1, 0.2, 0.3], "a": [0.4, 0.6, 0.2]})] * 2
    assert found.ranks(truths, draws).to_dict("list") == {"a": [2, 0], "b": [3, 2]}


def test_ranks_need_a_table_of_draws_a_city() -> None:
    truths, table = pd.DataFrame({"a": [0.5, 0.1]}), pd.DataFrame({"a": [0.4, 0.6]})
    for draws in ([table], [table, table.iloc[:1]]):
        with pytest.raises(ValueError, match="each city needs a table"):
            found.ranks(truths, draws)


def test_draws_from_the_right_posterior_have_uniform_ranks_and_others_have_not(
    cities: tuple[pd.DataFrame, list[pd.DataFrame]],
) -> None:
    table = found.uniform(found.ranks(*cities), DRAWS).set_index("parameter")
    assert table["verdict"].to_dict() == {
        "right": "uniform",
        "narrow": "too narrow",
        "wide": "too wide",
        "high": "too high",
        "low": "too low",
        "prior": "uniform",  # the prior is calibrated, too: it only tells nothing
    }
    assert table.loc["right", "outside"] == 0
    assert bool(table.loc["right", "follows"])
    assert set(table["cities"]) == {CITIES}


def test_right_posteriors_pass_as_often_as_the_level_says() -> None:
    """Of 300 parameters with uniform ranks; the bands are exact or wide, so at least 95% less 2.5 errors."""
    table = pd.DataFrame(np.random.default_rng(9).integers(0, DRAWS + 1, (60, 300)))
    passed = (found.uniform(table, DRAWS)["verdict"] == "uniform").mean()
    assert 0.95 - 2.5 * np.sqrt(0.95 * 0.05 / 300) <= passed < 1


def test_intervals_of_the_right_posterior_cover_what_they_should(
    cities: tuple[pd.DataFrame, list[pd.DataFrame]],
) -> None:
    table = found.coverage(*cities, (0.5, 0.9)).set_index(["parameter", "level"])
    for level in (0.5, 0.9):
        row, error = table.loc[("right", level)], np.sqrt(level * (1 - level) / CITIES)
        assert row["covered"] == pytest.approx(level, abs=2.6 * error)
        assert row["low"] < row["covered"] < row["high"]
    assert table.loc[("narrow", 0.9), "high"] < 0.9
    assert table.loc[("wide", 0.5), "low"] > 0.5


def test_medians_recover_what_can_be_recovered(cities: tuple[pd.DataFrame, list[pd.DataFrame]]) -> None:
    """The error of the posterior mean is the root of the mean posterior variance, 1 / (6 (n + 2))."""
    table = found.recovery(*cities).set_index("parameter")
    assert table.loc["right", "error"] == pytest.approx(np.sqrt(1 / 6 / (TRIALS + 2)), rel=0.15)
    assert table.loc["right", "correlation"] > 0.9
    assert table.loc["right", "prior_error"] == pytest.approx(np.sqrt(1 / 12), rel=0.1)
    assert table.loc["right", "gain"] == pytest.approx(1 - np.sqrt(12 / 6 / (TRIALS + 2)), abs=0.07)
    assert table.loc["prior", "correlation"] == pytest.approx(0, abs=0.2)
    assert table.loc["prior", "gain"] == pytest.approx(0, abs=0.05)


def test_one_city_has_no_correlation() -> None:
    truths, draws = pd.DataFrame({"a": [0.5]}), [pd.DataFrame({"a": [0.4, 0.6]})]
    row = found.recovery(truths, draws).iloc[0]
    assert np.isnan(row["correlation"])
    assert np.isnan(row["gain"])
    assert len(found.coverage(truths, draws)) == 3


def test_no_city_tells_nothing() -> None:
    table = found.coverage(pd.DataFrame({"a": []}, dtype=float), [], (0.5,))
    assert table[["cities", "low", "high"]].to_numpy().tolist() == [[0, 0, 1]]

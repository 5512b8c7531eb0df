from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import sensitivity
from analysis.sensitivity import Factor, Found, Plan, analysed, filled
from analysis.tables import Floats
from experiments import design

# --- models with known answers ------------------------------------------------------------------

#: Ishigami and Homma's function with a = 7, b = 0.1: first-order and total indices (Saltelli and others 2008)
ISHIGAMI = {"first": [0.3139, 0.4424, 0.0], "total": [0.5576, 0.4424, 0.2437]}
G = np.array([0.0, 1.0, 4.5, 9.0])


def ishigami(unit: Floats) -> Floats:
    x = np.pi * (2 * unit - 1)
    return np.asarray(np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0]))


def g_function(unit: Floats) -> Floats:
    return np.asarray(np.prod((np.abs(4 * unit - 2) + G) / (1 + G), axis=1))


def g_indices() -> dict[str, Floats]:
    """Analytic: each factor's own variance is 1 / (3 (1 + a)²), and factors multiply."""
    own = 1 / (3 * (1 + G) ** 2)
    whole = np.prod(1 + own) - 1
    total = [own[i] * np.prod(1 + np.delete(own, i)) / whole for i in range(len(G))]
    return {"first": own / whole, "total": np.array(total)}


def saltelli(bases: int, factors: int, seed: int = 1, levers: tuple[str, ...] = ("",)) -> Plan:
    values = design.saltelli(bases, factors, seed)
    return Plan("sobol", tuple(Factor(f"x{i + 1}") for i in range(factors)), values, levers)


def of(found: Found, statistic: str, of: str = "mean") -> pd.DataFrame:
    table = found.indices
    return table[(table["of"] == of) & (table["statistic"] == statistic)].set_index("factor")


def values(found: Found, statistic: str, target: str = "mean") -> list[float]:
    return list(of(found, statistic, target)["value"])


# --- Sobol's indices ----------------------------------------------------------------------------


@pytest.mark.parametrize("statistic", ["first", "total"])
def test_indices_of_ishigamis_function(statistic: str) -> None:
    plan = saltelli(1024, 3)
    found = analysed(plan, ishigami(plan.values)[None, :, None])
    assert values(found, statistic) == pytest.approx(ISHIGAMI[statistic], abs=0.03)
    table = of(found, statistic)
    assert ((table["low"] <= ISHIGAMI[statistic]) & (ISHIGAMI[statistic] <= table["high"])).all()


@pytest.mark.parametrize("statistic", ["first", "total"])
def test_indices_of_the_g_function(statistic: str) -> None:
    plan = saltelli(1024, 4)
    found = analysed(plan, g_function(plan.values)[None, :, None])
    assert values(found, statistic) == pytest.approx(g_indices()[statistic], abs=0.03)


def test_indices_are_those_of_salib_from_one_replication() -> None:
    from SALib.analyze import sobol

    plan = saltelli(256, 3)
    outcome = ishigami(plan.values)
    problem = {"num_vars": 3, "names": list("abc"), "bounds": [[0, 1]] * 3}
    theirs = sobol.analyze(problem, outcome, calc_second_order=False, seed=1)
    ours = analysed(plan, outcome[None, :, None])
    assert values(ours, "total") == pytest.approx(list(theirs["ST"]), abs=1e-9)
    assert values(ours, "first") == pytest.approx(list(theirs["S1"]), abs=0.02)  # centred otherwise


def noisy(plan: Plan, replications: int, sd: float, *, shared: bool) -> Floats:
    """Ishigami's function with luck: drawn anew at each point, or the same at all points of a seed."""
    rng, truth = np.random.default_rng(5), ishigami(plan.values)
    if shared:  # luck interacts with the first factor, as common random numbers do
        tilt = rng.normal(0, sd, replications)
        luck = tilt[None, :] * (1 + 2 * (plan.values[:, [0]] - 0.5)) / np.sqrt(4 / 3)
    else:
        luck = rng.normal(0, sd, (len(truth), replications))
    return np.asarray((truth[:, None] + luck)[None])


@pytest.mark.parametrize("replications", [2, 6])
def test_luck_is_taken_out_of_the_indices_of_the_mean(replications: int) -> None:
    plan = saltelli(1024, 3)
    runs = noisy(plan, replications, 3.0, shared=False)
    found = analysed(plan, runs)
    assert values(found, "total") == pytest.approx(ISHIGAMI["total"], abs=0.06)
    assert values(found, "first") == pytest.approx(ISHIGAMI["first"], abs=0.35 / replications**0.5)
    naive = analysed(plan, runs.mean(axis=2, keepdims=True))
    assert values(naive, "total")[2] > ISHIGAMI["total"][2] + 0.08  # luck passes for an effect


def test_luck_that_points_share_is_taken_out_too() -> None:
    plan = saltelli(1024, 3)
    found = analysed(plan, noisy(plan, 8, 3.0, shared=True))
    assert values(found, "total") == pytest.approx(ISHIGAMI["total"], abs=0.1)


@pytest.mark.parametrize("shared", [False, True])
def test_the_share_of_luck_is_right(shared: bool) -> None:
    """Variance of Ishigami's function: 13.84; of luck: 9."""
    plan = saltelli(512, 3)
    luck = analysed(plan, noisy(plan, 20, 3.0, shared=shared)).luck
    assert luck.low <= 9 / (13.84 + 9) <= luck.high
    assert luck.share == pytest.approx(9 / (13.84 + 9), abs=0.03 if not shared else 0.2)


def test_what_makes_noise_is_told_apart_from_what_moves_the_mean() -> None:
    plan = saltelli(256, 3)
    truth, spread = 3 * plan.values[:, [0]], 0.2 + 2 * plan.values[:, [1]]
    luck = np.random.default_rng(2).normal(size=(len(truth), 20))
    found = analysed(plan, (truth + spread * luck)[None])
    assert values(found, "first") == pytest.approx([1, 0, 0], abs=0.25)
    assert values(found, "total", "noise") == pytest.approx([0, 1, 0], abs=0.12)
    assert found.ranked["factor"].iloc[0] == "x1"


def test_small_numbers_are_no_zeros() -> None:
    """SALib takes a variance below 2e-16 for none."""
    plan = saltelli(256, 3)
    found = analysed(plan, 1e-12 * ishigami(plan.values)[None, :, None])
    assert values(found, "total") == pytest.approx(ISHIGAMI["total"], abs=0.05)


def test_the_lever_is_a_factor_when_there_are_several() -> None:
    """y = x1 + lever + x2 * lever, the lever -1 or 1: variances 1/12 + 5/4 ... by hand."""
    plan = saltelli(1024, 2, levers=("a", "b"))
    lever = np.array([-1.0, 1.0])[:, None]
    x1, x2 = plan.values.T
    runs = (x1 + lever + x2 * lever)[..., None]
    # f = x1 + lever (1 + x2): V(x1) = 1/12, V(lever) = 1.5², V(x2) = 0, V(x2, lever) = 1/12
    whole = 1 / 12 + 2.25 + 1 / 12
    found = analysed(plan, runs)
    assert list(of(found, "first").index) == ["x1", "x2", "lever"]
    assert values(found, "first") == pytest.approx([1 / 12 / whole, 0, 2.25 / whole], abs=0.02)
    assert values(found, "total") == pytest.approx(
        [1 / 12 / whole, 1 / 12 / whole, (2.25 + 1 / 12) / whole], abs=0.02
    )


def test_nothing_but_luck_has_no_indices() -> None:
    plan = saltelli(64, 3)
    runs = np.random.default_rng(1).normal(size=(1, len(plan.values), 4))
    found = analysed(plan, runs)
    assert np.isnan(values(found, "total")).all()
    assert found.clear.empty
    assert found.luck.high > 0.97


def test_a_constant_outcome_has_no_indices_and_no_warning() -> None:
    for plan in (saltelli(16, 2), trajectories(8, 2), sample(60, 2)):
        found = analysed(plan, np.ones((1, len(plan.values), 3)))
        assert found.ranked["value"].isna().all()


def test_intervals_hold_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    """In 40 noisy studies of 64 base points, at three factors."""
    monkeypatch.setattr(sensitivity, "RESAMPLES", 60)
    held = []
    for seed in range(40):
        plan = saltelli(64, 3, seed)
        runs = ishigami(plan.values)[:, None] + np.random.default_rng(seed).normal(0, 2, (320, 3))
        for index in sensitivity._indices(plan, runs[None]):
            truth = ISHIGAMI[index.statistic][int(index.factor[1]) - 1]
            held.append(index.low <= truth <= index.high)
    assert np.mean(held) > 0.93


# --- elementary effects -------------------------------------------------------------------------


def trajectories(number: int, factors: int, seed: int = 1, levers: tuple[str, ...] = ("",)) -> Plan:
    units = np.array(list(design.morris(number, factors, 4, seed)))
    names = tuple(Factor(f"x{i + 1}") for i in range(factors))
    return Plan("morris", names, units, levers, units, 4)


def test_elementary_effects_of_a_line_are_its_slopes() -> None:
    plan = trajectories(10, 3)
    found = analysed(plan, (plan.values @ [3.0, -1.0, 0.0])[None, :, None])
    assert values(found, "mu_star") == pytest.approx([3, 1, 0])
    assert values(found, "mu") == pytest.approx([3, -1, 0])
    assert values(found, "sigma") == pytest.approx([0, 0, 0], abs=1e-9)
    assert list(found.clear["factor"]) == ["x1", "x2"]


def test_the_effect_of_a_choice_is_the_difference_between_its_values() -> None:
    plan = trajectories(10, 2)
    choice = (plan.units[:, 1] > 0.5).astype(float)  # type: ignore[index]
    values_ = np.column_stack([plan.values[:, 0], choice])
    switch = Plan("morris", (Factor("x1"), Factor("x2", ("no", "yes"))), values_, ("",), plan.units, 4)
    found = analysed(switch, (values_ @ [2.0, 5.0])[None, :, None])
    assert values(found, "mu_star") == pytest.approx([2, 5])


def test_a_curve_and_an_interaction_show_in_sigma() -> None:
    plan = trajectories(20, 3)
    x1, x2, x3 = plan.values.T
    found = analysed(plan, (x1 * x2 + x3)[None, :, None])
    assert values(found, "sigma")[0] > 0.2
    assert values(found, "sigma")[2] == pytest.approx(0, abs=1e-9)


def test_luck_alone_makes_elementary_effects_of_the_size_that_is_told() -> None:
    plan = trajectories(200, 2)
    runs = np.random.default_rng(3).normal(0, 1.0, (1, len(plan.values), 5))
    runs[0] += 4 * plan.values[:, [0]]
    table = of(analysed(plan, runs), "mu_star")
    assert table.loc["x2", "value"] == pytest.approx(table.loc["x2", "luck"], rel=0.1)
    assert list(analysed(plan, runs).clear["factor"]) == ["x1"]


def test_levers_have_an_elementary_effect() -> None:
    plan = trajectories(10, 2, levers=("a", "b"))
    runs = (plan.values @ [1.0, 0.0] + np.array([0.0, 7.0])[:, None])[..., None]
    assert values(analysed(plan, runs), "mu_star") == pytest.approx([1, 0, 7])


# --- PAWN ---------------------------------------------------------------------------------------


def sample(points: int, factors: int, seed: int = 1) -> Plan:
    return Plan("pawn", tuple(Factor(f"x{i + 1}") for i in range(factors)), design.lhs(points, factors, seed))


def test_pawn_orders_factors_of_a_skewed_outcome() -> None:
    plan = sample(2048, 4)
    outcome = np.exp(plan.values @ [4.0, 2.0, 1.0, 0.0])
    found = analysed(plan, outcome[None, :, None])
    assert list(found.ranked["factor"]) == ["x1", "x2", "x3", "x4"]
    assert {"x1", "x2"} == set(found.clear["factor"])


def test_pawn_is_that_of_salib_but_for_the_largest_value() -> None:
    from SALib.analyze import pawn

    plan = sample(400, 3)
    outcome = ishigami(plan.values)
    problem = {"num_vars": 3, "names": list("abc"), "bounds": [[0, 1]] * 3}
    theirs = pawn.analyze(problem, plan.values, outcome, S=10)
    ours = analysed(plan, outcome[None, :, None])
    assert values(ours, "median") == pytest.approx(list(theirs["median"]), abs=0.02)
    assert values(ours, "maximum") == pytest.approx(list(theirs["maximum"]), abs=0.03)


def test_pawn_looks_at_both_halves_of_a_switch() -> None:
    """SALib's slices never hold the larger value."""
    switch = np.arange(100.0) % 2
    labels = sensitivity.sliced(switch, 10)
    assert set(labels) == {0, 1}
    assert sensitivity.distances(labels, switch) == pytest.approx([0.5, 0.5])


@given(st.lists(st.integers(0, 9), min_size=40, max_size=80), st.integers(0, 1000))
def test_distances_are_those_of_kolmogorov_and_smirnov(outcome: list[int], seed: int) -> None:
    from scipy.stats import ks_2samp

    outcomes = np.array(outcome, dtype=float)
    labels = np.random.default_rng(seed).integers(0, 3, len(outcomes))
    ours = sensitivity.distances(labels, outcomes)
    theirs = [
        ks_2samp(outcomes[labels == label], outcomes, method="asymp").statistic for label in np.unique(labels)
    ]
    assert ours == pytest.approx(theirs, abs=1e-12)


# --- gaps, convergence, tornado -----------------------------------------------------------------


def test_a_missing_value_is_refused() -> None:
    for plan in (saltelli(16, 2), trajectories(8, 2), sample(60, 2)):
        runs = np.ones((1, len(plan.values), 2))
        runs[0, 3, 1] = np.nan
        with pytest.raises(ValueError, match=r"1 of .* values are missing"):
            analysed(plan, runs)


def test_too_few_points_are_refused() -> None:
    for plan in (saltelli(4, 2), trajectories(2, 2), sample(20, 2)):
        with pytest.raises(ValueError, match="too few"):
            analysed(plan, np.ones((1, len(plan.values), 2)))


def test_means_take_the_place_of_what_is_missing() -> None:
    runs = np.array([[[1.0, 3.0, np.nan], [np.nan, np.inf, np.nan], [5.0, 5.0, 5.0]]])
    found = filled(runs)
    assert (found.missing, found.points) == (4, 3)
    assert found.runs[0, 0, 2] == 2
    assert found.runs[0, 1] == pytest.approx(np.full(3, 19 / 5))
    with pytest.raises(ValueError, match="no value"):
        filled(np.full((2, 3, 1), np.nan))


@pytest.mark.parametrize("plan", [saltelli(256, 3), trajectories(64, 3), sample(480, 3)])
def test_convergence_ends_at_the_indices_and_gets_narrower(plan: Plan) -> None:
    found = analysed(plan, ishigami(plan.values)[None, :, None])
    table = found.convergence
    last = table[table["bases"] == table["bases"].max()].set_index("factor")["value"]
    assert last.to_dict() == found.ranked.set_index("factor")["value"].to_dict()
    width = (table["high"] - table["low"]).groupby(table["bases"]).mean()
    assert len(width) >= 4
    assert width.iloc[-1] < 0.6 * width.iloc[0]


def test_a_tornado_shows_the_ends_of_each_factor() -> None:
    x = design.lhs(200, 2, 1)
    plan = Plan(
        "pawn", (Factor("x1"), Factor("x2", ("no", "yes"))), np.column_stack([x[:, 0], x[:, 1] > 0.5])
    )
    table = analysed(plan, (plan.values @ [10.0, 4.0])[None, :, None]).tornado.set_index(
        ["factor", "setting"]
    )
    assert list(table.loc["x2"].index) == ["no", "yes"]
    ends = table.loc[["x1"]].sort_values("end")
    assert ends["value"].tolist() == pytest.approx([3, 11], abs=0.7)
    assert ((ends["low"] < ends["value"]) & (ends["high"] > ends["value"])).all()
    assert ends["points"].tolist() == [40, 40]


def test_a_tornado_of_trajectories_shows_half_of_each_effect() -> None:
    plan = trajectories(10, 2)
    table = analysed(plan, (plan.values @ [6.0, -2.0])[None, :, None]).tornado.set_index(["factor", "end"])
    middle = float((plan.values @ [6.0, -2.0]).mean())
    assert table["value"].tolist() == pytest.approx([middle - 3, middle + 3, middle + 1, middle - 1])
    assert table["low"].tolist() == pytest.approx(table["value"].tolist())
    assert table["setting"].tolist() == ["0", "1", "0", "1"]


def test_results_do_not_depend_on_the_hour() -> None:
    for plan in (saltelli(16, 2), trajectories(8, 2), sample(60, 2)):
        runs = np.random.default_rng(1).normal(size=(1, len(plan.values), 4)) + plan.values[:, [0]] * 9
        one, other = analysed(plan, runs), analysed(plan, runs)
        pd.testing.assert_frame_equal(one.indices, other.indices)
        pd.testing.assert_frame_equal(one.convergence, other.convergence)

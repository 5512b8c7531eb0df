from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import discovery
from analysis.discovery import Box, Cases, Dimension, Search, cart, prim
from analysis.tables import Floats
from experiments.conditions import Condition, Name, parsed
from experiments.design import lhs
from sim.errors import InputError


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "SHUFFLES", 39)
    monkeypatch.setattr(discovery, "HALVES", 12)


# --- planted boxes ------------------------------------------------------------------------------


def cases(points: int, wins: object, dimensions: int = 5, seed: int = 1) -> Cases:
    """Points of a Latin hypercube; ``wins`` says of each whether, or how often, it succeeds."""
    assert callable(wins)
    values = lhs(points, dimensions, seed)
    names = tuple(Dimension(f"x{place + 1}") for place in range(dimensions))
    return Cases(names, values, np.asarray(wins(values), dtype=float))


def corner(x: Floats) -> Floats:
    """A fifth of the space: x1 above 0.6, x2 below 0.5."""
    return np.asarray((x[:, 0] > 0.6) & (x[:, 1] < 0.5))


def ends(box: Box) -> dict[tuple[str, str], float]:
    return {(each.dimension, each.side): each.value for each in box.restrictions}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_planted_box_is_found_with_its_ends(seed: int) -> None:
    """Ends to 0.03, a slice of 5% of what is left; nothing else is restricted."""
    (box, *_) = prim(cases(500, corner, seed=seed), Search(boxes=1)).boxes
    assert ends(box) == pytest.approx({("x1", "above"): 0.6, ("x2", "below"): 0.5}, abs=0.03)
    assert box.coverage > 0.95
    assert box.density > 0.93
    assert box.p <= 1 / 40
    assert all(each.quasi_p < 1e-6 and each.recurs > 0.9 for each in box.restrictions)


def test_a_planted_box_is_found_behind_luck() -> None:
    """Inside 9 of 10 runs succeed, outside 1 of 5; ten runs a point."""
    rng = np.random.default_rng(4)
    noisy = cases(500, lambda x: rng.binomial(10, np.where(corner(x), 0.9, 0.2)) / 10)
    (box, *_) = prim(noisy, Search(boxes=1)).boxes
    assert ends(box) == pytest.approx({("x1", "above"): 0.6, ("x2", "below"): 0.5}, abs=0.06)
    assert box.density == pytest.approx(0.9, abs=0.05)


def test_two_boxes_are_found_one_after_the_other() -> None:
    both = cases(800, lambda x: corner(x) | ((x[:, 2] < 0.25) & (x[:, 0] < 0.4)), 4)
    found = prim(both)
    assert len(found.boxes) == 2
    described = [{name for name, _ in ends(box)} for box in found.boxes]
    assert {"x1", "x2"} in described
    assert {"x1", "x3"} in described
    assert sum(box.coverage for box in found.boxes) > 0.85
    assert set(found.trajectory["box"]) >= {1, 2}


def test_choices_and_whole_numbers_are_restricted_too() -> None:
    values = lhs(400, 3, 1)
    values[:, 1] = np.floor(values[:, 1] * 26) + 5
    values[:, 2] = np.floor(values[:, 2] * 3)
    wins = ((values[:, 1] <= 12) & (values[:, 2] != 1)).astype(float)
    names = (Dimension("x"), Dimension("staff", whole=True), Dimension("rule", ("a", "b", "c")))
    (box, *_) = prim(Cases(names, values, wins)).boxes
    sides = {each.dimension: each for each in box.restrictions}
    assert set(sides) == {"staff", "rule"}
    assert (sides["staff"].side, sides["staff"].value) == ("below", 12)
    assert sides["rule"].choices == ("a", "c")
    assert (box.coverage, box.density) == (1, 1)


@pytest.mark.parametrize("seed", range(8))
def test_pure_noise_gives_no_box(seed: int) -> None:
    rng = np.random.default_rng(seed + 50)
    noise = cases(300, lambda x: rng.random(len(x)) < 0.3, seed=seed)
    found = prim(noise)
    assert found.boxes == ()
    assert found.rejected is not None
    assert cart(noise) == []


def test_a_wanted_density_is_reached_at_the_price_of_coverage() -> None:
    sloped = cases(600, lambda x: np.random.default_rng(1).random(len(x)) < x[:, 0], 3)
    (dense,) = prim(sloped, Search(density=0.9, boxes=1)).boxes
    (balanced, *_) = prim(sloped, Search(boxes=1)).boxes or (None,)
    assert dense.density >= 0.9
    assert balanced is None or balanced.coverage > dense.coverage


@given(st.integers(0, 2**32), st.sampled_from([0.02, 0.05, 0.2]))
def test_every_peel_is_smaller_and_what_is_said_of_a_box_is_true(seed: int, alpha: float) -> None:
    rng = np.random.default_rng(seed)
    values = np.column_stack([rng.random(60), rng.integers(0, 4, 60), rng.integers(0, 3, 60)])
    names = (Dimension("x"), Dimension("n", whole=True), Dimension("c", ("a", "b", "c")))
    some = Cases(names, values, rng.integers(0, 2, 60).astype(float))
    path = discovery.peeled(some, Search(alpha=alpha))
    sizes = [int(region.holds(some).sum()) for region in path]
    assert sizes[0] == 60
    assert all(later < before for before, later in pairwise(sizes))
    assert sizes[-1] >= discovery.LEAST


def test_what_is_said_of_a_box_is_true() -> None:
    some = cases(300, corner)
    found = prim(some, Search(boxes=1))
    (box,), (region,) = found.boxes, found.regions
    inside = region.holds(some)
    assert box.cases == inside.sum()
    assert box.density == some.wins[inside].mean()
    assert box.coverage == some.wins[inside].sum() / some.wins.sum()
    chosen = found.trajectory[found.trajectory["chosen"]]
    assert len(chosen) == 1
    assert found.trajectory.iloc[0][["coverage", "mass"]].tolist() == [1, 1]


def test_quasi_p_values_are_those_of_the_binomial_distribution() -> None:
    """20 cases; 10 lie above 0.5, 8 of them succeed; 10 of all succeed: P(B(10, 1/2) >= 8) = 56/1024."""
    values = (np.arange(20.0) / 20 + 0.025)[:, None]
    wins = np.zeros(20)
    wins[[2, 4, *range(10, 18)]] = 1
    some = Cases((Dimension("x"),), values, wins)
    region = discovery.whole(some).with_(0, "above", 0.5)
    assert discovery.quasi_p(some, region, 0, "above") == pytest.approx(56 / 1024)


@pytest.mark.parametrize(
    ("wins", "told"),
    [(np.zeros(40), "in no case"), (np.ones(40), "in all cases"), (np.full(40, np.nan), "missing")],
)
def test_nothing_to_tell_apart_is_refused(wins: Floats, told: str) -> None:
    some = Cases((Dimension("x"),), lhs(40, 1, 1), wins)
    for method in (prim, cart):
        with pytest.raises(ValueError, match=told):
            method(some)
    with pytest.raises(ValueError, match="too few"):
        prim(some.of(np.arange(10)))


def test_the_same_cases_give_the_same_boxes() -> None:
    one, other = (prim(cases(200, corner)) for _ in range(2))
    assert one.boxes == other.boxes
    assert one.trajectory.equals(other.trajectory)


# --- CART ---------------------------------------------------------------------------------------


def test_a_tree_finds_the_planted_box() -> None:
    ((box, region), *_) = cart(cases(500, corner))
    assert ends(box) == pytest.approx({("x1", "above"): 0.6, ("x2", "below"): 0.5}, abs=0.03)
    assert box.density > 0.95
    assert int(region.holds(cases(500, corner)).sum()) == box.cases


def test_a_tree_takes_choices_and_shares_of_successes() -> None:
    values = np.column_stack([lhs(300, 1, 1)[:, 0], np.arange(300) % 3])
    wins = np.where(values[:, 1] == 2, 0.9, 0.1)
    names = (Dimension("x"), Dimension("rule", ("a", "b", "c")))
    ((box, _),) = cart(Cases(names, values, wins))
    assert [(each.dimension, each.choices) for each in box.restrictions] == [("rule", ("c",))]
    assert box.density == pytest.approx(0.9)


# --- expressions --------------------------------------------------------------------------------

LEVERS = ["problem_led", "bottom_up", "my-city"]
OUTCOMES = ["value_delivered", "needs_solved"]
TABLE = {
    Name("", "value_delivered"): np.array([50.0, 150.0, 100.0]),
    Name("", "needs_solved"): np.array([1.0, 2.0, 3.0]),
    Name("problem_led", "value_delivered"): np.array([1.0, 2.0, 3.0]),
    Name("bottom_up", "value_delivered"): np.array([3.0, 2.0, 1.0]),
    Name("my-city", "needs_solved"): np.array([0.0, 5.0, 5.0]),
}


def condition(text: str) -> Condition:
    return parsed(text, LEVERS, OUTCOMES)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("value_delivered > 100", [0, 1, 0]),
        ("value_delivered >= 100 and not needs_solved == 2", [0, 0, 1]),
        ("problem_led.value_delivered > bottom_up.value_delivered", [0, 0, 1]),
        ("problem_led.value_delivered / bottom_up.value_delivered - 1 >= 0", [0, 1, 1]),
        ("60 < value_delivered < 120 or needs_solved < 2", [1, 0, 1]),
        ("-needs_solved < -1.5", [0, 1, 1]),
        ("max(needs_solved, 2, 1) * 2 == 4", [1, 1, 0]),
        ("abs(needs_solved - 2) < 0.5", [0, 1, 0]),
        ('lever["my-city"].needs_solved > 1', [0, 1, 1]),
        ("(problem_led.value_delivered + 1) * 2 != 6 ", [1, 0, 1]),
    ],
)
def test_expressions_mean_what_they_say(text: str, holds: list[int]) -> None:
    assert condition(text).holds(TABLE.__getitem__).tolist() == [bool(each) for each in holds]


def test_an_expression_compares_levers_where_all_its_names_are_of_some() -> None:
    assert condition("problem_led.value_delivered > bottom_up.value_delivered").compares
    assert not condition("problem_led.value_delivered > value_delivered").compares
    assert condition("value_delivered > 1 and value_delivered < 3").names == (Name("", "value_delivered"),)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("value_delivered > 1 1", "is no expression at character"),
        ("", "is no expression"),
        ("value_delivered", "is no condition"),
        ("value_delivered + 1", "is no condition"),
        ("1 < 2", "names no outcome"),
        ("value_deliverd > 1", r"unknown outcome 'value_deliverd' \(did you mean 'value_delivered'"),
        ("problem_let.needs_solved > 1", r"unknown lever 'problem_let' \(did you mean 'problem_led'"),
        ("__import__('os').system('ls') > 1", "cannot stand there"),
        ("(lambda: 1)() > needs_solved", "cannot stand there"),
        ("needs_solved ** 99999999 > 1", "cannot stand there"),
        ("needs_solved > 'a'", "cannot stand there"),
        ("needs_solved > True", "cannot stand there"),
        ("problem_led.__class__ > 1", "unknown outcome '__class__'"),
        ("problem_led.needs_solved.real > 1", "cannot stand there"),
        ("(needs_solved > 1) + 1 > 1", "cannot stand there"),
        ("needs_solved > 1 and value_delivered", "is no condition"),
        ("max(needs_solved) > 1", "cannot stand there"),
        ("abs(needs_solved, 1) > 1", "cannot stand there"),
        ("[x for x in needs_solved] == 1", "cannot stand there"),
        ("needs_solved if 1 else 2", "is no condition"),
        ("(y := needs_solved) > 1", "cannot stand there"),
        ("needs_solved in value_delivered", "cannot stand there"),
        (" and ".join(["needs_solved > 1"] * 200), "parts; at most"),
        ("(" * 500 + "1" + ")" * 500 + " > needs_solved", "is no expression"),
    ],
)
def test_what_is_no_such_expression_is_refused(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as error:
        condition(text)
    assert error.value.key == "--success"


@given(st.text(max_size=30))
def test_whatever_is_written_there_is_a_line_or_a_condition(text: str) -> None:
    with suppress(InputError):
        condition(text)

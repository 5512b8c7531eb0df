"""Luck by address: published vectors, uniformity, independence, moments.

Every statistical test draws at fixed addresses, so it gives the same answer each time. A correct
generator with other addresses would fail one of them with probability ``LEVEL``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from itertools import product, takewhile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.luck import Concern, Luck, address, splitmix64

LEVEL = 1e-4
DRAWS = 20_000
MASK = 2**64 - 1
ONE, TWO = Luck(1), Luck(2)
PAGE = (Path(__file__).parent.parent / "docs" / "luck.md").read_text(encoding="utf-8")

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
any_int = st.integers(-(2**70), 2**70)
concerns = st.sampled_from(Concern)
ALL = tuple(Concern)
SOME = (Concern.NEEDS_AT_START, Concern.TASK, Concern.DECISION, Concern.NEARBY)


def table(heading: str) -> list[list[str]]:
    """The rows of the table that follows a heading of the published page."""
    lines = PAGE.split(heading, 1)[1].partition("\n\n")[2].splitlines()
    rows = takewhile(lambda line: line.startswith("|"), lines[2:])
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in rows]


# published vectors


def test_splitmix64_gives_the_published_outputs() -> None:
    published = [int(cell) for (cell,) in table("SplitMix64 itself")]
    assert published == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    states = [(1234567 + turn * 0x9E3779B97F4A7C15) & MASK for turn in range(5)]
    assert [splitmix64(state) for state in states] == published


@pytest.mark.parametrize(("first", "second", "expected"), table("Addresses:"))
def test_published_addresses(first: str, second: str, expected: str) -> None:
    assert address(int(first), int(second)) == int(expected)


@pytest.mark.parametrize("row", table("Draws:"), ids=lambda row: " ".join(row[:4]))
def test_published_draws(row: list[str]) -> None:
    seed, concern, entity, occasion, uniform, normal, wait = row
    luck, place = Luck(int(seed)), (Concern[concern], int(entity), int(occasion))
    assert luck.uniform(*place) == float(uniform)
    # what goes through a logarithm may be rounded otherwise on another platform
    assert luck.normal(*place) == pytest.approx(float(normal), rel=1e-14)
    assert luck.wait(1.0, *place) == pytest.approx(float(wait), rel=1e-14)


@pytest.mark.parametrize(("seed", "concern", "entity", "mean", "expected"), table("Counts:"))
def test_published_counts(seed: str, concern: str, entity: str, mean: str, expected: str) -> None:
    assert Luck(int(seed)).count(float(mean), Concern[concern], int(entity)) == int(expected)


def test_the_published_tables_are_long_enough() -> None:
    lengths = {
        heading: len(table(heading)) for heading in ("SplitMix64 itself", "Addresses:", "Draws:", "Counts:")
    }
    assert lengths == {"SplitMix64 itself": 5, "Addresses:": 7, "Draws:": 10, "Counts:": 12}


@given(any_int, concerns, any_int, any_int)
def test_the_page_is_enough_to_write_the_generator_anew(
    seed: int, concern: Concern, entity: int, occasion: int
) -> None:
    def mix(z: int) -> int:
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) % 2**64
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) % 2**64
        return z ^ z >> 31

    def split(state: int) -> int:
        return mix((state + 0x9E3779B97F4A7C15) % 2**64)

    key = split(split(seed % 2**64) ^ split(concern))
    bits = mix((key + entity * 0xD1342543DE82EF95 + occasion * 0xAF251AF3B0F025B5) % 2**64)
    assert Luck(seed).uniform(concern, entity, occasion) == ((bits >> 12) + 0.5) / 2**52
    assert address(entity, occasion) == split((split(entity % 2**64) + occasion) % 2**64)
    for constant in re.findall(r"0x[0-9A-F]{16}", PAGE):  # the page and this test say the same
        assert constant in (
            "0xBF58476D1CE4E5B9",
            "0x94D049BB133111EB",
            "0x9E3779B97F4A7C15",
            "0xD1342543DE82EF95",
            "0xAF251AF3B0F025B5",
        )


def test_concerns_have_one_number_each_and_keep_it() -> None:
    numbers = [concern.value for concern in Concern]
    assert numbers == sorted(numbers)
    assert min(numbers) == 0
    assert len(Concern.__members__) == len(Concern)  # no two names for one number
    pinned = {
        "NEEDS_AT_START": 0,
        "NEED_MISSTATED": 10,
        "VENDORS_AT_START": 11,
        "VENDOR_INCOME": 24,
        "OFFER_GAP": 28,
        "TASK": 36,
        "DEPARTMENT_BUDGET": 37,
        "CALL_HEARD": 46,
        "DECISION": 51,
        "CLEARANCE_TIME": 52,
        "POC_FINANCE": 56,
        "SCORE": 58,
        "HEARING": 61,
        "ELECTION": 63,
        "BID": 67,
        "BUILD_TIME": 72,
        "SURVIVAL": 73,
        "NEARBY": 74,
    }
    assert {name: Concern[name].value for name in pinned} == pinned


# ranges


@given(any_int, concerns, any_int, any_int)
def test_uniform_numbers_lie_strictly_between_0_and_1(
    seed: int, concern: Concern, entity: int, occasion: int
) -> None:
    luck = Luck(seed)
    assert 0 < luck.uniform(concern, entity, occasion) < 1
    assert math.isfinite(luck.normal(concern, entity, occasion))
    assert luck.wait(1.0, concern, entity, occasion) > 0
    assert 0 < luck.share(0.02, 2.0, concern, entity) < 1
    assert 0 < luck.share(0.98, 2.0, concern, entity) < 1


def test_the_extreme_bits_give_numbers_strictly_between_0_and_1() -> None:
    for bits in (0, 2**52 - 1):
        unit = (bits + 0.5) * 2.0**-52
        assert 0 < unit < 1
        assert math.isfinite(stats.norm.ppf(unit))
        assert math.log(unit) < 0


@given(st.integers(1, 2**40))
def test_the_largest_number_still_picks_one_of_the_choices(count: int) -> None:
    assert int((1 - 2.0**-53) * count) == count - 1


@given(any_int, concerns, any_int, st.integers(1, 1000))
def test_a_pick_is_one_of_the_choices(seed: int, concern: Concern, entity: int, count: int) -> None:
    assert 0 <= Luck(seed).pick(count, concern, entity) < count


@given(any_int, concerns, any_int, any_int)
def test_the_same_address_has_the_same_luck_whatever_was_drawn_before(
    seed: int, concern: Concern, entity: int, occasion: int
) -> None:
    one, other = Luck(seed), Luck(seed)
    for before in range(5):
        one.uniform(Concern.TASK, before)
    assert one.uniform(concern, entity, occasion) == other.uniform(concern, entity, occasion)
    assert Luck(seed + 2**64).uniform(concern, entity, occasion) == other.uniform(concern, entity, occasion)


@given(concerns, any_int, any_int)
def test_seeds_concerns_entities_and_occasions_all_matter(
    concern: Concern, entity: int, occasion: int
) -> None:
    luck = Luck(1)
    here = luck.uniform(concern, entity, occasion)
    following = ALL[(ALL.index(concern) + 1) % len(ALL)]
    others = (
        Luck(2).uniform(concern, entity, occasion),
        luck.uniform(following, entity, occasion),
        luck.uniform(concern, entity + 1, occasion),
        luck.uniform(concern, entity, occasion + 1),
    )
    assert here not in others


# uniformity and independence

Draw = Callable[[int], float]


def streams() -> Iterator[tuple[str, Draw]]:
    """Ways to go from one address to the next, as the model goes them."""
    luck = Luck(2016)
    for concern in SOME:
        yield f"entities {concern.name}", lambda turn, c=concern: luck.uniform(c, turn)  # type: ignore[misc]
        yield f"occasions {concern.name}", lambda turn, c=concern: luck.uniform(c, 5, turn)  # type: ignore[misc]
    yield "seeds", lambda turn: Luck(turn).uniform(Concern.BID, 5)
    yield "candidates", lambda turn: luck.uniform(Concern.VENDOR_ENTRY, 2**32 + turn)
    yield "negative", lambda turn: luck.uniform(Concern.BID, -turn)
    yield "addresses", lambda turn: luck.uniform(Concern.BID, address(turn, 3))
    yield "second addresses", lambda turn: luck.uniform(Concern.BID, address(3, turn))
    yield "nested addresses", lambda turn: luck.uniform(Concern.BID, address(address(turn, 0), 7))
    yield "occasions by address", lambda turn: luck.uniform(Concern.BID, address(3, 1), address(turn, 1))
    yield (
        "concerns",
        lambda turn: luck.uniform(ALL[turn % len(ALL)], turn // len(ALL)),
    )
    yield "high half of addresses", lambda turn: address(turn, 0) / 2.0**64
    yield "low half of addresses", lambda turn: (address(0, turn) & 0xFFFFFFFF) / 2.0**32


STREAMS = dict(streams())


def drawn(name: str, count: int = DRAWS) -> Floats:
    draw = STREAMS[name]
    return np.array([draw(turn) for turn in range(count)])


@pytest.mark.parametrize("name", STREAMS)
def test_streams_are_uniform_and_show_no_serial_correlation(name: str) -> None:
    numbers = drawn(name)
    assert stats.kstest(numbers, "uniform").pvalue > LEVEL
    # the correlation of independent numbers is about normal with standard deviation 1/sqrt(n)
    bound = stats.norm.isf(LEVEL / 2) / math.sqrt(DRAWS)
    for lag in (1, 2, 3, 8, 64):
        assert abs(np.corrcoef(numbers[:-lag], numbers[lag:])[0, 1]) < bound
    assert lattice_p(numbers[0::2], numbers[1::2]) > LEVEL


def lattice_p(one: Floats, other: Floats, cells: int = 16) -> float:
    """Significance of the chi-square test of pairs on a lattice of ``cells`` by ``cells`` squares."""
    found, *_ = np.histogram2d(one, other, bins=cells, range=[[0, 1], [0, 1]])
    return float(stats.chisquare(found.ravel()).pvalue)


PAIRS: dict[str, tuple[Callable[[int, int], float], Callable[[int, int], float]]] = {
    "next entity": (
        lambda e, o: ONE.uniform(Concern.BID, e, o),
        lambda e, o: ONE.uniform(Concern.BID, e + 1, o),
    ),
    "next occasion": (
        lambda e, o: ONE.uniform(Concern.BID, e, o),
        lambda e, o: ONE.uniform(Concern.BID, e, o + 1),
    ),
    "next concern": (
        lambda e, o: ONE.uniform(Concern.BID, e, o),
        lambda e, o: ONE.uniform(Concern.BID_GUESS, e, o),
    ),
    "next seed": (
        lambda e, o: ONE.uniform(Concern.BID, e, o),
        lambda e, o: TWO.uniform(Concern.BID, e, o),
    ),
    "entity and occasion exchanged": (
        lambda e, o: ONE.uniform(Concern.BID, e, 1000 + o),
        lambda e, o: ONE.uniform(Concern.BID, 1000 + o, e),
    ),
    "stock and candidates": (
        lambda e, o: ONE.uniform(Concern.BID, e, o),
        lambda e, o: ONE.uniform(Concern.BID, 2**32 + e, o),
    ),
    "addresses of neighbours": (
        lambda e, o: address(e, o) / 2.0**64,
        lambda e, o: address(e + 1, o) / 2.0**64,
    ),
    "addresses of pairs and of pairs exchanged": (
        lambda e, o: address(e, 1000 + o) / 2.0**64,
        lambda e, o: address(1000 + o, e) / 2.0**64,
    ),
    "need and department": (
        lambda e, o: ONE.uniform(Concern.BID, address(0, e), o),
        lambda e, o: ONE.uniform(Concern.BID, address(address(0, e), 1), o),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_pairs_on_a_grid_of_small_addresses_are_independent(name: str) -> None:
    first, second = PAIRS[name]
    grid = list(product(range(100), range(50)))
    one = np.array([first(entity, occasion) for entity, occasion in grid])
    other = np.array([second(entity, occasion) for entity, occasion in grid])
    assert lattice_p(one, other, cells=10) > LEVEL
    assert abs(np.corrcoef(one, other)[0, 1]) < stats.norm.isf(LEVEL / 2) / math.sqrt(len(grid))


def test_normal_numbers_on_a_grid_show_neither_rows_nor_columns() -> None:
    luck, size = Luck(7), 120
    grid = np.array([[luck.normal(Concern.BID_FIT, e, o) for o in range(size)] for e in range(size)])
    for sums in (grid.sum(axis=0), grid.sum(axis=1)):  # each is normal with variance ``size``
        spread = float((sums**2).sum() / size)
        assert stats.chi2.ppf(LEVEL / 2, size) < spread < stats.chi2.isf(LEVEL / 2, size)


def test_no_two_small_addresses_coincide() -> None:
    grid = set(range(-30, 300)) | set(range(2**32, 2**32 + 60))
    assert len({address(one, other) for one in grid for other in grid}) == len(grid) ** 2
    luck = Luck(3)
    drawn = {luck.uniform(Concern.BID, one, other) for one in grid for other in grid}
    assert len(drawn) == len(grid) ** 2  # 152 100 numbers of 2^52: one chance in 390 000 to meet


def test_every_bit_of_an_entity_turns_about_half_the_bits_of_its_address() -> None:
    trials = 400
    for bit in range(64):
        turned = sum((address(e, 1) ^ address(e ^ 1 << bit, 1)).bit_count() for e in range(trials))
        # each of the 64 bits turns with chance 1/2: mean 32, variance 16, a trial
        assert abs(turned / trials - 32) < stats.norm.isf(LEVEL / 128) * math.sqrt(16 / trials)


# moments and shapes


def sample(draw: Callable[[int], float], count: int = DRAWS) -> Floats:
    return np.array([draw(entity) for entity in range(count)])


def close(numbers: Floats, mean: float, deviation: float) -> bool:
    """Whether the mean of ``numbers`` is within the sampling error, which is deviation/sqrt(n)."""
    error = deviation / math.sqrt(len(numbers))
    return bool(abs(numbers.mean() - mean) < stats.norm.isf(LEVEL / 2) * error)


def test_normal_numbers_have_the_moments_and_shape_of_the_normal_distribution() -> None:
    numbers = sample(lambda e: ONE.normal(Concern.MATCH, e))
    for power, mean, second in ((1, 0, 1), (2, 1, 3), (3, 0, 15), (4, 3, 105)):
        assert close(numbers**power, mean, math.sqrt(second - mean**2))
    assert stats.kstest(numbers, "norm").pvalue > LEVEL


@pytest.mark.parametrize("mean", [0.5, 30.0])
def test_waits_are_exponential(mean: float) -> None:
    numbers = sample(lambda e: ONE.wait(mean, Concern.DECISION_TIME, e))
    assert close(numbers, mean, mean)
    assert stats.kstest(numbers / mean, "expon").pvalue > LEVEL


@pytest.mark.parametrize(("median", "spread"), [(2.0, 0.8), (420.0, 0.5)])
def test_numbers_around_a_median_are_lognormal(median: float, spread: float) -> None:
    numbers = sample(lambda e: ONE.around(median, spread, Concern.PATIENCE, e))
    square = math.exp(spread**2)
    mean = median * math.sqrt(square)
    assert close(numbers, mean, mean * math.sqrt(square - 1))
    assert close(np.log(numbers), math.log(median), spread)
    assert stats.kstest(np.log(numbers / median) / spread, "norm").pvalue > LEVEL


@pytest.mark.parametrize("middle", [0.1, 0.5, 0.9])
def test_shares_are_logit_normal_about_their_middle(middle: float) -> None:
    numbers = sample(lambda e: ONE.share(middle, 0.6, Concern.ALIGNMENT, e))
    logits = np.log(numbers / (1 - numbers))
    assert close(logits, math.log(middle / (1 - middle)), 0.6)
    assert close((numbers < middle).astype(float), 0.5, 0.5)


def test_without_spread_the_middle_comes_out() -> None:
    luck = Luck(1)
    assert luck.share(0.3, 0.0, Concern.ALIGNMENT, 5) == pytest.approx(0.3)
    assert luck.around(3.0, 0.0, Concern.PATIENCE, 5) == 3.0
    assert luck.wait(0.0, Concern.DECISION_TIME, 5) == 0.0


def test_picks_are_equally_likely() -> None:
    picks = sample(lambda e: ONE.pick(7, Concern.VENDOR_DOMAIN, e))
    assert stats.chisquare(np.bincount(picks.astype(int), minlength=7)).pvalue > LEVEL


@pytest.mark.parametrize("mean", [0.3, 2.0, 25.0])
def test_counts_are_poisson(mean: float) -> None:
    numbers = sample(lambda e: ONE.count(mean, Concern.NEEDS_AT_START, e), DRAWS // 4)
    assert close(numbers, mean, math.sqrt(mean))
    fourth = mean + 3 * mean**2  # central moment of the Poisson distribution
    assert close((numbers - mean) ** 2, mean, math.sqrt(fourth - mean**2))
    low, high = int(stats.poisson.ppf(0.01, mean)), int(stats.poisson.ppf(0.99, mean))
    edges = np.arange(low, high + 1)
    found = np.array([(np.clip(numbers, low, high) == edge).sum() for edge in edges])
    chances = stats.poisson.pmf(edges, mean)
    chances[0], chances[-1] = stats.poisson.cdf(low, mean), stats.poisson.sf(high - 1, mean)
    assert stats.chisquare(found, chances * len(numbers)).pvalue > LEVEL


def test_a_count_of_mean_0_is_0() -> None:
    assert {Luck(seed).count(0.0, Concern.NEED_CROSSINGS, 1) for seed in range(100)} == {0}

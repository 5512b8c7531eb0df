"""How often 95% intervals of differences hold the truth, in simulated studies whose truth is known."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

from analysis.pairs import PILOT, Difference, cautious, difference, family, medians, next_look
from benchmarks.timing import table

Floats = NDArray[np.float64]
Study = Callable[[np.random.Generator], bool]


def means(rng: np.random.Generator, runs: int = 15) -> bool:
    """Runs that share most of their luck; the other policy gives 1 more."""
    luck = rng.normal(0, 3, runs)
    found = difference("x", luck + rng.normal(0, 1, runs), 1 + luck + rng.normal(0, 1, runs))
    return holds(found, 1.0)


def shares(rng: np.random.Generator, runs: int = 20) -> bool:
    """A share of cases whose number varies from run to run; it is 10 points higher under the other policy."""
    (base, cases), (other, others) = drawn_shares(rng, runs)
    (found,) = family("x", base, [other], wholes=(cases, [others]))
    return holds(found, 0.1)


def middles(rng: np.random.Generator, runs: int = 40) -> bool:
    """The median time of a dozen cases a run, skewed; it is a fifth longer under the other policy."""
    run, base, other = drawn_times(rng, runs)
    (found,) = medians("x", (run, base), [(run, other)], runs)
    return holds(found, 0.2 * exp(5))


def several(rng: np.random.Generator, runs: int = 25) -> bool:
    """Four policies against a base: whether all four intervals hold at once."""
    effects, luck = (0.0, 1.0, -2.0, 0.5), rng.normal(0, 2, runs)
    base, *others = (luck + effect + rng.normal(0, 1, runs) for effect in (0.0, *effects))
    found = family("x", base, others)
    return all(holds(one, effect) for one, effect in zip(found, effects, strict=True))


def narrowed(rng: np.random.Generator, wanted: int = 60) -> bool:
    """Pairs are added until the interval is narrow enough, which takes about 60 of them."""
    found = until(rng, 1.96 / np.sqrt(wanted))
    return holds(found, 0.3)


#: what is estimated -> one study of it: whether its interval holds the truth
STUDIES: dict[str, Study] = {
    "means of runs": means,
    "shares of all cases": shares,
    "medians of times": middles,
    "four policies at once": several,
    "until it is narrow enough": narrowed,
}


def report(number: int) -> str:
    """The table, of so many studies of each kind."""
    rows = {name: [f"{coverage(study, number):.1%}"] for name, study in STUDIES.items()}
    noise = 1.96 * sqrt(0.95 * 0.05 / number)
    told = f"held in {number:,} studies; if it is 95%, then 95% of such shares lie within {noise:.1%} of it"
    return "\n".join([table(rows, "what is estimated", "held"), told])


def coverage(study: Study, number: int = 500, seed: int = 20160320) -> float:
    """The share of so many studies in which the interval holds the truth."""
    rng = np.random.default_rng(seed)
    return sum(study(rng) for _ in range(number)) / number


def holds(found: Difference, truth: float) -> bool:
    """Whether an interval holds the truth."""
    return found.low <= truth <= found.high


def until(rng: np.random.Generator, half: float) -> Difference:
    """A difference of 0.3, with pairs of deviation 1 added until it is known to ``half``."""
    values, following = np.empty(0), PILOT
    while following:
        values = np.append(values, rng.normal(0.3, 1.0, following - len(values)))
        found = difference("x", np.zeros(len(values)), values)
        following = next_look([found], half, 10_000)
    return cautious(found)


def drawn_shares(rng: np.random.Generator, runs: int) -> list[tuple[Floats, Floats]]:
    """Share and number of cases in each run of two policies that share their luck."""
    chance, luck = rng.uniform(0.2, 0.5, runs), rng.gamma(4.0, 5.0, runs)
    wholes = [rng.poisson(luck) for _ in range(2)]
    parts = [rng.binomial(whole, chance + place * 0.1) for place, whole in enumerate(wholes)]
    return [
        (np.divide(part, whole, out=np.full(runs, np.nan), where=whole > 0), whole.astype(float))
        for part, whole in zip(parts, wholes, strict=True)
    ]


def drawn_times(rng: np.random.Generator, runs: int) -> tuple[NDArray[np.intp], Floats, Floats]:
    """Run of each case, and its time under each of two policies."""
    run = np.repeat(np.arange(runs), rng.poisson(12, runs))
    luck = 5 + rng.normal(0, 0.4, runs)[run] + rng.normal(0, 0.5, len(run))
    return run, np.exp(luck), 1.2 * np.exp(luck + rng.normal(0, 0.3, len(run)))

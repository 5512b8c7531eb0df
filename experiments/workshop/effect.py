"""What the levers do: the start beside what is set now, from simulated cities with the same luck.

Sentences count pairs of cities with the same luck, and give an average with the range of
:mod:`analysis.pairs`; a difference whose range holds zero is never told as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from experiments.workshop import measured, pictures, words
from experiments.workshop.measured import MEASURES_SHOWN
from experiments.workshop.words import say

if TYPE_CHECKING:
    import pandas as pd

    from analysis.pairs import Difference
    from analysis.tables import Floats
    from experiments.workshop.crew import Harvest

#: with fewer simulated cities than these it is a first impression
FEW = 10
#: differences that are told in short, to be read from the back of a room
BRIEF = 3


class Count(NamedTuple):
    """In how many pairs of cities a measure is higher, lower and the same."""

    up: int
    down: int
    same: int


class Pair(NamedTuple):
    """One measure in two policies: its paired difference, and the pairs counted."""

    measure: str
    found: Difference
    tally: Count


def effect(
    base: Harvest, now: Harvest | None, language: str, *, names: tuple[str, str] | None = None
) -> dict[str, Any]:
    """What changed: sentences, charts and a table.

    Args:
        base: runs of the start.
        now: runs of what is set now; none, or the very same runs, where nothing is changed.
        language: code of the language.
        names: of the two; words for start and now unless given.

    Returns:
        ``headlines``, ``brief`` (what counts, in short: ``text`` and in how many ``cities``), ``charts`` and
        ``table`` as JSON has them.
    """
    called = names or (say(language, "effect.start"), say(language, "effect.now"))
    if now is None or now is base or now.evidence is base.evidence:
        return _alone(base, language, called[0])
    both = matched([base, now])
    if both is None:
        none = say(language, "effect.none")
        return {"headlines": [none], "brief": [_short(none)], "charts": [], "table": None}
    found = pairs(both, MEASURES_SHOWN)
    return {
        "headlines": [*_headlines(language, found, len(both.seeds)), say(language, "effect.model")],
        "brief": brief(language, found, len(both.seeds)),
        "charts": _charts(language, both, called),
        "table": table(language, found, called, len(both.seeds)),
    }


# --- runs at the same seeds ---------------------------------------------------------------------


class Matched(NamedTuple):
    """Runs of several policies at the seeds that all have, policies by their place.

    Attributes:
        seeds: in order.
        outcomes: of each policy, one row a seed, with the place as its scenario.
        wholes: of all policies together, as :class:`experiments.compare.Evidence` has them.
        funnels: of each policy, one row a seed.
    """

    seeds: list[int]
    outcomes: list[pd.DataFrame]
    wholes: pd.DataFrame
    funnels: list[pd.DataFrame]


def matched(harvests: Sequence[Harvest]) -> Matched | None:
    """The runs at the seeds that all have; nothing where there are none."""
    import pandas as pd

    every = [set(each.evidence.outcomes["seed"].tolist()) for each in harvests]
    seeds = sorted(set.intersection(*every))
    if not seeds:
        return None
    wanted = pd.Index(seeds)
    return Matched(
        seeds,
        [_at(each.evidence.outcomes, wanted, place) for place, each in enumerate(harvests)],
        pd.concat([_at(each.evidence.wholes, wanted, place) for place, each in enumerate(harvests)]),
        [_at(each.funnel, wanted, place) for place, each in enumerate(harvests)],
    )


def _at(table_: pd.DataFrame, seeds: pd.Index[Any], place: int) -> pd.DataFrame:
    chosen = table_.set_index("seed").loc[seeds].rename_axis("seed").reset_index()
    return chosen.assign(scenario=str(place))


def pairs(both: Matched, measures: Sequence[str], place: int = 1) -> list[Pair]:
    """Each measure of a policy against the first, with the differences of :mod:`experiments.compare`."""
    differences = _compared([both.outcomes[0], both.outcomes[place]], both.wholes, measures)
    return counted(both, differences, place)


def _compared(
    tables: Sequence[pd.DataFrame], wholes: pd.DataFrame, measures: Sequence[str]
) -> list[Difference]:
    from analysis.pairs import Difference, paired

    chosen = [table_[["scenario", "seed", *measures]] for table_ in tables]
    (found,) = paired(chosen[0], chosen[1:], wholes)
    return [Difference._make(row) for row in found.itertuples(index=False, name=None)]


def counted(both: Matched, differences: Sequence[Difference], place: int) -> list[Pair]:
    """The differences with the pairs in which the measure is higher, lower, the same."""
    one, other = both.outcomes[0], both.outcomes[place]
    return [
        Pair(each.measure, each, count(*(t[each.measure].to_numpy(dtype=float) for t in (one, other))))
        for each in differences
    ]


def count(base: Floats, now: Floats) -> Count:
    """In how many pairs the second is higher, lower and the same; pairs without a value count nowhere."""
    return Count(int((now > base).sum()), int((now < base).sum()), int((now == base).sum()))


# --- sentences ----------------------------------------------------------------------------------


def _headlines(language: str, found: Sequence[Pair], cities: int) -> Iterator[str]:
    if cities < FEW:
        yield say(language, "effect.first", n=cities)
    yield from sentences(language, found, cities)


def sentences(language: str, found: Sequence[Pair], cities: int) -> Iterator[str]:
    """What is clear, a sentence each; then what is not, all in one."""
    for each in found:
        if each.found.clear:
            yield clear(language, each)
    rest = [each for each in found if not each.found.clear]
    groups = {
        "unclear": [each for each in rest if each.tally.up or each.tally.down],
        "same": [each for each in rest if each.tally.same and not each.tally.up and not each.tally.down],
        "undefined": [each for each in rest if not any(each.tally)],
    }
    for key, some in groups.items():
        if some:
            names = words.joined(language, [measured.name(language, each.measure) for each in some])
            yield say(language, f"effect.{key}", n=cities, names=names)


def clear(language: str, pair: Pair) -> str:
    """What a difference says whose range does not hold zero."""
    verdict, clause = _said(language, pair)
    return counted_sentence(language, verdict, clause, measured.kind(pair.measure), pair.found, pair.tally)


def _said(language: str, pair: Pair) -> tuple[str, str]:
    """Whether a difference is good or bad, and what it is of."""
    way = "up" if pair.found.difference > 0 else "down"
    verdict = say(language, f"measure.{judgement(pair)}")
    return verdict, say(language, f"measure.{pair.measure}_{way}")


def judgement(pair: Pair) -> str:
    """``better``, ``worse`` or ``changed``, of a difference that is clear."""
    return measured.verdict(pair.measure, pair.found.difference)


def brief(language: str, found: Sequence[Pair], cities: int) -> list[dict[str, str]]:
    """What is clear, in short, what is good or bad first; or else what the first sentence says."""
    clear = sorted(
        (each for each in found if each.found.clear), key=lambda each: judgement(each) == measured.CHANGED
    )
    if not clear:
        return [_short(next(sentences(language, found, cities)))]
    return [_clear_in_short(language, each) for each in clear[:BRIEF]]


def _clear_in_short(language: str, pair: Pair) -> dict[str, str]:
    verdict, clause = _said(language, pair)
    size = measured.size(language, measured.kind(pair.measure), pair.found.difference)
    won, _ = _won(pair.found, pair.tally)
    text = say(language, "effect.brief", verdict=verdict, clause=clause, size=size)
    return _short(text, say(language, "effect.brief_cities", won=won, n=sum(pair.tally)))


def _short(text: str, cities: str = "") -> dict[str, str]:
    return {"text": text, "cities": cities}


def _won(found: Difference, count: Count) -> tuple[int, int]:
    """In how many cities it is as on average, and the other way round."""
    return (count.up, count.down) if found.difference > 0 else (count.down, count.up)


def counted_sentence(
    language: str, verdict: str, clause: str, kind: measured.Kind, found: Difference, count: Count
) -> str:
    """In how many cities something holds, and by how much on average."""
    won, lost = _won(found, count)
    low, high = measured.ends(language, kind, found.low, found.high)
    size = measured.size(language, kind, found.difference)
    values = {"verdict": verdict, "clause": clause, "size": size, "low": low, "high": high}
    return say(language, "effect.clear" if lost else "effect.all", won=won, lost=lost, n=sum(count), **values)


# --- charts -------------------------------------------------------------------------------------


def _charts(language: str, both: Matched, called: tuple[str, str]) -> list[dict[str, Any]]:
    rows = pictures.looks(called)
    return [
        pictures.funnel(language, both.funnels, called),
        *(
            pictures.swarm(
                language, measure, [t[measure].to_numpy(dtype=float) for t in both.outcomes], both.seeds, rows
            )
            for measure in MEASURES_SHOWN
        ),
    ]


# --- the table ----------------------------------------------------------------------------------


def table(language: str, found: Sequence[Pair], called: tuple[str, str], cities: int) -> dict[str, Any]:
    """The differences in numbers, one row a measure."""
    columns = ("difference", "range", "up", "down", "same", "reading")
    return {
        "caption": say(language, "effect.table", n=cities),
        "columns": [
            say(language, "effect.column_measure"), *called,
            *(say(language, f"effect.column_{name}") for name in columns),
        ],
        "rows": [row(language, each) for each in found],
    }  # fmt: skip


def row(language: str, pair: Pair) -> list[str]:
    """A difference as cells: the measure, both averages, the difference, its range, pairs, reading."""
    found, kind = pair.found, measured.kind(pair.measure)
    levels = [measured.level(language, pair.measure, value) for value in (found.base, found.other)]
    known = found.half == found.half
    difference = measured.size(language, kind, found.difference) if found.pairs else "–"
    ends = measured.signed(language, kind, found.low, found.high) if known else "–"
    told = [measured.name(language, pair.measure), *levels, difference, ends, *map(str, pair.tally)]
    return [*told, _reading(language, pair)]


def _reading(language: str, pair: Pair) -> str:
    if pair.found.clear:
        return say(language, f"measure.{judgement(pair)}")
    return say(language, "effect.few" if pair.found.pairs < 2 else "effect.no_difference")


# --- nothing is changed -------------------------------------------------------------------------


def _alone(base: Harvest, language: str, name: str) -> dict[str, Any]:
    outcomes, n = base.evidence.outcomes, len(base.evidence.outcomes)
    rows, seeds = pictures.looks([name]), base.evidence.outcomes["seed"].tolist()
    values = {measure: outcomes[measure].to_numpy(dtype=float) for measure in MEASURES_SHOWN}
    first = [say(language, "effect.first", n=n)] if n < FEW else []
    told = [_level(language, measure, each) for measure, each in values.items()]
    strips = [pictures.swarm(language, measure, [each], seeds, rows) for measure, each in values.items()]
    unchanged = say(language, "effect.unchanged", n=n)
    return {
        "headlines": [
            *first, unchanged,
            *(say(language, "effect.alone", **each) for each in told), say(language, "effect.model"),
        ],
        "brief": [_short(unchanged)],
        "charts": [pictures.funnel(language, [base.funnel], [name]), *strips],
        "table": _levels(language, told, n),
    }  # fmt: skip


def _level(language: str, measure: str, values: Floats) -> dict[str, str]:
    import numpy as np

    known = values[~np.isnan(values)]
    low, high = measured.nine(known) if len(known) else (np.nan, np.nan)
    mean = float(known.mean()) if len(known) else np.nan
    level = {"low": low, "high": high, "mean": mean}
    amounts = {key: measured.amount(language, measured.kind(measure), each) for key, each in level.items()}
    return {"name": measured.name(language, measure), **amounts}


def _levels(language: str, told: Sequence[dict[str, str]], n: int) -> dict[str, Any]:
    columns = [say(language, f"effect.column_{name}") for name in ("measure", "average", "nine")]
    rows = [
        [each["name"], each["mean"], say(language, "language.range", low=each["low"], high=each["high"])]
        for each in told
    ]
    return {"caption": say(language, "effect.table_alone", n=n), "columns": columns, "rows": rows}

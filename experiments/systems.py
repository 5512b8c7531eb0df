"""Whether every system does what its sources say: claims against paired runs.

Every scenario runs once at each seed, for all claims about it. A claim on a sign is judged by the
paired difference and its 95% interval: it agrees or disagrees where the interval lies on one side of
zero; where it contains zero the runs cannot tell. A claim on an observed number is judged by the interval
in which one such programme would fall by the model (:mod:`analysis.predictive`): runs differ from each
other, and so do draws of few cases. A bound or a range is held against the interval of the model's mean.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite, isnan, nan, sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.measures import MEASURES, wholes
from analysis.pairs import contributions, difference
from analysis.predictive import AGREES, MISSES, UNCLEAR, Figure, Foreseen, foreseen
from analysis.statistics import LEVEL, mean
from analysis.tables import Floats
from experiments import store
from experiments.claims import PATTERNS, Claim, Claims
from experiments.words import number

if TYPE_CHECKING:
    import pandas as pd

    from experiments.runner import Batch

DISAGREES = "disagrees"

COMMAND = "cityfunnel validate --systems -n {runs} --markdown"


class Row(NamedTuple):
    """A claim and what the model gives.

    Attributes:
        claim: what the source says.
        value: the model's value in the scenario; ``base`` what it is compared with, NaN for a number.
        estimate: the difference, or the value again where the claim is on a number.
        low: lower end of the interval that the verdict rests on.
        high: upper end.
        chance: two-sided p-value of a difference, NaN for a number.
        runs: pairs, or runs.
        verdict: agrees, disagrees or cannot tell.
        firm: whether the verdict on a sign stands when all of them are judged at once (Holm).
    """

    claim: Claim
    value: float
    base: float
    estimate: float
    low: float
    high: float
    chance: float
    runs: int
    verdict: str
    firm: bool = False


@dataclass(frozen=True)
class Gathered:
    """Outcomes of runs, and what their shares are shares of: one row a run, scenario and seed first."""

    outcomes: pd.DataFrame
    wholes: pd.DataFrame

    def contributions(self, scenario: str, measure: str) -> pd.Series[Any]:
        """One number a run by seed, whose mean is the measure; see :mod:`analysis.pairs`."""
        import pandas as pd

        values = self._of(self.outcomes, scenario, measure)
        whole = self._of(self.wholes, scenario, measure) if measure in self.wholes else None
        return pd.Series(contributions(values, whole), index=values.index)

    def shares(self, scenario: str, measure: str) -> tuple[Floats, Floats]:
        """A share in each run, and of how many cases it is one."""
        parts = (self._of(table, scenario, measure) for table in (self.outcomes, self.wholes))
        values, whole = (part.to_numpy(dtype=float) for part in parts)
        return values[whole > 0], whole[whole > 0]

    @staticmethod
    def _of(table: pd.DataFrame, scenario: str, measure: str) -> pd.Series[Any]:
        rows = table[(table["scenario"].astype(str) == scenario).to_numpy()]
        return rows.set_index("seed")[measure].sort_index()


class Gathering:
    """Takes the measures from batches of runs, so that their tables need not be kept."""

    def __init__(self) -> None:
        self._parts: list[tuple[pd.DataFrame, pd.DataFrame]] = []

    def take(self, batch: Batch) -> Batch:
        """The batch without its tables, once they are summed up here."""
        if batch.tables is not None and batch.outcomes is not None:
            self._parts.append((batch.outcomes, wholes(batch.tables)))
        return replace(batch, tables=None)

    def gathered(self) -> Gathered:
        """All that was taken."""
        import pandas as pd

        joined = (pd.concat(part, ignore_index=True) for part in zip(*self._parts, strict=True))
        return Gathered(*(part.astype({"scenario": str}) for part in joined))


# --- judging ------------------------------------------------------------------------------------


def judge(claims: Claims, runs: Gathered, level: float = LEVEL) -> list[Row]:
    """A row for each claim, in the order of the file."""
    rows = [_sign(each, runs, level) if each.sign else _number(each, runs, level) for each in claims.all]
    firm = holm([row.chance for row in rows], 1 - level)
    return [row._replace(firm=stands) for row, stands in zip(rows, firm, strict=True)]


def _sign(claim: Claim, runs: Gathered, level: float) -> Row:
    base = runs.contributions(*claim.other)
    other = runs.contributions(claim.scenario, claim.measure)
    seeds = base.index.intersection(other.index)
    found = difference(claim.measure, base.loc[seeds], other.loc[seeds], level)
    wanted = 1 if claim.sign == "more" else -1
    clear = found.clear and isfinite(found.half)
    verdict = (AGREES if found.difference * wanted > 0 else DISAGREES) if clear else UNCLEAR
    return Row(
        claim, found.other, found.base, found.difference, found.low, found.high,
        _chance(found.difference, found.deviation, found.pairs), found.pairs, verdict,
    )  # fmt: skip


def _chance(found: float, deviation: float, pairs: int) -> float:
    from scipy.stats import t

    if pairs < 2 or isnan(deviation):
        return nan
    if deviation == 0:
        return 1.0 if found == 0 else 0.0
    return float(2 * t.sf(abs(found) / deviation * sqrt(pairs), pairs - 1))


def holm(chances: Sequence[float], alpha: float) -> list[bool]:
    """Which p-values stand when all are judged at once (Holm 1979); NaN are no part of the family."""
    known = sorted((chance, place) for place, chance in enumerate(chances) if not isnan(chance))
    stands = [False] * len(chances)
    for rank, (chance, place) in enumerate(known):
        if chance > alpha / (len(known) - rank):
            break
        stands[place] = True
    return stands


def _number(claim: Claim, runs: Gathered, level: float) -> Row:
    values = runs.contributions(claim.scenario, claim.measure).dropna().to_numpy(dtype=float)
    middle = mean(values, level)
    if claim.value is None:
        verdict = _within(middle.low, middle.high, float(claim.low or 0), float(claim.high or 0))
    elif claim.relation == "more_than":
        verdict = _within(middle.low, middle.high, claim.value, float("inf"))
    else:
        found = _foreseen(claim, runs, values, level)
        verdict = DISAGREES if found.verdict == MISSES else found.verdict
        middle = middle._replace(low=found.low, high=found.high)
    return Row(claim, middle.estimate, nan, middle.estimate, middle.low, middle.high, nan, middle.n, verdict)


def _within(low: float, high: float, least: float, most: float) -> str:
    if isnan(low):
        return UNCLEAR
    if least <= low and high <= most:
        return AGREES
    return DISAGREES if high < least or low > most else UNCLEAR


def _foreseen(claim: Claim, runs: Gathered, values: Floats, level: float) -> Foreseen:
    """What the model foresees of one such programme."""
    value = float(claim.value or 0)
    if claim.of is None:
        return foreseen(Figure("about", value, None, value, value), values, level=level)
    shares, cases = runs.shares(claim.scenario, claim.measure)
    return foreseen(Figure("share", value, claim.of, value, value), shares, cases, level=level)


# --- in words -----------------------------------------------------------------------------------


def given(row: Row) -> str:
    """What the model gives."""
    if row.claim.sign is None:
        kind = "one such programme" if row.claim.of or _single(row.claim) else "mean"
        return f"{told(row, row.value)} ({kind}: {told(row, row.low)} to {told(row, row.high)})"
    if row.low == row.high == 0:
        return f"{told(row, row.value)}, the same in every run"
    return (
        f"{told(row, row.value)} against {told(row, row.base)}:"
        f" {signed(row, row.estimate)} ({signed(row, row.low)} to {signed(row, row.high)})"
    )


def _single(claim: Claim) -> bool:
    return claim.value is not None and claim.relation == "about"


def told(row: Row, value: float) -> str:
    """A value of the measure."""
    return number(value, 3) if MEASURES[row.claim.measure].unit == "share" else number(value)


def signed(row: Row, value: float) -> str:
    """A difference with its sign."""
    text = told(row, value)
    return f"+{text}" if value > 0 and text[0].isdigit() else text


def expected(claim: Claim) -> str:
    """What the claim says of the measure, in short."""
    if claim.sign is not None:
        against = claim.than or claim.base
        return f"{claim.measure}: {claim.sign} than {against}"
    if claim.value is None:
        return f"{claim.measure}: {claim.low:g} to {claim.high:g}"
    sign = "above " if claim.relation == "more_than" else ""
    of = f" of {claim.of}" if claim.of else ""
    return f"{claim.measure}: {sign}{claim.value:g}{of}"


def summary(rows: Sequence[Row]) -> Iterator[str]:
    """How many agree, and how far that can be trusted."""
    count = Counter(row.verdict for row in rows)
    signs = [row for row in rows if row.claim.sign]
    clear = [row for row in signs if row.verdict != UNCLEAR]
    yield (
        f"Of {len(rows)} claims {count[AGREES]} agree, {count[DISAGREES]} disagree,"
        f" and of {count[UNCLEAR]} the runs cannot tell."
    )
    yield (
        f"Each interval holds for its own row with 95% confidence. If no system differed from its base, about"
        f" {0.05 * len(signs):.0f} of the {len(signs)} differences would seem clear by chance, half of them"
        f" in the right direction; {len(clear)} do. Judged all at once (Holm, 5%)"
        f" {sum(row.firm for row in clear)} of these stand; the others are marked with ?."
    )


def mark(row: Row) -> str:
    """The verdict, with a sign of doubt where it does not stand when all are judged at once."""
    doubtful = row.claim.sign is not None and row.verdict != UNCLEAR and not row.firm
    return f"{row.verdict} ?" if doubtful else row.verdict


def table(rows: Sequence[Row]) -> pd.DataFrame:
    """The rows as a table: the claim's keys, then what the model gives."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                **row.claim.model_dump(exclude_none=True),
                **{key: value for key, value in row._asdict().items() if key not in ("claim", "value")},
                "given": row.value,
            }
            for row in rows
        ]
    )


def fill(folder: Path, found: Gathered, rows: Sequence[Row], about: Mapping[str, Any]) -> dict[str, Any]:
    """Write the judgement into the folder of a store; return what its manifest is to say."""
    table(rows).to_csv(folder / "systems.csv", index=False)
    return {**about, "tables": store.save(folder, {"outcomes": found.outcomes, "wholes": found.wholes})}


# --- the page -----------------------------------------------------------------------------------

NEW_PAGE = """# Systems

What the sources say should happen in every system that they describe, and what the model gives.
"""


def page(claims: Claims, rows: Sequence[Row], seeds: range) -> dict[str, str]:
    """The parts of the page that are made: name -> Markdown."""
    return {"systems": "\n".join(_page(claims, rows, seeds))}


def _page(claims: Claims, rows: Sequence[Row], seeds: range) -> Iterator[str]:
    first = f" --seed {seeds.start}" if seeds.start != 1 else ""
    command = COMMAND.format(runs=len(seeds))
    yield f"Made by `{command}{first}`: every scenario once at each of {len(seeds)} seeds."
    yield ""
    yield from summary(rows)
    of = {row.claim.id: row for row in rows}
    for title, part in claims.parts:
        yield f"\n### {title}\n"
        yield "| system | what the source says | measure | what the model gives | verdict |"
        yield "|---|---|---|---|---|"
        for claim in part:
            yield _line(of[claim.id])
    yield "\nPatterns:\n"
    for place, name in PATTERNS.items():
        yield f"- pattern {place}: {name}"


def _line(row: Row) -> str:
    claim = row.claim
    pattern = f", pattern {claim.pattern}" if claim.pattern else ""
    predicted = ", predicted" if claim.predicted else ""
    says = f"{claim.says} ({', '.join(claim.source.split())}{pattern}{predicted})"
    verdict = f"**{mark(row)}**" if row.verdict == DISAGREES else mark(row)
    cells = (f"`{claim.scenario}`", says, expected(claim).replace("_", " "), given(row), verdict)
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"

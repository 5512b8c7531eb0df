"""Scenarios against each other at the same seeds: differences in pairs, and what is clear in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isinf, isnan
from typing import TYPE_CHECKING, NamedTuple

from analysis.measures import MEASURES
from analysis.statistics import Difference, paired
from experiments.words import number

if TYPE_CHECKING:
    import pandas as pd

    from sim.scenario import Scenario


class Comparison(NamedTuple):
    """One scenario against the base, measure by measure."""

    base: str
    other: str
    differences: tuple[Difference, ...]


def compare(outcomes: pd.DataFrame, names: Sequence[str]) -> list[Comparison]:
    """Each other scenario against the first, at the seeds that both have.

    Args:
        outcomes: one row a run: scenario, seed, measures.
        names: the scenarios; the first is the base.

    Raises:
        ValueError: two have no seed in common.
    """
    rows = {name: outcomes[(outcomes["scenario"] == name).to_numpy()] for name in names}
    base = names[0]
    return [Comparison(base, name, tuple(_differences(paired(rows[base], rows[name])))) for name in names[1:]]


def _differences(table: pd.DataFrame) -> Iterator[Difference]:
    return (Difference._make(row) for row in table.itertuples(index=False, name=None))


def table(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """All differences as one table: base, other, then the fields of ``Difference``."""
    import pandas as pd

    rows = [(c.base, c.other, *difference) for c in comparisons for difference in c.differences]
    fields = (
        "mean_base" if name == "base" else "mean_other" if name == "other" else name
        for name in Difference._fields
    )
    return pd.DataFrame(rows, columns=pd.Index(["base", "other", *fields]))


def clear(difference: Difference) -> bool:
    """Whether the interval excludes zero."""
    return difference.low > 0 or difference.high < 0


def sentence(comparison: Comparison, difference: Difference) -> str:
    """What a clear difference says, in words."""
    more = difference.difference > 0
    scale = _scale(difference.measure)
    size, *ends = (
        number(abs(value) * scale)
        for value in (difference.difference, *sorted((difference.low, difference.high), key=abs))
    )
    said = _phrase(difference.measure, size, more)
    enough = "" if isinf(difference.enough) else f"; {difference.enough:.0f} would have been enough"
    return (
        f"{comparison.other} {said} than {comparison.base}"
        f" (95% CI {ends[0]} to {ends[1]}, {difference.pairs} pairs{enough})."
    )


def unclear(comparison: Comparison) -> str | None:
    """The measures in which no difference shows, and how many pairs it might take."""
    names = [
        f"{difference.measure}{_wanted(difference)}"
        for difference in comparison.differences
        if not clear(difference)
    ]
    if not names:
        return None
    return f"No clear difference between {comparison.other} and {comparison.base}: {', '.join(names)}."


def _wanted(difference: Difference) -> str:
    if isnan(difference.enough):
        return " (not defined)"
    return " (identical)" if isinf(difference.enough) else f" ({difference.enough:,.0f} pairs needed)"


def warnings(scenarios: Sequence[Scenario]) -> Iterator[str]:
    """What makes a comparison of these scenarios unfair."""
    base = scenarios[0]
    for other in scenarios[1:]:
        if (other.start, other.end) != (base.start, base.end):
            yield (
                f"{other.name} runs from {other.start} to {other.end}, {base.name} from {base.start} to"
                f" {base.end}: counts and sums are not of the same length of time"
            )


def _scale(measure: str) -> float:
    """Shares are told in percentage points."""
    return 100.0 if MEASURES[measure].unit == "share" else 1.0


#: measure -> what a scenario does, with ``{d}`` for the size of the difference, and the words for
#: more and for less
PHRASES: dict[str, tuple[str, str, str]] = {
    "proposals_received": ("receives {d} proposals {}", "more", "fewer"),
    "poc_started": ("starts {d} POCs {}", "more", "fewer"),
    "poc_completed": ("brings {d} POCs {} to a good end", "more", "fewer"),
    "proposal_to_poc": ("takes a proposal to a POC {d} points {} often", "more", "less"),
    "poc_to_project": ("turns a POC into a project {d} points {} often", "more", "less"),
    "projects": ("puts {d} projects {} into service", "more", "fewer"),
    "topdown_completed": ("completes {d} top-down projects {}", "more", "fewer"),
    "tenders": ("opens {d} tenders {}", "more", "fewer"),
    "first_round_failures": ("sees {d} first rounds {} fail", "more", "fewer"),
    "money_spent": ("spends NT$ {d} m {}", "more", "less"),
    "money_wasted": ("wastes NT$ {d} m {}", "more", "less"),
    "needs_solved": ("solves {d} needs {}", "more", "fewer"),
    "value_delivered": ("delivers NT$ {d} m {} of value", "more", "less"),
    "startup_share": ("has start-ups in its POCs {d} points {} often", "more", "less"),
    "days_to_poc": ("takes {d} days {} to reach a POC", "more", "less"),
    "loss_financial": ("has a share of financial losses {d} points {}", "higher", "lower"),
    "loss_technical": ("has a share of technical losses {d} points {}", "higher", "lower"),
    "loss_administrative": ("has a share of administrative losses {d} points {}", "higher", "lower"),
}


def _phrase(measure: str, size: str, more: bool) -> str:
    unit = "points" if _scale(measure) > 1 else MEASURES[measure].unit
    form, up, down = PHRASES.get(measure, (f"has {measure} {{d}} {unit} {{}}", "higher", "lower"))
    return form.format(up if more else down, d=size)

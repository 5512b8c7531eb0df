"""What is wrong with a file, cell by cell, and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from experiments.imports.columns import COLUMNS

if TYPE_CHECKING:
    import pandas as pd


class Kind(StrEnum):
    """What can be wrong; the first ones are errors, from ``MISSING`` on they are notes."""

    UNUSABLE = "row cannot be used"
    UNREADABLE = "unreadable date"
    FUTURE = "date in the future"
    ORDER = "impossible order"
    CONTRADICTION = "contradiction"
    CODE = "unknown code"
    COLUMN = "misspelt column"
    DUPLICATE = "duplicate"
    MISSING = "missing"
    IMPUTED = "taken from another cell"
    LATER = "after the day of observation"
    IGNORED = "column not read"
    ABSENT = "column not in the file"

    @property
    def error(self) -> bool:
        """Whether something that was given could not be used."""
        return self not in (Kind.MISSING, Kind.IMPUTED, Kind.LATER, Kind.IGNORED, Kind.ABSENT)


class Problem(NamedTuple):
    """Something wrong, or worth knowing, about a cell or a row.

    Attributes:
        line: in the file, from 1; in an OCDS file the place of the release or record in its list.
        case: name of the case, empty where it is about none.
        column: empty where it is about the row.
        value: what stands there.
        kind: what is wrong.
        told: what is wrong and what was done, in words.
    """

    line: int
    case: str
    column: str
    value: str
    kind: Kind
    told: str


def errors(problems: Iterable[Problem]) -> list[Problem]:
    """Those that are errors."""
    return [each for each in problems if each.kind.error]


def table(problems: Sequence[Problem]) -> pd.DataFrame:
    """One row a problem: line, case, column, value, severity, kind, told."""
    import pandas as pd

    rows = [
        (each.line, each.case, each.column, each.value, _severity(each.kind), each.kind.value, each.told)
        for each in sorted(problems, key=lambda each: (each.line, list(Kind).index(each.kind), each.column))
    ]
    return pd.DataFrame(rows, columns=["line", "case", "column", "value", "severity", "kind", "told"])


def _severity(kind: Kind) -> str:
    return "error" if kind.error else "note"


class Count(NamedTuple):
    """How often something is wrong in a column, and the lines of the first of them."""

    kind: Kind
    column: str
    number: int
    lines: tuple[int, ...]


def counts(problems: Iterable[Problem]) -> list[Count]:
    """How often each kind of problem occurs in each column, errors first."""
    ordered = sorted(problems, key=lambda each: each.line)
    found = Counter((each.kind, each.column) for each in ordered)
    places = {name: place for place, name in enumerate(COLUMNS)}
    kinds = list(Kind)
    keys = sorted(found, key=lambda key: (kinds.index(key[0]), places.get(key[1], len(places)), key[1]))
    lines = {key: [each.line for each in ordered if (each.kind, each.column) == key] for key in keys}
    return [Count(*key, found[key], tuple(dict.fromkeys(lines[key]))[:5]) for key in keys]

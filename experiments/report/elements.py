"""What a report consists of, before it becomes a page: sections of texts, tables and charts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from analysis.echarts import Chart


#: letters of a text that is given some room
LONG = 40


class Cell(NamedTuple):
    """What stands in a table, and the number that it is sorted by (its text where there is none)."""

    text: str
    value: float | None = None


class Column(NamedTuple):
    """A column: its name, whether it holds numbers, or long texts."""

    name: str
    numeric: bool = False
    long: bool = False


class Row(NamedTuple):
    """A row; with ``policy`` it is shown only while the scenario at that place is chosen."""

    cells: tuple[Cell, ...]
    policy: int | None = None


@dataclass(frozen=True)
class Table:
    """A table that can be sorted; ``folded`` under its caption until somebody opens it."""

    kind: ClassVar[str] = "table"
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    folded: bool = False


class Item(NamedTuple):
    """A sentence; ``policy`` as in :class:`Row`."""

    text: str
    policy: int | None = None


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True)
class Bullets:
    """Sentences below each other, perhaps under a title, which has a ``policy`` as in :class:`Row`."""

    kind: ClassVar[str] = "bullets"
    items: tuple[Item, ...]
    title: str = ""
    policy: int | None = None


@dataclass(frozen=True)
class Code:
    """A line to be typed, or shown as it is."""

    kind: ClassVar[str] = "code"
    text: str


@dataclass(frozen=True)
class Figure:
    """A chart with its title, caption, and the numbers in it as a table."""

    kind: ClassVar[str] = "figure"
    id: str
    title: str
    caption: str
    chart: Chart
    table: Table


Block = Table | Text | Bullets | Code | Figure


@dataclass(frozen=True)
class Section:
    """A part of a report; ``language`` is the code of the one that it is written in, unless English."""

    id: str
    title: str
    blocks: tuple[Block, ...]
    language: str = ""


@dataclass(frozen=True)
class Report:
    """A report.

    Attributes:
        title: the question.
        about: what was run, in short.
        short: what came out, in a few sentences.
        policies: the scenarios, the base first; those who read it choose among the others.
        sections: what follows.
    """

    title: str
    about: tuple[str, ...]
    short: tuple[Item, ...]
    policies: tuple[str, ...]
    sections: tuple[Section, ...]

    @property
    def figures(self) -> Iterator[Figure]:
        """All charts, in order."""
        return (block for part in self.sections for block in part.blocks if isinstance(block, Figure))


def table(
    caption: str,
    columns: Iterable[str],
    rows: Iterable[tuple[object, ...]],
    policies: Iterable[int | None] = (),
    *,
    folded: bool = False,
) -> Table:
    """A table of plain values; a column whose name begins with ``#`` holds numbers.

    Args:
        caption: what it shows.
        columns: their names.
        rows: cells, words or numbers.
        policies: the policy of each row, where they have some.
        folded: as in :class:`Table`.
    """
    cells = [tuple(map(cell, row)) for row in rows]
    heads = tuple(
        Column(
            name.removeprefix("#"), name.startswith("#"), any(len(row[place].text) > LONG for row in cells)
        )
        for place, name in enumerate(columns)
    )
    whose = list(policies) or [None] * len(cells)
    made = tuple(Row(row, policy) for row, policy in zip(cells, whose, strict=True))
    return Table(caption, heads, made, folded)


def cell(value: object) -> Cell:
    """A value as a cell; numbers with three figures."""
    from analysis.echarts import figures

    if isinstance(value, Cell):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Cell(str(value))
    number = float(value)
    if isinstance(value, int):
        return Cell(f"{value:,}", number)
    return Cell(figures(number), number if isfinite(number) else None)


def span(low: float, high: float) -> Cell:
    """Two ends of an interval, sorted by the lower one."""
    from analysis.echarts import figures

    known = isfinite(low) and isfinite(high)
    return Cell(f"{figures(low)} to {figures(high)}" if known else "–", low if known else None)

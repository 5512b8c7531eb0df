"""What ``cityfunnel import`` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Column, Table
from rich.text import Text

from experiments.imports.quality import Count, Kind, Problem, counts
from experiments.show import CHANNELS, STEPS

if TYPE_CHECKING:
    import pandas as pd

_ALL = "all"


def _grid(*columns: Column, title: str) -> Table:
    return Table(
        *columns, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, title=title,
        title_justify="left", title_style="bold", header_style="bold",
    )  # fmt: skip


def quality(problems: Sequence[Problem]) -> Table:
    """What is wrong with a file, how often, and in which lines first."""
    shown = _grid(
        Column("", no_wrap=True),
        Column("what", no_wrap=True),
        Column("column"),
        Column("number", justify="right"),
        Column("lines"),
        title="Quality of the data",
    )
    for each in counts(each for each in problems if each.kind is not Kind.ABSENT):
        severity = Text("error", style="red") if each.kind.error else Text("note")
        shown.add_row(severity, each.kind.value, escape(each.column) or "–", f"{each.number:,}", _lines(each))
    return shown


def _lines(found: Count) -> str:
    more = ", ..." if found.number > len(found.lines) else ""
    return f"{', '.join(map(str, found.lines))}{more}"


def absent(problems: Sequence[Problem]) -> str:
    """The columns that the file does not have, in one line; empty where it has all that matter."""
    names = [each.column for each in problems if each.kind is Kind.ABSENT]
    return f"Not in the file: {', '.join(names)}." if names else ""


def lines(problems: Sequence[Problem], most: int) -> Iterator[str]:
    """The first problems in words, a line each."""
    for each in sorted(problems, key=lambda each: each.line)[:most]:
        what = ": ".join(filter(None, (each.column, each.value and f"'{each.value}'")))
        case = f" ({each.case})" if each.case and not each.case.startswith("line ") else ""
        yield f"  line {each.line}{case}: {what}{' ' if each.value else ': ' if what else ''}{each.told}"
    if len(problems) > most:
        yield f"  and {len(problems) - most:,} more"


def funnel(table: pd.DataFrame) -> Table:
    """Cases that ever reached each step, a column a channel; in brackets with what rivals reached."""
    channels = list(dict.fromkeys(table["channel"].astype(str)))
    channels = channels if len(channels) > 2 else [_ALL]
    names = (CHANNELS.get(each, each.capitalize()) for each in channels)
    shown = _grid(
        Column("step", no_wrap=True),
        *(Column(name, justify="right") for name in names),
        title="The funnel: cases that ever reached each step",
    )
    cells = table.set_index(["step", "channel", "view"])["cases"]
    for step in dict.fromkeys(table["step"]):
        own = [int(cells[step, channel, "own"]) for channel in channels]
        need = [int(cells[step, channel, "need"]) for channel in channels]
        told = [f"{a:,}" if a == b else f"{a:,} ({b:,})" for a, b in zip(own, need, strict=True)]
        shown.add_row(STEPS.get(step, step), *told)
        if own != need:
            shown.caption, shown.caption_justify = "In brackets: with what rivals reached.", "left"
    return shown

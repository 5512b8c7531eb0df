"""What ``cityfunnel funnel`` prints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from math import isfinite
from typing import TYPE_CHECKING, Any

from rich import box
from rich.markup import escape
from rich.table import Column, Table
from rich.text import Text

from experiments.show import CHANNELS
from experiments.words import number

if TYPE_CHECKING:
    import pandas as pd

    from experiments.funnel import Statistics

GOALS = {"poc": "To a POC", "contract": "To a contract of its own", "service": "To service of its own"}

KINDS = {"startup": "start-ups", "sme": "SMEs", "large": "large firms"}

#: index of concentration -> its name and decimals
INDICES = {
    "winners": ("vendors with a contract", 1),
    "herfindahl": ("Herfindahl-Hirschman index", 3),
    "effective_winners": ("winners of equal size (1 / Herfindahl)", 1),
    "gini": ("Gini coefficient", 2),
    "top_5_share": ("share of the five largest", 2),
}

#: writes a number
Told = Callable[[float], str]


def tables(found: Statistics, day: str) -> Iterator[Table]:
    """Every table that is worth a look, scenario by scenario.

    Args:
        found: the statistics.
        day: the last day that they know of, in words.
    """
    shown = (
        (partial(_conversion, day=day), found.conversion),
        (_transitions, found.transitions),
        (_access, found.access),
        (_concentration, found.concentration),
        (_variance, found.variance),
        (_parameters, found.parameters),
    )
    scenarios = list(dict.fromkeys(found.conversion["scenario"]))
    for scenario in scenarios:
        for show, table in shown:
            rows = table[(table["scenario"] == scenario).to_numpy()] if len(table) else table
            if len(rows):
                drawn = show(rows)
                drawn.title = f"{escape(scenario)}: {drawn.title}" if len(scenarios) > 1 else drawn.title
                yield drawn


def _grid(title: str, names: Iterable[str], numbers: Iterable[str], caption: str = "") -> Table:
    left = (Column(name, no_wrap=True) for name in names)
    right = (Column(name, justify="right", no_wrap=True) for name in numbers)
    return Table(
        *left, *right, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold",
        title=title, title_justify="left", title_style="bold", caption=caption or None,
        caption_justify="left",
    )  # fmt: skip


def _head(text: str) -> Text:
    return Text(text, style="bold cyan")


def _percent(value: float) -> str:
    return number(100 * value, 1)


def _count(value: float) -> str:
    return number(value, 0 if value >= 99.95 else 1)


def _ends(low: float, high: float, told: Told) -> str:
    return f"{told(low)} to {told(high)}" if isfinite(low) and isfinite(high) else "–"


def _with_ends(row: Mapping[Any, Any], key: str, told: Told, of: str = "") -> str:
    ends = _ends(row[f"{of}low"], row[f"{of}high"], told)
    return told(row[key]) if ends == "–" else f"{told(row[key])} ({ends})"


def _said(word: object) -> str:
    return str(word).replace("_", " ")


def _conversion(rows: pd.DataFrame, day: str) -> Table:
    numbers = ("proposals", "reached", "lost", "open", "share, %", "eventual, %")
    caption = (
        "Cases a run. Share: of all proposals, open ones included. Eventual: the share in the end, open "
        "ones as censored. In brackets: 95% intervals."
    )
    table = _grid(f"Conversion as seen on {day}", ("channel",), numbers, caption)
    for goal, block in rows.groupby("goal", sort=False):
        table.add_row(_head(GOALS.get(str(goal), str(goal))))
        for row in block.to_dict("records"):
            name = CHANNELS.get(str(row["channel"]), str(row["channel"]))
            counts = (_count(row[key]) for key in ("submitted", "reached", "lost", "open"))
            shares = (_with_ends(row, key, _percent, f"{key}_") for key in ("share", "eventual"))
            table.add_row(f" {name}", *counts, *shares)
    return table


def _transitions(rows: pd.DataFrame) -> Table:
    numbers = ("cases a run", "share, %", "95% interval", "median days", "middle half")
    table, before = _grid("From stage to stage", ("from", "to"), numbers), ""
    days = partial(number, decimals=0)
    for row in rows.to_dict("records"):
        first, before = ("" if row["origin"] == before else str(row["origin"])), str(row["origin"])
        table.add_row(
            _said(first),
            _said(row["target"]),
            _count(row["per_run"]),
            _percent(row["share"]),
            _ends(row["low"], row["high"], _percent),
            days(row["median"]),
            _ends(row["quarter"], row["three_quarters"], days),
        )
    return table


def _access(rows: pd.DataFrame) -> Table:
    kinds = list(dict.fromkeys(rows["kind"]))
    caption = "Success rate: of a kind's proposals. Ratio: by that of large firms; below 0.8 is a warning."
    table = _grid("Who gets in", ("",), (KINDS.get(kind, str(kind)) for kind in kinds), caption)
    for step, steps in rows.groupby("step", sort=False):
        table.add_row(_head(str(step)))
        for figure, block in steps.groupby("figure", sort=False):
            told = partial(number, decimals=2) if figure == "ratio" else _percent
            cells = {row["kind"]: _with_ends(row, "value", told) for row in block.to_dict("records")}
            name = str(figure) if figure == "ratio" else f"{figure}, %"
            table.add_row(f" {name}", *(cells.get(kind, "1") for kind in kinds))
    return table


def _concentration(rows: pd.DataFrame) -> Table:
    whats = list(dict.fromkeys(rows["what"]))
    caption = "Mean of the runs (95% interval), of vendors that proposed or bid."
    table = _grid("Concentration of awards", ("index",), (f"by {what}" for what in whats), caption)
    for index, block in rows.groupby("index", sort=False):
        name, decimals = INDICES.get(str(index), (str(index), 2))
        told = partial(number, decimals=decimals)
        cells = {row["what"]: _with_ends(row, "mean", told) for row in block.to_dict("records")}
        table.add_row(name, *(cells.get(what, "–") for what in whats))
    return table


def _variance(rows: pd.DataFrame) -> Table:
    numbers = ("variance between", "within", "part between, %", "95% interval", "cases")
    table = _grid("Between runs and within them", ("of a proposal",), numbers)
    for row in rows.to_dict("records"):
        variances = (number(row[key], 4 if row[key] < 10 else 0) for key in ("between", "within"))
        ends = _ends(row["low"], row["high"], _percent)
        table.add_row(_said(row["quantity"]), *variances, _percent(row["share"]), ends, f"{row['cases']:,}")
    return table


def _parameters(rows: pd.DataFrame) -> Table:
    numbers = ("part of the parameters, %", "95% interval", "points", "runs")
    table = _grid("Parameters or luck", ("measure",), numbers)
    for row in rows.to_dict("records"):
        ends = _ends(row["low"], row["high"], _percent)
        counts = (f"{row['points']:,}", f"{row['runs']:,}")
        table.add_row(str(row["measure"]), _percent(row["share"]), ends, *counts)
    return table

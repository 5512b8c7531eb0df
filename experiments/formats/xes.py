"""XES, the standard of event logs (IEEE 1849-2016): a trace a case."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from experiments.formats import Counts, Source, timestamps

if TYPE_CHECKING:
    import pandas as pd

    from experiments.history import History, Run

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2016" xes.features="" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<global scope="trace"><string key="concept:name" value=""/></global>
<global scope="event"><string key="concept:name" value=""/>\
<date key="time:timestamp" value="1970-01-01T00:00:00.000+00:00"/>\
<string key="lifecycle:transition" value="complete"/></global>
<classifier name="Activity" scope="event" keys="concept:name"/>
<classifier name="Activity and transition" scope="event" keys="concept:name lifecycle:transition"/>
<string key="lifecycle:model" value="standard"/>
"""
_TAIL = "</log>\n"

#: what XML has no sign for
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

#: columns of cases that become attributes of the trace
_OF_TRACE = {
    **dict.fromkeys(
        ("city", "channel", "vendor", "vendor_kind", "motive", "department", "domain", "need"), "string"
    ),
    **dict.fromkeys(("fit", "novelty", "barrier", "poc_cost"), "float"),
    "parent": "int",
}


def write(path: Path, source: Source, moves: bool) -> Counts:
    """Write an XES file, run by run. Returns what it holds."""
    counts = Counts()
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(_HEAD)
        for history in source():
            cases, events = 0, 0
            for trace, length in _traces(history, moves):
                stream.write(trace)
                cases, events = cases + 1, events + length
            counts = counts.plus(cases, events)
        stream.write(_TAIL)
    return counts


@lru_cache(maxsize=65_536)
def _quoted(word: str) -> str:
    return quoteattr(_CONTROL.sub("", word))


def _attribute(type_: str, key: str, value: Any) -> str:
    return f"<{type_} key={_quoted(key)} value={_quoted(str(value))}/>"


def _traces(history: History, moves: bool) -> Iterator[tuple[str, int]]:
    """The text of each trace, and how many events it has."""
    from analysis.activities import about_cases

    told = about_cases(history.events, moves=moves)
    lines = dict[int, list[str]]()
    for case, line in zip(told["case"].tolist(), _events(told), strict=True):
        lines.setdefault(case, []).append(line)
    for row in history.cases.to_dict("records"):
        mine = lines.get(row["case"], [])
        yield f"<trace>{_about(row, history.run)}\n{''.join(mine)}</trace>\n", len(mine)


def _about(row: Mapping[Any, Any], run: Run) -> str:
    known = {name: row[name] for name in _OF_TRACE if row[name] == row[name] and row[name] is not None}
    names = [_attribute("string", "concept:name", run.id(row["case"]))]
    names += [_attribute("string", "scenario", run.scenario), _attribute("int", "seed", run.seed)]
    return "".join(names + [_attribute(_OF_TRACE[name], name, value) for name, value in known.items()])


def _events(told: pd.DataFrame) -> Iterator[str]:
    from analysis.activities import activities, lifecycle

    words = told[["actor", "kind", "origin", "target", "reason"]].astype(object)
    words = words.where(words.notna(), None).set_axis(["org:resource", *words.columns[1:]], axis=1)
    columns = (
        activities(told).astype(str),
        timestamps(told["date"], "+00:00"),
        lifecycle(told).astype(str),
        zip(*(words[name] for name in words), strict=True),
        told["amount"].to_numpy().tolist(),
    )
    for name, when, transition, said, amount in zip(*columns, strict=True):
        keys = zip(words.columns, said, strict=True)
        rest = "".join(_attribute("string", key, word) for key, word in keys if word is not None)
        number = "" if amount != amount else f'<float key="amount" value="{amount!r}"/>'
        yield (
            f'<event><string key="concept:name" value={_quoted(name)}/>'
            f'<date key="time:timestamp" value="{when}"/>'
            f'<string key="lifecycle:transition" value="{transition}"/>{rest}{number}</event>\n'
        )

"""OCEL 2.0, object-centric event logs, as JSON and as SQLite."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from experiments.formats import Counts, Source, timestamps

if TYPE_CHECKING:
    import pandas as pd

    from analysis.objects import Objects

#: the time of attributes that hold from the beginning, by the standard
EPOCH = "1970-01-01T00:00:00.000Z"


def _logs(source: Source, moves: bool) -> Iterator[tuple[Objects, int]]:
    """The object-centric log of each run, and the number of its cases."""
    from analysis.objects import objects

    for history in source():
        events = history.events
        if moves:
            events = events[(events["kind"] == "move").to_numpy()]
        yield objects(history.cases, events, history.run.id), len(history.cases)


def _when(dates: pd.Series[Any]) -> list[str]:
    return [EPOCH if each.startswith("NaT") else each for each in timestamps(dates, "Z")]


def _plain(value: Any) -> Any:
    """A value as JSON and SQLite know it, or ``None`` where it is missing."""
    if value is None or value != value:
        return None
    return value if isinstance(value, str) else float(value)


# --- JSON ---------------------------------------------------------------------------------------


def write(path: Path, source: Source, moves: bool) -> Counts:
    """Write a JSON file; events wait in a file of their own until all objects are written.

    Returns:
        What the file holds.
    """
    from analysis.objects import ATTRIBUTES, TYPES

    counts, activities = Counts(), set[str]()
    with (
        path.open("w", encoding="utf-8", newline="\n") as stream,
        tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n", dir=path.parent) as waiting,
    ):
        types = [_type(name, attributes) for name, attributes in TYPES.items()]
        stream.write(f'{{"objectTypes": {_text(types)},\n"objects": [')
        for log, cases in _logs(source, moves):
            _append(stream, _objects(log), first=not counts.objects)
            _append(waiting, _events(log), first=not counts.events)
            activities.update(log.events["activity"].astype(str).unique())
            counts = counts.plus(cases, len(log.events), len(log.objects))
        stream.write('],\n"events": [')
        waiting.seek(0)
        shutil.copyfileobj(waiting, stream)
        types = [_type(name, ATTRIBUTES) for name in sorted(activities)]
        stream.write(f'],\n"eventTypes": {_text(types)}}}\n')
    return counts


def _type(name: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    return {"name": name, "attributes": [{"name": key, "type": type_} for key, type_ in attributes.items()]}


_text = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def _append(stream: TextIO, rows: Iterable[dict[str, Any]], *, first: bool) -> None:
    """More elements of a JSON array, a line each."""
    for row in rows:
        stream.write(f"{'' if first else ','}\n{_text(row)}")
        first = False


def _objects(log: Objects) -> Iterator[dict[str, Any]]:
    values, relations = defaultdict[str, list[Any]](list), defaultdict[str, list[Any]](list)
    for (name, key, value), when in zip(_cells(log.values), _when(log.values["date"]), strict=True):
        values[name].append({"name": key, "time": when, "value": _plain(value)})
    for from_, to, qualifier in log.relations.itertuples(index=False):
        relations[from_].append({"objectId": to, "qualifier": qualifier})
    for name, type_ in log.objects.itertuples(index=False):
        yield {"id": name, "type": type_, "attributes": values[name], "relationships": relations[name]}


def _cells(values: pd.DataFrame) -> Iterator[tuple[str, str, Any]]:
    return values[["object", "name", "value"]].itertuples(index=False, name=None)


def _events(log: Objects) -> Iterator[dict[str, Any]]:
    related = defaultdict[str, list[dict[str, str]]](list)
    for event, name, qualifier in log.related.itertuples(index=False):
        related[event].append({"objectId": name, "qualifier": qualifier})
    for event, activity, when, said in _rows(log):
        attributes = [{"name": key, "value": value} for key, value in said.items() if value is not None]
        yield {
            "id": event,
            "type": activity,
            "time": when,
            "attributes": attributes,
            "relationships": related[event],
        }


def _rows(log: Objects) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Id, activity, time and attributes of each event."""
    from analysis.objects import ATTRIBUTES

    names = list(ATTRIBUTES)
    said = zip(*([_plain(cell) for cell in log.events[name].tolist()] for name in names), strict=True)
    head = (log.events["event"], log.events["activity"].astype(str), _when(log.events["date"]))
    for event, activity, when, cells in zip(*head, said, strict=True):
        yield event, activity, when, dict(zip(names, cells, strict=True))


# --- SQLite -------------------------------------------------------------------------------------

_TABLES = """
CREATE TABLE event_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
CREATE TABLE object_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
CREATE TABLE event (
    ocel_id TEXT PRIMARY KEY, ocel_type TEXT, FOREIGN KEY (ocel_type) REFERENCES event_map_type (ocel_type)
);
CREATE TABLE object (
    ocel_id TEXT PRIMARY KEY, ocel_type TEXT, FOREIGN KEY (ocel_type) REFERENCES object_map_type (ocel_type)
);
CREATE TABLE event_object (
    ocel_event_id TEXT, ocel_object_id TEXT, ocel_qualifier TEXT,
    PRIMARY KEY (ocel_event_id, ocel_object_id, ocel_qualifier),
    FOREIGN KEY (ocel_event_id) REFERENCES event (ocel_id),
    FOREIGN KEY (ocel_object_id) REFERENCES object (ocel_id)
);
CREATE TABLE object_object (
    ocel_source_id TEXT, ocel_target_id TEXT, ocel_qualifier TEXT,
    PRIMARY KEY (ocel_source_id, ocel_target_id, ocel_qualifier),
    FOREIGN KEY (ocel_source_id) REFERENCES object (ocel_id),
    FOREIGN KEY (ocel_target_id) REFERENCES object (ocel_id)
);
"""

_SQL = {"string": "TEXT", "float": "REAL"}


def sqlite(path: Path, source: Source, moves: bool) -> Counts:
    """Write a SQLite database. Returns what it holds."""
    from analysis.objects import TYPES

    counts = Counts()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(_TABLES)
        for name, attributes in TYPES.items():
            _make(connection, "object", name, attributes, "ocel_changed_field TEXT, ")
        known = set[str]()
        for log, cases in _logs(source, moves):
            _store_objects(connection, log)
            _store_events(connection, log, known)
            counts = counts.plus(cases, len(log.events), len(log.objects))
    return counts


def _mapped(name: str) -> str:
    """The name of a type as part of the name of its table."""
    return "".join(part.capitalize() for part in "".join(c if c.isalnum() else " " for c in name).split())


def _make(
    connection: sqlite3.Connection, kind: str, name: str, attributes: Mapping[str, str], more: str = ""
) -> None:
    columns = ", ".join(f'"{key}" {_SQL[type_]}' for key, type_ in attributes.items())
    key = "" if kind == "object" else " PRIMARY KEY"
    connection.execute(f"INSERT INTO {kind}_map_type VALUES (?, ?)", (name, _mapped(name)))
    connection.execute(
        f"CREATE TABLE {kind}_{_mapped(name)} (ocel_id TEXT{key}, ocel_time TIMESTAMP, {more}{columns},"
        f" FOREIGN KEY (ocel_id) REFERENCES {kind} (ocel_id))"
    )


def _store_objects(connection: sqlite3.Connection, log: Objects) -> None:
    """First the values that objects have from the beginning, then a row for each change."""
    connection.executemany("INSERT INTO object VALUES (?, ?)", log.objects.itertuples(index=False, name=None))
    connection.executemany(
        "INSERT OR IGNORE INTO object_object VALUES (?, ?, ?)",
        log.relations.itertuples(index=False, name=None),
    )
    known, changes = defaultdict[str, dict[str, Any]](dict), list[tuple[str, str, str, Any]]()
    for (name, key, value), when in zip(_cells(log.values), _when(log.values["date"]), strict=True):
        if when == EPOCH:
            known[name][key] = _plain(value)
        else:
            changes.append((name, when, key, _plain(value)))
    types = dict(log.objects.itertuples(index=False, name=None))
    for name, type_ in types.items():
        _put(connection, type_, {"ocel_id": name, "ocel_time": EPOCH, **known[name]})
    for name, when, key, value in changes:
        row = {"ocel_id": name, "ocel_time": when, "ocel_changed_field": key, key: value}
        _put(connection, types[name], row)


def _put(connection: sqlite3.Connection, type_: str, row: Mapping[str, Any]) -> None:
    columns = ", ".join(f'"{key}"' for key in row)
    marks = ", ".join("?" * len(row))
    table = f"object_{_mapped(type_)}"
    connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(row.values()))


def _store_events(connection: sqlite3.Connection, log: Objects, known: set[str]) -> None:
    from analysis.objects import ATTRIBUTES

    marks = ", ".join("?" * (2 + len(ATTRIBUTES)))
    for event, activity, when, said in _rows(log):
        if activity not in known:
            _make(connection, "event", activity, ATTRIBUTES)
            known.add(activity)
        connection.execute("INSERT INTO event VALUES (?, ?)", (event, activity))
        row = (event, when, *said.values())
        connection.execute(f"INSERT INTO event_{_mapped(activity)} VALUES ({marks})", row)
    related = log.related.itertuples(index=False, name=None)
    connection.executemany("INSERT INTO event_object VALUES (?, ?, ?)", related)

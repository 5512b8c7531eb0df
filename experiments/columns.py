"""What each column of a study's tables means."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sim.parameters import PATHS

if TYPE_CHECKING:
    from experiments.study import Study
    from sim.scenario import Scenario

_RUN = {
    "scenario": ("", "the lever: name of the scenario or policy"),
    "seed": ("", "seed of the run; the same replication has the same seed everywhere"),
    "point": ("", "number of the point in the design, from 1"),
    "replication": ("", "number of the run at its point, from 1"),
}
_RUNS = {"start": ("date", "first day of the run"), "days": ("days", "length of the run")}
_CASES = {
    "case": ("", "number of the case in its run, by arrival"),
    "city": ("", "where it was submitted"),
    "channel": ("", "the way in; tender: a rival that won after its parent's POC; market: an imitator"),
    "vendor": ("", "who proposes"),
    "vendor_kind": ("", "startup, sme or large"),
    "motive": ("", "solver, or tester: one that wants a field to try its product in"),
    "department": ("", "the department that hosts it"),
    "domain": ("", "the field of the smart-city policy"),
    "need": ("", "the department's need that it is to answer"),
    "fit": ("share", "how well the solution answers the need in truth"),
    "novelty": ("share", "how new the solution is"),
    "barrier": ("share", "height of the regulatory barrier"),
    "poc_cost": ("NT$ m", "cost of the POC to the vendor"),
    "parent": ("", "for a rival or an imitator: number of the case whose POC came before"),
    "key": ("", "address of the case's luck: the same occasion has the same key under another policy"),
}
_EVENTS = {
    "time": ("days", "from the start of the run"),
    "date": ("date", "the same as a date"),
    "city": ("", "where it happened"),
    "case": ("", "number of the case, where the event is about one"),
    "kind": ("", "what happened; it decides what the next columns mean (see sim.events.Kind)"),
    "actor": ("", "who did it"),
    "origin": ("", "for a move: the stage left; for a payment: the payer"),
    "target": ("", "for a move: the stage entered; for a payment: the payee"),
    "reason": ("", "for a move: why the case ended; for a payment: its purpose"),
    "amount": ("NT$ m", "money, or the number that the kind of event gives"),
}
_TABLES = {"runs": _RUNS, "cases": _CASES, "events": _EVENTS}


def policies(levers: Sequence[Scenario]) -> dict[str, list[bool]]:
    """Every policy of some lever, and for each lever whether it is in force at some time."""
    found = [_in_force(lever) for lever in levers]
    names = dict.fromkeys(name for policies in found for name in policies)
    return {name: [name in policies for policies in found] for name in names}


def _in_force(lever: Scenario) -> list[str]:
    later = (name for change in lever.timeline for name in change.policies or ())
    return list(dict.fromkeys((*lever.policies, *later)))


def described(study: Study, tables: Sequence[str]) -> str:
    """A CSV with one line a column: table, column, unit, meaning."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["table", "column", "unit", "meaning"])
    for table in tables:
        rows = _of_outcomes(study) if table == "outcomes" else _of_records(table)
        lines.writerows((table, *row) for row in rows)
    return text.getvalue()


def _of_outcomes(study: Study) -> Iterator[tuple[str, str, str]]:
    from analysis.measures import MEASURES

    yield "scenario", *_RUN["scenario"]
    for name in policies(study.levers):
        yield f"policy.{name}", "", f"whether the policy {name} is in force at some time"
    for path in study.paths:
        yield path, PATHS[path].unit, PATHS[path].meaning
    for name in ("point", "replication", "seed"):
        yield name, *_RUN[name]
    for measure in MEASURES.values():
        yield measure.name, measure.unit, measure.meaning


def _of_records(table: str) -> Iterator[tuple[str, str, str]]:
    for name in ("scenario", "seed", "point"):
        yield name, *_RUN[name]
    for name, (unit, meaning) in _TABLES[table].items():
        yield name, unit, meaning

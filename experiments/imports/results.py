"""What an import leaves behind: a run store of one observed history, its curves, and what is wrong with it.

::

    manifest.json    with what was read, under "observed"
    runs, cases, events, outcomes .parquet    as of a simulated run
    quality.csv      one row a problem: line, case, column, value, severity, kind, told
    rows.csv         one row a row of the file: line, case, its number in the log, what became of it
    columns.csv      one row a column: cells used, set aside, empty
    funnel.csv       cases that ever reached each step, by channel
    curves.csv       share of proposals that has reached each stage by each day, open cases censored
    measures.csv     the measures that the columns allow
    targets.yaml     for 'observed:' in a scenario
    figures/         charts
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis import recorded
from experiments import provenance, store
from experiments.imports import history, ocds, quality, records, sheet, targets
from experiments.imports.columns import COLUMNS, DONE, OPEN
from experiments.imports.records import Checked, State
from experiments.words import plural

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from analysis.tables import Tables

TARGETS = "targets.yaml"


@dataclass(frozen=True)
class Imported:
    """A file of observed cases, read.

    Attributes:
        source: the file.
        sha256: of its content.
        name: of the city.
        checked: its cases and problems.
        tables: the observed history.
        figures: for the file of targets.
    """

    source: str
    sha256: str
    name: str
    checked: Checked
    tables: Tables
    figures: tuple[targets.Figure, ...]

    @property
    def known(self) -> frozenset[str]:
        """The columns that the file has, and what else it tells."""
        return known(self.checked)


def imported(file: Path, name: str, today: date, until: date | None = None, order: str = "ymd") -> Imported:
    """A CSV of cases or an OCDS package, as an observed history.

    Args:
        file: told apart by its content: a package is JSON.
        name: of the city.
        today: days after it are impossible.
        until: the day of observation.
        order: how days are written, a key of :data:`experiments.imports.days.ORDERS`.

    Raises:
        ImportFileError: the file cannot be read, or no row of it can be used.
        InputError: an extra is missing, or the day of observation lies in the future.
    """
    data = sheet.content(file)
    text = sheet.decoded(data, str(file))
    reads = ocds.read if text.lstrip()[:1] in ("{", "[") else sheet.read
    found = records.checked(reads(text, str(file)), today, until, order)
    tables = history.observed(found, name)
    figures = tuple(targets.figures(tables, known(found), found.until))
    return Imported(str(file), hashlib.sha256(data).hexdigest(), name, found, tables, figures)


def known(found: Checked) -> frozenset[str]:
    """The columns that the file has, and whether start-ups and ends of services occur in it."""
    words = [record.words for record in found.records]
    more = {
        targets.STARTUPS: any(each.get("vendor_kind") == "startup" for each in words),
        targets.SERVED: any(each.get("outcome") in DONE for each in words),
    }
    return frozenset((*found.columns, *(name for name, there in more.items() if there)))


# --- tables -------------------------------------------------------------------------------------


def funnel(found: Imported) -> pd.DataFrame:
    """Cases that ever reached each step on record: channel, view, step, cases."""
    from analysis.funnel import counts

    steps = recorded.steps(found.known)
    table = counts(found.tables).melt(["channel", "view"], steps, var_name="step", value_name="cases")
    return table.astype({"cases": int})


def rows(found: Imported) -> pd.DataFrame:
    """What became of every row: line, case, number (in the log, if it is there), state, told."""
    import pandas as pd

    numbers = {record.line: number for number, record in enumerate(found.checked.records, 1)}
    told = [
        (fate.line, fate.case, numbers.get(fate.line), fate.state.value, fate.told)
        for fate in found.checked.fates
    ]
    table = pd.DataFrame(told, columns=["line", "case", "number", "state", "told"])
    return table.astype({"number": "Int64"})


def columns(found: Imported) -> pd.DataFrame:
    """How well each column of the file is filled, in the cases used: column, used, aside, empty."""
    import pandas as pd

    checked = found.checked
    lines = {record.line for record in checked.records}
    aside = [
        each.column for each in checked.problems if each.kind.error and each.line in lines and each.value
    ]
    told = []
    for name in checked.columns:
        used = sum(_has(record, name) for record in checked.records)
        lost = aside.count(name)
        told.append((name, used, lost, len(checked.records) - used - lost))
    return pd.DataFrame(told, columns=["column", "used", "aside", "empty"])


def _has(record: records.Record, name: str) -> bool:
    if name == "case":
        return record.named
    return name in (record.dates if COLUMNS[name].holds == "date" else record.words)


def summary(found: Imported) -> str:
    """How many rows there were, and what became of them."""
    states = [fate.state for fate in found.checked.fates]
    parts = [f"{states.count(state):,} {state.value}" for state in State if state in states]
    still = sum(record.words.get("outcome", OPEN) == OPEN for record in found.checked.records)
    open_ = f"{plural(still, 'case')} open on {found.checked.until}"
    return f"{plural(len(states), 'row')}: {'; '.join(parts)}. {open_}."


# --- to the disk --------------------------------------------------------------------------------


def fill(folder: Path, found: Imported, command: str, *, draws: bool) -> dict[str, Any]:
    """Write everything into the folder of a store; return what its manifest is to say."""
    outcomes = targets.outcomes(found.tables, found.known)
    tables = {
        "runs": found.tables.runs,
        "outcomes": outcomes,
        "cases": found.tables.cases,
        "events": found.tables.events,
    }
    saved = store.save(folder, tables)
    written = {
        "quality": quality.table(found.checked.problems),
        "rows": rows(found),
        "columns": columns(found),
        "funnel": funnel(found),
        "curves": recorded.table(found.tables, found.known),
        "measures": _measures(outcomes),
    }
    for name, table in written.items():
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    if found.figures:
        source = f"{Path(found.source).name}, SHA-256 {found.sha256}"
        (folder / TARGETS).write_text(targets.text(found.figures, source), encoding="utf-8", newline="\n")
    if draws:
        from experiments.results import drawn

        drawn(folder / "figures", dict(_sheets(found)))
    return {**_about(found, command), "tables": saved}


def _measures(outcomes: pd.DataFrame) -> pd.DataFrame:
    from analysis.measures import MEASURES

    told = [(name, outcomes[name].iloc[0], MEASURES[name].unit) for name in outcomes.columns[2:]]
    import pandas as pd

    return pd.DataFrame(told, columns=["measure", "value", "unit"])


def _sheets(found: Imported) -> Iterator[tuple[str, Callable[[], Figure]]]:
    """The charts of the registry; without days of submission there are no times since."""
    from analysis.figures import RECORDS

    for name, figure in RECORDS.items():
        if name != "curves" or found.tables.reached["submitted"].notna().any():
            yield name, partial(figure.function, found.tables, found.known)


def _about(found: Imported, command: str) -> dict[str, Any]:
    told = [each for each in found.checked.problems if each.kind.error]
    observed = {
        "file": Path(found.source).name,
        "sha256": found.sha256,
        "name": found.name,
        "until": found.checked.until.isoformat(),
        "columns": list(found.checked.columns),
        "rows": len(found.checked.fates),
        "cases": len(found.checked.records),
        "errors": len(told),
    }
    return {
        "command": command,
        "created": provenance.today(),
        "fingerprint": provenance.digest(observed),
        "code": provenance.code(),
        "commit": provenance.commit(),
        "versions": provenance.versions(),
        "failures": [],
        "scenarios": {},
        "observed": observed,
    }

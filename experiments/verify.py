"""Whether the runs of a store come out the same when they are made again.

Each run that is chosen is made again from what the manifest says alone: no scenario or study file is
looked at. Its rows must be the same in every table, number by number.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from experiments import provenance, store
from experiments.runner import Batch, Job, Keep, batches
from sim.parameters import Parameters

if TYPE_CHECKING:
    import pandas as pd

    from experiments.store import Store

#: tables that hold one row a run, case or event; the others are summed up from them
TABLES = ("outcomes", "cases", "events")

#: columns that say which run a row belongs to; its name among the jobs made again is another one
_KEYS = ("scenario", "point", "seed")

Compared = Callable[[int, int], None]


class Run(NamedTuple):
    """A run in a store.

    Attributes:
        scenario: the name of its scenario or lever.
        seed: of the run.
        point: of a sweep's design; ``None`` elsewhere.
        settings: the numbers that the point sets.
    """

    scenario: str
    seed: int
    point: int | None
    settings: Mapping[str, Any]

    @property
    def key(self) -> dict[str, Any]:
        """What its rows have in the columns that say which run they belong to."""
        keys = zip(_KEYS, (self.scenario, self.point, self.seed), strict=True)
        return {key: value for key, value in keys if value is not None}

    def __str__(self) -> str:
        point = "" if self.point is None else f", point {self.point}"
        return f"{self.scenario}{point}, seed {self.seed}"


class Difference(NamedTuple):
    """The first place where a run came out otherwise: ``what`` in words."""

    run: Run
    what: str


def damaged(found: Store) -> list[str]:
    """Names of tables whose file is not the one that was written."""
    return [
        name
        for name, said in found.manifest["tables"].items()
        if _digest(found.path / f"{name}.parquet") != said["sha256"]
    ]


def _digest(file: Path) -> str:
    return store.digest(file) if file.is_file() else ""


def runs(found: Store) -> list[Run]:
    """Every run of a store that succeeded, in its order.

    Raises:
        StoreError: the table of outcomes is missing or damaged, or the history is an observed one.
    """
    if "observed" in found.manifest:
        problem = "holds what a city observed, which no run can make again"
        raise store.StoreError(problem, file=str(found.path))
    rows = found.outcomes
    paths = [path for path in _paths(found) if path in rows]
    columns = [rows["scenario"].astype(str), rows["seed"], rows.get("point", [None] * len(rows))]
    return [
        Run(name, int(seed), None if point is None else int(point), _settings(rows, at, paths))
        for at, (name, seed, point) in enumerate(zip(*columns, strict=True))
    ]


def _paths(found: Store) -> Sequence[str]:
    study = found.manifest.get("study", {})
    listed = (row for row in study.get("design", {}).get("rows", ()))
    return list(dict.fromkeys(chain(study.get("uncertainties", {}), *listed)))


def _settings(rows: pd.DataFrame, at: int, paths: Sequence[str]) -> dict[str, Any]:
    """The settings of a row, of the types that the parameters have."""
    return {path: type(Parameters().at(path))(rows[path].iloc[at]) for path in paths}


def spread(among: Sequence[Run], number: int) -> list[Run]:
    """So many of the runs, as far from one another as they can be; all where there are no more."""
    if number >= len(among):
        return list(among)
    step = (len(among) - 1) / max(1, number - 1)
    return [among[round(place * step)] for place in range(number)]


def differences(
    found: Store, chosen: Sequence[Run], workers: int = 1, told: Compared | None = None
) -> Iterator[Difference]:
    """Make runs again and yield those that come out otherwise.

    Args:
        found: the store.
        chosen: which of its runs.
        workers: processes.
        told: is called with the number of runs compared, and of all, as they come in.

    Raises:
        StoreError: a table of the store is missing or damaged.
        ScenarioError: the manifest describes a world that this version cannot make.
    """
    worlds = found.manifest.get("scenarios") or found.manifest["study"]["levers"]
    made = {name: provenance.scenario(said) for name, said in worlds.items()}
    tables = [name for name in TABLES if name in found.manifest["tables"]]
    # a run needs a name of its own: a sweep has the same lever and seed at every point
    jobs = [Job(made[run.scenario], run.seed, run.settings, f"{at}") for at, run in enumerate(chosen)]
    keep: Keep = "everything" if len(tables) > 1 else "outcomes"
    done = 0
    for batch in batches(jobs, workers=workers, keep=keep):
        group = chosen[batch.place : batch.place + batch.done]
        yield from _compared(found, tables, group, batch)
        done += batch.done
        if told:
            told(done, len(jobs))


def _compared(
    found: Store, tables: Sequence[str], group: Sequence[Run], batch: Batch
) -> Iterator[Difference]:
    failed = {failure.scenario: failure.error for failure in batch.failures}
    with tempfile.TemporaryDirectory() as folder:
        again = _stored(Path(folder), batch)
        old = {name: _by_run(found.path / f"{name}.parquet", [run.key for run in group]) for name in tables}
        keys = [{"scenario": str(at)} for at, _ in enumerate(group, batch.place)]
        new = {name: _by_run(again / f"{name}.parquet", keys) for name in tables if len(failed) < len(group)}
    for run, key in zip(group, keys, strict=True):
        if error := failed.get(key["scenario"]):
            yield Difference(run, f"fails now: {error}")
            continue
        whats = (_first_difference(name, old[name](run.key), new[name](key)) for name in tables)
        if what := next(filter(None, whats), None):
            yield Difference(run, what)


def _by_run(file: Path, keys: Sequence[Mapping[str, Any]]) -> Callable[[Mapping[str, Any]], pd.DataFrame]:
    """The rows of some runs, read at once: a function from what a run's rows have in common to them."""
    columns = list(keys[0])
    rows = store.loaded(file, [(column, "in", [key[column] for key in keys]) for column in columns])
    found = dict(list(rows.groupby(columns, observed=True, sort=False)))
    return lambda key: found.get(tuple(key.values()), rows.iloc[:0])


def _stored(folder: Path, batch: Batch) -> Path:
    """The batch written and read as the store was: so both sides have been through the same."""
    frames = {"outcomes": batch.outcomes}
    if batch.tables is not None:
        frames |= {"cases": batch.tables.cases, "events": batch.tables.events}
    store.save(folder, {name: frame for name, frame in frames.items() if frame is not None})
    return folder


def _first_difference(name: str, old: pd.DataFrame, new: pd.DataFrame) -> str:
    """Where two tables of a run differ first, in words; nothing where they are the same."""
    if len(old) != len(new):
        return f"{name}: {len(old):,} rows in the store, {len(new):,} now"
    columns = [column for column in new if column not in _KEYS]
    if missing := [column for column in columns if column not in old]:
        return f"{name}: the store has no column {missing[0]}"
    places = [(_differing(old[column], new[column]), column) for column in columns]
    row, column = min(((row, column) for row, column in places if row is not None), default=(None, ""))
    if row is None:
        return ""
    return (
        f"{name}, row {row + 1}, {column}: {old[column].iloc[row]} in the store, {new[column].iloc[row]} now"
    )


def _differing(old: pd.Series[Any], new: pd.Series[Any]) -> int | None:
    """The first row in which two columns differ; where both have nothing they do not."""
    import numpy as np

    left, right = old.isna().to_numpy(), new.isna().to_numpy()
    same, both = left & right, ~(left | right)
    same[both] = old.astype(object).to_numpy()[both] == new.astype(object).to_numpy()[both]
    places = np.flatnonzero(~same)
    return int(places[0]) if len(places) else None

"""The histories in a run store, one run after the other, so that a large store needs little memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from experiments.store import Store, StoreError, reading
from sim.errors import InputError, nearest

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from analysis.tables import Tables

#: rows that are read at a time
BATCH = 65_536

#: which run a row belongs to; a sweep has points besides
_KEYS = ["scenario", "point", "seed"]


class Run(NamedTuple):
    """A run in a store.

    Attributes:
        number: its place in the store, from 1.
        scenario: the name of the scenario, or of a sweep's lever.
        seed: of the run.
        point: of a sweep's design; ``None`` elsewhere.
        start: the first day, midnight.
        days: the length of what was seen.
    """

    number: int
    scenario: str
    seed: int
    point: int | None
    start: pd.Timestamp
    days: float

    def id(self, name: object) -> str:
        """The name of something in this run, unlike the same name in other runs."""
        return f"{self.number}-{name}"


class History(NamedTuple):
    """A run with its cases and events, as in :class:`analysis.tables.Tables`."""

    run: Run
    cases: pd.DataFrame
    events: pd.DataFrame


def runs(store: Store) -> list[Run]:
    """The runs in a store, in its order.

    Raises:
        StoreError: the store holds outcomes only, or its tables are damaged.
    """
    _check(store)
    table = store.table("runs")
    points = table["point"].tolist() if "point" in table else [None] * len(table)
    columns = (table["scenario"].astype(str), table["seed"].tolist(), points, table["start"], table["days"])
    return [Run(place, *row) for place, row in enumerate(zip(*columns, strict=True), 1)]


def chosen(
    found: Sequence[Run], number: int | None = None, seed: int | None = None, scenario: str | None = None
) -> list[Run]:
    """The runs asked for: one by its number, those with a seed, those of a scenario; all unless asked.

    Raises:
        InputError: there is none.
    """
    names = list(dict.fromkeys(run.scenario for run in found))
    if scenario is not None and scenario not in names:
        hint = nearest(scenario, names) or f"; there are {', '.join(names)}"
        raise InputError(f"no run of '{scenario}' is in the store{hint}", key="--scenario")
    if number is not None and not 1 <= number <= len(found):
        raise InputError(f"there is no run {number}; the store has runs 1 to {len(found)}", key="--run")
    seeds = sorted({run.seed for run in found})
    if seed is not None and seed not in seeds:
        raise InputError(f"no run has seed {seed}; seeds are {seeds[0]} to {seeds[-1]}", key="--seed")
    wanted = (number, seed, scenario)
    left = [
        run
        for run in found
        if all(a in (None, b) for a, b in zip(wanted, (run.number, run.seed, run.scenario), strict=True))
    ]
    if not left:
        raise InputError("no run is all that was asked for", key="--run")
    return left


def histories(store: Store, wanted: Sequence[Run]) -> Iterator[History]:
    """The histories of some runs, in the store's order.

    Raises:
        StoreError: the store holds outcomes only, or a table is damaged.
    """
    _check(store)
    cases, events = _Blocks(store, "cases", wanted), _Blocks(store, "events", wanted)
    for run in sorted(wanted):
        yield History(run, cases.of(run), events.of(run))


def tables(store: Store) -> Tables:
    """All runs of a store in tables. The runs of a sweep are numbered anew where seeds would not differ.

    Raises:
        StoreError: the store holds outcomes only, or a table is damaged.
    """
    from analysis.tables import RUN, Tables

    _check(store)
    found = store.tables
    if not found.runs.duplicated(RUN).any():
        return found
    numbers = found.runs[_KEYS].assign(number=found.runs.groupby("scenario", observed=True).cumcount() + 1)
    return Tables(*(_renumbered(part, numbers) for part in (found.runs, found.cases, found.events)))


def _renumbered(table: pd.DataFrame, numbers: pd.DataFrame) -> pd.DataFrame:
    found = table[_KEYS].astype({"scenario": str}).merge(numbers.astype({"scenario": str}), "left", _KEYS)
    return table.assign(seed=found["number"].to_numpy())


def _check(store: Store) -> None:
    if not {"runs", "cases", "events"} <= set(store.manifest["tables"]):
        problem = (
            "holds no cases and events: make it with 'cityfunnel run', or a sweep with '--keep everything'"
        )
        raise StoreError(problem, file=str(store.path))


class _Blocks:
    """The rows of a table, run by run: rows of a run lie together, and runs lie in the store's order."""

    def __init__(self, store: Store, name: str, wanted: Sequence[Run]) -> None:
        self._file = store.path / f"{name}.parquet"
        self._blocks = self._read({(run.scenario, run.point, run.seed) for run in wanted})
        self._next: tuple[Any, pa.Table] | None = next(self._blocks, None)
        self._empty: pa.Table | None = None

    def of(self, run: Run) -> pd.DataFrame:
        """All rows of the run, which may be none."""
        pieces = list[Any]()
        while self._next is not None and self._next[0] == (run.scenario, run.point, run.seed):
            pieces.append(self._next[1])
            self._next = next(self._blocks, None)
        return self._frame(pieces)

    def _frame(self, pieces: list[pa.Table]) -> pd.DataFrame:
        import pandas as pd
        import pyarrow as pa

        table = pa.concat_tables(pieces).unify_dictionaries() if pieces else self._schema().empty_table()
        return cast("pd.DataFrame", table.to_pandas(types_mapper={pa.int32(): pd.Int32Dtype()}.get))

    def _schema(self) -> pa.Schema:
        import pyarrow.parquet as pq

        return pq.read_schema(self._file)

    def _read(self, keys: set[tuple[Any, ...]]) -> Iterator[tuple[Any, pa.Table]]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        with reading(self._file), pq.ParquetFile(self._file) as file:
            for batch in file.iter_batches(BATCH):
                table = pa.Table.from_batches([batch])
                yield from ((key, rows) for key, rows in _split(table) if key in keys)


def _split(table: pa.Table) -> Iterator[tuple[tuple[Any, ...], pa.Table]]:
    """Pieces of a table that each belong to one run, with scenario, point and seed."""
    import numpy as np

    codes = [table["scenario"].combine_chunks().indices.to_numpy(), table["seed"].to_numpy()]
    codes += [table["point"].to_numpy()] if "point" in table.column_names else []
    new = np.any([code[1:] != code[:-1] for code in codes], axis=0)
    begins = [0, *(np.flatnonzero(new) + 1).tolist(), len(table)]
    for begin, end in pairwise(begins):
        if end > begin:
            yield _key(table, begin), table.slice(begin, end - begin)


def _key(table: pa.Table, row: int) -> tuple[Any, ...]:
    return tuple(table[name][row].as_py() if name in table.column_names else None for name in _KEYS)

"""One table with a row an event: CSV and Parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.formats import Counts, Source, timestamps
from experiments.store import COMPRESSION

if TYPE_CHECKING:
    import pandas as pd

    from experiments.history import Run


def csv(path: Path, source: Source, moves: bool) -> Counts:
    """Write a CSV file with ISO dates. Returns what it holds."""
    with path.open("w", encoding="utf-8", newline="") as stream:

        def put(table: pd.DataFrame, first: bool) -> None:
            table = table.assign(timestamp=timestamps(table["timestamp"], "Z"))
            table.to_csv(stream, index=False, header=first, lineterminator="\n")

        return _written(source, moves, put)


def parquet(path: Path, source: Source, moves: bool) -> Counts:
    """Write a Parquet file. Returns what it holds."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    writers = list[Any]()

    def put(table: pd.DataFrame, first: bool) -> None:
        rows = pa.Table.from_pandas(table, schema=_schema(), preserve_index=False)
        writers.extend([pq.ParquetWriter(path, rows.schema, compression=COMPRESSION)] if first else [])
        writers[0].write_table(rows)

    try:
        return _written(source, moves, put)
    finally:
        for writer in writers:
            writer.close()


def _schema() -> Any:
    import pyarrow as pa

    numbers = {"run": pa.int64(), "seed": pa.int64(), "amount": pa.float64(), "timestamp": pa.timestamp("ms")}
    words = pa.dictionary(pa.int32(), pa.string())
    return pa.schema([(name, numbers.get(name, words)) for name in COLUMNS])


#: in the order of the file
COLUMNS = (
    "case_id",
    "activity",
    "timestamp",
    "lifecycle",
    "resource",
    "kind",
    "origin",
    "target",
    "reason",
    "amount",
    "city",
    "channel",
    "vendor",
    "vendor_kind",
    "department",
    "domain",
    "need",
    "run",
    "scenario",
    "seed",
)


def _written(source: Source, moves: bool, put: Callable[[pd.DataFrame, bool], None]) -> Counts:
    counts = Counts()
    for table in _tables(source, moves):
        put(table, not counts.runs)
        counts = counts.plus(int(table["case_id"].nunique()), len(table))
    return counts


def _tables(source: Source, moves: bool) -> Iterator[pd.DataFrame]:
    from analysis.activities import flat

    for run, cases, events in source():
        yield _named(flat(cases, events, moves=moves), run)


def _named(table: pd.DataFrame, run: Run) -> pd.DataFrame:
    import pandas as pd

    numbers = table["case"].astype("category")
    names = numbers.cat.rename_categories([run.id(number) for number in numbers.cat.categories])
    scenario = pd.Categorical([run.scenario] * len(table))
    found = table.assign(case_id=names, run=run.number, scenario=scenario, seed=run.seed)
    return found.rename(columns={"date": "timestamp"})[list(COLUMNS)]

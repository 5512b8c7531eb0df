"""A chart of the runs as a picture: PNG, SVG or PDF, whatever the name of the file ends with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.formats import Counts, Source
from sim.errors import InputError

if TYPE_CHECKING:
    from analysis.tables import Tables

#: suffix -> what leaves out the day on which the picture was made
_UNDATED = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


def writer(name: str) -> Callable[[Path, Source, bool], Counts]:
    """Makes a file with a chart of ``analysis.figures.FIGURES``."""

    def write(path: Path, source: Source, moves: bool) -> Counts:  # noqa: ARG001 (all formats take the same)
        import matplotlib as mpl

        from analysis.figures import FIGURES

        if path.suffix not in _UNDATED:
            raise InputError(f"must end with {', '.join(_UNDATED)}", file=path.name, key="--out")
        found = _tables(source)
        counts = Counts(len(found.runs), len(found.cases), len(found.events))
        with mpl.rc_context({"svg.hashsalt": "cityfunnel"}):
            FIGURES[name].function(found, ()).savefig(path, metadata=_UNDATED[path.suffix])
        return counts

    return write


def _tables(source: Source) -> Tables:
    """The runs in one; those of a sweep by their numbers, for seeds would not differ."""
    import pandas as pd

    from analysis.tables import Tables, concat

    parts = list[Tables]()
    for run, cases, events in source():
        seed = run.seed if run.point is None else run.number
        about = {"scenario": run.scenario, "seed": seed, "start": run.start, "days": run.days}
        runs = pd.DataFrame([about]).astype({"scenario": "category"})
        parts.append(Tables(runs, cases.assign(seed=seed), events.assign(seed=seed)))
    return concat(parts)

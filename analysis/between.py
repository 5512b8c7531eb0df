"""How far runs differ from each other, and how far proposals do within a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.measures import reached
from analysis.statistics import LEVEL
from analysis.tables import Floats, Rows, Tables
from analysis.variance import parts

if TYPE_CHECKING:
    import pandas as pd


def quantities(tables: Tables) -> dict[str, tuple[Floats, Rows]]:
    """What is known of each proposal, NaN where it is not defined, and the run of each.

    Of submitted proposals: whether (1 or 0) it reached a POC, a contract, service; days to each of those that
    did; and the fit of those whose need is known.
    """
    submitted = reached(tables, "submitted")
    run, begin = tables.run_of_case[submitted], tables.reached["submitted"].to_numpy()[submitted]
    found = dict[str, tuple[Floats, Rows]]()
    for stage in ("poc", "contract", "deployed"):
        there = tables.reached[stage].to_numpy()[submitted]
        found[f"reached {stage}"] = ((~np.isnan(there)).astype(float), run)
        found[f"days to {stage}"] = (there - begin, run)
    found["fit"] = (tables.cases["fit"].to_numpy(dtype=float)[submitted], run)
    return found


def between_runs(tables: Tables, level: float = LEVEL) -> pd.DataFrame:
    """The variance of each quantity, split into that between runs and that within them.

    The split is that of one-way analysis of variance with random effects; ``share`` is the intraclass
    correlation: how much alike two proposals of the same run are (see :func:`analysis.variance.parts`).

    Returns:
        quantity, between, within (variances), share with low and high, runs, cases.
    """
    import pandas as pd

    rows = []
    for name, (value, run) in quantities(tables).items():
        found = parts(name, run, np.arange(len(value)), value, level)
        rows.append((name, *found[1:]))
    columns = ["quantity", "between", "within", "share", "low", "high", "runs", "cases"]
    return pd.DataFrame(rows, columns=columns)

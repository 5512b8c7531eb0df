"""Which way cases go from stage to stage: how many, what share, and how long they stayed before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.pairs import contributions
from analysis.statistics import LEVEL, mean
from analysis.tables import STAGES, Tables
from sim.stages import ENDS

if TYPE_CHECKING:
    import pandas as pd

#: the place from which cases come, and the one of cases that are still in a stage at the end
ARRIVAL, OPEN = "arrival", "open"

_PLACES = [ARRIVAL, *STAGES, OPEN]


def moves(tables: Tables) -> pd.DataFrame:
    """Every move, and for each case that has not ended a row to ``open``.

    Returns:
        run (row in ``tables.runs``), origin, target (words), days (spent in the stage left; of open cases
        up to the end of the run; NaN on arrival).
    """
    import pandas as pd

    told = tables.events[(tables.events["kind"] == "move").to_numpy() & (tables.case_of_event >= 0)]
    found = pd.DataFrame(
        {
            "run": tables.run_of_event[told.index],
            "case": tables.case_of_event[told.index],
            "origin": told["origin"].astype("str").fillna(ARRIVAL).to_numpy(),
            "target": told["target"].astype("str").to_numpy(),
            "time": told["time"].to_numpy(),
        }
    ).sort_values(["case", "time"], kind="stable")
    found["days"] = found.groupby("case")["time"].diff()
    last = found[~found["case"].duplicated(keep="last") & ~found["target"].isin(ENDS)]
    left = tables.runs["days"].to_numpy()[last["run"]] - last["time"].to_numpy()
    still = last.assign(origin=last["target"], target=OPEN, days=left)
    columns = ["run", "origin", "target", "days"]
    return pd.concat([found[columns], still[columns]], ignore_index=True)


def matrix(tables: Tables, level: float = LEVEL) -> pd.DataFrame:
    """The transition matrix, a row for each way that a case went.

    Args:
        tables: runs that belong together, as those of one scenario.
        level: confidence level of the intervals.

    Returns:
        origin, target (in the order of the funnel; from ``arrival``, and to ``open``), count (of all runs),
        per_run, share (of those that entered ``origin``) with low and high (t interval over runs of a
        ratio), median, quarter and three_quarters (days in ``origin`` before the move).
    """
    import pandas as pd

    found = moves(tables)
    place = {name: rank for rank, name in enumerate(_PLACES)}
    groups = {(str(a), str(b)): rows for (a, b), rows in found.groupby(["origin", "target"])}
    ways = sorted(groups, key=lambda way: (place[way[0]], place[way[1]]))
    runs = len(tables.runs)
    entered = {
        origin: _counts(found[(found["origin"] == origin).to_numpy()], runs)
        for origin in {w[0] for w in ways}
    }
    rows = []
    for origin, target in ways:
        mine = groups[origin, target]
        counts, whole = _counts(mine, runs), entered[origin]
        share = mean(
            contributions(np.divide(counts, whole, where=whole > 0, out=np.zeros(runs)), whole), level
        )
        times = mine["days"].quantile([0.5, 0.25, 0.75]).tolist()
        ends = (max(0.0, share.low), min(1.0, share.high))
        rows.append((origin, target, len(mine), len(mine) / max(1, runs), share.estimate, *ends, *times))
    names = ["origin", "target", "count", "per_run", "share", "low", "high"]
    return pd.DataFrame(rows, columns=[*names, "median", "quarter", "three_quarters"])


def _counts(moves: pd.DataFrame, runs: int) -> np.ndarray:
    return np.bincount(moves["run"], minlength=runs).astype(float)

"""A simulated history in the form of the template, as a city would have kept it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from analysis.measures import FEASIBLE
from analysis.tables import FOLLOWERS, Tables, is_
from experiments.imports.columns import COLUMNS, OPEN, STAGES
from sim.stages import ENDS

if TYPE_CHECKING:
    import pandas as pd


def cases(tables: Tables) -> pd.DataFrame:
    """One row a case of a single run, with the columns of the template; days are whole.

    Raises:
        ValueError: there is more than one run.
    """
    import pandas as pd

    if len(tables.runs) != 1:
        raise ValueError("a file of cases holds one city's history: give the tables of one run")
    said, last = tables.cases, tables.last
    over = is_(last["target"], *sorted(ENDS))
    times = tables.reached[[name for name in STAGES if name in tables.reached]].copy()
    times["poc_completed"] = _feasible(tables)
    times["ended"] = tables.reached[sorted(ENDS)].min(axis=1)
    found = {name: _days(tables, times[name]) for name in times}
    found |= {name: said[name].astype(object) for name in ("channel", "vendor", "vendor_kind", "department")}
    found |= {"case": said["case"].astype(str), "reason": last["reason"].astype(object)}
    found["outcome"] = last["target"].astype(object).where(over, OPEN)
    follows = said["parent"].astype("string").where(is_(said["channel"], *FOLLOWERS))
    return pd.DataFrame({**found, "follows": follows})[list(COLUMNS)]


def _feasible(tables: Tables) -> pd.Series[float]:
    """Time of the first final review of each case that found its POC feasible."""
    events, times = tables.events, np.full(len(tables.cases) + 1, np.inf)
    chosen = is_(events["kind"], "review") & is_(events["origin"], "final") & is_(events["target"], *FEASIBLE)
    np.minimum.at(times, tables.case_of_event[chosen], events["time"].to_numpy()[chosen])
    found = tables.reached["submitted"].copy()
    found[:] = np.where(np.isinf(times[:-1]), np.nan, times[:-1])
    return found


def _days(tables: Tables, times: pd.Series[float]) -> pd.Series[str]:
    import pandas as pd

    start = tables.runs["start"].iloc[0].normalize()
    days = start + pd.to_timedelta(np.floor(times), unit="D")
    return cast("pd.Series[str]", days.dt.strftime("%Y-%m-%d"))

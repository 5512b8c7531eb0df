"""Conversion on a day of observation: how many of the proposals so far have got where, and will get."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.competing import GOALS, OPEN, Fates, fates, groups, of_fates
from analysis.pairs import contributions
from analysis.statistics import LEVEL, Interval, mean, share
from analysis.tables import Floats, Tables, is_

if TYPE_CHECKING:
    import pandas as pd


def conversion(tables: Tables, level: float = LEVEL) -> pd.DataFrame:
    """Conversion by channel on the last day that the tables show (see :func:`analysis.tables.until`).

    Two numbers answer two questions. ``share`` is what an observer counts on the day: of all proposals
    received, open ones included, those that have reached the goal. ``eventual`` is the share of the same
    proposals that reach it in as long a time as the oldest of them has had, estimated with open ones as
    censored (Aalen-Johansen).

    Returns:
        goal, channel (then ``all``), submitted, reached, lost, open (cases a run), share with share_low and
        share_high (t interval over runs of a ratio; of one run Wilson's), lower and upper (2.5th and 97.5th
        percentile of the runs' shares: where a single city may lie), eventual with eventual_low and
        eventual_high.
    """
    import pandas as pd

    rows = []
    for goal in GOALS:
        found = fates(tables, goal)
        column = tables.cases["channel"].iloc[found.case]
        for name in [*groups(tables, "channel"), "all"]:
            mine = found if name == "all" else found.only(is_(column, name))
            rows.append({"goal": goal, "channel": name, **_row(mine, len(tables.runs), level)})
    return pd.DataFrame(rows)


def _row(found: Fates, runs: int, level: float) -> dict[str, float]:
    submitted = _count(found.run, runs)
    reached = _count(found.run[found.outcome == 0], runs)
    still = _count(found.run[found.outcome == OPEN], runs)
    rates = np.divide(reached, submitted, out=np.full(runs, np.nan), where=submitted > 0)
    told = ratio(reached, submitted, level)
    last = of_fates(found, [found.time.max(initial=0.0)])["reached"]
    low, high = (float(end[0]) for end in last.band(level))
    known = rates[~np.isnan(rates)]
    lower, upper = np.percentile(known, (2.5, 97.5)) if len(known) else (np.nan, np.nan)
    return {
        "submitted": submitted.mean(),
        "reached": reached.mean(),
        "lost": (submitted - reached - still).mean(),
        "open": still.mean(),
        "share": told.estimate,
        "share_low": told.low,
        "share_high": told.high,
        "lower": float(lower),
        "upper": float(upper),
        "eventual": float(last.share[0]),
        "eventual_low": low,
        "eventual_high": high,
    }


def _count(run: np.ndarray, runs: int) -> Floats:
    return np.bincount(run, minlength=runs).astype(float)


def ratio(part: Floats, whole: Floats, level: float = LEVEL) -> Interval:
    """The share of all parts in all wholes, one of each a run, with its interval within 0 and 1.

    The interval is that of t over runs for a ratio; of a single run Wilson's over its cases.
    """
    if len(whole) == 1:
        return share(int(part[0]), int(whole[0]), level)
    rates = np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
    found = mean(contributions(rates, whole), level)
    return found._replace(low=max(0.0, found.low), high=min(1.0, found.high))

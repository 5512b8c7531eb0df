"""The funnel: how many cases ever reached each step, by channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.measures import completed, count
from analysis.statistics import LEVEL, described
from analysis.tables import RUN, Mask, Tables, is_

if TYPE_CHECKING:
    import pandas as pd

#: the step beside the others, in which citizens pay for a service that the city does not buy
LAUNCHED = "launched"

#: the steps in order; each is a stage, but for ``poc_completed``: judged feasible by a final review
STEPS = (
    "submitted",
    "screened",
    "matched",
    "cleared",
    "poc",
    "poc_completed",
    "tender",
    "contract",
    "deployed",
    LAUNCHED,
    "sustained",
)

#: whose success counts: the case's own, or that of any vendor in the case's tender
VIEWS = ("own", "need")

ALL = "all"


def counts(tables: Tables) -> pd.DataFrame:
    """How many cases ever reached each step in each run.

    In the own view a case counts for what its own vendor reached. In the need's view it counts too
    for what the rival reached that won its tender, or the imitators in its market. A rival, or an
    imitator, without a known parent forms a channel of its own, ``tender`` or ``market``, in both.

    Returns:
        One row for each run, channel (those that occur, then ``all``) and view, with columns
        scenario, seed, channel, view and the steps.
    """
    import pandas as pd

    parts = []
    for channel in [*channels(tables), ALL]:
        chosen = _heads(tables) & (True if channel == ALL else is_(tables.channel, channel))
        for view in VIEWS:
            steps = {step: count(tables, chosen & _reached(tables, step, view)) for step in STEPS}
            parts.append(tables.runs[RUN].assign(channel=channel, view=view, **steps))
    return pd.concat(parts, ignore_index=True)


def summary(counts: pd.DataFrame, level: float = LEVEL, units: pd.Series[int] | None = None) -> pd.DataFrame:
    """The mean over runs of each count, with its uncertainty and the spread of the runs.

    With ``units``, those of each seed (the index), intervals are over units.

    Returns:
        One row for each scenario, channel, view and step: mean, low, high (t interval of the
        mean), lower, upper (2.5th and 97.5th percentile of the runs), runs.
    """
    keys = ["scenario", "channel", "view"]
    long = counts.melt([*keys, "seed"], list(STEPS), var_name="step")
    if units is not None:
        long["unit"] = units.loc[long["seed"]].to_numpy()
    return described(long, [*keys, "step"], level)


def channels(tables: Tables) -> list[str]:
    """The channels that occur, in the order of the guides."""
    order = ("bottom_up", "pitch", "top_down", "problem_led", "challenge", "exchange")
    found = set(tables.channel.astype(str).unique())
    return [name for name in order if name in found] + sorted(found.difference(order))


def steps(table: pd.DataFrame) -> list[str]:
    """The steps worth showing of a summary: a market launch only where there was one."""
    launched = (table["step"] == LAUNCHED) & (table["upper"] > 0)
    return [step for step in STEPS if step != LAUNCHED or launched.any()]


def _heads(tables: Tables) -> Mask:
    return np.asarray(tables.head == np.arange(len(tables.cases)))


def _reached(tables: Tables, step: str, view: str) -> Mask:
    if step == "poc_completed":
        return completed(tables)
    times = tables.reached if view == "own" else tables.reached_by_any
    return times[step].notna().to_numpy()

"""What an observed history can be asked: the steps that are on record, and how long it takes to reach them.

A city's record knows some stages and not others. ``known`` names what it tells: stages (columns of
:attr:`analysis.tables.Tables.reached`), ``poc_completed``, and ``sustained`` where ends of services are kept.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from analysis.statistics import LEVEL
from analysis.survival import Incidence, aalen_johansen, times
from analysis.tables import Tables, of_channel

if TYPE_CHECKING:
    import pandas as pd

#: days between two rows of the table of curves
STEP = 30.0

#: cases above which they are taken together, in so many groups, for the standard error of a curve
GROUPS = 500

#: stages of which there are curves
STAGES = ("screened", "matched", "cleared", "poc", "tender", "contract", "deployed", "launched")


def steps(known: Collection[str]) -> list[str]:
    """The steps of the funnel that are on record, in order."""
    from analysis.funnel import STEPS

    return [step for step in STEPS if step in known]


def curves(
    tables: Tables, known: Collection[str], step: float = STEP, part: float = 1.0
) -> dict[str, Incidence]:
    """The share of proposals that has reached each stage on record by each time since submission.

    The standard error is the delete-one-group jackknife over cases, of which many are taken together where
    there are more than ``GROUPS``.

    Args:
        tables: one observed history.
        known: what is on record.
        step: days between two points of the grid.
        part: of the length of the record, 0 to 1: where the grid ends.

    Returns:
        stage -> estimate; nothing where no day of submission is known.
    """
    days = part * float(tables.runs["days"].iloc[0])
    grid = np.append(np.arange(0.0, days, step), days)
    told = {stage: times(tables, stage) for stage in STAGES if stage in known}
    return {
        stage: aalen_johansen(each.time, each.status, grid, np.arange(len(each.time)) % GROUPS)
        for stage, each in told.items()
        if len(each.time)
    }


def table(tables: Tables, known: Collection[str], level: float = LEVEL) -> pd.DataFrame:
    """The curves of all cases and of each channel.

    Returns:
        channel, stage, days, share, error, low, high (pointwise interval).
    """
    import pandas as pd

    from analysis.funnel import ALL, channels

    empty = pd.DataFrame(columns=["channel", "stage", "days", "share", "error", "low", "high"])
    parts = list[pd.DataFrame]()
    for channel in (ALL, *channels(tables)):
        seen = tables if channel == ALL else of_channel(tables, channel)
        for stage, curve in curves(seen, known).items():
            low, high = curve.band(level)
            about = {"channel": channel, "stage": stage, "days": curve.time, "share": curve.share}
            parts.append(pd.DataFrame({**about, "error": curve.error, "low": low, "high": high}))
    return pd.concat(parts, ignore_index=True) if parts else empty

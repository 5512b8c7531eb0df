"""What becomes of proposals in time: reaching a stage, and the ways to be lost before, as competing outcomes.

The Aalen-Johansen estimator gives the share of proposals that have met each outcome by each day since
submission, open cases being censored (Aalen and Johansen 1978, "An empirical transition matrix for
non-homogeneous Markov chains based on censored observations", Scandinavian Journal of Statistics 5). The
shares of all outcomes and of what is still open add up to 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.measures import FAMILIES
from analysis.statistics import LEVEL
from analysis.survival import Incidence
from analysis.tables import Floats, Mask, Rows, Tables, is_
from sim.stages import ENDS, IN_SERVICE

if TYPE_CHECKING:
    import pandas as pd

#: what a proposal can be on the way to: name -> the stages of which one must be reached
GOALS = {
    "poc": ("poc",),
    "contract": ("contract",),
    "service": tuple(sorted(IN_SERVICE)),
}

#: the outcome of a proposal that has met none
OPEN = -1

#: outcomes in order: the goal, then families of reasons for which a proposal is lost before it
LOSSES: dict[str, tuple[str, ...]] = {
    **FAMILIES,
    "competition": ("competition",),
    "withdrawn": ("withdrawn",),
    "other": (),
}
OUTCOMES = ("reached", *LOSSES)

#: groups that are taken out in one go for the standard error
_BLOCK = 64

#: column of cases by which proposals can be told apart -> what one calls it
GROUPS = {"channel": "channel", "vendor_kind": "kind of vendor"}


class Fates(NamedTuple):
    """One entry a submitted proposal.

    Attributes:
        time: days from submission to the outcome, or to the end of what was seen.
        outcome: place in ``OUTCOMES``, or ``OPEN``.
        run: row in ``tables.runs``.
        case: row in ``tables.cases``.
    """

    time: Floats
    outcome: NDArray[np.intp]
    run: Rows
    case: Rows

    def only(self, chosen: Mask) -> Fates:
        """Some of the proposals (a mask over the entries)."""
        return Fates(self.time[chosen], self.outcome[chosen], self.run[chosen], self.case[chosen])


def fates(tables: Tables, goal: str) -> Fates:
    """When each submitted proposal reached the goal (a key of ``GOALS``) or was lost before it.

    A proposal that passes the goal by and ends well counts as lost for ``other`` reasons.
    """
    begin = tables.reached["submitted"].to_numpy()
    there = _first(tables, *GOALS[goal])
    end = _first(tables, *sorted(ENDS))
    seen = tables.runs["days"].to_numpy()[tables.run_of_case]
    met = ~np.isnan(there)
    outcome = np.select([met, ~np.isnan(end)], [0, _lost_by(tables)], OPEN)
    time = np.select([met, ~np.isnan(end)], [there, end], seen) - begin
    case = np.flatnonzero(~np.isnan(begin))
    return Fates(time[case], outcome[case], tables.run_of_case[case], case)


def _first(tables: Tables, *stages: str) -> Floats:
    return np.asarray(np.fmin.reduce([tables.reached[name].to_numpy() for name in stages]))


def _lost_by(tables: Tables) -> NDArray[np.intp]:
    """The place in ``OUTCOMES`` of the reason of each case's last move."""
    found = np.full(len(tables.cases), OUTCOMES.index("other"))
    for place, reasons in enumerate(LOSSES.values(), 1):
        found[is_(tables.last["reason"], *reasons)] = place
    return found


def incidence(
    time: ArrayLike, outcome: ArrayLike, grid: ArrayLike, groups: ArrayLike, outcomes: int
) -> list[Incidence]:
    """The Aalen-Johansen estimate of each outcome, on whole days; NaN after the last case was lost sight of.

    Times are rounded up to days, on which many cases may come together; what is censored on a day is at
    risk on it.

    Args:
        time: days of each case.
        outcome: 0 to ``outcomes`` - 1, negative where censored.
        grid: days at which the estimate is wanted.
        groups: which cases belong together (those of one run); the standard error is the delete-one-group
            jackknife.
        outcomes: number of outcomes.
    """
    grid = np.asarray(grid, dtype=float)
    labels = np.unique(np.asarray(groups), return_inverse=True)[1]
    counts = _counts(np.asarray(time, dtype=float), np.asarray(outcome), labels, outcomes)
    shares = _estimate(counts.sum(axis=0)[None])[0]
    errors = _jackknife(counts)
    last = shares.shape[1] - 1
    days = np.clip(np.floor(grid), 0, last).astype(np.intp)
    unseen = (grid > last) & (shares[:, last].sum() < 1 - 1e-9)  # some were open when they were last seen
    return [
        Incidence(
            grid,
            np.where(unseen, np.nan, share[days]),
            np.where(unseen, np.nan, error[days]),
            float(len(counts) - 1),
        )
        for share, error in zip(shares, errors, strict=True)
    ]


def final(curve: Incidence) -> float:
    """The share at the last time at which it is known."""
    known = curve.share[~np.isnan(curve.share)]
    return float(known[-1]) if len(known) else np.nan


def _counts(time: Floats, outcome: NDArray[np.intp], labels: Rows, outcomes: int) -> Floats:
    """Cases by group, outcome (the last is censoring) and day."""
    day = np.ceil(np.round(time, 6)).astype(np.intp)
    what = np.where(outcome < 0, outcomes, outcome)
    size = (int(labels.max(initial=0)) + 1, outcomes + 1, int(day.max(initial=0)) + 1)
    flat = (labels * size[1] + what) * size[2] + day
    return np.bincount(flat, minlength=int(np.prod(size))).reshape(size).astype(float)


def _estimate(counts: Floats) -> Floats:
    """Shares of shape (samples, outcomes, days) of counts of shape (samples, outcomes + 1, days)."""
    leaving = counts.sum(axis=1)
    at_risk = np.maximum(leaving[:, ::-1].cumsum(axis=1)[:, ::-1], 1.0)
    hazards = counts[:, :-1] / at_risk[:, None]
    free = np.cumprod(1 - hazards.sum(axis=1), axis=1)
    before = np.concatenate((np.ones((len(free), 1)), free[:, :-1]), axis=1)
    return np.asarray((before[:, None] * hazards).cumsum(axis=2))


def _jackknife(counts: Floats) -> Floats:
    """Standard errors of shape (outcomes, days)."""
    groups, whole = len(counts), counts.sum(axis=0)
    sums, squares = (np.zeros((counts.shape[1] - 1, counts.shape[2])) for _ in range(2))
    if groups < 2:
        return np.full(sums.shape, np.nan)
    centre = _estimate(whole[None])[0]
    for block in _blocks(counts):
        without = _estimate(whole[None] - block) - centre
        sums, squares = sums + without.sum(axis=0), squares + (without**2).sum(axis=0)
    variance = squares / groups - (sums / groups) ** 2
    return np.asarray(np.sqrt((groups - 1) * np.maximum(variance, 0.0)))


def _blocks(counts: Floats) -> Iterator[Floats]:
    return (counts[first : first + _BLOCK] for first in range(0, len(counts), _BLOCK))


def of_fates(found: Fates, grid: ArrayLike) -> dict[str, Incidence]:
    """The estimate of each outcome, by its name; the error is over runs, or over the cases of one run."""
    groups = found.run if len(np.unique(found.run)) > 1 else np.arange(len(found.run))
    curves = incidence(found.time, found.outcome, grid, groups, len(OUTCOMES))
    return dict(zip(OUTCOMES, curves, strict=True))


def groups(tables: Tables, by: str) -> list[str]:
    """The values of a column of cases (a key of ``GROUPS``) that submitted proposals have, in order."""
    from analysis.funnel import channels

    submitted = tables.cases[by][tables.reached["submitted"].notna().to_numpy()]
    found = set(submitted.dropna().astype(str))
    order = channels(tables) if by == "channel" else ["startup", "sme", "large"]
    return [name for name in order if name in found] + sorted(found.difference(order))


def by_group(tables: Tables, goal: str, by: str, grid: ArrayLike) -> dict[str, dict[str, Incidence]]:
    """Group -> outcome -> estimate."""
    found = fates(tables, goal)
    column = tables.cases[by].iloc[found.case]
    return {name: of_fates(found.only(is_(column, name)), grid) for name in groups(tables, by)}


def table(tables: Tables, grid: ArrayLike, level: float = LEVEL) -> pd.DataFrame:
    """Cumulative incidence of every outcome of every goal, for all proposals and by channel and vendor kind.

    Args:
        tables: runs that belong together, as those of one scenario.
        grid: days since submission.
        level: confidence level of the pointwise intervals.

    Returns:
        goal, by (``all`` or a key of ``GROUPS``), group, outcome, days, share, error, low, high; as long as
        cases of the group are in sight.
    """
    import pandas as pd

    parts = list[pd.DataFrame]()
    for goal in GOALS:
        curves = {("all", "all"): of_fates(fates(tables, goal), grid)}
        for by in GROUPS:
            curves |= {(by, name): found for name, found in by_group(tables, goal, by, grid).items()}
        for (by, name), found in curves.items():
            for outcome, curve in found.items():
                about = {"goal": goal, "by": by, "group": name, "outcome": outcome}
                parts.append(_rows(curve, level).assign(**about))
    columns = ["goal", "by", "group", "outcome", "days", "share", "error", "low", "high"]
    return pd.concat(parts, ignore_index=True)[columns].dropna(subset=["share"], ignore_index=True)


def _rows(curve: Incidence, level: float) -> pd.DataFrame:
    import pandas as pd

    low, high = curve.band(level)
    return pd.DataFrame(
        {"days": curve.time, "share": curve.share, "error": curve.error, "low": low, "high": high}
    )

"""Who gets in, and who wins: equality of access by kind of vendor, and concentration of awards."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from analysis.conversion import ratio
from analysis.measures import reached
from analysis.statistics import LEVEL, Interval, described, t_quantile
from analysis.tables import Floats, Mask, Rows, Tables, coded, is_

if TYPE_CHECKING:
    import pandas as pd

#: kinds of vendors, from the smallest
KINDS = ("startup", "sme", "large")
#: that with which the others are compared
REFERENCE = "large"

#: number of largest winners whose share is told
TOP = 5


class Step(NamedTuple):
    """A step of the funnel of which vendors have a share, and the step that it is a success of."""

    name: str
    stage: str
    of: str | None


STEPS = (
    Step("proposals", "submitted", None),
    Step("POCs", "poc", "submitted"),
    Step("contracts of their own proposals", "contract", "submitted"),
    Step("contracts, rivals' included", "contract", None),
)


def access(tables: Tables, level: float = LEVEL) -> pd.DataFrame:
    """Shares and success rates of kinds of vendors.

    A *share* is the part of a kind in all of a step. A *success rate* is the part of a kind's proposals that
    reached the step so far, open ones included. A *ratio* is its success rate by that of large firms; below
    0.8 is what the four-fifths rule calls adverse impact (US Equal Employment Opportunity Commission 1978,
    Uniform Guidelines on Employee Selection Procedures, section 4D), a rule of thumb borrowed from hiring.

    Returns:
        step, figure (``share``, ``success rate``, ``ratio``), kind, count (a run), value, low, high.
    """
    import pandas as pd

    rows = []
    kinds = [kind for kind in KINDS if is_(tables.cases["vendor_kind"], kind).any()]
    for step in STEPS:
        counts = {kind: _count(tables, step, kind) for kind in kinds}
        whole = sum(counts.values(), np.zeros(len(tables.runs)))
        for kind, count in counts.items():
            rows.append((step.name, "share", kind, count.mean(), *ratio(count, whole, level)[:3]))
        if step.of is not None:
            rows += _success(tables, step, counts, level)
    return pd.DataFrame(rows, columns=["step", "figure", "kind", "count", "value", "low", "high"])


def _success(
    tables: Tables, step: Step, counts: dict[str, Floats], level: float
) -> list[tuple[str, str, str, float, float, float, float]]:
    whole = {kind: _count(tables, STEPS[0], kind) for kind in counts}
    rows = [
        (step.name, "success rate", kind, count.mean(), *ratio(count, whole[kind], level)[:3])
        for kind, count in counts.items()
    ]
    if REFERENCE not in counts:
        return rows
    base = (counts[REFERENCE], whole[REFERENCE])
    for kind, count in counts.items():
        if kind != REFERENCE:
            found = relative((count, whole[kind]), base, level)
            rows.append((step.name, "ratio", kind, count.mean(), *found[:3]))
    return rows


def _count(tables: Tables, step: Step, kind: str) -> Floats:
    """How many cases of a kind of vendor reached the step in each run."""
    chosen = reached(tables, step.stage) & is_(tables.cases["vendor_kind"], kind)
    if step.of is not None:
        chosen &= reached(tables, step.of)
    return np.bincount(tables.run_of_case[chosen], minlength=len(tables.runs)).astype(float)


def relative(one: tuple[Floats, Floats], base: tuple[Floats, Floats], level: float = LEVEL) -> Interval:
    """The ratio of two rates, each given as part and whole of every run, with its interval.

    The interval is that of t on the logarithm, with the delete-one-run jackknife as its error; of a single
    run that of Katz, Baptista, Azen and Pike 1978 ("Obtaining confidence intervals for the risk ratio in
    cohort studies", Biometrics 34).
    """
    sums = [float(part.sum()) for pair in (one, base) for part in pair]
    runs = len(one[0])
    if min(sums) <= 0:
        return Interval(np.nan, np.nan, np.nan, runs)
    estimate = float(np.log(sums[0] / sums[1] / (sums[2] / sums[3])))
    if runs == 1:
        error = np.sqrt(1 / sums[0] - 1 / sums[1] + 1 / sums[2] - 1 / sums[3])
        half = float(t_quantile(np.inf, level) * error)
    else:
        a, b, c, d = (whole - part for whole, part in zip(sums, (*one, *base), strict=True))
        with np.errstate(divide="ignore", invalid="ignore"):
            without = np.log(a / b / (c / d))
        known = np.isfinite(without).all()  # not where a single run has all successes of a kind
        error = np.sqrt((runs - 1) * without.var()) if known else np.nan
        half = float(t_quantile(runs - 1, level) * error)
    low, middle, high = np.exp([estimate - half, estimate, estimate + half]).tolist()
    return Interval(middle, low, high, runs)


# --- concentration ------------------------------------------------------------------------------


def herfindahl(amounts: Floats) -> float:
    """The Herfindahl-Hirschman index: the sum of squared shares, from 1 / number of winners to 1."""
    total = amounts.sum()
    return float(((amounts / total) ** 2).sum()) if total > 0 else np.nan


def gini(amounts: Floats) -> float:
    """The Gini coefficient: 0 where all have the same, near 1 where one has everything."""
    total, n = amounts.sum(), len(amounts)
    if not total > 0:
        return np.nan
    ordered = np.sort(amounts)
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * total))


def top(amounts: Floats) -> float:
    """The share of the ``TOP`` largest."""
    total = amounts.sum()
    return float(np.sort(amounts)[::-1][:TOP].sum() / total) if total > 0 else np.nan


#: name of the index -> function of what each vendor that competed has
INDICES: dict[str, Callable[[Floats], float]] = {
    "winners": lambda amounts: float((amounts > 0).sum()),
    "herfindahl": herfindahl,
    "effective_winners": lambda amounts: 1 / herfindahl(amounts),
    "gini": gini,
    f"top_{TOP}_share": top,
}


def holdings(tables: Tables, what: str) -> list[Floats]:
    """What each vendor that competed has, for every run: vendors that proposed or bid in it.

    Args:
        tables: runs of one scenario.
        what: ``contracts`` (number) or ``money`` (NT$ m that the city paid for contracts).
    """
    codes, words = coded(tables.cases["vendor"])
    size = len(words)
    owner, amount = _won(tables, codes, size) if what == "contracts" else _paid(tables, words)
    held = np.bincount(owner, amount, minlength=size * len(tables.runs)).reshape(len(tables.runs), size)
    there = np.zeros(held.shape, dtype=bool)
    there[tables.run_of_case, codes] = True
    bids = is_(tables.events["kind"], "bid")
    bidder = _places(words, tables.events["actor"][bids])
    there[tables.run_of_event[bids][bidder >= 0], bidder[bidder >= 0]] = True
    lost = [_bystanders(tables, run, bids, words) for run in range(len(held))]
    return [
        np.append(row[mask], np.zeros(others)) for row, mask, others in zip(held, there, lost, strict=True)
    ]


def _bystanders(tables: Tables, run: int, bids: Mask, words: pd.Index[Any]) -> int:
    """How many vendors bid in a run that have no case in any."""
    mine = bids & (tables.run_of_event == run)
    names = tables.events["actor"][mine].astype(str).unique()
    return int((words.get_indexer(names) < 0).sum())


def _places(words: pd.Index[Any], names: pd.Series[Any]) -> Rows:
    """The place of each name among the words, -1 where it is none of them."""
    import pandas as pd

    return np.asarray(words.get_indexer(pd.Index(names.astype(object))), dtype=np.intp)


def _won(tables: Tables, codes: np.ndarray, size: int) -> tuple[np.ndarray, Floats]:
    won = reached(tables, "contract")
    owner = tables.run_of_case[won] * size + codes[won]
    return owner, np.ones(len(owner))


def _paid(tables: Tables, words: pd.Index[Any]) -> tuple[np.ndarray, Floats]:
    paid = is_(tables.events["kind"], "payment") & is_(tables.events["reason"], "contract")
    vendor = _places(words, tables.events["target"][paid])
    known = vendor >= 0
    owner = tables.run_of_event[paid][known] * len(words) + vendor[known]
    return owner, tables.events["amount"].to_numpy()[paid][known]


def concentration(tables: Tables, level: float = LEVEL) -> pd.DataFrame:
    """How concentrated awards are among the vendors that competed: mean over runs, and range of the runs.

    Returns:
        what (``contracts``, ``money``), index, mean, low, high (t interval), lower, upper (2.5th and 97.5th
        percentile of the runs), runs (in which there was an award).
    """
    import pandas as pd

    rows = [
        {"what": what, "index": index, "value": function(amounts)}
        for what in ("contracts", "money")
        for amounts in holdings(tables, what)
        if amounts.sum() > 0
        for index, function in INDICES.items()
    ]
    frame = pd.DataFrame(rows, columns=["what", "index", "value"]).astype({"value": float})
    return described(frame, ["what", "index"], level)


def lorenz(amounts: Floats, grid: Floats) -> Floats:
    """The share of everything that the smallest part (of each place of the grid, 0 to 1) of vendors has."""
    total = amounts.sum()
    curve = np.concatenate(([0.0], np.cumsum(np.sort(amounts)))) / (total if total > 0 else np.nan)
    return np.asarray(np.interp(grid, np.linspace(0, 1, len(curve)), curve))

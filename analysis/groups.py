"""Who gets what: POCs, contracts, services and money by channel, kind of vendor and department."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis.measures import CITY_MONEY, REFUND, payments, reached
from analysis.pairs import Difference, family
from analysis.statistics import LEVEL, described
from analysis.tables import FOLLOWERS, RUN, Floats, Mask, Rows, Tables, coded, is_

if TYPE_CHECKING:
    from typing import Any

    import pandas as pd


class Gain(NamedTuple):
    """Something that a group gets: what it is, and its unit."""

    meaning: str
    unit: str


#: what is counted of each group, in the order of the funnel
GAINS = {
    "proposals": Gain("proposals submitted", "proposals"),
    "pocs": Gain("POCs started", "POCs"),
    "contracts": Gain("contracts won, rivals' included", "contracts"),
    "services": Gain("services put into use", "services"),
    "solved": Gain("services that solved a need", "services"),
    "paid": Gain("the city's money for these cases", "NT$ m"),
    "earned": Gain("received less paid; outside finance and other business left out", "NT$ m"),
}

#: the kinds of groups, and the name of each
BY = {"channel": "channels", "vendor_kind": "kinds of vendors", "department": "departments"}

#: what is compared of departments, of which there are many
OF_DEPARTMENTS = ("pocs", "contracts", "solved", "paid")

#: purposes of payments that are no part of a vendor's work for the city
_OTHER_BUSINESS = ("entry capital", "private income", "private finance", "exit", "budget", "office")


def groups(tables: Tables) -> pd.DataFrame:
    """What each group gets in each run.

    A rival, or an imitator, counts in the channel of the POC that it followed, and as a vendor of its
    own kind. Cases without a department count in no department.

    Returns:
        One row for each run, kind of group (``by``: a name in ``BY``) and group: scenario, seed, by,
        group, then a column for each of ``GAINS``; ``earned`` is known of kinds of vendors alone, NaN
        elsewhere.
    """
    import pandas as pd

    columns = {
        "channel": tables.channel,
        "vendor_kind": tables.cases["vendor_kind"],
        "department": tables.cases["department"],
    }
    parts = [_of(tables, by, column) for by, column in columns.items()]
    return pd.concat(parts, ignore_index=True)


def _of(tables: Tables, by: str, column: pd.Series[Any]) -> pd.DataFrame:
    import pandas as pd

    codes, words = coded(column.astype("category").cat.remove_unused_categories())
    known, runs = codes >= 0, len(tables.runs)
    cells = np.where(known, tables.run_of_case * max(1, len(words)) + codes, -1)
    counted = {name: _counts(cells, mask, runs * len(words)) for name, mask in _masks(tables).items()}
    amounts = {"paid": _paid(tables, cells, runs * len(words))}
    earned = _earned(tables, words) if by == "vendor_kind" else np.full(runs * len(words), np.nan)
    labels = tables.runs.loc[np.repeat(np.arange(runs), len(words)), RUN].reset_index(drop=True)
    names = np.tile(np.asarray(words, dtype=object).astype(str), runs)
    return pd.DataFrame(labels).assign(by=by, group=names, **counted, **amounts, earned=earned)


def _masks(tables: Tables) -> dict[str, Mask]:
    solved = np.zeros(len(tables.cases) + 1, dtype=bool)
    solved[tables.case_of_event[is_(tables.events["kind"], "solved")]] = True
    own = ~is_(tables.cases["channel"], *FOLLOWERS)
    return {
        "proposals": reached(tables, "submitted") & own,
        "pocs": reached(tables, "poc"),
        "contracts": reached(tables, "contract"),
        "services": reached(tables, "deployed"),
        "solved": solved[:-1],
    }


def _counts(cells: Rows, chosen: Mask, size: int) -> Floats:
    return np.bincount(cells[chosen & (cells >= 0)], minlength=size).astype(float)


def _paid(tables: Tables, cells: Rows, size: int) -> Floats:
    """The city's money net of refunds, where it was paid for a case."""
    back = payments(tables, REFUND)
    chosen = (payments(tables, *CITY_MONEY) | back) & (tables.case_of_event >= 0)
    amount = np.where(back, -1.0, 1.0)[chosen] * tables.events["amount"].to_numpy()[chosen]
    cell = cells[tables.case_of_event[chosen]]
    return np.bincount(cell[cell >= 0], weights=amount[cell >= 0], minlength=size).astype(float)


def _earned(tables: Tables, kinds: pd.Index[Any]) -> Floats:
    """What vendors of each kind received less what they paid, other business and finance left out."""
    told = is_(tables.events["kind"], "payment") & ~is_(tables.events["reason"], *_OTHER_BUSINESS)
    amount, run = tables.events["amount"].to_numpy()[told], tables.run_of_event[told]
    size, total = len(kinds), np.zeros(len(tables.runs) * len(kinds))
    for side, sign in (("target", 1.0), ("origin", -1.0)):
        kind = _kind_of(tables, tables.events[side][told], run, kinds)
        mine = kind >= 0
        total += np.bincount(run[mine] * size + kind[mine], sign * amount[mine], len(total))
    return total


def _kind_of(tables: Tables, names: pd.Series[Any], run: Rows, kinds: pd.Index[Any]) -> Rows:
    """The place in ``kinds`` of each vendor named, as it entered the market; -1 of anybody else."""
    import pandas as pd

    entered = is_(tables.events["kind"], "enter")
    market = pd.MultiIndex.from_arrays(
        [tables.run_of_event[entered], tables.events["actor"][entered].astype(str)]
    )
    kind = kinds.get_indexer(pd.Index(tables.events["reason"][entered].astype(str)))
    asked = pd.MultiIndex.from_arrays([run, names.astype(str)])
    first = ~market.duplicated()
    place = market[first].get_indexer(asked)
    return np.where(place >= 0, np.append(kind[first], -1)[place], -1)


def summary(groups: pd.DataFrame, level: float = LEVEL, units: pd.Series[int] | None = None) -> pd.DataFrame:
    """Mean over runs of what each group gets, with interval and range of the runs.

    With ``units``, those of each seed (the index), intervals are over units.

    Returns:
        One row for each scenario, by, group and gain (a name in ``GAINS``), then the columns of
        :func:`analysis.statistics.described`.
    """
    keys = ["scenario", "by", "group"]
    long = complete(groups).melt([*keys, "seed"], list(GAINS), var_name="gain")
    if units is not None:
        long["unit"] = units.loc[long["seed"]].to_numpy()
    return described(long.dropna(subset="value"), [*keys, "gain"], level)


def complete(groups: pd.DataFrame) -> pd.DataFrame:
    """A row for each run and group that occurs in any run; who gets nothing gets 0."""
    import pandas as pd

    runs = groups[RUN].astype({"scenario": str}).drop_duplicates()
    known = groups[["by", "group"]].drop_duplicates()
    wide = runs.merge(known, how="cross").merge(
        groups.astype({"scenario": str}), "left", [*RUN, "by", "group"], validate="one_to_one"
    )
    columns = [name for name in GAINS if name != "earned"]
    filled = wide[columns].fillna(0.0)
    earned = wide["earned"].where(wide["by"] != "vendor_kind", wide["earned"].fillna(0.0))
    return pd.DataFrame(wide[[*RUN, "by", "group"]]).assign(**filled, earned=earned)


class Share(NamedTuple):
    """How much more or less a group gets in another world than in the base.

    Attributes:
        by: the kind of group.
        group: its name.
        other: the other scenario.
        difference: its ``measure`` is a name in ``GAINS``.
    """

    by: str
    group: str
    other: str
    difference: Difference


def differences(
    groups: pd.DataFrame,
    names: Sequence[str],
    level: float = LEVEL,
    units: pd.Series[int] | None = None,
) -> list[Share]:
    """Paired differences of what each group gets; of each group and gain the intervals hold at once.

    Of departments ``OF_DEPARTMENTS`` alone are compared.

    Args:
        groups: as :func:`groups`, of several scenarios at the same seeds.
        names: the scenarios, the base first.
        level: confidence level.
        units: the unit of each seed (the index); every seed is one of its own unless given.
    """
    full = complete(groups)
    return [
        Share(str(by), str(group), other, each)
        for (by, group), rows in full.groupby(["by", "group"], sort=False)
        for gain in (OF_DEPARTMENTS if by == "department" else GAINS)
        for other, each in _pairs(rows, gain, names, level, units)
    ]


def _pairs(
    rows: pd.DataFrame, gain: str, names: Sequence[str], level: float, units: pd.Series[int] | None
) -> Iterator[tuple[str, Difference]]:
    wide = rows.pivot(index="seed", columns="scenario", values=gain).reindex(columns=list(names)).dropna()
    if not len(wide):
        return
    base, *others = (wide[name].to_numpy() for name in names)
    places = None if units is None else units.loc[wide.index].to_numpy()
    yield from zip(names[1:], family(gain, base, others, level, units=places), strict=True)

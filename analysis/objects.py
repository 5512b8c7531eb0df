"""A run as an object-centric event log (OCEL 2.0): what happened, to what, and how things hang together.

A proposal is a case. What it becomes on its way are objects of their own: a POC, a tender, a contract.
Vendors, departments, needs and cities are there besides. An event belongs to the objects that it names,
and to the POC, tender or contract that it is a step of.

Source of the form: Berti, Koren, Adams, Park, Knopp, Graves, Rafiei, Liß, Tacke genannt Unterberg, Zhang,
Schwanen, Pegoraro and van der Aalst 2024, "OCEL (Object-Centric Event Log) 2.0 Specification".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from analysis.activities import activities, lifecycle
from analysis.tables import FOLLOWERS, Mask, is_
from sim.events import Kind

if TYPE_CHECKING:
    import pandas as pd

#: type of object -> its attributes, each with its type in OCEL
TYPES: dict[str, dict[str, str]] = {
    "proposal": {
        "channel": "string",
        "domain": "string",
        "motive": "string",
        "fit": "float",
        "novelty": "float",
        "barrier": "float",
        "stage": "string",
        "reason": "string",
    },
    "vendor": {"kind": "string"},
    "department": {"culture": "float"},
    "need": {"domain": "string", "value": "float"},
    "poc": {"cost": "float"},
    "tender": {"rule": "string"},
    "contract": {"price": "float"},
    "city": {"support": "float", "reputation": "float"},
}

#: attributes of every event, each with its type in OCEL
ATTRIBUTES = {
    "lifecycle": "string",
    "actor": "string",
    "origin": "string",
    "target": "string",
    "reason": "string",
    "amount": "float",
}

#: what somebody named in a column is to an event, by its kind; see :class:`sim.events.Kind`
ROLES: dict[str, dict[str, str]] = {
    Kind.PAYMENT: {"actor": "paid by", "target": "paid to"},
    Kind.TRUST: {"actor": "trusts", "target": "trusted"},
    Kind.AWARD: {"actor": "awarded by", "target": "awarded to"},
    Kind.BID: {"actor": "bidder"},
    Kind.TIE: {"actor": "tied", "target": "tied to"},
    Kind.TALK: {"actor": "talks", "origin": "about", "target": "talks with"},
    Kind.TAKEOVER: {"actor": "takes over", "origin": "gives up"},
}
_ROLES = {"actor": "done by", "target": "target", "origin": "about"}

#: stages and payments that belong to the POC, the tender, the contract of a case
_STAGES = {
    "poc": ("poc", "extended"),
    "tender": ("tender", "retender"),
    "contract": ("contract", "deployed"),
}
_PAYMENTS = {
    "poc": ("poc cost", "poc grant"),
    "tender": (),
    "contract": ("contract", "result", "gain share", "refund"),
}
_KINDS = {
    "poc": (Kind.REVIEW,),
    "tender": (Kind.ROUND, Kind.BID, Kind.AWARD),
    "contract": (Kind.SOLVED, Kind.UNSOLVED),
}
#: the stages that a case must have entered to have such an object
_MADE = {"poc": ("poc",), "tender": ("tender", "retender"), "contract": ("contract",)}


class Objects(NamedTuple):
    """A run as an object-centric log.

    Attributes:
        objects: object (id), type.
        values: object, type, name, value, date: attributes, each from a day on (NaT: from the beginning).
        relations: source, target (objects), qualifier.
        events: event (id), activity, date and the columns of ``ATTRIBUTES``.
        related: event, object, qualifier; an event and an object once.
    """

    objects: pd.DataFrame
    values: pd.DataFrame
    relations: pd.DataFrame
    events: pd.DataFrame
    related: pd.DataFrame


def objects(cases: pd.DataFrame, events: pd.DataFrame, id_: Callable[[object], str] = str) -> Objects:
    """The object-centric log of one run; events that are about no object are left out.

    Args:
        cases: of one run, as in :class:`analysis.tables.Tables`.
        events: of the same run, in order of time.
        id_: makes a name that is unique in the file of one that is unique in the run.
    """
    events = events.reset_index(drop=True)
    kinds = _named(cases, events)
    made = {kind: _having(events, *stages) for kind, stages in _MADE.items()}
    things = [(name, kind) for name, kind in kinds.items()]
    things += [(str(case), "proposal") for case in cases["case"].tolist()]
    things += [(_part(kind, case), kind) for kind, having in made.items() for case in sorted(having)]
    found = _frame(things, "object", "type")
    related = _related(cases, events, kinds, made)
    told = _told(events).loc[np.unique(related["event"].to_numpy(dtype=np.intp))]
    return Objects(
        found.assign(object=found["object"].map(id_)),
        _values(cases, events, made, kinds).pipe(_renamed, id_, "object"),
        _relations(cases, made).pipe(_renamed, id_, "source", "target"),
        told.assign(event=[id_(f"e{row}") for row in told.index]).reset_index(drop=True),
        related.assign(event=[id_(f"e{row}") for row in related["event"]]).pipe(_renamed, id_, "object"),
    )


def _frame(rows: Iterable[tuple[Any, ...]], *columns: str) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame.from_records(list(rows), columns=list(columns))


def _renamed(table: pd.DataFrame, id_: Callable[[object], str], *columns: str) -> pd.DataFrame:
    return table.assign(**{name: table[name].map(id_) for name in columns})


def _part(kind: str, case: object) -> str:
    return f"{kind} {case}"


def _named(cases: pd.DataFrame, events: pd.DataFrame) -> dict[str, str]:
    """Everything that has a name in the run, and of which type it is."""
    kind = events["kind"]
    named = {
        "city": [events["city"]],
        "need": [events["origin"][is_(kind, Kind.NEED)], cases["need"]],
        "department": [events["actor"][is_(kind, Kind.NEED, Kind.CULTURE)], cases["department"]],
        "vendor": [events["actor"][is_(kind, Kind.ENTER, Kind.BID)], cases["vendor"]],
    }
    return {
        str(name): type_
        for type_, columns in named.items()
        for column in columns
        for name in column.dropna().unique()
    }


def _having(events: pd.DataFrame, *stages: str) -> set[int]:
    """The cases that entered one of these stages."""
    moves = is_(events["kind"], Kind.MOVE) & is_(events["target"], *stages)
    return set(events["case"][moves].dropna().tolist())


def _told(events: pd.DataFrame) -> pd.DataFrame:
    columns = ["date", "actor", "origin", "target", "reason", "amount"]
    return events[columns].assign(activity=activities(events), lifecycle=lifecycle(events))


# --- events and objects -------------------------------------------------------------------------


def _related(
    cases: pd.DataFrame, events: pd.DataFrame, kinds: Mapping[str, str], made: Mapping[str, set[int]]
) -> pd.DataFrame:
    import pandas as pd

    case, about = events["case"], events["case"].notna()
    parts = [_pairs(events, about, case.astype("str"), "about")]
    parts += [
        _pairs(events, mine, case.map(lambda number, kind=kind: _part(kind, number)), "part of")
        for kind in made
        for mine in [_of_part(events, kind) & case.isin(made[kind]).to_numpy()]
    ]
    parts.append(_won(cases, events, made))
    parts += [_people(events, kinds, column) for column in _ROLES]
    found = pd.concat(parts, ignore_index=True).drop_duplicates(["event", "object"])
    return found.sort_values("event", kind="stable", ignore_index=True)


def _pairs(
    events: pd.DataFrame, chosen: Mask | pd.Series[Any], names: pd.Series[Any], qualifier: str
) -> pd.DataFrame:
    import pandas as pd

    rows = events.index[chosen]
    return pd.DataFrame({"event": rows, "object": names[rows].astype("str"), "qualifier": qualifier})


def _of_part(events: pd.DataFrame, kind: str) -> Mask:
    """Which events are a step of the case's POC, tender or contract."""
    moves, stages = is_(events["kind"], Kind.MOVE), _STAGES[kind]
    moved = moves & (is_(events["origin"], *stages) | is_(events["target"], *stages))
    paid = is_(events["kind"], Kind.PAYMENT) & is_(events["reason"], *_PAYMENTS[kind])
    return np.asarray(moved | paid | is_(events["kind"], *_KINDS[kind]))


def _people(events: pd.DataFrame, kinds: Mapping[str, str], column: str) -> pd.DataFrame:
    """Who or what is named in a column, with its role."""
    known = events[column].isin(kinds.keys())
    found = _pairs(events, known, events[column], "")
    roles = events["kind"].astype("str").map(lambda kind: ROLES.get(kind, _ROLES).get(column, ""))
    found["qualifier"] = roles[found["event"]].to_numpy()
    return found[(found["qualifier"] != "").to_numpy()]


def _won(cases: pd.DataFrame, events: pd.DataFrame, made: Mapping[str, set[int]]) -> pd.DataFrame:
    """The contract that comes of each award: the case's own, or that of the rival that won."""
    awards = _awards(cases, events)
    awards = awards[awards["winner"].isin(made["contract"]).to_numpy()]
    rows = ((row.event, _part("contract", row.winner), "gives") for row in awards.itertuples())
    return _frame(rows, "event", "object", "qualifier")


def _awards(cases: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Each award: event (row), case, target (vendor), amount, origin (rule), winner (case)."""
    awards = events[is_(events["kind"], Kind.AWARD)][["case", "target", "amount", "origin", "reason"]]
    awards = awards.assign(event=awards.index, target=awards["target"].astype("str"))
    rivals = cases[is_(cases["channel"], "tender")][["parent", "vendor", "case"]]
    rivals = rivals.set_axis(["case", "target", "winner"], axis=1).astype({"target": "str"})
    found = awards.merge(rivals.drop_duplicates(["case", "target"]), "left", ["case", "target"])
    own = is_(found["reason"], "own")
    return found.assign(winner=found["winner"].mask(own, found["case"])).dropna(subset=["winner"])


# --- objects and objects ------------------------------------------------------------------------


def _relations(cases: pd.DataFrame, made: Mapping[str, set[int]]) -> pd.DataFrame:
    import pandas as pd

    rows = list[tuple[str, str, str]]()
    for row in cases.astype({"case": object, "parent": object}).itertuples():
        case = str(row.case)
        rows += [(case, str(row.vendor), "proposed by")]
        rows += [(case, str(row.department), "hosted by")] if isinstance(row.department, str) else []
        rows += [(case, str(row.need), "answers")] if isinstance(row.need, str) else []
        follows = row.channel in FOLLOWERS and row.parent is not pd.NA
        rows += [(case, str(row.parent), "follows")] if follows else []
        rows += [(_part(kind, case), case, "of") for kind in made if row.case in made[kind]]
        rows += _contract(row, made)
    needs = cases.dropna(subset=["need", "department"])[["need", "department"]].drop_duplicates()
    rows += [(str(need), str(department), "of") for need, department in needs.itertuples(index=False)]
    return _frame(rows, "source", "target", "qualifier")


def _contract(row: Any, made: Mapping[str, set[int]]) -> list[tuple[str, str, str]]:
    """With whom a case's contract is, and the tender that it comes of: its parent's where it is a rival's."""
    import pandas as pd

    if row.case not in made["contract"]:
        return []
    contract = _part("contract", row.case)
    rows = [(contract, str(row.vendor), "with")]
    tendered = row.parent if row.channel == "tender" and row.parent is not pd.NA else row.case
    if tendered in made["tender"]:
        rows.append((contract, _part("tender", tendered), "comes of"))
    return rows


# --- attributes ---------------------------------------------------------------------------------


def _values(
    cases: pd.DataFrame, events: pd.DataFrame, made: Mapping[str, set[int]], kinds: Mapping[str, str]
) -> pd.DataFrame:
    import pandas as pd

    moves = events[is_(events["kind"], Kind.MOVE) & events["case"].notna()]
    awards = _awards(cases, events)
    costs = cases[cases["case"].isin(made["poc"])]
    parts = [
        *(
            _attribute("proposal", name, cases["case"], cases[name])
            for name in TYPES["proposal"]
            if name in cases
        ),
        _attribute("proposal", "stage", moves["case"], moves["target"], moves["date"]),
        _attribute("proposal", "reason", moves["case"], moves["reason"], moves["date"]),
        _attribute("vendor", "kind", cases["vendor"], cases["vendor_kind"]),
        _entered(events),
        _needed(events, "domain", "target"),
        _needed(events, "value", "amount"),
        _attribute("poc", "cost", costs["case"], costs["poc_cost"]),
        _attribute("tender", "rule", awards["case"], awards["origin"]),
        _attribute("contract", "price", awards["winner"], awards["amount"]),
        *(_over_time(events, kinds, *names) for names in _TIMED),
    ]
    found = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    for kind, having in made.items():
        mine = found["type"] == kind
        found = found[~mine | found["object"].isin([str(case) for case in having])]
        found["object"] = found["object"].mask(found["type"] == kind, kind + " " + found["object"])
    return found.drop_duplicates(["object", "name", "date"], keep="last")


#: attributes that change: kind of event, type of object, attribute
_TIMED = (
    (Kind.CULTURE, "department", "culture"),
    (Kind.SUPPORT, "city", "support"),
    (Kind.ELECTION, "city", "support"),
    (Kind.REPUTATION, "city", "reputation"),
)


def _attribute(
    type_: str, name: str, object_: pd.Series[Any], value: pd.Series[Any], date: pd.Series[Any] | None = None
) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame({"object": object_.astype("str"), "type": type_, "name": name})
    table["value"] = value.astype(object)
    table["date"] = pd.NaT if date is None else date
    return table[value.notna().to_numpy() & object_.notna().to_numpy()].astype({"date": "datetime64[ms]"})


def _entered(events: pd.DataFrame) -> pd.DataFrame:
    came = events[is_(events["kind"], Kind.ENTER)]
    return _attribute("vendor", "kind", came["actor"], came["reason"])


def _needed(events: pd.DataFrame, name: str, column: str) -> pd.DataFrame:
    arisen = events[is_(events["kind"], Kind.NEED)]
    return _attribute("need", name, arisen["origin"], arisen[column])


def _over_time(
    events: pd.DataFrame, kinds: Mapping[str, str], kind: str, type_: str, name: str
) -> pd.DataFrame:
    told = events[is_(events["kind"], kind)]
    owner = told["city"] if type_ == "city" else told["actor"]
    known = owner.astype("str").map(kinds).to_numpy() == type_
    return _attribute(type_, name, owner[known], told["amount"][known], told["date"][known])

"""Who works with whom in a run: departments and vendors, what they did together, and trust between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from analysis.tables import Mask, is_
from sim.events import Kind

if TYPE_CHECKING:
    import pandas as pd

#: columns of an edge between a department and a vendor
TOGETHER = ("pocs", "contracts", "paid")


def pairs(cases: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """What departments and vendors did together.

    Args:
        cases: of one run, as in :class:`analysis.tables.Tables`.
        events: of the same run, up to the day of the picture.

    Returns:
        One row a pair that has met: department, vendor, trust (0 to 1, the last one told, NaN where none
        was), pocs, contracts (numbers), paid (by the department to the vendor, NT$ m).
    """
    import pandas as pd

    hosted = cases.set_index("case")[["department", "vendor"]].astype(object)
    moves = events[is_(events["kind"], Kind.MOVE) & events["case"].notna()]
    parts = [_trust(events), _payments(events, set(hosted["department"].dropna()))]
    for name, stage in (("pocs", "poc"), ("contracts", "contract")):
        entered = moves.loc[is_(moves["target"], stage), "case"].drop_duplicates()
        found = hosted.loc[entered].dropna().groupby(["department", "vendor"]).size()
        parts.append(found.rename(name))
    table = pd.concat(parts, axis=1).reindex(columns=["trust", *TOGETHER])
    table = table.fillna(dict.fromkeys(TOGETHER, 0)).astype({"pocs": int, "contracts": int, "paid": float})
    return table.rename_axis(["department", "vendor"]).sort_index().reset_index()


def _trust(events: pd.DataFrame) -> pd.Series[Any]:
    told = _of_pairs(events, is_(events["kind"], Kind.TRUST))
    return told.groupby(["department", "vendor"])["amount"].last().rename("trust")


def _payments(events: pd.DataFrame, departments: set[Any]) -> pd.Series[Any]:
    paid = is_(events["kind"], Kind.PAYMENT) & events["case"].notna().to_numpy()
    made = _of_pairs(events, paid & events["actor"].isin(departments).to_numpy())
    return made.groupby(["department", "vendor"])["amount"].sum().rename("paid")


def _of_pairs(events: pd.DataFrame, chosen: Mask) -> pd.DataFrame:
    found = events.loc[chosen, ["actor", "target", "amount"]].astype({"actor": object, "target": object})
    return found.set_axis(["department", "vendor", "amount"], axis=1)


def graph(cases: pd.DataFrame, events: pd.DataFrame) -> nx.Graph[str]:
    """The collaboration network of one run.

    Nodes are departments and vendors (attribute ``type``; ``domain`` and ``culture`` of departments,
    ``kind`` of vendors, ``city``). An edge between a department and a vendor has ``pocs``, ``contracts``,
    ``paid`` (NT$ m), and ``trust`` and ``weight`` (the same number) where they have dealt with each other.
    An edge between two vendors (``relation`` is ``tie``) is a tie between firms.
    """
    found: nx.Graph[str] = nx.Graph()
    for name, about in (_departments(cases, events) | _vendors(cases, events)).items():
        found.add_node(name, **about)
    for row in pairs(cases, events).to_dict("records"):
        trust = {} if np.isnan(row["trust"]) else {"trust": row["trust"], "weight": row["trust"]}
        done = {"pocs": int(row["pocs"]), "contracts": int(row["contracts"]), "paid": float(row["paid"])}
        if row["vendor"] in found and row["department"] in found:
            found.add_edge(row["department"], row["vendor"], relation="deals", **done, **trust)
    ties = events[is_(events["kind"], Kind.TIE)]
    for one, other in ties[["actor", "target"]].astype(str).itertuples(index=False):
        found.add_edge(one, other, relation="tie")
    return found


def _departments(cases: pd.DataFrame, events: pd.DataFrame) -> dict[str, dict[str, Any]]:
    needs = events[is_(events["kind"], Kind.NEED)]
    told = events[is_(events["kind"], Kind.CULTURE)]
    culture = told.astype({"actor": str}).groupby("actor")["amount"].last()
    found: dict[str, dict[str, Any]] = {
        str(row.actor): {"type": "department", "city": str(row.city), "domain": str(row.target)}
        for row in needs.itertuples()
    }
    for row in cases.dropna(subset=["department"]).itertuples():
        about = {"type": "department", "city": str(row.city), "domain": str(row.domain)}
        found.setdefault(str(row.department), about)
    for name, level in culture.items():
        found.setdefault(str(name), {"type": "department"})["culture"] = float(level)
    return found


def _vendors(cases: pd.DataFrame, events: pd.DataFrame) -> dict[str, dict[str, Any]]:
    came = events[is_(events["kind"], Kind.ENTER)]
    known = dict(zip(came["actor"].astype(str), came["reason"].astype(str), strict=True))
    known |= dict(zip(cases["vendor"].astype(str), cases["vendor_kind"].astype(str), strict=True))
    return {name: {"type": "vendor", "kind": kind} for name, kind in known.items()}

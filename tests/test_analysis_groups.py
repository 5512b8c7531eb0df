"""Who gets what: known answers, and sums that must agree with the measures."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis import groups, measures
from analysis.tables import Tables, tables
from sim.events import CaseRecord, Event, EventLog
from tests import markov

COUNTED = {
    "proposals": "proposals_received", "pocs": "poc_started", "services": "projects", "paid": "money_spent",
}  # fmt: skip


@pytest.fixture(scope="module")
def made() -> Tables:
    return tables(markov.runs(6))


@pytest.mark.parametrize("by", list(groups.BY))
@pytest.mark.parametrize(("gain", "measure"), COUNTED.items())
def test_groups_add_up_to_the_measures(made: Tables, by: str, gain: str, measure: str) -> None:
    found = groups.groups(made)
    sums = found[found["by"] == by].groupby("seed")[gain].sum()
    assert list(sums) == pytest.approx(list(measures.outcomes(made)[measure]))


def case(number: int, kind: str, channel: str = "bottom_up", parent: int | None = None) -> CaseRecord:
    return CaseRecord(number, "Taipei", channel, f"V{number}", kind, "solver", "Transport 1", "transport",
                      "N1", 0.5, 0.5, 0.0, 1.0, parent)  # fmt: skip


def event(case_: int | None, kind: str, origin: str | None, target: str | None, reason: str | None = None,
          amount: float | None = None, actor: str | None = None) -> Event:  # fmt: skip
    return Event(1.0, "Taipei", case_, kind, actor, origin, target, reason, amount)


def small(scenario: str, seed: int, price: float = 7.0) -> EventLog:
    """A start-up's POC, after which a large firm wins the tender."""
    log = EventLog(scenario, seed, markov.START, 100.0)
    log.cases += [case(1, "startup"), case(2, "large", "tender", 1)]
    log.events += [
        event(None, "enter", None, None, "startup", 5.0, "V1"),
        event(None, "enter", None, None, "large", 50.0, "V2"),
        event(None, "payment", "world", "V1", "private income", 3.0),
        event(1, "move", None, "submitted"),
        event(1, "move", "submitted", "poc"),
        event(1, "payment", "V1", "world", "poc cost", 2.0),
        event(1, "payment", "V2", "world", "bid cost", 0.5),
        event(2, "move", None, "contract"),
        event(2, "payment", "Transport 1", "V2", "contract", price),
        event(2, "move", "contract", "deployed"),
        event(2, "solved", "N1", "tender", None, 1.0, "Transport 1"),
    ]
    return log


def row(table: pd.DataFrame, by: str, group: str) -> dict[str, float]:
    (found,) = table[(table["by"] == by) & (table["group"] == group)].to_dict("records")
    return {name: found[name] for name in groups.GAINS}


def test_what_each_gets_in_a_small_world() -> None:
    found = groups.groups(tables([small("a", 1)]))
    startups, large = row(found, "vendor_kind", "startup"), row(found, "vendor_kind", "large")
    assert (startups["proposals"], startups["pocs"], startups["contracts"], startups["earned"]) == (
        1,
        1,
        0,
        -2,
    )
    assert (large["proposals"], large["contracts"], large["solved"], large["paid"]) == (0, 1, 1, 7)
    assert large["earned"] == pytest.approx(6.5)  # a bid is paid by who bids, whosever case it is about
    channel = row(found, "channel", "bottom_up")  # the rival counts in the channel of the POC
    assert (channel["pocs"], channel["contracts"], channel["services"], channel["paid"]) == (1, 1, 1, 7)
    assert set(found[found["by"] == "channel"]["group"]) == {"bottom_up"}
    assert row(found, "department", "Transport 1")["solved"] == 1


def test_who_gets_nothing_in_a_run_counts_with_nought() -> None:
    empty = EventLog("a", 2, markov.START, 100.0)
    found = groups.summary(groups.groups(tables([small("a", 1), empty])))
    mine = found[(found["group"] == "large") & (found["gain"] == "paid")]
    assert mine["mean"].item() == pytest.approx(3.5)
    assert mine["runs"].item() == 2


def test_a_difference_of_price_is_found_with_its_sign() -> None:
    logs = [small("a", seed, 7.0 + 0.1 * seed) for seed in range(5)]
    others = [small("b", seed, 9.0 + 0.1 * seed) for seed in range(5)]
    both = pd.concat([groups.groups(tables(logs)), groups.groups(tables(others))])
    found = {
        (each.by, each.group, each.difference.measure): each.difference
        for each in groups.differences(both, ["a", "b"])
    }
    assert found["vendor_kind", "large", "paid"].difference == pytest.approx(2.0)
    assert found["vendor_kind", "large", "earned"].difference == pytest.approx(2.0)
    assert found["department", "Transport 1", "paid"].pairs == 5
    assert found["vendor_kind", "startup", "earned"].difference == 0
    assert ("channel", "bottom_up", "earned") not in found  # known of kinds of vendors alone

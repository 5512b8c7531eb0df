"""The transition matrix on a chain with known chances and waits."""

from __future__ import annotations

from datetime import date
from math import log
from typing import Any

import numpy as np
import pytest

from analysis.tables import Tables, tables
from analysis.transitions import ARRIVAL, OPEN, matrix, moves
from sim.events import Event, EventLog
from sim.stages import TRANSITIONS, Stage
from tests import markov


@pytest.fixture(scope="module")
def pooled() -> Tables:
    return tables(markov.runs(60, a_year=60.0))


@pytest.fixture(scope="module")
def ways(pooled: Tables) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["origin"], row["target"]): row for row in matrix(pooled).to_dict("records")}


def test_every_case_that_enters_a_stage_leaves_it_or_is_there_still(
    ways: dict[tuple[str, str], dict[str, Any]],
) -> None:
    for stage in {origin for origin, _ in ways} - {ARRIVAL}:
        came = sum(row["count"] for way, row in ways.items() if way[1] == stage)
        went = sum(row["count"] for way, row in ways.items() if way[0] == stage)
        assert came == went, stage
        assert sum(row["share"] for way, row in ways.items() if way[0] == stage) == pytest.approx(1)


def test_ways_are_arrows_of_the_funnel(ways: dict[tuple[str, str], dict[str, Any]]) -> None:
    for origin, target in ways:
        if target != OPEN:
            assert Stage(target) in TRANSITIONS[None if origin == ARRIVAL else Stage(origin)]


def test_shares_are_the_chances_of_the_chain(ways: dict[tuple[str, str], dict[str, Any]]) -> None:
    """Of the cases that left a stage: half a year before the end all but a few have."""
    for origin, target, chance in zip(markov.PATH, markov.PATH[1:], markov.PASS, strict=False):
        passed, closed = ways[origin, target]["count"], ways[origin, "closed"]["count"]
        error = np.sqrt(chance * (1 - chance) / (passed + closed))
        assert abs(passed / (passed + closed) - chance) < 4 * error, origin


def test_times_are_those_of_the_chain(ways: dict[tuple[str, str], dict[str, Any]]) -> None:
    """Exponential waits: median ln 2 / rate, quartiles ln(4/3) and ln 4 / rate."""
    row = ways["submitted", "screened"]
    for name, part in (("quarter", 0.25), ("median", 0.5), ("three_quarters", 0.75)):
        exact = -log(1 - part) / markov.RATE
        error = np.sqrt(part / (1 - part) / row["count"]) / markov.RATE
        assert abs(row[name] - exact) < 5 * error, name


def test_interval_of_a_share_holds_the_chance(ways: dict[tuple[str, str], dict[str, Any]]) -> None:
    row = ways["submitted", "screened"]
    assert row["low"] < row["share"] < row["high"]
    assert row["high"] - row["low"] < 0.05


def test_waiting_cases_are_open() -> None:
    log_ = EventLog("a", 1, date(2020, 1, 1), 100.0)
    case = markov.run(1).cases[0]
    log_.cases.append(case)
    log_.events += [
        Event(10.0, "Taipei", case.case, "move", "V", None, "submitted", None, None),
        Event(30.0, "Taipei", case.case, "move", "V", "submitted", "screened", None, None),
    ]
    found = moves(tables([log_])).fillna({"days": -1.0})
    assert found.to_numpy().tolist() == [
        [0, ARRIVAL, "submitted", -1.0],
        [0, "submitted", "screened", 20.0],
        [0, "screened", OPEN, 70.0],
    ]


def test_nothing_gives_an_empty_matrix() -> None:
    assert matrix(tables([EventLog("a", 1, date(2020, 1, 1), 100.0)])).empty

from __future__ import annotations

from math import prod

import numpy as np
import pandas as pd
import pytest

from analysis.funnel import STEPS, counts, summary
from analysis.measures import MEASURES, outcomes
from analysis.series import band, cumulative, latest, unseen
from analysis.tables import Tables, concat, tables
from sim.events import CaseRecord, Event, EventLog
from tests import markov

HOUSE = [
    "proposals_received", "poc_started", "poc_completed", "proposal_to_poc", "poc_to_project", "projects",
    "topdown_completed", "tenders", "first_round_failures", "money_spent", "money_wasted", "needs_solved",
    "value_delivered", "startup_share", "days_to_poc", "loss_financial", "loss_technical",
    "loss_administrative", "market_operators", "ordinances", "market_value", "market_income",
]  # fmt: skip


def case(number: int, channel: str = "bottom_up", kind: str = "sme", parent: int | None = None) -> CaseRecord:
    return CaseRecord(number, "Taipei", channel, f"V{number}", kind, "solver", "Transport 1", "transport",
                      "N1", 0.8, 0.5, 0.0, 1.0, parent)  # fmt: skip


def path(number: int, *stages: tuple[float, str], reason: str | None = None) -> list[Event]:
    """The moves of a case through stages at times; the last has the reason."""
    events, here = [], None
    for time, stage in stages:
        why = reason if stage in ("closed", "abandoned") else None
        events.append(Event(time, "Taipei", number, "move", "PMO", here, stage, why, None))
        here = stage
    return events


def told(
    time: float,
    number: int,
    kind: str,
    origin: str | None,
    target: str | None,
    reason: str | None,
    amount: float,
) -> Event:
    return Event(time, "Taipei", number, kind, "Transport 1", origin, target, reason, amount)


@pytest.fixture(scope="module")
def by_hand() -> pd.Series[float]:
    """One run of 1000 days, small enough to be counted by hand."""
    early = [(0.0, "submitted"), (5.0, "screened"), (10.0, "matched"), (20.0, "cleared")]
    events = [
        # solved by its own vendor, later given up; a top-down case
        *path(1, *early, (30.0, "poc"), (100.0, "preparation"), (150.0, "tender"), (200.0, "contract"),
              (269.5, "deployed"), (634.75, "abandoned"), reason="financial"),
        told(100.0, 1, "review", "final", "tender", None, 0.9),
        told(150.0, 1, "round", "first", "opened", None, 0.0),
        told(200.0, 1, "payment", "Transport 1", "V1", "contract", 5.0),
        told(269.5, 1, "solved", "N1", "top_down", None, 2.0),
        # its POC was judged feasible, a rival won the tender and delivered what does not fit
        *path(2, *early, (60.0, "poc"), (100.0, "preparation"), (150.0, "tender"), (180.0, "closed"),
              reason="competition"),
        told(90.0, 2, "review", "final", "small_purchase", None, 0.9),
        told(100.0, 2, "payment", "Transport 1", "V2", "small purchase", 0.5),
        told(150.0, 2, "round", "first", "opened", None, 0.0),
        told(170.0, 2, "round", "first", "failed", None, 2.0),
        *path(4, (180.0, "contract"), (300.0, "deployed")),
        told(180.0, 4, "payment", "Transport 1", "V4", "contract", 7.0),
        told(300.0, 4, "unsolved", "N1", None, "misfit", 2.0),
        # closed in the POC; the city bore a part of it
        *path(3, *early, (45.0, "poc"), (120.0, "closed"), reason="technical"),
        told(45.0, 3, "payment", "Transport 1", "V3", "poc grant", 0.2),
        told(45.0, 3, "payment", "V3", "world", "poc cost", 1.0),
        told(120.0, 3, "review", "final", "close", None, 0.1),
        # lost before the POC, one for each family and one that belongs to none; one is still open
        *path(5, *early, (30.0, "closed"), reason="financial"),
        *path(6, *early, (30.0, "closed"), reason="regulatory"),
        *path(7, (0.0, "submitted"), (5.0, "closed"), reason="misfit"),
        *path(8, (0.0, "submitted"), (5.0, "closed"), reason="withdrawn"),
        *path(9, (0.0, "submitted")),
    ]  # fmt: skip
    cases = [
        case(1, "top_down"), case(2, "top_down", "startup"), case(3), case(4, "tender", "large", parent=2),
        case(5), case(6), case(7), case(8), case(9),
    ]  # fmt: skip
    events.sort(key=lambda event: event.time)
    log = EventLog("by hand", 0, markov.START, 1000.0, events, cases)
    return outcomes(concat([tables([log]), tables([markov.run(1)])])).iloc[0]


@pytest.mark.parametrize(
    ("measure", "value"),
    [
        ("proposals_received", 8),
        ("poc_started", 3),
        ("poc_completed", 2),
        ("proposal_to_poc", 3 / 8),
        ("poc_to_project", 2 / 3),
        ("projects", 2),
        ("topdown_completed", 2),
        ("tenders", 2),
        ("first_round_failures", 1),
        ("money_spent", 5 + 0.5 + 7 + 0.2),
        ("money_wasted", 7),  # the small purchase led to the contract
        ("needs_solved", 1),
        ("value_delivered", 2.0),  # 2 a year from day 269.5 to 634.75: one year
        ("startup_share", 1 / 3),
        ("days_to_poc", (30 + 60 + 45) / 3),
        ("loss_financial", 1 / 4),
        ("loss_technical", 1 / 4),
        ("loss_administrative", 1 / 4),
        ("vendor_cost", 1.0 - 0.2),
    ],
)
def test_measure_counted_by_hand(by_hand: pd.Series[float], measure: str, value: float) -> None:
    assert by_hand[measure] == pytest.approx(value)


def test_measures_have_the_agreed_names_in_the_agreed_order() -> None:
    assert list(MEASURES)[: len(HOUSE)] == HOUSE
    assert all(
        name == measure.name and measure.meaning and measure.unit for name, measure in MEASURES.items()
    )
    assert list(outcomes(tables([markov.run(0)]))) == ["scenario", "seed", *MEASURES]


def test_nothing_happened() -> None:
    row = outcomes(tables([EventLog("empty", 0, markov.START, 10.0)])).iloc[0]
    undefined = {"proposal_to_poc", "poc_to_project", "startup_share", "days_to_poc",
                 "loss_financial", "loss_technical", "loss_administrative"}  # fmt: skip
    assert {name for name in HOUSE if np.isnan(row[name])} == undefined
    assert all(row[name] == 0 for name in HOUSE if name not in undefined)


def test_pooled_runs_give_what_each_gives_alone() -> None:
    logs = [
        markov.run(0),
        EventLog("markov", 7, markov.START, 10.0),
        markov.run(2, days=300.0),
        markov.run(3),
    ]
    alone = pd.concat([outcomes(tables([log])) for log in logs], ignore_index=True)
    pd.testing.assert_frame_equal(outcomes(tables(logs)), alone, check_categorical=False)


@pytest.fixture(scope="module")
def many() -> Tables:
    """Runs in which nearly every case has ended: long after the last arrival."""
    return tables(stopped(seed) for seed in range(60))


def stopped(seed: int) -> EventLog:
    """A run whose arrivals stop after 600 days of 3000."""
    log = markov.run(seed, days=3000.0, a_year=150.0)
    late = {event.case for event in log.events if event.target == "submitted" and event.time > 600.0}
    late |= {case.case for case in log.cases if case.parent in late}
    events = [event for event in log.events if event.case not in late]
    cases = [case for case in log.cases if case.case not in late]
    return EventLog(log.scenario, log.seed, log.start, log.days, events, cases)


@pytest.mark.parametrize(("step", "passed"), [("screened", 1), ("poc", 4), ("tender", 6), ("deployed", 8)])
def test_shares_are_products_of_the_known_chances(many: Tables, step: str, passed: int) -> None:
    """Each case passes by itself, so the share lies within 4 binomial standard errors."""
    table = counts(many)
    own = table[(table["channel"] == "all") & (table["view"] == "own")]
    chance, cases = prod(markov.PASS[:passed]), own["submitted"].sum()
    assert own[step].sum() / cases == pytest.approx(chance, abs=4 * np.sqrt(chance * (1 - chance) / cases))


def test_the_needs_view_counts_rivals(many: Tables) -> None:
    table = counts(many)
    sums = table[table["channel"] == "all"].groupby("view")[list(STEPS)].sum()
    lost = sums.loc["own", "tender"] - sums.loc["own", "contract"]
    gained = sums.loc["need", "contract"] - sums.loc["own", "contract"]
    error = np.sqrt(markov.RIVAL * (1 - markov.RIVAL) / lost)
    assert gained / lost == pytest.approx(markov.RIVAL, abs=4 * error)
    assert (sums.loc["own", list(STEPS[:7])] == sums.loc["need", list(STEPS[:7])]).all()


def test_channels_add_up_and_steps_agree_with_measures(many: Tables) -> None:
    table, measured = counts(many), outcomes(many)
    for view in ("own", "need"):
        mine = table[table["view"] == view]
        parts = mine[mine["channel"] != "all"].groupby("seed")[list(STEPS)].sum()
        whole = mine[mine["channel"] == "all"].set_index("seed")[list(STEPS)]
        pd.testing.assert_frame_equal(parts, whole)
    whole = table[(table["view"] == "own") & (table["channel"] == "all")]
    assert list(whole["poc"]) == list(measured["poc_started"])
    assert list(whole["poc_completed"]) == list(measured["poc_completed"])


def test_summary_is_mean_interval_and_range_over_runs(many: Tables) -> None:
    from scipy import stats

    table = counts(many)
    row = summary(table).query("channel == 'top_down' and view == 'own' and step == 'poc'").iloc[0]
    values = table.query("channel == 'top_down' and view == 'own'")["poc"]
    low, high = stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))
    assert (row["mean"], row["low"], row["high"]) == pytest.approx((values.mean(), low, high))
    assert (row["lower"], row["upper"]) == pytest.approx(tuple(np.percentile(values, [2.5, 97.5])))
    assert row["runs"] == 60


def test_sums_and_last_values_over_time() -> None:
    entity = np.array([0, 1, 0, 1, 0])
    time, value = np.array([1.0, 0.5, 3.0, 2.0, 2.0]), np.array([10.0, 5.0, 30.0, 7.0, 20.0])
    grid = np.array([0.0, 1.0, 2.0, 4.0])
    assert cumulative(entity, time, value, 3, grid).tolist() == [
        [0, 10, 30, 60],
        [0, 5, 12, 12],
        [0, 0, 0, 0],
    ]
    found = latest(entity, time, value, 3, grid)
    assert np.array_equal(
        found, [[np.nan, 10, 20, 30], [np.nan, 5, 7, 7], [np.nan] * 4], equal_nan=True
    )  # fmt: skip
    cut = unseen(found, np.array([2.0, 4.0, 4.0]), grid)
    assert np.array_equal(cut[0], [np.nan, 10, 20, np.nan], equal_nan=True)
    bands = band(cut)
    assert np.array_equal(bands.mean, [np.nan, 7.5, 13.5, 7.0], equal_nan=True)
    assert np.array_equal(bands.median, [np.nan, 7.5, 13.5, 7.0], equal_nan=True)

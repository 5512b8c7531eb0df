from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.tables import Tables, concat, of_channel, of_scenario, tables, until
from sim.errors import ModelError
from sim.events import CaseRecord, Event, EventLog
from tests import markov


@pytest.fixture(scope="module")
def logs() -> list[EventLog]:
    return markov.runs(6)


@pytest.fixture(scope="module")
def pooled(logs: list[EventLog]) -> Tables:
    return tables(logs)


def test_every_event_and_case_is_a_row_with_its_run_first(logs: list[EventLog], pooled: Tables) -> None:
    assert list(pooled.runs) == ["scenario", "seed", "start", "days"]
    assert list(pooled.cases) == ["scenario", "seed", *CaseRecord._fields]
    fields = list(Event._fields)
    assert list(pooled.events) == ["scenario", "seed", "time", "date", *fields[1:]]
    assert len(pooled.events) == sum(len(log.events) for log in logs)
    assert len(pooled.cases) == sum(len(log.cases) for log in logs)


def test_rows_hold_what_the_log_holds(logs: list[EventLog], pooled: Tables) -> None:
    back = pooled.events.drop(columns=["scenario", "seed", "date"]).astype(object)
    rows = [tuple(None if pd.isna(cell) else cell for cell in row) for row in back.itertuples(index=False)]
    assert rows == [tuple(event) for log in logs for event in log.events]


def test_dates_count_from_the_start(pooled: Tables) -> None:
    first = pooled.events.iloc[0]
    assert first["date"] == pd.Timestamp(markov.START) + pd.Timedelta(days=first["time"]).floor("ms")
    shift = (pooled.events["date"] - pd.Timestamp(markov.START)) / pd.Timedelta(days=1)
    assert np.allclose(shift, pooled.events["time"], atol=1e-7)


def test_words_are_kept_once(pooled: Tables) -> None:
    words = ["scenario", "city", "kind", "actor", "origin", "target", "reason"]
    assert all(isinstance(pooled.events[name].dtype, pd.CategoricalDtype) for name in words)


def test_cases_of_different_runs_are_told_apart(logs: list[EventLog], pooled: Tables) -> None:
    start = 0
    for log in logs:
        own = pooled.cases.iloc[start : start + len(log.cases)]
        assert (own["seed"] == log.seed).all()
        events = pooled.case_of_event[pooled.run_of_event == logs.index(log)]
        assert set(events[events >= 0]) == set(range(start, start + len(log.cases)))
        start += len(log.cases)


def test_first_time_at_a_stage_and_last_move(logs: list[EventLog], pooled: Tables) -> None:
    log = logs[0]
    for case in log.cases:
        moves = [event for event in log.events if event.kind == "move" and event.case == case.case]
        times = pooled.reached.iloc[case.case - 1].dropna()
        assert dict(times) == {event.target: event.time for event in moves}
        assert pooled.last.iloc[case.case - 1]["target"] == moves[-1].target


def test_a_rival_belongs_to_the_case_whose_tender_it_won(pooled: Tables) -> None:
    rivals = np.flatnonzero(pooled.cases["channel"] == "tender")
    assert len(rivals)
    parents = pooled.cases.iloc[pooled.head[rivals]]
    assert (parents["case"].to_numpy() == pooled.cases["parent"].iloc[rivals].to_numpy()).all()
    assert (parents["seed"].to_numpy() == pooled.cases["seed"].iloc[rivals].to_numpy()).all()
    assert set(pooled.channel.iloc[rivals]) <= set(markov.CHANNELS)
    gained = pooled.reached_by_any["contract"].iloc[pooled.head[rivals]].to_numpy()
    assert (gained == pooled.reached["contract"].iloc[rivals].to_numpy()).all()


def test_parts_add_up_to_the_whole(logs: list[EventLog], pooled: Tables) -> None:
    joined = concat([tables(logs[:2]), tables(logs[2:])])
    for name in ("runs", "cases", "events"):
        pd.testing.assert_frame_equal(getattr(joined, name), getattr(pooled, name), check_categorical=False)
    assert joined.events["actor"].dtype == "category"


def test_a_run_given_twice_is_refused(logs: list[EventLog]) -> None:
    with pytest.raises(ModelError, match="seed 0 was given twice"):
        tables([logs[0], logs[1], logs[0]])
    with pytest.raises(ModelError, match="given twice"):
        concat([tables(logs[:2]), tables(logs[1:])])


@pytest.mark.parametrize("day", [0.0, 400.0, 1899.9])
def test_an_earlier_day_shows_the_same_as_a_shorter_run(logs: list[EventLog], day: float) -> None:
    log = logs[1]
    events = [event for event in log.events if event.time <= day]
    begun = {event.case for event in events if event.kind == "move"}
    cases = [case for case in log.cases if case.case in begun]
    short = tables([EventLog(log.scenario, log.seed, log.start, day, events, cases)])
    seen = until(tables([log]), day)
    assert seen.runs["days"].item() == day
    for name in ("cases", "events"):
        assert getattr(seen, name).astype(str).equals(getattr(short, name).astype(str))


def test_a_date_is_a_day_of_each_run(pooled: Tables) -> None:
    by_date = until(pooled, date(2017, 3, 20))
    pd.testing.assert_frame_equal(by_date.events, until(pooled, 365.0).events)
    assert (until(pooled, date(2010, 1, 1)).runs["days"] == 0).all()
    assert (until(pooled, date(2030, 1, 1)).runs["days"] == 1900.0).all()


def test_channels_share_out_the_cases(pooled: Tables) -> None:
    parts = [of_channel(pooled, channel) for channel in markov.CHANNELS]
    assert sum(len(part.cases) for part in parts) == len(pooled.cases)
    assert sum(len(part.events) for part in parts) == int((pooled.case_of_event >= 0).sum())


def test_scenarios_are_told_apart() -> None:
    both = tables([markov.run(3, scenario="one"), markov.run(3, scenario="two", a_year=20.0)])
    alone = of_scenario(both, "two")
    assert list(alone.runs["scenario"]) == ["two"]
    assert len(alone.cases) == len(tables([markov.run(3, scenario="two", a_year=20.0)]).cases)


def test_a_run_without_cases_has_empty_tables() -> None:
    empty = tables([EventLog("empty", 0, markov.START, 10.0)])
    assert (len(empty.runs), len(empty.cases), len(empty.events)) == (1, 0, 0)
    assert empty.reached.empty
    assert empty.last.empty


@given(st.lists(st.integers(0, 40), min_size=1, max_size=4, unique=True))
def test_order_of_runs_is_the_order_of_logs(seeds: list[int]) -> None:
    pooled = tables(markov.run(seed, days=200.0) for seed in seeds)
    assert list(pooled.runs["seed"]) == seeds
    assert list(pooled.runs["seed"].iloc[pooled.run_of_event]) == list(pooled.events["seed"])

"""The film of a run says what the event log says."""

from __future__ import annotations

import json
from bisect import bisect_right
from datetime import timedelta
from typing import Any

import pytest

import sim
from analysis.measures import MEASURES
from analysis.tables import tables
from experiments.workshop import film as films
from sim.events import EventLog, Kind
from sim.stages import Reason, Stage

SCENARIOS = ("taipei_2016_2021", "taipei_no_pmo_no_poc", "wemo", "city_exchange", "tech4muni")


@pytest.fixture(scope="module", params=SCENARIOS)
def log(request: pytest.FixtureRequest) -> EventLog:
    return sim.run(request.param, seed=1)


@pytest.fixture(scope="module")
def film(log: EventLog) -> dict[str, Any]:
    return films.of(log)


def _standing(case: dict[str, Any], day: float) -> str | None:
    past = [move for move in case["moves"] if move[0] <= day]
    return films.STAGES[past[-1][1]] if past else None


def test_it_is_small_and_holds_nothing_but_json(film: dict[str, Any]) -> None:
    text = json.dumps(film, allow_nan=False)
    assert len(text) <= 400_000
    assert json.loads(text)["days"] == film["days"]


def test_cases_by_stage_sum_to_the_cases_so_far(film: dict[str, Any], log: EventLog) -> None:
    first = sorted(case["moves"][0][0] for case in film["cases"])
    for day in film["months"]:
        standing = [_standing(case, day) for case in film["cases"]]
        assert sum(stage is not None for stage in standing) == bisect_right(first, day)
    assert len(film["cases"]) == len(log.cases)


def test_moves_are_those_of_the_log(film: dict[str, Any], log: EventLog) -> None:
    told = [(c["case"], films.STAGES[move[1]]) for c in film["cases"] for move in c["moves"]]
    moves = [event for event in log.events if event.kind == Kind.MOVE]
    assert sorted(told) == sorted((event.case or 0, str(event.target)) for event in moves)
    reasons = [films.REASONS[move[2]] for c in film["cases"] for move in c["moves"] if move[2] >= 0]
    assert sorted(reasons) == sorted(str(event.reason) for event in moves if event.reason)


def test_final_counts_are_the_measures(film: dict[str, Any], log: EventLog) -> None:
    about = tables([log])
    reached = [{films.STAGES[move[1]] for move in case["moves"]} for case in film["cases"]]
    for name, stage in (
        ("proposals_received", "submitted"),
        ("poc_started", "poc"),
        ("projects", "deployed"),
    ):
        assert sum(stage in stages for stages in reached) == MEASURES[name].function(about)[0]
    assert film["series"]["spent"][-1] == pytest.approx(MEASURES["money_spent"].function(about)[0], abs=1e-3)
    served = sum(
        _standing(case, film["days"]) in ("deployed", "launched", "sustained") for case in film["cases"]
    )
    assert film["series"]["services"][-1] == served


def test_months_are_calendar_months_up_to_the_end(film: dict[str, Any], log: EventLog) -> None:
    months = film["months"]
    assert months == sorted(set(months))
    assert months[-1] == log.days
    firsts = [log.start + timedelta(days=day) for day in months[:-1]]
    assert all(day.day == 1 for day in firsts)
    assert {len(values) for values in film["series"].values()} == {len(months)}


def test_the_queue_is_what_waits_case_by_case_and_more(film: dict[str, Any]) -> None:
    for day, tasks in zip(film["months"][:-1], film["series"]["waiting"], strict=False):
        seen = sum(begin <= day - 0.1 and day + 0.1 < end for c in film["cases"] for begin, end in c["waits"])
        assert seen <= tasks


def test_meetings_hear_no_more_than_lies_on_the_docket_and_all_that_the_log_says(
    film: dict[str, Any], log: EventLog
) -> None:
    meetings = [told for told in film["happenings"] if told[1] == Kind.MEETING]
    assert len(meetings) == sum(event.kind == Kind.MEETING for event in log.events)
    assert sum(sum(told[3:6]) for told in meetings) == sum(event.kind == Kind.HEARING for event in log.events)
    assert all(sum(told[3:6]) <= told[2] for told in meetings)


def test_happenings_are_in_order(film: dict[str, Any]) -> None:
    days = [told[0] for told in film["happenings"]]
    assert days == sorted(days)
    assert all(0 <= day <= film["days"] for day in days)


def test_a_city_without_an_office_has_no_queue() -> None:
    film = films.film(sim.load("taipei_no_pmo_no_poc"), 1)
    assert not film["office"]
    assert not any(film["series"]["waiting"])


def test_the_same_seed_gives_the_same_film() -> None:
    scenario = sim.load("tech4muni")
    assert films.film(scenario, 3) == films.film(scenario, 3) != films.film(scenario, 4)


def test_stages_and_reasons_keep_their_order() -> None:
    assert tuple(Stage) == films.STAGES
    assert tuple(Reason) == films.REASONS

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.eventlog import State, replay
from sim.errors import ModelError
from sim.events import Event
from sim.stages import Reason, Stage
from tests import markov


def event(kind: str, time: float = 1.0, case: int | None = None, **cells: object) -> Event:
    empty = {"city": "Taipei", "actor": None, "origin": None, "target": None, "reason": None, "amount": None}
    return Event(time=time, case=case, kind=kind, **{**empty, **cells})  # type: ignore[arg-type]


@given(st.integers(0, 10_000))
def test_each_case_is_where_its_last_move_put_it(seed: int) -> None:
    log = markov.run(seed, days=900.0)
    state = replay(log.events)
    last = {e.case: e.target for e in log.events if e.kind == "move"}
    assert state.stages == last


def test_money_goes_from_one_to_the_other() -> None:
    log = markov.run(4)
    state = replay(log.events)
    assert sum(state.money.values()) == pytest.approx(0)
    pocs = [e.case for e in log.events if e.target == "poc"]
    contracts = [e.case for e in log.events if e.target == "contract"]
    for case in log.cases:
        due = markov.PRICE * contracts.count(case.case) - markov.POC_COST * pocs.count(case.case)
        assert state.money[case.vendor] == pytest.approx(due)
    assert state.purses["Taipei", "Transport 1"] == pytest.approx(-markov.PRICE * len(contracts))


def test_going_on_is_the_same_as_going_through() -> None:
    events = markov.run(5).events
    assert replay(events[700:], replay(events[:700])) == replay(events)


def test_values_are_the_last_told() -> None:
    state = replay(
        [
            event("support", actor="Taipei", amount=0.7),
            event("election", 2.0, actor="Taipei", target="changed", amount=0.5),
            event("reputation", 2.0, actor="Taipei", amount=0.4),
            event("culture", 2.0, actor="Transport 1", amount=0.3),
            event("culture", 3.0, actor="Transport 1", amount=0.35),
            event("culture", 3.0, city="Kobe", actor="Transport 1", amount=0.9),
            event("trust", 3.0, actor="Transport 1", target="V1", amount=0.6),
            event("need", 3.0, actor="Transport 1", origin="N1", target="transport", amount=2.0),
            event("enter", 3.0, city=None, actor="V1", reason="sme", amount=5.0),
            event("enter", 3.0, city=None, actor="V2", reason="sme", amount=5.0),
            event("leave", 4.0, city=None, actor="V1", reason="financial", amount=-1.0),
        ]
    )
    assert state == State(
        time=4.0,
        vendors={"V2"},
        support={"Taipei": 0.5},
        reputation={"Taipei": 0.4},
        culture={("Taipei", "Transport 1"): 0.35, ("Kobe", "Transport 1"): 0.9},
        trust={("Taipei", "Transport 1", "V1"): 0.6},
        needs={("Taipei", "N1")},
    )


def test_a_need_is_back_when_its_service_is_given_up() -> None:
    moves = [
        event("move", 1.0, 7, origin=None, target=Stage.CONTRACT),
        event("move", 2.0, 7, origin=Stage.CONTRACT, target=Stage.DEPLOYED),
        event("solved", 2.0, 7, origin="N1", amount=2.0),
        event("move", 3.0, 7, origin=Stage.DEPLOYED, target=Stage.ABANDONED, reason=Reason.FINANCIAL),
    ]
    assert replay(moves[:3]).solved == {("Taipei", "N1"): 7}
    assert replay(moves).solved == {}


SUBMITTED = event("move", case=1, target="submitted")


@pytest.mark.parametrize(
    ("events", "message"),
    [
        (
            [event("move", case=1, origin="screened", target="matched")],
            "case 1 is nowhere yet, but moves from",
        ),
        (
            [SUBMITTED, event("move", case=1, origin="screened", target="matched")],
            "is submitted, but moves from",
        ),
        ([event("move", case=1, target="poc")], "no case goes from None to poc"),
        ([event("move", case=1, target="limbo")], "limbo"),
        ([event("move", case=1, target="submitted", reason="boredom")], "boredom"),
        ([SUBMITTED, event("move", case=1, origin="submitted", target="closed")], "closed with reason None"),
        ([event("move", target="submitted")], "a move without a case"),
        ([event("solved", origin="N1", amount=1.0)], "solved by no case"),
        ([event("payment", origin="V1", amount=1.0)], "from or to nobody"),
        ([event("payment", origin="V1", target="world")], "an amount is missing"),
        ([event("support", 2.0, amount=0.5), event("support", 1.0, amount=0.5)], "time goes back"),
    ],
)
def test_what_cannot_be_is_refused(events: list[Event], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        replay(events)

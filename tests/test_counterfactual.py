from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest

import sim
from experiments import counterfactual, lives, story
from experiments.counterfactual import Fates, both, part
from experiments.story import Step
from sim.errors import InputError
from sim.events import CaseRecord, Event, EventLog, Kind
from sim.scenario import Scenario

START = date(2016, 3, 20)


def log(*events: Event, records: tuple[CaseRecord, ...] = (), name: str = "one") -> EventLog:
    return EventLog(name, 5, START, 1000.0, sorted(events, key=lambda event: event.time), list(records))


def event(
    time: float,
    kind: Kind,
    actor: str | None = None,
    origin: str | None = None,
    target: str | None = None,
    reason: str | None = None,
    amount: float | None = None,
    case: int | None = 1,
) -> Event:
    return Event(time, "Taipei", case, kind, actor, origin, target, reason, amount)


def record(case: int = 1, key: str = "aa", channel: str = "bottom_up", vendor: str = "V7") -> CaseRecord:
    return CaseRecord(case, "Taipei", channel, vendor, "startup", "solver", "Transport 3", "transport",
                      "Transport 3 need 2", 0.9, 0.5, 0.1, 0.4, None, key)  # fmt: skip


def submitted(time: float, case: int = 1, vendor: str = "V7") -> Event:
    return event(time, Kind.MOVE, vendor, None, "submitted", case=case)


def enters(time: float = 0.0, vendor: str = "V7") -> Event:
    return event(time, Kind.ENTER, vendor, None, None, "startup", 3.0, None)


SCREENED = event(20.0, Kind.MOVE, "PMO", "submitted", "screened")
CLOSED = event(50.0, Kind.MOVE, "PMO", "screened", "closed", "misfit")
VOTE = event(30.0, Kind.ELECTION, "Taipei", None, "kept", None, 0.5, None)


# --- where two lives part -----------------------------------------------------------------------


def parting(one: EventLog, other: EventLog) -> counterfactual.Parting:
    found = counterfactual.case(one, other, 1).parting
    assert found is not None
    return found


def test_what_happened_on_the_same_days_is_told_once() -> None:
    one = log(submitted(10.0), SCREENED, CLOSED, records=(record(),))
    found = parting(one, replace(one, scenario="other"))
    assert not found.parted
    assert [(step.one, step.other) for step in found.shared] == [
        (day, day) for day in (date(2016, 3, 30), date(2016, 4, 9), date(2016, 5, 9))
    ]


def test_the_same_steps_on_other_days_do_not_part_two_lives() -> None:
    one = log(submitted(10.0), SCREENED, CLOSED, records=(record(),))
    later = log(
        submitted(10.0), SCREENED._replace(time=80.0), CLOSED._replace(time=90.0), records=(record(),)
    )
    found = parting(one, later)
    assert not found.parted
    assert (found.shared[1].one, found.shared[1].other) == (date(2016, 4, 9), date(2016, 6, 8))


def test_lives_part_at_the_first_step_that_is_not_the_same() -> None:
    hosted = event(40.0, Kind.MOVE, "Transport 3", "screened", "matched")
    one = log(submitted(10.0), SCREENED, CLOSED, records=(record(),))
    other = log(submitted(10.0), SCREENED, hosted, records=(record(),))
    found = parting(one, other)
    assert len(found.shared) == 2
    assert [line.text for line in found.one] == ["It ends here: no department was found that needs it."]
    assert [line.text for line in found.other] == [
        "The department Transport 3 agrees to host it.",
        "The run ends. The case waits for what stands in its way to be settled.",
    ]


def test_work_that_one_world_alone_knows_is_shown_beside_and_parts_nobody() -> None:
    begun, done = (event(15.0, kind, "PMO", "screen", None, amount=2.0) for kind in (Kind.BEGUN, Kind.DONE))
    office = log(submitted(10.0), begun, done, SCREENED, CLOSED, records=(record(),))
    none = log(
        submitted(10.0), SCREENED._replace(actor="V7"), CLOSED._replace(actor="V7"), records=(record(),)
    )
    found = parting(office, none)
    assert not found.parted
    assert [(step.one is None, step.other is None) for step in found.shared] == [
        (False, False), (False, True), (False, False), (False, False),
    ]  # fmt: skip
    back = parting(none, office)
    assert [step.text for step in back.shared] == [step.text for step in found.shared]
    assert back.shared[1].one is None


def test_elections_are_shared_as_long_as_the_lives_are() -> None:
    one = log(submitted(10.0), SCREENED, VOTE, CLOSED, records=(record(),))
    other = log(submitted(10.0), SCREENED._replace(time=45.0), VOTE, records=(record(),))
    found = parting(one, other)
    told = [step.text for step in found.shared]
    assert "Election: the mayor stays." in " ".join(line.text for line in found.one)
    assert told[-1] == "It agrees with the city's policy framework."
    assert parting(one, one).shared[2].text == "Election: the mayor stays."


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ("It works.", "It works.", "It works."),
        ("It works (71 of 100).", "It works (64 of 100).", "It works."),
        ("It costs NT$ 5 million.", "It costs NT$ 6 million.", "It costs NT$ 5 / 6 million."),
        ("Two bids came in.", "Four bids came.", "Two bids came in. In the other world: Four bids came."),
    ],
)
def test_two_sentences_become_one(one: str, other: str, told: str) -> None:
    assert both(one, other) == told


def test_nothing_is_lost_or_told_twice() -> None:
    logs = log(), log()
    steps = [
        Step(float(time), (mark,), f"{mark}.") for time, mark in enumerate(("a", "b", Kind.DONE, "c", "d"))
    ]
    for cut in range(5):
        other = [*steps[:cut], Step(9.0, ("x",), "x.")]
        found = part(logs, steps, other)
        mine = [step.text for step in found.shared if step.one] + [line.text for line in found.one]
        theirs = [step.text for step in found.shared if step.other] + [line.text for line in found.other]
        assert " ".join(mine) == "a. b. done. c. d."
        assert " ".join(theirs) == " ".join(step.text for step in other)


# --- cases that one world has alone -------------------------------------------------------------


def absent(one: EventLog, other: EventLog) -> str:
    found = counterfactual.case(one, other, 1)
    assert found.parting is found.other is found.number is None
    return found.absent


def test_it_is_told_why_a_case_is_not_in_the_other_world() -> None:
    one = log(enters(), submitted(10.0), records=(record(),))
    left = event(5.0, Kind.LEAVE, "V7", None, None, "financial", -1.0, None)
    open_ = log(enters(), submitted(20.0, vendor="V9"), records=(record(key="bb", vendor="V9"),))
    assert absent(one, log()) == "V7 never comes into the market there."
    assert absent(one, log(enters(), left)) == "V7 had left the market there on 2016-03-25."
    assert absent(one, log(enters())) == "Nothing comes in that way there from that day on."
    assert absent(one, open_) == "V7 lets that occasion pass there."


def test_a_need_that_was_solved_before_needs_no_vendor() -> None:
    one = log(enters(), submitted(10.0), records=(record(channel="top_down"),))
    solved = event(8.0, Kind.SOLVED, "Transport 3", "Transport 3 need 2", "top_down", None, 2.0)
    other = log(
        enters(),
        solved,
        submitted(20.0, vendor="V9"),
        records=(record(key="bb", channel="top_down", vendor="V9"),),
    )
    assert absent(one, other) == "The need had been solved there on 2016-03-28."


def test_what_the_vendor_does_instead_and_what_becomes_of_the_need_is_told() -> None:
    one = log(enters(), submitted(10.0), records=(record(),))
    other = log(enters(), submitted(20.0), CLOSED, records=(record(key="bb"),))
    assert counterfactual.case(one, other, 1).instead == (
        "Case 1 there (2016-04-09): V7, a start-up, offers the city a solution in the field of transport."
        " It ends here: no department was found that needs it.",
        "The need (Transport 3 need 2) is not solved there.",
    )
    assert counterfactual.case(one, log(enters()), 1).instead[0] == "V7 has no case at all there."


def test_cases_without_keys_have_no_counterparts() -> None:
    one = log(enters(), submitted(10.0), records=(record(key=""),))
    assert counterfactual.case(one, one, 1).parting is None


def test_a_case_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="there is no case 2"):
        counterfactual.case(log(submitted(1.0), records=(record(),)), log(), 2)


# --- real worlds --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def worlds() -> tuple[EventLog, EventLog]:
    base = sim.load("taipei_stage1")
    return sim.run(base, 3), sim.run(more_staff(base), 3)


def more_staff(base: Scenario) -> Scenario:
    return replace(base.with_("pmo.staff", 60), name="many")


def test_keys_name_a_case_once_and_bottom_up_the_same_vendor_in_both_worlds(
    worlds: tuple[EventLog, EventLog],
) -> None:
    one, other = ({record.key: record for record in log.cases} for log in worlds)
    assert [len(found) for found in (one, other)] == [len(log.cases) for log in worlds]
    both_have = one.keys() & other.keys()
    assert len(both_have) > 0.8 * len(one)
    offered = [key for key in both_have if one[key].channel == "bottom_up"]
    assert offered
    assert all(one[key].vendor == other[key].vendor for key in offered)
    assert all(one[key].poc_cost == other[key].poc_cost for key in offered)


def test_every_case_can_be_told_in_both_worlds(worlds: tuple[EventLog, EventLog]) -> None:
    one, other = worlds
    parted = 0
    for about in one.cases:
        found = counterfactual.case(one, other, about.case)
        if found.parting is None:
            assert found.absent
            assert found.instead
            continue
        texts = [step.text for step in found.parting.shared]
        texts += [line.text for line in (*found.parting.one, *found.parting.other)]
        assert not re.search(r"[{}_]|\bNone\b|\bnan\b| {2}", " ".join(texts))
        parted += found.parting.parted
        if not found.parting.parted:
            assert found.other is not None
            assert found.one.lines[-1].text or found.other.lines[-1].text
    assert 0 < parted < len(one.cases)


def test_a_world_does_not_part_from_itself(worlds: tuple[EventLog, EventLog]) -> None:
    one = worlds[0]
    for about in one.cases[:60]:
        found = counterfactual.case(one, one, about.case)
        assert found.number == about.case
        assert found.parting is not None
        assert not found.parting.parted
    fates = counterfactual.fates(one, one)
    assert fates == Fates(len(one.cases), 0, (0, 0), (), (), ())


def test_fates_are_counted_and_the_cases_that_differ_most_come_first(
    worlds: tuple[EventLog, EventLog],
) -> None:
    one, other = worlds
    found = counterfactual.fates(one, other)
    assert found.same + found.differ + found.only[0] == len(one.cases)
    assert found.same + found.differ + found.only[1] == len(other.cases)
    assert found.cases
    assert len(found.cases) <= counterfactual.CASES
    number = int(found.cases[0].name.split()[0])
    pair = counterfactual.case(one, other, number)
    assert pair.other is not None
    assert (found.cases[0].one, found.cases[0].other) == (pair.one.end, pair.other.end)
    assert all(fate.one != fate.other for fate in (*found.needs, *found.vendors))


def test_the_life_of_every_vendor_and_need_can_be_told(worlds: tuple[EventLog, EventLog]) -> None:
    one, other = worlds
    needs = [str(each.origin) for each in one.events if each.kind == Kind.NEED]
    vendors = [str(each.actor) for each in one.events if each.kind == Kind.ENTER]
    for name in needs:
        told = counterfactual.need(one, other, name)
        assert told.shared  # needs arise by themselves, so they are the same in both worlds
    for name in vendors:
        steps = lives.vendor(one, name)
        assert steps[0].mark == (Kind.ENTER,)
        assert steps == sorted(steps, key=lambda step: step.time)
        assert not counterfactual.vendor(one, one, name).parted


def test_a_vendor_that_never_enters_has_an_empty_life_there() -> None:
    found = counterfactual.vendor(log(enters(), records=()), log(), "V7")
    assert (found.shared, found.other) == ((), ())
    assert found.one[0].text == "V7, a start-up, is in business, with NT$ 3.0 million."


# --- lives of vendors and needs -----------------------------------------------------------------


def test_the_life_of_a_vendor() -> None:
    bid = event(300.0, Kind.BID, "V7", "first", None, amount=5.0, case=2)
    paid = event(0.0, Kind.PAYMENT, "world", "world", "V7", "entry capital", 3.0, None)
    fee = event(300.0, Kind.PAYMENT, "V7", "V7", "world", "bid cost", 0.05, 2)
    leave = event(400.0, Kind.LEAVE, "V7", None, None, "financial", -1.0, None)
    found = log(
        enters(), paid, submitted(10.0), SCREENED, CLOSED, submitted(11.0, 2, "V9"), bid, fee, leave,
        records=(record(), record(2, "bb", vendor="V9")),
    )  # fmt: skip
    assert [f"{line.day} {line.text}" for line in story.lines(found, lives.vendor(found, "V7"))] == [
        "2016-03-20 V7, a start-up, is in business, with NT$ 3.0 million.",
        "2016-03-30 Case 1: V7 hands in a proposal on its own initiative.",
        "2016-05-09 Case 1: It ends here: no department was found that needs it.",
        "2017-01-14 V7 bids NT$ 5.0 million for the contract that follows case 2.",
        "2017-04-24 V7 runs out of money and leaves the market.",
    ]
    assert list(lives.balance(found, "V7")) == [
        "V7 received NT$ 3.0 million as capital.",
        "V7 paid NT$ 50 thousand for bidding.",
    ]


def test_the_life_of_a_need() -> None:
    name = "Transport 3 need 2"
    arises = event(5.0, Kind.NEED, "Transport 3", name, "transport", None, 2.0, None)
    stated = event(8.0, Kind.STATED, "Transport 3", name, None, "call", 0.75, None)
    hosted = event(40.0, Kind.MOVE, "Transport 3", "screened", "matched")
    found = log(arises, stated, submitted(10.0), SCREENED, hosted, records=(record(),))
    host = "the department Transport 3"
    assert [f"{line.day} {line.text}" for line in story.lines(found, lives.need(found, name))] == [
        f"2016-03-25 The need arises in {host}; to solve it is worth NT$ 2.0 million a year.",
        f"2016-03-28 T{host[1:]} publishes the need in a call (its words carry 75 of 100 of it).",
        f"2016-04-29 Case 1 (V7): T{host[1:]} agrees to host it.",
        "2018-12-15 The run ends. Nothing has solved the need.",
    ]


@pytest.mark.parametrize(
    ("life", "name", "told"),
    [
        (
            lives.vendor,
            "V8",
            r"--vendor: no vendor 'V8' in the run of one with seed 5 \(did you mean 'V7'\?\)",
        ),
        (lives.need, "Transport", "--need: no need 'Transport' in the run of one with seed 5"),
    ],
)
def test_names_that_are_not_there_are_refused(life: object, name: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        life(log(enters()), name)  # type: ignore[operator]

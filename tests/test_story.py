from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

import sim
from experiments import phrases, story
from sim.errors import InputError
from sim.events import CaseRecord, Event, EventLog, Kind
from sim.stages import ENDS, IN_SERVICE, TRANSITIONS, Reason, Stage

START = date(2016, 3, 20)
SCENARIOS = ("taipei_2016_2021", "taipei_no_pmo_no_poc", "wemo")


@pytest.fixture(scope="module", params=SCENARIOS)
def log(request: pytest.FixtureRequest) -> EventLog:
    return sim.run(request.param, seed=1)


def _event(
    time: float,
    kind: Kind,
    actor: str | None,
    origin: str | None,
    target: str | None,
    reason: str | None = None,
    amount: float | None = None,
    case: int | None = 1,
) -> Event:
    return Event(time, "Taipei", case, kind, actor, origin, target, reason, amount)


def _record(
    case: int = 1, channel: str = "bottom_up", vendor: str = "V7", parent: int | None = None
) -> CaseRecord:
    return CaseRecord(case, "Taipei", channel, vendor, "startup", "tester", "Transport 3", "transport",
                      "Transport 3 need 2", 0.9, 0.5, 0.1, 0.4, parent)  # fmt: skip


def _life(*events: Event, records: tuple[CaseRecord, ...] = (_record(),), days: float = 1000.0) -> EventLog:
    return EventLog("toy", 5, START, days, sorted(events, key=lambda event: event.time), list(records))


PROPOSED = _event(10.2, Kind.MOVE, "V7", None, "submitted")


def test_a_life_is_told_in_order_with_dates() -> None:
    log = _life(
        PROPOSED,
        _event(15.0, Kind.BEGUN, "PMO", "screen", None, amount=4.8),
        _event(17.0, Kind.DONE, "PMO", "screen", None, amount=2.0),
        _event(17.0, Kind.MOVE, "PMO", "submitted", "screened"),
        _event(60.0, Kind.DECISION, "Transport 3", None, "hosts"),
        _event(60.0, Kind.MOVE, "Transport 3", "screened", "matched"),
        _event(90.0, Kind.HEARING, "steering group", None, "deferred", "regulatory", 0.62),
        _event(181.0, Kind.HEARING, "steering group", None, "granted", "regulatory", 0.7),
        _event(200.0, Kind.MOVE, "Transport 3", "matched", "cleared"),
        _event(230.0, Kind.MOVE, "Transport 3", "cleared", "poc"),
        _event(230.0, Kind.PAYMENT, "V7", "V7", "world", "poc cost", 0.4),
        _event(400.0, Kind.REVIEW, "review panel", "final", "no_follow_up", "financial", 0.71),
        _event(400.0, Kind.MOVE, "Transport 3", "poc", "closed", "administrative"),
    )
    told = story.tell(log, 1)
    assert told.title == "V7, a start-up, offers the city a solution in the field of transport"
    assert [f"{line.day} {line.text}" for line in told.lines] == [
        "2016-03-30 V7 hands in a proposal on its own initiative.",
        "2016-04-06 The PMO has screened the proposal (after five days in the queue, two days of work). "
        "It agrees with the city's policy framework.",
        "2016-05-19 The department Transport 3 agrees to host it.",
        "2016-06-18 The steering group deals with the law that stands in the way "
        "(the mayor's support stands at 62 of 100): no solution is found yet.",
        "2016-09-17 The steering group deals again with the law that stands in the way "
        "(the mayor's support stands at 70 of 100): the way is free.",
        "2016-10-06 Nothing stands in its way any more.",
        "2016-11-05 The proof of concept begins with the department Transport 3. "
        "V7 pays NT$ 400 thousand for the test.",
        "2017-04-24 The final review gives 71 of 100 points "
        "(good; the weakest point is the finances of V7). The verdict: it works. "
        "It ends here: it worked, but the department Transport 3 did not want to go on with it.",
    ]
    assert told.money == ("V7 paid NT$ 400 thousand for the test.",)
    assert told.truth == (
        "V7 mainly wanted to test its product."
        " Its solution fitted the need (Transport 3 need 2) almost perfectly: 90 of 100."
    )


def test_a_rival_that_wins_is_followed_to_its_end() -> None:
    log = _life(
        _event(1.0, Kind.MOVE, "Transport 3", "poc", "preparation", amount=6.0),
        _event(100.0, Kind.MOVE, "Transport 3", "preparation", "tender", amount=6.0),
        _event(121.0, Kind.BID, "V7", "first", None, amount=5.5),
        _event(121.0, Kind.BID, "V9", "first", None, amount=5.0),
        _event(121.0, Kind.PAYMENT, "V8", "V8", "world", "bid cost", 0.05),
        _event(121.0, Kind.ROUND, "Transport 3", "first", "failed", amount=2.0),
        _event(150.0, Kind.AWARD, "Transport 3", "best_value", "V9", "rival", 5.0),
        _event(150.0, Kind.MOVE, "Transport 3", "retender", "closed", "competition"),
        _event(150.0, Kind.MOVE, "Transport 3", None, "contract", amount=5.0, case=2),
        _event(150.0, Kind.PAYMENT, "Transport 3", "Transport 3", "V9", "contract", 5.0, case=2),
        _event(300.0, Kind.MOVE, "V9", "contract", "deployed", case=2),
        _event(300.0, Kind.UNSOLVED, "Transport 3", "Transport 3 need 2", None, "misfit", 1.0, case=2),
        _event(500.0, Kind.MOVE, "Transport 3", "deployed", "abandoned", "misfit", case=2),
        records=(_record(), _record(2, "tender", "V9", parent=1)),
    )
    told = story.tell(log, 1)
    assert [line.text for line in told.lines[2:]] == [
        "Two bids came in (V7 asks NT$ 5.5 million; V9 asks NT$ 5.0 million): "
        "too few, so the round has failed.",
        "The department Transport 3 awards the contract to a rival, V9, as the best value for money, "
        "at NT$ 5.0 million. It ends here: another vendor won the tender.",
        "The rival V9 puts its solution into service. "
        "It does not solve the need: the money was spent for nothing.",
        "The rival's service is given up.",
    ]
    assert told.money == (
        "Transport 3 paid NT$ 5.0 million for the contract.",
        "One other vendor paid NT$ 50 thousand for bidding.",
    )


@pytest.mark.parametrize(
    ("actor", "reason", "told"),
    [
        ("Transport 3", "misfit", "the department Transport 3 doubted that it needs this"),
        ("Transport 3", "administrative", "the department Transport 3 was not willing to host it"),
        ("PMO", "misfit", "no other department was found for it"),
    ],
)
def test_who_declined_is_named(actor: str, reason: str, told: str) -> None:
    log = _life(
        PROPOSED,
        _event(60.0, Kind.DECISION, "Transport 3", None, "declines", reason),
        _event(80.0, Kind.MOVE, actor, "screened", "closed", reason),
    )
    assert story.tell(log, 1).end == f"It ends here: {told}."


def test_a_vendor_that_left_the_market_is_told_apart_from_one_short_of_money() -> None:
    short = _event(80.0, Kind.MOVE, "V7", "matched", "closed", "financial")
    left = _event(80.0, Kind.LEAVE, "V7", None, None, "financial", -1.0, case=None)
    assert "could not raise the money" in story.tell(_life(PROPOSED, short), 1).end
    assert "left the market" in story.tell(_life(PROPOSED, left, short), 1).end


def test_a_case_that_is_open_stands_somewhere_at_the_end_of_the_run() -> None:
    told = story.tell(_life(PROPOSED, days=31.0), 1)
    assert told.lines[-1] == story.Line(date(2016, 4, 20), "The run ends. The case waits to be looked at.")
    assert told.end == "At the end of the run, on 20 April 2016, it waits to be looked at."


def test_an_election_belongs_to_the_lives_that_it_falls_into() -> None:
    vote = _event(500.0, Kind.ELECTION, "Taipei", None, "changed", amount=0.5, case=None)
    closed = _event(400.0, Kind.MOVE, "PMO", "submitted", "closed", "misfit")
    assert any("new mayor" in line.text for line in story.tell(_life(PROPOSED, vote), 1).lines)
    assert not any("new mayor" in line.text for line in story.tell(_life(PROPOSED, closed, vote), 1).lines)


def test_every_case_of_a_run_can_be_told(log: EventLog) -> None:
    for record in log.cases:
        told = story.tell(log, record.case)
        text = " ".join([told.title, told.end, told.truth, *told.money, *(line.text for line in told.lines)])
        assert not re.search(r"[{}_]|\bNone\b|\bnan\b| {2}", text), text
        days = [line.day for line in told.lines]
        assert days == sorted(set(days))
        assert told.lines[0].day >= log.start
        assert told.lines[-1].day <= log.start + timedelta(days=log.days)


def test_the_money_of_all_stories_is_the_money_of_the_log(log: EventLog) -> None:
    """Each department's payments for a case stand in its story, whoever won the tender."""
    for event in log.events:
        if event.kind == Kind.PAYMENT and event.reason == "contract":
            told = " ".join(story.tell(log, event.case or 0).money)
            assert f"{event.origin} paid" in told
            assert f"{phrases.money(event.amount)} for the contract" in told


def test_the_choice_has_one_case_for_each_kind_of_end(log: EventLog) -> None:
    ends = {}
    for event in log.events:
        if event.kind == Kind.MOVE:
            ends[event.case] = (event.target, event.reason)
    kinds = {end if end[0] in ENDS | IN_SERVICE else "under way" for end in ends.values()}
    chosen = story.choice(log)
    assert len(chosen) == len(kinds)
    assert len({sketch.case for sketch in chosen}) == len(chosen)
    assert all(story.tell(log, sketch.case).end == sketch.end for sketch in chosen)


@pytest.mark.parametrize("case", [0, -1, 2, 10**9])
def test_a_wrong_case_is_refused_with_the_range(case: int) -> None:
    with pytest.raises(InputError, match=f"there is no case {case}; .* has cases 1 to 1"):
        story.tell(_life(PROPOSED), case)


def test_a_run_without_proposals_says_so() -> None:
    empty = EventLog("toy", 5, START, 10.0)
    assert story.choice(empty) == []
    with pytest.raises(InputError, match="no proposal was made in the run of toy with seed 5"):
        story.tell(empty, 1)


@pytest.mark.parametrize("reason", Reason)
def test_there_are_words_for_every_reason_at_every_stage(reason: Reason) -> None:
    for stage, onward in TRANSITIONS.items():
        if stage is not None and Stage.CLOSED in onward:
            assert phrases.why(reason, stage, "somebody")


def test_every_stage_that_is_no_end_has_words_for_standing_there() -> None:
    assert set(phrases.STANDS) == set(Stage) - ENDS


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        (0.05, "NT$ 50 thousand"),
        (0.9994, "NT$ 999 thousand"),
        (0.9996, "NT$ 1.0 million"),
        (1.0, "NT$ 1.0 million"),
        (1234.5, "NT$ 1,234.5 million"),
    ],
)
def test_money_is_told_in_thousands_below_a_million(amount: float, told: str) -> None:
    assert phrases.money(amount) == told


def test_a_list_reads_like_one() -> None:
    assert [phrases.listed(parts) for parts in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


def test_counts_are_words_up_to_ten() -> None:
    assert [phrases.count(n, "bid") for n in (0, 1, 2.4, 10, 11)] == [
        "no bids",
        "one bid",
        "two bids",
        "ten bids",
        "11 bids",
    ]

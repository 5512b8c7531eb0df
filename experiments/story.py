"""The life of one proposal, told from the event log in sentences with dates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from experiments import phrases
from experiments.phrases import count, listed, money, points, upper
from sim.errors import InputError
from sim.events import CaseRecord, Event, EventLog, Kind
from sim.stages import ENDS, IN_SERVICE, Reason, Stage

# --- what is told -------------------------------------------------------------------------------


class Step(NamedTuple):
    """One thing that happened, in a sentence.

    ``time`` is in days from the start of the run; steps with the same ``mark`` are the same step, in
    whichever world and on whichever day.
    """

    time: float
    mark: tuple[str | None, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """What happened to a case on one day, in sentences."""

    day: date
    text: str


@dataclass(frozen=True, slots=True)
class Story:
    """One case's life.

    Attributes:
        title: who offered what.
        lines: what happened, by day; the end, and what became of a rival that won, included.
        end: why it ended, or where it stands at the end of the run.
        money: who paid what and received what, a sentence a party.
        truth: what nobody in the city could be sure of.
    """

    title: str
    lines: tuple[Line, ...]
    end: str
    money: tuple[str, ...]
    truth: str


@dataclass(frozen=True, slots=True)
class Sketch:
    """One case in a line, for choosing."""

    case: int
    begin: date
    title: str
    end: str


def tell(log: EventLog, case: int) -> Story:
    """The story of one case.

    Raises:
        InputError: the run has no case of that number.
    """
    return of(Life(log, checked(log, case)))


def of(life: Life) -> Story:
    """The story of one life."""
    return Story(title(life), lines(life.log, steps(life)), end(life), tuple(_money(life)), _truth(life))


def lines(log: EventLog, found: Iterable[Step]) -> tuple[Line, ...]:
    """What happened, a line a day."""
    days = ((day(log, step.time), step.text) for step in found)
    return tuple(
        Line(when, " ".join(text for _, text in told)) for when, told in groupby(days, key=itemgetter(0))
    )


def day(log: EventLog, time: float) -> date:
    """The date of an instant (days from the start)."""
    return log.start + timedelta(days=int(time))


def choice(log: EventLog) -> list[Sketch]:
    """For every kind of end the case to which most happened; those that came furthest last."""
    fullest: dict[str, Life] = {}
    for life in lives(log):
        shown = life.over or life.stage in IN_SERVICE
        kind = f"{life.stage} {life.moves[-1].reason}" if shown else "under way"
        if kind not in fullest or len(life.events) > len(fullest[kind].events):
            fullest[kind] = life
    return [
        Sketch(life.case, day(log, life.moves[0].time), title(life), end(life))
        for life in sorted(fullest.values(), key=lambda life: (life.depth, life.case))
    ]


def checked(log: EventLog, case: int) -> int:
    """The number of a case.

    Raises:
        InputError: the run has no case of that number.
    """
    run = f"the run of {log.scenario} with seed {log.seed}"
    if not log.cases:
        raise InputError(f"no proposal was made in {run}", key="CASE")
    if not 1 <= case <= len(log.cases):
        raise InputError(f"there is no case {case}; {run} has cases 1 to {len(log.cases)}", key="CASE")
    return case


# --- one life -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Life:
    """One case and the events about it (looked up in the log unless given)."""

    log: EventLog
    case: int
    given: tuple[Event, ...] | None = None

    @property
    def record(self) -> CaseRecord:
        """What is true of the case."""
        return self.log.cases[self.case - 1]

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """The events about the case, in order of time."""
        return self.given or tuple(event for event in self.log.events if event.case == self.case)

    def of(self, *kinds: Kind) -> tuple[Event, ...]:
        """Its events of some kinds."""
        return tuple(event for event in self.events if event.kind in kinds)

    @cached_property
    def moves(self) -> tuple[Event, ...]:
        """Its moves from stage to stage."""
        return self.of(Kind.MOVE)

    @property
    def stage(self) -> Stage:
        """Where it stands at the end of the run."""
        return Stage(str(self.moves[-1].target))

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.stage in ENDS

    @property
    def depth(self) -> int:
        """The place in the funnel of the furthest stage that it reached."""
        order = [stage.value for stage in Stage if stage is not Stage.CLOSED]
        return max(order.index(str(move.target)) for move in self.moves if move.target in order)

    @cached_property
    def rival(self) -> Life | None:
        """The case of the rival that won its tender."""
        rivals = (record for record in self.log.cases if record.channel == "tender")
        found = (record.case for record in rivals if record.parent == self.case)
        return next((Life(self.log, case) for case in found), None)

    @property
    def host(self) -> str:
        """The department that hosts it."""
        return f"the department {self.record.department}" if self.record.department else "a department"

    def say(self, text: str, event: Event | None = None) -> str:
        """A phrase with its fields filled in."""
        about = self.record
        return text.format(
            vendor=about.vendor,
            kind=phrases.VENDORS.get(about.vendor_kind, about.vendor_kind),
            domain=about.domain,
            parent=about.parent,
            host=self.host,
            Host=upper(self.host),
            actor=event.actor if event else "",
            amount=money(event.amount) if event else "",
            days=round(event.time - self.moves[0].time) if event else "",
        )


def lives(log: EventLog) -> Iterator[Life]:
    """All cases of a run, in order of their numbers."""
    about: dict[int, list[Event]] = {}
    for event in log.events:
        if event.case is not None:
            about.setdefault(event.case, []).append(event)
    return (Life(log, case, tuple(events)) for case, events in sorted(about.items()))


# --- sentences ----------------------------------------------------------------------------------


def steps(life: Life) -> Iterator[Step]:
    """What happened, in order; what needs no words is left out."""
    for event in around(life):
        if text := sentence(life, event):
            yield Step(event.time, _mark(event), text)
    if not life.over:
        text = f"The run ends. The case {phrases.STANDS[life.stage]}."
        yield Step(life.log.days, ("end", life.stage), text)
    if life.rival is not None:
        for event in life.rival.events:
            if text := phrases.RIVAL.get((event.kind, word_of(event))):
                yield Step(event.time, ("rival", *_mark(event)), life.rival.say(text, event))


def _mark(event: Event) -> tuple[str | None, ...]:
    """What makes a step the same.

    The weakest criterion of a review is a detail, and so is who looked at a proposal: with a PMO its
    officers, without one whoever was asked. What a department decides is a step of its own.
    """
    early = event.kind == Kind.MOVE and event.origin in (Stage.SUBMITTED, Stage.SCREENED)
    actor = None if early else event.actor
    reason = None if event.kind == Kind.REVIEW else event.reason
    return event.kind, actor, event.origin, event.target, reason


def around(life: Life) -> Iterator[Event]:
    """The case's own events, and the elections that fell into its life."""
    first, last = life.events[0].time, life.events[-1].time if life.over else life.log.days
    for event in life.log.events:
        vote = event.kind == Kind.ELECTION and event.city == life.record.city and first <= event.time <= last
        if vote or event.case == life.case:
            yield event


def sentence(life: Life, event: Event) -> str | None:
    """What an event of a life is told as, or ``None`` where it needs no words."""
    if event.kind == Kind.MOVE and event.target in ENDS:
        return end(life)
    special = _SPECIAL.get(event.kind)
    if special is not None:
        return special(life, event)
    word = word_of(event)
    text = phrases.EVENTS.get((event.kind, f"{word} {life.record.channel}"))
    text = text or phrases.EVENTS.get((event.kind, word))
    return life.say(text, event) if text else None


def word_of(event: Event) -> str:
    """What tells an event of its kind apart from others."""
    if event.kind in (Kind.SOLVED, Kind.UNSOLVED, Kind.TALK, Kind.TAKEOVER):
        return ""
    if event.kind == Kind.DECISION:
        return f"{event.target} {event.reason}"
    return str(event.reason if event.kind == Kind.PAYMENT else event.target)


def _task(life: Life, event: Event) -> str:
    begun = [each for each in life.of(Kind.BEGUN) if each.origin == event.origin and each.time <= event.time]
    waited, worked = round(begun[-1].amount or 0) if begun else 0, round(event.amount or 0)
    name = life.say(phrases.TASKS.get(str(event.origin), f"has done its work ({event.origin})"))
    again = " again" if event.origin == "match" and len(begun) > 1 else ""
    wait = f"after {count(waited, 'day')} in the queue, " if waited else ""
    work = count(worked, "day") if worked else "less than a day"
    return f"The PMO {name}{again} ({wait}{work} of work)."


def _review(life: Life, event: Event) -> str:
    if event.origin == "second":
        able = "able" if event.target == "tender" else "not able"
        return life.say(f"{{Host}} finds {{vendor}} {able} to deliver on a larger scale.")
    marks = f"{points(event.amount or 0)} points ({phrases.grade(event.amount or 0)}"
    weak = life.say(phrases.CRITERIA.get(str(event.reason), str(event.reason)))
    verdict = life.say(phrases.VERDICTS.get(str(event.target), str(event.target)))
    marks = f"{marks}; the weakest point is {weak})"
    return f"The {event.origin} review gives {marks}. The verdict: {_stopped(verdict)}"


def _stopped(text: str) -> str:
    return text if text.endswith("?") else f"{text}."


def _referred(_: Life, event: Event) -> str:
    why = phrases.REFERRALS.get(str(event.reason), phrases.REFERRAL)
    others = count((event.amount or 1) - 1, "other case")
    return f"{why}: it waits to be heard by the steering group, with {others}."


def _hearing(life: Life, event: Event) -> str:
    turn = sum(each.time <= event.time for each in life.of(Kind.HEARING))
    again = {1: "", 2: " again", 3: " for the third time"}.get(turn, f" for the {turn}th time")
    barrier = phrases.BARRIERS.get(str(event.reason), phrases.BARRIER)
    result = phrases.HEARINGS.get(str(event.target), str(event.target))
    support = f"the mayor's support stands at {points(event.amount or 0)}"
    return f"The steering group deals{again} with {barrier} ({support}): {result}."


def _round(life: Life, event: Event) -> str | None:
    if event.target == "opened":
        return None
    bids = [each for each in life.of(Kind.BID) if each.origin == event.origin]
    asked = "; ".join(f"{each.actor} asks {money(each.amount)}" for each in bids)
    told = f"{upper(count(event.amount, 'bid'))} came in{f' ({asked})' if asked else ''}"
    return f"{told}: too few, so the round has failed." if event.target == "failed" else f"{told}."


def _award(life: Life, event: Event) -> str:
    who = "{vendor}" if event.reason == "own" else f"a rival, {event.target},"
    rule = phrases.RULES.get(str(event.origin), f"by the rule '{event.origin}'")
    return life.say(f"{{Host}} awards the contract to {who} {rule}, at {{amount}}.", event)


def _measured(_: Life, event: Event) -> str:
    return f"The solution that {event.target} has developed is measured: {points(event.amount or 0)} points."


def _interest(_: Life, event: Event) -> str | None:
    if event.target == "opened":
        return None
    return f"The city has asked who else can offer something similar: {count(event.amount, 'vendor')} can."


_SPECIAL: Mapping[str, Callable[[Life, Event], str | None]] = {
    Kind.DONE: _task,
    Kind.REVIEW: _review,
    Kind.REFERRED: _referred,
    Kind.HEARING: _hearing,
    Kind.ROUND: _round,
    Kind.AWARD: _award,
    Kind.MEASURED: _measured,
    Kind.INTEREST: _interest,
}


# --- title, end, money, truth -------------------------------------------------------------------


def title(life: Life) -> str:
    """Who offered what."""
    return life.say(phrases.TITLES.get(life.record.channel, phrases.TITLE))


def end(life: Life) -> str:
    """Why it ended, or where it stands at the end of the run."""
    last = life.moves[-1]
    if not life.over:
        last_day = phrases.long(day(life.log, life.log.days))
        return f"At the end of the run, on {last_day}, it {phrases.STANDS[life.stage]}."
    if life.stage is Stage.SUSTAINED:
        return phrases.FULL_TIME if last.origin == Stage.DEPLOYED else phrases.LASTING
    told = life.say(_why(life, last), last)
    return f"The service is given up: {told}." if life.stage is Stage.ABANDONED else f"It ends here: {told}."


def _why(life: Life, last: Event) -> str:
    """The reason for the end, where it is one that the log tells more of than the last move does."""
    reason, origin = Reason(str(last.reason)), Stage(str(last.origin))
    if reason is Reason.FINANCIAL and left(life, last):
        return phrases.GONE
    if origin is Stage.LAUNCHED:
        return phrases.LEFT.get(reason, f"for {reason} reasons")
    if origin is Stage.DEPLOYED:
        return phrases.GIVEN_UP.get(reason, f"for {reason} reasons")
    if reason is Reason.COMPETITION and life.rival is not None:
        return phrases.BEATEN
    if reason is Reason.ADMINISTRATIVE and [each.target for each in life.of(Kind.REVIEW)][-1:] == [
        "no_follow_up"
    ]:
        return phrases.UNWANTED
    declined = [each.actor for each in life.of(Kind.DECISION) if each.target == "declines"]
    if declined and origin is Stage.SCREENED and reason in phrases.DECLINED:
        return phrases.DECLINED[reason] if last.actor == declined[-1] else phrases.NO_OTHER
    return phrases.why(reason, origin, str(last.actor))


def left(life: Life, last: Event) -> bool:
    """Whether the vendor left the market at that moment."""
    return any(
        event.kind == Kind.LEAVE and event.time == last.time and event.actor == life.record.vendor
        for event in life.log.events
    )


class Account(NamedTuple):
    """What a party of a case paid and received; ``party`` is none where it is all other bidders together."""

    party: str | None
    paid: list[Event]
    received: list[Event]


def accounts(life: Life) -> Iterator[Account]:
    """Who paid and received what for this case, and for a rival's contract that followed."""
    events = [*life.of(Kind.PAYMENT), *(life.rival.of(Kind.PAYMENT) if life.rival else ())]
    main = {life.record.vendor, life.record.department, life.rival.record.vendor if life.rival else None}
    for party in dict.fromkeys(event.origin for event in events if event.origin in main):
        paid = [event for event in events if event.origin == party]
        yield Account(party, paid, [event for event in events if event.target == party])
    others = [event for event in events if event.origin not in {*main, "world"}]
    if others:
        yield Account(None, others, [])


def sums(payments: Iterable[Event], what: Callable[[Event], str]) -> dict[str, float]:
    """Amounts of payments by what they were for, in words, in the order of their coming."""
    found: dict[str, float] = {}
    for event in payments:
        purpose = what(event)
        found[purpose] = found.get(purpose, 0.0) + (event.amount or 0.0)
    return found


def _money(life: Life) -> Iterator[str]:
    for party, paid, received in accounts(life):
        if party is None:
            bidders = count(len({event.origin for event in paid}), "other vendor")
            yield f"{upper(bidders)} paid {_sums(paid)}."
        else:
            yield f"{party} paid {_sums(paid)}{f', and received {_sums(received)}' if received else ''}."


def _sums(payments: Iterable[Event]) -> str:
    found = sums(payments, lambda event: phrases.PURPOSES.get(str(event.reason), str(event.reason)))
    return listed([f"{money(amount)} for {what}" for what, amount in found.items()])


def _truth(life: Life) -> str:
    told = life.say(phrases.MOTIVES.get(life.record.motive, ""))
    if life.record.fit is None or life.record.need is None:
        return told
    fit = life.record.fit
    return f"{told} Its solution fitted the need ({life.record.need}) {phrases.fit(fit)}: {points(fit)}."

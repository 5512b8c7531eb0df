"""The life of one proposal, told from the event log in sentences with dates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import groupby
from operator import itemgetter

from sim.errors import InputError
from sim.events import CaseRecord, Event, EventLog, Kind
from sim.stages import ENDS, Reason, Stage

# --- what is asked for --------------------------------------------------------------------------


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
        money: who paid whom, in one sentence a party.
        truth: what nobody in the city could know for sure.
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
    life = Life(log, _checked(log, case))
    lines = [
        Line(log.start + timedelta(days=day), " ".join(text for _, text in sentences))
        for day, sentences in groupby(_sentences(life), key=itemgetter(0))
    ]
    return Story(_title(life.record), tuple(lines), _end(life), tuple(_money(life)), _truth(life))


def choice(log: EventLog) -> list[Sketch]:
    """For every kind of end the case to which most happened, the earliest stages of the funnel first."""
    fullest: dict[str, Life] = {}
    for life in _lives(log):
        last = life.moves[-1]
        kind = f"{last.target} {last.reason}" if life.over or life.stage is Stage.DEPLOYED else "under way"
        if kind not in fullest or len(life.events) > len(fullest[kind].events):
            fullest[kind] = life
    return [
        Sketch(life.record.case, life.day(life.events[0].time), _title(life.record), _end(life))
        for life in sorted(fullest.values(), key=_depth)
    ]


def _depth(life: Life) -> tuple[int, float]:
    """How far a case came, then how long ago."""
    order = list(Stage)
    return max(
        order.index(Stage(move.target)) for move in life.moves if move.target != Stage.CLOSED
    ), life.case


def _checked(log: EventLog, case: int) -> int:
    if not log.cases:
        raise InputError(
            f"no proposal was made in this run of {log.scenario} with seed {log.seed}", key="CASE"
        )
    if not 1 <= case <= len(log.cases):
        problem = f"there is no case {case}; the run of {log.scenario} with seed {log.seed} has cases 1 to"
        raise InputError(f"{problem} {len(log.cases)}", key="CASE")
    return case


# --- one life -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Life:
    """One case and all events that are about it."""

    log: EventLog
    case: int
    found: tuple[Event, ...] | None = None

    @property
    def record(self) -> CaseRecord:
        """What is true of the case."""
        return self.log.cases[self.case - 1]

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """The events about the case, in order of time."""
        if self.found is not None:
            return self.found
        return tuple(event for event in self.log.events if event.case == self.case)

    @cached_property
    def moves(self) -> tuple[Event, ...]:
        """Its moves from stage to stage."""
        return self.of(Kind.MOVE)

    @property
    def stage(self) -> Stage:
        """Where it stands at the end of the run."""
        return Stage(self.moves[-1].target)

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.stage in ENDS

    @cached_property
    def rival(self) -> Life | None:
        """The case of the rival that won its tender."""
        found = next((record.case for record in self.log.cases if record.parent == self.case), None)
        return None if found is None else Life(self.log, found)

    @property
    def host(self) -> str:
        """The department that hosts it."""
        return f"the department {self.record.department}" if self.record.department else "a department"

    def of(self, *kinds: Kind) -> tuple[Event, ...]:
        """Its events of some kinds."""
        return tuple(event for event in self.events if event.kind in kinds)

    def day(self, time: float) -> date:
        """The date of an instant."""
        return self.log.start + timedelta(days=int(time))


def _lives(log: EventLog) -> Iterator[Life]:
    about: dict[int, list[Event]] = {}
    for event in log.events:
        if event.case is not None:
            about.setdefault(event.case, []).append(event)
    return (Life(log, case, tuple(events)) for case, events in sorted(about.items()))


def _sentences(life: Life) -> Iterator[tuple[int, str]]:
    """Day of the run and sentence, in order; whatever needs no words is left out."""
    for event in _around(life):
        tell = _TELL.get(Kind(event.kind))
        text = tell(life, event) if tell else None
        if text:
            yield int(event.time), text
    if not life.over:
        yield int(life.log.days), _end(life)
    if life.rival is not None:
        yield from _later(life.rival)


def _around(life: Life) -> Iterator[Event]:
    """The case's own events, and the elections that fell into its life."""
    first, last = life.events[0].time, life.events[-1].time if life.over else life.log.days
    for event in life.log.events:
        if event.case == life.case:
            yield event
        elif event.kind == Kind.ELECTION and first <= event.time <= last and event.city == life.record.city:
            yield event


def _later(rival: Life) -> Iterator[tuple[int, str]]:
    """What became of the rival's contract, in short."""
    told = {Stage.DEPLOYED: "puts its solution into service", Stage.SUSTAINED: "is still in service at the end of"
            " the contract", Stage.ABANDONED: "is given up"}  # fmt: skip
    for event in rival.of(Kind.MOVE, Kind.SOLVED, Kind.UNSOLVED):
        if event.kind == Kind.MOVE and event.target in told:
            who = "The rival" if event.target == Stage.DEPLOYED else "The rival's service"
            yield int(event.time), f"{who} {told[Stage(event.target)]}."
        elif event.kind != Kind.MOVE:
            yield int(event.time), _outcome(rival, event)


# --- words --------------------------------------------------------------------------------------

_VENDORS = {"startup": "a start-up", "sme": "a small or medium-sized firm", "large": "a large firm"}

_TITLES = {
    "bottom_up": "{vendor}, {kind}, offers the city a solution in the field of {domain}",
    "top_down": "the city asks {vendor}, {kind}, to answer a need in the field of {domain}",
    "problem_led": "{vendor}, {kind}, answers a call for solutions in the field of {domain}",
    "tender": "{vendor}, {kind}, wins the tender that followed case {parent}",
}

_FIRST = {
    "bottom_up": "{vendor} hands in a proposal on its own initiative.",
    "top_down": "The PMO looked among its contacts for a vendor that could answer a need, and found {vendor}.",
    "problem_led": "{vendor} answers a challenge of the call.",
}

_TASKS = {
    "screen": "screens the proposal",
    "match": "looks for a department that needs it",
    "present": "helps {vendor} to present it to the department",
    "coordinate": "brings another department in",
    "midway review": "prepares the midway review",
    "final review": "prepares the final review",
}

_CRITERIA = {
    "execution": "how the work was done",
    "technical": "how well it met the need",
    "administrative": "whether the administration can handle it",
    "financial": "the vendor's finances",
    "scaling": "the vendor's capacity to scale up",
}

_VERDICTS = {
    "continue": "the test goes on",
    "close": "the test is closed",
    "extend": "the panel asks for further field tests",
    "small_purchase": "it works, but the department wants to see whether the vendor can scale up",
    "tender": "it works, and the department wants it on a larger scale",
    "no_follow_up": "it works, but the department does not want to go on with it",
}

_RULES = {
    "best_value": "as the best value for money",
    "lowest_price": "as the lowest price",
    "direct": "directly, without a tender",
}

_STANDS = {
    Stage.SUBMITTED: "waiting to be looked at",
    Stage.SCREENED: "looking for a department to host it",
    Stage.MATCHED: "waiting for its barriers to be lifted",
    Stage.CLEARED: "waiting for a place to test it",
    Stage.POC: "in the field test",
    Stage.EXTENDED: "in the extended field test",
    Stage.SECOND_POC: "in the second field test",
    Stage.PREPARATION: "waiting for a tender to be written and paid for",
    Stage.TENDER: "out to tender",
    Stage.RETENDER: "out to tender for the second time",
    Stage.CONTRACT: "being built",
    Stage.DEPLOYED: "in service",
}

_GRADES = ((0.4, "poor"), (0.5, "weak"), (0.6, "fair"), (0.75, "good"), (1.01, "very good"))
_FITS = ((0.25, "hardly at all"), (0.5, "badly"), (0.7, "partly"), (0.85, "well"), (1.01, "almost perfectly"))


def _graded(value: float, grades: Sequence[tuple[float, str]]) -> str:
    return next((word for limit, word in grades if value < limit), grades[-1][1])


def score(value: float) -> str:
    """A score from 0 to 1 in points and in a word."""
    return f"{100 * value:.0f} of 100 points ({_graded(value, _GRADES)})"


def money(amount: float) -> str:
    """NT$ m in words: thousands below a million."""
    return f"NT$ {amount:,.1f} million" if amount >= 1 else f"NT$ {1000 * amount:,.0f} thousand"


def long(day: date) -> str:
    """A date in full, the same whatever the machine's language."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip


def _count(number: float, thing: str) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    whole = round(number)
    return f"{words[whole] if whole < len(words) else whole} {thing}{'' if whole == 1 else 's'}"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _title(record: CaseRecord) -> str:
    form = _TITLES.get(record.channel, "{vendor}, {kind}, offers a solution in the field of {domain}")
    kind = _VENDORS.get(record.vendor_kind, record.vendor_kind)
    return _upper(form.format(vendor=record.vendor, kind=kind, domain=record.domain, parent=record.parent))


# --- one event, one sentence --------------------------------------------------------------------


def _move(life: Life, event: Event) -> str | None:
    told = _MOVES.get(Stage(event.target or ""))
    return told(life, event) if told else None


def _submitted(life: Life, event: Event) -> str:
    return _FIRST.get(life.record.channel, "{vendor} hands in a proposal.").format(vendor=life.record.vendor)


def _screened(life: Life, event: Event) -> str | None:
    if life.record.channel == "problem_led":
        return "It is chosen among the answers."
    return "It agrees with the city's policy framework." if life.record.channel == "bottom_up" else None


def _matched(life: Life, event: Event) -> str:
    return f"{_upper(life.host)} agrees to host it."


def _cleared(life: Life, event: Event) -> str:
    return "Nothing stands in its way any more: consents, permits, technical readiness and money are settled."


def _tested(life: Life, event: Event) -> str:
    return f"The proof of concept begins with {life.host}."


def _extended(life: Life, event: Event) -> str:
    return "The proof of concept is extended."


def _second(life: Life, event: Event) -> str:
    return f"A small-scale purchase for {money(event.amount or 0)} begins as a second proof of concept."


def _prepared(life: Life, event: Event) -> str:
    without = " without a proof of concept" if event.origin == Stage.CLEARED else ""
    return f"{_upper(life.host)} prepares the purchase{without}; it expects a price of {money(event.amount or 0)}."


def _tendered(life: Life, event: Event) -> str:
    return "The call for tenders opens."


def _retendered(life: Life, event: Event) -> str:
    return "The call is opened a second time, when fewer bidders are enough."


def _contracted(life: Life, event: Event) -> str | None:
    if life.record.parent is not None:
        return f"{_upper(life.host)} gives it the contract for {money(event.amount or 0)}."
    return f"The contract is worth {money(event.amount or 0)}."


def _deployed(life: Life, event: Event) -> str:
    return "The solution goes into service."


def _sustained(life: Life, event: Event) -> str:
    return "The contract has run its full time, and the service is still in use."


def _ended(life: Life, event: Event) -> str:
    return _end(life)


_MOVES: dict[Stage, Callable[[Life, Event], str | None]] = {
    Stage.SUBMITTED: _submitted,
    Stage.SCREENED: _screened,
    Stage.MATCHED: _matched,
    Stage.CLEARED: _cleared,
    Stage.POC: _tested,
    Stage.EXTENDED: _extended,
    Stage.SECOND_POC: _second,
    Stage.PREPARATION: _prepared,
    Stage.TENDER: _tendered,
    Stage.RETENDER: _retendered,
    Stage.CONTRACT: _contracted,
    Stage.DEPLOYED: _deployed,
    Stage.SUSTAINED: _sustained,
    Stage.ABANDONED: _ended,
    Stage.CLOSED: _ended,
}


def _task(life: Life, event: Event) -> str:
    begun = [e for e in life.of(Kind.BEGUN) if e.origin == event.origin and e.time <= event.time]
    waited, worked = round(begun[-1].amount or 0) if begun else 0, round(event.amount or 0)
    name = _TASKS.get(event.origin or "", event.origin or "").format(vendor=life.record.vendor)
    again = " again, as the first department declined" if event.origin == "match" and len(begun) > 1 else ""
    wait = f"after {_count(waited, 'day')} in the queue, " if waited else ""
    work = _count(worked, "day") if worked else "less than a day"
    return f"The PMO {name}{again} ({wait}{work} of work)."


def _payment(life: Life, event: Event) -> str | None:
    told = {
        "poc cost": "{payer} pays {amount} for the test.",
        "poc grant": "The city gives {payee} {amount} towards the test.",
    }
    form = told.get(event.reason or "")
    return form and form.format(payer=event.origin, payee=event.target, amount=money(event.amount or 0))


def _review(life: Life, event: Event) -> str:
    verdict = _VERDICTS.get(event.target or "", event.target)
    if event.origin == "second":
        able = "grown enough to scale up" if event.target == "tender" else "not able to scale up"
        return f"{_upper(life.host)} finds the vendor {able}."
    weak = _CRITERIA.get(event.reason or "", event.reason)
    review = f"The {event.origin} review gives {score(event.amount or 0)}"
    return f"{review}, with {weak} as the weakest point: {verdict}."


def _hearing(life: Life, event: Event) -> str:
    before = [e for e in life.of(Kind.HEARING) if e.time <= event.time]
    what = (
        "the legal barrier"
        if event.reason == Reason.REGULATORY
        else "another department's refusal to take part"
    )
    told = {
        "granted": "it is lifted",
        "deferred": "it is put off to another meeting",
        "refused": "nothing comes of it, and the case is given up",
    }.get(event.target or "", event.target)
    turn = f", for the {_ORDINALS.get(len(before), f'{len(before)}th')} time" if len(before) > 1 else ""
    support = f"the mayor's support stands at {100 * (event.amount or 0):.0f} of 100"
    return f"The steering group hears of {what}{turn} ({support}): {told}."


_ORDINALS = {2: "second", 3: "third", 4: "fourth", 5: "fifth"}


def _round(life: Life, event: Event) -> str | None:
    if event.target == "opened":
        return None
    bids = [e for e in life.of(Kind.BID) if e.origin == event.origin]
    asked = "; ".join(f"{e.actor} asks {money(e.amount or 0)}" for e in bids)
    told = f"{_upper(_count(event.amount or 0, 'bid'))} came in{f' ({asked})' if asked else ''}"
    return f"{told}: too few, so the round has failed." if event.target == "failed" else f"{told}."


def _award(life: Life, event: Event) -> str:
    who = life.record.vendor if event.reason == "own" else f"a rival, {event.target},"
    rule = _RULES.get(event.origin or "", f"under the rule '{event.origin}'")
    return f"{_upper(life.host)} awards the contract to {who} {rule}, at {money(event.amount or 0)}."


def _outcome(life: Life, event: Event) -> str:
    if event.kind == Kind.SOLVED:
        return f"It solves the need, which is worth {money(event.amount or 0)} a year to the city."
    return "It does not solve the need: the money was spent for nothing."


def _election(life: Life, event: Event) -> str:
    return "Mayoral election: " + ("the mayor changes." if event.target == "changed" else "the mayor stays.")


_TELL: dict[Kind, Callable[[Life, Event], str | None]] = {
    Kind.MOVE: _move,
    Kind.DONE: _task,
    Kind.PAYMENT: _payment,
    Kind.REVIEW: _review,
    Kind.HEARING: _hearing,
    Kind.ROUND: _round,
    Kind.AWARD: _award,
    Kind.SOLVED: _outcome,
    Kind.UNSOLVED: _outcome,
    Kind.ELECTION: _election,
}


# --- the end ------------------------------------------------------------------------------------


def _end(life: Life) -> str:
    last = life.moves[-1]
    if not life.over:
        return f"At the end of the run, on {long(life.day(life.log.days))}, it is {_STANDS[life.stage]}."
    if life.stage is Stage.SUSTAINED:
        return "It was in service for the whole time of the contract."
    if life.stage is Stage.ABANDONED:
        return f"The service is given up: {_given_up(life, last)}."
    return f"It ends here: {_why(life, last)}."


def _given_up(life: Life, last: Event) -> str:
    return {
        Reason.MISFIT: "it does not answer the need",
        Reason.FINANCIAL: f"{life.record.vendor} has left the market" if _left(life, last)
        else f"{life.record.vendor} cannot go on paying for it",
        Reason.ADMINISTRATIVE: f"{life.host} cannot keep it running",
    }.get(Reason(last.reason or ""), f"for {last.reason} reasons")  # fmt: skip


def _why(life: Life, last: Event) -> str:
    told = _WHY[Reason(last.reason or "")](life, last, Stage(last.origin or ""))
    return told.format(vendor=life.record.vendor, host=life.host)


def _misfit(life: Life, last: Event, origin: Stage) -> str:
    if origin is Stage.SUBMITTED and life.record.channel == "bottom_up":
        return "it does not agree with the city's policy framework"
    if origin is Stage.SCREENED and last.actor == "PMO":
        return "no department was found that needs it"
    return {
        Stage.SUBMITTED: "in the eyes of the jury it does not answer the challenge",
        Stage.SCREENED: f"in the eyes of the department {last.actor} it does not answer its need",
        Stage.TENDER: "no offer reached the quality that was asked for",
        Stage.RETENDER: "no offer reached the quality that was asked for",
    }.get(origin, "the test showed that it does not meet the need well enough")


def _financial(life: Life, last: Event, origin: Stage) -> str:
    if _left(life, last):
        return "{vendor} ran out of money and left the market"
    if origin is Stage.PREPARATION:
        return "the budget of {host} did not suffice"
    if origin in (Stage.POC, Stage.EXTENDED):
        return "the review panel does not trust the finances of {vendor}"
    return "{vendor} could not raise the money for the test, which vendors pay themselves"


def _technical(life: Life, last: Event, origin: Stage) -> str:
    return {
        Stage.MATCHED: "the solution is not ready for a test in the field, even after rework",
        Stage.SECOND_POC: "{vendor} cannot deliver on a larger scale",
    }.get(origin, "it did not work well enough in the field")


def _administrative(life: Life, last: Event, origin: Stage) -> str:
    if last.actor == "steering group":
        return "another department did not agree to take part, and the steering group did not bring it round"
    if origin is Stage.SCREENED and last.actor == "PMO":
        return "a department declined, and no other one was found that needs it"
    if life.of(Kind.REVIEW) and life.of(Kind.REVIEW)[-1].target == "no_follow_up":
        return "it worked, but {host} did not want to go on with it"
    return {
        Stage.SCREENED: f"the department {last.actor} was not willing to host it",
        Stage.MATCHED: "paperwork and permits could not be settled",
    }.get(origin, "the administration could not have handled it")


def _regulatory(life: Life, last: Event, origin: Stage) -> str:
    return "the law does not allow it, and the steering group did not find a way"


def _political(life: Life, last: Event, origin: Stage) -> str:
    if last.actor == "mayor":
        return "the new mayor dropped it"
    return "the steering group lacked the political backing to lift the barrier"


def _competition(life: Life, last: Event, origin: Stage) -> str:
    if origin is Stage.SUBMITTED:
        return "another answer to the challenge was chosen"
    if life.rival is not None:
        return f"the rival {life.rival.record.vendor} won the tender"
    return "too few vendors bid for the contract"


def _withdrawn(life: Life, last: Event, origin: Stage) -> str:
    days = last.time - life.events[0].time
    return f"{{vendor}} lost patience after {days:.0f} days and withdrew"


_WHY: dict[Reason, Callable[[Life, Event, Stage], str]] = {
    Reason.MISFIT: _misfit,
    Reason.FINANCIAL: _financial,
    Reason.TECHNICAL: _technical,
    Reason.ADMINISTRATIVE: _administrative,
    Reason.REGULATORY: _regulatory,
    Reason.POLITICAL: _political,
    Reason.COMPETITION: _competition,
    Reason.WITHDRAWN: _withdrawn,
}


def _left(life: Life, last: Event) -> bool:
    return any(
        event.kind == Kind.LEAVE and event.time == last.time and event.actor == life.record.vendor
        for event in life.log.events
    )


# --- money and truth ----------------------------------------------------------------------------


def _money(life: Life) -> Iterator[str]:
    """What each party paid and received for this case, and for a rival's contract that followed."""
    events = [*life.of(Kind.PAYMENT), *(life.rival.of(Kind.PAYMENT) if life.rival else ())]
    for party in dict.fromkeys(event.origin for event in events):
        paid = _sums([event for event in events if event.origin == party])
        received = _sums([event for event in events if event.target == party])
        if party != "world" and party is not None:
            yield f"{party} paid {paid}{f' and received {received}' if received else ''}."


def _sums(payments: Sequence[Event]) -> str:
    names = {"poc cost": "the test", "poc grant": "the test (grant)", "bid cost": "bidding", "contract": "the contract",
             "small purchase": "the second test", "delivery cost": "building and running it"}  # fmt: skip
    sums: dict[str, float] = {}
    for event in payments:
        what = names.get(event.reason or "", event.reason or "other things")
        sums[what] = sums.get(what, 0.0) + (event.amount or 0.0)
    return _listed([f"{money(amount)} for {what}" for what, amount in sums.items()])


def _listed(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1]))) if parts else ""


def _truth(life: Life) -> str:
    record = life.record
    aim = (
        "mainly wanted to test its product"
        if record.motive == "tester"
        else "wanted to solve a need of the city"
    )
    told = f"{record.vendor} {aim}."
    if record.fit is None or record.need is None:
        return told
    fit = f"{100 * record.fit:.0f} of 100, {_graded(record.fit, _FITS)}"
    return f"{told} Its solution fitted the need ({record.need}) at {fit}."

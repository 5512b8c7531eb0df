"""The same life in two worlds: what is the same, where they part, and what becomes of it in each.

At one seed the same vendors, needs and luck are in both worlds. A case is the same one in both when
it has the same key: the same occasion of the same vendor, or the same search for the same need.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, groupby, takewhile
from operator import itemgetter
from typing import NamedTuple

from experiments import lives, phrases, story
from experiments.story import Life, Line, Step, Story
from sim.events import CaseRecord, Event, EventLog, Kind

#: most cases, needs and vendors that a list shows
CASES, OTHERS = 12, 5

_DETAIL = re.compile(r" \([^()]*\)")


# --- where two lives part -----------------------------------------------------------------------


#: what goes on beside a life: it does not part two lives where it happens in one world alone
BESIDE = frozenset({Kind.ELECTION, Kind.DONE})


class Shared(NamedTuple):
    """What happened in both worlds, on which days; beside it, work that was done in one of them alone."""

    one: date | None
    other: date | None
    text: str


@dataclass(frozen=True, slots=True)
class Parting:
    """Two lives.

    Attributes:
        shared: what happened in both, step by step, until they part.
        one: what followed in the first world.
        other: what followed in the second.
    """

    shared: tuple[Shared, ...]
    one: tuple[Line, ...]
    other: tuple[Line, ...]

    @property
    def parted(self) -> bool:
        """Whether they ever part."""
        return bool(self.one or self.other)


class _Placed(NamedTuple):
    """A step, and how many steps of the life itself came before it."""

    place: int
    step: Step

    @property
    def beside(self) -> bool:
        return self.step.mark[0] in BESIDE


def part(logs: tuple[EventLog, EventLog], one: Sequence[Step], other: Sequence[Step]) -> Parting:
    """Go along two lives as long as the same steps are made, on whichever days."""
    courses = _placed(one), _placed(other)
    own = [[each.step for each in course if not each.beside] for course in courses]
    length = sum(1 for _ in takewhile(_same, zip(*own, strict=False)))
    if all(length == len(steps) for steps in own):
        length += 1  # they never part: what went on beside the end is shared too
    early, late = zip(*(_split(course, length) for course in courses), strict=True)
    return Parting(
        tuple(_days(_shared(logs, pair) for pair in _paired(*early))),
        *(story.lines(log, rest) for log, rest in zip(logs, late, strict=True)),
    )


def _placed(steps: Sequence[Step]) -> list[_Placed]:
    own = accumulate((step.mark[0] not in BESIDE for step in steps), initial=0)
    return [_Placed(place, step) for place, step in zip(own, steps, strict=False)]


def _same(pair: tuple[Step, Step]) -> bool:
    return pair[0].mark == pair[1].mark


def _split(course: Sequence[_Placed], length: int) -> tuple[list[_Placed], list[Step]]:
    """What belongs to the first so many steps of a life, and the rest."""
    return [each for each in course if each.place < length], [
        each.step for each in course if each.place >= length
    ]


_Both = tuple[Step | None, Step | None]


def _paired(one: Sequence[_Placed], other: Sequence[_Placed]) -> list[_Both]:
    """The steps of both worlds side by side, in the order of the life."""
    left, found = list(other), list[tuple[int, bool, _Both]]()
    for each in one:
        same = next((there for there in left if there.step.mark == each.step.mark), None)
        if same is not None:
            left.remove(same)
        found.append((each.place, not each.beside, (each.step, same.step if same else None)))
    found += [(each.place, False, (None, each.step)) for each in left]
    return [pair for *_, pair in sorted(found, key=itemgetter(0, 1))]


def _shared(logs: tuple[EventLog, EventLog], pair: _Both) -> Shared:
    days = [story.day(log, step.time) if step else None for log, step in zip(logs, pair, strict=True)]
    texts = [step.text for step in pair if step]
    return Shared(days[0], days[1], both(texts[0], texts[-1]))


def _days(found: Iterable[Shared]) -> Iterator[Shared]:
    """One line for what happened on the same days."""
    for (one, other), told in groupby(found, key=lambda each: (each.one, each.other)):
        yield Shared(one, other, " ".join(each.text for each in told))


def both(one: str, other: str) -> str:
    """One sentence for two that tell the same step: details left out, words that differ side by side."""
    if one == other:
        return one
    first, second = (_DETAIL.sub("", text).split() for text in (one, other))
    if len(first) != len(second):
        return f"{one} In the other world: {other}"
    return " ".join(a if a == b else f"{a} / {b}" for a, b in zip(first, second, strict=True))


# --- a case in both worlds ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pair:
    """A case in two worlds.

    Attributes:
        one: its story in the first world.
        other: its story in the second; none where there is no such case.
        number: its number in the second world.
        parting: where the two part; none where there is no such case in the second.
        absent: why there is none.
        instead: what the vendor's own cases come to in the second world, where there is none.
    """

    one: Story
    other: Story | None
    number: int | None
    parting: Parting | None
    absent: str
    instead: tuple[str, ...]


def case(one: EventLog, other: EventLog, number: int) -> Pair:
    """A case of the first world, and what became of it in the second.

    Raises:
        InputError: the first world has no case of that number.
    """
    mine = Life(one, story.checked(one, number))
    there = _numbers(other).get(mine.record.key)
    if there is None:
        return Pair(story.of(mine), None, None, None, _absent(mine, other), tuple(_instead(mine, other)))
    theirs = Life(other, there)
    parting = part((one, other), list(story.steps(mine)), list(story.steps(theirs)))
    return Pair(story.of(mine), story.of(theirs), there, parting, "", ())


def _numbers(log: EventLog) -> dict[str, int]:
    """Key of a case and its number; cases of logs without keys have no counterparts."""
    return {record.key: record.case for record in log.cases if record.key}


def _absent(life: Life, there: EventLog) -> str:
    """Why a case is not in another world."""
    about, began = life.record, life.moves[0].time
    entered = any(event.kind == Kind.ENTER and event.actor == about.vendor for event in there.events)
    left = _first(there, Kind.LEAVE, "actor", about.vendor, began)
    solved = _first(there, Kind.SOLVED, "origin", about.need, began)
    for why, holds in (("never", not entered), ("gone", left), ("closed", not _open(there, about, began)),
                       ("solved", solved if about.channel != "bottom_up" else None)):  # fmt: skip
        if holds:
            day = story.day(there, holds.time) if isinstance(holds, Event) else began
            return life.say(phrases.ABSENT[why].replace("{day}", f"{day}"))
    return life.say(phrases.ABSENT.get(about.channel, phrases.ELSEWHERE))


def _first(log: EventLog, kind: Kind, field: str, name: str | None, until: float) -> Event | None:
    found = (each for each in log.events if each.kind == kind and getattr(each, field) == name is not None)
    return next((event for event in found if event.time <= until), None)


def _open(log: EventLog, about: CaseRecord, since: float) -> bool:
    """Whether anything came in through the channel of a case from then on."""
    ways = {record.case for record in log.cases if record.channel == about.channel}
    return any(event.case in ways and event.kind == Kind.MOVE and event.time >= since for event in log.events)


def _instead(life: Life, there: EventLog) -> Iterator[str]:
    """What the vendor does in the other world, and what becomes of the need."""
    own = [each for each in story.lives(there) if each.record.vendor == life.record.vendor]
    for each in own[:OTHERS]:
        day = story.day(there, each.moves[0].time)
        yield f"Case {each.case} there ({day}): {story.title(each)}. {story.end(each)}"
    if len(own) > OTHERS:
        yield f"{life.record.vendor} has {len(own) - OTHERS} more cases there."
    if not own:
        yield f"{life.record.vendor} has no case at all there."
    if life.record.need:
        yield f"The need ({life.record.need}) {_fate(there, life.record.need)} there."


# --- which lives differ most --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fates:
    """How the lives in two worlds compare.

    Attributes:
        same: cases that both have and that end the same way.
        differ: cases that both have and that end otherwise.
        only: cases that one of the two has alone, first and second world.
        cases: those that differ most.
        needs: those that differ most.
        vendors: those that differ most.
    """

    same: int
    differ: int
    only: tuple[int, int]
    cases: tuple[Fate, ...]
    needs: tuple[Fate, ...]
    vendors: tuple[Fate, ...]


class Fate(NamedTuple):
    """A case, need or vendor in a line: what it came to in both worlds."""

    name: str
    one: str
    other: str


def fates(one: EventLog, other: EventLog) -> Fates:
    """The lives whose fates differ most between two worlds."""
    numbers = _numbers(other)
    mine, theirs = ({life.case: life for life in story.lives(log)} for log in (one, other))
    pairs = [(life, theirs[numbers[life.record.key]]) for life in mine.values() if life.record.key in numbers]
    differ = [pair for pair in pairs if _outcome(pair[0]) != _outcome(pair[1])]
    differ.sort(key=lambda pair: (-abs(pair[0].depth - pair[1].depth), pair[0].case))
    return Fates(
        len(pairs) - len(differ),
        len(differ),
        (len(mine) - len(pairs), len(theirs) - len(pairs)),
        tuple(Fate(_name(pair[0]), story.end(pair[0]), story.end(pair[1])) for pair in differ[:CASES]),
        tuple(_needs(one, other)),
        tuple(_vendors(one, other)),
    )


def _outcome(life: Life) -> tuple[str, str | None, bool]:
    return life.stage, life.moves[-1].reason, bool(life.rival)


def _name(life: Life) -> str:
    return f"{life.case} ({life.record.vendor}, {life.record.channel.replace('_', '-')})"


def _needs(one: EventLog, other: EventLog) -> Iterator[Fate]:
    """Needs that are solved in one world alone, the most severe first."""
    solved = [{event.origin for event in log.events if event.kind == Kind.SOLVED} for log in (one, other)]
    worth = {str(event.origin): event.amount or 0.0 for event in one.events if event.kind == Kind.NEED}
    alone = [name for name in worth if (name in solved[0]) != (name in solved[1])]
    for name in sorted(alone, key=lambda name: -worth[name])[:OTHERS]:
        yield Fate(name, *(_fate(log, name) for log in (one, other)))


def _fate(log: EventLog, need: str) -> str:
    event = _first(log, Kind.SOLVED, "origin", need, log.days)
    if event is None or event.case is None:
        return "is not solved"
    return f"is solved on {story.day(log, event.time)} by {log.cases[event.case - 1].vendor}"


def _vendors(one: EventLog, other: EventLog) -> Iterator[Fate]:
    """Vendors whose money from contracts differs most."""
    earned = [_earned(log) for log in (one, other)]
    names = [name for name in {**earned[0], **earned[1]} if earned[0].get(name) != earned[1].get(name)]
    apart = {name: abs(earned[0].get(name, 0.0) - earned[1].get(name, 0.0)) for name in names}
    for name, _ in sorted(apart.items(), key=itemgetter(1), reverse=True)[:OTHERS]:
        yield Fate(name, *(_earnings(each.get(name, 0.0)) for each in earned))


def _earned(log: EventLog) -> dict[str, float]:
    sums: dict[str, float] = {}
    for event in log.events:
        if event.kind == Kind.PAYMENT and event.reason == "contract":
            sums[str(event.target)] = sums.get(str(event.target), 0.0) + (event.amount or 0.0)
    return sums


def _earnings(amount: float) -> str:
    return f"wins contracts for {phrases.money(amount)}" if amount else "wins no contract"


def vendor(one: EventLog, other: EventLog, name: str) -> Parting:
    """A vendor in both worlds.

    Raises:
        InputError: it was never in the market of the first world.
    """
    return part((one, other), lives.vendor(one, name), _or_none(other, name))


def _or_none(log: EventLog, name: str) -> list[Step]:
    there = any(event.kind == Kind.ENTER and event.actor == name for event in log.events)
    return lives.vendor(log, name) if there else []


def need(one: EventLog, other: EventLog, name: str) -> Parting:
    """A need in both worlds.

    Raises:
        InputError: it never arose in the first world, or in the second.
    """
    return part((one, other), lives.need(one, name), lives.need(other, name))

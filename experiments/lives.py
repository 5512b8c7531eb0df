"""The life of a vendor, or of a need of the city, in dated sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import attrgetter

from experiments import phrases
from experiments.phrases import listed, money, points, upper
from experiments.story import Life, Step, lives, sentence
from sim.errors import InputError, nearest
from sim.events import Event, EventLog, Kind
from sim.stages import ENDS

#: stages of a case that stand in the life of its vendor, and in that of its need
OF_VENDOR = {"submitted", "poc", "contract", "deployed", *ENDS}
OF_NEED = {"matched", "poc", "preparation", "tender", "retender", "contract", "deployed", *ENDS}


# --- vendors ------------------------------------------------------------------------------------


def vendor(log: EventLog, name: str) -> list[Step]:
    """What a vendor did and what happened to it.

    Raises:
        InputError: no such vendor was ever in the market.
    """
    entry = _found(log, Kind.ENTER, "actor", name, "vendor")
    steps = [_entered(entry), *_bids(log, name), *_departure(log, name)]
    for life in lives(log):
        if life.record.vendor == name:
            steps += _told(life, OF_VENDOR, f"Case {life.case}")
    return sorted(steps, key=attrgetter("time"))


def _entered(entry: Event) -> Step:
    text = phrases.ENTERS if entry.time else phrases.THERE
    kind = phrases.VENDORS.get(str(entry.reason), str(entry.reason))
    return Step(
        entry.time, (Kind.ENTER,), text.format(vendor=entry.actor, kind=kind, amount=money(entry.amount))
    )


def _bids(log: EventLog, name: str) -> Iterator[Step]:
    """Bids for what others proposed; those for its own stand in its cases."""
    for event in log.events:
        if event.kind == Kind.BID and event.actor == name and event.case is not None:
            about = log.cases[event.case - 1]
            if about.vendor != name:
                text = phrases.BIDS.format(vendor=name, amount=money(event.amount), case=event.case)
                yield Step(event.time, (Kind.BID, about.key, event.origin), text)


def _departure(log: EventLog, name: str) -> Iterator[Step]:
    for event in log.events:
        if event.kind == Kind.LEAVE and event.actor == name:
            yield Step(event.time, (Kind.LEAVE,), phrases.LEAVES.format(vendor=name))


def balance(log: EventLog, name: str) -> Iterator[str]:
    """What a vendor received and paid in all, in sentences."""
    payments = [event for event in log.events if event.kind == Kind.PAYMENT]
    received = _sums((each for each in payments if each.target == name), phrases.INCOMES)
    paid = _sums((each for each in payments if each.origin == name), phrases.EXPENSES)
    for verb, told in (("received", received), ("paid", paid)):
        if told:
            yield f"{name} {verb} {told}."


def _sums(payments: Iterable[Event], purposes: dict[str, str]) -> str:
    sums: dict[str, float] = {}
    for event in payments:
        what = purposes.get(str(event.reason), f"({event.reason})")
        sums[what] = sums.get(what, 0.0) + (event.amount or 0.0)
    return listed([f"{money(amount)} {what}" for what, amount in sums.items() if round(1000 * amount)])


# --- needs --------------------------------------------------------------------------------------


def need(log: EventLog, name: str) -> list[Step]:
    """How a need came to be known, who answered it, and whether that solved it.

    Raises:
        InputError: no such need ever arose.
    """
    arisen = _found(log, Kind.NEED, "origin", name, "need")
    steps = [_arisen(arisen), *(_stated(event) for event in log.events if _states(event, name))]
    for life in lives(log):
        if life.record.need == name:
            steps += _told(life, OF_NEED, f"Case {life.case} ({life.record.vendor})")
    if not any(event.kind == Kind.SOLVED and event.origin == name for event in log.events):
        steps.append(Step(log.days, ("end",), phrases.UNANSWERED))
    return sorted(steps, key=attrgetter("time"))


def _arisen(event: Event) -> Step:
    text, host = phrases.ARISES if event.time else phrases.NEEDED, f"the department {event.actor}"
    return Step(
        event.time, (Kind.NEED,), text.format(host=host, Host=upper(host), amount=money(event.amount))
    )


def _states(event: Event, name: str) -> bool:
    return event.kind == Kind.STATED and event.origin == name


def _stated(event: Event) -> Step:
    text = phrases.OCCASIONS.get(str(event.reason), phrases.STATED)
    told = text.format(Host=f"The department {event.actor}", occasion=event.reason)
    clear = f" (its words carry {points(event.amount or 0)} of it)."
    return Step(event.time, (Kind.STATED, event.reason), told + clear)


# --- both ---------------------------------------------------------------------------------------


def _told(life: Life, stages: set[str], name: str) -> Iterator[Step]:
    """The moves of a case to some stages, and whether it solved its need."""
    for event in life.events:
        moved = event.kind == Kind.MOVE and event.target in stages
        text = sentence(life, event) or _plain(life, event)
        if text and (moved or event.kind in (Kind.SOLVED, Kind.UNSOLVED)):
            mark = (event.kind, life.record.key, event.target, event.reason)
            yield Step(event.time, mark, f"{name}: {text}" if moved else text)


def _plain(life: Life, event: Event) -> str | None:
    """A step that a case's own story leaves to the sentence before it."""
    if event.kind == Kind.MOVE and event.target == "contract":
        return life.say("{Host} gives {vendor} the contract for {amount}.", event)
    return None


def _found(log: EventLog, kind: Kind, field: str, name: str, what: str) -> Event:
    known = {str(getattr(event, field)): event for event in reversed(log.events) if event.kind == kind}
    if name not in known:
        run = f"the run of {log.scenario} with seed {log.seed}"
        raise InputError(f"no {what} '{name}' in {run}{nearest(name, known)}", key=f"--{what}")
    return known[name]

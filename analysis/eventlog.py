"""The state of the world rebuilt from the record alone, event by event.

What the log does not tell cannot be known afterwards; so the model's own state and the state
rebuilt here must agree at any time, which the tests check.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sim.errors import ModelError, TransitionError
from sim.events import Event, Kind
from sim.stages import Reason, Stage, checked

#: a thing that belongs to a city: (city, name)
Place = tuple[str | None, str | None]


@dataclass
class State:
    """What is known after some events.

    Attributes:
        time: of the last event, days from the start.
        stages: case -> the stage in which it is.
        money: name -> payments received less payments made, NT$ m; of vendors that is their cash.
        purses: (city, name) -> the same within one city, whose departments may share names with
            those of another.
        vendors: names of the vendors in the market.
        support: city -> political support.
        reputation: city -> reputation among vendors.
        culture: (city, department) -> innovation culture.
        trust: (city, department, vendor) -> trust.
        needs: (city, need) of all needs so far.
        solved: (city, need) -> the case whose service meets it now.
        benefit: (city, need) -> NT$ m a year that services on the market give the city now.
        nuisance: (city, need) -> NT$ m a year that they cost it.
        fields: (city, domain) of the closed test fields that are open.
    """

    time: float = 0.0
    stages: dict[int, Stage] = field(default_factory=dict)
    money: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    purses: defaultdict[Place, float] = field(default_factory=lambda: defaultdict(float))
    vendors: set[str] = field(default_factory=set)
    support: dict[str | None, float] = field(default_factory=dict)
    reputation: dict[str | None, float] = field(default_factory=dict)
    culture: dict[Place, float] = field(default_factory=dict)
    trust: dict[tuple[str | None, str | None, str | None], float] = field(default_factory=dict)
    needs: set[Place] = field(default_factory=set)
    solved: dict[Place, int] = field(default_factory=dict)
    benefit: dict[Place, float] = field(default_factory=dict)
    nuisance: dict[Place, float] = field(default_factory=dict)
    fields: set[Place] = field(default_factory=set)


def replay(events: Iterable[Event], state: State | None = None) -> State:
    """The state after the events of one run, which are in order of time.

    Args:
        events: from the start of the run, or from where ``state`` stands.
        state: goes on from there (it is changed).

    Raises:
        ModelError: time goes backwards, a move does not begin at the stage in which the case is,
            follows no arrow of the transition table, or belongs to no case, or an amount is missing.
    """
    state = State() if state is None else state
    for event in events:
        if event.time < state.time:
            raise ModelError(f"time goes back from {state.time} to {event.time}: {event}")
        state.time = event.time
        if event.kind in _EFFECTS:
            _EFFECTS[event.kind](state, event)
    return state


def _move(state: State, event: Event) -> None:
    case = event.case
    if case is None:
        raise ModelError(f"a move without a case: {event}")
    here = state.stages.get(case)
    if event.origin != here:
        raise ModelError(f"case {case} is {here or 'nowhere yet'}, but moves from {event.origin}: {event}")
    try:
        state.stages[case] = checked(here, Stage(event.target or ""), _reason(event))
    except (TransitionError, ValueError) as error:
        raise ModelError(f"case {case}: {error}: {event}") from error
    if state.stages[case] is Stage.ABANDONED:  # the need that the service met is back
        state.solved = {need: solver for need, solver in state.solved.items() if solver != case}


def _payment(state: State, event: Event) -> None:
    amount = _amount(event)
    for name, change in ((event.origin, -amount), (event.target, amount)):
        if name is None:
            raise ModelError(f"a payment from or to nobody: {event}")
        state.money[name] += change
        state.purses[event.city, name] += change


def _enter(state: State, event: Event) -> None:
    state.vendors.add(event.actor or "")


def _leave(state: State, event: Event) -> None:
    state.vendors.discard(event.actor or "")


def _support(state: State, event: Event) -> None:
    state.support[event.city] = _amount(event)


def _reputation(state: State, event: Event) -> None:
    state.reputation[event.city] = _amount(event)


def _culture(state: State, event: Event) -> None:
    state.culture[event.city, event.actor] = _amount(event)


def _trust(state: State, event: Event) -> None:
    state.trust[event.city, event.actor, event.target] = _amount(event)


def _need(state: State, event: Event) -> None:
    state.needs.add((event.city, event.origin))


def _solved(state: State, event: Event) -> None:
    if event.case is None:
        raise ModelError(f"a need solved by no case: {event}")
    state.solved[event.city, event.origin] = event.case


def _benefit(state: State, event: Event) -> None:
    state.benefit[event.city, event.origin] = _amount(event)


def _nuisance(state: State, event: Event) -> None:
    state.nuisance[event.city, event.origin] = _amount(event)


def _field(state: State, event: Event) -> None:
    if event.target == "open":
        state.fields.add((event.city, event.origin))
    elif event.target == "dropped":
        state.fields.discard((event.city, event.origin))


#: what each kind of event changes; the other kinds change nothing that is rebuilt here
_EFFECTS: dict[str, Callable[[State, Event], None]] = {
    Kind.MOVE: _move,
    Kind.PAYMENT: _payment,
    Kind.ENTER: _enter,
    Kind.LEAVE: _leave,
    Kind.SUPPORT: _support,
    Kind.ELECTION: _support,
    Kind.REPUTATION: _reputation,
    Kind.CULTURE: _culture,
    Kind.TRUST: _trust,
    Kind.NEED: _need,
    Kind.SOLVED: _solved,
    Kind.BENEFIT: _benefit,
    Kind.NUISANCE: _nuisance,
    Kind.FIELD: _field,
}


def _amount(event: Event) -> float:
    if event.amount is None:
        raise ModelError(f"an amount is missing: {event}")
    return event.amount


def _reason(event: Event) -> Reason | None:
    return None if event.reason is None else Reason(event.reason)

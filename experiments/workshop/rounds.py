"""A round of guessing: what the room expects of a policy before anybody sees what it does.

Asking freezes the policy and the measure, so that levers can be moved meanwhile. A round is open, then
revealed, then closed; a closed one is kept with its guesses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from experiments.workshop import checks
from experiments.workshop.checks import Refused
from experiments.workshop.guesses import GUESSED
from experiments.workshop.policy import Policy

#: guesses in one round
MOST = 300

State = Literal["open", "revealed", "closed"]


@dataclass(frozen=True, slots=True)
class Round:
    """A question to the room.

    Attributes:
        id: from 1 on in its session.
        measure: what is guessed, one of :data:`experiments.workshop.guesses.GUESSED`.
        policy: as it was when it was asked.
        title: the name of the policy; empty for the one that was being worked on.
        guesses: by name, in the order of their coming.
        state: ``open`` takes guesses; ``revealed`` shows them beside the result; ``closed`` is over.

    Raises:
        Refused: a part of it is not what it must be.
    """

    id: int
    measure: str
    policy: Policy
    title: str = ""
    guesses: Mapping[str, float] = field(default_factory=dict)
    state: State = "open"

    def __post_init__(self) -> None:
        checks.whole(self.id, 1, 1_000_000)
        if checks.text(self.measure, 100) not in GUESSED:
            raise Refused("measure")
        if self.title:
            checks.name(self.title)
        if self.state not in get_args(State):
            raise Refused("round_state")
        if len(self.guesses) > MOST:
            raise Refused("guesses_full", most=MOST)
        for who, value in self.guesses.items():
            checks.name(who)
            _guessed(self.measure, value)

    def guessed(self, who: object, value: object) -> Round:
        """The round with a guess; a second one of the same name takes the place of the first.

        Raises:
            Refused: the round is over, full, or the guess is no number that can be guessed.
        """
        self._open()
        guess = {checks.name(who): _guessed(self.measure, value)}
        return replace(self, guesses={**self.guesses, **guess})

    def without(self, who: object) -> Round:
        """The round without the guess of one name.

        Raises:
            Refused: the round is over, or nobody of that name guessed.
        """
        self._open()
        gone = checks.name(who)
        if gone not in self.guesses:
            raise Refused("no_guess", who=gone)
        return replace(self, guesses={name: value for name, value in self.guesses.items() if name != gone})

    def revealed(self) -> Round:
        """The round with its guesses shown.

        Raises:
            Refused: it was revealed before.
        """
        self._open()
        return replace(self, state="revealed")

    def _open(self) -> None:
        if self.state != "open":
            raise Refused("round_over")

    def public(self) -> dict[str, Any]:
        """What the page sees: who guessed at once, and what only when it is revealed."""
        return {
            "id": self.id,
            "measure": self.measure,
            "policy": self.policy.plain(),
            "name": self.title,
            "state": self.state,
            "who": list(self.guesses),
            "guesses": {} if self.state == "open" else dict(self.guesses),
        }


def _guessed(measure: str, value: object) -> float:
    asked = GUESSED[measure]
    return float(checks.number(value, asked.low, asked.high))

"""The mayor's steering group: few slots, and a power that is the political support of the day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import mesa

from sim.events import Kind
from sim.luck import Concern
from sim.stages import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.agents.city import City
    from sim.cases import Case
    from sim.model import Ecosystem

GROUP = "steering group"


# decisions


def agenda(docket: list[tuple[float, int]], slots: int) -> list[int]:
    """Numbers of the cases to hear: the most severe needs first, as many as there are slots."""
    return [number for _, number in sorted(docket, key=lambda row: (-row[0], row[1]))[:slots]]


def power(support: float, difficulty: float, steepness: float) -> float:
    """Chance that the group lifts a barrier: support to a power, times what difficulty leaves."""
    return float(support**steepness) * (1 - difficulty)


# agent


@dataclass(slots=True)
class Blocked:
    """A case that waits before a barrier."""

    case: Case
    difficulty: float  # of the barrier, 0 to 1
    cause: Reason  # what the barrier is
    then: Callable[[Case], None]  # what follows when it is lifted
    heard: int = 0  # hearings so far


class Motion(NamedTuple):
    """Something to decide that is no case."""

    key: int
    difficulty: float
    cause: Reason
    then: Callable[[], None]
    heard: int = 0  # times that it was put to the vote


class Steering(mesa.Agent):
    """The steering group of one city."""

    model: Ecosystem

    def __init__(self, model: Ecosystem, city: City) -> None:
        super().__init__(model)
        self.city = city
        self._docket: dict[int, Blocked] = {}
        self._motions: dict[str, Motion] = {}

    def begin(self) -> None:
        """Hold the first meeting after one interval, and go on from there."""
        self.model.calendar.after(self.city.conditions.steering.interval, self._meet)

    def refer(self, case: Case, difficulty: float, cause: Reason, then: Callable[[Case], None]) -> None:
        """Bring a blocked case before the group; ``then(case)`` is called when the barrier is lifted."""
        self._docket[case.number] = Blocked(case, difficulty, cause, then)
        waiting = sum(not entry.case.over for entry in self._docket.values())
        self.model.tell(
            Kind.REFERRED, self.city, case.number, actor=GROUP, reason=cause, amount=float(waiting)
        )

    def propose(
        self, subject: str, key: int, difficulty: float, cause: Reason, then: Callable[[], None]
    ) -> None:
        """Put a motion on the docket, where it stays until it is granted (``then()``) or withdrawn.

        ``key`` is the address of its luck.
        """
        self._motions[subject] = Motion(key, difficulty, cause, then)

    def withdraw(self, subject: str) -> None:
        """Take a motion off the docket, if it is there."""
        self._motions.pop(subject, None)

    def blocked(self, domain: int, cause: Reason) -> Case | None:
        """The first case of a domain on the docket that is blocked for this cause."""
        return next((entry.case for entry in self._held(domain, cause)), None)

    def release(self, domain: int, cause: Reason) -> list[Case]:
        """Take the cases of a domain off the docket that are blocked for this cause."""
        freed = [entry.case for entry in self._held(domain, cause)]
        for case in freed:
            del self._docket[case.number]
        return freed

    def _held(self, domain: int, cause: Reason) -> list[Blocked]:
        return [
            entry
            for entry in self._docket.values()
            if entry.cause is cause and entry.case.domain == domain and not entry.case.over
        ]

    def _meet(self) -> None:
        rules = self.city.conditions.steering
        self._docket = {number: entry for number, entry in self._docket.items() if not entry.case.over}
        self.model.tell(Kind.MEETING, self.city, actor=GROUP, amount=len(self._docket))
        severities = [(entry.case.answered.severity, number) for number, entry in self._docket.items()]
        motions = list(self._motions)[: rules.slots]
        for subject in motions:
            self._vote(subject)
        for number in agenda(severities, rules.slots - len(motions)):
            self._hear(self._docket[number])
        self.model.calendar.after(rules.interval, self._meet)

    def _vote(self, subject: str) -> None:
        """Decide on a motion with the support of the day; what is not granted comes up again."""
        rules, support = self.city.conditions.steering, self.city.support
        motion = self._motions.pop(subject)
        mark = self.model.luck.uniform(Concern.MOTION, motion.key, motion.heard + 1)
        granted = mark < power(support, motion.difficulty, rules.power)
        self.model.tell(
            Kind.HEARING,
            self.city,
            actor=GROUP,
            origin=subject,
            target="granted" if granted else "deferred",
            reason=motion.cause,
            amount=support,
        )
        if granted:
            motion.then()
        else:
            self._motions[subject] = motion._replace(heard=motion.heard + 1)

    def _hear(self, entry: Blocked) -> None:
        rules, support = self.city.conditions.steering, self.city.support
        case, difficulty, cause = entry.case, entry.difficulty, entry.cause
        case.hearings += 1
        entry.heard += 1
        mark = self.model.luck.uniform(Concern.HEARING, case.key, case.hearings)
        granted = mark < power(support, difficulty, rules.power)
        given_up = not granted and entry.heard >= rules.hearings
        verdict = "granted" if granted else "refused" if given_up else "deferred"
        self.model.tell(
            Kind.HEARING, self.city, case.number, actor=GROUP, target=verdict, reason=cause, amount=support
        )
        if granted:
            del self._docket[case.number]
            entry.then(case)
        elif given_up:
            del self._docket[case.number]
            # with full support the same hearing would have gone well: it failed for want of backing
            backed = mark < power(1.0, difficulty, rules.power)
            self.model.close(case, Reason.POLITICAL if backed else cause, GROUP)

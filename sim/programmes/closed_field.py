"""A closed test field: land on which what the law forbids in the street may be tried (R27, S19)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.calendar import MONTH
from sim.events import Kind
from sim.luck import Concern, address
from sim.stages import Reason

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.department import Department

GROUP = "steering group"

#: the subject under which the steering group has it on its docket
SUBJECT = "closed field"

#: in the place of a domain: no field
NONE = -1

#: tasks of the office for fields have addresses apart from those of cases
_FIELD_TASK = 1 << 40


class ClosedField:
    """A field for one domain, sought once the law holds up a case there."""

    def __init__(self, city: City) -> None:
        self._city, self._model = city, city.model
        self._domain = NONE  # of the field that is sought or open
        self._attempt = 0
        self._partners: list[Department] = []

    def begin(self) -> None:
        """Look every month whether a field is wanted."""
        self._model.calendar.after(MONTH, self._look)

    def _look(self) -> None:
        self._model.calendar.after(MONTH, self._look)
        rules = self._city.conditions.closed_field
        wanted = rules.domain - 1 if rules.wanted else NONE
        if self._domain not in (NONE, wanted):
            self._drop()
        if wanted not in (NONE, self._domain):
            stopped = self._city.clearance.stopped(wanted)
            if stopped is not None:
                self._seek(wanted, stopped.host)

    def _drop(self) -> None:
        """The field is no longer wanted."""
        self._attempt += 1  # what is under way for it leads nowhere
        self._city.steering.withdraw(SUBJECT)
        self._city.clearance.close_field(self._domain)
        self._tell(self._city.name, "dropped")
        self._domain = NONE

    def _seek(self, domain: int, lead: Department) -> None:
        self._domain, self._attempt = domain, self._attempt + 1
        self._partners = self._chosen(lead)
        self._tell(lead.name, "sought")
        self._next(self._attempt, 0)

    def _chosen(self, lead: Department) -> list[Department]:
        """The departments that must consent: the one that hosts the case, and others that own the land."""
        others = [department for department in self._city.departments if department is not lead]
        partners = [lead]
        for turn in range(1, self._city.conditions.closed_field.departments):
            if others:
                place = self._model.luck.pick(len(others), Concern.FIELD_PARTNER, self._key, turn)
                partners.append(others.pop(place))
        return partners[: self._city.conditions.closed_field.departments]

    @property
    def _key(self) -> int:
        """The address of the luck of the present attempt."""
        return address(address(self._city.key, _FIELD_TASK + self._domain), self._attempt)

    # consent

    def _next(self, attempt: int, turn: int) -> None:
        if attempt != self._attempt:
            return
        city = self._city
        if turn == len(self._partners):
            self._propose(city.conditions.closed_field.difficulty, Reason.REGULATORY, -1)
            return
        lead, other = self._partners[0], self._partners[turn]
        if other is lead or city.ties.linked(lead, other):
            self._ask(attempt, turn)
        else:
            days, key = city.conditions.pmo.coordination_days, address(self._key, turn)
            city.pmo.work("coordinate", days, key, None, self._ask, attempt, turn)

    def _ask(self, attempt: int, turn: int) -> None:
        if attempt != self._attempt:
            return
        other = self._partners[turn]
        chance = self._city.clearance.consent(self._partners[0], other)
        if self._model.luck.uniform(Concern.FIELD_CONSENT, self._key, turn) < chance:
            self._consented(turn)
        else:
            self._tell(other.name, "refuses")
            self._propose(1 - chance, Reason.ADMINISTRATIVE, turn)

    def _propose(self, difficulty: float, cause: Reason, turn: int) -> None:
        """Bring the field itself (turn -1), or a department that refuses, before the steering group."""
        key = address(self._key, turn)
        then = self._agreed if turn < 0 else lambda: self._consented(turn)
        self._city.steering.propose(SUBJECT, key, difficulty, cause, then)

    def _consented(self, turn: int) -> None:
        lead, other = self._partners[0], self._partners[turn]
        self._tell(other.name, "consents")
        if other is not lead:
            self._city.ties.link(lead, other)
        self._next(self._attempt, turn + 1)

    # the field

    def _agreed(self) -> None:
        self._tell(GROUP, "agreed")
        mean = self._city.conditions.closed_field.setup_days
        days = self._model.luck.wait(mean, Concern.FIELD_SETUP, self._key)
        self._model.calendar.after(days, self._open, self._attempt)

    def _open(self, attempt: int) -> None:
        if attempt != self._attempt:
            return
        self._tell(self._city.name, "open")
        self._city.clearance.open_field(self._domain)

    def _tell(self, actor: str, what: str) -> None:
        domain = self._city.domain_name(self._domain)
        self._model.tell(Kind.FIELD, self._city, actor=actor, origin=domain, target=what)

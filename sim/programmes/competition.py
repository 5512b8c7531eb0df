"""Students' competitions: ideas that seldom become proposals, and that officials learn from (S22)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.calendar import MONTH, YEAR
from sim.events import Kind
from sim.luck import Concern, address

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.cases import Need


class Competition:
    """Contests at regular intervals; each idea is about one of the city's open needs, stated or not."""

    def __init__(self, city: City) -> None:
        self._city, self._model = city, city.model
        self._contests = 0

    def begin(self) -> None:
        """Await the first contest."""
        self._await()

    def _await(self) -> None:
        rate = self._city.conditions.competition.contests
        if rate > 0:
            self._model.calendar.after(YEAR / rate, self._exhibit)
        else:  # a dated change may raise it
            self._model.calendar.after(MONTH, self._await)

    def _exhibit(self) -> None:
        self._await()
        city, luck, rules = self._city, self._model.luck, self._city.conditions.competition
        if rules.contests <= 0:  # contests were ended before this one
            return
        self._contests += 1
        contest = address(city.key, self._contests)
        needs = [need for domain in city.needs.values() for need in domain]
        ideas = luck.count(rules.ideas, Concern.IDEAS, contest) if needs else 0
        self._model.tell(Kind.CONTEST, city, actor=city.name, amount=ideas)
        for idea in range(ideas):
            key = address(contest, idea)
            self._look_at(needs[luck.pick(len(needs), Concern.IDEA_NEED, key)], key)

    def _look_at(self, need: Need, key: int) -> None:
        """The department sees an idea about one of its needs."""
        luck, rules = self._model.luck, self._city.conditions.competition
        need.department.encourage(rules.culture)
        if need.stated is None and luck.uniform(Concern.IDEA_SEEN, key) < rules.seen:
            need.department.state(need, rules.clarity, "students' idea")
        if luck.uniform(Concern.IDEA_MATURE, key) < rules.mature:
            self._found(need, key)

    def _found(self, need: Need, key: int) -> None:
        """The students found a firm, which proposes its idea where the city takes proposals."""
        blur = self._city.parameters.fit.ignorance * self._model.luck.normal(Concern.VENDOR_POSITION, key)
        firm = self._model.market.found(key, need.domain, (need.position + blur) % 1.0)
        channel = self._city.unsolicited
        if channel:
            self._city.pmo.receive(self._model.submit(self._city, channel, firm, firm.position, key))

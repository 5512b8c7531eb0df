"""Courses that make departments more skilled in running projects and in writing tenders (S64 S65 V05)."""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING

from sim.calendar import YEAR
from sim.events import Kind
from sim.luck import Concern

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.agents.department import Department
    from sim.parameters import Training as Rules

#: what a course is about
TRAITS = ("skill", "tender_skill")


# decisions


def attending(chance: float, culture: float, backing: float) -> float:
    """Chance that a department sends its people to a course: more with culture and backing."""
    return min(1.0, chance * (0.5 + culture) * (0.5 + backing))


def faded(level: float, before: float, rate: float, years: float) -> float:
    """A skill after some years without a course: what was won over ``before`` decays at ``rate``."""
    return before + (level - before) * exp(-rate * years)


# programme


class Training:
    """The courses of one city."""

    def __init__(self, city: City) -> None:
        self._city, self._model = city, city.model
        self._turns = 0
        self._taught = False
        self._before: dict[tuple[int, str], float] = {}

    def begin(self) -> None:
        """Keep in mind what departments can do untaught, and await the first course."""
        for department in self._city.departments:
            for trait in TRAITS:
                self._before[department.key, trait] = getattr(department, trait)
        self._await()

    def _await(self) -> None:
        pause = YEAR / self._city.conditions.training.courses
        self._model.calendar.after(pause, self._turn, pause)

    def _turn(self, pause: float) -> None:
        self._await()
        self._turns += 1
        rules = self._city.conditions.training
        if not rules.offered and not self._taught:
            return
        self._taught = True
        for department in self._city.departments:
            comes = rules.offered and self._comes(department, rules)
            if comes:
                self._model.pay(self._city, "world", rules.cost, "training", self._city)
            for trait in TRAITS:
                self._change(department, trait, rules, pause, comes=comes)

    def _comes(self, department: Department, rules: Rules) -> bool:
        chance = attending(rules.attendance, department.culture, self._city.backing)
        return self._model.luck.uniform(Concern.COURSE, department.key, self._turns) < chance

    def _change(self, department: Department, trait: str, rules: Rules, pause: float, *, comes: bool) -> None:
        level = getattr(department, trait)
        new = faded(level, self._before[department.key, trait], rules.fading, pause / YEAR)
        new += rules.gain * (1 - new) if comes else 0.0
        if new == level:
            return
        setattr(department, trait, new)
        self._model.tell(
            Kind.SKILL,
            self._city,
            actor=department.name,
            origin="course" if comes else "fading",
            target=trait,
            amount=new,
        )

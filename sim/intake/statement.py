"""What calls and challenge programmes share: problems put into words, answers judged by the words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim import circle
from sim.luck import Concern

if TYPE_CHECKING:
    from sim.cases import Case, Need


def put_into_words(need: Need, clarity: float, occasion: str, wrong_share: float) -> None:
    """State a problem; with chance ``wrong_share`` the words point elsewhere (S35)."""
    department, luck = need.department, need.department.model.luck
    wrong_share *= 1 - department.city.understanding
    wrong = luck.uniform(Concern.NEED_WRONG, need.key) < wrong_share
    position = luck.uniform(Concern.NEED_MISSTATED, need.key) if wrong else None
    department.state(need, clarity, occasion, position)


def judged(case: Case, need: Need) -> float:
    """Fit of an answer to a need as stated, judged by the team and the experts of the city together."""
    city = need.department.city
    fits, rules = city.parameters.fit, city.conditions
    stated = need.position if need.stated is None else need.stated
    seen = circle.fit(circle.distance(case.position, stated), fits.tolerance)
    skill = rules.pmo.skill if rules.pmo.exists else 0.0
    error = fits.perception * (1 - skill) / float((1 + rules.experts.panel) ** 0.5)
    error *= 1 - city.understanding
    return seen + error * city.model.luck.normal(Concern.CALL_REVIEW, case.key)

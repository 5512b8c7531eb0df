"""Outside experts: noisy scorers of proofs of concept, who sit with the office and the department."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

import mesa

from sim.luck import Concern
from sim.stages import Reason

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.cases import Case
    from sim.model import Ecosystem


class Criteria(NamedTuple):
    """The four criteria of a review (R10), each from 0 to 1."""

    execution: float
    technical: float
    administrative: float
    financial: float


#: the reason that a case gets when the criterion at that place is what failed it
FAILED_BY = (Reason.TECHNICAL, Reason.MISFIT, Reason.ADMINISTRATIVE, Reason.FINANCIAL)


# decisions


def panel_error(members: list[float]) -> float:
    """Standard deviation of the mean of independent scores, from those of the members' errors."""
    return sqrt(sum(error * error for error in members)) / len(members)


def weighted(scores: Criteria, weights: Criteria) -> float:
    """The score of a review: criteria weighted, weights scaled to 1 (all equal where all are 0)."""
    total = sum(weights)
    if total <= 0:
        return sum(scores) / len(scores)
    return sum(score * weight for score, weight in zip(scores, weights, strict=True)) / total


def weakest(scores: Criteria) -> int:
    """The place of the lowest criterion."""
    return min(range(len(scores)), key=scores.__getitem__)


# agent


class Experts(mesa.Agent):
    """The review panels of one city."""

    model: Ecosystem

    def __init__(self, model: Ecosystem, city: City) -> None:
        super().__init__(model)
        self.city = city

    def score(self, case: Case, truth: Criteria, review: int) -> Criteria:
        """The panel's scores of a POC in its ``review``-th review.

        The office, the department and each expert score every criterion with an error of their
        own; what counts is the mean, whose error is drawn at once.
        """
        rules = self.city.conditions
        members = [rules.poc.noise] * (2 if rules.pmo.exists else 1) + [
            rules.experts.noise
        ] * rules.experts.panel
        error, normal = panel_error(members), self.model.luck.normal
        return Criteria(
            *(
                true + error * normal(Concern.SCORE, case.key, review * len(truth) + at)
                for at, true in enumerate(truth)
            )
        )

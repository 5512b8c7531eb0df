"""Outside experts: noisy scorers of proofs of concept, who sit with the office and the department."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mesa

from sim.luck import Concern
from sim.pilot import Criteria, panel_error

if TYPE_CHECKING:
    from sim.agents.city import City
    from sim.cases import Case
    from sim.model import Ecosystem


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
        error, normal = self._error * (1 - case.goals), self.model.luck.normal
        return Criteria(
            *(
                true + error * normal(Concern.SCORE, case.key, review * len(truth) + at)
                for at, true in enumerate(truth)
            )
        )

    def measure(self, true: float, entity: int, occasion: int) -> float:
        """A fit as the same panel measures it, after a development at that address."""
        return true + self._error * self.model.luck.normal(Concern.DEVELOPED, entity, occasion)

    @property
    def _error(self) -> float:
        rules = self.city.conditions
        members = [rules.poc.noise] * (2 if rules.pmo.exists else 1)
        error = panel_error(members + [rules.experts.noise] * rules.experts.panel)
        return error * (1 - rules.monitoring.sharpness) if rules.monitoring.indicators else error

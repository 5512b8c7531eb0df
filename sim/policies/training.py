"""Courses for departments."""

from __future__ import annotations

from sim.conditions import Conditions, Situation


class Training:
    """Train the people of departments to run projects and to write tenders."""

    def __call__(self, conditions: Conditions, situation: Situation) -> Conditions:
        """The conditions with courses."""
        return conditions.with_("training.offered", True)

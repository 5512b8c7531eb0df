"""A shared language of office, departments and vendors."""

from __future__ import annotations

from sim.conditions import Conditions, Situation


class SharedLanguage:
    """Agree on what is meant by a need, a fit, an innovation."""

    def __call__(self, conditions: Conditions, situation: Situation) -> Conditions:
        """The conditions with a shared language."""
        return conditions.with_("language.shared", True)

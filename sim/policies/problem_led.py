"""Problem-led intake: the government sets problems, the industry solves them."""

from __future__ import annotations

from sim.conditions import Conditions, Situation


class ProblemLedIntake:
    """Close the open door for proposals and hold calls for solutions to stated problems."""

    def __call__(self, conditions: Conditions, situation: Situation) -> Conditions:
        """The conditions without bottom-up intake and with calls."""
        return conditions.with_("bottom_up.open", False).with_("problem_led.open", True)

"""Intake channels, one a file, each with its own clock; any mix of them can be open.

Outside packages add channels by the entry point ``cityfunnel.channels``; each gets a switch of its
own, ``channels.<name>``, which is off until a scenario or a policy turns it on.
"""

from __future__ import annotations

from sim.intake.bottom_up import BottomUpIntake
from sim.intake.challenge import ChallengeProgrammes
from sim.intake.channel import Channel
from sim.intake.exchange import ExchangeIntake
from sim.intake.pitch import PitchIntake
from sim.intake.problem_led import ProblemLedCalls
from sim.intake.top_down import TopDownRoadmap
from sim.plugins import outside

__all__ = ["CHANNELS", "Channel"]

#: name in the log -> class
CHANNELS: dict[str, type[Channel]] = {
    "bottom_up": BottomUpIntake,
    "top_down": TopDownRoadmap,
    "problem_led": ProblemLedCalls,
    "challenge": ChallengeProgrammes,
    "pitch": PitchIntake,
    "exchange": ExchangeIntake,
}
CHANNELS |= outside("cityfunnel.channels", CHANNELS)

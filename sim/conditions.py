"""What policy offers the actors at this moment: the only channel from policy to agents.

Agents read conditions and never ask which policy is in force. A policy is a pure function of the
conditions and of a frozen :class:`Situation`; it returns changed conditions.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, cast

from sim.errors import ConditionError
from sim.parameters import (
    PATHS,
    BottomUp,
    Challenge,
    Champions,
    Channels,
    Citizens,
    Clearance,
    ClosedField,
    Competition,
    Exchange,
    Experts,
    Finance,
    Hub,
    Incubation,
    Language,
    Learning,
    Market,
    Monitoring,
    Parameters,
    Pitch,
    Platform,
    Pmo,
    Poc,
    Politics,
    ProblemLed,
    Procurement,
    Steering,
    TopDown,
    Training,
    Value,
    WorkingGroups,
)


class Conditions(NamedTuple):
    """The groups of numbers that hold rules of the game, as they stand now in one city."""

    bottom_up: BottomUp
    top_down: TopDown
    problem_led: ProblemLed
    channels: Channels
    pmo: Pmo
    clearance: Clearance
    steering: Steering
    politics: Politics
    poc: Poc
    experts: Experts
    procurement: Procurement
    learning: Learning
    closed_field: ClosedField
    market: Market
    challenge: Challenge
    pitch: Pitch
    exchange: Exchange
    working_groups: WorkingGroups
    competition: Competition
    citizens: Citizens
    hub: Hub
    platform: Platform
    finance: Finance
    incubation: Incubation
    training: Training
    champions: Champions
    monitoring: Monitoring
    language: Language

    @classmethod
    def of(cls, parameters: Parameters) -> Conditions:
        """The conditions as the parameters alone set them, before any policy."""
        return cls(*(getattr(parameters, name) for name in cls._fields))

    def at(self, path: str) -> Value:
        """The value at ``path``, for example ``"poc.required"``."""
        group, name = path.split(".")
        return cast(Value, getattr(getattr(self, group), name))

    def with_(self, path: str, value: Value) -> Conditions:
        """A copy in which the condition at ``path`` is ``value``.

        Raises:
            ConditionError: ``path`` is not a number with the evidence label ``policy``.
            ParameterError: the value is of the wrong type or out of range.
        """
        if path not in PATHS or PATHS[path].evidence != "policy":
            raise ConditionError(f"{path} is not a condition that a policy may change")
        group, _ = path.split(".")
        changed = Parameters(**{group: getattr(self, group)}).with_(path, value)
        return cast(Conditions, cast(Any, self)._replace(**{group: getattr(changed, group)}))


class Situation(NamedTuple):
    """What a policy that reacts can see of its city."""

    days: float  # since the start of the run
    support: float  # of the mayor, 0 to 1
    reputation: float  # of the city among vendors, 0 to 1
    waiting: int  # tasks waiting at the office
    pocs: int  # POCs under way


class Policy(Protocol):
    """A lever: a small, pure change of named conditions."""

    def __call__(self, conditions: Conditions, situation: Situation) -> Conditions:
        """The conditions changed as the policy wants them in this situation."""
        ...


def under(policies: tuple[Policy, ...], conditions: Conditions, situation: Situation) -> Conditions:
    """``conditions`` after all ``policies``, the later ones seeing what the earlier ones did."""
    for policy in policies:
        conditions = policy(conditions, situation)
    return conditions

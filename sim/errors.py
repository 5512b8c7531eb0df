"""Everything that can go wrong, as one family.

::

    CityfunnelError
    ├── InputError              what the user gave: file, line, key, what is wrong, what would be right
    │   ├── ScenarioError       a scenario, target or study file
    │   ├── ParameterError      a path or value of a parameter
    │   ├── OutputError         a place to write to
    │   └── PluginError         what another installed package adds
    └── ModelError              the model broke one of its own rules (a defect)
        ├── TransitionError     a case was moved along an arrow that is not in the table
        └── ConditionError      a policy touched what is not a policy's to change
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class CityfunnelError(Exception):
    """Base of every error that the project raises on purpose."""


class InputError(CityfunnelError):
    """Something the user gave cannot be used.

    The message reads ``file:line: key: what is wrong; what would be right``; parts that are
    not known are left out.
    """

    def __init__(
        self, problem: str, *, file: str | None = None, line: int | None = None, key: str | None = None
    ) -> None:
        self.problem, self.file, self.line, self.key = problem, file, line, key
        place = ":".join(str(part) for part in (file, line) if part is not None)
        super().__init__(": ".join(part for part in (place, key, problem) if part))


class ScenarioError(InputError):
    """A scenario file, or another file of the user's, cannot be read or is not valid."""


class ParameterError(InputError):
    """A parameter's path is unknown or its value is of the wrong type or out of range."""


class OutputError(InputError):
    """Results cannot be written where the user wants them."""


class PluginError(InputError):
    """What another installed package adds has a name that is taken, or cannot be loaded."""


class ModelError(CityfunnelError):
    """The model broke one of its own rules; a defect, not the user's fault."""


class TransitionError(ModelError):
    """A case was moved from one stage to another that the transition table does not allow."""


class ConditionError(ModelError):
    """A policy tried to change a number that is not a condition."""


def nearest(word: str, known: Iterable[str]) -> str:
    """`` (did you mean 'x'?)`` for the known word closest to ``word``, or an empty string."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" (did you mean '{close[0]}'?)" if close else ""

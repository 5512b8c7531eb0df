"""What is refused, in words for the person who asked, and the checks that names and numbers share.

What arrives from a browser or from a file that somebody kept is not trusted: types are looked at before
values, and a name stays what it is, somebody's words, to be shown as text and never as anything else.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from math import isfinite
from typing import Any

from experiments.workshop.limits import LimitError
from experiments.workshop.words import FIRST, say
from sim.errors import InputError, OutputError, ScenarioError

#: letters of a name
LONGEST = 60

#: signs that are no part of a name: controls, halves of letters, ends of lines, private and unknown ones
_UNSEEN = frozenset({"Cc", "Cs", "Zl", "Zp", "Co", "Cn"})
#: signs that turn the direction of what follows, and can make a name read as another
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


#: errors that have no text of the page of their own, and the text in which they are told
_FRAMES: Mapping[type[InputError], str] = {ScenarioError: "scenario", OutputError: "disk"}


class Key(str):
    """A value that is itself the key of a text: it is said in the language of the reader."""

    __slots__ = ()


class Refused(InputError):  # noqa: N818 - it is said to a person, who did nothing that is an error
    """What was asked for cannot be done.

    Attributes:
        key: of the text that says why: ``refused.`` and a word.
        values: what the text names.
    """

    def __init__(self, key: str, /, **values: object) -> None:
        super().__init__(_said(FIRST, f"refused.{key}", values))
        self.key: str = f"refused.{key}"
        self.values: Mapping[str, object] = values

    def told(self, language: str) -> str:
        """Why, in a language of the page."""
        return _said(language, self.key, self.values)

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.key, dict(self.values))  # an error crosses from a worker process


def _said(language: str, key: str, values: Mapping[str, object]) -> str:
    named = {
        name: say(language, value) if isinstance(value, Key) else value for name, value in values.items()
    }
    return say(language, key, **named)


def _again(key: str, values: Mapping[str, Any]) -> Refused:
    return Refused(key.removeprefix("refused."), **values)


def told(error: InputError, language: str) -> str:
    """Why something was refused, in a language of the page; what is wrong with a file is told in English."""
    if isinstance(error, Refused):
        return error.told(language)
    if isinstance(error, LimitError):
        return say(language, error.text, **error.values)
    what = next((key for kind, key in _FRAMES.items() if isinstance(error, kind)), "other")
    return say(language, f"refused.{what}", problem=error)


def text(value: object, most: int) -> str:
    """A text of at most ``most`` letters.

    Raises:
        Refused: it is no text, or longer.
    """
    if not isinstance(value, str):
        raise Refused("no_text")
    if len(value) > most:
        raise Refused("long", most=most)
    return value


def name(value: object) -> str:
    """A name as it is kept: 1 to :data:`LONGEST` signs, single spaces, in composed letters.

    Raises:
        Refused: it is no text, empty, too long, or holds signs that nobody sees.
    """
    given = unicodedata.normalize("NFC", text(value, 10 * LONGEST)).replace("\t", " ")
    if any(sign in _TURNING or unicodedata.category(sign) in _UNSEEN for sign in given):
        raise Refused("name_signs")
    said = " ".join(given.split())
    if not any(unicodedata.category(sign)[0] in "LNPS" for sign in said):
        raise Refused("name_empty")
    if len(said) > LONGEST:
        raise Refused("name_long", most=LONGEST)
    return said


def number(value: object, low: float, high: float) -> float:
    """A finite number from ``low`` to ``high``; ``true`` is none.

    Raises:
        Refused: it is no such number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused("no_number")
    if abs(value) > 1e300 or not isfinite(value):
        raise Refused("no_number")
    if not low <= value <= high:
        raise Refused("range", low=f"{low:g}", high=f"{high:g}")
    return value


def whole(value: object, low: int, high: int) -> int:
    """A whole number from ``low`` to ``high``.

    Raises:
        Refused: it is no such number.
    """
    found = number(value, low, high)
    if not float(found).is_integer():
        raise Refused("whole", low=low, high=high)
    return int(found)


def keys(data: object, wanted: frozenset[str]) -> Mapping[str, Any]:
    """A mapping that has the keys ``wanted`` and no others.

    Raises:
        Refused: it is none, or lacks one, or has another.
    """
    if not isinstance(data, Mapping) or not all(isinstance(key, str) for key in data):
        raise Refused("no_mapping")
    if missing := sorted(wanted - set(data)):
        raise Refused("missing", field=missing[0])
    if strange := sorted(set(data) - wanted):
        raise Refused("strange", field=strange[0][:LONGEST])
    return data

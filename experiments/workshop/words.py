"""What the page says, in the languages that it speaks: one file of texts a language, and numbers in words.

A language is a file ``texts/<code>.json`` of sections, keys and texts; the section ``language`` holds its
name and how it writes amounts of money. Texts hold ``{name}`` for what is put in, which may be anything:
it is never looked at again, so that a brace in somebody's name stays a brace.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from copy import deepcopy
from functools import cache
from importlib import resources
from math import isfinite

Texts = dict[str, dict[str, str]]

#: the language that is shown unless another is asked for
FIRST = "en"

_PLACE = re.compile(r"\{(\w+)\}")


@cache
def _read(language: str) -> Texts:
    file = resources.files(__package__) / "texts" / f"{language}.json"
    found: Texts = json.loads(file.read_text("utf-8"))
    return found


def _languages() -> dict[str, str]:
    """Code and name of every language that has a file, the first one first."""
    folder = resources.files(__package__) / "texts"
    codes = {file.name.removesuffix(".json") for file in folder.iterdir() if file.name.endswith(".json")}
    return {code: _read(code)["language"]["name"] for code in sorted(codes, key=lambda c: (c != FIRST, c))}


#: code -> the name that a language has in itself
LANGUAGES: dict[str, str] = _languages()


def texts(language: str) -> Texts:
    """All texts of a language: section -> key -> text.

    Raises:
        KeyError: nobody wrote texts in this language.
    """
    if language not in LANGUAGES:
        raise KeyError(language)
    return deepcopy(_read(language))


def known(language: str, key: str) -> bool:
    """Whether there is a text ``section.key``."""
    section, _, name = key.partition(".")
    return name in _read(language).get(section, {})


def say(language: str, key: str, **values: object) -> str:
    """A text with values put in; where ``n`` is 1 the key with ``_one`` goes before.

    Args:
        language: code of the language.
        key: ``section.key``.
        values: what stands for each ``{name}``; whole numbers get separators.

    Raises:
        KeyError: there is no such language, text, or value.
    """
    if language not in LANGUAGES:
        raise KeyError(language)
    section, _, name = key.partition(".")
    found = _read(language)[section]
    form = found.get(f"{name}_one") if values.get("n") == 1 else None
    return _PLACE.sub(lambda place: _put(values[place[1]]), form or found[name])


def _put(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def places(text: str) -> set[str]:
    """The names of what a text wants put in."""
    return set(_PLACE.findall(text))


def joined(language: str, parts: Sequence[str]) -> str:
    """Things in a row, as the language lists them: ``a, b and c``."""
    if len(parts) < 2:
        return "".join(parts)
    comma, last = say(language, "language.comma"), say(language, "language.and")
    return comma.join(parts[:-1]) + last + parts[-1]


# --- numbers ------------------------------------------------------------------------------------


def number(value: float, decimals: int | None = None) -> str:
    """A number with so many decimals, or with two figures or so; ``–`` where there is none."""
    if not isfinite(value):
        return "–"
    text = f"{value:,.{_decimals(value) if decimals is None else decimals}f}"
    return text if any(digit in text for digit in "123456789") else text.lstrip("-")


def _decimals(value: float) -> int:
    """None from ten on, one from a tenth on, two for what is smaller still."""
    size = abs(value)
    if size >= 9.95 or size == 0:
        return 0
    return 1 if size >= 0.095 else 2


def percent(language: str, share: float, decimals: int = 0) -> str:
    """A share (0 to 1) in percent."""
    return say(language, "language.percent", amount=number(100 * share, decimals))


def money(language: str, millions: float) -> str:
    """An amount of NT$, given in millions: ``NT$ 3.6 million``, ``新臺幣 360 萬元``."""
    if not isfinite(millions):
        return "–"
    size = _size(language, millions)
    value = float(f"{millions:.3g}") * _setting(language, f"money_{size}_scale")
    return say(language, f"language.money_{size}", amount=number(value, _short(value, size)))


def money_unit(language: str, most: float) -> tuple[str, float]:
    """The unit in which amounts up to ``most`` million NT$ are told, and how many of it are a million."""
    size = _size(language, most / 3)
    return say(language, f"language.money_unit_{size}"), _setting(language, f"money_{size}_scale")


def _size(language: str, millions: float) -> str:
    return "large" if abs(millions) >= _setting(language, "money_large_from") else "small"


def _setting(language: str, key: str) -> float:
    return float(say(language, f"language.{key}"))


def _short(value: float, size: str) -> int:
    """Decimals of an amount of money: one between 1 and 100, but two below 10 in the large unit."""
    if abs(value) >= 99.5 or value == round(value):
        return 0
    if size == "large":
        return 1 if abs(value) >= 9.995 else 2
    return 1 if abs(value) >= 0.095 else 2

"""Numbers as people write them."""

from __future__ import annotations

from math import isfinite

from sim.parameters import Value


def number(value: float, decimals: int | None = None) -> str:
    """A number with so many decimals, or with three figures; ``–`` where there is none."""
    if not isfinite(value):
        return "–"
    if decimals is None:
        decimals = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:,.{decimals}f}"
    return text if any(digit in text for digit in "123456789") else text.lstrip("-")


def amount(value: float, unit: str) -> str:
    """An amount of something: shares with two decimals, other things with one below 100."""
    return number(value, 2 if unit == "share" else 1 if abs(value) < 100 else 0)


def interval(low: float, high: float, unit: str = "") -> str:
    """Two ends: ``1.2 to 3.4``."""
    if not (isfinite(low) and isfinite(high)):
        return "–"
    return f"{amount(low, unit)} to {amount(high, unit)}"


def setting(value: Value | None) -> str:
    """The value of a parameter as a scenario file has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return "" if value is None else str(value)


def period(first: int, number: int) -> str:
    """Seeds in words."""
    return f"seed {first}" if number == 1 else f"seeds {first} to {first + number - 1}"


def plural(number: int, word: str) -> str:
    """So many things: ``1 run``, ``2,560 runs``."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """A length of time in the unit that fits it."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * size:
            return plural(round(seconds / size), unit)
    return plural(max(1, round(seconds)), "second")

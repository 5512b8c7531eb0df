"""Numbers as people write them."""

from __future__ import annotations

from math import isfinite

from sim.parameters import Value


def number(value: float) -> str:
    """Three figures or so: ``1,234``, ``56.7``, ``0.89``; ``–`` where there is none."""
    if not isfinite(value):
        return "–"
    size = abs(value)
    decimals = 0 if size >= 100 else 1 if size >= 10 else 2
    text = f"{value:,.{decimals}f}"
    return text.lstrip("-") if float(text.replace(",", "")) == 0 else text.replace("-", "−")


def interval(low: float, high: float) -> str:
    """Two ends: ``1.2 to 3.4``."""
    return f"{number(low)} to {number(high)}" if isfinite(low) and isfinite(high) else "–"


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

"""Offers and needs as points on a circle of circumference 1, one circle for each domain.

The circular city of Salop (1979, "Monopolistic competition with outside goods", Bell Journal of
Economics 10:141-156): no point is better placed than another, and the distance between what is
offered and what is needed is all that counts.
"""

from __future__ import annotations

from math import exp, sqrt


def distance(one: float, other: float) -> float:
    """The shorter way round between two points, 0 to 0.5."""
    gap = abs(one - other) % 1.0
    return gap if gap <= 0.5 else 1.0 - gap


def towards(start: float, goal: float, limit: float) -> float:
    """The point reached from ``start`` by going at most ``limit`` the shorter way to ``goal``."""
    gap = (goal - start + 0.5) % 1.0 - 0.5
    step = gap if abs(gap) <= limit else limit if gap > 0 else -limit
    return (start + step) % 1.0


def fit(apart: float, tolerance: float) -> float:
    """How well an offer answers a need at distance ``apart``: 1 at distance 0, 0.61 at ``tolerance``."""
    ratio = apart / tolerance
    return exp(-0.5 * ratio * ratio)


def expected(apart: float, doubt: float, tolerance: float) -> float:
    """The fit to expect at distance ``apart`` from where a need is believed to lie.

    The mean of :func:`fit` over a normal error of the belief whose standard deviation is ``doubt``.
    """
    spread = sqrt(tolerance * tolerance + doubt * doubt)
    return tolerance / spread * fit(apart, spread)

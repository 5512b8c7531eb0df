"""Programmes that a city runs beside the funnel, one a file, each with its own clock.

A programme reads the conditions at each turn of its clock, and does nothing while it is not wanted.
"""

from __future__ import annotations

from sim.programmes.programme import Programme

__all__ = ["PROGRAMMES", "Programme"]

#: name -> class
PROGRAMMES: dict[str, type[Programme]] = {}

"""Observed figures: what a run is compared with, each with its source.

A target file holds a list of figures::

    figures:
      - id: S02
        measure: proposal_to_poc
        relation: share
        value: 0.33
        numerator: 33
        denominator: 100
        rounding: 0.07
        date: 2019-03-20
        channel: bottom_up
        use: calibrate
        reading: M1
        source: S02
        note: what the figure covers, and how far it can be trusted

Where sources contradict each other, ``reading`` says under which way of reading them a figure
holds.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from sim.documents import Section, find, read, shown
from sim.errors import InputError, nearest
from sim.parameters import PATHS

#: ways of reading sources that contradict each other
READINGS = ("M1", "M2")

_Word = Annotated[str, Field(min_length=1, pattern=r"^[a-z][a-z_]*$", description="a name in small letters")]
_Ids = Annotated[str, Field(pattern=r"^[A-Z]\d+( [A-Z]\d+)*$", description="source ids")]


class Target(Section):
    """One observed figure.

    ``measure`` names a measure, or a series in time such as ``poc_starts`` (their cumulative
    number). A ``share`` is ``numerator`` of ``denominator``; where the measure itself is a count,
    ``of`` names the measure that it is divided by. ``date`` is the last day that the figure
    covers. Without ``channel`` it covers all of them. ``use`` says whether a model may be fitted
    to it (``calibrate``), is tested on it (``hold-out``) or only drawn beside it (``shown``).

    ``rounding`` is the full width of the interval of values that would be told as this one; 10 for
    "about 150". A figure that is told as ``more_than`` another one may say in ``up_to`` from which
    value on it would have been told otherwise. ``error`` is the standard error of a figure that is
    neither a count nor a share, in the figure's own unit. ``sets`` is the path of the number of the
    model that the figure gives directly, so that nothing is left to fit.
    """

    id: Annotated[str, Field(pattern=r"^[A-Z]\d+[a-z]?$", description="id, unique in the file")]
    measure: _Word
    value: float
    relation: Literal["about", "more_than", "less_than", "share"]
    up_to: float | None = None
    numerator: int | None = None
    denominator: int | None = None
    rounding: float | None = None
    error: float | None = None
    of: _Word | None = None
    date: dt.date
    channel: Literal["bottom_up", "top_down", "problem_led", "challenge", "pitch", "exchange"] | None = None
    use: Literal["calibrate", "hold-out", "shown"]
    reading: Literal["M1", "M2", "both"] = "both"
    sets: str | None = None
    source: _Ids
    note: str = Field(min_length=1)

    @property
    def sources(self) -> tuple[str, ...]:
        """The source ids, each an entry of the evidence table."""
        return tuple(self.source.split())

    @property
    def fitted(self) -> bool:
        """Whether numbers of the model may be fitted to it: it is for that, and gives none directly."""
        return self.use == "calibrate" and self.sets is None

    @property
    def told(self) -> tuple[float, float]:
        """The lowest and the highest value that would be told as this figure; the ends of bounds are open.

        Without rounding a share is its numerator by its denominator, however its value is written.
        """
        if self.relation == "more_than":
            return self.value, math.inf if self.up_to is None else self.up_to
        if self.relation == "less_than":
            return -math.inf, self.value
        exact = self.value if self.numerator is None else self.numerator / (self.denominator or 1)
        if self.rounding is None:
            return exact, exact
        low, high = self.value - self.rounding / 2, self.value + self.rounding / 2
        if self.relation == "share":
            low, high = max(low, 0.0), min(high, 1.0)
        return min(low, exact), max(high, exact)


class _File(Section):
    figures: list[Target] = Field(min_length=1)


def observed(name_or_path: str | Path) -> tuple[Target, ...]:
    """The figures of that name, or in the file at that path, in the order of the file.

    Raises:
        ScenarioError: there is no such file, or it is not valid.
    """
    document = read(find(str(name_or_path), files("scenarios").joinpath("observed"), Path(), "target"))
    figures = document.as_(_File).figures
    first: dict[str, int] = {}
    for index, figure in enumerate(figures):
        if first.setdefault(figure.id, index) != index:
            raise document.error(f"'{figure.id}' is given twice", "figures", index, "id")
        for key, problem in _faults(figure):
            raise document.error(problem, "figures", index, key)
    return tuple(figures)


def selected(targets: Iterable[Target], reading: str = "M1") -> tuple[Target, ...]:
    """The figures that hold under one way of reading the sources: its own, and those of both.

    Raises:
        InputError: there is no such reading.
    """
    if reading not in READINGS:
        raise InputError(
            f"no reading {shown(reading)}{nearest(reading, READINGS)}; there are {' and '.join(READINGS)}"
        )
    return tuple(target for target in targets if target.reading in (reading, "both"))


def _faults(figure: Target) -> Iterator[tuple[str, str]]:
    """The keys of a figure that contradict others, and what is wrong with them."""
    for check in (_share, _bound, _precision, _number):
        yield from check(figure)


def _share(figure: Target) -> Iterator[tuple[str, str]]:
    if (figure.relation == "share") != (figure.numerator is not None and figure.denominator is not None):
        yield "relation", "a share, and only a share, has a numerator and a denominator"
    if figure.numerator is None or figure.denominator is None:
        return
    if not 0 <= figure.numerator <= figure.denominator or figure.denominator == 0:
        yield "numerator", "must lie between 0 and the denominator"
    elif abs(figure.value - figure.numerator / figure.denominator) > 0.01:
        yield "value", "is not numerator / denominator"


def _bound(figure: Target) -> Iterator[tuple[str, str]]:
    if figure.up_to is None:
        return
    if figure.relation != "more_than":
        yield "up_to", "only a figure that is told as more_than has it"
    elif figure.up_to <= figure.value:
        yield "up_to", f"must be above the value, {figure.value:g}"


def _precision(figure: Target) -> Iterator[tuple[str, str]]:
    if figure.rounding is not None and figure.relation in ("more_than", "less_than"):
        yield "rounding", "a bound has none; more_than may have up_to"
    if figure.error is not None and figure.relation == "share":
        yield "error", "a share has none; its numerator and denominator say how sure it is"
    for key, value in (("rounding", figure.rounding), ("error", figure.error)):
        if value is not None and value <= 0:
            yield key, f"must be above 0, not {value:g}"


def _number(figure: Target) -> Iterator[tuple[str, str]]:
    """Of the model, which the figure gives."""
    if figure.sets is None:
        return
    row = PATHS.get(figure.sets)
    if row is None:
        yield "sets", f"unknown parameter {shown(figure.sets)}{nearest(figure.sets, PATHS)}"
    elif row.low is None or row.high is None or figure.relation != "about":
        yield "sets", "only a figure that is told as about one value gives a number of the model"
    elif not row.low <= figure.value <= row.high:
        yield "value", f"must lie between {row.low:g} and {row.high:g}, the limits of {figure.sets}"

"""Observed figures: what a run is compared with, each with its source.

A target file holds a list of figures::

    figures:
      - id: S02
        measure: proposal_to_poc
        relation: share
        value: 0.33
        numerator: 33
        denominator: 100
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
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from sim.documents import Document, Section, find, read

_Word = Annotated[str, Field(min_length=1, pattern=r"^[a-z][a-z_]*$", description="a name in small letters")]
_Ids = Annotated[str, Field(pattern=r"^[A-Z]\d+( [A-Z]\d+)*$", description="source ids")]


class Target(Section):
    """One observed figure.

    ``measure`` names a measure, or a series in time such as ``poc_starts`` (their cumulative
    number). A ``share`` is ``numerator`` of ``denominator``; where the measure itself is a count,
    ``of`` names the measure that it is divided by. ``date`` is the last day that the figure
    covers. Without ``channel`` it covers all of them. ``use`` says whether a model may be fitted
    to it (``calibrate``), is tested on it (``hold-out``) or only drawn beside it (``shown``).
    """

    id: Annotated[str, Field(pattern=r"^[A-Z]\d+[a-z]?$", description="id, unique in the file")]
    measure: _Word
    value: float
    relation: Literal["about", "more_than", "less_than", "share"]
    numerator: int | None = None
    denominator: int | None = None
    of: _Word | None = None
    date: dt.date
    channel: Literal["bottom_up", "top_down", "problem_led", "challenge", "pitch", "exchange"] | None = None
    use: Literal["calibrate", "hold-out", "shown"]
    reading: Literal["M1", "M2", "both"] = "both"
    source: _Ids
    note: str = Field(min_length=1)

    @property
    def sources(self) -> tuple[str, ...]:
        """The source ids, each an entry of the evidence table."""
        return tuple(self.source.split())


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
        _check_share(figure, document, index)
    return tuple(figures)


def _check_share(figure: Target, document: Document, index: int) -> None:
    if (figure.relation == "share") != (figure.numerator is not None and figure.denominator is not None):
        problem = "a share, and only a share, has a numerator and a denominator"
        raise document.error(problem, "figures", index, "relation")
    if figure.numerator is None or figure.denominator is None:
        return
    if not 0 <= figure.numerator <= figure.denominator or figure.denominator == 0:
        raise document.error("must lie between 0 and the denominator", "figures", index, "numerator")
    if abs(figure.value - figure.numerator / figure.denominator) > 0.01:
        raise document.error("is not numerator / denominator", "figures", index, "value")

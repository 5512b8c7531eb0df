"""What the sources say should happen in each system, as data.

A file of claims holds parts with a title, and in each a list of claims::

    parts:
      - title: Ways of organising the innovation of a city
        claims:
          - id: sandbox_days
            scenario: sandbox
            base: taipei_2016_2021
            measure: days_to_poc
            sign: less
            says: A sandbox speeds up the assessment and minimises delays.
            source: R43

A claim on a ``sign`` says that the measure is ``more`` or ``less`` in the scenario than in the
``base`` at the same seeds, or than another measure of the same runs (``than``). A claim on a number
gives a ``value``, and ``of`` how many cases a share was observed on, or says that the measure is
``more_than`` the value, or gives the ends of a range (``low``, ``high``). ``pattern`` is the number of
the pattern that the claim tests. ``date`` is the day up to which the source counted: hold-out validation
(:mod:`experiments.validation`) looks at the runs on that day, the table of systems looks at their end.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from analysis.measures import MEASURES
from sim.documents import Document, Section, find, read
from sim.errors import InputError, nearest
from sim.scenario import Scenario, load

#: number -> what the pattern is
PATTERNS = {
    8: "self-funded pilots without a commitment to buy: a quarter of the proposals reach a POC",
    9: "problem-led programmes: half of the problems reach a POC, 40 to 50% of the POCs are introduced",
    10: "demand-driven services survive, others struggle",
    11: "without high-level support a regulatory deadlock is not solved",
    12: "buying without a POC wastes money on solutions that do not fit",
    13: "a POC vendor's only edge in the tender is what it has learnt",
    14: "a visible success brings imitators and may end in an ordinance, not a purchase",
    15: "projects inherited over a change of mayor are completed less often",
    16: "pilots without a way to scale pile up",
}

#: patterns to which no number of the model was ever fitted
PREDICTED = (8, 9)

_Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", description="a name in small letters")]
_Ids = Annotated[str, Field(pattern=r"^[A-Z]\d+( [A-Z]\d+)*$", description="source ids")]


class Claim(Section):
    """What a source says should happen in one system; see the module for the keys."""

    id: _Word
    scenario: _Word
    base: _Word | None = None
    measure: _Word
    than: _Word | None = None
    sign: Literal["more", "less"] | None = None
    value: float | None = None
    of: Annotated[int, Field(gt=0)] | None = None
    relation: Literal["about", "more_than"] = "about"
    low: float | None = None
    high: float | None = None
    date: dt.date | None = None
    says: str = Field(min_length=1)
    source: _Ids
    pattern: int | None = None

    @property
    def predicted(self) -> bool:
        """Whether it belongs to a pattern that nothing was fitted to."""
        return self.pattern in PREDICTED

    @property
    def other(self) -> tuple[str, str]:
        """Scenario and measure with which a claim on a sign compares."""
        return self.base or self.scenario, self.than or self.measure


class _Part(Section):
    title: str = Field(min_length=1)
    claims: list[Claim] = Field(min_length=1)


class _File(Section):
    parts: list[_Part] = Field(min_length=1)


@dataclass(frozen=True)
class Claims:
    """All claims of a file.

    Attributes:
        parts: title and claims of each part, in the order of the file.
        worlds: every scenario that is needed, by name, in the order of first use.
    """

    parts: tuple[tuple[str, tuple[Claim, ...]], ...]
    worlds: dict[str, Scenario]

    @property
    def all(self) -> tuple[Claim, ...]:
        """The claims of all parts."""
        return tuple(claim for _, part in self.parts for claim in part)


def claims(name_or_path: str | Path = "systems") -> Claims:
    """The claims of that name, or in the file at that path.

    Raises:
        ScenarioError: there is no such file, or it is not valid: a scenario or a measure is unknown,
            an id is given twice, or a claim says neither a sign nor a number, or both.
    """
    document = read(find(str(name_or_path), files("scenarios").joinpath("observed"), Path(), "claims"))
    parts, known = document.as_(_File).parts, set[str]()
    worlds: dict[str, Scenario] = {}
    for at, part in enumerate(parts):
        for index, claim in enumerate(part.claims):
            place = ("parts", at, "claims", index)
            if claim.id in known:
                raise document.error(f"'{claim.id}' is given twice", *place, "id")
            known.add(claim.id)
            _check_form(claim, document, place)
            _check_measures(claim, document, place)
            _find_worlds(claim, document, place, worlds)
    return Claims(tuple((part.title, tuple(part.claims)) for part in parts), worlds)


_At = tuple[str | int, ...]


def _check_form(claim: Claim, document: Document, place: _At) -> None:
    number, span = claim.value is not None, (claim.low is not None) + (claim.high is not None)
    if (claim.sign is not None) + number + bool(span) != 1:
        raise document.error("a claim needs one of sign, value, and low with high", *place, "id")
    if span == 1:
        raise document.error("low and high go together", *place, "high" if claim.low is None else "low")
    if claim.low is not None and claim.high is not None and claim.low > claim.high:
        raise document.error("must not be below low", *place, "high")
    if (claim.base or claim.than) and claim.sign is None:
        raise document.error("goes with sign", *place, "base" if claim.base else "than")
    if claim.sign is not None and claim.other == (claim.scenario, claim.measure):
        raise document.error("needs a base, or than, to compare with", *place, "sign")
    if claim.of is not None and not (claim.value is not None and 0 <= claim.value <= 1):
        raise document.error("goes with a value from 0 to 1", *place, "of")
    if claim.date is not None and claim.sign is not None:
        raise document.error("goes with a number", *place, "date")
    if claim.pattern is not None and claim.pattern not in PATTERNS:
        raise document.error(f"is none of {', '.join(map(str, PATTERNS))}", *place, "pattern")


def _check_measures(claim: Claim, document: Document, place: _At) -> None:
    for key, name in (("measure", claim.measure), ("than", claim.than)):
        if name is not None and name not in MEASURES:
            raise document.error(f"unknown measure '{name}'{nearest(name, MEASURES)}", *place, key)
    if claim.of is not None and MEASURES[claim.measure].unit != "share":
        raise document.error(f"{claim.measure} is no share", *place, "of")


def _find_worlds(claim: Claim, document: Document, place: _At, worlds: dict[str, Scenario]) -> None:
    for key, name in (("scenario", claim.scenario), ("base", claim.base)):
        if name is not None and name not in worlds:
            try:
                worlds[name] = load(name)
            except InputError as error:
                raise document.error(error.problem, *place, key) from None

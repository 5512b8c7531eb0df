"""The columns of a file of cases, and the empty template that says what they are."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from functools import cache
from typing import Literal, NamedTuple

from analysis.tables import FOLLOWERS
from sim.stages import ENDS, Reason

#: what a cell of the column holds
Holds = Literal["name", "code", "date"]

#: a word of a case of which nothing is known
UNKNOWN = "unknown"

OPEN = "open"

#: outcome of a case that was not in service -> and that was
LOST, DONE = "closed", ("abandoned", "sustained")

CHANNELS = ("bottom_up", "pitch", "top_down", "problem_led", "challenge", "exchange", *FOLLOWERS)

#: how near a word must be to a right one to be taken for a misspelling of it, 0 to 1
NEAR = 0.7


class Column(NamedTuple):
    """A column of a file of cases.

    Attributes:
        name: in the header; capitals, spaces and hyphens make no difference.
        holds: a name, one of ``words``, or a date.
        meaning: what it says, in one line.
        words: the codes that it knows.
    """

    name: str
    holds: Holds
    meaning: str
    words: tuple[str, ...] = ()


_ALL = (
    Column("case", "name", "your number or code of the case, unlike that of any other case"),
    Column("channel", "code", "how the case came in", CHANNELS),
    Column("vendor", "name", "a code of the firm, such as V12; no names of persons"),
    Column("vendor_kind", "code", "what kind of firm it is", ("startup", "sme", "large")),
    Column("department", "name", "the department that hosts the case, once one does"),
    Column("submitted", "date", "received by the innovation office, or by a department"),
    Column("screened", "date", "found to agree with the policy framework, or chosen in a call"),
    Column("matched", "date", "a department agreed to host it"),
    Column("cleared", "date", "the last barrier (permits, consents, money) before the POC was gone"),
    Column("poc", "date", "the proof of concept began"),
    Column("extended", "date", "the POC was extended for further field tests"),
    Column("poc_completed", "date", "a final review judged the POC feasible"),
    Column("second_poc", "date", "a small purchase began, to see whether the vendor can scale up"),
    Column("preparation", "date", "the department began to prepare budget and tender"),
    Column("tender", "date", "the call for tenders opened"),
    Column("retender", "date", "it opened again, after a first round without enough bidders"),
    Column("contract", "date", "the contract was awarded to this vendor"),
    Column("deployed", "date", "the service that the city bought went into service"),
    Column("launched", "date", "it went into service without a purchase: citizens pay"),
    Column("ended", "date", "the last day of the case, whatever the outcome"),
    Column(
        "outcome",
        "code",
        "open, closed (lost before service), abandoned (given up in service) or sustained (served out)",
        (OPEN, LOST, *DONE),
    ),
    Column("reason", "code", "why it was closed or abandoned", tuple(reason.value for reason in Reason)),
    Column("follows", "name", "the case in whose tender (or market) this vendor won, where it is a rival"),
)

#: name -> column, in the order of the template
COLUMNS = {column.name: column for column in _ALL}

#: columns with dates, in the order in which a case can pass them
DATES = tuple(column.name for column in _ALL if column.holds == "date")

#: columns with the dates of stages: one of them at least must be known of a case
STAGES = tuple(name for name in DATES if name != "ended")

assert set(COLUMNS["outcome"].words) == {OPEN, *(str(stage) for stage in ENDS)}


def template() -> str:
    """An empty CSV file: a comment a column, then the header."""
    lines = [
        "# One row a case. Any column may be left out, any cell may be empty; days as 2019-12-31.",
        "# No names of persons are asked for; columns that are not listed here are not read.",
        *(f"# {column.name}: {_said(column)}" for column in _ALL),
        ",".join(COLUMNS),
    ]
    return "".join(f"{line}\n" for line in lines)


def _said(column: Column) -> str:
    known = f" ({', '.join(column.words)})" if column.words and column.name != "outcome" else ""
    return f"{column.meaning}{known}"


def named(text: str) -> str | None:
    """The column that a cell of a header names."""
    return _columns().get(_bare(text))


def word(column: str, text: str) -> str | None:
    """The code of a column that a cell means: ``Bottom-up`` is ``bottom_up``."""
    return _words(column).get(_bare(text))


def misspelt(text: str, known: Iterable[str]) -> str | None:
    """The known word that is meant by a misspelt one, if it is near enough to be sure of that."""
    bare = {_bare(each): each for each in known}
    close = difflib.get_close_matches(_bare(text), list(bare), n=1, cutoff=NEAR)
    return bare[close[0]] if close else None


@cache
def _columns() -> dict[str, str]:
    return {_bare(name): name for name in COLUMNS}


@cache
def _words(column: str) -> dict[str, str]:
    return {_bare(each): each for each in COLUMNS[column].words}


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()

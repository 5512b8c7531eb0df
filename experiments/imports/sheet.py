"""A CSV file of cases as rows of cells, with what is wrong with its form."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from experiments.imports.columns import COLUMNS, DATES, STAGES, misspelt, named
from experiments.imports.quality import Kind, Problem
from sim.errors import InputError

#: the largest file that is read, in bytes, and the most rows
LARGEST = 100_000_000
MOST_ROWS = 200_000

#: what may stand between cells
DELIMITERS = ",;\t"

_COMMENT = "#"


class ImportFileError(InputError):
    """A file of observed cases cannot be read at all."""


class Row(NamedTuple):
    """The cells of a row that are not empty, by column; ``line`` is where it begins in the file."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Sheet:
    """A file of cases.

    Attributes:
        file: its name.
        columns: the columns that it has, in the order of the template.
        rows: the rows that can be read.
        problems: what is wrong with its form.
        unusable: line and reason of rows that cannot be read.
        seen: the day on which the file was published, where it says so.
    """

    file: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    unusable: tuple[Problem, ...] = ()
    seen: date | None = None


def content(file: Path) -> bytes:
    """The bytes of a file.

    Raises:
        ImportFileError: it cannot be read, is empty or too large.
    """
    try:
        with file.open("rb") as stream:
            found = stream.read(LARGEST + 1)
    except OSError as error:
        raise ImportFileError(f"cannot be read: {error.strerror}", file=str(file)) from None
    if len(found) > LARGEST:
        raise ImportFileError(f"must be at most {LARGEST / 1e6:g} MB", file=str(file))
    if not found.strip():
        raise ImportFileError("the file is empty", file=str(file))
    return found


def decoded(data: bytes, file: str) -> str:
    """UTF-8 text, with or without a byte order mark.

    Raises:
        ImportFileError: it is in another encoding, or no text.
    """
    how = "save it as 'CSV UTF-8'"
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ImportFileError(f"is UTF-16; {how}", file=file)
    if (place := data.find(b"\0")) >= 0:
        raise ImportFileError("is no text (it holds a NUL byte)", file=file, line=_line(data, place))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"must be UTF-8 text, and byte 0x{data[error.start]:02x} is none; {how}"
        raise ImportFileError(problem, file=file, line=_line(data, error.start)) from None


def _line(data: bytes, place: int) -> int:
    return data.count(b"\n", 0, place) + 1


def read(text: str, file: str) -> Sheet:
    """The rows of a CSV text. Its delimiter (comma, semicolon or tab) is the one that its header has.

    Lines before the header that begin with ``#`` are comments; empty lines are left out.

    Raises:
        ImportFileError: it is no CSV, has no header with a date of a stage, has a column twice, or has too
            many rows.
    """
    rows = _records(text, _delimiter(text), file)
    first = next((row for row in rows if not row[1][0].strip().startswith(_COMMENT)), None)
    if first is None:
        raise ImportFileError("has no header; cityfunnel import --template FILE.csv writes one", file=file)
    line, header = first
    names = _header(header, file, line)
    found, unusable = list[Row](), list[Problem]()
    for place, cells in rows:
        if len(found) + len(unusable) >= MOST_ROWS:
            raise ImportFileError(f"has more than {MOST_ROWS:,} rows", file=file)
        if any(cell.strip() for cell in cells[len(names) :]):
            unusable.append(_too_long(place, cells, names))
            continue
        pairs = zip(names, cells, strict=False)
        found.append(Row(place, {name: cell.strip() for name, cell in pairs if name and cell.strip()}))
    columns = tuple(name for name in COLUMNS if name in names)
    return Sheet(file, columns, tuple(found), tuple(_of_header(header, names, line)), tuple(unusable))


def _too_long(line: int, cells: Sequence[str], names: Sequence[str | None]) -> Problem:
    told = f"has {len(cells)} cells where the header has {len(names)}, so they cannot be told apart"
    case = cells[names.index("case")].strip() if "case" in names else ""
    return Problem(line, case, "", "", Kind.UNUSABLE, told)


def _records(text: str, delimiter: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """The line at which each row begins, and its cells; empty rows are left out."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        problem = f"not valid CSV: {error} (a quotation mark that is not closed, perhaps)"
        raise ImportFileError(problem, file=file, line=line) from None


def _delimiter(text: str) -> str:
    """That which makes most known columns of the header; the sniffer's where none does."""
    lines = (line for line in text.splitlines() if line.strip())
    header = next((line for line in lines if not line.lstrip('" ').startswith(_COMMENT)), "")
    known = {each: sum(map(bool, map(named, _split(header, each)))) for each in DELIMITERS}
    best = max(known, key=lambda each: known[each])
    if known[best]:
        return best
    try:
        return csv.Sniffer().sniff(header, DELIMITERS).delimiter
    except csv.Error:
        return best


def _split(header: str, delimiter: str) -> list[str]:
    return [cell.strip('" ') for cell in header.split(delimiter)]


def _header(cells: Sequence[str], file: str, line: int) -> list[str | None]:
    names = [named(cell) for cell in cells]
    twice = next((name for name, number in Counter(filter(None, names)).items() if number > 1), None)
    if twice:
        raise ImportFileError("there are two columns of that name", file=file, line=line, key=twice)
    if not set(STAGES) & set(names):
        near = next((guess for cell in cells if (guess := misspelt(cell, STAGES))), None)
        hint = f" (did you mean '{near}'?)" if near else f"; known are {', '.join(STAGES)}"
        raise ImportFileError(f"the header names no date of a stage{hint}", file=file, line=line)
    return names


def _of_header(cells: Sequence[str], names: Sequence[str | None], line: int) -> Iterator[Problem]:
    absent = [name for name in COLUMNS if name not in names]
    for cell, name in zip(cells, names, strict=True):
        if name is None and cell.strip():
            meant = misspelt(cell, absent)
            kind = Kind.COLUMN if meant else Kind.IGNORED
            told = (
                f"is not read (did you mean '{meant}'?)" if meant else "is none of the template, and not read"
            )
            yield Problem(line, "", cell.strip()[:60], "", kind, told)
    for name in absent:
        if name in DATES or name in ("channel", "vendor_kind", "department", "outcome", "reason"):
            yield Problem(line, "", name, "", Kind.ABSENT, "is not known of any case")

"""A posterior: parameter values that agree with what was observed, as a sample that scenarios draw from.

It is a CSV file. The first line names parameters by path, every other line is one draw, and all draws
weigh the same::

    bottom_up.rate,departments.openness
    0.412,0.55
    0.388,0.61

Two successive seeds have the same draw and differ in luck alone, so that what varies between runs can
be parted into what is not known of the parameters and what is chance. The same seed has the same draw
in every scenario, so that scenarios can be compared in pairs.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from sim.documents import find, shown, text_of
from sim.errors import ParameterError, ScenarioError, nearest
from sim.parameters import PATHS, Parameters, Row, Value

#: successive seeds that have the same draw
REPLICATES = 2

#: how names of files of posteriors end
SUFFIXES = (".csv",)

_DEFAULTS = Parameters()


@dataclass(frozen=True, slots=True)
class Posterior:
    """A sample of a posterior.

    Attributes:
        name: the file's, without suffix.
        rows: the draws, at least one: values by path, the same paths in each.
    """

    name: str
    rows: tuple[Mapping[str, Value], ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """The parameters that are drawn, in the order of the file."""
        return tuple(self.rows[0])

    def place(self, seed: int) -> int:
        """The place of a seed's draw among ``rows``, from 0; they begin again after the last."""
        return ((seed - 1) // REPLICATES) % len(self.rows)

    def row(self, seed: int) -> Mapping[str, Value]:
        """The draw of a seed: values by path."""
        return self.rows[self.place(seed)]


def posterior(name_or_path: str | Path) -> Posterior:
    """The posterior of that name, or in the file at that path.

    Raises:
        ScenarioError: there is no such file, or it is not valid.
    """
    return read(find(str(name_or_path), shipped(), Path(), "posterior", SUFFIXES))


def available() -> list[str]:
    """The names of the posteriors that come with the project."""
    folder = shipped()
    names = [file.name for file in folder.iterdir()] if folder.is_dir() else []
    return sorted(name.removesuffix(".csv") for name in names if name.endswith(SUFFIXES))


def shipped() -> Traversable:
    """The folder of the posteriors that come with the project."""
    return files("scenarios").joinpath("posterior")


def read(source: Traversable) -> Posterior:
    """The posterior in the file at ``source``.

    Raises:
        ScenarioError: it cannot be read, is too large, or is not valid.
    """
    rows = tuple(points(str(source), text_of(source)))
    return Posterior(source.name.removesuffix(".csv"), rows)


# --- a table of parameter points ----------------------------------------------------------------


def points(file: str, text: str) -> list[dict[str, Value]]:
    """The parameter points in the text of a CSV file: the first line names parameters, the others are points.

    Args:
        file: its name, for messages.
        text: its content.

    Raises:
        ScenarioError: it is not CSV, names what is no parameter, or holds no point or one that the
            parameters cannot have.
    """
    lines = csv.reader(io.StringIO(text), strict=True)
    try:
        header = [path.strip() for path in next(lines, [])]
        _check_header(file, header)
        rows = [(lines.line_num, row) for row in lines if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise ScenarioError(f"not valid CSV: {error}", file=file, line=lines.line_num) from None
    if not rows:
        raise ScenarioError("holds no points; under the names there must be a line for each", file=file)
    types = [type(_DEFAULTS.at(path)) for path in header]
    return [dict(_row(file, line, header, types, row)) for line, row in rows]


def _check_header(file: str, header: list[str]) -> None:
    for path in header:
        if path not in PATHS:
            problem = f"unknown parameter{nearest(path[:100], PATHS)}"
            raise ScenarioError(problem, file=file, line=1, key=shown(path).strip("'"))
    if len(set(header)) < len(header) or not header:
        raise ScenarioError("must name parameters, each once", file=file, line=1)


def _row(
    file: str, line: int, header: list[str], types: list[type], cells: list[str]
) -> Iterator[tuple[str, Value]]:
    if len(cells) != len(header):
        problem = f"has {len(cells)} values; the first line names {len(header)} parameters"
        raise ScenarioError(problem, file=file, line=line)
    for path, kind, cell in zip(header, types, cells, strict=True):
        try:
            yield path, _value(path, kind, cell.strip())
        except ParameterError as error:
            raise ScenarioError(error.problem, file=file, line=line, key=path) from None


def _value(path: str, kind: type, cell: str) -> Value:
    value = _parsed(kind, cell)
    # tables are long, and what is a number within its range needs no other look
    plain = isinstance(value, kind) and _within(PATHS[path], value)
    return value if plain else _DEFAULTS.with_(path, value).at(path)


def _within(row: Row, value: Value) -> bool:
    if row.low is None or row.high is None or isinstance(value, str):
        return False
    return row.low <= value <= row.high


def _parsed(kind: type, cell: str) -> Value:
    """The cell as a value of that type, or as it stands where it is none."""
    if kind is bool:
        return {"true": True, "false": False}.get(cell.lower(), cell)
    for number in {float: (float,), int: (int, float)}.get(kind, ()):
        try:
            return number(cell)
        except ValueError:
            continue
    return cell

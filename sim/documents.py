"""Files that people write: strict YAML in which every key knows its line.

Scenario, target and study files are read here, so that all of them refuse the same things in the
same words: other encodings than UTF-8, more than 1 MB, broken YAML, a key given twice, anchors and
aliases, tags, keys that nobody knows, values of the wrong type.
"""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, NodeEvent, ScalarEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode
from ruamel.yaml.reader import ReaderError

from sim.errors import ScenarioError, nearest

#: the largest file that is read, in bytes, and the deepest nesting
LARGEST = 1_000_000
DEEPEST = 12

#: the way from the top of a file to a value: keys, and places in lists
Place = tuple[str | int, ...]

#: how names of YAML files end
YAML_SUFFIXES = (".yaml", ".yml")
_STANDARD = "tag:yaml.org,2002:"
_SCALARS = frozenset(_STANDARD + name for name in ("str", "int", "float", "bool", "null", "timestamp"))

_TOLD = {
    "missing": "is missing",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
    "date_type": "must be a date such as 2018-11-24",
    "list_type": "must be a list",
    "dict_type": "must be a mapping (lines of 'key: value')",
    "model_type": "must be a mapping (lines of 'key: value')",
}


class Section(BaseModel):
    """A frozen part of a file: types are strict, unknown keys are refused with the nearest right one."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: object) -> object:
        for key in data if isinstance(data, dict) else ():
            if key not in cls.model_fields:
                hint = nearest(key, cls.model_fields) or f"; known are {', '.join(cls.model_fields)}"
                raise PydanticCustomError("unknown_key", cast(Any, f"unknown key{hint}"), {"name": key})
        return data


_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Document:
    """The content of one file, and the line (from 1) of every key and list item."""

    file: str
    data: dict[str, Any]
    lines: Mapping[Place, int]

    def error(self, problem: str, *place: str | int) -> ScenarioError:
        """The error to raise for what stands at ``place``."""
        keys = [part for part in place if isinstance(part, str)]
        return ScenarioError(problem, file=self.file, line=self.line(place), key=keys[-1] if keys else None)

    def line(self, place: Place) -> int:
        """The line of ``place``, or of the nearest thing around it that is in the file."""
        around = (place[:length] for length in range(len(place), 0, -1))
        return next((self.lines[part] for part in around if part in self.lines), 1)

    def as_(self, model: type[_Model]) -> _Model:
        """The content as ``model``.

        Raises:
            ScenarioError: a key is unknown or missing, or a value is of the wrong type; the
                first of these in the file.
        """
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            faults = [self._fault(details) for details in error.errors()]
        raise min(faults, key=lambda fault: fault.line or 1) from None

    def _fault(self, details: ErrorDetails) -> ScenarioError:
        context = details.get("ctx", {})
        place = (*details["loc"], context["name"]) if details["type"] == "unknown_key" else details["loc"]
        return self.error(_told(details), *(part for part in place if part != "[key]"))


class Held(Traversable):
    """A text that is held in memory, or the folder of such texts, where a file or a folder is asked for."""

    def __init__(self, name: str, texts: Mapping[str, str]) -> None:
        self._name, self._texts = name, texts

    def __str__(self) -> str:
        return self._name

    @property
    def name(self) -> str:
        """Its name; empty for the folder."""
        return self._name

    @property
    def parent(self) -> Held:
        """The folder."""
        return Held("", self._texts)

    def is_file(self) -> bool:
        """Whether it is one of the texts."""
        return self._name in self._texts

    def is_dir(self) -> bool:
        """Whether it is the folder."""
        return not self._name

    def exists(self) -> bool:
        """Whether there is such a text, or it is the folder."""
        return self.is_file() or self.is_dir()

    def iterdir(self) -> Iterator[Held]:
        """The texts of the folder."""
        return (Held(name, self._texts) for name in self._texts)

    def joinpath(self, *descendants: Any) -> Held:
        """The text of that name, whether there is one or not; a name leads nowhere else."""
        names = [self._name, *map(str, descendants)]
        return Held("/".join(name for name in names if name), self._texts)

    def open(self, mode: Any = "r", *_: Any, **__: Any) -> Any:
        """The text, as bytes where ``mode`` says so.

        Raises:
            FileNotFoundError: there is no such text.
        """
        if not self.is_file():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self._name)
        text = self._texts[self._name]
        return io.BytesIO(text.encode()) if "b" in mode else io.StringIO(text)

    def read_bytes(self) -> bytes:
        """The text in UTF-8."""
        return self.read_text().encode()

    def read_text(self, *_: Any, **__: Any) -> str:
        """The text."""
        return str(self.open().read())


def read(source: Traversable) -> Document:
    """The file at ``source``.

    Raises:
        ScenarioError: it cannot be read, is too large, not UTF-8, not YAML, empty or no mapping,
            has a key twice, or uses anchors, aliases or tags.
    """
    file, text = str(source), text_of(source)
    try:
        loader = YAML(typ="safe", pure=True)
        _refuse_tricks(text, file)
        node = loader.compose(text)
        lines: dict[Place, int] = {}
        data = None if node is None else _built(node, (), _Builder(loader, lines, file))
    except MarkedYAMLError as error:
        raise _syntax(error, file) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = f"the control character U+{int(error.character):04X} cannot be used here"
        raise ScenarioError(problem, file=file, line=line) from None
    if data is None:
        raise ScenarioError("the file is empty", file=file)
    if not isinstance(data, dict):
        raise ScenarioError("must be a mapping at the top (lines of 'key: value')", file=file, line=1)
    return Document(file, data, lines)


def text_of(source: Traversable) -> str:
    """The text of the file at ``source``.

    Raises:
        ScenarioError: it cannot be read, is too large, or is not UTF-8.
    """
    return _decoded(_bytes(source), str(source))


def find(
    name: str, shipped: Traversable, beside: Traversable, what: str, suffixes: tuple[str, ...] = YAML_SUFFIXES
) -> Traversable:
    """The file that ``name`` means: a shipped one, or one of the user's in or below ``beside``.

    A bare name means the shipped file, if there is one; a path or a name with suffix means the
    file at that place, if there is one; then what is left of it without folder and suffix.

    Args:
        name: as it is written.
        shipped: the folder of the files that come with the project.
        beside: the folder in which a user's file is looked for.
        what: it is, in a word, for messages.
        suffixes: how such files end.

    Raises:
        ScenarioError: there is no such file, or it is not a file.
    """
    bare = _stem(name.removeprefix(f"{shipped.name}/"), suffixes)
    known = {_stem(path.name, suffixes): path for path in _files(shipped, suffixes)}
    if name in known:
        return known[name]
    for path in (beside.joinpath(name + suffix) for suffix in ("", *suffixes)):
        if _is(path, "is_file"):
            return path
    if _is(beside.joinpath(name), "is_dir"):
        raise ScenarioError(f"is a directory, not a {what} file", file=name or ".")
    if _is(beside.joinpath(name), "exists"):
        raise ScenarioError(f"is a device or a pipe, not a {what} file", file=name)
    if bare in known:
        return known[bare]
    if bare != name or "/" in name or "\\" in name:
        path = beside.joinpath(name)
        near = [file.name for file in _files(path.parent if isinstance(path, Path) else beside, suffixes)]
        raise ScenarioError(f"no such {what} file{nearest(path.name, [*near, *known])}", file=name)
    hint = nearest(name, known) or f"; known are {', '.join(sorted(known))}"
    raise ScenarioError(f"unknown {what} {shown(name)}{hint}")


def _is(path: Traversable, question: str) -> bool:
    try:
        return bool(getattr(path, question)())
    except (OSError, ValueError):  # a name that no file can have
        return False


def _stem(name: str, suffixes: tuple[str, ...]) -> str:
    ending = next((suffix for suffix in suffixes if name.endswith(suffix)), "")
    return name.removesuffix(ending)


def _files(folder: Traversable, suffixes: tuple[str, ...]) -> list[Traversable]:
    found = folder.iterdir() if _is(folder, "is_dir") else ()
    return [file for file in found if file.name.endswith(suffixes)]


def _bytes(source: Traversable) -> bytes:
    try:
        with source.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        raise ScenarioError(f"cannot be read: {error.strerror}", file=str(source)) from None
    if len(content) > LARGEST:
        raise ScenarioError(f"must be at most {LARGEST / 1e6:g} MB", file=str(source))
    return content


def _decoded(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ScenarioError("must be UTF-8 text; save it in that encoding", file=file, line=line) from None


def _refuse_tricks(text: str, file: str) -> None:
    """Refuse anchors, tags and depth before anything is built: a few lines of them can fill the memory."""
    depth = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        line = event.start_mark.line + 1
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
            raise ScenarioError("anchors (&) and aliases (*) cannot be used here", file=file, line=line)
        if isinstance(event, ScalarEvent | CollectionStartEvent) and event.tag is not None:
            tag = str(event.tag).replace(_STANDARD, "!!")
            raise ScenarioError(f"tags ({tag}) cannot be used here", file=file, line=line)
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > DEEPEST:
            raise ScenarioError("is nested too deeply", file=file, line=line)


@dataclass(frozen=True, slots=True)
class _Builder:
    loader: YAML
    lines: dict[Place, int]
    file: str


def _built(node: Node, place: Place, builder: _Builder) -> Any:
    """Plain data from a YAML node; the line of each key and item is noted on the way."""
    if isinstance(node, ScalarNode):
        return _scalar(node, place, builder)
    if isinstance(node, MappingNode):
        return {key: _built(value, (*place, key), builder) for key, value in _pairs(node, place, builder)}
    for index, item in enumerate(node.value):
        builder.lines[*place, index] = item.start_mark.line + 1
    return [_built(item, (*place, index), builder) for index, item in enumerate(node.value)]


def _pairs(node: MappingNode, place: Place, builder: _Builder) -> Iterator[tuple[str, Node]]:
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, ScalarNode):
            raise ScenarioError("a key must be a word", file=builder.file, line=line)
        inner = (*place, key.value)
        if inner in builder.lines:
            problem = f"given twice, first in line {builder.lines[inner]}"
            raise ScenarioError(problem, file=builder.file, line=line, key=key.value)
        builder.lines[inner] = line
        yield key.value, value


def _scalar(node: ScalarNode, place: Place, builder: _Builder) -> Any:
    if node.tag not in _SCALARS:
        raise _at(f"{shown(node.value)} cannot be used here", node, place, builder)
    try:
        value = builder.loader.constructor.construct_object(node)
    except (ValueError, OverflowError):
        kind = "date" if node.tag.endswith("timestamp") else "number"
        raise _at(f"there is no {kind} {shown(node.value)}", node, place, builder) from None
    if isinstance(value, int) and abs(value) > 1 << 63:
        raise _at("is too large a number", node, place, builder)
    return value


def _at(problem: str, node: Node, place: Place, builder: _Builder) -> ScenarioError:
    key = next((part for part in reversed(place) if isinstance(part, str)), None)
    line = builder.lines.get(place, node.start_mark.line + 1)
    return ScenarioError(problem, file=builder.file, line=line, key=key)


def _syntax(error: MarkedYAMLError, file: str) -> ScenarioError:
    mark = error.problem_mark or error.context_mark
    problem = " ".join(part for part in (error.context, error.problem) if part)
    return ScenarioError(f"not valid YAML: {problem}", file=file, line=mark.line + 1 if mark else None)


def _told(details: ErrorDetails) -> str:
    given, context = details["input"], details.get("ctx", {})
    if details["type"] in ("missing", "unknown_key"):
        return _TOLD.get(details["type"], details["msg"])
    if given is None:
        return "has no value"
    if details["type"] == "literal_error":
        hint = nearest(given, _options(context)) if isinstance(given, str) else ""
        return f"must be {context['expected']}, not {shown(given)}{hint}"
    return f"{_TOLD.get(details['type'], details['msg'])}, not {shown(given)}"


def _options(context: Mapping[str, Any]) -> list[str]:
    return [word.strip("'") for word in str(context["expected"]).replace(" or ", ", ").split(", ")]


def shown(value: object) -> str:
    """``value`` for a message, in the words of a YAML file and not too long."""
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    if isinstance(value, bool):
        return str(value).lower()
    text = f"'{value}'" if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:56]}..."

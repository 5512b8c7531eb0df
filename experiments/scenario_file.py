"""Scenarios as files: what a file of its own has to say, and how it is written."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.parameters import Value
    from sim.scenario import Change, Scenario


def whole(scenario: Scenario, settings: Mapping[str, Value]) -> dict[str, Any]:
    """The content of a file that extends nothing, so that it can be taken anywhere.

    Args:
        scenario: what the file describes.
        settings: its numbers that the file names, by path.
    """
    said: dict[str, Any] = {
        "question": scenario.question,
        "start": scenario.start,
        "end": scenario.end,
        "elections": list(scenario.elections),
        "cities": {city: dict(own) for city, own in scenario.cities.items()},
        "set": dict(settings),
        "posterior": scenario.posterior.name if scenario.posterior else "",
        "policies": list(scenario.policies),
        "timeline": [_change(change) for change in scenario.timeline],
        "notes": dict(scenario.notes),
        "observed": scenario.observed or "",
    }
    return {key: value for key, value in said.items() if value not in ({}, [], "")}


def _change(change: Change) -> dict[str, Any]:
    said: dict[str, Any] = {"at": change.at}
    if change.set:
        said["set"] = dict(change.set)
    if change.policies is not None:
        said["policies"] = list(change.policies)
    if change.city is not None:
        said["city"] = change.city
    return said


def written(said: Mapping[str, Any], *, quoted: bool = False) -> str:
    """The content of a file as YAML.

    Args:
        said: keys and values, in order.
        quoted: put all text in quotes, where it may be other people's words.
    """
    from ruamel.yaml import YAML

    writer, stream = YAML(), io.StringIO()
    writer.width, writer.allow_unicode = 100, True
    writer.dump(_quoted(said) if quoted else dict(said), stream)
    return stream.getvalue()


def _quoted(value: Any) -> Any:
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    if isinstance(value, Mapping):
        return {key: _quoted(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_quoted(each) for each in value]
    return DoubleQuotedScalarString(value) if isinstance(value, str) else value

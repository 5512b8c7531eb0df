"""From a file to a scenario: which city, when, under which rules.

A scenario file names differences only. Everything else comes from the file it ``extends``, and
in the end from the defaults of :mod:`sim.parameters`::

    question: What if the PMO had 30 people?
    extends: taipei_stage1
    set:
      pmo.staff: 30
    timeline:
      - at: 2018-01-01
        set: {politics.support: 0.4}

``set``, ``notes`` and ``timeline`` add to those of the extended file; every other key replaces
what was there. With ``posterior``, numbers that no file, city or change sets are drawn from that sample
(:mod:`sim.posterior`), by the seed of the run. Elections and changes of an extended file that lie after
an earlier end are not reached and fall away.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, Field, WithJsonSchema

from sim.documents import YAML_SUFFIXES, Document, Held, Place, Section, find, read, shown
from sim.errors import ParameterError, ScenarioError, nearest
from sim.parameters import PATHS, Parameters, Row, Value, rows
from sim.posterior import SUFFIXES, Posterior
from sim.posterior import read as read_posterior
from sim.posterior import shipped as shipped_posteriors

#: the longest run, in years
LONGEST = 30

#: numbers from which the world is made on the first day; besides, all of the group ``city``
FOUNDING = frozenset(
    {"needs.initial", "vendors.initial", "problem_led.first_day"}
    | {f"departments.{name}" for name in ("budget", "budget_spread", "culture", "skill", "risk_aversion")}
    | {f"departments.{name}" for name in ("tender_skill", "spread", "links")}
)

#: the city of a scenario that names none
CITY = "Taipei"

_LINKS = 20  # the longest chain of 'extends'


@dataclass(frozen=True, slots=True)
class Change:
    """What changes on one day: numbers, the policies in force, in one city or (``None``) in all."""

    at: dt.date
    set: Mapping[str, Value]
    policies: tuple[str, ...] | None
    city: str | None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A city (or several) with its rules, from ``start`` to ``end``.

    ``parameters`` is the tree with every ``set`` applied; ``cities`` holds what each city sets for
    itself on top of it; ``policies`` are in force from the start; ``timeline`` is sorted by date;
    ``notes`` say where the numbers come from; ``observed`` names the file of observed figures.
    ``posterior`` is the sample from which numbers are drawn that are not ``given``: the paths that
    a ``set`` or :meth:`with_` named, whatever the value.
    """

    name: str
    question: str
    start: dt.date
    end: dt.date
    elections: tuple[dt.date, ...]
    cities: Mapping[str, Mapping[str, Value]]
    parameters: Parameters
    policies: tuple[str, ...]
    timeline: tuple[Change, ...]
    notes: Mapping[str, str]
    observed: str | None
    posterior: Posterior | None = None
    given: frozenset[str] = frozenset()

    @property
    def days(self) -> float:
        """The length of the run in days."""
        return float((self.end - self.start).days)

    def with_(self, path: str, value: Value) -> Scenario:
        """A copy in which the number at ``path`` is ``value`` from the start.

        Cities that set the number for themselves, and later changes of it, stay as they are. No
        posterior moves it any more.

        Raises:
            ParameterError: no number has that path, or the value is of the wrong type or out of range.
        """
        return replace(self, parameters=self.parameters.with_(path, value), given=self.given | {path})

    def under(self, posterior: Posterior | None) -> Scenario:
        """A copy whose numbers are drawn from ``posterior``, wherever it sets none itself."""
        return replace(self, posterior=posterior)

    def drawn(self, seed: int) -> Scenario:
        """The scenario as it is run with ``seed``: the draw of its posterior in place of defaults."""
        if self.posterior is None:
            return self
        parameters = self.parameters
        for path, value in self.posterior.row(seed).items():
            if path not in self.given:
                parameters = parameters.with_(path, value)
        return replace(self, parameters=parameters, posterior=None)

    def differences(self) -> list[tuple[str, Value, Value]]:
        """(path, default, value) of every number that is not at its default, in the tree's order."""
        return [
            (row.path, PATHS[row.path].default, row.default)
            for row in rows(self.parameters)
            if row.default != PATHS[row.path].default
        ]


def available() -> list[str]:
    """The names of the scenarios that come with the project."""
    return sorted(_stem(path) for path in _shipped().iterdir() if path.name.endswith(".yaml"))


def load(name_or_path: str | Path) -> Scenario:
    """The scenario of that name, or in the file at that path.

    Raises:
        ScenarioError: there is no such file, or it or one that it extends is not valid.
    """
    source = find(str(name_or_path), _shipped(), Path(), "scenario")
    layers = _layers(source)
    return _resolved(_stem(source), layers)


def load_text(name: str, texts: Mapping[str, str]) -> Scenario:
    """The scenario of that name in texts that are held in memory.

    What it extends is another of the texts or comes with the project; so do, always, observed figures and
    posteriors. Nothing else is read.

    Args:
        name: a key of ``texts``.
        texts: content of scenario files, by name.

    Raises:
        ScenarioError: there is no such text, or it or one that it extends is not valid.
    """
    return _resolved(name, _layers(Held(name, texts)))


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a scenario file, for editors that check while one types."""
    tree = _File.model_json_schema()
    names = {"enum": sorted(_registry())}
    for section in (tree, tree["$defs"]["_ChangeSection"]):
        section["properties"]["policies"]["items"] = names
        for key in section["properties"].values():
            key.pop("default", None)  # what is not given comes from the extended file
    address = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": address, **tree, "title": "cityfunnel scenario"}


# --- what a file may say -----------------------------------------------------------------------


def _number_schema(row: Row) -> dict[str, Any]:
    meaning = f"{row.meaning} [{row.unit}]" if row.unit else row.meaning
    about = {"description": meaning, "default": row.default}
    if row.low is None:
        kind = {"type": "boolean"} if isinstance(row.default, bool) else {"enum": list(row.options)}
        return {**kind, **about}
    value = Parameters().with_(row.path, row.default).at(row.path)  # of the number's own type
    kind = {"type": "integer" if isinstance(value, int) else "number"}
    return {**kind, "minimum": row.low, "maximum": row.high, **about}


_Settings = Annotated[
    dict[str, Any],
    BeforeValidator(lambda given: {} if given is None else given),
    WithJsonSchema(
        {
            "type": ["object", "null"],
            "properties": {path: _number_schema(row) for path, row in PATHS.items()},
            "additionalProperties": False,
        }
    ),
]


class _ChangeSection(Section):
    at: dt.date = Field(description="the day of the change")
    set: _Settings = Field(default={}, description="numbers that change, by path")
    policies: list[str] = Field(default=[], description="the policies in force from this day on")
    city: str = Field(default="", description="the only city in which this happens")


class _File(Section):
    question: str = Field(min_length=1, description="the question that the scenario answers")
    extends: str = Field(default="", description="the scenario or file that this one changes")
    start: dt.date = Field(default=dt.date.min, description="first day of the run")
    end: dt.date = Field(default=dt.date.max, description="last day of the run")
    elections: list[dt.date] = Field(default=[], description="days of mayoral elections")
    cities: dict[str, _Settings] = Field(default={}, description="every city, with its own numbers")
    set: _Settings = Field(default={}, description="numbers that differ, by path")
    policies: list[str] = Field(default=[], description="the policies in force from the start")
    timeline: list[_ChangeSection] = Field(default=[], description="changes on given days")
    notes: dict[str, str] = Field(default={}, description="where a number or date comes from")
    observed: str = Field(default="", description="the file of observed figures")
    posterior: str = Field(default="", description="the sample that numbers not set here are drawn from")


# --- from files to layers ----------------------------------------------------------------------


class _Layer(NamedTuple):
    """One file of a chain of ``extends``."""

    source: Traversable
    document: Document
    said: _File

    def gives(self, key: str) -> bool:
        return key in self.said.model_fields_set


def _layers(source: Traversable) -> list[_Layer]:
    """The file and all that it extends, beginning with the one that extends nothing."""
    layers: list[_Layer] = []
    while True:
        document = read(source)
        layers.insert(0, _Layer(source, document, document.as_(_File)))
        if not layers[0].gives("extends"):
            return layers
        source = _extended(layers)


def _extended(layers: list[_Layer]) -> Traversable:
    source, document, said = layers[0]
    target = _found(said.extends, source, document, "extends", "scenario", _shipped())
    seen = [layer.source for layer in reversed(layers)]
    if _identity(target) in map(_identity, seen):
        circle = " -> ".join(_stem(path) for path in (*seen, target))
        raise document.error(f"goes round in a circle: {circle}", "extends")
    if len(layers) >= _LINKS:
        raise document.error(f"is a chain of more than {_LINKS} files", "extends")
    return target


def _found(
    name: str,
    source: Traversable,
    document: Document,
    key: str,
    what: str,
    shipped: Traversable,
    suffixes: tuple[str, ...] = YAML_SUFFIXES,
) -> Traversable:
    """The file that one key of a file names; what goes wrong is told at that key."""
    beside = _beside(source, what, shipped)
    try:
        return find(name, shipped, beside, what, suffixes)
    except ScenarioError as error:
        problem = f"{error.file}: {error.problem}" if error.file else error.problem
        raise document.error(problem, key) from None


def _beside(source: Traversable, what: str, shipped: Traversable) -> Traversable:
    """The folder in which a file that is not shipped is looked for; texts in memory hold scenarios alone."""
    if isinstance(source, Held):
        return source.parent if what == "scenario" else Held("", {})
    return source.parent if isinstance(source, Path) else shipped


def _shipped() -> Traversable:
    return files("scenarios")


def _stem(source: Traversable) -> str:
    return source.name.removesuffix(".yml").removesuffix(".yaml")


def _identity(source: Traversable) -> str:
    return str(source.resolve() if isinstance(source, Path) else source)


# --- from layers to a scenario -----------------------------------------------------------------


def _resolved(name: str, layers: list[_Layer]) -> Scenario:
    start, end = _run(layers)
    parameters = Parameters()
    for layer in layers:
        parameters = _applied(parameters, layer, ("set",), layer.said.set)
    cities = _cities(layers, parameters)
    return Scenario(
        name=name,
        question=layers[-1].said.question,
        start=start,
        end=end,
        elections=_elections(layers, start, end),
        cities=cities,
        parameters=parameters,
        policies=_policies(layers),
        timeline=_timeline(layers, start, end, parameters, cities),
        notes=_notes(layers),
        observed=_observed(layers),
        posterior=_posterior(layers),
        given=frozenset(path for layer in layers for path in layer.said.set),
    )


def _latest(layers: list[_Layer], key: str) -> _Layer | None:
    """The last file of the chain that gives ``key``."""
    return next((layer for layer in reversed(layers) if layer.gives(key)), None)


def _run(layers: list[_Layer]) -> tuple[dt.date, dt.date]:
    first, last = _latest(layers, "start"), _latest(layers, "end")
    if first is None or last is None:
        raise layers[-1].document.error("is missing", "start" if first is None else "end")
    start, end = first.said.start, last.said.end
    # the later file is the one that broke what the earlier one had right
    key, layer = ("start", first) if layers.index(first) > layers.index(last) else ("end", last)
    if start >= end:
        raise layer.document.error(f"the run must start before it ends: {start} to {end}", key)
    if (end - start).days > LONGEST * 365.25:
        raise layer.document.error(f"a run is at most {LONGEST} years long: {start} to {end}", key)
    return start, end


def _applied(tree: Parameters, layer: _Layer, place: Place, settings: Mapping[str, Any]) -> Parameters:
    """``tree`` with the settings that stand at ``place`` of a file."""
    for path, value in settings.items():
        try:
            tree = tree.with_(path, value)
        except ParameterError as error:
            raise layer.document.error(_unlike(path, value) or error.problem, *place, path) from None
    return tree


def _checked(tree: Parameters, layer: _Layer, place: Place, settings: Mapping[str, Any]) -> dict[str, Value]:
    """The settings that stand at ``place`` of a file, each of the type of its number."""
    applied = _applied(tree, layer, place, settings)
    return {path: applied.at(path) for path in settings}


def _unlike(path: str, value: object) -> str | None:
    """What to say of a value that is no number, switch or name at all."""
    inside = next((known for known in PATHS if known.startswith(f"{path}.")), None)
    if inside:
        return f"is a group; write whole paths, such as '{inside}'"
    if path not in PATHS or isinstance(value, int | float | str):
        return None
    return "has no value" if value is None else f"must be one value, not {shown(value)}"


def _cities(layers: list[_Layer], parameters: Parameters) -> dict[str, dict[str, Value]]:
    layer = _latest(layers, "cities")
    if layer is None:
        return {CITY: {}}
    if not layer.said.cities:
        raise layer.document.error("names no city", "cities")
    for city, settings in layer.said.cities.items():
        _refuse(layer, ("cities", city), settings, _shared)
    return {
        city: _checked(parameters, layer, ("cities", city), settings)
        for city, settings in layer.said.cities.items()
    }


def _refuse(
    layer: _Layer, place: Place, settings: Mapping[str, Any], why: Callable[[str], str | None]
) -> None:
    for path in settings:
        if path in PATHS and (problem := why(path)):
            raise layer.document.error(problem, *place, path)


def _shared(path: str) -> str | None:
    one = path.startswith("vendors.") or path == "city.domains"
    return "belongs to all cities; write it under the scenario's own 'set'" if one else None


def _founding(path: str) -> str | None:
    fixed = path.startswith("city.") or path in FOUNDING
    return "only counts at the start; write it under the scenario's own 'set'" if fixed else None


def _elections(layers: list[_Layer], start: dt.date, end: dt.date) -> tuple[dt.date, ...]:
    layer = _latest(layers, "elections")
    if layer is None:
        return ()
    for index, day in enumerate(layer.said.elections):
        if layer is layers[-1] and not start <= day <= end:
            raise layer.document.error(_outside(day, start, end), "elections", index)
    return tuple(sorted({day for day in layer.said.elections if start <= day <= end}))


def _outside(day: dt.date, start: dt.date, end: dt.date) -> str:
    return f"{day} is outside the run ({start} to {end})"


def _policies(layers: list[_Layer]) -> tuple[str, ...]:
    layer = _latest(layers, "policies")
    return () if layer is None else _known(layer, layer.said.policies, "policies")


def _known(layer: _Layer, names: list[str], *place: str | int) -> tuple[str, ...]:
    registry = _registry() if names else {}
    for index, name in enumerate(names):
        if name not in registry:
            hint = nearest(name, registry) or f"; known are {', '.join(sorted(registry))}"
            raise layer.document.error(f"unknown policy {shown(name)}{hint}", *place, index)
    return tuple(names)


def _registry() -> Mapping[str, object]:
    from sim.policies import POLICIES  # here, because outside packages may add theirs until the last moment

    return POLICIES


def _timeline(
    layers: list[_Layer], start: dt.date, end: dt.date, tree: Parameters, cities: Mapping[str, object]
) -> tuple[Change, ...]:
    changes = [
        _change(layer, index, tree, cities)
        for layer in layers
        for index, said in enumerate(layer.said.timeline)
        if _reached(layer, index, said.at, (start, end), layers)
    ]
    return tuple(sorted(changes, key=lambda change: change.at))


def _reached(
    layer: _Layer, index: int, day: dt.date, run: tuple[dt.date, dt.date], layers: list[_Layer]
) -> bool:
    """Whether a change falls into the run; one that cannot be meant is refused."""
    start, end = run
    if day > end and layer is not layers[-1]:
        return False
    if not start <= day <= end:
        raise layer.document.error(_outside(day, start, end), "timeline", index, "at")
    return True


def _change(layer: _Layer, index: int, tree: Parameters, cities: Mapping[str, object]) -> Change:
    said, place = layer.said.timeline[index], ("timeline", index)
    given = said.model_fields_set
    if not said.set and "policies" not in given:
        raise layer.document.error("changes nothing: give 'set' or 'policies'", *place)
    if "city" in given and said.city not in cities:
        hint = nearest(said.city, cities) or f"; the cities are {', '.join(cities)}"
        raise layer.document.error(f"unknown city {shown(said.city)}{hint}", *place, "city")
    _refuse(layer, (*place, "set"), said.set, _founding)
    if "city" in given:
        _refuse(layer, (*place, "set"), said.set, _shared)
    return Change(
        at=said.at,
        set=_checked(tree, layer, (*place, "set"), said.set),
        policies=_known(layer, said.policies, *place, "policies") if "policies" in given else None,
        city=said.city if "city" in given else None,
    )


def _notes(layers: list[_Layer]) -> dict[str, str]:
    known = {**PATHS, **_File.model_fields}
    for layer in layers:
        for key in layer.said.notes:
            if key not in known:
                raise layer.document.error(f"is no parameter and no key{nearest(key, known)}", "notes", key)
    return {key: note for layer in layers for key, note in layer.said.notes.items()}


def _observed(layers: list[_Layer]) -> str | None:
    layer = _latest(layers, "observed")
    if layer is None:
        return None
    folder = _shipped().joinpath("observed")
    found = _found(layer.said.observed, layer.source, layer.document, "observed", "target", folder)
    shipped = folder.joinpath(found.name)
    return _stem(found) if _identity(found) == _identity(shipped) else str(found)


def _posterior(layers: list[_Layer]) -> Posterior | None:
    layer = _latest(layers, "posterior")
    if layer is None:
        return None
    place, file = (layer.source, layer.document, "posterior", "posterior"), layer.said.posterior
    return read_posterior(_found(file, *place, shipped_posteriors(), SUFFIXES))

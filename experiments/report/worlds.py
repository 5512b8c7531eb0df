"""The worlds that a store tells of: what they are called, what is set in them, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from experiments import posterior, provenance
from experiments.report.elements import Block, Bullets, Item, Section, Text, table
from experiments.show import span
from experiments.store import StoreError
from experiments.words import setting
from sim.errors import InputError
from sim.parameters import PATHS, Value

if TYPE_CHECKING:
    import pandas as pd

    from experiments.store import Store


class World(NamedTuple):
    """A scenario as a manifest specifies it; the fields are those of :class:`sim.scenario.Scenario`.

    ``drawn`` says from which posterior which numbers are drawn, if any.
    """

    name: str
    question: str
    start: str
    end: str
    elections: Sequence[str]
    cities: Mapping[str, Mapping[str, Value]]
    policies: Sequence[str]
    timeline: Sequence[Mapping[str, Any]]
    parameters: Mapping[str, Value]
    notes: Mapping[str, str]
    observed: str | None
    drawn: str = ""


def worlds(store: Store, specifications: object) -> list[World]:
    """The worlds of a store, in its order.

    Raises:
        StoreError: its manifest does not say what they are.
    """
    try:
        found = [_world(spec) for spec in specifications.values()]  # type: ignore[attr-defined]
    except (AttributeError, KeyError, TypeError):
        raise StoreError("the manifest does not say which scenarios were run", file=str(store.path)) from None
    if not found:
        raise StoreError("the manifest names no scenario", file=str(store.path))
    return found


def _world(said: Mapping[str, Any]) -> World:
    sample = said.get("posterior")
    drawn = "" if sample is None else f"{sample['name']}: {', '.join(sample['paths'])}"
    return World(**{name: said[name] for name in World._fields if name != "drawn"}, drawn=drawn)


def units(store: Store, seeds: Iterable[int]) -> pd.Series[int] | None:
    """The draw of a posterior that each seed has in the runs of a store, where there is one.

    Raises:
        StoreError: the manifest does not say what was drawn from.
    """
    specifications = store.manifest.get("scenarios", {}).values()
    try:
        samples = [provenance.posterior(said) for said in specifications]
    except (KeyError, TypeError, ValueError, IndexError, InputError):
        raise StoreError(
            "the manifest does not say what numbers were drawn from", file=str(store.path)
        ) from None
    return posterior.units_of(samples, sorted(set(map(int, seeds))))


def section(found: Sequence[World]) -> Section:
    """The policies, and how they differ."""
    return Section("policies", "Policies and how they differ", tuple(_blocks(found)))


def _blocks(found: Sequence[World]) -> Iterator[Block]:
    rows = [
        (world.name, world.question, f"{world.start} to {world.end}", ", ".join(world.policies) or "none")
        for world in found
    ]
    names = ("scenario", "question", "period", "policies in force at the start")
    yield table("The scenarios", names, rows)
    for drawn in dict.fromkeys(world.drawn for world in found if world.drawn):
        yield Text(f"Numbers that a scenario does not set are drawn from the posterior {drawn}.")
    yield _differing(found)
    if any(world.timeline for world in found):
        yield _timeline(found)
    yield from _cities(found)


def changed(found: Sequence[World]) -> list[str]:
    """Paths of the numbers that differ between worlds, or of one world from the defaults."""
    base = found[0].parameters
    if len(found) == 1:
        return [path for path, value in base.items() if path not in PATHS or value != PATHS[path].default]
    return [path for path in base if any(world.parameters.get(path) != base[path] for world in found[1:])]


def _differing(found: Sequence[World]) -> Block:
    paths = changed(found)
    if not paths:
        return Text("No number is set that differs: the scenarios differ by date, policies or city alone.")
    heads = ("parameter", "meaning", *_heads(found), "unit", "range", "evidence", "source")
    rows = [
        (path, _row(path)[0], *_values(found, path), *_row(path)[1:4], _source(found, path)) for path in paths
    ]
    versus = "from the defaults" if len(found) == 1 else f"between {found[0].name} and the others"
    return table(f"Numbers that differ {versus}", heads, rows)


def _heads(found: Sequence[World]) -> tuple[str, ...]:
    return ("default", found[0].name) if len(found) == 1 else tuple(world.name for world in found)


def _values(found: Sequence[World], path: str) -> tuple[str, ...]:
    values = tuple(setting(world.parameters.get(path)) for world in found)
    default = setting(PATHS[path].default) if path in PATHS else ""
    return (default, *values) if len(found) == 1 else values


def _row(path: str) -> tuple[str, str, str, str]:
    """Meaning, unit, range and evidence of a number; none of one that this version does not have."""
    if path not in PATHS:
        return ("", "", "", "")
    row = PATHS[path]
    return (row.meaning, row.unit, span(row), row.evidence)


def _source(found: Sequence[World], path: str) -> str:
    """The notes of the scenarios on a number, or else its source ids."""
    notes = dict.fromkeys(world.notes[path] for world in found if path in world.notes)
    ids = PATHS[path].source if path in PATHS else ""
    return " / ".join(" ".join(note.split()) for note in notes) or ids


def _timeline(found: Sequence[World]) -> Block:
    """A row a change, with the scenarios that have it."""
    who: dict[tuple[str, ...], list[int]] = {}
    for place, world in enumerate(found):
        for row in _changes(found, world):
            who.setdefault(row, []).append(place)
    rows = [(_whose(found, places), *row) for row, places in who.items()]
    whose = [places[0] or None if len(places) == 1 else None for places in who.values()]
    names = ("scenario", "date", "where", "what", "from then on", "unit", "source")
    return table("What changes on the way", names, rows, whose)


def _changes(found: Sequence[World], world: World) -> Iterator[tuple[str, ...]]:
    for change in world.timeline:
        told = [(path, setting(value), _row(path)[1]) for path, value in change.get("set", {}).items()]
        if change.get("policies") is not None:
            told.append(("policies", ", ".join(change["policies"]) or "none", ""))
        for each in told:
            yield (change["at"], change.get("city") or "all cities", *each, _source(found, each[0]))


def _whose(found: Sequence[World], places: Sequence[int]) -> str:
    if len(found) == len(places) > 1:
        return "all"
    return ", ".join(found[place].name for place in places)


def _cities(found: Sequence[World]) -> Iterator[Block]:
    own = [
        (world.name, city, path, setting(value), *_row(path)[1:3])
        for world in found
        for city, settings in world.cities.items()
        for path, value in settings.items()
    ]
    if own:
        names = ("scenario", "city", "parameter", "value", "unit", "range")
        yield table("What single cities set", names, own)


def parameters(found: Sequence[World]) -> Section:
    """Every number of the model, with its value, range, evidence and source."""
    paths = list(dict.fromkeys([*PATHS, *(path for world in found for path in world.parameters)]))
    heads = (
        "parameter",
        *(world.name for world in found),
        "default",
        "unit",
        "range",
        "evidence",
        "source",
        "meaning",
    )
    rows = [
        (
            path,
            *(setting(world.parameters.get(path)) for world in found),
            setting(PATHS[path].default) if path in PATHS else "",
            *_row(path)[1:4],
            PATHS[path].source if path in PATHS else "",
            _row(path)[0],
        )
        for path in paths
    ]
    told = (
        "Evidence: observed in the case itself; literature: seen elsewhere and taken as a prior; assumed"
        " without a figure; tuned by hand to the funnel of Taipei's stage 1; policy: a rule of the game."
        " Source ids point to docs/evidence.md of the project."
    )
    full = table(f"All {len(paths)} numbers of the model", heads, rows, folded=True)
    return Section("parameters", "Numbers and their sources", (Text(told), full, *_notes(found)))


def _notes(found: Sequence[World]) -> Iterator[Block]:
    for place, world in enumerate(found):
        items = tuple(
            Item(f"{key}: {' '.join(str(note).split())}", place or None)
            for key, note in world.notes.items()
            if not place or note != found[0].notes.get(key)
        )
        if items:
            other = f" where they are not those of {found[0].name}" if place else ""
            title = f"Notes of {world.name} on its numbers and dates{other}"
            yield Bullets(items, title, place or None)

"""What a search is to look for: a file of levers, uncertain worlds and objectives.

A search file::

    question: Which office, which rules of testing and which tender serve the city best?
    base: taipei_2016_2021
    levers:
      pmo.staff: [5, 40]
      procurement.rule: [best_value, lowest_price]
    policies: [problem_led]
    uncertainties: {needs.arrival: [15, 40]}
    worlds: 8
    objectives: {value_delivered: more, money_wasted: less}
    thresholds: {money_wasted: 60}
    replications: 4
    most_replications: 16
    population: 24
    generations: 12
    seed: 1

*Levers* are numbers, switches and rules that can be chosen, ``policies`` such as can be in force or
not. Every candidate is run in the same worlds (points of the *uncertainties*) at the same seeds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field

from experiments import provenance, study, uncertainties
from experiments.design import Design
from experiments.study import LAST_SEED, MOST
from experiments.uncertainties import Choice, Integers, Uncertainty
from sim import posterior as posteriors
from sim.documents import Document, Section, find, read, shown
from sim.errors import nearest
from sim.parameters import Value
from sim.scenario import Scenario

Settings = Mapping[str, Value]
Method = Literal["nsga2", "nsga3"]

#: most worlds
MOST_WORLDS = 10_000
#: before the name of a policy that is a lever
POLICY = "policy."
#: significant digits of a lever that is a number: what a file of rules would say
DIGITS = 3
#: objectives from which on the search goes by reference directions unless the file says otherwise
MANY = 4


@dataclass(frozen=True, slots=True)
class Lever:
    """What can be chosen: a gene that pymoo handles, and the value that it stands for.

    Attributes:
        name: the parameter's path, or ``policy.`` and the policy's name.
        range: the values that it can have.
    """

    name: str
    range: Uncertainty

    @property
    def values(self) -> tuple[Value, ...]:
        """The values of a switch, rule or choice; none for a number with a range."""
        return tuple(self._choice.values) if isinstance(self.range.distribution, Choice) else ()

    @property
    def _choice(self) -> Choice:
        assert isinstance(self.range.distribution, Choice)
        return self.range.distribution

    @property
    def ends(self) -> tuple[int, int] | None:
        """The ends of a whole number, else nothing."""
        whole = self.range.distribution
        return (whole.low, whole.high) if isinstance(whole, Integers) else None

    def value(self, gene: float) -> Value:
        """The value of a gene: a place among ``values``, a whole number, or a share of the range."""
        if self.values:
            value = self.values[int(gene)]
            return value if isinstance(value, str | bool) else self.range.type(value)
        if self.ends:
            return int(gene)
        low, high = float(self.range.at(0.0)), float(self.range.at(1.0))
        return min(high, max(low, float(f"{float(self.range.at(float(gene))):.{DIGITS}g}")))

    def gene(self, u: float) -> float | int:
        """The gene at a share (0 to below 1) of the range."""
        if self.values:
            return min(len(self.values) - 1, int(u * len(self.values)))
        return int(self.range.at(u)) if self.ends else u


@dataclass(frozen=True)
class Search:
    """What is looked for, and how long.

    Attributes:
        name: the file's, without suffix.
        question: in words.
        base: the scenario in which the levers are changed.
        shipped: whether the base comes with the project, so that a file can extend it anywhere.
        levers: what can be chosen.
        worlds: settings of the uncertain parameters, one mapping a world.
        objectives: measure -> whether more of it is wanted (otherwise less).
        thresholds: measure -> what would do.
        replications: runs of a candidate in each world, and how many more the best get at a time.
        most: replications of those that are found.
        generations: how often candidates are made from the best.
        population: candidates of a generation, and most policies that are found.
        seed: of the search and of the first replication; the next ones follow.
        method: the algorithm of selection.
    """

    name: str
    question: str
    base: Scenario
    shipped: bool
    levers: tuple[Lever, ...]
    worlds: tuple[Settings, ...]
    objectives: Mapping[str, bool]
    thresholds: Mapping[str, float]
    replications: int
    most: int
    generations: int
    population: int
    seed: int
    method: Method

    @property
    def least(self) -> int:
        """Runs that are made whatever is found: the base, and every candidate once."""
        candidates = self.generations * self.population * self.replications
        return len(self.worlds) * (self.most + candidates)

    @property
    def resampling(self) -> int:
        """Runs at most by which the best candidates of a generation are sampled longer."""
        each = self.population * min(
            self.generations * self.replications, self.generations * (self.most - self.replications)
        )
        last = self.population * (self.most - self.replications)
        return len(self.worlds) * (each + last)

    @cached_property
    def digest(self) -> str:
        """Of all that decides the runs, but for levers, world and seed."""
        return provenance.digest(provenance.bare(provenance.specification(self.base)))

    def scenario(self, settings: Settings, name: str) -> Scenario:
        """The base under the settings of a candidate."""
        found = self.base
        for lever, value in settings.items():
            if not lever.startswith(POLICY):
                found = found.with_(lever, value)
            elif value:
                found = study.with_policy(found, lever.removeprefix(POLICY))
        return replace(found, name=name)

    def specification(self) -> dict[str, Any]:
        """The search with nothing left to look up, as plain data."""
        return {
            "name": self.name,
            "question": self.question,
            "base": provenance.specification(self.base),
            "levers": {lever.name: lever.range.told() for lever in self.levers},
            "worlds": [dict(world) for world in self.worlds],
            "objectives": {name: "more" if more else "less" for name, more in self.objectives.items()},
            "thresholds": dict(self.thresholds),
            "replications": [self.replications, self.most],
            "generations": self.generations,
            "population": self.population,
            "seed": self.seed,
            "method": self.method,
        }


# --- what a file may say ------------------------------------------------------------------------


class _File(Section):
    question: str = Field(min_length=1)
    base: str = Field(min_length=1)
    levers: dict[str, Any] = Field(default={})
    policies: list[str] = Field(default=[])
    uncertainties: dict[str, Any] = Field(default={})
    worlds: int | str = 1
    objectives: dict[str, Literal["more", "less"]]
    thresholds: dict[str, float] = Field(default={})
    replications: int = 4
    most_replications: int = 0
    generations: int = 10
    population: int = 24
    seed: int = 1
    set: dict[str, Any] = Field(default={})
    method: Method | None = None


class _Source(NamedTuple):
    place: Traversable
    document: Document
    said: _File


#: the least and the largest value of each number of a file
_LIMITS = {
    "worlds": (1, MOST_WORLDS),
    "replications": (2, 10_000),
    "generations": (1, 10_000),
    "population": (4, 1_000),
    "seed": (0, LAST_SEED - 1_000_000),
}


def load(name_or_path: str | Path) -> Search:
    """The search of that name, or in the file at that path.

    Raises:
        ScenarioError: there is no such file, or it, or the file of its base, is not valid.
    """
    place = find(str(name_or_path), files("experiments").joinpath("studies"), Path(), "search")
    document = read(place)
    source = _Source(place, document, document.as_(_File))
    _check_numbers(source)
    base, shipped = _base(source, study.named(place, document, source.said.base, "base"))
    levers = (*_levers(source), *_policies(source, base))
    if not levers:
        raise document.error("there is nothing to choose: give 'levers' or 'policies'", "levers")
    objectives = _objectives(source)
    said = source.said
    search = Search(
        name=place.name.removesuffix(".yml").removesuffix(".yaml"),
        question=said.question,
        base=base,
        shipped=shipped,
        levers=levers,
        worlds=tuple(_worlds(source, {lever.name for lever in levers}, base.given)),
        objectives=objectives,
        thresholds=_thresholds(source),
        replications=said.replications,
        most=said.most_replications or 4 * said.replications,
        generations=said.generations,
        population=said.population,
        seed=said.seed,
        method=said.method or ("nsga3" if len(objectives) >= MANY else "nsga2"),
    )
    _check_size(source, search)
    return search


def _check_size(source: _Source, search: Search) -> None:
    runs = search.least + search.resampling
    if runs > MOST:
        problem = f"makes up to {runs:,} runs; at most {MOST:,} are possible"
        raise source.document.error(problem, "generations")


def _check_numbers(source: _Source) -> None:
    said = source.said
    for key, (least, most) in _LIMITS.items():
        value = getattr(said, key)
        if isinstance(value, int) and not least <= value <= most:
            raise source.document.error(f"must lie between {least:,} and {most:,}, not {value:,}", key)
    if "most_replications" in said.model_fields_set and said.most_replications < said.replications:
        problem = f"must be at least {said.replications}, as many as 'replications'"
        raise source.document.error(problem, "most_replications")


def _base(source: _Source, base: Scenario) -> tuple[Scenario, bool]:
    """The base with what the file sets, and whether it is one that comes with the project."""
    from sim.scenario import available
    from sim.scenario import load as scenario

    shipped = base.name in available() and scenario(base.name) == base
    return study.changed(source.document, base, source.said.set), shipped


def _levers(source: _Source) -> Iterator[Lever]:
    for found in uncertainties.parsed(source.document, source.said.levers, "levers"):
        if found.distribution.kind in ("normal", "triangular"):
            problem = "a lever is chosen, so it has a range or values: no value is likelier than another"
            raise source.document.error(problem, "levers", found.path)
        if found.path in source.said.set:
            raise source.document.error("is a lever of this search, so it cannot be set", "set", found.path)
        yield Lever(found.path, found)


def _policies(source: _Source, base: Scenario) -> Iterator[Lever]:
    from sim.policies import POLICIES

    for index, name in enumerate(source.said.policies):
        if name not in POLICIES:
            hint = nearest(name, POLICIES) or f"; known are {', '.join(sorted(POLICIES))}"
            raise source.document.error(f"unknown policy {shown(name)}{hint}", "policies", index)
        if name in source.said.policies[:index]:
            raise source.document.error(f"'{name}' is given twice", "policies", index)
        if name in base.policies:
            raise source.document.error(f"'{name}' is in force in the base already", "policies", index)
        switch = Choice(kind="choice", values=[False, True])
        yield Lever(POLICY + name, Uncertainty(POLICY + name, switch, bool))


def _worlds(source: _Source, levers: set[str], given: frozenset[str]) -> Iterator[Settings]:
    said, document = source.said, source.document
    unsure = uncertainties.parsed(document, said.uncertainties, "uncertainties")
    for each in unsure:
        if each.path in levers:
            raise document.error("is a lever, so it cannot be uncertain", "uncertainties", each.path)
        if each.path in said.set:
            raise document.error("is an uncertainty, so it cannot be set", "set", each.path)
    if isinstance(said.worlds, str) and said.worlds in posteriors.available():
        return _drawn(source, said.worlds, unsure, given | levers)
    if isinstance(said.worlds, str):
        return _listed(source, said.worlds, unsure, levers)
    if not unsure:
        if said.worlds > 1:
            raise document.error("has no uncertainties in which worlds could differ", "worlds")
        return iter([{}])
    if said.worlds < 2:
        problem = "need 'worlds': in how many of them, 2 or more, is every candidate tried?"
        raise document.error(problem, "uncertainties")
    return Design("sobol", said.worlds).over(unsure, said.seed)


def _listed(
    source: _Source, file: str, unsure: tuple[Uncertainty, ...], levers: set[str]
) -> Iterator[Settings]:
    """The worlds in a table, such as the draws of a posterior."""
    rows = list(study.points(source.place, source.document, file, unsure, "worlds"))
    for path in rows[0]:
        if path in levers or path in source.said.set:
            what = "a lever" if path in levers else "set by this search"
            raise source.document.error(f"{file}: {path} is {what}, so it cannot be uncertain", "worlds")
    if len(rows) > MOST_WORLDS:
        raise source.document.error(
            f"{file}: has {len(rows):,} rows; at most {MOST_WORLDS:,} are possible", "worlds"
        )
    return iter(rows)


def _drawn(
    source: _Source, name: str, unsure: tuple[Uncertainty, ...], fixed: frozenset[str]
) -> Iterator[Settings]:
    """The draws of a posterior; what is set or chosen is not drawn."""
    if unsure:
        problem = f"a search has either these or the draws of '{name}' for worlds"
        raise source.document.error(problem, "uncertainties")
    rows = posteriors.posterior(name).rows
    return ({path: value for path, value in row.items() if path not in fixed} for row in rows)


def _objectives(source: _Source) -> dict[str, bool]:
    from analysis.measures import MEASURES

    for name in source.said.objectives:
        if name not in MEASURES:
            hint = nearest(name, MEASURES) or f"; known are {', '.join(MEASURES)}"
            raise source.document.error(f"unknown measure{hint}", "objectives", name)
    if len(source.said.objectives) < 2:
        raise source.document.error("there is nothing to trade off: give two or more", "objectives")
    return {name: wanted == "more" for name, wanted in source.said.objectives.items()}


def _thresholds(source: _Source) -> dict[str, float]:
    for name in source.said.thresholds:
        if name not in source.said.objectives:
            hint = nearest(name, source.said.objectives)
            raise source.document.error(f"is no objective of this search{hint}", "thresholds", name)
    return dict(source.said.thresholds)


# --- what stays as it is ------------------------------------------------------------------------


def notes(search: Search) -> Iterator[str]:
    """What the reader of the results ought to know of levers that do not reach everything."""
    paths = [*(lever.name for lever in search.levers), *search.worlds[0]]
    for path in paths:
        change = next((change for change in search.base.timeline if path in change.set), None)
        if change is not None:
            yield f"{path} holds until {change.at}, when the timeline of {search.base.name} changes it"
        city = next((city for city, own in search.base.cities.items() if path in own), None)
        if city is not None:
            yield f"{path} does not reach {city}, which sets it for itself"


def key(settings: Settings) -> str:
    """A candidate as one word, the same for the same settings."""
    return json.dumps(dict(settings), sort_keys=True)

"""Where a room starts and what it changes: a base and settings of levers, as a scenario and as a file.

A setting holds for the whole run in every city. What the base changes of the same number later, or in one
city, does not happen then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from experiments.scenario_file import whole, written
from experiments.workshop.levers import LEVERS, Lever
from experiments.workshop.limits import LimitError
from sim.conditions import Conditions, Situation, under
from sim.errors import InputError, ParameterError, ScenarioError, nearest
from sim.parameters import PATHS, Parameters, Value
from sim.policies import POLICIES
from sim.scenario import Change, Scenario, available, load, load_text

#: scenario files of a session's own at most, and characters of their names
UPLOADS, LONGEST = 10, 60

#: in which what a policy does is looked at
_CALM = Situation(days=0.0, support=0.7, reputation=0.5, waiting=0, pocs=0)


class Shelf:
    """The scenarios that a session can start from: shipped ones, and texts of its own."""

    def __init__(self, texts: Mapping[str, str] | None = None) -> None:
        self._own: dict[str, str] = {}
        self._known: dict[str, Scenario] = {}
        for name, text in (texts or {}).items():
            self.add(name, text)

    @property
    def own(self) -> Mapping[str, str]:
        """The session's own texts by name; not to be changed."""
        return MappingProxyType(self._own)

    def names(self) -> list[str]:
        """All that :meth:`load` knows: shipped ones, then the session's own."""
        return [*available(), *self._own]

    def load(self, name: str) -> Scenario:
        """The scenario of that name; no file but shipped ones is read.

        Raises:
            ScenarioError: there is none.
        """
        if name not in self._known:
            self._known[name] = self._loaded(name)
        return self._known[name]

    def _loaded(self, name: str) -> Scenario:
        if name in self._own:
            return load_text(name, self._own)
        if name not in available():
            raise ScenarioError(f"unknown scenario '{name}'{nearest(name, self.names())}")
        return load(name)

    def add(self, name: str, text: str) -> None:
        """Take a scenario file in; one of the same name is replaced.

        Args:
            name: under which it stands here; without suffix.
            text: its content. It may extend shipped scenarios and those that are here already.

        Raises:
            ScenarioError: the text is no valid scenario, or the name is that of a shipped one.
            LimitError: there are too many, or the name cannot be used.
        """
        named(name)
        if name in available():
            raise ScenarioError("there is a scenario of that name already", file=name)
        if name not in self._own and len(self._own) >= UPLOADS:
            raise LimitError(f"at most {UPLOADS} scenario files", "limit.uploads", most=UPLOADS)
        texts = {**self._own, name: text}
        if not _encodable(text):
            raise ScenarioError("must be UTF-8 text; save it in that encoding", file=name)
        made = {each: load_text(each, texts) for each in texts}
        self._own, self._known = texts, {**self._known, **made}


def named(name: str) -> str:
    """The name, if a scenario can stand under it on a shelf.

    Raises:
        LimitError: it cannot.
    """
    if not (0 < len(name) <= LONGEST and name.isprintable() and name == name.strip() and _encodable(name)):
        raise LimitError(f"a name must have 1 to {LONGEST} characters", "limit.name")
    if name.startswith(".") or set(name) & set("/\\"):
        raise LimitError("a name must not have slashes or begin with a dot", "limit.name")
    return name


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True)
class Policy:
    """What a room wants: a start, and settings of levers that differ from it.

    Attributes:
        base: name of the scenario from which it starts.
        settings: by lever id; each of the type that its lever has.
    """

    base: str
    settings: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            ParameterError: there is no such lever, or it cannot be set to that.
        """
        checked = {name: lever(name).checked(value) for name, value in self.settings.items()}
        object.__setattr__(self, "settings", MappingProxyType(checked))

    def plain(self) -> dict[str, Any]:
        """The policy as plain data."""
        return {"base": self.base, "settings": dict(self.settings)}

    def __getstate__(self) -> dict[str, Any]:
        return self.plain()

    def scenario(self, shelf: Shelf, name: str = "") -> Scenario:
        """The scenario that this policy is, for the whole run in every city.

        Args:
            shelf: where the base stands.
            name: of the scenario; the base's unless given.

        Raises:
            ScenarioError: there is no such base.
            InputError: a policy of the base decides about a lever that is set.
        """
        base = shelf.load(self.base)
        policies = self._policies(base.policies)
        for change in base.timeline:
            self._refuse_decided(base, self._policies(change.policies or ()))
        self._refuse_decided(base, policies)
        made = replace(
            base,
            name=name or base.name,
            cities={city: self._rest(settings) for city, settings in base.cities.items()},
            policies=policies,
            timeline=tuple(self._changes(base.timeline)),
        )
        for path, value in self._numbers().items():
            made = made.with_(path, value)
        return made

    def text(self, shelf: Shelf, question: str, name: str) -> str:
        """A scenario file with the same meaning; loading it gives an equal scenario.

        It extends the base where that is a shipped one of which no later change falls away; otherwise it
        stands by itself.

        Args:
            shelf: where the base stands.
            question: that the file answers; the base's where it is empty.
            name: of the file, for its first line.

        Raises:
            ScenarioError: there is no such base.
            InputError: a policy of the base decides about a lever that is set.
        """
        base = shelf.load(self.base)
        made = replace(self.scenario(shelf), question=question.strip() or base.question, notes={})
        first = f"# {' '.join(name.split())}\n" if name.isprintable() and name.strip() else ""
        if self.base in available() and made.timeline == base.timeline:
            said = self._extending(base, made)
        else:
            given = {path: made.parameters.at(path) for path in PATHS if path in made.given}
            said = whole(made, given)
        return first + written(said, quoted=True)

    def _extending(self, base: Scenario, made: Scenario) -> dict[str, Any]:
        said: dict[str, Any] = {"question": made.question, "extends": self.base}
        if made.cities != base.cities:
            said["cities"] = {city: dict(own) for city, own in made.cities.items()}
        if made.policies != base.policies:
            said["policies"] = list(made.policies)
        if self._numbers():
            said["set"] = self._numbers()
        return said

    def _numbers(self) -> dict[str, Value]:
        return {name: value for name, value in self.settings.items() if not LEVERS[name].policy}

    def _rest(self, settings: Mapping[str, Value]) -> dict[str, Value]:
        """What others set that this policy does not."""
        return {path: value for path, value in settings.items() if path not in self.settings}

    def _policies(self, before: tuple[str, ...]) -> tuple[str, ...]:
        switched = {LEVERS[name].policy: on for name, on in self.settings.items() if LEVERS[name].policy}
        kept = [name for name in before if switched.get(name, True)]
        return (*kept, *(name for name, on in switched.items() if on and name not in kept))

    def _changes(self, timeline: tuple[Change, ...]) -> Iterator[Change]:
        """The changes of the base without what is set here; those that then change nothing fall away."""
        for change in timeline:
            policies = None if change.policies is None else self._policies(change.policies)
            rest = self._rest(change.set)
            if rest or policies is not None:
                yield replace(change, set=rest, policies=policies)

    def _refuse_decided(self, base: Scenario, policies: tuple[str, ...]) -> None:
        for path, value in self._numbers().items():
            for name in policies:
                if _under((name,), base.parameters.with_(path, value), path) != value:
                    raise InputError(f"the scenario's policy '{name}' already decides about it", key=path)


def lever(name: str) -> Lever:
    """The lever of that id.

    Raises:
        ParameterError: there is none.
    """
    if name not in LEVERS:
        raise ParameterError(f"is no lever{nearest(name, LEVERS)}", key=name)
    return LEVERS[name]


def values(shelf: Shelf, base: str) -> dict[str, Value]:
    """Where every lever stands at the start of a base.

    Where cities differ it is the first city's value.

    Args:
        shelf: where the base stands.
        base: its name.

    Returns:
        Lever id -> value.

    Raises:
        ScenarioError: there is no such base.
    """
    scenario = shelf.load(base)
    parameters = scenario.parameters
    for path, value in next(iter(scenario.cities.values()), {}).items():
        parameters = parameters.with_(path, value)
    return {
        name: each.policy in scenario.policies if each.policy else _under(scenario.policies, parameters, name)
        for name, each in LEVERS.items()
    }


def _under(policies: tuple[str, ...], parameters: Parameters, path: str) -> Value:
    """The number as policies in force leave it in a calm situation."""
    if not policies or PATHS[path].evidence != "policy":
        return parameters.at(path)
    return under(tuple(POLICIES[name]() for name in policies), Conditions.of(parameters), _CALM).at(path)

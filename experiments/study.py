"""A study: which levers are tried, over which uncertainties, for which outcomes (XLRM).

A study file::

    question: Does problem-led intake win whatever the staff?
    levers: [taipei_stage1_bottom_up, taipei_stage2_problem_led]
    uncertainties: {pmo.staff: [5, 30]}
    outcomes: [proposal_to_poc, money_wasted]
    design: {kind: lhs, points: 64}
    replications: 20
    seed: 1

*Levers* are what one can choose: scenarios, or policies added to the scenario that ``base`` names.
*Uncertainties* are what one cannot: parameters with distributions. *Outcomes* are what one wants to
know: measures. ``set``, ``start`` and ``end`` hold for every lever.

A job is one run: a lever, a point of the design, a replication. Its id says everything that
decides the run, so a study that was extended knows its old jobs again. A replication has the same
seed at every point and for every lever, so that they can be compared in pairs.

In place of uncertainties a study may name a ``posterior``: its points are draws of that, which replace
defaults only, as everywhere. Then each point has seeds of its own, those that have its draw in runs of a
scenario under that posterior, so that luck does not move all points alike.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import Field

import sim.posterior
from experiments import provenance, uncertainties
from experiments.design import Design, Kind, Point
from experiments.uncertainties import Uncertainty
from sim.documents import Document, Section, find, read, shown
from sim.errors import ParameterError, ScenarioError, nearest
from sim.parameters import Value
from sim.posterior import REPLICATES, Posterior
from sim.posterior import points as read_points
from sim.scenario import LONGEST, Change, Scenario, load

#: most runs of a study
MOST = 10_000_000
#: the largest seed: seeds are kept as 64-bit integers
LAST_SEED = 2**63 - 1

#: for each design the keys that it needs, and those that it may have with their values otherwise
KEYS: dict[str, tuple[tuple[str, ...], dict[str, int]]] = {
    "full_factorial": (("levels",), {}),
    "lhs": (("points",), {}),
    "sobol": (("points",), {}),
    "oat": ((), {"levels": 2}),
    "morris": (("points",), {"levels": 4}),
    "saltelli": (("points",), {}),
    "list": (("file",), {}),
    "posterior": ((), {"points": 0}),
}


class Job(NamedTuple):
    """One run of a study.

    Attributes:
        id: a digest of all that decides the run; the same in every study that has this run.
        lever: the place of its lever in the study, from 0.
        point: the number of its point in the design, from 1.
        replication: its number, from 1.
        seed: of the run.
    """

    id: str
    lever: int
    point: int
    replication: int
    seed: int


@dataclass(frozen=True)
class Study:
    """A question with everything that is needed to answer it by runs.

    Attributes:
        name: the file's, without suffix.
        question: in words.
        levers: the alternatives, each complete.
        uncertainties: the uncertain parameters.
        outcomes: the measures that the question is about.
        design: which points are looked at.
        replications: runs of every lever at every point.
        seed: of the first replication; the next ones follow.
        notes: what the reader of the results ought to know.
        posterior: the posterior that points are draws of.
    """

    name: str
    question: str
    levers: tuple[Scenario, ...]
    uncertainties: tuple[Uncertainty, ...]
    outcomes: tuple[str, ...]
    design: Design
    replications: int
    seed: int
    notes: tuple[str, ...] = ()
    posterior: Posterior | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """The parameters that points set."""
        if self.uncertainties or not self.design.rows:
            return tuple(each.path for each in self.uncertainties)
        return tuple(self.design.rows[0])

    @property
    def points(self) -> int:
        """The number of points."""
        return self.design.size(self.uncertainties)

    @property
    def size(self) -> int:
        """The number of jobs."""
        return len(self.levers) * self.points * self.replications

    def at(self) -> Iterator[Point]:
        """The points, in order."""
        return self.design.over(self.uncertainties, self.seed)

    def settings(self, lever: int) -> Iterator[Point]:
        """The points as they reach a lever: a draw of a posterior does not replace what that sets."""
        if self.posterior is None:
            return self.at()
        given = self.levers[lever].given
        return ({path: value for path, value in row.items() if path not in given} for row in self.at())

    def seed_of(self, point: int, replication: int) -> int:
        """The seed of a replication at a point; both count from 1."""
        if self.posterior is None:
            return self.seed + replication - 1
        turns, place = divmod(replication - 1, REPLICATES)
        return self.seed + REPLICATES * (turns * len(self.posterior.rows) + point - 1) + place

    def jobs(self) -> Iterator[Job]:
        """Every run, ordered by lever, point, replication."""
        for lever, scenario in enumerate(self.levers):
            told, seen = (
                provenance.digest(provenance.bare(provenance.specification(scenario))),
                Counter[str](),
            )
            for point, settings in enumerate(self.settings(lever), 1):
                content = f"{told} {json.dumps(settings, sort_keys=True)}"
                for replication in range(1, self.replications + 1):
                    seed = self.seed_of(point, replication)
                    # a design may have a point twice, and each of the two has runs of its own
                    key = hashlib.blake2b(f"{content} {seed} {seen[content]}".encode(), digest_size=10)
                    yield Job(key.hexdigest(), lever, point, replication, seed)
                seen[content] += 1

    def specification(self) -> dict[str, Any]:
        """The study with nothing left to look up, as plain data."""
        return {
            "name": self.name,
            "question": self.question,
            "levers": {lever.name: provenance.specification(lever) for lever in self.levers},
            "uncertainties": {each.path: each.told() for each in self.uncertainties},
            "outcomes": list(self.outcomes),
            "design": _told(self.design),
            "replications": self.replications,
            "seed": self.seed,
            "posterior": self.posterior and self.posterior.name,
        }


def _told(design: Design) -> dict[str, Any]:
    said = {"kind": design.kind, "points": design.points, "levels": design.levels, "rows": list(design.rows)}
    return {key: value for key, value in said.items() if value}


# --- what a file may say ------------------------------------------------------------------------


class _Design(Section):
    kind: Kind
    points: int = 0
    levels: int = 0
    file: str = ""


class _File(Section):
    question: str = Field(min_length=1)
    base: str = ""
    levers: list[str] = Field(min_length=1)
    uncertainties: dict[str, Any] = Field(default={})
    outcomes: list[str] = Field(default=[])
    posterior: str = ""
    design: _Design | None = None
    replications: int = 1
    seed: int = 1
    set: dict[str, Any] = Field(default={})
    start: dt.date = dt.date.min
    end: dt.date = dt.date.max


class _Source(NamedTuple):
    """A study file: where it is, what is in it."""

    place: Traversable
    document: Document
    said: _File

    def gives(self, key: str) -> bool:
        return key in self.said.model_fields_set


def load_study(
    name_or_path: str | Path, settings: Mapping[str, Value] | None = None, posterior: str | None = None
) -> Study:
    """The study of that name, or in the file at that path.

    Args:
        name_or_path: a file, or the name of a study that comes with the project.
        settings: numbers to set for every lever, beside those that the file sets.
        posterior: the posterior whose draws are the points; that of the file unless given.

    Raises:
        ScenarioError: there is no such file, or it, or a lever's or posterior's file, is not valid.
        ParameterError: one of ``settings`` cannot be set.
    """
    place = find(str(name_or_path), files("experiments").joinpath("studies"), Path(), "study")
    document = read(place)
    source = _Source(place, document, document.as_(_File))
    unsure = uncertainties.parsed(document, source.said.uncertainties, "uncertainties")
    sample = _sample(source) if posterior is None else sim.posterior.posterior(posterior)
    design = _design(source, unsure) if sample is None else _draws(source, sample)
    levers = tuple(_adjusted(source, lever, settings or {}) for lever in _levers(source))
    if sample is not None:
        levers = tuple(lever.under(None) for lever in levers)
    study = Study(
        name=place.name.removesuffix(".yml").removesuffix(".yaml"),
        question=source.said.question,
        levers=levers,
        uncertainties=unsure,
        outcomes=_outcomes(source),
        design=design,
        replications=source.said.replications,
        seed=source.said.seed,
        posterior=sample,
    )
    _check_size(source, study)
    _check_settings(source, study, settings or {})
    return replace(study, notes=tuple(_notes(study, [*source.said.set, *(settings or {})])))


# --- levers -------------------------------------------------------------------------------------


def _levers(source: _Source) -> Iterator[Scenario]:
    base = _scenario(source, source.said.base, "base") if source.gives("base") else None
    first: dict[str, int] = {}
    for index, name in enumerate(source.said.levers):
        lever = _lever(source, base, name, index)
        if first.setdefault(lever.name, index) != index:
            raise source.document.error(f"'{lever.name}' is given twice", "levers", index)
        yield lever


def _lever(source: _Source, base: Scenario | None, name: str, index: int) -> Scenario:
    from sim.policies import POLICIES

    if base is not None and name in POLICIES:
        return with_policy(base, name)
    try:
        return _scenario(source, name, "levers", index)
    except ScenarioError as error:
        if name in POLICIES:
            problem = f"'{name}' is a policy; give the scenario to which it is added as 'base'"
            raise source.document.error(problem, "levers", index) from None
        raise error


def with_policy(base: Scenario, policy: str) -> Scenario:
    """The base with a policy more from the start to the end, under the policy's name."""

    def more(policies: Sequence[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*policies, policy)))

    def kept(change: Change) -> Change:
        return change if change.policies is None else replace(change, policies=more(change.policies))

    timeline = tuple(kept(change) for change in base.timeline)
    return replace(base, name=policy, policies=more(base.policies), timeline=timeline)


def _scenario(source: _Source, name: str, *place: str | int) -> Scenario:
    return named(source.place, source.document, name, *place)


def near(file: Traversable, name: str) -> str | Path:
    """The file of that name beside a study file, if there is one, else the name."""
    beside = [file.parent / f"{name}{end}" for end in ("", ".yaml", ".yml")] if isinstance(file, Path) else []
    return next((path for path in beside if path.is_file()), name)


def changed(document: Document, scenario: Scenario, settings: Mapping[str, Any]) -> Scenario:
    """The scenario with the numbers that stand under ``set`` of a study file.

    Raises:
        ScenarioError: one of them cannot be set.
    """
    for path, value in settings.items():
        try:
            scenario = scenario.with_(path, value)
        except ParameterError as error:
            raise document.error(error.problem, "set", path) from None
    return scenario


def named(file: Traversable, document: Document, name: str, *place: str | int) -> Scenario:
    """The scenario that a study file names at ``place``; its file is looked for beside the study, too.

    Raises:
        ScenarioError: there is no such scenario, or it is not valid.
    """
    try:
        return load(near(file, name))
    except ScenarioError as error:
        if error.line is not None:  # the mistake is in that file
            raise
        problem = f"{error.file}: {error.problem}" if error.file else error.problem
        raise document.error(problem, *place) from None


def _adjusted(source: _Source, lever: Scenario, settings: Mapping[str, Value]) -> Scenario:
    lever = changed(source.document, lever, source.said.set)
    for path, value in settings.items():
        lever = lever.with_(path, value)
    return _within(source, lever)


def _within(source: _Source, lever: Scenario) -> Scenario:
    """The lever between the study's own start and end; what comes later falls away."""
    start = source.said.start if source.gives("start") else lever.start
    end = source.said.end if source.gives("end") else lever.end
    key = "start" if source.gives("start") else "end"
    if start >= end:
        raise source.document.error(f"'{lever.name}' would run from {start} to {end}", key)
    if (end - start).days > LONGEST * 365.25:
        raise source.document.error(f"a run is at most {LONGEST} years long: {start} to {end}", key)
    early = next((change for change in lever.timeline if change.at < start), None)
    if early is not None:
        problem = f"lies after {early.at}, when the timeline of '{lever.name}' changes something"
        raise source.document.error(problem, "start")
    return replace(
        lever,
        start=start,
        end=end,
        elections=tuple(day for day in lever.elections if start <= day <= end),
        timeline=tuple(change for change in lever.timeline if change.at <= end),
    )


# --- outcomes, design, size ---------------------------------------------------------------------


def _outcomes(source: _Source) -> tuple[str, ...]:
    from analysis.measures import MEASURES

    if not source.gives("outcomes"):
        return tuple(MEASURES)
    for index, name in enumerate(source.said.outcomes):
        if name not in MEASURES:
            hint = nearest(name, MEASURES) or f"; known are {', '.join(MEASURES)}"
            raise source.document.error(f"unknown measure {shown(name)}{hint}", "outcomes", index)
        if name in source.said.outcomes[:index]:
            raise source.document.error(f"'{name}' is given twice", "outcomes", index)
    return tuple(source.said.outcomes)


def _design(source: _Source, unsure: Sequence[Uncertainty]) -> Design:
    said = source.said.design
    if said is None:
        if unsure:
            problem = f"is missing: which points of the uncertainties? kinds are {', '.join(get_args(Kind))}"
            raise source.document.error(problem, "design")
        return Design("list", rows=({},))
    _check_keys(source, said)
    if said.kind == "posterior":
        raise source.document.error(
            "needs the key 'posterior', the sample that is drawn from", "design", "kind"
        )
    if said.kind == "list":
        return Design(
            "list", rows=tuple(points(source.place, source.document, said.file, unsure, "design", "file"))
        )
    if not unsure:
        raise source.document.error("has no uncertainties to choose points of", "design")
    return Design(said.kind, said.points, said.levels or KEYS[said.kind][1].get("levels", 0))


def _sample(source: _Source) -> Posterior | None:
    if not source.gives("posterior"):
        return None
    return sample(source.place, source.document, source.said.posterior, "posterior")


def sample(file: Traversable, document: Document, name: str, *place: str) -> Posterior:
    """The posterior that a study file names at ``place``: a shipped one, or one beside the study.

    Raises:
        ScenarioError: there is no such posterior, or it is not valid.
    """
    beside = file.parent if isinstance(file, Path) else sim.posterior.shipped()
    try:
        found = find(name, sim.posterior.shipped(), beside, "posterior", sim.posterior.SUFFIXES)
    except ScenarioError as error:
        problem = f"{error.file}: {error.problem}" if error.file else error.problem
        raise document.error(problem, *place) from None
    return sim.posterior.read(found)


def _draws(source: _Source, sample: Posterior) -> Design:
    """The first draws of a posterior: as many as the design asks for, or all of them."""
    said = source.said.design or _Design(kind="posterior")
    if source.said.uncertainties:
        problem = "a study has either these or a posterior, from which its points are drawn"
        raise source.document.error(problem, "uncertainties")
    if said.kind != "posterior":
        raise source.document.error("must be 'posterior' where points are drawn from one", "design", "kind")
    _check_keys(source, said)
    if said.points > len(sample.rows):
        problem = f"{sample.name} has {len(sample.rows)} draws, so there cannot be {said.points} points"
        raise source.document.error(problem, "design", "points")
    rows = sample.rows[: said.points or None]
    return Design("posterior", len(rows), rows=rows)


def _check_keys(source: _Source, said: _Design) -> None:
    needed, optional = KEYS[said.kind]
    given = said.model_fields_set - {"kind"}
    for key in needed:
        if key not in given:
            raise source.document.error(f"'{key}' is missing; '{said.kind}' needs it", "design", key)
    for key in sorted(given - {*needed, *optional}):
        raise source.document.error(f"does not belong to a design of kind '{said.kind}'", "design", key)
    least = 2 if said.kind in ("full_factorial", "morris") else 1
    for key, lowest in (("points", 1), ("levels", least)):
        if key in given and getattr(said, key) < lowest:
            raise source.document.error(f"must be at least {lowest}, not {getattr(said, key)}", "design", key)
    if said.kind == "morris" and said.levels % 2:
        raise source.document.error(
            "must be an even number, so that every jump stays on the grid", "design", "levels"
        )


def _check_size(source: _Source, study: Study) -> None:
    if study.replications < 1:
        raise source.document.error(f"must be at least 1, not {study.replications}", "replications")
    if study.seed < 0 or study.seed_of(study.points, study.replications) > LAST_SEED:
        raise source.document.error(f"seeds go from 0 to {LAST_SEED}", "seed")
    if study.size > MOST:
        key = "design" if study.points > study.replications else "replications"
        raise source.document.error(f"makes {study.size:,} runs; at most {MOST:,} are possible", key)


def _check_settings(source: _Source, study: Study, settings: Mapping[str, Value]) -> None:
    """What is uncertain cannot be set as well; what is drawn from a posterior can."""
    if study.posterior is not None:
        return
    for path in study.paths:
        if path in source.said.set:
            raise source.document.error("is an uncertainty of this study, so it cannot be set", "set", path)
        if path in settings:
            raise ParameterError("is an uncertainty of this study, so it cannot be set", key=f"--set {path}")


# --- a design from a table ----------------------------------------------------------------------


def points(
    place: Traversable, document: Document, name: str, unsure: Sequence[Uncertainty], *at: str
) -> Sequence[Point]:
    """The points in a CSV file: the first line names parameters, every other line is a point.

    Args:
        place: the study file, beside which the CSV file lies.
        document: what is in it.
        name: of the CSV file.
        unsure: what the points have to set; anything where there are none.
        at: the key of the study file that names the CSV file.

    Raises:
        ScenarioError: there is no such file, or it is not valid.
    """
    rows = read_points(name, _text(place, document, name, *at))
    if unsure and {each.path for each in unsure} != set(rows[0]):
        wanted = ", ".join(each.path for each in unsure)
        raise ScenarioError(f"must name the uncertainties of the study: {wanted}", file=name, line=1)
    return rows


def _text(place: Traversable, document: Document, name: str, *at: str) -> str:
    path = place.parent / name if isinstance(place, Path) else Path(name)
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        problem = f"{name}: cannot be read: {error.strerror}"
    except ValueError:
        problem = f"{name}: must be UTF-8 text; save it in that encoding"
    raise document.error(problem, *at)


# --- notes --------------------------------------------------------------------------------------


def reach(path: str, scenario: Scenario) -> Iterator[str]:
    """Until when, and in which city, a number that is set for a scenario does not hold."""
    change = next((change for change in scenario.timeline if path in change.set), None)
    if change is not None:
        yield f"{path} holds in '{scenario.name}' until {change.at}, when its timeline changes it"
    city = next((city for city, own in scenario.cities.items() if path in own), None)
    if city is not None:
        yield f"{path} does not reach {city} in '{scenario.name}', which sets it for itself"


def _notes(study: Study, settings: Sequence[str]) -> Iterator[str]:
    for path in (*study.paths, *settings):
        for lever in study.levers:
            yield from reach(path, lever)
    if study.posterior is not None:
        yield from _undrawn(study)
        return
    for path in study.paths:
        values = {lever.name: lever.parameters.at(path) for lever in study.levers}
        if len(set(values.values())) > 1 and study.design.kind != "oat":
            told = ", ".join(f"{name}: {value}" for name, value in values.items())
            yield f"{path} differs between the levers ({told}); at every point it is the same for all of them"


def _undrawn(study: Study) -> Iterator[str]:
    name = study.posterior and study.posterior.name
    for lever in study.levers:
        if mine := [path for path in study.paths if path in lever.given]:
            what = ", ".join(mine)
            yield f"{what} in '{lever.name}', which sets it itself, is not drawn from {name}"

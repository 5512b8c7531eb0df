"""Where results come from: everything that decides them, as plain data and as one fingerprint."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from importlib import metadata
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.parameters import PATHS, Parameters, rows

if TYPE_CHECKING:
    from sim.posterior import Posterior
    from sim.scenario import Change, Scenario

#: the libraries whose version may matter to somebody who runs it again
LIBRARIES = ("mesa", "networkx", "numpy", "scipy", "pandas", "pyarrow", "pydantic", "matplotlib")

#: what a specification says that no run depends on
REMARKS = frozenset({"question", "notes", "observed"})


def specification(scenario: Scenario) -> dict[str, Any]:
    """The scenario with nothing left to look up: every number, the timeline, the policies."""
    return {
        "name": scenario.name,
        "question": scenario.question,
        "start": scenario.start.isoformat(),
        "end": scenario.end.isoformat(),
        "elections": [day.isoformat() for day in scenario.elections],
        "cities": {city: dict(settings) for city, settings in scenario.cities.items()},
        "policies": list(scenario.policies),
        "timeline": [_change(change) for change in scenario.timeline],
        "parameters": {row.path: row.default for row in rows(scenario.parameters)},
        "notes": dict(scenario.notes),
        "observed": scenario.observed,
        "given": sorted(scenario.given),
        "posterior": None if scenario.posterior is None else _sample(scenario.posterior),
    }


def _sample(posterior: Posterior) -> dict[str, Any]:
    rows = [list(row.values()) for row in posterior.rows]
    return {"name": posterior.name, "paths": list(posterior.paths), "rows": rows}


def _change(change: Change) -> dict[str, Any]:
    return {
        "at": change.at.isoformat(),
        "set": dict(change.set),
        "policies": None if change.policies is None else list(change.policies),
        "city": change.city,
    }


def scenario(specification: Mapping[str, Any]) -> Scenario:
    """The scenario that a specification describes; the inverse of :func:`specification`.

    Specifications of before there were posteriors say nothing of them, nor of what was given.

    Raises:
        ParameterError: it names a number that this version does not have, or one out of its range.
        KeyError: it lacks a part.
    """
    from sim.scenario import Scenario

    parameters = Parameters()
    for path, value in specification["parameters"].items():
        if path not in PATHS or value != PATHS[path].default:
            parameters = parameters.with_(path, value)
    return Scenario(
        name=specification["name"],
        question=specification["question"],
        start=date.fromisoformat(specification["start"]),
        end=date.fromisoformat(specification["end"]),
        elections=tuple(map(date.fromisoformat, specification["elections"])),
        cities=specification["cities"],
        parameters=parameters,
        policies=tuple(specification["policies"]),
        timeline=tuple(map(_changed, specification["timeline"])),
        notes=specification["notes"],
        observed=specification["observed"],
        posterior=posterior(specification),
        given=frozenset(specification.get("given", ())),
    )


def posterior(specification: Mapping[str, Any]) -> Posterior | None:
    """The posterior that a specification tells of, if any.

    Raises:
        ParameterError: it names a number that this version does not have, or one out of its range.
        KeyError: it lacks a part.
    """
    from sim.posterior import Posterior

    said = specification.get("posterior")
    if said is None:
        return None
    rows = tuple(dict(zip(said["paths"], row, strict=True)) for row in said["rows"])
    for path in rows[0]:
        Parameters().with_(path, rows[0][path])  # a path that this version does not have is told here
    return Posterior(said["name"], rows)


def _changed(said: Mapping[str, Any]) -> Change:
    from sim.scenario import Change

    policies = None if said["policies"] is None else tuple(said["policies"])
    return Change(date.fromisoformat(said["at"]), said["set"], policies, said["city"])


def fingerprint(specifications: Sequence[Mapping[str, Any]], seeds: range) -> str:
    """A SHA-256 digest that is the same when, and only when, the same runs would come out.

    It covers the specifications (without remarks), the seeds and the code of the model.
    """
    told = [bare(spec) for spec in specifications]
    return digest({"scenarios": told, "seeds": [seeds.start, len(seeds)], "code": code()})


def bare(specification: Mapping[str, Any]) -> dict[str, Any]:
    """A specification without the remarks; what was given matters to a posterior alone."""
    idle = () if specification.get("posterior") else ("given", "posterior")
    return {key: part for key, part in specification.items() if key not in {*REMARKS, *idle}}


def digest(content: object) -> str:
    """The SHA-256 digest of plain data."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@cache
def code() -> str:
    """A SHA-256 digest of the source of the model: package ``sim``."""
    return _digest_of(_sources(files("sim"), "sim"))


@cache
def code_of_outcomes() -> str:
    """A digest of all that decides the outcomes of a run: the model, the measures, outside packages."""
    analysis = files("analysis")
    measures = [(f"analysis/{name}", analysis.joinpath(name)) for name in ("measures.py", "tables.py")]
    return digest([code(), _digest_of(measures), plugins()])


def _digest_of(sources: Iterable[tuple[str, Traversable]]) -> str:
    found = hashlib.sha256()
    for name, source in sorted(sources, key=lambda pair: pair[0]):
        content = source.read_bytes().replace(b"\r\n", b"\n")
        found.update(f"{name} {len(content)}\n".encode() + content)
    return found.hexdigest()


def plugins() -> dict[str, str]:
    """Installed packages that add to the registries, with their versions."""
    from sim.plugins import packages

    return packages()


def _sources(folder: Traversable, name: str) -> list[tuple[str, Traversable]]:
    found = []
    for entry in folder.iterdir():
        if entry.name.endswith(".py"):
            found.append((f"{name}/{entry.name}", entry))
        elif entry.is_dir() and entry.name != "__pycache__":
            found += _sources(entry, f"{name}/{entry.name}")
    return found


def versions() -> dict[str, str]:
    """Versions of Python, of the project and of the libraries it computes with."""
    from experiments import __version__

    return {
        "cityfunnel": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        **{name: metadata.version(name) for name in LIBRARIES},
        **plugins(),
    }


@cache
def commit() -> str | None:
    """The commit that the model's code is at, with ``+changes`` if it was changed since; if known."""
    folder = Path(str(files("sim")))
    if _git(folder, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None  # installed, or in somebody else's repository
    head, changes = _git(folder, "rev-parse", "HEAD"), _git(folder, "status", "--porcelain", "--", ".")
    return None if head is None else f"{head}+changes" if changes else head


def _git(folder: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def today() -> str:
    """The date of today, ISO 8601."""
    return date.today().isoformat()

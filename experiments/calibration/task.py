"""What a calibration is to find out: a file of a scenario, observed figures, and numbers that are not known.

A calibration file::

    question: Which numbers bring out what Taipei observed?
    base: taipei_2016_2021
    observed: taipei
    reading: M1
    uncertainties:
      bottom_up.rate:
      departments.openness: [-2, 3]
    particles: 400
    generations: 8
    epsilon: 0.7
    seed: 1

*Uncertainties* are written as in a study; their distributions are the priors, and without one a number may
lie anywhere in its own range. Figures that are marked ``calibrate`` are fitted; the rest is only watched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field

from analysis.targets import measured
from experiments import provenance, study, uncertainties
from experiments.calibration.smc import Budget
from experiments.study import LAST_SEED
from experiments.uncertainties import Choice, Uncertainty
from sim.documents import Document, Section, find, read
from sim.errors import InputError, ScenarioError
from sim.observed import Target, observed, selected
from sim.parameters import Value
from sim.scenario import Scenario


@dataclass(frozen=True)
class Calibration:
    """What is to be found out, and how long that may take.

    Attributes:
        name: the file's, without suffix.
        question: in words.
        base: the scenario in which the numbers are tried.
        observed: name of the file of figures.
        reading: of sources that contradict each other.
        targets: every figure under that reading that a run can show; those marked ``calibrate`` are fitted.
        given: figures that give a number directly, so that nothing is left to fit.
        uncertainties: numbers that are not known, each with its prior.
        budget: of the algorithm.
    """

    name: str
    question: str
    base: Scenario
    observed: str
    reading: str
    targets: tuple[Target, ...]
    given: tuple[Target, ...]
    uncertainties: tuple[Uncertainty, ...]
    budget: Budget

    @property
    def paths(self) -> tuple[str, ...]:
        """Of the numbers that are not known."""
        return tuple(each.path for each in self.uncertainties)

    @property
    def fitted(self) -> tuple[Target, ...]:
        """The figures that the numbers are to bring out."""
        return tuple(target for target in self.targets if target.fitted)

    def settings(self, shares: tuple[float, ...]) -> dict[str, Value]:
        """The numbers at these shares of their priors."""
        return {each.path: each.at(u) for each, u in zip(self.uncertainties, shares, strict=True)}

    def specification(self) -> dict[str, Any]:
        """The calibration with nothing left to look up, as plain data."""
        return {
            "name": self.name,
            "question": self.question,
            "base": provenance.specification(self.base),
            "observed": self.observed,
            "reading": self.reading,
            "targets": [target.model_dump(mode="json", exclude_none=True) for target in self.targets],
            "uncertainties": {each.path: each.told() for each in self.uncertainties},
            "budget": dict(vars(self.budget)),
        }


# --- what a file may say ------------------------------------------------------------------------


class _File(Section):
    question: str = Field(min_length=1)
    base: str = Field(min_length=1)
    observed: str = ""
    reading: str = "M1"
    uncertainties: dict[str, Any]
    particles: int = 400
    generations: int = 8
    epsilon: float = 0.0
    acceptance: float = 0.01
    quantile: float = 0.5
    seed: int = 1
    set: dict[str, Any] = Field(default={})


class _Source(NamedTuple):
    place: Traversable
    document: Document
    said: _File


#: the least and the largest value of each number of a file
_LIMITS: Mapping[str, tuple[float, float]] = {
    "particles": (8, 100_000),
    "generations": (1, 100),
    "epsilon": (0, 1_000),
    "acceptance": (0.0001, 1),
    "quantile": (0.05, 0.95),
    "seed": (0, LAST_SEED),
}


def load(name_or_path: str | Path, changes: Mapping[str, float] | None = None) -> Calibration:
    """The calibration of that name, or in the file at that path.

    Args:
        name_or_path: a file, or the name of one that comes with the project.
        changes: particles, generations or seed instead of those of the file.

    Raises:
        ScenarioError: there is no such file, or it, or one that it names, is not valid.
        InputError: a change is out of range.
    """
    place = find(str(name_or_path), files("experiments").joinpath("studies"), Path(), "calibration")
    document = read(place)
    said = document.as_(_File)
    source = _Source(place, document, said.model_copy(update=dict(changes or {})))
    _check_numbers(source, changes or {})
    base = _base(source)
    told, targets = _targets(source, base)
    said = source.said
    return Calibration(
        name=place.name.removesuffix(".yml").removesuffix(".yaml"),
        question=said.question,
        base=base,
        observed=told,
        reading=said.reading,
        targets=tuple(target for target in targets if not _unseen(target, base)),
        given=tuple(target for target in targets if target.sets is not None),
        uncertainties=_uncertainties(source),
        budget=Budget(
            said.particles, said.generations, said.epsilon, said.acceptance, said.quantile, said.seed
        ),
    )


def _check_numbers(source: _Source, changes: Mapping[str, float]) -> None:
    for key, (least, most) in _LIMITS.items():
        value = getattr(source.said, key)
        if not least <= value <= most:
            problem = f"must lie between {least:,} and {most:,}, not {value:,}"
            if key in changes:  # it is not the file that is wrong
                raise InputError(problem, key=f"--{key}")
            raise source.document.error(problem, key)


def _base(source: _Source) -> Scenario:
    base = study.named(source.place, source.document, source.said.base, "base")
    return study.changed(source.document, base, source.said.set)


def _uncertainties(source: _Source) -> tuple[Uncertainty, ...]:
    document, said = source.document, source.said
    found = uncertainties.parsed(document, said.uncertainties, "uncertainties")
    if not found:
        raise document.error("is empty: which numbers are not known?", "uncertainties")
    for each in found:
        if isinstance(each.distribution, Choice):
            problem = "has no order, so it cannot be calibrated; give each choice a calibration of its own"
            raise document.error(problem, "uncertainties", each.path)
        if each.path in said.set:
            raise document.error("is calibrated, so it cannot be set", "set", each.path)
    return found


# --- figures ------------------------------------------------------------------------------------


def _targets(source: _Source, base: Scenario) -> tuple[str, tuple[Target, ...]]:
    """The name of the file of figures, and those that hold under the reading."""
    name = source.said.observed or base.observed
    if not name:
        problem = f"is missing, and {base.name} names no file of observed figures either"
        raise source.document.error(problem, "observed")
    try:
        known = observed(study.near(source.place, name))
    except ScenarioError as error:
        if error.line is not None:
            raise
        raise source.document.error(error.problem, "observed") from None
    try:
        targets = selected(known, source.said.reading)
    except InputError as error:
        raise source.document.error(error.problem, "reading") from None
    _check_fitted(source, base, targets)
    return name, targets


def _check_fitted(source: _Source, base: Scenario, targets: tuple[Target, ...]) -> None:
    fitted = [target for target in targets if target.fitted]
    for target in fitted:
        if problem := _unseen(target, base):
            raise source.document.error(f"{target.id} is to be fitted, but {problem}", "observed")
    if not fitted:
        raise source.document.error("has no figure that is marked 'calibrate'", "observed")


def _unseen(target: Target, base: Scenario) -> str | None:
    """Why no run of the scenario can show a figure, if so."""
    if measured(target) is None:
        return f"no measure '{target.measure}'{f' of {target.of!r}' if target.of else ''} is known"
    if target.relation != "share" and not base.start <= target.date <= base.end:
        return f"its date, {target.date}, lies outside the run ({base.start} to {base.end})"
    return None


def notes(task: Calibration) -> Iterator[str]:
    """What is not fitted, and what a draw does not reach."""
    for target in task.given:
        value = task.base.parameters.at(target.sets or "")
        yield f"{target.id} is not fitted: it gives {target.sets} directly ({value:g} here)"
    for path in task.paths:
        yield from study.reach(path, task.base)

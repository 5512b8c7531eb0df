"""A sweep that was made, read back: what was asked, and one row a run of what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments import ledger, store
from experiments.design import Design
from experiments.uncertainties import KINDS, Choice, Uncertainty
from experiments.words import plural
from sim.errors import InputError, nearest
from sim.parameters import Parameters

if TYPE_CHECKING:
    import pandas as pd

#: most outcomes that are looked at without being named
MANY = 12


@dataclass(frozen=True)
class Finished:
    """A sweep of which every run was tried.

    Attributes:
        folder: of the store.
        manifest: what ``manifest.json`` says.
    """

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def study(self) -> Mapping[str, Any]:
        """The study's specification."""
        return self.manifest["study"]  # type: ignore[no-any-return]

    @property
    def levers(self) -> tuple[str, ...]:
        """Names of the levers."""
        return tuple(self.study["levers"])

    @property
    def replications(self) -> int:
        """Runs of every lever at every point."""
        return int(self.study["replications"])

    @property
    def failed(self) -> int:
        """Runs that failed, and are no rows of the table."""
        return int(self.manifest["runs"]["failed"])

    @cached_property
    def design(self) -> Design:
        """Which points were looked at."""
        said = self.study["design"]
        return Design(said["kind"], said.get("points", 0), said.get("levels", 0), tuple(said.get("rows", ())))

    @cached_property
    def uncertainties(self) -> tuple[Uncertainty, ...]:
        """The uncertain parameters with their distributions; none where the points were listed alone."""
        return tuple(_uncertainty(path, said) for path, said in self.study["uncertainties"].items())

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The parameters that the points set."""
        if self.uncertainties or not self.design.rows:
            return tuple(each.path for each in self.uncertainties)
        return tuple(self.design.rows[0])

    @cached_property
    def points(self) -> int:
        """The number of points."""
        return self.design.size(self.uncertainties)

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """One row a run that succeeded: scenario, policies, parameters, point, replication, seed, measures.

        Raises:
            StoreError: the table is missing or damaged.
        """
        return store.Store(self.folder, self.manifest).outcomes

    @cached_property
    def settings(self) -> pd.DataFrame:
        """A row a point, from 1 on, and a column a parameter; NaN at points of which no run succeeded."""
        rows = self.outcomes.drop_duplicates("point").set_index("point")[list(self.paths)]
        return rows.reindex(range(1, self.points + 1))

    def choices(self, path: str) -> tuple[Any, ...]:
        """The values that a switch, rule or choice had, in order; none for a number."""
        for each in self.uncertainties:
            if each.path == path and isinstance(each.distribution, Choice):
                return tuple(each.grid(0))
        values = list(dict.fromkeys(self.settings[path].dropna()))
        named = any(isinstance(value, str | bool) for value in values)
        return tuple(sorted(values, key=str)) if named else ()

    def measured(self, asked: Sequence[str] | None) -> tuple[str, ...]:
        """The outcomes to look at: those that are ``asked`` for, or else those of the study.

        Raises:
            InputError: one is unknown, or none was asked for and the study names too many.
        """
        known = [name for name in self.outcomes.columns if name not in not_measures(self)]
        for name in asked or ():
            if name not in known:
                raise InputError(f"unknown outcome '{name}'{nearest(name, known)}", key="--outcome")
        if not asked and len(self.study["outcomes"]) > MANY:
            number = len(self.study["outcomes"])
            raise InputError(f"the study has {number} outcomes; say which by --outcome NAME", key="--outcome")
        return tuple(dict.fromkeys(asked or self.study["outcomes"]))


def read(where: str | Path) -> Finished:
    """The finished sweep in a folder, or of a study (a file, or a name) whose results lie in ``results``.

    Raises:
        StoreError: there is none, or it is damaged.
        InputError: its runs are not all made yet.
    """
    folder = _folder(where)
    found = store.read(folder)
    if not isinstance(found.manifest.get("study"), dict):
        raise store.StoreError("holds no sweep: make one with cityfunnel sweep STUDY", file=str(folder))
    runs, name = found.manifest["runs"], found.manifest["study"]["name"]
    if runs["pending"] or "outcomes" not in found.manifest["tables"]:
        left = f"{plural(runs['pending'], 'run')} to go" if runs["pending"] else "no run succeeded"
        command = found.manifest.get("command") or f"cityfunnel sweep {name}"
        raise InputError(f"the sweep is not finished ({left}); go on with: {command}", file=str(folder))
    return Finished(folder, found.manifest)


def _folder(where: str | Path) -> Path:
    """The folder itself, or that where a sweep of the study with this name or file puts its results."""
    path = Path(where).expanduser()
    if path.is_dir() or (path.is_absolute() and not path.is_file()):
        return path
    folder = Path("results") / path.name.removesuffix(".yml").removesuffix(".yaml")
    if (folder / store.MANIFEST).is_file():
        return folder
    if path.is_file():
        raise InputError(f"has not been swept: cityfunnel sweep {where}", file=str(where))
    near = [str(each.parent) for each in Path("results").glob(f"*/{ledger.NAME}")]
    hint = nearest(str(where), near) or "; make one with cityfunnel sweep STUDY"
    raise InputError(f"is neither the folder of a sweep nor a study that was swept{hint}", file=str(where))


def _uncertainty(path: str, said: Mapping[str, Any]) -> Uncertainty:
    value = Parameters().at(path)
    return Uncertainty(path, KINDS[said["kind"]].model_validate(said), type(value))


def not_measures(sweep: Finished) -> set[str]:
    """Columns of the table of outcomes that say which run it was."""
    policies = {name for name in sweep.outcomes.columns if name.startswith("policy.")}
    return {"scenario", "point", "replication", "seed", *sweep.paths, *policies}

"""What a search found: policies by name, tables, a chart, and a scenario file for each policy.

The folder ``found`` of a search::

    manifest.json       what was asked and by what code
    policies.csv        one row a policy: levers, mean and interval of each objective, regret, thresholds
    objectives.csv      one row a policy and objective: the same in full, with the gain over the base
    worlds.csv          one row a policy and world: outcomes, regrets, whether the thresholds are met
    candidates.parquet  one row a candidate that was tried
    scenarios/          one file a policy, for cityfunnel check, run and compare
    figures/            the chart
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis import statistics
from analysis.measures import MEASURES
from analysis.pareto import Front, mean
from experiments import provenance, results, store
from experiments.scenario_file import whole, written
from experiments.search.loop import Candidate, Outcome
from experiments.search.task import POLICY, Search, Settings
from experiments.words import number, plural, setting
from sim.parameters import rows
from sim.scenario import load

if TYPE_CHECKING:
    import pandas as pd

    from sim.scenario import Scenario

FOLDER = "found"
#: of the scenario files in it
SCENARIOS = "scenarios"


@dataclass(frozen=True)
class Found:
    """The policies that a search found, and what is to be said of them.

    Attributes:
        task: what was looked for.
        policies: the settings of each, best in the first objective first.
        front: their outcomes.
        outcome: of the search.
        tried: one row a candidate that was tried: see :func:`_tried`.
    """

    task: Search
    policies: tuple[Settings, ...]
    front: Front
    outcome: Outcome
    tried: pd.DataFrame

    @classmethod
    def of(cls, task: Search, outcome: Outcome) -> Found:
        """What a search came to, with names for its policies: p01, p02 and so on."""
        chosen = [outcome.tried[place] for place in outcome.found]
        width = max(2, len(str(len(chosen))))
        names = tuple(f"p{place:0{width}}" for place in range(1, len(chosen) + 1))
        taken = set(outcome.found)
        others = [each for place, each in enumerate(outcome.tried) if place not in taken]
        long = [each.values for each in others if each.replications == task.most and not each.failed]
        front = Front(
            names=names,
            objectives=tuple(task.objectives),
            more=tuple(task.objectives.values()),
            values=np.stack([each.values for each in chosen]),
            base=outcome.base.values,
            others=np.stack(long) if long else np.empty((0, *outcome.base.values.shape)),
        )
        policies = tuple(each.settings for each in chosen)
        return cls(
            task,
            policies,
            front,
            outcome,
            _tried(task, outcome, dict(zip(outcome.found, names, strict=True))),
        )

    @cached_property
    def thresholds(self) -> tuple[float | None, ...]:
        """What would do, per objective."""
        return tuple(self.task.thresholds.get(name) for name in self.task.objectives)

    @cached_property
    def staying(self) -> np.ndarray[Any, Any]:
        """How sure it is that each policy is beaten by none (share of resamples)."""
        return self.front.staying(self.task.seed % 2**32)

    @cached_property
    def steadiest(self) -> int:
        """The place of the policy whose largest regret is smallest."""
        return int(np.argmin(self.front.worst))

    # --- tables ----------------------------------------------------------------------------------

    def by_policy(self) -> pd.DataFrame:
        """One row a policy: levers, means, standard errors, regret, thresholds."""
        import pandas as pd

        front, table = self.front, []
        meets = front.satisficing(self.thresholds) if self.task.thresholds else None
        for place, (name, settings) in enumerate(zip(front.names, self.policies, strict=True)):
            row: dict[str, Any] = {"policy": name, **settings}
            for column, objective in enumerate(front.objectives):
                row[objective] = front.levels.mean[place, column]
                row[f"{objective} ±"] = front.levels.half[place, column]
            row |= {"worst_regret": front.worst[place], "beaten_by_none": self.staying[place]}
            if meets is not None:
                row["meets_thresholds"] = meets[place].mean()
            table.append(row)
        return pd.DataFrame(table)

    def by_objective(self) -> pd.DataFrame:
        """One row a policy and objective: mean, interval, gain over the base, regret."""
        import pandas as pd

        places = product(range(len(self.front.names)), range(len(self.front.objectives)))
        return pd.DataFrame([self._judged(policy, objective) for policy, objective in places])

    def _judged(self, policy: int, objective: int) -> dict[str, Any]:
        front, name = self.front, self.front.objectives[objective]
        level, half = (float(each[policy, objective]) for each in front.levels)
        gain, wide = (float(each[policy, objective]) for each in front.gains)
        regret = front.regrets[policy, :, objective]
        return {
            "policy": front.names[policy],
            "objective": name,
            "wanted": "more" if front.more[objective] else "less",
            "unit": MEASURES[name].unit,
            "mean": level,
            "low": level - half,
            "high": level + half,
            "gain": gain,
            "gain_low": gain - wide,
            "gain_high": gain + wide,
            "regret_mean": float(mean(regret, axis=0)),
            "regret_worst": float(np.fmax.reduce(regret)),
            "runs": int((~np.isnan(front.values[policy, :, :, objective])).sum()),
        }

    def by_world(self) -> pd.DataFrame:
        """One row a policy and world: what is uncertain there, outcomes, regrets, thresholds."""
        import pandas as pd

        front, table = self.front, []
        meets = front.satisficing(self.thresholds)
        for place, name in enumerate(front.names):
            for world, settings in enumerate(self.task.worlds):
                outcomes = dict(zip(front.objectives, front.by_world[place, world], strict=True))
                regrets = zip(front.objectives, front.regrets[place, world], strict=True)
                row = {"policy": name, "world": world + 1, **settings, **outcomes}
                row |= {f"regret of {objective}": regret for objective, regret in regrets}
                table.append(
                    row | ({"meets_thresholds": meets[place, world]} if self.task.thresholds else {})
                )
        return pd.DataFrame(table)

    # --- sentences -------------------------------------------------------------------------------

    def caption(self) -> str:
        """Search, number of runs, candidates, worlds and seeds."""
        task = self.task
        last = task.seed + task.most - 1
        worlds = plural(len(task.worlds), "world")
        tried = plural(len(self.outcome.tried), "candidate")
        return (
            f"Search {task.name} · {self.outcome.runs:,} runs of {tried} in {worlds}, "
            f"seeds {task.seed} to {last}."
        )

    def sentences(self) -> Iterator[str]:
        """What was found, in words."""
        front = self.front
        for column, objective in enumerate(front.objectives):
            best = int(np.nanargmin(front.levels.mean[:, column] * front.signs[column]))
            want = "most" if front.more[column] else "least"
            level, half = front.levels.mean[best, column], front.levels.half[best, column]
            gain, wide = front.gains.mean[best, column], front.gains.half[best, column]
            yield (
                f"{front.names[best]} has the {want} {said(objective)}: {number(level)} ± {number(half)}"
                f"{_unit(objective)}, {_signed(gain)} ± {number(wide)} against {self.task.base.name}."
            )
        yield from self._robust()
        yield from self._doubts()

    def _robust(self) -> Iterator[str]:
        front, place = self.front, self.steadiest
        name = front.names[place]
        worlds = " and world" if len(self.task.worlds) > 1 else ""
        yield (
            f"{name} has the smallest worst regret: in no objective{worlds} does it lag behind the best "
            f"by more than {front.worst[place]:.0%} of the gap between the best and the worst."
        )
        if not self.task.thresholds:
            return
        meets = front.satisficing(self.thresholds)
        number_of = meets.sum(axis=1)
        best = [name for name, met in zip(front.names, number_of, strict=True) if met == number_of.max()]
        told = statistics.share(int(number_of.max()), len(self.task.worlds))
        yield (
            f"Thresholds are met in most worlds by {', '.join(best)}: in {number_of.max()} of "
            f"{len(self.task.worlds)} (95% CI {told.low:.0%} to {told.high:.0%} of such worlds)."
        )

    def _doubts(self) -> Iterator[str]:
        outcome, shown = self.outcome, len(self.front.names)
        better = [name for name, beats in zip(self.front.names, self.front.beats_base, strict=True) if beats]
        told = f"is beaten, in means, by {', '.join(better)}" if better else "is beaten by none of them"
        yield f"{self.task.base.name} itself {told}."
        if outcome.beaten_by_none > shown:
            yield (f"{outcome.beaten_by_none} candidates are beaten by none; these {shown} lie best apart.")
        unsure = [name for name, stays in zip(self.front.names, self.staying, strict=True) if stays < 0.5]
        if unsure:
            named = ", ".join(unsure)
            yield f"Luck may have put these here (beaten in half of the resamples or more): {named}."
        if outcome.exhausted:
            yield "No further candidate could be made: all that the levers allow, or nearly all, were tried."


def said(objective: str) -> str:
    """The name of a measure as one says it."""
    return objective.replace("_", " ").replace("poc", "POC")


def _unit(objective: str) -> str:
    unit = MEASURES[objective].unit
    return "" if unit == "share" else f" {unit}"


def _signed(value: float) -> str:
    return number(value) if value < 0 else f"+{number(value)}"


def _tried(task: Search, outcome: Outcome, names: Mapping[int, str]) -> pd.DataFrame:
    """One row a candidate: policy (where it is one), generation, replications, levers, means."""
    import pandas as pd

    def row(place: int, each: Candidate) -> dict[str, Any]:
        means = dict(zip(task.objectives, mean(each.values, axis=(0, 1)), strict=True))
        first = {"candidate": place + 1, "policy": names.get(place, ""), "generation": each.born}
        return {**first, "replications": each.replications, "failed": each.failed, **each.settings, **means}

    return pd.DataFrame([row(place, each) for place, each in enumerate(outcome.tried)])


# --- scenario files -------------------------------------------------------------------------------


def scenario_file(task: Search, settings: Settings, name: str, note: str) -> tuple[str, Scenario]:
    """A file of the policy, and the scenario that it describes.

    A file extends the base where that says it all; else it stands for itself, so that it can be
    taken anywhere.
    """
    wanted = task.scenario(settings, name)
    question = f"What does policy {name} do, which the search '{task.name}' found?"
    changed = {path: value for path, value in settings.items() if not path.startswith(POLICY)}
    notes = dict.fromkeys(changed, note)
    wanted = replace(wanted, question=question, notes={**wanted.notes, **notes})
    policies = {} if wanted.policies == task.base.policies else {"policies": list(wanted.policies)}
    simple = task.shipped and not any(change.policies is not None for change in task.base.timeline)
    if not simple:
        numbers = {path: value for path, _, value in wanted.differences()}
        if wanted.posterior:
            numbers |= {path: wanted.parameters.at(path) for path in sorted(wanted.given)}
        return written(whole(wanted, numbers)), wanted
    original = load(task.base.name).parameters
    moved = {row.path: row.default for row in rows(wanted.parameters) if row.default != original.at(row.path)}
    said = {
        "question": question,
        "extends": task.base.name,
        "set": {**moved, **changed},
        **policies,
        "notes": notes,
    }
    return written({key: value for key, value in said.items() if value not in ({}, [])}), wanted


# --- the folder ----------------------------------------------------------------------------------


def write(folder: Path, found: Found, command: str, *, figures: bool = True) -> Path:
    """Write what was found into the folder of the search; return where it lies.

    Raises:
        OutputError: something is in the way, or the disk is full or not to be written to.
    """
    target = store.Target(folder / FOLDER, overwrite=True)
    return store.write(target, partial(_fill, found=found, command=command, figures=figures))


def _fill(folder: Path, found: Found, command: str, figures: bool) -> dict[str, Any]:
    task = found.task
    tables = {"policies": found.by_policy(), "objectives": found.by_objective(), "worlds": found.by_world()}
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    (folder / SCENARIOS).mkdir()
    for name, settings in zip(found.front.names, found.policies, strict=True):
        file = f"{task.name}_{name}"
        text, _ = scenario_file(task, settings, file, f"Found by the search '{task.name}'.")
        (folder / SCENARIOS / f"{file}.yaml").write_text(text, encoding="utf-8")
    saved = store.save(folder, {"candidates": found.tried})
    if figures:
        from analysis.figures import SEARCHES

        sheets = {
            name: partial(figure.function, found.front, found.caption()) for name, figure in SEARCHES.items()
        }
        results.drawn(folder / "figures", sheets)
    return {
        "command": command,
        "created": provenance.today(),
        "code": provenance.code_of_outcomes(),
        "commit": provenance.commit(),
        "versions": {**provenance.versions(), **_pymoo()},
        "search": task.specification(),
        "runs": {"made": found.outcome.runs, "failed": len(found.outcome.failures)},
        "tables": saved,
    }


def _pymoo() -> dict[str, str]:
    from importlib import metadata

    return {"pymoo": metadata.version("pymoo")}


def told(settings: Settings, levers: Sequence[str]) -> list[str]:
    """The values of levers as a scenario file has them; yes and no for policies."""
    return [
        ("yes" if settings[name] else "no") if name.startswith(POLICY) else setting(settings[name])
        for name in levers
    ]

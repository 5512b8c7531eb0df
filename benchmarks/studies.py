"""One study by cityfunnel's sweep, Mesa's batch_run, or EMA Workbench's MultiprocessingEvaluator.

``python -m benchmarks.studies PROGRAM MISHAP SEEDS FOLDER`` makes the study on two processes and prints
how many of its runs can be used afterwards, and the seconds that it took. A mishap befalls one of the
first runs: it raises, or kills the process that makes it (``SIGKILL``), once.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import mesa

import sim
from sim.events import EventLog, Kind

SCENARIO = "taipei_stage1_bottom_up"
STAFF = (5, 30)
PROCESSES = 2

CALM, RAISES, KILLS = "calm", "raises", "kills"


def simulate(world: sim.Scenario, seed: int, mishap: str, folder: str) -> EventLog:
    """One run. The mishap befalls the run with seed 3 and a small office."""
    if seed == 3 and world.parameters.pmo.staff == STAFF[0]:
        befall(mishap, Path(folder) / "killed")
    return sim.run(world, seed)


def befall(mishap: str, mark: Path) -> None:
    """Let the mishap happen; a process is killed once only, as by a passing lack of memory."""
    if mishap == RAISES:
        raise ValueError("this run fails")
    if mishap == KILLS and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)


@cache
def world(staff: int) -> sim.Scenario:
    """The scenario with an office of this size."""
    return sim.load(SCENARIO).with_("pmo.staff", staff)


def pocs(staff: int, seed: int, mishap: str, folder: str) -> int:
    """What the other programs ask of a run: one number, counted from the log without any library."""
    log = simulate(world(staff), seed, mishap, folder)
    return sum(event.kind == Kind.MOVE and event.target == "poc" for event in log.events)


# --- the programs: each returns how many runs there are results of -----------------------------------


def by_sweep(mishap: str, seeds: int, folder: str) -> int:
    """Cityfunnel: all measures of every run, in a store on the disk."""
    from experiments.study import load_study
    from experiments.sweep import Engine, sweep

    file = Path(folder) / "study.yaml"
    low, high = STAFF
    file.write_text(
        f"question: How many POCs?\nbase: {SCENARIO}\nlevers: [{SCENARIO}]\n"
        f"uncertainties: {{pmo.staff: [{low}, {high}]}}\n"
        f"design: {{kind: full_factorial, levels: 2}}\nreplications: {seeds}\n",
        encoding="utf-8",
    )
    engine = Engine(PROCESSES, simulate=partial(simulate, mishap=mishap, folder=folder))
    return sweep(load_study(str(file)), Path(folder) / "out", engine).counts.done


class Run(mesa.Model):  # type: ignore[misc]
    """A run as Mesa's batch_run takes it: one step, after which one number is collected."""

    def __init__(self, staff: int, seed: int, mishap: str, folder: str) -> None:
        super().__init__(seed=seed)
        self.datacollector = mesa.DataCollector({"pocs": "pocs"})
        self._given = staff, seed, mishap, folder

    def step(self) -> None:
        """Make the whole run."""
        self.pocs = pocs(*self._given)
        self.datacollector.collect(self)
        self.running = False


def by_batch_run(mishap: str, seeds: int, folder: str) -> int:
    """Mesa: a list of dictionaries in memory."""
    from mesa.batchrunner import batch_run

    asked = {"staff": STAFF, "seed": range(1, seeds + 1), "mishap": mishap, "folder": folder}
    return len(batch_run(Run, asked, number_processes=PROCESSES, display_progress=False))


def by_evaluator(mishap: str, seeds: int, folder: str) -> int:
    """EMA Workbench: tables in memory."""
    from ema_workbench import Constant, IntegerParameter, Model, MultiprocessingEvaluator, ScalarOutcome
    from ema_workbench import Scenario as Point

    model = Model("cityfunnel", function=_outcomes)
    model.uncertainties = [IntegerParameter("staff", *STAFF), IntegerParameter("seed", 1, seeds)]
    model.constants = [Constant("mishap", mishap), Constant("folder", folder)]
    model.outcomes = [ScalarOutcome("pocs")]
    points = [
        Point(f"{staff}, {seed}", staff=staff, seed=seed) for staff in STAFF for seed in range(1, seeds + 1)
    ]
    with MultiprocessingEvaluator(model, n_processes=PROCESSES) as evaluator:
        _, found = evaluator.perform_experiments(points, log_progress=True)
    return len(found["pocs"])


def _outcomes(staff: int, seed: int, mishap: str, folder: str) -> dict[str, Any]:
    return {"pocs": pocs(staff, seed, mishap, folder)}


#: how each program is called -> what makes the study by it
PROGRAMS: dict[str, Callable[[str, int, str], int]] = {
    "cityfunnel sweep": by_sweep,
    "Mesa batch_run": by_batch_run,
    "EMA Workbench": by_evaluator,
}


def main(program: str, mishap: str, seeds: str, folder: str) -> None:
    """Make the study and print what came of it."""
    begun = time.perf_counter()
    usable = PROGRAMS[program](mishap, int(seeds), folder)
    print(usable, time.perf_counter() - begun)


if __name__ == "__main__":
    from benchmarks import studies  # other processes are to find the functions under this name

    studies.main(*sys.argv[1:])

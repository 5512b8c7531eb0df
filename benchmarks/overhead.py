"""What the runner, the analysis and the store cost, against a bare loop over ``sim.run`` for the same jobs.

Everything happens in one process, in turn. Each line does what the line before it does, and something
more; a bare loop throws away what it has made.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import sim
from analysis.measures import outcomes
from analysis.tables import tables
from benchmarks.timing import ratios, spread, table
from benchmarks.workload import SCENARIO
from experiments.study import Study, load_study
from experiments.sweep import Engine, Options, sweep

if TYPE_CHECKING:
    from experiments.runner import Keep

BARE = "bare loop over sim.run"
FROZEN = "the same after gc.freeze()"
MEASURED = "and tables and measures of each chunk"
SWEPT = "sweep: and runner and store"
KEPT = "sweep --keep everything"

#: runs in a chunk: as many as the runner takes by itself on a machine on which a run takes 60 ms
CHUNK = 25


def report(rounds: int, runs: int) -> str:
    """The table, each program ``rounds`` times with ``runs`` seeds."""
    with tempfile.TemporaryDirectory() as folder:
        found = _times(rounds, runs, Path(folder))
    cpu, wall = ({name: [each[at] for each in times] for name, times in found.items()} for at in (0, 1))
    rows = {
        name: [
            spread([1000 * second / runs for second in times], ".1f"),
            *("" if name == BARE else spread(ratios(kind[name], kind[BARE]), ".2f") for kind in (cpu, wall)),
        ]
        for name, times in cpu.items()
    }
    store = (spread(ratios(kind[SWEPT], kind[MEASURED]), ".3f") for kind in (cpu, wall))
    told = "runner and store alone, by the loop with tables and measures: {} of the CPU time, {} of the time"
    return "\n".join([table(rows, "", "CPU ms a run", "to bare, CPU", "to bare, time"), told.format(*store)])


def study(folder: Path, runs: int) -> Study:
    """A study that makes these runs and nothing else."""
    file = folder / "study.yaml"
    file.write_text(f"question: How much?\nlevers: [{SCENARIO}]\nreplications: {runs}\n", encoding="utf-8")
    return load_study(str(file))


def _times(rounds: int, runs: int, folder: Path) -> dict[str, list[tuple[float, float]]]:
    scenario, asked, numbers = sim.load(SCENARIO), study(folder, runs), count()

    def swept(keep: Keep) -> None:
        sweep(asked, folder / str(next(numbers)), Engine(chunk=CHUNK), Options(keep=keep))

    programs: dict[str, Callable[[], object]] = {
        BARE: partial(_bare, scenario, runs),
        FROZEN: partial(_frozen, partial(_bare, scenario, runs)),
        MEASURED: partial(_frozen, partial(_measured, scenario, runs)),
        SWEPT: partial(swept, "outcomes"),
        KEPT: partial(swept, "everything"),
    }
    swept("everything")  # the first one loads libraries
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, call in programs.items():
            found[name].append(_both(call))
    return found


def _both(call: Callable[[], object]) -> tuple[float, float]:
    """CPU seconds and seconds."""
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    call()
    return time.process_time() - cpu, time.perf_counter() - wall


def _bare(scenario: sim.Scenario, runs: int) -> None:
    for seed in range(1, runs + 1):
        sim.run(scenario, seed)


def _measured(scenario: sim.Scenario, runs: int) -> None:
    for first in range(1, runs + 1, CHUNK):
        outcomes(tables(_logs(scenario, range(first, min(first + CHUNK, runs + 1)))))


def _logs(scenario: sim.Scenario, seeds: range) -> Iterator[sim.EventLog]:
    return (sim.run(scenario, seed) for seed in seeds)


def _frozen(call: Callable[[], object]) -> None:
    with _freezing():
        call()


@contextmanager
def _freezing() -> Iterator[None]:
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()

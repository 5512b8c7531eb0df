"""Whether memory grows with the number of runs: of a process that sweeps, and of one that makes runs.

``python -m benchmarks.growth WHAT RUNS`` is such a process.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.memory import largest
from benchmarks.overhead import study
from benchmarks.timing import table
from experiments.sweep import Engine, sweep
from sim.events import CaseRecord, Event, EventLog
from sim.scenario import Scenario

ROOT = Path(__file__).resolve().parent.parent

PARENT, WORKER = "sweeps, two workers make the runs", "makes runs of the model"


def tiny(scenario: Scenario, seed: int) -> EventLog:
    """A run that takes no time: one case."""
    words = {"city": "Taipei", "channel": "bottom_up", "vendor": "V1", "vendor_kind": "sme"}
    told = {"case": 1, "motive": "solver", "domain": "transport", "key": str(seed), "fit": 0.5}
    numbers = {"novelty": 0.5, "barrier": 0.0, "poc_cost": 1.0}
    case = CaseRecord(**(dict.fromkeys(CaseRecord._fields) | words | told | numbers))  # type: ignore[arg-type]
    event = Event(1.0 + seed % 7, "Taipei", 1, "move", "V1", None, "submitted", None, None)
    return EventLog(scenario.name, seed, scenario.start, scenario.days, [event], [case])


def report(few: int, many: int, model: int) -> str:
    """The table: ``few`` and ``many`` tiny runs in a sweep; a tenth of ``model`` real ones, and all."""
    rows = {
        name: [f"{small:,}", f"{one:.0f}", f"{large:,}", f"{two:.0f}", f"{two / one:.2f}"]
        for name, small, large in ((PARENT, few, many), (WORKER, max(1, model // 10), model))
        for one, two in [(_largest(name, small), _largest(name, large))]
    }
    return table(rows, "a process that", "runs", "MB at most", "runs", "MB at most", "ratio")


def _largest(what: str, runs: int) -> float:
    command = [sys.executable, "-m", "benchmarks.growth", what, str(runs)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return float(done.stdout)


def main(what: str, runs: str) -> None:
    """Make the runs and print the largest size of this process."""
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(2, simulate=tiny) if what == PARENT else Engine()
        sweep(study(Path(folder), int(runs)), Path(folder) / "out", engine)
    print(largest())


if __name__ == "__main__":
    from benchmarks import growth  # workers are to find tiny() under this name

    growth.main(*sys.argv[1:])

"""Memory of one run: what Python allocated at most, and the size of a process that does nothing else.

``python -m benchmarks.memory`` is that process; it reads the work from standard input.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import sim
from benchmarks.timing import table
from benchmarks.workload import SCENARIO, Draws, Workload, measured

SEED = 1

MODEL, SKELETON = "cityfunnel", "SimPy skeleton"


def report() -> str:
    """The table of sizes, in MB."""
    work = measured(sim.load(SCENARIO), SEED)
    rows = {name: [f"{_allocated(name, work):.1f}", *_resident(name, work)] for name in (MODEL, SKELETON)}
    return table(rows, "MB", "allocated by the run", "process before the run", "process after it")


def program(name: str, work: Workload) -> Callable[[], object]:
    """What is measured, with all that it needs loaded."""
    if name == MODEL:
        from sim.model import run

        scenario = sim.load(SCENARIO)
        return lambda: run(scenario, SEED)
    from benchmarks import skeleton

    plan, luck = skeleton.planned(work), skeleton.stream(SEED)
    return lambda: skeleton.run(plan, luck)


def _allocated(name: str, work: Workload) -> float:
    call = program(name, work)
    call()  # what is made once is not counted
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def _resident(name: str, work: Workload) -> list[str]:
    """Largest resident size of a process of its own before and after the run."""
    command = [sys.executable, "-m", "benchmarks.memory"]
    given = json.dumps([name, *work])
    done = subprocess.run(command, input=given, check=True, capture_output=True, text=True)
    return done.stdout.split()


def largest() -> float:
    """Largest resident size of this process so far, in MB; NaN where the system does not tell."""
    status = Path("/proc/self/status")  # Linux; its getrusage counts the parent process in
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return float(line.split()[1]) / 1e3
    if platform.system() != "Darwin":
        return float("nan")
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> None:
    """Measure the program that standard input names, on the work that it gives."""
    name, events, draws, records, moves, vendors = json.load(sys.stdin)
    call = program(name, Workload(events, Draws(*draws), records, tuple(moves), vendors))
    before = largest()
    call()
    sys.stdout.write(f"{before:.0f} {largest():.0f}\n")


if __name__ == "__main__":
    main()

"""Memory of one run: what Python allocated at most, and how far the process grew.

``python -m benchmarks.memory model|skeleton`` is the process that is measured.
"""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Callable

import sim
from benchmarks import skeleton
from benchmarks.timing import table
from benchmarks.workload import SCENARIO, measured

SEED = 1


def report() -> str:
    """The table of peaks, in MB."""
    rows = {name: [f"{_allocated(call):.1f}", *_grown(name)] for name, call in _programs().items()}
    return table(rows, "MB", "allocated at most", "process before", "process at most")


def _programs() -> dict[str, Callable[[], object]]:
    scenario = sim.load(SCENARIO)
    plan = skeleton.planned(measured(scenario, SEED))
    return {
        "model": lambda: sim.run(scenario, SEED),
        "skeleton": lambda: skeleton.run(plan, skeleton.stream(SEED)),
    }


def _allocated(call: Callable[[], object]) -> float:
    call()  # what is made once is not counted
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def _grown(program: str) -> list[str]:
    """Resident memory of a process of its own before the run and at its peak."""
    command = [sys.executable, "-m", "benchmarks.memory", program]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def _resident() -> float:
    try:
        import resource
    except ImportError:  # not on Windows
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


if __name__ == "__main__":
    call = _programs()[sys.argv[1]]
    before = _resident()
    call()
    sys.stdout.write(f"{before:.1f} {_resident():.1f}\n")

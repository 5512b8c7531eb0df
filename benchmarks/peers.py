"""The same study by cityfunnel, Mesa and EMA Workbench: time, and what each loses by a mishap.

Every program runs in a process of its own, with a limit of time: a pool of processes that has lost a
worker may wait for its result for ever.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.studies import CALM, KILLS, PROGRAMS, RAISES, STAFF
from benchmarks.timing import ratios, spread, table

ROOT = Path(__file__).resolve().parent.parent

#: the program that the others are compared with, and what each needs besides cityfunnel
FIRST, NEEDS = next(iter(PROGRAMS)), {"EMA Workbench": "ema_workbench"}
#: a study that takes so many times as long as an undisturbed one is ended, but not before so many seconds
PATIENCE, LEAST = 4.0, 30.0


class Outcome(NamedTuple):
    """What came of a study: runs of which there are results, seconds, and why there are no more."""

    usable: int
    seconds: float
    why: str = ""


def report(rounds: int, seeds: int) -> str:
    """The comparison, each program ``rounds`` times in turn, then with each mishap once."""
    programs = [name for name in PROGRAMS if name not in NEEDS or find_spec(NEEDS[name])]
    times: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name in programs:
            times[name].append(_calm(name, seeds))
    rows = {}
    for name in programs:
        patience = max(LEAST, PATIENCE * median(times[name]))
        lost = [_lost(made(name, mishap, seeds, patience), seeds) for mishap in (RAISES, KILLS)]
        rows[name] = [spread(times[name], ".1f"), spread(ratios(times[name], times[FIRST]), ".2f"), *lost]
    told = [f"{len(STAFF) * seeds} runs on 2 processes, start-up included"]
    told.append(
        table(rows, "", "seconds", "to cityfunnel", "lost if a run raises", "lost if a worker is killed")
    )
    missing = [name for name in PROGRAMS if name not in programs]
    return "\n".join([*told, *(f"{name} is not installed and left out" for name in missing)])


def made(name: str, mishap: str, seeds: int, patience: float) -> Outcome:
    """A study by one program, which is ended with all its processes after so many seconds."""
    with tempfile.TemporaryDirectory() as folder:
        words = [name, mishap, str(seeds), folder]
        process = subprocess.Popen(
            [sys.executable, "-Wignore", "-m", "benchmarks.studies", *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            told, trouble = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            return Outcome(0, patience, f"hangs, ended after {patience:.0f} s")
        finally:
            _end(process)
    if process.returncode:
        last = trouble.strip().splitlines()[-1] if trouble.strip() else f"exit code {process.returncode}"
        return Outcome(0, 0.0, last.split(":")[0])
    usable, seconds = told.split()[-2:]
    return Outcome(int(usable), float(seconds))


def _calm(name: str, seeds: int) -> float:
    outcome = made(name, CALM, seeds, 600.0)
    if outcome.usable != len(STAFF) * seeds:
        raise RuntimeError(f"{name} does not work here: {outcome}")
    return outcome.seconds


def _end(process: subprocess.Popen[str]) -> None:
    """End a program with its workers, which do not all end with their parent."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _lost(outcome: Outcome, seeds: int) -> str:
    runs = len(STAFF) * seeds
    lost = runs - outcome.usable
    told = {0: "nothing", 1: "that run", runs: "all runs"}.get(lost, f"{lost} of {runs} runs")
    return f"{told} ({outcome.why})" if outcome.why else told

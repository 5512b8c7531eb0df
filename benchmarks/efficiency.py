"""How much faster two workers are than one: a sweep in this process against a sweep on two others."""

from __future__ import annotations

import os
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import NamedTuple

from benchmarks.overhead import study
from benchmarks.timing import ratios, spread, table
from experiments.ledger import Counts
from experiments.study import Study
from experiments.sweep import Engine, sweep

WORKERS = 2


class Took(NamedTuple):
    """What a sweep took.

    Attributes:
        seconds: in all.
        steady: those from the first chunk that came home to the last one, for all runs instead of those
            that came home in that time; the start of workers is left out, so is the end.
        cpu: CPU seconds of all its processes.
    """

    seconds: float
    steady: float
    cpu: float


def report(rounds: int, runs: int) -> str:
    """The table, with a sweep of ``runs`` runs by one worker and by two, ``rounds`` times in turn."""
    found: dict[int, list[Took]] = {1: [], WORKERS: []}
    with tempfile.TemporaryDirectory() as folder:
        asked, numbers = study(Path(folder), runs), count()
        for _ in range(rounds):
            for workers, took in found.items():
                took.append(made(asked, Path(folder) / str(next(numbers)), workers))
    rows = {"seconds, start-up included": _row(found, "seconds"), "seconds, steady": _row(found, "steady")}
    one, two = ([took.cpu for took in found[workers]] for workers in found)
    cpu = f"CPU time of all processes, by that with one worker: {spread(ratios(two, one), '.2f')}"
    return "\n".join([table(rows, f"{runs} runs", "one worker", "two workers", "efficiency"), cpu])


def made(asked: Study, folder: Path, workers: int) -> Took:
    """Time one sweep."""
    seen: list[tuple[float, int]] = []

    def watch(counts: Counts) -> None:
        seen.append((time.perf_counter(), counts.done))

    begun, cpu = time.perf_counter(), _cpu()
    sweep(asked, folder, Engine(workers), watch=watch)
    seconds = time.perf_counter() - begun
    home = [(when, done) for when, done in seen if done]
    (first, before), (last, after) = home[0], home[-1]
    share = (after - before) / after
    return Took(seconds, (last - first) / share if share else seconds, _cpu() - cpu)


def _row(found: dict[int, list[Took]], name: str) -> list[str]:
    one, two = ([float(getattr(took, name)) for took in found[workers]] for workers in found)
    efficiency = [ratio / WORKERS for ratio in ratios(one, two)]
    return [spread(one, ".1f"), spread(two, ".1f"), spread(efficiency, ".3f")]


def _cpu() -> float:
    """CPU seconds of this process and of all its children that have ended."""
    return sum(os.times()[:4])

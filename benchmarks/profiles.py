"""Where the time of a run goes, by file and by function."""

from __future__ import annotations

import cProfile
import gc
import pstats
from collections import Counter
from pathlib import Path
from typing import Any, cast

import sim
from benchmarks.timing import table
from benchmarks.workload import SCENARIO

ROOT = Path(__file__).resolve().parent.parent

#: (file, line, name), as cProfile writes it
Function = tuple[str, int, str]


def report(runs: int, longest: int = 12) -> str:
    """Shares of the time, by file and by function; what is built in counts for those who call it."""
    own = _own_times(_profiled(runs))
    total = sum(own.values())
    files, functions = Counter[str](), Counter[str]()
    for (file, _, name), seconds in own.items():
        files[_short(file)] += seconds  # type: ignore[assignment]
        functions[f"{_short(file)} {name}"] += seconds  # type: ignore[assignment]
    return "\n\n".join(
        table({name: [f"{share / total:.0%}"] for name, share in counted.most_common(longest)}, title, "time")
        for title, counted in (("file", files), ("function", functions))
    )


def _profiled(runs: int) -> dict[Function, Any]:
    scenario = sim.load(SCENARIO)
    sim.run(scenario, 0)
    profile = cProfile.Profile()
    gc.collect()
    gc.freeze()  # a rare full collection would be charged to the function that it happens in
    profile.enable()
    for seed in range(1, runs + 1):
        sim.run(scenario, seed)
    profile.disable()
    gc.unfreeze()
    return cast(dict[Function, Any], pstats.Stats(profile).stats)  # type: ignore[attr-defined]


def _own_times(stats: dict[Function, Any]) -> dict[Function, float]:
    own = {function: found[2] for function, found in stats.items() if function[0] != "~"}
    for function, found in stats.items():
        if function[0] == "~":
            for caller, (*_, seconds, _) in found[4].items():
                own[caller] = own.get(caller, 0.0) + seconds
    return own


def _short(file: str) -> str:
    path = Path(file)
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name

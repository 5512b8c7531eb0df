"""One run of the model against a bare SimPy program that does the same amount of work."""

from __future__ import annotations

from functools import partial
from statistics import median

import sim
from benchmarks import skeleton
from benchmarks.timing import cpu, ratios, spread, table
from benchmarks.workload import SCENARIO, Workload, measured

MODEL = "cityfunnel"
STREAM = "SimPy skeleton, random.Random"
ADDRESSED = "SimPy skeleton, addressed draws"


def report(pairs: int) -> str:
    """The comparison, over ``pairs`` seeds."""
    scenario = sim.load(SCENARIO)
    works = [measured(scenario, seed) for seed in range(1, pairs + 1)]
    times = _times(scenario, works)
    rows = {
        name: [
            spread([1000 * second for second in found], ".1f"),
            "" if name == MODEL else spread(ratios(times[MODEL], found), ".2f"),
        ]
        for name, found in times.items()
    }
    speed = f"{1 / median(times[MODEL]):.0f} runs a second on one core"
    return "\n".join([_told(works), table(rows, "", "CPU ms a run", "cityfunnel takes"), speed])


def _times(scenario: sim.Scenario, works: list[Workload]) -> dict[str, list[float]]:
    """CPU seconds of each program, seed by seed, one program after the other."""
    found: dict[str, list[float]] = {MODEL: [], STREAM: [], ADDRESSED: []}
    for seed, work in enumerate(works, start=1):
        plan = skeleton.planned(work)
        found[MODEL].append(cpu(partial(sim.run, scenario, seed)))
        found[STREAM].append(cpu(partial(skeleton.run, plan, skeleton.stream(seed))))
        found[ADDRESSED].append(cpu(partial(skeleton.run, plan, skeleton.addressed(seed))))
    return found


def _told(works: list[Workload]) -> str:
    def middle(values: list[int]) -> str:
        return f"{median(values):,.0f}"

    draws = middle([sum(work.draws) for work in works])
    events, records = middle([work.events for work in works]), middle([work.records for work in works])
    cases, vendors = middle([len(work.moves) for work in works]), middle([work.vendors for work in works])
    return (
        f"{SCENARIO}, {len(works)} seeds: {events} events, {draws} draws, {records} records, "
        f"{cases} cases, {vendors} vendors in the median"
    )

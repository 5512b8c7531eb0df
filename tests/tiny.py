"""Runs that take no time, for tests of what is built around runs; and a sweep of them as a process.

``python -m tests.tiny STUDY FOLDER WORKERS PAUSE`` sweeps a study with such runs of PAUSE seconds.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

from experiments.study import load_study
from experiments.sweep import Engine, Options, Report, sweep
from sim.events import CaseRecord, Event, EventLog
from sim.scenario import Scenario


def run(scenario: Scenario, seed: int, pause: float = 0.0) -> EventLog:
    """A few cases; their number and fate follow from the seed and from two parameters."""
    time.sleep(pause)
    log = EventLog(scenario.name, seed, scenario.start, scenario.days)
    staff, arrival = scenario.parameters.pmo.staff, scenario.parameters.needs.arrival
    for case in range(1, 2 + (seed * 7 + staff) % 4):
        log.cases.append(_case(case, scenario))
        log.events.append(_move(0.5 * case, case, None, "submitted"))
        if (case * 31 + seed + staff) % 3:
            log.events.append(_move(10.0 + arrival, case, "submitted", "screened"))
        else:
            log.events.append(_move(20.0, case, "submitted", "closed"))
    log.events.sort(key=lambda event: event.time)
    return log


def _case(number: int, scenario: Scenario) -> CaseRecord:
    words = {"city": "Taipei", "channel": "bottom_up", "vendor": f"V{number}", "vendor_kind": "sme"}
    numbers = {"case": number, "fit": 1 / number, "novelty": 0.5, "barrier": 0.0, "poc_cost": 1.0}
    told = (
        dict.fromkeys(CaseRecord._fields)
        | words
        | numbers
        | {"motive": "solver", "domain": "transport", "key": ""}
    )
    return CaseRecord(**told)  # type: ignore[arg-type]


def _move(when: float, case: int, origin: str | None, target: str) -> Event:
    return Event(when, "Taipei", case, "move", f"V{case}", origin, target, None, None)


def moody(scenario: Scenario, seed: int) -> EventLog:
    """Every run at seed 2 fails."""
    if seed == 2:
        raise ValueError("two is\nunlucky")
    return run(scenario, seed)


def deadly(scenario: Scenario, seed: int, mark: str) -> EventLog:
    """Takes its worker down at seed 2, once, if there is no file ``mark``."""
    if seed == 2 and not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return run(scenario, seed)


def made(study: str, folder: str, workers: int, pause: float) -> Report:
    """A sweep of runs that take ``pause`` seconds, in small chunks if they take any time."""
    engine = Engine(workers, chunk=5 if pause else 100, simulate=partial(run, pause=pause))
    return sweep(load_study(study), Path(folder), engine, Options(keep="everything"))


if __name__ == "__main__":
    study, folder, workers, pause = sys.argv[1:]
    print(made(study, folder, int(workers), float(pause)).counts)  # noqa: T201

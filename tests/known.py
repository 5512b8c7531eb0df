"""Runs of a known law, for tests of calibration: the posterior can be written down.

A run has Poisson(25 x bottom_up.rate) proposals, and each of them comes to a POC with the chance
clearance.burden. ``python -m tests.known STUDY FOLDER WORKERS PAUSE`` calibrates on such runs.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

from experiments.calibration import found, loop, task
from experiments.crew import Engine
from sim.events import CaseRecord, Event, EventLog
from sim.scenario import Scenario

#: proposals a run where bottom_up.rate is 1
SCALE = 25.0

TARGETS = """
figures:
  - {id: A1, measure: proposals_received, relation: about, value: 40, date: 2016-12-31,
     use: calibrate, source: A1, note: invented}
  - {id: A2, measure: proposal_to_poc, relation: share, value: 0.3, numerator: 12, denominator: 40,
     date: 2016-12-31, use: calibrate, source: A1, note: invented}
  - {id: A3, measure: poc_started, relation: about, value: 12, date: 2016-12-31,
     use: hold-out, source: A1, note: invented}
"""

STUDY = """
question: How many come, and how many of them get there?
base: taipei_stage1_bottom_up
observed: seen.yaml
uncertainties: {bottom_up.rate: [0, 4], clearance.burden: }
particles: 200
generations: 7
acceptance: 0.02
seed: 3
"""


def run(scenario: Scenario, seed: int, pause: float = 0.0) -> EventLog:
    """A run of the known law."""
    time.sleep(pause)
    tree, draws = scenario.parameters, np.random.default_rng(seed)
    number = int(draws.poisson(SCALE * tree.bottom_up.rate))
    there = int(draws.binomial(number, tree.clearance.burden))
    log = EventLog(scenario.name, seed, scenario.start, scenario.days)
    log.cases += [_case(case) for case in range(1, number + 1)]
    log.events += [_move(0.0, case, None, "submitted") for case in range(1, number + 1)]
    log.events += [_move(1.0, case, "cleared", "poc") for case in range(1, there + 1)]
    return log


def brittle(scenario: Scenario, seed: int) -> EventLog:
    """Every run with a high rate fails."""
    if scenario.parameters.bottom_up.rate > 3.9:
        raise ValueError("too many\ncome")
    return run(scenario, seed)


def silent(scenario: Scenario, seed: int) -> EventLog:
    """Nobody ever proposes anything."""
    return run(scenario.with_("bottom_up.rate", 0.0), seed)


def _case(number: int) -> CaseRecord:
    words = {"city": "Taipei", "channel": "bottom_up", "vendor": f"V{number}", "vendor_kind": "sme"}
    numbers = {"case": number, "fit": 1.0, "novelty": 0.5, "barrier": 0.0, "poc_cost": 1.0}
    more = {"motive": "solver", "domain": "transport", "key": ""}
    return CaseRecord(**(dict.fromkeys(CaseRecord._fields) | words | numbers | more))  # type: ignore[arg-type]


def _move(when: float, case: int, origin: str | None, target: str) -> Event:
    return Event(when, "Taipei", case, "move", f"V{case}", origin, target, None, None)


def write(folder: Path, study: str = STUDY, targets: str = TARGETS) -> Path:
    """Write the files of such a calibration; return that of the study."""
    (folder / "seen.yaml").write_text(targets, encoding="utf-8")
    file = folder / "known.yaml"
    file.write_text(study, encoding="utf-8")
    return file


def made(file: str, folder: Path, workers: int, pause: float = 0.0) -> loop.Outcome:
    """A calibration on such runs, with its tables."""
    engine = Engine(workers, chunk=5 if pause else 100, simulate=partial(run, pause=pause))
    outcome = loop.calibrate(task.load(file), folder, engine)
    found.write(folder, found.Found(outcome), "a test", figures=False)
    return outcome


if __name__ == "__main__":
    file, folder, workers, pause = sys.argv[1:]
    made(file, Path(folder), int(workers), float(pause))

"""Runs that take no time and trade value off against money in a known way, for tests of the search.

``python -m tests.trades SEARCH FOLDER WORKERS PAUSE`` searches with such runs of PAUSE seconds.
"""

from __future__ import annotations

import hashlib
import sys
import time
from functools import partial
from pathlib import Path

from experiments.crew import Engine
from experiments.search import found, loop, task
from sim.calendar import YEAR
from sim.events import CaseRecord, Event, EventLog
from sim.luck import address
from sim.parameters import Parameters
from sim.scenario import Scenario

#: what is lost under a rule
RULES = {"best_value": 4.0, "lowest_price": 9.0, "design_contest": 0.0}


def truth(staff: int, rule: str, strictness: float, arrival: float = 1.0) -> tuple[float, float]:
    """Value and money without luck: one rule and one strictness are best, and staff is a trade-off."""
    return 10.0 * staff * arrival - RULES[rule] - 80.0 * abs(strictness - 0.3), 1.0 + staff


def run(scenario: Scenario, seed: int, pause: float = 0.0, noise: float = 0.5) -> EventLog:
    """One service that gives value, and one contract; the seed's luck is the same whatever is chosen."""
    time.sleep(pause)
    tree: Parameters = scenario.parameters
    chosen = (tree.pmo.staff, tree.procurement.rule, tree.pmo.strictness)
    value, money = truth(*chosen, tree.needs.arrival)
    luck = (address(seed, 0) % 1000 / 1000 - 0.5) * 20
    own = address(seed, hash_of(chosen)) % 1000 / 1000 - 0.5
    log = EventLog(scenario.name, seed, scenario.start, scenario.days)
    log.cases.append(_case())
    gain = value + luck + 60 + noise * own
    log.events += [
        Event(0.0, "Taipei", 1, "move", "V1", None, "submitted", None, None),
        Event(0.0, "Taipei", 1, "payment", "D", "D", "V1", "contract", money),
        Event(0.0, "Taipei", 1, "solved", "D", "N", "bottom_up", None, gain * YEAR / scenario.days),
    ]
    return log


def hash_of(chosen: tuple[object, ...]) -> int:
    """A number that is another one for other choices."""
    return int.from_bytes(hashlib.blake2b(repr(chosen).encode(), digest_size=4).digest())


def brittle(scenario: Scenario, seed: int) -> EventLog:
    """Every run with 7 people fails."""
    if scenario.parameters.pmo.staff == 7:
        raise ValueError("seven is\nunlucky")
    return run(scenario, seed)


def _case() -> CaseRecord:
    words = {"city": "Taipei", "channel": "bottom_up", "vendor": "V1", "vendor_kind": "sme"}
    numbers = {"case": 1, "fit": 1.0, "novelty": 0.5, "barrier": 0.0, "poc_cost": 1.0}
    more = {"motive": "solver", "domain": "transport", "key": ""}
    return CaseRecord(**(dict.fromkeys(CaseRecord._fields) | words | numbers | more))  # type: ignore[arg-type]


def made(file: str, folder: Path, workers: int, pause: float = 0.0) -> loop.Outcome:
    """A search of such runs, with its tables and scenario files."""
    asked = task.load(file)
    engine = Engine(workers, chunk=5 if pause else 100, simulate=partial(run, pause=pause))
    outcome = loop.search(asked, folder, engine)
    found.write(folder, found.Found.of(asked, outcome), "a test", figures=False)
    return outcome


if __name__ == "__main__":
    file, folder, workers, pause = sys.argv[1:]
    made(file, Path(folder), int(workers), float(pause))

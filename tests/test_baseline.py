"""The same seed gives the same history, to the last bit, on every Python and with every Mesa.

The histories of the shipped scenarios at seed 1 are frozen as digests. When a change of the model
is meant to change them, freeze them anew with ``python -m tests.test_baseline``.
"""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import sim
from sim.events import EventLog

FROZEN = Path(__file__).parent / "baseline" / "histories.json"
REFRESH = "if this was meant, freeze the histories anew: python -m tests.test_baseline"
SEED = 1

History = dict[str, int | str]

#: where logarithms are rounded otherwise than where the histories were frozen, last digits may differ
SAME_LIBRARY = platform.libc_ver()[0] == "glibc" and platform.machine() == "x86_64"


def canonical(log: EventLog, digits: int | None = None) -> Iterator[str]:
    """The log as lines of text, numbers in full (or to that many significant digits)."""

    def told(value: object) -> str:
        if isinstance(value, float) and digits is not None:
            return f"{value:.{digits}g}"
        return str(value) if isinstance(value, str) else repr(value)

    yield f"{log.scenario}\t{log.seed}\t{log.start}\t{log.days!r}"
    for row in (*log.events, *log.cases):
        yield "\t".join(map(told, row))


def digest(log: EventLog, digits: int | None = None) -> str:
    text = "".join(f"{line}\n" for line in canonical(log, digits))
    return hashlib.sha256(text.encode()).hexdigest()


def history(name: str) -> History:
    log = sim.run(name, seed=SEED)
    return {
        "events": len(log.events),
        "cases": len(log.cases),
        "to the last bit": digest(log),
        "to 9 digits": digest(log, 9),
    }


def frozen() -> dict[str, History]:
    found: dict[str, History] = json.loads(FROZEN.read_text(encoding="utf-8"))
    return found


def freeze() -> None:
    """Write down the histories as they are now."""
    FROZEN.parent.mkdir(exist_ok=True)
    histories = {name: history(name) for name in sim.available()}
    FROZEN.write_text(json.dumps(histories, indent=2) + "\n", encoding="utf-8")


def test_every_shipped_scenario_is_frozen() -> None:
    assert sorted(frozen()) == sim.available(), REFRESH


@pytest.mark.parametrize("name", sim.available())
def test_the_history_is_the_frozen_one(name: str) -> None:
    now, then = history(name), frozen()[name]
    if not SAME_LIBRARY:
        del now["to the last bit"], then["to the last bit"]
    assert now == then, REFRESH


def test_a_run_does_not_depend_on_runs_before_it() -> None:
    first = sim.run("taipei_stage1_bottom_up", seed=2)
    sim.run("taipei_stage2_problem_led", seed=3)
    again = sim.run("taipei_stage1_bottom_up", seed=2)
    assert digest(first) == digest(again)


def test_another_process_with_other_hashes_tells_the_same_history() -> None:
    program = (
        "import sim, tests.test_baseline as base; "
        "import sys; sys.stdout.write(base.digest(sim.run('taipei_stage2_problem_led', seed=1)))"
    )
    root = Path(__file__).parent.parent
    told = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=root,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert told == [digest(sim.run("taipei_stage2_problem_led", seed=1))] * 2


def test_another_seed_tells_another_history() -> None:
    logs = [sim.run("taipei_stage1_bottom_up", seed=seed) for seed in (1, 2)]
    assert digest(replace(logs[0], seed=0)) != digest(replace(logs[1], seed=0))


def test_the_digest_sees_the_last_bit_of_one_number() -> None:
    log = sim.run("taipei_stage1_bottom_up", seed=SEED)
    event = log.events[100]
    moved = replace(
        log, events=[*log.events[:100], event._replace(time=event.time + 1e-9), *log.events[101:]]
    )
    assert digest(moved) != digest(log)
    record = log.cases[0]._replace(poc_cost=log.cases[0].poc_cost * (1 + 2**-52))
    assert digest(replace(log, cases=[record, *log.cases[1:]])) != digest(log)


if __name__ == "__main__":
    freeze()

"""Sweeps and their workers are killed with ``SIGKILL``; every study comes to the same bytes all the same."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from tests.kills import bytes_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up as Linux shows them"),
]

ROOT = Path(__file__).parents[1]
STUDY = """\
question: Which?
base: taipei_stage1_bottom_up
levers: [taipei_stage1_bottom_up, problem_led]
uncertainties: {pmo.staff: [5, 30], needs.arrival: }
design: {kind: lhs, points: POINTS}
replications: RUNS
"""


def study(folder: Path, points: int, runs: int) -> str:
    path = folder / "study.yaml"
    path.write_text(STUDY.replace("POINTS", str(points)).replace("RUNS", str(runs)), encoding="utf-8")
    return str(path)


def start(module: str, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", module, *words]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def survived(*words: str) -> int:
    process = start("tests.kills", *words)
    told, trouble = process.communicate()
    assert process.returncode == 0, trouble
    found = re.match(r"(\d+) (kills|deaths)", told)
    assert found, told
    return int(found[1])


def test_kills_at_random_moments_are_survived(tmp_path: Path) -> None:
    assert survived("random", study(tmp_path, 4, 5), str(tmp_path / "out"), "30", "1") == 30


def test_deaths_at_every_step_towards_the_disk_are_survived(tmp_path: Path) -> None:
    """With what was not yet brought to the disk lost, as when the power fails."""
    assert survived("steps", study(tmp_path, 1, 2), str(tmp_path / "out"), "3") > 15


def workers(process: subprocess.Popen[str]) -> list[int]:
    """The workers of a sweep; none when it has ended."""
    try:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    except OSError:
        return []
    return [int(child) for child in children if "spawn_main" in command(int(child))]


def command(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text()
    except OSError:  # it has just ended
        return ""


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, str]]:
    """A study of 200 runs, and the bytes of its tables when nobody disturbs it."""
    folder = tmp_path_factory.mktemp("swept")
    path = study(folder, 10, 10)
    process = start("tests.tiny", path, str(folder / "out"), "1", "0")
    _, trouble = process.communicate()
    assert process.returncode == 0, trouble
    return path, bytes_of(folder / "out")


def test_killed_workers_cost_no_run(swept: tuple[str, dict[str, str]], tmp_path: Path) -> None:
    path, expected = swept
    luck, killed = Random(1), 0
    process = start("tests.tiny", path, str(tmp_path / "out"), "2", "0.03")
    while process.poll() is None and killed < 4:
        time.sleep(luck.uniform(0.5, 1.5))
        for worker in workers(process)[:1] if (tmp_path / "out" / "ledger.sqlite").exists() else ():
            os.kill(worker, signal.SIGKILL)
            killed += 1
    told, trouble = process.communicate(timeout=120)
    assert process.returncode == 0, trouble
    assert "done=200, failed=0" in told
    assert killed >= 2
    assert bytes_of(tmp_path / "out") == expected


def test_a_killed_sweep_takes_its_workers_with_it_and_goes_on(
    swept: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    path, expected = swept
    luck, out = Random(2), tmp_path / "out"
    for _ in range(3):
        process = start("tests.tiny", path, str(out), "2", "0.03")
        while not (found := workers(process)) and process.poll() is None:
            time.sleep(0.05)
        time.sleep(luck.uniform(0, 4))
        found = workers(process) or found
        process.kill()
        process.communicate()
        gone(found)
    process = start("tests.tiny", path, str(out), "2", "0")
    told, trouble = process.communicate(timeout=120)
    assert process.returncode == 0, trouble
    assert "done=200, failed=0" in told
    assert bytes_of(out) == expected


def gone(processes: list[int]) -> None:
    end = time.monotonic() + 30
    while any("spawn_main" in command(process) for process in processes):
        assert time.monotonic() < end, "workers outlive their sweep"
        time.sleep(0.05)

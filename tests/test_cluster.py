"""Sweeps on a Dask cluster: a scheduler and two workers, processes of this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from experiments import executors, provenance
from experiments.study import load_study
from experiments.sweep import Options, sweep
from sim.errors import InputError
from tests import tiny
from tests.kills import bytes_of
from tests.test_kill import study

pytest.importorskip("distributed")
pytestmark = [
    pytest.mark.slow,
    # what the library itself leaves behind when its workers are killed
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

ROOT = Path(__file__).parents[1]
EVERYTHING = Options(keep="everything")


class Cluster:
    """A scheduler with workers."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self.file = folder / "scheduler.json"
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(self.file)
        )
        self.address = self._address()
        self.workers = [self.add() for _ in range(2)]

    def add(self) -> subprocess.Popen[bytes]:
        how = ("--nthreads", "1", "--no-nanny", "--local-directory", str(self._folder))
        return self._start("worker", "--scheduler-file", str(self.file), *how)

    def _start(self, what: str, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--no-dashboard", *words]
        log = self._stack.enter_context((self._folder / f"{what}.log").open("ab"))
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process

    def _address(self) -> str:
        end = time.monotonic() + 60
        while True:
            assert self.scheduler.poll() is None
            assert time.monotonic() < end
            try:
                return str(json.loads(self.file.read_text())["address"])
            except (OSError, ValueError):
                time.sleep(0.05)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with ExitStack() as stack:
        yield Cluster(tmp_path, stack)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return study(tmp_path, 6, 10)


def undisturbed(path: str, folder: Path) -> dict[str, str]:
    tiny.made(path, str(folder), 1, 0.0)
    return bytes_of(folder)


def test_a_cluster_gives_the_same_bytes_though_a_worker_is_killed(
    cluster: Cluster, path: str, tmp_path: Path
) -> None:
    killed = []

    def watch(counts: tuple[int, ...]) -> None:
        if counts[1] > 20 and not killed:
            killed.append(cluster.workers[0].pid)
            cluster.workers[0].send_signal(signal.SIGKILL)

    simulate = partial(tiny.run, pause=0.02)
    with executors.dask(cluster.address, simulate, chunk=3) as engine:
        report = sweep(load_study(path), tmp_path / "out", engine, EVERYTHING, watch)
    assert killed
    assert report.counts == (0, 120, 0)
    assert bytes_of(tmp_path / "out") == undisturbed(path, tmp_path / "alone")


def test_a_scheduler_that_goes_away_is_one_error_and_the_study_goes_on_here(
    cluster: Cluster, path: str, tmp_path: Path
) -> None:
    def watch(counts: tuple[int, ...]) -> None:
        if counts[1] > 20:
            cluster.scheduler.kill()

    with (
        pytest.raises(InputError, match=r"the scheduler at tcp://.* went away; what came home is kept"),
        executors.dask(cluster.address, partial(tiny.run, pause=0.02), chunk=3) as engine,
    ):
        sweep(load_study(path), tmp_path / "out", engine, EVERYTHING, watch)
    report = tiny.made(path, str(tmp_path / "out"), 1, 0.0)
    assert 0 < report.made < 120
    assert bytes_of(tmp_path / "out") == undisturbed(path, tmp_path / "alone")


def test_workers_with_other_code_are_refused(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "code_of_outcomes", lambda: str(os.getpid()))
    with pytest.raises(InputError, match="other code of cityfunnel"), executors.dask(cluster.address):
        pass


def test_an_address_where_nobody_answers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "PATIENCE", 1)
    with pytest.raises(InputError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:9'"):  # noqa: SIM117
        with executors.dask("tcp://127.0.0.1:9"):
            pass

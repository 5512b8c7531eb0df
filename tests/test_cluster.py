"""Sweeps on a Dask cluster: a scheduler and two workers, processes of this machine.

What the guide to clusters shows is run too, with a Slurm that runs at once what it is given.
"""

from __future__ import annotations

import ast
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from experiments import cli, executors, provenance
from experiments.study import load_study
from experiments.sweep import Options, sweep
from sim.errors import InputError
from tests import tiny
from tests.kills import bytes_of
from tests.test_docs import blocks
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


# --- what the guide shows ------------------------------------------------------------------------

GUIDE, SWEEPS = ROOT / "docs" / "cluster.md", ROOT / "docs" / "sweeps.md"

#: writes down how it was called, and by which task of an array
CITYFUNNEL = """\
import json, os, sys
task = {name: value for name, value in os.environ.items() if name.startswith("SLURM_ARRAY_TASK_")}
with open("calls", "a") as calls:
    print(json.dumps([sys.argv[1:], task]), file=calls)
"""

#: runs at once what it is given, a script once for each task of its array, and prints a number
SBATCH = """\
import os, re, subprocess, sys
if "--wrap" in sys.argv:
    assert "--dependency=afterok:7" in sys.argv
    sys.exit(subprocess.run(sys.argv[sys.argv.index("--wrap") + 1], shell=True).returncode)
script = sys.argv[-1]
first, last = map(int, re.search(r"^#SBATCH --array=(\\d+)-(\\d+)$", open(script).read(), re.M).groups())
for task in range(first, last + 1):
    told = {"ID": task, "MIN": first, "STEP": 1, "COUNT": last - first + 1}
    array = {f"SLURM_ARRAY_TASK_{name}": str(value) for name, value in told.items()}
    subprocess.run(["bash", script], env={**os.environ, **array}, check=True)
print(7)
"""


def shown(beginning: str) -> str:
    """The block of the guide that begins like this."""
    (found,) = [block.text for block in blocks(GUIDE, "bash", "py") if block.text.startswith(beginning)]
    return found


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to work in, with the study of the guide to sweeps."""
    monkeypatch.chdir(tmp_path)
    first = next(block for block in blocks(SWEEPS, "yaml") if "`staff.yaml`" in block.before)
    (tmp_path / "staff.yaml").write_text(first.text, encoding="utf-8")
    return tmp_path


def swept(words: list[str]) -> None:
    done = CliRunner().invoke(cli.app, words, prog_name="cityfunnel")
    assert done.exit_code == 0, f"{shlex.join(words)}\n{done.output}"


def alone(here: Path) -> dict[str, str]:
    """The tables of the guide's study, made by one process."""
    swept(["sweep", "staff.yaml", "--jobs", "1", "--out", "alone"])
    return bytes_of(here / "alone")


def install(folder: Path, **programs: str) -> str:
    """A path on which these programs come first."""
    folder.mkdir()
    for name, code in programs.items():
        # a first line that names the interpreter must not have a space in it, and a path may
        call = shlex.join([sys.executable, "-c", code])
        (folder / name).write_text(f'#!/bin/sh\nexec {call} "$@"\n', encoding="utf-8")
        (folder / name).chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_every_block_of_the_guide_is_looked_at_here() -> None:
    beginnings = (
        "#!/bin/bash",
        "job=$(sbatch",
        "pip install",
        "dask scheduler",
        "cityfunnel sweep",
        "from pathlib",
    )
    assert [shown(beginning) for beginning in beginnings] == [
        block.text for block in blocks(GUIDE, "bash", "py")
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="the scripts are for bash")
def test_the_job_array_of_the_guide_makes_the_study(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "staff.sbatch").write_text(shown("#!/bin/bash"), encoding="utf-8")
    path = install(here / "bin", cityfunnel=CITYFUNNEL, sbatch=SBATCH)
    environment = {**os.environ, "PATH": path}
    subprocess.run(["bash", "-ec", shown("job=$(sbatch")], env=environment, check=True)
    calls = [json.loads(line) for line in (here / "calls").read_text(encoding="utf-8").splitlines()]
    assert [task.get("SLURM_ARRAY_TASK_ID") for _, task in calls] == [*"12345678", None]
    for words, task in calls:
        with monkeypatch.context() as patch:
            for name, value in task.items():
                patch.setenv(name, value)
            swept(words)
    assert len(list((here / "results" / "staff" / "shards").glob("*-of-8"))) == 8
    assert bytes_of(here / "results" / "staff") == alone(here)


def test_the_dask_commands_of_the_guide_make_the_study(here: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])

    def words(line: str) -> list[str]:
        return shlex.split(line.replace("HOST", "127.0.0.1").replace("8786", port).replace("16", "2"))

    scheduler, worker = (words(line) for line in shown("dask scheduler").splitlines())
    with ExitStack() as stack:
        for program in ([*scheduler, "--host", "127.0.0.1"], worker):
            stack.enter_context(running([sys.executable, "-m", *program, "--no-dashboard"], here))
        swept(words(shown("cityfunnel sweep"))[1:])
    assert bytes_of(here / "results" / "staff") == alone(here)


@contextmanager
def running(command: list[str], folder: Path) -> Iterator[None]:
    """A program that is ended, gently so that it ends its own processes, when it is needed no more."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=environment)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def test_the_script_of_the_guide_asks_slurm_for_workers(here: Path) -> None:
    jobqueue = pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is of the extra 'cluster'")
    code = shown("from pathlib")
    exec(
        compile(code, str(GUIDE), "exec"), {"__name__": "guide"}
    )  # imports; the rest is for the main program
    assigned = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Assign)]
    (how,) = [ast.literal_eval(node.value) for node in assigned if ast.unparse(node.targets[0]) == "how"]
    options = {"host": "127.0.0.1", "dashboard_address": None}
    with jobqueue.SLURMCluster(**how, scheduler_options=options) as cluster:
        script = cluster.job_script()
    assert "#SBATCH -p main" in script
    assert "#SBATCH -t 02:00:00" in script

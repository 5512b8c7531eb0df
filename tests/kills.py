"""Sweeps that are killed, in a process without threads that can be split in two at any time.

``python -m tests.kills random STUDY FOLDER KILLS SEED`` kills (``SIGKILL``) sweeps at random moments and
lets the next process go on, until KILLS were survived.

``python -m tests.kills steps STUDY FOLDER EVERY`` has a sweep die at its first step towards the disk,
then one at a later step, and so on to the last; what was not yet brought to the disk is lost as if
the power had failed.

Every study must come to the same bytes as one that nobody disturbed. Prints what was survived.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.compute
import pyarrow.parquet  # noqa: F401  # once for all lives

from experiments import provenance, runner, store, sweep
from experiments.study import Study, load_study
from tests import tiny

#: a few milliseconds more than a study takes, in seconds, and runs in a chunk
LONGEST, CHUNK = 0.6, 4


def bytes_of(folder: Path) -> dict[str, str]:
    """Digests of all tables."""
    return {file.name: store.digest(file) for file in sorted(folder.glob("*.parquet"))}


def make(study: Study, folder: Path) -> None:
    """One sweep in this process; everything that comes in is written at once."""
    sweep.SECONDS = 0.0
    engine = sweep.Engine(chunk=CHUNK, simulate=partial(tiny.run, pause=0.002))
    report = sweep.sweep(study, folder, engine, sweep.Options(keep="everything"))
    assert report.counts == (0, study.size, 0), report


def life(what: Callable[[], None]) -> int:
    """Do something in a process of its own; return its number."""
    process = os.fork()
    if process == 0:
        try:
            what()
        except Exception:  # noqa: BLE001  # whatever it is, this process must not go on as its parent
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return process


def end(process: int) -> bool:
    """Wait for the end of a life: whether it did its work (``True``) or was killed."""
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    assert status in (0, -signal.SIGKILL), status
    return status == 0


def at_random(study: Study, folder: Path, kills: int, seed: int) -> str:
    """Kill at random moments."""
    luck, killed, studies, most = Random(seed), 0, 0, 0
    expected = undisturbed(study, folder)
    while killed < kills:
        shutil.rmtree(folder, ignore_errors=True)
        deaths, studies = 0, studies + 1
        while True:
            process = life(partial(make, study, folder))
            if killed < kills:
                time.sleep(luck.uniform(0, LONGEST))
                os.kill(process, signal.SIGKILL)
            if end(process):
                break
            killed, deaths = killed + 1, deaths + 1
        most = max(most, deaths)
        assert bytes_of(folder) == expected, f"{deaths} kills"
    return f"{killed} kills survived in {studies} studies, up to {most} in one"


def undisturbed(study: Study, folder: Path) -> dict[str, str]:
    """The bytes of a study that nobody disturbed."""
    shutil.rmtree(folder, ignore_errors=True)
    assert end(life(partial(make, study, folder)))
    return bytes_of(folder)


class Wire:
    """Ends its process at the ``step``-th step towards the disk: before that step, or right after it."""

    def __init__(self, step: int, after: bool) -> None:
        self.left, self.after = step, after
        os.fsync = self.tripping(os.fsync)  # type: ignore[assignment]
        Path.rename = self.tripping(Path.rename)  # type: ignore[method-assign]
        Path.replace = self.tripping(Path.replace)  # type: ignore[method-assign]

    def tripping(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*given: Any) -> Any:
            self.left -= 1
            if self.left == 0 and not self.after:
                if real.__name__ == "fsync" and os.fstat(given[0]).st_size and not is_folder(given[0]):
                    os.ftruncate(given[0], 0)  # never came to the disk
                os.kill(os.getpid(), signal.SIGKILL)
            found = real(*given)
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return found

        return step


def is_folder(descriptor: int) -> bool:
    return bool(os.fstat(descriptor).st_mode & 0o040000) and not os.fstat(descriptor).st_mode & 0o100000


def at_each_step(study: Study, folder: Path, every: int) -> str:
    """Die at one step after the other."""
    expected, survived = undisturbed(study, folder), 0
    for after in (False, True):
        for step in range(1 + after, 10_000, every):
            shutil.rmtree(folder, ignore_errors=True)

            def dying(step: int = step, after: bool = after) -> None:
                Wire(step, after)
                make(study, folder)

            if end(life(dying)):
                break  # there were fewer steps
            survived += 1
            assert end(life(partial(make, study, folder)))
            assert bytes_of(folder) == expected, (step, after)
    return f"{survived} deaths at a step survived"


if __name__ == "__main__":
    runner.load(tiny.run)
    provenance.code_of_outcomes(), provenance.commit()  # looked up once for all lives
    kind, name, place, *numbers = sys.argv[1:]
    asked, where = load_study(name), Path(place)
    told = (
        at_random(asked, where, *map(int, numbers))
        if kind == "random"
        else at_each_step(asked, where, *map(int, numbers))
    )
    print(told)  # noqa: T201

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from experiments import lock, parts
from experiments.ledger import NAME, PAGE, WHOLE, Counts, Ledger, Shard, shard
from experiments.lock import locked
from experiments.parts import DamagedError
from experiments.store import StoreError
from experiments.study import Job
from sim.errors import InputError, OutputError

SCENARIOS = ["a", "b"]


def jobs(points: int, replications: int, levers: int = 1) -> list[Job]:
    return [
        Job(f"{lever}.{point}.{run}", lever, point, run, run)
        for lever in range(levers) for point in range(1, points + 1) for run in range(1, replications + 1)
    ]  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path) as found:
        yield found


def took(ledger: Ledger, wanted: list[Job], part: Shard = WHOLE) -> tuple[int, int]:
    return ledger.sync(wanted, SCENARIOS, part, {"study": "x"})


# --- ledger -------------------------------------------------------------------------------------


def test_jobs_begin_pending_and_come_in_order(ledger: Ledger) -> None:
    wanted = jobs(40, 30, 2)
    assert len(wanted) > 2 * PAGE
    took(ledger, wanted[::-1])
    assert list(ledger.pending()) == wanted
    assert ledger.counts() == Counts(len(wanted), 0, 0)
    assert ledger.about() == {"study": "x"}


def test_what_is_recorded_is_no_longer_pending(ledger: Ledger) -> None:
    took(ledger, jobs(1, 4))
    ledger.record(("parts/1", "f00"), ["0.1.1", "0.1.3"], [("0.1.2", "oh", "trace", "command")])
    assert [job.id for job in ledger.pending()] == ["0.1.4"]
    assert [(known.job, known.scenario, known.part) for known in ledger.known()] == [
        ("0.1.1", "a", 1),
        ("0.1.3", "a", 1),
    ]
    assert [(failed.job, failed.error, failed.command) for failed in ledger.failed(9)] == [
        ("0.1.2", "oh", "command")
    ]
    assert ledger.parts() == {1: ("parts/1", "f00")}


def test_a_job_is_done_once(ledger: Ledger) -> None:
    took(ledger, jobs(1, 2))
    ledger.record(("parts/1", ""), ["0.1.1"])
    ledger.record(("parts/2", ""), ["0.1.1", "0.1.2"], [("0.1.1", "late", "", "")])
    assert [(known.job, known.part) for known in ledger.known()] == [("0.1.1", 1), ("0.1.2", 2)]
    assert ledger.counts() == Counts(0, 2, 0)


def test_an_extended_study_keeps_what_is_done(ledger: Ledger) -> None:
    took(ledger, jobs(2, 2))
    ledger.record(("parts/1", ""), ["0.1.1", "0.2.2"])
    assert took(ledger, jobs(3, 3, 2)) == (0, 4)
    assert ledger.counts() == Counts(16, 2, 0)


def test_another_study_changes_nothing(ledger: Ledger) -> None:
    took(ledger, jobs(2, 2))
    assert took(ledger, jobs(2, 1)) == (2, 4)
    assert list(ledger.pending()) == jobs(2, 2)


def test_jobs_move_with_their_points(ledger: Ledger) -> None:
    took(ledger, [Job("x", 0, 1, 1, 1), Job("y", 0, 2, 1, 1)])
    took(ledger, [Job("y", 0, 1, 1, 1), Job("z", 0, 2, 1, 1), Job("x", 0, 3, 1, 1)])
    assert [job.id for job in ledger.pending()] == ["y", "z", "x"]


def test_a_forgotten_part_is_done_again(ledger: Ledger) -> None:
    took(ledger, jobs(1, 3))
    ledger.record(("parts/1", ""), ["0.1.1", "0.1.2"])
    assert ledger.forget(1) == 2
    assert ledger.counts() == Counts(3, 0, 0)
    assert ledger.parts() == {}


def test_failed_jobs_may_be_tried_again(ledger: Ledger) -> None:
    took(ledger, jobs(1, 2))
    ledger.record(None, (), [("0.1.1", "oh", "", "")])
    assert ledger.failures() == [("0.1.1", "oh", "", "")]
    ledger.retry()
    assert ledger.counts() == Counts(2, 0, 0)


@pytest.mark.parametrize("shards", [1, 2, 3, 7])
def test_shards_share_the_jobs_evenly(tmp_path: Path, shards: int) -> None:
    wanted, seen = jobs(5, 6, 2), []
    for number in range(1, shards + 1):
        (tmp_path / str(number)).mkdir()
        with Ledger.open(tmp_path / str(number)) as ledger:
            took(ledger, wanted, Shard(number, shards))
            mine = list(ledger.pending(Shard(number, shards)))
        assert abs(len(mine) - len(wanted) / shards) <= 2
        seen += mine
    assert sorted(seen) == sorted(wanted)


@pytest.mark.parametrize("text", ["", "3", "0/3", "4/3", "1/0", "a/b", "-1/3", "1/2/3", "1.5/3"])
def test_a_shard_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="must be K/N"):
        shard(text)


def test_a_shard_is_named_or_taken_from_the_array(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shard(None) == WHOLE
    assert shard("3/8") == Shard(3, 8)
    with pytest.raises(InputError, match="needs a Slurm job array"):
        shard("array")
    for name, value in {"ID": "14", "MIN": "10", "STEP": "2", "COUNT": "5"}.items():
        monkeypatch.setenv(f"SLURM_ARRAY_TASK_{name}", value)
    assert shard("array") == Shard(3, 5)


@pytest.mark.parametrize("content", [b"", b"nonsense" * 1000, b"half"])
def test_a_ledger_that_is_none_is_told(tmp_path: Path, content: bytes) -> None:
    if content == b"half":
        with Ledger.open(tmp_path) as found:
            took(found, jobs(40, 40))
        whole = (tmp_path / NAME).read_bytes()
        content = whole[: len(whole) // 2]
    (tmp_path / NAME).write_bytes(content)
    if not content:  # SQLite takes an empty file for a new one, and so may we: the parts are found again
        with Ledger.open(tmp_path) as found:
            assert found.about() == {}
        return
    with (
        pytest.raises(StoreError, match=r"ledger.sqlite: is damaged .*delete it"),
        Ledger.open(tmp_path) as found,
    ):
        list(found.pending())


def test_a_ledger_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    with pytest.raises(OutputError, match=r"ledger\.sqlite: cannot be written"), Ledger.open(tmp_path):
        pass


def test_a_full_disk_is_told_and_nothing_half_is_written(ledger: Ledger) -> None:
    took(ledger, jobs(2, 2))
    ledger._connection.execute("PRAGMA max_page_count = 12")
    with pytest.raises(OutputError, match="cannot be written: database or disk is full"):
        took(ledger, jobs(200, 20))
    assert list(ledger.pending()) == jobs(2, 2)


def test_anybody_may_read_a_ledger_while_it_is_written(ledger: Ledger, tmp_path: Path) -> None:
    took(ledger, jobs(1, 2))
    other = sqlite3.connect(tmp_path / NAME)
    assert other.execute("SELECT count(*) FROM jobs WHERE state = 'pending'").fetchall() == [(2,)]
    other.close()


# --- lock ---------------------------------------------------------------------------------------

HOLD = "import sys, time; from pathlib import Path; from experiments.lock import locked\n" \
    "with locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"  # fmt: skip


def test_a_second_process_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(OutputError, match=rf"is in use by process {other.pid} on "), locked(tmp_path):
            pass
        with pytest.raises(OutputError), locked(tmp_path):  # the name survives the first look
            pass
    finally:
        other.kill()
        other.communicate()
    with locked(tmp_path):
        assert str(os.getpid()) in (tmp_path / "lock").read_text()
    with locked(tmp_path):
        pass


def test_a_lock_that_is_let_go_of_in_a_moment_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying = ExitStack()
    dying.enter_context(locked(tmp_path))
    monkeypatch.setattr(lock.time, "sleep", lambda _: dying.close())
    with locked(tmp_path):
        assert (tmp_path / "lock").exists()


# --- parts --------------------------------------------------------------------------------------


def frames(*ids: str) -> dict[str, pd.DataFrame]:
    return {
        "outcomes": pd.DataFrame({"job": list(ids), "score": [float(len(each)) for each in ids]}),
        "events": pd.DataFrame(
            {"job": [each for each in ids for _ in range(2)], "kind": ["x", "y"] * len(ids)}
        ),
    }


def test_a_part_says_what_it_is(tmp_path: Path) -> None:
    (name, sha256), known = parts.write(tmp_path, frames("a", "bb"), "code")
    assert name == "parts/000001"
    assert known == ["a", "bb"]
    assert parts.look(tmp_path / name) == parts.Found(sha256, "code", ("outcomes", "events"), ["a", "bb"])
    assert parts.write(tmp_path, frames("c"), "code")[0][0] == "parts/000002"
    assert parts.found(tmp_path) == ["parts/000001", "parts/000002"]


def test_what_was_left_half_done_is_removed(tmp_path: Path) -> None:
    parts.write(tmp_path, frames("a"), "code")
    half = tmp_path / "parts" / ".unfinished-000002"
    half.mkdir()
    (half / "outcomes.parquet").write_bytes(b"half")
    assert parts.found(tmp_path) == ["parts/000001"]
    assert not half.exists()


@pytest.mark.parametrize("file", ["part.json", "outcomes.parquet", "events.parquet"])
@pytest.mark.parametrize("how", ["gone", "cut", "changed", "empty"])
def test_a_damaged_part_is_found_out(tmp_path: Path, file: str, how: str) -> None:
    (name, sha256), _ = parts.write(tmp_path, frames("a", "bb"), "code")
    path = tmp_path / name / file
    content = path.read_bytes()
    middle = len(content) // 2
    changed = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    damage(path, {"cut": content[:middle], "changed": changed, "empty": b""}.get(how))

    table = "events" if file == "events.parquet" else "outcomes"
    rows = [SimpleNamespace(known=SimpleNamespace(job="a", part=1))]
    with pytest.raises(DamagedError, match=r"No such file|is not as it was written"):
        parts.joined(tmp_path, table, {1: (name, sha256)}, rows, lambda *_: pytest.fail("read"))
    if file != "part.json" or how != "changed":  # a digest that was changed shows in the ledger alone
        with pytest.raises(DamagedError):
            parts.look(tmp_path / name)


def damage(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import lru_cache, partial
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from typer.testing import CliRunner, Result

import sim
from analysis.measures import outcomes
from analysis.tables import tables
from experiments import cli, parts, provenance, runner, store
from experiments import study as studies
from experiments import sweep as sweeps
from experiments.ledger import Ledger, Shard
from experiments.store import StoreError
from experiments.study import KEYS, Job, Study, load_study
from experiments.sweep import Engine, Options, Report
from experiments.uncertainties import KINDS
from sim.errors import InputError, OutputError
from tests import tiny
from tests.kills import bytes_of
from tests.test_cli import start

STUDY = """\
question: Which?
base: taipei_stage1_bottom_up
levers: [taipei_stage1_bottom_up, problem_led]
uncertainties: {pmo.staff: [5, 30], needs.arrival: }
outcomes: [proposals_received, proposal_to_poc]
design: {kind: lhs, points: 3}
replications: 2
"""
TABLES = ("outcomes", "runs", "cases", "events")
EVERYTHING = Options(keep="everything")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("study.yaml").write_text(STUDY, encoding="utf-8")
    return tmp_path


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes in is written at once, and tables are made of many small groups."""
    monkeypatch.setattr(sweeps, "SECONDS", 0.0)
    monkeypatch.setattr(parts, "GROUP", dict.fromkeys(TABLES, 5))
    monkeypatch.setattr(os, "fsync", lambda _: None)  # what it is good for is seen in test_kill


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of the command line that take no time."""
    monkeypatch.setattr(runner, "_model", lambda: tiny.run)


def write(old: str = "", new: str = "") -> None:
    assert old in STUDY
    Path("study.yaml").write_text(STUDY.replace(old, new), encoding="utf-8")


def made(folder: str = "out", options: Options = EVERYTHING, **how: Any) -> Report:
    engine = Engine(**{"simulate": tiny.run, "chunk": 12, **how})
    return sweeps.sweep(load_study("study.yaml"), Path(folder), engine, options)


def undisturbed() -> dict[str, str]:
    """The bytes of the study's tables when nothing happens on the way."""
    return _undisturbed(Path("study.yaml").read_text(encoding="utf-8"))


@lru_cache
def _undisturbed(_: str) -> dict[str, str]:
    made("undisturbed")
    return bytes_of(Path("undisturbed"))


def stopping(after: int) -> Any:
    """A run that ends everything when ``after`` runs were made."""
    left = iter(range(after))

    def run(scenario: Any, seed: int) -> Any:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return tiny.run(scenario, seed)

    return run


# --- what comes out -----------------------------------------------------------------------------


def test_outcomes_are_those_of_the_runs_themselves() -> None:
    made()
    study, found = load_study("study.yaml"), store.read("out").outcomes
    row = 0
    for lever in study.levers:
        for point, values in enumerate(study.at(), 1):
            world = lever
            for path, value in values.items():
                world = world.with_(path, value)
            for seed in (1, 2):
                expected = outcomes(tables([tiny.run(world, seed)])).iloc[0]
                told = found.iloc[row]
                assert (told["scenario"], told["point"], told["seed"]) == (lever.name, point, seed)
                assert {path: told[path] for path in values} == values
                assert told["policy.problem_led"] == (lever.name == "problem_led")
                for name in study.outcomes:
                    assert told[name] == expected[name] or (pd.isna(told[name]) and pd.isna(expected[name]))
                row += 1
    assert row == len(found) == study.size


def test_the_model_itself_is_swept_like_a_loop_over_it() -> None:
    write("points: 3", "points: 1")
    made(simulate=None)
    study, found = load_study("study.yaml"), store.read("out")
    (values,) = study.at()
    logs = []
    for lever in study.levers:
        world = lever
        for path, value in values.items():
            world = world.with_(path, value)
        logs += [sim.run(world, seed) for seed in (1, 2)]
    expected = tables(logs)
    for name in ("runs", "cases", "events"):
        told, frame = found.table(name), getattr(expected, name)
        words = dict.fromkeys(frame.select_dtypes("category").columns, "string")
        assert_frame_equal(told.drop(columns="point").astype(words), frame.astype(words))


def test_a_store_of_a_study_says_what_it_is() -> None:
    report = made(options=Options(keep="everything", command="cityfunnel sweep study"))
    found = store.read("out")
    assert found.manifest["study"] == json.loads(json.dumps(load_study("study.yaml").specification()))
    assert found.manifest["runs"] == {"done": 12, "failed": 0, "pending": 0}
    assert found.manifest["command"] == "cityfunnel sweep study"
    assert found.manifest["code"] == provenance.code_of_outcomes()
    assert set(found.manifest["tables"]) == set(TABLES)
    assert report.counts == (0, 12, 0)
    for name, told in found.manifest["tables"].items():
        assert told == {
            "rows": len(found.table(name)),
            "sha256": store.digest(Path("out") / f"{name}.parquet"),
        }
    columns = pd.read_csv("out/columns.csv").groupby("table", sort=False)["column"].agg(list)
    for name in TABLES:
        assert columns[name] == list(found.table(name).columns)
    assert sorted(path.name for path in Path("out").iterdir()) == sorted(
        [
            "manifest.json",
            "columns.csv",
            "ledger.sqlite",
            "lock",
            "parts",
            *(f"{name}.parquet" for name in TABLES),
        ]
    )


def test_outcomes_alone_are_kept_unless_everything_is_wanted() -> None:
    made("thin", Options())
    made("full")
    assert set(store.read("thin").manifest["tables"]) == {"outcomes"}
    assert (Path("thin") / "outcomes.parquet").read_bytes() == (
        Path("full") / "outcomes.parquet"
    ).read_bytes()
    with pytest.raises(InputError, match="was begun with --keep outcomes; go on with that"):
        made("thin")
    made("full", Options())
    assert set(store.read("full").manifest["tables"]) == set(TABLES)


def test_other_programs_read_the_tables_in_a_line() -> None:
    made()
    queries = [
        "SELECT DISTINCT scenario FROM 'out/outcomes.parquet' ORDER BY ALL",
        "SELECT count(*) FROM 'out/parts/*/outcomes.parquet'",
    ]
    code = "import duckdb, sys; print(*[duckdb.sql(query).fetchall() for query in sys.argv[1:]])"
    command = [sys.executable, "-c", code, *queries]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told == "[('problem_led',), ('taipei_stage1_bottom_up',)] [(12,)]\n"


# --- however it is computed ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "how", [{"chunk": 1}, {"chunk": 5}, {"chunk": 100}, {"workers": 2, "chunk": 2}, {"workers": 2}]
)
def test_tables_are_the_same_bytes_for_any_chunks_and_workers(how: dict[str, int]) -> None:
    made(**how)
    assert bytes_of(Path("out")) == undisturbed()


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False), st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_tables_are_the_same_bytes_for_any_order_and_partition(luck: Random, sizes: list[int]) -> None:
    """Jobs in any order, in parts of any size, some of them made by a shard."""
    shutil.rmtree("out", ignore_errors=True)
    study = load_study("study.yaml")
    jobs = list(study.jobs())
    luck.shuffle(jobs)
    Path("out").mkdir()
    if luck.random() < 0.3:
        made(options=Options(keep="everything", shard=Shard(1, 2)))
    while jobs and luck.random() < 0.8:
        some = [jobs.pop() for _ in range(min(len(jobs), luck.choice(sizes)))]
        batch = runner.joined(runner.batches(named(study, some), simulate=tiny.run, chunk=12))
        parts.write(Path("out"), sweeps._frames(batch), provenance.code_of_outcomes())
    made(chunk=luck.choice(sizes))
    assert bytes_of(Path("out")) == undisturbed()


def named(study: Study, jobs: list[Job]) -> Iterator[runner.Job]:
    for job in jobs:
        one = sweeps.job(study, job.id)
        yield runner.Job(one.scenario, one.seed, one.settings, job.id)


def test_tables_are_the_same_bytes_for_shards() -> None:
    for number in (3, 1, 2):
        report = made(options=Options(keep="everything", shard=Shard(number, 3)))
        assert report.counts == (0, 4, 0)
        assert report.tables == {}
    report = made()
    assert report.made == 0
    assert bytes_of(Path("out")) == undisturbed()


def test_what_a_shard_did_not_make_is_made_by_the_whole() -> None:
    made(options=Options(keep="everything", shard=Shard(1, 3)))
    assert made().made == 8
    assert bytes_of(Path("out")) == undisturbed()


def test_failures_of_shards_are_known_to_the_whole() -> None:
    made(options=Options(shard=Shard(1, 2)), simulate=tiny.moody)
    made(options=Options(shard=Shard(2, 2)), simulate=tiny.moody)
    report = made(options=Options(), simulate=tiny.moody)
    assert (report.made, report.counts) == (0, (0, 6, 6))


def test_a_shard_that_is_still_running_is_told() -> None:
    made(options=Options(shard=Shard(1, 2)))
    code = "import sys, time; from pathlib import Path; from experiments.lock import locked\n" \
        "with locked(Path('out/shards/1-of-2')): print(1, flush=True); time.sleep(60)"  # fmt: skip
    with (
        holding(code) as other,
        pytest.raises(OutputError, match=rf"1-of-2: is in use by process {other.pid} "),
    ):
        made(options=Options())


class holding:  # noqa: N801  # reads as a word
    """Another process that says a line when it has begun."""

    def __init__(self, code: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": str(Path(__file__).parents[1])},
        )

    def __enter__(self) -> subprocess.Popen[bytes]:
        assert self.process.stdout is not None
        self.process.stdout.readline()
        return self.process

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


# --- going on -----------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 1, 5, 11])
def test_a_study_that_was_interrupted_goes_on(after: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        made(simulate=stopping(after), chunk=1)
    assert made().made == 12 - after
    assert bytes_of(Path("out")) == undisturbed()


def test_what_waits_to_be_written_is_written_at_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "SECONDS", 1e9)
    with pytest.raises(KeyboardInterrupt):
        made(simulate=stopping(7), chunk=1)
    assert made().made == 5


def test_a_finished_study_is_not_made_again() -> None:
    made()
    before = {path: path.stat().st_mtime_ns for path in Path("out").glob("*.parquet")}
    report = made(simulate=stopping(0))
    assert (report.made, report.counts) == (0, (0, 12, 0))
    assert {path: path.stat().st_mtime_ns for path in Path("out").glob("*.parquet")} == before


@pytest.mark.parametrize(
    ("old", "new", "more"),
    [
        ("replications: 2", "replications: 5", 18),
        ("points: 3", "points: 6", 12),
        ("problem_led]", "problem_led, no_poc]", 6),
        ("points: 3}\nreplications: 2", "points: 12}\nreplications: 3", 60),
        (
            "levers: [taipei_stage1_bottom_up, problem_led]",
            "levers: [problem_led, taipei_stage1_bottom_up]",
            0,
        ),
        ("outcomes: [proposals_received, proposal_to_poc]", "outcomes: [projects]", 0),
    ],
)
def test_an_extended_study_computes_only_what_is_new(old: str, new: str, more: int) -> None:
    made()
    write(old, new)
    assert made().made == more
    assert bytes_of(Path("out")) == undisturbed()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "points: 3",
            "points: 4",
            r"\(different: design\): 12 of its 12 runs are not in this one.*twice as many points",
        ),
        (
            "replications: 2",
            "replications: 1",
            r"\(different: replications\): 6 of its 12 runs are not in this one",
        ),
        ("replications: 2", "replications: 2\nseed: 5", r"\(different: seed\)"),
        ("[5, 30]", "[1, 400]", r"\(different: uncertainties\)"),
        ("replications: 2", "replications: 2\nset: {poc.days: 100}", r"\(different: levers\)"),
    ],
)
def test_another_study_is_refused_and_harms_nothing(old: str, new: str, told: str) -> None:
    made()
    before = bytes_of(Path("out"))
    write(old, new)
    with pytest.raises(InputError, match=told):
        made()
    write()
    assert made().made == 0
    assert bytes_of(Path("out")) == before


def test_other_code_is_told_and_may_be_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyboardInterrupt):
        made(simulate=stopping(4), chunk=1)
    monkeypatch.setattr(provenance, "code_of_outcomes", lambda: "other")
    with pytest.raises(
        InputError, match=r"was made by other code of the model or its measures: .* --accept-code"
    ):
        made()
    monkeypatch.setattr(provenance, "versions", lambda: {"cityfunnel": "9.9"})
    with pytest.raises(InputError, match=rf"measures \(cityfunnel {sim_version()}, this is 9.9\)"):
        made()
    report = made(options=Options(accept=True))
    assert report.made == 8
    assert report.notes == [
        f"some of the runs were made by other code (cityfunnel {sim_version()}, this is 9.9)"
    ]


def sim_version() -> str:
    from experiments import __version__

    return __version__


def test_code_that_changes_on_the_way_ends_the_study(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = iter(["one", "one", "one", "two"])
    monkeypatch.setattr(provenance, "code_of_outcomes", lambda: next(codes, "two"))
    with pytest.raises(InputError, match="the code of the model changed on the way"):
        made(chunk=1)


def test_a_store_of_another_format_is_told() -> None:
    made()
    with Ledger.open(Path("out")) as ledger:
        ledger._connection.execute("UPDATE about SET value = '99' WHERE key = 'format'")
    with pytest.raises(StoreError, match="is a run store of format 99; this version reads format 1"):
        made()


# --- what fails ---------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_fails_is_data(workers: int) -> None:
    report = made(simulate=tiny.moody, workers=workers, chunk=3)
    assert report.counts == (0, 6, 6)
    assert {failed.error for failed in report.failed} == {"ValueError: two is unlucky"}
    assert set(store.read("out").outcomes["seed"]) == {1}
    with Ledger.open(Path("out")) as ledger:
        assert all("in moody" in trace for _, _, trace, _ in ledger.failures())
    assert made(simulate=tiny.moody).made == 0


def test_failed_runs_may_be_tried_again() -> None:
    made(simulate=tiny.moody)
    assert made(options=Options(retry=True)).made == 6
    assert bytes_of(Path("out")) == undisturbed()


def test_when_every_run_fails_there_are_no_tables() -> None:
    write("replications: 2", "replications: 1\nseed: 2")
    report = made(simulate=tiny.moody)
    assert (report.counts, report.tables) == ((0, 0, 6), {})
    assert not list(Path("out").glob("*.parquet"))


def test_a_worker_that_dies_costs_no_run() -> None:
    made(simulate=partial(tiny.deadly, mark=str(Path("mark").resolve())), workers=2, chunk=2)
    assert Path("mark").exists()
    assert bytes_of(Path("out")) == undisturbed()


# --- what is damaged ----------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["part.json", "outcomes.parquet", "events.parquet", ""])
def test_a_damaged_part_is_made_again_and_told(where: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        made(simulate=stopping(10), chunk=5)
    part = Path("out/parts/000001")
    if where:
        (part / where).write_bytes(b"x")
    else:
        shutil.rmtree(part)
    report = made()
    assert len(report.notes) == 1
    assert "000001" in report.notes[0]
    assert "5 runs were made again" in report.notes[0]
    assert report.made == 2 + 5
    assert bytes_of(Path("out")) == undisturbed()


def test_tables_that_were_damaged_are_made_again_from_the_parts() -> None:
    made()
    Path("out/outcomes.parquet").write_bytes(b"x")
    Path("out/cases.parquet").unlink()
    assert made().made == 0
    assert bytes_of(Path("out")) == undisturbed()


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"\xff"])
def test_a_manifest_that_was_damaged_is_written_again(content: bytes | None) -> None:
    made()
    manifest = Path("out/manifest.json")
    manifest.unlink() if content is None else manifest.write_bytes(content)
    assert made().made == 0
    assert store.read("out").manifest["runs"]["done"] == 12


def test_a_ledger_that_was_lost_is_made_again_from_the_parts() -> None:
    made()
    Path("out/ledger.sqlite").write_bytes(b"nonsense" * 500)
    with pytest.raises(StoreError, match=r"ledger.sqlite: is damaged .* or delete it"):
        made()
    Path("out/ledger.sqlite").unlink()
    assert made().made == 0
    assert bytes_of(Path("out")) == undisturbed()


def test_parts_of_other_code_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    made()
    Path("out/ledger.sqlite").unlink()
    monkeypatch.setattr(provenance, "code_of_outcomes", lambda: "other")
    report = made()
    assert report.made == 12
    assert all("was made by other code and is left out" in note for note in report.notes)


# --- the disk, and other processes --------------------------------------------------------------


@pytest.mark.parametrize("kind", ["file", "results", "somebody's"])
def test_a_folder_that_is_not_ours_is_refused(kind: str) -> None:
    out = Path("out")
    if kind == "file":
        out.write_text("mine")
    elif kind == "results":
        out.mkdir()
        (out / "manifest.json").write_text('{"kind": "cityfunnel run store", "format": 1}')
        (out / "funnel.csv").write_text("x")
    else:
        out.mkdir()
        (out / "thesis.tex").write_text("mine")
    with pytest.raises(OutputError, match="choose another --out"):
        made()
    assert not (out / "ledger.sqlite").exists()


def test_an_empty_folder_and_a_folder_in_a_folder_are_used() -> None:
    Path("a").mkdir()
    assert made("a").made == 12
    assert made("b/c/d").made == 12


def test_two_sweeps_of_one_store_do_not_mix() -> None:
    made()
    code = "import sys, time; from pathlib import Path; from experiments.lock import locked\n" \
        "with locked(Path('out')): print(1, flush=True); time.sleep(60)"  # fmt: skip
    with (
        holding(code) as other,
        pytest.raises(OutputError, match=rf"out: is in use by process {other.pid} on "),
    ):
        made()
    assert made().made == 0


class Full:
    """A disk that is full after so many bytes of Parquet."""

    def __init__(self, patch: pytest.MonkeyPatch, room: int) -> None:
        self.room = room
        patch.setattr(parts, "_sync_stream", self.sync)

    def sync(self, stream: Any) -> None:
        self.room -= stream.tell()
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device", str(stream.name))


@pytest.mark.parametrize("room", [0, 6_000, 20_000, 60_000, 100_000])
def test_a_full_disk_is_one_error_and_a_store_that_goes_on(room: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        Full(patch, room)
        with pytest.raises(OutputError, match="No space left on device") as caught:
            made(chunk=2)
    assert "\n" not in str(caught.value)
    made()
    assert not list(Path("out").rglob(".unfinished*"))
    assert bytes_of(Path("out")) == undisturbed()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB, where the system lets us have one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if (
        sys.platform != "linux"
        or shutil.which("mount") is None
        or subprocess.run(command, check=False).returncode
    ):
        pytest.skip("no disk can be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_is_really_full_is_one_error_and_a_store_that_goes_on(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 1_800_000)
    with pytest.raises(OutputError, match=r"No space left on device|database or disk is full"):
        made(str(small_disk / "out"), chunk=1)
    ballast.unlink()
    report = made(str(small_disk / "out"))
    assert 0 < report.made < 12
    assert bytes_of(small_disk / "out") == undisturbed()


# --- the command line ---------------------------------------------------------------------------


def call(*words: str) -> Result:
    return CliRunner().invoke(cli.app, ["sweep", *words], prog_name="cityfunnel")


@pytest.mark.usefixtures("quick")
def test_a_sweep_tells_its_size_its_outcomes_and_where_they_are() -> None:
    done = call("study.yaml", "--jobs", "1")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "study · 2 levers × 3 points × 2 replications = 12 runs\nWhich?\n" in done.stdout
    assert "proposals_received" in done.stdout
    assert "Results: results/study/" in done.stdout
    assert len(store.read("results/study").outcomes) == 12


@pytest.mark.usefixtures("quick")
def test_a_sweep_takes_settings_and_a_folder() -> None:
    done = call("study.yaml", "-j1", "--set", "poc.days=99", "-o", "there", "--keep", "everything")
    assert done.exit_code == 0
    manifest = store.read("there").manifest
    assert manifest["study"]["levers"]["problem_led"]["parameters"]["poc.days"] == 99.0
    assert manifest["command"] == "cityfunnel sweep study.yaml --set poc.days=99"
    assert set(manifest["tables"]) == set(TABLES)


@pytest.mark.usefixtures("quick")
def test_a_dry_run_writes_nothing() -> None:
    done = call("study.yaml", "--dry-run", "-j1")
    assert done.exit_code == 0
    assert "Runs to make: 12\nTime: about 1 second, with 1 at a time" in done.stdout
    assert "Disk: about 1 MB" in done.stdout
    assert not Path("results").exists()
    call("study.yaml", "-j1")
    write("replications: 2", "replications: 4")
    assert "Runs to make: 12; 12 are there already" in call("study.yaml", "--dry-run").stdout


def test_failed_runs_are_told_with_commands_that_repeat_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_model", lambda: tiny.moody)
    done = call("study.yaml", "-j1", "--set", "poc.days=99")
    assert done.exit_code == 1
    lines = done.stderr.splitlines()
    assert lines[0] == "cityfunnel: 6 of 12 runs failed and are left out:"
    assert lines[1] == "  taipei_stage1_bottom_up, seed 2: ValueError: two is unlucky"
    command = lines[2].split()
    assert command[:5] == ["cityfunnel", "sweep", "study.yaml", "--set", "poc.days=99"]
    assert lines[-2:] == ["  and 1 more (see ledger.sqlite)", "  --retry tries them again"]
    again = call(*command[2:])
    assert again.exit_code == 1
    assert "in moody" in again.stderr
    assert again.stderr.endswith("cityfunnel: the run failed: ValueError: two is unlucky\n")
    assert call("study.yaml", "-j1", "--set", "poc.days=99").exit_code == 1
    monkeypatch.setattr(runner, "_model", lambda: tiny.run)
    assert call("study.yaml", "-j1", "--set", "poc.days=99", "--retry").exit_code == 0


@pytest.mark.usefixtures("quick")
def test_a_single_run_is_repeated_exactly() -> None:
    call("study.yaml", "-j1")
    study, found = load_study("study.yaml"), store.read("results/study").outcomes
    for index, job in list(enumerate(study.jobs()))[::5]:
        told = call("study.yaml", "--job", job.id).stdout
        row = found.iloc[index]
        assert f"{row['scenario']}, seed {row['seed']}, pmo.staff = {row['pmo.staff']}" in told
        assert f"proposals_received: {row['proposals_received']:g}" in told
    assert "has no run 'nothing'" in call("study.yaml", "--job", "nothing").stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nothing.yaml"], "no such study file"),
        (["study.yaml", "--set", "pmo.staff=3"], "--set pmo.staff: is an uncertainty of this study"),
        (["study.yaml", "--shard", "4/3"], "--shard: must be K/N"),
        (["study.yaml", "--out", "study.yaml"], "is a file, not a folder"),
        (["study.yaml", "--scheduler", "nonsense"], "--scheduler: "),
    ],
)
def test_what_is_wrong_is_told_in_a_line(words: list[str], told: str) -> None:
    done = call(*words)
    assert done.exit_code == 2
    assert told in done.stderr
    assert done.stderr.startswith("cityfunnel: ")
    assert done.stderr.count("\n") == 1


def test_a_missing_extra_is_told_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = call("study.yaml", "--scheduler", "tcp://127.0.0.1:1")
    assert (done.exit_code, done.stderr) == (
        2,
        "cityfunnel: --scheduler: needs Dask: pip install 'cityfunnel[cluster]'\n",
    )


@pytest.mark.usefixtures("quick")
def test_a_shard_says_how_it_is_joined() -> None:
    for number in ("1", "2"):
        done = call("study.yaml", "-j1", "--shard", f"{number}/2")
        assert (
            f"Shard {number} of 2 is made; when all are, the same command without --shard joins them."
            in done.stdout
        )
    assert "Results: results/study/" in call("study.yaml", "-j1").stdout


@pytest.mark.skipif(sys.platform == "win32", reason="signals differ")
@pytest.mark.parametrize(("workers", "how"), [("1", signal.SIGTERM), ("2", signal.SIGINT)])
def test_a_sweep_that_is_stopped_ends_cleanly_and_says_how_to_go_on(
    workers: str, how: signal.Signals
) -> None:
    write("replications: 2", "replications: 2000")
    with start("sweep", "study.yaml", "-j", workers) as process, ExitStack() as at_the_end:
        at_the_end.callback(process.kill)
        while not list(Path("results/study/parts").glob("0*")):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(how)
        _, told = process.communicate(timeout=60)
    code, word = {signal.SIGINT: (130, "interrupted"), signal.SIGTERM: (143, "terminated")}[how]
    assert process.returncode == code
    assert told.startswith(f"cityfunnel: {word}; ")
    assert told.endswith("of 12,000 runs are kept; the same command goes on\n")
    kept = int(told.split()[2].replace(",", ""))
    with Ledger.open(Path("results/study")) as ledger:
        assert ledger.counts() == (12_000 - kept, kept, 0)


# --- the guide ----------------------------------------------------------------------------------

GUIDE = Path(__file__).parents[1] / "docs" / "sweeps.md"


@pytest.mark.usefixtures("quick")
def test_the_guide_works_from_top_to_bottom() -> None:
    """Files are saved and commands are called in its order; what it says that they print is printed."""
    told, sizes = "", []
    text = GUIDE.read_text(encoding="utf-8")
    for before, language, block in re.findall(
        r"([^\n]*)\n+^```(\w+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE
    ):
        if language == "yaml":
            Path(re.findall(r"`(\w+\.yaml)`", before)[0]).write_text(block, encoding="utf-8")
        elif language == "sh":
            words = block.split()
            assert words[:2] == ["cityfunnel", "sweep"]
            done = call(*words[2:], *([] if "--dry-run" in words else ["-j1"]))
            assert (done.exit_code, done.stderr) == (0, "")
            told = done.stdout
            sizes.append(told.splitlines()[0])
        elif language == "text" and " levers × " in block:
            assert told.splitlines()[:3] == block.splitlines()[:3]
    assert sizes == [
        "staff · 2 levers × 4 points × 3 replications = 24 runs",
        "staff · 2 levers × 4 points × 3 replications = 24 runs",
        "staff · 2 levers × 8 points × 5 replications = 80 runs",
        "calibrated · 2 levers × 4 points × 2 replications = 16 runs",
        "rigour · 3 levers × 2,048 points × 16 replications = 98,304 runs",
    ]
    assert len(store.read("results/staff").outcomes) == 80


def test_the_guide_names_every_option_kind_and_key() -> None:
    text = GUIDE.read_text(encoding="utf-8") + GUIDE.with_name("cluster.md").read_text(encoding="utf-8")
    told = call("--help").stdout
    options = set(re.findall(r"--[a-z-]+", told)) - {"--help", "--jobs"}
    words = [*options, *KINDS, *KEYS, *studies._File.model_fields]
    assert [word for word in words if word not in text] == []

"""Results that are made again, and bundles from which they can be."""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from experiments import bundle, provenance, runner, store, verify
from sim.scenario import available, load
from tests import tiny
from tests.test_cli import call, good, wrong

STUDY = """\
question: Which?
base: taipei_stage1_bottom_up
levers: [taipei_stage1_bottom_up, problem_led]
uncertainties: {pmo.staff: [5, 30], clearance.sandbox: [0, 1]}
outcomes: [proposals_received]
design: {kind: lhs, points: 3}
replications: 2
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runner, "_model", lambda: tiny.run)
    return tmp_path


@pytest.fixture
def runs(here: Path) -> Path:
    good("run", "taipei_stage1", "-n", "6", "-j", "1", "--no-figures", "--out", "runs")
    return here / "runs"


@pytest.fixture
def swept(here: Path) -> Path:
    Path("study.yaml").write_text(STUDY, encoding="utf-8")
    good("sweep", "study.yaml", "-j", "1", "--keep", "everything", "--out", "swept")
    return here / "swept"


def change(folder: Path, table: str, row: int, column: str, value: object) -> None:
    """Put another number into a store, as if nothing had happened."""
    file = folder / f"{table}.parquet"
    frame = pd.read_parquet(file)
    frame[column] = frame[column].astype(object)
    frame.loc[row, column] = value
    frame[column] = frame[column].infer_objects()
    frame.to_parquet(file)
    said = json.loads((folder / "manifest.json").read_text())
    said["tables"][table]["sha256"] = store.digest(file)
    (folder / "manifest.json").write_text(json.dumps(said))


# --- what a manifest says of a world ------------------------------------------------------------


@pytest.mark.parametrize("name", available())
def test_a_specification_tells_all_of_a_scenario(name: str) -> None:
    told = json.loads(json.dumps(provenance.specification(load(name))))
    assert provenance.specification(provenance.scenario(told)) == told


def test_a_scenario_with_dated_changes_of_policies_comes_back(here: Path) -> None:
    Path("mine.yaml").write_text(
        "question: What?\nextends: taipei_stage1\nset: {procurement.rule: lowest_price}\n"
        "timeline:\n  - {at: 2018-01-01, set: {pmo.exists: false}, policies: [problem_led]}\n",
        encoding="utf-8",
    )
    scenario = load("mine.yaml")
    assert provenance.scenario(provenance.specification(scenario)) == scenario


# --- runs made again ----------------------------------------------------------------------------


@pytest.mark.parametrize("every", [[], ["--all"], ["-n", "1"]])
def test_runs_come_out_the_same(runs: Path, every: list[str]) -> None:
    assert "are the same, number by number" in good("verify", "runs", "-j", "1", *every)


def test_points_of_a_sweep_come_out_the_same(swept: Path) -> None:
    assert good("verify", "swept", "-j", "1", "--all").startswith("12 of 12 runs")


@pytest.mark.parametrize(
    ("table", "column", "value", "told"),
    [
        ("outcomes", "proposals_received", 77.0, "outcomes, row 1, proposals_received: 77.0 in the store"),
        ("cases", "vendor", "V9", "cases, row 1, vendor: V9 in the store, V1 now"),
        ("events", "reason", "misfit", "events, row 1, reason: misfit in the store"),
    ],
)
def test_a_number_that_is_another_one_is_found(
    runs: Path, table: str, column: str, value: object, told: str
) -> None:
    change(runs, table, 0, column, value)
    done = call("verify", "runs", "-j", "1", "--all")
    assert done.exit_code == 1
    assert f"taipei_stage1, seed 1: {told}" in done.stdout
    assert "5 of 6 runs made again are the same" in done.stdout


def test_a_row_that_is_missing_is_found(runs: Path) -> None:
    file = runs / "cases.parquet"
    pd.read_parquet(file).iloc[1:].to_parquet(file)
    done = call("verify", "runs", "-j", "1")
    assert done.exit_code == 1
    assert "cases.parquet is not the file that was written." in done.stdout
    assert "rows in the store" in done.stdout


def test_a_run_that_fails_now_is_told(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_model", lambda: tiny.moody)
    done = call("verify", "runs", "-j", "1", "--all")
    assert done.exit_code == 1
    assert "taipei_stage1, seed 2: fails now: ValueError: two is unlucky" in done.stdout


def test_other_code_and_other_versions_are_told(runs: Path) -> None:
    said = json.loads((runs / "manifest.json").read_text())
    said["versions"]["numpy"], said["code"] = "1.0", "another"
    (runs / "manifest.json").write_text(json.dumps(said))
    told = good("verify", "runs", "-j", "1")
    assert "Versions: numpy 1.0 then," in told
    assert "The code of the model has changed since." in told


def test_a_number_that_this_version_does_not_have_is_an_error(runs: Path) -> None:
    said = json.loads((runs / "manifest.json").read_text())
    said["scenarios"]["taipei_stage1"]["parameters"]["pmo.staf"] = 3
    (runs / "manifest.json").write_text(json.dumps(said))
    assert wrong("verify", "runs", "-j", "1").startswith("pmo.staf: unknown parameter (did you mean")


def test_a_folder_that_holds_no_results_is_an_error(here: Path) -> None:
    (here / "empty").mkdir()
    assert "is not a run store" in wrong("verify", "empty")
    assert "no such folder" in wrong("verify", "nowhere")


@pytest.mark.parametrize(
    ("number", "seeds"), [(1, [1]), (2, [1, 6]), (3, [1, 3, 6]), (9, [1, 2, 3, 4, 5, 6])]
)
def test_a_few_runs_come_from_all_over_the_store(runs: Path, number: int, seeds: list[int]) -> None:
    among = verify.runs(store.read(runs))
    assert [run.seed for run in verify.spread(among, number)] == seeds


# --- bundles ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["runs", "swept"])
def test_a_bundle_holds_all_that_is_needed(kind: str, here: Path, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(kind)
    good("export", kind, "--bundle", "--out", "one.zip")
    good("export", kind, "--bundle", "--out", "two.zip")
    assert Path("one.zip").read_bytes() == Path("two.zip").read_bytes()
    with zipfile.ZipFile("one.zip") as packed:
        packed.extractall("elsewhere")
    crate = json.loads(Path("elsewhere/ro-crate-metadata.json").read_text())
    described = {entry["@id"]: entry for entry in crate["@graph"]}
    files = {file.name for file in Path("elsewhere").iterdir()} - {"ro-crate-metadata.json"}
    assert files >= {"manifest.json", "outcomes.parquet", "LICENSE", "README.md", "requirements.txt"}
    assert not files & {"parts", "ledger.sqlite"}
    for name in files:
        content = (Path("elsewhere") / name).read_bytes()
        assert described[name]["sha256"] == hashlib.sha256(content).hexdigest()
    assert (
        described["./"]["license"] == {"@id": bundle.LICENCE} or described["./"]["license"] == bundle.LICENCE
    )
    assert "are the same, number by number" in good("verify", "elsewhere", "-j", "1", "--all")


def test_a_bundle_takes_nobodys_place(runs: Path) -> None:
    good("export", "runs", "--bundle")
    assert "is there already" in wrong("export", "runs", "--bundle")
    good("export", "runs", "--bundle", "--overwrite")


def test_a_bundle_tells_which_package_it_needs(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rocrate.rocrate", None)
    assert bundle.EXTRA in wrong("export", "runs", "--bundle")
    assert not list(Path().glob("*.zip"))


def test_bundle_or_format(runs: Path) -> None:
    assert "one of --format and --bundle" in wrong("export", "runs")
    assert "one of --format and --bundle" in wrong("export", "runs", "--bundle", "--format", "csv")


def test_a_full_disk_leaves_nothing_behind(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundle, "_pack", full)
    before = sorted(runs.parent.iterdir())
    assert "No space left on device" in wrong("export", "runs", "--bundle")
    assert sorted(runs.parent.iterdir()) == before

"""What a room takes home, and the way back."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from experiments import cli, runner, store
from experiments.compare import Gathered
from experiments.workshop import archive, record, take
from experiments.workshop.checks import Refused
from experiments.workshop.crew import Harvest
from experiments.workshop.guesses import GUESSED
from experiments.workshop.session import Session
from sim.errors import OutputError
from sim.scenario import load

RUNS = 6
SHORT = "question: What do two years bring?\nextends: taipei_stage1\nend: 2017-12-31\n"
MEASURE = next(iter(GUESSED))
LOW = float(GUESSED[MEASURE].low)
EVIL = "</script><script>alert(1)</script>"


def after(start: Session, *actions: dict[str, Any]) -> Session:
    for action in actions:
        start = start.apply(action)
    return start


def plain(language: str = "en") -> Session:
    start = Session.new("abcdefghij12", "taipei_stage1", language)
    return after(
        start, {"kind": "upload", "name": "short", "text": SHORT}, {"kind": "start", "base": "short"}
    )


@cache
def rich(language: str = "en") -> Session:
    return after(
        plain(language),
        {"kind": "set", "lever": "pmo.staff", "value": 40},
        {"kind": "set", "lever": "procurement.rule", "value": "lowest_price"},
        {"kind": "keep", "name": "更大的辦公室"},
        {"kind": "reset"},
        {"kind": "set", "lever": "bottom_up.open", "value": False},
        {"kind": "keep", "name": EVIL},
        {"kind": "ask", "measure": MEASURE, "policy": "p1"},
        {"kind": "guess", "who": EVIL, "value": LOW},
        {"kind": "guess", "who": "陳", "value": float(GUESSED[MEASURE].high)},
        {"kind": "reveal"},
        {"kind": "close"},
        {"kind": "name", "name": "週三的會議"},
    )


@cache
def harvests() -> dict[str, Harvest]:
    found = {}
    for part in take.parts(rich()):
        world, gathered = part.policy.scenario(rich().shelf), Gathered()
        for batch in runner.batches([runner.Job(world, seed) for seed in range(1, RUNS + 1)]):
            gathered.take(batch)
        found[part.id] = Harvest(gathered.evidence(), gathered.evidence().outcomes[["scenario", "seed"]])
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("take") / "home"
    return take.save(rich(), harvests(), place, figures=False)


# --- what is in it ---------------------------------------------------------------------------------


def test_a_room_takes_home_all_that_it_did(home: Path) -> None:
    names = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    assert {"README.txt", "report.html", "session.json", "results/manifest.json"} <= names
    files = {"policies/policy-1.yaml", "policies/script-script-alert-1-script.yaml", "policies/short.yaml"}
    assert {name for name in names if name.startswith("policies/")} == files
    assert [path.name for path in home.parent.iterdir()] == ["home"]
    assert take.reopened(home) == rich()
    assert take.reopened(home).public() == rich().public()


def test_the_policies_are_scenario_files_with_the_same_meaning(home: Path) -> None:
    for part in take.parts(rich())[1:]:
        file = home / "policies" / f"{part.slug}.yaml"
        done = CliRunner().invoke(cli.app, ["check", str(file)])
        assert done.exit_code == 0, done.output
        meant = part.policy.scenario(rich().shelf, part.slug)
        assert replace(load(file), question="", notes={}) == replace(meant, question="", notes={})
        assert part.name in load(file).question


def test_the_results_are_a_run_store_that_verifies(home: Path) -> None:
    found = store.read(home / "results")
    assert found.manifest["seeds"] == {"first": 1, "number": RUNS}
    names = ["short", "更大的辦公室", EVIL]
    assert list(found.manifest["scenarios"]) == names
    assert list(found.outcomes["scenario"].unique()) == sorted(names)
    assert len(found.outcomes) == len(names) * RUNS
    done = CliRunner().invoke(cli.app, ["verify", str(home / "results"), "--runs", "1"])
    assert done.exit_code == 0, done.output


def test_the_command_that_is_told_makes_the_same_runs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pandas as pd

    command = store.read(home / "results").manifest["command"]
    assert command in (home / "README.txt").read_text("utf-8-sig")
    monkeypatch.chdir(home)
    words = command.replace("--out again", "--no-figures --jobs 1 --out").split()[1:]
    done = CliRunner().invoke(cli.app, [*words, str(home.parent / "again")])
    assert done.exit_code == 0, done.output
    one, two = store.read("results").outcomes, store.read(home.parent / "again").outcomes
    measures = [name for name in one if name not in ("scenario", "seed")]
    order = {part.name: part.slug for part in take.parts(rich())}
    one = one.assign(scenario=one["scenario"].map(order)).sort_values(["scenario", "seed"], ignore_index=True)
    two = two.sort_values(["scenario", "seed"], ignore_index=True)
    pd.testing.assert_frame_equal(one[measures], two[measures])


def test_the_report_tells_what_the_room_chose_and_guessed_and_lets_nothing_in(home: Path) -> None:
    page = (home / "report.html").read_text("utf-8")
    assert "<h1>週三的會議</h1>" in page
    assert 'id="room-policies"' in page
    assert 'id="room-guesses"' in page
    assert 'lang="en"' in page.split('id="room-policies"')[0].rsplit("<section", 1)[1]
    assert EVIL not in page
    assert "&lt;script&gt;" in page
    assert len(re.findall(r"<script", page)) == len(re.findall(r"</script>", page))


def test_the_text_is_in_the_language_of_the_session(home: Path) -> None:
    english = (home / "README.txt").read_text("utf-8-sig")
    assert english.startswith("週三的會議\n==========\n")
    assert "cityfunnel verify results" in english
    chinese = take._readme(rich("zh-Hant"), take.parts(rich("zh-Hant")), RUNS)
    assert "本資料夾的內容" in chinese
    assert "policy-1.yaml: 更大的辦公室" in chinese


def test_a_single_policy_is_compared_with_its_start(tmp_path: Path) -> None:
    one = after(plain("zh-Hant"), {"kind": "set", "lever": "pmo.staff", "value": 40})
    parts = take.parts(one)
    assert [(part.id, part.name) for part in parts] == [("base", "short"), ("now", "新政策")]
    results = {"base": harvests()["base"], "now": harvests()["p1"]}
    home = take.save(one, results, tmp_path / "one", figures=False)
    page = (home / "report.html").read_text("utf-8")
    assert 'lang="zh-Hant"' in page
    assert (home / "policies" / "policy-1.yaml").is_file()


def test_what_changes_nothing_has_no_results_and_still_goes_home(tmp_path: Path) -> None:
    home = take.save(plain(), {}, tmp_path / "none")
    assert sorted(path.name for path in home.iterdir()) == ["README.txt", "policies", "session.json"]
    assert "no results" in (home / "README.txt").read_text("utf-8-sig")
    assert take.reopened(home) == plain()


def test_the_policy_at_hand_comes_along_when_it_has_no_name() -> None:
    moved = after(rich(), {"kind": "set", "lever": "pmo.staff", "value": 7})
    assert [part.id for part in take.parts(moved)] == ["base", "p1", "p2", "now"]
    same = after(rich(), {"kind": "load", "policy": "p1"})
    assert [part.id for part in take.parts(same)] == ["base", "p1", "p2"]


@pytest.mark.parametrize(("name", "drawn"), [("Bigger office", True), ("$\\frac$ {", False), ("更大", False)])
def test_charts_are_drawn_where_their_letters_can_write_the_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, drawn: bool
) -> None:
    monkeypatch.setattr("experiments.results.drawn", lambda folder, _: folder.mkdir())
    one = after(plain(), {"kind": "set", "lever": "pmo.staff", "value": 40}, {"kind": "keep", "name": name})
    results = {"base": harvests()["base"], "p1": harvests()["p1"]}
    home = take.save(one, results, tmp_path / "one")
    assert (home / "results" / "figures").exists() == drawn


def test_seeds_that_not_all_have_are_left_out(tmp_path: Path) -> None:
    results = dict(harvests())
    evidence = results["p1"].evidence
    few = evidence._replace(outcomes=evidence.outcomes[evidence.outcomes["seed"] <= 4])
    results["p1"] = results["p1"]._replace(evidence=few)
    home = take.save(rich(), results, tmp_path / "few", figures=False)
    assert set(store.read(home / "results").outcomes["seed"]) == {1, 2, 3, 4}
    assert store.read(home / "results").manifest["seeds"]["number"] == 4


def test_names_become_files_that_every_system_can_write() -> None:
    asked = ["Bigger office", "bigger  OFFICE!", "更大", "CON", "../..", "é", "short", "x" * 60, "大 office"]
    found = take._slugs(asked, {"short"})
    assert found == [
        "bigger-office", "bigger-office-2", "policy-3", "policy-4", "policy-5", "e", "short-2", "x" * 40,
        "policy-9",
    ]  # fmt: skip
    assert take._apart(["a", "a", "a (2)", "a"]) == ["a", "a (2)", "a (2) (2)", "a (3)"]


# --- where it lies ----------------------------------------------------------------------------------


def test_what_was_taken_before_gives_way_and_nothing_else_does(tmp_path: Path) -> None:
    place = tmp_path / "home"
    take.save(plain(), {}, place)
    named = after(plain(), {"kind": "name", "name": "Later"})
    take.save(named, {}, place)
    assert take.reopened(place) == named
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("mine")
    with pytest.raises(OutputError, match="no session"):
        take.save(plain(), {}, other)
    assert [path.name for path in other.iterdir()] == ["thesis.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "other"]


def test_a_failure_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = take.save(plain(), {}, tmp_path / "home")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OutputError, match="No space"):
        take.save(after(plain(), {"kind": "name", "name": "Later"}), {}, place)
    monkeypatch.undo()
    assert take.reopened(place) == plain()
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


# --- as one file, and back --------------------------------------------------------------------------


def test_a_zip_has_the_same_bytes_and_opens_again(home: Path) -> None:
    packed = take.packed(home)
    assert packed == take.packed(home)
    assert take.reopened(packed) == rich()
    with zipfile.ZipFile(io.BytesIO(packed)) as zipped:
        assert zipped.testzip() is None
        assert {info.date_time[0] for info in zipped.infolist()} == {1980}
        assert all(name.startswith("home/") for name in zipped.namelist())
    assert take.reopened((home / "session.json").read_bytes()) == rich()


def zipped(*files: tuple[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", how) as archive_:
        for name, content in files:
            archive_.writestr(name, content)
    return made.getvalue()


WHOLE = record.written(Session.new("abcdefghij12", "taipei_stage1"))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (zipped(("session.json", b" " * 7_000_000)), "zip_large"),
        (zipped(("session.json", WHOLE), ("bomb", b"\0" * 50_000_000)), "zip_large"),
        (zipped(("session.json", b" " * 9_000_000), how=zipfile.ZIP_STORED), "file_large"),
        (zipped(*((f"{n}", b"") for n in range(2_001))), "zip_large"),
        (zipped(("../session.json", WHOLE)), "zip_names"),
        (zipped(("x/../../session.json", WHOLE)), "zip_names"),
        (zipped(("/session.json", WHOLE)), "zip_names"),
        (zipped(("x\\..\\session.json", WHOLE)), "zip_names"),
        (zipped(("C:/session.json", WHOLE)), "zip_names"),
        (zipped(("session.json", WHOLE), ("../../etc/cron.d/x", b"")), "zip_names"),
        (zipped(("a/session.json", WHOLE), ("b/session.json", WHOLE)), "zip_without"),
        (zipped(("a/b/session.json", WHOLE)), "zip_without"),
        (zipped(("readme.txt", b"")), "zip_without"),
        (zipped(("session.json", WHOLE), how=zipfile.ZIP_LZMA), "zip_broken"),
        (b"PK" + b"\0" * 50, "zip_broken"),
        (zipped(("session.json", WHOLE))[:-30], "zip_broken"),
        (zipped(("session.json", b"{")), "file_broken"),
        (b"", "file_broken"),
    ],
)  # fmt: skip
def test_a_zip_that_is_no_session_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(Refused) as caught:
        take.reopened(content)
    assert caught.value.key == f"refused.{why}"


def test_a_zip_whose_bytes_were_changed_is_refused() -> None:
    content = bytearray(zipped(("session.json", WHOLE)))
    content[60] ^= 0xFF
    with pytest.raises(Refused):
        take.reopened(bytes(content))


def test_a_zip_that_lies_about_sizes_is_refused() -> None:
    content = zipped(("session.json", WHOLE + b" " * 20_000_000))
    true, said = (len(WHOLE) + 20_000_000).to_bytes(4, "little"), len(WHOLE).to_bytes(4, "little")
    with pytest.raises(Refused):
        take.reopened(content.replace(true, said))


def test_a_zip_made_by_a_system_with_files_of_its_own_opens() -> None:
    content = zipped(("home/", b""), ("home/session.json", WHOLE), ("__MACOSX/home/._session.json", b"x"))
    assert take.reopened(content) == record.read(WHOLE)


def test_a_forged_session_in_a_zip_is_refused() -> None:
    data = json.loads(WHOLE)
    data["now"]["settings"] = {"pmo.staff": 10**9}
    with pytest.raises(Refused):
        take.reopened(zipped(("session.json", json.dumps(data).encode())))


@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_a_place_without_a_session_is_told(tmp_path: Path, kind: str) -> None:
    with pytest.raises(Refused):
        take.reopened(tmp_path if kind == "folder" else tmp_path / "nothing.zip")


def test_a_reopened_session_is_taken_in_under_another_id(tmp_path: Path) -> None:
    with archive.opened(tmp_path) as here:
        mine = here.adopt(take.reopened(WHOLE))
        assert here.read(mine.id) == mine
        assert mine.id != "abcdefghij12"

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import sim
from analysis.tables import Tables, concat, tables
from experiments import provenance, store
from experiments.store import Store, StoreError, Target
from sim.errors import OutputError
from tests import markov

Fill = Callable[[Path], dict[str, Any]]


def filled(content: str = "new") -> Fill:
    def fill(folder: Path) -> dict[str, Any]:
        (folder / "content.txt").write_text(content)
        return {"content": content, "tables": {}}

    return fill


def failing(error: BaseException) -> Fill:
    def fill(folder: Path) -> dict[str, Any]:
        (folder / "half.txt").write_text("half")
        raise error

    return fill


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture(scope="module")
def made() -> Tables:
    return tables(markov.runs(3, days=500.0))


def saved(found: Tables, path: Path) -> Store:
    frames = {"runs": found.runs, "cases": found.cases, "events": found.events}
    store.write(Target(path), lambda folder: {"tables": store.save(folder, frames)})
    return store.read(path)


# --- what is in it ------------------------------------------------------------------------------


def test_tables_come_back_as_they_were(made: Tables, tmp_path: Path) -> None:
    found = saved(made, tmp_path / "s").tables
    for name in ("runs", "cases", "events"):
        before, after = getattr(made, name), getattr(found, name)
        words = before.select_dtypes("category").columns
        assert list(after.select_dtypes("category").columns) == list(words)
        plain = dict.fromkeys(words, "string")
        assert_frame_equal(after.astype(plain), before.astype(plain))


def test_the_same_content_gives_the_same_bytes_however_it_was_put_together(
    made: Tables, tmp_path: Path
) -> None:
    parts = concat([tables([log]) for log in markov.runs(3, days=500.0)])
    one, two = saved(made, tmp_path / "one"), saved(parts, tmp_path / "two")
    for name in ("runs", "cases", "events"):
        assert (one.path / f"{name}.parquet").read_bytes() == (two.path / f"{name}.parquet").read_bytes()
    assert one.manifest["tables"] == two.manifest["tables"]
    assert one.manifest["tables"]["runs"]["rows"] == 3


def test_other_programs_need_nothing_of_pandas_to_read_it(made: Tables, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    found = saved(made, tmp_path / "s")
    schema = pq.read_schema(found.path / "events.parquet")
    assert b"pandas" not in (schema.metadata or {})


# --- where it may lie ---------------------------------------------------------------------------


def test_a_store_and_the_folders_above_it_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "s"
    assert store.write(Target(path).checked(), filled()) == path
    assert everything(tmp_path) == {"a", "a/b", "a/b/s", "a/b/s/content.txt", "a/b/s/manifest.json"}


def test_looking_whether_a_place_can_be_written_to_leaves_no_trace(tmp_path: Path) -> None:
    Target(tmp_path / "a" / "b" / "s").checked()
    assert everything(tmp_path) == set()


def test_an_empty_folder_is_used_and_stays_the_same_folder(tmp_path: Path) -> None:
    path = tmp_path / "mounted"
    path.mkdir()
    before = path.stat().st_ino
    store.write(Target(path).checked(), filled())
    assert path.stat().st_ino == before
    assert everything(path) == {"content.txt", "manifest.json"}


def test_a_store_can_be_read_by_whom_the_umask_allows(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    store.write(Target(tmp_path / "s"), filled())
    assert (tmp_path / "s").stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_in_the_way_is_refused(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "s").write_text("mine")
    with pytest.raises(OutputError, match="is a file, not a folder"):
        Target(tmp_path / "s", overwrite=overwrite).checked()


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("content", ["", "{}", '{"kind": "something else"}', "[1]", "no json"])
def test_a_folder_that_is_not_ours_is_refused_and_untouched(
    tmp_path: Path, overwrite: bool, content: str
) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "manifest.json").write_text(content)
    target = Target(tmp_path / "s", overwrite=overwrite)
    with pytest.raises(OutputError, match="holds no run store"):
        target.checked()
    with pytest.raises(OutputError, match="holds no run store"):
        store.write(target, filled())
    assert everything(tmp_path) == {"s", "s/manifest.json"}
    assert (tmp_path / "s" / "manifest.json").read_text() == content


def test_results_are_replaced_only_on_purpose(tmp_path: Path) -> None:
    path = tmp_path / "s"
    store.write(Target(path), filled("old"))
    with pytest.raises(OutputError, match="holds results already; choose another --out, or give --overwrite"):
        Target(path).checked()
    store.write(Target(path, overwrite=True).checked(), filled("new"))
    assert store.read(path).manifest["content"] == "new"
    assert everything(tmp_path) == {"s", "s/content.txt", "s/manifest.json"}


def test_a_place_below_a_file_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        Target(tmp_path / "file" / "s").checked()
    assert everything(tmp_path) == {"file"}


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert store.write(Target(tmp_path / "link"), filled()) == tmp_path / "real"
    assert (tmp_path / "link" / "manifest.json").exists()


def test_the_next_free_name_is_taken(tmp_path: Path) -> None:
    target = Target(tmp_path / "s", numbered=True)
    names = [store.write(target.checked(), filled()).name for _ in range(3)]
    assert names == ["s", "s-2", "s-3"]


def test_a_name_taken_in_the_meantime_is_left_alone(tmp_path: Path) -> None:
    target = Target(tmp_path / "s", numbered=True)

    def slow(folder: Path) -> dict[str, Any]:
        store.write(target, filled("quicker"))
        return {"content": "slower"}

    assert store.write(target, slow).name == "s-2"
    assert store.read(tmp_path / "s").manifest["content"] == "quicker"
    assert store.read(tmp_path / "s-2").manifest["content"] == "slower"


# --- nothing half-written -----------------------------------------------------------------------


@pytest.fixture(params=["absent", "empty", "ours"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, set[str]]]:
    path = tmp_path / "deep" / "s"
    if request.param == "empty":
        path.mkdir(parents=True)
    if request.param == "ours":
        store.write(Target(path), filled("old"))
    before = everything(tmp_path)
    yield path, before
    assert everything(tmp_path) == before


def test_a_full_disk_leaves_everything_as_it_was(place: tuple[Path, set[str]]) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(OutputError, match="s: cannot be written: No space left on device"):
        store.write(Target(place[0], overwrite=True), failing(full))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(143), ValueError("a defect")])
def test_whatever_stops_the_writing_leaves_everything_as_it_was(
    place: tuple[Path, set[str]], error: BaseException
) -> None:
    with pytest.raises(type(error)):
        store.write(Target(place[0], overwrite=True), failing(error))


def test_the_old_results_come_back_when_the_new_ones_cannot_take_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s"
    store.write(Target(path), filled("old"))
    rename = Path.rename

    def broken(self: Path, target: Path) -> Path:
        if self.suffix == ".partial":
            raise OSError(errno.EIO, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", broken)
    with pytest.raises(OutputError, match="Input/output error"):
        store.write(Target(path, overwrite=True), filled("new"))
    assert store.read(path).manifest["content"] == "old"
    assert everything(tmp_path) == {"s", "s/content.txt", "s/manifest.json"}


# --- reading what is not right ------------------------------------------------------------------


def test_what_is_no_store_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such folder"):
        store.read(tmp_path / "nowhere")
    with pytest.raises(StoreError, match="is not a run store"):
        store.read(tmp_path)


def test_another_format_is_told_with_both_numbers(tmp_path: Path) -> None:
    path = store.write(Target(tmp_path / "s"), filled())
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps({**manifest, "format": 99}))
    with pytest.raises(StoreError, match=f"of format 99; this version reads format {store.FORMAT}"):
        store.read(path)


def test_a_damaged_or_missing_table_is_named(made: Tables, tmp_path: Path) -> None:
    found = saved(made, tmp_path / "s")
    content = (found.path / "events.parquet").read_bytes()
    (found.path / "events.parquet").write_bytes(content[: len(content) // 2])
    with pytest.raises(StoreError, match=r"events\.parquet: is damaged"):
        found.table("events")
    (found.path / "events.parquet").unlink()
    with pytest.raises(StoreError, match=r"events\.parquet: is missing"):
        found.table("events")
    with pytest.raises(StoreError, match="has no table 'outcomes'"):
        found.outcomes  # noqa: B018  # the property is what is tested


# --- provenance ---------------------------------------------------------------------------------

WORLD = sim.load("taipei_2016_2021")


def fingerprint(world: sim.Scenario, seeds: range = range(1, 5)) -> str:
    return provenance.fingerprint([provenance.specification(world)], seeds)


def test_remarks_do_not_change_the_fingerprint() -> None:
    other = replace(WORLD, question="Another?", notes={"end": "said somebody"}, observed=None)
    assert fingerprint(other) == fingerprint(WORLD)


@pytest.mark.parametrize(
    "other",
    [
        WORLD.with_("pmo.staff", 21),
        replace(WORLD, timeline=()),
        replace(WORLD, policies=("no_poc",)),
        replace(WORLD, elections=()),
        replace(WORLD, cities={"Taipei": {"pmo.staff": 3}}),
    ],
)
def test_whatever_decides_a_run_changes_the_fingerprint(other: sim.Scenario) -> None:
    assert fingerprint(other) != fingerprint(WORLD)


def test_seeds_and_code_change_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(WORLD)
    assert len({before, fingerprint(WORLD, range(1, 6)), fingerprint(WORLD, range(2, 6))}) == 3
    monkeypatch.setattr(provenance, "code", lambda: "other")
    assert fingerprint(WORLD) != before


def test_a_specification_holds_every_number_and_is_plain_json() -> None:
    from sim.parameters import PATHS

    spec = provenance.specification(WORLD)
    assert json.loads(json.dumps(spec)) == spec
    assert spec["parameters"].keys() == PATHS.keys()
    assert spec["parameters"]["politics.turnover"] == WORLD.parameters.politics.turnover


def test_outcomes_survive_too(tmp_path: Path) -> None:
    frame = pd.DataFrame({"scenario": pd.Categorical(["a"]), "seed": [1], "x": [float("nan")]})
    path = store.write(
        Target(tmp_path / "s"), lambda folder: {"tables": store.save(folder, {"outcomes": frame})}
    )
    assert_frame_equal(store.read(path).outcomes, frame)

"""Scenario files: what is shipped, what is refused, and how files build on one another."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from sim.errors import ParameterError, ScenarioError
from sim.parameters import PATHS, Parameters, Row, Value
from sim.procurement import RULES
from sim.scenario import FOUNDING, Change, available, load, schema

START = "question: What if?\nextends: taipei_stage1\n"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str | bytes, name: str = "mine.yaml") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def raw(name: str) -> dict[str, Any]:
    """What a shipped file itself says."""
    said: dict[str, Any] = YAML(typ="safe", pure=True).load(
        files("scenarios").joinpath(f"{name}.yaml").read_bytes()
    )
    return said


# --- what is shipped ---------------------------------------------------------------------------


def test_the_core_scenarios_are_shipped() -> None:
    assert set(available()) >= {
        "taipei_stage1_bottom_up",
        "taipei_stage1",
        "taipei_stage2_problem_led",
        "taipei_2016_2021",
        "taipei_no_pmo_no_poc",
    }


@pytest.mark.parametrize("name", available())
def test_shipped_scenario_asks_its_question_first(name: str) -> None:
    first = files("scenarios").joinpath(f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == f"question: {load(name).question}"
    assert first.endswith("?")


@pytest.mark.parametrize("name", available())
def test_every_number_of_a_shipped_scenario_has_a_note_with_a_source(name: str) -> None:
    said = raw(name)
    changed = {
        *said.get("set", {}),
        *(path for change in said.get("timeline", []) for path in change.get("set", {})),
    }
    assert changed <= set(said.get("notes", {}))


@pytest.mark.parametrize("name", available())
def test_shipped_scenario_repeats_no_number_that_it_would_have_anyway(name: str) -> None:
    said = raw(name)
    base = load(said["extends"]).parameters if "extends" in said else Parameters()
    assert [path for path, value in said.get("set", {}).items() if base.at(path) == value] == []


def test_taipei_2016_2021_changes_its_regime_in_late_2019() -> None:
    scenario = load("taipei_2016_2021")
    (change,) = scenario.timeline
    assert change.at == dt.date(2019, 12, 31)
    assert (change.set["bottom_up.open"], change.set["problem_led.open"]) == (False, True)
    assert "top_down.open" not in change.set
    assert scenario.parameters.top_down.open
    assert (scenario.start, scenario.end) == (dt.date(2016, 3, 20), dt.date(2021, 12, 31))
    assert scenario.days == 2112
    assert scenario.elections == (dt.date(2018, 11, 24),)


def test_differences_of_the_counterfactual() -> None:
    assert load("taipei_no_pmo_no_poc").differences() == [
        ("pmo.exists", True, False),
        ("steering.interval", 91.0, 182.0),
        ("steering.slots", 4, 2),
        ("politics.turnover", 0.4, 0.0),
        ("poc.required", True, False),
    ]


# --- names and paths ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["taipei_stage1", "taipei_stage1.yaml", "scenarios/taipei_stage1", "scenarios/taipei_stage1.yaml"]
)
def test_shipped_name_works_with_and_without_path_and_suffix(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(name) == load("taipei_stage1")


@pytest.mark.parametrize("name", ["mine", "mine.yaml", "./mine", "../{folder}/mine.yaml"])
def test_own_file_is_found_from_its_folder(
    name: str, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(START)
    monkeypatch.chdir(tmp_path)
    assert load(name.format(folder=tmp_path.name)).name == "mine"


def test_a_folder_named_like_a_shipped_scenario_does_not_hide_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taipei_stage1").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load("taipei_stage1").name == "taipei_stage1"


def test_loading_needs_no_heavy_library() -> None:
    code = (
        "import sys, sim.scenario as s; s.load('taipei_2016_2021'); heavy = 'mesa pandas numpy networkx';"
        "print([name for name in heavy.split() if name in sys.modules])"
    )
    root = str(Path(__file__).parents[1])
    told = subprocess.run(  # a fresh interpreter, since this one has loaded them long ago
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "[]"


# --- building on other files -------------------------------------------------------------------


def test_a_file_changes_what_it_extends_and_nothing_else(write: Write) -> None:
    write(
        "question: A?\nextends: taipei_stage1\nset: {pmo.staff: 5, poc.days: 100}\nnotes: {poc.days: a}\n",
        "a.yaml",
    )
    path = write("question: B?\nextends: a.yaml\nset: {pmo.staff: 7}\nnotes: {pmo.staff: b}\n", "b.yaml")
    scenario, base = load(path), load("taipei_stage1")
    assert (scenario.parameters.pmo.staff, scenario.parameters.poc.days) == (7, 100)
    assert scenario.parameters.with_("pmo.staff", 20).with_("poc.days", 152) == base.parameters
    assert (scenario.question, scenario.start, scenario.observed) == ("B?", base.start, "taipei")
    assert scenario.notes.items() >= {"pmo.staff": "b", "poc.days": "a"}.items()


def test_extended_file_is_looked_for_beside_the_one_that_extends_it(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deep").mkdir()
    write(START + "set: {pmo.staff: 5}\n", "deep/base.yaml")
    path = write("question: B?\nextends: base\n", "deep/child.yaml")
    monkeypatch.chdir(Path(__file__).parent)
    assert load(path).parameters.pmo.staff == 5


def test_timeline_adds_to_that_of_the_extended_file_and_is_sorted(write: Write) -> None:
    path = write(
        "question: A?\nextends: taipei_2016_2021\ntimeline:\n"
        "  - {at: 2020-06-01, policies: [no_poc]}\n"
        "  - {at: 2017-01-01, set: {politics.support: 0.4}}\n"
        "  - {at: 2019-12-31, city: Taipei, set: {pmo.staff: 25}}\n"
    )
    timeline = load(path).timeline
    assert [change.at.year for change in timeline] == [2017, 2019, 2019, 2020]
    assert timeline[0] == Change(dt.date(2017, 1, 1), {"politics.support": 0.4}, None, None)
    assert "bottom_up.open" in timeline[1].set  # on one day, the extended file's change comes first
    assert timeline[2] == Change(dt.date(2019, 12, 31), {"pmo.staff": 25}, None, "Taipei")
    assert timeline[3] == Change(dt.date(2020, 6, 1), {}, ("no_poc",), None)


def test_what_lies_after_an_earlier_end_falls_away(write: Write) -> None:
    path = write("question: A?\nextends: taipei_2016_2021\nend: 2018-01-01\n")
    scenario = load(path)
    assert (scenario.elections, scenario.timeline) == ((), ())


def test_a_later_start_must_not_skip_a_change(write: Write) -> None:
    path = write("question: A?\nextends: taipei_2016_2021\nstart: 2020-01-01\n")
    with pytest.raises(ScenarioError, match="2019-12-31 is outside the run"):
        load(path)


def test_cities_set_their_own_numbers(write: Write) -> None:
    scenario = load(write(START + "cities:\n  Taipei:\n  Taichung: {pmo.staff: 6, politics.support: 1}\n"))
    assert scenario.cities == {"Taipei": {}, "Taichung": {"pmo.staff": 6, "politics.support": 1.0}}
    assert isinstance(scenario.cities["Taichung"]["politics.support"], float)
    assert load("taipei_stage1").cities == {"Taipei": {}}


def test_numbers_of_the_first_day_are_numbers() -> None:
    assert set(PATHS) >= FOUNDING


def test_policies_replace_those_of_the_extended_file(write: Write) -> None:
    write(START + "policies: [no_poc, no_office]\n", "a.yaml")
    assert load(write("question: B?\nextends: a.yaml\n", "b.yaml")).policies == ("no_poc", "no_office")
    assert load(write("question: C?\nextends: a.yaml\npolicies: []\n", "c.yaml")).policies == ()


def test_own_target_file_is_found_beside_the_scenario(write: Write, tmp_path: Path) -> None:
    write("figures: []\n", "targets.yaml")
    assert load(write(START + "observed: targets\n")).observed == str(tmp_path / "targets.yaml")


# --- values ------------------------------------------------------------------------------------


def test_with_leaves_the_original_as_it_was() -> None:
    scenario = load("taipei_stage1")
    changed = scenario.with_("pmo.staff", 30)
    assert (scenario.parameters.pmo.staff, changed.parameters.pmo.staff) == (20, 30)
    assert (changed.start, changed.timeline, changed.cities) == (
        scenario.start,
        scenario.timeline,
        scenario.cities,
    )
    assert scenario == load("taipei_stage1")


def test_with_refuses_what_is_out_of_range() -> None:
    with pytest.raises(
        ParameterError, match=r"pmo.staff: must be at most 500 \(range 0 to 500, unit persons\)"
    ):
        load("taipei_stage1").with_("pmo.staff", 900)


def test_a_scenario_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        load("taipei_stage1").name = "other"  # type: ignore[misc]


def valid(row: Row) -> st.SearchStrategy[Value]:
    if row.low is None or row.high is None:
        return st.booleans() if isinstance(row.default, bool) else st.sampled_from(row.options)
    if isinstance(Parameters().with_(row.path, row.default).at(row.path), int):
        return st.integers(math.ceil(row.low), math.floor(row.high))
    return st.floats(row.low, row.high)


settings_ = st.sampled_from(list(PATHS.values())).flatmap(
    lambda row: st.tuples(st.just(row.path), valid(row))
)


@given(setting=settings_)
def test_a_number_set_in_a_file_is_the_number_set_in_code(setting: tuple[str, Value]) -> None:
    path, value = setting
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "mine.yaml")
        file.write_text(f"{START}set:\n  {path}: {json.dumps(value)}\n", encoding="utf-8")
        assert load(file).parameters == load("taipei_stage1").with_(path, value).parameters


# --- bad input ---------------------------------------------------------------------------------

BAD = {
    "unknown key": (START + "polices: [a]\n", 3, "polices", "did you mean 'policies'?"),
    "unknown key in a change": (
        START + "timeline:\n- at: 2018-01-01\n  sett: {}\n",
        5,
        "sett",
        "did you mean 'set'?",
    ),
    "unknown parameter": (START + "set:\n  pmo.staf: 3\n", 4, "pmo.staf", "did you mean 'pmo.staff'?"),
    "group for a parameter": (
        START + "set:\n  pmo: {staff: 3}\n",
        4,
        "pmo",
        "write whole paths, such as 'pmo.",
    ),
    "unknown parameter of a city": (
        START + "cities:\n  Taipei:\n    pmo.staf: 3\n",
        5,
        "pmo.staf",
        "did you mean 'pmo.staff'?",
    ),
    "unknown parameter in a change": (
        START + "timeline:\n- at: 2018-01-01\n  set:\n    pmo.staf: 3\n",
        6,
        "pmo.staf",
        "did you mean 'pmo.staff'?",
    ),
    "too large": (
        START + "set:\n  pmo.staff: 900\n",
        4,
        "pmo.staff",
        "must be at most 500 (range 0 to 500, unit",
    ),
    "too small": (
        START + "set:\n  poc.days: -1\n",
        4,
        "poc.days",
        "must be at least 14 (range 14 to 1000, unit days)",
    ),
    "no whole number": (
        START + "set:\n  pmo.staff: 3.5\n",
        4,
        "pmo.staff",
        "must be a whole number (range 0 to",
    ),
    "text for a number": (
        START + "set:\n  poc.days: long\n",
        4,
        "poc.days",
        "must be a number (range 14 to 1000",
    ),
    "switch for a number": (START + "set:\n  poc.city_share: true\n", 4, "poc.city_share", "not true"),
    "number for a switch": (
        START + "set:\n  poc.required: 1\n",
        4,
        "poc.required",
        "must be false or true, not 1",
    ),
    "list for a number": (START + "set:\n  poc.days: [1]\n", 4, "poc.days", "must be one value, not a list"),
    "date for a number": (START + "set:\n  poc.days: 2018-01-01\n", 4, "poc.days", "must be one value"),
    "no value": (START + "set:\n  poc.days:\n", 4, "poc.days", "has no value"),
    "not a number": (
        START + "set:\n  poc.city_share: .nan\n",
        4,
        "poc.city_share",
        "must be a finite number",
    ),
    "infinite": (START + "set:\n  poc.city_share: 1e999\n", 4, "poc.city_share", "must be a finite number"),
    "unknown rule": (
        START + "set:\n  procurement.rule: lowest\n",
        4,
        "procurement.rule",
        "did you mean 'lowest_price'?",
    ),
    "enormous number": (START + f"set:\n  pmo.staff: 0x{'f' * 9000}\n", 4, "pmo.staff", "too large"),
    "endless digits": (
        START + f"set:\n  pmo.staff: {'9' * 9000}\n",
        4,
        "pmo.staff",
        "there is no number '999",
    ),
    "wrong type of a key": (
        START + "timeline: 2018-01-01\n",
        3,
        "timeline",
        "must be a list, not 2018-01-01",
    ),
    "text for a mapping": (START + "set: none\n", 3, "set", "must be a mapping"),
    "number for a question": ("question: 3\nextends: taipei_stage1\n", 1, "question", "must be text, not 3"),
    "empty question": ("question: ''\nextends: taipei_stage1\n", 1, "question", "must not be empty"),
    "no question": ("extends: taipei_stage1\n", 1, "question", "is missing"),
    "no start": ("question: A?\nend: 2018-01-01\n", 1, "start", "is missing"),
    "no end": ("question: A?\nstart: 2018-01-01\n", 1, "end", "is missing"),
    "no day of a change": (START + "timeline:\n- set: {pmo.staff: 1}\n", 4, "at", "is missing"),
    "end before start": (START + "end: 2015-01-01\n", 3, "end", "must start before it ends"),
    "start after end": (START + "start: 2020-01-01\n", 3, "start", "must start before it ends"),
    "too long": (START + "end: 2099-01-01\n", 3, "end", "at most 30 years"),
    "impossible date": (START + "end: 2019-02-30\n", 3, "end", "there is no date '2019-02-30'"),
    "date in quotes": (
        START + "end: '2019-12-30'\n",
        3,
        "end",
        "must be a date such as 2018-11-24, not '2019-12-30'",
    ),
    "time of day": (START + "end: 2019-12-30 10:00:00\n", 3, "end", "must be a date such as"),
    "election after the end": (
        START + "elections:\n- 2018-11-24\n- 2081-11-24\n",
        5,
        "elections",
        "outside the run (2016-03-20 to 2019-12-31)",
    ),
    "change before the start": (
        START + "timeline:\n- at: 2001-01-01\n  set: {pmo.staff: 1}\n",
        4,
        "at",
        "2001-01-01 is outside the run",
    ),
    "change of nothing": (START + "timeline:\n- at: 2018-01-01\n", 4, "timeline", "changes nothing"),
    "change of what is fixed": (
        START + "timeline:\n- at: 2018-01-01\n  set: {city.departments: 3}\n",
        5,
        "city.departments",
        "only counts at the start",
    ),
    "change in an unknown city": (
        START + "timeline:\n- at: 2018-01-01\n  city: Tapei\n  set: {pmo.staff: 1}\n",
        5,
        "city",
        "did you mean 'Taipei'?",
    ),
    "vendors in a change of one city": (
        START + "timeline:\n- {at: 2018-01-01, city: Taipei, set: {vendors.entry: 3}}\n",
        4,
        "vendors.entry",
        "belongs to all cities",
    ),
    "no city": (START + "cities: {}\n", 3, "cities", "names no city"),
    "vendors of one city": (
        START + "cities:\n  Taipei: {vendors.entry: 3}\n",
        4,
        "vendors.entry",
        "belongs to all cities",
    ),
    "unknown policy": (START + "policies:\n- no_ofice\n", 4, "policies", "did you mean 'no_office'?"),
    "unknown policy in a change": (
        START + "timeline:\n- at: 2018-01-01\n  policies: [no_ofice]\n",
        5,
        "policies",
        "did you mean 'no_office'?",
    ),
    "note on nothing": (START + "notes:\n  pmo.staf: S10\n", 4, "pmo.staf", "did you mean 'pmo.staff'?"),
    "unknown target file": (START + "observed: tapei\n", 3, "observed", "did you mean 'taipei'?"),
    "extends itself": ("question: A?\nextends: mine.yaml\n", 2, "extends", "circle: mine -> mine"),
    "extends an unknown scenario": (
        "question: A?\nextends: taipei_stag1\n",
        2,
        "extends",
        "did you mean 'taipei_stage1'",
    ),
    "extends a missing file": (
        "question: A?\nextends: deep/a.yaml\n",
        2,
        "extends",
        "deep/a.yaml: no such scenario",
    ),
    "extends a folder": ("question: A?\nextends: .\n", 2, "extends", "is a directory"),
    "broken YAML": ("question: A?\nset: [1\nend: 3\n", 3, None, "not valid YAML"),
    "tabulator": ("question: A?\n\tset: 3\n", 2, None, "not valid YAML"),
    "two documents": ("question: A?\n---\nquestion: B?\n", 2, None, "not valid YAML"),
    "control character": (START + "set: \x07\n", 3, None, "the control character U+0007"),
    "key given twice": (
        START + "set:\n  pmo.staff: 1\n  pmo.staff: 2\n",
        5,
        "pmo.staff",
        "given twice, first in line 4",
    ),
    "key that is a list": (START + "? [a]\n: b\n", 3, None, "a key must be a word"),
    "anchor": (START + "set: &a {pmo.staff: 1}\n", 3, None, "anchors"),
    "alias": ("a: &a [1, 1]\nb: &b [*a, *a]\nc: [*b, *b]\n", 1, None, "aliases"),
    "tag": (
        START + "set: !!python/object:os.system {}\n",
        3,
        None,
        "tags (!!python/object:os.system) cannot",
    ),
    "deep nesting": ("question: " + "[" * 9000, 1, None, "nested too deeply"),
    "list at the top": ("- question: A?\n", 1, None, "must be a mapping at the top"),
    "text at the top": ("question\n", 1, None, "must be a mapping at the top"),
    "other encoding": (
        "question: A?\nnotes: {pmo.staff: é}\n".encode("latin-1"),
        2,
        None,
        "must be UTF-8 text",
    ),
    "empty": ("", None, None, "the file is empty"),
    "only remarks": ("# nothing\n\n", None, None, "the file is empty"),
    "too large a file": ("#" * 1_000_001, None, None, "at most 1 MB"),
}


@pytest.mark.parametrize(("text", "line", "key", "told"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_told_with_file_line_and_key(
    text: str | bytes, line: int | None, key: str | None, told: str, write: Write
) -> None:
    path = write(text)
    with pytest.raises(ScenarioError) as caught:
        load(path)
    error = caught.value
    assert (error.file, error.line, error.key) == (str(path), line, key)
    assert told in error.problem
    assert "\n" not in str(error)


def test_of_several_faults_the_first_in_the_file_is_told(write: Write) -> None:
    path = write(START + "elections: 5\nend: 7\n")
    with pytest.raises(ScenarioError, match=":3: elections: must be a list"):
        load(path)


def test_a_fault_in_an_extended_file_is_told_there(write: Write, tmp_path: Path) -> None:
    write(START + "set: {pmo.staff: 900}\n", "base.yaml")
    with pytest.raises(ScenarioError) as caught:
        load(write("question: A?\nextends: base\n"))
    assert (caught.value.file, caught.value.line) == (str(tmp_path / "base.yaml"), 3)


def test_a_circle_is_shown_whole(write: Write, tmp_path: Path) -> None:
    write("question: A?\nextends: b\n", "a.yaml")
    write(f"question: B?\nextends: ../{tmp_path.name}/c.yaml\n", "b.yaml")
    write("question: C?\nextends: a.yaml\n", "c.yaml")
    with pytest.raises(ScenarioError, match="circle: a -> b -> c -> a") as caught:
        load(tmp_path / "a.yaml")
    assert (Path(str(caught.value.file)).name, caught.value.line, caught.value.key) == (
        "c.yaml",
        2,
        "extends",
    )


def test_a_chain_of_files_has_an_end(write: Write) -> None:
    for link in range(25):
        write(f"question: A?\nextends: f{link + 1}\n", f"f{link}.yaml")
    with pytest.raises(ScenarioError, match="more than 20 files"):
        load(write("question: A?\nextends: f0\n"))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("taipei_stge1", "unknown scenario 'taipei_stge1' (did you mean 'taipei_stage1'?)"),
        ("zzz", "unknown scenario 'zzz'; known are alliance_shared_risk, "),
        ("mien.yaml", "mien.yaml: no such scenario file (did you mean 'mine.yaml'?)"),
        ("nowhere/mine.yaml", "nowhere/mine.yaml: no such scenario file"),
        ("scenarios/taipei_stag1.yaml", "no such scenario file (did you mean 'taipei_stage1'?)"),
        ("folder.yaml", "folder.yaml: is a directory, not a scenario file"),
        ("", "is a directory"),
        (os.devnull, "is a device or a pipe, not a scenario file"),
        ("x" * 400, "unknown scenario 'xxx"),
        ("a\0b", "unknown scenario"),
    ],
)
def test_a_file_that_is_not_there(
    name: str, told: str, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(START)
    (tmp_path / "folder.yaml").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ScenarioError) as caught:
        load(name)
    assert told in str(caught.value)


def test_a_file_that_may_not_be_read(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(START)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # the super-user may read everything
    with pytest.raises(ScenarioError, match=r"mine.yaml: cannot be read: Permission denied"):
        load(path)


@pytest.mark.parametrize("text", ["\ufeff" + START, START.replace("\n", "\r\n")])
def test_what_other_systems_write_is_read(text: str, write: Write) -> None:
    assert load(write(text)).question == "What if?"


SCRAPS = [
    "question: A?\n",
    "extends: taipei_stage1\n",
    "set:",
    "\n",
    " ",
    "  ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    ": ",
    "? ",
]
SCRAPS += [
    "'",
    '"',
    "&a",
    "*a",
    "!",
    "!!int",
    "|",
    ">",
    "%",
    "---\n",
    "...",
    "<<",
    "#",
    "\t",
    "~",
    "1e9",
    "at: 2018-01-01",
]
SCRAPS += [
    "timeline:\n",
    "cities:\n",
    "notes:\n",
    "pmo.staff: ",
    "2018-99-99",
    "0b",
    "0x",
    "0o9",
    "1:2:3",
    ".inf",
    "%YAML 9.9\n",
]

junk = st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
scraps = st.lists(st.sampled_from(SCRAPS) | st.text(max_size=3), max_size=25).map(
    lambda parts: "".join(parts).encode("utf-8", "surrogatepass")
)


@given(content=junk | scraps)
def test_junk_is_refused_in_one_way_only(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "mine.yaml")
        file.write_bytes(content)
        with contextlib.suppress(ScenarioError):
            assert load(file).name == "mine"


# --- for editors -------------------------------------------------------------------------------


def test_schema_knows_every_number_with_its_range() -> None:
    settings = schema()["properties"]["set"]
    assert settings["additionalProperties"] is False
    assert set(settings["properties"]) == set(PATHS)
    staff = settings["properties"]["pmo.staff"]
    assert (staff["type"], staff["minimum"], staff["maximum"]) == ("integer", 0, 500)
    assert settings["properties"]["procurement.rule"]["enum"] == list(RULES)
    assert settings["properties"]["poc.required"]["type"] == "boolean"
    assert settings["properties"]["steering.interval"]["type"] == "number"


def test_schema_knows_the_keys_and_the_policies() -> None:
    tree = schema()
    assert tree["required"] == ["question"]
    assert tree["additionalProperties"] is False
    assert set(tree["properties"]) >= {key for name in available() for key in raw(name)}
    assert "no_poc" in tree["properties"]["policies"]["items"]["enum"]
    assert json.loads(json.dumps(tree)) == tree

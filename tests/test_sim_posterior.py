"""Samples of a posterior: how they are read, what they reach, and that runs remember them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sim
from experiments import posterior as words
from experiments import provenance
from sim.errors import ScenarioError
from sim.model import Ecosystem
from sim.parameters import PATHS, Parameters
from sim.posterior import Posterior, available, posterior
from sim.scenario import Change, Scenario, load, schema
from tests.test_cli import good, wrong
from tests.worlds import STILL, world

SAMPLE = "pmo.staff,needs.arrival,poc.required\n7,0.5,true\n9,0.25,false\n11,1,true\n"
ROWS = (
    {"pmo.staff": 7, "needs.arrival": 0.5, "poc.required": True},
    {"pmo.staff": 9, "needs.arrival": 0.25, "poc.required": False},
    {"pmo.staff": 11, "needs.arrival": 1.0, "poc.required": True},
)
BASIC = "question: What?\nstart: 2016-01-01\nend: 2016-07-01\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("mine.csv").write_text(SAMPLE, encoding="utf-8")
    return tmp_path


def scenario(text: str, name: str = "town.yaml") -> Scenario:
    Path(name).write_text(BASIC + text, encoding="utf-8")
    return load(name)


# --- a sample and its rows ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mine", "mine.csv", "./mine.csv"])
def test_a_sample_is_read_with_the_types_of_its_parameters(name: str) -> None:
    found = posterior(name)
    assert (found.name, found.rows) == ("mine", ROWS)
    assert found.paths == ("pmo.staff", "needs.arrival", "poc.required")
    assert [type(value) for value in found.rows[2].values()] == [int, float, bool]


def test_two_successive_seeds_share_a_draw_and_draws_begin_again() -> None:
    found = posterior("mine")
    assert [found.place(seed) for seed in range(1, 10)] == [0, 0, 1, 1, 2, 2, 0, 0, 1]
    assert found.row(5) is found.rows[2]
    assert found.place(0) in range(3)


@given(seed=st.integers(0, 2**63 - 1), rows=st.integers(1, 50))
def test_every_seed_has_a_draw_which_it_shares_with_one_neighbour(seed: int, rows: int) -> None:
    found = Posterior("any", tuple({"pmo.staff": row} for row in range(rows)))
    neighbour = seed + 1 if seed % 2 else max(seed - 1, 0)
    assert 0 <= found.place(seed) < rows
    assert seed == 0 or found.place(seed) == found.place(neighbour)


@pytest.mark.parametrize("name", available())
def test_the_samples_that_come_with_the_project_can_be_drawn(name: str) -> None:
    found = posterior(name)
    assert posterior(f"{name}.csv").rows == found.rows
    drawn = load("taipei_stage1").under(found).drawn(1)
    assert {path: drawn.parameters.at(path) for path in found.paths if path not in drawn.given} == {
        path: value for path, value in found.row(1).items() if path not in drawn.given
    }


# --- what cannot be meant is refused ------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "bad.csv:1: must name parameters, each once"),
        ("\n\n", "bad.csv:1: must name parameters, each once"),
        ("pmo.staff\n", "bad.csv: holds no points"),
        ("pmo.stuff\n7\n", "bad.csv:1: pmo.stuff: unknown parameter (did you mean 'pmo.staff'?)"),
        ("pmo.staff,pmo.staff\n7,7\n", "bad.csv:1: must name parameters, each once"),
        ("pmo.staff\n7\n700\n", "bad.csv:3: pmo.staff: must be at most 500"),
        ("pmo.staff\n7\n\n7.5\n", "bad.csv:4: pmo.staff: must be a whole number"),
        ("needs.arrival\nnan\n", "bad.csv:2: needs.arrival: must be a finite number"),
        ("needs.arrival\n-1\n", "bad.csv:2: needs.arrival: must be at least 0"),
        ("needs.arrival\nmany\n", "bad.csv:2: needs.arrival: must be a number"),
        ("poc.required\nperhaps\n", "bad.csv:2: poc.required: must be false or true"),
        ("procurement.rule\nbest\n", "bad.csv:2: procurement.rule: must be best_value"),
        ("pmo.staff\n7,8\n", "bad.csv:2: has 2 values; the first line names 1"),
        ("pmo.staff,poc.days\n7\n", "bad.csv:2: has 1 values; the first line names 2"),
        ('pmo.staff\n"7\n', "bad.csv:2: not valid CSV"),
        ("pmo.staff\n" + "7\n" * 600_000, "bad.csv: must be at most 1 MB"),
        ("x" * 200_000, "bad.csv:1: not valid CSV"),
        ("x" * 100_000 + "\n7\n", "bad.csv:1: xxxx"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_in_one_line(text: str, told: str) -> None:
    Path("bad.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as refused:
        posterior("bad.csv")
    assert told in str(refused.value)
    assert len(str(refused.value)) < 400
    assert "\n" not in str(refused.value)


def test_other_things_than_text_are_refused() -> None:
    Path("bad.csv").write_bytes(b"pmo.staff\n\xff\xfe\n")
    Path("folder.csv").mkdir()
    for name, told in {
        "bad.csv": "bad.csv:2: must be UTF-8 text",
        "folder.csv": "folder.csv: is a directory, not a posterior file",
        "/dev/zero": "is a device or a pipe, not a posterior file",
        "mind.csv": "mind.csv: no such posterior file (did you mean 'mine.csv'?)",
        "nothing": "unknown posterior 'nothing'",
    }.items():
        with pytest.raises(ScenarioError) as refused:
            posterior(name)
        assert told in str(refused.value)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("nothing", "town.yaml:4: posterior: unknown posterior 'nothing'"),
        ("none.csv", "town.yaml:4: posterior: none.csv: no such posterior file (did you mean 'mine.csv'?)"),
        ("3", "town.yaml:4: posterior: must be text, not 3"),
        ("[mine]", "town.yaml:4: posterior: must be text, not a list"),
    ],
)
def test_a_scenario_names_a_sample_that_there_is(value: str, told: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        scenario(f"posterior: {value}\n")
    assert told in str(refused.value)


# --- scenarios that draw ------------------------------------------------------------------------


def test_a_sample_lies_beside_the_scenario(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "deep").mkdir()
    (here / "elsewhere").mkdir()
    Path("mine.csv").rename("deep/mine.csv")
    scenario("posterior: mine\n", "deep/town.yaml")
    monkeypatch.chdir(here / "elsewhere")
    found = load("../deep/town.yaml").posterior
    assert found is not None
    assert found.rows == ROWS


def test_a_later_file_replaces_the_sample() -> None:
    Path("other.csv").write_text("pmo.staff\n3\n", encoding="utf-8")
    scenario("posterior: mine\n")
    Path("child.yaml").write_text("question: Q?\nextends: town\n", encoding="utf-8")
    Path("grandchild.yaml").write_text("question: Q?\nextends: child\nposterior: other\n", encoding="utf-8")
    child, grandchild = load("child.yaml"), load("grandchild.yaml")
    assert (child.posterior, grandchild.posterior) == (posterior("mine"), posterior("other"))


def test_a_draw_replaces_defaults_and_nothing_else() -> None:
    found = scenario("posterior: mine\nset: {needs.arrival: 2, pmo.search_days: 3}\n")
    drawn = found.drawn(3)
    assert {path: value for path, _, value in drawn.differences()} == {
        "needs.arrival": 2.0,
        "pmo.search_days": 3.0,
        "pmo.staff": 9,
        "poc.required": False,
    }


def test_what_is_set_to_its_default_stays_there() -> None:
    default = PATHS["pmo.staff"].default
    in_file = scenario(f"posterior: mine\nset: {{pmo.staff: {default}}}\n")
    Path("child.yaml").write_text("question: Q?\nextends: town\n", encoding="utf-8")
    by_hand = world().under(posterior("mine")).with_("pmo.staff", default)
    for each in (in_file, load("child.yaml"), by_hand):
        assert each.given == {"pmo.staff"}
        assert {each.drawn(seed).parameters.pmo.staff for seed in range(1, 7)} == {default}


def test_the_order_of_sample_and_setting_does_not_matter() -> None:
    sample = posterior("mine")
    first, last = world().under(sample).with_("pmo.staff", 3), world().with_("pmo.staff", 3).under(sample)
    assert first == last
    assert first.drawn(1) == last.drawn(1)


def test_the_same_seed_has_the_same_draw_in_every_scenario() -> None:
    one, other = (load(name).under(posterior("mine")) for name in ("taipei_stage1", "taipei_no_pmo_no_poc"))
    for seed in range(1, 9):
        drawn = [each.drawn(seed).parameters.needs.arrival for each in (one, other)]
        assert drawn == [posterior("mine").row(seed)["needs.arrival"]] * 2


def test_a_scenario_without_a_sample_stays_as_it_is() -> None:
    found = load("taipei_stage1")
    assert found.drawn(5) is found
    drawn = found.under(posterior("mine")).drawn(5)
    assert (drawn.posterior, drawn.drawn(1)) == (None, drawn)
    assert found.under(posterior("mine")).under(None) == found


def test_cities_and_the_timeline_have_the_last_word() -> None:
    change = Change(date(2016, 3, 1), {"needs.arrival": 3.0}, None, None)
    cities = {"Here": {"pmo.staff": 99}, "There": {}}
    found = replace(world(STILL, cities=cities, days=200, timeline=(change,)), given=frozenset())
    model = Ecosystem(found.under(posterior("mine")), seed=3)
    here, there = model.cities
    assert (here.parameters.pmo.staff, there.parameters.pmo.staff) == (99, 9)
    assert there.parameters.needs.arrival == 0.25
    model.finish()
    assert there.parameters.needs.arrival == 3.0
    assert there.parameters.pmo.staff == 9


def test_a_run_under_a_sample_is_the_run_with_its_draw_set() -> None:
    found = scenario("posterior: mine\nset: {pmo.search_days: 3}\n")
    plain = replace(found, posterior=None)
    for path, value in posterior("mine").row(4).items():
        plain = plain.with_(path, value)
    assert sim.run(found, seed=4).events == sim.run(plain, seed=4).events
    assert sim.run(found, seed=4).events != sim.run(replace(found, posterior=None), seed=4).events


def test_editors_know_the_key() -> None:
    assert schema()["properties"]["posterior"]["type"] == "string"


# --- what is remembered -------------------------------------------------------------------------


def test_a_specification_tells_all_of_a_sample() -> None:
    found = scenario("posterior: mine\nset: {pmo.staff: 20}\n")
    told = json.loads(json.dumps(provenance.specification(found)))
    assert provenance.scenario(told) == found
    assert told["posterior"]["rows"][0] == [7, 0.5, True]


def test_specifications_of_before_are_read() -> None:
    told = provenance.specification(load("taipei_stage1"))
    old = {key: part for key, part in told.items() if key not in ("given", "posterior")}
    found = provenance.scenario(old)
    assert (found.posterior, found.given) == (None, frozenset())
    assert found.parameters == load("taipei_stage1").parameters


def test_what_was_given_matters_to_a_sample_alone() -> None:
    found = world({"pmo.staff": 5})
    plain, given_too = (
        provenance.bare(provenance.specification(each))
        for each in (found, replace(found, given=frozenset({"pmo.staff"})))
    )
    assert plain == given_too
    sample = posterior("mine")
    drawn = [
        provenance.fingerprint([provenance.specification(each.under(sample))], range(1, 3))
        for each in (found, replace(found, given=frozenset({"pmo.staff"})))
    ]
    assert drawn[0] != drawn[1]


def test_a_store_under_a_sample_can_be_verified() -> None:
    scenario("posterior: mine\n")
    good("run", "town.yaml", "-n", "4", "-j", "1", "--no-figures", "--out", "runs")
    Path("mine.csv").unlink()
    Path("town.yaml").unlink()
    assert good("verify", "runs", "-j", "1", "--all").startswith("4 of 4 runs made again are the same")


def test_a_setting_of_the_command_line_is_not_drawn() -> None:
    scenario("posterior: mine\n")
    good("run", "town.yaml", "-n", "4", "-j", "1", "--no-figures", "--out", "runs", "--set", "pmo.staff=20")
    said = json.loads(Path("runs/manifest.json").read_text(encoding="utf-8"))["scenarios"]["town"]
    assert (said["given"], said["parameters"]["pmo.staff"]) == (["pmo.staff"], 20)


# --- what people are told -----------------------------------------------------------------------


def test_check_shows_the_sample_and_what_it_does_not_reach() -> None:
    scenario(
        "posterior: mine\nset: {pmo.staff: 20}\ncities: {Here: {needs.arrival: 1}, There: {}}\n"
        "timeline:\n  - {at: 2016-02-01, set: {poc.required: false}}\n"
    )
    told = good("check", "town.yaml")
    assert "Posterior: mine, 3 draws of 3 parameters: pmo.staff, needs.arrival, poc.required" in told
    assert list(words.unreached(load("town.yaml"))) == [
        "town sets pmo.staff itself, so no draw reaches it",
        "Here in town sets needs.arrival itself, so no draw reaches it",
        "poc.required is drawn until 2016-02-01, when the timeline of town changes it",
    ]
    assert "Posterior" not in good("check", "taipei_stage1")


def test_check_refuses_a_bad_sample_in_one_line() -> None:
    Path("mine.csv").write_text("pmo.staff\n700\n", encoding="utf-8")
    Path("town.yaml").write_text(BASIC + "posterior: mine\n", encoding="utf-8")
    assert "mine.csv:2: pmo.staff: must be at most 500" in wrong("check", "town.yaml")


def test_all_parameters_can_be_drawn_at_their_defaults() -> None:
    cells = {path: str(row.default).lower() for path, row in PATHS.items()}
    Path("all.csv").write_text(f"{','.join(cells)}\n{','.join(cells.values())}\n", encoding="utf-8")
    assert world().under(posterior("all.csv")).drawn(1).parameters == Parameters()

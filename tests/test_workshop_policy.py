"""Policies and the shelf: settings hold throughout, files mean the same, and no other file is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sim
from experiments.workshop.levers import LEVERS, Lever
from experiments.workshop.limits import LimitError
from experiments.workshop.policy import UPLOADS, Policy, Shelf, values
from sim.documents import LARGEST, Held
from sim.errors import InputError, ParameterError, ScenarioError
from sim.scenario import Scenario, load_text

#: a busy base: two cities, one with numbers of its own, and changes of many kinds on the same day
BUSY = """question: What is going on?
start: 2016-01-01
end: 2017-12-31
elections: [2017-03-01]
cities: {Taipei: {pmo.staff: 9, steering.slots: 1}, "No": {bottom_up.open: false}}
set: {city.departments: 5, vendors.initial: 40, needs.initial: 4, pmo.staff: 12}
policies: [monitoring]
timeline:
  - {at: 2016-06-01, set: {pmo.staff: 30, problem_led.open: true}}
  - {at: 2016-06-01, set: {pmo.staff: 3}, city: Taipei}
  - {at: 2016-06-01, policies: [all_hands]}
  - {at: 2017-01-01, set: {poc.days: 60}, policies: [monitoring, hub]}
  - {at: 2017-02-01, set: {pmo.staff: 20}}
observed: taipei
posterior: taipei_m1
"""
#: those that the policies of the busy base decide about
DECIDED = ("monitoring.indicators", "hub.exists")
SMALL = "question: What of a small city?\nextends: busy\nset: {city.departments: 4}\n"


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    return Shelf({"busy": BUSY, "small": SMALL})


def of(lever: Lever) -> st.SearchStrategy[Any]:
    if lever.kind == "choice":
        return st.sampled_from(lever.options)
    if lever.kind == "switch":
        return st.booleans()
    numbers = st.integers(0, round((lever.high - lever.low) / lever.step))
    return numbers.map(lambda number: lever.checked(round(lever.low + number * lever.step, 6)))


@st.composite
def policies(draw: st.DrawFn, bases: tuple[str, ...]) -> Policy:
    base = draw(st.sampled_from(bases))
    free = sorted(name for name in LEVERS if base not in ("busy", "small") or name not in DECIDED)
    chosen = draw(st.lists(st.sampled_from(free), max_size=8, unique=True))
    return Policy(base, {name: draw(of(LEVERS[name])) for name in chosen})


def same(one: Scenario, other: Scenario) -> bool:
    plain = [replace(each, name="", question="", notes={}) for each in (one, other)]
    return plain[0] == plain[1] and list(one.cities) == list(other.cities)


BASES = ("taipei_2016_2021", "santander_platform_pmo", "tech4muni", "city_exchange", "busy", "small")


@given(policy=policies(BASES), question=st.text(max_size=30), name=st.text(max_size=10))
@settings(deadline=None, max_examples=60, derandomize=True)
def test_a_policy_s_file_is_the_same_scenario(policy: Policy, question: str, name: str) -> None:
    shelf = Shelf({"busy": BUSY, "small": SMALL})
    question = question.encode(errors="ignore").decode()
    text = policy.text(shelf, question, name)
    loaded = load_text("policy", {"policy": text})
    assert same(loaded, policy.scenario(shelf))
    assert loaded.question == (question.strip() or shelf.load(policy.base).question)


@given(policy=policies(("busy", "small")))
@settings(deadline=None, max_examples=5, derandomize=True)
def test_a_policy_s_file_gives_the_same_history(policy: Policy) -> None:
    shelf = Shelf({"busy": BUSY, "small": SMALL})
    one = policy.scenario(shelf, "p")
    other = load_text("p", {"p": policy.text(shelf, "", "p")})
    assert sim.run(one, 3).events == sim.run(other, 3).events


@given(policy=policies(BASES))
@settings(deadline=None, max_examples=40, derandomize=True)
def test_a_setting_holds_for_the_whole_run_in_every_city(policy: Policy) -> None:
    shelf = Shelf({"busy": BUSY, "small": SMALL})
    scenario = policy.scenario(shelf)
    for name, value in policy.settings.items():
        if LEVERS[name].policy:
            lists = [scenario.policies, *(c.policies for c in scenario.timeline if c.policies is not None)]
            assert all((LEVERS[name].policy in each) == value for each in lists)
        else:
            assert scenario.parameters.at(name) == value
            assert not any(name in change.set for change in scenario.timeline)
            assert not any(name in city for city in scenario.cities.values())


def test_what_is_not_set_stays(shelf: Shelf) -> None:
    base, made = shelf.load("busy"), Policy("busy", {"pmo.staff": 5}).scenario(shelf)
    assert made.timeline[0].set == {"problem_led.open": True}
    assert [change.at for change in made.timeline] == [dt.date(2016, 6, 1)] * 2 + [dt.date(2017, 1, 1)]
    assert made.cities == {"Taipei": {"steering.slots": 1}, "No": {"bottom_up.open": False}}
    assert (made.start, made.elections, made.posterior) == (base.start, base.elections, base.posterior)
    assert Policy("busy").scenario(shelf) == base


def test_a_file_names_differences_alone_where_it_can(shelf: Shelf) -> None:
    text = Policy("taipei_2016_2021", {"pmo.staff": 30}).text(shelf, "What if?", "bigger")
    assert text == '# bigger\nquestion: "What if?"\nextends: "taipei_2016_2021"\nset:\n  pmo.staff: 30\n'


def test_the_values_at_the_start_are_those_in_force(shelf: Shelf) -> None:
    found = values(shelf, "busy")
    assert list(found) == list(LEVERS)
    assert found["pmo.staff"] == 9  # of the first city
    assert found["monitoring.indicators"] is True  # by the policy in force
    assert found["policy:all_hands"] is False
    assert values(shelf, "taipei_2016_2021")["bottom_up.open"] is True


def test_a_lever_that_a_policy_of_the_base_decides_is_refused(shelf: Shelf) -> None:
    with pytest.raises(InputError, match="monitoring"):
        Policy("busy", {"monitoring.indicators": False}).scenario(shelf)
    assert Policy("busy", {"monitoring.indicators": True}).scenario(shelf).policies == ("monitoring",)


@pytest.mark.parametrize("wrong", [{"pmo.stuff": 3}, {"needs.initial": 3}, {"pmo.staff": 700}])
def test_what_is_no_lever_or_no_setting_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        Policy("taipei_2016_2021", wrong)


def test_settings_cannot_be_changed_behind_one_s_back() -> None:
    given: dict[str, Any] = {"pmo.staff": 3}
    policy = Policy("wemo", given)
    given["pmo.staff"] = 4
    assert policy.settings == {"pmo.staff": 3}


def test_a_text_in_memory_is_like_a_file() -> None:
    folder = Held("", {"a": "ä"})
    assert [file.name for file in folder.iterdir()] == ["a"]
    assert folder.is_dir()
    assert (folder / "a").read_bytes() == "ä".encode()
    assert folder.joinpath("a").parent.is_dir()
    assert not folder.joinpath("..", "a").exists()
    with pytest.raises(FileNotFoundError):
        (folder / "b").open()


# --- the shelf ----------------------------------------------------------------------------------


def references(tmp_path: Path) -> Iterator[tuple[str, str]]:
    for name in (
        "x.yaml",
        "x",
        "../x.yaml",
        str(tmp_path / "x.yaml"),
        "../../etc/passwd",
        "/etc/passwd",
        "/dev/zero",
    ):
        for key in ("extends", "observed", "posterior"):
            yield key, name


def test_no_file_is_read_but_shipped_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.yaml").write_text("question: Is this read?\nextends: wemo\n")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    (tmp_path / "below" / "x.yaml").write_text("question: Is this read?\nextends: wemo\n")
    shelf = Shelf()
    for key, name in references(tmp_path):
        start = "" if key == "extends" else "extends: wemo\n"
        with pytest.raises(ScenarioError, match=f"mine:{2 if not start else 3}: {key}: "):
            shelf.add("mine", f"question: Is it?\n{start}{key}: {name}\n")
        with pytest.raises(ScenarioError):
            shelf.load(name)
    assert not shelf.own


@pytest.mark.parametrize("key", ["observed", "posterior"])
def test_a_text_of_the_shelf_is_no_file_of_figures(key: str) -> None:
    with pytest.raises(ScenarioError, match="unknown"):
        Shelf({"busy": BUSY}).add("mine", f"question: Is it?\nextends: wemo\n{key}: busy\n")


def test_a_text_may_extend_another_and_shipped_ones(shelf: Shelf) -> None:
    assert shelf.load("small").parameters.city.departments == 4
    assert shelf.load("small").timeline == shelf.load("busy").timeline
    shelf = Shelf({"mine": "question: Is it?\nextends: scenarios/wemo.yaml\n"})
    assert shelf.load("mine").parameters == shelf.load("wemo").parameters


def test_a_text_that_is_replaced_is_read_anew() -> None:
    shelf = Shelf(
        {"a": "question: One?\nextends: wemo\n", "b": "question: Two?\nextends: a\nset: {pmo.staff: 3}\n"}
    )
    assert shelf.load("b").parameters.city.departments == 32
    shelf.add("a", "question: One?\nextends: wemo\nset: {city.departments: 7}\n")
    assert shelf.load("b").parameters.city.departments == 7
    with pytest.raises(ScenarioError, match="circle"):
        shelf.add("a", "question: One?\nextends: b\n")
    assert shelf.load("b").parameters.city.departments == 7


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("question: &a What?\nextends: wemo\n", "anchors"),
        ("question: !!python/object:os.system x\n", "tags"),
        ("question: " + "[" * 20, "deeply"),
        ("question: x\nextends: wemo\n#" + "x" * LARGEST, "MB"),
        ("question: x\nextends: wemo\nmagic: 3\n", "unknown key"),
        ("question: x\nextends: wemo\nset: {pmo.staff: 1000}\n", "at most 500"),
        ("question: \ud800\nextends: wemo\n", "UTF-8"),
        ("", "empty"),
    ],
)
def test_a_text_is_read_strictly(text: str, told: str) -> None:
    with pytest.raises(ScenarioError, match=told):
        Shelf().add("mine", text)


@pytest.mark.parametrize("name", ["", " a", "a/b", "..", ".a", "a\\b", "a\nb", "a\x00", "x" * 61, "\ud800"])
def test_a_name_that_could_mislead_is_refused(name: str) -> None:
    with pytest.raises(LimitError):
        Shelf().add(name, SMALL)


def test_a_shipped_name_and_too_many_are_refused() -> None:
    text = "question: Is it?\nextends: wemo\n"
    with pytest.raises(ScenarioError, match="already"):
        Shelf().add("wemo", text)
    shelf = Shelf({str(number): text for number in range(UPLOADS)})
    shelf.add("3", text)
    with pytest.raises(LimitError):
        shelf.add("more", text)

"""The levers: they exist, say what they are in every language, and move something that runs."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sim
from experiments.workshop.levers import FAMILIES, LEVERS, Lever, described
from experiments.workshop.policy import Policy, Shelf, values
from experiments.workshop.words import LANGUAGES
from sim.errors import ParameterError
from sim.parameters import PATHS, Value

EVIDENCE = (Path(__file__).parents[1] / "docs" / "evidence.md").read_text("utf-8")
SLIDERS = [lever for lever in LEVERS.values() if lever.kind == "slider"]
NO_FIGURE = re.compile("No figure is known|not known|no figure|assumption", re.IGNORECASE)


def shown(language: str) -> Iterator[dict[str, object]]:
    return (lever for family in described(language) for lever in family["levers"])


def test_the_families_are_those_of_the_model() -> None:
    names = "intake office politics poc procurement regulation capability ecosystem"
    assert list(FAMILIES) == names.split()
    assert 45 <= len(LEVERS) == sum(map(len, FAMILIES.values())) <= 60


@pytest.mark.parametrize("lever", SLIDERS, ids=lambda lever: lever.id)
def test_a_slider_stays_within_the_range_of_its_number(lever: Lever) -> None:
    row = PATHS[lever.id]
    assert row.low is not None
    assert row.high is not None
    assert row.low <= lever.low < lever.high <= row.high
    assert bool(lever.narrowed) == ((lever.low, lever.high) != (row.low, row.high))


@pytest.mark.parametrize("lever", SLIDERS, ids=lambda lever: lever.id)
def test_a_slider_s_ends_lie_on_its_steps_and_more_than_three_settings_between(lever: Lever) -> None:
    steps = (lever.high - lever.low) / lever.step
    assert steps == pytest.approx(round(steps))
    assert steps >= 3


def test_every_shipped_start_can_be_shown() -> None:
    for name in sim.available():
        for lever, value in values(Shelf(), name).items():
            assert LEVERS[lever].checked(value) == value, (name, lever)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_lever_says_what_it_is(language: str) -> None:
    for lever in shown(language):
        assert lever["name"]
        assert lever["meaning"]
        assert lever["seen"]
        assert lever["evidence"]
        assert bool(lever["unit"]) == (lever["kind"] == "slider")
    names = [lever["name"] for lever in shown(language)]
    assert len(names) == len(set(names))


def test_languages_say_different_things() -> None:
    for english, chinese in zip(shown("en"), shown("zh-Hant"), strict=True):
        assert english["name"] != chinese["name"]
        assert english["meaning"] != chinese["meaning"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_seen_names_its_source_or_says_that_nothing_is_known(language: str) -> None:
    for lever in shown(language):
        ids = re.findall(r"\b[A-Z]\d{1,2}\b", str(lever["seen"]))
        assert all(f"| {each} |" in EVIDENCE for each in ids), lever["id"]
        assert ids or "假設" in str(lever["seen"]) or NO_FIGURE.search(str(lever["seen"])), lever["id"]


def test_both_languages_name_the_same_sources() -> None:
    for english, chinese in zip(shown("en"), shown("zh-Hant"), strict=True):
        found = [re.findall(r"[A-Z]\d{1,2}", str(lever["seen"])) for lever in (english, chinese)]
        assert sorted(found[0]) == sorted(found[1]), english["id"]


def test_numbers_of_the_table_are_not_repeated() -> None:
    for lever in shown("en"):
        row = PATHS.get(str(lever["id"]))
        if row is not None:
            assert lever["source"] == row.source
            assert [each["value"] for each in lever["options"]] in ([], list(row.options))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("lever", "value"),
    [
        ("pmo.staff", 2.5),
        ("pmo.staff", 61),
        ("pmo.staff", True),
        ("pmo.staff", None),
        ("pmo.staff", "20"),
        ("pmo.autonomy", float("nan")),
        ("pmo.exists", 1),
        ("policy:all_hands", "yes"),
        ("procurement.rule", "by_lot"),
        ("procurement.rule", ["best_value"]),
    ],
)
def test_a_setting_of_the_wrong_kind_is_refused(lever: str, value: object) -> None:
    with pytest.raises(ParameterError):
        LEVERS[lever].checked(value)


@pytest.mark.parametrize(
    "wrong", [("pmo.people", "slider"), ("policy:magic", "switch"), ("pmo.staff", "slider")]
)
def test_a_lever_that_moves_nothing_cannot_be_made(wrong: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=wrong[0]):
        Lever(wrong[0], wrong[1], low=3, high=3)  # type: ignore[arg-type]


#: so that there is something to buy
OPEN: dict[str, Value] = {"pmo.exists": True, "bottom_up.open": True, "problem_led.open": True}


def at(lever: Lever, end: bool) -> Value:
    if lever.kind == "slider":
        return lever.checked(lever.high if end else lever.low)
    return lever.options[-1 if end else 0] if lever.kind == "choice" else end


@pytest.mark.parametrize("end", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_city_with_all_levers_of_a_family_at_one_end_runs(family: str, end: bool) -> None:
    settings = {lever.id: at(lever, end) for lever in FAMILIES[family]}
    shelf = Shelf({"start": START_TEXT})
    log = sim.run(Policy("start", settings).scenario(shelf), 1)
    assert log.days > 0


@pytest.mark.parametrize("rule", LEVERS["procurement.rule"].options)
def test_a_city_runs_under_every_rule_of_award(rule: str) -> None:
    log = sim.run(
        Policy("start", {**OPEN, "procurement.rule": rule}).scenario(Shelf({"start": START_TEXT})), 2
    )
    assert any(event.target == "tender" for event in log.events)


START_TEXT = """question: What happens in a small and lively city?
start: 2016-01-01
end: 2018-06-30
elections: [2017-03-01]
set: {city.departments: 6, vendors.initial: 50, needs.initial: 4, deployment.scale_wish: 2}
"""


def test_what_runs_first_is_found_without_heavy_libraries() -> None:
    names = ["levers", "policy", "crew", "cards", "limits"]
    code = "; ".join(f"import experiments.workshop.{name}" for name in names)
    check = "import sys; print([m for m in ('pandas', 'mesa', 'scipy', 'matplotlib') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; {check}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"

"""The cards: what was computed beforehand is what is computed now. ``python -m`` this file makes it anew."""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from experiments.workshop import cards
from experiments.workshop.words import LANGUAGES
from sim.scenario import available, load

FILE = Path(cards.__file__).with_name("cards.json")


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return content


def test_every_card_is_a_shipped_scenario_that_has_a_picture(kept: dict[str, Any]) -> None:
    assert list(kept["funnels"]) == list(cards.STARTS)
    assert set(cards.STARTS) <= set(available())
    assert cards.STARTS[0] == cards.EXAMPLE


def test_the_file_is_small() -> None:
    assert FILE.stat().st_size < 200_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_card_has_all_that_the_page_shows(language: str) -> None:
    for card in cards.described(language):
        assert card["title"]
        assert card["question"]
        assert card["start"] < card["end"]
        assert len(card["funnel"]) >= 10
        for step in card["funnel"]:
            assert step["name"]
            assert step["low"] <= step["high"]


def test_the_english_question_is_the_files_own() -> None:
    for card in cards.described("en"):
        assert card["question"] == load(card["id"]).question


def test_the_questions_are_translated() -> None:
    for english, chinese in zip(cards.described("en"), cards.described("zh-Hant"), strict=True):
        assert chinese["question"] != english["question"]
        assert chinese["title"] != english["title"]


def test_the_example_s_first_runs_are_what_they_are_today(kept: dict[str, Any]) -> None:
    today = cards.computed([cards.EXAMPLE], runs=2, kept=2)["example"]
    for part, columns in today.items():
        first = {name: values[:2] for name, values in kept["example"][part].items()}
        assert first == columns, "make it anew: python -m tests.test_workshop_cards"


@pytest.mark.parametrize("name", ["without_unit", "taipei_2022_subsidised_poc"])
def test_the_first_runs_of_other_scenarios_are_what_they_are_today(kept: dict[str, Any], name: str) -> None:
    today = cards.computed([name], runs=cards.FIRST)
    assert kept["first"][name] == today["first"][name], "make it anew: python -m tests.test_workshop_cards"
    assert set(today["funnels"][name]) <= set(kept["funnels"][name])


@pytest.mark.parametrize("name", cards.STARTS)
def test_every_step_of_a_picture_has_its_first_runs(kept: dict[str, Any], name: str) -> None:
    for step in kept["funnels"][name]:
        assert len(kept["first"][name][step]) == cards.FIRST


def test_the_example_s_picture_follows_from_its_runs(kept: dict[str, Any]) -> None:
    harvest = cards.ready(cards.EXAMPLE)
    assert harvest is not None
    picture = cards.pictured(harvest.funnel[harvest.funnel["seed"] <= cards.RUNS])
    assert picture == kept["funnels"][cards.EXAMPLE]


def test_the_example_is_ready_without_a_run() -> None:
    harvest = cards.ready(cards.EXAMPLE)
    assert harvest is not None
    for table in (harvest.evidence.outcomes, harvest.evidence.wholes, harvest.funnel):
        assert list(table["seed"]) == list(range(1, cards.KEPT + 1))
        assert set(table["scenario"]) == {cards.EXAMPLE}
    assert cards.ready("wemo") is None


def test_most_steps_lose_some() -> None:
    for card in cards.described("en"):
        means = [step["mean"] for step in card["funnel"] if step["step"] != "launched"]
        assert sum(before >= after for before, after in pairwise(means)) >= len(means) - 2


if __name__ == "__main__":
    WORKERS = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    FILE.write_text(cards.written(cards.computed(cards.STARTS, workers=WORKERS)), "utf-8")

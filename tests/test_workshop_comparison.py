"""Several policies beside each other, in words and pictures."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from analysis.groups import GAINS
from experiments.compare import compare
from experiments.workshop.comparison import Sentence, brief, comparison
from experiments.workshop.crew import Harvest
from experiments.workshop.session import POLICIES
from tests.test_workshop_effect import BASE, harvest

NAME = "<b>{a}</b>"


def _grouped(found: Harvest, more: float) -> Harvest:
    """With groups of vendors, of which start-ups get ``more`` POCs in each city."""
    rows = [
        {"scenario": "same name", "seed": seed, "by": "vendor_kind", "group": group}
        | {gain: 10.0 + seed % 3 + (more if (group, gain) == ("startup", "pocs") else 0) for gain in GAINS}
        for seed in found.evidence.outcomes["seed"]
        for group in ("startup", "large")
    ]
    return found._replace(evidence=found.evidence._replace(groups=pd.DataFrame(rows)))


ONE, TWO = (_grouped(harvest(range(1, 31), {"projects": n}), n) for n in (3, 0))
START = _grouped(BASE, 0)


@pytest.mark.parametrize("language", ["en", "zh-Hant"])
def test_sections_in_order(language: str) -> None:
    told = comparison([START, ONE, TWO], ["Start", NAME, "B"], language)
    assert [each["id"] for each in told["sections"]] == ["funnel", "differences", "groups", "money"]
    assert all(chart["alt"] and chart["title"] for each in told["sections"] for chart in each["charts"])
    for each in told["sections"]:
        assert {len(row) for row in each["table"]["rows"]} == {len(each["table"]["columns"])}
    json.dumps(told, allow_nan=False)


def test_differences_and_winners_are_told_of_whom_they_are_true() -> None:
    sections = {
        each["id"]: each for each in comparison([START, ONE, TWO], ["Start", NAME, "B"], "en")["sections"]
    }
    clear = [each for each in sections["differences"]["sentences"] if "on average" in each]
    assert clear == [f"{NAME} against Start. " + clear[0].split(". ", 1)[1]]
    assert "in 30 of 30 simulated cities more services come into use" in clear[0]
    groups = sections["groups"]["sentences"]
    assert groups[0].startswith(f"{NAME}, Start-ups. Changed: in 30 of 30 simulated cities more POCs start")
    assert groups[1] == "B: for none of the kinds of vendors can a difference be seen."


def test_of_each_policy_what_is_better_or_worse_counts_most() -> None:
    said = [
        Sentence("B", 1), Sentence("B C better", 2, judged=True), Sentence("B worse", 1, judged=True),
        Sentence("B b", 1),
        Sentence("B C", 2), Sentence("B C c", 2), Sentence("of none"),
    ]  # fmt: skip
    assert brief(said) == ["B", "B C better", "B worse", "B C"]
    assert brief(said[:6]) == [each.text for each in said[:6]]
    assert brief([Sentence(str(number)) for number in range(9)]) == list("012345")


def test_ranges_are_those_of_the_comparison() -> None:
    other = harvest(range(1, 31), luck=2)
    tables = [BASE.evidence.outcomes[BASE.evidence.outcomes["seed"] <= 30], other.evidence.outcomes]
    named = [table.assign(scenario=str(place)) for place, table in enumerate(tables)]
    whole = [each.evidence.wholes.assign(scenario=str(place)) for place, each in enumerate((BASE, other))]
    evidence = BASE.evidence._replace(outcomes=pd.concat(named), wholes=pd.concat(whole))
    (found,) = compare(evidence, ["0", "1"], ["needs_solved"])
    told = comparison([BASE, other], ["a", "b"], "en")["sections"][1]
    forest = told["charts"][0]["option"]
    row = forest["yAxis"]["data"].index("Needs of the city solved")
    value = next(point["value"] for point in forest["series"][0]["data"] if point["value"][3] == row)
    wanted = found.of("needs_solved")
    scale = 100 / wanted.base
    assert value[:3] == pytest.approx(
        [scale * n for n in (wanted.difference, wanted.low, wanted.high)], rel=1e-4
    )


def test_one_policy_or_no_common_city() -> None:
    assert "second policy" in comparison([BASE], ["a"], "en")["sections"][1]["sentences"][0]
    nothing = comparison([BASE, harvest(range(90, 95))], ["a", "b"], "en")["sections"]
    assert len(nothing) == 1
    assert nothing[0]["charts"] == []
    with pytest.raises(ValueError, match="6 policies"):
        comparison([BASE] * 6, list("abcdef"), "en")


def test_all_policies_that_can_have_names_are_compared_with_the_start() -> None:
    policies = [START, *(_grouped(harvest(range(1, 31), {"projects": n}), n) for n in range(POLICIES))]
    names = ["Start", *(f"P{place}" for place in range(POLICIES))]
    for section in comparison(policies, names, "en")["sections"]:
        for chart in section["charts"]:
            keys = [key["name"] for key in chart["keys"]]
            assert keys in (names, names[1:])
            assert len({(key["colour"], key["symbol"]) for key in chart["keys"]}) == len(keys)

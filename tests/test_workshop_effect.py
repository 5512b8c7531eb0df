"""The effect of levers in words: what is counted, what is claimed, and what is not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis import echarts
from analysis.measures import MEASURES
from experiments.compare import Evidence
from experiments.workshop.crew import Harvest
from experiments.workshop.effect import effect, matched, pairs
from experiments.workshop.measured import MEASURES_SHOWN, verdict


def harvest(seeds: range, more: Mapping[str, float] | None = None, luck: int = 1) -> Harvest:
    """Runs of a policy; ``more`` adds to a measure, the luck of a seed is the same in all of them."""
    outcomes = pd.DataFrame({"scenario": "same name", "seed": list(seeds)})
    wholes = outcomes.copy()
    for place, (name, measure) in enumerate(MEASURES.items()):
        drawn = np.array([np.random.default_rng((seed, place, luck)).normal() for seed in seeds])
        share = measure.unit == "share"
        values = 0.4 + 0.02 * drawn if share else np.round(50 + 5 * drawn)
        outcomes[name] = values + (more or {}).get(name, 0.0)
        if measure.whole:
            wholes[name] = 100.0
    steps = {
        step: 100.0 - 10 * place for place, step in enumerate(("submitted", "screened", "poc", "deployed"))
    }
    funnel = outcomes[["scenario", "seed"]].assign(**steps)
    empty = pd.DataFrame()
    return Harvest(Evidence(outcomes, wholes, empty, empty, None), funnel)


BASE = harvest(range(1, 41))


def test_a_clear_difference_is_counted_in_pairs_of_cities() -> None:
    told = effect(BASE, harvest(range(1, 41), {"needs_solved": 4, "money_wasted": 4}), "en")["headlines"]
    needs = next(each for each in told if "needs are solved" in each)
    assert needs.startswith("Better: in 40 of 40 simulated cities more needs are solved, 4.0 more on average")
    assert next(each for each in told if "wasted" in each).startswith("Worse: in 40 of 40")
    assert any("The same in all 40 simulated cities: All proposals" in each for each in told)


def test_what_counts_is_told_in_short_good_and_bad_first() -> None:
    more = {"proposals_received": 9, "needs_solved": 4, "money_wasted": 4}
    told = effect(BASE, harvest(range(1, 41), more), "en")["brief"]
    assert [each["text"].partition(":")[0] for each in told] == ["Better", "Worse", "Changed"]
    assert told[0] == {"text": "Better: more needs are solved (4.0 more)", "cities": "40 of 40 cities"}
    (same,) = effect(BASE, harvest(range(1, 41)), "en")["brief"]
    assert same["text"].startswith("The same in all 40 simulated cities")
    (alone,) = effect(BASE, None, "en")["brief"]
    assert alone["text"].startswith("Nothing is changed yet")


def test_no_difference_is_claimed_where_the_range_holds_zero() -> None:
    other = harvest(range(1, 41), luck=2)
    both = matched([BASE, other])
    assert both is not None
    found = pairs(both, MEASURES_SHOWN)
    told = effect(BASE, other, "en")
    claimed = [each for each in told["headlines"] if "on average" in each]
    assert len(claimed) == sum(each.found.clear for each in found) < len(found)
    readings = {row[0]: row[-1] for row in told["table"]["rows"]}
    assert sum(each == "no difference to be seen" for each in readings.values()) == len(found) - len(claimed)


def test_only_seeds_that_both_have_are_used() -> None:
    told = effect(BASE, harvest(range(31, 61), {"projects": 3}), "en")
    assert "in 10 of 10 simulated cities" in told["headlines"][0]
    assert effect(BASE, harvest(range(100, 110)), "en")["charts"] == []


def test_few_cities_are_a_first_impression() -> None:
    assert (
        "First impression from 4" in effect(BASE, harvest(range(1, 5), {"projects": 3}), "en")["headlines"][0]
    )
    single = effect(BASE, harvest(range(1, 2), {"projects": 3}), "en")
    assert not any("on average" in each for each in single["headlines"])
    assert {row[-1] for row in single["table"]["rows"]} == {"too few cities"}


@pytest.mark.parametrize("language", ["en", "zh-Hant"])
def test_where_nothing_is_changed_the_start_stands_alone(language: str) -> None:
    told = effect(BASE, BASE, language)
    assert told == effect(BASE, None, language)
    assert {len(chart["keys"]) for chart in told["charts"]} == {1}
    json.dumps(told, allow_nan=False)


def test_no_judgement_where_nobody_can_judge() -> None:
    assert [verdict("startup_share", 0.1), verdict("money_wasted", 3), verdict("money_wasted", -3)] == [
        "changed", "worse", "better",
    ]  # fmt: skip


def test_charts_have_a_dot_a_city_and_an_axis_that_stands_still() -> None:
    more = {"needs_solved": 1.0}
    early, late = (effect(BASE, harvest(range(1, last), more), "en")["charts"] for last in (12, 41))
    assert [chart["id"] for chart in late] == ["funnel", *MEASURES_SHOWN]
    assert all(chart["alt"] and chart["title"] for chart in late)
    needs = late[1 + MEASURES_SHOWN.index("needs_solved")]
    assert [len(series["data"]) for series in needs["option"]["series"]] == [40, 1, 40, 1]
    json.dumps([early, late], allow_nan=False)


def test_dots_do_not_cover_each_other() -> None:
    values = [1.0, 1.0, 1.0, 2.0, 5.0]
    strip = echarts.Strip("a", "#000000", values, [[str(value)] for value in values], 2.0, ["mean"])
    dots = echarts.swarm("", "", [strip], echarts.Ends(0, 10, 2), 150).option["series"][0]["data"]
    assert len({(dot["value"][0], dot["symbolOffset"][1]) for dot in dots}) == len(values)
    assert [dot["tip"] for dot in dots][-1] == ["5.0"]


@pytest.mark.parametrize("more", [[], [30.0], [-40.0, 90.0], [1e6]])
def test_an_axis_holds_all_values(more: list[float]) -> None:
    along: Any = echarts.ends([10.0, 20.0], more)
    assert along.low <= min([10.0, *more])
    assert along.high >= max([20.0, *more])
    assert (along.high - along.low) / along.step <= 10

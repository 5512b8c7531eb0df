from __future__ import annotations

from dataclasses import replace
from datetime import date
from math import inf, nan

import pandas as pd
import pytest

import sim
from analysis.measures import MEASURES, outcomes
from analysis.statistics import Difference
from analysis.tables import concat, tables
from experiments import compare
from experiments.compare import Comparison
from tests import markov


def _difference(measure: str, low: float, middle: float, high: float, enough: float = 35.0) -> Difference:
    return Difference(measure, 1.0, 1.0 + middle, middle, low, high, 80, 0, 2.5, enough)


def _comparison(*differences: Difference) -> Comparison:
    return Comparison("base", "other", differences)


def _sentence(difference: Difference) -> str:
    return compare.sentence(_comparison(difference), difference)


def test_a_share_is_told_in_points() -> None:
    assert _sentence(_difference("proposal_to_poc", 0.101, 0.124, 0.147)) == (
        "other takes a proposal to a POC 12.4 points more often than base"
        " (95% CI 10.1 to 14.7, 80 pairs; 35 would have been enough)."
    )


def test_less_is_told_with_the_ends_in_order_of_size() -> None:
    assert _sentence(_difference("money_wasted", -30.0, -20.0, -10.0)) == (
        "other wastes NT$ 20.0 m less than base (95% CI 10.0 to 30.0, 80 pairs; 35 would have been enough)."
    )


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_has_words_of_its_own(measure: str) -> None:
    assert measure in compare.PHRASES
    more, less = (_sentence(_difference(measure, sign - 0.5, sign, sign + 0.5)) for sign in (1.0, -1.0))
    assert more != less
    assert "{" not in more + less


def test_a_measure_of_somebody_else_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MEASURES, "mine", replace(MEASURES["projects"], name="mine", unit="bicycles"))
    assert _sentence(_difference("mine", 1.0, 2.0, 3.0)).startswith(
        "other has mine 2.00 bicycles higher than base"
    )


def test_what_is_not_clear_is_listed_with_the_pairs_it_might_take() -> None:
    found = _comparison(
        _difference("tenders", 1.0, 2.0, 3.0),
        _difference("projects", -1.0, 0.1, 1.2, enough=12345.0),
        _difference("needs_solved", 0.0, 0.0, 0.0, enough=inf),
        _difference("startup_share", nan, nan, nan, enough=nan),
    )
    assert compare.unclear(found) == (
        "No clear difference between other and base: projects (12,345 pairs needed),"
        " needs_solved (identical), startup_share (not defined)."
    )
    assert compare.unclear(_comparison(found.differences[0])) is None


def test_an_interval_that_touches_zero_is_not_clear() -> None:
    ends = [(0.0, 1.0), (-1.0, 0.0), (-1.0, 1.0), (0.1, 1.0), (-1.0, -0.1), (nan, nan)]
    told = [compare.clear(_difference("projects", low, 0.5, high)) for low, high in ends]
    assert told == [False, False, False, True, True, False]


@pytest.fixture(scope="module")
def three() -> pd.DataFrame:
    """Two scenarios that are the same but for their names, and one with twice the proposals."""
    parts = [
        tables([markov.run(seed, 900.0, a_year, name) for seed in range(8)])
        for name, a_year in (("a", 40.0), ("b", 40.0), ("c", 80.0))
    ]
    return outcomes(concat(parts))


def test_a_scenario_does_not_differ_from_itself(three: pd.DataFrame) -> None:
    same = compare.compare(three, ["a", "b", "c"])[0]
    assert (same.base, same.other) == ("a", "b")
    assert all(each.difference == 0.0 and not compare.clear(each) for each in same.differences if each.pairs)


def test_twice_the_proposals_are_found(three: pd.DataFrame) -> None:
    (found,) = compare.compare(three, ["a", "c"])
    proposals = next(each for each in found.differences if each.measure == "proposals_received")
    means = three.groupby("scenario", observed=True)["proposals_received"].mean()
    assert proposals.pairs == 8
    assert proposals.difference == pytest.approx(means["c"] - means["a"])
    assert compare.clear(proposals)
    assert "proposals more than a" in compare.sentence(found, proposals)


def test_the_table_has_a_row_for_each_measure_and_no_column_twice(three: pd.DataFrame) -> None:
    found = compare.table(compare.compare(three, ["a", "b", "c"]))
    assert len(found) == 2 * len(MEASURES)
    assert found.columns.is_unique
    assert list(found.columns[:5]) == ["base", "other", "measure", "mean_base", "mean_other"]


def test_other_dates_are_warned_of() -> None:
    world = sim.load("taipei_stage1")
    later = replace(world, name="later", end=date(2018, 1, 1))
    assert list(compare.warnings([world, replace(world, name="same")])) == []
    (told,) = compare.warnings([world, later])
    assert told.startswith("later runs from 2016-03-20 to 2018-01-01, taipei_stage1 from 2016-03-20 to")

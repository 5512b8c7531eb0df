from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from math import inf, nan

import numpy as np
import pandas as pd
import pytest

import sim
from analysis.measures import DURATIONS, MEASURES, durations, outcomes, wholes
from analysis.pairs import MEAN, MEDIAN, PILOT, SHARE, Difference, cautious, difference
from analysis.tables import Tables, tables
from experiments import compare
from experiments.compare import Comparison, Evidence, Gathered, Look
from experiments.runner import Job, batches
from sim.errors import InputError
from sim.events import EventLog
from sim.scenario import Scenario
from tests import markov


def _difference(
    measure: str, low: float, middle: float, high: float, enough: float = 35.0, gain: float = 2.5
) -> Difference:
    return Difference(measure, MEAN, 1.0, 1.0 + middle, middle, low, high, 80, 0, 1.0, gain, enough)


def _comparison(*differences: Difference, family: int = 1) -> Comparison:
    return Comparison("base", "other", differences, family)


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


@pytest.mark.parametrize("measure", [*MEASURES, *DURATIONS])
def test_more_and_less_of_every_measure_are_told_apart(measure: str) -> None:
    more, less = (_sentence(_difference(measure, sign - 0.5, sign, sign + 0.5)) for sign in (1.0, -1.0))
    assert more != less
    assert "{" not in more + less


def test_words_are_of_measures_that_there_are() -> None:
    assert set(compare.PHRASES) <= {*MEASURES, *DURATIONS}


def test_a_measure_of_somebody_else_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MEASURES, "mine", replace(MEASURES["projects"], name="mine", unit="bicycles"))
    assert _sentence(_difference("mine", 1.0, 2.0, 3.0)).startswith(
        "other has mine 2.00 bicycles higher than base"
    )


def test_what_is_not_clear_is_listed_with_the_pairs_it_might_take() -> None:
    same = _difference("needs_solved", 0.0, 0.0, 0.0, enough=inf)._replace(deviation=0.0)
    nowhere = _difference("startup_share", nan, nan, nan, enough=nan)._replace(deviation=nan, pairs=0)
    found = _comparison(
        _difference("tenders", 1.0, 2.0, 3.0),
        _difference("projects", -1.0, 0.1, 1.2, enough=12345.0),
        same,
        nowhere,
    )
    assert list(compare.unclear(found)) == [
        "No clear difference between other and base: projects (12,345 pairs needed).",
        "The same in all runs of other and base: needs_solved.",
        "Not defined in other or base: startup_share.",
    ]
    assert list(compare.unclear(_comparison(found.differences[0]))) == []


def test_an_interval_that_touches_zero_is_not_clear() -> None:
    ends = [(0.0, 1.0), (-1.0, 0.0), (-1.0, 1.0), (0.1, 1.0), (-1.0, -0.1), (nan, nan)]
    told = [_difference("projects", low, 0.5, high).clear for low, high in ends]
    assert told == [False, False, False, True, True, False]


def test_numbers_of_pairs_too_small_to_be_trusted_are_not_told() -> None:
    told = _sentence(_difference("projects", 1.0, 2.0, 3.0, enough=3.0))
    assert told.endswith("80 pairs; fewer than 10 would have been enough).")


def test_the_gain_of_pairing_is_told_with_its_range() -> None:
    found = _comparison(
        _difference("tenders", 1.0, 2.0, 3.0, gain=3.0),
        _difference("projects", 1.0, 2.0, 3.0, gain=1.2),
        _difference("money_spent", 1.0, 2.0, 3.0, gain=12.0),
        _difference("needs_solved", 0.0, 0.0, 0.0, gain=inf),
        _difference("startup_share", nan, nan, nan, gain=nan),
    )
    assert list(compare.gain(found)) == [
        "The same seeds in both are worth 3.00 times as many runs as seeds of their own"
        " (median of the measures; from 1.20 for projects to 12.0 for money_spent)."
    ]
    assert list(compare.gain(_comparison(found.differences[3]))) == []


def test_several_scenarios_are_said_to_be_one_family() -> None:
    (one,) = compare.notes([_comparison()])
    assert one.startswith("Shares")
    assert list(compare.notes([_comparison(family=3)]))[1:] == [
        "Of each measure, the 3 intervals hold all at once with 95% confidence."
    ]


# --- from runs to differences -------------------------------------------------------------------


def _evidence(logs: list[EventLog]) -> Evidence:
    made = tables(logs)
    return Evidence(outcomes(made), wholes(made), durations(made), pd.DataFrame())


@pytest.fixture(scope="module")
def three() -> Evidence:
    """Two scenarios that are the same but for their names, and one with twice the proposals."""
    return _evidence(
        [
            markov.run(seed, 900.0, a_year, name)
            for name, a_year in (("a", 40.0), ("b", 40.0), ("c", 80.0))
            for seed in range(8)
        ]
    )


def test_a_scenario_does_not_differ_from_itself(three: Evidence) -> None:
    same = compare.compare(three, ["a", "b", "c"])[0]
    assert (same.base, same.other, same.family) == ("a", "b", 2)
    assert all(each.difference == 0.0 and not each.clear for each in same.differences if each.pairs)


def test_twice_the_proposals_are_found(three: Evidence) -> None:
    (found,) = compare.compare(three, ["a", "c"])
    proposals = found.of("proposals_received")
    means = three.outcomes.groupby("scenario", observed=True)["proposals_received"].mean()
    assert proposals.pairs == 8
    assert proposals.difference == pytest.approx(means["c"] - means["a"])
    assert proposals.clear
    assert "proposals more than a" in compare.sentence(found, proposals)


def test_shares_are_of_all_cases_and_medians_of_all_times(three: Evidence) -> None:
    (found,) = compare.compare(three, ["a", "c"])
    share, sums = found.of("proposal_to_poc"), three.outcomes.groupby("scenario", observed=True).sum()
    assert share.statistic == SHARE
    assert share.base == pytest.approx(sums.loc["a", "poc_started"] / sums.loc["a", "proposals_received"])
    middle = found.of("median_days_to_poc")
    days = three.times[(three.times["time"] == "median_days_to_poc") & (three.times["scenario"] == "c")]
    assert middle.statistic == MEDIAN
    assert middle.other == pytest.approx(days["days"].median(), rel=0.05)


@pytest.mark.parametrize("name", [name for name, measure in MEASURES.items() if measure.whole])
def test_a_share_of_all_runs_is_that_of_one_run_with_all_cases(name: str) -> None:
    """Values weighed by their wholes add up to what the cases of all runs together give."""
    made = tables(markov.runs(6))
    whole = wholes(made)[name]
    parts = (outcomes(made)[name] * whole).sum()
    together = float(MEASURES[name].function(_merged(made))[0])
    assert together == pytest.approx(parts / whole.sum() if whole.sum() else nan, nan_ok=True)


def _merged(made: Tables) -> Tables:
    """The cases of several runs as those of one."""
    width = int(made.cases["case"].max()) + 1

    def moved(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
        numbers = {name: (table[name] + table["seed"] * width).astype("Int32") for name in columns}
        return table.assign(**numbers, seed=made.runs["seed"].iloc[0])

    return Tables(made.runs.iloc[:1], moved(made.cases, "case", "parent"), moved(made.events, "case"))


def test_the_table_has_a_row_for_each_measure_and_no_column_twice(three: Evidence) -> None:
    found = compare.table(compare.compare(three, ["a", "b", "c"]))
    assert len(found) == 2 * (len(MEASURES) + len(DURATIONS))
    assert found.columns.is_unique
    assert list(found.columns[:6]) == ["base", "other", "measure", "statistic", "value_base", "value_other"]


def test_what_is_gathered_does_not_depend_on_the_order_in_which_it_came() -> None:
    world = sim.load("taipei_stage1")
    jobs = [Job(replace(world, name=name), seed) for seed in range(4) for name in ("a", "b")]
    parts = list(batches(jobs, chunk=3, simulate=_simulate))
    found = []
    for order in (parts, parts[::-1]):
        gathered = Gathered()
        assert all(gathered.take(part).tables is None for part in order)
        found.append(gathered.evidence())
    for one, other in zip(*found, strict=True):
        pd.testing.assert_frame_equal(one, other)
    assert list(found[0].outcomes["seed"]) == [0, 1, 2, 3] * 2


def _simulate(scenario: Scenario, seed: int) -> EventLog:
    return markov.run(seed, 500.0, scenario=scenario.name)


# --- until it is known well enough --------------------------------------------------------------


def _looks(half: float, most: int, spread: float = 1.0) -> Iterator[Look]:
    """A measure whose difference has a known spread."""
    rng = np.random.default_rng(1)
    values = rng.normal(0.0, spread, 5000)
    asked: list[tuple[int, int]] = []

    def more(first: int, last: int) -> Evidence:
        asked.append((first, last))
        seeds = np.arange(last)
        rows = [
            pd.DataFrame({"scenario": name, "seed": seeds, "projects": place * values[:last]})
            for place, name in enumerate(("a", "b"))
        ]
        both = pd.concat(rows)
        return Evidence(both, both[["scenario", "seed"]], pd.DataFrame(), pd.DataFrame())

    yield from compare.until(more, ["a", "b"], "projects", half, most)
    assert [first for first, _ in asked] == [0, *(last for _, last in asked[:-1])]


def test_pairs_are_added_until_it_is_known_well_enough() -> None:
    looks = list(_looks(0.15, 5000))
    assert looks[0].pairs == PILOT
    assert [look.following for look in looks[:-1]] == [look.pairs for look in looks[1:]]
    assert looks[-1].following == 0
    assert looks[-1].found[0].half <= 0.15 < looks[-2].found[0].half
    deviation = looks[-1].found[0].deviation
    assert 1 < looks[-1].pairs / (1.96 * deviation / 0.15) ** 2 < 1.2


def test_it_ends_at_the_most_pairs_allowed_and_says_what_it_would_take() -> None:
    looks = list(_looks(0.01, 100))
    assert [look.pairs for look in looks] == [30, 60, 100]
    assert compare.looked(looks[0], 0.01).endswith("wanted ±0.01 projects; on to 60")
    assert "that would take about 29992 pairs" in compare.looked(looks[-1], 0.01).replace(",", "")


def test_what_is_known_at_once_needs_the_pilot_alone() -> None:
    (look,) = _looks(5.0, 5000)
    assert (look.pairs, look.following) == (PILOT, 0)
    assert compare.looked(look, 5.0).endswith("as wanted")


def test_a_measure_that_is_not_defined_ends_the_search() -> None:
    (look,) = _looks(0.1, 5000, spread=nan)
    assert "not defined" in compare.looked(look, 0.1)


def test_the_interval_that_was_waited_for_replaces_the_plain_one() -> None:
    plain = difference("projects", np.zeros(40), np.random.default_rng(2).normal(1, 1, 40))
    other = _difference("tenders", 1.0, 2.0, 3.0)
    wide = cautious(plain)
    (found,) = compare.settled([_comparison(plain, other)], Look(40, (wide,), 0))
    assert found.differences == (wide, other)
    assert wide.half > plain.half
    told = compare.lasting(found, wide)
    assert "projects of other less base lies from" in told
    assert told.endswith("at this and all earlier looks.")


@pytest.mark.parametrize(
    ("measure", "half", "told"),
    [
        (None, 1.0, "--measure: --until needs --measure"),
        ("project", 1.0, "--measure: unknown measure 'project' (did you mean 'projects'?)"),
        ("projects", 0.0, "--until: must be above 0"),
        ("projects", nan, "--until: must be above 0"),
        ("projects", inf, "--until: must be above 0"),
        ("proposal_to_poc", 2.0, "--until: proposal_to_poc is a share from 0 to 1"),
    ],
)
def test_what_is_to_be_known_is_checked(measure: str | None, half: float, told: str) -> None:
    with pytest.raises(InputError) as caught:
        compare.checked(measure, half)
    assert str(caught.value).startswith(told)


@pytest.mark.parametrize("measure", [*MEASURES, *DURATIONS])
def test_every_measure_can_be_waited_for(measure: str) -> None:
    assert compare.checked(measure, 0.5) == measure


def test_other_dates_are_warned_of() -> None:
    world = sim.load("taipei_stage1")
    later = replace(world, name="later", end=date(2018, 1, 1))
    assert list(compare.warnings([world, replace(world, name="same")])) == []
    (told,) = compare.warnings([world, later])
    assert told.startswith("later runs from 2016-03-20 to 2018-01-01, taipei_stage1 from 2016-03-20 to")

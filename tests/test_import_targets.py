"""From a record to a calibration: what an import writes can be held against runs as it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sim
from analysis.distances import distance, kind, total
from analysis.tables import Tables, tables
from analysis.targets import seen
from experiments.imports import form, history, records, results, sheet, targets
from experiments.imports.columns import COLUMNS
from experiments.imports.records import Checked
from sim.observed import Target, observed

START, END = date(2016, 3, 20), date(2021, 12, 31)
SHIPPED = Path(targets.__file__).parents[2] / "scenarios" / "observed"


@cache
def simulated(seed: int) -> Tables:
    """A run as a city would have kept it, in whole days."""
    found = tables([sim.run("taipei_2016_2021", seed=seed)])
    events = found.events.assign(time=np.floor(found.events["time"]))
    return Tables(found.runs.assign(days=np.floor(found.runs["days"])), found.cases, events)


@cache
def text(seed: int, left_out: frozenset[str] = frozenset()) -> str:
    return form.cases(simulated(seed)).drop(columns=list(left_out)).to_csv(index=False)


def checked(rows: str, until: date | None = None) -> Checked:
    return records.checked(sheet.read(rows, "cases.csv"), date(2026, 1, 1), until)


def written(found: Checked, folder: Path) -> tuple[Target, ...]:
    """The figures as they come out of the file of targets again."""
    made = targets.figures(history.observed(found, "city"), results.known(found), found.until)
    (folder / "targets.yaml").write_text(targets.text(made, "a test"), encoding="utf-8")
    return observed(folder / "targets.yaml") if made else ()


def apart(found: Tables, figures: Sequence[Target]) -> dict[str, float]:
    rows = seen(found, figures)
    return {
        f"{each.id} {each.measure}": float(
            distance(each, rows[each.id].to_numpy(), rows[f"{each.id}.of"].to_numpy())[0]
        )
        for each in figures
    }


def sure(figures: Sequence[Target]) -> list[Target]:
    """Those that have a distance: all but means of so few cases that they are only shown."""
    return [each for each in figures if each.error or each.measure not in ("days_to_poc", "days_to_build")]


@settings(max_examples=7)
@given(st.integers(1, 2), st.dates(START + timedelta(days=30), END))
def test_figures_of_a_simulated_record_are_no_way_off_the_run_that_it_is_of(
    tmp_path_factory: pytest.TempPathFactory, seed: int, day: date
) -> None:
    figures = sure(written(checked(text(seed), day), tmp_path_factory.getbasetemp()))
    assert set(apart(simulated(seed), figures).values()) <= {0.0}


@settings(max_examples=10)
@given(
    st.integers(1, 2),
    st.dates(START + timedelta(days=30), END),
    st.frozensets(st.sampled_from(sorted(set(COLUMNS) - {"submitted"})), max_size=12),
)
def test_figures_of_any_columns_are_no_way_off_the_record_itself(
    tmp_path_factory: pytest.TempPathFactory, seed: int, day: date, left_out: frozenset[str]
) -> None:
    found = checked(text(seed, left_out), day)
    figures = sure(written(found, tmp_path_factory.getbasetemp()))
    assert figures
    assert {name: off for name, off in apart(history.observed(found, "city"), figures).items() if off} == {}


def test_another_run_is_off_by_what_luck_does(tmp_path: Path) -> None:
    """Of the same model: a few standard errors away, and the run itself not at all."""
    figures = [each for each in written(checked(text(1), END), tmp_path) if each.fitted]
    same, other = (total(np.array([list(apart(simulated(seed), figures).values())])) for seed in (1, 2))
    assert same == 0
    assert 0 < other < 4


def test_every_figure_to_calibrate_with_or_to_test_on_has_a_distance(tmp_path: Path) -> None:
    """Of the invented city, too, with its gaps."""
    rows = (SHIPPED / "invented_city.csv").read_text(encoding="utf-8")
    figures = [each for each in written(checked(rows), tmp_path) if each.use != "shown"]
    assert {kind(each) for each in figures} == {"share", "count", "error"}
    assert {each.use for each in figures} == {"calibrate", "hold-out"}


def test_means_come_with_their_standard_error(tmp_path: Path) -> None:
    """10, 20 and 60 days: mean 30, deviation 26.46, standard error 15.28."""
    rows = "submitted,poc\n2020-01-01,2020-01-11\n2020-01-01,2020-01-21\n2020-01-01,2020-03-01\n"
    (figure,) = (each for each in written(checked(rows), tmp_path) if each.measure == "days_to_poc")
    assert (figure.value, figure.error, figure.rounding) == (30, 15.3, 0.01)
    assert figure.use == "calibrate"
    assert figure.note.endswith("The standard error is over 3 cases.")


@pytest.mark.parametrize("second", ["", "2020-01-01,2020-01-11\n"], ids=["one case", "two alike"])
def test_means_without_a_spread_are_shown_alone(second: str, tmp_path: Path) -> None:
    rows = f"submitted,poc\n2020-01-01,2020-01-11\n{second}"
    (figure,) = (each for each in written(checked(rows), tmp_path) if each.measure == "days_to_poc")
    assert (figure.value, figure.error, figure.use) == (10, None, "shown")
    assert figure.note.endswith("Too few cases for a standard error.")


def test_losses_come_with_their_number(tmp_path: Path) -> None:
    rows = (
        "submitted,poc,ended,outcome,reason\n2020-01-01,,2020-02-01,closed,financial\n"
        "2020-01-01,,2020-02-01,closed,technical\n2020-01-01,,2020-02-01,closed,misfit\n2020-01-01,2020-02-01,,,\n"
    )
    found = {each.measure: each for each in written(checked(rows), tmp_path)}
    for name, part in (("loss_financial", 1), ("loss_technical", 2), ("loss_administrative", 0)):
        assert (found[name].relation, found[name].numerator, found[name].denominator) == ("share", part, 3)

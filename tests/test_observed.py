"""Target files: the observed figures that runs are compared with."""

from __future__ import annotations

import datetime as dt
import math
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from sim.errors import InputError, ScenarioError
from sim.observed import Target, observed, selected
from sim.parameters import PATHS

FIGURE = """\
- id: S02
  measure: proposal_to_poc
  relation: share
  value: 0.33
  numerator: 33
  denominator: 100
  date: 2019-03-20
  use: calibrate
  source: S02 K1
  note: one third
"""
BOUND = """\
- id: S01
  measure: proposals_received
  relation: more_than
  value: 100
  up_to: 150
  date: 2019-03-20
  use: calibrate
  source: S01
  note: more than 100
"""
PLACE = "  date: 2019-03-20\n"


def test_taipei_holds_the_figures_of_both_readings() -> None:
    figures = {figure.id: figure for figure in observed("taipei")}
    assert set(figures) >= {
        "S01",
        "S02",
        "S03",
        "S05",
        "S06",
        "S07",
        "P01",
        "T01",
        "T06",
        "S50",
        "T07",
        "T13",
        "P03",
    }
    assert {figures["S01"].reading, figures["T02b"].reading} == {"M1", "M2"}
    assert figures["S02"].date == dt.date(2019, 12, 31)
    assert (figures["S06"].numerator, figures["S06"].denominator) == (54, 170)
    assert figures["P01"].of == "tenders"


def test_the_series_of_poc_starts_only_grows() -> None:
    series = sorted(
        (figure.date, figure.value) for figure in observed("taipei") if figure.measure == "poc_starts"
    )
    values = [value for _, value in series]
    assert values == sorted(values)
    assert values == [43, 150, 160, 170, 170, 175]


def test_no_figure_is_both_fitted_and_held_out() -> None:
    fitted = {(figure.measure, figure.date) for figure in observed("taipei") if figure.use == "calibrate"}
    held = {(figure.measure, figure.date) for figure in observed("taipei") if figure.use == "hold-out"}
    assert fitted
    assert held
    assert not fitted & held


def ids(reading: str, use: str) -> set[str]:
    return {each.id for each in selected(observed("taipei"), reading) if each.use == use}


def test_taipei_is_fitted_to_few_figures_under_each_reading() -> None:
    assert ids("M1", "calibrate") == {"S01", "S02", "S03", "S07", "P01", "T13"}
    assert ids("M2", "calibrate") == {"T01", "T02b", "S03", "S07", "P01", "T13"}
    assert ids("M1", "hold-out") == {"S06", "T07", "P03"}
    assert ids("M2", "hold-out") == {"S05", "S06", "T02a", "T03a", "T03b", "T06", "S50", "T07", "P03"}
    assert selected(observed("taipei")) == selected(observed("taipei"), "M1")


@pytest.mark.parametrize("reading", ["M3", "m1", "both", ""])
def test_unknown_reading_is_told_with_those_there_are(reading: str) -> None:
    with pytest.raises(InputError, match=r"no reading .*; there are M1 and M2"):
        selected(observed("taipei"), reading)


def test_figures_without_a_reading_hold_under_each() -> None:
    (figure,) = (each for each in observed("taipei") if each.id == "P01")
    assert selected([figure], "M1") == selected([figure], "M2") == (figure,)


def test_a_figure_that_gives_a_number_directly_is_its_default_and_nothing_is_fitted_to_it() -> None:
    given = [each for each in observed("taipei") if each.sets]
    assert [(each.id, each.sets) for each in given] == [("T13", "poc.days")]
    assert {each.sets: each.value for each in given} == {
        each.sets: PATHS[str(each.sets)].default for each in given
    }
    assert not any(each.fitted for each in given)
    assert {each.id for each in selected(observed("taipei")) if each.fitted} == {
        "S01",
        "S02",
        "S03",
        "S07",
        "P01",
    }


def figure(relation: str, value: float, **more: float) -> Target:
    cells = {"id": "X01", "measure": "poc_starts", "relation": relation, "value": value, **more}
    rest = {"date": dt.date(2019, 1, 1), "use": "calibrate", "source": "S01", "note": "a test"}
    return Target.model_validate(cells | rest)


TOLD = {
    "exactly": (figure("about", 43), (43, 43)),
    "about": (figure("about", 150, rounding=10), (145, 155)),
    "more than": (figure("more_than", 160), (160, math.inf)),
    "more than, less than the next": (figure("more_than", 100, up_to=150), (100, 150)),
    "less than": (figure("less_than", 1), (-math.inf, 1)),
    "share": (figure("share", 0.667, numerator=2, denominator=3), (2 / 3, 2 / 3)),
    "a third": (figure("share", 0.333, numerator=33, denominator=100, rounding=0.07), (0.298, 0.368)),
    "few": (figure("share", 0.02, numerator=2, denominator=100, rounding=0.1), (0, 0.07)),
    "nearly all": (figure("share", 0.98, numerator=98, denominator=100, rounding=0.1), (0.93, 1)),
    "coarsely written": (figure("share", 0.33, numerator=34, denominator=100, rounding=0.01), (0.325, 0.34)),
}


@pytest.mark.parametrize(("given", "told"), TOLD.values(), ids=TOLD.keys())
def test_what_would_be_told_as_a_figure(given: Target, told: tuple[float, float]) -> None:
    assert given.told == pytest.approx(told)


def test_a_target_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        observed("taipei")[0].value = 1.0  # type: ignore[misc]


BAD = {
    "unknown key": ("  value:", "  valeu:", 5, "valeu", "did you mean 'value'?"),
    "text for a number": ("value: 0.33", "value: third", 5, "value", "must be a number, not 'third'"),
    "unknown relation": ("relation: share", "relation: shares", 4, "relation", "did you mean 'share'?"),
    "unknown use": ("use: calibrate", "use: fit", 9, "use", "must be 'calibrate', 'hold-out' or 'shown'"),
    "no source": ("  source: S02 K1\n", "", 2, "source", "is missing"),
    "no numerator": ("  numerator: 33\n", "", 4, "relation", "has a numerator and a denominator"),
    "share that is none": ("relation: share", "relation: about", 4, "relation", "only a share"),
    "wrong share": ("value: 0.33", "value: 0.5", 5, "value", "is not numerator / denominator"),
    "more than all": ("numerator: 33", "numerator: 330", 6, "numerator", "between 0 and the denominator"),
    "of nothing": ("denominator: 100", "denominator: 0", 6, "numerator", "between 0 and the denominator"),
    "no width": (PLACE, f"  rounding: 0\n{PLACE}", 8, "rounding", "must be above 0, not 0"),
    "unsure share": (PLACE, f"  error: 0.1\n{PLACE}", 8, "error", "its numerator and denominator say"),
    "share up to": (PLACE, f"  up_to: 0.5\n{PLACE}", 8, "up_to", "told as more_than"),
    "share that sets": (PLACE, f"  sets: poc.days\n{PLACE}", 8, "sets", "told as about one value"),
    "sets nothing": (PLACE, f"  sets: poc.day\n{PLACE}", 8, "sets", "(did you mean 'poc.days'?)"),
}
BAD_BOUNDS = {
    "below itself": ("  up_to: 150\n", "  up_to: 100\n", 6, "up_to", "must be above the value, 100"),
    "rounded bound": ("  up_to: 150\n", "  rounding: 10\n", 6, "rounding", "a bound has none"),
    "sure": ("  up_to: 150\n", "  error: 0\n", 6, "error", "must be above 0, not 0"),
    "no finite end": ("  up_to: 150\n", "  up_to: .inf\n", 6, "up_to", "must be a finite number"),
    "out of range": (
        "more_than\n  value: 100\n  up_to: 150\n",
        "about\n  value: 1e6\n  sets: poc.days\n",
        5,
        "value",
        "must lie between 14 and 1000, the limits of poc.days",
    ),
    "no number": (
        "more_than\n  value: 100\n  up_to: 150\n",
        "about\n  value: 1\n  sets: bottom_up.open\n",
        6,
        "sets",
        "told as about one value",
    ),
}


@pytest.mark.parametrize(
    ("given", "old", "new", "line", "key", "told"),
    [(FIGURE, *bad) for bad in BAD.values()] + [(BOUND, *bad) for bad in BAD_BOUNDS.values()],
    ids=[*BAD, *BAD_BOUNDS],
)
def test_bad_figure_is_told_with_file_line_and_key(
    given: str, old: str, new: str, line: int, key: str, told: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("figures:\n" + given.replace(old, new), encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        observed(path)
    assert (caught.value.file, caught.value.line, caught.value.key) == (str(path), line, key)
    assert told in caught.value.problem


def test_an_id_is_given_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("figures:\n" + FIGURE + FIGURE, encoding="utf-8")
    with pytest.raises(ScenarioError, match=":12: id: 'S02' is given twice"):
        observed(path)


@pytest.mark.parametrize(
    ("name", "told"), [("tapei", "did you mean 'taipei'?"), ("no/such.yaml", "no such target file")]
)
def test_unknown_target_file(name: str, told: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        observed(name)
    assert told in str(caught.value)


def test_the_guide_shows_a_valid_file_and_explains_every_key(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[1] / "docs" / "owndata.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(figures:\n.*?)```", guide, flags=re.DOTALL)
    (tmp_path / "mine.yaml").write_text(block, encoding="utf-8")
    assert [each.told for each in observed(tmp_path / "mine.yaml")][::2] == [(100, 150), (180, 180)]
    table = re.findall(r"^\| (`.*?) \|", guide.split("## Target files")[1], flags=re.MULTILINE)
    assert set(Target.model_fields) <= {key for row in table for key in re.findall(r"`(\w+)`", row)}

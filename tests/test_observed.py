"""Target files: the observed figures that runs are compared with."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from pydantic import ValidationError

from sim.errors import ScenarioError
from sim.observed import observed

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
}


@pytest.mark.parametrize(("old", "new", "line", "key", "told"), BAD.values(), ids=BAD.keys())
def test_bad_figure_is_told_with_file_line_and_key(
    old: str, new: str, line: int, key: str, told: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("figures:\n" + FIGURE.replace(old, new), encoding="utf-8")
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

"""The tree of numbers: each is documented, has a range, and can be replaced but not changed."""

from __future__ import annotations

import math
import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.errors import ParameterError
from sim.parameters import PATHS, Evidence, Parameters, Row, Value, rows

NUMBERS = [row for row in PATHS.values() if row.low is not None]
CHOICES = [row for row in PATHS.values() if row.low is None]


def whole(row: Row) -> bool:
    return isinstance(Parameters().with_(row.path, row.default).at(row.path), int)


def valid(row: Row) -> st.SearchStrategy[Value]:
    if row.low is None or row.high is None:
        return st.booleans() if isinstance(row.default, bool) else st.sampled_from(row.options)
    if whole(row):
        return st.integers(math.ceil(row.low), math.floor(row.high))
    return st.floats(row.low, row.high)


def invalid(row: Row) -> st.SearchStrategy[object]:
    wrong: st.SearchStrategy[object] = st.sampled_from([None, [], {}, "much"])
    if row.low is None or row.high is None:
        return wrong | st.integers() | st.floats()
    outside = st.floats(max_value=row.low, exclude_max=True) | st.floats(min_value=row.high, exclude_min=True)
    return wrong | st.booleans() | outside | st.just(math.nan)


a_row = st.sampled_from(list(PATHS.values()))


@pytest.mark.parametrize("row", PATHS.values(), ids=PATHS.keys())
def test_every_number_is_documented(row: Row) -> None:
    assert row.meaning
    assert row.evidence in get_args(Evidence)
    assert re.fullmatch(r"[A-Z]\d+( [A-Z]\d+)*", row.source)


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row.path)
def test_every_number_has_a_unit_and_a_range_around_its_default(row: Row) -> None:
    assert row.unit
    assert row.low is not None
    assert row.high is not None
    assert isinstance(row.default, int | float)
    assert row.low <= row.default <= row.high
    assert row.low < row.high


@pytest.mark.parametrize("row", CHOICES, ids=lambda row: row.path)
def test_every_choice_has_its_default_among_its_options(row: Row) -> None:
    assert row.evidence == "policy"
    assert len(row.options) > 1
    assert (str(row.default).lower() if isinstance(row.default, bool) else row.default) in row.options


def test_paths_are_unique_and_lead_to_their_numbers() -> None:
    listed = list(rows())
    assert len(listed) == len(PATHS)
    assert [row.default for row in listed] == [Parameters().at(row.path) for row in listed]


def test_rows_show_the_values_of_the_tree_they_are_given() -> None:
    changed = {row.path: row.default for row in rows(Parameters().with_("vendors.startup.cash", 7.5))}
    assert changed.pop("vendors.startup.cash") == 7.5
    assert changed.items() < {path: row.default for path, row in PATHS.items()}.items()


@given(data=st.data(), row=a_row)
def test_with_sets_one_number_and_leaves_the_rest(data: st.DataObject, row: Row) -> None:
    value = data.draw(valid(row))
    base = Parameters()
    changed = base.with_(row.path, value)
    assert changed.at(row.path) == value
    assert {path for path in PATHS if changed.at(path) != base.at(path)} <= {row.path}
    assert changed.with_(row.path, row.default) == base == Parameters()


@given(settings=st.lists(a_row.flatmap(lambda row: st.tuples(st.just(row.path), valid(row))), max_size=8))
def test_the_last_setting_of_a_number_counts(settings: list[tuple[str, Value]]) -> None:
    tree = Parameters()
    for path, value in settings:
        tree = tree.with_(path, value)
    assert {path: tree.at(path) for path, _ in settings} == dict(settings)


@given(data=st.data(), row=a_row)
def test_wrong_values_are_refused_with_the_path(data: st.DataObject, row: Row) -> None:
    value = data.draw(invalid(row))
    with pytest.raises(ParameterError) as caught:
        Parameters().with_(row.path, value)  # type: ignore[arg-type]
    assert caught.value.key == row.path
    assert caught.value.problem.startswith("must be ")


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row.path)
def test_both_ends_of_every_range_are_allowed(row: Row) -> None:
    for end in (row.low, row.high):
        assert end is not None
        value = int(end) if whole(row) else float(end)
        assert Parameters().with_(row.path, value).at(row.path) == end


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("pmo.staff", 900, "must be at most 500 (range 0 to 500, unit persons), not 900"),
        ("poc.days", 1.5, "must be at least 14 (range 14 to 1000, unit days), not 1.5"),
        ("pmo.staff", 3.5, "must be a whole number (range 0 to 500, unit persons), not 3.5"),
        ("pmo.staff", True, "must be a whole number (range 0 to 500, unit persons), not true"),
        ("poc.days", "long", "must be a number (range 14 to 1000, unit days), not 'long'"),
        ("poc.days", math.inf, "must be a finite number (range 14 to 1000, unit days), not inf"),
        ("poc.required", 1, "must be false or true, not 1"),
        ("procurement.rule", "lowest", "not 'lowest' (did you mean 'lowest_price'?)"),
        ("pmo.staf", 3, "unknown parameter (did you mean 'pmo.staff'?)"),
        ("pmo", 3, "unknown parameter"),
    ],
)
def test_messages_say_the_range_the_unit_and_the_nearest_name(path: str, value: Value, told: str) -> None:
    with pytest.raises(ParameterError) as caught:
        Parameters().with_(path, value)
    assert told in str(caught.value)


def test_unknown_path_cannot_be_read() -> None:
    with pytest.raises(ParameterError, match=r"pmo\.staf: unknown parameter \(did you mean 'pmo\.staff'\?\)"):
        Parameters().at("pmo.staf")


def test_the_tree_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Parameters().pmo.staff = 3  # type: ignore[misc]

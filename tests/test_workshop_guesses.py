"""What a room guessed, beside what came."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.workshop.guesses import GUESSED, LABELLED, judged, nearest, plain
from tests.test_workshop_effect import BASE

MIDDLE = float(BASE.evidence.outcomes["needs_solved"].median())


def test_room_against_cities() -> None:
    told = judged(BASE, "needs_solved", {"Ann": MIDDLE + 1, "Bob": MIDDLE - 1, "Eve": MIDDLE + 90}, "en")[
        "sentences"
    ]
    assert told[0].startswith(
        f"The room's middle guess is {MIDDLE + 1:.0f}; the middle one of 40 simulated cities"
    )
    assert told[1].startswith("2 of 3 guesses lie between")
    assert told[-1] == "Equally near to the middle of the simulated cities: Ann and Bob, 1.0 away."


def test_shares_are_guessed_of_a_hundred() -> None:
    told = judged(BASE, "proposal_to_poc", {"Ann": 40, "Bob": 90}, "en")["sentences"]
    assert "1 of 2 guesses lie between" in told[1]
    assert "Ann with 40 of 100" in told[-1]


def test_nobody_guessed() -> None:
    found = judged(BASE, "projects", {}, "zh-Hant")
    assert found["sentences"] == ["還沒有人猜測。"]
    assert len(found["charts"]) == 1


@given(st.dictionaries(st.text(min_size=1), st.floats(0, 200), min_size=1), st.floats(0, 200))
def test_nobody_is_nearer_than_the_nearest(guesses: dict[str, float], middle: float) -> None:
    who, away = nearest(guesses, middle)
    assert who
    assert all(abs(guesses[each] - middle) >= away - 1e-9 for each in guesses)


@pytest.mark.parametrize("many", [1, LABELLED, 300])
@pytest.mark.parametrize("measure", GUESSED)
def test_every_guess_is_drawn_and_names_stay_text(measure: str, many: int) -> None:
    names = ["<b>{c0}</b>", *(f"P{n}" for n in range(1, many))]
    found = judged(BASE, measure, {name: float(place % 7) for place, name in enumerate(names)}, "en")
    data = found["charts"][0]["option"]["series"][-1]["data"]
    assert len(data) == many
    assert data[0]["tip"][0].startswith("<b>{c0}</b> guessed")
    assert "{c0}" not in data[0]["name"]
    assert len({(dot["value"][0], dot["symbolOffset"][1]) for dot in data}) == many
    json.dumps(found, allow_nan=False)


def test_a_brace_begins_no_placeholder() -> None:
    assert plain("{a}").replace("\u2060", "") == "{a}"

"""The calendar: time order, ties by order of entry, the boundary of a run."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.calendar import MONTH, YEAR, Calendar

times = st.floats(0, 1e6) | st.sampled_from([0.0, 1.0, 2.0])


def test_calls_come_in_order_of_time_with_their_details() -> None:
    calendar, heard = Calendar(), list[tuple[float, str, int]]()
    for delay, word, number in ((3.0, "c", 3), (1.0, "a", 1), (2.0, "b", 2)):
        calendar.after(delay, lambda word, number: heard.append((calendar.now, word, number)), word, number)
    calendar.run(10.0)
    assert heard == [(1.0, "a", 1), (2.0, "b", 2), (3.0, "c", 3)]
    assert calendar.now == 10.0


def test_what_is_due_at_the_same_time_comes_in_order_of_entry() -> None:
    calendar, heard = Calendar(), list[int]()
    for number in range(50):
        calendar.after(5.0, heard.append, number)
    calendar.run(5.0)
    assert heard == list(range(50))


@given(st.lists(times, max_size=60))
def test_order_is_that_of_a_stable_sort(delays: list[float]) -> None:
    calendar, heard = Calendar(), list[tuple[float, int]]()
    for number, delay in enumerate(delays):
        calendar.after(delay, lambda number: heard.append((calendar.now, number)), number)
    calendar.run(1e6)
    assert heard == sorted((delay, number) for number, delay in enumerate(delays))


@given(st.lists(times, max_size=40), times)
def test_a_run_ends_with_what_is_due_at_its_end(delays: list[float], until: float) -> None:
    calendar, heard = Calendar(), list[float]()
    for delay in delays:
        calendar.after(delay, heard.append, delay)
    calendar.run(until)
    assert heard == sorted(delay for delay in delays if delay <= until)
    assert calendar.now == until
    calendar.run(1e6)
    assert heard == sorted(delays)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=30), st.lists(st.floats(0, 100), max_size=10))
def test_stops_on_the_way_change_nothing(delays: list[float], stops: list[float]) -> None:
    def history(stops: list[float]) -> list[tuple[float, int]]:
        calendar, heard = Calendar(), list[tuple[float, int]]()

        def call(number: int) -> None:
            heard.append((calendar.now, number))
            if number < len(delays):
                calendar.after(delays[number], call, number + len(delays))

        for number, delay in enumerate(delays):
            calendar.after(delay, call, number)
        for stop in (*sorted(stops), 300.0):
            calendar.run(stop)
        return heard

    assert history(stops) == history([])


def test_a_call_may_enter_calls_even_for_the_same_instant() -> None:
    calendar, heard = Calendar(), list[tuple[float, str]]()

    def first() -> None:
        heard.append((calendar.now, "first"))
        calendar.after(0.0, lambda: heard.append((calendar.now, "at once")))
        calendar.after(2.0, lambda: heard.append((calendar.now, "later")))

    calendar.after(1.0, first)
    calendar.after(1.0, lambda: heard.append((calendar.now, "second")))
    calendar.after(2.0, lambda: heard.append((calendar.now, "between")))
    calendar.run(3.0)
    assert heard == [(1.0, "first"), (1.0, "second"), (1.0, "at once"), (2.0, "between"), (3.0, "later")]


def test_delays_count_from_the_clock_that_a_run_has_set() -> None:
    calendar, heard = Calendar(), list[float]()
    calendar.run(7.0)
    calendar.after(2.0, lambda: heard.append(calendar.now))
    calendar.run(8.5)
    assert heard == []
    calendar.run(9.0)
    assert heard == [9.0]


def test_a_chain_of_delays_does_not_drift_from_its_sum() -> None:
    calendar, ticks = Calendar(), list[float]()

    def tick() -> None:
        ticks.append(calendar.now)
        calendar.after(MONTH, tick)

    calendar.after(MONTH, tick)
    calendar.run(10 * YEAR)
    assert len(ticks) in (119, 120)  # the last may fall a rounding error behind the end
    assert ticks == pytest.approx([MONTH * turn for turn in range(1, len(ticks) + 1)], rel=1e-12)
    assert all(one < other for one, other in pairwise(ticks))


def test_a_year_has_twelve_months() -> None:
    assert pytest.approx(YEAR) == 12 * MONTH

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date

import numpy as np
import pytest
from matplotlib.axis import Tick
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis import style
from analysis.figures import FIGURES
from analysis.figures.losses import counted
from analysis.figures.money import spending, wasting, worth
from analysis.funnel import channels
from analysis.measures import outcomes
from analysis.tables import Tables, of_channel, tables, until
from analysis.targets import beside, simulated
from sim.events import EventLog
from sim.observed import Target
from tests import markov


def target(id_: str, measure: str, value: float, day: date, **more: object) -> Target:
    cells = {"relation": "about", "use": "hold-out", "source": "S01", "note": "a test", **more}
    return Target.model_validate({"id": id_, "measure": measure, "value": value, "date": day, **cells})


OBSERVED = (
    target("S01", "proposals_received", 100, date(2019, 3, 20), relation="more_than", channel="bottom_up",
           reading="M1"),
    target("S02", "proposal_to_poc", 0.33, date(2019, 3, 20), relation="share", numerator=33, denominator=100,
           channel="bottom_up", reading="M1"),
    target("T01", "poc_starts", 43, date(2017, 6, 1), reading="M2"),
    target("T03", "poc_starts", 160, date(2019, 5, 31), relation="more_than", reading="M2"),
    target("T02", "poc_completed", 0.34, date(2019, 4, 22), relation="share", numerator=51, denominator=150,
           of="poc_started", reading="M2"),
    target("S07", "topdown_completed", 30, date(2020, 12, 31), relation="more_than", channel="top_down"),
    target("S50", "poc_starts", 175, date(2035, 1, 1), relation="more_than", reading="M2"),
    target("X01", "cups_of_tea", 1e6, date(2019, 1, 1)),
)  # fmt: skip


@pytest.fixture(scope="module")
def pooled() -> Tables:
    return tables(markov.runs(12))


@pytest.fixture(scope="module", params=list(FIGURES))
def figure(request: pytest.FixtureRequest, pooled: Tables) -> Figure:
    drawn = FIGURES[request.param].function(pooled, OBSERVED)
    drawn.draw_without_rendering()
    return drawn


def texts(figure: Figure) -> Iterator[Text]:
    """What is written, but for the labels of ticks, which also exist beyond the ends of an axis."""
    ticks = [tick for tick in figure.findobj(Tick) if isinstance(tick, Tick)]
    labels = {label for tick in ticks for label in (tick.label1, tick.label2)}
    found = (text for text in figure.findobj(Text) if isinstance(text, Text) and text not in labels)
    return (text for text in found if text.get_text().strip() and text.get_visible())


def test_every_text_is_large_enough_for_a_projector(figure: Figure) -> None:
    sizes = {text.get_text(): float(text.get_fontsize()) for text in texts(figure)}
    sizes |= {
        f"tick {axes}": label.get_fontsize() for axes in figure.axes for label in axes.get_xticklabels()
    }
    assert {text: size for text, size in sizes.items() if size < 13} == {}


def test_every_text_lies_within_the_picture(figure: Figure) -> None:
    width, height = figure.canvas.get_width_height()
    assert (width, height) == (1280, 720)
    boxes = {text.get_text(): text.get_window_extent() for text in texts(figure)}
    outside = {
        text: box.extents
        for text, box in boxes.items()
        if box.x0 < -1 or box.y0 < -1 or box.x1 > width + 1 or box.y1 > height + 1
    }
    assert outside == {}


def test_caption_tells_scenario_runs_and_seeds(figure: Figure) -> None:
    assert any("Scenario markov · 12 runs, seeds 0 to 11." in text.get_text() for text in texts(figure))


def test_every_axis_is_named(figure: Figure) -> None:
    drawn = [axes for axes in figure.axes if axes.axison]  # a map has none
    named = [axes.get_xlabel() for axes in drawn] + [axes.get_ylabel() for axes in drawn]
    assert any(named) or not drawn
    assert not drawn or drawn[-1].get_xlabel() or drawn[-1].get_label() == "<colorbar>"


@pytest.mark.slow
@pytest.mark.parametrize("name", list(FIGURES))
def test_same_runs_give_the_same_picture(name: str, pooled: Tables) -> None:
    pictures = []
    for _ in range(2):
        file = io.BytesIO()
        FIGURES[name].function(pooled, OBSERVED).savefig(file, format="png")
        pictures.append(file.getvalue())
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("name", list(FIGURES))
@pytest.mark.parametrize("logs", [[EventLog("empty", 0, markov.START, 100.0)], [markov.run(1, days=60.0)]])
def test_little_or_nothing_can_be_drawn(name: str, logs: list[EventLog]) -> None:
    file = io.BytesIO()
    FIGURES[name].function(tables(logs), ()).savefig(file, format="png")
    assert file.getvalue().startswith(b"\x89PNG")


def test_both_readings_are_told_apart_and_only_figures_of_the_period_are_drawn(pooled: Tables) -> None:
    axes = FIGURES["poc_starts"].function(pooled, OBSERVED).axes[0]
    marks = {
        str(line.get_label()): line for line in axes.lines if str(line.get_label()).startswith("observed")
    }
    assert list(np.asarray(marks["observed, reading M1"].get_ydata())) == [33]
    assert list(np.asarray(marks["observed, reading M2"].get_ydata())) == [43, 160]
    looks = {(line.get_marker(), line.get_color()) for line in marks.values()}
    assert len({marker for marker, _ in looks}) == len({colour for _, colour in looks}) == 2


def test_figures_of_a_channel_that_does_not_occur_are_not_drawn(pooled: Tables) -> None:
    axes = FIGURES["poc_starts"].function(of_channel(pooled, "top_down"), OBSERVED).axes[0]
    assert "observed, reading M1" not in [line.get_label() for line in axes.lines]


def test_title_says_how_many_figures_the_band_holds(pooled: Tables) -> None:
    low = target("T01", "poc_starts", 0, date(2016, 3, 21), reading="M2")
    high = target("T02", "poc_starts", 999, date(2019, 3, 21), reading="M2")
    title = FIGURES["poc_starts"].function(pooled, (low, high)).texts[0].get_text()
    assert "agrees with 1 of 2 figures of reading M2" in title.replace("\n", " ")
    assert "M1" not in title


def test_money_over_time_ends_at_the_measures(pooled: Tables) -> None:
    grid, _ = style.months(pooled)
    measured = outcomes(pooled)
    assert np.allclose(spending(pooled, grid)[:, -1], measured["money_spent"])
    assert np.allclose(wasting(pooled, grid)[:, -1], measured["money_wasted"])
    value = worth(pooled, grid)
    assert np.allclose(value[:, -1], measured["value_delivered"])
    assert (np.diff(value, axis=1) >= -1e-9).all()
    earlier = outcomes(until(pooled, float(grid[30])))
    assert np.allclose(value[:, 30], earlier["value_delivered"])


def test_every_loss_is_counted_once(pooled: Tables) -> None:
    lost = pooled.last["target"].isin(["closed", "abandoned"]).sum()
    assert sum(counted(pooled, channel).sum() for channel in channels(pooled)) == lost


def test_colours_are_told_apart() -> None:
    from analysis.figures.losses import LOOKS
    from analysis.figures.waiting import CURVES

    assert len({look for look, _ in LOOKS.values()}) == len(LOOKS)
    assert len({(colour, line) for _, colour, line in CURVES.values()}) == len(CURVES)


@pytest.mark.parametrize(
    ("seeds", "told"),
    [([4], "1 run, seed 4."), ([4, 5, 6], "3 runs, seeds 4 to 6."), ([1, 9], "2 runs, 2 seeds from 1 to 9.")],
)
def test_caption(seeds: list[int], told: str) -> None:
    runs = tables(EventLog("empty", seed, markov.START, 10.0) for seed in seeds)
    assert style.caption(runs) == f"Scenario empty · {told}"


def test_labels_are_moved_apart_in_order() -> None:
    assert style.spread([5.0, 5.0, 1.0, 20.0], 2.0) == [5.0, 7.0, 1.0, 20.0]


def test_observed_figures_are_compared_on_their_day_in_their_channel(pooled: Tables) -> None:
    table = beside(pooled, OBSERVED).set_index("id")
    assert set(table.index) == {"S01", "S02", "T01", "T03", "T02", "S07"}
    early = outcomes(until(pooled, date(2017, 6, 1)))
    assert table.loc["T01", "mean"] == early["poc_started"].mean()
    then = outcomes(until(pooled, date(2019, 4, 22)))
    assert table.loc["T02", "mean"] == pytest.approx((then["poc_completed"] / then["poc_started"]).mean())
    assert table.loc["S01", "mean"] < outcomes(until(pooled, date(2019, 3, 20)))["proposals_received"].mean()


def test_what_cannot_be_compared_is_left_out(pooled: Tables) -> None:
    assert simulated(pooled, OBSERVED[-1]) is None
    assert simulated(pooled, OBSERVED[-2]) is None
    assert simulated(tables([EventLog("empty", 0, markov.START, 2000.0)]), OBSERVED[0]) is None
    assert beside(pooled, OBSERVED[-2:]).empty

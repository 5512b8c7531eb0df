from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis import pairs, style
from analysis.figures import COMPARISONS
from analysis.figures.fan import PANELS, series
from analysis.figures.tradeoff import ellipse
from analysis.measures import durations, outcomes, wholes
from analysis.pairs import Contrast
from analysis.tables import concat, tables, until
from experiments.compare import Evidence, compare, table
from sim.events import EventLog
from tests import markov
from tests.test_analysis_figures import texts

#: name -> proposals a year
WORLDS = {
    "as_it_is": 40.0,
    "a_city_with_many_more_proposals_than_it_can_look_at": 90.0,
    "fewer": 25.0,
    "the_same": 40.0,
    "some_more": 55.0,
    "even_more": 70.0,
}


def contrast(names: Sequence[str], seeds: int = 6, days: float = 1000.0) -> Contrast:
    logs = [markov.run(seed, days, WORLDS[name], name) for name in names for seed in range(seeds)]
    return of(logs, names)


def of(logs: list[EventLog], names: Sequence[str]) -> Contrast:
    made = tables(logs)
    evidence = Evidence(outcomes(made), wholes(made), durations(made), series(made))
    return Contrast(tuple(names), table(compare(evidence, names)), evidence.outcomes, evidence.series)


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "DRAWS", 2000)
        patch.setattr(pairs, "RESAMPLES", 100)
        yield


@pytest.fixture(scope="module", params=[2, 6])
def worlds(request: pytest.FixtureRequest) -> Contrast:
    return contrast(list(WORLDS)[: request.param])


@pytest.fixture(scope="module", params=list(COMPARISONS))
def figure(request: pytest.FixtureRequest, worlds: Contrast) -> Figure:
    drawn = COMPARISONS[request.param].function(worlds)
    drawn.draw_without_rendering()
    return drawn


def test_every_text_is_large_enough_for_a_projector(figure: Figure) -> None:
    labels = [label for axes in figure.axes for label in (*axes.get_xticklabels(), *axes.get_yticklabels())]
    assert min(float(text.get_fontsize()) for text in [*texts(figure), *labels]) >= 13


def test_every_text_lies_within_the_picture(figure: Figure) -> None:
    width, height = figure.canvas.get_width_height()
    assert (width, height) == (1280, 720)
    labels = [label for axes in figure.axes for label in axes.get_yticklabels() if label.get_text()]
    boxes = {text.get_text(): text.get_window_extent() for text in [*texts(figure), *labels]}
    outside = {
        text: box.extents
        for text, box in boxes.items()
        if box.x0 < -1 or box.y0 < -1 or box.x1 > width + 1 or box.y1 > height + 1
    }
    assert outside == {}


def test_the_caption_tells_how_many_runs_and_pairs(figure: Figure, worlds: Contrast) -> None:
    told = f"{6 * len(worlds.names)} runs in 6 pairs at the same seeds (seeds 0 to 5)."
    assert any(told in text.get_text() for text in texts(figure))


def test_dollars_are_no_mathematics(figure: Figure) -> None:
    assert not any(text.get_parse_math() for text in texts(figure) if text.get_text().count("$") > 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPARISONS)
def test_the_same_runs_give_the_same_picture(name: str) -> None:
    pictures = []
    for _ in range(2):
        file = io.BytesIO()
        COMPARISONS[name].function(contrast(["as_it_is", "fewer"], 4, 700.0)).savefig(file, format="png")
        pictures.append(file.getvalue())
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("name", COMPARISONS)
def test_little_or_nothing_can_be_drawn(name: str) -> None:
    for logs in (
        [EventLog(world, 0, markov.START, 100.0) for world in ("a", "b")],
        [markov.run(seed, 80.0, scenario=world) for world in ("a", "b") for seed in (1, 2)],
        [*markov.runs(2), *(replace(log, scenario="b") for log in markov.runs(2))],
    ):
        names = list(dict.fromkeys(log.scenario for log in logs))
        file = io.BytesIO()
        COMPARISONS[name].function(of(logs, names)).savefig(file, format="png")
        assert file.getvalue().startswith(b"\x89PNG")


def test_marks_stand_where_the_differences_are() -> None:
    found = contrast(["as_it_is", "some_more"])
    axes = COMPARISONS["forest"].function(found).axes[0]
    row = found.differences.set_index("measure").loc["proposals_received"]
    marks = {
        float(x) for line in axes.lines for x in np.atleast_1d(np.asarray(line.get_xdata(), dtype=float))
    }
    assert any(x == pytest.approx(100 * row["difference"] / row["value_base"]) for x in marks)
    assert any(f"{row['difference']:.1f} (" in text.get_text() for text in axes.texts)


def test_cells_hold_the_standardised_differences() -> None:
    found = contrast(["as_it_is", "fewer", "some_more"])
    axes = COMPARISONS["heatmap"].function(found).axes[0]
    row = found.differences.iloc[0]
    told = [text.get_text() for text in axes.texts]
    assert told[0].startswith(f"{row['difference'] / row['deviation']:+.1f}  (")
    assert len(told) == 2 * len(found.largest(style.ROWS))


def test_the_rows_are_those_with_the_largest_differences_in_the_order_of_the_table() -> None:
    found = contrast(["as_it_is", "fewer"])
    names, sizes = found.largest(5), found.standardised()["fewer"].abs()
    assert len(names) == 5
    assert names == [name for name in found.differences["measure"] if name in names]
    assert sizes[names].min() >= sizes.drop(names).max()


def test_the_fan_ends_at_the_measures() -> None:
    logs = [markov.run(seed, days) for seed, days in ((1, 900.0), (2, 900.0))]
    made = tables(logs)
    last = series(made).groupby("seed").last()
    measured = outcomes(made).set_index("seed")
    assert np.allclose(last[list(PANELS)], measured[list(PANELS)])
    at = series(made)
    earlier = outcomes(until(made, float(at["day"][10])))
    assert at.loc[10, "poc_started"] == earlier.loc[0, "poc_started"]


def test_series_of_chunks_are_those_of_all_runs() -> None:
    logs = [markov.run(seed, 900.0) for seed in range(4)]
    whole = series(concat([tables([log]) for log in logs]))
    parts = pd.concat([series(tables([log])) for log in logs], ignore_index=True)
    columns = ["seed", "day", *PANELS]
    pd.testing.assert_frame_equal(whole[columns], parts[columns])


def test_the_ellipse_holds_the_share_of_normal_points_that_it_says() -> None:
    from matplotlib.path import Path

    points = np.random.default_rng(1).multivariate_normal([3, -1], [[4, 1.5], [1.5, 1]], 20_000)
    assert Path(ellipse(points, 0.8)).contains_points(points).mean() == pytest.approx(0.8, abs=0.01)


def test_scenarios_are_told_apart_by_colour_line_and_marker() -> None:
    looks = [style.scenario_look(place) for place in range(7)]
    assert len({colour for colour, *_ in looks}) == 7
    assert len({marker for *_, marker in looks}) == 7
    assert all(one[1] != other[1] for one, other in pairwise(looks))


@pytest.mark.parametrize(
    ("values", "unit", "told"),
    [
        ([0.124, 0.101, 0.147], "share", (["12.4", "10.1", "14.7"], "points")),
        ([1234.5, -3.0], "NT$ m", (["1,234", "-3"], "NT$ m")),
        ([0.034], "fit, 0 to 1", (["0.03"], "fit")),
    ],
)
def test_amounts(values: list[float], unit: str, told: tuple[list[str], str]) -> None:
    assert style.amounts(values, unit) == told

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from scipy.stats import beta

from analysis.posterior import Calibrated, Diagnosed, identifiability, resampled
from analysis.posterior_figures import DIAGNOSES, POSTERIOR, predictive
from tests.test_analysis_figures import texts

#: parameters with the Beta posterior of their share, from sure to unmoved
PATHS = {
    "vendors.startup.readiness": (40, 60),
    "bottom_up.rate": (30, 12),
    "pmo.contacts": (3, 9),
    "pmo.threshold": (2, 5),
    "departments.openness": (0.6, 0.6),
    "poc.cost": (2, 1.4),
    "needs.arrival": (1, 1),
    "vendors.startup.finance": (1.2, 1),
    "needs.barrier_share": (1, 1.1),
    "politics.turnover": (1, 1),
    "clearance.sandbox_speed": (6, 2),
    "top_down.rate": (90, 80),
    "departments.trust": (1, 1),
    "procurement.result_share": (1, 1),
    "problem_led.capacity": (1.5, 1.5),
    "steering.meetings": (1, 1),
    "experts.strictness": (4, 4),
    "vendors.entry": (20, 30),
}
DRAWS, CITIES = 500, 60

CHECKS = """
id,measure,unit,relation,observed,told_low,told_high,use,low,median,high,prior_low,prior_median,prior_high,distance
S01,proposals_received,proposals,more_than,100,100,150,calibrate,96,124,163,20,260,900,0
S02,proposal_to_poc,share,share,0.33,0.3,0.37,calibrate,0.25,0.335,0.43,0.02,0.41,0.93,0
S03,poc_to_project,share,less_than,1,-inf,1,calibrate,0.04,0.17,0.38,0,0.2,0.8,0
S07,topdown_completed,projects,more_than,30,30,inf,calibrate,25,34,45,3,60,240,0
T13,days_to_poc,days,about,90,85,95,calibrate,70,88,121,10,200,1100,0
P01,first_round_failures,share,share,0.667,0.66,0.67,calibrate,0.55,0.7,0.84,0.1,0.5,0.98,0.3
S06,startup_share,share,share,0.32,0.31,0.33,hold-out,0.37,0.46,0.55,0.2,0.5,0.8,2.4
T02a,poc_starts,projects,about,150,145,155,hold-out,28,41,57,2,70,500,9.8
T07,poc_starts,projects,about,18,18,18,hold-out,0,9,19,0,12,70,1.9
S99,poc_to_project,share,share,0.5,0.5,0.5,shown,,,,,,,
"""


def checks(*rows: str) -> pd.DataFrame:
    """Invented checks: those of the given targets."""
    table = pd.read_csv(io.StringIO(CHECKS.strip()))
    return table[table["id"].isin(rows)].reset_index(drop=True)


USUAL = ("S01", "S02", "S03", "S07", "T13", "P01", "S06", "T02a", "T07")


def shares_of(paths: Iterable[str], draws: int = DRAWS) -> pd.DataFrame:
    """Invented posteriors; the second parameter makes up for the first, the fourth goes with the third."""
    random = np.random.default_rng(1)
    paths = list(paths)
    ranks = random.random((draws, len(paths)))
    for one, other, sign in ((0, 1, -1), (2, 3, 1)):
        if other < len(paths):
            mixed = sign * (ranks[:, one] - 0.5) + 0.35 * (ranks[:, other] - 0.5)
            ranks[:, other] = (np.argsort(np.argsort(mixed)) + 0.5) / draws
    return pd.DataFrame({path: beta(*PATHS[path]).ppf(ranks[:, place]) for place, path in enumerate(paths)})


def calibrated(parameters: int = 12, draws: int = DRAWS, generations: int = 9) -> Calibrated:
    paths = list(PATHS)[:parameters]
    shares = shares_of(paths, draws)
    number = np.arange(generations)
    table = pd.DataFrame({
        "generation": number,
        "epsilon": 6.0 * 0.72**number + 0.35,
        "acceptance": 0.6 * 0.75**number,
        "runs": np.round(500 / (0.6 * 0.75**number)).astype(int),
        "effective": 500 - 30.0 * number,
    })  # fmt: skip
    return Calibrated(
        question="Which parameters give the Taipei of the sources?",
        name="taipei_m1",
        shares=shares,
        values=100 * shares**2,
        weights=np.ones(draws),
        priors=dict.fromkeys(paths, (0.0625, 25.0, 95.1)),
        checks=checks(*USUAL),
        generations=table,
        runs=int(table["runs"].sum()),
    )


def diagnosed(parameters: int = 12, cities: int = CITIES, draws: int = 99) -> Diagnosed:
    """Truths with Beta posteriors after trials, more of them for the first parameters; some are wrong."""
    random, paths = np.random.default_rng(2), list(PATHS)[:parameters]
    truths = pd.DataFrame(random.random((cities, len(paths))), columns=paths)
    tables = [pd.DataFrame(index=range(draws)) for _ in range(cities)]
    for place, path in enumerate(paths):
        trials = 60 // (place + 1) if place < 8 else 0
        hits = random.binomial(trials, truths[path])
        sharper = {2: 6.0, 5: 0.4}.get(place, 1.0)
        a, b = sharper * (1 + hits + 2.0 * (place == 4)), sharper * (1.0 + trials - hits)
        for city in range(cities):
            tables[city][path] = random.beta(a[city], b[city], draws)
    return Diagnosed("Which parameters?", "taipei_m1", truths, tables, runs=cities * 4000)


@cache
def drawn(name: str, parameters: int) -> Figure:
    if name in POSTERIOR:
        return POSTERIOR[name].function(calibrated(parameters))
    return DIAGNOSES[name].function(diagnosed(parameters))


def text_of(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in texts(figure))


@pytest.fixture(
    scope="module", params=[(name, number) for name in [*POSTERIOR, *DIAGNOSES] for number in (5, 18)]
)
def figure(request: pytest.FixtureRequest) -> Figure:
    made = drawn(*request.param)
    made.draw_without_rendering()
    return made


def test_every_text_is_large_enough_for_a_projector(figure: Figure) -> None:
    labels = [label for axes in figure.axes for label in (*axes.get_xticklabels(), *axes.get_yticklabels())]
    assert min(float(text.get_fontsize()) for text in [*texts(figure), *labels]) >= 13


def test_every_text_lies_within_the_picture(figure: Figure) -> None:
    width, height = figure.canvas.get_width_height()
    assert (width, height) == (1280, 720)
    seen = [axes for axes in figure.axes if axes.get_visible()]
    labels = [label for axes in seen for label in axes.get_yticklabels() if label.get_text()]
    boxes = {text.get_text(): text.get_window_extent() for text in [*texts(figure), *labels]}
    outside = {
        text: box.extents
        for text, box in boxes.items()
        if box.x0 < -1 or box.y0 < -1 or box.x1 > width + 6 or box.y1 > height + 1
    }
    assert outside == {}


def test_panels_do_not_write_over_each_other(figure: Figure) -> None:
    titles = [axes._left_title for axes in figure.axes if axes.get_visible()]  # type: ignore[attr-defined]
    boxes = [title.get_window_extent() for title in titles if title.get_text()]
    assert not any(one.overlaps(other) for place, one in enumerate(boxes) for other in boxes[:place])


@pytest.mark.parametrize("name", [*POSTERIOR, *DIAGNOSES])
def test_the_caption_tells_how_many_draws_and_runs(name: str) -> None:
    draws = "500 draws from 30,795 runs of the model."
    cities = "60 synthetic cities with known parameters, 99 draws for each, 240,000 runs of the model."
    told = draws if name in POSTERIOR else cities
    assert told in text_of(drawn(name, 5)).replace("\n", " ")


@pytest.mark.slow
@pytest.mark.parametrize("name", [*POSTERIOR, *DIAGNOSES])
def test_the_same_draws_give_the_same_picture(name: str) -> None:
    pictures = []
    for _ in range(2):
        file = io.BytesIO()
        drawn.__wrapped__(name, 2).savefig(file, format="png")
        pictures.append(file.getvalue())
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("name", POSTERIOR)
@pytest.mark.parametrize(("draws", "generations", "rows"), [(1, 0, []), (2, 1, ["S99"]), (3, 2, ["S01"])])
def test_little_can_be_drawn(name: str, draws: int, generations: int, rows: list[str]) -> None:
    made = replace(calibrated(1, draws, generations), checks=checks(*rows))
    POSTERIOR[name].function(made).draw_without_rendering()


@pytest.mark.parametrize("name", DIAGNOSES)
@pytest.mark.parametrize("cities", [0, 1, 3])
def test_few_or_no_cities_can_be_drawn(name: str, cities: int) -> None:
    DIAGNOSES[name].function(diagnosed(2, cities, 3)).draw_without_rendering()


# --- marks stand where the numbers are ---------------------------------------------------------


def test_panels_of_parameters_begin_with_the_one_that_moved_most() -> None:
    made = calibrated(5)
    table = identifiability(made.shares, made.values, made.weights, made.priors).set_index("path")
    axes = POSTERIOR["marginals"].function(made).axes
    paths = [one.get_title(loc="left").splitlines()[0] for one in axes if one.get_visible()]
    assert paths == list(table["moved"].sort_values(ascending=False).index)
    median, low, high = table.loc[paths[0], ["median", "low", "high"]]
    assert axes[0].get_title(loc="left").splitlines()[1] == f"{median:.3g} ({low:.3g} to {high:.3g})"


def test_a_histogram_has_the_area_of_the_prior() -> None:
    for one in POSTERIOR["marginals"].function(calibrated(4)).axes:
        data = next(patch.get_data() for patch in one.patches if isinstance(patch, StepPatch))
        assert np.sum(data.values * np.diff(data.edges)) == pytest.approx(1)


def test_weights_count_in_every_chart_of_parameters() -> None:
    made = calibrated(3)
    weights = 0.1 + made.shares.iloc[:, 0].to_numpy() ** 3
    weighted = replace(made, weights=weights)
    places = resampled(weights, 20_000)
    repeated = replace(
        made, shares=made.shares.iloc[places], values=made.values.iloc[places], weights=np.ones(20_000)
    )
    for name in ("marginals", "ties"):
        one, other = (POSTERIOR[name].function(each).axes[0] for each in (weighted, repeated))
        assert one.get_title(loc="left") == other.get_title(loc="left")
        assert [text.get_text() for text in one.texts] == [text.get_text() for text in other.texts]


def test_the_title_counts_the_verdicts() -> None:
    made = calibrated(12)
    said = identifiability(made.shares, made.values, made.weights, made.priors)["verdict"].value_counts()
    title = text_of(POSTERIOR["marginals"].function(made))
    assert (
        f"identify {said['identified']}, narrow {said['narrowed']} and shift {said['shifted']}; "
        f"{said['stays at the prior']} stay at the prior" in title
    )


def test_only_the_lower_triangle_holds_numbers() -> None:
    axes = POSTERIOR["ties"].function(calibrated(6)).axes[0]
    numbers = [text for text in axes.texts if text.get_text()[0] in "+−"]
    assert len(numbers) == 6 * 5 / 2
    assert all(text.get_position()[1] > text.get_position()[0] for text in numbers)
    assert "2 pairs are tied" in text_of(axes.figure)


def test_predictive_marks_stand_at_the_observed_figures() -> None:
    figure = POSTERIOR["predictive"].function(calibrated())
    shares, others = figure.axes
    marks = [line.get_xdata()[0] for line in shares.lines if line.get_marker() == "D"]
    assert marks == pytest.approx([33, 100, 66.7, 32])
    assert [line.get_xdata()[0] for line in others.lines if line.get_marker() == "D"] == [
        100,
        30,
        90,
        150,
        18,
    ]
    arrows = [line.get_marker() for axes in figure.axes for line in axes.lines if line.get_marker() in "<>"]
    assert arrows == ["<", ">"]
    assert "6 of 6 fitted and 1 of 3 held-out figures" in text_of(figure)


@pytest.mark.parametrize(
    ("low", "high", "told", "held"),
    [
        (90, 110, (100, np.inf), True),
        (90, 99, (100, np.inf), False),
        (90, 99, (-np.inf, 90), True),
        (101, 120, (95, 100), False),
        (np.nan, np.nan, (95, 100), False),
    ],
)
def test_a_figure_is_held_if_some_value_would_be_told_as_it(
    low: float, high: float, told: tuple[float, float], held: bool
) -> None:
    assert predictive.inside({"low": low, "high": high, "told_low": told[0], "told_high": told[1]}) is held


def test_wrong_posteriors_come_first_and_are_named() -> None:
    axes = DIAGNOSES["ranks"].function(diagnosed(6)).axes
    said = [one.get_title(loc="left").splitlines() for one in axes]
    assert said[0] == ["pmo.contacts", "posterior too narrow"]
    assert said[1] == ["departments.openness", "posterior too high"]
    assert [verdict for _, verdict in said[2:]] == ["uniform"] * 4


def test_every_city_is_in_every_histogram_of_ranks() -> None:
    for one in DIAGNOSES["ranks"].function(diagnosed(4)).axes:
        band, expected, counts = (patch.get_data() for patch in one.patches if isinstance(patch, StepPatch))
        assert np.sum(counts.values) == pytest.approx(CITIES)
        assert np.sum(expected.values) == pytest.approx(CITIES)
        assert np.all(band.baseline <= expected.values)
        assert np.all(expected.values <= band.values)


def test_recovered_parameters_come_first_with_a_mark_a_city() -> None:
    made = diagnosed(10)
    axes = DIAGNOSES["recovery"].function(made).axes
    first = axes[0].get_title(loc="left").splitlines()[0]
    marks = next(line for line in axes[0].lines if line.get_marker() == "o")
    assert first == "vendors.startup.readiness"
    assert np.asarray(marks.get_xdata()).tolist() == made.truths[first].tolist()
    assert np.asarray(marks.get_ydata()).tolist() == [each[first].median() for each in made.draws]


def test_generations_are_drawn_in_order() -> None:
    made = calibrated(2)
    tolerance, accepted, size = POSTERIOR["convergence"].function(made).axes
    for axes, column, scale in (
        (tolerance, "epsilon", 1),
        (accepted, "acceptance", 100),
        (size, "effective", 1),
    ):
        assert np.asarray(axes.lines[0].get_ydata()) == pytest.approx(scale * made.generations[column])

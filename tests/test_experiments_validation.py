"""Hold-out validation: what is held out, verdicts known by construction, page, chart, command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import inf, nan, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML
from scipy import stats
from typer.testing import CliRunner, Result

from analysis.figures import foreseen as chart
from analysis.predictive import AGREES, MISSES, UNCLEAR, Figure
from analysis.signs import sign
from analysis.tables import tables
from experiments import cli, runner, show_validation, validation
from experiments.claims import Claim, claims
from experiments.systems import Gathered
from experiments.validation import HOME, PLACES, Held, Row, held, judge, judge_signs
from sim.errors import ScenarioError
from sim.events import EventLog
from sim.observed import Target, observed
from sim.posterior import Posterior
from sim.scenario import Scenario, load
from tests import markov

ROOT = Path(__file__).parents[1]

KNOWN = claims()
ALL, SIGNS = held(KNOWN), validation.signs(KNOWN)

# --- what is held out ---------------------------------------------------------------------------


def test_every_figure_that_is_marked_so_is_held_out_and_no_other() -> None:
    found = ALL
    marked = {target.id for target in observed("taipei") if target.use == "hold-out"}
    assert {each.id for each in found if each.place == "Taipei"} == marked
    assert {each.scenario for each in found} == {HOME, *PLACES}
    assert len({each.id for each in found}) == len(found)
    places = [each.place for each in found]
    assert places == sorted(places, key=["Taipei", *PLACES.values()].index)


def test_figures_keep_what_their_sources_say() -> None:
    found = {each.id: each for each in ALL}
    assert found["T02a"].figure == Figure("about", 150, None, 145, 155)
    assert found["T06"].figure == Figure("more_than", 170, None, 170, inf)
    assert found["T03b"].figure[:3] == ("share", 0.375, 160)
    assert found["S06"].figure.value == pytest.approx(54 / 170)
    assert found["urban_lab_2018"].figure == Figure("share", 0.25, 80, 0.25, 0.25)
    assert found["programme_days"].figure[:1] + found["programme_days"].figure[3:] == ("range", 122, 183)
    assert found["japan_introduced"].figure == Figure("more_than", 0.4, None, 0.4, inf)


def test_runs_are_looked_at_on_the_day_of_the_source_as_far_as_they_reach() -> None:
    worlds = {name: load(name) for name in (HOME, *PLACES)}
    for each in ALL:
        world, day = worlds[each.scenario], each.target.date
        assert world.start < day
        if each.told is None or not world.start < each.told <= world.end:
            assert day == world.end or each.target.relation == "share"
        else:
            assert day == each.told


def test_signs_are_claims_on_patterns_in_their_order() -> None:
    patterns = [claim.pattern or 0 for claim in SIGNS]
    assert patterns == sorted(patterns)
    assert set(patterns) == set(range(10, 17))


# --- behaviour of Taipei, rules of the place ----------------------------------------------------

SAID = re.compile(r"\b[A-Z]\d{2}\b|[Aa]ssumed|public record|Not known")


def scenario_file(name: str) -> dict[str, object]:
    text = (ROOT / "scenarios" / f"{name}.yaml").read_text(encoding="utf-8")
    found: dict[str, object] = YAML(typ="safe", pure=True).load(text)
    return found


def fitted() -> set[str]:
    """The numbers that a calibration fits."""
    text = (ROOT / "experiments" / "studies" / "taipei_m1.yaml").read_text(encoding="utf-8")
    return set(YAML(typ="safe", pure=True).load(text)["uncertainties"])


@pytest.mark.parametrize("name", PLACES)
def test_behaviour_elsewhere_is_that_of_taipei(name: str) -> None:
    world, said = load(name), scenario_file(name)
    changed = set(world.given) | {path for own in world.cities.values() for path in own}
    changed |= {path for change in world.timeline for path in change.set}
    assert fitted()
    assert changed & fitted() == set()
    assert "extends" not in said
    assert "posterior" not in said
    assert not world.policies
    assert {path for path, _, _ in world.differences()} <= changed


@pytest.mark.parametrize("name", PLACES)
def test_every_changed_setting_says_where_it_comes_from(name: str) -> None:
    said, world = scenario_file(name), load(name)
    dated = {"start", "end", *(["elections"] if world.elections else [])}
    for key in {*world.given, *dated}:
        assert SAID.search(world.notes.get(key, "")), f"{key} in {name}.yaml has no source"
    assert set(said["set"]) == set(world.given)  # type: ignore[call-overload]


# --- verdicts known by construction -------------------------------------------------------------


def one(figure: Figure, id_: str = "a", unit: str = "poc_started", reading: str = "both") -> Held:
    target = Target.model_construct(
        id=id_, measure=unit, relation="about", value=figure.value, date=None, use="hold-out", source="S01",
        note="x",
    )  # fmt: skip
    return Held("Taipei", "city", target, figure, reading, "S01", None)


def shown(values: Sequence[float], of: Sequence[float] | None = None, id_: str = "a") -> pd.DataFrame:
    seeds = range(1, len(values) + 1)
    whole = [nan] * len(values) if of is None else of
    return pd.DataFrame({"scenario": "city", "seed": seeds, "id": id_, "value": values, "of": whole})


@pytest.mark.parametrize(
    ("figure", "values", "of", "verdict"),
    [
        (Figure("about", 150, None, 145, 155), range(120, 180), None, AGREES),
        (Figure("about", 250, None, 245, 255), range(120, 180), None, MISSES),
        (Figure("about", 150, None, 145, 155), range(30, 300), None, UNCLEAR),
        (Figure("more_than", 170, None, 170, inf), range(120, 180), None, UNCLEAR),
        (Figure("more_than", 110, None, 110, inf), range(120, 180), None, AGREES),
        (Figure("share", 0.25, 80, 0.25, 0.25), [0.3] * 40, [50.0] * 40, AGREES),
        (Figure("share", 0.25, 80, 0.25, 0.25), [0.5] * 40, [50.0] * 40, MISSES),
        (Figure("share", 0.25, 80, 0.25, 0.25), [0.3] * 8 + [nan] * 40, [50.0] * 8 + [0.0] * 40, UNCLEAR),
        (Figure("share", 0.25, 80, 0.25, 0.25), [nan] * 40, None, UNCLEAR),
    ],
)
def test_verdict_on_a_figure(
    figure: Figure, values: Sequence[float], of: Sequence[float] | None, verdict: str
) -> None:
    other = shown([1.0] * 50).assign(scenario="elsewhere")
    (row,) = judge([one(figure)], pd.concat([shown(list(map(float, values)), of), other]))
    assert row.found.verdict == verdict
    assert row.found.runs == np.isfinite(np.array(values, dtype=float)).sum()


def test_runs_of_several_scenarios_are_each_held_against_their_own_figures() -> None:
    logs = [markov.run(seed, days=900.0, scenario=name) for seed in (1, 2) for name in (HOME, "tech4muni")]
    found = validation.seen(tables(logs), ALL)
    assert set(found.loc[found["scenario"] == "tech4muni", "id"]) == {
        each.id for each in ALL if each.place == "Tech4Muni"
    }
    assert found.groupby(["scenario", "id"]).size().eq(2).all()
    nothing = validation.seen(tables(logs), [])
    assert (len(nothing), list(nothing)) == (0, ["scenario", "seed", "id", "value", "of"])


# --- signs --------------------------------------------------------------------------------------


def test_pairs_are_the_units_where_there_is_one_point() -> None:
    found = sign([1.0, 2.0, 3.0, nan], [0, 0, 0, 0], 1)
    half = stats.t(2).ppf(0.975) / sqrt(3)
    assert found[:3] == pytest.approx((2.0, 2.0 - half, 2.0 + half))
    assert (found.points, found.runs, found.verdict) == (3, 3, UNCLEAR)
    assert np.isnan(found.right)


def test_points_are_the_units_over_a_posterior() -> None:
    found = sign([1.0, 3.0, 2.0, 6.0, 4.0, 8.0], [0, 0, 1, 1, 2, 2], 1)
    half = stats.t(2).ppf(0.975) * 2 / sqrt(3)
    assert found[:3] == pytest.approx((4.0, 4.0 - half, 4.0 + half))
    assert (found.points, found.runs) == (3, 6)


@pytest.mark.parametrize(("middle", "verdict"), [(1.0, UNCLEAR), (2.0, AGREES), (-1.0, MISSES)])
def test_share_of_right_signs_is_that_of_the_points_without_their_luck(middle: float, verdict: str) -> None:
    """Effects are N(middle, 1) with luck of variance 4 in each run; 4,000 points: error below 2%."""
    luck, points = np.random.default_rng(1), np.repeat(np.arange(4000), 2)
    effects = luck.normal(middle, 1, 4000)[points] + luck.normal(0, 2, 8000)
    found = sign(effects, points, 1)
    assert found.right == pytest.approx(stats.norm.cdf(middle), abs=0.02)
    means = effects.reshape(-1, 2).mean(axis=1)
    assert abs((means > 0).mean() - stats.norm.cdf(middle)) > 0.02
    assert found.verdict == verdict
    assert sign(-effects, points, -1).right == pytest.approx(found.right)


def test_luck_alone_turns_no_sign() -> None:
    """Runs of equal mean at all points: as a rule the variance between points comes out as 0."""
    effects, points = np.tile([-1.0, 2.0], 50), np.repeat(np.arange(50), 2)
    found = sign(effects, points, 1)
    assert (found.effect, found.right, found.verdict) == (0.5, 1.0, AGREES)
    assert sign(effects, points, -1)[3:] == (0.0, 50, 100, MISSES)


def test_no_effect_anywhere_cannot_tell() -> None:
    assert sign([0.0] * 20, np.repeat(np.arange(10), 2), 1).verdict == UNCLEAR
    assert sign([], [], 1).verdict == UNCLEAR


def test_seeds_of_one_draw_are_one_point() -> None:
    keys = {"id": "a", "scenario": "new", "base": "old", "measure": "projects", "says": "x", "source": "S01"}
    claim = Claim.model_validate({**keys, "sign": "more", "pattern": 12})
    seeds = range(1, 7)
    outcomes = pd.concat(
        [
            pd.DataFrame({"scenario": "old", "seed": seeds, "projects": [1.0, 2, 3, 4, 5, 6]}),
            pd.DataFrame({"scenario": "new", "seed": seeds, "projects": [2.0, 5, 5, 10, 9, 14]}),
        ]
    )
    found = Gathered(outcomes, pd.DataFrame({"scenario": [], "seed": []}))
    (row,) = judge_signs([claim], found, Posterior("p", tuple({"pmo.staff": n} for n in (5, 6, 7))))
    assert row.found == sign([1.0, 3.0, 2.0, 6.0, 4.0, 8.0], [0, 0, 1, 1, 2, 2], 1)
    (row,) = judge_signs([claim], found, None)
    assert row.found.points == 6


# --- words and chart ----------------------------------------------------------------------------


def rows() -> list[Row]:
    """One figure of each kind, in three verdicts."""
    figures = [
        one(Figure("about", 150, None, 145, 155), "T02a", reading="M2"),
        one(Figure("more_than", 300, None, 300, inf), "S50", reading="M2"),
        one(Figure("share", 0.25, 80, 0.25, 0.25), "share", "proposal_to_poc"),
        one(Figure("range", 122, None, 100, 150), "range"),
    ]
    runs = [float(each) for each in range(120, 180)]
    found = [shown(runs, id_="T02a"), shown(runs, id_="S50"), shown([0.25] * 5, [80.0] * 5, "share")]
    return judge(figures, pd.concat([*found, shown(runs, id_="range")]))


def test_summary_counts_verdicts_and_warns_of_a_series() -> None:
    first, by, series, missed = show_validation.summary(rows())
    assert first == "Of 4 held-out figures the model agrees with 2, misses 1 and cannot tell of 1."
    assert by.startswith("Of the 2 that hold under both readings the model agrees with 1, misses 0")
    assert "of the 2 of reading M2 the model agrees with 1, misses 1" in by
    assert "T02a and S50 are one series" in series
    assert missed == "Missed: S50."


@pytest.mark.parametrize(
    ("place", "told"), [(0, "about 150"), (1, "more than 300"), (2, "20 of 80 (0.25)"), (3, "100 to 150")]
)
def test_a_figure_is_told_as_its_source_does(place: int, told: str) -> None:
    assert show_validation.observed(rows()[place].held) == told


def test_chart_has_a_row_a_figure_and_misses_look_like_misses() -> None:
    table = show_validation.drawable(rows())
    sheet = chart.draw(table, "60 runs.")
    shares, numbers = sheet.axes
    assert [len(axes.get_yticks()) for axes in (shares, numbers)] == [1, 3]
    assert (shares.get_xlabel(), numbers.get_xlabel()) == ("share (%)", "number (log axis)")
    marks = {line.get_ydata()[0]: line for line in numbers.lines if line.get_marker() in "oXs"}  # type: ignore[index]
    assert marks[1].get_marker() == "X"
    assert marks[1].get_color() == chart.LOOKS[MISSES].colour != marks[0].get_color()
    assert [round(float(marks[row].get_xdata()[0])) for row in (0, 1)] == [150, 300]  # type: ignore[index]
    assert "60 runs." in sheet.texts[-1].get_text()
    assert "agrees with 2 and misses 1" in sheet.texts[0].get_text()


def test_chart_of_nothing_but_zeros_is_drawn() -> None:
    found = judge([one(Figure("about", 0, None, 0, 0))], shown([0.0] * 20))
    chart.draw(show_validation.drawable(found), "20 runs.").canvas.draw()


# --- the command line ---------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Runs that take no time, in a folder of their own."""

    def run(scenario: Scenario, seed: int) -> EventLog:
        return markov.run(seed, days=min(1700.0, scenario.days), scenario=scenario.name)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runner, "_model", lambda: run)
    monkeypatch.setattr("experiments.claims.claims", lambda: KNOWN)
    return tmp_path


def call(*words: str) -> Result:
    return CliRunner().invoke(cli.app, list(words), prog_name="cityfunnel")


def test_figures_alone_are_written_into_a_store(quick: Path) -> None:
    done = call(
        "validate", "--only", "figures", "-n", "4", "--jobs", "1", "--posterior", "none", "--out", "x"
    )
    assert done.exit_code == 0, done.output
    table = pd.read_csv(quick / "x" / "validation.csv")
    assert list(table["id"]) == [each.id for each in ALL]
    assert set(table["verdict"]) == {UNCLEAR}  # four runs foresee nothing
    names = {file.name for file in (quick / "x").iterdir()}
    assert {"manifest.json", "seen.parquet", "outcomes.parquet", "wholes.parquet"} <= names
    assert "signs.csv" not in names
    assert "4 runs of each scenario (seeds 1 to 4) under the default numbers." in done.output


def test_page_has_both_tables_and_the_chart(quick: Path) -> None:
    (quick / "mine.csv").write_text("pmo.staff\n10\n20\n", encoding="utf-8")
    words = ("validate", "-n", "2", "--jobs", "1", "--posterior", "mine.csv", "--markdown")
    done = call(*words)
    assert done.exit_code == 0, done.output
    page = (quick / "docs" / "validation.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    assert len(lines) == len(ALL) + len(SIGNS) + 1 + len({each.place for each in ALL})
    assert "2 runs of each scenario (seeds 1 to 2) under the posterior mine, 2 draws of 1 parameter" in page
    head = (quick / "docs" / "images" / "validation.png").read_bytes()[:24]
    assert (int.from_bytes(head[16:20]), int.from_bytes(head[20:24])) == (1280, 720)
    assert call(*words, "--only", "signs").exit_code == 0
    assert (quick / "docs" / "validation.md").read_text(encoding="utf-8") == page


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--posterior", "taipei_m11"), "taipei_m11"),
        (("--only", "figure"), "Invalid value"),
        (("-n", "1"), "Invalid value"),
        (("--systems", "--posterior", "none"), "--posterior: cannot go with --systems"),
    ],
)
def test_wrong_calls_are_told(quick: Path, words: tuple[str, ...], told: str) -> None:
    done = call("validate", *words)
    assert done.exit_code == 2
    assert told in done.stderr
    assert "Traceback" not in done.output


def test_a_posterior_is_chosen_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert validation.chosen("none") is None
    monkeypatch.setattr(validation, "available", list)
    assert validation.chosen(None) is None
    with pytest.raises(ScenarioError, match="--posterior"):
        validation.chosen("taipei_m11")


# --- the page as it is shipped ------------------------------------------------------------------


def test_shipped_page_has_every_figure_and_sign() -> None:
    page = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    missing = [each.id for each in ALL if f"| {each.id}" not in page]
    missing += [claim.id for claim in SIGNS if claim.says not in page]
    assert missing == [], "make docs/validation.md again: the command stands in it"
    assert (ROOT / "docs" / "images" / "validation.png").exists()

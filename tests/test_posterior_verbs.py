"""Policies over a posterior: ``run``, ``compare``, ``sweep``, ``story`` and ``search`` with draws."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import figures
from experiments import compare, draws, posterior, runner
from experiments import sweep as sweeps
from experiments.search import task
from experiments.study import load_study
from experiments.sweep import Engine
from sim.errors import ScenarioError
from sim.events import EventLog
from sim.luck import address
from sim.posterior import Posterior
from sim.scenario import Scenario, load
from tests import tiny
from tests.test_cli import call, good, wrong

#: an arrival of needs that differs from draw to draw
SAMPLE = "needs.arrival,pmo.staff\n" + "".join(f"{0.25 * row},{row}\n" for row in range(1, 7))

STUDY = """\
question: Which?
levers: [taipei_stage1, few]
posterior: mine
outcomes: [proposals_received]
design: {kind: posterior, points: 4}
replications: 2
"""


def drawn(scenario: Scenario, seed: int) -> EventLog:
    """A tiny run with the draw of its seed, as the model has."""
    return tiny.run(scenario.drawn(seed), seed)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runner, "_model", lambda: drawn)
    Path("mine.csv").write_text(SAMPLE, encoding="utf-8")
    Path("few.yaml").write_text(
        "question: Few?\nextends: taipei_stage1\nset: {pmo.staff: 2}\n", encoding="utf-8"
    )
    return tmp_path


def told(*words: str) -> tuple[str, str]:
    """What a call that succeeds prints, and what it notes."""
    done = call(*words)
    assert done.exit_code == 0, done.output
    return " ".join(done.stdout.split()), " ".join(done.stderr.split())


# --- seeds and draws ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "made"),
    [
        (range(1, 5), range(1, 5)),
        (range(1, 4), range(1, 5)),
        (range(2, 4), range(1, 5)),
        (range(2, 3), range(1, 3)),
        (range(3, 4), range(3, 5)),
        (range(1), range(1, 3)),
        (range(4), range(1, 5)),
    ],
)
def test_whole_pairs_of_seeds_are_run(asked: range, made: range) -> None:
    notes: list[str] = []
    worlds = posterior.under([load("taipei_stage1")], "mine")
    assert posterior.whole(worlds, asked, notes.append) == made
    assert bool(notes) == (asked != made)
    assert posterior.whole([load("taipei_stage1")], asked, notes.append) == asked


def test_units_are_the_draws_of_all_scenarios_together() -> None:
    two, three = (Posterior(f"of {n}", tuple({"pmo.staff": row} for row in range(n))) for n in (2, 3))
    base = load("taipei_stage1")
    units = posterior.units([base.under(two)], range(1, 10))
    assert units is not None
    assert units.tolist() == [0, 0, 1, 1, 0, 0, 1, 1, 0]
    both = posterior.units([base.under(two), base.under(three), base], range(1, 15))
    assert both is not None
    assert both.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 0, 0]
    assert posterior.units([base], range(1, 3)) is None


# --- run, story ---------------------------------------------------------------------------------


def test_run_tells_what_it_draws_and_takes_draws_as_units() -> None:
    shown, notes = told(
        "run", "few.yaml", "-n", "8", "-j", "1", "--posterior", "mine", "--no-figures", "--out", "r"
    )
    assert notes == ""
    assert "Posterior: mine, 6 draws of 2 parameters: needs.arrival, pmo.staff" in shown
    assert "few sets pmo.staff itself, so no draw reaches it" in shown
    assert "Ranges of runs are posterior predictive" in shown
    assert "Intervals of means are over 4 draws" in shown
    rows = pd.read_csv("r/measures.csv").set_index("measure").loc["proposals_received"].to_dict()
    values = pd.read_parquet("r/outcomes.parquet")["proposals_received"].to_numpy().reshape(4, 2)
    means = values.mean(axis=1)
    assert rows["high"] - float(rows["mean"]) == pytest.approx(3.182446 * means.std(ddof=1) / 2)
    assert "8 of 8 runs made again are the same" in good("verify", "r", "-j", "1")


def test_run_without_a_posterior_says_nothing_of_one() -> None:
    shown, _ = told("run", "taipei_stage1", "-n", "4", "-j", "1", "--no-figures", "--out", "r")
    assert "osterior" not in shown


@pytest.mark.parametrize("verb", [["run", "taipei_stage1"], ["story", "few.yaml"], ["sweep", "study.yaml"]])
def test_a_posterior_that_there_is_not_is_told_in_one_line(verb: list[str]) -> None:
    Path("study.yaml").write_text(STUDY, encoding="utf-8")
    assert "unknown posterior 'mien'" in wrong(*verb, "--posterior", "mien")
    assert "mien.csv: no such posterior file (did you mean 'mine.csv'?)" in wrong(
        *verb, "--posterior", "mien.csv"
    )


def test_story_names_the_posterior_in_the_next_command(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Scenario] = []

    def run(scenario: Scenario, seed: int) -> EventLog:
        seen.append(scenario)
        return drawn(scenario, seed)

    monkeypatch.setattr("sim.run", run, raising=False)
    shown, _ = told("story", "few.yaml", "--posterior", "mine")
    assert "cityfunnel story few.yaml --posterior mine --seed 1 CASE" in shown
    assert [world.posterior and world.posterior.name for world in seen] == ["mine"]


# --- compare ------------------------------------------------------------------------------------


def test_compare_is_over_draws_and_says_how_much_is_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "COMPARISONS", {})  # those take their time, and have tests of their own
    shown, notes = told(
        "compare", "taipei_stage1", "few.yaml", "-n", "11", "-j", "1", "--posterior", "mine", "--out", "c"
    )
    assert "so that all of them are run: seeds 1 to 12" in notes
    assert "few less taipei_stage1, over the posterior" in shown
    assert "intervals are over draws" in shown
    assert "few sets pmo.staff itself, so no draw reaches it" in shown
    effects = pd.read_csv("c/posterior.csv").set_index("measure")
    assert list(effects.loc["proposals_received", ["points", "runs"]]) == [6, 12]
    differences = pd.read_csv("c/differences.csv").set_index("measure")
    assert differences.loc["proposals_received", "pairs"] == 6
    assert {path.stem for path in Path("c/figures").glob("*.png")} == set(figures.OVER_POSTERIOR)
    good("report", "c")
    page = Path("c/report.html").read_text(encoding="utf-8")
    assert "Effects over the posterior" in page
    assert "are drawn from the posterior mine: needs.arrival, pmo.staff" in page


def test_compare_without_a_posterior_is_over_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "COMPARISONS", {})
    good("compare", "taipei_stage1", "few.yaml", "-n", "5", "-j", "1", "--out", "c")
    assert not Path("c/posterior.csv").exists()
    assert not list(Path("c/figures").iterdir())


def test_compare_notes_draws_that_come_again_and_samples_that_differ() -> None:
    Path("mine.yaml").write_text("question: Q?\nextends: taipei_stage1\nposterior: mine\n", encoding="utf-8")
    _, notes = told("compare", "mine.yaml", "few.yaml", "-n", "14", "-j", "1")
    assert "mine draws from mine, few from no posterior: that is in their difference, too" in notes
    assert "mine has 6 draws: more than 2 runs of each tell more of chance alone" in notes


def test_compare_adds_whole_draws_until_it_is_known_well_enough() -> None:
    words = ("--until", "9", "--measure", "proposals_received", "--max-runs", "12", "--posterior", "mine")
    shown, _ = told("compare", "taipei_stage1", "few.yaml", "-j", "1", *words)
    assert re.search(r"6 draws: proposals_received is known to ±", shown)


def test_a_sentence_says_what_the_posterior_leaves_open() -> None:
    from analysis.effects import Effect

    parts = (0.6, 0.9, 0.4, 0.1, 0.7, 50, 100)
    up = Effect("proposal_to_poc", 0.06, 0.03, 0.09, 0.05, 0.07, 0.999, *parts)
    down = Effect("money_wasted", -20.0, -41.0, 1.0, -22, -18, 0.03, *parts)
    other = Effect("tenders", 1.0, 0.5, 1.5, 0, 2, 1.0, *parts)
    found = compare.Comparison("old", "new", (), 1, compare.DRAW, (up, down, other))
    assert list(compare.over(found)) == [
        "new takes a proposal to a POC 6.00 points more often than old (95% over the posterior: 3.00 to"
        " 9.00; so in more than 99% of it; of the variance of a pair 40% (10% to 70%) is parameters, the"
        " rest chance).",
        "new wastes NT$ 20.0 m less than old (95% over the posterior: -1.00 to 41.0; so in 97% of it; of the"
        " variance of a pair 40% (10% to 70%) is parameters, the rest chance).",
    ]


def test_a_known_law_comes_out() -> None:
    """The effect on the number of proposals is the drawn staff, and luck is known: 1 or -1 for a pair."""
    sample = Posterior("law", tuple({"pmo.staff": 1 + row % 20} for row in range(200)))
    worlds = [load("taipei_stage1").under(sample), load("few.yaml")]
    seeds = range(1, 401)
    luck = np.array([address(seed, 1) % 2 * 2.0 - 1 for seed in seeds])
    staff = np.array([float(worlds[0].drawn(seed).parameters.pmo.staff) for seed in seeds])
    base = pd.DataFrame({"scenario": "base", "seed": seeds, "projects": 10.0})
    other = base.assign(scenario="other", projects=10 + staff + luck)
    empty = pd.DataFrame({"scenario": [], "seed": [], "time": [], "days": []})
    outcomes = pd.concat([base, other], ignore_index=True)
    evidence = compare.Evidence(outcomes, outcomes[["scenario", "seed"]], empty, empty)
    (found,) = compare.compare(evidence, ["base", "other"], ["projects"], posterior.units(worlds, seeds))
    (effect,) = found.effects
    # staff is uniform on 1 to 20: mean 10.5, variance (20² - 1) / 12 = 33.25
    assert effect.effect == pytest.approx(10.5, abs=4 * np.sqrt(1 / 400))
    assert effect.parameters == pytest.approx(33.25 * 200 / 199, abs=1.5)
    assert effect.luck == pytest.approx(1.0, abs=4 * np.sqrt(2 / 200))
    assert (effect.low, effect.high) == pytest.approx((1, 20), abs=1.5)
    assert found.of("projects").pairs == 200


# --- sweep --------------------------------------------------------------------------------------


def test_a_sweep_takes_draws_as_points_and_seeds_as_runs_under_them() -> None:
    Path("study.yaml").write_text(STUDY, encoding="utf-8")
    study = load_study("study.yaml")
    assert (study.points, study.size, study.posterior and study.posterior.name) == (4, 16, "mine")
    seeds = [(job.point, job.seed) for job in study.jobs() if job.lever == 0]
    assert seeds == [(1, 1), (1, 2), (2, 3), (2, 4), (3, 5), (3, 6), (4, 7), (4, 8)]
    assert study.posterior is not None
    assert all(study.posterior.place(seed) == point - 1 for point, seed in seeds)
    assert list(study.settings(1)) == [{"needs.arrival": 0.25 * row} for row in range(1, 5)]
    assert study.notes == ("pmo.staff in 'few', which sets it itself, is not drawn from mine",)


def test_a_sweep_over_a_posterior_can_be_extended(here: Path) -> None:
    file = Path("study.yaml")
    file.write_text(STUDY, encoding="utf-8")
    before = {job.id for job in load_study(file).jobs()}
    for old, new in (("points: 4", "points: 6"), ("replications: 2", "replications: 5"), (", few]", "]")):
        file.write_text(STUDY.replace(old, new), encoding="utf-8")
        after = {job.id for job in load_study(file).jobs()}
        assert before < after or after < before
    file.write_text(STUDY.replace("replications: 2", "replications: 5"), encoding="utf-8")
    longer = load_study(file)
    assert longer.posterior is not None
    assert all(longer.posterior.place(job.seed) == job.point - 1 for job in longer.jobs())
    assert len({(job.point, job.seed) for job in longer.jobs()}) == 20


def test_a_sweep_says_what_is_parameters_and_can_be_verified() -> None:
    Path("study.yaml").write_text(STUDY, encoding="utf-8")
    shown, notes = told("sweep", "study.yaml", "-j", "1", "--out", "s")
    assert "pmo.staff in 'few', which sets it itself, is not drawn from mine" in notes
    assert "parameters' part of the variance of a run" in shown
    assert "few less taipei_stage1, over the posterior" in shown
    rows = pd.read_parquet("s/outcomes.parquet")
    assert set(rows.loc[rows["scenario"] == "few", "pmo.staff"]) == {2}
    assert sorted(set(rows.loc[rows["scenario"] != "few", "pmo.staff"])) == [1, 2, 3, 4]
    assert good("verify", "s", "-j", "1", "--all").startswith("16 of 16 runs")
    study = json.loads(Path("s/manifest.json").read_text(encoding="utf-8"))["study"]
    assert (study["posterior"], study["design"]["kind"]) == ("mine", "posterior")
    good("report", "s")


def test_a_run_of_a_sweep_is_that_of_the_scenario_under_the_posterior() -> None:
    Path("study.yaml").write_text(STUDY, encoding="utf-8")
    sweeps.sweep(load_study("study.yaml"), Path("s"), Engine(1, simulate=drawn))
    swept = pd.read_parquet("s/outcomes.parquet").astype({"scenario": str})
    told("run", "few.yaml", "-n", "8", "-j", "1", "--posterior", "mine", "--no-figures", "--out", "r")
    alone = pd.read_parquet("r/outcomes.parquet")
    mine = swept[swept["scenario"] == "few"].sort_values("seed")
    assert mine["proposals_received"].tolist() == alone["proposals_received"].tolist()


def test_one_replication_cannot_tell_the_parts() -> None:
    Path("study.yaml").write_text(STUDY.replace("replications: 2\n", ""), encoding="utf-8")
    shown, _ = told("sweep", "study.yaml", "-j", "1", "--out", "s")
    assert "takes 2 points and 2 replications to tell" in shown
    assert draws.parts(Path("s"), load_study("study.yaml"))["share"].isna().all()


def test_the_option_gives_a_study_its_posterior() -> None:
    plain = STUDY.replace("posterior: mine\n", "").replace("design: {kind: posterior, points: 4}\n", "")
    Path("study.yaml").write_text(plain, encoding="utf-8")
    shown, _ = told("sweep", "study.yaml", "-j", "1", "--out", "s", "--posterior", "mine")
    assert "2 levers × 6 points × 2 replications = 24 runs" in shown
    said = json.loads(Path("s/manifest.json").read_text(encoding="utf-8"))
    assert said["command"] == "cityfunnel sweep study.yaml --posterior mine"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("posterior: mine\n", "", "study.yaml:4: kind: needs the key 'posterior'"),
        ("posterior: mine", "posterior: nine.csv", "study.yaml:3: posterior: nine.csv: no such posterior"),
        ("points: 4", "points: 7", "study.yaml:5: points: mine has 6 draws, so there cannot be 7 points"),
        ("points: 4", "points: 0", "points: must be at least 1, not 0"),
        ("points: 4", "levels: 4", "levels: does not belong to a design of kind 'posterior'"),
        ("kind: posterior, points: 4", "kind: lhs, points: 4", "kind: must be 'posterior'"),
        ("replications: 2", "uncertainties: {pmo.staff: [5, 9]}", "uncertainties: a study has either these"),
        ("replications: 2", "replications: 9999999", "makes 79,999,992 runs"),
    ],
)
def test_studies_that_cannot_be_meant_are_refused(old: str, new: str, told: str) -> None:
    assert old in STUDY
    Path("study.yaml").write_text(STUDY.replace(old, new), encoding="utf-8")
    with pytest.raises(ScenarioError) as refused:
        load_study("study.yaml")
    assert told in str(refused.value)


# --- search -------------------------------------------------------------------------------------


def test_a_search_takes_the_draws_of_a_shipped_posterior_for_worlds() -> None:
    Path("search.yaml").write_text(
        "question: Which?\nbase: few\nlevers: {bottom_up.rate: [0.2, 0.5]}\n"
        "objectives: {needs_solved: more, money_wasted: less}\nworlds: taipei_m1\nreplications: 2\n",
        encoding="utf-8",
    )
    found = task.load("search.yaml")
    from sim.posterior import posterior as shipped

    assert len(found.worlds) == len(shipped("taipei_m1").rows)
    assert set(found.worlds[0]) == set(shipped("taipei_m1").paths) - {"bottom_up.rate", *found.base.given}

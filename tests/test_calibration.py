"""Calibration: posteriors that can be written down, the same for any workers, kills, wrong files."""

from __future__ import annotations

import gc
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from analysis import posterior
from analysis.posterior import Diagnosed
from analysis.tables import Floats
from experiments import cli
from experiments.calibration import diagnosis, found, loop, smc, task
from experiments.calibration.cities import MEMO
from experiments.calibration.smc import Budget, Generation, Proposal
from experiments.crew import Engine
from sim.errors import InputError, OutputError
from tests import known

pytest.importorskip("pyabc")

QUICK = known.STUDY.replace("particles: 200", "particles: 30").replace("generations: 7", "generations: 3")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    known.write(tmp_path, QUICK)
    return tmp_path


# --- the algorithm on posteriors that are known ---------------------------------------------------


def tossed(proposals: Sequence[Proposal], cases: int = 100, seen: int = 33) -> Floats:
    """A coin with a chance of one share, tossed so often; the other share does nothing."""
    heads = [
        np.random.default_rng([each.generation, each.number]).binomial(cases, each.shares[0])
        for each in proposals
    ]
    return np.abs(np.array(heads, dtype=float) - seen)[:, None]


def means(generation: Generation) -> tuple[Floats, Floats]:
    middle = generation.weights @ generation.shares
    return middle, np.sqrt(generation.weights @ (generation.shares - middle) ** 2)


def test_a_coin_has_the_posterior_of_beta_and_binomial() -> None:
    last = smc.smc(["chance", "idle"], tossed, Budget(200, 5))[-1]
    middle, spread = means(last)
    exact, width = 34 / 102, sqrt(34 / 102 * 68 / 102 / 103)  # Beta(34, 68)
    worth = posterior.effective(last.weights)
    assert last.epsilon <= 3
    assert abs(middle[0] - exact) < 4 * width / sqrt(worth)
    assert abs(spread[0] / width - 1) < 4 / sqrt(2 * worth) + 0.03  # epsilon makes it wider by 1 to 2%
    assert abs(middle[1] - 0.5) < 4 * sqrt(1 / 12 / worth)
    assert abs(spread[1] / sqrt(1 / 12) - 1) < 4 / sqrt(2 * worth)


def test_generations_come_nearer_and_say_what_they_cost() -> None:
    generations = smc.smc(["chance"], tossed, Budget(50, 4))
    assert [each.epsilon for each in generations] == sorted((g.epsilon for g in generations), reverse=True)
    for each in generations:
        assert len(each.numbers) == len(each.shares) == len(each.distances) == 50
        assert each.tried == each.numbers[-1] + 1
        assert each.acceptance == 50 / each.tried
        assert each.weights.sum() == pytest.approx(1)
        assert each.distances.max() <= each.epsilon


def test_how_many_are_tried_at_a_time_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    one = smc.smc(["chance"], tossed, Budget(40, 3, seed=5))
    monkeypatch.setattr(smc, "LEAST", 7)
    monkeypatch.setattr(smc, "MOST", 11)
    other = smc.smc(["chance"], tossed, Budget(40, 3, seed=5))
    for a, b in zip(one, other, strict=True):
        assert (a.epsilon, a.tried, a.numbers) == (b.epsilon, b.tried, b.numbers)
        assert np.array_equal(a.shares, b.shares)
        assert np.array_equal(a.weights, b.weights)


def test_fewer_generations_are_the_first_ones() -> None:
    long, short = (smc.smc(["chance"], tossed, Budget(30, number)) for number in (4, 2))
    assert [each.numbers for each in short] == [each.numbers for each in long[:2]]


def test_other_seeds_give_other_particles() -> None:
    one, other = (smc.smc(["chance"], tossed, Budget(30, 1, seed=seed))[0] for seed in (1, 2))
    assert not np.array_equal(one.shares, other.shares)


def test_numpys_own_draws_go_on_as_if_nothing_had_happened() -> None:
    np.random.seed(1)  # noqa: NPY002
    expected = np.random.rand(3)  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    smc.smc(["chance"], tossed, Budget(20, 1))
    assert np.array_equal(np.random.rand(3), expected)  # noqa: NPY002


def test_no_database_is_left_open_where_particles_cannot_be_tried() -> None:
    def refused(_: Sequence[Proposal]) -> Floats:
        raise InputError("no")

    gc.collect()
    with pytest.raises(InputError, match="no"):
        smc.smc(["chance"], refused, Budget(20, 1))
    gc.collect()
    assert [
        each for each in gc.get_objects() if isinstance(each, sqlite3.Connection) and _is_open(each)
    ] == []


def _is_open(connection: sqlite3.Connection) -> bool:
    try:
        return bool(connection.execute("SELECT 1"))
    except sqlite3.ProgrammingError:
        return False


def test_it_ends_where_epsilon_is_reached_or_too_few_are_accepted() -> None:
    assert len(smc.smc(["chance"], tossed, Budget(30, 9, epsilon=1_000))) == 1
    few = smc.smc(["chance"], tossed, Budget(30, 9, acceptance=0.4))
    assert 1 <= len(few) < 9
    assert smc.smc(["chance"], lambda all_: np.full((len(all_), 1), np.inf), Budget(20, 3)) != []


@pytest.mark.slow
def test_ranks_of_true_chances_are_uniform() -> None:
    """Simulation-based calibration of the algorithm: 24 coins, whose chances come from the prior."""
    cities = 24
    true = (np.arange(cities) + 0.5) / cities
    heads = np.random.default_rng(11).binomial(100, true)
    draws = []
    for place, seen in enumerate(heads):
        last = smc.smc(["chance"], partial(tossed, seen=int(seen)), Budget(30, 4, seed=place))[-1]
        draws.append(last.shares[posterior.resampled(last.weights, 19), 0])
    table = diagnosed(true, draws)
    verdicts = posterior.uniform(posterior.ranks(table.truths, table.draws), 19)
    assert list(verdicts["verdict"]) == ["uniform"]
    back = posterior.recovery(table.truths, table.draws).iloc[0]
    assert back["correlation"] > 0.95
    assert back["error"] < 0.25 * back["prior_error"]


def diagnosed(true: Floats, draws: Sequence[Floats]) -> Diagnosed:
    import pandas as pd

    tables = [pd.DataFrame({"chance": each}) for each in draws]
    return Diagnosed("", "coins", pd.DataFrame({"chance": true}), tables, 0)


# --- on runs --------------------------------------------------------------------------------------


def test_runs_of_a_known_law_give_their_posterior(here: Path) -> None:
    known.write(here, known.STUDY.replace("generations: 7", "generations: 4"))
    outcome = known.made("known.yaml", here / "out", 1)
    middle, spread = means(outcome.last)
    worth = posterior.effective(outcome.last.weights)
    # Gamma(41, 1) of the proposals' mean, Beta(13, 29) of the chance
    for place, (exact, width) in enumerate(
        [(41 / 100, sqrt(41) / 100), (13 / 42, sqrt(13 * 29 / 42**2 / 43))]
    ):
        # both figures lie in a disc: a variance of epsilon² / 2 each, in errors of two samples, not of one
        wider = sqrt(1 + outcome.last.epsilon**2)
        assert abs(middle[place] - exact) < 4 / sqrt(worth) * wider * width
        assert abs(spread[place] / (wider * width) - 1) < 4 / sqrt(2 * worth)
    gathered = found.Found(outcome)
    assert list(gathered.numbers["verdict"]) == ["identified", "identified"]
    checks = gathered.checks.set_index("id")
    assert list(checks.loc[["A1", "A2"], "verdict"]) == ["agrees", "agrees"]
    assert checks.loc["A3", "low"] <= 12 <= checks.loc["A3", "high"]
    assert list(checks["use"]) == ["calibrate", "calibrate", "hold-out"]
    assert checks.loc["A1", "prior_high"] - checks.loc["A1", "prior_low"] > 80
    assert checks.loc["A1", "high"] - checks.loc["A1", "low"] < 50


def test_the_sample_can_be_drawn_from(here: Path) -> None:
    from sim.posterior import posterior as drawn
    from sim.scenario import load

    known.made("known.yaml", here / "out", 1)
    sample = drawn("out/found/posterior.csv")
    assert len(sample.rows) == found.DRAWS
    world = load("taipei_stage1_bottom_up").under(sample).drawn(5)
    assert world.parameters.clearance.burden == sample.row(5)["clearance.burden"]


def test_workers_change_nothing(here: Path) -> None:
    one, two = (known.made("known.yaml", here / f"out{workers}", workers) for workers in (1, 2))
    for name in ("posterior", "particles", "checks", "numbers"):
        file = f"found/{name}.csv"
        assert (here / "out1" / file).read_bytes() == (here / "out2" / file).read_bytes()
    assert (one.runs, one.last.numbers) == (two.runs, two.last.numbers)


def test_what_is_there_is_not_made_again(here: Path) -> None:
    first, again = known.made("known.yaml", here / "out", 1), known.made("known.yaml", here / "out", 1)
    assert first.made >= first.runs
    assert again.made == 0
    assert again.last.numbers == first.last.numbers
    known.write(here, QUICK.replace("generations: 3", "generations: 4"))
    more = known.made("known.yaml", here / "out", 1)
    assert 0 < more.made < more.runs
    assert [each.numbers for each in more.generations[:3]] == [each.numbers for each in first.generations]


@pytest.mark.slow
def test_a_killed_calibration_goes_on(here: Path) -> None:
    whole = known.made("known.yaml", here / "whole", 1)
    command = [sys.executable, "-m", "tests.known", "known.yaml", str(here / "out"), "2", "0.01"]
    root = Path(__file__).parent.parent
    kept = 0
    for wanted in (20, 60, 120):
        process = subprocess.Popen(command, env=_path(root), start_new_session=True)
        try:
            while process.poll() is None and _runs(here / "out") < wanted:
                time.sleep(0.01)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert _runs(here / "out") >= max(kept, min(wanted, 20))
        kept = _runs(here / "out")
    after = known.made("known.yaml", here / "out", 1)
    assert after.made <= whole.made - kept + 100
    assert (here / "out/found/posterior.csv").read_bytes() == (
        here / "whole/found/posterior.csv"
    ).read_bytes()


def _path(root: Path) -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(root)}


def _runs(folder: Path) -> int:
    if not (folder / MEMO).exists():
        return 0
    with closing(sqlite3.connect(f"file:{folder / MEMO}?mode=ro", uri=True)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM runs").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def test_failed_runs_are_far_away_and_told(here: Path) -> None:
    outcome = loop.calibrate(task.load("known.yaml"), here / "out", Engine(simulate=known.brittle))
    assert outcome.failures
    assert outcome.last.shares[:, 0].max() <= 3.9 / 4
    assert "too many come" in outcome.failures[0].error


def test_a_figure_that_no_run_shows_is_told(here: Path) -> None:
    with pytest.raises(InputError, match="none of 30 runs from the priors shows figure A2"):
        loop.calibrate(task.load("known.yaml"), here / "out", Engine(simulate=known.silent))


@pytest.mark.slow
def test_synthetic_cities_are_recovered(here: Path) -> None:
    asked = task.load("known.yaml")
    tried = diagnosis.diagnose(asked, here / "out", 10, Engine(simulate=known.run))
    tables = found.judged(tried)
    assert set(tables["ranks"]["verdict"]) == {"uniform"}
    assert (tables["recovery"]["correlation"] > 0.8).all()
    assert (tables["recovery"]["error"] < 0.5 * tables["recovery"]["prior_error"]).all()


def test_a_synthetic_city_is_observed_as_the_real_one() -> None:
    asked = task.load("known.yaml")
    shown = np.array([[30.0, np.nan], [0.4, 30.0], [12.0, np.nan]])
    one, other = diagnosis.synthetic(asked.fitted, asked.targets, shown)
    assert (one.relation, one.value, one.told) == ("about", 30, (30, 30))
    assert (other.relation, other.numerator, other.denominator) == ("share", 12, 30)
    shown[1] = np.nan
    assert [each.id for each in diagnosis.synthetic(asked.fitted, asked.targets, shown)] == ["A1"]


# --- files that are wrong --------------------------------------------------------------------------

WRONG = {
    "uncertainties: {bottom_up.rate: [0, 4], clearance.burden: }": [
        ("uncertainties: {}", r"known.yaml:5: uncertainties: is empty"),
        ("uncertainties: {bottom_up.rat: }", r"known.yaml:5: .*bottom_up.rat: unknown parameter"),
        ("uncertainties: {procurement.rule: }", r"known.yaml:5: .*procurement.rule: has no order"),
        ("uncertainties: {pmo.staff: [9, 4]}", r"known.yaml:5: .*'high' must be above 'low'"),
    ],
    "observed: seen.yaml": [
        ("observed: unseen.yaml", r"known.yaml:4: observed: "),
        ("observed: seen.yaml\nreading: M3", r"known.yaml:5: reading: no reading"),
        ("observed: taipei", r"known.yaml:4: observed: S07 is to be fitted, but its date, 2020-12-31, lies"),
        ("base: nowhere", r"base"),
    ],
    "particles: 30": [
        ("particles: 1", r"known.yaml:6: particles: must lie between 8 and 100,000, not 1"),
        ("particle: 30", r"known.yaml:6: particle: unknown key"),
        ("particles: many", r"known.yaml:6: particles: "),
        ("epsilon: -1", r"known.yaml:6: epsilon: must lie between 0 and"),
        ("set: {clearance.burden: 0.5}", r"known.yaml:6: clearance.burden: is calibrated"),
        ("set: {pmo.staff: -5}", r"known.yaml:6: pmo.staff: must be at least 0"),
    ],
}


@pytest.mark.parametrize(
    ("line", "instead", "told"),
    [(line, instead, told) for line, all_ in WRONG.items() for instead, told in all_],
)
def test_a_wrong_file_is_told_with_its_line(here: Path, line: str, instead: str, told: str) -> None:
    known.write(here, QUICK.replace(line, instead))
    answer = CliRunner().invoke(cli.app, ["calibrate", "known.yaml"])
    assert answer.exit_code == 2
    assert re.search(told, " ".join(answer.stderr.split())), answer.stderr
    assert answer.stderr.count("\n") == 1
    assert not (here / "results").exists()


def test_a_wrong_option_is_told_as_one() -> None:
    answer = CliRunner().invoke(cli.app, ["calibrate", "known.yaml", "--particles", "3"])
    assert answer.exit_code == 2
    assert answer.stderr == "cityfunnel: --particles: must lie between 8 and 100,000, not 3\n"


def test_figures_without_use_for_it_are_told(here: Path) -> None:
    known.write(here, QUICK, known.TARGETS.replace("use: calibrate", "use: shown"))
    with pytest.raises(InputError, match="has no figure that is marked 'calibrate'"):
        task.load("known.yaml")


def test_somebody_elses_folder_is_left_alone(here: Path) -> None:
    (here / "out").mkdir()
    (here / "out" / "letter.txt").write_text("dear")
    with pytest.raises(OutputError, match="is not empty and holds no calibration"):
        loop.calibrate(task.load("known.yaml"), here / "out", Engine(simulate=known.run))
    assert [path.name for path in (here / "out").iterdir()] == ["letter.txt"]


def test_without_pyabc_the_command_to_install_it_is_told(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyabc", None)
    answer = CliRunner().invoke(cli.app, ["calibrate", "known.yaml"])
    assert answer.exit_code == 2
    assert "needs pyabc: pip install 'cityfunnel[calibrate]'" in answer.stderr


# --- the command line -------------------------------------------------------------------------------

SHORT = """
question: How often do vendors propose?
base: taipei_stage1_bottom_up
set: {vendors.initial: 30, city.departments: 8}
observed: seen.yaml
uncertainties: {bottom_up.rate: , clearance.burden: }
particles: 8
generations: 1
"""


def test_the_command_tells_what_it_found(here: Path) -> None:
    known.write(here, SHORT)
    answer = CliRunner().invoke(cli.app, ["calibrate", "known.yaml", "--jobs", "1"])
    assert answer.exit_code == 0, answer.stderr
    for word in (
        "bottom_up.rate",
        "A1 proposals_received",
        "A3 poc_started (hold-out)",
        "Centre of the sample",
    ):
        assert word in answer.stdout
    folder = here / "results" / "known" / "found"
    assert (folder / "figures" / "marginals.png").exists()
    assert len((folder / "posterior.csv").read_text().splitlines()) == 1 + found.DRAWS


def test_a_dry_run_makes_nothing(here: Path) -> None:
    known.write(here, SHORT)
    answer = CliRunner().invoke(cli.app, ["calibrate", "known.yaml", "--dry-run", "--jobs", "1"])
    assert answer.exit_code == 0, answer.stderr
    assert "Runs: 16 or more" in answer.stdout
    assert not (here / "results").exists()


def test_shipped_calibrations_can_be_read() -> None:
    one, two = task.load("taipei_m1"), task.load("taipei_m2")
    assert [target.id for target in one.fitted] == ["S01", "S02", "S03", "S07", "P01"]
    assert [target.id for target in two.fitted] == ["S03", "S07", "T01", "T02b", "P01"]
    assert set(one.paths) < set(two.paths)
    assert [target.id for target in one.given] == ["T13"]

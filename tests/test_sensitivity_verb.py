"""From a sweep's folder to ranks, tables and charts: ``cityfunnel sensitivity``."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from experiments import cli, finished, sensitivity
from experiments.study import load_study
from experiments.sweep import Engine, sweep
from sim.errors import InputError
from sim.events import EventLog
from sim.scenario import Scenario
from tests import tiny

STUDY = """\
question: What matters?
base: taipei_stage1_bottom_up
levers: [taipei_stage1_bottom_up, problem_led]
uncertainties: {pmo.staff: [5, 30], needs.arrival: , poc.required: }
outcomes: [proposals_received]
design: {kind: saltelli, points: 8}
replications: 4
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def swept(old: str = "", new: str = "", simulate: Any = tiny.run, name: str = "study") -> Path:
    assert old in STUDY
    Path(f"{name}.yaml").write_text(STUDY.replace(old, new), encoding="utf-8")
    folder = Path("results") / name
    sweep(load_study(f"{name}.yaml"), folder, Engine(simulate=simulate))
    return folder


def clear(scenario: Scenario, seed: int) -> EventLog:
    """One proposal for every three people, and up to two by luck."""
    log = EventLog(scenario.name, seed, scenario.start, scenario.days)
    for case in range(1, 1 + scenario.parameters.pmo.staff // 3 + seed % 3):
        log.cases.append(tiny._case(case, scenario))
        log.events.append(tiny._move(0.5 * case, case, None, "submitted"))
    return log


def call(*words: str) -> Result:
    return CliRunner().invoke(cli.app, ["sensitivity", *words], prog_name="cityfunnel")


def refused(*words: str, call: Callable[..., Result] = call) -> str:
    """The one line with which a call ends, which leaves nothing behind."""
    before = sorted(Path().rglob("*"))
    done = call(*words)
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert sorted(Path().rglob("*")) == before
    return done.stderr


# --- plans --------------------------------------------------------------------------------------


def test_a_plan_is_that_of_the_design() -> None:
    sweep_ = finished.read(swept())
    plan = sensitivity.plan(sweep_, sweep_.levers)
    assert (plan.method, plan.bases, plan.step) == ("sobol", 8, 5)
    assert plan.factors[2].choices == ("false", "true")
    assert set(plan.values[:, 2]) == {0, 1}
    assert plan.values[:, 0].tolist() == sweep_.settings["pmo.staff"].tolist()
    base = plan.values.reshape(8, 5, 3)
    for factor in range(3):
        others = [each for each in range(3) if each != factor]
        assert (base[:, factor + 1, others] == base[:, 0, others]).all()
        assert (base[:, factor + 1, factor] == base[:, 4, factor]).all()


@pytest.mark.parametrize(
    ("design", "method"),
    [("{kind: morris, points: 4}", "morris"), ("{kind: lhs, points: 30}", "pawn"),
     ("{kind: sobol, points: 32}", "pawn"), ("{kind: full_factorial, levels: 4}", "pawn")],
)  # fmt: skip
def test_the_design_decides_the_method(design: str, method: str) -> None:
    done = call(str(swept("{kind: saltelli, points: 8}", design)), "--no-figures")
    assert done.exit_code == 0, done.output
    table = pd.read_csv("results/study/sensitivity/indices.csv")
    assert set(table["method"]) == {method}
    assert set(table["factor"]) == {"pmo.staff", "needs.arrival", "poc.required", "lever"}
    assert set(table["of"]) == {"mean", "noise"}


def test_points_may_come_from_a_table() -> None:
    rows = [f"{5 + i},{i % 3},{'true' if i % 2 else 'false'}" for i in range(32)]
    Path("points.csv").write_text("\n".join(["pmo.staff,needs.arrival,poc.required", *rows]))
    folder = swept("{kind: saltelli, points: 8}", "{kind: list, file: points.csv}")
    assert call(str(folder), "--no-figures").exit_code == 0


# --- the command --------------------------------------------------------------------------------


def test_what_is_written_and_said() -> None:
    folder = swept(simulate=clear)
    done = call(str(folder))
    assert done.exit_code == 0, done.output
    assert "proposals_received depends most on pmo.staff (total index" in " ".join(done.stdout.split())
    assert "of the variance of a run is luck" in done.stdout
    found = {path.name for path in (folder / "sensitivity").rglob("*") if path.is_file()}
    charts = {f"{name}_proposals_received" for name in ("indices", "convergence", "tornado")}
    assert found == {
        "indices.csv", "convergence.csv", "tornado.csv", "luck.csv", "manifest.json",
        *(f"{name}.png" for name in charts), *(f"{name}.svg" for name in charts),
    }  # fmt: skip
    table = pd.read_csv(folder / "sensitivity" / "indices.csv")
    first = table[(table["of"] == "mean") & (table["statistic"] == "total")].sort_values("value").iloc[-1]
    assert first["factor"] == "pmo.staff"


def test_a_study_is_as_good_as_its_folder_and_again_gives_the_same() -> None:
    folder = swept()
    one = call("study.yaml", "--no-figures")
    before = (folder / "sensitivity" / "indices.csv").read_bytes()
    other = call("study", "--no-figures")
    assert (one.exit_code, other.exit_code) == (0, 0)
    assert (folder / "sensitivity" / "indices.csv").read_bytes() == before
    assert sweep(load_study("study.yaml"), folder, Engine(simulate=tiny.run)).made == 0  # the sweep is whole


def test_one_lever_alone_and_another_outcome() -> None:
    folder = swept()
    words = (
        "--lever",
        "problem_led",
        "--outcome",
        "projects",
        "--outcome",
        "proposals_received",
        "-o",
        "there",
    )
    assert call(str(folder), *words, "--no-figures").exit_code == 0
    table = pd.read_csv("there/indices.csv")
    assert set(table["outcome"]) == {"projects", "proposals_received"}
    assert "lever" not in set(table["factor"])


def test_wrong_calls_are_told_in_one_line() -> None:
    folder = str(swept())
    assert "did you mean 'proposals_received'" in refused(folder, "--outcome", "proposals_recieved")
    assert "did you mean 'problem_led'" in refused(folder, "--lever", "problemled")
    assert "neither the folder of a sweep nor a study" in refused("nowhere")
    Path("other.yaml").write_text(STUDY)
    assert "has not been swept: cityfunnel sweep other.yaml" in refused("other.yaml")
    Path("empty").mkdir()
    assert "not a run store" in refused("empty")
    (Path("empty") / "mine").touch()
    assert "is not empty" in refused(folder, "-o", "empty")


@pytest.mark.parametrize(
    ("design", "told"),
    [("{kind: oat}", "one parameter at a time"), ("{kind: lhs, points: 8}", "8 points, too few"),
     ("{kind: saltelli, points: 4}", "4 base points, too few")],
)  # fmt: skip
def test_designs_that_do_not_do_are_refused(design: str, told: str) -> None:
    assert told in refused(str(swept("{kind: saltelli, points: 8}", design)))


def test_a_sweep_that_is_not_finished_is_refused() -> None:
    folder = swept()
    Path("study.yaml").write_text(STUDY.replace("replications: 4", "replications: 5"))

    def stop(scenario: Scenario, seed: int) -> EventLog:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(load_study("study.yaml"), folder, Engine(simulate=stop))
    assert "not finished (80 runs to go)" in refused(str(folder))


def test_without_salib_the_command_to_install_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = swept()
    for name in ("SALib", "SALib.analyze"):
        monkeypatch.setitem(sys.modules, name, None)
    assert "pip install 'cityfunnel[insight]'" in refused(str(folder))


def test_a_study_without_named_outcomes_asks_for_some() -> None:
    folder = swept("outcomes: [proposals_received]\n", "")
    assert "say which by --outcome" in refused(str(folder))


# --- what is missing ----------------------------------------------------------------------------


def test_failed_runs_are_refused_or_told() -> None:
    folder = str(swept(simulate=tiny.moody))
    told = refused(folder)
    assert "proposals_received: 80 of 320 runs give no value (80 failed, 0 have none)" in told
    assert "--missing mean" in told
    done = call(folder, "--missing", "mean", "--no-figures")
    assert done.exit_code == 0
    assert "the mean of their point stands in their place" in done.stderr


def test_an_outcome_without_values_is_refused() -> None:
    folder = str(swept())
    assert "a lever has no value at all" in refused(folder, "--outcome", "days_to_poc", "--missing", "mean")


def test_numbers_that_are_not_there_are_imputed_by_their_point() -> None:
    done = finished.read(swept(simulate=tiny.moody))
    runs, notes = sensitivity._runs(done, done.levers, "proposals_received", "mean")
    assert np.isfinite(runs).all()
    assert len(notes) == 1
    assert runs[:, :, 1] == pytest.approx(runs[:, :, [0, 2, 3]].mean(axis=2))
    with pytest.raises(InputError):
        sensitivity._runs(done, done.levers, "proposals_received", "refuse")


# --- on the model itself ------------------------------------------------------------------------


def test_on_the_model_more_staff_means_more_pocs() -> None:
    text = """\
question: Does the staff matter?
levers: [taipei_stage1]
uncertainties: {pmo.staff: [2, 30], fit.tolerance: [0.2, 0.21]}
outcomes: [poc_started]
design: {kind: saltelli, points: 8}
replications: 2
start: 2016-01-01
end: 2017-06-30
"""
    Path("real.yaml").write_text(text)
    sweep(load_study("real.yaml"), Path("results/real"), Engine())
    done = call("real", "--no-figures")
    assert "poc_started depends most on pmo.staff" in done.stdout
    shutil.rmtree("results")


def test_a_caption_says_how_the_runs_come_about() -> None:
    done = finished.read(swept())
    told = "Sweep study · 320 runs: 2 levers × 40 points (saltelli) × 4 replications."
    assert sensitivity.caption(done) == told
    assert "160 runs: problem_led, 40 points" in sensitivity.caption(done, "problem_led")
    assert set(map(type, sensitivity.charts([], told).values())) <= {partial}


@pytest.mark.parametrize(
    "design", ["{kind: saltelli, points: 8}", "{kind: morris, points: 4}", "{kind: lhs, points: 40}"]
)
def test_one_replication_tells_nothing_of_luck(design: str) -> None:
    folder = swept("{kind: saltelli, points: 8}\nreplications: 4", f"{design}\nreplications: 1", clear)
    done = call(str(folder))
    assert done.exit_code == 0, done.output
    assert "proposals_received depends most on pmo.staff" in " ".join(done.stdout.split())
    assert "With one replication luck cannot be told apart" in done.stdout
    assert set(pd.read_csv(folder / "sensitivity" / "indices.csv")["of"]) == {"mean"}
    assert pd.read_csv(folder / "sensitivity" / "luck.csv")["share"].isna().all()


def test_an_outcome_that_does_not_vary_is_told() -> None:
    done = call(str(swept()), "--outcome", "projects")
    assert done.exit_code == 0, done.output
    assert "no effect of any factor can be told" in done.stdout
    assert "The outcome does not vary." in done.stdout

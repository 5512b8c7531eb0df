"""From a sweep's folder to boxes, sentences and charts: ``cityfunnel discover``."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from analysis import discovery as boxes
from analysis.discovery import Restriction
from experiments import cli, discovery, finished
from experiments.study import load_study
from experiments.sweep import Engine, sweep
from sim.events import EventLog
from sim.scenario import Scenario
from tests import test_sensitivity_verb, tiny

STUDY = """\
question: When do calls win?
base: taipei_stage1_bottom_up
levers: [taipei_stage1_bottom_up, problem_led]
uncertainties: {pmo.staff: [5, 30], politics.support: [0, 1], poc.required: }
outcomes: [proposals_received]
design: {kind: lhs, points: 100}
replications: 2
"""
WINS = "problem_led.proposals_received > taipei_stage1_bottom_up.proposals_received"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(boxes, "SHUFFLES", 39)
    monkeypatch.setattr(boxes, "HALVES", 8)
    return tmp_path


def planted(scenario: Scenario, seed: int) -> EventLog:
    """Five proposals; with calls eight where support is above 0.6 and at most 12 people work, else two."""
    numbers, number = scenario.parameters, 5
    if "problem_led" in scenario.policies:
        number = 8 if numbers.politics.support > 0.6 and numbers.pmo.staff <= 12 else 2
    log = EventLog(scenario.name, seed, scenario.start, scenario.days)
    for case in range(1, 1 + number + seed % 2):
        log.cases.append(tiny._case(case, scenario))
        log.events.append(tiny._move(0.5 * case, case, None, "submitted"))
    return log


def failing(scenario: Scenario, seed: int) -> EventLog:
    if seed == 2 and "problem_led" in scenario.policies:
        raise ValueError("no")
    return planted(scenario, seed)


def swept(old: str = "", new: str = "", simulate: Any = planted) -> Path:
    assert old in STUDY
    Path("study.yaml").write_text(STUDY.replace(old, new), encoding="utf-8")
    folder = Path("results/study")
    sweep(load_study("study.yaml"), folder, Engine(simulate=simulate))
    return folder


def call(*words: str) -> Result:
    return CliRunner().invoke(cli.app, ["discover", *words], prog_name="cityfunnel")


refused = partial(test_sensitivity_verb.refused, call=call)


# --- cases --------------------------------------------------------------------------------------


def test_levers_are_compared_at_the_same_point_and_seed() -> None:
    done = finished.read(swept())
    what = discovery.asked(done, WINS, None, "refuse")
    table = done.outcomes.pivot(index=["point", "seed"], columns="scenario", values="proposals_received")
    wins = (table["problem_led"] > table["taipei_stage1_bottom_up"]).groupby("point").mean()
    assert what.cases.wins.tolist() == wins.tolist()
    assert what.cases.values[:, 0].tolist() == done.settings["pmo.staff"].tolist()
    assert what.runs == 200
    assert [each.whole for each in what.cases.dimensions] == [True, False, False]
    assert what.cases.dimensions[2].choices == ("false", "true")


def test_without_a_comparison_every_lever_is_a_case() -> None:
    done = finished.read(swept())
    every = discovery.asked(done, "proposals_received > 6", None, "refuse")
    assert every.cases.dimensions[-1].choices == done.levers
    assert len(every.cases.wins) == 200
    one = discovery.asked(done, "proposals_received > 6", "problem_led", "refuse")
    assert len(one.cases.wins) == 100
    assert one.cases.wins.tolist() == every.cases.wins[100:].tolist()
    gain = discovery.asked(
        done, "proposals_received > taipei_stage1_bottom_up.proposals_received", None, "refuse"
    )
    assert gain.cases.wins[:100].max() == 0


def test_of_base_points_the_two_ends_are_cases() -> None:
    done = finished.read(swept("{kind: lhs, points: 100}", "{kind: saltelli, points: 20}"))
    assert len(discovery.asked(done, WINS, None, "refuse").cases.wins) == 40


# --- the command --------------------------------------------------------------------------------


def test_a_planted_rule_becomes_a_sentence_with_units() -> None:
    folder = swept()
    done = call(str(folder), "--success", WINS)
    assert done.exit_code == 0, done.output
    told = " ".join(done.stdout.split())
    assert f"{WINS} holds when" in told
    assert "politics.support is above 0.6" in told
    assert "pmo.staff is at most 12 persons" in told
    assert "100% of the wins" in told
    found = {path.name for path in (folder / "discovery").rglob("*") if path.is_file()}
    charts = {f"{name}.{end}" for name in ("trajectory", "boxes", "plane") for end in ("png", "svg")}
    assert found == {"boxes.csv", "trajectory.csv", "cases.csv", "manifest.json", *charts}
    table = pd.read_csv(folder / "discovery" / "boxes.csv").set_index(["method", "dimension"])
    assert table.loc[("prim", "pmo.staff"), "value"].item() == 12
    assert table.loc[("prim", "politics.support"), "value"].item() == pytest.approx(0.6, abs=0.05)
    assert table.loc[("cart", "pmo.staff"), "value"].item() == 12
    assert set(table.loc["prim", "unit"]) == {"persons", "share"}


def test_luck_alone_gives_no_box_and_says_so() -> None:
    folder = swept(simulate=tiny.run)
    done = call(str(folder), "--success", "proposals_received > 2", "--lever", "problem_led")
    assert done.exit_code == 0, done.output
    told = " ".join(done.stdout.split())
    assert "no box stands out from chance" in told or "holds when pmo.staff" in told
    assert (folder / "discovery" / "figures" / "trajectory.png").stat().st_size > 10_000


def test_without_scikit_learn_there_are_boxes_by_prim(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = swept()
    for name in ("sklearn", "sklearn.tree"):
        monkeypatch.setitem(sys.modules, name, None)
    done = call(str(folder), "--success", WINS, "--no-figures", "--out", "there")
    assert done.exit_code == 0
    assert "CART is left out: pip install 'cityfunnel[insight]'" in done.stderr
    assert set(pd.read_csv("there/boxes.csv")["method"]) == {"prim"}


def test_failed_runs_are_refused_or_left_out() -> None:
    folder = str(swept(simulate=failing))
    told = refused(folder, "--success", WINS)
    assert "100 of 200 runs have no value to hold against it, or failed; --missing drop" in told
    done = call(folder, "--success", WINS, "--missing", "drop", "--no-figures")
    assert done.exit_code == 0
    assert "are left out" in done.stderr


def test_wrong_calls_are_told_in_one_line() -> None:
    folder = str(swept())
    assert "did you mean 'proposals_received'" in refused(folder, "--success", "proposals_recieved > 1")
    assert "did you mean 'problem_led'" in refused(folder, "--success", "problemled.projects > 1")
    assert "is no condition" in refused(folder, "--success", "projects")
    assert "did you mean 'problem_led'" in refused(
        folder, "--success", "projects > 1", "--lever", "problem_le"
    )
    assert "names its levers" in refused(folder, "--success", WINS, "--lever", "problem_led")
    assert "holds in no case" in refused(folder, "--success", "projects > 1000000")
    assert "holds in all cases" in refused(folder, "--success", "projects < 1000000")
    assert "have no value" in refused(folder, "--success", "days_to_poc < 10", "--missing", "drop")
    assert "neither the folder of a sweep nor a study" in refused("nowhere", "--success", WINS)


@pytest.mark.parametrize("design", ["{kind: oat}", "{kind: morris, points: 5}"])
def test_designs_that_do_not_fill_the_space_are_refused(design: str) -> None:
    folder = str(swept("{kind: lhs, points: 100}", design))
    assert "does not fill the space" in refused(folder, "--success", WINS)


# --- words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sides", "told"),
    [
        ([("politics.support", "above", 0.6123, ())], "politics.support is above 0.612"),
        ([("pmo.staff", "above", 12.0, ())], "pmo.staff is at least 12 persons"),
        (
            [("pmo.staff", "below", 12.0, ()), ("pmo.staff", "above", 5.0, ())],
            "pmo.staff is from 5 to 12 persons",
        ),
        (
            [("procurement.rule", "in", np.nan, ("a", "b", "c")), ("poc.cost", "below", 2.5, ())],
            "procurement.rule is a, b or c and poc.cost is below 2.5 NT$ m",
        ),
        (
            [("lever", "in", np.nan, ("problem_led",)), ("a", "above", 1.0, ()), ("b", "below", 1.0, ())],
            "lever is problem_led, a is above 1 and b is below 1",
        ),
    ],
)
def test_sides_in_words(sides: list[tuple[Any, ...]], told: str) -> None:
    assert discovery.conditions([Restriction(*side, quasi_p=0.0) for side in sides]) == told

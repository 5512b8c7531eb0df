"""Search: a small case that can be enumerated, kills, workers, files that are wrong."""

from __future__ import annotations

import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis.figures import SEARCHES
from analysis.pareto import Front, dominated
from experiments import cli
from experiments.crew import Engine
from experiments.memo import Memo
from experiments.search import found, loop, task
from experiments.search.loop import MEMO
from experiments.uncertainties import Choice, Integers, LogUniform, Uncertainty, Uniform
from sim.errors import InputError, OutputError, ScenarioError
from sim.scenario import load
from tests import trades

SEARCH = """
question: Which office, under which award rule?
base: taipei_stage1
levers:
  pmo.staff: [1, 8]
  procurement.rule: [best_value, lowest_price, design_contest]
  pmo.strictness: {kind: choice, values: [0.1, 0.2, 0.3, 0.4, 0.5]}
uncertainties: {needs.arrival: [0.5, 1.5]}
worlds: 2
objectives: {value_delivered: more, money_spent: less}
thresholds: {money_spent: 6}
replications: 2
most_replications: 6
population: 12
generations: 8
seed: 3
"""

GRID = list(product(range(1, 9), trades.RULES, (0.1, 0.2, 0.3, 0.4, 0.5)))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "office.yaml").write_text(SEARCH, encoding="utf-8")
    return tmp_path


def changed(*pairs: tuple[str, str]) -> Path:
    text = SEARCH
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    Path("changed.yaml").write_text(text, encoding="utf-8")
    return Path("changed.yaml")


def plain(scenario: Any, seed: int) -> Any:
    return trades.run(scenario, seed, noise=0.0)


def searched(file: str | Path = "office.yaml", simulate: Any = plain, **more: Any) -> loop.Outcome:
    return loop.search(task.load(file), Path("results"), Engine(1, 100, simulate), **more)


def chosen(outcome: loop.Outcome) -> set[tuple[Any, ...]]:
    return {tuple(outcome.tried[place].settings.values()) for place in outcome.found}


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- who is beaten, regret, thresholds: by hand --------------------------------------------------


def test_dominated_by_hand() -> None:
    costs = np.array([[1.0, 4.0], [2.0, 2.0], [2.0, 2.0], [2.0, 3.0], [4.0, 1.0], [0.0, np.inf]])
    assert dominated(costs).tolist() == [False, False, False, True, False, True]


def front() -> Front:
    """Two policies, two replications, two worlds; more of the first objective, less of the second."""
    one = [[[10, 5], [20, 5]], [[12, 5], [22, 5]]]
    two = [[[14, 9], [14, 9]], [[14, 9], [16, 9]]]
    base = [[[9, 6], [19, 6]], [[9, 6], [19, 6]]]
    return Front(
        ("p01", "p02"), ("value_delivered", "money_spent"), (True, False),
        np.array([one, two], dtype=float), np.array(base, dtype=float), np.empty((0, 2, 2, 2)),
    )  # fmt: skip


def test_front_by_hand() -> None:
    told = front()
    assert told.levels.mean.tolist() == [[16.0, 5.0], [14.5, 9.0]]
    # of the first: 15 and 17 in two replications, deviation √2, standard error 1, t of one degree 12.7
    assert told.levels.half[0] == pytest.approx([12.706, 0.0], abs=1e-3)
    assert told.gains.mean.tolist() == [[2.0, -1.0], [0.5, 3.0]]
    assert told.by_world[:, :, 0].tolist() == [[11.0, 21.0], [14.0, 15.0]]
    assert told.regrets[:, :, 0].tolist() == [[3.0, 0.0], [0.0, 6.0]]
    assert told.regrets[:, :, 1].tolist() == [[0.0, 0.0], [4.0, 4.0]]
    # gaps: value from 15 to 21 in the second world, money from 5 to 9
    assert told.worst.tolist() == [0.5, 1.0]
    assert told.satisficing([12.0, None]).tolist() == [[False, True], [True, True]]
    assert told.satisficing([12.0, 8.0]).tolist() == [[False, True], [False, False]]
    assert told.beats_base.tolist() == [True, False]
    assert told.staying(1).tolist() == [1.0, 0.0]


def test_what_is_not_defined_is_worst() -> None:
    values = front().values.copy()
    values[1, :, 1, 0] = np.nan
    told = replace(front(), values=values)
    assert told.worst[1] == 1.0
    assert told.satisficing([0.0, None])[1].tolist() == [True, False]
    assert told.levels.mean[1, 0] == 14.0


# --- the search finds what an enumeration finds --------------------------------------------------


def truth() -> set[tuple[Any, ...]]:
    """The Pareto set of the whole grid; worlds are symmetric about an arrival that they have on average."""
    arrival = np.mean([world["needs.arrival"] for world in task.load("office.yaml").worlds])
    costs = np.array([trades.truth(*each, float(arrival)) for each in GRID]) * [-1, 1]
    return {each for each, beaten in zip(GRID, dominated(costs), strict=True) if not beaten}


@pytest.mark.parametrize("method", ["nsga2", "nsga3"])
def test_the_search_finds_the_true_pareto_set(method: str) -> None:
    outcome = searched(changed(("seed: 3", f"seed: 3\nmethod: {method}")))
    assert chosen(outcome) == truth()
    assert len(truth()) == 8
    assert len(outcome.tried) <= 96 < len(GRID)
    assert all(outcome.tried[place].replications == 6 for place in outcome.found)


def test_a_noisy_search_comes_near() -> None:
    outcome = searched(simulate=trades.run)
    assert len(chosen(outcome) & truth()) >= 0.8 * len(truth())


def test_few_candidates_are_all_tried() -> None:
    file = changed(("[1, 8]", "[1, 2]"), ("generations: 8", "generations: 40"))
    outcome = searched(file)
    assert outcome.exhausted
    assert len({tuple(each.settings.values()) for each in outcome.tried}) == len(outcome.tried) == 30


def test_luck_of_the_seeds_favours_nobody() -> None:
    """Those that were sampled longer met other seeds; without noise of their own they cost the same."""
    asked = task.load("office.yaml")
    with Memo.open(Path(MEMO)) as memo:
        search = loop._Searching(asked, memo, Engine(simulate=plain), None, lambda *_: None)
        settings = {"pmo.staff": 7, "procurement.rule": "best_value", "pmo.strictness": 0.2}
        short, long = search._candidate(settings, 1), search._candidate(settings, 1)
        search._sample([(search._outcome.base, asked.most), (long, 6)])
        search._sample([(short, 2)])
        assert search._costs([short]) == pytest.approx(search._costs([long]))
        assert short.values.mean() != pytest.approx(long.values.mean())


# --- resuming, workers ---------------------------------------------------------------------------


def test_one_and_two_workers_come_to_the_same(here: Path) -> None:
    trades.made("office.yaml", Path("one"), 1)
    trades.made("office.yaml", Path("two"), 2)
    assert files(Path("one/found")) == files(Path("two/found"))
    assert len(files(Path("one/found"))) > 10


def test_it_goes_on_after_a_kill(here: Path) -> None:
    file = str(here / changed(("generations: 8", "generations: 3")))
    words = [sys.executable, "-m", "tests.trades", file, "killed", "2", "0.02"]
    process = subprocess.Popen(
        words, cwd=here, env={"PYTHONPATH": str(Path(__file__).parents[1]), "PATH": ""}
    )
    while runs(here / "killed") < 60:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    had = runs(here / "killed")
    assert not (here / "killed" / "found").exists()
    again, whole = (
        trades.made(file, here / "killed", 1),
        trades.made(file, here / "whole", 1),
    )
    assert again.made == whole.made - had
    assert files(here / "killed" / "found") == files(here / "whole" / "found")
    assert trades.made(file, here / "whole", 1).made == 0


def runs(folder: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{folder / MEMO}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM runs").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def test_a_longer_search_makes_the_rest_only(here: Path) -> None:
    first = searched()
    longer = searched(changed(("generations: 8", "generations: 9")))
    assert first.made > longer.made == longer.runs - first.made > 0


def test_a_folder_of_something_else_is_refused(here: Path) -> None:
    (here / "results").mkdir()
    (here / "results" / "thesis.txt").touch()
    with pytest.raises(OutputError, match="holds no search"):
        searched()


def test_runs_of_other_code_are_refused(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Memo.open(here / MEMO) as memo:
        assert len(memo) == 0
    monkeypatch.setattr("experiments.provenance.code_of_outcomes", lambda: "other")
    with pytest.raises(InputError, match="other code"), Memo.open(here / MEMO):
        pass


def test_a_damaged_memory_is_told(here: Path) -> None:
    (here / MEMO).write_bytes(b"no database at all " * 100)
    with pytest.raises(InputError, match="is damaged"), Memo.open(here / MEMO):
        pass


# --- runs that fail ------------------------------------------------------------------------------


def test_a_candidate_that_fails_is_left_out() -> None:
    outcome = searched(simulate=trades.brittle)
    bad = [each for each in outcome.tried if each.settings["pmo.staff"] == 7]
    assert bad
    assert all(each.failed for each in bad)
    assert outcome.failures[0].error == "ValueError: seven is unlucky"
    assert not {7} & {staff for staff, *_ in chosen(outcome)}


def test_a_measure_that_nobody_has_is_told() -> None:
    with pytest.raises(InputError, match="no candidate has a value of days_to_poc"):
        searched(changed(("money_spent: less", "days_to_poc: less"), ("{money_spent: 6}", "{}")))


# --- levers --------------------------------------------------------------------------------------


def lever(path: str, distribution: Any, kind: type) -> task.Lever:
    return task.Lever(path, Uncertainty(path, distribution, kind))


def test_genes_become_values() -> None:
    staff = lever("pmo.staff", Integers(kind="integers", low=5, high=30), int)
    assert [staff.gene(0.0), staff.value(17), staff.gene(0.999)] == [5, 17, 30]
    strictness = lever("pmo.strictness", Uniform(low=0.12345, high=0.6789), float)
    assert [strictness.value(u) for u in (0.0, 0.5, 1.0)] == [0.12345, 0.401, 0.6789]
    cost = lever("poc.cost", LogUniform(kind="loguniform", low=0.1, high=10), float)
    assert cost.value(0.5) == 1.0
    rule = lever("procurement.rule", Choice(kind="choice", values=["a", "b", "c"]), str)
    assert [rule.value(rule.gene(u)) for u in (0.0, 0.4, 0.99)] == ["a", "b", "c"]


# --- scenario files ------------------------------------------------------------------------------

OWN = """
question: What if the rules change on the way?
extends: taipei_stage1
set: {pmo.staff: 12}
timeline:
  - at: 2018-01-01
    set: {politics.support: 0.4}
    policies: [training]
"""


@pytest.mark.parametrize("base", ["taipei_stage1", "own"])
def test_a_policy_is_a_scenario_that_says_the_same(base: str, here: Path) -> None:
    (here / "own.yaml").write_text(OWN, encoding="utf-8")
    file = changed(
        ("base: taipei_stage1", f"base: {base}"), ("levers:", "policies: [problem_led]\nlevers:"),
        ("seed: 3", "seed: 3\nset: {poc.cost: 2}"),
    )  # fmt: skip
    asked = task.load(file)
    for on in (True, False):
        settings = {"pmo.staff": 7, "procurement.rule": "lowest_price", "pmo.strictness": 0.1}
        settings["policy.problem_led"] = on
        text, wanted = found.scenario_file(asked, settings, "changed_p01", "Found.")
        Path("changed_p01.yaml").write_text(text, encoding="utf-8")
        made = load("changed_p01.yaml")
        assert made == wanted
        assert made.parameters == asked.scenario(settings, "x").parameters
        assert ("problem_led" in made.policies) == on
        assert all(("problem_led" in change.policies) == on for change in made.timeline if change.policies)
        assert made.parameters.at("poc.cost") == 2
    assert text.startswith("question:")


# --- files that are wrong ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("pmo.staff", "pmo.staf", "5: pmo.staf: unknown parameter (did you mean 'pmo.staff'?)"),
        ("[1, 8]", "[1, 4000]", "5: pmo.staff: must be at most"),
        ("[1, 8]", "{kind: normal, mean: 10, sd: 3}", "5: pmo.staff: a lever is chosen"),
        ("needs.arrival: [0.5, 1.5]", "pmo.staff: [1, 9]", "8: pmo.staff: is a lever, so"),
        ("worlds: 2", "", "8: uncertainties: need 'worlds': in how many"),
        ("uncertainties: {needs.arrival: [0.5, 1.5]}\n", "", "8: worlds: has no uncertainties"),
        ("value_delivered", "value_deliverd", "10: value_deliverd: unknown measure (did you mean 'value_d"),
        ("value_delivered: more, ", "", "10: objectives: there is nothing to trade off"),
        ("money_spent: less", "money_spent: low", "10: money_spent: must be 'more' or 'less', not 'low'"),
        ("{money_spent: 6}", "{money_wasted: 6}", "11: money_wasted: is no objective of this search"),
        ("replications: 2", "replications: 1", "replications: must lie between 2 and 10,000, not 1"),
        ("most_replications: 6", "most_replications: 1", "13: most_replications: must be at least 2"),
        ("population: 12", "population: 2", "14: population: must lie between 4 and 1,000, not 2"),
        ("generations: 8", "generatons: 4", "15: generatons: unknown key (did you mean 'generations'?)"),
        ("generations: 8", "generations: 9999\nworlds: 9999", "16: worlds: given twice"),
        ("seed: 3", "seed: -1", "16: seed: must lie between 0"),
        ("seed: 3", "set: {pmo.staff: 3}", "16: pmo.staff: is a lever of this search"),
        ("seed: 3", "set: {needs.arrival: 3}", "16: needs.arrival: is an uncertainty"),
        ("seed: 3", "policies: [problem_lead]", "16: policies: unknown policy 'problem_lead' (did you mean"),
        ("seed: 3", "policies: [hub, hub]", "16: policies: 'hub' is given twice"),
        ("seed: 3", "method: annealing", "16: method: must be 'nsga2' or 'nsga3', not 'annealing'"),
        ("taipei_stage1", "taipei_stage", "3: base: unknown scenario 'taipei_stage' (did you mean"),
        ("base: taipei_stage1\n", "", "base: is missing"),
    ],
)
def test_wrong_files_are_told_in_one_line(old: str, new: str, told: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        task.load(changed((old, new)))
    assert str(caught.value).startswith("changed.yaml:")
    assert told in str(caught.value)


def test_worlds_come_from_a_table_too() -> None:
    Path("posterior.csv").write_text("needs.arrival,poc.cost\n1,2\n1.5,1\n", encoding="utf-8")
    file = changed(
        ("uncertainties: {needs.arrival: [0.5, 1.5]}\n", ""), ("worlds: 2", "worlds: posterior.csv")
    )
    assert task.load(file).worlds == (
        {"needs.arrival": 1.0, "poc.cost": 2.0}, {"needs.arrival": 1.5, "poc.cost": 1.0},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("pmo.staff", "changed.yaml:8: worlds: posterior.csv: pmo.staff is a lever"),
        ("pmo.stuff", "posterior.csv:1: pmo.stuff: unknown parameter (did you mean 'pmo.staff'?)"),
        ("", "posterior.csv"),
        (None, "changed.yaml:8: worlds: posterior.csv: cannot be read: No such file or directory"),
    ],
)
def test_wrong_tables_of_worlds_are_told(header: str | None, told: str) -> None:
    if header is not None:
        Path("posterior.csv").write_text(f"{header}\n1\n", encoding="utf-8")
    file = changed(
        ("uncertainties: {needs.arrival: [0.5, 1.5]}\n", ""), ("worlds: 2", "worlds: posterior.csv")
    )
    with pytest.raises(ScenarioError) as caught:
        task.load(file)
    assert str(caught.value).startswith(told)


def test_nothing_to_choose_is_told() -> None:
    text = re.sub(r"levers:\n.*\n.*\n.*\n", "", SEARCH)
    Path("none.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match="there is nothing to choose"):
        task.load("none.yaml")


def test_the_shipped_search_is_valid() -> None:
    asked = task.load("taipei_policies")
    assert asked.method == "nsga3"
    assert len(asked.objectives) == 5


# --- the command ---------------------------------------------------------------------------------


def call(*words: str) -> Any:
    return CliRunner().invoke(cli.app, ["search", *words], prog_name="cityfunnel")


def test_the_command_writes_policies_that_run(monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    real = loop.search

    def quick(asked: Any, folder: Path, engine: Any, watch: Any) -> loop.Outcome:
        return real(asked, folder, Engine(1, 100, trades.run), watch)

    monkeypatch.setattr(loop, "search", quick)
    done = call("office.yaml")
    assert done.exit_code == 0, done.output
    place = here / "results" / "office" / "found"
    policies = pd.read_csv(place / "policies.csv")
    assert {"policy", "pmo.staff", "procurement.rule", "value_delivered", "meets_thresholds"} <= set(policies)
    assert len(pd.read_csv(place / "worlds.csv")) == 2 * len(policies)
    assert len(pd.read_csv(place / "objectives.csv")) == 2 * len(policies)
    assert len(list((place / "scenarios").iterdir())) == len(policies)
    assert (place / "figures" / "parallel.png").stat().st_size > 10_000
    assert "p01 has the most value delivered" in done.output
    assert "Thresholds are met in most worlds by p0" in done.output
    file = str(place / "scenarios" / "office_p01.yaml")
    assert CliRunner().invoke(cli.app, ["check", file]).exit_code == 0
    assert "office_p01" in CliRunner().invoke(cli.app, ["run", file, "-n", "1", "--no-figures"]).output


def test_dry_run_counts_and_writes_nothing(here: Path) -> None:
    done = call("office.yaml", "--dry-run")
    assert done.exit_code == 0
    assert "office · 3 levers · 2 worlds · up to 96 candidates" in done.output
    assert "Runs: 396, and up to 480 more runs to sample the best longer" in done.output
    assert not (here / "results").exists()


@pytest.mark.parametrize(
    ("error", "code", "how"), [(KeyboardInterrupt, 130, "interrupted"), (SystemExit, 143, "terminated")]
)
def test_ctrl_c_says_how_to_go_on(
    error: type[BaseException], code: int, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(asked: Any, folder: Any, engine: Any, watch: Any) -> None:
        watch(1200, 5000)
        raise error

    monkeypatch.setattr(loop, "search", stopped)
    done = call("office.yaml")
    assert done.exit_code == code
    assert f"{how}; 1,200 runs are kept; the same command goes on" in done.output


def test_a_missing_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymoo", None)
    done = call("office.yaml")
    assert done.exit_code == 2
    assert (
        done.output.splitlines()[-1] == "cityfunnel: search: needs pymoo: pip install 'cityfunnel[insight]'"
    )


def test_the_chart_tells_what_is_best() -> None:
    sheet = SEARCHES["parallel"].function(front(), "A caption.")
    told = [text.get_text() for text in sheet.texts]
    assert told[0] == "2 policies that none other beats; p01 is regretted least"
    (legend,) = sheet.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "base", "p01: least regret, most value delivered, least money spent",
    ]  # fmt: skip

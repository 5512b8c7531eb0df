from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.measures import MEASURES
from experiments.columns import described, policies
from experiments.study import MOST, Study, load_study
from experiments.uncertainties import Choice, Integers, LogUniform, Normal, Triangular, Uniform
from sim.errors import InputError, ParameterError
from sim.events import CaseRecord, Event

BASIC = """\
question: Which?
base: taipei_stage1_bottom_up
levers: [taipei_stage1_bottom_up, problem_led]
uncertainties:
  pmo.staff: [5, 30]
  needs.arrival:
outcomes: [needs_solved]
design: {kind: lhs, points: 4}
replications: 3
seed: 7
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def study(text: str = BASIC, settings: dict[str, Any] | None = None) -> Study:
    Path("study.yaml").write_text(text, encoding="utf-8")
    return load_study("study.yaml", settings)


def changed(old: str, new: str) -> str:
    assert old in BASIC
    return BASIC.replace(old, new)


# --- what a study is ----------------------------------------------------------------------------


def test_a_study_says_what_it_is() -> None:
    found = study()
    assert (found.name, found.question) == ("study", "Which?")
    assert [lever.name for lever in found.levers] == ["taipei_stage1_bottom_up", "problem_led"]
    assert found.paths == ("pmo.staff", "needs.arrival")
    assert found.outcomes == ("needs_solved",)
    assert (found.points, found.size) == (4, 2 * 4 * 3)
    assert found.notes == ()


def test_a_study_that_comes_with_the_project_is_found_by_name() -> None:
    assert load_study("intake_and_staff").size == 2560


def test_all_measures_are_outcomes_unless_some_are_named() -> None:
    assert study(changed("outcomes: [needs_solved]\n", "")).outcomes == tuple(MEASURES)


def test_without_uncertainties_there_is_one_point() -> None:
    text = re.sub(r"uncertainties:\n.*\n.*\n", "", BASIC).replace("design: {kind: lhs, points: 4}\n", "")
    found = study(text)
    assert list(found.at()) == [{}]
    assert found.size == 6


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("[5, 30]", Integers(kind="integers", low=5, high=30)),
        ("", Integers(kind="integers", low=0, high=500)),
        ("{kind: integers, low: 1, high: 9}", Integers(kind="integers", low=1, high=9)),
        ("{kind: choice, values: [10, 20]}", Choice(kind="choice", values=[10, 20])),
        ("{kind: loguniform, low: 1, high: 100}", LogUniform(kind="loguniform", low=1, high=100)),
        (
            "{kind: triangular, low: 1, mode: 2, high: 9}",
            Triangular(kind="triangular", low=1, high=9, mode=2),
        ),
        ("{kind: normal, mean: 20, sd: 5}", Normal(kind="normal", mean=20, sd=5, low=0, high=500)),
        ("{kind: normal, mean: 20, sd: 5, low: 10}", Normal(kind="normal", mean=20, sd=5, low=10, high=500)),
    ],
)
def test_an_uncertainty_is_a_range_or_a_distribution(said: str, kind: object) -> None:
    found = study(changed("pmo.staff: [5, 30]", f"pmo.staff: {said}"))
    assert found.uncertainties[0].distribution == kind


def test_a_switch_or_a_rule_may_be_uncertain() -> None:
    found = study(changed("needs.arrival:", "poc.required:\n  procurement.rule: [best_value, lowest_price]"))
    kinds = {each.path: each.distribution for each in found.uncertainties}
    assert kinds["poc.required"] == Choice(kind="choice", values=[False, True])
    assert kinds["procurement.rule"] == Choice(kind="choice", values=["best_value", "lowest_price"])
    assert kinds["pmo.staff"] != Uniform(low=5, high=30)


def test_what_is_set_holds_for_every_lever() -> None:
    found = study(BASIC + "set: {pmo.strictness: 0.9}\n", {"poc.days": 30})
    assert {lever.parameters.pmo.strictness for lever in found.levers} == {0.9}
    assert {lever.parameters.poc.days for lever in found.levers} == {30.0}


def test_a_study_may_be_shorter_than_its_scenarios() -> None:
    found = study(BASIC + "start: 2016-06-01\nend: 2018-01-01\n")
    for lever in found.levers:
        assert (lever.start, lever.end, lever.elections) == (date(2016, 6, 1), date(2018, 1, 1), ())


def test_a_policy_is_added_to_the_base_from_start_to_end() -> None:
    Path("dated.yaml").write_text(
        "question: q\nextends: taipei_stage1\ntimeline: [{at: 2018-01-01, policies: [no_poc]}]\n"
    )
    found = study(changed("base: taipei_stage1_bottom_up", "base: dated"))
    lever = found.levers[1]
    assert (lever.name, lever.policies) == ("problem_led", ("problem_led",))
    assert lever.timeline[-1].policies == ("no_poc", "problem_led")
    assert policies(found.levers) == {"problem_led": [False, True], "no_poc": [False, True]}


def test_a_scenario_is_looked_for_beside_the_study(tmp_path: Path) -> None:
    folder = tmp_path / "deep"
    folder.mkdir()
    (folder / "mine.yaml").write_text("question: q\nextends: taipei_stage1\n")
    (folder / "s.yaml").write_text("question: q\nlevers: [mine]\n")
    assert load_study(folder / "s.yaml").levers[0].name == "mine"


def test_points_may_come_from_a_table() -> None:
    Path("points.csv").write_text(
        "pmo.staff, poc.required, procurement.rule\n7, true, lowest_price\n\n8,FALSE,best_value\n"
    )
    found = study("question: q\nlevers: [taipei_stage1]\ndesign: {kind: list, file: points.csv}\n")
    assert list(found.at()) == [
        {"pmo.staff": 7, "poc.required": True, "procurement.rule": "lowest_price"},
        {"pmo.staff": 8, "poc.required": False, "procurement.rule": "best_value"},
    ]
    assert found.paths == ("pmo.staff", "poc.required", "procurement.rule")


def test_notes_say_where_a_number_does_not_reach() -> None:
    Path("two.yaml").write_text(
        "question: q\nextends: taipei_stage1_bottom_up\nset: {pmo.staff: 9}\n"
        "cities: {Taipei: {}, Tainan: {needs.arrival: 1}}\n"
        "timeline: [{at: 2018-01-01, set: {pmo.staff: 12}}]\n"
    )
    told = " | ".join(study(changed("bottom_up, problem_led", "bottom_up, two")).notes)
    assert "pmo.staff holds in 'two' until 2018-01-01" in told
    assert "needs.arrival does not reach Tainan in 'two'" in told
    assert "pmo.staff differs between the levers (taipei_stage1_bottom_up: 20, two: 9)" in told


# --- jobs ---------------------------------------------------------------------------------------


def ids(found: Study) -> list[str]:
    return [job.id for job in found.jobs()]


def test_jobs_are_levers_points_and_replications() -> None:
    jobs = list(study().jobs())
    assert [job[1:] for job in jobs] == [
        (lever, point, replication, 6 + replication)
        for lever in (0, 1) for point in (1, 2, 3, 4) for replication in (1, 2, 3)
    ]  # fmt: skip
    assert len({job.id for job in jobs}) == len(jobs)


def test_a_job_has_the_same_id_every_time() -> None:
    assert ids(study()) == ids(study())


def test_remarks_do_not_change_a_job() -> None:
    assert ids(study(changed("question: Which?", "question: What else?"))) == ids(study())
    assert ids(study(changed("outcomes: [needs_solved]", "outcomes: [projects]"))) == ids(study())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("replications: 3", "replications: 5"),
        ("points: 4", "points: 8"),
        ("bottom_up, problem_led]", "bottom_up, problem_led, no_poc]"),
        ("levers: [taipei_stage1_bottom_up, problem_led]", "levers: [problem_led, taipei_stage1_bottom_up]"),
    ],
)
def test_an_extended_study_has_the_old_jobs(old: str, new: str) -> None:
    assert set(ids(study())) <= set(ids(study(changed(old, new))))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("seed: 7", "seed: 17"),
        ("needs.arrival:", "needs.arrival: [0, 3]"),
        ("seed: 7", "seed: 7\nset: {poc.days: 100}"),
        ("seed: 7", "seed: 7\nend: 2018-01-01"),
    ],
)
def test_another_study_has_other_jobs(old: str, new: str) -> None:
    assert not set(ids(study())) & set(ids(study(changed(old, new))))


def test_a_point_that_comes_twice_has_runs_of_its_own() -> None:
    Path("points.csv").write_text("pmo.staff\n7\n7\n")
    found = study("question: q\nlevers: [taipei_stage1]\ndesign: {kind: list, file: points.csv}\n")
    assert len(set(ids(found))) == 2


# --- what is refused ----------------------------------------------------------------------------

WRONG: list[tuple[str, str, str]] = [
    ("question: Which?\n", "", "study.yaml:1: question: is missing"),
    ("question: Which?", "question:", "study.yaml:1: question: has no value"),
    ("seed: 7", "sead: 7", "study.yaml:10: sead: unknown key (did you mean 'seed'?)"),
    (
        "levers: [taipei_stage1_bottom_up, problem_led]",
        "levers: []",
        "study.yaml:3: levers: must not be empty",
    ),
    (
        "bottom_up, problem_led]",
        "bottom_up, problem_let]",
        "study.yaml:3: levers: unknown scenario 'problem_let'",
    ),
    (
        "bottom_up, problem_led]",
        "bottom_up, problem_led, problem_led]",
        "levers: 'problem_led' is given twice",
    ),
    ("base: taipei_stage1_bottom_up\n", "", "levers: 'problem_led' is a policy; give the scenario"),
    ("base: taipei_stage1_bottom_up", "base: taipei", "study.yaml:2: base: unknown scenario 'taipei'"),
    ("pmo.staff:", "pmo.stuff:", "study.yaml:5: pmo.stuff: unknown parameter (did you mean 'pmo.staff'?)"),
    ("[5, 30]", "[30, 5]", "study.yaml:5: pmo.staff: 'high' must be above 'low'"),
    ("[5, 30]", "[5, 30, 40]", "study.yaml:5: pmo.staff: must be [low, high]"),
    ("[5, 30]", "[5, many]", "study.yaml:5: pmo.staff: must be [low, high]"),
    ("[5, 30]", "[5.5, 30]", "study.yaml:5: pmo.staff: the parameter is a whole number"),
    ("[5, 30]", "[5, 3000]", "study.yaml:5: pmo.staff: must be at most 500"),
    ("[5, 30]", "7", "study.yaml:5: pmo.staff: must be [low, high], {kind: ...}, or nothing"),
    ("[5, 30]", "{low: 5, high: 30}", "study.yaml:5: pmo.staff: 'kind' is missing"),
    ("[5, 30]", "{kind: unifrom, low: 5, high: 30}", "there is no kind 'unifrom' (did you mean 'uniform'?)"),
    ("[5, 30]", "{kind: uniform, low: 5}", "study.yaml:5: pmo.staff: high: is missing"),
    (
        "[5, 30]",
        "{kind: uniform, low: 5, high: x}",
        "study.yaml:5: pmo.staff: high: must be a number, not 'x'",
    ),
    ("[5, 30]", "{kind: uniform, low: 5, hihg: 9}", "hihg: unknown key (did you mean 'high'?)"),
    ("[5, 30]", "{kind: loguniform, low: 0, high: 9}", "'low' must be above 0"),
    ("[5, 30]", "{kind: normal, mean: 20, sd: 0}", "'sd' must be above 0"),
    ("[5, 30]", "{kind: normal, mean: -900, sd: 1}", "'mean' lies too far outside of the range"),
    ("[5, 30]", "{kind: triangular, low: 5, mode: 50, high: 30}", "'mode' must lie between 'low' and 'high'"),
    ("[5, 30]", "{kind: choice, values: [5]}", "'values' must be two values or more, each once"),
    ("[5, 30]", "{kind: choice, values: [5, many]}", "pmo.staff: must be a whole number"),
    (
        "[needs_solved]",
        "[needs_sloved]",
        "study.yaml:7: outcomes: unknown measure 'needs_sloved' (did you mean",
    ),
    ("[needs_solved]", "[needs_solved, needs_solved]", "outcomes: 'needs_solved' is given twice"),
    ("design: {kind: lhs, points: 4}\n", "", "design: is missing: which points of the uncertainties?"),
    ("kind: lhs", "kind: lsh", "study.yaml:8: kind: must be 'full_factorial', 'lhs'"),
    ("{kind: lhs, points: 4}", "{kind: lhs}", "study.yaml:8: points: 'points' is missing; 'lhs' needs it"),
    ("points: 4", "points: 4, levels: 3", "levels: does not belong to a design of kind 'lhs'"),
    ("points: 4", "points: 0", "points: must be at least 1, not 0"),
    ("kind: lhs, points: 4", "kind: morris, points: 4, levels: 3", "levels: must be an even number"),
    ("kind: lhs, points: 4", "kind: full_factorial, levels: 1", "levels: must be at least 2, not 1"),
    ("kind: lhs, points: 4", "kind: list, file: none.csv", "file: none.csv: cannot be read: No such file"),
    ("points: 4", "points: 9999999", "design: makes 59,999,994 runs; at most 10,000,000 are possible"),
    ("replications: 3", "replications: 0", "study.yaml:9: replications: must be at least 1, not 0"),
    ("replications: 3", "replications: 9999999", "replications: makes 79,999,992 runs"),
    ("seed: 7", "seed: -1", "study.yaml:10: seed: seeds go from 0 to"),
    ("seed: 7", "seed: 7\nset: {pmo.staff: 9}", "study.yaml:11: pmo.staff: is an uncertainty"),
    ("seed: 7", "seed: 7\nset: {poc.days: 9}", "poc.days: must be at least 14"),
    ("seed: 7", "seed: 7\nend: 2010-01-01", "study.yaml:11: end: 'taipei_stage1_bottom_up' would run from"),
    ("seed: 7", "seed: 7\nend: 2090-01-01", "end: a run is at most 30 years long"),
    (
        "uncertainties:\n  pmo.staff: [5, 30]\n  needs.arrival:\n",
        "",
        "design: has no uncertainties to choose points of",
    ),
]


@pytest.mark.parametrize(("old", "new", "told"), WRONG)
def test_what_cannot_be_meant_is_refused_with_file_line_and_key(old: str, new: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        study(changed(old, new))
    assert told in str(caught.value)
    assert caught.value.file == "study.yaml"
    assert caught.value.line is not None


def test_a_fault_in_a_scenario_is_told_where_it_is() -> None:
    Path("mine.yaml").write_text("question: q\nextends: taipei_stage1\nset:\n  pmo.stuff: 3\n")
    with pytest.raises(InputError, match=r"mine.yaml:4: pmo.stuff: unknown parameter"):
        study(changed("bottom_up, problem_led", "bottom_up, mine"))


def test_a_setting_of_an_uncertainty_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"--set pmo.staff: is an uncertainty of this study"):
        study(settings={"pmo.staff": 9})


def test_a_start_after_a_change_of_the_timeline_is_refused() -> None:
    Path("dated.yaml").write_text(
        "question: q\nextends: taipei_stage1\ntimeline: [{at: 2016-05-01, set: {pmo.staff: 9}}]\n"
    )
    with pytest.raises(InputError, match="start: lies after 2016-05-01, when the timeline of 'dated'"):
        study("question: q\nlevers: [dated]\nstart: 2017-01-01\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "must name parameters, each once"),
        ("pmo.stuff\n7\n", r"points.csv:1: pmo.stuff: unknown parameter \(did you mean 'pmo.staff'\?\)"),
        ("pmo.staff,pmo.staff\n7,7\n", "must name parameters, each once"),
        ("pmo.staff\n", "holds no points"),
        ("pmo.staff\n7,8\n", "points.csv:2: has 2 values; the first line names 1"),
        ("pmo.staff\n7\n7.5\n", "points.csv:3: pmo.staff: must be a whole number"),
        ("pmo.staff\nmany\n", "points.csv:2: pmo.staff: must be a whole number"),
        ("pmo.staff\n700\n", "points.csv:2: pmo.staff: must be at most 500"),
        ('pmo.staff\n"7\n', "not valid CSV"),
    ],
)
def test_a_table_of_points_that_cannot_be_meant_is_refused(text: str, told: str) -> None:
    Path("points.csv").write_text(text)
    with pytest.raises(InputError, match=told):
        study("question: q\nlevers: [taipei_stage1]\ndesign: {kind: list, file: points.csv}\n")


def test_a_table_of_points_must_name_the_uncertainties() -> None:
    Path("points.csv").write_text("pmo.staff\n7\n")
    with pytest.raises(InputError, match="must name the uncertainties of the study"):
        study(changed("kind: lhs, points: 4", "kind: list, file: points.csv"))


@pytest.mark.parametrize("name", ["nothing", "nothing.yaml", "./nothing"])
def test_a_study_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(
        InputError, match=r"unknown study 'nothing'; known are intake_and_staff|no such study file"
    ):
        load_study(name)


def read_or_refused(text: str) -> bool:
    """Whether there is a study in a text; every other answer than one error in one line is a fault."""
    try:
        return 0 < study(text).size <= MOST
    except InputError as error:
        return bool(str(error)) and "\n" not in str(error)


@given(st.text(max_size=200))
def test_whatever_a_file_holds_the_answer_is_a_study_or_one_error(text: str) -> None:
    assert read_or_refused(text)


VALUES = ["", "x", "[", "{a: 1}", "[1, 2]", "null", "1e400", "-3", "{kind: list}", "[[]]"]


@given(st.sampled_from(BASIC.splitlines()), st.sampled_from(VALUES))
def test_whatever_a_value_is_replaced_by_the_answer_is_a_study_or_one_error(line: str, value: str) -> None:
    assert read_or_refused(BASIC.replace(line, f"{line.partition(':')[0]}: {value}"))


# --- columns ------------------------------------------------------------------------------------


def test_every_column_is_described() -> None:
    lines = described(study(), ("outcomes", "runs", "cases", "events")).splitlines()
    rows = [line.split(",")[:2] for line in lines[1:]]
    by_table = {table: [column for at, column in rows if at == table] for table, _ in rows}
    head = ["scenario", "seed", "point"]
    assert by_table["cases"] == [*head, *CaseRecord._fields]
    assert by_table["events"] == [*head, "time", "date", *Event._fields[1:]]
    assert by_table["runs"] == [*head, "start", "days"]
    assert by_table["outcomes"] == [
        *("scenario", "policy.problem_led", "pmo.staff", "needs.arrival", "point", "replication", "seed"),
        *MEASURES,
    ]

"""Claims of the sources against the model, the findings, and the pages that both are written to."""

from __future__ import annotations

import re
from math import isnan, sqrt
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from analysis.measures import MEASURES, outcomes
from analysis.tables import tables
from experiments import cli, findings, pages, runner, systems
from experiments.claims import PATTERNS, PREDICTED, Claim, Claims, claims
from experiments.systems import AGREES, DISAGREES, UNCLEAR, Gathered, holm, judge
from sim.errors import InputError, OutputError, ScenarioError
from sim.events import CaseRecord, Event, EventLog
from sim.scenario import Scenario, available
from tests import markov

ROOT = Path(__file__).parents[1]


# --- claims as data -----------------------------------------------------------------------------

CLAIM = """\
parts:
  - title: one
    claims:
      - id: sandbox_days
        scenario: sandbox
        base: taipei_2016_2021
        measure: days_to_poc
        sign: less
        says: A sandbox minimises delays.
        source: R43
"""


def test_every_system_of_the_sources_has_a_claim() -> None:
    used = set(claims().worlds)
    assert [name for name in available() if not name.startswith("taipei_") and name not in used] == []


def test_every_pattern_from_8_to_16_is_tested() -> None:
    assert {claim.pattern for claim in claims().all} - {None} == set(PATTERNS) == set(range(8, 17))


def test_predicted_patterns_are_numbers_with_their_denominators() -> None:
    predicted = [claim for claim in claims().all if claim.predicted]
    assert {claim.pattern for claim in predicted} == set(PREDICTED)
    assert all(claim.value is not None for claim in predicted)


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("scenario: sandbox", "scenario: sandbx", 5, "scenario: unknown scenario 'sandbx' (did you mean"),
        ("days_to_poc", "days_to_pock", 7, "measure: unknown measure 'days_to_pock' (did you mean 'days_to"),
        ("sign: less", "sign: lesser", 8, "sign: must be 'more' or 'less', not 'lesser'"),
        ("        sign: less\n", "", 4, "id: a claim needs one of sign, value, and low with high"),
        ("sign: less", "sign: less\n        value: 3", 4, "id: a claim needs one of sign, value, and low"),
        ("        base: taipei_2016_2021\n", "", 7, "sign: needs a base, or than, to compare with"),
        ("sign: less", "value: 3", 6, "base: goes with sign"),
        ("source: R43", "source: r43", 10, "source: "),
        ("says:", "sayss:", 9, "sayss: unknown key (did you mean 'says'?)"),
        ("source: R43", "source: R43\n        pattern: 3", 11, "pattern: is none of 8, 9"),
    ],
)
def test_wrong_claims_are_told_with_file_line_and_key(
    tmp_path: Path, old: str, new: str, line: int, told: str
) -> None:
    file = tmp_path / "mine.yaml"
    assert old in CLAIM
    file.write_text(CLAIM.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ScenarioError, match=re.escape(f"{file}:{line}: {told}")):
        claims(file)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("low: 3", "low and high go together"),
        ("low: 3\n        high: 2", "must not be below low"),
        ("value: 1.5\n        of: 20", "goes with a value from 0 to 1"),
        ("value: 0.5\n        of: 20", "days_to_poc is no share"),
    ],
)
def test_wrong_numbers_are_told(tmp_path: Path, keys: str, told: str) -> None:
    file = tmp_path / "mine.yaml"
    text = CLAIM.replace("        base: taipei_2016_2021\n", "").replace("sign: less", keys)
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=told):
        claims(file)


def test_an_id_may_not_be_given_twice(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(CLAIM + CLAIM[CLAIM.index("      - id") :], encoding="utf-8")
    with pytest.raises(ScenarioError, match=r":11: id: 'sandbox_days' is given twice"):
        claims(file)


# --- judging ------------------------------------------------------------------------------------


def claim(**keys: object) -> Claim:
    base = {"id": "a", "scenario": "new", "measure": "projects", "says": "x", "source": "S01"}
    return Claim.model_validate({**base, **keys})


def runs(measure: str, whole: dict[str, list[float]] | None = None, **values: list[float]) -> Gathered:
    def frame(columns: dict[str, list[float]]) -> pd.DataFrame:
        parts = [
            pd.DataFrame({"scenario": name, "seed": range(len(cells)), measure: cells})
            for name, cells in columns.items()
        ]
        return pd.concat(parts, ignore_index=True)

    return Gathered(frame(values), frame(whole) if whole else pd.DataFrame({"scenario": [], "seed": []}))


def verdict(made: Gathered, one: Claim) -> str:
    (row,) = judge(Claims((("one", (one,)),), {}), made)
    return row.verdict


def test_a_sign_is_judged_by_the_interval_of_the_paired_difference() -> None:
    made = runs("projects", old=[1.0, 9.0, 4.0, 7.0], new=[3.0, 11.5, 5.5, 9.0])
    assert verdict(made, claim(base="old", sign="more")) == AGREES
    assert verdict(made, claim(base="old", sign="less")) == DISAGREES
    unpaired = runs("projects", old=[9.0, 1.0, 7.0, 4.0], new=[3.0, 11.5, 5.5, 9.0])
    assert verdict(unpaired, claim(base="old", sign="more")) == UNCLEAR


def test_runs_that_are_all_the_same_cannot_tell() -> None:
    made = runs("projects", old=[1.0, 9.0], new=[1.0, 9.0])
    (row,) = judge(Claims((("one", (claim(base="old", sign="more"),)),), {}), made)
    assert row.verdict == UNCLEAR
    assert "the same in every run" in systems.given(row)


def test_what_is_known_of_the_interval_of_a_difference() -> None:
    made = runs("projects", old=[0.0, 0.0, 0.0], new=[1.0, 2.0, 3.0])
    (row,) = judge(Claims((("one", (claim(base="old", sign="more"),)),), {}), made)
    assert (row.value, row.base, row.estimate, row.runs) == (2.0, 0.0, 2.0, 3)
    assert row.high - row.estimate == pytest.approx(4.302653 / sqrt(3))
    assert row.chance == pytest.approx(0.0742, abs=1e-4)  # t = 3.464 with 2 degrees of freedom


def test_bounds_and_ranges_are_held_against_the_interval_of_the_mean() -> None:
    made = runs("projects", new=[10.0, 11.0, 12.0])  # 11 ± 2.48
    assert verdict(made, claim(value=8.0, relation="more_than")) == AGREES
    assert verdict(made, claim(value=10.0, relation="more_than")) == UNCLEAR
    assert verdict(made, claim(value=14.0, relation="more_than")) == DISAGREES
    assert verdict(made, claim(low=8.0, high=14.0)) == AGREES
    assert verdict(made, claim(low=8.0, high=12.0)) == UNCLEAR
    assert verdict(made, claim(low=14.0, high=20.0)) == DISAGREES
    assert verdict(made, claim(value=11.0)) == UNCLEAR  # three runs foresee nothing


def test_a_number_is_held_against_one_more_run() -> None:
    made = runs("projects", new=[10.0, 11.0, 12.0] * 20)
    assert verdict(made, claim(value=12.0)) == AGREES
    assert verdict(made, claim(value=13.0)) == DISAGREES


def test_an_observed_share_is_held_against_draws_of_as_many_cases() -> None:
    measure = "proposal_to_poc"
    made = runs(measure, {"new": [100.0] * 50}, new=[0.3] * 50)
    assert verdict(made, claim(measure=measure, value=0.2, of=30)) == AGREES
    assert verdict(made, claim(measure=measure, value=0.2, of=300)) == DISAGREES
    assert verdict(made, claim(measure=measure, value=0.2, of=5)) == UNCLEAR  # wider than half of the scale


def test_holm() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005], 0.05) == [True, False, False, True]
    assert holm([0.06, float("nan"), 0.02], 0.05) == [False, False, True]
    assert holm([], 0.05) == []


def test_a_claim_may_compare_two_measures_of_the_same_runs() -> None:
    made = runs("projects", new=[3.0, 4.0, 5.5])
    made.outcomes["tenders"] = [1.0, 2.0, 3.0]
    assert verdict(made, claim(than="tenders", sign="more")) == AGREES


# --- measures -----------------------------------------------------------------------------------


def case(
    number: int, channel: str, kind: str = "sme", parent: int | None = None, fit: float = 0.8
) -> CaseRecord:
    return CaseRecord(
        number,
        "Taipei",
        channel,
        f"V{number}",
        kind,
        "solver",
        "T 1",
        "transport",
        "N",
        fit,
        0.5,
        0.0,
        1.0,
        parent,
    )


def event(time: float, number: int | None, kind: str, **told: object) -> Event:
    empty = dict.fromkeys(("actor", "origin", "target", "reason", "amount"))
    return Event(time=time, city="Taipei", case=number, kind=kind, **{**empty, **told})  # type: ignore[arg-type]


def moves(number: int, *stages: tuple[float, str], reason: str | None = None) -> list[Event]:
    found, here = [], None
    for time, stage in stages:
        why = reason if stage in ("closed", "abandoned") else None
        found.append(event(time, number, "move", actor="PMO", origin=here, target=stage, reason=why))
        here = stage
    return found


@pytest.fixture(scope="module")
def by_hand() -> pd.Series[float]:
    """One run of 3000 days, small enough to be counted by hand."""
    events = [
        event(0.0, None, "enter", actor="V1", reason="startup"),
        event(0.0, None, "enter", actor="V9", reason="startup"),
        event(0.0, None, "enter", actor="V3", reason="sme"),
        event(500.0, None, "leave", actor="V9", reason="financial"),
        event(600.0, None, "leave", actor="V3", reason="financial"),
        event(5.0, None, "call", actor="PMO", target="opened", amount=4),
        event(6.0, None, "call", actor="challenge", target="begun", amount=6),
        event(7.0, None, "call", actor="challenge", target="opened", amount=6),
        event(8.0, None, "call", actor="challenge", target="closed", amount=40),
        event(8.5, None, "call", actor="challenge", target="accepted", amount=16),
        event(9.0, None, "call", actor="challenge", target="met", amount=70),
        event(20.0, None, "decision", actor="T 1", target="hosts"),
        event(21.0, None, "decision", actor="T 1", target="hosts"),
        event(22.0, None, "decision", actor="T 1", target="declines"),
        event(200.0, None, "election", actor="Taipei", target="changed"),
        event(900.0, None, "field", actor="Taipei", target="open"),
        # bottom-up, under way at the election, lasts longer than two years
        *moves(1, (1.0, "submitted"), (50.0, "poc"), (150.0, "preparation"), (220.0, "contract"),
               (300.0, "deployed")),
        event(150.0, 1, "review", origin="final", target="tender"),
        event(220.0, 1, "award", actor="T 1", reason="own", amount=4.0),
        event(220.0, 1, "payment", actor="T 1", origin="T 1", target="V1", reason="contract", amount=4.0),
        event(300.0, 1, "solved", actor="T 1", origin="N", amount=1.0),
        # problem-led, under way at the election, judged feasible, never bought
        *moves(2, (10.0, "submitted"), (100.0, "poc"), (250.0, "preparation"), (900.0, "closed"),
               reason="financial"),
        event(250.0, 2, "review", origin="final", target="tender"),
        # from a challenge; a rival delivers what does not fit and is given up early
        *moves(3, (8.0, "submitted"), (106.0, "poc"), (150.0, "preparation"), (260.0, "closed"),
               reason="competition"),
        event(150.0, 3, "review", origin="final", target="tender"),
        event(260.0, 3, "award", actor="T 1", reason="rival", amount=6.0),
        *moves(4, (260.0, "contract"), (400.0, "deployed"), (500.0, "abandoned"), reason="misfit"),
        event(260.0, 4, "payment", actor="T 1", origin="T 1", target="V4", reason="contract", amount=6.0),
        event(400.0, 4, "unsolved", actor="T 1", origin="N", amount=1.0),
        # the law stops one, and one waits in its POC since after the election
        *moves(5, (10.0, "submitted"), (60.0, "closed"), reason="regulatory"),
        *moves(6, (10.0, "submitted"), (2900.0, "poc")),
    ]  # fmt: skip
    cases = [
        case(1, "bottom_up", "startup"),
        case(2, "problem_led"),
        case(3, "challenge"),
        case(4, "tender", "large", parent=3, fit=0.2),
        case(5, "bottom_up"),
        case(6, "bottom_up")._replace(barrier=0.4),
    ]
    log = EventLog("hand", 1, markov.START, 3000.0, sorted(events, key=lambda each: each.time), cases)
    return outcomes(tables([log])).iloc[0]


@pytest.mark.parametrize(
    ("measure", "value"),
    [
        ("waste_share", 0.6),
        ("service_fit", 0.5),
        ("pilots_stuck", 1),
        ("stuck_share", 1 / 3),
        ("ended_poc_to_service", 2 / 3),
        ("survival_2y", 0.5),
        ("survival_2y_asked", 0.0),
        ("survival_2y_offered", 1.0),
        ("problem_to_poc", 2 / 10),
        ("challenge_applicants", 40),
        ("challenge_meetings", 70 / 16),
        ("challenge_days", 100),
        ("days_to_build", (80 + 140) / 2),
        ("hosted_share", 2 / 3),
        ("stopped_by_law", 1 / 5),
        ("barrier_pocs", 1),
        ("fields_opened", 1),
        ("startup_contracts", 0.5),
        ("own_awards", 0.5),
        ("price_paid", 5.0),
        ("startups_failed", 0.5),
        ("inherited_completed", 2 / 3),
    ],
)
def test_measure_counted_by_hand(by_hand: pd.Series[float], measure: str, value: float) -> None:
    assert by_hand[measure] == pytest.approx(value)


def test_nothing_happened() -> None:
    found = outcomes(tables([EventLog("still", 1, markov.START, 1000.0)])).iloc[0]
    undefined = {name for name in MEASURES if isnan(found[name])}
    counts = {"pilots_stuck", "fields_opened", "barrier_pocs", "vendor_cost"}
    mine = set(list(MEASURES)[list(MEASURES).index("waste_share") :])
    assert mine - undefined == counts


def test_nobody_inherits_without_an_election() -> None:
    log = EventLog(
        "calm", 1, markov.START, 1000.0, moves(1, (1.0, "submitted"), (50.0, "poc")), [case(1, "bottom_up")]
    )
    assert isnan(outcomes(tables([log])).iloc[0]["inherited_completed"])


def test_what_a_new_mayor_drops_at_once_was_inherited_too() -> None:
    events = [
        *moves(1, (1.0, "submitted"), (50.0, "poc"), (200.0, "closed"), reason="political"),
        *moves(2, (1.0, "submitted"), (50.0, "poc"), (150.0, "preparation"), (220.0, "contract"),
               (300.0, "deployed")),
        *moves(3, (1.0, "submitted"), (50.0, "poc"), (199.0, "closed"), reason="misfit"),
        event(200.0, None, "election", actor="Taipei", target="changed"),
    ]  # fmt: skip
    events.sort(key=lambda each: each.time)
    log = EventLog(
        "lost", 1, markov.START, 1000.0, events, [case(number, "bottom_up") for number in (1, 2, 3)]
    )
    assert outcomes(tables([log])).iloc[0]["inherited_completed"] == 0.5


# --- pages --------------------------------------------------------------------------------------


def test_text_by_hand_stays_when_a_page_is_made_again(tmp_path: Path) -> None:
    page = pages.write(tmp_path / "new" / "page.md", {"a": "one", "b": "two"}, "# Title\n")
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("# Title", "# Title\n\nBy hand.") + "\nThe end.\n", encoding="utf-8")
    pages.write(page, {"a": r"three \1"}, "# Another\n")
    assert page.read_text(encoding="utf-8") == (
        "# Title\n\nBy hand.\n\n<!-- made: a -->\n\nthree \\1\n\n<!-- end: a -->\n\n"
        "<!-- made: b -->\n\ntwo\n\n<!-- end: b -->\n\nThe end.\n"
    )


@pytest.mark.parametrize("text", ["<!-- made: a -->", "<!-- end: a -->", pages.block("a", "") * 2])
def test_broken_marks_are_told(text: str) -> None:
    with pytest.raises(OutputError, match=r"x\.md: the marks 'made: a' and 'end: a' must be there once each"):
        pages.filled(text, {"a": "one"}, "x.md")


# --- the command line ---------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Runs that take no time, in a folder of their own."""

    def run(scenario: Scenario, seed: int) -> EventLog:
        return markov.run(seed, days=700.0, scenario=scenario.name)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runner, "_model", lambda: run)
    return tmp_path


def call(*words: str) -> Result:
    return CliRunner().invoke(cli.app, list(words), prog_name="cityfunnel")


def test_validate_writes_a_page_with_a_row_for_each_claim(quick: Path) -> None:
    done = call("validate", "--systems", "-n", "2", "--jobs", "1", "--markdown")
    assert done.exit_code == 0, done.output
    page = (quick / "docs" / "systems.md").read_text(encoding="utf-8")
    assert "`cityfunnel validate --systems -n 2 --markdown`" in page
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) == len(claims().all)
    assert all(line.count("|") == 6 for line in rows)


def test_validate_writes_a_store(quick: Path) -> None:
    done = call("validate", "--systems", "-n", "2", "--jobs", "1", "--out", "here")
    assert done.exit_code == 0, done.output
    table = pd.read_csv(quick / "here" / "systems.csv")
    assert list(table["id"]) == [claim.id for claim in claims().all]
    assert {"manifest.json", "outcomes.parquet", "wholes.parquet"} <= {
        file.name for file in (quick / "here").iterdir()
    }


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("validate", "--systems", "--only", "signs"), "--only: cannot go with --systems"),
        (("validate", "--systems", "-n", "1"), "Invalid value"),
        (("findings", "--only", "pm"), "--only: unknown question 'pm' (did you mean 'pmo'?)"),
    ],
)
def test_wrong_calls_are_told(quick: Path, words: tuple[str, ...], told: str) -> None:
    done = call(*words)
    assert done.exit_code == 2
    assert told in done.stderr
    assert "Traceback" not in done.output


def test_findings_write_a_page_with_a_table_and_a_chart_for_a_question(quick: Path) -> None:
    done = call("findings", "--only", "pmo", "-n", "2", "--jobs", "1", "--out", "here")
    assert done.exit_code == 0, done.output
    page = (quick / "here" / "findings.md").read_text(encoding="utf-8")
    (question,) = findings.questions("pmo")
    assert all(f"| {world.name} |" in page for world in question.worlds[1:])
    head = (quick / "here" / "images" / "findings_pmo.png").read_bytes()[:24]
    assert (int.from_bytes(head[16:20]), int.from_bytes(head[20:24])) == (1280, 720)


# --- findings -----------------------------------------------------------------------------------


def test_six_questions_and_their_measures_are_known() -> None:
    asked = findings.questions()
    assert len(asked) >= 6
    assert {measure for question in asked for measure in question.measures} <= set(MEASURES)
    assert all(question.axis is None or len(question.axis[1]) == len(question.worlds) for question in asked)


def test_worlds_are_made_once_each_under_names_of_their_own() -> None:
    made = findings.worlds(findings.questions())
    names = [world.name for world in made]
    assert len(names) == len(set(names)) < sum(len(question.worlds) for question in findings.questions())
    assert (
        next(world for world in made if world.name == "taipei_2016_2021 pmo.staff=5").parameters.pmo.staff
        == 5
    )


def test_a_cell_tells_value_difference_and_interval() -> None:
    (question,) = findings.questions("poc")
    keys = [world.key for world in question.worlds]
    values = dict(
        zip(keys, ([1.0, 2.0, 3.0], [3.0, 4.0, 5.5], [1.0, 2.0, 3.0], [0.0, 9.0, 3.0]), strict=True)
    )
    found = findings.differences(question, runs("money_wasted", **values), "money_wasted")
    cells = [findings._cell(each) for each in found]
    assert cells[0].startswith("4.17 (+2.17 ± ")
    assert cells[1] == "2.00 (same)"
    assert [each.clear for each in found] == [True, False, False]


def test_unknown_question() -> None:
    with pytest.raises(InputError, match="unknown question"):
        findings.questions("weather")


# --- the pages as they are shipped --------------------------------------------------------------


def test_shipped_page_of_systems_has_every_claim() -> None:
    page = (ROOT / "docs" / "systems.md").read_text(encoding="utf-8")
    missing = [claim.id for claim in claims().all if claim.says not in page]
    assert missing == [], "make docs/systems.md again: the command stands in it"


def test_shipped_findings_have_every_question() -> None:
    page = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    for question in findings.questions():
        assert f"images/findings_{question.name}.png" in page
        assert (ROOT / "docs" / "images" / f"findings_{question.name}.png").exists()
        assert all(f"| {world.name} |" in page for world in question.worlds[1:])

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import sim
from analysis.figures import COMPARISONS, FIGURES
from analysis.measures import DURATIONS, MEASURES
from experiments import __version__, cli, runner, store
from sim.events import EventLog
from sim.parameters import PATHS
from sim.scenario import Scenario
from tests import markov

ROOT = Path(__file__).parent.parent
VERBS = ("scenarios", "check", "parameters", "run", "story", "compare", "sweep")
INSIGHT = ("sensitivity", "discover", "search", "funnel", "report", "export", "verify", "import", "workshop")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that take no time."""

    def run(scenario: Scenario, seed: int) -> EventLog:
        return markov.run(seed, days=scenario.days, scenario=scenario.name)

    monkeypatch.setattr(runner, "_model", lambda: run)


def call(*words: str) -> Result:
    return CliRunner().invoke(cli.app, list(words), prog_name="cityfunnel")


def good(*words: str) -> str:
    done = call(*words)
    assert done.exit_code == 0, done.output
    assert done.stderr == ""
    return done.stdout


def wrong(*words: str, code: int = 2) -> str:
    """What is told, in one line, of a call that cannot be done."""
    done = call(*words)
    assert done.exit_code == code, done.output
    assert "Traceback" not in done.output
    assert re.fullmatch(r"cityfunnel: .*\n", done.stderr), done.stderr
    return done.stderr.removeprefix("cityfunnel: ").strip()


def start(*words: str, **how: Any) -> subprocess.Popen[str]:
    # a suite that a shell has put in the background ignores Ctrl-C, and hands that down
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{heed}; from experiments.cli import main; main()"
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", code, *words]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, **pipes, **how)


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


# --- help, version, unknown words ---------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS + INSIGHT)
def test_every_verb_has_help_with_an_example_of_itself(verb: str) -> None:
    assert f"Example: cityfunnel {verb}" in good(verb, "--help")


def test_help_names_every_verb() -> None:
    assert all(verb in good("-h") for verb in VERBS)


def test_the_version_is_told() -> None:
    assert good("--version") == f"cityfunnel {__version__}\n"


def test_an_unknown_verb_is_answered_with_the_nearest() -> None:
    done = call("rnu")
    assert done.exit_code == 2
    assert "Did you mean 'run'?" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("run", "taipei_stage1", "--bogus"),
        ("run", "taipei_stage1", "-n", "0"),
        ("run", "taipei_stage1", "-n", "many"),
        ("run", "taipei_stage1", "--seed", "-1"),
        ("run", "taipei_stage1", "--jobs", "0"),
        ("run",),
        ("story", "taipei_stage1", "first"),
        ("compare", "taipei_stage1"),
        ("compare", "taipei_stage1", "taipei_2016_2021", "-n", "1"),
    ],
)
def test_wrong_options_end_with_2_and_without_a_trace(words: tuple[str, ...]) -> None:
    done = call(*words)
    assert done.exit_code == 2
    assert "Traceback" not in done.output
    assert done.stdout == ""


# --- scenarios, check, parameters ---------------------------------------------------------------


def test_scenarios_are_listed_with_their_questions() -> None:
    told = " ".join(good("scenarios").split())
    for name in sim.available():
        assert name in told
        assert sim.load(name).question.split()[0] in told


def test_check_shows_what_is_different_and_when(here: Path) -> None:
    (here / "mine.yaml").write_text(
        "question: What if?\n"
        "extends: taipei_stage1\n"
        "elections: [2018-11-24]\n"
        "set: {pmo.staff: 33}\n"
        "policies: [no_poc]\n"
        "timeline:\n"
        "  - {at: 2018-01-01, set: {pmo.staff: 44, pmo.exists: false}}\n"
        "  - {at: 2019-01-01, set: {pmo.staff: 55}, policies: []}\n"
        "notes: {pmo.staff: said by nobody}\n"
    )
    told = good("check", "mine.yaml")
    assert re.search(r"pmo\.staff +20 +33 +persons +said by nobody", told)
    assert re.search(r"2018-01-01 +pmo\.staff +33 +44 +persons", told)
    assert re.search(r"2018-01-01 +pmo\.exists +true +false", told)
    assert re.search(r"2019-01-01 +pmo\.staff +44 +55 +persons", told)
    assert re.search(r"2019-01-01 +policies +none", told)
    assert "Policies: no_poc" in told
    assert "Elections: 2018-11-24" in told
    assert told.endswith("mine is valid.\n")


def test_check_tells_file_line_and_key_of_a_mistake(here: Path) -> None:
    (here / "bad.yaml").write_text("question: Q?\nextends: taipei_stage1\nset:\n  pmo.stafff: 3\n")
    assert wrong("check", "bad.yaml") == (
        "bad.yaml:4: pmo.stafff: unknown parameter (did you mean 'pmo.staff'?)"
    )


def test_check_looks_at_the_observed_figures_too(here: Path) -> None:
    (here / "figures.yaml").write_text("figures: 3\n")
    (here / "bad.yaml").write_text("question: Q?\nextends: taipei_stage1\nobserved: figures.yaml\n")
    assert wrong("check", "bad.yaml").startswith("figures.yaml:1: figures: must be a list")


@pytest.mark.parametrize("verb", ["check", "run", "story"])
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("taipei_stage", "unknown scenario 'taipei_stage' (did you mean 'taipei_stage1'?)"),
        ("nowhere/mine.yaml", "nowhere/mine.yaml: no such scenario file"),
        (".", ".: is a directory, not a scenario file"),
        ("", ".: is a directory, not a scenario file"),
    ],
)
def test_a_scenario_that_is_not_there(verb: str, name: str, told: str, here: Path) -> None:
    assert wrong(verb, name) == told
    assert everything(here) == []


def test_parameters_show_every_number_once_in_its_group() -> None:
    told = good("parameters")
    for path in PATHS:
        group, name = path.rsplit(".", 1)
        assert re.search(rf"^ ?{re.escape(group)} *$", told, re.MULTILINE)
        assert re.search(rf"^ ?{name} ", told, re.MULTILINE)


def test_a_group_of_parameters_can_be_chosen() -> None:
    told = good("parameters", "--group", "vendors")
    assert "vendors.startup" in told
    assert "strictness" not in told
    assert wrong("parameters", "--group", "vendor") == (
        "--group: unknown group 'vendor' (did you mean 'vendors'?)"
    )


def test_the_page_in_markdown_has_a_line_for_each_number() -> None:
    lines = good("parameters", "--markdown").splitlines()
    rows = [line.split(" | ") for line in lines if line.startswith("| `")]
    assert [row[0].strip("| `") for row in rows] == list(PATHS)
    assert {len(row) for row in rows} == {7}


# --- run ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("quick")
def test_run_prints_and_keeps_what_came_out(here: Path) -> None:
    told = good(
        "run", "taipei_2016_2021", "-n", "6", "--seed", "3", "-j", "1", "--set", "pmo.staff=21", "--out", "o"
    )
    assert "taipei_2016_2021 · 2016-03-20 to 2021-12-31 · 6 runs (seeds 3 to 8)" in told
    assert sim.load("taipei_2016_2021").question.split()[0] in told
    for words in ("Bottom-up", "Top-down", "All channels", "POC judged feasible", "S01", "> 100", *MEASURES):
        assert words in told, words
    assert told.endswith("Results: o/\n")
    found = store.read(here / "o")
    assert list(found.outcomes["seed"]) == [3, 4, 5, 6, 7, 8]
    assert len(found.tables.runs) == 6
    assert found.manifest["seeds"] == {"first": 3, "number": 6}
    assert found.manifest["scenarios"]["taipei_2016_2021"]["parameters"]["pmo.staff"] == 21
    assert found.manifest["versions"]["cityfunnel"] == __version__
    assert {path.stem for path in (here / "o" / "figures").glob("*.png")} == set(FIGURES)
    assert (here / "o" / "funnel.csv").read_text().startswith("scenario,channel,view,step,mean")


@pytest.mark.usefixtures("quick")
def test_run_never_writes_over_results_unless_told_to(here: Path) -> None:
    for _ in range(2):
        good("run", "taipei_stage1", "-n", "1", "-j", "1", "--no-figures")
    assert sorted(path.name for path in (here / "results").iterdir()) == ["taipei_stage1", "taipei_stage1-2"]
    assert not list(here.rglob("*.png"))
    assert "holds results already" in wrong(
        "run", "taipei_stage1", "-n", "1", "--out", "results/taipei_stage1"
    )
    good("run", "taipei_stage1", "-n", "2", "-j", "1", "--no-figures", "--overwrite")
    assert len(store.read(here / "results" / "taipei_stage1").outcomes) == 2
    assert sorted(path.name for path in (here / "results").iterdir()) == ["taipei_stage1", "taipei_stage1-2"]


def test_a_place_that_cannot_be_written_to_is_found_before_the_runs(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "batches", lambda *_, **__: pytest.fail("runs were made"))
    (here / "file").touch()
    assert "is a file, not a folder" in wrong("run", "taipei_stage1", "--out", "file")
    assert "cannot be written" in wrong("run", "taipei_stage1", "--out", "file/o")
    assert "cannot be written" in wrong("compare", "taipei_stage1", "taipei_2016_2021", "--out", "file/o")
    assert everything(here) == ["file"]


@pytest.mark.usefixtures("quick")
def test_a_full_disk_is_told_in_a_line(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store, "save", full)
    assert wrong("run", "taipei_stage1", "-n", "1", "-j", "1", "--out", "a/o").endswith(
        "o: cannot be written: No space left on device"
    )
    assert everything(here) == []


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("pmo.stafff=3", "--set pmo.stafff=3: unknown parameter (did you mean 'pmo.staff'?)"),
        ("pmo.staff", "--set pmo.staff: must be PATH=VALUE, such as pmo.staff=30"),
        ("pmo.staff=", "--set pmo.staff=: must be PATH=VALUE, such as pmo.staff=30"),
        ("=3", "--set =3: must be PATH=VALUE, such as pmo.staff=30"),
        ("pmo.staff=[1]", "--set pmo.staff=[1]: '[1]' is no number, word, true or false"),
        ("pmo.staff={", "--set pmo.staff={: '{' is no number, word, true or false"),
        (
            "pmo.staff=2020-01-01",
            "--set pmo.staff=2020-01-01: '2020-01-01' is no number, word, true or false",
        ),
        (
            "pmo.staff=2020-99-99",
            "--set pmo.staff=2020-99-99: '2020-99-99' is no number, word, true or false",
        ),
    ],
)
def test_a_setting_that_cannot_be_read(setting: str, told: str) -> None:
    assert wrong("run", "taipei_stage1", "--set", setting) == told


@pytest.mark.parametrize("setting", ["pmo.staff=1.5", "pmo.staff=many", "pmo.staff=-1", "poc.required=3"])
def test_a_setting_of_the_wrong_type_or_out_of_range_names_the_option(setting: str) -> None:
    assert wrong("run", "taipei_stage1", "--set", setting).startswith(f"--set {setting}: ")


@pytest.mark.parametrize(
    ("text", "value"),
    [("a=1", 1), ("a=0.5", 0.5), ("a=true", True), ("a=best_value", "best_value"), (" a = 2", 2)],
)
def test_settings_are_read_as_in_a_scenario_file(text: str, value: object) -> None:
    path, found = cli._setting(text)
    assert (path, found, type(found)) == ("a", value, type(value))


@pytest.mark.usefixtures("quick")
def test_a_setting_that_the_timeline_changes_again_is_noted() -> None:
    done = call(
        "run", "taipei_2016_2021", "-n", "1", "-j", "1", "--no-figures", "--set", "bottom_up.open=true"
    )
    assert done.exit_code == 0
    assert done.stderr == (
        "cityfunnel: note: --set bottom_up.open=true holds until 2019-12-31,"
        " when the timeline of taipei_2016_2021 changes it\n"
    )


def test_seeds_end_where_they_can_no_longer_be_kept() -> None:
    told = f"--seed: seeds end at {2**63 - 1}"
    assert wrong("run", "taipei_stage1", "--seed", str(2**63 - 1), "-n", "2") == told
    assert wrong("story", "taipei_stage1", "--seed", str(2**63)) == told
    assert wrong("compare", "taipei_stage1", "taipei_2016_2021", "--seed", str(2**99)) == told


def test_runs_that_fail_are_told_and_the_others_kept(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def moody(scenario: Scenario, seed: int) -> EventLog:
        if seed != 2:
            raise ValueError("in a mood")
        return markov.run(seed, days=400.0, scenario=scenario.name)

    monkeypatch.setattr(runner, "_model", lambda: moody)
    done = call("run", "taipei_stage1", "-n", "9", "-j", "1", "--no-figures", "--out", "o")
    assert done.exit_code == 1
    assert "8 of 9 runs failed and are left out" in done.stderr
    assert "taipei_stage1, seed 1: ValueError: in a mood" in done.stderr
    assert "and 3 more" in done.stderr
    found = store.read(here / "o")
    assert list(found.outcomes["seed"]) == [2]
    assert [failure["seed"] for failure in found.manifest["failures"]] == [1, 3, 4, 5, 6, 7, 8, 9]


def test_when_no_run_succeeds_nothing_is_written(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(scenario: Scenario, seed: int) -> EventLog:
        raise ValueError("no")

    monkeypatch.setattr(runner, "_model", lambda: never)
    told = wrong("run", "taipei_stage1", "-n", "3", "-j", "1", "--out", "o", code=1)
    assert told == "none of 3 runs succeeded; the first: taipei_stage1, seed 1: ValueError: no"
    assert everything(here) == []


def test_ctrl_c_is_told_in_a_line(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "batches", interrupted)
    assert wrong("run", "taipei_stage1", "--out", "o", code=130) == "interrupted"
    assert everything(here) == []


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (PermissionError(errno.EACCES, "Permission denied", "x/y"), "x/y: Permission denied"),
        (OSError("odd"), "odd"),
    ],
)
def test_what_the_system_refuses_is_told_in_a_line(
    error: OSError, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> None:
        raise error

    monkeypatch.setattr("sim.scenario.available", refused)
    assert wrong("scenarios") == told


# --- story --------------------------------------------------------------------------------------


def test_story_lists_cases_and_tells_the_one_that_is_chosen() -> None:
    told = good("story", "taipei_stage1", "--seed", "2")
    assert "Choose one: cityfunnel story taipei_stage1 --seed 2 CASE" in told
    case = re.findall(r"^ +(\d+) +\d{4}-\d\d-\d\d", told, re.MULTILINE)[0]
    life = good("story", "taipei_stage1", "--seed", "2", case)
    assert life.startswith(f"Case {case} (taipei_stage1, seed 2): ")
    assert "It ends here" in " ".join(life.split()) or "The run ends" in life


def test_a_story_that_is_not_there_is_answered_with_the_range() -> None:
    told = wrong("story", "taipei_stage1", "--seed", "2", "99999")
    assert re.fullmatch(
        r"CASE: there is no case 99999; the run of taipei_stage1 with seed 2 has cases 1 to \d+", told
    )


SMALLER = "question: What if the office were smaller?\nextends: taipei_stage1\nset: {pmo.staff: 5}\n"


def test_a_life_is_told_in_two_worlds(here: Path) -> None:
    (here / "smaller.yaml").write_text(SMALLER)
    words = ("story", "taipei_stage1", "--against", "smaller.yaml", "--seed", "2")
    told = good(*words)
    assert "Choose one: cityfunnel story taipei_stage1 --against smaller.yaml --seed 2 CASE" in told
    assert re.search(
        r"\d+ cases are in both worlds: \d+ end the same way, \d+ do not\.", " ".join(told.split())
    )
    case = re.findall(r"^ +(\d+) \(", told, re.MULTILINE)[0]
    life = good(*words, case)
    assert life.startswith(f"Case {case}")
    assert "In both worlds" in life
    assert "Here they part" in life
    assert "What it came to" in life
    need = re.search(r"^ (\w+ \d+ need \d+)", told, re.MULTILINE)
    vendor = re.search(r"^ ([VN]\d+) ", told, re.MULTILINE)
    assert need
    assert vendor
    assert need[1] in good(*words, "--need", need[1])
    assert vendor[1] in good(*words, "--vendor", vendor[1])


def test_the_lives_of_a_vendor_and_of_a_need_are_told() -> None:
    told = good("story", "taipei_stage1", "--vendor", "V1")
    assert told.startswith("V1 (taipei_stage1, seed 1)")
    assert "V1 received NT$" in told
    told = good("story", "taipei_stage1", "--need", "Transport 1 need 1")
    assert "to solve it is worth NT$" in " ".join(told.split())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--against", "taipei_stage1"), "--against: 'taipei_stage1' is given twice"),
        (("--against", "taipei_2016_202"), "unknown scenario 'taipei_2016_202'"),
        (("--vendor", "X"), "--vendor: no vendor 'X' in the run of taipei_stage1 with seed 1"),
        (("--need", "X"), "--need: no need 'X' in the run of taipei_stage1 with seed 1"),
        (("1", "--vendor", "V1"), "CASE: give one of CASE, --need and --vendor"),
        (("--need", "X", "--vendor", "V1"), "CASE: give one of CASE, --need and --vendor"),
    ],
)
def test_a_story_that_cannot_be_told(words: tuple[str, ...], told: str) -> None:
    assert wrong("story", "taipei_stage1", *words).startswith(told)


# --- compare ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("quick")
def test_compare_shows_differences_and_says_what_is_clear(here: Path) -> None:
    done = call("compare", "taipei_stage1", "taipei_2016_2021", "-n", "5", "-j", "1", "--out", "o")
    assert done.exit_code == 0
    assert re.match(r"cityfunnel: note: taipei_2016_2021 runs from .* not of the same length", done.stderr)
    told = " ".join(done.stdout.split())
    assert all(measure in told for measure in MEASURES)
    assert re.search(r"taipei_2016_2021 receives [\d.]+ proposals more than taipei_stage1 \(95% CI", told)
    assert "The same seeds in both are worth" in told
    found = store.read(here / "o")
    assert len(found.outcomes) == 10
    assert set(found.manifest["tables"]) == {"outcomes", "wholes", "times", "series", "groups"}
    assert list(found.manifest["scenarios"]) == ["taipei_stage1", "taipei_2016_2021"]
    lines = (here / "o" / "differences.csv").read_text().splitlines()
    assert len(lines) == len(MEASURES) + len(DURATIONS) + 1
    assert {path.stem for path in (here / "o" / "figures").glob("*.png")} == set(COMPARISONS)


@pytest.mark.usefixtures("quick")
def test_compare_adds_runs_until_it_is_known_well_enough(here: Path) -> None:
    (here / "smaller.yaml").write_text(SMALLER)
    words = ("compare", "taipei_stage1", "smaller.yaml", "-j", "1", "--measure", "projects")
    told = good(*words, "--until", "1.0", "--out", "o", "--no-figures")  # the two are the same here
    assert "30 pairs: projects is known to ±0.00 projects, as wanted" in told
    assert "Whatever made you stop there" in told
    assert store.read(here / "o").manifest["seeds"] == {"first": 1, "number": 30}
    assert not (here / "o" / "figures").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--until", "1"), "--measure: --until needs --measure"),
        (("--measure", "projects"), "--measure: goes with --until"),
        (("--until", "0", "--measure", "projects"), "--until: must be above 0"),
        (("--until", "nan", "--measure", "projects"), "--until: must be above 0"),
        (("--until", "1", "--measure", "project"), "--measure: unknown measure 'project' (did you mean"),
        (("--until", "5", "--measure", "proposal_to_poc"), "--until: proposal_to_poc is a share"),
        (("--until", "1", "--measure", "projects", "-n", "5"), "--runs: cannot go with --until"),
    ],
)
def test_what_compare_cannot_wait_for(words: tuple[str, ...], told: str, here: Path) -> None:
    assert wrong("compare", "taipei_stage1", "taipei_2016_2021", *words).startswith(told)
    assert everything(here) == []


def test_a_scenario_is_not_compared_with_itself() -> None:
    assert wrong("compare", "taipei_stage1", "taipei_stage1.yaml").startswith(
        "OTHER: 'taipei_stage1' is given"
    )


# --- as a process -------------------------------------------------------------------------------


def test_in_a_pipe_there_are_no_control_characters_and_pages_are_narrow(here: Path) -> None:
    words = ("run", "taipei_stage1_bottom_up", "-n", "2", "-j", "2", "--no-figures", "--out", "o")
    out, err = start(*words, cwd=here).communicate()
    assert err == ""
    assert re.sub(r"[^\x00-\x1f\x7f]", "", out).strip("\n") == ""
    assert max(map(len, out.splitlines())) <= 100
    assert "All channels" not in out  # there is one channel
    assert (
        json.loads((here / "o" / "manifest.json").read_text())["command"] == f"cityfunnel {' '.join(words)}"
    )


@pytest.mark.parametrize(
    "words", [("--help",), ("scenarios",), ("check", "taipei_2016_2021"), ("parameters",)]
)
def test_nothing_heavy_is_imported_to_show_something(words: tuple[str, ...]) -> None:
    heavy = {"mesa", "networkx", "numpy", "pandas", "pyarrow", "scipy", "matplotlib"}
    code = (
        "import sys; from experiments.cli import app\n"
        f"try: app({list(words)!r})\n"
        f"except SystemExit: sys.stderr.write(' '.join(sorted({heavy!r} & sys.modules.keys())))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout
    assert done.stderr == ""


@pytest.fixture
def busy(here: Path) -> Iterator[subprocess.Popen[str]]:
    """A command that has begun with more runs than it will ever make."""
    process = start("run", "taipei_stage1", "-n", "9999", "-j", "2", "--out", "a/o", cwd=here)
    assert process.stdout is not None
    assert "9999 runs" in process.stdout.readline()
    yield process
    process.kill()
    process.communicate()


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("number", "code", "told"),
    [
        (signal.SIGINT, 130, "cityfunnel: interrupted\n"),
        (signal.SIGTERM, 143, ""),
        (signal.SIGKILL, -signal.SIGKILL, None),
    ],
)
def test_whatever_stops_it_nothing_is_left_behind(
    busy: subprocess.Popen[str], here: Path, number: signal.Signals, code: int, told: str | None
) -> None:
    busy.send_signal(number)
    _, err = busy.communicate(timeout=60)
    assert busy.returncode == code
    assert told is None or err == told
    assert everything(here) == []

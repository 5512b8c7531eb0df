"""A city's own data: what is read, what is told, and that nothing is lost on the way."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

import sim
from analysis import funnel, recorded, survival
from analysis.figures import RECORDS
from analysis.measures import MEASURES, outcomes
from analysis.tables import Tables, tables, until
from experiments import cli, store
from experiments.imports import columns, days, form, history, ocds, quality, records, results, sheet
from experiments.imports.columns import COLUMNS, DATES, STAGES
from experiments.imports.quality import Kind
from experiments.imports.records import Checked
from sim.observed import observed

TODAY = date(2026, 1, 1)
SHIPPED = Path(cli.__file__).parents[1] / "scenarios" / "observed"
HEADER = "case,channel,vendor_kind,department,submitted,poc,contract,deployed,ended,outcome,reason"


def checked(text: str, until: date | None = None, order: str = "ymd") -> Checked:
    return records.checked(sheet.read(text, "cases.csv"), TODAY, until, order)


def told(found: Checked, *kinds: Kind) -> list[tuple[int, str, str]]:
    """Line, column and value of problems of some kinds."""
    return sorted((each.line, each.column, each.value) for each in found.problems if each.kind in kinds)


def call(*words: str) -> Result:
    return CliRunner().invoke(cli.app, ["import", *words], prog_name="cityfunnel")


def one_line(done: Result) -> str:
    assert done.exit_code == 2, done.output
    (line,) = done.stderr.splitlines()
    return line


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- there and back ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def simulated() -> Tables:
    return tables([sim.run("taipei_2016_2021", seed=1)])


@pytest.fixture(scope="module")
def text(simulated: Tables) -> str:
    return form.cases(simulated).to_csv(index=False)


def last_day(found: Tables) -> date:
    start = found.runs["start"].iloc[0]
    return (start + timedelta(days=float(found.runs["days"].iloc[0]))).date()


def whole_days(found: Tables) -> Tables:
    """The same history, had it been kept in whole days."""
    events = found.events.assign(time=np.floor(found.events["time"]))
    return Tables(found.runs.assign(days=np.floor(found.runs["days"])), found.cases, events)


def counted(found: Tables) -> pd.DataFrame:
    return funnel.counts(found)[["channel", "view", *funnel.STEPS]].astype({"channel": str, "view": str})


def test_simulated_history_comes_back_with_the_same_funnel(simulated: Tables, text: str) -> None:
    found = checked(text, last_day(simulated))
    assert not found.problems
    back = history.observed(found, "city")
    pd.testing.assert_frame_equal(counted(back), counted(simulated))


def test_simulated_history_comes_back_with_the_same_curves(simulated: Tables, text: str) -> None:
    back = history.observed(checked(text, last_day(simulated)), "city")
    exact, grid = whole_days(simulated), np.arange(0.0, 2200.0, 50.0)
    for stage in STAGES:
        if stage not in ("submitted", "poc_completed"):
            mine, there = (survival.incidence(each, stage, grid) for each in (back, exact))
            np.testing.assert_allclose(mine.share, there.share, atol=1e-12, err_msg=stage)
            np.testing.assert_allclose(mine.error, there.error, atol=1e-12, err_msg=stage)
            near = survival.incidence(simulated, stage, grid).share
            np.testing.assert_allclose(mine.share, near, atol=0.02, err_msg=stage)


def test_simulated_history_comes_back_with_the_same_measures(simulated: Tables, text: str) -> None:
    found = checked(text, last_day(simulated))
    measured = results.targets.outcomes(history.observed(found, "city"), results.known(found))
    exact = outcomes(whole_days(simulated))
    assert len(measured.columns) == 2 + len(results.targets.NEEDS)
    for name in measured.columns[2:]:
        assert measured[name].iloc[0] == pytest.approx(exact[name].iloc[0]), name


@pytest.mark.parametrize("day", [date(2017, 6, 30), date(2019, 12, 31)])
def test_day_of_observation_cuts_a_history_as_a_simulated_one_is_cut(
    simulated: Tables, text: str, day: date
) -> None:
    back = history.observed(checked(text, day), "city")
    seen = until(whole_days(simulated), day)
    pd.testing.assert_frame_equal(counted(back), counted(seen))
    assert len(back.cases) == len(seen.cases)
    assert last_day(back) == day


def test_curve_counts_open_cases_as_censored() -> None:
    """Two POCs after 10 and 20 days, a loss after 15, one case open: 1/4, then 1/4 + 3/4 * 2/3 * 1/2."""
    found = checked(
        "submitted,poc,ended,outcome\n2020-01-01,2020-01-11,,open\n2020-01-01,2020-01-21,,open\n"
        "2020-01-01,,2020-01-16,closed\n2020-01-01,,,open\n",
        date(2020, 1, 31),
    )
    curve = recorded.curves(history.observed(found, "c"), results.known(found), step=10.0)["poc"]
    np.testing.assert_allclose(curve.time, [0, 10, 20, 30])
    np.testing.assert_allclose(curve.share, [0, 0.25, 0.5, 0.5])


# --- any order of rows, any columns -----------------------------------------------------------

FIRST = date(2020, 1, 1)
OPTIONAL = [name for name in COLUMNS if name not in ("case", "follows", "outcome", "ended", "reason")]

Cells = dict[str, str]


@st.composite
def lives(draw: st.DrawFn) -> Cells:
    """A case that can be: days of some stages in order, perhaps an end; a word or a day may be unreadable."""
    stages = draw(st.lists(st.sampled_from(STAGES), min_size=1, unique=True))
    if "launched" in stages and "deployed" in stages:
        stages.remove("launched")
    names = [name for name in DATES if name in stages]
    gaps = draw(st.lists(st.integers(0, 100), min_size=len(names) + 1, max_size=len(names) + 1))
    at = [FIRST + timedelta(days=sum(gaps[: place + 1])) for place in range(len(gaps))]
    cells = {name: day.isoformat() for name, day in zip(names, at, strict=False)}
    served = {"deployed", "launched"} & set(stages)
    ends = ["open", "abandoned", "sustained"] if served else ["open", "closed"]
    cells["outcome"] = draw(st.sampled_from(ends))
    if cells["outcome"] != "open":
        cells["ended"] = at[-1].isoformat()
    for name in ("channel", "vendor_kind"):
        cells[name] = draw(st.sampled_from([*COLUMNS[name].words[:6], "", "no such word"]))
    cells["department"] = draw(st.sampled_from(["", "Roads", "Parks; and trees", 'The "Lab"']))
    if draw(st.booleans()):
        cells[draw(st.sampled_from([name for name in STAGES if name not in names] or names))] = "soon"
    return cells


def written(cases: Sequence[Cells], names: Sequence[str], delimiter: str = ",") -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, names, extrasaction="ignore", delimiter=delimiter, restval="")
    writer.writeheader()
    writer.writerows(cases)
    return out.getvalue()


def named(cases: Sequence[Cells]) -> list[Cells]:
    return [{"case": f"C{number}", **cells} for number, cells in enumerate(cases, 1)]


@settings(max_examples=40, deadline=None)
@given(st.lists(lives(), min_size=1, max_size=12), st.data())
def test_order_of_rows_makes_no_difference(cases: list[Cells], data: st.DataObject) -> None:
    rows = named(cases)
    if not any(readable(cells) for cells in rows):
        return
    shuffled, delimiter = data.draw(st.permutations(rows)), data.draw(st.sampled_from(sheet.DELIMITERS))
    one = history.observed(checked(written(rows, list(COLUMNS))), "city")
    other = history.observed(checked(written(shuffled, list(COLUMNS), delimiter)), "city")
    for name in ("runs", "cases", "events"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))


def readable(cells: Cells, names: Sequence[str] = STAGES) -> set[str]:
    return {name for name in names if cells.get(name, "soon") != "soon"}


@settings(max_examples=40, deadline=None)
@given(st.lists(lives(), min_size=1, max_size=12), st.sets(st.sampled_from(OPTIONAL)))
def test_columns_left_out_change_nothing_of_what_is_known(cases: list[Cells], left: set[str]) -> None:
    rows, names = named(cases), [name for name in COLUMNS if name not in left]
    stages = [name for name in STAGES if name not in left]
    if not any(readable(cells, stages) for cells in rows):
        return
    found = checked(written(rows, names), date(2025, 1, 1))
    counts = funnel.counts(history.observed(found, "city"))
    every = counts[(counts["channel"] == "all") & (counts["view"] == "own")].iloc[0]
    for step in funnel.STEPS:
        if step in stages:
            assert every[step] == sum(step in readable(cells) for cells in rows)
    ended = [cells for cells in rows if cells["outcome"] == "sustained" and readable(cells, stages)]
    assert every["sustained"] == len(ended)
    assert len(found.fates) == len(rows)


@given(st.lists(st.dates(date(2020, 1, 1), date(2020, 1, 6)), max_size=7))
def test_fewest_dates_are_set_aside(dates: list[date]) -> None:
    kept = records.in_order(dates)
    assert [dates[place] for place in sorted(kept)] == sorted(dates[place] for place in kept)
    for size in range(len(kept) + 1, len(dates) + 1):
        for places in combinations(range(len(dates)), size):
            chosen = [dates[place] for place in places]
            assert chosen != sorted(chosen)


# --- what is wrong, row by row ----------------------------------------------------------------

FAULTS = f"""# a comment, with a comma
{HEADER},nickname
1,bottom_up,sme,,2020-01-01,2020-02-01,,,,,,Bo
2,botom-up,consortium,,2020-01-05,2019-02-01,,,,,,
3,Top-Down,Start-up,Roads,2020-01-07,2091-01-01,,,2020-09-01,closed,misfit,
4,top_down,sme,Roads,spring,2020-03-01,,,2020-08-01,,,
5,top_down,sme,Roads,2020-01-09,2020-03-01,2020-06-01,2020-09-01,2021-01-01,closed,misfit,
1,bottom_up,sme,,2020-01-01,2020-02-01,,,,,,
6,top_down,sme,,,,,,2020-05-01,closed,,
7,top_down,sme,Roads,2020-01-02,,,,,closed,finance,
8,top_down,sme,Roads,2020-01-02,,,,,,,,8
9,top_down,sme,Roads,2020-01-02,,,,2020-03-01,open,,
"""


def test_faults_are_told_with_line_and_cell() -> None:
    found = checked(FAULTS)
    assert told(found, Kind.CODE) == [
        (4, "channel", "botom-up"),
        (4, "vendor_kind", "consortium"),
        (10, "reason", "finance"),
    ]
    assert told(found, Kind.ORDER) == [(4, "poc", "2019-02-01")]
    assert told(found, Kind.FUTURE) == [(5, "poc", "2091-01-01")]
    assert told(found, Kind.UNREADABLE) == [(6, "submitted", "spring")]
    assert told(found, Kind.CONTRADICTION) == [
        (7, "outcome", "closed"),
        (7, "reason", "misfit"),
        (12, "ended", "2020-03-01"),
    ]
    assert told(found, Kind.DUPLICATE) == [(8, "case", "1")]
    assert told(found, Kind.UNUSABLE) == [(9, "", ""), (11, "", "")]
    assert told(found, Kind.IMPUTED) == [(6, "outcome", ""), (10, "ended", "")]
    assert told(found, Kind.IGNORED) == [(2, "nickname", "")]
    by_line = {each.line: each.told for each in found.problems if each.kind is Kind.CODE}
    assert "did you mean 'financial'?" in by_line[10]


def test_every_row_has_a_fate() -> None:
    found = checked(FAULTS)
    states = {fate.line: fate.state.name for fate in found.fates}
    expected = {3: "USED", 8: "DUPLICATE", 9: "UNUSABLE", 11: "UNUSABLE"}
    assert states == {**dict.fromkeys((4, 5, 6, 7, 10, 12), "PARTLY"), **expected}
    assert [record.case for record in found.records] == ["1", "7", "9", "2", "3", "5", "4"]
    assert found.until == date(2020, 9, 1)


def test_counts_add_up_to_the_table() -> None:
    problems = checked(FAULTS).problems
    assert (
        sum(each.number for each in quality.counts(problems)) == len(quality.table(problems)) == len(problems)
    )


def test_fuller_of_two_rows_of_a_case_is_used() -> None:
    rows = [
        f"{HEADER}",
        "1,,sme,,2020-01-01,,,,,,",
        "1,,sme,,2020-01-01,2020-02-01,,,,,",
        "2,,sme,,2020-01-03,,,,,,",
    ]
    for order in ([0, 1, 2, 3], [0, 2, 1, 3]):
        found = checked("\n".join(rows[place] for place in order))
        assert [set(record.dates) for record in found.records] == [{"submitted", "poc"}, {"submitted"}]
        assert len(told(found, Kind.DUPLICATE)) == 1


def test_rival_follows_a_case_that_there_is() -> None:
    text = (
        "case,channel,submitted,tender,contract,follows\nA,top_down,2020-01-01,2020-02-01,,\n"
        "B,tender,,,2020-03-01,A\nC,tender,,,2020-03-01,Z\nD,top_down,2020-01-01,,,A\n"
    )
    found = checked(text)
    assert told(found, Kind.CODE) == [(4, "follows", "Z")]
    assert told(found, Kind.CONTRADICTION) == [(5, "follows", "A")]
    cases = history.observed(found, "city").cases
    assert cases["parent"].notna().sum() == 1


def test_names_of_persons_are_read_from_no_column(here: Path) -> None:
    (here / "c.csv").write_text("submitted,contact_name\n2020-01-01,Jane Roe\n2020-02-01,Jane Roe\n")
    done = call("c.csv", "--no-figures")
    assert "contact_name" in done.output
    for path in (here / "results" / "c").rglob("*"):
        assert b"Jane Roe" not in path.read_bytes()


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("2019-03-04", "ymd", date(2019, 3, 4)),
        ("2019/3/4", "dmy", date(2019, 3, 4)),
        ("20190304", "ymd", date(2019, 3, 4)),
        ("2019-03-04T23:59:59.5Z", "ymd", date(2019, 3, 4)),
        ("2019-03-04 10:00:00+08:00", "ymd", date(2019, 3, 4)),
        ("3.4.2019", "dmy", date(2019, 4, 3)),
        ("03/04/2019", "mdy", date(2019, 3, 4)),
        ("108/03/04", "roc", date(2019, 3, 4)),
        ("03/04/2019", "ymd", None),
        ("2019-02-30", "ymd", None),
        ("2019-03", "ymd", None),
        ("", "ymd", None),
    ],
)
def test_days_are_read_as_they_are_written(text: str, order: str, expected: date | None) -> None:
    assert days.day(text, order) == expected


def test_order_of_days_that_would_help_is_told() -> None:
    found = checked("submitted\n2020-01-01\n31/12/2020\n")
    (problem,) = (each for each in found.problems if each.kind is Kind.UNREADABLE)
    assert "--dates dmy" in problem.told


# --- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", sheet.DELIMITERS)
def test_forms_of_csv_are_told_apart(mark: str, end: str, delimiter: str) -> None:
    rows = [
        ["# not a row"],
        ["Case", "Sub-mitted", "P O C", "department"],
        ["1", "2020-01-01", "", '"a, ""b""; c"'],
    ]
    data = mark + end.join(delimiter.join(row) for row in rows) + end
    found = sheet.read(sheet.decoded(data.encode(), "c.csv"), "c.csv")
    assert found.columns == ("case", "department", "submitted", "poc")
    assert found.rows == (sheet.Row(3, {"case": "1", "submitted": "2020-01-01", "department": 'a, "b"; c'}),)


def test_line_is_that_in_which_a_row_begins() -> None:
    found = sheet.read('case,department,poc\n1,"two\nlines",2020-01-01\n\n2,x,2020-01-02\n', "c.csv")
    assert [row.line for row in found.rows] == [2, 5]


MALFORMED: dict[str, tuple[bytes, str]] = {
    "empty": (b" \n", "the file is empty"),
    "UTF-16": ("submitted\n2020-01-01\n".encode("utf-16"), "is UTF-16; save it as 'CSV UTF-8'"),
    "Latin-1": ("submitted,department\n2020-01-01,Straße\n".encode("latin-1"), ":2: must be UTF-8 text"),
    "binary": (b"PK\x03\x04\x00\x00", "is no text"),
    "no header": (b"# only a comment\n", "has no header"),
    "no stage": (b"name,street\nx,y\n", "names no date of a stage"),
    "misspelt stage": (b"case,submited\n1,2020-01-01\n", "did you mean 'submitted'?"),
    "twice": (b"poc,POC\n2020-01-01,2020-01-01\n", ":1: poc: there are two columns of that name"),
    "no rows": (b"submitted\n", "has a header and no rows"),
    "nothing usable": (b"submitted\nsoon\n", "no row can be used; the first, in line 2"),
    "open quote": (b'case,submitted\n1,"2020-01-01\n2,2020-01-01\n', ":2: not valid CSV"),
    "long cell": (b"case,submitted\n" + b"x" * 200_000 + b",2020-01-01\n", "not valid CSV"),
    "JSON": (b'{"releases": [}', ":1: not valid JSON"),
    "JSON Lines": (b'{"ocid": "a"}\n{"ocid"\n', ":2: not valid JSON Lines"),
    "other JSON": (b'{"a": 1}', "holds no OCDS releases or records"),
    "no list": (b'{"releases": 3}', "releases: must be a list"),
    "deep JSON": (b"[" * 200_000, "nested too deeply"),
    "numbers": (b"[1, 2]", "holds no OCDS releases"),
    "strings": (
        b'{"releases": ["a", 1, null]}',
        "no row can be used; the first, in line 1: a release without an ocid",
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_file_is_told_in_one_line(name: str, here: Path) -> None:
    data, expected = MALFORMED[name]
    (here / "cases.csv").write_bytes(data)
    line = one_line(call("cases.csv"))
    assert expected in line
    assert line.startswith("cityfunnel: cases.csv")
    assert not (here / "results").exists()


def test_too_large_a_file_is_refused(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "LARGEST", 30)
    monkeypatch.setattr(sheet, "MOST_ROWS", 1)
    (here / "a.csv").write_text("submitted\n" + "2020-01-01\n" * 3)
    (here / "b.csv").write_text("poc\n" + "2020-01-01\n" * 2)
    assert "must be at most" in one_line(call("a.csv"))
    assert "has more than 1 rows" in one_line(call("b.csv"))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["invented_cty"], "did you mean 'invented_city'?"),
        ([], "give one of FILE and --template"),
        (["invented_city", "--until", "soon"], "--until: 'soon' is no date"),
        (["invented_city", "--until", "2999-01-01"], "lies in the future"),
        (["invented_city", "--until", "2001-01-01"], "every case begins after 2001-01-01"),
        (["invented_city", "--dates", "ydm"], "unknown order 'ydm'"),
        (["invented_city", "--name", "a/b"], "'a/b' is no name"),
        (["."], "is no file of cases"),
    ],
)
def test_wrong_input_is_told_in_one_line(words: list[str], expected: str, here: Path) -> None:
    assert expected in one_line(call(*words))
    assert not list(here.iterdir())


# --- the verb ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("city") / "mycity"
    done = call("invented_city", "--until", "2024-12-31", "--out", str(folder))
    assert done.exit_code == 0, done.output
    return folder, done.output


def test_shipped_examples_say_that_they_are_invented() -> None:
    assert (SHIPPED / "invented_city.csv").read_text(encoding="utf-8").startswith("# INVENTED DATA")
    said = json.loads((SHIPPED / "invented_tenders.json").read_text(encoding="utf-8"))
    assert said["publisher"]["name"].startswith("INVENTED DATA")


def test_example_leaves_an_observed_store(city: tuple[Path, str]) -> None:
    folder, output = city
    found = store.read(folder)
    assert found.manifest["observed"]["until"] == "2024-12-31"
    assert found.manifest["observed"]["name"] == "invented_city"
    assert found.tables.runs["seed"].tolist() == [history.OBSERVED]
    assert len(found.outcomes) == 1
    rows = pd.read_csv(folder / "rows.csv")
    lines = (SHIPPED / "invented_city.csv").read_text(encoding="utf-8").splitlines()
    assert rows["line"].tolist() == list(range(4, len(lines) + 1))
    assert rows["number"].notna().sum() == len(found.tables.cases)
    assert {path.stem for path in (folder / "figures").glob("*.png")} == set(RECORDS)
    assert "did you mean 'bottom_up'?" in output
    wrong = pd.read_csv(folder / "quality.csv")
    assert (wrong["severity"] == "error").sum() == found.manifest["observed"]["errors"] == 12
    curves = pd.read_csv(folder / "curves.csv")
    assert set(curves["channel"]) == {"all", "bottom_up", "top_down", "unknown"}


def test_targets_are_those_of_the_same_measures(city: tuple[Path, str]) -> None:
    folder, _ = city
    figures, found = observed(folder / "targets.yaml"), store.read(folder).outcomes
    assert len(figures) >= 20
    plain = [each for each in figures if each.channel is None and each.measure in found and each.of is None]
    for each in plain:
        if each.relation == "about":
            assert each.value == pytest.approx(found[each.measure].iloc[0], abs=0.01)
    assert {each.use for each in figures} == {"calibrate", "hold-out", "shown"}
    assert all(each.measure in MEASURES or each.measure == "poc_starts" for each in figures)
    (share,) = (each for each in plain if each.measure == "proposal_to_poc")
    assert (share.numerator, share.denominator) == (35, 110)


def test_unknown_days_of_submission_make_a_lower_bound() -> None:
    found = checked("case,submitted,poc\n1,2020-01-01,2020-03-01\n2,,2020-02-01\n3,2020-01-03,\n")
    figures = results.targets.figures(history.observed(found, "c"), results.known(found), found.until)
    by_name = {each.measure: each for each in figures}
    assert (by_name["proposals_received"].relation, by_name["proposals_received"].value) == ("more_than", 1)
    assert (by_name["proposal_to_poc"].numerator, by_name["proposal_to_poc"].denominator) == (1, 2)
    assert "1 case of which submitted is not known" in by_name["proposal_to_poc"].note
    assert by_name["poc_started"].value == 2
    assert "startup_share" not in by_name


def test_scenario_takes_the_targets(city: tuple[Path, str], here: Path) -> None:
    (here / "s.yaml").write_text(f"question: Q?\nextends: taipei_stage1\nobserved: {city[0]}/targets.yaml\n")
    assert CliRunner().invoke(cli.app, ["check", "s.yaml"]).exit_code == 0


def test_other_verbs_read_the_store(city: tuple[Path, str], here: Path) -> None:
    for words in (["funnel", "--no-figures", "--out", "f"], ["export", "--format", "csv", "--out", "e.csv"]):
        done = CliRunner().invoke(cli.app, [words[0], str(city[0]), *words[1:]])
        assert done.exit_code == 0, done.output
    assert len(pd.read_csv(here / "e.csv")) == len(store.read(city[0]).tables.events)
    done = CliRunner().invoke(cli.app, ["verify", str(city[0])])
    assert "no run can make again" in one_line(done)
    done = CliRunner().invoke(cli.app, ["export", str(city[0]), "--bundle", "--out", "b.zip"])
    assert "no bundle can make again" in one_line(done)


def test_strict_writes_nothing_where_there_is_an_error(here: Path) -> None:
    done = call("invented_city", "--strict")
    assert done.exit_code == 2
    assert "12 errors; nothing is written" in done.stderr
    assert not (here / "results").exists()
    (here / "c.csv").write_text("case,submitted,remarks\n1,2020-01-01,x\n2,2020-01-05,\n")
    assert call("c.csv", "--strict", "--no-figures").exit_code == 0


def test_template_names_and_explains_every_column(here: Path) -> None:
    assert call("--template", "t.csv").exit_code == 0
    content = (here / "t.csv").read_text(encoding="utf-8")
    assert all(f"# {name}: " in content for name in COLUMNS)
    assert "is there already" in one_line(call("--template", "t.csv"))
    assert call("--template", "t.csv", "--overwrite").exit_code == 0
    assert "has a header and no rows" in one_line(call("t.csv"))
    read = sheet.read(f"{columns.template()}1,{',' * (len(COLUMNS) - 2)}\n", "t.csv")
    assert read.columns == tuple(COLUMNS)
    assert not read.problems


def test_smallest_file_works(here: Path) -> None:
    (here / "c.csv").write_text("tender\n2020-01-01\n")
    done = call("c.csv")
    assert done.exit_code == 0, done.output
    assert len(store.read(here / "results" / "c").tables.cases) == 1


# --- procurement data --------------------------------------------------------------------------


def package(text: str) -> Checked:
    return records.checked(ocds.read(text, "p.json"), TODAY)


def tenders() -> str:
    return (SHIPPED / "invented_tenders.json").read_text(encoding="utf-8")


def test_contracting_processes_are_cases() -> None:
    found = package(tenders())
    cases = {record.case[-1]: record for record in found.records}
    assert {name: dict(cases["A"].dates)[name].isoformat() for name in cases["A"].dates} == {
        "preparation": "2022-01-10",
        "tender": "2022-03-01",
        "contract": "2022-05-05",
        "deployed": "2023-01-15",
    }
    assert cases["A"].words == {
        "case": "ocds-invent-A",
        "vendor": "INV-12",
        "vendor_kind": "sme",
        "department": "Department 1",
    }
    assert set(cases["B"].dates) == {"tender", "contract"}
    assert (cases["C"].words["outcome"], cases["C"].words["reason"]) == ("closed", "competition")
    assert cases["C"].dates["ended"] == date(2022, 8, 29)
    assert cases["D"].words["outcome"] == "closed"
    assert "reason" not in cases["D"].words
    assert cases["D"].dates["ended"] == date(2023, 2, 20)
    assert set(cases["E"].dates) == {"tender"}
    assert told(found, Kind.UNUSABLE) == [(13, "ocid", "")]
    assert found.until == date(2024, 1, 5)


def as_records(data: dict[str, Any]) -> dict[str, Any]:
    by_id: dict[str, list[Any]] = {}
    for release in data["releases"]:
        by_id.setdefault(release.get("ocid", ""), []).append(release)
    return {"records": [{"ocid": ocid, "releases": releases} for ocid, releases in by_id.items()]}


def test_packages_of_records_and_lines_say_the_same() -> None:
    data = json.loads(tenders())
    expected = [(record.case, record.dates, record.words) for record in package(tenders()).records]
    lines = "\n".join(json.dumps(release) for release in data["releases"] if "ocid" in release)
    for text in (json.dumps(as_records(data)), json.dumps(data["releases"][:-1]), lines):
        assert [(record.case, record.dates, record.words) for record in package(text).records] == expected


def test_compiled_release_needs_no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ocdsmerge", None)
    release = {"tender": {"tenderPeriod": {"startDate": "2022-03-01T00:00:00Z"}}, "tag": ["compiled"]}
    text = json.dumps({"records": [{"ocid": "x", "compiledRelease": release}]})
    assert package(text).records[0].dates == {"tender": date(2022, 3, 1)}


def test_missing_extra_is_told_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ocdsmerge", None)
    assert "pip install 'cityfunnel[ocds]'" in one_line(call("invented_tenders"))


def test_releases_that_cannot_be_used_are_told() -> None:
    good = {"ocid": "g", "tender": {"tenderPeriod": {"startDate": "2022-03-01"}}}
    linked = {"ocid": "l", "url": "https://example.org", "date": "2022-01-01", "tag": ["tender"]}
    undated = [
        {"ocid": "u", "buyer": {"name": "x"}},
        {"ocid": "u", "date": "2022-01-01", "buyer": {"name": "y"}},
    ]
    odd = {
        "ocid": "o",
        "tender": [1],
        "awards": {"a": 1},
        "contracts": "no",
        "parties": [3],
        "tag": 5,
        "buyer": 7,
    }
    found = package(json.dumps([good, linked, *undated, odd]))
    assert told(found, Kind.UNUSABLE) == [(2, "url", ""), (3, "date", ""), (5, "", "")]
    assert [record.case for record in found.records] == ["g"]
    assert len(found.fates) == 4


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    "tender",
    "awards",
    "contracts",
    "parties",
    "buyer",
    "tag",
    "date",
    "id",
    "releases",
    "compiledRelease",
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries({"ocid": st.sampled_from("ab")}, optional=dict.fromkeys(FIELDS, JSON)),
        min_size=1,
        max_size=3,
    )
)
def test_no_package_breaks_the_reader(releases: list[dict[str, Any]]) -> None:
    with suppress(sheet.ImportFileError):  # where no row can be used
        package(json.dumps({"releases": releases}))

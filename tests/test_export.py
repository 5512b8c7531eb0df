"""Event logs and networks that leave a run store: structure, counts, known relations, and pm4py's reading."""

from __future__ import annotations

import csv
import importlib.util
import json
import re
import sqlite3
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import networkx as nx
import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis.activities import activity
from analysis.network import graph, pairs
from analysis.objects import ATTRIBUTES, TYPES, objects
from analysis.tables import tables
from experiments import cli, history, store
from experiments import export as exports
from experiments.formats import Counts
from sim.errors import InputError, OutputError
from sim.events import CaseRecord, Event, EventLog

XES = "{http://www.xes-standard.org/}"


# --- stores to export ---------------------------------------------------------------------------


def case(number: int, vendor: str, channel: str = "bottom_up", parent: int | None = None) -> CaseRecord:
    department, need = "Roads", "Roads need 1"
    return CaseRecord(
        number, "Taipei", channel, vendor, "sme", "solver", department, "transport", need, 0.5, 0.4, 0.0, 1.5,
        parent,
    )  # fmt: skip


def lost_tender(seed: int = 1, vendor: str = 'A & <B> "C"') -> EventLog:
    """A proposal whose tender a rival wins: every kind of object once, but for two proposals and vendors."""
    log = EventLog("by_hand", seed, date(2016, 3, 20), 400.0)
    log.cases += [case(1, vendor), case(2, "Rival", "tender", 1)]
    path = (None, "submitted", "screened", "matched", "cleared", "poc", "preparation", "tender", "closed")
    about = partial(Event, city="Taipei")
    log.events += [
        about(0.0, case=None, kind="need", actor="Roads", origin="Roads need 1", target="transport",
              reason=None, amount=2.0),
        about(0.0, case=None, kind="enter", actor=vendor, origin=None, target=None, reason="startup",
              amount=9.0),
        about(0.0, case=None, kind="support", actor="Taipei", origin=None, target=None, reason=None,
              amount=0.7),
        about(0.0, case=None, kind="meeting", actor="steering group", origin=None, target=None, reason=None,
              amount=0.0),
    ]  # fmt: skip
    for step, (origin, target) in enumerate(pairwise(path), 1):
        reason = "competition" if target == "closed" else None
        log.events.append(about(10.0 * step, case=1, kind="move", actor=vendor if step == 1 else "Roads",
                                origin=origin, target=target, reason=reason, amount=None))  # fmt: skip
        if target == "poc":
            log.events += [
                about(50.0, case=1, kind="payment", actor=vendor, origin=vendor, target="world",
                      reason="poc cost", amount=1.5),
                about(55.0, case=1, kind="review", actor="review panel", origin="final", target="tender",
                      reason="fit", amount=0.8),
                about(55.0, case=None, kind="trust", actor="Roads", origin=None, target=vendor, reason=None,
                      amount=0.6),
            ]  # fmt: skip
    log.events += [
        about(75.0, case=1, kind="bid", actor="Rival", origin="first", target=None, reason=None, amount=8.0),
        about(80.0, case=1, kind="award", actor="Roads", origin="best_value", target="Rival", reason="rival",
              amount=8.0),
        about(80.0, case=2, kind="move", actor="Roads", origin=None, target="contract", reason=None,
              amount=None),
        about(80.0, case=2, kind="payment", actor="Roads", origin="Roads", target="Rival", reason="contract",
              amount=8.0),
        about(90.0, case=2, kind="begun", actor="PMO", origin="hand_over", target=None, reason=None,
              amount=0.0),
        about(95.0, case=2, kind="done", actor="PMO", origin="hand_over", target=None, reason=None,
              amount=5.0),
    ]  # fmt: skip
    log.events.sort(key=lambda event: event.time)
    return log


def stored(folder: Path, logs: list[EventLog]) -> store.Store:
    found = tables(logs)
    parts = {"runs": found.runs, "cases": found.cases, "events": found.events}
    return store.read(store.write(store.Target(folder), lambda to: {"tables": store.save(to, parts)}))


@pytest.fixture
def by_hand(tmp_path: Path) -> store.Store:
    return stored(tmp_path / "store", [lost_tender(1), lost_tender(7)])


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> store.Store:
    folder = tmp_path_factory.mktemp("real") / "store"
    words = ("-n", "2", "-j", "1", "--no-figures", "--set", "vendors.initial=60", "--set", "needs.initial=2")
    call("run", "taipei_stage1_bottom_up", *words, "--out", str(folder))
    return store.read(folder)


def call(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(cli.app, words, prog_name="cityfunnel")
    assert done.exit_code == code, done.output
    return done.output


def exported(found: store.Store, name: str, folder: Path, **more: Any) -> tuple[Path, Counts]:
    chosen = exports.format_(name)
    wanted = history.runs(found)[:1] if chosen.single else history.runs(found)
    file = exports.place(found, chosen, folder)
    return file, exports.export(found, wanted, chosen, file, **more)


def expected(found: store.Store) -> tuple[int, int]:
    """Cases, and events about a case, as the store's own tables count them."""
    return len(found.tables.cases), int(found.tables.events["case"].notna().sum())


# --- activities ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("move", "poc", "second_poc", ""), "second poc"),
        (("begun", "screen", "", ""), "screen"),
        (("done", "screen", "", ""), "screen"),
        (("review", "midway", "continue", "fit"), "midway review: continue"),
        (("round", "first", "failed", ""), "first round: failed"),
        (("payment", "V1", "world", "poc cost"), "payment: poc cost"),
        (("decision", "", "hosts", ""), "decision: hosts"),
        (("solved", "Roads need 1", "bottom_up", ""), "solved"),
        (("of another package", "a", "b", "c"), "of another package"),
    ],
)
def test_activity_is_named_after_what_is_done(words: tuple[str, str, str, str], name: str) -> None:
    assert activity(*words) == name


# --- tables -------------------------------------------------------------------------------------


def test_csv_has_a_row_an_event_about_a_case(real: store.Store, tmp_path: Path) -> None:
    file, counts = exported(real, "csv", tmp_path)
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    cases, events = expected(real)
    assert (counts.runs, counts.cases, counts.events) == (2, cases, events)
    assert len(rows) == events
    assert len({row["case_id"] for row in rows}) == cases
    assert {row["case_id"].split("-")[0] for row in rows} == {"1", "2"}
    start = datetime.fromisoformat("2016-03-20T00:00:00+00:00")
    assert all(datetime.fromisoformat(row["timestamp"]) >= start for row in rows)


def test_parquet_says_the_same_as_csv(real: store.Store, tmp_path: Path) -> None:
    (text, _), (file, counts) = exported(real, "csv", tmp_path), exported(real, "parquet", tmp_path)
    one, other = pd.read_csv(text), pd.read_parquet(file)
    assert list(one) == list(other)
    assert counts.events == len(one) == len(other)
    assert (one["activity"] == other["activity"].astype(str)).all()
    assert (pd.to_datetime(one["timestamp"]).dt.tz_localize(None) == other["timestamp"]).all()
    assert one["amount"].sum() == pytest.approx(other["amount"].sum())


def test_moves_alone(real: store.Store, tmp_path: Path) -> None:
    file, counts = exported(real, "parquet", tmp_path, moves=True)
    assert set(pd.read_parquet(file)["kind"]) == {"move"}
    assert counts.events == int((real.tables.events["kind"] == "move").sum())


# --- XES ----------------------------------------------------------------------------------------


def traces(file: Path) -> list[ElementTree.Element]:
    return ElementTree.parse(file).getroot().findall(f"{XES}trace")


def said(element: ElementTree.Element) -> dict[str, str]:
    return {child.attrib["key"]: child.attrib["value"] for child in element if "key" in child.attrib}


def test_xes_has_a_trace_a_case_in_order_of_time(real: store.Store, tmp_path: Path) -> None:
    file, counts = exported(real, "xes", tmp_path)
    found = traces(file)
    events = [[said(event) for event in trace.findall(f"{XES}event")] for trace in found]
    assert (len(found), sum(map(len, events))) == expected(real) == (counts.cases, counts.events)
    assert len({said(trace)["concept:name"] for trace in found}) == len(found)
    for rows in events:
        times = [datetime.fromisoformat(row["time:timestamp"]) for row in rows]
        assert times == sorted(times)
        assert all(time.tzinfo for time in times)


def test_xes_follows_the_standard(real: store.Store, tmp_path: Path) -> None:
    """Order of elements, declared extensions, and global attributes that every element has."""
    file, _ = exported(real, "xes", tmp_path)
    log = ElementTree.parse(file).getroot()
    assert log.tag == f"{XES}log"
    assert log.attrib["xes.version"] == "1849.2016"
    order = [child.tag.removeprefix(XES) for child in log]
    ranks = {"extension": 0, "global": 1, "classifier": 2, "string": 3, "trace": 4}
    assert [ranks[tag] for tag in order] == sorted(ranks[tag] for tag in order)
    prefixes = {child.attrib["prefix"] for child in log.iter(f"{XES}extension")}
    keys = {child.attrib["key"] for child in log.iter() if "key" in child.attrib}
    assert {key.split(":")[0] for key in keys if ":" in key} == prefixes
    always = {part.attrib["scope"]: set(said(part)) for part in log.findall(f"{XES}global")}
    assert all(always["trace"] <= set(said(trace)) for trace in traces(file))
    assert all(always["event"] <= set(said(event)) for event in log.iter(f"{XES}event"))
    kinds = {child.tag.removeprefix(XES) for trace in traces(file) for child in trace}
    assert kinds == {"string", "int", "float", "event"}


def test_xes_keeps_names_that_xml_would_misread(by_hand: store.Store, tmp_path: Path) -> None:
    file, _ = exported(by_hand, "xes", tmp_path)
    first = traces(file)[0]
    assert said(first)["vendor"] == 'A & <B> "C"'
    assert said(first)["concept:name"] == "1-1"
    assert said(first)["seed"] == "1"
    resources = [said(event).get("org:resource") for event in first.findall(f"{XES}event")]
    assert resources[0] == 'A & <B> "C"'


def test_a_task_has_two_transitions(by_hand: store.Store, tmp_path: Path) -> None:
    file, _ = exported(by_hand, "xes", tmp_path)
    rows = [said(event) for event in traces(file)[1].findall(f"{XES}event")]
    task = [
        (row["concept:name"], row["lifecycle:transition"]) for row in rows if row["kind"] in ("begun", "done")
    ]
    assert task == [("hand over", "start"), ("hand over", "complete")]


# --- OCEL ---------------------------------------------------------------------------------------


def read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def typed(rows: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    return {row["name"]: {each["name"]: each["type"] for each in row["attributes"]} for row in rows}


def test_ocel_has_every_object_once(by_hand: store.Store, tmp_path: Path) -> None:
    file, counts = exported(by_hand, "ocel", tmp_path)
    log = read(file)
    kinds = Counter(row["type"] for row in log["objects"])
    once = ("department", "need", "poc", "tender", "contract", "city")
    assert kinds == {"proposal": 4, "vendor": 4} | dict.fromkeys(once, 2)  # in two runs
    assert counts.objects == len(log["objects"]) == len({row["id"] for row in log["objects"]})
    assert counts.cases == 4


def test_ocel_tells_how_objects_hang_together(by_hand: store.Store, tmp_path: Path) -> None:
    file, _ = exported(by_hand, "ocel", tmp_path)
    found = {
        (row["id"], each["qualifier"], each["objectId"])
        for row in read(file)["objects"]
        for each in row["relationships"]
    }
    one = {
        ("1", "proposed by", 'A & <B> "C"'),
        ("1", "hosted by", "Roads"),
        ("1", "answers", "Roads need 1"),
        ("2", "proposed by", "Rival"),
        ("2", "hosted by", "Roads"),
        ("2", "answers", "Roads need 1"),
        ("2", "follows", "1"),
        ("poc 1", "of", "1"),
        ("tender 1", "of", "1"),
        ("contract 2", "of", "2"),
        ("contract 2", "with", "Rival"),
        ("contract 2", "comes of", "tender 1"),
        ("Roads need 1", "of", "Roads"),
    }
    assert found == {(f"{run}-{a}", what, f"{run}-{b}") for run in (1, 2) for a, what, b in one}


def test_ocel_tells_to_what_an_event_belongs(by_hand: store.Store, tmp_path: Path) -> None:
    file, _ = exported(by_hand, "ocel", tmp_path)
    log = read(file)
    related = {
        event["type"]: {each["objectId"]: each["qualifier"] for each in event["relationships"]}
        for event in log["events"]
        if event["id"].startswith("1-")
    }
    assert related["award"] == {
        "1-1": "about",
        "1-tender 1": "part of",
        "1-contract 2": "gives",
        "1-Roads": "awarded by",
        "1-Rival": "awarded to",
    }
    assert related["trust"] == {"1-Roads": "trusts", '1-A & <B> "C"': "trusted"}
    assert related["final review: tender"] == {"1-1": "about", "1-poc 1": "part of"}
    assert related["bid"] == {"1-1": "about", "1-tender 1": "part of", "1-Rival": "bidder"}
    assert related["payment: contract"] == {
        "1-2": "about", "1-contract 2": "part of", "1-Roads": "paid by", "1-Rival": "paid to",
    }  # fmt: skip
    assert related["support"] == {"1-Taipei": "done by"}
    assert "meeting" not in related  # of a group that is no object, about nothing


def test_ocel_tells_attributes_from_when_on_they_hold(by_hand: store.Store, tmp_path: Path) -> None:
    file, _ = exported(by_hand, "ocel", tmp_path)
    found = {row["id"]: row["attributes"] for row in read(file)["objects"]}
    stages = [(each["time"][:10], each["value"]) for each in found["1-1"] if each["name"] == "stage"]
    assert stages[0] == ("2016-03-30", "submitted")
    assert stages[-1] == ("2016-06-08", "closed")
    assert {each["name"]: each["value"] for each in found["1-contract 2"]} == {"price": 8.0}
    assert {each["name"]: each["value"] for each in found['1-A & <B> "C"']} == {"kind": "startup"}
    assert found["1-poc 1"] == [{"name": "cost", "time": "1970-01-01T00:00:00.000Z", "value": 1.5}]


def test_ocel_follows_the_rules_of_the_standard(real: store.Store, tmp_path: Path) -> None:
    file, counts = exported(real, "ocel", tmp_path)
    log = read(file)
    assert set(log) == {"objectTypes", "eventTypes", "objects", "events"}
    object_types, event_types = typed(log["objectTypes"]), typed(log["eventTypes"])
    assert object_types == TYPES
    assert all(attributes == ATTRIBUTES for attributes in event_types.values())
    ids = {row["id"] for row in log["objects"]}
    assert len({row["id"] for row in log["events"]}) == len(log["events"]) == counts.events
    assert {row["type"] for row in log["events"]} == set(event_types)
    for row, types in [
        *((row, object_types) for row in log["objects"]),
        *((row, event_types) for row in log["events"]),
    ]:
        assert all(each["objectId"] in ids for each in row["relationships"])
        for each in row["attributes"]:
            assert isinstance(each["value"], str if types[row["type"]][each["name"]] == "string" else float)
            assert datetime.fromisoformat(each.get("time", row.get("time"))).tzinfo
    assert all(row["relationships"] for row in log["events"])
    assert [row["type"] for row in log["objects"]].count("proposal") == len(real.tables.cases)


def test_sqlite_says_the_same_as_json(real: store.Store, tmp_path: Path) -> None:
    (file, counts), (base, same) = (exported(real, name, tmp_path) for name in ("ocel", "ocel-sqlite"))
    log = read(file)
    assert counts == same
    with closing(sqlite3.connect(base)) as connection:

        def rows(query: str) -> list[tuple[Any, ...]]:
            return connection.execute(query).fetchall()

        assert rows("PRAGMA foreign_key_check") == []
        assert dict(rows("SELECT ocel_id, ocel_type FROM object")) == {
            row["id"]: row["type"] for row in log["objects"]
        }
        assert dict(rows("SELECT ocel_id, ocel_type FROM event")) == {
            row["id"]: row["type"] for row in log["events"]
        }
        assert rows("SELECT count(*) FROM event_object") == [
            (sum(len(row["relationships"]) for row in log["events"]),)
        ]
        for table in ("event", "object"):
            kinds = dict(rows(f"SELECT * FROM {table}_map_type"))
            own = "" if table == "event" else " WHERE ocel_changed_field IS NULL"
            found = {
                kind: rows(f"SELECT count(*) FROM {table}_{name}{own}")[0][0] for kind, name in kinds.items()
            }
            assert found == Counter(row["type"] for row in log[f"{table}s"]) | {
                kind: 0 for kind in kinds if not found[kind]
            }
        assert rows("SELECT max(price) FROM object_Contract") == [
            (
                max(
                    each["value"]
                    for row in log["objects"]
                    for each in row["attributes"]
                    if each["name"] == "price"
                ),
            )
        ]


def test_events_about_nothing_are_left_out() -> None:
    found = tables([lost_tender()])
    log = objects(found.cases, found.events)
    assert len(log.events) == len(found.events) - 1
    assert set(log.related["event"]) == set(log.events["event"])


# --- the network --------------------------------------------------------------------------------


def test_network_of_who_deals_with_whom(by_hand: store.Store, tmp_path: Path) -> None:
    file, counts = exported(by_hand, "graphml", tmp_path)
    found = nx.read_graphml(file)
    assert set(found) == {"Roads", 'A & <B> "C"', "Rival"}
    assert counts.objects == 3
    assert found.nodes["Roads"] == {"type": "department", "city": "Taipei", "domain": "transport"}
    assert found.edges["Roads", 'A & <B> "C"'] == {
        "relation": "deals",
        "pocs": 1,
        "contracts": 0,
        "paid": 0.0,
        "trust": 0.6,
        "weight": 0.6,
    }
    deal = found.edges["Roads", "Rival"]
    assert (deal["pocs"], deal["contracts"], deal["paid"]) == (0, 1, 8.0)
    assert "trust" not in deal
    assert found.graph["seed"] == 1


def test_network_has_the_last_trust_that_was_told(real: store.Store) -> None:
    one = next(history.histories(real, history.runs(real)))
    told = one.events[(one.events["kind"] == "trust").to_numpy()]
    last = told.astype({"actor": str, "target": str}).groupby(["actor", "target"])["amount"].last()
    found = graph(one.cases, one.events)
    trust = {pair: found.edges[pair]["weight"] for pair in last.index}
    assert trust == last.to_dict()
    assert len(pairs(one.cases, one.events)) == found.number_of_edges()


def test_a_network_is_one_of_one_run(by_hand: store.Store) -> None:
    with pytest.raises(InputError, match="store has 2: choose one by --run or --seed"):
        exports.export(by_hand, history.runs(by_hand), exports.format_("graphml"), by_hand.path / "x.graphml")


# --- which runs, where to -----------------------------------------------------------------------


def test_choice_of_runs(by_hand: store.Store) -> None:
    runs = history.runs(by_hand)
    assert [(run.number, run.seed) for run in runs] == [(1, 1), (2, 7)]
    assert history.chosen(runs) == runs
    assert history.chosen(runs, number=2) == history.chosen(runs, seed=7) == runs[1:]
    for asked, message in [
        ({"number": 3}, "there is no run 3; the store has runs 1 to 2"),
        ({"seed": 2}, "no run has seed 2"),
        ({"scenario": "by_hnad"}, "did you mean 'by_hand'"),
        ({"number": 1, "seed": 7}, "no run is all"),
    ]:
        with pytest.raises(InputError, match=message):
            history.chosen(runs, **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["csv", "xes", "ocel"])
def test_large_stores_are_read_piece_by_piece(
    name: str, real: store.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = exported(real, name, tmp_path / "whole")
    monkeypatch.setattr(history, "BATCH", 997)
    pieces, _ = exported(real, name, tmp_path / "pieces")
    assert whole.read_bytes() == pieces.read_bytes()


def test_runs_without_cases_have_their_place(tmp_path: Path) -> None:
    empty = EventLog("by_hand", 5, date(2016, 3, 20), 100.0)
    found = stored(tmp_path / "s", [empty, lost_tender(1), EventLog("by_hand", 6, empty.start, 1.0)])
    lengths = [len(each.events) for each in history.histories(found, history.runs(found))]
    assert lengths == [0, len(lost_tender().events), 0]
    for name in ("csv", "parquet", "xes", "ocel", "ocel-sqlite"):
        assert exported(found, name, tmp_path / "out")[1].runs == 3


def test_nothing_is_left_of_a_file_that_failed(by_hand: store.Store, tmp_path: Path) -> None:
    def fails(path: Path, source: object, moves: bool) -> Counts:
        path.write_text("half", encoding="utf-8")
        raise OSError(28, "No space left on device")

    broken = exports.format_("xes")._replace(write=fails)
    file = tmp_path / "new" / "deep" / "a.xes"
    with pytest.raises(OutputError, match="No space left on device"):
        exports.export(by_hand, history.runs(by_hand), broken, file)
    assert not (tmp_path / "new").exists()


def test_a_file_that_is_there_stays(by_hand: store.Store, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("mine", encoding="utf-8")
    words = ("export", str(by_hand.path), "--format", "csv", "--out", str(file))
    assert "give --overwrite, or another --out" in call(*words, code=2)
    assert file.read_text(encoding="utf-8") == "mine"
    call(*words, "--overwrite")
    assert file.read_text(encoding="utf-8").startswith("case_id,")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--format", "xess"), "--format: unknown format 'xess' (did you mean 'xes'?)"),
        (("--format", "xes", "--run", "9"), "--run: there is no run 9; the store has runs 1 to 2"),
        (("--format", "process-map", "--out", "map.gif"), "must end with .png, .svg, .pdf"),
    ],
)
def test_wrong_input_is_told_in_one_line(words: tuple[str, ...], told: str, by_hand: store.Store) -> None:
    output = call("export", str(by_hand.path), *words, code=2)
    assert told in output
    assert output.count("\n") == 1


def test_a_store_without_events_says_how_to_have_them(tmp_path: Path) -> None:
    frame = pd.DataFrame({"scenario": ["a"], "seed": [1]})
    path = store.write(
        store.Target(tmp_path / "s"), lambda to: {"tables": store.save(to, {"outcomes": frame})}
    )
    assert "--keep everything" in call("export", str(path), "--format", "csv", code=2)


def test_runs_of_a_sweep_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests import tiny

    study = tmp_path / "staff.yaml"
    study.write_text(
        "question: Whose?\nbase: taipei_stage1_bottom_up\nlevers: [taipei_stage1_bottom_up, problem_led]\n"
        "uncertainties: {pmo.staff: [5, 30]}\ndesign: {kind: lhs, points: 2}\nreplications: 2\n",
        encoding="utf-8",
    )
    tiny.made(str(study), str(tmp_path / "swept"), 1, 0.0)
    found = store.read(tmp_path / "swept")
    runs = history.runs(found)
    assert len(runs) == 8
    assert {run.point for run in runs} == {1, 2}
    file, counts = exported(found, "csv", tmp_path)
    rows = pd.read_csv(file)
    assert counts.runs == rows["run"].nunique() == 8
    assert rows["case_id"].nunique() == len(found.table("cases"))
    assert len(history.tables(found).runs.drop_duplicates(["scenario", "seed"])) == 8


def test_process_map_is_made_by_one_command(by_hand: store.Store, tmp_path: Path) -> None:
    file = tmp_path / "map.png"
    call("export", str(by_hand.path), "--format", "process-map", "--out", str(file))
    assert file.read_bytes().startswith(b"\x89PNG")


def test_the_package_imports_nothing_under_the_agpl() -> None:
    root = Path(__file__).parents[1]
    files = [file for name in ("sim", "experiments", "analysis") for file in (root / name).rglob("*.py")]
    assert files
    assert not [
        file for file in files if re.search(r"^\s*(import|from) pm4py", file.read_text(), re.MULTILINE)
    ]


# --- what pm4py reads ---------------------------------------------------------------------------

reason = "pm4py (AGPL) is not installed: pip install 'cityfunnel[pm4py]'"
with_pm4py = pytest.mark.skipif(importlib.util.find_spec("pm4py") is None, reason=reason)


@pytest.fixture
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@with_pm4py
def test_pm4py_reads_the_same_cases_from_xes(real: store.Store, tmp_path: Path, quiet: None) -> None:
    import pm4py

    (text, counts), (file, _) = exported(real, "csv", tmp_path), exported(real, "xes", tmp_path)
    ours, theirs = pd.read_csv(text), pm4py.read_xes(str(file))
    assert len(theirs) == counts.events
    assert theirs["case:concept:name"].nunique() == counts.cases
    assert theirs["concept:name"].value_counts().to_dict() == ours["activity"].value_counts().to_dict()
    assert (pd.to_datetime(theirs["time:timestamp"]).min() - pd.Timestamp("2016-03-20", tz="UTC")).days >= 0


@with_pm4py
@pytest.mark.parametrize("name", ["ocel", "ocel-sqlite"])
def test_pm4py_reads_the_same_objects_from_ocel(
    name: str, real: store.Store, tmp_path: Path, quiet: None
) -> None:
    import pm4py

    (file, counts), (ours, _) = exported(real, name, tmp_path), exported(real, "ocel", tmp_path / "json")
    log, theirs = read(ours), pm4py.read_ocel2(str(file))
    assert (len(theirs.events), len(theirs.objects)) == (counts.events, counts.objects)
    assert theirs.objects["ocel:type"].value_counts().to_dict() == Counter(
        row["type"] for row in log["objects"]
    )
    assert theirs.events["ocel:activity"].value_counts().to_dict() == Counter(
        row["type"] for row in log["events"]
    )
    assert len(theirs.relations) == sum(len(row["relationships"]) for row in log["events"])
    assert len(theirs.o2o) == sum(len(row["relationships"]) for row in log["objects"])


@with_pm4py
def test_pm4py_finds_no_rule_of_ocel_broken(real: store.Store, tmp_path: Path, quiet: None) -> None:
    from pm4py.objects.ocel.validation import ocel20_rel_validation

    file, _ = exported(real, "ocel-sqlite", tmp_path)
    kept, broken = ocel20_rel_validation.apply(str(file))
    assert len(kept) == 24
    assert broken == []

"""The report: what stands in it, that it is safe to send, that it works in a browser without a network."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from analysis import echarts
from experiments import __version__, cli, report, runner, store, vendored
from experiments.report import page
from experiments.report.elements import Cell, cell, span
from sim.events import EventLog
from sim.scenario import Scenario
from tests import chromium, markov
from tests.tiny import made as swept

HOSTILE = "<img src=x onerror=alert(1)>"
QUESTION = "</script><script>alert(2)</script> & \"quotes\" 'too' \u2028 ]]>?"
DEPARTMENT = "<b onmouseover=alert(3)>Dept</b>"
BROWSERS = ("run", "compare", "hostile", "sweep")


def simulate(scenario: Scenario, seed: int) -> EventLog:
    """A run that takes no time; some departments and vendors have the names of an attacker."""
    pmo = scenario.parameters.pmo
    a_year = 60.0 if pmo.exists and pmo.staff > 5 else 40.0
    log = markov.run(seed, days=scenario.days, a_year=a_year, scenario=scenario.name)
    if "hostile" in scenario.question or scenario.question.startswith("</script>"):
        log.cases[:] = [
            each._replace(department=DEPARTMENT, vendor=f"{HOSTILE}{each.case}") for each in log.cases
        ]
    return log


def call(*words: str) -> Result:
    return CliRunner().invoke(cli.app, list(words), prog_name="cityfunnel")


def good(*words: str) -> str:
    done = call(*words)
    assert done.exit_code == 0, done.output
    return done.stdout


def wrong(*words: str) -> str:
    done = call(*words)
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.output
    return done.stderr


STUDY = """
question: Do calls beat an open door?
base: taipei_stage1_bottom_up
levers: [taipei_stage1_bottom_up, problem_led]
uncertainties: {pmo.staff: [5, 30], needs.arrival: [0.2, 2]}
outcomes: [proposals_received, days_to_poc]
design: {kind: lhs, points: 6}
replications: 2
"""


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Stores made by the verbs, with runs that take no time."""
    folder = tmp_path_factory.mktemp("stores")
    world = f"question: {json.dumps(QUESTION)}\nextends: taipei_stage1\nset: {{pmo.staff: 5}}\n"
    world += "timeline:\n  - at: 2018-01-01\n    set: {politics.support: 0.4}\n"
    world += f"notes: {{pmo.staff: {json.dumps(QUESTION)}}}\n"
    (folder / f"{HOSTILE}.yaml").write_text(world, encoding="utf-8")
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    hostile = str(folder / f"{HOSTILE}.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "_model", lambda: simulate)
        quick = ("-j", "1", "--no-figures", "--out")
        good("run", "taipei_2016_2021", "-n", "6", *quick, str(folder / "run"))
        good("run", hostile, "-n", "3", *quick, str(folder / "hostile_run"))
        good("compare", "taipei_stage1", "taipei_no_pmo_no_poc", "-n", "5", *quick, str(folder / "compare"))
        good(
            "compare",
            "taipei_stage1",
            hostile,
            "taipei_no_pmo_no_poc",
            "-n",
            "4",
            *quick,
            str(folder / "hostile"),
        )
    swept(str(folder / "study.yaml"), str(folder / "sweep"), 1, 0.0)
    return {name: folder / name for name in ("run", "hostile_run", "compare", "hostile", "sweep")}


@pytest.fixture(scope="module")
def pages(stores: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    return {name: report.write(path, folder / f"{name}.html") for name, path in stores.items()}


# --- what a parser sees --------------------------------------------------------------------------


class Element(NamedTuple):
    tag: str
    attributes: dict[str, str | None]


class Seen(HTMLParser):
    """Elements, text, and what stands in scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements = list[Element]()
        self.scripts = list[tuple[dict[str, str | None], str]]()
        self.styles = list[str]()
        self.words = list[str]()
        self._raw: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs)))
        self._raw = tag if tag in ("script", "style") else None
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, _: str) -> None:
        self._raw = None

    def handle_data(self, data: str) -> None:
        if self._raw == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)
        elif self._raw == "style":
            self.styles.append(data)
        else:
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [each.attributes for each in self.elements if each.tag == tag]

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def data(self, name: str) -> Any:
        (found,) = [text for attributes, text in self.scripts if attributes.get("id") == name]
        return json.loads(found)


@pytest.fixture(scope="module")
def seen(pages: dict[str, Path]) -> dict[str, Seen]:
    return {name: Seen(path.read_text(encoding="utf-8")) for name, path in pages.items()}


every = pytest.mark.parametrize("name", ["run", "hostile_run", "compare", "hostile", "sweep"])


@every
def test_page_is_whole_and_can_be_read_aloud(seen: dict[str, Seen], name: str) -> None:
    found = seen[name]
    assert found.all("html") == [{"lang": "en"}]
    assert len(found.all("h1")) == len(found.all("main")) == len(found.all("title")) == 1
    ids = Counter(each.attributes["id"] for each in found.elements if "id" in each.attributes)
    assert set(ids.values()) == {1}
    for each in found.elements:
        for key in ("aria-labelledby", "for"):
            assert each.attributes.get(key) is None or each.attributes[key] in ids
        if each.tag == "a":
            assert (each.attributes["href"] or "").removeprefix("#") in ids
    assert (
        found.elements[[each.tag for each in found.elements].index("body") + 1].attributes["class"] == "skip"
    )
    levels = [int(each.tag[1]) for each in found.elements if re.fullmatch("h[1-6]", each.tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))


@every
def test_each_chart_has_a_name_a_caption_and_its_numbers(seen: dict[str, Seen], name: str) -> None:
    found = seen[name]
    figures = [each["id"] for each in found.all("figure")]
    assert len(figures) >= 3
    assert len(found.all("figcaption")) == len(figures)
    tables = {each["aria-labelledby"] for each in found.all("div") if each.get("role") == "region"}
    assert {f"{each}-numbers" for each in figures} <= tables
    charts = [each for each in found.all("div") if each.get("class") == "chart"]
    assert all(each["role"] == "img" and each["aria-label"] and each["tabindex"] == "0" for each in charts)
    for chart in charts:
        option = found.data(str(chart["data-chart"]))
        names = {series["name"] for series in option["series"]}
        keys = found.data(f"{str(chart['data-chart']).rpartition('-')[0]}-keys")
        assert names <= set(keys)


@every
def test_tables_sort_by_buttons_in_their_heads(seen: dict[str, Seen], name: str) -> None:
    tags = [each.tag for each in seen[name].elements]
    heads = [
        place
        for place, tag in enumerate(tags)
        if tag == "th" and seen[name].elements[place].attributes.get("scope") == "col"
    ]
    assert heads
    assert all(tags[place + 1] == "button" for place in heads)


@every
def test_nothing_is_loaded_from_anywhere(seen: dict[str, Seen], pages: dict[str, Path], name: str) -> None:
    found = seen[name]
    for each in found.elements:
        assert not {"src", "srcset", "data", "poster", "action", "background"} & set(each.attributes)
        assert not any(key.startswith("on") for key in each.attributes)
        assert (each.attributes.get("href") or "#").startswith("#")
    assert not {"link", "iframe", "object", "embed", "base", "img"} & {each.tag for each in found.elements}
    assert not re.search(r"@import|url\(|https?:", "".join(found.styles))
    (policy,) = [each["content"] or "" for each in found.all("meta") if each.get("http-equiv")]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    run = [text for attributes, text in found.scripts if attributes.get("type") is None]
    for text in run:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert len(run) == 2
    assert "unsafe-inline" not in policy.partition("style-src")[0]


# --- what stands in it ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["run", "compare", "sweep"])
def test_it_says_where_it_comes_from(seen: dict[str, Seen], stores: dict[str, Path], name: str) -> None:
    manifest = store.read(stores[name]).manifest
    text = seen[name].text
    for word in (manifest["fingerprint"], manifest["code"], manifest["versions"]["numpy"], __version__):
        assert word in text
    assert manifest["command"] in text or not manifest["command"]
    titles = " ".join(seen[name].text.split())
    for title in (
        "What the evidence can and cannot say",
        "Numbers and their sources",
        "How to make it again",
    ):
        assert title in titles
    assert "pmo.staff" in text
    limit = "The study varies 2 numbers" if name == "sweep" else "Intervals hold the luck of the runs alone"
    assert limit in text


def test_funnel_is_that_of_the_store(seen: dict[str, Seen], stores: dict[str, Path]) -> None:
    table = pd.read_csv(stores["run"] / "funnel.csv")
    option = seen["run"].data("funnel-by-channel-0")
    (own,) = [each for each in option["series"] if each["name"] == echarts.OWN]
    wanted = table[(table["channel"] == "bottom_up") & (table["view"] == "own")].set_index("step")["mean"]
    assert own["data"][0]["value"] == pytest.approx(wanted["submitted"], rel=1e-5)
    assert own["data"][4]["value"] == pytest.approx(wanted["poc"], rel=1e-5)
    marks = [each for each in option["series"] if each["type"] == "scatter"]
    assert any("S01 >100" in point["name"] for each in marks for point in each["data"])


def test_differences_are_those_of_the_store(seen: dict[str, Seen], stores: dict[str, Path]) -> None:
    table = pd.read_csv(stores["compare"] / "differences.csv").set_index("measure")
    option = seen["compare"].data("forest-0")
    (series,) = option["series"]
    rows = dict(zip(option["yAxis"]["data"], series["data"], strict=True))
    row, wanted = rows["days to POC"]["value"], table.loc["days_to_poc"]
    shown = [100 * wanted[name] / wanted["value_base"] for name in ("difference", "low", "high")]
    assert row[:3] == pytest.approx(shown, rel=1e-4)
    assert row[4] == int(wanted["low"] > 0 or wanted["high"] < 0)


def test_numbers_that_differ_come_with_unit_range_and_source(seen: dict[str, Seen]) -> None:
    text = seen["compare"].text
    assert "S14: there was no such office before 2016." in text
    assert "whether a purchase needs a POC first" in text
    assert "What changes on the way" in seen["hostile"].text


def test_policies_can_be_picked_where_there_are_several(seen: dict[str, Seen]) -> None:
    picks = [each["data-pick"] for each in seen["hostile"].all("input")]
    assert picks == ["1", "2"]
    assert not seen["compare"].all("input")
    whose = {each.attributes.get("data-policy") for each in seen["hostile"].elements}
    assert whose == {None, "1", "2"} | {"0"}


def test_results_are_labelled_by_their_evidence(seen: dict[str, Seen]) -> None:
    assert "Fitted: numbers of the model were fitted" in seen["run"].text
    assert "every difference between scenarios is a prediction" in seen["compare"].text


def test_a_store_of_an_older_comparison_says_what_it_lacks(stores: dict[str, Path], tmp_path: Path) -> None:
    manifest = json.loads((stores["compare"] / store.MANIFEST).read_text(encoding="utf-8"))
    del manifest["tables"]["groups"]
    for file in stores["compare"].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / store.MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    assert "does not tell who gets what" in Seen(page.html(report.report(tmp_path)).decode()).text


# --- names of other people -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["hostile", "hostile_run"])
def test_names_stay_text(seen: dict[str, Seen], pages: dict[str, Path], name: str) -> None:
    found, text = seen[name], pages[name].read_text(encoding="utf-8")
    assert not {"img", "b"} & {each.tag for each in found.elements}
    assert HOSTILE in found.text.replace("\u200b", "")
    assert "alert(2)" in found.text
    assert DEPARTMENT in found.text
    assert HOSTILE not in text
    assert DEPARTMENT not in text
    assert "<script>alert" not in text
    known = {"application/json", None}
    assert {attributes.get("type") for attributes, _ in found.scripts} == known
    assert sum(attributes.get("type") is None for attributes, _ in found.scripts) == 2


def test_json_in_a_script_cannot_end_it() -> None:
    told = page.script_json({"a": "</script><!--<script>&\u2028\u2029"})
    assert not re.search("[<>&\u2028\u2029]", told)
    assert json.loads(told) == {"a": "</script><!--<script>&\u2028\u2029"}
    with pytest.raises(ValueError, match="not JSON compliant"):
        page.script_json(float("nan"))


def test_a_word_may_be_broken_at_joints_alone() -> None:
    assert page.soft("pmo.staff <b> taipei_2016 0.5") == "pmo.<wbr>staff &lt;b&gt; taipei_<wbr>2016 0.5"


# --- the same bytes ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["run", "compare", "sweep"])
def test_same_store_same_bytes(stores: dict[str, Path], pages: dict[str, Path], name: str) -> None:
    assert page.html(report.report(stores[name])) == pages[name].read_bytes()


def test_nothing_of_this_machine_is_told(pages: dict[str, Path], stores: dict[str, Path]) -> None:
    assert str(Path.home()) + "/" not in pages["compare"].read_text(encoding="utf-8") or Path.home() == Path(
        "/"
    )


# --- the verb ------------------------------------------------------------------------------------


def test_verb_writes_into_the_store_and_tells_the_size(stores: dict[str, Path]) -> None:
    told = good("report", str(stores["run"]))
    assert (stores["run"] / report.NAME).stat().st_size < 3_000_000
    assert re.search(r"report\.html \(\d\.\d MB", told)
    good("report", str(stores["run"]))  # one that is there gives way
    assert store.read(stores["run"])


def test_verb_refuses_what_it_cannot_use(stores: dict[str, Path], tmp_path: Path) -> None:
    assert "no such folder" in wrong("report", str(tmp_path / "nowhere"))
    assert "is not a run store" in wrong("report", str(tmp_path))
    foreign = tmp_path / "notes.html"
    foreign.write_text("mine", encoding="utf-8")
    assert "is no report" in wrong("report", str(stores["run"]), "--out", str(foreign))
    assert foreign.read_text(encoding="utf-8") == "mine"
    assert "is a folder" in wrong("report", str(stores["run"]), "--out", str(tmp_path))


def broken(source: Path, target: Path, **changes: Any) -> Path:
    target.mkdir()
    for file in source.iterdir():
        if file.is_file():
            (target / file.name).write_bytes(file.read_bytes())
    manifest = json.loads((source / store.MANIFEST).read_text(encoding="utf-8"))
    (target / store.MANIFEST).write_text(json.dumps({**manifest, **changes}), encoding="utf-8")
    return target


def test_verb_refuses_stores_without_runs(stores: dict[str, Path], tmp_path: Path) -> None:
    assert "nothing to report" in wrong("report", str(broken(stores["run"], tmp_path / "a", tables={})))
    assert "names no scenario" in wrong("report", str(broken(stores["run"], tmp_path / "b", scenarios={})))
    assert "does not say which" in wrong("report", str(broken(stores["run"], tmp_path / "c", scenarios=3)))
    city = broken(stores["run"], tmp_path / "g", observed={})
    assert "what a city observed" in wrong("report", str(city))
    runs = {"done": 0, "failed": 4, "pending": 0}
    failed = broken(stores["sweep"], tmp_path / "d", runs=runs, tables={})
    assert "no run succeeded" in wrong("report", str(failed))
    empty = broken(stores["run"], tmp_path / "e")
    for name in ("runs", "cases", "events", "outcomes"):
        table = pd.read_parquet(empty / f"{name}.parquet")
        table.iloc[:0].to_parquet(empty / f"{name}.parquet")
    assert "no run that succeeded" in wrong("report", str(empty))
    (empty / "events.parquet").write_bytes(b"nothing")
    assert "damaged" in wrong("report", str(empty))
    lost = broken(stores["compare"], tmp_path / "f")
    (lost / "differences.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert "no table of differences" in wrong("report", str(lost))
    (lost / "differences.csv").unlink()
    assert "cannot be read" in wrong("report", str(lost))


# --- numbers, colours, files of others -----------------------------------------------------------


def test_cells_are_sorted_by_their_number() -> None:
    assert cell(1234.5) == Cell("1,234", 1234.5)
    assert cell(0.125) == Cell("0.12", 0.125)
    assert cell(float("nan")) == Cell("–", None)
    assert cell(True) == Cell("True", None)
    assert span(1.0, float("nan")) == Cell("–", None)
    assert span(-2.0, 3.0) == Cell("-2.00 to 3.00", -2.0)


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#0000ff", "#ffffff", 8.59)],
)
def test_contrast_of_known_colours(one: str, other: str, ratio: float) -> None:
    assert echarts.contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert echarts.contrast(other, one) == echarts.contrast(one, other)


@pytest.mark.parametrize(("step", "wanted"), [(0.7, 1), (1, 1), (1.1, 2), (34, 50), (60, 100), (0.03, 0.05)])
def test_steps_of_an_axis_are_round(step: float, wanted: float) -> None:
    assert echarts.nice(step) == pytest.approx(wanted)


def style() -> str:
    return files("experiments.report").joinpath("page.css").read_text(encoding="utf-8")


def colours() -> dict[str, str]:
    return dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", style()))


@pytest.mark.parametrize("ink", ["text", "quiet", "link", "strong"])
@pytest.mark.parametrize("ground", ["page", "band", "notice"])
def test_letters_have_the_contrast_of_wcag_aa(ink: str, ground: str) -> None:
    assert echarts.contrast(colours()[ink], colours()[ground]) >= 4.5


@pytest.mark.parametrize("mark", ["line", "focus"])
def test_frames_have_the_contrast_of_wcag_aa(mark: str) -> None:
    assert echarts.contrast(colours()[mark], colours()["page"]) >= 3.0


def test_letters_in_charts_have_the_contrast_of_wcag_aa(seen: dict[str, Seen]) -> None:
    for number in range(3):
        for series in seen["run"].data(f"losses-by-channel-{number}")["series"]:
            assert echarts.contrast(series["label"]["color"], series["itemStyle"]["color"]) >= 4.5
    script = files("experiments.report").joinpath("page.js").read_text(encoding="utf-8")
    for colour in set(re.findall(r'color: "(#[0-9a-f]{6})"', script)) - {"#666666", "#dddddd"}:  # lines
        assert echarts.contrast(colour, "#ffffff") >= 4.5


def test_paper_has_its_own_style() -> None:
    assert "@media print" in style()
    assert "size: A4" in style()
    assert "break-inside: avoid" in style()


def test_library_of_others_is_unchanged_and_licensed() -> None:
    folder = files("experiments.vendored").joinpath("echarts")
    assert (
        hashlib.sha256(folder.joinpath("echarts.min.js").read_bytes()).hexdigest() == vendored.ECHARTS_DIGEST
    )
    assert f'"{vendored.ECHARTS}"' in vendored.echarts()
    assert "Apache License" in folder.joinpath("LICENSE").read_text(encoding="utf-8")
    assert "Apache ECharts" in folder.joinpath("NOTICE").read_text(encoding="utf-8")
    assert "Redistribution" in folder.joinpath("LICENSE-d3").read_text(encoding="utf-8")
    assert "</script" not in vendored.echarts().lower()


# --- in a browser without a network --------------------------------------------------------------

in_browser = pytest.mark.skipif(chromium.EXECUTABLE is None, reason="no Chromium is installed")

DRAWN = """[...document.querySelectorAll('.chart')].map(box => {
  const svg = box.querySelector('svg');
  const size = svg ? svg.getBoundingClientRect() : {width: 0, height: 0};
  const things = svg ? svg.querySelectorAll('path,polygon,circle,text').length : 0;
  return [box.dataset.chart, size.width, size.height, things];
})"""


@pytest.fixture(scope="module", params=BROWSERS)
def opened(pages: dict[str, Path], request: pytest.FixtureRequest) -> Iterator[chromium.Page]:
    with chromium.Page(pages[request.param]) as found:
        yield found


@in_browser
def test_every_chart_is_drawn_offline_without_a_complaint(opened: chromium.Page) -> None:
    charts = opened.run(DRAWN)
    assert len(charts) == int(opened.run("document.documentElement.dataset.ready")) >= 3
    assert all(width > 100 and height > 100 and things > 5 for _, width, height, things in charts), charts
    assert opened.problems == []
    assert all(address.startswith("file:///") for address in opened.requests)
    assert len(opened.requests) == 1


@in_browser
@pytest.mark.parametrize("width", [420, 1280, 1920])
def test_page_fits_the_window(opened: chromium.Page, width: int) -> None:
    opened.size(width, 900)
    opened.run("new Promise(done => setTimeout(done, 400))")  # charts follow a moment later
    assert opened.run("document.documentElement.scrollWidth") <= width
    assert all(size <= width for _, size, _, _ in opened.run(DRAWN))
    assert opened.problems == []


@in_browser
def test_tables_sort_by_keyboard(opened: chromium.Page) -> None:
    opened.run("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    told = """(() => {
      const numbers = each => each.querySelectorAll('td.number[data-value]').length;
      const table = [...document.querySelectorAll('table.sortable')].find(each => numbers(each) > 6);
      const column = [...table.rows[1].cells].findIndex(each => each.classList.contains('number'));
      const head = table.tHead.rows[0].cells[column], rows = table.tBodies[0].rows;
      window.sorted = () => head.getAttribute('aria-sort');
      const value = row => row.cells[column].dataset.value;
      window.numbers = () => [...rows].map(value).filter(Boolean).map(Number);
      head.querySelector('button').focus();
    })()"""
    opened.run(told)
    for key, way, order in (("Enter", "ascending", 1), (" ", "descending", -1)):
        opened.press(key)
        assert opened.run("window.sorted()") == way
        found = opened.run("window.numbers()")
        assert found == sorted(found, reverse=order < 0)
        assert len(set(found)) > 2


@in_browser
def test_points_of_a_chart_are_told_by_keyboard(opened: chromium.Page) -> None:
    opened.run("document.querySelector('.chart').focus()")
    opened.press("ArrowRight")
    first = opened.run(
        "document.querySelector('.chart').closest('figure').querySelector('.told').textContent"
    )
    opened.press("ArrowRight")
    second = opened.run(
        "document.querySelector('.chart').closest('figure').querySelector('.told').textContent"
    )
    assert first
    assert second
    assert opened.run("document.querySelectorAll('.tip').length") >= 1
    opened.press("Escape")
    assert opened.run("document.querySelector('.told').textContent") == ""


@in_browser
def test_first_stop_of_the_tab_key_skips_to_the_content(pages: dict[str, Path]) -> None:
    with chromium.Page(pages["run"]) as found:
        found.press("Tab")
        assert found.run("document.activeElement.className") == "skip"
        found.press("Enter")
        found.press("Tab")
        assert found.run("document.querySelector('main').contains(document.activeElement)") is True


@in_browser
def test_picker_and_legend_hide_what_is_not_chosen(pages: dict[str, Path]) -> None:
    count = "document.querySelectorAll('#forest svg path').length"
    with chromium.Page(pages["hostile"]) as found:
        before = found.run(count)
        found.run("document.querySelector('[data-pick=\"1\"]').focus()")
        found.press(" ")
        assert found.run(count) < before
        assert found.run("[...document.querySelectorAll('li[data-policy=\"1\"]')].every(each => each.hidden)")
        assert found.run("document.querySelector('#forest .keys li[data-policy=\"1\"]').hidden")
        found.press(" ")
        assert found.run(count) == before
        found.run("document.querySelector('#forest .keys button').click()")
        assert (
            found.run("document.querySelector('#forest .keys button').getAttribute('aria-pressed')")
            == "false"
        )
        assert found.run(count) < before
        assert found.problems == []


@in_browser
def test_page_prints(pages: dict[str, Path]) -> None:
    with chromium.Page(pages["compare"]) as found:
        printed = base64.b64decode(found.call("Page.printToPDF", printBackground=True)["data"])
        assert printed.startswith(b"%PDF")
        sheets = len(re.findall(rb"/Type\s*/Page\b", printed))
        assert 5 <= sheets <= 25
        assert found.problems == []

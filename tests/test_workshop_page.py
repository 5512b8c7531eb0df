"""The files of the workshop's page: they ask for nothing outside, make no HTML, and say all they want to."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from analysis import echarts

PAGE = files("experiments.workshop").joinpath("page")
FILES = sorted(each.name for each in PAGE.iterdir() if each.is_file())
SCRIPTS = [name for name in FILES if name.endswith(".js")]
PAGES = ["index.html", "join.html"]

#: what this part of the page is made of
KNOWN = {
    "api.js", "app.css", "app.js", "compare.js", "dom.js", "figures.js", "guess.js", "index.html",
    "join.html", "join.js", "levers.js", "policy.js", "start.js", "take.js", "words.js",
}  # fmt: skip
#: sections of texts whose keys the page names in full
SECTIONS = ("page", "start", "policy", "compare", "guess", "takeaway", "join", "help")
#: names of the language SVG, which are no places on a network
NAMES = {"http://www.w3.org/2000/svg"}
#: addresses that the browser opens by itself, and those that the server answers
OWN = re.compile(r"/(?:static/[\w.-]+|api/[\w/${}.()=?&-]*|join|\?s=.*)?$")


def text(name: str) -> str:
    return PAGE.joinpath(name).read_text(encoding="utf-8")


def shared() -> str:
    return files("experiments.report").joinpath("charts.js").read_text(encoding="utf-8")


def texts(language: str) -> dict[str, dict[str, str]]:
    place = files("experiments.workshop").joinpath("texts", f"{language}.json")
    found: dict[str, dict[str, str]] = json.loads(place.read_text(encoding="utf-8"))
    return found


class Seen(HTMLParser):
    """Elements of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def every(self, attribute: str) -> list[str]:
        return [value for _, each in self.elements if (value := each.get(attribute)) is not None]


def named() -> list[tuple[str, str]]:
    """(file, key) of every text that the page asks for by its whole name."""
    found = [
        (name, key) for name in SCRIPTS for key in re.findall(r"""\bt\(\s*["'`]([\w.]+)["'`]""", text(name))
    ]
    chosen = [
        (name, key)
        for name in SCRIPTS
        for key in re.findall(rf"""["'`]((?:{"|".join(SECTIONS)})\.[a-z_]+)["'`]""", text(name))
    ]
    marked = [
        (name, key)
        for name in PAGES
        for attribute in ("data-t", "data-t-label")
        for key in Seen(text(name)).every(attribute)
    ]
    return sorted(set(found + chosen + marked) - {("words.js", "section.key")})


def test_every_file_is_known_and_there() -> None:
    assert set(FILES) >= KNOWN
    assert {name.rpartition(".")[2] for name in FILES} <= {"html", "css", "js"}


@pytest.mark.parametrize("name", FILES)
def test_nothing_points_outside(name: str) -> None:
    addresses = set(re.findall(r"""\b(?:https?|wss?|ftp|file):[^\s"'`<>)]*""", text(name)))
    assert addresses <= NAMES
    assert not re.search(r"""["'`(=]\s*//[a-z0-9]""", text(name), re.IGNORECASE)
    assert "@import" not in text(name)
    assert "url(" not in text(name)


@pytest.mark.parametrize("name", [*SCRIPTS, "charts.js"])
def test_texts_of_others_are_never_made_to_html_or_code(name: str) -> None:
    script = shared() if name == "charts.js" else text(name)
    for dangerous in (
        "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "createContextualFragment",
        "DOMParser", "srcdoc", "setHTML", "javascript:",
    ):  # fmt: skip
        assert dangerous not in script
    assert not re.search(r"\beval\s*\(|\bnew\s+Function\b|set(?:Timeout|Interval)\(\s*[\"'`]", script)


@pytest.mark.parametrize("name", SCRIPTS)
def test_modules_load_only_files_that_are_there(name: str) -> None:
    loaded = re.findall(r"""(?:from|import\()\s*["'`]([^"'`]+)["'`]""", text(name))
    assert all(re.fullmatch(r"/static/[\w-]+\.js", each) for each in loaded)
    optional = {"watch.js"} - set(FILES)
    assert {each.removeprefix("/static/") for each in loaded} <= set(FILES) | optional


@pytest.mark.parametrize("name", PAGES)
def test_page_has_no_script_or_style_of_its_own(name: str) -> None:
    found = Seen(text(name))
    assert all(each.get("src") for tag, each in found.elements if tag == "script")
    assert not [tag for tag, _ in found.elements if tag in ("style", "base", "iframe", "object", "embed")]
    assert not [key for _, each in found.elements for key in each if key.startswith("on") or key == "style"]
    assert all(OWN.fullmatch(address) for address in found.every("src"))
    hrefs = {address for address in found.every("href") if not address.startswith("#")}
    assert all(OWN.fullmatch(address) for address in hrefs - {"data:,"})


@pytest.mark.parametrize("name", PAGES)
def test_ids_are_unique_and_labels_and_skip_links_lead_somewhere(name: str) -> None:
    found = Seen(text(name))
    ids = found.every("id")
    assert [each for each, number in Counter(ids).items() if number > 1] == []
    assert set(found.every("for")) <= set(ids)
    assert {address[1:] for address in found.every("href") if address.startswith("#")} <= set(ids)
    tags = Counter(tag for tag, _ in found.elements)
    assert (tags["main"], tags["header"]) == (1, 1)
    assert found.every("lang")[0] == "en"


@pytest.mark.parametrize("name", PAGES)
def test_elements_that_scripts_want_are_in_the_page(name: str) -> None:
    script = {"index.html": "app.js", "join.html": "join.js"}[name]
    wanted = set(re.findall(r"""byId\("([\w-]+)"\)""", text(script))) - {"problem"}
    assert wanted <= set(Seen(text(name)).every("id"))


@pytest.mark.parametrize("language", ["en", "zh-Hant"])
def test_every_text_that_is_asked_for_exists(language: str) -> None:
    known = texts(language)
    asked = [(name, *key.split(".", 1)) for name, key in named() if "." in key]
    assert len(asked) > 100
    missing = [each for each in asked if each[0] != "watch.js" and each[2] not in known.get(each[1], {})]
    assert missing == []


@pytest.mark.parametrize("section", SECTIONS)
def test_every_text_is_used(section: str) -> None:
    used = {key.split(".", 1)[1] for _, key in named() if key.startswith(f"{section}.")}
    stems = {f"tab_{name}" for name in ("start", "policy", "watch", "compare", "guess", "take")}
    ends = {"load_named", "rename_named", "drop_named"}
    known = {key.removesuffix("_one") for key in texts("en")[section]}
    assert known - used - stems - ends == set()


@pytest.mark.parametrize("section", SECTIONS)
def test_both_languages_put_the_same_things_in(section: str) -> None:
    places = [
        {key: set(re.findall(r"\{(\w+)\}", each)) for key, each in texts(language)[section].items()}
        for language in ("en", "zh-Hant")
    ]
    assert places[0] == places[1]


def colours() -> dict[str, str]:
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", text("app.css")))
    assert len(found) > 10
    return found


@pytest.mark.parametrize("ink", ["text", "quiet", "link", "strong"])
@pytest.mark.parametrize("ground", ["page", "band", "notice"])
def test_letters_have_the_contrast_of_wcag_aa(ink: str, ground: str) -> None:
    assert echarts.contrast(colours()[ink], colours()[ground]) >= 4.5


@pytest.mark.parametrize(
    ("ink", "ground"), [("changed", "changed-band"), ("bad", "bad-band"), ("bad", "page"), ("good", "page")]
)
def test_coloured_letters_have_the_contrast_of_wcag_aa(ink: str, ground: str) -> None:
    assert echarts.contrast(colours()[ink], colours()[ground]) >= 4.5
    assert echarts.contrast("#ffffff", colours()["strong"]) >= 4.5


@pytest.mark.parametrize("mark", ["line", "focus", "accent", "changed-line"])
def test_frames_of_controls_have_the_contrast_of_wcag_aa(mark: str) -> None:
    assert echarts.contrast(colours()[mark], colours()["page"]) >= 3.0
    assert echarts.contrast(colours()[mark], colours()["band"]) >= 3.0


def test_letters_of_charts_have_the_contrast_of_wcag_aa() -> None:
    found = set(re.findall(r'color: "(#[0-9a-f]{6})"', shared())) - {"#666666", "#dddddd"}  # lines
    assert found
    assert all(echarts.contrast(colour, "#ffffff") >= 4.5 for colour in found)


def test_letters_are_large_enough_for_the_back_of_a_room() -> None:
    root = [float(size) for size in re.findall(r":root \{[^}]*font-size: (\d+)px", text("app.css"))]
    sizes = [float(size) for size in re.findall(r"font-size: (\d*\.?\d+)rem", text("app.css"))]
    assert min(root) >= 17
    assert min(root) * min(sizes) >= 16
    assert "prefers-reduced-motion" in text("app.css")
    assert "@media print" in text("app.css")

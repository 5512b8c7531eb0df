"""What the documents show is run: Python, commands, files to save, the package of the guide to extending."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser
from typer.testing import CliRunner

from experiments import cli

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
EXTENDING = ROOT / "docs" / "extending.md"

by_name = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


class Block(NamedTuple):
    """A block of code, and the line of text before it."""

    language: str
    before: str
    text: str


def blocks(path: Path, *languages: str) -> list[Block]:
    text = path.read_text(encoding="utf-8")
    found = re.finditer(r"([^\n]*)\n+^```(\w+)\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    return [Block(match[2], match[1], match[3]) for match in found if match[2] in languages]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to work in, from which pictures are not shown."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    return tmp_path


# --- Python ------------------------------------------------------------------------------------


@by_name
def test_python_blocks_run(path: Path) -> None:
    document = Sybil(parsers=[PythonCodeBlockParser()], path=str(ROOT)).parse(path)
    examples = list(document.examples())
    assert len(examples) == len(blocks(path, "python"))
    for example in examples:
        example.evaluate()


# --- commands ----------------------------------------------------------------------------------


def save_files(path: Path, folder: Path) -> None:
    """Save each block of YAML that the text says to save under a name."""
    for block in blocks(path, "yaml"):
        for name in re.findall(r"`(\w+\.yaml)`", block.before):
            (folder / name).write_text(block.text, encoding="utf-8")


def commands(path: Path) -> Iterator[list[str]]:
    """The calls of cityfunnel that a document shows, with two runs instead of many."""
    for block in blocks(path, "sh", "console"):
        for line in block.text.splitlines():
            if line.startswith("cityfunnel "):
                words = shlex.split(re.sub(r"(-n|--runs) \d+", r"\1 2", line), comments=True)[1:]
                yield [*words, "-n", "2"] if words[0] == "run" and "-n" not in words else words


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=[pytest.mark.slow] * (path.name != "README.md")) for path in DOCUMENTS],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_commands_work(path: Path, here: Path) -> None:
    save_files(path, here)
    for words in commands(path):
        if path == EXTENDING and any("my_city" in word for word in words):
            continue  # needs the package of the guide, see below
        done = CliRunner().invoke(cli.app, words, prog_name="cityfunnel")
        assert done.exit_code == 0, f"{shlex.join(words)}\n{done.output}"


def test_commands_are_found() -> None:
    assert [words[0] for words in commands(EXTENDING)] == ["check", "compare", "check", "run"]


# --- links -------------------------------------------------------------------------------------


def anchors(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@by_name
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://", target):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


# --- the package of the guide to extending -----------------------------------------------------


def install(folder: Path) -> None:
    """The guide's package as pip would leave it: modules, and metadata with entry points."""
    for block in blocks(EXTENDING, "python"):
        if match := re.match(r"# (my_city/\w+\.py)\n", block.text):
            file = folder / match[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
    (folder / "my_city" / "__init__.py").touch()
    (toml,) = blocks(EXTENDING, "toml")
    project = tomllib.loads(toml.text)["project"]
    metadata = folder / f"my_city-{project['version']}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n", encoding="utf-8"
    )
    groups = [
        "\n".join([f"[{group}]", *(f"{name} = {value}" for name, value in entries.items())])
        for group, entries in project["entry-points"].items()
    ]
    (metadata / "entry_points.txt").write_text("\n\n".join(groups) + "\n", encoding="utf-8")


def python(code: str, folder: Path, *path: Path) -> str:
    """What a fresh Python writes that has these folders, then the project, to import from."""
    setting = {"PYTHONPATH": ":".join(map(str, [*path, ROOT])), "PATH": "", "MPLBACKEND": "Agg"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder, env=setting, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


CALL = "import sys; sys.argv[0] = 'cityfunnel'; from experiments.cli import main; main()"


def call(words: list[str], folder: Path, *path: Path) -> str:
    return python(f"import sys; sys.argv[1:] = {words!r}; {CALL}", folder, *path)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    install(folder)
    return folder


def test_guide_gives_a_module_for_each_entry_point(site: Path) -> None:
    (toml,) = blocks(EXTENDING, "toml")
    entries = tomllib.loads(toml.text)["project"]["entry-points"]
    named = {value.split(":")[0] for group in entries.values() for value in group.values()}
    assert named == {f"my_city.{path.stem}" for path in (site / "my_city").glob("[a-z]*.py")}
    assert len(entries) == 5


def test_package_of_the_guide_runs(site: Path, here: Path) -> None:
    """The commands that the guide shows, in a Python in which its package is installed."""
    save_files(EXTENDING, here)
    wanted = [words for words in commands(EXTENDING) if any("my_city" in word for word in words)]
    told = "".join(call(words, here, site) for words in wanted)
    assert "expo" in told
    assert "mean_price" in told
    results = here / "results" / "my_city"
    manifest = json.loads((results / "manifest.json").read_text(encoding="utf-8"))
    assert manifest
    assert (results / "figures" / "bids.png").stat().st_size > 10_000
    columns = "import pandas as pd; print(*pd.read_parquet('results/my_city/outcomes.parquet').columns)"
    assert "withdrawn_share" in python(columns, here).split()


def test_package_of_the_guide_does_what_it_says(site: Path, here: Path) -> None:
    save_files(EXTENDING, here)
    code = """
import sim
log = sim.run(sim.load("my_city.yaml"), seed=1)
print({case.channel for case in log.cases} >= {"expo", "bottom_up", "top_down"})
print({event.origin for event in log.events if event.kind == "award"})
print(*sorted({event.reason for event in log.events if event.target == "pmo.strictness"}))
"""
    assert python(code, here, site).splitlines() == ["True", "{'mean_price'}", "0.15 0.3"]


def test_installing_a_package_changes_no_result(site: Path, here: Path) -> None:
    code = """
import hashlib, sim
print(hashlib.sha256(repr(sim.run("taipei_2016_2021", seed=1).events).encode()).hexdigest())
"""
    assert python(code, here, site) == python(code, here)


# --- the number of the guide to extending ------------------------------------------------------


def patched(folder: Path) -> None:
    """A copy of the packages, with the guide's change made where its lines stand."""
    for package in ("sim", "scenarios"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    (diff,) = blocks(EXTENDING, "diff")
    for part in re.split(r"^--- ", diff.text, flags=re.MULTILINE)[1:]:
        name, *lines = part.splitlines()
        old = "".join(f"{line[1:]}\n" for line in lines if line[0] != "+")
        new = "".join(f"{line[1:]}\n" for line in lines if line[0] != "-")
        text = (folder / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name} has changed: the guide must show its lines as they are"
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")


def test_number_of_the_guide_changes_histories(here: Path) -> None:
    patched(here)
    code = """
import sim
from sim.parameters import PATHS
scenario = sim.load("taipei_stage2_problem_led")
assert sim.__file__.startswith(%r)
print(PATHS["problem_led.notice"].unit)
print(sim.run(scenario, 1).events != sim.run(scenario.with_("problem_led.notice", 180), 1).events)
"""
    assert python(code % str(here), here, here).splitlines() == ["days", "True"]

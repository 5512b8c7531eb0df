"""Set-up and packaging: the check of Python, one version, a licence, pinned dependencies."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

import experiments

ROOT = Path(__file__).parent.parent
CONSTRAINTS = (ROOT / ".ci" / "constraints.txt").read_text(encoding="utf-8")

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.fixture(scope="module")
def settings() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return table


@pytest.fixture(scope="module")
def installed() -> Distribution:
    try:
        return distribution("cityfunnel")
    except PackageNotFoundError:
        pytest.skip("cityfunnel is not installed in this environment")


def make(goal: str, python: str | Path, venv: Path) -> subprocess.CompletedProcess[str]:
    command = ["make", "--no-print-directory", goal, f"PYTHON={python}", f"VENV={venv}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def fake_python(folder: Path, script: str) -> Path:
    fake = folder / "a python"
    fake.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    fake.chmod(0o755)
    return fake


def complaint(result: subprocess.CompletedProcess[str]) -> str:
    """The one line that make said before it stopped."""
    assert result.returncode != 0
    lines = (result.stdout + result.stderr).splitlines()
    assert len(lines) == 1, lines
    return lines[0]


@needs_make
@pytest.mark.parametrize("goal", ["demo", "test", "lint"])
def test_missing_python_is_said_in_one_line(goal: str, tmp_path: Path) -> None:
    line = complaint(make(goal, "no-such-python", tmp_path / "venv"))
    assert "Python 3.11 or newer" in line
    assert "'no-such-python' does not start" in line
    assert f"make {goal} PYTHON=" in line
    assert not (tmp_path / "venv").exists()


@needs_make
def test_python_that_is_only_a_signpost_counts_as_missing(tmp_path: Path) -> None:
    shim = fake_python(tmp_path, "echo 'python3: command not found' >&2; exit 127")
    assert f"'{shim}' does not start" in complaint(make("test", shim, tmp_path / "venv"))


@needs_make
@pytest.mark.parametrize("version", ["2.7", "3.6", "3.9", "3.10"])
def test_old_python_is_said_in_one_line(version: str, tmp_path: Path) -> None:
    old = fake_python(tmp_path, f"printf {version}")
    line = complaint(make("demo", old, tmp_path / "venv"))
    assert "Python 3.11 or newer" in line
    assert f"'{old}' is {version};" in line


@needs_make
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.20"])
def test_new_python_passes_the_check(version: str, tmp_path: Path) -> None:
    new = fake_python(tmp_path, f'case "$2" in *sys.version*) printf {version};; *) exit 9;; esac')
    result = make("demo", new, tmp_path / "venv")
    assert f"with Python {version};" in result.stdout
    assert "3.11 or newer" not in result.stderr


def test_version_is_the_same_everywhere(installed: Distribution) -> None:
    assert installed.version == experiments.__version__


def test_command_starts_the_command_line(installed: Distribution) -> None:
    commands = {entry.name: entry.value for entry in installed.entry_points.select(group="console_scripts")}
    assert commands == {"cityfunnel": "experiments.cli:main"}


def test_licence_travels_with_the_package(installed: Distribution) -> None:
    assert installed.metadata["License-Expression"] == "Apache-2.0"
    text = installed.read_text("licenses/LICENSE")
    assert text == (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text


def test_every_package_in_the_wheel_is_a_package_here(settings: dict[str, Any]) -> None:
    packages = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert packages == ["sim", "scenarios", "experiments", "analysis"]
    assert all((ROOT / package / "__init__.py").is_file() for package in packages)


def test_every_dependency_is_pinned(settings: dict[str, Any]) -> None:
    project = settings["project"]
    wanted = chain(project["dependencies"], *project["optional-dependencies"].values())
    names = {re.split(r"[\[<>=~! ]", line)[0].replace(".", "-").lower() for line in wanted} - {"cityfunnel"}
    assert names <= set(re.findall(r"^([\w-]+)==", CONSTRAINTS, flags=re.MULTILINE))


def test_constraints_name_no_place() -> None:
    pins = [line for line in CONSTRAINTS.splitlines() if not line.startswith("#")]
    assert pins
    assert all(re.match(r"[\w-]+==[\w.]+( ; |$)", pin) for pin in pins)
    assert "/" not in CONSTRAINTS

"""The page of parameters is what the command writes."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from experiments.cli import app

PAGE = Path(__file__).resolve().parent.parent / "docs" / "parameters.md"


def test_page_is_current() -> None:
    written = CliRunner().invoke(app, ["parameters", "--markdown"])
    assert written.exit_code == 0
    assert PAGE.read_text(encoding="utf-8") == written.stdout, (
        "cityfunnel parameters --markdown > docs/parameters.md writes it anew"
    )

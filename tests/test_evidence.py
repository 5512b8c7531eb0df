"""Every number says where it comes from, and every source that is cited can be looked up."""

from __future__ import annotations

import re
from pathlib import Path

from sim.observed import observed
from sim.parameters import PATHS

ROOT = Path(__file__).parents[1]
ID = re.compile(r"\b[SRTCPVXKG]\d{1,2}\b")


def listed() -> list[str]:
    rows = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8").splitlines()
    return [match[1] for row in rows if (match := re.match(r"\| ([A-Z]\d+) \|", row))]


def cited() -> set[str]:
    ids = {source for row in PATHS.values() for source in row.source.split()}
    for path in (ROOT / "scenarios").rglob("*.yaml"):
        ids |= set(ID.findall(path.read_text(encoding="utf-8")))
    return ids


def test_cited_sources_are_exactly_those_in_the_evidence_table() -> None:
    assert cited() == set(listed())


def test_evidence_ids_are_unique() -> None:
    assert sorted(listed()) == sorted(set(listed()))


def test_observed_figures_cite_their_own_id() -> None:
    assert [figure.id for figure in observed("taipei") if figure.id[:3] not in figure.sources] == []

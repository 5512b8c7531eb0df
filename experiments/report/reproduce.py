"""How a report's numbers can be made again: command, seeds, versions, digests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from experiments.report.elements import Block, Code, Section, Text, table
from experiments.words import period, plural

if TYPE_CHECKING:
    from experiments.store import Store


def section(store: Store) -> Section:
    """The command that makes it again, and what must be the same for the same numbers to come out."""
    return Section("reproduce", "How to make it again", tuple(_blocks(store.manifest)))


def _blocks(manifest: Mapping[str, Any]) -> Iterator[Block]:
    yield Text("This command makes the same runs, where the scenario files are the same:")
    yield Code(str(manifest.get("command") or "the store does not name its command"))
    yield Text(
        "The fingerprint is a SHA-256 digest of the scenarios, the seeds and the code of the model: the same"
        " fingerprint, the same runs."
    )
    yield table("Where the numbers come from", ("what", "value"), list(_facts(manifest)))
    yield table(
        "Versions", ("software", "version"), sorted(manifest.get("versions", {}).items()), folded=True
    )
    yield table("Tables of the store", ("table", "#rows", "SHA-256 digest"), _tables(manifest), folded=True)
    if manifest.get("failures"):
        rows = [(each["scenario"], str(each["seed"]), each["error"]) for each in manifest["failures"]]
        yield table("Runs that failed and are left out", ("scenario", "seed", "error"), rows)


def _facts(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "fingerprint", str(manifest.get("fingerprint", "–"))
    yield "code of the model (SHA-256)", str(manifest.get("code", "–"))
    yield "commit", str(manifest.get("commit") or "not known")
    yield "made on", str(manifest.get("created", "–"))
    if "seeds" in manifest:
        first, number = manifest["seeds"]["first"], manifest["seeds"]["number"]
        yield "seeds", period(first, number)
    if "runs" in manifest:
        yield "runs", plural(manifest["runs"]["done"], "run")
    failed = len(manifest.get("failures", ())) or manifest.get("runs", {}).get("failed", 0)
    yield "runs that failed", f"{failed:,}"


def _tables(manifest: Mapping[str, Any]) -> list[tuple[object, ...]]:
    return [(name, told["rows"], told["sha256"]) for name, told in manifest["tables"].items()]

"""A bundle: results with all that is needed to understand them and to make them again, as an RO-Crate.

An RO-Crate (https://w3id.org/ro/crate) is a folder with a description of its files that people and
machines can read. This one holds a run store as it is, the versions to install, the licence, and
a page that says how to make the results again.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments import parts, store
from sim.errors import InputError, OutputError

if TYPE_CHECKING:
    from rocrate.rocrate import ROCrate

    from experiments.store import Store

LICENCE = "https://spdx.org/licenses/Apache-2.0"
_LICENCE = f"Apache License, Version 2.0\n{LICENCE}\nhttps://www.apache.org/licenses/LICENSE-2.0\n"

EXTRA = 'pip install "cityfunnel[insight]"'

#: what no bundle needs: how far a sweep has got, and what its finished tables hold already
_LEFT_OUT = frozenset({"parts", "shards", "ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm", "lock"})

#: suffix -> what a file is
_KINDS = {
    ".parquet": "application/vnd.apache.parquet",
    ".csv": "text/csv",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".html": "text/html",
}


def bundle(found: Store, target: Path, *, overwrite: bool = False) -> Path:
    """Write the bundle of a store as a zip file; the same store gives the same bytes.

    Raises:
        InputError: the library that writes RO-Crates is not installed.
        StoreError: the history is an observed one.
        OutputError: the file is there already, or cannot be written.
    """
    if "observed" in found.manifest:
        problem = "holds what a city observed, which no bundle can make again"
        raise store.StoreError(problem, file=str(found.path))
    if target.exists() and not (overwrite and target.is_file()):
        raise OutputError("is there already; choose another --out, or give --overwrite", file=str(target))
    with parts.writing(target), store.temporary(target) as folder:
        crate = folder / "crate"
        _gather(found, crate)
        _describe(found, crate)
        packed = folder / "bundle.zip"
        _pack(crate, packed)
        packed.replace(target)
    return target


def _gather(found: Store, crate: Path) -> None:
    shutil.copytree(found.path, crate, ignore=lambda _, names: sorted(_LEFT_OUT & set(names)))
    (crate / "requirements.txt").write_text(_requirements(found.manifest), encoding="utf-8")
    (crate / "README.md").write_text(_readme(found.manifest), encoding="utf-8")
    (crate / "LICENSE").write_text(_LICENCE, encoding="utf-8")


def _requirements(manifest: Mapping[str, Any]) -> str:
    versions = dict(manifest["versions"])
    python, _ = versions.pop("python"), versions.pop("platform")
    lines = (f"{name}=={version}" for name, version in versions.items())
    return "\n".join([f"# Python {python}", *lines, ""])


def _readme(manifest: Mapping[str, Any]) -> str:
    commit = manifest.get("commit") or "not recorded"
    return f"""# {_title(manifest)}

{" ".join(_questions(manifest))}

Made by cityfunnel {manifest["versions"]["cityfunnel"]} (commit {commit}) with:

    {manifest["command"]}

To make the runs again, and compare every number with the tables here:

    pip install -r requirements.txt
    cityfunnel verify . --all

`manifest.json` holds every number that the runs were made with, their seeds and the digests of the tables.
Fingerprint: {manifest.get("fingerprint", "none")}
"""


def _worlds(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    return manifest.get("scenarios") or manifest["study"]["levers"]  # type: ignore[no-any-return]


def _questions(manifest: Mapping[str, Any]) -> Iterator[str]:
    if "study" in manifest:
        yield manifest["study"]["question"]
    else:
        yield from (world["question"] for world in _worlds(manifest).values())


def _title(manifest: Mapping[str, Any]) -> str:
    names = [manifest["study"]["name"]] if "study" in manifest else list(_worlds(manifest))
    return f"Runs of cityfunnel: {', '.join(names)}"


def _describe(found: Store, crate: Path) -> None:
    try:
        from rocrate.rocrate import ROCrate
    except ModuleNotFoundError:
        raise InputError(f"needs another package: {EXTRA}", key="--bundle") from None
    described, said = ROCrate(), found.manifest
    described.name, described.license = _title(said), LICENCE
    described.description = " ".join(_questions(said))
    described.datePublished = said["created"]
    for file in sorted(path for path in crate.rglob("*") if path.is_file()):
        name = file.relative_to(crate).as_posix()
        about = {"encodingFormat": _KINDS.get(file.suffix, "text/plain"), "contentSize": file.stat().st_size}
        described.add_file(str(file), name, properties={"sha256": store.digest(file), **about})
    _add_action(described, said)
    described.metadata.write(str(crate))


def _add_action(described: ROCrate, said: Mapping[str, Any]) -> None:
    """How the files came about: a program was run."""
    from rocrate.model.contextentity import ContextEntity

    program = {
        "@type": "SoftwareApplication",
        "name": "cityfunnel",
        "softwareVersion": said["versions"]["cityfunnel"],
        "license": LICENCE,
    }
    tool = described.add(ContextEntity(described, "#cityfunnel", properties=program))
    action = {
        "@type": "CreateAction",
        "name": said["command"],
        "endTime": said["created"],
        "identifier": said.get("fingerprint", ""),
        "instrument": {"@id": tool.id},
        "result": {"@id": "./"},
    }
    described.add(ContextEntity(described, "#run", properties=action))


def _pack(crate: Path, file: Path) -> None:
    """A zip file that does not depend on the day."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(crate.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(crate).as_posix())
                entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                with path.open("rb") as content, packed.open(entry, "w", force_zip64=True) as place:
                    shutil.copyfileobj(content, place)

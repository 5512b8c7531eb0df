"""``cityfunnel verify``: whether results come out the same when they are made again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from experiments.options import Jobs

EPILOG = "Example: cityfunnel verify results/taipei_2016_2021 --runs 20"

#: exit code where something is not as it was
OTHERWISE = 1


def verify(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Results of run, compare or sweep.", show_default=False),
    ],
    runs: Annotated[
        int, typer.Option("--runs", "-n", min=1, help="Runs to make again, from all over the store.")
    ] = 10,
    every: Annotated[bool, typer.Option("--all", help="Make every run again.")] = False,
    jobs: Jobs = None,
) -> None:
    """Make runs of a store again, from its manifest alone, and compare every number.

    First the files are held against their digests. Exits with 1 where anything is otherwise.
    """
    from experiments import progress, provenance, runner, show, store
    from experiments import verify as verification
    from experiments.words import plural

    found, console = store.read(folder), show.console()
    damaged = verification.damaged(found)
    for name in damaged:
        console.print(f"{name}.parquet is not the file that was written.", markup=False)
    among = verification.runs(found)
    chosen = among if every else verification.spread(among, runs)
    workers = jobs or min(runner.cores(), max(1, len(chosen)))
    with progress.bar() as watch:
        other = list(verification.differences(found, chosen, workers, watch))
    for difference in other:
        console.print(f"{difference.run}: {difference.what}", markup=False, soft_wrap=True)
    same = len(chosen) - len(other)
    console.print(f"{same:,} of {plural(len(chosen), 'run')} made again are the same, number by number.")
    for line in _versions(found.manifest, provenance.versions(), provenance.code()):
        console.print(line, markup=False)
    if damaged or other:
        raise typer.Exit(OTHERWISE)


def _versions(manifest: Mapping[str, Any], now: Mapping[str, str], code: str) -> Iterator[str]:
    then = manifest.get("versions", {})
    changed = [f"{name} {then.get(name, 'none')} then, {version} now" for name, version in now.items()]
    differing = [line for line, name in zip(changed, now, strict=True) if then.get(name) != now[name]]
    if differing:
        yield f"Versions: {'; '.join(differing)}."
    if manifest.get("code", code) != code:
        yield "The code of the model has changed since."

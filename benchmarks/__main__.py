"""Print benchmarks: ratios between programs that ran in turn on this machine."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple


class Part(NamedTuple):
    """A part of the benchmarks; its module has the function ``report``, which gives the text.

    Attributes:
        title: what is printed above it.
        arguments: from the command line to those of ``report``.
        quick: made unless parts are named.
        needs: a module that not everybody has.
        extra: that brings this module.
    """

    title: str
    arguments: Callable[[argparse.Namespace], tuple[int, ...]]
    quick: bool = True
    needs: str = ""
    extra: str = "bench"


#: module -> part, in the order in which they are printed
PARTS = {
    "speed": Part("Speed: median (smallest-largest)", lambda chosen: (chosen.pairs,), needs="simpy"),
    "memory": Part("Memory of one run", lambda _: (), needs="simpy"),
    "profiles": Part("Where the time goes", lambda chosen: (max(1, chosen.pairs // 2),)),
    "startup": Part("Start-up: median (smallest-largest)", lambda chosen: (chosen.starts,)),
    "overhead": Part(
        "Runner, analysis, store: median (smallest-largest)",
        lambda chosen: (chosen.rounds, chosen.runs),
        quick=False,
    ),
    "efficiency": Part(
        "Two workers: median (smallest-largest)", lambda chosen: (chosen.rounds, 5 * chosen.runs), quick=False
    ),
    "growth": Part(
        "Memory of many runs", lambda chosen: (1_000, chosen.many, max(10, chosen.many // 100)), quick=False
    ),
    "peers": Part(
        "The same study by others: median (smallest-largest)",
        lambda chosen: (chosen.rounds, chosen.runs),
        quick=False,
    ),
    "workshop": Part(
        "The workshop page: median (smallest-largest)",
        lambda chosen: (chosen.rounds,),
        quick=False,
        needs="uvicorn",
        extra="workshop",
    ),
    "coverage": Part("How often 95% intervals hold the truth", lambda chosen: (chosen.studies,), quick=False),
}


def main() -> None:
    """Read the command line and print one part after the other."""
    chosen = _parser().parse_args()
    named = chosen.parts or [name for name, part in PARTS.items() if part.quick]
    wanted = [name for name in PARTS if chosen.all or name in named]
    print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores")
    for name in wanted:
        part = PARTS[name]
        if part.needs and find_spec(part.needs) is None:
            sys.exit(f'{name} needs the module {part.needs}: pip install "cityfunnel[{part.extra}]"')
        report = import_module(f"benchmarks.{name}").report
        print(f"\n{part.title}\n\n{report(*part.arguments(chosen))}", flush=True)


def _parser() -> argparse.ArgumentParser:
    quick, slow = ([name for name, part in PARTS.items() if part.quick == kind] for kind in (True, False))
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        type=_part,
        metavar="PART",
        help=f"one of {', '.join(quick)} (all of these unless parts are named), or, which take minutes,"
        f" {', '.join(slow)}",
    )
    parser.add_argument("--all", action="store_true", help="every part")
    for name, number, what in (
        ("--pairs", 20, "runs of each program in speed; half of it in profiles"),
        ("--starts", 7, "starts of each command in startup"),
        ("--rounds", 3, "times that each program has its turn in overhead, efficiency, peers and workshop"),
        ("--runs", 100, "runs in overhead; twice as many in peers, five times as many in efficiency"),
        ("--many", 50_000, "runs in growth, which are compared with 1,000"),
        ("--studies", 500, "simulated studies in coverage"),
    ):
        parser.add_argument(
            name, type=_positive, default=number, metavar="N", help=f"{what} (default: {number:,})"
        )
    return parser


def _part(name: str) -> str:
    if name not in PARTS:
        raise argparse.ArgumentTypeError(f"there is no part '{name}'; there are {', '.join(PARTS)}")
    return name


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


if __name__ == "__main__":
    main()

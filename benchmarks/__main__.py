"""Print the benchmarks: ratios between programs that ran in turn on this machine."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec


def main() -> None:
    """Read the command line and print one part after the other."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--pairs", type=_positive, default=20, help="runs of each program (default: 20)")
    parser.add_argument("--starts", type=_positive, default=7, help="starts of each command (default: 7)")
    chosen = parser.parse_args()
    if find_spec("simpy") is None:
        sys.exit('the benchmarks need SimPy: pip install "cityfunnel[bench]"')
    _print(chosen.pairs, chosen.starts)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _print(pairs: int, starts: int) -> None:
    from benchmarks import memory, profiles, speed, startup

    parts: dict[str, Callable[[], str]] = {
        "Speed: median (smallest-largest)": partial(speed.report, pairs),
        "Memory of one run": memory.report,
        "Where the time goes": partial(profiles.report, max(1, pairs // 2)),
        "Start-up: median (smallest-largest)": partial(startup.report, starts),
    }
    print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores")
    for title, report in parts.items():
        print(f"\n{title}\n")
        print(report(), flush=True)


if __name__ == "__main__":
    main()

"""CPU times of calls made in turn, and ratios between them."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from statistics import median


def cpu(call: Callable[[], object]) -> float:
    """CPU seconds of this process that ``call()`` takes, after the waste of what came before is gone."""
    gc.collect()
    begun = time.process_time()
    call()
    return time.process_time() - begun


def wall(call: Callable[[], object]) -> float:
    """Seconds that ``call()`` takes."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def ratios(one: list[float], other: list[float]) -> list[float]:
    """Ratios pair by pair."""
    return [mine / theirs for mine, theirs in zip(one, other, strict=True)]


def spread(values: list[float], form: str) -> str:
    """Median, and in brackets the smallest and the largest."""
    return f"{median(values):{form}} ({min(values):{form}}-{max(values):{form}})"


def table(rows: Mapping[str, list[str]], *titles: str) -> str:
    """Rows under titles, in columns as wide as they need."""
    lines = [list(titles), *([name, *cells] for name, cells in rows.items())]
    widths = [max(len(line[at]) for line in lines) for at in range(len(titles))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )

"""Event logs of a run store in the formats of other tools, a file each. Every writer goes run by run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from typing import Any

    import pandas as pd

    from experiments.history import History

#: gives the histories from the first one on, each time that it is called
Source = Callable[[], "Iterator[History]"]


class Counts(NamedTuple):
    """What a file holds."""

    runs: int = 0
    cases: int = 0
    events: int = 0
    objects: int = 0  # of a network: its nodes

    def plus(self, cases: int, events: int, objects: int = 0) -> Counts:
        """The counts with those of one more run."""
        return Counts(self.runs + 1, self.cases + cases, self.events + events, self.objects + objects)


class Format(NamedTuple):
    """A format of files.

    Attributes:
        meaning: what it is, in a few words.
        name: of a file in a folder.
        single: whether a file holds one run alone.
        write: makes the file; the last argument says whether only moves between stages are wanted.
    """

    meaning: str
    name: str
    single: bool
    write: Callable[[Path, Source, bool], Counts]


def timestamps(dates: pd.Series[Any], zone: str) -> list[str]:
    """Dates as ISO 8601 with milliseconds; the calendar of the model is taken for UTC."""
    found = np.datetime_as_string(dates.to_numpy().astype("datetime64[ms]"), unit="ms")
    return [f"{each}{zone}" for each in found.tolist()]

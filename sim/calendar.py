"""What happens next, in time order; what is due at the same instant happens in order of entry."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

#: days in a year, and in a month, of the model's time
YEAR = 365.25
MONTH = YEAR / 12


class Calendar:
    """A queue of calls to come. Time is in days from the start of the run."""

    __slots__ = ("_due", "_entries", "now")

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._entries = 0

    def after(self, delay: float, call: Callable[..., None], *details: Any) -> None:
        """Call ``call(*details)`` in ``delay`` days (0 or more)."""
        self._entries += 1
        heappush(self._due, (self.now + delay, self._entries, call, details))

    def run(self, until: float) -> None:
        """Make every call that is due up to and at ``until``, then set the clock to it."""
        due = self._due
        while due and due[0][0] <= until:
            self.now, _, call, details = heappop(due)
            call(*details)
        self.now = until

"""How much one workshop page may ask of the machine, and what is said when it asks for more."""

from __future__ import annotations

from dataclasses import dataclass, fields

from sim.errors import InputError


class LimitError(InputError):
    """More was asked for than the page may do, or it took too long.

    Attributes:
        text: the key of the text that tells it in the reader's language.
        values: what the text is filled in with.
    """

    def __init__(self, problem: str, text: str = "limit.full", **values: int | float) -> None:
        super().__init__(problem)
        self.text, self.values = text, values


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the work of one page; all must be above 0.

    Attributes:
        runs: in one order.
        seconds: that one run may take before its worker is replaced.
        owner: orders and other calls of one owner that are not finished.
        all: the same of all owners together.
        kept: runs that are remembered.
        deaths: workers that may die over a run before it is given up.
    """

    runs: int = 200
    seconds: float = 30.0
    owner: int = 8
    all: int = 64
    kept: int = 3000
    deaths: int = 3

    def __post_init__(self) -> None:
        """Check the bounds.

        Raises:
            ValueError: one of them is not above 0.
        """
        for field in fields(self):
            if not getattr(self, field.name) > 0:
                raise ValueError(f"{field.name} must be above 0")

"""What a study does not know: each uncertain parameter with the distribution it may have.

In a study file::

    uncertainties:
      pmo.staff: [5, 30]                      # uniform; whole numbers where the parameter is one
      needs.arrival:                          # nothing: the parameter's own range
      poc.cost: {kind: loguniform, low: 0.2, high: 5}
      procurement.rule: [best_value, lowest_price]

A distribution is its quantile function, so any design in the unit cube becomes a design in
parameters. Only ``math`` is used and values are rounded to ``DIGITS`` digits: the same study gives
the same values everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal

from sim.documents import Document, Section, shown
from sim.errors import ParameterError, ScenarioError, nearest
from sim.parameters import PATHS, Parameters, Value

#: significant digits of a value that a design gives
DIGITS = 12
#: where a distribution without ends is cut for designs that go to its ends
TAIL = 0.05


class Uniform(Section):
    """All values from ``low`` to ``high`` alike."""

    kind: Literal["uniform"] = "uniform"
    low: float
    high: float

    def quantile(self, u: float) -> Value:
        """The value below which the share ``u`` lies."""
        return self.low + u * (self.high - self.low)

    def fault(self) -> tuple[str, str] | None:
        """The key that is wrong, and what is wrong about it."""
        return None if self.low < self.high else ("high", "must be above 'low'")


class LogUniform(Uniform):
    """The logarithms of the values alike."""

    kind: Literal["loguniform"]  # type: ignore[assignment]

    def quantile(self, u: float) -> Value:
        """The value below which the share ``u`` lies."""
        return self.low * math.exp(u * math.log(self.high / self.low))

    def fault(self) -> tuple[str, str] | None:
        """The key that is wrong, and what is wrong about it."""
        return super().fault() if self.low > 0 else ("low", "must be above 0")


class Triangular(Uniform):
    """From ``low`` over the most likely value ``mode`` to ``high``."""

    kind: Literal["triangular"]  # type: ignore[assignment]
    mode: float

    def quantile(self, u: float) -> Value:
        """The value below which the share ``u`` lies."""
        width, rise = self.high - self.low, self.mode - self.low
        if u * width < rise:
            return self.low + math.sqrt(u * width * rise)
        return self.high - math.sqrt((1 - u) * width * (width - rise))

    def fault(self) -> tuple[str, str] | None:
        """The key that is wrong, and what is wrong about it."""
        between = self.low <= self.mode <= self.high
        return super().fault() or (None if between else ("mode", "must lie between 'low' and 'high'"))


class Normal(Section):
    """The bell curve, without what lies outside of ``low`` and ``high``."""

    kind: Literal["normal"]
    mean: float
    sd: float
    low: float = -math.inf
    high: float = math.inf

    def quantile(self, u: float) -> Value:
        """The value below which the share ``u`` lies."""
        curve = NormalDist(self.mean, self.sd)
        first, last = curve.cdf(self.low), curve.cdf(self.high)
        share = min(max(first + u * (last - first), 1e-15), 1 - 1e-15)
        return min(max(curve.inv_cdf(share), self.low), self.high)

    def fault(self) -> tuple[str, str] | None:
        """The key that is wrong, and what is wrong about it."""
        if self.sd <= 0:
            return "sd", "must be above 0"
        if self.low >= self.high:
            return "high", "must be above 'low'"
        far = NormalDist(self.mean, self.sd)
        covered = far.cdf(self.high) - far.cdf(self.low)
        return None if covered > 1e-6 else ("mean", "lies too far outside of the range")


class Integers(Section):
    """Whole numbers from ``low`` to ``high``, both included, all alike."""

    kind: Literal["integers"]
    low: int
    high: int

    def quantile(self, u: float) -> Value:
        """The value below which the share ``u`` lies."""
        return min(self.high, self.low + int(u * (self.high - self.low + 1)))

    def fault(self) -> tuple[str, str] | None:
        """The key that is wrong, and what is wrong about it."""
        return None if self.low < self.high else ("high", "must be above 'low'")


class Choice(Section):
    """One of some values, all alike."""

    kind: Literal["choice"]
    values: list[float | int | bool | str]

    def quantile(self, u: float) -> Value:
        """The value in the place that the share ``u`` reaches."""
        return self.values[min(len(self.values) - 1, int(u * len(self.values)))]

    def fault(self) -> tuple[str, str] | None:
        """The key that is wrong, and what is wrong about it."""
        different = len({(type(value), value) for value in self.values}) == len(self.values)
        if len(self.values) > 1 and different:
            return None
        return "values", "must be two values or more, each once"


Distribution = Uniform | Normal | Integers | Choice

KINDS: dict[str, type[Distribution]] = {
    "uniform": Uniform,
    "loguniform": LogUniform,
    "triangular": Triangular,
    "normal": Normal,
    "integers": Integers,
    "choice": Choice,
}


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """An uncertain parameter.

    Attributes:
        path: the parameter's.
        distribution: its distribution.
        type: of the parameter's values.
    """

    path: str
    distribution: Distribution
    type: type

    def at(self, u: float) -> Value:
        """The parameter's value where the share ``u`` (0 to 1) of its distribution lies below."""
        value = self.distribution.quantile(u)
        if self.type is float:
            return float(f"{value:.{DIGITS}g}")
        return round(value) if self.type is int and not isinstance(value, str) else value

    def between(self, share: float) -> Value:
        """The value at a share of the way from the low end to the high end (tails are cut off)."""
        low, high = (TAIL, 1 - TAIL) if isinstance(self.distribution, Normal) else (0.0, 1.0)
        return self.at(low + share * (high - low))

    def grid(self, levels: int) -> list[Value]:
        """As many values as ``levels`` from end to end, each once; all values of a choice."""
        if isinstance(self.distribution, Choice):
            number = len(self.distribution.values)
            return [self.at((index + 0.5) / number) for index in range(number)]
        shares = [index / (levels - 1) for index in range(levels)] if levels > 1 else [0.5]
        return list(dict.fromkeys(self.between(share) for share in shares))

    def told(self) -> dict[str, Any]:
        """The distribution as plain data."""
        return self.distribution.model_dump()


def parsed(document: Document, given: Mapping[str, object], *place: str) -> tuple[Uncertainty, ...]:
    """The uncertainties that stand at ``place`` of a file.

    Raises:
        ScenarioError: a parameter or kind is unknown, or a distribution is none that the parameter
            can have.
    """
    return tuple(_uncertainty(document, path, said, (*place, path)) for path, said in given.items())


def _uncertainty(document: Document, path: str, said: object, place: tuple[str, ...]) -> Uncertainty:
    if path not in PATHS:
        raise document.error(f"unknown parameter{nearest(path, PATHS)}", *place)
    own = type(Parameters().with_(path, PATHS[path].default).at(path))
    distribution = _distribution(document, path, said, place)
    fault = distribution.fault()
    if fault:
        raise document.error(f"'{fault[0]}' {fault[1]}", *place)
    if own is int and type(distribution) is Uniform:
        distribution = _integers(document, distribution, place)
    found = Uncertainty(path, distribution, own)
    _check_values(document, found, place)
    return found


def _distribution(document: Document, path: str, said: object, place: tuple[str, ...]) -> Distribution:
    if said is None:
        return _whole_range(path)
    if isinstance(said, list):
        return _listed(document, path, said, place)
    if not isinstance(said, dict):
        wanted = "[low, high], {kind: ...}, or nothing for the parameter's own range"
        raise document.error(f"must be {wanted}, not {shown(said)}", *place)
    kind = said.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        hint = nearest(str(kind), KINDS) or f"; the kinds are {', '.join(KINDS)}"
        problem = f"there is no kind {shown(kind)}" if "kind" in said else "'kind' is missing"
        raise document.error(f"{problem}{hint}", *place)
    return _normal_within(path, _section(document, KINDS[kind], said, place))


def _section(
    document: Document, model: type[Distribution], said: dict[str, Any], place: tuple[str, ...]
) -> Distribution:
    try:
        return Document(document.file, said, {}).as_(model)
    except ScenarioError as error:
        raise document.error(f"{error.key}: {error.problem}", *place) from None


def _normal_within(path: str, found: Distribution) -> Distribution:
    """A bell curve ends, if not before, where the parameter does."""
    row = PATHS[path]
    if not isinstance(found, Normal) or row.low is None or row.high is None:
        return found
    ends = {"low": max(found.low, row.low), "high": min(found.high, row.high)}
    return found.model_copy(update=ends)


def _whole_range(path: str) -> Distribution:
    row = PATHS[path]
    if row.low is None or row.high is None:
        switch = isinstance(row.default, bool)
        return Choice(kind="choice", values=[False, True] if switch else list(row.options))
    return Uniform(low=row.low, high=row.high)


def _listed(document: Document, path: str, said: list[Any], place: tuple[str, ...]) -> Distribution:
    if PATHS[path].low is None:
        return _section(document, Choice, {"kind": "choice", "values": said}, place)
    numbers = [value for value in said if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(said) != 2 or len(numbers) != 2:
        raise document.error(
            "must be [low, high]; for some values alone: {kind: choice, values: [...]}", *place
        )
    return Uniform(low=numbers[0], high=numbers[1])


def _integers(document: Document, found: Uniform, place: tuple[str, ...]) -> Integers:
    if not (found.low.is_integer() and found.high.is_integer()):
        raise document.error("the parameter is a whole number, so the ends of its range must be, too", *place)
    return Integers(kind="integers", low=int(found.low), high=int(found.high))


def _check_values(document: Document, found: Uncertainty, place: tuple[str, ...]) -> None:
    """Quantile functions rise, so their ends tell whether the parameter can take all values."""
    ends = [found.at(0.0), found.at(1.0)]
    values = found.distribution.values if isinstance(found.distribution, Choice) else ends
    for value in values:
        try:
            Parameters().with_(found.path, value)
        except ParameterError as error:
            raise document.error(error.problem, *place) from None

"""Designs: which points of the space of uncertain parameters a study looks at.

Every design is a function of its arguments alone, the same on every platform and with every
version of the libraries: what is random in it is looked up by address (:mod:`sim.luck`). A larger
design begins with the points of the smaller one wherever its kind allows that, so that a study
can be extended without losing what was computed:

- ``sobol``: any larger number of points;
- ``lhs``: twice as many points, four times as many, and so on;
- ``morris``: any larger number of trajectories;
- ``saltelli``: any larger number of base points;
- ``full_factorial`` and ``oat``: levels that contain the old ones (3, 5, 9);
- ``list``: rows added to the file;
- ``posterior``: any larger number of its draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
from numpy.typing import NDArray

from sim.luck import address
from sim.parameters import Value

if TYPE_CHECKING:
    from experiments.uncertainties import Uncertainty

Kind = Literal["full_factorial", "lhs", "sobol", "oat", "morris", "saltelli", "list", "posterior"]
Point = Mapping[str, Value]
Floats = NDArray[np.float64]

_BITS = 30
#: how near to the edge of its stratum a value may lie, so that rounding never takes it across
_INSET = 1e-6


@dataclass(frozen=True, slots=True)
class Design:
    """How the points are chosen.

    Attributes:
        kind: the name of the design.
        points: number of points, for ``morris`` of trajectories, for ``saltelli`` of base points; 0 where
            the kind needs none.
        levels: values of each parameter, for the kinds that go by levels; otherwise 0.
        rows: the points themselves, for ``list`` and ``posterior``.
    """

    kind: Kind
    points: int = 0
    levels: int = 0
    rows: tuple[Point, ...] = ()

    def size(self, uncertainties: Sequence[Uncertainty]) -> int:
        """The number of points."""
        if self.kind in ("list", "posterior"):
            return len(self.rows)
        if self.kind == "morris":
            return self.points * (len(uncertainties) + 1)
        if self.kind == "saltelli":
            return self.points * (len(uncertainties) + 2)
        if self.kind in ("lhs", "sobol"):
            return self.points
        values = [len(each.grid(self.levels)) for each in uncertainties]
        return prod(values) if self.kind == "full_factorial" else 1 + sum(values)

    def over(self, uncertainties: Sequence[Uncertainty], seed: int) -> Iterator[Point]:
        """The points: values of uncertain parameters by path; those not named stay as they are."""
        if self.kind in ("list", "posterior"):
            return iter(self.rows)
        if self.kind == "full_factorial":
            return _factorial(uncertainties, self.levels)
        if self.kind == "oat":
            return _one_at_a_time(uncertainties, self.levels)
        if self.kind == "morris":
            steps = morris(self.points, len(uncertainties), self.levels, seed)
            return (
                {each.path: each.between(u) for each, u in zip(uncertainties, row, strict=True)}
                for row in steps
            )
        cube = CUBES[self.kind](self.points, len(uncertainties), seed)
        return (
            {each.path: each.at(u) for each, u in zip(uncertainties, row.tolist(), strict=True)}
            for row in cube
        )


def lhs(points: int, dimensions: int, seed: int) -> Floats:
    """A Latin hypercube: in every dimension one point in each of ``points`` equal strata.

    A hypercube of an even number of points is one of half as many with the other strata filled in
    (Sallaberry, Helton and Hora 2008), down to an odd number.

    Returns:
        points × dimensions, between 0 and 1.
    """
    return np.stack([_strata(points, address(seed, column)) for column in range(dimensions)], axis=1)


def _strata(points: int, key: int) -> Floats:
    """One dimension: the half that is there already, then one value in each stratum that is free."""
    old = np.empty(0) if points % 2 else _strata(points // 2, key)
    free = np.setdiff1d(np.arange(points), np.floor(old * points))
    order = np.argsort(_uniform(address(key, 2 * points), len(free)), kind="stable")
    inside = _INSET + _uniform(address(key, 2 * points + 1), len(free)) * (1 - 2 * _INSET)
    return np.concatenate([old, (free[order] + inside) / points])


def sobol(points: int, dimensions: int, seed: int) -> Floats:
    """The first points of Sobol's sequence with a random digital shift; best with powers of 2.

    Returns:
        points × dimensions, between 0 and 1.
    """
    from scipy.stats import qmc

    cube = qmc.Sobol(dimensions, scramble=False, bits=_BITS).random_base2(max(points - 1, 0).bit_length())[
        :points
    ]
    digits = (cube * 2**_BITS).astype(np.uint64)
    shift = np.array([address(seed, column) >> (64 - _BITS) for column in range(dimensions)], dtype=np.uint64)
    return cast(Floats, ((digits ^ shift) + 0.5) / 2**_BITS)


def saltelli(points: int, dimensions: int, seed: int) -> Floats:
    """Points for Sobol's indices of first order and total effect (Saltelli and others 2010).

    Each base point is two points A and B of one sequence in twice the dimensions, and between them
    A with one coordinate after the other taken from B: the order that ``SALib.analyze.sobol`` reads.

    Returns:
        (points × (dimensions + 2)) × dimensions, between 0 and 1.
    """
    pairs = sobol(points, 2 * dimensions, seed)
    first, second = pairs[:, None, :dimensions], pairs[:, None, dimensions:]
    taken = np.vstack([np.zeros(dimensions), np.eye(dimensions), np.ones(dimensions)])
    return np.where(taken == 1, second, first).reshape(-1, dimensions)


def morris(trajectories: int, dimensions: int, levels: int, seed: int) -> Iterator[list[float]]:
    """Trajectories for elementary effects (Morris 1991).

    Each begins at a random point of the grid of ``levels`` (an even number) and goes, in random
    order, once along every dimension, by a little more than half of its length.

    Yields:
        ``dimensions + 1`` points a trajectory, on a grid from 0 to 1.
    """
    jump = levels // 2
    for index in range(trajectories):
        draws = _uniform(address(seed, index), 3 * dimensions).reshape(3, dimensions)
        up = draws[0] < 0.5
        place = (draws[1] * jump).astype(int) + np.where(up, 0, jump)
        yield (place / (levels - 1)).tolist()
        for column in np.argsort(draws[2], kind="stable"):
            place[column] += jump if up[column] else -jump
            yield (place / (levels - 1)).tolist()


#: designs in the unit cube that go through the quantiles of the parameters
CUBES: dict[str, Callable[[int, int, int], Floats]] = {"lhs": lhs, "sobol": sobol, "saltelli": saltelli}


def _factorial(uncertainties: Sequence[Uncertainty], levels: int) -> Iterator[Point]:
    paths = [each.path for each in uncertainties]
    values = product(*(each.grid(levels) for each in uncertainties))
    return (dict(zip(paths, row, strict=True)) for row in values)


def _one_at_a_time(uncertainties: Sequence[Uncertainty], levels: int) -> Iterator[Point]:
    yield {}
    for each in uncertainties:
        for value in each.grid(levels):
            yield {each.path: value}


def _uniform(key: int, number: int) -> Floats:
    """Numbers above 0 and below 1, by address: the first ones do not depend on how many follow."""
    bits = cast("NDArray[np.uint64]", address(key, cast(int, np.arange(number, dtype=np.uint64))))
    return cast(Floats, ((bits >> np.uint64(12)) + 0.5) * 2.0**-52)

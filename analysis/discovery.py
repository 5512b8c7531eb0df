"""Where in the space of uncertain parameters something succeeds: boxes (PRIM) and a tree (CART).

PRIM (Friedman and Fisher 1999) peels thin slices off the whole space so that the share of successes rises,
and pastes back what does no harm. Candidates are judged by the gain in density for the mass that it
costs, so that switches and numbers compete fairly (Kwakkel and Jaxa-Rozen 2016). A restriction
without which the box would be about as good is dropped: its quasi-p value is the chance that as many
successes fall into the box, were they as dense as without it (Bryant and Lempert 2010). The p value
of a box is that of the whole search: how often shuffled successes give a box as striking.

Cases are points of a design. Runs at one point are no cases of their own: their share of successes is the
success of the case, and cases, not runs, are counted in every test.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.tables import Floats, Mask

if TYPE_CHECKING:
    import pandas as pd

Side = Literal["above", "below", "in"]

#: share of the cases that a peel takes off, and least share that a box holds
ALPHA, MASS = 0.05, 0.05
#: least cases in a box
LEAST = 10
#: chance below which a restriction, or a box, is no accident
LEVEL = 0.05
STEPS = ["step", "coverage", "density", "mass", "cases", "restricted", "chosen"]
#: share of the halves below which a side is to be taken with care
OFTEN = 0.75
SHUFFLES, HALVES, SEED = 99, 40, 20_100_118


class Dimension(NamedTuple):
    """What varies between the cases.

    Attributes:
        name: path of the parameter.
        choices: names of its values by code, from 0; none for a number.
        whole: its values are whole numbers.
    """

    name: str
    choices: tuple[str, ...] = ()
    whole: bool = False


@dataclass(frozen=True)
class Cases:
    """What is known.

    Attributes:
        dimensions: what varies.
        values: array of shape (cases, dimensions): value of each number, code of each choice.
        wins: share of successes of each case, from 0 to 1.
    """

    dimensions: tuple[Dimension, ...]
    values: Floats
    wins: Floats

    @property
    def base(self) -> float:
        """Share of successes of all cases."""
        return float(self.wins.mean())

    def of(self, chosen: NDArray[Any]) -> Cases:
        """Some of the cases: a mask, or their places."""
        return Cases(self.dimensions, self.values[chosen], self.wins[chosen])


@dataclass(frozen=True)
class Region:
    """A box: the ends of every number, and the values of every choice that belong to it."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    kept: tuple[frozenset[int], ...]

    def holds(self, cases: Cases) -> Mask:
        """Which cases lie in it."""
        inside = np.ones(len(cases.values), dtype=bool)
        for place, dimension in enumerate(cases.dimensions):
            values = cases.values[:, place]
            if dimension.choices:
                if len(self.kept[place]) < len(dimension.choices):
                    inside &= np.isin(values, list(self.kept[place]))
            else:
                inside &= (values >= self.low[place]) & (values <= self.high[place])
        return inside

    def with_(self, place: int, side: Side, value: float | frozenset[int]) -> Region:
        """The box with another end, or other values, of a dimension."""
        key = {"above": "low", "below": "high", "in": "kept"}[side]
        ends = list(getattr(self, key))
        ends[place] = value
        return replace(self, **{key: tuple(ends)})


class Restriction(NamedTuple):
    """One side of a box.

    Attributes:
        dimension: its name.
        side: the dimension lies ``above`` or ``below`` a value, or ``in`` some of its choices.
        value: the end; NaN for choices.
        choices: those that belong to the box.
        quasi_p: chance that the box is as good by accident, were this side left open.
        recurs: share of the halves of the cases in whose box the dimension has this side.
    """

    dimension: str
    side: Side
    value: float
    choices: tuple[str, ...]
    quasi_p: float
    recurs: float = np.nan


class Box(NamedTuple):
    """A box and how good it is.

    Attributes:
        restrictions: its sides, the surest first; none for the whole space.
        coverage: share of all successes that lie in it.
        density: share of successes among its cases.
        mass: share of all cases that lie in it.
        cases: number of them.
        p: chance that shuffled successes give a box as striking; NaN where that was not looked at.
    """

    restrictions: tuple[Restriction, ...]
    coverage: float
    density: float
    mass: float
    cases: int
    p: float = np.nan


@dataclass(frozen=True)
class Search:
    """How boxes are looked for.

    Attributes:
        alpha: share of the cases of a box that a peel takes off.
        mass: least share of all cases that a box holds.
        density: choose the box with most coverage that is at least this dense; that with most successes
            beyond chance unless given.
        boxes: at most so many, each among the cases that the ones before leave.
    """

    alpha: float = ALPHA
    mass: float = MASS
    density: float | None = None
    boxes: int = 3


@dataclass(frozen=True)
class Found:
    """What was found.

    Attributes:
        boxes: those that are no accident, in the order in which they were found.
        regions: the same as ends and choices.
        rejected: the box at which the search ended because it may be an accident.
        trajectory: every step of the peeling, of all boxes: columns ``box``, ``step``, ``coverage``,
            ``density``, ``mass``, ``cases``, ``restricted`` (number of dimensions), ``chosen``.
    """

    boxes: tuple[Box, ...]
    regions: tuple[Region, ...]
    rejected: Box | None
    trajectory: pd.DataFrame


# --- PRIM ---------------------------------------------------------------------------------------


def prim(cases: Cases, search: Search = Search()) -> Found:
    """The boxes in which successes are dense.

    Raises:
        ValueError: there are too few cases, a value is missing, or all cases are alike in success.
    """
    import pandas as pd

    _check(cases)
    boxes, regions, steps, rejected = list[Box](), list[Region](), list[pd.DataFrame](), None
    left = np.ones(len(cases.values), dtype=bool)
    while len(boxes) < search.boxes and rejected is None:
        part = cases.of(left)
        if left.sum() < 2 * LEAST or part.base in (0.0, 1.0):
            break
        region, path = _best(part, search)
        box = _box(cases, part, region, search)
        steps.append(_steps(part, path, cases, search.density).assign(box=len(boxes) + 1))
        if box.p > LEVEL or not box.restrictions:
            rejected = box
        else:
            boxes.append(box)
            regions.append(region)
            left &= ~region.holds(cases)
    table = pd.concat(steps, ignore_index=True)
    return Found(tuple(boxes), tuple(regions), rejected, table)


def _check(cases: Cases) -> None:
    if len(cases.values) < 2 * LEAST:
        raise ValueError(f"{len(cases.values)} cases are too few; {2 * LEAST} are needed at least")
    if not (np.isfinite(cases.values).all() and np.isfinite(cases.wins).all()):
        raise ValueError("values are missing")
    if cases.base in (0.0, 1.0):
        raise ValueError("it holds in all cases" if cases.base else "it holds in no case")


def whole(cases: Cases) -> Region:
    """The box of everything."""
    number = len(cases.dimensions)
    kept = tuple(frozenset(range(len(each.choices))) for each in cases.dimensions)
    return Region((-np.inf,) * number, (np.inf,) * number, kept)


class _Peel(NamedTuple):
    """A slice to take off: the side of a dimension (or a code of a choice), and the cases that stay."""

    place: int
    side: Side
    code: int
    keep: Mask

    def off(self, cases: Cases, region: Region, inside: NDArray[Any]) -> Region:
        """The box without the slice."""
        if self.side == "in":
            return region.with_(self.place, "in", region.kept[self.place] - {self.code})
        values, whole_ = cases.values[inside, self.place], cases.dimensions[self.place].whole
        return region.with_(self.place, self.side, _end(values, self.keep, self.side, whole=whole_))


def peeled(cases: Cases, search: Search) -> list[Region]:
    """The boxes of a peeling, from the whole space on."""
    least = max(LEAST, int(np.ceil(search.mass * len(cases.values))))
    path, inside = [whole(cases)], np.arange(len(cases.values))
    while 0 < (density := cases.wins[inside].mean()) < 1:
        wins, best, most = cases.wins[inside], None, -np.inf
        for peel in _peels(cases, path[-1], inside, search.alpha):
            size = np.count_nonzero(peel.keep)
            if least <= size < len(inside):
                gain = (wins[peel.keep].sum() / size - density) / (len(inside) - size)
                if gain > most:
                    best, most = peel, gain
        if best is None:
            break
        path.append(best.off(cases, path[-1], inside))
        inside = inside[best.keep]
    return path


def _peels(cases: Cases, region: Region, inside: NDArray[Any], alpha: float) -> Iterator[_Peel]:
    """Every slice that could be taken off a box."""
    off = max(1, int(alpha * len(inside)))
    for place, dimension in enumerate(cases.dimensions):
        values = cases.values[inside, place]
        if dimension.choices:
            yield from (_Peel(place, "in", code, values != code) for code in sorted(region.kept[place]))
        else:
            order = np.partition(values, [off - 1, len(values) - off])
            yield _Peel(place, "above", 0, values > order[off - 1])
            yield _Peel(place, "below", 0, values < order[-off])


def _end(values: Floats, keep: Mask, side: Side, *, whole: bool) -> float:
    """The new end: midway between what is kept and what is not; of whole numbers the last that is kept."""
    last = values[keep].min() if side == "above" else values[keep].max()
    if whole:
        return float(last)
    next_ = values[values < last].max() if side == "above" else values[values > last].min()
    return float((last + next_) / 2)


def _best(cases: Cases, search: Search) -> tuple[Region, list[Region]]:
    """The box that is chosen, without needless restrictions, and the path on which it was found."""
    region, path = _found(cases, search)
    return _needed(cases, region, search.density or 0.0), path


def _found(cases: Cases, search: Search) -> tuple[Region, list[Region]]:
    path = peeled(cases, search)
    chosen = path[_choice(cases, path, search.density)]
    return _pasted(cases, chosen, search.alpha), path


def _choice(cases: Cases, path: Sequence[Region], density: float | None) -> int:
    """The place of the box that is chosen.

    That is the one with most coverage that is dense enough, where a density is wanted. Otherwise the one
    whose coverage exceeds its mass by most: that holds most successes beyond those that any box of its
    size would (weighted relative accuracy; Lavrač, Flach and Zupan 1999). Unlike a mean of coverage and
    density it does not take the whole space where half of all cases succeed.
    """
    scores = [_score(cases, region, density) for region in path]
    return int(np.argmax(scores))


def _score(cases: Cases, region: Region, wanted: float | None) -> float:
    coverage, density = _quality(cases, region)
    if wanted is None:
        return coverage - float(region.holds(cases).mean())
    return 1 + coverage if density >= wanted else density


def _quality(cases: Cases, region: Region) -> tuple[float, float]:
    inside = region.holds(cases)
    wins = float(cases.wins[inside].sum())
    return wins / float(cases.wins.sum()), wins / max(int(inside.sum()), 1)


def _pasted(cases: Cases, region: Region, alpha: float) -> Region:
    """The box with slices put back as long as it does not become less dense."""
    while True:
        density = _quality(cases, region)[1]
        best = max(
            (
                (_quality(cases, larger)[1], place, larger)
                for place, larger in enumerate(_pastes(cases, region, alpha))
            ),
            default=(-1.0, 0, region),
        )
        if best[0] < density:
            return region
        region = best[2]


def _pastes(cases: Cases, region: Region, alpha: float) -> Iterator[Region]:
    """Every box that is a slice larger."""
    slice_ = max(1, int(alpha * region.holds(cases).sum()))
    for place, side in _sides(cases, region):
        open_ = _open(cases, region, place, side)
        beyond = open_.holds(cases) & ~region.holds(cases)
        if side == "in":
            missing = set(range(len(cases.dimensions[place].choices))) - region.kept[place]
            yield from (region.with_(place, "in", region.kept[place] | {code}) for code in sorted(missing))
        elif beyond.sum() <= slice_:
            yield open_
        else:
            values = np.sort(cases.values[beyond, place])
            end = values[-slice_] if side == "above" else values[slice_ - 1]
            yield region.with_(place, side, float(end))


def _sides(cases: Cases, region: Region) -> list[tuple[int, Side]]:
    """The restrictions of a box: places of dimensions, and sides."""
    found = list[tuple[int, Side]]()
    for place, dimension in enumerate(cases.dimensions):
        if dimension.choices:
            found += [(place, "in")] if len(region.kept[place]) < len(dimension.choices) else []
            continue
        found += [(place, "above")] if np.isfinite(region.low[place]) else []
        found += [(place, "below")] if np.isfinite(region.high[place]) else []
    return found


def _open(cases: Cases, region: Region, place: int, side: Side) -> Region:
    """The box without one of its sides."""
    everything = whole(cases)
    key = {"above": "low", "below": "high", "in": "kept"}[side]
    return region.with_(place, side, getattr(everything, key)[place])


def quasi_p(cases: Cases, region: Region, place: int, side: Side) -> float:
    """The chance of as many successes in the box, were they as dense as with this side open."""
    from scipy.stats import binom

    inside = region.holds(cases)
    density = _quality(cases, _open(cases, region, place, side))[1]
    # shares of successes vary less than successes do, so this errs on the side of caution
    return float(binom.sf(np.floor(cases.wins[inside].sum()) - 1, int(inside.sum()), density))


def _needed(cases: Cases, region: Region, density: float) -> Region:
    """The box without the restrictions that may be accidents, the weakest first.

    One without which a box that is as dense as wanted would not be so any more stays.
    """
    wanted = density if _quality(cases, region)[1] >= density else 0.0
    while True:
        open_ = {each: _open(cases, region, *each) for each in _sides(cases, region)}
        weak = {
            quasi_p(cases, region, *each): larger
            for each, larger in open_.items()
            if _quality(cases, larger)[1] >= wanted
        }
        if not weak or max(weak) <= LEVEL:
            return region
        region = weak[max(weak)]


# --- how sure -----------------------------------------------------------------------------------


def _box(cases: Cases, part: Cases, region: Region, search: Search) -> Box:
    """How good a box is that was found among a part of the cases, seen against all of them."""
    inside = region.holds(part)
    wins, number = float(part.wins[inside].sum()), int(inside.sum())
    sides = _sides(part, region)
    recurring = _recurring(part, search) if sides else {}
    restrictions = [
        _side(part, region, place, side)._replace(recurs=recurring.get((place, side), 0.0))
        for place, side in sides
    ]
    return Box(
        tuple(sorted(restrictions, key=lambda each: each.quasi_p)),
        wins / float(cases.wins.sum()),
        wins / number,
        number / len(cases.values),
        number,
        _accident(part, search) if sides else 1.0,
    )


def _side(cases: Cases, region: Region, place: int, side: Side) -> Restriction:
    dimension = cases.dimensions[place]
    names = tuple(dimension.choices[code] for code in sorted(region.kept[place]) if side == "in")
    value = {"above": region.low[place], "below": region.high[place], "in": np.nan}[side]
    return Restriction(dimension.name, side, value, names, quasi_p(cases, region, place, side))


def _accident(cases: Cases, search: Search) -> float:
    """The chance that shuffled successes give a peeling with a box as striking as the best one."""
    rng = np.random.default_rng(SEED)
    found = _striking(cases, search)
    shuffled = (replace(cases, wins=rng.permutation(cases.wins)) for _ in range(SHUFFLES))
    return (1 + sum(_striking(each, search) >= found for each in shuffled)) / (SHUFFLES + 1)


def _striking(cases: Cases, search: Search) -> float:
    """How far the densest boxes of a peeling are from the base, in standard errors."""
    spread = float(cases.wins.std())
    sizes = []
    for region in peeled(cases, search)[1:]:
        inside = region.holds(cases)
        sizes.append((cases.wins[inside].mean() - cases.base) * np.sqrt(inside.sum()) / spread)
    return max(sizes, default=0.0)


def _recurring(cases: Cases, search: Search) -> dict[tuple[int, Side], float]:
    """How often each side is one of the box of a random half of the cases (Bryant and Lempert 2010).

    Needless sides are not dropped from these boxes: half of the cases are too few for that.
    """
    rng, number = np.random.default_rng(SEED), len(cases.values)
    counts = dict[tuple[int, Side], float]()
    for _ in range(HALVES):
        half = cases.of(rng.permutation(number)[: max(number // 2, LEAST)])
        if half.base not in (0.0, 1.0):
            for side in _sides(half, _found(half, search)[0]):
                counts[side] = counts.get(side, 0.0) + 1 / HALVES
    return counts


def _steps(cases: Cases, path: Sequence[Region], every: Cases, density: float | None) -> pd.DataFrame:
    """The table of a peeling; coverage and mass are those of all cases."""
    import pandas as pd

    rows, wins, whole_ = [], float(every.wins.sum()), len(every.wins)
    chosen = _choice(cases, path, density)
    for step, region in enumerate(path):
        inside = region.holds(cases)
        found, number = float(cases.wins[inside].sum()), int(inside.sum())
        restricted = len({place for place, _ in _sides(cases, region)})
        rows.append((step, found / wins, found / number, number / whole_, number, restricted, step == chosen))
    return pd.DataFrame(rows, columns=STEPS)


# --- CART ---------------------------------------------------------------------------------------


def cart(cases: Cases, search: Search = Search()) -> list[tuple[Box, Region]]:
    """The leaves of a classification tree in which most cases succeed, more than by chance, densest first.

    The tree is pruned by cross-validation, to the smallest one within a standard error of the best
    (Breiman and others 1984), so that noise gives no leaves.

    Raises:
        ImportError: scikit-learn is not installed.
        ValueError: as :func:`prim`.
    """
    _check(cases)
    columns = _columns(cases)
    tree = _pruned(cases, columns, search)
    found = []
    for region in _leaves(cases, columns, tree.tree_):
        inside = region.holds(cases)
        wins, number = float(cases.wins[inside].sum()), int(inside.sum())
        if number and wins / number > 0.5 and _many(wins, number, cases.base):
            sides = tuple(_side(cases, region, place, side) for place, side in _sides(cases, region))
            coverage = wins / float(cases.wins.sum())
            found.append((Box(sides, coverage, wins / number, number / len(cases.values), number), region))
    found = [(box, region) for box, region in found if box.restrictions]
    return sorted(found, key=lambda each: -each[0].density)


def _many(wins: float, number: int, base: float) -> bool:
    from scipy.stats import binom

    return bool(binom.sf(np.floor(wins) - 1, number, base) <= LEVEL)


class _Column(NamedTuple):
    """A column of the tree's table: a number, or whether a choice has one of its values."""

    place: int
    code: int | None
    values: Floats


def _columns(cases: Cases) -> list[_Column]:
    found = list[_Column]()
    for place, dimension in enumerate(cases.dimensions):
        values = cases.values[:, place]
        if dimension.choices:
            codes = range(len(dimension.choices))
            found += [_Column(place, code, (values == code).astype(float)) for code in codes]
        else:
            found.append(_Column(place, None, values))
    return found


def _pruned(cases: Cases, columns: Sequence[_Column], search: Search) -> Any:
    """The smallest tree that predicts unseen cases about as well as the best."""
    table = np.column_stack([column.values for column in columns])
    grown = _tree(search, len(cases.values), 0.0)
    path = grown.cost_complexity_pruning_path(*_weighted(table, cases.wins))
    alphas = np.unique(path.ccp_alphas)
    alphas = np.unique(np.quantile(alphas, np.linspace(0, 1, 12)))
    losses = np.array([_losses(cases, table, search, alpha) for alpha in alphas])
    means = losses.mean(axis=1)
    best = int(np.argmin(means))
    error = losses[best].std(ddof=1) / np.sqrt(losses.shape[1])
    chosen = alphas[means <= means[best] + error].max()
    return _tree(search, len(cases.values), float(chosen)).fit(*_weighted(table, cases.wins))


def _tree(search: Search, number: int, alpha: float) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    share = max(LEAST, search.mass * number) / number
    return DecisionTreeClassifier(min_weight_fraction_leaf=min(share, 0.5), ccp_alpha=alpha, random_state=1)


def _weighted(table: Floats, wins: Floats) -> tuple[Floats, Floats, Floats]:
    """Each case as a success and a failure, with its shares of both as weights."""
    number = len(wins)
    return (
        np.vstack([table, table]),
        np.repeat([1.0, 0.0], number),
        np.concatenate([wins, 1 - wins]),
    )


def _losses(cases: Cases, table: Floats, search: Search, alpha: float, folds: int = 10) -> Floats:
    """Mean squared error (Brier score) of a tree in each part of the cases that it has not seen."""
    fold = np.random.default_rng(SEED).permutation(len(table)) % folds
    found = []
    for each in range(folds):
        seen = fold != each
        tree = _tree(search, int(seen.sum()), alpha).fit(*_weighted(table[seen], cases.wins[seen]))
        if len(tree.classes_) == 2:
            told = tree.predict_proba(table[~seen])[:, 1]
        else:
            told = np.full(int((~seen).sum()), float(tree.classes_[0]))
        found.append(float(((told - cases.wins[~seen]) ** 2).mean()))
    return np.array(found)


def _leaves(cases: Cases, columns: Sequence[_Column], tree: Any) -> Iterator[Region]:
    """The box of each leaf."""

    def below(node: int, region: Region) -> Iterator[Region]:
        if tree.children_left[node] < 0:
            yield region
            return
        column, cut = columns[tree.feature[node]], float(tree.threshold[node])
        children: tuple[tuple[int, Side], ...]
        children = ((tree.children_left[node], "below"), (tree.children_right[node], "above"))
        for child, side in children:
            yield from below(child, _cut(cases, region, column, side, cut))

    return below(0, whole(cases))


def _cut(cases: Cases, region: Region, column: _Column, side: Side, cut: float) -> Region:
    place = column.place
    if column.code is not None:
        only = frozenset({column.code})
        kept = region.kept[place] & only if side == "above" else region.kept[place] - only
        return region.with_(place, "in", kept)
    values = cases.values[:, place]
    if cases.dimensions[place].whole:
        cut = float(values[values > cut].min() if side == "above" else values[values <= cut].max())
    return region.with_(place, side, cut)

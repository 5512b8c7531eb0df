"""When a policy wins: from a finished sweep and a condition to boxes, sentences, tables and charts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from experiments import provenance, results
from experiments.conditions import Condition, Name, parsed
from experiments.finished import not_measures
from experiments.words import number, plural
from sim.errors import InputError, nearest
from sim.parameters import PATHS

if TYPE_CHECKING:
    import pandas as pd

    from analysis.discovery import Box, Cases, Found, Region, Restriction, Search
    from analysis.tables import Floats, Mask
    from experiments.finished import Finished
    from experiments.options import RefuseOrDrop

FOLDER = "discovery"
#: designs whose points do not fill the space
THIN = ("oat", "morris")


@dataclass(frozen=True)
class Asked:
    """What is looked for, and among what.

    Attributes:
        condition: what counts as a success.
        cases: points (of each lever, where it is asked of each) with their shares of successes.
        runs: number of runs, or of pairs, behind them.
        notes: what was missing.
    """

    condition: Condition
    cases: Cases
    runs: int
    notes: tuple[str, ...]


class Result(NamedTuple):
    """Boxes by PRIM, and those of the tree; none of it without scikit-learn."""

    prim: Found
    cart: list[tuple[Box, Region]] | None


# --- cases --------------------------------------------------------------------------------------


def asked(sweep: Finished, success: str, lever: str | None, missing: RefuseOrDrop) -> Asked:
    """The cases of a sweep, with the share of the runs in which the condition holds.

    Raises:
        InputError: the expression or the lever is wrong, the design does not fill the space, or values are
            missing.
    """
    _check_design(sweep)
    outcomes = [name for name in sweep.outcomes.columns if name not in not_measures(sweep)]
    condition = parsed(success, sweep.levers, outcomes)
    own = _own(sweep, condition, lever)
    holds, known = _held(sweep, condition, own)
    note = _gaps(known, missing)
    runs = known.sum(axis=2)
    wins = np.where(known, holds, 0).sum(axis=2) / np.maximum(runs, 1)
    some = runs > 0
    some[:, ~_free(sweep)] = False
    return Asked(condition, _cases(sweep, own, wins, some), int(runs[some].sum()), note)


def _check_design(sweep: Finished) -> None:
    if sweep.design.kind in THIN:
        problem = (
            f"its design ({sweep.design.kind}) does not fill the space of the uncertainties; take one of kind"
            " lhs or sobol"
        )
        raise InputError(problem, file=str(sweep.folder))
    if not sweep.paths:
        raise InputError("varied no parameter, so that there is nothing to look for", file=str(sweep.folder))


def _own(sweep: Finished, condition: Condition, lever: str | None) -> tuple[str, ...]:
    """The levers of which the condition is asked; none where it compares some."""
    if condition.compares:
        if lever is not None:
            raise InputError("the expression names its levers, so there is no choice", key="--lever")
        return ("",)
    if lever is not None and lever not in sweep.levers:
        hint = nearest(lever, sweep.levers) or f"; the levers are {', '.join(sweep.levers)}"
        raise InputError(f"the sweep has no lever '{lever}'{hint}", key="--lever")
    return (lever,) if lever is not None else sweep.levers


def _held(sweep: Finished, condition: Condition, own: Sequence[str]) -> tuple[Mask, Mask]:
    """Whether the condition holds, and whether that is known, by lever, point and replication."""
    tables = {name: _grid(sweep, name, own) for name in condition.names}
    known: Mask = np.asarray(np.isfinite(np.stack(list(tables.values()))).all(axis=0))
    return condition.holds(tables.__getitem__), known


def _grid(sweep: Finished, name: Name, own: Sequence[str]) -> Floats:
    from analysis.sensitivity import grid

    levers = tuple(sweep.levers)
    table = grid(sweep.outcomes, name.outcome, levers, sweep.points, sweep.replications)
    return table[[levers.index(name.lever or lever) for lever in own]]


def _gaps(known: Mask, missing: RefuseOrDrop) -> tuple[str, ...]:
    gaps = int((~known).sum())
    if not gaps:
        return ()
    told = f"{gaps:,} of {plural(known.size, 'run')} have no value to hold against it, or failed"
    if missing == "refuse":
        raise InputError(f"{told}; --missing drop leaves them out", key="--success")
    if gaps == known.size:
        raise InputError(told, key="--success")
    return (f"{told}, and are left out",)


def _free(sweep: Finished) -> Mask:
    """Points that lie independently of each other: of base points for Sobol's indices the two ends."""
    step = len(sweep.paths) + 2
    places = np.arange(sweep.points)
    every = sweep.design.kind != "saltelli"
    return np.asarray(np.isin(places % step, (0, step - 1)) | every)


def _cases(sweep: Finished, own: Sequence[str], wins: Floats, some: Mask) -> Cases:
    from analysis.discovery import Cases, Dimension
    from experiments.sensitivity import values, word

    dimensions = [
        Dimension(path, tuple(map(word, sweep.choices(path))), _whole(sweep, path)) for path in sweep.paths
    ]
    points = values(sweep)
    table = np.concatenate([points[each] for each in some])
    if len(own) > 1:
        dimensions.append(Dimension("lever", tuple(own)))
        codes = np.repeat(np.arange(len(own)), some.sum(axis=1))
        table = np.column_stack([table, codes])
    return Cases(tuple(dimensions), table, wins[some])


def _whole(sweep: Finished, path: str) -> bool:
    for each in sweep.uncertainties:
        if each.path == path:
            return each.type is int
    return isinstance(PATHS[path].default, int)


# --- search -------------------------------------------------------------------------------------


def found(what: Asked, search: Search) -> Result:
    """Boxes by PRIM and by CART.

    Raises:
        InputError: the condition holds everywhere or nowhere, or there are too few cases.
    """
    from analysis.discovery import cart, prim

    try:
        boxes = prim(what.cases, search)
    except ValueError as error:
        raise InputError(f"'{what.condition.text}': {error}", key="--success") from None
    try:
        return Result(boxes, cart(what.cases, search))
    except ImportError:
        return Result(boxes, None)


# --- sentences ----------------------------------------------------------------------------------


def sentences(what: Asked, result: Result) -> Iterator[str]:
    """Where the condition holds, box by box; or that no place can be told."""
    from analysis.discovery import OFTEN

    starts = result.prim.trajectory.groupby("box")["density"].first()
    for place, box in enumerate(result.prim.boxes):
        start = f"{what.condition.text} holds" if not place else "Of what is left it holds"
        base = f"{starts[place + 1]:.0%} {'of what is left' if place else 'overall'}"
        yield f"{start} when {conditions(box.restrictions)}: {shares(box)} ({base})."
        weak = [each for each in box.restrictions if each.recurs < OFTEN]
        if weak:
            names = ", ".join(dict.fromkeys(each.dimension for each in weak))
            yield f"More than a quarter of random halves of the cases do not restrict {names} so: take care."
    for leaf, _ in (result.cart or [])[:1]:
        yield f"The purest leaf of the tree: when {conditions(leaf.restrictions)}: {shares(leaf)}."
    if not result.prim.boxes:
        yield (
            f"{what.condition.text} holds in {what.cases.base:.0%} of the runs, and no box stands"
            f" out from chance{_rejected(result.prim.rejected)}."
        )


def _rejected(box: Box | None) -> str:
    if box is None or not box.restrictions:
        return ""
    return f" (the best one: {conditions(box.restrictions)}; {shares(box)}; p = {box.p:.2g})"


def shares(box: Box) -> str:
    """Coverage and density in words."""
    return f"{box.coverage:.0%} of the wins, {box.density:.0%} pure"


def conditions(restrictions: Sequence[Restriction]) -> str:
    """The sides of a box in words, with units: ``politics.support is above 0.61 and ...``."""
    sides: dict[str, list[Restriction]] = {}
    for each in restrictions:
        sides.setdefault(each.dimension, []).append(each)
    return _listed([_side(name, each) for name, each in sides.items()], "and")


def _side(name: str, sides: Sequence[Restriction]) -> str:
    unit = PATHS[name].unit if name in PATHS else ""
    told = f" {unit}" if unit and unit != "share" else ""
    whole = name in PATHS and isinstance(PATHS[name].default, int)
    if sides[0].side == "in":
        return f"{name} is {_listed(sides[0].choices, 'or')}"
    ends = {each.side: _end(each.value) for each in sides}
    if len(ends) == 2:
        return f"{name} is from {ends['above']} to {ends['below']}{told}"
    if "above" in ends:
        return f"{name} is {'at least' if whole else 'above'} {ends['above']}{told}"
    return f"{name} is {'at most' if whole else 'below'} {ends['below']}{told}"


def _listed(words: Sequence[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def _end(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.3g}"


# --- files --------------------------------------------------------------------------------------


def table(result: Result) -> pd.DataFrame:
    """One row a side of a box: method, box, its quality, then the side."""
    import pandas as pd

    boxes = [("prim", place, box) for place, box in enumerate(result.prim.boxes, 1)]
    boxes += [("cart", place, box) for place, (box, _) in enumerate(result.cart or (), 1)]
    rows = []
    for method, place, box in boxes:
        quality = {"method": method, "box": place, **box._asdict()}
        del quality["restrictions"]
        for side in box.restrictions:
            unit = PATHS[side.dimension].unit if side.dimension in PATHS else ""
            choices = " | ".join(side.choices)
            rows.append({**quality, **side._asdict(), "choices": choices, "unit": unit})
    columns = ["method", "box", "coverage", "density", "mass", "cases", "p", "dimension", "side", "value"]
    return pd.DataFrame(rows, columns=[*columns, "choices", "unit", "quasi_p", "recurs"])


def fill(
    folder: Path, what: Asked, result: Result, about: dict[str, Any], note: str, *, figures: bool
) -> dict[str, Any]:
    """Write tables and charts into a folder; return what its manifest is to say."""
    import pandas as pd

    from analysis.sweep_figures import discovery as drawing

    table(result).to_csv(folder / "boxes.csv", index=False)
    result.prim.trajectory.to_csv(folder / "trajectory.csv", index=False)
    names = [each.name for each in what.cases.dimensions]
    cases = pd.DataFrame(what.cases.values, columns=names).assign(wins=what.cases.wins)
    for each in what.cases.dimensions:
        if each.choices:
            cases[each.name] = [each.choices[int(code)] for code in cases[each.name]]
    cases.to_csv(folder / "cases.csv", index=False)
    if figures:
        sheets = drawing.charts(result.prim, what.cases, what.condition.text, note)
        results.drawn(folder / "figures", sheets)
    sentence = list(sentences(what, result))
    made = {"created": provenance.today(), "versions": provenance.versions()}
    return {**about, **made, "success": what.condition.text, "sentences": sentence, "tables": {}}


def caption(sweep: Finished, what: Asked) -> str:
    """Sweep, cases, runs, and in how many it holds."""
    runs = "pairs of runs" if len({name.lever for name in what.condition.names}) > 1 else "runs"
    size = f"{len(what.cases.wins):,} cases ({sweep.design.kind}), {what.runs:,} {runs}"
    return f"Sweep {sweep.study['name']} · {size}; holds in {what.cases.base:.0%} of them."


def told(box: Box) -> list[str]:
    """A row of the table of boxes: quality, and chance."""
    return [
        f"{box.coverage:.0%}", f"{box.density:.0%}", f"{box.mass:.0%}", f"{box.cases:,}",
        "" if np.isnan(box.p) else number(box.p, 2),
    ]  # fmt: skip

"""What the outcomes of a finished sweep depend on: from its store to tables, sentences and charts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments import provenance, results
from experiments.words import number, plural
from sim.errors import InputError, nearest

if TYPE_CHECKING:
    import pandas as pd

    from analysis.sensitivity import Found, Method, Plan
    from analysis.tables import Floats
    from experiments.finished import Finished
    from experiments.options import RefuseOrMean

#: designs that a method is made for; the others that vary everything at once go to PAWN
METHODS: dict[str, Method] = {"morris": "morris", "saltelli": "sobol"}
#: most factors that a sentence names
NAMED = 3
#: what one of so many things is called
UNITS: dict[Method, str] = {"morris": "trajectories", "sobol": "base points", "pawn": "points"}
#: what a sentence calls the index by which a method ranks
SAID: dict[Method, str] = {"morris": "μ*", "sobol": "total index", "pawn": "PAWN index"}
FOLDER = "sensitivity"


def plan(sweep: Finished, levers: Sequence[str]) -> Plan:
    """What a sweep varied, for these of its levers.

    Raises:
        InputError: it varied nothing, or one parameter after the other.
    """
    from analysis.sensitivity import Factor, Plan

    if sweep.design.kind == "oat":
        problem = (
            "varies one parameter at a time, which shows no interactions; for indices take a design of kind"
            " morris (screening), saltelli (Sobol's indices) or lhs (PAWN)"
        )
        raise InputError(problem, file=str(sweep.folder))
    if not sweep.paths:
        raise InputError("varied no parameter, so that there is nothing to rank", file=str(sweep.folder))
    names = tuple(Factor(path, tuple(map(word, sweep.choices(path)))) for path in sweep.paths)
    method = METHODS.get(sweep.design.kind, "pawn")
    units = _units(sweep) if method == "morris" else None
    return Plan(method, names, values(sweep), tuple(levers), units, sweep.design.levels or 4)


def word(value: object) -> str:
    """A value of a choice as a scenario file has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def values(sweep: Finished) -> Floats:
    """Numbers as they are, choices by code; of the design where its points are known, else of the table."""
    points = list(sweep.design.over(sweep.uncertainties, int(sweep.study["seed"])))
    columns = []
    for path in sweep.paths:
        codes = {value: code for code, value in enumerate(sweep.choices(path))}
        values = [point[path] for point in points]
        columns.append([codes[value] if codes else float(value) for value in values])
    return np.array(columns, dtype=float).T


def _units(sweep: Finished) -> Floats:
    from experiments.design import morris

    steps = morris(
        sweep.design.points, len(sweep.uncertainties), sweep.design.levels, int(sweep.study["seed"])
    )
    return np.array(list(steps))


def analysed(
    sweep: Finished, outcomes: Sequence[str], lever: str | None, missing: RefuseOrMean
) -> tuple[list[Found], list[str]]:
    """What each outcome depends on, and notes on what was missing.

    Args:
        sweep: a finished one.
        outcomes: names of measures.
        lever: one lever alone; all of them, and the lever as a factor, unless given.
        missing: what becomes of runs without a value.

    Raises:
        InputError: the lever is unknown, the design is not fit for it, values are missing, or SALib is.
    """
    levers = _levers(sweep, lever)
    varied, notes = plan(sweep, levers), list[str]()
    _check_size(sweep, varied)
    found = []
    for outcome in outcomes:
        runs, note = _runs(sweep, levers, outcome, missing)
        notes += note
        found.append(_found(varied, runs, outcome))
    return found, notes


def _levers(sweep: Finished, lever: str | None) -> tuple[str, ...]:
    if lever is None:
        return sweep.levers
    if lever not in sweep.levers:
        hint = nearest(lever, sweep.levers) or f"; the levers are {', '.join(sweep.levers)}"
        raise InputError(f"the sweep has no lever '{lever}'{hint}", key="--lever")
    return (lever,)


def _check_size(sweep: Finished, varied: Plan) -> None:
    from analysis.sensitivity import LEAST

    least = LEAST[varied.method]
    if varied.bases < least:
        few = f"has {varied.bases} {UNITS[varied.method]}, too few for indices; {least} are needed at least"
        raise InputError(few, file=str(sweep.folder))


def _runs(
    sweep: Finished, levers: Sequence[str], outcome: str, missing: RefuseOrMean
) -> tuple[Floats, list[str]]:
    from analysis import sensitivity

    rows = sweep.outcomes[sweep.outcomes["scenario"].isin(levers)]
    runs = sensitivity.grid(rows, outcome, levers, sweep.points, sweep.replications)
    gaps, failed = int((~np.isfinite(runs)).sum()), runs.size - len(rows)
    if not gaps:
        return runs, []
    told = f"{gaps:,} of {plural(runs.size, 'run')} give no value"
    told += f" ({failed:,} failed, {gaps - failed:,} have none)" if failed else ""
    if missing == "refuse":
        problem = f"{told}; --missing mean puts means in their place"
        raise InputError(problem, key=outcome)
    try:
        filled = sensitivity.filled(runs)
    except ValueError as error:
        raise InputError(f"{told}: {error}", key=outcome) from None
    whole = f", of {filled.points:,} of them that of the lever" if filled.points else ""
    return filled.runs, [f"{outcome}: {told}; the mean of their point stands in their place{whole}"]


def _found(varied: Plan, runs: Floats, outcome: str) -> Found:
    from analysis import sensitivity

    try:
        return sensitivity.analysed(varied, runs, outcome)
    except ImportError:
        raise InputError("SALib is missing; install it by: pip install 'cityfunnel[insight]'") from None


# --- sentences ----------------------------------------------------------------------------------


def sentences(found: Found) -> Iterator[str]:
    """What matters, what cannot be told from luck, and how much is luck."""
    clear, ranked = found.clear, found.ranked
    if ranked["value"].isna().all():
        yield f"{found.outcome}: no effect of any factor can be told from luck or from nothing."
    elif clear.empty:
        yield f"{found.outcome}: no factor stands out from what one without effect would show."
    else:
        yield f"{found.outcome} depends most on {_listed(found)}.{_order(found)}"
        rest = [name for name in ranked["factor"] if name not in set(clear["factor"])]
        if rest:
            yield f"Not told from a factor without effect: {', '.join(rest)}."
    yield _luck(found)


def _listed(found: Found) -> str:
    from analysis.measures import unit

    of = f" {unit(found.outcome)}" if found.method == "morris" else ""
    ranked = found.ranked
    places, rows = decimals(ranked["value"], found.method), found.clear.head(NAMED).to_dict("records")
    told = []
    for row in rows:
        value, low, high = (number(row[key], places) for key in ("value", "low", "high"))
        told.append(f"{row['factor']} ({value}{of}, 95% CI {low} to {high})")
    told[0] = told[0].replace("(", f"({SAID[found.method]} ", 1)
    return ", then ".join(told)


def decimals(values: pd.Series[float], method: Method) -> int | None:
    """Decimals with which indices are told: two of shares and distances, else by the largest."""
    if method != "morris":
        return 2
    largest = float(values.abs().max())
    return None if not 0 < largest < 1 else 2 + int(np.ceil(-np.log10(largest)))


def _order(found: Found) -> str:
    clear = found.clear
    if len(clear) < 2 or clear["low"].iloc[0] > clear["high"].iloc[1]:
        return ""
    return " Their intervals overlap, so which of the first two is first is not certain."


def _luck(found: Found) -> str:
    luck = found.luck
    if luck.replications < 2:
        return "With one replication luck cannot be told apart: all of this holds for one seed."
    if np.isnan(luck.share):
        return "The outcome does not vary."
    return (
        f"{luck.share:.0%} of the variance of a run is luck (95% CI {luck.low:.0%} to {luck.high:.0%},"
        f" {luck.replications} replications)."
    )


# --- files --------------------------------------------------------------------------------------


def tables(found: Sequence[Found]) -> dict[str, pd.DataFrame]:
    """The tables of all outcomes: indices, convergence, tornado, luck."""
    import pandas as pd

    made = {
        name: pd.concat(
            [getattr(each, name).assign(outcome=each.outcome, method=each.method) for each in found]
        )
        for name in ("indices", "convergence", "tornado")
    }
    first = ["outcome", "method"]
    made = {
        name: table[[*first, *(column for column in table if column not in first)]]
        for name, table in made.items()
    }
    rows = [{"outcome": each.outcome, "mean": each.middle, **each.luck._asdict()} for each in found]
    return {**made, "luck": pd.DataFrame(rows)}


def fill(
    folder: Path, sweep: Finished, found: Sequence[Found], about: dict[str, Any], note: str, *, figures: bool
) -> dict[str, Any]:
    """Write tables, and charts with a note, into a folder; return what its manifest is to say."""
    for name, table in tables(found).items():
        table.to_csv(folder / f"{name}.csv", index=False)
    if figures:
        results.drawn(folder / "figures", charts(found, note))
    return {
        **about,
        "created": provenance.today(),
        "versions": provenance.versions(),
        "sweep": {"name": sweep.study["name"], "fingerprint": sweep.manifest["fingerprint"]},
        "tables": {},
    }


def charts(found: Sequence[Found], note: str) -> dict[str, Any]:
    """Names of charts and functions that draw them, each with a note."""
    from analysis.sweep_figures import sensitivity as figures

    drawn = {"indices": figures.draw_indices, "convergence": figures.draw_convergence}
    drawn["tornado"] = figures.draw_tornado
    return {
        f"{name}_{each.outcome}": partial(draw, each, note)
        for each in found
        for name, draw in drawn.items()
        if name != "tornado" or each.tornado["value"].notna().any()
    }


def caption(sweep: Finished, lever: str | None = None) -> str:
    """Study, number of runs (of one lever, or of all), and how they come about."""
    chosen = _levers(sweep, lever)
    runs = int(sweep.outcomes["scenario"].isin(chosen).sum())
    levers = f"{len(chosen)} levers × " if len(chosen) > 1 else f"{chosen[0]}, "
    size = (
        f"{levers}{sweep.points:,} points ({sweep.design.kind}) × {plural(sweep.replications, 'replication')}"
    )
    return f"Sweep {sweep.study['name']} · {runs:,} runs: {size}."

"""What the evidence can and cannot say: which numbers are fitted, tested, predicted and assumed."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from analysis.measures import MEASURES
from analysis.targets import SERIES
from experiments.report.elements import Block, Bullets, Cell, Item, Section, Text, cell, span, table
from experiments.report.worlds import World, changed
from experiments.show import RELATIONS
from experiments.words import plural
from sim.errors import InputError
from sim.parameters import PATHS

if TYPE_CHECKING:
    import pandas as pd

    from sim.observed import Target

FITTED, TESTED, PREDICTED = "fitted", "tested", "predicted"

#: what the labels of results mean
LABELS = {
    FITTED: "numbers of the model were fitted with this in view, so agreement is no test",
    TESTED: "an observed figure exists that was not used to set numbers",
    PREDICTED: "no published figure confirms or refutes it",
}


def targets(world: World) -> tuple[tuple[Target, ...], str]:
    """The observed figures that a world names, and a note where their file is not to be had any more."""
    from sim.observed import observed

    if not world.observed:
        return (), "The scenario names no observed figures, so nothing here is held against any."
    try:
        return observed(world.observed), ""
    except InputError:
        return (
            (),
            f"The file of observed figures that the scenario names ({world.observed}) is not here any more.",
        )


def seen(found: Sequence[Target], world: World) -> list[Target]:
    """The figures that a run of the world can be held against: a count needs its day."""
    start, end = dt.date.fromisoformat(world.start), dt.date.fromisoformat(world.end)
    return [each for each in found if start < each.date and (each.date <= end or each.relation == "share")]


def labels(found: Sequence[Target]) -> dict[str, str]:
    """How far each measure is backed by observed figures."""
    uses: dict[str, set[str]] = {}
    for target in found:
        uses.setdefault(SERIES.get(target.measure, target.measure), set()).add(target.use)
    return {
        name: FITTED
        if "calibrate" in uses.get(name, ())
        else TESTED
        if "hold-out" in uses.get(name, ())
        else PREDICTED
        for name in MEASURES
    }


def beside(rows: pd.DataFrame) -> Block:
    """Observed figures beside the runs."""
    made = [
        (
            row["id"],
            f"{str(row['measure']).replace('_', ' ')}{' / ' + str(row['of']) if row['of'] else ''}",
            row["channel"] or "all",
            f"{row['date']:%Y-%m-%d}",
            Cell(f"{RELATIONS.get(str(row['relation']), '')}{row['observed']:g}", float(row["observed"])),
            float(row["mean"]),
            span(row["low"], row["high"]),
            span(row["lower"], row["upper"]),
            {"calibrate": FITTED, "hold-out": TESTED}.get(str(row["use"]), str(row["use"])),
            row["reading"],
        )
        for row in rows.to_dict("records")
    ]
    heads = (
        "id",
        "figure",
        "channel",
        "until",
        "#observed",
        "#model's mean",
        "#95% interval",
        "#middle 95% of runs",
    )
    return table("Observed figures beside the model on the same day", (*heads, "use", "reading"), made)


def section(
    found: Sequence[World], figures: Sequence[Target], note: str, rows: pd.DataFrame | None, varied: int = 0
) -> Section:
    """What is fitted, predicted and assumed, and what none of it can say; so many numbers were varied."""
    return Section(
        "evidence", "What the evidence can and cannot say", tuple(_blocks(found, figures, note, rows, varied))
    )


def _blocks(
    found: Sequence[World], figures: Sequence[Target], note: str, rows: pd.DataFrame | None, varied: int
) -> Iterator[Block]:
    label = labels(figures)
    told = [
        Item(
            f"{name.capitalize()}: {LABELS[name]}."
            f" {_listed([each for each in MEASURES if label[each] == name])}"
        )
        for name in LABELS
        if name in label.values()
    ]
    if note:
        yield Text(note)
    elif len(found) > 1:
        yield Text(
            f"Labels are those of {found[0].name}. No observed figure exists for a policy that was not"
            " in force: every difference between scenarios is a prediction of the model."
        )
    yield Bullets(tuple(told), "Results: fitted, tested or predicted")
    if rows is not None and len(rows):
        yield beside(rows)
    yield _assumed(found)
    yield Bullets(tuple(map(Item, _limits(found, figures, varied))), "What it cannot say")


def _listed(names: Sequence[str]) -> str:
    return f"These are: {', '.join(name.replace('_', ' ') for name in names)}."


def _assumed(found: Sequence[World]) -> Block:
    """How the numbers of the model are backed: all of them, and those that differ here."""
    differ = [path for path in changed(found) if path in PATHS]
    here = Counter[str](PATHS[path].evidence for path in differ)
    every = Counter[str](row.evidence for row in PATHS.values())
    meanings = {
        "observed": "seen in the case itself",
        "literature": "seen elsewhere, taken as a prior",
        "assumed": "no figure exists; a wide range is possible",
        "calibrated": "the centre of a posterior, given what Taipei observed",
        "tuned": "set by hand to the funnel of Taipei's stage 1",
        "policy": "a rule of the game, to be chosen",
    }
    rows = [(name, told, cell(every[name]), cell(here[name])) for name, told in meanings.items()]
    heads = ("evidence", "meaning", "#numbers of the model", "#of those that differ here")
    return table("What the numbers of the model rest on", heads, rows)


def _limits(found: Sequence[World], figures: Sequence[Target], varied: int) -> Iterator[str]:
    assumed = sum(row.evidence in ("assumed", "tuned") for row in PATHS.values())
    of = f"{assumed} of {len(PATHS)} numbers of the model are assumed or tuned"
    if varied:
        yield (
            f"The study varies {plural(varied, 'number')}, within ranges that somebody chose; {of}, and all"
            " others"
            " were held where the scenarios have them."
        )
    else:
        yield (
            "Intervals hold the luck of the runs alone. More runs make them as narrow as one likes, and not"
            " more"
            f" true: {of}. Vary them (cityfunnel sweep) and look for differences that stay."
        )
    readings = sorted({figure.reading for figure in figures} - {"both"})
    if len(readings) > 1:
        yield (
            "Sources contradict each other on what their figures are shares of; observed figures carry a"
            f" reading, {' or '.join(readings)}, and the model cannot meet both."
        )
    if len(found) > 1:
        yield (
            "Each measure is a question of its own: among forty measures without any difference two look"
            " clear by chance."
        )
    yield "Compare policies; do not quote a single count as a forecast. What is clear is so in this model."

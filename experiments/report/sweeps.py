"""The report of a sweep: levers against each other over what nobody can know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analysis import echarts, style
from analysis.measures import MEASURES
from analysis.pairs import Difference, family
from analysis.statistics import described
from experiments import compare, finished
from experiments.report import evidence, names, reproduce, worlds
from experiments.report.elements import Block, Bullets, Cell, Figure, Item, Report, Section, Text, span, table
from experiments.store import Store
from experiments.words import plural, setting
from sim.parameters import PATHS

if TYPE_CHECKING:
    import pandas as pd

#: most outcomes and parameters that are drawn
OUTCOMES, PARAMETERS = 12, 6


@dataclass(frozen=True)
class Found:
    """What is told of a sweep."""

    sweep: finished.Finished
    worlds: Sequence[worlds.World]
    outcomes: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The levers, the base first."""
        return tuple(world.name for world in self.worlds)

    @cached_property
    def points(self) -> pd.DataFrame:
        """Means over the replications of each lever at each point."""
        numbers = self.sweep.outcomes[["scenario", "point", *self.outcomes]].astype({"scenario": str})
        return numbers.groupby(["scenario", "point"], sort=True)[list(self.outcomes)].mean()

    @cached_property
    def comparisons(self) -> list[compare.Comparison]:
        """Levers against the first, in pairs of points."""
        if len(self.names) < 2 or set(self.names) - set(self.points.index.get_level_values("scenario")):
            return []
        base, *others = (self._common(name) for name in self.names)
        rows = [family(name, base[name], [other[name] for other in others]) for name in self.outcomes]
        return [
            compare.Comparison(self.names[0], name, tuple(row), len(others))
            for name, row in zip(self.names[1:], zip(*rows, strict=True), strict=True)
        ]

    def _common(self, lever: str) -> pd.DataFrame:
        """A row a point, the same for all levers."""
        mine = self.points[self.points.index.get_level_values("scenario") == lever]
        return mine.droplevel("scenario").reindex(range(1, self.sweep.points + 1))

    def better(self, comparison: compare.Comparison, measure: str) -> float:
        """The share of points at which the other lever gives more of a measure than the base."""
        base, other = (self._common(name)[measure] for name in (comparison.base, comparison.other))
        both = (other - base).dropna()
        return float((both > 0).mean()) if len(both) else np.nan


def report(folder: Path) -> Report:
    """The report of a store made by ``cityfunnel sweep``.

    Raises:
        StoreError: the store is damaged.
        InputError: the sweep is not finished, or no run succeeded.
    """
    sweep = finished.read(folder)
    store = Store(sweep.folder, sweep.manifest)
    known = worlds.worlds(store, sweep.study.get("levers"))
    outcomes = [name for name in sweep.study["outcomes"] if name in MEASURES]
    found = Found(sweep, known, tuple(outcomes))
    about = (
        f"Study {sweep.study['name']}: {plural(len(known), 'lever')} × {plural(sweep.points, 'point')} ×"
        f" {plural(sweep.replications, 'replication')}",
        f"{plural(len(sweep.outcomes), 'run')} succeeded, {sweep.failed:,} failed",
    )
    policies = found.names if found.comparisons else ()
    return Report(
        str(sweep.study["question"]), about, tuple(_short(found)), policies, tuple(_sections(found, store))
    )


def _short(found: Found) -> Iterator[Item]:
    for place, comparison in enumerate(found.comparisons, start=1):
        clear = [each for each in comparison.differences if each.clear]
        for each in clear[:OUTCOMES]:
            more = f"It gives more at {found.better(comparison, each.measure):.0%} of the points."
            yield Item(f"{_sentence(comparison, each)} {more}", place)
        rest = ", ".join(style.said(each.measure) for each in comparison.differences if not each.clear)
        if rest:
            yield Item(
                f"No clear difference between {comparison.other} and {comparison.base}: {rest}.", place
            )
    if not found.comparisons:
        yield Item("The study has one lever; the tables show what it gives over the points.")


def _sentence(comparison: compare.Comparison, difference: Difference) -> str:
    return compare.sentence(comparison, difference).replace(" pairs", " points")


def _sections(found: Found, store: Store) -> Iterator[Section]:
    figures, note = evidence.targets(found.worlds[0])
    yield worlds.section(found.worlds)
    yield Section("unknown", "What nobody can know", tuple(_unknown(found)))
    yield Section("outcomes", "What comes of it", tuple(_outcomes(found)))
    yield Section("uncertainty", "Uncertainty", tuple(_uncertainty(found)))
    yield evidence.section(found.worlds, figures, note, None, len(found.sweep.paths))
    yield worlds.parameters(found.worlds)
    yield reproduce.section(store)


def _unknown(found: Found) -> Iterator[Block]:
    if not found.sweep.paths:
        yield Text("The study varies no number: only the levers and luck differ.")
        return
    kinds = {each.path: each.distribution.model_dump() for each in found.sweep.uncertainties}
    rows = []
    for path in found.sweep.paths:
        values, row = found.sweep.settings[path].dropna(), PATHS.get(path)
        choices = found.sweep.choices(path)
        ends = (values.min(), values.max()) if not choices else ("", "")
        told = kinds.get(path, {"kind": "list"})
        rows.append(
            (path, row.meaning if row else "", row.unit if row else "", setting(row.default) if row else "",
             ", ".join(map(setting, choices)) or str(told["kind"]),
             *(Cell(setting(end), _number(end)) for end in ends),
             row.evidence if row else "", row.source if row else "")
        )  # fmt: skip
    heads = ("parameter", "meaning", "unit", "default", "values", "#from", "#to", "evidence", "source")
    yield table(f"Uncertain numbers, at {plural(found.sweep.points, 'point')}", heads, rows)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float | np.number) else None


def _outcomes(found: Found) -> Iterator[Block]:
    runs = found.sweep.outcomes.astype({"scenario": str})
    rows, whose = [], []
    for name in found.outcomes:
        made = described(runs[["scenario", name]].rename(columns={name: "value"}), ["scenario"])
        for row in made.to_dict("records"):
            about = MEASURES[name]
            ends = span(row["lower"], row["upper"])
            rows.append(
                (row["scenario"], style.said(name), float(row["mean"]), ends, about.unit, about.meaning)
            )
            whose.append(found.names.index(str(row["scenario"])) or None)
    heads = ("lever", "outcome", "#mean", "#middle 95% of runs", "unit", "meaning")
    yield table("Outcomes of each lever over all runs", heads, rows, whose if found.comparisons else ())
    if found.comparisons:
        yield _forest(found)
    for name in found.outcomes[:OUTCOMES]:
        yield from _scatter(found, name)


def _forest(found: Found) -> Figure:
    base = found.names[0]
    marks, rows, whose = [], [], []
    for comparison in found.comparisons:
        marks.append([_part(each) for each in comparison.differences])
        for each in comparison.differences:
            rows.append(
                (comparison.other, style.said(each.measure), each.base, each.other, each.difference,
                 span(each.low, each.high), "yes" if each.clear else "no",
                 100 * found.better(comparison, each.measure), MEASURES[each.measure].unit)
            )  # fmt: skip
            whose.append(found.names.index(comparison.other))
    panel = echarts.forest(
        "",
        f"difference in % of {base}",
        [style.said(name) for name in found.outcomes],
        found.names,
        marks,
        150.0,
    )
    heads = (
        "lever",
        "outcome",
        "#base",
        "#here",
        "#difference",
        "#95% interval",
        "clear",
        "#points with more (%)",
        "unit",
    )
    return Figure(
        "forest",
        f"Differences from {base} over the points",
        f"Marks: mean difference at {plural(found.sweep.points, 'point')}, each the mean of"
        f" {plural(found.sweep.replications, 'run')} at the same seeds; lines: 95% intervals over the"
        " points; hollow:"
        " zero is not excluded.",
        echarts.Chart((panel,), echarts.policy_keys(found.names, 1)),
        table("Differences from the first lever", heads, rows, whose),
    )


def _part(each: Difference) -> echarts.Row:
    scale = 100 / abs(each.base) if abs(each.base) > 0 else np.nan
    told = [echarts.figures(value) for value in (each.difference, each.low, each.high)]
    tip = (f"{style.said(each.measure)}: {told[0]} ({told[1]} to {told[2]}) {MEASURES[each.measure].unit}",)
    return echarts.Row(scale * each.difference, scale * each.low, scale * each.high, tip)


def _scatter(found: Found, outcome: str) -> Iterator[Block]:
    """An outcome at each point over each uncertain number."""
    settings = found.sweep.settings
    paths = [path for path in found.sweep.paths if not found.sweep.choices(path)][:PARAMETERS]
    if not paths:
        return
    panels = []
    for path in paths:
        clouds = [
            np.column_stack(
                [settings[path].reindex(mine.index).to_numpy(dtype=float), mine.to_numpy(dtype=float)]
            )
            for name in found.names
            for mine in [_at_points(found, name, outcome)]
        ]
        unit = PATHS[path].unit if path in PATHS else ""
        axes = (f"{path} ({unit})" if unit else path, f"{style.said(outcome)} ({MEASURES[outcome].unit})")
        panels.append(echarts.clouds(*axes, found.names, clouds, means=False, height=320))
    rows = [
        (name, int(str(point)), *(float(settings[path].get(point, np.nan)) for path in paths), float(value))
        for name in found.names
        for point, value in _at_points(found, name, outcome).items()
    ]
    whose = [found.names.index(row[0]) or None for row in rows] if found.comparisons else []
    heads = ("lever", "#point", *(f"#{path}" for path in paths), f"#{style.said(outcome)}")
    yield Figure(
        f"points-{outcome.replace('_', '-')}",
        f"{_upper(names.meaning(outcome))}, point by point",
        f"A mark is the mean of {plural(found.sweep.replications, 'run')} of a lever at a point, where all"
        " uncertain"
        " numbers differ at once.",
        echarts.Chart(tuple(panels), echarts.policy_keys(found.names)),
        table("Means at each point", heads, rows, whose),
    )


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _at_points(found: Found, lever: str, outcome: str) -> pd.Series[float]:
    """Means of an outcome of a lever, by point; empty where no run of it succeeded."""
    levels = found.points.index.get_level_values("scenario")
    return found.points.loc[levels == lever, outcome].droplevel("scenario")


def _uncertainty(found: Found) -> Iterator[Block]:
    yield Text(
        "Here the intervals are over the points of the design: they hold luck and what is unknown about the"
        " numbers"
        " that were varied, as far as the ranges of the study go. Numbers that were not varied stay at what"
        " the"
        " scenarios say."
    )
    notes = [
        Item(
            "A difference that is clear over the points may still turn round at some of them: see the share"
            " of points"
            " with more, and the charts point by point."
        )
    ]
    if found.sweep.failed:
        notes.append(Item(f"{plural(found.sweep.failed, 'run')} failed and are left out."))
    family_ = len(found.comparisons)
    if family_ > 1:
        notes.append(Item(f"Of each outcome, the {family_} intervals hold all at once with 95% confidence."))
    yield Bullets(tuple(notes))

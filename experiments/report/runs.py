"""The report of the runs of one scenario."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis import echarts, funnel, groups, statistics, style
from analysis.figures import fan, losses, money
from analysis.figures import funnel as marks
from analysis.measures import CITY_MONEY, MEASURES, REFUND
from analysis.series import band
from analysis.tables import Tables, is_
from analysis.targets import beside
from experiments.phrases import PURPOSES
from experiments.report import evidence, names, reproduce, worlds
from experiments.report.elements import (
    Block,
    Bullets,
    Cell,
    Figure,
    Item,
    Report,
    Section,
    Table,
    Text,
    span,
    table,
)
from experiments.store import Store, StoreError
from experiments.words import period, plural

if TYPE_CHECKING:
    import pandas as pd

#: departments that are drawn
MOST = 40


@dataclass(frozen=True)
class Found:
    """What is told of the runs."""

    store: Store
    world: worlds.World
    tables: Tables

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """One row a run: the measures."""
        return self.store.outcomes

    @cached_property
    def units(self) -> pd.Series[int] | None:
        """The draw of a posterior that each seed has, where there is one."""
        return worlds.units(self.store, self.tables.runs["seed"])

    @cached_property
    def funnel(self) -> pd.DataFrame:
        """As :func:`analysis.funnel.summary`."""
        return funnel.summary(funnel.counts(self.tables), units=self.units)

    @cached_property
    def groups(self) -> pd.DataFrame:
        """As :func:`analysis.groups.summary`."""
        return groups.summary(groups.groups(self.tables), units=self.units)

    @cached_property
    def targets(self) -> tuple[Sequence[Any], str]:
        """The observed figures, and a note where there are none."""
        return evidence.targets(self.world)

    @property
    def runs(self) -> int:
        """Their number."""
        return len(self.tables.runs)


def report(store: Store) -> Report:
    """The report of a store made by ``cityfunnel run``.

    Raises:
        StoreError: the store is damaged, or holds no run.
    """
    tables, known = store.tables, worlds.worlds(store, store.manifest.get("scenarios"))
    if not len(tables.runs):
        raise StoreError("holds no run that succeeded", file=str(store.path))
    found = Found(store, known[0], tables)
    seeds = np.sort(tables.runs["seed"].unique())
    about = (
        f"Scenario {found.world.name}, {found.world.start} to {found.world.end}",
        f"{plural(found.runs, 'run')} ({period(int(seeds[0]), int(seeds[-1] - seeds[0]) + 1)})",
    )
    return Report(found.world.question, about, tuple(_short(found)), (), tuple(_sections(found)))


def _sections(found: Found) -> Iterator[Section]:
    rows = beside(found.tables, evidence.seen(found.targets[0], found.world), units=found.units)
    yield worlds.section([found.world])
    yield Section("funnel", "The funnel", (_funnel(found), _losses(found)))
    yield Section("time", "Over time", (_over_time(found),))
    yield Section("winners", "Who wins and who loses", tuple(_winners(found)))
    yield Section("money", "Money", (_money(found), _payments(found)))
    yield Section("uncertainty", "Uncertainty", tuple(_uncertainty(found)))
    yield evidence.section([found.world], *found.targets, rows)
    yield worlds.parameters([found.world])
    yield reproduce.section(found.store)


# --- in short -----------------------------------------------------------------------------------


def _short(found: Found) -> Iterator[Item]:
    means = statistics.summary(found.outcomes, units=found.units).set_index("measure")

    def told(name: str) -> str:
        mean, low, high = (echarts.figures(float(means[part][name])) for part in ("mean", "low", "high"))
        return f"{mean} ({low} to {high})"

    yield Item(
        f"Of {told('proposals_received')} proposals {told('poc_started')} reach a POC; {told('projects')}"
        " projects go into service."
    )
    yield Item(
        f"The city spends NT$ {told('money_spent')} m, of which NT$ {told('money_wasted')} m solve nothing;"
        f" {told('needs_solved')} needs are solved, worth NT$ {told('value_delivered')} m until the end."
    )
    yield Item(
        "Means of a run; in brackets the 95% interval of the mean, which holds the luck of the runs alone."
    )


# --- the funnel ---------------------------------------------------------------------------------


def _funnel(found: Found) -> Figure:
    table_ = found.funnel
    known, rows = funnel.channels(found.tables), funnel.steps(table_)
    shown = [*known, funnel.ALL] if len(known) > 1 else known or [funnel.ALL]
    seen = evidence.seen(found.targets[0], found.world)
    there = {name: list(marks.observed_marks(found.tables, seen, name, len(shown) == 1)) for name in shown}
    every = [mark for some in there.values() for mark in some]
    steps = {step: marks.NAMES[step] for step in rows}
    panels = tuple(
        echarts.funnel(
            table_[(table_["channel"] == name).to_numpy()], steps,
            style.CHANNEL_COLOURS.get(name, style.PURPLE),
            there[name], _most(table_, name, there[name]), tall=bool(every),
        )
        for name in shown
    )  # fmt: skip
    titled = tuple(
        echarts.Panel(style.CHANNEL_NAMES.get(name, name), panel.option, panel.height)
        for name, panel in zip(shown, panels, strict=True)
    )
    return Figure(
        "funnel-by-channel",
        "How many cases ever reach each step, by channel",
        f"Mean of {plural(found.runs, 'run')}. From the contract on the full part of a bar is what the"
        " proposing"
        " vendors won themselves; the hollow part is what rivals won in the tender that followed. Each"
        " channel has"
        " its own scale.",
        echarts.Chart(titled, echarts.funnel_keys(every)),
        _funnel_table(table_, shown, rows),
    )


def _most(table_: pd.DataFrame, channel: str, there: Sequence[marks.Mark]) -> float:
    """What the axis must reach, with room for what is written at marks."""
    mine = table_[(table_["channel"] == channel).to_numpy()]
    bars = float(np.nanmax([*mine["mean"], *mine["upper"], 1.0]))
    written = [max(mark.value, mark.model) * 1.75 for mark in there]
    return max(1.05 * bars, *written) if written else 1.05 * bars


def _funnel_table(table_: pd.DataFrame, shown: Sequence[str], rows: Sequence[str]) -> Table:
    chosen = table_[(table_["channel"].isin(shown) & table_["step"].isin(rows)).to_numpy()]
    views = {"own": "the vendor's own", "need": "with rivals"}
    made = [
        (
            style.CHANNEL_NAMES.get(row["channel"], row["channel"]),
            Cell(marks.NAMES[row["step"]], float(rows.index(row["step"]))),
            views[row["view"]],
            float(row["mean"]),
            span(row["low"], row["high"]),
            span(row["lower"], row["upper"]),
        )
        for row in chosen.to_dict("records")
    ]
    heads = ("channel", "step", "whose", "#mean", "#95% interval", "#middle 95% of runs")
    return table("The funnel in numbers", heads, made)


def _losses(found: Found) -> Figure:
    known = funnel.channels(found.tables) or ["bottom_up"]
    counted = {name: losses.counted(found.tables, name) for name in known}
    keys = [echarts.Key(reason.value, colour) for reason, (colour, _) in losses.LOOKS.items()]
    panels, rows = [], []
    for name, numbers in counted.items():
        parts = [place for place, whole in enumerate(numbers.sum(axis=1)) if whole]
        said, wholes = [list(losses.PARTS)[part] for part in parts], numbers.sum(axis=1)[parts]
        shares = (numbers[parts] / wholes[:, None]).T
        bars = [
            echarts.Part(key, [float(share) for share in mine])
            for key, mine in zip(keys, shares, strict=True)
        ]
        told = [f"{echarts.figures(whole / found.runs)} losses a run" for whole in wholes]
        title = style.CHANNEL_NAMES.get(name, name)
        panels += [echarts.shares(title, said, bars, told)] if parts else []
        rows += [
            (title, part, *(float(cell) for cell in numbers[place] / found.runs))
            for part, place in zip(said, parts, strict=True)
        ]
    return Figure(
        "losses-by-channel",
        "Why cases are lost, by the part of the funnel in which it happens",
        f"Shares over {plural(found.runs, 'run')} together. After the award: closed before service, or given"
        " up in"
        " service. Who followed a POC counts in the channel of that POC.",
        echarts.Chart(tuple(panels), tuple(keys)),
        table("Losses in a run, mean", ("channel", "part", *(f"#{key.name}" for key in keys)), rows),
    )


# --- over time ----------------------------------------------------------------------------------


def _over_time(found: Found) -> Figure:
    series = fan.series(found.tables)
    days = np.unique(series["day"])
    key = echarts.Key(found.world.name, style.BLUE, "line")
    bands = {name: band(series[name].to_numpy(dtype=float).reshape(-1, len(days))) for name in fan.PANELS}
    dates = echarts.dates(series["start"].min().to_datetime64(), days)
    panels = tuple(
        echarts.over_time(fan.PANELS[name], "", [echarts.Line(key, "solid", dates, bands[name])])
        for name in ("poc_started", "projects", "value_delivered")
    )
    rows = [
        (title, *(float(getattr(bands[name], part)[-1]) for part in ("mean", "low95", "high95")))
        for name, title in fan.PANELS.items()
    ]
    return Figure(
        "over-time",
        "What adds up over time",
        f"Lines: mean of {plural(found.runs, 'run')}; shade: middle 95% of the runs. Sums since the"
        " beginning.",
        echarts.Chart(panels, (key,)),
        table("Sums at the end", ("what", "#mean", "#2.5th percentile", "#97.5th percentile"), rows),
    )


# --- winners and losers -------------------------------------------------------------------------


def _winners(found: Found) -> Iterator[Block]:
    yield _kinds(found)
    yield _group_table(found, "vendor_kind", "What each kind of vendor gets in a run")
    yield _group_table(found, "channel", "What each channel brings in a run")
    yield from _departments(found)


def _kinds(found: Found) -> Figure:
    mine = found.groups[(found.groups["by"] == "vendor_kind").to_numpy()]
    means = (
        mine.pivot(index="gain", columns="group", values="mean")
        .reindex(columns=list(names.KINDS))
        .fillna(0.0)
    )
    gains = [name for name in ("proposals", "pocs", "contracts", "services", "paid") if name in means.index]
    wholes = means.loc[gains].sum(axis=1)
    gains = [name for name in gains if wholes[name] > 0]
    parts = [
        echarts.Part(
            echarts.Key(said, names.KIND_COLOURS[kind]),
            [float(means.loc[name, kind] / wholes[name]) for name in gains],
        )
        for kind, said in names.KINDS.items()
    ]
    rows = [groups.GAINS[name].meaning for name in gains]
    told = [f"{echarts.figures(wholes[name])} {groups.GAINS[name].unit} a run" for name in gains]
    numbers = [(row, *(part.shares[place] * 100 for part in parts)) for place, row in enumerate(rows)]
    heads = ("what", *(f"#{part.key.name} (%)" for part in parts))
    return Figure(
        "kinds-of-vendors",
        "Who gets how much of it: kinds of vendors",
        f"Shares of the means of {plural(found.runs, 'run')}. A rival that wins a tender counts as a vendor"
        " of its own kind.",
        echarts.Chart((echarts.shares("", rows, parts, told),), tuple(part.key for part in parts)),
        table("Shares of each kind of vendor", heads, numbers),
    )


def _group_table(found: Found, by: str, caption: str) -> Table:
    mine = found.groups[(found.groups["by"] == by).to_numpy()]
    rows = [
        (
            names.group(by, str(row["group"])),
            groups.GAINS[str(row["gain"])].meaning,
            float(row["mean"]),
            span(row["low"], row["high"]),
            span(row["lower"], row["upper"]),
            groups.GAINS[str(row["gain"])].unit,
        )
        for row in mine.to_dict("records")
        if row["mean"] or row["upper"]
    ]
    heads = (groups.BY[by], "what", "#mean", "#95% interval", "#middle 95% of runs", "unit")
    return table(caption, heads, rows, folded=by == "department")


def _departments(found: Found) -> Iterator[Block]:
    mine = found.groups[
        ((found.groups["by"] == "department") & (found.groups["gain"] == "solved")).to_numpy()
    ]
    if not len(mine):
        return
    mine = mine.sort_values(["mean", "group"], ascending=[False, True]).head(MOST)
    rows = [str(name) for name in mine["group"]]
    title = groups.GAINS["solved"].meaning
    panel = echarts.bars("", f"{title}, a run", rows, mine, style.GREEN, title)
    keys = (echarts.Key(title, style.GREEN), echarts.Key(echarts.RANGE, style.BLACK, "line"))
    caption = (
        f"Mean of {plural(found.runs, 'run')}. Departments differ by the needs, the budget and the culture"
        " that luck gave them."
    )
    every = _group_table(found, "department", "What each department gets in a run")
    yield Figure("departments", "Which departments gain", caption, echarts.Chart((panel,), keys), every)


# --- money --------------------------------------------------------------------------------------


def _money(found: Found) -> Figure:
    grid, _ = style.months(found.tables)
    looks = {
        "spent by the city": (style.BLUE, "solid", money.spending),
        "wasted by the city": (style.VERMILION, [8, 4, 2, 4], money.wasting),
        "spent on POCs by vendors": (style.ORANGE, "dashed", money.poc_costs),
        "value of solved needs": (style.GREEN, "dotted", money.worth),
    }
    dates = echarts.dates(found.tables.runs["start"].min().to_datetime64(), grid)
    lines = [
        echarts.Line(echarts.Key(name, colour, "line"), dash, dates, band(function(found.tables, grid)))
        for name, (colour, dash, function) in looks.items()
    ]
    panel = echarts.over_time("", "NT$ m", lines)
    rows = [
        (each.key.name, float(each.band.mean[-1]), span(each.band.low95[-1], each.band.high95[-1]))
        for each in lines
    ]
    return Figure(
        "money-over-time",
        "Money paid, and the value of what it solved",
        "Lines: mean of the runs; shades: middle 95%; sums since the beginning. Waste is dated when it"
        " shows: in"
        " service without solving the need, or closed before service. Vendors' spending on POCs is net of"
        " grants.",
        echarts.Chart((panel,), tuple(line.key for line in lines)),
        table("At the end, NT$ m", ("what", "#mean", "#middle 95% of runs"), rows),
    )


def _payments(found: Found) -> Table:
    """Payments of a run by purpose, and who pays."""
    events = found.tables.events
    told = events[is_(events["kind"], "payment")]
    sums = told.groupby(told["reason"].astype(str))["amount"].agg(["sum", "size"]) / found.runs
    who = {**dict.fromkeys(CITY_MONEY, "the city"), REFUND: "vendors", "market income": "citizens"}
    rows = [
        (PURPOSES[name], who.get(name, "vendors"), float(row["sum"]), float(row["size"]))
        for name, row in sums.sort_values("sum", ascending=False).iterrows()
        if name in PURPOSES
    ]
    return table("Payments in a run, mean", ("for", "paid by", "#NT$ m", "#payments"), rows)


# --- uncertainty --------------------------------------------------------------------------------


def _uncertainty(found: Found) -> Iterator[Block]:
    yield Text(
        "Three things are unknown: luck, the numbers of the model, and the model itself. The 95% interval"
        " of a mean"
        " tells how well the mean over all possible runs is known; the middle 95% of the runs how far a"
        " single"
        " history may lie from it. "
        + (
            "Both hold the luck of the runs alone."
            if found.units is None
            else "Both hold luck and what the posterior leaves open of the numbers."
        )
    )
    failed = len(found.store.manifest.get("failures", ()))
    if failed:
        yield Bullets((Item(f"{plural(failed, 'run')} failed and are left out."),))
    label = evidence.labels(found.targets[0])
    rows = [
        (
            style.said(str(row["measure"])),
            float(row["mean"]),
            span(row["low"], row["high"]),
            span(row["lower"], row["upper"]),
            MEASURES[str(row["measure"])].unit,
            label[str(row["measure"])],
            MEASURES[str(row["measure"])].meaning,
        )
        for row in statistics.summary(found.outcomes, units=found.units).to_dict("records")
        if row["measure"] in MEASURES
    ]
    heads = ("measure", "#mean", "#95% interval", "#middle 95% of runs", "unit", "evidence", "meaning")
    yield table("All measures", heads, rows)

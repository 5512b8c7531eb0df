"""The report of a comparison of scenarios at the same seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from analysis import echarts, groups, style
from analysis.effects import Effect
from analysis.figures import fan
from analysis.figures.forest import EDGE
from analysis.measures import DURATIONS, MEASURES, unit
from analysis.pairs import Contrast, Difference
from analysis.series import band
from experiments import compare
from experiments.compare import HEADLINES
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
from experiments.words import plural

if TYPE_CHECKING:
    import pandas as pd

#: measures in the forest, and groups that a sentence names
DRAWN, NAMED = 22, 3

#: the gains that a chart of groups shows, by kind of group
PANELS = {"vendor_kind": ("pocs", "contracts", "earned"), "channel": ("pocs", "services", "paid")}

#: the measures of money
MONEY = (
    "money_spent", "money_wasted", "waste_share", "value_delivered", "price_paid", "market_value",
    "market_income",
)  # fmt: skip


@dataclass(frozen=True)
class Found:
    """What is told of a comparison."""

    store: Store
    worlds: Sequence[worlds.World]
    comparisons: Sequence[compare.Comparison]
    contrast: Contrast

    @property
    def names(self) -> tuple[str, ...]:
        """The scenarios, the base first."""
        return self.contrast.names

    @property
    def over_posterior(self) -> bool:
        """Whether the runs were made at draws of a posterior."""
        return any(each.effects for each in self.comparisons)

    @cached_property
    def units(self) -> pd.Series[int] | None:
        """The draw of a posterior that each seed has, where there is one."""
        return worlds.units(self.store, self.contrast.outcomes["seed"])

    @cached_property
    def shares(self) -> list[groups.Share]:
        """What groups get more or less of; none where the store does not tell."""
        if "groups" not in self.store.manifest["tables"]:
            return []
        return groups.differences(self.store.table("groups"), self.names, units=self.units)

    def place(self, name: str) -> int:
        """The place of a scenario."""
        return self.names.index(name)


def report(store: Store) -> Report:
    """The report of a store made by ``cityfunnel compare --out``.

    Raises:
        StoreError: the store is damaged, or holds no pair.
    """
    known = worlds.worlds(store, store.manifest.get("scenarios"))
    names_ = tuple(world.name for world in known)
    differences = _differences(store, names_)
    contrast = Contrast(names_, differences, store.outcomes, store.table("series"))
    if not contrast.pairs:
        raise StoreError("holds no pair of runs that succeeded in all scenarios", file=str(store.path))
    found = Found(store, known, _comparisons(differences, _effects(store), names_), contrast)
    about = (
        f"{', '.join(names_[1:])} against {names_[0]}",
        f"{plural(contrast.pairs, 'pair')} of runs at the same seeds, {len(contrast.outcomes)} runs in all",
    )
    return Report(_title(known), about, tuple(_short(found)), names_, tuple(_sections(found)))


def _title(known: Sequence[worlds.World]) -> str:
    """The question of the other scenario where there is one, else that of the whole."""
    if len(known) == 2:
        return known[1].question
    return f"How do {', '.join(world.name for world in known[1:])} differ from {known[0].name}?"


def _differences(store: Store, known: Sequence[str]) -> pd.DataFrame:
    """The table of differences as the comparison told them, of measures that this version knows."""
    import pandas as pd

    file = store.path / "differences.csv"
    try:
        found = pd.read_csv(file, converters=dict.fromkeys(("base", "other", "measure"), str))
    except (OSError, ValueError) as error:
        raise StoreError(f"cannot be read: {str(error).splitlines()[0]}", file=str(file)) from None
    wanted = {"base", "other", "value_base", "value_other", *Difference._fields} - {"base", "other"}
    if not wanted <= set(found.columns):
        raise StoreError("is no table of differences of a comparison", file=str(file))
    there = found["measure"].isin([*MEASURES, *DURATIONS]) & found["other"].isin(known)
    return found[there.to_numpy()].reset_index(drop=True)


def _effects(store: Store) -> pd.DataFrame | None:
    """The table of effects over a posterior, where there was one."""
    import pandas as pd

    file = store.path / "posterior.csv"
    if not file.exists():
        return None
    try:
        found = pd.read_csv(file, converters=dict.fromkeys(("base", "other", "measure"), str))
    except (OSError, ValueError) as error:
        raise StoreError(f"cannot be read: {str(error).splitlines()[0]}", file=str(file)) from None
    if not {"base", "other", *Effect._fields} <= set(found.columns):
        raise StoreError("is no table of effects over a posterior", file=str(file))
    return found[found["measure"].isin(list(MEASURES)).to_numpy()]


def _comparisons(
    table_: pd.DataFrame, effects: pd.DataFrame | None, known: Sequence[str]
) -> list[compare.Comparison]:
    columns = {"base": "value_base", "other": "value_other"}
    fields = [columns.get(name, name) for name in Difference._fields]
    return [
        compare.Comparison(
            known[0],
            other,
            tuple(Difference(*row) for row in mine[fields].itertuples(index=False, name=None)),
            len(known) - 1,
            compare.PAIR if effects is None else compare.DRAW,
            () if effects is None else _effects_of(effects, other),
        )
        for other in known[1:]
        for mine in [table_[(table_["other"] == other).to_numpy()]]
    ]


def _effects_of(table_: pd.DataFrame, other: str) -> tuple[Effect, ...]:
    mine = table_.loc[(table_["other"] == other).to_numpy(), list(Effect._fields)]
    return tuple(Effect(*row) for row in mine.itertuples(index=False, name=None))


def _sections(found: Found) -> Iterator[Section]:
    figures, note = evidence.targets(found.worlds[0])
    yield worlds.section(found.worlds)
    yield Section("differences", "What differs", tuple(_differing(found)))
    yield Section("funnel", "The funnel", tuple(_funnel(found)))
    yield Section("winners", "Who wins and who loses", tuple(_winners(found)))
    yield Section("money", "Money", tuple(_money(found)))
    yield Section("uncertainty", "Uncertainty", tuple(_uncertainty(found)))
    yield evidence.section(found.worlds, figures, note, None)
    yield worlds.parameters(found.worlds)
    yield reproduce.section(found.store)


# --- sentences ----------------------------------------------------------------------------------


def _short(found: Found) -> Iterator[Item]:
    for comparison in found.comparisons:
        place = found.place(comparison.other)
        known = [each for name in HEADLINES for each in comparison.differences if each.measure == name]
        for each in known:
            if each.clear:
                yield Item(compare.sentence(comparison, each), place)
        rest = ", ".join(style.said(each.measure) for each in known if not each.clear and each.pairs)
        if rest:
            yield Item(
                f"No clear difference between {comparison.other} and {comparison.base}: {rest}.", place
            )


def _differing(found: Found) -> Iterator[Block]:
    if found.contrast.largest(1):
        yield _forest(found)
    else:
        yield Text("No measure differs in any pair of runs.")
    for comparison in found.comparisons:
        place = found.place(comparison.other)
        clear = [compare.sentence(comparison, each) for each in comparison.differences if each.clear]
        items = tuple(Item(each, place) for each in (*clear, *compare.unclear(comparison)))
        yield Bullets(items, f"{comparison.other} against {comparison.base}, in sentences", place)
    if found.over_posterior:
        yield from _over_posterior(found)


def _over_posterior(found: Found) -> Iterator[Block]:
    """Effects in the cities that a posterior describes, and what part of them is chance."""
    rows, whose = [], []
    for comparison in found.comparisons:
        place = found.place(comparison.other)
        items = tuple(Item(each, place) for each in compare.over(comparison))
        yield Bullets(items, f"{comparison.other} against {comparison.base}, over the posterior", place)
        for each in comparison.effects:
            if each.parameters + each.luck > 0:
                ends = (span(each.low, each.high), span(each.chance_low, each.chance_high))
                shares = (each.positive, each.share, span(each.share_low, each.share_high))
                named = (comparison.other, style.said(each.measure))
                rows.append((*named, each.effect, *ends, *shares, each.points, unit(each.measure)))
                whose.append(place)
    heads = (
        "scenario",
        "measure",
        "#effect",
        "#95% over the posterior",
        "#95% of the mean by chance",
        "#above 0",
        "#parameters' part",
        "#95% interval",
        "#draws",
        "unit",
    )
    yield table("Effects over the posterior", heads, rows, whose)


def _forest(found: Found) -> Figure:
    chosen = found.contrast.largest(DRAWN)
    base = found.names[0]
    rows = [[_part(each.of(name), each.unit) for name in chosen] for each in found.comparisons]
    panel = echarts.forest(
        "", f"difference in % of {base}", [style.said(name) for name in chosen], found.names, rows, EDGE
    )
    together = f" Of each measure the {len(rows)} intervals hold all at once." if len(rows) > 1 else ""
    known = int(found.contrast.standardised().abs().max(axis=1).notna().sum())
    part = f" Of {known} measures, the {DRAWN} that differ most beside their spread." if known > DRAWN else ""
    return Figure(
        "forest",
        f"Paired differences from {base}",
        f"Marks: difference from {base} in {plural(found.contrast.pairs, 'pair')} of runs at the same seeds;"
        " lines:"
        f" 95% intervals; hollow: zero is not excluded.{together}{part}",
        echarts.Chart((panel,), echarts.policy_keys(found.names, 1)),
        _table(found, "All differences", [*MEASURES, *DURATIONS]),
    )


def _part(difference: Difference, what: str) -> echarts.Row:
    """A difference in % of the base."""
    size = abs(difference.base)
    scale = 100 / size if size > 0 else np.nan
    kind, points = unit(difference.measure), 100 if unit(difference.measure) == "share" else 1
    told = [
        echarts.figures(points * value) for value in (difference.difference, difference.low, difference.high)
    ]
    tip = (
        f"{style.said(difference.measure)}: {told[0]} ({told[1]} to {told[2]})"
        f" {'points' if points == 100 else kind}",
        f"{echarts.figures(scale * difference.difference)}% of the base; {plural(difference.pairs, what)}",
    )
    return echarts.Row(scale * difference.difference, scale * difference.low, scale * difference.high, tip)


def _table(found: Found, caption: str, measures: Sequence[str]) -> Table:
    rows, whose = [], []
    for comparison in found.comparisons:
        for each in comparison.differences:
            if each.measure in measures and compare.shown(each):
                rows.append(_cells(comparison.other, each))
                whose.append(found.place(comparison.other))
    heads = (
        "scenario",
        "measure",
        "#base",
        "#here",
        "#difference",
        "#95% interval",
        "clear",
        f"#{found.comparisons[0].unit}s",
        "#gain",
        "#enough",
    )
    return table(caption, (*heads, "unit", "meaning"), rows, whose)


def _cells(other: str, each: Difference) -> tuple[object, ...]:
    return (
        other, style.said(each.measure), each.base, each.other, each.difference, span(each.low, each.high),
        "yes" if each.clear else "no", each.pairs, each.gain, _enough(each.enough), unit(each.measure),
        names.meaning(each.measure),
    )  # fmt: skip


def _enough(pairs: float) -> Cell:
    if not np.isfinite(pairs):
        return Cell("–")
    return Cell(f"< {compare.FEW}" if pairs < compare.FEW else f"{pairs:,.0f}", pairs)


# --- funnel and time ----------------------------------------------------------------------------


def _funnel(found: Found) -> Iterator[Block]:
    if "groups" in found.store.manifest["tables"]:
        yield _by_channel(found)
    yield _over_time(found, ("poc_started", "projects"), "over-time", "POCs and projects over time")
    yield Text(
        "Observed figures stand beside the runs of a single scenario: cityfunnel run SCENARIO, then"
        " cityfunnel"
        " report on its folder."
    )


def _by_channel(found: Found) -> Figure:
    """Steps of each channel under each scenario, with intervals of the means."""
    steps = {
        "proposals": "proposals",
        "pocs": "POC started",
        "contracts": "contract",
        "services": "in service",
    }
    every = groups.summary(found.store.table("groups"), units=found.units)
    mine = every[((every["by"] == "channel") & every["gain"].isin(list(steps))).to_numpy()]
    channels = [name for name in style.CHANNEL_NAMES if name in set(mine["group"])]
    channels += sorted(set(mine["group"]) - set(channels))
    records = mine.to_dict("records")
    cells = {(str(row["scenario"]), str(row["group"]), str(row["gain"])): row for row in records}
    panels = tuple(
        echarts.dots(
            names.group("channel", channel), "cases in a run", list(steps.values()), found.names,
            [[cells.get((name, channel, step)) for step in steps] for name in found.names],
        )
        for channel in channels
    )  # fmt: skip
    rows, whose = [], []
    for row in records:
        rows.append(
            (row["scenario"], names.group("channel", str(row["group"])), steps[str(row["gain"])],
             float(row["mean"]),
             span(row["low"], row["high"]), span(row["lower"], row["upper"]))
        )  # fmt: skip
        whose.append(found.place(str(row["scenario"])) or None)
    heads = ("scenario", "channel", "step", "#mean", "#95% interval", "#middle 95% of runs")
    return Figure(
        "funnel-by-channel",
        "How many cases ever reach each step, by channel",
        f"Marks: mean of {plural(found.contrast.pairs, 'run')} of each scenario; thick lines: 95% interval"
        " of the mean;"
        " thin: middle 95% of runs. From the contract on, what rivals won counts in the channel of the POC"
        " that they"
        " followed.",
        echarts.Chart(panels, echarts.policy_keys(found.names)),
        table("The funnel in numbers", heads, rows, whose),
    )


def _over_time(found: Found, chosen: Sequence[str], id_: str, title: str) -> Figure:
    series = found.contrast.series
    looks, keys = echarts.looks(found.names), echarts.policy_keys(found.names)
    panels, rows, whose = [], [], []
    for name in chosen:
        lines = []
        for place, look in enumerate(looks):
            mine = series[(series["scenario"].astype(str) == look.name).to_numpy()]
            days = np.unique(mine["day"])
            made = band(mine[name].to_numpy(dtype=float).reshape(-1, len(days)))
            dates = echarts.dates(mine["start"].min().to_datetime64(), days)
            lines.append(echarts.Line(keys[place], look.dash, dates, made, shaded=len(looks) <= fan.CROWD))
            rows.append(
                (look.name, fan.PANELS[name], float(made.mean[-1]), span(made.low95[-1], made.high95[-1]))
            )
            whose.append(place or None)
        panels.append(echarts.over_time(fan.PANELS[name], "", lines))
    shade = "; shade: middle 95% of the runs" if len(looks) <= fan.CROWD else ""
    return Figure(
        id_, title, f"Lines: mean of the runs{shade}. Sums since the beginning.",
        echarts.Chart(tuple(panels), keys),
        table("Sums at the end", ("scenario", "what", "#mean", "#middle 95% of runs"), rows, whose),
    )  # fmt: skip


# --- winners and losers -------------------------------------------------------------------------


def _winners(found: Found) -> Iterator[Block]:
    if not found.shares:
        yield Text("This store does not tell who gets what; make the comparison again to see it.")
        return
    for by in ("vendor_kind", "channel"):
        yield Bullets(tuple(_gainers(found, by)), f"By {groups.BY[by]}")
        yield _gain_chart(found, by)
    yield Bullets(tuple(_departments(found)), "By departments")
    yield _department_chart(found)


def _gainers(found: Found, by: str) -> Iterator[Item]:
    for other in found.names[1:]:
        clear = [
            each for each in found.shares if each.by == by and each.other == other and each.difference.clear
        ]
        chosen = [each for each in clear if each.difference.measure in PANELS[by]]
        for each in chosen:
            yield Item(_sentence(each, found.names[0]), found.place(other))
        if not chosen:
            yield Item(f"{other}: no clear difference for any of the {groups.BY[by]}.", found.place(other))


#: gain -> what a group gets, with the size, and the word for more or less
_SAID = {
    "pocs": "{} {} POCs started",
    "contracts": "{} {} contracts won",
    "services": "{} {} services put into use",
    "paid": "NT$ {} m {} from the city",
    "earned": "NT$ {} m {} (received less paid)",
}


def _sentence(share: groups.Share, base: str) -> str:
    each, name = share.difference, names.group(share.by, share.group)
    words = ("more", "less") if each.measure in ("paid", "earned") else ("more", "fewer")
    size = echarts.figures(abs(each.difference))
    told = _SAID[each.measure].format(size, words[0] if each.difference > 0 else words[1])
    ends = " to ".join(echarts.figures(end) for end in sorted((abs(each.low), abs(each.high))))
    return f"{share.other}, {name}: {told} than under {base} (95% CI {ends})."


def _gain_chart(found: Found, by: str) -> Figure:
    mine = [each for each in found.shares if each.by == by]
    order = list(names.KINDS) if by == "vendor_kind" else list(style.CHANNEL_NAMES)
    known = {each.group for each in mine}
    rows = [name for name in order if name in known] + sorted(known.difference(order))
    panels = tuple(_gain_panel(found, mine, by, rows, gain) for gain in PANELS[by])
    return Figure(
        f"gains-by-{by.replace('_', '-')}",
        f"What {groups.BY[by]} gain and lose against {found.names[0]}",
        _pairs(found),
        echarts.Chart(panels, echarts.policy_keys(found.names, 1)),
        _share_table(found, by, f"What {groups.BY[by]} gain and lose in a run"),
    )


def _pairs(found: Found) -> str:
    return (
        f"Marks: mean difference in {plural(found.contrast.pairs, 'pair')} of runs at the same seeds; lines:"
        " 95%"
        " intervals; hollow: zero is not excluded."
    )


def _gain_panel(
    found: Found, mine: Sequence[groups.Share], by: str, rows: Sequence[str], gain: str
) -> echarts.Panel:
    cells = {(each.other, each.group): each.difference for each in mine if each.difference.measure == gain}
    marks = [
        [_row(names.group(by, row), cells.get((other, row)), gain) for row in rows]
        for other in found.names[1:]
    ]
    said = groups.GAINS[gain]
    return echarts.forest(
        said.meaning,
        f"difference ({said.unit} a run)",
        [names.group(by, row) for row in rows],
        found.names,
        marks,
    )


def _row(name: str, difference: Difference | None, gain: str) -> echarts.Row:
    if difference is None:
        return echarts.Row(np.nan, np.nan, np.nan, (name, "not known"))
    told = [echarts.figures(value) for value in (difference.difference, difference.low, difference.high)]
    tip = (f"{name}: {told[0]} ({told[1]} to {told[2]}) {groups.GAINS[gain].unit}",)
    return echarts.Row(difference.difference, difference.low, difference.high, tip)


def _share_table(found: Found, by: str, caption: str) -> Table:
    rows, whose = [], []
    for share in found.shares:
        each = share.difference
        if share.by == by and compare.shown(each):
            told = groups.GAINS[each.measure]
            rows.append(
                (share.other, names.group(by, share.group), told.meaning, each.base, each.other,
                 each.difference,
                 span(each.low, each.high), "yes" if each.clear else "no", told.unit)
            )  # fmt: skip
            whose.append(found.place(share.other))
    heads = (
        "scenario",
        groups.BY[by],
        "what",
        "#base",
        "#here",
        "#difference",
        "#95% interval",
        "clear",
        "unit",
    )
    return table(caption, heads, rows, whose)


def _solved(found: Found, other: str) -> list[groups.Share]:
    return [
        each
        for each in found.shares
        if each.by == "department" and each.other == other and each.difference.measure == "solved"
    ]


def _departments(found: Found) -> Iterator[Item]:
    for other in found.names[1:]:
        mine = sorted(_solved(found, other), key=lambda each: each.difference.difference)
        up = [each for each in reversed(mine) if each.difference.low > 0]
        down = [each for each in mine if each.difference.high < 0]
        yield Item(
            f"{other}: of {len(mine)} departments {len(up)} get clearly more services that solve a need"
            f"{_named(up)}, {len(down)} clearly fewer{_named(down)}; about one in twenty looks clear by"
            " chance.",
            found.place(other),
        )


def _named(shares: Sequence[groups.Share]) -> str:
    told = ", ".join(f"{each.group} {each.difference.difference:+.2f}" for each in shares[:NAMED])
    return f" ({'most: ' if len(shares) > NAMED else ''}{told})" if told else ""


def _department_chart(found: Found) -> Figure:
    mine = [each for other in found.names[1:] for each in _solved(found, other)]
    first = [each for each in mine if each.other == found.names[1]]
    order = sorted(first, key=lambda each: (-each.difference.difference, each.group))
    panel = _gain_panel(found, mine, "department", [each.group for each in order], "solved")
    return Figure(
        "gains-by-department",
        f"What departments gain and lose against {found.names[0]}",
        _pairs(found),
        echarts.Chart((panel,), echarts.policy_keys(found.names, 1)),
        _share_table(found, "department", "What departments gain and lose in a run"),
    )


# --- money, uncertainty -------------------------------------------------------------------------


def _money(found: Found) -> Iterator[Block]:
    yield _over_time(
        found, ("money_spent", "value_delivered"), "money-over-time", "Money and value over time"
    )
    yield _clouds(found)
    yield _table(found, "Money: differences", MONEY)


def _clouds(found: Found) -> Figure:
    pair = ["money_spent", "value_delivered"]
    runs = [found.contrast.of(name)[pair].dropna().to_numpy(dtype=float) for name in found.names]
    panel = echarts.clouds("city money spent (NT$ m)", "value of solved needs (NT$ m)", found.names, runs)
    rows = [
        (
            name,
            *(float(value) for value in points.mean(axis=0)),
            *(float(value) for value in points.std(axis=0)),
        )
        for name, points in zip(found.names, runs, strict=True)
        if len(points)
    ]
    heads = ("scenario", "#money spent, mean", "#value, mean", "#money spent, deviation", "#value, deviation")
    whose = [found.place(str(row[0])) or None for row in rows]
    return Figure(
        "money-and-value", "Money spent and value delivered, run by run",
        "Small marks: runs; large marks: their means.",
        echarts.Chart((panel,), echarts.policy_keys(found.names)),
        table("Money and value of the runs, NT$ m", heads, rows, whose),
    )  # fmt: skip


def _uncertainty(found: Found) -> Iterator[Block]:
    yield Text(
        "Both scenarios run at the same seeds, so that the same vendors, needs and luck meet both policies,"
        " and"
        " differences are taken in pairs of runs. "
        + (
            "Their intervals hold the luck of the runs and what the posterior leaves open of the numbers of"
            " the model, but not whether the model is right."
            if found.over_posterior
            else "Their intervals hold the luck of the runs alone: not what is unknown about the numbers of"
            " the model, nor whether the model is right."
        )
    )
    items = [Item(note) for note in compare.notes(found.comparisons)]
    for comparison in found.comparisons:
        items += [
            Item(f"{comparison.other}: {each}", found.place(comparison.other))
            for each in compare.gain(comparison)
        ]
    failed = len(found.store.manifest.get("failures", ()))
    items += (
        [Item(f"{plural(failed, 'run')} failed; seeds that failed in any scenario are left out.")]
        if failed
        else []
    )
    items += [Item(f"Note: {each}.") for each in _warnings(found.worlds)]
    yield Bullets(tuple(items))
    yield Text(
        "In the tables, gain is the variance that a difference would have with seeds of its own for each"
        " scenario by"
        f" the variance it has in pairs; enough is the number of {found.comparisons[0].unit}s that would have"
        " shown it."
    )


def _warnings(known: Sequence[worlds.World]) -> Iterator[str]:
    base = known[0]
    for other in known[1:]:
        if (other.start, other.end) != (base.start, base.end):
            yield (
                f"{other.name} runs from {other.start} to {other.end}, {base.name} from {base.start} to"
                f" {base.end}:"
                " counts and sums are not of the same length of time"
            )

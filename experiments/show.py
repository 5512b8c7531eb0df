"""What the command line prints, as rich tables that also read well in a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, zip_longest
from math import isfinite
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from experiments.words import amount, duration, interval, number, plural, setting
from sim.parameters import PATHS, Row, Value

if TYPE_CHECKING:
    import pandas as pd

    from experiments.compare import Comparison
    from experiments.counterfactual import Fates, Pair, Parting, Shared
    from experiments.runner import Job
    from experiments.story import Line, Sketch, Story
    from experiments.study import Study
    from experiments.sweep import Estimate
    from experiments.systems import Row as Judged
    from sim.scenario import Change, Scenario

#: columns of a page where the output is no terminal
WIDTH = 100

CHANNELS = {
    "bottom_up": "Bottom-up",
    "top_down": "Top-down",
    "problem_led": "Problem-led calls",
    "challenge": "Challenge programmes",
    "pitch": "Pitches",
    "exchange": "From other cities",
    "tender": "Rivals alone",
    "market": "Imitators",
    "all": "All channels",
}

STEPS = {
    "poc": "POC started",
    "poc_completed": "POC judged feasible",
    "deployed": "in service",
    "launched": "on the market",
}

RELATIONS = {"more_than": "> ", "less_than": "< ", "about": "about ", "share": ""}


def console(*, stderr: bool = False) -> Console:
    """A console that writes plain text, and no wider than a page, where nobody sees colours."""
    found = Console(stderr=stderr, highlight=False, emoji=False)
    if not found.is_terminal:
        found = Console(stderr=stderr, highlight=False, emoji=False, color_system=None, width=WIDTH)
    return found


def heading(text: str) -> Text:
    """A line that begins a part."""
    return Text(text, style="bold")


def plain(text: str) -> Text:
    """A line as it is, which is not broken."""
    return Text(text, no_wrap=True, overflow="ignore")


def _grid(*columns: Column | str, title: str = "") -> Table:
    return Table(
        *columns,
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        title=escape(title) or None,
        title_justify="left",
        title_style="bold",
        pad_edge=False,
        header_style="bold",
    )


def _right(name: str) -> Column:
    return Column(name, justify="right", no_wrap=True)


def _whole(name: str) -> Column:
    return Column(name, no_wrap=True)


# --- scenarios, numbers -------------------------------------------------------------------------


def scenarios(found: Iterable[tuple[str, str]]) -> Table:
    """Names of scenarios and their questions."""
    table = _grid(_whole("scenario"), "question")
    for name, question in found:
        table.add_row(Text(name, style="cyan"), escape(question))
    return table


def differences(scenario: Scenario) -> Table:
    """The numbers of a scenario that are not at their default."""
    table = _grid(_whole("parameter"), _right("default"), _right("here"), "unit", "source")
    for path, default, value in scenario.differences():
        row = PATHS[path]
        source = scenario.notes.get(path, row.source)
        table.add_row(path, setting(default), Text(setting(value), style="cyan"), row.unit, escape(source))
    return table


def timeline(scenario: Scenario) -> Table:
    """What changes in the course of a scenario."""
    table = _grid(_whole("date"), "what", _right("before"), _right("from then on"), "unit")
    before: dict[tuple[str | None, str], Value] = {}
    for change in scenario.timeline:
        where = f" ({change.city})" if change.city else ""
        for path, value in change.set.items():
            old = before.get((change.city, path), before.get((None, path), _first(scenario, change, path)))
            before[change.city, path] = value
            row = (f"{change.at}", f"{path}{escape(where)}", setting(old), setting(value), PATHS[path].unit)
            table.add_row(*row)
        if change.policies is not None:
            table.add_row(f"{change.at}", f"policies{escape(where)}", "", _policies(change), "")
    return table


def _first(scenario: Scenario, change: Change, path: str) -> Value:
    """The value at the start, in the city that a change is for."""
    own = scenario.cities.get(change.city or "", {})
    return own.get(path, scenario.parameters.at(path))


def _policies(change: Change) -> str:
    return ", ".join(change.policies or ()) or "none"


def parameters(rows: Iterable[Row]) -> Iterator[Table]:
    """The numbers of the model, a table for each group."""
    for group, members in groupby(rows, key=lambda row: row.path.rsplit(".", 1)[0]):
        table = _grid(
            _whole("name"),
            _right("default"),
            Column("range", max_width=12),
            Column("unit", max_width=13),
            Column("evidence", max_width=10),
            "meaning",
            title=group,
        )
        for row in members:
            name, evidence = row.path.rsplit(".", 1)[1], f"{row.evidence} {row.source}"
            table.add_row(name, setting(row.default), span(row), row.unit, evidence, escape(row.meaning))
        yield table


def span(row: Row) -> str:
    """The values that a number may have."""
    return " / ".join(row.options) if row.low is None else f"{setting(row.low)} to {setting(row.high)}"


def markdown(rows: Iterable[Row]) -> Iterator[str]:
    """The numbers of the model as a page in Markdown, line by line."""
    yield "# Parameters"
    yield ""
    yield "Every number of the model, written by `cityfunnel parameters --markdown`. Evidence: *observed* in"
    yield "the case itself, *literature* seen elsewhere and taken as a prior, *assumed* without a figure,"
    yield "*calibrated* to what Taipei observed ([validation.md](validation.md)), *tuned* by hand to"
    yield "the funnel of its stage 1, *policy* a rule of the game. Source ids point to"
    yield "[the evidence](evidence.md)."
    for group, members in groupby(rows, key=lambda row: row.path.rsplit(".", 1)[0]):
        yield ""
        yield f"## {group}"
        yield ""
        yield "| parameter | default | unit | range | evidence | source | meaning |"
        yield "|---|---|---|---|---|---|---|"
        for row in members:
            cells = (
                f"`{row.path}`",
                setting(row.default),
                row.unit,
                span(row),
                row.evidence,
                row.source,
                row.meaning,
            )
            yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


# --- runs ---------------------------------------------------------------------------------------


def funnel(table: pd.DataFrame) -> Table:
    """The funnel by channel, in the need's view, with the vendor's own share of it beside."""
    from analysis.funnel import steps

    table = table[table["step"].isin(steps(table)).to_numpy()]
    shown = _grid(
        _whole("step"),
        _right("mean"),
        _right("95% interval"),
        _right("range of runs"),
        _right("of proposals"),
        _right("by the vendor itself"),
        title="The funnel: cases that ever reached each step",
    )
    for index, (channel, block) in enumerate(_channels(table)):
        if index:
            shown.add_section()
        shown.add_row(Text(CHANNELS.get(channel, channel), style="bold cyan"))
        for cells in _steps(block):
            shown.add_row(*cells)
    return shown


def _channels(table: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each channel's rows; a lone channel is not told twice."""
    names = list(dict.fromkeys(table["channel"].astype(str)))
    for name in names[:-1] if len(names) == 2 else names:
        yield name, table[(table["channel"] == name).to_numpy()]


def _steps(block: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    own, need = (block[(block["view"] == view).to_numpy()].to_dict("records") for view in ("own", "need"))
    first = float(need[0]["mean"])
    for row, mine in zip(need, own, strict=True):
        step = str(row["step"])
        if not first and not row["upper"]:  # rivals and imitators begin further down
            continue
        yield (
            f"  {STEPS.get(step, step)}",
            amount(row["mean"], "cases"),
            interval(row["low"], row["high"], "cases"),
            f"{number(row['lower'], 0)} to {number(row['upper'], 0)}",
            f"{100 * row['mean'] / first:.0f}%" if first else "–",
            amount(mine["mean"], "cases") if mine["mean"] != row["mean"] else "",
        )


def beside(table: pd.DataFrame) -> Table:
    """Observed figures and what the runs give on the same day."""
    shown = _grid(
        _whole("id"),
        "figure",
        _whole("until"),
        _right("observed"),
        _right("mean"),
        _right("95% interval"),
        _right("range of runs"),
        _whole("use"),
        title="Beside what was observed",
    )
    for row in table.to_dict("records"):
        reading = "" if row["reading"] == "both" else f", {row['reading']}"
        unit = "share" if row["relation"] == "share" or str(row["measure"]) in _shares() else ""
        observed = f"{row['observed']:g}" if unit != "share" else number(row["observed"], 2)
        shown.add_row(
            str(row["id"]),
            _figure(row),
            f"{row['date']:%Y-%m-%d}",
            f"{RELATIONS.get(str(row['relation']), '')}{observed}",
            amount(row["mean"], unit),
            interval(row["low"], row["high"], unit),
            interval(row["lower"], row["upper"], unit),
            f"{row['use']}{reading}",
        )
    return shown


def _shares() -> set[str]:
    from analysis.measures import MEASURES

    return {name for name, measure in MEASURES.items() if measure.unit == "share"}


def _figure(row: Mapping[Any, Any]) -> str:
    of = f" / {row['of']}" if row["of"] else ""
    channel = f" ({CHANNELS[row['channel']].lower()})" if row["channel"] else ""
    return f"{row['measure']}{of}{channel}".replace("_", " ")


def measures(table: pd.DataFrame) -> Table:
    """Every measure with its unit, interval and range of runs."""
    from analysis.measures import MEASURES

    shown = _grid(
        _whole("measure"),
        _right("mean"),
        _right("95% interval"),
        _right("range of runs"),
        _whole("unit"),
        "meaning",
        title="Measures",
    )
    for row in table.to_dict("records"):
        about = MEASURES[str(row["measure"])]
        mean = amount(row["mean"], about.unit)
        ends = interval(row["low"], row["high"], about.unit), interval(row["lower"], row["upper"], about.unit)
        shown.add_row(about.name, mean, *ends, about.unit, about.meaning)
    return shown


# --- studies ------------------------------------------------------------------------------------


def study(asked: Study) -> Iterator[Text]:
    """The question of a study, and its size."""
    points = asked.points
    parts = (
        plural(len(asked.levers), "lever"),
        plural(points, "point"),
        plural(asked.replications, "replication"),
    )
    yield heading(f"{asked.name} · {' × '.join(parts)} = {plural(asked.size, 'run')}")
    yield Text(asked.question)


def point(job: Job) -> Text:
    """Where in a study a run lies."""
    settings = "".join(f", {path} = {setting(value)}" for path, value in job.settings.items())
    return Text(f"{job.scenario.name}, seed {job.seed}{settings}")


def estimate(asked: Study, found: Estimate, workers: int) -> Iterator[str]:
    """What a study will take."""
    left = asked.size - found.known
    there = f"; {found.known:,} are there already" if found.known else ""
    yield f"Runs to make: {left:,}{there}"
    time = duration(left * found.seconds / workers)
    yield f"Time: about {time}, with {workers} at a time and {found.seconds:.2g} s each"
    yield f"Disk: about {max(1, round(left * found.bytes / 1e6)):,} MB"


def outcomes(table: pd.DataFrame) -> Table:
    """Mean and range of each outcome over all runs of each lever."""
    from analysis.measures import MEASURES

    levers = list(dict.fromkeys(table["scenario"]))
    shown = _grid(_whole("outcome"), *(_right(str(lever)) for lever in levers), _whole("unit"))
    for name, rows in table.groupby("measure", sort=False):
        unit = MEASURES[str(name)].unit
        cells = [
            f"{amount(row['mean'], unit)} ({interval(row['lower'], row['upper'], unit)})"
            for row in rows.set_index("scenario").loc[levers].to_dict("records")
        ]
        shown.add_row(str(name), *cells, unit)
    shown.caption = "mean over all runs (and where 95% of them lie)"
    return shown


def parts(table: pd.DataFrame) -> Table:
    """The parameters' part of the variance of a run, of each outcome of each lever."""
    levers = list(dict.fromkeys(table["scenario"]))
    shown = _grid(_whole("outcome"), *(_right(str(lever)) for lever in levers))
    for name, rows in table.groupby("measure", sort=False):
        known = rows.set_index("scenario").loc[levers].to_dict("records")
        cells = [
            f"{row['share']:.0%} ({row['low']:.0%} to {row['high']:.0%})" if isfinite(row["share"]) else "–"
            for row in known
        ]
        shown.add_row(str(name), *cells)
    shown.caption = "parameters' part of the variance of a run (and its 95% interval); the rest is chance"
    return shown


# --- stories ------------------------------------------------------------------------------------


def sketches(found: Iterable[Sketch]) -> Table:
    """Cases to choose from."""
    table = _grid(_right("case"), _whole("begins"), "what", "how it ends")
    for sketch in found:
        table.add_row(
            Text(str(sketch.case), style="cyan"), f"{sketch.begin}", escape(sketch.title), escape(sketch.end)
        )
    return table


def story(found: Story) -> Iterator[Table | Text | Padding]:
    """One case's life."""
    yield lines(found.lines)
    for title, told in (
        ("The money", found.money),
        ("What nobody in the city could be sure of", (found.truth,)),
    ):
        if told:
            yield Text(f"\n{title}", style="bold")
            yield Padding(escape("\n".join(told)), (0, 0, 0, 2))


def lines(found: Iterable[Line]) -> Table:
    """Dated sentences."""
    table = Table(Column(no_wrap=True, style="cyan"), Column(), box=None, show_header=False, pad_edge=False)
    for line in found:
        table.add_row(f"{line.day}", escape(line.text))
    return table


def parting(found: Parting, names: tuple[str, str]) -> Iterator[Table | Text | Padding]:
    """What two lives share, and side by side how they go on."""
    if found.shared:
        yield heading("In both worlds")
        yield _shared(found.shared)
    if not found.parted:
        yield Text("\nThey never part.\n")
        return
    yield heading("\nHere they part" if found.shared else "They part at the first step")
    table = Table(
        *(Column(escape(name), ratio=1) for name in names), box=box.SIMPLE_HEAD, pad_edge=False, expand=True
    )
    for one, other in zip_longest(found.one, found.other):
        table.add_row(*(_dated(line) for line in (one, other)))
    yield table


def _shared(steps: Sequence[Shared]) -> Table:
    """A second column of dates where they are not the same in both worlds."""
    together = all(step.one == step.other for step in steps)
    dates = (Column(no_wrap=True, style="cyan") for _ in range(1 if together else 2))
    table = Table(*dates, Column(), box=None, show_header=False, pad_edge=False)
    for step in steps:
        second = () if together else ("" if step.one == step.other else f"{step.other or '–'}",)
        table.add_row(f"{step.one or '–'}", *second, escape(step.text))
    return table


def _dated(line: Line | None) -> Text:
    return Text.assemble((f"{line.day} ", "cyan"), line.text) if line else Text()


def pair(found: Pair, names: tuple[str, str]) -> Iterator[Table | Text | Padding]:
    """A case in two worlds."""
    if found.parting is None or found.other is None:
        yield from story(found.one)
        yield heading(f"\nIn {names[1]}")
        yield Padding(escape("\n".join((found.absent, *found.instead))), (0, 0, 0, 2))
        return
    yield from parting(found.parting, names)
    both = [f"{names[0]}: ", f"{names[1]}: "] if found.parting.parted else [""]
    for title, told in (
        ("What it came to", _end),
        ("The money", _money),
        ("What nobody could be sure of", _truth),
    ):
        yield heading(title)
        for name, each in zip(both, (found.one, found.other), strict=False):
            yield Padding(Text(f"{name}{told(each)}"), (0, 0, 0, 2))


def _end(told: Story) -> str:
    return told.end


def _money(told: Story) -> str:
    return " ".join(told.money) or "none changed hands."


def _truth(told: Story) -> str:
    return told.truth


def fates(found: Fates, names: tuple[str, str]) -> Iterator[Table | Text | Padding]:
    """Lives that differ most between two worlds."""
    both = found.same + found.differ
    yield Text(
        f"{both} cases are in both worlds: {found.same} end the same way, {found.differ} do not. "
        f"{found.only[0]} are in {names[0]} alone, {found.only[1]} in {names[1]} alone."
    )
    for title, fates in (("case", found.cases), ("need", found.needs), ("vendor", found.vendors)):
        if fates:
            table = _grid(_whole(title), *(Column(escape(name), ratio=1) for name in names))
            for fate in fates:
                table.add_row(*map(escape, fate))
            yield table


# --- comparisons --------------------------------------------------------------------------------


def comparison(found: Comparison) -> Table:
    """Differences of one scenario from the base, in the measures that are not the same in all pairs."""
    from analysis.measures import unit
    from experiments.compare import shown

    table = _grid(
        _whole("measure"),
        _right(found.base if len(found.base) <= 12 else "base"),
        _right("other"),
        _right("difference"),
        _right("95% interval"),
        _right(f"{found.unit}s"),
        _right("gain"),
        _right("enough"),
        Column("unit", no_wrap=True),
        title=f"{found.other} less {found.base}",
    )
    for difference in filter(shown, found.differences):
        kind = unit(difference.measure)
        base, other, found_, low, high = (
            number(value, 3) if kind == "share" else amount(value, kind)
            for value in (
                difference.base,
                difference.other,
                difference.difference,
                difference.low,
                difference.high,
            )
        )
        table.add_row(
            difference.measure,
            base,
            other,
            found_,
            f"{low} to {high}" if isfinite(difference.half) else "–",
            str(difference.pairs),
            number(difference.gain, 1),
            number(difference.enough, 0),
            kind,
            style=None if difference.clear else "dim",
        )
    return table


def over_posterior(found: Comparison) -> Table:
    """Effects over a posterior: what is not known of them, and what part of it is chance."""
    from analysis.measures import unit

    table = _grid(
        _whole("measure"),
        _right("effect"),
        _right("95%, posterior"),
        _right("95%, chance"),
        _right("above 0"),
        _right("parameters"),
        Column("unit", no_wrap=True),
        title=f"{found.other} less {found.base}, over the posterior",
    )
    table.caption = (
        "95%, posterior: of the cities that it describes; 95%, chance: of the mean, were the parameters"
        " known; parameters: their part of the variance of a pair of runs, the rest is chance"
    )
    for effect in found.effects:
        kind = unit(effect.measure)
        values = (effect.effect, effect.low, effect.high, effect.chance_low, effect.chance_high)
        middle, *ends = (number(value, 3) if kind == "share" else amount(value, kind) for value in values)
        if effect.parameters + effect.luck > 0:
            spans = (f"{ends[0]} to {ends[1]}", f"{ends[2]} to {ends[3]}")
            cells = (middle, *spans, f"{effect.positive:.0%}", f"{effect.share:.0%}", kind)
            table.add_row(effect.measure, *cells, style=None if effect.low > 0 or effect.high < 0 else "dim")
    return table


def systems(rows: Sequence[Judged]) -> Table:
    """What sources say of each system, and what the model gives."""
    from experiments.systems import DISAGREES, expected, given, mark

    table = _grid("system", "what the source says", "what the model gives", "verdict")
    for row in rows:
        source = f"{row.claim.source}{f', pattern {row.claim.pattern}' if row.claim.pattern else ''}"
        table.add_row(
            Text(row.claim.scenario, style="cyan"),
            f"{escape(expected(row.claim).replace('_', ' '))} ({source})",
            given(row),
            Text(mark(row), style="red" if row.verdict == DISAGREES else ""),
        )
    return table


def bullets(lines: Sequence[str]) -> Iterator[Padding]:
    """Lines with a mark before each."""
    for line in lines:
        table = Table(
            Column(no_wrap=True), Column(), box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0)
        )
        table.add_row("-", escape(line))
        yield Padding(table, (0, 0, 0, 1))

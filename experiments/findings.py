"""Questions that a city would ask, answered by runs in pairs: a page with numbers, and a chart for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from analysis.measures import MEASURES
from analysis.pairs import Difference, family
from analysis.statistics import LEVEL
from experiments import pages
from experiments.words import number, period
from sim.errors import InputError, OutputError, nearest
from sim.parameters import Value
from sim.scenario import Scenario, load

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from analysis.contrasts import Panel
    from experiments.systems import Gathered

COMMAND = "cityfunnel findings -n {runs} --out docs"


@dataclass(frozen=True)
class World:
    """A world of a question: a scenario, with numbers that are changed; ``name`` says it in words."""

    name: str
    scenario: str
    settings: Mapping[str, Value]

    @property
    def key(self) -> str:
        """The name under which its runs stand in tables: the same for the same world."""
        changed = "".join(f" {path}={value}" for path, value in sorted(self.settings.items()))
        return f"{self.scenario}{changed}"

    def made(self) -> Scenario:
        """The scenario as it is run."""
        scenario = load(self.scenario)
        for path, value in self.settings.items():
            scenario = scenario.with_(path, value)
        return replace(scenario, name=self.key)


@dataclass(frozen=True)
class Question:
    """A question, the worlds that answer it (the base first), and the measures to look at.

    Attributes:
        name: of the chart and of the part of the page.
        title: the question.
        worlds: what is compared; the first is the base.
        measures: those in the table; the first ``drawn`` are in the chart too.
        axis: what the worlds differ in, where that is one number: its name, and its value in each.
        drawn: number of measures in the chart.
    """

    name: str
    title: str
    worlds: tuple[World, ...]
    measures: tuple[str, ...]
    axis: tuple[str, tuple[float, ...]] | None = None
    drawn: int = 4


def _world(name: str, scenario: str, **settings: Value) -> World:
    """``a__b=1`` sets ``a.b``."""
    return World(name, scenario, {key.replace("__", "."): value for key, value in settings.items()})


TAIPEI, STAGE1 = "taipei_2016_2021", "taipei_stage1"
_AS_IT_WAS = World("Taipei 2016-2021", TAIPEI, {})
_STAFF = (2, 5, 10, 15, 30, 45)


def _intake(name: str, *channels: str) -> World:
    known = ("bottom_up", "top_down", "problem_led")
    return World(name, STAGE1, {f"{channel}.open": channel in channels for channel in known})


QUESTIONS = (
    Question(
        "intake",
        "Bottom-up, top-down, problem-led, or a mix?",
        (
            _intake("bottom-up and top-down", "bottom_up", "top_down"),
            _intake("bottom-up alone", "bottom_up"),
            _intake("top-down alone", "top_down"),
            _intake("problem-led alone", "problem_led"),
            _intake("top-down, problem-led", "top_down", "problem_led"),
            _intake("all three", "bottom_up", "top_down", "problem_led"),
        ),
        ("proposal_to_poc", "needs_solved", "value_delivered", "waste_share", "money_spent", "startup_share"),
    ),
    Question(
        "politics",
        "What does political support buy, and what does a lost election cost?",
        (
            _AS_IT_WAS,
            _world("support 0.2", TAIPEI, politics__support=0.2),
            _world("support 0.4", TAIPEI, politics__support=0.4),
            _world("support 0.9", TAIPEI, politics__support=0.9),
            _world("election of 2018 lost", "taipei_lost_election"),
            _world("lost, autonomous office", "autonomy"),
            _world("lost, support across parties", "cross_party"),
        ),
        ("poc_started", "inherited_completed", "needs_solved", "value_delivered", "proposal_to_poc"),
    ),
    Question(
        "poc",
        "What is the POC stage worth, in money that is not wasted?",
        (
            _AS_IT_WAS,
            _world("no POC", TAIPEI, poc__required=False),
            _world("no office", TAIPEI, pmo__exists=False),
            _world("no POC, no office", TAIPEI, pmo__exists=False, poc__required=False),
        ),
        ("money_wasted", "waste_share", "money_spent", "needs_solved", "value_delivered", "service_fit"),
    ),
    Question(
        "procurement",
        "Which procurement rule suits start-ups, and at what price?",
        (
            _world("best value (Taipei)", TAIPEI),
            _world("lowest price", "procurement_lowest_price"),
            _world("quality counts 0.9", "procurement_quality"),
            _world("paid by results", "procurement_performance"),
            _world("design contest", "procurement_contest"),
            _world("pre-commercial, two winners", "procurement_pcp"),
            _world("shared risk", "alliance_shared_risk"),
            _world("privilege after a POC", "procurement_privilege"),
            _world("bought at hand to NT$ 3 m", "small_purchases"),
            _world("no rule of three bidders", TAIPEI, procurement__three_bidders=False),
        ),
        ("startup_contracts", "price_paid", "money_spent", "value_delivered", "service_fit", "waste_share"),
    ),
    Question(
        "pmo",
        "How big should the office be before more staff no longer helps?",
        (
            _world("20 people (Taipei)", TAIPEI),
            *(_world(f"{staff} people", TAIPEI, pmo__staff=staff) for staff in _STAFF),
        ),
        ("poc_started", "days_to_poc", "needs_solved", "value_delivered"),
        ("people in the office", (20, *_STAFF)),
    ),
    Question(
        "pilots",
        "Do pilots pile up, and what moves them on?",
        (
            _AS_IT_WAS,
            _world("a sixth of the budget", "pilots_without_scaling"),
            _world("twice the budget", TAIPEI, departments__budget=12),
            _world("bought at hand to NT$ 3 m", "small_purchases"),
            _world("no rule of three bidders", TAIPEI, procurement__three_bidders=False),
            _world("departments that learn to tender", "skills"),
            _world("no second POC", TAIPEI, poc__second=False),
        ),
        (
            "stuck_share",
            "pilots_stuck",
            "ended_poc_to_service",
            "needs_solved",
            "value_delivered",
            "waste_share",
        ),
    ),
)


#: measure -> what a table or chart calls it
SAID = {
    "proposal_to_poc": "proposals that reach a POC",
    "needs_solved": "needs solved",
    "value_delivered": "value delivered",
    "waste_share": "money that is wasted",
    "money_wasted": "money wasted",
    "money_spent": "money spent",
    "startup_share": "start-ups in POCs",
    "startup_contracts": "start-ups in contracts",
    "price_paid": "price of a contract",
    "poc_started": "POCs started",
    "inherited_completed": "inherited cases completed",
    "days_to_poc": "time to a POC",
    "service_fit": "fit of services",
    "stuck_share": "passed POCs, no contract",
    "pilots_stuck": "pilots that are stuck",
    "ended_poc_to_service": "POCs that get to service",
}


def questions(name: str | None = None) -> tuple[Question, ...]:
    """All questions, or the one of that name.

    Raises:
        InputError: there is none of that name.
    """
    known = {question.name: question for question in QUESTIONS}
    if name is None:
        return QUESTIONS
    if name not in known:
        hint = nearest(name, known) or f"; known are {', '.join(known)}"
        raise InputError(f"unknown question '{name}'{hint}", key="--only")
    return (known[name],)


def worlds(chosen: Sequence[Question]) -> list[Scenario]:
    """The scenarios that the questions need, each once."""
    needed = {world.key: world for question in chosen for world in question.worlds}
    return [world.made() for world in needed.values()]


# --- numbers ------------------------------------------------------------------------------------


def differences(question: Question, runs: Gathered, measure: str) -> list[Difference]:
    """The paired differences of all other worlds from the base; their intervals hold all at once."""
    import pandas as pd

    columns = [runs.contributions(world.key, measure) for world in question.worlds]
    joined = pd.concat(columns, axis=1, join="inner").to_numpy(dtype=float)
    return family(measure, joined[:, 0], list(joined.T[1:]), LEVEL)


def sentences(question: Question, runs: Gathered) -> Iterator[str]:
    """A line for each world and clear difference in the measures that are drawn."""
    for measure in question.measures[: question.drawn]:
        for world, each in zip(question.worlds[1:], differences(question, runs, measure), strict=True):
            if each.clear and isfinite(each.half):
                against = _value(measure, each.base)
                yield f"{world.name}: {said(measure)} {_cell(each)} against {against}"


def _value(measure: str, value: float) -> str:
    return f"{100 * value:.1f}%" if MEASURES[measure].unit == "share" and isfinite(value) else number(value)


def _cell(each: Difference) -> str:
    """A value, and its difference from the base with half the width of the interval."""
    value = _value(each.measure, each.other)
    if not isfinite(each.half):
        return value
    if each.half == 0:
        return f"{value} (same)"
    factor = 100 if MEASURES[each.measure].unit == "share" else 1
    found, half = (
        number(factor * part, 1 if factor == 100 else None) for part in (each.difference, each.half)
    )
    return f"{value} ({'+' if each.difference > 0 else ''}{found} ± {half})"


def table(question: Question, runs: Gathered) -> Iterator[str]:
    """A row a world, a column a measure, as Markdown; clear differences are bold."""
    found = {measure: differences(question, runs, measure) for measure in question.measures}
    heads = [_head(measure) for measure in question.measures]
    yield f"| | {' | '.join(heads)} |"
    yield f"|---|{'---|' * len(heads)}"
    base = [_value(measure, each[0].base) for measure, each in found.items()]
    yield f"| **{question.worlds[0].name}** | {' | '.join(base)} |"
    for place, world in enumerate(question.worlds[1:]):
        cells = (_bold(each[place]) for each in found.values())
        yield f"| {world.name} | {' | '.join(cells)} |"


def said(measure: str) -> str:
    """A measure in a few words, for the head of a column."""
    return SAID.get(measure, measure.replace("_", " "))


def _head(measure: str) -> str:
    """A measure with its unit, where that is not in its name."""
    name, kind = said(measure), MEASURES[measure].unit
    kind = {"share": "%", "fit, 0 to 1": "0 to 1"}.get(kind, kind)
    return name if kind in name else f"{name}, {kind}".replace("$ m", "$\N{NO-BREAK SPACE}m")


def _bold(each: Difference) -> str:
    return f"**{_cell(each)}**" if each.clear else _cell(each)


# --- page and charts ----------------------------------------------------------------------------

NEW_PAGE = """# Findings

Questions that a city would ask, and what the model answers.
"""


def write(folder: Path, chosen: Sequence[Question], runs: Gathered, seeds: range) -> Path:
    """Write ``findings.md`` and its charts into a folder; text that is there by hand stays.

    Raises:
        OutputError: they cannot be written.
    """
    images = folder / "images"
    parts = {"about": _about(runs, seeds)}
    try:
        images.mkdir(parents=True, exist_ok=True)
        for question in chosen:
            chart = images / f"findings_{question.name}.png"
            figure(question, runs, seeds).savefig(chart)
            parts[question.name] = "\n".join(
                [f"![{question.title}](images/{chart.name})\n", *table(question, runs)]
            )
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", file=str(folder)) from None
    return pages.write(folder / "findings.md", parts, NEW_PAGE)


def _about(runs: Gathered, seeds: range) -> str:
    return (
        f"Made by `{COMMAND.format(runs=len(seeds))}`: {len(runs.outcomes)} runs, every world at the same"
        f" {len(seeds)} seeds. In each table the first row is the base; the other rows give the value and, in"
        " brackets, the difference from the base with its 95% interval. The intervals of a column hold all at"
        " once. Bold: zero is excluded. Differences of shares are in points."
    )


def figure(question: Question, runs: Gathered, seeds: range) -> Figure:
    """The chart of a question."""
    from analysis.contrasts import curves, dots

    panels = [_panel(question, runs, measure) for measure in question.measures[: question.drawn]]
    caption = (
        f"{len(seeds)} runs of each world at the same {period(seeds.start, len(seeds))}. Square and black"
        f" line: {question.worlds[0].name}. Bars: 95% interval of the difference from it, all of a panel at"
        " once; hollow: zero is not excluded."
    )
    if question.axis is None:
        return dots(question.title, caption, [world.name for world in question.worlds], panels)
    name, places = question.axis
    return curves(question.title, caption, name, places[1:], places[0], panels)


def _panel(question: Question, runs: Gathered, measure: str) -> Panel:
    from analysis.contrasts import Panel

    others, share = differences(question, runs, measure), MEASURES[measure].unit == "share"
    title = fill(_head(measure), 21)
    return Panel(title, 100.0 if share else 1.0, others[0].base, others)

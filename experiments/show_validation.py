"""Hold-out validation in words: tables for the terminal, the page and its chart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Column, Table
from rich.text import Text

from analysis.predictive import AGREES, FACTOR, MISSES, MOSTLY, SELDOM, UNCLEAR, WIDE
from analysis.signs import MOST
from experiments import pages
from experiments.claims import PATTERNS, Claim
from experiments.posterior import named
from experiments.validation import SERIES, Held, Judged, Row, SignRow, table
from experiments.words import number, period, plural
from sim.errors import OutputError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

CHART = "validation.png"

#: how figures hold, by reading
READINGS = {"both": "that hold under both readings", "M1": "of reading M1", "M2": "of reading M2"}

NEW_PAGE = """# Validation

What the model foresees of figures that nothing was fitted to, and what was observed.
"""

# --- words --------------------------------------------------------------------------------------


def what(held: Held) -> str:
    """What a figure is of: the measure, the channel, and the day up to which it was counted."""
    from analysis.style import CHANNEL_NAMES

    target = held.target
    channel = f", {CHANNEL_NAMES[target.channel]}" if target.channel else ""
    day = f", to {held.told}" if held.told else ""
    return f"{_measure(held)}{channel}{day}"


def _measure(held: Held) -> str:
    from analysis.style import said

    of = f", of {said(held.target.of)}" if held.target.of else ""
    return f"{said(held.target.measure)}{of}"


def observed(held: Held) -> str:
    """The figure as the source tells it."""
    figure = held.figure
    if figure.relation == "range":
        return f"{figure.low:g} to {figure.high:g}"
    if figure.of is not None:
        return f"{round(figure.value * figure.of):,} of {figure.of:,} ({number(figure.value, 2)})"
    sign = {"more_than": "more than ", "less_than": "less than "}.get(figure.relation, "about ")
    return f"{sign}{figure.value:g}"


def value(held: Held, one: float) -> str:
    """A value of what the figure tells; counts of ten or more without decimals."""
    if _unit(held) == "share":
        return number(one, 2)
    return number(one, 0 if abs(one) >= 10 or one % 1 == 0 else 1)


def _unit(held: Held) -> str:
    from analysis.targets import measured

    measure = measured(held.target)
    if held.target.of is not None or measure is None:
        return "share"
    return measure.unit


def probability(row: Row) -> str:
    """The chance, with as many digits as so many runs can tell."""
    chance = row.found.chance
    if isnan(chance):
        return "–"
    return "< 0.01" if chance < 0.01 else number(chance, 3 if chance < 0.1 else 2)


def cells(row: Row) -> tuple[str, ...]:
    """A line of the table: id, what, observed, foreseen, probability, reading, verdict."""
    held, found = row
    model = f"{value(held, found.median)} ({value(held, found.low)} to {value(held, found.high)})"
    return held.id, what(held), observed(held), model, probability(row), held.reading, found.verdict


def sign_cells(row: SignRow) -> tuple[str, ...]:
    """A line of the table of signs: pattern, claim, expected, effect, share of points, verdict."""
    from analysis.style import said

    claim, found = row
    effect = f"{_signed(claim, found.effect)} ({_signed(claim, found.low)} to {_signed(claim, found.high)})"
    right = "–" if isnan(found.right) else f"{100 * found.right:.0f}%"
    against = said(claim.than) if claim.than else f"`{claim.base}`"
    expected = f"{said(claim.measure)}: {claim.sign} in `{claim.scenario}` than {against}"
    if claim.than:
        expected = f"`{claim.scenario}`: {said(claim.measure)} {claim.sign} than {against}"
    return str(claim.pattern), claim.says, expected, effect, right, found.verdict


def _signed(claim: Claim, one: float) -> str:
    from analysis.measures import unit

    text = number(one, 3 if unit(claim.measure) == "share" else None)
    return f"+{text}" if one > 0 and text[0].isdigit() else text


def summary(rows: Sequence[Row]) -> Iterator[str]:
    """How many figures agree, and what that is worth."""
    yield f"Of {plural(len(rows), 'held-out figure')} {_counted(row.found.verdict for row in rows)}."
    by = {name: [row.found.verdict for row in rows if row.held.reading == name] for name in READINGS}
    if len([name for name in by if by[name]]) > 1:
        parts = (f"of the {len(by[name])} {READINGS[name]} {_counted(by[name])}" for name in by if by[name])
        text = "; ".join(parts)
        yield f"{text[0].upper()}{text[1:]}."
    there = [row.held.id for row in rows]
    series = [each for each in SERIES if each in there]
    if len(series) > 1:
        yield (
            f"These are not as many independent tests: {_listed(series)} are one series, the POCs started in"
            f" Taipei{', and T03b is a share of the same POCs' if 'T03b' in there else ''}."
        )
    missed = [row.held.id for row in rows if row.found.verdict == MISSES]
    if missed:
        yield f"Missed: {_listed(missed)}."


def sign_summary(rows: Sequence[SignRow]) -> str:
    """How many signs agree."""
    return f"Of {plural(len(rows), 'sign')} {_counted(row.found.verdict for row in rows)}."


def _counted(verdicts: Iterable[str]) -> str:
    count = Counter(verdicts)
    return (
        f"the model agrees with {count[AGREES]}, misses {count[MISSES]} and cannot tell of {count[UNCLEAR]}"
    )


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


# --- terminal -----------------------------------------------------------------------------------

HEADS = ("id", "what", "observed", "foreseen (95%)", "chance", "reading", "verdict")
SIGN_HEADS = ("pattern", "what the source says", "expected", "effect (95%)", "right at", "verdict")


def told(judged: Judged) -> Iterator[Table | str]:
    """All of it, for the terminal."""
    if judged.rows:
        yield figures(judged.rows)
        yield from summary(judged.rows)
    if judged.signs:
        yield signs(judged.signs)
        yield sign_summary(judged.signs)
    yield f"{_made(judged)}."


def figures(rows: Sequence[Row]) -> Table:
    """Each figure beside what the model foresees, place by place."""
    shown = _grid("Figures held out", HEADS, ("id", "chance", "reading", "verdict"))
    for place in dict.fromkeys(row.held.place for row in rows):
        shown.add_row(Text(place, style="bold"))
        for row in rows:
            if row.held.place == place:
                _add(shown, cells(row))
        shown.add_section()
    return shown


def signs(rows: Sequence[SignRow]) -> Table:
    """Each sign beside the effect."""
    heads = (SIGN_HEADS[0], *SIGN_HEADS[2:])
    shown = _grid("Signs of patterns", heads, ("pattern", "right at", "verdict"))
    for row in rows:
        pattern, _, *rest = sign_cells(row)
        _add(shown, (pattern, *(cell.replace("`", "") for cell in rest)))
    return shown


def _grid(title: str, heads: Sequence[str], whole: Sequence[str]) -> Table:
    columns = [Column(head, no_wrap=head in whole, min_width=0 if head in whole else 14) for head in heads]
    return Table(
        *columns, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold",
        title=title, title_justify="left", title_style="bold",
    )  # fmt: skip


def _add(shown: Table, line: Sequence[str]) -> None:
    *rest, verdict = line
    shown.add_row(*map(escape, rest), Text(verdict, style="red" if verdict == MISSES else ""))


# --- chart --------------------------------------------------------------------------------------


def drawable(rows: Sequence[Row]) -> pd.DataFrame:
    """The table of figures with a label for each; those that no run defines are left out."""
    labels = [_label(row.held) for row in rows]
    found = table(rows).assign(label=labels)
    return found[found["runs"] > 0].reset_index(drop=True)


def _label(held: Held) -> str:
    source = held.id if held.id[0].isupper() else held.source.split()[0]
    year = f", {held.told.year}" if held.told else ""
    reading = f" ({held.reading})" if held.reading != "both" else ""
    unit = _unit(held).partition(",")[0]
    measured = _measure(held)
    named_ = measured if unit == "share" or unit in measured else f"{measured} ({unit})"
    return f"{source} {held.place}{year}{reading}\n{named_}"


def chart(judged: Judged) -> Figure:
    """The figures on the intervals that the model foresees."""
    from analysis.figures import VALIDATIONS

    return VALIDATIONS["foreseen"].function(drawable(judged.rows), f"{_made(judged)}.")


def _made(judged: Judged) -> str:
    runs, seeds = plural(len(judged.seeds), "run"), period(judged.seeds.start, len(judged.seeds))
    numbers = "the default numbers" if judged.drawn is None else f"the posterior {named(judged.drawn)}"
    return f"{runs} of each scenario ({seeds}) under {numbers}"


# --- page ---------------------------------------------------------------------------------------


def write(folder: Path, judged: Judged) -> Path:
    """Write the made parts of ``validation.md``, and its chart, into a folder.

    Raises:
        OutputError: they cannot be written.
    """
    if judged.rows:
        image = folder / "images" / CHART
        try:
            image.parent.mkdir(parents=True, exist_ok=True)
            chart(judged).savefig(image)
        except OSError as error:
            raise OutputError(f"cannot be written: {error.strerror}", file=str(image)) from None
    return pages.write(folder / "validation.md", page(judged), NEW_PAGE)


def page(judged: Judged) -> Mapping[str, str]:
    """The parts of the page that are made: name -> Markdown."""
    made = f"Made by `cityfunnel validate --markdown`: {_made(judged)}.\n"
    parts = {}
    if judged.rows:
        parts["figures"] = "\n".join([made, *_figures(judged.rows)])
    if judged.signs:
        parts["signs"] = "\n".join([made, *_signs(judged)])
    return parts


def _figures(rows: Sequence[Row]) -> Iterator[str]:
    yield " ".join(summary(rows))
    yield f"\n![Held-out figures on the intervals that the model foresees](images/{CHART})\n"
    for place in dict.fromkeys(row.held.place for row in rows):
        yield f"\n### {place}\n"
        yield from _lines(HEADS, (_sourced(row) for row in rows if row.held.place == place))
    yield (
        "\nForeseen: median and 95% interval of the figure itself, as the model would have a source count it"
        " on as many cases. Chance: two-sided tail of the observed value, or, of a bound, of the model"
        f" meeting it. A figure is missed outside its interval, a bound below {SELDOM:g}; a bound agrees from"
        f" {MOSTLY:g} on. An interval that holds the figure tells nothing if it is wider than {WIDE:g} (a"
        f" share) or its ends are more than a factor {FACTOR:g} apart."
    )


def _sourced(row: Row) -> tuple[str, ...]:
    name, *rest, verdict = cells(row)
    source = "" if name[0].isupper() else f" ({', '.join(row.held.source.split())})"
    return f"{name}{source}", *rest, _bold(verdict)


def _signs(judged: Judged) -> Iterator[str]:
    rows, points = judged.signs, "draws of the posterior" if judged.drawn is not None else "runs"
    yield sign_summary(rows)
    yield ""
    yield from _lines(SIGN_HEADS, (_cited(row) for row in rows))
    yield (
        f"\nEffect: mean paired difference with its 95% interval, {points} as units. Right at: share of the"
        " draws at which the sign is the expected one, the luck of their few runs taken out. A sign agrees if"
        f" the interval lies on its side and it is right at {100 * MOST:.0f}% of the draws; it is missed if"
        " the interval lies on the other side.\n"
    )
    used = dict.fromkeys(row.claim.pattern for row in rows)
    for pattern in used:
        yield f"- pattern {pattern}: {PATTERNS[pattern or 0]}"


def _cited(row: SignRow) -> tuple[str, ...]:
    pattern, says, *rest, verdict = sign_cells(row)
    return pattern, f"{says} ({', '.join(row.claim.source.split())})", *rest, _bold(verdict)


def _bold(verdict: str) -> str:
    return f"**{verdict}**" if verdict == MISSES else verdict


def _lines(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for line in lines:
        yield f"| {' | '.join(cell.replace('|', '/') for cell in line)} |"

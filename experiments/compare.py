"""Scenarios against each other at the same seeds: differences in pairs, and what is clear in them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from math import isfinite, isinf, isnan
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

from analysis.effects import Effect, effects
from analysis.measures import DURATIONS, MEASURES, durations, unit, wholes
from analysis.pairs import PILOT, Difference, always, cautious, medians, next_look, paired
from experiments.posterior import differing
from experiments.words import number
from sim.errors import InputError, nearest
from sim.posterior import REPLICATES

if TYPE_CHECKING:
    import pandas as pd

    from experiments.runner import Batch
    from sim.scenario import Scenario


#: numbers of pairs below this are not told
FEW = 10


#: the measures that are told in short
HEADLINES = (
    "proposal_to_poc", "projects", "needs_solved", "value_delivered", "money_spent", "money_wasted",
    "startup_share",
)  # fmt: skip

#: what intervals are over: pairs of runs, or draws of a posterior
PAIR, DRAW = "pair", "draw"


class Comparison(NamedTuple):
    """One scenario against the base, measure by measure; ``family`` scenarios were compared with it.

    Intervals are over what ``unit`` says; ``effects`` are those over a posterior, where there is one.
    """

    base: str
    other: str
    differences: tuple[Difference, ...]
    family: int = 1
    unit: str = PAIR
    effects: tuple[Effect, ...] = ()

    def of(self, measure: str) -> Difference:
        """The difference in one measure."""
        return next(each for each in self.differences if each.measure == measure)


# --- what runs leave behind for a comparison ----------------------------------------------------


class Evidence(NamedTuple):
    """What the runs of some scenarios show.

    Attributes:
        outcomes: one row a run: scenario, seed, measures.
        wholes: one row a run: scenario, seed, and what each share is a share of.
        times: one row a case and time: scenario, seed, time, days.
        series: one row a run and month: scenario, seed, day, and sums since the beginning.
        groups: as :func:`analysis.groups.groups`.
    """

    outcomes: pd.DataFrame
    wholes: pd.DataFrame
    times: pd.DataFrame
    series: pd.DataFrame
    groups: pd.DataFrame | None = None


class Gathered:
    """Takes what a comparison needs from batches of runs, so that their tables need not be kept."""

    def __init__(self) -> None:
        self._parts: list[Evidence] = []

    def take(self, batch: Batch) -> Batch:
        """The batch without its tables, once they are summed up here."""
        from analysis.figures.fan import series
        from analysis.groups import groups

        if batch.tables is not None and batch.outcomes is not None:
            made = batch.tables
            parts = (batch.outcomes, wholes(made), durations(made), series(made), groups(made))
            self._parts.append(Evidence(*parts))
        return replace(batch, tables=None)

    def evidence(self) -> Evidence:
        """All that was taken, in order of scenario and seed."""
        return joined(self._parts)


def joined(parts: Sequence[Evidence]) -> Evidence:
    """Several pieces of evidence as one, in order of scenario and seed; groups where all know them."""
    import pandas as pd

    tables = (pd.concat(each).astype({"scenario": str}) for each in zip(*parts, strict=True) if _known(each))
    return Evidence(
        *(table.sort_values(["scenario", "seed"], kind="stable", ignore_index=True) for table in tables)
    )


def _known(tables: Sequence[pd.DataFrame | None]) -> TypeGuard[Sequence[pd.DataFrame]]:
    return all(table is not None for table in tables)


def named(evidence: Evidence, name: str, seeds: Collection[int]) -> Evidence:
    """The runs of one scenario at some seeds, under another name."""
    chosen = (None if table is None else _named(table, name, seeds) for table in evidence)
    return Evidence._make(chosen)


def _named(table: pd.DataFrame, name: str, seeds: Collection[int]) -> pd.DataFrame:
    return table[table["seed"].isin(seeds).to_numpy()].assign(scenario=name).reset_index(drop=True)


# --- differences --------------------------------------------------------------------------------


def compare(
    evidence: Evidence,
    names: Sequence[str],
    measures: Sequence[str] | None = None,
    units: pd.Series[int] | None = None,
) -> list[Comparison]:
    """Each other scenario against the first, at the seeds that all have.

    Args:
        evidence: the runs.
        names: the scenarios; the first is the base.
        measures: those wanted, all by default.
        units: the draw of a posterior that each seed (the index) has, where there is one.

    Raises:
        ValueError: the scenarios have no seed in common.
    """
    wanted = [*MEASURES, *DURATIONS] if measures is None else measures
    columns = ["scenario", "seed", *(name for name in evidence.outcomes if name in wanted)]
    base, *others = (_of(evidence.outcomes[columns], name) for name in names)
    found = [list(_rows(table)) for table in paired(base, others, evidence.wholes, units=units)]
    for name in DURATIONS:
        if name in wanted:
            for row, each in zip(found, _medians(evidence, names, name, units), strict=True):
                row.append(each)
    comparisons = (
        Comparison(names[0], name, tuple(row), len(others))
        for name, row in zip(names[1:], found, strict=True)
    )
    if units is None:
        return list(comparisons)
    over = (_effects(evidence, base, other, units) for other in others)
    return [one._replace(unit=DRAW, effects=mine) for one, mine in zip(comparisons, over, strict=True)]


def _effects(
    evidence: Evidence, base: pd.DataFrame, other: pd.DataFrame, units: pd.Series[int]
) -> tuple[Effect, ...]:
    names = (str(table["scenario"].iloc[0]) for table in (base, other))
    one, two = (_of(evidence.wholes, name) for name in names)
    table = effects(base, other, units, (one, two))
    return tuple(Effect._make(row) for row in table.itertuples(index=False, name=None))


def _of(table: pd.DataFrame, scenario: str) -> pd.DataFrame:
    return table[(table["scenario"].astype(str) == scenario).to_numpy()]


def _rows(table: pd.DataFrame) -> Iterator[Difference]:
    return (Difference._make(row) for row in table.itertuples(index=False, name=None))


def _medians(
    evidence: Evidence, names: Sequence[str], time: str, units: pd.Series[int] | None
) -> list[Difference]:
    import numpy as np
    import pandas as pd

    seeds = [set(_of(evidence.outcomes, name)["seed"]) for name in names]
    common = pd.Index(sorted(set.intersection(*seeds)))
    chosen = evidence.times[(evidence.times["time"] == time).to_numpy() & evidence.times["seed"].isin(common)]
    worlds = [_of(chosen, name) for name in names]
    place = np.arange(len(common)) if units is None else pd.factorize(units.loc[common])[0]
    base, *others = ((place[common.get_indexer(pd.Index(w["seed"]))], w["days"].to_numpy()) for w in worlds)
    return medians(time, base, others, int(place.max()) + 1)


def over_posterior(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """All effects over a posterior as one table: base, other, then the fields of ``Effect``."""
    import pandas as pd

    rows = [(c.base, c.other, *effect) for c in comparisons for effect in c.effects]
    return pd.DataFrame(rows, columns=pd.Index(["base", "other", *Effect._fields]))


def table(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """All differences as one table: base, other, then the fields of ``Difference``."""
    import pandas as pd

    rows = [(c.base, c.other, *difference) for c in comparisons for difference in c.differences]
    names = {"base": "value_base", "other": "value_other"}
    fields = (names.get(name, name) for name in Difference._fields)
    return pd.DataFrame(rows, columns=pd.Index(["base", "other", *fields]))


# --- until it is known well enough --------------------------------------------------------------


class Look(NamedTuple):
    """What is known after some pairs: of one measure, for each other scenario.

    ``following`` is the number of pairs after which to look again, 0 at the last look.
    """

    pairs: int
    found: tuple[Difference, ...]
    following: int


def until(
    more: Callable[[int, int], Evidence],
    names: Sequence[str],
    measure: str,
    half: float,
    most: int,
    units: pd.Series[int] | None = None,
) -> Iterator[Look]:
    """Add pairs until the intervals of a measure are no wider than ``half`` on either side.

    Args:
        more: makes the pairs from one place to another, and gives the evidence of all so far.
        names: the scenarios; the first is the base.
        measure: name of the measure.
        half: half the width that is wanted, in its unit.
        most: pairs at most.
        units: the draw of a posterior that each seed has, where there is one; then draws are added.
    """
    size = 1 if units is None else REPLICATES
    done, most = 0, most // size
    pairs = min(PILOT, most)
    while pairs > done:
        comparisons = compare(more(size * done, size * pairs), names, [measure], units)
        found = tuple(each.of(measure) for each in comparisons)
        done, pairs = pairs, next_look(found, half, most)
        yield Look(done, tuple(map(cautious, found)), pairs if pairs > done else 0)


def settled(comparisons: Sequence[Comparison], look: Look) -> list[Comparison]:
    """The comparisons, with the intervals of the measure that decided when to stop."""
    found = {each.measure: each for each in look.found}
    (measure,) = found
    return [
        one._replace(differences=tuple(mine if each.measure == measure else each for each in one.differences))
        for one, mine in zip(comparisons, look.found, strict=True)
    ]


def checked(measure: str | None, half: float) -> str:
    """The name of a measure whose difference is to be known to ``half``.

    Raises:
        InputError: there is no such measure, or ``half`` is no half-width of one.
    """
    known = [*MEASURES, *DURATIONS]
    if measure is None:
        raise InputError("--until needs --measure, the measure that is to be known so well", key="--measure")
    if measure not in known:
        raise InputError(f"unknown measure '{measure}'{nearest(measure, known)}", key="--measure")
    if not (half > 0 and isfinite(half)):
        raise InputError("must be above 0", key="--until")
    if unit(measure) == "share" and half >= 1:
        raise InputError(f"{measure} is a share from 0 to 1: for 2 points give 0.02", key="--until")
    return measure


# --- in words -----------------------------------------------------------------------------------


def sentence(comparison: Comparison, difference: Difference) -> str:
    """What a clear difference says, in words."""
    said = _phrase(
        difference.measure, _size(difference.measure, difference.difference), difference.difference > 0
    )
    ends = sorted((difference.low, difference.high), key=abs)
    low, high = (_size(difference.measure, value) for value in ends)
    enough = "" if isinf(difference.enough) else f"; {_few(difference.enough)} would have been enough"
    return (
        f"{comparison.other} {said} than {comparison.base}"
        f" (95% CI {low} to {high}, {difference.pairs} {comparison.unit}s{enough})."
    )


def over(comparison: Comparison) -> Iterator[str]:
    """What a policy does over a posterior, in words, for the measures that are told in short."""
    for effect in comparison.effects:
        if effect.measure in HEADLINES and isfinite(effect.low) and effect.parameters + effect.luck > 0:
            yield _over(comparison, effect)


def _over(comparison: Comparison, effect: Effect) -> str:
    more, measure = effect.effect > 0, effect.measure
    said = _phrase(measure, _size(measure, effect.effect), more)
    ends = (effect.low, effect.high) if more else (-effect.high, -effect.low)
    low, high = (_plain(measure, value) for value in ends)
    sure = effect.positive if more else 1 - effect.positive
    doubt = f"{100 * effect.share_low:.0f}% to {100 * effect.share_high:.0f}%"
    return (
        f"{comparison.other} {said} than {comparison.base} (95% over the posterior: {low} to {high}; so in"
        f" {_percent(sure)} of it; of the variance of a pair {effect.share:.0%} ({doubt}) is parameters, the"
        " rest chance)."
    )


def _percent(share: float) -> str:
    """A share as one says it who has seen it by a sample."""
    return "more than 99%" if share > 0.99 else "less than 1%" if share < 0.01 else f"{100 * share:.0f}%"


def _few(pairs: float) -> str:
    """A number of pairs; below ten the interval leans on differences being normal."""
    return f"{pairs:,.0f}" if pairs >= FEW else f"fewer than {FEW}"


def unclear(comparison: Comparison) -> Iterator[str]:
    """The measures in which no difference shows, with the pairs it might take, and those without any."""
    rest = [each for each in comparison.differences if not each.clear]
    for told, chosen in (
        ("No clear difference between {} and {}", [each for each in rest if shown(each)]),
        ("The same in all runs of {} and {}", [each for each in rest if not shown(each) and each.pairs]),
        ("Not defined in {} or {}", [each for each in rest if not each.pairs]),
    ):
        names = ", ".join(f"{each.measure}{_wanted(each, comparison.unit)}" for each in chosen)
        if names:
            yield f"{told.format(comparison.other, comparison.base)}: {names}."


def shown(difference: Difference) -> bool:
    """Whether a measure is defined in both scenarios and not the same in all pairs."""
    return difference.deviation > 0 or abs(difference.difference) > 0


def _wanted(difference: Difference, unit: str) -> str:
    return f" ({difference.enough:,.0f} {unit}s needed)" if isfinite(difference.enough) else ""


def gain(comparison: Comparison) -> Iterator[str]:
    """What it brought to run both scenarios at the same seeds."""
    gains = sorted((each.gain, each.measure) for each in comparison.differences if isfinite(each.gain))
    gains = [pair for pair in gains if pair[0] != 1.0] or gains
    if gains:
        (least, where), (most, there), middle = gains[0], gains[-1], gains[len(gains) // 2][0]
        yield (
            f"The same seeds in both are worth {number(middle)} times as many runs as seeds of their own"
            f" (median of the measures; from {number(least)} for {where} to {number(most)} for {there})."
        )


def notes(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """What the numbers are, said once for all comparisons."""
    yield "Shares, and means over cases, are of all runs together; other measures are means of runs."
    if comparisons[0].unit == DRAW:
        yield (
            "Runs at one draw of the posterior are not independent of one another: intervals are over draws,"
            " each with the mean of its runs."
        )
    family = comparisons[0].family
    if family > 1:
        yield f"Of each measure, the {family} intervals hold all at once with 95% confidence."


def looked(look: Look, half: float, unit: str = PAIR) -> str:
    """What a look showed, and what follows from it."""
    measure, widest = look.found[0].measure, max(look.found, key=lambda each: each.half)
    told = f"{look.pairs} {unit}s: {measure} is known to ±{_exact(measure, widest.half)}"
    if isnan(widest.half):
        return f"{told}: it is not defined in these runs"
    if look.following:
        return f"{told}, wanted ±{_exact(measure, half)}; on to {look.following}"
    if widest.half > half:
        wanted = max(each.pairs * (each.half / half) ** 2 for each in look.found)
        return f"{told}, wanted ±{_exact(measure, half)}: that would take about {number(wanted, 0)} {unit}s"
    return f"{told}, as wanted"


def lasting(comparison: Comparison, difference: Difference) -> str:
    """The interval that holds however one came to stop where one did."""
    low, high = always(difference)
    return (
        f"Whatever made you stop there: {difference.measure} of {comparison.other} less {comparison.base}"
        f" lies from {_plain(difference.measure, low)} to {_exact(difference.measure, high)}"
        " with 95% confidence, at this and all earlier looks."
    )


def _exact(measure: str, value: float) -> str:
    kind = unit(measure)
    return f"{_plain(measure, value)} {'points' if kind == 'share' else kind}"


def _plain(measure: str, value: float) -> str:
    return number(value * 100, 2) if unit(measure) == "share" else number(value)


def _size(measure: str, value: float) -> str:
    """The size of a difference, in points where it is one of shares."""
    return number(abs(value) * (100.0 if unit(measure) == "share" else 1.0))


def warnings(scenarios: Sequence[Scenario]) -> Iterator[str]:
    """What makes a comparison of these scenarios unfair."""
    base = scenarios[0]
    for other in scenarios[1:]:
        if (other.start, other.end) != (base.start, base.end):
            yield (
                f"{other.name} runs from {other.start} to {other.end}, {base.name} from {base.start} to"
                f" {base.end}: counts and sums are not of the same length of time"
            )
    yield from differing(scenarios)


#: measure -> what a scenario does, with ``{d}`` for the size of the difference, and the words for
#: more and for less
PHRASES: dict[str, tuple[str, str, str]] = {
    "proposals_received": ("receives {d} proposals {}", "more", "fewer"),
    "poc_started": ("starts {d} POCs {}", "more", "fewer"),
    "poc_completed": ("brings {d} POCs {} to a good end", "more", "fewer"),
    "proposal_to_poc": ("takes a proposal to a POC {d} points {} often", "more", "less"),
    "poc_to_project": ("turns a POC into a project {d} points {} often", "more", "less"),
    "projects": ("puts {d} projects {} into service", "more", "fewer"),
    "topdown_completed": ("completes {d} top-down projects {}", "more", "fewer"),
    "tenders": ("opens {d} tenders {}", "more", "fewer"),
    "first_round_failures": ("sees {d} first rounds {} fail", "more", "fewer"),
    "money_spent": ("spends NT$ {d} m {}", "more", "less"),
    "money_wasted": ("wastes NT$ {d} m {}", "more", "less"),
    "needs_solved": ("solves {d} needs {}", "more", "fewer"),
    "value_delivered": ("delivers NT$ {d} m {} of value", "more", "less"),
    "startup_share": ("has start-ups in its POCs {d} points {} often", "more", "less"),
    "days_to_poc": ("takes {d} days {} to reach a POC", "more", "less"),
    "median_days_to_poc": ("has a median time to a POC that is {d} days {}", "longer", "shorter"),
    "median_days_to_service": ("has a median time to service that is {d} days {}", "longer", "shorter"),
    "loss_financial": ("has a share of financial losses {d} points {}", "higher", "lower"),
    "loss_technical": ("has a share of technical losses {d} points {}", "higher", "lower"),
    "loss_administrative": ("has a share of administrative losses {d} points {}", "higher", "lower"),
    "market_operators": ("launches {d} services {} without a purchase", "more", "fewer"),
    "ordinances": ("puts {d} ordinances {} in force", "more", "fewer"),
    "market_value": ("gets NT$ {d} m {} from services that citizens pay for", "more", "less"),
    "market_income": ("lets vendors earn NT$ {d} m {} with services that citizens pay for", "more", "less"),
    "waste_share": ("wastes a part of its money {d} points {}", "higher", "lower"),
    "service_fit": ("has services whose fit is {d} {}", "higher", "lower"),
    "pilots_stuck": ("leaves {d} good POCs {} without a contract", "more", "fewer"),
    "stuck_share": ("leaves a good POC without a contract {d} points {} often", "more", "less"),
    "ended_poc_to_service": ("brings an ended POC into service {d} points {} often", "more", "less"),
    "survival_2y": ("keeps a service for two years {d} points {} often", "more", "less"),
    "days_to_build": ("takes {d} days {} to build a service", "more", "less"),
    "hosted_share": ("has departments agree to a POC {d} points {} often", "more", "less"),
    "stopped_by_law": ("loses a proposal to the law {d} points {} often", "more", "less"),
    "fields_opened": ("opens {d} test fields {}", "more", "fewer"),
    "startup_contracts": ("gives a contract to a start-up {d} points {} often", "more", "less"),
    "own_awards": ("gives a tender to the vendor of the POC {d} points {} often", "more", "less"),
    "price_paid": ("pays NT$ {d} m {} for a contract", "more", "less"),
    "startups_failed": ("sees a start-up fail {d} points {} often", "more", "less"),
    "problem_to_poc": ("takes a published problem to a POC {d} points {} often", "more", "less"),
    "vendor_cost": ("costs vendors NT$ {d} m {} for POCs and bids", "more", "less"),
}


def _phrase(measure: str, size: str, more: bool) -> str:
    kind = "points" if unit(measure) == "share" else unit(measure)
    form, up, down = PHRASES.get(measure, (f"has {measure} {{d}} {kind} {{}}", "higher", "lower"))
    return form.format(up if more else down, d=size)

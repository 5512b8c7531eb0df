"""Hold-out validation: the model against figures and signs that nothing was fitted to.

Figures held out are those of Taipei's target file that say so, and the numbers that sources give of
programmes in other places; of these the scenario takes over rules and the design of calls, and the
behaviour stays that of Taipei. Each is held against its predictive distribution
(:mod:`analysis.predictive`): runs are looked at on the day on which the source counted, open cases
included. Signs are those that sources claim of patterns, each tested over the draws of a posterior
(:mod:`analysis.signs`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.predictive import Figure, Foreseen, Relation, figure_of, foreseen
from analysis.signs import Sign, sign
from analysis.statistics import LEVEL
from experiments import store
from experiments.claims import Claim, Claims
from experiments.systems import Gathered, Gathering
from sim.errors import ScenarioError
from sim.observed import Target, observed
from sim.posterior import Posterior, available, posterior
from sim.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

    from analysis.tables import Tables
    from experiments.runner import Batch

#: the scenario of which behaviour is fitted, and its place
HOME, HOME_PLACE = "taipei_2016_2021", "Taipei"

#: scenarios of programmes elsewhere -> where that is
PLACES = {
    "barcelona_urban_lab": "Barcelona",
    "urban_innovation_japan": "Japan",
    "tech4muni": "Tech4Muni",
}

#: the posterior that figures are foreseen under, where it is there and no other is asked for
POSTERIOR = "taipei_m1"
#: asked for to run the default numbers alone
NO_POSTERIOR = "none"

#: figures of one series, told by several sources or on several days
SERIES = ("T02a", "T03a", "S05", "T06", "S50")


class Held(NamedTuple):
    """A figure that was held out.

    Attributes:
        place: the city or programme that it is of.
        scenario: name of the scenario that is held against it.
        target: id, measure, channel and day on which runs are looked at.
        figure: what is known of the number.
        reading: the way of reading the sources under which it holds: M1, M2 or both.
        source: ids of sources.
        told: day up to which the source counted; None where it does not say.
    """

    place: str
    scenario: str
    target: Target
    figure: Figure
    reading: str
    source: str
    told: date | None

    @property
    def id(self) -> str:
        """Its id, unique among all."""
        return self.target.id


class Row(NamedTuple):
    """A held-out figure, and what the model foresees of it."""

    held: Held
    found: Foreseen


class SignRow(NamedTuple):
    """A claim on a sign, and the effect that the model gives."""

    claim: Claim
    found: Sign


@dataclass(frozen=True)
class Seen:
    """What runs showed.

    Attributes:
        figures: one row a run and held-out figure: scenario, seed, id, value, of.
        gathered: measures of every run, for signs.
    """

    figures: pd.DataFrame
    gathered: Gathered


@dataclass(frozen=True)
class Judged:
    """Everything that hold-out validation says.

    Attributes:
        rows: held-out figures, perhaps none.
        signs: signs of patterns, perhaps none.
        drawn: the posterior of the runs, or None.
        seeds: of the runs of each scenario.
        seen: what the runs showed.
    """

    rows: Sequence[Row]
    signs: Sequence[SignRow]
    drawn: Posterior | None
    seeds: range
    seen: Seen


# --- what is held out ---------------------------------------------------------------------------


def held(known: Claims) -> tuple[Held, ...]:
    """All figures that were held out, Taipei's first, then place by place."""
    home = known.worlds[HOME]
    own = [_own(target, home) for target in observed(home.observed or "") if target.use == "hold-out"]
    numbers = [claim for claim in known.all if claim.sign is None and claim.scenario in PLACES]
    order = list(PLACES)
    numbers.sort(key=lambda claim: order.index(claim.scenario))
    return (*own, *(_elsewhere(claim, known.worlds[claim.scenario]) for claim in numbers))


def signs(known: Claims) -> tuple[Claim, ...]:
    """The claims on the sign of a pattern, pattern by pattern."""
    found = [claim for claim in known.all if claim.sign is not None and claim.pattern is not None]
    return tuple(sorted(found, key=lambda claim: claim.pattern or 0))


def _own(target: Target, home: Scenario) -> Held:
    figure = figure_of(target)
    early = target.relation == "share" and target.date <= home.start  # of another time: seen at the end
    seen = target.model_copy(update={"date": home.end}) if early else target
    return Held(HOME_PLACE, HOME, seen, figure, target.reading, target.source, target.date)


def _elsewhere(claim: Claim, world: Scenario) -> Held:
    share = claim.of is not None
    relation: Relation = "range" if claim.value is None else "share" if share else claim.relation
    low, high = (claim.low, claim.high) if claim.value is None else (claim.value, claim.value)
    if relation == "more_than":
        high = inf
    value = claim.value if claim.value is not None else ((low or 0) + (high or 0)) / 2
    figure = Figure(relation, value, claim.of, float(low or 0), float(high or 0))
    day = min(claim.date or world.end, world.end)
    seen = Target.model_construct(
        id=claim.id,
        measure=claim.measure,
        relation="share" if share else "about",
        value=value,
        date=day,
        use="hold-out",
        source=claim.source,
        note=claim.says,
    )
    return Held(PLACES[claim.scenario], claim.scenario, seen, figure, "both", claim.source, claim.date)


def worlds(
    known: Claims, figures: Sequence[Held], asked: Sequence[Claim], drawn: Posterior | None
) -> list[Scenario]:
    """The scenarios that figures and claims on signs need, under a posterior, in the order of first use."""
    names = [each.scenario for each in figures]
    names += [name for claim in asked for name in (claim.scenario, claim.other[0])]
    return [known.worlds[name].under(drawn) for name in dict.fromkeys(names)]


def chosen(name: str | None) -> Posterior | None:
    """The posterior of that name; unless given the shipped one of Taipei, if there is one.

    Raises:
        ScenarioError: there is no such posterior.
    """
    if name is None:
        return posterior(POSTERIOR) if POSTERIOR in available() else None
    if name == NO_POSTERIOR:
        return None
    try:
        return posterior(name)
    except ScenarioError as error:
        raise ScenarioError(
            error.problem, file=error.file, line=error.line, key=error.key or "--posterior"
        ) from None


# --- what runs show -----------------------------------------------------------------------------


class Watching:
    """Takes what is asked of batches of runs, so that their tables need not be kept."""

    def __init__(self, figures: Sequence[Held]) -> None:
        self._figures, self._parts, self._gathering = figures, list["pd.DataFrame"](), Gathering()

    def take(self, batch: Batch) -> Batch:
        """The batch without its tables, once they were looked at."""
        if batch.tables is not None:
            self._parts.append(seen(batch.tables, self._figures))
        return self._gathering.take(batch)

    def seen(self) -> Seen:
        """All that was taken."""
        import pandas as pd

        return Seen(pd.concat(self._parts, ignore_index=True), self._gathering.gathered())


def seen(tables: Tables, figures: Sequence[Held]) -> pd.DataFrame:
    """What each run shows of the figures held against its scenario: scenario, seed, id, value, of."""
    import pandas as pd

    from analysis.tables import of_scenario

    found = [pd.DataFrame({"scenario": [], "seed": [], "id": [], "value": [], "of": []})]
    for name in tables.runs["scenario"].astype(str).unique():
        own = [each.target for each in figures if each.scenario == name]
        found += _long(of_scenario(tables, name), own, name) if own else []
    kept = [part for part in found if len(part)] or found
    return pd.concat(kept, ignore_index=True)


def _long(tables: Tables, own: Sequence[Target], name: str) -> list[pd.DataFrame]:
    from analysis import targets

    wide = targets.seen(tables, own)
    return [
        wide[["seed"]].assign(scenario=name, id=each.id, value=wide[each.id], of=wide[f"{each.id}.of"])
        for each in own
    ]


# --- judging ------------------------------------------------------------------------------------


def judged(
    seen: Seen, figures: Sequence[Held], asked: Sequence[Claim], drawn: Posterior | None, seeds: range
) -> Judged:
    """Figures and signs beside what the runs showed."""
    return Judged(judge(figures, seen.figures), judge_signs(asked, seen.gathered, drawn), drawn, seeds, seen)


def judge(figures: Sequence[Held], found: pd.DataFrame, level: float = LEVEL) -> list[Row]:
    """Each figure beside its predictive distribution."""
    rows = []
    for each in figures:
        mine = found[(found["id"] == each.id) & (found["scenario"] == each.scenario)]
        wholes = None if each.figure.of is None or mine["of"].isna().all() else mine["of"].fillna(0)
        rows.append(Row(each, foreseen(each.figure, mine["value"], wholes, level=level)))
    return rows


def judge_signs(
    asked: Sequence[Claim], found: Gathered, drawn: Posterior | None, level: float = LEVEL
) -> list[SignRow]:
    """Each claim beside the effect over the draws of a posterior."""
    return [SignRow(claim, _effect(claim, found, drawn, level)) for claim in asked]


def _effect(claim: Claim, found: Gathered, drawn: Posterior | None, level: float) -> Sign:
    base = found.contributions(*claim.other)
    effects = (found.contributions(claim.scenario, claim.measure) - base).dropna()
    points = [0 if drawn is None else drawn.place(int(seed)) for seed in effects.index]
    return sign(effects.to_numpy(dtype=float), points, 1 if claim.sign == "more" else -1, level)


# --- tables and stores --------------------------------------------------------------------------


def table(rows: Sequence[Row]) -> pd.DataFrame:
    """One row a figure: what it is, what was observed, what the model foresees, the verdict."""
    import pandas as pd

    return pd.DataFrame([{**_told(row.held), **row.found._asdict()} for row in rows])


def _told(each: Held) -> dict[str, Any]:
    from analysis.targets import unit

    target, figure = each.target, each.figure
    names = {"measure": target.measure, "of_measure": target.of, "channel": target.channel}
    told = {"relation": figure.relation, "observed": figure.value, "cases": figure.of}
    ends = {"told_low": figure.low, "told_high": figure.high, "unit": unit(target)}
    days = {"told": each.told, "seen": target.date}
    about = {"reading": each.reading, "source": each.source}
    return {
        "id": each.id,
        "place": each.place,
        "scenario": each.scenario,
        **names,
        **days,
        **told,
        **ends,
        **about,
    }


def sign_table(rows: Sequence[SignRow]) -> pd.DataFrame:
    """One row a claim: the claim, the effect, the verdict."""
    import pandas as pd

    names = ("id", "pattern", "scenario", "base", "measure", "than", "sign", "says", "source")
    return pd.DataFrame(
        [{**{name: getattr(row.claim, name) for name in names}, **row.found._asdict()} for row in rows]
    )


def fill(folder: Path, judged: Judged, about: Mapping[str, Any]) -> dict[str, Any]:
    """Write tables into the folder of a store; return what its manifest is to say."""
    gathered = judged.seen.gathered
    tables = {"outcomes": gathered.outcomes, "wholes": gathered.wholes}
    if judged.rows:
        table(judged.rows).to_csv(folder / "validation.csv", index=False)
        tables["seen"] = judged.seen.figures
    if judged.signs:
        sign_table(judged.signs).to_csv(folder / "signs.csv", index=False)
    return {**about, "tables": store.save(folder, tables)}

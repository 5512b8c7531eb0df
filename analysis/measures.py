"""The measures of a run. Each is a function of tables that gives one value a run.

To add a measure, write such a function and add a line to ``MEASURES``; the command line, the run
store, the comparisons and the tests go through that registry. Outside packages add measures by the entry
point ``cityfunnel.measures``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.tables import Floats, Mask, Rows, Tables, is_
from sim.calendar import YEAR
from sim.plugins import outside
from sim.stages import BEFORE_POC

if TYPE_CHECKING:
    import pandas as pd

#: the reasons that each of the source's three families of difficulties covers
FAMILIES = {
    "financial": ("financial",),
    "technical": ("technical", "misfit"),
    "administrative": ("administrative", "regulatory", "political"),
}

#: purposes of payments with which a department spends the city's money
CITY_MONEY = ("poc grant", "small purchase", "contract")
#: those with which it buys something that ought to work
PURCHASES = ("small purchase", "contract")

#: verdicts of a final review that judge a POC feasible
FEASIBLE = ("tender", "small_purchase", "no_follow_up")


@dataclass(frozen=True)
class Measure:
    """A number that a run gives.

    Attributes:
        name: its key in ``MEASURES`` and its column in the table of outcomes.
        meaning: what it counts, in one line.
        unit: its unit.
        function: from tables to an array of one value a run, in the order of ``tables.runs``;
            NaN where it is not defined.
    """

    name: str
    meaning: str
    unit: str
    function: Callable[[Tables], Floats]


def outcomes(tables: Tables) -> pd.DataFrame:
    """One row a run: scenario, seed, then every measure in the order of ``MEASURES``."""
    values = {name: measure.function(tables) for name, measure in MEASURES.items()}
    return tables.runs[["scenario", "seed"]].assign(**values)


def count(tables: Tables, cases: Mask) -> Floats:
    """How many of the chosen cases (a mask over ``tables.cases``) each run has."""
    return _sums(tables, tables.run_of_case[cases])


def count_events(tables: Tables, events: Mask) -> Floats:
    """How many of the chosen events (a mask over ``tables.events``) each run has."""
    return _sums(tables, tables.run_of_event[events])


def total(tables: Tables, events: Mask) -> Floats:
    """The sum of the amounts of the chosen events (a mask over ``tables.events``) in each run."""
    return _sums(tables, tables.run_of_event[events], tables.events["amount"].to_numpy()[events])


def share(part: Floats, whole: Floats) -> Floats:
    """Part by whole, NaN where the whole is 0."""
    return np.asarray(np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0))


def reached(tables: Tables, stage: str) -> Mask:
    """Which cases ever entered a stage."""
    return tables.reached[stage].notna().to_numpy()


def completed(tables: Tables) -> Mask:
    """Which cases had a POC that a final review judged feasible."""
    final = _told(tables, "review") & is_(tables.events["origin"], "final")
    return _about(tables, final & is_(tables.events["target"], *FEASIBLE))


def wasted(tables: Tables) -> Mask:
    """Which cases' purchases were for nothing: in service without solving the need, or closed before.

    A small purchase is not wasted where a rival then won the contract; the contract's own fate counts.
    """
    useless = _about(tables, _told(tables, "unsolved"))
    won = tables.reached_by_any["contract"].notna().to_numpy() & ~reached(tables, "contract")
    return useless | (reached(tables, "closed") & ~reached(tables, "deployed") & ~won)


def payments(tables: Tables, *purposes: str) -> Mask:
    """Which events are payments with one of these purposes."""
    return _told(tables, "payment") & is_(tables.events["reason"], *purposes)


def _proposals_received(tables: Tables) -> Floats:
    return count(tables, reached(tables, "submitted"))


def _poc_started(tables: Tables) -> Floats:
    return count(tables, reached(tables, "poc"))


def _poc_completed(tables: Tables) -> Floats:
    return count(tables, completed(tables))


def _proposal_to_poc(tables: Tables) -> Floats:
    return share(_poc_started(tables), _proposals_received(tables))


def _poc_to_project(tables: Tables) -> Floats:
    deployed = tables.reached_by_any["deployed"].notna().to_numpy()
    return share(count(tables, reached(tables, "poc") & deployed), _poc_started(tables))


def _projects(tables: Tables) -> Floats:
    return count(tables, reached(tables, "deployed"))


def _topdown_completed(tables: Tables) -> Floats:
    return count(tables, reached(tables, "deployed") & is_(tables.channel, "top_down"))


def _tenders(tables: Tables) -> Floats:
    return _first_rounds(tables, "opened")


def _first_round_failures(tables: Tables) -> Floats:
    return _first_rounds(tables, "failed")


def _first_rounds(tables: Tables, result: str) -> Floats:
    first = _told(tables, "round") & is_(tables.events["origin"], "first")
    return count_events(tables, first & is_(tables.events["target"], result))


def _money_spent(tables: Tables) -> Floats:
    return total(tables, payments(tables, *CITY_MONEY))


def _money_wasted(tables: Tables) -> Floats:
    about = tables.case_of_event
    return total(tables, payments(tables, *PURCHASES) & (about >= 0) & wasted(tables)[about])


def _needs_solved(tables: Tables) -> Floats:
    solved = tables.events.loc[_told(tables, "solved"), ["city", "origin"]].astype(str)
    needs = solved.assign(run=tables.run_of_event[solved.index]).drop_duplicates()
    return _sums(tables, needs["run"].to_numpy())


def _value_delivered(tables: Tables) -> Floats:
    solved = _told(tables, "solved")
    begin, end = service(tables, solved)
    value = tables.events["amount"].to_numpy()[solved] * (end - begin) / YEAR
    return _sums(tables, tables.run_of_event[solved], value)


def service(tables: Tables, solved: Mask) -> tuple[Floats, Floats]:
    """From when to when (days) each ``solved`` event chosen gives its benefit, as far as it is seen."""
    ends = np.append(tables.reached["abandoned"].to_numpy(), np.nan)[tables.case_of_event[solved]]
    seen = tables.runs["days"].to_numpy()[tables.run_of_event[solved]]
    return tables.events["time"].to_numpy()[solved], np.fmin(ends, seen)


def _startup_share(tables: Tables) -> Floats:
    startups = reached(tables, "poc") & is_(tables.cases["vendor_kind"], "startup")
    return share(count(tables, startups), _poc_started(tables))


def _days_to_poc(tables: Tables) -> Floats:
    started = reached(tables, "poc")
    days = (tables.reached["poc"] - tables.reached["submitted"]).to_numpy()[started]
    return share(_sums(tables, tables.run_of_case[started], days), _poc_started(tables))


def _loss(family: str) -> Callable[[Tables], Floats]:
    def loss(tables: Tables) -> Floats:
        lost = is_(tables.last["target"], "closed") & is_(tables.last["origin"], *sorted(BEFORE_POC))
        why = is_(tables.last["reason"], *FAMILIES[family])
        return share(count(tables, lost & why), count(tables, lost))

    return loss


def _told(tables: Tables, kind: str) -> Mask:
    return is_(tables.events["kind"], kind)


def _about(tables: Tables, events: Mask) -> Mask:
    """The cases that the chosen events are about."""
    chosen = np.zeros(len(tables.cases) + 1, dtype=bool)  # the last place takes events about no case
    chosen[tables.case_of_event[events]] = True
    return chosen[:-1]


def _sums(tables: Tables, run: Rows, amounts: Floats | None = None) -> Floats:
    return np.bincount(run, weights=amounts, minlength=len(tables.runs)).astype(float)


#: name -> measure, in the order in which tables show them
MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("proposals_received", "proposals submitted, all channels", "proposals", _proposals_received),
        Measure("poc_started", "POCs started", "POCs", _poc_started),
        Measure("poc_completed", "POCs that the final review judged feasible", "POCs", _poc_completed),
        Measure("proposal_to_poc", "POCs started by proposals received", "share", _proposal_to_poc),
        Measure(
            "poc_to_project", "POCs whose solution, or a rival's, went into service", "share", _poc_to_project
        ),
        Measure("projects", "projects in service, all channels", "projects", _projects),
        Measure(
            "topdown_completed", "projects in service from top-down work", "projects", _topdown_completed
        ),
        Measure("tenders", "calls for tenders opened", "tenders", _tenders),
        Measure(
            "first_round_failures",
            "calls whose first round had too few bidders",
            "tenders",
            _first_round_failures,
        ),
        Measure("money_spent", "city's money for grants, small purchases, contracts", "NT$ m", _money_spent),
        Measure("money_wasted", "city's money for purchases that solved nothing", "NT$ m", _money_wasted),
        Measure("needs_solved", "needs solved at some time", "needs", _needs_solved),
        Measure("value_delivered", "value of solved needs until the end", "NT$ m", _value_delivered),
        Measure("startup_share", "share of start-ups in POCs started", "share", _startup_share),
        Measure(
            "days_to_poc", "mean time from proposal to POC, of those that got there", "days", _days_to_poc
        ),
        Measure("loss_financial", "share of losses before the POC: money", "share", _loss("financial")),
        Measure(
            "loss_technical", "share of losses before the POC: readiness or fit", "share", _loss("technical")
        ),
        Measure(
            "loss_administrative",
            "share of losses before the POC: permits, law, backing",
            "share",
            _loss("administrative"),
        ),
    )
}
MEASURES |= outside("cityfunnel.measures", MEASURES)

"""The measures of a run. Each is a function of tables that gives one value a run.

To add a measure, write such a function and add a line to ``MEASURES``; the command line, the run
store, the comparisons and the tests go through that registry. Outside packages add measures by the entry
point ``cityfunnel.measures``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis.tables import Floats, Mask, Rows, Tables, coded, is_
from sim.calendar import YEAR
from sim.plugins import outside
from sim.stages import BEFORE_POC, ENDS, IN_SERVICE

if TYPE_CHECKING:
    import pandas as pd

#: the reasons that each of the source's three families of difficulties covers
FAMILIES = {
    "financial": ("financial",),
    "technical": ("technical", "misfit"),
    "administrative": ("administrative", "regulatory", "political"),
}

#: purposes of payments with which a department spends the city's money
CITY_MONEY = ("poc grant", "small purchase", "development", "contract", "result", "gain share", "takeover")
#: those with which it buys something that ought to work
PURCHASES = ("small purchase", "contract")
#: that with which a vendor gives money back for a service that does not work
REFUND = "refund"

#: verdicts of a final review that judge a POC feasible
FEASIBLE = ("tender", "small_purchase", "no_follow_up", "launch")

#: days after which a service counts as lasting, and that the way from a passed POC to a contract is given
LASTING, SETTLING = 2 * YEAR, YEAR

#: channels in which the city says first what it needs, those among them with calls, and the others
CALLED = ("problem_led", "challenge")
ASKED = ("top_down", *CALLED)
OFFERED = ("bottom_up", "pitch")

#: purposes of payments that vendors make before they know whether they sell anything
EFFORT = ("poc cost", "bid cost")

#: purposes of payments with which an operator pays for a service that citizens buy
OPERATION = ("launch cost", "running cost", "registration")


class Duration(NamedTuple):
    """A time that cases take from submission to a stage, of those that get there."""

    stage: str
    meaning: str


#: name of its median -> time
DURATIONS = {
    "median_days_to_poc": Duration("poc", "median time from proposal to POC, of those that got there"),
    "median_days_to_service": Duration(
        "deployed", "median time from proposal to service, a rival's included, of those that got there"
    ),
}


@dataclass(frozen=True)
class Measure:
    """A number that a run gives.

    Attributes:
        name: its key in ``MEASURES`` and its column in the table of outcomes.
        meaning: what it counts, in one line.
        unit: its unit.
        function: from tables to an array of one value a run, in the order of ``tables.runs``;
            NaN where it is not defined.
        whole: of a share, or a mean over cases, how many cases it is a share of, as another such
            function; so that several runs can be taken together.
    """

    name: str
    meaning: str
    unit: str
    function: Callable[[Tables], Floats]
    whole: Callable[[Tables], Floats] | None = None


def outcomes(tables: Tables) -> pd.DataFrame:
    """One row a run: scenario, seed, then every measure in the order of ``MEASURES``."""
    values = {name: measure.function(tables) for name, measure in MEASURES.items()}
    return tables.runs[["scenario", "seed"]].assign(**values)


def wholes(tables: Tables) -> pd.DataFrame:
    """One row a run: scenario, seed, then for each measure that is a share what it is a share of."""
    values = {name: measure.whole(tables) for name, measure in MEASURES.items() if measure.whole}
    return tables.runs[["scenario", "seed"]].assign(**values)


def durations(tables: Tables) -> pd.DataFrame:
    """One row a case and time that it took: scenario, seed, time (a name in ``DURATIONS``), days."""
    import pandas as pd

    begun = tables.reached["submitted"].to_numpy()
    parts = list[pd.DataFrame]()
    for name, duration in DURATIONS.items():
        days = tables.reached_by_any[duration.stage].to_numpy() - begun
        there = tables.cases.loc[~np.isnan(days), ["scenario", "seed"]]
        parts.append(there.assign(time=name, days=days[~np.isnan(days)]))
    return pd.concat(parts, ignore_index=True)


def unit(name: str) -> str:
    """The unit of a measure, or of the median of a time."""
    return "days" if name in DURATIONS else MEASURES[name].unit


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
    return total(tables, payments(tables, *CITY_MONEY)) - total(tables, payments(tables, REFUND))


def _money_wasted(tables: Tables) -> Floats:
    about = tables.case_of_event
    useless = (about >= 0) & wasted(tables)[about]
    paid, back = payments(tables, *PURCHASES), payments(tables, REFUND)
    return total(tables, paid & useless) - total(tables, back & useless)


def _needs_solved(tables: Tables) -> Floats:
    run, *_ = _named(tables, _told(tables, "solved"), "city", "origin")
    return _sums(tables, run)


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
        why = is_(tables.last["reason"], *FAMILIES[family])
        return share(count(tables, _lost(tables) & why), _losses(tables))

    return loss


def _losses(tables: Tables) -> Floats:
    return count(tables, _lost(tables))


def _lost(tables: Tables) -> Mask:
    """Cases that ended before the POC."""
    return is_(tables.last["target"], "closed") & is_(tables.last["origin"], *sorted(BEFORE_POC))


def _market_operators(tables: Tables) -> Floats:
    return count(tables, reached(tables, "launched"))


def _ordinances(tables: Tables) -> Floats:
    return count_events(tables, _told(tables, "ordinance") & is_(tables.events["target"], "in force"))


def _market_value(tables: Tables) -> Floats:
    return _lasting(tables, "benefit") - _lasting(tables, "nuisance")


def _market_income(tables: Tables) -> Floats:
    return total(tables, payments(tables, "market income")) - total(tables, payments(tables, *OPERATION))


def _lasting(tables: Tables, kind: str) -> Floats:
    """What yearly amounts come to that events of a kind tell of each need, each until it is told anew."""
    chosen = _told(tables, kind)
    if not chosen.any():
        return _sums(tables, tables.run_of_event[chosen])
    told = tables.events.loc[chosen, ["city", "origin"]].astype(str)
    run, time = tables.run_of_event[chosen], tables.events["time"].to_numpy()[chosen]
    following = told.assign(run=run, time=time).groupby(["run", "city", "origin"])["time"].shift(-1)
    end = np.where(following.isna(), tables.runs["days"].to_numpy()[run], following)
    amount = tables.events["amount"].to_numpy()[chosen]
    return _sums(tables, run, amount * (end - time) / YEAR)


# --- what becomes of POCs, purchases and services ------------------------------------------------


def _waste_share(tables: Tables) -> Floats:
    return share(_money_wasted(tables), _money_spent(tables))


def _service_fit(tables: Tables) -> Floats:
    served = _fitted(tables)
    fit = tables.cases["fit"].to_numpy(dtype=float)[served]
    return share(_sums(tables, tables.run_of_case[served], fit), count(tables, served))


def _fitted(tables: Tables) -> Mask:
    """Cases in service whose fit with the need is known."""
    return reached(tables, "deployed") & tables.cases["fit"].notna().to_numpy()


def _fitted_services(tables: Tables) -> Floats:
    return count(tables, _fitted(tables))


def _passed(tables: Tables) -> Mask:
    """Cases whose POC was judged feasible ``SETTLING`` days before the end at the latest."""
    final = _told(tables, "review") & is_(tables.events["origin"], "final")
    good = final & is_(tables.events["target"], *FEASIBLE)
    return _about(tables, good & (_to_come(tables) >= SETTLING))


def _to_come(tables: Tables) -> Floats:
    """Days from each event to the end of its run."""
    return np.asarray(tables.runs["days"].to_numpy()[tables.run_of_event] - tables.events["time"].to_numpy())


def _passed_pocs(tables: Tables) -> Floats:
    return count(tables, _passed(tables))


def _stuck_share(tables: Tables) -> Floats:
    return share(_pilots_stuck(tables), _passed_pocs(tables))


def _pilots_stuck(tables: Tables) -> Floats:
    onward = _reached_by_any(tables, "contract") | reached(tables, "launched")
    return count(tables, _passed(tables) & ~onward)


def _reached_by_any(tables: Tables, stage: str) -> Mask:
    return tables.reached_by_any[stage].notna().to_numpy()


def _ended_poc(tables: Tables) -> Mask:
    """Cases whose POC has come to an end."""
    told = _told(tables, "review") & ~is_(tables.events["target"], "continue", "extend")
    return _about(tables, told) & reached(tables, "poc")


def _ended_pocs(tables: Tables) -> Floats:
    return count(tables, _ended_poc(tables))


def _ended_poc_to_service(tables: Tables) -> Floats:
    served = _reached_by_any(tables, "deployed") | reached(tables, "launched")
    return share(count(tables, _ended_poc(tables) & served), _ended_pocs(tables))


def _survival(*channels: str) -> tuple[Callable[[Tables], Floats], Callable[[Tables], Floats]]:
    """Share of services of some channels that last ``LASTING`` days, and of how many that is the share."""

    def seen(tables: Tables) -> Mask:
        begin = tables.reached["deployed"].to_numpy()
        ends = tables.runs["days"].to_numpy()[tables.run_of_case]
        chosen = is_(tables.channel, *channels) if channels else np.ones(len(begin), dtype=bool)
        return np.asarray((begin + LASTING <= ends) & chosen)

    def lasted(tables: Tables) -> Floats:
        life = (tables.reached["abandoned"] - tables.reached["deployed"]).to_numpy()
        return share(count(tables, seen(tables) & ~(life < LASTING)), count(tables, seen(tables)))

    return lasted, lambda tables: count(tables, seen(tables))


# --- challenges, time, regulation, firms ---------------------------------------------------------


def _calls(tables: Tables, *results: str) -> Mask:
    return _told(tables, "call") & is_(tables.events["target"], *results)


def _published(tables: Tables) -> Floats:
    return total(tables, _calls(tables, "opened"))


def _problem_to_poc(tables: Tables) -> Floats:
    asked = is_(tables.cases["channel"], *CALLED)
    return share(count(tables, reached(tables, "poc") & asked), _published(tables))


def _events_held(tables: Tables) -> Floats:
    return count_events(tables, _calls(tables, "accepted"))


def _accepted(tables: Tables) -> Floats:
    return total(tables, _calls(tables, "accepted"))


def _challenge_applicants(tables: Tables) -> Floats:
    applied = total(tables, _calls(tables, "closed") & is_(tables.events["actor"], "challenge"))
    return share(applied, _events_held(tables))


def _challenge_meetings(tables: Tables) -> Floats:
    return share(total(tables, _calls(tables, "met")), _accepted(tables))


def _challenge_pocs(tables: Tables) -> Floats:
    return count(tables, reached(tables, "poc") & is_(tables.cases["channel"], "challenge"))


def _challenge_days(tables: Tables) -> Floats:
    """Mean days from the beginning of a programme to the POCs that come of it."""
    cases = reached(tables, "poc") & is_(tables.cases["channel"], "challenge")
    run, calls = tables.run_of_case[cases], _calls(tables, "begun")
    length = float(tables.runs["days"].max()) + 1
    begun = np.sort(tables.run_of_event[calls] * length + tables.events["time"].to_numpy()[calls])
    applied = run * length + tables.reached["submitted"].to_numpy()[cases]
    started = run * length + tables.reached["poc"].to_numpy()[cases]
    days = started - begun[np.searchsorted(begun, applied, side="right") - 1] if len(begun) else started
    return share(_sums(tables, run, days), count(tables, cases))


def _days_to_build(tables: Tables) -> Floats:
    built = reached(tables, "deployed") & reached(tables, "contract")
    days = (tables.reached["deployed"] - tables.reached["contract"]).to_numpy()[built]
    return share(_sums(tables, tables.run_of_case[built], days), _built(tables))


def _built(tables: Tables) -> Floats:
    return count(tables, reached(tables, "deployed") & reached(tables, "contract"))


def _hosted_share(tables: Tables) -> Floats:
    yes = _told(tables, "decision") & is_(tables.events["target"], "hosts")
    return share(count_events(tables, yes), _decisions(tables))


def _decisions(tables: Tables) -> Floats:
    return count_events(tables, _told(tables, "decision"))


def _stopped_by_law(tables: Tables) -> Floats:
    law = _lost(tables) & is_(tables.last["reason"], "regulatory")
    return share(count(tables, law), _proposals_received(tables))


def _barrier_pocs(tables: Tables) -> Floats:
    return count(tables, reached(tables, "poc") & (tables.cases["barrier"].to_numpy(dtype=float) > 0))


def _fields_opened(tables: Tables) -> Floats:
    return count_events(tables, _told(tables, "field") & is_(tables.events["target"], "open"))


def _contracts(tables: Tables) -> Floats:
    return count(tables, reached(tables, "contract"))


def _startup_contracts(tables: Tables) -> Floats:
    won = reached(tables, "contract") & is_(tables.cases["vendor_kind"], "startup")
    return share(count(tables, won), _contracts(tables))


def _price_paid(tables: Tables) -> Floats:
    awards = _told(tables, "award")
    return share(total(tables, awards), count_events(tables, awards))


def _awards(tables: Tables) -> Floats:
    return count_events(tables, _told(tables, "award"))


def _own_awards(tables: Tables) -> Floats:
    own = _told(tables, "award") & is_(tables.events["reason"], "own")
    return share(count_events(tables, own), _awards(tables))


def _startups(tables: Tables) -> Floats:
    return count_events(tables, _told(tables, "enter") & is_(tables.events["reason"], "startup"))


def _startups_failed(tables: Tables) -> Floats:
    entered = _told(tables, "enter") & is_(tables.events["reason"], "startup")
    gone = _told(tables, "leave")
    young, left = (_named(tables, events, "actor") for events in (entered, gone))
    both = np.concatenate([young, left], axis=1)
    (run, _), times = np.unique(both, axis=1, return_counts=True)
    return share(_sums(tables, run[times == 2]), _startups(tables))


def _named(tables: Tables, events: Mask, *columns: str) -> Rows:
    """Run of the chosen events, and numbers for their words in some columns: each combination once."""
    words = (coded(tables.events[column])[0][events] for column in columns)
    return np.unique(np.array([tables.run_of_event[events], *words], dtype=np.intp), axis=1)


def _inherited(tables: Tables) -> Mask:
    """Cases between POC and service on the day of the first election, those dropped that day included."""
    election = np.full(len(tables.runs), np.inf)
    held = _told(tables, "election")
    np.minimum.at(election, tables.run_of_event[held], tables.events["time"].to_numpy()[held])
    day = election[tables.run_of_case]
    ended = np.fmin.reduce([tables.reached[name].to_numpy() for name in (*IN_SERVICE, *ENDS)])
    return np.asarray(np.isfinite(day) & (tables.reached["poc"].to_numpy() <= day) & ~(ended < day))


def _inherited_projects(tables: Tables) -> Floats:
    return count(tables, _inherited(tables))


def _inherited_completed(tables: Tables) -> Floats:
    served = _reached_by_any(tables, "deployed") | reached(tables, "launched")
    return share(count(tables, _inherited(tables) & served), _inherited_projects(tables))


def _vendor_cost(tables: Tables) -> Floats:
    return total(tables, payments(tables, *EFFORT)) - total(tables, payments(tables, "poc grant"))


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
        Measure(
            "proposal_to_poc",
            "POCs started by proposals received",
            "share",
            _proposal_to_poc,
            _proposals_received,
        ),
        Measure(
            "poc_to_project",
            "POCs whose solution, or a rival's, went into service",
            "share",
            _poc_to_project,
            _poc_started,
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
        Measure("startup_share", "share of start-ups in POCs started", "share", _startup_share, _poc_started),
        Measure(
            "days_to_poc",
            "mean time from proposal to POC, of those that got there",
            "days",
            _days_to_poc,
            _poc_started,
        ),
        Measure(
            "loss_financial", "share of losses before the POC: money", "share", _loss("financial"), _losses
        ),
        Measure(
            "loss_technical",
            "share of losses before the POC: readiness or fit",
            "share",
            _loss("technical"),
            _losses,
        ),
        Measure(
            "loss_administrative",
            "share of losses before the POC: permits, law, backing",
            "share",
            _loss("administrative"),
            _losses,
        ),
        Measure(
            "market_operators",
            "services launched without a purchase, imitators' included",
            "services",
            _market_operators,
        ),
        Measure("ordinances", "ordinances for such services in force", "ordinances", _ordinances),
        Measure("market_value", "their benefit to the city less nuisance", "NT$ m", _market_value),
        Measure("market_income", "what vendors earn with them, after all costs", "NT$ m", _market_income),
        Measure(
            "waste_share", "part of the city's money that solved nothing", "share", _waste_share, _money_spent
        ),
        Measure(
            "service_fit",
            "fit of services with the needs they are for, mean",
            "fit, 0 to 1",
            _service_fit,
            _fitted_services,
        ),
        Measure(
            "pilots_stuck", "POCs judged feasible a year ago or longer, no contract", "POCs", _pilots_stuck
        ),
        Measure(
            "stuck_share",
            "share of POCs judged feasible a year ago that have no contract",
            "share",
            _stuck_share,
            _passed_pocs,
        ),
        Measure(
            "ended_poc_to_service",
            "POCs that ended whose solution, or a rival's, is in service",
            "share",
            _ended_poc_to_service,
            _ended_pocs,
        ),
        Measure("survival_2y", "services that last two years, of those seen so long", "share", *_survival()),
        Measure(
            "survival_2y_asked", "the same where the city had asked for them", "share", *_survival(*ASKED)
        ),
        Measure(
            "survival_2y_offered", "the same where vendors had offered them", "share", *_survival(*OFFERED)
        ),
        Measure(
            "problem_to_poc",
            "POCs started by problems and challenges published",
            "share",
            _problem_to_poc,
            _published,
        ),
        Measure(
            "challenge_applicants",
            "vendors that apply to a challenge programme",
            "vendors",
            _challenge_applicants,
            _events_held,
        ),
        Measure(
            "challenge_meetings",
            "formal meetings of each vendor at its event",
            "meetings",
            _challenge_meetings,
            _accepted,
        ),
        Measure(
            "challenge_days",
            "mean time from the start of a programme to the POC",
            "days",
            _challenge_days,
            _challenge_pocs,
        ),
        Measure("days_to_build", "mean time from contract to service", "days", _days_to_build, _built),
        Measure("hosted_share", "decisions of departments to host a POC", "share", _hosted_share, _decisions),
        Measure(
            "stopped_by_law",
            "proposals lost before the POC because of the law",
            "share",
            _stopped_by_law,
            _proposals_received,
        ),
        Measure("barrier_pocs", "POCs started that the law stood in the way of", "POCs", _barrier_pocs),
        Measure("fields_opened", "closed test fields opened", "fields", _fields_opened),
        Measure(
            "startup_contracts",
            "share of start-ups in contracts",
            "share",
            _startup_contracts,
            _contracts,
        ),
        Measure("own_awards", "tenders won by the vendor of the POC", "share", _own_awards, _awards),
        Measure("price_paid", "mean price of contracts awarded", "NT$ m", _price_paid, _awards),
        Measure(
            "startups_failed", "start-ups that ran out of cash and left", "share", _startups_failed, _startups
        ),
        Measure(
            "inherited_completed",
            "POCs and tenders under way at the first election that got into service",
            "share",
            _inherited_completed,
            _inherited_projects,
        ),
        Measure(
            "vendor_cost", "what POCs and bids cost vendors, less the city's grants", "NT$ m", _vendor_cost
        ),
    )
}
MEASURES |= outside("cityfunnel.measures", MEASURES)

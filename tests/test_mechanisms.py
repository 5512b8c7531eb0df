"""Each mechanism moves the outcome that it should, in the direction that it should.

A row of the table names two worlds that differ in one respect and an outcome of a run. Both worlds
are run with the same luck, seed by seed; the mean of the paired differences must lie more than
three of its standard errors from zero, on the side that the mechanism says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date
from statistics import fmean, stdev
from typing import NamedTuple

import pytest

import sim
from sim.calendar import YEAR
from sim.events import Event, EventLog
from sim.parameters import Value
from sim.stages import BEFORE_POC
from tests.worlds import world

Numbers = Mapping[str, Value]
Outcome = Callable[[EventLog], float]


# --- outcomes ----------------------------------------------------------------------------------


def mean(values: list[float]) -> float:
    return fmean(values) if values else math.nan


def share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def told(log: EventLog, kind: str, **where: str) -> list[Event]:
    """The events of a kind whose fields are as given."""
    return [
        event
        for event in log.events
        if event.kind == kind and all(getattr(event, field) == word for field, word in where.items())
    ]


def reached(log: EventLog, stage: str) -> dict[int, float]:
    """When each case that ever entered a stage entered it first."""
    found: dict[int, float] = {}
    for event in told(log, "move", target=stage):
        assert event.case is not None
        found.setdefault(event.case, event.time)
    return found


def amounts(log: EventLog, kind: str, **where: str) -> list[float]:
    return [event.amount for event in told(log, kind, **where) if event.amount is not None]


def fits(log: EventLog, stage: str) -> list[float]:
    """True fit of the cases that reached a stage, as it is at the end."""
    there = reached(log, stage)
    return [case.fit for case in log.cases if case.case in there and case.fit is not None]


def how_many(stage: str) -> Outcome:
    return lambda log: len(reached(log, stage))


def number_of(kind: str, **where: str) -> Outcome:
    return lambda log: len(told(log, kind, **where))


def mean_amount(kind: str, **where: str) -> Outcome:
    return lambda log: mean(amounts(log, kind, **where))


def mean_fit(stage: str) -> Outcome:
    return lambda log: mean(fits(log, stage))


def passing(stage: str, onward: str) -> Outcome:
    """Share of the cases that reached a stage which go on to another one."""
    return lambda log: share(len(reached(log, stage).keys() & reached(log, onward)), len(reached(log, stage)))


def between(stage: str, onward: str) -> Outcome:
    """Mean days from one stage to another, of the cases that reached both."""

    def days(log: EventLog) -> float:
        begun, there = reached(log, stage), reached(log, onward)
        return mean([there[case] - begun[case] for case in begun.keys() & there])

    return days


def lost(reason: str) -> Outcome:
    """Share of the proposals that are closed before a POC for a reason."""

    def losses(log: EventLog) -> float:
        closed = [event for event in told(log, "move", target="closed") if event.origin in BEFORE_POC]
        return share(sum(event.reason == reason for event in closed), len(reached(log, "submitted")))

    return losses


def closed_from(*stages: str, reason: str) -> Outcome:
    return lambda log: sum(
        event.origin in stages for event in told(log, "move", target="closed", reason=reason)
    )


def share_of(kind: str, target: str, **where: str) -> Outcome:
    """Share of the events of a kind that have a target."""
    return lambda log: share(len(told(log, kind, target=target, **where)), len(told(log, kind, **where)))


UNDER_WAY = ("cleared", "poc", "extended", "second_poc", "preparation", "tender", "retender")


def inherited(log: EventLog) -> float:
    """Share of the projects under way on election day that came into service."""
    (election,) = told(log, "election")
    stages: dict[int | None, str | None] = {}
    for event in told(log, "move"):
        if event.time < election.time:
            stages[event.case] = event.target
    inherited = {case for case, stage in stages.items() if stage in UNDER_WAY}
    own = reached(log, "deployed").keys()
    won = {case.parent for case in log.cases if case.case in own}
    return share(len(inherited & (own | won)), len(inherited))


def final(log: EventLog) -> list[Event]:
    return told(log, "review", origin="final")


FEASIBLE = ("tender", "small_purchase", "no_follow_up")


def feasible(log: EventLog) -> float:
    """Share of the POCs that ended which were judged feasible."""
    passed = {event.case for event in final(log) if event.target in FEASIBLE}
    failed = {event.case for event in told(log, "review", target="close") if event.origin != "second"}
    return share(len(passed), len(passed | failed))


def failing_takes(log: EventLog) -> float:
    """Mean days from the start of a POC to the review that closes it."""
    begun = reached(log, "poc")
    closed = [event for event in told(log, "review", target="close") if event.origin != "second"]
    return mean([event.time - begun[event.case] for event in closed if event.case])


def discernment(log: EventLog) -> float:
    """Mean true fit of the POCs judged feasible, less that of those closed in the final review."""
    true = {case.case: case.fit for case in log.cases}
    judged: dict[bool, list[float]] = {True: [], False: []}
    for event in final(log):
        fit = true[event.case] if event.case else None
        if event.target != "extend" and fit is not None:
            judged[event.target in FEASIBLE].append(fit)
    return mean(judged[True]) - mean(judged[False])


def passing_without_contract(log: EventLog) -> float:
    """Share of the POCs judged feasible that led to no contract, with the vendor or with a rival."""
    passed = {event.case for event in final(log) if event.target in FEASIBLE}
    own = reached(log, "contract").keys()
    bought = own | {case.parent for case in log.cases if case.case in own}
    return share(len(passed - bought), len(passed))


def price_paid(log: EventLog) -> float:
    """Mean price of a contract from a tender, in parts of the estimate."""
    estimate = {event.case: event.amount for event in told(log, "move", target="preparation")}
    prices = []
    for event in told(log, "award"):
        expected = estimate[event.case]
        if event.origin != "direct" and event.amount and expected:
            prices.append(event.amount / expected)
    return mean(prices)


def own_wins(log: EventLog) -> float:
    """Share of the tenders with a bid of the POC vendor and of others that the POC vendor won."""
    won = [win for win, _ in contests(log)]
    return mean([float(win) for win in won])


def contests(log: EventLog) -> list[tuple[bool, int]]:
    """Of each award that the POC vendor had bid for: whether it won, and among how many bids."""
    vendor = {case.case: case.vendor for case in log.cases}
    found = []
    for award in told(log, "award"):
        if award.origin == "direct":
            continue
        bids = [event for event in told(log, "bid") if event.case == award.case]
        last = [event.actor for event in bids if event.origin == bids[-1].origin]
        if award.case and vendor[award.case] in last and len(last) > 1:
            found.append((award.reason == "own", len(last)))
    return found


def unfit(log: EventLog) -> float:
    """Share of the services in operation that answered no need."""
    return share(len(told(log, "unsolved")), len(reached(log, "deployed")))


def waste(log: EventLog) -> float:
    """Share of the money for purchases that went to what solved nothing."""
    useless = {event.case for event in told(log, "unsolved")}
    useless |= reached(log, "closed").keys() - reached(log, "deployed").keys()
    bought = [event for event in told(log, "payment") if event.reason in ("small purchase", "contract")]
    return share(sum(event.amount or 0 for event in bought if event.case in useless), sum(event.amount or 0 for event in bought))


def given_up(log: EventLog) -> float:
    """Rate at which services are given up, 1/year in service."""
    begun, ended = reached(log, "deployed"), reached(log, "abandoned")
    over = {**reached(log, "sustained"), **ended}
    years = sum(over.get(case, log.days) - since for case, since in begun.items()) / YEAR
    return share(len(ended), years)


# --- worlds ------------------------------------------------------------------------------------

#: a small and lively city in which proposals come bottom-up alone
TOWN: Numbers = {
    "city.departments": 12,
    "city.domains": 3,
    "vendors.initial": 60,
    "vendors.entry": 8,
    "needs.initial": 4,
    "top_down.open": False,
}
#: proposals come from the departments' roadmaps alone
ROADMAP: Numbers = {"bottom_up.open": False, "top_down.open": True, "pmo.contacts": 1}
#: proposals answer calls alone
CALLS: Numbers = {
    "bottom_up.open": False,
    "problem_led.open": True,
    "problem_led.reach": 1,
    "problem_led.publishing": 1,
    "problem_led.slots": 3,
}
#: nothing stops a case between the department's decision and the POC
SMOOTH: Numbers = {
    "clearance.burden": 0,
    "clearance.readiness_bar": 0,
    "clearance.cushion": 1,
    "needs.barrier_share": 0,
    "needs.crossing": 0,
    "vendors.startup.cash": 50,
    "departments.openness": 4,
}
#: every POC passes
PASSED: Numbers = {"poc.midway": False, "poc.close_bar": 0, "poc.pass_bar": 0, "poc.fit_bar": 0}
#: departments want everything that passed, and can pay for it
WANTED: Numbers = {"deployment.scale_wish": 5, "departments.budget": 100, "poc.second": False}
BARRED: Numbers = {"needs.barrier_share": 1, "steering.interval": 30, "steering.slots": 20}


#: all vendors but the one of the POC bid as it does
RIVALRY: Numbers = {"procurement.bidding": 0.9, "procurement.tester_bids": 0.9, "procurement.quality_bar": 0}
BOTH: Numbers = {"top_down.open": True, "pmo.contacts": 1}


def town(*numbers: Numbers) -> dict[str, Value]:
    return {path: value for group in (TOWN, *numbers) for path, value in group.items()}


class Row(NamedTuple):
    """A mechanism: ``outcome`` is larger with the numbers ``more`` than with ``less`` at the same luck."""

    name: str
    outcome: Outcome
    less: Numbers
    more: Numbers
    common: Numbers = TOWN
    pairs: int = 12
    days: int = 1096
    elections: tuple[date, ...] = ()


class Paired(NamedTuple):
    """Mean of paired differences with its standard error, and how many pairs there were."""

    mean: float
    error: float
    pairs: int


def paired(row: Row) -> Paired:
    less, more = (
        world({**row.common, **numbers}, days=row.days, elections=row.elections)
        for numbers in (row.less, row.more)
    )
    gains = [row.outcome(sim.run(more, seed)) - row.outcome(sim.run(less, seed)) for seed in range(row.pairs)]
    known = [gain for gain in gains if not math.isnan(gain)]
    return Paired(fmean(known), stdev(known) / math.sqrt(len(known)), len(known))


ELECTION = (date(2017, 7, 1),)

MECHANISMS = [
    # --- the office
    Row("staff shortens waiting", mean_amount("begun"), {"pmo.staff": 20}, {"pmo.staff": 4}),
    Row("case share shortens waiting", mean_amount("begun"), {"pmo.case_share": 0.5}, {"pmo.case_share": 0.1}),
    Row("slow screening delays", between("submitted", "screened"), {"pmo.screen_days": 2}, {"pmo.screen_days": 40}),
    Row("slow matching delays", between("screened", "matched"), {"pmo.match_days": 2}, {"pmo.match_days": 40}),
    Row("strict screening refuses more", lost("misfit"), {"pmo.strictness": 0}, {"pmo.strictness": 0.7}),
    Row("skill of the office raises fit", mean_fit("matched"), {"pmo.skill": 0}, {"pmo.skill": 1}),
    Row("a bar for matches raises fit", mean_fit("matched"), {"pmo.match_bar": 0}, {"pmo.match_bar": 0.8}),
    Row("more tries find more hosts", how_many("matched"), {"pmo.tries": 1}, {"pmo.tries": 6}),
    Row(
        "contacts bring top-down proposals",
        how_many("submitted"), {"pmo.contacts": 0.05}, {"pmo.contacts": 0.6}, town(ROADMAP, {"pmo.contacts": 0}),
    ),
    Row("slow searches delay top-down proposals", how_many("submitted"), {"pmo.search_days": 150}, {"pmo.search_days": 1}, town(ROADMAP)),
    Row("slow reviews delay the end of POCs", between("poc", "preparation"), {"pmo.review_days": 1}, {"pmo.review_days": 60}),
    Row("an office matches more proposals", how_many("matched"), {"pmo.exists": False}, {"pmo.exists": True}),
    # --- politics
    Row("support near zero strands regulatory cases (P11)", how_many("poc"), {"politics.support": 0}, {"politics.support": 1}, town(SMOOTH, BARRED, {"politics.volatility": 0, "departments.pressure_weight": 0})),
    Row("support makes departments host", share_of("decision", "hosts"), {"politics.support": 0}, {"politics.support": 1}),
    Row("power that falls with support", share_of("hearing", "granted"), {"steering.power": 5}, {"steering.power": 0}, town(SMOOTH, BARRED)),
    Row("few meetings delay blocked cases", between("matched", "cleared"), {"steering.interval": 14}, {"steering.interval": 180}, town(SMOOTH, BARRED)),
    Row("few slots delay blocked cases", between("matched", "cleared"), {"steering.slots": 20}, {"steering.slots": 1}, town(SMOOTH, BARRED)),
    Row("more hearings free more cases", passing("matched", "cleared"), {"steering.hearings": 1}, {"steering.hearings": 8}, town(SMOOTH, BARRED)),
    Row("a sandbox clears what the group would not", how_many("poc"), {"clearance.sandbox": 0}, {"clearance.sandbox": 1}, town(SMOOTH, BARRED, {"politics.support": 0, "politics.volatility": 0})),
    Row("autonomy shields hosting from swings of support", share_of("decision", "hosts"), {"pmo.autonomy": 0}, {"pmo.autonomy": 1}, town({"politics.support": 1, "politics.volatility": 1, "departments.pressure_weight": 6})),
    Row("a new mayor drops projects (P15)", closed_from(*UNDER_WAY, reason="political"), {"politics.turnover": 0}, {"politics.turnover": 1}, elections=ELECTION),
    Row("inherited projects complete less often (P15)", inherited, {"politics.turnover": 1}, {"politics.turnover": 0}, town(SMOOTH, PASSED, WANTED, {"politics.loss": 1, "politics.turnover_spread": 0}), elections=ELECTION, days=2192),
    Row("autonomy saves inherited projects", closed_from(*UNDER_WAY, reason="political"), {"pmo.autonomy": 1}, {"pmo.autonomy": 0}, town({"politics.turnover": 1, "politics.loss": 1}), elections=ELECTION),
    Row("embedding saves inherited projects", closed_from(*UNDER_WAY, reason="political"), {"politics.embedding": 1}, {"politics.embedding": 0}, town({"politics.turnover": 1, "politics.loss": 1}), elections=ELECTION),
    Row("public failures cost support", mean_amount("support"), {"politics.failure_loss": 0.5}, {"politics.failure_loss": 0}, town(PASSED, WANTED)),
    Row("public successes win support", mean_amount("support"), {"politics.success_gain": 0}, {"politics.success_gain": 0.5}, town(SMOOTH, PASSED, WANTED, ROADMAP, {"politics.support": 0.3, "politics.failure_loss": 0})),
    # --- departments
    Row("openness", share_of("decision", "hosts"), {"departments.openness": -2}, {"departments.openness": 4}),
    Row("culture makes departments host", share_of("decision", "hosts"), {"departments.culture": 0.1}, {"departments.culture": 0.9}),
    Row("fear of failure keeps them from it", share_of("decision", "hosts"), {"departments.risk_aversion": 0.95}, {"departments.risk_aversion": 0.05}, town({"departments.risk_weight": 6})),
    Row("novelty meets fear of failure", share_of("decision", "hosts"), {"vendors.startup.novelty": 0.95}, {"vendors.startup.novelty": 0.05}, town({"departments.risk_weight": 6, "departments.risk_aversion": 0.9, "vendors.sme.share": 0, "vendors.large.share": 0})),
    Row("trust in strangers", share_of("decision", "hosts"), {"departments.trust": 0}, {"departments.trust": 1}, town({"departments.trust_weight": 4})),
    Row("workload keeps departments from hosting", share_of("decision", "hosts"), {"departments.load_weight": 6}, {"departments.load_weight": 0}, town({"departments.capacity": 1})),
    Row("capacity shortens the wait for a place", between("cleared", "poc"), {"departments.capacity": 10}, {"departments.capacity": 1}, town({"departments.load_weight": 0, "bottom_up.rate": 2})),
    Row("departments prefer what they asked for", share_of("decision", "hosts"), {"departments.demand_weight": 0}, {"departments.demand_weight": 6}, town(ROADMAP)),
    Row("slow decisions delay", between("screened", "matched"), {"departments.decision_days": 5}, {"departments.decision_days": 150}),
    Row("a bar for fit raises fit", mean_fit("matched"), {"departments.fit_bar": 0}, {"departments.fit_bar": 0.8}),
    # --- consent and clearance
    Row("crossings slow clearance", between("matched", "cleared"), {"needs.crossing": 0}, {"needs.crossing": 3}),
    Row("silos hold cases back", passing("matched", "cleared"), {"clearance.silo": 1}, {"clearance.silo": 0}, town(SMOOTH, {"needs.crossing": 2, "departments.links": 0, "pmo.exists": False})),
    Row("links between departments bring cases through", passing("matched", "cleared"), {"departments.links": 0}, {"departments.links": 1}, town(SMOOTH, {"needs.crossing": 2, "clearance.silo": 1, "pmo.exists": False})),
    Row("links save coordination", between("matched", "cleared"), {"departments.links": 1}, {"departments.links": 0}, town(SMOOTH, {"needs.crossing": 2, "pmo.coordination_days": 60})),
    Row("an office with backing makes good for silos", passing("matched", "cleared"), {"pmo.autonomy": 0}, {"pmo.autonomy": 1}, town(SMOOTH, {"needs.crossing": 2, "departments.links": 0, "clearance.silo": 1, "politics.support": 1, "politics.volatility": 1, "departments.pressure_weight": 0, "steering.slots": 0})),
    Row("consent", passing("matched", "cleared"), {"clearance.consent": 0.2}, {"clearance.consent": 1}, town(SMOOTH, {"needs.crossing": 2, "steering.slots": 0})),
    Row("burden stops cases", lost("administrative"), {"clearance.burden": 0}, {"clearance.burden": 1}),
    Row("help with the burden saves cases", lost("administrative"), {"pmo.help": 1}, {"pmo.help": 0}, town({"clearance.burden": 1})),
    Row("skill of departments eases the burden", lost("administrative"), {"departments.skill": 0.9}, {"departments.skill": 0.1}, town({"clearance.burden": 0.5})),
    Row("experience of vendors eases the burden", lost("administrative"), {"learning.experience": 1}, {"learning.experience": 0}, town(SMOOTH, PASSED, {"clearance.burden": 1, "vendors.initial": 20, "bottom_up.rate": 3}), 24, 2192),
    Row("slow papers delay", between("matched", "cleared"), {"clearance.days": 5}, {"clearance.days": 120}),
    Row("a bar for readiness", lost("technical"), {"clearance.readiness_bar": 0.2}, {"clearance.readiness_bar": 0.8}),
    Row("rework makes ready", lost("technical"), {"clearance.rework_gain": 0.6}, {"clearance.rework_gain": 0}),
    Row("rework takes time", between("matched", "cleared"), {"clearance.rework_days": 5}, {"clearance.rework_days": 300}, town({"clearance.rework_gain": 0.6})),
    Row("prudence stops those short of cash", lost("financial"), {"clearance.cushion": 1}, {"clearance.cushion": 10}),
    Row("dear POCs stop those short of cash", lost("financial"), {"poc.cost": 0.2}, {"poc.cost": 10}),
    Row("a city that pays saves them", lost("financial"), {"poc.city_share": 1}, {"poc.city_share": 0}, town({"poc.cost": 10})),
    Row("private finance saves them", lost("financial"), {"vendors.startup.finance": 1}, {"vendors.startup.finance": 0}, town({"poc.cost": 10, "vendors.sme.share": 0, "vendors.large.share": 0, "vendors.startup.margin": 0})),
    Row("impatient vendors withdraw", lost("withdrawn"), {"vendors.patience": 2000}, {"vendors.patience": 100}),
    Row("an idle office makes vendors withdraw", lost("withdrawn"), {"pmo.staff": 20}, {"pmo.staff": 3}),
    # --- the proof of concept
    Row("a longer field test", between("poc", "preparation"), {"poc.days": 60}, {"poc.days": 300}, town(PASSED, WANTED)),
    Row("a midway review closes failures earlier", failing_takes, {"poc.midway": True}, {"poc.midway": False}, town(SMOOTH, {"poc.midway_bar": 0.6, "poc.close_bar": 0.6, "poc.pass_bar": 0.6})),
    Row("extensions let more POCs pass", feasible, {"poc.extensions": 0}, {"poc.extensions": 3}, town(SMOOTH, {"poc.pass_bar": 0.65})),
    Row("a bar for passing", feasible, {"poc.pass_bar": 0.8}, {"poc.pass_bar": 0.4}, town(SMOOTH)),
    Row("a bar for fit in the review raises the fit of what passes", mean_fit("preparation"), {"poc.fit_bar": 0}, {"poc.fit_bar": 0.8}, town(SMOOTH)),
    Row("experts sharpen the review", discernment, {"experts.panel": 0}, {"experts.panel": 20}, town(SMOOTH, {"poc.noise": 0.5, "experts.noise": 0.5, "pmo.exists": False}), 24),
    Row("the weight of fit raises the fit of what passes", mean_fit("preparation"), {"poc.technical_weight": 0}, {"poc.technical_weight": 1}, town(SMOOTH, {"poc.fit_bar": 0})),
    Row("adaptation raises fit", mean_fit("preparation"), {"poc.adaptation": 0}, {"poc.adaptation": 1}, town(SMOOTH, PASSED, WANTED, {"vendors.startup.breadth": 0.3})),
    Row("small purchases are a second POC", how_many("second_poc"), {"poc.second": False}, {"poc.second": True}),
    Row("without them doubtful vendors go to tender at once", how_many("preparation"), {"poc.second": True}, {"poc.second": False}, town({"poc.scaling_bar": 0.9})),
    Row("a bar for scaling closes second POCs", closed_from("second_poc", reason="technical"), {"poc.scaling_bar": 0.2}, {"poc.scaling_bar": 0.9}),
    Row("vendors with capacity to scale pass it", closed_from("second_poc", reason="technical"), {"vendors.startup.scaling": 0.9}, {"vendors.startup.scaling": 0.1}, town({"vendors.sme.share": 0, "vendors.large.share": 0})),
    Row("testers fit less", mean_fit("matched"), {"vendors.tester_share": 1}, {"vendors.tester_share": 0}, town({"vendors.startup.breadth": 0.2, "vendors.sme.breadth": 0.2, "vendors.large.breadth": 0.2, "vendors.knowledge": 0.8})),
    Row("testers have less of a follow-up", passing("poc", "preparation"), {"vendors.tester_share": 1}, {"vendors.tester_share": 0}, town(SMOOTH, {"vendors.startup.breadth": 0.2, "vendors.sme.breadth": 0.2, "vendors.large.breadth": 0.2, "vendors.knowledge": 0.8})),
    Row("departments without a will to scale let pilots pile up (P16)", passing_without_contract, {"deployment.scale_wish": 5}, {"deployment.scale_wish": -5}, town(SMOOTH)),
    Row("clumsy writers of tenders let pilots pile up (P16)", passing_without_contract, {"departments.tender_skill": 0.95}, {"departments.tender_skill": 0.05}, town(SMOOTH, WANTED)),
    Row("small budgets let pilots pile up (P16)", passing_without_contract, {"departments.budget": 100}, {"departments.budget": 1}, town(SMOOTH, {"deployment.scale_wish": 5, "poc.second": False})),
    Row("departments want what fits", passing("poc", "preparation"), {"deployment.scale_fit": 0}, {"deployment.scale_fit": 10}, town(SMOOTH, PASSED, {"vendors.knowledge": 1, "vendors.tester_share": 0, "vendors.startup.breadth": 0.4, "vendors.sme.breadth": 0.4, "vendors.large.breadth": 0.4})),
    Row("departments want what they asked for", passing("poc", "preparation"), {"deployment.scale_demand": 0}, {"deployment.scale_demand": 10}, town(ROADMAP, SMOOTH, PASSED)),
    # --- procurement
    Row("three bidders or none: first rounds fail", share_of("round", "failed", origin="first"), {"procurement.three_bidders": False}, {"procurement.three_bidders": True}, town(SMOOTH, WANTED)),
    Row("three bidders or none: contracts come later", between("tender", "contract"), {"procurement.three_bidders": False}, {"procurement.three_bidders": True}, town(SMOOTH, PASSED, WANTED, {"procurement.rewindow": 180})),
    Row("lowest price is cheaper", price_paid, {"procurement.rule": "lowest_price"}, {"procurement.rule": "best_value"}, town(SMOOTH, WANTED, {"procurement.bidding": 1, "procurement.price_noise": 0.5})),
    Row("lowest price fits less", mean_fit("contract"), {"procurement.rule": "lowest_price"}, {"procurement.rule": "best_value"}, town(SMOOTH, WANTED, {"procurement.bidding": 1, "procurement.price_noise": 0.5, "procurement.quality_weight": 1})),
    Row("the weight of quality raises fit", mean_fit("contract"), {"procurement.quality_weight": 0}, {"procurement.quality_weight": 1}, town(SMOOTH, WANTED, {"procurement.bidding": 1, "procurement.price_noise": 0.5})),
    Row("a bar for quality refuses offers", closed_from("tender", "retender", reason="misfit"), {"procurement.quality_bar": 0}, {"procurement.quality_bar": 1}),
    Row("more bidders", mean_amount("round", target="valid"), {"procurement.bidding": 0.1}, {"procurement.bidding": 0.9}, town(SMOOTH, WANTED, {"procurement.three_bidders": False})),
    Row("a discount lowers prices", price_paid, {"procurement.discount": 0.4}, {"procurement.discount": 0}, town(SMOOTH, WANTED)),
    Row("vague needs take long to write", between("preparation", "tender"), {"procurement.writing_days": 30}, {"procurement.writing_days": 400}, town(SMOOTH, WANTED)),
    Row("a specification learnt in the POC is written faster", between("preparation", "tender"), {"learning.specification": 1}, {"learning.specification": 0}, town(SMOOTH, WANTED)),
    Row("direct purchase keeps rivals out", number_of("award", reason="rival"), {"procurement.direct": True}, {"procurement.direct": False}, town(SMOOTH, WANTED)),
    Row("small budgets end purchases", closed_from("preparation", reason="financial"), {"departments.budget": 100}, {"departments.budget": 1}, town(SMOOTH, {"deployment.scale_wish": 5, "poc.second": False})),
    Row("money of its own saves a roadmap need", closed_from("preparation", reason="financial"), {"top_down.funded": 1}, {"top_down.funded": 0}, town(ROADMAP, SMOOTH, {"departments.budget": 1, "procurement.budget_years": 0})),
    Row("a privilege wins tenders", own_wins, {"procurement.privilege": 0}, {"procurement.privilege": 1}, town(SMOOTH, WANTED, RIVALRY)),
    Row("what was learnt in the POC wins tenders (P13)", own_wins, {"learning.poc": 0}, {"learning.poc": 1}, town(SMOOTH, PASSED, WANTED, RIVALRY, {"vendors.tester_share": 0, "fit.ignorance": 0.5, "vendors.knowledge": 0, "learning.specification": 0, "vendors.startup.breadth": 0.5, "vendors.sme.breadth": 0.5, "vendors.large.breadth": 0.5})),
    Row("without a POC more of what is bought is unfit (P12)", unfit, {"poc.required": True}, {"poc.required": False}, town(BOTH), 16),
    Row("without a POC more money is wasted (P12)", waste, {"poc.required": True}, {"poc.required": False}, town(BOTH), 16),
    Row("what is lost on the way to a paper tender is wasted", unfit, {"procurement.no_poc_clarity": 1}, {"procurement.no_poc_clarity": 0}, town(ROADMAP, SMOOTH, WANTED, {"poc.required": False, "fit.ignorance": 0.5, "procurement.bidding": 1})),
    # --- intake
    Row("reach brings proposals", how_many("submitted"), {"bottom_up.reach": 0.2}, {"bottom_up.reach": 1}),
    Row("knowledge raises fit", mean_fit("matched"), {"vendors.knowledge": 0}, {"vendors.knowledge": 1}, town({"vendors.tester_share": 0, "vendors.startup.breadth": 0.2, "vendors.sme.breadth": 0.2, "vendors.large.breadth": 0.2})),
    Row("problem-led calls raise fit", mean_fit("poc"), {"bottom_up.open": True}, CALLS),
    Row("validation raises the fit of those chosen", mean_fit("screened"), {"problem_led.validation": False}, {"problem_led.validation": True}, town(CALLS, {"problem_led.wrong_share": 0.8, "problem_led.validation_days": 0})),
    Row("clear statements raise the fit of those chosen", mean_fit("screened"), {"problem_led.clarity": 0}, {"problem_led.clarity": 1}, town(CALLS, {"vendors.startup.breadth": 0.2, "vendors.sme.breadth": 0.2, "vendors.large.breadth": 0.2})),
    Row("more slots let more through", how_many("screened"), {"problem_led.slots": 1}, {"problem_led.slots": 5}, town(CALLS)),
    Row("more calls bring more proposals", how_many("submitted"), {"problem_led.calls": 1}, {"problem_led.calls": 4}, town(CALLS)),
    Row("reviews of roadmaps bring proposals", how_many("submitted"), {"top_down.reviews": 0.3}, {"top_down.reviews": 4}, town(ROADMAP)),
    # --- deployment
    Row("demand-driven services survive longer (P10)", given_up, CALLS, {"bottom_up.open": True}, town(SMOOTH, PASSED, WANTED, {"deployment.abandonment": 1}), 16, 1826),
    Row("lack of fit ends services", given_up, {"deployment.misfit_weight": 0}, {"deployment.misfit_weight": 30}, town(SMOOTH, PASSED, WANTED)),
    Row("private finance keeps services (S54)", given_up, {"vendors.startup.finance": 1}, {"vendors.startup.finance": 0}, town(SMOOTH, PASSED, WANTED, {"vendors.sme.share": 0, "vendors.large.share": 0, "vendors.startup.margin": 5, "deployment.abandonment": 1, "deployment.misfit_weight": 0})),
    Row("skill keeps services", given_up, {"departments.skill": 0.95}, {"departments.skill": 0.05}, town(SMOOTH, PASSED, WANTED, {"deployment.abandonment": 1, "deployment.misfit_weight": 0})),
    Row("novelty adds value", mean_amount("solved"), {"deployment.novelty_gain": 0}, {"deployment.novelty_gain": 2}),
    Row("the bar for use", number_of("solved"), {"deployment.usable": 0.95}, {"deployment.usable": 0.1}, town(SMOOTH, PASSED, WANTED)),
    # --- learning
    Row("success wins trust", mean_amount("trust"), {"learning.trust_gain": 0}, {"learning.trust_gain": 1}),
    Row("failure loses trust", mean_amount("trust"), {"learning.trust_loss": 1}, {"learning.trust_loss": 0}),
    Row("success wins culture", mean_amount("culture"), {"learning.culture_gain": 0}, {"learning.culture_gain": 0.5}),
    Row("failure loses culture", mean_amount("culture"), {"learning.culture_loss": 0.5}, {"learning.culture_loss": 0}),
    Row("culture that was won hosts more", share_of("decision", "hosts"), {"learning.culture_gain": 0}, {"learning.culture_gain": 1}, town(SMOOTH, PASSED, {"departments.openness": 0, "departments.culture": 0.2, "departments.culture_weight": 6, "learning.culture_loss": 0}), 12, 2192),
    Row("monitoring saves culture", mean_amount("culture"), {"learning.monitoring": 0}, {"learning.monitoring": 1}),
    Row("monitoring saves trust", mean_amount("trust"), {"learning.monitoring": 0}, {"learning.monitoring": 1}),
    Row("monitoring saves support", mean_amount("support"), {"learning.monitoring": 0}, {"learning.monitoring": 1}, town(PASSED, WANTED, {"politics.failure_loss": 0.5})),
    Row("a success nearby puts needs into words", number_of("stated", reason="success nearby"), {"learning.nearby": 0}, {"learning.nearby": 1}, town(SMOOTH, PASSED, WANTED)),
    Row("failure loses reputation", mean_amount("reputation"), {"learning.reputation_loss": 0.2}, {"learning.reputation_loss": 0}),
    Row("success wins reputation", mean_amount("reputation"), {"learning.reputation_gain": 0}, {"learning.reputation_gain": 0.2}),
    Row("a good name draws vendors", number_of("enter"), {"vendors.pull": 0}, {"vendors.pull": 3}, town({"learning.reputation_gain": 0.2, "learning.reputation_loss": 0, "vendors.entry": 30})),
    Row("a bad name keeps them away", number_of("enter"), {"vendors.pull": 3}, {"vendors.pull": 0}, town({"learning.reputation_gain": 0, "learning.reputation_loss": 0.2, "vendors.entry": 30, "poc.pass_bar": 1, "poc.close_bar": 1})),
    Row("vendors without income leave", number_of("leave"), {"vendors.startup.margin": 5}, {"vendors.startup.margin": -5}),
    Row("vendors of a good name propose more", how_many("submitted"), {"learning.reputation_loss": 0.3}, {"learning.reputation_loss": 0}),
    Row("busy vendors propose less", how_many("submitted"), {"vendors.open_cases": 1}, {"vendors.open_cases": 10}, town({"bottom_up.rate": 3})),
]


@pytest.mark.parametrize("row", MECHANISMS, ids=lambda row: row.name)
def test_mechanism_moves_its_outcome(row: Row) -> None:
    found = paired(row)
    assert found.pairs >= 8
    assert found.mean > 3 * found.error, f"{found.mean:.3g} with standard error {found.error:.2g}"

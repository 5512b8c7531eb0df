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
from typing import Any, NamedTuple

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
    return share(
        sum(event.amount or 0 for event in bought if event.case in useless),
        sum(event.amount or 0 for event in bought),
    )


def given_up(log: EventLog) -> float:
    """Rate at which services are given up, 1/year in service."""
    begun, ended = reached(log, "deployed"), reached(log, "abandoned")
    over = {**reached(log, "sustained"), **ended}
    years = sum(over.get(case, log.days) - since for case, since in begun.items()) / YEAR
    return share(len(ended), years)


# --- worlds ------------------------------------------------------------------------------------

KINDS = ("startup", "sme", "large")

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
#: every need is behind a regulatory barrier, and the steering group meets often
BARRED: Numbers = {"needs.barrier_share": 1, "steering.interval": 30, "steering.slots": 20}
#: two more departments must consent, and the host works with none
SILOS: Numbers = {"needs.crossing": 2, "departments.links": 0, "clearance.silo": 1}
#: the mayor's support swings below the level at which it began
SWINGING: Numbers = {"politics.support": 1, "politics.volatility": 1}
#: services are given up early, whether they fit or not
SHORT: Numbers = {"deployment.abandonment": 1, "deployment.misfit_weight": 0}
#: all vendors are start-ups
STARTUPS: Numbers = {"vendors.sme.share": 0, "vendors.large.share": 0}
#: vendors can move their offers some way, or wherever they want without knowing where that is
BROAD: Numbers = {f"vendors.{kind}.breadth": 0.2 for kind in KINDS}
WIDE: Numbers = {"fit.ignorance": 0.5, **{f"vendors.{kind}.breadth": 0.5 for kind in KINDS}}
#: few needs in a field, so that an offer made at random seldom meets one
SPARSE: Numbers = {"city.domains": 6, "needs.initial": 2}
#: what is bought seldom fits
UNFIT: Numbers = {"deployment.usable": 0.9, "procurement.quality_bar": 0}
#: all vendors but the one of the POC bid as it does
RIVALRY: Numbers = {"procurement.bidding": 0.9, "procurement.tester_bids": 0.9, "procurement.quality_bar": 0}
#: both channels of the first stage are open
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


def row(
    name: str, outcome: Outcome, path: str, less: Value, more: Value, *groups: Numbers, **rest: Any
) -> Row:
    """The mechanism of one number, in a town with more groups of numbers."""
    return Row(name, outcome, {path: less}, {path: more}, town(*groups), **rest)


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

# fmt: off
MECHANISMS = [
    # --- the office
    row("staff shortens waiting", mean_amount("begun"), "pmo.staff", 20, 2),
    row("case share shortens waiting", mean_amount("begun"), "pmo.case_share", 1, 0.05),
    row("slow screening delays", between("submitted", "screened"), "pmo.screen_days", 2, 40),
    row("slow matching delays", between("screened", "matched"), "pmo.match_days", 2, 40),
    row("strict screening refuses more", lost("misfit"), "pmo.strictness", 0, 0.7),
    row("skill of the office raises fit", mean_fit("matched"), "pmo.skill", 0.2, 1),
    row("a bar for matches raises fit", mean_fit("matched"), "pmo.match_bar", 0, 0.8),
    row("more tries find more hosts", how_many("matched"), "pmo.tries", 1, 6),
    row("contacts bring top-down proposals", how_many("submitted"), "pmo.contacts", 0.05, 0.6, ROADMAP),
    row("slow searches delay top-down proposals", how_many("submitted"), "pmo.search_days", 150, 1, ROADMAP),
    row("slow reviews delay the end of POCs", between("poc", "preparation"), "pmo.review_days", 1, 60),
    row("an office matches more proposals", how_many("matched"), "pmo.exists", False, True),
    # --- politics
    row("support near zero strands regulatory cases (P11)", how_many("poc"), "politics.support", 0.02, 1,
        SMOOTH, BARRED, {"politics.volatility": 0, "departments.pressure_weight": 0}),
    row("support makes departments host", share_of("decision", "hosts"), "politics.support", 0, 1),
    row("power that falls with support", share_of("hearing", "granted"), "steering.power", 5, 0, SMOOTH,
        BARRED),
    row("few meetings delay blocked cases", between("matched", "cleared"), "steering.interval", 14, 180,
        SMOOTH, BARRED),
    row("few slots hold blocked cases back", how_many("cleared"), "steering.slots", 1, 20, SMOOTH, BARRED,
        {"steering.interval": 91}),
    row("more hearings free more cases", passing("matched", "cleared"), "steering.hearings", 1, 8, SMOOTH,
        BARRED),
    row("a sandbox clears what the group would not", how_many("poc"), "clearance.sandbox", 0, 1, SMOOTH,
        BARRED, {"politics.support": 0, "politics.volatility": 0}),
    row("autonomy shields hosting from swings of support", share_of("decision", "hosts"), "pmo.autonomy", 0,
        1, SWINGING, {"departments.pressure_weight": 6}),
    row("a new mayor drops projects (P15)", closed_from(*UNDER_WAY, reason="political"),
        "politics.turnover", 0, 1, {"politics.loss": 1, "politics.embedding": 0, "pmo.autonomy": 0},
        elections=ELECTION),
    row("inherited projects complete less often (P15)", inherited, "politics.turnover", 1, 0, SMOOTH,
        PASSED, WANTED, {"politics.loss": 1, "politics.turnover_spread": 0}, elections=ELECTION, days=2192),
    row("autonomy saves inherited projects", closed_from(*UNDER_WAY, reason="political"), "pmo.autonomy", 1,
        0, {"politics.turnover": 1, "politics.loss": 1}, elections=ELECTION),
    row("embedding saves inherited projects", closed_from(*UNDER_WAY, reason="political"),
        "politics.embedding", 1, 0, {"politics.turnover": 1, "politics.loss": 1}, elections=ELECTION),
    row("public failures cost support", mean_amount("support"), "politics.failure_loss", 0.5, 0, SMOOTH,
        PASSED, WANTED, UNFIT),
    row("public successes win support", mean_amount("support"), "politics.success_gain", 0, 0.5, SMOOTH,
        PASSED, WANTED, ROADMAP, {"politics.support": 0.3, "politics.failure_loss": 0}),
    # --- departments
    row("openness", share_of("decision", "hosts"), "departments.openness", -2, 4),
    row("culture makes departments host", share_of("decision", "hosts"), "departments.culture", 0.1, 0.9),
    row("fear of failure keeps them from it", share_of("decision", "hosts"), "departments.risk_aversion",
        0.95, 0.05, {"departments.risk_weight": 6}),
    row("novelty meets fear of failure", share_of("decision", "hosts"), "vendors.startup.novelty", 0.95,
        0.05, STARTUPS, {"departments.risk_weight": 6, "departments.risk_aversion": 0.9}),
    row("trust in strangers", share_of("decision", "hosts"), "departments.trust", 0, 1,
        {"departments.trust_weight": 4}),
    row("workload keeps departments from hosting", share_of("decision", "hosts"), "departments.load_weight",
        6, 0, {"departments.capacity": 1}),
    row("capacity shortens the wait for a place", between("cleared", "poc"), "departments.capacity", 10, 1,
        {"departments.load_weight": 0, "bottom_up.rate": 2}),
    row("departments prefer what they asked for", share_of("decision", "hosts"),
        "departments.demand_weight", 0, 6, ROADMAP),
    row("slow decisions delay", between("screened", "matched"), "departments.decision_days", 5, 150),
    row("a bar for fit raises fit", mean_fit("matched"), "departments.fit_bar", 0, 0.8),
    # --- consent and clearance
    row("crossings slow clearance", between("matched", "cleared"), "needs.crossing", 0, 3),
    row("silos hold cases back", passing("matched", "cleared"), "clearance.silo", 1, 0, SMOOTH, SILOS,
        {"pmo.exists": False}),
    row("links between departments bring cases through", passing("matched", "cleared"), "departments.links",
        0, 1, SMOOTH, SILOS, {"pmo.exists": False}),
    row("links save coordination", between("matched", "cleared"), "departments.links", 1, 0, SMOOTH,
        {"needs.crossing": 2, "pmo.coordination_days": 60}),
    row("an office with backing makes good for silos", passing("matched", "cleared"), "pmo.autonomy", 0, 1,
        SMOOTH, SILOS, SWINGING, {"departments.pressure_weight": 0, "steering.slots": 0}),
    row("consent", passing("matched", "cleared"), "clearance.consent", 0.2, 1, SMOOTH,
        {"needs.crossing": 2, "steering.slots": 0}),
    row("burden stops cases", lost("administrative"), "clearance.burden", 0, 1),
    row("help with the burden saves cases", lost("administrative"), "pmo.help", 1, 0,
        {"clearance.burden": 1}),
    row("skill of departments eases the burden", lost("administrative"), "departments.skill", 0.9, 0.1,
        {"clearance.burden": 0.5}),
    row("experience of vendors eases the burden", lost("administrative"), "learning.experience", 1, 0,
        SMOOTH, PASSED, {"clearance.burden": 1, "vendors.initial": 20, "bottom_up.rate": 3}, pairs=24,
        days=2192),
    row("slow papers delay", between("matched", "cleared"), "clearance.days", 5, 120),
    row("a bar for readiness", lost("technical"), "clearance.readiness_bar", 0.2, 0.8),
    row("rework makes ready", lost("technical"), "clearance.rework_gain", 0.6, 0,
        {"clearance.readiness_bar": 0.6}),
    row("rework takes time", between("matched", "cleared"), "clearance.rework_days", 5, 300, SMOOTH,
        {"clearance.readiness_bar": 0.6, "clearance.rework_gain": 0.6}),
    row("prudence stops those short of cash", lost("financial"), "clearance.cushion", 1, 10),
    row("dear POCs stop those short of cash", lost("financial"), "poc.cost", 0.2, 10),
    row("a city that pays saves them", lost("financial"), "poc.city_share", 1, 0,
        {"poc.cost": 10, "departments.budget": 500}),
    row("a city that cannot pay does not", lost("financial"), "poc.city_share", 0, 1,
        {"poc.cost": 5, "departments.budget": 1}),
    row("private finance saves them", lost("financial"), "vendors.startup.finance", 1, 0, STARTUPS,
        {"poc.cost": 10, "vendors.startup.margin": 0}),
    row("impatient vendors withdraw", lost("withdrawn"), "vendors.patience", 2000, 100),
    row("an idle office makes vendors withdraw", lost("withdrawn"), "pmo.staff", 20, 3),
    # --- the proof of concept
    row("a longer field test", between("poc", "preparation"), "poc.days", 60, 300, PASSED, WANTED),
    row("a midway review closes failures earlier", failing_takes, "poc.midway", True, False, SMOOTH,
        {"poc.midway_bar": 0.6, "poc.close_bar": 0.6, "poc.pass_bar": 0.6}),
    row("extensions let more POCs pass", feasible, "poc.extensions", 0, 3, SMOOTH, {"poc.pass_bar": 0.65}),
    row("a bar for passing", feasible, "poc.pass_bar", 0.8, 0.4, SMOOTH),
    row("a bar for fit in the review raises the fit of what passes", mean_fit("preparation"), "poc.fit_bar",
        0, 0.8, SMOOTH),
    row("experts sharpen the review", discernment, "experts.panel", 0, 20, SMOOTH,
        {"poc.noise": 0.5, "experts.noise": 0.5, "pmo.exists": False}, pairs=24),
    row("the weight of fit raises the fit of what passes", mean_fit("preparation"), "poc.technical_weight",
        0, 1, SMOOTH,
        {"poc.fit_bar": 0, "poc.pass_bar": 0.6, "poc.close_bar": 0.6, "deployment.scale_fit": 0}, pairs=36),
    row("adaptation raises fit", mean_fit("preparation"), "poc.adaptation", 0, 1, SMOOTH, PASSED, WANTED,
        {"vendors.startup.breadth": 0.3}),
    row("small purchases are a second POC", how_many("second_poc"), "poc.second", False, True),
    row("without them doubtful vendors go to tender at once", how_many("preparation"), "poc.second", True,
        False, {"poc.scaling_bar": 0.9}),
    row("a bar for scaling closes second POCs", closed_from("second_poc", reason="technical"),
        "poc.scaling_bar", 0.2, 0.9),
    row("vendors with capacity to scale pass it", closed_from("second_poc", reason="technical"),
        "vendors.startup.scaling", 0.9, 0.1, STARTUPS),
    row("testers fit less", mean_fit("matched"), "vendors.tester_share", 1, 0, BROAD,
        {"vendors.knowledge": 0.8}),
    row("testers have less of a follow-up", passing("poc", "preparation"), "vendors.tester_share", 1, 0,
        SMOOTH, BROAD, {"vendors.knowledge": 0.8}, pairs=36),
    row("departments without a will to scale let pilots pile up (P16)", passing_without_contract,
        "deployment.scale_wish", 5, -5, SMOOTH),
    row("clumsy writers of tenders let pilots pile up (P16)", passing_without_contract,
        "departments.tender_skill", 0.95, 0.05, SMOOTH, WANTED),
    row("small budgets let pilots pile up (P16)", passing_without_contract, "departments.budget", 100, 1,
        SMOOTH, {"deployment.scale_wish": 5, "poc.second": False}),
    row("departments want what fits", passing("poc", "preparation"), "deployment.scale_fit", 0, 10, SMOOTH,
        PASSED, BROAD, {"vendors.knowledge": 1, "vendors.tester_share": 0}),
    row("departments want what they asked for", passing("poc", "preparation"), "deployment.scale_demand", 0,
        10, ROADMAP, SMOOTH, PASSED),
    # --- procurement
    row("three bidders or none: first rounds fail", share_of("round", "failed", origin="first"),
        "procurement.three_bidders", False, True, SMOOTH, WANTED),
    row("three bidders or none: contracts come later", between("tender", "contract"),
        "procurement.three_bidders", False, True, SMOOTH, PASSED, WANTED, {"procurement.rewindow": 180},
        pairs=40),
    row("lowest price is cheaper", price_paid, "procurement.rule", "lowest_price", "best_value", SMOOTH,
        WANTED, {"procurement.bidding": 1, "procurement.price_noise": 0.5}),
    row("lowest price fits less", mean_fit("contract"), "procurement.rule", "lowest_price", "best_value",
        SMOOTH, WANTED,
        {"procurement.bidding": 1, "procurement.price_noise": 0.5, "procurement.quality_weight": 1}),
    row("the weight of quality raises fit", mean_fit("contract"), "procurement.quality_weight", 0, 1,
        SMOOTH, WANTED, {"procurement.bidding": 1, "procurement.price_noise": 0.5}),
    row("a bar for quality refuses offers", closed_from("tender", "retender", reason="misfit"),
        "procurement.quality_bar", 0, 1),
    row("more bidders", mean_amount("round", target="valid"), "procurement.bidding", 0.1, 0.9, SMOOTH,
        WANTED, {"procurement.three_bidders": False}),
    row("a discount lowers prices", price_paid, "procurement.discount", 0.4, 0, SMOOTH, WANTED),
    row("vague needs take long to write", between("preparation", "tender"), "procurement.writing_days", 30,
        400, SMOOTH, WANTED),
    row("a specification learnt in the POC is written faster", between("preparation", "tender"),
        "learning.specification", 1, 0, SMOOTH, WANTED),
    row("direct purchase keeps rivals out", number_of("award", reason="rival"), "procurement.direct", True,
        False, SMOOTH, WANTED),
    row("small budgets end purchases", closed_from("preparation", reason="financial"), "departments.budget",
        100, 1, SMOOTH, {"deployment.scale_wish": 5, "poc.second": False, "procurement.budget_years": 0}),
    row("money of its own saves a roadmap need", closed_from("preparation", reason="financial"),
        "top_down.funded", 1, 0, ROADMAP, SMOOTH, {"departments.budget": 1, "procurement.budget_years": 0}),
    row("a privilege wins tenders", own_wins, "procurement.privilege", 0, 1, SMOOTH, WANTED, RIVALRY),
    row("what was learnt in the POC wins tenders (P13)", own_wins, "learning.poc", 0, 1, SMOOTH, PASSED,
        WANTED, RIVALRY, WIDE,
        {"vendors.tester_share": 0, "vendors.knowledge": 0, "learning.specification": 0}, pairs=24),
    row("without a POC more of what is bought is unfit (P12)", unfit, "poc.required", True, False, BOTH,
        pairs=40),
    row("without a POC more money is wasted (P12)", waste, "poc.required", True, False, BOTH, pairs=40),
    row("what is lost on the way to a paper tender is wasted", unfit, "procurement.no_poc_clarity", 1, 0,
        ROADMAP, SMOOTH, WANTED, {"poc.required": False, "fit.ignorance": 0.5, "procurement.bidding": 1}),
    # --- intake
    row("reach brings proposals", how_many("submitted"), "bottom_up.reach", 0.2, 1),
    row("knowledge raises fit", mean_fit("matched"), "vendors.knowledge", 0, 1, SPARSE, WIDE,
        {"vendors.tester_share": 0}, pairs=24),
    Row("problem-led calls raise fit", mean_fit("matched"), {"bottom_up.open": True}, CALLS, town(SPARSE)),
    row("validation raises the fit of those chosen", mean_fit("screened"), "problem_led.validation", False,
        True, CALLS, {"problem_led.wrong_share": 0.8, "problem_led.validation_days": 0}),
    row("clear statements raise the fit of those chosen", mean_fit("screened"), "problem_led.clarity", 0, 1,
        CALLS, BROAD, pairs=24),
    row("more slots let more through", how_many("screened"), "problem_led.slots", 1, 5, CALLS),
    row("more calls bring more proposals", how_many("submitted"), "problem_led.calls", 1, 4, CALLS),
    row("reviews of roadmaps bring proposals", how_many("submitted"), "top_down.reviews", 0.3, 4, ROADMAP),
    # --- deployment
    Row("demand-driven services survive longer (P10)", given_up, {**CALLS, "problem_led.validation": True},
        {"bottom_up.open": True},
        town(SPARSE, SMOOTH, PASSED, WANTED, {"procurement.direct": True, "deployment.misfit_weight": 15}),
        pairs=16, days=1826),
    row("lack of fit ends services", given_up, "deployment.misfit_weight", 0, 30, SMOOTH, PASSED, WANTED,
        UNFIT),
    row("private finance keeps services (S54)", given_up, "vendors.startup.finance", 1, 0, SMOOTH, PASSED,
        WANTED, STARTUPS, SHORT, {"vendors.startup.margin": 5}),
    row("skill keeps services", given_up, "departments.skill", 0.95, 0.05, SMOOTH, PASSED, WANTED, SHORT),
    row("novelty adds value", mean_amount("solved"), "deployment.novelty_gain", 0, 2, SMOOTH, PASSED, WANTED),
    row("the bar for use", number_of("solved"), "deployment.usable", 0.95, 0.1, SMOOTH, PASSED, WANTED),
    # --- learning
    row("success wins trust", mean_amount("trust"), "learning.trust_gain", 0, 1),
    row("failure loses trust", mean_amount("trust"), "learning.trust_loss", 1, 0),
    row("success wins culture", mean_amount("culture"), "learning.culture_gain", 0, 0.5),
    row("failure loses culture", mean_amount("culture"), "learning.culture_loss", 0.5, 0),
    row("culture that was won hosts more", share_of("decision", "hosts"), "learning.culture_gain", 0, 1,
        SMOOTH, PASSED,
        {"departments.openness": 0, "departments.culture": 0.2, "departments.culture_weight": 6},
        {"learning.culture_loss": 0}, days=2192),
    row("monitoring saves culture", mean_amount("culture"), "learning.monitoring", 0, 1),
    row("monitoring saves trust", mean_amount("trust"), "learning.monitoring", 0, 1),
    row("monitoring saves support", mean_amount("support"), "learning.monitoring", 0, 1, SMOOTH, PASSED,
        WANTED, UNFIT, {"politics.failure_loss": 0.5}),
    row("a success nearby puts needs into words", number_of("stated", reason="success nearby"),
        "learning.nearby", 0, 1, SMOOTH, PASSED, WANTED),
    row("failure loses reputation", mean_amount("reputation"), "learning.reputation_loss", 0.2, 0),
    row("success wins reputation", mean_amount("reputation"), "learning.reputation_gain", 0, 0.2),
    row("a good name draws vendors", number_of("enter"), "vendors.pull", 0, 3,
        {"learning.reputation_gain": 0.2, "learning.reputation_loss": 0, "vendors.entry": 30}),
    row("a bad name keeps them away", number_of("enter"), "vendors.pull", 3, 0,
        {"learning.reputation_gain": 0, "learning.reputation_loss": 0.2, "vendors.entry": 30},
        {"poc.pass_bar": 1, "poc.close_bar": 1}),
    row("vendors without income leave", number_of("leave"), "vendors.startup.margin", 5, -5),
    row("vendors propose less to a city of bad name", how_many("submitted"), "learning.reputation_loss",
        0.5, 0, {"vendors.pull": 0, "poc.midway_bar": 1, "bottom_up.rate": 1}),
    row("busy vendors propose less", how_many("submitted"), "vendors.open_cases", 1, 10,
        {"bottom_up.rate": 3}),
]
# fmt: on


@pytest.mark.slow
@pytest.mark.parametrize("row", MECHANISMS, ids=lambda row: row.name)
def test_mechanism_moves_its_outcome(row: Row) -> None:
    found = paired(row)
    assert found.pairs >= 8
    assert found.mean > 3 * found.error, f"{found.mean:.3g} with standard error {found.error:.2g}"


# --- the vendor of the POC against its rivals (P13) --------------------------------------------

#: every vendor is like any other, and every offer is as good as can be
EQUAL: Numbers = {
    **town(SMOOTH, PASSED, WANTED, RIVALRY, WIDE),
    **STARTUPS,
    "vendors.spread": 0,
    "vendors.tester_share": 0,
    "vendors.knowledge": 0.5,
    "fit.ignorance": 0,
    "learning.poc": 0,
    "procurement.incumbent_bids": 0.9,
}


def edge(**numbers: Value) -> tuple[float, float, int]:
    """Wins of POC vendors less what chance gives (1 / bids each), in standard errors and in parts."""
    tenders = [
        contest for seed in range(24) for contest in contests(sim.run(world({**EQUAL, **numbers}), seed))
    ]
    chances = [1 / bids for _, bids in tenders]
    surplus = sum(won for won, _ in tenders) - sum(chances)
    error = math.sqrt(sum(chance * (1 - chance) for chance in chances))
    return surplus / error, surplus / sum(chances), len(tenders)


def test_poc_vendor_that_learnt_nothing_wins_as_often_as_any_bidder() -> None:
    z, surplus, tenders = edge()
    assert tenders > 150
    assert abs(z) < 3, f"{surplus:+.0%} of {tenders} tenders, {z:.1f} standard errors"
    assert abs(surplus) < 0.5


def test_the_only_edge_of_the_poc_vendor_is_what_it_learnt() -> None:
    ignorant, _, _ = edge(**{"fit.ignorance": 0.5})
    learned, _, _ = edge(**{"fit.ignorance": 0.5, "learning.poc": 1})
    assert ignorant < 3 < learned


def test_a_privilege_is_an_edge_without_learning() -> None:
    z, surplus, _ = edge(**{"procurement.privilege": 0.3})
    assert z > 3
    assert surplus > 1

"""Hub, platform, private finance and start-up programme: what they move, and through what.

Each lever has three kinds of test: a number of it moves the outcome that it should (paired runs, the
mean difference beyond three standard errors); with the channels closed through which the lever works
the history is the very same but for what the lever itself does; and its scenario differs from its base
as the sources say.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest

import sim
from sim.agents.vendor import Vendor
from sim.events import Event, EventLog
from sim.market import lured
from sim.model import Ecosystem
from sim.parameters import Value
from sim.programmes.hub import Hub, drawing
from sim.scenario import Change
from tests.test_mechanisms import (
    PASSED,
    RIVALRY,
    ROADMAP,
    SHORT,
    SMOOTH,
    STARTUPS,
    TOWN,
    WANTED,
    WIDE,
    Numbers,
    Outcome,
    Row,
    between,
    given_up,
    how_many,
    lost,
    mean,
    mean_fit,
    number_of,
    paired,
    price_paid,
    reached,
    row,
    share,
    told,
)
from tests.worlds import START, world

# --- outcomes ----------------------------------------------------------------------------------


def kinds(log: EventLog) -> dict[str | None, str | None]:
    return {event.actor: event.reason for event in told(log, "enter")}


def gone(kind: str | None = None) -> Outcome:
    """Share of the vendors (of a kind) that leave the market."""

    def left(log: EventLog) -> float:
        firms = {name for name, own in kinds(log).items() if kind in (None, own)}
        return share(sum(event.actor in firms for event in told(log, "leave")), len(firms))

    return left


def came(*wanted: str) -> Outcome:
    """Vendors of some kinds that enter after the first day."""
    return lambda log: sum(event.reason in wanted for event in told(log, "enter") if event.time > 0)


def started_by(kind: str) -> Outcome:
    """Share of the POCs that vendors of a kind run."""

    def part(log: EventLog) -> float:
        begun = reached(log, "poc")
        runs = [case.vendor_kind for case in log.cases if case.case in begun]
        return share(runs.count(kind), len(runs))

    return part


def novelty(log: EventLog) -> float:
    """Mean novelty, at the end, of the vendors that reached a POC."""
    begun = reached(log, "poc")
    return mean([case.novelty for case in log.cases if case.case in begun])


def crowding(log: EventLog) -> float:
    """Sum of the squared shares of the fields among those who ever moved into the hub."""
    joined = Counter(event.reason for event in told(log, "member", origin="hub", target="joins"))
    return share(sum(number * number for number in joined.values()), joined.total() ** 2)


def poc_cost(log: EventLog) -> float:
    begun = reached(log, "poc")
    return mean([case.poc_cost for case in log.cases if case.case in begun])


def delivery(log: EventLog) -> float:
    """Mean cost of delivery in parts of the price."""
    spent = [event.amount or 0 for event in told(log, "payment", reason="delivery cost")]
    paid = [event.amount or 0 for event in told(log, "payment", reason="contract")]
    return share(sum(spent), sum(paid))


def rivals(log: EventLog) -> float:
    """Mean fit of the contracts won by rivals of the vendor of the POC."""
    there = reached(log, "contract")
    return mean(
        [case.fit for case in log.cases if case.case in there and case.parent and case.fit is not None]
    )


def bereft(log: EventLog) -> float:
    """Share of the services whose firm has left that end with it."""
    ended = len(told(log, "move", origin="deployed", target="abandoned", reason="financial"))
    return share(ended, ended + len(told(log, "takeover")))


# --- single numbers ----------------------------------------------------------------------------

HUB: Numbers = {"hub.exists": True, "hub.appeal": 0.2, "hub.draw": 0}
PLATFORM: Numbers = {"platform.exists": True, "platform.coverage": 1}
FINANCE: Numbers = {"finance.brokered": True, "finance.introductions": 1}
INCUBATOR: Numbers = {"incubation.exists": True, "incubation.places": 40}
#: firms that live from hand to mouth, with services that nobody else gives up
FRAIL: Numbers = {
    **STARTUPS,
    "vendors.startup.cash": 8,
    "vendors.startup.margin": -2,
    "vendors.startup.finance": 0.3,
    "deployment.abandonment": 0,
    "deployment.contract_years": 15,
}

# fmt: off
MECHANISMS = [
    row("a hub has room for so many", number_of("member", target="joins"), "hub.places", 10, 60, HUB),
    row("an appealing hub fills sooner", number_of("member", target="joins"), "hub.appeal", 0.01, 0.2, HUB),
    row("firms move in where their own field is", crowding, "hub.company", 0, 2, HUB,
        {"hub.appeal": 0.005, "hub.places": 20, "city.domains": 6, "vendors.initial": 200}, pairs=24),
    row("a cluster draws new firms", number_of("enter"), "hub.draw", 0, 0.2, HUB),
    row("meetings make ties", number_of("tie"), "hub.meetings", 0.05, 0.5, HUB),
    row("members pass on what they know, and rivals offer better", rivals, "hub.exchange", 0, 1, HUB, SMOOTH,
        PASSED, WANTED, RIVALRY, WIDE,
        {"hub.appeal": 1, "hub.meetings": 1, "hub.places": 500, "vendors.tester_share": 0,
         "bottom_up.rate": 1, "learning.poc": 1, "vendors.knowledge": 0, "learning.specification": 0,
         "needs.arrival": 2}),
    row("academia makes members more novel", novelty, "hub.academia", 0, 0.5, HUB),
    row("the office knows who is in the hub", how_many("submitted"), "hub.exists", False, True, ROADMAP, HUB,
        {"pmo.contacts": 0.1, "hub.academia": 0, "hub.exchange": 0, "pmo.search_days": 1}),
    row("a platform makes POCs cheaper", lambda log: -poc_cost(log), "platform.saving", 0, 0.8, PLATFORM),
    row("a platform saves those short of cash", lost("financial"), "platform.saving", 0.9, 0, PLATFORM,
        {"poc.cost": 8}),
    row("a platform lowers prices", lambda log: -price_paid(log), "platform.saving", 0, 0.6, PLATFORM,
        SMOOTH, WANTED),
    row("a platform sets POCs up faster", between("cleared", "poc"), "platform.speed", 0.9, 0, PLATFORM),
    row("a platform builds faster", between("contract", "deployed"), "platform.speed", 0.9, 0, PLATFORM,
        SMOOTH, PASSED, WANTED),
    row("open data help vendors to meet the need", mean_fit("matched"), "platform.insight", 0, 1, PLATFORM,
        WIDE, {"vendors.tester_share": 0, "pmo.contacts": 1, "top_down.open": True, "bottom_up.open": False}),
    row("a wider platform serves more needs", lambda log: -between("cleared", "poc")(log),
        "platform.coverage", 0.1, 1, PLATFORM, {"platform.speed": 0.9}),
    row("open interfaces draw small firms", came("startup", "sme"), "platform.draw", 0, 1, PLATFORM,
        {"vendors.entry": 30}),
    row("open interfaces make a firm replaceable", bereft, "platform.open", True, False, PLATFORM,
        SMOOTH, PASSED, WANTED, FRAIL, {"vendors.entry": 30, "platform.draw": 0}, days=2192),
    row("a dear takeover is not paid for", bereft, "platform.takeover", 0, 1, PLATFORM, SMOOTH, PASSED,
        WANTED, FRAIL, {"departments.budget": 3, "vendors.entry": 30}, days=2192, pairs=24),
    row("introductions keep firms alive", gone(), "finance.introductions", 1, 0, FINANCE, SMOOTH, FRAIL,
        days=2192),
    row("introductions make services last", given_up, "finance.introductions", 1, 0, FINANCE, STARTUPS,
        SMOOTH, PASSED, WANTED, SHORT, {"vendors.startup.finance": 0.05, "departments.skill": 0.1}),
    row("a start-up programme has so many places", number_of("member", target="joins"), "incubation.places",
        2, 40, INCUBATOR),
    row("short stays let more start-ups in", number_of("member", target="joins"), "incubation.days", 1500,
        120, INCUBATOR, {"incubation.places": 4}),
    row("a fund keeps start-ups alive", gone("startup"), "incubation.fund", 20, 0, INCUBATOR, days=2192),
    row("incubated start-ups are ready", lost("technical"), "incubation.gain", 1, 0, INCUBATOR, STARTUPS),
    row("incubated start-ups can scale", number_of("review", origin="second", target="close"),
        "incubation.gain", 0.9, 0, INCUBATOR, STARTUPS, SMOOTH,
        {"poc.scaling_bar": 0.5, "deployment.scale_wish": 5, "incubation.days": 90}),
]
# fmt: on


@pytest.mark.slow
@pytest.mark.parametrize("row", MECHANISMS, ids=lambda row: row.name)
def test_mechanism_moves_its_outcome(row: Row) -> None:
    found = paired(row)
    assert found.pairs >= 8
    assert found.mean > 3 * found.error, f"{found.mean:.3g} with standard error {found.error:.2g}"


# --- the channels ------------------------------------------------------------------------------

OWN_KINDS = {"policy", "member", "tie", "grown"}
OWN_MONEY = {"hub", "platform", "incubator", "start-up fund"}


def rest(log: EventLog) -> list[Event]:
    """What happened, but for what the levers themselves do and pay."""
    return [
        event
        for event in log.events
        if event.kind not in OWN_KINDS and not (event.kind == "payment" and event.reason in OWN_MONEY)
    ]


def same(switch: str, *closed: Numbers, seed: int = 3) -> bool:
    numbers = {path: value for group in (TOWN, ROADMAP, *closed) for path, value in group.items()}
    off, on = (sim.run(world(numbers, {switch: state}), seed) for state in (False, True))
    return rest(off) == rest(on)


#: lever -> numbers with which each of its channels is closed
CHANNELS: dict[str, dict[str, Value]] = {
    "hub.exists": {"hub.exchange": 0, "hub.academia": 0, "hub.draw": 0, "pmo.contacts": 1},
    "platform.exists": {"platform.saving": 0, "platform.speed": 0, "platform.open": False},
    "finance.brokered": {f"vendors.{kind}.finance": 1 for kind in ("startup", "sme", "large")},
    "incubation.exists": {"incubation.fund": 0, "incubation.gain": 0, "pmo.contacts": 1},
}

#: the channel that matters most where all are open -> a value at which it is closed; each alone is enough
OPEN: dict[str, dict[str, Value]] = {
    "hub.exists": {"hub.appeal": 0.3},
    "platform.exists": {},
    "finance.brokered": {**SMOOTH, **FRAIL, "vendors.startup.cash": 3},
    "incubation.exists": {},
}


@pytest.mark.parametrize("switch", CHANNELS)
def test_with_its_channels_closed_a_lever_changes_nothing_else(switch: str) -> None:
    assert same(switch, OPEN[switch], CHANNELS[switch])
    assert not same(switch, OPEN[switch])


@pytest.mark.parametrize(
    ("switch", "path"),
    [
        (switch, path)
        for switch in ("hub.exists", "platform.exists", "incubation.exists")
        for path in CHANNELS[switch]
        if path != "pmo.contacts"
    ],
)
def test_each_channel_of_a_lever_works_alone(switch: str, path: str) -> None:
    """The others closed, one left open at its default still changes what happens."""
    closed = {name: value for name, value in CHANNELS[switch].items() if name != path}
    assert not all(same(switch, OPEN[switch], closed, seed=seed) for seed in (1, 2, 3))


# --- the hub's network -------------------------------------------------------------------------


def test_ties_join_members_of_one_field_and_carry_knowledge() -> None:
    scenario = world(TOWN, HUB, {"hub.academia": 0, "hub.exchange": 0.5, "hub.meetings": 0.5})
    model = Ecosystem(scenario, 1)
    model.finish()
    (hub,) = (programme for programme in model.cities[0].programmes if isinstance(programme, Hub))
    assert hub.network.number_of_edges() > 20
    assert all(one.domain == other.domain for one, other in hub.network.edges)
    departments = model.cities[0].departments
    learnt = [vendor.knowledge(department) for vendor in hub.network for department in departments]
    assert max(learnt) <= 1
    lone = [vendor for vendor in hub.network if not hub.network.adj[vendor]]
    linked = [vendor for vendor in hub.network if hub.network.adj[vendor]]

    def known(vendors: list[Vendor]) -> float:
        return mean([sum(vendor.knowledge(department) for department in departments) for vendor in vendors])

    assert not lone or known(linked) > known(lone)


def test_a_hub_that_closes_lets_everybody_go() -> None:
    closing = Change(at=START + timedelta(days=600), set={"hub.exists": False}, policies=None, city=None)
    log = sim.run(world(TOWN, HUB, timeline=(closing,)), 1)
    members: set[str | None] = set()
    for event in told(log, "member"):
        (members.add if event.target == "joins" else members.discard)(event.actor)
    assert told(log, "member", target="joins")
    assert members == set()
    assert max(event.time for event in told(log, "payment", reason="hub")) < 600


def test_nobody_lures_where_nothing_draws() -> None:
    assert lured(0.3, []) == 0.3
    assert lured(0.3, [0.5, 0.5]) == pytest.approx(1 - 0.7 * 0.25)
    assert drawing(0.1, 0) == 0
    assert drawing(0.1, 2) == pytest.approx(0.19)


# --- scenarios ---------------------------------------------------------------------------------

BASE = "taipei_2016_2021"


def alive(log: EventLog) -> float:
    """Share of the POCs started whose own service, or a rival's after it, is in operation at the end."""
    running = reached(log, "deployed").keys() - reached(log, "abandoned").keys()
    roots = {case.parent or case.case for case in log.cases if case.case in running}
    begun = reached(log, "poc").keys()
    return share(len(roots & begun), len(begun))


def city_money(log: EventLog) -> float:
    """NT$ m paid by departments for each need solved."""
    paid = told(log, "payment")
    spent = sum(
        event.amount or 0 for event in paid if event.reason in ("contract", "small purchase", "takeover")
    )
    return spent / max(1, len(told(log, "solved")))


def value(log: EventLog) -> float:
    """NT$ m that services have been worth up to the end."""
    ended = reached(log, "abandoned")
    return sum(
        (event.amount or 0) * (ended.get(event.case or 0, log.days) - event.time) / 365.25
        for event in told(log, "solved")
    )


#: what is looked at in a scenario's run; all of it at once, because logs are too large to keep
OUTCOMES: dict[str, Outcome] = {
    "services": how_many("deployed"),
    "value": value,
    "alive": alive,
    "city money": city_money,
    "given up": given_up,
    "POCs of start-ups": started_by("startup"),
    "start-ups gone": gone("startup"),
}


@cache
def outcomes(name: str, seed: int) -> dict[str, float]:
    log = sim.run(name, seed)
    return {meaning: outcome(log) for meaning, outcome in OUTCOMES.items()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("less", "more", "outcome", "meaning"),
    [
        (BASE, "glasgow_hub", "services", "a hub brings more services (S55)"),
        (BASE, "glasgow_hub", "value", "and they are worth more (S55)"),
        ("open_platform", BASE, "city money", "a platform makes a solved need cheaper (S56)"),
        (BASE, "open_platform", "services", "and more needs get a service (S56)"),
        ("open_platform", "busan_platform", "services", "citizens' needs add to it (S56)"),
        ("busan_technology_push", "busan_platform", "alive", "what starts from technology fails (S58, P10)"),
        (BASE, "startup_support", "POCs of start-ups", "a programme brings start-ups in (R62)"),
        ("startup_support", BASE, "start-ups gone", "and keeps them alive (R62)"),
        ("private_finance", BASE, "given up", "with private money services last (S54)"),
    ],
)
def test_scenario_differs_from_its_base_as_the_source_says(
    less: str, more: str, outcome: str, meaning: str
) -> None:
    pairs = [(outcomes(more, seed), outcomes(less, seed)) for seed in range(1, 25)]
    centre, error = summary([one[outcome] - other[outcome] for one, other in pairs])
    assert centre > 3 * error, f"{meaning}: {centre:.3g} with standard error {error:.2g}"


def summary(gains: list[float]) -> tuple[float, float]:
    """Mean and standard error of the gains that are known."""
    known = [gain for gain in gains if gain == gain]
    centre = mean(known)
    spread = (sum((gain - centre) ** 2 for gain in known) / (len(known) - 1)) ** 0.5
    return centre, spread / len(known) ** 0.5


@pytest.mark.slow
def test_an_office_makes_an_engine_of_a_platform() -> None:
    """Santander (S57): with the office, more POCs and services than the platform alone brings."""
    journey = sim.load("santander_platform_pmo")
    alone = replace(
        journey, timeline=tuple(change for change in journey.timeline if "pmo.exists" not in change.set)
    )

    def late(stage: str, log: EventLog) -> int:
        return sum(time > 1381 for time in reached(log, stage).values())  # 1 January 2020

    for stage in ("poc", "deployed"):
        gains = [
            float(late(stage, sim.run(journey, at)) - late(stage, sim.run(alone, at))) for at in range(8)
        ]
        centre, error = summary(gains)
        assert centre > 3 * error

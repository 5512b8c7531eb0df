"""What holds in every run, whatever the numbers: conservation of cases and money, and a full record.

Worlds are drawn from the ranges of the parameters (populations are kept small for speed), stepped
month by month, and looked at after each month. The log alone must tell the state.
"""

from __future__ import annotations

import gc
import math
import weakref
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from analysis.eventlog import State, replay
from sim.agents.department import Department
from sim.agents.vendor import Vendor
from sim.calendar import MONTH
from sim.cases import Case, Need
from sim.events import Event, EventLog, Kind
from sim.model import Ecosystem
from sim.parameters import PATHS, Parameters, Row, Value
from sim.policies import POLICIES
from sim.scenario import FOUNDING, Change, Scenario, available, load
from sim.stages import ENDS, IN_SERVICE, Reason, Stage
from tests.worlds import START, world

#: populations are kept small for speed; the rest of a range is used in full
CAPS = {
    "city.departments": 12.0,
    "city.domains": 4.0,
    "vendors.initial": 40.0,
    "vendors.entry": 40.0,
    "needs.initial": 4.0,
    "needs.arrival": 3.0,
}

#: rounding error of sums of money, NT$ m
DUST = 1e-6


# random worlds


def limits(row: Row) -> tuple[float, float]:
    low, high = row.low, row.high
    assert low is not None
    assert high is not None
    return low, min(high, CAPS.get(row.path, high))


def whole(row: Row) -> bool:
    return isinstance(Parameters().with_(row.path, row.default).at(row.path), int)


def options(row: Row) -> list[Value]:
    return [False, True] if isinstance(row.default, bool) else list(row.options)


def a_value(row: Row) -> st.SearchStrategy[Value]:
    if row.low is None:
        return st.sampled_from(options(row))
    low, high = limits(row)
    return st.integers(math.ceil(low), math.floor(high)) if whole(row) else st.floats(low, high)


def at_random(luck: Random) -> dict[str, Value]:
    """A value for every number, evenly from its range."""
    drawn: dict[str, Value] = {}
    for row in PATHS.values():
        if row.low is None:
            drawn[row.path] = luck.choice(options(row))
        else:
            low, high = limits(row)
            number = luck.uniform(low, high)
            drawn[row.path] = round(number) if whole(row) else number
    return drawn


def some_numbers(paths: list[str]) -> st.SearchStrategy[dict[str, Value]]:
    """Values for a few of the numbers."""
    pairs = st.sampled_from(paths).flatmap(lambda path: st.tuples(st.just(path), a_value(PATHS[path])))
    return st.lists(pairs, max_size=30).map(dict)


SMALL: dict[str, Value] = {"city.departments": 8, "city.domains": 2, "vendors.initial": 30}
BUSY: dict[str, Value] = {
    **SMALL,
    "bottom_up.rate": 3.0,
    "top_down.reviews": 4.0,
    "problem_led.open": True,
    "needs.initial": 4.0,
}
#: cities that hold programmes together, answer pitches, and hear of each other's solutions
CONNECTED: dict[str, Value] = {
    "challenge.open": True,
    "pitch.open": True,
    "exchange.open": True,
    "working_groups.meetings": 6.0,
    "competition.contests": 2.0,
    "competition.mature": 0.2,
    "citizens.demands": 1.0,
}
CHANGING = [
    path
    for path in PATHS
    if path not in FOUNDING and not path.startswith("city.") and path != "departments.capacity"
]

numbers = (
    some_numbers(list(PATHS)).map(lambda some: {**BUSY, **some})
    | some_numbers(list(PATHS)).map(lambda some: {**SMALL, **some})
    | st.integers(0, 2**32).map(lambda seed: at_random(Random(seed)))
)
policies = st.lists(st.sampled_from(sorted(POLICIES)), unique=True, max_size=3).map(tuple)


@st.composite
def worlds(draw: st.DrawFn) -> Scenario:
    days = draw(st.integers(200, 731))
    cities: dict[str, dict[str, Value]] = {"Taipei": {}}
    if draw(st.booleans()):
        cities["Tainan"] = draw(some_numbers(CHANGING))
    changes = st.builds(
        lambda day, some, lever, city: Change(START + timedelta(days=day), some, lever, city),
        st.integers(0, days),
        some_numbers(CHANGING),
        st.none() | policies,
        st.none() | st.sampled_from(sorted(cities)),
    )
    timeline = sorted(draw(st.lists(changes, max_size=2)), key=lambda change: change.at)
    elections = draw(st.lists(st.integers(0, days), unique=True, max_size=2))
    return world(
        draw(numbers),
        days=days,
        cities=cities,
        elections=tuple(START + timedelta(days=day) for day in sorted(elections)),
        policies=draw(policies),
        timeline=tuple(timeline),
    )


# what holds at any time


class Watch:
    """A run that is stepped, with the state that its log alone tells beside it."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.model = Ecosystem(scenario, seed)
        self.state = State()
        self._read = 0

    def months(self) -> Iterator[None]:
        """The start, and then the end of each month."""
        model = self.model
        self._catch_up()
        yield
        while model.now < model.world.days:
            model.step()
            self._catch_up()
            yield
        model.finish()
        self._catch_up()
        yield

    def _catch_up(self) -> None:
        events = self.model.log.events
        replay(events[self._read :], self.state)
        self._read = len(events)

    @property
    def departments(self) -> list[Department]:
        return [department for city in self.model.cities for department in city.departments]

    @property
    def vendors(self) -> list[Vendor]:
        market = self.model.market
        return [
            vendor
            for domain in range(self.model.parameters.city.domains)
            for vendor in market.vendors(domain)
        ]

    @property
    def needs(self) -> list[Need]:
        """All needs that the model still holds anywhere."""
        open_needs = [need for city in self.model.cities for needs in city.needs.values() for need in needs]
        return list(dict.fromkeys(open_needs + [case.need for case in self.model.cases if case.need]))


def check_cases(watch: Watch) -> None:
    """Every case is in one stage, and what was submitted is the sum over the stages."""
    model, state = watch.model, watch.state
    assert [case.number for case in model.cases] == list(range(1, len(model.cases) + 1))
    assert {case.number: case.stage for case in model.cases} == state.stages
    begun = [event for event in model.log.events if event.kind == Kind.MOVE and event.origin is None]
    assert Counter(Stage(event.target or "") for event in begun).total() == len(model.cases)
    assert sum(Counter(state.stages.values()).values()) == len(begun)
    for vendor in watch.vendors:
        held = [case for case in model.cases if case.firm is vendor and not case.over]
        assert sorted(vendor.cases, key=lambda case: case.number) == held
    for case in model.cases:
        assert case.over or not case.firm.gone or case.stage in PURCHASE
        assert case.need is not None or case.stage in (Stage.SUBMITTED, Stage.SCREENED, Stage.CLOSED)


PURCHASE = (Stage.PREPARATION, Stage.TENDER, Stage.RETENDER)


def check_money(watch: Watch) -> None:
    """All accounts add up to nothing, and the cash of each party is what the log says."""
    state = watch.state
    volume = math.fsum(map(abs, state.money.values()))
    assert abs(math.fsum(state.money.values())) <= DUST + 1e-12 * volume
    parties: list[Department | Vendor] = [*watch.departments, *watch.vendors]
    for party in parties:
        assert party.cash == state.money[party.name]  # the same sums in the same order
    gone = {event.actor for event in watch.model.log.events if event.kind == Kind.LEAVE}
    assert all(abs(state.money[name or ""]) <= DUST for name in gone)
    for department in watch.departments:
        held = [case.reserved for case in watch.model.cases if case.need and case.host is department]
        assert department.reserved == pytest.approx(math.fsum(held), abs=DUST)
        assert department.reserved >= -DUST
        assert min(held, default=0.0) >= 0
    # in a contract that is what hangs on the result
    assert all(case.reserved == 0 or case.stage in (*PURCHASE, Stage.CONTRACT) for case in watch.model.cases)


def check_places(watch: Watch) -> None:
    """No department hosts more than it can, and every place is held by a case that is under way."""
    seats: dict[Department, list[Case]] = defaultdict(list)
    for case in watch.model.cases:
        if case.seated:
            seats[case.host].append(case)
            assert case.stage in (Stage.CLEARED, Stage.POC, Stage.EXTENDED)
        else:
            assert case.stage not in (Stage.POC, Stage.EXTENDED)
    for department in watch.departments:
        assert department.hosting == len(seats[department])
        assert department.hosting <= department.city.parameters.departments.capacity


def in_hand(model: Ecosystem) -> Counter[int]:
    """Needs that a search, a presentation or a call has in hand now, by key.

    These are work to be done: it stands in the calendar or in the office's queue.
    """
    found = Counter[int]()
    for _, _, call, details in model.calendar._due:
        if call.__name__ == "_done":
            *_, then, inner = details
            _count(found, then.__name__, inner)
        else:
            _count(found, call.__name__, details)
    for city in model.cities:
        for *_, then, details in city.pmo._tasks:
            _count(found, then.__name__, details)
    return found


def _count(found: Counter[int], name: str, details: tuple[object, ...]) -> None:
    if name in ("_found", "_presented", "_choose", "_compare"):
        found.update(detail.key for detail in details if isinstance(detail, Need))
    elif name in ("_close", "_work_out", "_publish", "_accept", "_hold") and isinstance(details[-1], list):
        found.update(need.key for need in details[-1])


def traded(model: Ecosystem) -> Counter[int]:
    """Needs that somebody answers on the market, by key."""
    trades = [trade for city in model.cities for trade in city.launches.trades.values()]
    return Counter(trade.need.key for trade in trades if trade.operators)


def check_needs(watch: Watch) -> None:
    """A need is engaged by the cases that answer it and by work in hand, and solved by one service."""
    answering = Counter(
        case.need.key
        for case in watch.model.cases
        if case.need and not case.over and case.stage not in IN_SERVICE
    )
    engaged = answering + in_hand(watch.model) + traded(watch.model)
    solved: dict[tuple[str | None, str | None], int] = {}
    for need in watch.needs:
        assert need.engaged == engaged[need.key], need
        if need.solver:
            assert need.solver.stage in (Stage.DEPLOYED, Stage.SUSTAINED)
            assert need not in need.department.needs
            solved[need.department.city.name, need.name] = need.solver.number
        else:
            assert need in need.department.needs
    assert solved == watch.state.solved


def check_levels(watch: Watch) -> None:
    """Support, reputation, culture and trust are shares, and the log tells them."""
    state, model = watch.state, watch.model
    assert {vendor.name for vendor in watch.vendors} == state.vendors
    for city in model.cities:
        assert 0 <= city.support <= 1
        assert city.support == state.support[city.name]
        assert 0 <= city.reputation <= 1
        assert city.reputation == state.reputation[city.name]
        for department in city.departments:
            assert 0 <= department.culture <= 1
            assert department.culture == state.culture[city.name, department.name]
            for vendor in city.ties.met(department):
                told = state.trust[city.name, department.name, vendor.name]
                assert 0 <= told <= 1
                assert city.ties.trusted(department, vendor, -1.0) == told


def check_markets(watch: Watch) -> None:
    """Who serves citizens, what the city has of it, and the test fields are on the record."""
    state, model = watch.state, watch.model
    for city in model.cities:
        for trade in city.launches.trades.values():
            place = city.name, trade.need.name
            assert state.benefit.get(place, 0.0) == trade.benefit >= 0
            assert state.nuisance.get(place, 0.0) == trade.nuisance >= 0
            assert bool(trade.benefit) == bool(trade.operators)
            assert all(case.stage in (Stage.LAUNCHED, Stage.SUSTAINED) for case in trade.operators)
            vendors = [case.vendor for case in trade.operators]
            assert len(set(vendors)) == len(vendors)
        serving = {case for trade in city.launches.trades.values() for case in trade.operators}
        assert {case for case in city.cases if case.stage is Stage.LAUNCHED} <= serving
        open_ = {(city.name, city.domain_name(domain)) for domain in city.fields}
        assert open_ == {place for place in state.fields if place[0] == city.name}


CHECKS = (check_cases, check_money, check_places, check_needs, check_levels, check_markets)


# what holds of a whole log


def moves(log: EventLog) -> dict[int, list[Event]]:
    found: dict[int, list[Event]] = defaultdict(list)
    for event in log.events:
        if event.kind == Kind.MOVE:
            assert event.case is not None
            found[event.case].append(event)
    return found


def check_order(log: EventLog) -> None:
    assert all(one.time <= other.time for one, other in pairwise(log.events))
    assert all(0 <= event.time <= log.days for event in log.events)
    assert {event.kind for event in log.events} <= set(Kind)
    cases = {record.case for record in log.cases}
    assert all(event.case is None or event.case in cases for event in log.events)
    assert all(event.amount is None or math.isfinite(event.amount) for event in log.events)


def check_ends(log: EventLog) -> None:
    for path in moves(log).values():
        *way, last = path
        assert all(event.target not in ENDS for event in way)
        for event in path:
            ended_badly = event.target in (Stage.CLOSED, Stage.ABANDONED)
            assert (event.reason in set(Reason)) if ended_badly else event.reason is None
        assert last.time <= log.days


def check_office(log: EventLog) -> None:
    """The office has no money and no say in purchases; neither have the steering group and the panel."""
    outsiders = {"PMO", "steering group", "review panel"}
    for event in log.events:
        if event.kind == Kind.PAYMENT:
            assert event.origin == event.actor
            assert outsiders.isdisjoint({event.origin, event.target})
            assert event.amount is not None
            assert event.amount >= 0
            assert event.origin != event.target
        if event.kind in (Kind.ROUND, Kind.AWARD):
            assert event.actor not in outsiders


def check_pocs(log: EventLog, generous: bool) -> None:
    """Vendors pay for POCs, once each, and the city pays nothing unless the rules give it a share."""
    records = {record.case: record for record in log.cases}
    spent: dict[tuple[int | None, str | None], list[Event]] = defaultdict(list)
    for event in log.events:
        if event.kind == Kind.PAYMENT:
            spent[event.case, event.reason].append(event)
    started = {case for case, path in moves(log).items() if any(e.target == Stage.POC for e in path)}
    for case, record in records.items():
        costs, grants = spent[case, "poc cost"], spent[case, "poc grant"]
        expected = [(record.vendor, record.poc_cost)] if case in started and record.poc_cost else []
        assert [(event.origin, event.amount) for event in costs] == expected
        assert all(event.target == "world" for event in costs)
        assert len(grants) <= 1
        assert generous or not grants
        assert case in started or not grants


def check_purchases(log: EventLog) -> None:
    """A contract is paid by the department, to its own vendor, and in all never above the estimate."""
    records = {record.case: record for record in log.cases}
    paid = Counter[int | None]()
    estimates: dict[int, float] = {}
    price: dict[int, float] = defaultdict(float)
    for event in log.events:
        if event.kind == Kind.MOVE and event.target == Stage.PREPARATION:
            assert event.case is not None
            estimates[event.case] = event.amount or 0.0
        if event.kind == Kind.PAYMENT and event.reason in ("contract", "result"):
            record = records[event.case or 0]
            paid[event.case] += event.reason == "contract"
            price[record.case] += event.amount or 0.0
            assert (event.origin, event.target) == (record.department, record.vendor)
            assert price[record.case] <= estimates[record.parent or record.case] + DUST
    bought = {case for case, path in moves(log).items() if any(e.target == Stage.CONTRACT for e in path)}
    assert paid == Counter(bought)
    followers = ("tender", "market")
    assert all((record.parent is not None) == (record.channel in followers) for record in log.cases)


def gives(scenario: Scenario) -> bool:
    """Whether at any time in any city the rules give the city a share of the cost of POCs."""
    sets = [*scenario.cities.values(), *(change.set for change in scenario.timeline)]
    return scenario.parameters.poc.city_share > 0 or any("poc.city_share" in some for some in sets)


def look_through(scenario: Scenario, seed: int) -> EventLog:
    watch = Watch(scenario, seed)
    for _ in watch.months():
        for check in CHECKS:
            check(watch)
    log = watch.model.log
    check_order(log)
    check_ends(log)
    check_office(log)
    check_pocs(log, gives(scenario))
    check_purchases(log)
    assert [record.case for record in log.cases] == [case.number for case in watch.model.cases]
    return log


@pytest.mark.slow
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(worlds(), st.integers(0, 2**32))
@example(world(BUSY, cities={"Taipei": {}, "Tainan": {"poc.city_share": 1.0}}), 1)
@example(world(BUSY, {"poc.required": False, "pmo.exists": False}), 2)
@example(world(BUSY, {"pmo.staff": 1}), 3)
@example(world(BUSY, {"market.private_share": 1.0, "market.imitation": 2.0, "market.cost": 0.3}), 5)
@example(world(BUSY, {"closed_field.wanted": True, "closed_field.domain": 1, "needs.barrier_share": 1.0}), 6)
@example(world(BUSY, {"departments.capacity": 1, "poc.midway": False, "poc.extensions": 5}), 4)
@example(world(BUSY, CONNECTED, cities={"Taipei": {}, "Tainan": {}}), 5)
def test_random_worlds_keep_every_law(scenario: Scenario, seed: int) -> None:
    look_through(scenario, seed)


@pytest.mark.slow
@pytest.mark.parametrize("name", available())
def test_shipped_scenarios_keep_every_law(name: str) -> None:
    log = look_through(replace(load(name)), seed=11)
    assert log.cases
    assert {Kind.MOVE, Kind.PAYMENT, Kind.DECISION, Kind.SUPPORT} <= {event.kind for event in log.events}


def test_a_busy_world_reaches_every_stage_and_reason() -> None:
    # the laws above mean little if the worlds that are looked at are empty
    numbers = {"deployment.contract_years": 0.5, "needs.arrival": 2.0, "market.private_share": 0.3}
    scenario = world(BUSY, numbers, days=1461)
    elections = (START + timedelta(days=700), START + timedelta(days=1300))
    targets, reasons = set[str | None](), set[str | None]()
    for seed in range(6):
        for event in Ecosystem(replace(scenario, elections=elections), seed).finish().events:
            if event.kind == Kind.MOVE:
                targets.add(event.target)
                reasons.add(event.reason)
    assert targets == set(Stage)
    assert reasons - {None} == set(Reason)


@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(worlds(), st.integers(0, 2**32))
def test_steps_and_one_run_to_the_end_give_the_same_history(scenario: Scenario, seed: int) -> None:
    stepped = Ecosystem(scenario, seed)
    while stepped.now < scenario.days:
        stepped.step()
    assert stepped.finish() == Ecosystem(scenario, seed).finish()


def test_a_step_is_a_month_and_the_last_one_ends_with_the_run() -> None:
    model = Ecosystem(world(SMALL, days=100), 1)
    ends = list[float]()
    for _ in range(5):
        model.step()
        ends.append(model.now)
    assert ends == [MONTH, 2 * MONTH, 3 * MONTH, 100.0, 100.0]


def test_a_run_that_is_over_leaves_no_model_in_memory() -> None:
    model = Ecosystem(world({"vendors.initial": 5}, days=60), seed=1)
    left = weakref.ref(model)
    model.finish()
    del model
    gc.collect()
    assert left() is None

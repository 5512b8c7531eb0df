"""The same entities have the same luck under two policies, until the policy changes what they do."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import cache
from statistics import variance

import pytest

import sim
from sim.agents.vendor import Vendor
from sim.cases import Case
from sim.events import Event, EventLog
from sim.model import Ecosystem
from sim.parameters import Value
from sim.scenario import Change, Scenario
from tests.worlds import START, world

TOWN: dict[str, Value] = {
    "city.departments": 12,
    "city.domains": 3,
    "vendors.initial": 60,
    "vendors.entry": 20,
    "needs.initial": 4,
    "pmo.contacts": 0.5,
}

#: what each policy world changes in the town
WORLDS: dict[str, Scenario] = {
    "as it is": world(TOWN),
    "no office": world(TOWN, policies=("no_office",)),
    "no proof of concept": world(TOWN, policies=("no_poc",)),
    "calls": world(TOWN, policies=("problem_led",)),
    "many policies": world(TOWN, policies=("problem_led", "no_poc", "all_hands")),
    "little support": world(TOWN, {"politics.support": 0.1}),
    "a name quickly won": world(TOWN, {"learning.reputation_gain": 0.2}),
    "strict": world(TOWN, {"pmo.strictness": 0.6, "poc.pass_bar": 0.7, "procurement.rule": "lowest_price"}),
}
OTHERS = [name for name in WORLDS if name != "as it is"]
SEEDS = (1, 2, 3)


@cache
def finished(name: str, seed: int) -> Ecosystem:
    model = Ecosystem(WORLDS[name], seed)
    model.finish()
    return model


def kind(log: EventLog, name: str) -> list[Event]:
    return [event for event in log.events if event.kind == name]


def vendors(model: Ecosystem) -> dict[str, Vendor]:
    """Those in the market at the end, and those of any case."""
    there = [vendor for domain in range(3) for vendor in model.market.vendors(domain)]
    return {vendor.name: vendor for vendor in there + [case.vendor for case in model.cases]}


def traits(vendor: Vendor) -> tuple[object, ...]:
    named = ("key", "kind", "tester", "domain", "position", "quality", "readiness", "scaling", "novelty")
    return tuple(getattr(vendor, name) for name in named)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("other", OTHERS)
def test_vendors_of_both_worlds_are_the_same_firms(other: str, seed: int) -> None:
    base, changed = vendors(finished("as it is", seed)), vendors(finished(other, seed))
    both = base.keys() & changed.keys()
    assert len(both) > 50
    assert [traits(base[name]) for name in sorted(both)] == [traits(changed[name]) for name in sorted(both)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("other", OTHERS)
def test_vendors_of_both_worlds_enter_on_the_same_day_with_the_same_cash(other: str, seed: int) -> None:
    base, changed = (
        {event.actor: event for event in kind(finished(name, seed).log, "enter")}
        for name in ("as it is", other)
    )
    both = base.keys() & changed.keys()
    assert len(both) > 60
    assert {base[name] for name in both} == {changed[name] for name in both}


def test_policy_decides_which_candidates_come() -> None:
    """Without this the last test would compare nothing but equal worlds."""
    base, changed = (kind(finished(name, 1).log, "enter") for name in ("as it is", "a name quickly won"))
    assert {event.actor for event in base} != {event.actor for event in changed}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("other", OTHERS)
def test_needs_are_the_same(other: str, seed: int) -> None:
    base, changed = finished("as it is", seed), finished(other, seed)
    assert kind(base.log, "need") == kind(changed.log, "need") != []
    for one, same in zip(base.cities[0].departments, changed.cities[0].departments, strict=True):
        known = {need.name: need for need in one.needs}
        for need in same.needs:
            twin = known.get(need.name, need)
            alike = ("key", "position", "severity", "difficulty", "estimate")
            assert all(getattr(need, name) == getattr(twin, name) for name in alike)
            assert [crossed.name for crossed in need.crossings] == [
                crossed.name for crossed in twin.crossings
            ]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("other", [name for name in OTHERS if name not in ("calls", "many policies")])
def test_occasions_to_propose_come_at_the_same_times(other: str, seed: int) -> None:
    """A proposal made on the same occasion has the same day, cost and patience in both worlds."""
    base, changed = (proposals(finished(name, seed)) for name in ("as it is", other))
    both = base.keys() & changed.keys()
    assert len(both) > 20
    assert {key: base[key] for key in both} == {key: changed[key] for key in both}


def proposals(model: Ecosystem) -> dict[int, tuple[float, str, float]]:
    """Time, vendor and cost of each bottom-up proposal, by the address of its luck."""
    when = {event.case: event.time for event in kind(model.log, "move") if event.target == "submitted"}
    offered: list[Case] = [case for case in model.cases if case.channel == "bottom_up"]
    return {case.key: (when[case.number], case.vendor.name, case.poc_cost) for case in offered}


# --- what is changed late changes nothing early ------------------------------------------------


def before(log: EventLog, time: float) -> list[Event]:
    return [event for event in log.events if event.time < time]


@pytest.mark.parametrize("seed", SEEDS)
def test_award_rule_changes_nothing_before_the_first_award(seed: int) -> None:
    scenario = WORLDS["as it is"]
    base = sim.run(scenario, seed)
    changed = sim.run(scenario.with_("procurement.rule", "lowest_price"), seed)
    first = kind(base, "award")[0].time
    assert len(before(base, first)) > 500
    assert before(base, first) == before(changed, first)
    assert base.events != changed.events


@pytest.mark.parametrize("seed", SEEDS)
def test_bidding_changes_nothing_before_the_first_tender(seed: int) -> None:
    scenario = WORLDS["as it is"]
    base = sim.run(scenario, seed)
    changed = sim.run(scenario.with_("procurement.bidding", 0.9), seed)
    first = next(event.time for event in base.events if event.target == "tender" and event.kind == "move")
    assert len(before(base, first)) > 500
    assert before(base, first) == before(changed, first)
    assert base.events != changed.events


DAY = START + timedelta(days=500)
CHANGES: dict[str, Change] = {
    "numbers": Change(at=DAY, set={"pmo.staff": 2, "politics.support": 0.2}, policies=None, city=None),
    "a policy": Change(at=DAY, set={}, policies=("problem_led",), city=None),
    "one city": Change(at=DAY, set={"bottom_up.open": False}, policies=None, city="Taipei"),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_dated_change_leaves_the_past_as_it_was(name: str, seed: int) -> None:
    base = sim.run(WORLDS["as it is"], seed)
    changed = sim.run(replace(WORLDS["as it is"], timeline=(CHANGES[name],)), seed)
    assert len(before(base, 500)) > 500
    assert repr(before(base, 500)) == repr(before(changed, 500))
    assert base.events != changed.events


def test_a_longer_run_begins_with_the_shorter_one() -> None:
    long, short = sim.run(world(TOWN, days=1096), 1), sim.run(world(TOWN, days=600), 1)
    assert before(long, 600) == before(short, 600)


def test_a_second_city_has_luck_of_its_own() -> None:
    """Adding a city moves neither the needs of the first one nor the vendors at the start."""
    alone = sim.run(world(TOWN, cities={"Taipei": {}}), 1)
    paired = sim.run(world(TOWN, cities={"Taipei": {}, "Tainan": {}}), 1)
    needs = [(event.time, event.amount) for event in kind(alone, "need")]
    assert needs == [(event.time, event.amount) for event in kind(paired, "need") if event.city == "Taipei"]
    firms = {event.actor: event for event in kind(alone, "enter") if event.time == 0}
    assert firms == {event.actor: event for event in kind(paired, "enter") if event.time == 0}


# --- what pairing is good for ------------------------------------------------------------------

PAIRS = 40


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "value", "stage", "at_most"),
    [
        ("clearance.burden", 0.1, "poc", 0.2),
        ("pmo.strictness", 0.5, "poc", 0.2),
        ("procurement.three_bidders", False, "contract", 0.2),
        ("politics.support", 0.6, "submitted", 0.05),
    ],
)
def test_pairing_reduces_the_variance_of_a_difference(
    path: str, value: Value, stage: str, at_most: float
) -> None:
    """Variance of the difference at equal seeds, in parts of that at seeds of which none is shared."""
    scenario = WORLDS["as it is"].with_(path, value)
    base = [as_it_is(seed)[stage] for seed in range(2 * PAIRS)]
    changed = [entered(scenario, seed)[stage] for seed in range(PAIRS)]
    paired = variance(one - other for one, other in zip(changed, base[:PAIRS], strict=True))
    independent = variance(one - other for one, other in zip(changed, base[PAIRS:], strict=True))
    ratio = paired / independent
    assert 0 < ratio < at_most, f"ratio {ratio:.2f}"


@cache
def as_it_is(seed: int) -> Counter[str | None]:
    return entered(WORLDS["as it is"], seed)


def entered(scenario: Scenario, seed: int) -> Counter[str | None]:
    """How many cases entered each stage."""
    return Counter(event.target for event in kind(sim.run(scenario, seed), "move"))

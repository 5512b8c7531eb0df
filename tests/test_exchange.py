"""A solution proven in a linked city is nearer to ready and better trusted in the other; cities without
links learn nothing from each other."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sim
from sim.circle import fit
from sim.events import EventLog
from sim.model import Ecosystem
from sim.network import made_up, proven
from sim.parameters import Value
from sim.stages import Stage
from tests.test_mechanisms import PASSED, SMOOTH, Numbers, Outcome, how_many, passing, share_of, told, town
from tests.worlds import world

CITIES: Mapping[str, Mapping[str, Value]] = {"North": {}, "South": {}, "West": {}}

#: three cities in which vendors propose, test and pass; nothing is proven anywhere else
THREE: Numbers = town(PASSED, {"exchange.abroad": 0, "bottom_up.rate": 1, "learning.reputation_gain": 0})
LINKED: Numbers = {"exchange.open": True}
UNLINKED: Numbers = {"exchange.open": False}
#: what a proof is worth, one thing at a time
ALONE = {name: {f"exchange.{other}": 0 for other in ("readiness", "trust", "offers") if other != name}
         for name in ("readiness", "trust", "offers", "")}  # fmt: skip


def runs(*numbers: Numbers, seeds: int = 12) -> list[EventLog]:
    return [sim.run(world(*numbers, cities=CITIES), seed) for seed in range(seeds)]


def gains(outcome: Outcome, *common: Numbers, less: Numbers = UNLINKED) -> tuple[float, float]:
    """Mean of the paired differences that links make, and its standard error."""
    pairs = zip(runs(THREE, less, *common), runs(THREE, LINKED, *common), strict=True)
    found = [outcome(linked) - outcome(unlinked) for unlinked, linked in pairs]
    known = [gain for gain in found if not math.isnan(gain)]
    return fmean(known), stdev(known) / math.sqrt(len(known))


# --- how far an offer is proven ----------------------------------------------------------------


def test_the_nearest_proof_counts() -> None:
    assert proven([], 0.1) == 0
    assert proven([0.3, 0.0], 0.1) == 1
    assert proven([0.3, 0.1], 0.1) == fit(0.1, 0.1)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_proof_makes_up_for_part_of_what_is_missing(level: float, share: float, proof: float) -> None:
    assert made_up(level, share, 0.0) == level
    assert level <= made_up(level, share, proof) <= 1 + 1e-12
    assert made_up(level, 1.0, 1.0) == pytest.approx(1)


def finished(*numbers: Numbers, cities: Mapping[str, Mapping[str, Value]] = CITIES) -> Ecosystem:
    model = Ecosystem(world(THREE, *numbers, cities=cities), 1)
    model.finish()
    return model


def test_only_what_passed_in_a_linked_city_is_proven() -> None:
    members = {"North": LINKED, "South": LINKED, "West": UNLINKED}
    model = finished(cities=members)
    north, south, west = model.cities
    assert model.network.partners(north) == [south]
    assert model.network.partners(south) == [north]
    assert model.network.partners(west) == []
    passed = {case: case.city for case in model.cases if case.stage is Stage.PREPARATION}
    assert set(passed.values()) == {north, south, west}
    for case, city in passed.items():
        where = [there for there in model.cities if model.network.proof(there, case.vendor, case.position)]
        assert west not in where
        if city is north:
            assert south in where


def test_what_is_offered_elsewhere_on_the_circle_is_not_proven() -> None:
    model = finished(LINKED)
    north, south, _ = model.cities
    case = next(case for case in model.cases if case.stage is Stage.PREPARATION and case.city is north)
    near, far = (model.network.proof(south, case.vendor, (case.position + gap) % 1.0) for gap in (0.0, 0.05))
    assert near == 1
    assert far < 1


# --- what links change -------------------------------------------------------------------------


def test_a_proven_solution_is_nearer_to_ready() -> None:
    mean, error = gains(passing("matched", "cleared"), {"clearance.readiness_bar": 0.7}, ALONE["readiness"],
                        {"exchange.readiness": 1})  # fmt: skip
    assert mean > 3 * error, f"{mean:.3g} with standard error {error:.2g}"


def test_a_proven_solution_is_better_trusted() -> None:
    mistrust = {"departments.trust": 0, "departments.trust_weight": 6, "exchange.trust": 1}
    mean, error = gains(share_of("decision", "hosts"), mistrust, SMOOTH, ALONE["trust"])
    assert mean > 3 * error, f"{mean:.3g} with standard error {error:.2g}"


def test_a_proven_solution_is_offered_to_linked_cities() -> None:
    logs = runs(THREE, LINKED, {"exchange.offers": 1}, seeds=4)
    offered = [case for log in logs for case in log.cases if case.channel == "exchange"]
    assert len(offered) > 20
    mean, error = gains(how_many("poc"), ALONE["offers"], {"exchange.offers": 1})
    assert mean > 3 * error, f"{mean:.3g} with standard error {error:.2g}"


def test_links_through_which_nothing_comes_change_nothing() -> None:
    closed = {**ALONE[""], "top_down.open": False}
    unlinked, linked = (runs(THREE, some, closed, seeds=3) for some in (UNLINKED, LINKED))
    assert [log.events for log in unlinked] == [log.events for log in linked]


def test_addresses_passed_on_through_links_help_the_search_for_vendors() -> None:
    roadmap = {"bottom_up.open": True, "top_down.open": True, "pmo.contacts": 0.05, **ALONE[""]}
    mean, error = gains(
        lambda log: sum(case.channel == "top_down" for case in log.cases), roadmap, {"exchange.offers": 0}
    )
    assert mean > 3 * error, f"{mean:.3g} with standard error {error:.2g}"


def test_a_city_outside_of_the_network_is_not_offered_anything() -> None:
    model = finished({"exchange.offers": 1}, cities={"North": LINKED, "South": LINKED, "West": UNLINKED})
    offered = Counter(case.city.name for case in model.cases if case.channel == "exchange")
    assert offered["North"] > 0
    assert offered["South"] > 0
    assert offered["West"] == 0


def test_an_offer_comes_on_the_day_of_the_proof() -> None:
    log = sim.run(world(THREE, LINKED, {"exchange.offers": 1}, cities=CITIES), 2)
    passed = {event.time for event in told(log, "review", origin="final")}
    offered = {case.case for case in log.cases if case.channel == "exchange"}
    times = [event.time for event in told(log, "move", target="submitted") if event.case in offered]
    assert times
    assert set(times) <= passed


# --- proof from beyond the model ---------------------------------------------------------------


def test_a_vendor_may_have_been_proven_abroad() -> None:
    abroad = finished(LINKED, {"exchange.abroad": 1}, cities={"North": {}})
    for case in abroad.cases:
        assert abroad.network.proof(abroad.cities[0], case.vendor, case.vendor.position) == 1
    at_home = finished(LINKED, {"exchange.abroad": 0}, cities={"North": {}})
    assert all(case.proof == 0 for case in at_home.cases)
    some = finished(LINKED, {"exchange.abroad": 0.3}, cities={"North": {}})
    vendors = {case.vendor for case in some.cases}
    share = fmean(some.network.proof(some.cities[0], vendor, vendor.position) for vendor in vendors)
    assert share == pytest.approx(0.3, abs=3 * math.sqrt(0.3 * 0.7 / len(vendors)))


def test_proof_from_abroad_counts_for_members_alone() -> None:
    outside = finished(UNLINKED, {"exchange.abroad": 1}, cities={"North": {}})
    assert all(case.proof == 0 for case in outside.cases)


# --- the scenarios -----------------------------------------------------------------------------


def test_linked_cities_solve_more_needs_than_unlinked_ones() -> None:
    logs = [[sim.run(name, seed) for seed in range(8)] for name in ("cities_unlinked", "city_exchange")]
    found = [len(told(linked, "solved")) - len(told(unlinked, "solved"))
             for unlinked, linked in zip(*logs, strict=True)]  # fmt: skip
    assert fmean(found) > 3 * stdev(found) / math.sqrt(len(found))

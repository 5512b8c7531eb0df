"""Ways of buying: what each rule chooses, what the terms of a contract do, and through which channel.

Paired runs as in ``tests/test_mechanisms.py``: both worlds have the same luck, and the mean of the
paired differences must lie more than three of its standard errors on the side that the mechanism says.
Where the channel of a lever is switched off, what it moved is the same to the last digit.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from functools import cache
from statistics import fmean, stdev
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sim
from analysis.measures import outcomes
from analysis.tables import tables
from sim.deployment import lasting, worn
from sim.events import Event, EventLog
from sim.model import Ecosystem
from sim.parameters import Procurement
from sim.procurement import FORMS, PLAIN, RULES
from sim.procurement.alliance import alliance
from sim.procurement.best_value import best_value
from sim.procurement.design_contest import design_contest
from sim.procurement.offers import Offer, shortlist
from sim.procurement.performance_based import performance_based
from sim.procurement.pre_commercial import pre_commercial
from sim.procurement.terms import advanced, encouraged, promised, refund, staked, withheld
from tests.test_mechanisms import (
    PASSED,
    SHORT,
    SMOOTH,
    STARTUPS,
    UNFIT,
    WANTED,
    Numbers,
    Outcome,
    Row,
    amounts,
    between,
    closed_from,
    given_up,
    how_many,
    mean,
    mean_fit,
    number_of,
    own_wins,
    paired,
    price_paid,
    reached,
    row,
    share,
    told,
    town,
    waste,
)
from tests.worlds import world

TERMS = Procurement()
SHARES = st.floats(0, 1)


# --- rules, as functions -----------------------------------------------------------------------


def offer(bidder: int, quality: float, price: float, piloted: bool = False, promise: float = 1.0) -> Offer:
    return Offer(bidder, quality, price, piloted, promise)


CHEAP, GOOD, POOR = offer(0, 0.5, 1.0), offer(1, 0.9, 2.0), offer(2, 0.2, 0.5)


@pytest.mark.parametrize("rule", [design_contest, alliance, pre_commercial])
def test_quality_alone_decides_where_no_price_is_weighed(rule: Any) -> None:
    assert rule([CHEAP, GOOD, POOR], TERMS) == GOOD
    assert rule([POOR], TERMS) is None
    assert rule([], TERMS) is None


def test_anonymous_designs_and_measured_solutions_know_no_privilege() -> None:
    terms = Procurement(privilege=0.5)
    piloted = CHEAP._replace(piloted=True)
    assert design_contest([piloted, GOOD], terms) == GOOD
    assert pre_commercial([piloted, GOOD], terms) == GOOD
    assert alliance([piloted, GOOD], terms) == piloted


def test_performance_counts_as_promised_not_as_judged() -> None:
    bold, modest = offer(0, 0.5, 1.0, promise=0.9), offer(1, 0.9, 1.0, promise=0.5)
    assert performance_based([bold, modest], TERMS) == bold
    assert best_value([bold, modest], TERMS) == modest


def test_performance_is_weighed_against_price() -> None:
    bold, cheap = offer(0, 0.5, 2.0, promise=0.9), offer(1, 0.5, 1.0, promise=0.7)
    assert performance_based([bold, cheap], Procurement(quality_weight=0.9)) == bold
    assert performance_based([bold, cheap], Procurement(quality_weight=0.1)) == cheap
    assert performance_based([bold._replace(promise=0.1), POOR], TERMS) == bold._replace(promise=0.1)
    assert performance_based([POOR], TERMS) is None


OFFERS = st.lists(
    st.builds(Offer, st.just(0), SHARES, st.floats(0.1, 5), st.booleans(), SHARES), max_size=6
).map(lambda offers: [offer._replace(bidder=place) for place, offer in enumerate(offers)])


@pytest.mark.parametrize("name", sorted(RULES))
@given(offers=OFFERS, places=st.integers(0, 4))
def test_a_shortlist_has_winners_first_and_each_offer_once(
    name: str, offers: list[Offer], places: int
) -> None:
    found = shortlist(RULES[name], offers, TERMS, places)
    assert len(set(found)) == len(found) <= min(places, len(offers))
    assert all(offer in offers for offer in found)
    if places:
        assert found[:1] == [winner for winner in [RULES[name](offers, TERMS)] if winner]


def test_forms_belong_to_rules() -> None:
    assert set(FORMS) <= set(RULES)
    assert all(form != PLAIN for form in FORMS.values())


# --- terms, as functions -----------------------------------------------------------------------


@given(SHARES, st.floats(0, 20), st.floats(0, 2), st.floats(0, 2))
def test_what_is_at_stake_repels_the_doubtful_and_draws_the_sure(
    belief: float, weight: float, risk: float, gain: float
) -> None:
    assert staked(weight, 0.0, 0.0, belief) == 1
    assert staked(weight, risk, 0.0, belief) <= 1 <= staked(weight, 0.0, gain, belief)
    assert staked(weight, risk, gain, 1.0) >= staked(weight, risk, gain, belief)
    assert staked(0.0, risk, gain, belief) == 1


def test_half_a_price_at_risk_at_even_odds() -> None:
    assert staked(3.0, 0.5, 0.0, 0.5) == pytest.approx(math.exp(-0.75))
    assert promised(0.6, 0.5) == pytest.approx(0.8)
    assert promised(0.6, 0.0) == 1
    assert withheld(4.0, 0.25) == 1


@given(st.floats(0.01, 100), st.floats(0, 5), st.floats(0, 5), st.floats(0, 200))
def test_a_usual_cost_changes_nothing_and_a_lower_one_encourages_the_poor_most(
    cash: float, usual: float, cost: float, weight: float
) -> None:
    assert encouraged(usual, usual, cash, weight) == 1
    ratio = encouraged(usual, cost, cash, weight)
    assert (ratio >= 1) if cost <= usual else (ratio <= 1)
    if cost <= usual:
        assert ratio >= encouraged(usual, cost, 2 * cash, weight) * (1 - 1e-12)
    assert encouraged(usual, cost, 0.0, weight) == 0


@given(st.floats(0, 10), st.floats(0, 10), st.floats(-5, 10))
def test_nobody_gives_back_more_than_it_got_or_has(claim: float, paid: float, cash: float) -> None:
    back = refund(claim, paid, cash)
    assert 0 <= back <= min(claim, paid)
    assert back <= max(cash, 0.0)
    assert back in (0.0, claim, paid, cash)


@given(st.floats(0, 10), st.floats(0, 10), SHARES, SHARES)
def test_what_vendors_advance_rises_with_what_hangs_on_the_result(
    price: float, cost: float, one: float, other: float
) -> None:
    low, high = sorted([one, other])
    assert advanced(price, cost, 0.0) == 0
    assert 0 <= advanced(price, cost, low) <= advanced(price, cost, high) + 1e-12
    assert advanced(price, cost, high) <= price * high + 1e-9


@given(st.floats(0.01, 3), st.floats(0, 1), st.floats(0.01, 5))
def test_a_service_lasts_until_its_risk_has_added_up(rate: float, ageing: float, unit: float) -> None:
    years = lasting(unit, rate, ageing)
    assert worn(rate, ageing, years) == pytest.approx(unit)
    assert lasting(unit, rate, 0.0) == unit / rate
    assert years <= unit / rate * (1 + 1e-12)


# --- outcomes of a run -------------------------------------------------------------------------


def bidders(log: EventLog) -> list[tuple[int | None, str | None]]:
    return [(event.case, event.actor) for event in told(log, "bid")]


def bids_a_round(log: EventLog) -> float:
    """Mean number of bids of the rounds that ended."""
    return mean(amounts(log, "round", target="valid") + amounts(log, "round", target="failed"))


def kind_share(log: EventLog, kind: str) -> float:
    """Share of the bids that come from one kind of vendor."""
    kinds = {event.actor: event.reason for event in told(log, "enter")}
    return share(sum(kinds[name] == kind for _, name in bidders(log)), len(bidders(log)))


def own_bids(log: EventLog) -> float:
    """Share of the bids that come from the vendor of the POC."""
    vendor = {case.case: case.vendor for case in log.cases}
    return share(sum(vendor[case or 0] == name for case, name in bidders(log)), len(bidders(log)))


def startup_bids(log: EventLog) -> float:
    return kind_share(log, "startup")


def measured(name: str) -> Outcome:
    """A measure of the run, by its name."""
    return lambda log: float(outcomes(tables([log]))[name].iloc[0])


def contracts(log: EventLog) -> list[tuple[int | None, str | None, float | None]]:
    return [(event.case, event.target, event.amount) for event in told(log, "award")]


# --- worlds ------------------------------------------------------------------------------------

#: many bid, and what they offer differs
OPEN: Numbers = {"procurement.bidding": 0.9, "procurement.three_bidders": False, "procurement.quality_bar": 0}
#: bidders know little, so that belief differs between them
VAGUE: Numbers = {"fit.ignorance": 0.5}
MARKET: Numbers = {**SMOOTH, **PASSED, **WANTED, **OPEN, **VAGUE}
#: start-ups have their usual cash
POOR_STARTUPS: Numbers = {"vendors.startup.cash": 5}
#: purchases without a POC before them, which departments want anyway
UNTESTED: Numbers = {"poc.required": False, "deployment.scale_fit": 0}
RESULTS: Numbers = {"procurement.rule": "performance_based"}
CONTEST: Numbers = {"procurement.rule": "design_contest"}
PCP: Numbers = {"procurement.rule": "pre_commercial"}
ALLIANCE: Numbers = {"procurement.rule": "alliance"}
#: vendors do not mind what is at stake, and have nothing to advance
CALM: Numbers = {"procurement.risk_weight": 0, "procurement.build_cost": 0}
#: services are given up for the reasons of contracts alone, and go on under one contract after another
LASTING: Numbers = {
    "deployment.abandonment": 0,
    "deployment.service_years": 8,
    "vendors.startup.margin": 5,
}
#: vendors can move some way towards what they see
ABLE: Numbers = {f"vendors.{kind}.breadth": 0.2 for kind in ("startup", "sme", "large")}

# fmt: off
LEVERS = [
    # --- payment by results
    row("what hangs on results keeps bidders away", bids_a_round, "procurement.result_share", 0.6, 0, MARKET,
        RESULTS),
    row("those that come are surer of their fit", mean_fit("contract"), "procurement.result_share", 0, 0.8,
        MARKET, RESULTS, pairs=24),
    row("who knows the need bids on", own_bids, "procurement.result_share", 0, 0.6, MARKET, pairs=24),
    row("less money is wasted", waste, "procurement.result_share", 0.6, 0, MARKET, RESULTS, pairs=36),
    row("those short of cash cannot wait for the result", startup_bids, "procurement.result_share", 0.8, 0,
        MARKET, POOR_STARTUPS, {"procurement.risk_weight": 0}),
    # --- design contest
    row("a jury with experts sees better", mean_fit("contract"), "experts.panel", 0, 20, MARKET, CONTEST,
        {"deployment.scale_fit": 0, "fit.perception": 1}, pairs=24),
    row("cheap entry draws start-ups", startup_bids, "procurement.contest_cost", 0.5, 0, MARKET, CONTEST,
        POOR_STARTUPS),
    row("nobody stays away for its price", bids_a_round, "procurement.rule", "best_value", "design_contest",
        MARKET, {"procurement.cost_weight": 0}),
    row("the price is the estimate", price_paid, "procurement.rule", "best_value", "design_contest", MARKET),
    # --- pre-commercial procurement
    row("what two developed fits better", mean_fit("contract"), "procurement.rule", "best_value",
        "pre_commercial", MARKET, ABLE),
    row("what the development teaches brings solutions nearer", mean_fit("contract"), "poc.adaptation", 0, 1,
        MARKET, ABLE, PCP, UNTESTED),
    row("it takes longer", between("tender", "contract"), "procurement.rule", "best_value",
        "pre_commercial", MARKET),
    row("developments cost the city money", measured("money_spent"), "procurement.development_price", 0, 2,
        MARKET, PCP),
    row("what is not in the budget is not developed", number_of("measured"),
        "procurement.development_price", 5, 0.1, MARKET, PCP, {"departments.budget": 6}),
    row("a department that has seen it need not buy",
        closed_from("tender", "retender", reason="administrative"), "procurement.rule", "best_value",
        "pre_commercial", MARKET, UNTESTED, {"deployment.scale_wish": 0}),
    # --- alliance
    row("shared risk returns money", measured("money_wasted"), "procurement.pain_share", 0.8, 0, MARKET,
        ALLIANCE, UNFIT, {"procurement.risk_weight": 0}),
    row("a share in the gain draws bidders", bids_a_round, "procurement.gain_share", 0, 0.8, MARKET,
        ALLIANCE),
    row("a share in the gain costs the city", measured("money_spent"), "procurement.gain_share", 0, 0.8,
        MARKET, ALLIANCE, {"procurement.risk_weight": 0}),
    row("who builds together comes nearer to the need", mean_fit("deployed"),
        "procurement.joint_development", 0, 1, MARKET, ALLIANCE, ABLE),
    # --- thresholds, privilege, criteria
    row("small purchases are quick", between("preparation", "contract"), "procurement.small_limit", 10, 0,
        SMOOTH, WANTED),
    row("small purchases keep rivals out", number_of("award", reason="rival"), "procurement.small_limit", 10,
        0, SMOOTH, WANTED, OPEN),
    row("a privilege wins tenders", own_wins, "procurement.privilege", 0, 0.5, MARKET),
    row("a privilege costs fit", mean_fit("contract"), "procurement.privilege", 1, 0, SMOOTH, PASSED, WANTED,
        OPEN, {"learning.poc": 0, "learning.specification": 0, "poc.adaptation": 0}, pairs=36),
    row("quality costs money", price_paid, "procurement.quality_weight", 0, 1, MARKET,
        {"procurement.price_noise": 0.5}),
    # --- long partnership
    row("long contracts lapse later", given_up, "deployment.contract_years", 4, 0.5, MARKET, LASTING,
        {"deployment.lapse": 0.7}, days=1826),
    row("services age under contract", given_up, "deployment.ageing", 0, 1, MARKET, LASTING, days=1826),
    row("in long contracts more than in short ones", given_up, "deployment.contract_years", 0.5, 4, MARKET,
        LASTING, {"deployment.ageing": 0.5}, days=1826),
    row("safeguards keep them up to date", given_up, "procurement.safeguards", 1, 0, MARKET, LASTING,
        {"deployment.ageing": 1}, days=1826),
]
# fmt: on


@pytest.mark.parametrize("lever", LEVERS, ids=lambda lever: lever.name)
def test_lever_moves_its_outcome(lever: Row) -> None:
    found = paired(lever)
    assert found.pairs >= 8
    assert found.mean > 3 * found.error, f"{found.mean:.3g} with standard error {found.error:.2g}"


# --- the channels, switched off ----------------------------------------------------------------


def service_times(log: EventLog) -> list[tuple[int | None, float]]:
    return [(event.case, event.time) for event in told(log, "move", target="abandoned")]


def positions(log: EventLog) -> list[float | None]:
    return [case.fit for case in log.cases]


SAME: list[tuple[str, Any, str, Any, Any, Numbers]] = [
    ("results move nobody that does not mind them", bidders, "procurement.result_share", 0, 0.8,
     town(MARKET, CALM)),
    ("gains move nobody that does not mind them", bidders, "procurement.gain_share", 0, 0.8,
     town(MARKET, ALLIANCE, CALM)),
    ("risk moves nobody that does not mind it", bidders, "procurement.pain_share", 0, 0.8,
     town(MARKET, ALLIANCE, CALM, UNFIT)),
    ("a jury has no edge where one official sees all", contracts, "experts.panel", 0, 20,
     town(MARKET, CONTEST, {"fit.perception": 0, "deployment.scale_fit": 0})),
    ("entry costs nobody minds", bidders, "procurement.contest_cost", 0, 0.05,
     town(MARKET, CONTEST, STARTUPS, {"procurement.cost_weight": 0, "vendors.startup.margin": 5})),
    ("who cannot move does not come nearer", positions, "procurement.joint_development", 0, 1,
     town(MARKET, ALLIANCE, {f"vendors.{kind}.breadth": 0 for kind in ("startup", "sme", "large")})),
    ("no need is small enough", contracts, "procurement.small_limit", 0, 0.01, town(MARKET)),
    ("a privilege of one that does not bid", contracts, "procurement.privilege", 0, 1,
     town(MARKET, {"procurement.incumbent_bids": 0, "procurement.tester_bids": 0})),
    ("quality weighs alike where all prices are one", contracts, "procurement.quality_weight", 0.2, 1,
     town(MARKET, {"procurement.price_noise": 0})),
    ("safeguards against nothing", service_times, "procurement.safeguards", 0, 1,
     town(MARKET, SHORT, {"vendors.startup.margin": 5})),
    ("without lapse or wear a short contract ends nothing", service_times, "deployment.contract_years", 0.5,
     4, town(MARKET, SHORT, {"deployment.service_years": 8, "vendors.startup.margin": 5})),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "seen", "path", "one", "other", "numbers"), SAME, ids=[each[0] for each in SAME]
)
def test_without_its_channel_a_lever_moves_nothing(
    name: str, seen: Any, path: str, one: Any, other: Any, numbers: Numbers
) -> None:
    for seed in range(3):
        first, second = (sim.run(world(numbers, {path: value}), seed) for value in (one, other))
        assert seen(first) == seen(second), name


def test_two_developments_gain_nothing_where_nothing_is_learnt_or_measured() -> None:
    blind: Numbers = {
        "poc.adaptation": 0,
        "experts.panel": 0,
        "poc.noise": 1,
        "procurement.quality_weight": 1,
    }
    lever = row(
        "", mean_fit("contract"), "procurement.rule", "best_value", "pre_commercial", MARKET, UNTESTED, blind
    )
    found = paired(lever)
    assert found.mean < 2 * found.error


# --- who is paid what, and when ----------------------------------------------------------------

#: nobody lacks money, and nobody leaves
RICH: Numbers = {f"vendors.{kind}.{name}": value for kind in ("startup", "sme", "large")
                 for name, value in (("cash", 1000), ("margin", 5))}  # fmt: skip


def log_of(*numbers: Numbers, seed: int = 1) -> EventLog:
    return sim.run(world(town(MARKET, RICH, *numbers)), seed)


def paid(log: EventLog, purpose: str) -> dict[int | None, float]:
    """NT$ m paid for a purpose, by case."""
    found: dict[int | None, float] = defaultdict(float)
    for event in told(log, "payment", reason=purpose):
        found[event.case] += event.amount or 0.0
    return dict(found)


def working(log: EventLog) -> dict[int | None, float]:
    """The yearly value of the services that solved their need, by case."""
    return {event.case: event.amount or 0.0 for event in told(log, "solved")}


def prices(log: EventLog) -> dict[int | None, float]:
    return {event.case: event.amount or 0.0 for event in told(log, "move", target="contract")}


def test_the_rest_of_the_price_is_paid_for_what_works_and_for_nothing_else() -> None:
    log = log_of(RESULTS, UNFIT, {"procurement.result_share": 0.4})
    first, rest = paid(log, "contract"), paid(log, "result")
    assert set(rest) == set(working(log))
    assert 0 < len(rest) < len(reached(log, "deployed"))
    for case, price in prices(log).items():
        assert first[case] == pytest.approx(0.6 * price)
        assert rest.get(case, 0.4 * price) == pytest.approx(0.4 * price)


def test_risk_and_reward_are_shared_as_agreed() -> None:
    log = log_of(ALLIANCE, UNFIT, {"procurement.pain_share": 0.4, "procurement.gain_share": 0.25})
    back, gains = paid(log, "refund"), paid(log, "gain share")
    failed = {event.case for event in told(log, "unsolved")}
    assert back == pytest.approx({case: 0.4 * price for case, price in prices(log).items() if case in failed})
    assert gains == pytest.approx({case: 0.25 * value for case, value in working(log).items()})
    assert back
    assert gains


def test_the_terms_are_those_of_the_day_of_the_contract() -> None:
    numbers = town(MARKET, RICH, ALLIANCE, UNFIT, {"procurement.pain_share": 0.4})
    model = Ecosystem(world(numbers), 1)
    while not any(case.terms for case in model.cases):
        model.step()
    signed = {case.number for case in model.cases if case.terms and not case.over}
    city = model.cities[0]
    city.adopt(city.parameters.with_("procurement.pain_share", 0.0), ())
    log = model.finish()
    assert set(paid(log, "refund")) <= signed
    assert len({event.case for event in told(log, "unsolved")} - signed) > 0


def test_waste_falls_as_the_share_paid_for_results_grows_where_nobody_minds() -> None:
    """The instalment is a channel of its own: the same bids, the same failures, less money lost."""
    half, all_ = (
        outcomes(tables([log_of(UNFIT, CALM, {"procurement.result_share": part})])) for part in (0.5, 0.0)
    )
    assert all_["money_wasted"].iloc[0] > 0
    assert half["money_wasted"].iloc[0] == pytest.approx(all_["money_wasted"].iloc[0] / 2)
    assert half["needs_solved"].iloc[0] == all_["needs_solved"].iloc[0]


def test_two_develop_at_the_city_s_expense_and_the_better_as_measured_gets_the_contract() -> None:
    log = log_of(PCP, {"procurement.development_price": 0.7})
    seen: dict[int | None, list[Event]] = defaultdict(list)
    for event in told(log, "measured"):
        seen[event.case].append(event)
    assert seen
    assert set(Counter(len(found) for found in seen.values())) <= {1, 2}
    given, spent = paid(log, "development"), paid(log, "development cost")
    assert given == spent
    assert all(given[case] == pytest.approx(0.7 * len(found)) for case, found in seen.items())
    for award in told(log, "award", origin="pre_commercial"):
        best = max(seen[award.case], key=lambda event: event.amount or 0.0)
        assert award.target == best.target


def test_a_development_is_measured_with_the_error_of_a_review_panel() -> None:
    city = Ecosystem(world({"poc.noise": 0.1, "experts.panel": 2, "experts.noise": 0.2}), 1).cities[0]
    errors = [city.experts.measure(0.5, entity, 7) - 0.5 for entity in range(2000)]
    expected = math.sqrt(2 * 0.1**2 + 2 * 0.2**2) / 4
    assert abs(fmean(errors)) < 4 * expected / math.sqrt(len(errors))
    assert stdev(errors) == pytest.approx(expected, rel=0.1)


def test_a_tender_that_was_funded_under_another_rule_goes_on_without_development() -> None:
    model = Ecosystem(world(town(MARKET, RICH)), 1)
    while not any(case.stage == "tender" for case in model.cases):
        model.step()
    funded = {case.number for case in model.cases if case.stage in ("tender", "retender")}
    city = model.cities[0]
    city.adopt(city.parameters.with_("procurement.rule", "pre_commercial"), ())
    log = model.finish()
    assert funded & {event.case for event in told(log, "award", origin="pre_commercial")}
    assert funded.isdisjoint(event.case for event in told(log, "measured"))
    assert told(log, "measured")


def test_designs_cost_their_own_price_to_enter() -> None:
    log = log_of(CONTEST, {"procurement.contest_cost": 0.02})
    assert {event.amount for event in told(log, "payment", reason="bid cost")} == {0.02}
    estimates = {event.case: event.amount for event in told(log, "move", target="preparation")}
    assert all(event.amount == estimates[event.case] for event in told(log, "award"))


# --- contracts that run out --------------------------------------------------------------------


def test_contracts_follow_one_another_until_the_service_is_there_to_stay() -> None:
    numbers = {**LASTING, "deployment.contract_years": 0.5, "deployment.service_years": 1.2}
    log = log_of(numbers)
    begun, stayed = reached(log, "deployed"), reached(log, "sustained")
    lengths = {case: (stayed[case] - begun[case]) / 365.25 for case in stayed}
    assert lengths
    assert lengths == pytest.approx(dict.fromkeys(lengths, 1.2))


def test_what_nobody_renews_ends_with_its_contract() -> None:
    log = log_of(LASTING, {"deployment.contract_years": 0.5, "deployment.lapse": 1})
    begun = reached(log, "deployed")
    ended = told(log, "move", target="abandoned")
    assert ended
    assert {event.reason for event in ended} == {"administrative"}
    lengths = [(event.time - begun[event.case or 0]) / 365.25 for event in ended]
    assert lengths == pytest.approx([0.5] * len(lengths))


def test_what_ages_is_given_up_as_out_of_date() -> None:
    log = log_of(LASTING, {"deployment.contract_years": 8, "deployment.ageing": 1, "deployment.usable": 0})
    ended = told(log, "move", target="abandoned")
    assert ended
    assert {event.reason for event in ended} == {"technical"}


# --- the shipped scenarios ---------------------------------------------------------------------

BASE = "taipei_2016_2021"
RUNS = 16

OUTCOMES: dict[str, Outcome] = {
    "fit": mean_fit("deployed"),
    "waste": measured("money_wasted"),
    "contracts": how_many("contract"),
    "bids": bids_a_round,
    "bids of start-ups": startup_bids,
    "own wins": own_wins,
    "days to contract": between("preparation", "contract"),
    "given up": given_up,
}

#: scenario, the one it is compared with, outcome, sign of the difference that the rule should make
COMPARED: list[tuple[str, str, str, int]] = [
    ("procurement_lowest_price", BASE, "fit", -1),
    ("procurement_lowest_price", BASE, "waste", 1),
    ("procurement_privilege", BASE, "own wins", 1),
    ("procurement_performance", BASE, "waste", -1),
    ("procurement_performance", BASE, "bids", -1),
    ("procurement_performance", BASE, "bids of start-ups", -1),
    ("procurement_contest", BASE, "fit", 1),
    ("procurement_contest", BASE, "bids of start-ups", 1),
    ("procurement_pcp", BASE, "fit", 1),
    ("procurement_pcp", BASE, "contracts", -1),
    ("alliance_shared_risk", BASE, "fit", 1),
    ("alliance_shared_risk", BASE, "waste", -1),
    ("small_purchases", BASE, "days to contract", -1),
    ("long_partnership", "short_contracts", "given up", -1),
    ("long_partnership_lock_in", "long_partnership", "given up", 1),
]


@cache
def found(name: str) -> dict[str, list[float]]:
    """The outcomes of a shipped scenario that are compared, run by run."""
    wanted = sorted({outcome for one, base, outcome, _ in COMPARED if name in (one, base)})
    logs = (sim.run(name, seed) for seed in range(RUNS))
    rows = [[OUTCOMES[outcome](log) for outcome in wanted] for log in logs]
    return {outcome: list(column) for outcome, column in zip(wanted, zip(*rows, strict=True), strict=True)}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "base", "outcome", "sign"), COMPARED)
def test_scenario_differs_as_its_rule_says(name: str, base: str, outcome: str, sign: int) -> None:
    pairs = zip(found(name)[outcome], found(base)[outcome], strict=True)
    gains = [sign * (one - other) for one, other in pairs]
    error = stdev(gains) / math.sqrt(len(gains))
    assert fmean(gains) > 3 * error, f"{fmean(gains):.3g} with standard error {error:.2g}"

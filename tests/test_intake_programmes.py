"""Challenge programmes, pitches, working groups, students' competitions and citizens' demands.

Each lever is tried in pairs of runs with the same luck: it moves the outcome that it should by more than
three standard errors, and what it works through, switched off, leaves nothing of the effect.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from itertools import permutations, product
from statistics import fmean, stdev
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sim
from sim.events import EventLog
from sim.intake.challenge import appeal, deferred_acceptance, interest, learnt
from sim.model import Ecosystem
from sim.parameters import Value
from tests.test_mechanisms import (
    Numbers,
    Outcome,
    amounts,
    fits,
    how_many,
    lost,
    mean_fit,
    reached,
    told,
    town,
)
from tests.test_mechanisms import share_of as share_told
from tests.worlds import world

CITIES: Mapping[str, Mapping[str, Value]] = {"North": {}, "South": {}, "West": {}}

#: challenge programmes alone, in a town with many needs
PROGRAMME: Numbers = town(
    {"bottom_up.open": False, "challenge.open": True, "challenge.challenges": 10, "challenge.attendance": 1}
)
#: unsolicited offers alone
DOOR: Numbers = town({"city.domains": 6, "needs.initial": 2, "bottom_up.rate": 1})


def gains(
    outcome: Outcome, less: Numbers, more: Numbers, *common: Numbers, pairs: int = 12, many: bool = False
) -> tuple[float, float]:
    """Mean of the paired differences of an outcome, and its standard error."""
    cities = CITIES if many else None
    one, other = (world(*common, numbers, cities=cities) for numbers in (less, more))
    found = [outcome(sim.run(other, seed)) - outcome(sim.run(one, seed)) for seed in range(pairs)]
    known = [gain for gain in found if not math.isnan(gain)]
    assert len(known) >= 8
    return fmean(known), stdev(known) / math.sqrt(len(known))


def assert_raises(outcome: Outcome, less: Numbers, more: Numbers, *common: Numbers, **rest: Any) -> None:
    mean, error = gains(outcome, less, more, *common, **rest)
    assert mean > 3 * error, f"{mean:.3g} with standard error {error:.2g}"


def assert_nothing(outcome: Outcome, less: Numbers, more: Numbers, *common: Numbers, **rest: Any) -> None:
    mean, error = gains(outcome, less, more, *common, **rest)
    assert abs(mean) <= 2 * error + 1e-12, f"{mean:.3g} with standard error {error:.2g}"


# --- mutual choice -----------------------------------------------------------------------------


def test_deferred_acceptance_gives_the_textbook_answer() -> None:
    """Example 1 of Gale and Shapley (1962): whichever side proposes, each of it gets its first choice."""
    men = [[0, 1, 2], [1, 2, 0], [2, 0, 1]]
    women = [[1, 2, 0], [2, 0, 1], [0, 1, 2]]
    assert deferred_acceptance(men, women, 1) == [[0], [1], [2]]
    assert deferred_acceptance(women, men, 1) == [[2], [0], [1]]


def test_who_is_not_wanted_is_not_matched() -> None:
    assert deferred_acceptance([[0], [0]], [[1]], 1) == [[1]]
    assert deferred_acceptance([[0], [0]], [[1]], 2) == [[1]]
    assert deferred_acceptance([[]], [[0]], 1) == [[]]
    assert deferred_acceptance([], [[], []], 3) == [[], []]


def test_a_need_with_more_places_holds_more_vendors() -> None:
    assert deferred_acceptance([[0], [0], [0]], [[2, 0, 1]], 2) == [[2, 0]]


def some(size: int) -> st.SearchStrategy[list[int]]:
    """Some of the numbers below ``size``, in some order."""
    return st.lists(st.integers(0, size - 1), unique=True, max_size=size)


@st.composite
def markets(draw: st.DrawFn) -> tuple[list[list[int]], list[list[int]]]:
    """Up to four vendors and four needs, each of which wants some of the others."""
    vendors, needs = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    return [draw(some(needs)) for _ in range(vendors)], [draw(some(vendors)) for _ in range(needs)]


def stable(wishes: list[list[int]], rankings: list[list[int]], partner: list[int | None]) -> bool:
    """Whether a matching (for each vendor its need) is individually rational and has no blocking pair."""
    held = {need: vendor for vendor, need in enumerate(partner) if need is not None}
    for vendor, need in enumerate(partner):
        if need is not None and (need not in wishes[vendor] or vendor not in rankings[need]):
            return False
    for vendor, need in product(range(len(wishes)), range(len(rankings))):
        if need not in wishes[vendor] or vendor not in rankings[need] or partner[vendor] == need:
            continue
        own, other = partner[vendor], held.get(need)
        vendor_would = own is None or wishes[vendor].index(need) < wishes[vendor].index(own)
        need_would = other is None or rankings[need].index(vendor) < rankings[need].index(other)
        if vendor_would and need_would:
            return False
    return True


@settings(max_examples=150, deadline=None, derandomize=True)
@given(markets())
def test_what_comes_out_is_the_stable_matching_that_is_best_for_every_vendor(
    market: tuple[list[list[int]], list[list[int]]],
) -> None:
    wishes, rankings = market
    held = deferred_acceptance(wishes, rankings, 1)
    partner: list[int | None] = [None] * len(wishes)
    for need, vendors in enumerate(held):
        assert len(vendors) <= 1
        for vendor in vendors:
            partner[vendor] = need
    assert stable(wishes, rankings, partner)
    places = [*range(len(rankings)), *([None] * len(wishes))]
    for other in set(permutations(places, len(wishes))):
        if stable(wishes, rankings, list(other)):
            for vendor, need in enumerate(other):
                assert need is None or partner[vendor] is not None
                if need is not None and (own := partner[vendor]) is not None:
                    assert wishes[vendor].index(own) <= wishes[vendor].index(need)


def test_what_both_sides_go_by() -> None:
    assert interest(0.5, 8.0) == 4.0
    assert appeal(0.6, 0.5) == 0.6
    assert appeal(0.6, 1.0) > appeal(0.6, 0.2)
    assert learnt(0.1, 0.5, 0) == pytest.approx(0.1)
    assert learnt(0.1, 0.5, 2) == pytest.approx(1 - 0.9 * 0.95**2)
    assert learnt(0.1, 0.0, 9) == pytest.approx(0.1)


# --- challenge programmes ----------------------------------------------------------------------


def steps(log: EventLog, what: str) -> list[float]:
    """When a step of a programme was taken."""
    return [event.time for event in told(log, "call", target=what)]


def test_a_programme_takes_the_time_of_its_steps() -> None:
    days = {"workshop_days": 20, "validation_days": 15, "window": 30, "review_days": 7, "event_days": 9}
    log = sim.run(world(PROGRAMME, {f"challenge.{name}": value for name, value in days.items()}), 1)
    begun = steps(log, "begun")
    assert len(begun) == 3
    later = [[time - since for time, since in zip(steps(log, what), begun, strict=True)] for what in
             ("opened", "closed", "accepted", "met")]  # fmt: skip
    assert [set(map(round, each)) for each in later] == [{35}, {65}, {72}, {81}]


def test_from_workshop_to_pilot_takes_four_to_six_months() -> None:
    """What the programme plans (S31); the median of what comes out, obstacles on the way included."""
    found = []
    for seed in range(6):
        log = sim.run("tech4muni", seed)
        submitted, begun = reached(log, "submitted"), steps(log, "begun")
        for case, time in reached(log, "poc").items():
            found.append(time - max(since for since in begun if since <= submitted[case]))
    assert len(found) > 60
    assert 4 <= sorted(found)[len(found) // 2] / 30.4 <= 6


def test_no_more_vendors_come_and_meet_than_there_are_places() -> None:
    log = sim.run(world(PROGRAMME, {"challenge.places": 7, "challenge.meetings": 2}), 2)
    accepted = amounts(log, "call", target="accepted")
    assert max(accepted) == 7 < max(amounts(log, "call", target="closed"))
    met = Counter((event.time, event.target) for event in told(log, "talk"))
    assert max(met.values()) == 2
    assert sum(amounts(log, "call", target="met")) == met.total()


def test_only_who_met_is_matched_and_each_with_one() -> None:
    log = sim.run(world(PROGRAMME, {"vendors.open_cases": 1}, cities=CITIES), 3)
    vendor = {case.case: case.vendor for case in log.cases}
    met = {(event.case, event.actor) for event in told(log, "talk")}
    hosts = {(event.case, event.actor) for event in told(log, "decision", target="hosts")}
    assert hosts
    assert hosts <= met
    events: dict[float, list[str]] = {time: [] for time in steps(log, "met")}
    for event in told(log, "talk"):
        events[event.time].append(vendor[event.case or 0])
    assert all(events.values())
    needs = Counter(case.need for case in log.cases if case.case in reached(log, "matched"))
    assert needs
    assert max(needs.values()) <= 3  # one for each of the programmes


def test_a_joint_programme_is_one_event_and_vendors_may_be_chosen_by_another_city() -> None:
    joint, apart = (
        [sim.run(world(PROGRAMME, {"challenge.joint": together}, cities=CITIES), seed) for seed in range(4)]
        for together in (True, False)
    )
    assert [len(steps(log, "met")) for log in joint] == [3] * 4
    assert [len(steps(log, "met")) for log in apart] == [9] * 4

    def moved(log: EventLog) -> int:
        first = {event.case: event.city for event in told(log, "move", target="submitted")}
        return sum(first[case.case] != case.city for case in log.cases if case.channel == "challenge")

    assert sum(map(moved, joint)) > 0 == sum(map(moved, apart))


def test_a_city_that_leaves_hands_the_programme_on() -> None:
    cities = {"North": {"challenge.open": False}, "South": {}, "West": {}}
    log = sim.run(world(PROGRAMME, cities=cities), 1)
    assert {event.city for event in told(log, "call")} == {"South"}
    assert {case.city for case in log.cases} == {"South", "West"}


def test_validation_finds_wrong_statements_and_costs_money_and_time() -> None:
    wrong = {"problem_led.wrong_share": 0.5, "challenge.validation_cost": 0.2}
    log = sim.run(world(PROGRAMME, wrong), 1)
    verdicts = Counter(event.target for event in told(log, "validated"))
    assert verdicts["corrected"] > 3
    assert verdicts["confirmed"] > 3
    paid = amounts(log, "payment", reason="validation")
    assert paid == [0.2] * verdicts.total()
    hasty = sim.run(world(PROGRAMME, wrong, {"challenge.validation": False}), 1)
    assert not told(hasty, "validated")
    assert not amounts(hasty, "payment", reason="validation")
    assert steps(hasty, "opened")[0] == pytest.approx(steps(log, "opened")[0] - 14)


OFF, ON = {"challenge.validation": False}, {"challenge.validation": True, "challenge.validation_days": 0}


def test_validation_raises_the_fit_of_pilots_where_statements_can_be_wrong() -> None:
    assert_raises(mean_fit("screened"), OFF, ON, PROGRAMME, {"problem_led.wrong_share": 0.7})


def test_validation_brings_nothing_where_no_statement_is_wrong() -> None:
    right = {"problem_led.wrong_share": 0}
    assert gains(how_many("poc"), OFF, ON, PROGRAMME, right)[0] == 0


def test_a_search_of_the_market_brings_applicants_that_did_not_hear() -> None:
    less, more = {"challenge.mapping": 0}, {"challenge.mapping": 0.8}
    assert_raises(how_many("submitted"), less, more, PROGRAMME, {"challenge.reach": 0.3})


def test_a_search_of_the_market_brings_nobody_where_all_have_heard() -> None:
    less, more = {"challenge.mapping": 0}, {"challenge.mapping": 0.8}
    assert gains(how_many("submitted"), less, more, PROGRAMME, {"challenge.reach": 1})[0] == 0


def test_meetings_raise_the_fit_of_pilots_by_what_both_sides_learn() -> None:
    assert_raises(mean_fit("poc"), {"challenge.insight": 0}, {"challenge.insight": 1}, PROGRAMME, pairs=32)


def test_meetings_raise_no_fit_where_both_sides_know_all() -> None:
    all_known = {"fit.ignorance": 0, "fit.perception": 0}
    assert_nothing(mean_fit("poc"), {"challenge.insight": 0}, {"challenge.insight": 1}, PROGRAMME, all_known)


def culture(log: EventLog) -> float:
    """Mean culture of the departments at the end."""
    last = {(event.city, event.actor): event.amount or 0.0 for event in told(log, "culture")}
    return fmean(last.values())


#: one clock of learning beside the programme's is stopped
UNMOVED: Numbers = {"learning.culture_gain": 0, "learning.culture_loss": 0}


def test_workshops_change_the_culture_of_those_that_take_part() -> None:
    assert_raises(culture, {"challenge.learning": 0}, {"challenge.learning": 0.3}, PROGRAMME, UNMOVED)


def test_cities_that_hold_a_programme_together_learn_from_one_another() -> None:
    less, more = {"challenge.sharing": 0}, {"challenge.sharing": 1}
    assert_raises(culture, less, more, PROGRAMME, UNMOVED, many=True)
    alone, together = (known(Ecosystem(world(PROGRAMME, some, cities=CITIES), 1)) for some in (less, more))
    assert together > alone


def known(model: Ecosystem) -> float:
    """What vendors know of departments at the end, on average."""
    model.finish()
    vendors = [vendor for domain in range(3) for vendor in model.market.vendors(domain)]
    departments = [department for city in model.cities for department in city.departments]
    return fmean(vendor.knowledge(department) for vendor in vendors for department in departments)


def test_cities_that_hold_programmes_apart_learn_nothing_from_one_another() -> None:
    less, more, apart = {"challenge.sharing": 0}, {"challenge.sharing": 1}, {"challenge.joint": False}
    assert gains(culture, less, more, PROGRAMME, UNMOVED, apart, many=True)[0] == 0


def test_culture_won_in_workshops_makes_departments_host() -> None:
    """What workshops do later reaches the decision to host only through culture."""
    wide = {"bottom_up.open": True, "bottom_up.rate": 1}
    less, more = {"challenge.learning": 0}, {"challenge.learning": 1, "challenge.sharing": 0}
    heavy = {"departments.culture_weight": 6, "departments.culture": 0.3}
    assert_raises(share_told("decision", "hosts"), less, more, PROGRAMME, UNMOVED, wide, heavy)


def test_agreed_goals_make_reviews_sharper() -> None:
    """With goals that remove all error, what is measured is what is true."""
    sharp = Ecosystem(world(PROGRAMME, {"challenge.goals": 1}), 1)
    sharp.finish()
    case = next(case for case in sharp.cases if case.goals)
    truth = case.city.pilots.truth(case)
    assert tuple(case.city.experts.score(case, truth, 5)) == tuple(truth)
    case.goals = 0.0
    assert tuple(case.city.experts.score(case, truth, 5)) != tuple(truth)


# --- pitches -----------------------------------------------------------------------------------

PITCH: Numbers = {**DOOR, "pitch.open": True}


def test_a_pitch_is_answered_by_an_expression_of_interest_before_any_department_decides() -> None:
    log = sim.run(world(PITCH), 1)
    opened: dict[int | None, float] = {}
    for event in told(log, "interest", target="opened"):
        opened.setdefault(event.case, event.time)
    assert {case.channel for case in log.cases} <= {"pitch", "tender"}
    decided = [event for event in told(log, "decision") if event.case in opened]
    assert len(decided) > 5
    assert all(event.time >= opened[event.case] + 30 for event in decided)


#: departments buy what passed, and soon
BUYING: Numbers = {"departments.budget": 100, "deployment.scale_wish": 5, "poc.second": False,
                   "procurement.writing_days": 10, "procurement.small_limit": 0}  # fmt: skip


def price(log: EventLog) -> float:
    """Mean price of a contract, however it was awarded, in parts of the estimate."""
    estimate = {event.case: event.amount or 1.0 for event in told(log, "move", target="preparation")}
    paid = [(event.amount or 0.0) / estimate[event.case] for event in told(log, "award")]
    return fmean(paid) if paid else math.nan


UNHEARD, HEARD = {"pitch.reach": 0}, {"pitch.reach": 1}


def test_rivals_send_purchases_to_tender_and_lower_their_price() -> None:
    assert_raises(price, HEARD, UNHEARD, PITCH, BUYING, pairs=30)


def test_rivals_lower_no_price_where_all_goes_to_tender_anyway() -> None:
    gain, error = gains(price, HEARD, UNHEARD, PITCH, BUYING, {"pitch.sole": False}, pairs=60)
    assert gain <= 2 * error


def test_an_expression_of_interest_that_nobody_hears_changes_no_fit() -> None:
    """Then a pitch is an unsolicited offer that has to wait."""
    less, more = {"pitch.open": False}, {"pitch.open": True, "pitch.reach": 0, "pitch.window": 1}
    assert_nothing(mean_fit("matched"), less, more, DOOR, {"pitch.sole": False})


def test_only_what_met_no_rival_is_bought_without_a_tender() -> None:
    ways = Counter[tuple[bool, bool]]()
    for seed in range(6):
        log = sim.run(world(PITCH, BUYING, {"pitch.reach": 0.3}), seed)
        last = {event.case: event.amount for event in told(log, "interest", target="closed")}
        for award in told(log, "award"):
            ways[last.get(award.case) == 0, award.origin == "direct"] += 1
    assert ways[True, True] > 3
    assert ways[False, False] > 3
    assert ways[True, False] == ways[False, True] == 0


def test_what_met_no_rival_goes_to_tender_where_that_is_the_rule() -> None:
    log = sim.run(world(PITCH, BUYING, {"pitch.reach": 0, "pitch.sole": False}), 1)
    assert told(log, "round")
    assert not told(log, "award", origin="direct")


# --- working groups ----------------------------------------------------------------------------

GROUPS: Numbers = {"working_groups.meetings": 6}
NO_GROUPS: Numbers = {"working_groups.meetings": 0}
#: a stranger's standing is poor, and nothing else is learnt
STRANGE: Numbers = {**UNMOVED, "departments.culture_weight": 6, "departments.trust_weight": 6,
                    "learning.trust_gain": 0, "learning.trust_loss": 0}  # fmt: skip


def test_working_groups_make_departments_host() -> None:
    assert_raises(share_told("decision", "hosts"), NO_GROUPS, GROUPS, DOOR, STRANGE)


def test_working_groups_make_no_department_host_that_learns_nothing_there() -> None:
    """Where no quotes are asked for: those come from firms that a department has met."""
    nothing = {f"working_groups.{name}": 0 for name in ("culture", "trust", "knowledge")}
    nothing |= {"procurement.open_limit": 0}
    assert gains(share_told("decision", "hosts"), NO_GROUPS, GROUPS, DOOR, STRANGE, nothing)[0] == 0


def submitted_fit(log: EventLog) -> float:
    found = fits(log, "matched")
    return fmean(found) if found else math.nan


def test_working_groups_teach_vendors_what_departments_need() -> None:
    solvers = {"vendors.tester_share": 0, "learning.poc": 0, "working_groups.culture": 0,
               "working_groups.trust": 0, "working_groups.members": 20, "working_groups.knowledge": 0.5,
               **{f"vendors.{kind}.breadth": 0.3 for kind in ("startup", "sme", "large")}}  # fmt: skip
    assert_raises(submitted_fit, NO_GROUPS, GROUPS, DOOR, solvers)
    assert gains(submitted_fit, NO_GROUPS, GROUPS, DOOR, solvers, {"fit.ignorance": 0})[0] == 0


def test_no_group_meets_while_there_are_no_vendors_or_no_meetings() -> None:
    quiet = world(DOOR, {"working_groups.meetings": 6, "working_groups.members": 0})
    assert sim.run(quiet, 1).events == sim.run(world(DOOR), 1).events


# --- students' competitions --------------------------------------------------------------------

CONTESTS: Numbers = {"competition.contests": 2}


def latent_seen(log: EventLog) -> float:
    return len(told(log, "stated", reason="students' idea"))


def test_ideas_seldom_become_proposals() -> None:
    logs = [sim.run(world(DOOR, CONTESTS), seed) for seed in range(8)]
    ideas = sum(sum(amounts(log, "contest")) for log in logs)
    firms = [case for log in logs for case in log.cases if case.vendor.startswith("S")]
    assert 0 < len(firms) < 0.05 * ideas
    assert {case.vendor_kind for case in firms} == {"startup"}
    assert {case.motive for case in firms} == {"solver"}


def test_ideas_make_departments_see_latent_needs() -> None:
    assert_raises(latent_seen, {"competition.contests": 0}, CONTESTS, DOOR)
    seen = {"competition.seen": 0}
    assert gains(latent_seen, {"competition.contests": 0}, CONTESTS, DOOR, seen)[0] == 0


def test_a_competition_changes_the_culture() -> None:
    none = {"competition.contests": 0}
    assert_raises(culture, none, CONTESTS, DOOR, UNMOVED)
    still = {"competition.culture": 0, "competition.seen": 0, "competition.mature": 0}
    assert gains(culture, none, CONTESTS, DOOR, UNMOVED, still)[0] == 0


# --- citizens ----------------------------------------------------------------------------------

DEMANDS: Numbers = {"citizens.demands": 2}
NO_DEMANDS: Numbers = {"citizens.demands": 0}


def test_citizens_demands_put_needs_into_words_and_make_departments_host() -> None:
    weighty = {"departments.demand_weight": 6, "departments.openness": -1}
    assert_raises(share_told("decision", "hosts"), NO_DEMANDS, DEMANDS, DOOR, weighty)


def test_demands_bring_nothing_where_it_does_not_matter_who_asked() -> None:
    """Known needs are as good as stated ones for the office that sees all, and for who has no preference."""
    same = {"departments.demand_weight": 0, "pmo.skill": 1, "deployment.scale_demand": 0}
    assert_nothing(share_told("decision", "hosts"), NO_DEMANDS, DEMANDS, DOOR, same)


def test_demands_save_proposals_from_misfit_by_showing_needs() -> None:
    assert_raises(lost("misfit"), DEMANDS, NO_DEMANDS, DOOR, {"departments.demand_weight": 0})


@pytest.mark.parametrize(
    "lever",
    [{"working_groups.culture": 0.5}, {"competition.ideas": 90}, {"citizens.clarity": 1.0},
     {"challenge.places": 3}, {"pitch.reach": 1.0}, {"exchange.offers": 1.0}],
    ids=lambda lever: next(iter(lever)),
)  # fmt: skip
def test_a_lever_that_is_off_changes_nothing(lever: Numbers) -> None:
    assert sim.run(world(DOOR, lever), 1).events == sim.run(world(DOOR), 1).events

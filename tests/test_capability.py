"""Training, champions, monitoring, shared language, autonomy, support across parties; pilots that pile up.

As in ``test_ecosystem``: single numbers move outcomes, closed channels leave the history as it was, and
scenarios differ from their base as the sources say.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from math import log as ln

import pytest

import sim
from sim.events import Event, EventLog
from sim.model import Ecosystem
from sim.parameters import Value
from sim.programmes.training import faded
from sim.scenario import Change
from tests.test_ecosystem import summary
from tests.test_mechanisms import (
    CALLS,
    ELECTION,
    PASSED,
    ROADMAP,
    SMOOTH,
    TOWN,
    UNDER_WAY,
    UNFIT,
    WANTED,
    Numbers,
    Outcome,
    Row,
    between,
    closed_from,
    discernment,
    given_up,
    how_many,
    inherited,
    lost,
    mean,
    mean_amount,
    mean_fit,
    number_of,
    paired,
    passing_without_contract,
    row,
    share_of,
    told,
    waste,
)
from tests.worlds import START, world

# --- outcomes ----------------------------------------------------------------------------------


def last(kind: str, **where: str) -> Outcome:
    """Mean over the departments of the last level told."""

    def levels(log: EventLog) -> float:
        found = {event.actor: event.amount or 0.0 for event in told(log, kind, **where)}
        return mean(list(found.values()))

    return levels


def trust(log: EventLog) -> float:
    """Mean trust of departments in vendors, as it is at the end."""
    found = {(event.actor, event.target): event.amount or 0.0 for event in told(log, "trust")}
    return mean(list(found.values()))


# --- single numbers ----------------------------------------------------------------------------

COURSES: Numbers = {"training.offered": True, "training.attendance": 1}
CHAMPIONS: Numbers = {"champions.appointed": True, "champions.share": 1}
INDICATORS: Numbers = {"monitoring.indicators": True}
LANGUAGE: Numbers = {"language.shared": True}
#: reviews and offers are judged badly
BLURRED: Numbers = {"poc.noise": 0.5, "experts.noise": 0.5, "fit.perception": 1}
ALL_BID: Numbers = {"procurement.bidding": 1, "procurement.price_noise": 0.5, "procurement.quality_weight": 1}

# fmt: off
MECHANISMS = [
    row("courses raise skill", last("skill", target="skill"), "training.gain", 0.02, 0.5, COURSES),
    row("many courses raise it more", last("skill", target="tender_skill"), "training.courses", 0.5, 6,
        COURSES),
    row("who does not come does not learn", number_of("skill", origin="course"), "training.attendance", 0.1,
        1, {"training.offered": True}),
    row("what was learnt fades", last("skill", target="skill"), "training.fading", 2, 0, COURSES),
    row("trained officials fail less over paperwork", lost("administrative"), "training.gain", 0.9, 0,
        COURSES, {"clearance.burden": 0.6}),
    row("trained officials write tenders faster", between("preparation", "tender"), "training.gain", 0.9, 0,
        COURSES, SMOOTH, WANTED),
    row("champions shield culture from failures", last("culture"), "champions.shield", 0, 1, CHAMPIONS,
        {"champions.example": 0, "learning.culture_loss": 0.3, "learning.monitoring": 0}),
    row("champions shield trust from failures", trust, "champions.shield", 0, 1, CHAMPIONS,
        {"champions.example": 0, "learning.trust_loss": 0.8, "learning.monitoring": 0}),
    row("champions set an example", last("culture"), "champions.example", 0, 0.3, CHAMPIONS),
    row("meetings spread it", last("culture"), "champions.meetings", 0.5, 12, CHAMPIONS),
    row("more champions reach more departments", last("culture"), "champions.share", 0, 1,
        {"champions.appointed": True, "departments.links": 0}),
    row("peers learn from champions next door", last("culture"), "departments.links", 0, 1,
        {"champions.appointed": True, "champions.share": 0.1, "champions.example": 0.2,
         "learning.culture_gain": 0, "learning.culture_loss": 0}),
    row("champions make departments host", share_of("decision", "hosts"), "champions.example", 0, 0.5,
        CHAMPIONS, {"departments.culture": 0.2, "departments.culture_weight": 6}),
    row("indicators sharpen reviews", discernment, "monitoring.sharpness", 0, 1, INDICATORS, SMOOTH, BLURRED,
        pairs=24),
    row("indicators find the offer that fits", mean_fit("contract"), "monitoring.sharpness", 0, 1, INDICATORS,
        SMOOTH, WANTED, BLURRED, ALL_BID),
    row("indicators save money", waste, "monitoring.sharpness", 1, 0, INDICATORS, SMOOTH, PASSED, WANTED,
        UNFIT, BLURRED, ALL_BID, {"procurement.quality_bar": 0.5}, pairs=24),
    row("who speaks one language judges fit better", mean_fit("matched"), "language.understanding", 0, 1,
        LANGUAGE, {"fit.perception": 1}),
    row("who speaks one language states needs more clearly", mean_amount("stated"), "language.understanding",
        0, 0.8, LANGUAGE, ROADMAP),
    row("who speaks one language sets fewer wrong problems", mean_fit("matched"), "language.understanding",
        0, 1, LANGUAGE, CALLS, {"problem_led.wrong_share": 1, "fit.perception": 0}),
]
# fmt: on


@pytest.mark.slow
@pytest.mark.parametrize("row", MECHANISMS, ids=lambda row: row.name)
def test_mechanism_moves_its_outcome(row: Row) -> None:
    found = paired(row)
    assert found.pairs >= 8
    assert found.mean > 3 * found.error, f"{found.mean:.3g} with standard error {found.error:.2g}"


# --- the channels ------------------------------------------------------------------------------

#: what the levers themselves write
OWN_KINDS = {"policy", "skill", "culture", "trust"}


def rest(log: EventLog) -> list[Event]:
    """What happened, but for what the levers themselves do and pay, and for the weak point of a review."""
    kept = [event for event in log.events if event.kind not in OWN_KINDS and event.reason != "training"]
    return [event._replace(reason=None) if event.kind == "review" else event for event in kept]


def same(path: str, off: Value, on: Value, *numbers: Numbers, seed: int = 3) -> bool:
    common = {name: value for group in (TOWN, ROADMAP, *numbers) for name, value in group.items()}
    logs = [sim.run(world(common, {path: end}, elections=ELECTION), seed) for end in (off, on)]
    return rest(logs[0]) == rest(logs[1])


#: lever -> off, on, and numbers with which every channel through which it works is closed
CLOSED: dict[str, tuple[Value, Value, Numbers]] = {
    # skill acts on paperwork, on reviews, on tenders and on what becomes of services
    "training.offered": (
        False,
        True,
        {
            "clearance.burden": 0,
            "poc.administrative_weight": 0,
            "procurement.writing_days": 0,
            "fit.perception": 0,
            "deployment.abandonment": 0,
        },
    ),
    # culture and trust act on hosting, and trust on who is asked for quotes
    "champions.appointed": (
        False,
        True,
        {"departments.culture_weight": 0, "departments.trust_weight": 0, "procurement.open_limit": 0},
    ),
    "monitoring.indicators": (
        False,
        True,
        {"poc.noise": 0, "experts.noise": 0, "fit.perception": 0},
    ),
    "language.shared": (False, True, {"fit.perception": 0, "top_down.clarity": 1}),
    "pmo.autonomy": (
        0.2,
        0.9,
        {"politics.turnover": 0, "politics.volatility": 0, "politics.success_gain": 0}
        | {"politics.failure_loss": 0},
    ),
    "politics.embedding": (0.2, 0.8, {"politics.turnover": 0}),
}

#: what makes each lever matter where its channels are open
MATTERS: Numbers = {
    "politics.turnover": 1,
    "politics.loss": 1,
    "departments.culture_weight": 6,
    "champions.share": 1,
    "champions.example": 0.2,
}


@pytest.mark.parametrize("path", CLOSED)
def test_with_its_channels_closed_a_lever_changes_nothing_else(path: str) -> None:
    off, on, closed = CLOSED[path]
    assert same(path, off, on, MATTERS, PASSED, closed)
    assert not same(path, off, on, MATTERS)


# --- training ----------------------------------------------------------------------------------


def test_what_was_learnt_halves_in_the_half_life() -> None:
    assert faded(0.8, 0.4, ln(2), 1.0) == pytest.approx(0.6)
    assert faded(0.8, 0.4, 0.0, 9.0) == 0.8
    assert faded(0.4, 0.4, 3.0, 1.0) == 0.4


def test_skill_returns_to_what_it_was_when_courses_end() -> None:
    end = Change(at=START + timedelta(days=700), set={"training.offered": False}, policies=None, city=None)
    scenario = world(TOWN, COURSES, {"training.fading": 3}, timeline=(end,), days=365 * 6)
    untaught = {
        department.name: department.skill for department in Ecosystem(scenario, 1).cities[0].departments
    }
    model = Ecosystem(scenario, 1)
    log = model.finish()
    peak = {
        event.actor: event.amount or 0 for event in told(log, "skill", target="skill") if event.time < 700
    }
    for department in model.cities[0].departments:
        assert peak[department.name] > untaught[department.name] + 0.05
        assert department.skill == pytest.approx(untaught[department.name], abs=1e-3)
    assert max(event.time for event in told(log, "payment", reason="training")) < 700


# --- champions ---------------------------------------------------------------------------------


def test_more_champions_are_the_same_and_others() -> None:
    def with_champion(part: float) -> set[str]:
        model = Ecosystem(world(TOWN, {"champions.appointed": True, "champions.share": part}), 1)
        return {department.name for department in model.cities[0].departments if department.champion}

    few, many = with_champion(0.3), with_champion(0.7)
    assert few < many
    assert with_champion(0) == set()
    assert len(with_champion(1)) == 12


# --- scenarios ---------------------------------------------------------------------------------

BASE, LOST = "taipei_2016_2021", "taipei_lost_election"

#: what is looked at in a scenario's run; all of it at once, because logs are too large to keep
OUTCOMES: dict[str, Outcome] = {
    "inherited": inherited,
    "dropped": closed_from(*UNDER_WAY, reason="political"),
    "culture": last("culture"),
    "hosting": share_of("decision", "hosts"),
    "administrative losses": lost("administrative"),
    "without a contract": passing_without_contract,
    "fit": mean_fit("matched"),
    "services": how_many("deployed"),
}


@cache
def outcomes(name: str, seed: int) -> dict[str, float]:
    log = sim.run(name, seed)
    return {meaning: outcome(log) for meaning, outcome in OUTCOMES.items()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("less", "more", "outcome", "meaning"),
    [
        (LOST, BASE, "inherited", "a new mayor completes fewer inherited projects (X01, P15)"),
        (LOST, "autonomy", "inherited", "an autonomous office saves them (R36, P15)"),
        (LOST, "cross_party", "inherited", "support across parties saves them (R37, P15)"),
        ("autonomy", LOST, "dropped", "fewer are dropped from an autonomous office (R36)"),
        ("cross_party", LOST, "dropped", "fewer are dropped where parties agree (R37)"),
        (BASE, "culture_champions", "culture", "champions raise culture (R60)"),
        (BASE, "culture_champions", "hosting", "and departments host more (R60, S70)"),
        ("skills", BASE, "administrative losses", "skills avert administrative losses (S64)"),
        (BASE, "skills", "services", "and more pilots come into service (S64, S65, V05)"),
        (BASE, "shared_language", "fit", "one language brings together what fits (R61)"),
        (BASE, "pilots_without_scaling", "without a contract", "pilots pile up (S62, R40, P16)"),
    ],
)
def test_scenario_differs_from_its_base_as_the_source_says(
    less: str, more: str, outcome: str, meaning: str
) -> None:
    pairs = [(outcomes(more, seed), outcomes(less, seed)) for seed in range(1, 25)]
    centre, error = summary([one[outcome] - other[outcome] for one, other in pairs])
    assert centre > 3 * error, f"{meaning}: {centre:.3g} with standard error {error:.2g}"


@pytest.mark.slow
def test_monitoring_saves_wasted_money() -> None:
    """S71: small, so it takes many pairs to show."""

    def wasted(log: EventLog) -> float:
        useless = {event.case for event in told(log, "unsolved")}
        paid = [event for event in told(log, "payment") if event.reason in ("contract", "small purchase")]
        return sum(event.amount or 0 for event in paid if event.case in useless)

    gains = [wasted(sim.run(BASE, seed)) - wasted(sim.run("monitoring", seed)) for seed in range(1, 61)]
    centre, error = summary(gains)
    assert centre > 2 * error


@pytest.mark.slow
def test_services_that_start_from_needs_are_given_up_less_often() -> None:
    """P10 (S53), for what has come into service: reviews have sifted both, so the difference is small."""
    seeds, names = range(1, 201), ("busan_technology_push", "busan_platform")
    rates = [[given_up(sim.run(name, seed)) for seed in seeds] for name in names]
    centre, error = summary([push - pull for push, pull in zip(*rates, strict=True)])
    assert centre > 2 * error

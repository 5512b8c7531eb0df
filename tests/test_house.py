"""The rules of the house: every number matters, every name holds, nothing reaches around the back."""

from __future__ import annotations

import ast
import copy
import pkgutil
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import analysis
import experiments
import scenarios
import sim
from analysis import figures, posterior_figures
from analysis.measures import MEASURES
from sim.conditions import Conditions, Situation
from sim.errors import ConditionError
from sim.events import Event
from sim.intake import CHANNELS
from sim.model import Ecosystem
from sim.parameters import PATHS, Market, Parameters, Value
from sim.policies import POLICIES
from sim.procurement import RULES
from sim.scenario import FOUNDING, Change, available, load
from tests.worlds import START, world

ROOT = Path(__file__).parents[1]
PACKAGES = (sim, scenarios, experiments, analysis)

# --- every number changes some history ---------------------------------------------------------

#: a small city in which everything happens
LIVELY: dict[str, Value] = {
    "city.departments": 8,
    "city.domains": 2,
    "vendors.initial": 60,
    "vendors.entry": 40,
    "needs.initial": 4,
    "needs.barrier_share": 0.3,
    "problem_led.open": True,
    "bottom_up.rate": 1.0,
    "pmo.contacts": 0.6,
    "poc.cost": 2.0,
    "deployment.scale_wish": 2.0,
    "politics.turnover": 1.0,
}
ELECTION = (date(2017, 3, 1),)

#: a closed test field is wanted
FIELD: dict[str, Value] = {"closed_field.wanted": True, "closed_field.domain": 1}
#: what passes its POC is sold to citizens, and soon copied
TRADE: dict[str, Value] = {"market.private_share": 1.0, "market.imitation": 1.0}

#: the award rules that have numbers of their own
CONTEST: dict[str, Value] = {"procurement.rule": "design_contest"}
PCP: dict[str, Value] = {"procurement.rule": "pre_commercial"}

#: what else must hold for a number to matter
CONTEXT: dict[str, dict[str, Value]] = {
    "problem_led.validation_days": {"problem_led.validation": True},
    "departments.contacts": {"pmo.exists": False},
    "procurement.no_poc_clarity": {"poc.required": False},
    "politics.failure_loss": {"deployment.usable": 0.9},
    "clearance.sandbox_speed": {"clearance.sandbox": 1.0},
    "closed_field.wanted": {"closed_field.domain": 1},
    **{f"closed_field.{name}": FIELD for name in ("domain", "departments", "difficulty", "setup_days")},
    **{f"market.{name}": TRADE for name in Market.model_fields if name != "private_share"},
    **dict.fromkeys(("procurement.contest_cost", "procurement.cost_weight"), CONTEST),
    **dict.fromkeys(("procurement.development_price", "procurement.development_days"), PCP),
    "procurement.risk_weight": {"procurement.result_share": 0.5},
    "procurement.safeguards": {"deployment.ageing": 1.0},
    "deployment.service_years": {"deployment.contract_years": 0.5},
    "deployment.lapse": {"deployment.contract_years": 0.5, "deployment.service_years": 4},
}

#: what switches a group of numbers on; the switch itself needs nothing
SWITCHES: dict[str, dict[str, Value]] = {
    "challenge.open": {"challenge.open": True},
    "pitch.open": {"pitch.open": True},
    "exchange.open": {"exchange.open": True},
    "working_groups.meetings": {"working_groups.meetings": 6},
    "competition.contests": {"competition.contests": 2},
    "citizens.demands": {"citizens.demands": 2},
    "hub.exists": {"hub.exists": True},
    "platform.exists": {"platform.exists": True},
    "finance.brokered": {"finance.brokered": True},
    "incubation.exists": {"incubation.exists": True},
    "training.offered": {"training.offered": True},
    "champions.appointed": {"champions.appointed": True},
    "monitoring.indicators": {"monitoring.indicators": True},
    "language.shared": {"language.shared": True},
}
for _switch, _on in SWITCHES.items():
    _group = _switch.split(".")[0]
    CONTEXT |= {path: _on for path in PATHS if path.startswith(f"{_group}.") and path != _switch}
CONTEXT["platform.takeover"] = {
    "platform.exists": True,
    "platform.coverage": 1.0,
    "vendors.startup.finance": 0.0,
}
CONTEXT["pitch.sole"] = {"pitch.open": True, "pitch.reach": 0.1}
CONTEXT["exchange.trust"] = {"exchange.open": True, "exchange.abroad": 1.0, "departments.trust": 0.0}

#: numbers that matter only where there is another city
BETWEEN_CITIES = frozenset({"challenge.joint", "challenge.sharing", "exchange.offers"})


def towns(path: str) -> dict[str, dict[str, Value]]:
    """The cities of the world in which a number is tried."""
    return {"Taipei": {}, "Tainan": {}} if path in BETWEEN_CITIES else {"Taipei": {}}


SEEDS = (1, 2, 3, 4)


def ends(path: str) -> list[Value]:
    """Both ends of a number's range, or all options; the one in force in the lively city left out."""
    row, default = PATHS[path], Parameters().at(path)
    if row.low is None or row.high is None:
        found: list[Value] = [False, True] if isinstance(default, bool) else list(row.options)
    else:
        found = [int(end) if isinstance(default, int) else end for end in (row.low, row.high)]
    there = {**LIVELY, **CONTEXT.get(path, {})}.get(path, default)
    return [end for end in found if end != there]


def history(*numbers: dict[str, Value], seed: int = 1, **rest: Any) -> list[Event]:
    """What happened, but for the announcements of changed conditions."""
    log = sim.run(world(LIVELY, *numbers, elections=ELECTION, **rest), seed)
    return [event for event in log.events if event.kind != "policy"]


@cache
def usual(context: tuple[tuple[str, Value], ...], seed: int = 1, path: str = "") -> list[Event]:
    return history(dict(context), seed=seed, cities=towns(path))


def tried_in(path: str) -> str:
    """The key under which the usual history of a number's world is kept."""
    return path if path in BETWEEN_CITIES else ""


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS)
def test_every_number_moved_to_an_end_of_its_range_changes_some_history(path: str) -> None:
    context = CONTEXT.get(path, {})

    def changes(seed: int) -> bool:
        base = usual(tuple(context.items()), seed, tried_in(path))
        found = [history(context, {path: end}, seed=seed, cities=towns(path)) for end in ends(path)]
        return any(events != base for events in found)

    assert any(changes(seed) for seed in SEEDS)


@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in PATHS if path not in FOUNDING and path[:5] != "city."])
def test_every_number_that_may_change_later_changes_the_history_from_then_on(path: str) -> None:
    context = CONTEXT.get(path, {})

    def changes(end: Value, seed: int) -> bool:
        change = Change(at=START + timedelta(days=200), set={path: end}, policies=None, city=None)
        base = usual(tuple(context.items()), seed, tried_in(path))
        changed = history(context, seed=seed, timeline=(change,), cities=towns(path))
        past = [event for event in base if event.time < 200]
        assert past
        assert changed[: len(past)] == past
        return changed != base

    assert any(changes(end, seed) for seed in SEEDS for end in ends(path))


POLICY_PATHS = [path for path, row in PATHS.items() if row.evidence == "policy"]


@pytest.mark.slow
@pytest.mark.parametrize("path", POLICY_PATHS)
def test_a_policy_that_sets_a_number_does_what_the_number_does(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody reads a rule of the game from the parameters, past the conditions."""
    context, end = CONTEXT.get(path, {}), ends(path)[-1]
    monkeypatch.setitem(POLICIES, "probe", lambda: lambda conditions, _: conditions.with_(path, end))
    cities = towns(path)
    assert history(context, policies=("probe",), cities=cities) == history(
        context, {path: end}, cities=cities
    )


def test_every_context_is_of_a_number() -> None:
    assert set(CONTEXT) <= set(PATHS)


@pytest.mark.slow
@pytest.mark.parametrize("path", CONTEXT)
def test_every_context_is_needed(path: str) -> None:
    """A number that matters anywhere needs no context; so the list stays short."""
    assert all(history({path: end}) == usual(()) for end in ends(path))


# --- every scenario runs -----------------------------------------------------------------------


@pytest.mark.parametrize("name", available())
def test_every_scenario_runs_and_begins_with_its_question(name: str) -> None:
    log = sim.run(name, seed=1)
    assert log.scenario == name
    assert log.cases
    assert max(event.time for event in log.events) <= log.days
    first = (ROOT / "scenarios" / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("question: ")
    assert load(name).question.endswith("?")
    assert first.removeprefix("question: ").split()[:5] == load(name).question.split()[:5]


# --- names -------------------------------------------------------------------------------------


def modules(*packages: ModuleType) -> list[str]:
    """The names of all modules of packages, these included."""
    inside = [pkgutil.walk_packages(package.__path__, f"{package.__name__}.") for package in packages]
    return [package.__name__ for package in packages] + [found.name for part in inside for found in part]


@pytest.mark.parametrize("name", sim.__all__)
def test_exported_names_exist_and_are_documented(name: str) -> None:
    found = getattr(sim, name)
    assert found.__module__.startswith("sim.")
    assert getattr(found, "__name__", None) == name
    assert (found.__doc__ or "").strip()


def test_exported_names_are_in_order_and_complete() -> None:
    assert sim.__all__ == sorted(sim.__all__)
    assert {"Scenario", "EventLog", "load", "run"} <= set(sim.__all__)
    with pytest.raises(AttributeError, match="no attribute 'rum'"):
        _ = sim.rum


@pytest.mark.parametrize("name", modules(*PACKAGES))
def test_modules_say_what_they_are_and_export_what_they_have(name: str) -> None:
    module = import_module(name)
    assert (module.__doc__ or "").strip()
    assert all(hasattr(module, name) for name in getattr(module, "__all__", ()))


def files(package: str) -> set[str]:
    """The names of a package's modules."""
    return {found.name for found in pkgutil.iter_modules(import_module(package).__path__)}


def homes(registry: dict[str, Any]) -> dict[str, str]:
    """name -> the last part of the module in which what is registered was written."""
    return {name: found.__module__.rpartition(".")[2] for name, found in registry.items()}


#: modules of procurement that hold no rule
PROCESS = {"development", "offers", "purchasing", "terms"}


def test_each_lever_channel_and_rule_is_in_the_file_of_its_name_and_registered() -> None:
    assert homes(POLICIES) == {name: name for name in files("sim.policies")}
    assert homes(CHANNELS) == {name: name for name in files("sim.intake") - {"channel", "statement"}}
    assert homes(RULES) == {name: name for name in files("sim.procurement") - PROCESS}


@pytest.mark.parametrize("package", [figures, posterior_figures])
def test_each_chart_is_in_the_file_of_its_name_and_registered(package: ModuleType) -> None:
    registries = [held for name, held in vars(package).items() if name.isupper() and isinstance(held, dict)]
    charts = {name: chart for registry in registries for name, chart in registry.items()}
    drawn = {name: chart.function for name, chart in charts.items()}
    assert homes(drawn) == {name: name for name in files(package.__name__)}
    assert all(chart.title for chart in charts.values())


def test_measures_carry_the_names_under_which_they_are_registered() -> None:
    assert [measure.name for measure in MEASURES.values()] == list(MEASURES)


def test_the_parameters_offer_the_registered_award_rules() -> None:
    assert sorted(PATHS["procurement.rule"].options) == sorted(RULES)


def test_each_channel_has_a_switch_of_its_name() -> None:
    assert {f"{name}.open" for name in CHANNELS} <= set(PATHS)


# --- conditions --------------------------------------------------------------------------------

CALM = Situation(days=0, support=0.7, reputation=0.5, waiting=0, pocs=0)
SITUATIONS = [CALM, CALM._replace(waiting=1000), CALM._replace(support=0.0), CALM._replace(pocs=1000)]


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_changes_a_condition_and_nothing_else(name: str) -> None:
    before = Conditions.of(Parameters())
    after = [POLICIES[name]()(before, situation) for situation in SITUATIONS]
    assert any(conditions != before for conditions in after)
    assert before == Conditions.of(Parameters())
    fixed = [path for path, row in PATHS.items() if row.evidence != "policy" and in_conditions(path)]
    assert all(conditions.at(path) == before.at(path) for conditions in after for path in fixed)


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_is_pure(name: str) -> None:
    before, policy = Conditions.of(Parameters()), POLICIES[name]()
    for situation in SITUATIONS:
        assert policy(before, situation) == policy(before, situation) == POLICIES[name]()(before, situation)


def in_conditions(path: str) -> bool:
    return path.split(".")[0] in Conditions._fields


def test_every_rule_of_the_game_is_a_condition() -> None:
    assert all(in_conditions(path) for path in POLICY_PATHS)


@pytest.mark.parametrize("path", PATHS)
def test_conditions_take_rules_of_the_game_and_refuse_facts(path: str) -> None:
    conditions, value = Conditions.of(Parameters()), Parameters().at(path)
    if PATHS[path].evidence == "policy":
        assert conditions.with_(path, value) == conditions
        assert conditions.with_(path, ends(path)[0]) != conditions or path in LIVELY
    else:
        with pytest.raises(ConditionError, match=path):
            conditions.with_(path, value)


@pytest.mark.parametrize("path", ["pmo", "pmo.staf", "", "pmo.staff.more", "nothing.here"])
def test_conditions_refuse_what_is_no_number(path: str) -> None:
    with pytest.raises(ConditionError):
        Conditions.of(Parameters()).with_(path, 1)


# --- no hidden state ---------------------------------------------------------------------------


def state() -> dict[str, Any]:
    """Every list, set and dictionary that a module of ours, or a class of one, holds."""
    found = {}
    for name in modules(sim):
        module = import_module(name)
        classes = [kind for kind in vars(module).values() if getattr(kind, "__module__", None) == name]
        owners = {name: vars(module)} | {str(kind): vars(kind) for kind in classes if isinstance(kind, type)}
        for owner, names in owners.items():
            for key, value in names.items():
                if isinstance(value, dict | list | set) and not key.startswith("__"):
                    found[f"{owner}.{key}"] = copy.copy(value)
    return found


def test_a_run_leaves_no_trace_in_the_modules() -> None:
    before = state()
    assert any(name.endswith("POLICIES") for name in before)
    sim.run("taipei_no_pmo_no_poc", seed=2)
    assert state() == before


def test_runs_side_by_side_do_not_touch_each_other() -> None:
    scenario = world(LIVELY, elections=ELECTION)
    alone = [sim.run(scenario, seed).events for seed in (1, 2)]
    models = [Ecosystem(scenario, seed) for seed in (1, 2)]
    for _ in range(40):
        for model in models:
            model.step()
    assert [model.finish().events for model in models] == alone


# --- what the sources may not do ---------------------------------------------------------------


def sources(*packages: ModuleType) -> Iterator[tuple[str, ast.Module]]:
    for package in packages:
        for path in sorted(Path(package.__path__[0]).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    """Every module that a source imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_nothing_prints() -> None:
    printing = [
        path
        for path, tree in sources(*PACKAGES)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_actors_channels_and_rules_never_look_at_policies() -> None:
    looking = [
        (path, name)
        for path, tree in sources(sim)
        if not path.startswith("sim/policies/")
        for name in imported(tree)
        if name.startswith("sim.policies")
    ]
    assert {path for path, _ in looking} == {"sim/model.py", "sim/scenario.py"}


def test_nobody_draws_luck_from_a_shared_stream() -> None:
    """Global generators, the time of day and the order of sets would make runs differ."""
    forbidden = ("random", "secrets", "time", "numpy.random", "uuid")
    drawing = [
        (path, name)
        for path, tree in sources(sim)
        for name in imported(tree)
        if name.split(".")[0] in forbidden or name.startswith("numpy.random")
    ]
    assert drawing == []

"""The scenarios from which a room may start, with pictures of their funnels that were computed beforehand.

``cards.json`` holds them, and the runs of the example with which the page opens; ``python -m
tests.test_workshop_cards`` makes it anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from experiments.workshop.words import say
from sim.scenario import load

if TYPE_CHECKING:
    import pandas as pd

    from experiments.workshop.crew import Harvest
    from sim.scenario import Scenario

#: the example with which the page opens
EXAMPLE = "taipei_2016_2021"

#: shipped scenarios that make a good start, in the order in which they are shown
STARTS = (
    EXAMPLE,
    "taipei_stage1",
    "taipei_stage2_problem_led",
    "taipei_no_pmo_no_poc",
    "taipei_2022_subsidised_poc",
    "taipei_lost_election",
    "without_unit",
    "small_purchases",
    "procurement_performance",
    "procurement_pcp",
    "alliance_shared_risk",
    "sandbox",
    "self_driving_field",
    "wemo",
    "skills",
    "culture_champions",
    "monitoring",
    "open_platform",
    "glasgow_hub",
    "startup_support",
    "private_finance",
    "city_exchange",
    "tech4muni",
    "barcelona_urban_lab",
    "urban_innovation_japan",
)

#: runs behind a picture, and runs of the example that are kept one by one; seeds begin at 1
RUNS, KEPT = 40, 60
#: runs of every scenario of which the funnel is kept, to see whether the pictures are still right
FIRST = 2
#: part of the runs within the band of a picture
BAND = 0.95

_FILE = "cards.json"
_DIGITS = 5


def described(language: str) -> list[dict[str, Any]]:
    """The cards as the page shows them, JSON-ready.

    Args:
        language: code of the language of the texts.

    Returns:
        One mapping a card: ``id``, ``title``, ``question``, ``start``, ``end`` and ``funnel``, a list of
        steps with ``step``, ``name`` and the ``mean``, ``low`` and ``high`` number of cases that reach it.
    """
    return [_card(load(name), language, _kept()["funnels"].get(name, {})) for name in STARTS]


def ready(base: str) -> Harvest | None:
    """The runs of the example, without making any; ``None`` for other scenarios.

    Of the evidence there are outcomes and wholes; its other tables are empty.
    """
    if base != EXAMPLE:
        return None
    import pandas as pd

    from experiments.compare import Evidence
    from experiments.workshop.crew import Harvest

    kept = _kept()["example"]
    outcomes, wholes, funnel = (_frame(kept[part]) for part in ("outcomes", "wholes", "funnel"))
    return Harvest(Evidence(outcomes, wholes, *(pd.DataFrame() for _ in range(3))), funnel)


# --- how they are made --------------------------------------------------------------------------


def computed(names: Iterable[str], runs: int = RUNS, kept: int = KEPT, workers: int = 1) -> dict[str, Any]:
    """The content of ``cards.json`` for some scenarios, computed now.

    Args:
        names: of scenarios.
        runs: behind each funnel.
        kept: runs of the example to keep, if it is among them.
        workers: processes.
    """
    content: dict[str, Any] = {"funnels": {}, "first": {}, "example": {}}
    for name in names:
        harvest = _harvest(load(name), max(runs, kept) if name == EXAMPLE else runs, workers)
        content["funnels"][name] = pictured(_first(harvest.funnel, runs))
        content["first"][name] = _columns(_first(harvest.funnel, FIRST))
        if name == EXAMPLE:
            parts = {"outcomes": harvest.evidence.outcomes, "wholes": harvest.evidence.wholes}
            parts["funnel"] = harvest.funnel
            content["example"] = {part: _columns(_first(table, kept)) for part, table in parts.items()}
    return content


def pictured(funnel: pd.DataFrame) -> dict[str, list[float]]:
    """Step -> mean of the runs, and the ends of the band that holds the middle of them.

    Args:
        funnel: as that of a harvest, of one scenario. A market launch is told only where there was one.
    """
    from analysis.funnel import LAUNCHED, STEPS

    half = (1 - BAND) / 2
    steps = [step for step in STEPS if step != LAUNCHED or funnel[step].sum()]
    return {
        step: [_short(number) for number in (funnel[step].mean(), *funnel[step].quantile([half, 1 - half]))]
        for step in steps
    }


def written(content: Mapping[str, Any]) -> str:
    """The text of ``cards.json``: one line a scenario and a column."""
    parts = [f' "{part}": {{\n{_lines(rows)}\n }}' for part, rows in content.items() if part != "example"]
    example = [f'  "{part}": {{\n{_lines(rows)}\n  }}' for part, rows in content["example"].items()]
    return "{\n" + ",\n".join([*parts, ' "example": {\n' + ",\n".join(example) + "\n }"]) + "\n}\n"


def _lines(rows: Mapping[str, Any]) -> str:
    told = (f'   "{name}": {json.dumps(row, separators=(",", ":"))}' for name, row in rows.items())
    return ",\n".join(told)


def _harvest(scenario: Scenario, runs: int, workers: int) -> Harvest:
    from experiments.runner import Job, batches, joined
    from experiments.workshop.crew import gathered

    jobs = [Job(scenario, seed) for seed in range(1, runs + 1)]
    harvest = gathered(joined(batches(jobs, workers=workers)))
    if harvest is None:
        raise RuntimeError(f"no run of {scenario.name} succeeded")
    return harvest


def _first(table: pd.DataFrame, runs: int) -> pd.DataFrame:
    return table[table["seed"] <= runs].sort_values("seed", ignore_index=True)


def _columns(table: pd.DataFrame) -> dict[str, list[float | None]]:
    names = [name for name in table if name != "scenario"]
    return {str(name): [_short(float(value)) for value in table[name]] for name in names}


def _short(value: float) -> Any:
    """A number with few digits; whole ones without a point, and ``None`` for what is not defined."""
    if value != value:
        return None
    short = float(f"{value:.{_DIGITS}g}")
    return int(short) if short.is_integer() else short


# --- how they are read --------------------------------------------------------------------------


@cache
def _kept() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(files("experiments.workshop").joinpath(_FILE).read_text("utf-8"))
    return kept


def _card(scenario: Scenario, language: str, picture: Mapping[str, list[float]]) -> dict[str, Any]:
    name = scenario.name
    return {
        "id": name,
        "title": say(language, f"card.{name}_title"),
        "question": say(language, f"card.{name}_question"),
        "start": scenario.start.isoformat(),
        "end": scenario.end.isoformat(),
        "funnel": [
            {"step": step, "name": say(language, f"step.{step}"), "mean": mean, "low": low, "high": high}
            for step, (mean, low, high) in picture.items()
        ],
    }


def _frame(columns: Mapping[str, list[float | None]]) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame(columns, dtype=float).astype({"seed": int})
    table.insert(0, "scenario", EXAMPLE)
    return table

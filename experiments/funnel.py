"""The statistics of a funnel: what becomes of proposals, where, when, whose, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments import provenance
from sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from analysis.tables import Tables
    from experiments.store import Store
    from sim.observed import Target

#: the folder of a store in which the statistics lie unless another place is given
FOLDER = "funnel"

#: days between two rows of the table of cumulative incidence
STEP = 30.0


@dataclass(frozen=True)
class Statistics:
    """What is said of the runs of each scenario; every table has the column ``scenario``.

    Attributes:
        conversion: as :func:`analysis.conversion.conversion`.
        transitions: as :func:`analysis.transitions.matrix`.
        incidence: as :func:`analysis.competing.table`.
        access: as :func:`analysis.access.access`.
        concentration: as :func:`analysis.access.concentration`.
        variance: as :func:`analysis.between.between_runs`.
        parameters: as :func:`analysis.variance.of_outcomes` of a sweep; elsewhere empty.
    """

    conversion: pd.DataFrame
    transitions: pd.DataFrame
    incidence: pd.DataFrame
    access: pd.DataFrame
    concentration: pd.DataFrame
    variance: pd.DataFrame
    parameters: pd.DataFrame


def day(text: str | None, tables: Tables) -> date | None:
    """The date that ``text`` is.

    Raises:
        InputError: it is none, or does not lie within the runs.
    """
    if text is None:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise InputError(f"'{text}' is no date such as 2019-12-31", key="--at") from None
    start = tables.runs["start"].min()
    end = (start + np.timedelta64(int(tables.runs["days"].max()), "D")).date()
    if not start.date() < found <= end:
        raise InputError(f"{found} is not within the runs, {start.date()} to {end}", key="--at")
    return found


def worlds(tables: Tables) -> dict[str, Tables]:
    """The runs of each scenario, in order of appearance."""
    from analysis.tables import of_scenario

    names = list(dict.fromkeys(tables.runs["scenario"].astype(str)))
    return {name: of_scenario(tables, name) for name in names}


def statistics(found: Mapping[str, Tables], outcomes: pd.DataFrame | None = None) -> Statistics:
    """All statistics of the runs of some scenarios.

    Args:
        found: the runs of each scenario.
        outcomes: the measures of a sweep, with its points.
    """
    import pandas as pd

    from analysis import access, between, conversion, transitions

    functions: dict[str, Callable[[Tables], pd.DataFrame]] = {
        "conversion": conversion.conversion,
        "transitions": transitions.matrix,
        "incidence": _incidence,
        "access": access.access,
        "concentration": access.concentration,
        "variance": between.between_runs,
    }
    tables = {
        name: pd.concat([_named(function(world), scenario) for scenario, world in found.items()])
        for name, function in functions.items()
    }
    return Statistics(**tables, parameters=_parameters(outcomes))


def _incidence(world: Tables) -> pd.DataFrame:
    from analysis.competing import table

    return table(world, np.arange(0.0, float(world.runs["days"].max()) + STEP, STEP))


def _named(table: pd.DataFrame, scenario: str) -> pd.DataFrame:
    found = table.copy()
    found.insert(0, "scenario", scenario)
    return found


def _parameters(outcomes: pd.DataFrame | None) -> pd.DataFrame:
    import pandas as pd

    from analysis.measures import MEASURES
    from analysis.variance import of_outcomes

    if outcomes is None or "point" not in outcomes:
        return pd.DataFrame()
    kept = ["point", "seed", *(name for name in MEASURES if name in outcomes)]
    groups = outcomes.groupby("scenario", sort=False, observed=True)
    found = pd.concat([_named(of_outcomes(rows[kept]), str(name)) for name, rows in groups])
    return found.dropna(subset=["share"])


def targets(store: Store) -> dict[str, tuple[Target, ...]]:
    """The observed figures that each scenario of the store names, as far as they can be found."""
    from sim.observed import observed

    specifications = store.manifest.get("scenarios", {})
    names = {scenario: specification.get("observed") for scenario, specification in specifications.items()}
    found: dict[str, tuple[Target, ...]] = {}
    for scenario, name in names.items():
        try:
            found[scenario] = observed(name) if name else ()
        except InputError:  # the file was moved since; the runs say as much without it
            found[scenario] = ()
    return found


# --- to the disk --------------------------------------------------------------------------------


def fill(
    folder: Path,
    found: Statistics,
    sheets: Mapping[str, Callable[[], Figure]],
    about: Mapping[str, Any],
) -> dict[str, Any]:
    """Write tables and charts into the folder of a store; return what its manifest is to say."""
    from experiments.results import drawn

    for name, table in vars(found).items():
        if len(table):
            table.to_csv(folder / f"{name}.csv", index=False)
    if sheets:
        drawn(folder / "figures", sheets)
    return {**about, "created": provenance.today(), "versions": provenance.versions(), "tables": {}}


def sheets(
    found: Mapping[str, Tables], observed: Mapping[str, Sequence[Target]], log: Tables | None
) -> dict[str, Callable[[], Figure]]:
    """Name -> what draws the chart; with more than one scenario names end with that of the scenario."""
    from analysis.figures import FIGURES, PROPOSALS, incidence

    drawn: dict[str, Callable[[], Figure]] = {}
    for scenario, world in found.items():
        figures = observed.get(scenario, ())
        end = f"_{scenario}" if len(found) > 1 else ""
        drawn |= {
            f"incidence_channel{end}": partial(incidence.draw, world, figures, "channel", log),
            f"incidence_vendor{end}": partial(incidence.draw, world, figures, "vendor_kind", log),
        }
        others = {"process_map": FIGURES["process_map"], **PROPOSALS}
        drawn |= {
            f"{name}{end}": partial(figure.function, world, figures)
            for name, figure in others.items()
            if name != "incidence"
        }
    if len(found) > 1:
        drawn["incidence_policy"] = partial(incidence.of_scenarios, found)
    return drawn

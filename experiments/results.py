"""What the runs of one scenario leave behind: tables, summaries and charts in a run store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments import posterior, provenance, store

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from analysis.pairs import Contrast
    from analysis.tables import Tables
    from experiments.compare import Comparison, Evidence
    from experiments.runner import Batch, Failure
    from sim.observed import Target
    from sim.scenario import Scenario


@dataclass(frozen=True)
class Results:
    """The runs of one scenario, and what they say in short.

    Attributes:
        tables: runs, cases, events.
        outcomes: one row a run: the measures.
        funnel: as :func:`analysis.funnel.summary`.
        measures: as :func:`analysis.statistics.summary`.
        beside: as :func:`analysis.targets.beside`, for the figures whose day the runs reach.
        observed: the observed figures.
        units: the draw of a posterior that each seed (the index) has, where there is one.
    """

    tables: Tables
    outcomes: pd.DataFrame
    funnel: pd.DataFrame
    measures: pd.DataFrame
    beside: pd.DataFrame
    observed: tuple[Target, ...]
    units: pd.Series[int] | None = None


def targets(scenario: Scenario) -> tuple[Target, ...]:
    """The observed figures that a scenario names.

    Raises:
        ScenarioError: their file is missing or not valid.
    """
    from sim.observed import observed

    return observed(scenario.observed) if scenario.observed else ()


def of(batch: Batch, observed: Sequence[Target], scenario: Scenario) -> Results:
    """What a batch in which a run succeeded says in short."""
    from analysis import funnel, statistics
    from analysis.targets import beside

    assert batch.tables is not None
    assert batch.outcomes is not None
    seen = [target for target in observed if comparable(target, scenario)]
    units = posterior.units([scenario], batch.outcomes["seed"])
    return Results(
        tables=batch.tables,
        outcomes=batch.outcomes,
        funnel=funnel.summary(funnel.counts(batch.tables), units=units),
        measures=statistics.summary(batch.outcomes, units=units),
        beside=beside(batch.tables, seen, units=units),
        observed=tuple(observed),
        units=units,
    )


def comparable(target: Target, scenario: Scenario) -> bool:
    """Whether a run can be held against a figure: a count needs its day, a share any later one."""
    return scenario.start < target.date and (target.date <= scenario.end or target.relation == "share")


def fill(folder: Path, found: Results, about: Mapping[str, Any], *, figures: bool) -> dict[str, Any]:
    """Write results into the folder of a store; return what its manifest is to say."""
    tables = {
        "runs": found.tables.runs,
        "outcomes": found.outcomes,
        "cases": found.tables.cases,
        "events": found.tables.events,
    }
    saved = store.save(folder, tables)
    found.funnel.to_csv(folder / "funnel.csv", index=False)
    found.measures.to_csv(folder / "measures.csv", index=False)
    if figures:
        draw(folder / "figures", found.tables, found.observed)
    return {**about, "tables": saved}


def draw(folder: Path, tables: Tables, observed: Sequence[Target]) -> None:
    """Every chart of the registry, as PNG for a screen and as SVG for print."""
    from analysis.figures import FIGURES

    drawn(folder, {name: partial(figure.function, tables, observed) for name, figure in FIGURES.items()})


def drawn(folder: Path, sheets: Mapping[str, Callable[[], Figure]]) -> None:
    """Draw charts into a new folder, as PNG for a screen and as SVG for print."""
    import matplotlib as mpl

    folder.mkdir()
    with mpl.rc_context({"svg.hashsalt": "cityfunnel"}):
        for name, draws in sheets.items():
            sheet = draws()
            sheet.savefig(folder / f"{name}.png")
            sheet.savefig(folder / f"{name}.svg", metadata={"Date": None})


def about(
    scenarios: Sequence[Scenario], seeds: range, failures: Sequence[Failure], command: str
) -> dict[str, Any]:
    """What a manifest says of how its runs were made."""
    specifications = [provenance.specification(scenario) for scenario in scenarios]
    return {
        "command": command,
        "created": provenance.today(),
        "fingerprint": provenance.fingerprint(specifications, seeds),
        "code": provenance.code(),
        "commit": provenance.commit(),
        "versions": provenance.versions(),
        "seeds": {"first": seeds.start, "number": len(seeds)},
        "failures": [
            {
                "scenario": failure.scenario,
                "seed": failure.seed,
                "error": failure.error,
                "trace": failure.trace,
            }
            for failure in failures
        ],
        "scenarios": {spec["name"]: spec for spec in specifications},
    }


def fill_comparison(
    folder: Path, evidence: Evidence, found: Sequence[Comparison], about: Mapping[str, Any], *, figures: bool
) -> dict[str, Any]:
    """Write a comparison into the folder of a store; return what its manifest is to say."""
    from analysis.pairs import Contrast
    from experiments.compare import over_posterior, table

    differences, effects = table(found), over_posterior(found)
    differences.to_csv(folder / "differences.csv", index=False)
    if len(effects):
        effects.to_csv(folder / "posterior.csv", index=False)
    if figures:
        names = (found[0].base, *(each.other for each in found))
        contrast = Contrast(names, differences, evidence.outcomes, evidence.series, effects)
        draw_comparison(folder / "figures", contrast)
    parts = {name: part for name, part in evidence._asdict().items() if part is not None}
    return {**about, "tables": store.save(folder, parts)}


def draw_comparison(folder: Path, contrast: Contrast) -> None:
    """Every chart of a comparison, as PNG and as SVG; those over a posterior where there are draws of one."""
    from analysis.figures import COMPARISONS, OVER_POSTERIOR

    charts = COMPARISONS | (OVER_POSTERIOR if contrast.draws > 1 else {})
    drawn(folder, {name: partial(figure.function, contrast) for name, figure in charts.items()})

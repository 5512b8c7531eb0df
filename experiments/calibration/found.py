"""What a calibration found: the sample, what it tells of each number, checks, charts.

The folder ``found`` of a calibration::

    manifest.json         what was asked and by what code
    posterior.csv         equally weighted draws: a scenario names this file under ``posterior``
    particles.csv         the last generation: numbers, weight, distance, what its run shows
    numbers.csv           one row a number: prior, posterior, whether the figures move it
    correlations.csv      rank correlations of the numbers
    checks.csv            one row a figure: what was observed, and what the posterior foresees
    generations.csv       one row a generation: epsilon, acceptance, runs
    figures/              charts

and the folder ``diagnosis``: ``truths.csv``, ``ranks.csv``, ``coverage.csv``, ``recovery.csv``, charts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis import posterior
from analysis.posterior import Calibrated
from analysis.predictive import figure_of, foreseen
from analysis.statistics import LEVEL
from analysis.targets import unit
from experiments import provenance, results, store
from experiments.calibration.cities import OF, distances
from experiments.calibration.diagnosis import Diagnosis
from experiments.calibration.loop import Outcome
from experiments.words import number, plural, setting

if TYPE_CHECKING:
    import pandas as pd

    from analysis.tables import Floats
    from experiments.uncertainties import Uncertainty
    from sim.observed import Target
    from sim.parameters import Value

FOLDER, DIAGNOSIS = "found", "diagnosis"
#: the sample, as scenarios read it, and how many draws it has
SAMPLE, DRAWS = "posterior.csv", 500
#: steps of it (Weyl's sequence) spread evenly, however many there are
GOLDEN = (5**0.5 - 1) / 2
#: significant digits of the sample, and of its centre as a file of numbers would say it
SHOWN, DIGITS = 4, 2


@dataclass(frozen=True)
class Found:
    """A calibration and what is to be said of it."""

    outcome: Outcome

    @property
    def weights(self) -> Floats:
        """Of the particles."""
        return self.outcome.last.weights

    @cached_property
    def shares(self) -> pd.DataFrame:
        """One row a particle, one column a number: shares of the priors."""
        import pandas as pd

        return pd.DataFrame(self.outcome.last.shares, columns=list(self.outcome.task.paths))

    @cached_property
    def values(self) -> pd.DataFrame:
        """The same as values."""
        import pandas as pd

        columns = {
            each.path: [each.at(u) for u in self.shares[each.path]]
            for each in self.outcome.task.uncertainties
        }
        return pd.DataFrame(columns)

    @cached_property
    def sample(self) -> pd.DataFrame:
        """Equally weighted draws, in an order in which the first ones stand for all, and copies are apart."""
        places = posterior.resampled(self.weights, DRAWS)
        apart = np.argsort(np.arange(DRAWS) * GOLDEN % 1, kind="stable")
        table = self.values.iloc[places[apart]].reset_index(drop=True)
        return table.map(lambda value: float(f"{value:.{SHOWN}g}") if isinstance(value, float) else value)

    @cached_property
    def priors(self) -> dict[str, tuple[float, float, float]]:
        """Number -> lower end, median and upper end of the prior's interval."""
        ends = ((1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2)
        return {
            each.path: tuple(float(each.at(u)) for u in ends)  # type: ignore[misc]
            for each in self.outcome.task.uncertainties
        }

    @cached_property
    def numbers(self) -> pd.DataFrame:
        """What the figures tell of each number: see :func:`analysis.posterior.identifiability`."""
        return posterior.identifiability(self.shares, self.values, self.weights, self.priors)

    @cached_property
    def centre(self) -> dict[str, Value]:
        """The median of each number, rounded as a file of numbers would say it."""
        known = self.outcome.task.uncertainties
        return {each.path: _rounded(each, self._middle[each.path]) for each in known}

    @cached_property
    def _middle(self) -> dict[str, float]:
        """The median share of each number."""
        middle = posterior.centre(self.shares, self.weights)
        return {str(path): float(share) for path, share in middle.items()}

    @cached_property
    def correlations(self) -> pd.DataFrame:
        """Rank correlations of the numbers."""
        return posterior.correlations(self.shares, self.weights)

    @cached_property
    def checks(self) -> pd.DataFrame:
        """One row a figure: what was observed, what posterior and prior foresee (runs with new luck)."""
        import pandas as pd

        targets = self.outcome.task.targets
        return pd.DataFrame([self._check(place, target) for place, target in enumerate(targets)])

    def _check(self, place: int, target: Target) -> dict[str, Any]:
        figure = figure_of(target)
        after = foreseen(figure, *_pair(self.outcome.again, place), self.weights)
        before = foreseen(figure, *_pair(self.outcome.prior, place))
        low, high = target.told
        return {
            "id": target.id,
            "measure": target.measure,
            "of": target.of,
            "channel": target.channel,
            "date": target.date,
            "unit": unit(target),
            "relation": target.relation,
            "observed": target.value,
            "told_low": low,
            "told_high": high,
            "use": "calibrate" if target.fitted else target.use,
            "low": after.low,
            "median": after.median,
            "high": after.high,
            "chance": after.chance,
            "verdict": after.verdict,
            "prior_low": before.low,
            "prior_median": before.median,
            "prior_high": before.high,
            "distance": self._distance(target) if target.fitted else np.nan,
            "runs": after.runs,
        }

    def _distance(self, target: Target) -> float:
        """Of the median run, in standard errors."""
        far = distances(self.outcome.again, [target], self.outcome.task.targets)[:, 0]
        return float(posterior.weighted_quantile(far, self.weights, 0.5))

    @cached_property
    def generations(self) -> pd.DataFrame:
        """One row a generation."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "generation": place,
                    "epsilon": each.epsilon,
                    "acceptance": each.acceptance,
                    "runs": each.tried,
                    "effective": posterior.effective(each.weights),
                }
                for place, each in enumerate(self.outcome.generations)
            ]
        )

    @cached_property
    def particles(self) -> pd.DataFrame:
        """The last generation: numbers, weight, distance, and what the run shows of each figure."""
        shown = {
            f"{target.id}{end}": self.outcome.shown[:, place, column]
            for place, target in enumerate(self.outcome.task.targets)
            for column, end in enumerate(("", OF))
        }
        last = self.outcome.last
        return self.values.assign(weight=last.weights, distance=last.distances, **shown)

    @property
    def calibrated(self) -> Calibrated:
        """For the charts."""
        task = self.outcome.task
        return Calibrated(
            question=task.question,
            name=task.name,
            shares=self.shares,
            values=self.values,
            weights=self.weights,
            priors=self.priors,
            checks=self.checks,
            generations=self.generations,
            runs=self.outcome.runs,
        )

    # --- in words ---------------------------------------------------------------------------------

    def sentences(self) -> Iterator[str]:
        """What was found, in words."""
        last, asked = self.outcome.last, self.outcome.task.budget.epsilon
        reached = "as near as was asked" if self.outcome.reached else f"not yet {asked:g}, as was asked"
        told = f" ({reached})" if asked else ""
        typical = float(posterior.weighted_quantile(last.distances, last.weights, 0.5))
        yield (
            f"The runs of the sample lie at most {number(last.epsilon)} standard errors from the figures"
            f"{told}, half of them {number(typical)} or less: the root of the mean of squares over "
            f"{plural(len(self.outcome.task.fitted), 'figure')}."
        )
        yield f"It is worth {posterior.effective(last.weights):.0f} independent draws."
        by = self.numbers.groupby("verdict", sort=False)["path"].agg(", ".join)
        for verdict, paths in by.items():
            yield f"{verdict[:1].upper()}{verdict[1:]}: {paths}."  # type: ignore[index]
        for one, other, size in posterior.tied(self.correlations)[:5]:
            yield f"{one} and {other} are better known together than alone (rank correlation {size:+.2f})."
        yield from self._centre()

    def _centre(self) -> Iterator[str]:
        told = ", ".join(f"{path} {setting(value)}" for path, value in self.centre.items())
        near = posterior.closeness(self._middle, self.shares, self.weights)
        unlike = " It lies where few draws do: take the sample, not the centre." if near.denser > 0.95 else ""
        yield f"Centre of the sample: {told}.{unlike}"


def _pair(shown: Floats, place: int) -> tuple[Floats, Floats | None]:
    """What runs show of one figure: values, and of a share the numbers of cases."""
    values, cases = shown[:, place, 0], shown[:, place, 1]
    return values, None if np.isnan(cases).all() else cases


def _rounded(uncertainty: Uncertainty, share: float) -> Value:
    value = uncertainty.at(share)
    return value if isinstance(value, int | str) else float(f"{value:.{DIGITS}g}")


# --- folders -------------------------------------------------------------------------------------


def write(folder: Path, found: Found, command: str, *, figures: bool = True) -> Path:
    """Write what was found into the folder of the calibration; return where it lies.

    Raises:
        OutputError: something is in the way, or the disk is full or not to be written to.
    """
    target = store.Target(folder / FOLDER, overwrite=True)
    return store.write(target, partial(_fill, found=found, command=command, figures=figures))


def _fill(folder: Path, found: Found, command: str, figures: bool) -> dict[str, Any]:
    tables = {
        "posterior": found.sample,
        "particles": found.particles,
        "numbers": found.numbers,
        "checks": found.checks,
        "generations": found.generations,
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    found.correlations.to_csv(folder / "correlations.csv", index_label="path")
    if figures:
        from analysis.posterior_figures import POSTERIOR

        sheets = {name: partial(chart.function, found.calibrated) for name, chart in POSTERIOR.items()}
        results.drawn(folder / "figures", sheets)
    outcome = found.outcome
    runs = {"made": outcome.runs, "failed": len(outcome.failures)}
    return _about(outcome.task.specification(), command) | {"runs": runs, "centre": found.centre}


def write_diagnosis(folder: Path, found: Diagnosis, command: str, *, figures: bool = True) -> Path:
    """Write what synthetic cities gave into the folder of the calibration; return where it lies.

    Raises:
        OutputError: something is in the way, or the disk is full or not to be written to.
    """
    target = store.Target(folder / DIAGNOSIS, overwrite=True)
    return store.write(target, partial(_fill_diagnosis, found=found, command=command, figures=figures))


def _fill_diagnosis(folder: Path, found: Diagnosis, command: str, figures: bool) -> dict[str, Any]:
    diagnosed = found.diagnosed
    for name, table in judged(found).items():
        table.to_csv(folder / f"{name}.csv", index=False)
    if figures:
        from analysis.posterior_figures import DIAGNOSES

        sheets = {name: partial(chart.function, diagnosed) for name, chart in DIAGNOSES.items()}
        results.drawn(folder / "figures", sheets)
    about = _about(found.task.specification(), command)
    return about | {"cities": len(found.tried), "runs": {"made": found.runs}}


def judged(found: Diagnosis) -> Mapping[str, pd.DataFrame]:
    """The tables of a diagnosis: truths, ranks (whether they are uniform), coverage, recovery."""
    diagnosed = found.diagnosed
    truths, draws = diagnosed.truths, diagnosed.draws
    return {
        "truths": truths,
        "ranks": posterior.uniform(posterior.ranks(truths, draws), len(draws[0])),
        "coverage": posterior.coverage(truths, draws),
        "recovery": posterior.recovery(truths, draws),
    }


def _about(specification: Mapping[str, Any], command: str) -> dict[str, Any]:
    from importlib import metadata

    return {
        "command": command,
        "created": provenance.today(),
        "code": provenance.code_of_outcomes(),
        "commit": provenance.commit(),
        "versions": {**provenance.versions(), "pyabc": metadata.version("pyabc")},
        "calibration": dict(specification),
        "tables": {},
    }

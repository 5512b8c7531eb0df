"""A sweep over the draws of a posterior: what in its outcomes is parameters, and what is chance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from experiments.compare import DRAW, Comparison

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from experiments.study import Study


def parts(folder: Path, study: Study) -> pd.DataFrame:
    """The parts of the variance of each outcome of each lever.

    Returns:
        One row an outcome and lever: scenario, then as :func:`analysis.variance.of_outcomes`.
    """
    import pandas as pd

    from analysis.variance import of_outcomes

    found = []
    for name in study.outcomes:
        table = _outcome(folder, name)
        found += [of_outcomes(_of(table, lever.name)).assign(scenario=lever.name) for lever in study.levers]
    return pd.concat(found, ignore_index=True)


def comparisons(folder: Path, study: Study) -> Iterator[Comparison]:
    """The effects of every other lever against the first, over the posterior."""
    import pandas as pd

    from analysis.effects import Effect, effects

    base = study.levers[0].name
    for other in (lever.name for lever in study.levers[1:]):
        made = [
            effects(_of(table, base), _of(table, other), "point")
            for table in (_outcome(folder, name) for name in study.outcomes)
        ]
        rows = pd.concat(made).itertuples(index=False, name=None)
        mine = tuple(map(Effect._make, rows))
        yield Comparison(base, other, (), len(study.levers) - 1, DRAW, mine)


def _of(table: pd.DataFrame, lever: str) -> pd.DataFrame:
    return table[(table["scenario"] == lever).to_numpy()]


def _outcome(folder: Path, name: str) -> pd.DataFrame:
    """One outcome of every run, with what says which run it was; one at a time, as tables may be large."""
    import pandas as pd

    table = pd.read_parquet(folder / "outcomes.parquet", columns=["scenario", "point", "seed", name])
    return table.astype({"scenario": str})

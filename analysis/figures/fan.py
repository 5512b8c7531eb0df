"""What happens over time under several policies: the mean of the runs, and where most runs lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis import style
from analysis.figures.money import spending, worth
from analysis.pairs import Contrast
from analysis.series import Band, band, cumulative
from analysis.tables import Floats, Tables, of_scenario
from sim.calendar import MONTH

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

#: column of the series -> title of its panel, with the unit
PANELS = {
    "poc_started": "POCs started",
    "projects": "Projects put into service",
    "money_spent": "City money spent (NT$ m)",
    "value_delivered": "Value of solved needs (NT$ m)",
}

#: with more scenarios than this the middle 95% of the runs would cover each other
CROWD = 4


def series(tables: Tables) -> pd.DataFrame:
    """Sums since the beginning, month by month and at the end: scenario, seed, start, day, ``PANELS``."""
    import pandas as pd

    names = dict.fromkeys(tables.runs["scenario"].astype(str))
    return pd.concat([_series(of_scenario(tables, name)) for name in names], ignore_index=True)


def _series(tables: Tables) -> pd.DataFrame:
    import pandas as pd

    days = float(tables.runs["days"].max())
    grid = np.append(np.arange(0.0, days, MONTH), days)
    values = {
        "poc_started": _counted(tables, "poc", grid),
        "projects": _counted(tables, "deployed", grid),
        "money_spent": spending(tables, grid),
        "value_delivered": worth(tables, grid),
    }
    runs = tables.runs.loc[np.repeat(np.arange(len(tables.runs)), len(grid)), ["scenario", "seed", "start"]]
    columns = {name: array.ravel() for name, array in values.items()}
    return pd.DataFrame(runs.reset_index(drop=True)).assign(day=np.tile(grid, len(tables.runs)), **columns)


def _counted(tables: Tables, stage: str, grid: Floats) -> Floats:
    times = tables.reached[stage].to_numpy()
    there = ~np.isnan(times)
    return cumulative(tables.run_of_case[there], times[there], 1.0, len(tables.runs), grid)


def draw(contrast: Contrast) -> Figure:
    """Four panels over calendar time; each policy a line with the middle 50% and 95% of its runs."""
    shades = "middle 50%" if len(contrast.names) > CROWD else "middle 50% and 95%"
    note = f"Lines: mean of the runs; shades: {shades} of the runs. Sums since the beginning."
    keys = style.key_rows(contrast.names)
    figure, axes = style.sheet(
        _title(contrast), style.comparison_caption(contrast, note), 2, 2, keys, sharex=True
    )
    worlds = [_of(contrast.series, name) for name in contrast.names]
    for panel, (name, title) in zip(axes, PANELS.items(), strict=True):
        for place, world in enumerate(worlds):
            colour, line, _ = style.scenario_look(place)
            style.draw_band(
                panel,
                _days(world),
                _band(_values(world, name), len(worlds) > CROWD),
                colour,
                contrast.names[place],
                line,
            )
        style.named(panel, title=title)
        panel.set_ylim(0, None)
        style.calendar_axis(panel, np.concatenate([_days(world) for world in worlds]))
    for panel in axes[2:]:
        panel.set_xlabel("date", fontsize=style.TEXT)
    style.key_above(figure, *axes[0].get_legend_handles_labels(), columns=style.key_columns(contrast.names))
    return figure


def _band(values: Floats, crowd: bool) -> Band:
    found = band(values)
    return found._replace(low95=found.low50, high95=found.high50) if crowd else found


def _of(series: pd.DataFrame, scenario: str) -> pd.DataFrame:
    return series[(series["scenario"].astype(str) == scenario).to_numpy()]


def _days(world: pd.DataFrame) -> Floats:
    """Day numbers of the grid, as matplotlib counts."""
    return np.asarray(np.unique(world["day"]) + style.day_number(world["start"].min()))


def _values(world: pd.DataFrame, name: str) -> Floats:
    """Array of shape (runs, times)."""
    return world[name].to_numpy(dtype=float).reshape(-1, world["day"].nunique())


def _title(contrast: Contrast) -> str:
    last = {name: _last(contrast, name) for name in contrast.names}
    least, most = min(last, key=lambda name: last[name]), max(last, key=lambda name: last[name])
    low, high = (f"NT$ {last[name]:,.0f} m under {name}" for name in (least, most))
    return f"Value by the end: from {low} to {high}"


def _last(contrast: Contrast, name: str) -> float:
    world = _of(contrast.series, name)
    return float(_values(world, "value_delivered")[:, -1].mean()) if len(world) else 0.0

"""Money spent and wasted, and value delivered, over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from analysis import style
from analysis.measures import CITY_MONEY, PURCHASES, REFUND, payments, service, wasted
from analysis.series import band, cumulative, unseen
from analysis.tables import Floats, Tables, is_
from sim.calendar import YEAR

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.observed import Target


def draw(tables: Tables, observed: Sequence[Target]) -> Figure:  # noqa: ARG001 (all charts take the same)
    """Two panels over calendar time: cumulative payments, and cumulative value; NT$ m."""
    grid, days = style.months(tables)
    spent, waste, pocs, value = (found(tables, grid) for found in (spending, wasting, poc_costs, worth))
    note = (
        "Lines: mean of the runs; shades: middle 50% and 95%. Waste is dated when it shows: in service "
        "without solving the need, or closed before service. Vendors' spending on POCs is net of grants."
    )
    title = (
        f"The city spends NT$ {_end(spent)} m ({_end(waste)} m in vain), vendors {_end(pocs)} m on POCs; "
        f"the value so far is {_end(value)} m"
    )
    figure, (left, right) = style.sheet(title, style.caption(tables, note), 1, 2)
    style.draw_band(left, days, band(spent), style.BLUE, "spent by the city")
    style.draw_band(left, days, band(pocs), style.ORANGE, "spent on POCs by vendors", "--")
    style.draw_band(left, days, band(waste), style.VERMILION, "wasted by the city", "-.")
    style.draw_band(right, days, band(value), style.GREEN, "value delivered")
    style.named(left, "date", "NT$ m since the beginning", "Money paid (cumulative)")
    style.named(right, "date", "NT$ m since the beginning", "Value of solved needs (cumulative)")
    for one in (left, right):
        style.calendar_axis(one, days)
        one.set_ylim(0, None)
        style.key(one, loc="upper left")
    return figure


def spending(tables: Tables, grid: Floats) -> Floats:
    """The city's money spent, cumulative NT$ m, array of shape (runs, times); as the next three."""
    return _paid(tables, grid, *CITY_MONEY) - _paid(tables, grid, REFUND)


def poc_costs(tables: Tables, grid: Floats) -> Floats:
    """Vendors' money spent on POCs, less the city's grants."""
    return _paid(tables, grid, "poc cost") - _paid(tables, grid, "poc grant")


def wasting(tables: Tables, grid: Floats) -> Floats:
    """The city's money for purchases that solved nothing, from the day on which that was plain."""
    about, useless = tables.case_of_event, wasted(tables)
    chosen = payments(tables, *PURCHASES, REFUND) & (about >= 0) & useless[about]
    plain = np.fmin(tables.reached["deployed"].to_numpy(), tables.reached["closed"].to_numpy())
    time = np.fmax(plain[about[chosen]], tables.events["time"].to_numpy()[chosen])
    amount = (
        np.where(payments(tables, REFUND), -1.0, 1.0)[chosen] * tables.events["amount"].to_numpy()[chosen]
    )
    return _seen(tables, cumulative(tables.run_of_event[chosen], time, amount, len(tables.runs), grid), grid)


def worth(tables: Tables, grid: Floats) -> Floats:
    """Value of solved needs: each service gives its yearly value evenly while it runs."""
    solved = is_(tables.events["kind"], "solved")
    begin, end = service(tables, solved)
    run, rate = tables.run_of_event[solved], tables.events["amount"].to_numpy()[solved] / YEAR
    total = np.zeros((len(tables.runs), len(grid)))
    for time, sign in ((begin, 1.0), (end, -1.0)):
        at_work = cumulative(run, time, sign * rate, len(tables.runs), grid)
        shift = cumulative(run, time, sign * rate * time, len(tables.runs), grid)
        total += at_work * grid[None, :] - shift
    return _seen(tables, total, grid)


def _paid(tables: Tables, grid: Floats, *purposes: str) -> Floats:
    chosen = payments(tables, *purposes)
    time, amount = (tables.events[name].to_numpy()[chosen] for name in ("time", "amount"))
    return _seen(tables, cumulative(tables.run_of_event[chosen], time, amount, len(tables.runs), grid), grid)


def _seen(tables: Tables, values: Floats, grid: Floats) -> Floats:
    return unseen(values, tables.runs["days"].to_numpy(), grid)


def _end(values: Floats) -> str:
    """Mean over runs of the last value seen."""
    last = values.shape[1] - 1 - np.argmax(~np.isnan(values[:, ::-1]), axis=1)
    return f"{values[np.arange(len(values)), last].mean():,.0f}"

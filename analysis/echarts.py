"""Charts for a page: options of Apache ECharts, as plain data, from the tables of the analysis.

An option is what ``echarts.setOption`` takes, as JSON, with three additions that the page resolves:

- ``renderItem`` names a way to draw (``interval``, ``forest``), because JSON holds no functions; what it
  needs besides the values stands in ``extra``;
- ``tip``, in a point of data, is a list of lines that are shown when the point is pointed at. They are
  set as text, never as HTML;
- sizes of letters are the page's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, isfinite, log10
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from analysis import style
from analysis.series import Band
from analysis.tables import Floats

if TYPE_CHECKING:
    import pandas as pd

    from analysis.figures.funnel import Mark

Option = dict[str, Any]

#: markers of matplotlib as ECharts calls them
SYMBOLS = {
    "o": "circle", "s": "rect", "D": "diamond", "^": "triangle", "v": "arrow", "P": "pin", "X": "roundRect",
}  # fmt: skip
#: height of a row of bars, the same with marks under them, of a row of a forest, and of what stands around
ROW, MARKED, LINE, AROUND = 34, 54, 30, 96


class Key(NamedTuple):
    """An entry of a legend; ``policy`` is the place of the scenario that it stands for, if any."""

    name: str
    colour: str
    symbol: str = "rect"
    policy: int | None = None
    hollow: bool = False
    line: str = ""


@dataclass(frozen=True)
class Panel:
    """One drawing: its title, option and height in pixels."""

    title: str
    option: Option
    height: int


@dataclass(frozen=True)
class Chart:
    """Drawings side by side with one legend."""

    panels: tuple[Panel, ...]
    keys: tuple[Key, ...] = field(default=())


class Look(NamedTuple):
    """How a scenario is drawn."""

    name: str
    colour: str
    dash: Any
    symbol: str


def looks(names: Sequence[str]) -> list[Look]:
    """Colour, dashes and marker of scenarios; the first is the base."""
    found = []
    for place, name in enumerate(names):
        colour, line, marker = style.scenario_look(place)
        dash = {"-": "solid", "--": "dashed", ":": "dotted", "-.": [8, 4, 2, 4]}.get(str(line))
        found.append(Look(name, colour, dash or [float(part) for part in line[1]], SYMBOLS[marker]))
    return found


def policy_keys(names: Sequence[str], first: int = 0) -> tuple[Key, ...]:
    """Legend entries of scenarios, from the one at place ``first`` on."""
    return tuple(
        Key(look.name, look.colour, look.symbol, place, line=_dash(look.dash))
        for place, look in enumerate(looks(names))
        if place >= first
    )


def _dash(dash: Any) -> str:
    """A pattern of dashes as SVG writes it."""
    words = {"solid": "", "dashed": "6 4", "dotted": "2 3"}
    return words[dash] if isinstance(dash, str) else " ".join(f"{part:g}" for part in dash)


def tidy(value: float) -> float | None:
    """A number with six figures; nothing where there is none, as JSON knows no NaN."""
    return float(f"{value:.6g}") if isfinite(value) else None


def nice(step: float) -> float:
    """The least of 1, 2, 5, 10, 20, ... (and of tenths of these) that is no smaller than ``step``."""
    power = 10.0 ** floor(log10(step))
    return next(float(f"{many * power:.6g}") for many in (1, 2, 5, 10) if many * power >= step * (1 - 1e-9))


def ink(colour: str) -> str:
    """Black or white, whichever reads better on a colour."""
    return "#000000" if contrast("#000000", colour) >= contrast("#ffffff", colour) else "#ffffff"


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (``#rrggbb``), 1 to 21, as WCAG 2.2 defines it."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# --- the frame ----------------------------------------------------------------------------------


def _option(x: Option, y: Option, series: Sequence[Option], **more: Any) -> Option:
    """An option with a legend that the page's own buttons move."""
    grid = {"left": 8, "right": 24, "top": 12, "bottom": 44}
    return {
        "animation": False,
        "grid": grid,
        "legend": {"show": False},
        "tooltip": {"trigger": "item"},
        "xAxis": x,
        "yAxis": y,
        "series": list(series),
        **more,
    }


def _value(name: str, **more: Any) -> Option:
    return {"type": "value", "name": name, "nameLocation": "middle", **more}


def _rows(names: Sequence[str]) -> Option:
    return {
        "type": "category",
        "data": list(names),
        "inverse": True,
        "axisTick": {"show": False},
        "axisLabel": {"interval": 0},
    }


# --- the funnel ---------------------------------------------------------------------------------


def funnel(
    table: pd.DataFrame,
    rows: Mapping[str, str],
    colour: str,
    marks: Sequence[Mark],
    most: float,
    *,
    tall: bool,
) -> Panel:
    """The funnel of one channel: bars of the own view over those of the need's, intervals, marks.

    Args:
        table: rows of :func:`analysis.funnel.summary` of one channel.
        rows: step -> its name, in order.
        colour: of the bars.
        marks: observed figures.
        most: what the axis must reach.
        tall: leave room for marks under the bars.
    """
    own, need = (table[(table["view"] == view).to_numpy()].set_index("step") for view in ("own", "need"))
    steps = list(rows)
    series = [
        _bars(
            need.loc[steps], rows, WITH_RIVALS, {"color": "#ffffff", "borderColor": colour, "borderWidth": 2}
        ),
        _bars(own.loc[steps], rows, OWN, {"color": colour, "borderColor": "#333333"}),
        _ranges(own.loc[steps], rows),
        *_marks(marks, steps),
    ]
    series[0]["barGap"] = "-100%"
    step = nice(most / 5)
    axis = _value("cases in a run", min=0, max=step * ceil(most / step), interval=step)
    return Panel(
        "", _option(axis, _rows(list(rows.values())), series), AROUND + (MARKED if tall else ROW) * len(rows)
    )


#: names of what the funnel shows
OWN, WITH_RIVALS = "the vendor's own", "with what rivals won"
RANGE = "95% interval of the mean (thick), middle 95% of runs (thin)"


def funnel_keys(marks: Iterable[Mark]) -> tuple[Key, ...]:
    """Legend of the funnel."""
    readings = {mark.target.reading for mark in marks}
    shown = [look for reading, look in style.READINGS.items() if reading in readings]
    observed = tuple(Key(look.name, look.colour, SYMBOLS[look.marker]) for look in shown)
    day = (Key(MODEL, style.GREY, "circle", hollow=True),) if shown else ()
    return (
        Key(OWN, style.GREY),
        Key(WITH_RIVALS, style.GREY, hollow=True),
        Key(RANGE, style.BLACK, "line"),
        *observed,
        *day,
    )


MODEL = "the model's mean on that day"


def _bars(table: pd.DataFrame, rows: Mapping[str, str], name: str, look: Option) -> Option:
    data = [
        {"value": tidy(row["mean"]), "tip": [f"{rows[str(row['step'])]}, {name}", *_told(row, "cases")]}
        for row in table.reset_index().to_dict("records")
    ]
    return {"type": "bar", "name": name, "barWidth": 16, "itemStyle": look, "data": data}


def _ranges(table: pd.DataFrame, rows: Mapping[str, str]) -> Option:
    data = []
    for place, row in enumerate(table.reset_index().to_dict("records")):
        ends = [tidy(row[name]) for name in ("lower", "upper", "low", "high")]
        data.append({"value": [*ends, place], "tip": [rows[str(row["step"])], *_told(row, "cases")]})
    encode = {"x": [0, 1, 2, 3], "y": 4}
    look = {"color": style.BLACK}
    common = {"type": "custom", "name": RANGE, "renderItem": "interval", "clip": True}
    return {**common, "encode": encode, "data": data, "itemStyle": look}


def _told(row: Mapping[Any, Any], unit: str) -> list[str]:
    """Mean, interval and range of a row of a summary, as lines."""
    return [
        f"mean {figures(row['mean'])} {unit}",
        f"95% interval {figures(row['low'])} to {figures(row['high'])}",
        f"middle 95% of runs {figures(row['lower'])} to {figures(row['upper'])}",
    ]


def figures(value: float) -> str:
    """A number with three figures, ``–`` where there is none."""
    if not isfinite(value):
        return "–"
    return f"{value:,.{0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2}f}"


def _marks(marks: Sequence[Mark], steps: Sequence[str]) -> list[Option]:
    below: dict[str, int] = {}
    series = []
    for mark in marks:
        look, row = style.READINGS[mark.target.reading], steps.index(mark.step)
        below[mark.step] = below.get(mark.step, 0) + 1
        said = f"{style.figure_of(mark.target, mark.value)}, {mark.target.date:%b %Y}"
        tip = [f"observed: {said}", f"the model's mean on that day: {figures(mark.model)}", mark.target.use]
        common = {
            "type": "scatter",
            "symbol": SYMBOLS[look.marker],
            "symbolOffset": [0, 3 + 14 * below[mark.step]],
        }
        filled = {"color": look.colour, "borderColor": "#ffffff"}
        hollow = {"color": "#ffffff", "borderColor": look.colour, "borderWidth": 2}
        label = {"show": True, "position": "right", "formatter": "{b}", "color": "#1a1a1a"}
        for name, value, item in ((MODEL, mark.model, hollow), (look.name, mark.value, filled)):
            data = [{"value": [tidy(value), row], "name": said, "tip": tip}]
            shown = label if value == max(mark.model, mark.value) else {"show": False}
            series.append(
                {
                    **common,
                    "name": name,
                    "symbolSize": 12,
                    "itemStyle": item,
                    "data": data,
                    "label": shown,
                    "z": 5,
                }
            )
    return series


# --- differences --------------------------------------------------------------------------------


class Row(NamedTuple):
    """A difference in a forest: where it is drawn, and what is said of it."""

    middle: float
    low: float
    high: float
    tip: tuple[str, ...]

    @property
    def clear(self) -> bool:
        """Whether zero is excluded."""
        return self.low > 0 or self.high < 0


def forest(
    title: str,
    axis: str,
    rows: Sequence[str],
    names: Sequence[str],
    found: Sequence[Sequence[Row]],
    edge: float = 0,
) -> Panel:
    """Differences from a base in rows, a mark and an interval for each other scenario.

    Args:
        title: of the panel.
        axis: name of the axis, with its unit.
        rows: names of the rows.
        names: the scenarios, the base first.
        found: for each other scenario a difference for each row.
        edge: differences beyond it are drawn there, with their number; 0 for no edge.
    """
    others = looks(names)[1:]
    series = [
        _forest(look, place, len(others), mine, edge)
        for place, (look, mine) in enumerate(zip(others, found, strict=True))
    ]
    series[0]["markLine"] = {
        "silent": True, "symbol": "none", "label": {"show": False}, "data": [{"xAxis": 0}],
        "lineStyle": {"color": style.BLACK, "type": "solid", "width": 1.5},
    }  # fmt: skip
    end = {"min": -edge, "max": edge, "interval": edge / 3} if edge else {}
    height = AROUND + max(LINE, 18 * len(others)) * len(rows)
    return Panel(title, _option(_value(axis, **end), _rows(rows), series), height)


def _forest(look: Look, place: int, others: int, rows: Sequence[Row], edge: float) -> Option:
    data = []
    for index, row in enumerate(rows):
        ends = [row.middle, row.low, row.high]
        within = [float(np.clip(end, -edge, edge)) for end in ends] if edge else ends
        beyond = f"{row.middle:+,.0f}%" if edge and abs(row.middle) > edge else ""
        value = [*map(tidy, within), index, int(row.clear)]
        data.append({"value": value, "name": beyond, "tip": [look.name, *row.tip]})
    extra = {"offset": (place - (others - 1) / 2) * 0.8 / others, "symbol": look.symbol}
    return {
        "type": "custom", "name": look.name, "renderItem": "forest", "extra": extra, "data": data,
        "itemStyle": {"color": look.colour}, "encode": {"x": [0, 1, 2], "y": 3}, "clip": False,
    }  # fmt: skip


def dots(
    title: str,
    axis: str,
    rows: Sequence[str],
    names: Sequence[str],
    found: Sequence[Sequence[Mapping[Any, Any] | None]],
) -> Panel:
    """Means with interval and range in rows, a mark for each scenario.

    Args:
        title: of the panel.
        axis: name of the axis, with its unit.
        rows: names of the rows.
        names: the scenarios.
        found: for each scenario and row the columns of :func:`analysis.statistics.described`, or nothing.
    """
    series = []
    for place, (look, mine) in enumerate(zip(looks(names), found, strict=True)):
        data = [
            {
                "value": [*(tidy(row[part]) for part in ("mean", "lower", "upper", "low", "high")), index],
                "tip": [look.name, rows[index], *_told(row, "")],
            }
            for index, row in enumerate(mine)
            if row is not None
        ]
        extra = {"offset": (place - (len(names) - 1) / 2) * 0.8 / len(names), "symbol": look.symbol}
        common = {"type": "custom", "name": look.name, "renderItem": "dots", "extra": extra, "clip": True}
        series.append(
            {
                **common,
                "data": data,
                "itemStyle": {"color": look.colour},
                "encode": {"x": [0, 1, 2, 3, 4], "y": 5},
            }
        )
    height = AROUND + max(LINE, 16 * len(names) + 6) * len(rows)
    return Panel(title, _option(_value(axis, min=0), _rows(rows), series), height)


# --- over time ----------------------------------------------------------------------------------


class Line(NamedTuple):
    """A mean over time with the middle 95% of the runs (a shade, where it is to be drawn)."""

    key: Key
    dash: Any
    dates: Sequence[str]
    band: Band
    shaded: bool = True


def dates(start: np.datetime64, days: Floats) -> list[str]:
    """Dates (ISO 8601) of times that are days from ``start``."""
    first = start.astype("datetime64[D]")
    return [str(first + np.timedelta64(round(day), "D")) for day in days]


def over_time(title: str, unit: str, lines: Sequence[Line]) -> Panel:
    """Lines over calendar time, with the unit of their values."""
    series = [part for line in lines for part in _line(line, unit)]
    axis = {"type": "value", "name": unit, "nameLocation": "end", "min": 0}
    option = _option({"type": "time"}, axis, series)
    option["grid"] = {"left": 8, "right": 24, "top": 36, "bottom": 12}
    option["tooltip"] = {"trigger": "axis"}
    return Panel(title, option, 300)


def _line(line: Line, unit: str) -> list[Option]:
    key, dates, band = line.key, line.dates, line.band
    points = zip(dates, band.mean, band.low95, band.high95, strict=True)
    data = [
        {
            "value": [day, tidy(mean)],
            "tip": [f"{key.name}: {figures(mean)} {unit} ({figures(low)} to {figures(high)})"],
        }
        for day, mean, low, high in points
    ]
    common = {"type": "line", "name": key.name, "symbol": "none"}
    mean: Option = {
        **common,
        "data": data,
        "lineStyle": {"color": key.colour, "type": line.dash, "width": 2.5},
    }
    mean |= {"itemStyle": {"color": key.colour}, "z": 4}
    if not line.shaded:
        return [mean]
    stack: Option = {
        **common,
        "stack": key.name,
        "stackStrategy": "all",
        "lineStyle": {"opacity": 0},
        "silent": True,
    }
    low = [[day, tidy(value)] for day, value in zip(dates, band.low95, strict=True)]
    width = [[day, tidy(value)] for day, value in zip(dates, band.high95 - band.low95, strict=True)]
    shade = {"color": key.colour, "opacity": 0.14}
    return [{**stack, "data": low}, {**stack, "data": width, "areaStyle": shade}, mean]


# --- shares, clouds, bars -----------------------------------------------------------------------


class Part(NamedTuple):
    """A part of wholes: its key, and for each row the share (0 to 1)."""

    key: Key
    shares: Sequence[float]


def shares(title: str, rows: Sequence[str], parts: Sequence[Part], wholes: Sequence[str]) -> Panel:
    """Bars of 100% in rows; ``wholes`` say what each whole is."""
    series = []
    for part in parts:
        data = [
            {
                "value": tidy(100 * value),
                "tip": [f"{row}: {part.key.name}", f"{100 * value:.0f}% of {whole}"],
                "label": {"show": value >= 0.07, "formatter": f"{100 * value:.0f}"},
            }
            for row, value, whole in zip(rows, part.shares, wholes, strict=True)
        ]
        series.append(
            {
                "type": "bar",
                "name": part.key.name,
                "stack": "all",
                "data": data,
                "barWidth": "66%",
                "itemStyle": {"color": part.key.colour, "borderColor": "#ffffff"},
                "label": {"color": ink(part.key.colour), "position": "inside"},
            }
        )
    return Panel(
        title,
        _option(_value("share (%)", min=0, max=100, interval=25), _rows(rows), series),
        AROUND + ROW * len(rows),
    )


def clouds(
    x: str, y: str, names: Sequence[str], runs: Sequence[Floats], *, means: bool = True, height: int = 440
) -> Panel:
    """A scatter of points and their mean, for each scenario; ``runs`` are arrays of shape (points, 2)."""
    series = []
    for look, points in zip(looks(names), runs, strict=True):
        common: Option = {"type": "scatter", "name": look.name, "symbol": look.symbol}
        some = [_point(f"one of {look.name}", x, y, a, b) for a, b in points]
        faint = {"color": look.colour, "opacity": 0.35 if means else 0.8}
        series.append({**common, "symbolSize": 7 if means else 9, "itemStyle": faint, "data": some})
        if means and len(points):
            item = {"color": look.colour, "borderColor": "#ffffff", "borderWidth": 2}
            mean = _point(f"mean of {look.name}", x, y, *points.mean(axis=0))
            series.append({**common, "symbolSize": 20, "itemStyle": item, "data": [mean], "z": 5})
    up = {"type": "value", "name": y, "nameLocation": "end", "scale": True}
    option = _option(_value(x, scale=True), up, series)
    option["grid"] = {"left": 8, "right": 24, "top": 36, "bottom": 44}
    return Panel("", option, height)


def _point(name: str, x: str, y: str, a: float, b: float) -> Option:
    return {"value": [tidy(a), tidy(b)], "tip": [name, f"{x}: {figures(a)}", f"{y}: {figures(b)}"]}


def bars(title: str, axis: str, rows: Sequence[str], table: pd.DataFrame, colour: str, name: str) -> Panel:
    """Means with intervals in rows; ``table`` has the columns of :func:`analysis.statistics.described`."""
    records = table.to_dict("records")
    data = [
        {"value": tidy(row["mean"]), "tip": [said, *_told(row, "")]}
        for said, row in zip(rows, records, strict=True)
    ]
    ends = [
        {
            "value": [*(tidy(row[part]) for part in ("lower", "upper", "low", "high")), place],
            "tip": [said, *_told(row, "")],
        }
        for place, (said, row) in enumerate(zip(rows, records, strict=True))
    ]
    encode = {"x": [0, 1, 2, 3], "y": 4}
    series: list[Option] = [
        {
            "type": "bar",
            "name": name,
            "barWidth": "55%",
            "data": data,
            "itemStyle": {"color": colour, "borderColor": "#333333"},
        },
        {
            "type": "custom",
            "name": RANGE,
            "renderItem": "interval",
            "clip": True,
            "encode": encode,
            "data": ends,
            "itemStyle": {"color": style.BLACK},
        },
    ]
    return Panel(title, _option(_value(axis, min=0), _rows(rows), series), AROUND + 26 * len(rows))


# --- for a room ---------------------------------------------------------------------------------


class Strip(NamedTuple):
    """A row of dots: its name, colour, values, and for each dot the lines that tell of it.

    ``mean`` is marked, with ``told`` as its lines; no mark where it is not finite.
    """

    name: str
    colour: str
    values: Sequence[float]
    tips: Sequence[Sequence[str]]
    mean: float = float("nan")
    told: Sequence[str] = ()


class Ends(NamedTuple):
    """Where an axis begins and ends, and the step of its labels."""

    low: float
    high: float
    step: float


def ends(base: Sequence[float], more: Sequence[float] = (), parts: int = 4) -> Ends:
    """An axis over values; ``more`` widens it by whole steps, so that it seldom moves.

    Args:
        base: values that decide where the axis lies and its step.
        more: values that must be seen too.
        parts: about how many labels there are to be.
    """
    known = [value for value in base if isfinite(value)] or [0.0, 1.0]
    width = max(known) - min(known) or abs(known[0]) or 1.0
    step = nice(width / (parts - 1))
    wide = [*known, *(value for value in more if isfinite(value))]
    low = min(floor(min(known) / step), 2 * floor(min(wide) / step / 2))
    high = max(ceil(max(known) / step), 2 * ceil(max(wide) / step / 2))
    high += high == low
    while (high - low) > 2 * parts + 1:
        step, low, high = nice(2 * step), floor(min(wide) / nice(2 * step)), ceil(max(wide) / nice(2 * step))
    return Ends(float(f"{low * step:.6g}"), float(f"{high * step:.6g}"), step)


def swarm(title: str, axis: str, strips: Sequence[Strip], along: Ends, height: int) -> Panel:
    """Rows of dots, stacked about the middle of their row where they would cover each other.

    Args:
        title: of the panel.
        axis: name of the axis, with its unit; none where the title says it.
        strips: the rows, from above.
        along: the axis.
        height: in pixels.
    """
    row = (height - (84 if axis else 52)) / max(1, len(strips))
    every = [_columns(strip.values, along) for strip in strips]
    most = max((mine.count(column) for mine in every for column in set(mine)), default=1)
    size = float(np.clip(0.9 * row / most, 2.5, 7))
    series = [part for place, strip in enumerate(strips) for part in _strip(strip, place, along, (row, size))]
    # strips stand side by side: the last number must not reach into the next one
    x = _value(axis, min=along.low, max=along.high, interval=along.step, axisLabel={"alignMaxLabel": "right"})
    option = _option(x, _rows([strip.name for strip in strips]), series)
    option["grid"] |= {"top": 6} if axis else {"top": 6, "bottom": 34}
    return Panel(title, option, height)


#: columns in which dots are stacked
COLUMNS = 48


def _strip(strip: Strip, place: int, along: Ends, sizes: tuple[float, float]) -> list[Option]:
    """The dots of a row, and the mark of their mean; ``sizes`` are those of the row and of a dot."""
    columns, (row, size) = _columns(strip.values, along), sizes
    data, seen = [], dict[float, int]()
    for column, tip in sorted(zip(columns, map(list, strip.tips), strict=True), key=lambda dot: dot[0]):
        if not isfinite(column):
            continue
        at = seen[column] = seen.get(column, -1) + 1
        up = (at - (columns.count(column) - 1) / 2) * size
        data.append({"value": [tidy(column), place], "tip": tip, "symbolOffset": [0, round(-up, 1)]})
    common = {"type": "scatter", "name": strip.name}
    look = {"color": strip.colour, "borderWidth": 0}
    dots: Option = {
        **common,
        "symbol": "circle",
        "symbolSize": round(size, 1),
        "itemStyle": look,
        "data": data,
    }
    if not isfinite(strip.mean):
        return [dots]
    mark: Option = {**common, "symbol": "rect", "symbolSize": [5, round(0.8 * row)], "z": 6}
    mark["itemStyle"] = {"color": style.BLACK, "borderColor": "#ffffff", "borderWidth": 1}
    return [dots, {**mark, "data": [{"value": [tidy(strip.mean), place], "tip": list(strip.told)}]}]


def _columns(values: Sequence[float], along: Ends) -> list[float]:
    """The column of each value; whole numbers that lie far enough apart keep their places."""
    wide = (along.high - along.low) / COLUMNS
    if all(value == round(value) for value in values if isfinite(value)):
        wide = max(1, ceil(wide))
        return [wide * floor(value / wide) + (wide - 1) / 2 if isfinite(value) else value for value in values]
    return [wide * (floor(value / wide) + 0.5) if isfinite(value) else value for value in values]


class Bar(NamedTuple):
    """A bar: its length, the ends of the line over it, and the lines that tell of it."""

    value: float
    low: float
    high: float
    tip: Sequence[str]


def grouped(
    title: str,
    axis: str,
    rows: Sequence[str],
    keys: Sequence[Key],
    found: Sequence[Sequence[Bar]],
    most: float,
) -> Panel:
    """Bars side by side in rows with ranges over them, a bar for each key.

    Args:
        title: of the panel.
        axis: name of the axis, with its unit.
        rows: names of the rows.
        keys: what each bar of a row stands for.
        found: for each key a bar for each row.
        most: what the axis must reach.
    """
    bars_, lines = list[Option](), list[Option]()
    for place, (key, mine) in enumerate(zip(keys, found, strict=True)):
        data = [
            {"value": tidy(bar.value), "tip": [rows[at], key.name, *bar.tip]} for at, bar in enumerate(mine)
        ]
        look = {"color": key.colour, "opacity": 0.45}
        common = {"type": "bar", "name": key.name, "barGap": "0%", "barCategoryGap": "20%"}
        bars_.append({**common, "data": data, "itemStyle": look})
        lines.append(_over_bars(key, place, len(keys), mine))
    step = nice(max(most, 1e-9) / 5)
    x = _value(axis, min=0, max=step * ceil(most / step) or step, interval=step)
    height = AROUND + max(LINE, 14 * len(keys) + 8) * len(rows)
    return Panel(title, _option(x, _rows(rows), [*bars_, *lines]), height)


def _over_bars(key: Key, place: int, many: int, bars_: Sequence[Bar]) -> Option:
    data = [
        {"value": [*map(tidy, (bar.value, bar.low, bar.high)), None, None, at], "tip": [key.name, *bar.tip]}
        for at, bar in enumerate(bars_)
    ]
    extra = {"offset": (place - (many - 1) / 2) * 0.8 / many, "symbol": key.symbol}
    return {
        "type": "custom", "name": key.name, "renderItem": "dots", "extra": extra, "clip": True, "data": data,
        "itemStyle": {"color": key.colour}, "encode": {"x": [0, 1, 2], "y": 5},
    }  # fmt: skip

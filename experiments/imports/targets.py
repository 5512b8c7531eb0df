"""What an observed history says, as a file of targets that scenarios name under ``observed``."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from analysis.measures import MEASURES, completed, reached
from analysis.tables import FOLLOWERS, Mask, Tables, is_, of_channel, until
from experiments.imports.columns import CHANNELS, UNKNOWN
from experiments.words import plural

if TYPE_CHECKING:
    import pandas as pd

#: what a file tells that has start-ups, and that has ends of services: where there are none of them they
#: may not have been written down
STARTUPS, SERVED = "start-ups", "sustained"

#: measure -> the columns without which a file of cases cannot give it
NEEDS: Mapping[str, tuple[str, ...]] = {
    "proposals_received": ("submitted",),
    "poc_started": ("poc",),
    "poc_completed": ("poc", "poc_completed"),
    "proposal_to_poc": ("submitted", "poc"),
    "poc_to_project": ("poc", "deployed"),
    "projects": ("deployed",),
    "topdown_completed": ("deployed", "channel"),
    "tenders": ("tender",),
    "first_round_failures": ("tender", "retender"),
    "startup_share": ("poc", STARTUPS),
    "days_to_poc": ("submitted", "poc"),
    "loss_financial": ("submitted", "outcome", "reason"),
    "loss_technical": ("submitted", "outcome", "reason"),
    "loss_administrative": ("submitted", "outcome", "reason"),
    "startup_contracts": ("contract", STARTUPS),
    "days_to_build": ("contract", "deployed"),
    "survival_2y": ("deployed", SERVED),
}


class _Asked(NamedTuple):
    """A figure to be told: its measure, what that is divided by, what every case that counts must have."""

    measure: str
    use: str
    of: str | None = None
    known: str | None = None
    channels: bool = False


_FIGURES = (
    _Asked("proposals_received", "calibrate", channels=True),
    _Asked("proposal_to_poc", "calibrate", known="submitted", channels=True),
    _Asked("poc_started", "calibrate", channels=True),
    _Asked("days_to_poc", "calibrate", known="submitted"),
    _Asked("startup_share", "calibrate", known="vendor_kind"),
    _Asked("loss_financial", "calibrate", known="reason"),
    _Asked("loss_technical", "calibrate", known="reason"),
    _Asked("loss_administrative", "calibrate", known="reason"),
    _Asked("poc_completed", "hold-out", "poc_started", known="poc", channels=True),
    _Asked("poc_to_project", "hold-out", channels=True),
    _Asked("projects", "hold-out", channels=True),
    _Asked("tenders", "hold-out"),
    _Asked("first_round_failures", "hold-out", "tenders"),
    _Asked("startup_contracts", "hold-out", known="vendor_kind"),
    _Asked("days_to_build", "hold-out"),
)

#: measures that are a share of a number of cases
_SHARES = frozenset(name for name in NEEDS if MEASURES[name].unit == "share")


#: mean over cases -> the two stages between which the time is
_MEANS: Mapping[str, tuple[str, str]] = {
    "days_to_poc": ("submitted", "poc"),
    "days_to_build": ("contract", "deployed"),
}

#: decimals to which a mean is written
_DECIMALS = 2


class Figure(NamedTuple):
    """One figure of the file, with the fields of :class:`sim.observed.Target`."""

    measure: str
    relation: str
    value: float
    date: date
    use: str
    note: str
    of: str | None = None
    numerator: int | None = None
    denominator: int | None = None
    rounding: float | None = None
    error: float | None = None
    channel: str | None = None


#: the order in which a figure is written
_ORDER = ("measure", "of", "relation", "value", "numerator", "denominator", "rounding", "error", "date",
          "channel", "use")  # fmt: skip


def figures(tables: Tables, columns: Collection[str], day: date) -> list[Figure]:
    """Every figure that the columns of a file allow, as of a day of observation.

    Shares and means count the cases alone of which all is known that they need; the note says how many
    were left out. Figures up to the POC are to calibrate with, later ones to be held out, and POCs by the
    end of each year to be shown, as are means over so few cases that nobody can say how sure they are.
    """
    found = list[Figure]()
    for asked in _FIGURES:
        if not set(NEEDS[asked.measure]) <= set(columns):
            continue
        for channel in (None, *_channels(tables, asked, columns)):
            seen = tables if channel is None else of_channel(tables, channel)
            figure = _figure(seen, asked, channel, day)
            found += [figure] if figure else []
    return found + (list(_years(tables, day)) if "poc" in columns else [])


def _channels(tables: Tables, asked: _Asked, columns: Collection[str]) -> list[str]:
    """The channels to tell apart: those of proposals, where there is more than one."""
    if not asked.channels or "channel" not in columns:
        return []
    occurring = set(tables.channel.astype(str))
    here = [name for name in CHANNELS if name in occurring and name not in FOLLOWERS]
    return here if len(here) > 1 or UNKNOWN in occurring else []


def _figure(tables: Tables, asked: _Asked, channel: str | None, day: date) -> Figure | None:
    kept = _known(tables, asked.known)
    left = len(kept) - int(kept.sum())
    seen = _only(tables, kept) if left else tables
    about = Figure(asked.measure, "about", _value(seen, asked.measure), day, asked.use, _note(asked, left))
    about = about._replace(of=asked.of, channel=channel)
    if asked.of is not None or asked.measure in _SHARES:
        return _share(about, _whole(seen, asked))
    if asked.measure in _MEANS:
        return _mean(about, seen) if np.isfinite(about.value) else None
    lacking = _unsubmitted(tables) if asked.measure == "proposals_received" else 0
    if lacking:
        note = f"{about.note} {plural(lacking, 'case')} without a day of submission may come on top."
        return about._replace(relation="more_than", value=about.value - 1, note=note)
    return about


def _share(about: Figure, whole: float) -> Figure | None:
    part = round(about.value) if about.of else round(about.value * whole) if whole else 0
    if not whole > 0 or not 0 <= part <= whole:
        return None
    value = round(part / whole, 4)
    return about._replace(relation="share", value=value, numerator=part, denominator=round(whole))


def _mean(about: Figure, tables: Tables) -> Figure:
    """With the standard error of a mean, that the spread between cases gives."""
    origin, target = _MEANS[about.measure]
    days = (tables.reached[target] - tables.reached[origin]).dropna().to_numpy()
    error = float(np.std(days, ddof=1) / np.sqrt(len(days))) if len(days) > 1 else 0.0
    about = about._replace(value=round(about.value, _DECIMALS), rounding=10.0**-_DECIMALS)
    if error > 0:
        note = f"{about.note} The standard error is over {len(days)} cases."
        return about._replace(error=float(f"{error:.3g}"), note=note)
    return about._replace(use="shown", note=f"{about.note} Too few cases for a standard error.")


def _value(tables: Tables, measure: str) -> float:
    return float(MEASURES[measure].function(tables)[0])


def _whole(tables: Tables, asked: _Asked) -> float:
    if asked.of is not None:
        return _value(tables, asked.of)
    whole = MEASURES[asked.measure].whole
    return float(whole(tables)[0]) if whole else 0.0


def _note(asked: _Asked, left: int) -> str:
    out = f" {plural(left, 'case')} of which {asked.known} is not known are left out." if left else ""
    meaning = MEASURES[asked.measure].meaning.replace(", all channels", "")
    return f"{meaning[0].upper()}{meaning[1:]}, up to the day of observation, open cases included.{out}"


def _known(tables: Tables, what: str | None) -> Mask:
    """Which cases have what a figure needs, or do not count in it anyway."""
    if what is None:
        return np.ones(len(tables.cases), dtype=bool)
    if what == "vendor_kind":
        return ~is_(tables.cases["vendor_kind"], UNKNOWN)
    if what == "reason":
        return ~is_(tables.last["target"], "closed") | tables.last["reason"].notna().to_numpy()
    if what == "poc":
        return ~completed(tables) | reached(tables, "poc")
    return reached(tables, what) | is_(tables.cases["channel"], *FOLLOWERS)


def _unsubmitted(tables: Tables) -> int:
    """Cases that came in on a day that is not known: rivals and imitators do not come in."""
    followers = is_(tables.cases["channel"], *FOLLOWERS)
    return int((tables.reached["submitted"].isna().to_numpy() & ~followers).sum())


def _only(tables: Tables, kept: Mask) -> Tables:
    about = tables.case_of_event
    events = tables.events[(about >= 0) & kept[about]]
    return Tables(tables.runs, tables.cases[kept].reset_index(drop=True), events.reset_index(drop=True))


def _years(tables: Tables, day: date) -> Iterator[Figure]:
    """POCs started by the end of each year that is over."""
    start = tables.runs["start"].iloc[0].date()
    for year in range(start.year, day.year + 1):
        end = date(year, 12, 31)
        if not start < end < day:
            continue
        value = _value(until(tables, end), "poc_started")
        note = "POCs started by the end of the year."
        yield Figure("poc_starts", "about", value, end, "shown", note)


def outcomes(tables: Tables, columns: Collection[str]) -> pd.DataFrame:
    """One row: scenario, seed, and the measures that the columns of the file allow."""
    values = {name: MEASURES[name].function(tables) for name in MEASURES if _allowed(name, columns)}
    return tables.runs[["scenario", "seed"]].assign(**values)


def _allowed(measure: str, columns: Collection[str]) -> bool:
    return measure in NEEDS and set(NEEDS[measure]) <= set(columns)


def text(found: Sequence[Figure], source: str) -> str:
    """The file of targets; there is at least one.

    Args:
        found: figures.
        source: what they come from, for a comment: source ``D1``.
    """
    lines = [
        f"# Observed figures, written by cityfunnel import. Source D1: {source}",
        "# use: calibrate, hold-out (kept from calibration, to test it) or shown. Change it as you need.",
        "figures:",
    ]
    for number, each in enumerate(found, 1):
        told = each._asdict()
        fields = {"id": f"C{number:02d}", **{name: told[name] for name in _ORDER if told[name] is not None}}
        fields |= {"source": "D1", "note": json.dumps(each.note, ensure_ascii=False)}
        lines += [
            f"{'  - ' if name == 'id' else '    '}{name}: {_said(value)}" for name, value in fields.items()
        ]
    return "".join(f"{line}\n" for line in lines)


def _said(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e5 else str(value)

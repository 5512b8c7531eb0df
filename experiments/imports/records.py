"""From rows of cells to cases that make sense; what does not is set aside and told, cell by cell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from experiments.imports import days
from experiments.imports.columns import COLUMNS, DATES, DONE, LOST, OPEN, STAGES, misspelt, word
from experiments.imports.quality import Kind, Problem
from experiments.imports.sheet import ImportFileError, Row, Sheet
from sim.errors import InputError

#: columns of which an empty cell is worth a note in every row
_WANTED = ("channel", "vendor_kind")


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one case.

    Attributes:
        line: of its row.
        case: its name: that of the file, or ``line 12``.
        named: whether the file gives it a name.
        words: codes and names by column.
        dates: days by column, in possible order.
    """

    line: int
    case: str
    named: bool
    words: dict[str, str]
    dates: dict[str, date]


class State(StrEnum):
    """What became of a row."""

    USED = "used"
    PARTLY = "used, but for cells set aside"
    DUPLICATE = "duplicate"
    UNUSABLE = "cannot be used"
    LATER = "after the day of observation"


class Fate(NamedTuple):
    """What became of a row: its line, the name of its case, and why."""

    line: int
    case: str
    state: State
    told: str


@dataclass(frozen=True)
class Checked:
    """The cases of a file, and what is wrong with it.

    Attributes:
        records: one a case, in an order that does not depend on that of the rows.
        until: the day of observation.
        problems: all of them.
        fates: one a row.
        columns: those that the file has.
    """

    records: tuple[Record, ...]
    until: date
    problems: tuple[Problem, ...]
    fates: tuple[Fate, ...]
    columns: tuple[str, ...]


def checked(sheet: Sheet, today: date, until: date | None = None, order: str = "ymd") -> Checked:
    """The cases of a sheet.

    Args:
        sheet: rows of cells.
        today: days after it are impossible.
        until: the day of observation; by default that on which the file was published, if it says so, or
            the last day that it names.
        order: how days are written, a key of :data:`experiments.imports.days.ORDERS`.

    Raises:
        ImportFileError: no row can be used, or none begins until the day of observation.
        InputError: the day of observation lies in the future.
    """
    if until is not None and until > today:
        raise InputError(f"{until} lies in the future", key="--until")
    problems, unusable = [*sheet.problems], [*sheet.unusable]
    found = list[Record]()
    for row in sheet.rows:
        record, told = _record(row, sheet, today, order)
        problems += told
        if set(record.dates) & set(STAGES):
            found.append(record)
        else:
            unusable.append(_unusable(record))
    kept, doubles = _single(found)
    linked, wrong = _linked(kept)
    if not linked:
        raise ImportFileError(_nothing(unusable), file=sheet.file)
    named = {day for record in linked for day in record.dates.values()}
    last = until or max(named | ({sheet.seen} if sheet.seen and sheet.seen <= today else set()))
    seen, later = _seen(linked, last, sheet.file)
    every = (*problems, *unusable, *doubles, *wrong, *later)
    fates = _fates(seen, every)
    return Checked(tuple(seen), last, every, fates, sheet.columns)


def _nothing(unusable: Sequence[Problem]) -> str:
    if not unusable:
        return "has a header and no rows"
    first = min(unusable)
    return f"no row can be used; the first, in line {first.line}: {first.told}"


def _unusable(record: Record) -> Problem:
    told = "no date of any stage can be used; nothing is known of the case"
    return Problem(record.line, record.case, "", "", Kind.UNUSABLE, told)


# --- one row ------------------------------------------------------------------------------------


def _record(row: Row, sheet: Sheet, today: date, order: str) -> tuple[Record, list[Problem]]:
    problems = list[Problem]()
    case = row.cells.get("case", f"line {row.line}")
    record = Record(row.line, case, "case" in row.cells, {}, {})
    for name, text in row.cells.items():
        if COLUMNS[name].holds == "date":
            day = days.day(text, order)
            if told := _not_a_day(text, day, today, order):
                problems.append(Problem(row.line, case, name, text[:60], *told))
            elif day is not None:
                record.dates[name] = day
        elif (value := word(name, text) if COLUMNS[name].words else text) is not None:
            record.words[name] = value
        else:
            problems.append(_unknown(record, name, text))
    problems += _order(record)
    problems += _outcome(record)
    problems += _missing(record, sheet)
    return replace(
        record, dates={name: record.dates[name] for name in DATES if name in record.dates}
    ), problems


def _not_a_day(text: str, day: date | None, today: date, order: str) -> tuple[Kind, str] | None:
    if day is None:
        return Kind.UNREADABLE, f"is no day that can be read{days.hint(text, order)}; set aside"
    if day > today:
        return Kind.FUTURE, f"lies after today, {today}; set aside"
    if day < days.EARLIEST:
        return Kind.UNREADABLE, f"lies before {days.EARLIEST.year}; set aside"
    return None


def _unknown(record: Record, name: str, text: str) -> Problem:
    near = misspelt(text, COLUMNS[name].words)
    hint = f" (did you mean '{near}'?)" if near else f"; known are {', '.join(COLUMNS[name].words)}"
    return Problem(
        record.line, record.case, name, text[:60], Kind.CODE, f"is no code of the template{hint}; set aside"
    )


def _order(record: Record) -> Iterator[Problem]:
    """Set aside the fewest dates so that the others are in the order of the funnel."""
    dates = record.dates
    if "deployed" in dates and "launched" in dates:
        told = "no case is both bought (deployed) and left to the market (launched); launched is set aside"
        yield _aside(record, "launched", Kind.CONTRADICTION, told)
    given = [(name, dates[name]) for name in DATES if name in dates]
    right = in_order([day for _, day in given])
    kept = [pair for place, pair in enumerate(given) if place in right]
    for name, day in (pair for place, pair in enumerate(given) if place not in right):
        yield _aside(record, name, Kind.ORDER, f"is {_beside(name, day, kept)}; set aside")


def _beside(name: str, day: date, kept: Sequence[tuple[str, date]]) -> str:
    """Which date that is kept shows that a day cannot be right."""
    for other, that in kept:
        if (DATES.index(other) < DATES.index(name)) == (that > day) and that != day:
            return f"{'before' if that > day else 'after'} {other}, {that}"
    raise AssertionError("a date that contradicts none is kept")


def in_order(dates: Sequence[date]) -> frozenset[int]:
    """Places of the most dates that do not go back; of equally many those that come first."""
    best = [1] * len(dates)
    for place in reversed(range(len(dates))):
        following = [best[at] for at in range(place + 1, len(dates)) if dates[at] >= dates[place]]
        best[place] = 1 + max(following, default=0)
    kept, wanted, last = set[int](), max(best, default=0), date.min
    for place, day in enumerate(dates):
        if day >= last and best[place] == wanted:
            kept.add(place)
            wanted, last = wanted - 1, day
    return frozenset(kept)


def _aside(record: Record, name: str, kind: Kind, told: str) -> Problem:
    """Take a cell out of a record and say so."""
    value = str(record.dates.pop(name)) if name in record.dates else record.words.pop(name)
    return Problem(record.line, record.case, name, value, kind, told)


def _outcome(record: Record) -> Iterator[Problem]:
    """Make outcome, reason and last day agree with each other and with the stages."""
    words, dates = record.words, record.dates
    outcome = words.get("outcome")
    served = "deployed" if "deployed" in dates else "launched" if "launched" in dates else ""
    if outcome == LOST and served:
        told = f"was in service since {dates[served]}, so it was {' or '.join(DONE)}, not closed; set aside"
        yield _aside(record, "outcome", Kind.CONTRADICTION, told)
    elif outcome == OPEN and "ended" in dates:
        yield _aside(
            record, "ended", Kind.CONTRADICTION, "has ended, and its outcome is open; the day is set aside"
        )
    outcome = words.get("outcome")
    if outcome is None and "ended" in dates:
        yield from _without_outcome(record, served)
    if "reason" in words and words.get("outcome") not in (LOST, "abandoned"):
        told = "a reason is that of a case that was closed or abandoned; set aside"
        yield _aside(record, "reason", Kind.CONTRADICTION, told)
    if words.get("outcome", OPEN) != OPEN and "ended" not in dates:
        yield from _without_day(record)


def _without_outcome(record: Record, served: str) -> Iterator[Problem]:
    if served:
        told = f"how the service ended ({' or '.join(DONE)}) is not said; the case stays in service"
        yield _aside(record, "ended", Kind.MISSING, told)
        return
    record.words["outcome"] = LOST
    told = "has ended before any service, so it counts as closed"
    yield Problem(record.line, record.case, "outcome", "", Kind.IMPUTED, told)


def _without_day(record: Record) -> Iterator[Problem]:
    """A case that has ended is not open: it ends on the last day that is known of it."""
    if not record.dates:
        return
    last = record.dates["ended"] = max(record.dates.values())
    told = f"is {record.words['outcome']} on a day that is not said; its last known day, {last}, is taken"
    yield Problem(record.line, record.case, "ended", "", Kind.IMPUTED, told)


def _missing(record: Record, sheet: Sheet) -> Iterator[Problem]:
    rival = record.words.get("channel") in ("tender", "market")
    for name in _WANTED:
        if name in sheet.columns and name not in record.words:
            yield Problem(record.line, record.case, name, "", Kind.MISSING, "counts as unknown")
    if "submitted" in sheet.columns and "submitted" not in record.dates and not rival:
        told = "counts in the funnel from its first known stage on, and not in times since submission"
        yield Problem(record.line, record.case, "submitted", "", Kind.MISSING, told)
    hosted = set(record.dates) & set(STAGES[STAGES.index("matched") :])
    if "department" in sheet.columns and "department" not in record.words and hosted:
        yield Problem(
            record.line, record.case, "department", "", Kind.MISSING, "a case at this stage has a host"
        )


# --- rows beside each other ---------------------------------------------------------------------


def _single(records: Iterable[Record]) -> tuple[list[Record], list[Problem]]:
    """One record a case: the fullest row of those with the same name, whatever their order."""
    by_name = defaultdict[str, list[Record]](list)
    for record in records:
        by_name[record.case if record.named else f"\0{record.line}"].append(record)
    kept, problems = list[Record](), list[Problem]()
    for same in by_name.values():
        best, *others = sorted(same, key=_fullest)
        kept.append(best)
        for other in others:
            alike = (best.words, best.dates) == (other.words, other.dates)
            told = f"{'repeats' if alike else 'differs from'} line {best.line}, which is used"
            problems.append(Problem(other.line, other.case, "case", other.case[:60], Kind.DUPLICATE, told))
    return sorted(kept, key=_place), problems


def _fullest(record: Record) -> tuple[Any, ...]:
    return -len(record.words) - len(record.dates), _content(record)


def _place(record: Record) -> tuple[Any, ...]:
    first = min(record.dates.values())
    return first, record.case if record.named else "", _content(record), record.line


def _content(record: Record) -> tuple[Any, ...]:
    return sorted(record.dates.items()), sorted(record.words.items())


def _linked(records: Sequence[Record]) -> tuple[list[Record], list[Problem]]:
    """The same, without references to cases that there are not."""
    known = {record.case for record in records if record.named}
    problems = list[Problem]()
    for record in records:
        parent = record.words.get("follows")
        if parent is None:
            continue
        if record.words.get("channel") not in ("tender", "market"):
            told = "only a case of channel tender or market follows another; set aside"
            problems.append(_aside(record, "follows", Kind.CONTRADICTION, told))
        elif parent not in known or parent == record.case:
            near = misspelt(parent, known - {record.case}) if parent != record.case else None
            hint = f" (did you mean '{near}'?)" if near else ""
            told = f"is no other case of the file{hint}; set aside"
            problems.append(_aside(record, "follows", Kind.CODE, told))
    return list(records), problems


def _seen(records: Sequence[Record], until: date, file: str) -> tuple[list[Record], list[Problem]]:
    """What was to be seen on the day of observation: later days are still to come."""
    seen, problems = list[Record](), list[Problem]()
    for record in records:
        later = [name for name, day in record.dates.items() if day > until]
        if not later:
            seen.append(record)
            continue
        names = ", ".join(later)
        before = {name: day for name, day in record.dates.items() if day <= until}
        told = f"{names}: after {until}; " + ("open on that day" if before else "the case is not counted")
        problems.append(Problem(record.line, record.case, "", "", Kind.LATER, told))
        if before:
            seen.append(replace(record, dates=before, words=_on_the_day(record, later)))
    if not seen:
        raise ImportFileError(f"every case begins after {until}, the day of observation", file=file)
    return seen, problems


def _on_the_day(record: Record, later: Sequence[str]) -> dict[str, str]:
    hidden = ("outcome", "reason") if "ended" in later else ()
    return {name: word for name, word in record.words.items() if name not in hidden}


def _fates(seen: Sequence[Record], problems: Sequence[Problem]) -> tuple[Fate, ...]:
    """What became of every row that holds anything."""
    used = {record.line: record for record in seen}
    said = defaultdict[int, list[Problem]](list)
    for each in problems:
        said[each.line].append(each)
    fates = [_used(record, said[line]) for line, record in used.items()]
    states = {
        Kind.UNUSABLE: State.UNUSABLE,
        Kind.DUPLICATE: State.DUPLICATE,
        Kind.LATER: State.LATER,
    }
    fates += [
        Fate(each.line, each.case, states[each.kind], each.told)
        for each in problems
        if each.kind in states and each.line not in used
    ]
    return tuple(sorted(fates))


def _used(record: Record, said: Sequence[Problem]) -> Fate:
    aside = [each.column for each in said if each.kind.error]
    told = f"set aside: {', '.join(aside)}" if aside else ""
    return Fate(record.line, record.case, State.PARTLY if aside else State.USED, told)

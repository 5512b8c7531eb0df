"""Packages of the Open Contracting Data Standard: the procurement end of the funnel.

A contracting process (one ``ocid``) is a case. Several releases of a process are compiled by ``ocdsmerge``.

============ =======================================================================================
column       field of the compiled release
============ =======================================================================================
case         ``ocid``
vendor       ``id`` of the supplier of the first active award
vendor_kind  ``details.scale`` of that supplier among the parties: micro, sme, large
department   name of the ``buyer``, else of the ``tender.procuringEntity``
preparation  the first release with tag ``planning``
tender       ``tender.tenderPeriod.startDate``, else the first release with tag ``tender``
contract     the first ``contracts[].dateSigned``, else the first ``awards[].date`` that is active
deployed     the last ``dateMet`` of the delivery milestones of contracts, if all were met
outcome      closed where the tender is unsuccessful, cancelled or withdrawn and nothing was awarded
ended        then the first release that says so; of an unsuccessful tender
             ``tender.awardPeriod.endDate``, else ``tender.tenderPeriod.endDate``, where they are given
reason       competition where it is unsuccessful
============ =======================================================================================

See https://standard.open-contracting.org/1.1/en/schema/reference/ for the fields.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from experiments.imports.columns import COLUMNS
from experiments.imports.days import day
from experiments.imports.quality import Kind, Problem
from experiments.imports.sheet import ImportFileError, Row, Sheet
from sim.errors import InputError

INSTALL = "pip install 'cityfunnel[ocds]'"

#: fields that belong to one release alone; items of all other lists have ids, or are replaced as a whole
_RULES = {("id",): "omitWhenMerged", ("date",): "omitWhenMerged", ("tag",): "omitWhenMerged"}

_SCALES = {"micro": "sme", "small": "sme", "medium": "sme", "sme": "sme", "large": "large"}

#: status of a tender that came to nothing -> why
_FAILED = {"unsuccessful": "competition", "cancelled": None, "withdrawn": None}

#: columns that a package can give
GIVEN = (
    "case", "vendor", "vendor_kind", "department", "preparation", "tender", "contract", "deployed", "ended",
    "outcome", "reason",
)  # fmt: skip

_Release = Mapping[str, Any]


def read(text: str, file: str) -> Sheet:
    """The contracting processes of a release package, record package, list of releases, or JSON Lines.

    Raises:
        ImportFileError: it is no JSON, or no such package.
        InputError: releases must be merged and ``ocdsmerge`` is not installed.
    """
    data = _parsed(text, file)
    found, unusable = defaultdict[str, list[tuple[int, _Release]]](list), list[Problem]()
    for place, release, what in _releases(data, file):
        ocid = release.get("ocid") if isinstance(release, Mapping) else None
        if not (isinstance(ocid, str) and ocid):
            unusable.append(Problem(place, "", "ocid", "", Kind.UNUSABLE, f"{what} without an ocid"))
        elif set(release) <= {"ocid", "url", "date", "tag"}:
            told = "only links to what it says (url); import the package that it links to"
            unusable.append(Problem(place, ocid, "url", "", Kind.UNUSABLE, told))
        else:
            found[ocid].append((place, release))
    rows, wrong = list[Row](), list[Problem]()
    for ocid, releases in found.items():
        row, faults = _row(ocid, releases)
        rows += [row] if row else []
        wrong += faults
    return Sheet(file, GIVEN, tuple(rows), tuple(_absent()), (*unusable, *wrong), _published(data))


def _published(data: Any) -> date | None:
    """The last day on which any of the packages was published."""
    parts = data if isinstance(data, list) else [data]
    found = (day(text) for part in parts if (text := _text(part, "publishedDate")))
    return max((each for each in found if each), default=None)


def _absent() -> Iterator[Problem]:
    told = "a package of the Open Contracting Data Standard does not say it"
    for name in ("channel", "submitted", "poc"):
        yield Problem(1, "", name, "", Kind.ABSENT, told)


# --- from text to releases ----------------------------------------------------------------------


def _parsed(text: str, file: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise ImportFileError(f"not valid JSON: {error.msg}", file=file, line=error.lineno) from None
    except RecursionError:
        raise ImportFileError("is nested too deeply", file=file) from None
    return [
        _parsed_line(line, number, file) for number, line in enumerate(text.splitlines(), 1) if line.strip()
    ]


def _parsed_line(line: str, number: int, file: str) -> Any:
    try:
        return json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        problem = "not valid JSON Lines: a line must hold one release or package"
        raise ImportFileError(problem, file=file, line=number) from None


def _releases(data: Any, file: str) -> Iterator[tuple[int, Any, str]]:
    """Place, release and what it is called, of everything in the file."""
    place, parts = 0, data if isinstance(data, list) else [data]
    for part in parts:
        if not isinstance(part, Mapping) or not {"releases", "records", "ocid"} & set(part):
            problem = "holds no OCDS releases or records (an object with 'releases', 'records' or 'ocid')"
            raise ImportFileError(problem, file=file)
        key = next((name for name in ("records", "releases") if "ocid" not in part and name in part), "")
        members = part[key] if key else [part]
        if not isinstance(members, list):
            raise ImportFileError("must be a list", file=file, key=key)
        for member in members:
            place += 1
            for release in _of_record(member):
                yield place, release, "a record" if key == "records" else "a release"


def _of_record(member: Any) -> list[Any]:
    """The releases of a record, the compiled one alone where there is one; a release as it is."""
    if not isinstance(member, Mapping):
        return [member]
    if isinstance(member.get("compiledRelease"), Mapping):
        return [{"ocid": member.get("ocid"), **member["compiledRelease"]}]
    releases = member.get("releases")
    if isinstance(releases, list) and releases:
        named = member.get("ocid")
        return [{"ocid": named, **each} if isinstance(each, Mapping) else each for each in releases]
    return [member]


# --- from releases to a row ---------------------------------------------------------------------


def _row(ocid: str, releases: Sequence[tuple[int, _Release]]) -> tuple[Row | None, list[Problem]]:
    place, every = releases[0][0], [release for _, release in releases]
    if len(every) == 1:
        return Row(place, _cells(ocid, every[0], every)), []
    if undated := next((where for where, each in releases if not isinstance(each.get("date"), str)), 0):
        told = "one of several releases has no date, so they cannot be put in order"
        return None, [Problem(undated, ocid, "date", "", Kind.UNUSABLE, told)]
    compiled = _compiled(every)
    if compiled is None:
        return None, [Problem(place, ocid, "", "", Kind.UNUSABLE, "its releases cannot be merged")]
    return Row(place, _cells(ocid, compiled, every)), []


def _compiled(releases: Sequence[_Release]) -> _Release | None:
    try:
        from ocdsmerge import Merger
        from ocdsmerge.exceptions import OCDSMergeError, OCDSMergeWarning
    except ImportError:
        raise InputError(f"to merge OCDS releases: {INSTALL}", key="import") from None
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OCDSMergeWarning)
        try:
            merged = Merger(merge_rules=_RULES).create_compiled_release([dict(each) for each in releases])
        except (OCDSMergeError, TypeError, AttributeError, KeyError):  # what is no release at all
            return None
    return merged if isinstance(merged, Mapping) else None


def _cells(ocid: str, compiled: _Release, releases: Sequence[_Release]) -> dict[str, str]:
    active = [each for each in _list(compiled, "awards") if _text(each, "status") in ("active", None)]
    supplier = next((each for award in active for each in _list(award, "suppliers")), {})
    signed = _first(_text(each, "dateSigned") for each in _list(compiled, "contracts"))
    begun = _text(compiled, "tender", "tenderPeriod", "startDate")
    host = _text(compiled, "tender", "procuringEntity", "name")
    cells = {
        "case": ocid,
        "vendor": _text(supplier, "id"),
        "vendor_kind": _scale(compiled, _text(supplier, "id")),
        "department": _text(compiled, "buyer", "name") or host,
        "preparation": _tagged(releases, "planning"),
        "tender": begun or _tagged(releases, "tender"),
        "contract": signed or _first(_text(each, "date") for each in active),
        "deployed": _delivered(compiled),
    }
    if not cells["contract"]:
        cells |= _failure(compiled, releases)
    return {name: cells[name] or "" for name in COLUMNS if cells.get(name)}


def _failure(compiled: _Release, releases: Sequence[_Release]) -> dict[str, str | None]:
    status = _text(compiled, "tender", "status")
    if status is None or status not in _FAILED:
        return {}
    said = _first(_text(each, "date") for each in releases if _text(each, "tender", "status") == status)
    if status == "unsuccessful":
        periods = ("awardPeriod", "tenderPeriod")
        planned = [_text(compiled, "tender", period, "endDate") for period in periods]
        said = next((each for each in planned if each), said)
    return {"outcome": "closed", "ended": said, "reason": _FAILED[status]}


def _delivered(compiled: _Release) -> str | None:
    milestones = [
        each
        for contract in _list(compiled, "contracts")
        for each in _list(contract.get("implementation"), "milestones")
        if _text(each, "type") == "delivery"
    ]
    dated = ((_text(each, "dateMet"), _text(each, "status")) for each in milestones)
    met = [when for when, status in dated if when and status == "met"]
    return max(met) if met and len(met) == len(milestones) else None


def _scale(compiled: _Release, supplier: str | None) -> str | None:
    party = next((each for each in _list(compiled, "parties") if _text(each, "id") == supplier), {})
    scale = _text(party, "details", "scale")
    return _SCALES.get(scale.casefold(), scale) if scale else None


def _tagged(releases: Sequence[_Release], tag: str) -> str | None:
    dated = (_text(each, "date") for each in releases if tag in _tags(each))
    return _first(dated)


def _tags(release: _Release) -> Sequence[Any]:
    tags = release.get("tag")
    return tags if isinstance(tags, list) else [tags]


def _first(texts: Iterator[str | None]) -> str | None:
    return min((each for each in texts if each), default=None)


def _list(data: Any, key: str) -> list[Mapping[str, Any]]:
    """The objects in a list of an object; nothing where there is none."""
    found = data.get(key) if isinstance(data, Mapping) else None
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _text(data: Any, *path: str) -> str | None:
    """The text at a path of keys, if there is one; a number is one too."""
    for key in path:
        data = data.get(key) if isinstance(data, Mapping) else None
    return (
        str(data)
        if isinstance(data, str | int) and not isinstance(data, bool) and str(data).strip()
        else None
    )

"""What a room takes home: a folder with its session, policies, results and report; and the way back.

::

    session.json        opens again with cityfunnel workshop
    policies/*.yaml     scenario files, for cityfunnel check, run and compare
    results/            the run store of the comparison, as cityfunnel compare --out writes it
    report.html         the report in one file, with what the room guessed
    README.txt          what all this is, in the language of the session

The folder is complete or it is not there: it is made beside its place and renamed.
"""

from __future__ import annotations

import io
import re
import shlex
import shutil
import unicodedata
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from experiments.workshop import archive, guesses, levers, record
from experiments.workshop import session as session_
from experiments.workshop.checks import Refused
from experiments.workshop.guesses import GUESSED
from experiments.workshop.policy import Policy, Shelf
from experiments.workshop.session import Session
from experiments.workshop.words import say
from sim.errors import OutputError

if TYPE_CHECKING:
    from experiments.report.elements import Block, Section
    from experiments.runner import Failure
    from experiments.workshop.crew import Harvest
    from experiments.workshop.rounds import Round
    from sim.parameters import Value

#: bytes of a zip that comes back: as it comes, and unpacked
PACKED, UNPACKED = 100_000_000, 400_000_000
#: files in it, and how many times smaller than its content a large one may be
FILES, RATIO = 2_000, 300

README, REPORT, POLICIES, RESULTS = "README.txt", "report.html", "policies", "results"

#: names that Windows gives to no file
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}

#: names that can stand in the charts of a run store: their font has Latin letters, and dollars begin formulas
_DRAWN = re.compile(r"[A-Za-z0-9][\w .,()+-]*", re.ASCII)

#: the date of every file in a zip, so that the same folder gives the same bytes
_DAY = (1980, 1, 1, 0, 0, 0)
_LARGE = 100_000


class Part(NamedTuple):
    """A policy that is compared.

    Attributes:
        id: ``base``, ``now``, or the id of one that was kept.
        name: its name in results and report.
        slug: the name of its file, without suffix.
        policy: what it is.
    """

    id: str
    name: str
    slug: str
    policy: Policy


def parts(session: Session) -> tuple[Part, ...]:
    """What is compared and taken home: the base first, then the policies with names, or else the one at hand.

    A policy that changes nothing of the base is no part of it.
    """
    start = session.policies[0].policy.base if session.policies else session.now.base
    base = Policy(start)
    asked = [(each.id, each.name, each.policy) for each in session.policies]
    if all(session.now != policy for *_, policy in asked):
        asked.append(("now", say(session.language, "take.now"), session.now))
    chosen = [each for each in asked if each[2] != base]
    names = _apart([start, *(name for _, name, _ in chosen)])
    slugs = _slugs([name for _, name, _ in chosen], {*session.uploads, start})
    rest = (
        Part(id_, name, slug, policy)
        for (id_, _, policy), name, slug in zip(chosen, names[1:], slugs, strict=True)
    )
    return (Part("base", start, start, base), *rest)


def _apart(names: Sequence[str]) -> list[str]:
    """Names of which no two are alike: a later one that is gets a number."""
    found: list[str] = []
    for name in names:
        found.append(_free(name, "{} ({})", found))
    return found


def _free(first: str, form: str, taken: Collection[str]) -> str:
    """A name that is not taken: the first, or that with a number."""
    numbered = (form.format(first, number) for number in count(2))
    return next(each for each in chain([first], numbered) if each not in taken)


def _slugs(names: Sequence[str], taken: set[str]) -> list[str]:
    """A file name for each name that every system can write, in small Latin letters; no two are alike."""
    found: list[str] = []
    for place, name in enumerate(names, 1):
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        stem = re.sub("[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")
        whole = sum(sign.isalnum() for sign in plain) == sum(sign.isalnum() for sign in name)
        first = stem if stem and whole and stem not in _DEVICES else f"policy-{place}"
        found.append(_free(first, "{}-{}", {*found, *taken}))
    return found


# --- the folder -----------------------------------------------------------------------------------


class _Haul(NamedTuple):
    """What is taken home: the session, what is compared in it, and what the runs gave by id."""

    session: Session
    compared: tuple[Part, ...]
    results: Mapping[str, Harvest]
    failures: Sequence[Failure]

    @property
    def seeds(self) -> list[int]:
        """Seeds that all policies have, in order."""
        found = [set(self.results[part.id].evidence.outcomes["seed"]) for part in self.compared]
        return sorted(map(int, set.intersection(*found))) if found else []


def save(
    session: Session,
    results: Mapping[str, Harvest],
    folder: Path,
    *,
    failures: Sequence[Failure] = (),
    figures: bool = True,
) -> Path:
    """Write the folder that a room takes home; one that was written there before gives way.

    Args:
        session: what the room has done.
        results: what the runs of each of :func:`parts` gave, by its id; without one for the base and one
            more there is no comparison to write.
        folder: where to.
        failures: of runs.
        figures: draw the charts of the run store as well, as ``cityfunnel compare --out`` does; they are left
            out where a name cannot be written in them (the report has charts of its own).

    Returns:
        The folder, absolute.

    Raises:
        OutputError: something else is in the way, or the disk is full or not to be written to.
    """
    from experiments.parts import writing
    from experiments.store import temporary

    haul = _Haul(session, _there(session, results), results, failures)
    place = folder.expanduser().resolve()
    with writing(place):
        if place.exists() and not _ours(place):
            raise OutputError("is not empty and holds no session; choose another folder", file=str(place))
        with temporary(place) as beside:
            made = beside / "made"
            made.mkdir()
            _fill(made, haul, figures)
            _move(made, place)
    return place


def _ours(place: Path) -> bool:
    return place.is_dir() and ((place / archive.NAME).is_file() or not any(place.iterdir()))


def _move(made: Path, place: Path) -> None:
    """Give a finished folder its place; if that fails, the one that was there comes back."""
    old = made.with_name("old")
    if place.exists():
        place.rename(old)
    try:
        made.rename(place)
    except OSError:
        if old.exists():
            old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _there(session: Session, results: Mapping[str, Harvest]) -> tuple[Part, ...]:
    """What there are results of; none where there is nothing to compare with."""
    found = tuple(part for part in parts(session) if part.id in results)
    return found if len(found) > 1 and found[0].id == "base" else ()


def _fill(folder: Path, haul: _Haul, figures: bool) -> None:
    session, seeds = haul.session, haul.seeds
    (folder / archive.NAME).write_bytes(record.written(session))
    _files(folder / POLICIES, session)
    if seeds:
        _compare(folder, haul, seeds, figures)
    text = _readme(session, haul.compared if seeds else (), len(seeds))
    (folder / README).write_text(text, encoding="utf-8-sig", newline="\r\n")


def _files(folder: Path, session: Session) -> None:
    """The scenario files: of every policy, and of what was uploaded, which they may extend."""
    folder.mkdir()
    for part in parts(session)[1:]:
        question = say(session.language, "take.question", name=part.name)
        text = part.policy.text(session.shelf, question, part.name)
        (folder / f"{part.slug}.yaml").write_text(text, encoding="utf-8")
    for name, text in session.uploads.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


# --- results and report ----------------------------------------------------------------------------


def _compare(folder: Path, haul: _Haul, seeds: Sequence[int], figures: bool) -> None:
    """Write ``results`` and ``report.html``."""
    from experiments import compare, posterior, report, store
    from experiments import results as stores
    from experiments.parts import put
    from experiments.report import page

    compared, session = haul.compared, haul.session
    whole = range(seeds[0], seeds[-1] + 1)
    evidence = compare.joined(
        [compare.named(haul.results[part.id].evidence, part.name, set(seeds)) for part in compared]
    )
    worlds = [part.policy.scenario(session.shelf, part.name) for part in compared]
    found = compare.compare(evidence, [part.name for part in compared], units=posterior.units(worlds, whole))
    about = stores.about(worlds, whole, haul.failures, command(session, compared, len(whole)))
    drawn = figures and all(_DRAWN.fullmatch(part.name) for part in compared)
    fill = partial(stores.fill_comparison, evidence=evidence, found=found, about=about, figures=drawn)
    store.write(store.Target(folder / RESULTS), fill)
    told = report.report(folder / RESULTS)
    title, sections = session.name or told.title, (*_sections(haul), *told.sections)
    put(folder / REPORT, page.html(replace(told, title=title, sections=sections)))


def command(session: Session, compared: Sequence[Part], runs: int) -> str:
    """The command that makes the results again, to be typed in the folder."""
    own = [f"{POLICIES}/{part.slug}.yaml" for part in compared[1:]]
    start = compared[0].slug
    base = f"{POLICIES}/{start}.yaml" if start in session.uploads else start
    return f"cityfunnel compare {shlex.join([base, *own])} -n {runs} --out again"


def _sections(haul: _Haul) -> tuple[Section, ...]:
    """What the room did, in its language, before what the comparison says."""
    from experiments.report.elements import Section

    session, language = haul.session, haul.session.language
    blocks = tuple(_changes(language, session.shelf, haul.compared))
    found = [Section("room-policies", say(language, "take.policies"), blocks, language)]
    rounds = [each for each in (*session.rounds, session.round) if each is not None and each.guesses]
    if rounds:
        told = tuple(block for each in rounds for block in _round(each, language, haul))
        found.append(Section("room-guesses", say(language, "take.guesses"), told, language))
    return tuple(found)


def _changes(language: str, shelf: Shelf, compared: Sequence[Part]) -> Iterator[Block]:
    """A table a policy: which lever, from what, to what."""
    from experiments.report.elements import Text, table

    base = compared[0].name
    yield Text(say(language, "take.policies_told", base=base, question=shelf.load(base).question))
    known = {lever["id"]: lever for family in levers.described(language) for lever in family["levers"]}
    heads = [say(language, f"take.{head}") for head in ("lever", "from", "to", "unit")]
    for part in compared[1:]:
        rows = [
            (
                known[lever]["name"],
                *(_value(known[lever], each, language) for each in ends),
                known[lever]["unit"],
            )
            for lever, *ends in session_.changed(part.policy, shelf)
        ]
        where = "" if part.policy.base == base else say(language, "take.starts", base=part.policy.base)
        yield table(f"{part.name}{where}", heads, rows)


def _value(lever: Mapping[str, Any], value: Value, language: str) -> str:
    """The setting of a lever in words."""
    if isinstance(value, bool):
        return say(language, "take.on" if value else "take.off")
    if isinstance(value, str):
        return next((each["name"] for each in lever["options"] if each["value"] == value), value)
    return f"{value:,g}"


def _round(asked: Round, language: str, haul: _Haul) -> Iterator[Block]:
    """One question: who guessed what, and what the simulated cities say where this policy was run."""
    from experiments.report.elements import Bullets, Item, table

    measure, whose = GUESSED[asked.measure], asked.title or say(language, "take.now")
    title = say(language, "take.asked", measure=measure.name(language), policy=whose)
    part = next((part for part in haul.compared if part.policy == asked.policy), None)
    if part is None:
        yield Bullets((Item(say(language, "take.no_result")),), title)
    else:
        judged = guesses.judged(haul.results[part.id], asked.measure, asked.guesses, language)
        yield Bullets(tuple(map(Item, judged["sentences"])), title)
    heads = (say(language, "take.who"), f"#{say(language, 'take.guess')}")
    rows = sorted(asked.guesses.items(), key=lambda pair: pair[1])
    yield table(say(language, "take.guessed", n=len(rows), unit=measure.unit(language)), heads, rows)


# --- the text that explains it ----------------------------------------------------------------------


def _readme(session: Session, compared: Sequence[Part], runs: int) -> str:
    """The text of ``README.txt``."""
    language = session.language
    title = session.name or say(language, "take.untitled")
    lines = [title, "=" * _width(title), "", say(language, "take.readme_what"), ""]
    lines += [f"  {archive.NAME:<16}{say(language, 'take.readme_session')}"]
    lines += [f"  {POLICIES + '/':<16}{say(language, 'take.readme_policies')}"]
    for part in parts(session)[1:]:
        lines.append(f"    {part.slug}.yaml: {part.name}")
    if compared:
        lines += [f"  {RESULTS + '/':<16}{say(language, 'take.readme_results')}"]
        lines += [f"  {REPORT:<16}{say(language, 'take.readme_report')}"]
    else:
        lines += ["", say(language, "take.readme_none")]
    lines += ["", say(language, "take.readme_open"), "", "  cityfunnel workshop .", ""]
    if compared:
        lines += [say(language, "take.readme_again"), "", f"  {command(session, compared, runs)}", ""]
        lines += [say(language, "take.readme_verify"), "", f"  cityfunnel verify {RESULTS}", ""]
    return "\n".join(lines)


def _width(text: str) -> int:
    """The columns that a text fills where letters of one width are set: Chinese signs fill two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


# --- as one file, and back ----------------------------------------------------------------------------


def packed(folder: Path) -> bytes:
    """The folder as a zip with one folder in it: the same bytes for the same content.

    Raises:
        OutputError: a file cannot be read.
    """
    from experiments.parts import writing

    made = io.BytesIO()
    with writing(folder), zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as zipped:
        for file in sorted(folder.rglob("*"), key=lambda file: file.relative_to(folder).as_posix()):
            if file.is_file() and not file.is_symlink():
                info = zipfile.ZipInfo(f"{folder.name}/{file.relative_to(folder).as_posix()}", _DAY)
                info.compress_type, info.external_attr, info.create_system = (
                    zipfile.ZIP_DEFLATED,
                    0o644 << 16,
                    3,
                )
                zipped.writestr(info, file.read_bytes())
    return made.getvalue()


def reopened(source: bytes | Path) -> Session:
    """The session in what a room took home: the folder, its zip, or ``session.json`` alone.

    Nothing is unpacked onto the disk, and nothing but the session is read. It has the id that it had; in an
    archive it gets one of its own.

    Raises:
        Refused: it is none of these, too large, or not as it was written.
        ScenarioError: an uploaded file in it is not valid.
    """
    if isinstance(source, Path):
        source = archive.content(source / archive.NAME if source.is_dir() else source, PACKED)
    if len(source) > PACKED:
        raise Refused("file_large", most=f"{PACKED / 1e6:g}")
    return record.read(_unpacked(source) if source[:2] == b"PK" else source)


def _unpacked(content: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as zipped:
            found = _session_in(zipped.infolist())
            with zipped.open(found) as stream:
                return stream.read(record.LARGEST + 1)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, OSError):
        raise Refused("zip_broken") from None


def _session_in(entries: Sequence[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    """The one file of a session in a zip, after all that it lists was looked at."""
    if len(entries) > FILES or sum(entry.file_size for entry in entries) > UNPACKED:
        raise Refused("zip_large", most=f"{UNPACKED / 1e6:g}")
    for entry in entries:
        _refuse_tricks(entry)
    found = [
        entry for entry in entries if re.fullmatch(rf"([^/]+/)?{re.escape(archive.NAME)}", entry.filename)
    ]
    if len(found) != 1:
        raise Refused("zip_without")
    if found[0].file_size > record.LARGEST:
        raise Refused("file_large", most=f"{record.LARGEST / 1e6:g}")
    return found[0]


def _refuse_tricks(entry: zipfile.ZipInfo) -> None:
    """Refuse names that lead elsewhere, and content that would grow out of all measure."""
    name = entry.orig_filename
    steps = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in steps or ":" in name or "\0" in name:
        raise Refused("zip_names")
    if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused("zip_broken")
    if entry.file_size > _LARGE and entry.file_size > RATIO * max(1, entry.compress_size):
        raise Refused("zip_large", most=f"{UNPACKED / 1e6:g}")

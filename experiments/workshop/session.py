"""What a room has chosen so far: a frozen state, and every action that makes the next one.

An action is a mapping with a ``kind`` and its fields. It is checked as a whole before anything changes; what
is refused leaves the state as it was. Each action that is taken makes the version grow by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from inspect import signature
from typing import Any

from experiments.workshop import checks
from experiments.workshop.checks import Key, Refused
from experiments.workshop.levers import LEVERS, Lever
from experiments.workshop.policy import UPLOADS, Policy, Shelf, values
from experiments.workshop.rounds import Round
from experiments.workshop.words import LANGUAGES
from sim.errors import InputError
from sim.parameters import Value

#: of how much there may be
POLICIES, ROUNDS, UNDO = 4, 50, 200
#: runs of one policy: at least, at most, and unless somebody says otherwise
FEWEST, MOST, RUNS = 20, 200, 60
#: letters of an uploaded file, and bytes of all together: strict YAML is read slowly
LETTERS, UPLOADED = 100_000, 500_000

#: what a session's id looks like
ID = re.compile(r"[a-z0-9]{12}", re.ASCII)

#: the id of a policy with a name
_KEPT = re.compile(r"p[1-9][0-9]{0,5}", re.ASCII)

#: how an uploaded file may be called: it is written out under this name
_FILE = re.compile(r"\w[\w-]{0,59}")


@dataclass(frozen=True, slots=True)
class Kept:
    """A policy that was given a name.

    Raises:
        Refused: the id or the name is none.
    """

    id: str
    name: str
    policy: Policy

    def __post_init__(self) -> None:
        if not _KEPT.fullmatch(checks.text(self.id, 10)):
            raise Refused("policy")
        checks.name(self.name)


@dataclass(frozen=True, slots=True)
class Session:
    """What a room has done.

    Attributes:
        id: 12 small letters and digits.
        now: the policy that is being worked on.
        language: of what is written out for the room.
        name: of the session; empty until it is given one.
        version: the number of actions so far, and one.
        runs: of each policy.
        before, after: the policies that undo and redo lead to, the nearest last.
        policies: those that were given names.
        made: how many were ever given one; an id is never used again.
        round: the question that is open or just revealed.
        rounds: those that are over.
        uploads: texts of uploaded scenario files by name.
        shelf: where scenarios are found; it holds the uploads and what was loaded already.

    Raises:
        Refused: a part of it is not what it must be.
    """

    id: str
    now: Policy
    language: str = "en"
    name: str = ""
    version: int = 1
    runs: int = RUNS
    before: tuple[Policy, ...] = ()
    after: tuple[Policy, ...] = ()
    policies: tuple[Kept, ...] = ()
    made: int = 0
    round: Round | None = None
    rounds: tuple[Round, ...] = ()
    uploads: Mapping[str, str] = field(default_factory=dict)
    shelf: Shelf = field(default_factory=Shelf, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not ID.fullmatch(checks.text(self.id, 100)):
            raise Refused("id")
        if self.language not in LANGUAGES:
            raise Refused("language")
        if self.name:
            checks.name(self.name)
        checks.whole(self.version, 1, 1_000_000_000)
        checks.whole(self.runs, FEWEST, MOST)
        checks.whole(self.made, len(self.policies), 1_000_000)
        _bounded(self)

    @classmethod
    def new(cls, id: str, base: str, language: str = "en") -> Session:  # noqa: A002
        """A session that begins with a scenario as it is.

        Args:
            id: 12 small letters and digits.
            base: name of the scenario.
            language: one of the page's.

        Raises:
            Refused: one of these is none.
        """
        shelf = Shelf()
        return cls(id, Policy(_base(base, shelf)), checks.text(language, 20), shelf=shelf)

    def apply(self, action: object) -> Session:
        """The session after an action.

        Args:
            action: a mapping with ``kind`` and the fields of that kind.

        Raises:
            Refused: there is no such action, or it cannot be done; ``key`` and ``values`` say why.
            ScenarioError: an uploaded file is not valid.
        """
        if not isinstance(action, Mapping) or not isinstance(action.get("kind"), str):
            raise Refused("action")
        kind = action["kind"]
        if kind not in ACTIONS:
            raise Refused("action")
        given = _MAY[kind] & set(action)
        fields = {**checks.keys(action, _FIELDS[kind] | {"kind"} | given)}
        del fields["kind"]
        return replace(ACTIONS[kind](self, **fields), version=self.version + 1)

    def policy(self, which: object) -> Policy:
        """The policy ``now``, ``base`` (where it starts from), or one that was kept, by its id.

        Raises:
            Refused: there is no such policy.
        """
        if which == "now":
            return self.now
        return Policy(self.now.base) if which == "base" else kept(self, which).policy

    def public(self) -> dict[str, Any]:
        """What the page sees, as plain data."""
        start = values(self.shelf, self.now.base)
        return {
            "id": self.id,
            "version": self.version,
            "name": self.name,
            "language": self.language,
            "base": self.now.base,
            "question": self.shelf.load(self.now.base).question,
            "values": dict(start),
            "settings": dict(self.now.settings),
            "changed": list(_changed(self.now, start)),
            "can_undo": bool(self.before),
            "can_redo": bool(self.after),
            "policies": [_shown(each, self.shelf) for each in self.policies],
            "compared": [each.id for each in self.policies],
            "round": None if self.round is None else self.round.public(),
            "rounds": [each.public() for each in self.rounds],
            "uploads": list(self.uploads),
            "runs": self.runs,
        }


def _bounded(session: Session) -> None:
    """Refuse more of anything than there may be, and names or ids that two policies share."""
    for what, number, most in (
        ("policies", len(session.policies), POLICIES),
        ("rounds", len(session.rounds), ROUNDS),
        ("uploads", len(session.uploads), UPLOADS),
        ("history", max(len(session.before), len(session.after)), UNDO),
    ):
        if number > most:
            raise Refused(f"{what}_full", most=most)
    if sum(len(text.encode("utf-8", "replace")) for text in session.uploads.values()) > UPLOADED:
        raise Refused("uploads_large", most=f"{UPLOADED / 1e6:g}")
    for shared in (
        [each.id for each in session.policies],
        [each.name.casefold() for each in session.policies],
    ):
        if len(set(shared)) < len(shared):
            raise Refused("taken")


def changed(policy: Policy, shelf: Shelf) -> list[tuple[str, Value, Value]]:
    """(lever, value at the start, value now) of everything in which a policy differs from its start."""
    start = values(shelf, policy.base)
    return [(lever, start[lever], policy.settings[lever]) for lever in _changed(policy, start)]


def _changed(policy: Policy, start: Mapping[str, Value]) -> list[str]:
    """Levers in the order of the page."""
    return [lever for lever in LEVERS if lever in policy.settings and policy.settings[lever] != start[lever]]


def _shown(each: Kept, shelf: Shelf) -> dict[str, Any]:
    return {
        "id": each.id,
        "name": each.name,
        **each.policy.plain(),
        "differences": [
            {"lever": lever, "from": old, "to": new} for lever, old, new in changed(each.policy, shelf)
        ],
    }


# --- checks that need the levers and the scenarios -----------------------------------------------


def setting(lever: object, value: object) -> Value:
    """A value that a lever can have, of the type of its number.

    Raises:
        Refused: there is no such lever, or it cannot have that value.
    """
    known, ends = _lever(lever), {}
    if known.kind == "slider":
        ends = {"low": f"{known.low:g}", "high": f"{known.high:g}"}
    try:
        return known.checked(checks.number(value, known.low, known.high) if ends else value)
    except InputError:
        raise Refused(known.kind, what=_called(known), **ends) from None


def _lever(lever: object) -> Lever:
    known = LEVERS.get(lever) if isinstance(lever, str) else None
    if known is None:
        raise Refused("lever")
    return known


def _called(lever: Lever) -> Key:
    return Key(f"lever.{lever.key}_name")


def possible(policy: Policy, shelf: Shelf) -> Policy:
    """The policy, if a scenario can be made of it.

    Raises:
        Refused: a policy of its start decides about one of the levers itself.
    """
    try:
        policy.scenario(shelf)
    except InputError as error:
        lever = LEVERS.get(error.key or "")
        if lever is None:
            raise
        raise Refused("decided", what=_called(lever)) from None
    return policy


def kept(session: Session, which: object) -> Kept:
    """The policy of a session with that id.

    Raises:
        Refused: there is none.
    """
    found = next((each for each in session.policies if each.id == which), None)
    if found is None:
        raise Refused("policy")
    return found


def _base(name: object, shelf: Shelf) -> str:
    if not isinstance(name, str) or name not in shelf.names():
        raise Refused("base")
    return name


def _free(session: Session, name: object, but: Kept | None = None) -> str:
    """A name that no other policy has."""
    said = checks.name(name)
    if any(each is not but and each.name.casefold() == said.casefold() for each in session.policies):
        raise Refused("taken")
    return said


# --- the policy that is being worked on -----------------------------------------------------------


def _moved(session: Session, policy: Policy) -> Session:
    """The session with another policy; what was is kept for undo, the oldest falls off."""
    if policy == session.now:
        return session
    return replace(session, now=policy, before=(*session.before, session.now)[-UNDO:], after=())


def _start(session: Session, base: object) -> Session:
    return _moved(session, Policy(_base(base, session.shelf)))


def _set(session: Session, lever: object, value: object, more: object = False) -> Session:
    """A setting; ``more`` goes on with a movement of the same lever, and undo takes both back at once."""
    path, new = _lever(lever).id, setting(lever, value)
    if not isinstance(more, bool):
        raise Refused("action")
    rest = _but(session.now, path)
    if new != values(session.shelf, session.now.base)[path]:
        rest[path] = new
    policy = possible(Policy(session.now.base, rest), session.shelf)
    return _moved(_begun(session, path) if more else session, policy)


def _begun(session: Session, path: str) -> Session:
    """The session before its last step, where that step moved this lever and nothing else."""
    if not session.before or session.after:
        return session
    *before, last = session.before
    if last.base != session.now.base or _but(last, path) != _but(session.now, path):
        return session
    return replace(session, now=last, before=tuple(before))


def _but(policy: Policy, path: str) -> dict[str, Value]:
    return {each: value for each, value in policy.settings.items() if each != path}


def _unset(session: Session, lever: object) -> Session:
    return _moved(session, Policy(session.now.base, _but(session.now, _lever(lever).id)))


def _reset(session: Session) -> Session:
    return _moved(session, Policy(session.now.base))


def _undo(session: Session) -> Session:
    if not session.before:
        raise Refused("undo")
    *before, now = session.before
    return replace(session, now=now, before=tuple(before), after=(*session.after, session.now)[-UNDO:])


def _redo(session: Session) -> Session:
    if not session.after:
        raise Refused("redo")
    *after, now = session.after
    return replace(session, now=now, before=(*session.before, session.now)[-UNDO:], after=tuple(after))


def _load(session: Session, policy: object) -> Session:
    return _moved(session, kept(session, policy).policy)


# --- policies with names ---------------------------------------------------------------------------


def _keep(session: Session, name: object) -> Session:
    new = Kept(f"p{session.made + 1}", _free(session, name), session.now)
    if len(session.policies) >= POLICIES:
        raise Refused("policies_full", most=POLICIES)
    return replace(session, policies=(*session.policies, new), made=session.made + 1)


def _rename(session: Session, policy: object, name: object) -> Session:
    old = kept(session, policy)
    new = replace(old, name=_free(session, name, but=old))
    return replace(session, policies=tuple(new if each is old else each for each in session.policies))


def _drop(session: Session, policy: object) -> Session:
    old = kept(session, policy)
    return replace(session, policies=tuple(each for each in session.policies if each is not old))


# --- the session itself ----------------------------------------------------------------------------


def _name(session: Session, name: object) -> Session:
    return replace(session, name=checks.name(name))


def _language(session: Session, language: object) -> Session:
    if not isinstance(language, str):
        raise Refused("language")
    return replace(session, language=language)


def _runs(session: Session, runs: object) -> Session:
    return replace(session, runs=checks.whole(runs, FEWEST, MOST))


def _upload(session: Session, name: object, text: object) -> Session:
    said, content = uploaded(name, text)
    if said in session.shelf.names():
        raise Refused("taken")
    shelf = copy(session.shelf)
    after = replace(session, uploads={**session.uploads, said: content}, shelf=shelf)
    shelf.add(said, content)
    return after


def uploaded(name: object, text: object) -> tuple[str, str]:
    """The name and the text of a scenario file, without the file's suffix.

    Raises:
        Refused: it is no name of a file that can be written everywhere, or no text.
    """
    said = checks.name(name).removesuffix(".yaml").removesuffix(".yml")
    if not _FILE.fullmatch(said):
        raise Refused("file_name")
    return said, checks.text(text, LETTERS)


# --- guessing --------------------------------------------------------------------------------------


def _ask(session: Session, measure: object, policy: object) -> Session:
    if session.round is not None:
        raise Refused("round_open")
    if len(session.rounds) >= ROUNDS:
        raise Refused("rounds_full", most=ROUNDS)
    titles = {"now": "", "base": session.now.base, **{each.id: each.name for each in session.policies}}
    asked = session.policy(policy)
    title = titles[str(policy)]
    return replace(session, round=Round(1 + _last(session), checks.text(measure, 100), asked, title))


def _last(session: Session) -> int:
    return max((each.id for each in session.rounds), default=0)


def _asked(session: Session) -> Round:
    if session.round is None:
        raise Refused("no_round")
    return session.round


def _guess(session: Session, who: object, value: object) -> Session:
    return replace(session, round=_asked(session).guessed(who, value))


def _unguess(session: Session, who: object) -> Session:
    return replace(session, round=_asked(session).without(who))


def _reveal(session: Session) -> Session:
    return replace(session, round=_asked(session).revealed())


def _close(session: Session) -> Session:
    over = replace(_asked(session), state="closed")
    rounds = (*session.rounds, over) if over.guesses else session.rounds
    return replace(session, round=None, rounds=rounds)


#: everything that can be done, by kind
ACTIONS: dict[str, Callable[..., Session]] = {
    "start": _start,
    "set": _set,
    "unset": _unset,
    "undo": _undo,
    "redo": _redo,
    "reset": _reset,
    "load": _load,
    "keep": _keep,
    "rename": _rename,
    "drop": _drop,
    "name": _name,
    "language": _language,
    "runs": _runs,
    "upload": _upload,
    "ask": _ask,
    "guess": _guess,
    "unguess": _unguess,
    "reveal": _reveal,
    "close": _close,
}

_PLACES = {kind: list(signature(function).parameters.values())[1:] for kind, function in ACTIONS.items()}
#: the fields that each of them needs, and those that it may have
_FIELDS = {kind: frozenset(p.name for p in some if p.default is p.empty) for kind, some in _PLACES.items()}
_MAY = {kind: frozenset(p.name for p in some if p.default is not p.empty) for kind, some in _PLACES.items()}

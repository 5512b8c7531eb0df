"""A session as JSON, and back: whatever is not as an action could have made it is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from experiments.workshop import checks
from experiments.workshop.checks import Refused
from experiments.workshop.policy import UPLOADS, Policy, Shelf
from experiments.workshop.rounds import Round
from experiments.workshop.session import UNDO, Kept, Session, possible, setting, uploaded

KIND = "cityfunnel workshop session"
FORMAT = 1
#: the largest file, in bytes
LARGEST = 8_000_000

_KEYS = frozenset(
    {"kind", "format", "id", "version", "name", "language", "runs", "now", "before", "after", "policies"}
    | {"made", "round", "rounds", "uploads"}
)

_T = TypeVar("_T")


def written(session: Session) -> bytes:
    """A session as UTF-8 JSON: the same bytes for the same session."""
    content = {
        "kind": KIND,
        "format": FORMAT,
        "id": session.id,
        "version": session.version,
        "name": session.name,
        "language": session.language,
        "runs": session.runs,
        "now": session.now.plain(),
        "before": [each.plain() for each in session.before],
        "after": [each.plain() for each in session.after],
        "policies": [{"id": each.id, "name": each.name, **each.policy.plain()} for each in session.policies],
        "made": session.made,
        "round": None if session.round is None else _round_data(session.round),
        "rounds": [_round_data(each) for each in session.rounds],
        "uploads": dict(session.uploads),
    }
    return f"{json.dumps(content, ensure_ascii=False, allow_nan=False)}\n".encode("utf-8", "strict")


def _round_data(asked: Round) -> dict[str, Any]:
    return {
        "id": asked.id,
        "measure": asked.measure,
        "policy": asked.policy.plain(),
        "title": asked.title,
        "guesses": dict(asked.guesses),
        "state": asked.state,
    }


def read(content: bytes) -> Session:
    """The session that :func:`written` wrote.

    Raises:
        Refused: it is no such file, or something in it could not have come from actions.
        ScenarioError: an uploaded file in it is not valid.
    """
    if len(content) > LARGEST:
        raise Refused("file_large", most=f"{LARGEST / 1e6:g}")
    data = _loaded(content)
    if data.get("kind") != KIND:
        raise Refused("file_other")
    if data.get("format") != FORMAT:
        raise Refused("file_format")
    return _session(checks.keys(data, _KEYS))


def brief(content: bytes) -> tuple[str, str, int]:
    """Name, base and version of a session, for a list: the rest is not looked at.

    Raises:
        Refused: it is no file of a session.
    """
    data = _loaded(content)
    now = data.get("now")
    if data.get("kind") != KIND or not isinstance(now, dict):
        raise Refused("file_other")
    base, version = checks.text(now.get("base"), 100), checks.whole(data.get("version"), 1, 1_000_000_000)
    return _name(data.get("name")), base, version


def ours(content: bytes) -> bool:
    """Whether it is the file of a session at all, and whole."""
    try:
        return _loaded(content).get("kind") == KIND
    except Refused:
        return False


def _loaded(content: bytes) -> Mapping[str, Any]:
    try:
        data = json.loads(content.decode("utf-8-sig"), parse_constant=_no_constant, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise Refused("file_broken") from None
    if not isinstance(data, dict):
        raise Refused("file_other")
    return data


def _no_constant(word: str) -> float:
    raise ValueError(word)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice")
    return found


def _session(data: Mapping[str, Any]) -> Session:
    uploads = _uploads(data["uploads"])
    known = Shelf(uploads)
    return Session(
        id=checks.text(data["id"], 12),
        now=possible(_policy(data["now"], known), known),
        language=checks.text(data["language"], 20),
        name=_name(data["name"]),
        version=checks.whole(data["version"], 1, 1_000_000_000),
        runs=checks.whole(data["runs"], 1, 1_000_000),
        before=_list(data["before"], UNDO, lambda each: _policy(each, known)),
        after=_list(data["after"], UNDO, lambda each: _policy(each, known)),
        policies=_list(data["policies"], 100, lambda each: _kept(each, known)),
        made=checks.whole(data["made"], 0, 1_000_000),
        round=None if data["round"] is None else _round(data["round"], known),
        rounds=_list(data["rounds"], 100, lambda each: _over(each, known)),
        uploads=uploads,
        shelf=known,
    )


def _list(data: object, most: int, one: Callable[[Any], _T]) -> tuple[_T, ...]:
    if not isinstance(data, list) or len(data) > most:
        raise Refused("file_forged")
    return tuple(map(one, data))


def _name(value: object) -> str:
    """A name that may be empty, and that is as an action would have kept it."""
    if value == "":
        return ""
    said = checks.name(value)
    if said != value:
        raise Refused("name_signs")
    return said


def _policy(data: object, known: Shelf) -> Policy:
    fields = checks.keys(data, frozenset({"base", "settings"}))
    if not isinstance(fields["base"], str) or fields["base"] not in known.names():
        raise Refused("base")
    if not isinstance(fields["settings"], dict):
        raise Refused("no_mapping")
    return Policy(
        fields["base"], {lever: setting(lever, value) for lever, value in fields["settings"].items()}
    )


def _kept(data: object, known: Shelf) -> Kept:
    fields = checks.keys(data, frozenset({"id", "name", "base", "settings"}))
    policy = _policy({key: fields[key] for key in ("base", "settings")}, known)
    return Kept(fields["id"], _name(fields["name"]), possible(policy, known))


def _round(data: object, known: Shelf) -> Round:
    fields = checks.keys(data, frozenset({"id", "measure", "policy", "title", "guesses", "state"}))
    if not isinstance(fields["guesses"], dict):
        raise Refused("no_mapping")
    guesses = {_name(who): value for who, value in fields["guesses"].items()}
    policy, title = _policy(fields["policy"], known), _name(fields["title"])
    state = checks.text(fields["state"], 20)
    return Round(fields["id"], fields["measure"], policy, title, guesses, state)  # type: ignore[arg-type]


def _over(data: object, known: Shelf) -> Round:
    found = _round(data, known)
    if found.state != "closed":
        raise Refused("round_state")
    return found


def _uploads(data: object) -> dict[str, str]:
    if not isinstance(data, dict) or len(data) > UPLOADS:
        raise Refused("file_forged")
    found = dict(uploaded(name, text) for name, text in data.items())
    if list(found) != list(data):
        raise Refused("file_name")
    return found

"""What a room has done: actions, what they keep true, and what is refused."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.workshop import checks, record, rounds, session, words
from experiments.workshop.checks import Refused
from experiments.workshop.guesses import GUESSED
from experiments.workshop.levers import LEVERS
from experiments.workshop.policy import Policy, values
from experiments.workshop.rounds import Round
from experiments.workshop.session import ACTIONS, POLICIES, UNDO, Kept, Session
from sim.errors import InputError

BASES = ("taipei_stage1", "taipei_stage1_bottom_up")
MEASURE = next(iter(GUESSED))
MINE = "question: Ours?\nextends: taipei_stage1\nset: {pmo.staff: 11}\n"


@cache
def fresh() -> Session:
    return Session.new("abcdefghij12", "taipei_stage1")


def after(*actions: Mapping[str, Any], start: Session | None = None) -> Session:
    found = start or fresh()
    for action in actions:
        found = found.apply(action)
    return found


def setting(lever: str, value: object) -> dict[str, Any]:
    return {"kind": "set", "lever": lever, "value": value}


def key(action: object, start: Session | None = None) -> str:
    """The key of the text by which an action is refused, after it left the session as it was."""
    begun = start or fresh()
    before = record.written(begun)
    with pytest.raises(Refused) as caught:
        begun.apply(action)
    assert record.written(begun) == before
    assert str(caught.value) == caught.value.told("en") != caught.value.told("zh-Hant")
    return str(caught.value.key).removeprefix("refused.")


# --- what always holds ---------------------------------------------------------------------------


def slid(lever: str) -> st.SearchStrategy[Any]:
    known = LEVERS[lever]
    if known.kind == "switch":
        return st.booleans()
    if known.kind == "choice":
        return st.sampled_from(known.options)
    if float(known.step).is_integer():
        return st.integers(int(known.low), int(known.high))
    return st.floats(known.low, known.high)


names = st.text(min_size=1, max_size=80)
guess = st.floats(GUESSED[MEASURE].low, GUESSED[MEASURE].high)
which = st.sampled_from(["now", "base", "p1", "p2", "p3"])
actions: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.sampled_from(sorted(LEVERS)).flatmap(lambda lever: st.builds(setting, st.just(lever), slid(lever))),
    st.sampled_from(sorted(LEVERS)).flatmap(
        lambda lever: st.builds(lambda value: {**setting(lever, value), "more": True}, slid(lever))
    ),
    st.fixed_dictionaries({"kind": st.just("unset"), "lever": st.sampled_from(sorted(LEVERS))}),
    st.sampled_from([{"kind": kind} for kind in ("undo", "redo", "reset", "reveal", "close")]),
    st.fixed_dictionaries({"kind": st.just("start"), "base": st.sampled_from(BASES)}),
    st.fixed_dictionaries({"kind": st.sampled_from(["keep", "name"]), "name": names}),
    st.fixed_dictionaries({"kind": st.just("rename"), "policy": which, "name": names}),
    st.fixed_dictionaries({"kind": st.sampled_from(["drop", "load"]), "policy": which}),
    st.fixed_dictionaries(
        {"kind": st.just("ask"), "measure": st.sampled_from(sorted(GUESSED)), "policy": which}
    ),
    st.fixed_dictionaries({"kind": st.just("guess"), "who": names, "value": guess}),
    st.fixed_dictionaries({"kind": st.just("unguess"), "who": names}),
    st.fixed_dictionaries({"kind": st.just("runs"), "runs": st.integers(20, 200)}),
)


def holds(found: Session, before: Session) -> None:
    assert found.version == before.version + 1
    if found.before:
        again = after({"kind": "undo"}, {"kind": "redo"}, start=found)
        assert replace(again, version=found.version) == found
    public = found.public()
    start = values(found.shelf, found.now.base)
    assert public["changed"] == [
        lever for lever in LEVERS if found.now.settings.get(lever, start[lever]) != start[lever]
    ]
    assert set(public["changed"]) == set(found.now.settings)
    assert json.loads(json.dumps(public, allow_nan=False)) == public
    read = record.read(record.written(found))
    assert read == found
    assert record.written(read) == record.written(found)


@given(st.lists(actions, max_size=12))
@settings(max_examples=30, deadline=None)
def test_any_actions_keep_a_session_whole(asked: list[dict[str, Any]]) -> None:
    found = fresh()
    for action in asked:
        try:
            done = found.apply(action)
        except Refused:
            continue
        holds(done, found)
        found = done


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2),
    max_leaves=4,
)


@given(st.sampled_from(sorted(ACTIONS)), st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_is_sent_is_done_or_refused_and_never_breaks(kind: str, data: st.DataObject) -> None:
    fields = {field: data.draw(anything) for field in session._FIELDS[kind] | session._MAY[kind]}
    begun = after({"kind": "keep", "name": "A"}, {"kind": "ask", "measure": MEASURE, "policy": "p1"})
    before = record.written(begun)
    try:
        done = begun.apply({"kind": kind, **fields})
    except InputError:
        assert record.written(begun) == before
    else:
        assert record.read(record.written(done)) == done


@given(anything)
def test_what_is_no_action_is_refused(action: object) -> None:
    with pytest.raises(Refused):
        fresh().apply(action)


# --- the policy ------------------------------------------------------------------------------------


def test_a_setting_equal_to_the_start_counts_as_none() -> None:
    staff = values(fresh().shelf, "taipei_stage1")["pmo.staff"]
    moved = after(setting("pmo.staff", 30))
    assert moved.now.settings == {"pmo.staff": 30}
    assert moved.public()["changed"] == ["pmo.staff"]
    back = after(setting("pmo.staff", staff), start=moved)
    assert back.now == fresh().now
    assert len(back.before) == 2


def test_a_whole_number_stays_one_even_if_it_comes_as_a_float() -> None:
    value = after(setting("pmo.staff", 30.0)).now.settings["pmo.staff"]
    assert (value, type(value)) == (30, int)


def test_undo_goes_back_over_a_new_start_and_a_reset() -> None:
    moved = after(setting("pmo.staff", 30), {"kind": "reset"}, {"kind": "start", "base": BASES[1]})
    assert moved.now == Policy(BASES[1])
    back = after({"kind": "undo"}, {"kind": "undo"}, start=moved)
    assert back.now.settings == {"pmo.staff": 30}
    assert back.public()["can_redo"]
    assert not after(setting("pmo.staff", 12), start=back).after


def dragged(lever: str, value: object) -> dict[str, Any]:
    return {**setting(lever, value), "more": True}


@given(st.lists(st.integers(0, 60), min_size=1, max_size=6))
@settings(max_examples=20, deadline=None)
def test_one_movement_is_undone_at_once(way: list[int]) -> None:
    begun = after(setting("pmo.autonomy", 0.9), setting("pmo.staff", 31))
    moved = after(setting("pmo.staff", 30), *(dragged("pmo.staff", value) for value in way), start=begun)
    assert moved.now.settings.get("pmo.staff", 20) == way[-1]
    if way[-1] == 31:
        assert moved.before == begun.before
    else:
        assert after({"kind": "undo"}, start=moved).now == begun.now
    assert moved.version == begun.version + 1 + len(way)


def test_a_movement_takes_nothing_else_back() -> None:
    other = after(setting("pmo.staff", 30), setting("pmo.autonomy", 0.9), dragged("pmo.staff", 40))
    assert len(other.before) == 3
    undone = after(setting("pmo.staff", 30), setting("pmo.staff", 31), {"kind": "undo"})
    assert after(dragged("pmo.staff", 40), {"kind": "undo"}, start=undone).now == undone.now
    elsewhere = after(setting("pmo.staff", 30), {"kind": "start", "base": BASES[1]})
    assert len(after(dragged("pmo.staff", 40), start=elsewhere).before) == 3
    assert after(dragged("pmo.staff", 30)).before == (fresh().now,)
    assert key({**setting("pmo.staff", 30), "more": "yes"}) == "action"
    assert key({"kind": "undo", "more": True}) == "strange"


def test_what_changes_nothing_cannot_be_undone() -> None:
    same = after({"kind": "reset"})
    assert (same.version, same.before) == (2, ())


def test_history_is_bounded_and_the_oldest_falls_off() -> None:
    moved = after(*(setting("pmo.staff", 30 + each % 2) for each in range(UNDO + 5)))
    assert len(moved.before) == UNDO
    assert key({"kind": "undo"}) == "undo"
    assert key({"kind": "redo"}) == "redo"


@pytest.mark.parametrize(
    ("lever", "value", "why"),
    [
        ("pmo.staff", nan, "slider"),
        ("pmo.staff", inf, "slider"),
        ("pmo.staff", 10**400, "slider"),
        ("pmo.staff", True, "slider"),
        ("pmo.staff", "30", "slider"),
        ("pmo.staff", 30.5, "slider"),
        ("pmo.staff", -1, "slider"),
        ("pmo.staff", 61, "slider"),
        ("pmo.autonomy", 1.01, "slider"),
        ("pmo.exists", 1, "switch"),
        ("pmo.exists", None, "switch"),
        ("policy:all_hands", "yes", "switch"),
        ("procurement.rule", "lottery", "choice"),
        ("procurement.rule", ["x"], "choice"),
        ("pmo.nothing", 1, "lever"),
        ("__class__", 1, "lever"),
        (["pmo.staff"], 1, "lever"),
    ],
)
def test_a_wrong_setting_is_refused_in_words(lever: Any, value: object, why: str) -> None:
    assert key(setting(lever, value)) == why


def test_a_refusal_names_the_lever_in_the_language_of_the_reader() -> None:
    with pytest.raises(Refused) as caught:
        fresh().apply(setting("pmo.staff", 61))
    for language in ("en", "zh-Hant"):
        assert words.say(language, "lever.pmo_staff_name") in caught.value.told(language)
        assert "60" in caught.value.told(language)


def test_fields_are_exact() -> None:
    assert key({"kind": "undo", "lever": "x"}) == "strange"
    assert key({"kind": "set", "lever": "pmo.staff"}) == "missing"
    assert key({"kind": "explode"}) == "action"
    assert key({"kind": ["set"]}) == "action"
    assert key({}) == "action"
    assert key({"kind": "undo", 1: 2}) == "no_mapping"


# --- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "name_empty"),
        (" \t ", "name_empty"),
        ("\u200d", "name_empty"),
        ("x" * 61, "name_long"),
        ("x" * 601, "long"),
        ("a\nb", "name_signs"),
        ("a\x00b", "name_signs"),
        ("a\u202eb", "name_signs"),
        ("a\ud800", "name_signs"),
        (5, "no_text"),
        (None, "no_text"),
    ],
)
def test_names_that_are_none_are_refused(name: object, why: str) -> None:
    assert key({"kind": "name", "name": name}) == why
    assert key({"kind": "keep", "name": name}) == why


def test_names_are_kept_as_the_words_they_are() -> None:
    name = "<script>alert(1)</script> {n} 更大的辦公室"
    assert after({"kind": "name", "name": f"  {name}  "}).public()["name"] == name
    assert checks.name("e\u0301") == "é"


def test_policies_have_names_of_their_own_and_ids_that_never_come_again() -> None:
    two = after({"kind": "keep", "name": "A"}, setting("pmo.staff", 30), {"kind": "keep", "name": "B"})
    assert [(each.id, each.name) for each in two.policies] == [("p1", "A"), ("p2", "B")]
    assert key({"kind": "keep", "name": "a"}, two) == "taken"
    assert key({"kind": "rename", "policy": "p1", "name": "b"}, two) == "taken"
    assert after({"kind": "rename", "policy": "p1", "name": "a"}, start=two).policies[0].name == "a"
    rest = after({"kind": "drop", "policy": "p2"}, {"kind": "keep", "name": "B"}, start=two)
    assert [each.id for each in rest.policies] == ["p1", "p3"]
    assert key({"kind": "load", "policy": "p2"}, rest) == "policy"
    assert key({"kind": "load", "policy": ["p1"]}, rest) == "policy"
    (difference,) = two.public()["policies"][1]["differences"]
    assert (difference["lever"], difference["to"]) == ("pmo.staff", 30)
    assert after({"kind": "load", "policy": "p1"}, start=two).now == fresh().now


def test_there_are_four_policies_at_most() -> None:
    full = after(*({"kind": "keep", "name": f"P{each}"} for each in range(POLICIES)))
    assert full.public()["compared"] == ["p1", "p2", "p3", "p4"]
    assert key({"kind": "keep", "name": "one more"}, full) == "policies_full"


@pytest.mark.parametrize("runs", [19, 201, 20.5, True, "60", nan, None])
def test_runs_are_bounded(runs: object) -> None:
    assert key({"kind": "runs", "runs": runs}) in ("range", "whole", "no_number")


def test_the_language_is_one_of_the_page() -> None:
    assert after({"kind": "language", "language": "zh-Hant"}).language == "zh-Hant"
    assert key({"kind": "language", "language": "xx"}) == "language"
    assert key({"kind": "language", "language": ["en"]}) == "language"


# --- uploaded scenarios ----------------------------------------------------------------------------


def upload(name: object, text: object = MINE) -> dict[str, Any]:
    return {"kind": "upload", "name": name, "text": text}


def test_an_uploaded_scenario_can_be_started_from_and_comes_back_from_the_file() -> None:
    own = after(upload("我的城市.yaml"), {"kind": "start", "base": "我的城市"})
    assert own.public()["question"] == "Ours?"
    assert own.public()["values"]["pmo.staff"] == 11
    assert own.public()["uploads"] == ["我的城市"]
    assert record.read(record.written(own)).public() == own.public()
    assert key(upload("我的城市"), own) == "taken"


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\b", ".x", "-x", "a:b", "taipei stage"])
def test_uploads_have_names_that_every_system_can_write(name: str) -> None:
    assert key(upload(name)) == "file_name"


def test_uploads_are_bounded_and_checked() -> None:
    assert key(upload("taipei_stage1")) == "taken"
    assert key(upload("x", "a" * (session.LETTERS + 1))) == "long"
    assert key(upload("x", 5)) == "no_text"
    for text in ("question: {", "a: &x 1\nb: *x", "question: X\nextends: /etc/passwd", "question: \ud800"):
        with pytest.raises(InputError):
            fresh().apply(upload("x", text))
    assert fresh().shelf.names() == Session.new("abcdefghij12", "taipei_stage1").shelf.names()
    full = replace(fresh(), uploads={f"u{each}": "" for each in range(10)})
    assert key(upload("x"), full) == "uploads_full"
    large = replace(fresh(), uploads={f"u{each}": "字" * 33_000 for each in range(5)})
    assert key(upload("x", "#" * 9_000), large) == "uploads_large"


# --- guessing --------------------------------------------------------------------------------------


def ask(policy: str = "now") -> dict[str, Any]:
    return {"kind": "ask", "measure": MEASURE, "policy": policy}


def guessed(who: object, value: object) -> dict[str, Any]:
    return {"kind": "guess", "who": who, "value": value}


LOW = float(GUESSED[MEASURE].low)


def test_a_round_freezes_the_policy_and_hides_guesses_until_they_are_revealed() -> None:
    open_ = after(
        setting("pmo.staff", 30), ask(), setting("pmo.staff", 5), guessed("Mei", LOW), guessed("mei", LOW)
    )
    assert open_.round is not None
    assert open_.round.policy.settings == {"pmo.staff": 30}
    public = open_.public()["round"]
    assert (public["who"], public["guesses"], public["state"]) == (["Mei", "mei"], {}, "open")
    shown = after({"kind": "reveal"}, start=open_)
    assert shown.public()["round"]["guesses"] == {"Mei": LOW, "mei": LOW}
    assert key(guessed("Late", LOW), shown) == "round_over"
    assert key({"kind": "unguess", "who": "Mei"}, shown) == "round_over"
    assert key({"kind": "reveal"}, shown) == "round_over"
    closed = after({"kind": "close"}, start=shown)
    assert closed.round is None
    assert [(each.id, each.state) for each in closed.rounds] == [(1, "closed")]
    assert after(ask("base"), start=closed).public()["round"]["id"] == 2


def test_a_second_guess_of_a_name_takes_the_place_of_the_first() -> None:
    high = float(GUESSED[MEASURE].high)
    found = after(ask(), guessed("Mei", LOW), guessed(" Mei ", high))
    assert found.round is not None
    assert found.round.guesses == {"Mei": high}
    gone = after({"kind": "unguess", "who": "Mei"}, {"kind": "close"}, start=found)
    assert gone.rounds == ()


@pytest.mark.parametrize("value", [nan, inf, -inf, True, "3", None, 1e9, [1]])
def test_a_guess_is_a_number_that_can_come_out(value: object) -> None:
    assert key(guessed("Mei", value), after(ask())) in ("no_number", "range")


def test_rounds_are_asked_one_at_a_time_and_about_something() -> None:
    assert key(ask(), after(ask())) == "round_open"
    assert key(ask("p9")) == "policy"
    assert key({"kind": "ask", "measure": "happiness", "policy": "now"}) == "measure"
    assert key({"kind": "ask", "measure": [1], "policy": "now"}) == "no_text"
    for kind in ("reveal", "close"):
        assert key({"kind": kind}) == "no_round"
    assert key(guessed("Mei", LOW)) == "no_round"
    assert key({"kind": "unguess", "who": "Mei"}, after(ask())) == "no_guess"


def test_rounds_and_guesses_are_bounded() -> None:
    full = Round(1, MEASURE, fresh().now, guesses={f"n{each}": LOW for each in range(rounds.MOST)})
    assert key(guessed("one more", LOW), replace(fresh(), round=full)) == "guesses_full"
    again = after(guessed("n0", LOW), start=replace(fresh(), round=full))
    assert again.round is not None
    over = tuple(replace(full, id=each + 1, guesses={}, state="closed") for each in range(session.ROUNDS))
    assert key(ask(), replace(fresh(), rounds=over)) == "rounds_full"


# --- as a file -------------------------------------------------------------------------------------


def rich() -> Session:
    return after(
        upload("mine"),
        setting("pmo.staff", 30),
        {"kind": "keep", "name": "更大"},
        ask("p1"),
        guessed("Mei", LOW),
        {"kind": "reveal"},
        {"kind": "close"},
        ask(),
        guessed("李", LOW),
        {"kind": "undo"},
        {"kind": "name", "name": "X"},
    )


def forged(**changes: object) -> bytes:
    data = json.loads(record.written(rich()))
    for path, value in changes.items():
        place, *rest = path.split("__")
        target: Any = data
        for step in rest:
            target, place = target[int(place) if place.isdigit() else place], step
        target[int(place) if place.isdigit() else place] = value
    return json.dumps(data).encode()


def test_a_rich_session_comes_back_as_it_was() -> None:
    assert record.read(record.written(rich())) == rich()
    assert pickle.loads(pickle.dumps(rich())) == rich()
    assert record.brief(record.written(rich())) == ("X", "taipei_stage1", rich().version)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "other"}, {"format": 2}, {"id": "../../etc/pwd"}, {"id": "ABCDEFGHIJKL"}, {"id": 5},
        {"version": 0}, {"version": True}, {"version": 1e400}, {"name": "a\nb"}, {"name": " a"},
        {"language": "xx"}, {"language": []}, {"runs": 5000}, {"runs": "60"}, {"now": None},
        {"now__base": "nothing"}, {"now__base": 1},
        {"now__settings": []}, {"now__settings": {"pmo.staff": 1e9}}, {"now__settings": {"x": 1}},
        {"now__more": 1}, {"before": {}}, {"before": [{}] * 300}, {"before": [{"base": "taipei_stage1"}]},
        {"policies__0__id": "p0"}, {"policies__0__id": "now"}, {"policies__0__name": ""},
        {"policies": None}, {"made": 0}, {"made": -1}, {"round__state": "asked"}, {"round__state": []},
        {"round__guesses": {"x": 1e9}}, {"round__guesses": {"a\nb": 1}}, {"round__guesses": []},
        {"round__measure": "x"}, {"round__id": 0}, {"round__title": 5}, {"rounds__0__state": "open"},
        {"uploads": {"../x": MINE}}, {"uploads": {"mine": 5}}, {"uploads": []}, {"more": 1},
    ],
    ids=str,
)  # fmt: skip
def test_a_forged_file_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        record.read(forged(**changes))


def test_a_file_that_is_broken_is_told() -> None:
    whole = record.written(rich())
    for content in (
        b"",
        b"[]",
        b"{",
        whole[:-9],
        b"\xff\xfe",
        b'{"kind": NaN}',
        b'{"a": 1, "a": 2}',
        b"[" * 100_000,
    ):
        with pytest.raises(Refused, match="session"):
            record.read(content)
    with pytest.raises(Refused) as caught:
        record.read(b" " * (record.LARGEST + 1))
    assert caught.value.key == "refused.file_large"


def test_shared_ids_and_names_are_refused() -> None:
    one, two = Kept("p1", "A", fresh().now), Kept("p2", "a", fresh().now)
    for pair in ((one, two), (one, replace(one, name="B"))):
        with pytest.raises(Refused):
            replace(fresh(), policies=pair, made=2)


def test_a_refusal_crosses_from_a_worker_process() -> None:
    error = pickle.loads(pickle.dumps(Refused("range", low="1", high="2")))
    assert (str(error), error.key) == ("Please give a number from 1 to 2.", "refused.range")


def test_every_refusal_has_a_text_in_every_language_with_the_same_places() -> None:
    texts = [words.texts(language)["refused"] for language in words.LANGUAGES]
    for each in texts:
        assert each.keys() == texts[0].keys()
        assert all(words.places(each[name]) == words.places(texts[0][name]) for name in each)

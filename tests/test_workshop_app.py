from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from experiments.workshop.limits import LimitError
from experiments.workshop.policy import Policy
from experiments.workshop.room import HANDFUL, Mailbox, Progress, Room, _rung
from experiments.workshop.session import Session
from experiments.workshop.stream import Stream
from sim.errors import InputError
from tests.workshop_fakes import BASE, CODE, Workshop, begun, heard, played, settled

EFFECT = frozenset({"effect"})
STAFF = {"kind": "set", "lever": "pmo.staff", "value": 30}


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def get(workshop: Workshop, path: str, **how: Any) -> httpx.Response:
    async def script() -> httpx.Response:
        async with workshop.host() as browser:
            return await browser.get(path, **how)

    answer = played(script)
    assert isinstance(answer, httpx.Response)
    return answer


async def room_of(workshop: Workshop, base: str = BASE) -> Room:
    async with workshop.host() as browser:
        return await workshop.rooms.room(await begun(browser, base), host())


def host() -> Any:
    from experiments.workshop.guard import Client

    return Client("host", "host", "127.0.0.1", "en")


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html"),
        ("/join", "text/html"),
        ("/static/app.js", "text/javascript"),
        ("/static/charts.js", "text/javascript"),
        ("/static/echarts.min.js", "text/javascript"),
    ],
)
def test_files_of_the_page_are_served_once(workshop: Workshop, path: str, kind: str) -> None:
    answer = get(workshop, path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)
    again = get(workshop, path, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/static/../../etc/passwd",
        "/static/..%2f..%2fetc%2fpasswd",
        "/static/%2e%2e/%2e%2e/etc/passwd",
        "/static/%252e%252e%252fetc%252fpasswd",
        "/static/..\\..\\etc\\passwd",
        "/static/%00",
        "/static/app.js%00.html",
        "/static//etc/passwd",
        "/static/",
        "/static/__init__.py",
        "/static/../session.py",
        "/api/sessions/../../etc/passwd",
        "/api/sessions/..%2f..%2fetc",
        "/api/sessions/%2e%2e",
        "/api/sessions/AAAAAAAAAAAA",
        "/api/sessions/aaaaaaaaaaa%0a",
        "/api/sessions/aaaaaaaaaaa%00",
        "/api/sessions/zzzzzzzzzzzz",
        "/api/nothing",
        "/docs",
    ],
)
def test_what_is_not_there_is_not_found(workshop: Workshop, path: str) -> None:
    answer = get(workshop, path)
    assert answer.status_code == 404
    assert set(answer.json()) == {"error"}
    assert workshop.errors == []


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/api/sessions"), ("PUT", "/"), ("GET", "/api/enter"), ("POST", "/api/start")],
)
def test_other_methods_are_refused_in_words(workshop: Workshop, method: str, path: str) -> None:
    async def script() -> httpx.Response:
        async with workshop.host() as browser:
            return await browser.request(method, path, json={})

    answer = played(script)
    assert answer.status_code == 405
    assert set(answer.json()) == {"error"}


# --- sessions -------------------------------------------------------------------------------------


def test_the_start_tells_texts_role_and_no_code(workshop: Workshop) -> None:
    start = get(workshop, "/api/start?lang=zh-Hant").json()
    assert start["languages"]["zh-Hant"] == "正體中文"
    assert start["texts"]["error"]["session"] != ""
    assert (start["role"], start["open"], start["code"], start["address"]) == ("host", False, None, None)


def test_a_session_is_begun_changed_kept_and_found_again(workshop: Workshop, tmp_path: Path) -> None:
    async def script() -> dict[str, Any]:
        async with workshop.host() as browser:
            id_ = await begun(browser)
            public = (await browser.post(f"/api/sessions/{id_}/actions", json=STAFF)).json()
            assert public == (await browser.get(f"/api/sessions/{id_}")).json()
            assert [entry["id"] for entry in (await browser.get("/api/sessions")).json()] == [id_]
            return {"id": id_, **public}

    public = played(script)
    assert (public["version"], public["changed"]) == (2, ["pmo.staff"])
    again = get(Workshop(tmp_path), f"/api/sessions/{public['id']}").json()
    assert again == public


@pytest.mark.parametrize(
    "body",
    [
        {"base": "no_such"},
        {"base": "../../etc/passwd"},
        {"base": 7},
        {},
        {"base": BASE, "language": "xx"},
        {"base": BASE, "language": ["en"]},
    ],
)
def test_a_session_that_cannot_begin_is_refused(workshop: Workshop, body: dict[str, Any]) -> None:
    async def script() -> httpx.Response:
        async with workshop.host() as browser:
            return await browser.post("/api/sessions", json=body)

    assert played(script).status_code == 400
    assert list(workshop.archive.root.iterdir()) == []


@pytest.mark.parametrize(
    "action",
    [
        {},
        {"kind": "explode"},
        {"kind": ["set"]},
        {"kind": "set", "lever": "pmo.staff"},
        {"kind": "set", "lever": "pmo.staff", "value": 1e9},
        {"kind": "set", "lever": "__class__", "value": 1},
        {"kind": "name", "name": "\u0000"},
        {"kind": "upload", "name": "../x", "text": "question: Why?"},
        {"kind": "upload", "name": "x", "text": "a: &a [*a]"},
        {"kind": "undo"},
    ],
)
def test_a_wrong_action_changes_nothing(workshop: Workshop, action: dict[str, Any]) -> None:
    async def script() -> tuple[httpx.Response, Any, Any]:
        async with workshop.host() as browser:
            path = f"/api/sessions/{await begun(browser)}"
            before = (await browser.get(path)).json()
            answer = await browser.post(f"{path}/actions", json=action)
            return answer, before, (await browser.get(path)).json()

    answer, before, after = played(script)
    assert answer.status_code in (400, 429)
    assert set(answer.json()) == {"error"}
    assert before == after
    assert workshop.errors == []


def test_a_damaged_session_is_told_and_left_alone(workshop: Workshop, tmp_path: Path) -> None:
    id_ = workshop.archive.create(BASE).id
    file = tmp_path / id_ / "session.json"
    file.write_text("{ half")
    answer = get(workshop, f"/api/sessions/{id_}")
    assert answer.status_code == 400
    assert get(workshop, "/api/sessions").json()[0]["problem"]
    assert file.read_text() == "{ half"


def test_a_state_that_cannot_be_kept_is_not_shown(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def script() -> None:
        room = await room_of(workshop)

        def full(session: Any) -> None:
            raise InputError("the disk is full")

        object.__setattr__(room._means, "keep", full)
        with pytest.raises(InputError, match="full"):
            await room.act(STAFF)
        assert room.public()["version"] == 1

    played(script)


def test_what_nobody_expected_is_a_number_and_no_trace(workshop: Workshop) -> None:
    async def script() -> httpx.Response:
        async with workshop.host() as browser:
            return await browser.get(f"/api/sessions/{await begun(browser)}/tale?case=500")

    answer = played(script)
    assert answer.status_code == 500
    assert "1" in answer.json()["error"]
    assert "secret" not in answer.text
    assert len(workshop.errors) == 1


# --- one city, and what is taken home -------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status", "found"),
    [
        ("film?seed=3", 200, {"seed": 3, "staff": 30}),
        ("film?policy=base&seed=3", 200, {"seed": 3, "staff": 20}),
        ("film?policy=p1", 200, {"seed": 1, "staff": 30}),
        ("film?policy=p9", 400, None),
        ("film?seed=-1", 400, None),
        ("film?seed=99999999999", 400, None),
        ("film?seed=x", 400, None),
        ("tale?seed=2&case=7&lang=zh-Hant", 200, None),
        ("tale?case=404", 400, None),
        ("tale?case=1e3", 400, None),
    ],
)
def test_films_and_tales(workshop: Workshop, path: str, status: int, found: object) -> None:
    async def script() -> httpx.Response:
        async with workshop.host() as browser:
            home = f"/api/sessions/{await begun(browser, 'taipei_stage1')}"
            for action in (STAFF, {"kind": "keep", "name": "More"}):
                assert (await browser.post(f"{home}/actions", json=action)).status_code == 200
            return await browser.get(f"{home}/{path}")

    answer = played(script)
    assert answer.status_code == status, answer.text
    assert found is None or answer.json() == found


def test_what_is_saved_is_downloaded_and_opens_again(workshop: Workshop) -> None:
    workshop.orders.failing = True  # what a room takes home without results

    async def script() -> None:
        async with workshop.host() as browser:
            home = f"/api/sessions/{await begun(browser)}"
            for action in (STAFF, {"kind": "keep", "name": "<script>alert(1)</script>"}):
                await browser.post(f"{home}/actions", json=action)
            assert (await browser.get(f"{home}/take/session.zip")).status_code == 404
            files = (await browser.post(f"{home}/save", json={})).json()["files"]
            policy = next(file for file in files if file.startswith("policies/"))
            text = await browser.get(f"{home}/take/{policy}")
            assert text.headers["content-disposition"].startswith("attachment")
            zipped = await browser.get(f"{home}/take/session.zip")
            for bad in ("policies/../session.json", "policies/..%2fsession.json", "policies/%00.yaml",
                        "session.json", "README.txt", "policies/none.yaml"):  # fmt: skip
                assert (await browser.get(f"{home}/take/{bad}")).status_code == 404
            how: dict[str, Any] = {"headers": {"content-type": "application/octet-stream"}}
            again = await browser.post("/api/open", content=zipped.content, **how)
            state = (await browser.get(f"/api/sessions/{again.json()['id']}")).json()
            assert state["policies"][0]["name"] == "<script>alert(1)</script>"
            for content in (b"", b"PK\x03\x04 no", b"{}", zipped.content[:200]):
                assert (await browser.post("/api/open", content=content, **how)).status_code in (
                    400,
                    404,
                    429,
                )

    played(script)
    assert workshop.errors == []


# --- a live room ----------------------------------------------------------------------------------


def test_who_comes_hears_the_state_and_the_ready_example_at_once(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, at_once=False)

    async def script() -> None:
        room = await room_of(workshop)
        watcher = room.watch("en", EFFECT)
        assert (await watcher.mailbox.take(1.0) or [])[0][0] == "state"
        first = await heard(watcher.mailbox, "effect", lambda data: data["effect"] is not None)
        assert first["effect"]["ready"] == BASE
        assert (first["done"], first["state"]) == (0, "running")
        await room.close()

    played(script)


def test_pictures_sharpen_while_runs_come_in(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, at_once=False)

    async def script() -> None:
        room = await room_of(workshop)
        await room.act(STAFF)
        mailbox = room.watch("en", EFFECT).mailbox
        waiting = await heard(mailbox, "effect", bool)
        assert (waiting["done"], waiting["effect"], waiting["version"]) == (0, None, 2)
        base, now = workshop.orders.works
        base.bring(60)
        now.bring(HANDFUL)
        early = await heard(mailbox, "effect", lambda data: data["effect"] is not None)
        assert (early["done"], early["effect"]["now"]) == (HANDFUL, {"runs": HANDFUL, "staff": 30})
        now.bring(60)
        last = await heard(mailbox, "effect", lambda data: data["state"] == "done")
        assert (last["done"], last["wanted"], last["effect"]["now"]["runs"]) == (60, 60, 60)
        await room.close()

    played(script)


def test_runs_that_nobody_looked_at_are_made_for_what_is_taken_home(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, at_once=False)

    async def script() -> None:
        room = await room_of(workshop)
        await room.act(STAFF)
        policies = {"base": Policy(BASE), "now": room.session.now}
        taking = asyncio.create_task(room.results(policies))
        await asyncio.sleep(0)
        base, now = workshop.orders.works
        base.bring(60)
        now.bring(30)
        await asyncio.sleep(0.01)
        assert not taking.done()
        now.bring(30)
        assert await taking == {"base": {"runs": 60, "staff": 20}, "now": {"runs": 60, "staff": 30}}
        taking = asyncio.create_task(room.results(policies))
        await asyncio.sleep(0)
        base, now = workshop.orders.works[2:]
        base.fail("limit.slow")
        now.bring(60)
        assert list(await taking) == ["now"]
        workshop.orders.full = True
        with pytest.raises(LimitError):
            await room.results(policies)
        assert not workshop.orders.running()
        await room.close()

    played(script)


def test_a_start_that_nobody_has_changed_is_drawn_alone(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, at_once=False)

    async def script() -> None:
        room = await room_of(workshop)
        mailbox = room.watch("en", EFFECT).mailbox
        await heard(mailbox, "effect", lambda data: data["effect"] is not None)
        (base,) = workshop.orders.works
        base.bring(60)
        last = await heard(mailbox, "effect", lambda data: data["state"] == "done")
        assert (last["effect"]["base"]["runs"], last["effect"]["now"]) == (60, None)
        await room.close()

    played(script)


def test_a_newer_policy_cancels_the_runs_of_the_older_and_keeps_the_base(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, at_once=False)

    async def script() -> list[Any]:
        room = await room_of(workshop)
        room.watch("en", EFFECT)
        for staff in (30, 31, 32):
            await room.act({**STAFF, "value": staff})
        works = [(w.scenario.parameters.at("pmo.staff"), w.state) for w in workshop.orders.works]
        await room.close()
        return works

    base, *rest = played(script)
    assert base[1] == "running"
    assert rest == [(30, "cancelled"), (31, "cancelled"), (32, "running")]


def test_runs_are_made_only_while_somebody_looks(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, at_once=False)

    async def script() -> None:
        room = await room_of(workshop)
        await room.act(STAFF)
        assert workshop.orders.works == []
        watcher = room.watch("en", EFFECT)
        assert len(workshop.orders.running()) == 2
        room.leave(watcher)
        again = room.watch("en", EFFECT)
        assert len(workshop.orders.works) == 2  # a page that is loaded again finds its runs
        room.leave(again)
        await settled(lambda: not workshop.orders.running())
        await room.close()

    played(script)


def test_cancel_and_resume(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, at_once=False)

    async def script() -> None:
        async with workshop.host() as browser:
            home = f"/api/sessions/{await begun(browser, 'taipei_stage1')}"
            room = await workshop.rooms.room(home[-12:], host())
            mailbox = room.watch("en", EFFECT).mailbox
            workshop.orders.works[0].bring(10)
            await heard(mailbox, "effect", lambda data: data["done"] == 10)
            await browser.post(f"{home}/cancel", json={})
            stopped = await heard(mailbox, "effect", lambda data: data["state"] == "cancelled")
            assert stopped["done"] == 10
            assert stopped["effect"] is not None
            assert workshop.orders.running() == []
            await browser.post(f"{home}/resume", json={})
            await heard(mailbox, "effect", lambda data: data["state"] == "running")
            assert len(workshop.orders.running()) == 1
            await room.close()

    played(script)


def test_moving_a_lever_after_cancel_makes_all_runs_again(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, at_once=False)

    async def script() -> None:
        room = await room_of(workshop, "taipei_stage1")
        room.watch("en", EFFECT)
        room.cancel()
        await room.act({"kind": "name", "name": "Tuesday"})
        assert workshop.orders.running() == []
        await room.act(STAFF)
        assert [work.scenario.parameters.at("pmo.staff") for work in workshop.orders.running()] == [20, 30]
        await room.close()

    played(script)


def test_a_limit_is_told_and_can_be_tried_again(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)

    async def script() -> None:
        room = await room_of(workshop, "taipei_stage1")
        workshop.orders.full = True
        mailbox = room.watch("en", EFFECT).mailbox
        failed = await heard(mailbox, "effect", lambda data: data["state"] == "failed")
        assert failed["message"]
        workshop.orders.full = False
        room.resume()
        await heard(mailbox, "effect", lambda data: data["state"] == "done")
        await room.close()

    played(script)


def test_a_picture_that_breaks_is_told_and_the_room_goes_on(workshop: Workshop) -> None:
    async def script() -> None:
        room = await room_of(workshop, "taipei_stage1")
        workshop.painter.broken = True
        mailbox = room.watch("en", EFFECT).mailbox
        failed = await heard(mailbox, "effect", lambda data: data["state"] == "failed")
        assert "no ink" not in failed["message"]
        assert len(workshop.errors) >= 1
        workshop.painter.broken = False
        await room.act(STAFF)
        await heard(mailbox, "effect", lambda data: data["state"] == "done")
        await room.close()

    played(script)


def test_a_picture_is_drawn_once_for_all_of_a_language(workshop: Workshop) -> None:
    async def script() -> list[tuple[str, str]]:
        room = await room_of(workshop, "taipei_stage1")
        watchers = [room.watch(language, EFFECT) for language in ["en"] * 10 + ["zh-Hant"] * 10]
        for watcher in watchers:
            found = await heard(watcher.mailbox, "effect", lambda data: data["state"] == "done")
            assert found["effect"]["language"] == watcher.language
        late = room.watch("en", EFFECT)
        await heard(late.mailbox, "effect", lambda data: data["state"] == "done")
        await room.close()
        return sorted(each for each in workshop.painter.drawn if each[0] == "effect")

    assert played(script) == [("effect", "en"), ("effect", "zh-Hant")]


def test_policies_that_were_kept_are_compared(workshop: Workshop) -> None:
    async def script() -> None:
        room = await room_of(workshop)
        mailbox = room.watch("en", frozenset({"comparison"})).mailbox
        await room.act(STAFF)
        await room.act({"kind": "keep", "name": "More staff"})
        found = await heard(mailbox, "comparison", lambda data: data["comparison"] is not None)
        assert found["comparison"]["names"][1:] == ["More staff"]
        assert [each["staff"] for each in found["comparison"]["all"]][1] == 30
        assert {kind for kind, _ in workshop.painter.drawn} == {"comparison"}
        await room.close()

    played(script)


def test_what_is_only_compared_waits_for_the_policy_at_hand(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, at_once=False)

    def running() -> list[Any]:
        return [work.scenario.parameters.at("pmo.staff") for work in workshop.orders.running()]

    async def script() -> None:
        room = await room_of(workshop, "taipei_stage1")
        for action in (STAFF, {"kind": "keep", "name": "More staff"}, {**STAFF, "value": 40}):
            await room.act(action)
        room.watch("en", frozenset({"effect", "comparison"}))
        assert running() == [20, 40]
        for work in workshop.orders.running():
            work.bring(60)
        await settled(lambda: running() == [30])
        await room.act({**STAFF, "value": 41})
        assert running() == [41]
        workshop.orders.running()[0].bring(60)
        await settled(lambda: running() == [30])
        await room.close()

    played(script)


def test_results_are_hidden_while_the_room_guesses(workshop: Workshop) -> None:
    async def script() -> None:
        room = await room_of(workshop)
        await room.act({"kind": "ask", "measure": "projects", "policy": "now"})
        mailbox = room.watch("en", frozenset({"effect", "comparison"})).mailbox
        hidden = await heard(mailbox, "effect", bool)
        assert (hidden["state"], hidden["effect"]) == ("hidden", None)
        await room.act({"kind": "guess", "who": "Lin", "value": 7})
        counted = await heard(mailbox, "guesses", lambda data: data["count"] == 1)
        assert (counted["judged"], counted["round"]["guesses"]) == (None, {})
        assert workshop.painter.drawn == []
        await room.act({"kind": "reveal"})
        judged = await heard(mailbox, "guesses", lambda data: data["judged"] is not None)
        assert judged["judged"]["guesses"] == {"Lin": 7}
        shown = await heard(room.watch("en", EFFECT).mailbox, "effect", lambda d: d["state"] == "done")
        assert shown["effect"] is not None
        await room.close()

    played(script)


def test_two_sessions_do_not_disturb_each_other(workshop: Workshop) -> None:
    async def script() -> None:
        one, two = await room_of(workshop, "taipei_stage1"), await room_of(workshop, "taipei_stage1")
        first, second = one.watch("en", EFFECT).mailbox, two.watch("en", EFFECT).mailbox
        await heard(first, "effect", lambda data: data["state"] == "done")
        await heard(second, "effect", lambda data: data["state"] == "done")
        await one.act(STAFF)
        changed = await heard(first, "effect", lambda data: data["version"] == 2)
        assert changed["effect"]["now"]["staff"] == 30
        await asyncio.sleep(0.05)
        second.put("mark", "{}")
        assert [kind for kind, _ in await second.take(1.0) or []] == ["mark"]
        await asyncio.gather(one.close(), two.close())

    played(script)


def test_many_actions_at_once_are_done_one_after_the_other(workshop: Workshop) -> None:
    async def script() -> dict[str, Any]:
        room = await room_of(workshop)
        room.watch("en", EFFECT)
        await asyncio.gather(*(room.act({**STAFF, "value": value}) for value in range(20, 50)))
        public = room.public()
        kept = workshop.archive.read(room.session.id)
        assert kept.version == public["version"] == 31
        await room.close()
        return public

    assert played(script)["settings"] == {"pmo.staff": 49}


def test_rooms_that_nobody_uses_leave_the_memory_and_come_back(workshop: Workshop) -> None:
    async def script() -> None:
        room = await room_of(workshop)
        await room.act(STAFF)
        looked = await room_of(workshop)
        watcher = looked.watch("en", EFFECT)
        assert await workshop.rooms._swept(0.0) == 1
        again = await workshop.rooms.room(room.session.id, host())
        assert again is not room
        assert again.public()["changed"] == ["pmo.staff"]
        assert await workshop.rooms.room(looked.session.id, host()) is looked
        looked.leave(watcher)
        await workshop.rooms.close()

    played(script)


# --- streams --------------------------------------------------------------------------------------


def test_what_waits_for_a_slow_listener_is_the_latest_of_each_kind() -> None:
    async def script() -> None:
        mailbox = Mailbox()
        for number in range(10_000):
            mailbox.put("effect", str(number))
            mailbox.put("state", str(number))
        assert await mailbox.take(1.0) == [("effect", "9999"), ("state", "9999")]
        assert await mailbox.take(0.01) == []
        mailbox.put("state", "last")
        mailbox.close()
        assert await mailbox.take(1.0) == [("state", "last")]
        assert await mailbox.take(1.0) is None

    played(script)


def test_a_stream_tells_events_pings_in_silence_and_ends() -> None:
    async def script() -> bytes:
        mailbox, sent = Mailbox(), list[Any]()

        async def receive() -> Any:
            await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)
            if b"ping" in message.get("body", b""):
                mailbox.close()

        mailbox.put("state", json.dumps({"text": "line\nbreak"}))
        await Stream(mailbox, ping=0.01)({}, receive, send)
        assert sent[0]["headers"][0] == (b"content-type", b"text/event-stream; charset=utf-8")
        assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
        return b"".join(each.get("body", b"") for each in sent)

    told = played(script)
    assert b'event: state\ndata: {"text": "line\\nbreak"}\n\n' in told
    assert b"event: ping\n" in told


def test_streams_of_one_client_and_of_all_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from experiments.workshop import rooms
    from experiments.workshop.guard import Client, DeniedError

    monkeypatch.setattr(rooms, "STREAMS_IN_ALL", 8)
    workshop = Workshop(tmp_path)

    async def script() -> None:
        async with workshop.host() as browser:
            id_ = await begun(browser)
        workshop.rooms.shared = id_
        guest, other = (Client("guest", key, "192.168.1.7", "en") for key in "ab")
        found = [await workshop.rooms.watch(id_, guest, EFFECT) for _ in range(rooms.STREAMS)]
        with pytest.raises(DeniedError):
            await workshop.rooms.watch(id_, guest, EFFECT)
        found += [await workshop.rooms.watch(id_, other, EFFECT) for _ in range(2)]
        with pytest.raises(DeniedError):
            await workshop.rooms.watch(id_, other, EFFECT)
        workshop.rooms.leave(*found[0], guest)
        await workshop.rooms.watch(id_, guest, EFFECT)
        await workshop.rooms.close()

    played(script)


# --- what one must not do to the others -------------------------------------------------------------


def test_a_film_that_many_ask_for_is_made_once_and_a_guest_waits_for_few(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, code=CODE)
    go, asked = asyncio.Event(), list[tuple[int, str]]()

    async def call(_function: Any, _scenario: Any, seed: int, *_more: Any, owner: str, **_limits: Any) -> Any:
        asked.append((seed, owner))
        await go.wait()
        if seed == 9:
            raise InputError("no such film")
        return {"seed": seed}

    object.__setattr__(workshop.house, "call", call)

    async def script() -> None:
        async with workshop.host() as browser, workshop.guest() as phone:
            id_ = workshop.rooms.shared = await begun(browser)
            path = f"/api/sessions/{id_}/film?policy=base&seed="
            await phone.post("/api/enter", json={"code": CODE})
            both = [asyncio.create_task(each.get(f"{path}1")) for each in (browser, phone, phone, browser)]
            await settled(lambda: bool(asked))
            more = [asyncio.create_task(phone.get(f"{path}{seed}")) for seed in (2, 3, 4)]
            await settled(lambda: any(task.done() for task in more))
            go.set()
            assert {(await task).text for task in both} == {'{"seed":1}'}
            assert sorted([(await task).status_code for task in more]) == [200, 200, 429]
            await browser.post(f"/api/sessions/{id_}/actions", json=STAFF)
            assert (await browser.get(f"{path}1")).json() == {"seed": 1}
            owners = [owner for _, owner in asked]
            assert owners[0] == id_ != owners[1] == owners[2]
            assert len(asked) == 3
            for times in (4, 5):  # what failed is tried again
                assert (await browser.get(f"{path}9")).status_code == 400
                assert len(asked) == times

    played(script)


def test_a_file_that_is_read_slowly_does_not_stop_the_others(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply, busy = Session.apply, list[bool]()
    goes, go = threading.Event(), threading.Event()

    def slow(session: Session, *arguments: Any) -> Session:
        goes.set()
        assert go.wait(20)
        return apply(session, *arguments)

    async def script() -> None:
        room = await room_of(workshop)
        monkeypatch.setattr(Session, "apply", slow)
        acting = asyncio.create_task(room.act(STAFF))
        await asyncio.to_thread(goes.wait, 20)
        busy.append(room.idle == 0.0)
        busy.append(not await workshop.rooms._swept(0.0))
        go.set()
        assert (await acting)["settings"] == {"pmo.staff": 30}

    played(script)
    assert busy == [True, True]


def test_guests_leave_streams_and_sessions_to_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from experiments.workshop import rooms
    from experiments.workshop.guard import Client, DeniedError

    for name, most in (("STREAMS_IN_ALL", 2), ("LIVE", 2), ("RESERVED", 1)):
        monkeypatch.setattr(rooms, name, most)
    workshop = Workshop(tmp_path)
    guests = [Client("guest", key, "192.168.1.7", "en") for key in "abc"]

    async def script() -> None:
        async with workshop.host() as browser:
            ids = [await begun(browser), await begun(browser), await begun(browser)]
        workshop.rooms.shared = ids[0]
        workshop.rooms._owned["c"] = {ids[1]}
        for guest in guests[:2]:
            await workshop.rooms.watch(ids[0], guest, EFFECT)
        with pytest.raises(DeniedError) as full:
            await workshop.rooms.watch(ids[0], guests[2], EFFECT)
        assert full.value.key == "streams_full"
        with pytest.raises(DeniedError) as full:
            await workshop.rooms.room(ids[1], guests[2])
        assert full.value.key == "rooms_full"
        await workshop.rooms.watch(ids[2], host(), EFFECT)
        await workshop.rooms.close()

    played(script)


@pytest.mark.parametrize(
    ("done", "state", "rung"),
    [(4, "running", 4), (7, "running", 4), (8, "running", 8), (59, "running", 32), (60, "done", 60),
     (45, "cancelled", 45), (45, "failed", 45)],
)  # fmt: skip
def test_a_picture_that_takes_long_is_drawn_at_doubling_numbers_of_cities(
    done: int, state: str, rung: int
) -> None:
    assert _rung(Progress(done, 60, state)) == rung


def test_one_folder_is_saved_at_a_time_and_remains_of_others_are_cleared_away(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    call, busy, most = workshop.house.call, list[int](), list[int]()

    async def counted(*arguments: Any, **limits: Any) -> Any:
        busy.append(1)
        most.append(len(busy))
        await asyncio.sleep(0.02)
        result = await call(*arguments, **limits)
        busy.pop()
        return result

    object.__setattr__(workshop.house, "call", counted)

    async def script() -> None:
        async with workshop.host() as browser:
            id_ = await begun(browser, "taipei_stage1")
            left = tmp_path / id_ / ".take-away-abc.partial"
            (left / "made").mkdir(parents=True)
            saves = (browser.post(f"/api/sessions/{id_}/save", json={}) for _ in range(3))
            assert [answer.status_code for answer in await asyncio.gather(*saves)] == [200] * 3
            assert not left.exists()

    played(script)
    assert most == [1, 1, 1]


@pytest.mark.parametrize(("language", "told"), [("en", "closed"), ("zh-Hant", "關閉")])
def test_whoever_waits_while_the_server_ends_is_told(workshop: Workshop, language: str, told: str) -> None:
    async def call(*_arguments: Any, **_limits: Any) -> Any:
        raise asyncio.CancelledError

    object.__setattr__(workshop.house, "call", call)

    async def script() -> httpx.Response:
        async with workshop.host() as browser:
            id_ = await begun(browser)
            return await browser.get(f"/api/sessions/{id_}/tale?case=1&lang={language}")

    answer = played(script)
    assert answer.status_code == 503
    assert told in answer.json()["error"]
    assert workshop.errors == []

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.workshop import guard
from experiments.workshop.guard import CODES_IN_ALL, RATES, Client, DeniedError, Gate, Limiter, new_code
from tests.workshop_fakes import BASE, CODE, HERE, NETWORK, PORT, Clock, Workshop, begun, played

OK = {"origin": HERE, "sec-fetch-site": "same-origin"}


def asked(workshop: Workshop, method: str, path: str, **how: Any) -> httpx.Response:
    async def script() -> httpx.Response:
        async with workshop.host() as browser:
            return await browser.request(method, path, **how)

    answer = played(script)
    assert isinstance(answer, httpx.Response)
    return answer


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


# --- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", [f"127.0.0.1:{PORT}", f"localhost:{PORT}", f"[::1]:{PORT}"])
def test_loopback_names_are_answered(workshop: Workshop, host: str) -> None:
    assert asked(workshop, "GET", "/api/start", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        f"evil.example:{PORT}",
        "127.0.0.1",
        "127.0.0.1:80",
        f"127.0.0.1.evil.example:{PORT}",
        f"192.168.1.5:{PORT}",
        f"0.0.0.0:{PORT}",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/start", "/api/sessions"])
def test_another_name_bent_to_this_machine_is_refused(workshop: Workshop, host: str, path: str) -> None:
    answer = asked(workshop, "GET", path, headers={"host": host})
    assert answer.status_code == 421
    assert "address" in answer.json()["error"]


def test_opened_to_the_network_only_the_address_of_the_connection_itself_is_answered(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, code=CODE)

    async def script() -> list[int]:
        async with workshop.guest() as phone:
            return [
                (await phone.get("/api/start", headers={"host": host})).status_code
                for host in (
                    f"192.168.1.5:{PORT}",
                    f"192.168.1.6:{PORT}",
                    f"evil.example:{PORT}",
                    "192.168.1.5:1",
                )
            ]

    assert played(script) == [200, 421, 421, 421]


def test_a_loopback_name_from_the_network_does_not_make_a_host(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, code=CODE)

    async def script() -> tuple[Any, int]:
        async with workshop.guest(headers={"host": f"127.0.0.1:{PORT}"}) as phone:
            start, listed = await phone.get("/api/start"), await phone.get("/api/sessions")
            return start.json(), listed.status_code

    start, status = played(script)
    assert (start["role"], start["code"], status) == ("stranger", None, 401)


def test_the_machine_itself_under_its_network_address_is_no_host(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, code=CODE)

    async def script() -> str:
        async with workshop.browser("192.168.1.5", NETWORK) as browser:
            return str((await browser.get("/api/start")).json()["role"])

    assert played(script) == "stranger"


# --- other sites ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (OK, 200),
        ({}, 200),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": f"http://localhost:{PORT}"}, 403),
        ({"origin": HERE, "sec-fetch-site": "cross-site"}, 403),
        ({"origin": HERE, "sec-fetch-site": "same-site"}, 403),
    ],
)
def test_only_the_page_itself_may_change_anything(
    workshop: Workshop, headers: dict[str, str], status: int
) -> None:
    answer = asked(workshop, "POST", "/api/sessions", json={"base": BASE}, headers=headers)
    assert answer.status_code == status


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_sites_may_not_read_either(workshop: Workshop, site: str) -> None:
    headers = {"sec-fetch-site": site}
    assert asked(workshop, "GET", "/api/sessions", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_forms_that_any_site_can_send_are_refused(workshop: Workshop, kind: str) -> None:
    answer = asked(
        workshop, "POST", "/api/sessions", content=b'{"base": "x"}', headers={"content-type": kind}
    )
    assert answer.status_code == 415
    assert list(workshop.archive.root.iterdir()) == []


# --- bodies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[1]", 400),
        (b'"text"', 400),
        (b"null", 400),
        (b"\xff\xfe", 400),
        (b'{"base": NaN}', 400),
        (b'{"base": Infinity}', 400),
        (b'{"base": "\\ud800"}', 400),
        (b'{"base": {"a": {}}}', 400),
        (b'{"base": ' + b"9" * 5000 + b"}", 400),
        (b'{"base": ' + b"[" * 20 + b"]" * 20 + b"}", 400),
        (b'{"base": ' + b"[" * 30_000 + b"]" * 30_000 + b"}", 400),
        (b'{"base": "' + b"x" * 70_000 + b'"}', 413),
    ],
)
def test_bodies_that_are_no_small_object_are_refused(workshop: Workshop, content: bytes, status: int) -> None:
    answer = asked(
        workshop, "POST", "/api/sessions", content=content, headers={"content-type": "application/json"}
    )
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}
    assert workshop.errors == []


def test_a_body_without_a_length_is_cut_off_while_it_arrives(workshop: Workshop) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while True:
            sent += 10_000
            yield b" " * 10_000

    async def script() -> int:
        async with workshop.host() as browser:
            headers = {"content-type": "application/json"}
            answer = await browser.post("/api/sessions", content=endless(), headers=headers)
            return answer.status_code

    assert played(script) == 413
    assert sent < 200_000


def test_only_an_upload_may_be_large(workshop: Workshop) -> None:
    async def script() -> tuple[int, int, int]:
        async with workshop.host() as browser:
            path = f"/api/sessions/{await begun(browser)}/actions"
            text = "question: Large?\nextends: taipei_stage1\n" + "# x\n" * 22_000
            name = {"kind": "name", "name": "x" * 100_000}
            upload = {"kind": "upload", "name": "large", "text": text}
            huge = {"kind": "upload", "name": "huge", "text": "x" * 1_300_000}
            answers = [(await browser.post(path, json=each)).status_code for each in (name, upload, huge)]
            return answers[0], answers[1], answers[2]

    assert played(script) == (413, 200, 413)


# --- headers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("GET", "/api/start"), ("GET", "/nothing"), ("POST", "/api/sessions")]
)
def test_every_answer_has_the_headers_of_safety(workshop: Workshop, method: str, path: str) -> None:
    headers = asked(workshop, method, path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == ("no-cache" if path == "/" else "no-store")
    assert "access-control-allow-origin" not in headers


# --- how often ------------------------------------------------------------------------------------


def someone(key: str = "a", address: str = "192.168.1.7") -> Client:
    return Client("guest", key, address, "en")


@pytest.mark.parametrize("what", sorted(RATES))
def test_a_bucket_empties_and_fills_with_time(what: str) -> None:
    clock = Clock()
    limiter, rate = Limiter(clock), RATES[what]
    for _ in range(int(rate.burst)):
        limiter.take(what, someone())
    with pytest.raises(DeniedError, match="too fast"):
        limiter.take(what, someone())
    limiter.take(what, someone("b"))
    clock.now += 1.01 / rate.second
    limiter.take(what, someone())
    with pytest.raises(DeniedError):
        limiter.take(what, someone())


def test_one_address_cannot_take_all_under_many_names() -> None:
    limiter = Limiter(Clock())
    for number in range(int(guard.CROWD * RATES["film"].burst)):
        limiter.take("film", someone(str(number)))
    with pytest.raises(DeniedError):
        limiter.take("film", someone("another"))
    limiter.take("film", someone("new", "192.168.1.8"))


def test_what_is_remembered_of_clients_is_bounded() -> None:
    limiter = Limiter(Clock())
    for number in range(guard.REMEMBERED + 100):
        limiter.take("read", someone(str(number), f"10.0.{number // 250}.{number % 250}"))
    assert len(limiter._buckets) <= guard.REMEMBERED


def test_attempts_with_a_code_are_few(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, code=CODE)

    async def script() -> list[int]:
        async with workshop.guest() as phone, workshop.guest("192.168.1.78") as other:
            codes = [*["AAAAAA"] * 5, CODE]
            found = [(await phone.post("/api/enter", json={"code": code})).status_code for code in codes]
            found.append((await other.post("/api/enter", json={"code": CODE})).status_code)
            workshop.clock.now += 13
            found.append((await phone.post("/api/enter", json={"code": CODE})).status_code)
            return found

    assert played(script) == [403, 403, 403, 403, 403, 429, 200, 200]


def test_attempts_of_all_together_are_bounded() -> None:
    limiter = Limiter(Clock())
    for number in range(int(CODES_IN_ALL.burst)):
        limiter.attempt(f"10.0.0.{number}")
    with pytest.raises(DeniedError, match="attempts"):
        limiter.attempt("10.0.1.0")


def test_actions_that_come_too_fast_are_told_in_the_language_of_the_reader(workshop: Workshop) -> None:
    async def script() -> httpx.Response:
        async with workshop.host() as browser:
            path = f"/api/sessions/{await begun(browser)}/actions?lang=zh-Hant"
            for _ in range(int(RATES["action"].burst)):
                assert (await browser.post(path, json={"kind": "reset"})).status_code == 200
            return await browser.post(path, json={"kind": "reset"})

    answer = played(script)
    assert answer.status_code == 429
    assert "太快" in answer.json()["error"]


# --- codes and cookies ----------------------------------------------------------------------------


def test_codes_have_no_look_alikes_and_differ() -> None:
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(len(code) == 6 for code in codes)
    assert not set("".join(codes)) & set("01OIL")


@given(st.text(max_size=40))
def test_no_other_code_opens(code: str) -> None:
    gate = Gate(PORT, CODE)
    if "".join(code.upper().split()) == CODE:
        return
    with pytest.raises(DeniedError):
        gate.enter(someone(), code)


@pytest.mark.parametrize("code", [None, 7, ["ABCDEF"], {"code": CODE}])
def test_a_code_that_is_no_text_does_not_open(code: object) -> None:
    with pytest.raises(DeniedError):
        Gate(PORT, CODE).enter(Client("stranger", "", "192.168.1.7", "en"), code)


def test_without_open_no_code_lets_anybody_in() -> None:
    with pytest.raises(DeniedError, match="not open"):
        Gate(PORT).enter(Client("stranger", "", "192.168.1.7", "en"), CODE)


def test_a_guest_gets_a_cookie_that_scripts_and_other_sites_do_not(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, code=CODE)

    async def script() -> tuple[str, str, str]:
        async with workshop.guest() as phone:
            cookie = (await phone.post("/api/enter", json={"code": "abc def"})).headers["set-cookie"]
            role = (await phone.get("/api/start")).json()["role"]
        async with workshop.guest(headers={"cookie": "workshop=guessed"}) as other:
            return cookie, role, (await other.get("/api/start")).json()["role"]

    cookie, role, forged = played(script)
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert len(cookie.split("=")[1].split(";")[0]) >= 32
    assert (role, forged) == ("guest", "stranger")


def test_what_a_guest_may(tmp_path: Path) -> None:
    """Every address, asked by the host, a guest and a stranger: for the shared session."""
    workshop = Workshop(tmp_path, code=CODE)
    workshop.orders.failing = True  # what is saved has no results

    async def script() -> dict[str, tuple[int, int, int]]:
        async with workshop.host() as host, workshop.guest() as guest, workshop.guest("10.0.0.9") as other:
            shared, hidden = await begun(host), await begun(host)
            await guest.post("/api/enter", json={"code": CODE})
            workshop.rooms.shared = shared
            found = {}
            for name, method, path, body in matrix(shared, hidden):
                answers = []
                for browser in (other, guest, host):
                    answer = await browser.request(
                        method, path, **({"json": body} if method == "POST" else {})
                    )
                    answers.append(answer.status_code)
                found[name] = (answers[0], answers[1], answers[2])
            return found

    assert played(script) == {
        "page": (200, 200, 200),
        "join": (200, 200, 200),
        "start": (200, 200, 200),
        "list": (401, 200, 200),
        "read": (401, 200, 200),
        "read hidden": (401, 403, 200),
        "set": (401, 403, 200),
        "upload": (401, 403, 200),
        "ask": (401, 403, 200),
        "guess": (401, 200, 200),
        "film while guessing": (401, 403, 200),
        "reveal": (401, 403, 200),
        "film": (401, 200, 200),
        "tale": (401, 200, 200),
        "cancel": (401, 403, 200),
        "resume": (401, 403, 200),
        "save": (403, 403, 200),
        "take": (403, 403, 200),
        "begin": (401, 200, 200),
    }


def matrix(shared: str, hidden: str) -> list[tuple[str, str, str, dict[str, Any]]]:
    home = f"/api/sessions/{shared}"
    ask = {"kind": "ask", "measure": "projects", "policy": "now"}
    upload = {"kind": "upload", "name": "mine", "text": "question: Why?\nextends: taipei_stage1\n"}
    return [
        ("page", "GET", "/", {}),
        ("join", "GET", "/join", {}),
        ("start", "GET", "/api/start", {}),
        ("list", "GET", "/api/sessions", {}),
        ("read", "GET", home, {}),
        ("read hidden", "GET", f"/api/sessions/{hidden}", {}),
        ("set", "POST", f"{home}/actions", {"kind": "set", "lever": "pmo.staff", "value": 30}),
        ("upload", "POST", f"{home}/actions", upload),
        ("ask", "POST", f"{home}/actions", ask),
        ("guess", "POST", f"{home}/actions", {"kind": "guess", "who": "Lin", "value": 7}),
        ("film while guessing", "GET", f"{home}/film", {}),
        ("reveal", "POST", f"{home}/actions", {"kind": "reveal"}),
        ("film", "GET", f"{home}/film", {}),
        ("tale", "GET", f"{home}/tale?case=3", {}),
        ("cancel", "POST", f"{home}/cancel", {}),
        ("resume", "POST", f"{home}/resume", {}),
        ("save", "POST", f"{home}/save", {}),
        ("take", "GET", f"{home}/take/session.zip", {}),
        ("begin", "POST", "/api/sessions", {"base": BASE}),
    ]


def test_a_guest_works_in_a_few_sessions_of_his_own_and_in_no_other_guests(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, code=CODE)

    async def script() -> None:
        async with workshop.guest() as one, workshop.guest("192.168.1.78") as two:
            for phone in (one, two):
                await phone.post("/api/enter", json={"code": CODE})
            path = f"/api/sessions/{await begun(one)}/actions"
            change = {"kind": "set", "lever": "pmo.staff", "value": 30}
            upload = {"kind": "upload", "name": "mine", "text": "question: Why?\n"}
            assert (await one.post(path, json=change)).json()["changed"] == ["pmo.staff"]
            assert (await one.post(path, json=upload)).status_code == 403
            assert (await two.post(path, json=change)).status_code == 403
            assert len((await two.get("/api/sessions")).json()) == 0
            statuses = [(await one.post("/api/sessions", json={"base": BASE})).status_code for _ in range(4)]
            assert statuses == [200, 200, 429, 429]

    played(script)


def test_nobody_guesses_under_the_name_of_another(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, code=CODE)

    async def script() -> tuple[list[int], dict[str, float]]:
        async with workshop.host() as host, workshop.guest() as one, workshop.guest("192.168.1.78") as two:
            workshop.rooms.shared = shared = await begun(host)
            path = f"/api/sessions/{shared}/actions"
            for phone in (one, two):
                await phone.post("/api/enter", json={"code": CODE})
            await host.post(path, json={"kind": "ask", "measure": "projects", "policy": "now"})
            await host.post(path, json={"kind": "guess", "who": "Chen", "value": 1})
            found = []
            for phone, who, value in ((one, "Lin", 5), (two, "Lin", 9), (two, " Lin ", 9), (two, "Chen", 9),
                                      (one, "Lin", 6)):  # fmt: skip
                guess = {"kind": "guess", "who": who, "value": value}
                found.append((await phone.post(path, json=guess)).status_code)
            found.append((await two.post(path, json={"kind": "unguess", "who": "Lin"})).status_code)
            open_ = (await two.get(f"/api/sessions/{shared}")).json()["round"]
            assert open_["guesses"] == {}
            public = (await host.post(path, json={"kind": "reveal"})).json()
            return found, public["round"]["guesses"]

    assert played(script) == ([200, 403, 403, 403, 200, 403], {"Chen": 1, "Lin": 6})


def test_a_refusal_is_one_sentence_in_either_language(workshop: Workshop) -> None:
    english = asked(workshop, "GET", "/api/sessions/zzzzzzzzzzzz").json()
    chinese = asked(workshop, "GET", "/api/sessions/zzzzzzzzzzzz?lang=zh-Hant").json()
    by_browser = asked(workshop, "GET", "/nothing", headers={"accept-language": "zh-TW,zh;q=0.9"}).json()
    assert english["error"].isascii()
    assert not chinese["error"].isascii()
    assert not by_browser["error"].isascii()
    assert json.dumps(english).count("Traceback") == 0


def test_sessions_begun_at_the_same_moment_are_counted_too(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, code=CODE)

    async def script() -> list[int]:
        async with workshop.guest() as phone:
            await phone.post("/api/enter", json={"code": CODE})
            asked = (phone.post("/api/sessions", json={"base": BASE}) for _ in range(8))
            return sorted(answer.status_code for answer in await asyncio.gather(*asked))

    assert played(script) == [200, 200, 200, 429, 429, 429, 429, 429]


def test_one_guest_cannot_fill_a_round_with_names(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, code=CODE)

    async def script() -> list[int]:
        async with workshop.host() as host, workshop.guest() as phone:
            workshop.rooms.shared = shared = await begun(host)
            path = f"/api/sessions/{shared}/actions"
            await phone.post("/api/enter", json={"code": CODE})
            await host.post(path, json={"kind": "ask", "measure": "projects", "policy": "now"})
            found = []
            for who in "ABCDEFA":
                answer = await phone.post(path, json={"kind": "guess", "who": who, "value": 5})
                found.append(answer.status_code)
            await phone.post(path, json={"kind": "unguess", "who": "B"})
            last = await phone.post(path, json={"kind": "guess", "who": "F", "value": 5})
            return [*found, last.status_code]

    assert played(script) == [200] * 5 + [403, 200, 200]


@pytest.mark.parametrize("language", ["en", "zh-Hant"])
def test_what_is_wrong_with_a_file_is_told_in_a_sentence_of_the_language(
    workshop: Workshop, language: str
) -> None:
    async def script() -> Any:
        async with workshop.host() as browser:
            upload = {"kind": "upload", "name": "mine", "text": "strange: 1\n"}
            path = f"/api/sessions/{await begun(browser)}/actions?lang={language}"
            return (await browser.post(path, json=upload)).json()["error"]

    told = played(script)
    assert "mine:1: strange: unknown key" in told
    assert told.startswith(
        {"en": "This scenario file cannot be used: ", "zh-Hant": "這個情境檔無法使用："}[language]
    )


def test_strangers_of_an_address_do_not_use_up_what_its_guests_may_ask() -> None:
    limiter = Limiter(Clock())
    stranger = Client("stranger", "@192.168.1.7", "192.168.1.7", "en")
    for _ in range(200):
        limiter.take("read", stranger)
    limiter.take("read", someone())

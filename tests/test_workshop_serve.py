from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from experiments.workshop import archive, serve
from experiments.workshop.serve import Log, Remembered, Wish, listening
from sim.errors import InputError
from tests.workshop_fakes import CODE, Workshop, begun, played, settled

ROOT = Path(__file__).parent.parent
STAFF = {"kind": "set", "lever": "pmo.staff", "value": 30}


# --- the address ----------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_told_and_otherwise_the_next_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with listening(None, to_network=False) as first:
        port = first.getsockname()[1]
        monkeypatch.setattr(serve, "PORT", port)
        with pytest.raises(InputError, match=f"{port} is taken"):
            listening(port, to_network=False)
        with listening(None, to_network=False) as second:
            assert second.getsockname()[0] == "127.0.0.1"
            assert second.getsockname()[1] > port
        monkeypatch.setattr(serve, "TRIES", 1)
        with pytest.raises(InputError, match="free"):
            listening(None, to_network=False)


def test_unexpected_errors_are_numbered_in_a_file(tmp_path: Path) -> None:
    log = Log(tmp_path / "workshop.log")
    with log.listening():
        assert [log(ValueError("first")), log(KeyError("second"))] == [1, 2]
    told = (tmp_path / "workshop.log").read_text()
    assert "ValueError: first" in told
    assert "--- 2" in told
    assert Log(tmp_path / "no folder" / "x")(ValueError()) == 1


def test_what_the_page_begins_with_is_made_once_a_language() -> None:
    made: list[str] = []
    start = Remembered(lambda language: {"n": made.append(language)})
    for language in ("en", "zh-Hant", "en"):
        start(language)
    assert made == ["en", "zh-Hant"]


def test_the_start_of_the_real_page_can_be_sent() -> None:
    for language in ("en", "zh-Hant"):
        found = json.loads(json.dumps(serve.start(language), allow_nan=False))
        assert {len(family["levers"]) > 0 for family in found["families"]} == {True}
        assert found["cards"][0]["id"] == "taipei_2016_2021"
        assert found["guessable"][0]["high"] > found["guessable"][0]["low"]


# --- a real server with runs that take no time ----------------------------------------------------


def served(folder: Path, script: Callable[[Workshop, str], Awaitable[None]], **how: Any) -> Workshop:
    """Run a script against a server on a free port of loopback."""

    async def all_() -> Workshop:
        workshop = Workshop(folder, **how)
        with serve._bound("127.0.0.1", 0) as heard:
            workshop.gate.port = heard.getsockname()[1]
            listens = asyncio.Event()
            server = serve._Server(serve._config(workshop.app), listens.set)
            running = asyncio.create_task(server.serve([heard]))
            await listens.wait()
            try:
                await script(workshop, f"http://127.0.0.1:{workshop.gate.port}")
            finally:
                server.should_exit = True
                await workshop.rooms.close()
                await running
        return workshop

    workshop = played(all_)
    assert isinstance(workshop, Workshop)
    return workshop


async def events(answer: httpx.Response) -> Any:
    """Kind and data of what a stream tells."""
    kind = ""
    async for line in answer.aiter_lines():
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield kind, json.loads(line.removeprefix("data: "))


async def until_version(url: str, path: str, version: int) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=url, timeout=20) as browser, browser.stream("GET", path) as answer:
        async for kind, data in events(answer):
            if kind == "effect" and data["version"] == version and data["state"] == "done":
                return dict(data)
    raise AssertionError("the stream ended")


def test_twenty_browsers_see_a_session_while_some_are_slow_and_some_leave(tmp_path: Path) -> None:
    async def script(workshop: Workshop, url: str) -> None:
        async with httpx.AsyncClient(base_url=url) as browser:
            id_ = await begun(browser, "taipei_stage1")
            path = f"/api/sessions/{id_}/stream?want=effect"
            asleep = [await _asleep(workshop.gate.port, path) for _ in range(5)]
            watching = [asyncio.create_task(until_version(url, path, 12)) for _ in range(20)]
            leaving = [asyncio.create_task(until_version(url, path, 99)) for _ in range(5)]
            room = await workshop.rooms.room(id_, _host())
            await settled(lambda: len(room._watchers) == 30)
            for value in range(21, 32):
                await browser.post(f"/api/sessions/{id_}/actions", json={**STAFF, "value": value})
                if value == 25:
                    for task in leaving:
                        task.cancel()
            found = await asyncio.gather(*watching)
            assert {each["effect"]["now"]["staff"] for each in found} == {31}
            for _, writer in asleep:
                writer.close()
            await settled(lambda: not room._watchers and not workshop.rooms._streams)

    assert served(tmp_path, script).errors == []


async def _asleep(port: int, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A browser that asks for a stream and reads nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    await writer.drain()
    return reader, writer


def _host() -> Any:
    from experiments.workshop.guard import Client

    return Client("host", "host", "127.0.0.1", "en")


def test_streams_end_when_the_server_ends(tmp_path: Path) -> None:
    ended: list[asyncio.Task[None]] = []

    async def listen(url: str, path: str, begun_: asyncio.Event) -> None:
        async with (
            httpx.AsyncClient(base_url=url, timeout=20) as browser,
            browser.stream("GET", path) as answer,
        ):
            async for _ in events(answer):
                begun_.set()

    async def script(workshop: Workshop, url: str) -> None:
        async with httpx.AsyncClient(base_url=url) as browser:
            path, heard = f"/api/sessions/{await begun(browser)}/stream", asyncio.Event()
        ended.append(asyncio.create_task(listen(url, path, heard)))
        await heard.wait()

    served(tmp_path, script)
    assert ended[0].done()
    assert not ended[0].cancelled()


def test_headers_of_a_proxy_make_no_host(tmp_path: Path) -> None:
    async def script(workshop: Workshop, url: str) -> None:
        host = {"host": f"192.168.1.5:{workshop.gate.port}", "x-forwarded-for": "127.0.0.1"}
        async with httpx.AsyncClient(base_url=url, headers=host) as browser:
            assert (await browser.get("/api/start")).status_code == 421

    served(tmp_path, script, code=CODE)


# --- the command itself ---------------------------------------------------------------------------


@contextmanager
def command(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command, and the address that it tells."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    code = "from experiments.cli import main; main()"
    asked = [sys.executable, "-c", code, "workshop", str(folder), "--no-browser", *words]
    process = subprocess.Popen(
        asked, env={**os.environ, "PYTHONPATH": path}, cwd=folder.parent, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://[^ ]+", line)
        assert found is not None, line + (process.communicate()[1] if process.poll() is not None else "")
        yield process, found[0]
    finally:
        process.kill()
        process.communicate()


def free() -> str:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return str(found.getsockname()[1])


def children(process: subprocess.Popen[str]) -> list[int]:
    tasks = Path(f"/proc/{process.pid}/task")
    return [int(pid) for task in tasks.iterdir() for pid in (task / "children").read_text().split()]


def alive(pids: list[int]) -> list[int]:
    def lives(pid: int) -> bool:
        try:
            return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return False

    return [pid for pid in pids if lives(pid)]


def gone(pids: list[int]) -> bool:
    for _ in range(200):
        if not alive(pids):
            return True
        time.sleep(0.05)
    return False


def effect(url: str, id_: str, version: int) -> dict[str, Any]:
    return played(lambda: until_version(url, f"/api/sessions/{id_}/stream?want=effect", version))  # type: ignore[no-any-return]


linux = pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="looks at processes as Linux shows them"
)


@linux
@pytest.mark.slow
def test_the_real_thing_runs_ends_cleanly_and_survives_a_kill(tmp_path: Path) -> None:
    folder = tmp_path / "workshop"
    with (
        command(folder, "--port", free(), "--jobs", "1") as (process, url),
        httpx.Client(base_url=url) as browser,
    ):
        assert browser.get("/").status_code == 200
        id_ = browser.post("/api/sessions", json={"base": "taipei_stage1"}).json()["id"]
        for action in ({"kind": "runs", "runs": 20}, STAFF):
            state = browser.post(f"/api/sessions/{id_}/actions", json=action).json()
        found = effect(url, id_, state["version"])
        assert (found["done"], found["wanted"], found["message"]) == (20, 20, None)
        assert found["effect"]["headlines"]
        workers = children(process)
        assert workers
        process.kill()
        process.wait()
        assert gone(workers)
    with (
        command(folder, "--port", free(), "--jobs", "1") as (process, url),
        httpx.Client(base_url=url) as browser,
    ):
        assert browser.get(f"/api/sessions/{id_}").json() == state
        workers = children(process)
        with browser.stream("GET", f"/api/sessions/{id_}/stream") as answer:
            next(answer.iter_lines())
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 0
        assert gone(workers)
        assert process.communicate() == ("", "")
    assert not (folder / serve.LOG).exists()


@linux
@pytest.mark.slow
def test_ctrl_c_ends_it_with_0_and_a_folder_in_use_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "workshop"
    with command(folder, "--jobs", "1", "--open") as (process, _):
        assert process.stdout is not None
        assert re.search(r"Code: [A-Z2-9]{6}\b", process.stdout.readline())
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        code = "from experiments.cli import main; main()"
        second = subprocess.run(
            [sys.executable, "-c", code, "workshop", str(folder), "--no-browser"],
            env={**os.environ, "PYTHONPATH": path}, text=True, capture_output=True, check=False, timeout=30,
        )  # fmt: skip
        assert second.returncode == 2
        assert re.fullmatch(r"cityfunnel: .*\n", second.stderr)
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 0
        assert process.communicate()[1] == ""


def test_a_missing_extra_is_told_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from typer.testing import CliRunner

    from experiments import cli

    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "experiments.workshop.serve")
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    done = CliRunner().invoke(cli.app, ["workshop", "--no-browser"], prog_name="cityfunnel")
    assert done.exit_code == 2
    assert "pip install 'cityfunnel[workshop]'" in done.stderr


def test_nothing_slow_is_imported_before_the_page_is_up() -> None:
    slow = {"pandas", "mesa", "scipy", "matplotlib"}
    code = f"import sys, experiments.workshop.serve; print(sorted({slow} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True, capture_output=True, check=True)
    assert done.stdout.strip() == "[]"


# --- connections, and what is written down ---------------------------------------------------------


def raw(url: str, content: bytes = b"") -> socket.socket:
    found = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=20)
    found.sendall(content)
    return found


def ended(connection: socket.socket) -> bool:
    """Wait until the other side has closed it."""
    with suppress(ConnectionError):
        while connection.recv(100_000):
            pass
    connection.close()
    return True


@pytest.mark.parametrize("content", [b"", b"GET / HTTP/1.1\r\nHost: ", b"GET /static/app.js HTTP/1.1\r\n"])
def test_a_connection_on_which_no_request_comes_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr(serve, "LATE", 0.2)

    async def script(_workshop: Workshop, url: str) -> None:
        assert await asyncio.to_thread(ended, raw(url, content))

    served(tmp_path, script)


def test_whoever_takes_nothing_of_what_is_sent_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "STUCK", 0.2)
    stuck = list[bool]()
    abort = serve._Line.connection_lost

    def lost(line: serve._Line, error: Exception | None) -> None:
        stuck.append(line._stuck is not None)
        abort(line, error)

    monkeypatch.setattr(serve._Line, "connection_lost", lost)

    async def script(workshop: Workshop, url: str) -> None:
        host = f"127.0.0.1:{workshop.gate.port}".encode()
        get = b"GET /static/echarts.min.js HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"
        with raw(url, 30 * get):
            await settled(lambda: bool(stuck))

    served(tmp_path, script)
    assert stuck == [True]


def test_connections_from_the_network_do_not_shut_out_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "CROWD", 3)
    monkeypatch.setattr(serve, "loopback", lambda _address: False)

    async def script(workshop: Workshop, url: str) -> None:
        crowd = [raw(url) for _ in range(4)]
        assert await asyncio.to_thread(ended, crowd[-1])
        monkeypatch.setattr(serve, "loopback", lambda _address: True)
        async with httpx.AsyncClient(base_url=url) as browser:
            assert (await browser.get("/api/sessions")).status_code == 200
        for each in crowd:
            each.close()

    served(tmp_path, script)


def test_what_is_written_down_does_not_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "LOGGED", 2000)
    log = Log(tmp_path / "workshop.log")
    with log.listening():
        for _ in range(100):
            logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
            log(ValueError("x"))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["workshop.log", "workshop.log.1"]
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 5000


def test_a_file_that_a_room_took_home_opens_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = list[str | None]()

    async def served_(_wish: Any, _sessions: Any, _heard: Any, again: str | None, *_rest: Any) -> None:
        opened.append(again)

    monkeypatch.setattr(serve, "_served", served_)
    monkeypatch.chdir(tmp_path)
    with archive.opened(tmp_path / "first") as sessions:
        id_ = sessions.create("taipei_stage1").id
    wish = Wish(tmp_path / "first" / id_ / archive.NAME, browser=False)
    serve.serve(wish, lambda _line: None)
    assert opened[0] is not None
    assert (tmp_path / "results" / "workshop" / opened[0] / archive.NAME).is_file()
    (tmp_path / "other").write_text("no session")
    with pytest.raises(InputError, match="damaged"):
        serve.serve(Wish(tmp_path / "other"), lambda _line: None)


def test_the_first_picture_is_drawn_before_anybody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = list[str]()
    monkeypatch.setattr(
        serve.Pictures, "ready", lambda _self, base, language: drawn.append(f"{base} {language}")
    )
    serve._warm(drawn.append)
    assert drawn == ["en", "taipei_2016_2021 en", "taipei_2016_2021 zh-Hant"]

"""The workshop page in a real browser: the server as users start it, and tabs that note what they ask for.

Pages are driven by Playwright with the system's own Chromium. Names of other hosts lead nowhere, and every
address that a tab asks for is noted, so that a test can say that nothing but the server was asked: to the
page it is a machine without a network.
"""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from experiments.workshop import words
from tests.chromium import EXECUTABLE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, BrowserType, ConsoleMessage, Locator, Page

ROOT = Path(__file__).parents[1]
#: where a browser is missing its tests are skipped, except where this says that there must be one
WANTED = os.environ.get("CITYFUNNEL_BROWSER") == "1"
#: seconds that anything may take before it counts as broken; never a measure of speed
PATIENCE = 60.0
#: what a window may be: a projector, a phone
PROJECTOR, PHONE = (1280, 720), (375, 667)
SCREENS = ("start", "policy", "watch", "compare", "guess", "take")

_SERVER = "import sys; from experiments.cli import main; sys.exit(main())"
#: what the console says of answers that tests provoke
_EXPECTED = re.compile(r"Failed to load resource|net::ERR_")

in_browser = pytest.mark.skipif(EXECUTABLE is None and not WANTED, reason="no Chromium is installed")


def installed() -> str:
    """The browser; fails where there is none though there must be one."""
    assert EXECUTABLE is not None, "CITYFUNNEL_BROWSER=1, and no Chromium is installed"
    return EXECUTABLE


def say(key: str, language: str = "en", **values: Any) -> str:
    """A text of the page."""
    return words.say(language, key, **values)


def pattern(key: str, language: str = "en", **values: Any) -> re.Pattern[str]:
    """A text of the page in which any placeholder that is not given may hold anything."""
    section, _, name = key.partition(".")
    texts = words.texts(language)[section]
    forms = [texts[each] for each in (name, f"{name}_one") if each in texts]
    return re.compile("|".join(_form(form, values) for form in forms))


def _form(text: str, values: Mapping[str, Any]) -> str:
    parts = re.split(r"\{(\w+)\}", text)
    held = (re.escape(str(values[part])) if part in values else ".*" for part in parts[1::2])
    return "^" + "".join(re.escape(part) + next(held, "") for part in parts[::2]) + "$"


# --- the server --------------------------------------------------------------------------------


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class Server:
    """``cityfunnel workshop`` in a process of its own.

    Args:
        folder: of the sessions.
        options: further words of the command.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self._options, self.port = folder, options, free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, or start it again at the same port, and wait until it answers."""
        words = ["workshop", str(self.folder), "--no-browser", "--port", str(self.port), "--jobs", "2"]
        with (self.folder.parent / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SERVER, *words, *self._options], cwd=ROOT, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < end, self.log()
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            self.ask("/api/start")
        except urllib.error.URLError:
            return False
        return True

    def log(self) -> str:
        """What the server has said so far."""
        return (self.folder.parent / "server.log").read_text(encoding="utf-8", errors="replace")

    def ask(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The JSON that a path answers, after a POST where there is a body."""
        request = urllib.request.Request(
            self.address + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={} if body is None else {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    def session(
        self, *actions: Mapping[str, Any], base: str = "taipei_2016_2021", language: str = "en"
    ) -> str:
        """The id of a new session of few runs, in which something was done already."""
        found: str = self.ask("/api/sessions", {"base": base, "language": language})["id"]
        for action in ({"kind": "runs", "runs": 20}, *actions):
            self.act(found, **action)
        return found

    def act(self, session: str, **action: Any) -> Any:
        """Do something in a session; its state after that."""
        return self.ask(f"/api/sessions/{session}/actions", action)

    def state(self, session: str) -> Any:
        """The state of a session."""
        return self.ask(f"/api/sessions/{session}")

    def orphans(self, seconds: float = 0.0) -> list[str]:
        """Commands of the processes that outlive the server.

        The tracker of multiprocessing does not count: it ends when it sees that all others have ended.

        Args:
            seconds: in which workers may notice that a crash has left them alone; none after an orderly end.
        """
        end = time.monotonic() + seconds
        left = [_command(number) for number in self.children() if not _ends(number, end - time.monotonic())]
        return [command for command in left if command and "resource_tracker" not in command]

    def children(self) -> list[int]:
        """Processes of the server's group that are alive, the server among them."""
        assert self._process is not None
        return [number for number in _processes() if _group(number) == self._process.pid]

    def kill(self) -> None:
        """End it as a crash would: it can do nothing more."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(PATIENCE)

    def stop(self) -> int:
        """End it as a user would, with Ctrl+C; its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            raise


def _processes() -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            yield int(entry.name)


def _group(number: int) -> int | None:
    """The group of a process that is alive."""
    try:
        state, _, group = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[:3]
    except (OSError, ValueError):
        return None
    return None if state == "Z" else int(group)


def _ends(number: int, seconds: float) -> bool:
    """Whether a process ends within so many seconds."""
    try:
        handle = os.pidfd_open(number)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], max(seconds, 0.0))[0])
    finally:
        os.close(handle)


def _command(number: int) -> str:
    """How a process was called; empty once it has ended."""
    try:
        return Path(f"/proc/{number}/cmdline").read_text().replace("\0", " ").strip()
    except OSError:
        return ""


# --- the browser -------------------------------------------------------------------------------


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser that reaches this machine alone."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, launched(playwright.chromium) as browser:
        yield browser


@contextmanager
def launched(kind: BrowserType, *hosts: str) -> Iterator[Browser]:
    """A browser for which no other host than this machine and the given ones has an address."""
    only = ", ".join(["MAP * ~NOTFOUND", *(f"EXCLUDE {host}" for host in ("127.0.0.1", *hosts))])
    switches = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--host-resolver-rules={only}"]
    browser = kind.launch(executable_path=installed(), args=switches)
    try:
        yield browser
    finally:
        browser.close()


class Tab:
    """A page of the workshop, and what it asked for and complained of.

    Attributes:
        page: Playwright's page.
        requests: every address that was asked for.
        problems: errors and warnings of the console, and errors that no code caught.
    """

    def __init__(self, context: BrowserContext, address: str, language: str = "en") -> None:
        self.address, self.language = address, language
        self.requests: list[str] = []
        self.problems: list[str] = []
        context.on("request", lambda request: self.requests.append(request.url))
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE * 1000)
        self.page.on("console", self._told)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))

    def _told(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not _EXPECTED.search(message.text):
            self.problems.append(message.text)

    def open(self, session: str = "", screen: str = "policy") -> Tab:
        """Open a screen of a session and wait until it is there."""
        self.page.goto(f"{self.address}/{f'?s={session}' if session else ''}#/{screen}")
        self.ready(screen)
        return self

    def ready(self, screen: str) -> None:
        """Wait until a screen is drawn and the news come in."""
        self.page.wait_for_selector(f'body[data-ready="{screen}"][data-connected="true"]', state="attached")

    def go(self, screen: str) -> None:
        """Go to a screen as people do, by its tab."""
        self.link(f"page.tab_{screen}").click()
        self.ready(screen)

    def said(self, key: str, **values: Any) -> str:
        """A text in the language of this tab."""
        return say(key, self.language, **values)

    def button(self, key: str, **values: Any) -> Locator:
        """The button of this name."""
        return self.page.get_by_role("button", name=pattern(key, self.language, **values))

    def link(self, key: str, **values: Any) -> Locator:
        """The link of this name."""
        return self.page.get_by_role("link", name=pattern(key, self.language, **values))

    def labelled(self, key: str, **values: Any) -> Locator:
        """The control that has this label."""
        return self.page.get_by_label(pattern(key, self.language, **values))

    def text(self, text: str) -> Locator:
        """The place that says this."""
        return self.page.get_by_text(text).first

    def eventually(self, script: str) -> None:
        """Wait until an expression is true in the page; its policy forbids Playwright's own way to wait."""
        end = time.monotonic() + PATIENCE
        while not self.page.evaluate(script):
            assert time.monotonic() < end, f"never true: {script}"
            self.page.wait_for_timeout(50)

    def overflow(self) -> list[str]:
        """What reaches beyond the right edge of the window, widest first; empty where nothing does."""
        script = """() => {
            const width = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= width) return [];
            return [...document.querySelectorAll("body *")]
                .map(each => [each, each.getBoundingClientRect().right])
                .filter(([, right]) => right > width + 1).sort((one, other) => other[1] - one[1]).slice(0, 5)
                .map(([each, right]) => `${each.tagName}.${each.className} to ${right} of ${width}`)
                .concat(`scrollWidth ${document.documentElement.scrollWidth}`);
        }"""
        found: list[str] = self.page.evaluate(script)
        return found

    def outside(self) -> list[str]:
        """Addresses that were asked for and are not of the server."""
        own = (f"{self.address}/", "data:", f"blob:{self.address}/", "about:")
        return [url for url in self.requests if not url.startswith(own)]


@contextmanager
def tab(
    browser: Browser, address: str, size: tuple[int, int] = PROJECTOR, language: str = "en", **more: Any
) -> Iterator[Tab]:
    """A tab without a past; at its end nothing outside was asked for and nothing complained of."""
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height}, locale=language, **more)
    opened = Tab(context, address, language)
    try:
        yield opened
        assert opened.outside() == []
        assert opened.problems == [], opened.problems
    finally:
        context.close()


def violations(tab: Tab) -> list[str]:
    """What axe finds in a page that is serious or critical: rule, place, and what is wrong."""
    from axe_playwright_python.sync_playwright import Axe

    before = len(tab.problems)
    found = Axe().run(tab.page, options={"preload": False}).response["violations"]
    del tab.problems[before:]  # axe puts a style into the page for a moment, which the page forbids
    return [
        f"{each['id']} ({each['impact']}): {node['html'][:160]}: {node['failureSummary'][:300]}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"][:3]
    ]

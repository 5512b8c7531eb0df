"""The workshop page as people use it: six flows, crashes, hostile names, keyboard alone, readers, phones."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserType, Locator, Page, expect

import sim
from experiments.workshop.levers import LEVERS
from tests.browser import (
    PATIENCE,
    PHONE,
    PROJECTOR,
    SCREENS,
    Server,
    Tab,
    chromium,
    in_browser,
    launched,
    pattern,
    tab,
    violations,
)

pytestmark = [pytest.mark.slow, in_browser]
expect.set_options(timeout=PATIENCE * 1000)

TAIPEI = "taipei_2016_2021"
#: a policy that everybody sees the effect of
FEW: dict[str, Any] = {"kind": "set", "lever": "pmo.staff", "value": 10}
#: a name that would do harm if it were taken for more than a name
HOSTILE = """<img src=x onerror="window.harmed=1">{a}</script>"""
LANGUAGES = ("en", "zh-Hant")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    found = Server(tmp_path_factory.mktemp("workshop") / "sessions")
    found.start()
    try:
        yield found
    finally:
        code = found.stop()
    assert code == 0, found.log()
    assert found.orphans() == []
    assert "Traceback" not in found.log()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def lever(there: Tab, name: str) -> str:
    """The name of a lever on the page."""
    assert name in LEVERS
    return there.said(f"lever.{name.replace('.', '_')}_name")


def slider(there: Tab, name: str) -> Locator:
    return there.page.get_by_role("slider", name=lever(there, name), exact=True)


def number(there: Tab, name: str) -> Locator:
    return there.page.get_by_role("spinbutton", name=there.said("policy.as_number", name=lever(there, name)))


def finished(page: Page) -> None:
    """Wait until all runs of the screen are there."""
    page.wait_for_selector('.progress[data-state="done"]')


def chips(page: Page) -> Locator:
    return page.locator(".differs .chip-name")


def named(page: Page) -> Locator:
    """The names of the policies that are compared."""
    return page.locator(".policy").get_by_role("heading")


# --- the six flows -----------------------------------------------------------------------------


def test_a_first_visit_shows_taipei_ready_and_all_screens(browser: Browser, server: Server) -> None:
    with tab(browser, server.address) as there:
        there.page.goto(server.address)
        there.ready("start")
        expect(there.page.get_by_role("heading", level=1)).to_have_text(there.said("start.title"))
        card = there.page.get_by_role("article", name=there.said(f"card.{TAIPEI}_title"), exact=True)
        expect(card).to_contain_text(there.said("start.chosen"))
        expect(card.get_by_role("img")).to_be_visible()
        assert there.page.get_by_role("article").count() > 10
        there.go("policy")
        expect(there.page.locator("#headlines li").first).to_be_visible()
        expect(there.page.locator(".pictures svg").first).to_be_visible()


def test_a_card_is_chosen_and_found_by_a_word(browser: Browser, server: Server) -> None:
    with tab(browser, server.address) as there:
        there.open(session := server.session(), "start")
        there.labelled("start.filter").fill(title := there.said("card.taipei_lost_election_title"))
        expect(there.page.get_by_role("article")).to_have_count(1)
        there.button("start.choose").click()
        there.ready("policy")
        expect(there.page.get_by_role("heading", level=1)).to_have_text(title)
    assert server.state(session)["base"] == "taipei_lost_election"


def test_a_lever_shows_what_differs_and_what_it_does(browser: Browser, server: Server) -> None:
    with tab(browser, server.address) as there:
        there.open(session := server.session())
        page, staff = there.page, lever(there, "pmo.staff")
        finished(page)
        number(there, "pmo.staff").fill("10")
        number(there, "pmo.staff").press("Tab")
        difference = there.said("policy.difference", name=staff, **{"from": "20", "to": "10"})
        expect(chips(page)).to_have_text([difference])
        expect(slider(there, "pmo.staff")).to_have_value("10")
        expect(page.locator("#headlines")).to_contain_text(there.said("measure.needs_solved_down"))
        finished(page)
        assert server.state(session)["settings"] == {"pmo.staff": 10}
        page.locator(".result > details.numbers > summary").click()
        assert page.locator(".result table tbody tr").count() > 5
        for key, told in (("policy.undo", []), ("policy.redo", [difference]), ("policy.reset", [])):
            there.button(key).click()
            expect(chips(page)).to_have_text(told)
        assert server.state(session)["settings"] == {}
        expect(there.text(there.said("policy.nothing_differs"))).to_be_visible()


def test_a_lever_tells_what_is_known_of_it(browser: Browser, server: Server) -> None:
    with tab(browser, server.address) as there:
        there.open(server.session())
        about = there.button("policy.about", name=lever(there, "pmo.staff"))
        expect(about).to_have_attribute("aria-expanded", "false")
        about.click()
        expect(about).to_have_attribute("aria-expanded", "true")
        expect(there.text(there.said("lever.pmo_staff_meaning"))).to_be_visible()
        expect(there.text(there.said("lever.pmo_staff_seen"))).to_be_visible()


def test_runs_are_stopped_and_go_on(browser: Browser, server: Server) -> None:
    session = server.session(
        {"kind": "runs", "runs": 200}, {"kind": "set", "lever": "pmo.staff", "value": 13}
    )
    with tab(browser, server.address) as there:
        there.open(session)
        there.button("page.cancel").click()
        there.page.wait_for_selector('.progress[data-state="cancelled"]')
        server.act(session, kind="runs", runs=20)
        if there.button("page.resume").is_visible():
            there.button("page.resume").click()
        finished(there.page)


def test_a_city_is_watched_month_by_month(browser: Browser, server: Server) -> None:
    with tab(browser, server.address) as there:
        there.open(server.session(), "watch")
        page = there.page
        month = page.get_by_role("slider", name=there.said("watch.month"))
        expect(month).not_to_have_attribute("max", "1")
        there.button("watch.forward").click()
        expect(month).to_have_value("1")
        there.button("watch.play").click()
        there.eventually("Number(document.querySelector('.watch-time input').value) >= 4")
        there.button("watch.pause").click()
        stopped = month.input_value()
        there.button("watch.back").click()
        assert int(month.input_value()) in (int(stopped), int(stopped) - 1)
        month.fill("40")
        page.locator(".watch-side summary").click()
        page.get_by_role("combobox", name=there.said("watch.lane"), exact=True).select_option("-1")
        page.locator(".watch-list button").first.click()
        story = page.get_by_role("dialog")
        expect(story.locator("li").first).to_be_visible()
        assert len(story.inner_text()) > 60
        page.keyboard.press("Escape")
        expect(story).to_be_hidden()


def test_policies_are_compared_renamed_and_removed(browser: Browser, server: Server) -> None:
    more = {"kind": "set", "lever": "pmo.staff", "value": 40}
    session = server.session(FEW, {"kind": "keep", "name": "Few"}, more, {"kind": "keep", "name": "Many"})
    with tab(browser, server.address) as there:
        there.open(session, "compare")
        page = there.page
        finished(page)
        for section in ("funnel", "differences", "groups", "money"):
            part = page.locator(f".section-{section}")
            expect(part.get_by_role("heading", level=2)).to_have_text(there.said(f"comparison.{section}"))
            expect(part.locator(".said li").first).to_be_visible()
        expect(page.locator(".section-differences .said")).to_contain_text("Few")
        there.button("compare.rename_named", name="Few").click()
        there.labelled("compare.new_name").fill("Half the office")
        there.button("compare.rename_save").click()
        expect(named(page)).to_have_text(["Half the office", "Many"])
        there.button("compare.drop_named", name="Many").click()
        expect(named(page)).to_have_text(["Half the office"])
        there.button("compare.load_named", name="Half the office").click()
        there.ready("policy")
        expect(chips(page)).to_have_count(1)


def test_four_policies_are_compared_and_a_fifth_is_refused(browser: Browser, server: Server) -> None:
    names = ["Ten", "Thirty", "No tests", "Two bidders"]
    changed = [
        ("pmo.staff", 10),
        ("pmo.staff", 30),
        ("poc.required", False),
        ("procurement.three_bidders", False),
    ]
    done: list[dict[str, Any]] = []
    for name, (path, value) in zip(names, changed, strict=True):
        done += [{"kind": "reset"}, {**FEW, "lever": path, "value": value}, {"kind": "keep", "name": name}]
    session = server.session(*done)
    with tab(browser, server.address) as there:
        there.open(session, "compare")
        finished(there.page)
        expect(named(there.page)).to_have_text(names)
        for name in names:
            expect(there.page.locator(".section-funnel .said").first).to_contain_text(name)
        there.go("policy")
        there.labelled("policy.keep_as").fill("A fifth")
        there.labelled("policy.keep_as").press("Enter")
        expect(there.text(there.said("refused.policies_full", most=4))).to_be_visible()
    assert len(server.state(session)["policies"]) == 4


#: what the server tells of effects, from now on, in ``window.told``
LISTENS = """session => new Promise(ready => {
    window.told = [];
    const heard = new EventSource(`/api/sessions/${session}/stream?lang=en`);
    heard.addEventListener("effect", event => window.told.push(JSON.parse(event.data)));
    heard.addEventListener("state", () => ready(true));
})"""
#: sentences of the first picture that is as new as a version
FIRST = """version => {
    const found = window.told.find(each => each.version >= version && each.effect);
    return found ? found.effect.headlines : null;
}"""


def test_the_first_picture_after_a_lever_is_of_the_new_policy(browser: Browser, server: Server) -> None:
    with tab(browser, server.address) as there:
        there.open(session := server.session(), "policy")
        finished(there.page)
        there.page.evaluate(LISTENS, session)
        version = server.act(session, **FEW)["version"]
        there.eventually(f"({FIRST})({version}) !== null")
        fewer = there.said("measure.needs_solved_down")
        assert any(fewer in each for each in there.page.evaluate(FIRST, version))
        told = there.page.evaluate("window.told.filter(each => each.effect).map(each => each.version)")
        assert told == sorted(told)
        expect(there.page.locator("#headlines")).to_contain_text(fewer)


def test_a_room_guesses_before_it_sees(browser: Browser, server: Server) -> None:
    with tab(browser, server.address) as there:
        there.open(session := server.session(FEW), "guess")
        page = there.page
        there.labelled("guess.measure").select_option("needs_solved")
        there.button("guess.ask").click()
        for who, value in (("Ada", "30"), ("Lin", "17")):
            there.labelled("guess.who").fill(who)
            page.get_by_role("spinbutton").fill(value)
            there.button("guess.enter").click()
            expect(page.locator(".who")).to_contain_text(who)
        assert "17" not in page.locator("main").inner_text()
        there.go("policy")
        expect(there.text(there.said("policy.hidden"))).to_be_visible()
        assert page.locator("#headlines li").count() == 0
        there.go("guess")
        there.button("guess.reveal").click()
        found = pattern("guesses.middle", guess="24").pattern.strip("^$")
        expect(page.locator(".round .headlines")).to_contain_text(re.compile(found))
        expect(page.locator(".round .headlines")).to_contain_text("Lin")
        expect(page.locator(".round svg").first).to_be_visible()
        there.button("guess.close").click()
        expect(page.get_by_role("heading", name=there.said("guess.earlier"))).to_be_visible()
    (over,) = server.state(session)["rounds"]
    assert over["guesses"] == {"Ada": 30, "Lin": 17}


def test_what_is_taken_away_comes_back(browser: Browser, server: Server, tmp_path: Path) -> None:
    session = server.session({"kind": "name", "name": "An evening"}, FEW, {"kind": "keep", "name": "Few"})
    with tab(browser, server.address, accept_downloads=True) as there:
        there.open(session, "take")
        page = there.page
        there.button("takeaway.save").click()
        expect(page.get_by_role("heading", name=there.said("takeaway.links"))).to_be_visible()
        taken = {}
        for link in page.locator(".rows a").all():
            with page.expect_download() as arriving:
                link.evaluate("each => { each.removeAttribute('target'); each.click(); }")
            taken[arriving.value.suggested_filename] = file = tmp_path / arriving.value.suggested_filename
            arriving.value.save_as(file)
        (policy,) = (file for name, file in taken.items() if name.endswith(".yaml"))
        assert sim.load(policy).parameters.pmo.staff == 10
        assert "An evening" in taken["report.html"].read_text(encoding="utf-8")
        with zipfile.ZipFile(taken["session.zip"]) as packed:
            assert any(name.endswith("session.json") for name in packed.namelist())
        there.go("start")
        there.labelled("start.open_file").set_input_files(taken["session.zip"])
        page.wait_for_url(lambda url: f"?s={session}" not in url)
        there.ready("policy")
        expect(page.locator("#session-name")).to_have_text("An evening")
        there.go("compare")
        expect(named(page)).to_have_text(["Few"])


# --- nothing is lost, nobody is disturbed ------------------------------------------------------


def test_a_crash_and_a_reload_lose_nothing(browser: Browser, server: Server) -> None:
    session = server.session(FEW, {"kind": "keep", "name": "Few"})
    with tab(browser, server.address) as there:
        there.open(session)
        page = there.page
        number(there, "pmo.staff").fill("12")
        number(there, "pmo.staff").press("Enter")
        expect(chips(page)).to_contain_text(["12"])
        there.eventually(
            f"fetch('/api/sessions/{session}').then(a => a.json()).then(a => a.settings['pmo.staff'] === 12)"
        )
        before = server.state(session)
        server.kill()
        expect(page.locator("#connection")).to_have_text(there.said("page.lost"))
        assert server.orphans(PATIENCE) == []
        server.start()
        there.ready("policy")
        expect(chips(page)).to_contain_text(["12"])
        kept = ("settings", "policies", "base", "runs", "can_undo")
        assert {key: server.state(session)[key] for key in kept} == {key: before[key] for key in kept}
        page.reload()
        there.ready("policy")
        expect(chips(page)).to_contain_text(["12"])
        there.button("policy.undo").click()
        expect(chips(page)).to_contain_text(["10"])
        finished(page)


def test_two_browsers_see_the_same_session_or_their_own(browser: Browser, server: Server) -> None:
    shared, own = server.session(), server.session()
    with (
        tab(browser, server.address) as one,
        tab(browser, server.address, language="zh-Hant") as two,
        tab(browser, server.address) as other,
    ):
        one.open(shared)
        two.open(shared)
        other.open(own)
        number(one, "pmo.staff").fill("15")
        number(one, "pmo.staff").press("Enter")
        name = lever(two, "pmo.staff")
        expect(chips(two.page)).to_have_text(
            [two.said("policy.difference", name=name, **{"from": "20", "to": "15"})]
        )
        expect(number(two, "pmo.staff")).to_have_value("15")
        two.button("policy.undo").click()
        expect(chips(one.page)).to_have_count(0)
        assert chips(other.page).count() == 0
        assert server.state(own)["settings"] == {}


# --- what people write stays text --------------------------------------------------------------


def test_names_are_never_taken_for_more(browser: Browser, server: Server) -> None:
    text = f"question: {json.dumps(HOSTILE)}\nextends: {TAIPEI}\nset: {{pmo.staff: 12}}\n"
    session = server.session(
        {"kind": "upload", "name": "theirs", "text": text}, {"kind": "start", "base": "theirs"},
        {"kind": "name", "name": HOSTILE}, FEW, {"kind": "keep", "name": HOSTILE},
        {"kind": "ask", "measure": "needs_solved", "policy": "now"},
        {"kind": "guess", "who": HOSTILE, "value": 5},
    )  # fmt: skip
    with tab(browser, server.address) as there:
        there.open(session, "guess")
        expect(there.page.locator(".who")).to_contain_text(HOSTILE)
        there.button("guess.reveal").click()
        expect(there.page.locator(".round .headlines")).to_contain_text(HOSTILE)
        for screen in SCREENS:
            there.go(screen)
            if screen in ("policy", "compare"):
                finished(there.page)
            expect(there.page.locator("#session-name")).to_have_text(HOSTILE)
            assert there.page.locator("img[src=x]").count() == 0
        there.go("policy")
        expect(there.page.locator(".question").first).to_have_text(HOSTILE)
        there.button("takeaway.save").or_(there.link("page.tab_take")).click()
        there.button("takeaway.save").click()
        expect(there.page.get_by_role("heading", name=there.said("takeaway.links"))).to_be_visible()
        report = next(server.folder.rglob("report.html"))
        assert there.page.evaluate("window.harmed") is None
        assert not any(url.endswith("/x") for url in there.requests)
        report_page = there.page.context.new_page()
        report_page.goto(report.as_uri())
        assert report_page.evaluate("window.harmed") is None
        assert report_page.locator("img[src=x]").count() == 0
        report_page.close()
        there.requests[:] = [url for url in there.requests if url != report.as_uri()]


BOMB = "question: What?\na: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_files_that_would_do_harm_are_refused_in_a_sentence(
    browser: Browser, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "bomb.yaml").write_text(BOMB)
    (tmp_path / "large.yaml").write_text("# " + 2_000_000 * "x")
    (tmp_path / "deep.yaml").write_text("question: What?\nset: " + 300 * "{a: " + "1" + 300 * "}")
    (tmp_path / "broken.json").write_text("[" * 5000)
    session = server.session()
    with tab(browser, server.address) as there:
        there.open(session, "start")
        notices = there.page.locator("#notices .problem p")
        for name in ("bomb", "large", "deep"):
            there.labelled("start.upload").set_input_files(tmp_path / f"{name}.yaml")
            expect(notices).to_have_count(1)
            said = notices.inner_text()
            assert 10 < len(said) < 400, said
            assert "Traceback" not in said
            there.button("page.dismiss").click()
            expect(notices).to_have_count(0)
        there.labelled("start.open_file").set_input_files(tmp_path / "broken.json")
        expect(notices).to_have_count(1)
        assert "Traceback" not in notices.inner_text()
    assert server.state(session)["uploads"] == []


# --- everybody can use it ----------------------------------------------------------------------


def test_everything_is_reached_by_keyboard(browser: Browser, server: Server) -> None:
    with tab(browser, server.address) as there:
        there.open(session := server.session(), "start")
        page = there.page
        page.keyboard.press("Tab")
        expect(page.locator("#skip")).to_be_focused()
        tabbed(page, there.link("page.tab_policy"))
        page.keyboard.press("Enter")
        there.ready("policy")
        staff = slider(there, "pmo.staff")
        tabbed(page, staff)
        page.keyboard.press("ArrowRight")
        expect(chips(page)).to_have_count(1)
        page.keyboard.press("Control+z")
        expect(chips(page)).to_have_count(0)
        page.keyboard.press("ArrowRight")
        expect(chips(page)).to_have_count(1)
        tabbed(page, there.labelled("policy.keep_as"))
        page.keyboard.type("By hand")
        page.keyboard.press("Enter")
        expect(there.button("policy.load_named", name="By hand")).to_be_visible()
        finished(page)
        chart = page.locator(".pictures .chart").first
        tabbed(page, chart)
        page.keyboard.press("ArrowRight")
        expect(page.locator(".pictures .told").first).not_to_be_empty()
    assert [each["name"] for each in server.state(session)["policies"]] == ["By hand"]


def tabbed(page: Page, there: Locator, most: int = 150) -> None:
    """Press Tab until something has the focus, and see that the focus shows."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if there.evaluate("each => each === document.activeElement"):
            seen = "each => getComputedStyle(each).outlineStyle + getComputedStyle(each).boxShadow"
            assert there.evaluate(seen) != "nonenone"
            return
    raise AssertionError(f"not reached by {most} presses of Tab")


@pytest.fixture(scope="module")
def full(server: Server) -> str:
    """A session in which every screen has something to show."""
    return server.session(
        {"kind": "name", "name": "An evening in the town hall"}, FEW, {"kind": "keep", "name": "Few"},
        {"kind": "set", "lever": "poc.required", "value": False}, {"kind": "keep", "name": "No tests"},
        {"kind": "ask", "measure": "needs_solved", "policy": "now"},
        {"kind": "guess", "who": "Ada", "value": 30}, {"kind": "reveal"},
    )  # fmt: skip


def drawn(there: Tab, screen: str) -> None:
    """Wait until a screen shows its results."""
    there.go(screen)
    if screen in ("policy", "compare"):
        finished(there.page)
    if screen == "watch":
        expect(there.page.locator(".watch-wait")).to_be_empty()
    if screen == "guess":
        expect(there.page.locator(".round .headlines li").first).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reader_meets_no_serious_fault(language: str, browser: Browser, server: Server, full: str) -> None:
    with tab(browser, server.address, language=language) as there:
        there.open(full)
        assert there.page.evaluate("document.documentElement.lang") == language
        there.button("policy.about", name=lever(there, "pmo.staff")).click()
        for screen in SCREENS:
            drawn(there, screen)
            assert violations(there) == [], screen


def test_axe_would_find_faults(browser: Browser, server: Server, full: str) -> None:
    with tab(browser, server.address) as there:
        there.open(full)
        there.page.evaluate(
            "document.querySelector('main').insertAdjacentHTML('afterbegin', '<button></button>')"
        )
        assert [each.split()[0] for each in violations(there)] == ["button-name"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_screens_fit_a_projector_and_a_phone(
    language: str, browser: Browser, server: Server, full: str
) -> None:
    with tab(browser, server.address, language=language) as there:
        there.open(full)
        for screen in SCREENS:
            drawn(there, screen)
            for width, height in (PROJECTOR, PHONE):
                there.page.set_viewport_size({"width": width, "height": height})
                there.page.wait_for_timeout(200)
                assert there.overflow() == [], (screen, width)


def test_the_language_is_changed_everywhere(browser: Browser, server: Server, full: str) -> None:
    before = server.state(full)
    with tab(browser, server.address) as there:
        there.open(full)
        finished(there.page)
        there.labelled("page.language").select_option("zh-Hant")
        there.language = "zh-Hant"
        expect(there.link("page.tab_policy")).to_be_visible()
        expect(there.page.locator("#headlines")).to_contain_text(there.said("measure.needs_solved_down"))
        assert server.state(full) | {"language": ""} == before | {"language": ""}
        expect(there.page.locator("#session-name")).to_have_text(before["name"])
        expect(chips(there.page)).to_have_count(len(before["changed"]))
        expect(number(there, "pmo.staff")).to_have_value(str(before["settings"]["pmo.staff"]))
        there.page.reload()
        there.ready("policy")
        assert there.page.evaluate("document.documentElement.lang") == "zh-Hant"


# --- phones ------------------------------------------------------------------------------------


def test_a_phone_joins_with_the_code_and_guesses(browser: Browser, tmp_path: Path) -> None:
    server = Server(tmp_path / "sessions", "--open")
    server.start()
    try:
        start = server.ask("/api/start")
        if start["address"] is None:
            pytest.skip("this machine has no network")
        phones(browser.browser_type, server, start["address"], start["code"])
    finally:
        assert server.stop() == 0


#: what only the host may do
RESET = """path => fetch(path, {
    method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({kind: "reset"}),
}).then(answer => answer.status)"""


def phones(kind: BrowserType, server: Server, join: str, code: str) -> None:
    outside, host = join.removesuffix("/join"), join.split("/")[2].split(":")[0]
    session = server.session(FEW)
    with (
        launched(kind, host) as browser,
        tab(browser, server.address) as room,
        tab(browser, outside, size=PHONE, is_mobile=True, has_touch=True) as phone,
    ):
        room.open(session, "guess")
        phone.page.goto(join)
        for given in ("WRONG2", code.lower()):
            phone.labelled("join.code").fill(given)
            phone.button("join.enter").click()
            if given == "WRONG2":
                expect(phone.text(phone.said("error.code"))).to_be_visible()
                assert violations(phone) == []
        expect(phone.text(phone.said("join.waiting"))).to_be_visible()
        expect(room.page.locator(".code").or_(room.button("guess.ask")).first).to_be_visible()
        room.labelled("guess.measure").select_option("needs_solved")
        room.button("guess.ask").click()
        expect(room.page.locator(".code")).to_have_text(code)
        phone.labelled("join.name").fill(HOSTILE[:60])
        phone.page.get_by_role("spinbutton").fill("25")
        assert phone.overflow() == []
        assert violations(phone) == []
        phone.button("join.send").click()
        expect(phone.text(phone.said("join.thanks"))).to_be_visible()
        expect(room.page.locator(".who")).to_contain_text(HOSTILE[:60])
        room.button("guess.reveal").click()
        expect(phone.page.locator(".headlines li").first).to_be_visible()
        refused = phone.page.evaluate(RESET, f"/api/sessions/{session}/actions")
        assert refused == 403
        assert phone.page.evaluate("window.harmed") is None

"""The life of a case reads in English as the command line tells it, and is told in every language."""

from __future__ import annotations

from datetime import date

import pytest

import sim
from experiments import phrases, story
from experiments.workshop import film as films
from experiments.workshop import tale as tales
from experiments.workshop.words import LANGUAGES, known, places, texts
from sim.errors import InputError
from sim.events import EventLog, Kind
from sim.scenario import Scenario
from sim.stages import Reason, Stage

#: worlds in which, together, all that can be told happens
SCENARIOS = (
    "taipei_2016_2021",
    "wemo",
    "tech4muni",
    "city_exchange",
    "procurement_pcp_instead_of_poc",
    "urban_innovation_japan",
    "self_driving_weak_mayor",
    "taipei_2022_subsidised_poc",
)


@pytest.fixture(scope="module", params=SCENARIOS)
def log(request: pytest.FixtureRequest) -> EventLog:
    return sim.run(request.param, seed=1)


def _some(log: EventLog) -> list[int]:
    """For every kind of end a case to which much happened, and cases from all over the run."""
    return sorted({sketch.case for sketch in story.choice(log)} | set(range(1, len(log.cases) + 1, 60)))


def test_english_is_what_the_command_line_tells(log: EventLog) -> None:
    for case in _some(log):
        told, found = story.tell(log, case), tales.of(log, case, "en")
        assert found["title"] == told.title
        assert found["end"] == told.end
        assert found["facts"] == [*told.money, told.truth]
        assert [step["day"] for step in found["steps"]] == [line.day.isoformat() for line in told.lines]
        assert [step["text"] for step in found["steps"]] == [line.text for line in told.lines]


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_every_life_is_told_in_every_language(log: EventLog, language: str) -> None:
    for case in _some(log):
        found, english = tales.of(log, case, language), tales.of(log, case, "en")
        assert [step["day"] for step in found["steps"]] == [step["day"] for step in english["steps"]]
        assert len(found["facts"]) == len(english["facts"])
        assert all(found[part] != english[part] for part in ("title", "end"))
        whole = " ".join([found["title"], found["end"], *(step["text"] for step in found["steps"])])
        assert "{" not in whole
        assert "NT$" not in whole
        assert "_" not in whole


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_stories_can_say_has_a_text(language: str) -> None:
    keys = [tales.key("event", *pair) for pair in phrases.EVENTS]
    keys += [tales.key("rival", *pair) for pair in phrases.RIVAL]
    keys += [f"tale.why_{number}" for number in range(1, len(phrases.WHY) + 1)]
    keys += [f"tale.stands_{stage}" for stage in phrases.STANDS]
    keys += [f"reason.{reason}" for reason in Reason] + [f"stage.{stage}" for stage in Stage]
    for group in _TABLES:
        words = getattr(phrases, _TABLES[group])
        keys += [tales.key(group, word) for word in words]
    assert [key for key in keys if not known(language, key)] == []


_TABLES = {
    "vendor": "VENDORS",
    "title": "TITLES",
    "task": "TASKS",
    "criterion": "CRITERIA",
    "verdict": "VERDICTS",
    "hearing": "HEARINGS",
    "rule": "RULES",
    "purpose": "PURPOSES",
}


def test_every_language_has_the_same_texts_with_no_field_of_its_own() -> None:
    for section in ("tale", "watch", "stage", "reason"):
        english = texts("en")[section]
        for language in LANGUAGES:
            other = texts(language)[section]
            assert other.keys() == english.keys()
            fields = {"wan", "millions", "thousands", "kind", "n", "Host", "host", "vendor", "which", "count"}
            assert all(places(other[key]) <= places(english[key]) | fields for key in english)


def test_what_happens_in_the_city_has_a_sentence(log: EventLog) -> None:
    for event in log.events:
        if event.kind in (Kind.ELECTION, Kind.CALL, Kind.ORDINANCE, Kind.CONTEST):
            word = "null" if event.target is None else str(event.target).replace(" ", "_")
            assert all(known(language, f"watch.said_{event.kind}_{word}") for language in LANGUAGES)


@pytest.mark.parametrize(
    ("amount", "english", "chinese"),
    [
        (12.34, "NT$ 12.3 million", "新臺幣1,234萬元"),
        (1234.5, "NT$ 1,234.5 million", "新臺幣123,450萬元"),
        (0.25, "NT$ 250 thousand", "新臺幣25.0萬元"),
        (None, "NT$ 0 thousand", "新臺幣0.0萬元"),
    ],
)
def test_amounts(amount: float | None, english: str, chinese: str) -> None:
    assert tales.money("en", amount) == english == phrases.money(amount)
    assert tales.money("zh-Hant", amount) == chinese


def test_dates_and_names() -> None:
    assert tales.long("en", date(2018, 11, 24)) == phrases.long(date(2018, 11, 24))
    assert tales.long("zh-Hant", date(2018, 11, 24)) == "2018年11月24日"
    assert tales.named("zh-Hant", "Transport 2 need 3") == "交通局處2的第3項需求"
    assert tales.named("zh-Hant", "Kaohsiung Transport 2") == "Kaohsiung 交通局處2"
    assert tales.named("zh-Hant", "Moonshots 2") == "Moonshots 2"
    assert tales.named("en", "Domain 9 1") == "Domain 9 1"


def test_a_case_that_is_not_there_is_told() -> None:
    with pytest.raises(InputError, match="there is no case 100000"):
        tales.tale(sim.load("tech4muni"), 1, 100000, "en")


def test_a_city_that_is_watched_is_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from sim import model
    from sim.scenario import load

    run, seeds = model.run, list[int]()

    def counted(scenario: Scenario, seed: int) -> EventLog:
        seeds.append(seed)
        return run(scenario, seed)

    monkeypatch.setattr(model, "run", counted)
    city = load("taipei_stage1")
    films.film(city, 77)
    first = tales.tale(city, 77, 1, "en")
    assert first == tales.tale(load("taipei_stage1"), 77, 1, "en")
    tales.tale(city.with_("pmo.staff", 3), 77, 1, "en")
    films.film(city, 78)
    assert seeds == [77, 77, 78]

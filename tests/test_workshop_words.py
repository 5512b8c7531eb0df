"""The texts of the workshop page: whole in every language, and what is put into them stays as it is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.workshop import words
from experiments.workshop.words import LANGUAGES, money, number, percent, places, say, texts

HOME = Path(words.__file__).parent
KEY = re.compile(r"[a-z_]+\.[A-Za-z0-9_]+")


def _flat(language: str) -> dict[str, str]:
    return {f"{part}.{key}": text for part, found in texts(language).items() for key, text in found.items()}


def _said() -> Iterator[tuple[str, str]]:
    """File and key of every literal key that the code asks for."""
    for file in sorted(HOME.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", getattr(node.func, "attr", "")) == "say"
            ):
                for argument in node.args[:2]:
                    if isinstance(argument, ast.Constant) and KEY.fullmatch(str(argument.value)):
                        yield file.name, str(argument.value)
    for file in sorted((HOME / "page").glob("*.js")):
        for found in re.finditer(
            r"\bt\(\s*[\"'`]([a-z_]+\.[A-Za-z0-9_]+)[\"'`]\s*[,)]", file.read_text("utf-8")
        ):
            yield file.name, found[1]


def _asked(text: str) -> set[str]:
    """The placeholders of a text; an amount of money may be asked for in the unit of the language."""
    return {"amount" if each in ("millions", "thousands", "wan") else each for each in places(text)}


def test_languages() -> None:
    assert next(iter(LANGUAGES)) == "en"
    assert LANGUAGES == {"en": "English", "zh-Hant": "正體中文"}


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_every_language_has_the_same_keys_and_placeholders(language: str) -> None:
    first, other = _flat("en"), _flat(language)
    assert first.keys() == other.keys()
    asked = [{key: _asked(text) for key, text in found.items()} for found in (first, other)]
    assert asked[0] == asked[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_plain_and_not_empty(language: str) -> None:
    found = _flat(language)
    # what only joins sentences may be nothing in a language that needs no space there
    joints = {"language.sentences", "tale.sentence_space", "tale.turn_1"}
    assert [key for key, text in found.items() if not text.strip() and key not in joints] == []
    assert [key for key, text in found.items() if re.search(r"<[a-zA-Z/!]|&[a-z]+;", text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_that_the_code_says_exists(language: str) -> None:
    found = list(_said())
    assert len(found) > 50
    known = _flat(language)
    assert [each for each in found if each[1] not in known] == []


@pytest.mark.parametrize(
    "call",
    [("xx", "effect.start"), ("en", "effect.nothing"), ("en", "nothing.start"), ("en", "effect.first")],
)
def test_what_is_missing_is_told(call: tuple[str, str]) -> None:
    with pytest.raises(KeyError):
        say(*call)


def test_one_and_many() -> None:
    assert "single" in say("en", "effect.first", n=1)
    assert "1,000" in say("en", "effect.first", n=1000)


@given(st.text())
def test_what_is_put_in_is_left_alone(name: str) -> None:
    assert name in say("en", "effect.mean_of", name=name, mean="{name}")
    assert "{name}" in say("en", "effect.mean_of", name=name, mean="{name}")


def test_texts_are_a_copy() -> None:
    texts("en")["effect"]["start"] = "changed"
    assert say("en", "effect.start") == "Start"


@pytest.mark.parametrize(
    ("millions", "english", "chinese"),
    [
        (3.6, "NT$ 3.6 million", "新臺幣 360 萬元"),
        (360, "NT$ 360 million", "新臺幣 3.60 億元"),
        (1234, "NT$ 1.23 billion", "新臺幣 12.3 億元"),
        (0, "NT$ 0 million", "新臺幣 0 萬元"),
        (float("nan"), "–", "–"),
    ],
)
def test_money(millions: float, english: str, chinese: str) -> None:
    assert (money("en", millions), money("zh-Hant", millions)) == (english, chinese)


def test_numbers() -> None:
    assert [number(value) for value in (1234.5, 12.3, 3.21, 0.079, 0, -0.001, float("inf"))] == [
        "1,234", "12", "3.2", "0.08", "0", "0.00", "–",
    ]  # fmt: skip
    assert percent("en", 0.354) == percent("zh-Hant", 0.354) == "35%"

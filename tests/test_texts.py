"""What the program says: facts as people write them, words in three languages, and mistakes in a city's own words."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from evaka import city
from evaka.kit.dates import DateRange
from evaka.kit.errors import ConfigMistake, Refused
from evaka.models.base import HELSINKI
from evaka.texts import LANGUAGES, enum_key, explain, knows, say, spoken, words


class PlanStatus(StrEnum):
    DRAFT = "draft"


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write the Finnish texts of the base, and those of a city that changes some of them."""
    monkeypatch.setattr(city, "CONFIG", tmp_path)

    def put(base: str, own: str = "") -> None:
        for layer, text in (("base", base), ("mill", own)):
            folder = tmp_path / layer / "texts" / "fi"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "things.toml").write_text(text, encoding="utf-8")
        city.choose("mill")

    yield put
    monkeypatch.undo()
    city.choose("harjula")


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        (date(2026, 8, 1), "1.8.2026"),
        (datetime(2026, 8, 1, 7, 5, tzinfo=HELSINKI), "1.8.2026 7.05"),
        (time(7, 45), "7.45"),
        (DateRange(date(2026, 8, 1), date(2027, 7, 31)), "1.8.2026–31.7.2027"),
        (DateRange(date(2026, 8, 1)), "1.8.2026–"),
        (Decimal("94.50"), "94,50"),
        (Decimal("1E+2"), "100"),
        (12, "12"),
        ({"fi": "Tehostettu tuki", "sv": "Intensifierat stöd"}, "Tehostettu tuki"),
        (None, "–"),
        (True, "kyllä"),
        ([date(2026, 8, 1), date(2026, 8, 2)], "1.8.2026, 2.8.2026"),
        ({"b", "a", "c"}, "a, b, c"),
        (frozenset({PlanStatus.DRAFT}), "Luonnos"),
        ("Maija Virtanen", "Maija Virtanen"),
        ("language.fi", "suomi"),
        ("p.virtanen@example.fi", "p.virtanen@example.fi"),
    ],
)
def test_a_fact_is_said_as_people_write_it(texts: Any, fact: Any, said: str) -> None:
    texts('"yes" = "kyllä"\n"plan_status.draft" = "Luonnos"\n"language.fi" = "suomi"\n"one" = "{fact}"\n')
    assert spoken(fact, "fi") == said
    assert say("one", "fi", fact=fact) == said


def test_an_enum_has_a_key_of_its_class_and_value() -> None:
    assert enum_key(PlanStatus.DRAFT) == "plan_status.draft"


def test_a_key_without_words_shows_itself_in_brackets(texts: Any) -> None:
    texts("")
    assert say("nobody.knows.this") == "[nobody.knows.this]"
    assert not knows("nobody.knows.this")


def test_a_text_is_said_in_the_language_that_is_asked() -> None:
    assert [say("yes", language) for language in LANGUAGES] == ["kyllä", "ja", "yes"]


@pytest.mark.parametrize("name", ["key", "language", "self"])
def test_a_fact_may_be_called_anything(texts: Any, name: str) -> None:
    """A refusal once told of a `language`, and the sentence about it fell over."""
    texts(f'"one" = "se on {{{name}}}"\n')
    assert explain(Refused("one", **{name: "tämä"})) == "se on tämä"


def test_what_people_typed_is_never_taken_for_a_gap(texts: Any) -> None:
    texts('"one" = "{typed}"\n')
    assert say("one", "fi", typed="{key} {0} {typed.__class__}") == "{key} {0} {typed.__class__}"


def test_the_texts_of_a_city_win_key_by_key(texts: Any) -> None:
    texts('"a" = "yksi"\n"b" = "kaksi"\n', '"b" = "kakkonen"\n')
    assert words("fi") == {"a": "yksi", "b": "kakkonen"}


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ('"b" = kaksi\n', "this is not TOML"),
        ('b.c = "kaksi"\n', ", b: this is not a text. Put the whole key in quotation marks"),
        ('"b" = 2\n', ", b: this is not a text."),
        ('"b" = "{start"\n', ", b: a brace is not in order"),
        ('"b" = "{start} {until}"\n', ", b: nobody fills the gap until. The gaps are: start."),
    ],
)
def test_a_mistake_in_a_citys_texts_is_found_when_they_are_read(texts: Any, own: str, told: str) -> None:
    texts('"b" = "alkaa {start}"\n', own)
    with pytest.raises(ConfigMistake) as mistake:
        words("fi")
    assert str(mistake.value).startswith("mill/texts/fi/things.toml")
    assert told in str(mistake.value)


def test_a_city_may_leave_a_fact_untold(texts: Any) -> None:
    texts('"b" = "alkaa {start}"\n', '"b" = "alkaa pian"\n')
    assert say("b", "fi", start=date(2026, 8, 1)) == "alkaa pian"

"""The Finnish personal identity code."""

from __future__ import annotations

from datetime import date

import pytest

from evaka.kit import identity
from evaka.kit.errors import Refused
from evaka.texts import LANGUAGES, explain


@pytest.mark.parametrize(
    ("code", "born"),
    [
        ("131052-308T", date(1952, 10, 13)),
        ("010594Y9021", date(1994, 5, 1)),
        ("010516B903X", date(2016, 5, 1)),
        ("150623B002H", date(2023, 6, 15)),
        ("290224A009T", date(2024, 2, 29)),  # a leap day
        ("131052+308T", date(1852, 10, 13)),
    ],
)
def test_a_right_code_tells_the_day_of_birth(code, born):
    assert identity.check(code) == code
    assert identity.born(code) == born


@pytest.mark.parametrize(
    ("separator", "year"),
    [("+", 1852), *((one, 1952) for one in "-YXWVU"), *((one, 2052) for one in "ABCDEF")],
)
def test_every_separator_of_2023_tells_its_century(separator, year):
    assert identity.born(f"131052{separator}308T").year == year


@pytest.mark.parametrize("written", [" 131052-308t", "131052–308T", "131052−308T", "131052 -308\u00a0T"])
def test_a_code_is_stored_in_one_form(written):
    assert identity.check(written) == "131052-308T"


@pytest.mark.parametrize(
    ("code", "key", "facts"),
    [
        ("", "form", {"length": 0}),
        ("131052308T", "form", {"length": 10}),
        ("131052Z308T", "form", {"length": 11}),
        ("131052-308G", "form", {"length": 11}),  # G, I, O, Q and Z are no check characters
        ("١٣١٠٥٢-308T", "form", {"length": 11}),  # digits of another script
        ("310299-308T", "date", {"birthday": "310299", "separator": "-"}),
        ("290223A009T", "date", {"birthday": "290223", "separator": "A"}),
        ("131052-000A", "number", {"number": "000"}),
        ("131052-001B", "number", {"number": "001"}),
        ("131052-308U", "check", {"character": "U"}),
        ("131025-308T", "check", {"character": "T"}),  # two digits swapped
    ],
)
def test_a_wrong_code_is_refused_with_what_is_wrong(code, key, facts):
    with pytest.raises(Refused) as refusal:
        identity.check(code)
    assert refusal.value.key == f"person.identity_code_{key}"
    assert refusal.value.facts == facts


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", ["x", "310299-308T", "131052-000A", "131052-308U"])
def test_a_refusal_is_a_sentence_and_never_holds_the_whole_code(code, language):
    with pytest.raises(Refused) as refusal:
        identity.check(code)
    sentence = explain(refusal.value, language)
    assert sentence.endswith(".")
    assert "{" not in sentence
    assert "[" not in sentence
    assert code == "x" or code not in sentence


def test_a_text_for_the_journal_keeps_the_day_of_a_code_alone():
    assert identity.hidden("haku: 131052-308T ja 010522A901D") == "haku: 131052-… ja 010522A…"


def test_individual_numbers_from_900_are_for_tests():
    assert not identity.is_test("131052-308T")
    assert identity.is_test("010594Y9021")
    assert identity.is_test("010516B903X")


@pytest.mark.parametrize(
    ("born", "number", "code"),
    [
        (date(2022, 5, 1), 901, "010522A901D"),  # 10522901 = 339448 · 31 + 13, the 13th character from 0 is D
        (date(1994, 5, 1), 902, "010594-9021"),
    ],
)
def test_a_code_is_made_for_an_invented_person(born, number, code):
    assert identity.made(born, number) == code


@pytest.mark.parametrize("year", [1850, 1899, 1900, 1999, 2000, 2026])
@pytest.mark.parametrize("number", [900, 950, 999])
def test_what_is_made_is_right_and_nobodys(year, number):
    code = identity.made(date(year, 2, 28), number)
    assert identity.check(code) == code
    assert identity.born(code) == date(year, 2, 28)
    assert identity.is_test(code)


def test_no_code_is_made_that_could_be_somebodys():
    with pytest.raises(ValueError, match="from 900 to 999, not 308"):
        identity.made(date(1952, 10, 13), 308)


def test_no_code_is_made_for_a_century_without_a_separator():
    with pytest.raises(ValueError, match="1752"):
        identity.made(date(1752, 10, 13), 900)

"""Names as they are shown, found and sorted; ages, addresses, and people entered twice."""

from __future__ import annotations

from datetime import date

import pytest

from evaka.rules.person import (
    Known,
    address_lines,
    age_facts,
    fold,
    fold_all,
    full_name,
    is_adult,
    listed_name,
    same_address,
    same_person,
    search_key,
    sort_key,
)


def found(sought: str, *parts: str | None) -> bool:
    """As the database looks: every word of what is sought begins a word of the row's key."""
    key = search_key(*parts)
    return all(word in key for word in search_key(sought).split())


def test_a_name_is_shown_in_two_ways():
    assert full_name("Väinö Olavi ", "Mäki-Aho") == "Väinö Olavi Mäki-Aho"
    assert listed_name("Väinö Olavi", " Mäki-Aho") == "Mäki-Aho Väinö Olavi"
    assert full_name("", "Mäki-Aho") == listed_name("", "Mäki-Aho") == "Mäki-Aho"


def test_folding_keeps_the_letters_of_finnish_and_swedish():
    assert fold("ÅÄÖ Méndez Šimić Øyvind Ægir Łukasz Weiß") == "åäö mendez simic oyvind aegir lukasz weiss"
    assert fold_all("ÅÄÖ Méndez") == "aao mendez"
    assert fold("A\u0308ija\u0308la\u0308") == "äijälä"  # letters written with an accent of their own


@pytest.mark.parametrize(
    ("sought", "hit"),
    [
        ("Väinö", True),
        ("väinö", True),
        ("vain", True),
        ("vaino", True),  # typed without ä and ö
        ("aino", False),  # Aino is another name
        ("mäki", True),
        ("maki aho", True),
        ("aho", True),
        ("aho väinö", True),  # in any order
        ("Mäki-Aho, Väinö", True),
        ("väinö virtanen", False),
        ("010522A901", True),
        ("010522a901l", True),
        ("040 123 4567", True),
        ("0401234567", True),
        ("040-123", True),
        ("(040) 1234", True),
        ("+358 40 1234567", True),
        ("00358401234", True),
        ("358401234567", True),
        ("+358 (0)40 123", True),
        ("+46401234567", False),
        ("väinö 040 123", True),
        ("010522-901L", True),  # whichever sign, or none
        ("010522901", True),
        ("010522X901L", True),
        ("020522-901L", False),
        ("vaino@", True),
    ],
)
def test_how_a_person_is_found(sought, hit):
    assert (
        found(sought, "Mäki-Aho", "Väinö Olavi", "010522A901L", "0401234567", "vaino@example.fi", None) is hit
    )


def test_dots_rings_accents_and_apostrophes_do_not_count():
    assert found("väinö", "Vaino")
    assert found("asa", "Åsa")
    assert found("åsa", "Asa")
    assert found("obrien", "O’Brien")
    assert found("o'b", "O’Brien")


def test_a_number_of_another_country_is_found_with_its_country():
    assert found("0046 8 123", "+46 8 123 456")
    assert found("+46812", "0046 8123456")
    assert not found("08123", "+46 8 123 456")


def test_nothing_is_found_by_nothing_in_particular():
    assert search_key(None, "", "  ") == ""


def test_names_are_sorted_as_in_a_finnish_directory():
    names = ["Öhman", "Ärje", "Åberg", "Zidan", "Ahola", "Aho", "Wirta", "Virta", "Élise", "Eklund", "Ekman"]
    assert sorted(names, key=sort_key) == [
        "Aho",
        "Ahola",
        "Eklund",
        "Ekman",
        "Élise",
        "Virta",
        "Wirta",
        "Zidan",
        "Åberg",
        "Ärje",
        "Öhman",
    ]
    assert sort_key("Aho", "Ville") < sort_key("Ahola", "Aino")
    assert sort_key("Aho", "Aino") < sort_key("Aho", "Äijö")


def known(
    id: int, first: str, last: str, code: str | None = None, born: date = date(2022, 5, 1)
) -> Known[int]:
    return Known(id, first, last, born, code)


def test_who_may_be_one_person_entered_twice():
    people = [
        known(1, "Väinö Olavi", "Mäki Aho", "010522A901L"),
        known(2, "väinö", "MÄKI AHO"),
        known(3, "Väinö", "Mäki Aho", born=date(2022, 5, 2)),
        known(4, "Vaino", "Mäki Aho"),
        known(5, "Aino", "Virta", "010522A902M"),
        known(6, "Aino", "Virta", "010522A904P"),  # two codes are two people
        known(7, "", "Virta"),
        known(8, "Aino", " "),
    ]
    assert same_person(people) == [(1, 2)]


@pytest.mark.parametrize(
    ("day", "key", "facts"),
    [
        (date(2022, 4, 30), "person.not_born_yet", {}),
        (date(2022, 5, 1), "person.age_months", {"months": 0}),
        (date(2022, 6, 1), "person.age_month", {"months": 1}),
        (date(2023, 4, 30), "person.age_months", {"months": 11}),
        (date(2023, 5, 1), "person.age_year", {"years": 1}),
        (date(2024, 2, 1), "person.age_years_months", {"years": 1, "months": 9}),
        (date(2025, 5, 1), "person.age_years", {"years": 3}),
        (date(2026, 4, 30), "person.age_years", {"years": 3}),
    ],
)
def test_how_old_a_child_is_in_words(day, key, facts):
    assert age_facts(date(2022, 5, 1), day) == (key, facts)


def test_a_person_is_grown_up_on_the_eighteenth_birthday():
    assert not is_adult(date(2008, 3, 2), date(2026, 3, 1))
    assert is_adult(date(2008, 3, 2), date(2026, 3, 2))


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        (("Opintie 3 A 5", "00901", "Harjula"), ("Opintie 3 A 5", "00901 Harjula")),
        (("Opintie 3", None, " "), ("Opintie 3",)),
        ((None, "00901", "Harjula"), ("00901 Harjula",)),
        ((None, None, None), ()),
    ],
)
def test_an_address_as_it_stands_on_an_envelope(given, lines):
    assert address_lines(*given, restricted=False) == lines
    assert address_lines(*given, restricted=True) == ()


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (("OPINTIE 3 a 5", "00901 HARJULA"), True),
        (("Opintie 3 A 6", "00901 Harjula"), False),
        ((), False),
    ],
)
def test_who_lives_together(other, same):
    assert same_address(("Opintie 3 A 5", "00901 Harjula"), other) is same


def test_nobody_lives_at_an_address_that_is_not_known():
    assert not same_address((), ())
    assert not same_address(("00901 Harjula",), ("00901 Harjula",))
    assert not same_address(("Poste restante", "00901 Harjula"), ("Poste restante", "00901 Harjula"))

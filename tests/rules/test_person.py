"""Names as they are shown, found and sorted; ages, addresses, and people entered twice."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.rules.person import (
    Known,
    address_lines,
    age_facts,
    call_name,
    family,
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


# -- families ---------------------------------------------------------------------------------------


BORN = date(2022, 5, 1)


@pytest.mark.parametrize(
    ("born", "last"),
    [
        (BORN, date(2040, 4, 30)),
        (date(2008, 3, 1), date(2026, 2, 28)),
        (date(2008, 2, 29), date(2026, 2, 28)),  # of age on 1 March
        (date(2006, 2, 28), date(2024, 2, 27)),
    ],
)
def test_childhood_ends_the_day_before_the_eighteenth_birthday(born, last):
    assert family.last_day_as_child(born) == last
    assert not is_adult(born, last)
    assert is_adult(born, last + timedelta(days=1))


@pytest.mark.parametrize(
    ("start", "end", "key"),
    [
        (BORN, None, None),
        (BORN, date(2040, 4, 30), None),
        (date(2040, 4, 30), date(2040, 4, 30), None),
        (date(2022, 4, 30), None, "before_birth"),
        (date(2040, 5, 1), None, "after_childhood"),
        (BORN, date(2040, 5, 1), "after_childhood"),
        (date(2026, 2, 1), date(2026, 1, 31), "ends_first"),
    ],
)
def test_a_head_is_of_a_childs_time_alone(start, end, key):
    if key is None:
        assert family.check_childhood(BORN, start, end) == DateRange(start, end)
        return
    with pytest.raises(Refused) as no:
        family.check_childhood(BORN, start, end)
    assert no.value.key == f"person.{key}"


def test_a_couple_does_not_part_before_it_meets():
    day = date(2026, 1, 1)
    assert family.check_together(day, day) == DateRange(day, day)
    assert family.check_together(day, None) == DateRange(day)
    with pytest.raises(Refused, match="person.ends_first"):
        family.check_together(day, date(2025, 12, 31))


def test_times_that_share_a_day_are_refused_with_whose_time_it_is():
    others = [(DateRange(date(2025, 1, 1), date(2025, 12, 31)), "Maija")]
    family.check_apart(DateRange(date(2026, 1, 1)), others, "person.head_overlaps")
    with pytest.raises(Refused) as no:
        family.check_apart(DateRange(date(2025, 12, 31)), others, "person.head_overlaps")
    assert (no.value.key, no.value.facts["name"]) == ("person.head_overlaps", "Maija")


@pytest.mark.parametrize(
    ("first", "preferred", "called"),
    [("Aino Anna-Liisa", None, "Aino"), ("Aino Anna-Liisa", "Anna-Liisa", "Anna-Liisa"), (" Aino", "", "Aino"),
     ("", None, "Virta")],
)
def test_a_person_is_called_by_the_preferred_name_or_the_first_of_the_names(first, preferred, called):
    assert call_name(first, "Virta", preferred) == called


@pytest.mark.parametrize(
    ("name", "kept"),
    [(None, None), (" ", None), ("aino", "Aino"), (" Maria ", "Maria"), ("anna-liisa", "Anna-Liisa")],
)
def test_a_preferred_name_is_one_of_the_first_names(name, kept):
    assert family.preferred(name, "Aino Anna-Liisa Maria") == kept


@pytest.mark.parametrize("name", ["Ainu", "Anna", "Aino Maria"])
def test_no_other_name_is_a_preferred_name(name):
    with pytest.raises(Refused, match="person.preferred_not_first"):
        family.preferred(name, "Aino Anna-Liisa Maria")


CIRCLE = family.Circle(
    guardians=frozenset({1, 2}), fosters=frozenset({3, 4}), adults=frozenset({1, 4, 5}), siblings=frozenset({6}),
    blocked=frozenset({7}),
)


@pytest.mark.parametrize(
    ("person", "role"),
    [
        (1, "local_guardian"),
        (2, "remote_guardian"),
        (3, "remote_foster_parent"),
        (4, "local_foster_parent"),
        (5, "local_adult"),
        (6, "local_sibling"),
        (7, None),
        (8, None),
    ],
)
def test_who_somebody_is_to_a_child(person, role):
    assert CIRCLE.role(person) == role


def test_a_blocked_guardian_is_no_contact_wherever_they_live():
    circle = family.Circle(adults=frozenset({1, 2}), blocked=frozenset({2}))
    assert circle.in_order([2, 1]) == [(1, "local_adult")]


def test_whom_to_call_is_as_chosen_and_then_as_usual():
    assert [one for one, _ in CIRCLE.in_order([])] == [1, 4, 2, 3, 5, 6]
    assert [one for one, _ in CIRCLE.in_order([6, 9, 2])] == [6, 2, 1, 4, 3, 5]


@pytest.mark.parametrize(
    ("person", "place", "order"), [(13, 1, [13, 11, 12]), (11, 3, [12, 13, 11]), (12, 2, [11, 12, 13])]
)
def test_one_moves_in_the_order_and_the_others_make_room(person, place, order):
    assert family.moved([11, 12, 13], person, place) == order


@pytest.mark.parametrize("place", [0, -1, 4])
def test_there_is_no_place_outside_of_the_order(place):
    with pytest.raises(Refused, match="person.no_such_place"):
        family.moved([11, 12, 13], 11, place)


HOME, AWAY = ("Koivukatu 1", "00901 Harjula"), ("Opintie 2", "00901 Harjula")


def lives(id: int, address: tuple[str, ...] = HOME, *, restricted: bool = False) -> family.Resident:
    return family.Resident(id, address, restricted)


@pytest.mark.parametrize(
    ("head", "carers", "partners", "found"),
    [
        (lives(2), [lives(2)], [], []),
        (None, [lives(2)], [], [("no_head", 1, None)]),
        (lives(2), [], [], [("head_no_guardian", 1, 2)]),
        (lives(2, AWAY), [lives(2, AWAY)], [], [("head_elsewhere", 1, 2)]),
        (lives(2, ()), [lives(2, ())], [], []),  # not known where
        (lives(2, restricted=True), [lives(2, restricted=True)], [], [("head_restricted", 1, 2)]),
        (lives(2), [lives(2), lives(3)], [], [("guardians_together", 1, 3)]),
        (lives(3), [lives(2), lives(3)], [], [("guardians_together", 1, 2)]),
        (None, [lives(2), lives(3)], [], [("no_head", 1, None), ("guardians_together", 1, 3)]),
        (lives(2), [lives(2), lives(3)], [(3, 2)], []),
        (lives(2), [lives(2), lives(3, AWAY)], [], []),
        (lives(2), [lives(2), lives(3, restricted=True)], [], []),  # what is protected is not concluded from
        (lives(9, AWAY), [lives(2), lives(3, AWAY)], [], [("head_no_guardian", 1, 9), ("head_elsewhere", 1, 9)]),
    ],
)
def test_what_does_not_fit_in_the_family_of_a_child(head, carers, partners, found):
    placed = family.Placed(lives(1), head, tuple(carers))
    assert family.conflicts_of_child(placed, {frozenset(pair) for pair in partners}) == found


def test_two_protected_addresses_are_compared_but_never_told():
    placed = family.Placed(lives(1, restricted=True), lives(2, AWAY, restricted=True), (lives(2),))
    assert family.conflicts_of_child(placed, set()) == [("head_elsewhere", 1, 2)]


@pytest.mark.parametrize(
    ("second", "apart"),
    [(lives(3), False), (lives(3, AWAY), True), (lives(3, ()), False), (lives(3, restricted=True), True)],
)
def test_partners_live_together(second, apart):
    assert family.conflicts_of_partners(lives(2), second) == ([("partners_apart", 2, 3)] if apart else [])

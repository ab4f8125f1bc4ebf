"""Who shares a conversation, and how long it may be answered."""

from __future__ import annotations

from datetime import date

import pytest

from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.rules.message import answerable_until, check_answerable, threads

AINO, EINO, OTSO = 1, 2, 3
ANNA, PEKKA, MIKKO = 11, 12, 13
GONE = [DateRange(date(2025, 8, 1), date(2026, 5, 31))]


@pytest.mark.parametrize(("pairs", "expected"), [
    ([], []),
    ([(AINO, ANNA)], [({ANNA}, (AINO,))]),
    # both guardians of one child read the same conversation
    ([(AINO, ANNA), (AINO, PEKKA)], [({ANNA, PEKKA}, (AINO,))]),
    # siblings with the same guardians share one, in whatever order the pairs come
    ([(AINO, ANNA), (EINO, PEKKA), (AINO, PEKKA), (EINO, ANNA)], [({ANNA, PEKKA}, (AINO, EINO))]),
    # half-siblings: the fathers never read about each other's child, the mother has two conversations
    ([(AINO, ANNA), (AINO, PEKKA), (EINO, ANNA), (EINO, MIKKO)],
     [({ANNA, PEKKA}, (AINO,)), ({ANNA, MIKKO}, (EINO,))]),
    # one guardian of the one child, two of the other: not the same set
    ([(AINO, ANNA), (EINO, ANNA), (EINO, PEKKA)], [({ANNA}, (AINO,)), ({ANNA, PEKKA}, (EINO,))]),
    # a stranger's child in between changes nothing
    ([(AINO, ANNA), (OTSO, MIKKO), (EINO, ANNA)], [({ANNA}, (AINO, EINO)), ({MIKKO}, (OTSO,))]),
    # the same pair told twice is one
    ([(AINO, ANNA), (AINO, ANNA)], [({ANNA}, (AINO,))]),
])
def test_one_conversation_for_each_set_of_guardians(pairs, expected):
    assert threads(pairs) == [(frozenset(guardians), children) for guardians, children in expected]


@pytest.mark.parametrize(("places", "until"), [
    ([], None),
    (GONE, date(2026, 7, 1)),  # 31 days after 31.5.
    ([*GONE, DateRange(date(2026, 8, 1), date(2026, 8, 31))], date(2026, 10, 1)),  # the last of them counts
    ([*GONE, DateRange(date(2026, 8, 1))], date.max),
])
def test_a_conversation_may_be_answered_for_31_days_after_the_last_place(places, until):
    assert answerable_until(places) == until


def test_the_last_day_to_answer_is_still_good_and_the_next_one_is_not():
    check_answerable(GONE, date(2026, 7, 1))
    with pytest.raises(Refused) as no:
        check_answerable(GONE, date(2026, 7, 2))
    assert (no.value.key, no.value.facts) == ("message.closed", {"until": date(2026, 7, 1)})


def test_a_conversation_about_children_who_never_had_a_place_is_closed():
    with pytest.raises(Refused, match=r"message\.closed"):
        check_answerable([], date(2026, 7, 1))

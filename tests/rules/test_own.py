"""What a calendar may say elsewhere, and the order in which a family is called."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from evaka.kit.errors import Refused
from evaka.rules.booking import Span
from evaka.rules.own import (
    check_label,
    check_last_day,
    entry_key,
    names_somebody,
    safe_title,
    sooner,
    times,
    words_of,
)

wall = datetime.fromisoformat  # the wall clock of Helsinki
AINO = ("Aino Anna-Maija", "Metsälä", None, "O")


@pytest.mark.parametrize(
    "text", ["Aino", "ainon vasu", "Vasu (Ainolle)", "Retki/Metsälät", "Maija!", "AINO-keskustelu"])
def test_a_text_names_somebody(text):
    assert names_somebody(text, AINO)


@pytest.mark.parametrize("text", ["", "Kevätjuhla", "lapsi 1", "punainen", "ainoastaan retki", "o", "Kesä"])
def test_a_text_names_nobody(text):
    assert not names_somebody(text, AINO)


def test_halves_of_double_names_are_names():
    assert words_of(AINO) == {"aino", "anna-maija", "anna", "maija", "metsälä"}


def test_a_label_is_short_and_no_name():
    assert check_label("  iso   keltainen ", AINO) == "iso keltainen"
    assert check_label("", AINO) == ""
    with pytest.raises(Refused) as no:
        check_label("x" * 21, AINO)
    assert (no.value.key, no.value.facts) == ("own.label_long", {"most": 20})
    with pytest.raises(Refused) as no:
        check_label("meidän Aino", AINO)
    assert no.value.key == "own.label_names"


@pytest.mark.parametrize(("title", "private", "said"), [
    ("Kevätjuhla", False, "Kevätjuhla"), ("Kevätjuhla", True, "Tapahtuma"), ("Ainon vasu", False, "Tapahtuma"),
])
def test_a_title_leaves_the_house_when_it_tells_nothing(title, private, said):
    assert safe_title(title, "Tapahtuma", AINO, private=private) == said


def test_the_last_minute_of_a_day_is_its_end():
    day = date(2026, 6, 1)
    assert times(day, Span(time(8), time(15, 30))) == (wall("2026-06-01T08:00"), wall("2026-06-01T15:30"))
    assert times(day, Span(time(18), time(23, 59))) == (wall("2026-06-01T18:00"), wall("2026-06-02T00:00"))


def test_a_key_is_the_same_each_time_and_tells_nothing():
    assert entry_key("care", 7, date(2026, 6, 1)) == entry_key("care", 7, date(2026, 6, 1))
    assert entry_key("care", 7, date(2026, 6, 1)) != entry_key("care", 7, date(2026, 6, 2))


def test_somebody_is_called_before_the_next_who_is_seen():
    assert sooner([1, 2, 3, 4], {1, 4}, 4) == 1  # 2 and 3 are not the reader's to see
    assert sooner([1, 2, 3, 4], {1, 2, 3, 4}, 3) == 2
    for who, key in ((1, "own.first_already"), (9, "own.not_in_order"), (2, "own.not_in_order")):
        with pytest.raises(Refused) as no:
            sooner([1, 2, 3], {1, 3, 9}, who)
        assert no.value.key == key


def test_a_last_day_has_not_passed():
    today = date(2026, 6, 1)
    check_last_day(None, today)
    check_last_day(today, today)
    with pytest.raises(Refused) as no:
        check_last_day(date(2026, 5, 31), today)
    assert no.value.key == "person.pickup_over"

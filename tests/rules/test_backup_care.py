"""When a child may be in care elsewhere, and what is left of it when its own place changes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.rules.backup_care import Host, check_backup, check_group, fitted, free, joined

JULY = DateRange(date(2026, 7, 1), date(2026, 7, 31))
SPRING = DateRange(date(2026, 1, 1), date(2026, 7, 10))
SUMMER = DateRange(date(2026, 7, 11), date(2026, 8, 31))
LATER = DateRange(date(2026, 7, 20))
HOST = Host("Lokkila", DateRange(date(2020, 1, 1)))


@pytest.mark.parametrize(("places", "told"), [
    ([], []),
    ([SUMMER, SPRING], [DateRange(date(2026, 1, 1), date(2026, 8, 31))]),  # day by day: one
    ([SPRING, LATER], [SPRING, LATER]),  # a gap: two
    ([LATER, DateRange(date(2026, 8, 1), date(2026, 8, 5))], [LATER]),  # within an open one
    ([SPRING, DateRange(date(2026, 2, 1), date(2026, 3, 1))], [SPRING]),
    ([SPRING, DateRange(date(2026, 7, 11))], [DateRange(date(2026, 1, 1))]),
])
def test_places_that_follow_one_another_are_one(places: list[DateRange], told: list[DateRange]) -> None:
    assert joined(places) == told


@pytest.mark.parametrize(("places", "left"), [
    ([SPRING, SUMMER], [JULY]),
    ([SPRING], [DateRange(date(2026, 7, 1), date(2026, 7, 10))]),
    ([SPRING, LATER], [DateRange(JULY.start, date(2026, 7, 10)), DateRange(date(2026, 7, 20), JULY.end)]),
    ([DateRange(date(2027, 1, 1))], []),
])
def test_care_elsewhere_is_cut_to_the_places(places: list[DateRange], left: list[DateRange]) -> None:
    assert fitted(JULY, places) == left


def test_what_is_arranged_already_is_left_out() -> None:
    week = DateRange(date(2026, 7, 6), date(2026, 7, 10))
    assert free(JULY, [week]) == [
        DateRange(date(2026, 7, 1), date(2026, 7, 5)), DateRange(date(2026, 7, 11), date(2026, 7, 31))]
    assert free(JULY, [JULY]) == []


def test_care_elsewhere_within_the_places_of_a_child_is_good() -> None:
    assert check_backup(JULY.start, JULY.last_day, HOST, places=[SPRING, SUMMER]) == JULY


@pytest.mark.parametrize(("given", "no"), [
    ({"end": date(2026, 6, 30)}, "backup_care.ends_first"),
    ({"places": []}, "backup_care.not_placed"),
    ({"places": [SPRING]}, "backup_care.partly_placed"),
    ({"host": Host("Lokkila", DateRange(date(2026, 7, 2)))}, "backup_care.unit_not_open"),
    ({"host": Host("Lokkila", DateRange(date(2020, 1, 1), date(2026, 7, 30)))}, "backup_care.unit_not_open"),
    ({"at_home": [SUMMER]}, "backup_care.own_unit"),
    ({"signed_in": "Metsola", "today": date(2026, 7, 1)}, "backup_care.signed_in"),
])
def test_what_speaks_against_it_is_told(given: dict[str, Any], no: str) -> None:
    asked = {"start": JULY.start, "end": JULY.last_day, "host": HOST, "places": [SPRING, SUMMER]} | given
    with pytest.raises(Refused, match=no):
        check_backup(asked.pop("start"), asked.pop("end"), asked.pop("host"), **asked)


@pytest.mark.parametrize("given", [
    {"signed_in": "Lokkila", "today": date(2026, 7, 1)}, {"signed_in": "Metsola", "today": date(2026, 6, 30)},
    {"signed_in": "Metsola"}, {"at_home": [DateRange(date(2026, 8, 1))]},
])
def test_being_signed_in_matters_today_and_elsewhere_only(given: dict[str, Any]) -> None:
    assert check_backup(JULY.start, JULY.last_day, HOST, places=[SPRING, SUMMER], **given) == JULY


def test_a_group_takes_a_child_for_all_of_the_time() -> None:
    check_group("Siilit", DateRange(date(2020, 1, 1)), JULY)
    with pytest.raises(Refused, match="backup_care.group_not_open"):
        check_group("Siilit", DateRange(date(2020, 1, 1), date(2026, 7, 15)), JULY)

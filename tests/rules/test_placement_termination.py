"""A place that is given up, and another service need."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.rules.placement import CareType
from evaka.rules.placement.need_change import NEED_CHANGE, NeedChangeStatus, check_start, kinds_for
from evaka.rules.placement.termination import (
    Ending,
    Place,
    TerminationPolicy,
    TerminationScope,
    check_termination,
    check_undo,
    endings,
    scopes,
)

C, S = CareType, TerminationScope
LAST = date(2026, 12, 31)
TODAY = date(2026, 10, 1)
PAST = Place(0, C.DAYCARE, DateRange(date(2025, 8, 1), date(2026, 7, 31)))
SCHOOL = Place(1, C.PRESCHOOL_DAYCARE, DateRange(date(2026, 8, 1), date(2027, 6, 5)))
PREPARING = Place(1, C.PREPARATORY_DAYCARE, DateRange(date(2026, 8, 1), date(2027, 6, 5)))
SUMMER = Place(2, C.DAYCARE, DateRange(date(2027, 6, 6), date(2027, 7, 31)))
KEPT = DateRange(date(2026, 8, 1), LAST)
REST = DateRange(date(2027, 1, 1), date(2027, 6, 5))


@pytest.mark.parametrize(
    ("places", "scope", "last_day", "expected"),
    [
        ([SUMMER, SCHOOL, PAST], S.PLACE, LAST, [Ending(1, KEPT), Ending(2, None)]),
        ([SCHOOL, SUMMER], S.CONNECTED, LAST, [Ending(1, KEPT, (C.PRESCHOOL, REST)), Ending(2, None)]),
        ([PREPARING], S.CONNECTED, LAST, [Ending(1, KEPT, (C.PREPARATORY, REST))]),
        # what has not begun is education alone from its first day on
        ([SCHOOL], S.CONNECTED, date(2026, 7, 31), [Ending(1, None, (C.PRESCHOOL, SCHOOL.period))]),
        ([SCHOOL], S.PLACE, date(2027, 6, 5), []),  # it ends then anyway
        ([Place(3, C.DAYCARE, KEPT)], S.CONNECTED, TODAY, []),
    ],
)
def test_what_giving_up_does(places, scope, last_day, expected):
    assert endings(places, last_day, scope) == expected


def test_of_care_around_education_that_alone_may_be_given_up():
    assert scopes(C.PRESCHOOL_DAYCARE) == (S.PLACE, S.CONNECTED)
    assert scopes(C.DAYCARE) == (S.PLACE,)


@pytest.mark.parametrize(
    ("place", "care_type", "last_day", "scope", "key"),
    [
        (KEPT, C.DAYCARE, TODAY, S.PLACE, None),
        (KEPT, C.DAYCARE, date(2026, 9, 30), S.PLACE, "termination.too_early"),
        (DateRange(date(2026, 11, 1)), C.DAYCARE, LAST, S.PLACE, "termination.not_begun"),
        (KEPT, C.DAYCARE, date(2027, 1, 1), S.PLACE, "termination.after_the_end"),
        (KEPT, C.DAYCARE, LAST, S.CONNECTED, "termination.no_connected"),
        (DateRange(date(2026, 1, 1)), C.PRESCHOOL_DAYCARE, LAST, S.CONNECTED, None),
    ],
)
def test_when_a_place_may_be_given_up(place, care_type, last_day, scope, key):
    if key is None:
        check_termination(place, care_type, last_day, scope, TerminationPolicy(), TODAY)
        return
    with pytest.raises(Refused, match=key):
        check_termination(place, care_type, last_day, scope, TerminationPolicy(), TODAY)


def test_a_city_may_ask_for_notice():
    with pytest.raises(Refused) as no:
        check_termination(KEPT, C.DAYCARE, date(2026, 10, 14), S.PLACE, TerminationPolicy(notice_days=14), TODAY)
    assert no.value.facts["first"] == date(2026, 10, 15)


def test_a_notice_is_taken_back_within_a_day():
    made = datetime(2026, 10, 1, 12, tzinfo=UTC)
    check_undo(made, made + timedelta(hours=24), TerminationPolicy())
    with pytest.raises(Refused, match="termination.undone_too_late"):
        check_undo(made, made + timedelta(hours=24, minutes=1), TerminationPolicy())


def test_which_needs_a_family_may_ask_for():
    assert kinds_for(C.DAYCARE) == {C.DAYCARE, C.DAYCARE_PART_TIME}
    assert kinds_for(C.PRESCHOOL_DAYCARE) == {C.PRESCHOOL_DAYCARE}
    assert list(NEED_CHANGE.verbs(NeedChangeStatus.OPEN)) == ["accept", "decline", "cancel"]


@pytest.mark.parametrize(
    ("start", "key"),
    [
        (TODAY, None),
        (date(2026, 9, 30), "need_change.has_passed"),
        (date(2027, 1, 1), "placement.need_outside_place"),
    ],
)
def test_another_need_begins_in_the_future_of_the_place(start, key):
    if key is None:
        check_start(start, KEPT, TODAY)
        return
    with pytest.raises(Refused, match=key):
        check_start(start, KEPT, TODAY)

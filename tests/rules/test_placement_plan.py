"""Planning a place: its days, what speaks against it, how long a unit thinks it over."""

from __future__ import annotations

from datetime import date

import pytest

from evaka.kit.dates import DateRange, Timeline
from evaka.kit.errors import Refused
from evaka.rules.application import ApplicationKind
from evaka.rules.calendar import Term
from evaka.rules.placement import CareType, Offer, PlanPolicy
from evaka.rules.placement.plan import (
    Bars,
    Days,
    DeclineReason,
    ProposalPolicy,
    Room,
    Severity,
    Wish,
    answer_by,
    bars,
    check_asked,
    check_bars,
    check_days,
    check_decline,
    parts,
    planned_days,
    wanted_care,
)
from tests.rules.test_unit import option

JULY = PlanPolicy(7, 31)
TODAY = date(2026, 3, 2)
TERMS = Timeline(
    (period, Term(period, date(year, 1, 8), date(year, 1, 20)))
    for year, period in (
        (2025, DateRange(date(2025, 8, 7), date(2026, 5, 30))),
        (2026, DateRange(date(2026, 8, 11), date(2027, 6, 5))),
    )
)
TERM = DateRange(date(2026, 8, 11), date(2027, 6, 5))
DAYCARE, PRESCHOOL, AROUND = CareType.DAYCARE, CareType.PRESCHOOL, CareType.PRESCHOOL_DAYCARE
ALWAYS = DateRange(date(2020, 1, 1))


def period(start: str, end: str) -> DateRange:
    return DateRange(date.fromisoformat(start), date.fromisoformat(end))


# -- the days -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("care_type", "start", "connected", "expected"),
    [
        (DAYCARE, "2026-08-03", None, Days(period("2026-08-03", "2028-07-31"))),
        (PRESCHOOL, "2026-08-03", None, Days(TERM)),
        (PRESCHOOL, "2026-10-01", None, Days(period("2026-10-01", "2027-06-05"))),
        (PRESCHOOL, "2026-06-10", None, Days(TERM)),  # between terms: the next one
        (PRESCHOOL, "2025-11-01", None, Days(period("2026-03-02", "2026-05-30"))),  # not before today
        (AROUND, "2026-08-11", None, Days(TERM, period("2026-08-11", "2027-07-31"))),
        (AROUND, "2026-08-11", "2026-08-03", Days(TERM, period("2026-08-03", "2027-07-31"))),
        (AROUND, "2026-08-11", "2027-08-01", Days(TERM, period("2027-06-05", "2027-07-31"))),  # they share a day
        (CareType.PREPARATORY_DAYCARE, "2026-08-11", "2025-01-01", Days(TERM, period("2026-03-02", "2027-07-31"))),
        (CareType.CLUB, "2026-08-03", None, Days(period("2026-08-03", "2028-07-31"))),
    ],
)
def test_the_days_that_are_proposed(care_type, start, connected, expected) -> None:
    assert planned_days(
        care_type, date(2022, 5, 1), date.fromisoformat(start), JULY, TERMS, today=TODAY,
        connected_start=date.fromisoformat(connected) if connected else None) == expected


def test_without_a_published_term_nothing_is_proposed() -> None:
    with pytest.raises(Refused, match=r"placement\.no_term"):
        planned_days(PRESCHOOL, date(2021, 5, 1), date(2027, 8, 10), JULY, TERMS, today=TODAY)


@pytest.mark.parametrize(
    ("care_type", "days", "key"),
    [
        (DAYCARE, Days(period("2026-08-03", "2028-07-31")), None),
        (DAYCARE, Days(TERM, TERM), "placement.daycare_without_preschool"),
        (PRESCHOOL, Days(TERM), None),
        (PRESCHOOL, Days(TERM, TERM), "placement.daycare_without_preschool"),
        (PRESCHOOL, Days(period("2026-08-10", "2027-06-05")), "placement.outside_term"),
        (PRESCHOOL, Days(period("2027-08-10", "2028-06-05")), "placement.outside_term"),
        (AROUND, Days(TERM), "placement.daycare_missing"),
        (AROUND, Days(TERM, period("2027-06-06", "2027-07-31")), "placement.daycare_apart"),
        (AROUND, Days(TERM, period("2026-08-01", "2027-07-31")), None),
    ],
)
def test_which_days_a_place_may_have(care_type, days, key) -> None:
    if key is None:
        check_days(care_type, days, TERMS)
    else:
        with pytest.raises(Refused) as no:
            check_days(care_type, days, TERMS)
        assert no.value.key == key


def test_a_planned_place_is_connected_care_and_education_alone_besides() -> None:
    assert parts(DAYCARE, Days(TERM)) == [(DAYCARE, TERM)]
    late = Days(TERM, period("2026-09-01", "2027-07-31"))
    assert parts(AROUND, late) == [
        (PRESCHOOL, period("2026-08-11", "2026-08-31")), (AROUND, period("2026-09-01", "2027-07-31"))]
    preparatory = Days(TERM, period("2026-08-01", "2027-01-31"))
    assert parts(CareType.PREPARATORY_DAYCARE, preparatory) == [
        (CareType.PREPARATORY_DAYCARE, period("2026-08-01", "2027-01-31")),
        (CareType.PREPARATORY, period("2027-02-01", "2027-06-05"))]


PART = option("part", CareType.DAYCARE_PART_TIME, "0.54")
NEED = option("around", AROUND, "1")
CLUB_NEED = option("club", CareType.PRESCHOOL_CLUB, "1")


@pytest.mark.parametrize(
    ("kind", "need", "more", "care_type"),
    [
        (ApplicationKind.DAYCARE, PART, {}, CareType.DAYCARE_PART_TIME),
        (ApplicationKind.DAYCARE, None, {}, DAYCARE),
        (ApplicationKind.CLUB, PART, {}, CareType.CLUB),
        (ApplicationKind.PRESCHOOL, NEED, {}, PRESCHOOL),
        (ApplicationKind.PRESCHOOL, NEED, {"connected": True}, AROUND),
        (ApplicationKind.PRESCHOOL, CLUB_NEED, {"connected": True}, CareType.PRESCHOOL_CLUB),
        (ApplicationKind.PRESCHOOL, None, {"connected": True}, AROUND),
        (ApplicationKind.PRESCHOOL, PART, {"connected": True}, AROUND),
        (ApplicationKind.PRESCHOOL, None, {"preparatory": True}, CareType.PREPARATORY),
        (ApplicationKind.PRESCHOOL, NEED, {"preparatory": True, "connected": True}, CareType.PREPARATORY_DAYCARE),
    ],
)
def test_which_care_is_asked_for(kind, need, more, care_type) -> None:
    assert wanted_care(kind, need, **more) is care_type


# -- what speaks against a place ----------------------------------------------------------------------

UNIT = Offer("Lokkila", ALWAYS, frozenset({DAYCARE}))
WISH = Wish(ApplicationKind.DAYCARE, DAYCARE)
OPEN = Room({ApplicationKind.DAYCARE: ALWAYS})
PLACE = period("2026-08-03", "2028-07-31")


def keys(found) -> list[str]:
    return [no.key.removeprefix("placement.") for no in found]


@pytest.mark.parametrize(
    ("wish", "room", "expected"),
    [
        (WISH, OPEN, []),
        (Wish(ApplicationKind.DAYCARE, DAYCARE, True), OPEN, ["no_shift_care"]),
        (Wish(ApplicationKind.DAYCARE, DAYCARE, languages=frozenset({"sv"})), OPEN, ["other_language"]),
        (Wish(ApplicationKind.DAYCARE, DAYCARE, languages=frozenset({"sv", "fi"})), OPEN, []),
        (Wish(ApplicationKind.PRESCHOOL, PRESCHOOL), OPEN, ["care_not_offered", "not_applied_for"]),
        (WISH, Room({ApplicationKind.DAYCARE: DateRange(date(2027, 1, 1))}), ["not_applied_for"]),
        (WISH, Room({ApplicationKind.DAYCARE: None}, seats=0, worst="104,5"),
         ["not_applied_for", "no_seat", "overfull"]),
        (WISH, Room({ApplicationKind.DAYCARE: ALWAYS}, seats=1), []),
    ],
)
def test_everything_that_speaks_against_a_place_is_told(wish, room, expected) -> None:
    assert keys(bars(PLACE, wish, UNIT, room)) == expected


def test_how_hard_a_thing_is_the_city_says_but_for_a_unit_that_cannot() -> None:
    policy = Bars(no_shift_care=Severity.TELL)
    assert policy.of(Refused("placement.no_shift_care")) is Severity.TELL
    assert policy.of(Refused("placement.care_not_offered")) is Severity.REFUSE


@pytest.mark.parametrize(
    ("against", "despite", "key"),
    [
        ([], "", None),
        (["overfull", "not_applied_for"], "", None),
        (["no_seat"], " ", "placement.reason_needed"),
        (["no_seat"], "Sovittu", None),
        (["no_seat", "no_shift_care"], "Sovittu", "placement.no_shift_care"),
    ],
)
def test_a_place_is_refused_or_needs_a_reason(against, despite, key) -> None:
    found = [Refused(f"placement.{one}") for one in against]
    if key is None:
        check_bars(found, Bars(), despite)
    else:
        with pytest.raises(Refused) as no:
            check_bars(found, Bars(), despite)
        assert no.value.key == key


# -- asking the unit ----------------------------------------------------------------------------------


def test_a_director_answers_on_a_business_day() -> None:
    assert answer_by(date(2026, 4, 27), ProposalPolicy(answer_days=4)) == date(2026, 5, 4)  # the first of May, a Friday
    assert answer_by(date(2026, 6, 1), ProposalPolicy()) == date(2026, 6, 8)


@pytest.mark.parametrize("days", [-1, 8])
def test_a_reminder_goes_before_the_last_day(days) -> None:
    with pytest.raises(ValueError, match="remind_days"):
        ProposalPolicy(answer_days=7, remind_days=days)


def test_a_reason_that_says_little_is_explained() -> None:
    other = DeclineReason("other", {"fi": "Muu syy"}, explained=True)
    check_decline(other, "Remontti kestää syyskuuhun")
    check_decline(DeclineReason("full", {"fi": "Täynnä"}), "")
    with pytest.raises(Refused, match=r"placement\.explain_decline"):
        check_decline(other, " ")


def test_a_place_is_not_planned_before_anybody_asked_for_it():
    period = DateRange(date(2026, 8, 1), date(2027, 7, 31))
    check_asked(period, received=None, wished=None)
    check_asked(period, received=date(2026, 8, 3), wished=date(2026, 8, 1))
    with pytest.raises(Refused, match="placement.before_asked"):
        check_asked(period, received=date(2026, 8, 3), wished=date(2026, 8, 10))


def test_the_whole_of_a_place_spans_education_and_the_care_around_it():
    term, care = DateRange(date(2026, 8, 11), date(2027, 6, 4)), DateRange(date(2026, 8, 3), date(2027, 7, 31))
    assert Days(term).whole == term
    assert Days(term, care).whole == care
    assert Days(term, DateRange(date(2026, 9, 1), date(2027, 7, 31))).whole == DateRange(term.start, date(2027, 7, 31))

"""What an application must tell, and what it may not say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from decimal import Decimal

import pytest

from evaka.kit.dates import DateRange, Timeline
from evaka.kit.errors import Refused
from evaka.rules.application import ApplicationKind, ApplicationPolicy, AttachmentKind, OtherView
from evaka.rules.application.flags import (
    Place,
    confidential,
    is_additional,
    is_continuing,
    is_overtaken,
    is_transfer,
    must_be_read,
)
from evaka.rules.application.form import (
    Form,
    Known,
    Wish,
    care_types,
    check_complete,
    lacks,
    late_for_term,
    offered_needs,
    settled_need,
)
from evaka.rules.application.question import Question, QuestionKind, asked, is_secret, unanswered
from evaka.rules.calendar import Term
from evaka.rules.placement import CareType, ServiceNeed

TODAY, START = date(2026, 3, 2), date(2026, 8, 11)
POLICY = ApplicationPolicy()
ALWAYS = DateRange(date(2020, 8, 1))


def need(key: str, care_type: CareType, *, part_day: bool = False, valid: DateRange = ALWAYS, default: bool = False):
    return ServiceNeed(
        key, {"fi": key}, care_type, valid, Decimal(1), Decimal(1), Decimal(1), Decimal(1), Decimal(1), Decimal(40),
        part_day=part_day, default=default)


FULL, PART = need("full_day", CareType.DAYCARE), need("part_day", CareType.DAYCARE_PART_TIME, part_day=True)
FIVE = need("five", CareType.DAYCARE_5YO)
SCHOOL = need("preschool", CareType.PRESCHOOL, part_day=True, default=True)
AROUND = need("preschool_daycare", CareType.PRESCHOOL_DAYCARE)
OPTIONS = [FULL, PART, FIVE, SCHOOL, AROUND]
YEAR = Term(DateRange(START, date(2027, 6, 5)), date(2026, 1, 8), date(2026, 1, 20))
TERMS = Timeline([(YEAR.valid, YEAR)])
LOKKI = Wish("Lokki", ALWAYS, DateRange(date(2026, 8, 1), date(2026, 12, 31)), True)
CARE = Form(ApplicationKind.DAYCARE, units=(1,), start=START, service_need="full_day", phone="040 555 0100",
            email="a@example.fi")
PRESCHOOL = replace(CARE, kind=ApplicationKind.PRESCHOOL, service_need="")
OFFICE = Known(TODAY, need=FULL)
FAMILY = Known(TODAY, guardian=True, need=FULL, units={1: LOKKI})


def found(form: Form, known: Known, policy: ApplicationPolicy = POLICY):
    return [(one.field, one.why.facts["missing"][0].removeprefix("application.missing.") if "missing" in one.why.facts
             else one.why.key.removeprefix("application.")) for one in lacks(form, known, policy)]


def test_a_whole_application_lacks_nothing():
    assert found(CARE, OFFICE) == found(CARE, FAMILY) == []
    check_complete(CARE, FAMILY, POLICY)


def test_an_empty_application_tells_everything_it_lacks_in_one_sentence():
    empty = Form(ApplicationKind.DAYCARE)
    with pytest.raises(Refused) as no:
        check_complete(empty, Known(TODAY, guardian=True), POLICY)
    assert no.value.key == "application.incomplete"
    assert no.value.facts["missing"] == [
        f"application.missing.{word}" for word in ("start", "unit", "service_need", "phone", "email")]


def test_what_contradicts_itself_is_told_when_nothing_is_missing():
    with pytest.raises(Refused) as no:
        check_complete(replace(CARE, units=(1, 1)), OFFICE, POLICY)
    assert no.value.key == "application.unit_twice"


@pytest.mark.parametrize(
    ("changed", "known", "expected"),
    [
        ({"units": (1, 2, 3, 4)}, {}, [("units", "too_many_units")]),
        ({"service_need": "part_day"}, {"need": PART}, [("begins_at", "hours")]),
        ({"service_need": "part_day", "begins_at": time(8)}, {"need": PART}, [("ends_at", "hours")]),
        ({"service_need": "part_day", "begins_at": time(8), "ends_at": time(13)}, {"need": PART}, []),
        ({"begins_at": time(8), "ends_at": time(13, 1)}, {"need": PART}, [("ends_at", "more_than_part_day")]),
        ({"begins_at": time(16), "ends_at": time(8)}, {}, [("ends_at", "hours_end_first")]),
        ({}, {"need": AROUND}, [("service_need", "need_of_other_kind")]),
        ({}, {"need": need("old", CareType.DAYCARE, valid=DateRange(date(2020, 1, 1), date(2026, 7, 31)))},
         [("service_need", "need_not_valid")]),
        ({"assistance_needed": True, "assistance": " "}, {}, [("assistance", "assistance")]),
        ({"assistance_needed": True, "assistance": "Puheterapia"}, {}, []),
        ({"moves_on": START}, {}, [("new_street", "new_street")]),
        ({"new_street": "Uusitie 1"}, {}, [("moves_on", "moves_on")]),
        ({"phone": "", "email": ""}, {"reachable": False}, [("phone", "contact")]),
        ({"phone": "", "email": ""}, {}, []),
        ({"phone": "numero"}, {}, [("phone", "person.phone_form")]),
        ({"other_email": "ei ole"}, {}, [("other_email", "user.email_form")]),
        ({"partner_code": "010180-900X"}, {}, [("partner_code", "person.identity_code_check")]),
        ({"other_children": ({"first_name": "Aino", "code": "xx"},)}, {},
         [("other_children", "person.identity_code_form")]),
        ({"other_children": ({"first_name": "Aino"},), "sibling_code": "131052-308T"}, {}, []),
    ],
)
def test_what_the_office_must_mend(changed, known, expected):
    assert found(replace(CARE, **changed), replace(OFFICE, **known)) == expected


@pytest.mark.parametrize(
    ("changed", "known", "expected"),
    [
        ({"start": date(2026, 3, 1)}, {}, [("start", "start_has_passed"), ("units", "unit_takes_later")]),
        ({"start": date(2026, 7, 31)}, {"sent_start": START},
         [("start", "start_earlier"), ("units", "unit_takes_later")]),
        ({"units": (9,)}, {}, [("units", "unit_gives_not")]),
        ({}, {"units": {1: replace(LOKKI, gives=False)}}, [("units", "unit_gives_not")]),
        ({}, {"units": {1: replace(LOKKI, starts=None)}}, [("units", "unit_takes_none")]),
        ({}, {"units": {1: replace(LOKKI, open=DateRange(date(2026, 9, 1)))}}, [("units", "unit_closed")]),
        ({"phone": " "}, {}, [("phone", "phone")]),
        ({"email": ""}, {}, [("email", "email")]),
        ({"email": "", "no_email": True}, {}, []),
        ({}, {"other_elsewhere": True}, [("other_guardian_view", "other_guardian_view")]),
        ({"other_guardian_view": OtherView.AGREED}, {"other_elsewhere": True}, []),
    ],
)
def test_what_a_family_must_mend(changed, known, expected):
    assert found(replace(CARE, **changed), replace(FAMILY, **known)) == expected


def test_a_city_may_ask_for_proof_with_the_application():
    wanting = ApplicationPolicy(proof_needed=True)
    urgent = replace(CARE, urgent=True, shift_care=True)
    assert found(urgent, FAMILY) == []
    assert found(urgent, FAMILY, wanting) == [("upload", "paper_urgency"), ("upload", "paper_shift_care")]
    shown = replace(FAMILY, papers=frozenset(AttachmentKind))
    assert found(urgent, shown, wanting) == found(urgent, OFFICE, wanting) == []


@pytest.mark.parametrize(
    ("changed", "known", "expected"),
    [
        ({}, {}, []),
        ({"start": date(2026, 8, 10)}, {}, [("start", "no_term")]),
        ({}, {"today": date(2026, 1, 7)}, [("start", "term_not_yet")]),
        ({"connected_daycare": True, "service_need": "preschool_daycare"}, {"need": AROUND}, []),
        ({"connected_daycare": True}, {}, [("service_need", "service_need")]),
        ({"connected_daycare": True, "connected_start": date(2026, 8, 1)}, {"need": AROUND},
         [("connected_start", "connected_first")]),
        ({"connected_daycare": True, "connected_start": date(2027, 6, 6)}, {"need": AROUND},
         [("connected_start", "connected_outside_term")]),
        ({"connected_daycare": True, "connected_start": date(2026, 9, 1)},
         {"need": replace(AROUND, valid=DateRange(date(2026, 9, 1)))}, []),
    ],
)
def test_pre_primary_education_lies_in_a_term(changed, known, expected):
    here = {"need": None, "terms": TERMS} | known
    assert found(replace(PRESCHOOL, **changed), replace(OFFICE, **here)) == expected


def test_the_terms_that_are_coming_are_told():
    [lack] = lacks(replace(PRESCHOOL, start=date(2026, 7, 1)), replace(OFFICE, need=None, terms=TERMS), POLICY)
    assert lack.why.facts == {"start": date(2026, 7, 1), "terms": [YEAR.valid]}


def test_the_kind_of_place_follows_from_what_is_asked_for():
    school = replace(PRESCHOOL, connected_daycare=True)
    assert care_types(replace(CARE, kind=ApplicationKind.CLUB)) == {CareType.CLUB}
    assert CareType.DAYCARE_PART_TIME in care_types(CARE)
    assert care_types(PRESCHOOL) == {CareType.PRESCHOOL}
    assert care_types(school) == {CareType.PRESCHOOL_DAYCARE, CareType.PRESCHOOL_CLUB}
    assert care_types(replace(PRESCHOOL, preparatory=True)) == {CareType.PREPARATORY}
    assert care_types(replace(school, preparatory=True)) == {CareType.PREPARATORY_DAYCARE}


def test_five_year_olds_have_options_of_their_own():
    born = date(2021, 5, 1)
    assert offered_needs(OPTIONS, CARE, born, START) == [FIVE]
    assert offered_needs(OPTIONS, CARE, date(2022, 5, 1), START) == [FULL, PART]
    assert offered_needs([FULL, PART], CARE, born, START) == [FULL, PART]
    assert offered_needs(OPTIONS, PRESCHOOL, date(2020, 5, 1), START) == [SCHOOL]


def test_where_there_is_no_choice_the_default_is_taken():
    assert settled_need(OPTIONS, PRESCHOOL) == "preschool"
    assert settled_need([FULL], PRESCHOOL) == ""
    assert settled_need(OPTIONS, CARE) == "full_day"
    assert settled_need(OPTIONS, replace(PRESCHOOL, start=None)) == ""
    assert settled_need(OPTIONS, replace(PRESCHOOL, connected_daycare=True, service_need="x")) == "x"


def test_who_applies_after_the_time_to_apply_is_late():
    assert late_for_term(PRESCHOOL, TERMS, date(2026, 1, 21))
    assert not late_for_term(PRESCHOOL, TERMS, date(2026, 1, 20))
    assert not late_for_term(CARE, TERMS, date(2026, 1, 21))
    assert not late_for_term(replace(PRESCHOOL, start=None), TERMS, date(2026, 1, 21))
    assert not late_for_term(replace(PRESCHOOL, start=date(2028, 1, 1)), TERMS, date(2026, 1, 21))


# -- questions of the city ---------------------------------------------------------------------------------

TICK = Question("tick", {"fi": "Kyllä?"}, QuestionKind.TICK, ALWAYS, order=2)
WORDS = Question("words", {"fi": "Mitä?"}, QuestionKind.WORDS, ALWAYS, needed=True, secret=True, order=1)
CLUBS = Question("clubs", {"fi": "Kerho?"}, QuestionKind.DAY, ALWAYS, kinds=frozenset({ApplicationKind.CLUB}))


def test_a_question_is_asked_of_its_kind_in_its_time_and_order():
    assert asked([TICK, WORDS, CLUBS], ApplicationKind.DAYCARE, TODAY) == [WORDS, TICK]
    assert asked([TICK, CLUBS], ApplicationKind.CLUB, date(2020, 7, 31)) == []


def test_a_family_answers_what_it_must_and_the_office_needs_not():
    asking = replace(FAMILY, questions=[TICK, WORDS])
    assert found(CARE, asking) == [("answer_words", "unanswered")]
    assert found(replace(CARE, answers={"words": "Näin"}), asking) == []
    assert found(CARE, replace(asking, guardian=False)) == []
    assert list(unanswered([WORDS], {"words": ""})) == [WORDS]


def test_some_answers_are_secret():
    assert is_secret([WORDS], {"words": "Näin"})
    assert not is_secret([WORDS, TICK], {"words": "", "tick": True})


@pytest.mark.parametrize(
    "wrong",
    [{"kind": QuestionKind.CHOICE}, {"options": {"a": {"fi": "A"}}}, {"kind": QuestionKind.TICK, "needed": True}],
)
def test_a_question_that_cannot_be_is_told(wrong):
    with pytest.raises(ValueError, match=r"choice|tick"):
        Question(**({"key": "q", "text": {}, "kind": QuestionKind.WORDS, "valid": ALWAYS} | wrong))


# -- what the office sees at once ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "care_type", "last", "transfer"),
    [
        (ApplicationKind.DAYCARE, CareType.DAYCARE, date(2026, 12, 31), True),
        (ApplicationKind.DAYCARE, CareType.DAYCARE_5YO, None, True),
        (ApplicationKind.DAYCARE, CareType.DAYCARE, date(2026, 8, 10), False),
        (ApplicationKind.DAYCARE, CareType.TEMPORARY, None, False),
        (ApplicationKind.DAYCARE, CareType.PRESCHOOL, None, False),
        (ApplicationKind.PRESCHOOL, CareType.PREPARATORY_DAYCARE, None, True),
        (ApplicationKind.PRESCHOOL, CareType.PRESCHOOL_DAYCARE_ONLY, None, False),
        (ApplicationKind.CLUB, CareType.CLUB, None, True),
        (ApplicationKind.CLUB, CareType.DAYCARE, None, False),
    ],
)
def test_who_has_such_a_place_already_asks_for_a_transfer(kind, care_type, last, transfer):
    places = [Place(DateRange(date(2025, 8, 1), last), care_type, 1)]
    assert is_transfer(kind, START, places) is transfer
    assert not is_transfer(kind, START, places, additional=True)


def placed(*care_types: CareType):
    return [Place(DateRange(date(2025, 8, 1)), one, 1) for one in care_types]


@pytest.mark.parametrize(
    ("changed", "places", "additional"),
    [
        ({}, placed(CareType.PRESCHOOL), True),
        ({"preparatory": True}, placed(CareType.PRESCHOOL), False),
        ({"preparatory": True}, placed(CareType.PREPARATORY), True),
        ({}, placed(CareType.PRESCHOOL, CareType.PRESCHOOL_DAYCARE), False),
        ({}, [], False),
        ({"connected_daycare": False}, placed(CareType.PRESCHOOL), False),
        ({"kind": ApplicationKind.DAYCARE}, placed(CareType.PRESCHOOL), False),
    ],
)
def test_care_is_added_to_education_that_the_child_has_alone(changed, places, additional):
    form = replace(PRESCHOOL, connected_daycare=True)
    assert is_additional(replace(form, **changed), START, places) is additional


def test_a_child_continues_in_the_unit_of_its_first_wish():
    places = [Place(DateRange(date(2025, 8, 1), date(2026, 8, 10)), CareType.DAYCARE, 7)]
    assert is_continuing([7, 1], START, places)
    assert not is_continuing([1, 7], START, places)
    assert not is_continuing([], START, places)
    assert not is_continuing([7], date(2026, 8, 12), places)


@pytest.mark.parametrize(
    ("last", "care_type", "gone"),
    [
        (TODAY, CareType.DAYCARE, False),
        (date(2026, 3, 1), CareType.DAYCARE, False),
        (date(2026, 2, 28), CareType.DAYCARE, True),
        (None, CareType.PRESCHOOL, True),
    ],
)
def test_a_transfer_is_overtaken_two_days_after_the_last_place(last, care_type, gone):
    places = [Place(DateRange(date(2025, 8, 1), last), care_type, 1)]
    assert is_overtaken(ApplicationKind.DAYCARE, date(2026, 2, 1), places, TODAY) is gone


@pytest.mark.parametrize(
    ("changed", "secret", "read"),
    [
        ({}, False, False),
        ({"notes": "  "}, False, False),
        ({"notes": "Muutamme kesällä"}, None, True),
        ({"diet": "Ei maitoa"}, True, True),
        ({"allergies": "Pähkinä", "notes": "Hei"}, True, True),
        ({"assistance_needed": True}, True, True),
        ({"answers": {"words": "Salaista"}}, True, True),
        ({"other_guardian_view": OtherView.NOT_AGREED}, False, True),
    ],
)
def test_who_may_read_an_application_and_who_must(changed, secret, read):
    form = replace(CARE, **changed)
    assert confidential(form, [WORDS]) is secret
    assert must_be_read(form, [WORDS]) is read


def test_papers_are_secret_and_need_no_reading():
    assert confidential(CARE, papers=True) is True
    assert not must_be_read(CARE)

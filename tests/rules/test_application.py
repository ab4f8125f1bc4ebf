"""The life of an application, what it must tell, and its clock."""

from __future__ import annotations

from datetime import date, time

import pytest

from evaka import city
from evaka.kit.errors import Refused
from evaka.rules.application import (
    APPLICATION,
    ON_THE_DESK,
    OPEN,
    ApplicationKind,
    ApplicationPolicy,
    ApplicationStatus,
    CaseClasses,
    PreschoolDue,
    after_answers,
    case_number,
    check_hours,
    check_start,
    check_units,
    due,
    overdue,
    short_notice,
    urgency,
)

S = ApplicationStatus
POLICY = ApplicationPolicy()


@pytest.mark.parametrize(
    ("state", "verbs"),
    [
        (S.CREATED, {"send": S.SENT}),
        (S.SENT, {"take": S.WAITING_PLACEMENT, "cancel": S.CANCELLED, "overtake": S.CANCELLED}),
        (
            S.WAITING_PLACEMENT,
            {
                "return_to_sent": S.SENT,
                "check": S.WAITING_PLACEMENT,
                "plan": S.WAITING_DECISION,
                "cancel": S.CANCELLED,
            },
        ),
        (
            S.WAITING_DECISION,
            {
                "return_to_placement": S.WAITING_PLACEMENT,
                "propose": S.WAITING_CONFIRMATION,
                "send_decision": S.WAITING_GUARDIAN,
                "print_decision": S.WAITING_MAILING,
            },
        ),
        (
            S.WAITING_CONFIRMATION,
            {
                "withdraw": S.WAITING_DECISION,
                "decline": S.WAITING_PLACEMENT,
                "send_decision": S.WAITING_GUARDIAN,
                "print_decision": S.WAITING_MAILING,
            },
        ),
        (S.WAITING_MAILING, {"mail": S.WAITING_GUARDIAN}),
        (S.WAITING_GUARDIAN, {"accept": S.ACTIVE, "reject": S.REJECTED}),
        (S.ACTIVE, {"accept": S.ACTIVE, "plan_again": S.WAITING_PLACEMENT}),
        (S.REJECTED, {"plan_again": S.WAITING_PLACEMENT}),
        (S.CANCELLED, {"return_to_sent": S.SENT}),
    ],
)
def test_what_can_be_done_to_an_application_and_what_it_becomes(state, verbs):
    assert {verb: APPLICATION.after(state, verb) for verb in APPLICATION.verbs(state)} == verbs


def test_an_application_that_is_settled_is_not_open():
    assert set(S) - OPEN == {S.ACTIVE, S.REJECTED, S.CANCELLED}
    assert set(S) - ON_THE_DESK == {S.ACTIVE, S.REJECTED, S.CANCELLED, S.CREATED, S.WAITING_GUARDIAN}


def test_a_city_may_allow_more_units():
    check_units((1, 2, 3, 4, 5), ApplicationPolicy(most_units=5))


def test_a_full_day_may_be_long():
    check_hours(time(6, 30), time(17), part_day=False)


def test_a_part_day_is_at_most_five_hours():
    check_hours(time(8, 30), time(13, 30), part_day=True)
    with pytest.raises(Refused):
        check_hours(time(8, 29), time(13, 30), part_day=True)


@pytest.mark.parametrize(
    ("start", "sent_with", "key"),
    [
        (date(2026, 3, 1), None, "application.start_has_passed"),
        (date(2027, 3, 4), None, "application.start_too_far"),
        (date(2026, 7, 31), date(2026, 8, 1), "application.start_earlier"),
        (date(2027, 3, 4), date(2026, 8, 1), "application.start_too_far"),
    ],
)
def test_a_guardian_may_not_wish_for_every_day(start, sent_with, key):
    with pytest.raises(Refused) as refused:
        check_start(start, today=date(2026, 3, 2), policy=POLICY, sent_with=sent_with)
    assert refused.value.key == key
    check_start(start, today=date(2026, 3, 2), policy=POLICY, sent_with=sent_with, guardian=False)


@pytest.mark.parametrize(
    ("start", "sent_with"),
    [
        (date(2026, 3, 2), None),
        (date(2027, 3, 3), None),
        (date(2026, 2, 1), date(2026, 2, 1)),  # sent in time; the office has not been quick
        (date(2026, 9, 1), date(2026, 8, 1)),
    ],
)
def test_a_guardian_may_wish_for_a_day_within_a_year(start, sent_with):
    check_start(start, today=date(2026, 3, 2), policy=POLICY, sent_with=sent_with)


@pytest.mark.parametrize(
    ("sent", "start", "proof", "last"),
    [
        (date(2020, 2, 1), date(2020, 8, 1), None, date(2020, 8, 1)),
        (date(2020, 2, 1), date(2020, 3, 1), None, date(2020, 6, 1)),
        (date(2020, 2, 1), None, None, date(2020, 6, 1)),
        (date(2026, 10, 31), date(2026, 11, 1), None, date(2027, 2, 28)),
        (
            date(2026, 3, 2),
            date(2026, 3, 16),
            date(2026, 2, 23),
            date(2026, 3, 16),
        ),  # proof before the application
        (date(2026, 3, 2), date(2026, 3, 16), date(2026, 3, 5), date(2026, 3, 19)),  # proof three days after
        (
            date(2026, 3, 2),
            date(2026, 3, 16),
            date(2026, 6, 30),
            date(2026, 7, 2),
        ),  # never later than 4 months
    ],
)
def test_when_a_place_is_due(sent, start, proof, last):
    assert due(sent, start, proof, policy=POLICY) == last


def test_a_city_may_count_from_the_sending_only():
    policy = ApplicationPolicy(due_at_start=False)
    assert due(date(2020, 2, 1), date(2020, 8, 1), policy=policy) == date(2020, 6, 1)


def test_a_transfer_is_not_due_on_any_day():
    assert due(date(2020, 2, 1), date(2020, 8, 1), date(2020, 2, 1), policy=POLICY, transfer=True) is None


@pytest.mark.parametrize(
    ("choice", "start", "last"),
    [
        (PreschoolDue.SENT, date(2026, 8, 11), date(2026, 1, 10)),  # as it is sent
        (PreschoolDue.START, date(2026, 8, 11), date(2026, 8, 11)),
        (PreschoolDue.START, None, date(2026, 1, 10)),
        (PreschoolDue.MONTHS, date(2026, 2, 1), date(2026, 5, 10)),
    ],
)
def test_a_place_in_pre_primary_education_is_due_when_the_city_says(choice, start, last):
    policy = ApplicationPolicy(preschool_due=choice)
    assert due(date(2026, 1, 10), start, policy=policy, kind=ApplicationKind.PRESCHOOL) == last


def test_less_than_four_months_is_short_notice():
    assert short_notice(date(2026, 3, 2), date(2026, 7, 1), POLICY)
    assert not short_notice(date(2026, 3, 2), date(2026, 7, 2), POLICY)


@pytest.mark.parametrize(
    ("status", "last", "late"),
    [
        (S.WAITING_PLACEMENT, date(2026, 3, 1), True),
        (S.WAITING_PLACEMENT, date(2026, 3, 2), False),
        (S.WAITING_PLACEMENT, None, False),
        (S.WAITING_GUARDIAN, date(2026, 3, 1), False),
        (S.ACTIVE, date(2026, 3, 1), False),
    ],
)
def test_the_office_is_late_the_day_after_the_due_day(status, last, late):
    assert overdue(status, last, date(2026, 3, 2)) is late


def test_days_that_are_left():
    assert urgency(date(2026, 3, 16), date(2026, 3, 2)) == 14
    assert urgency(date(2026, 3, 1), date(2026, 3, 2)) == -1
    assert urgency(None, date(2026, 3, 2)) is None


@pytest.mark.parametrize(
    ("accepted", "waiting", "verb"), [(0, 1, None), (1, 1, None), (1, 0, "accept"), (0, 0, "reject")]
)
def test_an_application_ends_when_all_its_decisions_are_answered(accepted, waiting, verb):
    assert after_answers(accepted=accepted, waiting=waiting) == verb


def test_the_shipped_policy_is_that_of_the_law():
    assert city.value("placements", "application", ApplicationPolicy) == POLICY


def test_a_task_class_is_short_and_without_a_slash():
    for wrong in ("12/06", "x" * 21, "12 06"):
        with pytest.raises(ValueError, match="no task class"):
            CaseClasses(daycare=wrong)
    classes = CaseClasses(daycare="12.06.01", club="")
    assert [classes.of(kind) for kind in ApplicationKind] == ["12.06.01", "", ""]
    assert case_number(57, classes.daycare, 2026) == "57/12.06.01/2026"

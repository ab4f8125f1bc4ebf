"""Holidays and questionnaires: made by the office, answered by families."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date

from sqlalchemy import delete, insert, select

from evaka.access import Actor
from evaka.actions import action, line_of
from evaka.actions.booking.facts import day_facts
from evaka.actions.booking.save import redraft_month
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.attendance import Absence
from evaka.models.base import db
from evaka.models.booking import Booking
from evaka.models.calendar.holiday_period import (
    HolidayPeriod,
    Questionnaire,
    QuestionnaireAnswer,
    QuestionnaireOption,
)
from evaka.models.journal import add_lines
from evaka.models.person import Person, hold
from evaka.models.placement import Placement
from evaka.models.unit import Unit
from evaka.rules.attendance import AbsenceKind, Reporter, categories
from evaka.rules.booking.parts import BILLABLE
from evaka.rules.calendar.holiday_period import (
    Holiday,
    Question,
    QuestionnaireKind,
    check_answer,
    check_holiday,
    is_free,
    may_answer,
)
from evaka.rules.placement import INVOICED_MONTHLY
from evaka.rules.unit import Provider


def check(row: HolidayPeriod, by: Actor, *, created: bool) -> None:
    """Before a holiday is saved."""
    if row.end < row.start:
        raise Refused("unit.ends_first", start=row.start, end=row.end)
    holiday = Holiday(row.period, row.opens, row.closes)
    if created:
        check_holiday(holiday, by.today)
        row.made_at = by.now
    elif row.closes < row.opens:
        raise Refused("holiday_period.closes_first", opens=row.opens, closes=row.closes)


def wipe(row: HolidayPeriod, by: Actor) -> tuple[int, int]:
    """When a holiday is made, what guardians had told of its days is asked anew; what the unit has marked stays.

    Answers how many bookings and absences went.
    """
    days = Booking.day.between(row.start, row.end)
    bookings = db.session.execute(delete(Booking).where(days, Booking.made_by == Reporter.GUARDIAN))
    absences = db.session.execute(delete(Absence).where(
        Absence.day.between(row.start, row.end), Absence.reported_by == Reporter.GUARDIAN,
        Absence.kind != AbsenceKind.FREE, Absence.questionnaire_id.is_(None)))
    gone = bookings.rowcount, absences.rowcount  # type: ignore[attr-defined]
    add_lines([line_of("holiday_period.wiped", row, by, {"bookings": gone[0], "absences": gone[1]})])
    return gone


# -- questionnaires ----------------------------------------------------------------------------------


@action("holiday_period.add_option")
def add_option(questionnaire: Questionnaire, by: Actor, *, first: date, last: date) -> QuestionnaireOption:
    """One more period to choose from, or the one within which own days are told."""
    if last < first:
        raise Refused("booking.period_ends_first", first=first, last=last)
    if questionnaire.kind is QuestionnaireKind.OPEN and questionnaire.options:
        raise Refused("holiday_period.one_option")
    row = QuestionnaireOption(questionnaire_id=questionnaire.id, start=first, end=last)
    db.session.add(row)
    db.session.flush()
    db.session.expire(questionnaire, ["options"])
    return row


def question_of(row: Questionnaire) -> Question:
    return Question(row.kind, row.period, tuple(one.period for one in row.options), row.threshold_days or 0, row.placed)


def invoiced_places(children: Collection[int], by: Actor) -> dict[int, list[DateRange]]:
    """By child the places that are invoiced; none of a child who is in a unit paid by vouchers today."""
    found: dict[int, list[DateRange]] = defaultdict(list)
    elsewhere: set[int] = set()
    for child, start, end, care_type, provider in db.session.execute(
        select(Placement.child_id, Placement.start, Placement.end, Placement.care_type, Unit.provider)
        .join(Unit, Unit.id == Placement.unit_id).where(Placement.child_id.in_(children))
    ):
        period = DateRange(start, end)
        if provider is Provider.PRIVATE_SERVICE_VOUCHER and by.today in period:
            elsewhere.add(child)
        if care_type in INVOICED_MONTHLY:
            found[child].append(period)
    return {child: places for child, places in found.items() if child not in elsewhere}


def asked_now(children: Collection[int], by: Actor) -> list[tuple[Questionnaire, list[int]]]:
    """The questionnaires that are open today, each with those of the children whose families are asked."""
    rows = db.session.scalars(select(Questionnaire).where(Questionnaire.on(by.today)).order_by(Questionnaire.id)).all()
    if not rows:
        return []
    places = invoiced_places(children, by)
    asked = [(row, [child for child in children if child in places
                    and may_answer(question_of(row), places[child], by.today)]) for row in rows if row.options]
    return [(row, some) for row, some in asked if some]


@action("holiday_period.answer")
def answer(child: Person, by: Actor, *, questionnaire: Questionnaire, periods: list[DateRange]) -> int:
    """A family says when the child is away; no periods: it is not.  Answers on how many days it is.

    An earlier answer is replaced with all that it had written.  Own days that are too few are ordinary absences.
    """
    question = question_of(questionnaire)
    places = invoiced_places([child.id], by).get(child.id, [])
    if not may_answer(question, places, by.today):
        raise Refused("holiday_period.not_asked")
    check_answer(question, periods, places)
    hold([child.id])
    db.session.execute(delete(Absence).where(
        Absence.child_id == child.id, Absence.questionnaire_id == questionnaire.id))
    row = db.session.scalar(select(QuestionnaireAnswer).where(
        QuestionnaireAnswer.questionnaire_id == questionnaire.id, QuestionnaireAnswer.child_id == child.id))
    before = row.ranges if row else []
    if row is None:
        row = QuestionnaireAnswer(questionnaire_id=questionnaire.id, child_id=child.id, periods=[], answered_at=by.now)
        db.session.add(row)
    row.periods = [[one.start.isoformat(), one.last_day.isoformat()] for one in periods]
    row.answered_at = by.now
    count = 0
    for period in periods:
        count += _write(child.id, questionnaire, question, period, by)
    for period in [*before, *periods]:
        redraft_month(child.id, period, by)
    return count


def _write(child: int, row: Questionnaire, question: Question, period: DateRange, by: Actor) -> int:
    """Away on the days of care of an answered period; bookings go, and what the unit has marked stands."""
    known = day_facts([child], period, by).get(child, {})
    free, days, rows = is_free(question, period), [], []
    for day, facts in known.items():
        if not facts.has_care or any(noted.by is not Reporter.GUARDIAN or noted.answered or
                                     noted.kind is AbsenceKind.FREE for noted in facts.absences.values()):
            continue
        days.append(day)
        for part in sorted(categories(facts.care_type)):
            short = AbsenceKind.PLANNED if facts.planned and part is BILLABLE else AbsenceKind.OTHER
            rows.append({"child_id": child, "day": day, "category": part, "reported_by": Reporter.GUARDIAN,
                         "kind": row.absence_kind if free else short, "questionnaire_id": row.id})
    for first in range(0, len(days), 200):
        some = days[first : first + 200]
        for model in (Booking, Absence):
            db.session.execute(delete(model).where(
                model.child_id == child, model.day.in_(some)).execution_options(synchronize_session=False))
    if rows:
        db.session.execute(insert(Absence), rows)
    return len(days)

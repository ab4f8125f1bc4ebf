"""Holidays and questionnaires: the office makes them, families answer."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from flask import abort, flash, redirect, request, url_for
from flask_admin import expose
from sqlalchemy import func, select

from evaka.access import Actor, may
from evaka.actions import Action
from evaka.actions.calendar import holiday_period as act
from evaka.kit.dates import DateRange
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db, transaction
from evaka.models.calendar.holiday_period import HolidayPeriod, Questionnaire, QuestionnaireAnswer
from evaka.rules.calendar.holiday_period import QuestionnaireKind, choices
from evaka.views.base import Page, Screen, sentence
from evaka.views.base.rows import REFUSALS, row_number
from evaka.views.booking.mine import kids_of
from evaka.views.filters import NamedFilter
from evaka.views.page import actor, language, told, written

OWN = 4  # own periods that one answer may have


class HolidayScreen(Screen):
    feature = "holiday_period"
    can_create = can_edit = True
    column_list = ("start", "end", "opens", "closes", "phase")
    column_details_list = ("start", "end", "opens", "closes", "made_at")
    column_sortable_list = ("start", "end", "opens", "closes")
    column_default_sort = ("start", True)
    column_filters = (NamedFilter(HolidayPeriod.end, "calendar.to_come", lambda: HolidayPeriod.end >= actor().today),)
    form_columns = ("start", "end", "opens", "closes")
    column_formatters: ClassVar = {
        "phase": lambda _view, _context, row, _name: told(f"holiday_period.phase.{phase(row, actor().today)}"),
    }

    @property
    def help(self) -> str:
        return told("holiday_period.help")

    def before_save(self, form: Any, row: Any, created: bool) -> None:
        """Once it is made only the days of answering may be moved: families have answered for its days."""
        if not created:
            kept = db.session.execute(
                select(HolidayPeriod.start, HolidayPeriod.end).where(HolidayPeriod.id == row.id)
                .execution_options(autoflush=False)).one()
            if tuple(kept) != (row.start, row.end):
                raise Refused("holiday_period.days_fixed", start=kept[0], end=kept[1])
        act.check(row, actor(), created=created)

    def after_save(self, form: Any, row: Any, created: bool) -> None:
        if created:
            bookings, absences = act.wipe(row, actor())
            flash(told("holiday_period.wiped", bookings=bookings, absences=absences), "info")

    def row_heading(self, row: Any) -> str:
        return told("holiday_period.of", period=row.period)


def phase(row: HolidayPeriod, today: date) -> str:
    return "not_yet" if today < row.opens else "open" if today <= row.closes else "closed"


class QuestionnaireScreen(Screen):
    feature = "holiday_period"
    can_create = can_edit = True
    column_list = ("title_fi", "kind", "start", "end", "answers")
    column_details_list = ("title_fi", "title_sv", "title_en", "kind", "absence_kind", "start", "end", "placed_start",
                           "placed_end", "threshold_days", "description_fi", "description_sv", "description_en")
    column_sortable_list = ("title_fi", "start", "end")
    column_default_sort = ("start", True)
    form_columns = ("kind", "absence_kind", "start", "end", "title_fi", "title_sv", "title_en", "description_fi",
                    "description_sv", "description_en", "placed_start", "placed_end", "threshold_days")
    column_formatters: ClassVar = {"answers": lambda _view, _context, row, _name: answers(row)}

    @property
    def help(self) -> str:
        return told("holiday_period.questionnaire_help")

    def before_save(self, form: Any, row: Any, created: bool) -> None:
        if row.end < row.start:
            raise Refused("unit.ends_first", start=row.start, end=row.end)
        if (row.placed_start is None) != (row.placed_end is None) or (
                row.placed_start and row.placed_end and row.placed_end < row.placed_start):
            raise Refused("holiday_period.placed_both")
        if row.kind is QuestionnaireKind.OPEN and not row.threshold_days:
            raise Refused("holiday_period.threshold_missing")

    def row_heading(self, row: Any) -> str:
        return row.title_fi

    def offers(self, action: Action, row: Any) -> bool:
        return action.verb == "add_option" and not (row.kind is QuestionnaireKind.OPEN and row.options)

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        return [{
            "title": told("holiday_period.options"), "empty": told("holiday_period.no_options"),
            "head": [told("holiday_period.period")], "rows": [[str(one.period)] for one in row.options],
            "note": told("holiday_period.answered", count=answers(row)),
        }]


def answers(row: Questionnaire) -> int:
    return db.session.scalar(select(func.count()).select_from(QuestionnaireAnswer).where(
        QuestionnaireAnswer.questionnaire_id == row.id)) or 0


def in_language(row: Questionnaire, what: str) -> str:
    return getattr(row, f"{what}_{language()}", "") or getattr(row, f"{what}_fi")


class MyQuestions(Page):
    """A guardian answers for each child: one of the periods, own days, or that the child comes."""

    permission = "holiday_period.answer"

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Any:
        by = actor()
        kids = {one.id: one for one in kids_of(by)}
        asked = act.asked_now(list(kids), by)
        if request.method == "POST" and self.saved(kids, asked, by):
            return redirect(self.get_url(".index"))
        places = act.invoiced_places(list(kids), by)
        told_already = {
            (row.questionnaire_id, row.child_id): row for row in db.session.scalars(select(QuestionnaireAnswer).where(
                QuestionnaireAnswer.child_id.in_(kids)))}
        return self.render("guardian/questions.html", heading=self.heading, own=range(OWN), typed=request.form, asked=[
            {"row": row, "title": in_language(row, "title"), "text": in_language(row, "description"),
             "open": row.kind is QuestionnaireKind.OPEN, "until": row.end,
             "whole": row.options[0].period, "children": [
                 {"child": kids[child], "name": kids[child].call_name,
                  "choices": choices(act.question_of(row), places.get(child, ())),
                  "answer": told_already.get((row.id, child))} for child in children]}
            for row, children in asked])

    def saved(self, kids: dict[int, Any], asked: Any, by: Actor) -> bool:
        id, child = (row_number(request.form.get(name)) for name in ("questionnaire", "child"))
        row = next((one for one, children in asked if one.id == id and child in children), None)
        if row is None or child not in kids:
            abort(404)
        try:
            with transaction():
                count = act.answer(kids[child], by, questionnaire=row, periods=self.periods(row))
        except (ValueError, *REFUSALS) as no:
            if isinstance(no, Denied):
                raise
            flash(sentence(no) if isinstance(no, REFUSALS) else str(no), "error")
            return False
        flash(told("holiday_period.thanks", count=count), "success")
        return True

    def periods(self, row: Questionnaire) -> list[DateRange]:
        if row.kind is QuestionnaireKind.FIXED:
            chosen = request.form.get("period", "")
            if not chosen:
                raise Refused("holiday_period.choose")
            return [one.period for one in row.options if chosen == str(one.id)]
        found = []
        for n in range(OWN):
            first, last = (request.form.get(f"{side}-{n}", "").strip() for side in ("first", "last"))
            if not first and not last:
                continue
            try:
                days = date.fromisoformat(first), date.fromisoformat(last)
            except ValueError:
                raise ValueError(told("form.day", typed=f"{first} {last}")) from None
            if days[1] < days[0]:
                raise Refused("booking.period_ends_first", first=days[0], last=days[1])
            found.append(DateRange(*days))
        return found


def questions_asked(by: Actor) -> list[dict[str, Any]]:
    """Lines on the guardian's first page for the questionnaires that wait for an answer."""
    if by.user is None or by.user.person_id is None or not may(by, "holiday_period.answer"):
        return []
    if db.session.scalar(select(Questionnaire.id).where(Questionnaire.on(by.today)).limit(1)) is None:
        return []
    kids = [one.id for one in kids_of(by)]
    done = set(db.session.execute(select(
        QuestionnaireAnswer.questionnaire_id, QuestionnaireAnswer.child_id).where(
            QuestionnaireAnswer.child_id.in_(kids))).tuples())
    return [
        {"label": in_language(row, "title"), "note": told("holiday_period.answer_until", day=written(row.end)),
         "url": url_for("my_holiday_period.index"), "badge": None}
        for row, children in act.asked_now(kids, by) if any((row.id, child) not in done for child in children)]

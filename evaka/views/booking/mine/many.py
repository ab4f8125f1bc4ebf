"""Many days of several children at once: booked, away, or repeating."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, redirect, request
from flask_admin import expose
from sqlalchemy import select

from evaka.actions import attendance
from evaka.actions import booking as act
from evaka.actions.attendance import policy as absence_policy
from evaka.actions.booking.facts import day_facts
from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Denied, Refused
from evaka.models.base import begin_to_write, db, transaction
from evaka.models.booking import BookingPattern
from evaka.models.connection import reading
from evaka.models.person import Person
from evaka.rules.attendance import AbsenceKind, Reporter
from evaka.rules.booking import first_open_monday, monday_of
from evaka.rules.booking.day import Ask, Asked
from evaka.rules.booking.lock import WEEK
from evaka.rules.booking.times import pattern_of
from evaka.rules.unit import Hours, Week
from evaka.views.base import sentence
from evaka.views.base.rows import REFUSALS
from evaka.views.booking.balance import watched
from evaka.views.booking.mine.family import Family, kids_of
from evaka.views.booking.mine.forms import AwayForm, ManyForm, RepeatForm
from evaka.views.page import actor, reads_first, told, word_of


class ManyPages(Family):
    @expose("/many/", methods=("GET", "POST"))
    @reads_first
    def many(self) -> Any:
        """Several children, from a day to a day, with the times of each weekday."""
        by = actor()
        form = ManyForm(request.form if request.method == "POST" else None)
        if request.method == "GET":
            kids = kids_of(by)
            monday = monday_of(self.asked_day("week", first_open_monday(by.now, act.policy())))
            form.children.data, form.first.data, form.last.data = tuple(kids), monday, monday + 4 * DAY
            form.week.process(None, self.usual_week(kids, monday))
        elif form.validate() and self.typed_week(form):
            try:
                asked, limited = self.asked_days(form), watched(form.children.data)
                begin_to_write()
                with transaction():
                    count, skipped = act.save_many(asked, by, "booking.book", where_care=True)
                self.tell_skipped(skipped)
                flash(told("booking.saved_days", count=count), "success")
                with reading():
                    self.warn(limited, list(DateRange(form.first.data, form.last.data).days()), by)
                return redirect(self.get_url(".index", week=form.first.data.isoformat()))
            except REFUSALS as no:
                if isinstance(no, Denied):
                    raise
                flash(sentence(no), "error")
        return self.render("guardian/booking_form.html", form=form, heading=told("booking.many"),
                           help=told("booking.many.help"), action=told("booking.save"), back=self.get_url(".index"))

    def typed_week(self, form: Any) -> bool:
        if form.week.data is None:
            form.week.errors = [*form.week.errors, told("booking.week_empty")]
        return form.week.data is not None

    def asked_days(self, form: ManyForm) -> dict[int, dict[date, Asked]]:
        """Each day of the period that has times; which of them are days of care is seen when they are saved."""
        if form.last.data < form.first.data:
            raise Refused("booking.period_ends_first", first=form.first.data, last=form.last.data)
        period, pattern = DateRange(form.first.data, form.last.data), pattern_of(form.week.data)
        if (period.last_day - period.start).days >= act.MANY_DAYS:
            raise Refused("booking.too_many_days", most=act.MANY_DAYS)
        days = {day: Asked(Ask.TIMES, pattern.on(day)) for day in period.days() if pattern.on(day)}
        if not days:
            raise Refused("booking.no_days")
        return {one.id: days for one in form.children.data}

    def usual_week(self, kids: list[Person], monday: date) -> Week:
        """The week that repeats, or the latest that was booked, or the hours from eight to four."""
        ids = [one.id for one in kids]
        usual = db.session.scalar(select(BookingPattern).where(
            BookingPattern.child_id.in_(ids), BookingPattern.on(monday)).limit(1))
        if usual is not None:
            days = [Hours(spans[0].begins, spans[-1].ends) if spans else None for spans in usual.week.days]
            return Week(tuple(days))
        known = day_facts(ids, DateRange(monday - 4 * WEEK, monday + 6 * DAY), actor())
        found: list[Hours | None] = [None] * 7
        for days_ in known.values():
            for day, facts in sorted(days_.items()):
                spans = [one for one in facts.booked if one]
                if spans:
                    found[day.isoweekday() - 1] = Hours(spans[0].begins, spans[-1].ends)
        return Week(tuple(found))

    @expose("/absent/", methods=("GET", "POST"))
    def absent(self) -> Any:
        """Several children away from a day to a day."""
        by = actor()
        form = AwayForm(request.form if request.method == "POST" else None)
        form.kind.choices = [(one.value, word_of(one)) for one in absence_policy().kinds(Reporter.GUARDIAN)]
        if request.method == "GET":
            form.children.data, form.first.data, form.last.data = tuple(kids_of(by)), by.today, by.today
        elif form.validate():
            try:
                with transaction():
                    days = {row.day for child in form.children.data for row in attendance.absent(
                        child, by, first=form.first.data, last=form.last.data, kind=AbsenceKind(form.kind.data))}
                flash(told("booking.away_days", count=len(days)), "success")
                return redirect(self.get_url(".index", week=form.first.data.isoformat()))
            except REFUSALS as no:
                if isinstance(no, Denied):
                    raise
                flash(sentence(no), "error")
        return self.render("guardian/booking_form.html", form=form, heading=told("booking.absent"),
                           help=told("booking.absent.help"), action=told("booking.save"), back=self.get_url(".index"))

    @expose("/repeat/", methods=("GET", "POST"))
    def repeat(self) -> Any:
        """The week that fills the open weeks by itself; an empty one ends it."""
        by = actor()
        form = RepeatForm(request.form if request.method == "POST" else None)
        if request.method == "GET":
            kids = kids_of(by)
            form.children.data, form.start.data = tuple(kids), by.today
            form.week.process(None, self.usual_week(kids, by.today))
        elif form.validate() and not form.week.wrong:
            try:
                with transaction():
                    count = sum(act.repeat(child, by, start=form.start.data, week=form.week.data)
                                for child in form.children.data)
                flash(told("booking.repeat_kept", count=count) if form.week.data else told("booking.repeat_ended"),
                      "success")
                return redirect(self.get_url(".index", week=first_open_monday(by.now, act.policy()).isoformat()))
            except REFUSALS as no:
                if isinstance(no, Denied):
                    raise
                flash(sentence(no), "error")
        return self.render("guardian/booking_form.html", form=form, heading=told("booking.repeat"),
                           help=told("booking.repeat.help", weeks=act.policy().fill_weeks),
                           action=told("booking.save"), back=self.get_url(".index"))

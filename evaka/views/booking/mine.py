"""A guardian's calendar: the week of all children, the month, one day in three taps, and many days at once."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import flash, redirect, request
from flask_admin import expose
from flask_admin.form import BaseForm
from sqlalchemy import Select, select
from wtforms import SelectField

from evaka.access import Actor, may
from evaka.actions import attendance
from evaka.actions import booking as act
from evaka.actions.attendance import policy as absence_policy
from evaka.actions.booking import times as agreed
from evaka.actions.booking.balance import months_of
from evaka.actions.booking.facts import Known, day_facts
from evaka.actions.booking.note import notes_of
from evaka.actions.calendar import closures_of
from evaka.actions.calendar.event import events_of
from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db, transaction
from evaka.models.booking import BookingPattern, TimesNotice
from evaka.models.person import Person, own_children
from evaka.models.placement import Placement, children_with
from evaka.rules.attendance import AbsenceKind, Reporter
from evaka.rules.booking import first_open_monday, lock_of, monday_of, window
from evaka.rules.booking.day import Ask, Asked, DayFacts
from evaka.rules.booking.lock import WEEK
from evaka.rules.booking.times import pattern_of
from evaka.rules.calendar.holiday_period import Phase
from evaka.rules.unit import Feature, Hours, Week
from evaka.views.attendance import tells_absences
from evaka.views.base import sentence
from evaka.views.base.rows import REFUSALS, row_number
from evaka.views.booking.balance import balance_line
from evaka.views.booking.cells import badge_of, is_away, kind_in_words, short, times_in_words, why_shut
from evaka.views.booking.day import AHEAD, OneDay, kids_of
from evaka.views.forms import DayField, Lazy, Required, RowsField, WeekField
from evaka.views.page import actor, clock, told, word_of, written


def books(by: Actor) -> Select[tuple[bool]]:
    """Whether some child of a guardian has a place where bookings are in use."""
    return select(_books(by))


def tells_only(by: Actor) -> Select[tuple[bool]]:
    """Whether absences are told but nothing is booked: then absences have a tab of their own."""
    return select(sa.and_(tells_absences(by).scalar_subquery(), ~_books(by)))


def _books(by: Actor) -> sa.Exists:
    person = by.user.person_id if by.user and by.user.person_id else -1
    return children_with(Feature.BOOKINGS, by.today).where(
        Placement.child_id.in_(own_children(person, by.today))).exists()


class CareWeek(WeekField):
    """The hours of a child, not those of a unit: comes and leaves."""

    def side_word(self, side: str) -> str:
        return told("booking.begins" if side == "start" else "booking.ends")

    def input_word(self, day: int, side: str) -> str:
        return f"{told(f'weekday.{day}')}: {self.side_word(side)}"


class ManyForm(BaseForm):
    children = RowsField(Lazy("booking.children"), rows=lambda: kids_of(actor()), validators=[Required()])
    first = DayField(Lazy("booking.first"), validators=[Required()])
    last = DayField(Lazy("booking.last"), validators=[Required()])
    week = CareWeek(Lazy("booking.week"))


class AwayForm(BaseForm):
    children = RowsField(Lazy("booking.children"), rows=lambda: kids_of(actor()), validators=[Required()])
    first = DayField(Lazy("booking.first"), validators=[Required()])
    last = DayField(Lazy("booking.last"), validators=[Required()])
    kind = SelectField(Lazy("attendance.kind"), validators=[Required()])


class RepeatForm(BaseForm):
    children = RowsField(Lazy("booking.children"), rows=lambda: kids_of(actor()), validators=[Required()])
    start = DayField(Lazy("booking.repeat.start"), validators=[Required()])
    week = CareWeek(Lazy("booking.week"))


class MyCalendar(OneDay):
    permission = "booking.book"

    def __init__(self, name: str, prefix: str = "", base: str = "") -> None:
        super().__init__(name)
        self.word, self.endpoint, self.url = f"menu.{prefix}{name}", f"{prefix}{name}", f"{base}/{name}"

    # -- looking ---------------------------------------------------------------------------------

    @expose("/")
    def index(self) -> Any:
        """A week of all children."""
        by, rules = actor(), act.policy()
        monday = monday_of(self.asked_day("week", by.today))
        kids = kids_of(by)
        period = DateRange(monday, monday + 6 * DAY)
        known = day_facts([one.id for one in kids], period, by)
        locked = lock_of(monday, rules)
        open_for = window(by.now, rules)
        return self.render(
            "guardian/calendar.html", heading=self.heading, kids=kids, monday=monday, weekly=True,
            title=told("booking.week_of", number=monday.isocalendar().week, **short(period)),
            before=self.get_url(".index", week=(monday - WEEK).isoformat()) if monday > by.today - AHEAD else "",
            after=self.get_url(".index", week=(monday + WEEK).isoformat()) if monday < by.today + AHEAD else "",
            state=self.state(monday, locked, by), days=self.days(kids, known, period, by),
            month_url=self.get_url(".month", month=period.end.isoformat()),  # type: ignore[union-attr]
            months=self.months(kids, monday, by), notices=self.notices(by), many=self.get_url(".many", week=(
                monday if monday in open_for else open_for.start).isoformat()),
            absent=self.get_url(".absent"), repeat=self.get_url(".repeat"), links=self.links(by),
            events=self.events(period, by),
            away=self.get_url(".away"), back=request.full_path)

    def links(self, by: Actor) -> list[tuple[str, str]]:
        """What else belongs to the calendar."""
        known = [("booking.events", "my_event.index", "event.book"),
                 ("booking.questions", "my_holiday_period.index", "holiday_period.answer"),
                 ("booking.all_absences", "my_attendance.index_view", "attendance.absent"),
                 ("booking.leave", "my_absence_application.index_view", "attendance.apply_leave")]
        return [(told(word), self.get_url(endpoint)) for word, endpoint, key in known if may(by, key)]

    def events(self, period: DateRange, by: Actor) -> list[dict[str, str]]:
        """What happens in the week where the children are."""
        own = own_children(by.user.person_id if by.user and by.user.person_id else -1, by.today)
        return [{"label": one.title, "note": written(one.start) if one.start == one.end else str(one.period)}
                for one in db.session.scalars(events_of(own, period).limit(20))]

    def state(self, monday: date, locked: Any, by: Actor) -> tuple[str, str]:
        """(look, words): until when the week may be changed."""
        if monday + 6 * DAY < by.today:
            return "", told("booking.week_over")
        if locked <= by.now.replace(tzinfo=None):
            return "", told("booking.week_locked")
        day = locked.date()
        return "warn", told("booking.locks", weekday=told(f"weekday.{day.isoweekday()}"), day=day,
                            clock=clock(locked.time()))

    def days(self, kids: list[Person], known: Known, period: DateRange, by: Actor) -> list[dict[str, Any]]:
        shut, notes = self.shut(known, period), notes_of([one.id for one in kids], period)
        found = []
        for day in period.days():
            lines = [line for one in kids if (facts := known.get(one.id, {}).get(day)) is not None
                     and (line := self.line(one, facts, shut, by)) is not None
                     and line.update(note=notes.get((one.id, day), "")) is None]
            weekend = day.isoweekday() > 5 and not any(line["care"] for line in lines)
            if lines and not weekend:
                found.append({"title": told("booking.day", weekday=told(f"weekday.{day.isoweekday()}").capitalize(),
                                            day=f"{day.day}.{day.month}."),
                              "today": day == by.today, "lines": lines})
        return found

    def shut(self, known: Known, period: DateRange) -> dict[date, str]:
        """The reasons of closures by day; the children of a family are seldom in units with different ones."""
        places = db.session.scalars(select(Placement.unit_id).where(
            Placement.child_id.in_(known), Placement.meets(period))).all()
        return {day: one.reason for one in closures_of(set(places), period)
                if (shared := one.period & period) for day in shared.days()}

    def line(self, child: Person, facts: DayFacts, shut: dict[date, str], by: Actor) -> dict[str, Any] | None:
        past = facts.day < by.today
        line: dict[str, Any] = {"name": child.preferred_name or child.first_name.split()[0], "times": "", "badge": None,
                                "care": facts.has_care,
                                "url": "", "label": "", "away": ""}
        if not facts.has_care:
            return line | {"times": why_shut(facts, shut)}
        line["badge"], line["times"] = badge_of(facts), "" if is_away(facts) else times_in_words(facts)
        if past or not facts.opened:
            return line
        url = self.get_url(".day", child=child.id, day=facts.day.isoformat())
        if not is_away(facts):
            line["away"] = f"{child.id}:{facts.day.isoformat()}"
        if facts.phase is Phase.NOT_YET:
            return line | {"times": told("booking.holiday_later"), "away": ""}
        if facts.fixed:
            return line | {"times": told("booking.by_term"), "url": url, "label": told("booking.by_term")}
        if not line["times"] and not is_away(facts):
            line["badge"] = ("warn", told("booking.missing"))
        if facts.in_window or is_away(facts) or facts.booked:
            word = told("booking.change" if is_away(facts) else "booking.do")
            line["url"], line["label"] = url, line["times"] or word
        else:  # locked and not booked: a word to the group may still be left
            line["url"], line["label"] = url, told("booking.note")
        return line

    def months(self, kids: list[Person], monday: date, by: Actor) -> list[dict[str, Any]]:
        """How the month that the week begins in stands against what was agreed."""
        month = DateRange.month(monday.year, monday.month)
        found = months_of([one.id for one in kids], month, by)
        return [balance_line(one, found[one.id]) for one in kids if one.id in found]

    def notices(self, by: Actor) -> list[TimesNotice]:
        """Agreed hours that have changed, until the guardian has read it."""
        person = by.user.person_id if by.user else None
        return list(db.session.scalars(select(TimesNotice).where(TimesNotice.person_id == person)))

    @expose("/month/")
    def month(self) -> Any:
        by = actor()
        first = self.asked_day("month", by.today).replace(day=1)
        month = DateRange.month(first.year, first.month)
        kids = kids_of(by)
        known = day_facts([one.id for one in kids], month, by)
        start = monday_of(first)
        weeks = []
        while start <= month.last_day:
            weeks.append({
                "url": self.get_url(".index", week=start.isoformat()), "number": start.isocalendar().week,
                "days": [self.square(start + n * DAY, month, kids, known, by) for n in range(7)],
            })
            start += WEEK
        return self.render(
            "guardian/month.html", heading=self.heading, weeks=weeks, kids=kids,
            title=told("booking.month_of", month=told(f"month.{first.month}").capitalize(), year=first.year),
            week_url=self.get_url(".index", week=max(first, by.today if by.today in month else first).isoformat()),
            before=self.get_url(".month", month=(first - DAY).isoformat()) if first > by.today - AHEAD else "",
            after=self.get_url(".month", month=(month.last_day + DAY).isoformat()) if first < by.today + AHEAD else "",
            months=self.months(kids, first, by))

    def square(self, day: date, month: DateRange, kids: list[Person], known: Known, by: Actor) -> dict[str, Any]:
        marks = []
        for one in kids if day in month else ():
            facts = known.get(one.id, {}).get(day)
            if facts is None or not facts.has_care:
                continue
            name = one.preferred_name or one.first_name
            if is_away(facts):
                marks.append(("away", name[0], f"{name}: {kind_in_words(facts)}"))
            elif facts.booked:
                marks.append(("booked", name[0], f"{name}: {times_in_words(facts)}"))
            elif not facts.fixed and day >= by.today:
                marks.append(("missing", name[0], f"{name}: {told('booking.missing')}"))
        return {"day": day, "here": day in month, "today": day == by.today, "marks": marks,
                "url": f"{self.get_url('.index', week=day.isoformat())}"}

    @expose("/seen/", methods=("POST",))
    def seen(self) -> Any:
        notice = db.session.get(TimesNotice, row_number(request.form.get("notice")) or 0)
        if notice is not None:
            with transaction():
                agreed.seen(notice, actor())
        return redirect(self.get_url(".index"))

    # -- many days -------------------------------------------------------------------------------

    @expose("/many/", methods=("GET", "POST"))
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
                with transaction():
                    count, skipped = act.save_many(self.asked_days(form), by, "booking.book", where_care=True)
                self.tell_skipped(skipped)
                flash(told("booking.saved_days", count=count), "success")
                self.warn(form.children.data, list(DateRange(form.first.data, form.last.data).days()), by)
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


__all__ = ["MyCalendar", "books", "kids_of", "tells_only"]

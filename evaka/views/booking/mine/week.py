"""The week of all children: a time is a link to its day, being away a button."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, redirect, request, url_for
from flask_admin import expose
from sqlalchemy import select

from evaka.access import Actor, may
from evaka.actions import attendance
from evaka.actions import booking as act
from evaka.actions.booking import times as agreed
from evaka.actions.booking.facts import Known, day_facts
from evaka.actions.booking.note import notes_of
from evaka.actions.calendar import closures_of
from evaka.actions.calendar.event import events_of
from evaka.kit.dates import DAY, DateRange
from evaka.models.base import db, transaction
from evaka.models.booking import TimesNotice
from evaka.models.person import Person
from evaka.models.person.custody import told_children
from evaka.models.placement import Placement
from evaka.rules.attendance import AbsenceKind
from evaka.rules.booking import lock_of, monday_of, window
from evaka.rules.booking.day import DayFacts
from evaka.rules.booking.lock import WEEK
from evaka.rules.calendar.holiday_period import Phase
from evaka.views.base.attempt import attempt
from evaka.views.base.rows import row_number
from evaka.views.booking.cells import badge_of, is_away, short, times_in_words, why_shut
from evaka.views.booking.mine.family import AHEAD, Family, kids_of
from evaka.views.booking.mine.month import months_told
from evaka.views.page import actor, clock, told, written


def days_told(kids: list[Person], known: Known, period: DateRange, by: Actor) -> list[dict[str, Any]]:
    """The days of a period with a line for each child."""
    shut, notes = shut_days(known, period), notes_of([one.id for one in kids], period)
    found = []
    for day in period.days():
        lines = [line for one in kids if (facts := known.get(one.id, {}).get(day)) is not None
                 and (line := line_told(one, facts, shut, notes.get((one.id, day), ""), by)) is not None]
        weekend = day.isoweekday() > 5 and not any(line["care"] for line in lines)
        if lines and not weekend:
            found.append({"title": told("booking.day", weekday=told(f"weekday.{day.isoweekday()}").capitalize(),
                                        day=f"{day.day}.{day.month}."),
                          "today": day == by.today, "lines": lines})
    return found


def shut_days(known: Known, period: DateRange) -> dict[date, str]:
    """The reasons of closures by day; the children of a family are seldom in units with different ones."""
    places = db.session.scalars(select(Placement.unit_id).where(
        Placement.child_id.in_(known), Placement.meets(period))).all()
    return {day: one.reason for one in closures_of(set(places), period)
            if (shared := one.period & period) for day in shared.days()}


def line_told(
    child: Person, facts: DayFacts, shut: dict[date, str], note: str, by: Actor,
) -> dict[str, Any] | None:
    past = facts.day < by.today
    line: dict[str, Any] = {"name": child.call_name, "times": "", "badge": None,
                            "care": facts.has_care, "note": note, "url": "", "label": "", "away": ""}
    if not facts.has_care:
        return line | {"times": why_shut(facts, shut)}
    line["badge"], line["times"] = badge_of(facts), "" if is_away(facts) else times_in_words(facts)
    if past or not facts.opened:
        return line
    url = url_for("my_booking.day", child=child.id, day=facts.day.isoformat())
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


class WeekPage(Family):
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
            state=self.state(monday, locked, by), days=days_told(kids, known, period, by),
            month_url=self.get_url(".month", month=period.end.isoformat()),  # type: ignore[union-attr]
            months=months_told(kids, monday, by), notices=self.notices(by), many=self.get_url(".many", week=(
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
        own = told_children(by.user.person_id if by.user and by.user.person_id else -1, by.today)
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

    def notices(self, by: Actor) -> list[TimesNotice]:
        """Agreed hours that have changed, until the guardian has read it."""
        person = by.user.person_id if by.user else None
        return list(db.session.scalars(select(TimesNotice).where(TimesNotice.person_id == person)))

    @expose("/away/", methods=("POST",))
    def away(self) -> Any:
        """One tap: the child does not come, or is ill."""
        by = actor()
        id, day, kind = (request.form.get("away", "") + "::").split(":")[:3]
        child, when = self.own_child(id), self.day_or_404(day)
        away = AbsenceKind.SICK if kind == AbsenceKind.SICK else AbsenceKind.OTHER
        with attempt() as tried:
            attendance.absent(child, by, first=when, last=when, kind=away)
        if tried.done:
            flash(told("booking.told_away", name=child.call_name, day=when), "success")
        if request.form.get("back") == "home":
            return redirect(url_for("my.index"))
        return redirect(self.get_url(".index", week=monday_of(when).isoformat()))

    @expose("/seen/", methods=("POST",))
    def seen(self) -> Any:
        notice = db.session.get(TimesNotice, row_number(request.form.get("notice")) or 0)
        if notice is not None:
            with transaction():
                agreed.seen(notice, actor())
        return redirect(self.get_url(".index"))

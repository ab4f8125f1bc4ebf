"""One day of a child, in three taps: times, being away, and a word to the group."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import abort, flash, redirect, request
from flask_admin import expose
from sqlalchemy import select

from evaka.access import Actor
from evaka.actions import attendance
from evaka.actions import booking as act
from evaka.actions.attendance import policy as absence_policy
from evaka.actions.booking.facts import day_facts
from evaka.actions.booking.note import LONGEST, check_note, in_lines, leave_note, notes_of
from evaka.actions.booking.save import day_text
from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Denied, Refused
from evaka.models.base import begin_to_write, db, transaction
from evaka.models.booking import BookingPattern
from evaka.models.connection import reading
from evaka.models.person import Person
from evaka.rules.attendance import AbsenceKind, Reporter
from evaka.rules.booking import Span, day_of, monday_of
from evaka.rules.booking.day import Ask, Asked, DayFacts
from evaka.rules.calendar.holiday_period import Phase
from evaka.views.base import sentence
from evaka.views.base.rows import REFUSALS
from evaka.views.booking.balance import watched
from evaka.views.booking.cells import is_away, kind_in_words, times_in_words
from evaka.views.booking.mine.family import Family
from evaka.views.booking.mine.forms import DayForm, day_form
from evaka.views.page import actor, reads_first, told, word_of

PAIRS = 3  # of times that a day has room for at least
PRESSED = {"present": Asked(Ask.PRESENT), "clear": Asked(Ask.NOTHING), "after_all": Asked(Ask.AFTER_ALL)}


class DayPage(Family):
    @expose("/day/", methods=("GET", "POST"))
    @reads_first
    def day(self) -> Any:
        by = actor()
        child, day = self.own_child(request.args.get("child")), self.asked_day("day", by.today)
        facts, note = self.known(child, day, by)
        shown = request.form.get("shown", day_text(facts))
        form = day_form(max(PAIRS, len(facts.booked) + 1))(request.form if request.method == "POST" else None)
        if request.method == "GET":
            self.fill(form, self.first_spans(child, facts))
        else:
            came = self.saved(form, child, facts, note, by)
            if came is True:
                return redirect(self.get_url(".index", week=monday_of(day).isoformat()))
            with reading():
                facts, note = self.known(child, day, by)  # somebody may have saved meanwhile
            if came == "booking.changed":  # the sentence says that the page shows it now: the next press saves over it
                shown = day_text(facts)
        return self.render(
            "guardian/booking.html", form=form, facts=facts, shown=shown,
            heading=child.call_name,
            fact_line=told("booking.on", weekday=told(f"weekday.{day.isoweekday()}"), day=day),
            now=kind_in_words(facts) if is_away(facts) else times_in_words(facts),
            hours=facts.hours.words if facts.hours and not facts.always else "",
            can_book=facts.has_care and facts.in_window and facts.opened and not facts.fixed and not (
                facts.phase is Phase.CLOSED and (not facts.booked or facts.absences)),
            asks_presence=facts.phase is Phase.OPEN, away=is_away(facts), coming=day >= by.today,
            kinds=[(one, word_of(one)) for one in absence_policy().kinds(Reporter.GUARDIAN)] if day >= by.today else [],
            note=request.form.get("note", note), note_shown=note, most=LONGEST,
            back=self.get_url(".index", week=monday_of(day).isoformat()))

    def known(self, child: Person, day: date, by: Actor) -> tuple[DayFacts, str]:
        """The day as it stands, and the family's word of it."""
        facts = day_facts([child.id], DateRange(day, day), by).get(child.id, {}).get(day) or abort(404)
        return facts, notes_of([child.id], DateRange(day, day)).get((child.id, day), "")

    def first_spans(self, child: Person, facts: DayFacts) -> list[Span]:
        """What the fields hold at first: what is booked, or the usual week, or the hours of another booked day."""
        booked = [one for one in facts.booked if one is not None]
        if booked or not facts.has_care:
            return booked
        usual = db.session.scalar(select(BookingPattern).where(
            BookingPattern.child_id == child.id, BookingPattern.on(facts.day)))
        if usual is not None and usual.week.on(facts.day):
            return list(usual.week.on(facts.day))
        near = day_facts([child.id], DateRange(facts.day - 14 * DAY, facts.day + 14 * DAY), actor())[child.id]
        return next(([one for one in other.booked if one] for other in near.values() if any(other.booked)), [])

    def fill(self, form: DayForm, spans: list[Span]) -> None:
        for (begins, ends), span in zip(form.spans, spans, strict=False):
            begins.data, ends.data = span.begins, span.ends

    def saved(self, form: DayForm, child: Person, facts: DayFacts, note: str, by: Actor) -> bool | str:
        """Do what the pressed button says; a word to the group that was typed is kept with it.

        True, or the key of what refused it, "" where the form tells of its fields.
        """
        if not form.validate():
            return ""
        shown = request.form.get("note_shown", note)
        typed = in_lines(request.form.get("note", shown))
        limited = watched([child]) if request.form.get("press", "times") == "times" else []
        begin_to_write()
        try:
            with transaction():
                if typed != in_lines(shown):
                    check_note(child, facts.day, shown)
                    leave_note(child, by, day=facts.day, text=typed)
                skipped = self.done(request.form.get("press", "times"), form, child, facts, by)
        except (ValueError, *REFUSALS) as no:
            if isinstance(no, Denied):
                raise
            flash(sentence(no) if isinstance(no, REFUSALS) else told("form.not_a_choice"), "error")
            return no.key if isinstance(no, Refused) else ""
        self.tell_skipped(skipped)
        with reading():
            self.warn(limited, [facts.day], by)
        return True

    def done(
        self, pressed: str, form: DayForm, child: Person, facts: DayFacts, by: Actor,
    ) -> dict[tuple[int, date], str]:
        """Answers what was not done, and why."""
        if pressed == "note":
            flash(told("booking.note_saved"), "success")
            return {}
        if pressed.startswith("away."):
            kind = AbsenceKind(pressed.partition(".")[2])
            attendance.absent(child, by, first=facts.day, last=facts.day, kind=kind)
            flash(told("booking.told_away", name=child.call_name, day=facts.day), "success")
            return {}
        asked = PRESSED.get(pressed)
        if asked is None:
            pairs = form.pairs()
            if not pairs:
                raise Refused("booking.half")
            asked = Asked(Ask.TIMES, day_of(Span(begins, ends) for begins, ends in pairs))
        _, skipped = act.save_many({child.id: {facts.day: asked}}, by, "booking.book", seen={
            (child.id, facts.day): request.form.get("shown", "")})
        if not skipped:
            flash(told("booking.saved"), "success")
        return skipped

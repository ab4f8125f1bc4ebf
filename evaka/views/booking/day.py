"""One day of a child as its guardian books it: times, being away, and a word to the group."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any

from flask import abort, flash, redirect, request
from flask_admin import expose
from flask_admin.form import BaseForm
from sqlalchemy import select
from wtforms.validators import Optional

from evaka.access import Actor
from evaka.actions import attendance
from evaka.actions import booking as act
from evaka.actions.attendance import policy as absence_policy
from evaka.actions.booking.facts import day_facts
from evaka.actions.booking.note import LONGEST, leave_note, notes_of
from evaka.actions.booking.save import day_text
from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db, transaction
from evaka.models.booking import BookingPattern
from evaka.models.person import Person, own_children
from evaka.models.placement import Placement
from evaka.rules.attendance import AbsenceKind, Reporter
from evaka.rules.booking import Span, day_of, monday_of
from evaka.rules.booking.day import Ask, Asked, DayFacts
from evaka.rules.calendar.holiday_period import Phase
from evaka.views.base import Page, sentence
from evaka.views.base.rows import REFUSALS, row_number
from evaka.views.booking.balance import warnings
from evaka.views.booking.cells import is_away, kind_in_words, times_in_words
from evaka.views.forms import ClockField, Lazy
from evaka.views.page import actor, told, word_of

AHEAD = timedelta(days=400)  # how far a page looks, at most
PAIRS = 3  # of times that a day has room for at least
SIGNS = ["", *(f"_{n}" for n in range(2, 13))]  # of their fields
PRESSED = {"present": Asked(Ask.PRESENT), "clear": Asked(Ask.NOTHING), "after_all": Asked(Ask.AFTER_ALL)}


def kids_of(by: Actor) -> list[Person]:
    """The children of a guardian who have a place, or will soon, the oldest first."""
    if by.user is None or by.user.person_id is None:
        return []
    soon = by.today + timedelta(days=act.policy().calendar_opens_days)
    return list(db.session.scalars(
        select(Person).where(
            Person.id.in_(own_children(by.user.person_id, by.today)), Person.deceased.is_(None),
            Person.id.in_(select(Placement.child_id).where(
                Placement.meets(DateRange(by.today)), Placement.start <= soon)),
        ).order_by(Person.born, Person.id)))


class DayForm(BaseForm):
    """Pairs of times; `day_form` says how many."""

    count = 1

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.spans[0]:
            field.flags.required = True  # the other times are those that may be left out

    @property
    def spans(self) -> list[tuple[Any, Any]]:
        return [(self[f"begins{one}"], self[f"ends{one}"]) for one in SIGNS[:self.count]]

    def pairs(self) -> list[tuple[Any, Any]]:
        """The pairs of times that were typed; a half one is refused."""
        found = [pair for begins, ends in self.spans if any(pair := (begins.data, ends.data))]
        if any(not all(pair) for pair in found):
            raise Refused("booking.half")
        return found


def day_form(count: int) -> type[DayForm]:
    fields: dict[str, Any] = {"count": count}
    for one in SIGNS[:count]:
        for name in ("begins", "ends"):
            fields[name + one] = ClockField(Lazy(f"booking.{name}"), [Optional()])
    return type("DayForm", (DayForm,), fields)


class OneDay(Page):
    """The part of a guardian's calendar that is about one day of one child."""

    @expose("/day/", methods=("GET", "POST"))
    def day(self) -> Any:
        by = actor()
        child, day = self.own_child(request.args.get("child")), self.asked_day("day", by.today)
        facts = day_facts([child.id], DateRange(day, day), by).get(child.id, {}).get(day) or abort(404)
        note = notes_of([child.id], DateRange(day, day)).get((child.id, day), "")
        form = day_form(max(PAIRS, len(facts.booked) + 1))(request.form if request.method == "POST" else None)
        if request.method == "GET":
            self.fill(form, self.first_spans(child, facts))
        elif self.saved(form, child, facts, note, by):
            return redirect(self.get_url(".index", week=monday_of(day).isoformat()))
        return self.render(
            "guardian/booking.html", form=form, facts=facts, shown=request.form.get("shown") or day_text(facts),
            heading=child.preferred_name or child.first_name,
            fact_line=told("booking.on", weekday=told(f"weekday.{day.isoweekday()}"), day=day),
            now=kind_in_words(facts) if is_away(facts) else times_in_words(facts),
            hours=facts.hours.words if facts.hours and not facts.always else "",
            can_book=facts.has_care and facts.in_window and facts.opened and not facts.fixed,
            asks_presence=facts.phase is Phase.OPEN, away=is_away(facts), coming=day >= by.today,
            kinds=[(one, word_of(one)) for one in absence_policy().kinds(Reporter.GUARDIAN)] if day >= by.today else [],
            note=request.form.get("note", note), most=LONGEST,
            back=self.get_url(".index", week=monday_of(day).isoformat()))

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

    def saved(self, form: DayForm, child: Person, facts: DayFacts, note: str, by: Actor) -> bool:
        """Do what the pressed button says; a word to the group that was typed is kept with it."""
        if not form.validate():
            return False
        typed = request.form.get("note", note).strip()
        try:
            with transaction():
                if typed != note:
                    leave_note(child, by, day=facts.day, text=typed)
                skipped = self.done(request.form.get("press", "times"), form, child, facts, by)
        except (ValueError, *REFUSALS) as no:
            if isinstance(no, Denied):
                raise
            flash(sentence(no) if isinstance(no, REFUSALS) else told("form.not_a_choice"), "error")
            return False
        self.tell_skipped(skipped)
        if request.form.get("press", "times") == "times":
            self.warn([child], [facts.day], by)
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
            flash(told("booking.told_away", name=child.first_name, day=facts.day), "success")
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

    def tell_skipped(self, skipped: dict[tuple[int, date], str]) -> None:
        """What was not done, a sentence for each reason with its days."""
        for why in dict.fromkeys(skipped.values()):
            days = sorted({day for (_, day), one in skipped.items() if one == why})
            shown = ", ".join(f"{day.day}.{day.month}." for day in days[:10]) + (" …" if days[10:] else "")
            flash(told(why, days=shown), "warning")

    def warn(self, children: Iterable[Person], days: Collection[date], by: Actor) -> None:
        """That more is booked of a month than was agreed: while it can still be changed."""
        for one in warnings(children, days, by):
            flash(one, "warning")

    @expose("/away/", methods=("POST",))
    def away(self) -> Any:
        """One tap: the child does not come."""
        by = actor()
        id, _, day = request.form.get("away", "").partition(":")
        child, when = self.own_child(id), self.day_or_404(day)
        try:
            with transaction():
                attendance.absent(child, by, first=when, last=when, kind=AbsenceKind.OTHER)
        except REFUSALS as no:
            if isinstance(no, Denied):
                raise
            flash(sentence(no), "error")
        else:
            flash(told("booking.told_away", name=child.first_name, day=when), "success")
        return redirect(self.get_url(".index", week=monday_of(when).isoformat()))

    # -- what addresses name -----------------------------------------------------------------------

    def own_child(self, id: Any) -> Person:
        number = row_number(id)
        return next((one for one in kids_of(actor()) if one.id == number), None) or abort(404)

    def asked_day(self, name: str, usual: date) -> date:
        """A day of the address; a wrong or far one is the usual one."""
        try:
            day = date.fromisoformat(request.args.get(name, ""))
        except ValueError:
            return usual
        return day if abs(day - actor().today) <= AHEAD + 31 * DAY else usual

    def day_or_404(self, text: str) -> date:
        try:
            return date.fromisoformat(text)
        except ValueError:
            abort(404)

"""Events and times for talks: as the unit makes them, and as families see and book them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from flask import abort, flash, redirect, request, url_for
from flask_admin import expose
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from evaka.access import Actor, may, within
from evaka.actions import Action
from evaka.actions.calendar import event as act
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.calendar.event import DiscussionBooking, DiscussionTime, Event
from evaka.models.person import Person
from evaka.models.person.custody import told_children
from evaka.models.placement import Placement
from evaka.models.unit import Unit
from evaka.rules.calendar.event import EventKind, last_cancel_day
from evaka.views.base import Page, Screen, link
from evaka.views.base.attempt import attempt
from evaka.views.base.rows import row_number
from evaka.views.filters import NamedFilter, RowFilter, StateFilter
from evaka.views.page import actor, clock, told, written

AHEAD = timedelta(days=200)


class EventScreen(Screen):
    feature = "event"
    can_create = can_edit = can_delete = True
    column_list = ("title", "unit", "kind", "start", "end")
    column_details_list = ("title", "unit", "kind", "start", "end", "description", "told_at")
    column_sortable_list = ("title", ("unit", "unit.name"), "start", "end")
    column_default_sort = ("start", False)
    column_filters = (
        NamedFilter(Event.end, "calendar.to_come", lambda: Event.end >= actor().today),
        RowFilter(Event.unit_id, "unit.unit", Unit),
        StateFilter(Event.kind, "event.kind", EventKind),
    )
    opens_with: ClassVar = {"flt0_0": "1"}
    search_columns = ("title",)
    form_columns = ("unit", "kind", "title", "start", "end", "description")
    main = ("event.add_times", "event.invite_group")

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(Event.unit))

    def before_save(self, form: Any, row: Any, created: bool) -> None:
        if row.end < row.start:
            raise Refused("unit.ends_first", start=row.start, end=row.end)
        if created:
            row.made_at = actor().now

    def delete_warnings(self, row: Any) -> list[str]:
        count = len(act.booked_talks(row, actor()))
        return [told("event.talks_go", count=count)] if count else []

    def before_delete(self, row: Any) -> None:
        act.give_up(row, actor())

    def row_heading(self, row: Any) -> str:
        return str(row.title)

    def row_fact_line(self, row: Any) -> str:
        return f"{row.unit}, {written(row.start) if row.start == row.end else row.period}"

    def offers(self, action: Action, row: Any) -> bool:
        return bool(row.end >= actor().today) and (
            action.verb != "add_times" or row.kind is EventKind.DISCUSSION)

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        found = [{
            "title": told("event.guests"), "empty": told("event.whole_unit"), "head": [told("event.guest")],
            "rows": [[str(guest)] for guest in row.guests]}]
        if row.kind is EventKind.DISCUSSION:
            times = db.session.scalars(
                select(DiscussionTime).where(DiscussionTime.event_id == row.id)
                .order_by(DiscussionTime.day, DiscussionTime.begins)
                .options(selectinload(DiscussionTime.booking).joinedload(DiscussionBooking.child))).all()
            found.append({
                "title": told("event.times"), "empty": told("event.no_times_yet"),
                "head": [told("event.day"), told("event.time"), told("event.child")],
                "rows": [[link(written(one.day), "discussion_time.details_view", one.id), span(one),
                          str(one.booking.child) if one.booking else told("event.free")] for one in times]})
        return found


def span(one: DiscussionTime) -> str:
    return f"{clock(one.begins)}–{clock(one.ends)}"


class TimeScreen(Screen):
    """A time for a talk: given to a family, taken back, removed."""

    feature = "event"
    column_list = ("day", "begins", "event", "child")
    column_details_list = ("event", "day", "begins", "ends", "child")
    column_sortable_list = ("day", "begins")
    column_default_sort: ClassVar = [("day", False), ("begins", False)]
    column_filters = (NamedFilter(DiscussionTime.day, "calendar.to_come", lambda: DiscussionTime.day >= actor().today),)
    opens_with: ClassVar = {"flt0_0": "1"}
    column_formatters: ClassVar = {
        "child": lambda _view, _context, row, _name: str(row.booking.child) if row.booking else told("event.free"),
    }
    column_formatters_detail = column_formatters

    def get_query(self) -> Any:
        return super().get_query().options(
            joinedload(DiscussionTime.event),
            selectinload(DiscussionTime.booking).joinedload(DiscussionBooking.child))

    def row_heading(self, row: Any) -> str:
        return f"{row.event}: {written(row.day)} {span(row)}"

    def offers(self, action: Action, row: Any) -> bool:
        if action.verb in ("book", "cancel"):
            return False  # the family's own
        if action.verb == "assign":
            return row.booking is None and bool(row.day >= actor().today)
        return action.verb != "clear" or row.booking is not None

    def after(self, action: Action, row: Any, result: Any) -> str:
        return url_for("event.details_view", id=row.event_id)


class MyEvents(Page):
    """What happens where a guardian's children are, and times for talks to choose from."""

    permission = "event.book"

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Any:
        by = actor()
        if request.method == "POST":
            self.pressed(by)
            return redirect(self.get_url(".index"))
        rows = events_of(by)
        return self.render("guardian/events.html", heading=self.heading, events=[self.shown(row, by) for row in rows])

    def shown(self, row: Event, by: Actor) -> dict[str, Any]:
        kids = {one.id: one for one in db.session.scalars(
            select(Person).where(Person.id.in_(own(by)), Person.id.in_(act.invited(row))).order_by(Person.born))}
        mine, free, keeps = [], [], may(by, "own.make_feed")
        if row.kind is EventKind.DISCUSSION:
            times = db.session.scalars(
                select(DiscussionTime).where(DiscussionTime.event_id == row.id, DiscussionTime.day >= by.today)
                .order_by(DiscussionTime.day, DiscussionTime.begins)
                .options(selectinload(DiscussionTime.booking))).all()
            for one in times:
                words = f"{told(f'weekday.{one.day.isoweekday()}')[:2]} {one.day.day}.{one.day.month}. {span(one)}"
                if one.booking is None:
                    free.append((one.id, words))
                elif one.booking.child_id in kids:
                    last = last_cancel_day(one.day)
                    mine.append({"id": one.id, "words": words, "name": kids[one.booking.child_id].first_name,
                                 "child": one.booking.child_id, "last": last, "may_cancel": by.today <= last,
                                 "ics": url_for("my_feed.one", talk=one.booking.id) if keeps else ""})
        held = {one["child"] for one in mine}
        return {"row": row, "days": written(row.start) if row.start == row.end else str(row.period), "mine": mine,
                "free": free, "kids": [one for one in kids.values() if one.id not in held],
                "names": ", ".join(one.first_name for one in kids.values()),
                "talks": row.kind is EventKind.DISCUSSION,
                "ics": url_for("my_feed.one", event=row.id) if keeps and row.kind is not EventKind.DISCUSSION else ""}

    def pressed(self, by: Actor) -> None:
        press, _, number = request.form.get("press", "").partition(".")
        picked = request.form.get("time") if press == "book" else number
        slot = db.session.scalar(select(DiscussionTime).where(
            DiscussionTime.id == (row_number(picked) or 0), within(by, "event.book", DiscussionTime))) or abort(404)
        with attempt() as tried:
            if press == "cancel":
                act.cancel(slot, by)
            else:
                number_ = row_number(request.form.get("child")) or 0
                child = db.session.scalar(select(Person).where(Person.id == number_, Person.id.in_(own(by))))
                act.book(slot, by, child=child or abort(404))
        if tried.done:
            flash(told("event.cancelled" if press == "cancel" else "event.booked"), "success")


def own(by: Actor) -> Any:
    return told_children(by.user.person_id if by.user and by.user.person_id else -1, by.today)


def events_of(by: Actor) -> list[Event]:
    """What is ahead of a guardian's children."""
    return list(db.session.scalars(
        act.events_of(own(by), DateRange(by.today, by.today + AHEAD)).options(selectinload(Event.guests)).limit(100)))


def talks_asked(by: Actor) -> list[dict[str, Any]]:
    """A line on the guardian's first page for each talk of which a child has no time yet."""
    if by.user is None or by.user.person_id is None or not may(by, "event.book"):
        return []
    found = []
    rows = db.session.scalars(
        act.events_of(own(by), DateRange(by.today)).where(Event.kind == EventKind.DISCUSSION)
        .options(selectinload(Event.guests)).limit(20)).all()
    for row in rows:
        kids = set(db.session.scalars(act.invited(row).where(Placement.child_id.in_(own(by)))))
        held = set(db.session.scalars(select(DiscussionBooking.child_id).where(DiscussionBooking.event_id == row.id)))
        if kids - held:
            found.append({"label": row.title, "note": told("event.choose_time"), "url": url_for("my_event.index"),
                          "badge": None})
    return found


__all__ = ["EventScreen", "MyEvents", "TimeScreen", "events_of", "talks_asked"]

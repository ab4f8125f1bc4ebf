"""A guardian's calendar for other programs: made and ended on a page of one's own, read by an address that is a secret.

Who knows the address needs no log-in, so it names nobody (see rules/own), and an unknown one is answered like one that
has ended.  Nothing of it is kept on the way: caches of others must not.
"""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, abort, current_app, redirect, request, session, url_for
from flask_admin import expose
from sqlalchemy import select

from evaka import city
from evaka.access import Actor, may
from evaka.actions import own as act
from evaka.actions.calendar.event import events_of
from evaka.actions.own.feed import Reader, entries_of, event_entry, reader_of, talk_entry, talks_of
from evaka.kit.dates import DateRange
from evaka.kit.ics import Entry, calendar
from evaka.models.base import db
from evaka.models.calendar.event import DiscussionBooking, Event
from evaka.models.own import CalendarFeed
from evaka.models.user import User
from evaka.rules.own import BEHIND, LONGEST_LABEL
from evaka.texts import say
from evaka.views.base import row_number
from evaka.views.own.page import OwnPage
from evaka.views.page import actor, language, now

ASK_AGAIN = "PT1H"  # how often it is worth looking
KEPT = 900  # seconds for which the reader's own program need not ask


def install(app: Flask) -> None:
    app.add_url_rule("/calendar/<secret>.ics", "calendar_feed", serve)


def serve(secret: str) -> Response:
    """The calendar of whoever made the secret: 304 to who has it already, 404 to who knows no secret."""
    feed = act.feed_with(secret)
    user = db.session.scalar(select(User).where(User.person_id == feed.person_id)) if feed else None
    by = Actor(user, now())
    if feed is None or user is None or not may(by, "own.make_feed"):
        abort(404)
    name = say("own.feed.name", feed.language, city=city.read("city")["city"]["name"])
    response = _written(feed, entries_of(feed.person, by, feed.language), name)
    response.set_etag(sha256(response.get_data()).hexdigest()[:32])
    response.headers["Cache-Control"] = f"private, max-age={KEPT}"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Content-Disposition"] = 'inline; filename="calendar.ics"'
    return response.make_conditional(request)


def _written(feed: CalendarFeed, entries: list[Entry], name: str) -> Response:
    content = calendar(name, entries, made_at=feed.made_at, language=feed.language, again=ASK_AGAIN)
    return Response(content, mimetype="text/calendar")


class MyFeed(OwnPage):
    permission = "own.make_feed"

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Any:
        me = self.me()
        if request.method == "POST":
            typed = {one.id: request.form.get(f"label-{one.id}", "") for one in self.told_kids()}
            if self._pressed(request.form.get("press", ""), typed):
                return redirect(self.get_url(".index"))
        feed, kids = act.feed_of(me), self.told_kids()
        labels = act.labels_of(me, kids, feed.language if feed else language())
        return self.render(
            "guardian/feed.html", heading=self.heading, feed=feed, address=session.pop("calendar_feed", ""),
            longest=LONGEST_LABEL, back=url_for("my_own.index"), kids=[
                {"id": one.id, "name": one.call_name,
                 "label": request.form.get(f"label-{one.id}", labels[one.id])} for one in kids])

    def _pressed(self, press: str, typed: dict[int, str]) -> bool:
        by, me = actor(), self.me()
        if press == "make":
            def make() -> None:
                session["calendar_feed"] = self.address(act.make_feed(me, by, language=language()))

            return self.saved(make, "own.feed_made")
        if press == "end":
            return self.saved(lambda: act.end_feed(me, by), "own.feed_ended")
        if press != "labels":
            abort(404)
        return self.saved(lambda: act.label_children(me, by, labels=typed), "own.labels_kept")

    def address(self, secret: str) -> str:
        """As another program is given it: the city's own address where it is known."""
        path = url_for("calendar_feed", secret=secret)
        base = current_app.config.get("BASE_URL") or request.url_root
        return base.rstrip("/") + path

    @expose("/one/")
    def one(self) -> Response:
        """A single event or booked talk, for the reader's own calendar."""
        by, me = actor(), self.me()
        reader = reader_of(me, by, language())
        entry = self._entry(reader, by.today - BEHIND) or abort(404)
        content = calendar(entry.title, [entry], made_at=by.now, language=reader.language)
        return Response(content, mimetype="text/calendar", headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(entry.title)}.ics"})

    def _entry(self, reader: Reader, since: date) -> Entry | None:
        if (number := row_number(request.args.get("talk"))) is not None:
            talk = db.session.scalar(talks_of(reader).where(DiscussionBooking.id == number))
            return talk_entry(talk, reader) if talk is not None else None
        number = row_number(request.args.get("event"))
        event = db.session.scalar(events_of(reader.own, DateRange(since)).where(Event.id == (number or 0)))
        return event_entry(event, reader) if event is not None else None

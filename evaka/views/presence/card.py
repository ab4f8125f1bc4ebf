"""A child's card on the tablet: notes, picture, absence of today, and what a PIN opens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response, flash, g, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import undefer

from evaka.access import Actor, denied, works_in
from evaka.actions import presence as act
from evaka.actions import record
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db, transaction
from evaka.models.person import Person
from evaka.models.presence import WHEREABOUTS, DayNote, Picture, StickyNote
from evaka.rules.attendance import AbsenceKind
from evaka.rules.presence import Level, Need, TileState
from evaka.rules.staff.shift import day_of
from evaka.views.base import row_number, sentence
from evaka.views.page import actor, now, told, word_of
from evaka.views.presence.board import board_of
from evaka.views.presence.facts import facts_of
from evaka.views.presence.staff import workers
from evaka.views.presence.tablet import REFUSALS, back, kept, new_key, proved, tablet, until_of, worker_or_none

ABSENCES = (AbsenceKind.SICK, AbsenceKind.OTHER, AbsenceKind.UNKNOWN, AbsenceKind.PLANNED)


def child_or_404() -> Person:
    """A child of the unit today; another one does not exist for this tablet."""
    asked = request.values.get("child", "")
    row = db.session.scalar(
        select(Person).join(WHEREABOUTS, WHEREABOUTS.c.child_id == Person.id)
        .where(Person.id == (row_number(asked) or 0), WHEREABOUTS.c.unit_id == g.device.unit_id)
        .limit(1), {"day": actor().today})
    if row is None:
        raise Denied("presence.not_of_unit")
    return row


@tablet.route("/child")
def child(notice: str = "", status: int = 200, facts: Any = None) -> Any:
    row = child_or_404()
    shown = board_of(g.device.unit_id, actor())
    tile = next(one for one in shown.tiles if one.id == row.id)
    note = db.session.scalar(select(DayNote).where(DayNote.child_id == row.id))
    stickies = db.session.scalars(
        select(StickyNote).where(StickyNote.child_id == row.id, StickyNote.until >= actor().today)).all()
    missed = act.missed_parts(row.id, actor().today) if tile.state is TileState.LEFT else None
    policy = act.notes()
    return render_template(
        "tablet/child.html", heading=tile.name, tile=tile, note=note, stickies=stickies, levels=list(Level),
        needs=list(Need), word_of=word_of, kinds=ABSENCES, people=workers(g.device.unit_id, actor().today),
        until=actor().today + timedelta(days=policy.sticky_days), first=actor().today, key=new_key, notice=notice,
        facts=facts, missed=sorted((missed or frozenset()) - set(tile.parts_away)),
        most=act.pictures().megabytes), status


@tablet.route("/child/facts", methods=("POST",))
def facts() -> Any:
    """Allergies, whom to call and who may fetch: for whoever proves a PIN and has the right; once, no session of it."""
    row = child_or_404()
    user = worker_or_none()
    no = proved(user)
    if no is None and user is not None:
        by = Actor(user, now())
        try:
            with transaction():
                if not works_in(by, "presence.read_card", g.device.unit_id):
                    raise denied(by, "presence.read_card")
                record("person.read", row, by, {"device": g.device.name})
            return child(facts=facts_of(row, by))
        except Refused as refused:
            no = refused
    return child(notice=sentence(no or Refused("staff.choose_yourself")), status=403)




@tablet.route("/absence", methods=("POST",))
def absence() -> Any:
    """The family has called: away today; or coming after all."""
    row, key, kind = child_or_404(), request.form.get("key", ""), request.form.get("kind", "")
    try:
        with transaction():
            if kind == "none":
                act.unmark_absent(row, g.device, key, actor())
            elif request.form.get("part"):
                act.mark_missed(row, actor(), kind=AbsenceKind(kind))
            else:
                act.mark_absent(row, AbsenceKind(kind), g.device, key, actor(), day_of(request.form.get("last", "")))
    except (*REFUSALS, ValueError) as no:
        flash(sentence(no) if not isinstance(no, ValueError) else told("error.400"), "error")
        return redirect(url_for("tablet.child", child=row.id))
    return redirect(back())


@tablet.route("/picture")
def picture() -> Any:
    """Nobody's picture leaves the unit: not kept by the browser, and no other tablet gets it."""
    row = db.session.scalar(
        select(Picture).where(Picture.child_id == child_or_404().id).options(undefer(Picture.content)))
    if row is None:
        return Response(status=404)
    return Response(row.content, mimetype=row.mimetype)


@tablet.route("/picture", methods=("POST",))
def set_picture() -> Any:
    row = child_or_404()
    sent = request.files.get("picture")

    def change() -> None:
        if request.form.get("press") == "remove":
            old = db.session.scalar(select(Picture).where(Picture.child_id == row.id))
            if old is not None:
                act.remove_picture(old, actor())
        else:
            act.set_picture(row, actor(), content=sent.read() if sent else b"")

    return kept(change, row.id)





@tablet.route("/note", methods=("POST",))
def note() -> Any:
    row, form = child_or_404(), request.form
    minutes = form.get("slept", "").strip()

    def change() -> None:
        if minutes and row_number(minutes) is None:
            raise Refused("presence.slept", minutes=minutes)
        if "seen" in form:
            act.check_seen(row, row_number(form["seen"]) or 0)
        act.write_day_note(
            row, actor(), text=form.get("text", ""), ate=_level("ate"), sleep=_level("sleep"),
            slept=int(minutes) if minutes else None, reminder=form.get("reminder", "")[:200],
            needs=tuple(one for one in Need if one.value in form.getlist("needs")))

    return kept(change, row.id)


def _level(name: str) -> Level | None:
    asked = request.form.get(name, "")
    return Level(asked) if asked in [one.value for one in Level] else None


@tablet.route("/sticky", methods=("POST",))
def sticky() -> Any:
    row = child_or_404()
    gone = request.form.get("remove", "")

    def change() -> None:
        if (old_id := row_number(gone)) is not None:
            old = db.session.scalar(
                select(StickyNote).where(StickyNote.id == old_id, StickyNote.child_id == row.id))
            if old is not None:
                act.remove_sticky(old, actor())
        else:
            act.add_sticky(row, actor(), text=request.form.get("text", ""), until=until_of())

    return kept(change, row.id)

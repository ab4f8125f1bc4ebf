"""The group's notes and the adults' time, as the tablet shows them."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from sqlalchemy import select

from evaka.access import Actor, may
from evaka.actions import presence as act
from evaka.actions import staff as staff_act
from evaka.kit.errors import Refused
from evaka.models.base import db, transaction
from evaka.models.presence import GroupNote
from evaka.models.staff import StaffPresence
from evaka.models.unit import Group
from evaka.rules.staff import StaffKind
from evaka.views.base import row_number, sentence
from evaka.views.page import actor, now, told, word_of
from evaka.views.presence.staff import here_now, shift_words, workers
from evaka.views.presence.tablet import (
    REFUSALS,
    chosen_group,
    group_notes,
    kept,
    proved,
    tablet,
    until_of,
    worker_or_none,
)


@tablet.route("/group-note", methods=("POST",))
def group_note() -> Any:
    gone, asked = request.form.get("remove", ""), request.form.get("to", "")
    groups = select(Group).where(Group.unit_id == g.device.unit_id)

    def change() -> None:
        if (old_id := row_number(gone)) is not None:
            old = db.session.scalar(select(GroupNote).where(
                GroupNote.id == old_id, GroupNote.group_id.in_(groups.with_only_columns(Group.id))))
            if old is not None:
                act.remove_group_note(old, actor())
            return
        group = db.session.scalar(groups.where(Group.id == (row_number(asked) or 0)))
        if group is None:
            raise Refused("presence.choose_group")
        act.add_group_note(group, actor(), text=request.form.get("text", ""), until=until_of())

    kept(change)
    return redirect(url_for("tablet.notes", group=request.form.get("group") or None))


@tablet.route("/notes")
def notes() -> Any:
    group = chosen_group()
    groups = db.session.scalars(
        select(Group).where(Group.unit_id == g.device.unit_id, Group.on(actor().today)).order_by(Group.name)).all()
    return render_template(
        "tablet/notes.html", heading=told("presence.group_notes"), notes=group_notes(group), group=group, groups=groups,
        first=actor().today, until=actor().today + timedelta(days=7))






@tablet.route("/staff", methods=("GET",))
def staff(notice: str = "", status: int = 200) -> Any:
    group = chosen_group()
    unit, today = g.device.unit_id, actor().today
    people = workers(unit, today)
    here, outside = here_now(unit)
    groups = db.session.scalars(select(Group).where(Group.unit_id == unit, Group.on(today)).order_by(Group.name)).all()
    kinds = [one for one in StaffKind if one is StaffKind.PRESENT or one in staff_act.sign_in().kinds]
    return render_template(
        "tablet/staff.html", heading=told("staff.sign_in"), people=people, here=here, outside=outside, groups=groups,
        group=group, kinds=kinds, word_of=word_of, shifts=shift_words(people, now()), notice=notice,
        typed=request.form, may_external=may(actor(), "staff.arrive_external")), status


@tablet.route("/staff", methods=("POST",))
def sign() -> Any:
    """In or out, by PIN and the rules of the plan; what is wrong is said on the same page, with what was typed."""
    user, press = worker_or_none(), request.form.get("press", "")
    no = proved(user)
    if no is None and user is not None:
        by = Actor(user, now())
        kind = request.form.get("kind", "")
        chosen = StaffKind(kind) if kind in [one.value for one in StaffKind] else None
        try:
            with transaction():
                at = _time_of_form()
                if press == "arrive":
                    staff_act.arrive(user, by, group=_group_of_form(), kind=chosen, at=at)
                else:
                    staff_act.leave(user, by, kind=chosen, at=at)
        except REFUSALS as refused:
            return staff(notice=sentence(refused), status=409)
        flash(told(f"staff.done.{'arrive' if press == 'arrive' else 'leave'}", name=user.name), "success")
        return redirect(url_for("tablet.staff", group=request.form.get("group") or None))
    return staff(notice=sentence(no or Refused("staff.choose_yourself")), status=403)


def _time_of_form() -> time | None:
    """When somebody says to have come or gone; None: now."""
    typed = request.form.get("at", "").strip().replace(".", ":")
    if not typed:
        return None
    try:
        return time.fromisoformat(typed.zfill(5))
    except ValueError:
        raise Refused("staff.no_time", typed=typed) from None


def _group_of_form() -> Group:
    asked = request.form.get("to", "")
    row = db.session.scalar(select(Group).where(
        Group.id == (row_number(asked) or 0), Group.unit_id == g.device.unit_id))
    if row is None:
        raise Refused("presence.choose_group")
    return row


@tablet.route("/staff/external", methods=("POST",))
def external() -> Any:
    """Somebody without a PIN: by name."""
    gone = request.form.get("leave", "")

    def change() -> None:
        if (old_id := row_number(gone)) is not None:
            row = db.session.scalar(select(StaffPresence).where(
                StaffPresence.id == old_id, StaffPresence.unit_id == g.device.unit_id))
            if row is None:
                raise Refused("staff.not_here")
            staff_act.leave_external(row, actor())
        else:
            staff_act.arrive_external(
                _group_of_form(), actor(), name=request.form.get("name", ""), counts="counts" in request.form)

    kept(change)
    return redirect(url_for("tablet.staff", group=request.form.get("group") or None))

"""A new letter: written, then looked at with everybody who gets it, and only then sent."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, request
from flask_admin import expose
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload
from wtforms import HiddenField, SelectField
from wtforms.fields.choices import SelectChoice

from evaka.access import require, within
from evaka.actions import ACTIONS
from evaka.actions import message as act
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db, transaction
from evaka.models.person import Person
from evaka.models.unit import Group, Unit
from evaka.models.user import User
from evaka.rules.unit import Feature
from evaka.views.base import Screen, row_number, sentence
from evaka.views.forms import Required, form_for
from evaka.views.page import Lazy, actor, told


class Compose(Screen):
    """The pages on which letters to a group and to one child's guardians are written."""

    @expose("/to_group/", methods=("GET", "POST"))
    def to_group(self) -> Any:
        """To all families of a group: chosen, written, looked at, and only then sent."""
        by = actor()
        groups = db.session.scalars(
            select(Group).join(Unit).where(within(by, "message.send", Group), Group.on(by.today))
            .order_by(Unit.name, Group.name).options(joinedload(Group.unit))).all()
        if not groups:
            raise Denied("access.denied", action="message.send")
        closed, groups = groups[0], [one for one in groups if one.unit.has(Feature.MESSAGES)]
        if not groups:
            act.check_open(closed)
        field = SelectField(
            Lazy("message.group"), validators=[Required()],
            choices=[*([SelectChoice("", told("form.choose"))] if len(groups) > 1 else []),
                     *(SelectChoice(str(one.id), f"{one.unit.name}: {one.name}") for one in groups)],
        )
        inputs = form_for(ACTIONS["message.send"], groups[0])
        kind = type("ComposeForm", (inputs,), {"group": field, "seen": HiddenField()})
        form: Any = kind(request.form if request.method == "POST" else None)
        if request.method == "GET":
            form.group.data = request.args.get("id", "")
        chosen = next((one for one in groups if str(one.id) == form.group.data), None)
        audience = act.audience_of_group(chosen, by.today) if chosen else None
        return self._compose(form, "message.send", chosen, audience)

    @expose("/to_child/", methods=("GET", "POST"))
    def to_child(self) -> Any:
        """To the guardians of one child."""
        by = actor()
        id = row_number(request.args.get("id", ""))
        child = None if id is None else db.session.scalar(
            select(Person).where(Person.id == id, within(by, "message.write", Person)))
        if child is None:
            abort(404)
        audience = act.audience_of_child(child, by.today)
        require(by, "message.write", audience.group)
        act.check_open(audience.group)
        kind = type("ComposeForm", (form_for(ACTIONS["message.write"], child),), {"seen": HiddenField()})
        form = kind(request.form if request.method == "POST" else None)
        return self._compose(form, "message.write", child, audience,
                             heading=told("message.to_child", child=f"{child.first_name} {child.last_name}"))

    def _compose(self, form: Any, key: str, row: Any, audience: act.Audience | None, *, heading: str = "") -> Any:
        """Nobody sends before having seen who gets it; and what was seen is what is sent."""
        preview = None
        if request.method == "POST" and form.validate() and audience is not None:
            if request.form.get("step") == "send":
                if form.seen.data == audience.digest:
                    if (done := self._sent(form, key, row)) is not None:
                        return done
                else:
                    flash(told("message.audience_changed"), "warning")
            preview = self.preview(audience)
            form.seen.data = audience.digest
        return self.render(
            "office/compose.html", form=form, preview=preview, heading=heading or told("ui.message.new"),
            back=self.get_url(".index_view"), crumbs=self.crumbs,
        )

    def _sent(self, form: Any, key: str, row: Any) -> Any:
        """The page after sending; None when it was refused."""
        try:
            with transaction():
                post_id = ACTIONS[key].run(row, actor(), title=form.title.data, body=form.body.data)
        except (Refused, IntegrityError) as no:
            if isinstance(no, Denied):
                raise
            twice = isinstance(no, Refused) and no.key == "message.already_sent"
            flash(sentence(no), "info" if twice else "error")
            return redirect(self.get_url(".index_view", box="sent")) if twice else None
        flash(told("message.sent"), "success")
        return redirect(self.get_url(".index_view", post=post_id))

    def preview(self, audience: act.Audience) -> dict[str, Any]:
        """Every recipient by name, about which children, and who will not get to read it easily."""
        about: dict[int, list[int]] = {}
        for circle in audience.circles:
            for guardian in circle.guardians:
                about.setdefault(guardian, []).extend(circle.children)
        ids = {*about, *(child for circle in audience.circles for child in circle.children), *audience.left_out}
        people = {one.id: one for one in db.session.scalars(select(Person).where(Person.id.in_(ids)))}
        users = set(db.session.scalars(select(User.person_id).where(User.person_id.in_(about), User.active)))
        recipients = []
        for id in sorted(about, key=lambda one: people[one].sort_key):
            badges = [] if people[id].email else [("warn", told("message.no_email"))]
            if id not in users:
                badges.append(("warn", told("message.no_login")))
            recipients.append({"name": str(people[id]), "badges": badges,
                               "note": ", ".join(str(people[child]) for child in about[id])})
        return {
            "count": len(recipients), "recipients": recipients,
            "left_out": [(str(people[child]), told("message.left_out")) for child in audience.left_out],
            "note": told("message.preview_note", group=str(audience.group), threads=len(audience.circles)),
        }

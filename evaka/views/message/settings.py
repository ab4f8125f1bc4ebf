"""What belongs to a box: signature, templates, folders and times away, on one page."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, request
from flask_admin import expose
from flask_admin.form import BaseForm
from sqlalchemy import or_, select
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import Length

from evaka.actions import message as act
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db, transaction
from evaka.models.message import Away, Box, Folder, Template
from evaka.views.base import Screen, row_number, sentence
from evaka.views.forms import DayField, Required
from evaka.views.page import Lazy, actor, language, told


class SignForm(BaseForm):
    signature = TextAreaField(Lazy("message.sign.signature"), [Length(max=2000)])


class MailsForm(BaseForm):
    mails = BooleanField(Lazy("message.set_mails.mails"))


class TemplateForm(BaseForm):
    name = StringField(Lazy("message.add_template.name"), [Required(), Length(max=80)])
    title = StringField(Lazy("message.add_template.title"), [Length(max=200)])
    body = TextAreaField(Lazy("message.add_template.body"), [Required(), Length(max=20_000)])


class FolderForm(BaseForm):
    name = StringField(Lazy("message.add_folder.name"), [Required(), Length(max=60)])


class AwayForm(BaseForm):
    start = DayField(Lazy("message.set_away.start"), [Required()])
    end = DayField(Lazy("message.set_away.end"), [Required()])
    reply = TextAreaField(Lazy("message.set_away.reply"), [Length(max=2000)])


FORMS = {"sign": SignForm, "set_mails": MailsForm, "add_template": TemplateForm, "add_folder": FolderForm,
         "set_away": AwayForm}
DROPS = {"drop_template": "template", "drop_folder": "folder", "drop_away": "away"}


class BoxSettings(Screen):
    """The page of a box."""

    @expose("/settings/", methods=("GET", "POST"))
    def settings(self) -> Any:
        by = actor()
        writers = act.writers(by)
        if not writers:
            raise Denied("access.denied", action="message.sign")
        asked = request.args.get("from", writers[0][0])
        if asked not in {name for name, _, _ in writers}:
            abort(404)
        press = request.form.get("press", "")
        forms: dict[str, Any] = {
            name: kind(request.form if press == name else None, prefix=f"{name}-") for name, kind in FORMS.items()}
        if request.method == "POST" and self._done(asked, press, forms):
            return redirect(self.get_url(".settings", **{"from": asked}))
        _, kind, group = next(one for one in writers if one[0] == asked)
        user_id = by.user.id if by.user is not None else None
        box = db.session.scalar(select(Box).where(
            Box.kind == kind, Box.group_id == group.id if group else Box.group_id.is_(None),
            Box.user_id == user_id if kind == "personal" else Box.user_id.is_(None)))
        if press != "sign":
            forms["sign"].signature.data = box.signature if box else ""
        if press != "set_mails":
            forms["set_mails"].mails.data = bool(box and box.mails)
        id = box.id if box else -1
        return self.render(
            "office/box_settings.html", heading=told("message.settings"), back=self.get_url(".index_view"),
            crumbs=self.crumbs, forms=forms, asked=asked, personal=kind == "personal", whose=[
                (name, self.writer_label(kind, group)) for name, kind, group in writers],
            templates=db.session.scalars(
                select(Template).where(or_(Template.box_id == id, Template.box_id.is_(None)))
                .order_by(Template.name)).all(),
            folders=db.session.scalars(select(Folder).where(Folder.box_id == id).order_by(Folder.name)).all(),
            aways=db.session.scalars(
                select(Away).where(Away.box_id == id, Away.end >= by.today).order_by(Away.start)).all(),
        )

    def writer_label(self, kind: Any, group: Any) -> str:
        """In whose name, as a choice."""
        if group is not None:
            return f"{group.unit.name}: {group.name}"
        by = actor()
        return by.name if kind == "personal" else act.kind_name(kind, language())

    def _done(self, asked: str, press: str, forms: dict[str, Any]) -> bool:
        by = actor()
        verb, _, id = press.partition("-")
        try:
            if press in FORMS:
                form = forms[press]
                if not form.validate():
                    return False
                with transaction():
                    given = {field.short_name: "" if field.data is None else field.data
                             for field in form if field.short_name != "csrf_token"}
                    getattr(act, press)(act.box_named(asked, by), by, **given)
            elif verb in DROPS and (number := row_number(id)) is not None:
                with transaction():
                    getattr(act, verb)(act.box_named(asked, by), by, **{DROPS[verb]: number})
            else:
                abort(404)
        except Refused as no:
            if isinstance(no, Denied):
                raise
            flash(sentence(no), "error")
            return False
        flash(told("message.settings_kept"), "success")
        return True

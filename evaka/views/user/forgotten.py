"""A forgotten password: the address is asked, a mail brings a link, the link leads to a new password."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_admin.form import BaseForm
from flask_login import current_user
from wtforms import EmailField, PasswordField
from wtforms.validators import Length

from evaka.actions import user as act
from evaka.kit.errors import Refused
from evaka.models.base import transaction
from evaka.models.connection import reading
from evaka.rules.user import Forgotten
from evaka.views.forms import Required
from evaka.views.page import Lazy, can_identify, now, told, told_refusal
from evaka.views.user.door import address, door, status_of


class ForgottenForm(BaseForm):
    email = EmailField(Lazy("user.email"), [Required(), Length(max=200)], render_kw={"autocomplete": "username"})


def new_password_field(word: str) -> PasswordField:
    return PasswordField(Lazy(word), [Required(), Length(max=200)], render_kw={"autocomplete": "new-password"})


class NewPasswordForm(BaseForm):
    new = new_password_field("user.new_password")
    again = new_password_field("user.new_again")


@door.route("/login/forgotten", methods=("GET", "POST"))
def forgotten() -> Any:
    """Ask for a link; the answer is the same whoever's address it is."""
    if current_user.is_authenticated:
        return redirect(url_for("user.password"))
    form, refused, sent = ForgottenForm(request.form), None, False
    can_mail = bool(current_app.config.get("BASE_URL"))
    if can_mail and request.method == "POST" and form.validate():
        try:
            with transaction():
                act.forgot(form.email.data, address(), now(), can_identify=can_identify())
            sent = True
        except Refused as no:
            refused = no
            form.email.errors = [told_refusal(no)]
    rules = act.credentials()
    strong = can_identify() and rules.guardians_forgot is Forgotten.STRONG
    page = render_template(
        "forgotten.html", form=form, sent=sent, minutes=rules.link_minutes, can_mail=can_mail, strong=strong,
        identify=url_for("user.identify", next=url_for("user.own_log_in")) if can_identify() else "")
    return page, *status_of(refused)


@door.route("/login/new-password/<token>", methods=("GET", "POST"))
def new_password(token: str) -> Any:
    """The page that the mail leads to.  Opening it uses nothing up: mail programs look at links before people do."""
    form, key = NewPasswordForm(request.form), str(current_app.secret_key)
    try:
        with reading(), transaction():
            act.proof_of_link(token, key, now())
        if request.method == "POST" and form.validate():
            if form.new.data != form.again.data:
                form.again.errors = [told("user.not_the_same")]
            else:
                with transaction():
                    act.new_password(token, form.new.data, key, now())
                flash(told("user.password_made"), "success")
                return redirect(url_for("user.login"))
    except Refused as no:
        if no.key == "user.link_dead":
            return render_template("new_password.html", form=None, sentence=told_refusal(no)), 410
        form.new.errors = [told_refusal(no)]
    rule = told("user.password_rule", least=act.security().password_length)
    return render_template("new_password.html", form=form, rule=rule), {"Cache-Control": "no-store"}

"""A guardian's own log-in by e-mail and password: the address is proved by a code, then the password is chosen."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_admin.form import BaseForm
from sqlalchemy.exc import IntegrityError
from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import Length

from evaka.access import require
from evaka.actions import user as act
from evaka.kit.errors import Denied, Refused
from evaka.models.base import transaction
from evaka.models.user import User
from evaka.views.forms import Required
from evaka.views.page import Lazy, actor, now, told, told_refusal
from evaka.views.user.account import oneself, own_token
from evaka.views.user.door import door, enter, refusal_of, status_of
from evaka.views.user.forgotten import new_password_field

OWN = "user.set_log_in"


class AddressForm(BaseForm):
    email = EmailField(Lazy("user.email"), [Required(), Length(max=200)], render_kw={"autocomplete": "email"})


class ProvedForm(AddressForm):
    """Without strong identification the password proves who asks."""

    password = PasswordField(
        Lazy("user.password"), [Required(), Length(max=200)], render_kw={"autocomplete": "current-password"})


class CodeAndPasswordForm(BaseForm):
    code = StringField(Lazy("user.mail_code"), [Required(), Length(max=12)], render_kw={
        "autocomplete": "one-time-code", "inputmode": "numeric"})
    new = new_password_field("user.new_password")
    again = new_password_field("user.new_again")


@door.route("/account/log-in", methods=("GET", "POST"))
def own_log_in() -> Any:
    """Which address shall be the log-in name: a code goes there."""
    user = oneself()
    require(actor(), OWN, user)
    form = (AddressForm if actor().strong else ProvedForm)(request.form)
    refused = None
    if request.method == "GET":
        form.email.data = user.log_in_name or (user.person.email if user.person else "")
    elif form.validate():

        def ask() -> None:
            if not actor().strong and not act.fits(user, form.password.data):
                raise Refused("user.password_wrong")
            act.ask_code(user, actor(), email=form.email.data)

        refused = refusal_of(user, ask)
        if refused is None:
            return redirect(url_for("user.own_code"))
        if isinstance(refused, Denied):
            raise refused
        field = form.password if refused.key in ("user.password_wrong", "user.too_many") else form.email
        field.errors = [told_refusal(refused)]
    minutes = act.credentials().code_minutes
    return render_template("own_log_in.html", form=form, name=user.log_in_name, minutes=minutes), *status_of(refused)


@door.route("/account/log-in/code", methods=("GET", "POST"))
def own_code() -> Any:
    """The code out of the mail, and the password."""
    user = oneself()
    require(actor(), OWN, user)
    proof = act.code_waits(user, now())
    if proof is None:
        return redirect(url_for("user.own_log_in"))
    form, where = CodeAndPasswordForm(request.form), proof.address
    if request.method == "POST" and form.validate():
        if form.new.data != form.again.data:
            form.again.errors = [told("user.not_the_same")]
        elif (refused := _set(user, form)) is None:
            flash(told("user.log_in_set", address=where), "success")
            return redirect(url_for("user.account"))
        elif isinstance(refused, Denied):
            raise refused
        else:
            field = form.new if refused.key.startswith("user.password") else form.code
            field.errors = [told_refusal(refused)]
    rule = told("user.password_rule", least=act.security().password_length)
    return render_template("own_code.html", form=form, address=where, rule=rule)


def _set(user: User, form: Any) -> Refused | None:
    """Save it; this very session goes on as strong as it was."""
    by, token, key = actor(), own_token(), str(current_app.secret_key)
    try:
        act.check_password(form.new.data, user)
        with transaction():
            act.count_try(user, by)
        with transaction():
            act.set_log_in(user, by, key=key, code=form.code.data, new=form.new.data)
            enter(user, token)
    except IntegrityError:  # somebody else took the address at the same moment
        return Refused("user.address_taken")
    except Refused as no:
        return no
    return None

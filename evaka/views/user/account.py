"""One's own account: the password, the second factor, and the sessions that are open."""

from __future__ import annotations

from typing import Any

import pyotp
from flask import abort, flash, g, redirect, render_template, request, session, url_for
from flask_admin.form import BaseForm
from wtforms import PasswordField
from wtforms.validators import Length

from evaka import city
from evaka.access import may
from evaka.actions import record
from evaka.actions import user as act
from evaka.actions.staff import set_pin
from evaka.kit.errors import Refused
from evaka.models.base import transaction
from evaka.models.user import User
from evaka.views.forms import Required
from evaka.views.page import Lazy, actor, browser_name, moment, now, person, told, told_refusal
from evaka.views.user.door import CodeForm, door, enter, refusal_of, status_of


class PasswordForm(BaseForm):
    old = PasswordField(
        Lazy("user.old_password"), [Required(), Length(max=200)], render_kw={"autocomplete": "current-password"})
    new = PasswordField(
        Lazy("user.new_password"), [Required(), Length(max=200)], render_kw={"autocomplete": "new-password"})
    again = PasswordField(
        Lazy("user.new_again"), [Required(), Length(max=200)], render_kw={"autocomplete": "new-password"})


class PinForm(BaseForm):
    pin = PasswordField(Lazy("staff.new_pin"), [Required(), Length(max=6)], render_kw={
        "autocomplete": "off", "inputmode": "numeric"})
    again = PasswordField(Lazy("staff.pin_again"), [Required(), Length(max=6)], render_kw={
        "autocomplete": "off", "inputmode": "numeric"})


class OwnPasswordForm(BaseForm):
    password = PasswordField(
        Lazy("user.password"), [Required(), Length(max=200)], render_kw={"autocomplete": "current-password"})


def oneself() -> User:
    """Who has logged in; the shell lets nobody else come here."""
    return person() or abort(403)


def own_token() -> str | None:
    """The provider's token that has made this very session strong."""
    return act.id_token_of(own_session())


def own_session() -> int:
    """The row of this very session."""
    return int(g.session_row[0])


@door.route("/account")
def account() -> Any:
    """One's own sessions and second factor."""
    user = oneself()
    rows = [
        {"id": one.id, "began": moment(one.began), "seen": moment(one.seen), "address": one.address,
         "agent": browser_name(one.agent), "this": one.id == own_session(), "strong": one.strong}
        for one in act.open_sessions(user, now())
    ]
    return render_template(
        "account.html", sessions=rows, second=bool(user.totp_secret), form=OwnPasswordForm(),
        own=may(actor().identified, "user.set_log_in") and user.person_id is not None, name=user.log_in_name,
        pin=PinForm() if may(actor(), "staff.set_pin") else None)


@door.route("/account/pin", methods=("POST",))
def pin() -> Any:
    """One's own PIN for the unit's tablets."""
    typed = PinForm(request.form)
    try:
        if not typed.validate() or typed.pin.data != typed.again.data:
            raise Refused("staff.pin_not_the_same")
        with transaction():
            set_pin(oneself(), actor(), pin=typed.pin.data)
    except Refused as no:
        flash(told_refusal(no), "error")
    else:
        flash(told("staff.pin_kept"), "success")
    return redirect(url_for("user.account"))


@door.route("/account/password", methods=("GET", "POST"))
def password() -> Any:
    user = oneself()
    if not user.log_in_name:
        return redirect(url_for("user.own_log_in"))
    form = PasswordForm(request.form)
    if proved := actor().strong:  # who it is, has been shown already
        del form.old
    refused = None
    if request.method == "POST" and form.validate():
        if form.new.data != form.again.data:
            form.again.errors = [told("user.not_the_same")]
        else:

            def prove() -> None:
                by, token = actor(), own_token()
                act.change_password(user, by, old="" if proved else form.old.data, new=form.new.data)
                act.tell_user(user, "password_changed", by)
                enter(user, token)

            refused = refusal_of(user, prove)
            if refused is None:
                flash(told("user.password_changed"), "success")
                return redirect(url_for("front"))
            field = form.old if not proved and refused.key in ("user.password_wrong", "user.too_many") else form.new
            field.errors = [told_refusal(refused)]
    rule = told("user.password_rule", least=act.security().password_length)
    return render_template("password.html", form=form, must=user.must_change_password, rule=rule), *status_of(refused)


@door.route("/account/end", methods=("POST",))
def end_others() -> Any:
    """End all one's sessions but this one."""
    return _ended(lambda: act.end_all(oneself(), now(), keep=own_session()))


@door.route("/account/end/<int:id>", methods=("POST",))
def end_one(id: int) -> Any:
    """End one of one's other sessions."""
    if id == own_session():
        abort(404)  # that is logging out
    return _ended(lambda: act.end(id, oneself(), now()) or abort(404))


def _ended(end: Any) -> Any:
    with transaction():
        ended = end()
        record("user.end_sessions", oneself(), actor(), {"ended": ended})
    flash(told("user.sessions_ended", count=ended), "success")
    return redirect(url_for("user.account"))


@door.route("/account/code", methods=("GET", "POST"))
def set_up() -> Any:
    """Set up the second factor: the key is shown until a first code proves that it works."""
    user = oneself()
    if user.totp_secret:
        return redirect(url_for("user.account"))
    secret = session.setdefault("new_secret", pyotp.random_base32())
    form = CodeForm(request.form)
    if request.method == "POST" and form.validate():
        try:
            with transaction():
                act.start_second_factor(user, actor(), secret, form.code.data)
        except Refused as no:
            form.code.errors = [told_refusal(no)]
        else:
            session.pop("new_secret", None)
            flash(told("user.second_factor_on"), "success")
            return redirect(url_for("user.account"))
    issuer = city.read("city")["city"]["name"]
    address = pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=issuer)
    return render_template("second_factor.html", form=form, secret=secret, address=address)


@door.route("/account/code/off", methods=("POST",))
def switch_off() -> Any:
    user = oneself()
    typed = OwnPasswordForm(request.form)
    refused = refusal_of(user, lambda: act.stop_second_factor(user, actor(), (typed.password.data or "")[:200]))
    if refused is None:
        flash(told("user.second_factor_off"), "success")
    else:
        flash(told_refusal(refused), "error")
    return redirect(url_for("user.account"))

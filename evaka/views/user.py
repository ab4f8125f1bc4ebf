"""The door: log-in, second factor, passwords, one's own sessions; and the administrator's screen of users."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pyotp
from flask import Blueprint, Flask, abort, flash, g, redirect, render_template, request, session, url_for
from flask_admin.form import BaseForm
from flask_login import LoginManager, current_user
from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import Length

from evaka import city
from evaka.access import Actor
from evaka.actions import Action, record
from evaka.actions import user as act
from evaka.actions.user import open_session
from evaka.kit.errors import Refused
from evaka.models.base import db, transaction
from evaka.models.user import Grant, User, UserSession
from evaka.texts import LANGUAGES
from evaka.views.base import Screen, link
from evaka.views.filters import YesNoFilter
from evaka.views.forms import Required
from evaka.views.page import Lazy, actor, moment, now, person, told, told_refusal

door = Blueprint("user", __name__)
SEEN_EVERY = timedelta(minutes=5)  # how often a session's last page is written down
UNFINISHED = {"user.password", "user.second_factor", "user.logout", "user.language", "user.set_up"}


class LoginForm(BaseForm):
    email = EmailField(Lazy("user.email"), [Required(), Length(max=200)], render_kw={"autocomplete": "username"})
    password = PasswordField(
        Lazy("user.password"), [Required(), Length(max=200)], render_kw={"autocomplete": "current-password"})


class CodeForm(BaseForm):
    code = StringField(Lazy("user.code"), [Required(), Length(max=10)], render_kw={
        "autocomplete": "one-time-code", "inputmode": "numeric"})


class PasswordForm(BaseForm):
    old = PasswordField(Lazy("user.old_password"), [Required()], render_kw={"autocomplete": "current-password"})
    new = PasswordField(
        Lazy("user.new_password"), [Required(), Length(max=200)], render_kw={"autocomplete": "new-password"})
    again = PasswordField(Lazy("user.new_again"), [Required()], render_kw={"autocomplete": "new-password"})


class OwnPasswordForm(BaseForm):
    password = PasswordField(Lazy("user.password"), [Required()], render_kw={"autocomplete": "current-password"})


def install(app: Flask) -> None:
    """Log-in by a session row: a copied cookie is worth nothing once the row has ended."""
    login = LoginManager(app)
    login.session_protection = None  # the row itself is the protection
    login.user_loader(_load)
    app.register_blueprint(door)


def _load(token: str) -> User | None:
    row = act.session_of(token, now())
    if row is None or not row.user.active:
        return None
    g.session_row = row.id, row.seen
    return row.user


def enter(user: User, address: str) -> None:
    """Begin a new session in this browser: nothing of the old one is kept but the language."""
    chosen = session.get("language")
    session.clear()
    token = open_session(user, now(), address, request.user_agent.string)
    session["_user_id"], session["_fresh"] = token, True
    if chosen:
        session["language"] = chosen
    g.pop("_login_user", None)
    g.pop("actor", None)


def is_stale() -> bool:
    """Whether this session's last page is long enough ago to be written down."""
    row = g.get("session_row")
    return row is not None and now() - row[1] > SEEN_EVERY


def touch(at: datetime) -> None:
    row = g.get("session_row")
    if row is not None and at - row[1] > SEEN_EVERY:
        found = db.session.get(UserSession, row[0])
        if found is not None and found.ended is None:
            found.seen = at


def unfinished(endpoint: str) -> str | None:
    """Where somebody who has logged in must go first."""
    user = person()
    if user is None or endpoint in UNFINISHED:
        return None
    if user.must_change_password:
        return url_for("user.password")
    if not user.totp_secret and act.security().require_second_factor and act.is_staff(user, now().date()):
        return url_for("user.set_up")
    return None


def _own_path(target: str | None) -> str:
    """Only a path of our own; anything else leads to the first page."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return url_for("front")
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc and "\\" not in target else url_for("front")


# -- the door ---------------------------------------------------------------------------------------


@door.route("/login", methods=("GET", "POST"))
def login() -> Any:
    if current_user.is_authenticated:
        return redirect(_own_path(request.args.get("next")))
    form = LoginForm(request.form)
    notice, status = "", 200
    if request.method == "POST" and form.validate():
        try:
            with transaction():
                user = act.log_in(form.email.data, form.password.data, _address(), now())
                if user is not None and not user.totp_secret:
                    enter(user, _address())
        except Refused as no:
            notice, status = told_refusal(no), 429
        else:
            if user is not None and user.totp_secret:
                session["half"] = {"user": user.id, "at": now().timestamp(), "next": request.args.get("next")}
                return redirect(url_for("user.second_factor"))
            if user is not None:
                return redirect(_own_path(request.args.get("next")))
            form.email.errors = [told("user.log_in_wrong")]
    return render_template("login.html", form=form, notice=notice), status


@door.route("/login/code", methods=("GET", "POST"))
def second_factor() -> Any:
    """The second step, within five minutes of the first."""
    half = session.get("half")
    if current_user.is_authenticated or not half or now().timestamp() - half["at"] > 300:
        session.pop("half", None)
        return redirect(url_for("user.login"))
    form = CodeForm(request.form)
    status = 200
    if request.method == "POST" and form.validate():
        user = db.session.get(User, half["user"]) or abort(404)
        try:
            with transaction():
                act.check_tries(user, _address(), now())
                act.check_code(user, form.code.data, now())
                record("user.second_factor", user, Actor(user, now()), {})
                enter(user, _address())
        except Refused as no:
            if no.key == "user.code_wrong":
                with transaction():
                    act.note_failure(user.email, user, _address(), now())
            else:
                status = 429
            form.code.errors = [told_refusal(no)]
        else:
            return redirect(_own_path(half.get("next")))
    return render_template("second_factor.html", form=form), status


@door.route("/logout", methods=("POST",))
def logout() -> Any:
    row = g.get("session_row")
    if row is not None:
        with transaction():
            found = db.session.get(UserSession, row[0])
            if found is not None:
                found.ended = now()
            record("user.log_out", person(), actor(), {})
    session.clear()
    return redirect(url_for("user.login"))


@door.route("/language/<language>", methods=("GET", "POST"))
def language(language: str) -> Any:
    """The language of this browser; asked by POST, of the user too."""
    if language not in LANGUAGES:
        abort(404)
    session["language"] = language
    user = person()
    if request.method == "POST" and user is not None:
        with transaction():
            user.language = language
            record("user.language", user, actor(), {"language": language})
    return redirect(_own_path(request.args.get("next")))


def _address() -> str:
    return request.remote_addr or "?"


# -- one's own account ------------------------------------------------------------------------------


@door.route("/account/password", methods=("GET", "POST"))
def password() -> Any:
    user = person()
    assert user is not None
    form = PasswordForm(request.form)
    must = user.must_change_password
    if request.method == "POST" and form.validate():
        if form.new.data != form.again.data:
            form.again.errors = [told("user.not_the_same")]
        else:
            try:
                with transaction():
                    act.change_password(user, actor(), old=form.old.data, new=form.new.data)
                    enter(user, _address())
            except Refused as no:
                field = form.old if no.key == "user.password_wrong" else form.new
                field.errors = [told_refusal(no)]
            else:
                flash(told("user.password_changed"), "success")
                return redirect(url_for("front"))
    rule = told("user.password_rule", least=act.security().password_length)
    return render_template("password.html", form=form, must=must, rule=rule, admin_view=None)


@door.route("/account")
def account() -> Any:
    """One's own sessions and second factor."""
    user = person()
    assert user is not None
    mine = g.get("session_row", (0,))[0]
    rows = [
        {"id": one.id, "began": moment(one.began), "seen": moment(one.seen), "address": one.address,
         "agent": one.agent[:80], "this": one.id == mine}
        for one in act.open_sessions(user)
    ]
    return render_template(
        "account.html", sessions=rows, second=bool(user.totp_secret), form=OwnPasswordForm(),
        staff=act.is_staff(user, now().date()))


@door.route("/account/end", methods=("POST",))
def end_others() -> Any:
    user = person()
    assert user is not None
    mine = g.get("session_row", (0,))[0]
    with transaction():
        ended = act.end_all(user, now(), keep=mine)
        record("user.end_sessions", user, actor(), {"ended": ended})
    flash(told("user.sessions_ended", count=ended), "success")
    return redirect(url_for("user.account"))


@door.route("/account/code", methods=("GET", "POST"))
def set_up() -> Any:
    """Set up the second factor: the key is shown until a first code proves that it works."""
    user = person()
    assert user is not None
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
    user = person()
    assert user is not None
    form = OwnPasswordForm(request.form)
    try:
        with transaction():
            act.stop_second_factor(user, actor(), form.password.data or "")
    except Refused as no:
        flash(told_refusal(no), "error")
    else:
        flash(told("user.second_factor_off"), "success")
    return redirect(url_for("user.account"))


# -- the administrator's screens --------------------------------------------------------------------


class UserScreen(Screen):
    """Who may log in; a guardian's user belongs to a person."""

    feature = "user"
    can_create = can_edit = True
    column_list = ("name", "email", "roles", "active", "second_factor", "last_login")
    column_sortable_list = ("name", "email", "last_login")
    column_default_sort = ("name", False)
    column_filters = (YesNoFilter(User.active, "user.active"),)
    search_columns = ("name", "email")
    form_columns = ("name", "email", "language")
    column_details_list = ("name", "email", "language", "active", "second_factor", "person", "last_login")
    column_formatters = {
        "roles": lambda view, _context, row, _name: ", ".join(
            f"{told(f'role.{one.role}')}{f' ({one.unit})' if one.unit else ''}" for one in row.grants
            if actor().today in one.period),
        "second_factor": lambda view, _context, row, _name: told("yes") if row.totp_secret else "",
        "language": lambda view, _context, row, _name: told(f"language.{row.language}"),
    }

    def before_save(self, form: Any, row: Any, created: bool) -> None:
        row.email = row.email.strip().lower()
        if "@" not in row.email:
            raise Refused("user.email_form", typed=row.email)
        if row.language not in LANGUAGES:
            raise Refused("user.language_unknown", typed=row.language, known=list(LANGUAGES))

    def after_save(self, form: Any, row: Any, created: bool) -> None:
        if created:
            g.shown_once = act.first_password(row, actor())

    def create_model(self, form: Any) -> Any:
        row = super().create_model(form)
        if row and "shown_once" in g:
            flash(told("user.first_password", name=row.name, password=g.shown_once), "info")
        return row

    def offers(self, action: Action, row: Any) -> bool:
        match action.verb:
            case "activate":
                return not row.active
            case "deactivate":
                return bool(row.active and row.id != actor().user.id)
            case "reset_second_factor":
                return bool(row.totp_secret)
        return True

    def first_value(self, action: Action, name: str, row: Any) -> Any:
        return actor().today if name == "start" else None

    def after(self, action: Action, row: Any, result: Any) -> str:
        if action.verb == "reset_password":
            flash(told("user.first_password", name=row.name, password=result), "info")
        return super().after(action, row, result)

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        grants = [
            [self._grant_link(one), str(one.unit or told("user.everywhere")), str(one.period)] for one in row.grants]
        sessions = [[moment(one.seen), one.address, one.agent[:60]] for one in act.open_sessions(row)]
        return [
            {"title": told("user.grants"), "head": [told("user.role"), told("user.unit"), told("user.period")],
             "rows": grants, "empty": told("user.no_grants")},
            {"title": told("user.sessions"), "rows": sessions, "empty": told("user.no_sessions"), "aside": True,
             "head": [told("user.seen"), told("user.address"), told("user.agent")]},
        ]

    def _grant_link(self, one: Grant) -> Any:
        return link(told(f"role.{one.role}"), "grant.details_view", one.id)


class GrantScreen(Screen):
    """The roles of users, over time."""

    feature = "user"
    column_list = ("user", "role", "unit", "start", "end")
    column_default_sort = ("id", True)
    column_details_list = ("user", "role", "unit", "group", "start", "end")
    column_formatters = {"role": lambda view, _context, row, _name: told(f"role.{row.role}")}

    def first_value(self, action: Action, name: str, row: Any) -> Any:
        return actor().today if name == "end" else None

    def row_heading(self, row: Any) -> str:
        return f"{row.user}: {told(f'role.{row.role}')}"


"""The door: log-in by password and code, log-out, and the language of the pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, abort, g, redirect, render_template, request, session, url_for
from flask_admin.form import BaseForm
from flask_login import LoginManager, current_user
from wtforms import EmailField, PasswordField, StringField
from wtforms.validators import Length

from evaka.access import Actor
from evaka.actions import record
from evaka.actions import user as act
from evaka.actions.user import open_session
from evaka.kit.errors import Refused
from evaka.models.base import db, transaction
from evaka.models.user import User
from evaka.texts import LANGUAGES
from evaka.views.forms import Required
from evaka.views.page import Lazy, actor, can_identify, choose_language, now, person, told, told_refusal
from evaka.views.user import device

door = Blueprint("user", __name__)
SEEN_EVERY = timedelta(minutes=5)  # how often a session's last page is written down
HALF_WAY = timedelta(minutes=5)  # between the password and the code
UNFINISHED = {"user.password", "user.second_factor", "user.logout", "user.language", "user.set_up", "user.identify",
              "user.identified"}
GUESSES = {"user.password_wrong", "user.code_wrong"}  # refusals that count as a failed try


class LoginForm(BaseForm):
    email = EmailField(Lazy("user.email"), [Required(), Length(max=200)], render_kw={"autocomplete": "username"})
    password = PasswordField(
        Lazy("user.password"), [Required(), Length(max=200)], render_kw={"autocomplete": "current-password"})


class CodeForm(BaseForm):
    code = StringField(Lazy("user.code"), [Required(), Length(max=10)], render_kw={
        "autocomplete": "one-time-code", "inputmode": "numeric"})


def install(app: Flask) -> None:
    """Log-in by a session row: a copied cookie is worth nothing once the row has ended."""
    app.permanent_session_lifetime = timedelta(hours=act.security().hours)  # no cookie is read after that either
    login = LoginManager(app)
    login.session_protection = None  # the row knows the browser; the address may change, as tablets' do
    login.user_loader(_load)
    app.register_blueprint(door)


def _load(token: str) -> User | None:
    row = act.session_of(token, now(), request.user_agent.string)
    if row is None or not row.user.active:
        return None
    g.session_row, g.session_strong = (row.id, row.seen), row.strong
    return row.user


def enter(user: User, id_token: str | None = None) -> None:
    """Begin a new session in this browser: nothing of the old one is kept but the language.

    With a provider's token it is strong.  A browser that the user has not come by before is told to them.
    """
    chosen = session.get("language")
    session.clear()
    if not device.known(user):
        act.tell_new_device(user, Actor(user, now()))
    device.remember(user)
    session["_user_id"] = open_session(user, now(), address(), request.user_agent.string, id_token)
    session["_fresh"] = True
    if chosen:
        session["language"] = chosen
    forget_who()
    choose_language()


def forget_who() -> None:
    """Who has logged in is asked of the session anew."""
    for name in ("_login_user", "actor", "session_strong"):
        g.pop(name, None)


def is_stale() -> bool:
    """Whether this session's last page is long enough ago to be written down."""
    row = g.get("session_row")
    return row is not None and now() - row[1] > SEEN_EVERY


def touch(at: datetime) -> None:
    """Write down that the session is in use, now and then."""
    row = g.get("session_row")
    if row is not None and at - row[1] > SEEN_EVERY:
        act.see(row[0], at)


def unfinished(endpoint: str) -> str | None:
    """Where somebody who has logged in must go first."""
    user = person()
    if user is None or endpoint in UNFINISHED or g.get("session_strong"):
        return None
    if user.must_change_password:
        return url_for("user.password")
    if not user.totp_secret and act.must_have_second_factor(user, now()):
        return url_for("user.set_up")
    return None


def own_path(target: str | None) -> str:
    """Only a path of our own; anything else leads to the first page."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return url_for("front")
    parts = urlsplit(target)
    return url_for("front") if parts.scheme or parts.netloc or not target.isprintable() else target


def address() -> str:
    """The network address of the browser; behind a proxy, what the proxy says."""
    return request.remote_addr or "?"


def refusal_of(user: User, prove: Callable[[], None]) -> Refused | None:
    """Let somebody prove by a password or a code who they are; a wrong one counts as a failed log-in."""
    name = user.email
    try:
        with transaction():
            act.check_tries(name, address(), now())
            prove()
    except Refused as no:
        if no.key in GUESSES:
            with transaction():
                act.note_failure(name, address(), now(), user)
        return no
    return None


def status_of(no: Refused | None) -> tuple[int, dict[str, str]]:
    """The status and the headers of a page that shows a refusal in its form."""
    if no is None or no.key != "user.too_many":
        return 200, {}
    return 429, {"Retry-After": str(max(1, int((no.facts["again"] - now()).total_seconds())))}


@door.route("/login", methods=("GET", "POST"))
def login() -> Any:
    if current_user.is_authenticated:
        return redirect(own_path(request.args.get("next")))
    form = LoginForm(request.form)
    refused = None
    if request.method == "POST" and form.validate():
        try:
            with transaction():
                user = act.log_in(form.email.data, form.password.data, address(), now())
                if user is not None and not user.totp_secret:
                    enter(user)
        except Refused as no:
            refused = no
        else:
            if user is not None and user.totp_secret:
                session["half"] = {"user": user.id, "at": now().timestamp(), "next": request.args.get("next")}
                return redirect(url_for("user.second_factor"))
            if user is not None:
                return redirect(own_path(request.args.get("next")))
            form.email.errors = [told("user.log_in_wrong")]
    notice = told_refusal(refused) if refused else ""
    identify = url_for("user.identify", next=own_path(request.args.get("next"))) if can_identify() else ""
    return render_template("login.html", form=form, notice=notice, identify=identify), *status_of(refused)


@door.route("/login/code", methods=("GET", "POST"))
def second_factor() -> Any:
    """The second step, soon after the first."""
    half = session.get("half")
    user = db.session.get(User, half["user"]) if half else None
    in_time = half and now().timestamp() - half["at"] <= HALF_WAY.total_seconds()
    if current_user.is_authenticated or not in_time or user is None or not user.active or not user.totp_secret:
        session.pop("half", None)
        return redirect(url_for("user.login"))
    form = CodeForm(request.form)
    refused = None
    if request.method == "POST" and form.validate():

        def prove() -> None:
            act.second_step(user, form.code.data, now())
            enter(user)

        refused = refusal_of(user, prove)
        if refused is None:
            return redirect(own_path(half.get("next")))
        form.code.errors = [told_refusal(refused)]
    return render_template("second_factor.html", form=form), *status_of(refused)


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
    choose_language()
    return redirect(own_path(request.values.get("next")))

"""The door for strong identification: out to the provider, back from it, and out of its session again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask, Response, abort, current_app, g, jsonify, redirect, render_template, request, session, url_for

from evaka.access import NeedsStrong
from evaka.actions import record
from evaka.actions import user as act
from evaka.kit.errors import Refused
from evaka.models.base import db, transaction
from evaka.models.connection import writing
from evaka.models.user import User
from evaka.views.page import actor, can_identify, language, now, person, told_refusal
from evaka.views.user.door import address, door, enter, forget_who, own_path, status_of
from evaka.views.user.provider import Identified, Provider

WAY = timedelta(minutes=30)  # for which somebody may be with the provider


def install(app: Flask) -> None:
    if settings := app.config.get("OIDC"):
        app.extensions["identification"] = Provider(**settings)


def provider() -> Provider:
    """The city's; without one there are no such pages."""
    found: Provider = current_app.extensions.get("identification") or abort(404)
    return found


def own_url(endpoint: str) -> str:
    """An address of ours as the provider knows it: by the name that the city has told, not by what a browser says."""
    base = current_app.config.get("BASE_URL", "").rstrip("/")
    return base + url_for(endpoint) if base else url_for(endpoint, _external=True)


@door.route("/login/strong")
def identify() -> Any:
    """Send the browser to the provider."""
    target = own_path(request.args.get("next"))
    if person() is not None and g.get("session_strong"):
        return redirect(target)
    db.session.rollback()
    try:
        where, kept = provider().begin(own_url("user.identified"), language(), act.identification())
    except Refused as no:
        return _failed(no, target)
    session["identify"] = kept | {"next": target, "at": now().timestamp()}
    return redirect(where)


@door.route("/login/strong/back")
def identified() -> Any:
    """Where the provider sends the browser back to: who it is, and the session that begins."""
    kept: dict[str, Any] = session.pop("identify", None) or {}
    target = own_path(kept.get("next"))
    weak, row, asks = person(), g.get("session_row"), act.identification()
    name = weak and weak.id
    db.session.rollback()  # nobody waits for the database while the provider makes us wait
    try:
        act.check_identify_tries(address(), now())
        proved = _proved(kept)
        code = _code(proved)
        db.session.rollback()
        writing.set(True)
        with transaction():
            asks.check_level(proved.claims)
            before = db.session.get(User, name) if name else None
            user = act.identified(code, now(), before)
            if row is not None and before is not None:
                act.end(row[0], before, now())
            enter(user, proved.id_token)
    except Refused as no:
        return _failed(no, target)
    return redirect(target)


def _proved(kept: dict[str, Any]) -> Identified:
    if kept and now().timestamp() - kept["at"] > WAY.total_seconds():
        raise Refused("user.identify_late")
    return provider().finish(request.args, kept, act.identification())


def _code(proved: Identified) -> str:
    """The personal identity code; whoever identified by something that has none is told so."""
    try:
        code = act.identification().code_of(proved.claims)
    except Refused:  # what stands there is none
        code = None
    if code is None:
        raise Refused("user.identify_no_code")
    return code


def _failed(no: Refused, target: str) -> Any:
    """What went wrong, in a sentence, with ways on; the journal keeps a line."""
    db.session.rollback()
    user = person()
    if no.key != "user.too_many":
        writing.set(True)
        with transaction():
            act.note_identify_failure(address(), now(), no.key, user)
    status, headers = status_of(no)
    status = {"user.identify_away": 503, "user.too_many": 429}.get(no.key, 403)
    return render_template(
        "identify_failed.html", sentence=told_refusal(no), again=url_for("user.identify", next=target),
        other=url_for("front") if user else url_for("user.login", next=target)), status, headers


@door.route("/login/strong/keys")
def provider_keys() -> Response:
    """The public halves of our own keys, which the provider fetches."""
    return jsonify(provider().own_keys())


@door.route("/logout", methods=("POST",))
def logout() -> Any:
    """End this session; one that began with the provider is ended there too."""
    user, row = person(), g.get("session_row")
    elsewhere = None
    if user is not None and row is not None:
        token = act.id_token_of(row[0])
        db.session.rollback()  # nobody waits for the database while the provider makes us wait
        elsewhere = _leaving(token)
        with transaction():
            act.end(row[0], user, now())
            record("user.log_out", user, actor(), {})
    chosen = session.get("language")
    session.clear()
    if elsewhere is None:
        return redirect(url_for("user.login"))
    if chosen:
        session["language"] = chosen
    forget_who()
    # a page between: a form of ours may send nobody on to another host, as our Content-Security-Policy has it
    return render_template("left.html", url=elsewhere), {"Cache-Control": "no-store"}


def _leaving(token: str | None) -> str | None:
    """Where the provider's own session is ended after ours; a provider that does not answer keeps nobody here."""
    if not token or not can_identify():
        return None
    try:
        return provider().leaving(token, own_url("user.login"))
    except Refused:
        return None


def ask_to_identify(no: NeedsStrong) -> Any:
    """The page instead of one that needs strong identification: why, and on from there to where one was."""
    where = request.full_path.rstrip("?") if request.method == "GET" else _came_from()
    return render_template(
        "identify.html", sentence=told_refusal(no), can=can_identify(),
        go=url_for("user.identify", next=where) if can_identify() else ""), no.status


def _came_from() -> str:
    """The page whose form was sent, if it was one of ours."""
    came = (request.referrer or "").removeprefix(request.host_url.rstrip("/"))
    return own_path(came)

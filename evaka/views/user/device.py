"""Browsers that a user has logged in with before: a signed cookie says which users, and until when."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import after_this_request, current_app, request
from itsdangerous import BadData, URLSafeSerializer

from evaka.actions import user as act
from evaka.models.user import User
from evaka.views.page import now

COOKIE = "evaka_device"
MOST = 8  # users of one browser that are remembered


def known(user: User) -> bool:
    """Whether this browser was used by the user within the city's days."""
    return str(user.id) in _remembered()


def remember(user: User) -> None:
    """From now on this browser is known; whoever else uses it stays known too."""
    if not act.credentials().new_device:
        return  # nobody would be told of another one
    today, days = now().date(), act.credentials().device_days
    others = {id: until for id, until in _remembered().items() if id != str(user.id)}
    kept = dict([*others.items(), (str(user.id), (today + timedelta(days=days)).isoformat())][-MOST:])

    @after_this_request
    def _keep(response: Any) -> Any:
        response.set_cookie(
            COOKIE, _signer().dumps(kept), max_age=timedelta(days=days), httponly=True, samesite="Lax",
            secure=current_app.config["SESSION_COOKIE_SECURE"])
        return response


def _remembered() -> dict[str, str]:
    """By user the last day on which the browser is known as theirs."""
    try:
        told = _signer().loads(request.cookies.get(COOKIE, ""))
    except BadData:
        return {}
    today = now().date()
    return {id: until for id, until in told.items() if date.fromisoformat(until) >= today}


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt=COOKIE)

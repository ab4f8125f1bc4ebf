"""Notices on the guardian's telephone: which browsers have agreed, and how one is forgotten."""

from __future__ import annotations

from typing import Any

from flask import abort, current_app, redirect, request, url_for
from flask_admin import expose

from evaka.actions import push as act
from evaka.models.base import db
from evaka.views.base import row_number
from evaka.views.own.page import OwnPage
from evaka.views.page import actor, browser_name, moment


class MyPush(OwnPage):
    """To agree needs a script, since only a script may ask a browser for it; all else does not."""

    permission = "push.subscribe"

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Any:
        me = self.me()
        if not act.policy().enabled and request.method == "POST" and "drop" not in request.form:
            abort(404)
        if request.method == "POST":
            self._agreed() if "endpoint" in request.form else self._dropped()
            return redirect(self.get_url(".index"))
        rows = db.session.scalars(act.browsers_of(me)).all()
        return self.render(
            "guardian/push.html", heading=self.heading, back=url_for("my_own.index"), on=act.policy().enabled,
            key=act.keys_in(current_app.config["DATA"]).public if act.policy().enabled else "",
            browsers=[{"id": one.id, "name": one.browser, "since": moment(one.made_at)} for one in rows])

    def _agreed(self) -> None:
        given = {name: request.form.get(name, "") for name in ("endpoint", "public_key", "shared_secret")}
        browser = browser_name(request.user_agent.string)
        self.saved(lambda: act.subscribe(self.me(), actor(), browser=browser, **given), "push.agreed")

    def _dropped(self) -> None:
        number = row_number(request.form.get("drop")) or 0
        self.saved(lambda: act.unsubscribe(self.me(), actor(), subscription=number), "push.dropped")

"""The print queue and the messages for Suomi.fi: what waits, the files as they were made, and what has left."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Response, g, redirect, request
from flask_admin import expose
from flask_admin.form import BaseForm
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload
from wtforms import SelectField

from evaka.access import may, require, require_any
from evaka.actions import Action
from evaka.actions.decision import dispatch as act
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.decision.dispatch import Delivery, Dispatch
from evaka.rules.decision import Channel
from evaka.rules.decision.delivery import DeliveryState, DispatchStatus
from evaka.views.base import Button, Screen, link
from evaka.views.base.attempt import attempt
from evaka.views.filters import DayFilter, StateFilter
from evaka.views.forms import DayField, Required
from evaka.views.page import Lazy, actor, moment, told, word_of, written

MOST = 200  # receivers that are shown


def to_post() -> ColumnElement[bool]:
    """Letters that are not in any dispatch yet."""
    waits = (Delivery.state == DeliveryState.WAITING) & Delivery.dispatch_id.is_(None)
    return waits & (Delivery.channel == Channel.POST)


class MakeForm(BaseForm):
    channel = SelectField(Lazy("dispatch.channel"), [Required()])
    day = DayField(Lazy("dispatch.day"), [Required()])


class DispatchScreen(Screen):
    column_list = ("day", "channel", "status", "count", "made_at", "user")
    column_details_list = ("channel", "day", "status", "count", "made_at", "user", "sent_at", "name", "digest")
    column_default_sort = ("id", True)
    column_sortable_list = ("day", "status", "count", "made_at")
    column_filters = (
        StateFilter(Dispatch.status, "dispatch.status", DispatchStatus),
        StateFilter(Dispatch.channel, "dispatch.channel", Channel),
        DayFilter(Dispatch.day, "dispatch.from"),
    )
    figures = ("count",)
    main = ("dispatch.mail",)

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(Dispatch.user))

    @property
    def fact_line(self) -> str:
        return " · ".join(told(f"dispatch.waiting.{one}", count=act.how_many(one))
                          for one in (Channel.POST, Channel.MESSAGE))

    def head_buttons(self) -> list[Button]:
        if not may(actor(), "dispatch.make"):
            return []
        return [Button(told("dispatch.make"), self.get_url(".make"), "primary")]

    def row_heading(self, row: Any) -> str:
        return told("dispatch.of", channel=word_of(row.channel), day=row.day)

    def row_fact_line(self, row: Any) -> str:
        return told("dispatch.counted", count=row.count)

    def offers(self, action: Action, row: Any) -> bool:
        return action.verb != "mail" or row.day <= actor().today

    def buttons(self, row: Any) -> list[Button]:
        found = super().buttons(row)
        if row.status is not DispatchStatus.WITHDRAWN and may(actor(), "dispatch.make"):
            found.append(Button(told("dispatch.download"), self.get_url(".download", id=row.id), "secondary"))
        return found

    @expose("/make/", methods=("GET", "POST"))
    def make(self) -> Any:
        """One file of everything that waits, dated on the day it goes."""
        require_any(actor(), "dispatch.make")
        form = MakeForm(request.form if request.method == "POST" else None)
        waiting = {one: act.how_many(one) for one in (Channel.POST, Channel.MESSAGE)}
        form.channel.choices = [(one.value, f"{word_of(one)} ({count})") for one, count in waiting.items() if count]
        if request.method == "GET":
            form.day.data = actor().today
        elif form.validate():
            with attempt() as tried:
                id = act.make(actor(), channel=Channel(form.channel.data), day=form.day.data).id
            if tried.done:
                return redirect(self.get_url(".details_view", id=id))
        return self.render(
            "office/dispatch_make.html", form=form, heading=told("dispatch.make"), crumbs=self.crumbs,
            waiting=[one for one in waiting.values() if one], back=self.get_url(".index_view"))

    @expose("/download/")
    def download(self) -> Any:
        """The very bytes; that somebody took them is a line of the journal."""
        row = self.row_or_404(request.args.get("id"))
        assert isinstance(row, Dispatch)
        require(actor(), "dispatch.make", row)
        g.setdefault("reads", []).append(("dispatch.fetch", row, {"digest": row.digest}))
        return Response(row.content or b"", mimetype=row.mimetype, headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row.name)}"})

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        rows = db.session.scalars(
            select(Delivery).where(Delivery.dispatch_id == row.id)
            .options(joinedload(Delivery.person), joinedload(Delivery.decision).joinedload(Decision.child))
            .order_by(Delivery.id).limit(MOST)).all()
        return [{
            "title": told("dispatch.holds"), "empty": told("dispatch.holds_nothing"),
            "head": [told(f"delivery.{name}") for name in ("person", "decision", "state", "sent_at")],
            "rows": [[str(one.person), link(told("decision.of", number=one.decision.number, child=one.decision.child),
                                            "decision.details_view", one.decision_id),
                      word_of(one.state), moment(one.sent_at) if one.sent_at else written(None)] for one in rows]}]

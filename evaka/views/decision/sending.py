"""Decisions sent many at once: what is ready, what would go how, what stands in the way, and how far it is."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import jsonify, redirect, request, url_for
from flask_admin import expose
from flask_admin.form import BaseForm
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload
from wtforms import SelectField
from wtforms.validators import Optional

from evaka.access import may, require_any
from evaka.actions import Action
from evaka.actions.decision import sending as act
from evaka.actions.index_day import told_facts
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.decision.sending import Sending, SendingItem
from evaka.models.placement import PlacementPlan
from evaka.models.unit import Unit
from evaka.rules.application import ApplicationKind
from evaka.rules.decision import Channel
from evaka.rules.decision.delivery import ItemState, SendingStatus
from evaka.texts import explain, knows
from evaka.views.base import Button, Screen, link
from evaka.views.base.attempt import attempt
from evaka.views.filters import RowFilter, StateFilter
from evaka.views.forms import DayField
from evaka.views.page import Lazy, actor, language, told, word_of, written

SHOWN = 20  # exceptions on the page of a set; the list holds all
ROAD = {SendingStatus.PREVIEW: "preview", SendingStatus.SENDING: "letters"}


class BeginForm(BaseForm):
    kind = SelectField(Lazy("sending.kind"), [Optional()])
    unit = SelectField(Lazy("sending.unit"), [Optional()])
    first = DayField(Lazy("sending.first"), [Optional()])
    last = DayField(Lazy("sending.last"), [Optional()])


class SendingScreen(Screen):
    column_list = ("id", "status", "made_at", "user", "approved_at", "approver")
    column_details_list = ("status", "made_at", "user", "approved_at", "approver")
    column_default_sort = ("id", True)
    column_sortable_list = ("id", "status")
    column_filters = (StateFilter(Sending.status, "sending.status", SendingStatus),)
    details_template = "office/sending.html"
    main = ("sending.approve",)
    rare = ("sending.close",)

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(Sending.user), joinedload(Sending.approver))

    def row_heading(self, row: Any) -> str:
        return told("sending.of", number=row.id)

    def row_fact_line(self, row: Any) -> str:
        return told(f"sending.now.{row.status}")

    def head_buttons(self) -> list[Button]:
        if not may(actor(), "sending.begin"):
            return []
        return [Button(told("sending.begin"), self.get_url(".begin"), "primary")]

    def offers(self, action: Action, row: Any) -> bool:
        if action.verb == "retry":
            return row.status is not SendingStatus.CLOSED and act.how_many(row.id, ItemState.EXCEPTION) > 0
        if action.verb == "approve":
            return act.how_many(row.id, ItemState.WAITING) > 0
        return True

    def consequences(self, action: Action, row: Any) -> list[str]:
        found = super().consequences(action, row)
        if action.verb == "approve":
            found = [told(f"sending.by.{channel}", count=several, letters=letters)
                     for (state, channel), (several, letters) in sorted(act.counts(row.id).items(), key=str)
                     if state is ItemState.WAITING and channel] + found
        return found

    @expose("/begin/", methods=("GET", "POST"))
    def begin(self) -> Any:
        """Which of those that are ready; nothing is sent yet."""
        require_any(actor(), "sending.begin")
        form = BeginForm(request.form if request.method == "POST" else None)
        ready = act.choices(actor()).subquery()
        units = db.session.execute(
            select(Unit.id, Unit.name, func.count()).join(PlacementPlan, PlacementPlan.unit_id == Unit.id)
            .where(PlacementPlan.application_id.in_(select(ready.c.id))).group_by(Unit.id, Unit.name)
            .order_by(Unit.name)).all()
        kinds = dict(db.session.execute(
            select(Application.kind, func.count()).where(Application.id.in_(select(ready.c.id)))
            .group_by(Application.kind)).tuples().all())
        form.kind.choices = [("", told("ui.all")), *((one.value, word_of(one)) for one in kinds)]
        form.unit.choices = [("", told("ui.all")), *((str(id), f"{name} ({count})") for id, name, count in units)]
        if request.method == "POST" and form.validate():
            with attempt() as tried:
                id = act.begin(actor(), **self.chosen(form)).id
            if tried.done:
                return redirect(self.get_url(".details_view", id=id))
        return self.render(
            "office/sending_begin.html", form=form, heading=told("sending.begin"), crumbs=self.crumbs,
            count=sum(kinds.values()), kinds=[(word_of(kind), count) for kind, count in kinds.items()],
            back=self.get_url(".index_view"))

    def chosen(self, form: Any) -> dict[str, Any]:
        first, last = form.first.data, form.last.data
        starts = DateRange(first or last, last) if first or last else None
        if first is None and last is not None:
            starts = DateRange(min(last, actor().today.replace(year=2000)), last)
        return {
            "kind": ApplicationKind(form.kind.data) if form.kind.data else None,
            "unit": db.session.get(Unit, int(form.unit.data)) if form.unit.data else None, "starts": starts,
        }

    @expose("/progress/")
    def progress(self) -> Any:
        """How far the work is, for the page that stays open."""
        row = self.row_or_404(request.args.get("id"))
        left = self.left(row)
        return jsonify(done=self.total(row) - left, left=left, status=row.status.value)

    def left(self, row: Any) -> int:
        return act.how_many(row.id, ItemState.WAITING) if row.status is SendingStatus.SENDING else 0

    def total(self, row: Any) -> int:
        return sum(several for several, _ in act.counts(row.id).values())

    def file(self, row: Any) -> dict[str, Any]:
        left, total = self.left(row), self.total(row)
        return super().file(row) | {
            "road": self.road(row), "left": left, "of": total, "done": total - left,
            "progress_url": self.get_url(".progress", id=row.id), "kpis": self.kpis(row),
        }

    def road(self, row: Any) -> list[tuple[str, str]]:
        stages = list(ROAD)
        done = row.status is SendingStatus.CLOSED or (row.status is SendingStatus.SENDING and not self.left(row))
        at = len(stages) if done else stages.index(row.status)
        return [
            (told(f"sending.road.{ROAD[stage]}"), "done" if place < at else "now" if place == at else "later")
            for place, stage in enumerate(stages)
        ]

    def kpis(self, row: Any) -> list[dict[str, Any]]:
        counts = act.counts(row.id)
        found = []
        for state in (ItemState.WAITING, ItemState.SENT):
            for channel in Channel:
                several, letters = counts.get((state, channel), (0, 0))
                if several:
                    found.append({"label": f"{word_of(state)}: {word_of(channel)}", "value": several,
                                  "note": told("sending.counted", count=letters)})
        exceptions = act.how_many(row.id, ItemState.EXCEPTION)
        found.append({"label": word_of(ItemState.EXCEPTION), "value": exceptions,
                      "look": "warn" if exceptions else "", "note": told("sending.exceptions_note")})
        return found

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        items = db.session.scalars(
            select(SendingItem).where(SendingItem.sending_id == row.id, SendingItem.state == ItemState.EXCEPTION)
            .options(joinedload(SendingItem.application).joinedload(Application.child))
            .order_by(SendingItem.id).limit(SHOWN)).all()
        every = url_for("sending_item.index_view", flt0_0=row.id)
        return [{
            "title": told("sending.exceptions"), "empty": told("sending.no_exceptions"),
            "link": (told("sending.every"), every),
            "head": [told("sending.application"), told("sending.trouble")],
            "rows": [[link(str(one.application.child), "application.details_view", one.application_id), trouble(one)]
                     for one in items]}]


def trouble(row: SendingItem) -> str:
    """Why an application is an exception, and what to do about it."""
    if not row.trouble or not knows(row.trouble):
        return row.trouble
    return explain(Refused(row.trouble, **told_facts(row.trouble_facts)), language())


class SendingItemScreen(Screen):
    """The applications of a set: how each goes, and what is the matter."""

    feature = "sending"
    column_list = ("application", "state", "channel", "letters", "trouble")
    column_details_list = column_list
    column_default_sort = ("id", False)
    column_sortable_list = ("state",)
    column_filters = (
        RowFilter(SendingItem.sending_id, "sending.number", Sending),
        StateFilter(SendingItem.state, "sending.state", ItemState),
    )
    column_formatters: ClassVar = {
        "application": lambda _view, _context, row, _name: link(
            str(row.application.child), "application.details_view", row.application_id),
        "trouble": lambda _view, _context, row, _name: trouble(row),
        "channel": lambda _view, _context, row, _name: written(row.channel),
    }
    column_formatters_detail = column_formatters
    column_formatters_export: ClassVar = {"trouble": column_formatters["trouble"]}

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(SendingItem.application).joinedload(Application.child))

    def row_heading(self, row: Any) -> str:
        return str(row.application.child)

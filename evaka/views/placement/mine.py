"""A family's places: it reads them, gives one up, takes that back, and asks for another service need."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import current_app, redirect, request, url_for
from flask_admin import expose
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from evaka import city
from evaka.access import within
from evaka.actions import Action
from evaka.actions.placement.termination import policy
from evaka.kit.dates import DateRange
from evaka.models.base import db
from evaka.models.placement import GroupPlacement, Placement
from evaka.models.placement.need_change import NeedChange
from evaka.models.placement.termination import Termination
from evaka.rules.placement import ServiceNeed
from evaka.rules.placement.need_change import NeedChangeStatus, kinds_for
from evaka.rules.placement.termination import scopes
from evaka.views.base import Screen, look
from evaka.views.page import actor, can_identify, identify_first, option_name, told, word_of, written

OFFERED = ("placement.terminate", "need_change.ask")


def screen_of(endpoint: str) -> Any:
    return next(one for admin in current_app.extensions["admin"] for one in admin._views if one.endpoint == endpoint)


def answer(screen: Any, action: Action, row: Any) -> dict[str, Any]:
    """An action as a form on a guardian's page."""
    form = screen.action_form(action, row)
    form.row_version.data = row.version
    return {"title": told(action.key), "help": " ".join(screen.consequences(action, row)), "form": form,
            "url": url_for(f"{screen.endpoint}.do", verb=screen.short(action), id=row.id), "label": told(action.key),
            "style": look("end" if action.verb == "terminate" else action.verb)}


class MyPlacements(Screen):
    can_export = False
    reading = True
    feature = "placement"
    column_list = ("child", "unit", "start", "end")
    details_template = "guardian/decision.html"

    @expose("/")
    def index_view(self) -> Any:
        rows = db.session.scalars(
            select(Placement).where(self.visible(), Placement.meets(DateRange(actor().today)))
            .options(joinedload(Placement.child), joinedload(Placement.unit))
            .order_by(Placement.start, Placement.id)).all()
        return self.render("guardian/decisions.html", empty=told("placement.mine_none"), rows=[
            {"label": f"{row.child.first_name}: {row.unit}", "note": f"{word_of(row.care_type)}, {row.period}",
             "badge": self.sign(row), "url": self.get_url(".details_view", id=row.id)} for row in rows])

    def sign(self, row: Any) -> tuple[str, str]:
        if row.start > actor().today:
            return "info", told("placement.mine_from", start=row.start)
        return "good", told("placement.in_force")

    def row_heading(self, row: Any) -> str:
        return told("placement.mine_of", child=row.child.first_name)

    def file(self, row: Any) -> dict[str, Any]:
        db.session.refresh(row)
        facts = [
            (told("placement.unit"), str(row.unit)), (told("placement.care_type"), word_of(row.care_type)),
            (told("placement.period"), str(row.period)),
            *((told("placement.group"), f"{one.group} {one.period}") for one in self.groups(row)),
            *((told("placement.service_need"), f"{option_name('service_needs', one.option)}, {one.period}")
              for one in row.needs),
        ]
        changes, notices = self.open_changes(row), self.notices(row)
        facts += [(told("need_change.waiting"), f"{option_name('service_needs', one.option)}, {written(one.start)}")
                  for one in changes]
        facts += [(told("termination.given"), written(one.last_day)) for one in notices]
        mine, asked = screen_of("my_termination"), screen_of("my_need_change")
        offered = [(self, one, row) for one in self.actions_of(row)]
        offered += [(asked, action, one) for one in changes for action in asked.actions_of(one)]
        offered += [(mine, action, one) for one in notices for action in mine.actions_of(one)]
        kept_back = [one for one in offered if identify_first(one[1].key)]  # nobody fills a form in vain
        answers = [answer(*one) for one in offered if one not in kept_back]
        answers.sort(key=lambda one: one["style"] == "danger")  # what is given up stands last
        return {
            "heading": self.row_heading(row), "title": told("placement.place"), "fact_line": str(row.unit),
            "badge": self.sign(row), "facts": facts, "paragraphs": [], "pdf": None, "answers": answers,
            "identify": url_for("user.identify", next=request.full_path) if kept_back and can_identify() else "",
            "back": self.get_url(".index_view"),
        }

    def groups(self, row: Any) -> Any:
        return db.session.scalars(
            select(GroupPlacement).where(GroupPlacement.placement_id == row.id)
            .options(joinedload(GroupPlacement.group)).order_by(GroupPlacement.start))

    def open_changes(self, row: Any) -> list[NeedChange]:
        return list(db.session.scalars(select(NeedChange).where(
            NeedChange.child_id == row.child_id, NeedChange.status == NeedChangeStatus.OPEN,
            within(actor(), "need_change.view", NeedChange))))

    def notices(self, row: Any) -> list[Termination]:
        """Those that may still be taken back."""
        since = actor().now - timedelta(hours=policy().undo_hours)
        return list(db.session.scalars(select(Termination).where(
            Termination.child_id == row.child_id, Termination.undone_at.is_(None), Termination.made_at >= since,
            within(actor(), "termination.view", Termination))))

    def offers(self, action: Action, row: Any) -> bool:
        today = actor().today
        if action.key not in OFFERED or not row.start <= today <= row.period.last_day:
            return False
        return action.verb == "terminate" or not self.open_changes(row)

    def action_form(self, action: Action, row: Any) -> Any:
        """Only what may be asked for with this very place is offered."""
        form = super().action_form(action, row)
        if action.verb == "terminate":
            allowed = {one.value for one in scopes(row.care_type)}
            form.scope.choices = [one for one in form.scope.choices if one.value in allowed]
        elif action.key == "need_change.ask":
            needs = city.named("service_needs", ServiceNeed)
            keys = {key for key, need in needs.items()
                    if need.care_type in kinds_for(row.care_type) and actor().today in need.valid}
            form.service_need.choices = [one for one in form.service_need.choices if one.value in keys | {""}]
        return form

    def first_value(self, action: Action, name: str, row: Any) -> Any:
        """Nothing: the last day of care is chosen, never just confirmed."""

    def consequences(self, action: Action, row: Any) -> list[str]:
        found = super().consequences(action, row)
        if action.verb == "terminate":
            found.append(told("placement.terminate.undo", hours=policy().undo_hours))
        return found

    def after(self, action: Action, row: Any, result: Any) -> str:
        """Where one may take it back at once; the place itself may be another row now."""
        still = self.get_one(str(row.id))
        return str(self.get_url(".details_view", id=row.id) if still else self.get_url(".index_view"))


class _Beside(Screen):
    """Rows that a family reads and acts on from the page of its place."""

    can_export = False

    @expose("/")
    def index_view(self) -> Any:
        return redirect(url_for("my_placement.index_view"))

    @expose("/details/")
    def details_view(self) -> Any:
        self.row_or_404(request.args.get("id"))
        return redirect(url_for("my_placement.index_view"))

    def after(self, action: Action, row: Any, result: Any) -> str:
        return url_for("my_placement.index_view")


class MyTerminations(_Beside):
    column_list = ("child", "last_day")

    def row_heading(self, row: Any) -> str:
        return told("placement.mine_of", child=row.child.first_name)


class MyNeedChanges(_Beside):
    column_list = ("child", "start")

    def row_heading(self, row: Any) -> str:
        return told("placement.mine_of", child=row.child.first_name)

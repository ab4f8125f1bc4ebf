"""The placement desk: who waits for a place, how full the units are, and why here or there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask_admin import BaseView, expose
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import contains_eager, joinedload

from evaka.access import may, within
from evaka.actions import placement as act
from evaka.actions.placement.near import places_from, siblings_of
from evaka.actions.placement.plan import LIVING
from evaka.actions.placement.thought import need_of
from evaka.kit.errors import Denied, Refused
from evaka.models.application import Application
from evaka.models.base import db, transaction
from evaka.models.placement import PlacementPlan
from evaka.models.unit import Group, Unit
from evaka.rules.application import ApplicationStatus
from evaka.rules.placement import PlanStatus
from evaka.views.base import Button, row_number, sentence
from evaka.views.base.rows import REFUSALS
from evaka.views.page import Lazy, actor, aged, moment, option_name, person, told, word_of
from evaka.views.placement import cards
from evaka.views.placement.board import Board
from evaka.views.placement.drafts import Drafts

NEWEST = 8  # drafts that stand on the desk itself
TYPED = ("unit_id", "start", "end", "daycare_start", "daycare_end", "group", "despite")


class PlacementDesk(Drafts, BaseView):
    """Applications on one side, the occupancy of units over the coming year on the other, and why here or there."""

    feature = "placement"

    def __init__(self, feature: str) -> None:
        super().__init__(name=Lazy("menu.desk"), endpoint=feature, url=f"/office/{feature}")

    def is_accessible(self) -> bool:
        return person() is not None and may(actor(), "application.plan")

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        raise Denied("access.denied", action="application.plan")

    def _run_view(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        return fn(self, *args, **kwargs)

    @expose("/")
    def index(self) -> Any:
        return self._desk({})

    def _desk(self, typed: Mapping[str, str]) -> Any:
        query = cards.waiting()
        count = db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
        waiting = cards.shown(query)
        chosen = self._application(typed.get("application") or request.args.get("application", ""))
        children = {one.child_id for one in waiting} | ({chosen.child_id} if chosen else set())
        kin = siblings_of(children, actor())
        board = Board(chosen, kin.get(chosen.child_id, []) if chosen else [], typed)
        drafts = self._newest()
        form, address = cards.filter_form(), cards.addresses("application")
        return self.render(
            "office/desk.html",
            heading=told("menu.desk"), fact_line=told("placement.waiting", count=count), buttons=self._buttons(),
            chips=cards.chips(form), filter_form=form,
            applications=[cards.card(one, kin.get(one.child_id, []), address) for one in waiting],
            applications_note=count if count == len(waiting) else f"{len(waiting)} / {count}",
            chosen=self._detail(chosen, board) if chosen else None,
            effect_of=chosen.child.first_name if chosen and board.thought else None,
            months=[f"{month.start:%-m/%y}" if not number or month.start.month == 1 else str(month.start.month)
                    for number, month in enumerate(board.months)],
            units=board.rows(), why=board.why(), drafts=drafts,
            add_unit=None if request.args.get("all") else (told("placement.all_units"), cards.here(all=1)),
        )

    def _buttons(self) -> list[Button]:
        count = db.session.scalar(select(func.count()).select_from(PlacementPlan).where(
            PlacementPlan.status == PlanStatus.DRAFT, within(actor(), "placement.view", PlacementPlan))) or 0
        return [Button(told("placement.drafts_count", count=count), url_for(".drafts"), "secondary")]

    # -- what is pressed ------------------------------------------------------------------------------

    @expose("/plan", methods=("POST",))
    def plan(self) -> Any:
        """This child, this unit: the days by rule, or those that were typed."""
        application = self._application(request.form.get("application", ""))
        unit = self._unit(request.form.get("unit_id", ""))
        if application is None or unit is None:
            flash(told("error.404"), "error")
            return redirect(url_for(".index"))
        try:
            with transaction():
                act.plan(application, actor(), unit=unit, **self._inputs(application, unit))
        except REFUSALS as no:
            if isinstance(no, Denied):
                raise
            flash(sentence(no), "error")
            typed = {name: request.form.get(name, "") for name in TYPED}
            return self._desk({"application": str(application.id), "mistake": sentence(no), **typed})
        flash(told("placement.planned", child=application.child, unit=unit), "success")
        return redirect(cards.here(application=application.id, open=None))

    def _inputs(self, application: Application, unit: Unit) -> dict[str, Any]:
        usual = act.default_days(application, actor().today)
        typed = {name: _day(request.form.get(name, "")) for name in ("start", "end", "daycare_start", "daycare_end")}
        group = row_number(request.form.get("group", ""))
        daycare = usual.daycare
        return {
            "start": typed["start"] or usual.period.start, "end": typed["end"] or usual.period.last_day,
            "daycare_start": typed["daycare_start"] or (daycare and daycare.start),
            "daycare_end": typed["daycare_end"] or (daycare and daycare.last_day),
            "group": group and db.session.scalar(select(Group).where(Group.id == group, Group.unit_id == unit.id)),
            "despite": request.form.get("despite", "")[:2000],
        }

    @expose("/undo", methods=("POST",))
    def undo(self) -> Any:
        application = self._application(request.form.get("application", ""))
        if application is None:
            flash(told("error.404"), "error")
            return redirect(url_for(".index"))
        return self._try(lambda: act.return_to_placement(application, actor()), application.id,
                         told("placement.undone", child=application.child))

    def _try(self, deed: Callable[[], Any], application_id: int, done: str) -> Any:
        try:
            with transaction():
                deed()
        except REFUSALS as no:
            if isinstance(no, Denied):
                raise
            flash(sentence(no), "error")
        else:
            flash(done, "success")
        return redirect(url_for(".index", application=application_id))

    # -- what others do meanwhile ---------------------------------------------------------------------

    @expose("/pulse")
    def pulse(self) -> Response:
        """Whether anybody has planned or undone anything: the answer's ETag changes when somebody has."""
        living = select(func.count(), func.sum(PlacementPlan.id), func.sum(PlacementPlan.version)).where(
            PlacementPlan.status.in_(LIVING))
        waiting = select(func.count(), func.sum(Application.version)).where(
            Application.status == ApplicationStatus.WAITING_PLACEMENT)
        state = [*db.session.execute(living).one(), *db.session.execute(waiting).one()]
        response = Response(status=204)
        response.set_etag("-".join(str(one or 0) for one in state))
        response.headers["Cache-Control"] = "no-cache"
        return response.make_conditional(request)

    def _newest(self) -> list[dict[str, Any]]:
        """The newest drafts of everybody, each to be undone with one press."""
        rows = db.session.scalars(
            select(PlacementPlan).where(
                PlacementPlan.status == PlanStatus.DRAFT, within(actor(), "placement.view", PlacementPlan))
            .join(PlacementPlan.application).join(Application.child)
            .options(contains_eager(PlacementPlan.application).contains_eager(Application.child),
                     joinedload(PlacementPlan.unit), joinedload(PlacementPlan.drafted_by))
            .order_by(PlacementPlan.id.desc()).limit(NEWEST))
        return [
            {"application": one.application_id, "url": cards.here(application=one.application_id),
             "child": f"{one.application.child.first_name} {one.application.child.last_name}", "unit": one.unit.name,
             "start": one.start, "who": one.drafted_by.name if one.drafted_by else "",
             "at": moment(one.drafted_at) if one.drafted_at else "",
             "undo": one.application.status is ApplicationStatus.WAITING_DECISION}
            for one in rows]

    # -- the chosen one -------------------------------------------------------------------------------

    def _application(self, id: str) -> Application | None:
        if (number := row_number(id)) is None:
            return None
        return db.session.scalar(select(Application).where(Application.id == number, self._visible()))

    def _visible(self) -> ColumnElement[bool]:
        return cards.visible()

    def _unit(self, id: str) -> Unit | None:
        if (number := row_number(id)) is None:
            return None
        return db.session.scalar(select(Unit).where(Unit.id == number, within(actor(), "unit.view", Unit)))

    def _detail(self, one: Application, board: Board) -> dict[str, Any]:
        facts = told("placement.facts", received=one.received, start=one.start, due=one.due)
        need = ""
        try:
            need = option_name("service_needs", need_of(one, one.start or actor().today).key)
        except Refused as no:
            facts = sentence(no)
        first = one.preferences[0].unit if one.preferences else None
        undoable = one.status is ApplicationStatus.WAITING_DECISION
        planned = self._planned(one) if undoable else None
        return {
            "id": one.id, "title": f"{one.child.first_name} {one.child.last_name}, {aged(one.child.born)}",
            "badges": [*cards.badges(one, board.siblings), *([("", need)] if need else [])], "facts": facts,
            "note": one.office_note, "planned": planned or self._declined(one), "places": places_now(one.child_id),
            "links": [(told("placement.open_application"), url_for("application.details_view", id=one.id)),
                      (told("placement.open_child"), url_for("person.details_view", id=one.child_id))],
            "plan": board.plan_of(first) if first else None,
            "no_days": told("placement.no_days") if board.days is None and board.plannable else "",
            "undo": {"action": url_for(".undo"), "label": told("application.return_to_placement")}
            if undoable else None,
        }

    def _declined(self, one: Application) -> str:
        """What the last unit that was asked has said, and what it has suggested."""
        plan = db.session.scalar(
            select(PlacementPlan).where(
                PlacementPlan.application_id == one.id, PlacementPlan.status == PlanStatus.DECLINED)
            .options(joinedload(PlacementPlan.unit), joinedload(PlacementPlan.suggested_unit))
            .order_by(PlacementPlan.id.desc()).limit(1))
        if plan is None:
            return ""
        reason = option_name("declines", plan.decline_reason) if plan.decline_reason else ""
        why = ". ".join(filter(None, (reason, plan.reason)))
        said = told("placement.declined_by", unit=plan.unit, why=why)
        if plan.suggested_unit is None and plan.suggested_start is None:
            return said
        unit = plan.suggested_unit or plan.unit
        return f"{said} " + told("placement.suggests", unit=unit, start=plan.suggested_start or "–")

    def _planned(self, one: Application) -> str:
        plan = act.living_plan(one)
        return told("placement.planned_as", unit=plan.unit, period=plan.period, status=plan.status)


def _day(typed: str) -> date | None:
    """A day as people or browsers write it; nothing typed: the rule's own day holds."""
    text = typed.strip()
    if not text:
        return None
    try:
        if "." in text:
            day, month, year = map(int, text.split("."))
            return date(year, month, day)
        return date.fromisoformat(text)
    except (ValueError, OverflowError):
        raise Refused("placement.no_day", typed=text[:40]) from None


def places_now(child_id: int) -> str:
    """Mustikkamäki 1.8.2025–31.7.2028: the places that the child has now and later; "" for none."""
    found = [f"{one.unit}, {word_of(one.care_type)} {one.period}" for one in places_from(child_id, actor())]
    return told("placement.has_now", places="; ".join(found)) if found else ""

"""Everybody's drafts and proposals, to be proposed, undone or withdrawn many at once after a preview."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_admin import expose
from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload

from evaka.access import within
from evaka.actions import placement as act
from evaka.actions.placement import grid
from evaka.kit.dates import DateRange
from evaka.kit.errors import Denied
from evaka.models.application import Application
from evaka.models.base import db, transaction
from evaka.models.person import Person
from evaka.models.placement import PlacementPlan
from evaka.models.unit import Unit
from evaka.rules.placement import PlanStatus
from evaka.rules.unit import OccupancyKind
from evaka.rules.unit.room import FULL
from evaka.views.base import row_number, sentence
from evaka.views.base.rows import REFUSALS
from evaka.views.page import actor, aged, moment, told
from evaka.views.placement.board import months_from
from evaka.views.placement.cells import cells_of, said

VERBS = {  # what may be done to many, in which state, and by what
    "propose": (PlanStatus.DRAFT, "application.propose", act.propose_many),
    "undo": (PlanStatus.DRAFT, "application.return_to_placement", act.undo_many),
    "withdraw": (PlanStatus.PROPOSED, "application.withdraw", act.withdraw_many),
}
SHOWN = (PlanStatus.DRAFT, PlanStatus.PROPOSED)
MOST = 500  # plans of a page


class Drafts:
    """Pages of the desk; a part of it, since they share its rights."""

    @expose("/drafts")
    def drafts(self) -> Any:
        """Plans by unit, with what they make of its occupancy; those of one worker, one batch or everybody."""
        status = PlanStatus.PROPOSED if request.args.get("status") == "proposed" else PlanStatus.DRAFT
        mine, batch = request.args.get("mine"), request.args.get("batch", "")
        plans = list(db.session.scalars(self._narrowed().where(PlacementPlan.status == status).limit(MOST)))
        return self.render(  # type: ignore[attr-defined]
            "office/drafts.html", heading=told("placement.drafts"), fact_line=told("placement.drafts_help"),
            crumbs=[(told("menu.desk"), url_for(".index"))], status=status, mine=mine, batch=batch, shown=SHOWN,
            units=self._by_unit(plans), verbs=[verb for verb, (state, *_) in VERBS.items() if state is status],
            count=len(plans), more=len(plans) == MOST)

    def _plans(self) -> Any:
        return (
            select(PlacementPlan).join(PlacementPlan.application).join(Application.child).join(PlacementPlan.unit)
            .where(within(actor(), "placement.view", PlacementPlan), within(actor(), "application.plan", Application))
            .options(contains_eager(PlacementPlan.application).contains_eager(Application.child),
                     contains_eager(PlacementPlan.unit), joinedload(PlacementPlan.drafted_by),
                     joinedload(PlacementPlan.group))
            .order_by(Unit.name, PlacementPlan.start, Person.sort_key, PlacementPlan.id))

    def _narrowed(self) -> Any:
        """Those of one worker or one batch, as the address says."""
        query, batch = self._plans(), request.args.get("batch")
        if request.args.get("mine"):
            query = query.where(PlacementPlan.drafted_by_id == getattr(actor().user, "id", None))
        return query.where(PlacementPlan.batch == batch) if batch else query

    def _by_unit(self, plans: Sequence[PlacementPlan]) -> list[dict[str, Any]]:
        units = {plan.unit_id: plan.unit for plan in plans}
        fullest = self._fullest(list(units.values()))
        found = defaultdict(list)
        for plan in plans:
            found[plan.unit_id].append(self._line(plan))
        return [{"id": id, "name": units[id].name, "ask": units[id].ask_unit, "plans": lines, **fullest[id]}
                for id, lines in found.items()]

    def _fullest(self, units: list[Unit]) -> dict[int, dict[str, Any]]:
        """Of each unit the fullest month of the coming year, as confirmed and with everything that is thought of."""
        months = months_from(actor().today)
        peaks = grid.fullest_days(units, DateRange(months[0].start, months[-1].last_day))
        found = {}
        for unit in units:
            cells = cells_of(peaks[unit.id])
            top = {level: max((cell.levels[level] for cell in cells if cell.levels[level] is not None), default=None)
                   for level in peaks[unit.id].levels}
            draft = top[OccupancyKind.DRAFT]
            found[unit.id] = {
                "levels": told("placement.levels", **{str(level): said(value) for level, value in top.items()}),
                "over": draft is not None and draft > FULL}
        return found

    def _line(self, plan: PlacementPlan) -> dict[str, Any]:
        child = plan.application.child
        late = plan.answer_due is not None and plan.answer_due < actor().today
        return {
            "application": plan.application_id, "child": f"{child.first_name} {child.last_name}",
            "age": aged(child.born, plan.start), "period": plan.period, "daycare": plan.daycare,
            "group": plan.group.name if plan.group else "", "despite": plan.despite, "batch": plan.batch,
            "who": plan.drafted_by.name if plan.drafted_by else "",
            "at": moment(plan.drafted_at) if plan.drafted_at else "",
            "url": url_for("proposal.details_view", id=plan.id), "answer_due": plan.answer_due, "late": late,
        }

    @expose("/many", methods=("POST",))
    def many(self) -> Any:
        """First a preview of what will happen to which children, ticked or all of a unit; then all of them, or none."""
        verb = request.form.get("verb", "")
        if verb not in VERBS:
            abort(404)
        state, key, deed = VERBS[verb]
        ids = {row_number(id) for id in request.form.getlist("application")} - {None}
        query = self._plans().where(PlacementPlan.application_id.in_(ids))
        if unit := row_number(request.args.get("unit", "")):
            query, ids = self._narrowed().where(PlacementPlan.unit_id == unit), set()
        plans = list(db.session.scalars(query.where(PlacementPlan.status == state)))
        fit = [plan for plan in plans if verb != "propose" or plan.unit.ask_unit]
        left = [plan for plan in plans if plan not in fit]
        if request.form.get("confirmed") and fit:
            try:
                with transaction():
                    deed(actor(), [plan.application for plan in fit])
            except REFUSALS as no:
                if isinstance(no, Denied):
                    raise
                flash(told("bulk.stopped", row=told("placement.drafts"), why=sentence(no)), "error")
            else:
                flash(told("bulk.done", action=told(key), count=len(fit)), "success")
                return redirect(url_for(".drafts"))
        return self.render(  # type: ignore[attr-defined]
            "office/drafts_preview.html", heading=told(key), verb=verb, units=self._by_unit(fit),
            left=self._by_unit(left), count=len(fit), gone=len(ids) - len(plans),
            fact_line=told("placement.preview_facts", count=len(fit), units=len({plan.unit_id for plan in fit})),
            crumbs=[(told("menu.desk"), url_for(".index")), (told("placement.drafts"), url_for(".drafts"))])

"""Plans of places as the case worker and the directors follow them, and the places that came of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

from flask import g, url_for
from markupsafe import Markup
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import aliased, joinedload, selectinload

from evaka.access import may
from evaka.actions import Action
from evaka.actions.placement import change, grid, need_change  # noqa: F401  their actions are buttons of a place
from evaka.kit.dates import DateRange
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.placement import GroupPlacement, Placement, PlacementPlan, ServiceNeedPeriod
from evaka.models.unit import Unit
from evaka.rules.application import ApplicationStatus
from evaka.rules.placement import CareType, PlanStatus
from evaka.rules.unit import Figures, OccupancyKind, Peaks
from evaka.views.base import Button, Screen, link, linked
from evaka.views.filters import DayFilter, NamedFilter, RowFilter, StateFilter, YesNoFilter
from evaka.views.page import actor, aged, option_name, row_url, told, written
from evaka.views.placement.board import month_word, months_from
from evaka.views.placement.cells import said
from evaka.views.placement.preview import Foreseeing

OPEN_PLANS = (PlanStatus.DRAFT, PlanStatus.PROPOSED, PlanStatus.CONFIRMED)
FEW = 5  # units of which is told what their proposals do together; who has more of them has the desk
MANY = 200  # proposals


def to_replan() -> ColumnElement[bool]:
    """The unit has declined, and nobody has thought of another place yet."""
    waiting = select(Application.id).where(Application.status == ApplicationStatus.WAITING_PLACEMENT)
    return (PlacementPlan.status == PlanStatus.DECLINED) & PlacementPlan.application_id.in_(waiting)


def unanswered() -> ColumnElement[bool]:
    """The unit was asked, and the last day to answer has passed."""
    return (PlacementPlan.status == PlanStatus.PROPOSED) & (PlacementPlan.answer_due < actor().today)
NEED_ENDS = timedelta(days=30)  # ahead that a service need is told to end


def need_ends() -> ColumnElement[bool]:
    """Places that go on although the child's service need ends soon, and nobody has entered the next one."""
    today = actor().today
    last, following = aliased(ServiceNeedPeriod), aliased(ServiceNeedPeriod)
    ends = select(last.placement_id).where(
        last.end.between(today, today + NEED_ENDS), ~select(following.id).where(
            following.placement_id == last.placement_id, following.start > last.start).exists(),
        or_(Placement.end.is_(None), Placement.end > last.end), last.placement_id == Placement.id)
    return ends.exists()


class ProposalScreen(Screen):
    """Plans of places: the case worker follows them, the director of the unit confirms or declines."""

    feature = "placement"

    column_list = ("child", "unit", "start", "end", "service_need", "effect", "answer_due", "status")
    column_sortable_list = ("start", "status", "answer_due")
    column_default_sort: ClassVar = [("start", False), ("id", True)]  # of two plans for a child, the newer first
    column_filters = (
        StateFilter(PlacementPlan.status, "placement.status", PlanStatus),
        RowFilter(PlacementPlan.unit_id, "placement.unit", Unit),
        DayFilter(PlacementPlan.start, "decision.starts_from"),
        NamedFilter(PlacementPlan.id, "placement.to_replan", to_replan),
        NamedFilter(PlacementPlan.answer_due, "placement.unanswered", unanswered),
    )
    opens_with: ClassVar = {"flt0_0": "proposed"}
    column_details_list = (
        "status", "child", "unit", "group", "start", "end", "daycare", "care_type", "service_need", "despite",
        "drafted_by", "drafted_at", "proposed_at", "answer_due", "decline_reason", "reason", "suggested_unit",
        "suggested_start",
    )
    reading = True
    bulk = ("confirm", "decline")
    column_formatters = {
        "child": lambda view, _context, row, _name: str(row.application.child),
        "service_need": lambda view, _context, row, _name: option_name("service_needs", row.service_need),
        "effect": lambda view, _context, row, _name: view.effect(row),
        "answer_due": lambda view, _context, row, _name: view.answer_by(row),
        "decline_reason": lambda view, _context, row, _name: (
            option_name("declines", row.decline_reason) if row.decline_reason else ""),
    }
    column_formatters_detail: ClassVar = column_formatters | {
        "child": lambda view, _context, row, _name: linked(row.application.child),
    }

    def get_query(self) -> Any:
        return super().get_query().options(
            joinedload(PlacementPlan.application).joinedload(Application.child), joinedload(PlacementPlan.unit))

    def get_list(self, *args: Any, **kwargs: Any) -> Any:
        """The rows of a page, and what each would do to its unit, reckoned together."""
        count, rows = super().get_list(*args, **kwargs)
        g.effects = self._effects(rows)
        return count, rows

    def _effects(self, rows: Sequence[PlacementPlan]) -> dict[int, Peaks]:
        return grid.effects([row for row in rows if row.status in OPEN_PLANS], actor().today)

    def effect(self, row: PlacementPlan) -> str:
        """94,0 → 95,8 %: the fullest month of the place in the coming year without the child and with it."""
        peaks = g.get("effects", {}).get(row.id)
        return "" if peaks is None else effect_of(peaks, [row])

    @property
    def notices(self) -> list[str]:
        """What the proposals that wait for an answer would do together, of each unit that has several."""
        waiting = PlacementPlan.status == PlanStatus.PROPOSED
        rows = list(db.session.scalars(select(PlacementPlan).where(waiting, self.visible()).options(
            joinedload(PlacementPlan.application), joinedload(PlacementPlan.unit)).limit(MANY + 1)))
        return self.all_at_once(rows) if len(rows) <= MANY and len({row.unit_id for row in rows}) <= FEW else []

    def all_at_once(self, rows: Sequence[PlacementPlan]) -> list[str]:
        """Kaisla, 3 proposals together: 94,0 → 101,2 %.  What is asked alone, its own line tells."""
        of_unit: dict[Unit, list[PlacementPlan]] = defaultdict(list)
        for row in rows:
            of_unit[row.unit].append(row)
        several = {unit: plans for unit, plans in sorted(of_unit.items(), key=str) if len(plans) > 1}
        peaks = grid.together([row for plans in several.values() for row in plans], actor().today)
        return [told("placement.effect_together", unit=unit, count=len(plans), effect=effect)
                for unit, plans in several.items() if (effect := effect_of(peaks[unit.id], plans))]

    def answer_by(self, row: PlacementPlan) -> Any:
        if row.status is not PlanStatus.PROPOSED or row.answer_due is None:
            return ""
        late = row.answer_due < actor().today
        return self.badges([("bad", told("placement.answer_late", due=row.answer_due))]) if late else written(
            row.answer_due)

    def effects(self, action: Action, rows: list[Any]) -> dict[int, str]:
        """In the preview of many: what each of them does to its unit."""
        g.effects = self._effects(rows)
        return {row.id: told("placement.effect_of", effect=self.effect(row)) for row in rows if row.id in g.effects}

    def effects_together(self, action: Action, rows: list[Any]) -> list[str]:
        return self.all_at_once([row for row in rows if row.status in OPEN_PLANS]) if action.verb == "confirm" else []

    def row_heading(self, row: Any) -> str:
        child = row.application.child
        return told("placement.proposal_of", child=f"{child.first_name} {child.last_name}", unit=row.unit)

    def row_fact_line(self, row: Any) -> str:
        return f"{aged(row.application.child.born, actor().today)} · {row.period}"

    def facts(self, row: Any) -> list[tuple[str, Any]]:
        """What nobody has said is left out."""
        return [(label, value) for label, value in super().facts(row) if value not in (None, "")]

    def row_warnings(self, row: Any) -> list[dict[str, str]]:
        if row.status is PlanStatus.PROPOSED and row.answer_due is not None and row.answer_due < actor().today:
            return [{"look": "warn", "title": told("placement.unanswered"),
                     "text": told("placement.unanswered_text", due=row.answer_due)}]
        return []

    def buttons(self, row: Any) -> list[Button]:
        """And the case worker's way back: the question is withdrawn on the application."""
        found = super().buttons(row)
        asked = row.status in (PlanStatus.PROPOSED, PlanStatus.CONFIRMED)
        if asked and row.application.status is ApplicationStatus.WAITING_CONFIRMATION and may(
            actor(), "application.withdraw"
        ):
            found.append(Button(
                told("application.withdraw"), row_url("application.do", row.application_id, "withdraw"), "secondary"))
        return found

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        """The unit's occupancy over the coming year, with the child and without, each figure with its reckoning."""
        if row.status not in OPEN_PLANS:
            return []
        peaks = grid.effects([row], actor().today)[row.id]
        months = [month for month in months_from(actor().today) if month & row.period]
        shift = len(months_from(actor().today)) - len(months)
        before, after = peaks.levels[OccupancyKind.PLANNED][shift:], (peaks.whole or ())[shift:]
        head = [told("placement.month"), told("placement.without_child"), told("placement.with_child")]
        lines = [[link_to(month_word(month), "occupancy.index", unit=row.unit_id, month=month.start.isoformat()),
                  f"{said(percent(one))} %", f"{said(percent(other))} %"]
                 for month, one, other in zip(months, before, after, strict=False)]
        return [{"title": told("placement.occupancy"), "head": head, "rows": lines,
                 "empty": told("placement.begins_later"), "figures": [1, 2]}]


def effect_of(peaks: Peaks, plans: Sequence[PlacementPlan]) -> str:
    """94,0 → 95,8 %: the fullest month of the coming year in which one of the plans holds, without them and with."""
    there = [number for number, month in enumerate(months_from(actor().today))
             if any(month & plan.period for plan in plans)]
    if not there:
        return ""
    before = peaks.levels[OccupancyKind.PLANNED]
    after = peaks.whole or before  # a child of whom nothing is counted changes nothing
    return f"{said(highest([before[n] for n in there]))} → {said(highest([after[n] for n in there]))} %"


def highest(months: Sequence[Figures | None]) -> Decimal | None:
    return max((one.percentage for one in months if one and one.percentage is not None), default=None)


def percent(figures: Figures | None) -> Decimal | None:
    return figures.percentage if figures else None


def link_to(text: str, endpoint: str, **values: Any) -> Markup:
    return Markup('<a href="{}">{}</a>').format(url_for(endpoint, **values), text)


class PlacementScreen(Foreseeing, Screen):
    """The places of children, now and later, and everything that may be done to one."""

    column_list = ("child", "unit", "care_type", "group", "service_need", "start", "end")
    column_sortable_list = (("child", "child.sort_key"), "start", "end")
    column_default_sort = ("child.sort_key", False)
    opens_with: ClassVar = {"flt1_1": "1"}
    search_people = ("child_id",)
    reading = True
    bulk = ("place_in_group",)
    foreseen = (
        "placement.change_days", "placement.move", "placement.end_early", "placement.terminate", "placement.set_need",
    )
    main = ("placement.place_in_group", "placement.set_need", "placement.move")
    rare = ("placement.remove", "placement.guarantee", "need_change.ask", "placement.terminate")
    column_formatters = {
        "group": lambda view, _context, row, _name: ", ".join(
            str(one.group) for one in row.groups if max(actor().today, row.start) in one.period
        ) or told("placement.without_group"),
        "service_need": lambda view, _context, row, _name: ", ".join(
            option_name("service_needs", one.option) for one in row.needs),
    }
    column_details_list = ("child", "unit", "care_type", "group", "service_need", "start", "end", "guaranteed")
    column_filters = (
        RowFilter(Placement.unit_id, "placement.unit", Unit),
        NamedFilter(Placement.start, "placement.in_force", lambda: Placement.on(actor().today)),
        NamedFilter(Placement.id, "placement.without_group", lambda: Placement.id.not_in(
            select(GroupPlacement.placement_id).where(GroupPlacement.meets(DateRange(actor().today))))),
        StateFilter(Placement.care_type, "placement.care_type", CareType),
        YesNoFilter(Placement.guaranteed, "placement.guaranteed"),
        NamedFilter(Placement.id, "placement.need_ends", need_ends),
    )

    def get_query(self) -> Any:
        return super().get_query().options(
            joinedload(Placement.child), joinedload(Placement.unit), selectinload(Placement.needs),
            selectinload(Placement.groups).joinedload(GroupPlacement.group))

    def row_heading(self, row: Any) -> str:
        return told("placement.of", child=f"{row.child.first_name} {row.child.last_name}", unit=row.unit)

    def row_fact_line(self, row: Any) -> str:
        return str(row.period)

    def first_value(self, action: Any, name: str, row: Any) -> Any:
        """Days begin today, or with the place; changed ones as they stand."""
        if action.verb == "change_days" or name in ("guaranteed", "unit"):
            return getattr(row, name)
        if name == "service_need" and row.needs:
            return row.needs[-1].option
        return {"start": max(actor().today, row.start), "last_day": max(actor().today, row.start)}.get(name)

    def offers(self, action: Any, row: Any) -> bool:
        """Of a place that is over nothing is changed but its days; what has begun is ended, not taken away."""
        today = actor().today
        match action.key:
            case "placement.remove" | "placement.guarantee":
                return bool(row.start > today)
            case "placement.terminate":
                return bool(row.start <= today <= row.period.last_day)
            case "placement.change_days":
                return True
        return bool(row.period.last_day >= today)

    def row_warnings(self, row: Any) -> list[dict[str, str]]:
        if not row.guaranteed:
            return []
        return [{"look": "info", "title": told("placement.guaranteed"), "text": told("placement.guaranteed_text")}]

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        return [
            {"title": told("placement.groups"), "head": [told("placement.group"), told("placement.period")],
             "rows": [[str(one.group), str(one.period)] for one in row.groups],
             "empty": told("placement.without_group")},
            {"title": told("placement.needs"), "head": [told("placement.service_need"), told("placement.period")],
             "rows": [[option_name("service_needs", one.option), str(one.period)] for one in row.needs],
             "empty": told("person.nothing_here")},
            {"title": told("person.child"), "head": [told("person.name")], "empty": "",
             "rows": [[link(str(row.child), "person.details_view", row.child_id)]], "aside": True},
        ]



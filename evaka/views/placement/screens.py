"""Plans of places as the case worker and the directors follow them, and the places that came of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import aliased, joinedload, selectinload

from evaka.actions.unit import options, places_of, rows_of
from evaka.kit.dates import DateRange
from evaka.models.application import Application
from evaka.models.placement import GroupPlacement, Placement, PlacementPlan, ServiceNeedPeriod
from evaka.models.unit import Unit
from evaka.rules.application import ApplicationStatus
from evaka.rules.placement import CareType, PlanStatus
from evaka.rules.unit import Commitment, OccupancyKind, occupancy, peak
from evaka.views.base import Screen, link, linked
from evaka.views.filters import DayFilter, NamedFilter, RowFilter, StateFilter
from evaka.views.page import actor, aged, option_name, told
from evaka.views.placement.desk import months_from, percent, said

OPEN_PLANS = (PlanStatus.DRAFT, PlanStatus.PROPOSED, PlanStatus.CONFIRMED)


def to_replan() -> ColumnElement[bool]:
    """The unit has declined, and nobody has thought of another place yet."""
    waiting = select(Application.id).where(Application.status == ApplicationStatus.WAITING_PLACEMENT)
    return (PlacementPlan.status == PlanStatus.DECLINED) & PlacementPlan.application_id.in_(waiting)


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

    column_list = ("child", "unit", "start", "end", "service_need", "status")
    column_sortable_list = ("start", "status")
    column_default_sort: ClassVar = [("start", False), ("id", True)]  # of two plans for a child, the newer first
    column_filters = (
        StateFilter(PlacementPlan.status, "placement.status", PlanStatus),
        RowFilter(PlacementPlan.unit_id, "placement.unit", Unit),
        DayFilter(PlacementPlan.start, "decision.starts_from"),
        NamedFilter(PlacementPlan.id, "placement.to_replan", to_replan),
    )
    opens_with: ClassVar = {"flt0_0": "proposed"}
    column_details_list = ("status", "child", "unit", "start", "end", "care_type", "service_need", "reason")
    reading = True
    bulk = ("confirm",)
    column_formatters = {
        "child": lambda view, _context, row, _name: str(row.application.child),
        "service_need": lambda view, _context, row, _name: option_name("service_needs", row.service_need),
    }
    column_formatters_detail: ClassVar = column_formatters | {
        "child": lambda view, _context, row, _name: linked(row.application.child),
    }

    def get_query(self) -> Any:
        return super().get_query().options(
            joinedload(PlacementPlan.application).joinedload(Application.child), joinedload(PlacementPlan.unit))

    def row_heading(self, row: Any) -> str:
        child = row.application.child
        return told("placement.proposal_of", child=f"{child.first_name} {child.last_name}", unit=row.unit)

    def row_fact_line(self, row: Any) -> str:
        return f"{aged(row.application.child.born)} · {row.period}"

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        """The unit's occupancy over the place's first year, with the child and without."""
        months = [month for month in months_from(max(actor().today, row.start)) if month & row.period]
        if row.status not in OPEN_PLANS or not months:
            return []
        period = DateRange(months[0].start, months[-1].last_day)
        places, rows = places_of([row.unit], period), rows_of([row.unit], period)
        others = [stay for stay in rows.stays
                  if not (stay.child == row.application.child_id and stay.commitment is not Commitment.PLACED)]
        without = type(rows)(stays=others)
        kind = OccupancyKind.DRAFT if row.status is PlanStatus.DRAFT else OccupancyKind.PLANNED
        now = occupancy(places, without, kind, period, options())[row.unit_id]
        then = occupancy(places, rows, kind, period, options())[row.unit_id]
        head = [told("placement.month"), told("placement.without_child"), told("placement.with_child")]
        lines = [[f"{month.start.month}/{month.start.year}", f"{said(percent(peak(now, month)))} %",
                  f"{said(percent(peak(then, month)))} %"] for month in months]
        return [{"title": told("placement.occupancy"), "head": head, "rows": lines, "empty": "", "figures": [1, 2]}]


class PlacementScreen(Screen):
    """The places of children, now and later."""

    column_list = ("child", "unit", "care_type", "group", "service_need", "start", "end")
    column_sortable_list = (("child", "child.sort_key"), "start", "end")
    column_default_sort = ("child.sort_key", False)
    opens_with: ClassVar = {"flt1_1": "1"}
    search_people = ("child_id",)
    reading = True
    bulk = ("place_in_group",)
    column_formatters = {
        "group": lambda view, _context, row, _name: ", ".join(
            str(one.group) for one in row.groups if max(actor().today, row.start) in one.period
        ) or told("placement.without_group"),
        "service_need": lambda view, _context, row, _name: ", ".join(
            option_name("service_needs", one.option) for one in row.needs),
    }
    column_details_list = ("child", "unit", "care_type", "group", "service_need", "start", "end")
    column_filters = (
        RowFilter(Placement.unit_id, "placement.unit", Unit),
        NamedFilter(Placement.start, "placement.in_force", lambda: Placement.on(actor().today)),
        NamedFilter(Placement.id, "placement.without_group", lambda: Placement.id.not_in(
            select(GroupPlacement.placement_id).where(GroupPlacement.meets(DateRange(actor().today))))),
        StateFilter(Placement.care_type, "placement.care_type", CareType),
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
        return max(actor().today, row.start) if name == "start" else None

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



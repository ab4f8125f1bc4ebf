"""Absences as the office, the directors and the staff see them, and as guardians tell of them."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import Select, false, select
from sqlalchemy.orm import joinedload
from wtforms.fields.choices import SelectChoice

from evaka.access import Actor
from evaka.actions import Action
from evaka.actions.attendance import policy, reporter_of
from evaka.kit.dates import DateRange
from evaka.models.attendance import Absence
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.person.custody import told_children
from evaka.models.placement import Placement, children_with
from evaka.rules.attendance import FREE_AND_PAID, AbsenceKind, Reporter
from evaka.rules.unit import Feature
from evaka.views.base import Screen
from evaka.views.filters import DayFilter, StateFilter
from evaka.views.page import actor, aged, told, word_of, written


def tells_absences(by: Actor) -> Select[tuple[bool]]:
    """Whether a guardian may tell of absences where a child has its place."""
    return select(told_of(by).exists())


def told_of(by: Actor) -> Select[tuple[int]]:
    """The own children who have a place where absences are told."""
    if by.user is None or by.user.person_id is None:
        return select(Placement.child_id).where(false())
    children = told_children(by.user.person_id, by.today)
    return children_with(Feature.ABSENCES, by.today).where(Placement.child_id.in_(children))


def shaped(form: Any, child: Person) -> Any:
    """The form of an absence with the kinds that this person may tell of, and a part of the day where it has two."""
    by = actor()
    reporter = reporter_of(by, child)
    form.kind.choices = [one for one in form.kind.choices if one.value in policy().kinds(reporter)]
    care = set(db.session.scalars(select(Placement.care_type).where(
        Placement.child_id == child.id, Placement.meets(DateRange(by.today)))))
    if reporter is Reporter.GUARDIAN or not care & FREE_AND_PAID:
        del form.part
    else:
        form.part.choices = [SelectChoice("", told("attendance.whole_day")), *form.part.choices[1:]]
    return form


class AttendanceScreen(Screen):
    column_list = ("child", "day", "kind", "category", "reported_by")
    column_sortable_list = (("child", "child.sort_key"), "day", "kind")
    column_default_sort = ("day", True)
    column_filters = (
        DayFilter(Absence.day, "attendance.from"),
        DayFilter(Absence.day, "attendance.to", last=True),
        StateFilter(Absence.kind, "attendance.kind", AbsenceKind),
        StateFilter(Absence.reported_by, "attendance.reported_by", Reporter),
    )
    search_people = ("child_id",)
    bulk = ("remove",)
    column_details_list = ("child", "day", "kind", "category", "reported_by")

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(Absence.child))

    def row_heading(self, row: Any) -> str:
        return told("attendance.of", child=f"{row.child.first_name} {row.child.last_name}", day=written(row.day))


class MyAbsences(Screen):
    """The guardian sees a child's absences to come, and tells of another one."""

    feature = "person"
    can_export = False
    column_list = ("name", "age")
    column_sortable_list = ()
    column_default_sort = ("born", False)
    column_formatters: ClassVar = {
        "name": lambda _view, _context, row, _name: f"{row.first_name} {row.last_name}",
        "age": lambda _view, _context, row, _name: aged(row.born),
    }

    @property
    def help(self) -> str:
        return told("attendance.my_help")

    def row_heading(self, row: Any) -> str:
        return f"{row.first_name} {row.last_name}"

    def facts(self, row: Any) -> list[tuple[str, Any]]:
        return [(told("person.born"), written(row.born)), (told("person.age"), aged(row.born))]

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        rows = db.session.scalars(
            select(Absence)
            .where(Absence.child_id == row.id, Absence.day >= actor().today.replace(day=1))
            .order_by(Absence.day)
        )
        days = {one.day: one for one in rows}  # the parts of a day are one to the family
        return [
            {
                "title": told("attendance.title"),
                "empty": told("attendance.none_told"),
                "head": [told("attendance.day"), told("attendance.kind"), told("attendance.reported_by")],
                "rows": [[written(day), word_of(one.kind), word_of(one.reported_by)] for day, one in days.items()],
            }
        ]

    def file(self, row: Any) -> dict[str, Any]:
        """Who did what in the office is not the family's to read."""
        return super().file(row) | {"history": []}

    def offers(self, action: Action, row: Any) -> bool:
        return action.key in ("attendance.absent", "attendance.apply_leave") and db.session.scalar(
            told_of(actor()).where(Placement.child_id == row.id).limit(1)) is not None

    def action_form(self, action: Action, row: Any) -> Any:
        form = super().action_form(action, row)
        return shaped(form, row) if action.key == "attendance.absent" else form

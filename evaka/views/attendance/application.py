"""Applications for long absences: as the unit answers them, and as a guardian asks."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from evaka.access import Actor, within
from evaka.actions import Action
from evaka.actions.attendance.application import policy
from evaka.models.attendance import AbsenceApplication
from evaka.models.base import db
from evaka.models.person import Person
from evaka.rules.attendance import AbsenceApplicationStatus
from evaka.views.attendance import told_of
from evaka.views.base import Button, Screen
from evaka.views.filters import StateFilter
from evaka.views.page import actor, row_url, told


def leave_waiting(by: Actor) -> Select[Any]:
    """How many applications wait for the reader's answer."""
    return select(func.count()).select_from(AbsenceApplication).where(
        AbsenceApplication.status == AbsenceApplicationStatus.WAITING,
        within(by, "attendance.accept_application", AbsenceApplication))


class LeaveScreen(Screen):
    feature = "attendance"
    column_list = ("child", "start", "end", "status", "made_at")
    column_details_list = ("child", "start", "end", "reason", "person", "status", "made_at", "answered_at",
                           "answered_by", "answer")
    column_sortable_list = (("child", "child.sort_key"), "start", "end", "status", "made_at")
    column_default_sort = ("start", False)
    column_filters = (StateFilter(AbsenceApplication.status, "attendance.status", AbsenceApplicationStatus),)
    opens_with: ClassVar = {"flt0_0": "waiting"}
    search_people = ("child_id",)
    main = ("attendance.accept_application",)
    reading = True

    @property
    def help(self) -> str:
        return told("attendance.applications_help", most=policy().staff_answer_days)

    def get_query(self) -> Any:
        return super().get_query().options(
            joinedload(AbsenceApplication.child), joinedload(AbsenceApplication.person),
            joinedload(AbsenceApplication.answered_by))

    def row_heading(self, row: Any) -> str:
        return told("attendance.application_of", child=f"{row.child.first_name} {row.child.last_name}")

    def offers(self, action: Action, row: Any) -> bool:
        return action.verb != "withdraw_application"


class MyLeave(Screen):
    """A guardian's own applications; a new one is made on the child's page."""

    feature = "attendance"
    can_export = False
    column_list = ("child", "start", "end", "status")
    column_details_list = ("child", "start", "end", "reason", "status", "answer")
    column_sortable_list = ()
    column_default_sort = ("start", True)

    @property
    def help(self) -> str:
        return told("attendance.my_application_help")

    def head_buttons(self) -> list[Button]:
        """One for each child that has a place where absences are told."""
        children = db.session.scalars(select(Person).where(Person.id.in_(told_of(actor()))).order_by(Person.born))
        return [Button(told("attendance.apply_for", name=one.call_name),
                       row_url("my_attendance.do", one.id, "attendance.apply_leave"), "primary") for one in children]

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(AbsenceApplication.child))

    def row_heading(self, row: Any) -> str:
        return told("attendance.application_of", child=row.child.call_name)

    def offers(self, action: Action, row: Any) -> bool:
        user = actor().user
        return (action.verb == "withdraw_application" and row.status is AbsenceApplicationStatus.WAITING
                and user is not None and row.person_id == user.person_id)

    def file(self, row: Any) -> dict[str, Any]:
        """Who did what in the office is not the family's to read."""
        return super().file(row) | {"history": []}

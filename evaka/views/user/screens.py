"""Users and their roles, as an administrator keeps them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from flask import flash, g, url_for
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload, selectinload
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from evaka.access import may, permitted, within
from evaka.actions import Action
from evaka.actions import user as act
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.unit import Group, Unit
from evaka.models.user import Grant, User, is_staff
from evaka.texts import LANGUAGES, knows
from evaka.views.base import Button, Screen, link
from evaka.views.filters import NamedFilter, RowFilter, TableFilter, YesNoFilter
from evaka.views.forms import by_name, choosable
from evaka.views.page import Lazy, actor, browser_name, moment, now, option_name, told, written


def has_role(role: str) -> ColumnElement[bool]:
    """Users who hold a role today."""
    return User.id.in_(select(Grant.user_id).where(Grant.role == role, Grant.on(actor().today)))


def works_in(unit_id: int) -> ColumnElement[bool]:
    """Users who hold a role in a unit today, or will."""
    today = actor().today
    return User.id.in_(
        select(Grant.user_id).where(Grant.of_units({unit_id}, today), Grant.meets(DateRange(today))))


class UserScreen(Screen):
    """Who may log in; a guardian's user belongs to a person."""

    feature = "user"
    can_create = can_edit = True
    column_list = ("name", "email", "roles", "last_login", "second_factor", "active")
    column_sortable_list = ("name", "email", "last_login")
    column_default_sort = ("name", False)
    column_filters = (
        NamedFilter(User.person_id, "user.staff", is_staff),
        TableFilter(User.id, "user.role", "roles", has_role),
        RowFilter(User.id, "user.unit", Unit, works_in),
        YesNoFilter(User.active, "user.active"),
        NamedFilter(User.last_login, "user.closed_soon", lambda: act.closed_soon(actor().today)),
    )
    opens_with = {"flt0_0": "1"}
    main = ("user.give_role",)
    rare = ("user.reset_second_factor", "user.end_sessions", "user.deactivate")
    search_columns = ("name", "email")
    form_columns = ("name", "email", "language")
    form_overrides = {"language": SelectField}
    form_args = {"language": {"choices": [SelectChoice(one, Lazy(f"language.{one}")) for one in LANGUAGES]}}
    column_details_list = ("name", "email", "language", "active", "second_factor", "person", "last_login")
    column_formatters = {
        "email": lambda view, _context, row, _name: row.log_in_name or told("user.only_strong"),
        "roles": lambda view, _context, row, _name: roles_of(row),
        "second_factor": lambda view, _context, row, _name: told("yes") if row.totp_secret else "",
        "language": lambda view, _context, row, _name: told(f"language.{row.language}"),
        "last_login": lambda view, _context, row, _name: (
            written(row.last_login.date()) if row.last_login else told("user.never")),
    }
    column_formatters_detail: ClassVar = column_formatters | {
        "last_login": lambda view, _context, row, _name: (
            moment(row.last_login) if row.last_login else told("user.never")),
    }

    def get_query(self) -> Any:
        grants = selectinload(User.grants)
        return super().get_query().options(
            grants.joinedload(Grant.unit), grants.joinedload(Grant.group).joinedload(Group.unit))

    def before_save(self, form: Any, row: Any, created: bool) -> None:
        row.email = act.login_name(row.email)
        act.check_email(row.email)
        row.language = row.language or LANGUAGES[0]

    def after_save(self, form: Any, row: Any, created: bool) -> None:
        if created:
            g.shown_once = act.first_password(row, actor())

    def create_model(self, form: Any) -> Any:
        row = super().create_model(form)
        if row and "shown_once" in g:
            flash(told("user.first_password", name=row.name, password=g.shown_once), "info")
        return row

    def offers(self, action: Action, row: Any) -> bool:
        match action.verb:
            case "activate":
                return not row.active
            case "deactivate":
                return bool(row.active and row.id != actor().user.id)
            case "reset_second_factor":
                return bool(row.totp_secret)
            case "give_role":
                return bool(row.active and row.id != actor().user.id)
            case "reset_password":
                return bool(row.log_in_name) and self.is_ones_own(row)
            case "arrive" | "leave":  # on the unit's tablets
                return False
            case "set_pin" | "set_number" | "set_coefficient":
                return row.person_id is None
        return True

    def is_ones_own(self, row: Any) -> bool:
        """Whoever keeps the staff of a unit helps only those who have no other rights."""
        try:
            act.check_only_local(row, actor(), "user.reset_password")
        except Refused:
            return False
        return True

    def action_form(self, action: Action, row: Any) -> Any:
        form = super().action_form(action, row)
        if action.verb == "give_role":
            ask_place(form)
        return form

    def first_value(self, action: Action, name: str, row: Any) -> Any:
        return actor().today if name == "start" else None

    def row_fact_line(self, row: Any) -> str:
        return roles_of(row) or told("user.no_roles")

    def row_warnings(self, row: Any) -> list[dict[str, str]]:
        """What must be noticed: closed, soon to be closed, or without a role."""
        if not row.active:
            return [{"look": "bad", "title": told("user.is_closed"), "text": told(row.closed_reason)
                     if knows(row.closed_reason) else row.closed_reason}]
        soon = db.session.scalar(select(User.id).where(User.id == row.id, act.closed_soon(actor().today)))
        if soon:
            why = told("user.closed_soon.why", weeks=act.rights().idle_weeks)
            return [{"look": "warn", "title": told("user.closed_soon"), "text": why}]
        return []

    def after(self, action: Action, row: Any, result: Any) -> str:
        if action.verb == "reset_password":
            flash(told("user.first_password", name=row.name, password=result), "info")
        return super().after(action, row, result)

    def buttons(self, row: Any) -> list[Button]:
        found = super().buttons(row)
        if may(actor(), "journal.view"):
            found.append(Button(told("journal.what_done"), url_for("journal.user_page", id=row.id), "secondary"))
        return found

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        seen = permitted(actor(), "user.view", Grant, {one.id for one in row.grants})
        grants = [
            [link(name_of(one), "grant.details_view", one.id) if one.id in seen else name_of(one), place_of(one),
             str(one.period)]
            for one in sorted(row.grants, key=lambda one: (one.period.last_day, one.start), reverse=True)
        ]
        found = [
            {"title": told("user.grants"), "head": [told("user.role"), told("user.unit"), told("user.period")],
             "rows": grants, "empty": told("user.no_grants")}]
        if self.permits({"end": "user.end_sessions"}, row)["end"]:
            sessions = [
                [moment(one.seen), one.address, browser_name(one.agent)] for one in act.open_sessions(row, now())]
            found.append(
                {"title": told("user.sessions"), "rows": sessions, "empty": told("user.no_sessions"), "aside": True,
                 "head": [told("user.seen"), told("user.address"), told("user.agent")]})
        return found


STAFF_ENDS = timedelta(days=14)  # ahead that somebody of the staff is told to leave


def staff_ends() -> ColumnElement[bool]:
    """Staff, substitutes among them, whose time in a unit ends soon."""
    today = actor().today
    return (Grant.role == act.rights().local_role) & Grant.on(today) & Grant.end.is_not(None) & (
        Grant.end <= today + STAFF_ENDS)


class GrantScreen(Screen):
    """The roles of users, over time."""

    feature = "user"
    column_list = ("user", "role", "unit", "group", "start", "end")
    column_default_sort = ("id", True)
    column_details_list = ("user", "role", "unit", "group", "start", "end")
    column_filters = (NamedFilter(Grant.id, "user.staff_ends", staff_ends),)
    column_formatters = {"role": lambda view, _context, row, _name: name_of(row)}
    main = ("user.change_groups",)

    def get_query(self) -> Any:
        return super().get_query().options(
            joinedload(Grant.user), joinedload(Grant.unit), joinedload(Grant.group).joinedload(Group.unit))

    def offers(self, action: Action, row: Any) -> bool:
        """Nobody keeps their own roles, and whoever keeps a unit's staff only those of its staff."""
        ended = row.end is not None and row.end < actor().today
        if row.user_id == actor().user.id or ended:
            return False
        if not act.everywhere(actor(), action.key) and row.role != act.rights().local_role:
            return False
        match action.verb:
            case "change_groups":
                return row.group is not None
            case "drop_grant":
                return bool(row.start > actor().today)
        return True

    def action_form(self, action: Action, row: Any) -> Any:
        form = super().action_form(action, row)
        if action.verb == "change_groups":
            unit = act.unit_of(row)
            form.groups.rows = lambda: groups_of(unit)
        return form

    def first_value(self, action: Action, name: str, row: Any) -> Any:
        match name:
            case "end" | "start":
                return actor().today
            case "groups":
                unit = act.unit_of(row)
                return [one.group for one in row.user.grants if one.role == row.role and one.group is not None
                        and act.unit_of(one) == unit and actor().today in one.period]
        return None

    def row_heading(self, row: Any) -> str:
        return f"{row.user}: {told(f'role.{row.role}')}"


def place_of(one: Grant) -> str:
    """Where a role holds: a unit, a group of it, or everywhere."""
    if one.group is not None:
        return f"{one.group.unit}, {one.group}"
    return str(one.unit) if one.unit is not None else told("user.everywhere")


def name_of(one: Grant) -> str:
    """A role in words; a substitute's says so."""
    word = told(f"role.{one.role}")
    return told("user.as_substitute", role=word) if one.substitute else word


def roles_of(user: User) -> str:
    """Today's roles in words, each once, with the units where it holds, and the groups of each."""
    found: dict[str, dict[str, list[str]]] = {}
    for one in user.grants:
        if actor().today in one.period:
            units = found.setdefault(name_of(one), {})
            if (unit := act.unit_of(one)) is not None:
                units.setdefault(unit.name, []).extend([one.group.name] if one.group else [])
    return ", ".join(f"{role} ({'; '.join(map(_with_groups, units.items()))})" if units else role
                     for role, units in found.items())


def _with_groups(place: tuple[str, list[str]]) -> str:
    unit, groups = place
    return f"{unit}: {', '.join(groups)}" if groups else unit


# -- the forms in which a place is chosen -----------------------------------------------------------------


def groups_of(unit: Unit | None) -> list[Any]:
    """The groups of a unit that work today or later."""
    return by_name(choosable(Group, unit, actor())) if unit is not None else []


def ask_place(form: Any) -> None:
    """Groups are asked of the unit that was chosen; whoever gives one role alone is asked of no other."""
    units = form.unit.offered()
    if form.unit.data is None and len(units) == 1:
        form.unit.data = units[0]
    form.groups.rows = lambda: groups_of(form.unit.data)
    if form.unit.data is None:
        form.groups.description = told("user.groups_after_unit")
    if not act.everywhere(actor(), "user.give_role"):
        only = act.rights().local_role
        form.role.choices = [SelectChoice(only, option_name("roles", only))]


def told_password(result: tuple[User, str | None]) -> None:
    """Who begins in a unit, and the one-time password of a new log-in."""
    user, password = result
    if password is not None:
        flash(told("user.first_password", name=user.name, password=password), "info")
    else:
        flash(told("user.known_already", name=user.name), "info")


# -- a part of the unit's file ------------------------------------------------------------------------------


def staff_of(unit: Unit) -> dict[str, Any] | None:
    """Who has which role in a unit, in which groups and until when; None for whoever may not see it."""
    by = actor()
    if not may(by, "user.view"):
        return None
    grants = db.session.scalars(
        select(Grant).join(User, User.id == Grant.user_id)
        .where(Grant.of_units({unit.id}, by.today), Grant.meets(DateRange(by.today)), within(by, "user.view", Grant))
        .options(joinedload(Grant.user), joinedload(Grant.group)).order_by(User.name, Grant.start, Grant.id)).all()
    people: dict[tuple[int, str, Any, Any], list[Grant]] = {}
    for one in grants:
        people.setdefault((one.user_id, name_of(one), one.start, one.end), []).append(one)
    rows = [
        [link(some[0].user.name, "users.details_view", user_id), link(role, "grant.details_view", some[0].id),
         ", ".join(sorted(one.group.name for one in some if one.group)) or told("user.whole_unit"),
         str(DateRange(start, end)) if start > by.today else written(end) if end else told("user.open_ended")]
        for (user_id, role, start, end), some in people.items()
    ]
    return {
        "title": told("user.staff_of_unit"), "note": str(len({user_id for user_id, *_ in people})), "rows": rows,
        "empty": told("user.no_staff"),
        "head": [told("user.name"), told("user.role"), told("user.groups"), told("user.until")],
    }

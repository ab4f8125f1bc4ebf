"""Users and their roles, as an administrator keeps them."""

from __future__ import annotations

from typing import Any

from flask import flash, g, url_for
from sqlalchemy.orm import joinedload, selectinload
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from evaka.access import may
from evaka.actions import Action
from evaka.actions import user as act
from evaka.models.unit import Group
from evaka.models.user import Grant, User
from evaka.texts import LANGUAGES
from evaka.views.base import Button, Screen, link
from evaka.views.filters import NamedFilter, YesNoFilter
from evaka.views.page import Lazy, actor, browser_name, moment, now, told


class UserScreen(Screen):
    """Who may log in; a guardian's user belongs to a person."""

    feature = "user"
    can_create = can_edit = True
    column_list = ("name", "email", "roles", "active", "second_factor", "last_login")
    column_sortable_list = ("name", "email", "last_login")
    column_default_sort = ("name", False)
    column_filters = (
        NamedFilter(User.person_id, "user.staff", lambda: User.person_id.is_(None)),
        YesNoFilter(User.active, "user.active"),
    )
    opens_with = {"flt0_0": "1"}
    main = ("user.grant",)
    rare = ("user.reset_second_factor", "user.end_sessions", "user.deactivate")
    search_columns = ("name", "email")
    form_columns = ("name", "email", "language")
    form_overrides = {"language": SelectField}
    form_args = {"language": {"choices": [SelectChoice(one, Lazy(f"language.{one}")) for one in LANGUAGES]}}
    column_details_list = ("name", "email", "language", "active", "second_factor", "person", "last_login")
    column_formatters = {
        "roles": lambda view, _context, row, _name: ", ".join(
            f"{told(f'role.{one.role}')}{f' ({place_of(one)})' if one.unit or one.group else ''}" for one in row.grants
            if actor().today in one.period),
        "second_factor": lambda view, _context, row, _name: told("yes") if row.totp_secret else "",
        "language": lambda view, _context, row, _name: told(f"language.{row.language}"),
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
        return True

    def first_value(self, action: Action, name: str, row: Any) -> Any:
        return actor().today if name == "start" else None

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
        grants = [
            [link(told(f"role.{one.role}"), "grant.details_view", one.id), place_of(one), str(one.period)]
            for one in row.grants
        ]
        sessions = [[moment(one.seen), one.address, browser_name(one.agent)] for one in act.open_sessions(row, now())]
        return [
            {"title": told("user.grants"), "head": [told("user.role"), told("user.unit"), told("user.period")],
             "rows": grants, "empty": told("user.no_grants")},
            {"title": told("user.sessions"), "rows": sessions, "empty": told("user.no_sessions"), "aside": True,
             "head": [told("user.seen"), told("user.address"), told("user.agent")]},
        ]


class GrantScreen(Screen):
    """The roles of users, over time."""

    feature = "user"
    column_list = ("user", "role", "unit", "group", "start", "end")
    column_default_sort = ("id", True)
    column_details_list = ("user", "role", "unit", "group", "start", "end")
    column_formatters = {"role": lambda view, _context, row, _name: told(f"role.{row.role}")}

    def get_query(self) -> Any:
        return super().get_query().options(
            joinedload(Grant.user), joinedload(Grant.unit), joinedload(Grant.group))

    def offers(self, action: Action, row: Any) -> bool:
        return bool(row.user_id != actor().user.id)

    def first_value(self, action: Action, name: str, row: Any) -> Any:
        return actor().today if name == "end" else None

    def row_heading(self, row: Any) -> str:
        return f"{row.user}: {told(f'role.{row.role}')}"


def place_of(one: Grant) -> str:
    """Where a role holds: a unit, a group of it, or everywhere."""
    if one.group is not None:
        return f"{one.group.unit}, {one.group}"
    return str(one.unit) if one.unit is not None else told("user.everywhere")

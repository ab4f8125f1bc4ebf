"""Rights: roles × actions × reach, a role written anew, and the program as somebody else sees it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import abort, current_app, g, redirect, request, url_for
from flask_admin import expose
from sqlalchemy import func, or_, select

from evaka import city
from evaka.access import REACHES, Actor, Claim, may, permitted, reaches, require_any, why, within
from evaka.actions import of_model
from evaka.kit.errors import ConfigMistake
from evaka.models.base import Model, db
from evaka.models.city import CityTable
from evaka.models.unit import Group, Unit
from evaka.models.user import User
from evaka.views.base import Button, Page, Screen, row_number
from evaka.views.city.tables import TableForm, in_force_text, is_new_name, save
from evaka.views.city.words import by_feature, feature_name, roles, said
from evaka.views.page import actor, option_name, told, word_of

MOST = 20  # users and rows that are offered


class Rights(Page):
    """The matrix of the city's roles."""

    permission = "city.view"

    # -- the matrix ---------------------------------------------------------------------------------

    @expose("/")
    def index(self) -> Any:
        """Who may do what, and how far: every action × every role."""
        chosen = request.args.get("feature", "")
        named = roles()
        rooms = [
            {"name": feature, "title": feature_name(feature), "rows": [
                {"key": key, "words": said(key), "cells": [[how for how in REACHES if how in reaches(role, key)]
                                                           for role, _ in named]}
                for key in keys]}
            for feature, keys in by_feature()
        ]
        buttons = []
        if may(actor(), "city.simulate"):
            buttons.append(Button(told("rights.simulate"), self.get_url(".simulate"), "secondary"))
        return self.render(
            "city/rights.html", rooms=[room for room in rooms if not chosen or room["name"] == chosen], roles=named,
            features=[(room["name"], room["title"]) for room in rooms], chosen=chosen, buttons=buttons,
            may_write=may(actor(), "city.create"), versions=url_for("city_version.index_view"),
        )

    # -- one role -----------------------------------------------------------------------------------

    @expose("/role/", methods=("GET", "POST"))
    def role(self) -> Any:
        """A role as tick boxes; what is ticked becomes a draft of its table."""
        require_any(actor(), "city.create")
        role = request.args.get("role", "").strip()
        if not (role in city.read("roles") or is_new_name(role)):
            abort(404)
        version = None
        if "id" in request.args:
            version = db.session.get(CityTable, row_number(request.args["id"]) or 0) or abort(404)
            if version.file != "roles" or version.table != role:
                abort(404)
        form = TableForm(request.form if request.method == "POST" else None)
        if request.method == "POST":
            ticked = ticked_table(request.form.getlist("reach"))
            form.content.data = role_text(role, ticked)
            if form.validate() and (saved := save(form, "roles", role, version)) is not None:
                return redirect(url_for("city_version.details_view", id=saved))
        else:
            ticked = table_of(version.content if version else in_force_text("roles", role), role)
            form.start.data = version.start if version else actor().today
            form.reason.data = version.reason if version else ""
            form.row_version.data = version.version if version else ""
        return self.render(
            "city/role.html", form=form, role=role, rooms=self._rooms(ticked), reaches=REACHES,
            heading=told("rights.of_role", role=option_name("roles", role)), back=self.get_url(".index"),
            crumbs=[(self.heading, self.get_url(".index"))],
        )

    def _rooms(self, ticked: dict[str, list[str]]) -> list[dict[str, Any]]:
        """The rows of the form by room: the whole room first, then each action, then patterns of the table's own."""
        rooms: list[dict[str, Any]] = [{"title": told("rights.everything"), "patterns": ["*"]}]
        known = {"*"}
        for feature, keys in by_feature():
            patterns = [f"{feature}.*", *keys]
            known.update(patterns)
            rooms.append({"title": feature_name(feature), "patterns": patterns})
        if others := [pattern for pattern in ticked if pattern not in known]:
            rooms.append({"title": told("rights.other_patterns"), "patterns": others})
        for room in rooms:
            room["rows"] = [(one, said(one), ticked.get(one, [])) for one in room["patterns"]]
            room["count"] = sum(bool(hows) for _, _, hows in room["rows"])
        return rooms

    # -- as somebody else ---------------------------------------------------------------------------

    @expose("/simulate/")
    def simulate(self) -> Any:
        """The menu, the rows and the buttons of a person, and why that person may or may not do a thing to a row."""
        require_any(actor(), "city.simulate")
        sought, id = request.args.get("who", "").strip(), row_number(request.args.get("user", ""))
        user = db.session.get(User, id) if id else None
        found = [] if user else self._users(sought)
        if user is None and len(found) == 1 and sought:
            user = found[0]
        shown: dict[str, Any] = {}
        if user is not None:
            g.setdefault("reads", []).append(("city.simulate", user, {"kind": request.args.get("kind", "")}))
            shown = self._seen_by(user)
        return self.render(
            "city/simulate.html", user=user, found=found, sought=sought, heading=told("rights.simulate"),
            crumbs=[(self.heading, self.get_url(".index"))], **shown,
        )

    def _users(self, sought: str) -> list[User]:
        """Users whose name or log-in holds what was typed."""
        if not sought:
            return []
        part = or_(User.name.icontains(sought, autoescape=True), User.email.icontains(sought, autoescape=True))
        return list(db.session.scalars(
            select(User).where(part, within(actor(), "user.view", User)).order_by(User.name).limit(MOST)))

    def _seen_by(self, user: User) -> dict[str, Any]:
        from evaka.views.shell import menu  # the shell stands on the menus, and so on this page

        screens = office_screens()
        kind = request.args.get("kind", "")
        view = next((one for one in screens if one.endpoint == kind), None)
        me = actor()
        row = self._row(view, me) if view else None
        with as_actor(user) as other:
            opens = may(other, "office.view")
            seen = {
                "grants": [grant_words(role, unit, group) for role, unit, group in other.grants],
                "their_menu": menu() if opens else [], "opens": opens, "guardian": may(other, "my.view"),
                "kinds": [(one.endpoint, one.heading) for one in screens],
                "kind": kind, "number": request.args.get("number", ""),
            }
            if view is not None:
                seen["rows"], seen["count"] = self._rows(view, me)
                seen["list_name"] = view.heading
                seen["opens_list"] = opens and may(other, f"{view.feature}.view")
            if view is not None and row is not None:
                seen["row_name"] = view.row_heading(row)
                seen["verdicts"] = self._verdicts(view, row, other)
            elif seen["number"] and view is not None:
                seen["unknown_row"] = True
        return seen

    def _row(self, view: Screen, me: Actor) -> Model | None:
        """The row that is asked about, if the one who asks may see it too."""
        number = row_number(request.args.get("number", "").strip())
        if number is None:
            return None
        return db.session.scalar(
            select(view.model).where(view.model.id == number, within(me, f"{view.feature}.view", view.model)))

    def _rows(self, view: Screen, me: Actor) -> tuple[list[tuple[int, str]], int]:
        """The newest rows of a list as the other sees it; of them those that the one who asks may see too."""
        theirs = view.visible()
        count = db.session.scalar(select(func.count()).select_from(view.model).where(theirs)) or 0
        both = select(view.model).where(theirs, within(me, f"{view.feature}.view", view.model))
        found = db.session.scalars(both.order_by(view.model.id.desc()).limit(MOST))
        return [(row.id, view.row_heading(row)) for row in found], count

    def _verdicts(self, view: Screen, row: Model, other: Actor) -> list[dict[str, Any]]:
        """Of each action of a row: yes or no, and why."""
        keys = [f"{view.feature}.view", *(one.key for one in of_model(view.model))]
        if view.can_edit:
            keys.append(f"{view.feature}.edit")
        if view.can_delete:
            keys.append(f"{view.feature}.delete")
        return [self._verdict(view, row, other, key) for key in dict.fromkeys(keys)]

    def _verdict(self, view: Screen, row: Model, other: Actor, key: str) -> dict[str, Any]:
        found = why(other, key, row)
        allowed = bool(permitted(other, key, view.model, {row.id}))
        reasons = [claim_words(claim, reached) for claim, reached in found] or [told("rights.no_claim")]
        verb = key.partition(".")[2]
        now = True
        if row.workflow and verb in row.workflow.moves and verb not in row.workflow.verbs(row.status):
            now = False
            reasons.append(told("rights.not_in_state", state=word_of(row.status)))
        return {"key": key, "words": said(key), "allowed": allowed and now, "right": allowed, "reasons": reasons}


# -- the table of a role ----------------------------------------------------------------------------------


def table_of(text: str, role: str) -> dict[str, list[str]]:
    """The patterns of a role's table and their reaches; nothing of a text that cannot be read."""
    if not text:
        return {}
    try:
        table = city.parsed(text, role)
    except ConfigMistake:
        return {}
    return {pattern: [how] if isinstance(how, str) else list(how) for pattern, how in table.items()} if table else {}


def ticked_table(ticked: list[str]) -> dict[str, list[str]]:
    """“person.view|unit” of each box that is ticked, as patterns and reaches."""
    found: dict[str, list[str]] = {}
    for one in ticked:
        pattern, _, how = one.rpartition("|")
        if how in REACHES and pattern:
            found.setdefault(pattern, []).append(how)
    return found


def role_text(role: str, table: dict[str, list[str]]) -> str:
    """A role's table as it is written in roles.toml."""
    lines = [f'"{pattern}" = ' + (f'"{hows[0]}"' if len(hows) == 1 else f"{hows}".replace("'", '"'))
             for pattern, hows in table.items()]
    return "\n".join([f"[{role}]", *lines, ""])


# -- words and other eyes ---------------------------------------------------------------------------------


@contextmanager
def as_actor(user: User) -> Iterator[Actor]:
    """Inside, pages are asked what this user sees; nothing is done in the user's name."""
    me = actor()
    g.actor = Actor(user, me.now)
    try:
        yield g.actor
    finally:
        g.actor = me


def office_screens() -> list[Any]:
    """The lists of the office, in the order of the menu's table."""
    office = next(one for one in current_app.extensions["admin"] if one.endpoint == "office")
    return [view for view in office._views if isinstance(view, Screen)]


def grant_words(role: str, unit_id: int | None, group_id: int | None) -> str:
    return f"{option_name('roles', role)}, {place_words(unit_id, group_id)}"


def place_words(unit_id: int | None, group_id: int | None) -> str:
    """Where a grant holds."""
    if group_id is not None and (group := db.session.get(Group, group_id)) is not None:
        return f"{group.unit}, {group}"
    if unit_id is not None and (unit := db.session.get(Unit, unit_id)) is not None:
        return str(unit)
    return told("user.everywhere")


def claim_words(claim: Claim, reached: bool) -> str:
    """“Johtaja, Päiväkoti Otava: tuki.* = oma yksikkö, ulottuu tähän riviin”."""
    key = "rights.claim_reaches" if reached else "rights.claim_falls_short"
    return told(key, grant=grant_words(claim.role, claim.unit_id, claim.group_id), pattern=claim.pattern,
                how=told(f"reach.{claim.how}"))

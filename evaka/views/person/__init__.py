"""The lists of children and adults, their form, and what may be done to a person; the file is in file.py."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from flask import flash, g, url_for
from sqlalchemy import ColumnElement, Select, select

from evaka.access import Actor, by_rights, may, within
from evaka.actions import Action
from evaka.actions.person import check_identity
from evaka.actions.person.contacts import check_contacts
from evaka.actions.person.family import check_death, end_with_death, find_conflicts, lives_otherwise
from evaka.kit.errors import Refused
from evaka.models.application import Application
from evaka.models.base import ask, db, one_of_given
from evaka.models.person import Guardian, Person
from evaka.models.placement import GroupPlacement, Placement, children_with
from evaka.models.unit import Group, Unit
from evaka.models.user import User
from evaka.rules.person import is_adult
from evaka.rules.person.family import preferred
from evaka.rules.unit import Feature, check_point
from evaka.views import assistance, attendance
from evaka.views.base import Button, Screen
from evaka.views.base.together import TODAY
from evaka.views.filters import NamedFilter, RowFilter
from evaka.views.forms import CodesField, DegreesField, LanguageField, called
from evaka.views.page import Lazy, actor, aged, row_url, told
from evaka.views.person.conflicts import ConflictScreen, open_conflicts
from evaka.views.person.family import BESIDE_ROWS
from evaka.views.person.file import ADDRESS, HEALTH, INVOICE_ADDRESS, FileBlocks
from evaka.views.placement.preview import Foreseeing

GROWN = 18 * 366  # days: nobody younger is an adult
FEW = 1000  # ids that a query may name; for more it is asked of everybody
CHILD_ACTIONS = {
    "application.enter", "person.add_guardian", "person.block_guardian", "person.set_head", "attendance.absent",
    "fee.relief", "message.write", "booking.agree_times", "person.add_foster_parent", "person.add_pickup",
    "backup_care.arrange",
}
ON_OWN_PAGES = {"person.tell_apart", "income.begin_statement", "application.begin", "booking.book", "booking.enter",
                "booking.repeat", "booking.leave_note",
                "holiday_period.answer", "attendance.apply_leave"}
ADULT_ACTIONS = {"person.set_partner", "person.end_partner", "person.set_invoice_address", "income.add"}


def placed_in(unit_id: int) -> ColumnElement[bool]:
    return Person.id.in_(select(Placement.child_id).where(Placement.unit_id == unit_id, Placement.on(actor().today)))


@by_rights
def _places_today(by: Actor, few: bool) -> Select[Any]:
    query = (
        select(Placement.child_id, Unit.name, Group.name).join(Unit, Unit.id == Placement.unit_id)
        .outerjoin(GroupPlacement, (GroupPlacement.placement_id == Placement.id) & GroupPlacement.on(TODAY))
        .outerjoin(Group, Group.id == GroupPlacement.group_id)
        .where(Placement.on(TODAY), within(by, "placement.view", Placement)))
    return query.where(one_of_given(Placement.child_id, "children")) if few else query


def places_today(children: set[int]) -> dict[int, str]:
    """Unit and group of this day by child, of the places that the reader may see."""
    by, few = actor(), len(children) <= FEW
    asked = {"today": by.today} | ({"children": list(children)} if few else {})
    return {child: f"{unit}, {group}" if group else unit for child, unit, group in ask(_places_today(by, few), asked)}


def is_child() -> ColumnElement[bool]:
    return Person.born > actor().today - timedelta(days=GROWN)


def is_placed() -> ColumnElement[bool]:
    return Person.id.in_(select(Placement.child_id).where(Placement.on(actor().today)))


class PersonScreen(Foreseeing, FileBlocks, Screen):
    can_create = can_edit = True
    foreseen = ("placement.add",)
    reading = True
    column_list = ("name", "born", "age", "place", "language", "notes")
    column_default_sort = ("sort_key", False)
    column_sortable_list = (("name", "sort_key"), "born", "language")
    search_people = ("id",)
    column_filters = (
        NamedFilter(Person.born, "person.child", is_child),
        NamedFilter(Person.id, "person.placed", is_placed),
        RowFilter(Person.id, "placement.unit", Unit, placed_in),
    )
    opens_with: ClassVar = {"flt0_0": "1"}
    main = ("attendance.absent", "application.enter", "income.add")
    rare = ("booking.agree_times", "person.add_guardian", "person.block_guardian", "person.add_foster_parent",
            "person.set_head", "person.set_partner", "person.end_partner", "person.add_pickup", "person.add_code",
            "person.set_invoice_address", "user.invite", "fee.relief", "backup_care.arrange", "placement.add",
            "person.merge", "person.export_data")
    column_formatters = {
        "name": lambda view, _context, row, _name: str(row),
        "age": lambda view, _context, row, _name: aged(row.born, actor().today),
        "place": lambda view, _context, row, _name: view.place(row.id),
        "notes": lambda view, _context, row, _name: view.signs(row),
        "language": lambda view, _context, row, _name: called([row.language], "languages"),
    }
    column_formatters_export = column_formatters | {
        "notes": lambda view, _context, row, _name: view.signs(row, plain=True),
    }
    form_columns = (
        "last_name", "first_name", "preferred_name", "identity_code", "no_code_expected", "born", "language",
        "home_languages", "nationalities", "street", "postal_code", "post_office", "latitude", "longitude",
        "restricted", "restricted_until",
        "phone", "backup_phone", "email", "allergies", "diet", "medication", "deceased",
    )
    form_overrides: ClassVar = {
        "language": LanguageField, "home_languages": CodesField, "nationalities": CodesField,
        "latitude": DegreesField, "longitude": DegreesField,
    }
    form_args: ClassVar = {
        "home_languages": {"kind": "languages", "description": Lazy("person.home_languages.hint")},
        "nationalities": {"kind": "territories", "description": Lazy("person.nationalities.hint")},
        "no_code_expected": {"description": Lazy("person.no_code_expected.hint")},
        "latitude": {"description": Lazy("person.latitude.hint")},
    }
    details_template = "office/person.html"

    def listed(self, found: list[Any]) -> None:
        g.places_today = places_today({row.id for row in found})

    def place(self, id: int) -> str:
        """Today's unit and group."""
        return str(g.places_today.get(id, ""))

    def signs(self, row: Any, *, plain: bool = False) -> Any:
        """What must be noticed about a person, in words with a sign."""
        found = []
        if row.restricted_on(actor().today):
            found.append(("bad", told("person.restricted_sign")))
        if row.allergies and may(actor(), "person.health"):
            found.append(("warn", told("person.allergy_sign")))
        if row.deceased:
            found.append(("", told("person.deceased")))
        return ", ".join(text for _, text in found) if plain else self.badges(found)

    def edit_form(self, obj: Any = None) -> Any:
        """Whoever may not know a restricted address does not get it into a form either."""
        form = super().edit_form(obj)
        if obj is not None and obj.restricted_on(actor().today):
            if may(actor(), "person.see_restricted"):
                g.setdefault("reads", []).append(("person.see_restricted", obj, {}))
            else:
                for name in ADDRESS:
                    delattr(form, name)
        if obj is not None and not self.knows_health(obj):
            for name in HEALTH:
                delattr(form, name)
        return form

    def buttons(self, row: Any) -> list[Button]:
        found = super().buttons(row)
        if is_adult(row.born, actor().today) and may(actor(), "fee.calculate") and may(actor(), "income.view"):
            reckon = url_for("calculator.index", person=row.id)
            found.append(Button(told("estimate.of_family"), reckon, "secondary", True))
        if may(actor(), "journal.view"):
            found.append(Button(told("journal.who_opened"), row_url("journal.file_page", row.id), "secondary", True))
        return found

    def knows_health(self, row: Any) -> bool:
        """Whether the reader may know of allergies, diet and medication: whoever cares for the child or places it."""
        return self.permits({"health": "person.health"}, row)["health"]

    def before_save(self, form: Any, row: Any, created: bool) -> None:
        check_identity(row)
        check_contacts(row)
        check_point(row.latitude, row.longitude)
        if row.born > actor().today:
            raise Refused("person.born_later", born=row.born, today=actor().today)
        row.preferred_name = preferred(row.preferred_name, row.first_name)
        check_death(row, actor().today)
        g.lives_otherwise = not created and lives_otherwise(row)

    def after_save(self, form: Any, row: Any, created: bool) -> None:
        """A death ends what it ends; who has moved may not live with whom the register says."""
        if g.lives_otherwise:
            end_with_death(row, actor())
            find_conflicts({row.id}, actor())

    def row_heading(self, row: Any) -> str:
        return f"{row.first_name} {row.last_name}"

    def offers(self, action: Action, row: Any) -> bool:
        """A grown-up gets no group, a child no income; what is done to one row of the family stands beside that row."""
        if action.feature == "presence":  # the picture is taken on the tablet
            return action.verb not in ("set_picture", "mark_missed") and not is_adult(row.born, actor().today)
        if action.feature == "assistance":
            return False  # these buttons stand in a part of the file of their own
        adult = is_adult(row.born, actor().today)
        if action.verb in BESIDE_ROWS:
            return False
        if action.key == "placement.add":
            return not adult
        if action.key == "user.invite":
            return adult and db.session.scalar(select(User.id).where(User.person_id == row.id)) is None
        if action.feature in ("my_message", "own", "push") or action.key in ON_OWN_PAGES:
            return False
        if action.key == "person.end_partner":
            return adult and self._partner(row) is not None
        if action.key == "person.set_partner":
            return adult and self._partner(row) is None
        if action.key == "person.add_code":
            return row.identity_code is None and not row.no_code_expected
        if action.key == "message.write":
            return not adult and self._gets_letters(row)
        return action.key not in (CHILD_ACTIONS if adult else ADULT_ACTIONS)

    def _gets_letters(self, row: Any) -> bool:
        """Whether messages are open in the unit of the child's place."""
        placed = children_with(Feature.MESSAGES, actor().today).where(Placement.child_id == row.id)
        return db.session.scalar(placed.limit(1)) is not None

    def first_value(self, action: Action, name: str, row: Any) -> Any:
        if action.key == "application.enter" and name == "guardian":
            return db.session.scalar(select(Guardian).where(Guardian.child_id == row.id, ~Guardian.blocked).limit(1))
        if action.key == "person.set_invoice_address":
            return "" if row.restricted_on(actor().today) and name in INVOICE_ADDRESS else getattr(row, name)
        if (day := assistance.first_day(action, name)) is not None:
            return day
        begins_today = {("application.enter", "received"), ("attendance.absent", "first"),
                        ("attendance.absent", "last"), ("person.end_head", "end"),
                        ("person.end_partner", "end")}
        return actor().today if (action.key, name) in begins_today else self.of_chosen(action, name, row)

    def action_form(self, action: Action, row: Any) -> Any:
        form = super().action_form(action, row)
        return attendance.shaped(form, row) if action.key == "attendance.absent" else form

    def after(self, action: Action, row: Any, result: Any) -> str:
        if action.key == "user.invite":
            flash(told("user.first_password", name=str(row), password=result), "info")
        if isinstance(result, Application):
            return url_for("application.details_view", id=result.id)
        return super().after(action, row, result)


__all__ = ["ConflictScreen", "PersonScreen", "is_child", "is_placed", "open_conflicts", "placed_in", "places_today"]

"""The file of a person: family, places, decisions and what time does to them; the lists of children and adults."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from flask import flash, g, request, url_for
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload, selectinload

from evaka.access import may, within
from evaka.actions import Action
from evaka.actions.person import check_identity
from evaka.actions.person.family import check_death, end_with_death, find_conflicts
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.kit.money import euros
from evaka.models.application import Application
from evaka.models.attendance import Absence
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.document import Document
from evaka.models.fee import FeeDecision
from evaka.models.income import Income
from evaka.models.income.statement import IncomeStatement
from evaka.models.journal import AuditEvent, of_file
from evaka.models.person import Guardian, HeadOfChild, Person
from evaka.models.placement import GroupPlacement, Placement, children_with
from evaka.models.unit import Group, Unit
from evaka.models.user import User
from evaka.models.voucher import VoucherDecision
from evaka.rules.fee import FeeStatus
from evaka.rules.income.statement import StatementStatus
from evaka.rules.person import address_lines, is_adult
from evaka.rules.person.family import preferred
from evaka.rules.unit import Feature
from evaka.views import assistance
from evaka.views.base import Button, Screen, history, link, linked
from evaka.views.filters import NamedFilter, RowFilter
from evaka.views.forms import CodesField, LanguageField, called
from evaka.views.page import Lazy, actor, aged, moment, option_name, told, word_of, written
from evaka.views.person.conflicts import ConflictScreen, open_conflicts
from evaka.views.person.family import BESIDE_ROWS, FamilyBlocks

GROWN = 18 * 366  # days: nobody younger is an adult
FEW = 1000  # ids that a query may name; for more it is asked of everybody
HEALTH = ("allergies", "medication", "diet")
CHILD_ACTIONS = {
    "application.enter", "person.add_guardian", "person.block_guardian", "person.set_head", "attendance.absent",
    "fee.relief", "message.write", "person.add_foster_parent", "person.add_pickup",
}
ADDRESS = ("street", "postal_code", "post_office")
INVOICE_ADDRESS = ("invoice_street", "invoice_postal_code", "invoice_post_office")
ADULT_ACTIONS = {"person.set_partner", "person.end_partner", "person.set_invoice_address", "income.add"}


def placed_in(unit_id: int) -> ColumnElement[bool]:
    return Person.id.in_(select(Placement.child_id).where(Placement.unit_id == unit_id, Placement.on(actor().today)))


def places_today(children: set[int]) -> dict[int, str]:
    """Unit and group of this day by child, of the places that the reader may see."""
    query = (
        select(Placement.child_id, Unit.name, Group.name).join(Unit, Unit.id == Placement.unit_id)
        .outerjoin(GroupPlacement, (GroupPlacement.placement_id == Placement.id) & GroupPlacement.on(actor().today))
        .outerjoin(Group, Group.id == GroupPlacement.group_id)
        .where(Placement.on(actor().today), within(actor(), "placement.view", Placement)))
    if len(children) <= FEW:
        query = query.where(Placement.child_id.in_(children))
    return {child: f"{unit}, {group}" if group else unit for child, unit, group in db.session.execute(query)}


def is_child() -> ColumnElement[bool]:
    return Person.born > actor().today - timedelta(days=GROWN)


def is_placed() -> ColumnElement[bool]:
    return Person.id.in_(select(Placement.child_id).where(Placement.on(actor().today)))


class PersonScreen(FamilyBlocks, Screen):
    can_create = can_edit = True
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
    rare = ("person.add_guardian", "person.block_guardian", "person.add_foster_parent", "person.set_head",
            "person.set_partner", "person.end_partner", "person.add_pickup", "person.add_code",
            "person.set_invoice_address", "user.invite", "fee.relief", "person.merge", "person.export_data")
    column_formatters = {
        "name": lambda view, _context, row, _name: str(row),
        "age": lambda view, _context, row, _name: aged(row.born, actor().today),
        "place": lambda view, _context, row, _name: view.place(row.id),
        "notes": lambda view, _context, row, _name: view.signs(row),
        "language": lambda view, _context, row, _name: told(f"language.{row.language}"),
    }
    column_formatters_export = column_formatters | {
        "notes": lambda view, _context, row, _name: view.signs(row, plain=True),
    }
    form_columns = (
        "last_name", "first_name", "preferred_name", "identity_code", "no_code_expected", "born", "language",
        "home_languages", "nationalities", "street", "postal_code", "post_office", "restricted", "restricted_until",
        "phone", "backup_phone", "email", "allergies", "diet", "medication", "deceased",
    )
    form_overrides: ClassVar = {
        "language": LanguageField, "home_languages": CodesField, "nationalities": CodesField,
    }
    form_args: ClassVar = {
        "home_languages": {"kind": "languages", "description": Lazy("person.home_languages.hint")},
        "nationalities": {"kind": "territories", "description": Lazy("person.nationalities.hint")},
        "no_code_expected": {"description": Lazy("person.no_code_expected.hint")},
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
        if obj is not None and obj.restricted_on(actor().today) and not may(actor(), "person.see_restricted"):
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
            found.append(Button(told("journal.who_opened"), url_for("journal.file_page", id=row.id), "secondary", True))
        return found

    def knows_health(self, row: Any) -> bool:
        """Whether the reader may know of allergies, diet and medication: whoever cares for the child or places it."""
        return self.permits({"health": "person.health"}, row)["health"]

    def before_save(self, form: Any, row: Any, created: bool) -> None:
        check_identity(row)
        if row.born > actor().today:
            raise Refused("person.born_later", born=row.born, today=actor().today)
        row.preferred_name = preferred(row.preferred_name, row.first_name)
        check_death(row, actor().today)

    def after_save(self, form: Any, row: Any, created: bool) -> None:
        """A death ends what it ends; who has moved may not live with whom the register says."""
        if not created:
            end_with_death(row, actor())
            find_conflicts({row.id}, actor())

    def row_heading(self, row: Any) -> str:
        return f"{row.first_name} {row.last_name}"

    def row_fact_line(self, row: Any) -> str:
        place = db.session.scalar(
            select(Placement).where(Placement.child_id == row.id, Placement.on(actor().today))
            .options(joinedload(Placement.unit)))
        facts = [aged(row.born), row.identity_code or written(row.born)]
        if place:
            group = db.session.scalar(
                select(GroupPlacement).where(GroupPlacement.placement_id == place.id, GroupPlacement.on(actor().today))
                .options(joinedload(GroupPlacement.group)))
            facts.append(f"{place.unit}, {group.group}" if group else str(place.unit))
        return " · ".join(facts)

    def row_warnings(self, row: Any) -> list[dict[str, str]]:
        found = []
        if row.restricted_on(actor().today):
            found.append({
                "look": "bad", "title": told("person.restricted_sign"), "text": told("person.restricted_text")})
        for name in HEALTH if self.knows_health(row) else ():
            if text := getattr(row, name):
                look = "info" if name == "diet" else "warn"
                found.append({"look": look, "title": told(f"person.{name}"), "text": text})
        return [*found, *self.conflict_warnings(row)]

    def offers(self, action: Action, row: Any) -> bool:
        """A grown-up gets no group, a child no income; what is done to one row of the family stands beside that row."""
        if action.feature == "assistance":
            return False  # these buttons stand in a part of the file of their own
        adult = is_adult(row.born, actor().today)
        if action.verb in BESIDE_ROWS:
            return False
        if action.key == "user.invite":
            return adult and db.session.scalar(select(User.id).where(User.person_id == row.id)) is None
        if action.key in ("person.tell_apart", "income.begin_statement"):  # on pages of their own
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

    def after(self, action: Action, row: Any, result: Any) -> str:
        if action.key == "user.invite":
            flash(told("user.first_password", name=str(row), password=result), "info")
        if isinstance(result, Application):
            return url_for("application.details_view", id=result.id)
        return super().after(action, row, result)

    def file(self, row: Any) -> dict[str, Any]:
        """The sections of the file; each only when its reader may see such rows."""
        by = actor()
        self.ask_rights(row)
        adult = is_adult(row.born, by.today)
        sections = self._of_adult(row) if adult else self._of_child(row)
        return {
            "facts": self.facts(row), "person": row, "timeline": self.timeline(row, adult), "adult": adult,
            "blocks": [block for block in sections if block], "readers": self.readers(row),
            "history": self.told_changes(row),
        }

    def told_changes(self, row: Any) -> list[dict[str, Any]]:
        """The journal of the file; what the reader may not know stands there no more than anywhere else."""
        hidden = (*ADDRESS, *INVOICE_ADDRESS) if row.restricted_on(actor().today) else ()
        labels = {self.label(name) for name in (*hidden, *(() if self.knows_health(row) else HEALTH))}
        lines = history(row)
        for line in lines:
            line["changes"] = [change for change in line["changes"] if change[0] not in labels]
        return lines

    def facts(self, row: Any) -> list[tuple[str, Any]]:
        restricted = row.restricted_on(actor().today)
        address = ", ".join(address_lines(row.street, row.postal_code, row.post_office, restricted=restricted))
        partner = self._partner(row)
        other = partner and (partner.second if partner.first_id == row.id else partner.first)
        code = told("person.no_code_expected" if row.no_code_expected else "person.no_code")
        return [
            *([(self.label("preferred_name"), row.preferred_name)] if row.preferred_name else []),
            (self.label("born"), written(row.born)),
            *([(self.label("deceased"), written(row.deceased))] if row.deceased else []),
            (self.label("identity_code"), row.identity_code or code),
            (self.label("language"), told(f"language.{row.language}")),
            *([(self.label("home_languages"), called(row.home_languages, "languages"))] if row.home_languages else []),
            *([(self.label("nationalities"), called(row.nationalities, "territories"))] if row.nationalities else []),
            (self.label("address"), told("person.restricted_sign") if restricted else address),
            (self.label("phone"), row.phone or "–"),
            *([(self.label("backup_phone"), row.backup_phone)] if row.backup_phone else []),
            (self.label("email"), row.email or "–"),
            *self.invoice_facts(row, restricted),
            *([(told("fee.partner"), linked(other))] if other else []),
        ]

    def invoice_facts(self, row: Any, restricted: bool) -> list[tuple[str, Any]]:
        """Where bills go, for whoever may say where."""
        lines = address_lines(
            row.invoice_street, row.invoice_postal_code, row.invoice_post_office, restricted=restricted)
        goes = ", ".join(filter(None, (row.invoice_name, *lines)))
        seen = goes and self.allowed("person.set_invoice_address")
        return [(told("person.invoice_address"), goes)] if seen else []

    def seen(self, model: Any, *conditions: ColumnElement[bool]) -> Any:
        """The rows of another feature about this person that the reader may see; nothing without the right."""
        key = f"{model.feature_name()}.view"
        return select(model).where(within(actor(), key, model), *conditions)

    def _of_child(self, row: Any) -> list[dict[str, Any] | None]:
        return [
            self._places(row), self._family(row), self._heads(row), self._fosters(row), self._applications(row),
            self._decisions(row), self._vouchers(row), self._pickups(row), self._absences(row),
            assistance.section(self, row), self._documents(row),
        ]

    def _of_adult(self, row: Any) -> list[dict[str, Any] | None]:
        return [self._children(row), self._partners(row), self._incomes(row), self._statements(row),
                self._fees(row), self._documents(row)]

    def _block(self, key: str, head: list[str], rows: list[list[Any]], **more: Any) -> dict[str, Any] | None:
        """A section, or nothing for a reader without the right to such rows."""
        if not may(actor(), f"{key.partition('.')[0]}.view"):
            return None
        return {"title": told(f"{key}"), "head": head, "rows": rows, "empty": told("person.nothing_here")} | more

    def places_of(self, row: Any) -> list[Placement]:
        """The child's places that the reader may see, the newest first: asked once for the whole file."""
        asked = request.environ.setdefault("evaka.places", {})
        if row.id not in asked:
            asked[row.id] = list(db.session.scalars(
                self.seen(Placement, Placement.child_id == row.id).order_by(Placement.start.desc())
                .options(joinedload(Placement.unit), selectinload(Placement.needs),
                         selectinload(Placement.groups).joinedload(GroupPlacement.group))))
        return asked[row.id]  # type: ignore[no-any-return]

    def _places(self, row: Any) -> dict[str, Any] | None:
        rows = self.places_of(row)
        return self._block(
            "placement.title", [told(f"placement.{name}") for name in ("period", "unit", "group", "service_need")],
            [[link(str(one.period), "placement.details_view", one.id), str(one.unit),
              ", ".join(dict.fromkeys(str(g.group) for g in one.groups)) or told("placement.without_group"),
              ", ".join(option_name("service_needs", n.option) for n in one.needs)] for one in rows])

    def _applications(self, row: Any) -> dict[str, Any] | None:
        rows = db.session.scalars(
            self.seen(Application, Application.child_id == row.id).order_by(Application.id.desc())).all()
        return self._block(
            "application.title", [told(f"application.{name}") for name in ("start", "received", "due", "status")],
            [[link(written(one.start) or "–", "application.details_view", one.id), written(one.received),
              written(one.due), self.badge(one.status)] for one in rows])

    def _decisions(self, row: Any) -> dict[str, Any] | None:
        rows = db.session.scalars(
            self.seen(Decision, Decision.child_id == row.id).order_by(Decision.id.desc())
            .options(joinedload(Decision.unit))).all()
        return self._block(
            "decision.title", [told(f"decision.{name}") for name in ("number", "unit", "period", "status")],
            [[link(str(one.number or "–"), "decision.details_view", one.id), str(one.unit), str(one.period),
              self.badge(one.status)] for one in rows])

    def _absences(self, row: Any) -> dict[str, Any] | None:
        rows = db.session.scalars(
            self.seen(Absence, Absence.child_id == row.id).order_by(Absence.day.desc()).limit(15)).all()
        return self._block("attendance.title", [told("attendance.day"), told("attendance.kind")],
                           [[written(one.day), word_of(one.kind)] for one in rows], aside=True)

    def _documents(self, row: Any) -> dict[str, Any] | None:
        rows = db.session.scalars(
            self.seen(Document, Document.person_id == row.id).order_by(Document.id.desc()).limit(20)).all()
        return self._block("document.title", [told("document.name"), told("document.made_at")],
                           [[link(one.name, "document.download", one.id), moment(one.made_at)] for one in rows],
                           aside=True)

    def _incomes(self, row: Any) -> dict[str, Any] | None:
        rows = db.session.scalars(
            self.seen(Income, Income.person_id == row.id).order_by(Income.start.desc())).all()
        return self._block("income.title", [told(f"income.{name}") for name in ("period", "effect", "total")],
                           [[link(str(one.period), "income.details_view", one.id), word_of(one.effect),
                             euros(one.total)] for one in rows], figures=[2])

    def _statements(self, row: Any) -> dict[str, Any] | None:
        """What the person has sent, of the own income and of children's."""
        rows = db.session.scalars(self.seen(
            IncomeStatement, IncomeStatement.person_id == row.id, IncomeStatement.status != StatementStatus.DRAFT,
        ).order_by(IncomeStatement.start.desc())).all() if may(actor(), "statement.view") else []
        return self._block(
            "statement.title", [told(f"statement.{name}") for name in ("period", "kind", "status")],
            [[link(str(one.period), "statement.details_view", one.id), word_of(one.kind), self.badge(one.status)]
             for one in rows]) if rows else None

    def _vouchers(self, row: Any) -> dict[str, Any] | None:
        """Of a child who has, or had, a place in a private unit."""
        rows = db.session.scalars(
            self.seen(VoucherDecision, VoucherDecision.child_id == row.id).order_by(VoucherDecision.start.desc())).all()
        return self._block(
            "voucher.title", [told(f"voucher.{name}") for name in ("number", "period", "status", "value",
                                                                  "final_co_payment")],
            [[link(str(one.number or "–"), "voucher.details_view", one.id), str(one.period), self.badge(one.status),
              euros(one.value), euros(one.final_co_payment)] for one in rows], figures=[3, 4]) if rows else None

    def _fees(self, row: Any) -> dict[str, Any] | None:
        rows = db.session.scalars(
            self.seen(FeeDecision, FeeDecision.head_id == row.id).order_by(FeeDecision.start.desc())).all()
        return self._block("fee.title", [told(f"fee.{name}") for name in ("number", "period", "status", "total")],
                           [[link(str(one.number or "–"), "fee.details_view", one.id), str(one.period),
                             self.badge(one.status), euros(one.total)] for one in rows], figures=[3])

    # -- time, drawn ----------------------------------------------------------------------------

    def timeline(self, row: Any, adult: bool) -> dict[str, Any] | None:
        """Lanes of bars: places, needs, decisions of a child; incomes and fees of an adult."""
        by = actor()
        lanes: list[tuple[str, list[tuple[DateRange, str, str]]]] = []

        def state(period: DateRange) -> str:
            return "past" if period.last_day < by.today else "active"

        if not adult:
            places = self.places_of(row)[::-1]
            lanes.append((told("placement.title"), [(p.period, str(p.unit), state(p.period)) for p in places]))
            lanes.append((told("placement.group"), [(g.period, str(g.group), state(g.period))
                                                    for p in places for g in p.groups]))
            lanes.append((told("placement.service_need"), [
                (n.period, option_name("service_needs", n.option), state(n.period)) for p in places for n in p.needs]))
            if may(by, "fee.view"):
                fees = db.session.scalars(
                    self.seen(FeeDecision, FeeDecision.head_id.in_(
                        select(HeadOfChild.head_id).where(HeadOfChild.child_id == row.id)))
                    .where(FeeDecision.status.in_((FeeStatus.SENT, FeeStatus.DRAFT))).order_by(FeeDecision.start)).all()
                lanes.append((told("fee.title"), [
                    (f.period, euros(f.total), state(f.period) if f.status is FeeStatus.SENT else "draft")
                    for f in fees]))
        else:
            incomes = db.session.scalars(self.seen(Income, Income.person_id == row.id).order_by(Income.start)).all()
            lanes.append((told("income.title"), [(i.period, euros(i.total), state(i.period)) for i in incomes]))
            fees = db.session.scalars(
                self.seen(FeeDecision, FeeDecision.head_id == row.id)
                .where(FeeDecision.status.in_((FeeStatus.SENT, FeeStatus.DRAFT))).order_by(FeeDecision.start)).all()
            lanes.append((told("fee.title"), [
                (f.period, euros(f.total), state(f.period) if f.status is FeeStatus.SENT else "draft") for f in fees]))
        if not any(bars for _, bars in lanes):
            return None
        return {
            "today": by.today, "title": str(row), "first": by.today.replace(year=by.today.year - 2, month=1, day=1),
            "last": by.today.replace(year=by.today.year + 1, month=12, day=31),
            "lanes": [
                {"label": label, "bars": [
                    {"start": p.start, "end": p.end, "text": text, "look": look} for p, text, look in bars]}
                for label, bars in lanes if bars
            ],
        }

    def readers(self, row: Any) -> list[dict[str, Any]]:
        """Who has opened this file last."""
        if not may(actor(), "person.see_readers"):
            return []
        lines = db.session.scalars(
            select(AuditEvent).where(of_file(row.id), AuditEvent.action.like("%.read"))
            .order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(10)
            .options(joinedload(AuditEvent.user)))
        return [{"at": moment(one.at), "who": str(one.user or told("journal.machine")), "what": told(one.action)}
                for one in lines]


__all__ = ["ConflictScreen", "PersonScreen", "is_child", "is_placed", "open_conflicts", "placed_in", "places_today"]

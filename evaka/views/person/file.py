"""What a person's file shows: facts, warnings, the rows of other features about the person, and time drawn."""

from __future__ import annotations

from typing import Any

from flask import g, request
from sqlalchemy import (
    JSON,
    ColumnElement,
    Integer,
    Select,
    cast,
    false,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import joinedload

from evaka.access import Actor, by_rights, may, within
from evaka.kit.dates import DateRange
from evaka.kit.money import euros
from evaka.models.application import Application
from evaka.models.attendance import Absence
from evaka.models.backup_care import BackupCare
from evaka.models.base import ask
from evaka.models.decision import Decision
from evaka.models.document import Document
from evaka.models.fee import FeeDecision
from evaka.models.income import Income
from evaka.models.income.statement import IncomeStatement
from evaka.models.journal import AuditEvent, of_file
from evaka.models.person import FamilyConflict, FosterParent, Guardian, HeadOfChild, Partner, Person, Pickup
from evaka.models.presence import Presence
from evaka.models.unit import Unit
from evaka.models.user import User
from evaka.models.voucher import VoucherDecision
from evaka.rules.fee import FeeStatus
from evaka.rules.income.statement import StatementStatus
from evaka.rules.person import address_lines, is_adult
from evaka.rules.person.family import ConflictStatus
from evaka.rules.person.protection import HOME, INVOICE_HOME, POINT
from evaka.views import assistance, backup_care
from evaka.views.base import history, link, linked
from evaka.views.base.rows import last_lines
from evaka.views.base.together import ROW, TODAY, Questions
from evaka.views.forms import called
from evaka.views.message import about_fees
from evaka.views.page import actor, aged, moment, option_name, told, word_of, written
from evaka.views.person.family import FamilyBlocks
from evaka.views.person.places import Place, of_places, places_alone, places_in
from evaka.views.presence import office as presence

HEALTH = ("allergies", "medication", "diet")
ADDRESS, INVOICE_ADDRESS = (*HOME, *POINT), INVOICE_HOME
SHOWN_FEES = (FeeStatus.SENT, FeeStatus.DRAFT)  # in the picture of time
Bar = tuple[DateRange, str, str]  # when, what, its look


# -- the questions -------------------------------------------------------------------------------------


def seen(by: Actor, model: Any, *conditions: ColumnElement[bool], key: str = "") -> Select[Any]:
    """The rows of a feature about the person that the reader may see; nothing without the right."""
    return select(model).where(*conditions, within(by, key or f"{model.feature_name()}.view", model))


def _of_anybody(by: Actor) -> dict[str, Select[Any]]:
    conflicts = seen(
        by, FamilyConflict, or_(FamilyConflict.person_id == ROW, FamilyConflict.other_id == ROW),
        FamilyConflict.status == ConflictStatus.OPEN, key="person.conflicts")
    couple = or_(Partner.first_id == ROW, Partner.second_id == ROW)
    both = joinedload(Partner.first), joinedload(Partner.second)
    return {
        "conflicts": conflicts.order_by(FamilyConflict.id).options(
            joinedload(FamilyConflict.person), joinedload(FamilyConflict.other)),
        "partner": select(Partner).where(couple, Partner.on(TODAY)).options(*both),
        "documents": seen(by, Document, Document.person_id == ROW).order_by(Document.id.desc()).limit(20),
        **of_places(by),
    }


@by_rights
def of_child(by: Actor) -> Questions:
    heads = select(HeadOfChild.head_id).where(HeadOfChild.child_id == ROW)
    return Questions(
        **_of_anybody(by),
        heads=seen(by, HeadOfChild, HeadOfChild.child_id == ROW).order_by(HeadOfChild.start.desc())
        .join(Person, Person.id == HeadOfChild.head_id).with_only_columns(
            HeadOfChild.id, HeadOfChild.start, HeadOfChild.end, HeadOfChild.head_id, Person.last_name,
            Person.first_name),
        fosters=seen(by, FosterParent, FosterParent.child_id == ROW).order_by(FosterParent.start.desc())
        .options(joinedload(FosterParent.parent)),
        blocked=select(Guardian).where(Guardian.child_id == ROW, Guardian.blocked).order_by(Guardian.id)
        .options(joinedload(Guardian.guardian)),
        pickups=seen(by, Pickup, Pickup.child_id == ROW).order_by(Pickup.id)
        .with_only_columns(Pickup.id, Pickup.name, Pickup.relation, Pickup.phone, Pickup.last_day),
        applications=seen(by, Application, Application.child_id == ROW, Application.in_office())
        .order_by(Application.id.desc()).with_only_columns(
            Application.id, Application.start, Application.received, Application.due, Application.status),
        decisions=seen(by, Decision, Decision.child_id == ROW).order_by(Decision.id.desc())
        .join(Unit, Unit.id == Decision.unit_id).with_only_columns(
            Decision.id, Decision.number, Unit.name.label("unit"), Decision.start, Decision.end, Decision.status),
        vouchers=seen(by, VoucherDecision, VoucherDecision.child_id == ROW).order_by(VoucherDecision.start.desc()),
        backups=seen(by, BackupCare, BackupCare.child_id == ROW).order_by(BackupCare.start.desc())
        .options(joinedload(BackupCare.unit).load_only(Unit.name), joinedload(BackupCare.group)),
        absences=seen(by, Absence, Absence.child_id == ROW).order_by(Absence.day.desc()).limit(15)
        .with_only_columns(Absence.day, Absence.kind),
        presences=seen(by, Presence, Presence.child_id == ROW)
        .order_by(Presence.day.desc(), Presence.arrived.desc()).limit(presence.SHOWN)
        .with_only_columns(Presence.id, Presence.day, Presence.arrived, Presence.left, Presence.automatic),
        fees=seen(by, FeeDecision, FeeDecision.head_id.in_(heads), FeeDecision.status.in_(SHOWN_FEES))
        .order_by(FeeDecision.start.desc()),
        **assistance.questions(by),
    )


@by_rights
def of_adult(by: Actor) -> Questions:
    return Questions(
        **_of_anybody(by),
        partners=seen(by, Partner, or_(Partner.first_id == ROW, Partner.second_id == ROW))
        .order_by(Partner.start.desc()).options(joinedload(Partner.first), joinedload(Partner.second)),
        ward=select(Guardian).where(Guardian.guardian_id == ROW).order_by(Guardian.id),
        headed=seen(by, HeadOfChild, HeadOfChild.head_id == ROW).order_by(HeadOfChild.start),
        fostered=seen(by, FosterParent, FosterParent.parent_id == ROW).order_by(FosterParent.start),
        incomes=seen(by, Income, Income.person_id == ROW).order_by(Income.start.desc()),
        statements=seen(by, IncomeStatement, IncomeStatement.person_id == ROW,
                        IncomeStatement.status != StatementStatus.DRAFT).order_by(IncomeStatement.start.desc()),
        fees=seen(by, FeeDecision, FeeDecision.head_id == ROW).order_by(FeeDecision.start.desc()),
    )


_READERS = (
    select(AuditEvent.at, User.name, AuditEvent.action).outerjoin(User, User.id == AuditEvent.user_id)
    .where(of_file(ROW), AuditEvent.action.like("%.read"))
    .order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(10)).subquery()
_CHANGES = last_lines(Person).subquery()
# who has read the file and what was done to it, in one question: (whether read, then as in a history)
JOURNAL = union_all(
    select(true().label("read"), *_READERS.c, cast(null(), Integer), cast(null(), JSON)),
    select(false(), *_CHANGES.c))


# -- the file ----------------------------------------------------------------------------------------------


class FileBlocks(FamilyBlocks):
    """The parts of PersonScreen that make up the file."""

    def places_of(self, row: Any) -> list[Place]:
        """Asked once a page."""
        asked = request.environ.setdefault("evaka.places", {})
        if row.id not in asked:
            asked[row.id] = places_in(places_alone(actor()).answers(row=row.id))
        return asked[row.id]  # type: ignore[no-any-return]

    def row_fact_line(self, row: Any) -> str:
        today = actor().today
        facts = [aged(row.born), row.identity_code or written(row.born)]
        if (place := next((one for one in self.places_of(row) if today in one.period), None)) is not None:
            group = next((name for period, name in place.groups if today in period), None)
            facts.append(f"{place.unit}, {group}" if group else place.unit)
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
        return [*found, *self.conflict_warnings(g.found["conflicts"], row)]

    def file(self, row: Any) -> dict[str, Any]:
        """The sections of the file; each only when its reader may see such rows."""
        by = actor()
        self.ask_rights(row)
        adult = is_adult(row.born, by.today)
        g.found = (of_adult if adult else of_child)(by).answers(row=row.id, today=by.today)
        request.environ.setdefault("evaka.places", {})[row.id] = places_in(g.found)
        journal = sorted(ask(JOURNAL, {"row": row.id}), key=lambda one: one.at, reverse=True)
        sections = self._of_adult(row) if adult else self._of_child(row)
        return {
            "facts": self.facts(row), "person": row, "timeline": self.timeline(row, adult), "adult": adult,
            "blocks": [block for block in sections if block],
            "readers": self.readers([one[1:4] for one in journal if one.read]),
            "history": self.told_changes(row, [one[1:] for one in journal if not one.read]),
        }

    def told_changes(self, row: Any, found: list[Any]) -> list[dict[str, Any]]:
        """The journal of the file; what the reader may not know stands there no more than anywhere else."""
        labels = {self.label(name) for name in (() if self.knows_health(row) else HEALTH)}
        lines = history(row, found)
        for line in lines:
            line["changes"] = [change for change in line["changes"] if change[0] not in labels]
        return lines

    def facts(self, row: Any) -> list[tuple[str, Any]]:
        restricted = row.restricted_on(actor().today)
        address = ", ".join(address_lines(row.street, row.postal_code, row.post_office, restricted=restricted))
        partner = next(iter(g.found["partner"]), None)
        other = partner and (partner.second if partner.first_id == row.id else partner.first)
        code = told("person.no_code_expected" if row.no_code_expected else "person.no_code")
        return [
            *([(self.label("preferred_name"), row.preferred_name)] if row.preferred_name else []),
            (self.label("born"), written(row.born)),
            *([(self.label("deceased"), written(row.deceased))] if row.deceased else []),
            (self.label("identity_code"), row.identity_code or code),
            (self.label("language"), called([row.language], "languages")),
            *([(self.label("home_languages"), called(row.home_languages, "languages"))] if row.home_languages else []),
            *([(self.label("nationalities"), called(row.nationalities, "territories"))] if row.nationalities else []),
            (self.label("address"), told("person.restricted_sign") if restricted else address),
            *([(told("person.point"), told("unit.point_said", latitude=row.latitude, longitude=row.longitude))]
              if row.latitude is not None and not restricted else []),
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

    def _of_child(self, row: Any) -> list[dict[str, Any] | None]:
        return [
            self._places(row), self._backups(row), self._family(row), self._heads(row), self._fosters(row),
            self._applications(row), self._decisions(row), self._vouchers(row), self._pickups(row), self._absences(row),
            self._presences(row),
            assistance.section(self, row, g.found), self._documents(row),
        ]

    def _of_adult(self, row: Any) -> list[dict[str, Any] | None]:
        return [self._children(row), self._partners(row), self._incomes(row), self._statements(row),
                self._fees(row), self._documents(row), *about_fees(row)]

    def _block(self, key: str, head: list[str], rows: list[list[Any]], **more: Any) -> dict[str, Any] | None:
        """A section, or nothing for a reader without the right to such rows."""
        if not may(actor(), f"{key.partition('.')[0]}.view"):
            return None
        return {"title": told(f"{key}"), "head": head, "rows": rows, "empty": told("person.nothing_here")} | more

    def _places(self, row: Any) -> dict[str, Any] | None:
        rows = [one for one in self.places_of(row) if one.seen]
        return self._block(
            "placement.title", [told(f"placement.{name}") for name in ("period", "unit", "group", "service_need")],
            [[link(str(one.period), "placement.details_view", one.id), one.unit,
              ", ".join(dict.fromkeys(name for _, name in one.groups)) or told("placement.without_group"),
              ", ".join(option_name("service_needs", option) for _, option in one.needs)] for one in rows])

    def _backups(self, row: Any) -> dict[str, Any] | None:
        """Care elsewhere, of a child who has or had any."""
        rows = backup_care.lines(g.found["backups"])
        return self._block("backup_care.title", [told(f"backup_care.{name}") for name in ("period", "unit", "group")],
                           rows) if rows else None

    def _applications(self, row: Any) -> dict[str, Any] | None:
        rows = g.found["applications"]
        return self._block(
            "application.title", [told(f"application.{name}") for name in ("start", "received", "due", "status")],
            [[link(written(one.start) or "–", "application.details_view", one.id), written(one.received),
              written(one.due), self.badge(one.status)] for one in rows])

    def _decisions(self, row: Any) -> dict[str, Any] | None:
        rows = g.found["decisions"]
        return self._block(
            "decision.title", [told(f"decision.{name}") for name in ("number", "unit", "period", "status")],
            [[link(str(one.number or "–"), "decision.details_view", one.id), one.unit,
              str(DateRange(one.start, one.end)), self.badge(one.status)] for one in rows])

    def _absences(self, row: Any) -> dict[str, Any] | None:
        rows = g.found["absences"]
        return self._block("attendance.title", [told("attendance.day"), told("attendance.kind")],
                           [[written(one.day), word_of(one.kind)] for one in rows], aside=True)

    def _presences(self, row: Any) -> dict[str, Any] | None:
        rows = g.found["presences"]
        return presence.of_child(rows) if rows else None

    def _documents(self, row: Any) -> dict[str, Any] | None:
        rows = g.found["documents"]
        return self._block("document.title", [told("document.name"), told("document.made_at")],
                           [[link(one.name, "document.download", one.id), moment(one.made_at)] for one in rows],
                           aside=True)

    def _incomes(self, row: Any) -> dict[str, Any] | None:
        rows = g.found["incomes"]
        return self._block("income.title", [told(f"income.{name}") for name in ("period", "effect", "total")],
                           [[link(str(one.period), "income.details_view", one.id), word_of(one.effect),
                             euros(one.total)] for one in rows], figures=[2])

    def _statements(self, row: Any) -> dict[str, Any] | None:
        """What the person has sent, of the own income and of children's."""
        rows = g.found["statements"]
        return self._block(
            "statement.title", [told(f"statement.{name}") for name in ("period", "kind", "status")],
            [[link(str(one.period), "statement.details_view", one.id), word_of(one.kind), self.badge(one.status)]
             for one in rows]) if rows else None

    def _vouchers(self, row: Any) -> dict[str, Any] | None:
        """Of a child who has, or had, a place in a private unit."""
        rows = g.found["vouchers"]
        return self._block(
            "voucher.title", [told(f"voucher.{name}") for name in ("number", "period", "status", "value",
                                                                  "final_co_payment")],
            [[link(str(one.number or "–"), "voucher.details_view", one.id), str(one.period), self.badge(one.status),
              euros(one.value), euros(one.final_co_payment)] for one in rows], figures=[3, 4]) if rows else None

    def _fees(self, row: Any) -> dict[str, Any] | None:
        rows = g.found["fees"]
        return self._block("fee.title", [told(f"fee.{name}") for name in ("number", "period", "status", "total")],
                           [[link(str(one.number or "–"), "fee.details_view", one.id), str(one.period),
                             self.badge(one.status), euros(one.total)] for one in rows], figures=[3])

    # -- time, drawn ----------------------------------------------------------------------------

    def timeline(self, row: Any, adult: bool) -> dict[str, Any] | None:
        """Lanes of bars: places, needs, decisions of a child; incomes and fees of an adult."""
        today = actor().today
        lanes = [*(self._lanes_of_adult() if adult else self._lanes_of_child(row)), self._lane_of_fees()]
        if not any(bars for _, bars in lanes):
            return None
        return {
            "today": today, "title": str(row), "first": today.replace(year=today.year - 2, month=1, day=1),
            "last": today.replace(year=today.year + 1, month=12, day=31),
            "lanes": [
                {"label": label, "bars": [
                    {"start": p.start, "end": p.end, "text": text, "look": look} for p, text, look in bars]}
                for label, bars in lanes if bars
            ],
        }

    def _lanes_of_child(self, row: Any) -> list[tuple[str, list[Bar]]]:
        places = [one for one in reversed(self.places_of(row)) if one.seen]
        return [
            (told("placement.title"), [_bar(one.period, one.unit) for one in places]),
            (told("placement.group"), [_bar(period, name) for one in places for period, name in one.groups]),
            (told("backup_care.title"), [
                _bar(one.period, str(one.unit), "other") for one in reversed(g.found["backups"])]),
            (told("placement.service_need"), [
                _bar(period, option_name("service_needs", option)) for one in places for period, option in one.needs]),
        ]

    def _lanes_of_adult(self) -> list[tuple[str, list[Bar]]]:
        incomes = reversed(g.found["incomes"])
        return [(told("income.title"), [_bar(one.period, euros(one.total)) for one in incomes])]

    def _lane_of_fees(self) -> tuple[str, list[Bar]]:
        fees = sorted((one for one in g.found["fees"] if one.status in SHOWN_FEES), key=lambda one: one.start)
        return told("fee.title"), [
            _bar(one.period, euros(one.total), "" if one.status is FeeStatus.SENT else "draft") for one in fees]

    def readers(self, found: list[Any]) -> list[dict[str, Any]]:
        """Who has opened this file last."""
        if not may(actor(), "person.see_readers"):
            return []
        return [{"at": moment(at), "who": who or told("journal.machine"), "what": told(action)}
                for at, who, action in found]


def _bar(period: DateRange, text: str, look: str = "") -> Bar:
    return period, text, look or ("past" if period.last_day < actor().today else "active")

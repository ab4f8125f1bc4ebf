"""Applications as the office reads, sorts, completes and takes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from flask import g, request, url_for
from markupsafe import Markup
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload, selectinload

from evaka.access import may, within
from evaka.actions import Action
from evaka.actions import application as act
from evaka.actions.application import note
from evaka.actions.application.known import terms_of
from evaka.actions.decision.claim import is_revised
from evaka.actions.placement import default_period
from evaka.actions.placement.near import places_from
from evaka.models.application import Application, Preference
from evaka.models.application.attachment import Attachment
from evaka.models.application.note import Note
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.placement import PlacementPlan
from evaka.rules.application import (
    ON_THE_DESK,
    OPEN,
    ApplicationStatus,
    AttachmentKind,
    overdue,
    urgency,
)
from evaka.rules.application.form import late_for_term
from evaka.views.application.fill import FillsIn
from evaka.views.application.filters import FILTERS, is_due_soon, is_overdue
from evaka.views.application.form import told_blocks
from evaka.views.application.saved import KeepsSelections
from evaka.views.base import Button, Screen, link
from evaka.views.base.lists import COUNTED
from evaka.views.message import about_application
from evaka.views.page import actor, aged, moment, option_name, row_url, told, word_of, written

__all__ = ["ApplicationScreen", "is_due_soon", "is_overdue"]
S = ApplicationStatus


class ApplicationScreen(FillsIn, KeepsSelections, Screen):
    list_template = "office/applications.html"
    details_template = "office/application.html"
    column_list = ("child", "due", "start", "status", "first_wish", "service_need", "signs", "office_note")
    column_sortable_list = (
        ("child", "child.sort_key"), "start", "due", "status", "service_need", "kind", "received",
        ("first_wish", "first_preference.unit.name"))
    column_default_sort = ("due", False)
    column_filters = FILTERS
    opens_with = {"flt0_0": "1"}
    main = ("application.send", "application.check", "application.take", "application.plan", "application.propose",
            "application.send_decision", "application.print_decision")
    rare = ("application.accept_proof", "application.return_to_sent", "application.return_to_placement",
            "application.cancel", "application.plan_again", "application.set_due", "application.reckon_due",
            "application.remark",
            "application.note", "application.change_note", "application.remove_note", "application.ask_supplement",
            "application.settle_supplement", "application.consent", "application.save", "application.attach",
            "application.detach", "application.drop")
    search_people = ("child_id", "guardian_id")
    search_columns = ("id", "case_number")
    reading = True
    bulk = ("send", "take", "check", "return_to_sent", "return_to_placement", "propose", "withdraw", "send_decision",
            "print_decision")
    column_formatters = {
        "wishes": lambda view, _context, row, _name: " · ".join(
            f"{one.place} {one.unit}" for one in row.preferences),
        "first_wish": lambda view, _context, row, _name: view.first_wish(row),
        "signs": lambda view, _context, row, _name: view.signs(row),
        "service_need": lambda view, _context, row, _name: option_name("service_needs", row.service_need),
    }
    column_details_list = (
        "status", "case_number", "child", "guardian", "kind", "origin", "received", "due", "due_by_hand",
        "urgent_proof", "transfer", "additional", "continuing", "checked", "confidential", "other_guardian", "hidden",
        "saved_at",
    )

    def visible(self) -> ColumnElement[bool]:
        """A guardian's draft is the guardian's alone."""
        return super().visible() & Application.in_office()

    def get_query(self) -> Any:
        return super().get_query().options(
            selectinload(Application.preferences).joinedload(Preference.unit), joinedload(Application.child))

    def rows(self, found: list[Any]) -> Iterator[tuple[int, str, Any, list[tuple[Markup, Any]]]]:
        """Each row leads to its file with the list's own filters, so that the file leads on to the next one."""
        asked = urlencode([(key, value) for key, value in request.args.items() if key != "page"])
        for id, url, first, further in super().rows(found):
            yield id, f"{url}&{asked}" if asked else url, first, further

    def head_buttons(self) -> list[Button]:
        if not may(actor(), "application.import"):
            return []
        return [Button(told("menu.application_import"), url_for("application_import.index"), "secondary")]

    def neighbours(self, row: Any) -> dict[str, str]:
        """The applications before and after this one in the list that it was opened from."""
        args = self._get_list_extra_args()
        if not (args.filters or args.search or args.sort is not None):
            return {}
        sort = self._get_column_by_idx(args.sort)
        query, joins = self.get_query(), {}
        if args.search:
            query = query.filter(self.found(args.search.strip()))
        if args.filters:
            query, _, joins, _ = self._apply_filters(query, None, joins, {}, args.filters)
        ordered, _ = self._apply_sorting(query, joins, sort[0] if sort else None, args.sort_desc)
        ids = [id for id, in ordered.with_entities(Application.id).limit(COUNTED)]
        asked = {key: value for key, value in request.args.items() if key not in ("id", "page")}
        if row.id not in ids:
            return {"list": self.get_url(".index_view", **asked)}
        at = ids.index(row.id)
        beside = {"previous": ids[at - 1] if at else None, "next": ids[at + 1] if at + 1 < len(ids) else None}
        return {word: row_url("application.details_view", id, **asked) for word, id in beside.items() if id} | {
            "list": self.get_url(".index_view", **asked),
            "place": told("application.place_in_list", place=at + 1,
                          of=len(ids) if len(ids) < COUNTED else told("ui.list.many"))}

    def listed(self, found: list[Any]) -> None:
        """Of which urgent applications a paper has come that nobody has accepted yet."""
        asked = [row.id for row in found if row.urgent and row.urgent_proof is None]
        g.proved = set(db.session.scalars(select(Attachment.application_id).where(
            Attachment.application_id.in_(asked), Attachment.kind == AttachmentKind.URGENCY))) if asked else set()

    def first_wish(self, row: Any) -> str:
        """The first wished unit, and how many more there are."""
        if not row.preferences:
            return ""
        more = len(row.preferences) - 1
        return f"{row.preferences[0].unit}{f' +{more}' if more else ''}"

    def signs(self, row: Any) -> Any:
        """What sets an application apart: overdue, urgent, a transfer, notes that nobody has read."""
        found = []
        if overdue(row.status, row.due, actor().today):
            found.append(("bad", told("placement.days_over", days=-(urgency(row.due, actor().today) or 0))))
        if row.urgent:
            found.append(("warn", told(
                "application.urgent" if row.urgent_proof else "application.proof_waits" if row.id in g.get("proved", ())
                else "application.waits_for_proof")))
        if row.supplement_came and row.status in OPEN:
            found.append(("warn", told("application.family_has_added")))
        elif row.supplement_asked:
            found.append(("info", told("application.waits_for_family")))
        if row.consent is False or row.other_guardian_view == "not_agreed":
            found.append(("warn", told("application.disputed")))
        if row.sibling_unit_id or row.sibling_name:
            found.append(("", told("application.sibling_basis")))
        if row.assistance_needed or row.assistance:
            found.append(("info", told("application.assistance")))
        if row.continuing:
            found.append(("", told("application.continuing")))
        if row.transfer:
            found.append(("", told("application.transfer")))
        if row.shift_care:
            found.append(("info", told("application.shift_care")))
        if not row.checked and row.status is ApplicationStatus.WAITING_PLACEMENT:
            found.append(("warn", told("application.unchecked")))
        return self.badges(found)

    def row_heading(self, row: Any) -> str:
        return told("application.of", child=f"{row.child.first_name} {row.child.last_name}")

    def row_fact_line(self, row: Any) -> str:
        facts = [aged(row.child.born), told(f"application_status.{row.status}")]
        left = urgency(row.due, actor().today)
        if left is not None and row.status in ON_THE_DESK:
            facts.append(told("application.days_left" if left >= 0 else "application.days_over",
                              days=abs(left), due=row.due))
        return " · ".join(facts)

    def row_warnings(self, row: Any) -> list[dict[str, str]]:
        found = []
        if overdue(row.status, row.due, actor().today):
            found.append({"look": "bad", "title": told("application.overdue"),
                          "text": told("application.overdue_text", due=row.due)})
        if row.urgent and row.urgent_proof is None and row.status in act.HANDLED:
            since = self.proof_came(row)
            found.append({
                "look": "warn", "title": told("application.urgent"),
                "text": told("application.proof_waits_since", since=since) if since
                else told("application.proof_missing")})
        if row.supplement_came and row.status in OPEN:
            found.append({"look": "warn", "title": told("application.family_has_added"),
                          "text": told("application.family_has_added_text", at=moment(row.supplement_came))})
        elif row.supplement_asked and row.status in OPEN:
            found.append({"look": "info", "title": told("application.waits_for_family"),
                          "text": f"{row.supplement} ({moment(row.supplement_asked)})"})
        if row.consent is not None:
            found.append({"look": "good" if row.consent else "bad", "title": str(row.other_guardian or ""),
                          "text": " ".join((told("application.consent_yes" if row.consent else "application.consent_no",
                                                 at=moment(row.consent_at)), row.consent_words))})
        elif row.other_guardian_view == "not_agreed":
            found.append({"look": "bad", "title": told("application.disputed"),
                          "text": told("application.disputed_text")})
        if not row.checked and row.status is S.WAITING_PLACEMENT:
            found.append({"look": "warn", "title": told("application.unchecked"),
                          "text": told("application.unchecked_text")})
        if row.received and late_for_term(act.form_of(row), terms_of(row.kind), row.received):
            found.append({"look": "info", "title": told("application.late"), "text": told("application.late_text")})
        found += self.other_warnings(row)
        found += self.unit_warnings(row)
        return found

    def other_warnings(self, row: Any) -> list[dict[str, str]]:
        """Another open application of the kind for the same child: two decisions would cut one another's places."""
        if row.status not in OPEN:
            return []
        others = db.session.scalars(select(Application.id).where(
            Application.child_id == row.child_id, Application.kind == row.kind, Application.id != row.id,
            Application.status.in_(OPEN), self.visible()).order_by(Application.id)).all()
        return [{"look": "warn", "title": told("application.duplicate"), "text": told("application.duplicate_text"),
                 "url": row_url("application.details_view", id), "link": str(id)} for id in others]

    def unit_warnings(self, row: Any) -> list[dict[str, str]]:
        """A unit that takes no applications for the wanted start: the office may know why."""
        if row.start is None or row.status not in (S.CREATED, *act.HANDLED):
            return []
        closed = [one.unit.name for one in row.preferences
                  if (period := one.unit.apply_period(row.kind)) is None or row.start not in period]
        words = told("application.units_take_none")
        return [{"look": "info", "title": words, "text": ", ".join(closed)}] if closed else []

    def offers(self, action: Action, row: Any) -> bool:
        """A button that would only say no is left out."""
        match action.verb:
            case "check" | "plan":
                return bool(row.checked) == (action.verb == "plan")
            case "ask_supplement":
                return bool(row.status in act.HANDLED)
            case "save":
                return bool(row.status in (S.CREATED, *act.HANDLED))
            case "accept_proof":
                return bool(row.status in (
                    ON_THE_DESK if row.urgent and row.urgent_proof is None else act.HANDLED))
            case "set_due" | "attach":
                return bool(row.status in ON_THE_DESK)
            case "detach" | "answer_supplement" | "ask_change" | "overtake":
                return False  # on a page of its own; the family's; the program's
            case "drop":
                return bool(row.status is S.CREATED)
            case "reckon_due":
                return bool(row.due_by_hand and row.status in ON_THE_DESK)
            case "settle_supplement":
                return bool((row.supplement_asked or row.supplement_came) and row.status in OPEN)
            case "consent":
                return bool(row.other_guardian_id and row.status in OPEN - {S.CREATED} and row.consent is None)
            case "plan_again":
                return row.status in (S.ACTIVE, S.REJECTED) and is_revised(row.id)
            case "change_note" | "remove_note":
                return db.session.scalar(note.notes_of(row, actor()).limit(1)) is not None
            case "propose" | "send_decision" | "print_decision":
                return self._ready(action.verb, row)
        return True

    def buttons(self, row: Any) -> list[Button]:
        """And the way to the desk, where the units stand side by side."""
        found = super().buttons(row)
        if row.status in ON_THE_DESK and may(actor(), "application.plan"):
            found.insert(0, Button(told("menu.desk"), url_for("desk.index", application=row.id), "secondary"))
        return found

    def facts(self, row: Any) -> list[tuple[str, Any]]:
        """What the family did not fill in is left out; where the child is now is told besides."""
        found = [(label, value) for label, value in super().facts(row) if value not in (None, "", told("no"))]
        return found + [(told("application.has_place"), f"{one.unit}, {word_of(one.care_type)} {one.period}")
                        for one in places_from(row.child_id, actor())]

    def _ready(self, verb: str, row: Any) -> bool:
        plan = db.session.scalar(select(PlacementPlan).where(
            PlacementPlan.application_id == row.id, PlacementPlan.status.in_(("draft", "proposed", "confirmed"))))
        if plan is None:
            return False
        if verb == "propose":
            return bool(plan.unit.ask_unit)
        return not plan.unit.ask_unit or plan.status == "confirmed"

    def first_value(self, action: Action, name: str, row: Any) -> Any:
        if action.verb == "plan":
            period = default_period(row, actor().today)
            first = row.preferences[0].unit if row.preferences else None
            return {"unit": first, "start": period.start, "end": period.end}.get(name)
        if name == "urgent_proof":
            return self.proof_came(row) or actor().today
        if name == "secrecy" and row.confidential is not None:
            return act.Secrecy.SECRET if row.confidential else act.Secrecy.OPEN
        return getattr(row, name) if name in ("due", "office_note", "supplement") else None

    def effects(self, action: Action, rows: list[Any]) -> dict[int, str]:
        """A preview tells of each row how it stands, and by when a place is due."""
        return {row.id: " · ".join(filter(None, (
            told(f"application_status.{row.status}"), told("application.due_on", due=row.due) if row.due else "",
            self.first_wish(row)))) for row in rows}

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        return [*told_blocks(row, office=True), self.papers_block(row), *about_application(row), self.notes_block(row),
                *self.decided(row)]

    def file(self, row: Any) -> dict[str, Any]:
        return super().file(row) | {"beside": self.neighbours(row)}

    def notes_block(self, row: Any) -> dict[str, Any]:
        """What the office has written, the newest first."""
        sees = may(actor(), "application.note")
        found = db.session.scalars(
            select(Note).where(Note.application_id == row.id).order_by(Note.id.desc())
            .options(joinedload(Note.author))).all() if sees else []
        add = [Button(told("application.note"), row_url("application.do", row.id, "note"), "secondary")] if sees else []
        return {
            "title": told("application.notes_of_office"), "empty": told("application.no_notes"), "aside": True,
            "text": row.office_note, "buttons": add,
            "head": [told("application.note_at"), told("application.note_words")],
            "rows": [[f"{moment(one.written_at)} {one.author or ''}".strip(), one.words] for one in found],
        }

    def decided(self, row: Any) -> list[dict[str, Any]]:
        plans = db.session.scalars(
            select(PlacementPlan).where(
                PlacementPlan.application_id == row.id, within(actor(), "placement.view", PlacementPlan))
            .order_by(PlacementPlan.id)
            .options(joinedload(PlacementPlan.unit)))
        decisions = db.session.scalars(
            select(Decision).where(Decision.application_id == row.id, within(actor(), "decision.view", Decision))
            .order_by(Decision.id)
            .options(joinedload(Decision.unit)))
        return [
            {"title": told("menu.proposal"), "empty": told("placement.none_yet"),
             "head": [told(f"placement.{name}") for name in ("unit", "period", "status", "reason")],
             "rows": [[str(one.unit), str(one.period), self.badge(one.status), one.reason] for one in plans]},
            {"title": told("menu.decision"), "empty": told("decision.none_yet"),
             "head": [told(f"decision.{name}") for name in ("number", "unit", "period", "status", "answer_due")],
             "rows": [[link(str(one.number or "–"), "decision.details_view", one.id), str(one.unit), str(one.period),
                       self.badge(one.status),
                       written(one.answer_due)] for one in decisions]},
        ]

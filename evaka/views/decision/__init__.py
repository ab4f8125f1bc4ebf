"""Decisions on places, as the office sends them and the guardian answers them."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from urllib.parse import quote

from flask import Response, g, request, url_for
from flask_admin import expose
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from evaka.access import may
from evaka.actions import Action
from evaka.actions.decision import policy, window_days
from evaka.actions.decision.answer import check_answerer, follows
from evaka.actions.decision.claim import bundle as bundle_of
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.decision.claim import Claim
from evaka.models.decision.dispatch import Delivery, first_read
from evaka.models.unit import Unit
from evaka.rules.application import ApplicationStatus
from evaka.rules.decision import Channel, DecisionKind, DecisionStatus, movable_days, start_window
from evaka.rules.placement import CareType, CutKind
from evaka.views.base import BADGES, Button, Screen, link, look
from evaka.views.filters import DayFilter, NamedFilter, RowFilter, StateFilter
from evaka.views.page import actor, language, moment, option_name, told, told_refusal, word_of, written
from evaka.views.placement.preview import Foreseeing


def is_unanswered() -> ColumnElement[bool]:
    return (Decision.status == DecisionStatus.SENT) & (Decision.answer_due < actor().today)


def awaits_answer(row: Decision) -> bool:
    """A printed decision that has not been given to the post yet is nobody's to answer."""
    return row.application.status is not ApplicationStatus.WAITING_MAILING


class DecisionScreen(Foreseeing, Screen):
    """The office plans decisions on the placement desk; here it reads, answers on paper, ends and annuls them."""

    column_list = ("number", "child", "unit", "kind", "start", "end", "status", "answer_due")
    column_sortable_list = ("number", ("child", "child.sort_key"), "start", "status", "answer_due")
    column_default_sort = ("id", True)
    column_filters = (
        StateFilter(Decision.status, "decision.status", DecisionStatus),
        NamedFilter(Decision.answer_due, "decision.unanswered", is_unanswered),
        RowFilter(Decision.unit_id, "decision.unit", Unit),
        DayFilter(Decision.start, "decision.starts_from"),
        StateFilter(Decision.care_type, "decision.care_type", CareType),
        StateFilter(Decision.kind, "decision.kind", DecisionKind),
        StateFilter(Decision.channel, "decision.channel", Channel),
    )
    foreseen = ("decision.accept",)
    main = ("decision.accept", "claim.record")
    rare = ("decision.annul", "decision.extend", "claim.record")
    search_people = ("child_id",)
    search_columns = ("number",)
    reading = True
    bulk = ("expire",)
    column_details_list = (
        "number", "status", "child", "unit", "kind", "service_need", "start", "end", "planned", "reason_keys",
        "reasons", "sent_at", "channel", "decided_by", "answer_due", "appeal_due", "answered_at", "answer_channel",
        "chosen_start", "reminders",
    )
    column_formatters = {
        "service_need": lambda view, _context, row, _name: option_name("service_needs", row.service_need),
        "kind": lambda view, _context, row, _name: word_of(row.kind),
        "reason_keys": lambda view, _context, row, _name: ", ".join(
            option_name("reasons", one) for one in row.reason_keys or ()),
    }

    def row_heading(self, row: Any) -> str:
        return told("decision.of", child=f"{row.child.first_name} {row.child.last_name}", number=row.number or "–")

    def offers(self, action: Any, row: Any) -> bool:
        """Decisions are sent with their application; grounds are written while it is a draft."""
        match action.key.partition(".")[2]:
            case "write_reasons" | "change_draft":
                return bool(row.status is DecisionStatus.DRAFT)
            case "expire":
                return bool(row.answer_due and row.answer_due < actor().today)
            case "accept" | "reject":
                return awaits_answer(row)
            case "extend":
                return bool(row.status is DecisionStatus.SENT)
            case "record":
                return bool(row.status is not DecisionStatus.DRAFT and row.appeal_due)
        return True

    def first_value(self, action: Action, name: str, row: Any) -> Any:
        """An answer that came on paper is of the applicant; the claim came today."""
        if action.key == "claim.record":
            return {"received": actor().today, "claimant": row.application.guardian}.get(name)
        return super().first_value(action, name, row)

    def consequences(self, action: Action, row: Any) -> list[str]:
        found = super().consequences(action, row)
        if action.verb == "accept":
            window = start_window(row.period, window_days(row, actor()))
            found.append(told("decision.window", window=window))
        return found

    def buttons(self, row: Any) -> list[Button]:
        found = super().buttons(row)
        if row.status is not DecisionStatus.DRAFT and self.permits({"bundle": "claim.bundle"}, row)["bundle"]:
            found.append(Button(told("claim.bundle"), self.get_url(".bundle", id=row.id), "secondary"))
        return found

    @expose("/bundle/")
    def bundle(self) -> Any:
        """Everything on file about the decision as one PDF; who took it is a line of the journal, with its digest."""
        row = self.row_or_404(request.args.get("id"))
        assert isinstance(row, Decision)
        name, content = bundle_of(row, actor(), language())
        g.setdefault("reads", []).append(("claim.bundle", row, {"digest": sha256(content).hexdigest()}))
        return Response(content, mimetype="application/pdf", headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}.pdf"})

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        deliveries = db.session.scalars(
            select(Delivery).where(Delivery.decision_id == row.id)
            .options(joinedload(Delivery.person), joinedload(Delivery.document)).order_by(Delivery.id)).all()
        read = first_read(row.id)
        found: list[dict[str, Any]] = [{
            "title": told("delivery.title"), "empty": told("delivery.none"),
            "head": [told(f"delivery.{name}") for name in (
                "person", "channel", "state", "sent_at", "read_at", "proof")],
            "rows": [[
                str(one.person), word_of(one.channel), word_of(one.state), one.sent_at and moment(one.sent_at),
                moment(read[one.person_id]) if one.person_id in read else "",
                one.proof or (one.document.digest[:12] if one.document else "")]
                for one in deliveries],
        }]
        if may(actor(), "claim.view"):
            claims = db.session.scalars(
                select(Claim).where(Claim.decision_id == row.id).options(joinedload(Claim.claimant))
                .order_by(Claim.id)).all()
            if claims:
                found.append({
                    "title": told("claim.title"), "empty": "",
                    "head": [told(f"claim.{name}") for name in ("received", "claimant", "status", "due")],
                    "rows": [[link(written(one.received), "claim.details_view", one.id), str(one.claimant),
                              word_of(one.status), written(one.due)] for one in claims]})
        return found


class MyDecisions(Screen):
    """The guardian reads a decision, and accepts or rejects the place."""

    can_export = False
    reading = True
    column_list = ("number", "child", "unit", "start", "status")
    details_template = "guardian/decision.html"

    @expose("/")
    def index_view(self) -> Any:
        rows = (
            self.get_query().options(joinedload(Decision.child), joinedload(Decision.unit))
            .order_by((Decision.status == DecisionStatus.SENT).desc(), Decision.id.desc()).all()
        )
        return self.render("guardian/decisions.html", rows=[
            {"label": f"{row.child.first_name}: {row.unit}", "note": str(row.period), "badge": self.sign(row),
             "url": self.get_url(".details_view", id=row.id)} for row in rows])

    def sign(self, row: Any) -> tuple[str, str]:
        """The state in words; an answer that is waited for is shown with its last day."""
        if row.status is DecisionStatus.SENT:
            return "warn", told("decision.answer_by", due=row.answer_due)
        return BADGES.get(row.status.value, ""), word_of(row.status)

    def row_heading(self, row: Any) -> str:
        return told("decision.my_title", child=row.child.first_name)

    def file(self, row: Any) -> dict[str, Any]:
        window = start_window(row.period, movable_days(row.care_type, policy(), guardian=True))
        facts = [
            (told("decision.number"), row.number), (told("decision.unit"), str(row.unit)),
            (told("decision.period"), str(row.period)),
            (told("decision.service_need"), option_name("service_needs", row.service_need)),
            (told("decision.sent_at"), moment(row.sent_at) if row.sent_at else ""),
            (told("decision.answer_due"), written(row.answer_due)),
            (told("decision.appeal_due"), written(row.appeal_due)),
        ]
        if row.chosen_start:
            facts.append((told("decision.chosen_start"), written(row.chosen_start)))
        return {
            "heading": self.row_heading(row), "fact_line": str(row.unit), "badge": self.sign(row), "facts": facts,
            "paragraphs": self.paragraphs(row, window),
            "pdf": url_for("my_document.download", id=row.document_id) if row.document_id else None,
            "answers": [self._answer(action, row) for action in self.actions_of(row)],
            "back": self.get_url(".index_view"),
        }

    def paragraphs(self, row: Any, window: Any) -> list[str]:
        if row.status is not DecisionStatus.SENT:
            return []
        return [self.cannot_answer(row) or told("decision.window", window=window)]

    def cannot_answer(self, row: Any) -> str:
        """Why another answers, for a guardian who may only read."""
        try:
            check_answerer(row, actor())
        except Refused as no:
            return told_refusal(no)
        return ""

    def consequences(self, action: Action, row: Any) -> list[str]:
        """What becomes of the child's places, were the first day taken."""
        found = super().consequences(action, row)
        if action.verb == "accept":
            found = [self._cut(one) for one in follows(row, row.start).cuts]
        return found

    def _cut(self, one: Any) -> str:
        keeps = [str(part) for part in one.cut.keeps]
        key = {CutKind.DELETED: "deleted", CutKind.ENDED: "ended", CutKind.DELAYED: "delayed",
               CutKind.SPLIT: "split"}[one.cut.kind]
        return told(f"decision.cut.{key}", unit=one.place.unit, before=str(one.cut.before), keeps=", ".join(keeps))

    def _answer(self, action: Action, row: Any) -> dict[str, Any]:
        form = self.action_form(action, row)
        form.row_version.data = row.version
        return {"title": told(action.key), "help": " ".join(self.consequences(action, row)), "form": form,
                "url": self.get_url(".do", verb=action.verb, id=row.id), "label": told(action.key),
                "style": look(action.verb)}

    def offers(self, action: Action, row: Any) -> bool:
        answer = action.key in ("decision.accept", "decision.reject")
        return answer and awaits_answer(row) and not self.cannot_answer(row)

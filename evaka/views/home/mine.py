"""A guardian's first page: where the children are today, and what waits for an answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from flask import url_for
from flask_admin import expose
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from evaka.access import Actor, may, within
from evaka.actions.calendar import closures_of
from evaka.kit.dates import DateRange
from evaka.kit.money import euros
from evaka.models.attendance import Absence
from evaka.models.backup_care import BackupCare
from evaka.models.base import db
from evaka.models.calendar import Closure
from evaka.models.decision import Decision
from evaka.models.fee import FeeDecision
from evaka.models.invoice import Invoice
from evaka.models.person import Person
from evaka.models.person.custody import kept_from, own_children
from evaka.models.placement import GroupPlacement, Placement
from evaka.models.unit import Group, Unit
from evaka.models.voucher import VoucherDecision, in_force
from evaka.rules.decision import DecisionStatus
from evaka.rules.fee import FeeStatus
from evaka.rules.invoice import InvoiceStatus
from evaka.rules.person import is_adult
from evaka.rules.unit import Feature
from evaka.views.application.mine import applications_asked
from evaka.views.base import Button, Home
from evaka.views.booking import booking_asked
from evaka.views.calendar.event import talks_asked
from evaka.views.calendar.holiday_period import questions_asked
from evaka.views.home.today import days_ahead, today_of
from evaka.views.income.mine import income_asked
from evaka.views.message import unread_of_guardian
from evaka.views.page import actor, can_identify, told
from evaka.views.unit.units import days_of

NEAR = timedelta(days=60)  # how long beforehand a family reads that its unit will be closed


class MyHome(Home):
    @expose("/")
    def index(self) -> Any:
        by = actor()
        return self.render(
            "guardian/home.html", kids=self.children(by),
            waits=[*self.after_identifying(by), *self.decisions(by), *applications_asked(by), *booking_asked(by),
                   *questions_asked(by), *talks_asked(by), *self.letters(by), *income_asked(by)],
            latest=[*self.fee(by), *self.vouchers(by), *self.invoice(by)], **days_ahead(by),
        )

    def after_identifying(self, by: Actor) -> Iterator[dict[str, Any]]:
        """In a session by password: that something waits which needs strong identification, never what."""
        if not by.weak or not can_identify():
            return
        asked = (self.decisions, applications_asked, income_asked)
        count = sum(len(list(ask(by.identified))) - len(list(ask(by))) for ask in asked)
        if count > 0:
            yield {"label": told("user.identify.waits", count=count), "note": told("user.identify.waits_note"),
                   "url": url_for("user.identify", next=url_for("my.index"))}

    def children(self, by: Actor) -> list[dict[str, Any]]:
        """Where each child is today, or from when on it has a place."""
        if by.user is None or by.user.person_id is None:
            return []
        rows = db.session.execute(
            select(Person, Placement, Unit, Group.name, select(Absence.id).where(
                Absence.child_id == Person.id, Absence.day == by.today).exists(),
                kept_from(Person.id, by.user.person_id, by.today))
            .outerjoin(Placement, (Placement.child_id == Person.id) & Placement.meets(DateRange(by.today)))
            .outerjoin(Unit, Unit.id == Placement.unit_id)
            .outerjoin(GroupPlacement, (GroupPlacement.placement_id == Placement.id) & GroupPlacement.on(by.today))
            .outerjoin(Group, Group.id == GroupPlacement.group_id)
            .where(Person.id.in_(own_children(by.user.person_id, by.today)), Person.deceased.is_(None))
            .order_by(Person.born, Person.id, Placement.start)
        ).all()
        found: dict[int, dict[str, Any]] = {}
        elsewhere = self.elsewhere({child.id for child, *_, kept in rows if not kept}, by)
        units = {unit.id for _, _, unit, *_ in rows if unit}
        now = today_of({child.id for child, *_, kept in rows if not kept}, units, by)
        closures = closures_of(units, DateRange(by.today, by.today + NEAR))
        for child, place, unit, group, away, kept in rows:
            if child.id in found or is_adult(child.born, by.today):
                continue  # the first place is today's, or the next one to come
            if kept:
                found[child.id] = {"name": child.call_name, "buttons": [], "badge": None, "closed": [],
                                   "note": told("home.place_kept") if place else told("home.no_place")}
                continue
            here = place is not None and by.today in place.period
            buttons = []
            if place is None and may(by.identified, "application.begin"):
                buttons.append(
                    Button(told("home.apply"), url_for("my_application.begin", child=child.id), "secondary"))
            tells = here and may(by, "attendance.absent") and unit.has(Feature.ABSENCES)
            ill = now.ill(child) if tells else ""
            if tells:
                buttons.append(
                    Button(told("home.other_absence" if ill else "home.tell_absence"),
                           url_for("my_attendance.do", verb="attendance.absent", id=child.id), "secondary"))
            found[child.id] = {
                "name": child.call_name, "ill": ill, "buttons": buttons,
                "url": url_for("my_child.index", id=child.id),
                "note": " · ".join(filter(None, [self.place(place, unit, group, here=here),
                                                 now.booked(child) if here else ""])),
                "badge": ("warn", told("home.away")) if here and away else now.badge(child, unit.id) if here else None,
                "closed": [*elsewhere.get(child.id, ()), *self.closed(closures, place, unit)],
            }
        return list(found.values())

    def closed(self, closures: list[Closure], place: Placement | None, unit: Unit | None) -> list[str]:
        """The sentences that tell when the child's unit is closed."""
        return [told("home.closed", days=days_of(one), reason=one.reason) for one in closures
                if place is not None and unit is not None and one.unit_id in (None, unit.id)
                and one.period & place.period]

    def elsewhere(self, children: set[int], by: Actor) -> dict[int, list[str]]:
        """By child the sentences that tell of care in another unit, now and soon."""
        found: dict[int, list[str]] = {}
        for row in db.session.scalars(
            select(BackupCare).where(BackupCare.child_id.in_(children), BackupCare.end >= by.today,
                                     BackupCare.start <= by.today + NEAR)
            .order_by(BackupCare.start).options(joinedload(BackupCare.unit), joinedload(BackupCare.group))):
            where = ", ".join(filter(None, (str(row.unit), row.group and row.group.name, row.unit.address)))
            found.setdefault(row.child_id, []).append(told("home.elsewhere", period=days_of(row), unit=where))
        return found

    def place(self, place: Placement | None, unit: Unit | None, group: str | None, *, here: bool) -> str:
        if place is None:
            return told("home.no_place")
        if not here:
            return told("home.place_begins", start=place.start, unit=unit)
        return f"{unit}, {group}" if group else str(unit)

    def decisions(self, by: Actor) -> Iterator[dict[str, Any]]:
        """The decisions that wait for an answer, the one that presses most first."""
        for row in db.session.scalars(
            select(Decision).where(within(by, "decision.accept", Decision), Decision.status == DecisionStatus.SENT)
            .order_by(Decision.answer_due, Decision.id).options(joinedload(Decision.child), joinedload(Decision.unit))
        ):
            yield {
                "label": f"{row.child.first_name}: {row.unit}", "note": str(row.period),
                "url": url_for("my_decision.details_view", id=row.id),
                "badge": ("warn", told("decision.answer_by", due=row.answer_due)) if row.answer_due else None,
            }

    def letters(self, by: Actor) -> Iterator[dict[str, Any]]:
        if count := unread_of_guardian(by):
            yield {"label": told("home.unread", count=count), "url": url_for("my_message.index_view")}

    def fee(self, by: Actor) -> Iterator[dict[str, Any]]:
        """The newest fee decision of the family."""
        row = db.session.scalar(
            select(FeeDecision).where(within(by, "fee.view", FeeDecision), FeeDecision.status == FeeStatus.SENT)
            .order_by(FeeDecision.number.desc()).limit(1))
        if row is not None:
            yield {"label": told("home.latest_fee", number=row.number),
                   "note": told("home.latest_fee.note", period=row.period, total=euros(row.total)),
                   "url": url_for("my_fee.details_view", id=row.id)}

    def vouchers(self, by: Actor) -> Iterator[dict[str, Any]]:
        """The vouchers in force, one for each child in a private unit."""
        for row in db.session.scalars(
            in_force(by.today).where(within(by, "voucher.view", VoucherDecision))
            .order_by(VoucherDecision.number).options(joinedload(VoucherDecision.child))
        ):
            yield {"label": told("home.latest_voucher", child=row.child.first_name, number=row.number),
                   "note": told("home.latest_voucher.note", period=row.period, value=euros(row.value),
                                co_payment=euros(row.final_co_payment)),
                   "url": url_for("my_voucher.details_view", id=row.id)}

    def invoice(self, by: Actor) -> Iterator[dict[str, Any]]:
        """The newest invoice of the family."""
        row = db.session.scalar(
            select(Invoice).where(within(by, "invoice.view", Invoice), Invoice.status == InvoiceStatus.SENT)
            .order_by(Invoice.start.desc(), Invoice.id.desc()).limit(1))
        if row is not None:
            yield {"label": told("home.latest_invoice", month=row.start.month, year=row.start.year),
                   "note": told("home.latest_invoice.note", total=euros(row.total), due=row.due),
                   "url": url_for("my_invoice.index_view")}

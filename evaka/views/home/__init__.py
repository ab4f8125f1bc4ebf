"""The office's first page: what waits for whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import current_app, url_for
from flask_admin import expose
from markupsafe import Markup
from sqlalchemy import ColumnElement, Row, Select, distinct, func, select
from sqlalchemy.orm import joinedload, selectinload

from evaka.access import Actor, may, within
from evaka.actions.user import closed_soon
from evaka.kit.dates import DateRange
from evaka.kit.money import euros
from evaka.models.application import Application, Preference
from evaka.models.assistance import AssistanceFactor, DaycareAssistance
from evaka.models.attendance import Absence, AbsenceApplication
from evaka.models.backup_care import BackupCare
from evaka.models.base import Model, db
from evaka.models.booking import FamilyNote
from evaka.models.decision import Decision
from evaka.models.decision.claim import Claim
from evaka.models.decision.dispatch import Delivery
from evaka.models.fee import FeeDecision
from evaka.models.income import Income
from evaka.models.income.statement import IncomeStatement
from evaka.models.index_day import IndexDay, IndexDayFamily
from evaka.models.invoice import Invoice
from evaka.models.journal import Email, JobRun
from evaka.models.person import Person
from evaka.models.placement import GroupPlacement, Placement, PlacementPlan
from evaka.models.placement.need_change import NeedChange
from evaka.models.unit import Group, Unit
from evaka.models.user import Grant, User
from evaka.models.voucher import Payment, VoucherDecision
from evaka.rules.application import ON_THE_DESK, ApplicationStatus
from evaka.rules.attendance import AbsenceApplicationStatus
from evaka.rules.fee import FeeStatus
from evaka.rules.index_day import FamilyState, IndexDayStatus
from evaka.rules.invoice import InvoiceStatus
from evaka.rules.placement import PlanStatus
from evaka.rules.voucher import PaymentStatus
from evaka.texts import knows
from evaka.views.application.filters import family_has_added, is_due_soon, is_overdue, proof_has_come
from evaka.views.assistance import ends_soon as support_ends
from evaka.views.backup_care import wants_group
from evaka.views.base import Home, link
from evaka.views.decision import is_unanswered
from evaka.views.decision.claim import is_open as open_claims
from evaka.views.decision.dispatch import to_post
from evaka.views.home.morning import is_director, morning
from evaka.views.income import ends_soon
from evaka.views.income.statement import waits as statements_wait
from evaka.views.journal import MailState, in_state
from evaka.views.message import newest_unread, unread_of_groups, writes_with_families
from evaka.views.page import actor, told, word_of, written
from evaka.views.placement.notices import is_open as open_changes
from evaka.views.placement.screens import need_ends, to_replan, unanswered
from evaka.views.user.screens import staff_ends

JOBS_OF_FINANCE = ("fee.refresh_night", "invoice.draft_month")  # their items are heads of families
NAMED = 5  # families by name; the rest are counted by the run itself


@dataclass(frozen=True)
class Task:
    """Rows that wait for somebody: how many there are, and the list that shows exactly these."""

    word: str  # texts: home.<word>, and home.<word>.sign when `look` says that it presses
    key: str  # who may do `key` to them is told of them
    model: type[Model]
    condition: ColumnElement[bool]
    screen: str
    filters: tuple[tuple[str, str], ...] = ()
    look: str = ""

    def count(self, by: Actor) -> Select[tuple[int]]:
        return select(func.count(self.model.id)).where(within(by, self.key, self.model), self.condition)

    @property
    def url(self) -> str:
        return listed(self.screen, *self.filters) if self.filters else url_for(self.screen)


def listed(screen: str, *chosen: tuple[str, str]) -> str:
    """The address of a list with these filters, each named by the key of its words."""
    view = next(one for admin in current_app.extensions["admin"] for one in admin._views if one.endpoint == screen)
    numbers = {one.name.key: number for number, one in enumerate(view._filters)}
    arguments: dict[str, Any] = {f"flt{numbers[key]}_{numbers[key]}": value for key, value in chosen}
    return url_for(f"{screen}.index_view", **arguments)


# -- what waits, by whose work it is ------------------------------------------------------------------


def tasks(by: Actor) -> Iterator[Task]:
    """Everything that may wait for this actor, the most pressing first."""
    if may(by, "journal.view"):
        yield from of_administrator()
    if may(by, "application.plan"):
        yield from of_case_worker()
    if is_local(by):
        yield from of_unit(by)
    if may(by, "fee.send"):
        yield from of_finance()
    if may(by, "user.activate"):
        yield Task("closed_soon", "user.activate", User, closed_soon(by.today), "users",
                   (("user.closed_soon", "1"),), "warn")


def is_local(by: Actor) -> bool:
    """Whether the actor works in a unit or a group, and is not somebody of the city's office."""
    return any(unit or group for _, unit, group in by.grants)


def of_case_worker() -> Iterator[Task]:
    key, status = "application.view", Application.status
    yield Task("overdue", key, Application, is_overdue(), "application", (("application.overdue", "1"),), "bad")
    yield Task("due_soon", key, Application, is_due_soon(), "application", (("application.due_soon", "1"),), "warn")
    yield Task("proof_has_come", key, Application, proof_has_come(), "application",
               (("application.proof_has_come", "1"),), "bad")
    yield Task("family_has_added", key, Application, family_has_added(), "application",
               (("application.family_has_added", "1"),), "warn")
    yield Task("to_replan", "placement.view", PlacementPlan, to_replan(), "proposal",
               (("placement.to_replan", "1"),), "warn")
    yield Task("unanswered_proposals", "placement.view", PlacementPlan, unanswered(), "proposal",
               (("placement.unanswered", "1"),), "warn")
    yield Task("new_applications", key, Application, status == ApplicationStatus.SENT, "application",
               (("application.status", "sent"),))
    yield Task("waiting_placement", key, Application, status == ApplicationStatus.WAITING_PLACEMENT, "application",
               (("application.status", "waiting_placement"),))
    yield Task("unanswered", "decision.view", Decision, is_unanswered(), "decision",
               (("decision.unanswered", "1"),), "warn")
    yield Task("to_post", "dispatch.make", Delivery, to_post(), "dispatch.make")
    yield Task("claims", "claim.view", Claim, open_claims(), "claim", (("claim.open", "1"),))


def of_unit(by: Actor) -> Iterator[Task]:
    grouped = select(GroupPlacement.placement_id).where(GroupPlacement.meets(DateRange(by.today)))
    yield Task("proposals", "placement.confirm", PlacementPlan, PlacementPlan.status == PlanStatus.PROPOSED, "proposal",
               (("placement.status", "proposed"),))
    yield Task("without_group", "placement.place_in_group", Placement,
               Placement.on(by.today) & Placement.id.not_in(grouped), "placement",
               (("placement.in_force", "1"), ("placement.without_group", "1")))
    yield Task("need_changes", "need_change.accept", NeedChange, open_changes(), "need_change",
               (("need_change.open", "1"),))
    yield Task("leave_waits", "attendance.accept_application", AbsenceApplication,
               AbsenceApplication.status == AbsenceApplicationStatus.WAITING, "absence_application",
               (("attendance.status", "waiting"),))
    yield Task("guests_without_group", "backup_care.place_in_group", BackupCare, wants_group(), "backup_care",
               (("backup_care.wants_group", "1"),))
    yield Task("needs_end", "placement.view", Placement, need_ends(), "placement", (("placement.need_ends", "1"),))
    yield Task("factors_end", "assistance.view", AssistanceFactor, support_ends(AssistanceFactor),
               "assistance_factor", (("assistance.ends_soon", "1"),))
    yield Task("levels_end", "assistance.view", DaycareAssistance, support_ends(DaycareAssistance),
               "daycare_assistance", (("assistance.ends_soon", "1"),))
    yield Task("staff_ends", "user.end_grant", Grant, staff_ends(), "grant", (("user.staff_ends", "1"),))


def of_finance() -> Iterator[Task]:
    open_days = select(IndexDay.id).where(IndexDay.status != IndexDayStatus.CLOSED)
    yield Task("index_day_exceptions", "index_day.view", IndexDayFamily,
               (IndexDayFamily.state == FamilyState.EXCEPTION) & IndexDayFamily.index_day_id.in_(open_days),
               "index_day_family", (("index_day.state", "exception"),), "bad")
    yield Task("index_day_open", "index_day.view", IndexDay, IndexDay.status != IndexDayStatus.CLOSED,
               "index_day.index_view")
    yield Task("fee_waiting", "fee.send", FeeDecision, FeeDecision.status == FeeStatus.WAITING, "fee",
               (("fee.status", "waiting"),), "warn")
    yield Task("fee_drafts", "fee.view", FeeDecision, FeeDecision.status == FeeStatus.DRAFT, "fee",
               (("fee.status", "draft"),))
    yield Task("invoice_drafts", "invoice.view", Invoice, Invoice.status == InvoiceStatus.DRAFT, "invoice",
               (("invoice.status", "draft"),))
    yield Task("replacement_drafts", "invoice.view", Invoice, Invoice.status == InvoiceStatus.REPLACEMENT_DRAFT,
               "invoice", (("invoice.status", "replacement_draft"),))
    yield Task("voucher_drafts", "voucher.view", VoucherDecision, VoucherDecision.status == FeeStatus.DRAFT, "voucher",
               (("voucher.status", "draft"),))
    yield Task("payment_drafts", "payment.view", Payment, Payment.status == PaymentStatus.DRAFT, "payment",
               (("payment.status", "draft"),))
    yield Task("statements_wait", "statement.handle", IncomeStatement, statements_wait(), "statement",
               (("statement.waits", "1"),))
    yield Task("incomes_end", "income.view", Income, ends_soon(), "income", (("income.ends_soon", "1"),))


def of_administrator() -> Iterator[Task]:
    newest = select(func.max(JobRun.id)).where(JobRun.status.in_(("done", "failed", "lost"))).group_by(JobRun.job)
    failed = JobRun.id.in_(newest) & JobRun.status.in_(("failed", "lost"))
    yield Task("failed_jobs", "journal.run_job", JobRun, failed, "job.start", look="bad")
    yield Task("given_up_mail", "journal.view", Email, in_state(MailState.GIVEN_UP), "mail",
               (("journal.state", "given_up"),), "bad")


def waiting(by: Actor) -> list[dict[str, Any]]:
    """What there is to do, with its count: one question to the database for all of it."""
    mine = [task for task in tasks(by) if may(by, task.key)]
    if not mine:
        return []
    counts = db.session.execute(select(*(task.count(by).scalar_subquery() for task in mine))).one()
    return [
        {"n": n, "label": told(f"home.{task.word}"), "url": task.url,
         "badge": (task.look, told(f"home.{task.word}.sign")) if task.look else None}
        for task, n in zip(mine, counts, strict=True) if n
    ]


def due(day: date, by: Actor) -> Markup:
    """A day with a sign when it has gone or is near."""
    left = (day - by.today).days
    if left > 6:
        return Markup(written(day))
    look, word = ("bad", "days_over") if left < 0 else ("warn", "days" if left else "due_today")
    return Markup('{} <span class="badge badge-{}">{}</span>').format(
        written(day), look, told(f"placement.{word}", days=abs(left)))


def groups_today(by: Actor) -> list[Row[Any]]:
    """(group, unit, children, absent) of the groups that the actor reaches, on this very day."""
    return list(db.session.execute(
        select(
            Group.id, Group.name, Unit.name,
            func.count(distinct(Placement.child_id)).label("children"),
            func.count(distinct(Absence.child_id)).label("absent"),
        )
        .join(Unit, Unit.id == Group.unit_id)
        .outerjoin(GroupPlacement, (GroupPlacement.group_id == Group.id) & GroupPlacement.on(by.today))
        .outerjoin(Placement, (Placement.id == GroupPlacement.placement_id) & Placement.on(by.today))
        .outerjoin(Absence, (Absence.child_id == Placement.child_id) & (Absence.day == by.today))
        .where(within(by, "attendance.view", Group), Group.on(by.today))
        .group_by(Group.id, Group.name, Unit.name).order_by(Unit.name, Group.name)
    ).all())


def troubles_of_finance() -> Iterator[dict[str, Any]]:
    """The families for whom the last run of a job could not reckon fees or invoices, and how that is mended."""
    over = JobRun.job.in_(JOBS_OF_FINANCE) & JobRun.status.in_(("done", "failed", "lost"))
    newest = select(func.max(JobRun.id)).where(over).group_by(JobRun.job)
    runs = db.session.scalars(
        select(JobRun).where(JobRun.id.in_(newest), JobRun.status.in_(("failed", "lost"))).order_by(JobRun.job)).all()
    if not runs:
        return
    found = [(run, why, ids.split(", ")) for run in runs
             for why, _, ids in (line.partition(": ") for line in run.message.splitlines() or [""])]
    heads = {int(id) for _, _, ids in found for id in ids[:NAMED] if id.isdecimal()}
    names = dict(db.session.execute(select(Person.id, Person).where(Person.id.in_(heads))).tuples().all())
    rows = []
    for run, why, ids in found:
        families = [link(str(names[int(id)]), "person.details_view", int(id)) for id in ids[:NAMED]
                    if id.isdecimal() and int(id) in names]
        more = [told("home.and_others")] if len(ids) > NAMED else []
        rows.append([told(f"job.{run.job}"), mending(run.status, why), Markup(", ").join([*families, *more])])
    yield {"title": told("home.troubles"), "note": told("home.troubles.note"), "rows": rows,
           "head": [told(f"home.troubles.{name}") for name in ("job", "mend", "families")]}


def mending(status: str, why: str) -> str:
    """What is the matter with a run, and what to do about it."""
    if status == "lost":
        return told("home.mend.lost")
    return told(f"home.mend.{why}") if knows(f"home.mend.{why}") else told("home.mend.other", why=why)


class OfficeHome(Home):
    @expose("/")
    def index(self) -> Any:
        by = actor()
        page: dict[str, Any] = {"todo": waiting(by)}
        if is_director(by):
            return self.render("office/morning.html", **page, **self.mail(by), **morning(by))
        if is_local(by):
            page |= self.day(by) | self.mail(by)
        elif may(by, "application.plan"):
            page["blocks"] = [self.pressing(by)]
        elif may(by, "fee.send"):
            page["blocks"] = [*troubles_of_finance(), self.invoiced(by)]
        return self.render("office/home.html", **page)

    def day(self, by: Actor) -> dict[str, Any]:
        """Who is to come today, group by group."""
        if not may(by, "attendance.view"):
            return {}
        rows = groups_today(by)
        children, absent = (sum(getattr(row, name) for row in rows) for name in ("children", "absent"))
        url = listed("attendance", ("attendance.from", by.today.isoformat()), ("attendance.to", by.today.isoformat()))
        several = len({row[2] for row in rows}) > 1
        return {
            "kpis": [
                {"label": told("home.children"), "value": children},
                {"label": told("home.present"), "value": children - absent},
                {"label": told("home.absent"), "value": absent, "note": told("ui.all"), "url": url},
            ],
            "blocks": [{
                "title": told("home.groups"), "empty": told("home.no_groups"), "figures": [1, 2, 3],
                "head": [told(f"home.{name}") for name in ("group", "children", "absent", "present")],
                "rows": [
                    [link(f"{unit}, {name}" if several else name, "group.details_view", id), all_, away, all_ - away]
                    for id, name, unit, all_, away in rows
                ],
            }, *self.words(by)],
        }

    def words(self, by: Actor) -> list[dict[str, Any]]:
        """What families have told the group of today."""
        rows = db.session.execute(
            select(Person, FamilyNote.text).join(Person, Person.id == FamilyNote.child_id)
            .where(FamilyNote.day == by.today, within(by, "booking.view", FamilyNote),
                   within(by, "person.view", Person)).order_by(Person.sort_key)).all()
        return [{"title": told("booking.notes"), "head": [told("booking.child"), told("booking.note")],
                 "rows": [[link(str(child), "person.details_view", child.id), text] for child, text in rows]}
                ] if rows else []

    def pressing(self, by: Actor) -> dict[str, Any]:
        """The applications whose statutory day is next, or gone."""
        rows = db.session.scalars(
            select(Application).where(
                within(by, "application.view", Application), Application.status.in_(ON_THE_DESK),
                Application.due.is_not(None))
            .order_by(Application.due, Application.id).limit(12)
            .options(joinedload(Application.child), selectinload(Application.preferences).joinedload(Preference.unit)))
        return {
            "title": told("home.pressing"), "empty": told("home.nothing_presses"),
            "link": (told("ui.all"), listed("application", ("application.open", "1"))),
            "head": [told(f"application.{name}") for name in ("child", "due", "status", "first_wish")],
            "rows": [
                [link(str(one.child), "application.details_view", one.id), due(one.due or by.today, by),
                 word_of(one.status), str(one.preferences[0].unit) if one.preferences else ""]
                for one in rows
            ],
        }

    def invoiced(self, by: Actor) -> dict[str, Any]:
        """What has been invoiced, month by month, and what waits as drafts."""
        sent, drafted = ((Invoice.status == one) for one in (InvoiceStatus.SENT, InvoiceStatus.DRAFT))
        rows = db.session.execute(
            select(Invoice.start, func.count(Invoice.id).filter(sent), func.count(Invoice.id).filter(drafted),
                   func.coalesce(func.sum(Invoice.total).filter(sent), 0))
            .where(within(by, "invoice.view", Invoice)).group_by(Invoice.start)
            .order_by(Invoice.start.desc()).limit(12)).all()
        return {
            "title": told("home.invoiced"), "empty": told("home.no_invoices"), "figures": [1, 2, 3],
            "link": (told("menu.invoice"), url_for("invoice.index_view")),
            "head": [told(f"home.invoiced.{name}") for name in ("month", "sent", "drafts", "total")],
            "rows": [[f"{start.month}/{start.year}", count, drafts or "", euros(total)]
                     for start, count, drafts, total in rows],
        }

    def mail(self, by: Actor) -> dict[str, Any]:
        """The newest letters of the families that nobody of the group has read."""
        if not may(by, "message.view") or not db.session.scalar(writes_with_families(by)):
            return {}
        return {"mail": newest_unread(by), "mail_count": unread_of_groups(by),
                "mail_url": url_for("message.index_view")}


# -- a guardian's own -----------------------------------------------------------------------------------

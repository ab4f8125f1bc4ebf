"""What the machinery has done: runs of the jobs, mail that goes out, and who did and read what."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from flask import abort, current_app, flash, g, redirect, request
from flask_admin import expose
from sqlalchemy import ColumnElement, Select, and_, func, literal, select
from sqlalchemy.orm import joinedload

from evaka import city
from evaka.access import Actor, may, require_any
from evaka.actions import ACTIONS, Action
from evaka.actions.journal import start_job
from evaka.models.base import HELSINKI, Model, db
from evaka.models.journal import AuditEvent, Email, JobRun, JournalSeal, Lease
from evaka.models.person import Person, matching
from evaka.models.user import User
from evaka.rules.person.protection import TELLS_HOME
from evaka.texts import knows
from evaka.views.base import Button, Screen, linked
from evaka.views.base.attempt import attempt
from evaka.views.base.rows import is_protected
from evaka.views.filters import DayFilter, ListFilter, StateFilter
from evaka.views.journal.about import About
from evaka.views.journal.preview import preview, questions
from evaka.views.journal.words import changed_name, input_name, subject_name, when, words
from evaka.views.page import actor, moment, told


class RunStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    LOST = "lost"


class MailState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given_up"

    @classmethod
    def of(cls, mail: Email) -> MailState:
        if mail.sent_at is not None:
            return cls.SENT
        return cls.WAITING if mail.next_try is not None else cls.GIVEN_UP


FEW = 2_000  # lines that are sorted sooner than found by walking


# -- filters ----------------------------------------------------------------------------------------


class KeyFilter(ListFilter):
    """One of the keys that `keys` names at the time, in words."""

    kind = "select"

    def __init__(self, column: Any, label: str, keys: Callable[[], Iterable[str]], prefix: str = "") -> None:
        super().__init__(column, label)
        self.keys, self.prefix = keys, prefix

    def choices(self) -> list[tuple[str, str]]:
        named = [(key, words(f"{self.prefix}{key}")) for key in self.keys()]
        return sorted(named, key=lambda one: one[1].casefold())


class MailFilter(StateFilter):
    """A mail's state is not a column: it follows from two."""

    def condition(self, value: Any) -> ColumnElement[bool]:
        return in_state(value)


class NameFilter(ListFilter):
    """Part of a person's name."""

    def condition(self, value: Any) -> ColumnElement[bool]:
        return self.column.in_(people_named(value))  # type: ignore[no-any-return]


class OftenFilter(ListFilter):
    """Lines of the journal of those whom `found` finds: by their own index when they are few, else newest first.

    A name that many bear has more lines than a page can sort, and one that few bear stands too far apart to walk to.
    """

    def __init__(self, column: Any, label: str, found: Callable[[str], Select[tuple[int]]]) -> None:
        super().__init__(column, label)
        self.found = found

    def condition(self, value: Any) -> ColumnElement[bool]:
        theirs = self.column.in_(self.found(value))
        some = select(literal(1)).where(theirs).limit(FEW + 1).subquery()
        few = (db.session.scalar(select(func.count()).select_from(some)) or 0) <= FEW
        return theirs if few else (self.column + 0).in_(self.found(value))  # a reckoned value has no index


class MomentFilter(DayFilter):
    """The moments of a day and after it, or of a day and before it, by the clock of Helsinki."""

    def condition(self, value: Any) -> ColumnElement[bool]:
        midnight = datetime.combine(value + timedelta(days=self.last), time.min, HELSINKI)
        return self.column < midnight if self.last else self.column >= midnight  # type: ignore[no-any-return]


def people_named(typed: str) -> Select[tuple[int]]:
    """Those whose name holds what was typed, and the rows that were merged into them."""
    found = select(Person.id).where(matching(typed))
    return select(Person.id).where(Person.id.in_(found) | Person.merged_into_id.in_(found))


def users_named(typed: str) -> Select[tuple[int]]:
    return select(User.id).where(User.name.icontains(typed, autoescape=True))


def in_state(state: MailState) -> ColumnElement[bool]:
    unsent = Email.sent_at.is_(None)
    return {
        MailState.SENT: ~unsent,
        MailState.WAITING: and_(unsent, Email.next_try.is_not(None)),
        MailState.GIVEN_UP: and_(unsent, Email.next_try.is_(None)),
    }[state]


def doings() -> set[str]:
    """Every key that may stand in the journal and has words."""
    verbs = ("create", "edit", "delete", "read", "export")
    rows = {f"{mapper.class_.feature_name()}.{verb}" for mapper in Model.registry.mappers for verb in verbs}
    return {key for key in {*ACTIONS, *rows, *(f"job.{name}" for name in city.read("jobs"))} if knows(key)}


# -- screens ----------------------------------------------------------------------------------------


class RunScreen(Screen):
    """When the jobs ran, how much they did, and what went wrong."""

    feature = "journal"
    column_list = ("due", "job", "status", "done", "failed", "started", "ended", "trigger", "user")
    column_details_list = (
        "job", "trigger", "user", "due", "status", "attempt", "started", "heartbeat", "ended", "done",
        "failed", "owner",
    )
    column_sortable_list = ("due", "job", "status")
    column_default_sort = ("id", True)
    figures = ("done", "failed")
    column_filters = (
        KeyFilter(JobRun.job, "journal.job", lambda: city.read("jobs"), "job."),
        StateFilter(JobRun.status, "journal.status", RunStatus),
        MomentFilter(JobRun.due, "journal.from"),
        MomentFilter(JobRun.due, "journal.until", last=True),
    )
    column_formatters: ClassVar = {
        "job": lambda view, context, row, name: words(f"job.{row.job}"),
        "status": lambda view, context, row, name: view.badge(RunStatus(row.status)),
        "trigger": lambda view, context, row, name: told(f"run_trigger.{row.trigger}"),
    }
    column_formatters_detail = column_formatters

    @property
    def fact_line(self) -> str:
        """Whether somebody runs the jobs at all."""
        until = db.session.scalar(select(Lease.until).where(Lease.name == "jobs"))
        if until is None:
            return told("journal.never_awake")
        return told("journal.awake") if until > datetime.now(UTC) else told("journal.asleep", since=until)

    def row_heading(self, row: JobRun) -> str:
        return f"{words('job.' + row.job)} {moment(row.due)}"

    def head_buttons(self) -> list[Button]:
        if not may(actor(), "journal.run_job"):
            return []
        return [Button(told("journal.jobs"), self.get_url(".start"), "primary")]

    def offers(self, action: Action, row: JobRun) -> bool:
        return row.job in city.read("jobs")

    def blocks(self, row: JobRun) -> list[dict[str, Any]]:
        lines = [line.partition(": ") for line in row.message.splitlines()]
        return [{
            "title": told("journal.troubles"), "head": [told("journal.why"), told("journal.items")],
            "rows": [(words(why), ids) for why, _, ids in lines],
            "empty": told("journal.no_troubles"),
        }]

    @expose("/start/", methods=("GET", "POST"))
    def start(self) -> Any:
        """Every job, when it runs and how it went last; a button runs it now."""
        require_any(actor(), "journal.run_job")
        name = request.form.get("job", "")
        if request.method == "POST" and name in city.read("jobs"):
            with attempt() as tried:
                start_job(name, actor())
            if tried.done:
                flash(told("journal.queued", job=words(f"job.{name}")), "success")
            return redirect(self.get_url(".start"))
        newest = select(func.max(JobRun.id)).group_by(JobRun.job)
        last = {run.job: run for run in db.session.scalars(select(JobRun).where(JobRun.id.in_(newest)))}
        rows = [
            {"name": name, "words": words(f"job.{name}"), "when": when(fields), "last": last.get(name)}
            for name, fields in city.read("jobs").items()
        ]
        return self.render(
            "journal/jobs.html", rows=rows, badge=lambda run: self.badge(RunStatus(run.status)),
            crumbs=self.crumbs, heading=told("journal.jobs"), fact_line=self.fact_line,
        )


    @expose("/would/")
    def would(self) -> Any:
        """How many rows a job would take up now, and which come first; nothing is done."""
        require_any(actor(), "journal.run_job")
        name = request.args.get("job", "")
        if name not in city.read("jobs") or name not in questions():
            abort(404)
        found = preview(name, actor())
        kind = found.model and words(f"journal.subject.{found.model.__tablename__}")
        return self.render(
            "journal/would.html", found=found, kind=kind, name=name, job=words(f"job.{name}"),
            when=when(city.read("jobs")[name]), crumbs=[*self.crumbs, (told("journal.jobs"), self.get_url(".start"))],
            heading=told("journal.would", job=words(f"job.{name}")),
            fact_line=told("journal.would.nothing_done"), jobs=self.get_url(".start"))


class MailScreen(Screen):
    """What the office has told by e-mail, what still waits, and what it has given up."""

    feature = "journal"
    column_list = ("made_at", "person", "text", "state", "sent_at", "tries", "next_try", "error")
    column_details_list = column_list
    column_sortable_list = ("made_at", "sent_at")
    column_default_sort = ("id", True)
    figures = ("tries",)
    column_filters = (
        MailFilter(Email.sent_at, "journal.state", MailState),
        NameFilter(Email.person_id, "journal.person"),
        MomentFilter(Email.made_at, "journal.from"),
        MomentFilter(Email.made_at, "journal.until", last=True),
    )
    column_formatters: ClassVar = {
        "person": lambda view, context, row, name: str(row.reader),
        "text": lambda view, context, row, name: told(f"email.{row.text}.subject"),
        "state": lambda view, context, row, name: view.badge(MailState.of(row)),
        "error": lambda view, context, row, name: words(row.error),
    }
    column_formatters_detail: ClassVar = column_formatters | {
        "person": lambda view, context, row, name: linked(row.reader),
    }
    bulk = ("retry_mail",)

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(Email.user))

    @property
    def fact_line(self) -> str:
        return "" if current_app.config.get("SMTP") else told("journal.no_smtp")

    def row_heading(self, row: Email) -> str:
        return told(f"email.{row.text}.subject")

    def offers(self, action: Action, row: Email) -> bool:
        return row.sent_at is None


class AuditScreen(About, Screen):
    """The journal: who did what to whom and who read whose file.  Whoever searches it stands in it too."""

    feature = "journal"
    details_template = "journal/line.html"
    column_list = ("at", "user", "action", "person", "subject")
    column_details_list = column_list
    column_sortable_list = ()
    column_default_sort = [("at", True), ("id", True)]
    column_filters = (
        OftenFilter(AuditEvent.person_id, "journal.person", people_named),
        OftenFilter(AuditEvent.user_id, "journal.user", users_named),
        KeyFilter(AuditEvent.action, "journal.action", doings),
        MomentFilter(AuditEvent.at, "journal.from"),
        MomentFilter(AuditEvent.at, "journal.until", last=True),
    )
    column_formatters: ClassVar = {
        "user": lambda view, context, row, name: str(row.user or told("journal.machine")),
        "action": lambda view, context, row, name: words(row.action),
        "subject": lambda view, context, row, name: subject_name(row.subject, row.subject_id),
    }
    column_formatters_detail = column_formatters

    @property
    def fact_line(self) -> str:
        """The last seal, to compare with the copies that are kept elsewhere."""
        last = db.session.scalar(select(JournalSeal).order_by(JournalSeal.id.desc()).limit(1))
        if last is None:
            return told("journal.unsealed")
        return told("journal.sealed", at=last.at, lines=last.lines, digest=last.digest[:16])

    @expose("/")
    def index_view(self) -> Any:
        if searched := {name: typed for name, typed in request.args.items() if name[:3] == "flt" and typed}:
            g.setdefault("reads", []).append(("journal.read", None, searched))
        return super().index_view()

    def row_heading(self, row: AuditEvent) -> str:
        return f"{words(row.action)} {moment(row.at)}"

    def blocks(self, row: AuditEvent) -> list[dict[str, Any]]:
        facts, secret = dict(row.facts), TELLS_HOME if is_protected(row, actor().today) else ()

        def shown(name: str, value: Any) -> Any:
            return told("person.restricted_sign") if name in secret and value else value

        changes = [(changed_name(what, column), *(shown(column, one) for one in both))
                   for what, column, *both in facts.pop("changes", ())]
        inputs = [(input_name(row.action, name), shown(name, value)) for name, value in facts.items()]
        return [
            {"title": told("journal.inputs"), "rows": inputs, "empty": told("journal.no_inputs"),
             "head": [told("journal.input"), told("journal.value")]},
            {"title": told("journal.changes"), "rows": changes, "empty": told("journal.no_changes"),
             "head": [told("journal.what"), told("journal.before"), told("journal.after")]},
        ]


def given_up(_by: Actor) -> Select[tuple[int]]:
    """How many mails will not go unless somebody does something, for the menu."""
    return select(func.count(Email.id)).where(in_state(MailState.GIVEN_UP))

"""A guardian's own applications: begun, gone on with another day, sent, changed, and followed to the decision."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_admin import expose
from flask_admin.form import BaseForm
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from evaka.access import Actor, may, require, within
from evaka.actions import Action
from evaka.actions import application as act
from evaka.actions.application import guardian, papers
from evaka.actions.application.known import known_of, places_of, policy
from evaka.kit.errors import Denied
from evaka.models.application import Application
from evaka.models.application.attachment import Attachment
from evaka.models.base import db, transaction
from evaka.models.person import Person
from evaka.models.person.custody import kept_from, own_children
from evaka.rules.application import (
    OPEN,
    ApplicationKind,
    ApplicationStatus,
    AttachmentKind,
    short_notice,
)
from evaka.rules.application.flags import ALIKE
from evaka.rules.application.form import lacks, wanted_papers
from evaka.rules.person import is_adult
from evaka.views.application.form import PaperForm, form_for_row, told_blocks
from evaka.views.base import Button, Screen, sentence
from evaka.views.base.attempt import attempt
from evaka.views.base.rows import BADGES, REFUSALS, check_fresh, count_save, row_number, told_what_changed
from evaka.views.document import OpensPapers, size_of, uploaded
from evaka.views.page import actor, moment, row_url, told, word_of, written

S = ApplicationStatus
# what the family sees of the way: (state of the step, states of the application that are at it)
WAY = (
    ("draft", (S.CREATED,)), ("sent", (S.SENT,)),
    ("handling", (S.WAITING_PLACEMENT, S.WAITING_DECISION, S.WAITING_CONFIRMATION, S.WAITING_MAILING)),
    ("answer", (S.WAITING_GUARDIAN,)), ("done", (S.ACTIVE, S.REJECTED, S.CANCELLED)),
)
CHANGED = frozenset({S.CREATED, S.SENT})  # a family may change it itself


class BeginForm(BaseForm):
    child = RadioField(validators=[Optional()], coerce=row_number)
    kind = RadioField(validators=[Optional()], coerce=lambda typed: ApplicationKind(typed) if typed else None)


class MyApplications(OpensPapers, Screen):
    """The guardian begins, saves, attaches, sends; and sees what comes next."""

    feature = "application"
    can_export = False
    reading = True
    column_list = ("child", "status")
    details_template = "guardian/application.html"
    paper_model = Attachment
    paper_of = "application_id"

    @expose("/")
    def index_view(self) -> Any:
        rows = self.get_query().options(joinedload(Application.child)).order_by(Application.id.desc()).all()
        return self.render(
            "guardian/decisions.html", fact_line=told("application.my_help"), empty=told("application.nothing_yet"),
            buttons=[Button(told("application.begin"), self.get_url(".begin"), "primary")]
            if may(actor(), "application.begin") else [],
            rows=[{"label": self.row_heading(row), "note": self.next_step(row), "badge": self.sign(row),
                   "url": self.page(row)} for row in rows])

    def own(self, row: Any) -> bool:
        user = actor().user
        return user is not None and row.guardian_id == user.person_id

    def page(self, row: Any) -> str:
        draft = row.status is S.CREATED
        return str(self.get_url(".fill" if draft else ".details_view", id=row.id))

    def sign(self, row: Any) -> tuple[str, str]:
        return BADGES.get(row.status.value, ""), told(f"application_seen.{step_of(row.status)}"
                                                      if row.status in OPEN else f"application_status.{row.status}")

    def row_heading(self, row: Any) -> str:
        return told("application.mine", child=row.child.first_name, kind=word_of(row.kind))

    def next_step(self, row: Any) -> str:
        """What comes next, in a sentence."""
        if row.supplement_asked and self.own(row):
            return told("application.next.supplement")
        if row.status in (S.SENT, *WAY[2][1]):
            if row.due and not row.transfer:
                return told("application.next.due", due=row.due)
            return told("application.next.transfer" if row.transfer else "application.next.handling")
        return told(f"application.next.{row.status}")

    # -- beginning ------------------------------------------------------------------------------------

    @expose("/begin/", methods=("GET", "POST"))
    def begin(self) -> Any:
        """For which child, and for what."""
        by = actor()
        children = self.children(by)
        form = BeginForm(request.form if request.method == "POST" else None)
        form.child.choices = [SelectChoice(str(one.id), one.first_name) for one in children]
        kinds = [one for one in ApplicationKind if one in policy().guardians_ask]
        form.kind.choices = [SelectChoice(one.value, word_of(one)) for one in kinds]
        form.child.label.text, form.kind.label.text = told("application.child"), told("application.begin.kind")
        if request.method == "GET":
            form.kind.data = kinds[0] if kinds else None
            form.child.data = row_number(request.args.get("child")) or (children[0].id if children else None)
        else:
            child = next((one for one in children if one.id == form.child.data), None)
            if child is None or form.kind.data not in kinds:
                flash(told("form.not_a_choice"), "error")
            else:
                with attempt() as tried:
                    row = guardian.begin(child, by, kind=form.kind.data)
                if tried.done:
                    return redirect(self.get_url(".fill", id=row.id))
        return self.render("guardian/application_begin.html", heading=told("application.begin"), form=form,
                           children=children, back=self.get_url(".index_view"))

    def children(self, by: Actor) -> list[Person]:
        """Those for whom the reader may apply."""
        if by.user is None or by.user.person_id is None:
            return []
        rows = db.session.scalars(select(Person).where(
            Person.id.in_(own_children(by.user.person_id, by.today)), Person.deceased.is_(None),
            within(by, "application.begin", Person)).order_by(Person.born, Person.id))
        return [one for one in rows if not is_adult(one.born, by.today)]

    # -- filling in -----------------------------------------------------------------------------------

    @expose("/fill/", methods=("GET", "POST"))
    def fill(self) -> Any:
        """One page: of a draft all that is typed is kept, whichever button is pressed; then papers, or sending."""
        row: Any = self.row_or_404(request.args.get("id"))
        require(actor(), "application.save", row)
        if row.status not in CHANGED:
            return redirect(self.get_url(".details_view", id=row.id))
        typed = request.form if request.method == "POST" else None
        form, paper = form_for_row(row, typed, office=False), PaperForm(typed)
        pressed = request.form.get("press", "save")
        if request.method == "GET":
            form.fill()
            form.row_version.data = row.version
        elif form.validate():
            done = self.kept(row, form, paper, pressed)
            row = self.row_or_404(row.id)
            if done and (pressed == "send" or (pressed == "save" and row.status is S.SENT)):
                return redirect(self.get_url(".details_view", id=row.id))
            if done:
                return redirect(f"{self.get_url('.fill', id=row.id)}{'#papers' if pressed == 'attach' else ''}")
        return self.render(
            "guardian/application_fill.html", heading=self.row_heading(row), row=row, form=form, paper=paper,
            fact_line=self.fact_line_of(row), papers=self.papers_of(row), wanted=self.wanted(row), size_of=size_of,
            word_of=word_of, most=policy().megabytes, notices=self.notices(row), back=self.get_url(".index_view"))

    def fact_line_of(self, row: Any) -> str:
        return told("application.draft_kept" if row.status is S.CREATED else "application.sent_may_change")

    def notices(self, row: Any) -> list[str]:
        """What the family should know before it sends."""
        alike = [one for one in places_of(row.child_id)
                 if one.care_type in ALIKE[row.kind] and one.period.last_day >= actor().today]
        found = [told("application.will_be_transfer")] if alike and row.status is S.CREATED else []
        if row.kind is ApplicationKind.DAYCARE and row.start and not row.urgent and not alike:
            sent = row.received or actor().today
            if short_notice(sent, row.start, policy()):
                found.append(told("application.short_notice", months=policy().due_months))
        return found

    def kept(self, row: Any, form: Any, paper: Any, pressed: str) -> bool:
        """Save the answers, then a paper that was chosen, then send; what is refused is said beside its question."""
        by, file = actor(), request.files.get("upload")
        answers = form.answers()
        chosen = file is not None and bool(file.filename)
        if row.status is not S.CREATED:
            form.mark(found := lacks(answers, known_of(row, answers, by), policy()))
            if found:
                return False
        try:
            with transaction():
                check_fresh(row, form.row_version.data)
                act.save(row, by, answers=answers)
                count_save(row, form.row_version.data)
                saved = row.version
        except REFUSALS as no:
            if isinstance(no, Denied):
                raise
            flash(sentence(no, row), "error")
            if told_what_changed(no):
                form.row_version.data = row.version
            return False
        form.row_version.data = saved
        row = self.row_or_404(row.id)
        if chosen:
            if not self.attached(row, paper, file):
                return False
            form.row_version.data = row.version  # a paper of what was sent is a save too
        if pressed == "attach" and not chosen:
            paper.upload.errors = [told("statement.paper_chosen_none")]
            return False
        if pressed == "send":
            answers = act.form_of(row)
            form.mark(found := lacks(answers, known_of(row, answers, by), policy()))
            if found:
                return False
            with transaction():
                act.send(row, by)
            flash(told("application.sent_thanks"), "success")
        elif pressed == "save":
            flash(told("application.saved"), "success")
        return True

    def attached(self, row: Any, paper: Any, file: Any) -> bool:
        with attempt(beside=paper.upload) as tried:
            papers.attach(row, actor(), kind=AttachmentKind(paper.paper_kind.data or "other"),
                          upload=uploaded(file))
        if not tried.done:
            return False
        flash(told("statement.paper_kept", name=file.filename), "success")
        return True

    def papers_of(self, row: Any) -> list[Attachment]:
        return list(db.session.scalars(papers.papers_seen(row, office=False))) if self.own(row) else []

    def sees(self, paper: Any) -> bool:
        """The office's own papers are not the family's, nor are one guardian's the other's."""
        return paper.kind is not AttachmentKind.OFFICE and self.own(paper.application)

    def wanted(self, row: Any) -> list[AttachmentKind]:
        return [kind for kind, is_wanted in wanted_papers(act.form_of(row)) if is_wanted]

    @expose("/attach/", methods=("POST",))
    def attach(self) -> Any:
        """A paper for an application that was sent."""
        row: Any = self.row_or_404(request.args.get("id"))
        require(actor(), "application.attach", row)
        paper = PaperForm(request.form)
        if not paper.validate():
            flash(told("form.not_a_choice"), "error")
        elif not self.attached(row, paper, request.files.get("upload")):
            flash(" ".join(paper.upload.errors), "error")
        return redirect(self.page(row))

    @expose("/detach/", methods=("POST",))
    def detach(self) -> Any:
        row: Any = self.row_or_404(request.args.get("id"))
        number = row_number(request.form.get("paper"))
        paper = next((one for one in self.papers_of(row) if one.id == number), None) or abort(404)
        with attempt(row) as tried:
            papers.detach(row, actor(), paper=paper)
        if tried.done:
            flash(told("done", action=told("application.detach")), "success")
        return redirect(self.page(row))

    # -- reading --------------------------------------------------------------------------------------

    def page_of(self, action: Action, row: Any) -> str:
        if action.verb in ("save", "send"):
            return row_url(f"{self.endpoint}.fill", row.id)
        return row_url(f"{self.endpoint}.details_view", row.id) if action.verb in ("attach", "detach") else super(
        ).page_of(action, row)

    def offers(self, action: Action, row: Any) -> bool:
        own = self.own(row)
        match action.verb:
            case "save":
                return own and row.status is S.SENT
            case "drop":
                return own and row.status is S.CREATED
            case "cancel":
                return own and row.status is S.SENT
            case "ask_change":
                return own and row.status in OPEN - CHANGED
            case "answer_supplement":
                return own and row.supplement_asked is not None
            case "consent":
                return not own and row.status in OPEN - {S.CREATED}
        return False

    def file(self, row: Any) -> dict[str, Any]:
        """Who did what in the office is not the family's to read; the other guardian sees what is shared."""
        own = self.own(row)
        facts = [
            (told("application.applicant"), str(row.guardian.first_name)),
            *([(told("application.case_number"), row.case_number)] if row.case_number else []),
            (told("application.received"), written(row.received)),
            (told("application.due"), written(row.due)), (told("application.consent"), self.consent_line(row)),
        ]
        adds = own and row.status in OPEN and row.status is not S.WAITING_GUARDIAN
        return {
            "heading": self.row_heading(row), "fact_line": self.next_step(row), "badge": self.sign(row),
            "facts": [(label, value) for label, value in facts if value], "steps": way_of(row),
            "answers": told_blocks(row, shared=not own, kept=not own and self.is_kept(row)),
            "papers": self.papers_of(row) if own else [],
            "paper": PaperForm() if adds else None, "wanted": self.wanted(row) if own else [], "size_of": size_of,
            "word_of": word_of, "most": policy().megabytes, "back": self.get_url(".index_view"), "own": own,
            "supplement": row.supplement if own and row.supplement_asked else "", "blocks": [], "history": [],
            "removable": row.status in CHANGED,
        }

    def is_kept(self, row: Any) -> bool:
        """Whether the reader is not told where the child is."""
        user = actor().user
        return user is None or bool(db.session.scalar(
            select(kept_from(row.child_id, user.person_id or -1, actor().today))))

    def consent_line(self, row: Any) -> str:
        """What the other guardian has said, and when."""
        if row.consent is None:
            return told("application.consent_waits") if row.consent_asked else ""
        return told("application.consent_yes" if row.consent else "application.consent_no",
                    at=moment(row.consent_at))

    def consequences(self, action: Action, row: Any) -> list[str]:
        return [told(f"application.{action.verb}.mine")] if action.verb == "cancel" else super().consequences(
            action, row)

    def after(self, action: Action, row: Any, result: Any) -> str:
        return str(self.get_url(".index_view") if action.verb == "drop" else self.get_url(".details_view", id=row.id))


def step_of(status: ApplicationStatus) -> str:
    return next(step for step, states in WAY if status in states)


def way_of(row: Any) -> list[tuple[str, str]]:
    """The steps of an application: (words, "done", "now" or "")."""
    if row.status in (S.REJECTED, S.CANCELLED):
        return []
    here = [step for step, _ in WAY].index(step_of(row.status))
    last = len(WAY) - 1
    return [(told(f"application_seen.{step}"), "done" if at < here or here == last else "now" if at == here else "")
            for at, (step, _) in enumerate(WAY) if step != "draft"]


def applications_asked(by: Actor) -> Iterator[dict[str, Any]]:
    """Lines on the guardian's first page: drafts to go on with, what the office asks, consents that are waited for."""
    if by.user is None or by.user.person_id is None or not may(by, "application.view"):
        return
    own = by.user.person_id
    mine = Application.guardian_id == own
    asked = mine & (Application.supplement_asked.is_not(None) | (Application.status == S.CREATED))
    yes_or_no = ~mine & Application.consent_asked.is_not(None) & Application.consent.is_(None)
    for row in db.session.scalars(
        select(Application).where(
            within(by, "application.view", Application), asked | yes_or_no, Application.status.in_(OPEN))
        .options(joinedload(Application.child)).order_by(Application.id)
    ):
        word = "consent" if row.guardian_id != own else "supplement" if row.supplement_asked else "draft"
        yield {"label": told("application.mine", child=row.child.first_name, kind=word_of(row.kind)),
               "note": told(f"home.application_{word}"),
               "url": url_for("my_application.fill" if word == "draft" else "my_application.details_view", id=row.id),
               "badge": ("warn", told("home.application_waits")) if word != "draft" else None}

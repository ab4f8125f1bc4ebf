"""A guardian's own income statements: begun, gone on with another day, sent, and added to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_admin import expose
from sqlalchemy import select

from evaka.access import Actor, may, require
from evaka.actions import ACTIONS, Action
from evaka.actions.income import notice, policy
from evaka.actions.income import statement as act
from evaka.kit.errors import Denied
from evaka.kit.money import euros
from evaka.models.base import db, transaction
from evaka.models.income import Income
from evaka.models.income.statement import IncomeStatement
from evaka.models.person import Person
from evaka.rules.income.notice import Notice, asked_of
from evaka.rules.income.statement import (
    MAY_WITHDRAW,
    OPEN,
    PaperKind,
    StatementStatus,
    papers_wanted,
)
from evaka.views.base import Button, Screen, sentence
from evaka.views.base.attempt import attempt
from evaka.views.base.rows import (
    BADGES,
    REFUSALS,
    check_fresh,
    count_save,
    inputs_of,
    row_number,
    told_what_changed,
)
from evaka.views.document import size_of, uploaded
from evaka.views.forms import form_for
from evaka.views.income.calculator import my_estimate
from evaka.views.income.form import PARTS, PaperForm, form_of
from evaka.views.income.statement import Papers
from evaka.views.page import actor, moment, told, told_refusal, word_of


class MyStatements(Papers, Screen):
    """The guardian begins a statement, goes on with it another day, sends it, and adds what is still asked for."""

    feature = "statement"
    can_export = False
    reading = True
    column_list = ("whose", "status")
    details_template = "guardian/statement.html"

    @expose("/")
    def index_view(self) -> Any:
        rows = self.get_query().order_by(IncomeStatement.start.desc(), IncomeStatement.id.desc()).all()
        return self.render(
            "guardian/decisions.html", fact_line=told("statement.my_help"), empty=told("statement.nothing"), buttons=[
                Button(told("statement.estimate"), self.get_url(".estimate"), "secondary"),
                Button(told("income.begin_statement"), self.get_url(".begin"), "primary"),
            ], rows=[{"label": self.row_heading(row), "note": str(row.period), "badge": self.sign(row),
                      "url": self.page(row)} for row in rows])

    def page(self, row: Any) -> str:
        draft = row.status is StatementStatus.DRAFT
        return str(self.get_url(".fill" if draft else ".details_view", id=row.id))

    def sign(self, row: Any) -> tuple[str, str]:
        return BADGES.get(row.status.value, ""), word_of(row.status)

    def row_heading(self, row: Any) -> str:
        of = f", {row.child.first_name}" if row.child else ""
        return told("statement.mine", kind=f"{word_of(row.kind)}{of}")

    def own_person(self) -> Person:
        user = actor().user
        return user.person if user is not None and user.person is not None else abort(404)

    @expose("/begin/", methods=("GET", "POST"))
    def begin(self) -> Any:
        person, action = self.own_person(), ACTIONS["income.begin_statement"]
        require(actor(), action.key, person)
        form = form_for(action, person)(request.form if request.method == "POST" else None)
        if request.method == "GET":
            form.start.data = actor().today.replace(day=1)
        elif form.validate():
            with attempt() as tried:
                row = act.begin(person, actor(), **inputs_of(form, action))
            if tried.done:
                return redirect(self.get_url(".fill", id=row.id))
        return self.render("guardian/statement_begin.html", heading=told("income.begin_statement"), form=form,
                           back=self.get_url(".index_view"))

    @expose("/fill/", methods=("GET", "POST"))
    def fill(self) -> Any:
        """One page: what is typed is kept whichever button is pressed; then papers, or sending."""
        row: Any = self.row_or_404(request.args.get("id"))
        if row.status is not StatementStatus.DRAFT:
            return redirect(self.get_url(".details_view", id=row.id))
        form, papers = form_of(row.kind, request.form or None), PaperForm(request.form or None)
        pressed = request.form.get("press", "save")
        if request.method == "GET":
            form.fill(row.end, row.told)
            form.row_version.data = row.version
        elif form.validate():
            done = self._kept(row, form, papers, pressed)
            row = self.row_or_404(row.id)
            if done and pressed == "send":
                return redirect(self.get_url(".details_view", id=row.id))
            if done and pressed == "estimate":
                earned = 0 if form.no_income.data else form.estimated.data  # unanswered is not the same as nothing
                typed = {} if earned is None else {"income_0": euros(earned)[:-2]}
                return redirect(self.get_url(".estimate", **typed))
            if done:
                return redirect(f"{self.get_url('.fill', id=row.id)}#papers")
        return self.render(
            "guardian/statement_fill.html", heading=self.row_heading(row), row=row, form=form, papers=papers,
            parts=PARTS[row.kind], wanted=papers_wanted(row.kind, row.told), back=self.get_url(".index_view"),
            fact_line=told("statement.from", start=row.start), size_of=size_of, word_of=word_of,
            most=act.policy().megabytes)

    def _kept(self, row: Any, form: Any, papers: Any, pressed: str) -> bool:
        """Save the answers, then a paper that was chosen, then send; what is refused is said beside its question."""
        by, file = actor(), request.files.get("upload")
        try:
            with transaction():
                check_fresh(row, form.row_version.data)
                act.save(row, by, end=form.end.data if "end" in form else None, answers=form.answers())
                count_save(row, form.row_version.data)
                saved = row.version
            form.row_version.data = saved
            if file is not None and file.filename:
                with transaction():
                    act.attach(row, by, kind=PaperKind(papers.kind.data), upload=uploaded(file))
                form.row_version.data = row.version
                flash(told("statement.paper_kept", name=file.filename), "success")
            elif pressed == "attach":
                papers.upload.errors = [told("statement.paper_chosen_none")]
                return False
            if pressed == "send":
                found = act.lacks_of(row)
                for lack in found:
                    asked = form if lack.field in form else papers
                    field = asked[lack.field if asked is form else "upload"]
                    field.errors = [*field.errors, told_refusal(lack.why)]
                if found:
                    return False
                with transaction():
                    act.send(row, by)
                flash(told("statement.sent_thanks"), "success")
            elif pressed == "save":
                flash(told("statement.saved"), "success")
        except REFUSALS as no:
            if isinstance(no, Denied):
                raise
            if "upload" in papers and file is not None and file.filename:
                papers.upload.errors = [sentence(no)]
            else:
                flash(sentence(no, row), "error")
            if told_what_changed(no):
                form.row_version.data = row.version
            return False
        return True

    @expose("/attach/", methods=("POST",))
    def attach(self) -> Any:
        """A paper for a statement that was sent."""
        row: Any = self.row_or_404(request.args.get("id"))
        papers = PaperForm(request.form)
        if not papers.validate():
            flash(told("form.not_a_choice"), "error")
        else:
            self._deed(row, "statement.attach",
                       lambda: act.attach(row, actor(), kind=PaperKind(papers.kind.data),
                                          upload=uploaded(request.files.get("upload"))))
        return redirect(self.page(row))

    @expose("/detach/", methods=("POST",))
    def detach(self) -> Any:
        row: Any = self.row_or_404(request.args.get("id"))
        number = row_number(request.form.get("paper"))
        paper = next((one for one in row.papers if one.id == number), None) or abort(404)
        self._deed(row, "statement.detach", lambda: act.detach(row, actor(), paper=paper))
        return redirect(self.page(row))

    def _deed(self, row: Any, key: str, deed: Any) -> None:
        with attempt(row) as tried:
            deed()
        if tried.done:
            flash(told("done", action=told(key)), "success")

    def page_of(self, action: Action, row: Any) -> str:
        """Steps of the form have no page of their own."""
        return super().page_of(action, row) if self.offers(action, row) else self.page(row)

    def offers(self, action: Action, row: Any) -> bool:
        """What is filled in or added is asked on pages of its own."""
        match action.verb:
            case "withdraw":
                return row.status in MAY_WITHDRAW
            case "add_info":
                return row.status in OPEN and row.status is not StatementStatus.DRAFT
        return False

    def file(self, row: Any) -> dict[str, Any]:
        """Who did what in the office, and its note, are not the family's to read."""
        adds = row.status in OPEN
        return {
            "heading": self.row_heading(row), "fact_line": str(row.period), "badge": self.sign(row),
            "facts": [(told("statement.sent_at"), moment(row.sent_at) if row.sent_at else ""),
                      (told("statement.period"), str(row.period))],
            "answers": self.answer_blocks(row), "papers": PaperForm() if adds else None,
            "wanted": papers_wanted(row.kind, row.told), "size_of": size_of, "most": act.policy().megabytes,
            "word_of": word_of, "back": self.get_url(".index_view"), "blocks": [], "history": [],
        }

    @expose("/estimate/")
    def estimate(self) -> Any:
        """What the family would pay; nothing is saved."""
        return self.render("guardian/estimate.html", heading=told("statement.estimate"),
                           action=self.get_url(".estimate"), back=self.get_url(".index_view"), **my_estimate())


def income_asked(by: Actor) -> Iterator[dict[str, Any]]:
    """A line on the guardian's first page when the family's income ends soon, or was never told."""
    if by.user is None or by.user.person_id is None or not may(by, "income.begin_statement"):
        return
    own = by.user.person_id
    near = by.today + timedelta(days=policy().first_reminder_days)
    if db.session.scalar(select(Income.id).where(
            Income.person_id == own, Income.end.is_(None) | (Income.end > near)).limit(1)) is not None:
        return
    renewal = notice.renewals([own], by).get(own)
    asked = asked_of(renewal, policy(), by.today) if renewal is not None else None
    if renewal is None or asked is None:
        return
    word = "income_ends" if asked is Notice.REMINDER else "income_missing"
    ends = max((period.last_day for period in renewal.incomes), default=by.today)
    yield {"label": told(f"home.{word}", end=ends), "note": told(f"home.{word}_note"),
           "url": url_for("my_statement.index_view"), "badge": None}

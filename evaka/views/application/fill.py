"""The whole form of an application in the office, and its papers."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, g, redirect, request
from flask_admin import expose
from sqlalchemy import select

from evaka.access import permitted, require
from evaka.actions import application as act
from evaka.actions.application import papers
from evaka.actions.application.known import known_of, policy
from evaka.kit.errors import Denied
from evaka.models.application import Application
from evaka.models.application.attachment import Attachment
from evaka.models.base import db, transaction
from evaka.rules.application import ApplicationStatus, AttachmentKind
from evaka.rules.application.form import lacks
from evaka.views.application.form import PaperForm, form_for_row
from evaka.views.base import link, sentence
from evaka.views.base.attempt import attempt
from evaka.views.base.rows import REFUSALS, check_fresh, count_save, is_protected, row_number, told_what_changed
from evaka.views.document import OpensPapers, size_of, uploaded
from evaka.views.page import actor, moment, told, word_of

S = ApplicationStatus


class FillsIn(OpensPapers):
    paper_model = Attachment
    paper_of = "application_id"

    def proof_came(self, row: Any) -> Any:
        """The day on which the first paper came that shows the urgency."""
        at = db.session.scalar(select(Attachment.added_at).where(
            Attachment.application_id == row.id, Attachment.kind == AttachmentKind.URGENCY)
            .order_by(Attachment.added_at).limit(1))
        return at.date() if at else None

    def sees(self, paper: Any) -> bool:
        return bool(permitted(actor(), "application.attach", Application, {paper.application_id}))

    def papers_block(self, row: Any) -> dict[str, Any]:
        sees = permitted(actor(), "application.attach", Application, {row.id})
        found = db.session.scalars(papers.papers_seen(row, office=True)).all() if sees else []
        return {
            "title": told("application.papers"), "empty": told("application.no_papers"), "figures": [2],
            "head": [told(f"application.{name}") for name in ("paper_kind", "paper_name", "paper_size", "paper_added")],
            "rows": [[word_of(one.kind), link(one.name, "application.paper", one.id), size_of(one.size),
                      moment(one.added_at) + (f" ({told('application.by_office')})" if one.by_office else "")]
                     for one in found],
        }

    @expose("/fill/", methods=("GET", "POST"))
    def fill(self) -> Any:
        """The whole form: what came on paper is typed in, what was sent is changed with a reason."""
        screen: Any = self
        row: Any = screen.row_or_404(request.args.get("id"))
        require(actor(), "application.save", row)
        if row.status not in (S.CREATED, *act.HANDLED):
            abort(404)
        back = screen.get_url(".details_view", id=row.id)
        form = form_for_row(row, request.form if request.method == "POST" else None, office=True)
        reason = request.form.get("reason", "")[:500]
        if request.method == "GET":
            form.fill()
            form.row_version.data = row.version
        elif form.validate() and self.kept(row, form, reason):
            return redirect(back)
        if "new_street" in form and is_protected(row, actor().today):
            g.setdefault("reads", []).append(("person.see_restricted", row.child, {}))
        return screen.render(
            "office/application_fill.html", row=row, form=form, reason=reason, back=back,
            heading_words=told("application.save"), wants_reason=row.status is not S.CREATED)

    def kept(self, row: Any, form: Any, reason: str) -> bool:
        answers = form.answers()
        if row.status is not S.CREATED:
            form.mark(found := lacks(answers, known_of(row, answers, actor()), policy()))
            if found:
                return False
        try:
            with transaction():
                check_fresh(row, form.row_version.data)
                act.save(row, actor(), answers=answers, reason=reason)
                count_save(row, form.row_version.data)
        except REFUSALS as no:
            if isinstance(no, Denied):
                raise
            flash(sentence(no, row), "error")
            if told_what_changed(no):
                form.row_version.data = row.version
            return False
        flash(told("application.saved_by_office"), "success")
        return True

    @expose("/attach/", methods=("GET", "POST"))
    def attach_page(self) -> Any:
        """A paper that came by post or is the office's own; and those that were added by mistake go."""
        screen: Any = self
        row: Any = screen.row_or_404(request.args.get("id"))
        require(actor(), "application.attach", row)
        back = screen.get_url(".details_view", id=row.id)
        form = PaperForm(request.form if request.method == "POST" else None, office=True)
        own = db.session.scalars(papers.papers_of(row, actor())).all()
        gone = next((one for one in own if one.id == row_number(request.form.get("paper"))), None)
        if request.method == "POST" and (gone is not None or form.validate()):
            with attempt(beside=form.upload) as tried:
                if gone is not None:
                    papers.detach(row, actor(), paper=gone)
                else:
                    papers.attach(row, actor(), kind=AttachmentKind(form.paper_kind.data),
                                  upload=uploaded(request.files.get("upload")))
            if tried.done:
                flash(told("done", action=told("application.detach" if gone is not None else "application.attach")),
                      "success")
                return redirect(back)
        return screen.render("office/application_attach.html", row=row, form=form, own=own, back=back,
                           most=policy().megabytes)

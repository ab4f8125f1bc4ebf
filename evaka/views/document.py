"""Papers as they were sent: opened by whoever may see the child or the family."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import quote

from flask import Response, abort, g, request
from flask_admin import expose

from evaka.actions.document import Upload
from evaka.models.base import db
from evaka.models.document import Document
from evaka.views.base import Screen
from evaka.views.base.rows import row_number
from evaka.views.page import decimal, told


def size_of(size: int) -> str:
    """Of a file, in kilobytes or megabytes."""
    if size < 100_000:
        return told("document.kilobytes", n=max(size // 1000, 1))
    return told("document.megabytes", n=decimal(size / 1_000_000, 1))


def uploaded(file: Any) -> Upload:
    """A file of a form; without one, an empty one."""
    return Upload(file.filename or "", file.read()) if file is not None else Upload("", b"")


class OpensPapers:
    """A file that was added to a row is opened by whoever sees the row, and may see the file."""

    paper_model: ClassVar[Any]
    paper_of: ClassVar[str]  # its column that points at the row

    @expose("/paper/")
    def paper(self) -> Any:
        """The very bytes that were sent, never shown as a page of ours; that somebody opened them is in the journal."""
        number = row_number(request.args.get("id"))
        paper = db.session.get(self.paper_model, number) if number is not None else None
        screen: Any = self
        row = screen.row_or_404(getattr(paper, self.paper_of)) if paper is not None else abort(404)
        if not self.sees(paper):
            abort(404)
        g.setdefault("reads", []).append((f"{screen.feature}.read", row, {"paper": number}))
        return Response(paper.content, mimetype=paper.media, headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(paper.name)}",
            "Content-Security-Policy": "sandbox; default-src 'none'"})

    def sees(self, paper: Any) -> bool:
        """Whether the reader of the row may read this file of it."""
        return True


class DocumentScreen(Screen):
    column_list = ("name", "person", "language", "made_at")
    column_sortable_list = ("name", "made_at")
    column_default_sort = ("id", True)
    column_details_list = ("name", "person", "language", "made_at", "digest")
    search_people = ("person_id",)
    search_columns = ("name",)

    def file(self, row: Any) -> dict[str, Any]:
        """Who in the office opened a paper is not the family's to read."""
        return super().file(row) | ({"history": []} if self.endpoint.startswith("my_") else {})

    @expose("/download/")
    def download(self) -> Any:
        """The very bytes that were sent; that somebody opened them is a line of the journal."""
        paper = self.row_or_404(request.args.get("id"))
        assert isinstance(paper, Document)
        g.setdefault("reads", []).append(("document.read", paper, {}))
        return Response(paper.content, mimetype="application/pdf", headers={
            "Content-Disposition": f"inline; filename*=UTF-8''{quote(paper.name)}.pdf"})

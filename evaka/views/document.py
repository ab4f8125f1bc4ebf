"""Papers as they were sent: opened by whoever may see the child or the family."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Response, g, request
from flask_admin import expose

from evaka.models.document import Document
from evaka.views.base import Screen


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

"""The page that takes in a season's applications from a file."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask_admin import expose

from evaka.actions.application import imported
from evaka.kit.errors import Refused
from evaka.models.base import transaction
from evaka.rules.application.imported import COLUMNS, NEEDED
from evaka.views.base import sentence
from evaka.views.base.request import KEPT
from evaka.views.base.rows import REFUSALS
from evaka.views.base.screen import Page
from evaka.views.document import uploaded
from evaka.views.page import actor, option_name, told, told_refusal, word_of, written

SHOWN = 200  # rows in order that are shown; all that are wrong are


class ApplicationImport(Page):
    permission = "application.import"

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Any:
        """A file, then what it holds and all that is wrong in it, and only then the applications."""
        given: dict[str, Any] = {}
        if request.method == "POST":
            try:
                kept = request.form.get("table")
                rows = unpacked(kept) if kept else self.table()
                if kept:
                    return self.taken_in(rows)
                given = self.preview(rows)
            except REFUSALS as no:
                flash(sentence(no), "error")
        return self.render(
            "office/application_import.html", heading=self.heading, back=url_for("application.index_view"),
            columns=[(told(f"application.import.{one}"), one in NEEDED) for one in COLUMNS], **given)

    def table(self) -> list[list[str]]:
        upload = uploaded(request.files.get("upload"))
        if len(upload.content) > KEPT:
            raise Refused("document.paper_large", name=upload.name, most=KEPT // 1024**2)
        return imported.table_of(upload.name, upload.content)

    def taken_in(self, rows: list[list[str]]) -> Any:
        with transaction():
            made = len(imported.take_in(rows, actor()))
        flash(told("application.import_done", count=made), "success")
        return redirect(url_for("application.index_view", flt1_1="sent"))

    def preview(self, rows: list[list[str]]) -> dict[str, Any]:
        found = imported.prepared(rows, actor())
        wrong = [one for one in found if one.wrong]
        good = [one for one in found if not one.wrong]
        return {
            "unread": ", ".join(imported.unread(rows)), "good": len(good), "bad": len(wrong),
            "table": packed(rows) if good else "",
            "wrong": {"head": [told(f"application.{name}") for name in ("import_row", "child", "import_why")],
                      "rows": [[str(one.line.number), str(one.child or ""),
                                " ".join(told_refusal(no) for no in one.wrong)] for one in wrong]},
            "right": {
                "head": [told("application.import_row"), *(told(f"application.{name}") for name in (
                    "child", "guardian", "kind", "received", "start", "wishes", "service_need"))],
                "rows": [[str(one.line.number), str(one.child), str(one.guardian), word_of(one.line.kind),
                          written(one.line.received), written(one.line.start),
                          " · ".join(unit.name for unit in one.units),
                          option_name("service_needs", one.form.service_need)] for one in good[:SHOWN]]},
            "more": max(len(good) - SHOWN, 0),
        }

    @expose("/example/")
    def example(self) -> Any:
        """An empty table with the headings, to fill in."""
        head = ";".join(told(f"application.import.{one}") for one in COLUMNS)
        return Response(f"{head}\r\n".encode("utf-8-sig"), mimetype="text/csv", headers={
            "Content-Disposition": "attachment; filename=hakemukset.csv"})


def packed(rows: list[list[str]]) -> str:
    """The table on its way through the browser, from the preview to the taking in."""
    return base64.b64encode(json.dumps(rows, ensure_ascii=False).encode()).decode()


def unpacked(kept: str) -> list[list[str]]:
    """What comes back is read as carefully as the file was."""
    try:
        rows = json.loads(base64.b64decode(kept, validate=True))
        if not all(isinstance(cell, str) for row in rows for cell in row):
            raise ValueError(rows)
    except (ValueError, TypeError, binascii.Error):
        raise Refused("application.import_unreadable", name="") from None
    return rows  # type: ignore[no-any-return]

"""Selections of a list that a user keeps under names."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import abort, flash, redirect, request
from flask_admin import expose

from evaka.actions.application import note
from evaka.models.application.note import SavedFilter
from evaka.models.base import db, transaction
from evaka.views.base.attempt import attempt
from evaka.views.base.rows import row_number
from evaka.views.page import actor, told


class KeepsSelections:
    endpoint: Any
    get_url: Any

    def saved(self) -> list[tuple[str, str, int]]:
        """(name, address, number) of the reader's own selections."""
        user = actor().user
        rows = db.session.scalars(note.filters_of(user, self.endpoint)) if user else ()
        return [(one.name, f"{self.get_url('.index_view')}?{one.arguments}", one.id) for one in rows]

    @expose("/keep/", methods=("POST",))
    def keep_filter(self) -> Any:
        """The selection that is shown gets a name."""
        user = actor().user or abort(404)
        asked = [(key, value) for key, value in request.args.items() if key not in ("page", "id")]
        back = self.get_url(".index_view", **dict(asked))
        with attempt() as tried:
            note.keep_filter(user, actor(), screen=self.endpoint, name=request.form.get("name", ""),
                             arguments=urlencode(asked))
        if tried.done:
            flash(told("application.filter_kept"), "success")
        return redirect(back)

    @expose("/forget/", methods=("POST",))
    def forget_filter(self) -> Any:
        user = actor().user or abort(404)
        number = row_number(request.form.get("filter"))
        row = db.session.scalar(note.filters_of(user, self.endpoint).where(SavedFilter.id == number)) or abort(404)
        with transaction():
            note.drop_filter(user, actor(), row=row)
        return redirect(self.get_url(".index_view"))

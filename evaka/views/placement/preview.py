"""What an action does to a child's places, shown before it is done: the action runs, is read, and is taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import flash, request
from flask_admin import expose
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from evaka.access import require
from evaka.actions import Action
from evaka.kit.dates import DateRange
from evaka.kit.errors import Denied
from evaka.models.base import db, transaction
from evaka.models.connection import writing
from evaka.models.placement import GroupPlacement, Placement
from evaka.views.base.rows import REFUSALS, inputs_of, sentence
from evaka.views.page import actor, option_name, told, word_of

Line = tuple[str, str, str, str, str]  # days, unit, care, groups, needs


@dataclass(frozen=True)
class Changes:
    """The child's places as they are and as they would be; what is the same in both is marked so."""

    before: list[Line]
    after: list[Line]

    @property
    def rows(self) -> list[tuple[str, Line]]:
        """(“gone”, “new” or “same”, place), what goes before what comes, in order of time."""
        gone = [("gone", one) for one in self.before if one not in self.after]
        kept = [("new" if one not in self.before else "same", one) for one in self.after]
        return [*gone, *kept]


class _TakenBack(Exception):
    """Nothing of it is to be saved."""


def places_in_words(child_id: int) -> list[Line]:
    """The child's places from today on."""
    rows = db.session.scalars(
        select(Placement)
        .where(Placement.child_id == child_id, Placement.meets(DateRange(actor().today)))
        .options(selectinload(Placement.needs), selectinload(Placement.groups).joinedload(GroupPlacement.group))
        .order_by(Placement.start).execution_options(populate_existing=True))
    return [(
        str(one.period), str(one.unit), word_of(one.care_type),
        ", ".join(dict.fromkeys(str(joined.group) for joined in one.groups)) or told("placement.without_group"),
        ", ".join(dict.fromkeys(option_name("service_needs", need.option) for need in one.needs)),
    ) for one in rows]


def foresee(child_id: int, deed: Callable[[], Any]) -> Changes:
    """What a deed would do to a child's places; raises what the deed refuses.

    A page that only reads may look ahead too: it writes in a transaction of its own, which is taken back.
    """
    writes, after = writing.get(), list[Line]()
    db.session.rollback()  # a reading transaction cannot become a writing one on SQLite
    writing.set(True)
    try:
        with transaction():
            before = places_in_words(child_id)
            deed()
            db.session.flush()
            after = places_in_words(child_id)
            raise _TakenBack
    except _TakenBack:
        return Changes(before, after)
    finally:
        writing.set(writes)


class Foreseeing:
    """A screen whose actions on places can be looked at before they are done: a second button of their forms."""

    foreseen: ClassVar[tuple[str, ...]] = ()  # keys of actions

    @expose("/do/<verb>/", methods=("GET", "POST"))
    def do(self, verb: str) -> Any:
        row = self.row_or_404(request.args.get("id"))
        action = self.action_or_404(verb)
        looks = request.method == "GET" or request.form.get("look")
        if action.key not in self.foreseen or not looks:
            return super().do(verb)
        require(actor(), action.key, row)
        form = self.action_form(action, row)
        changes = None
        if request.method == "GET":
            self.check_state(action, row)
            form.row_version.data = row.version
            inputs = self.first_inputs(action, row)
        else:
            inputs = inputs_of(form, action) if form.validate() else None
        if inputs is not None:
            changes = self.changes(action, row, inputs)
            row = self.row_or_404(request.args.get("id"))
        return self.render(
            "office/foresee.html", action=action, form=form, row=row, changes=changes,
            consequences=self.consequences(action, row), back=self.get_url(".details_view", id=row.id))

    def changes(self, action: Action, row: Any, inputs: dict[str, Any]) -> Changes | None:
        child = row.id if row.__tablename__ == "person" else row.child_id
        try:
            return foresee(child, lambda: action.run(row, actor(), **inputs))
        except REFUSALS as no:
            if isinstance(no, Denied):
                raise
            if request.method == "POST":
                flash(sentence(no, row), "error")
        return None

    def first_inputs(self, action: Action, row: Any) -> dict[str, Any] | None:
        """The inputs that a form opens with, when they are enough to look ahead."""
        found = {name: self.first_value(action, name, row) for name in action.inputs}
        found = {name: value for name, value in found.items() if value is not None}
        return found if action.inputs.keys() - action.defaults.keys() <= found.keys() else None

"""What can be done to a row, or to many: a button, a form, a preview, and then the action."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from flask import abort, flash, redirect, request, url_for
from flask_admin import expose
from sqlalchemy import select

from evaka.access import may, permitted, require, require_any
from evaka.actions import Action, of_model
from evaka.kit.errors import Denied
from evaka.models.base import Model, db, transaction
from evaka.texts import knows
from evaka.views.base.rows import REFUSALS, check_fresh, count_save, inputs_of, look, row_number, sentence
from evaka.views.forms import form_for
from evaka.views.page import actor, row_url, told

# actions that ask for their inputs on a page of their own, where what follows is shown first
PAGES = {
    "message.send": "message.to_group", "message.write": "message.to_child", "person.merge": "duplicates.choose",
    "person.tell_apart": "duplicates.choose", "person.export_data": "personal_data.index",
    "holiday_period.answer": "my_holiday_period.index", "booking.book": "my_booking.index",
    "booking.repeat": "my_booking.repeat", "booking.enter": "booking.index",
    "my_message.begin": "my_message.new", "my_message.choose_notices": "my_message.settings",
    "my_message.add_own_folder": "my_message.settings", "my_message.drop_own_folder": "my_message.settings",
    "income.begin_statement": "my_statement.begin", "statement.save": "my_statement.fill",
    "statement.send": "my_statement.fill",
    "application.begin": "my_application.begin", "application.save": "application.fill",
    "application.attach": "application.attach_page", "application.detach": "application.attach_page",
    "push.subscribe": "my_push.index", "push.unsubscribe": "my_push.index",
    "own.tell_contacts": "my_own.contacts", "own.add_pickup": "my_child.pickup", "own.edit_pickup": "my_child.index",
    "own.end_pickup": "my_child.index", "own.call_sooner": "my_child.index", "own.make_feed": "my_feed.index",
    "own.end_feed": "my_feed.index", "own.label_children": "my_feed.index",
    "statement.attach": "statement.attach_page", "statement.detach": "statement.attach_page",
}


@dataclass(frozen=True)
class Button:
    label: str
    url: str
    style: str  # primary, secondary, danger
    rare: bool = False  # stands behind "more" where there are many


class Deeds:
    def actions_of(self, row: Model) -> list[Action]:
        """Every action that this row's state allows and that the actor may do to it."""
        mine = of_model(self.model)
        if row.workflow:
            verbs = set(row.workflow.verbs(row.status))
            mine = [one for one in mine if one.verb in verbs or one.verb not in row.workflow.moves]
        allowed = self.permits({one.key: one.key for one in mine}, row)
        return [one for one in mine if allowed[one.key] and self.offers(one, row)]

    def offers(self, action: Action, row: Model) -> bool:
        """A feature's own reason to leave a button out, though state and right allow it."""
        return True

    main: ClassVar[tuple[str, ...]] = ()  # keys of actions, the likeliest next step first
    rare: ClassVar[tuple[str, ...]] = ()  # keys of actions that are seldom needed

    def buttons(self, row: Model) -> list[Button]:
        """A button per action; the likeliest next step is the primary one."""
        actions = self.actions_of(row)
        calm = [one for one in actions if look(one.verb) == "primary" and one.key not in self.rare]
        first = min(calm, key=lambda one: self.main.index(one.key) if one.key in self.main else len(self.main),
                    default=None)
        found = [
            Button(told(one.key), self.page_of(one, row),
                   look(one.verb) if one is first or look(one.verb) != "primary" else "secondary",
                   one.key in self.rare)
            for one in actions
        ]
        if getattr(row, "document_id", None) and may(actor(), "document.view"):
            paper = url_for("document.download", id=row.document_id)
            found.insert(0, Button(told("document.open"), paper, "secondary"))
        if self.may_edit(row):
            found.append(Button(told("edit"), row_url(f"{self.endpoint}.edit_view", row.id), "secondary"))
        if self.can_delete and self.permits({"delete": f"{self.feature}.delete"}, row)["delete"]:
            found.append(Button(told("delete"), row_url(f"{self.endpoint}.delete_page", row.id), "danger"))
        return found

    def page_of(self, action: Action, row: Model) -> str:
        """Where an action asks for its inputs."""
        own = PAGES.get(action.key)
        return row_url(own, row.id) if own else row_url(f"{self.endpoint}.do", row.id, self.short(action))

    def head_buttons(self) -> list[Button]:
        if not self.can_create_here:
            return []
        return [Button(self.create_label, self.get_url(".create_view"), "primary")]

    @property
    def create_label(self) -> str:
        own = f"{self.word}.create"
        return told(own if knows(own) else f"{self.feature}.create")

    @expose("/do/<verb>/", methods=("GET", "POST"))
    def do(self, verb: str) -> Any:
        row = self.row_or_404(request.args.get("id"))
        action = self.action_or_404(verb)
        require(actor(), action.key, row)
        if action.key in PAGES:
            return redirect(self.page_of(action, row))
        if bytes in action.inputs.values():
            abort(404)  # what no generated form can give has a page of its own
        form = self.action_form(action, row)
        if request.method == "GET":
            self.check_state(action, row)
            form.row_version.data = row.version
        elif form.validate():
            try:
                with transaction():
                    check_fresh(row, form.row_version.data)
                    result = action.run(row, actor(), **inputs_of(form, action))
                    count_save(row, form.row_version.data)
            except REFUSALS as no:
                if isinstance(no, Denied):
                    raise
                row = self.row_or_404(request.args.get("id"))
                flash(sentence(no, row), "error")
                self._told_of(no, form, row)
            else:
                flash(told("done", action=told(action.key)), "success")
                return redirect(self.after(action, row, result))
        return self.render(
            "office/do.html", action=action, form=form, row=row, consequences=self.consequences(action, row),
            back=self.get_url(".details_view", id=row.id),
        )

    def action_or_404(self, name: str) -> Action:
        """By its verb among the screen's own actions, by its whole key among those of other features."""
        mine = of_model(self.model)
        return next((one for one in mine if name in (self.short(one), one.key)), None) or abort(404)

    def short(self, action: Action) -> str:
        return action.verb if action.feature == self.feature else action.key

    def action_form(self, action: Action, row: Model) -> Any:
        """The form of an action; an input that is named like a column starts from the row's own value."""
        form = form_for(action, row)(request.form if request.method == "POST" else None)
        if request.method == "GET":
            for name in action.inputs:
                if (value := self.first_value(action, name, row)) is not None:
                    form[name].data = value
        return form

    def first_value(self, action: Action, name: str, row: Model) -> Any:
        """What an input holds when the form opens."""
        return getattr(row, name, None)

    def check_state(self, action: Action, row: Model) -> None:
        if row.workflow and action.verb in row.workflow.moves:
            row.workflow.after(row.status, action.verb)

    def consequences(self, action: Action, row: Model) -> list[str]:
        """Sentences that tell before the button is pressed what will follow."""
        key = f"{action.key}.help"
        return [told(key)] if knows(key) else []

    def after(self, action: Action, row: Model, result: Any) -> str:
        """Where to go when it is done."""
        still_there = self.get_one(str(row.id))
        return str(self.get_url(".details_view", id=row.id) if still_there else self.get_url(".index_view"))

    def bulk_actions(self) -> list[tuple[str, str]]:
        """(verb, label) of what may be done to many rows at once."""
        return [(one.verb, told(one.key)) for one in of_model(self.model)
                if one.verb in self.bulk and may(actor(), one.key)]

    bulk: ClassVar[tuple[str, ...]] = ()

    @expose("/bulk/", methods=("POST",))
    def bulk_view(self) -> Any:
        """First a preview of what will happen to which rows; then all of them, or none."""
        action = self.action_or_404(request.form.get("verb", ""))
        if action.verb not in self.bulk:
            abort(404)
        require_any(actor(), action.key)
        back = self.get_url(".index_view", **self.narrowed())
        ids = {row_number(id) for id in request.form.getlist("rowid")} - {None}
        rows = list(db.session.scalars(
            select(self.model).where(self.model.id.in_(ids), self.visible()).order_by(self.model.id)))
        allowed = permitted(actor(), action.key, self.model, {row.id for row in rows})
        fit, unfit = [], []
        for row in rows:
            fits = row.id in allowed and self._state_allows(action, row) and self.offers(action, row)
            (fit if fits else unfit).append(row)
        form = self.action_form(action, fit[0]) if fit else None
        if request.form.get("confirmed") and fit and form.validate():
            row = None
            try:
                with transaction():
                    self._hold(rows)
                    for row in rows:  # one that has become unfit since the preview stops them all
                        action.run(row, actor(), **inputs_of(form, action))
            except REFUSALS as no:
                flash(told("bulk.stopped", row=str(row), why=sentence(no)), "error")
            else:
                flash(told("bulk.done", action=told(action.key), count=len(fit)), "success")
                return redirect(back)
        elif form is not None and not request.form.get("confirmed"):
            form = form_for(action, fit[0])()
        return self.render("office/preview.html", action=action, fit=fit, unfit=unfit, form=form, back=back,
                           again=self.get_url(".bulk_view", **self.narrowed()), effects=self.effects(action, fit),
                           together=self.effects_together(action, fit))

    def narrowed(self) -> dict[str, str]:
        """How the list was filtered, searched and sorted, for addresses that lead back to it."""
        return {key: value for key, value in request.args.items()
                if key.startswith("flt") or key in ("search", "sort", "desc", "page_size")}

    def effects(self, action: Action, rows: list[Any]) -> dict[int, str]:
        """By row what a preview tells of it: how it stands now, or what will change."""
        return {}

    def effects_together(self, action: Action, rows: list[Any]) -> list[str]:
        """Sentences of a preview that tell what the rows do together."""
        return []

    def _hold(self, rows: list[Model]) -> None:
        """Two who do overlapping rows at once wait here for one another, instead of each for the other's half."""
        held = select(self.model).where(self.model.id.in_({row.id for row in rows})).order_by(self.model.id)
        db.session.scalars(held.with_for_update(of=self.model).execution_options(populate_existing=True)).all()

    def _state_allows(self, action: Action, row: Model) -> bool:
        moves = row.workflow.moves if row.workflow else {}
        return action.verb not in moves or action.verb in row.workflow.verbs(row.status)

    @expose("/remove/", methods=("GET",))
    def delete_page(self) -> Any:
        """Asks before a row is deleted, on a page of its own: no script is needed for that."""
        row = self.row_or_404(request.args.get("id"))
        require(actor(), f"{self.feature}.delete", row)
        if not self.can_delete:
            abort(404)
        return self.render("office/delete.html", row=row, back=self.get_url(".details_view", id=row.id))

"""A screen: who may see which rows of one kind, and the file of each."""

from __future__ import annotations

from itertools import repeat
from typing import Any, ClassVar

from flask import abort, g, request
from flask_admin import AdminIndexView, BaseView, expose
from flask_admin.contrib.sqla import ModelView
from flask_admin.form import BaseForm
from sqlalchemy import ColumnElement, Select, literal, select

from evaka import city
from evaka.access import Actor, always, by_rights, denied, may, reaches, within
from evaka.models.base import Model, ask, db
from evaka.views.base.deeds import Deeds
from evaka.views.base.lists import Lists
from evaka.views.base.rows import history, row_number
from evaka.views.base.saving import Saving
from evaka.views.base.together import ROW
from evaka.views.forms import Converter
from evaka.views.page import Lazy, actor, person, told


class Home(AdminIndexView):
    """The first page of an Admin.  Flask-Admin would show it to everyone."""

    def is_accessible(self) -> bool:
        return person() is not None

    def _run_view(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        """Flask-Admin calls a view a second time when it raises TypeError; we let it raise."""
        return fn(self, *args, **kwargs)


class Page(BaseView):
    """A page that is not about one kind of row; `permission` opens it."""

    permission: ClassVar[str]

    def __init__(self, name: str, *, prefix: str = "", base: str = "/office") -> None:
        self.word = f"menu.{prefix}{name}"
        super().__init__(name=Lazy(self.word), endpoint=f"{prefix}{name}", url=f"{base}/{name}")

    @property
    def heading(self) -> str:
        return told(self.word)

    def is_accessible(self) -> bool:
        return person() is not None and may(actor(), self.permission)

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        raise denied(actor(), self.permission)

    def _run_view(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        """Flask-Admin calls a view a second time when it raises TypeError; we let it raise."""
        return fn(self, *args, **kwargs)


@by_rights
def _one(_by: Actor, screen: Screen) -> Select[Any]:
    return select(screen.model).where(screen.model.id == ROW, screen.visible())


@city.remember
def _settled(roles: frozenset[str], keys: tuple[str, ...]) -> dict[str, bool]:
    """Of the actions that roles allow on every row, or on none at all: whether they do."""
    hows = {key: frozenset(how for role in roles for how in reaches(role, key)) for key in keys}
    return {key: bool(how) for key, how in hows.items() if "all" in how or not how}


class Screen(Saving, Deeds, Lists, ModelView):
    feature: str = ""  # whose rights and words; unless said, those of the name in the menu
    model_form_converter = Converter
    form_base_class = BaseForm  # the one CSRF mechanism is the application's
    can_view_details = True
    can_create = can_edit = can_delete = False
    can_export = True
    export_types: ClassVar = ["csv", "xlsx"]
    export_max_rows = 50_000
    page_size = 50
    can_set_page_size = True
    page_size_options: ClassVar = (20, 50, 100, 200)
    column_display_actions = False
    list_template = "admin/model/list.html"
    details_template = "admin/model/details.html"
    reading: ClassVar[bool] = False  # a person's file: who opens it is recorded
    def __init__(self, model: type[Model], name: str, *, prefix: str = "", base: str = "/office") -> None:
        self.feature = self.feature or name
        self.word = f"menu.{prefix}{name}"
        super().__init__(model, db, endpoint=f"{prefix}{name}", url=f"{base}/{name}", name=Lazy(self.word))

    def is_accessible(self) -> bool:
        return person() is not None and may(actor(), f"{self.feature}.view")

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        raise denied(actor(), f"{self.feature}.view")

    def visible(self) -> ColumnElement[bool]:
        """The rows that the reader sees: by the reader's rights alone, since it is kept for the next page."""
        return within(actor(), f"{self.feature}.view", self.model)

    def get_query(self) -> Any:
        return super().get_query().where(self.visible())

    def get_count_query(self) -> Any:
        return super().get_count_query().where(self.visible())

    def get_one(self, id: str) -> Model | None:
        """Flask-Admin would fetch any row by its number; we fetch only visible ones, and only by a number."""
        if (number := row_number(id)) is None:
            return None
        if isinstance(row := g.pop("row_at_hand", None), self.model) and row.id == number:
            return row
        return db.session.scalar(_one(actor(), self), {"row": number})

    def row_or_404(self, id: Any) -> Model:
        return self.get_one(str(id or "")) or abort(404)

    @property
    def can_create_here(self) -> bool:
        return self.can_create and may(actor(), f"{self.feature}.create")

    def may_edit(self, row: Model) -> bool:
        return self.can_edit and self.permits({"edit": f"{self.feature}.edit"}, row)["edit"]

    def permits(self, keys: dict[str, str], row: Model) -> dict[str, bool]:
        """For names and their action keys, which of them the actor may do to the row: one query, or none.

        What needs strong identification is offered: whoever chooses it is asked to identify.
        """
        by = actor().identified
        settled = _settled(frozenset(role for role, _, _ in by.grants), tuple(keys.values()))
        known = {name: settled[key] for name, key in keys.items() if key in settled}
        if len(known) == len(keys):
            return known
        asked = {name: within(by, key, self.model) for name, key in keys.items() if name not in known}
        said = {name: always(condition) for name, condition in asked.items()}
        known |= {name: one for name, one in said.items() if one is not None}
        asked = {name: asked[name] for name, one in said.items() if one is None}
        return known | self._verdicts(asked, row) if asked else known

    def _verdicts(self, asked: dict[str, ColumnElement[bool]], row: Model) -> dict[str, bool]:
        """Whether conditions hold of a row; many keys reach equally far, and a page that only reads asks once of each.

        A condition of an actor is one object, however often `within` says it.
        """
        reads = request.method in ("GET", "HEAD")
        told: dict[tuple[int, int], tuple[ColumnElement[bool], bool]] = (
            request.environ.setdefault("evaka.verdicts", {}) if reads else {})
        fresh = {id(one): one for one in asked.values() if (id(one), row.id) not in told}
        if fresh:
            columns = [condition.label(f"c{n}") for n, condition in enumerate(fresh.values())]
            found = ask(select(literal(1), *columns).where(self.model.id == row.id)).first()
            for one, holds in zip(fresh, found[1:] if found else repeat(False), strict=False):
                told[one, row.id] = fresh[one], bool(holds)
        return {name: told[id(one), row.id][1] for name, one in asked.items()}

    @expose("/details/")
    def details_view(self) -> Any:
        if not self.can_view_details:
            abort(404)
        row = self.row_or_404(request.args.get("id"))
        if self.reading:
            g.setdefault("reads", []).append((f"{self.feature}.read", row, {}))
        return self.render(self.details_template, model=row, row=row, buttons=self.buttons(row), **self.file(row))

    def file(self, row: Model) -> dict[str, Any]:
        """What the template of a row's file needs beside the row itself."""
        return {"facts": self.facts(row), "blocks": self.blocks(row), "history": history(row)}

    @expose("/ajax/update/", methods=("POST",))
    def ajax_update(self) -> Any:
        abort(404)

    @expose("/ajax/lookup/")
    def ajax_lookup(self) -> Any:
        abort(404)

    @expose("/action/", methods=("POST",))
    def action_view(self) -> Any:
        abort(404)

    def is_action_allowed(self, name: str) -> bool:
        """Flask-Admin's own mass delete is not one of our actions."""
        return False

    def _run_view(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        """Flask-Admin calls a view a second time when it raises TypeError; we let it raise."""
        return fn(self, *args, **kwargs)

"""What a generated form saves: asked, checked, recorded, and refused in a sentence."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, g, request
from flask_admin import expose
from flask_admin.helpers import is_form_submitted
from wtforms import HiddenField

from evaka.access import require, require_any
from evaka.actions import record
from evaka.kit.errors import Denied
from evaka.models.base import Model, db, transaction
from evaka.views.base.attempt import attempt
from evaka.views.base.rows import REFUSALS, check_fresh, sentence, told_what_changed
from evaka.views.page import actor


class Saving:
    def text_model(self) -> type[Model]:
        return self.model

    def scaffold_form(self) -> Any:
        form = super().scaffold_form()
        form.row_version = HiddenField()
        return form

    def create_form(self, obj: Any = None) -> Any:
        require_any(actor(), f"{self.feature}.create")
        return super().create_form(obj)

    def edit_form(self, obj: Any = None) -> Any:
        """Flask-Admin would show the form to everybody who sees the row."""
        if obj is not None:
            require(actor(), f"{self.feature}.edit", obj)
        form = super().edit_form(obj)
        if request.method == "GET" and obj is not None:
            form.row_version.data = obj.version
        return form

    def validate_form(self, form: Any) -> bool:
        """Flask-Admin would add a sentence of its own, in English, to what the fields say: we check when we save."""
        return bool(is_form_submitted())

    def create_model(self, form: Any) -> Any:
        require_any(actor(), f"{self.feature}.create")
        return form.validate() and self._save(form, self.build_new_instance(), created=True)

    def update_model(self, form: Any, model: Model) -> Any:
        return form.validate() and bool(self._save(form, model, created=False))

    def _save(self, form: Any, row: Any, *, created: bool) -> Any:
        """Flask-Admin would commit and flash the database's own words; we ask, record and say a sentence."""
        verb = "create" if created else "edit"
        try:
            with transaction():
                if not created:
                    check_fresh(row, form.row_version.data)
                with db.session.no_autoflush:
                    form.populate_obj(row)
                    self.before_save(form, row, created)
                db.session.add(row)
                db.session.flush()
                require(actor(), f"{self.feature}.{verb}", row)
                self.after_save(form, row, created)
                record(f"{self.feature}.{verb}", row, actor(), {})
        except REFUSALS as no:
            if isinstance(no, Denied):
                raise
            flash(sentence(no, None if created else row), "error")
            self._told_of(no, form, row)
            return False
        return row

    def _told_of(self, no: Exception, form: Any, row: Model) -> None:
        """Whoever has been told what somebody else saved may save over it: what was typed is still in the form."""
        if told_what_changed(no):
            form.row_version.data = row.version

    def delete_model(self, model: Model) -> bool:
        with attempt() as tried:
            require(actor(), f"{self.feature}.delete", model)
            self.before_delete(model)
            record(f"{self.feature}.delete", model, actor(), {"was": str(model)})
            db.session.delete(model)
            db.session.flush()
            db.session.info.pop("changes", None)
        return tried.done

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Any:
        if not self.can_create:
            abort(404)
        return super().create_view()

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> Any:
        if not self.can_edit:
            abort(404)
        g.row_at_hand = self.row_or_404(request.args.get("id"))
        return super().edit_view()

    @expose("/delete/", methods=("POST",))
    def delete_view(self) -> Any:
        if not self.can_delete:
            abort(404)
        g.row_at_hand = self.row_or_404(request.form.get("id"))
        return super().delete_view()

    def before_save(self, form: Any, row: Model, created: bool) -> None:
        """A feature's own check of a row of a generated form; may raise Refused."""

    def delete_warnings(self, row: Model) -> list[str]:
        """What else goes with a row: said before it is deleted."""
        return []

    def before_delete(self, row: Model) -> None:
        """What follows from a row that goes, in the same transaction; may raise Refused."""

    def after_save(self, form: Any, row: Model, created: bool) -> None:
        """What follows from a saved row, in the same transaction."""

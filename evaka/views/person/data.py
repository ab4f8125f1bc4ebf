"""A person's own data as a file, and what the city has kept long enough."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import quote

from flask import Response, abort, request, url_for
from flask_admin import BaseView, expose
from sqlalchemy import select
from werkzeug.wsgi import wrap_file

from evaka import city
from evaka.access import may, within
from evaka.actions.person.export import DataForm, column_name, export_data, table_name
from evaka.actions.person.retention import preview
from evaka.kit.errors import Denied
from evaka.models.base import db, transaction
from evaka.models.person import Person
from evaka.texts import LANGUAGES
from evaka.views.base import row_number
from evaka.views.page import Lazy, actor, language, person, told, written

TYPES = {DataForm.JSON: "application/json", DataForm.PDF: "application/pdf"}


class _Page(BaseView):
    """A page of the office that one right opens."""

    right: ClassVar[str]
    feature = "person"

    def __init__(self, name: str) -> None:
        super().__init__(name=Lazy(f"menu.{name}"), endpoint=name, url=f"/office/{name}")

    def is_accessible(self) -> bool:
        return person() is not None and may(actor(), self.right)

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        raise Denied("access.denied", action=self.right)

    def _run_view(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        return fn(self, *args, **kwargs)


class PersonalData(_Page):
    """Everything that is known of one person, to be handed to whoever has the right to ask."""

    right = "person.export_data"

    def _person(self, id: Any) -> Person:
        number = row_number(id)
        query = select(Person).where(Person.id == number, within(actor(), self.right, Person))
        found = db.session.scalar(query) if number is not None else None
        return found or abort(404)

    @expose("/")
    def index(self) -> Any:
        """Asks for the form and the language of the file."""
        row = self._person(request.args.get("id"))
        return self.render("office/personal_data.html", row=row, file_languages=[
            (one, told(f"language.{one}"), one == (row.language if row.language in LANGUAGES else LANGUAGES[0]))
            for one in LANGUAGES], back=url_for("person.details_view", id=row.id))

    @expose("/file/", methods=("POST",))
    def file(self) -> Any:
        row = self._person(request.form.get("id"))
        form, chosen = request.form.get("form"), request.form.get("language")
        if form not in tuple(DataForm) or chosen not in LANGUAGES:
            abort(404)
        name = f"{told('person.export_data.file')} {row}"
        with transaction():
            out = export_data(row, actor(), form=DataForm(form), language=chosen)
        return Response(wrap_file(request.environ, out), mimetype=TYPES[DataForm(form)], headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}.{form}",
            "Cache-Control": "no-store"}, direct_passthrough=True)


class Retention(_Page):
    """By rule, what the nightly job would remove now; looking removes nothing."""

    right = "person.retention"

    @expose("/")
    def index(self) -> Any:
        shown = preview(actor().today)
        schedule = city.read("jobs").get("person.retention", {})
        return self.render(
            "office/retention.html", on=schedule.get("on", True), total=sum(one.count for one in shown),
            rules=[{
                "name": one.rule.name.get(language(), one.rule.key), "count": one.count, "before": written(one.before),
                "kept": told("person.retention.years", count=one.rule.years) if one.rule.years
                else told("person.retention.months", count=one.rule.months),
                "anchor": told("person.retention.care_ended") if one.rule.anchor == "care_ended"
                else told(
                    "person.retention.column", column=column_name(one.rule.table, one.rule.anchor, language()).lower()),
                "does": told("person.retention.clears" if one.rule.clear else "person.retention.removes"),
                "along": ", ".join(table_name(name, language()) for name in one.rule.together),
                "source": one.rule.source,
                "sample": [f"{whose} ({told('person.retention.row', id=id)})" if whose
                           else told("person.retention.row", id=id) for id, whose in one.sample],
            } for one in shown])

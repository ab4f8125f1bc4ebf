"""One search for people, units, applications and invoice numbers, each by the reader's own rights."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, request, url_for
from flask_admin import BaseView, expose
from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from evaka.access import may, within
from evaka.models.application import Application
from evaka.models.base import Model, db
from evaka.models.invoice import Invoice
from evaka.models.person import Person, matching
from evaka.models.unit import Unit
from evaka.rules.person import is_adult
from evaka.views.base import row_number
from evaka.views.forms import SHOWN, choice_text
from evaka.views.page import Lazy, actor, aged, person, told, word_of, written
from evaka.views.person import places_today

MOST = 20  # of each kind


class Search(BaseView):
    def __init__(self, name: str) -> None:
        super().__init__(name=Lazy("menu.search"), endpoint=name, url=f"/office/{name}")

    def is_accessible(self) -> bool:
        """Choices of a form are open to whoever sees the rows; `choices` asks for that itself."""
        return person() is not None and (request.endpoint == "search.choices" or may(actor(), "search.view"))

    def _run_view(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        return fn(self, *args, **kwargs)

    @expose("/")
    def index(self) -> Any:
        sought = request.args.get("q", "").strip()[:100]
        found = [group for group in self._groups(sought) if group["items"]] if sought else []
        hits = [one for group in found for one in group["items"]]
        # the only hit opens at once, and so does a person of whom all else that is found are the applications
        if hits and all(one.get("child") == hits[0].get("person", -1) for one in hits[1:]):
            return redirect(hits[0]["url"])
        return self.render("office/search.html", query=sought, found=found)

    @expose("/choices")
    def choices(self) -> Any:
        """The first rows of a kind that the words mean, of those that the reader may see: what a form offers."""
        kind = request.args.get("kind", "")
        sought = request.args.get("q", "").strip()[:100]
        model: Any = next((one.class_ for one in Model.registry.mappers if one.class_.__tablename__ == kind), None)
        if model is None or not may(actor(), f"{model.feature_name()}.view"):
            abort(404)
        query = select(model).where(model.named(sought), within(actor(), f"{model.feature_name()}.view", model))
        order = getattr(model, "sort_key", getattr(model, "name", model.id))
        return [choice_text(row) for row in db.session.scalars(query.order_by(order, model.id).limit(SHOWN))]

    def _about(self, one: Person, places: dict[int, str]) -> str:
        """What tells two people of one name apart."""
        return " · ".join(filter(None, (written(one.born), aged(one.born), places.get(one.id))))

    def _groups(self, sought: str) -> list[dict[str, Any]]:
        by, number = actor(), row_number(sought)
        groups = []
        # by the keys first: whole people need not be sorted, of whom a short word finds thousands
        first = select(Person.id).where(matching(sought), within(by, "person.view", Person)).order_by(
            Person.sort_key).limit(2 * MOST)
        people = db.session.scalars(
            select(Person).where(Person.id.in_(db.session.scalars(first).all())).order_by(Person.sort_key)).all()
        children = [one for one in people if not is_adult(one.born, by.today)]
        adults = [one for one in people if is_adult(one.born, by.today)]
        places = places_today({one.id for one in children}) if children else {}
        for key, found in (("search.children", children), ("search.adults", adults)):
            groups.append({"title": told(key), "items": [
                {"label": str(one), "person": one.id, "url": url_for("person.details_view", id=one.id),
                 "note": self._about(one, places),
                 "badges": [("bad", told("person.restricted_sign"))] if one.restricted_on(by.today) else []}
                for one in found[:MOST]]})
        if may(by, "application.view"):
            query = select(Application).where(
                within(by, "application.view", Application), Application.in_office())
            who = select(Person.id).where(matching(sought))
            known = Application.id == number if number is not None else Application.case_number == sought
            query = query.where(or_(known, Application.child_id.in_(who)))
            rows = db.session.scalars(query.order_by(Application.id.desc()).limit(MOST).options(
                joinedload(Application.child)))
            groups.append({"title": told("menu.application"), "items": [
                {"label": f"{one.id} {one.child}", "child": one.child_id,
                 "url": url_for("application.details_view", id=one.id), "note": word_of(one.status), "badges": []}
                for one in rows]})
        units = db.session.scalars(
            select(Unit).where(Unit.named(sought), within(by, "unit.view", Unit)).order_by(Unit.name).limit(MOST))
        groups.append({"title": told("menu.unit"), "items": [
            {"label": one.name, "url": url_for("unit.details_view", id=one.id), "note": one.director, "badges": []}
            for one in units]})
        reference = "".join(sought.split())
        if may(by, "invoice.view") and reference.isdecimal():
            meant = Invoice.reference == reference if number is None else or_(
                Invoice.number == number, Invoice.reference == reference)
            invoices = db.session.scalars(
                select(Invoice).where(within(by, "invoice.view", Invoice), meant)
                .order_by(Invoice.id).limit(MOST).options(joinedload(Invoice.head)))
            groups.append({"title": told("menu.invoice"), "items": [
                {"label": str(one), "url": url_for("invoice.details_view", id=one.id), "note": word_of(one.status),
                 "badges": []} for one in invoices]})
        return groups

"""A page for each child: its place and hours, the month, what the unit knows, who fetches, what waits, the papers."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, g, redirect, request, url_for
from flask_admin import expose
from flask_admin.form import BaseForm
from sqlalchemy import select
from sqlalchemy.orm import undefer
from wtforms import HiddenField, StringField
from wtforms.validators import Length, Optional

from evaka.access import require
from evaka.actions import own as act
from evaka.models.base import db
from evaka.models.person import Person, Pickup
from evaka.models.presence import Picture
from evaka.rules.own import MOST_PICKUPS
from evaka.views.base import row_number
from evaka.views.base.rows import check_fresh
from evaka.views.forms import DayField, Required, tidy
from evaka.views.own import parts
from evaka.views.own.page import OwnPage
from evaka.views.page import Lazy, actor, aged, can_identify, identify_first, told, word_of


class PickupForm(BaseForm):
    row_version = HiddenField()
    name = StringField(Lazy("own.add_pickup.name"), [Required(), Length(max=120)], filters=[tidy])
    phone = StringField(Lazy("own.add_pickup.phone"), [Required(), Length(max=30)], filters=[tidy], render_kw={
        "type": "tel"})
    relation = StringField(Lazy("own.add_pickup.relation"), [Optional(), Length(max=80)], filters=[tidy])
    last_day = DayField(Lazy("own.add_pickup.last_day"), validators=[Optional()])


class KnownPickupForm(PickupForm):
    """Of somebody whose telephone the reader may not be shown: left empty, it stays."""

    phone = StringField(Lazy("own.add_pickup.phone"), [Optional(), Length(max=30)], filters=[tidy], render_kw={
        "type": "tel"}, description=Lazy("own.phone_hidden"))


class MyChildren(OwnPage):
    @expose("/")
    def index(self) -> Any:
        by = actor()
        if "id" not in request.args:
            return redirect(url_for("my_own.index"))
        child = self.child(request.args["id"])
        g.setdefault("reads", []).append(("person.read", child, {}))
        is_told = child in self.told_kids()
        return self.render(
            "guardian/child.html", heading=child.call_name, child=child, fact_line=aged(child.born, by.today),
            is_told=is_told, health=parts.health(child), papers=parts.papers(child, by),
            **(self.told(child) if is_told else {}), back=url_for("my_own.index"))

    def told(self, child: Person) -> dict[str, Any]:
        """What tells where the child is and when it comes."""
        by = actor()
        pictured = db.session.scalar(select(Picture.id).where(Picture.child_id == child.id))
        return {
            "picture": self.get_url(".picture", id=child.id) if pictured else "", "waits": parts.waits(child, by),
            "places": parts.places(child, by), "month": parts.months(child, by),
            "absences": parts.absences(child, by), "pickups": self.pickups(child), "calls": self.calls(child)}

    def told_child(self, id: Any) -> Person:
        """A child of whom the reader is told where it is."""
        child = self.child(id)
        return child if child in self.told_kids() else abort(404)

    @expose("/picture/")
    def picture(self) -> Any:
        """The picture that the unit has taken; no browser keeps it."""
        row = db.session.scalar(select(Picture).where(
            Picture.child_id == self.told_child(request.args.get("id")).id).options(undefer(Picture.content)))
        if row is None:
            abort(404)
        return Response(row.content, mimetype=row.mimetype)

    # -- who fetches, and whom the unit calls -------------------------------------------------------------

    def pickups(self, child: Person) -> dict[str, Any]:
        by = actor()
        hidden = act.hides_phones(child, by)
        rows = db.session.scalars(select(Pickup).where(
            Pickup.child_id == child.id, Pickup.still(by.today)).order_by(Pickup.id)).all()
        return {
            "rows": [{"id": one.id, "name": one.name, "relation": one.relation, "phone": "" if hidden else one.phone,
                      "until": told("own.pickup_until", day=one.last_day) if one.last_day else "",
                      "url": self.get_url(".pickup", id=child.id, pickup=one.id)} for one in rows],
            "add": self.get_url(".pickup", id=child.id) if len(rows) < MOST_PICKUPS else "",
            "end": "" if identify_first("own.end_pickup") else self.get_url(".end", id=child.id),
            "identify": self._identify(child) if rows and identify_first("own.end_pickup") else ""}

    def _identify(self, child: Person) -> str:
        """The way to strong identification and back, instead of buttons that would be pressed in vain."""
        return url_for("user.identify", next=self.get_url(".index", id=child.id)) if can_identify() else ""

    def calls(self, child: Person) -> dict[str, Any]:
        by, me = actor(), self.me()
        rows = act.calls_seen(child, by)
        return {"url": "" if identify_first("own.call_sooner") else self.get_url(".sooner", id=child.id), "rows": [
            {"id": one.id, "name": told("own.yourself") if one.id == me.id else one.first_name, "role": word_of(role),
             "first": n == 0} for n, (one, role) in enumerate(rows)]}

    @expose("/pickup/", methods=("GET", "POST"))
    def pickup(self) -> Any:
        """Somebody more who may fetch the child, or something of it has changed."""
        by, child = actor(), self.told_child(request.args.get("id"))
        row = self._known(child) if request.args.get("pickup") else None
        require(by, "own.edit_pickup" if row else "own.add_pickup", child)  # before anything is typed
        hidden = row is not None and act.hides_phones(child, by)
        kind = KnownPickupForm if hidden else PickupForm
        form = kind(request.form if request.method == "POST" else None, obj=row)
        if request.method == "GET":
            form.row_version.data = row.version if row else ""
            if hidden:
                form.phone.data = ""
        if request.method == "POST" and form.validate():
            given = {name: form[name].data or "" for name in ("name", "phone", "relation")}
            given["last_day"] = form.last_day.data

            def change() -> None:
                if row is None:
                    act.add_pickup(child, by, **given)
                else:
                    check_fresh(row, form.row_version.data)
                    act.edit_pickup(child, by, pickup=row.id, **given)

            if self.saved(change, "own.pickup_kept", name=given["name"]):
                return redirect(self.get_url(".index", id=child.id))
            if row is not None:
                form.row_version.data = row.version  # who has read what somebody else saved may save over it
        return self.render(
            "guardian/booking_form.html", form=form, heading=told("own.edit_pickup" if row else "own.add_pickup"),
            help=told("own.pickup_help", name=child.call_name), action=told("booking.save"),
            back=self.get_url(".index", id=child.id))

    def _known(self, child: Person) -> Pickup:
        number = row_number(request.args.get("pickup")) or 0
        return db.session.scalar(select(Pickup).where(
            Pickup.id == number, Pickup.child_id == child.id, Pickup.still(actor().today))) or abort(404)

    @expose("/end/", methods=("POST",))
    def end(self) -> Any:
        child, number = self.told_child(request.args.get("id")), row_number(request.form.get("pickup"))
        self.saved(lambda: act.end_pickup(child, actor(), pickup=number or 0), "own.pickup_ended")
        return redirect(self.get_url(".index", id=child.id) + "#pickups")

    @expose("/sooner/", methods=("POST",))
    def sooner(self) -> Any:
        child, number = self.told_child(request.args.get("id")), row_number(request.form.get("contact"))
        self.saved(lambda: act.call_sooner(child, actor(), contact=number or 0), "own.order_kept")
        return redirect(self.get_url(".index", id=child.id) + "#calls")

"""Choosing for which applications and in which units a plan is suggested."""

from __future__ import annotations

import re
from typing import Any

from flask import request
from flask_admin.form import BaseForm
from sqlalchemy import ColumnElement, Select, func, select
from wtforms import BooleanField, SelectField, SelectMultipleField, StringField
from wtforms.validators import Length, Optional, ValidationError

from evaka.access import within
from evaka.models.application import Application, Preference
from evaka.models.base import db
from evaka.models.unit import Area, Unit
from evaka.rules.application import ApplicationKind, ApplicationStatus
from evaka.rules.unit import Provider
from evaka.texts import enum_key
from evaka.views.forms import DayField, Required
from evaka.views.page import Lazy, actor, told

MANY = 20_000  # applications that one suggestion takes
OWN = (Provider.MUNICIPAL, Provider.MUNICIPAL_SCHOOL)


class BeginForm(BaseForm):
    """Either numbers of applications or what they have in common; and the areas of the units."""

    name = StringField(Lazy("suggestion.name"), [Required(), Length(max=120)])
    numbers = StringField(Lazy("suggestion.numbers"), description=Lazy("suggestion.numbers_help"))
    kind = SelectField(Lazy("application.kind"), default="")
    area = SelectField(Lazy("suggestion.wished_area"), default="")
    due_until = DayField(Lazy("application.due_until"), [Optional()])
    start_from = DayField(Lazy("suggestion.start_from"), [Optional()])
    start_until = DayField(Lazy("suggestion.start_until"), [Optional()])
    unread = BooleanField(Lazy("suggestion.unread"), description=Lazy("suggestion.unread_help"))
    areas = SelectMultipleField(Lazy("suggestion.areas"), [Required()])
    others = BooleanField(Lazy("suggestion.others"), description=Lazy("suggestion.others_help"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        areas = [(str(one.id), one.name) for one in db.session.scalars(select(Area).order_by(Area.name))]
        every = [("", told("suggestion.any"))]
        self.kind.choices = [*every, *((one.value, told(enum_key(one))) for one in ApplicationKind)]
        self.area.choices = [*every, *areas]
        self.areas.choices = areas

    def validate_numbers(self, field: Any) -> None:
        """Only numbers, and only of applications that wait."""
        words = re.split(r"[\s,;]+", (field.data or "").strip())
        wrong = [word for word in words if word and not (word.isascii() and word.isdigit() and len(word) < 10)]
        if wrong:
            raise ValidationError(told("suggestion.numbers_wrong", typed=wrong[0]))

    def typed_numbers(self) -> list[int]:
        return [int(word) for word in re.findall(r"\d{1,9}", self.numbers.data or "")]

    def condition(self) -> ColumnElement[bool]:
        """The applications that are meant, of those that wait for a place."""
        waiting = (Application.status == ApplicationStatus.WAITING_PLACEMENT) & within(
            actor(), "application.plan", Application)
        if not self.unread.data:
            waiting &= Application.checked
        if ids := self.typed_numbers():
            return waiting & Application.id.in_(ids)
        if self.kind.data:
            waiting &= Application.kind == ApplicationKind(self.kind.data)
        if self.area.data:
            wished = select(Preference.application_id).join(Unit, Unit.id == Preference.unit_id)
            waiting &= Application.id.in_(wished.where(Unit.area_id == int(self.area.data)))
        if self.due_until.data:
            waiting &= Application.due <= self.due_until.data
        if self.start_from.data:
            waiting &= Application.start >= self.start_from.data
        if self.start_until.data:
            waiting &= Application.start <= self.start_until.data
        return waiting

    def applications(self) -> Select[tuple[int]]:
        return select(Application.id).where(self.condition()).order_by(Application.id).limit(MANY)

    def units(self) -> Select[tuple[int]]:
        open_now = Unit.end.is_(None) | (Unit.end >= actor().today)
        query = select(Unit.id).where(
            within(actor(), "unit.view", Unit), open_now, Unit.area_id.in_([int(id) for id in self.areas.data or ()]))
        if not self.others.data:
            query = query.where(Unit.provider.in_(OWN))
        return query.order_by(Unit.id)

    def counts(self) -> tuple[int, int]:
        """How many applications and units are meant."""
        return (
            db.session.scalar(select(func.count()).select_from(self.applications().subquery())) or 0,
            db.session.scalar(select(func.count()).select_from(self.units().subquery())) or 0,
        )


def begin_form() -> BeginForm:
    """As it was typed, or as a link from the desk fills it in: ?numbers=12+13, ?area=3."""
    if request.method == "POST":
        return BeginForm(request.form)
    form = BeginForm()
    form.name.data = told("suggestion.name_of", day=actor().today)
    form.numbers.data = request.args.get("numbers", "")[:2000]
    area = request.args.get("area", "")
    known = [id for id, _ in form.areas.choices]
    form.area.data = area if area in known else ""
    form.areas.data = [area] if area in known else known
    return form

"""What if: a family's fees by the tables of a day, each step explained; nothing is saved.

A plain form that is asked by GET, so that a reckoning can be kept as a bookmark; with scripts it reckons while one
types.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from flask import abort, g, request, url_for
from flask_admin import expose
from flask_admin.form import BaseForm
from sqlalchemy import select
from wtforms import BooleanField, HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, NumberRange, Optional

from evaka import city
from evaka.access import may, within
from evaka.actions.fee.estimate import FamilyNow, family_on
from evaka.actions.fee.family import tables
from evaka.actions.fee.vouchers import tables as voucher_tables
from evaka.kit.errors import Refused
from evaka.kit.money import Cents
from evaka.models.base import db
from evaka.models.person import Person
from evaka.rules.fee import table_on
from evaka.rules.fee.estimate import Estimate, Imagined, estimate
from evaka.rules.fee.step import money
from evaka.rules.income import Effect, Income, IncomeLine, shown
from evaka.rules.placement import IGNORED_IN_FEES, ServiceNeed
from evaka.rules.voucher import VoucherValue, age_group, voucher_value
from evaka.rules.voucher import table_on as voucher_table_on
from evaka.views.base import Page, row_number
from evaka.views.fee import explained, table_facts
from evaka.views.forms import DayField, EurosField, WholeField, tidy
from evaka.views.page import Lazy, actor, option_name, told, told_refusal, word_of

MOST = 10  # children
ADULTS = ("income_0", "income_1")


class _Form(BaseForm):
    day = DayField(Lazy("estimate.day"), [Optional()])
    size = WholeField(Lazy("estimate.size"), [Optional(), NumberRange(2, 20)], description=Lazy("estimate.size.hint"))
    income_0 = EurosField(Lazy("estimate.income_0"), [Optional()])
    income_1 = EurosField(Lazy("estimate.income_1"), [Optional()], description=Lazy("estimate.income_1.hint"))
    highest = BooleanField(Lazy("estimate.highest"))
    person = HiddenField()

    def rows(self) -> list[dict[str, Any]]:
        """The questions about each child."""
        return [{name: self[f"{name}_{n}"] for name in ("name", "born", "need", "place")}
                for n in range(MOST) if f"born_{n}" in self]


def needs_on(day: date) -> dict[str, ServiceNeed]:
    """The service needs that cost something and may be chosen on a day."""
    return {key: one for key, one in city.named("service_needs", ServiceNeed).items()
            if day in one.valid and one.fee_coefficient > 0 and one.care_type not in IGNORED_IN_FEES}


def form_with(rows: int, day: date, typed: Any) -> _Form:
    """The form with so many children."""
    needs = [SelectChoice("", told("estimate.no_care"))] + [
        SelectChoice(key, f"{option_name('service_needs', key)} ({word_of(one.care_type)})")
        for key, one in needs_on(day).items()]
    places = [SelectChoice(key, told(f"estimate.place.{key}")) for key in ("city", "voucher")]
    fields: dict[str, Any] = {}
    for n in range(rows):
        fields[f"name_{n}"] = StringField(Lazy("estimate.name"), [Optional(), Length(max=60)], filters=[tidy])
        fields[f"born_{n}"] = DayField(Lazy("person.born"), [Optional()])
        fields[f"need_{n}"] = SelectField(Lazy("estimate.need"), [Optional()], choices=needs, default="")
        fields[f"place_{n}"] = SelectField(Lazy("estimate.place"), [Optional()], choices=places, default="city")
    form: _Form = type("EstimateForm", (_Form,), fields)(typed)
    for field in form:
        field.flags.quiet = True
    return form


def asked_form(today: date) -> _Form:
    """The form as it was typed, with a row for another child."""
    filled = [n for n in range(MOST) if any(request.args.get(f"{name}_{n}") for name in ("born", "need", "name"))]
    rows = min(max((max(filled) + 2) if filled else 0, 2), MOST)
    first = form_with(rows, today, request.args)
    wanted = first.day.data if first.day.validate(first) and first.day.data else today
    return form_with(rows, wanted, request.args)


def filled_form(family: FamilyNow, day: date) -> _Form:
    """The form with what is known of a family."""
    form = form_with(min(len(family.children) + 1, MOST), day, None)
    form.day.data, form.size.data = day, family.size
    known = [one for one in family.incomes if one is not None and one.effect is Effect.INCOME]
    form.highest.data = len(known) < len(family.incomes)
    for name, income in zip(ADULTS, family.incomes, strict=False):
        form[name].data = income.total if income is not None and income.effect is Effect.INCOME else None
    for n, child in enumerate(family.children[:MOST]):
        form[f"name_{n}"].data, form[f"born_{n}"].data = child.name, child.born
        form[f"need_{n}"].data = child.option
        form[f"place_{n}"].data = "voucher" if child.voucher else "city"
    return form


def _shown_as_read(form: _Form, day: date) -> None:
    """Days that could be read are shown as browsers want them, however they were typed in the address."""
    form.day.data = form.day.data or day
    for field in form:
        if isinstance(field, DayField) and field.data is not None:
            field.raw_data = None


def imagined(form: _Form, day: date, known: FamilyNow | None) -> list[Imagined]:
    """The children in care as they were typed; what is decided for one of the family stays with it."""
    needs, found = needs_on(day), []
    own = {(child.name, child.born): child for child in known.children} if known else {}
    for n, row in enumerate(form.rows(), start=1):
        if row["born"].data is None or not row["need"].data:
            continue
        option, name = row["need"].data, row["name"].data or told("estimate.child", n=n)
        child = Imagined(name, row["born"].data, option, needs[option].fee_coefficient, row["place"].data == "voucher")
        if (before := own.get((child.name, child.born))) is not None:
            child = replace(child, income=before.income, alterations=before.alterations)
        found.append(child)
    return found


def incomes_of(form: _Form) -> list[Income | None]:
    """What each adult earns; nothing told at all, or the highest fee accepted, is an income that is not shown."""
    told_of = [form[name].data for name in ADULTS if form[name].data is not None]
    if form.highest.data or not told_of:
        return [None]
    return [shown(Effect.INCOME, [IncomeLine("main_income", amount)]) for amount in told_of]


def reckoned(form: _Form, day: date, known: FamilyNow | None = None) -> dict[str, Any]:
    """What the page shows of a reckoning: {kpis, children, table, warnings}; with {refused} a sentence why not."""
    children, incomes = imagined(form, day, known), incomes_of(form)
    if not children:
        return {"refused": told("estimate.nobody")}
    try:
        table = table_on(tables(), day)
        adults = 1 + (form.income_1.data is not None)
        found = estimate(table, form.size.data or max(2, adults + len(children)), incomes, children)
    except Refused as no:
        return {"refused": told_refusal(no)}
    values = {one.child: _value(one, day) for one in found if one.child.voucher}
    total = sum(_paid(one, values) for one in found)
    kpis = [{"label": told("estimate.total"), "value": money(total), "note": told("estimate.a_month")}]
    if known is not None and known.total is not None:
        kpis.append({"label": told("estimate.decided"), "value": money(known.total), "note": ""})
    return {
        "kpis": kpis, "children": [part for one in found for part in _parts(one, values, day)],
        "table": table_facts(table),
        "warnings": [told("fee.tables_invented", start=table.valid.start)] if table.invented else [],
    }


def _value(one: Estimate, day: date) -> VoucherValue | None:
    """What the voucher would be worth, without the support of a child; None when there is no table or no share."""
    try:
        table = voucher_table_on(voucher_tables(), day)
    except Refused:
        return None
    group = age_group(one.child.born, day)
    share = table.coefficient_of(one.child.option, needs_on(day)[one.child.option].voucher_coefficient)
    return None if share is None else voucher_value(
        table.base_of(one.child.option, group), share, group=group, law=table.law)


def _paid(one: Estimate, values: dict[Imagined, VoucherValue | None]) -> Cents:
    """What the family pays; a co-payment is never more than the voucher."""
    value = values.get(one.child)
    return one.fee.final if value is None else min(one.fee.final, value.value)


def _parts(one: Estimate, values: dict[Imagined, VoucherValue | None], day: date) -> list[dict[str, Any]]:
    """What the family pays for a child, and what its voucher would be worth."""
    paid, value = _paid(one, values), values.get(one.child)
    word = "voucher.step.co_payment" if one.child.voucher else "fee.child_total"
    found = [{
        "title": f"{one.child.name}: {money(paid)}",
        "note": f"{option_name('service_needs', one.child.option)}, {told('estimate.age', years=_years(one, day))}",
        "steps": explained(one.fee.steps[:-1]), "total": (told(word), money(paid)),
    }]
    if value is not None:
        found.append({"title": f"{one.child.name}: {told('voucher.value')}", "note": "",
                      "steps": explained(value.steps), "total": (told("voucher.value"), money(value.value))})
    return found


def _years(one: Estimate, day: date) -> int:
    born = one.child.born
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


class Calculator(Page):
    """The office reckons for anybody, or begins from a family's own facts."""

    permission = "fee.calculate"

    @expose("/")
    def index(self) -> Any:
        today = actor().today
        person = self._person()
        known = family_on(person.id, today) if person is not None else None
        typed = any(name not in ("person",) for name in request.args)
        form = asked_form(today) if typed else filled_form(known, today) if known else form_with(2, today, None)
        form.person.data = str(person.id) if person is not None else ""
        ask = not typed or form.validate()
        day = form.day.data or today
        result = reckoned(form, day, known) if ask and (typed or known) else None
        _shown_as_read(form, day)
        return self.render("office/calculator.html", form=form, result=result, action=url_for("calculator.index"),
                           of=person, live=True)

    def _person(self) -> Person | None:
        """The family whose facts it begins from, for who may read its incomes; that they were read is noted."""
        number = row_number(request.args.get("person", ""))
        if number is None:
            return None
        seen = within(actor(), "person.view", Person)
        person = db.session.scalar(select(Person).where(Person.id == number, seen)) or abort(404)
        if not may(actor(), "income.view"):
            abort(404)
        g.setdefault("reads", []).append(("person.read", person, {}))
        return person


def my_estimate() -> dict[str, Any]:
    """What the guardian's page shows: the own children, the family's size; the other adult's income is never told."""
    by = actor()
    user = by.user
    known = family_on(user.person_id, by.today) if user is not None and user.person_id is not None else None
    typed = any(name != "income_0" for name in request.args)
    if typed or known is None:
        form = asked_form(by.today)
    else:
        form = filled_form(known, by.today)
        for name in ADULTS:
            form[name].data = None
        form.highest.data = False
        form.income_0.process(request.args)
    valid = form.validate() if typed else True
    day = form.day.data or by.today
    told_income = any(form[name].data is not None for name in ADULTS) or form.highest.data
    result = reckoned(form, day) if valid and told_income else None
    _shown_as_read(form, day)
    return {"form": form, "result": result}


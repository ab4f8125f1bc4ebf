"""The questions of an income statement, as a form that works without scripts."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from flask_admin.form import BaseForm
from wtforms import BooleanField, FileField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from evaka.rules.income.statement import Answers, Company, OtherIncome, PaperKind, Source, StatementKind
from evaka.views.forms import LONG, DayField, EurosField, TicksField, tidy
from evaka.views.page import Lazy, word_of

# by kind the parts of the form: (heading, questions, whether the part is folded until it is answered)
PARTS: dict[StatementKind, tuple[tuple[str, tuple[str, ...], str], ...]] = {
    StatementKind.INCOME: (
        ("statement.part.time", ("end",), ""),
        ("statement.part.gross", ("gross", "gross_source", "estimated", "no_income", "no_income_words"), ""),
        ("statement.part.other_incomes", ("other_incomes", "other_words"), "other_incomes"),
        (
            "statement.part.entrepreneur",
            (
                "entrepreneur", "began", "company", "business_id", "spouse_works", "startup_grant", "checkup",
                "companies", "own_papers", "own_estimate", "own_estimate_start", "own_estimate_end",
                "company_source", "accountant_name", "accountant_phone", "accountant_email", "accountant_address",
            ),
            "entrepreneur",
        ),
        ("statement.part.other", ("student", "alimony_payer", "other_info"), ""),
    ),
    StatementKind.HIGHEST_FEE: (),
    StatementKind.CHILD_INCOME: (("statement.part.time", ("end", "other_info"), ""),),
}
HINTED = ("end", "gross", "estimated", "no_income", "spouse_works", "own_papers", "own_estimate", "accountant_name",
          "student", "alimony_payer", "upload")


def _told(name: str, field: Any, **given: Any) -> Any:
    """A question with its words, and its hint where it has one."""
    hint = {"description": Lazy(f"statement.{name}.hint")} if name in HINTED else {}
    return field(Lazy(f"statement.{name}"), [*given.pop("validators", ()), Optional()], **hint, **given)


def _line(name: str, **given: Any) -> Any:
    return _told(name, StringField, validators=[Length(max=200)], filters=[tidy], **given)


def _text(name: str) -> Any:
    return _told(name, TextAreaField, validators=[Length(max=LONG)], filters=[tidy])


def _source(name: str) -> Any:
    choices = [SelectChoice(one.value, Lazy(f"source.{one.value}")) for one in Source]
    return _told(name, RadioField, choices=choices, coerce=lambda typed: Source(typed) if typed else None,
                 validate_choice=False)


class StatementForm(BaseForm):
    end = _told("end", DayField)
    gross = _told("gross", BooleanField)
    gross_source = _source("gross_source")
    estimated = _told("estimated", EurosField)
    other_incomes = _told("other_incomes", TicksField, kind=OtherIncome)
    other_words = _line("other_words")
    no_income = _told("no_income", BooleanField)
    no_income_words = _line("no_income_words")
    entrepreneur = _told("entrepreneur", BooleanField)
    began = _told("began", DayField)
    company = _line("company")
    business_id = _line("business_id", render_kw={"autocomplete": "off"})
    spouse_works = _told("spouse_works", BooleanField)
    startup_grant = _told("startup_grant", BooleanField)
    checkup = _told("checkup", BooleanField)
    companies = _told("companies", TicksField, kind=Company)
    own_papers = _told("own_papers", BooleanField)
    own_estimate = _told("own_estimate", EurosField)
    own_estimate_start = _told("own_estimate_start", DayField)
    own_estimate_end = _told("own_estimate_end", DayField)
    company_source = _source("company_source")
    accountant_name = _line("accountant_name")
    accountant_phone = _line("accountant_phone", render_kw={"inputmode": "tel"})
    accountant_email = _line("accountant_email", render_kw={"inputmode": "email"})
    accountant_address = _line("accountant_address")
    student = _told("student", BooleanField)
    alimony_payer = _told("alimony_payer", BooleanField)
    other_info = _text("other_info")
    row_version = HiddenField()

    def answers(self) -> Answers:
        """What was typed, of the questions that this kind of statement asks."""
        given = {one.name: self[one.name].data for one in fields(Answers) if one.name in self}
        given = {name: value for name, value in given.items() if value is not None}
        for name, kind in (("other_incomes", OtherIncome), ("companies", Company)):
            if name in given:
                given[name] = tuple(kind(one) for one in given[name])
        return Answers(**given)

    def fill(self, end: Any, answers: Answers) -> None:
        """The form as it was left."""
        values = {one.name: getattr(answers, one.name) for one in fields(Answers)} | {"end": end}
        for name, value in values.items():
            if name in self:
                self[name].data = list(value) if isinstance(value, tuple) else value


class PaperForm(BaseForm):
    """A paper, and what it shows."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self:
            field.flags.quiet = True

    kind = SelectField(
        Lazy("statement.paper_kind"), choices=[SelectChoice(one.value, Lazy(f"paper_kind.{one.value}"))
                                               for one in PaperKind])
    upload = _told("upload", FileField, render_kw={"accept": ".pdf,.jpg,.jpeg,.png,image/jpeg,image/png"})


def form_of(kind: StatementKind, typed: Any) -> StatementForm:
    """The form with the questions of a kind of statement."""
    form = StatementForm(typed)
    asked = {name for _, names, _ in PARTS[kind] for name in names} | {"row_version"}
    for name in [field.short_name for field in form if field.short_name not in asked]:
        del form[name]
    for field in form:  # what may be left empty follows from the other answers
        field.flags.quiet = True
    return form


def answered(kind: StatementKind, answers: Answers) -> list[tuple[str, list[tuple[str, Any]]]]:
    """What was answered, part by part: (heading, [(name of the question, value)]), without what was left empty."""
    found = []
    for heading, names, _ in PARTS[kind]:
        values = [(name, getattr(answers, name)) for name in names if name != "end"]
        told = [(name, value) for name, value in values if value not in (None, "", False, ())]
        if told:
            found.append((heading, told))
    return found


def paper_words(kinds: Any) -> str:
    return ", ".join(word_of(one) for one in kinds)

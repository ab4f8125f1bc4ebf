"""The questions of an application, as a form that works without scripts, for families and for the office."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from flask_admin.form import BaseForm
from sqlalchemy import select
from wtforms import BooleanField, FileField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from evaka import city
from evaka.access import may
from evaka.actions.application.known import TOLD, applied_for, policy, questions
from evaka.kit.dates import DateRange
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.unit import Area, Unit
from evaka.rules.application import ApplicationKind, AttachmentKind, OtherView
from evaka.rules.application.form import CHILD_FIELDS, Form, Lack, offered_needs
from evaka.rules.application.question import Question, QuestionKind
from evaka.rules.person.protection import COMING_HOME
from evaka.rules.placement import ServiceNeed
from evaka.rules.unit import Provider
from evaka.views.base.rows import is_protected
from evaka.views.forms import LONG, ClockField, DayField, tidy
from evaka.views.page import Lazy, actor, language, option_name, told, told_refusal, word_of, written

CHILDREN = 4  # rows for other children of the household
K = ApplicationKind
CARE = {
    K.DAYCARE: ("start", "urgent", "service_need", "begins_at", "ends_at", "shift_care"),
    K.PRESCHOOL: ("start", "preparatory", "connected_daycare", "connected_start", "service_need", "begins_at",
                  "ends_at", "shift_care", "urgent"),
    K.CLUB: ("start", "had_daycare", "had_club"),
}
PARTNER = ("partner_first_name", "partner_last_name", "partner_code")
MOVING = ("moves_on", "new_street", "new_postal_code", "new_post_office", "guardian_moves")
# heading, questions, and those by which a folded part opens (none: it always stands open)
COMMON: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("application.part.sibling", ("sibling_unit_id", "sibling_name", "sibling_code"), ("sibling_unit_id",)),
    ("application.part.child", ("assistance_needed", "assistance", "allergies", "diet"), ()),
    ("application.part.guardian", ("phone", "email", "no_email"), ()),
    ("application.part.other_guardian", ("other_guardian_view", "other_phone", "other_email", "other_may_see"), ()),
    ("application.part.partner", PARTNER, PARTNER),
    ("application.part.other_children", (), ("other_children",)),
    ("application.part.moving", MOVING, ("moves_on", "new_street")),
    ("application.part.other", ("max_fee_accepted", "notes"), ()),
)
HINTED = ("start", "connected_start", "urgent", "shift_care", "preparatory", "service_need", "sibling_code",
          "assistance_needed", "allergies", "no_email", "other_guardian_view", "other_may_see", "partner_code",
          "max_fee_accepted", "guardian_moves", "upload")
# of another guardian's application only this is shown
SHARED = ("start", "preparatory", "connected_daycare", "connected_start", "service_need", "begins_at", "ends_at",
          "shift_care", "urgent", "units")
TELLS_WHERE = ("units", "begins_at", "ends_at")  # and when the child comes and goes


def _asked(name: str, field: Any, **given: Any) -> Any:
    """A question with its words, and its hint where it has one."""
    hint = {"description": Lazy(f"application.{name}.hint")} if name in HINTED else {}
    return field(Lazy(f"application.{name}"), [*given.pop("validators", ()), Optional()], **hint, **given)


def _line(name: str, letters: int = 120, **given: Any) -> Any:
    return _asked(name, StringField, validators=[Length(max=letters)], filters=[tidy], **given)


def _text(name: str) -> Any:
    return _asked(name, TextAreaField, validators=[Length(max=LONG)], filters=[tidy])


def fixed_fields() -> dict[str, Any]:
    """The questions that are the same for everybody."""
    quiet = {"render_kw": {"autocomplete": "off"}}
    views = [SelectChoice(one.value, Lazy(f"other_view.{one.value}")) for one in OtherView]
    fields: dict[str, Any] = {
        name: _asked(name, BooleanField) for name in (
            "urgent", "shift_care", "preparatory", "connected_daycare", "had_daycare", "had_club", "max_fee_accepted",
            "assistance_needed", "guardian_moves", "no_email", "other_may_see")}
    fields |= {name: _asked(name, DayField) for name in ("start", "connected_start", "moves_on")}
    fields |= {name: _asked(name, ClockField) for name in ("begins_at", "ends_at")}
    fields |= {name: _text(name) for name in ("assistance", "allergies", "diet", "notes")}
    fields |= {name: _line(name, 80) for name in ("partner_first_name", "partner_last_name", "new_post_office")}
    fields |= {name: _line(name, 11, **quiet) for name in ("partner_code", "sibling_code")}
    fields |= {
        "sibling_name": _line("sibling_name"), "new_street": _line("new_street"),
        "new_postal_code": _line("new_postal_code", 10, render_kw={"inputmode": "numeric"}),
        "phone": _line("phone", 30, render_kw={"inputmode": "tel", "autocomplete": "tel"}),
        "email": _line("email", 200, render_kw={"inputmode": "email", "autocomplete": "email"}),
        "other_phone": _line("other_phone", 30, render_kw={"inputmode": "tel"}),
        "other_email": _line("other_email", 200, render_kw={"inputmode": "email"}),
        "other_guardian_view": _asked(
            "other_guardian_view", RadioField, choices=views,
            coerce=lambda typed: OtherView(typed) if typed else OtherView.UNKNOWN),
        "row_version": HiddenField(),
    }
    for number in range(1, CHILDREN + 1):
        for name in CHILD_FIELDS:
            fields[f"child_{number}_{name}"] = StringField(
                Lazy(f"application.child.{name}"), [Length(max=11 if name == "code" else 80), Optional()],
                filters=[tidy], **(quiet if name == "code" else {}))
    return fields


def _number(typed: Any) -> int | None:
    return int(typed) if typed not in (None, "", "None") else None


def unit_choices(kind: ApplicationKind, *, office: bool, kept: Iterable[int]) -> list[SelectChoice]:
    """The units by area: for families those that take applications, and what has been chosen already."""
    today = actor().today
    query = select(Unit).where(Unit.meets(DateRange(today))) if office else applied_for(kind, today)
    offered = query.with_only_columns(Unit.id).order_by(None)
    rows = db.session.execute(
        select(Unit.id, Unit.name, Unit.provider, Unit.language, Area.name).join(Area, Area.id == Unit.area_id)
        .where(Unit.id.in_(offered) | Unit.id.in_(list(kept))).order_by(Area.name, Unit.name)).all()
    found = [SelectChoice("", told("form.choose"))]
    for id, name, provider, tongue, area in rows:
        signs = [told("application.by_voucher")] if provider is Provider.PRIVATE_SERVICE_VOUCHER else []
        signs += [told(f"language.{tongue}")] if tongue != "fi" else []
        found.append(SelectChoice(str(id), f"{name} ({', '.join(signs)})" if signs else name, optgroup=area))
    return found


def _unit(words: str, choices: list[SelectChoice]) -> Any:
    return SelectField(words, [Optional()], choices=choices, coerce=_number, default=None)


def _need(row: Application, form: Form) -> list[SelectChoice]:
    """The options of care; around education those of preparatory education stand beside the others."""
    options = city.named("service_needs", ServiceNeed).values()
    born, day = row.child.born, row.connected_start or row.start or actor().today
    if row.kind is K.PRESCHOOL:
        both = [Form(row.kind, preparatory=one, connected_daycare=True) for one in (False, True)]
        found = [option for one in both for option in offered_needs(options, one, born, day)]
    else:
        found = offered_needs(options, form, born, day)
    keys = [one.key for one in found]
    if row.service_need and row.service_need not in keys and row.kind is not K.PRESCHOOL:
        keys.append(row.service_need)
    return [SelectChoice("", told("form.choose")), *(SelectChoice(key, option_name("service_needs", key))
                                                     for key in keys)]


def question_field(one: Question) -> Any:
    words = said(one.text)
    hint = {"description": said(one.help)} if one.help else {}
    match one.kind:
        case QuestionKind.TICK:
            return BooleanField(words, [Optional()], **hint)
        case QuestionKind.DAY:
            return DayField(words, [Optional()], **hint)
        case QuestionKind.CHOICE:
            choices = [SelectChoice("", told("form.choose")),
                       *(SelectChoice(key, said(names)) for key, names in one.options.items())]
            return SelectField(words, [Optional()], choices=choices, **hint)
    return TextAreaField(words, [Length(max=LONG), Optional()], filters=[tidy], **hint)


def said(names: Mapping[str, str]) -> str:
    """What the city calls something, in the reader's language."""
    return names.get(language()) or next(iter(names.values()), "")


class ApplicationForm(BaseForm):
    """Made for one application by `form_for_row`; `parts` are (heading, questions, whether it stands open)."""

    row: Application
    asked: list[Question]
    parts: list[tuple[str, list[str], bool | None]]

    def units(self) -> list[int]:
        """In order, without the gaps between them."""
        chosen = (self[name].data for name in self._fields if name.startswith("unit_"))
        return [int(one) for one in chosen if one]

    def answers(self) -> Form:
        """What was typed, as the rules read it; of what is not asked, what is known already."""
        values: dict[str, Any] = {}
        for name in TOLD:
            if name in self:
                value = self[name].data
                values[name] = value if value is not None else Form.__dataclass_fields__[name].default
            else:
                values[name] = getattr(self.row, name)
        if "sibling_unit_id" in self:
            values["sibling_unit_id"] = self.sibling_unit_id.data
        for name in ("start", "connected_start", "moves_on", "begins_at", "ends_at"):
            values[name] = self[name].data if name in self else values[name]
        if not values["assistance_needed"] and values["assistance"]:
            values["assistance_needed"] = True
        children = [{name: self[f"child_{number}_{name}"].data or "" for name in CHILD_FIELDS}
                    for number in range(1, CHILDREN + 1)]
        values["other_children"] = tuple(one for one in children if any(one.values()))
        values["answers"] = {one.key: written_answer(self[f"answer_{one.key}"].data) for one in self.asked}
        for name in ("partner_code", "sibling_code"):
            values[name] = tidy_code(values[name])
        return Form(kind=self.row.kind, units=self.units(), **values)

    def fill(self) -> None:
        """The form as it was left."""
        row = self.row
        for name in TOLD:
            if name in self:
                self[name].data = getattr(row, name)
        for place, one in enumerate(row.preferences, start=1):
            if f"unit_{place}" in self:
                self[f"unit_{place}"].data = one.unit_id
        for number, child in enumerate(row.other_children[:CHILDREN], start=1):
            for name in CHILD_FIELDS:
                self[f"child_{number}_{name}"].data = child.get(name, "")
        for one in self.asked:
            kept = (row.answers or {}).get(one.key)
            field = self[f"answer_{one.key}"]
            field.data = kept if one.kind is not QuestionKind.DAY else day_of(kept)

    def mark(self, found: list[Lack]) -> None:
        """What is lacking stands beside its question."""
        for lack in found:
            name = {"units": "unit_1", "other_children": "child_1_code"}.get(lack.field, lack.field)
            field = self[name if name in self else "start"]
            absent = lack.why.facts.get("missing")
            why = told("application.fill_in", what=absent) if absent else told_refusal(lack.why)
            if why not in field.errors:
                field.errors = [*field.errors, why]


def tidy_code(typed: str) -> str:
    return "".join((typed or "").split()).upper()


def written_answer(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def day_of(kept: Any) -> Any:
    return date.fromisoformat(kept) if kept else None


def form_for_row(row: Application, typed: Any, *, office: bool) -> ApplicationForm:
    """The form of an application's kind; what may be left empty follows from the other answers."""
    form = Form(row.kind)
    kept = [one.unit_id for one in row.preferences] + ([row.sibling_unit_id] if row.sibling_unit_id else [])
    units = unit_choices(row.kind, office=office, kept=kept)
    every = units if office else unit_choices(row.kind, office=True, kept=kept)
    asked = questions(row.kind, actor().today)
    fields = fixed_fields()
    most = max(policy().most_units, len(row.preferences))
    wanted = [f"unit_{place}" for place in range(1, most + 1)]
    for place, name in enumerate(wanted, start=1):
        fields[name] = _unit(told("application.wish", place=place), units)
    fields["sibling_unit_id"] = _unit(told("application.sibling_unit_id"), every)
    fields["service_need"] = _asked("service_need", SelectField, choices=_need(row, form))
    fields |= {f"answer_{one.key}": question_field(one) for one in asked}
    parts: list[tuple[str, list[str], bool | None]] = [
        ("application.part.care", list(CARE[row.kind]), None), ("application.part.units", wanted, None)]
    for heading, names, opens in COMMON:
        mine = list(names)
        if heading.endswith("other_children"):
            mine = [f"child_{n}_{name}" for n in range(1, CHILDREN + 1) for name in CHILD_FIELDS]
        if row.kind is K.CLUB:
            mine = [name for name in mine if name != "max_fee_accepted"]
        if heading.endswith("other_guardian") and row.other_guardian_view is OtherView.SINGLE and not office:
            continue
        stands = None if not opens else any(getattr(row, name) for name in opens)
        parts.append((heading, mine, stands))
    if asked:
        parts.insert(2, ("application.part.questions", [f"answer_{one.key}" for one in asked], None))
    shown = {name for _, names, _ in parts for name in names} | {"row_version"}
    if office and is_protected(row, actor().today) and not may(actor(), "person.see_restricted"):
        shown -= set(COMING_HOME)
    kind: Any = type("ApplicationForm", (ApplicationForm,), {
        name: field for name, field in fields.items() if name in shown or name.startswith("child_")})
    made: ApplicationForm = kind(typed)
    made.row, made.asked, made.parts = row, asked, parts
    for field in made:
        field.flags.quiet = True
    return made


class PaperForm(BaseForm):
    """A paper, and what it shows."""

    def __init__(self, *args: Any, office: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [one for one in AttachmentKind if office or one is not AttachmentKind.OFFICE]
        self.paper_kind.choices = [SelectChoice(one.value, word_of(one)) for one in kinds]
        for field in self:
            field.flags.quiet = True

    paper_kind = SelectField(Lazy("application.paper_kind"), choices=[])
    upload = _asked("upload", FileField, render_kw={"accept": ".pdf,.jpg,.jpeg,.png,image/jpeg,image/png"})


# -- what was told, to read ------------------------------------------------------------------------------


def told_blocks(
    row: Application, *, shared: bool = False, kept: bool = False, office: bool = False,
) -> list[dict[str, Any]]:
    """What an application tells, part by part, without what was left empty.

    `shared`: as another guardian reads it; `kept`: from whom it is kept where the child is.
    """
    found = []
    silent = TELLS_WHERE if kept else ()

    def said_of(name: str) -> str:
        return "" if name in silent or (shared and name not in SHARED) else answer(row, name, office=office)

    asked = [("application.part.care", CARE[row.kind], ()), ("application.part.units", ("units",), ()), *COMMON]
    for heading, names, _ in asked:
        facts = [(told(f"application.{name}"), value) for name in names if (value := said_of(name))]
        if heading.endswith("other_children") and not shared:
            facts = [(told("application.child"), child_line(one)) for one in row.other_children]
        if facts:
            found.append({"title": told(heading), "facts": facts})
    mine = city.named("questions", Question)
    answered = [(said(mine[key].text), answer_words(mine[key], value)) for key, value in (row.answers or {}).items()
                if key in mine and value not in (None, "", False)]
    if answered and not shared:
        found.append({"title": told("application.part.questions"), "facts": answered})
    return found


def answer(row: Application, name: str, *, office: bool = False) -> str:
    """One answer in words; nothing for what was left empty, and in the office a sign for a restricted address."""
    if name in COMING_HOME and office and getattr(row, name) and is_protected(row, actor().today):
        return told("person.restricted_sign")
    if name == "units":
        return " · ".join(f"{one.place} {one.unit}" for one in row.preferences)
    if name == "service_need":
        return option_name("service_needs", row.service_need) if row.service_need else ""
    if name == "sibling_unit_id":
        return str(row.sibling_unit) if row.sibling_unit else ""
    value = getattr(row, name)
    if name == "other_may_see":
        return "" if value else told("no")
    return "" if value in (None, "", False) else written(value)


def child_line(child: Mapping[str, str]) -> str:
    return " ".join(filter(None, (child.get(name, "") for name in CHILD_FIELDS)))


def answer_words(question: Question, value: Any) -> str:
    match question.kind:
        case QuestionKind.CHOICE:
            return said(question.options.get(value, {})) or str(value)
        case QuestionKind.DAY:
            return written(day_of(value))
    return written(value)



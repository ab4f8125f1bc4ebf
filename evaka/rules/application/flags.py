"""What the office sees of an application at once: whether it is a transfer, who must read it, who may see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from evaka.kit.dates import DateRange
from evaka.rules.application import ApplicationKind, OtherView
from evaka.rules.application.form import Form
from evaka.rules.application.question import Question, is_secret
from evaka.rules.placement import DAYCARE_TYPES, PREPARATORY_TYPES, PRESCHOOL_TYPES, CareType

ALIKE = {
    ApplicationKind.DAYCARE: DAYCARE_TYPES,
    ApplicationKind.PRESCHOOL: PRESCHOOL_TYPES | PREPARATORY_TYPES,
    ApplicationKind.CLUB: frozenset({CareType.CLUB}),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A place that the child has or will have."""

    period: DateRange
    care_type: CareType
    unit: int


def _alike(kind: ApplicationKind, start: date, places: Iterable[Place]) -> list[Place]:
    """The places of that kind on the wanted start or after it; temporary care and the like is none."""
    return [one for one in places if one.care_type in ALIKE[kind] and one.period & DateRange(start)]


def is_transfer(kind: ApplicationKind, start: date, places: Iterable[Place], *, additional: bool = False) -> bool:
    """Whether the child has such a place already; who only adds care to education keeps the place."""
    return not additional and bool(_alike(kind, start, places))


def is_additional(form: Form, start: date, places: Iterable[Place]) -> bool:
    """Whether care is asked for around education that the child has already, and has without care."""
    if form.kind is not ApplicationKind.PRESCHOOL or not form.connected_daycare:
        return False
    alone = CareType.PREPARATORY if form.preparatory else CareType.PRESCHOOL
    found = _alike(form.kind, start, places)
    return bool(found) and all(one.care_type is alone for one in found)


def is_continuing(units: Sequence[int], start: date, places: Iterable[Place]) -> bool:
    """Whether the child is in the unit of its first wish already: until the wanted start, or beyond it."""
    eve = DateRange(date.fromordinal(start.toordinal() - 1))
    return bool(units) and any(one.unit == units[0] and bool(one.period & eve) for one in places)


def is_overtaken(kind: ApplicationKind, start: date, places: Iterable[Place], today: date) -> bool:
    """Whether a transfer has lost its sense: no place of the kind reaches the wanted start, or lasted to yesterday."""
    yesterday = date.fromordinal(today.toordinal() - 1)
    return not any(one.period.last_day >= yesterday for one in _alike(kind, start, places))


def confidential(form: Form, questions: Sequence[Question] = (), *, papers: bool = False) -> bool | None:
    """Whether what was told must be kept secret (Act 540/2018, 40 §); None: somebody has to read it first."""
    if papers or form.assistance_needed or any(
        text.strip() for text in (form.assistance, form.allergies, form.diet)
    ) or is_secret(questions, form.answers):
        return True
    return None if form.notes.strip() else False


def must_be_read(form: Form, questions: Sequence[Question] = ()) -> bool:
    """Whether a person has to read the application before a place is planned."""
    told = any(text.strip() for text in (form.assistance, form.allergies, form.diet, form.notes))
    disputed = form.other_guardian_view is OtherView.NOT_AGREED
    return form.assistance_needed or told or disputed or is_secret(questions, form.answers)

"""What the list of applications is narrowed by: every question a case worker asks of a season."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import aliased

from evaka.actions.application.known import terms_of
from evaka.models.application import Application, Preference
from evaka.models.application.attachment import Attachment
from evaka.models.unit import Area, Unit
from evaka.rules.application import (
    ON_THE_DESK,
    OPEN,
    ApplicationKind,
    ApplicationStatus,
    AttachmentKind,
    Origin,
)
from evaka.rules.unit import Provider
from evaka.views.filters import DayFilter, NamedFilter, RowFilter, StateFilter, TableFilter, WordFilter, YesNoFilter
from evaka.views.page import actor

S = ApplicationStatus
HANDLED = (S.SENT, S.WAITING_PLACEMENT)
BY_VOUCHER = (Provider.PRIVATE_SERVICE_VOUCHER,)


def is_overdue() -> ColumnElement[bool]:
    """The office has let the statutory day pass."""
    return Application.due.is_not(None) & (Application.due < actor().today) & Application.status.in_(ON_THE_DESK)


def is_due_soon() -> ColumnElement[bool]:
    """The statutory day is today or within a week."""
    today = actor().today
    return Application.due.between(today, today + timedelta(days=6)) & Application.status.in_(ON_THE_DESK)


def wishes_where(*conditions: ColumnElement[bool], first: bool = False) -> ColumnElement[bool]:
    """Some wanted unit, or the first one, is such."""
    place = [Preference.place == 1] if first else []
    return Application.id.in_(
        select(Preference.application_id).join(Unit, Unit.id == Preference.unit_id).where(*place, *conditions))


def wants(unit_id: int) -> ColumnElement[bool]:
    return Application.id.in_(select(Preference.application_id).where(Preference.unit_id == unit_id))


def wants_first(unit_id: int) -> ColumnElement[bool]:
    return Application.id.in_(
        select(Preference.application_id).where(Preference.unit_id == unit_id, Preference.place == 1))


def of_area(*, first: bool) -> Callable[[int], ColumnElement[bool]]:
    return lambda area_id: wishes_where(Unit.area_id == area_id, first=first)


def has_paper(*kinds: AttachmentKind) -> ColumnElement[bool]:
    query = select(Attachment.application_id)
    return Application.id.in_(query.where(Attachment.kind.in_(kinds)) if kinds else query)


def waits_for_proof() -> ColumnElement[bool]:
    """The family says it is urgent, and nobody has accepted a proof of that."""
    return Application.urgent & Application.urgent_proof.is_(None) & Application.status.in_(ON_THE_DESK)


def proof_has_come() -> ColumnElement[bool]:
    """A paper that shows the urgency waits to be accepted: the two weeks run from it."""
    return waits_for_proof() & has_paper(AttachmentKind.URGENCY)


def waits_for_family() -> ColumnElement[bool]:
    return Application.supplement_asked.is_not(None) & Application.status.in_(HANDLED)


def family_has_added() -> ColumnElement[bool]:
    """The family has changed or added something that nobody has marked as seen."""
    return Application.supplement_came.is_not(None) & Application.status.in_(OPEN)


def is_duplicate() -> ColumnElement[bool]:
    """Another open application of the same kind for the same child."""
    other = aliased(Application)
    return Application.status.in_(OPEN) & exists().where(
        other.child_id == Application.child_id, other.kind == Application.kind, other.id != Application.id,
        other.status.in_(OPEN), (other.status != S.CREATED) | (other.origin != Origin.ELECTRONIC))


def unread() -> ColumnElement[bool]:
    return ~Application.checked & (Application.status == S.WAITING_PLACEMENT)


def has_sibling() -> ColumnElement[bool]:
    return Application.sibling_unit_id.is_not(None) | (Application.sibling_name != "")


def needs_support() -> ColumnElement[bool]:
    return Application.assistance_needed | (Application.assistance != "")


def is_disputed() -> ColumnElement[bool]:
    return Application.consent.is_(False) | (Application.other_guardian_view == "not_agreed")


def is_late() -> ColumnElement[bool]:
    """It came when the time to apply for its term was over."""
    found = [
        (Application.kind == kind) & Application.start.between(term.valid.start, term.valid.last_day)
        & (Application.received > term.application_end)
        for kind in (ApplicationKind.PRESCHOOL, ApplicationKind.CLUB) for _, term in terms_of(kind).spans
    ]
    return or_(Application.id.is_(None), *found)


SUBKINDS: dict[str, Callable[[], ColumnElement[bool]]] = {
    "preschool_only": lambda: and_(~Application.connected_daycare, ~Application.preparatory),
    "preschool_daycare": lambda: and_(Application.connected_daycare, ~Application.preparatory),
    "preparatory_only": lambda: and_(~Application.connected_daycare, Application.preparatory),
    "preparatory_daycare": lambda: and_(Application.connected_daycare, Application.preparatory),
    "daycare_only": lambda: Application.additional,
}
VOUCHERS: dict[str, Callable[[], ColumnElement[bool]]] = {
    "first": lambda: wishes_where(Unit.provider.in_(BY_VOUCHER), first=True),
    "only": lambda: ~wishes_where(Unit.provider.not_in(BY_VOUCHER)),
    "none": lambda: ~wishes_where(Unit.provider.in_(BY_VOUCHER)),
}


class ConditionFilter(WordFilter):
    """One of a few conditions, each with a name."""

    def __init__(self, column: Any, label: str, conditions: dict[str, Callable[[], ColumnElement[bool]]]) -> None:
        super().__init__(column, label, {key: f"{label}.{key}" for key in conditions})
        self.conditions = conditions

    def condition(self, value: Any) -> ColumnElement[bool]:
        return self.conditions[value]()


class SubkindFilter(ConditionFilter):
    def condition(self, value: Any) -> ColumnElement[bool]:
        return (Application.kind == ApplicationKind.PRESCHOOL) & super().condition(value)


class StatesFilter(WordFilter):
    """States that belong together in the work."""

    GROUPS = {
        "new": (S.SENT,), "placing": (S.WAITING_PLACEMENT,), "deciding": (S.WAITING_DECISION, S.WAITING_CONFIRMATION),
        "answering": (S.WAITING_MAILING, S.WAITING_GUARDIAN), "settled": (S.ACTIVE, S.REJECTED, S.CANCELLED),
    }

    def __init__(self, column: Any, label: str) -> None:
        super().__init__(column, label, {key: f"{label}.{key}" for key in self.GROUPS})

    def condition(self, value: Any) -> ColumnElement[bool]:
        return Application.status.in_(self.GROUPS[value])


A = Application
FILTERS = (
    NamedFilter(A.id, "application.open", lambda: A.status.in_(OPEN)),
    StateFilter(A.status, "application.status", ApplicationStatus),
    StatesFilter(A.status, "application.stage"),
    NamedFilter(A.due, "application.overdue", is_overdue),
    NamedFilter(A.id, "application.due_soon", is_due_soon),
    StateFilter(A.kind, "application.kind", ApplicationKind),
    SubkindFilter(A.kind, "application.subkind", SUBKINDS),
    RowFilter(Unit.area_id, "application.area_first", Area, of_area(first=True)),
    RowFilter(Unit.area_id, "application.area_any", Area, of_area(first=False)),
    RowFilter(Preference.unit_id, "application.first_wish", Unit, wants_first),
    RowFilter(Preference.unit_id, "application.wishes", Unit, wants),
    ConditionFilter(Unit.provider, "application.voucher", VOUCHERS),
    DayFilter(A.due, "application.due_from"),
    DayFilter(A.due, "application.due_until", last=True),
    DayFilter(A.start, "application.start_from"),
    DayFilter(A.start, "application.start_until", last=True),
    DayFilter(A.received, "application.received_from"),
    DayFilter(A.received, "application.received_until", last=True),
    YesNoFilter(A.transfer, "application.transfer"),
    YesNoFilter(A.additional, "application.additional"),
    YesNoFilter(A.continuing, "application.continuing"),
    YesNoFilter(A.urgent, "application.urgent"),
    NamedFilter(A.id, "application.waits_for_proof", waits_for_proof),
    NamedFilter(A.id, "application.proof_has_come", proof_has_come),
    YesNoFilter(A.shift_care, "application.shift_care"),
    NamedFilter(A.id, "application.sibling_basis", has_sibling),
    NamedFilter(A.id, "application.assistance", needs_support),
    NamedFilter(A.id, "application.unchecked", unread),
    NamedFilter(A.id, "application.papers", has_paper),
    NamedFilter(A.id, "application.duplicate", is_duplicate),
    NamedFilter(A.id, "application.waits_for_family", waits_for_family),
    NamedFilter(A.id, "application.family_has_added", family_has_added),
    NamedFilter(A.id, "application.disputed", is_disputed),
    NamedFilter(A.id, "application.late", is_late),
    YesNoFilter(A.had_club, "application.had_club"),
    YesNoFilter(A.had_daycare, "application.had_daycare"),
    StateFilter(A.origin, "application.origin", Origin),
    TableFilter(A.service_need, "application.service_need", "service_needs", lambda key: A.service_need == key),
)

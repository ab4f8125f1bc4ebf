"""Asking for a place: the life of an application, what it must tell, and when it must be decided.

Law: Act on Early Childhood Education and Care (540/2018), 17 § (four months; two weeks when work or studies
begin unexpectedly), 12 § (the right to care).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import StrEnum

from evaka.kit.dates import add_months
from evaka.kit.errors import Refused
from evaka.kit.workflow import Workflow

PART_DAY = 5 * 60  # minutes at most


CLASS = re.compile(r"[0-9A-Za-zÅÄÖåäö.]{0,20}")


class ApplicationKind(StrEnum):
    DAYCARE = "daycare"
    PRESCHOOL = "preschool"
    CLUB = "club"


class Origin(StrEnum):
    ELECTRONIC = "electronic"  # the guardian's own pages
    PAPER = "paper"
    OFFICE = "office"  # told by telephone or on a visit, typed in by the office


class OtherView(StrEnum):
    """What whoever applies tells of the other guardian."""

    UNKNOWN = "unknown"
    AGREED = "agreed"
    NOT_AGREED = "not_agreed"
    TO_BE_TOLD = "to_be_told"  # has no say, but the right to know
    SINGLE = "single"  # there is no other guardian


class AttachmentKind(StrEnum):
    """What a paper shows."""

    URGENCY = "urgency"  # work or studies that begin unexpectedly
    SHIFT_CARE = "shift_care"
    OTHER = "other"
    OFFICE = "office"  # the office's own: no guardian sees it


class ApplicationStatus(StrEnum):
    CREATED = "created"
    SENT = "sent"
    WAITING_PLACEMENT = "waiting_placement"
    WAITING_DECISION = "waiting_decision"
    WAITING_CONFIRMATION = "waiting_confirmation"  # by the unit
    WAITING_MAILING = "waiting_mailing"
    WAITING_GUARDIAN = "waiting_guardian"
    ACTIVE = "active"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


_S = ApplicationStatus
APPLICATION = Workflow[ApplicationStatus](
    send=({_S.CREATED}, _S.SENT),
    take=({_S.SENT}, _S.WAITING_PLACEMENT),
    return_to_sent=({_S.WAITING_PLACEMENT, _S.CANCELLED}, _S.SENT),
    check=({_S.WAITING_PLACEMENT}, _S.WAITING_PLACEMENT),
    plan=({_S.WAITING_PLACEMENT}, _S.WAITING_DECISION),
    return_to_placement=({_S.WAITING_DECISION}, _S.WAITING_PLACEMENT),
    propose=({_S.WAITING_DECISION}, _S.WAITING_CONFIRMATION),
    withdraw=({_S.WAITING_CONFIRMATION}, _S.WAITING_DECISION),
    decline=({_S.WAITING_CONFIRMATION}, _S.WAITING_PLACEMENT),
    send_decision=({_S.WAITING_DECISION, _S.WAITING_CONFIRMATION}, _S.WAITING_GUARDIAN),
    print_decision=({_S.WAITING_DECISION, _S.WAITING_CONFIRMATION}, _S.WAITING_MAILING),
    mail=({_S.WAITING_MAILING}, _S.WAITING_GUARDIAN),
    accept=({_S.WAITING_GUARDIAN, _S.ACTIVE}, _S.ACTIVE),
    reject=({_S.WAITING_GUARDIAN}, _S.REJECTED),
    plan_again=({_S.ACTIVE, _S.REJECTED}, _S.WAITING_PLACEMENT),  # a decision was annulled or revised
    cancel=({_S.SENT, _S.WAITING_PLACEMENT}, _S.CANCELLED),
    overtake=({_S.SENT}, _S.CANCELLED),  # a transfer of a child who has no place any more
)
OPEN = frozenset(_S) - {
    _S.ACTIVE,
    _S.REJECTED,
    _S.CANCELLED,
}  # the office or the family still has something to do
NOT_PROPOSED = frozenset({_S.SENT, _S.WAITING_PLACEMENT, _S.WAITING_DECISION})  # to any unit
ON_THE_DESK = OPEN - {_S.CREATED, _S.WAITING_GUARDIAN}  # the clock of 17 § runs for the office


class PreschoolDue(StrEnum):
    """By when a place in pre-primary education is decided; the law sets no day for it."""

    START = "start"  # before the wanted first day
    MONTHS = "months"  # as in day care
    SENT = "sent"  # at once


@dataclass(frozen=True, slots=True)
class ApplicationPolicy:
    """What a city asks of an application."""

    most_units: int = 3
    due_months: int = 4
    urgent_days: int = 14
    due_at_start: bool = True  # not due before the wanted start, however early the family applies
    preschool_due: PreschoolDue = PreschoolDue.START
    earliest_days: int = 366  # how far ahead a family may apply
    guardians_ask: frozenset[ApplicationKind] = frozenset(ApplicationKind)  # kinds that families send themselves
    proof_needed: bool = False  # urgency and shift care are sent with their papers only
    draft_days: int = 60  # a draft that nobody has touched for so long is taken away
    proof_reminder_days: int = 3  # after so many days a family is reminded of the proof of its urgency
    megabytes: int = 8  # of a paper at most
    papers: int = 30


@dataclass(frozen=True)
class CaseClasses:
    """The task classes of the city's plan of information control, by kind of application; none: it gets no number.

    What has arrived is entered in the register of cases, with what identifies it (Act 906/2019, 25–26 §).
    """

    daycare: str = ""
    preschool: str = ""
    club: str = ""

    def __post_init__(self) -> None:
        for one in (self.daycare, self.preschool, self.club):
            if not CLASS.fullmatch(one):
                raise ValueError(f'"{one}" is no task class', "Write up to 20 figures, letters and dots, or nothing.")

    def of(self, kind: ApplicationKind) -> str:
        return {"daycare": self.daycare, "preschool": self.preschool, "club": self.club}[kind.value]


def case_number(number: int, task_class: str, year: int) -> str:
    """57/12.06.01/2026: the running number of the class and the year."""
    return f"{number}/{task_class}/{year}"


def check_units(units: Sequence[int], policy: ApplicationPolicy) -> None:
    """The wanted units, in order of preference: not too many, none twice."""
    if len(units) > policy.most_units:
        raise Refused("application.too_many_units", wanted=len(units), most=policy.most_units)
    if len(set(units)) < len(units):
        raise Refused("application.unit_twice")


def check_hours(begins_at: time, ends_at: time, *, part_day: bool) -> None:
    """Daily hours; part-day care is at most five hours a day (Decree 753/2018, 1 §)."""
    minutes = (ends_at.hour - begins_at.hour) * 60 + ends_at.minute - begins_at.minute
    if minutes <= 0:
        raise Refused("application.hours_end_first", begins=written(begins_at), ends=written(ends_at))
    if part_day and minutes > PART_DAY:
        raise Refused("application.more_than_part_day", begins=written(begins_at), ends=written(ends_at))


def written(at: time) -> str:
    """7.45"""
    return f"{at.hour}.{at.minute:02}"


def check_start(
    start: date,
    *,
    today: date,
    policy: ApplicationPolicy,
    sent_with: date | None = None,
    guardian: bool = True,
) -> None:
    """Whether this first day may be wanted.

    `sent_with` is the day the application was sent with: a guardian may move it later but not earlier, as the
    office has planned by it.  The office may enter any day.
    """
    if not guardian:
        return
    if sent_with is not None and start < sent_with:
        raise Refused("application.start_earlier", start=start, sent_with=sent_with)
    if sent_with is None and start < today:
        raise Refused("application.start_has_passed", start=start, today=today)
    last = today + timedelta(days=policy.earliest_days)
    if start > last:
        raise Refused("application.start_too_far", start=start, last=last)


def due(
    sent_on: date,
    start: date | None,
    urgent_proof_on: date | None = None,
    *,
    policy: ApplicationPolicy,
    transfer: bool = False,
    kind: ApplicationKind = ApplicationKind.DAYCARE,
) -> date | None:
    """The last day to give a place (17 §).

    Four months from the day the application came; not before the wanted start where the city reckons so.
    When work or studies begin unexpectedly, two weeks from the day the proof was accepted or the application
    came, whichever is later; until there is accepted proof the four months run.  None for a child who already
    has a place and wants another: the law sets no day for that.  Pre-primary education has a day of the city's
    choice.
    """
    if transfer:
        return None
    if kind is ApplicationKind.PRESCHOOL and policy.preschool_due is not PreschoolDue.MONTHS:
        return sent_on if policy.preschool_due is PreschoolDue.SENT or start is None else max(sent_on, start)
    ordinary = add_months(sent_on, policy.due_months)
    if policy.due_at_start and start is not None:
        ordinary = max(ordinary, start)
    if urgent_proof_on is None:
        return ordinary
    return min(ordinary, max(sent_on, urgent_proof_on) + timedelta(days=policy.urgent_days))


def short_notice(sent_on: date, start: date, policy: ApplicationPolicy) -> bool:
    """Whether the family asks for less than the four months, so that the wanted start cannot be promised."""
    return start < add_months(sent_on, policy.due_months)


def overdue(status: ApplicationStatus, due: date | None, today: date) -> bool:
    """Whether the office has let the day pass.  Once the guardian has been answered the clock stands."""
    return due is not None and due < today and status in ON_THE_DESK


def urgency(due: date | None, today: date) -> int | None:
    """Days that are left, below zero when the day has passed; None without a due date."""
    return None if due is None else (due - today).days


def after_answers(*, accepted: int, waiting: int) -> str | None:
    """The verb that ends the application once its decisions are answered; None while one is waiting.

    A child who took at least one of the places has a place.
    """
    if waiting:
        return None
    return "accept" if accepted else "reject"

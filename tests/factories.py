"""Rows for tests.  A factory fills in what the test does not speak of."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from hashlib import sha256
from itertools import count
from typing import Any, TypeVar

from evaka.actions.user import HASHER
from evaka.models.application import Application, Preference
from evaka.models.assistance import (
    AssistanceAction,
    AssistanceFactor,
    DaycareAssistance,
    OtherMeasure,
    PreschoolAssistance,
    VoucherCoefficient,
)
from evaka.models.attendance import Absence, AbsenceApplication
from evaka.models.backup_care import BackupCare
from evaka.models.base import HELSINKI, Model, db
from evaka.models.booking import ServiceTimes
from evaka.models.calendar import Closure
from evaka.models.calendar.event import DiscussionTime, Event
from evaka.models.calendar.holiday_period import HolidayPeriod, Questionnaire
from evaka.models.city import CityTable
from evaka.models.decision import Decision
from evaka.models.income import Income
from evaka.models.income.statement import IncomeStatement
from evaka.models.ledger import Batch
from evaka.models.message import Box, Message, Post, Receipt, Thread, ThreadChild, ThreadMember
from evaka.models.person import (
    FamilyConflict,
    FamilyContact,
    FosterParent,
    Guardian,
    HeadOfChild,
    Partner,
    Person,
    Pickup,
)
from evaka.models.placement import GroupPlacement, Placement, PlacementPlan, ServiceNeedPeriod
from evaka.models.presence import Device, Presence
from evaka.models.staff import Shift, StaffMember, StaffPresence
from evaka.models.suggestion import SuggestedPlace, Suggestion
from evaka.models.unit import Area, Caretakers, Group, Unit
from evaka.models.user import Grant, User
from evaka.rules.application import ApplicationKind, ApplicationStatus, Origin
from evaka.rules.assistance import MeasureKind
from evaka.rules.attendance import AbsenceCategory, AbsenceKind, Reporter
from evaka.rules.booking import Pattern, Span, TimesKind
from evaka.rules.calendar import MONDAY_TO_FRIDAY
from evaka.rules.calendar.event import EventKind
from evaka.rules.calendar.holiday_period import QuestionnaireKind
from evaka.rules.city import TableStatus
from evaka.rules.decision import DecisionStatus
from evaka.rules.income.statement import StatementKind, StatementStatus
from evaka.rules.ledger import Channel
from evaka.rules.message.post import BoxKind
from evaka.rules.person.family import ConflictKind
from evaka.rules.placement import PRESCHOOL_TYPES, CareType, PlanStatus
from evaka.rules.suggestion import SuggestionStatus
from evaka.rules.unit import Feature, Provider, Week

M = TypeVar("M", bound=Model)
number = count(1)
NOON = datetime(2026, 6, 1, 12, tzinfo=HELSINKI)


def save(row: M) -> M:
    db.session.add(row)
    db.session.flush()
    return row


def area(name: str | None = None, **fields: Any) -> Area:
    return save(Area(name=name or f"Alue {next(number)}", **fields))


def unit(name: str | None = None, **fields: Any) -> Unit:
    """A municipal day-care centre, open from 6.30 to 17 from Monday to Friday since 2020, all features in use.

    `weekdays` opens it on other days; `shift_care=True` gives shift care from 5 to 22 on the same.
    """
    opening = fields.pop("opening", None) or Week.of(time(6, 30), time(17), fields.pop("weekdays", MONDAY_TO_FRIDAY))
    if fields.pop("shift_care", False):
        fields["shift_opening"] = Week.of(time(5), time(22), opening.weekdays)
    if any(one in PRESCHOOL_TYPES for one in fields.get("care_types", ())):
        fields = {"preschool_start": time(9), "preschool_end": time(13)} | fields
    defaults = {
        "name": name or f"Päiväkoti {next(number)}", "area": fields.get("area") or area(),
        "provider": Provider.MUNICIPAL, "care_types": ["daycare", "daycare_part_time"], "opening": opening,
        "features": list(Feature),
        "start": date(2020, 1, 1), "end": None, "capacity": 60, "street": "Päiväkodintie 1", "postal_code": "00901",
        "post_office": "Harjula",
    }
    return save(Unit(**(defaults | fields)))


def voucher_unit(name: str | None = None, **fields: Any) -> Unit:
    """A private day-care centre that is paid with service vouchers and bills families itself."""
    return unit(name, **({"provider": Provider.PRIVATE_SERVICE_VOUCHER, "invoiced": False} | fields))


def group(unit: Unit, name: str = "Siilit", adults: str = "3", **fields: Any) -> Group:
    """A group with three adults since 2020."""
    row = save(Group(unit=unit, name=name, **({"start": date(2020, 1, 1), "end": None} | fields)))
    save(Caretakers(group=row, amount=Decimal(adults), start=row.start, end=row.end))
    return row


def person(born: date = date(1990, 1, 1), **fields: Any) -> Person:
    n = next(number)
    defaults = {
        "first_name": f"First{n}", "last_name": f"Last{n}", "email": f"p{n}@example.fi", "phone": "040 555 0100",
        "street": f"Koivukatu {n}", "postal_code": "00901", "post_office": "Harjula",
    }
    return save(Person(born=born, **(defaults | fields)))


def child(guardian: Person | None = None, born: date = date(2022, 5, 1), **fields: Any) -> Person:
    """A child of four, with one guardian in whose household it lives."""
    row = person(born, **fields)
    guardian = guardian or person()
    save(Guardian(child_id=row.id, guardian_id=guardian.id))
    save(HeadOfChild(child_id=row.id, head_id=guardian.id, start=born, end=None))
    return row


def guardian_of(child: Person, **fields: Any) -> Person:
    """One more guardian, who lives elsewhere."""
    row = person(**fields)
    save(Guardian(child_id=child.id, guardian_id=row.id))
    return row


def foster_parent(
    child: Person, parent: Person | None = None, start: date = date(2026, 1, 1), end: date | None = None
) -> FosterParent:
    """Somebody in whose home the child is placed since the beginning of 2026."""
    return save(FosterParent(child_id=child.id, parent_id=(parent or person()).id, start=start, end=end))


def contact(child: Person, relative: Person, place: int = 1) -> FamilyContact:
    """Whom the unit calls first."""
    return save(FamilyContact(child_id=child.id, person_id=relative.id, place=place))


def pickup(child: Person, **fields: Any) -> Pickup:
    """A neighbour who may fetch the child."""
    defaults = {"name": f"Naapuri {next(number)}", "phone": "040 555 0199", "relation": "naapuri"}
    return save(Pickup(child_id=child.id, **(defaults | fields)))


def conflict(about: Person, kind: ConflictKind = ConflictKind.NO_HEAD, **fields: Any) -> FamilyConflict:
    """A child without a head, found in May."""
    return save(FamilyConflict(person_id=about.id, kind=kind, **({"found": date(2026, 5, 25)} | fields)))


def placement(child: Person, start: date, end: date | None = None, **fields: Any) -> Placement:
    """A full-day place in a unit of its own."""
    need = fields.pop("service_need", "full_day")
    defaults = {"unit": fields.get("unit") or unit(), "care_type": CareType.DAYCARE}
    row = save(Placement(child=child, start=start, end=end, **(defaults | fields)))
    save(ServiceNeedPeriod(placement=row, option=need, start=start, end=end))
    return row


def in_group(placement: Placement, group: Group, start: date | None = None) -> GroupPlacement:
    return save(GroupPlacement(placement=placement, group=group, start=start or placement.start, end=placement.end))


def application(child: Person | None = None, units: list[Unit] | None = None, **fields: Any) -> Application:
    """A paper application for a full day from 10.8.2026, received and taken to the desk."""
    child = child or _child()
    units = units or [unit()]
    defaults = {
        "child": child, "guardian": child.guardians[0], "kind": ApplicationKind.DAYCARE, "origin": Origin.PAPER,
        "status": ApplicationStatus.WAITING_PLACEMENT, "received": date(2026, 4, 1), "start": date(2026, 8, 10),
        "due": date(2026, 8, 10), "service_need": "full_day", "checked": True,
    }
    row = save(Application(**(defaults | fields)))
    for place, one in enumerate(units, start=1):
        save(Preference(application=row, place=place, unit=one))
    return row


_child = child


def plan(application: Application, **fields: Any) -> PlacementPlan:
    """A plan for the first wish, with the draft of its decision."""
    defaults = {
        "application": application, "unit": application.preferences[0].unit, "care_type": CareType.DAYCARE,
        "service_need": application.service_need, "start": application.start, "end": date(2028, 7, 31),
        "status": PlanStatus.DRAFT,
    }
    return save(PlacementPlan(**(defaults | fields)))


def decision(child: Person | None = None, **fields: Any) -> Decision:
    """A sent decision that gives a child a full-day place from 10.8.2026 on."""
    status = fields.get("status", DecisionStatus.SENT)
    asked = fields.pop("application", None) or application(child, status=ApplicationStatus.WAITING_GUARDIAN)
    defaults = {
        "number": next(number) if status is not DecisionStatus.DRAFT else None, "application": asked,
        "child": asked.child,
        "unit": asked.preferences[0].unit, "care_type": CareType.DAYCARE, "service_need": "full_day",
        "start": date(2026, 8, 10), "end": date(2028, 7, 31), "status": status, "answer_due": date(2026, 6, 18),
    }
    return save(Decision(**(defaults | fields)))


def user(
    role: str, unit: Unit | None = None, group: Group | None = None, person: Person | None = None, **fields: Any
) -> User:
    """Somebody with one role since 2020, whose password is not the first one any more."""
    n = next(number)
    defaults = {"name": f"{role} {n}", "email": f"{role}{n}@harjula.example", "must_change_password": False}
    row = save(User(person_id=person and person.id, **(defaults | fields)))
    save(Grant(
        user=row, role=role, unit_id=unit and unit.id, group_id=group and group.id, start=date(2020, 1, 1), end=None))
    return row


def partner(first: Person, second: Person, start: date = date(2020, 1, 1), end: date | None = None) -> Partner:
    """Two people who have lived together since 2020."""
    return save(Partner(first_id=first.id, second_id=second.id, start=start, end=end))


def statement(person: Person, **fields: Any) -> IncomeStatement:
    """The statement that somebody has sent from the summer of 2026 on: the highest fee is accepted."""
    defaults = {"person_id": person.id, "kind": StatementKind.HIGHEST_FEE, "status": StatementStatus.SENT,
                "start": date(2026, 6, 1), "answers": {}, "sent_at": datetime(2026, 5, 20, 12, tzinfo=HELSINKI)}
    return save(IncomeStatement(**(defaults | fields)))


def income(person: Person, month: int = 5000_00, start: date = date(2024, 1, 1), end: date | None = None) -> Income:
    """A wage of 5 000 euros a month, in cents."""
    line = {
        "kind": "main_income", "amount": month, "period": "monthly_no_holiday_bonus", "multiplier": "1",
        "expense": False,
    }
    return save(Income(person_id=person.id, lines=[line], total=month, start=start, end=end))


def absence(child: Person, day: date, kind: AbsenceKind = AbsenceKind.SICK) -> Absence:
    """A day away from paid care, noted by the staff."""
    return save(Absence(
        child_id=child.id, day=day, kind=kind, category=AbsenceCategory.BILLABLE, reported_by=Reporter.STAFF))


def backup_care(child: Person, unit: Unit, start: date, end: date, group: Group | None = None) -> BackupCare:
    """Care in another unit for a time."""
    return save(BackupCare(child=child, unit=unit, group=group, start=start, end=end))


def city_table(file: str = "placements", table: str = "plan", content: str = "", **fields: Any) -> CityTable:
    """A draft of a table, to hold from June 2026 on: as it stands, a pre-primary place ends a day earlier."""
    defaults = {
        "content": content or "[plan]\nlast_month = 7\nlast_day = 30\n", "start": date(2026, 6, 1),
        "reason": "Kokeilu", "status": TableStatus.DRAFT,
    }
    return save(CityTable(file=file, table=table, **(defaults | fields)))


def ledger_batch(content: bytes = b"1;Aino\r\n", **fields: Any) -> Batch:
    """A file that was given to the ledger at noon of the first of June."""
    n = next(number)
    defaults = {
        "number": n, "channel": Channel.LEDGER, "made_at": NOON, "count": 1, "total": 100_00, "name": f"laskut-{n}.csv",
        "mimetype": "text/csv", "digest": sha256(content).hexdigest(),
    }
    return save(Batch(content=content, **(defaults | fields)))


def service_times(child: Person, start: date = date(2026, 1, 1), end: date | None = None) -> ServiceTimes:
    """From eight to four, Monday to Friday."""
    week = Pattern.of([Span(time(8), time(16))], MONDAY_TO_FRIDAY)
    return save(ServiceTimes(child_id=child.id, start=start, end=end, kind=TimesKind.REGULAR, week=week))


def talk(unit: Unit, day: date = date(2026, 6, 10)) -> DiscussionTime:
    """A time for a talk at one o'clock, with the event that it belongs to."""
    event = save(Event(unit_id=unit.id, start=day, end=day, title="Keskustelut", kind=EventKind.DISCUSSION,
                       made_at=NOON))
    return save(DiscussionTime(event_id=event.id, day=day, begins=time(13), ends=time(14)))


def holiday_period(start: date = date(2026, 7, 6), end: date = date(2026, 7, 19)) -> HolidayPeriod:
    """Two weeks of July for which families have answered in May."""
    return save(HolidayPeriod(start=start, end=end, opens=date(2026, 5, 1), closes=date(2026, 5, 31), made_at=NOON))


def questionnaire(**fields: Any) -> Questionnaire:
    """A question about the summer that is open in May and June."""
    defaults = {"kind": QuestionnaireKind.FIXED, "start": date(2026, 5, 1), "end": date(2026, 6, 30),
                "title_fi": "Kesä"}
    return save(Questionnaire(**(defaults | fields)))


def leave(child: Person, first: date = date(2026, 8, 17), last: date = date(2026, 8, 21)) -> AbsenceApplication:
    """A guardian has asked for a week away."""
    return save(AbsenceApplication(child_id=child.id, start=first, end=last, reason="Matka",
                                   person_id=child.guardians[0].id, made_at=NOON))


def closure(unit: Unit | None, start: date, end: date | None = None, reason: str = "Korjaus") -> Closure:
    """A day on which a unit, or with None the whole city, is closed."""
    return save(Closure(unit=unit, start=start, end=end or start, reason=reason))


SUPPORTED = date(2026, 1, 1)


def factor(child: Person, coefficient: str = "2", start: date = SUPPORTED, end: date | None = None) -> AssistanceFactor:
    """A child counts for two since the beginning of 2026."""
    return save(AssistanceFactor(child_id=child.id, coefficient=Decimal(coefficient), start=start, end=end))


def daycare_support(
    child: Person, level: str = "intensified_support", start: date = SUPPORTED, end: date | None = None
) -> DaycareAssistance:
    return save(DaycareAssistance(child_id=child.id, level=level, start=start, end=end))


def preschool_support(
    child: Person, level: str = "child_support", start: date = SUPPORTED, end: date | None = None
) -> PreschoolAssistance:
    return save(PreschoolAssistance(child_id=child.id, level=level, start=start, end=end))


def measure(
    child: Person, kind: MeasureKind = MeasureKind.TRANSPORT_BENEFIT, start: date = SUPPORTED, end: date | None = None
) -> OtherMeasure:
    return save(OtherMeasure(child_id=child.id, kind=kind, start=start, end=end))


def support_action(
    child: Person, options: tuple[str, ...] = ("assistant",), other: str = "", start: date = SUPPORTED,
    end: date | None = None,
) -> AssistanceAction:
    return save(AssistanceAction(child_id=child.id, options=list(options), other=other, start=start, end=end))


def voucher_coefficient(
    child: Person, coefficient: str = "1.5", start: date = SUPPORTED, end: date = date(2026, 12, 31)
) -> VoucherCoefficient:
    """A half more than others for the year 2026."""
    return save(VoucherCoefficient(child_id=child.id, coefficient=Decimal(coefficient), start=start, end=end))


# -- tablets, presence, adults -------------------------------------------------------------------------------


def device(unit: Unit, group: Group | None = None, **fields: Any) -> Device:
    """A tablet that has been paired; its token is "token" and its number."""
    n = next(number)
    user = save(User(name=f"Tabletti {n}", email=f"{n}@device", device=True, must_change_password=False))
    save(Grant(user=user, role="tablet", unit_id=unit.id, start=date(2020, 1, 1), end=None))
    defaults = {"name": f"Tabletti {n}", "digest": sha256(f"token-{n}".encode()).hexdigest(), "paired": NOON,
                "seen": NOON}
    row = save(Device(unit=unit, group=group, user=user, **(defaults | fields)))
    row.token = f"token-{n}"  # type: ignore[attr-defined]  # what the tablet keeps
    return row


def presence(
    child: Person, unit: Unit, day: date = date(2026, 6, 1), arrived: time = time(8), left: time | None = None,
    **fields: Any
) -> Presence:
    """A child has come at eight and is still there."""
    return save(Presence(child_id=child.id, unit_id=unit.id, day=day, arrived=arrived, left=left, **fields))


def member(user: User, pin: str = "2580", **fields: Any) -> StaffMember:
    """Somebody of the staff with the PIN 2580."""
    return save(StaffMember(user_id=user.id, pin=HASHER.hash(pin), **({"coefficient": Decimal(7)} | fields)))


def shift(user: User, unit: Unit, start: datetime, finish: datetime, **fields: Any) -> Shift:
    return save(Shift(user_id=user.id, unit_id=unit.id, start=start, finish=finish, **fields))


def at_work(user: User | None, group: Group, arrived: datetime, left: datetime | None = None, **fields: Any
            ) -> StaffPresence:
    """Somebody with a group since a moment, who counts wholly."""
    defaults = {"coefficient": Decimal(7), "unit_id": group.unit_id, "group_id": group.id}
    return save(StaffPresence(user_id=user and user.id, arrived=arrived, left=left, **(defaults | fields)))
def box(group: Group | None = None, user: User | None = None, kind: BoxKind | None = None) -> Box:
    """The box of a group, unless somebody's or a kind of the city's is told; the one there is, else a new one."""
    kind = kind or (BoxKind.PERSONAL if user else BoxKind.GROUP)
    found = db.session.query(Box).filter_by(kind=kind, group_id=group and group.id, user_id=user and user.id).first()
    return found or save(Box(kind=kind, group_id=group and group.id, user_id=user and user.id))


def thread(
    of: Box, people: list[Person], children: list[Person] | None = None, body: str = "Metsään.",
    writer: Person | None = None, at: datetime = NOON, unread: bool = True, **fields: Any,
) -> Thread:
    """A conversation titled Retki with one message, by the box unless a guardian wrote it, unread by the others."""
    read_at = None if unread else at
    post = save(Post(
        title="Retki", body=body, at=at, box_id=None if writer else of.id, person_id=writer and writer.id))
    made = save(Thread(**({"title": "Retki", "box_id": of.id, "post_id": post.id, "last_at": at} | fields)))
    message = save(Message(thread_id=made.id, post_id=post.id, at=at))
    save(ThreadMember(thread_id=made.id, box_id=of.id, last_at=at, received_at=at if writer else None))
    for one in people:
        save(ThreadMember(thread_id=made.id, person_id=one.id, last_at=at))
        if one is not writer:
            save(Receipt(message_id=message.id, person_id=one.id, read_at=read_at))
    if writer:
        save(Receipt(message_id=message.id, box_id=of.id, read_at=read_at))
    for one in children or ():
        save(ThreadChild(thread_id=made.id, child_id=one.id))
    return made


# -- suggestions ----------------------------------------------------------------------------------------------


def suggestion(application: Application, **fields: Any) -> Suggestion:
    """A suggestion that has been reckoned, with the application's first wish as its place."""
    row = save(Suggestion(name="Syksy", status=SuggestionStatus.READY, made_at=NOON, **fields))
    save(SuggestedPlace(suggestion_id=row.id, application_id=application.id, unit_id=application.units[0].id,
                        start=date(2026, 8, 1), end=date(2027, 7, 31)))
    return row

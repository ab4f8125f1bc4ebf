"""A day in a unit through the database: people and places in, what families, units, tablets and jobs do, rows out.

A case has `units`, `children`, `places`, `users` and `steps`.  A step says at what moment (`at`) who (`by`; nobody: the
nightly jobs) does what (`do`, a verb of VERBS), and what is expected then: `refused` (the key of the sentence),
`skipped`, `booked`, `away`, `mails` since the step before, and what else the verb tells.  A guardian is a user too.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from evaka import city
from evaka.access import Actor
from evaka.actions import attendance
from evaka.actions import booking as act
from evaka.actions.booking import times as agreed
from evaka.kit.errors import Refused
from evaka.models.attendance import Absence
from evaka.models.base import HELSINKI, db
from evaka.models.booking import Booking
from evaka.models.guard import broken_rule
from evaka.models.journal import Email
from evaka.models.placement import Placement, ServiceNeedPeriod
from evaka.rules.attendance import AbsenceKind
from evaka.rules.booking import BookingPolicy, Span, day_of, window
from evaka.rules.booking.day import Ask, Asked
from evaka.rules.placement import CareType, ShiftCare
from evaka.rules.unit import Hours, Week
from tests import factories
from tests.conformance import Case, Difference, compare, stored
from tests.conformance.database.engines import CITY
from tests.conformance.values import day, period, written

WORKDAYS = range(1, 6)
ASKS = {"present": Ask.PRESENT, "after_all": Ask.AFTER_ALL, "nothing": Ask.NOTHING}


def clock(text: str) -> time:
    hour, _, minute = text.partition(":")
    return time(int(hour), int(minute or 0))


def hours(text: str) -> Hours:
    begins, _, ends = text.partition("-")
    return Hours(clock(begins), clock(ends))


def asked(text: str) -> Asked:
    """What is asked for a day: 8-16, 8-12 13-15, present, nothing, after_all, or a kind of absence (other: away)."""
    if text in ASKS:
        return Asked(ASKS[text])
    if text in tuple(AbsenceKind):
        return Asked(Ask.AWAY, kind=AbsenceKind(text))
    return Asked(Ask.TIMES, day_of(Span(one.start, one.end) for one in map(hours, text.split())))


class Unit:
    """The rows of one case, by their names in it."""

    def __init__(self, case: Case) -> None:
        self.units, self.groups = {}, {}
        self.children: dict[str, Any] = {}
        self.places: list[Placement] = []
        self.users: dict[str, Any] = {}
        self.kept: dict[str, Any] = {}  # what a verb has made and a later one takes up
        self.mails = 0
        for name, given in case.get("units", {"U": {}}).items():
            self.units[name] = _unit(given)
            for group in given.get("groups", ()):
                self.groups[group] = factories.group(self.units[name], group)
        for name, given in case.get("children", {}).items():
            self._child(name, given)
        for place in case.get("places", ()):
            self._place(place)
        for name, given in case.get("users", {}).items():
            self._user(name, given)

    def _child(self, name: str, given: Case) -> None:
        first, *others = given.get("adults", ["g1"])
        known = self.users.get(first)
        child = factories.child(known.person if known else None, day(given.get("dob", "2022-05-01")))
        self.children[name] = child
        for _ in others:
            factories.guardian_of(child)
        db.session.expire(child)
        for adult, person in zip([first, *others], child.guardians, strict=True):
            if adult in given.get("unreachable", ()):
                person.email = ""
            if adult not in self.users:
                self.users[adult] = factories.user("guardian", person=person)

    def _place(self, given: Case) -> None:
        span = period(given)
        place = factories.placement(
            self.children[given["child"]], span.start, span.end, unit=self.units[given.get("unit", "U")],
            care_type=CareType(given.get("type", "daycare")), service_need=given.get("option") or "full_day")
        place.needs[0].shift_care = ShiftCare(given.get("shift_care", "none"))
        if given.get("group"):
            factories.in_group(place, self.groups[given["group"]])
        if "option" in given and given["option"] is None:
            db.session.delete(place.needs[0])
            db.session.flush()
            db.session.expire(place)
        self.places.append(place)

    def _user(self, name: str, given: Case) -> None:
        unit, group = self.units.get(given.get("unit", "U")), self.groups.get(given.get("group", ""))
        if given["role"] == "tablet":
            assert unit is not None
            self.kept[name] = factories.device(unit)
            self.users[name] = self.kept[name].user
        else:
            self.users[name] = factories.user(given["role"], None if given["role"] == "admin" else unit, group)
        for shift in given.get("shifts", ()):
            assert unit is not None
            factories.shift(self.users[name], unit, moment(shift["from"]), moment(shift["to"]))

    def child(self, step: Case) -> Any:
        return self.children[step.get("child", "c1")]

    def new_mails(self) -> int:
        every = db.session.scalar(select(func.count(Email.id))) or 0
        before, self.mails = self.mails, every
        return every - before


Verb = Callable[[Unit, Case, Actor], Case]
VERBS: dict[str, Verb] = {}


def verb(name: str) -> Callable[[Verb], Verb]:
    def declare(run: Verb) -> Verb:
        VERBS[name] = run
        return run

    return declare


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HELSINKI)


def _unit(given: Case) -> Any:
    opening = hours(given.get("opening", "6:30-17"))
    fields: dict[str, Any] = {
        "opening": Week.of(opening.start, opening.end, given.get("operation_weekdays", WORKDAYS)),
        "care_types": list(CareType)}
    if "shift_care_weekdays" in given:
        late = hours(given.get("shift_hours", "6:30-17"))
        fields["shift_opening"] = Week.of(late.start, late.end, given["shift_care_weekdays"])
    if "teaching" in given:
        teaching = hours(given["teaching"])
        fields |= {"preschool_start": teaching.start, "preschool_end": teaching.end}
    if "features" in given:
        fields["features"] = given["features"]
    if "until" in given:
        fields["end"] = day(given["until"])
    return factories.unit(**fields)


@stored("day/1", "day")
def unit_day(case: Case, fixtures: Case) -> list[Difference]:
    city.choose(case.get("city", CITY))
    try:
        return _walked(case)
    finally:
        city.choose(CITY)


def _walked(case: Case) -> list[Difference]:
    known, found = Unit(case), []
    db.session.flush()
    db.session.info.pop("changes", None)
    for number, step in enumerate(case["steps"], start=1):
        by = Actor(known.users[step["by"]] if step.get("by") else None, moment(step["at"]))
        told: Case = {}
        try:
            with db.session.begin_nested():
                told = VERBS[step["do"]](known, step, by)
                db.session.flush()
                db.session.info.pop("changes", None)  # what the case arranges has no line in the journal
        except Refused as no:
            told = {"refused": no.key}
        except IntegrityError as no:
            told = {"refused": broken_rule(no)}
        db.session.expire_all()
        child = known.children.get(step.get("child", "c1"))
        shown = {"refused": None, "skipped": {}, "mails": known.new_mails()} | told
        if child is not None:
            shown |= {"booked": booked(child), "away": away(child)}
        found += compare(step.get("expect", {}), shown, f"step {number}")
        for name in ("booked", "away", "skipped"):  # of these nothing else may be there
            if name in step.get("expect", {}):
                found += compare(sorted(step["expect"][name]), sorted(shown[name]), f"step {number}.{name}: days")
    return found


def booked(child: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in db.session.scalars(
            select(Booking).where(Booking.child_id == child.id).order_by(Booking.day, Booking.begins)):
        found.setdefault(row.day.isoformat(), []).append(str(row.span) if row.span else "present")
    return found


def away(child: Any) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for row in db.session.scalars(select(Absence).where(Absence.child_id == child.id).order_by(Absence.day)):
        found.setdefault(row.day.isoformat(), {})[row.category.value] = row.kind.value
    return found


# -- bookings and absences ----------------------------------------------------------------------------------------


@verb("look")
def look(known: Unit, step: Case, by: Actor) -> Case:
    """Nothing is done; what holds is compared."""
    return {"window": written(window(by.now, city.value("bookings", "rules", BookingPolicy)))}


@verb("book")
def book(known: Unit, step: Case, by: Actor) -> Case:
    """By its guardian, or by the unit."""
    deed = act.book if by.user and by.user.person_id else act.enter
    days = {day(on): asked(text) for on, text in step["days"].items()}
    skipped = deed(known.child(step), by, days=days)
    return {"skipped": {on.isoformat(): why for on, why in skipped.items()}}


@verb("absent")
def absent(known: Unit, step: Case, by: Actor) -> Case:
    attendance.absent(known.child(step), by, first=day(step["from"]), last=day(step["to"]),
                      kind=AbsenceKind(step.get("type", "other")))
    return {}


@verb("repeat")
def repeat(known: Unit, step: Case, by: Actor) -> Case:
    return {"count": act.repeat(known.child(step), by, start=day(step["from"]), week=_week(step))}


@verb("agree")
def agree(known: Unit, step: Case, by: Actor) -> Case:
    known.kept["times"] = agreed.agree(known.child(step), by, start=day(step["from"]), week=_week(step))
    return {}


@verb("remove_agreed")
def remove_agreed(known: Unit, step: Case, by: Actor) -> Case:
    agreed.remove_times(known.kept["times"], by)
    return {}


@verb("need")
def need(known: Unit, step: Case, by: Actor) -> Case:
    """What was agreed from a day to a day, in place of what was agreed before."""
    place, span = known.places[0], period(step)
    for row in list(place.needs):
        if row.period & span:
            row.end = date.fromordinal(span.start.toordinal() - 1)
    factories.save(ServiceNeedPeriod(placement_id=place.id, option=step["option"], start=span.start, end=span.end,
                                     shift_care=ShiftCare(step.get("shift_care", "none"))))
    return {}


def _week(step: Case) -> Week:
    return Week(tuple(hours(step["week"][str(n)]) if str(n) in step["week"] else None for n in range(1, 8)))

"""What printed lists are made of: children of groups by day, whom to call, what is eaten, a month of marks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

from sqlalchemy import select

from evaka import city
from evaka.access import Actor
from evaka.actions.attendance import absent, remove
from evaka.actions.forecast import DayOfUnit, days_of
from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Refused
from evaka.models.attendance import Absence
from evaka.models.base import db
from evaka.models.person import FamilyContact, FosterParent, Guardian, Person, Pickup
from evaka.models.presence import Presence
from evaka.models.unit import Unit
from evaka.rules.attendance import AbsenceKind
from evaka.rules.forecast import Source
from evaka.rules.report import Eater, Mark, Meal, mark


def meals() -> Mapping[str, Meal]:
    return city.named("report", Meal)


# -- a month of a group ------------------------------------------------------------------------------------


@dataclass
class MonthOfGroup:
    """By child a mark for each day of care, and the presences of a day; `days` are those on which the unit is open."""

    days: list[date]
    marks: dict[int, dict[date, Mark | AbsenceKind]] = field(default_factory=dict)
    times: dict[tuple[int, date], list[tuple[time, time | None]]] = field(default_factory=dict)


def month_of(unit: Unit, groups: Collection[int | None], period: DateRange, today: date) -> MonthOfGroup:
    """The sheet of a closed period: as many questions for one child as for all."""
    known = days_of([unit], period)
    found = MonthOfGroup(sorted(day for _, day in known))
    care: dict[int, dict[date, AbsenceKind | None]] = defaultdict(dict)
    for (_, day), held in known.items():
        for one in held.children:
            if one.group in groups:
                care[one.child][day] = one.away
    times: dict[tuple[int, date], list[tuple[time, time | None]]] = defaultdict(list)
    for child_id, day, arrived, left in db.session.execute(
        select(Presence.child_id, Presence.day, Presence.arrived, Presence.left)
        .where(Presence.unit_id == unit.id, Presence.child_id.in_(set(care)),
               Presence.day.between(period.start, period.last_day)).order_by(Presence.day, Presence.arrived)):
        times[child_id, day].append((arrived, left))
    found.times = dict(times)
    tapped = {day for _, day in times}  # of a day without any presence nothing is missing: the unit does not tap
    for child, days in care.items():
        found.marks[child] = {
            day: mark(care=day in days, here=(child, day) in times, away=days.get(day),
                      past=day < today and day in tapped)
            for day in found.days}
    return found


def correct(cells: Iterable[tuple[int, date]], kind: AbsenceKind | None, by: Actor) -> int:
    """Mark the days of several children as absences of a kind, or (None) take their absences away.

    Days in a row are one absence; the rules and the rights are those of a single one.  Answers how many days.
    """
    chosen: dict[int, list[date]] = defaultdict(list)
    for child, day in sorted(set(cells)):
        chosen[child].append(day)
    if not chosen:
        raise Refused("report.nothing_chosen")
    children = {row.id: row for row in db.session.scalars(select(Person).where(Person.id.in_(chosen)))}
    if len(children) < len(chosen):
        raise Refused("report.nothing_chosen")
    for id, days in chosen.items():
        if kind is not None:
            for run in _runs(days):
                absent(children[id], by, first=run.start, last=run.last_day, kind=kind)
            continue
        rows = db.session.scalars(select(Absence).where(Absence.child_id == id, Absence.day.in_(days))).all()
        for row in {row.day: row for row in rows}.values():  # the action takes both parts of a day
            remove(row, by)
    return sum(len(days) for days in chosen.values())


def _runs(days: list[date]) -> list[DateRange]:
    """Days in order as spans of neighbouring days."""
    runs: list[DateRange] = []
    for day in days:
        if runs and runs[-1].last_day + DAY == day:
            runs[-1] = DateRange(runs[-1].start, day)
        else:
            runs.append(DateRange(day, day))
    return runs


# -- whom to call ------------------------------------------------------------------------------------------


@dataclass
class Contacts:
    """Of a child: whom to call, in order (guardian, foster or contact), and who else may fetch it."""

    calls: list[tuple[Person, str]] = field(default_factory=list)
    pickups: list[Any] = field(default_factory=list)


def contacts_of(children: Collection[int], day: date) -> dict[int, Contacts]:
    """For many children at once: guardians, foster parents and those whom the unit has chosen; five questions."""
    ties: dict[str, dict[int, list[int]]] = {name: defaultdict(list) for name in ("guardian", "foster", "chosen")}
    blocked: dict[int, set[int]] = defaultdict(set)
    for child, guardian, is_blocked in db.session.execute(
        select(Guardian.child_id, Guardian.guardian_id, Guardian.blocked).where(Guardian.child_id.in_(children))):
        if is_blocked:
            blocked[child].add(guardian)
        else:
            ties["guardian"][child].append(guardian)
    for child, parent in db.session.execute(
        select(FosterParent.child_id, FosterParent.parent_id)
        .where(FosterParent.child_id.in_(children), FosterParent.on(day))):
        ties["foster"][child].append(parent)
    for child, person in db.session.execute(
        select(FamilyContact.child_id, FamilyContact.person_id)
        .where(FamilyContact.child_id.in_(children)).order_by(FamilyContact.place)):
        ties["chosen"][child].append(person)
    ids = {one for tie in ties.values() for people in tie.values() for one in people}
    people = {row.id: row for row in db.session.scalars(
        select(Person).where(Person.id.in_(ids), Person.deceased.is_(None)))}
    found = {child: Contacts() for child in children}
    for child, held in found.items():
        first = [one for one in ties["chosen"][child] if one not in blocked[child]]
        usual = [*sorted(ties["guardian"][child]), *sorted(ties["foster"][child])]
        held.calls = [
            (people[id], "guardian" if id in ties["guardian"][child] else
             "foster" if id in ties["foster"][child] else "contact")
            for id in dict.fromkeys([*first, *usual]) if id in people]
    for row in db.session.scalars(
        select(Pickup).where(Pickup.child_id.in_(children), Pickup.still(day)).order_by(Pickup.id)
    ):
        found[row.child_id].pickups.append(row)
    return found


# -- what is eaten -----------------------------------------------------------------------------------------


def eaters_of(known: DayOfUnit, groups: Collection[int | None], diets: Mapping[int, str]) -> list[Eater]:
    """The children of groups who come on a day, with what somebody has said of their food."""
    return [
        Eater(one.child, one.spans, one.source is not Source.ASSUMED, diets.get(one.child, ""))
        for one in known.come if one.group in groups]

"""The lists as values: what stands on them, the same for the page, the paper and the file."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from markupsafe import Markup
from sqlalchemy import select

from evaka.access import Actor, permitted, within
from evaka.actions.forecast import DayOfUnit, Expected, days_of
from evaka.actions.report import Contacts, contacts_of, eaters_of, meals
from evaka.kit.dates import DAY, DateRange
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.unit import Group, Unit
from evaka.rules.booking.span import clock_at
from evaka.rules.forecast import Source
from evaka.rules.report import ListKind, plates
from evaka.views.forecast import weekday
from evaka.views.page import aged, clock, language, told, word_of, written


@dataclass(frozen=True)
class Part:
    """A table with its heading: a page of the paper.  `widths` are shares; `notes` stand below it."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    numeric: frozenset[int] = frozenset()
    total: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listing:
    kind: ListKind
    title: str
    subtitle: str
    parts: tuple[Part, ...]
    lying: bool = False


def children_of(by: Actor, ids: Collection[int]) -> dict[int, Person]:
    """Those whom the reader may see, in the order of their names."""
    rows = db.session.scalars(
        select(Person).where(Person.id.in_(ids), within(by, "person.view", Person)).order_by(Person.sort_key))
    return {row.id: row for row in rows}


def listing(kind: ListKind, by: Actor, unit: Unit, groups: list[Group], day: date, *, loose: bool) -> Listing:
    """A list of some groups of a unit; `loose`: children without a group too."""
    named: list[tuple[int | None, str]] = [(group.id, group.name) for group in groups]
    if loose:
        named.append((None, told("placement.without_group")))
    made = {ListKind.DAY: _day, ListKind.WEEK: _week, ListKind.CONTACTS: _contacts, ListKind.MEALS: _meals}[kind]
    return made(by, unit, named, day)


def _known(unit: Unit, day: date) -> DayOfUnit:
    return days_of([unit], DateRange(day, day)).get((unit.id, day)) or DayOfUnit(unit.id, day, None)


def times_of(one: Expected) -> str:
    """8.00–16.00, or that nobody has said."""
    if not one.spans:
        return told("report.free")
    said = ", ".join(f"{clock(clock_at(start))}–{clock(clock_at(end))}" for start, end in one.spans)
    return f"({said})" if one.source is Source.ASSUMED else said


def _of_group(known: DayOfUnit, group: int | None, people: dict[int, Person]) -> list[Expected]:
    order = list(people)
    return sorted((one for one in known.children if one.group == group and one.child in people),
                  key=lambda one: order.index(one.child))


def _name(person: Person, one: Expected) -> str:
    name = f"{person.last_name} {person.call_name}"
    return f"{name} ({told('report.guest')})" if one.guest else name


def _day(by: Actor, unit: Unit, named: list[tuple[int | None, str]], day: date) -> Listing:
    known = _known(unit, day)
    people = children_of(by, {one.child for one in known.children})
    parts = []
    for group, name in named:
        rows = _of_group(known, group, people)
        if not rows:
            continue
        come = sum(1 for one in rows if one.comes)
        parts.append(Part(
            told("report.group", group=name, children=come),
            tuple(told(f"report.{one}") for one in ("child", "times", "came", "went", "remark")),
            tuple((_name(people[one.child], one), "" if one.away else times_of(one), "", "",
                   word_of(one.away) if one.away else "") for one in rows),
            (3, 1.6, 1, 1, 2.2), notes=_assumed(rows)))
    return Listing(ListKind.DAY, word_of(ListKind.DAY), f"{unit}, {weekday(day)}", tuple(parts))


def _assumed(rows: list[Expected]) -> tuple[str, ...]:
    return (told("report.assumed"),) if any(one.source is Source.ASSUMED and one.comes for one in rows) else ()


def _week(by: Actor, unit: Unit, named: list[tuple[int | None, str]], day: date) -> Listing:
    monday = day - (day.isoweekday() - 1) * DAY
    period = DateRange(monday, monday + 6 * DAY)
    known = days_of([unit], period)
    days = sorted(one for _, one in known)
    people = children_of(by, {one.child for held in known.values() for one in held.children})
    parts = []
    for group, name in named:
        of_child: dict[int, dict[date, Expected]] = {}
        for held in known.values():
            for one in _of_group(held, group, people):
                of_child.setdefault(one.child, {})[held.day] = one
        rows = [
            (f"{people[id].last_name} {people[id].call_name}", *(
                _cell(of_child[id].get(one)) for one in days)) for id in people if id in of_child]
        counts = tuple(str(sum(1 for row in of_child.values() if one in row and row[one].comes)) for one in days)
        if rows:
            heads = tuple(f"{told(f'weekday.{one.isoweekday()}')} {one.day}.{one.month}." for one in days)
            parts.append(Part(
                told("report.group_of", group=name), (told("report.child"), *heads), tuple(rows),
                (2.2, *(1.5 for _ in days)), total=(told("report.come"), *counts),
                notes=_assumed([one for row in of_child.values() for one in row.values()])))
    week = told("report.week", number=monday.isocalendar().week, period=period)
    return Listing(ListKind.WEEK, word_of(ListKind.WEEK), f"{unit}, {week}", tuple(parts), lying=True)


def _cell(one: Expected | None) -> str:
    if one is None:
        return "–"
    return word_of(one.away) if one.away else times_of(one)


def _contacts(by: Actor, unit: Unit, named: list[tuple[int | None, str]], day: date) -> Listing:
    known = _known(unit, day)
    people = children_of(by, {one.child for one in known.children})
    contacts = contacts_of(list(people), day)
    health = permitted(by, "person.health", Person, set(people))
    parts = []
    for group, name in named:
        rows = [_contact(people[one.child], one, contacts[one.child], one.child in health, day)
                for one in _of_group(known, group, people)]
        if rows:
            head = ("child", "born", "calls", "pickups", "health") if health else ("child", "born", "calls", "pickups")
            parts.append(Part(
                told("report.group_of", group=name), tuple(told(f"report.{one}") for one in head),
                tuple(row[:len(head)] for row in rows), (2, 1, 3.4, 2, 2)[:len(head)]))
    return Listing(ListKind.CONTACTS, word_of(ListKind.CONTACTS), f"{unit}, {written(day)}", tuple(parts), lying=True)


def _contact(person: Person, one: Expected, held: Contacts, health: bool, day: date) -> tuple[str, ...]:
    calls = "\n".join(
        f"{place}. {relative.first_name} {relative.last_name}, {told(f'report.role.{role}')}: {_phones(relative, day)}"
        for place, (relative, role) in enumerate(held.calls, start=1))
    pickups = "\n".join(f"{other.name}, {other.phone}" for other in held.pickups)
    facts = [f"{told(f'person.{name}')}: {text}" for name in ("allergies", "medication", "diet")
             if health and (text := getattr(person, name))]
    return (_name(person, one), f"{written(person.born)}\n{aged(person.born, day)}", calls or "–", pickups or "–",
            "\n".join(facts) or "–")


def _phones(person: Person, day: date) -> str:
    """What is protected does not hang on a wall."""
    if person.restricted_on(day):
        return told("report.restricted")
    return ", ".join(filter(None, (person.phone, person.backup_phone))) or "–"


def _meals(by: Actor, unit: Unit, named: list[tuple[int | None, str]], day: date) -> Listing:
    """How many eat, meal by meal; who eats something else is named, since the kitchen must know whose plate it is."""
    known = _known(unit, day)
    people = children_of(by, {one.child for one in known.children})
    health = permitted(by, "person.health", Person, set(people))
    diets = {id: person.diet.strip() for id, person in people.items() if id in health and person.diet}
    groups = dict(named)
    counted = plates(eaters_of(known, groups.keys(), diets), meals().values())
    special = sorted({diet for one in counted for diet, _ in one.diets})
    shown = [one for one in counted if one.count]
    parts = [Part(
        told("report.meals"), (told("report.meal"), told("report.meal_at"), told("report.eat"), told("report.ordinary"),
                               *special),
        tuple((one.meal.name.get(language(), one.meal.key), f"{clock(one.meal.start)}–{clock(one.meal.end)}",
               str(one.count), str(one.ordinary), *(str(dict(one.diets).get(diet, "")) for diet in special))
              for one in shown),
        (2, 1.5, 1, 1.2, *(1.5 for _ in special)), frozenset(range(2, 4 + len(special))),
        notes=(told("report.meals_note"),))] if shown else []
    with_diet = [(people[one.child], one) for group, _ in named for one in _of_group(known, group, people)
                 if one.comes and one.child in health
                 and (people[one.child].diet or people[one.child].allergies)]
    if with_diet:
        parts.append(Part(
            told("report.special"), tuple(told(f"report.{one}") for one in (
                "child", "group_name", "times", "diet", "allergies")),
            tuple((_name(person, one), groups.get(one.group, "–"), times_of(one), person.diet or "",
                   person.allergies or "") for person, one in with_diet), (2.2, 1.4, 1.4, 2, 2)))
    return Listing(ListKind.MEALS, word_of(ListKind.MEALS), f"{unit}, {weekday(day)}", tuple(parts))


def cells(part: Part) -> dict[str, Any]:
    """A part as the page's table."""
    return {"title": part.title, "head": list(part.head), "rows": [[lined(cell) for cell in row] for row in part.rows],
            "figures": sorted(part.numeric), "total": list(part.total) if part.total else None, "empty": ""}


def lined(text: str) -> Any:
    """A cell of several lines keeps them on the page."""
    return Markup("<br>").join(text.split("\n")) if "\n" in text else text

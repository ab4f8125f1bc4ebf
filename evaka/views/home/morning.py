"""The director's first page: who is here, who is missing, the ratio now and soon, tomorrow, and what waits."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from flask import url_for
from sqlalchemy import select

from evaka import city
from evaka.access import Actor, may, permitted, within
from evaka.actions.booking.note import notes_of
from evaka.actions.forecast import DayOfUnit, care_days, days_of, policy
from evaka.actions.forecast.now import ALL, Now, Seen, now_of
from evaka.actions.message import may_write
from evaka.kit.dates import DAY, DateRange
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.unit import Group, Unit
from evaka.rules.booking.span import clock_at
from evaka.rules.forecast import Slot, Source, fullest
from evaka.rules.presence import TileState
from evaka.rules.staff import Ratio, RatioPolicy, RatioState
from evaka.rules.unit import AN_ADULT
from evaka.rules.unit.facts import opening_words
from evaka.views.base import Button, link
from evaka.views.forecast import chosen, outlook, said_of, weekday
from evaka.views.forecast.picture import picture
from evaka.views.page import clock, decimal, row_url, told, word_of, written

LOOKS = {RatioState.TIGHT: "tight", RatioState.EXCEEDED: "over"}
MOST_UNITS = 10  # that one page looks at
SHOWN = 12  # names of a list


def is_director(by: Actor) -> bool:
    """Whether the first page is the unit's morning."""
    return may(by, "forecast.view") and any(unit for _, unit, _ in by.grants)


def units_of(by: Actor) -> list[Unit]:
    return list(db.session.scalars(
        select(Unit).where(within(by, "forecast.view", Unit), Unit.on(by.today)).order_by(Unit.name).limit(MOST_UNITS)))


def morning(by: Actor) -> dict[str, Any]:
    """All that the page shows, beside what waits and the letters."""
    units = units_of(by)
    unit = chosen(units, "unit")
    if unit is None:
        return {"unit": None}
    nexts = care_days([unit], by.today + DAY, 1)
    known = days_of(units, DateRange(by.today, nexts[0] if nexts else by.today))
    # a day on which the unit is closed has nobody who is awaited, but perhaps somebody who is there
    today = [known.get((one.id, by.today)) or DayOfUnit(one.id, by.today, None) for one in units]
    now = now_of(today, by.now)
    here = now[unit.id]
    later = known.get((unit.id, nexts[0])) if nexts else None
    words = notes_of([one.child for one in here.children], DateRange(by.today, by.today))
    names = _names(by, [*here.late(), *(one for one in here.children if (one.expected and one.expected.away)
                                        or (one.child, by.today) in words)])
    return {
        "unit": unit, "heading": weekday(by.today)[0].upper() + weekday(by.today)[1:],
        "fact_line": _fact_line(unit, by, bool(known.get((unit.id, by.today)))), "buttons": _buttons(by, unit),
        "kpis": _kpis(here, later, unit), "units": _units(units, unit, now),
        "groups": _groups(here, unit), "chart": picture(here.of_unit, policy().step, here.minute),
        "tomorrow": _tomorrow(later, unit) if later else None, "late_rows": _late(here, names, by),
        "late_note": told("morning.late_note", minutes=_tolerance()), "away": _away(here, names),
        "words": [{"name": str(names[child]), "url": row_url("person.details_view", child), "text": text}
                  for (child, _), text in words.items() if child in names],
        "limit": told("morning.limit", limit=decimal(AN_ADULT, 1)),
    }


def _tolerance() -> int:
    from evaka.actions.presence import tablet

    return tablet().tolerance_minutes


def _fact_line(unit: Unit, by: Actor, is_open: bool) -> str:
    hours = opening_words(unit.opening, by.today.isoweekday()) if is_open else ""
    said = told("morning.open", hours=hours) if hours else told("morning.closed")
    return told("morning.facts", unit=unit, open=said, at=by.now.time())


def _buttons(by: Actor, unit: Unit) -> list[Button]:
    found = []
    if may(by, "report.view"):
        found.append(Button(told("report.print_day"), url_for("report.index", unit=unit.id), "secondary"))
    if may(by, "message.send") and may_write(by):
        found.append(Button(told("morning.write"), url_for("message.index_view"), "primary"))
    return found


# -- figures ----------------------------------------------------------------------------------------------------


def ratio_words(ratio: Ratio) -> str:
    """5,5, or a dash without adults."""
    return "–" if ratio.to_an_adult is None else decimal(ratio.to_an_adult, 1)


def _slot_words(slot: Slot | None) -> str:
    """9.00: 5,8"""
    if slot is None:
        return "–"
    value = "–" if slot.ratio is None else decimal(slot.ratio, 1)
    return f"{clock(clock_at(slot.start))}: {value}"


def _soon(now: Now, slots: list[Slot]) -> Slot | None:
    """The tightest slot from the next one on, as far as the city looks ahead."""
    rule = policy()
    return fullest(slots, now.minute - now.minute % rule.step + 1, now.minute + rule.look)


def _kpis(now: Now, later: DayOfUnit | None, unit: Unit) -> list[dict[str, Any]]:
    here, late = len(now.of(TileState.HERE)), len(now.late())
    awaited = here + len(now.of(TileState.COMING)) + len(now.of(TileState.LEFT))
    soon = _soon(now, now.of_unit)
    hour = now.minute - now.minute % 60 + 60
    planned = next((slot.adults for slot in now.of_unit if slot.start == hour), None)
    ratio = now.ratio
    state = ratio.state(ratio_policy())
    found = [
        {"label": told("morning.here"), "value": here, "note": told("morning.of_awaited", children=awaited)},
        {"label": told("morning.adults"), "value": ratio.adults,
         "note": told("morning.adults_at", at=clock_at(hour), adults=decimal(planned)) if planned is not None else ""},
        {"label": told("morning.ratio"), "value": ratio_words(ratio), "look": LOOKS.get(state),
         "note": told("morning.limit_short", limit=decimal(AN_ADULT, 1))},
        {"label": told("morning.soon", hours=decimal(Decimal(policy().look) / 60)),
         "value": "–" if soon is None or soon.ratio is None else decimal(soon.ratio, 1),
         "look": "over" if soon and soon.short else None,
         "note": told("morning.at", at=clock_at(soon.start)) if soon else ""},
        {"label": told("morning.late"), "value": late, "url": "#late" if late else "",
         "note": told("morning.look") if late else "", "look": "tight" if late else None},
    ]
    if later is not None:
        one = outlook(later)
        most = max((slot.adults for slot in one.slots), default=Decimal(0))
        found.append({
            "label": told("morning.tomorrow") if later.day == now.at.date() + DAY else _short(later.day),
            "value": len(later.come), "look": "over" if one.missing else None,
            "url": url_for("forecast.index", unit=unit.id, day=later.day.isoformat()),
            "note": told("morning.come_adults", adults=decimal(most, 0 if most == most.to_integral() else 1))})
    return found


def _short(day: date) -> str:
    """Maanantai 30.11."""
    name = told(f"weekday.{day.isoweekday()}")
    return f"{name[0].upper()}{name[1:]} {day.day}.{day.month}."


def ratio_policy() -> RatioPolicy:
    return city.value("staff", "ratio", RatioPolicy)


def _line(now: Now, group: int | None, name: Any) -> dict[str, Any]:
    """A group, or (ALL) the whole unit, at this moment."""
    ratio = now.ratio if group == ALL else now.ratios.get(group, Ratio())
    state = ratio.state(ratio_policy())
    here, coming, left, away = (len(now.of(one, group)) for one in (
        TileState.HERE, TileState.COMING, TileState.LEFT, TileState.AWAY))
    late = len(now.late(group))
    return {
        "name": name, "here": here, "all": here + coming + left + away, "coming": coming - late, "away": away,
        "late": late, "left": left, "adults": ratio.adults, "share": float(ratio.to_an_adult or 0),
        "text": ratio_words(ratio), "look": LOOKS.get(state, ""), "limit": AN_ADULT,
        "word": word_of(state) if state in LOOKS else "",
        "soon": _slot_words(_soon(now, now.of_unit if group == ALL else now.slots.get(group, []))),
    }


def _groups(now: Now, unit: Unit) -> dict[str, Any]:
    of_unit = select(Group.id, Group.name).where(Group.unit_id == unit.id, Group.on(now.at.date()))
    groups = db.session.execute(of_unit.order_by(Group.name)).all()
    rows = [_line(now, id, link(name, "group.details_view", id)) for id, name in groups]
    known = {id for id, _ in groups}
    if any(one.group not in known for one in now.children) or None in now.ratios:
        rows.append(_line(now, None, told("placement.without_group")))
    return {"rows": rows, "total": _line(now, ALL, told("morning.whole")) if len(rows) > 1 else None}


def _units(units: list[Unit], unit: Unit, now: dict[int, Now]) -> list[dict[str, Any]]:
    """All units of whoever leads several: one line each."""
    if len(units) < 2:
        return []
    return [_line(now[one.id], ALL, one.name) | {
        "url": url_for("office.index", unit=one.id), "chosen": one.id == unit.id} for one in units]


def _tomorrow(later: DayOfUnit, unit: Unit) -> dict[str, Any]:
    """The next day of care, in a few lines."""
    one = outlook(later)
    peak = one.peak
    away = sum(1 for child in later.children if child.away is not None)
    untold = sum(1 for child in later.come if child.source is Source.ASSUMED)
    return {
        "title": weekday(later.day), "said": said_of(one),
        "url": url_for("forecast.index", unit=unit.id, day=later.day.isoformat()),
        "facts": [
            (told("forecast.come"), len(later.come)), (told("forecast.away"), away),
            (told("forecast.untold"), untold),
            (told("forecast.most"), told("forecast.at_most", children=peak.children, at=clock_at(peak.start))
             if peak and peak.children else "–"),
            (told("forecast.needed"), decimal(max((slot.needed for slot in one.slots), default=0), 1)),
            (told("forecast.planned"), decimal(max((slot.adults for slot in one.slots), default=0), 1)),
        ],
    }


# -- names ------------------------------------------------------------------------------------------------------


def _names(by: Actor, children: list[Seen]) -> dict[int, Person]:
    """The children of lists, as far as the reader may see them: one question."""
    ids = {one.child for one in children}
    rows = db.session.scalars(select(Person).where(Person.id.in_(ids), within(by, "person.view", Person)))
    return {row.id: row for row in rows}


def _group_names(children: list[Seen]) -> dict[int, str]:
    ids = {one.group for one in children if one.group}
    return dict(db.session.execute(select(Group.id, Group.name).where(Group.id.in_(ids))).tuples().all()) if ids else {}


def _late(now: Now, names: dict[int, Person], by: Actor) -> list[dict[str, Any]]:
    """Who should be here and is not: the child, its group, since when; and where it is put right."""
    rows = sorted((one for one in now.late() if one.child in names), key=lambda one: (one.booked or 0, one.child))
    groups = _group_names(rows)
    allowed = permitted(by, "attendance.absent", Person, {one.child for one in rows}) if rows else set()
    return [
        {"label": f"{names[one.child].first_name} {names[one.child].last_name}",
         "url": row_url("person.details_view", one.child), "icon": "clock",
         "note": told("morning.awaited_at", group=groups.get(one.group or 0) or told("placement.without_group"),
                      at=clock_at(one.booked or 0)),
         "act": row_url("person.do", one.child, "attendance.absent") if one.child in allowed else ""}
        for one in rows[:SHOWN]]


def _away(now: Now, names: dict[int, Person]) -> dict[str, Any]:
    """Who is away today, and why."""
    rows = [one for one in now.of(TileState.AWAY) if one.expected and one.expected.away and one.child in names]
    rows.sort(key=lambda one: names[one.child].sort_key)
    groups = _group_names(rows)
    more = url_for("attendance.index_view") if len(rows) > SHOWN else ""
    return {
        "title": told("morning.away"), "note": str(len(rows)), "empty": told("morning.nobody_away"),
        "link": (told("ui.all"), more) if more else None,
        "head": [told("attendance.child"), told("unit.group"), told("attendance.kind")],
        "rows": [[link(str(names[one.child]), "person.details_view", one.child), groups.get(one.group or 0, "–"),
                  word_of(one.expected.away)] for one in rows[:SHOWN] if one.expected and one.expected.away],
    }


__all__ = ["is_director", "morning", "written"]

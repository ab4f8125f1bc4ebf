"""The coming days of a unit: how many children come, how many adults they need, where these are missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import request, url_for
from flask_admin import expose
from sqlalchemy import select

from evaka.access import Actor, within
from evaka.actions.forecast import DayOfUnit, care_days, days_of, policy
from evaka.kit.dates import DAY, DateRange
from evaka.models.base import db
from evaka.models.unit import Group, Unit
from evaka.rules.booking.span import clock_at
from evaka.rules.forecast import Shortage, Slot, Source, shortages, slots, window
from evaka.views.base import Page, row_number
from evaka.views.forecast.picture import picture, times
from evaka.views.page import YEARS, actor, clock, decimal, told, word_of, written

MANY = 300  # units of a list to choose from


@dataclass(frozen=True)
class Outlook:
    """A day of a unit, or of one of its groups, reckoned."""

    known: DayOfUnit
    slots: list[Slot]
    missing: list[Shortage]

    @property
    def peak(self) -> Slot | None:
        return max(self.slots, key=lambda slot: (slot.children, -slot.start), default=None)


def outlook(known: DayOfUnit) -> Outlook:
    """Children who come against adults who are planned."""
    rule = policy()
    come = [one.coming() for one in known.come]
    spans = [span for one in come for span in one.spans]
    within_ = window(rule, known.opening, spans)
    found = slots(rule, within_, come, known.adults) if within_ else []
    return Outlook(known, found, shortages(found, rule.step))


def units_of(by: Actor, key: str) -> list[Unit]:
    """The units whose coming days, lists or past the reader may see, by name."""
    return list(db.session.scalars(
        select(Unit).where(within(by, key, Unit), Unit.meets(DateRange(by.today - 366 * DAY)))
        .order_by(Unit.name).limit(MANY)))


def chosen(rows: list[Any], name: str) -> Any:
    """The row that the address asks for, of those that may be chosen; the first without one."""
    asked = row_number(request.args.get(name, ""))
    return next((row for row in rows if row.id == asked), rows[0] if rows else None)


def day_asked(name: str, unless: date) -> date:
    """A day of the address, as 2026-06-01 or 1.6.2026."""
    typed = request.args.get(name, "").strip()
    try:
        day, month, year = typed.split(".")
        found = date(int(year), int(month), int(day))
    except (ValueError, OverflowError):
        try:
            found = date.fromisoformat(typed)
        except ValueError:
            return unless
    return found if found.year in YEARS else unless


def said_of(one: Outlook) -> tuple[str, str]:
    """Whether there are adults enough, in a word: (look, text)."""
    if one.missing:
        worst = max(one.missing, key=lambda missing: missing.most)
        return "bad", told("forecast.short", adults=decimal(worst.most, 1), times=times(one.missing))
    return ("good", told("forecast.enough")) if one.slots and any(slot.children for slot in one.slots) else (
        "", told("forecast.nobody"))


def brief(one: Outlook) -> dict[str, str]:
    """The same for a table: how many are missing at most, and when."""
    if not one.missing:
        return {"brief": said_of(one)[1], "times": ""}
    worst = max(missing.most for missing in one.missing)
    return {"brief": told("forecast.few", adults=decimal(worst, 1)), "times": times(one.missing)}


def weekday(day: date) -> str:
    return f"{told(f'weekday.{day.isoweekday()}')} {written(day)}"


class Forecast(Page):
    permission = "forecast.view"

    @expose("/")
    def index(self) -> Any:
        by = actor()
        units = units_of(by, self.permission)
        unit = chosen(units, "unit")
        if unit is None:
            return self.render("office/forecast.html", unit=None, units=[], days=[])
        rule = policy()
        days = care_days([unit], by.today, rule.days)
        groups = list(db.session.scalars(
            select(Group).where(Group.unit_id == unit.id, Group.meets(DateRange(by.today))).order_by(Group.name)))
        asked = row_number(request.args.get("group", ""))
        group = next((one for one in groups if one.id == asked), None)
        known = days_of([unit], DateRange(days[0], days[-1])) if days else {}
        looked = {day: outlook(held.of_group(group.id) if group else held)
                  for (_, day), held in sorted(known.items(), key=lambda item: item[0][1])}
        day = day_asked("day", by.today)
        if day not in looked:
            day = next((one for one in looked if one >= day), next(iter(looked), day))
        one = looked.get(day)
        return self.render(
            "office/forecast.html", unit=unit, units=units, groups=groups, group=group, day=day,
            said=said_of(one) if one else None, named=weekday(day),
            days=[self._line(unit, group, each) for each in looked.values()], notes=self._notes(one) if one else [],
            chart=picture(one.slots, rule.step, self._now(by, day)) if one else None,
            groups_of_day=self._groups(groups, known.get((unit.id, day))) if not group else [])

    def _now(self, by: Actor, day: date) -> int | None:
        return by.now.hour * 60 + by.now.minute if day == by.today else None

    def _line(self, unit: Unit, group: Group | None, one: Outlook) -> dict[str, Any]:
        """A day of the list."""
        peak = one.peak
        away = sum(1 for child in one.known.children if child.away is not None)
        return {
            "url": url_for(".index", unit=unit.id, day=one.known.day.isoformat(), group=group.id if group else None),
            "day": one.known.day, "named": weekday(one.known.day), "come": len(one.known.come), "away": away,
            "untold": sum(1 for child in one.known.come if child.source is Source.ASSUMED),
            "most": told("forecast.at_most", children=peak.children, at=clock_at(peak.start))
            if peak and peak.children else "–",
            "needed": decimal(max((slot.needed for slot in one.slots), default=0), 1),
            "planned": decimal(max((slot.adults for slot in one.slots), default=0), 1), "said": said_of(one),
        } | brief(one)

    def _notes(self, one: Outlook) -> list[str]:
        """What the figures rest on."""
        sources = {source: sum(1 for child in one.known.come if child.source is source) for source in Source}
        told_of = ", ".join(f"{word_of(source)} {count}" for source, count in sources.items() if count)
        rule = policy()
        found = [told("forecast.sources", sources=told_of)] if told_of else []
        if sources[Source.ASSUMED]:
            found.append(told("forecast.assumed", children=sources[Source.ASSUMED], start=rule.assumed_from,
                              end=rule.assumed_to))
        if not one.known.shifts:
            found.append(told("forecast.no_shifts"))
        return found

    def _groups(self, groups: list[Group], known: DayOfUnit | None) -> list[dict[str, Any]]:
        """The groups of the chosen day, with those who have none."""
        if known is None:
            return []
        named: list[tuple[int | None, str]] = [(group.id, group.name) for group in groups]
        if any(child.group is None for child in known.come):
            named.append((None, told("placement.without_group")))
        found = []
        for id, name in named:
            one = outlook(known.of_group(id))
            peak = one.peak
            found.append({
                "name": name, "url": url_for(".index", unit=known.unit, day=known.day.isoformat(), group=id),
                "come": len(one.known.come), "most": told("forecast.at_most", children=peak.children,
                                                         at=clock_at(peak.start)) if peak and peak.children else "–",
                "needed": decimal(max((slot.needed for slot in one.slots), default=0), 1),
                "planned": decimal(max((slot.adults for slot in one.slots), default=0), 1),
                "said": said_of(one) if id is not None else ("", ""),
            } | brief(one))
        return found


__all__ = ["Forecast", "Outlook", "chosen", "clock", "day_asked", "outlook", "said_of", "units_of", "weekday"]

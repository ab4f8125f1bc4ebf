"""The week of a group as the unit sees it: every cell can be typed over, a whole day at once too."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from flask import abort, flash, redirect, request
from flask_admin import expose
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from evaka.access import Actor, may, within
from evaka.actions import booking as act
from evaka.actions.booking.balance import months_of
from evaka.actions.booking.facts import Known, day_facts
from evaka.actions.booking.note import notes_of
from evaka.actions.booking.save import day_text
from evaka.actions.calendar import closures_of
from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.placement import GroupPlacement, Placement
from evaka.models.unit import Group, Unit
from evaka.rules.booking import monday_of
from evaka.rules.booking.day import Ask, Asked
from evaka.rules.booking.lock import WEEK
from evaka.views.base import Page
from evaka.views.base.attempt import attempt
from evaka.views.base.rows import row_number
from evaka.views.booking.balance import badge_of_month
from evaka.views.booking.cells import asked_of, cell, is_away, kind_in_words, short, why_shut
from evaka.views.page import actor, row_url, told, told_refusal

MANY = 400  # groups in the choice; the others are found through their own page


def groups_of(by: Actor) -> list[Group]:
    """The groups whose bookings somebody may see, by unit and name."""
    return list(db.session.scalars(
        select(Group).join(Unit, Unit.id == Group.unit_id).options(joinedload(Group.unit))
        .where(within(by, "booking.view", Group), Group.on(by.today)).order_by(Unit.name, Group.name).limit(MANY)))


class BookingBoard(Page):
    permission = "booking.view"

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Any:
        by = actor()
        groups = groups_of(by)
        group = self.chosen(groups, by)
        monday = monday_of(self.asked_week(by))
        period = DateRange(monday, monday + 6 * DAY)
        children = self.children(group, period) if group else []
        known = day_facts([one.id for one in children], period, by)
        may_enter = may(by, "booking.enter")
        typed: dict[str, str] = {}
        wrong: dict[str, str] = {}
        if request.method == "POST" and group is not None:
            if not may_enter:
                raise Denied("access.denied", action="booking.enter")
            typed = {name: value.strip()[:60] for name, value in request.form.items()}
            if self.saved(typed, wrong, known, by):
                return redirect(self.address(group, monday))
        days = self.days(group, period, known, typed)
        months = {id: badge_of_month(one) for id, one in months_of(
            [one.id for one in children], DateRange.month(monday.year, monday.month), by).items()} if children else {}
        return self.render(
            "office/booking.html", heading=self.heading, crumbs=[], week=monday, may_enter=may_enter,
            groups=[(one.id, f"{one.unit}, {one.name}", one is group) for one in groups],
            title=told("booking.week_of", number=monday.isocalendar().week, **short(period)),
            before=self.address(group, monday - WEEK), after=self.address(group, monday + WEEK), days=days,
            rows=[self.row(one, known, days, typed, wrong, by) | {"month": months.get(one.id)} for one in children],
            words=self.words(children, period))

    def words(self, children: list[Person], period: DateRange) -> list[dict[str, Any]]:
        """What families have told of the week, day by day."""
        notes = notes_of([one.id for one in children], period)
        return [{"day": f"{told(f'weekday.{day.isoweekday()}')[:2].capitalize()} {day.day}.{day.month}.",
                 "name": str(one), "text": notes[one.id, day]}
                for day in period.days() for one in children if (one.id, day) in notes]

    def address(self, group: Group | None, monday: date) -> str:
        return self.get_url(".index", group=group.id if group else None, week=monday.isoformat())

    def chosen(self, groups: list[Group], by: Actor) -> Group | None:
        number = row_number(request.args.get("group"))
        if number is None:
            own = {group for _, _, group in by.grants}
            return next((one for one in groups if one.id in own), groups[0] if groups else None)
        found = next((one for one in groups if one.id == number), None)
        return found or db.session.scalar(
            select(Group).where(Group.id == number, within(by, "booking.view", Group))) or abort(404)

    def asked_week(self, by: Actor) -> date:
        try:
            day = date.fromisoformat(request.args.get("week", ""))
        except ValueError:
            return by.today
        return day if abs(day - by.today).days < 800 else by.today

    def children(self, group: Group, period: DateRange) -> list[Person]:
        """Who is in the group on some day of the week, by name."""
        return list(db.session.scalars(
            select(Person).where(within(actor(), "booking.view", Person), Person.id.in_(
                select(Placement.child_id).join(GroupPlacement, GroupPlacement.placement_id == Placement.id)
                .where(GroupPlacement.group_id == group.id, GroupPlacement.meets(period)))).order_by(Person.sort_key)))

    def days(self, group: Group | None, period: DateRange, known: Known, typed: dict[str, str]) -> list[dict[str, Any]]:
        """The days on which anybody has care; of the others Monday to Friday with the reason."""
        shut = {} if group is None else {
            day: one.reason for one in closures_of({group.unit_id}, period)
            if (shared := one.period & period) for day in shared.days()}
        found = []
        for day in period.days():
            every = [facts[day] for facts in known.values() if day in facts]
            care = [one for one in every if one.has_care]
            if not care and (day.isoweekday() > 5 or not every):
                continue
            counts = Counter(
                "away" if is_away(one) else "booked" if one.booked else "missing" for one in care if not one.fixed)
            found.append({
                "day": day, "title": f"{told(f'weekday.{day.isoweekday()}')[:2].capitalize()} {day.day}.{day.month}.",
                "shut": "" if care else why_shut(every[0], shut), "booked": counts["booked"], "away": counts["away"],
                "missing": counts["missing"], "all": typed.get(f"all-{day.isoformat()}", "")})
        return found

    def row(
        self, child: Person, known: Known, days: list[dict[str, Any]], typed: dict[str, str], wrong: dict[str, str],
        by: Actor,
    ) -> dict[str, Any]:
        cells = []
        for one in days:
            facts, name = known.get(child.id, {}).get(one["day"]), f"{child.id}-{one['day'].isoformat()}"
            if facts is None or not facts.has_care or one["shut"]:
                cells.append({"shut": "–"})
                continue
            shown = cell(facts)
            look = "away" if is_away(facts) else "missing" if not facts.booked and not facts.fixed else ""
            cells.append({
                "name": name, "value": typed.get(name, shown), "was": typed.get(f"was-{name}", shown),
                "had": typed.get(f"had-{name}", day_text(facts)), "wrong": wrong.get(name, ""), "look": look,
                "title": one["title"] + (f", {kind_in_words(facts)}" if facts.absences else "")})
        url = row_url("person.details_view", child.id) if may(by, "person.view") else ""
        return {"id": child.id, "name": str(child), "url": url, "cells": cells}

    def saved(self, typed: dict[str, str], wrong: dict[str, str], known: Known, by: Actor) -> bool:
        """Only what was typed over is saved, and only if nobody has changed it since the page was opened."""
        asked: dict[int, dict[date, Asked]] = {}
        seen: dict[tuple[int, date], str] = {}
        for child, days in known.items():
            for day, facts in days.items():
                name, whole = f"{child}-{day.isoformat()}", typed.get(f"all-{day.isoformat()}", "")
                own = typed.get(name)
                if own is None or not facts.has_care:
                    continue
                changed = own != typed.get(f"was-{name}", "")
                if not changed and (not whole or facts.fixed or is_away(facts)):
                    continue
                try:
                    one = asked_of(own if changed else whole)
                except Refused as no:
                    wrong[name] = told_refusal(no)
                    continue
                if facts.fixed and one.ask in (Ask.TIMES, Ask.PRESENT) and not changed:
                    continue
                asked.setdefault(child, {})[day] = one
                seen[child, day] = typed.get(f"had-{name}", "")
        if wrong:
            flash(told("booking.board.unread"), "error")
            return False
        with attempt() as tried:
            count, skipped = act.save_many(asked, by, "booking.enter", seen=seen)
        if not tried.done:
            return False
        for why in dict.fromkeys(skipped.values()):
            days_ = sorted({day for (_, day), one in skipped.items() if one == why})
            flash(told(why, days=", ".join(f"{day.day}.{day.month}." for day in days_)), "warning")
        flash(told("booking.saved_days", count=count), "success")
        return True

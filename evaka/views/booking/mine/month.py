"""The month of all children, and how it stands against what was agreed."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_admin import expose

from evaka.access import Actor
from evaka.actions.booking.balance import months_of
from evaka.actions.booking.facts import Known, day_facts
from evaka.kit.dates import DAY, DateRange
from evaka.models.person import Person
from evaka.rules.booking import monday_of
from evaka.rules.booking.lock import WEEK
from evaka.views.booking.balance import balance_line
from evaka.views.booking.cells import is_away, kind_in_words, times_in_words
from evaka.views.booking.mine.family import AHEAD, Family, kids_of
from evaka.views.page import actor, told


def months_told(kids: list[Person], day: date, by: Actor) -> list[dict[str, Any]]:
    """How the month of a day stands against what was agreed, for each child of whom hours or days were."""
    month = DateRange.month(day.year, day.month)
    found = months_of([one.id for one in kids], month, by)
    return [balance_line(one, found[one.id]) for one in kids if one.id in found]


class MonthPage(Family):
    @expose("/month/")
    def month(self) -> Any:
        by = actor()
        first = self.asked_day("month", by.today).replace(day=1)
        month = DateRange.month(first.year, first.month)
        kids = kids_of(by)
        known = day_facts([one.id for one in kids], month, by)
        start = monday_of(first)
        weeks = []
        while start <= month.last_day:
            weeks.append({
                "url": self.get_url(".index", week=start.isoformat()), "number": start.isocalendar().week,
                "days": [self.square(start + n * DAY, month, kids, known, by) for n in range(7)],
            })
            start += WEEK
        return self.render(
            "guardian/month.html", heading=self.heading, weeks=weeks, kids=kids,
            title=told("booking.month_of", month=told(f"month.{first.month}").capitalize(), year=first.year),
            week_url=self.get_url(".index", week=max(first, by.today if by.today in month else first).isoformat()),
            before=self.get_url(".month", month=(first - DAY).isoformat()) if first > by.today - AHEAD else "",
            after=self.get_url(".month", month=(month.last_day + DAY).isoformat()) if first < by.today + AHEAD else "",
            months=months_told(kids, first, by))

    def square(self, day: date, month: DateRange, kids: list[Person], known: Known, by: Actor) -> dict[str, Any]:
        marks = []
        for one in kids if day in month else ():
            facts = known.get(one.id, {}).get(day)
            if facts is None or not facts.has_care:
                continue
            name = one.call_name
            if is_away(facts):
                marks.append(("away", name[0], f"{name}: {kind_in_words(facts)}"))
            elif facts.booked:
                marks.append(("booked", name[0], f"{name}: {times_in_words(facts)}"))
            elif not facts.fixed and day >= by.today:
                marks.append(("missing", name[0], f"{name}: {told('booking.missing')}"))
        return {"day": day, "here": day in month, "today": day == by.today, "marks": marks,
                "url": f"{self.get_url('.index', week=day.isoformat())}"}

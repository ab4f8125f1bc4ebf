"""A year of absences: illness in winter, a long summer, single days."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date, timedelta
from random import Random

from evaka.demo.families import Calendar
from evaka.demo.places import Places, Stay
from evaka.demo.rows import Rows
from evaka.models.attendance import Absence
from evaka.rules.attendance import AbsenceKind, Reporter, categories
from evaka.rules.calendar import is_business_day

PAST, AHEAD = timedelta(days=365), timedelta(days=14)
PLANNED = frozenset({"ten_days", "fifteen_days", "hours_120"})  # whose families tell their days beforehand


class Absences:
    def __init__(self, rows: Rows, rng: Random, calendar: Calendar) -> None:
        self.rows, self.rng, self.calendar = rows, rng, calendar
        first = max(calendar.day - PAST, calendar.history)
        span = (calendar.day + AHEAD - first).days
        self.days = [day for day in (first + timedelta(days=n) for n in range(span + 1)) if is_business_day(day)]
        self.ill = [day.month not in (6, 7, 8) for day in self.days]
        self.today = bisect_right(self.days, calendar.day)
        self.away: set[tuple[int, date]] = set()  # children and days from this week on
        self.summers = sorted({day.year for day in self.days if day.month == 7})

    def write(self, places: Places) -> None:
        for stays in places.of_child.values():
            drawn = self._drawn(stays)
            for stay in stays:
                low = bisect_left(self.days, stay.period.start)
                high = bisect_right(self.days, stay.period.last_day)
                parts = sorted(categories(stay.care_type))
                for at in range(low, high):
                    if (found := drawn.get(at)) is not None:
                        if self.days[at] >= self.calendar.day - timedelta(days=7):
                            self.away.add((stay.child.id, self.days[at]))
                        for part in parts:
                            self.rows.add(Absence, child_id=stay.child.id, day=self.days[at], kind=found[0],
                                          category=part, reported_by=found[1])
            self.rows.write_when_many("absence")

    def _drawn(self, stays: list[Stay]) -> dict[int, tuple[AbsenceKind, Reporter]]:
        """What keeps a child away, by the number of the day."""
        rng, last = self.rng, len(self.days)
        drawn: dict[int, tuple[AbsenceKind, Reporter]] = {}
        agreed = any(key in PLANNED for stay in stays for _, key in stay.needs)
        away = AbsenceKind.PLANNED if agreed else AbsenceKind.OTHER
        for year in self.summers:
            begins = bisect_left(self.days, date(year, 6, 15) + timedelta(days=rng.randint(0, 32)))
            for at in range(begins, min(begins + rng.randint(14, 24), last)):
                drawn[at] = (away, Reporter.GUARDIAN)
        for _ in range(rng.randint(0, 10 if agreed else 5)):
            begins = rng.randrange(last)
            for at in range(begins, min(begins + rng.choice([1, 1, 1, 2, 5]), last)):
                drawn[at] = (away, Reporter.GUARDIAN)
        young = (self.calendar.day - stays[0].child.born).days < 1200
        for _ in range(rng.randint(2, 9 if young else 6)):
            begins = rng.randrange(self.today)
            if self.ill[begins] or rng.random() < 0.3:
                for at in range(begins, min(begins + rng.choice([1, 1, 2, 2, 3, 4, 5]), self.today)):
                    drawn[at] = (AbsenceKind.SICK, Reporter.GUARDIAN if rng.random() < 0.7 else Reporter.STAFF)
        if rng.random() < 0.2:
            drawn[rng.randrange(self.today)] = (AbsenceKind.UNKNOWN, Reporter.STAFF)
        if rng.random() < 0.004:  # a long illness
            begins = rng.randrange(self.today)
            for at in range(begins, min(begins + 14, self.today)):
                drawn[at] = (AbsenceKind.SICK, Reporter.GUARDIAN)
        if rng.random() < 0.06:  # today
            drawn[self.today - 1] = (AbsenceKind.SICK, Reporter.GUARDIAN)
        return drawn

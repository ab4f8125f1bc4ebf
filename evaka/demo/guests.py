"""Children in care elsewhere for a time: a few in each hundred, some now, some next week, some already back."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from evaka.demo.families import Calendar
from evaka.demo.places import Places
from evaka.demo.rows import Rows
from evaka.demo.units import House
from evaka.kit.dates import DateRange
from evaka.models.backup_care import BackupCare
from evaka.rules.placement import DAYCARE_TYPES

SHARE = 0.02
BEGINS = (-21, -2, -1, 3, 7)  # days from today


class Guests:
    """Draws by lots of its own, as the support of children does."""

    def __init__(self, rows: Rows, seed: int, calendar: Calendar, houses: list[House]) -> None:
        self.rows, self.rng, self.calendar = rows, Random(f"{seed} guests"), calendar
        self.houses = [house for house in houses if house.groups and house.kind.language == "fi"]

    def write(self, places: Places) -> None:
        """Each goes to another unit with groups, within its own place; for every third no group is chosen yet."""
        for child, stays in places.of_child.items():
            if self.rng.random() >= SHARE:
                continue
            start = self.calendar.day + timedelta(days=self.rng.choice(BEGINS))
            days = DateRange(start, start + timedelta(days=self.rng.choice((4, 4, 11))))
            stay = next((one for one in stays if one.period & days == days and one.care_type in DAYCARE_TYPES), None)
            others = [house for house in self.houses if stay is not None and house.id != stay.house.id]
            if stay is None or not others:
                continue
            house = self.rng.choice(others)
            group = None if self.rng.random() < 0.33 else self.rng.choice(house.groups)
            self.rows.add(BackupCare, child_id=child, unit_id=house.id, group_id=group, start=days.start,
                          end=days.last_day)

"""How many children of which age there are, which of them are siblings, and since when each is in care."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from evaka.demo.people import Child, Family, Register, child, drawn_language, household
from evaka.demo.units import House
from evaka.kit.dates import add_months
from evaka.models.base import HELSINKI
from evaka.models.person import Guardian, HeadOfChild, Partner

# Of a hundred children of an age in months, how many are in care; from the autumn of pre-primary education on, all.
IN_CARE = [(9, 1), (12, 22), (15, 42), (18, 58), (24, 70), (30, 78), (36, 86), (48, 91), (60, 94)]
WAITING_AGES = {8: 6, 9: 9, 10: 10, 11: 9, 12: 8, 14: 7, 16: 6, 18: 5, 21: 4, 24: 3, 30: 3, 36: 2, 48: 2}  # weights
YOUNGEST, FROM_SCHOOL = 9, 7  # months; years


class Calendar:
    """The days by which the demo reckons: `day`, the year of care it lies in, and the day the history begins."""

    def __init__(self, day: date) -> None:
        self.day = day
        self.autumn = day.year if day.month >= 8 else day.year - 1
        self.year_start = date(self.autumn, 8, 1)
        self.history = date(self.autumn - 1, 8, 1)
        self.now = datetime(day.year, day.month, day.day, 6, tzinfo=HELSINKI)

    def in_school(self, born: date) -> bool:
        return born.year + FROM_SCHOOL <= self.autumn

    def left_last_summer(self, born: date) -> bool:
        return born.year + FROM_SCHOOL == self.autumn

    def preschool(self, born: date) -> date:
        return date(born.year + 6, 8, 1)


def share_in_care(months: int) -> int:
    return next((share for least, share in reversed(IN_CARE) if months >= least), 0)


def _tilt(months: int) -> float:
    """The youngest of a family are younger than children are."""
    return 1.15 if months < 24 else 1 if months < 48 else 0.72


class Population:
    """Draws families until there are as many children as the city has."""

    def __init__(self, register: Register, calendar: Calendar, houses: list[House], *, waiting: float) -> None:
        self.register, self.rng, self.calendar, self.houses = register, register.rng, calendar, houses
        self.waiting = waiting  # the share of youngest children who still wait for a place
        day = calendar.day
        births = [(add_months(day.replace(day=1), -months), months) for months in range(YOUNGEST, 96)]
        births = [(month, months) for month, months in births
                  if not calendar.in_school(month) or calendar.left_last_summer(month)]
        self._months = [month for month, _ in births]
        self._weights = [
            share_in_care(months) * (0.1 if calendar.in_school(month) else _tilt(months)) for month, months in births
        ]
        self._swedish = sum(h.seats for h in houses if h.kind.language == "sv") / sum(h.seats for h in houses)

    def families(self, children: int) -> Iterator[Family]:
        left = children
        while left > 0:
            family = self._family(left)
            left -= len(family.children)
            yield family

    def _birth(self, month: date) -> date:
        last = min((add_months(month, 1) - month).days, 28)
        return month + timedelta(days=self.rng.randrange(last))

    def _family(self, most: int) -> Family:
        rng, calendar, day = self.rng, self.calendar, self.calendar.day
        waits = rng.random() < self.waiting
        if waits:
            age = rng.choices(list(WAITING_AGES), list(WAITING_AGES.values()))[0]
            month = add_months(day.replace(day=1), -age)
        else:
            month = rng.choices(self._months, self._weights)[0]
        births = [self._birth(month)]
        if rng.random() < 0.015 and most > 1:
            births.append(births[0])  # twins
        while len(births) < 4 and rng.random() < (0.40 if len(births) == 1 else 0.16):
            births.append(self._birth(add_months(births[-1].replace(day=1), -rng.randint(17, 50))))
        language = drawn_language(rng, rng.random() < self._swedish)
        area = rng.choices(range(self._areas), [3, *([2] * (self._areas - 1))])[0]
        family, address, last, restricted = household(self.register, language, area, births[-1])
        for number, born in enumerate(births):
            counts = (not calendar.in_school(born) or calendar.left_last_summer(born)) and len(family.children) < most
            entry = None if not counts or (waits and number == 0) else self._entry(born)
            child(self.register, family, born, last=last, address=address, restricted=restricted, entry=entry,
                  at_home=not counts).left = calendar.in_school(born)
        if not waits and (day - births[0]).days > 700 and rng.random() < 0.12:  # a baby at home
            newborn = day - timedelta(days=rng.randint(15, 240))
            child(self.register, family, newborn, last=last, address=address, restricted=restricted, entry=None,
                  at_home=True)
        return family

    @property
    def _areas(self) -> int:
        return 1 + max(house.area for house in self.houses)

    def _entry(self, born: date) -> date:
        """The first day in care: often in August, never before nine months of age nor after today."""
        rng, day = self.rng, self.calendar.day
        months = rng.choices([rng.randint(9, 14), rng.randint(14, 24), rng.randint(25, 48)], [40, 40, 20])[0]
        entry = add_months(born, months) + timedelta(days=rng.randint(0, 20))
        autumn = date(entry.year + (entry.month > 8), 8, 1)
        if (rng.random() < 0.45 or entry.month in (6, 7)) and autumn <= day:
            entry = autumn
        if entry > day or (self.calendar.in_school(born) and entry >= self.calendar.year_start):
            earliest = max(add_months(born, YOUNGEST), self.calendar.history)
            latest = min(day, self.calendar.year_start - timedelta(days=90) if self.calendar.in_school(born) else day)
            entry = max(earliest, latest - timedelta(days=rng.randint(0, 100)))
        return max(min(entry, day), self.calendar.history)


DEMO_FAMILY = "Metsälä"


def demo_family(register: Register, calendar: Calendar, house: House) -> tuple[Family, list[Child]]:
    """The family whose mother may be logged in as: a child in care, one with a decision, one still at home."""
    rows, day = register.rows, calendar.day
    address = register.address(house.area)
    eldest = date(calendar.autumn - 4, 5, 12)
    births = [eldest, add_months(day, -31), add_months(day, -10)]
    common = {"near": eldest, "language": "fi", "address": address}
    mother = register.adult("Maija", DEMO_FAMILY, woman=True, **common)
    father = register.adult("Mikko", DEMO_FAMILY, woman=False, **common)
    rows.add(Partner, first_id=mother.id, second_id=father.id, start=eldest - timedelta(days=900), end=None)
    family = Family(mother, father, [mother, father], "fi", house.area, house)
    for first, birth, woman in zip(("Aino", "Eino", "Onni"), births, (True, False, False), strict=True):
        id, born = register.person(first, DEMO_FAMILY, birth, woman=woman, language="fi", address=address)
        for adult in (mother, father):
            rows.add(Guardian, child_id=id, guardian_id=adult.id, blocked=False)
        rows.add(HeadOfChild, child_id=id, head_id=mother.id, start=born, end=None)
        family.children.append(Child(id, first, born, None, family, guardians=(mother.id, father.id)))
    family.children[0].entry = calendar.history
    return family, family.children

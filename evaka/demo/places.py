"""Who is in which unit and group, how much care each child needs, and how many adults the groups have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from math import ceil
from random import Random
from typing import NamedTuple

from evaka.demo.families import Calendar
from evaka.demo.people import Child, Family
from evaka.demo.rows import Rows
from evaka.demo.units import House
from evaka.kit.dates import DAY, DateRange, add_months
from evaka.models.placement import GroupPlacement, Placement, ServiceNeedPeriod
from evaka.models.unit import Caretakers
from evaka.rules.placement import CareType, ServiceNeed, ShiftCare, default_need
from evaka.rules.unit.weight import AN_ADULT, FAMILY_CARE, third_birthday

# Of a thousand children with a kind of place, how many have agreed on each option (those the city has).
NEEDS = {
    CareType.DAYCARE: {"full_day": 620, "from_25_to_35_hours": 180, "at_most_25_hours": 70, "fifteen_days": 70,
                       "ten_days": 25, "hours_120": 35},
    CareType.DAYCARE_PART_TIME: {"part_day": 550, "part_day_20_hours": 450},
    CareType.PRESCHOOL: {"preschool": 1000},
    CareType.PRESCHOOL_DAYCARE: {"preschool_daycare": 150, "preschool_daycare_40_hours": 600,
                                 "preschool_daycare_30_hours": 250},
}

FULLNESS = ["0.82", "0.88", "0.93", "0.97", "1", "1.02"]  # how full the groups of a unit are to be


class Stay(NamedTuple):
    """A child's place as it was written."""

    id: int
    child: Child
    house: House
    care_type: CareType
    period: DateRange
    needs: tuple[tuple[DateRange, str], ...]

    def need_on(self, day: date) -> str | None:
        return next((option for period, option in self.needs if day in period), None)


class Places:
    def __init__(
        self, rows: Rows, rng: Random, calendar: Calendar, houses: list[House], options: Mapping[str, ServiceNeed]
    ) -> None:
        self.rows, self.rng, self.calendar, self.houses, self.options = rows, rng, calendar, houses, options
        self.stays: list[Stay] = []
        self.of_child: dict[int, list[Stay]] = defaultdict(list)
        self.group_of: dict[int, int] = {}  # today, by child
        self._grouped_children: dict[int, list[Child]] = defaultdict(list)

    # -- which unit ---------------------------------------------------------------------------------

    def settle(self, family: Family) -> None:
        """A unit near the family's home, the same for all its children as far as it gives what they need."""
        if family.house is None:
            little = all(child.born.year + 5 > self.calendar.autumn for child in family.children)
            family.house = (self._family_care(family) if little else None) or self.near(family, CareType.DAYCARE)
        for child in family.children:
            preschool = self.calendar.preschool(child.born) <= self.calendar.day
            child.house = family.house
            if preschool and (school := self._school(family)) is not None:
                child.house = school
            elif preschool and not family.house.gives(CareType.PRESCHOOL_DAYCARE):
                child.house = self.near(family, CareType.PRESCHOOL_DAYCARE)
            if child.entry is not None and not child.left:
                child.house.taken += 1

    def _family_care(self, family: Family) -> House | None:
        """A family day carer who has room for all children of the family, for a few of those who may want one."""
        places = [
            house for house in self.houses
            if house.kind.family and house.taken + len(family.children) <= house.seats
        ]
        return self.rng.choice(places) if places and family.language != "sv" and self.rng.random() < 0.12 else None

    def _school(self, family: Family) -> House | None:
        """A school with room in its pre-primary groups, for a quarter of those who begin there."""
        schools = [house for house in self.houses if not house.kind.care and house.taken < 19 * len(house.groups)]
        return self.rng.choice(schools) if schools and family.language != "sv" and self.rng.random() < 0.25 else None

    def near(self, family: Family, care_type: CareType) -> House:
        """A unit that gives such care, in the family's language, rather near and rather one with room."""
        language = "sv" if family.language == "sv" else "fi"
        fitting = [
            house for house in self.houses
            if house.gives(care_type) and house.kind.language == language and house.kind.care and not house.kind.family
        ]
        weights = [
            (house.room / house.seats) ** 2 * house.seats * (5 if house.area == family.area else 1)
            for house in fitting
        ]
        return self.rng.choices(fitting, weights)[0]

    # -- from when to when --------------------------------------------------------------------------

    def place(self, child: Child) -> None:
        """All places of a child in care, from its entry to school."""
        if child.entry is None or child.house is None:
            return
        rng, calendar, house = self.rng, self.calendar, child.house
        preschool = calendar.preschool(child.born)
        part_time = rng.random() < 0.04 and not house.kind.family
        if child.entry < preschool:
            kind = CareType.DAYCARE_PART_TIME if part_time else CareType.DAYCARE
            before = house if house.kind.care else self.near(child.family, CareType.DAYCARE)
            self._daycare(child, before, kind, DateRange(child.entry, preschool - DAY))
        if preschool > calendar.day:
            return
        start, last = max(preschool, child.entry), date(preschool.year + 1, 6, 4)
        if rng.random() < 0.18 or not house.kind.care:
            start = max(start, date(preschool.year, 8, 11))
            self._stay(child, house, CareType.PRESCHOOL, DateRange(start, last))
            return
        self._stay(child, house, CareType.PRESCHOOL_DAYCARE, DateRange(start, last))
        if rng.random() < 0.8:
            self._stay(child, house, CareType.DAYCARE, DateRange(last + DAY, date(last.year, 7, 31)))

    def _daycare(self, child: Child, house: House, kind: CareType, period: DateRange) -> None:
        """Mostly one place; some children have come from another unit, and some will leave soon."""
        rng, day = self.rng, self.calendar.day
        moved = rng.random() < 0.06 and (day - period.start).days > 120 and day in period
        if moved:
            change = period.start + timedelta(days=rng.randint(60, (day - period.start).days - 20))
            self._stay(child, self.near(child.family, kind), kind, DateRange(period.start, change - DAY))
            period = DateRange(change, period.end)
        elif rng.random() < 0.012 and day in period:
            period = DateRange(period.start, min(period.last_day, day + timedelta(days=rng.randint(5, 40))))
        self._stay(child, house, kind, period)

    def _stay(self, child: Child, house: House, care_type: CareType, period: DateRange, option: str = "") -> Stay:
        """A place with its service need, which changes in the middle for some and is missing for a few."""
        id = self.rows.add(Placement, child_id=child.id, unit_id=house.id, care_type=care_type, start=period.start,
                           end=period.end)
        needs = self._needs(care_type, period, option)
        shift = ShiftCare.NONE
        if house.kind.shift:
            shift = self.rng.choices(list(ShiftCare), [45, 40, 15])[0]
        for span, key in needs:
            self.rows.add(ServiceNeedPeriod, placement_id=id, option=key, start=span.start, end=span.end,
                          shift_care=shift)
        stay = Stay(id, child, house, care_type, period, needs)
        self.stays.append(stay)
        self.of_child[child.id].append(stay)
        return stay

    def add(self, child: Child, house: House, option: str, period: DateRange) -> None:
        """One more place, that a decision has given."""
        self._stay(child, house, self.options[option].care_type, period, option)

    def _needs(self, care_type: CareType, period: DateRange, option: str) -> tuple[tuple[DateRange, str], ...]:
        rng, day = self.rng, self.calendar.day
        if not option and rng.random() < 0.012:
            return ()
        first = option or self.drawn_need(care_type)
        changes = not option and day in period and (day - period.start).days > 150 and rng.random() < 0.14
        second = self.drawn_need(care_type) if changes else first
        if second == first:
            return ((period, first),)
        change = add_months(day.replace(day=1), -rng.randint(0, 3))
        return (DateRange(period.start, change - DAY), first), (DateRange(change, period.end), second)

    def drawn_need(self, care_type: CareType) -> str:
        known = {key: share for key, share in NEEDS[care_type].items() if key in self.options}
        return self.rng.choices(list(known), list(known.values()))[0]

    # -- groups and adults --------------------------------------------------------------------------

    def group(self) -> None:
        """Every unit's children into its groups by age, a year of care at a time, and adults for them."""
        calendar = self.calendar
        last_year = DateRange(calendar.history, calendar.year_start - DAY)
        this_year = DateRange(calendar.year_start, None)
        by_house: dict[int, list[Stay]] = defaultdict(list)
        for stay in self.stays:
            by_house[stay.house.id].append(stay)
        for house in self.houses:
            amounts = {}
            full = Decimal(self.rng.choice(FULLNESS))
            for year, counted in ((last_year, last_year.last_day - timedelta(days=90)), (this_year, calendar.day)):
                stays = [stay for stay in by_house[house.id] if stay.period & year]
                slices = self._slices(house, stays, counted)
                for group, weight in zip(house.groups, self._grouped(house, stays, slices, year, counted), strict=True):
                    amounts[group, year.start] = Decimal(1) if house.kind.family else self._adults(weight, full)
            for group in house.groups:
                for year in (last_year, this_year):
                    self.rows.add(Caretakers, group_id=group, amount=amounts[group, year.start], start=year.start,
                                  end=year.end)

    def weight(self, stay: Stay, day: date) -> Decimal:
        """What a child takes of an adult's seven, as occupancy reckons it."""
        if stay.house.kind.family:
            return FAMILY_CARE
        option = self.options.get(stay.need_on(day) or "")
        option = option or default_need(self.options.values(), stay.care_type, day)
        if option is None:
            return Decimal(1)
        return option.under_3 if day < third_birthday(stay.child.born) else option.over_3

    def _slices(self, house: House, stays: list[Stay], day: date) -> list[date]:
        """The days of birth at which the unit's children are cut into groups of like weight, the eldest first."""
        there = sorted((stay for stay in stays if day in stay.period), key=lambda stay: stay.child.born)
        total = sum((self.weight(stay, day) for stay in there), Decimal(0))
        cuts, sum_so_far = [], Decimal(0)
        for stay, following in pairwise(there):
            sum_so_far += self.weight(stay, day)
            reached = total * (len(cuts) + 1) / len(house.groups)
            if len(cuts) < len(house.groups) - 1 and sum_so_far >= reached and following.child.born > stay.child.born:
                cuts.append(following.child.born)
        return cuts

    def _grouped(
        self, house: House, stays: Iterable[Stay], slices: list[date], year: DateRange, day: date
    ) -> list[Decimal]:
        """Write who is in which group; the weights of the groups on the day."""
        weights = [Decimal(0)] * len(house.groups)
        recent = self.calendar.day - timedelta(days=25)
        for stay in stays:
            at = sum(1 for cut in slices if stay.child.born >= cut)
            shared = stay.period & year
            assert shared is not None
            if day in stay.period:
                weights[at] += self.weight(stay, day)
            if stay.period.start >= recent and day in shared and self.rng.random() < 0.35:
                continue  # the director has still to find a group
            self.rows.add(GroupPlacement, placement_id=stay.id, group_id=house.groups[at], start=shared.start,
                          end=shared.end)
            if self.calendar.day in shared:
                self.group_of[stay.child.id] = house.groups[at]
                self._grouped_children[house.groups[at]].append(stay.child)
        return weights

    def circles(self) -> dict[int, list[tuple[tuple[int, ...], list[int]]]]:
        """By group those who share a conversation today: guardians, and all children who have just these."""
        found = {}
        for group, children in self._grouped_children.items():
            by_guardians: dict[tuple[int, ...], list[int]] = defaultdict(list)
            for child in children:
                by_guardians[child.guardians].append(child.id)
            found[group] = list(by_guardians.items())
        return found

    @staticmethod
    def _adults(weight: Decimal, full: Decimal) -> Decimal:
        """As many half adults as make the group nearly `full`, but neither under three quarters nor far over."""
        wanted = weight / (AN_ADULT * full)
        halves = max(round(wanted * 2), 1)
        while weight / (AN_ADULT * Decimal(halves) / 2) > Decimal("1.03"):
            halves += 1
        amount = Decimal(halves) / 2
        if weight / (AN_ADULT * amount) < Decimal("0.78"):  # a small group: quarters of an adult
            amount = Decimal(max(ceil(weight / (AN_ADULT * Decimal("1.03")) * 4), 1)) / 4
        return amount

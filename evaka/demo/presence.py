"""The last days in the units: children who came and went, adults with their shifts, notes, and a tablet each."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from random import Random

from evaka.actions.user import HASHER
from evaka.demo.families import Calendar
from evaka.demo.logins import SALT, Logins
from evaka.demo.places import Places
from evaka.demo.rows import Rows
from evaka.kit.dates import DAY
from evaka.models.base import HELSINKI
from evaka.models.presence import DayNote, Device, GroupNote, Presence, StickyNote
from evaka.models.staff import Shift, StaffMember, StaffPresence
from evaka.models.user import Grant, User
from evaka.rules.calendar import is_business_day
from evaka.rules.presence import Level

PIN = "2580"  # of everybody in the invented city
DAYS = 5  # of presence before today
WEEKS = 2  # of planned shifts from this Monday on
STICKIES = ("Uudet kurahousut naulakossa", "Isoäiti hakee perjantaina", "Nukkuu päiväunet omalla unilelulla",
            "Silmälasit mukana ulkoilussa", "Eväsretki torstaina: reppu mukaan")
DAY_WORDS = ("Rakensimme majan ja lauloimme.", "Metsäretkellä löytyi sammakko.", "Maalasimme vesiväreillä.",
             "Jumpassa harjoiteltiin kuperkeikkaa.")
GROUP_WORDS = ("Torstaina retki kirjastoon klo 9.30, heijastinliivit päälle.", "Valokuvaus ensi viikon tiistaina.",
               "Uusi sijainen aloittaa maanantaina.", "Pihan keinu on korjattavana, portti kiinni.")


class Present:
    """Draws by lots of its own; `away` are (child, day) of absences."""

    def __init__(self, rows: Rows, seed: int, calendar: Calendar) -> None:
        self.rows, self.rng, self.calendar = rows, Random(f"{seed} presence"), calendar
        days, day = [calendar.day] if is_business_day(calendar.day) else [], calendar.day - DAY
        while len(days) <= DAYS:
            if is_business_day(day):
                days.append(day)
            day -= DAY
        self.days = sorted(days)

    def write(self, places: Places, logins: Logins, away: set[tuple[int, date]]) -> None:
        self._children(places, away)
        self._adults(logins)
        self._groups(logins)

    def _children(self, places: Places, away: set[tuple[int, date]]) -> None:
        rng, today = self.rng, self.calendar.day
        for child, stays in places.of_child.items():
            group = places.group_of.get(child)
            for day in self.days:
                stay = next((one for one in stays if day in one.period), None)
                if stay is None or (child, day) in away or rng.random() < 0.03:
                    continue
                arrived = _clock(rng.randint(6 * 60 + 40, 9 * 60))
                left = _clock(rng.randint(14 * 60, 16 * 60 + 50))
                here = day < today or rng.random() < 0.82
                if here:
                    self.rows.add(Presence, child_id=child, unit_id=stay.house.id, group_id=group, day=day,
                                  arrived=arrived, left=left if day < today else None)
            if group is not None and rng.random() < 0.05:
                self.rows.add(StickyNote, child_id=child, text=rng.choice(STICKIES),
                              until=today + rng.randint(1, 6) * DAY)
            if group is not None and rng.random() < 0.06:
                self.rows.add(DayNote, child_id=child, text=rng.choice(DAY_WORDS), ate=rng.choice(list(Level)),
                              sleep=rng.choice(list(Level)), slept=rng.choice((30, 60, 90)), needs=[],
                              edited=self.calendar.now)
            self.rows.write_when_many("presence")

    def _adults(self, logins: Logins) -> None:
        """Everybody of the staff has a number, a PIN and shifts; those of the last days have come and gone."""
        pin, rng, today = HASHER.hash(PIN, salt=SALT), self.rng, self.calendar.day
        monday = today - timedelta(days=today.weekday())
        weeks = [monday + n * DAY for n in range(7 * WEEKS) if is_business_day(monday + n * DAY)]
        for n, (user, unit, group) in enumerate(logins.workers):
            self.rows.add(StaffMember, user_id=user, number=f"{10_000 + n}", pin=pin, coefficient=Decimal(7))
            early = n % 2 == 0
            for day in sorted({*weeks, *self.days}):
                start = _moment(day, time(7) if early else time(8, 45))
                self.rows.add(Shift, user_id=user, unit_id=unit, group_id=group, start=start,
                              finish=start + timedelta(hours=8))
                if day in self.days and rng.random() < 0.94:
                    came = start + timedelta(minutes=rng.randint(-4, 4))
                    went = start + timedelta(hours=8, minutes=rng.randint(-4, 4))
                    self.rows.add(StaffPresence, user_id=user, unit_id=unit, group_id=group, arrived=came,
                                  left=went if day < today else None, coefficient=Decimal(7))
            self.rows.write_when_many("shift")

    def _groups(self, logins: Logins) -> None:
        """A note in some groups, and in each unit a tablet that is in use."""
        rng, since = self.rng, self.calendar.day - timedelta(days=60)
        groups: dict[int, list[int]] = defaultdict(list)
        for _, unit, group in logins.workers:
            if group not in groups[unit]:
                groups[unit].append(group)
        for unit, some in groups.items():
            for group in some:
                if rng.random() < 0.4:
                    self.rows.add(GroupNote, group_id=group, text=rng.choice(GROUP_WORDS),
                                  until=self.calendar.day + rng.randint(2, 12) * DAY)
            name = f"Tabletti {unit}"
            user = self.rows.add(User, name=name, email=f"tabletti-{unit}@device", device=True,
                                 must_change_password=False, rights_changed=since)
            self.rows.add(Grant, user_id=user, role="tablet", unit_id=unit, start=since, end=None)
            self.rows.add(Device, unit_id=unit, user_id=user, name=name, paired=_moment(since, time(8)),
                          digest=sha256(f"demo {unit} {rng.random()}".encode()).hexdigest(),
                          seen=self.calendar.now - timedelta(hours=rng.randint(10, 14)),
                          agent="Mozilla/5.0 (Linux; Android 14) Chrome/130.0")


def _clock(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)


def _moment(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, HELSINKI)

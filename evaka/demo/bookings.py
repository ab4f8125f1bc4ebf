"""What families have booked: this week and the next ones, weeks that repeat, agreed hours, a holiday and talks."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random

from sqlalchemy import func, select

from evaka import city
from evaka.demo.families import Calendar
from evaka.demo.places import Places, Stay
from evaka.demo.rows import Rows
from evaka.demo.units import House
from evaka.kit.dates import DAY, DateRange
from evaka.models.base import HELSINKI, db
from evaka.models.booking import Booking, BookingPattern, FamilyNote, ServiceTimes
from evaka.models.calendar.event import DiscussionBooking, DiscussionTime, Event
from evaka.models.calendar.holiday_period import HolidayPeriod, Questionnaire, QuestionnaireOption
from evaka.models.person import Guardian
from evaka.rules.attendance import AbsenceKind, Reporter
from evaka.rules.booking import BookingPolicy, Pattern, Span, TimesKind, first_open_monday, monday_of
from evaka.rules.booking.lock import WEEK
from evaka.rules.calendar import is_business_day
from evaka.rules.calendar.event import EventKind
from evaka.rules.calendar.holiday_period import QuestionnaireKind
from evaka.rules.placement import ON_TERM_DAYS, CareType

OPEN_WEEKS = 2  # that are booked beyond the lock
SHORT = {CareType.DAYCARE_PART_TIME, CareType.TEMPORARY_PART_DAY}
ONE_IN = 9  # families has something to tell of a day
WORDS = ("Mummi hakee tänään klo 15.", "Tulemme vähän myöhässä, hammaslääkäri aamulla.", "Nukkui yöllä huonosti.",
         "Isä hakee, ei äiti.", "Uudet saappaat repussa.")
TALKS = 12  # units that ask families to talks


class Bookings:
    def __init__(self, rows: Rows, seed: int, calendar: Calendar) -> None:
        self.rows, self.rng, self.calendar = rows, Random(seed + 7), calendar
        rules = city.value("bookings", "rules", BookingPolicy)
        self.open = first_open_monday(datetime.combine(calendar.day, time(12), tzinfo=HELSINKI), rules)
        self.first = monday_of(calendar.day)
        self.last = self.open + OPEN_WEEKS * WEEK - DAY
        days = [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]
        self.booked_days = DateRange(self.first, self.last)
        self.days = [day for day in days if is_business_day(day)]

    def write(self, places: Places, away: set[tuple[int, date]]) -> None:
        for child, stays in places.of_child.items():
            booked = [stay for stay in stays if stay.care_type not in ON_TERM_DAYS and stay.period & self.booked_days]
            for stay in booked:
                self._book(child, stay, away, again=stay is not booked[0])
            self.rows.write_when_many("booking")

    def _book(self, child: int, stay: Stay, away: set[tuple[int, date]], *, again: bool) -> None:
        """Most families book the same hours each day, some not the open weeks yet; `again`: a next place."""
        rng = self.rng
        begins = time(rng.choice([7, 7, 8, 8, 8, 9]), rng.choice([0, 0, 15, 30, 45]))
        hours = rng.choice([4, 5]) if stay.care_type in SHORT else rng.choice([7, 8, 8, 9])
        minute = min(begins.hour * 60 + begins.minute + hours * 60, 16 * 60 + 45)
        span = Span(begins, time(*divmod(minute, 60)))
        weekdays = {1, 2, 3, 4, 5} if rng.random() < 0.8 else set(rng.sample([1, 2, 3, 4, 5], 4))
        repeats, late = rng.random() < 0.35, rng.random() < 0.15
        if repeats and not again:
            self.rows.add(BookingPattern, child_id=child, start=self.first, end=None,
                          week=Pattern.of([span], weekdays), filled_until=self.last)
        if rng.random() < 0.04 and not again:
            self.rows.add(ServiceTimes, child_id=child, start=stay.period.start, end=None, kind=TimesKind.REGULAR,
                          week=Pattern.of([span], {1, 2, 3, 4, 5}), generated_on=None)
        for day in self.days:
            if day not in stay.period or day.isoweekday() not in weekdays or (child, day) in away:
                continue
            if late and not repeats and day >= self.open:
                continue
            self.rows.add(Booking, child_id=child, day=day, begins=span.begins, ends=span.ends,
                          made_by=Reporter.GUARDIAN)

    def notes(self) -> None:
        """What some families let the group know of the next day of care."""
        day = next((one for one in self.days if one >= self.calendar.day), self.days[-1])
        carers = db.session.execute(
            select(Booking.child_id, func.min(Guardian.guardian_id)).join(
                Guardian, Guardian.child_id == Booking.child_id).where(Booking.day == day, ~Guardian.blocked)
            .group_by(Booking.child_id).order_by(Booking.child_id)).all()
        for n, (child, person) in enumerate(carers[::ONE_IN]):
            self.rows.add(FamilyNote, child_id=child, day=day, text=WORDS[n % len(WORDS)], person_id=person,
                          written_at=self.calendar.now)

    def calendar_of_the_city(self) -> None:
        """The next holiday that families answer for, and the summer's question."""
        day, at = self.calendar.day, self.calendar.now
        start = monday_of(day + 5 * WEEK)
        self.rows.add(HolidayPeriod, start=start, end=start + 13 * DAY, opens=day - WEEK, closes=day + 2 * WEEK,
                      made_at=at)
        asked = self.rows.add(
            Questionnaire, start=day - DAY, end=day + 3 * WEEK, kind=QuestionnaireKind.FIXED,
            absence_kind=AbsenceKind.FREE, title_fi="Maksuton kesäaika", title_sv="Avgiftsfri sommar",
            title_en="Summer free of charge",
            description_fi="Valitse neljän viikon jakso, jolloin lapsi on poissa. Jakso on maksuton.",
            description_sv="Välj en period på fyra veckor då barnet är borta. Perioden är avgiftsfri.",
            description_en="Choose four weeks during which the child is away. They are free of charge.",
            placed_start=None, placed_end=None, threshold_days=None)
        year = day.year + (day.month > 5)
        for month, first in ((6, 7), (7, 5)):
            begins = monday_of(date(year, month, first))
            self.rows.add(QuestionnaireOption, questionnaire_id=asked, start=begins, end=begins + 27 * DAY)

    def talks(self, houses: list[House], places: Places) -> None:
        """Some units ask families to a talk, and some families have chosen a time."""
        day = monday_of(self.calendar.day + 2 * WEEK)
        children: dict[int, list[int]] = {}
        for child, stays in places.of_child.items():
            for stay in stays:
                if day in stay.period:
                    children.setdefault(stay.house.id, []).append(child)
        for house in houses[:TALKS]:
            event = self.rows.add(
                Event, unit_id=house.id, start=day, end=day + 4 * DAY, kind=EventKind.DISCUSSION,
                title="Varhaiskasvatuskeskustelut", description="Valitse aika keskustelulle lapsen suunnitelmasta.",
                made_at=self.calendar.now, told_at=self.calendar.now)
            takers = iter(children.get(house.id, ())[1::4])
            for on in (day, day + 2 * DAY):
                for n in range(4):
                    slot = self.rows.add(DiscussionTime, event_id=event, day=on, begins=time(13 + n, 0),
                                         ends=time(13 + n, 45))
                    child = next(takers, None) if n % 2 else None
                    if child is not None:
                        self.rows.add(DiscussionBooking, time_id=slot, event_id=event, child_id=child,
                                      booked_at=self.calendar.now, reminded_at=None)
            self.rows.add(
                Event, unit_id=house.id, start=day + 3 * DAY, end=day + 3 * DAY, kind=EventKind.EVENT,
                title="Metsäretki", description="Eväät ja sään mukaiset vaatteet mukaan.",
                made_at=self.calendar.now, told_at=self.calendar.now)

"""Holiday periods and questionnaires: when families say beforehand who stays away.

A holiday has three phases: families cannot answer yet, they say who comes and who does not, and afterwards they tell
the times of those who come.  Who had no place while it was open is not bound by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Refused

NOTICE = timedelta(weeks=4)  # from making a holiday to its first day
LONGEST = timedelta(weeks=15)


class Phase(StrEnum):
    """Of a holiday on a day, for a child; NONE where no holiday binds it."""

    NONE = "none"
    NOT_YET = "not_yet"
    OPEN = "open"
    CLOSED = "closed"


class QuestionnaireKind(StrEnum):
    """One of the given periods is chosen, or own days are told within one period."""

    FIXED = "fixed"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Holiday:
    """Its days, and from when to when families answer."""

    period: DateRange
    opens: date
    closes: date

    def phase(self, today: date) -> Phase:
        if today < self.opens:
            return Phase.NOT_YET
        return Phase.OPEN if today <= self.closes else Phase.CLOSED

    def binds(self, places: Iterable[DateRange]) -> bool:
        """Whether a child with these places had a chance to answer."""
        asked = DateRange(self.opens, self.closes)
        return any(place & asked for place in places)


def phase_of(holidays: Iterable[Holiday], day: date, places: Iterable[DateRange], today: date) -> Phase:
    """The phase of the holiday to which a day belongs, for a child with these places."""
    met = next((one for one in holidays if day in one.period), None)
    return met.phase(today) if met is not None and met.binds(places) else Phase.NONE


def check_holiday(holiday: Holiday, today: date) -> None:
    """A holiday is made four weeks beforehand at least, is answered before it begins, and ends some day."""
    if holiday.period.start < today + NOTICE:
        raise Refused("holiday_period.too_soon", first=today + NOTICE)
    if holiday.closes < holiday.opens:
        raise Refused("holiday_period.closes_first", opens=holiday.opens, closes=holiday.closes)
    if holiday.closes > holiday.period.start:
        raise Refused("holiday_period.closes_late", start=holiday.period.start)
    if holiday.period.last_day - holiday.period.start >= LONGEST:
        raise Refused("holiday_period.too_long", weeks=LONGEST.days // 7)


@dataclass(frozen=True, slots=True)
class Question:
    """A questionnaire as the rule sees it: when it is answered, the periods that may be chosen."""

    kind: QuestionnaireKind
    active: DateRange
    options: tuple[DateRange, ...]
    threshold_days: int = 0
    placed: DateRange | None = None


def may_answer(question: Question, places: Iterable[DateRange], today: date) -> bool:
    """Whether the family of a child with these places (those that are invoiced) is asked."""
    held = joined(places)
    if today not in question.active:
        return False
    if question.placed is not None and not any(question.placed & one == question.placed for one in held):
        return False
    if question.kind is QuestionnaireKind.OPEN:
        near = DateRange(today, today + timedelta(days=30))
        return any(one & near for one in held)
    return bool(choices(question, held))


def choices(question: Question, places: Iterable[DateRange]) -> list[DateRange]:
    """The periods that lie wholly within the child's care."""
    held = joined(places)
    return [option for option in question.options if any(option & one == option for one in held)]


def joined(places: Iterable[DateRange]) -> list[DateRange]:
    """Places that follow one another without a day between, as one."""
    found: list[DateRange] = []
    for place in sorted(places, key=lambda one: one.start):
        if found and found[-1].last_day >= place.start - DAY:
            found[-1] = DateRange(found[-1].start, None if found[-1].end is None else place.end)
        else:
            found.append(place)
    return found


def check_answer(question: Question, periods: list[DateRange], places: Iterable[DateRange]) -> None:
    """One of the periods, or own ones within the period that do not meet; none at all says that the child comes."""
    if question.kind is QuestionnaireKind.FIXED:
        if len(periods) > 1 or any(one not in choices(question, places) for one in periods):
            raise Refused("holiday_period.not_offered")
        return
    whole = question.options[0]
    for one in periods:
        if whole & one != one:
            raise Refused("holiday_period.outside", period=one, whole=whole)
    ordered = sorted(periods, key=lambda one: one.start)
    for n, one in enumerate(ordered[1:]):
        if ordered[n] & one:
            raise Refused("holiday_period.own_overlap", first=ordered[n], second=one)


def is_free(question: Question, period: DateRange) -> bool:
    """Whether an answered period is the questionnaire's own kind of absence: own days must last long enough."""
    days = (period.last_day - period.start).days + 1
    return question.kind is QuestionnaireKind.FIXED or days >= question.threshold_days

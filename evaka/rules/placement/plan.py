"""Planning a place: its days by rule, what speaks against it, and how long a unit may think it over.

Law: Act on Early Childhood Education and Care (540/2018), 8 § (language), 12 § and 13 § (care when the guardians
work), 17 §; Basic Education Act (628/1998), 4 §, 26 a § (pre-primary education lasts a school year).  How hard each
rule is, is the city's choice: [bars] of placements.toml.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from evaka.kit.dates import DateRange, Timeline
from evaka.kit.errors import Refused
from evaka.rules.application import ApplicationKind
from evaka.rules.calendar import Term, next_business_day
from evaka.rules.placement import (
    CONNECTED_DAYCARE,
    PREPARATORY_TYPES,
    PRESCHOOL_TYPES,
    CareType,
    Offer,
    PlanPolicy,
    ServiceNeed,
    misfits,
    planned_period,
    without,
)

LAST_OF_CONNECTED = 7, 31  # care around pre-primary education goes on until the end of July


class Severity(StrEnum):
    """What a thing that speaks against a place does: it is refused, needs a reason in writing, or is only told."""

    REFUSE = "refuse"
    REASON = "reason"
    TELL = "tell"


@dataclass(frozen=True, slots=True)
class Bars:
    """[bars] of placements.toml: how hard each thing is that may speak against a place.

    A unit that is not open, or that does not give such care at all, is no matter of judgement in any city.
    """

    no_shift_care: Severity = Severity.REFUSE
    other_language: Severity = Severity.REASON
    not_applied_for: Severity = Severity.TELL
    no_seat: Severity = Severity.REASON
    overfull: Severity = Severity.TELL

    def of(self, no: Refused) -> Severity:
        """placement.no_seat is as hard as `no_seat` says; what the city has no say in is refused."""
        return Severity(getattr(self, no.key.rpartition(".")[2], Severity.REFUSE))


@dataclass(frozen=True, slots=True)
class Wish:
    """What a family asks for, as far as it binds: `languages` are those of the units it has named, any when empty."""

    kind: ApplicationKind
    care_type: CareType
    shift_care: bool = False
    languages: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Room:
    """What a unit has besides: when its places are applied for (None: they are not), and how many seats are left.

    `applied` has a period by kind of application.  `seats` is the smallest number of children that the building still
    takes on a day of the place, None where no limit is known; `worst` is the highest occupancy with the child in
    percent, as it is written, when that is above the full.
    """

    applied: Mapping[ApplicationKind, DateRange | None]
    seats: int | None = None
    worst: str | None = None


def bars(period: DateRange, wish: Wish, unit: Offer, room: Room) -> list[Refused]:
    """Everything that speaks against a place, hard or soft, in the order in which it is told."""
    asked = wish.languages and unit.language not in wish.languages
    language = min(wish.languages) if asked else None
    found = misfits(period, wish.care_type, unit, shift_care=wish.shift_care, language=language)
    applied = room.applied.get(wish.kind)
    if applied is None or period.start not in applied:
        found.append(Refused("placement.not_applied_for", unit=unit.name, start=period.start, applied=applied))
    if room.seats is not None and room.seats < 1:
        found.append(Refused("placement.no_seat", unit=unit.name, over=1 - room.seats))
    if room.worst is not None:
        found.append(Refused("placement.overfull", unit=unit.name, worst=room.worst))
    return found


def check_bars(found: Iterable[Refused], policy: Bars, despite: str) -> None:
    """Refuses a place for the first thing that is refused; one that needs a reason may be given one."""
    found = list(found)
    for no in found:
        if policy.of(no) is Severity.REFUSE:
            raise no
    asking = [no for no in found if policy.of(no) is Severity.REASON]
    if asking and not despite.strip():
        raise Refused("placement.reason_needed", why=asking)


def wanted_care(
    kind: ApplicationKind, need: ServiceNeed | None, *, preparatory: bool = False, connected: bool = False
) -> CareType:
    """Which care an application asks for; `need` is the option it names, which says more than the kind does."""
    if kind is ApplicationKind.CLUB:
        return CareType.CLUB
    if kind is ApplicationKind.PRESCHOOL:
        own = PREPARATORY_TYPES if preparatory else PRESCHOOL_TYPES
        if connected:
            named = need is not None and need.care_type in own & CONNECTED_DAYCARE
            return need.care_type if need is not None and named else _AROUND[preparatory]
        return CareType.PREPARATORY if preparatory else CareType.PRESCHOOL
    return need.care_type if need is not None else CareType.DAYCARE


_AROUND = {False: CareType.PRESCHOOL_DAYCARE, True: CareType.PREPARATORY_DAYCARE}


# -- the days -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a place; the care around pre-primary education has days of its own."""

    period: DateRange
    daycare: DateRange | None = None

    @property
    def whole(self) -> DateRange:
        """From the first day of any of it to the last."""
        spans = [self.period, *([self.daycare] if self.daycare else [])]
        return DateRange(min(span.start for span in spans), max(span.last_day for span in spans))


def planned_days(
    care_type: CareType,
    born: date,
    start: date,
    policy: PlanPolicy,
    terms: Timeline[Term],
    *,
    today: date,
    connected_start: date | None = None,
) -> Days:
    """The days that are proposed: pre-primary education lasts its term, other care as `planned_period` says.

    The care around it begins when the family asks and goes on to the end of July.  Without a term on the first day or
    after it within the year, refuses: the city has not published that school year yet.
    """
    own = care_type in PRESCHOOL_TYPES | PREPARATORY_TYPES
    if not own:
        return Days(planned_period(born, start, policy, today=today))
    first = max(start, today)
    term = next((term for span, term in terms.spans if span.last_day >= first), None)
    if term is None:
        raise Refused("placement.no_term", start=first)
    period = DateRange(max(first, term.valid.start), term.valid.end)
    if care_type not in CONNECTED_DAYCARE:
        return Days(period)
    last = max(date(period.last_day.year, *LAST_OF_CONNECTED), period.last_day)
    return Days(period, DateRange(min(max(connected_start or first, today), period.last_day), last))


def check_asked(period: DateRange, *, received: date | None, wished: date | None) -> None:
    """Refuses a place that begins before anybody had asked for one: the day it came, or the wished start if earlier."""
    asked = min((day for day in (received, wished) if day is not None), default=None)
    if asked is not None and period.start < asked:
        raise Refused("placement.before_asked", start=period.start, asked=asked)


def check_days(care_type: CareType, days: Days, terms: Timeline[Term]) -> None:
    """Pre-primary education lies within a term, and the care around it shares a day with it."""
    connected = care_type in CONNECTED_DAYCARE
    if connected and days.daycare is None:
        raise Refused("placement.daycare_missing")
    if not connected and days.daycare is not None:
        raise Refused("placement.daycare_without_preschool", care_type=care_type)
    if care_type in PRESCHOOL_TYPES | PREPARATORY_TYPES:
        running = [span for span, _ in terms.spans if span & days.period]
        if not any(span & days.period == days.period for span in running):
            raise Refused("placement.outside_term", period=days.period, terms=running)
    if days.daycare is not None and not days.daycare & days.period:
        raise Refused("placement.daycare_apart", daycare=days.daycare, period=days.period)


def free_part(care_type: CareType) -> CareType:
    """The free education to which connected care belongs."""
    return CareType.PREPARATORY if care_type in PREPARATORY_TYPES else CareType.PRESCHOOL


def parts(care_type: CareType, days: Days) -> list[tuple[CareType, DateRange]]:
    """What a planned place is from day to day: with the care around it, or the free education alone."""
    if days.daycare is None:
        return [(care_type, days.period)]
    alone = [(free_part(care_type), left) for left in without(days.period, days.daycare)]
    return sorted([(care_type, days.daycare), *alone], key=lambda part: part[1].start)


# -- asking the unit ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProposalPolicy:
    """[proposal] of placements.toml: how many days a director has, and how many before the last one is reminded."""

    answer_days: int = 7
    remind_days: int = 2

    def __post_init__(self) -> None:
        if not 0 <= self.remind_days <= self.answer_days:
            raise ValueError(
                f"remind_days {self.remind_days} is not within answer_days {self.answer_days}", "Remind before the end."
            )


def answer_by(asked: date, policy: ProposalPolicy) -> date:
    """The last day on which a director answers, a business day."""
    return next_business_day(asked + timedelta(days=policy.answer_days))


@dataclass(frozen=True, slots=True)
class DeclineReason:
    """One of the city's reasons for which a unit may say no; `name` is by language, `explained`: it needs words."""

    key: str
    name: Mapping[str, str]
    explained: bool = False


def check_decline(reason: DeclineReason, words: str) -> None:
    """A reason that says little by itself is explained."""
    if reason.explained and not words.strip():
        raise Refused("placement.explain_decline", reason=reason.name)

"""What becomes of a day when somebody books it, tells an absence, or clears it.

One road for guardians and staff: what may be asked, what is taken away, what is written.  Law: Act on Early Childhood
Education and Care (540/2018) 12 §, and the city's own terms of booking.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from evaka.kit.errors import Refused
from evaka.rules.attendance import AbsenceCategory, AbsenceKind, Reporter, categories, may_replace
from evaka.rules.booking.parts import BILLABLE, parts_missed
from evaka.rules.booking.span import Day, Span
from evaka.rules.calendar.holiday_period import Phase
from evaka.rules.placement import CareType


class Ask(StrEnum):
    """What is asked for a day: these times, that the child comes, that it is away, that it comes after all as it was
    booked, or that nothing is known."""

    TIMES = "times"
    PRESENT = "present"
    AWAY = "away"
    AFTER_ALL = "after_all"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Asked:
    ask: Ask
    spans: Day = ()
    kind: AbsenceKind = AbsenceKind.OTHER  # of being away


@dataclass(frozen=True, slots=True)
class Noted:
    """An absence that is written already; `answered` when it comes from a questionnaire."""

    kind: AbsenceKind
    by: Reporter
    answered: bool = False


@dataclass(frozen=True, slots=True)
class DayFacts:
    """What is known of a child on a day that has a place.

    `has_care` is whether the child may have care that day, `always` that it may at any hour (shift care now and then),
    `hours` from when to when the unit is open for it.  `in_window`: families may still change the day.  `planned`:
    being away in time is a planned absence.  `fixed`: care follows the term, nothing is booked.
    """

    day: date
    care_type: CareType
    has_care: bool = True
    always: bool = False
    hours: Span | None = None
    in_window: bool = True
    opened: bool = True  # the unit uses bookings
    planned: bool = False
    fixed: bool = False
    teaching: Span | None = None
    in_term: bool = True
    phase: Phase = Phase.NONE
    booked: tuple[Span | None, ...] = ()  # None: comes, times not told
    absences: Mapping[AbsenceCategory, Noted] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the day is afterwards, and which absences are new.  `skipped` names the sentence that says why nothing of
    what was asked was done."""

    booked: tuple[Span | None, ...]
    absences: Mapping[AbsenceCategory, Noted]
    skipped: str = ""


def after(asked: Asked, facts: DayFacts, by: Reporter, today: date) -> Outcome:
    """The day as it is after what was asked.  Raises Refused for what may not be asked of it at all."""
    unchanged = Outcome(facts.booked, facts.absences)
    _check_when(asked, facts, by, today)
    if facts.phase is Phase.NOT_YET:
        return Outcome(facts.booked, facts.absences, "booking.holiday_not_open")
    if not facts.has_care:
        return unchanged if asked.ask is Ask.AWAY else Outcome((), facts.absences, "booking.no_care")
    asked = _within_holiday(asked, facts, by)
    if facts.fixed and asked.ask in (Ask.TIMES, Ask.PRESENT):
        asked = Asked(Ask.NOTHING)
    if asked.ask is Ask.PRESENT and facts.phase is Phase.NONE:
        raise Refused("booking.times_missing", day=facts.day)
    if asked.ask is Ask.AWAY:
        return _away(asked, facts, by)
    kept = {part: one for part, one in facts.absences.items() if not removable(one, by, facts.in_window)}
    if asked.ask is Ask.AFTER_ALL:
        spans = tuple(one for one in facts.booked if one is not None)
        return Outcome(facts.booked, kept or (_missed(spans, facts, by) if spans else {}),
                       "booking.marked_away" if kept else "")
    if asked.ask is Ask.NOTHING:
        return Outcome((), kept)
    if not facts.opened:
        return Outcome((), kept, "booking.not_opened")
    if kept:  # what the unit has marked stands, and so nothing is booked
        return Outcome((), kept, "booking.marked_away")
    if asked.ask is Ask.PRESENT:
        return Outcome((None,), {})
    _check_hours(asked.spans, facts)
    return Outcome(asked.spans, _missed(asked.spans, facts, by))


def _missed(spans: Day, facts: DayFacts, by: Reporter) -> dict[AbsenceCategory, Noted]:
    """The parts of the day that follow from times."""
    missed = parts_missed(facts.care_type, spans, teaching=facts.teaching, in_term=facts.in_term) or ()
    return {part: Noted(_kind(part, AbsenceKind.OTHER, facts), by) for part in sorted(missed)}


def removable(noted: Noted, by: Reporter, in_window: bool) -> bool:
    """Whether somebody may take away an absence: the unit any; a guardian those that guardians have told."""
    if by in (Reporter.STAFF, Reporter.OFFICE):
        return True
    return not noted.answered and may_replace(noted.kind, reported_by=noted.by, by=by, in_time=in_window)


def _check_when(asked: Asked, facts: DayFacts, by: Reporter, today: date) -> None:
    if by in (Reporter.STAFF, Reporter.OFFICE):
        return
    if facts.day < today:
        raise Refused("booking.day_has_passed", day=facts.day)
    stands = asked.ask is Ask.AFTER_ALL and facts.booked
    if asked.ask is not Ask.AWAY and not facts.in_window and not stands:
        raise Refused("booking.locked", day=facts.day)


def _within_holiday(asked: Asked, facts: DayFacts, by: Reporter) -> Asked:
    """Before the last day to answer nobody books times; afterwards only who has said that the child comes."""
    if facts.phase is Phase.OPEN and asked.ask is Ask.TIMES:
        return Asked(Ask.PRESENT)
    if facts.phase is not Phase.CLOSED or asked.ask is Ask.AWAY or (asked.ask is Ask.AFTER_ALL and facts.booked):
        return asked
    if asked.ask is Ask.PRESENT:
        raise Refused("booking.times_missing", day=facts.day)
    if by in (Reporter.STAFF, Reporter.OFFICE):
        return asked
    if asked.ask is Ask.NOTHING or not facts.booked or facts.absences:
        raise Refused("booking.holiday_closed", day=facts.day)
    return asked


def _away(asked: Asked, facts: DayFacts, by: Reporter) -> Outcome:
    """Every part of the day; a booking that is locked stays below it."""
    found: dict[AbsenceCategory, Noted] = {}
    for part in sorted(categories(facts.care_type)):
        before = facts.absences.get(part)
        if before is None or removable(before, by, facts.in_window):
            found[part] = Noted(_kind(part, asked.kind, facts), by)
        else:
            found[part] = before
    skipped = "booking.marked_away" if all(facts.absences.get(part) is one for part, one in found.items()) else ""
    return Outcome(() if facts.in_window else facts.booked, found, skipped)


def _kind(part: AbsenceCategory, kind: AbsenceKind, facts: DayFacts) -> AbsenceKind:
    """Away in time from care of which days or hours a month were agreed is planned, and uses nothing of them."""
    planned = kind is AbsenceKind.OTHER and part is BILLABLE and facts.planned and facts.in_window
    return AbsenceKind.PLANNED if planned else kind


def _check_hours(spans: Day, facts: DayFacts) -> None:
    if facts.always:
        return
    for span in spans:
        if facts.hours is None or span.begins < facts.hours.begins or span.ends > facts.hours.ends:
            hours = facts.hours.words if facts.hours else "–"
            raise Refused("booking.outside_hours", day=facts.day, asked=span.words, hours=hours)

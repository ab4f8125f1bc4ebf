"""Which parts of a day a child is away from, told by the times for which it is booked or was there.

Law: Act on Client Fees in Early Childhood Education (1503/2016), 11 §: what is not used is told by part of the day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time

from evaka.rules.attendance import AbsenceCategory
from evaka.rules.booking.span import LAST_MINUTE, MIDNIGHT, Span, minutes, shared
from evaka.rules.placement import CONNECTED_DAYCARE, PREPARATORY_TYPES, PRESCHOOL_TYPES, CareType

BILLABLE, NONBILLABLE = AbsenceCategory.BILLABLE, AbsenceCategory.NONBILLABLE
LEAST = 15  # minutes that make a part of a day
LEAST_TEACHING = 60
FREE_HOURS = 240  # minutes a day that are free for a five-year-old
PRESCHOOL_HOURS = Span(time(9), time(13))
PREPARATORY_HOURS = Span(time(9), time(14))
FIVE_YEAR_OLDS = frozenset({CareType.DAYCARE_5YO, CareType.DAYCARE_PART_TIME_5YO})
ONLY_TEACHING = frozenset({CareType.PRESCHOOL, CareType.PREPARATORY})


def teaching_hours(care_type: CareType, given: Span | None) -> Span | None:
    """The free hours of education in a place, those of the unit (`given`) if it has told them; None: none."""
    if care_type not in PRESCHOOL_TYPES | PREPARATORY_TYPES:
        return None
    return given or (PREPARATORY_HOURS if care_type in PREPARATORY_TYPES else PRESCHOOL_HOURS)


def parts_missed(
    care_type: CareType, spans: Iterable[Span], *, teaching: Span | None, in_term: bool
) -> frozenset[AbsenceCategory] | None:
    """The parts of a day that are missed by a child with these times; None when times say nothing of it.

    `teaching` are the unit's hours of education, None where it has told none; `in_term` is False on breaks.
    """
    held, found = tuple(spans), set()
    hours = teaching_hours(care_type, teaching)
    if hours is None:
        if care_type is CareType.CLUB:
            return None
        total = minutes(held)
        if care_type is CareType.SCHOOL_SHIFT_CARE:
            return frozenset({NONBILLABLE} if total < LEAST else ())
        if care_type in FIVE_YEAR_OLDS:
            found |= {NONBILLABLE} if total < LEAST else set()
            return frozenset(found | ({BILLABLE} if total < FREE_HOURS + LEAST else set()))
        return frozenset({BILLABLE} if total < LEAST else ())
    if care_type in ONLY_TEACHING and not in_term:
        return None
    if not in_term:
        return frozenset({BILLABLE} if minutes(held) < LEAST else ())
    if shared(held, hours) < LEAST_TEACHING:
        found.add(NONBILLABLE)
    if care_type in CONNECTED_DAYCARE:
        before = shared(held, Span(MIDNIGHT, hours.begins)) if hours.begins > MIDNIGHT else 0
        after = shared(held, Span(hours.ends, LAST_MINUTE)) if hours.ends < LAST_MINUTE else 0
        if before < LEAST and after < LEAST:
            found.add(BILLABLE)
    return frozenset(found)

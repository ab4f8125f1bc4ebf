"""Another service need, asked for by the family and granted by the unit.

Law: Act on Early Childhood Education and Care (540/2018), 12 § (the extent of care follows the need).
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.kit.workflow import Workflow
from evaka.rules.placement import CareType


class NeedChangeStatus(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CANCELLED = "cancelled"


NEED_CHANGE = Workflow[NeedChangeStatus](
    accept=({NeedChangeStatus.OPEN}, NeedChangeStatus.ACCEPTED),
    decline=({NeedChangeStatus.OPEN}, NeedChangeStatus.DECLINED),
    cancel=({NeedChangeStatus.OPEN}, NeedChangeStatus.CANCELLED),
)


PAIRS = (
    frozenset({CareType.DAYCARE, CareType.DAYCARE_PART_TIME}),
    frozenset({CareType.DAYCARE_5YO, CareType.DAYCARE_PART_TIME_5YO}),
)


def kinds_for(care_type: CareType) -> frozenset[CareType]:
    """The kinds of care whose needs may be asked for with a place: its own, and the other extent of day care."""
    return next((pair for pair in PAIRS if care_type in pair), frozenset({care_type}))


def check_start(start: date, place: DateRange, today: date) -> None:
    """Another need begins today at the earliest, and while the child has the place."""
    if start < today:
        raise Refused("need_change.has_passed", start=start, today=today)
    if start not in place:
        raise Refused("placement.need_outside_place", period=DateRange(start, start), place=place)

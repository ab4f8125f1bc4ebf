"""Units: what they are, how full they are, how a percentage came to be, and how much room there is."""

from evaka.rules.unit.occupancy import Explanation, Figures, Line, explain, merged, occupancy
from evaka.rules.unit.presence import Moment, Presence, adults_present, through_the_day
from evaka.rules.unit.room import MonthOfRoom, months, peak, room, with_applicant
from evaka.rules.unit.rows import (
    BackupCare,
    Commitment,
    Group,
    Key,
    Need,
    OccupancyKind,
    Options,
    Place,
    Provider,
    Rows,
    Stay,
)
from evaka.rules.unit.weight import AN_ADULT, Scale, Weight, third_birthday

__all__ = [
    "AN_ADULT",
    "BackupCare",
    "Commitment",
    "Explanation",
    "Figures",
    "Group",
    "Key",
    "Line",
    "Moment",
    "MonthOfRoom",
    "Need",
    "OccupancyKind",
    "Options",
    "Place",
    "Presence",
    "Provider",
    "Rows",
    "Scale",
    "Stay",
    "Weight",
    "adults_present",
    "explain",
    "merged",
    "months",
    "occupancy",
    "peak",
    "room",
    "third_birthday",
    "through_the_day",
    "with_applicant",
]

"""A child's day in a unit: what is tapped, what a tile shows, and what the night does with what was left open."""

from __future__ import annotations

from enum import StrEnum


class Tapped(StrEnum):
    """What somebody did to a child's presence, on a tablet or in the office."""

    ARRIVE = "arrive"
    LEAVE = "leave"
    UNDO_ARRIVE = "undo_arrive"
    UNDO_LEAVE = "undo_leave"
    ABSENT = "absent"
    UNDO_ABSENT = "undo_absent"
    CORRECT = "correct"


class Level(StrEnum):
    """How a child has eaten or slept."""

    GOOD = "good"
    MEDIUM = "medium"
    NONE = "none"


class Need(StrEnum):
    """What is to be brought from home."""

    DIAPERS = "diapers"
    SPARE_CLOTHES = "spare_clothes"
    LAUNDRY = "laundry"

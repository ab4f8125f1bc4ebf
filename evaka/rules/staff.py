"""The time of the adults: its kinds, what a plan does to a sign-in, and how many children there are to an adult."""

from __future__ import annotations

from enum import StrEnum


class StaffKind(StrEnum):
    """What somebody does at work; the first three count among the children."""

    PRESENT = "present"
    OVERTIME = "overtime"
    JUSTIFIED_CHANGE = "justified_change"
    OTHER_WORK = "other_work"
    TRAINING = "training"
    SICKNESS = "sickness"
    CHILD_SICKNESS = "child_sickness"

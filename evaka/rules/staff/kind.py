"""The kinds of time, and what a city allows of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from evaka.rules.unit.presence import WITH_CHILDREN


class StaffKind(StrEnum):
    """What somebody does at work; the first three count among the children and have a group."""

    PRESENT = "present"
    OVERTIME = "overtime"
    JUSTIFIED_CHANGE = "justified_change"
    OTHER_WORK = "other_work"
    TRAINING = "training"
    SICKNESS = "sickness"
    CHILD_SICKNESS = "child_sickness"

    @property
    def in_group(self) -> bool:
        return self.value in WITH_CHILDREN


AWAY = frozenset(kind for kind in StaffKind if not kind.in_group)


@dataclass(frozen=True, slots=True)
class PlanPolicy:
    """[sign_in] of staff.toml.

    `kinds` are those that the city uses beside plain presence.  Within `drift_minutes` of the plan somebody is on
    time; `window_minutes` is how far from now a time may be told; a plan holds for who comes within `plan_hours`;
    after `longest_hours` an open row is ended.
    """

    kinds: frozenset[StaffKind]
    drift_minutes: int
    window_minutes: int
    plan_hours: int
    longest_hours: int

    @property
    def drift(self) -> timedelta:
        return timedelta(minutes=self.drift_minutes)

    @property
    def longest(self) -> timedelta:
        return timedelta(hours=self.longest_hours)

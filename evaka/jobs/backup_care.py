"""Back-up care follows the child's own place: where that has ended or moved, so does the care elsewhere."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select

from evaka.access import Actor
from evaka.actions import backup_care
from evaka.jobs.job import Job


def outside(by: Actor) -> Select[Any]:
    """The children whose back-up care reaches out of their places."""
    return backup_care.outside(by.today)


FIT = Job("backup_care.fit", outside, backup_care.refit)

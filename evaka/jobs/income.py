"""Income that ends: families are reminded in steps, and when nothing comes the income lapses."""

from __future__ import annotations

from evaka.access import Actor
from evaka.actions.income import notice
from evaka.jobs.job import Job


def remind(ids: list[int], by: Actor) -> None:
    notice.remind(ids, by)


REMIND = Job("income.remind", notice.candidates, remind, batch=100)

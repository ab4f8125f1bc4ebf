"""Proposals of places that nobody answers: the directors are reminded before the last day and once it has passed."""

from __future__ import annotations

from evaka.access import Actor
from evaka.actions.placement import proposal
from evaka.jobs.job import Job


def remind(ids: list[int], by: Actor) -> None:
    proposal.remind(ids, by)


REMIND_DIRECTORS = Job("placement.remind", proposal.to_remind, remind, batch=200)

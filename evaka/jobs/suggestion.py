"""Reckon the suggestions that wait: kept in one transaction each, so a run that was killed has left nothing behind."""

from __future__ import annotations

import logging

from sqlalchemy import Select, select

from evaka.access import Actor
from evaka.actions import suggestion as act
from evaka.jobs.job import Job, reading
from evaka.kit.errors import Refused
from evaka.models.base import db, transaction
from evaka.models.suggestion import Suggestion
from evaka.rules.suggestion import SuggestionStatus

log = logging.getLogger(__name__)


def waiting(by: Actor) -> Select[tuple[int]]:
    return select(Suggestion.id).where(Suggestion.status == SuggestionStatus.WAITING).order_by(Suggestion.id)


def reckon(id: int, by: Actor) -> None:
    """One suggestion; what is the matter with it is kept with it, and the next one goes on."""
    try:
        with reading(), transaction():  # the long part holds up nobody who writes
            found = act.reckon(db.session.get_one(Suggestion, id), by)
        if found is not None:
            act.keep(db.session.get_one(Suggestion, id), found, by)
    except Exception as no:
        db.session.rollback()
        log.error("suggestion %d could not be reckoned", id, exc_info=no)
        act.fail(db.session.get_one(Suggestion, id), no.key if isinstance(no, Refused) else type(no).__name__, by)


RECKON_SUGGESTION = Job(act.RECKON, waiting, reckon)

"""What happens to applications when nobody looks: proof is asked for, old drafts go, overtaken transfers end."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import Select, exists, or_, select

from evaka.access import Actor
from evaka.actions import application as act
from evaka.actions import record
from evaka.actions.application import guardian
from evaka.actions.application.known import places_of, policy
from evaka.jobs.job import Job
from evaka.kit.dates import DAY
from evaka.models.application import Application
from evaka.models.application.attachment import Attachment
from evaka.models.base import HELSINKI, db
from evaka.models.placement import Placement
from evaka.rules.application import ApplicationStatus, AttachmentKind, Origin
from evaka.rules.application.flags import ALIKE, is_overtaken

S = ApplicationStatus


def unproved(by: Actor) -> Select[tuple[int]]:
    """Urgent applications to which no proof has come, and whose families have not been reminded."""
    proved = select(Attachment.application_id).where(Attachment.kind == AttachmentKind.URGENCY)
    return select(Application.id).where(
        Application.urgent, Application.urgent_proof.is_(None), Application.reminded.is_(None), ~Application.hidden,
        Application.status.in_(act.HANDLED),
        Application.received <= by.today - timedelta(days=policy().proof_reminder_days),
        Application.id.not_in(proved)).order_by(Application.id)


def remind(id: int, by: Actor) -> None:
    application = db.session.scalar(unproved(by).with_only_columns(Application).where(Application.id == id))
    if application is not None:
        guardian.proof_reminded(application, by)
        record("application.remind_proof", application, by, {})


def old_drafts(by: Actor) -> Select[tuple[int]]:
    """What guardians have begun and left lying."""
    since = datetime.combine(guardian.last_touched(by.today), time(), HELSINKI)
    return select(Application.id).where(
        Application.status == S.CREATED, Application.origin == Origin.ELECTRONIC, Application.saved_at < since
    ).order_by(Application.id)


def drop(id: int, by: Actor) -> None:
    """Who has gone on with it since the question was asked keeps it."""
    application = db.session.scalar(old_drafts(by).with_only_columns(Application).where(Application.id == id))
    if application is not None:
        act.drop(application, by)


def transfers(by: Actor) -> Select[tuple[int]]:
    """Transfers that have come, of children with no place of the kind that reaches the wanted start and yesterday."""
    overtaken = []
    for kind, care_types in ALIKE.items():
        lasts = exists().where(
            Placement.child_id == Application.child_id, Placement.care_type.in_(care_types),
            Placement.end.is_(None) | ((Placement.end >= Application.start) & (Placement.end >= by.today - DAY)))
        overtaken.append((Application.kind == kind) & ~lasts)
    return select(Application.id).where(
        Application.status == S.SENT, Application.transfer, Application.start.is_not(None), or_(*overtaken)
    ).order_by(Application.id)


def close(id: int, by: Actor) -> None:
    application = db.session.get_one(Application, id)
    assert application.start is not None
    if application.status is S.SENT and is_overtaken(
            application.kind, application.start, places_of(application.child_id), by.today):
        act.overtake(application, by)


REMIND_PROOF = Job("application.remind_proof", unproved, remind)
DROP_DRAFTS = Job("application.drop_drafts", old_drafts, drop)
CLOSE_TRANSFERS = Job("application.close_transfers", transfers, close)

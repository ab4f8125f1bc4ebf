"""The papers of an application: added and taken away by those who have added them."""

from __future__ import annotations

from typing import Annotated, Any

from sqlalchemy import Select, func, select

from evaka.access import Actor
from evaka.actions import Among, action, tell
from evaka.actions.application import HANDLED, judge_secrecy
from evaka.actions.application.known import by_family, policy
from evaka.actions.document import Upload, kept_file
from evaka.kit.errors import Refused
from evaka.models.application import Application
from evaka.models.application.attachment import Attachment
from evaka.models.base import db
from evaka.rules.application import ON_THE_DESK, ApplicationStatus, AttachmentKind

S = ApplicationStatus


@action("application.attach")
def attach(application: Application, by: Actor, *, kind: AttachmentKind, upload: Upload) -> Attachment:
    """A paper is added, as long as no place has been decided on."""
    family = by_family(application, by)
    if application.status not in ON_THE_DESK | {S.CREATED}:
        raise Refused("application.too_late", state=application.status)
    if family and kind is AttachmentKind.OFFICE:
        raise Refused("application.paper_of_office")
    limits = policy()
    columns = kept_file(upload, by, megabytes=limits.megabytes, called=kind.value)
    count = db.session.scalar(
        select(func.count()).select_from(Attachment).where(Attachment.application_id == application.id))
    if (count or 0) >= limits.papers:
        raise Refused("application.paper_many", most=limits.papers)
    paper = Attachment(application=application, kind=kind, by_office=not family, **columns)
    db.session.add(paper)
    _changed(application, by, family=family)
    tell(kind=kind, size=paper.size)
    return paper


def papers_of(application: Application, by: Actor) -> Select[Any]:
    """Those that somebody may take away: a family's own are not the office's, nor the other way round."""
    return select(Attachment).where(
        Attachment.application_id == application.id, Attachment.by_office == (not by_family(application, by)))


@action("application.detach")
def detach(application: Application, by: Actor, *, paper: Annotated[Attachment, Among(papers_of)]) -> None:
    """A paper that was added by mistake is taken away again; what has been accepted as proof stays."""
    family = by_family(application, by)
    if paper.application_id != application.id or paper.by_office == family:
        raise Refused("application.paper_not_yours")
    if family and application.status not in (S.CREATED, S.SENT):
        raise Refused("application.too_late", state=application.status)
    if paper.kind is AttachmentKind.URGENCY and application.urgent_proof is not None:
        raise Refused("application.paper_is_proof")
    kind, id = paper.kind, paper.id
    db.session.delete(paper)
    db.session.flush()
    _changed(application, by, family=family)
    tell(paper=id, kind=kind)


def _changed(application: Application, by: Actor, *, family: bool) -> None:
    """The office sees that something has been added to what it has."""
    db.session.flush()
    if application.status in HANDLED:
        read = application.checked
        judge_secrecy(application, by)
        application.checked = application.checked or read  # a paper more is no other text to read
    if family and application.status is not S.CREATED:
        application.supplement_came = by.now


def papers_seen(application: Application, *, office: bool) -> Select[Attachment]:
    """The office's own papers are not the family's to read."""
    query = select(Attachment).where(Attachment.application_id == application.id).order_by(Attachment.id)
    return query if office else query.where(Attachment.kind != AttachmentKind.OFFICE)

"""Letters for the post and messages for Suomi.fi: what waits is made into one file, and then marked as sent."""

from __future__ import annotations

import io
import json
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from hashlib import sha256

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload, undefer

from evaka.access import Actor, require_any
from evaka.actions import action, record
from evaka.actions.application import move
from evaka.actions.decision.paper import facts_of, readers_of, terms_of
from evaka.actions.document import keep, letter_language, recipient_of
from evaka.kit.dates import finnish
from evaka.kit.errors import Refused
from evaka.letters import pdf
from evaka.letters.decision import decision_letter
from evaka.letters.decision.dispatch import Envelope, for_the_post
from evaka.letters.letter import city_sender
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.decision.dispatch import Delivery, Dispatch
from evaka.models.document import Document
from evaka.models.user import User
from evaka.rules.application import ApplicationStatus
from evaka.rules.decision import Channel, DecisionStatus
from evaka.rules.decision.delivery import DeliveryState, DispatchStatus
from evaka.texts import say

MOST = 200  # receivers of one file: what a printer holds, and a page waits for
AHEAD = timedelta(days=14)


def waiting(channel: Channel) -> Select[Delivery]:
    """What has not been put into a file yet, those who have waited longest first."""
    return (
        select(Delivery)
        .where(Delivery.channel == channel, Delivery.state == DeliveryState.WAITING, Delivery.dispatch_id.is_(None))
        .order_by(Delivery.id)
    )


def how_many(channel: Channel) -> int:
    """Receivers who wait."""
    people = waiting(channel).with_only_columns(Delivery.person_id).order_by(None).distinct().subquery()
    return db.session.scalar(select(func.count()).select_from(people)) or 0


def make(by: Actor, *, channel: Channel, day: date) -> Dispatch:
    """One file of everything that waits for a channel, MOST receivers at most; letters are dated on their day."""
    require_any(by, "dispatch.make")
    if channel not in (Channel.POST, Channel.MESSAGE):
        raise Refused("dispatch.no_such_channel", channel=channel)
    if not by.today <= day <= by.today + AHEAD:
        raise Refused("dispatch.day_outside", day=day, first=by.today, last=by.today + AHEAD)
    found = db.session.scalars(
        waiting(channel).options(joinedload(Delivery.person)).with_for_update(of=Delivery)).unique().all()
    people = list(dict.fromkeys(one.person_id for one in found))[:MOST]
    several = [one for one in found if one.person_id in set(people)]
    if not several:
        raise Refused("dispatch.nothing_waits", channel=channel)
    first = {one.decision_id for one in several if not one.is_copy}  # a copy dates nothing anew
    for decision in _decisions(several):
        if decision.id in first and decision.channel is channel and (
                decision.sent_at is not None and decision.sent_at.date() != day):
            _date_anew(decision, by, channel, day)
    db.session.flush()
    content, name, mimetype = (_letters if channel is Channel.POST else _messages)(several, day)
    made = Dispatch(
        channel=channel, day=day, made_at=by.now, user_id=by.user and by.user.id, count=len(people), name=name,
        mimetype=mimetype, digest=sha256(content).hexdigest(), content=content, status=DispatchStatus.MADE)
    db.session.add(made)
    db.session.flush()
    for one in several:
        one.dispatch_id = made.id
    record("dispatch.make", made, by, {"receivers": len(people), "digest": made.digest})
    return made


def _decisions(deliveries: Sequence[Delivery]) -> list[Decision]:
    ids = {one.decision_id for one in deliveries}
    return list(db.session.scalars(
        select(Decision).where(Decision.id.in_(ids)).order_by(Decision.id)
        .options(joinedload(Decision.child), joinedload(Decision.unit), joinedload(Decision.application))))


def _date_anew(decision: Decision, by: Actor, channel: Channel, day: date) -> None:
    """The letter goes on another day than it was set for: it is set anew, and the times count from that day.

    Whoever has had the paper before, in the service or in an earlier file, keeps it; a paper that nobody has is
    not kept.
    """
    readers = readers_of({decision.child_id}, by.today)
    first = readers.addressee(decision)
    language = letter_language(first)
    maker = db.session.scalars(select(User).where(User.name == decision.decided_by).limit(1)).first()
    facts = facts_of(decision, Actor(maker, by.now), channel, language, day=day, reader=first)
    letter = decision_letter(facts, language)
    terms, before = terms_of(decision, channel, day), decision.document_id
    paper = keep(
        decision.child_id, "decision", by, name=f"{letter.title} {decision.number}", language=language,
        content=pdf(letter))
    decision.document = paper
    decision.answer_due, decision.appeal_due = terms.answer_by, terms.appeal_by
    decision.sent_at = by.now.replace(year=day.year, month=day.month, day=day.day)
    for one in db.session.scalars(select(Delivery).where(
            Delivery.decision_id == decision.id, Delivery.state == DeliveryState.WAITING,
            Delivery.dispatch_id.is_(None))):
        one.document_id = paper.id
    db.session.flush()
    if before is not None and db.session.scalar(
            select(Delivery.id).where(Delivery.document_id == before).limit(1)) is None:
        db.session.delete(db.session.get_one(Document, before))


def _papers(deliveries: Sequence[Delivery]) -> dict[int, Document]:
    ids = {one.document_id for one in deliveries if one.document_id is not None}
    rows = db.session.scalars(select(Document).where(Document.id.in_(ids)).options(undefer(Document.content)))
    return {one.id: one for one in rows}


def _by_person(deliveries: Sequence[Delivery]) -> dict[int, list[Delivery]]:
    found: dict[int, list[Delivery]] = defaultdict(list)
    for one in deliveries:
        found[one.person_id].append(one)
    return found


def _letters(deliveries: Sequence[Delivery], day: date) -> tuple[bytes, str, str]:
    """One PDF for the printer."""
    papers, envelopes = _papers(deliveries), []
    for several in _by_person(deliveries).values():
        person = several[0].person
        language = letter_language(person)
        envelopes.append(Envelope(
            sender=city_sender(language), recipient=recipient_of(person, day), day=day, language=language,
            protected=person.restricted_on(day),
            papers=tuple((papers[one.document_id].name, papers[one.document_id].content)
                         for one in several if one.document_id is not None)))
    return for_the_post(envelopes), f"{say('dispatch.file.post', 'fi')}-{day.isoformat()}.pdf", "application/pdf"


def _messages(deliveries: Sequence[Delivery], day: date) -> tuple[bytes, str, str]:
    """A packed folder for the adapter of Suomi.fi messages: each message as JSON, and its PDF beside it.

    The external id is the same however often it is handed over, so that nobody gets a message twice.
    """
    papers, out = _papers(deliveries), io.BytesIO()
    messages = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for one in deliveries:
            paper = papers[one.document_id or 0]
            file = f"{one.id}.pdf"
            _put(packed, file, paper.content, day)
            language = letter_language(one.person)
            messages.append({
                "externalId": f"decision-{one.decision_id}-{one.person_id}",
                "recipient": {"id": one.person.identity_code},
                "electronic": {
                    "title": say("email.decision_waits.subject", language),
                    "body": say("email.decision_waits.body", language),
                    "attachments": [{"file": file, "name": f"{paper.name}.pdf", "sha256": paper.digest}],
                    "messageServiceType": "Verifiable", "replyAllowedBy": "No one",
                },
            })
        _put(packed, "messages.json", json.dumps(messages, ensure_ascii=False, indent=1).encode(), day)
    return out.getvalue(), f"suomi.fi-{day.isoformat()}.zip", "application/zip"


def _put(packed: zipfile.ZipFile, name: str, content: bytes, day: date) -> None:
    packed.writestr(zipfile.ZipInfo(name, (day.year, day.month, day.day, 0, 0, 0)), content)


@action("dispatch.mail")
def mail(dispatch: Dispatch, by: Actor) -> None:
    """What is in the file has left on its day: families may answer, and their times run."""
    if by.today < dispatch.day:
        raise Refused("dispatch.day_to_come", day=dispatch.day)
    dispatch.sent_at = by.now
    several = db.session.scalars(select(Delivery).where(Delivery.dispatch_id == dispatch.id)).all()
    for one in several:
        one.state, one.sent_at = DeliveryState.SENT, by.now
        one.proof = say("dispatch.proof", "fi", number=dispatch.id, day=finnish(dispatch.day))
    db.session.flush()
    applications = select(Decision.application_id).where(Decision.id.in_([one.decision_id for one in several]))
    for application in db.session.scalars(
        select(Application).where(
            Application.id.in_(applications), Application.status == ApplicationStatus.WAITING_MAILING)
        .order_by(Application.id).with_for_update()
    ):
        if not _still_waits(application.id):
            move(application, "mail", by)
            record("application.mail", application, by, {"dispatch": dispatch.id})


def _still_waits(application_id: int) -> bool:
    """Whether a letter of an application, not counting copies for others, has not left."""
    mine = select(Decision.id).where(
        Decision.application_id == application_id, Decision.status == DecisionStatus.SENT)
    waits = select(Delivery.id).where(
        Delivery.decision_id.in_(mine), ~Delivery.is_copy, Delivery.state == DeliveryState.WAITING)
    return db.session.scalar(waits.limit(1)) is not None


@action("dispatch.withdraw")
def withdraw(dispatch: Dispatch, by: Actor) -> None:
    """Nothing of the file has left: all of it waits again."""
    for one in db.session.scalars(select(Delivery).where(Delivery.dispatch_id == dispatch.id)):
        one.dispatch_id = None


def fetch(dispatch: Dispatch, by: Actor) -> bytes:
    """The file as it was made; who fetches it is recorded."""
    require_any(by, "dispatch.make")
    record("dispatch.fetch", dispatch, by, {"digest": dispatch.digest})
    return dispatch.content or b""

"""What families have told and asked in the last days: a draft, proof that waits, an answer of the other guardian."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from evaka.access import Actor
from evaka.actions import application as act
from evaka.actions.application import guardian, note, papers
from evaka.actions.application.known import applied_for
from evaka.actions.document import Upload
from evaka.kit.dates import add_months
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.user import User
from evaka.rules.application import ApplicationKind, AttachmentKind

PAPER = b"%PDF-1.4\n%\xc3\xa4 a paper of the demo\n"
EACH = 4  # of each kind of news


def tell(own: int, children: list[int], by: Actor) -> None:
    """The logged-in guardian has begun a draft; of others' applications some have news."""
    draft(own, children[0], by)
    waiting = select(Application).where(
        Application.status.in_(act.HANDLED), Application.in_office()).order_by(Application.id)
    for n, row in enumerate(db.session.scalars(
            waiting.where(Application.urgent, Application.urgent_proof.is_not(None)).limit(EACH)).all()):
        row.urgent_proof = None  # it came and nobody has looked at it yet
        act.count_due(row)
        if n % 2 == 0:
            papers.attach(row, by, kind=AttachmentKind.URGENCY, upload=Upload("tyotodistus.pdf", PAPER))
    shared = waiting.where(Application.other_guardian_id.is_not(None), ~Application.urgent)
    for n, row in enumerate(db.session.scalars(shared.limit(EACH)).all()):
        row.consent_asked = by.now
        if n:
            answer = guardian.Answer.NO if n == 1 else guardian.Answer.YES
            guardian.consent(row, by, answer=answer, words="Toivon toista yksikköä." if n == 1 else "")
    newest = shared.order_by(None).order_by(Application.id.desc()).limit(EACH)
    for n, row in enumerate(db.session.scalars(newest).all()):
        if n % 2:
            guardian.ask_supplement(row, by, supplement="Lisää työvuorolista tai työnantajan todistus vuorotyöstä.")
            if n > 1:
                guardian.answer_supplement(row, by, words="Todistus on liitteenä, työvuorolista tulee maanantaina.")
        else:
            note.note(row, by, words="Perhe soitti: voi aloittaa myös kaksi viikkoa myöhemmin.")
            note.remark(row, by, office_note="Voi aloittaa myöhemmin")


def draft(own: int, child_id: int, by: Actor) -> None:
    """Another unit for the eldest, not sent yet."""
    user = db.session.scalar(select(User).where(User.person_id == own))
    child = db.session.get_one(Person, child_id)
    if user is None:
        return
    family = Actor(user, by.now)
    row = guardian.begin(child, family, kind=ApplicationKind.DAYCARE)
    units = db.session.scalars(applied_for(ApplicationKind.DAYCARE, by.today).limit(2)).all()
    start = add_months(by.today.replace(day=1), 5)
    act.save(row, family, answers=replace(
        act.form_of(row), units=[one.id for one in units], start=start, service_need="full_day"))

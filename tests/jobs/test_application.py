"""Proof is asked for once, drafts that lie go, and transfers end when there is no place to change from."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from sqlalchemy import select

from evaka.jobs.application import CLOSE_TRANSFERS, DROP_DRAFTS, REMIND_PROOF
from evaka.jobs.job import run
from evaka.models.application import Application
from evaka.models.application.attachment import Attachment
from evaka.models.base import HELSINKI, db
from evaka.models.journal import Email
from evaka.rules.application import ApplicationKind, ApplicationStatus, AttachmentKind, Origin
from evaka.rules.placement import CareType
from tests import factories
from tests.conftest import NOON, keep

pytestmark = pytest.mark.usefixtures("database")
S = ApplicationStatus


def test_a_family_is_reminded_of_its_proof_once(by):
    waiting = factories.application(status=S.SENT, urgent=True, received=date(2026, 5, 29))
    factories.application(status=S.SENT, urgent=True, received=date(2026, 5, 30))  # two days ago
    factories.application(status=S.SENT, urgent=True, received=date(2026, 5, 1), urgent_proof=date(2026, 5, 2))
    factories.application(status=S.SENT, urgent=True, received=date(2026, 5, 1), hidden=True)
    shown = factories.application(status=S.SENT, urgent=True, received=date(2026, 5, 1))
    factories.save(Attachment(
        application=shown, kind=AttachmentKind.URGENCY, name="a.pdf", media="application/pdf", size=1, digest="x",
        added_at=NOON, content=b"x"))
    guardian = waiting.guardian_id
    keep()
    assert [run(REMIND_PROOF, by(None)).done, run(REMIND_PROOF, by(None)).done] == [1, 0]
    assert db.session.scalars(select(Email.person_id)).all() == [guardian]


def test_a_draft_goes_sixty_days_after_it_was_touched(by):
    def draft(day, **fields):
        at = datetime.combine(day, datetime.min.time(), HELSINKI)
        return factories.application(
            **({"status": S.CREATED, "origin": Origin.ELECTRONIC, "saved_at": at, "received": None} | fields)).id

    old, young = draft(date(2026, 4, 1)), draft(date(2026, 4, 2))
    paper, sent = draft(date(2026, 1, 1), origin=Origin.PAPER), draft(date(2026, 1, 1), status=S.SENT)
    keep()
    assert run(DROP_DRAFTS, by(None)).done == 1
    assert set(db.session.scalars(select(Application.id))) == {young, paper, sent}
    assert old not in {young, paper, sent}


@pytest.mark.parametrize(
    ("last", "kind", "care_type", "closed"),
    [
        (date(2026, 6, 1), ApplicationKind.DAYCARE, CareType.DAYCARE, False),
        (date(2026, 5, 31), ApplicationKind.DAYCARE, CareType.DAYCARE, False),
        (date(2026, 5, 30), ApplicationKind.DAYCARE, CareType.DAYCARE, True),
        (None, ApplicationKind.DAYCARE, CareType.PRESCHOOL, True),
        (None, ApplicationKind.PRESCHOOL, CareType.PREPARATORY, False),
    ],
)
def test_a_transfer_ends_when_no_place_is_left(by, last, kind, care_type, closed):
    child = factories.child()
    factories.placement(child, date(2025, 8, 1), last, care_type=care_type)
    row = factories.application(child, status=S.SENT, transfer=True, kind=kind, start=date(2026, 5, 1))
    factories.application(child, status=S.SENT, kind=kind, start=date(2026, 5, 1))  # no transfer
    keep()
    assert run(CLOSE_TRANSFERS, by(None)).done == int(closed)
    assert (row.status is S.CANCELLED) is closed
    assert db.session.scalars(select(Application.status).where(~Application.transfer)).all() == [S.SENT]

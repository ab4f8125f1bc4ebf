"""What becomes of decisions and places afterwards: letters for the post, claims, notices and changed needs."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import case, insert, literal, select

from evaka.access import Actor
from evaka.actions.decision import claim
from evaka.actions.placement import need_change, termination
from evaka.actions.placement.change import guarantee
from evaka.demo.days import Calendar
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.decision.dispatch import Delivery
from evaka.models.placement import Placement
from evaka.rules.application import ApplicationStatus
from evaka.rules.decision import Channel, DecisionStatus
from evaka.rules.decision.claim import ClaimOutcome
from evaka.rules.decision.delivery import DeliveryState
from evaka.rules.placement import CareType

GROUNDS = ("Toivomme paikkaa lähempää kotia: matka päiväkotiin kestää bussilla 40 minuuttia.",
           "Sisarus on toisessa yksikössä, ja pyydämme samaa paikkaa molemmille.")
REASONS = ("Työaikani lyhenee syyskuussa.", "Aloitan opinnot, ja lapsi tarvitsee pidemmät päivät.")


def deliveries() -> None:
    """How the decisions that were sent have gone, in one statement: by the channel of each, to whoever applied."""
    post = Application.status == ApplicationStatus.WAITING_MAILING
    rows = (
        select(
            Decision.id, Application.guardian_id, Decision.document_id,
            case((post, Channel.POST.value), else_=Channel.PORTAL.value),
            case((post, DeliveryState.WAITING.value), else_=DeliveryState.SENT.value),
            case((post, None), else_=Decision.sent_at), literal(""),
        )
        .join(Application, Application.id == Decision.application_id)
        .where(Decision.status != DecisionStatus.DRAFT, ~post | Decision.document_id.is_not(None))
        .order_by(Decision.id)
    )
    columns = ["decision_id", "person_id", "document_id", "channel", "state", "sent_at", "proof"]
    db.session.execute(insert(Delivery.__table__).from_select(columns, rows))  # type: ignore[arg-type]


def afterwards(calendar: Calendar, own: int) -> None:
    """A few of each, of families other than the one that one may be logged in as."""
    by = Actor(None, calendar.now)
    decisions = db.session.scalars(
        select(Decision).where(Decision.status.in_([DecisionStatus.SENT, DecisionStatus.ACCEPTED]),
                               Decision.sent_at >= calendar.now - timedelta(days=25))
        .join(Application, Application.id == Decision.application_id).where(Application.guardian_id != own)
        .order_by(Decision.number.desc()).limit(len(GROUNDS))).all()
    for n, decision in enumerate(decisions):
        made = claim.record_claim(decision, by, claimant=decision.application.guardian, received=by.today,
                                  grounds=GROUNDS[n])
        if n:
            claim.decide(made, by, decided_on=by.today, outcome=ClaimOutcome.DISMISSED,
                         outcome_reasons="Yksiköissä ei ollut tilaa lapsen ikäryhmässä toivottuna aikana.")
    places = db.session.scalars(
        select(Placement).where(Placement.on(by.today), Placement.care_type == CareType.DAYCARE,
                                Placement.end > by.today + timedelta(days=200))
        .order_by(Placement.id.desc()).limit(8)).all()
    for n, place in enumerate(places[:2]):
        need_change.ask(place, by, start=by.today + timedelta(days=20 + n), reason=REASONS[n],
                        service_need=("at_most_25_hours", "full_day")[n])
    for place in places[4:6]:
        termination.terminate(place, by, last_day=by.today + timedelta(days=14))
    later = select(Placement).where(Placement.start > by.today).order_by(Placement.id).limit(2)
    for place in db.session.scalars(later).all():
        guarantee(place, by, guaranteed=True)



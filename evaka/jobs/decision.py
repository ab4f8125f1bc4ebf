"""Decisions that were approved many at once are sent; families that have not answered are reminded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import Select, select

from evaka.access import Actor
from evaka.actions.decision import policy, sending
from evaka.actions.decision import remind as remind_of
from evaka.actions.decision.many import Moved, Plan, plan, save
from evaka.jobs.job import Job
from evaka.jobs.mailing import Mailing, press_for
from evaka.kit.errors import Refused
from evaka.models.application import Application
from evaka.models.base import db, transaction
from evaka.models.connection import reading
from evaka.models.decision import Decision
from evaka.models.decision.sending import Sending, SendingItem
from evaka.models.user import User
from evaka.rules.application import ApplicationStatus
from evaka.rules.decision import DecisionStatus, to_remind
from evaka.rules.decision.delivery import ItemState, SendingStatus

ROUND = 1000  # applications for which processes are started to set their letters


def to_send(by: Actor) -> Select[tuple[int]]:
    return (
        select(SendingItem.id).join(Sending, Sending.id == SendingItem.sending_id)
        .where(Sending.status == SendingStatus.SENDING, SendingItem.state == ItemState.WAITING)
        .order_by(SendingItem.sending_id, SendingItem.id)
    )


def send(ids: list[int], by: Actor) -> dict[int, str]:
    """Send the decisions of applications; answers those that could not be sent."""
    troubles: dict[int, str] = {}
    with reading(), transaction():
        sets: dict[int, dict[int, int]] = {}
        for id, of, application in db.session.execute(
            select(SendingItem.id, SendingItem.sending_id, SendingItem.application_id)
            .where(SendingItem.id.in_(ids), SendingItem.state == ItemState.WAITING).order_by(SendingItem.id)
        ):
            sets.setdefault(of, {})[application] = id
    with press_for(len(ids)) as press:
        for of, items in sets.items():
            troubles |= Mailing(_Letters(of, by), press, "sending.fault").send(items)
    return troubles


class _Letters:
    """The letters of one set, in the name of who approved it."""

    moved = (Moved,)

    def __init__(self, sending_id: int, by: Actor) -> None:
        self.sending_id, self.now = sending_id, by.now

    def _by(self) -> Actor:
        approver = db.session.get_one(Sending, self.sending_id).approver_id
        return Actor(db.session.get(User, approver) if approver else None, self.now)

    def plan(self, items: Mapping[int, int], after: int | None) -> Plan:
        return plan(items, self._by(), after=after)

    def held(self, items: Mapping[int, int]) -> set[int]:
        rows = (
            select(SendingItem.id).join(Sending, Sending.id == SendingItem.sending_id)
            .where(SendingItem.id.in_(items.values()), SendingItem.state == ItemState.WAITING,
                   Sending.status == SendingStatus.SENDING)
        )
        return set(db.session.scalars(rows.order_by(SendingItem.id).with_for_update(of=SendingItem)))

    def save(self, items: Mapping[int, int], made: Plan, papers: Sequence[bytes]) -> None:
        save(made, papers, self._by())
        sending.note(items, made, sent=True)

    def note(self, items: Mapping[int, int], troubles: Mapping[int, Refused]) -> None:
        sending.note_troubles(items, troubles)


def to_be_reminded(by: Actor) -> Select[tuple[int]]:
    """Decisions that nobody has answered, whose last notice is long enough ago and that have been reminded of less."""
    rules = policy()
    quiet = by.today - timedelta(days=rules.remind_after_days)
    return (
        select(Decision.id).join(Application, Application.id == Decision.application_id)
        .where(
            Decision.status == DecisionStatus.SENT, Application.status == ApplicationStatus.WAITING_GUARDIAN,
            Decision.reminders < rules.reminders,
            Decision.reminded_on.is_(None) | (Decision.reminded_on <= quiet),
            Decision.sent_at >= by.now - timedelta(days=rules.remind_until_days + 1),
            Decision.sent_at < by.now - timedelta(days=rules.remind_after_days - 1),
        )
        .order_by(Decision.id)
    )


def remind(id: int, by: Actor) -> None:
    decision = db.session.get_one(Decision, id)
    assert decision.sent_at is not None
    due = to_remind(decision.sent_at.date(), decision.reminded_on, decision.reminders, policy(), by.today)
    if due and decision.status is DecisionStatus.SENT:
        remind_of(decision, by)


SEND_DECISIONS = Job(sending.SEND, to_send, send, batch=ROUND)
REMIND_OF_DECISIONS = Job("decision.remind", to_be_reminded, remind)

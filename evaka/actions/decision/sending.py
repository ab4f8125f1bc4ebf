"""Sending the decisions of many applications at once: chosen, looked through, approved, and then sent by a job."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, insert, select, update

from evaka.access import Actor, require_any, within
from evaka.actions import action, record
from evaka.actions.decision.many import Plan, plan
from evaka.actions.index_day import kept_facts, wake
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.decision.sending import Sending, SendingItem
from evaka.models.placement import PlacementPlan
from evaka.models.unit import Unit
from evaka.rules.application import ApplicationKind, ApplicationStatus
from evaka.rules.decision import Channel
from evaka.rules.decision.delivery import ItemState, SendingStatus, check_any
from evaka.rules.placement import PlanStatus

SEND = "decision.send"  # the job
ITEMS: Any = SendingItem.__table__
CHECKED = 200  # applications that are looked at together for the preview
Items = Mapping[int, int]  # the item's id by application


def ready() -> ColumnElement[bool]:
    """Applications whose decisions may go: planned, and confirmed by the units that want to be asked."""
    confirmed = select(PlacementPlan.application_id).where(PlacementPlan.status == PlanStatus.CONFIRMED)
    unasked = (
        select(PlacementPlan.application_id).join(Unit, Unit.id == PlacementPlan.unit_id)
        .where(PlacementPlan.status == PlanStatus.DRAFT, ~Unit.ask_unit)
    )
    return (
        (Application.status == ApplicationStatus.WAITING_CONFIRMATION) & Application.id.in_(confirmed)
        | (Application.status == ApplicationStatus.WAITING_DECISION) & Application.id.in_(unasked)
    )


def choices(by: Actor) -> Select[tuple[int]]:
    """Those that the actor may send, and that are not on their way in another set."""
    elsewhere = (
        select(SendingItem.application_id).join(Sending, Sending.id == SendingItem.sending_id)
        .where(Sending.status != SendingStatus.CLOSED, SendingItem.state != ItemState.SENT)
    )
    return select(Application.id).where(
        within(by, "application.send_decision", Application), ready(), Application.id.not_in(elsewhere))


def begin(
    by: Actor, *, ids: Collection[int] | None = None, kind: ApplicationKind | None = None, unit: Unit | None = None,
    starts: DateRange | None = None,
) -> Sending:
    """A new set: these applications, or all that are ready of a kind, a unit or with a start in some days.

    Each is looked at as sending would; nothing is sent before somebody has approved.
    """
    require_any(by, "sending.begin")
    query = choices(by)
    if ids is not None:
        query = query.where(Application.id.in_(ids))
    if kind is not None:
        query = query.where(Application.kind == kind)
    if unit is not None:
        query = query.where(Application.id.in_(
            select(PlacementPlan.application_id).where(
                PlacementPlan.unit_id == unit.id,
                PlacementPlan.status.in_([PlanStatus.DRAFT, PlanStatus.CONFIRMED]))))
    if starts is not None:
        query = query.where(Application.start >= starts.start, Application.start <= starts.last_day)
    chosen = list(db.session.scalars(query.order_by(Application.id)))
    check_any(len(chosen))
    made = Sending(made_at=by.now, user_id=by.user and by.user.id, status=SendingStatus.PREVIEW)
    db.session.add(made)
    db.session.flush()
    db.session.execute(insert(SendingItem), [
        {"sending_id": made.id, "application_id": id, "state": ItemState.WAITING} for id in chosen])
    record("sending.begin", made, by, {"applications": len(chosen)})
    _look(made, by)
    return made


def items_of(sending: Sending, states: Iterable[ItemState]) -> dict[int, int]:
    rows = db.session.execute(
        select(SendingItem.application_id, SendingItem.id)
        .where(SendingItem.sending_id == sending.id, SendingItem.state.in_(list(states))).order_by(SendingItem.id))
    return dict(rows.tuples().all())


def _look(sending: Sending, by: Actor) -> None:
    """What stands in the way of which, and how the others would go."""
    every = list(items_of(sending, (ItemState.WAITING, ItemState.EXCEPTION)).items())
    for first in range(0, len(every), CHECKED):
        some = dict(every[first : first + CHECKED])
        note(some, plan(some, by, letters=False), sent=False)


def note(items: Items, made: Plan, *, sent: bool) -> None:
    """How far the applications of a plan are now."""
    done = {case.application: case for case in made.cases}
    _update([
        {"id_": id, "state": ItemState.SENT if sent else ItemState.WAITING, "channel": done[key].channel,
         "letters": len(done[key].going), "trouble": "", "trouble_facts": {}}
        for key, id in items.items() if key in done])
    note_troubles(items, made.troubles)


def note_troubles(items: Items, troubles: Mapping[int, Refused]) -> None:
    _update([
        {"id_": items[key], "state": ItemState.EXCEPTION, "channel": None, "letters": 0, "trouble": no.key,
         "trouble_facts": kept_facts(no.facts)}
        for key, no in troubles.items() if key in items])


def _update(rows: list[dict[str, Any]]) -> None:
    if rows:
        values = {name: bindparam(name) for name in rows[0] if name != "id_"} | {"version": ITEMS.c.version + 1}
        change = update(ITEMS).where(ITEMS.c.id == bindparam("id_")).values(values)
        db.session.connection().execute(change, rows)


def counts(sending_id: int) -> dict[tuple[ItemState, Channel | None], tuple[int, int]]:
    """Applications and letters by state and channel."""
    return {
        (state, channel): (several, letters or 0)
        for state, channel, several, letters in db.session.execute(
            select(SendingItem.state, SendingItem.channel, func.count(), func.sum(SendingItem.letters))
            .where(SendingItem.sending_id == sending_id).group_by(SendingItem.state, SendingItem.channel))
    }


def how_many(sending_id: int, state: ItemState) -> int:
    return sum(several for (one, _), (several, _) in counts(sending_id).items() if one is state)


@action("sending.approve")
def approve(sending: Sending, by: Actor) -> None:
    """The decisions are made in the name of who approves; all go but the exceptions."""
    require_any(by, "application.send_decision")
    check_any(how_many(sending.id, ItemState.WAITING))
    sending.approver_id, sending.approved_at = by.user and by.user.id, by.now
    wake(SEND, by)


@action("sending.retry")
def retry(sending: Sending, by: Actor) -> None:
    """The exceptions are looked at once more: what stood in the way may have been mended."""
    if sending.status is SendingStatus.CLOSED:
        raise Refused("sending.closed", number=sending.id)
    _look(sending, by)
    if sending.status is SendingStatus.SENDING:
        wake(SEND, by)


@action("sending.close")
def close(sending: Sending, by: Actor) -> None:
    """Nothing more is sent of this set; what was sent stays so, the others may be taken up again."""



"""A family asks for another service need; the unit grants it, or says why not."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from sqlalchemy import select

from evaka.access import Actor
from evaka.actions import Choice, Long, action, notify
from evaka.actions.application import option
from evaka.actions.decision.places import keep_parts, settle
from evaka.actions.placement.change import enter_need
from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.placement import GroupPlacement, Placement, ServiceNeedPeriod
from evaka.models.placement.need_change import NeedChange
from evaka.models.user import User
from evaka.rules.placement import CareType, ShiftCare, check_need
from evaka.rules.placement.need_change import NeedChangeStatus, check_start, kinds_for


@action("need_change.ask")
def ask(
    placement: Placement, by: Actor, *, start: date, service_need: Annotated[str, Choice("service_needs")],
    shift_care: ShiftCare = ShiftCare.NONE, reason: Long = "",
) -> NeedChange:
    """Another need from a day on; a child has one such wish at a time."""
    wanted = option(service_need)
    check_start(start, placement.period, by.today)
    if wanted.care_type not in kinds_for(placement.care_type):
        raise Refused("placement.need_of_other_type", need=wanted.care_type, care_type=placement.care_type)
    check_need(wanted, care_type=wanted.care_type, period=DateRange(start, start), place=placement.period)
    open_one = select(NeedChange.id).where(
        NeedChange.child_id == placement.child_id, NeedChange.status == NeedChangeStatus.OPEN)
    if db.session.scalar(open_one) is not None:
        raise Refused("need_change.one_at_a_time")
    made = NeedChange(
        child_id=placement.child_id, placement=placement, unit_id=placement.unit_id, start=start, option=wanted.key,
        shift_care=shift_care, reason=reason, made_at=by.now, user_id=by.user and by.user.id,
        status=NeedChangeStatus.OPEN)
    db.session.add(made)
    return made


@action("need_change.accept")
def accept(change: NeedChange, by: Actor) -> None:
    """The need holds from the day on; when it is of another kind of care, the place becomes one of that."""
    wanted, placement = option(change.option), change.placement
    if placement is None or change.start not in placement.period:
        raise Refused("need_change.place_is_gone", start=change.start)
    period = DateRange(change.start, placement.end) & wanted.valid
    if period is None or period.start != change.start:
        raise Refused("placement.need_not_valid", period=DateRange(change.start, placement.end), valid=wanted.valid)
    if wanted.care_type is placement.care_type:
        enter_need(placement, period, wanted.key, change.shift_care)
    else:
        _become(placement, change, wanted.care_type, period)
    change.decided_at = by.now
    _tell(change, by, "need_change_accepted")
    settle(change.child_id, by)


def _become(placement: Placement, change: NeedChange, care_type: CareType, period: DateRange) -> None:
    """The rest of the place is a new one of the other kind, in the same groups."""
    rest = DateRange(change.start, placement.end)
    need = ServiceNeedPeriod(option=change.option, shift_care=change.shift_care, start=period.start, end=period.end)
    if change.start == placement.start:
        placement.care_type = care_type
        placement.needs[:] = []
        db.session.flush()
        placement.needs.append(need)
        return
    made = Placement(
        child_id=placement.child_id, unit_id=placement.unit_id, care_type=care_type, start=rest.start, end=rest.end,
        needs=[need],
        groups=[GroupPlacement(group_id=one.group_id, start=held.start, end=held.end)
                for one in placement.groups if (held := one.period & rest)])
    keep_parts(placement, [DateRange(placement.start, change.start - DAY)])
    db.session.flush()
    db.session.add(made)


@action("need_change.decline")
def decline(change: NeedChange, by: Actor, *, answer: Long) -> None:
    """The unit says why it cannot be."""
    change.answer, change.decided_at = answer, by.now
    _tell(change, by, "need_change_declined")


@action("need_change.cancel")
def cancel(change: NeedChange, by: Actor) -> None:
    """The family takes its wish back."""
    change.decided_at = by.now


def _tell(change: NeedChange, by: Actor, text: str) -> None:
    asker = db.session.get(User, change.user_id) if change.user_id else None
    if asker is not None and asker.person_id is not None:
        notify(asker.person_id, text, by)

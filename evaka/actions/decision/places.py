"""What a new place does to a child's earlier ones, and the needs and groups that go with places."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from evaka import city
from evaka.access import Actor
from evaka.actions import backup_care, fee
from evaka.kit.dates import DateRange
from evaka.models.base import db
from evaka.models.person import HeadOfChild
from evaka.models.placement import GroupPlacement, Placement, ServiceNeedPeriod, overlapping
from evaka.rules.placement import CareType, Cut, CutKind, ServiceNeed, ShiftCare, default_need, make_room, trimmed


@dataclass(frozen=True)
class Cutting:
    """An earlier place, and what becomes of it."""

    place: Placement
    cut: Cut[int]


def cuts_of(child_id: int, new: DateRange, besides: Placement | None = None) -> list[Cutting]:
    """What a new place would do to the child's others, in order of time: for a preview, and then to do it."""
    query = overlapping(child_id, new).options(selectinload(Placement.needs), selectinload(Placement.groups))
    earlier = {one.id: one for one in db.session.scalars(query) if one is not besides}
    return [Cutting(earlier[cut.id], cut) for cut in make_room(new, [(one.id, one.period) for one in earlier.values()])]


def cut_earlier(cuttings: Iterable[Cutting]) -> None:
    """Earlier places are ended, delayed, split or deleted, their groups and needs with them."""
    for one in cuttings:
        if one.cut.kind is CutKind.DELETED:
            db.session.delete(one.place)
        else:
            keep_parts(one.place, one.cut.keeps)
    db.session.flush()  # earlier places are out of the way before the new one comes


def keep_parts(place: Placement, parts: Sequence[DateRange]) -> None:
    """Of a place these days are left: the first part stays the same place, the others are new ones like it.

    Needs and groups are cut to each part; the later parts get copies of theirs.
    """
    first, *rest = parts
    copies = [_like(place, part) for part in rest]
    cut_to(place, first)
    db.session.flush()
    db.session.add_all(copies)


def cut_to(place: Placement, period: DateRange) -> None:
    """The place lasts for the period; its needs and groups stay as far as they lie in it."""
    place.start, place.end = period.start, period.end
    for owned in (place.needs, place.groups):
        by_id = {one.id: one for one in owned}
        for cut in trimmed([(one.id, one.period) for one in owned], period):
            if cut.keeps:
                by_id[cut.id].start, by_id[cut.id].end = cut.keeps[0].start, cut.keeps[0].end
            else:
                owned.remove(by_id[cut.id])


def _like(place: Placement, part: DateRange, care_type: CareType | None = None) -> Placement:
    """The same place for other days, with what holds on them; of another kind without needs, which are of a kind."""
    needs = place.needs if care_type in (None, place.care_type) else []
    return Placement(
        child_id=place.child_id, unit_id=place.unit_id, care_type=care_type or place.care_type, start=part.start,
        end=part.end, guaranteed=False,
        needs=[ServiceNeedPeriod(option=one.option, shift_care=one.shift_care, start=held.start, end=held.end)
               for one in needs if (held := one.period & part)],
        groups=[GroupPlacement(group_id=one.group_id, start=held.start, end=held.end)
                for one in place.groups if (held := one.period & part)],
    )


def other_kind(place: Placement, part: DateRange, care_type: CareType) -> Placement:
    """The same place for some days with another kind of care, in the same group; its need is the city's default."""
    found = _like(place, part, care_type)
    found.needs = needs_for(care_type, part, "", ShiftCare.NONE)
    return found


def needs_for(care_type: CareType, period: DateRange, option: str, shift_care: ShiftCare) -> list[ServiceNeedPeriod]:
    """The need that a new place begins with: the one decided where it is of that care, else the city's default."""
    options = city.named("service_needs", ServiceNeed)
    chosen = options.get(option)
    if chosen is None or chosen.care_type is not care_type:
        chosen = default_need(options.values(), care_type, period.start)
    held = chosen.valid & period if chosen else None
    if chosen is None or held is None:
        return []
    return [ServiceNeedPeriod(option=chosen.key, shift_care=shift_care, start=held.start, end=held.end)]


def settle(child_id: int, by: Actor) -> None:
    """After a change of a child's places: back-up care fits them, and the fees of its families are drafted anew."""
    db.session.flush()
    backup_care.fit({child_id}, by)
    fee.refresh(heads(child_id), by)


def heads(child_id: int) -> set[int]:
    """Everybody in whose household the child lives at some time."""
    return set(db.session.scalars(select(HeadOfChild.head_id).where(HeadOfChild.child_id == child_id)))

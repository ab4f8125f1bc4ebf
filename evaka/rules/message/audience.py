"""Whom a writer has chosen, and what may be chosen from which box."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Any

from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Refused
from evaka.rules.message.post import BoxKind, PostKind
from evaka.rules.placement import PREPARATORY_TYPES, PRESCHOOL_TYPES, CareType, ShiftCare

SEEN_BEFORE = timedelta(days=7)  # so long before they began in a group its staff read what was written to it

SHIFTS = (ShiftCare.FULL.value, ShiftCare.INTERMITTENT.value)


class Care(StrEnum):
    """Kinds of care as writers tell them apart."""

    DAYCARE = "daycare"
    PRESCHOOL = "preschool"
    CLUB = "club"


def care_types(care: Care) -> frozenset[CareType]:
    """The kinds of places that a writer means."""
    preschool = PRESCHOOL_TYPES | PREPARATORY_TYPES
    if care is Care.PRESCHOOL:
        return preschool
    if care is Care.CLUB:
        return frozenset({CareType.CLUB})
    return frozenset(CareType) - preschool - {CareType.CLUB}


@dataclass(frozen=True, slots=True)
class Chosen:
    """Recipients as a writer names them: places and children, and which of the children of these places.

    The ids of `areas`, `units`, `groups` and `children` add up, and what is left empty says nothing; `everybody` are
    the children of all units.  `people` are named themselves.  `present` are the children who have a place today,
    `starting` those who begin later.  Of the rest each filter takes some away: years of birth, kinds of care, kinds
    of shift care, family day care.
    """

    everybody: bool = False
    areas: tuple[int, ...] = ()
    units: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()
    children: tuple[int, ...] = ()
    people: tuple[int, ...] = ()
    present: bool = True
    starting: bool = False
    years: tuple[int, ...] = ()
    care: tuple[str, ...] = ()
    shift_care: tuple[str, ...] = ()
    family_day_care: bool = False

    def kept(self) -> dict[str, Any]:
        """As JSON keeps it; what says nothing is left out."""
        plain = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value
                for name, value in plain.items() if value != getattr(NOBODY, name)}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Chosen:
        """Out of what `kept` has made."""
        known = {one.name for one in fields(cls)}
        plain: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value
                                 for name, value in kept.items() if name in known}
        if plain.get("shift_care") is True:  # as drafts kept it before the two kinds were told apart
            plain["shift_care"] = SHIFTS
        return cls(**plain)

    @property
    def places(self) -> bool:
        """Whether some place is chosen, not only children by name."""
        return bool(self.everybody or self.areas or self.units or self.groups)

    @property
    def anybody(self) -> bool:
        return bool(self.places or self.children or self.people)

    def unfiltered(self) -> Chosen:
        """Without the filters, which are for writers who reach many groups."""
        return replace(self, years=(), care=(), shift_care=(), family_day_care=False)


NOBODY = Chosen()
ALLOWED: Mapping[BoxKind, frozenset[str]] = {
    BoxKind.GROUP: frozenset({"groups", "children"}),
    BoxKind.PERSONAL: frozenset({"units", "groups", "children"}),
    BoxKind.MUNICIPAL: frozenset({"everybody", "areas", "units"}),
    BoxKind.SERVICE: frozenset({"people"}),
    BoxKind.FINANCE: frozenset({"people"}),
}


def check_audience(
    box: BoxKind, kind: PostKind, chosen: Chosen, *, sensitive: bool = False, application: bool = False
) -> None:
    """Raise Refused for what may not be written from this kind of box to such recipients.

    `application`: whether an application is named that it is about.
    """
    if not chosen.anybody:
        raise Refused("message.choose_somebody")
    named = {name for name in ("everybody", "areas", "units", "groups", "children", "people") if getattr(chosen, name)}
    if named - ALLOWED[box]:
        raise Refused("message.not_from_here", box=box)
    if box is BoxKind.MUNICIPAL and kind is not PostKind.BULLETIN:
        raise Refused("message.bulletins_only")
    if chosen.people and kind is not PostKind.MESSAGE:
        raise Refused("message.no_bulletin_to_one")
    if box is BoxKind.SERVICE and not application:
        raise Refused("message.application_missing")
    if box is BoxKind.FINANCE and len(chosen.people) > 1:
        raise Refused("message.one_only")
    if chosen.places and not (chosen.present or chosen.starting):
        raise Refused("message.choose_somebody")
    if sensitive:
        one_child = box is BoxKind.PERSONAL and not chosen.places and len(chosen.children) == 1
        if not (one_child or box is BoxKind.FINANCE) or kind is not PostKind.MESSAGE:
            raise Refused("message.sensitive_to_one")


def seen_since(periods: Iterable[DateRange], today: date, zone: tzinfo) -> datetime | None:
    """From when on somebody who works in a group reads its box: a week before the present time there began.

    `periods` are those of the roles in the group; the ones that follow each other without a gap are one time.  None
    when none of them holds today.
    """
    begin = None
    for period in sorted(periods, key=lambda one: one.start, reverse=True):
        if today in period or (begin is not None and period.last_day >= begin - DAY):
            begin = period.start if begin is None else min(begin, period.start)
    return None if begin is None else datetime.combine(begin - SEEN_BEFORE, time.min, zone)

"""The tiles of a unit: every child of the day with where it is, read in nine questions however many children."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import or_, select

from evaka.access import Actor
from evaka.actions import presence as act
from evaka.actions.booking.note import notes_of
from evaka.actions.calendar import closures_of
from evaka.actions.unit import term_breaks
from evaka.kit.dates import DAY, DateRange
from evaka.models.attendance import Absence
from evaka.models.base import HELSINKI, db
from evaka.models.booking import Booking
from evaka.models.person import Person
from evaka.models.placement import Placement
from evaka.models.presence import WHEREABOUTS, DayNote, Picture, Presence, StickyNote
from evaka.models.unit import Group, Unit
from evaka.rules.attendance import AbsenceCategory, AbsenceKind, away_all_day
from evaka.rules.person import call_name
from evaka.rules.placement import CareType
from evaka.rules.presence import Flag, Hours, TileState, flags, tile_state
from evaka.views.page import clock, told, word_of

HEALTH = Person.allergies, Person.medication, Person.diet
ORDER = {TileState.COMING: 1, TileState.HERE: 2, TileState.LEFT: 3, TileState.AWAY: 4}


@dataclass(frozen=True)
class Tile:
    """A child as the tablet shows it; nothing of its health but that there is something to know."""

    id: int
    name: str
    sort_key: str
    group_id: int | None
    group: str
    guest: bool
    state: TileState
    arrived: time | None
    left: time | None
    booked: tuple[Hours, ...]
    flags: frozenset[Flag]
    absence: AbsenceKind | None
    parts_away: tuple[AbsenceCategory, ...]
    mind: bool  # allergies, medication or diet are written down
    picture: bool
    day_note: bool
    stickies: tuple[str, ...] = ()
    word: str = ""  # what the family has told of today

    @property
    def initials(self) -> str:
        return "".join(part[0] for part in self.name.split()[:2])

    @property
    def late(self) -> bool:
        return Flag.LATE in self.flags

    @property
    def said(self) -> str:
        """What stands beside the state: when, or why."""
        match self.state:
            case TileState.HERE if self.arrived:
                return told("presence.said.here", at=clock(self.arrived))
            case TileState.LEFT if self.left:
                return told("presence.said.left", at=clock(self.left))
            case TileState.AWAY:
                return word_of(self.absence) if self.absence else ""
            case TileState.COMING if self.booked:
                return told("presence.said.late" if self.late else "presence.said.coming", at=clock(self.booked[0][0]))
        return ""


@dataclass(frozen=True)
class Board:
    tiles: list[Tile]
    groups: list[Group]
    counts: Counter[str] = field(default_factory=Counter)


def board_of(unit_id: int, by: Actor, group_id: int | None = None) -> Board:
    """Today's tiles of a unit or one of its groups, those who are missing without a word first."""
    day, now = by.today, by.now
    places = db.session.execute(
        select(WHEREABOUTS.c.child_id, WHEREABOUTS.c.group_id, WHEREABOUTS.c.guest, Placement.care_type,
               Person.first_name, Person.last_name, Person.preferred_name, Person.sort_key,
               or_(*(column.is_not(None) for column in HEALTH)).label("mind"))
        .join(Person, Person.id == WHEREABOUTS.c.child_id)
        .join(Placement, Placement.id == WHEREABOUTS.c.placement_id)
        .where(WHEREABOUTS.c.unit_id == unit_id), {"day": day}).all()
    groups = db.session.scalars(
        select(Group).where(Group.unit_id == unit_id, Group.on(day)).order_by(Group.name)).all()
    names = {one.id: one.name for one in groups}
    if group_id is not None:
        places = [one for one in places if one.group_id == group_id]
    ids = {one.child_id for one in places}
    spans, rows = _presences(ids, day)
    absences: dict[int, list[Any]] = defaultdict(list)
    for child, category, kind in db.session.execute(
            select(Absence.child_id, Absence.category, Absence.kind).where(
                Absence.child_id.in_(ids), Absence.day == day)):
        absences[child].append((category, kind))
    booked: dict[int, list[Hours]] = defaultdict(list)
    for child, begins, ends in db.session.execute(
            select(Booking.child_id, Booking.begins, Booking.ends).where(
                Booking.child_id.in_(ids), Booking.day == day, Booking.begins.is_not(None)).order_by(Booking.begins)):
        booked[child].append((begins, ends))
    noted = set(db.session.scalars(select(DayNote.child_id).where(DayNote.child_id.in_(ids))))
    pictured = set(db.session.scalars(select(Picture.child_id).where(Picture.child_id.in_(ids))))
    stickies: dict[int, list[str]] = defaultdict(list)
    for child, text in db.session.execute(
            select(StickyNote.child_id, StickyNote.text).where(
                StickyNote.child_id.in_(ids), StickyNote.until >= day).order_by(StickyNote.id)):
        stickies[child].append(text)
    words = notes_of(ids, DateRange(day, day))
    tolerance, cared_for = act.tablet().tolerance, care_today(unit_id, day)
    tiles = []
    for one in places:
        away = (away_all_day({category for category, _ in absences[one.child_id]}, one.care_type)
                or not (booked[one.child_id] or cared_for(one.care_type)))
        state = tile_state(spans[one.child_id], away=away, now=now)
        last = rows.get(one.child_id)
        first_name = call_name(one.first_name, one.last_name, one.preferred_name)
        tiles.append(Tile(
            one.child_id, f"{first_name} {one.last_name[:1]}.", one.sort_key, one.group_id,
            names.get(one.group_id, ""), bool(one.guest), state, last and last[0], last and last[1],
            tuple(booked[one.child_id]),
            flags(booked[one.child_id], state, last and last[0], now, tolerance),
            absences[one.child_id][0][1] if absences[one.child_id] else None,
            tuple(category for category, _ in absences[one.child_id]), bool(one.mind),
            one.child_id in pictured, one.child_id in noted, tuple(stickies[one.child_id]),
            words.get((one.child_id, day), "")))
    tiles.sort(key=lambda tile: (0 if tile.late else ORDER[tile.state], tile.name, tile.id))
    return Board(tiles, list(groups), counted(tiles))


def care_today(unit_id: int, day: date) -> Callable[[CareType], bool]:
    """Of a kind of care whether the unit gives it today: it is open, ordinarily or in shifts, and no term rests."""
    unit = db.session.get_one(Unit, unit_id)
    closed = {one for closure in closures_of([unit_id], DateRange(day, day)) for one in closure.period.days()}
    days = unit.open_days(frozenset(closed))
    is_open = day in unit.period and any(days.has_care(day, shift_care=shifts) for shifts in (False, True))
    resting = term_breaks()
    return lambda care_type: is_open and not any(day in span for span in resting.get(care_type, ()))


def counted(tiles: Iterable[Tile]) -> Counter[str]:
    """How many there are of each state, of all, and of those who are missing without a word."""
    tiles = list(tiles)
    found = Counter(tile.state.value for tile in tiles)
    found["all"], found["late"] = len(tiles), sum(tile.late for tile in tiles)
    return found


def _presences(ids: set[int], day: date) -> tuple[dict[int, list[Any]], dict[int, tuple[time, time | None]]]:
    """By child the spans of today and yesterday, and whatever is open; and the times of the last row."""
    spans: dict[int, list[Any]] = defaultdict(list)
    last: dict[int, tuple[time, time | None]] = {}
    since = day - DAY
    for row in db.session.execute(
            select(Presence.child_id, Presence.day, Presence.arrived, Presence.left)
            .where(Presence.child_id.in_(ids), (Presence.day >= since) | Presence.left.is_(None))
            .order_by(Presence.day, Presence.arrived)):
        arrived = datetime.combine(row.day, row.arrived, HELSINKI)
        left = row.left and datetime.combine(row.day, row.left, HELSINKI)
        spans[row.child_id].append((arrived, left))
        if row.day == day or left is None:
            last[row.child_id] = row.arrived, row.left
    return spans, last



"""Published scenarios of a unit's day, reproduced through the actions: presence, the night, adults, pairing."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from evaka.access import Actor
from evaka.actions import presence as act
from evaka.actions import staff as adults
from evaka.actions.presence import Touch
from evaka.kit.dates import DAY
from evaka.kit.errors import Refused
from evaka.models.base import HELSINKI, db
from evaka.models.presence import Presence
from evaka.models.staff import StaffPresence
from evaka.rules.placement import CareType, ShiftCare
from evaka.rules.presence import Tapped, TileState
from evaka.rules.staff import StaffKind
from evaka.rules.unit import Week
from evaka.views.presence.board import board_of
from tests import factories

pytestmark = pytest.mark.usefixtures("database")
TODAY = date(2026, 4, 21)  # a Tuesday in term
ROUND = Week.of(time(0), time(23, 59), range(1, 8))


def at(clock: str, day: date = TODAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), HELSINKI)


def tap(device, child, what: str, moment: datetime) -> act.Outcome:
    key = f"{what} {moment:%d %H:%M}"
    return act.tap(Touch(key, child.id, Tapped(what), moment), device, Actor(device.user, moment))


def placed(unit, **care):
    child = factories.child()
    return child, factories.placement(child, date(2025, 8, 1), unit=unit, **care)


@pytest.mark.parametrize(
    ("came", "went", "missing"),
    [("08:00", "09:30", {"nonbillable"}), ("09:10", "12:45", {"billable"}), ("08:10", "13:45", set())],
)
def test_10_expected_absences_at_departure(came, went, missing):
    unit = factories.unit(care_types=["daycare", "preschool_daycare"])
    child, _ = placed(unit, care_type=CareType.PRESCHOOL_DAYCARE)
    tablet = factories.device(unit)
    tap(tablet, child, "arrive", at(came))
    assert set(tap(tablet, child, "leave", at(went)).ask) == missing


def test_10_absent_all_day_and_on_a_break():
    unit = factories.unit(care_types=["daycare", "preschool_daycare"])
    child, _ = placed(unit, care_type=CareType.PRESCHOOL_DAYCARE)
    assert act.missed_parts(child.id, TODAY) == {"billable", "nonbillable"}
    assert act.missed_parts(child.id, date(2026, 2, 25)) == {"billable"}  # the winter holiday


@pytest.mark.parametrize(("ago", "state"), [(20, TileState.LEFT), (40, TileState.COMING)])
def test_19_overnight_departure(ago, state):
    unit = factories.unit(shift_opening=ROUND)
    child, place = placed(unit)
    place.needs[0].shift_care = ShiftCare.FULL
    tablet = factories.device(unit)
    tap(tablet, child, "arrive", at("20:50", TODAY - DAY))
    now = at("06:30")
    tap(tablet, child, "leave", now - timedelta(minutes=ago))
    assert board_of(unit.id, Actor(tablet.user, now)).tiles[0].state is state
    with pytest.raises(Refused, match="not_here"):
        tap(tablet, child, "leave", now)


def closed(day: date) -> None:
    by = Actor(None, at("00:00", day))
    act.close_open(list(db.session.scalars(act.open_from_before(by))), by)
    db.session.expire_all()


@pytest.mark.parametrize(
    ("opening", "shift", "ends", "open_after"),
    [(None, ShiftCare.NONE, None, False), (ROUND, ShiftCare.FULL, None, True), (ROUND, ShiftCare.FULL, TODAY, False)],
)
def test_20_nightly_closing(opening, shift, ends, open_after):
    unit = factories.unit(shift_opening=opening)
    child, place = placed(unit)
    place.needs[0].shift_care = shift
    place.end = place.needs[0].end = ends
    factories.presence(child, unit, TODAY, time(15))
    closed(TODAY + DAY)
    rows = db.session.scalars(select(Presence).order_by(Presence.day)).all()
    assert rows[0].left == time(23, 59)
    assert (rows[-1].left is None) is open_after


@pytest.fixture
def worker():
    """Somebody with a shift from 8 to 16."""
    unit = factories.unit()
    group = factories.group(unit)
    user = factories.user("staff", unit=unit, group=group)
    factories.shift(user, unit, at("08:00"), at("16:00"))
    return group, user


@pytest.mark.parametrize(
    ("clock", "kind", "result"),
    [
        ("07:56", None, StaffKind.PRESENT),
        ("07:40", None, None),
        ("07:40", StaffKind.OVERTIME, StaffKind.OVERTIME),
        ("08:35", None, StaffKind.PRESENT),
        ("08:20", StaffKind.JUSTIFIED_CHANGE, StaffKind.JUSTIFIED_CHANGE),
    ],
)
def test_22_staff_arrival(worker, clock, kind, result):
    group, user = worker
    by = Actor(user, at(clock))
    if result is None:
        with pytest.raises(Refused, match="too_early"):
            adults.arrive(user, by, group=group, kind=kind)
        return
    adults.arrive(user, by, group=group, kind=kind)
    row = db.session.scalars(select(StaffPresence)).one()
    assert (row.kind, row.arrived, row.left) == (result, at(clock), None)


def test_22_sign_out_with_justified_change(worker):
    group, user = worker
    adults.arrive(user, Actor(user, at("08:00")), group=group)
    adults.leave(user, Actor(user, at("15:40")), kind=StaffKind.JUSTIFIED_CHANGE)
    assert db.session.scalars(select(StaffPresence.kind)).one() is StaffKind.JUSTIFIED_CHANGE


@pytest.mark.parametrize(
    ("kind", "job", "ended"),
    [(StaffKind.TRAINING, "16:55", "16:00"), (StaffKind.PRESENT, "20:55", "20:00"), (StaffKind.PRESENT, "19:55", None)],
)
def test_22_forgotten_rows(worker, kind, job, ended):
    group, user = worker
    factories.at_work(user, group, at("08:00"), kind=kind, group_id=group.id if kind.in_group else None)
    by = Actor(None, at(job))
    for id in db.session.scalars(adults.open_for_long(by)).all():
        adults.end_left_open(id, by)
    assert db.session.scalars(select(StaffPresence.left)).one() == (ended and at(ended))


def test_30_pairing_with_wrong_or_expired_keys():
    unit = factories.unit()
    director = Actor(factories.user("director", unit=unit), at("12:00"))
    _, code = act.add_device(unit, director, name="Siilit")
    for typed, moment in (("AAAA-AAAA", at("12:00")), (code, at("13:01"))):
        with pytest.raises(Refused, match="code_unknown"):
            act.pair(typed, "Chrome", moment)
    device, token = act.pair(code, "Chrome", at("12:59"))
    assert act.device_of(token) is device
    with pytest.raises(Refused, match="code_unknown"):
        act.pair(code, "Chrome", at("12:59"))

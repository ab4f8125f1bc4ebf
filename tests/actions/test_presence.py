"""Children tapped in and out: once for each tap, whoever else taps, and put right by the night and by the office."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select

from evaka.access import Actor
from evaka.actions import presence as act
from evaka.actions.presence import Touch
from evaka.kit.dates import DAY
from evaka.kit.errors import Denied, Refused
from evaka.models.attendance import Absence
from evaka.models.backup_care import BackupCare
from evaka.models.base import HELSINKI, db
from evaka.models.journal import AuditEvent
from evaka.models.presence import DayNote, Presence, StickyNote, Tap
from evaka.models.user import User
from evaka.rules.attendance import AbsenceKind, Reporter
from evaka.rules.placement import CareType, ShiftCare
from evaka.rules.presence import Level, Need, Tapped
from evaka.rules.unit import Week
from tests import factories
from tests.conftest import NOON, keep
from tests.factories import device, presence

pytestmark = pytest.mark.usefixtures("database")
TODAY = date(2026, 6, 1)
ROUND = Week.of(time(0), time(23, 59), range(1, 8))


@pytest.fixture
def here():
    """A unit with a group, a child in it, and a paired tablet."""
    unit = factories.unit()
    group = factories.group(unit)
    child = factories.child(first_name="Aino")
    factories.in_group(factories.placement(child, date(2026, 1, 1), unit=unit), group)
    return unit, group, child, device(unit, group)


@pytest.fixture
def at_term() -> date:
    """A Tuesday in term."""
    return date(2026, 4, 21)


def by_device(row, now: datetime = NOON) -> Actor:
    return Actor(row.user, now)


def tap(row, child, what, *, key=None, at=NOON, now=None) -> act.Outcome:
    key = key or f"key-{what}-{at:%d%H%M}"
    now = now or (max(at, NOON) if at.date() == TODAY else at)
    return act.tap(Touch(key, child.id, Tapped(what), at), row, by_device(row, now))


def at(clock: str, day: date = TODAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), HELSINKI)


def rows(child):
    db.session.expire_all()
    return [(one.day, one.arrived, one.left) for one in db.session.scalars(
        select(Presence).where(Presence.child_id == child.id).order_by(Presence.day, Presence.arrived))]


# -- taps ---------------------------------------------------------------------------------------------------


def test_a_tap_in_and_a_tap_out(here):
    unit, group, child, tablet = here
    assert not tap(tablet, child, "arrive", at=at("08:12")).refused
    row = db.session.scalars(select(Presence)).one()
    assert (row.unit_id, row.group_id, row.day, row.arrived, row.left) == (unit.id, group.id, TODAY, time(8, 12), None)
    tap(tablet, child, "leave", at=at("11:40"))
    assert rows(child) == [(TODAY, time(8, 12), time(11, 40))]
    lines = db.session.execute(select(AuditEvent.action, AuditEvent.user_id, AuditEvent.person_id)).all()
    assert [tuple(line) for line in lines] == [
        ("presence.arrive", tablet.user_id, child.id), ("presence.leave", tablet.user_id, child.id)]


def test_a_tap_that_is_sent_again_is_counted_once(here):
    *_, child, tablet = here
    for _ in range(3):
        assert not tap(tablet, child, "arrive", key="the very same").refused
    tap(tablet, child, "leave", at=NOON + timedelta(minutes=5))
    assert not tap(tablet, child, "arrive", key="the very same").refused
    assert len(rows(child)) == 1
    assert db.session.query(Tap).count() == 2


def test_what_was_refused_is_answered_so_again(here):
    *_, child, tablet = here
    keep()
    with pytest.raises(Refused, match="not_here"):
        tap(tablet, child, "leave", key="too early")
    db.session.rollback()
    act.note_refused(Touch("too early", child.id, Tapped.LEAVE, NOON), tablet, "presence.not_here", NOON)
    tap(tablet, child, "arrive")
    assert tap(tablet, child, "leave", key="too early").refused == "presence.not_here"
    assert rows(child)[0][2] is None


def test_a_second_arrival_and_a_second_departure_are_refused(here):
    *_, child, tablet = here
    tap(tablet, child, "arrive", at=at("08:00"))
    keep()
    with pytest.raises(Refused, match="already_here"):
        tap(tablet, child, "arrive", at=at("08:05"))
    db.session.rollback()
    tap(tablet, child, "leave", at=at("11:00"))
    keep()
    with pytest.raises(Refused, match="not_here"):
        tap(tablet, child, "leave", at=at("11:01"))


def test_a_child_of_another_unit_is_not_tapped(here):
    *_, tablet = here
    stranger = factories.child()
    factories.placement(stranger, date(2026, 1, 1))
    with pytest.raises(Refused, match="not_placed"):
        tap(tablet, stranger, "arrive")


@pytest.mark.parametrize("what", ["leave", "undo_arrive", "undo_leave"])
def test_a_tablet_ends_and_takes_back_nothing_of_another_unit(here, what):
    *_, tablet = here
    unit = factories.unit()
    there = factories.child()
    factories.placement(there, date(2026, 1, 1), unit=unit)
    left = time(10) if what == "undo_leave" else None
    factories.presence(there, unit, left=left)
    with pytest.raises(Refused):
        tap(tablet, there, what)
    assert rows(there) == [(TODAY, time(8), left)]


def test_a_child_in_care_elsewhere_is_tapped_there_and_not_at_home(here):
    *_, child, home = here
    other = factories.unit()
    guest_group = factories.group(other, "Vieraat")
    factories.save(BackupCare(child_id=child.id, unit_id=other.id, group_id=guest_group.id, start=TODAY, end=TODAY))
    there = device(other)
    tap(there, child, "arrive")
    assert db.session.scalars(select(Presence)).one().group_id == guest_group.id
    keep()
    with pytest.raises(Refused, match="not_placed"):
        tap(home, child, "arrive", key="from home")


def test_a_tap_waits_for_the_network_and_keeps_its_time(here):
    *_, child, tablet = here
    tap(tablet, child, "arrive", at=at("08:00"), now=at("11:30"))
    assert rows(child)[0][1] == time(8)
    keep()
    with pytest.raises(Refused, match="too_old"):
        tap(tablet, child, "leave", at=at("11:00"), now=at("23:30"))


def test_a_departure_that_comes_after_the_night_has_closed_the_day(here):
    *_, child, tablet = here
    tap(tablet, child, "arrive", at=at("08:00"))
    night = Actor(None, at("00:02", TODAY + DAY))
    act.close_open(list(db.session.scalars(act.open_from_before(night))), night)
    assert rows(child) == [(TODAY, time(8), time(23, 59))]
    tap(tablet, child, "leave", at=at("16:20"), now=at("02:00", TODAY + DAY))
    assert rows(child) == [(TODAY, time(8), time(16, 20))]
    assert not db.session.scalars(select(Presence)).one().automatic


def test_taking_back(here):
    *_, child, tablet = here
    tap(tablet, child, "arrive", at=at("08:00"))
    tap(tablet, child, "undo_arrive", at=at("08:01"))
    assert rows(child) == []
    with pytest.raises(Refused, match="not_here"):
        tap(tablet, child, "undo_arrive", at=at("08:02"))
    tap(tablet, child, "arrive", at=at("08:03"))
    with pytest.raises(Refused, match="not_left"):
        tap(tablet, child, "undo_leave", at=at("08:04"))
    tap(tablet, child, "leave", at=at("11:00"))
    tap(tablet, child, "undo_leave", at=at("11:01"))
    assert rows(child) == [(TODAY, time(8, 3), None)]


def test_leaving_before_coming_is_refused(here):
    *_, child, tablet = here
    tap(tablet, child, "arrive", at=at("08:00"))
    with pytest.raises(Refused, match="left_before"):
        tap(tablet, child, "leave", at=at("07:59"))


def test_whoever_was_there_was_not_away(here):
    *_, child, tablet = here
    factories.absence(child, TODAY)
    tap(tablet, child, "arrive", at=at("08:00"))
    tap(tablet, child, "leave", at=at("11:00"))
    assert db.session.scalars(select(Absence)).all() == []


def test_a_visit_of_some_minutes_is_no_day(here):
    *_, child, tablet = here
    factories.absence(child, TODAY)
    tap(tablet, child, "arrive", at=at("08:00"))
    tap(tablet, child, "leave", at=at("08:10"))
    assert len(db.session.scalars(select(Absence)).all()) == 1


def test_two_tablets_cannot_put_one_child_in_twice_even_past_the_rules(here):
    unit, _, child, _ = here
    presence(child, unit, left=time(12))
    with pytest.raises(Exception, match="ex_presence_child_id"):
        presence(child, unit, arrived=time(11, 59), left=time(13))
    db.session.rollback()


def test_spans_that_meet_are_no_overlap(here):
    unit, _, child, _ = here
    presence(child, unit, left=time(12))
    presence(child, unit, arrived=time(12), left=time(13))
    assert len(rows(child)) == 2


def test_a_tablet_that_is_shut_out_taps_nothing(here, by):
    unit, _, child, tablet = here
    act.revoke_device(tablet, by(factories.user("director", unit=unit)))
    assert act.device_of(tablet.token) is None
    with pytest.raises(Denied):
        tap(tablet, child, "arrive")


# -- absence told by the family ----------------------------------------------------------------------------------


def test_the_family_has_called(here):
    *_, child, tablet = here
    by = by_device(tablet)
    for _ in range(2):  # the button was pressed twice
        act.mark_absent(child, AbsenceKind.SICK, tablet, "one press", by)
    row = db.session.scalars(select(Absence)).one()
    assert (row.kind, row.reported_by) == (AbsenceKind.SICK, Reporter.STAFF)
    act.unmark_absent(child, tablet, "another press", by)
    assert db.session.scalars(select(Absence)).all() == []
    with pytest.raises(Refused, match="not_away"):
        act.unmark_absent(child, tablet, "a third press", by)


def test_whoever_is_there_is_not_absent(here):
    unit, _, child, tablet = here
    presence(child, unit)
    with pytest.raises(Refused, match="was_present"):
        act.mark_absent(child, AbsenceKind.SICK, tablet, "one press", by_device(tablet))


# -- pairing -------------------------------------------------------------------------------------------------------


def test_a_tablet_is_paired_by_a_code_that_works_once(here, by):
    unit, group, *_ = here
    director = by(factories.user("director", unit=unit))
    row, code = act.add_device(unit, director, name="Eteisen tabletti", group=group)
    assert code not in (row.code or "")
    paired, token = act.pair(code.lower().replace("-", " "), "Chrome", NOON + timedelta(minutes=59))
    assert (paired, act.device_of(token)) == (row, row)
    for typed, moment in ((code, NOON), ("AAAA-AAAA", NOON)):
        with pytest.raises(Refused, match="code_unknown"):
            act.pair(typed, "Chrome", moment)
    again = act.new_code(row, director)
    assert act.device_of(token) is None
    with pytest.raises(Refused, match="code_unknown"):
        act.pair(again, "Chrome", NOON + timedelta(minutes=61))


def test_a_tablet_is_nobody_to_log_in_or_to_write_to(here):
    *_, tablet = here
    assert tablet.user.password_hash == ""
    assert tablet.user not in db.session.scalars(select(User).where(User.standing())).all()


def test_only_the_units_own_director_adds_a_tablet(here, by):
    unit, *_ = here
    elsewhere = by(factories.user("director", unit=factories.unit()))
    with pytest.raises(Denied):
        act.add_device(unit, elsewhere, name="Vieras")
    tablet, _ = act.add_device(unit, by(factories.user("director", unit=unit)), name="Oma")
    with pytest.raises(Denied):
        act.revoke_device(tablet, elsewhere)


def test_a_tablet_that_is_shut_out_gets_no_new_code(here, by):
    unit, *_, tablet = here
    director = by(factories.user("director", unit=unit))
    act.revoke_device(tablet, director)
    with pytest.raises(Refused, match="device_revoked"):
        act.new_code(tablet, director)


# -- the night -------------------------------------------------------------------------------------------------------


def night(day: date = TODAY + DAY) -> Actor:
    return Actor(None, at("00:02", day))


def closed(by: Actor) -> None:
    act.close_open(list(db.session.scalars(act.open_from_before(by))), by)


def by_night_child(unit, **care):
    child = factories.child()
    place = factories.placement(child, date(2026, 1, 1), unit=unit, **care)
    place.needs[0].shift_care = ShiftCare.FULL
    presence(child, unit, arrived=time(20, 50))
    return child, place


def test_the_night_ends_an_open_row_and_leaves_night_care_open(here):
    unit, _, child, _ = here
    presence(child, unit)
    round_the_clock = factories.unit(shift_opening=ROUND)
    stays, _ = by_night_child(round_the_clock)
    ordinary = factories.child()
    factories.placement(ordinary, date(2026, 1, 1), unit=round_the_clock)
    presence(ordinary, round_the_clock)
    closed(night())
    assert rows(child) == rows(ordinary) == [(TODAY, time(8), time(23, 59))]
    assert rows(stays) == [(TODAY, time(20, 50), time(23, 59)), (TODAY + DAY, time(0), None)]
    assert db.session.scalars(select(Presence.automatic).where(Presence.child_id == child.id)).all() == [True]
    closed(night())
    assert len(db.session.scalars(select(Presence)).all()) == 4  # twice is once


def test_the_night_ends_whoever_has_no_place_any_more(here):
    unit = factories.unit(shift_opening=ROUND)
    child, place = by_night_child(unit)
    place.end = place.needs[0].end = TODAY
    closed(night())
    assert rows(child) == [(TODAY, time(20, 50), time(23, 59))]


def test_care_by_night_goes_on_in_the_unit_of_back_up_care(here):
    unit, other = factories.unit(), factories.unit(shift_opening=ROUND)
    child = factories.child()
    factories.placement(child, date(2026, 1, 1), unit=unit).needs[0].shift_care = ShiftCare.FULL
    factories.save(BackupCare(child_id=child.id, unit_id=other.id, start=TODAY, end=TODAY + DAY))
    presence(child, other, arrived=time(21))
    closed(night())
    assert rows(child)[-1] == (TODAY + DAY, time(0), None)


def test_a_server_that_slept_for_two_nights_closes_every_day(here):
    unit = factories.unit(shift_opening=ROUND)
    child, _ = by_night_child(unit)
    closed(night(TODAY + 2 * DAY))
    assert rows(child) == [
        (TODAY, time(20, 50), time(23, 59)), (TODAY + DAY, time(0), time(23, 59)), (TODAY + 2 * DAY, time(0), None)]


def test_the_departure_of_the_morning_closes_the_night(here):
    unit = factories.unit(shift_opening=ROUND)
    child, _ = by_night_child(unit)
    tablet = device(unit)
    tap(tablet, child, "leave", at=at("06:10", TODAY + DAY))  # before the job has run
    assert rows(child) == [(TODAY, time(20, 50), time(23, 59)), (TODAY + DAY, time(0), time(6, 10))]


# -- corrections ------------------------------------------------------------------------------------------------------


def test_the_staff_put_times_right_and_the_journal_tells_old_and_new(here, by):
    unit, group, child, _ = here
    staff = by(factories.user("staff", unit=unit, group=group))
    row = act.add(child, staff, day=TODAY - DAY, arrived=time(8), left=time(15))
    act.correct(row, staff, arrived=time(8, 30), left=time(15))
    keep()
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "presence.correct")).one()
    assert [f"presence {row.id}", "arrived", "08:00:00", "08:30:00"] in line.facts["changes"]
    act.remove(row, staff)
    assert rows(child) == []
    assert {one.what for one in db.session.scalars(select(Tap))} == {Tapped.CORRECT}  # the tablets hear of it


def test_corrections_stay_within_the_group_and_the_possible(here, by):
    unit, group, child, _ = here
    other = by(factories.user("staff", unit=unit, group=factories.group(unit, "Ketut")))
    with pytest.raises(Denied):
        act.add(child, other, day=TODAY, arrived=time(8))
    own = by(factories.user("staff", unit=unit, group=group))
    with pytest.raises(Refused, match="in_future"):
        act.add(child, own, day=TODAY + DAY, arrived=time(8))
    with pytest.raises(Refused, match="not_placed"):
        act.add(child, by(None), day=date(2025, 1, 7), arrived=time(8), left=time(9))


# -- notes and pictures ----------------------------------------------------------------------------------------------


def test_a_note_of_the_day_is_one_and_goes_when_it_is_emptied(here):
    *_, child, tablet = here
    by = by_device(tablet)
    act.write_day_note(child, by, text="Retkellä", ate=Level.GOOD, slept=45, needs=(Need.DIAPERS,))
    act.write_day_note(child, by, text="Retkellä metsässä")
    row = db.session.scalars(select(DayNote)).one()
    assert (row.text, row.ate, row.needs) == ("Retkellä metsässä", None, [])
    assert "Retkellä" not in str(db.session.scalars(select(AuditEvent.facts)).all())
    act.write_day_note(child, by)
    assert db.session.scalars(select(DayNote)).all() == []
    for wrong in ({"slept": 1441}, {"text": "x" * 2001}):
        with pytest.raises(Refused):
            act.write_day_note(child, by, **wrong)


def test_notes_whose_time_is_over_go(here):
    _, group, child, tablet = here
    by = by_device(tablet)
    act.write_day_note(child, by, text="Eilen")
    act.add_sticky(child, by, text="Kurahousut", until=TODAY)
    act.add_group_note(group, by, text="Retki", until=TODAY + DAY)
    keep()
    assert act.forget_notes(Actor(None, at("06:30", TODAY + DAY))) == {"day_note": 1, "sticky_note": 1}
    assert act.forget_notes(Actor(None, at("06:30", TODAY + 2 * DAY))) == {"group_note": 1}


def test_a_note_needs_words_and_a_day_not_far_away(here):
    *_, child, tablet = here
    by = by_device(tablet)
    for text, until in (("  ", TODAY), ("Liian myöhään", TODAY + 8 * DAY)):
        with pytest.raises(Refused):
            act.add_sticky(child, by, text=text, until=until)
    note = act.add_sticky(child, by, text="Hyvä", until=TODAY + 7 * DAY)
    act.remove_sticky(note, by)
    assert db.session.scalars(select(StickyNote)).all() == []


def image(kind: str, size=(900, 600)) -> bytes:
    out = BytesIO()
    picture = Image.new("RGB", size, "teal")
    exif = Image.Exif()
    exif[0x010F] = "Camera of somebody"
    picture.save(out, kind, **({"exif": exif} if kind == "JPEG" else {}))
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_is_made_small_and_tells_nothing_of_the_camera(here, kind):
    *_, child, tablet = here
    row = act.set_picture(child, by_device(tablet), content=image(kind))
    with Image.open(BytesIO(row.content)) as kept:
        assert (kept.format, kept.size) == ("JPEG", (512, 512))
    assert b"Camera" not in row.content
    act.set_picture(child, by_device(tablet), content=image(kind, (100, 80)))
    act.remove_picture(row, by_device(tablet))


@pytest.mark.parametrize(
    ("content", "key"),
    [(b"GIF89a", "picture_kind"), (b"<svg onload=1>", "picture_kind"), (b"\xff\xd8\xff broken", "picture_broken"),
     (b"", "picture_kind"), (b"\xff\xd8\xff" + b"x" * 8_000_001, "picture_large")],
)
def test_what_is_no_picture_is_refused(here, content, key):
    *_, child, tablet = here
    with pytest.raises(Refused, match=key):
        act.set_picture(child, by_device(tablet), content=content)


@pytest.mark.parametrize(
    ("arrived", "left", "missed"),
    [("08:00", "09:30", {"nonbillable"}), ("09:10", "11:44", {"billable"}), ("08:10", "11:59", set())],
)
def test_expected_absences_of_a_day_in_two_parts(here, at_term, arrived, left, missed):
    """Teaching from 9 to 11.30: what the times leave out is asked, what they hold is no absence any more."""
    *_, tablet = here
    unit = tablet.unit
    unit.preschool_start, unit.preschool_end = time(9), time(11, 30)
    child = factories.child()
    factories.placement(child, date(2025, 8, 1), unit=unit, care_type=CareType.PRESCHOOL_DAYCARE)
    tap(tablet, child, "arrive", at=at(arrived, at_term))
    assert set(tap(tablet, child, "leave", at=at(left, at_term), now=at("12:00", at_term)).ask) == missed
    by = by_device(tablet, at("12:00", at_term))
    if missed:
        act.mark_missed(child, by, kind=AbsenceKind.OTHER)
        assert {one.category.value for one in db.session.scalars(select(Absence))} == missed
    with pytest.raises(Refused, match="nothing_missed"):
        act.mark_missed(child, by, kind=AbsenceKind.OTHER)


def test_a_part_that_was_not_missed_is_no_absence(here, at_term):
    *_, tablet = here
    child = factories.child()
    factories.placement(child, date(2025, 8, 1), unit=tablet.unit, care_type=CareType.PRESCHOOL_DAYCARE)
    for kind in ("billable", "nonbillable"):
        factories.save(Absence(child_id=child.id, day=at_term, kind=AbsenceKind.SICK, category=kind,
                               reported_by=Reporter.GUARDIAN))
    tap(tablet, child, "arrive", at=at("08:55", at_term))
    outcome = tap(tablet, child, "leave", at=at("12:00", at_term))  # the default hours of teaching: 9 to 13
    assert not outcome.ask
    assert [one.category.value for one in db.session.scalars(select(Absence))] == ["billable"]

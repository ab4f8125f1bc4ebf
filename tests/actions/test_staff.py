"""The adults' time: by PIN and plan, from outside by name, put right by the director, and shifts out of a file."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO

import pytest
from openpyxl import Workbook
from sqlalchemy import select

from evaka.access import Actor
from evaka.actions import staff as act
from evaka.actions.staff.shifts import as_text
from evaka.kit.errors import Denied, Refused
from evaka.models.base import HELSINKI, db
from evaka.models.journal import AuditEvent
from evaka.models.staff import Shift, StaffMember, StaffPresence
from evaka.rules.staff import RatioState, StaffKind
from tests import factories
from tests.conftest import NOON, keep
from tests.factories import at_work, device, member, shift

pytestmark = pytest.mark.usefixtures("database")
DAY = date(2026, 6, 1)


def at(clock: str, day: date = DAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), HELSINKI)


@pytest.fixture
def here():
    """A group, and somebody of its staff with a PIN and a shift from 8 to 16."""
    unit = factories.unit()
    group = factories.group(unit)
    user = factories.user("staff", unit=unit, group=group)
    member(user, number="10001")
    shift(user, unit, at("08:00"), at("16:00"))
    return unit, group, user


def rows(user=None):
    db.session.expire_all()
    asked = select(StaffPresence).order_by(StaffPresence.arrived)
    return [(one.kind.value, f"{one.arrived:%H:%M}", one.left and f"{one.left:%H:%M}", one.group_id is not None)
            for one in db.session.scalars(asked.where(StaffPresence.user_id == user.id) if user else asked)]


# -- PINs -----------------------------------------------------------------------------------------------


def test_five_wrong_pins_lock_and_a_new_one_opens(here, by):
    unit, _, user = here
    said = [act.prove(user, "0000", NOON).key for _ in range(5)]
    assert said == ["staff.pin_wrong"] * 4 + ["staff.pin_locked"]
    assert act.prove(user, "2580", NOON).key == "staff.pin_locked"  # the right one comes too late
    keep()
    act.set_pin(user, by(factories.user("director", unit=unit)), pin="8642")
    assert act.prove(user, "8642", NOON) is None
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "staff.set_pin")).one()
    assert "8642" not in str(line.facts)
    assert "8642" not in db.session.scalars(select(StaffMember.pin)).one()


def test_a_right_pin_forgets_the_wrong_ones(here):
    *_, user = here
    for _ in range(4):
        act.prove(user, "0000", NOON)
    assert act.prove(user, "2580", NOON) is None
    assert act.prove(user, "0000", NOON).facts["left"] == 4


def test_nobody_without_a_pin_or_whose_log_in_is_closed(here):
    unit, group, user = here
    assert act.prove(factories.user("staff", unit=unit, group=group), "2580", NOON).key == "staff.no_pin"
    user.active = False
    assert act.prove(user, "2580", NOON).key == "staff.no_pin"


def test_only_oneself_and_the_units_director_set_a_pin(here, by):
    unit, group, user = here
    act.set_pin(user, by(user), pin="2468")
    for other in (factories.user("staff", unit=unit, group=group), factories.user("director", unit=factories.unit())):
        with pytest.raises(Denied):
            act.set_pin(user, by(other), pin="2468")
    with pytest.raises(Refused, match="pin_easy"):
        act.set_pin(user, by(user), pin="1234")


# -- in and out -----------------------------------------------------------------------------------------


def come(user, group, clock, kind=None):
    act.arrive(user, Actor(user, at(clock)), group=group, kind=kind)


def go(user, clock, kind=None):
    act.leave(user, Actor(user, at(clock)), kind=kind)


def test_a_day_of_somebody(here):
    _, group, user = here
    come(user, group, "07:56")
    with pytest.raises(Refused, match="already_here"):
        come(user, group, "08:10")
    go(user, "11:00", StaffKind.TRAINING)
    come(user, group, "13:00")
    go(user, "16:20", StaffKind.OVERTIME)
    assert rows() == [
        ("present", "07:56", "11:00", True), ("training", "11:00", "13:00", False),
        ("overtime", "13:00", "16:20", True)]
    with pytest.raises(Refused, match="not_here"):
        go(user, "16:30")


def test_late_from_a_training_that_began_with_the_shift(here):
    _, group, user = here
    come(user, group, "09:30", StaffKind.TRAINING)
    assert rows() == [("training", "08:00", "09:30", False), ("present", "09:30", None, True)]


def test_what_somebody_counts_for_is_kept_with_the_time(here, by):
    unit, group, user = here
    director = by(factories.user("director", unit=unit))
    act.set_coefficient(user, director, coefficient=Decimal("3.5"))
    come(user, group, "08:00")
    act.set_coefficient(user, director, coefficient=Decimal(7))
    assert db.session.scalars(select(StaffPresence.coefficient)).one() == Decimal("3.5")
    with pytest.raises(Refused, match="coefficient_range"):
        act.set_coefficient(user, director, coefficient=Decimal("7.1"))


def test_nobody_signs_in_somebody_else(here):
    unit, group, user = here
    other = factories.user("staff", unit=unit, group=group)
    with pytest.raises(Denied):
        act.arrive(user, Actor(other, at("08:00")), group=group)


def test_somebody_from_outside(here):
    unit, group, _ = here
    tablet = device(unit).user
    row = act.arrive_external(group, Actor(tablet, at("09:00")), name=" Opiskelija Oona ", counts=False)
    with pytest.raises(Refused, match="external_is_here"), db.session.begin_nested():  # the second of two presses
        act.arrive_external(group, Actor(tablet, at("09:00")), name="Opiskelija Oona")
    act.leave_external(row, Actor(tablet, at("14:00")))
    assert (row.who, row.coefficient, row.left) == ("Opiskelija Oona", 0, at("14:00"))
    with pytest.raises(Refused, match="not_here"):
        act.leave_external(row, Actor(tablet, at("14:01")))
    with pytest.raises(Refused, match="name_empty"):
        act.arrive_external(group, Actor(tablet, at("09:00")), name=" ")


def test_staff_do_not_leave_as_guests(here):
    unit, group, user = here
    row = at_work(user, group, at("08:00"))
    with pytest.raises(Refused, match="needs_pin"):
        act.leave_external(row, Actor(device(unit).user, at("14:00")))


# -- corrections and what nobody ended ------------------------------------------------------------------


def test_the_director_puts_time_right_and_the_journal_tells(here, by):
    unit, group, user = here
    director = by(factories.user("director", unit=unit), "2026-06-02")
    row = act.add(unit, director, user=user, group=group, day=DAY, arrived=time(22), left=time(6))
    assert (row.arrived, row.left) == (at("22:00"), at("06:00", date(2026, 6, 2)))
    keep()
    act.correct(row, director, arrived=time(21), left=time(23), kind=StaffKind.TRAINING)
    keep()
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "staff.correct")).one()
    assert {change[1] for change in line.facts["changes"]} >= {"arrived", "left", "kind", "group_id"}
    act.remove(row, director)
    assert rows() == []
    with pytest.raises(Refused, match="group_needed"):
        act.add(unit, director, user=user, day=DAY, arrived=time(8))
    with pytest.raises(Refused, match="future"):
        act.add(unit, director, user=user, group=group, day=date(2026, 6, 3), arrived=time(8))


def test_staff_do_not_correct_their_time(here, by):
    _, group, user = here
    row = at_work(user, group, at("08:00"))
    with pytest.raises(Denied):
        act.correct(row, by(user), arrived=time(7), kind=StaffKind.PRESENT, group=group)


def test_one_person_is_not_twice_at_work(here):
    _, group, user = here
    at_work(user, group, at("08:00"), at("12:00"))
    with pytest.raises(Exception, match="ex_staff_presence_user_id"):
        at_work(user, group, at("11:00"), at("13:00"))
    db.session.rollback()


def test_forgotten_rows_are_ended(here):
    _, group, user = here
    away = at_work(user, group, at("13:00"), kind=StaffKind.TRAINING, group_id=None)
    other = factories.user("staff", unit=group.unit, group=group)
    present = at_work(other, group, at("08:00"))
    guest = at_work(None, group, at("08:30"), name="Sijainen")

    def run(clock: str) -> None:
        by = Actor(None, at(clock))
        for id in db.session.scalars(act.open_for_long(by)).all():
            act.end_left_open(id, by)

    run("16:55")
    assert [one.left for one in (away, present, guest)] == [at("16:00"), None, None]
    run("20:55")
    assert (present.left, guest.left, present.automatic) == (at("20:00"), at("20:30"), True)
    run("20:55")


# -- the ratio ------------------------------------------------------------------------------------------


def test_the_ratio_now_and_at_a_minute_of_the_past(here):
    unit, group, user = here
    for born in (date(2024, 5, 1), date(2021, 5, 1)):  # two years old, and five
        child = factories.child(born=born)
        factories.in_group(factories.placement(child, date(2026, 1, 1), unit=unit), group)
        factories.presence(child, unit, group_id=group.id)
    factories.factor(child, "2")
    at_work(user, group, at("09:00"), at("11:00"))
    at_ten = act.ratio_of({unit.id}, at("10:00"))[group.id]
    assert (at_ten.children, at_ten.adults, at_ten.weight) == (2, 1, Decimal("3.75"))
    assert act.ratio_of({unit.id}, at("11:00"))[group.id].state(act.ratios()) is RatioState.EXCEEDED
    assert act.ratio_of({unit.id}, at("07:59")) == {}


# -- shifts ---------------------------------------------------------------------------------------------

FILE = """Henkilönumero;Päivä;Alkaa;Päättyy;Ryhmä
10001;1.6.2026;7.00;15.00;Siilit
10001;2.6.2026;9.00;17.00;
99999;2.6.2026;9.00;17.00;
10001;3.6.2026;9.00;17.00;Ketut
"""


def test_shifts_are_looked_at_row_by_row_and_the_good_ones_are_taken(here, by):
    unit, group, _ = here
    director = by(factories.user("director", unit=unit))
    found = act.preview(unit, act.rows_of(FILE.encode()), director)
    assert [row.line for row in found.good] == [2, 3]
    assert [(row.line, row.wrong) for row in found.bad] == [(4, ("staff.row.nobody",)), (5, ("staff.row.no_group",))]
    for _ in range(2):  # twice is once
        assert act.import_shifts(unit, director, rows=FILE) == 2
    kept = db.session.scalars(select(Shift).order_by(Shift.start)).all()
    assert [(one.start, one.group_id) for one in kept] == [
        (at("07:00"), group.id), (at("09:00", date(2026, 6, 2)), None)]
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "staff.import_shifts")).first()
    assert line.facts["shifts"] == 2


def test_a_workbook_is_read_as_well(here, by):
    unit, *_ = here
    book = Workbook()
    book.active.append(["Employee number", "Date", "Start", "End", "Kind"])
    book.active.append([10001, datetime(2026, 6, 4), time(8), time(16), "koulutus"])  # noqa: DTZ001 a spreadsheet's
    out = BytesIO()
    book.save(out)
    cells = act.rows_of(out.getvalue())
    director = by(factories.user("director", unit=unit))
    [row] = act.preview(unit, act.rows_of(as_text(cells).encode()), director).good
    assert (row.start, row.finish, row.kind) == (
        at("08:00", date(2026, 6, 4)), at("16:00", date(2026, 6, 4)), StaffKind.TRAINING)


@pytest.mark.parametrize(
    ("content", "key"),
    [(b"PK\x03\x04 nothing", "file_unreadable"), (b"\x00\x01", "file_unreadable"), (b"a;b\n", "file_columns"),
     (b"", "file_columns"), (FILE.splitlines()[0].encode(), "nothing_to_import")],
)
def test_files_that_hold_no_shifts(here, by, content, key):
    unit, *_ = here
    director = by(factories.user("director", unit=unit))
    with pytest.raises(Refused, match=key):
        act.preview(unit, act.rows_of(content), director)
        act.import_shifts(unit, director, rows=content.decode())


def test_old_encodings_and_other_signs_between_columns_are_read():
    assert act.rows_of("Päivä\tRyhmä\n1\t2".encode("cp1252")) == [["Päivä", "Ryhmä"], ["1", "2"]]
    with pytest.raises(Refused, match="file_long"):
        act.rows_of(b"a\n" * 5002)


def test_another_units_director_imports_nothing(here, by):
    unit, *_ = here
    with pytest.raises(Denied):
        act.import_shifts(unit, by(factories.user("director", unit=factories.unit())), rows=FILE)

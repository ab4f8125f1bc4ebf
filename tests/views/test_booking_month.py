"""Agreed hours and days a month: families are warned before they run out, the unit sees how each child stands."""

from __future__ import annotations

import re
from datetime import date

import pytest
from sqlalchemy import select

from evaka.actions import booking as act
from evaka.jobs.booking import WARN_MONTH
from evaka.jobs.job import run
from evaka.models.base import db
from evaka.models.booking import Booking, BookingReminder
from evaka.models.journal import Email
from evaka.rules.booking import Span
from evaka.rules.booking.day import Ask, Asked
from tests import factories
from tests.conftest import keep, statements
from tests.day import booked, clock
from tests.pages import refused, seen, week

pytestmark = pytest.mark.usefixtures("database")
OPEN = [date(2026, 6, day) for day in (8, 9, 10, 11, 12, 15, 16, 17, 18, 22, 23, 24, 25, 26, 29, 30)]


def times(text: str) -> Asked:
    begins, _, ends = text.partition("-")
    return Asked(Ask.TIMES, (Span(clock(begins), clock(ends)),))


def family(need: str, **place):
    child = factories.child(first_name="Aino", last_name="Metsälä")
    placement = factories.placement(child, date(2026, 6, 8), date(2027, 7, 31), service_need=need, **place)
    return child, placement


def warned(page) -> list[str]:
    return re.findall(r"Huomaa: [^<]+", page.text)


def test_a_guardian_who_books_more_than_was_agreed_is_told_at_once_and_may(browser):
    child, _ = family("ten_days")
    phone = browser(factories.user("guardian", person=child.guardians[0]))
    for day in OPEN[:9]:
        booked(child, "8.00-16.00", day)
    keep()
    page = phone.post(f"/my/booking/day/?child={child.id}&day={OPEN[9]}", data={"begins": "8.00", "ends": "16.00"},
                      follow_redirects=True)
    assert warned(page) == []  # ten of ten
    page = phone.post(f"/my/booking/day/?child={child.id}&day={OPEN[10]}", data={"begins": "8.00", "ends": "16.00"},
                      follow_redirects=True)
    assert warned(page) == ["Huomaa: lapsen Aino sopimus ylittyy 1 pv kuukaudessa 6/2026. Ylitys voi nostaa maksua; "
                            "muuta varauksia, jos se ei ole tarkoitus."]
    assert len(db.session.scalars(select(Booking)).all()) == 11
    assert "Sopimus ylittyy: Aino" in seen(phone.get("/my/"))
    assert refused(page) == []


def test_many_days_at_once_are_reckoned_month_by_month(browser):
    child, _ = family("hours_120")
    phone = browser(factories.user("guardian", person=child.guardians[0]))
    hours = week("7.00", "16.30", range(1, 6), "week")
    data = {"children": [child.id], "first": "2026-06-08", "last": "2026-07-31"} | hours
    page = phone.post("/my/booking/many/", data=data, follow_redirects=True)
    assert ["6/2026" in warned(page)[0], "7/2026" in warned(page)[1]] == [True, True]


def test_the_mail_goes_once_a_month_to_whom_it_concerns(by):
    over, _ = family("ten_days")
    within, _ = family("ten_days")
    family("full_day")
    factories.guardian_of(over, email="")
    keep()
    for child, days in ((over, OPEN[:11]), (within, OPEN[:10])):
        act.enter(child, by(), days=dict.fromkeys(days, times("8-16")))
    keep()
    for _ in range(2):
        run(WARN_MONTH, by())
    assert db.session.scalars(select(Email.person_id)).all() == [over.guardians[0].id]
    assert [row.kind for row in db.session.scalars(select(BookingReminder))] == ["month"]


def test_the_unit_sees_how_each_child_stands_in_the_week_and_on_the_months_sheet(browser):
    child, place = family("ten_days")
    group = factories.group(place.unit)
    factories.in_group(place, group)
    for day in OPEN[:12]:
        booked(child, "8.00-16.00", day)
    director = browser(factories.user("director", unit=place.unit))
    assert "Metsälä Aino ylittyy 2 pv" in seen(director.get(f"/office/booking/?week={OPEN[0]}"))
    page = seen(director.get(f"/office/report/?kind=month&group={group.id}"))
    assert "Sopimus" in page
    assert "12 / 10 pv" in page
    paper = director.get(f"/office/report/table/?kind=month&group={group.id}").data.decode("utf-8-sig")
    assert ";12 / 10 pv" in paper
    assert director.get(f"/office/report/paper/?kind=month&group={group.id}").data.startswith(b"%PDF")
    other = factories.child()
    extra = factories.placement(other, date(2026, 6, 8), unit=place.unit, service_need="hours_120")
    keep()
    with statements() as few:
        director.get(f"/office/booking/?week={OPEN[0]}")
    factories.in_group(extra, group)
    keep()
    with statements() as more:
        director.get(f"/office/booking/?week={OPEN[0]}")
    assert len(more) == len(few)


def test_a_day_of_three_times_is_shown_and_saved_whole(browser):
    child, _ = family("full_day")
    phone = browser(factories.user("guardian", person=child.guardians[0]))
    booked(child, "7.00-9.00,11.00-13.00,15.00-17.00", OPEN[0])
    keep()
    address = f"/my/booking/day/?child={child.id}&day={OPEN[0]}"
    page = phone.get(address)
    held = {f"{name}{sign}": value for sign in ("", "_2", "_3") for name in ("begins", "ends")
            for value in re.findall(rf'name="{name}{sign}"[^>]*value="([^"]*)"', page.text)
            or re.findall(rf'value="([^"]*)"[^>]*name="{name}{sign}"', page.text)}
    assert list(held.values()) == ["07:00", "09:00", "11:00", "13:00", "15:00", "17:00"] or len(held) == 6
    phone.post(address, data=held | {"ends": "9.30", "shown": "07:00-09:00+11:00-13:00+15:00-17:00"})
    spans = [str(row.span) for row in db.session.scalars(select(Booking).order_by(Booking.begins))]
    assert spans == ["07:00-09:30", "11:00-13:00", "15:00-17:00"]

"""Calendars read back by a program that is not ours, on both sides of the changes of clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import icalendar
import pytest

from evaka.kit.ics import Entry, calendar, escaped, folded

HELSINKI = ZoneInfo("Europe/Helsinki")
wall = datetime.fromisoformat  # the wall clock of Helsinki
MADE = datetime(2026, 6, 1, 12, tzinfo=HELSINKI)


def entry(begins, ends, **fields):
    return Entry(**({"key": "a", "title": "Hoidossa"} | fields), begins=begins, ends=ends)


def read(*entries, **fields):
    content = calendar("Varhaiskasvatus", entries, made_at=MADE, language="fi", **fields)
    return content, icalendar.Calendar.from_ical(content)


@pytest.mark.parametrize(("day", "utc"), [
    (date(2026, 3, 28), 6), (date(2026, 3, 29), 5), (date(2026, 10, 24), 5), (date(2026, 10, 25), 6),
    (date(2026, 12, 24), 6),
])
def test_eight_is_eight_on_both_sides_of_a_change_of_clocks(day, utc):
    begins, ends = wall(f"{day}T08:00"), wall(f"{day}T16:00")
    _, book = read(entry(begins, ends))
    [event] = book.walk("VEVENT")
    told = event["DTSTART"]
    assert told.params["TZID"] == "Europe/Helsinki"
    assert told.dt.replace(tzinfo=HELSINKI).astimezone(UTC).hour == utc


@pytest.mark.parametrize(("moment", "hours"), [
    (wall("2026-03-29T02:59"), 2), (wall("2026-03-29T04:01"), 3), (wall("2026-10-25T02:59"), 3),
    (wall("2026-10-25T04:01"), 2), (wall("2031-07-01T12:00"), 3),
])
def test_the_rule_of_the_zone_is_the_zones(moment, hours):
    """The rule that stands in the file, reckoned by the reader, says what the time zone database says."""
    _, book = read(entry(date(2026, 6, 1), date(2026, 6, 2)))
    [zone] = book.walk("VTIMEZONE")
    assert zone.to_tz(lookup_tzid=False).utcoffset(moment).total_seconds() == hours * 3600
    assert HELSINKI.utcoffset(moment).total_seconds() == hours * 3600


def test_what_is_written_is_read_again():
    text = "Mukaan: eväät, vesi; \\ ja hattu\nKlo 8 ä" + "ö" * 90
    content, book = read(
        entry(date(2026, 6, 1), date(2026, 6, 4), title="Retki", where="Lokkila, Siilit", text=text, busy=True),
        entry(wall("2026-06-01T08:00"), wall("2026-06-01T16:00"), key="b"), again="PT1H")
    first, second = book.walk("VEVENT")
    assert (first["DTSTART"].dt, first["DTEND"].dt) == (date(2026, 6, 1), date(2026, 6, 4))
    assert (str(first["SUMMARY"]), str(first["LOCATION"]), str(first["DESCRIPTION"])) == (
        "Retki", "Lokkila, Siilit", text)
    assert (first["TRANSP"], second["TRANSP"], first["CLASS"]) == ("OPAQUE", "TRANSPARENT", "PRIVATE")
    assert first["DTSTAMP"].dt == datetime(2026, 6, 1, 9, tzinfo=UTC)
    assert "LOCATION" not in second
    assert str(book["X-PUBLISHED-TTL"]) == "PT1H"
    assert content.endswith(b"END:VCALENDAR\r\n")
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_equal_entries_are_equal_bytes_and_nothing_is_asked_again_by_itself():
    one, _ = read(entry(date(2026, 6, 1), date(2026, 6, 2)))
    other, _ = read(entry(date(2026, 6, 1), date(2026, 6, 2)))
    assert one == other
    assert b"REFRESH" not in one


def test_a_folded_line_breaks_no_letter():
    parts = list(folded("SUMMARY:" + "ä" * 100))
    assert b"".join(part.removesuffix(b"\r\n").removeprefix(b" ") if n else part.removesuffix(b"\r\n")
                    for n, part in enumerate(parts)).decode() == "SUMMARY:" + "ä" * 100


@pytest.mark.parametrize(("begins", "ends"), [
    (date(2026, 6, 1), date(2026, 6, 1)), (wall("2026-06-01T09:00"), wall("2026-06-01T08:00")),
    (date(2026, 6, 1), wall("2026-06-02T08:00")),
])
def test_an_entry_goes_on_for_some_time(begins, ends):
    with pytest.raises(ValueError, match="cannot go from"):
        entry(begins, ends)


def test_signs_of_the_format_are_escaped():
    assert escaped("a\\b;c,d\r\ne") == "a\\\\b\\;c\\,d\\ne"

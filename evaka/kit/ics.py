"""Calendars as other programs read them (RFC 5545): days, and times by the wall clock of Helsinki.

Times name their zone and its rule stands beside them, so that eight in the morning is eight on both sides of a change
of clocks.  Nothing is written but what it is given: no organiser, nobody invited, no alarm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

ZONE = "Europe/Helsinki"
WIDTH = 75  # octets of a line, without its end; a longer one goes on in the next
RULE = (  # since 1996, and until the law says otherwise
    "BEGIN:VTIMEZONE", f"TZID:{ZONE}",
    "BEGIN:DAYLIGHT", "DTSTART:19960331T030000", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0300", "TZNAME:EEST",
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "END:DAYLIGHT",
    "BEGIN:STANDARD", "DTSTART:19961027T040000", "TZOFFSETFROM:+0300", "TZOFFSETTO:+0200", "TZNAME:EET",
    "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "END:STANDARD",
    "END:VTIMEZONE",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something of a calendar.  `ends` is when it is over: of whole days the first day on which it is not any more."""

    key: str  # the same each time the entry is written, and no other entry's
    title: str
    begins: date | datetime
    ends: date | datetime
    where: str = ""
    text: str = ""
    busy: bool = False  # whether whoever reads it has no time for anything else

    def __post_init__(self) -> None:
        if isinstance(self.begins, datetime) is not isinstance(self.ends, datetime) or self.ends <= self.begins:
            raise ValueError(f"an entry cannot go from {self.begins} to {self.ends}")


def calendar(name: str, entries: Iterable[Entry], *, made_at: datetime, language: str, again: str = "") -> bytes:
    """The whole calendar; equal entries are equal bytes.  `again` says how often it is worth asking for: PT1H."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//evaka//calendar//{language.upper()}", "CALSCALE:GREGORIAN",
             f"X-WR-CALNAME:{escaped(name)}", f"X-WR-TIMEZONE:{ZONE}"]
    if again:
        lines += [f"REFRESH-INTERVAL;VALUE=DURATION:{again}", f"X-PUBLISHED-TTL:{again}"]
    lines += RULE
    stamp = f"{made_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    for entry in entries:
        lines += _event(entry, stamp)
    lines.append("END:VCALENDAR")
    return b"".join(part for line in lines for part in folded(line))


def _event(entry: Entry, stamp: str) -> Iterator[str]:
    yield from ("BEGIN:VEVENT", f"UID:{entry.key}", f"DTSTAMP:{stamp}")
    yield f"DTSTART{_moment(entry.begins)}"
    yield f"DTEND{_moment(entry.ends)}"
    yield f"SUMMARY:{escaped(entry.title)}"
    if entry.where:
        yield f"LOCATION:{escaped(entry.where)}"
    if entry.text:
        yield f"DESCRIPTION:{escaped(entry.text)}"
    yield from ("CLASS:PRIVATE", f"TRANSP:{'OPAQUE' if entry.busy else 'TRANSPARENT'}", "END:VEVENT")


def _moment(at: date | datetime) -> str:
    if isinstance(at, datetime):
        return f";TZID={ZONE}:{at:%Y%m%dT%H%M%S}"
    return f";VALUE=DATE:{at:%Y%m%d}"


def escaped(text: str) -> str:
    r"""A text as a value.

    >>> escaped("Retki; mukaan eväät, vesi\nja hattu")
    'Retki\\; mukaan eväät\\, vesi\\nja hattu'
    """
    for sign in ("\\", ";", ","):
        text = text.replace(sign, f"\\{sign}")
    return "\\n".join(text.splitlines())


def folded(line: str) -> Iterator[bytes]:
    """A line as it is sent: a long one in several, none of which breaks a letter."""
    part, room = b"", WIDTH
    for letter in line:
        octets = letter.encode()
        if len(part) + len(octets) > room:
            yield part + b"\r\n"
            part = b" "
        part += octets
    yield part + b"\r\n"

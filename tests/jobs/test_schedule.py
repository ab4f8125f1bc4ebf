"""When jobs are due by the wall clock of Helsinki, in the ordinary way and over both changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from evaka import city
from evaka.jobs.schedule import Schedule
from evaka.kit.errors import ConfigMistake


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


DAY = timedelta(hours=24)


@pytest.mark.parametrize(("fields", "now", "due"), [
    ({"hour": "2", "minute": "30"}, "2026-06-01T09:00", "2026-05-31T23:30"),  # 2.30 in summer
    ({"hour": "2", "minute": "30"}, "2026-12-01T09:00", "2026-12-01T00:30"),
    ({"hour": "*/2"}, "2026-03-02T07:30", "2026-03-02T06:00"),  # of the night's missed ones only the newest
    ({"minute": "*"}, "2026-06-01T09:00:30", "2026-06-01T09:00"),
    ({"minute": "30"}, "2026-06-01T09:30", "2026-06-01T09:30"),  # due at this very moment
    ({"minute": "30"}, "2026-06-01T09:29:59", "2026-06-01T08:30"),
    ({"day": "1", "hour": "5"}, "2026-06-01T09:00", "2026-06-01T02:00"),
    ({"day": "1", "hour": "5"}, "2026-06-03T09:00", None),  # too long ago
    ({"day_of_week": "mon", "hour": "4"}, "2026-06-01T09:00", "2026-06-01T01:00"),
    ({"day_of_week": "mon-fri", "hour": "4"}, "2026-05-31T09:00", None),  # Sunday
])
def test_the_newest_due_moment_of_the_last_day(fields, now, due):
    assert Schedule(**fields).latest_due(utc(now) - DAY, utc(now)) == (due and utc(due))


def dues(schedule: Schedule, first: str, last: str) -> list[str]:
    """Every due moment of a time, met one by one as a process that ticks each half minute meets them."""
    now, found = utc(first), []
    since = now
    while now <= utc(last):
        if due := schedule.latest_due(since, now):
            found.append(f"{due:%d %H:%M}")
            since = due
        now += timedelta(seconds=30)
    return found


# 25.10.2026 at 4.00 summer time (1.00 UTC) it is 3.00 again;
# 28.3.2027 at 3.00 winter time (1.00 UTC) it is 4.00
AUTUMN = ("2026-10-24T21:10", "2026-10-25T04:00")
SPRING = ("2027-03-27T22:10", "2027-03-28T04:00")


@pytest.mark.parametrize(("fields", "season", "expected"), [
    ({"hour": "2", "minute": "30"}, AUTUMN, ["24 23:30"]),
    ({"hour": "2", "minute": "30"}, SPRING, ["28 00:30"]),
    ({"hour": "4", "minute": "30"}, AUTUMN, ["25 02:30"]),
    ({"hour": "4", "minute": "30"}, SPRING, ["28 01:30"]),
    ({"hour": "4"}, SPRING, ["28 01:00"]),  # the very first minute after the change
    ({"hour": "4"}, AUTUMN, ["25 02:00"]),
    ({"minute": "30"}, AUTUMN,
     ["24 21:30", "24 22:30", "24 23:30", "25 00:30", "25 01:30", "25 02:30", "25 03:30"]),
    ({"minute": "30"}, SPRING, ["27 22:30", "27 23:30", "28 00:30", "28 01:30", "28 02:30", "28 03:30"]),
    ({"hour": "2,4"}, AUTUMN, ["24 23:00", "25 02:00"]),
    ({"hour": "2,4"}, SPRING, ["28 00:00", "28 01:00"]),
])
def test_each_run_comes_once_over_a_change_of_the_clock(fields, season, expected):
    assert dues(Schedule(**fields), *season) == expected


@pytest.mark.parametrize("season", [AUTUMN, SPRING])
def test_a_job_of_every_minute_runs_every_minute_through_a_change_of_the_clock(season):
    first, last = map(utc, season)
    assert len(dues(Schedule(minute="*"), *season)) == (last - first) // timedelta(minutes=1)


@pytest.mark.parametrize(("fields", "what"), [
    ({"hour": "3"}, "comes twice in October and never in March"),
    ({"hour": "2-4"}, "comes twice in October"),
    ({"hour": "*/3"}, "comes twice in October"),
    ({"hour": "1,3,5"}, "comes twice in October"),
    ({"hour": "25"}, "crontab"),
    ({"minute": "half past"}, "crontab"),
    ({"minute": 30}, "not of type str"),
    ({"second": "1"}, "nobody knows second"),
])
def test_a_schedule_that_cannot_be_kept_is_refused_with_a_sentence(fields, what):
    with pytest.raises(ConfigMistake, match=what):
        city.build(Schedule, fields, 'jobs.toml, ["a.job"]')


@pytest.mark.parametrize("hour", ["*", "2", "4", "*/2", "4-23", "0-2"])
def test_other_hours_are_kept(hour):
    assert Schedule(hour=hour).hour == hour

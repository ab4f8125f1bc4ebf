"""When a job runs: the fields of a crontab, by the wall clock of Helsinki, over both of its changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from apscheduler.triggers.cron import CronTrigger

from evaka.models.base import HELSINKI

FIELDS = ("minute", "hour", "day", "month", "day_of_week")
CHANGE = 3  # the hour that comes twice on the last Sunday of October and not at all in March
NEAR = (timedelta(minutes=2), timedelta(hours=2), timedelta(days=366))


@dataclass(frozen=True)
class Schedule:
    """A table of jobs.toml.  Each field is a crontab's: "*", "30", "6-18", "*/5", "1,15", "mon-fri"."""

    minute: str = "0"
    hour: str = "*"
    day: str = "*"
    month: str = "*"
    day_of_week: str = "*"
    on: bool = True  # false: runs only when somebody says "run now"

    def __post_init__(self) -> None:
        """Raise ValueError (what, how to mend it): no crontab, or on a change of the clock."""
        try:
            hours = next(field for field in self.trigger.fields if field.name == "hour")
        except ValueError as mistake:
            mend = 'Write each field as a crontab does: "*", "30", "*/5", "1,15".'
            raise ValueError(str(mistake), mend) from None
        third = datetime(2026, 6, 1, CHANGE, tzinfo=HELSINKI)
        if self.hour != "*" and hours.get_next_value(third) == CHANGE:
            raise ValueError(
                f"hour {self.hour!r} includes {CHANGE}, which comes twice in October and never in March",
                "Choose another hour, for example 2 or 4.",
            )

    @cached_property
    def trigger(self) -> CronTrigger:
        return CronTrigger(timezone=HELSINKI, second=0, **{name: getattr(self, name) for name in FIELDS})

    def latest_due(self, since: datetime, now: datetime) -> datetime | None:
        """The newest moment (UTC) in (since, now] at which the job is due: many missed ones are one.

        All arithmetic is in UTC: adding to a local time forgets which of the two October hours it was in.
        """
        for near in NEAR:  # so that a job of each minute is not counted through a whole day
            latest, due = None, self._next(max(since, now - near))
            while due is not None and due <= now:
                latest, due = due, self._next(due)
            if latest is not None:
                return latest
        return None

    def _next(self, after: datetime) -> datetime | None:
        moment = after.astimezone(UTC) + timedelta(microseconds=1)
        found = self.trigger.get_next_fire_time(None, moment.astimezone(HELSINKI))
        return found and found.astimezone(UTC)

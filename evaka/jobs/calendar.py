"""What families are told of the calendar: closures, events, and talks that are near."""

from __future__ import annotations

from evaka.actions.calendar import closing, event
from evaka.jobs.job import Job

CLOSE = Job("calendar.close", closing.untold, closing.carry_out)
TELL_EVENTS = Job("calendar.tell_events", event.untold, event.tell_of)
REMIND_TALKS = Job("calendar.remind_talks", event.talks_near, event.remind_of, batch=100)

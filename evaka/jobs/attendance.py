"""Days that nobody has explained: booked, but neither there nor told away."""

from __future__ import annotations

from evaka.actions.attendance import night
from evaka.jobs.job import Job

MARK_UNEXPLAINED = Job("attendance.mark_unexplained", night.unexplained, night.mark_unexplained, batch=200)

"""Days that nobody has explained: booked, but neither there nor told away; and absences of who has left."""

from __future__ import annotations

from evaka.actions.attendance import night
from evaka.jobs.job import Job

CLEAR_ABSENCES = Job("attendance.clear", night.stray, night.clear_stray, batch=400)
MARK_UNEXPLAINED = Job("attendance.mark_unexplained", night.unexplained, night.mark_unexplained, batch=200)

"""Adults who forgot to sign out."""

from __future__ import annotations

from evaka.actions.staff import end_left_open, open_for_long
from evaka.jobs.job import Job

END_LEFT_OPEN = Job("staff.end_left_open", open_for_long, end_left_open)

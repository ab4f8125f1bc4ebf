"""What ends when a child leaves: its factor in occupancy, and the coefficient of its voucher.

A city that would rather end them by hand writes on = false in jobs.toml.
"""

from __future__ import annotations

from sqlalchemy import Select

from evaka.access import Actor
from evaka.actions import assistance
from evaka.jobs.job import Job
from evaka.models.assistance import outlived_coefficients, outlived_factors

BATCH = 100


def factors(by: Actor) -> Select[tuple[int]]:
    """Those that go on although the child's places are over."""
    return outlived_factors(by.today)


def coefficients(by: Actor) -> Select[tuple[int]]:
    """Those in force of whose children a place has ended; the rule leaves alone whoever goes on in the unit."""
    return outlived_coefficients(by.today)


END_FACTORS = Job("assistance.end_factors", factors, assistance.end_outlived_factors, batch=BATCH)
END_COEFFICIENTS = Job("assistance.end_coefficients", coefficients, assistance.end_outlived_coefficients, batch=BATCH)

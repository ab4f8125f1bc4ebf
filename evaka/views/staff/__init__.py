"""The adults' time in the office: who was there when, corrections, planned shifts and their import."""

from evaka.views.staff.shifts import ShiftScreen
from evaka.views.staff.time import StaffScreen, adults_now

__all__ = ["ShiftScreen", "StaffScreen", "adults_now"]

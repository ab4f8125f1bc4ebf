"""The time of the adults: its kinds, signing in by a plan, and how many children there are to an adult now."""

from evaka.rules.staff.kind import AWAY, PlanPolicy, StaffKind
from evaka.rules.staff.pin import PinPolicy, check_pin
from evaka.rules.staff.plan import Entry, Plan, after_leaving, arrival, departure, left_open
from evaka.rules.staff.ratio import Ratio, RatioPolicy, RatioState, ratio_now
from evaka.rules.staff.shift import Row, ShiftFile, read_rows

__all__ = [
    "AWAY", "Entry", "PinPolicy", "Plan", "PlanPolicy", "Ratio", "RatioPolicy", "RatioState", "Row", "ShiftFile",
    "StaffKind", "after_leaving", "arrival", "check_pin", "departure", "left_open", "ratio_now", "read_rows",
]

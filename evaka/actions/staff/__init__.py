"""The adults of a unit: their PINs, their time on the tablet, planned shifts out of a file, and corrections."""

from __future__ import annotations

from evaka.actions.staff.correct import add, correct, remove
from evaka.actions.staff.ending import end_left_open, open_for_long
from evaka.actions.staff.now import presences_of, ratio_of
from evaka.actions.staff.pin import prove, set_coefficient, set_number, set_pin
from evaka.actions.staff.policy import pins, ratios, sign_in
from evaka.actions.staff.shifts import Preview, import_shifts, preview, rows_of
from evaka.actions.staff.time import arrive, arrive_external, leave, leave_external

__all__ = [
    "Preview", "add", "arrive", "arrive_external", "correct", "end_left_open", "import_shifts", "leave",
    "leave_external", "open_for_long", "pins", "presences_of", "preview", "prove", "ratio_of", "ratios", "remove",
    "rows_of", "set_coefficient", "set_number", "set_pin", "sign_in",
]

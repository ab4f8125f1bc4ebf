"""A place that the family gives up.

Law: Act on Client Fees in Early Childhood Education and Care (1503/2016), 5 § (the fee ends with the place).
"""

from __future__ import annotations

from enum import StrEnum


class TerminationScope(StrEnum):
    PLACE = "place"  # the whole place
    CONNECTED = "connected"  # the care around pre-primary education only

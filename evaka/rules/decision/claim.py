"""A claim for a revised decision (oikaisuvaatimus): its life and its days.

Law: Act on Early Childhood Education and Care (540/2018), 62 §; Basic Education Act (628/1998), 42 §; Administrative
Procedure Act (434/2003), 49 c § (the time for it), 49 e § (it is handled without delay).
"""

from __future__ import annotations

from enum import StrEnum

from evaka.kit.workflow import Workflow


class ClaimStatus(StrEnum):
    RECEIVED = "received"
    FORWARDED = "forwarded"  # to whom revises, with the statement of the office
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"


class ClaimOutcome(StrEnum):
    UPHELD = "upheld"  # revised as it was asked for
    PARTLY = "partly"
    DISMISSED = "dismissed"
    INADMISSIBLE = "inadmissible"  # too late, or by somebody who may not claim
    RETURNED = "returned"  # to be decided anew


CLAIM = Workflow[ClaimStatus](
    forward=({ClaimStatus.RECEIVED}, ClaimStatus.FORWARDED),
    decide=({ClaimStatus.RECEIVED, ClaimStatus.FORWARDED}, ClaimStatus.DECIDED),
    withdraw=({ClaimStatus.RECEIVED, ClaimStatus.FORWARDED}, ClaimStatus.WITHDRAWN),
)

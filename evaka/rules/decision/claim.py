"""A claim for a revised decision (oikaisuvaatimus): its life and its days.

Law: Act on Early Childhood Education and Care (540/2018), 62 §; Basic Education Act (628/1998), 42 §; Administrative
Procedure Act (434/2003), 49 c § (the time for it), 49 e § (it is handled without delay).
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from evaka.kit.errors import Refused
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


def check_days(day: date, *, sent: date, today: date) -> None:
    """What is noted of a claim has happened: after the decision or the step before it, and not in the future."""
    if not sent <= day <= today:
        raise Refused("claim.day_outside", day=day, first=sent, last=today)

"""Another service need, asked for by the family and granted by the unit.

Law: Act on Early Childhood Education and Care (540/2018), 12 § (the extent of care follows the need).
"""

from __future__ import annotations

from enum import StrEnum

from evaka.kit.workflow import Workflow


class NeedChangeStatus(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CANCELLED = "cancelled"


NEED_CHANGE = Workflow[NeedChangeStatus](
    accept=({NeedChangeStatus.OPEN}, NeedChangeStatus.ACCEPTED),
    decline=({NeedChangeStatus.OPEN}, NeedChangeStatus.DECLINED),
    cancel=({NeedChangeStatus.OPEN}, NeedChangeStatus.CANCELLED),
)

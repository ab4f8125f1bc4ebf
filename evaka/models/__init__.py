"""Every table, so that one import makes them all known."""

from evaka.models import (  # noqa: F401
    application,
    attendance,
    backup_care,
    booking,
    calendar,
    decision,
    document,
    fee,
    income,
    index_day,
    invoice,
    journal,
    ledger,
    message,
    own,
    person,
    placement,
    presence,
    push,
    staff,
    suggestion,
    unit,
    user,
    voucher,
)
from evaka.models.application import attachment, note  # noqa: F401
from evaka.models.base import db  # noqa: F401
from evaka.models.calendar import event, holiday_period  # noqa: F401
from evaka.models.decision import claim, dispatch, sending  # noqa: F401
from evaka.models.placement import need_change, termination  # noqa: F401

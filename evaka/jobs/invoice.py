"""Once a month: an invoice for everybody who owes something for the month before."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Select, select, union

from evaka.access import Actor
from evaka.actions.invoice import draft
from evaka.jobs.job import Job
from evaka.kit.dates import DAY, DateRange
from evaka.models.fee import FeeDecision
from evaka.models.invoice import Invoice
from evaka.models.person import HeadOfChild
from evaka.models.placement import Placement
from evaka.rules.fee import IN_FORCE
from evaka.rules.placement import TEMPORARY_CARE

BATCH = 200  # a fifth of a second or so: pages that save wait no longer


def month_before(day: date) -> DateRange:
    last = day.replace(day=1) - DAY
    return DateRange.month(last.year, last.month)


def without_invoice(by: Actor) -> Select[tuple[int]]:
    """Heads with a fee in force the month before, or a child in temporary care, and no invoice for it."""
    month = month_before(by.today)
    charged = select(FeeDecision.head_id.label("id")).where(
        FeeDecision.status.in_(IN_FORCE), FeeDecision.total > 0, FeeDecision.meets(month)
    )
    temporary = (
        select(HeadOfChild.head_id)
        .join(Placement, Placement.child_id == HeadOfChild.child_id)
        .where(HeadOfChild.meets(month), Placement.meets(month), Placement.care_type.in_(TEMPORARY_CARE))
    )
    heads = union(charged, temporary).subquery()
    invoiced = select(Invoice.head_id).where(Invoice.start == month.start)
    return select(heads.c.id).where(heads.c.id.not_in(invoiced)).order_by(heads.c.id)


def draft_month(ids: list[int], by: Actor) -> dict[int, str]:
    """Answers those whose month cannot be reckoned."""
    troubles = draft(ids, month_before(by.today), by)
    return {id: no.key for id, no in troubles.items()}


DRAFT_MONTH = Job("invoice.draft_month", without_invoice, draft_month, batch=BATCH)

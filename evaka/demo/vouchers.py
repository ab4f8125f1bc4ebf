"""The vouchers of children in private units, the frozen months of these units, and what they have been paid.

All of it is reckoned by the same rules as in the office, so that the nightly job finds nothing to mend.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random

from evaka.actions.fee.vouchers import cared_for, columns_of, policy, voucher_facts, voucher_units
from evaka.actions.voucher.month import columns_of as columns_of_row
from evaka.demo.desk import office_hour
from evaka.demo.families import Calendar
from evaka.demo.rows import Rows
from evaka.kit.dates import DAY, DateRange, add_months
from evaka.models.base import HELSINKI, db
from evaka.models.journal import Counter
from evaka.models.unit import Unit
from evaka.models.voucher import Payment, UnitPayee, VoucherDecision, VoucherMonth, VoucherRow, kept
from evaka.rules.fee import Facts, FeeStatus
from evaka.rules.voucher import (
    FrozenMonth,
    MonthStatus,
    PaymentStatus,
    SentVoucher,
    drafts,
    payments,
    report,
)
from evaka.rules.voucher import VoucherDecision as Decided

LEFT_TO_SEND = 0.08  # the share of children whose newest decision nobody has looked at yet
NOBODY = dict.fromkeys(("payee_name", "business_id", "iban", "provider_id"), "")
CLOSING = 25  # the day of a month on which its report is frozen


class Vouchers:
    def __init__(self, rows: Rows, rng: Random, calendar: Calendar, clerks: list[str]) -> None:
        self.rows, self.rng, self.calendar, self.clerks = rows, rng, calendar, clerks
        self.units = voucher_units()
        self.sent: list[SentVoucher] = []
        self.payees: dict[int, dict[str, str]] = {}

    def decide(self, facts: Mapping[int, Facts]) -> None:
        """All that these families should have been told of vouchers, told; except what is still to be looked at."""
        for head in sorted(facts):
            family = facts[head]
            for child in sorted(int(one) for one in family.children):
                if cared_for(child, [family], self.units):
                    known = voucher_facts(family, child, self.units, {})
                    found = drafts(known, child, [], first_day=policy().first_day)
                    self._write([one for one in found if one.voucher.family.head == head])

    def _write(self, found: list[Decided]) -> None:
        rng, day = self.rng, self.calendar.day
        lead, waits, posted = rng.randint(5, 20), rng.random() < LEFT_TO_SEND, rng.random() < LEFT_TO_SEND
        for one in found:
            newest = one is found[-1]
            told = not (waits and newest)
            at = office_hour(min(one.period.start + timedelta(days=lead), day - timedelta(days=lead % 7 + 1)), rng)
            columns = columns_of(one.period, one.voucher, kept(one.voucher, one.differences))
            paper = told and posted and newest  # printed, and not yet taken to the post
            if told:
                columns |= {"status": FeeStatus.WAITING if paper else FeeStatus.SENT,
                            "decided_by": rng.choice(self.clerks)}
            id = self.rows.add(VoucherDecision, **columns, decided_at=at if told else None,
                               sent_at=at if told and not paper else None)
            if told and one.voucher.value is not None:
                value = one.voucher.value
                self.sent.append(SentVoucher(
                    id, one.voucher.child, columns["unit_id"], one.period, columns["value"],
                    columns["final_co_payment"], at, base=value.base, coefficient=value.coefficient,
                    support=value.support))

    def pay(self) -> None:
        """The payees, the months until now, frozen one after the other, and what the units were paid for them."""
        for number, unit in enumerate(sorted(self.units), start=1):
            name = db.session.get_one(Unit, unit).name
            payee = {"business_id": f"99{number:05}-0", "iban": "FI7899991000000024",
                     "provider_id": str(900_000 + number)}
            self.payees[unit] = payee | {"payee_name": f"{name.split()[0]} Oy"}
            self.rows.add(UnitPayee, unit_id=unit, name=f"{name.split()[0]} Oy", **payee)
        frozen: list[FrozenMonth] = []
        numbered, month = 0, DateRange.month(self.calendar.history.year, self.calendar.history.month)
        while month.start <= self.calendar.day:
            closed = datetime(month.start.year, month.start.month, CLOSING, 1, tzinfo=HELSINKI)
            if closed > self.calendar.now:
                self.rows.add(VoucherMonth, start=month.start, end=month.end, status=MonthStatus.OPEN,
                              frozen_at=None, total=None)
                break
            known = [one for one in self.sent if one.sent_at < closed]
            frozen.append(FrozenMonth(month, closed, tuple(report(month, known, frozen))))
            numbered = self._month(frozen, numbered)
            following = add_months(month.start, 1)
            month = DateRange.month(following.year, following.month)
        self.rows.add(Counter, name="payment", last=numbered)

    def _month(self, frozen: list[FrozenMonth], numbered: int) -> int:
        one = frozen[-1]
        id = self.rows.add(VoucherMonth, start=one.month.start, end=one.month.end, status=MonthStatus.FROZEN,
                           frozen_at=one.at, total=sum(row.amount for row in one.rows))
        for row in one.rows:
            self.rows.add(VoucherRow, month_id=id, **columns_of_row(row))
        following = add_months(one.month.start, 1)
        newest = datetime(following.year, following.month, CLOSING, 1, tzinfo=HELSINKI) > self.calendar.now
        for due in sorted(payments(frozen), key=lambda due: int(due.unit)):
            sent = not newest
            numbered += sent
            paid_on = one.month.last_day + DAY
            self.rows.add(
                Payment, unit_id=due.unit, start=due.month.start, end=due.month.end, amount=due.amount,
                status=PaymentStatus.SENT if sent else PaymentStatus.DRAFT, number=numbered if sent else None,
                paid_on=paid_on if sent else None, due=paid_on + timedelta(days=14) if sent else None,
                sent_at=office_hour(paid_on, self.rng) if sent else None,
                **(self.payees[int(due.unit)] if sent else NOBODY),
            )
        return numbered

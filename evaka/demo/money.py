"""What families earn, the fee decisions they have been sent, and the invoices of the past months.

Decisions and invoices are reckoned by the same code as in the office, so that the nightly job finds nothing to mend.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from random import Random

import sqlalchemy as sa

from evaka.actions.fee.draft import BATCH
from evaka.actions.fee.family import facts_of
from evaka.actions.fee.family import policy as fee_policy
from evaka.actions.income import policy as income_policy
from evaka.actions.invoice.draft import columns_of, reckoned, rows_of
from evaka.demo.desk import office_hour
from evaka.demo.families import Calendar
from evaka.demo.people import Adult, Family
from evaka.demo.rows import Rows
from evaka.demo.vouchers import Vouchers
from evaka.kit.dates import DAY, DateRange, add_months
from evaka.kit.references import national
from evaka.models.base import db
from evaka.models.fee import FeeAlteration, FeeDecision, snapshot
from evaka.models.income import Income, lines_kept
from evaka.models.invoice import Invoice, InvoiceRow
from evaka.models.journal import Counter
from evaka.models.voucher import VoucherDecision
from evaka.rules.fee import IN_FORCE, AlterationKind, FeeStatus, drafts
from evaka.rules.fee import FeeDecision as Decided
from evaka.rules.income import Effect, IncomeLine, PayPeriod, shown
from evaka.rules.invoice import InvoiceStatus

SHOWN, HIGHEST, INCOMPLETE, NOTHING = 80, 11, 3, 6  # of a hundred families, what they have told of their income
LEFT_TO_SEND = 0.03  # the share of families whose newest decisions nobody has looked at yet


def family_incomes(rows: Rows, rng: Random, calendar: Calendar, family: Family) -> None:
    """What the adults of a household earn, from the beginning of the history; renewed within the last year."""
    told = rng.choices([Effect.INCOME, Effect.MAX_FEE_ACCEPTED, Effect.INCOMPLETE, None],
                       [SHOWN, HIGHEST, INCOMPLETE, NOTHING])[0]
    if told is None:
        return
    adults = [family.head] + ([family.partner] if family.partner else [])
    if told is not Effect.INCOME:
        _income(rows, adults[0], told, (), calendar.history, None)
        return
    renewed = add_months(calendar.day.replace(day=1), -rng.randint(1, 10))
    for adult in adults:
        _earned(rows, rng, calendar, adult, renewed)


def _earned(rows: Rows, rng: Random, calendar: Calendar, adult: Adult, renewed: date) -> None:
    lines = _lines(rng)
    luck = rng.random()
    ends = None
    if luck < 0.012:  # has run out lately
        ends = calendar.day - timedelta(days=rng.randint(4, 40))
    elif luck < 0.45:
        ends = add_months(renewed, 12) - DAY
    if renewed <= calendar.history or rng.random() < 0.35:
        _income(rows, adult, Effect.INCOME, lines, calendar.history, ends)
        return
    _income(rows, adult, Effect.INCOME, lines, calendar.history, renewed - DAY)
    raised = tuple(_raised(line, rng.choice([100, 102, 103, 105])) for line in lines)
    _income(rows, adult, Effect.INCOME, raised, renewed, ends if ends is None or ends >= renewed else None)


def _lines(rng: Random) -> tuple[IncomeLine, ...]:
    multipliers = income_policy().multipliers
    if rng.random() < 0.2:
        kind = rng.choice(["unemployment_benefit", "parental_allowance", "parental_allowance"])
        return (IncomeLine(kind, rng.randint(80, 210) * 10_00),)
    period = rng.choice([PayPeriod.MONTHLY_NO_HOLIDAY_BONUS, PayPeriod.MONTHLY_NO_HOLIDAY_BONUS,
                         PayPeriod.MONTHLY_WITH_HOLIDAY_BONUS])
    amount = int(min(max(rng.lognormvariate(8.19, 0.34), 900), 16_000)) // 10 * 10_00
    lines = [IncomeLine("main_income", amount, period, multipliers[period])]
    if rng.random() < 0.12:
        lines.append(IncomeLine("perks", rng.choice([20_00, 95_00, 240_00]), period, multipliers[period]))
    if rng.random() < 0.05:
        lines.append(IncomeLine("secondary_income", rng.randint(10, 60) * 10_00))
    if rng.random() < 0.03:
        lines.append(IncomeLine("paid_alimony", rng.randint(15, 40) * 10_00, expense=True))
    return tuple(lines)


def _raised(line: IncomeLine, percent: int) -> IncomeLine:
    return IncomeLine(line.kind, line.amount * percent // 1000 * 10, line.period, line.multiplier, line.expense)


def _income(
    rows: Rows, adult: Adult, effect: Effect, lines: tuple[IncomeLine, ...], start: date, end: date | None
) -> None:
    rows.add(Income, person_id=adult.id, effect=effect, lines=lines_kept(lines), total=shown(effect, lines).total,
             start=start, end=end)


def demo_incomes(rows: Rows, calendar: Calendar, family: Family) -> None:
    """Those of the guardian who may be logged in as: enough for a fee between nothing and the highest."""
    assert family.partner is not None
    for adult, amount in ((family.head, 4_550_00), (family.partner, 4_180_00)):
        _income(rows, adult, Effect.INCOME, (IncomeLine("main_income", amount),), calendar.history, None)


def alterations(rows: Rows, rng: Random, calendar: Calendar, families: Iterable[Family]) -> None:
    """Reliefs and discounts of a few children."""
    for family in families:
        for child in family.children:
            if child.entry is None or rng.random() > 0.025:
                continue
            start = max(child.entry, add_months(calendar.day.replace(day=1), -rng.randint(1, 9)))
            kind = rng.choice([AlterationKind.RELIEF, AlterationKind.RELIEF, AlterationKind.DISCOUNT])
            absolute = rng.random() < 0.3
            rows.add(FeeAlteration, child_id=child.id, kind=kind, absolute=absolute, start=start,
                     amount=rng.choice([20_00, 50_00, 80_00]) if absolute else rng.choice([25, 50, 50, 100]),
                     end=rng.choice([None, date(calendar.autumn + 1, 7, 31)]))


class Finance:
    def __init__(
        self, rows: Rows, rng: Random, calendar: Calendar, clerks: list[str], echo: Callable[[str], None]
    ) -> None:
        self.rows, self.rng, self.calendar, self.clerks, self.echo = rows, rng, calendar, clerks, echo
        self.vouchers = Vouchers(rows, Random(clerks[0]), calendar, clerks)

    # -- decisions ----------------------------------------------------------------------------------

    def decide(self, heads: list[int], *, careful: int) -> None:
        """All that the families should have been told, told; except what the office has still to look at.

        Nothing of the family of the head `careful` waits.
        """
        for first in range(0, len(heads), BATCH):
            facts, troubles = facts_of(heads[first : first + BATCH])
            if troubles:
                raise ValueError(f"the fees of {len(troubles)} invented families cannot be reckoned: {troubles}")
            for head in heads[first : first + BATCH]:
                found = drafts(facts[head], head, [], first_day=fee_policy().first_day)
                self._write(head, found, waits=head != careful and self.rng.random() < LEFT_TO_SEND)
            self.vouchers.decide(facts)
            self.rows.write()
        self.rows.add(Counter, name="fee", last=self._number(FeeDecision))
        self.rows.add(Counter, name="voucher", last=self._number(VoucherDecision))
        self.vouchers.pay()

    def _write(self, head: int, found: list[Decided], *, waits: bool) -> None:
        rng, day = self.rng, self.calendar.day
        lead = rng.randint(10, 30)
        for place, one in enumerate(found):
            lately = one.period.start > day - timedelta(days=45) or place == len(found) - 1
            sent = min(one.period.start + timedelta(days=lead), day - timedelta(days=lead % 7 + 1))
            status = FeeStatus.DRAFT if waits and lately else FeeStatus.SENT
            told = status is FeeStatus.SENT
            kept = snapshot(one.fees, one.differences)
            self.rows.add(
                FeeDecision, head_id=head, partner_id=kept["partner"], start=one.period.start, end=one.period.end,
                family_size=kept["family_size"], total=one.fees.total, facts=kept,
                status=status,
                sent_at=office_hour(sent, rng) if told else None,
                decided_by=rng.choice(self.clerks) if told else "",
            )

    @staticmethod
    def _number(model: type[FeeDecision] | type[VoucherDecision]) -> int:
        """Number the decisions in force in the order in which they were decided; the last number."""
        table: sa.Table = model.__table__
        decided = table.c.decided_at if model is VoucherDecision else table.c.sent_at
        order = sa.func.row_number().over(order_by=(decided, table.c.id)).label("number")
        numbers = sa.select(table.c.id, order).where(table.c.status.in_(IN_FORCE)).subquery()
        connection = db.session.connection()
        connection.execute(table.update().where(table.c.id == numbers.c.id).values(number=numbers.c.number))
        return int(connection.scalar(sa.select(sa.func.max(table.c.number))) or 0)

    # -- invoices -----------------------------------------------------------------------------------

    def invoice(self, *, months: int, careful: int) -> None:
        """The invoices of the past months, sent; of the last one a few wait as drafts."""
        first_of_month = self.calendar.day.replace(day=1)
        numbered = 0
        for back in range(months, 0, -1):
            start = add_months(first_of_month, -back)
            month = DateRange.month(start.year, start.month)
            if month.start < self.calendar.history:
                continue
            paying = self._paying(month)
            for first in range(0, len(paying), BATCH):
                heads = paying[first : first + BATCH]
                numbered = self._month(heads, month, numbered, newest=back == 1, careful=careful)
                self.rows.write()
            self.echo(f"  invoices of {start.month}/{start.year}: {numbered} so far")
        self.rows.add(Counter, name="invoice", last=numbered)

    @staticmethod
    def _paying(month: DateRange) -> list[int]:
        """Those who have been told of a fee that falls into the month."""
        told = sa.select(FeeDecision.head_id).distinct().where(
            FeeDecision.status == FeeStatus.SENT, FeeDecision.total > 0, FeeDecision.meets(month))
        return sorted(db.session.scalars(told))

    def _month(self, heads: list[int], month: DateRange, numbered: int, *, newest: bool, careful: int) -> int:
        rng, day = self.rng, self.calendar.day
        found, troubles = reckoned(heads, month)
        if troubles:
            raise ValueError(f"the month {month} of {len(troubles)} invented families cannot be reckoned: {troubles}")
        for head in heads:
            if head not in found:
                continue
            made = found[head]
            columns = columns_of(made)
            if not (newest and head != careful and rng.random() < 0.05):
                numbered += 1
                sent = min(month.last_day + timedelta(days=rng.randint(8, 12)), day - DAY)
                columns |= {
                    "status": InvoiceStatus.SENT, "number": numbered, "sent_at": office_hour(sent, rng),
                    "reference": national(f"{month.start:%y%m}{numbered:07}"),
                }
            else:
                columns |= {"number": None, "sent_at": None, "reference": ""}
            id = self.rows.add(Invoice, **columns)
            for row in rows_of(made):
                self.rows.add(InvoiceRow, invoice_id=id, **row)
        return numbered

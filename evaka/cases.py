"""Worked examples: what the tables of a city must lead to, reckoned by hand before it relies on them.

cases.toml holds them.  Each is run through the same rules as the real fees, invoices and due dates; one that comes out
wrong tells what was expected, what was found, and the arithmetic between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_args

from evaka import city
from evaka.kit.dates import DAY, DateRange, Timeline, add_months, finnish
from evaka.kit.errors import ConfigMistake, Refused
from evaka.kit.money import Cents, euros
from evaka.rules.application import ApplicationPolicy, due
from evaka.rules.attendance import AbsenceKind
from evaka.rules.booking import BookingPolicy, window
from evaka.rules.calendar import OpenDays
from evaka.rules.fee import Care, Child, Facts, FeeTable, Line, Need, fees_on, table_on
from evaka.rules.income import Effect, Income, IncomeLine, IncomePolicy, PayPeriod
from evaka.rules.invoice import Charge, Invoice, InvoicePolicy, Month, Part, Place, invoices
from evaka.rules.placement import TEMPORARY_CARE, CareType, ServiceNeed, default_need
from evaka.rules.voucher import VoucherTable, age_group, voucher_value
from evaka.rules.voucher import table_on as voucher_table_on

HEAD, PARTNER, CHILD, UNIT = "head", "partner", "child", "unit"
ALWAYS = DateRange(date(1900, 1, 1))
MEND = "Mend the table that is wrong, or the expectation when the table is right."


@dataclass(frozen=True)
class ChildInCare:
    """A child of a fee case and the fee that is expected, cents a month.

    Without a `need` the one counts that is the default of the `care_type`.
    """

    born: date
    fee: Cents
    need: str = ""
    care_type: CareType | None = None

    def __post_init__(self) -> None:
        if bool(self.need) == (self.care_type is not None):
            raise ValueError("a child has neither need nor care_type, or both", "Give one of the two.")


@dataclass(frozen=True)
class FeeCase:
    """[[case]] A family on a day.  `incomes` are the adults', cents a month; none: they have not shown them.

    `family_size` counts children without care too.  `agency_staff`: an adult's pay is not taxed in Finland.
    """

    name: str
    day: date
    family_size: int
    children: tuple[ChildInCare, ...]
    total: Cents
    adults: int = 2
    incomes: tuple[Cents, ...] = ()
    agency_staff: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.adults <= 2:
            raise ValueError(f"adults is {self.adults}", "A family has one adult or two.")
        if len(self.incomes) not in (0, self.adults):
            raise ValueError(
                f"incomes has {len(self.incomes)} for {self.adults} adults", "Give one for each, or none at all."
            )
        if self.family_size < self.adults + len(self.children):
            raise ValueError(
                f"family_size is {self.family_size}, but {self.adults + len(self.children)} people are told",
                "Count everybody, the children without care too.",
            )


@dataclass(frozen=True)
class InvoiceCase:
    """[[invoice]] One child's month: the decided fee, where the child was, and what the family is to pay.

    `month` is its first day.  `absences` are days of the month by kind.  The place has lasted `since` a day, the
    month's first unless told, `until` its last.  `full_time` is the fee that surplus days never lead above, the fee
    itself unless told.  A total of 0 says that no invoice is made.
    """

    name: str
    month: date
    need: str
    total: Cents
    fee: Cents = 0
    full_time: Cents | None = None
    since: date | None = None
    until: date | None = None
    born: date | None = None
    absences: Mapping[AbsenceKind, tuple[int, ...]] = field(default_factory=dict)
    due: date | None = None

    def __post_init__(self) -> None:
        if self.month.day != 1:
            raise ValueError(f"month is {self.month}", "Give the first day of the month.")
        last = self.period.last_day.day
        if wrong := sorted(day for days in self.absences.values() for day in days if not 1 <= day <= last):
            raise ValueError(f"the month has no day {wrong[0]}", f"Its days are 1 to {last}.")

    @property
    def period(self) -> DateRange:
        return DateRange.month(self.month.year, self.month.month)


@dataclass(frozen=True)
class DueCase:
    """[[due]] By when an application must be decided; `proof` is the day on which urgency was proved."""

    name: str
    sent: date
    due: date
    start: date | None = None
    proof: date | None = None


@dataclass(frozen=True)
class IncomeCase:
    """[[income]] What an amount that is paid in another way than by the month comes to in a month, cents."""

    name: str
    amount: Cents
    period: PayPeriod
    monthly: Cents


@dataclass(frozen=True)
class ShareCase:
    """[[share]] The share of the full-time fee of each of these service needs on a day."""

    name: str
    day: date
    shares: Mapping[str, Decimal]


@dataclass(frozen=True)
class VoucherCase:
    """[[voucher]] What a voucher is worth on a day, cents a month; a need of `support` multiplies it."""

    name: str
    day: date
    born: date
    need: str
    value: Cents
    support: Decimal = Decimal(1)


@dataclass(frozen=True)
class LockCase:
    """[[lock]] The first and the last day that families may book at a moment, by the wall clock."""

    name: str
    now: datetime
    first: date
    last: date


FORMS: Mapping[str, Any] = {
    "case": tuple[FeeCase, ...],
    "invoice": tuple[InvoiceCase, ...],
    "due": tuple[DueCase, ...],
    "income": tuple[IncomeCase, ...],
    "share": tuple[ShareCase, ...],
    "voucher": tuple[VoucherCase, ...],
    "lock": tuple[LockCase, ...],
}


@dataclass(frozen=True)
class Tables:
    """What the cases are tried on."""

    fees: Timeline[FeeTable]
    needs: Mapping[str, ServiceNeed]
    invoices: InvoicePolicy
    applications: ApplicationPolicy
    incomes: IncomePolicy
    vouchers: Timeline[VoucherTable]
    bookings: BookingPolicy
    agency_increase: int = 0

    def need(self, key: str, day: date) -> ServiceNeed:
        """A service need that may be chosen on a day; KeyError tells the choice there is."""
        offered = [name for name, one in self.needs.items() if day in one.valid]
        if key not in offered:
            raise KeyError(f'no service need is called "{key}" on {finnish(day)}', f"There are {', '.join(offered)}.")
        return self.needs[key]

    def need_of(self, child: ChildInCare, day: date) -> ServiceNeed:
        """What counts for a child; KeyError when nothing does."""
        if child.care_type is None:
            return self.need(child.need, day)
        usual = default_need(self.needs.values(), child.care_type, day)
        if usual is None:
            raise KeyError(f"no need is the default of {child.care_type} on {finnish(day)}", "Name the child's need.")
        return usual


def chosen_tables() -> Tables:
    """Those of the chosen city."""
    return Tables(
        fees=city.dated("fees", FeeTable),
        needs=city.named("service_needs", ServiceNeed),
        invoices=city.value("invoices", "rules", InvoicePolicy),
        applications=city.value("placements", "application", ApplicationPolicy),
        incomes=city.value("incomes", "rules", IncomePolicy),
        vouchers=city.dated("vouchers", VoucherTable),
        bookings=city.value("bookings", "rules", BookingPolicy),
        agency_increase=city.read("fees").get("policy", {}).get("agency_increase_euros", 0),
    )


def count() -> int:
    """How many cases the chosen city has."""
    held = city.read("cases")
    return sum(len(held[form]) for form in FORMS if isinstance(held.get(form), list))


def wrong() -> Iterator[ConfigMistake]:
    """The cases of the chosen city that do not come out as they say, each with its arithmetic."""
    tables, held = chosen_tables(), city.read("cases")
    for form, tried in TRIED.items():
        [kind] = get_args(FORMS[form])[:1]
        for number, row in enumerate(held.get(form, []), start=1):
            where = f"{city.source('cases', form)}, {form} {number}"
            case = city.build(kind, row, where)
            where = f"{where} ({case.name})"
            try:
                for what in tried(case, tables):
                    yield ConfigMistake(where, what, MEND)
            except KeyError as unknown:
                what, mend = unknown.args
                yield ConfigMistake(where, what, mend)
            except Refused as no:
                facts = ", ".join(f"{name} {fact}" for name, fact in no.facts.items())
                yield ConfigMistake(where, f"the rules refuse it: {no.key} ({facts})", MEND)


def check() -> None:
    """Nobody serves a city whose worked examples come out wrong: raises the first of `wrong`."""
    for mistake in wrong():
        raise mistake


# -- fees ---------------------------------------------------------------------------------------------


def _fee(case: FeeCase, tables: Tables) -> Iterator[str]:
    needs = [tables.need_of(child, case.day) for child in case.children]
    owed = fees_on(_family(case, needs, tables), HEAD, case.day)
    lines = {line.child: line for line in owed.lines}
    for number, child in enumerate(case.children):
        line = lines.get(number)
        if (line.price.final if line else 0) != child.fee:
            yield (
                f"the child born on {finnish(child.born)} is to pay {euros(child.fee)}, "
                f"but the tables lead to {_priced(line)}"
            )
    if owed.total != case.total:
        yield f"the family is to pay {euros(case.total)}, but the tables lead to {euros(owed.total)}"


def _priced(line: Line | None) -> str:
    if line is None:
        return f"{euros(0)}: this care costs nothing"
    return f"{euros(line.price.final)}: " + _told(step.arithmetic for step in line.price.steps)


def _told(arithmetic: Iterable[str]) -> str:
    return "; ".join(filter(None, arithmetic))


def _family(case: FeeCase, needs: list[ServiceNeed], tables: Tables) -> Facts:
    """The children of the case by their number, and those without care who only make the family larger."""
    others = case.family_size - case.adults - len(case.children)
    born = [child.born for child in case.children] + [add_months(case.day, -120)] * others
    adults = [HEAD, PARTNER][: case.adults]
    shown = zip(adults, case.incomes, strict=False)
    return Facts(
        children={number: Child(number, day, str(number)) for number, day in enumerate(born)},
        heads=Timeline((ALWAYS, (HEAD, number)) for number in range(len(born))),
        partners=Timeline([(ALWAYS, (HEAD, PARTNER))] if case.adults > 1 else []),
        tables=tables.fees,
        care={
            number: Timeline([(ALWAYS, Care(UNIT, need.care_type, Need(need.key, need.fee_coefficient)))])
            for number, need in enumerate(needs)
        },
        incomes={
            adult: Timeline([(ALWAYS, Income(Effect.INCOME, amount, agency_staff=case.agency_staff and adult == HEAD))])
            for adult, amount in shown
        },
        agency_increase=tables.agency_increase,
    )


# -- invoices -----------------------------------------------------------------------------------------


def _invoice(case: InvoiceCase, tables: Tables) -> Iterator[str]:
    made = invoices(_month(case, tables), tables.invoices)
    found = sum(one.total for one in made)
    if found != case.total:
        yield f"the month is to cost {euros(case.total)}, but the tables lead to {euros(found)}: {_rows(made)}"
    for one in made:
        if case.due is not None and one.due != case.due:
            yield f"it is to be paid by {finnish(case.due)}, but the tables lead to {finnish(one.due)}"


def _rows(made: Iterable[Invoice]) -> str:
    rows = [
        f"{row.product} {euros(row.price)} ({_told(step.arithmetic for step in row.steps)})"
        for one in made for row in one.rows
    ]
    return "; ".join(rows) or "no invoice is made"


def _month(case: InvoiceCase, tables: Tables) -> Month:
    period = case.period
    need = tables.need(case.need, period.start)
    place = Place(CHILD, UNIT, need.care_type, DateRange(case.since or period.start, case.until))
    full_time = case.fee if case.full_time is None else case.full_time
    part = Part(CHILD, UNIT, need.care_type, full_time, 0, case.fee, case.fee, contract_days=need.contract_days)
    temporary = need.care_type in TEMPORARY_CARE
    usual = {kind: default_need(tables.needs.values(), kind, period.start) for kind in CareType}
    return Month(
        period=period,
        born={CHILD: case.born or add_months(period.start, -48)},
        table=table_on(tables.fees, period.start),
        charges=() if temporary else (Charge(HEAD, place.period, (part,)),),
        places=(place,),
        open_days={UNIT: OpenDays()},
        absences={CHILD: {
            period.start + (day - 1) * DAY: kind for kind, days in case.absences.items() for day in days
        }},
        heads=Timeline([(ALWAYS, (HEAD, CHILD))]),
        usual_coefficients={kind: one.fee_coefficient for kind, one in usual.items() if one},
    )


# -- the others ---------------------------------------------------------------------------------------


def _due(case: DueCase, tables: Tables) -> Iterator[str]:
    found = due(case.sent, case.start, case.proof, policy=tables.applications)
    if found != case.due:
        yield f"it is due on {finnish(case.due)}, but the tables lead to {finnish(found) if found else 'no day'}"


def _income(case: IncomeCase, tables: Tables) -> Iterator[str]:
    multiplier = tables.incomes.multipliers[case.period]
    found = IncomeLine("", case.amount, case.period, multiplier).monthly
    if found != case.monthly:
        yield (
            f"it is {euros(case.monthly)} a month, but the tables lead to {euros(case.amount)} × {multiplier} = "
            f"{euros(found)}"
        )


def _share(case: ShareCase, tables: Tables) -> Iterator[str]:
    for key, share in case.shares.items():
        found = tables.need(key, case.day).fee_coefficient
        if found != share:
            yield f"{key} is to cost {share} of the full-time fee, but the tables say {found}"


def _voucher(case: VoucherCase, tables: Tables) -> Iterator[str]:
    table, need = voucher_table_on(tables.vouchers, case.day), tables.need(case.need, case.day)
    share = table.coefficient_of(need.key, need.voucher_coefficient)
    if share is None:
        yield f"{need.key} has no share of the base value, so no voucher is decided"
        return
    group = age_group(case.born, case.day)
    found = voucher_value(table.base_of(need.key, group), share, case.support, group=group)
    if found.value != case.value:
        told = _told(step.arithmetic for step in found.steps)
        yield f"it is to be worth {euros(case.value)}, but the tables lead to {euros(found.value)}: {told}"


def _lock(case: LockCase, tables: Tables) -> Iterator[str]:
    found = window(case.now, tables.bookings)
    if found != DateRange(case.first, case.last):
        yield f"one may book {DateRange(case.first, case.last)}, but the table leads to {found}"


TRIED: Mapping[str, Any] = {
    "case": _fee, "invoice": _invoice, "due": _due, "income": _income, "share": _share, "voucher": _voucher,
    "lock": _lock,
}

"""What a family earns: lines made monthly, their total, how long it holds, when it must be renewed.

Law: Act 1503/2016, 11 § (income that counts).  Cents; a line's amount is for its own pay period.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from evaka.kit.dates import DAY, DateRange, add_months
from evaka.kit.errors import Refused
from evaka.kit.money import Cents, euros

Id = int | str


class Effect(StrEnum):
    """What a record means for the fee."""

    INCOME = "income"
    MAX_FEE_ACCEPTED = "max_fee_accepted"
    INCOMPLETE = "incomplete"
    NOT_AVAILABLE = "not_available"


class PayPeriod(StrEnum):
    """How often an amount is paid, and whether holiday pay is to be added to it."""

    MONTHLY_WITH_HOLIDAY_BONUS = "monthly_with_holiday_bonus"
    MONTHLY_NO_HOLIDAY_BONUS = "monthly_no_holiday_bonus"
    BI_WEEKLY_WITH_HOLIDAY_BONUS = "bi_weekly_with_holiday_bonus"
    BI_WEEKLY_NO_HOLIDAY_BONUS = "bi_weekly_no_holiday_bonus"
    DAILY_21_5 = "daily_21_5"
    DAILY_25 = "daily_25"
    YEARLY = "yearly"


@dataclass(frozen=True, slots=True)
class IncomeKind:
    """One row of the form: pension, wages, paid alimony.  An expense is taken away from the income.

    `part_of` names the kind with which it is paid, and whose pay period it has.  `name`, by language, is for kinds
    of the city's own.
    """

    expense: bool = False
    chooses_period: bool = False
    part_of: str | None = None
    name: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IncomePolicy:
    """By what the amounts of each pay period are multiplied, and when to remind.

    The first two reminders go so many days before the end, the second at least `reminders_apart_days` after the first;
    that an income has ended is told up to `late_days` afterwards, should the program have stood still.  A family whose
    paid care began or begins within `new_family_days` is asked once.
    """

    multipliers: Mapping[PayPeriod, Decimal]
    valid_months: int = 12
    first_reminder_days: int = 28
    second_reminder_days: int = 14
    reminders_apart_days: int = 0
    late_days: int = 1
    new_family_days: int = 31

    def __post_init__(self) -> None:
        if missing := [period for period in PayPeriod if period not in self.multipliers]:
            raise ValueError(f"multipliers has no {missing[0]}", 'Give a number for it: "1.05".')


@dataclass(frozen=True, slots=True)
class ShownAmount:
    """An amount as somebody has shown it, in cents for its pay period."""

    kind: str
    amount: Cents
    period: PayPeriod = PayPeriod.MONTHLY_NO_HOLIDAY_BONUS

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.period}"


@dataclass(frozen=True, slots=True)
class IncomeLine:
    """One amount as it was shown; `multiplier` is kept with it, for the table may change later."""

    kind: str
    amount: Cents
    period: PayPeriod = PayPeriod.MONTHLY_NO_HOLIDAY_BONUS
    multiplier: Decimal = Decimal(1)
    expense: bool = False

    @property
    def monthly(self) -> Cents:
        """The amount for a month, rounded half up to a cent."""
        return int((self.amount * self.multiplier).quantize(Decimal(1), ROUND_HALF_UP))


@dataclass(frozen=True, slots=True)
class Income:
    """What a person has shown, as it is copied to decisions; `record` is None once forgotten."""

    effect: Effect
    earned: Cents = 0
    expenses: Cents = 0
    lines: tuple[IncomeLine, ...] = ()
    agency_staff: bool = False
    record: Id | None = field(default=None, compare=False)

    @property
    def total(self) -> Cents:
        """Income less expenses a month; may be negative."""
        return self.earned - self.expenses


def reckoned(
    amounts: Iterable[ShownAmount], kinds: Mapping[str, IncomeKind], policy: IncomePolicy
) -> tuple[IncomeLine, ...]:
    """Lines out of what was shown, each with the multiplier that holds today.

    A kind that chooses no period is for a month, one that is part of another has that one's period.  Refused for
    an amount below zero and for a kind that the city does not use.
    """
    given = {one.kind: one for one in amounts if one.amount}
    lines = []
    for kind, one in given.items():
        if one.amount < 0:
            raise Refused("income.negative", kind=f"income_kind.{kind}", amount=euros(one.amount))
        if kind not in kinds:
            raise Refused("income.kind_not_used", kind=f"income_kind.{kind}")
        of = kinds[kind].part_of or kind
        chooses = of in kinds and kinds[of].chooses_period
        period = given[of].period if chooses and of in given else PayPeriod.MONTHLY_NO_HOLIDAY_BONUS
        lines.append(IncomeLine(kind, one.amount, period, policy.multipliers[period], kinds[kind].expense))
    return tuple(lines)


def shown(
    effect: Effect, lines: Iterable[IncomeLine] = (), *, agency_staff: bool = False, record: Id | None = None
) -> Income:
    """An income out of its lines; they count only when the effect is that they are income."""
    kept = tuple(lines) if effect is Effect.INCOME else ()
    earned = sum(line.monthly for line in kept if not line.expense)
    expenses = sum(line.monthly for line in kept if line.expense)
    return Income(effect, earned, expenses, kept, agency_staff, record)


def family_total(incomes: Sequence[Income | None]) -> Cents | None:
    """What all of them earn together, or None when one has not shown it: then the fee is the highest."""
    if not incomes:
        return None
    total = 0
    for income in incomes:
        if income is None or income.effect is not Effect.INCOME:
            return None
        total += income.total
    return total


def family_effect(incomes: Sequence[Income | None]) -> Effect:
    """One word for the whole family, as the decision says it."""
    effects = [Effect.NOT_AVAILABLE if income is None else income.effect for income in incomes]
    if effects and all(effect is Effect.INCOME for effect in effects):
        return Effect.INCOME
    for effect in (Effect.MAX_FEE_ACCEPTED, Effect.INCOMPLETE):
        if effect in effects:
            return effect
    return Effect.NOT_AVAILABLE


def same_income(one: Income | None, other: Income | None) -> bool:
    """Whether a decision would say the same of both.

    Income that is not known, not available or incomplete is all the same; the same amounts shown anew are a
    new thing to decide, unless one of the two does not know its record any more.
    """
    one, other = _known(one), _known(other)
    if one is None or other is None:
        return one is other
    if one.record is not None and other.record is not None and one.record != other.record:
        return False
    return one == other


def _known(income: Income | None) -> Income | None:
    return None if income and income.effect in (Effect.NOT_AVAILABLE, Effect.INCOMPLETE) else income


def validity(start: date, end: date | None) -> DateRange:
    """From a day to a day; refused when it ends before it starts."""
    if end is not None and end < start:
        raise Refused("income.ends_before_start", start=start, end=end)
    return DateRange(start, end)


def with_new(existing: Mapping[Id, DateRange], new: DateRange) -> dict[Id, DateRange]:
    """The earlier records after a new one is added.

    One that started before it and does not outlast it is ended the day before.  Refused when the new one
    would still share a day with another.
    """
    kept = {}
    for id, period in existing.items():
        outlasts = period.end is not None and period.end > new.last_day
        shortened = period.start < new.start and new.start in period and not outlasts
        kept[id] = replace(period, end=new.start - DAY) if shortened else period
    check_apart(kept.values(), new)
    return kept


def check_apart(others: Iterable[DateRange], period: DateRange) -> None:
    """One person's records may not share a day."""
    for other in others:
        if other & period:
            raise Refused("income.overlaps", period=period, other=other)


def usual_end(start: date, policy: IncomePolicy) -> date:
    """The last day that is suggested for a record that starts on a day."""
    return add_months(start, policy.valid_months) - DAY

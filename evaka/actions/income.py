"""What a person earns: entered from a statement, corrected, ended; the fees of the family follow at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy import select

from evaka import city
from evaka.access import Actor
from evaka.actions import Euros, Long, action
from evaka.actions.fee import heads_of, refresh
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.kit.money import euros
from evaka.models.base import db
from evaka.models.income import Income, lines_kept
from evaka.models.person import Person
from evaka.rules.income import (
    Effect,
    IncomeKind,
    IncomeLine,
    IncomePolicy,
    PayPeriod,
    check_apart,
    shown,
    validity,
    with_new,
)

MONTHLY = PayPeriod.MONTHLY_NO_HOLIDAY_BONUS


def policy() -> IncomePolicy:
    return city.value("incomes", "rules", IncomePolicy)


def kinds() -> dict[str, IncomeKind]:
    """The kinds of income that this city asks for, in the order of its form."""
    return {
        key: city.build(IncomeKind, row, f"incomes.toml, [kind.{key}]")
        for key, row in city.read("incomes")["kind"].items()
    }


@action("income.add")
def add(
    person: Person,
    by: Actor,
    *,
    start: date,
    end: date | None = None,
    effect: Effect = Effect.INCOME,
    pay_period: PayPeriod = MONTHLY,
    main_income: Euros | None = None,
    shift_work_supplement: Euros | None = None,
    perks: Euros | None = None,
    secondary_income: Euros | None = None,
    pension: Euros | None = None,
    unemployment_benefit: Euros | None = None,
    parental_allowance: Euros | None = None,
    business_income: Euros | None = None,
    capital_income: Euros | None = None,
    other_income: Euros | None = None,
    paid_alimony: Euros | None = None,
    agency_staff: bool = False,
    notes: Long = "",
) -> Income:
    """A person's income from a day on; an earlier record that is still open ends the day before.

    `pay_period` is that of the main income and of what belongs to it; everything else is for a month.
    """
    period = validity(start, end)
    earlier = {row.id: row for row in db.session.scalars(select(Income).where(Income.person_id == person.id))}
    for id, kept in with_new({id: row.period for id, row in earlier.items()}, period).items():
        earlier[int(id)].end = kept.end
    db.session.flush()  # the earlier one is out of the way before the new one comes
    income = Income(person_id=person.id, start=start, end=end, effect=effect, agency_staff=agency_staff, notes=notes)
    _fill(
        income,
        pay_period,
        {
            "main_income": main_income,
            "shift_work_supplement": shift_work_supplement,
            "perks": perks,
            "secondary_income": secondary_income,
            "pension": pension,
            "unemployment_benefit": unemployment_benefit,
            "parental_allowance": parental_allowance,
            "business_income": business_income,
            "capital_income": capital_income,
            "other_income": other_income,
            "paid_alimony": paid_alimony,
        },
    )
    db.session.add(income)
    refresh(heads_of({person.id}), by)
    return income


@action("income.correct")
def correct(
    income: Income,
    by: Actor,
    *,
    start: date,
    end: date | None = None,
    effect: Effect = Effect.INCOME,
    pay_period: PayPeriod = MONTHLY,
    main_income: Euros | None = None,
    shift_work_supplement: Euros | None = None,
    perks: Euros | None = None,
    secondary_income: Euros | None = None,
    pension: Euros | None = None,
    unemployment_benefit: Euros | None = None,
    parental_allowance: Euros | None = None,
    business_income: Euros | None = None,
    capital_income: Euros | None = None,
    other_income: Euros | None = None,
    paid_alimony: Euros | None = None,
    agency_staff: bool = False,
    notes: Long = "",
) -> None:
    """A record was entered wrong; nobody else's days are touched."""
    period = validity(start, end)
    check_apart(_others(income).values(), period)
    income.start, income.end, income.effect = start, end, effect
    income.agency_staff, income.notes = agency_staff, notes
    _fill(
        income,
        pay_period,
        {
            "main_income": main_income,
            "shift_work_supplement": shift_work_supplement,
            "perks": perks,
            "secondary_income": secondary_income,
            "pension": pension,
            "unemployment_benefit": unemployment_benefit,
            "parental_allowance": parental_allowance,
            "business_income": business_income,
            "capital_income": capital_income,
            "other_income": other_income,
            "paid_alimony": paid_alimony,
        },
    )
    refresh(heads_of({income.person_id}), by)


@action("income.end")
def end(income: Income, by: Actor, *, end: date) -> None:
    """The income ends on a day, earlier or later than it was thought."""
    period = validity(income.start, end)
    check_apart(_others(income).values(), period)
    income.end = end
    refresh(heads_of({income.person_id}), by)


@action("income.remove")
def remove(income: Income, by: Actor) -> None:
    """The record was entered by mistake: it is as if it had never been."""
    db.session.delete(income)
    refresh(heads_of({income.person_id}), by)


def _others(income: Income) -> dict[int, DateRange]:
    rows = db.session.execute(
        select(Income.id, Income.start, Income.end).where(Income.person_id == income.person_id, Income.id != income.id)
    )
    return {id: DateRange(start, end) for id, start, end in rows}


def _fill(income: Income, pay_period: PayPeriod, amounts: Mapping[str, int | None]) -> None:
    """Keep the amounts that were given as lines, each with today's multiplier, and their total."""
    multipliers, known = policy().multipliers, kinds()
    lines = []
    for key, amount in amounts.items():
        if not amount:
            continue
        if amount < 0:
            raise Refused("income.negative", kind=f"income.add.{key}", amount=euros(amount))
        if key not in known:
            raise Refused("income.kind_not_used", kind=f"income.add.{key}")
        follows = key == "main_income" or known[key].part_of == "main_income"
        period = pay_period if follows else MONTHLY
        lines.append(IncomeLine(key, amount, period, multipliers[period], known[key].expense))
    counted = shown(income.effect, lines)
    income.lines, income.total = lines_kept(tuple(lines)), counted.total

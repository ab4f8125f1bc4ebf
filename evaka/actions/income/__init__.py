"""What a person earns: entered from a statement, corrected, ended; the fees of the family follow at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from sqlalchemy import select

from evaka import city
from evaka.access import Actor
from evaka.actions import Long, action
from evaka.actions.fee import heads_of, refresh
from evaka.kit.dates import DateRange
from evaka.models.base import db
from evaka.models.income import Income, lines_kept
from evaka.models.person import Person
from evaka.rules.income import (
    Effect,
    IncomeKind,
    IncomePolicy,
    ShownAmount,
    check_apart,
    reckoned,
    shown,
    validity,
    with_new,
)
from evaka.texts import say

Amounts = Annotated[tuple[ShownAmount, ...], "income_lines"]  # an amount for each kind of income of the city


def policy() -> IncomePolicy:
    return city.value("incomes", "rules", IncomePolicy)


def kinds() -> dict[str, IncomeKind]:
    """The kinds of income that this city asks for, in the order of its form."""
    return {
        key: city.build(IncomeKind, row, f"incomes.toml, [kind.{key}]")
        for key, row in city.read("incomes")["kind"].items()
    }


def kind_name(kind: str, language: str) -> str:
    """What a kind of income is called: by the city, or in the program's own words."""
    known = kinds().get(kind)
    return (known and known.name.get(language)) or say(f"income_kind.{kind}", language)


@action("income.add")
def add(
    person: Person,
    by: Actor,
    *,
    start: date,
    end: date | None = None,
    effect: Effect = Effect.INCOME,
    lines: Amounts = (),
    agency_staff: bool = False,
    notes: Long = "",
) -> Income:
    """A person's income from a day on; an earlier record that is still open ends the day before."""
    period = validity(start, end)
    earlier = {row.id: row for row in db.session.scalars(select(Income).where(Income.person_id == person.id))}
    for id, kept in with_new({id: row.period for id, row in earlier.items()}, period).items():
        earlier[int(id)].end = kept.end
    db.session.flush()  # the earlier one is out of the way before the new one comes
    income = Income(person_id=person.id, start=start, end=end, effect=effect, agency_staff=agency_staff, notes=notes)
    _fill(income, lines)
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
    lines: Amounts = (),
    agency_staff: bool = False,
    notes: Long = "",
) -> None:
    """A record was entered wrong; nobody else's days are touched."""
    period = validity(start, end)
    check_apart(_others(income).values(), period)
    income.start, income.end, income.effect = start, end, effect
    income.agency_staff, income.notes = agency_staff, notes
    _fill(income, lines)
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


def _fill(income: Income, shown_lines: Sequence[ShownAmount]) -> None:
    """Keep the amounts that were given as lines, each with today's multiplier, and their total."""
    lines = reckoned(shown_lines, kinds(), policy())
    counted = shown(income.effect, lines)
    income.lines, income.total = lines_kept(lines), counted.total

"""One random family reckoned twice: by the rules of the program, and by the second implementation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from evaka.kit.dates import DateRange, Timeline
from evaka.kit.errors import Refused
from evaka.rules.attendance import AbsenceKind
from evaka.rules.calendar import OpenDays
from evaka.rules.fee import (
    Alteration,
    AlterationKind,
    Care,
    Child,
    Facts,
    FeeTable,
    Need,
    OptionPrice,
    Rounding,
    TemporaryPrices,
    fees_on,
)
from evaka.rules.income import Effect, Income
from evaka.rules.invoice import Charge, InvoicePolicy, Month, Part, Place, invoices
from evaka.rules.placement import CareType, ShiftCare
from evaka.rules.voucher import AgeValues, VoucherFacts, VoucherTable, voucher_on
from tests.oracle import month as second_month
from tests.oracle import reckon
from tests.oracle.families import family_of, month_of

ALWAYS = DateRange(date(1990, 1, 1))
HEAD, PARTNER = "head", "partner"


def differences(seed: int, number: int) -> Iterator[str]:
    """Everything in which the two reckonings of a family differ."""
    random = Random(f"{seed}/{number}")
    family = family_of(random)
    facts = _facts(family)
    wanted = reckon.fees(family)
    found = _fees(facts, family["day"])
    if found != wanted:
        yield f"fees: the second reckoning has {wanted}, the rules {found}"
    yield from _voucher_differences(family, facts)
    given = month_of(random, family, wanted)
    rows, codebtor = second_month.invoice(given)
    made, answers = _invoice(given, facts)
    if made != rows or (rows and answers != codebtor):
        yield f"{given['month']:%m/%Y}: the second reckoning has {rows}, {codebtor}; the rules {made}, {answers}"


def _fees(facts: Facts, day: date) -> dict[Any, Any]:
    lines = fees_on(facts, HEAD, day).lines
    prices = ((line.child, line.price) for line in lines)
    return {child: (one.base, one.sibling_percent, one.fee, one.effects, one.final) for child, one in prices}


def _voucher_differences(family: dict[str, Any], facts: Facts) -> Iterator[str]:
    wanted = reckon.vouchers(family)
    values = family["values"]
    table = VoucherTable(ALWAYS, "", AgeValues(values["over_three"], values["under_three"], values["under_one"]))
    children = [child for child in family["children"] if child["unit"] == "voucher"]
    for child in children:
        id = child["id"]
        of_child = VoucherFacts(
            facts, {id: facts.care[id]}, Timeline([(ALWAYS, table)]),
            {f"need {id}": Decimal(child["voucher_share"]) / 100},
            {id: Timeline([(ALWAYS, Decimal(child["support"]) / 100)])},
        )
        try:
            voucher = voucher_on(of_child, id, family["day"])
        except Refused:
            found: Any = None
        else:
            assert voucher is not None
            found = "no voucher" if voucher.empty else (voucher.worth, voucher.co_payment, voucher.final_co_payment)
        if found != wanted.get(id, "no voucher"):
            yield f"voucher of {id}: the second reckoning has {wanted.get(id, 'no voucher')}, the rules {found}"


def _facts(family: dict[str, Any]) -> Facts:
    born = {child["id"]: Child(child["id"], child["born"], child["code"]) for child in family["children"]}
    born |= {f"other {n}": Child(f"other {n}", family["day"].replace(day=1)) for n in range(family["others"])}
    adults = [HEAD, PARTNER][: len(family["adults"])]
    earners = {**dict(zip(adults, family["adults"], strict=True)), **{one["id"]: one for one in family["children"]}}
    incomes = {
        name: Timeline([(ALWAYS, income)]) for name, one in earners.items() if (income := _income(one["income"]))
    }
    return Facts(
        children=born,
        heads=Timeline((ALWAYS, (HEAD, child)) for child in born),
        partners=Timeline([(ALWAYS, (HEAD, PARTNER))] if len(adults) > 1 else []),
        tables=Timeline([(ALWAYS, _table(family))]),
        care={child["id"]: Timeline([(ALWAYS, _care(child))]) for child in family["children"]},
        incomes=incomes,
        alterations={
            child["id"]: Timeline((ALWAYS, _alteration(one)) for one in child["alterations"])
            for child in family["children"]
        },
        agency_increase=family["agency"],
    )


def _income(given: dict[str, Any] | None) -> Income | None:
    if given is None:
        return None
    total = given["total"]
    return Income(Effect(given["effect"]), max(total, 0), max(-total, 0), agency_staff=given["agency"])


def _alteration(given: dict[str, Any]) -> Alteration:
    return Alteration(AlterationKind(given["kind"]), Decimal(given["amount"]), given["absolute"])


def _care(child: dict[str, Any]) -> Care:
    need = Need(f"need {child['id']}", Decimal(child["share"]) / 100)
    return Care(child["unit"], CareType(child["care"]), need, charged=child["unit"] == "city")


TABLES: dict[Any, FeeTable] = {}  # a table looks itself through when it is made, which takes its time


def _table(family: dict[str, Any]) -> FeeTable:
    given, fixed = family["table"], any(child["fixed"] for child in family["children"])
    key = given["lower"][2], given["rounding"]
    if fixed:
        return _made(family)
    if key not in TABLES:
        TABLES[key] = _made(family)
    return TABLES[key]


def _made(family: dict[str, Any]) -> FeeTable:
    given = family["table"]
    return FeeTable(
        valid=ALWAYS,
        law="",
        lower_limit=given["lower"],
        upper_limit=given["upper"],
        further_member=given["more"],
        rate=Decimal(given["rate"]) / 1000,
        smallest_fee=given["smallest"],
        highest_fee=reckon.euros(reckon.base_of(given, 2, []), 1000),
        sibling_share=tuple(Decimal(share) / 100 for share in given["siblings"]),
        temporary=TemporaryPrices(2900, 1500, 1500, 800),
        rounding=Rounding(given["rounding"]),
        fixed_prices={
            f"need {child['id']}": OptionPrice(first, later, Decimal(off) / 100, later, Decimal(off) / 100)
            for child in family["children"]
            if child["fixed"]
            for first, later, off in [child["fixed"]]
        },
    )


def _invoice(given: dict[str, Any], facts: Facts) -> tuple[list[Any], Any]:
    first = given["month"]
    made = invoices(
        Month(
            period=DateRange.month(first.year, first.month),
            born=given["born"],
            table=facts.tables.spans[0][1],
            charges=tuple(
                Charge(HEAD, DateRange(*one["span"]), tuple(map(_part, one["parts"])), one["partner"])
                for one in given["decisions"]
            ),
            places=tuple(
                Place(one["child"], one["unit"], CareType(one["care"]), DateRange(*one["span"]), one["invoiced"])
                for one in given["places"]
            ),
            open_days={
                name: OpenDays(frozenset(one["days"]), frozenset(one["shift_days"]), one["on_holidays"])
                for name, one in given["units"].items()
            },
            shift_care={child: Timeline([(ALWAYS, ShiftCare(one))]) for child, one in given["shift"].items()},
            absences={
                child: {day: AbsenceKind(kind) for day, kind in days.items()}
                for child, days in given["absences"].items()
            },
            heads=Timeline((ALWAYS, (HEAD, child)) for child in given["born"]),
            guardians=frozenset(given["guardians"]),
            usual_coefficients={CareType(care): Decimal(share) / 100 for care, share in given["usual"].items()},
        ),
        _policy(given["city"]),
    )
    if not made:
        return [], None
    [invoice] = made
    rows = [
        (row.child, str(row.product), row.amount, row.unit_price, row.period.start, row.period.end)
        for row in invoice.rows
    ]
    return rows, invoice.codebtor


def _part(given: dict[str, Any]) -> Part:
    return Part(
        given["child"], given["unit"], CareType(given["care"]), given["base"], given["off"], given["fee"],
        given["final"],
        tuple(zip(map(_alteration, given["alterations"]), given["effects"], strict=True)) if given["effects"] else (),
        given["contract_days"],
    )


def _policy(chosen: dict[str, Any]) -> InvoicePolicy:
    return InvoicePolicy(
        refunded=frozenset({AbsenceKind.FORCE_MAJEURE} | ({AbsenceKind.FREE} if chosen["free_refunds"] else set())),
        refunded_babies=frozenset({AbsenceKind.PARENT_LEAVE}),
        sick=frozenset({AbsenceKind.SICK}),
        planned=frozenset({AbsenceKind.PLANNED}),
        never_surplus=frozenset({AbsenceKind.PLANNED, AbsenceKind.FREE}),
        absences_are_surplus=chosen["absences_are_surplus"],
        highest_after_days=chosen["highest_after"],
        contract_days_divide=chosen["contract_divides"],
        part_day_absence_refunded=chosen["part_day_refunds"],
        free_july_from_month=9 if chosen["july_from_september"] else 8,
        smallest_invoice=chosen["smallest_invoice"],
    )

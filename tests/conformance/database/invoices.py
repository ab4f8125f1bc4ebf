"""A month's invoices through the database: decisions, places, absences in; drafted by the office's action; rows out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import select

from evaka.actions import invoice as act
from evaka.kit.dates import DateRange
from evaka.models.attendance import Absence
from evaka.models.base import db
from evaka.models.fee import FeeDecision, snapshot
from evaka.models.invoice import Invoice
from evaka.models.person import Guardian, HeadOfChild
from evaka.rules.attendance import AbsenceCategory, AbsenceKind
from evaka.rules.fee import Care, ChildFee, Fees, Limits, Line, Need
from evaka.rules.invoice import due_date
from evaka.rules.placement import CareType
from tests.conformance import Case, Difference, compare, stored
from tests.conformance.database.rows import World, save
from tests.conformance.database.tables import publish, tables_of
from tests.conformance.database.timelines import BY
from tests.conformance.decisions import STATUS
from tests.conformance.fees import alteration
from tests.conformance.invoices import absent_days
from tests.conformance.timelines import first_day_of, settings_of
from tests.conformance.values import month, period

NOT_KEPT = ("corrections", "free_children")  # facts that no table of the program holds
TABLE: Case = {"thresholds": [{"set": "T2000", "from": "2000-01-01", "to": None}], "option_fees": []}


def kept(case: Case) -> bool:
    """Whether all that an `invoice` case tells has its rows in the database."""
    return not any(case.get(name) for name in NOT_KEPT)


@stored("invoices/1", "invoice")
def invoice(case: Case, fixtures: Case) -> list[Difference]:
    settings = settings_of(case, fixtures)
    publish(tables_of(TABLE, fixtures, settings, first_day_of(case, settings), words="fee_text"), lasting=True)
    world = World(_people(case), case["children"], fixtures)
    world.write_places(case)
    for one in case["heads"]:
        span = period(one)
        child, head = world.people[one["child"]], world.people[one["adult"]]
        save(HeadOfChild(child_id=child, head_id=head, start=span.start, end=span.end))
    for one in case.get("guardians", ()):
        save(Guardian(child_id=world.people[one["child"]], guardian_id=world.people[one["adult"]]))
    for one in case["fee_decisions"]:
        _decide(one, world)
    _be_absent(case["absences"], world)
    of_month = month(case["month"])
    heads = {world.people[one["head"]] for one in case["fee_decisions"]}
    heads |= {world.people[one["adult"]] for one in case["heads"]}
    for trouble in act.draft(heads, of_month, BY).values():
        raise trouble
    twice = [_written(row) for row in _rows(of_month)]
    act.draft(heads, of_month, BY)
    made = [_written(row) for row in _rows(of_month)]
    found = compare([one["id"] for one in twice], [one["id"] for one in made], "the same drafts when drafted twice")
    return found + _judged(case["expect"], [world.named(one) for one in made])


@stored("invoices/1", "free_summer")
def free_summer(case: Case, fixtures: Case) -> list[Difference]:
    settings = settings_of(case, fixtures) | {"free_absence_gives_daily_refund": False}
    of_month, first = month(case["month"]), first_day_of(case, settings_of(case, fixtures))
    options = [_span_of(one) for one in case["questionnaire"]["options"]]
    tables = tables_of(TABLE, fixtures, settings, first, words="fee_text")
    publish(
        tables | {("invoices", "free_choice"): [{"month": of_month.start, "options": options}]}, lasting=True
    )
    children = {place["child"]: {"dob": "2017-06-01"} for place in case["placements"]}
    world = World(["a1"], children, fixtures)
    world.write_places({"placements": case["placements"], "service_needs": []})
    fee = {"fee_coefficient": "1", "contract_days": None, "base_fee": case["fee"], "sibling_discount_percent": 0,
           "fee": case["fee"], "final_fee": case["fee"], "alterations": []}
    for place in case["placements"]:
        line = fee | {"child": place["child"], "unit": place["unit"], "placement_type": place["type"]}
        _decide(place | {"head": "a1", "partner": None, "children": [line]}, world)
    _be_absent(case["absences"], world)
    for trouble in act.draft({world.people["a1"]}, of_month, BY).values():
        raise trouble
    return compare(case["expect"], {"invoice_count": len(_rows(of_month))})


def _span_of(given: list[str]) -> Case:
    span = period(given)
    return {"start": span.start, "end": span.last_day}


def _judged(expect: Case, made: list[Case]) -> list[Difference]:
    found = compare(expect["invoice_count"], len(made), "invoice_count")
    by_head = {one["head"]: one for one in made}
    for wanted in expect.get("invoices", ()):
        found += compare(wanted, by_head.get(wanted["head"]), f"invoice of {wanted['head']}")
    return found


def _people(case: Case) -> list[str | None]:
    names: list[str | None] = [name for one in case["fee_decisions"] for name in (one["head"], one["partner"])]
    return names + [one["adult"] for one in [*case["heads"], *case.get("guardians", ())]]


def _decide(given: Case, world: World) -> None:
    """A fee decision in force, as it was drafted when somebody reckoned it."""
    lines = tuple(_line(one, world) for one in given["children"])
    head, partner = world.people[given["head"]], given["partner"] and world.people[given["partner"]]
    fees, span = Fees(head, partner, 2, None, None, Limits(), lines), period(given)
    save(FeeDecision(
        status=STATUS[given.get("status", "sent")], head_id=head, partner_id=partner, start=span.start,
        end=span.end, family_size=2, total=fees.total, facts=snapshot(fees, frozenset()),
    ))


def _line(given: Case, world: World) -> Line:
    need = Need("", Decimal(given["fee_coefficient"]), given["contract_days"])
    effects = tuple(one["effect"] for one in given["alterations"])
    return Line(
        child=world.people[given["child"]],
        care=Care(world.units[given["unit"]], CareType(given["placement_type"]), need),
        income=None,
        alterations=tuple((alteration(one), one["effect"]) for one in given["alterations"]),
        price=ChildFee(
            given["base_fee"], given["sibling_discount_percent"], given["fee"], effects, given["final_fee"]
        ),
    )


def _be_absent(given: list[Case], world: World) -> None:
    days = {(world.people[child], on, category): kind for child, on, category, kind in absent_days(given)}
    for (child, on, category), kind in days.items():
        db.session.add(
            Absence(child_id=child, day=on, category=AbsenceCategory(category), kind=AbsenceKind(kind))
        )
    db.session.flush()


def _rows(of_month: DateRange) -> list[Invoice]:
    db.session.flush()
    db.session.expire_all()
    return list(db.session.scalars(select(Invoice).where(Invoice.start == of_month.start).order_by(Invoice.id)))


def _written(row: Invoice) -> Case:
    assert row.due == due_date(row.period.last_day)
    rows = [
        {
            "amount": one.amount,
            "unit_price": one.unit_price,
            "price": one.price,
            "product": one.product,
            "child": one.child_id,
            "unit": one.unit_id,
            "from": one.start.isoformat(),
            "to": one.period.last_day.isoformat(),
            "correction": None,
        }
        for one in row.rows
    ]
    found: Any = {"id": row.id, "head": row.head_id, "total": row.total, "codebtor": row.codebtor_id, "rows": rows}
    return found

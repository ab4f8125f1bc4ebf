"""A family's decisions over time through the database: drafted, ignored and sent by the office's own actions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import select

from evaka.access import Actor
from evaka.actions import fee, voucher
from evaka.models.base import db
from evaka.models.fee import FeeDecision, snapshot
from evaka.models.voucher import VoucherDecision
from evaka.rules.fee import FeeDecision as Decided
from evaka.rules.fee import FeeStatus, confirm
from evaka.rules.income import Id
from tests.conformance import Case, Difference, Unsupported, stored
from tests.conformance.database.engines import NOON
from tests.conformance.database.rows import World, save
from tests.conformance.database.tables import publish, tables_of
from tests.conformance.decisions import confirmed, given_confirmation, given_fee_decision, selected, shown_fee
from tests.conformance.timelines import Shown, first_day_of, judged_steps, settings_of
from tests.conformance.values import day
from tests.conformance.vouchers import shown_voucher

BY = Actor(None, NOON)
Row = FeeDecision | VoucherDecision
ACTIONS: dict[type, Any] = {FeeDecision: fee, VoucherDecision: voucher}


@stored("decisions/1", "generate")
@stored("vouchers/1", "generate")
def generate(case: Case, fixtures: Case) -> list[Difference]:
    return judged_steps(case, walk(case, fixtures))


def walk(case: Case, fixtures: Case) -> Iterator[Shown]:
    """All decisions that the database holds after each step."""
    words = "voucher_text" if fixtures["header"]["schema"].startswith("vouchers") else "fee_text"
    settings, known = settings_of(case, fixtures), dict(case["facts"])
    usual = first_day_of(case, settings)

    def publish_from(first: date, *, lasting: bool = False) -> None:
        publish(tables_of(known, fixtures, settings, first, words=words), lasting=lasting)

    publish_from(usual, lasting=True)
    world = World(_people(case), _children(case), fixtures)
    for given in case.get("existing_decisions", ()):
        keep(given_fee_decision(given, fixtures), world)
    for number, step in enumerate(case["steps"]):
        known |= step.get("set_facts", {})
        if number == 0 or "set_facts" in step:
            world.write(known)
        publish_from(min(usual, day(step["from_date"])) if "from_date" in step else usual)
        _act(step, world)
        yield [(row.status, world.named(_written(row))) for row in _rows(*FeeStatus)]


def _people(case: Case) -> list[str | None]:
    """Everybody whom a case names, at whatever step."""
    names: list[str | None] = [step.get("adult") for step in case["steps"]]
    names += [one[key] for one in case.get("existing_decisions", ()) for key in ("head", "partner")]
    for facts in (case["facts"], *(step.get("set_facts", {}) for step in case["steps"])):
        names += facts.get("adults", [])
        for table, keys in (("heads", ("adult", "child")), ("partnerships", ("a", "b")), ("incomes", ("person",))):
            names += [one[key] for one in facts.get(table, ()) for key in keys]
    return names


def _children(case: Case) -> Case:
    found: Case = {}
    for facts in (case["facts"], *(step.get("set_facts", {}) for step in case["steps"])):
        found |= facts.get("children", {})
    return found


def keep(decision: Decided, world: World) -> FeeDecision:
    """A decision that there is already, as a row."""
    fees = decision.fees
    renamed = replace(
        fees,
        head=world.people[str(fees.head)],
        partner=world.people[str(fees.partner)] if fees.partner else None,
        lines=tuple(
            replace(
                line,
                child=world.people[str(line.child)],
                care=replace(line.care, unit=world.units[str(line.care.unit)]),
            )
            for line in fees.lines
        ),
    )
    row: FeeDecision = save(FeeDecision(
        status=decision.status, head_id=renamed.head, partner_id=renamed.partner, start=decision.period.start,
        end=decision.period.end, family_size=fees.family_size, total=fees.total,
        facts=snapshot(renamed, frozenset()),
    ))
    return row


def _act(step: Case, world: World) -> None:
    match step["action"]:
        case "generate":
            _refresh(set(world.people.values()))
        case "generate_retroactive":
            _refresh({world.people[step["adult"]]})
        case "send_drafts":
            rows = [row for row in _rows(FeeStatus.DRAFT) if selected(step, world.named(_written(row)))]
            send(rows)
        case "mark_drafts_sent":
            for row in _rows(FeeStatus.DRAFT):
                row.status = FeeStatus.SENT
        case "ignore_drafts":
            for row in _rows(FeeStatus.DRAFT):
                ACTIONS[type(row)].ignore(row, BY)
        case "unignore_drafts":
            for row in _rows(FeeStatus.IGNORED):
                ACTIONS[type(row)].restore(row, BY)
        case "forget_income_ids":
            for row in _rows(*FeeStatus):
                row.facts = _forgetful(row.facts)
        case action:
            raise Unsupported(f"the action {action}")
    db.session.flush()


def _refresh(people: set[int]) -> None:
    for trouble in fee.refresh(people, BY).values():
        raise trouble


def send(rows: list[Row]) -> None:
    """Send drafts as the office does, the earliest first; those of a head who has one in the post are held back."""
    fees = [row for row in rows if isinstance(row, FeeDecision)]
    in_force = [row.decided for row in _rows(FeeStatus.SENT, FeeStatus.WAITING) if isinstance(row, FeeDecision)]
    held: set[Id | None] = {one.id for one in confirm([row.decided for row in fees], in_force).held}
    for row in sorted(rows, key=lambda row: row.start):
        if not isinstance(row, FeeDecision) or row.id not in held:
            ACTIONS[type(row)].send(row, BY)


def _rows(*statuses: FeeStatus) -> list[Row]:
    """The decisions as the database holds them now."""
    db.session.flush()
    db.session.expire_all()
    found: list[Row] = []
    for model in ACTIONS:
        found += db.session.scalars(select(model).where(model.status.in_(statuses)).order_by(model.start, model.id))
    return found


def _forgetful(facts: Case) -> Case:
    family = facts.get("family", facts)
    without = {
        key: family[key] and family[key] | {"record": None} for key in ("head_income", "partner_income")
    }
    return facts | {"family": family | without} if "family" in facts else facts | without


def _written(row: Row) -> Case:
    """A row in the words of the cases; what stands in columns of its own is taken from them."""
    if isinstance(row, FeeDecision):
        own: Case = {"head": row.head_id, "partner": row.partner_id, "family_size": row.family_size}
        return shown_fee(row.decided) | own | {"total_fee": row.total}
    return shown_voucher(row.decided) | {
        "child": row.child_id, "head": row.head_id, "partner": row.partner_id, "unit": row.unit_id,
        "family_size": row.family_size, "voucher_value": row.value, "co_payment": row.co_payment,
        "final_co_payment": row.final_co_payment,
    }


@stored("decisions/1", "confirm")
def confirmation(case: Case, fixtures: Case) -> list[Difference]:
    settings = settings_of(case, fixtures)
    facts: Case = {"thresholds": [], "option_fees": []}
    publish(tables_of(facts, fixtures, settings, first_day_of(case, settings), words="fee_text"), lasting=True)
    given = case["existing"] + case["confirm"]
    names = [name for one in given for name in (one["head"], one["partner"], *one["children"])]
    world = World(names, {}, fixtures)
    rows = {one["id"]: keep(given_confirmation(one), world) for one in given}
    ids = {name: row.id for name, row in rows.items()}
    send([rows[one["id"]] for one in case["confirm"]])
    now = {row.id: row for row in _rows(*FeeStatus)}
    left = {name: now[id].decided for name, id in ids.items() if id in now and isinstance(now[id], FeeDecision)}
    return confirmed(case, left)

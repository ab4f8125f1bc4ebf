"""The months of private units through the database: decisions sent, months frozen, reports read."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from evaka.access import Actor
from evaka.actions import voucher as act
from evaka.kit.dates import DateRange
from evaka.models.base import HELSINKI, db
from evaka.models.voucher import VoucherDecision, kept
from evaka.rules.fee import Care, ChildFee, Fees, FeeStatus, Limits, Line, Need
from evaka.rules.placement import CareType
from evaka.rules.voucher import Voucher, VoucherValue
from tests.conformance import Case, Difference, stored
from tests.conformance.database.rows import World, save
from tests.conformance.database.tables import publish, tables_of
from tests.conformance.timelines import first_day_of, settings_of
from tests.conformance.values import day, month, period
from tests.conformance.vouchers import compared

HEAD = "a1"


@stored("vouchers/1", "unit_report")
def unit_report(case: Case, fixtures: Case) -> list[Difference]:
    settings = settings_of(case, fixtures)
    facts: Case = {"thresholds": [], "option_fees": []}
    publish(tables_of(facts, fixtures, settings, first_day_of(case, settings), words="voucher_text"), lasting=True)
    world = World([HEAD, case["child"]], {}, fixtures)
    rows: dict[str, VoucherDecision] = {}
    found: list[Difference] = []
    for number, event in enumerate(case["events"]):
        at = Actor(None, datetime.fromisoformat(event["at"]).replace(tzinfo=HELSINKI))
        match event["event"]:
            case "decision_sent":
                rows[event["id"]] = _drafted(event, case["child"], world)
                act.send(rows[event["id"]], at)
            case "freeze":
                act.freeze(act.month_of(month(event["month"]), at), at)
            case "end_date_changed":
                rows[event["id"]].end, rows[event["id"]].changed_at = day(event["to"]), at.now
            case "annulled":
                rows[event["id"]].status, rows[event["id"]].changed_at = FeeStatus.ANNULLED, at.now
        db.session.flush()
        for asked in case["reports"]:
            if asked.get("after_event", len(case["events"]) - 1) == number:
                reckoned = act.reckoned(act.month_of(month(asked["month"]), at))
                here = [replace(row, decision=replace(row.decision, unit=asked["unit"]))
                        for row in reckoned if row.decision.unit == world.units[asked["unit"]]]
                found += compared(asked, here, f"{asked['month']} {asked['unit']}")
    return found


def _drafted(event: Case, child: str, world: World) -> VoucherDecision:
    """A draft that says what the event tells of a decision."""
    span: DateRange = period(event)
    number, head, unit = world.people[child], world.people[HEAD], world.units[event["unit"]]
    co_payment, effect, value = event["co_payment"], event["alteration_effect"], event["value"]
    price = ChildFee(co_payment, 0, co_payment, (), co_payment + effect)
    line = Line(number, Care(unit, CareType.DAYCARE, Need("", Decimal(1))), None, (), price)
    worth = VoucherValue(
        event.get("base_value", 0), Decimal(event.get("voucher_coefficient", "1")),
        Decimal(event.get("assistance_coefficient", "1")), value, value,
    )
    voucher = Voucher(number, Fees(head, None, 2, None, None, Limits(), (line,)), worth)
    return save(VoucherDecision(
        child_id=number, head_id=head, unit_id=unit, start=span.start, end=span.end, family_size=2, value=value,
        co_payment=co_payment, final_co_payment=price.final, facts=kept(voucher, frozenset()),
    ))
